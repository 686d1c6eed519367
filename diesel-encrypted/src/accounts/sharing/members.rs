//! Who is in a group.

use diesel_encrypted_core::users::{Pin, UserId};

use super::group::{OpenGroup, pin};
use crate::accounts::{
    Accounts, both,
    connection::RunAccounts,
    error::{AccountError, held},
    tables::{GROUP_KEYS, MEMBERS},
    write::read,
};

impl Accounts {
    both! {
        /// The members of a group that is open, in no order. Each row is checked under the group's key: nobody is in it
        /// whom no member has added.
        ///
        /// # Errors
        /// [`AccountError::Changed`] if the group has another key by now: open it again.
        members, members_async => members_on(group: &OpenGroup) -> Vec<UserId>
    }

    async fn members_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        group: &OpenGroup,
    ) -> Result<Vec<UserId>, AccountError> {
        self.still(connection, group).await?;
        Ok(pins(connection, group).await?.into_iter().map(|pin| pin.user).collect())
    }
}

/// The group's pins of its members.
pub(super) async fn pins<How, C: RunAccounts<How>>(
    connection: &mut C,
    group: &OpenGroup,
) -> Result<Vec<Pin>, AccountError> {
    let of = group.found.at.and([("key_id", group.key.place().key_id().into())]);
    let rows = read(connection, &MEMBERS, &of).await?;
    let checked = |row| {
        let pin = pin(row)?;
        pin.authentic(&group.key).map_err(held(GROUP_KEYS.name))?;
        Ok(pin)
    };
    rows.iter().map(checked).collect()
}
