//! A new password: 32 bytes are sealed anew.

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{Lock, Password, PasswordCost, UnlockError, Unlocked, UserId},
};

use super::{
    Accounts, account::Account, both, compute, connection::RunAccounts, error::AccountError, lock, record::Found,
    recover::replaced, session, unlock::Tried, write::write,
};

impl Accounts {
    both! {
        /// Replaces the password lock, and ends the user's sessions. Data stays as it is.
        ///
        /// Who has the old password and an old copy of the database opens the key still: where that counts, go on with
        /// [`rotate_key`](Self::rotate_key).
        ///
        /// # Errors
        /// [`AccountError::Wrong`] as [`unlock`](Self::unlock), and [`AccountError::Changed`] if another call changed the
        /// password meanwhile.
        change_password, change_password_async => change_password_on(id: &UserId, old: &str, new: &str) -> Account

        /// Gives a user who is signed in by something else a new password, and ends their sessions. Where a password can be
        /// asked for, ask for it: [`change_password`](Self::change_password).
        ///
        /// # Errors
        /// [`AccountError::Changed`] if another call changed the account meanwhile.
        set_password, set_password_async => set_password_on(account: &Account, new: &str) -> ()
    }

    async fn change_password_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        old: &str,
        new: &str,
    ) -> Result<Account, AccountError> {
        let new = Password::new(new);
        let make = move |unlocked: &Unlocked, _: &Password, cost: PasswordCost| -> Result<Lock, UnlockError> {
            Lock::for_password(&unlocked.key, new.as_str(), cost).map(|(lock, _)| lock)
        };
        let Tried { found, lock, key, made } = self.try_password(connection, id, Password::new(old), make).await?;
        let writes = found.unchanged().one(lock::replace(&found.at, &lock, &made)?).any(session::end_all(&found.at));
        let account = self.open(connection, found, key).await?;
        write(connection, writes).await?;
        Ok(account)
    }

    async fn set_password_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        new: &str,
    ) -> Result<(), AccountError> {
        let Found { at, .. } = &account.found;
        let old = lock::of_kind(connection, at, LockKind::Password).await?;
        let (key, new, cost) = (account.key.clone(), Password::new(new), self.cost);
        let (made, _) = compute(connection, move || Lock::for_password(&key, new.as_str(), cost)).await??;
        let writes = replaced(account.found.unchanged(), at, &old, &[made])?.any(session::end_all(at));
        write(connection, writes.one(lock::touch(at, LockKind::Password))).await.map(drop)
    }
}
