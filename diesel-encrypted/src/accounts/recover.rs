//! Recovery codes: used once, and replaced.

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{Lock, LockId, Password, RecoveryCode, UserId, decoy_unlock},
};

use super::{
    Accounts,
    account::Account,
    both, compute,
    connection::RunAccounts,
    create::Created,
    error::AccountError,
    lock,
    record::At,
    renewal::Rotated,
    session,
    write::{Writes, write},
};

impl Accounts {
    both! {
        /// Opens an account by a recovery code, and gives it a new password, a new key and a new set of codes; sessions end.
        /// What goes over to the new key is what [`rotate_key`](Self::rotate_key) takes: no lock.
        /// The code is spent in the transaction that does so, and of two calls with one code one is done.
        ///
        /// Whichever way it fails costs one run of the password's KDF.
        ///
        /// # Errors
        /// [`AccountError::Wrong`] for a code that is another's, was used or replaced, and for a user who is unknown or
        /// erased.
        recover, recover_async => recover_on(id: &UserId, code: &RecoveryCode, password: &str) -> Rotated

        /// [`recover`](Self::recover) without a new key: for where nobody else had the password that is replaced.
        ///
        /// # Errors
        /// As [`recover`](Self::recover).
        recover_keeping_key, recover_keeping_key_async =>
            recover_keeping_key_on(id: &UserId, code: &RecoveryCode, password: &str) -> Created

        /// Replaces the set of recovery codes.
        ///
        /// # Errors
        /// [`AccountError::Changed`] if another call changed the account meanwhile.
        new_codes, new_codes_async => new_codes_on(account: &Account) -> Vec<RecoveryCode>
    }

    async fn recover_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        code: &RecoveryCode,
        password: &str,
    ) -> Result<Rotated, AccountError> {
        let password = Password::new(password);
        let (account, spent) = self.by_code(connection, id, code, &password).await?;
        self.renew(connection, account, &spent, password, Vec::new(), || AccountError::Wrong).await
    }

    async fn recover_keeping_key_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        code: &RecoveryCode,
        password: &str,
    ) -> Result<Created, AccountError> {
        let (password, cost, count) = (Password::new(password), self.cost, self.codes);
        let (account, spent) = self.by_code(connection, id, code, &password).await?;
        let at = account.found.at.clone();
        let mut old = lock::of_kind(connection, &at, LockKind::RecoveryCode).await?;
        old.retain(|lock| lock.id() != spent.id());
        old.extend(lock::of_kind(connection, &at, LockKind::Password).await?);
        let (account, codes, new) = compute(connection, move || {
            let (codes, mut locks) = lock::of_codes(&account.key, count)?;
            locks.push(Lock::for_password(&account.key, password.as_str(), cost)?.0);
            Ok::<_, AccountError>((account, codes, locks))
        })
        .await??;
        let spend = account.found.unchanged().one_or(lock::delete(&at, &spent)?, || AccountError::Wrong);
        write(connection, replaced(spend, &at, &old, &new)?.any(session::end_all(&at))).await?;
        Ok(Created { account, codes })
    }

    async fn new_codes_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
    ) -> Result<Vec<RecoveryCode>, AccountError> {
        let found = &account.found;
        let old = lock::of_kind(connection, &found.at, LockKind::RecoveryCode).await?;
        let (codes, new) = lock::of_codes(&account.key, self.codes)?;
        write(connection, replaced(found.unchanged(), &found.at, &old, &new)?).await?;
        Ok(codes)
    }

    /// Whom a code lets in, and the lock that it opened. What it is not costs what it would have.
    async fn by_code<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        code: &RecoveryCode,
        password: &Password,
    ) -> Result<(Account, Lock), AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let found = self.find(connection, &at).await?;
        // Asked for a user whom there is not as well: it takes its time.
        let id = found.as_ref().map_or(LockId::new([0; 16]), |found| code.lock_id(found.known.place()));
        if let Some((found, lock)) = found.zip(lock::of_id(connection, &at, id).await?) {
            let opened = lock.open_with_recovery_code(&found.known, code);
            let key = self.settle(connection, &found, opened).await?;
            return Ok((self.open(connection, found, key).await?, lock));
        }
        let (password, cost) = (password.clone(), self.cost);
        Err(compute(connection, move || decoy_unlock(password.as_str(), cost)).await?.into())
    }
}

/// Adds that `new` locks come in the place of `old` ones.
pub(super) fn replaced(mut writes: Writes, at: &At, old: &[Lock], new: &[Lock]) -> Result<Writes, AccountError> {
    for lock in old {
        writes = writes.one(lock::delete(at, lock)?);
    }
    for lock in new {
        writes = writes.one(lock::insert(at, lock)?);
    }
    Ok(writes)
}
