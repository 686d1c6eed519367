//! The life of sealed data, while the application runs: backfill, rotate, reindex, decrypt, verify and purge are one
//! engine with different transforms.
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use diesel::prelude::*;
//! use diesel_encrypted::{OpenVault, maintenance::{Maintenance, Selection}};
//! # use diesel_encrypted::{EncryptedModel, Class, Field, LocalRootKey, RootKeyId, RootKeys, Storage, Vault, keys::Secret};
//! # static EMAIL: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
//! #     .primary_key(&["id"]);
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let mut connection = SqliteConnection::establish(":memory:")?;
//! # diesel::sql_query("CREATE TABLE patients (id INTEGER PRIMARY KEY, email BLOB)").execute(&mut connection)?;
//! # let root_keys = || RootKeys::new(LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[1; 32]).unwrap()));
//! # Vault::builder(root_keys()).field(&EMAIL).open(&mut connection)?;
//!
//! // The application's models are not needed: the database has them registered.
//! let vault = Vault::builder(root_keys()).registered().open(&mut connection)?;
//! let mut maintenance = Maintenance::open(&mut connection, &vault)?;
//! let report = maintenance.rotate(&Selection::all()).run(|progress| {
//!     println!("{}.{}: {} of {}", progress.table, progress.column, progress.seen, progress.total);
//!     ControlFlow::Continue(())
//! })?;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! A run walks a table by its primary key, a page at a time, and reads only rows that need work. It writes a row if its
//! value is still the one that was read: nothing is locked in between, no write of the application's is lost, and no other
//! column is touched. How far it is stands in the table `encryption_jobs`, so that a run that was killed is gone on with by
//! calling it again, and several workers share one by calling it at the same time. docs/maintenance.md has the whole.
//!
//! | operation | needs work | becomes |
//! |---|---|---|
//! | [`backfill`](Maintenance::backfill) | what is not sealed | sealed, with tags of every index |
//! | [`rotate`](Maintenance::rotate) | under another key than the active one, or by another algorithm than the field's | sealed anew, tags as they were |
//! | `reseal` | a user's or a group's, under an earlier key of theirs | sealed anew with their new key, with new tags |
//! | [`reindex`](Maintenance::reindex) | without a tag of the active generation of each index | sealed anew, with new tags |
//! | [`decrypt`](Maintenance::decrypt) | sealed | in the clear |
//! | [`verify`](Maintenance::verify) | anything but NULL | as it was: opened, its tags compared |
//! | [`purge`](Maintenance::purge) | under a key that is destroyed, or was named | NULL, or the row goes |

pub(crate) mod authority;
mod connection;
mod counting;
mod earlier;
mod error;
mod header;
mod job;
mod key;
mod patience;
mod report;
mod reseal;
mod rows;
mod run;
mod selection;
mod status;
mod table;
mod transform;
mod walk;
mod write;

use diesel::connection::TransactionManager;
use diesel_encrypted_core::Vault;

pub use authority::{AuthorityRows, authority_rows};
pub use connection::MaintenanceConnection;
use connection::TableColumn;
pub use earlier::{EarlierKey, EarlierKeys};
pub use error::MaintenanceError;
pub use report::{ColumnReport, Counts, Failure, Progress, Reason, Report};
pub(crate) use reseal::reseal;
pub use run::Run;
pub use selection::Selection;
pub use status::{ColumnStatus, IndexCount, KeyCount, status};
pub use transform::{Backfill, Decrypt, Operation, Purge, Reindex, Reseal, Rotate, Verify};

use crate::{
    backend::Dialect,
    store::{statement::Statement, tables},
};

/// The maintenance of the encrypted columns of one database, for the scope of one vault.
pub struct Maintenance<'c, C> {
    connection: &'c mut C,
    vault: Vault,
    dialect: Dialect,
}

impl<C> std::fmt::Debug for Maintenance<'_, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Maintenance")
            .field("vault", &self.vault)
            .field("dialect", &self.dialect)
            .finish_non_exhaustive()
    }
}

