//! The application's own tables. Those of accounts are beside them, and refer to a person's id.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted::users::{GroupId, UserId};
use diesel_encrypted::{EncodeError, ValueError};

diesel::table! {
    people (id) {
        id -> Integer,
        name -> Text,
    }
}

diesel::table! {
    notes (id) {
        id -> Integer,
        author -> Integer,
        shared -> Nullable<Text>,
        title -> Binary,
        body -> Binary,
    }
}

/// Somebody with an account.
#[derive(Queryable, Selectable, Identifiable)]
#[diesel(table_name = people)]
pub struct Person {
    pub id: i32,
    pub name: String,
}

impl Person {
    /// Their id in the tables of accounts.
    pub fn user(&self) -> Result<UserId, EncodeError> {
        UserId::of(&self.id)
    }
}

/// A note: under its author's key or, if it is shared, under a group's; and around that under the application's.
#[derive(Queryable, Selectable, Identifiable, AsChangeset, Encrypted)]
#[diesel(table_name = notes)]
pub struct Note {
    pub id: i32,
    pub author: i32,
    /// The name of the group that reads it.
    pub shared: Option<String>,
    #[encrypt]
    #[searchable(normalize("trim", "casefold"))]
    pub title: Layered<String, notes::title>,
    #[encrypt(pad = 64)]
    pub body: Layered<String, notes::body>,
}

/// A note that is written.
#[derive(Insertable, Encrypted)]
#[diesel(table_name = notes)]
#[encrypted(columns_of = Note)]
pub struct NewNote {
    pub author: i32,
    pub shared: Option<String>,
    pub title: Layered<String, notes::title>,
    pub body: Layered<String, notes::body>,
}

impl Note {
    /// Title and body, opened by the vault in use.
    pub fn open(&self) -> Result<(String, String), ValueError> {
        Ok((self.title.expose().open()?, self.body.expose().open()?))
    }

    /// The same note, opened by one vault and sealed by another.
    pub fn resealed(&self, by: &Vault, to: &Vault, shared: Option<&str>) -> Result<Self, ValueError> {
        let (title, body) = by.enter(|| self.open())?;
        to.enter(|| {
            Ok(Self {
                id: self.id,
                author: self.author,
                shared: shared.map(str::to_owned),
                title: Sealed::seal(&title)?.into(),
                body: Sealed::seal(&body)?.into(),
            })
        })
    }
}

/// The id of a group, from its name.
pub fn group_id(name: &str) -> Result<GroupId, EncodeError> {
    GroupId::of(name)
}
