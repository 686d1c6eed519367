//! What a vault does over a store in memory.

use super::*;
use crate::{
    Algorithm, Class, EncodeError, Index, LocalRootKey, Normalizer, Plaintext, RootKeyId, Storage,
    format::{text, value::Slot},
    keys::{KeyState, Purpose, Secret},
};

static EMAIL: Field = Field::new("users.email", "users", "email", Class::Text, Storage::Binary)
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase]), Index::new("short").bits(16)]);
static PHONE: Field = Field::new("users.phone", "users", "phone", Class::Text, Storage::Text)
    .algorithm(Algorithm::Xaes256Gcm)
    .padding(32);
static NOTE: Field = Field::new("users.note", "users", "note", Class::Text, Storage::Binary)
    .binding(Binding::Columns(&["id"]))
    .algorithm(Algorithm::XChaCha20Poly1305);

fn root(id: &str, byte: u8) -> LocalRootKey {
    LocalRootKey::new(RootKeyId::new(id).unwrap(), Secret::from_slice(&[byte; 32]).unwrap())
}

fn builder() -> VaultBuilder {
    Vault::builder(RootKeys::new(root("r1", 1))).field(&EMAIL).field(&PHONE).field(&NOTE)
}

fn open(store: &MemoryKeyStore) -> Vault {
    builder().open_with(&mut store.clone()).unwrap()
}

#[test]
fn what_one_vault_seals_another_over_the_same_store_opens() {
    let store = MemoryKeyStore::new();
    let sealed = open(&store).seal(&EMAIL, "Ada@example.org").unwrap();
    assert_eq!(sealed.len(), "Ada@example.org".len() + 37 + 30);
    assert_eq!(open(&store).open::<String>(&EMAIL, sealed).unwrap(), "Ada@example.org");
}

#[test]
fn padding_hides_the_length() {
    let vault = open(&MemoryKeyStore::new());
    let lengths = ["", "1", "0123456789012345678901234567890"].map(|value| {
        let sealed = vault.seal(&PHONE, value).unwrap();
        let len = sealed.len();
        assert_eq!(vault.open::<String>(&PHONE, sealed).unwrap(), value);
        len
    });
    assert_eq!(lengths, [lengths[0]; 3]);
}

#[test]
fn a_bound_value_opens_for_its_owner_alone() {
    let vault = open(&MemoryKeyStore::new());
    let (ada, bob) = (Owner::of(&1_i32).unwrap(), Owner::of(&2_i64).unwrap());
    let sealed = vault.seal_bound(&NOTE, "a note", &ada).unwrap();
    assert_eq!(vault.open_bound::<String>(&NOTE, sealed.clone(), &ada).unwrap(), "a note");
    assert!(matches!(
        vault.open_bound::<String>(&NOTE, sealed.clone(), &bob),
        Err(ValueError::Tampered { bound: true, .. })
    ));
    assert!(matches!(vault.open::<String>(&NOTE, sealed), Err(ValueError::Ownership { bound: true, .. })));
    assert!(matches!(vault.seal(&NOTE, "a note"), Err(ValueError::Ownership { bound: true, .. })));
    assert!(matches!(vault.seal_bound(&EMAIL, "x", &ada), Err(ValueError::Ownership { bound: false, .. })));
    let two = ada.and(&3_i32).unwrap();
    assert!(matches!(vault.seal_bound(&NOTE, "x", &two), Err(ValueError::OwnerLength { expected: 1, found: 2, .. })));
}

#[test]
fn every_flipped_bit_and_every_cut_is_refused() {
    let vault = open(&MemoryKeyStore::new());
    let sealed = vault.seal(&EMAIL, "Ada").unwrap();
    for at in 0..sealed.len() {
        for bit in 0..8 {
            let mut altered = sealed.clone();
            altered[at] ^= 1 << bit;
            vault.open::<String>(&EMAIL, altered).expect_err("a flipped bit");
        }
        vault.open::<String>(&EMAIL, &sealed[..at]).expect_err("a cut value");
    }
    vault.open::<String>(&EMAIL, [&sealed[..], &[0]].concat()).expect_err("an appended byte");
    let other = vault.open::<String>(&PHONE, sealed).unwrap_err();
    assert!(matches!(other, ValueError::OtherField { .. }), "{other}");
}

