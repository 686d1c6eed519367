//! A user's next key, and all that goes over to it.

use std::sync::Arc;

use diesel_encrypted_core::{
    format::lock::LockKind,
    users::{Authority, Lock, LockId, Member, Password, PasswordCost, Pin, RecoveryCode, SealedMember, UserId},
};

use super::{
    Accounts,
    account::Account,
    carry::{self, Carried, Kept},
    compute,
    connection::RunAccounts,
    earlier,
    error::{AccountError, held},
    key_pair, lock,
    record::Found,
    session,
    sharing::{Copies, copies},
    statements::{Row, Value},
    tables::{KEY_PAIRS, PINS},
    write::{Writes, read, write},
};
use crate::store::statement::Statement;

/// An account with a new key.
#[derive(Debug)]
#[must_use = "the recovery codes are shown once: nothing else has them"]
pub struct Rotated {
    /// The account. Its earlier key opens what is not sealed anew yet.
    pub account: Account,
    /// The recovery codes, to be shown once and printed: those before open nothing any more.
    pub codes: Vec<RecoveryCode>,
    /// The kinds of the locks that did not go over to the new key, and are gone: those that were not to be kept, questions,
    /// whose answers are not at hand, and what was altered. Their user makes them again.
    pub dropped: Vec<LockKind>,
}

/// What goes over.
struct Renewal {
    account: Account,
    /// Every lock of the user.
    locks: Vec<Kept>,
    pins: Vec<Pin>,
    copies: Copies,
    password: Password,
    /// The locks that go over as well.
    kept: Vec<LockId>,
}

/// What it became.
struct Renewed {
    account: Account,
    sealed: SealedMember,
    codes: Vec<RecoveryCode>,
    locks: Vec<Kept>,
    pins: Vec<Pin>,
    copies: Copies,
    /// The statement's part that holds the earlier key.
    held: Vec<u8>,
    dropped: Vec<LockKind>,
}

impl Renewal {
    fn make(self, authority: &Authority, cost: PasswordCost, codes: usize) -> Result<Renewed, AccountError> {
        let Self {
            account: Account { found, key: old, mut earlier, member },
            locks: old_locks,
            pins,
            copies,
            password,
            kept,
        } = self;
        let key = old.successor()?;
        let (lock, _) = Lock::for_password(&key, password.as_str(), cost)?;
        let (codes, new) = lock::of_codes(&key, codes)?;
        let Carried { mut locks, dropped } = carry::over(authority, &found.known, (&old, &key), old_locks, &kept)?;
        locks.extend(new.into_iter().chain([lock]).map(Kept::from));
        let pins = pins.iter().map(|pin| pin.renew(&old, &key)).collect::<Result<_, _>>().map_err(held(PINS.name))?;
        let sealed = member.seal(&key)?;
        let member = Member::open(&key, &member.publish(), &sealed).map_err(held(KEY_PAIRS.name))?;
        let held = key.hold_earlier(&old)?;
        let record = authority.record(&key, found.record.identity)?;
        let found = Found { known: authority.authenticate(&record)?, record, at: found.at };
        earlier.insert(0, old);
        let account = Account { found, key: Arc::new(key), earlier, member };
        Ok(Renewed { account, sealed, codes, locks, pins, copies, held, dropped })
    }
}

impl Renewed {
    /// Adds what is to be written, behind the record and what was spent.
    fn writes(&self, mut writes: Writes, old_locks: Vec<Statement>) -> Result<Writes, AccountError> {
        let Account { found, key, earlier, member } = &self.account;
        let at = &found.at;
        // One by one: a lock that was removed meanwhile would else come back in the place of one that was added.
        writes = old_locks.into_iter().fold(writes, Writes::one).exactly(lock::delete_all(at), 0);
        for kept in &self.locks {
            writes = writes.one(lock::insert_kept(at, kept)?);
        }
        writes = writes.one(key_pair::seal(at, member, &self.sealed));
        if let Some(old) = earlier.first() {
            writes = writes.one(earlier::insert(&at.scope, old, key, &self.held));
        }
        let owner = |more: &[(&'static str, Value)]| {
            [&[("scope", at.scope.clone().into()), ("owner_id", at.id.as_bytes().into())], more].concat()
        };
        writes = writes.exactly(PINS.delete(&owner(&[])), self.pins.len());
        for pin in &self.pins {
            let columns = [
                ("user_id", pin.user.as_bytes().into()),
                ("fingerprint", (&pin.fingerprint).into()),
                ("mac", (&pin.mac).into()),
            ];
            writes = writes.one(PINS.insert(&owner(&columns)));
        }
        writes = self.copies.renew(at, key, writes)?;
        Ok(writes.any(session::end_all(at)))
    }
}

impl Accounts {
    /// Gives a user a new key and a new password, by a lock that was opened and is spent with it. `otherwise` is what it
    /// means if another call has spent it. Of the other locks, `kept` go over.
    pub(super) async fn renew<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: Account,
        spent: &Lock,
        password: Password,
        kept: Vec<LockId>,
        otherwise: fn() -> AccountError,
    ) -> Result<Rotated, AccountError> {
        let authority = self.authority()?;
        let (cost, codes, found) = (self.cost, self.codes, account.found.clone());
        let locks = lock::all_kept(connection, &found.at).await?;
        let pins = [("scope", found.at.scope.clone().into()), ("owner_id", found.at.id.as_bytes().into())];
        let pins = read(connection, &PINS, &pins).await?.iter().map(pin).collect::<Result<_, _>>()?;
        let others = locks.iter().filter(|kept| kept.lock.id() != spent.id());
        let old_locks = others.map(|kept| lock::delete_as_read(&found.at, &kept.lock)).collect();
        let copies = copies(self, connection, &found.at, &account.key).await?;
        let renewal = Renewal { account, locks, pins, copies, password, kept };
        let renewed = compute(connection, move || renewal.make(&authority, cost, codes)).await??;
        let writes = found.replacing(&renewed.account.found.record);
        let writes = writes.one_or(lock::delete(&found.at, spent)?, otherwise);
        write(connection, renewed.writes(writes, old_locks)?).await?;
        Ok(Rotated { account: renewed.account, codes: renewed.codes, dropped: renewed.dropped })
    }
}

fn pin(row: &Row) -> Result<Pin, AccountError> {
    let user = UserId::stored(row.bytes("user_id")?).ok_or_else(|| row.bad("user_id"))?;
    Ok(Pin::stored(user, row.array("fingerprint")?, row.array("mac")?))
}
