//! Signing in by a password.

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{KnownUser, Lock, Password, PasswordCost, UnlockError, Unlocked, UserId, UserKey, decoy_unlock},
};

use super::{
    Accounts,
    account::Account,
    both, compute,
    connection::RunAccounts,
    error::AccountError,
    lock,
    record::{At, Found},
    write::write,
};

/// What a password opened, and what was made of it.
pub(super) struct Tried<T> {
    pub(super) found: Found,
    pub(super) lock: Lock,
    pub(super) key: UserKey,
    pub(super) made: T,
}

impl Accounts {
    both! {
        /// Opens a user's key by their password. Costs one run of the lock's KDF, whether there is such a user or not.
        ///
        /// A lock that costs less to guess at than is wanted now is replaced, and a record that an earlier key of the
        /// application vouches for is renewed.
        ///
        /// # Errors
        /// [`AccountError::Wrong`] for another password, and for a user who is unknown or erased.
        unlock, unlock_async => unlock_on(id: &UserId, password: &str) -> Account
    }

    async fn unlock_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        password: &str,
    ) -> Result<Account, AccountError> {
        let Tried { found, lock, key, made: costlier } =
            self.try_password(connection, id, Password::new(password), costlier).await?;
        let mut account = self.open(connection, found, key).await?;
        if let Some(new) = costlier {
            let at = &account.found.at;
            let writes = account.found.unchanged().one(lock::replace(at, &lock, &new)?);
            unless_changed(write(connection, writes).await)?;
        }
        self.renew_record(connection, &mut account).await?;
        Ok(account)
    }

    /// Opens a user's password lock, and makes something of it before the processor is left.
    pub(super) async fn try_password<How, C: RunAccounts<How>, T: Send + 'static>(
        &self,
        connection: &mut C,
        id: &UserId,
        password: Password,
        make: impl FnOnce(&Unlocked, &Password, PasswordCost) -> Result<T, UnlockError> + Send + 'static,
    ) -> Result<Tried<T>, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let found = self.find(connection, &at).await?;
        let lock = lock::only(connection, &at, LockKind::Password).await?;
        let cost = self.cost;
        let Some((found, lock)) = found.zip(lock) else {
            let error = compute(connection, move || decoy_unlock(password.as_str(), cost)).await?;
            return Err(self.explain(connection, &at, None, error.into()).await);
        };
        let (user, tried): (KnownUser, Lock) = (found.known.clone(), lock.clone());
        let opened = compute(connection, move || {
            let unlocked = tried.open_with_password(&user, password.as_str(), cost)?;
            let made = make(&unlocked, &password, cost)?;
            Ok::<_, UnlockError>((unlocked.key, made))
        });
        let opened = opened.await?;
        let (key, made) = self.settle(connection, &found, opened).await?;
        Ok(Tried { found, lock, key, made })
    }

    /// Lets the present key of the application vouch for a user whom an earlier one vouched for.
    async fn renew_record<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &mut Account,
    ) -> Result<(), AccountError> {
        let (found, authority) = (&account.found, self.authority()?);
        if found.record.authority_key_id == authority.key_id() {
            return Ok(());
        }
        let record = authority.record(&account.key, found.record.identity)?;
        if unless_changed(write(connection, found.replacing(&record)).await)? {
            account.found.record = record;
        }
        Ok(())
    }
}

/// A lock of the same password that costs what is wanted now, where this one costs less.
fn costlier(unlocked: &Unlocked, password: &Password, cost: PasswordCost) -> Result<Option<Lock>, UnlockError> {
    let make = || Lock::for_password(&unlocked.key, password.as_str(), cost).map(|(lock, _)| lock);
    unlocked.needs_upgrade.then(make).transpose()
}

/// Whether it was written. What another call did meanwhile need not be done.
fn unless_changed<T>(written: Result<T, AccountError>) -> Result<bool, AccountError> {
    match written {
        Ok(_) => Ok(true),
        Err(AccountError::Changed) => Ok(false),
        Err(error) => Err(error),
    }
}
