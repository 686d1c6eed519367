//! Tasks over a store in memory.

use std::time::Duration;

use super::*;
use crate::{
    Class, Field, Index, LocalRootKey, Normalizer, RootKeyId, Storage, ValueError,
    keys::{KeyEvent, KeyState, Purpose, RowKind, Secret},
    vault::{KeyStore, MemoryKeyStore, Stored, Vault, VaultBuilder, VaultError},
};

static EMAIL: Field = Field::new("users.email", "users", "email", Class::Text, Storage::Binary)
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase])]);
static PHONE: Field = Field::new("users.phone", "users", "phone", Class::Text, Storage::Binary);

const INDEX: &str = "index:users.email:default";

fn root(id: &str, byte: u8) -> LocalRootKey {
    LocalRootKey::new(RootKeyId::new(id).unwrap(), Secret::from_slice(&[byte; 32]).unwrap())
}

fn old() -> RootKeys {
    RootKeys::new(root("old", 1))
}

fn builder() -> VaultBuilder {
    Vault::builder(old()).field(&EMAIL).field(&PHONE)
}

fn open(store: &MemoryKeyStore) -> Vault {
    builder().open_with(&mut store.clone()).unwrap()
}

/// A store with the first keys.
fn store() -> MemoryKeyStore {
    let store = MemoryKeyStore::new();
    open(&store);
    store
}

fn run<T: KeyTask>(store: &MemoryKeyStore, task: &T) -> Result<T::Report, KeyError> {
    KeyManager::new(old()).run_with(task, &mut store.clone())
}

fn email() -> KeySelection {
    KeySelection::Field("users.email".into())
}

fn create(store: &MemoryKeyStore, selection: KeySelection) -> u32 {
    run(store, &CreateKeys::new(selection)).unwrap()[0].key_id
}

fn activate(store: &MemoryKeyStore, selection: KeySelection) -> Result<Vec<KeyInfo>, KeyError> {
    run(store, &ActivateKeys::new(selection, Processes::Refresh))
}

/// A store whose first key of the field is retired.
fn rotated(selection: KeySelection) -> (MemoryKeyStore, u32) {
    let store = store();
    create(&store, selection.clone());
    store.pass(LEASE);
    activate(&store, selection).unwrap();
    let retired = run(&store, &ListKeys).unwrap().into_iter().find(|key| key.state == KeyState::Retired).unwrap();
    (store, retired.key_id)
}

fn count(store: &MemoryKeyStore, rows: u64) -> RowCount {
    RowCount::new(rows, "SELECT count(*)".into(), store.clone().now().unwrap())
}

fn key_id(sealed: &[u8]) -> u32 {
    crate::format::value::SealedValue::parse(sealed).unwrap().header.key_id
}

#[test]
fn a_pending_key_is_known_and_not_used() {
    let store = store();
    let before = open(&store).seal(&EMAIL, "Ada").unwrap();
    let pending = create(&store, email());
    let sealed = open(&store).seal(&EMAIL, "Ada").unwrap();
    assert_eq!(key_id(&sealed), key_id(&before));
    store.pass(LEASE);
    let reader = open(&store);
    assert_eq!(activate(&store, email()).unwrap()[0].key_id, pending);
    let sealed = open(&store).seal(&EMAIL, "Ada").unwrap();
    assert_eq!(key_id(&sealed), pending);
    assert_eq!(reader.open::<String>(&EMAIL, sealed).unwrap(), "Ada", "opened before the key was active");
    assert_eq!(open(&store).open::<String>(&EMAIL, before).unwrap(), "Ada", "by the retired key");
}

#[test]
fn a_key_is_activated_no_earlier_than_a_lease_after_it_was_made() {
    let store = store();
    create(&store, email());
    store.pass(LEASE - Duration::from_secs(5));
    let early = activate(&store, email()).unwrap_err();
    assert!(matches!(early, KeyError::TooEarly { leases: 1, wait, .. } if wait <= Duration::from_secs(5)), "{early}");
    assert!(early.to_string().contains("Processes::Restarted"), "{early}");
    store.pass(Duration::from_secs(5));
    activate(&store, email()).unwrap();

    create(&store, email());
    run(&store, &ActivateKeys::new(email(), Processes::Restarted)).unwrap();
}