#[test]
fn tags_are_equal_exactly_when_normalised_values_are() {
    let vault = open(&MemoryKeyStore::new());
    let slots = |index, value: &str| vault.search_slots(&EMAIL, index, value).unwrap();
    assert_eq!(slots(0, "Ada@example.org"), slots(0, "ADA@EXAMPLE.ORG"));
    assert_ne!(slots(0, "Ada@example.org"), slots(0, "Bob@example.org"));
    assert_ne!(slots(1, "Ada"), slots(1, "ada"), "the second index does not normalise");
    assert_eq!(slots(0, "x")[0][0], 1, "the first generation is 1");
    assert!(slots(1, "x")[0][3..].iter().all(|byte| *byte == 0), "16 bits are kept");
    let sealed = vault.seal(&EMAIL, "Ada").unwrap();
    assert_eq!(sealed[3..18], slots(0, "aDA")[0]);
    assert_eq!(sealed[18..33], slots(1, "Ada")[0]);
    assert!(vault.search_slots(&EMAIL, 0, &None::<&str>).unwrap().is_empty());
}

#[test]
#[cfg(debug_assertions)]
fn a_normaliser_that_changes_its_own_results_is_an_error_in_debug_builds() {
    static HOST: Field =
        Field::new("users.host", "users", "host", Class::Text, Storage::Binary).indexes(&[Index::new("default")
            .normalize(&[Normalizer::Custom {
                name: "host",
                apply: |email| email.rsplit_once('@').map_or(String::new(), |(_, host)| host.to_owned()),
            }])]);
    let vault = builder().field(&HOST).open_with(&mut MemoryKeyStore::new()).unwrap();
    let refused =
        |error| matches!(error, ValueError::Encode { source: EncodeError::NormalizerNotStable { name: "host" }, .. });
    assert!(refused(vault.seal(&HOST, "ada@example.org").unwrap_err()));
    assert!(refused(vault.search_slots(&HOST, 0, "ada@example.org").unwrap_err()));
}

#[test]
fn scopes_do_not_open_each_others_values() {
    let store = MemoryKeyStore::new();
    let tenant = |scope: &str| builder().scope(scope).open_with(&mut store.clone()).unwrap();
    let (a, b) = (tenant("a"), tenant("b"));
    let sealed = a.seal(&EMAIL, "x").unwrap();
    assert!(matches!(b.open::<String>(&EMAIL, sealed.clone()), Err(ValueError::UnknownKey { .. })));
    assert_ne!(a.search_slots(&EMAIL, 0, "x").unwrap(), b.search_slots(&EMAIL, 0, "x").unwrap());
    assert_eq!(tenant("a").open::<String>(&EMAIL, sealed).unwrap(), "x");
}

#[test]
fn a_wrong_root_key_is_refused_by_name() {
    let store = MemoryKeyStore::new();
    open(&store);
    let open = |keys| Vault::builder(keys).field(&EMAIL).open_with(&mut store.clone()).unwrap_err();
    let wrong = open(RootKeys::new(root("r1", 2)));
    assert!(matches!(&wrong, VaultError::WrongRootKey { id, .. } if id == "r1"), "{wrong}");
    let unknown = open(RootKeys::new(root("r2", 1)));
    assert!(matches!(&unknown, VaultError::UnknownRootKey { id, .. } if id == "r1"), "{unknown}");
    let other = builder().application("staging").open_with(&mut store.clone()).unwrap_err();
    assert!(matches!(other, VaultError::OtherApplication { .. }), "{other}");
    let both = RootKeys::new(root("r2", 2)).with(root("r1", 1)).unwrap();
    Vault::builder(both).field(&EMAIL).open_with(&mut store.clone()).unwrap();
}

