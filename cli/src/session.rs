//! What commands ask of a connection, whatever kind of database it leads to.

use diesel::{
    prelude::*,
    sql_types::{BigInt, Text},
};
use diesel_encrypted::{
    DieselKeyStore, KeyInventory, StoreError, Vault,
    key_store::{Applied, KeyStore},
    maintenance::{self, AuthorityRows, ColumnStatus, Maintenance, MaintenanceError, Report},
    sql::Dialect,
};

use crate::{
    database::{Mysql, Postgres},
    job::{Job, Watch},
};

/// A connection.
pub(crate) trait Session: Send {
    /// Its SQL.
    fn dialect(&self) -> Dialect;

    /// The key tables, to be read and written.
    fn store(&mut self) -> Box<dyn KeyStore + '_>;

    /// Every row of the key tables, as it stands. `None` if there are no such tables.
    fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError>;

    /// Writes the rows of a backup to tables that have none.
    fn restore(&mut self, rows: &KeyInventory) -> Result<Applied, StoreError>;

    /// What the registered columns hold.
    fn status(&mut self) -> Result<Vec<ColumnStatus>, MaintenanceError>;

    /// The rows of accounts that name this key. `None` without their tables.
    fn authority_rows(&mut self, key_id: u32) -> Result<Option<AuthorityRows>, MaintenanceError>;

    /// Does a job, or takes part in it.
    fn maintain(&mut self, vault: &Vault, job: &Job, watch: Watch<'_>) -> Result<Report, MaintenanceError>;

    /// Rows of one text.
    fn texts(&mut self, sql: &str) -> QueryResult<Vec<String>>;

    /// Rows of three numbers.
    fn numbers(&mut self, sql: &str) -> QueryResult<Vec<(i64, i64, i64)>>;
}

macro_rules! session {
    ($connection:ty, $dialect:ident) => {
        impl Session for $connection {
            fn dialect(&self) -> Dialect {
                Dialect::$dialect
            }

            fn store(&mut self) -> Box<dyn KeyStore + '_> {
                Box::new(DieselKeyStore::new(self))
            }

            fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError> {
                DieselKeyStore::new(self).inventory()
            }

            fn restore(&mut self, rows: &KeyInventory) -> Result<Applied, StoreError> {
                DieselKeyStore::new(self).restore(rows)
            }

            fn status(&mut self) -> Result<Vec<ColumnStatus>, MaintenanceError> {
                maintenance::status(self)
            }

            fn authority_rows(&mut self, key_id: u32) -> Result<Option<AuthorityRows>, MaintenanceError> {
                maintenance::authority_rows(self, key_id)
            }

            fn maintain(&mut self, vault: &Vault, job: &Job, watch: Watch<'_>) -> Result<Report, MaintenanceError> {
                job.run(Maintenance::open(self, vault)?, watch)
            }

            fn texts(&mut self, sql: &str) -> QueryResult<Vec<String>> {
                diesel::dsl::sql::<Text>(sql).load(self)
            }

            fn numbers(&mut self, sql: &str) -> QueryResult<Vec<(i64, i64, i64)>> {
                diesel::dsl::sql::<(BigInt, BigInt, BigInt)>(sql).load(self)
            }
        }
    };
}

session!(SqliteConnection, Sqlite);
session!(Postgres, Postgres);
session!(Mysql, Mysql);
