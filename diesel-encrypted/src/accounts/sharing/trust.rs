//! An identity that was compared in person.

use diesel_encrypted_core::users::{Pin, SharingError, UserId};

use super::known::{contact, repin};
use crate::accounts::{
    Accounts,
    account::Account,
    both,
    connection::RunAccounts,
    error::AccountError,
    record::At,
    tables::KEY_PAIRS,
    write::{read, write},
};

impl Accounts {
    both! {
        /// Knows a user by this identity from now on, whatever the pin before says: `fingerprint` is what they see of
        /// themselves (`account.member().fingerprint()`) and told by another way than this application, in person or by
        /// telephone. For a first meeting that is not to be left to the application's word, and for an identity that was
        /// replaced without a change that the one before signed. A group that holds them to the one before takes them
        /// again once they were removed and added.
        ///
        /// # Errors
        /// [`AccountError::Sharing`] with [`SharingError::OtherIdentity`] if the application shows another identity,
        /// [`AccountError::UnknownUser`] if it knows none, and [`AccountError::Changed`].
        trust, trust_async => trust_on(account: &Account, id: &UserId, fingerprint: &[u8; 32]) -> ()
    }

    async fn trust_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: &UserId,
        fingerprint: &[u8; 32],
    ) -> Result<(), AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let found = self.find(connection, &at).await?.ok_or(AccountError::UnknownUser)?;
        let rows = read(connection, &KEY_PAIRS, &at.user()).await?;
        let (_, contact) = contact(&found, rows.first())?;
        if contact.fingerprint() != fingerprint {
            return Err(SharingError::OtherIdentity.into());
        }
        if account.id() == id {
            return Ok(());
        }
        let pin = repin(connection, account, &Pin::new(&account.key, &contact)).await?;
        write(connection, account.found.unchanged().one(pin)).await.map(drop)
    }
}
