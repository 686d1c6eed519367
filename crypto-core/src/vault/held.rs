//! Vaults of one user or group: whatever is sealed, opened and searched for in one is under their key alone.
//!
//! A value says that its key is a user's (flag bit 2), and names it. The user, the application and the tenant are part of
//! the key that seals, so that a value which is moved to another user's row meets another key, whoever opens it.

use std::sync::{Arc, OnceLock};

use super::{
    Inner, Vault, VaultId,
    keyring::{FieldKeys, IndexKeys, ValueKey},
    registry,
    versions::Versions,
};
use crate::{
    Field,
    index::Generation,
    keys::{DataKey, KeyContext, KeyState, Purpose, lp},
    label::Label,
    users::{Holder, HolderKey},
};

impl<H: Holder> HolderKey<H> {
    /// A vault of this user or group for `fields`. `earlier` are keys of theirs under which values are not sealed anew yet:
    /// they open, and are searched for.
    ///
    /// It is a [`Vault`] like the application's: bound values are bound, indexes make tags, which equal nothing in another
    /// user's rows. It makes no key and reads no row, and keeps its keys until its last handle is dropped.
    #[must_use]
    pub fn vault(&self, earlier: &[&Self], fields: &[&'static Field]) -> Vault {
        let places = fields.iter().map(|field| field.place() + 1).max().unwrap_or_default();
        let mut by_place: Vec<Option<Versions>> = Vec::new();
        by_place.resize_with(places, || None);
        for field in fields {
            if let Some(place) = by_place.get_mut(field.place()) {
                *place = Some(Versions::new(self.field_keys(earlier, field)));
            }
        }
        let (application, scope) = self.place().realm();
        let (application, scope) = (application.to_owned(), scope.map(<[u8]>::to_vec));
        Vault(Arc::new(Inner {
            id: VaultId::next(),
            application,
            scope,
            held: true,
            fields: by_place,
            authority: None,
            refresh: OnceLock::new(),
        }))
    }

    fn field_keys(&self, earlier: &[&Self], field: &'static Field) -> FieldKeys {
        let versions =
            || std::iter::once((KeyState::Active, self)).chain(earlier.iter().map(|key| (KeyState::Retired, *key)));
        let value_key =
            |(state, key): (KeyState, &Self)| ValueKey::new(key.place().key_id(), state, Some(key.value_key(field)));
        let keys = versions().map(value_key).collect();
        let indexes = field.indexes.iter().map(|index| {
            let name = registry::domain(field, index);
            let live = versions().filter(|_| !index.removed);
            // A buffer that was outgrown would leave the keys of its generations behind.
            let mut generations = Vec::with_capacity(1 + earlier.len());
            let steps = || index.lacks.map_or_else(|| Ok(index.normalize.to_vec()), |name| Err(name.to_owned()));
            generations.extend(live.map(|(_, key)| Generation::new(&key.index_key(&name), steps(), index.bits)));
            IndexKeys { generations }
        });
        FieldKeys { field, keys, indexes: indexes.collect(), user_key: true, seen: Vec::new() }
    }

    /// `HKDF-Expand(key, "diesel-encrypted/1 values" ‖ K, 32)`, in the place of the field's data key.
    fn value_key(&self, field: &Field) -> DataKey {
        let key = self.subkey(Label::Values, &self.place().to_bytes());
        DataKey::derived(self.context(Purpose::Encrypt, field.id().to_owned()), key)
    }

    /// `HKDF-Expand(key, "diesel-encrypted/1 user index" ‖ K ‖ lp(name), 32)`, in the place of the index's data key.
    fn index_key(&self, name: &str) -> DataKey {
        let mut info = self.place().to_bytes();
        lp(&mut info, name.as_bytes());
        DataKey::derived(self.context(Purpose::Index, name.to_owned()), self.subkey(Label::HeldIndex, &info))
    }

    fn context(&self, purpose: Purpose, name: String) -> KeyContext {
        let (place, (application, scope)) = (self.place(), self.place().realm());
        let (application, scope) = (application.to_owned(), scope.map(<[u8]>::to_vec));
        KeyContext::new(application, place.key_id(), purpose, place.version(), name, scope)
    }
}
