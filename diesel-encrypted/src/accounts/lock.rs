//! Locks in their table.

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{Lock, LockId, RecoveryCode, UnlockError, UserKey},
};

use super::{
    connection::RunAccounts,
    error::AccountError,
    record::At,
    statements::{Row, Value},
    tables::LOCKS,
    write::read,
};
use crate::store::statement::Statement;

/// A set of recovery codes, and the locks that they open.
pub(super) fn of_codes(key: &UserKey, count: usize) -> Result<(Vec<RecoveryCode>, Vec<Lock>), AccountError> {
    let codes = RecoveryCode::set(count)?;
    let locks = codes.iter().map(|code| Lock::for_recovery_code(key, code)).collect::<Result<_, _>>()?;
    Ok((codes, locks))
}

/// Which lock it is, and what it is.
fn columns(lock: &Lock) -> Result<[(&'static str, Value); 3], AccountError> {
    let kind = lock.kind().map_err(UnlockError::from)?;
    Ok([
        ("lock_id", lock.id().as_bytes().into()),
        ("kind", i64::from(kind as u8).into()),
        ("lock_bytes", lock.as_bytes().into()),
    ])
}

pub(super) fn insert(at: &At, lock: &Lock) -> Result<Statement, AccountError> {
    Ok(LOCKS.insert(&at.and(columns(lock)?)))
}

/// Puts a lock in the place of the one that was read.
pub(super) fn replace(at: &At, old: &Lock, new: &Lock) -> Result<Statement, AccountError> {
    Ok(LOCKS.update(&columns(new)?, &at.and(columns(old)?)))
}

/// The user's locks of a kind.
pub(super) async fn of_kind<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
    kind: LockKind,
) -> Result<Vec<Lock>, AccountError> {
    let rows = read(connection, &LOCKS, &at.and([("kind", i64::from(kind as u8).into())])).await?;
    rows.iter().map(stored).collect()
}

/// The user's password lock. There is one: a second was put there by nobody who may.
pub(super) async fn of_password<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
) -> Result<Option<Lock>, AccountError> {
    let mut locks = of_kind(connection, at, LockKind::Password).await?;
    if locks.len() > 1 {
        return Err(AccountError::BadRow { table: LOCKS.name, column: "kind" });
    }
    Ok(locks.pop())
}

fn stored(row: &Row) -> Result<Lock, AccountError> {
    Ok(Lock::stored(LockId::new(row.array("lock_id")?), row.bytes("lock_bytes")?.to_vec()))
}
