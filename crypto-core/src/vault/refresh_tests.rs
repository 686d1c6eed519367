//! Refreshing over a store in memory.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
    },
    thread::sleep,
    time::Duration,
};

use super::{usage::LIMIT, *};
use crate::{Class, Index, LocalRootKey, RootKeyId, Storage, keys::Secret};

static EMAIL: Field =
    Field::new("users.email", "users", "email", Class::Text, Storage::Binary).indexes(&[Index::new("default")]);
static PHONE: Field = Field::new("users.phone", "users", "phone", Class::Text, Storage::Binary);

fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[1; 32]).unwrap()))
}

fn builder() -> VaultBuilder {
    Vault::builder(root_keys()).field(&EMAIL).field(&PHONE)
}

/// A vault that refreshes itself, and how often it did.
fn refreshing(store: &MemoryKeyStore, interval: Duration) -> (Vault, Arc<AtomicUsize>) {
    let (mut shared, count) = (store.clone(), Arc::new(AtomicUsize::new(0)));
    let counted = count.clone();
    let refresh = move |vault: &Vault| {
        counted.fetch_add(1, Relaxed);
        vault.refresh_with(&mut shared)
    };
    (builder().refresh_by(refresh).refresh_every(interval).open_with(&mut store.clone()).unwrap(), count)
}

fn run<T: KeyTask>(store: &MemoryKeyStore, task: &T) -> T::Report {
    KeyManager::new(root_keys()).run_with(task, &mut store.clone()).unwrap()
}

fn rotate(store: &MemoryKeyStore) {
    run(store, &CreateKeys::new(KeySelection::All));
    run(store, &ActivateKeys::new(KeySelection::All, Processes::Restarted));
}

fn key_id(sealed: &[u8]) -> u32 {
    crate::format::value::SealedValue::parse(sealed).unwrap().header.key_id
}

const NEVER: Duration = Duration::from_secs(3600);

#[test]
fn an_unknown_key_is_learned_when_a_value_names_it() {
    let store = MemoryKeyStore::new();
    let (reader, count) = refreshing(&store, NEVER);
    while count.load(Relaxed) == 0 {
        sleep(Duration::from_millis(10));
    }
    // The first refresh is over.
    sleep(Duration::from_millis(200));
    let before = reader.seal(&EMAIL, "Ada").unwrap();
    rotate(&store);
    let sealed = builder().open_with(&mut store.clone()).unwrap().seal(&EMAIL, "Bob").unwrap();
    assert_eq!(reader.open::<String>(&EMAIL, &sealed).unwrap(), "Bob");
    assert_eq!(reader.open::<String>(&EMAIL, &before).unwrap(), "Ada");
    assert_eq!(key_id(&reader.seal(&EMAIL, "Eve").unwrap()), key_id(&sealed), "the view is the new one");
    assert_eq!(reader.search_slots(&EMAIL, 0, "x").unwrap().len(), 2);
}

#[test]
fn a_key_that_nobody_has_is_asked_for_once() {
    let store = MemoryKeyStore::new();
    let (vault, count) = refreshing(&store, NEVER);
    let mut sealed = vault.seal(&EMAIL, "Ada").unwrap();
    let at = crate::format::value::Header::len(1) - 4;
    sealed[at] ^= 1;
    let unknown = || vault.open::<String>(&EMAIL, &sealed).unwrap_err();
    assert!(matches!(unknown(), ValueError::UnknownKey { .. }), "{}", unknown());
    let asked = count.load(Relaxed);
    for _ in 0..100 {
        unknown();
    }
    assert_eq!(count.load(Relaxed), asked);
}

#[test]
fn a_vault_refreshes_itself_and_ends_with_its_last_handle() {
    let store = MemoryKeyStore::new();
    let (vault, count) = refreshing(&store, Duration::from_millis(20));
    let before = key_id(&vault.seal(&EMAIL, "Ada").unwrap());
    rotate(&store);
    for _ in 0..200 {
        if key_id(&vault.seal(&EMAIL, "Ada").unwrap()) != before {
            break;
        }
        sleep(Duration::from_millis(20));
    }
    assert_ne!(key_id(&vault.seal(&EMAIL, "Ada").unwrap()), before);
    drop(vault);
    sleep(Duration::from_millis(300));
    let ended = count.load(Relaxed);
    sleep(Duration::from_millis(300));
    assert_eq!(count.load(Relaxed), ended);
}

#[test]
fn nothing_is_sealed_by_a_view_older_than_the_lease_and_everything_is_read() {
    let store = MemoryKeyStore::new();
    let lease = Duration::from_millis(400);
    let vault = builder().lease(lease).open_with(&mut store.clone()).unwrap();
    let sealed = vault.seal(&EMAIL, "Ada").unwrap();
    sleep(lease);
    let stale = vault.seal(&EMAIL, "Ada").unwrap_err();
    assert!(matches!(stale, ValueError::StaleKeys { .. }), "{stale}");
    assert!(matches!(vault.rotate(&EMAIL, &sealed, None), Err(ValueError::StaleKeys { .. })));
    assert_eq!(vault.open::<String>(&EMAIL, &sealed).unwrap(), "Ada");
    vault.refresh_with(&mut store.clone()).unwrap();
    vault.seal(&EMAIL, "Ada").unwrap();
    let forever = builder().open_with(&mut store.clone()).unwrap();
    assert!(matches!(forever.refresh_with(&mut store.clone()), Err(VaultError::NotRefreshed)));
}