#[test]
fn a_key_is_destroyed_two_leases_after_it_retired_and_counted_after_that() {
    let (store, retired) = rotated(email());
    let sealed_then = count(&store, 0);
    let destroy = |count| run(&store, &DestroyKey::new(retired, Processes::Refresh).counted(count));
    store.pass(2 * LEASE - Duration::from_secs(5));
    let early = destroy(count(&store, 0)).unwrap_err();
    assert!(matches!(early, KeyError::TooEarly { leases: 2, .. }), "{early}");
    store.pass(Duration::from_secs(5));
    let stale = destroy(sealed_then).unwrap_err();
    assert!(matches!(stale, KeyError::CountedTooEarly { .. }), "{stale}");
    let uncounted = run(&store, &DestroyKey::new(retired, Processes::Refresh)).unwrap_err();
    assert!(matches!(uncounted, KeyError::NotCounted { .. }), "{uncounted}");
    let needed = destroy(count(&store, 3)).unwrap_err();
    assert!(matches!(&needed, KeyError::Needed { rows: 3, .. }) && needed.to_string().contains("SELECT count(*)"));
    assert_eq!(destroy(count(&store, 0)).unwrap().state, KeyState::Destroyed);
    store.tamper(|rows| {
        let row = rows.keys.iter().find(|row| row.context.key_id == retired).unwrap();
        assert_eq!((row.state, row.wrapped.len()), (KeyState::Destroyed, 0), "the row stays, without its bytes");
    });
    open(&store).seal(&EMAIL, "Ada").unwrap();
}

#[test]
fn force_destroys_what_is_needed_and_does_not_shorten_the_wait() {
    let store = store();
    let sealed = open(&store).seal(&EMAIL, "Ada").unwrap();
    create(&store, email());
    store.pass(LEASE);
    activate(&store, email()).unwrap();
    let forced = DestroyKey::new(key_id(&sealed), Processes::Refresh).counted(count(&store, 1)).forced();
    assert!(matches!(run(&store, &forced).unwrap_err(), KeyError::TooEarly { .. }));
    store.pass(2 * LEASE);
    run(&store, &forced).unwrap();
    let lost = open(&store).open::<String>(&EMAIL, sealed).unwrap_err();
    assert!(matches!(lost, ValueError::KeyDestroyed { .. }), "{lost}");
}

#[test]
fn states_never_go_back() {
    let (store, retired) = rotated(email());
    let active = run(&store, &ListKeys).unwrap().into_iter().find(|key| key.name == "users.email" && key.version == 2);
    let active = active.unwrap().key_id;
    let refused = run(&store, &DestroyKey::new(active, Processes::Restarted).forced()).unwrap_err();
    assert!(matches!(refused, KeyError::State { .. }), "{refused}");
    for key_id in [retired, create(&store, email())] {
        let refused = run(&store, &RetireKey::new(key_id)).unwrap_err();
        assert!(matches!(refused, KeyError::State { .. } | KeyError::InUse { .. }), "{refused}");
    }
    run(&store, &DestroyKey::new(retired, Processes::Restarted).forced()).unwrap();
    let again = run(&store, &DestroyKey::new(retired, Processes::Restarted).forced()).unwrap_err();
    assert!(matches!(again, KeyError::State { .. }), "{again}");
    let nothing = run(&store, &ActivateKeys::new(KeySelection::EveryIndex, Processes::Restarted)).unwrap_err();
    assert!(matches!(nothing, KeyError::NothingPending { .. }), "{nothing}");
}

#[test]
fn a_pending_key_that_is_not_wanted_is_destroyed_and_another_follows() {
    let store = store();
    let unwanted = create(&store, email());
    assert_eq!(create(&store, email()), unwanted, "one is pending already");
    run(&store, &DestroyKey::new(unwanted, Processes::Refresh)).unwrap();
    let wanted = create(&store, email());
    store.pass(LEASE);
    activate(&store, email()).unwrap();
    assert_eq!(key_id(&open(&store).seal(&EMAIL, "Ada").unwrap()), wanted);
}

