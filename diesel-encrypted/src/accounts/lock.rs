//! Locks in their table.

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{EncryptionPublicKey, Lock, LockId, LockRecipient, RecoveryCode, Suite, UnlockError, UserKey},
};

use super::{
    carry::Kept,
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
    Ok([("lock_id", lock.id().as_bytes().into()), ("kind", number(kind)), ("lock_bytes", lock.as_bytes().into())])
}

pub(super) fn insert(at: &At, lock: &Lock) -> Result<Statement, AccountError> {
    Ok(LOCKS.insert(&at.and(columns(lock)?)))
}

/// [`insert`] with whom it is for.
pub(super) fn insert_kept(at: &At, Kept { lock, recipient }: &Kept) -> Result<Statement, AccountError> {
    let Some(recipient) = recipient else { return insert(at, lock) };
    let public = recipient.public();
    let public_key = [&[public.suite() as u8], public.as_bytes()].concat();
    let of = [("public_key", public_key.into()), ("mac", recipient.mac().into())];
    Ok(LOCKS.insert(&[at.and(columns(lock)?), of.to_vec()].concat()))
}

/// Puts a lock in the place of the one that was read.
pub(super) fn replace(at: &At, old: &Lock, new: &Lock) -> Result<Statement, AccountError> {
    Ok(LOCKS.update(&columns(new)?, &at.and(columns(old)?)))
}

/// Deletes a lock, if it is still the one that was read.
pub(super) fn delete(at: &At, lock: &Lock) -> Result<Statement, AccountError> {
    Ok(LOCKS.delete(&at.and(columns(lock)?)))
}

/// [`delete`] for what may be no lock.
pub(super) fn delete_as_read(at: &At, lock: &Lock) -> Statement {
    LOCKS.delete(&at.and([("lock_id", lock.id().as_bytes().into()), ("lock_bytes", lock.as_bytes().into())]))
}

/// Deletes every lock of a user.
pub(super) fn delete_all(at: &At) -> Statement {
    LOCKS.delete(&at.user())
}

/// Deletes a user's locks of a kind.
pub(super) fn delete_kind(at: &At, kind: LockKind) -> Statement {
    LOCKS.delete(&at.and([("kind", number(kind))]))
}

/// A statement that changes nothing, in as many rows as the user has locks of this kind.
pub(super) fn touch(at: &At, kind: LockKind) -> Statement {
    let kind = [("kind", number(kind))];
    LOCKS.update(&kind, &at.and(kind.clone()))
}

fn number(kind: LockKind) -> Value {
    i64::from(kind as u8).into()
}

/// The user's locks.
pub(super) async fn all<How, C: RunAccounts<How>>(connection: &mut C, at: &At) -> Result<Vec<Lock>, AccountError> {
    read(connection, &LOCKS, &at.user()).await?.iter().map(stored).collect()
}

/// The user's locks, with whom they are for.
pub(super) async fn all_kept<How, C: RunAccounts<How>>(connection: &mut C, at: &At) -> Result<Vec<Kept>, AccountError> {
    let rows = read(connection, &LOCKS, &at.user()).await?;
    rows.iter()
        .map(|row| {
            let lock = stored(row)?;
            Ok(Kept { recipient: recipient(row, lock.id()), lock })
        })
        .collect()
}

/// Whom a lock is for, if its row says so.
fn recipient(row: &Row, lock: LockId) -> Option<LockRecipient> {
    let (suite, key) = row.bytes_or_null("public_key")?.split_first()?;
    let public = EncryptionPublicKey::new(Suite::from_u8(*suite)?, key.to_vec());
    Some(LockRecipient::stored(lock, public, row.bytes_or_null("mac")?.try_into().ok()?))
}

/// The user's locks of a kind.
pub(super) async fn of_kind<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
    kind: LockKind,
) -> Result<Vec<Lock>, AccountError> {
    read(connection, &LOCKS, &at.and([("kind", number(kind))])).await?.iter().map(stored).collect()
}

/// The user's lock of a kind of which there is one: a second was put there by nobody who may, and none is tried in turn.
pub(super) async fn only<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
    kind: LockKind,
) -> Result<Option<Lock>, AccountError> {
    let mut locks = of_kind(connection, at, kind).await?;
    if locks.len() > 1 {
        return Err(AccountError::BadRow { table: LOCKS.name, column: "kind" });
    }
    Ok(locks.pop())
}

/// The user's lock of this id.
pub(super) async fn of_id<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
    id: LockId,
) -> Result<Option<Lock>, AccountError> {
    let rows = read(connection, &LOCKS, &at.and([("lock_id", id.as_bytes().into())])).await?;
    rows.first().map(stored).transpose()
}

pub(super) fn stored(row: &Row) -> Result<Lock, AccountError> {
    Ok(Lock::stored(LockId::new(row.array("lock_id")?), row.bytes("lock_bytes")?.to_vec()))
}
