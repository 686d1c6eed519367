//! A group, made by its first member.

use diesel_encrypted_core::users::{GroupId, Pin};

use super::group::{self, FoundGroup, GroupAt, OpenGroup};
use crate::accounts::{
    Accounts,
    account::Account,
    both,
    connection::RunAccounts,
    error::{AccountError, held},
    tables::{GROUP_KEYS, KEY_PAIRS},
    write::{Writes, write},
};

impl Accounts {
    both! {
        /// Makes a group, or anything else that several users are to open, with one member.
        ///
        /// # Errors
        /// [`AccountError::Exists`] if there is a group of this id.
        create_group, create_group_async => create_group_on(account: &Account, id: &GroupId) -> OpenGroup
    }

    async fn create_group_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: &GroupId,
    ) -> Result<OpenGroup, AccountError> {
        let (group, writes) = self.new_group(account, id)?;
        write(connection, account.found.unchanged().and(writes)).await?;
        Ok(group)
    }

    /// A group that is not written yet, and what is to be written.
    pub(super) fn new_group(&self, account: &Account, id: &GroupId) -> Result<(OpenGroup, Writes), AccountError> {
        let authority = self.authority()?;
        let at = GroupAt::new(&authority, id)?;
        let key = authority.create_group(id.clone())?;
        let record = authority.group_record(&key)?;
        let copy = account.key.hold_group_key(&key)?;
        let oneself = account.member.publish().verify(&account.found.known).map_err(held(KEY_PAIRS.name))?;
        let row = at.new_member(&key, &Pin::new(&key, &oneself), account, (None, Some(&copy)));
        let writes =
            Writes::new().one_or(group::insert(&at, &record), || AccountError::Exists).one(GROUP_KEYS.insert(&row));
        let found = FoundGroup { at, name: authority.authenticate_group(&record)?, record, changes: 0 };
        Ok((OpenGroup { found, key, earlier: Vec::new() }, writes))
    }
}
