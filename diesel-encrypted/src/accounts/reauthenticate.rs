//! After another key of the application vouches for users: what the one before vouched for, brought to it.

use diesel_encrypted_core::{
    format::lock::{LOCK_LEN, LockKind},
    users::{Authority, GroupId, GroupRecord, UserId},
};

use super::{
    Accounts, both,
    connection::RunAccounts,
    error::AccountError,
    lock,
    record::{self, At},
    statements::{Row, Table},
    tables::{GROUPS, LOCKS, SESSIONS, USERS},
    write::{Writes, count_by, read_by, write},
};
use crate::{
    maintenance::authority::now,
    store::{rows::scope_column, statement::Statement},
};

/// How many rows are read, and written in one transaction.
const PAGE: usize = 100;

/// What came of [`Accounts::reauthenticate`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reauthenticated {
    /// Records of users, erased ones included, that the present key vouches for now.
    pub users: u64,
    /// Records of groups.
    pub groups: u64,
    /// Escrow locks that the present key opens now.
    pub escrow: u64,
    /// Rows that were left, because they are not what an earlier key vouched for: altered, or of a key that is gone. Each is
    /// logged.
    pub refused: u64,
    /// Locks of questions that need an earlier key, and will until their users make new ones: nobody else has the answers.
    /// Keep that key retired for as long.
    pub questions: u64,
    /// Sessions that need an earlier key, until they run out.
    pub sessions: u64,
}

impl Reauthenticated {
    /// Whether no row needs an earlier key.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.refused == 0 && self.questions == 0 && self.sessions == 0
    }
}

impl Accounts {
    both! {
        /// Lets the application's present key vouch for every user and group, and open every escrow lock, where an earlier
        /// one does: after [`ActivateKeys`](crate::key_life::ActivateKeys) of the authority's key.
        ///
        /// It reads a hundred rows at a time, and writes each if it is still as it was read, so that it can run beside
        /// everything else; what was done stays done, and the next call goes on with the rest. What the earlier key vouched
        /// for is believed once more: it cannot tell what somebody who had that key made of their own.
        ///
        /// # Errors
        /// [`AccountError`] of the database and of the vault. Rows that cannot be taken over are counted.
        reauthenticate, reauthenticate_async => reauthenticate_on() -> Reauthenticated
    }

    async fn reauthenticate_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
    ) -> Result<Reauthenticated, AccountError> {
        let mut report = Reauthenticated::default();
        let authority = self.authority()?;
        let scope = scope_column(authority.scope());
        let mut after = Some(Vec::new());
        while let Some(last) = after {
            let rows = page(connection, &USERS, &scope, others(&authority), [&last, &[]]).await?;
            after = last_of(&rows, "user_id");
            let renewed = rows.iter().map(|row| self.renewed_user(&authority, row));
            report.users += report.settle(connection, renewed.collect()).await?;
        }
        let mut after = Some(Vec::new());
        while let Some(last) = after {
            let rows = page(connection, &GROUPS, &scope, others(&authority), [&last, &[]]).await?;
            after = last_of(&rows, "group_id");
            let renewed = rows.iter().map(|row| self.renewed_group(&authority, &scope, row));
            report.groups += report.settle(connection, renewed.collect()).await?;
        }
        let mut after = Some((Vec::new(), Vec::new()));
        while let Some((user, lock)) = after {
            let escrow = locks_of_others(&authority, LockKind::Escrow);
            let rows = page(connection, &LOCKS, &scope, escrow, [&user, &lock]).await?;
            after = last_of(&rows, "user_id").zip(last_of(&rows, "lock_id"));
            let mut renewed = Vec::with_capacity(rows.len());
            for row in &rows {
                renewed.push(self.renewed_escrow(connection, &authority, row).await);
            }
            report.escrow += report.settle(connection, renewed).await?;
        }
        let questions = locks_of_others(&authority, LockKind::Questions);
        report.questions = count(connection, &LOCKS, &scope, questions).await?;
        report.sessions = count(connection, &SESSIONS, &scope, sessions_of_others(&authority)).await?;
        Ok(report)
    }

    fn renewed_user(&self, authority: &Authority, row: &Row) -> Result<Statement, AccountError> {
        let id = UserId::stored(row.bytes("user_id")?).ok_or_else(|| row.bad("user_id"))?;
        let (at, record) = (At::new(authority, &id)?, record::stored(row, id)?);
        let renewed = self.authority_for(record.authority_key_id)?.renew(&record)?;
        let to = [("authority_key_id", renewed.authority_key_id.into()), ("mac", (&renewed.mac).into())];
        Ok(USERS.update(&to, &at.and([("mac", (&record.mac).into())])))
    }

    fn renewed_group(&self, authority: &Authority, scope: &[u8], row: &Row) -> Result<Statement, AccountError> {
        let bytes = row.bytes("group_id")?;
        let mut record = GroupRecord::empty(GroupId::stored(bytes).ok_or_else(|| row.bad("group_id"))?);
        record.authority_key_id = row.id("authority_key_id")?;
        (record.key_id, record.version) = (row.id("key_id")?, row.id("version")?);
        (record.check, record.mac) = (row.array("check_value")?, row.array("mac")?);
        let renewed = authority.renew_group(&record)?;
        let to = [("authority_key_id", renewed.authority_key_id.into()), ("mac", (&renewed.mac).into())];
        let of = [("scope", scope.into()), ("group_id", bytes.into()), ("mac", (&record.mac).into())];
        Ok(GROUPS.update(&to, &of))
    }

    async fn renewed_escrow<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        authority: &Authority,
        row: &Row,
    ) -> Result<Statement, AccountError> {
        let id = UserId::stored(row.bytes("user_id")?).ok_or_else(|| row.bad("user_id"))?;
        let at = At::new(authority, &id)?;
        let old = lock::stored(row)?;
        let found = self.find(connection, &at).await?.ok_or(AccountError::Changed)?;
        lock::replace(&at, &old, &authority.renew_escrow(&found.known, &old)?)
    }
}