/// Tampers with a copy of the rows that `builder` left, and gives what opening them then says.
fn tampered(rows: &Stored, tamper: &dyn Fn(&mut Stored)) -> VaultError {
    let mut store = MemoryKeyStore::new();
    store.tamper(|stored| *stored = rows.clone());
    store.tamper(|stored| tamper(stored));
    builder().open_with(&mut store).expect_err("altered rows")
}

/// The rows of a store that was opened once.
fn rows() -> Stored {
    let store = MemoryKeyStore::new();
    open(&store);
    store.tamper(|rows| rows.clone())
}

#[test]
fn altered_rows_are_refused() {
    let rows = rows();
    for at in 0..rows.keys.len() {
        let manifest = rows.keys[at].context.purpose == Purpose::Manifest;
        let refused = |what: &str, tamper: &dyn Fn(&mut crate::keys::KeyRow)| {
            let error = tampered(&rows, &|stored| tamper(&mut stored.keys[at]));
            let expected = match error {
                VaultError::RowAltered { .. } => !manifest,
                VaultError::RowsReplaced => manifest,
                VaultError::NoStateKey => rows.keys[at].context.purpose == Purpose::State,
                _ => false,
            };
            assert!(expected, "{what} of {:?}: {error}", rows.keys[at]);
        };
        refused("the state", &|row| row.state = KeyState::Retired);
        refused("the version", &|row| row.context.version += 1);
        refused("the check value", &|row| row.check[0] ^= 1);
        refused("the wrapped key", &|row| row.wrapped.push(1));
        refused("the MAC", &|row| row.mac[0] ^= 1);
    }
    let swapped = tampered(&rows, &|stored| {
        let (a, b) = stored.keys.split_at_mut(3);
        std::mem::swap(&mut a[2].wrapped, &mut b[0].wrapped);
    });
    assert!(matches!(swapped, VaultError::RowAltered { .. }), "{swapped}");
    let moved = tampered(&rows, &|stored| stored.fields[0].table = "other".to_owned());
    assert!(matches!(moved, VaultError::RowAltered { .. }), "{moved}");
}

#[test]
fn a_deleted_row_is_missed() {
    let rows = rows();
    for at in 0..rows.keys.len() {
        let error = tampered(&rows, &|stored| drop(stored.keys.remove(at)));
        let expected = match rows.keys[at].context.purpose {
            Purpose::State => matches!(error, VaultError::NoStateKey),
            _ => matches!(error, VaultError::RowsReplaced),
        };
        assert!(expected, "{:?}: {error}", rows.keys[at]);
    }
    for at in 0..rows.fields.len() {
        let error = tampered(&rows, &|stored| drop(stored.fields.remove(at)));
        assert!(matches!(error, VaultError::RowsReplaced), "{error}");
    }
}

#[test]
fn an_older_copy_of_a_row_is_refused() {
    static CHANGED: Field = Field::new("users.email", "users", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("default").normalize(&[Normalizer::Casefold]), Index::new("short").bits(16)]);
    let mut store = MemoryKeyStore::new();
    open(&store);
    let older = store.tamper(|rows| rows.clone());
    let changed = || Vault::builder(RootKeys::new(root("r1", 1))).field(&CHANGED).field(&PHONE).field(&NOTE);
    let vault = changed().open_with(&mut store).unwrap();
    assert_eq!(vault.search_slots(&CHANGED, 0, "x").unwrap().len(), 2, "the old generation is still searched for");
    store.tamper(|rows| {
        let second = |row: &crate::keys::KeyRow| row.context.version == 2;
        let name = rows.keys.iter().find(|row| second(row)).unwrap().context.name.clone();
        rows.keys.retain(|row| row.context.name != name);
        rows.keys.extend(older.keys.iter().filter(|row| row.context.name == name).cloned());
    });
    let error = changed().open_with(&mut store).unwrap_err();
    assert!(matches!(error, VaultError::RowsReplaced), "{error}");
    store.tamper(|rows| *rows = older);
    builder().open_with(&mut store).expect("all rows rolled back at once go unnoticed without a pin");
}

