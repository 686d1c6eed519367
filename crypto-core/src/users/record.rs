//! A user's record: which key is theirs. Whoever can write to the database can put a lock of their own beside a user's;
//! they cannot make the record name the key in it.

use std::fmt;

use super::holder::UserId;
use crate::keys::{HmacSha256, opt, row_mac};

/// The kind of row that its MAC speaks of (docs/format.md, "Rows").
const ROW_KIND: u8 = 3;

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
        let (mut scope_bytes, mut identity) = (Vec::new(), Vec::new());
        opt(&mut scope_bytes, scope);
        opt(&mut identity, self.identity.as_ref().map(<[u8; 32]>::as_slice));
        let columns: [&[u8]; 8] = [
            application.as_bytes(),
            &scope_bytes,
            &self.authority_key_id.to_be_bytes(),
            self.user.as_bytes(),
            &self.key_id.to_be_bytes(),
            &self.version.to_be_bytes(),
            &self.check,
            &identity,
        ];
        row_mac(key, ROW_KIND, columns)
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
