//! Rows of the tables, for what an application asks of its own: who has which locks, how many sessions there are. Nothing
//! in them is vouched for before [`Accounts`](super::Accounts) has read it.

use std::fmt;

use diesel::prelude::*;

use super::schema::{
    encryption_earlier_keys, encryption_group_keys, encryption_groups, encryption_identity_changes,
    encryption_key_pairs, encryption_locks, encryption_pins, encryption_sessions, encryption_users,
};

macro_rules! model {
    ($(#[$attribute:meta])* $name:ident: $table:ident($($key:ident),+) { $($(#[$of:meta])* $column:ident: $type:ty,)+ }) => {
        $(#[$attribute])*
        #[derive(Clone, Queryable, Selectable, Identifiable, PartialEq, Eq)]
        #[diesel(table_name = $table, primary_key($($key),+))]
        #[non_exhaustive]
        pub struct $name {
            /// The tenant: `00`, or `01` and the scope.
            pub scope: Vec<u8>,
            $($(#[$of])* pub $column: $type,)+
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    };
}

model! {
    /// A user's record.
    UserRow: encryption_users(scope, user_id) {
        /// The typed id.
        user_id: Vec<u8>,
        /// The application's key that vouches for the row.
        authority_key_id: i64,
        /// The user's key.
        key_id: i64,
        /// Its version, from 1.
        version: i64,
        /// Its check value, 32 bytes.
        check_value: Vec<u8>,
        /// The fingerprint of the user's identity key, 32 bytes.
        identity: Option<Vec<u8>>,
        /// Authenticates the columns before it.
        mac: Vec<u8>,
        /// When the account was erased, in seconds since 1970.
        erased_at: Option<i64>,
    }
}

model! {
    /// A lock of a user's key.
    LockRow: encryption_locks(scope, user_id, lock_id) {
        /// The typed id.
        user_id: Vec<u8>,
        /// 16 bytes.
        lock_id: Vec<u8>,
        /// The number of its [`LockKind`](crate::format::lock::LockKind).
        kind: i64,
        /// The lock.
        lock_bytes: Vec<u8>,
        /// Of a private key: the number of its suite, and the public key.
        public_key: Option<Vec<u8>>,
        /// Authenticates that under the user's key.
        mac: Option<Vec<u8>>,
    }
}

model! {
    /// A user's key pair.
    KeyPairRow: encryption_key_pairs(scope, user_id) {
        /// The typed id.
        user_id: Vec<u8>,
        /// The number of its [`Suite`](crate::users::Suite).
        suite: i64,
        /// What is sealed for the user is sealed to it.
        public_key: Vec<u8>,
        /// What the user signs is checked by it, 32 bytes.
        identity_key: Vec<u8>,
        /// By the identity key, over the public key, 64 bytes.
        signature: Vec<u8>,
        /// The private key under the user's key; NULL once the account is erased.
        sealed_private_key: Option<Vec<u8>>,
        /// The private identity key under the user's key; NULL once the account is erased.
        sealed_identity: Option<Vec<u8>>,
    }
}

model! {
    /// A change of a user's identity key.
    IdentityChangeRow: encryption_identity_changes(scope, user_id, sequence) {
        /// The typed id.
        user_id: Vec<u8>,
        /// From 1 for each user.
        sequence: i64,
        /// 192 bytes.
        change_bytes: Vec<u8>,
    }
}

model! {
    /// An identity that a user knows.
    PinRow: encryption_pins(scope, owner_id, user_id) {
        /// Who knows.
        owner_id: Vec<u8>,
        /// Whom.
        user_id: Vec<u8>,
        /// 32 bytes.
        fingerprint: Vec<u8>,
        /// Authenticates it under the owner's key.
        mac: Vec<u8>,
    }
}

model! {
    /// A group's record.
    GroupRow: encryption_groups(scope, group_id) {
        /// The typed id.
        group_id: Vec<u8>,
        /// The application's key that vouches for the row.
        authority_key_id: i64,
        /// The group's key.
        key_id: i64,
        /// Its version, from 1.
        version: i64,
        /// Its check value, 32 bytes.
        check_value: Vec<u8>,
        /// Authenticates the columns before it.
        mac: Vec<u8>,
        /// How many members came and went since the group was made.
        changes: i64,
    }
}

model! {
    /// A group's key for one member.
    GroupKeyRow: encryption_group_keys(scope, group_id, key_id, user_id) {
        /// The typed id of the group.
        group_id: Vec<u8>,
        /// The group's key.
        key_id: i64,
        /// The member.
        user_id: Vec<u8>,
        /// Who shared it.
        sender_id: Vec<u8>,
        /// The fingerprint of the identity that signed the share, 32 bytes.
        sender_fingerprint: Vec<u8>,
        /// The fingerprint of the member's identity when the share was made, 32 bytes.
        fingerprint: Vec<u8>,
        /// Authenticates member and fingerprint under the group's key.
        mac: Vec<u8>,
        /// Sealed to the member's public key, until it is first used.
        share: Option<Vec<u8>>,
        /// Under the member's key, from then on.
        copy: Option<Vec<u8>>,
    }
}

model! {
    /// An earlier key of a user or a group.
    EarlierKeyRow: encryption_earlier_keys(scope, holder_kind, holder_id, key_id) {
        /// 1 for a user, 2 for a group.
        holder_kind: i64,
        /// The typed id.
        holder_id: Vec<u8>,
        /// The earlier key.
        key_id: i64,
        /// Its version.
        version: i64,
        /// Its check value, 32 bytes.
        check_value: Vec<u8>,
        /// The key that followed it, under which it is held.
        under_key_id: i64,
        /// 78 bytes.
        held: Vec<u8>,
    }
}

model! {
    /// A session.
    SessionRow: encryption_sessions(scope, session_id) {
        /// 16 bytes.
        session_id: Vec<u8>,
        /// The typed id.
        user_id: Vec<u8>,
        /// In seconds since 1970.
        expires_at: i64,
        /// 109 bytes.
        session_bytes: Vec<u8>,
    }
}
