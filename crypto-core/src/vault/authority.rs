//! The authority of a vault: the keys by which the application vouches for its users, kept up to date as those of fields
//! are.

use std::sync::{Arc, PoisonError, RwLock};

use super::{
    Vault, VaultError,
    authentic::{active, named},
    refresh::went_back,
    start::Start,
};
use crate::{
    keys::{KeyRow, KeyState, Purpose},
    users::Authority,
};

/// The authority as it was last read. Asked for once a sign-in and not once a value, so a lock does.
pub(super) struct Latest(RwLock<Known>);

/// An authority, and the state of each of its keys.
#[derive(Clone)]
pub(super) struct Known {
    authority: Arc<Authority>,
    seen: Vec<(u32, KeyState)>,
}

impl Latest {
    fn get(&self) -> Known {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Vault {
    /// The application's authority, to make something by: records, escrow, sessions. Ask each time, and keep it no longer
    /// than a request: what is made by a key that was retired meanwhile may be left behind when that key is destroyed.
    ///
    /// # Errors
    /// [`VaultError::NoAuthority`] if the vault was opened without [`users`](super::VaultBuilder::users), and
    /// [`VaultError::StaleKeys`] if it has a lease, and its keys could not be read for longer than that.
    pub fn authority(&self) -> Result<Arc<Authority>, VaultError> {
        match self.0.refresh.get() {
            Some(refresh) if !refresh.renews() => Err(VaultError::StaleKeys),
            _ => Ok(self.latest_authority()?.authority),
        }
    }

    /// The application's authority, to check or open what names its key `key_id`. A key that is not known may be one that
    /// another process has begun to use: it is asked for by a refresh, if the vault refreshes itself. If there is none,
    /// what is done with the authority says so.
    ///
    /// # Errors
    /// [`VaultError::NoAuthority`] if the vault was opened without [`users`](super::VaultBuilder::users).
    pub fn authority_for(&self, key_id: u32) -> Result<Arc<Authority>, VaultError> {
        let known = self.latest_authority()?.authority;
        if known.has_key(key_id) {
            return Ok(known);
        }
        self.ask_for(key_id);
        Ok(self.latest_authority()?.authority)
    }

    fn latest_authority(&self) -> Result<Known, VaultError> {
        self.0.authority.as_ref().map(Latest::get).ok_or(VaultError::NoAuthority)
    }

    /// Whether the authority has this key.
    pub(super) fn vouches_by(&self, key_id: u32) -> bool {
        self.latest_authority().is_ok_and(|known| known.authority.has_key(key_id))
    }

    /// The authority by these rows, if they say something new.
    pub(super) fn changed_authority(&self, start: &Start, rows: &[KeyRow]) -> Result<Option<Known>, VaultError> {
        let Some(latest) = &self.0.authority else { return Ok(None) };
        let seen = latest.get().seen;
        if seen.iter().any(|seen| went_back(rows, *seen)) {
            return Err(VaultError::RowsReplaced);
        }
        if seen == start.seen_authority(rows) { Ok(None) } else { start.known_authority(rows).map(Some) }
    }

    pub(super) fn take_over_authority(&self, changed: Option<Known>) {
        let (Some(latest), Some(changed)) = (&self.0.authority, changed) else { return };
        tracing::info!(
            key_id = format_args!("{:08x}", changed.authority.key_id()),
            "the authority's keys have changed"
        );
        *latest.0.write().unwrap_or_else(PoisonError::into_inner) = changed;
    }
}

impl Start {
    /// The authority, if it is wanted.
    pub(super) fn authority(&self, rows: &[KeyRow]) -> Result<Option<Latest>, VaultError> {
        let known = self.users.then(|| self.known_authority(rows)).transpose()?;
        Ok(known.map(|known| Latest(RwLock::new(known))))
    }

    fn known_authority(&self, rows: &[KeyRow]) -> Result<Known, VaultError> {
        let no_key = || VaultError::NoActiveKey { purpose: Purpose::Users, name: String::new() };
        let sealing = active(rows, Purpose::Users, "", self.scope.as_deref()).ok_or_else(no_key)?;
        let others = self.authority_rows(rows).filter(|row| row.state != KeyState::Active && row.has_key());
        let others = others.map(|row| self.unwrap(row)).collect::<Result<_, _>>()?;
        let authority = Arc::new(Authority::of(self.unwrap(sealing)?, others));
        Ok(Known { authority, seen: self.seen_authority(rows) })
    }

    fn seen_authority(&self, rows: &[KeyRow]) -> Vec<(u32, KeyState)> {
        let mut seen: Vec<_> = self.authority_rows(rows).map(|row| (row.context.key_id, row.state)).collect();
        seen.sort_unstable();
        seen
    }

    fn authority_rows<'a>(&'a self, rows: &'a [KeyRow]) -> impl Iterator<Item = &'a KeyRow> {
        named(rows, Purpose::Users, "", self.scope.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            atomic::{AtomicUsize, Ordering::Relaxed},
            mpsc,
        },
        time::Duration,
    };

    use super::*;
    use crate::{
        LocalRootKey, RootKeyId, RootKeys,
        keys::Secret,
        users::{AuthorityError, UserId, UserRecord},
        vault::{
            ActivateKeys, CreateKeys, DestroyKey, KeyError, KeyManager, KeySelection, KeyTask, ListKeys,
            MemoryKeyStore, Processes, RetireKey, Rewrap, RowCount, VaultBuilder, store::KeyStore as _,
        },
    };

    fn root(id: &str, byte: u8) -> LocalRootKey {
        LocalRootKey::new(RootKeyId::new(id).unwrap(), Secret::from_slice(&[byte; 32]).unwrap())
    }

    fn builder() -> VaultBuilder {
        Vault::builder(RootKeys::new(root("r1", 1))).users()
    }

    fn open(store: &MemoryKeyStore) -> Vault {
        builder().open_with(&mut store.clone()).unwrap()
    }

    fn run<T: KeyTask>(store: &MemoryKeyStore, task: &T) -> Result<T::Report, KeyError> {
        KeyManager::new(RootKeys::new(root("r1", 1))).run_with(task, &mut store.clone())
    }

    /// Makes another key the authority's, and gives the ids of both.
    fn rotate(store: &MemoryKeyStore) -> (u32, u32) {
        let old = run(store, &ListKeys).unwrap().iter().find(|key| key.state == KeyState::Active).unwrap().key_id;
        run(store, &CreateKeys::new(KeySelection::Users)).unwrap();
        let new = run(store, &ActivateKeys::new(KeySelection::Users, Processes::Restarted)).unwrap();
        (old, new[0].key_id)
    }

    fn record(vault: &Vault, id: i64) -> UserRecord {
        let authority = vault.authority().unwrap();
        authority.record(&authority.create(UserId::of(&id).unwrap()).unwrap(), None).unwrap()
    }

    fn authenticates(vault: &Vault, record: &UserRecord) -> Result<(), AuthorityError> {
        vault.authority_for(record.authority_key_id).unwrap().authenticate(record).map(drop)
    }

    #[test]
    fn every_vault_of_a_scope_has_one_authority() {
        let store = MemoryKeyStore::new();
        let written = record(&open(&store), 1);
        authenticates(&open(&store), &written).unwrap();
        assert_eq!(run(&store, &ListKeys).unwrap().len(), 1);

        let elsewhere = builder().scope("other").open_with(&mut store.clone()).unwrap();
        assert!(matches!(authenticates(&elsewhere, &written), Err(AuthorityError::UnknownKey { .. })));
        let without = Vault::builder(RootKeys::new(root("r1", 1))).open_with(&mut store.clone()).unwrap();
        assert!(matches!(without.authority(), Err(VaultError::NoAuthority)));
        let key = open(&store).authority().unwrap().create(UserId::of(&1_i64).unwrap()).unwrap();
        assert!(matches!(key.vault(&[], &[]).authority(), Err(VaultError::NoAuthority)));
    }

    #[test]
    fn no_key_is_made_where_that_is_forbidden() {
        let store = MemoryKeyStore::new();
        Vault::builder(RootKeys::new(root("r1", 1))).open_with(&mut store.clone()).unwrap();
        let missing = builder().existing_keys_only().open_with(&mut store.clone()).unwrap_err();
        assert!(matches!(missing, VaultError::KeyMissing { purpose: Purpose::Users, .. }), "{missing}");
        open(&store);
        builder().existing_keys_only().open_with(&mut store.clone()).unwrap();
    }

    #[test]
    fn a_key_whose_row_was_deleted_is_not_made_anew() {
        let store = MemoryKeyStore::new();
        let written = record(&open(&store), 1);
        store.tamper(|rows| rows.keys.retain(|row| row.context.purpose != Purpose::Users));
        let refused = builder().open_with(&mut store.clone()).unwrap_err();
        assert!(matches!(refused, VaultError::RowsReplaced), "{refused} {written:?}");
    }

    #[test]
    fn new_records_are_made_by_the_active_key_and_old_ones_are_believed_until_theirs_is_destroyed() {
        let store = MemoryKeyStore::new();
        let (before, running) = (record(&open(&store), 1), open(&store));
        let (old, new) = rotate(&store);
        let vault = open(&store);
        assert_eq!((before.authority_key_id, record(&vault, 2).authority_key_id), (old, new));
        authenticates(&vault, &before).unwrap();
        assert!(matches!(authenticates(&running, &record(&vault, 2)), Err(AuthorityError::UnknownKey { .. })));

        let now = store.clone().now().unwrap();
        let count = |rows| RowCount::new(rows, "SELECT".into(), now);
        let destroy = |rows| run(&store, &DestroyKey::new(old, Processes::Restarted).counted(count(rows)));
        assert!(matches!(destroy(1), Err(KeyError::Needed { rows: 1, .. })));
        destroy(0).unwrap();
        assert!(matches!(
            authenticates(&open(&store), &before),
            Err(AuthorityError::UnknownKey { key_id }) if key_id == old
        ));
    }

    #[test]
    fn the_active_key_is_retired_by_its_successor_alone() {
        let store = MemoryKeyStore::new();
        let active = open(&store).authority().unwrap().key_id();
        assert!(matches!(run(&store, &RetireKey::new(active)), Err(KeyError::InUse { .. })));
    }

    #[test]
    fn a_pending_key_is_believed_and_makes_nothing() {
        let store = MemoryKeyStore::new();
        let first = open(&store).authority().unwrap().key_id();
        let pending = run(&store, &CreateKeys::new(KeySelection::All)).unwrap();
        let reader = open(&store);
        assert_eq!(reader.authority().unwrap().key_id(), first);
        run(&store, &ActivateKeys::new(KeySelection::All, Processes::Restarted)).unwrap();
        let written = record(&open(&store), 1);
        assert_eq!(written.authority_key_id, pending[0].key_id);
        authenticates(&reader, &written).unwrap();
    }

    #[test]
    fn an_unknown_key_is_learned_when_a_record_names_it() {
        let store = MemoryKeyStore::new();
        let (refreshed, told) = mpsc::channel();
        let mut shared = store.clone();
        let refresh = move |vault: &Vault| {
            let done = vault.refresh_with(&mut shared);
            refreshed.send(()).unwrap();
            done
        };
        let hour = Duration::from_secs(3600);
        let reader = builder().refresh_by(refresh).refresh_every(hour).open_with(&mut store.clone()).unwrap();
        told.recv().unwrap();
        let (_, new) = rotate(&store);
        let written = record(&open(&store), 1);
        authenticates(&reader, &written).unwrap();
        assert_eq!(reader.authority().unwrap().key_id(), new);

        let unknown = UserRecord { authority_key_id: 7, ..written };
        let asked = AtomicUsize::new(told.try_iter().count());
        for _ in 0..20 {
            assert!(matches!(authenticates(&reader, &unknown), Err(AuthorityError::UnknownKey { key_id: 7 })));
            asked.fetch_add(told.try_iter().count(), Relaxed);
        }
        assert_eq!(asked.load(Relaxed), 2, "once for each key");
    }

    #[test]
    fn nothing_is_made_by_a_view_that_is_older_than_its_lease() {
        let store = MemoryKeyStore::new();
        let vault = builder().lease(Duration::from_millis(50)).open_with(&mut store.clone()).unwrap();
        let written = record(&vault, 1);
        std::thread::sleep(Duration::from_millis(80));
        assert!(matches!(vault.authority(), Err(VaultError::StaleKeys)));
        authenticates(&vault, &written).unwrap();
        rotate(&store);
        vault.refresh_with(&mut store.clone()).unwrap();
        assert_ne!(record(&vault, 1).authority_key_id, written.authority_key_id);
    }

    #[test]
    fn a_key_that_went_back_is_refused() {
        let store = MemoryKeyStore::new();
        let vault = builder().lease(Duration::from_secs(60)).open_with(&mut store.clone()).unwrap();
        let before = store.tamper(|rows| rows.clone());
        let (_, new) = rotate(&store);
        vault.refresh_with(&mut store.clone()).unwrap();
        store.tamper(|rows| *rows = before);
        assert!(matches!(vault.refresh_with(&mut store.clone()), Err(VaultError::RowsReplaced)));
        assert_eq!(vault.authority().unwrap().key_id(), new);
    }

    #[test]
    fn another_root_key_wraps_it() {
        let store = MemoryKeyStore::new();
        let written = record(&open(&store), 1);
        let moving = KeyManager::moving(&RootKeys::new(root("r1", 1)), RootKeys::new(root("r2", 2))).unwrap();
        assert_eq!(moving.run_with(&Rewrap, &mut store.clone()).unwrap().keys, 2);
        let moved = Vault::builder(RootKeys::new(root("r2", 2))).users().open_with(&mut store.clone()).unwrap();
        authenticates(&moved, &written).unwrap();
    }
}