#[test]
fn keys_are_made_only_where_that_is_allowed() {
    let store = MemoryKeyStore::new();
    let existing = || builder().existing_keys_only().open_with(&mut store.clone());
    assert!(matches!(existing(), Err(VaultError::KeyMissing { purpose: Purpose::State, .. })));
    assert_eq!(store.tamper(|rows| rows.keys.len()), 0);
    open(&store);
    existing().unwrap();
    let tenant = builder().scope("a").existing_keys_only().open_with(&mut store.clone());
    assert!(matches!(tenant, Err(VaultError::KeyMissing { purpose: Purpose::Encrypt, .. })), "{tenant:?}");
}

#[test]
fn a_damaged_value_is_not_read_as_plaintext() {
    static BYTES: Field =
        Field::new("t.bytes", "t", "bytes", Class::Bytes, Storage::Binary).plaintext(Plaintext::Accept);
    static TEXT: Field = Field::new("t.text", "t", "text", Class::Text, Storage::Text).plaintext(Plaintext::Accept);
    let vault = Vault::builder(RootKeys::new(root("r1", 1)))
        .field(&BYTES)
        .field(&TEXT)
        .open_with(&mut MemoryKeyStore::new())
        .unwrap();
    let sealed = vault.seal(&BYTES, &b"secret"[..]).unwrap();
    for len in 1..sealed.len() {
        let cut = vault.open::<Vec<u8>>(&BYTES, &sealed[..len]).unwrap_err();
        assert!(matches!(cut, ValueError::Malformed { .. } | ValueError::Tampered { .. }), "{len}: {cut}");
    }
    assert_eq!(vault.open::<Vec<u8>>(&BYTES, b"plain").unwrap(), b"plain");
    let sealed = text::encode(&vault.seal(&TEXT, "secret").unwrap());
    for damaged in [sealed.clone() + "=", sealed.clone() + "\n", sealed[..20].to_owned(), sealed[..21].to_owned()] {
        let error = vault.open_text::<String>(&TEXT, &damaged).unwrap_err();
        assert!(matches!(error, ValueError::Malformed { .. }), "{error}");
    }
    for plain in ["", "4QAy", "\u{1EBF}ch", "Ada@example.org", "QWRh"] {
        assert_eq!(vault.open_text::<String>(&TEXT, plain).unwrap(), plain);
    }
}

#[test]
fn a_pinned_version_finds_a_rollback() {
    let store = MemoryKeyStore::new();
    open(&store);
    let pin = |version| builder().minimum_version(Purpose::Encrypt, "users.email", version);
    pin(1).open_with(&mut store.clone()).unwrap();
    let error = pin(2).open_with(&mut store.clone()).unwrap_err();
    assert!(matches!(error, VaultError::RolledBack { minimum: 2, found: 1, .. }), "{error}");
}

#[test]
fn two_fields_of_one_id_are_refused() {
    static OTHER: Field = Field::new("users.email", "users", "mail", Class::Text, Storage::Binary);
    let error = builder().field(&OTHER).open_with(&mut MemoryKeyStore::new()).unwrap_err();
    assert!(matches!(error, VaultError::DuplicateField { .. }), "{error}");
}

#[test]
fn threads_that_open_an_empty_store_at_once_agree_on_one_key() {
    let store = MemoryKeyStore::new();
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let store = store.clone();
            std::thread::spawn(move || open(&store).seal(&EMAIL, "x").unwrap())
        })
        .collect();
    let vault = open(&store);
    for thread in threads {
        assert_eq!(vault.open::<String>(&EMAIL, thread.join().unwrap()).unwrap(), "x");
    }
    assert_eq!(store.tamper(|rows| rows.keys.len()), 2 + 3 + 2, "state and manifest, three fields, two indexes");
}

