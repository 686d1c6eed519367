//! The vault: an application's keys for its fields, opened once at start, and what seals, opens and searches with them.

mod authentic;
#[cfg(feature = "users")]
mod authority;
mod build;
mod builder;
mod clock;
mod current;
mod error;
mod facts;
#[cfg(feature = "users")]
mod held;
mod keyring;
mod kind;
mod layers;
mod life;
mod maintain;
mod manifest;
mod memory;
mod missing;
mod open;
mod opening;
mod plan;
mod record;
mod refresh;
#[cfg(test)]
mod refresh_tests;
mod registered;
mod registry;
mod seal;
mod search;
mod stale;
mod start;
mod store;
mod store_error;
#[cfg(test)]
mod tests;
mod usage;
mod versions;

use std::{
    fmt,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

pub use builder::VaultBuilder;
pub use current::Attached;
pub use error::VaultError;
use keyring::FieldKeys;
pub use life::{
    ActivateKeys, CreateKeys, DestroyKey, Event, ForgetField, KeyError, KeyInfo, KeyManager, KeySelection, KeyTask,
    KeyView, LEASE, ListKeys, Processes, RetireKey, Rewrap, Rewrapped, RootKeyUse, RootKeyUses, RowCount,
};
pub use maintain::{FieldState, IndexState, Verified};
pub use memory::MemoryKeyStore;
use refresh::Refresh;
pub use registered::registered_fields;
pub(crate) use registry::RegisteredIndex;
pub use store::{Applied, AsyncKeyStore, Change, KeyStore, Stored};
pub use store_error::{StoreError, UnfitColumn};
use versions::Versions;

use crate::{Binding, Field, ValueError, keys::RootKeys, owner::Owner};

/// One opened vault of this process: which vault sealed a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VaultId(u64);

impl VaultId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// An application's data keys, unwrapped and ready, for one scope.
///
/// A handle: cloning it copies no key. Sealing and opening take no lock and make no key.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    id: VaultId,
    application: String,
    scope: Option<Vec<u8>>,
    /// Whether its keys are a user's or a group's.
    held: bool,
    /// By [`Field::place`].
    fields: Vec<Option<Versions>>,
    #[cfg(feature = "users")]
    authority: Option<authority::Latest>,
    /// What keeps the keys up to date, if something does.
    refresh: OnceLock<Arc<Refresh>>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        if let Some(refresh) = self.refresh.get() {
            refresh.close();
        }
    }
}

impl Vault {
    /// Begins to open a vault with these root keys.
    pub fn builder(root_keys: RootKeys) -> VaultBuilder {
        VaultBuilder::new(root_keys)
    }

    /// Which vault this is. Clones are one vault.
    #[must_use]
    pub fn id(&self) -> VaultId {
        self.0.id
    }

    /// The scope (tenant) that it was opened for.
    #[must_use]
    pub fn scope(&self) -> Option<&[u8]> {
        self.0.scope.as_deref()
    }

    #[inline]
    fn keys_of(&self, field: &'static Field) -> Result<&FieldKeys, ValueError> {
        self.0
            .fields
            .get(field.place())
            .and_then(Option::as_ref)
            .map(Versions::latest)
            .ok_or_else(|| ValueError::UnknownField { field: field.into() })
    }

    #[inline]
    fn check_owner(&self, field: &'static Field, owner: Option<&Owner>) -> Result<(), ValueError> {
        let binding = if self.is_outer(field) { Binding::None } else { field.binding };
        match (binding, owner) {
            (Binding::None, None) | (Binding::External, Some(_)) => Ok(()),
            (Binding::Columns(columns), Some(owner)) if columns.len() == owner.count() => Ok(()),
            (Binding::Columns(columns), Some(owner)) => {
                Err(ValueError::OwnerLength { field: field.into(), expected: columns.len(), found: owner.count() })
            }
            (binding, _) => Err(ValueError::Ownership { field: field.into(), bound: binding != Binding::None }),
        }
    }

    /// The keys of every field, as they are now.
    fn each_field(&self) -> impl Iterator<Item = &FieldKeys> {
        self.0.fields.iter().flatten().map(Versions::latest)
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&str> = self.each_field().map(|keys| keys.field.id()).collect();
        f.debug_struct("Vault")
            .field("application", &self.0.application)
            .field("scoped", &self.0.scope.is_some())
            .field("fields", &fields)
            .finish_non_exhaustive()
    }
}
