//! A group is opened by one of its members: by their copy of its key, or by a share, of which they make the copy.

use diesel_encrypted_core::users::{GroupId, GroupKey, SharingError, UserId};

use super::{
    group::{FoundGroup, GroupAt, OpenGroup, pin},
    known::as_of,
};
use crate::accounts::{
    Accounts,
    account::Account,
    both,
    connection::RunAccounts,
    earlier,
    error::{AccountError, held},
    statements::{Row, Value},
    tables::{GROUP_KEYS, KEY_PAIRS},
    write::{read, write},
};

/// How often a call begins anew because of another that was first.
pub(super) const TRIES: usize = 3;

impl Accounts {
    both! {
        /// Opens a group for one of its members.
        ///
        /// The first time, it opens what someone shared: they are known by their pin from then on, and a copy of the key
        /// under the member's own takes the place of the share. Whoever came in by an earlier key has to find that in the
        /// new one.
        ///
        /// # Errors
        /// [`AccountError::NotMember`] if there is no such group, or no more, or the user is not in it, or not any more.
        /// [`AccountError::Sharing`] with [`SharingError::OtherIdentity`] if the one who shared has another identity than
        /// the user knows, and [`AccountError::Held`] or [`AccountError::Authority`] for rows that someone altered.
        group, group_async => group_on(account: &Account, id: &GroupId) -> OpenGroup
    }

    pub(super) async fn group_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: &GroupId,
    ) -> Result<OpenGroup, AccountError> {
        let at = GroupAt::new(&*self.authority()?, id)?;
        let mut tries = 1;
        loop {
            match self.try_group(connection, account, &at).await {
                Err(AccountError::Changed) if tries < TRIES => tries += 1,
                Err(error) => return Err(self.told(connection, account, error).await),
                opened => return opened,
            }
        }
    }

    /// What an error means: under the key that a user had before, their rows do not open.
    pub(super) async fn told<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        error: AccountError,
    ) -> AccountError {
        match error {
            AccountError::Held { .. } => self.explain(connection, &account.found.at, Some(&account.found), error).await,
            error => error,
        }
    }

    async fn try_group<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        at: &GroupAt,
    ) -> Result<OpenGroup, AccountError> {
        let found = self.find_group(connection, at).await?.ok_or(AccountError::NotMember)?;
        let rows = read(connection, &GROUP_KEYS, &at.member(account.id(), [])).await?;
        let now = i64::from(found.record.key_id);
        let (mut present, before): (Vec<Row>, Vec<Row>) =
            rows.into_iter().partition(|row| row.number("key_id") == Some(now));
        let row = present.pop().ok_or(AccountError::NotMember)?;
        if let Some(copy) = row.bytes_or_null("copy") {
            let key = account.key.open_group_key(&found.name, copy).map_err(held(GROUP_KEYS.name))?;
            let earlier = earlier::open(connection, &at.scope, &key).await?;
            return Ok(OpenGroup { found, key, earlier });
        }
        self.take(connection, account, found, &row, &before).await
    }

    /// Opens a share and makes the copy. `before` are the user's copies of the group's earlier keys.
    async fn take<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        found: FoundGroup,
        row: &Row,
        before: &[Row],
    ) -> Result<OpenGroup, AccountError> {
        let (share, altered) = (row.bytes("share")?, held(GROUP_KEYS.name));
        let sender = UserId::stored(row.bytes("sender_id")?).ok_or_else(|| row.bad("sender_id"))?;
        let sender = self.know_sender(connection, account, &sender).await?;
        let signer = as_of(connection, &sender, &row.array("sender_fingerprint")?).await?;
        let signer = signer.ok_or_else(|| altered(SharingError::NotSigned))?;
        let key = account.member.open_share(&found.name, &signer, share).map_err(&altered)?;

        let oneself = account.member.publish().verify(&account.found.known).map_err(held(KEY_PAIRS.name))?;
        pin(row)?.check(&key, &oneself).map_err(&altered)?;
        let earlier = earlier::open(connection, &found.at.scope, &key).await?;
        for row in before {
            let held = earlier.iter().find(|key| row.number("key_id") == Some(key.place().key_id().into()));
            follows(account, held.map(AsRef::as_ref), row.bytes_or_null("copy")).map_err(&altered)?;
        }

        let copy = account.key.hold_group_key(&key)?;
        let of = |row: &Row| Ok::<_, AccountError>(("key_id", row.id("key_id")?.into()));
        let to = [("copy", copy.into()), ("share", Value::Null)];
        let share = [of(row)?, ("share", share.into()), ("copy", Value::Null)];
        let mut writes = account.found.unchanged().one(GROUP_KEYS.update(&to, &found.at.member(account.id(), share)));
        for row in before {
            writes = writes.any(GROUP_KEYS.delete(&found.at.member(account.id(), [of(row)?])));
        }
        if let Some(pin) = sender.pin {
            writes = writes.one(pin);
        }
        write(connection, writes).await?;
        Ok(OpenGroup { found, key, earlier })
    }
}

/// Checks that a key that the new one holds is the one that the member had: who did not know it has not made the new one.
fn follows(account: &Account, earlier: Option<&GroupKey>, copy: Option<&[u8]>) -> Result<(), SharingError> {
    match (earlier, copy) {
        (_, None) => Ok(()),
        (None, Some(_)) => Err(SharingError::OtherKey),
        (Some(earlier), Some(copy)) => account.key.open_group_key(&earlier.name(), copy).map(|_| ()),
    }
}
