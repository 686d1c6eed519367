//! Someone leaves a group, or its key is known to others: those who stay have another key for what follows.

use std::sync::Arc;

use diesel_encrypted_core::users::{GroupId, Pin, UserId};

use super::{
    group::{FoundGroup, OpenGroup},
    members::pins,
    stay::Handing,
};
use crate::accounts::{
    Accounts,
    account::Account,
    both,
    connection::RunAccounts,
    earlier,
    error::{AccountError, held},
    statements::Value,
    tables::{GROUP_KEYS, KEY_PAIRS},
    write::write,
};

impl Accounts {
    both! {
        /// Removes a user from a group: the group has another key from now on, of which everyone else is given a share, and
        /// which holds the one before. Costs a share for each who stays.
        ///
        /// Whoever is not in it stays out, and nothing changes: of someone who was erased, or whose row was deleted, there is
        /// nobody to remove, and **no new key is made**. [`renew_group`](Self::renew_group) makes one.
        ///
        /// What the user has seen, they have seen. What is there is sealed anew by
        /// [`Maintenance::reseal`](crate::maintenance::Maintenance::reseal).
        ///
        /// # Errors
        /// [`AccountError::Changed`] if another member removed someone at the same time: open the group again.
        /// [`AccountError::Oneself`]; [`AccountError::Sharing`] and [`AccountError::Held`] if a member is not who the group
        /// knows, or is in its table without having been added.
        remove, remove_async => remove_on(account: &Account, group: OpenGroup, user: &UserId) -> OpenGroup
    }

    both! {
        /// Takes back what was shared with a user: [`remove`](Self::remove) by the id of the group.
        ///
        /// # Errors
        /// As [`remove`](Self::remove) and [`group`](Self::group).
        revoke, revoke_async => revoke_on(account: &Account, id: &GroupId, user: &UserId) -> OpenGroup
    }

    both! {
        /// Gives a group its next key, without a removal: everyone in it is given a share of it, as by
        /// [`remove`](Self::remove), and those who were erased are not.
        ///
        /// Call it for the groups of whoever was erased, whom [`remove`](Self::remove) does not find any more; for a group
        /// of which a member's row was deleted; and where the group's key may be known to others. Look at
        /// [`members`](Self::members) before.
        ///
        /// # Errors
        /// As [`remove`](Self::remove), and [`AccountError::NotMember`] if the user is not in it any more.
        renew_group, renew_group_async => renew_group_on(account: &Account, group: OpenGroup) -> OpenGroup
    }

    both! {
        /// Leaves a group: how many stay. They have another key from now on, which the one who leaves has made and does not
        /// keep. With the last member the group ends, and nobody opens what is sealed under its key.
        ///
        /// # Errors
        /// As [`remove`](Self::remove).
        leave, leave_async => leave_on(account: &Account, group: OpenGroup) -> usize
    }

    async fn remove_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        group: OpenGroup,
        user: &UserId,
    ) -> Result<OpenGroup, AccountError> {
        if user == account.id() {
            return Err(AccountError::Oneself);
        }
        let found = self.still(connection, &group).await?;
        let members = pins(connection, &group).await?;
        if !members.iter().any(|pin| pin.user == *user) {
            return Ok(OpenGroup { found, ..group });
        }
        let (group, _) = self.next_key(connection, account, (group, found), members, Some(user)).await?;
        Ok(group)
    }

    async fn renew_group_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        group: OpenGroup,
    ) -> Result<OpenGroup, AccountError> {
        let found = self.still(connection, &group).await?;
        let members = pins(connection, &group).await?;
        let (group, _) = self.next_key(connection, account, (group, found), members, None).await?;
        Ok(group)
    }

    async fn revoke_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: &GroupId,
        user: &UserId,
    ) -> Result<OpenGroup, AccountError> {
        let group = self.group_on(connection, account, id).await?;
        self.remove_on(connection, account, group, user).await
    }

    async fn leave_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        group: OpenGroup,
    ) -> Result<usize, AccountError> {
        let found = self.still(connection, &group).await?;
        let members = pins(connection, &group).await?;
        if members.iter().all(|pin| pin.user == *account.id()) {
            let writes = account.found.unchanged().one(found.delete()).any(GROUP_KEYS.delete(&found.at.and([])));
            write(connection, writes.any(earlier::delete_all(&found.at.scope, &found.at.id))).await?;
            return Ok(0);
        }
        let (_, stay) = self.next_key(connection, account, (group, found), members, Some(account.id())).await?;
        Ok(stay)
    }

    /// The group with its next key, without the one who leaves: and how many others there are.
    async fn next_key<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        (OpenGroup { key: old, mut earlier, .. }, found): (OpenGroup, FoundGroup),
        members: Vec<Pin>,
        leaves: Option<&UserId>,
    ) -> Result<(OpenGroup, usize), AccountError> {
        if !members.iter().any(|pin| pin.user == *account.id()) {
            return Err(AccountError::NotMember);
        }
        let (authority, at) = (self.authority()?, &found.at);
        let key = old.successor()?;
        let record = authority.group_record(&key)?;
        let members = members.into_iter().filter(|pin| leaves != Some(&pin.user)).collect();
        let handing = Handing { account, at, old: &old, new: &key };
        let stay = match self.hand_on(connection, &handing, members).await {
            Err(error) => return Err(self.told(connection, account, error).await),
            Ok(stay) => stay,
        };
        let count = stay.count();

        let old_id: (&'static str, Value) = ("key_id", old.place().key_id().into());
        let writes = account.found.unchanged().one(found.replace(&record));
        let mut writes = stay.unchanged(at, writes);
        if let Some(user) = leaves {
            writes = writes.any(GROUP_KEYS.delete(&at.member(user, [])));
        }
        writes = writes
            .any(GROUP_KEYS.delete(&at.member(account.id(), [])))
            // Those who have a copy keep it until they open the next key, which has to hold it.
            .any(GROUP_KEYS.delete(&at.and([old_id, ("copy", Value::Null)])))
            .one(earlier::insert(&at.scope, &old, &key, &key.hold_earlier(&old)?));
        if leaves != Some(account.id()) {
            let oneself = account.member.publish().verify(&account.found.known).map_err(held(KEY_PAIRS.name))?;
            let copy = account.key.hold_group_key(&key)?;
            let row = at.new_member(&key, &Pin::new(&key, &oneself), account, (None, Some(&copy)));
            writes = writes.one(GROUP_KEYS.insert(&row));
        }
        write(connection, stay.write(at, writes)).await?;

        earlier.insert(0, Arc::new(old));
        let name = authority.authenticate_group(&record)?;
        let found = FoundGroup { at: found.at, record, name, changes: found.changes.saturating_add(1) };
        Ok((OpenGroup { found, key, earlier }, count))
    }
}
