//! Searching encrypted columns: the methods that `#[searchable]` columns gain, and the SQL that they become.
//!
//! A blind index holds for each value a tag that equal values share. The tags are inside the sealed values, so whatever
//! writes a value writes its tags, and a search compares the slice of the column that holds them.
//!
//! Each method has a type of its own here, to be named in signatures as with Diesel's own `diesel::dsl`:
//!
//! ```
//! # use diesel::prelude::*;
//! # use diesel_encrypted::prelude::*;
//! # diesel::table! { patients (id) { id -> Integer, email -> Binary, city -> Binary } }
//! # fn email_domain(email: &str) -> String {
//! #     email.rsplit_once('@').map_or(email, |(_, domain)| domain).to_lowercase()
//! # }
//! # #[derive(Queryable, Selectable, Insertable, Encrypted)]
//! # #[diesel(table_name = patients)]
//! # struct Patient {
//! #     id: i32,
//! #     #[encrypt]
//! #     #[searchable(normalize = "lowercase")]
//! #     #[searchable(name = "domain", with = email_domain)]
//! #     email: Encrypted<String, patients::email>,
//! #     #[encrypt]
//! #     #[searchable]
//! #     city: Encrypted<String, patients::city>,
//! # }
//! # fn main() {}
//! use diesel::dsl::Filter;
//! use diesel_encrypted::dsl::BlindEq;
//!
//! fn by_email(email: &str) -> Filter<patients::table, BlindEq<patients::email>> {
//!     patients::table.filter(patients::email.blind_eq(email))
//! }
//! ```
//!
//! `#[diesel::dsl::auto_type]` looks for the types of methods in Diesel's own `dsl` and does not find these. Give it the
//! type of the search, and it infers the rest:
//!
//! ```
//! # use diesel::prelude::*;
//! # use diesel_encrypted::prelude::*;
//! # diesel::table! { patients (id) { id -> Integer, email -> Binary, city -> Binary } }
//! # fn email_domain(email: &str) -> String {
//! #     email.rsplit_once('@').map_or(email, |(_, domain)| domain).to_lowercase()
//! # }
//! # #[derive(Queryable, Selectable, Insertable, Encrypted)]
//! # #[diesel(table_name = patients)]
//! # struct Patient {
//! #     id: i32,
//! #     #[encrypt]
//! #     #[searchable(normalize = "lowercase")]
//! #     #[searchable(name = "domain", with = email_domain)]
//! #     email: Encrypted<String, patients::email>,
//! #     #[encrypt]
//! #     #[searchable]
//! #     city: Encrypted<String, patients::city>,
//! # }
//! # fn main() {}
//! # use diesel_encrypted::dsl::BlindEq;
//! #[diesel::dsl::auto_type]
//! fn by_email<'a>(email: &'a str) -> _ {
//!     let found: BlindEq<patients::email> = patients::email.blind_eq(email);
//!     patients::table.filter(found).select(patients::id)
//! }
//! ```

mod blind_eq;
mod blind_eq_any;
mod blind_index;
mod blind_ne;
mod candidates;
mod clear;
mod conflict;
mod dialect;
mod locate;
mod named;
mod node;
mod search;
#[cfg(all(test, feature = "sqlite"))]
mod tests;

use diesel::expression::Expression;
use diesel::query_source::Column;

pub use blind_eq::BlindEq;
pub use blind_eq_any::BlindEqAny;
pub use blind_index::{BlindIndex, BlindIndexEq};
pub use blind_ne::BlindNe;
pub(crate) use candidates::normalized;
pub use candidates::{BlindEqCandidates, Confirms};
pub use conflict::BlindConflictTarget;
pub use named::By;
pub use search::SearchValue;

// They stand in the bounds of what is public, and are inferred.
#[doc(hidden)]
pub use dialect::{OnMysql, SlotBackend};
#[doc(hidden)]
pub use locate::{AsAliased, AsColumn, AsNullable, Locates, SameColumn};
#[doc(hidden)]
pub use search::{SameClass, Tag};

use crate::column::{
    DeclaredColumn, EncryptedColumn, Full, NamedIndex, Of, PartlyTagged, SearchableColumn, StoredAs, Truncated,
    Unsettled,
};
use crate::encrypted::{Encrypted, OpensAlone};
use search::Search;

/// A blind index by which the database finds what is equal.
#[diagnostic::on_unimplemented(
    message = "by this blind index the database finds candidates, which have to be confirmed after they are opened",
    label = "its tags are `{Self}`",
    note = "`Truncated`: it keeps fewer than 112 bits, so that different values share tags on purpose",
    note = "`Unsettled`: while its column accepts plaintext, SQL cannot normalise rows in the clear as it does (`nfkc`, \
            `digits`, two changes of case, or a function of your own)",
    note = "only equality can be asked, and its candidates must be confirmed after they are opened: \
            `.blind_eq_candidates(value).confirm(|filter| query.filter(filter).load(conn), |row| &row.column)`"
)]
pub trait Exact {}

