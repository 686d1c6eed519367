//! A user who is signed in: their keys, opened.

use std::{fmt, sync::Arc};

use diesel_encrypted_core::{
    EncryptedModel, Field, Vault,
    users::{Member, SealedMember, UserId, UserKey},
};

use super::{
    Accounts,
    connection::RunAccounts,
    earlier,
    error::{AccountError, held},
    key_pair,
    record::Found,
    tables::KEY_PAIRS,
    write::read,
};

/// An unlocked user: their key, their earlier keys while something is still sealed under them, and the private keys by
/// which others share with them.
///
/// Wiped on drop. It cannot be copied, compared or printed.
pub struct Account {
    pub(super) found: Found,
    /// Shared with what works on another thread.
    pub(super) key: Arc<UserKey>,
    pub(super) earlier: Vec<Arc<UserKey>>,
    pub(super) member: Member,
}

impl Account {
    /// The user.
    #[must_use]
    pub const fn id(&self) -> &UserId {
        self.found.known.id()
    }

    /// Their key.
    #[must_use]
    pub fn key(&self) -> &UserKey {
        &self.key
    }

    /// Their earlier keys, the latest first.
    #[must_use]
    pub fn earlier(&self) -> Vec<&UserKey> {
        self.earlier.iter().map(AsRef::as_ref).collect()
    }

    /// What they open shares with, and sign them by.
    #[must_use]
    pub const fn member(&self) -> &Member {
        &self.member
    }

    /// A vault of this user for `fields`: new values are sealed under their key, and those under earlier ones open and are
    /// found. It is entered around what the user does, as a tenant's is.
    #[must_use]
    pub fn vault(&self, fields: &[&'static Field]) -> Vault {
        self.key.vault(&self.earlier(), fields)
    }

    /// [`vault`](Self::vault) for the fields of a model.
    #[must_use]
    pub fn model<M: EncryptedModel>(&self) -> Vault {
        self.vault(M::fields())
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({:?})", self.key)
    }
}

impl Accounts {
    /// Opens what a user's key holds.
    pub(super) async fn open<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        found: Found,
        key: UserKey,
    ) -> Result<Account, AccountError> {
        match held_by(connection, &found, &key).await {
            Ok((member, earlier)) => Ok(Account { found, key: Arc::new(key), earlier, member }),
            Err(error) => Err(self.explain(connection, &found.at, Some(&found), error).await),
        }
    }
}

/// A user's private keys, and their earlier ones.
async fn held_by<How, C: RunAccounts<How>>(
    connection: &mut C,
    found: &Found,
    key: &UserKey,
) -> Result<(Member, Vec<Arc<UserKey>>), AccountError> {
    let pair = read(connection, &KEY_PAIRS, &found.at.user()).await?;
    let pair = pair.first().ok_or(AccountError::BadRow { table: KEY_PAIRS.name, column: "user_id" })?;
    let public = key_pair::public(pair)?;
    public.verify(&found.known).map_err(held(KEY_PAIRS.name))?;
    let [encryption, identity] = ["sealed_private_key", "sealed_identity"].map(|column| pair.bytes(column));
    let sealed = SealedMember { encryption: encryption?.to_vec(), identity: identity?.to_vec() };
    let member = Member::open(key, &public, &sealed).map_err(held(KEY_PAIRS.name))?;
    Ok((member, earlier::open(connection, &found.at.scope, key).await?))
}
