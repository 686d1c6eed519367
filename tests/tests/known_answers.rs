//! The known answers of the storage format: what another implementation made (`tests/vectors/make.py`) opens here, and
//! what is made here opens there. Each vector is a test of its name.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    missing_docs,
    reason = "a vector that does not hold must stop the test"
)]

use std::{path::Path, process::Command};

use diesel_encrypted_core::{
    Algorithm, Class, Decode, Encode, LocalRootKey, MemoryKeyStore, RootKey, Storage, ValueError, Vault, VaultError,
    format::{
        FormatError, text,
        value::{Header, SealedValue, slot_range},
        wrapped::WrappedKey,
    },
    hazmat,
    keys::{AuditRow, KeyRow, KeyState, RegistryRow, Timestamp},
};
use diesel_encrypted_tests::vectors::{
    BadRow, Event, Identifiers, Sealed, Stored, Typed, builder, change, document, field, hex, owner, root_key, store,
    to_hex, typed, vault,
};
use serde_json::{Value, json};

/// A test for each vector of `$list`, and one that none is left out.
macro_rules! vectors {
    ($list:ident: $($name:ident)*) => {
        mod $list {
            $(
                #[test]
                fn $name() {
                    super::$list(super::document().$list.iter().find(|it| it.name == stringify!($name)).unwrap());
                }
            )*

            #[test]
            fn every_vector_is_a_test() {
                let names: Vec<&str> = super::document().$list.iter().map(|it| &*it.name).collect();
                assert_eq!(names, [$(stringify!($name)),*]);
            }
        }
    };
}

vectors! {
    derivations:
    root_fingerprint root_wrap_aes_256_gcm aead_aes_256_gcm root_wrap_xchacha20_poly1305 aead_xchacha20_poly1305
    root_wrap_xaes_256_gcm aead_xaes_256_gcm aead_with_scope aead_xchacha20_poly1305_of_note index state check
}

vectors! {
    values:
    aes_256_gcm_without_index aes_256_gcm_empty_text aes_256_gcm_with_two_indexes a_scoped_value
    a_scoped_value_without_index xaes_256_gcm_padded_in_a_text_column padding_fills_a_whole_bucket
    padding_of_a_value_that_ends_like_padding xchacha20_poly1305_bound_to_a_column bound_to_two_identifiers_and_padded
    a_pinned_field_id_and_a_shared_domain the_same_domain_in_a_text_column the_active_key_of_several
    a_retired_key_and_generation a_value_from_before_an_index_was_added text_beyond_the_basic_plane class_bytes
    class_bool_false class_bool_true class_signed_least class_signed_narrow class_unsigned_greatest
    class_unsigned_narrow class_float class_float_negative_zero class_float_narrow class_uuid class_time_date
    class_time_clock class_time_local class_time_instant class_decimal class_json
}

vectors! {
    searches:
    lowercase_finds_another_case sixteen_bits_after_trim_and_casefold casefold_equates_sharp_s
    casefold_equates_sharp_s_and_ss a_scope_has_its_own_tags digits_of_any_script a_text_without_digits
    a_shared_domain_from_one_column a_shared_domain_from_the_other every_live_generation_is_searched
    a_removed_index_finds_nothing the_applications_own_normaliser nfkc eight_bits twelve_bits
    one_hundred_and_eleven_bits bytes a_signed_integer_of_any_width the_same_signed_integer an_unsigned_integer zero
    negative_zero_is_zero a_narrow_float_is_widened a_uuid an_instant a_decimal_without_its_scale the_same_decimal
    a_decimal_with_an_exponent zero_has_no_sign_and_no_scale
}

