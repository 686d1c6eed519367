//! The tables, and what has to stand in a row: every value follows from the row's numbers, so that whoever reads one knows
//! whether it is whole.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

diesel::table! {
    contacts (id) {
        id -> Integer,
        version -> Integer,
        moves -> Integer,
        email -> Binary,
        phone -> Nullable<Binary>,
        note -> Text,
    }
}

diesel::table! {
    calls (id) {
        id -> Integer,
        caller -> Binary,
    }
}

diesel::allow_tables_to_appear_in_same_query!(contacts, calls);

/// The part of an address behind the `@`.
pub(crate) fn host(email: &str) -> String {
    email.rsplit_once('@').map_or(email, |(_, host)| host).to_lowercase()
}

/// A contact: a unique email with two blind indexes, a phone number that may be missing, and a note in a column of text.
#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Debug)]
#[diesel(table_name = contacts)]
pub struct Contact {
    pub id: i32,
    /// Rises with every change.
    pub version: i32,
    /// Rises with every other email.
    pub moves: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    #[searchable(name = "host", with = host)]
    pub email: Encrypted<String, contacts::email>,
    #[encrypt]
    #[searchable(normalize = "digits")]
    pub phone: Encrypted<Option<String>, contacts::phone>,
    #[encrypt]
    #[searchable]
    pub note: Encrypted<String, contacts::note>,
}

/// A call of some contacts, joined to them by the blind index of the email alone.
#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Debug)]
#[diesel(table_name = calls)]
pub struct Call {
    pub id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    pub caller: Encrypted<String, calls::caller>,
}

/// The numbers that everything in a row follows from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) id: i32,
    pub(crate) version: i32,
    pub(crate) moves: i32,
}

impl Row {
    pub(crate) fn new(id: i32) -> Self {
        Self { id, version: 0, moves: 0 }
    }

    /// In a spelling that differs from one version to the next.
    pub(crate) fn email(self) -> String {
        let email = format!("Contact.{}.{}@{}", self.id, self.moves, self.host());
        if self.version % 2 == 0 { email } else { email.to_uppercase() }
    }

    /// One of a hundred.
    pub(crate) fn host(self) -> String {
        format!("host{}.example", self.id % 100)
    }

    /// Every fifth is missing. No two rows or versions share one.
    pub(crate) fn phone(self) -> Option<String> {
        ((self.id + self.version) % 5 != 0).then(|| format!("+{:08} ({:05})", self.id, self.version))
    }

    /// Up to some 200 characters.
    pub(crate) fn note(self) -> String {
        format!("{} in version {}{}", self.id, self.version, " again".repeat(self.version.unsigned_abs() as usize % 30))
    }

    pub(crate) fn contact(self) -> Contact {
        Contact {
            id: self.id,
            version: self.version,
            moves: self.moves,
            email: Encrypted::new(self.email()),
            phone: Encrypted::new(self.phone()),
            note: Encrypted::new(self.note()),
        }
    }

    pub(crate) fn call(self) -> Option<Call> {
        let caller = Encrypted::new(self.email().to_lowercase());
        (self.id % 3 == 0).then_some(Call { id: self.id, caller })
    }
}

impl Contact {
    /// The numbers, if everything else follows from them.
    pub(crate) fn whole(&self) -> Result<Row, String> {
        let row = Row { id: self.id, version: self.version, moves: self.moves };
        for (column, holds) in [
            ("email", *self.email.expose() == row.email()),
            ("phone", *self.phone.expose() == row.phone()),
            ("note", *self.note.expose() == row.note()),
        ] {
            if !holds {
                return Err(format!("contacts.{column} opens to what is not of {row:?}"));
            }
        }
        Ok(row)
    }
}
