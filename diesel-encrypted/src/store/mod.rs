//! The key store in the application's own database: the tables `encryption_keys` and `encrypted_columns`.
//!
//! It reads and writes rows; what they mean, and whether they are authentic, the vault decides.

mod connection;
mod migration;
mod rows;
mod statement;
mod tables;

use diesel::{
    connection::TransactionManager,
    result::{DatabaseErrorKind, Error as DieselError},
};
use diesel_encrypted_core::{
    Applied, Change, Field, KeyStore, StoreError, Stored, Vault, VaultBuilder, VaultError,
    keys::{KeyRow, RowKind},
};

pub use connection::KeyStoreConnection;
pub use migration::{KeyTables, key_tables};
use statement::Statement;

/// The key tables of the database behind a connection.
pub struct DieselKeyStore<'c, C> {
    connection: &'c mut C,
}

impl<C> std::fmt::Debug for DieselKeyStore<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DieselKeyStore")
    }
}

impl<'c, C: KeyStoreConnection> DieselKeyStore<'c, C> {
    /// The store behind `connection`. Touches nothing yet.
    pub fn new(connection: &'c mut C) -> Self {
        Self { connection }
    }

    /// Whether the connection is inside of a transaction: then keys cannot be made.
    fn refuse_transaction(&mut self) -> Result<(), StoreError> {
        let status = C::TransactionManager::transaction_manager_status_mut(self.connection);
        match status.transaction_depth().map_err(failed)? {
            None => Ok(()),
            Some(_) => Err(StoreError::InTransaction),
        }
    }

    /// Makes the tables, where a migration has not.
    fn create_tables(&mut self) -> Result<(), StoreError> {
        self.refuse_transaction()?;
        for table in tables::CREATE {
            patiently(|| self.connection.run(Statement::new().sql(table))).map_err(failed)?;
        }
        tracing::info!("the tables encryption_keys and encrypted_columns were made");
        Ok(())
    }

    fn rows(&mut self, scope: Option<&[u8]>) -> Result<Stored, DieselError> {
        let scopes = [rows::scope_column(None), rows::scope_column(scope)];
        let [none, own] = &scopes;
        let keys = || {
            Statement::new()
                .sql(tables::SELECT_KEYS)
                .sql(" WHERE scope IN (")
                .bytes(none)
                .sql(", ")
                .bytes(own)
                .sql(") ORDER BY name, version")
        };
        let fields = || Statement::new().sql(tables::SELECT_FIELDS).sql(" ORDER BY field_id");
        let keys = patiently(|| self.connection.keys(keys()))?;
        let fields = patiently(|| self.connection.fields(fields()))?;
        let stored = keys.into_iter().map(rows::key_row).collect::<Result<_, _>>().and_then(|keys| {
            let fields = fields.into_iter().map(rows::field_row).collect::<Result<_, _>>()?;
            Ok(Stored::new(keys, fields))
        });
        stored.map_err(|error| DieselError::DeserializationError(Box::new(error)))
    }
}

impl<C: KeyStoreConnection> KeyStore for DieselKeyStore<'_, C> {
    fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        match self.rows(scope) {
            // Every backend has its own words for a table that is missing. If it is not that, it fails again.
            Err(DieselError::DatabaseError(_, _)) => {
                self.create_tables()?;
                self.rows(scope)
            }
            other => other,
        }
        .map_err(failed)
    }

    fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        self.refuse_transaction()?;
        let applied = patiently(|| {
            self.connection.transaction(|connection| {
                for change in changes {
                    match change {
                        Change::InsertKey(row) => rows::insert_key(connection, row)?,
                        Change::ReplaceKey { old_mac, row } => rows::replace_key(connection, old_mac, row)?,
                        Change::InsertField(row) => rows::insert_field(connection, row)?,
                        Change::ReplaceField { old_mac, row } => rows::replace_field(connection, old_mac, row)?,
                        Change::RemoveField { row } => rows::remove_field(connection, row)?,
                        // A change of a later version of the core.
                        _ => return Err(DieselError::RollbackTransaction),
                    }
                }
                Ok(())
            })
        });
        match applied {
            Ok(()) => Ok(Applied::Written),
            Err(
                DieselError::NotFound
                | DieselError::DatabaseError(
                    DatabaseErrorKind::UniqueViolation | DatabaseErrorKind::SerializationFailure,
                    _,
                ),
            ) => Ok(Applied::Conflict),
            Err(error) => Err(failed(error)),
        }
    }

    fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        let one = || Statement::new().sql(tables::SELECT_KEYS).sql(" WHERE key_id = ").number(key_id);
        let row = patiently(|| self.connection.keys(one())).map_err(failed)?.pop();
        row.map(rows::key_row).transpose().map_err(|bad| failed(DieselError::DeserializationError(Box::new(bad))))
    }

    fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        let one = || {
            Statement::new()
                .sql("SELECT ")
                .name(field.column())
                .sql(" FROM ")
                .table(field.table())
                .sql(" WHERE ")
                .name(field.column())
                .sql(" IS NOT NULL LIMIT 1")
        };
        match patiently(|| self.connection.sample(one())) {
            Ok(value) => Ok(value),
            Err(DieselError::DatabaseError(_, detail)) => Err(StoreError::NoColumn {
                table: field.table().to_owned(),
                column: field.column().to_owned(),
                detail: detail.message().to_owned(),
            }),
            Err(error) => Err(failed(error)),
        }
    }
}

/// Our own error out of Diesel's, or Diesel's own.
fn failed(error: DieselError) -> StoreError {
    match error {
        DieselError::DeserializationError(source) => match source.downcast::<BadRow>() {
            Ok(bad) => StoreError::BadRow { kind: bad.kind, row: bad.row, column: bad.column },
            Err(source) => StoreError::Database(source),
        },
        other => StoreError::Database(Box::new(other)),
    }
}

/// A row that no store wrote, on its way through Diesel's error type.
#[derive(Debug, thiserror::Error)]
#[error("a row of `{}` ({row}) has a `{column}` that cannot be", .kind.table())]
struct BadRow {
    kind: RowKind,
    row: String,
    column: &'static str,
}

/// How long a database that another process has locked is waited for.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Runs `work` again while the database is locked: SQLite answers at once where servers wait.
fn patiently<R>(mut work: impl FnMut() -> Result<R, DieselError>) -> Result<R, DieselError> {
    let began = std::time::Instant::now();
    loop {
        match work() {
            Err(DieselError::DatabaseError(_, detail))
                if detail.message().contains("is locked") && began.elapsed() < PATIENCE =>
            {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            other => return other,
        }
    }
}

/// Opens a vault over the database that a connection leads to.
pub trait OpenVault {
    /// Opens the vault: compares root keys, checks every row of the key tables (and makes the tables, if no migration
    /// has), makes and commits what keys are missing, reads them back, and holds the models against the registry.
    ///
    /// Call it once, at start, after the migrations and outside of a transaction. Inside of one it works as long as
    /// nothing has to be made.
    ///
    /// # Errors
    /// [`VaultError`]: each says what to do.
    fn open<C: KeyStoreConnection>(self, connection: &mut C) -> Result<Vault, VaultError>;
}

impl OpenVault for VaultBuilder {
    fn open<C: KeyStoreConnection>(self, connection: &mut C) -> Result<Vault, VaultError> {
        self.open_with(&mut DieselKeyStore::new(connection))
    }
}
