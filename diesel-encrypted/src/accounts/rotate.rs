//! A new key, for a user who knows their password.

use diesel_encrypted_core::users::Password;

use super::{
    Accounts, account::Account, both, connection::RunAccounts, error::AccountError, renewal::Rotated, unlock::Tried,
};

impl Accounts {
    both! {
        /// Gives a user a new key: an old copy of the database and an old password do not open it. Locks, private keys,
        /// pins and copies of groups' keys go over to it; recovery codes are new; sessions end.
        ///
        /// What is sealed under the key before opens as long as the account holds that: seal it anew by
        /// [`Maintenance::reseal`](crate::maintenance::Maintenance::reseal).
        ///
        /// # Errors
        /// [`AccountError::Wrong`] for another password, [`AccountError::Changed`] if another call changed the account.
        rotate_key, rotate_key_async => rotate_key_on(account: &Account, password: &str) -> Rotated
    }

    async fn rotate_key_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        password: &str,
    ) -> Result<Rotated, AccountError> {
        let password = Password::new(password);
        let Tried { found, lock, key, .. } =
            self.try_password(connection, account.id(), password.clone(), |_, _, _| Ok(())).await?;
        let account = self.open(connection, found, key).await?;
        self.renew(connection, account, &lock, password, || AccountError::Changed).await
    }
}
