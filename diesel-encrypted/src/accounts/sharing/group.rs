//! A group that is open, and where its rows are.

use std::{fmt, sync::Arc};

use diesel_encrypted_core::{
    EncryptedModel, Field, Vault,
    users::{Authority, Group, GroupId, GroupKey, GroupRecord, KeyName, Pin, UserId},
};

use crate::{
    accounts::{
        Accounts,
        account::Account,
        connection::RunAccounts,
        error::AccountError,
        record::check_length,
        statements::{Row, Value},
        tables::GROUPS,
        write::read,
    },
    store::{rows::scope_column, statement::Statement},
};

/// Where a group's rows are.
#[derive(Clone, Debug)]
pub(in crate::accounts) struct GroupAt {
    pub(in crate::accounts) scope: Vec<u8>,
    pub(in crate::accounts) id: GroupId,
}

impl GroupAt {
    pub(super) fn new(authority: &Authority, id: &GroupId) -> Result<Self, AccountError> {
        check_length(id.as_bytes())?;
        Ok(Self { scope: scope_column(authority.scope()), id: id.clone() })
    }

    /// The columns that the rows of a group have, and more.
    pub(in crate::accounts) fn and<const N: usize>(
        &self,
        more: [(&'static str, Value); N],
    ) -> Vec<(&'static str, Value)> {
        let group = [("scope", self.scope.clone().into()), ("group_id", self.id.as_bytes().into())];
        group.into_iter().chain(more).collect()
    }

    /// One member's rows, and more.
    pub(super) fn member<const N: usize>(
        &self,
        user: &UserId,
        more: [(&'static str, Value); N],
    ) -> Vec<(&'static str, Value)> {
        let mut columns = self.and([("user_id", user.as_bytes().into())]);
        columns.extend(more);
        columns
    }

    /// The row of a new member.
    pub(super) fn new_member(
        &self,
        key: &GroupKey,
        pin: &Pin,
        sender: &Account,
        (share, copy): (Option<&[u8]>, Option<&[u8]>),
    ) -> Vec<(&'static str, Value)> {
        self.member(
            &pin.user,
            [
                ("key_id", key.place().key_id().into()),
                ("sender_id", sender.id().as_bytes().into()),
                ("sender_fingerprint", (&sender.member.fingerprint()).into()),
                ("fingerprint", (&pin.fingerprint).into()),
                ("mac", (&pin.mac).into()),
                ("share", share.into()),
                ("copy", copy.into()),
            ],
        )
    }
}

/// A group whom the application's key vouched for, and the record that was read.
#[derive(Clone, Debug)]
pub(in crate::accounts) struct FoundGroup {
    pub(in crate::accounts) at: GroupAt,
    pub(super) record: GroupRecord,
    pub(super) name: KeyName<Group>,
    /// How many members came and went.
    pub(super) changes: i64,
}

impl FoundGroup {
    /// Counts that someone comes, if the group's key is still the one that was read. Whoever makes the next key at the same
    /// time waits, or is waited for.
    pub(in crate::accounts) fn count_change(&self) -> Statement {
        GROUPS.count_up("changes", &self.at.and([("mac", (&self.record.mac).into())]))
    }

    /// Puts another record in the place of the one that was read, if nobody came or went since.
    pub(super) fn replace(&self, record: &GroupRecord) -> Statement {
        let mut to = columns(record).to_vec();
        to.push(("changes", self.changes.saturating_add(1).into()));
        GROUPS.update(&to, &self.unchanged())
    }

    /// Ends the group, if nobody came or went since.
    pub(super) fn delete(&self) -> Statement {
        GROUPS.delete(&self.unchanged())
    }

    fn unchanged(&self) -> Vec<(&'static str, Value)> {
        self.at.and([("mac", (&self.record.mac).into()), ("changes", self.changes.into())])
    }
}

/// The statement that gives a group its first record.
pub(super) fn insert(at: &GroupAt, record: &GroupRecord) -> Statement {
    let mut values = at.and(columns(record));
    values.push(("changes", 0_i64.into()));
    GROUPS.insert(&values)
}

fn columns(record: &GroupRecord) -> [(&'static str, Value); 5] {
    [
        ("authority_key_id", record.authority_key_id.into()),
        ("key_id", record.key_id.into()),
        ("version", record.version.into()),
        ("check_value", (&record.check).into()),
        ("mac", (&record.mac).into()),
    ]
}

/// A group that is open: its key, and its earlier keys while something is still sealed under them.
///
/// Open it where it is used, and do not keep it: whoever is removed meanwhile knows the key that this holds. Wiped on drop.
pub struct OpenGroup {
    pub(super) found: FoundGroup,
    pub(super) key: GroupKey,
    pub(in crate::accounts) earlier: Vec<Arc<GroupKey>>,
}

impl OpenGroup {
    /// The group.
    #[must_use]
    pub const fn id(&self) -> &GroupId {
        &self.found.at.id
    }

    /// Its key.
    #[must_use]
    pub const fn key(&self) -> &GroupKey {
        &self.key
    }

    /// Its earlier keys, the latest first.
    #[must_use]
    pub fn earlier(&self) -> Vec<&GroupKey> {
        self.earlier.iter().map(AsRef::as_ref).collect()
    }

    /// A vault of this group for `fields`: new values are sealed under its key, and those under earlier ones open and are
    /// found.
    #[must_use]
    pub fn vault(&self, fields: &[&'static Field]) -> Vault {
        self.key.vault(&self.earlier(), fields)
    }

    /// [`vault`](Self::vault) for the fields of a model.
    #[must_use]
    pub fn model<M: EncryptedModel>(&self) -> Vault {
        self.vault(M::fields())
    }
}

impl fmt::Debug for OpenGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenGroup({:?})", self.key)
    }
}

impl Accounts {
    /// The group of this id, unless there is none.
    pub(super) async fn find_group<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        at: &GroupAt,
    ) -> Result<Option<FoundGroup>, AccountError> {
        let rows = read(connection, &GROUPS, &at.and([])).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let record = stored(row, at.id.clone())?;
        let name = self.authority_for(record.authority_key_id)?.authenticate_group(&record)?;
        let changes = row.number("changes").ok_or_else(|| row.bad("changes"))?;
        Ok(Some(FoundGroup { at: at.clone(), record, name, changes }))
    }

    /// The group as it is now, if its key is still the one that is open.
    pub(in crate::accounts) async fn still<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        group: &OpenGroup,
    ) -> Result<FoundGroup, AccountError> {
        let found = self.find_group(connection, &group.found.at).await?;
        let same = |found: &FoundGroup| {
            found.name.place() == group.key.place() && found.name.check() == group.found.name.check()
        };
        found.filter(same).ok_or(AccountError::Changed)
    }
}

fn stored(row: &Row, group: GroupId) -> Result<GroupRecord, AccountError> {
    let mut record = GroupRecord::empty(group);
    record.authority_key_id = row.id("authority_key_id")?;
    record.key_id = row.id("key_id")?;
    record.version = row.id("version")?;
    record.check = row.array("check_value")?;
    record.mac = row.array("mac")?;
    Ok(record)
}

/// The pin that a group's row has of a member. Nothing vouches for it before it is checked under the group's key.
pub(super) fn pin(row: &Row) -> Result<Pin, AccountError> {
    let user = UserId::stored(row.bytes("user_id")?).ok_or_else(|| row.bad("user_id"))?;
    Ok(Pin::stored(user, row.array("fingerprint")?, row.array("mac")?))
}
