//! Sessions: an unlocked key between two requests, which neither the row nor the client's token opens alone.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use diesel_encrypted_core::users::{SessionError, SessionToken, UserId};

use super::{
    Accounts,
    account::Account,
    both,
    connection::RunAccounts,
    error::AccountError,
    record::At,
    statements::Value,
    tables::SESSIONS,
    write::{Writes, read, write},
};
use crate::store::{rows::scope_column, statement::Statement};

impl Accounts {
    both! {
        /// Begins a session that ends after `lifetime`: what the client keeps of it.
        ///
        /// # Errors
        /// [`AccountError::Changed`] if the account has another key by now, or was erased.
        begin_session, begin_session_async => begin_session_on(account: &Account, lifetime: Duration) -> SessionToken

        /// Goes on with a session: the account, unlocked, by the client's token.
        ///
        /// # Errors
        /// [`AccountError::Session`] if the session is over, was ended, or is not the token's.
        resume_session, resume_session_async => resume_session_on(token: &SessionToken) -> Account

        /// Ends a session. One that is over stays so.
        ///
        /// # Errors
        /// What the database says.
        end_session, end_session_async => end_session_on(token: &SessionToken) -> ()

        /// Ends every session of a user: how many there were.
        ///
        /// # Errors
        /// What the database says.
        end_sessions, end_sessions_async => end_sessions_on(id: &UserId) -> usize

        /// Removes the rows of sessions whose time is over: how many there were. They open nothing; call it now and then.
        ///
        /// # Errors
        /// What the database says.
        remove_expired_sessions, remove_expired_sessions_async => remove_expired_sessions_on() -> usize
    }

    async fn begin_session_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        lifetime: Duration,
    ) -> Result<SessionToken, AccountError> {
        let expires = SystemTime::now().checked_add(lifetime).ok_or(AccountError::Lifetime)?;
        let (token, session) = self.authority()?.begin_session(&account.key, expires)?;
        let columns =
            [("session_id", token.id().into()), ("expires_at", seconds(expires)), ("session_bytes", session.into())];
        let found = &account.found;
        write(connection, found.unchanged().one(SESSIONS.insert(&found.at.and(columns)))).await?;
        Ok(token)
    }

    async fn resume_session_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        token: &SessionToken,
    ) -> Result<Account, AccountError> {
        let rows = read(connection, &SESSIONS, &self.of_token(token)?).await?;
        let row = rows.first().ok_or(SessionError::Closed)?;
        let id = UserId::stored(row.bytes("user_id")?).ok_or_else(|| row.bad("user_id"))?;
        let session = row.bytes("session_bytes")?;
        let at = At::new(&*self.authority()?, &id)?;
        let found = self.find(connection, &at).await?.ok_or(SessionError::Closed)?;
        let key_id = session.get(1..5).and_then(|id| id.try_into().ok()).map(u32::from_be_bytes);
        let authority = self.authority_for(key_id.unwrap_or_default())?;
        let key = authority.resume_session(&found.known, token, session, SystemTime::now())?;
        self.open(connection, found, key).await
    }

    async fn end_session_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        token: &SessionToken,
    ) -> Result<(), AccountError> {
        let end = SESSIONS.delete(&self.of_token(token)?);
        write(connection, Writes::new().any(end)).await.map(drop)
    }

    async fn end_sessions_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
    ) -> Result<usize, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        Ok(write(connection, Writes::new().any(end_all(&at))).await?.iter().sum())
    }

    async fn remove_expired_sessions_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
    ) -> Result<usize, AccountError> {
        let scope = [("scope", scope_column(self.authority()?.scope()).into())];
        let over = SESSIONS.delete(&scope).sql(" AND expires_at <= ");
        let Value::Number(now) = seconds(SystemTime::now()) else { return Ok(0) };
        Ok(write(connection, Writes::new().any(over.number(now))).await?.iter().sum())
    }

    fn of_token(&self, token: &SessionToken) -> Result<[(&'static str, Value); 2], AccountError> {
        Ok([("scope", scope_column(self.authority()?.scope()).into()), ("session_id", token.id().into())])
    }
}

/// Ends every session of a user.
pub(super) fn end_all(at: &At) -> Statement {
    SESSIONS.delete(&at.user())
}

/// Ends the sessions of a user that are over by then, and none if that is never.
pub(super) fn end_until(at: &At, last: Option<i64>) -> Statement {
    end_all(at).sql(" AND expires_at <= ").number(last.unwrap_or(i64::MIN))
}

/// Since 1970.
pub(super) fn seconds(time: SystemTime) -> Value {
    let seconds = time.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
    i64::try_from(seconds).unwrap_or(i64::MAX).into()
}
