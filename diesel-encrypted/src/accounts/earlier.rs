//! Earlier keys of a user or a group, each held under the one that followed it.

use std::sync::Arc;

use diesel_encrypted_core::users::{Holder, HolderId, HolderKey, KeyName, User};

use super::{
    connection::RunAccounts,
    error::{AccountError, held},
    statements::Value,
    tables::{EARLIER_KEYS, GROUP, USER},
    write::read,
};
use crate::store::statement::Statement;

/// Where they are.
pub(super) fn of<H: Holder>(scope: &[u8], id: &HolderId<H>) -> [(&'static str, Value); 3] {
    let kind = if H::PURPOSE == User::PURPOSE { USER } else { GROUP };
    [("scope", scope.into()), ("holder_kind", kind.into()), ("holder_id", id.as_bytes().into())]
}

/// The statement that keeps a key under the one that follows it.
pub(super) fn insert<H: Holder>(scope: &[u8], earlier: &HolderKey<H>, key: &HolderKey<H>, held: &[u8]) -> Statement {
    let columns = [
        ("key_id", earlier.place().key_id().into()),
        ("version", earlier.place().version().into()),
        ("check_value", (&earlier.check_value()).into()),
        ("under_key_id", key.place().key_id().into()),
        ("held", held.into()),
    ];
    EARLIER_KEYS.insert(&of(scope, key.place().holder()).into_iter().chain(columns).collect::<Vec<_>>())
}

/// Forgets one.
pub(super) fn delete<H: Holder>(scope: &[u8], id: &HolderId<H>, key_id: u32) -> Statement {
    EARLIER_KEYS.delete(&of(scope, id).into_iter().chain([("key_id", key_id.into())]).collect::<Vec<_>>())
}

/// Forgets them.
pub(super) fn delete_all<H: Holder>(scope: &[u8], id: &HolderId<H>) -> Statement {
    EARLIER_KEYS.delete(&of(scope, id))
}

/// Opens them, the latest first.
pub(super) async fn open<How, C: RunAccounts<How>, H: Holder>(
    connection: &mut C,
    scope: &[u8],
    key: &HolderKey<H>,
) -> Result<Vec<Arc<HolderKey<H>>>, AccountError> {
    let rows = read(connection, &EARLIER_KEYS, &of(scope, key.place().holder())).await?;
    let mut earlier: Vec<Arc<HolderKey<H>>> = Vec::with_capacity(rows.len());
    for _ in 0..rows.len() {
        let above = earlier.last().map_or(key, AsRef::as_ref);
        let above_id = i64::from(above.place().key_id());
        let Some(row) = rows.iter().find(|row| row.number("under_key_id") == Some(above_id)) else { break };
        let (key_id, version, check) = (row.id("key_id")?, row.id("version")?, row.array("check_value")?);
        let name = KeyName::stored(key.place(), key.place().holder().clone(), key_id, version, check);
        let opened = above.open_earlier(&name, row.bytes("held")?).map_err(held(EARLIER_KEYS.name))?;
        earlier.push(Arc::new(opened));
    }
    Ok(earlier)
}
