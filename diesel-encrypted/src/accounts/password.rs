//! A new password: 32 bytes are sealed anew.

use diesel_encrypted_core::users::{Lock, Password, PasswordCost, UnlockError, Unlocked, UserId};

use super::{
    Accounts, account::Account, both, connection::RunAccounts, error::AccountError, lock, session, unlock::Tried,
    write::write,
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
}
