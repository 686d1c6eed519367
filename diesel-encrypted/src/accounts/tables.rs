//! The tables. Ids are bytes, so that no collation merges two users; there are no foreign keys, so that the tables can live
//! in a database of their own.

use super::statements::Table;
use crate::{
    backend::Dialect,
    store::{KeyTables, TableSet, tables::Types},
};

/// A migration that makes the tables of accounts, as [`key_tables`](crate::key_tables) makes those of keys:
///
/// ```
/// use diesel::prelude::*;
/// use diesel_encrypted::accounts;
/// use diesel_migrations::MigrationHarness;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
/// let mut connection = SqliteConnection::establish(":memory:")?;
/// connection.run_pending_migrations(accounts::tables())?;
/// # Ok(())
/// # }
/// ```
///
/// Nothing makes them but this migration. They need no table of the application's, and no table of keys: they can live in
/// a database of their own, with backups that are kept for less long. Reverting it drops every lock, and with them
/// whatever users' keys have sealed.
#[must_use]
pub const fn tables() -> KeyTables {
    KeyTables::of(&TableSet {
        version: "00000000000002",
        name: "accounts::tables",
        create: &[&[users, locks, key_pairs, identity_changes, pins, groups, group_keys, earlier_keys, sessions]],
        drop: &DROP,
    })
}

/// The longest id of a user or a group, in bytes, as [`UserId::as_bytes`](crate::users::UserId) has it.
pub(super) const ID_MAX: usize = 255;

/// Which key is whose.
pub(super) const USERS: Table = Table {
    name: "encryption_users",
    numbers: &["authority_key_id", "key_id", "version", "erased_at"],
    bytes: &["user_id", "check_value", "identity", "mac"],
};

/// What opens a user's key.
pub(super) const LOCKS: Table = Table {
    name: "encryption_locks",
    numbers: &["kind"],
    bytes: &["user_id", "lock_id", "lock_bytes", "public_key", "mac"],
};

/// A user's public keys, and the private ones under the user's key.
pub(super) const KEY_PAIRS: Table = Table {
    name: "encryption_key_pairs",
    numbers: &["suite"],
    bytes: &["user_id", "public_key", "identity_key", "signature", "sealed_private_key", "sealed_identity"],
};

/// The changes of a user's identity, each signed by the one before.
pub(super) const IDENTITY_CHANGES: Table =
    Table { name: "encryption_identity_changes", numbers: &["sequence"], bytes: &["user_id", "change_bytes"] };

/// The identities that a user knows.
pub(super) const PINS: Table =
    Table { name: "encryption_pins", numbers: &[], bytes: &["owner_id", "user_id", "fingerprint", "mac"] };

/// Which key is a group's.
pub(super) const GROUPS: Table = Table {
    name: "encryption_groups",
    numbers: &["authority_key_id", "key_id", "version", "changes"],
    bytes: &["group_id", "check_value", "mac"],
};

/// A group's key for each member: a share, and after its first use a copy under the member's key.
pub(super) const GROUP_KEYS: Table = Table {
    name: "encryption_group_keys",
    numbers: &["key_id"],
    bytes: &["group_id", "user_id", "sender_id", "sender_fingerprint", "fingerprint", "mac", "share", "copy"],
};

/// Who is in a group.
pub(super) const MEMBERS: Table =
    Table { name: GROUP_KEYS.name, numbers: &["key_id"], bytes: &["user_id", "fingerprint", "mac"] };

/// The groups' keys that a user has.
pub(super) const COPIES: Table = Table { name: GROUP_KEYS.name, numbers: &["key_id"], bytes: &["group_id", "copy"] };

/// Keys before the present one of a user (kind 1) or a group (kind 2), each under the one that followed it.
pub(super) const EARLIER_KEYS: Table = Table {
    name: "encryption_earlier_keys",
    numbers: &["holder_kind", "key_id", "version", "under_key_id"],
    bytes: &["holder_id", "check_value", "held"],
};

/// Unlocked keys between two requests.
pub(super) const SESSIONS: Table =
    Table { name: "encryption_sessions", numbers: &["expires_at"], bytes: &["session_id", "user_id", "session_bytes"] };

/// In `holder_kind`.
pub(super) const USER: i64 = 1;
pub(super) const GROUP: i64 = 2;

const DROP: [&str; 9] = [
    "DROP TABLE encryption_users",
    "DROP TABLE encryption_locks",
    "DROP TABLE encryption_key_pairs",
    "DROP TABLE encryption_identity_changes",
    "DROP TABLE encryption_pins",
    "DROP TABLE encryption_groups",
    "DROP TABLE encryption_group_keys",
    "DROP TABLE encryption_earlier_keys",
    "DROP TABLE encryption_sessions",
];

