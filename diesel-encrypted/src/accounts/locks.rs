//! Locks beside the password and the codes: escrow, security questions, private keys.

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{
        EncryptionKey, EncryptionPublicKey, Lock, LockId, LockRecipient, Password, UnlockError, UserId, decoy_questions,
    },
};

use super::{
    Accounts,
    account::Account,
    both,
    carry::Kept,
    compute,
    connection::RunAccounts,
    error::AccountError,
    lock,
    record::{At, Found},
    recover::replaced,
    renewal::Rotated,
    tables::LOCKS,
    write::write,
};

/// A lock of an account: which it is, and what opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LockInfo {
    /// Its id.
    pub id: LockId,
    /// What opens it.
    pub kind: LockKind,
}

impl Accounts {
    both! {
        /// The locks of an account: a password, recovery codes that are left, and what was added.
        ///
        /// # Errors
        /// [`AccountError::UnknownUser`], and [`AccountError::Lock`] for a row that is no lock.
        locks, locks_async => locks_on(id: &UserId) -> Vec<LockInfo>

        /// Removes a lock that was added. One that is gone stays so.
        ///
        /// # Errors
        /// [`AccountError::NotRemovable`] for a password and recovery codes, and [`AccountError::Changed`].
        remove_lock, remove_lock_async => remove_lock_on(account: &Account, lock: LockId) -> ()

        /// Lets the application open this account by itself, from now on. Tell the user. An account has one such lock: a
        /// second call adds none. One that does not open, which someone else put there, is replaced.
        ///
        /// # Errors
        /// [`AccountError::Changed`] if the account has another key by now, and [`AccountError::BadRow`] if another lock's row
        /// says that it is this.
        add_escrow, add_escrow_async => add_escrow_on(account: &Account) -> ()

        /// Opens an account by its escrow: for what the application does in the absence of its user.
        ///
        /// # Errors
        /// [`AccountError::Wrong`] if there is no such user, or their account is not in escrow.
        unlock_by_escrow, unlock_by_escrow_async => unlock_by_escrow_on(id: &UserId) -> Account

        /// Lets any `needed` of these answers, together with the application, recover this account. Replaces those before.
        /// docs/users.md says what answers are worth.
        ///
        /// # Errors
        /// [`AccountError::Questions`] if the answers are too few or too weak.
        set_questions, set_questions_async => set_questions_on(account: &Account, needed: u8, answers: &[&str]) -> ()

        /// Opens an account by answers, each with the number of its question, from 1, and gives it a new password, a new key
        /// and a new set of codes, as [`recover`](Self::recover) does. The answers are among what is dropped.
        ///
        /// # Errors
        /// [`AccountError::Wrong`] if any answer is, and if there is no such user, or they have no questions.
        recover_by_questions, recover_by_questions_async =>
            recover_by_questions_on(id: &UserId, answers: &[(u8, &str)], password: &str) -> Rotated

        /// Lets whoever has the private key of `public` open this account: another device, a card, someone trusted. The lock
        /// has its id for good, whatever key the account gets.
        ///
        /// # Errors
        /// [`AccountError::Unlock`] if it is no public key.
        add_private_key, add_private_key_async =>
            add_private_key_on(account: &Account, public: &EncryptionPublicKey) -> LockId

        /// Opens an account by a private key and its lock.
        ///
        /// # Errors
        /// [`AccountError::Wrong`] for another key, and if there is no such user, or no such lock.
        unlock_with_private_key, unlock_with_private_key_async =>
            unlock_with_private_key_on(id: &UserId, lock: LockId, private: &EncryptionKey) -> Account
    }

