//! Another key pair, and another identity.

use diesel_encrypted_core::users::{GroupId, IdentityChange, Member};

use crate::{
    accounts::{
        Accounts,
        account::Account,
        both,
        connection::RunAccounts,
        error::{AccountError, held},
        key_pair,
        record::Found,
        statements::Value,
        tables::{COPIES, GROUP_KEYS, IDENTITY_CHANGES, KEY_PAIRS},
        write::{Writes, read, write},
    },
    store::statement::Statement,
};

impl Accounts {
    both! {
        /// Gives a user another key pair to be shared with, of the suite of these accounts. What was shared with them and
        /// not opened yet is opened first, since the key before opens it alone.
        ///
        /// # Errors
        /// As [`group`](Self::group) for what was shared; [`AccountError::Changed`].
        rotate_key_pair, rotate_key_pair_async => rotate_key_pair_on(account: &mut Account) -> ()
    }

    both! {
        /// Gives a user another identity, after the private key of the one before was stolen or was too long in use. The
        /// one before signs the change, so that those who know the user follow it. What was shared with them and not opened
        /// yet is opened first.
        ///
        /// Whoever has the key before can still sign such a change: users whom that matters to compare fingerprints.
        ///
        /// # Errors
        /// As [`group`](Self::group) for what was shared; [`AccountError::Changed`].
        change_identity, change_identity_async => change_identity_on(account: &mut Account) -> ()
    }

    async fn rotate_key_pair_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &mut Account,
    ) -> Result<(), AccountError> {
        self.open_shares(connection, account).await?;
        let member = again(account)?.with_new_encryption_key(self.suite)?;
        let writes = replace(account, &member, account.found.unchanged())?;
        write(connection, writes).await?;
        account.member = member;
        Ok(())
    }

    async fn change_identity_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &mut Account,
    ) -> Result<(), AccountError> {
        self.open_shares(connection, account).await?;
        let (member, change) = again(account)?.with_new_identity_key()?;
        let authority = self.authority()?;
        let record = authority.record(&account.key, Some(member.fingerprint()))?;
        let found = Found { at: account.found.at.clone(), known: authority.authenticate(&record)?, record };
        let writes = replace(account, &member, account.found.replacing(&found.record))?;
        let writes = writes.one(self.add_change(connection, account, &change).await?);
        write(connection, writes).await?;
        (account.member, account.found) = (member, found);
        Ok(())
    }

    async fn add_change<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        change: &IdentityChange,
    ) -> Result<Statement, AccountError> {
        let at = &account.found.at;
        let rows = read(connection, &IDENTITY_CHANGES, &at.user()).await?;
        let last = rows.iter().filter_map(|row| row.number("sequence")).max().unwrap_or_default();
        let sequence = Value::from(last.saturating_add(1));
        Ok(IDENTITY_CHANGES.insert(&at.and([("sequence", sequence), ("change_bytes", (&change.to_bytes()).into())])))
    }

    /// Opens every share that the user has not opened yet, and makes its copy.
    async fn open_shares<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
    ) -> Result<(), AccountError> {
        let pending = account.found.at.and([("copy", Value::Null)]);
        for row in read(connection, &COPIES, &pending).await? {
            let id = GroupId::stored(row.bytes("group_id")?).ok_or_else(|| row.bad("group_id"))?;
            self.group_on(connection, account, &id).await?;
        }
        Ok(())
    }
}

/// The same private keys once more, to be changed before anything is written.
fn again(account: &Account) -> Result<Member, AccountError> {
    let sealed = account.member.seal(&account.key)?;
    Member::open(&account.key, &account.member.publish(), &sealed).map_err(held(KEY_PAIRS.name))
}

/// Puts another key pair in the place of the one that is open, if no share of that is left.
fn replace(account: &Account, member: &Member, writes: Writes) -> Result<Writes, AccountError> {
    let at = &account.found.at;
    let (pending, same) = (at.and([("copy", Value::Null)]), [("user_id", at.id.as_bytes().into())]);
    let before = account.member.publish();
    let replaced = key_pair::replace(at, &before, &member.publish(), &member.seal(&account.key)?);
    Ok(writes.one(replaced).exactly(GROUP_KEYS.update(&same, &pending), 0))
}