#[test]
fn an_entered_vault_is_used_and_left_again() {
    let vault = open(&MemoryKeyStore::new());
    let current = || Vault::current().map(|vault| vault.id());
    assert_eq!(current(), None);
    vault.enter(|| {
        assert_eq!(current(), Some(vault.id()));
        Vault::isolated(|| assert_eq!(current(), None));
        let other = open(&MemoryKeyStore::new());
        other.enter(|| assert_eq!(current(), Some(other.id())));
        assert_eq!(current(), Some(vault.id()));
    });
    let panicked = std::panic::catch_unwind(|| vault.enter(|| panic!("unwinds")));
    assert!(panicked.is_err());
    assert_eq!(current(), None);
    assert!(matches!(Vault::with_current(&EMAIL, |_| Ok(())), Err(ValueError::NoVault { .. })));
}

#[test]
fn ciphers_are_kept_for_headers_that_open_values_alone() {
    let store = MemoryKeyStore::new();
    let vault = open(&store);
    let kept = |vault: &Vault| vault.keys_of(&EMAIL).unwrap().keys[0].kept();
    assert_eq!(kept(&vault), 0);
    let sealed = vault.seal(&EMAIL, "Ada").unwrap();
    // More made-up headers than there are places: number of slots, flags and class.
    for flags in 0..=255 {
        let mut made_up = sealed.clone();
        made_up[34] = flags;
        let opened = vault.open::<String>(&EMAIL, made_up);
        assert_eq!(opened.is_ok(), flags == sealed[34], "flags {flags}");
    }
    assert_eq!(kept(&vault), 1, "made-up headers took places");
    // Those of a model that gained an index, changed its algorithm and its padding still open.
    static BEFORE: Field = Field::new("users.email", "users", "email", Class::Text, Storage::Binary)
        .algorithm(Algorithm::Xaes256Gcm)
        .padding(16);
    let older = MemoryKeyStore::new();
    let before = Vault::builder(RootKeys::new(root("r1", 1))).field(&BEFORE).open_with(&mut older.clone()).unwrap();
    let sealed = before.seal(&BEFORE, "Ada").unwrap();
    let after = Vault::builder(RootKeys::new(root("r1", 1))).field(&EMAIL).open_with(&mut older.clone()).unwrap();
    for _ in 0..2 {
        assert_eq!(after.open::<String>(&EMAIL, sealed.as_slice()).unwrap(), "Ada");
    }
    assert_eq!(kept(&after), 1, "one key schedule for the life of a key");
}

/// A vault of the registry alone.
fn registered(store: &MemoryKeyStore) -> Vault {
    Vault::builder(RootKeys::new(root("r1", 1))).registered().open_with(&mut store.clone()).unwrap()
}

fn field_of(vault: &Vault, id: &str) -> &'static Field {
    vault.fields().find(|field| field.id() == id).unwrap()
}

#[test]
fn the_registry_alone_opens_seals_and_searches_as_the_models_do() {
    let store = MemoryKeyStore::new();
    let (models, tools) = (open(&store), registered(&store));
    let email = field_of(&tools, "users.email");
    assert_eq!(registry::row(email), registry::row(&EMAIL));
    assert!(std::ptr::eq(email, field_of(&registered(&store), "users.email")), "a field is made once");

    let sealed = models.seal(&EMAIL, "Ada@example.org").unwrap();
    assert_eq!(*tools.open_encoded(email, &sealed, None).unwrap(), *b"Ada@example.org");
    let anew = tools.seal_encoded(email, b"Ada@example.org", None).unwrap();
    assert_eq!(anew[..33], sealed[..33], "prefix and tags");
    assert_eq!(models.open::<String>(&EMAIL, anew).unwrap(), "Ada@example.org");
    assert_eq!(
        tools.search_slots(email, 0, "ada@EXAMPLE.org").unwrap(),
        models.search_slots(&EMAIL, 0, "ada@example.org").unwrap()
    );

    let (phone, note) = (field_of(&tools, "users.phone"), field_of(&tools, "users.note"));
    assert_eq!((registry::row(phone), registry::row(note)), (registry::row(&PHONE), registry::row(&NOTE)));
    let owner = Owner::of(&7).unwrap();
    let sealed = models.seal_bound(&NOTE, "a note", &owner).unwrap();
    assert_eq!(*tools.open_encoded(note, &sealed, Some(&owner)).unwrap(), *b"a note");
}