vectors! {
    bad_values:
    nothing plaintext another_format_byte a_stripped_format_byte the_format_byte_alone a_prefix_alone sixteen_slots
    a_reserved_byte slots_cut_short an_empty_slot_with_a_tag algorithm_0 algorithm_4 the_reserved_flag class_0 class_11
    key_id_0 a_nonce_cut_short a_tag_cut_short a_value_cut_to_its_tag one_byte_cut one_byte_appended another_nonce
    another_ciphertext another_tag another_class flagged_as_padded flagged_as_bound another_algorithm a_slot_altered
    a_generation_altered slots_exchanged a_slot_emptied a_slot_removed a_value_of_another_column an_unknown_key
    a_value_of_a_scope_without_it a_value_without_scope_within_one the_key_of_a_destroyed_version
    sealed_under_this_key_for_another_field sealed_under_this_key_for_another_scope
    sealed_under_this_key_for_the_empty_scope a_bound_value_of_another_owner an_owner_of_another_class
    a_bound_value_unbound a_bound_value_without_owner a_bound_value_with_two_identifiers an_unbound_value_with_owner
    identifiers_in_another_order padding_of_zeros_alone padding_without_its_mark text_read_as_bytes
    text_that_is_not_utf8 a_truth_value_of_2 an_integer_of_4_bytes an_integer_out_of_range
    a_negative_integer_read_as_unsigned a_float_that_would_be_rounded a_float_of_4_bytes a_uuid_of_15_bytes
    a_date_that_does_not_exist an_instant_with_an_offset a_decimal_of_letters json_cut_short padded_base64
    a_line_break_after the_other_alphabet an_impossible_length white_space_before plaintext_in_a_text_column
    trailing_bits_that_are_not_zero another_character characters_cut
}

vectors! {
    bad_wrapped_keys:
    nothing another_format_byte the_format_byte_alone algorithm_0 algorithm_4 a_nonce_cut_short one_byte_cut
    one_byte_appended a_longer_nonce_claimed
}

vectors! {
    bad_rows:
    a_retired_key_reactivated a_destroyed_key_retired a_version_raised a_key_given_to_another_field
    a_key_given_another_id fewer_bits no_normaliser a_wrapped_key_altered the_wrapped_key_of_another_row
    a_check_value_altered a_mac_altered the_mac_of_another_row another_root_key_named an_unknown_root_key_named
    another_fingerprint another_application the_wrapped_state_key_altered the_check_value_of_the_state_key_altered
    a_manifest_altered a_manifest_of_another_version another_root_key_of_the_state_key
    an_unknown_root_key_of_the_state_key another_application_of_the_state_key
    the_state_key_retired another_table_registered another_column_registered plaintext_accepted an_index_removed
    another_class_registered another_storage_registered another_primary_key_registered a_registry_mac_altered
}

/// The variant of an error: what its `Debug` begins with.
fn variant(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}").chars().take_while(char::is_ascii_alphanumeric).collect()
}

fn value_error(error: &ValueError) -> String {
    match error {
        ValueError::Malformed { source, .. } => format!("Malformed/{}", variant(source)),
        ValueError::Decode { source, .. } => format!("Decode/{}", variant(source)),
        error => variant(error),
    }
}

/// Opens what a column holds as `V`.
fn open<V: Decode>(
    vault: &Vault,
    field: &'static diesel_encrypted_core::Field,
    stored: &Stored,
    identifiers: Option<&Identifiers>,
) -> Result<V, ValueError> {
    match (stored, identifiers.map(owner)) {
        (Stored::Binary(bytes), None) => vault.open(field, hex(bytes)),
        (Stored::Binary(bytes), Some(owner)) => vault.open_bound(field, hex(bytes), &owner),
        (Stored::Text(text), None) => vault.open_text(field, text),
        (Stored::Text(text), Some(owner)) => vault.open_text_bound(field, text, &owner),
    }
}

fn encoded<V: Encode>(value: &V) -> String {
    let mut out = Vec::new();
    value.encode(&mut out).unwrap();
    to_hex(&out)
}

fn derivations(vector: &diesel_encrypted_tests::vectors::Derivation) {
    let key = hex(&vector.key).try_into().unwrap();
    assert_eq!(to_hex(&hazmat::hkdf_expand(&key, &hex(&vector.info), 32)), vector.out);
}

