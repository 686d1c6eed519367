//! The application's table, and what of the database the model asks for.

use diesel::prelude::*;
use diesel_encrypted::accounts::{self, AccountsConnection, models, schema};
use diesel_encrypted::maintenance::{EarlierKeys, Maintenance, MaintenanceConnection, Selection};
use diesel_encrypted::prelude::*;
use diesel_encrypted::{KeyStoreConnection, Vault};
use diesel_encrypted_tests::scratch::Scratch;

use crate::world::Rows;

diesel::table! {
    notes (id) {
        id -> BigInt,
        title -> Binary,
        body -> Binary,
    }
}

/// The same table, as it is stored.
mod stored {
    diesel::table! {
        #[sql_name = "notes"]
        stored_notes (id) {
            id -> BigInt,
            title -> Binary,
            body -> Binary,
        }
    }
}
use stored::stored_notes;

/// A note: found by its title, and bound to its row by its body.
#[derive(Insertable, Queryable, Selectable, AsChangeset, Encrypted, Debug)]
#[diesel(table_name = notes)]
pub struct Note {
    pub id: i64,
    #[encrypt]
    #[searchable]
    pub title: Encrypted<String, notes::title>,
    #[encrypt(bound_to(id))]
    pub body: Sealed<String, notes::body>,
}

/// A row of the table, as it is stored.
pub type Stored = (i64, Vec<u8>, Vec<u8>);

/// Every row that an attacker has.
pub struct Tables {
    pub users: Vec<models::UserRow>,
    pub locks: Vec<models::LockRow>,
    pub key_pairs: Vec<models::KeyPairRow>,
    pub identity_changes: Vec<models::IdentityChangeRow>,
    pub groups: Vec<models::GroupRow>,
    pub group_keys: Vec<models::GroupKeyRow>,
    pub earlier_keys: Vec<models::EarlierKeyRow>,
    pub sessions: Vec<models::SessionRow>,
    pub notes: Vec<Stored>,
}

/// A connection to the database of an application that has accounts and notes.
pub trait Database: Rows + AccountsConnection + KeyStoreConnection + MaintenanceConnection {
    fn tables(&mut self) -> Tables;
    /// Writes a note in the place of what has its id.
    fn write(&mut self, note: Note);
    /// The notes of these ids, as the vault in use opens them.
    fn read(&mut self, ids: &[i64]) -> Vec<Note>;
    /// The notes that have this title, as the vault in use finds them.
    fn find(&mut self, title: &str) -> Vec<i64>;

    /// A fresh database with all tables.
    fn with_notes() -> Scratch<Self> {
        let mut connection = Self::with_table::<Note>(
            "CREATE TABLE notes (id bigint PRIMARY KEY, title {bytes} NOT NULL, body {bytes} NOT NULL)",
        );
        connection.batch_execute(&accounts::tables().up(Self::DIALECT)).unwrap();
        connection
    }

    /// Seals anew what is sealed under earlier keys of the holder of `vault`, and counts what is left.
    fn reseal(&mut self, application: &Vault, vault: &Vault) -> EarlierKeys {
        let mut maintenance = Maintenance::open(self, application).unwrap();
        let report = maintenance.reseal(vault, &Selection::all()).run(|_| std::ops::ControlFlow::Continue(())).unwrap();
        assert_eq!(report.counts().failed, 0, "{report:?}");
        maintenance.earlier_keys(vault).unwrap()
    }
}

macro_rules! database {
    ($connection:ty) => {
        impl Database for $connection {
            fn tables(&mut self) -> Tables {
                macro_rules! rows {
                    ($table:ident: $row:ident) => {
                        schema::$table::table.select(models::$row::as_select()).load(self).unwrap()
                    };
                }
                Tables {
                    users: rows!(encryption_users: UserRow),
                    locks: rows!(encryption_locks: LockRow),
                    key_pairs: rows!(encryption_key_pairs: KeyPairRow),
                    identity_changes: rows!(encryption_identity_changes: IdentityChangeRow),
                    groups: rows!(encryption_groups: GroupRow),
                    group_keys: rows!(encryption_group_keys: GroupKeyRow),
                    earlier_keys: rows!(encryption_earlier_keys: EarlierKeyRow),
                    sessions: rows!(encryption_sessions: SessionRow),
                    notes: stored_notes::table.load(self).unwrap(),
                }
            }

            fn write(&mut self, note: Note) {
                self.transaction(|connection| {
                    diesel::delete(notes::table.find(note.id)).execute(connection)?;
                    diesel::insert_into(notes::table).values(&note).execute(connection)
                })
                .unwrap();
            }

            fn read(&mut self, ids: &[i64]) -> Vec<Note> {
                notes::table.filter(notes::id.eq_any(ids)).select(Note::as_select()).load(self).unwrap()
            }

            fn find(&mut self, title: &str) -> Vec<i64> {
                let found = notes::table.filter(notes::title.blind_eq(title)).select(notes::id).order(notes::id);
                found.load(self).unwrap()
            }
        }
    };
}

database!(SqliteConnection);
#[cfg(feature = "postgres")]
database!(PgConnection);
#[cfg(feature = "mysql")]
database!(MysqlConnection);