    async fn locks_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
    ) -> Result<Vec<LockInfo>, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        self.find(connection, &at).await?.ok_or(AccountError::UnknownUser)?;
        let locks = lock::all(connection, &at).await?;
        locks.iter().map(|lock| Ok(LockInfo { id: lock.id(), kind: lock.kind().map_err(UnlockError::from)? })).collect()
    }

    async fn remove_lock_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: LockId,
    ) -> Result<(), AccountError> {
        let found = &account.found;
        let Some(lock) = lock::of_id(connection, &found.at, id).await? else { return Ok(()) };
        match lock.kind().map_err(UnlockError::from)? {
            LockKind::Password | LockKind::RecoveryCode => Err(AccountError::NotRemovable),
            _ => write(connection, found.unchanged().one(lock::delete(&found.at, &lock)?)).await.map(drop),
        }
    }

    async fn add_escrow_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
    ) -> Result<(), AccountError> {
        let (Found { at, known, .. }, authority) = (&account.found, self.authority()?);
        let old = lock::of_kind(connection, at, LockKind::Escrow).await?;
        if matches!(&*old, [lock] if authority.open_escrow(known, lock).is_ok()) {
            return Ok(());
        }
        if old.iter().any(|lock| lock.kind() != Ok(LockKind::Escrow)) {
            return Err(AccountError::BadRow { table: LOCKS.name, column: "kind" });
        }
        let lock = authority.escrow(&account.key)?;
        let writes = replaced(account.found.unchanged(), at, &old, &[lock])?;
        write(connection, writes.one(lock::touch(at, LockKind::Escrow))).await.map(drop)
    }

    async fn unlock_by_escrow_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
    ) -> Result<Account, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let found = self.find(connection, &at).await?.ok_or(AccountError::Wrong)?;
        let lock = lock::only(connection, &at, LockKind::Escrow).await?.ok_or(AccountError::Wrong)?;
        let opened = self.authority()?.open_escrow(&found.known, &lock);
        let key = self.settle(connection, &found, opened).await?;
        self.open(connection, found, key).await
    }

    async fn set_questions_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        needed: u8,
        answers: &[&str],
    ) -> Result<(), AccountError> {
        let Found { at, .. } = &account.found;
        let old = lock::of_kind(connection, at, LockKind::Questions).await?;
        let (authority, key) = (self.authority()?, account.key.clone());
        let answers: Vec<_> = answers.iter().map(|answer| Password::new(answer)).collect();
        let lock = compute(connection, move || {
            authority.questions(&key, needed, &answers.iter().map(Password::as_str).collect::<Vec<_>>())
        })
        .await??;
        let writes = replaced(account.found.unchanged(), at, &old, &[lock])?;
        write(connection, writes.one(lock::touch(at, LockKind::Questions))).await.map(drop)
    }

    async fn recover_by_questions_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        answers: &[(u8, &str)],
        password: &str,
    ) -> Result<Rotated, AccountError> {
        let authority = self.authority()?;
        let at = At::new(&authority, id)?;
        let found = self.find(connection, &at).await?;
        let lock = lock::only(connection, &at, LockKind::Questions).await?;
        let answers: Vec<_> = answers.iter().map(|(number, answer)| (*number, Password::new(answer))).collect();
        let Some((found, lock)) = found.zip(lock) else {
            let decoy = move || decoy_questions(&numbered(&answers));
            let error = compute(connection, decoy).await?;
            return Err(self.explain(connection, &at, None, error.into()).await);
        };
        let (user, tried) = (found.known.clone(), lock.clone());
        let opened = compute(connection, move || authority.open_questions(&user, &tried, &numbered(&answers)));
        let opened = opened.await?;
        let key = self.settle(connection, &found, opened).await?;
        let account = self.open(connection, found, key).await?;
        self.renew(connection, account, &lock, Password::new(password), Vec::new(), || AccountError::Wrong).await
    }

    async fn add_private_key_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        public: &EncryptionPublicKey,
    ) -> Result<LockId, AccountError> {
        let found = &account.found;
        let lock = Lock::for_private_key(&account.key, public)?;
        let recipient = Some(LockRecipient::new(&account.key, lock.id(), public));
        let kept = Kept { lock, recipient };
        write(connection, found.unchanged().one(lock::insert_kept(&found.at, &kept)?)).await?;
        Ok(kept.lock.id())
    }

    async fn unlock_with_private_key_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        lock: LockId,
        private: &EncryptionKey,
    ) -> Result<Account, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let found = self.find(connection, &at).await?;
        let lock = lock::of_id(connection, &at, lock).await?;
        let (found, lock) = found.zip(lock).ok_or(AccountError::Wrong)?;
        let opened = lock.open_with_private_key(&found.known, private);
        let key = self.settle(connection, &found, opened).await?;
        self.open(connection, found, key).await
    }
}

fn numbered(answers: &[(u8, Password)]) -> Vec<(u8, &str)> {
    answers.iter().map(|(number, answer)| (*number, answer.as_str())).collect()
}
