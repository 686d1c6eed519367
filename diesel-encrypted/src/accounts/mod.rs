//! Data that only its owner can open, in tables: accounts with keys that come from passwords, recovery codes and other
//! people's public keys. docs/users.md has the whole, [`users`](crate::users) the scheme itself.
//!
//! The application keeps its own table of users, with whatever it likes; the tables here refer to its id. They are made by
//! the migration [`tables`]. Each function writes all that belongs together or nothing, in a transaction of its own or, if
//! there is one, in a savepoint of the caller's; each compares what it replaces with what it read, so that of two calls at
//! once one is done and the other is told.

mod account;
#[cfg(feature = "async")]
mod asynchronous;
mod carry;
mod connection;
mod create;
mod earlier;
mod erase;
mod error;
mod forget;
mod key_pair;
mod lock;
mod locks;
pub mod models;
mod password;
mod reauthenticate;
mod record;
mod recover;
mod renewal;
mod rotate;
pub mod schema;
mod session;
mod sharing;
mod statements;
mod tables;
mod unlock;
mod write;

use std::sync::Arc;

use diesel_encrypted_core::{
    Vault,
    users::{Authority, PasswordCost, Suite, UnlockError},
};

use crate::store::run::{NOT_AT_ONCE, poll_once};
use connection::RunAccounts;

pub use account::Account;
#[cfg(feature = "async")]
pub use asynchronous::AsyncAccountsConnection;
pub use connection::AccountsConnection;
pub use create::Created;
pub use erase::Erased;
pub use error::AccountError;
pub use locks::LockInfo;
pub use reauthenticate::Reauthenticated;
pub use renewal::Rotated;
pub use sharing::OpenGroup;
pub use tables::tables;

/// How many recovery codes a user has.
const CODES: usize = 10;

/// The accounts of an application, or of one of its tenants.
///
/// The functions whose names end in `_async` do the same over a connection of diesel-async's; what takes a processor for
/// long runs on a thread of its own there, so that no runtime waits for it.
#[derive(Clone, Debug)]
pub struct Accounts {
    keys: Keys,
    cost: PasswordCost,
    suite: Suite,
    codes: usize,
}

/// Where the application's keys that vouch for users are.
#[derive(Clone, Debug)]
enum Keys {
    Vault(Vault),
    Authority(Arc<Authority>),
}

impl Accounts {
    /// Accounts that the application vouches for by the keys of `vault`, and of its tenant.
    ///
    /// # Errors
    /// [`AccountError::Vault`] if the vault was opened without [`users`](crate::VaultBuilder::users).
    pub fn new(vault: &Vault) -> Result<Self, AccountError> {
        vault.authority()?;
        Ok(Self::of(Keys::Vault(vault.clone())))
    }

    /// Accounts that this authority vouches for, whose keys the application keeps by itself.
    #[must_use]
    pub fn with_authority(authority: Arc<Authority>) -> Self {
        Self::of(Keys::Authority(authority))
    }

    fn of(keys: Keys) -> Self {
        Self { keys, cost: PasswordCost::default(), suite: Suite::default(), codes: CODES }
    }

    /// What one guess at a password is to cost: [`PasswordCost::ARGON2ID`], unless this says otherwise. Locks that cost
    /// less are replaced as their users sign in.
    #[must_use]
    pub const fn cost(mut self, cost: PasswordCost) -> Self {
        self.cost = cost;
        self
    }

    /// How many recovery codes a set has: 10, unless this says otherwise.
    #[must_use]
    pub const fn codes(mut self, count: usize) -> Self {
        self.codes = count;
        self
    }

    /// How new keys to share with are made: [`Suite::XWing`], unless this says otherwise.
    #[must_use]
    pub const fn suite(mut self, suite: Suite) -> Self {
        self.suite = suite;
        self
    }

    /// What something new is made by.
    fn authority(&self) -> Result<Arc<Authority>, AccountError> {
        Ok(match &self.keys {
            Keys::Vault(vault) => vault.authority()?,
            Keys::Authority(authority) => authority.clone(),
        })
    }

    /// What checks or opens something that names this key of the application.
    fn authority_for(&self, key_id: u32) -> Result<Arc<Authority>, AccountError> {
        Ok(match &self.keys {
            Keys::Vault(vault) => vault.authority_for(key_id)?,
            Keys::Authority(authority) => authority.clone(),
        })
    }
}

/// Does what takes a processor for long.
async fn compute<How, C: RunAccounts<How>, T: Send + 'static>(
    connection: &mut C,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, AccountError> {
    connection.compute(work).await.map_err(|_| AccountError::Unlock(UnlockError::Memory))
}

/// Functions over a connection of Diesel's own, and the same over one of diesel-async's: `$body` is what both do.
macro_rules! both {
    ($(
        $(#[$attribute:meta])*
        $name:ident, $awaited:ident => $body:ident($($argument:ident: $type:ty),*) -> $given:ty
    )+) => { $(
        $(#[$attribute])*
        pub fn $name<C: $crate::accounts::AccountsConnection>(
            &self,
            connection: &mut C,
            $($argument: $type),*
        ) -> Result<$given, $crate::accounts::AccountError> {
            $crate::accounts::at_once(self.$body(connection, $($argument),*))
        }

        #[doc = concat!("[`", stringify!($name), "`](Self::", stringify!($name), ") over a connection of diesel-async's.")]
        ///
        /// # Errors
        /// The same.
        #[cfg(feature = "async")]
        pub async fn $awaited<C: $crate::accounts::AsyncAccountsConnection>(
            &self,
            connection: &mut C,
            $($argument: $type),*
        ) -> Result<$given, $crate::accounts::AccountError> {
            self.$body(connection, $($argument),*).await
        }
    )+ };
}
use both;

/// What a body gives over a connection of Diesel's own.
fn at_once<T>(body: impl Future<Output = Result<T, AccountError>>) -> Result<T, AccountError> {
    poll_once(body).unwrap_or_else(|| Err(diesel::result::Error::QueryBuilderError(NOT_AT_ONCE.into()).into()))
}
