//! Forgetting earlier keys of a user or a group, once nothing is sealed under them.

use super::{
    Accounts,
    account::Account,
    both,
    connection::RunAccounts,
    earlier,
    error::AccountError,
    sharing::OpenGroup,
    tables::GROUP_KEYS,
    write::{Writes, write},
};
use crate::maintenance::EarlierKeys;

impl Accounts {
    both! {
        /// Forgets the keys before the present one of a user: what was sealed under them, in a backup or a copy, opens for
        /// nobody any more who does not have a lock of then.
        ///
        /// `counted` says that no value needs them: [`Maintenance::earlier_keys`](crate::maintenance::Maintenance::earlier_keys)
        /// of the account's vault, counted after [`reseal`](crate::maintenance::Maintenance::reseal), over every database
        /// that has such values. Whoever still seals under an earlier key loses what they seal: let requests end that were
        /// begun before the key was new.
        ///
        /// # Errors
        /// [`AccountError::Needed`] if a value needs one of them, [`AccountError::NotCounted`] if one was not counted, and
        /// [`AccountError::Changed`] if another call changed the account. Nothing is forgotten then.
        forget_earlier, forget_earlier_async => forget_earlier_on(account: &mut Account, counted: &EarlierKeys) -> ()
    }

    both! {
        /// Forgets the keys before the present one of a group: [`forget_earlier`](Self::forget_earlier) for what its members
        /// share. A member who has not opened the group since opens the present key by their share, as somebody new does.
        ///
        /// # Errors
        /// The same.
        forget_earlier_of_group, forget_earlier_of_group_async =>
            forget_earlier_of_group_on(group: &mut OpenGroup, counted: &EarlierKeys) -> ()
    }

    async fn forget_earlier_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &mut Account,
        counted: &EarlierKeys,
    ) -> Result<(), AccountError> {
        let (mut writes, at) = (account.found.unchanged(), &account.found.at);
        for key_id in unneeded(account.earlier.iter().map(|key| key.place().key_id()), counted)? {
            writes = writes.any(earlier::delete(&at.scope, &at.id, key_id));
        }
        write(connection, writes).await?;
        account.earlier.clear();
        Ok(())
    }

    async fn forget_earlier_of_group_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        group: &mut OpenGroup,
        counted: &EarlierKeys,
    ) -> Result<(), AccountError> {
        let found = self.still(connection, group).await?;
        let (mut writes, at) = (Writes::new().one(found.count_change()), &found.at);
        for key_id in unneeded(group.earlier.iter().map(|key| key.place().key_id()), counted)? {
            writes = writes.any(earlier::delete(&at.scope, &at.id, key_id));
            // Copies of members who have not opened the group since.
            writes = writes.any(GROUP_KEYS.delete(&at.and([("key_id", key_id.into())])));
        }
        write(connection, writes).await?;
        group.earlier.clear();
        Ok(())
    }
}

/// The keys, if each was counted and no value needs it.
fn unneeded(keys: impl Iterator<Item = u32>, counted: &EarlierKeys) -> Result<Vec<u32>, AccountError> {
    let each = |key_id| match counted.of(key_id) {
        Some(key) if key.rows == 0 => Ok(key_id),
        Some(key) => Err(AccountError::Needed { key_id, rows: key.rows, query: key.query.clone() }),
        None => Err(AccountError::NotCounted { key_id }),
    };
    keys.map(each).collect()
}