#[test]
fn each_event_is_recorded_once_in_its_order() {
    let (store, retired) = rotated(email());
    run(&store, &DestroyKey::new(retired, Processes::Restarted).forced()).unwrap();
    let key = run(&store, &ListKeys).unwrap().into_iter().find(|key| key.key_id == retired).unwrap();
    let events: Vec<_> = key.events.iter().map(|event| event.event).collect();
    assert_eq!(events, [KeyEvent::Active, KeyEvent::Retired, KeyEvent::Destroyed]);
    assert!(key.events.is_sorted_by_key(|event| event.at));
    assert!(key.when(KeyEvent::Retired).unwrap().since(key.when(KeyEvent::Active).unwrap()) >= LEASE);
    let all = store.tamper(|rows| rows.audit.len());
    assert_eq!(all, 4 + 4, "four first keys; pending, active, retired, destroyed");
}

#[test]
fn altered_deleted_and_planted_events_are_refused() {
    let (store, _) = rotated(email());
    let rows = store.tamper(|rows| rows.clone());
    let refusal = |tamper: &dyn Fn(&mut Stored)| {
        store.tamper(|stored| {
            *stored = rows.clone();
            tamper(stored);
        });
        let refused = builder().open_with(&mut store.clone()).unwrap_err();
        let also = run(&store, &ListKeys).unwrap_err();
        assert_eq!(also.to_string(), refused.to_string());
        refused
    };
    for at in 0..rows.audit.len() {
        let alterations: [&dyn Fn(&mut crate::keys::AuditRow); 6] = [
            &|event| event.at = crate::keys::Timestamp::from_unix_micros(0),
            &|event| event.event = KeyEvent::Rewrapped,
            &|event| event.key_id ^= 1,
            &|event| event.sequence += 1,
            &|event| event.root_id.push('x'),
            &|event| event.mac[0] ^= 1,
        ];
        for alter in alterations {
            let altered = refusal(&|stored| alter(&mut stored.audit[at]));
            assert!(matches!(altered, VaultError::RowAltered { kind: RowKind::Audit, .. }), "{altered}");
        }
        let deleted = refusal(&|stored| drop(stored.audit.remove(at)));
        assert!(matches!(deleted, VaultError::RowsReplaced), "{deleted}");
        let doubled = refusal(&|stored| stored.audit.push(stored.audit[at].clone()));
        assert!(matches!(doubled, VaultError::RowsReplaced), "{doubled}");
    }
}

#[test]
fn a_retired_key_put_back_from_a_copy_is_refused() {
    let store = store();
    let before = store.tamper(|rows| rows.clone());
    create(&store, email());
    store.pass(LEASE);
    activate(&store, email()).unwrap();
    let after = store.tamper(|rows| rows.clone());
    let old = before.keys.iter().find(|row| row.context.name == "users.email").unwrap();
    // The retired row replaced by the active one it was, with and without the row that followed it.
    for keep_new in [true, false] {
        store.tamper(|rows| {
            *rows = after.clone();
            rows.keys.retain(|row| keep_new || row.context.version == 1);
            let row = rows.keys.iter_mut().find(|row| row.context.key_id == old.context.key_id).unwrap();
            *row = old.clone();
        });
        let refused = builder().open_with(&mut store.clone()).unwrap_err();
        assert!(matches!(refused, VaultError::RowAltered { .. } | VaultError::RowsReplaced), "{refused}");
        assert!(run(&store, &CreateKeys::new(KeySelection::All)).is_err(), "no task works on such rows");
    }
}

#[test]
fn a_new_generation_is_searched_for_before_it_is_written() {
    let store = store();
    let index = KeySelection::Index(INDEX.into());
    let old_tag = open(&store).seal(&EMAIL, "Ada").unwrap()[3..18].to_vec();
    create(&store, index.clone());
    let vault = open(&store);
    let slots = vault.search_slots(&EMAIL, 0, "ADA").unwrap();
    assert_eq!(slots.iter().map(|slot| slot[0]).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(vault.seal(&EMAIL, "Ada").unwrap()[3..18], old_tag);
    store.pass(LEASE);
    let generation = activate(&store, index).unwrap()[0].generation;
    assert_eq!(generation, Some(2));
    let new = open(&store);
    assert_eq!(new.seal(&EMAIL, "Ada").unwrap()[3..18], slots[1]);
    let searched = new.search_slots(&EMAIL, 0, "ada").unwrap();
    assert_eq!(searched, [slots[1], slots[0]], "both, the active one first");
}

static CASEFOLD: Field = Field::new("users.email", "users", "email", Class::Text, Storage::Binary)
    .indexes(&[Index::new("default").normalize(&[Normalizer::Casefold])]);
static SHORT: Field =
    Field::new("users.email", "users", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase]).bits(16)]);

