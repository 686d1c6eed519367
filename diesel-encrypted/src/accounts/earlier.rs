//! A user's earlier keys, each held under the one that followed it.

use std::sync::Arc;

use diesel_encrypted_core::users::{KeyName, UserKey};

use super::{
    connection::RunAccounts,
    error::{AccountError, held},
    record::At,
    statements::Value,
    tables::{EARLIER_KEYS, USER},
    write::read,
};
use crate::store::statement::Statement;

/// Where they are.
fn of(at: &At) -> [(&'static str, Value); 3] {
    [("scope", at.scope.clone().into()), ("holder_kind", USER.into()), ("holder_id", at.id.as_bytes().into())]
}

/// The statement that keeps a key under the one that follows it.
pub(super) fn insert(at: &At, earlier: &UserKey, key: &UserKey, held: &[u8]) -> Statement {
    let columns = [
        ("key_id", earlier.place().key_id().into()),
        ("version", earlier.place().version().into()),
        ("check_value", (&earlier.check_value()).into()),
        ("under_key_id", key.place().key_id().into()),
        ("held", held.into()),
    ];
    EARLIER_KEYS.insert(&of(at).into_iter().chain(columns).collect::<Vec<_>>())
}

/// Forgets one.
pub(super) fn delete(at: &At, key_id: u32) -> Statement {
    EARLIER_KEYS.delete(&of(at).into_iter().chain([("key_id", key_id.into())]).collect::<Vec<_>>())
}

/// Forgets them.
pub(super) fn delete_all(at: &At) -> Statement {
    EARLIER_KEYS.delete(&of(at))
}

/// Opens them, the latest first.
pub(super) async fn open<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
    key: &UserKey,
) -> Result<Vec<Arc<UserKey>>, AccountError> {
    let rows = read(connection, &EARLIER_KEYS, &of(at)).await?;
    let mut earlier: Vec<Arc<UserKey>> = Vec::with_capacity(rows.len());
    for _ in 0..rows.len() {
        let above = earlier.last().map_or(key, AsRef::as_ref);
        let above_id = i64::from(above.place().key_id());
        let Some(row) = rows.iter().find(|row| row.number("under_key_id") == Some(above_id)) else { break };
        let (key_id, version, check) = (row.id("key_id")?, row.id("version")?, row.array("check_value")?);
        let name = KeyName::stored(key.place(), at.id.clone(), key_id, version, check);
        let opened = above.open_earlier(&name, row.bytes("held")?).map_err(held(EARLIER_KEYS.name))?;
        earlier.push(Arc::new(opened));
    }
    Ok(earlier)
}
