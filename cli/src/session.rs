//! What commands ask of a connection, whatever kind of database it leads to.

use diesel::prelude::*;
use diesel_encrypted::{
    DieselKeyStore, KeyInventory, StoreError, Vault,
    key_store::KeyStore,
    maintenance::{self, ColumnStatus, Maintenance, MaintenanceError, Report},
};

use crate::{
    database::{Mysql, Postgres},
    job::{Job, Watch},
};

/// A connection.
pub(crate) trait Session: Send {
    /// The key tables, to be read and written.
    fn store(&mut self) -> Box<dyn KeyStore + '_>;

    /// Every row of the key tables, as it stands. `None` if there are no such tables.
    fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError>;

    /// What the registered columns hold.
    fn status(&mut self) -> Result<Vec<ColumnStatus>, MaintenanceError>;

    /// Does a job, or takes part in it.
    fn maintain(&mut self, vault: &Vault, job: &Job, watch: Watch<'_>) -> Result<Report, MaintenanceError>;
}

macro_rules! session {
    ($connection:ty) => {
        impl Session for $connection {
            fn store(&mut self) -> Box<dyn KeyStore + '_> {
                Box::new(DieselKeyStore::new(self))
            }

            fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError> {
                DieselKeyStore::new(self).inventory()
            }

            fn status(&mut self) -> Result<Vec<ColumnStatus>, MaintenanceError> {
                maintenance::status(self)
            }

            fn maintain(&mut self, vault: &Vault, job: &Job, watch: Watch<'_>) -> Result<Report, MaintenanceError> {
                job.run(Maintenance::open(self, vault)?, watch)
            }
        }
    };
}

session!(SqliteConnection);
session!(Postgres);
session!(Mysql);
