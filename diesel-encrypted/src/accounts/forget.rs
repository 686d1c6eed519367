//! Forgetting a user's earlier keys, once nothing is sealed under them.

use crate::maintenance::EarlierKeys;

use super::{Accounts, account::Account, both, connection::RunAccounts, earlier, error::AccountError, write::write};

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

    async fn forget_earlier_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &mut Account,
        counted: &EarlierKeys,
    ) -> Result<(), AccountError> {
        let (mut writes, at) = (account.found.unchanged(), &account.found.at);
        for key in &account.earlier {
            let key_id = key.place().key_id();
            match counted.of(key_id) {
                Some(key) if key.rows == 0 => writes = writes.any(earlier::delete(&at.scope, &at.id, key_id)),
                Some(key) => return Err(AccountError::Needed { key_id, rows: key.rows, query: key.query.clone() }),
                None => return Err(AccountError::NotCounted { key_id }),
            }
        }
        write(connection, writes).await?;
        account.earlier.clear();
        Ok(())
    }
}
