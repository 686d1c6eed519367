//! The notebook: a database, the application's vault, and who is signed in.

use std::ops::ControlFlow;
use std::path::Path;

use diesel::prelude::*;
use diesel_encrypted::accounts::{self, Account, AccountError, Accounts};
use diesel_encrypted::maintenance::{EarlierKeys, Maintenance, Selection};
use diesel_encrypted::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};

use crate::Result;
use crate::model::{Note, Person, group_id, notes, people};
use crate::terminal::secret;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

/// The application, with all that it has of its own: no secret of a user is here.
pub struct Notebook {
    pub connection: SqliteConnection,
    pub vault: Vault,
    pub accounts: Accounts,
}

/// A user who has given their password.
pub struct SignedIn {
    pub person: Person,
    pub account: Account,
}

impl Notebook {
    /// Opens the notebook of this folder, and makes what is missing: the root key, which a real application keeps away
    /// from the database, and the tables.
    pub fn open(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let root_keys = RootKeys::from_folder(folder.join("keys"))?;
        let mut connection = SqliteConnection::establish(&folder.join("notes.db").to_string_lossy())?;
        connection.run_pending_migrations(MIGRATIONS)?;
        connection.run_pending_migrations(accounts::tables())?;
        let vault = Vault::builder(root_keys).application("notes").model::<Note>().users().open(&mut connection)?;
        // The outer layer of every note is sealed and opened by this one.
        vault.clone().install()?;
        let accounts = Accounts::new(&vault)?;
        Ok(Self { connection, vault, accounts })
    }

    pub fn person(&mut self, name: &str) -> Result<Person> {
        let found = people::table.filter(people::name.eq(name)).select(Person::as_select());
        let found = found.first(&mut self.connection).optional()?;
        found.ok_or_else(|| format!("nobody is called {name}: `notes sign-up {name}` makes an account").into())
    }

    /// Asks for a password, and signs in.
    pub fn sign_in(&mut self, name: &str) -> Result<SignedIn> {
        let password = secret(&format!("Password of {name}: "))?;
        let person = self.person(name)?;
        let account = self.accounts.unlock(&mut self.connection, &person.user()?, &password)?;
        Ok(SignedIn { person, account })
    }

    /// The vaults by which a user reads: their own for notes that are theirs alone, and one for each group they are in.
    pub fn vaults(&mut self, user: &SignedIn) -> Result<Vec<(Option<String>, Vault)>> {
        let mut vaults = vec![(None, user.account.model::<Note>())];
        let groups =
            notes::table.select(notes::shared.assume_not_null()).filter(notes::shared.is_not_null()).distinct();
        for name in groups.load::<String>(&mut self.connection)? {
            match self.accounts.group(&mut self.connection, &user.account, &group_id(&name)?) {
                Ok(group) => vaults.push((Some(name), group.model::<Note>())),
                Err(AccountError::NotMember) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(vaults)
    }

    /// Seals the values of a user or a group anew, after a new key of theirs: how many there were, and what the earlier keys
    /// are needed for still.
    pub fn reseal(&mut self, theirs: &Vault) -> Result<(u64, EarlierKeys)> {
        let mut maintenance = Maintenance::open(&mut self.connection, &self.vault)?;
        let report = maintenance.reseal(theirs, &Selection::all()).run(|_| ControlFlow::Continue(()))?;
        if let Some(failure) = report.failures.first() {
            return Err(failure.to_string().into());
        }
        Ok((report.counts().done, maintenance.earlier_keys(theirs)?))
    }

    /// The notes that a user's vault of [`vaults`](Self::vaults) is for.
    pub fn of(&mut self, user: &SignedIn, shared: Option<&str>) -> Result<Vec<Note>> {
        let all = notes::table.select(Note::as_select()).order(notes::id);
        Ok(match shared {
            None => {
                all.filter(notes::shared.is_null().and(notes::author.eq(user.person.id))).load(&mut self.connection)?
            }
            Some(group) => all.filter(notes::shared.eq(group)).load(&mut self.connection)?,
        })
    }
}