impl Exact for Full {}
impl Exact for PartlyTagged {}

/// A blind index with a tag for each value.
#[diagnostic::on_unimplemented(
    message = "by the tags of this blind index rows cannot be joined, grouped or told apart",
    label = "its tags are `{Self}`",
    note = "`Truncated`: it keeps fewer than 112 bits, so that different values share tags on purpose",
    note = "`PartlyTagged`, `Unsettled`: its column accepts plaintext, and rows in the clear have no tag: they would be left \
            out. Backfill the column, remove `plaintext = \"accept\"`, and use the tags then"
)]
pub trait Tagged: Exact {}

impl Tagged for Full {}

/// A blind index by which the database finds candidates.
#[diagnostic::on_unimplemented(
    message = "by this blind index the database finds what is equal, and nothing else",
    label = "needs no candidates",
    note = "use `.blind_eq(value)`"
)]
pub trait Approximate {}

impl Approximate for Truncated {}
impl Approximate for Unsettled {}

/// The column that the expression `E` stands for.
type ColumnOf<E, K> = <E as Locates<K>>::Column;
/// The class of the values of the column that the expression `E` stands for.
type ClassOf<E, K, D> = <ColumnOf<E, K> as EncryptedColumn<D>>::Class;

/// The methods of columns with a blind index.
///
/// They are there for columns, for columns of an alias (`a.field(patients::email)`) and for `.nullable()` of either. `D`
/// (who declared the column) and `K` (the kind of expression) are inferred.
pub trait BlindIndexExpressionMethods: Expression + Sized {
    /// `column = value`, by the blind index: true where the normalised values are equal.
    ///
    /// As in SQL, NULL equals nothing: `blind_eq(None::<&str>)` and rows whose column is NULL are never found, nor by the
    /// negation. The database's index on the slot is used (see `docs/search.md`).
    ///
    /// While the column accepts plaintext, rows in the clear are found too: those that are equal after normalisation.
    fn blind_eq<V, D, K>(self, value: V) -> BlindEq<Self>
    where
        Self: Locates<K>,
        Self::SqlType: StoredAs,
        ColumnOf<Self, K>: SearchableColumn<D, Width: Exact>,
        V: SearchValue<ClassOf<Self, K, D>>,
    {
        BlindEq::new(self, Search::of(ColumnOf::<Self, K>::field(), 0, [value]))
    }

    /// `column <> value`, by the blind index.
    ///
    /// As in SQL, NULL differs from nothing. A sealed row without a tag (written before the column became searchable and not
    /// reindexed since) is unknown like NULL: neither `blind_eq` nor `blind_ne` finds it. A row in the clear, where the
    /// column accepts plaintext, is compared after normalisation.
    fn blind_ne<V, D, K>(self, value: V) -> BlindNe<Self>
    where
        Self: Locates<K>,
        Self::SqlType: StoredAs,
        ColumnOf<Self, K>: SearchableColumn<D, Width: Exact>,
        V: SearchValue<ClassOf<Self, K, D>>,
    {
        BlindNe::new(self, Search::of(ColumnOf::<Self, K>::field(), 0, [value]))
    }

    /// `column IN (values)`, by the blind index. No values: nothing is found.
    fn blind_eq_any<I, D, K>(self, values: I) -> BlindEqAny<Self>
    where
        Self: Locates<K>,
        Self::SqlType: StoredAs,
        ColumnOf<Self, K>: SearchableColumn<D, Width: Exact>,
        I: IntoIterator<Item: SearchValue<ClassOf<Self, K, D>>>,
    {
        BlindEqAny::new(self, Search::of(ColumnOf::<Self, K>::field(), 0, values))
    }

