//! What can go wrong with accounts. No variant carries a secret, says which part of one was wrong, or whose row it is.

use diesel_encrypted_core::{
    EncodeError, VaultError,
    keys::RandomError,
    users::{AuthorityError, QuestionsError, SessionError, SharingError, UnlockError},
};

/// Why something was not done for a user. Nothing was changed.
///
/// [`Wrong`](Self::Wrong) is what a user did; [`Changed`](Self::Changed) passes when the call is made again; the others are
/// the application's to mend, or speak of altered rows.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The password, code, answers or key are wrong, or were used; or nobody has this id, or they were erased. One answer,
    /// after one time.
    #[error("wrong user, password, code, answers or key")]
    Wrong,
    /// The id has an account or a group, or had an account that was erased: it is not given out again.
    #[error("there is an account or a group of this id, or was one: call what changes it, or choose another id")]
    Exists,
    /// Another call changed the same account or group meanwhile: open a group again.
    #[error(
        "another call changed this account or group at the same time: open it and call again, in a new transaction if \
         this was within one"
    )]
    Changed,
    /// A group that the user is not a member of, or not any more, or that nobody has made.
    #[error("this user is not a member of that group, or there is no such group")]
    NotMember,
    /// There is no such user, or they were erased. Nothing that a user asks for says so: it says [`Wrong`](Self::Wrong).
    #[error("there is no such user, or they were erased")]
    UnknownUser,
    /// One's own membership.
    #[error("nobody removes themselves: leave the group instead")]
    Oneself,
    /// A session that would end at no time that there is.
    #[error("a session ends at some time: its lifetime is too long")]
    Lifetime,
    /// A lock that every account has.
    #[error("a password is changed, and recovery codes are replaced: neither is removed by itself")]
    NotRemovable,
    /// Values are still sealed under an earlier key.
    #[error(
        "{rows} values still need the earlier key {key_id:08x}: seal them anew by `Maintenance::reseal`, and count again. \
         They are counted by: {query}"
    )]
    Needed {
        /// The key.
        key_id: u32,
        /// How many values.
        rows: u64,
        /// The query that counts them.
        query: String,
    },
    /// Nobody has counted what an earlier key holds.
    #[error(
        "the earlier key {key_id:08x} was not counted: count by `Maintenance::earlier_keys`, with the account's vault"
    )]
    NotCounted {
        /// The key.
        key_id: u32,
    },
    /// An id that has no place in the tables.
    #[error("the id of a user or a group has {found} bytes, and {most} are the most: use a shorter one")]
    IdTooLong {
        /// The length of its encoding, in bytes.
        found: usize,
        /// The most.
        most: usize,
    },
    /// An id without an encoding.
    #[error(transparent)]
    Id(#[from] EncodeError),
    /// A row that no version of this library wrote.
    #[error("`{table}`.`{column}` has what was never written there: restore the row from a backup")]
    BadRow {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A lock was not made, for what it was to be made of.
    #[error(transparent)]
    Unlock(UnlockError),
    /// A row of `encryption_locks` was altered.
    #[error("a row of `encryption_locks`: {0}")]
    Lock(#[source] UnlockError),
    /// A row holds what does not open under its user's key.
    #[error("a row of `{table}`: {source}")]
    Held {
        /// The table.
        table: &'static str,
        /// Why it does not open.
        source: SharingError,
    },
    /// Something is not shared, or not taken as shared.
    #[error(transparent)]
    Sharing(#[from] SharingError),
    /// The application's key does not vouch for a row of `encryption_users` or `encryption_groups`.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// A session does not go on.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A lock is not made for these answers.
    #[error(transparent)]
    Questions(#[from] QuestionsError),
    /// The vault has no authority, or none that is fresh.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// What the database says. Without the tables, it says that: run the migration [`tables`](super::tables).
    #[error(transparent)]
    Database(#[from] diesel::result::Error),
}

impl From<UnlockError> for AccountError {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Wrong => Self::Wrong,
            UnlockError::Authority(error) => Self::Authority(error),
            UnlockError::Random(error) => Self::Random(error),
            UnlockError::Malformed(_) | UnlockError::OtherKind | UnlockError::Altered | UnlockError::OtherKey => {
                Self::Lock(error)
            }
            error => Self::Unlock(error),
        }
    }
}

/// That a row of `table` holds what does not open.
pub(super) fn held(table: &'static str) -> impl Fn(SharingError) -> AccountError {
    move |source| AccountError::Held { table, source }
}
