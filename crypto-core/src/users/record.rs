//! Records: which key is a user's, and which a group's. Whoever can write to the database can put a lock or a share of
//! their own beside another; they cannot make the record name the key in it.

use std::fmt;

use super::holder::{GroupId, Holder, HolderId, UserId};
use crate::keys::{HmacSha256, opt, row_mac};

/// The kinds of row that the MACs speak of (docs/format.md, "Rows").
const USER_ROW: u8 = 3;
const GROUP_ROW: u8 = 5;

/// A row of the table of users' keys, as it is stored.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserRecord {
    /// The id of the authority's key that authenticates it.
    pub authority_key_id: u32,
    /// The user.
    pub user: UserId,
    /// The id of their key.
    pub key_id: u32,
    /// The version of their key.
    pub version: u32,
    /// The check value of their key.
    pub check: [u8; 32],
    /// The fingerprint of their identity key, once they have one.
    pub identity: Option<[u8; 32]>,
    /// Authenticates all of the above.
    pub mac: [u8; 32],
}

impl UserRecord {
    /// The record of no key. A store fills in what it read.
    #[must_use]
    pub const fn empty(user: UserId) -> Self {
        Self { authority_key_id: 0, user, key_id: 0, version: 0, check: [0; 32], identity: None, mac: [0; 32] }
    }

    /// `HMAC(record subkey, "diesel-encrypted/1 row" ‖ 3 ‖ lp(each column))`.
    pub(super) fn expected_mac(&self, key: &HmacSha256, application: &str, scope: Option<&[u8]>) -> [u8; 32] {
        let mut identity = Vec::new();
        opt(&mut identity, self.identity.as_ref().map(<[u8; 32]>::as_slice));
        let Self { authority_key_id, user, key_id, version, check, .. } = self;
        let columns = columns(application, scope, *authority_key_id, user, *key_id, *version, check);
        row_mac(key, USER_ROW, columns.iter().map(Vec::as_slice).chain([&*identity]))
    }
}

impl fmt::Debug for UserRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserRecord")
            .field("user", &self.user)
            .field("key_id", &self.key_id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// A row of the table of groups, as it is stored: which key is the group's now. Without it, someone who was removed could
/// make a next key, and so could whoever writes to the database.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct GroupRecord {
    /// The id of the authority's key that authenticates it.
    pub authority_key_id: u32,
    /// The group.
    pub group: GroupId,
    /// The id of its key.
    pub key_id: u32,
    /// The version of its key.
    pub version: u32,
    /// The check value of its key.
    pub check: [u8; 32],
    /// Authenticates all of the above.
    pub mac: [u8; 32],
}

impl GroupRecord {
    /// The record of no key. A store fills in what it read.
    #[must_use]
    pub const fn empty(group: GroupId) -> Self {
        Self { authority_key_id: 0, group, key_id: 0, version: 0, check: [0; 32], mac: [0; 32] }
    }

    /// `HMAC(record subkey, "diesel-encrypted/1 row" ‖ 5 ‖ lp(each column))`.
    pub(super) fn expected_mac(&self, key: &HmacSha256, application: &str, scope: Option<&[u8]>) -> [u8; 32] {
        let Self { authority_key_id, group, key_id, version, check, .. } = self;
        let columns = columns(application, scope, *authority_key_id, group, *key_id, *version, check);
        row_mac(key, GROUP_ROW, columns.iter().map(Vec::as_slice))
    }
}

impl fmt::Debug for GroupRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupRecord")
            .field("group", &self.group)
            .field("key_id", &self.key_id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

/// What the records of users and of groups have in common.
fn columns<H: Holder>(
    application: &str,
    scope: Option<&[u8]>,
    authority_key_id: u32,
    holder: &HolderId<H>,
    key_id: u32,
    version: u32,
    check: &[u8; 32],
) -> [Vec<u8>; 7] {
    let mut scope_bytes = Vec::new();
    opt(&mut scope_bytes, scope);
    [
        application.as_bytes().to_vec(),
        scope_bytes,
        authority_key_id.to_be_bytes().to_vec(),
        holder.as_bytes().to_vec(),
        key_id.to_be_bytes().to_vec(),
        version.to_be_bytes().to_vec(),
        check.to_vec(),
    ]
}