    /// The tag itself, to group, count and join by: `Nullable<Binary>` (15 bytes) or `Nullable<Text>` (20 characters),
    /// NULL for rows without a tag.
    ///
    /// It tells nothing but which rows are equal, within one generation: while an index is being renewed, rows of the old
    /// generation are groups of their own until they are reindexed. To join two columns by it they need a common `domain`.
    ///
    /// A tag names no value. To name the groups, take one row of each, and load its value:
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
    /// #     #[searchable]
    /// #     city: Encrypted<String, patients::city>,
    /// # }
    /// # fn main() {}
    /// use diesel::dsl::{count_star, min};
    ///
    /// fn cities(conn: &mut SqliteConnection) -> QueryResult<Vec<(String, i64)>> {
    ///     let groups: Vec<(Option<i32>, i64)> = patients::table
    ///         .group_by(patients::city.blind_index())
    ///         .select((min(patients::id), count_star()))
    ///         .order(min(patients::id))
    ///         .load(conn)?;
    ///     let cities: Vec<Encrypted<String, patients::city>> = patients::table
    ///         .filter(patients::id.eq_any(groups.iter().filter_map(|(id, _)| *id)))
    ///         .select(patients::city)
    ///         .order(patients::id)
    ///         .load(conn)?;
    ///     Ok(cities.into_iter().map(Encrypted::into_inner).zip(groups.iter().map(|(_, count)| *count)).collect())
    /// }
    /// ```
    fn blind_index<D, K>(self) -> BlindIndex<Self>
    where
        Self: Locates<K>,
        Self::SqlType: StoredAs,
        ColumnOf<Self, K>: SearchableColumn<D, Width: Tagged>,
    {
        BlindIndex::new(self)
    }

    /// Equality by an index that keeps fewer than 112 bits: different values share tags, so what the database finds are
    /// candidates. While the column accepts plaintext, the same for an index whose normaliser SQL cannot follow: every row
    /// in the clear is a candidate. This filters nothing yet: [`confirm`](BlindEqCandidates::confirm) runs the query and keeps the rows
    /// whose opened value is equal.
    fn blind_eq_candidates<V, D, K>(self, value: V) -> BlindEqCandidates<Self, Of<D, ColumnOf<Self, K>>>
    where
        Self: Locates<K>,
        Self::SqlType: StoredAs,
        ColumnOf<Self, K>: SearchableColumn<D, Width: Approximate>,
        Of<D, ColumnOf<Self, K>>: DeclaredColumn,
        V: SearchValue<ClassOf<Self, K, D>>,
    {
        BlindEqCandidates::new(self, value)
    }

    /// The same methods by another index of the column than its first, such as `Patient::EMAIL_DOMAIN`:
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
    /// #     #[searchable]
    /// #     city: Encrypted<String, patients::city>,
    /// # }
    /// # fn main() {}
    /// # fn of_a_domain(conn: &mut SqliteConnection) -> QueryResult<Vec<Patient>> {
    /// patients::table
    ///     .filter(patients::email.by(Patient::EMAIL_DOMAIN).blind_eq("example.org"))
    ///     .select(Patient::as_select())
    ///     .load(conn)
    /// # }
    /// ```
    fn by<N, K, const SLOT: usize>(self, index: NamedIndex<N, SLOT>) -> By<Self, N, SLOT>
    where
        N: DeclaredColumn<Column: SameColumn<ColumnOf<Self, K>>>,
        Self: Locates<K>,
        Self::SqlType: StoredAs,
    {
        By::new(self, index)
    }

    /// The target of `ON CONFLICT` for a unique index on the blind index:
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
    /// #     #[searchable]
    /// #     city: Encrypted<String, patients::city>,
    /// # }
    /// # fn main() {}
    /// use diesel::upsert::excluded;
    ///
    /// fn store(conn: &mut SqliteConnection, patient: &Patient) -> QueryResult<usize> {
    ///     diesel::insert_into(patients::table)
    ///         .values(patient)
    ///         .on_conflict(patients::email.blind_conflict_target())
    ///         .do_update()
    ///         .set(patients::email.eq(excluded(patients::email)))
    ///         .execute(conn)
    /// }
    /// ```
    fn blind_conflict_target<D>(self) -> BlindConflictTarget
    where
        Self: SearchableColumn<D, Width: Tagged>,
        Self::SqlType: StoredAs,
    {
        conflict::target::<Self>(0)
    }

    /// A value for this column, where its type cannot be inferred: `.set(patients::email.eq(patients::email.seal("..")))`.
    ///
    /// It is sealed when the statement is executed. `patients::email.eq("..")` alone is refused on a `Binary` column, with
    /// errors of Diesel's that do not say so, and would store the plaintext in a `Text` column without
    /// [guards](crate::sql): a [strict column](crate::sql_types::Ciphertext) refuses it in either case.
    fn seal<T, D>(self, value: T) -> Encrypted<T, Of<D, Self>>
    where
        Self: EncryptedColumn<D, Binding: OpensAlone>,
    {
        Encrypted::new(value)
    }
}

impl<E: Expression> BlindIndexExpressionMethods for E {}

/// The storage of the expression `E`.
pub(crate) const fn storage<E>() -> diesel_encrypted_core::Storage
where
    E: Expression,
    E::SqlType: StoredAs,
{
    <E::SqlType as StoredAs>::STORAGE
}

/// The name of the column, quoted as PostgreSQL and SQLite do.
fn quoted<C: Column>() -> String {
    format!("\"{}\"", C::NAME.replace('"', "\"\""))
}