/// A store that holds a value of the field, so that its declaration cannot change unnoticed.
struct Filled(MemoryKeyStore);

impl KeyStore for Filled {
    fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, crate::StoreError> {
        self.0.load(scope)
    }

    fn load_all(&mut self) -> Result<Stored, crate::StoreError> {
        self.0.load_all()
    }

    fn now(&mut self) -> Result<crate::keys::Timestamp, crate::StoreError> {
        self.0.now()
    }

    fn apply(&mut self, changes: &[crate::Change]) -> Result<crate::Applied, crate::StoreError> {
        self.0.apply(changes)
    }

    fn key(&mut self, key_id: u32) -> Result<Option<crate::keys::KeyRow>, crate::StoreError> {
        self.0.key(key_id)
    }

    fn sample(&mut self, _: &Field) -> Result<Option<Vec<u8>>, crate::StoreError> {
        Ok(Some(b"a value".to_vec()))
    }
}

fn open_filled(store: &MemoryKeyStore, field: &'static Field) -> Result<Vault, VaultError> {
    Vault::builder(old()).field(field).field(&PHONE).open_with(&mut Filled(store.clone()))
}

#[test]
fn programs_of_both_normalisers_run_while_a_generation_changes() {
    let store = store();
    assert!(matches!(open_filled(&store, &CASEFOLD), Err(VaultError::FieldChanged { .. })));
    let index = KeySelection::Index(INDEX.into());
    run(&store, &CreateKeys::new(index.clone()).index(vec!["casefold".into()], 112)).unwrap();
    let other = run(&store, &CreateKeys::new(index.clone()).index(vec!["trim".into()], 112)).unwrap_err();
    assert!(matches!(other, KeyError::AlreadyPending { .. }), "{other}");
    let (before, after) = (open_filled(&store, &EMAIL).unwrap(), open_filled(&store, &CASEFOLD).unwrap());
    let tags = |vault: &Vault, field| vault.search_slots(field, 0, "Stra\u{df}e").unwrap();
    assert_eq!(tags(&before, &EMAIL), tags(&after, &CASEFOLD));
    assert_eq!(after.search_slots(&CASEFOLD, 0, "STRASSE").unwrap()[1], tags(&before, &EMAIL)[1]);
    store.pass(LEASE);
    activate(&store, index).unwrap();
    let retired = run(&store, &ListKeys).unwrap().into_iter().find(|key| key.state == KeyState::Retired).unwrap();
    open_filled(&store, &EMAIL).unwrap();
    open_filled(&store, &CASEFOLD).unwrap();
    run(&store, &DestroyKey::new(retired.key_id, Processes::Restarted).forced()).unwrap();
    assert!(matches!(open_filled(&store, &EMAIL), Err(VaultError::FieldChanged { .. })), "nothing is as it says");
    open_filled(&store, &CASEFOLD).unwrap();
}

#[test]
fn a_program_that_compares_nothing_does_not_search_by_short_tags() {
    let store = store();
    let index = KeySelection::Index(INDEX.into());
    run(&store, &CreateKeys::new(index.clone()).index(vec!["lowercase".into()], 16)).unwrap();
    assert_eq!(open_filled(&store, &EMAIL).unwrap().search_slots(&EMAIL, 0, "Ada").unwrap().len(), 1, "pending");
    assert_eq!(open_filled(&store, &SHORT).unwrap().search_slots(&SHORT, 0, "Ada").unwrap().len(), 2);
    store.pass(LEASE);
    activate(&store, index).unwrap();
    assert!(matches!(open_filled(&store, &EMAIL), Err(VaultError::TruncatedTags { bits: 16, .. })));
    open_filled(&store, &SHORT).unwrap();
}

#[test]
fn what_makes_no_generation_is_refused() {
    let store = store();
    let index = || CreateKeys::new(KeySelection::Index(INDEX.into()));
    let refusal = |task| run(&store, &task).unwrap_err();
    assert!(matches!(refusal(index().index(vec![], 7)), KeyError::Bits { bits: 7 }));
    assert!(matches!(refusal(index().index(vec!["rot13".into()], 112)), KeyError::UnknownNormalizer { .. }));
    let many = CreateKeys::new(KeySelection::All).index(vec![], 112);
    assert!(matches!(refusal(many), KeyError::NotOneIndex));
    let nothing = refusal(CreateKeys::new(KeySelection::Field("users.nam".into())));
    assert!(nothing.to_string().contains("users.email"), "{nothing}");
}

