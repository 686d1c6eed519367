//! What a connection must be able to do to maintain tables: run statements, and load rows of text, numbers and bytes.

use std::marker::PhantomData;

use diesel::{
    Connection, QueryResult,
    connection::LoadConnection,
    deserialize::FromSqlRow,
    query_dsl::methods::LoadQuery,
    sql_types::{BigInt, Binary, Nullable, Text},
};

use crate::store::{
    connection::KeyStoreBackend,
    statement::{Rows, Statement},
};

/// A column of a table: name, type without length, type as the database spells it, collation, whether NOT NULL.
pub(super) type TableColumn = (String, String, String, String, i64);
type TableColumnSqlTypes = (Text, Text, Text, Text, BigInt);

/// A row of a table that is walked: key, value unless it is long, and the columns it is bound to.
pub(super) type WalkedColumns = (String, Option<Vec<u8>>, String);
type WalkedSqlTypes = (Text, Nullable<Binary>, Text);

/// The same where the key is one number, and nothing is bound.
pub(super) type NumberedColumns = (i64, Option<Vec<u8>>);
type NumberedSqlTypes = (BigInt, Nullable<Binary>);

/// A row of `encryption_jobs`: part, state, pass, low, high, what is left of its time, total, what came of the rows, and
/// parameters.
pub(super) type JobColumns = (i64, i64, i64, String, String, i64, i64, i64, i64, i64, i64, String);
type JobSqlTypes = (BigInt, BigInt, BigInt, Text, Text, BigInt, BigInt, BigInt, BigInt, BigInt, BigInt, Text);

/// A group of values: what they have in common, how many there are, and their bytes.
pub(super) type GroupColumns = (Vec<u8>, i64, i64);
type GroupSqlTypes = (Binary, BigInt, BigInt);

/// A row of the registry: field id, table, column, storage and indexes.
pub(super) type RegisteredColumns = (Vec<u8>, String, String, String, String);
type RegisteredSqlTypes = (Binary, Text, Text, Text, Text);

/// A connection whose tables can be maintained: every connection of Diesel's that loads rows.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a connection that maintenance can work over",
    label = "not a synchronous Diesel connection",
    note = "pass a `&mut SqliteConnection` (or another of Diesel's), for a pool `&mut *pool.get()?`"
)]
pub trait MaintenanceConnection: Connection {
    #[doc(hidden)]
    fn run(&mut self, statement: &Statement) -> QueryResult<usize>;
    #[doc(hidden)]
    fn table_columns(&mut self, statement: Statement) -> QueryResult<Vec<TableColumn>>;
    #[doc(hidden)]
    fn walked(&mut self, statement: Statement) -> QueryResult<Vec<WalkedColumns>>;
    #[doc(hidden)]
    fn each_walked(&mut self, statement: Statement, each: impl FnMut(WalkedColumns)) -> QueryResult<()>;
    #[doc(hidden)]
    fn each_numbered(&mut self, statement: Statement, each: impl FnMut(NumberedColumns)) -> QueryResult<()>;
    #[doc(hidden)]
    fn jobs(&mut self, statement: Statement) -> QueryResult<Vec<JobColumns>>;
    #[doc(hidden)]
    fn groups(&mut self, statement: Statement) -> QueryResult<Vec<GroupColumns>>;
    #[doc(hidden)]
    fn registered(&mut self, statement: Statement) -> QueryResult<Vec<RegisteredColumns>>;
}

impl<C> MaintenanceConnection for C
where
    C: LoadConnection,
    C::Backend: KeyStoreBackend,
    TableColumn: FromSqlRow<TableColumnSqlTypes, C::Backend>,
    WalkedColumns: FromSqlRow<WalkedSqlTypes, C::Backend>,
    NumberedColumns: FromSqlRow<NumberedSqlTypes, C::Backend>,
    JobColumns: FromSqlRow<JobSqlTypes, C::Backend>,
    GroupColumns: FromSqlRow<GroupSqlTypes, C::Backend>,
    RegisteredColumns: FromSqlRow<RegisteredSqlTypes, C::Backend>,
    Rows<TableColumnSqlTypes>: for<'q> LoadQuery<'q, C, TableColumn>,
    Rows<WalkedSqlTypes>: for<'q> LoadQuery<'q, C, WalkedColumns>,
    Rows<NumberedSqlTypes>: for<'q> LoadQuery<'q, C, NumberedColumns>,
    Rows<JobSqlTypes>: for<'q> LoadQuery<'q, C, JobColumns>,
    Rows<GroupSqlTypes>: for<'q> LoadQuery<'q, C, GroupColumns>,
    Rows<RegisteredSqlTypes>: for<'q> LoadQuery<'q, C, RegisteredColumns>,
{
    fn run(&mut self, statement: &Statement) -> QueryResult<usize> {
        self.execute_returning_count(statement)
    }

    fn table_columns(&mut self, statement: Statement) -> QueryResult<Vec<TableColumn>> {
        load::<_, TableColumnSqlTypes, _>(self, statement)
    }

    fn walked(&mut self, statement: Statement) -> QueryResult<Vec<WalkedColumns>> {
        load::<_, WalkedSqlTypes, _>(self, statement)
    }

    fn each_walked(&mut self, statement: Statement, mut each: impl FnMut(WalkedColumns)) -> QueryResult<()> {
        let mut rows = Rows::<WalkedSqlTypes>(statement, PhantomData).internal_load(self)?;
        rows.try_for_each(|row| row.map(&mut each))
    }

    fn each_numbered(&mut self, statement: Statement, mut each: impl FnMut(NumberedColumns)) -> QueryResult<()> {
        let mut rows = Rows::<NumberedSqlTypes>(statement, PhantomData).internal_load(self)?;
        rows.try_for_each(|row| row.map(&mut each))
    }

    fn jobs(&mut self, statement: Statement) -> QueryResult<Vec<JobColumns>> {
        load::<_, JobSqlTypes, _>(self, statement)
    }

    fn groups(&mut self, statement: Statement) -> QueryResult<Vec<GroupColumns>> {
        load::<_, GroupSqlTypes, _>(self, statement)
    }

    fn registered(&mut self, statement: Statement) -> QueryResult<Vec<RegisteredColumns>> {
        load::<_, RegisteredSqlTypes, _>(self, statement)
    }
}

fn load<C, ST, R>(connection: &mut C, statement: Statement) -> QueryResult<Vec<R>>
where
    Rows<ST>: for<'q> LoadQuery<'q, C, R>,
{
    Rows::<ST>(statement, PhantomData).internal_load(connection)?.collect()
}
