//! A user's earlier keys, each held under the one that followed it.

use diesel_encrypted_core::users::{KeyName, UserKey};

use super::{
    connection::RunAccounts,
    error::{AccountError, held},
    record::At,
    statements::Value,
    tables::{EARLIER_KEYS, USER},
    write::read,
};

/// Where they are.
fn of(at: &At) -> [(&'static str, Value); 3] {
    [("scope", at.scope.clone().into()), ("holder_kind", USER.into()), ("holder_id", at.id.as_bytes().into())]
}

/// Opens them, the latest first.
pub(super) async fn open<How, C: RunAccounts<How>>(
    connection: &mut C,
    at: &At,
    key: &UserKey,
) -> Result<Vec<UserKey>, AccountError> {
    let rows = read(connection, &EARLIER_KEYS, &of(at)).await?;
    let mut earlier: Vec<UserKey> = Vec::with_capacity(rows.len());
    for _ in 0..rows.len() {
        let above = earlier.last().unwrap_or(key);
        let above_id = i64::from(above.place().key_id());
        let Some(row) = rows.iter().find(|row| row.number("under_key_id") == Some(above_id)) else { break };
        let (key_id, version, check) = (row.id("key_id")?, row.id("version")?, row.array("check_value")?);
        let name = KeyName::stored(key.place(), at.id.clone(), key_id, version, check);
        let opened = above.open_earlier(&name, row.bytes("held")?).map_err(held(EARLIER_KEYS.name))?;
        earlier.push(opened);
    }
    Ok(earlier)
}
