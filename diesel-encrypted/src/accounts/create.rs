//! A user's account, made: record, password lock, recovery codes and key pair.

use std::sync::Arc;

use diesel_encrypted_core::users::{
    Authority, Lock, Member, Password, PasswordCost, PublicKeys, RecoveryCode, SealedMember, Suite, UserId, UserKey,
    UserRecord,
};

#[cfg(feature = "bcrypt")]
use diesel_encrypted_core::users::CarriedOver;

use super::{
    Accounts,
    account::Account,
    both, compute,
    connection::RunAccounts,
    error::AccountError,
    key_pair, lock,
    record::{self, At, Found},
    write::{Writes, write},
};

/// An account that was made, and signed in to.
#[derive(Debug)]
#[must_use = "the recovery codes are shown once: nothing else has them"]
pub struct Created {
    /// The account.
    pub account: Account,
    /// The recovery codes, to be shown once and printed.
    pub codes: Vec<RecoveryCode>,
}

/// What is made before anything is written.
struct New {
    key: UserKey,
    record: UserRecord,
    locks: Vec<Lock>,
    codes: Vec<RecoveryCode>,
    member: Member,
    public: PublicKeys,
    sealed: SealedMember,
}

impl New {
    fn make(
        authority: &Authority,
        id: UserId,
        password: &Password,
        cost: PasswordCost,
        suite: Suite,
        codes: usize,
    ) -> Result<Self, AccountError> {
        let key = authority.create(id)?;
        let (lock, _) = Lock::for_password(&key, password.as_str(), cost)?;
        let (codes, mut locks) = lock::of_codes(&key, codes)?;
        locks.push(lock);
        let member = Member::generate(&key, suite)?;
        let (public, sealed) = (member.publish(), member.seal(&key)?);
        let record = authority.record(&key, Some(member.fingerprint()))?;
        Ok(Self { key, record, locks, codes, member, public, sealed })
    }

    fn writes(&self, at: &At) -> Result<Writes, AccountError> {
        let record = Writes::new().one_or(record::insert(at, &self.record), || AccountError::Exists);
        let locks = self
            .locks
            .iter()
            .try_fold(record, |writes, lock| Ok::<_, AccountError>(writes.one(lock::insert(at, lock)?)));
        Ok(locks?.one(key_pair::insert(at, &self.public, &self.sealed)))
    }
}

impl Accounts {
    both! {
        /// Makes the account of a user: a new key, a lock that `password` opens, recovery codes and a key pair.
        ///
        /// The application's own row of the user is written in the same transaction, around this call.
        ///
        /// # Errors
        /// [`AccountError::Exists`] if the id has an account, or had one that was erased.
        create, create_async => create_on(id: &UserId, password: &str) -> Created
    }

    async fn create_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        password: &str,
    ) -> Result<Created, AccountError> {
        self.create_with(connection, id, Password::new(password)).await
    }

    #[cfg(feature = "bcrypt")]
    both! {
        /// Makes the account of a user of an existing system, by the password that their bcrypt hash knew. In one transaction,
        /// delete the hash: as long as it is there, it is what is guessed at.
        ///
        /// # Errors
        /// As [`create`](Self::create).
        carry_over, carry_over_async => carry_over_on(id: &UserId, carried: CarriedOver) -> Created
    }

    #[cfg(feature = "bcrypt")]
    async fn carry_over_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        carried: CarriedOver,
    ) -> Result<Created, AccountError> {
        self.create_with(connection, id, carried.into_password()).await
    }

    async fn create_with<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        id: &UserId,
        password: Password,
    ) -> Result<Created, AccountError> {
        let authority = self.authority()?;
        let at = At::new(&authority, id)?;
        // Not to derive a key in vain. Whoever comes in between is found out by the row itself.
        if self.is_taken(connection, &at).await? {
            return Err(AccountError::Exists);
        }
        let (cost, suite, codes) = (self.cost, self.suite, self.codes);
        let (id, by) = (id.clone(), authority.clone());
        let new = compute(connection, move || New::make(&by, id, &password, cost, suite, codes)).await??;
        write(connection, new.writes(&at)?).await?;
        let known = authority.authenticate(&new.record)?;
        let found = Found { at, record: new.record, known };
        let account = Account { found, key: Arc::new(new.key), earlier: Vec::new(), member: new.member };
        Ok(Created { account, codes: new.codes })
    }
}
