//! What a connection must be able to do to hold the key tables: text, numbers and bytes, which every backend has.

use std::{marker::PhantomData, time::Duration};

use diesel::{
    Connection, QueryResult,
    connection::{LoadConnection, TransactionManager},
    deserialize::FromSqlRow,
    query_builder::AstPass,
    query_dsl::methods::LoadQuery,
    serialize::ToSql,
    sql_types::{BigInt, Binary, HasSqlType, Text},
};

use crate::backend::KnownBackend;

use super::{
    run::{AtOnce, Run},
    statement::{Rows, Statement},
};

/// The columns of a row of `encryption_keys`.
pub(super) type KeyColumns =
    (i64, Vec<u8>, i64, Vec<u8>, Vec<u8>, i64, i64, i64, String, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>, Vec<u8>);
pub(super) type KeySqlTypes =
    (BigInt, Binary, BigInt, Binary, Binary, BigInt, BigInt, BigInt, Text, Binary, Binary, Binary, Binary, Binary);

/// The columns of a row of `encrypted_columns`.
pub(super) type FieldColumns = (Vec<u8>, String, String, String, i64, String, String, String, Vec<u8>);
pub(super) type FieldSqlTypes = (Binary, Text, Text, Text, BigInt, Text, Text, Text, Binary);

/// The columns of a row of `encryption_audit`.
pub(super) type AuditColumns = (i64, i64, Vec<u8>, i64, i64, Vec<u8>, Vec<u8>);
pub(super) type AuditSqlTypes = (BigInt, BigInt, Binary, BigInt, BigInt, Binary, Binary);

/// Two numbers: a key and how much it was used.
pub(super) type Numbers = (BigInt, BigInt);

/// The columns of a row of the [catalogue](super::catalogue): number, database, whether of a table, type without length,
/// type, length or -1, collation, whether bytewise, whether NOT NULL, and what each database adds.
pub(super) type CatalogueColumns = (i64, i64, i64, String, String, i64, String, i64, i64, String);
pub(super) type CatalogueSqlTypes = (BigInt, BigInt, BigInt, Text, Text, BigInt, Text, BigInt, BigInt, Text);

/// A backend that binds text, numbers and bytes: every backend that we know.
pub trait KeyStoreBackend: KnownBackend {
    #[doc(hidden)]
    fn bind_bytes<'b>(out: &mut AstPass<'_, 'b, Self>, bytes: &'b [u8]) -> QueryResult<()>;
    #[doc(hidden)]
    fn bind_number<'b>(out: &mut AstPass<'_, 'b, Self>, number: &'b i64) -> QueryResult<()>;
    #[doc(hidden)]
    fn bind_text<'b>(out: &mut AstPass<'_, 'b, Self>, text: &'b str) -> QueryResult<()>;
}

impl<DB> KeyStoreBackend for DB
where
    DB: KnownBackend + HasSqlType<BigInt> + HasSqlType<Binary> + HasSqlType<Text>,
    [u8]: ToSql<Binary, DB>,
    i64: ToSql<BigInt, DB>,
    str: ToSql<Text, DB>,
{
    fn bind_bytes<'b>(out: &mut AstPass<'_, 'b, Self>, bytes: &'b [u8]) -> QueryResult<()> {
        out.push_bind_param::<Binary, [u8]>(bytes)
    }

    fn bind_number<'b>(out: &mut AstPass<'_, 'b, Self>, number: &'b i64) -> QueryResult<()> {
        out.push_bind_param::<BigInt, i64>(number)
    }

    fn bind_text<'b>(out: &mut AstPass<'_, 'b, Self>, text: &'b str) -> QueryResult<()> {
        out.push_bind_param::<Text, str>(text)
    }
}

/// A connection that can hold the key tables: every connection of Diesel's that loads rows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection that a vault can be opened over",
    label = "not a synchronous Diesel connection",
    note = "pass a `&mut SqliteConnection` (or another of Diesel's), for a pool `&mut *pool.get()?`"
)]
pub trait KeyStoreConnection: Connection + Run<AtOnce> {}

impl<C> KeyStoreConnection for C where C: Connection + Run<AtOnce> {}

impl<C> Run<AtOnce> for C
where
    C: LoadConnection,
    C::Backend: KeyStoreBackend,
    KeyColumns: FromSqlRow<KeySqlTypes, C::Backend>,
    FieldColumns: FromSqlRow<FieldSqlTypes, C::Backend>,
    AuditColumns: FromSqlRow<AuditSqlTypes, C::Backend>,
    (i64, i64): FromSqlRow<Numbers, C::Backend>,
    CatalogueColumns: FromSqlRow<CatalogueSqlTypes, C::Backend>,
    Vec<u8>: FromSqlRow<Binary, C::Backend>,
    Rows<KeySqlTypes>: for<'q> LoadQuery<'q, C, KeyColumns>,
    Rows<FieldSqlTypes>: for<'q> LoadQuery<'q, C, FieldColumns>,
    Rows<AuditSqlTypes>: for<'q> LoadQuery<'q, C, AuditColumns>,
    Rows<Numbers>: for<'q> LoadQuery<'q, C, (i64, i64)>,
    Rows<CatalogueSqlTypes>: for<'q> LoadQuery<'q, C, CatalogueColumns>,
    Rows<Binary>: for<'q> LoadQuery<'q, C, Vec<u8>>,
{
    fn in_transaction(&mut self) -> QueryResult<bool> {
        let status = C::TransactionManager::transaction_manager_status_mut(self);
        status.transaction_depth().map(|depth| depth.is_some())
    }

    async fn begin(&mut self) -> QueryResult<()> {
        C::TransactionManager::begin_transaction(self)
    }

    async fn commit(&mut self) -> QueryResult<()> {
        C::TransactionManager::commit_transaction(self)
    }

    async fn roll_back(&mut self) -> QueryResult<()> {
        C::TransactionManager::rollback_transaction(self)
    }

    async fn run(&mut self, statement: Statement) -> QueryResult<usize> {
        self.execute_returning_count(&statement)
    }

    async fn keys(&mut self, statement: Statement) -> QueryResult<Vec<KeyColumns>> {
        Rows::<KeySqlTypes>(statement, PhantomData).internal_load(self)?.collect()
    }

    async fn fields(&mut self, statement: Statement) -> QueryResult<Vec<FieldColumns>> {
        Rows::<FieldSqlTypes>(statement, PhantomData).internal_load(self)?.collect()
    }

    async fn audit(&mut self, statement: Statement) -> QueryResult<Vec<AuditColumns>> {
        Rows::<AuditSqlTypes>(statement, PhantomData).internal_load(self)?.collect()
    }

    async fn pairs(&mut self, statement: Statement) -> QueryResult<Vec<(i64, i64)>> {
        Rows::<Numbers>(statement, PhantomData).internal_load(self)?.collect()
    }

    async fn catalogue(&mut self, statement: Statement) -> QueryResult<Vec<CatalogueColumns>> {
        Rows::<CatalogueSqlTypes>(statement, PhantomData).internal_load(self)?.collect()
    }

    async fn sample(&mut self, statement: Statement) -> QueryResult<Option<Vec<u8>>> {
        Rows::<Binary>(statement, PhantomData).internal_load(self)?.next().transpose()
    }

    async fn pause(&mut self, length: Duration) {
        std::thread::sleep(length);
    }
}
