//! Equality by an index that keeps fewer than 112 bits.
//!
//! Its tags are shared by different values on purpose, so that the database cannot tell them apart. What it finds must
//! not reach the application before it is confirmed: nothing here has SQL of its own until rows are confirmed as well.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use diesel::expression::{Expression, ValidGrouping, is_aggregate};
use diesel::result::{Error, QueryResult};
use diesel::sql_types::Bool;
use diesel_encrypted_core::value::{Encode, ValueClass};
use diesel_encrypted_core::{ValueError, Vault};

use super::blind_eq::BlindEq;
use super::locate::SameColumn;
use super::search::{Search, SearchValue};
use crate::Encrypted;
use crate::column::DeclaredColumn;

/// `column.blind_eq_candidates(value)`: a search that still has to be confirmed. `N` is the column or
/// [`Of<Model, column>`](crate::Of).
#[must_use = "candidates are searched by `.confirm(..)`"]
pub struct BlindEqCandidates<E, N, const SLOT: usize = 0> {
    filter: BlindEq<E, SLOT>,
    /// The normalised value; `None` for NULL, which nothing equals.
    wanted: Result<Option<Vec<u8>>, ValueError>,
    column: PhantomData<fn() -> N>,
}

impl<E, N: DeclaredColumn, const SLOT: usize> BlindEqCandidates<E, N, SLOT> {
    pub(super) fn new<K: ValueClass>(expr: E, value: impl SearchValue<K>) -> Self {
        let wanted = normalized::<N, SLOT>(value.plain());
        Self { filter: BlindEq::new(expr, Search::candidates(N::field(), SLOT, value)), wanted, column: PhantomData }
    }

    /// Runs the query that `load` makes of the filter, and keeps the rows whose value (which `value` points at) equals the
    /// one searched for, after normalisation.
    ///
    /// ```
    /// # use diesel::prelude::*;
    /// # use diesel_encrypted::prelude::*;
    /// # diesel::table! { patients (id) { id -> Integer, email -> Binary, city -> Binary } }
    /// # fn email_domain(email: &str) -> String {
    /// #     email.rsplit_once('@').map_or(email, |(_, domain)| domain).to_lowercase()
    /// # }
    /// # #[derive(Queryable, Selectable, Insertable, Encrypted)]
    /// # #[diesel(table_name = patients)]
    /// # struct Patient {
    /// #     id: i32,
    /// #     #[encrypt]
    /// #     #[searchable(normalize = "lowercase")]
    /// #     #[searchable(name = "domain", with = email_domain)]
    /// #     email: Encrypted<String, patients::email>,
    /// #     #[encrypt]
    /// #     #[searchable(bits = 16)]
    /// #     city: Encrypted<String, patients::city>,
    /// # }
    /// # fn main() {}
    /// fn in_city(conn: &mut SqliteConnection, city: &str) -> QueryResult<Vec<Patient>> {
    ///     patients::city.blind_eq_candidates(city).confirm(
    ///         |filter| patients::table.filter(filter).select(Patient::as_select()).load(conn),
    ///         |patient| &patient.city,
    ///     )
    /// }
    /// ```
    ///
    /// Give the query no `limit` and no `offset`: they count candidates, of which some are dropped afterwards, so that
    /// rows that are equal would be missed without a word. Take as many as are wanted of what this returns, and count
    /// that too.
    ///
    /// # Errors
    /// Those of `load`, and a [`ValueError`] as `SerializationError` if the value searched for cannot be normalised.
    pub fn confirm<Row, S>(
        self,
        load: impl FnOnce(BlindEq<E, SLOT>) -> QueryResult<Vec<Row>>,
        value: impl Fn(&Row) -> &S,
    ) -> QueryResult<Vec<Row>>
    where
        S: Confirms<N::Column, SLOT>,
    {
        let rows = load(self.filter)?;
        keep(rows, self.wanted, value)
    }