#[test]
fn a_generation_does_not_come_round_to_one_that_lives() {
    let (store, first) = rotated(KeySelection::Index(INDEX.into()));
    let index = || KeySelection::Index(INDEX.into());
    for _ in 3..=255 {
        let id = create(&store, index());
        run(&store, &DestroyKey::new(id, Processes::Refresh)).unwrap();
    }
    let refused = run(&store, &CreateKeys::new(index())).unwrap_err();
    assert!(matches!(refused, KeyError::GenerationInUse { generation: 1, key_id } if key_id == first), "{refused}");
    run(&store, &DestroyKey::new(first, Processes::Restarted).forced()).unwrap();
    create(&store, index());
}

#[test]
fn a_key_of_a_field_that_is_no_longer_registered_retires() {
    let store = store();
    let phone = run(&store, &ListKeys).unwrap().into_iter().find(|key| key.name == "users.phone").unwrap().key_id;
    let in_use = run(&store, &RetireKey::new(phone)).unwrap_err();
    assert!(matches!(&in_use, KeyError::InUse { field, .. } if field == "users.phone"), "{in_use}");
    static MOVED: Field = Field::new("users.mobile", "users", "phone", Class::Text, Storage::Binary);
    Vault::builder(old()).field(&EMAIL).field(&MOVED).open_with(&mut store.clone()).unwrap();
    assert_eq!(run(&store, &RetireKey::new(phone)).unwrap().state, KeyState::Retired);
}

#[test]
fn rewrapping_moves_every_scope_to_the_new_root_key_and_needs_the_old_one_no_more() {
    let store = store();
    let sealed = open(&store).seal(&EMAIL, "Ada").unwrap();
    let tenant = || builder().scope("tenant").open_with(&mut store.clone());
    let of_tenant = tenant().unwrap().seal(&EMAIL, "Bob").unwrap();
    let before = RootKeys::new(root("new", 2));
    assert!(KeyManager::new(before).run_with(&Rewrap, &mut store.clone()).is_err(), "the old one is needed");

    let both = RootKeys::new(root("new", 2)).with(root("old", 1)).unwrap();
    let rewrapped = KeyManager::new(both.clone()).run_with(&Rewrap, &mut store.clone()).unwrap();
    assert_eq!(rewrapped.keys, 1 + 3 + 3, "the state key, and two fields and an index in each scope");
    assert_eq!(rewrapped.needed.iter().map(|used| (&*used.root_id, used.keys)).collect::<Vec<_>>(), [("new", 7)]);
    let again = KeyManager::new(both).run_with(&Rewrap, &mut store.clone()).unwrap();
    assert_eq!(again.keys, 0);

    let new = || RootKeys::new(root("new", 2));
    let uses = KeyManager::new(new()).run_with(&RootKeyUses, &mut store.clone()).unwrap();
    assert_eq!(uses, rewrapped.needed);
    let open = |scope: Option<&str>| {
        let builder = Vault::builder(new()).field(&EMAIL).field(&PHONE);
        let builder = scope.into_iter().fold(builder, |builder, scope| builder.scope(scope));
        builder.existing_keys_only().open_with(&mut store.clone()).unwrap()
    };
    assert_eq!(open(None).open::<String>(&EMAIL, sealed).unwrap(), "Ada");
    assert_eq!(open(Some("tenant")).open::<String>(&EMAIL, of_tenant).unwrap(), "Bob");
    let refused = builder().open_with(&mut store.clone()).unwrap_err();
    assert!(matches!(refused, VaultError::UnknownRootKey { .. }), "{refused}");
}