/// A column, or a constraint.
enum Part {
    Number(&'static str),
    NumberOrNull(&'static str),
    /// Bytes that stand in a key, no more than [`ID_MAX`].
    Id(&'static str),
    Bytes(&'static str),
    BytesOrNull(&'static str),
    /// The primary key, behind the scope.
    Key(&'static str),
    Unique(&'static str),
}

use Part::{Bytes, BytesOrNull, Id, Key, Number, NumberOrNull, Unique};

/// A table, whose first column is the scope: `00`, or `01 ‖ scope`.
fn create(name: &str, dialect: Dialect, parts: &[Part]) -> String {
    let Types { bytes, id: scope, end, .. } = Types::of(dialect);
    let id = match dialect {
        Dialect::Mysql => format!("VARBINARY({ID_MAX})"),
        Dialect::Sqlite | Dialect::Postgres => bytes.to_owned(),
    };
    let mut sql = format!("CREATE TABLE IF NOT EXISTS {name} (\n    scope {scope} NOT NULL");
    for part in parts {
        sql += ",\n    ";
        sql += &match part {
            Number(name) => format!("{name} BIGINT NOT NULL"),
            NumberOrNull(name) => format!("{name} BIGINT"),
            Id(name) => format!("{name} {id} NOT NULL"),
            Bytes(name) => format!("{name} {bytes} NOT NULL"),
            BytesOrNull(name) => format!("{name} {bytes}"),
            Key(columns) => format!("PRIMARY KEY (scope, {columns})"),
            Unique(columns) => format!("UNIQUE ({columns})"),
        };
    }
    sql + "\n)" + end
}

fn users(dialect: Dialect) -> String {
    let columns = [
        Id("user_id"),
        Number("authority_key_id"),
        Number("key_id"),
        Number("version"),
        Bytes("check_value"),
        BytesOrNull("identity"),
        Bytes("mac"),
        NumberOrNull("erased_at"),
        Key("user_id"),
    ];
    create(USERS.name, dialect, &columns)
}

/// `public_key` is suite and key of whom a lock of a private key is for, `mac` authenticates it under the user's key.
fn locks(dialect: Dialect) -> String {
    let columns = [
        Id("user_id"),
        Id("lock_id"),
        Number("kind"),
        Bytes("lock_bytes"),
        BytesOrNull("public_key"),
        BytesOrNull("mac"),
        Key("user_id, lock_id"),
    ];
    create(LOCKS.name, dialect, &columns)
}

fn key_pairs(dialect: Dialect) -> String {
    let columns = [
        Id("user_id"),
        Number("suite"),
        Bytes("public_key"),
        Bytes("identity_key"),
        Bytes("signature"),
        BytesOrNull("sealed_private_key"),
        BytesOrNull("sealed_identity"),
        Key("user_id"),
    ];
    create(KEY_PAIRS.name, dialect, &columns)
}

fn identity_changes(dialect: Dialect) -> String {
    let columns = [Id("user_id"), Number("sequence"), Bytes("change_bytes"), Key("user_id, sequence")];
    create(IDENTITY_CHANGES.name, dialect, &columns)
}

fn pins(dialect: Dialect) -> String {
    let columns = [Id("owner_id"), Id("user_id"), Bytes("fingerprint"), Bytes("mac"), Key("owner_id, user_id")];
    create(PINS.name, dialect, &columns)
}

/// `changes` counts who came and went, so that whoever makes the next key knows that they have seen all.
fn groups(dialect: Dialect) -> String {
    let columns = [
        Id("group_id"),
        Number("authority_key_id"),
        Number("key_id"),
        Number("version"),
        Bytes("check_value"),
        Bytes("mac"),
        Number("changes"),
        Key("group_id"),
    ];
    create(GROUPS.name, dialect, &columns)
}

/// `sender_id` is who shared, by the identity `sender_fingerprint`; of `share` and `copy`, one is NULL. `fingerprint` and
/// `mac` are the group's pin of the member.
fn group_keys(dialect: Dialect) -> String {
    let columns = [
        Id("group_id"),
        Number("key_id"),
        Id("user_id"),
        Id("sender_id"),
        Bytes("sender_fingerprint"),
        Bytes("fingerprint"),
        Bytes("mac"),
        BytesOrNull("share"),
        BytesOrNull("copy"),
        Key("group_id, key_id, user_id"),
        Unique("scope, user_id, group_id, key_id"),
        Unique("scope, sender_id, group_id, key_id, user_id"),
    ];
    create(GROUP_KEYS.name, dialect, &columns)
}

fn earlier_keys(dialect: Dialect) -> String {
    let columns = [
        Number("holder_kind"),
        Id("holder_id"),
        Number("key_id"),
        Number("version"),
        Bytes("check_value"),
        Number("under_key_id"),
        Bytes("held"),
        Key("holder_kind, holder_id, key_id"),
    ];
    create(EARLIER_KEYS.name, dialect, &columns)
}

/// `expires_at` is in seconds since 1970, and stands in the session too, under its authentication.
fn sessions(dialect: Dialect) -> String {
    let columns = [
        Id("session_id"),
        Id("user_id"),
        Number("expires_at"),
        Bytes("session_bytes"),
        Key("session_id"),
        Unique("scope, user_id, session_id"),
        Unique("scope, expires_at, session_id"),
    ];
    create(SESSIONS.name, dialect, &columns)
}
