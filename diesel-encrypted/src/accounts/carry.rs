//! Locks that go over to a user's next key, and those that cannot.

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{Authority, KnownUser, Lock, LockId, LockRecipient, UserKey},
};

use super::error::AccountError;

/// A lock as it is kept: of a private key, with whom it is for.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) lock: Lock,
    pub(super) recipient: Option<LockRecipient>,
}

impl From<Lock> for Kept {
    fn from(lock: Lock) -> Self {
        Self { lock, recipient: None }
    }
}

/// What became of a user's locks.
#[derive(Debug, Default)]
pub(super) struct Carried {
    pub(super) locks: Vec<Kept>,
    /// They were not to be kept, what opens them is not at hand, or they were altered.
    pub(super) dropped: Vec<LockKind>,
}

/// Makes locks of `key` for whoever opens those of `old` that are to be `kept`. The password and the codes are made anew
/// elsewhere.
///
/// A lock that was altered is dropped, and does not keep its user from a new key.
pub(super) fn over(
    authority: &Authority,
    user: &KnownUser,
    (old, key): (&UserKey, &UserKey),
    locks: Vec<Kept>,
    kept: &[LockId],
) -> Result<Carried, AccountError> {
    let mut carried = Carried::default();
    for Kept { lock, recipient } in locks {
        let Ok(kind) = lock.kind() else {
            tracing::warn!(table = "encryption_locks", lock_id = ?lock.id(), "a lock that is none was dropped");
            continue;
        };
        let renewed = match (kind, recipient) {
            (LockKind::Password | LockKind::RecoveryCode, _) => continue,
            _ if !kept.contains(&lock.id()) => None,
            (LockKind::Escrow, _) => match authority.open_escrow(user, &lock).map_err(AccountError::from) {
                Ok(_) => Some(authority.escrow(key)?.into()),
                Err(AccountError::Wrong | AccountError::Lock(_)) => None,
                Err(error) => return Err(error),
            },
            (LockKind::PrivateKey, Some(recipient)) => recipient
                .renew(old, key)
                .ok()
                .filter(|(renewed, _)| renewed.id() == lock.id())
                .map(|(lock, recipient)| Kept { lock, recipient: Some(recipient) }),
            _ => None,
        };
        match renewed {
            Some(lock) => carried.locks.push(lock),
            None => carried.dropped.push(kind),
        }
    }
    Ok(carried)
}