#[test]
fn keys_move_from_several_old_root_keys_to_a_new_one_in_one_call() {
    let store = store();
    let both = RootKeys::new(root("older", 7)).with(root("old", 1)).unwrap();
    Vault::builder(both.clone()).field(&EMAIL).scope("tenant").open_with(&mut store.clone()).unwrap();
    let uses = |keys| KeyManager::new(keys).run_with(&RootKeyUses, &mut store.clone()).unwrap();
    assert_eq!(uses(both.clone()).iter().map(|used| &*used.root_id).collect::<Vec<_>>(), ["old", "older"]);
    let moving = KeyManager::moving(&both, RootKeys::new(root("new", 2))).unwrap();
    moving.run_with(&Rewrap, &mut store.clone()).unwrap();
    assert_eq!(uses(RootKeys::new(root("new", 2))).iter().map(|used| &*used.root_id).collect::<Vec<_>>(), ["new"]);
    assert!(KeyManager::moving(&both, RootKeys::new(root("old", 2))).is_err(), "another key of an old one's id");
}

#[test]
fn a_root_key_of_the_same_id_is_rewrapped_by_its_fingerprint_alone() {
    let store = store();
    let replaced = RootKeys::new(root("old", 9));
    let refused = KeyManager::new(replaced).run_with(&Rewrap, &mut store.clone()).unwrap_err();
    assert!(matches!(refused, KeyError::Vault(VaultError::WrongRootKey { .. })), "{refused}");
}

#[test]
fn what_loses_new_keys_is_found_before_one_is_used() {
    struct Forgetful(MemoryKeyStore);
    impl KeyStore for Forgetful {
        fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, crate::StoreError> {
            self.0.load(scope)
        }
        fn load_all(&mut self) -> Result<Stored, crate::StoreError> {
            self.0.load_all()
        }
        fn now(&mut self) -> Result<crate::keys::Timestamp, crate::StoreError> {
            self.0.now()
        }
        fn apply(&mut self, _: &[crate::Change]) -> Result<crate::Applied, crate::StoreError> {
            Ok(crate::Applied::Written)
        }
        fn key(&mut self, key_id: u32) -> Result<Option<crate::keys::KeyRow>, crate::StoreError> {
            self.0.key(key_id)
        }
        fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, crate::StoreError> {
            self.0.sample(field)
        }
    }
    let refused = KeyManager::new(old()).run_with(&CreateKeys::new(email()), &mut Forgetful(store())).unwrap_err();
    assert!(matches!(refused, KeyError::NotKept { .. }), "{refused}");
}

#[test]
fn managers_at_once_agree_on_one_pending_key() {
    let store = store();
    let create = || run(&store, &CreateKeys::new(KeySelection::EveryField)).unwrap();
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8).map(|_| scope.spawn(create)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ids = |keys: &[KeyInfo]| {
        let mut ids: Vec<_> = keys.iter().map(|key| key.key_id).collect();
        ids.sort_unstable();
        ids
    };
    assert!(made.iter().all(|keys| ids(keys) == ids(&made[0])));
    let pending = run(&store, &ListKeys).unwrap().into_iter().filter(|key| key.state == KeyState::Pending);
    assert!(pending.clone().all(|key| key.purpose == Purpose::Encrypt));
    assert_eq!(pending.count(), 2);
}

#[test]
fn a_field_is_forgotten_once_its_column_is_empty_and_registered_again_if_declared() {
    let store = store();
    let forget = |task: ForgetField| run(&store, &task);
    let unknown = forget(ForgetField::new("users.mail").counted(0)).unwrap_err();
    assert!(matches!(&unknown, KeyError::UnknownField { known, .. } if known.len() == 2), "{unknown}");
    for task in [ForgetField::new("users.email"), ForgetField::new("users.email").counted(3)] {
        let refused = forget(task).unwrap_err();
        assert!(matches!(refused, KeyError::FieldHoldsValues { .. }), "{refused}");
    }
    let keys = forget(ForgetField::new("users.email").counted(0)).unwrap();
    assert_eq!(keys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["users.email", INDEX]);
    assert_eq!(store.clone().load(None).unwrap().fields.len(), 1);
    open(&store);
    assert_eq!(store.clone().load(None).unwrap().fields.len(), 2);
    forget(ForgetField::new("users.email").forced()).unwrap();

    // Its key can be retired, and is never replaced: another field of its name would have to be declared by another id.
    run(&store, &RetireKey::new(keys[0].key_id)).unwrap();
    let refused = builder().open_with(&mut store.clone()).unwrap_err();
    assert!(matches!(refused, VaultError::NoActiveKey { .. }), "{refused}");
}
