//! The end of an account: its locks are deleted, and with them what opens the user's data.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{Lock, UserId},
};

use super::{
    Accounts, both,
    connection::RunAccounts,
    earlier,
    error::AccountError,
    key_pair, lock,
    record::{self, At},
    session,
    statements::Value,
    tables::{GROUP_KEYS, PINS, SESSIONS},
    write::{Writes, count, read, write},
};

/// What an erasure made unreadable, and what survives it. Printed, it says both.
///
/// Nobody opens the user's key any more, once every copy of the rows is gone that were deleted: backups of the tables of
/// accounts, and keys that are unlocked in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Erased {
    /// How many locks were deleted.
    pub locks: usize,
    /// Whether one of them was the application's: with a backup and its own key it opens the user's data still.
    pub escrow: bool,
    /// How many sessions were ended.
    pub sessions: usize,
    /// Until when a session in a backup opens with its cookie and the application's key.
    pub sessions_until: Option<SystemTime>,
    /// How many earlier keys of the user's were deleted.
    pub earlier_keys: usize,
    /// How many keys of groups the user had. Groups are read by their other members as before.
    pub group_keys: usize,
    /// How many keys of groups others have from this user. They open as before.
    pub shares_for_others: usize,
}

impl fmt::Display for Erased {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { locks, sessions, earlier_keys, group_keys, shares_for_others, .. } = self;
        writeln!(
            f,
            "unreadable: what is sealed under the user's key and {earlier_keys} earlier ones; their private keys"
        )?;
        writeln!(f, "deleted: {locks} locks, {sessions} sessions, {group_keys} keys of groups, whom they knew")?;
        writeln!(f, "survive: their id and public keys, {shares_for_others} shares for others, what others sealed")?;
        writeln!(f, "survive in their rows: ciphertext, with its size and its tags, until the rows are deleted")?;
        write!(f, "survive until backups of these tables expire: the locks")?;
        if self.escrow {
            write!(f, ", of which the application opens one by itself")?;
        }
        if let Some(until) = self.sessions_until {
            let until = until.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
            write!(f, "; sessions, until {until} (seconds since 1970)")?;
        }
        Ok(())
    }
}

impl Accounts {
    both! {
        /// Erases an account: deletes every lock, session, earlier key, pin and copy of a group's key, and the private keys.
        /// The record stays, so that the id is not given out again, and the public keys, so that what they signed can be
        /// checked. Needs nobody's password.
        ///
        /// The user's own rows are the application's to delete. A second call finds nothing more to erase.
        ///
        /// No group has a new key by it, and whoever kept one of the user's goes on reading what is sealed under it:
        /// [`renew_group`](Self::renew_group), by another member, makes the next one of each group that the user was in.
        ///
        /// # Errors
        /// [`AccountError::UnknownUser`] if there was never such a user, [`AccountError::Changed`] if another call changed
        /// the account meanwhile.
        erase, erase_async => erase_on(id: &UserId) -> Erased
    }

    async fn erase_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
    ) -> Result<Erased, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let erase = record::erase(connection, &at, SystemTime::now()).await?;
        let is_escrow = |lock: &Lock| lock.kind() == Ok(LockKind::Escrow);
        let escrow = lock::all(connection, &at).await?.iter().any(is_escrow);
        let sessions = read(connection, &SESSIONS, &at.user()).await?;
        let expires = |at: i64| UNIX_EPOCH.checked_add(Duration::from_secs(u64::try_from(at).ok()?));
        let last = sessions.iter().filter_map(|row| row.number("expires_at")).max();
        let sessions_until = last.and_then(expires);
        let (scope, id): (Value, Value) = (at.scope.clone().into(), at.id.as_bytes().into());
        let sender = [("scope", scope.clone()), ("sender_id", id.clone())];
        let shares_for_others = count(connection, &GROUP_KEYS, &sender).await?;

        let writes = erase.map_or_else(Writes::new, |erase| Writes::new().one(erase));
        // First, so that nobody gives the user a group's key meanwhile.
        let writes = writes.any(key_pair::forget(&at));
        let first = writes.len();
        let writes = writes
            .any(lock::delete_kind(&at, LockKind::Escrow))
            .any(lock::delete_all(&at))
            .any(session::end_until(&at, last))
            // One that began meanwhile, and ends later than this would say.
            .exactly(session::end_all(&at), 0)
            .any(earlier::delete_all(&at.scope, &at.id))
            .any(GROUP_KEYS.delete(&at.user()))
            .any(PINS.delete(&[("scope", scope), ("owner_id", id)]));
        let counts = write(connection, writes).await?;
        let mut counts = counts.into_iter().skip(first);
        let mut next = || counts.next().unwrap_or_default();
        let (escrows, other_locks, sessions, _) = (next(), next(), next(), next());
        let (earlier_keys, group_keys) = (next(), next());
        let (locks, escrow) = (escrows + other_locks, escrow || escrows > 0);
        Ok(Erased { locks, escrow, sessions, sessions_until, earlier_keys, group_keys, shares_for_others })
    }
}
