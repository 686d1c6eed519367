//! What commands ask of a connection, whatever kind of database it leads to.

use diesel::prelude::*;
use diesel_encrypted::{DieselKeyStore, KeyInventory, StoreError};

use crate::database::{Mysql, Postgres};

/// A connection.
pub(crate) trait Session {
    /// Every row of the key tables, as it stands. `None` if there are no such tables.
    fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError>;
}

macro_rules! session {
    ($connection:ty) => {
        impl Session for $connection {
            fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError> {
                DieselKeyStore::new(self).inventory()
            }
        }
    };
}

session!(SqliteConnection);
session!(Postgres);
session!(Mysql);