impl<'c, C: MaintenanceConnection> Maintenance<'c, C> {
    /// Over `connection`, with the fields and keys of `vault`: opened with the application's models, with
    /// [`registered`](crate::VaultBuilder::registered), or with both. Makes the table `encryption_jobs` if there is none.
    ///
    /// # Errors
    /// [`MaintenanceError`] inside of a transaction, and if the table cannot be made.
    pub fn open(connection: &'c mut C, vault: &Vault) -> Result<Self, MaintenanceError> {
        let status = C::TransactionManager::transaction_manager_status_mut(connection);
        if status.transaction_depth()?.is_some() {
            return Err(MaintenanceError::InTransaction);
        }
        let dialect = table::dialect(connection)?;
        if !has_jobs(connection, dialect)? {
            patience::patiently(connection, |connection| {
                connection.run(&Statement::new().words(tables::CREATE_JOBS)).map(drop)
            })
            .or_else(|error| match has_jobs(connection, dialect) {
                // PostgreSQL fails in spite of IF NOT EXISTS where another process makes the same table.
                Ok(true) => Ok(()),
                _ => Err(error),
            })?;
        }
        Ok(Self { connection, vault: vault.clone(), dialect })
    }

    /// Seals what stands in the clear. A vault for one scope has to be told which rows are its own, by
    /// [`only`](Run::only): a row in the clear does not say whose it is.
    ///
    /// In place, a value that looks sealed and whose key this database does not have is reported and left. A column whose
    /// model refuses plaintext is refused if there is some, unless it is named by
    /// [`seal_plaintext_of`](Run::seal_plaintext_of).
    pub fn backfill(&mut self, selection: &Selection) -> Run<'_, C, Backfill> {
        self.operate(selection, Backfill::default())
    }

    /// Seals values with the active key and the algorithm of their field, where they are not.
    pub fn rotate(&mut self, selection: &Selection) -> Run<'_, C, Rotate> {
        self.operate(selection, Rotate)
    }

    /// Seals the values of one user or group anew that are under an earlier key of theirs, with new tags: after a new key of
    /// a user, or when a member has left a group. `holder` is their vault, over the new key and the earlier ones
    /// ([`HolderKey::vault`](crate::users::HolderKey::vault)), and the fields are its fields. Columns of two layers are
    /// refused by [`MaintenanceError::UnknownKey`] while the application has a key of them that this was opened without.
    #[cfg(feature = "users")]
    pub fn reseal<'m>(&'m mut self, holder: &'m Vault, selection: &Selection) -> Run<'m, C, Reseal> {
        let operation = Reseal { application: self.vault.clone() };
        Run::new(self.connection, (holder, self.dialect), selection, operation)
    }

    /// Makes the tags of values that lack one of the active generation of an index.
    pub fn reindex(&mut self, selection: &Selection) -> Run<'_, C, Reindex> {
        self.operate(selection, Reindex)
    }

    /// Writes values in the clear: the way out.
    pub fn decrypt(&mut self, selection: &Selection) -> Run<'_, C, Decrypt> {
        self.operate(selection, Decrypt::default())
    }

    /// Opens every value, compares its tags with what its indexes make of it, and writes nothing.
    pub fn verify(&mut self, selection: &Selection) -> Run<'_, C, Verify> {
        self.operate(selection, Verify::default())
    }

    /// Sets values to NULL, or deletes their rows, whose key is destroyed or was named.
    pub fn purge(&mut self, selection: &Selection) -> Run<'_, C, Purge> {
        self.operate(selection, Purge::default())
    }

    fn operate<O: Operation>(&mut self, selection: &Selection, operation: O) -> Run<'_, C, O> {
        Run::new(self.connection, (&self.vault, self.dialect), selection, operation)
    }
}

fn has_jobs<C: MaintenanceConnection>(connection: &mut C, dialect: Dialect) -> Result<bool, MaintenanceError> {
    let select = match dialect {
        Dialect::Sqlite => "SELECT name, '', '', '', 0 FROM pragma_table_info('encryption_jobs') LIMIT 1",
        Dialect::Postgres => {
            "SELECT ''::text, ''::text, ''::text, ''::text, 0::bigint WHERE to_regclass('encryption_jobs') IS NOT NULL"
        }
        Dialect::Mysql => {
            "SELECT table_name, '', '', '', 0 FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = 'encryption_jobs'"
        }
    };
    let ask = |connection: &mut C| connection.table_columns(Statement::new().sql(select));
    let found: Vec<TableColumn> = patience::patiently(connection, ask)?;
    Ok(!found.is_empty())
}