#[test]
fn a_database_that_is_away_stops_sealing_after_a_lease_and_a_refresh_mends_it() {
    let (store, away) = (MemoryKeyStore::new(), Arc::new(AtomicBool::new(false)));
    let (mut shared, gone) = (store.clone(), away.clone());
    let refresh = move |vault: &Vault| match gone.load(Relaxed) {
        true => Err(VaultError::Contended),
        false => vault.refresh_with(&mut shared),
    };
    let lease = Duration::from_millis(500);
    let builder = builder().refresh_by(refresh).refresh_every(Duration::from_millis(50)).lease(lease);
    let vault = builder.open_with(&mut store.clone()).unwrap();
    sleep(2 * lease);
    let sealed = vault.seal(&EMAIL, "Ada").unwrap();
    away.store(true, Relaxed);
    sleep(2 * lease);
    assert!(matches!(vault.seal(&EMAIL, "Ada"), Err(ValueError::StaleKeys { .. })));
    assert_eq!(vault.open::<String>(&EMAIL, sealed).unwrap(), "Ada");
    away.store(false, Relaxed);
    vault.seal(&EMAIL, "Ada").unwrap();
}

#[test]
fn rows_that_went_back_or_were_altered_change_nothing() {
    let store = MemoryKeyStore::new();
    let vault = builder().lease(NEVER).open_with(&mut store.clone()).unwrap();
    let before = store.tamper(|rows| rows.clone());
    rotate(&store);
    let rotated = store.tamper(|rows| rows.clone());
    vault.refresh_with(&mut store.clone()).unwrap();
    let active = key_id(&vault.seal(&EMAIL, "Ada").unwrap());
    // Every row put back at once, which opening alone does not find.
    store.tamper(|rows| *rows = before);
    builder().open_with(&mut store.clone()).unwrap();
    let refused = vault.refresh_with(&mut store.clone()).unwrap_err();
    assert!(matches!(refused, VaultError::RowsReplaced), "{refused}");
    store.tamper(|rows| {
        *rows = rotated;
        rows.keys[1].mac[0] ^= 1;
    });
    assert!(vault.refresh_with(&mut store.clone()).is_err());
    assert_eq!(key_id(&vault.seal(&EMAIL, "Ada").unwrap()), active);
}

#[test]
fn a_process_without_the_new_root_key_goes_on_until_it_needs_it() {
    let store = MemoryKeyStore::new();
    let vault = builder().lease(NEVER).open_with(&mut store.clone()).unwrap();
    vault.refresh_with(&mut store.clone()).unwrap();
    let new = || RootKeys::new(LocalRootKey::new(RootKeyId::new("r2").unwrap(), Secret::from_slice(&[2; 32]).unwrap()));
    KeyManager::moving(&root_keys(), new()).unwrap().run_with(&Rewrap, &mut store.clone()).unwrap();
    vault.refresh_with(&mut store.clone()).unwrap();
    vault.seal(&EMAIL, "Ada").unwrap();
    KeyManager::new(new()).run_with(&CreateKeys::new(KeySelection::All), &mut store.clone()).unwrap();
    let refused = vault.refresh_with(&mut store.clone()).unwrap_err();
    assert!(matches!(refused, VaultError::UnknownRootKey { .. }), "{refused}");
}

#[test]
fn what_is_sealed_is_counted_by_all_processes_together() {
    let store = MemoryKeyStore::new();
    let open = || builder().lease(NEVER).open_with(&mut store.clone()).unwrap();
    let (one, two) = (open(), open());
    let key = key_id(&one.seal(&EMAIL, "x").unwrap());
    for _ in 0..20_000 {
        one.seal(&EMAIL, "x").unwrap();
        two.seal(&EMAIL, "x").unwrap();
    }
    for vault in [&one, &two] {
        vault.refresh_with(&mut store.clone()).unwrap();
    }
    let counted = || store.clone().usage(None).unwrap().into_iter().find(|(id, _)| *id == key).unwrap().1;
    // The standard deviation is √(40,000 · 63), about 1,600.
    assert!(counted().abs_diff(40_000) < 10_000, "{}", counted());
    let before = counted();
    two.refresh_with(&mut store.clone()).unwrap();
    assert_eq!(counted(), before, "nothing is counted twice");
}

#[test]
fn a_key_that_has_sealed_all_it_may_seals_no_more_and_another_does() {
    let store = MemoryKeyStore::new();
    let vault = builder().lease(NEVER).open_with(&mut store.clone()).unwrap();
    let sealed = vault.seal(&EMAIL, "Ada").unwrap();
    store.clone().add_usage(&[(key_id(&sealed), LIMIT - 1)]).unwrap();
    vault.refresh_with(&mut store.clone()).unwrap();
    vault.seal(&EMAIL, "Ada").unwrap();
    store.clone().add_usage(&[(key_id(&sealed), 1)]).unwrap();
    vault.refresh_with(&mut store.clone()).unwrap();
    let refused = vault.seal(&EMAIL, "Ada").unwrap_err();
    assert!(matches!(refused, ValueError::KeyExhausted { .. }), "{refused}");
    assert_eq!(vault.open::<String>(&EMAIL, &sealed).unwrap(), "Ada");
    vault.seal(&PHONE, "1").unwrap();
    rotate(&store);
    vault.refresh_with(&mut store.clone()).unwrap();
    vault.seal(&EMAIL, "Ada").unwrap();
}

#[test]
fn the_count_of_a_key_goes_on_when_another_key_of_its_field_changes() {
    let store = MemoryKeyStore::new();
    let vault = builder().lease(NEVER).open_with(&mut store.clone()).unwrap();
    let usage = || vault.keys_of(&EMAIL).unwrap().active().unwrap().usage.clone();
    let before = usage();
    run(&store, &CreateKeys::new(KeySelection::EveryIndex));
    vault.refresh_with(&mut store.clone()).unwrap();
    assert_eq!(vault.search_slots(&EMAIL, 0, "x").unwrap().len(), 2, "the field has changed");
    assert!(Arc::ptr_eq(&before, &usage()));
}
