//! What commands ask of a connection, whatever kind of database it leads to.

use diesel::prelude::*;
use diesel_encrypted::{DieselKeyStore, KeyInventory, StoreError, key_store::KeyStore};

use crate::database::{Mysql, Postgres};

/// A connection.
pub(crate) trait Session {
    /// The key tables, to be read and written.
    fn store(&mut self) -> Box<dyn KeyStore + '_>;

    /// Every row of the key tables, as it stands. `None` if there are no such tables.
    fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError>;
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
        }
    };
}

session!(SqliteConnection);
session!(Postgres);
session!(Mysql);
