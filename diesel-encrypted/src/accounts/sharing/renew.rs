//! Copies of groups' keys go over to another key of their holder.

use diesel_encrypted_core::users::{Group, GroupId, GroupKey, KeyName, UserKey};

use super::group::GroupAt;
use crate::accounts::{
    Accounts,
    connection::RunAccounts,
    earlier,
    error::{AccountError, held},
    record::At,
    statements::{Row, Value},
    tables::{COPIES, EARLIER_KEYS, GROUP_KEYS},
    write::{Writes, read},
};

/// A user's copies of groups' keys, opened.
pub(in crate::accounts) struct Copies {
    copies: Vec<(GroupAt, GroupKey, Vec<u8>)>,
    /// How many shares have no copy yet.
    shares: usize,
    /// How many rows there are, of shares and of copies.
    rows: usize,
}

/// Opens a user's copies of groups' keys with the user's key. Those of keys that are forgotten, and of groups that have
/// ended, stay as they are: there is nothing that they open.
pub(in crate::accounts) async fn copies<How, C: RunAccounts<How>>(
    accounts: &Accounts,
    connection: &mut C,
    at: &At,
    key: &UserKey,
) -> Result<Copies, AccountError> {
    let rows = read(connection, &COPIES, &at.user()).await?;
    let (mut copies, mut shares) = (Vec::with_capacity(rows.len()), 0);
    for row in &rows {
        let Some(copy) = row.bytes_or_null("copy") else {
            shares += 1;
            continue;
        };
        let id = GroupId::stored(row.bytes("group_id")?).ok_or_else(|| row.bad("group_id"))?;
        let at = GroupAt { scope: at.scope.clone(), id };
        if let Some(name) = name(accounts, connection, &at, key, row).await? {
            let group = key.open_group_key(&name, copy).map_err(held(GROUP_KEYS.name))?;
            copies.push((at, group, copy.to_vec()));
        }
    }
    Ok(Copies { copies, shares, rows: rows.len() })
}

/// Which key of a group a copy is of.
async fn name<How, C: RunAccounts<How>>(
    accounts: &Accounts,
    connection: &mut C,
    at: &GroupAt,
    key: &UserKey,
    row: &Row,
) -> Result<Option<KeyName<Group>>, AccountError> {
    let key_id = row.id("key_id")?;
    let Some(found) = accounts.find_group(connection, at).await? else { return Ok(None) };
    if found.record.key_id == key_id {
        return Ok(Some(found.name));
    }
    let rows = read(connection, &EARLIER_KEYS, &earlier::of(&at.scope, &at.id)).await?;
    let Some(row) = rows.iter().find(|row| row.number("key_id") == Some(key_id.into())) else { return Ok(None) };
    Ok(Some(KeyName::stored(key.place(), at.id.clone(), key_id, row.id("version")?, row.array("check_value")?)))
}

impl Copies {
    /// Holds them under the user's next key. What came or was opened meanwhile makes it [`AccountError::Changed`].
    pub(in crate::accounts) fn renew(
        &self,
        at: &At,
        key: &UserKey,
        mut writes: Writes,
    ) -> Result<Writes, AccountError> {
        let pending = at.and([("copy", Value::Null)]);
        let same = [("user_id", at.id.as_bytes().into())];
        // As many of both: a share that came would else hide that another was opened.
        writes = writes.exactly(GROUP_KEYS.update(&same, &pending), self.shares);
        writes = writes.exactly(GROUP_KEYS.update(&same, &at.user()), self.rows);
        for (group, opened, before) in &self.copies {
            let of = [("key_id", opened.place().key_id().into()), ("copy", before.as_slice().into())];
            let copy = [("copy", key.hold_group_key(opened)?.into())];
            writes = writes.one(GROUP_KEYS.update(&copy, &group.member(&at.id, of)));
        }
        Ok(writes)
    }
}
