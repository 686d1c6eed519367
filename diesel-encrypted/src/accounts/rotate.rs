//! A new key, for a user who knows their password.

use diesel_encrypted_core::users::{LockId, Password};

use super::{
    Accounts, account::Account, both, connection::RunAccounts, error::AccountError, renewal::Rotated, unlock::Tried,
};

impl Accounts {
    both! {
        /// Gives a user a new key: an old copy of the database and an old password do not open it. The password, private
        /// keys, pins and copies of groups' keys go over to it; recovery codes are new; sessions end. Every other lock is
        /// gone, because whoever has the key before and writes to the database can have put one there: make them again.
        ///
        /// What is sealed under the key before opens as long as the account holds that: seal it anew by
        /// [`Maintenance::reseal`](crate::maintenance::Maintenance::reseal).
        ///
        /// # Errors
        /// [`AccountError::Wrong`] for another password, [`AccountError::Changed`] if another call changed the account.
        rotate_key, rotate_key_async => rotate_key_on(account: &Account, password: &str) -> Rotated

        /// [`rotate_key`](Self::rotate_key) that takes these locks over, of private keys and of the application: for a new
        /// key by custom, where nobody else has the one before. Who has that chooses whom such a lock is for.
        ///
        /// # Errors
        /// As [`rotate_key`](Self::rotate_key).
        rotate_key_keeping, rotate_key_keeping_async =>
            rotate_key_keeping_on(account: &Account, password: &str, locks: &[LockId]) -> Rotated
    }

    async fn rotate_key_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        password: &str,
    ) -> Result<Rotated, AccountError> {
        self.rotate_key_keeping_on(connection, account, password, &[]).await
    }

    async fn rotate_key_keeping_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        password: &str,
        locks: &[LockId],
    ) -> Result<Rotated, AccountError> {
        let password = Password::new(password);
        let Tried { found, lock, key, .. } =
            self.try_password(connection, account.id(), password.clone(), |_, _, _| Ok(())).await?;
        let account = self.open(connection, found, key).await?;
        self.renew(connection, account, &lock, password, locks.to_vec(), || AccountError::Changed).await
    }
}