fn values(vector: &Sealed) {
    let bytes = hex(&vector.sealed);
    let parts = SealedValue::parse(&bytes).unwrap();
    let header = Header {
        algorithm: Algorithm::from_u8(vector.algorithm).unwrap(),
        bound: vector.owner.is_some(),
        padded: vector.flags & 2 != 0,
        user_key: false,
        class: Class::from_u8(vector.class).unwrap(),
        key_id: vector.key_id,
    };
    assert_eq!(parts.header, header);
    assert_eq!(to_hex(parts.nonce), vector.nonce);
    assert_eq!(parts.slots.iter().map(|slot| to_hex(slot)).collect::<Vec<_>>(), vector.slots);
    assert_eq!(bytes.len(), vector.content.len() / 2 + Header::overhead(header.algorithm, vector.slots.len()));
    assert_eq!(text::encode(&bytes), vector.text);
    assert_eq!(text::decode(&vector.text).unwrap(), bytes);

    let row = document().encryption_keys.iter().find(|row| row.key_id == vector.key_id).unwrap();
    let data_key = hex(&row.data_key).try_into().unwrap();
    let subkey = hazmat::hkdf_expand(&data_key, &hex(&vector.info), 32).try_into().unwrap();
    let sealed = hazmat::seal(header.algorithm, &subkey, parts.nonce, &hex(&vector.aad), &hex(&vector.content));
    assert_eq!(sealed.as_deref(), Some(parts.sealed), "the AEAD alone");

    typed(&vector.kind, OpenAndSeal(vector));
}

/// The value opens to what was sealed; sealed anew, it differs in nonce, ciphertext and tag alone.
struct OpenAndSeal<'a>(&'a Sealed);

impl Typed for OpenAndSeal<'_> {
    type Out = ();

    fn with<V: Encode + Decode>(self, read: fn(&Value) -> V) {
        let vector = self.0;
        let (vault, field) = (vault(vector.scope.as_deref()), field(&vector.field));
        let stored = match field.storage() {
            Storage::Binary => Stored::Binary(vector.sealed.clone()),
            Storage::Text => Stored::Text(vector.text.clone()),
        };
        let opened: V = open(&vault, field, &stored, vector.owner.as_ref()).unwrap();
        assert_eq!(encoded(&opened), vector.encoded);
        assert_eq!(encoded(&read(&vector.value)), vector.encoded);

        let row = document().encryption_keys.iter().find(|row| row.key_id == vector.key_id).unwrap();
        if row.state != "active" || vector.slots.len() != field.index_count() {
            return;
        }
        let owner = vector.owner.as_ref().map(owner);
        let anew = match &owner {
            None => vault.seal(field, &opened),
            Some(owner) => vault.seal_bound(field, &opened, owner),
        };
        let (anew, bytes, head) = (anew.unwrap(), hex(&vector.sealed), Header::len(vector.slots.len()));
        assert_eq!(anew[..head], bytes[..head]);
        assert_ne!(anew[head..], bytes[head..]);
        assert_eq!(anew.len(), bytes.len());
    }
}

fn searches(vector: &diesel_encrypted_tests::vectors::Search) {
    struct Slots<'a>(&'a diesel_encrypted_tests::vectors::Search);

    impl Typed for Slots<'_> {
        type Out = Vec<String>;

        fn with<V: Encode + Decode>(self, read: fn(&Value) -> V) -> Vec<String> {
            let vault = vault(self.0.scope.as_deref());
            let slots = vault.search_slots(field(&self.0.field), self.0.index, &read(&self.0.value)).unwrap();
            slots.iter().map(|slot| to_hex(slot)).collect()
        }
    }
    assert_eq!(typed(&vector.kind, Slots(vector)), vector.slots);
}

fn bad_values(vector: &diesel_encrypted_tests::vectors::BadValue) {
    struct Refused<'a>(&'a diesel_encrypted_tests::vectors::BadValue);

    impl Typed for Refused<'_> {
        type Out = ValueError;

        fn with<V: Encode + Decode>(self, _: fn(&Value) -> V) -> ValueError {
            let vault = vault(self.0.scope.as_deref());
            let opened = open::<V>(&vault, field(&self.0.field), &self.0.stored, self.0.owner.as_ref());
            opened.map(|value| encoded(&value)).expect_err("it must not open")
        }
    }
    assert_eq!(value_error(&typed(&vector.kind, Refused(vector))), vector.error);
}

