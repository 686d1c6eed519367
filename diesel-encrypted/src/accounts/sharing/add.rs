//! Someone comes into a group: one share, whatever the number of members.

use diesel_encrypted_core::users::{GroupId, Pin, UserId};

use super::{
    group::{FoundGroup, GroupAt, OpenGroup, pin},
    known::{follow, of_group},
    open::TRIES,
};
use crate::accounts::{
    Accounts,
    account::Account,
    both,
    connection::RunAccounts,
    error::AccountError,
    key_pair,
    tables::{GROUP_KEYS, MEMBERS},
    write::{Writes, read, write},
};

impl Accounts {
    both! {
        /// Adds a user to a group that is open: makes them a share of its key, which they open when they come. Needs
        /// nobody's password. Whoever is in it already stays.
        ///
        /// # Errors
        /// [`AccountError::UnknownUser`]; [`AccountError::Sharing`] if they have another identity than this user knows;
        /// [`AccountError::Changed`] if the group has another key by now: open it again.
        add, add_async => add_on(account: &Account, group: &OpenGroup, user: &UserId) -> ()
    }

    both! {
        /// Shares with a user: adds them to the group of this id, which is made if there is none.
        ///
        /// # Errors
        /// As [`add`](Self::add), and [`AccountError::NotMember`] if it is a group of others.
        share, share_async => share_on(account: &Account, id: &GroupId, user: &UserId) -> OpenGroup
    }

    async fn add_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        group: &OpenGroup,
        user: &UserId,
    ) -> Result<(), AccountError> {
        let mut tries = 1;
        loop {
            let found = self.still(connection, group).await?;
            let Some(writes) = self.addition(connection, account, group, &found, user).await? else { return Ok(()) };
            match write(connection, account.found.unchanged().and(writes)).await {
                Err(AccountError::Changed) if tries < TRIES => tries += 1,
                written => return written.map(|_| ()),
            }
        }
    }

    async fn share_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: &GroupId,
        user: &UserId,
    ) -> Result<OpenGroup, AccountError> {
        let at = GroupAt::new(&*self.authority()?, id)?;
        if self.find_group(connection, &at).await?.is_some() {
            let group = self.group_on(connection, account, id).await?;
            self.add_on(connection, account, &group, user).await?;
            return Ok(group);
        }
        let (group, made) = self.new_group(account, id)?;
        let added = self.addition(connection, account, &group, &group.found, user).await?.unwrap_or_default();
        write(connection, account.found.unchanged().and(made).and(added)).await?;
        Ok(group)
    }

    async fn addition<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        group: &OpenGroup,
        found: &FoundGroup,
        user: &UserId,
    ) -> Result<Option<Writes>, AccountError> {
        match self.try_addition(connection, account, group, found, user).await {
            Err(error) => Err(self.told(connection, account, error).await),
            made => made,
        }
    }

    /// What is to be written, unless the user is a member.
    async fn try_addition<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        group: &OpenGroup,
        found: &FoundGroup,
        user: &UserId,
    ) -> Result<Option<Writes>, AccountError> {
        if user == account.id() {
            return Ok(None);
        }
        let known = self.know(connection, account, user).await?;
        let of = found.at.member(user, [("key_id", group.key.place().key_id().into())]);
        if let Some(row) = read(connection, &MEMBERS, &of).await?.first() {
            follow(connection, &group.key, pin(row)?, &known.found, &known.contact).await.map_err(of_group)?;
            return Ok(None);
        }
        let share = account.member.share(&group.key, &known.contact)?;
        let row = found.at.new_member(&group.key, &Pin::new(&group.key, &known.contact), account, (Some(&share), None));
        // Who adds is still who they were, and a member: erasing one makes no next key.
        let oneself = found.at.member(account.id(), [("key_id", group.key.place().key_id().into())]);
        let same = [("user_id", account.id().as_bytes().into())];
        let mut writes = Writes::new()
            .one(found.count_change())
            .one_or(GROUP_KEYS.update(&same, &oneself), || AccountError::NotMember)
            .and(known.found.unchanged())
            .one(key_pair::unchanged(&known.found.at.scope, &[(user, &known.public)]))
            .one(GROUP_KEYS.insert(&row));
        if let Some(pin) = known.pin {
            writes = writes.one(pin);
        }
        Ok(Some(writes))
    }
}
