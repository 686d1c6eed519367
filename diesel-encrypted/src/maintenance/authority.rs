//! What names a key of the authority, in the tables of accounts: counted by SQL alone, before that key is destroyed.

use diesel_encrypted_core::format::lock::{LOCK_LEN, LockKind};

use super::{
    MaintenanceConnection, MaintenanceError,
    counting::{count, counted, sum},
    table,
};
use crate::backend::Dialect;

/// The rows that name one key of the authority.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuthorityRows {
    /// Records of users, erased ones included.
    pub users: u64,
    /// Records of groups.
    pub groups: u64,
    /// Escrow locks.
    pub escrow: u64,
    /// Locks of questions, which only their users' answers bring to another key.
    pub questions: u64,
    /// Sessions that have not run out.
    pub sessions: u64,
    /// The query that counts them all.
    pub query: String,
}

impl AuthorityRows {
    /// All of them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.users + self.groups + self.escrow + self.questions + self.sessions
    }

    /// From the counts of [`conditions`], in their order.
    fn of([users, groups, escrow, questions, sessions]: [u64; 5], dialect: Dialect, key_id: u32) -> Self {
        let counts = conditions(dialect, key_id).map(|(table, which)| count(table, &which));
        Self { users, groups, escrow, questions, sessions, query: sum(&counts) }
    }
}

/// Where a key of the authority is named, and the condition of the rows that do.
fn conditions(dialect: Dialect, key_id: u32) -> [(&'static str, String); 5] {
    let hex = format!("{key_id:08x}");
    let literal = match dialect {
        Dialect::Postgres => format!("'\\x{hex}'::bytea"),
        Dialect::Sqlite | Dialect::Mysql => format!("x'{hex}'"),
    };
    let now = now(dialect);
    // The tail of such a lock begins with it; SQL counts from 1.
    let lock =
        |kind: LockKind| format!("kind = {} AND substr(lock_bytes, {}, 4) = {literal}", kind as u8, LOCK_LEN + 1);
    [
        ("encryption_users", format!("authority_key_id = {key_id}")),
        ("encryption_groups", format!("authority_key_id = {key_id}")),
        ("encryption_locks", lock(LockKind::Escrow)),
        ("encryption_locks", lock(LockKind::Questions)),
        ("encryption_sessions", format!("substr(session_bytes, 2, 4) = {literal} AND expires_at > {now}")),
    ]
}

/// Seconds since 1970, as sessions have them.
pub(crate) fn now(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "CAST(strftime('%s', 'now') AS INTEGER)",
        Dialect::Postgres => "extract(epoch FROM clock_timestamp())::bigint",
        Dialect::Mysql => "UNIX_TIMESTAMP()",
    }
}

/// Counts the rows that name this key of the authority, of whatever scope. `None` if this database does not have the tables
/// of accounts: they may be in another.
///
/// # Errors
/// [`MaintenanceError`] if the database fails.
pub fn authority_rows<C: MaintenanceConnection>(
    connection: &mut C,
    key_id: u32,
) -> Result<Option<AuthorityRows>, MaintenanceError> {
    let dialect = table::dialect(connection)?;
    match table::Table::of(connection, dialect, "encryption_users") {
        Ok(_) => {}
        Err(MaintenanceError::NoTable { .. }) => return Ok(None),
        Err(error) => return Err(error),
    }
    let mut counts = [0; 5];
    for (place, (table, which)) in counts.iter_mut().zip(conditions(dialect, key_id)) {
        *place = counted(connection, dialect, &count(table, &which))?;
    }
    Ok(Some(AuthorityRows::of(counts, dialect, key_id)))
}