fn bad_wrapped_keys(vector: &diesel_encrypted_tests::vectors::BadWrappedKey) {
    let error: FormatError = WrappedKey::parse(&hex(&vector.wrapped)).unwrap_err();
    assert_eq!(variant(&error), vector.error);
}

fn bad_rows(vector: &BadRow) {
    let store = store();
    store.tamper(|stored| change(stored, vector));
    let before = store.tamper(|stored| stored.clone());
    let error = builder(None).open_with(&mut store.clone()).expect_err("the row was changed");
    assert_eq!(variant(&error), vector.error, "{error}");
    assert_eq!(store.tamper(|stored| stored.clone()), before, "nothing is written over an altered table");
}

#[test]
fn vaults_open_over_the_rows_and_change_none() {
    for scope in [None, document().values.iter().find_map(|vector| vector.scope.as_deref())] {
        let store = store();
        let before = store.tamper(|stored| stored.clone());
        builder(scope).open_with(&mut store.clone()).unwrap();
        assert_eq!(store.tamper(|stored| stored.clone()), before);
    }
}

#[test]
fn root_keys_have_their_fingerprints_and_unwrap_their_rows() {
    for root in &document().root_keys {
        let key: LocalRootKey = root_key(root);
        assert_eq!(key.fingerprint().to_string(), root.fingerprint);
        let rows = document().encryption_keys.iter().filter(|row| row.root_id == root.id && row.state != "destroyed");
        let unwrapped = rows.map(|row| {
            assert_eq!(to_hex(&row.row().context.to_bytes()), row.context, "K of key {:08x}", row.key_id);
            let secret = key.unwrap(&hex(&row.context), &hex(&row.wrapped)).unwrap();
            assert_eq!(to_hex(secret.expose_bytes()), row.data_key);
        });
        assert!(unwrapped.count() > 0);
    }
}

#[test]
fn slots_stand_where_sql_looks_for_them() {
    let vector = document().values.iter().find(|vector| vector.slots.len() == 4).unwrap();
    for (index, slot) in vector.slots.iter().enumerate() {
        // SQL counts from 1: substr(col, 4 + 15i, 15), and in text substr(col, 5 + 20i, 20).
        let (bytes, characters) = (4 + 15 * index - 1, 5 + 20 * index - 1);
        assert_eq!(slot_range(index), bytes..bytes + 15);
        assert_eq!(vector.sealed[2 * bytes..2 * (bytes + 15)], *slot);
        assert_eq!(vector.text[characters..characters + 20], text::encode(&hex(slot)));
    }
}

#[test]
fn the_example_of_the_document_is_a_vector() {
    let document_text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/format.md")).unwrap();
    let (_, example) = document_text.split_once("```text\ne1 ").unwrap();
    let (example, _) = example.split_once("\n```").unwrap();
    let bytes: String = format!("e1 {example}")
        .lines()
        .map(|line| line.split_once("  ").map_or(line, |(bytes, _)| bytes).replace(' ', ""))
        .collect();
    let vector = document().values.iter().find(|vector| vector.name == "aes_256_gcm_with_two_indexes").unwrap();
    assert_eq!(bytes, vector.sealed);
}

/// Seals a vector's value in `vault`, and describes it for `make.py --open`.
struct Describe<'a>(&'a Vault, &'a Sealed);

impl Typed for Describe<'_> {
    type Out = Value;

    fn with<V: Encode + Decode>(self, read: fn(&Value) -> V) -> Value {
        let Self(vault, vector) = self;
        let (field, value) = (field(&vector.field), read(&vector.value));
        let sealed = match vector.owner.as_ref().map(owner) {
            None => vault.seal(field, &value),
            Some(owner) => vault.seal_bound(field, &value, &owner),
        };
        let stored = match field.storage() {
            Storage::Binary => json!({ "binary": to_hex(&sealed.unwrap()) }),
            Storage::Text => json!({ "text": text::encode(&sealed.unwrap()) }),
        };
        json!({
            "field": vector.field, "scope": vector.scope, "owner": vector.owner, "class": vector.class,
            "encoded": vector.encoded, "stored": stored,
        })
    }
}