    /// [`confirm`](Self::confirm) for an asynchronous connection.
    ///
    /// # Errors
    /// As `confirm`.
    pub async fn confirm_async<Row, S, F>(
        self,
        load: impl FnOnce(BlindEq<E, SLOT>) -> F,
        value: impl Fn(&Row) -> &S,
    ) -> QueryResult<Vec<Row>>
    where
        F: Future<Output = QueryResult<Vec<Row>>>,
        S: Confirms<N::Column, SLOT>,
    {
        let rows = load(self.filter).await?;
        keep(rows, self.wanted, value)
    }
}

impl<E, N, const SLOT: usize> fmt::Debug for BlindEqCandidates<E, N, SLOT> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlindEqCandidates").finish_non_exhaustive()
    }
}

/// A column whose candidates may filter a query as they are. There is none.
#[diagnostic::on_unimplemented(
    message = "candidates of a blind index with fewer than 112 bits must be confirmed after they are opened",
    label = "not confirmed",
    note = "write `candidates.confirm(|filter| query.filter(filter).load(conn), |row| &row.column)`: it runs the query and \
            keeps the rows whose value is equal"
)]
pub trait Confirmed {}

/// Only for the compiler to get as far as the impl below, which says what to write instead. Candidates have no SQL.
impl<E, N, const SLOT: usize> Expression for BlindEqCandidates<E, N, SLOT> {
    type SqlType = Bool;
}

impl<E, N, G, const SLOT: usize> ValidGrouping<G> for BlindEqCandidates<E, N, SLOT>
where
    E: Confirmed,
{
    type IsAggregate = is_aggregate::No;
}

fn keep<Row, C, S, const SLOT: usize>(
    mut rows: Vec<Row>,
    wanted: Result<Option<Vec<u8>>, ValueError>,
    value: impl Fn(&Row) -> &S,
) -> QueryResult<Vec<Row>>
where
    S: Confirms<C, SLOT>,
{
    let wanted = wanted.map_err(|error| Error::SerializationError(error.into()))?;
    let mut failure = None;
    rows.retain(|row| {
        if failure.is_some() {
            return false;
        }
        match value(row).normalized() {
            Ok(found) => found.is_some() && found == wanted,
            Err(error) => {
                failure = Some(error);
                false
            }
        }
    });
    match failure {
        None => Ok(rows),
        Some(error) => Err(Error::SerializationError(error.into())),
    }
}

pub(crate) fn normalized<N: DeclaredColumn, const SLOT: usize>(
    value: &(impl Encode + ?Sized),
) -> Result<Option<Vec<u8>>, ValueError> {
    if value.is_null() {
        return Ok(None);
    }
    let field = N::field();
    Vault::with_current(field, |vault| vault.normalized(field, SLOT, value))
}

/// An opened value of the column `C`, which can be compared with the one searched for.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an opened value of the column `{C}`",
    label = "cannot confirm a candidate of `{C}`",
    note = "point at the row's own field: `|row| &row.field`, an `Encrypted<T, {C}>` or an `Option` of it"
)]
pub trait Confirms<C, const SLOT: usize> {
    /// The normalised value, or `None` for NULL.
    ///
    /// # Errors
    /// [`ValueError`] if there is no vault, or the value has no canonical form.
    fn normalized(&self) -> Result<Option<Vec<u8>>, ValueError>;
}

impl<T, N, C, const SLOT: usize> Confirms<C, SLOT> for Encrypted<T, N>
where
    T: Encode,
    N: DeclaredColumn<Column: SameColumn<C>>,
{
    fn normalized(&self) -> Result<Option<Vec<u8>>, ValueError> {
        normalized::<N, SLOT>(self.expose())
    }
}

impl<T, C, const SLOT: usize> Confirms<C, SLOT> for Option<T>
where
    T: Confirms<C, SLOT>,
{
    fn normalized(&self) -> Result<Option<Vec<u8>>, ValueError> {
        self.as_ref().map_or(Ok(None), Confirms::normalized)
    }
}
