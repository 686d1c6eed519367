//! Users' records in their table: read, checked, written, and compared with before anything else of a user is written.

use std::time::SystemTime;

use diesel_encrypted_core::users::{Authority, KnownUser, UnlockError, UserId, UserRecord};

use super::{
    Accounts,
    connection::RunAccounts,
    error::AccountError,
    session::seconds,
    statements::{Row, Value},
    tables::{ID_MAX, USERS},
    write::{Writes, read},
};
use crate::store::{rows::scope_column, statement::Statement};

/// Where a user's rows are.
#[derive(Clone, Debug)]
pub(super) struct At {
    pub(super) scope: Vec<u8>,
    pub(super) id: UserId,
}

impl At {
    pub(super) fn new(authority: &Authority, id: &UserId) -> Result<Self, AccountError> {
        check_length(id.as_bytes())?;
        Ok(Self { scope: scope_column(authority.scope()), id: id.clone() })
    }

    /// The columns that every table of a user's rows has.
    pub(super) fn user(&self) -> [(&'static str, Value); 2] {
        [("scope", self.scope.clone().into()), ("user_id", self.id.as_bytes().into())]
    }

    /// These, and more.
    pub(super) fn and<const N: usize>(&self, more: [(&'static str, Value); N]) -> Vec<(&'static str, Value)> {
        self.user().into_iter().chain(more).collect()
    }
}

/// That an id has a place in the tables.
pub(super) fn check_length(id: &[u8]) -> Result<(), AccountError> {
    match id.len() {
        found if found > ID_MAX => Err(AccountError::IdTooLong { found, most: ID_MAX }),
        _ => Ok(()),
    }
}

/// A user whom the application's key vouched for, and the record that was read.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) at: At,
    pub(super) record: UserRecord,
    pub(super) known: KnownUser,
}

impl Found {
    /// Locks the user's row, if it is still the one that was read. Begins whatever is written of a user, so that two calls
    /// for one user run one after the other.
    pub(super) fn unchanged(&self) -> Writes {
        self.replacing(&self.record)
    }

    /// Begins what is written of a user who gets another record.
    pub(super) fn replacing(&self, record: &UserRecord) -> Writes {
        Writes::new().one(self.replace(record))
    }

    /// Puts another record in the place of the one that was read.
    fn replace(&self, record: &UserRecord) -> Statement {
        let unchanged = [("mac", (&self.record.mac).into()), ("erased_at", Value::Null)];
        USERS.update(&columns(record), &self.at.and(unchanged))
    }
}

/// A record's columns but whose it is.
fn columns(record: &UserRecord) -> [(&'static str, Value); 6] {
    [
        ("authority_key_id", record.authority_key_id.into()),
        ("key_id", record.key_id.into()),
        ("version", record.version.into()),
        ("check_value", (&record.check).into()),
        ("identity", record.identity.as_ref().into()),
        ("mac", (&record.mac).into()),
    ]
}

/// The statement that gives a user their first record.
pub(super) fn insert(at: &At, record: &UserRecord) -> Statement {
    USERS.insert(&at.and(columns(record)))
}

/// The statement that leaves nothing of a user but their id, or `None` if that was done. It looks at no key: a record that
/// nobody vouches for is erased as well.
pub(super) async fn erase<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
    now: SystemTime,
) -> Result<Option<Statement>, AccountError> {
    let rows = read(connection, &USERS, &at.user()).await?;
    let row = rows.first().ok_or(AccountError::UnknownUser)?;
    if row.number("erased_at").is_some() {
        return Ok(None);
    }
    let unchanged = [("mac", row.bytes("mac")?.into()), ("erased_at", Value::Null)];
    Ok(Some(USERS.update(&[("erased_at", seconds(now))], &at.and(unchanged))))
}

impl Accounts {
    /// Whether the id has a record, of whatever kind.
    pub(super) async fn is_taken<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        at: &At,
    ) -> Result<bool, AccountError> {
        Ok(!read(connection, &USERS, &at.user()).await?.is_empty())
    }

    /// What a lock of `found` gave. If that is an error, rows that another call changed while they were read are told.
    pub(super) async fn settle<How, C: RunAccounts<How>, T>(
        &self,
        connection: &mut C,
        found: &Found,
        opened: Result<T, UnlockError>,
    ) -> Result<T, AccountError> {
        match opened {
            Ok(opened) => Ok(opened),
            Err(error) => Err(self.explain(connection, &found.at, Some(found), error.into()).await),
        }
    }

    /// What an error means, now that it happened: rows that another call changed while they were read do not fit together.
    pub(super) async fn explain<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        at: &At,
        found: Option<&Found>,
        error: AccountError,
    ) -> AccountError {
        let rows = match read(connection, &USERS, &at.user()).await {
            Ok(rows) => rows,
            Err(error) => return error,
        };
        let is_read = |row: &Row, found: &Found| {
            row.number("erased_at").is_none() && row.bytes_or_null("mac") == Some(&found.record.mac)
        };
        match (found, rows.first()) {
            (Some(found), Some(row)) if is_read(row, found) => error,
            (None, _) => error,
            _ => AccountError::Changed,
        }
    }

    /// The user of this id, unless there is none or they were erased.
    pub(super) async fn find<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        at: &At,
    ) -> Result<Option<Found>, AccountError> {
        let rows = read(connection, &USERS, &at.user()).await?;
        let row = rows.first().filter(|row| row.number("erased_at").is_none());
        row.map(|row| self.check(at.clone(), row)).transpose()
    }

    /// The user of this id, erased or not.
    pub(super) async fn find_or_erased<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        at: &At,
    ) -> Result<Option<Found>, AccountError> {
        let rows = read(connection, &USERS, &at.user()).await?;
        rows.first().map(|row| self.check(at.clone(), row)).transpose()
    }

    /// Whom a row is of, if the application's key vouches for it.
    pub(super) fn check(&self, at: At, row: &Row) -> Result<Found, AccountError> {
        let record = stored(row, at.id.clone())?;
        let known = self.authority_for(record.authority_key_id)?.authenticate(&record)?;
        Ok(Found { at, record, known })
    }
}

pub(super) fn stored(row: &Row, user: UserId) -> Result<UserRecord, AccountError> {
    let mut record = UserRecord::empty(user);
    record.authority_key_id = row.id("authority_key_id")?;
    record.key_id = row.id("key_id")?;
    record.version = row.id("version")?;
    record.check = row.array("check_value")?;
    record.identity = match row.bytes_or_null("identity") {
        None => None,
        Some(_) => Some(row.array("identity")?),
    };
    record.mac = row.array("mac")?;
    Ok(record)
}