impl Reauthenticated {
    /// Writes what is to replace rows, each if it is as it was read, and gives how many were. What is not to be replaced is
    /// counted.
    async fn settle<How, C: RunAccounts<How>>(
        &mut self,
        connection: &mut C,
        renewed: Vec<Result<Statement, AccountError>>,
    ) -> Result<u64, AccountError> {
        let mut writes = Writes::new();
        for statement in renewed {
            match statement {
                Ok(statement) => writes = writes.any(statement),
                Err(error @ (AccountError::Database(_) | AccountError::Vault(_))) => return Err(error),
                // Erased since.
                Err(AccountError::Changed) => {}
                Err(error) => {
                    tracing::warn!(%error, "a row of accounts was not brought to the present key");
                    self.refused += 1;
                }
            }
        }
        Ok(write(connection, writes).await?.into_iter().map(|count| u64::try_from(count).unwrap_or(0)).sum())
    }
}

/// Records that another key vouches for.
fn others(authority: &Authority) -> Statement {
    Statement::new().sql("authority_key_id <> ").number(authority.key_id())
}

/// Locks of a kind that need another key, with whose id their tail begins. SQL counts from 1.
fn locks_of_others(authority: &Authority, kind: LockKind) -> Statement {
    let (kind, tail) = (kind as u8, LOCK_LEN + 1);
    let condition = format!("kind = {kind} AND substr(lock_bytes, {tail}, 4) <> ");
    Statement::new().made(condition).bytes(&authority.key_id().to_be_bytes())
}

fn sessions_of_others(authority: &Authority) -> Statement {
    let statement = Statement::new().sql("substr(session_bytes, 2, 4) <> ").bytes(&authority.key_id().to_be_bytes());
    statement.sql(" AND expires_at > ").words(|dialect| now(dialect).to_owned())
}

/// The rows of a tenant that are `which`, behind those keys, in their order.
async fn page<How, C: RunAccounts<How>>(
    connection: &mut C,
    table: &'static Table,
    scope: &[u8],
    which: Statement,
    [holder, lock]: [&[u8]; 2],
) -> Result<Vec<Row>, AccountError> {
    let statement = table.select(&[("scope", scope.into())]).sql(" AND ").then(which);
    let statement = match table.name == LOCKS.name {
        false if table.name == GROUPS.name => statement.sql(" AND group_id > ").bytes(holder).sql(" ORDER BY group_id"),
        false => statement.sql(" AND user_id > ").bytes(holder).sql(" ORDER BY user_id"),
        true => statement
            .sql(" AND (user_id > ")
            .bytes(holder)
            .sql(" OR (user_id = ")
            .bytes(holder)
            .sql(" AND lock_id > ")
            .bytes(lock)
            .sql(")) ORDER BY user_id, lock_id"),
    };
    read_by(connection, table, statement.made(format!(" LIMIT {PAGE}"))).await
}

/// The key of the last row of a page, if there may be another page.
fn last_of(rows: &[Row], column: &'static str) -> Option<Vec<u8>> {
    rows.get(PAGE - 1)?.bytes_or_null(column).map(<[u8]>::to_vec)
}

async fn count<How, C: RunAccounts<How>>(
    connection: &mut C,
    table: &'static Table,
    scope: &[u8],
    which: Statement,
) -> Result<u64, AccountError> {
    let of = [("scope", scope.into())];
    let count = count_by(connection, table.count(&of).sql(" AND ").then(which)).await?;
    Ok(u64::try_from(count).unwrap_or(u64::MAX))
}