#[test]
fn a_vault_of_the_registry_makes_no_keys() {
    let store = MemoryKeyStore::new();
    drop(open(&store));
    let before = store.clone().load(Some(b"tenant")).unwrap();
    let tenant = Vault::builder(RootKeys::new(root("r1", 1))).scope("tenant").registered();
    let tenant = tenant.open_with(&mut store.clone()).unwrap();
    assert_eq!(store.clone().load(Some(b"tenant")).unwrap(), before);
    let email = field_of(&tenant, "users.email");
    assert_eq!(tenant.field_state(email).unwrap().active, None);
    assert!(matches!(tenant.seal_encoded(email, b"Ada", None), Err(ValueError::UnknownField { .. })));
}

#[test]
fn a_value_is_rotated_with_its_slots_and_reindexed_with_new_ones() {
    let store = MemoryKeyStore::new();
    let vault = open(&store);
    let sealed = vault.seal(&EMAIL, "Ada@example.org").unwrap();
    let rotated = vault.rotate(&EMAIL, &sealed, None).unwrap();
    assert_eq!(rotated[..33], sealed[..33]);
    assert_ne!(rotated[33..], sealed[33..], "another nonce");
    assert_eq!(vault.open::<String>(&EMAIL, rotated).unwrap(), "Ada@example.org");

    let short = vault.seal_encoded(&PHONE, b"1", None).unwrap();
    assert_eq!(vault.rotate(&PHONE, &short, None).unwrap().len(), short.len(), "padded again");
    assert_eq!(vault.reindex(&EMAIL, &sealed, None).unwrap()[..33], sealed[..33]);

    let mut altered = sealed.clone();
    *altered.last_mut().unwrap() ^= 1;
    for changed in [vault.rotate(&EMAIL, &altered, None), vault.reindex(&EMAIL, &altered, None)] {
        assert!(matches!(changed, Err(ValueError::Tampered { .. })));
    }
    assert!(matches!(vault.rotate(&EMAIL, b"Ada", None), Err(ValueError::Malformed { .. })));
}

#[test]
fn a_value_of_another_class_or_encoding_is_not_made_anew() {
    static NUMBER: Field = Field::new("users.number", "users", "number", Class::Signed, Storage::Binary);
    let vault = builder().field(&NUMBER).open_with(&mut MemoryKeyStore::new()).unwrap();
    let text = vault.seal(&NUMBER, "not a number").unwrap();
    assert!(matches!(vault.rotate(&NUMBER, &text, None), Err(ValueError::Decode { .. })));
    let unsigned = vault.seal(&NUMBER, &7_u8).unwrap();
    assert!(vault.rotate(&NUMBER, &unsigned, None).is_ok());
    assert!(matches!(vault.seal_encoded(&NUMBER, b"7", None), Err(ValueError::Decode { .. })));
}

#[test]
fn a_tag_that_its_index_does_not_make_is_found() {
    let vault = open(&MemoryKeyStore::new());
    let sealed = vault.seal(&EMAIL, "Ada@example.org").unwrap();
    assert_eq!(vault.verify(&EMAIL, &sealed, None), Ok(Verified { current: true, indexed: true }));
    let keys = vault.keys_of(&EMAIL).unwrap();
    let seal = |slot: Slot| {
        let new = seal::NewValue { keys, class: Class::Text, slots: 2, encoded_len: 3, owner: None };
        let append = |out: &mut Vec<u8>| {
            out.extend_from_slice(b"Ada");
            Ok(())
        };
        new.seal(append, |_, _| Ok(slot)).unwrap()
    };
    let made = seal([1; 15]);
    assert!(matches!(vault.verify(&EMAIL, &made, None), Err(ValueError::Mistagged { index: "default", .. })));
    let empty = seal([0; 15]);
    assert_eq!(vault.verify(&EMAIL, &empty, None), Ok(Verified { current: true, indexed: false }));
}