fn describe_key(row: &KeyRow) -> Value {
    let context = &row.context;
    assert_eq!(row.state, KeyState::Active);
    json!({
        "application": context.application, "key_id": context.key_id, "purpose": context.purpose.to_string(),
        "version": context.version, "name": context.name, "scope": context.scope.as_deref().map(to_hex),
        "state": row.state.to_string(), "index": row.index_text(), "root_id": row.root_id,
        "root_fingerprint": row.root_fingerprint.to_string(), "wrapped": to_hex(&row.wrapped),
        "check": to_hex(&row.check), "mac": to_hex(&row.mac),
    })
}

fn describe_field(row: &RegistryRow) -> Value {
    json!({
        "field_id": row.field_id, "table": row.table, "column": row.column, "storage": row.storage, "class": row.class,
        "primary_key": row.primary_key, "indexes": row.indexes, "options": row.options, "mac": to_hex(&row.mac),
    })
}

fn describe_event(row: &AuditRow) -> Value {
    json!({
        "key_id": row.key_id, "sequence": row.sequence, "scope": row.scope.as_deref().map(to_hex),
        "event": row.event.to_string(), "at_micros": row.at.unix_micros(), "root_id": row.root_id,
        "mac": to_hex(&row.mac),
    })
}

#[test]
fn the_audit_is_authentic_and_listed() {
    let listed = || {
        let store = store();
        store.tamper(|stored| {
            stored.audit = document().encryption_audit.rows.iter().map(Event::row).collect();
            for manifest in &document().encryption_audit.manifests {
                let row = stored.keys.iter_mut().find(|row| row.context.key_id == manifest.key_id).unwrap();
                row.mac = hex(&manifest.mac).try_into().unwrap();
            }
        });
        store
    };
    let scopes = || [None, document().values.iter().find_map(|vector| vector.scope.as_deref())];
    for scope in scopes() {
        builder(scope).open_with(&mut listed()).unwrap();
    }
    let count = document().encryption_audit.rows.len();
    assert!(count >= 7);
    for at in 0..count {
        let store = listed();
        store.tamper(|stored| stored.audit[at].at = Timestamp::from_unix_micros(0));
        let scope = document().encryption_audit.rows[at].scope.as_deref();
        let error = builder(scope).open_with(&mut store.clone()).unwrap_err();
        assert!(matches!(error, VaultError::RowAltered { .. }), "{error}");
    }
}

#[test]
fn what_is_sealed_here_opens_in_python() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/make.py");
    let has_cryptography = Command::new("python3").args(["-c", "import cryptography"]).output();
    if !has_cryptography.is_ok_and(|run| run.status.success()) {
        eprintln!("skipped: needs python3 with its package `cryptography`");
        return;
    }
    let store = MemoryKeyStore::new();
    let mut values = Vec::new();
    for scope in [None, document().values.iter().find_map(|vector| vector.scope.as_deref())] {
        let vault = builder(scope).open_with(&mut store.clone()).unwrap();
        let vectors = document().values.iter().filter(|vector| vector.scope.as_deref() == scope);
        values.extend(vectors.map(|vector| typed(&vector.kind, Describe(&vault, vector))));
    }
    let stored = store.tamper(|stored| stored.clone());
    let keys: Vec<_> = stored.keys.iter().map(describe_key).collect();
    let fields: Vec<_> = stored.fields.iter().map(describe_field).collect();
    let audit: Vec<_> = stored.audit.iter().map(describe_event).collect();
    assert!(!audit.is_empty());
    let roots: Vec<_> = document().root_keys.iter().map(|root| json!({ "id": root.id, "key": root.key })).collect();
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sealed-here.json");
    let count = values.len();
    let given = json!({
        "root_keys": roots, "encryption_keys": keys, "encrypted_columns": fields, "encryption_audit": audit,
        "values": values,
    });
    std::fs::write(&file, given.to_string()).unwrap();

    let run = Command::new("python3").arg("-B").arg(script).arg("--open").arg(&file).output().unwrap();
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert!(said.starts_with(&format!("opened {count} values")), "{said}");
    eprint!("{said}");
}
