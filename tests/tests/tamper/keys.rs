//! Rows of the key tables that were altered: the vault does not open, and makes no key in place of a lost one.

use diesel_encrypted::keys::RowKind;
use diesel_encrypted::{Class, Field, Index, OpenVault, Storage, StoreError, Vault, VaultError};

use diesel_encrypted_tests::on_every_backend;

use crate::database::{Database, KeyRow, Statements, builder};

/// The purposes of keys, as their rows name them.
const ENCRYPT: i64 = 1;
const STATE: i64 = 3;
const MANIFEST: i64 = 4;

/// Alters one row by `change` and gives the refusal; the row is restored, and the vault opens again.
fn refused<C: Statements>(database: &Database<C>, row: &KeyRow, change: &str) -> VaultError {
    database.attack(&format!("UPDATE encryption_keys SET {change} WHERE key_id = {}", row.key_id));
    let rows = database.number("SELECT count(*) FROM encryption_keys");
    let error = database.refusal();
    assert_eq!(database.number("SELECT count(*) FROM encryption_keys"), rows, "{row:?}, {change}: a key was made");
    database.roll_back_keys();
    database.open().unwrap();
    error
}

/// A clinic whose key tables were backed up.
fn backed_up<C: Statements>() -> Database<C> {
    let database = Database::<C>::new();
    database.back_up_keys();
    database
}

fn is_altered(error: &VaultError, row: &KeyRow) -> bool {
    matches!(error, VaultError::RowAltered { kind: RowKind::Key, .. }) && error.to_string().contains(&row.name)
}

fn is_bad_row(error: &VaultError, name: &str, of: &str) -> bool {
    let bad = matches!(error, VaultError::Store(StoreError::BadRow { column, .. }) if *column == name);
    bad && error.to_string().contains(of)
}

on_every_backend! {
    fn each_altered_column_of_a_key_row_is_refused<C>() {
        let database = backed_up::<C>();
        for row in database.key_rows().iter().filter(|row| row.purpose != MANIFEST) {
            let altered = |change: &str| {
                let error = refused(&database, row, change);
                assert!(is_altered(&error, row), "{row:?}, {change}: {error}");
            };
            altered("key_id = key_id - 1");
            altered("version = version + 1");
            altered("wrapped = substr(wrapped, 1, 40) || noise(8) || substr(wrapped, 49)");
            altered("wrapped = substr(wrapped, 1, 61)");
            altered("wrapped = x''");
            altered("check_value = zeros(32)");
            altered("mac = zeros(32)");
            // Fewer bits, so that more of the database is compared and found.
            altered(r#"index_spec = '{"normalize":["trim"],"bits":8,"unicode":""}'"#);

            // What the state key's row is found by is not there any more.
            let identity = |change: &str| {
                let error = refused(&database, row, change);
                let fits =
                    if row.purpose == STATE { matches!(error, VaultError::NoStateKey) } else { is_altered(&error, row) };
                assert!(fits, "{row:?}, {change}: {error}");
            };
            identity("purpose = CASE purpose WHEN 2 THEN 1 ELSE 2 END");
            identity("state = 1, active_slot = key_id");
            identity("state = 3, active_slot = key_id");
            identity("state = 4, active_slot = key_id");

            let error = refused(&database, row, "name = utf8('patients.elsewhere')");
            let moved = KeyRow { name: "patients.elsewhere".into(), ..row.clone() };
            let fits =
                if row.purpose == STATE { matches!(error, VaultError::NoStateKey) } else { is_altered(&error, &moved) };
            assert!(fits, "{row:?}, name: {error}");

            // The state key's row is all that is believed before it is authenticated.
            let place = |change: &str, of_state: fn(&VaultError) -> bool| {
                let error = refused(&database, row, change);
                let fits = if row.purpose == STATE { of_state(&error) } else { is_altered(&error, row) };
                assert!(fits, "{row:?}, {change}: {error}");
            };
            place(
                "application = utf8('other')",
                |error| matches!(error, VaultError::OtherApplication { found, .. } if found == "other"),
            );
            place(
                "root_id = utf8('other')",
                |error| matches!(error, VaultError::UnknownRootKey { id, .. } if id == "other"),
            );
            place(
                "root_fingerprint = zeros(8)",
                |error| matches!(error, VaultError::WrongRootKey { id, .. } if id == "clinic"),
            );
        }
    }
}

on_every_backend! {
    fn each_altered_column_of_a_manifest_is_refused<C>() {
        let database = backed_up::<C>();
        let rows = database.key_rows();
        let manifest = rows.iter().find(|row| row.purpose == MANIFEST).unwrap();
        for change in [
            "key_id = key_id - 1",
            "application = utf8('other')",
            "purpose = 2",
            "name = utf8('patients.email')",
            "scope = x'0161'",
            "version = 2",
            "state = 3, active_slot = key_id",
            r#"index_spec = '{"normalize":[],"bits":8,"unicode":""}'"#,
            "root_id = utf8('clinic')",
            "root_fingerprint = x'0102030405060708'",
            "wrapped = x'00'",
            "check_value = noise(32)",
            "mac = noise(32)",
        ] {
            let error = refused(&database, manifest, change);
            let fits = match change {
                "purpose = 2" => is_bad_row(&error, "root_id", ""),
                _ => matches!(error, VaultError::RowsReplaced),
            };
            assert!(fits, "{change}: {error}");
        }
    }
}

on_every_backend! {
    fn a_key_row_moved_to_another_scope_is_refused<C>() {
        let database = backed_up::<C>();
        for row in &database.key_rows() {
            let error = refused(&database, row, "scope = x'0161'");
            let fits = match row.purpose {
                STATE => matches!(error, VaultError::NoStateKey),
                _ => matches!(error, VaultError::RowsReplaced),
            };
            assert!(fits, "{row:?}: {error}");
        }
        // And it is refused there.
        let row = database.key_rows().into_iter().find(|row| row.name == "patients.email").unwrap();
        database.attack(&format!("UPDATE encryption_keys SET scope = x'0161' WHERE key_id = {}", row.key_id));
        let error = builder().scope("a").open(&mut *database.connect()).map(|_| ()).unwrap_err();
        assert!(is_altered(&error, &row), "{error}");
    }
}

on_every_backend! {
    fn a_column_that_no_key_row_can_have_is_named<C>() {
        let database = backed_up::<C>();
        for row in &database.key_rows() {
            for (column, value) in [
                ("key_id", "-1"),
                ("application", "x'FF'"),
                ("purpose", "9"),
                ("name", "x'FF'"),
                ("version", "4294967296"),
                ("state", "0"),
                ("active_slot", "key_id"),
                ("active_slot", "7"),
                ("index_spec", "'bits'"),
                ("index_spec", "'{ }'"),
                ("root_fingerprint", "x''"),
                ("check_value", "x''"),
                ("mac", "x''"),
            ] {
                let error = refused(&database, row, &format!("{column} = {value}"));
                let named = if column == "name" { "" } else { row.name.as_str() };
                assert!(is_bad_row(&error, column, named), "{row:?}, {column}: {error}");
            }
        }
    }
}

on_every_backend! {
    fn two_swapped_wrapped_keys_are_refused<C>() {
        let database = backed_up::<C>();
        let rows = database.key_rows();
        let value_keys: Vec<&KeyRow> = rows.iter().filter(|row| row.purpose == ENCRYPT).collect();
        let (one, two) = (value_keys[0], value_keys[1]);
        for columns in [&["wrapped"][..], &["wrapped", "check_value"], &["wrapped", "check_value", "mac"]] {
            for (to, from) in [(one, two), (two, one)] {
                for column in columns {
                    database.attack(&format!(
                        "UPDATE encryption_keys SET {column} = (SELECT {column} FROM old_keys WHERE key_id = {}) \
                         WHERE key_id = {}",
                        from.key_id, to.key_id
                    ));
                }
            }
            let error = database.refusal();
            assert!(is_altered(&error, one) || is_altered(&error, two), "{columns:?}: {error}");
            database.roll_back_keys();
        }
        database.open().unwrap();
    }
}

on_every_backend! {
    fn a_deleted_key_row_is_refused_and_not_replaced<C>() {
        let database = backed_up::<C>();
        for row in &database.key_rows() {
            database.attack(&format!("DELETE FROM encryption_keys WHERE key_id = {}", row.key_id));
            let left = database.number("SELECT count(*) FROM encryption_keys");
            let error = database.refusal();
            let fits = match row.purpose {
                STATE => matches!(error, VaultError::NoStateKey),
                _ => matches!(error, VaultError::RowsReplaced),
            };
            assert!(fits, "{row:?}: {error}");
            assert_eq!(database.number("SELECT count(*) FROM encryption_keys"), left, "another key was made");
            database.roll_back_keys();
            database.open().unwrap();
        }
    }
}

on_every_backend! {
    fn an_older_copy_of_a_key_row_in_place_of_the_newer_one_is_refused<C>() {
        let database = with_an_old_key::<C>();
        database.attack(&format!("DELETE FROM encryption_keys WHERE {PHONE_KEYS}"));
        database.attack(&format!("INSERT INTO encryption_keys SELECT * FROM old_keys WHERE {PHONE_KEYS}"));
        let error = reopen(&database).unwrap_err();
        assert!(matches!(error, VaultError::RowsReplaced), "{error}");
    }
}

on_every_backend! {
    fn a_deleted_registry_row_is_missed<C>() {
        let database = backed_up::<C>();
        for field in ["patients.email", "visits.contact"] {
            database.attack(&format!("DELETE FROM encrypted_columns WHERE field_id = utf8('{field}')"));
            let error = database.refusal();
            assert!(matches!(error, VaultError::RowsReplaced), "{error}");
            database.roll_back_keys();
        }
    }
}

on_every_backend! {
    fn emptied_key_tables_are_refused_and_not_filled_anew<C>() {
        let database = backed_up::<C>();
        database.attack("DELETE FROM encryption_keys");
        assert!(matches!(database.refusal(), VaultError::NoStateKey), "the registry is left");
        database.attack("DELETE FROM encrypted_columns");
        assert!(matches!(database.refusal(), VaultError::NoStateKey), "the audit is left");
        database.attack("DELETE FROM encryption_audit");
        let error = database.refusal();
        assert!(matches!(error, VaultError::KeyLost { .. }), "{error}");
        assert_eq!(database.number("SELECT count(*) FROM encryption_keys"), 0);
        database.attack("DROP TABLE encryption_keys");
        database.attack("DROP TABLE encrypted_columns");
        database.attack("DROP TABLE encryption_audit");
        let error = database.refusal();
        assert!(matches!(error, VaultError::KeyLost { .. }), "{error}");
    }
}

/// `patients.phone` with tags of another normaliser: opened over an empty column, it makes the next generation of keys.
static PHONE: Field = Field::new("patients.phone", "patients", "phone", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default")]);

const PHONE_KEYS: &str = "name = utf8('index:patients.phone:default')";

/// A clinic where the first index key of `patients.phone` gave way to a second; `old_keys` has it as it was.
fn with_an_old_key<C: Statements>() -> Database<C> {
    let database = Database::<C>::empty();
    database.back_up_keys();
    reopen(&database).unwrap();
    let states = "SELECT count(*) FROM encryption_keys WHERE version * 10 + state IN (13, 22)";
    assert_eq!(database.number(&format!("{states} AND {PHONE_KEYS}")), 2, "retired and active");
    database
}

/// Opens the vault with the second declaration.
fn reopen<C: Statements>(database: &Database<C>) -> Result<(), VaultError> {
    let root_keys = crate::database::root_keys();
    Vault::builder(root_keys).field(&PHONE).open(&mut *database.connect()).map(|_| ())
}

on_every_backend! {
    fn a_reactivated_key_is_refused<C>() {
        let database = with_an_old_key::<C>();
        database.attack(&format!(
            "UPDATE encryption_keys SET state = 3, active_slot = key_id WHERE {PHONE_KEYS} AND version = 2"
        ));
        database
            .attack(&format!("UPDATE encryption_keys SET state = 2, active_slot = 0 WHERE {PHONE_KEYS} AND version = 1"));
        let error = reopen(&database).unwrap_err();
        assert!(error.to_string().contains("index:patients.phone:default"), "{error}");
        assert!(matches!(error, VaultError::RowAltered { kind: RowKind::Key, .. }), "{error}");
    }
}

on_every_backend! {
    fn a_slot_kept_by_a_key_that_is_not_active_is_refused<C>() {
        let database = with_an_old_key::<C>();
        database.attack(&format!("UPDATE encryption_keys SET active_slot = 7 WHERE {PHONE_KEYS} AND version = 1"));
        let error = reopen(&database).unwrap_err();
        assert!(is_bad_row(&error, "active_slot", "index:patients.phone:default"), "{error}");
    }
}

on_every_backend! {
    fn an_old_key_row_beside_the_newer_one_is_refused<C>() {
        let database = with_an_old_key::<C>();
        // UNIQUE admits one active key, so the attacker makes the table anew without it.
        database.attack("CREATE TABLE forged AS SELECT * FROM encryption_keys");
        database.attack("DROP TABLE encryption_keys");
        database.attack("ALTER TABLE forged RENAME TO encryption_keys");
        database.attack(&format!("DELETE FROM encryption_keys WHERE {PHONE_KEYS} AND version = 1"));
        database.attack(&format!("INSERT INTO encryption_keys SELECT * FROM old_keys WHERE {PHONE_KEYS}"));
        let error = reopen(&database).unwrap_err();
        assert!(error.to_string().contains("index:patients.phone:default`, version 1"), "{error}");
        assert!(matches!(error, VaultError::RowAltered { kind: RowKind::Key, .. }), "{error}");
    }
}

on_every_backend! {
    fn each_altered_column_of_a_registry_row_is_refused<C>() {
        let database = backed_up::<C>();
        for change in [
            "field_id = utf8('other')",
            "table_name = 'visits'",
            "column_name = 'phone'",
            "storage = CASE storage WHEN 'text' THEN 'binary' ELSE 'text' END",
            "value_class = 2",
            "primary_key = '[]'",
            "indexes = indexes || ' '",
            "options = replace(options, 'refuse', 'accept')",
            "mac = zeros(32)",
        ] {
            for field in ["patients.email", "patients.note", "patients.diagnosis"] {
                database.attack(&format!("UPDATE encrypted_columns SET {change} WHERE field_id = utf8('{field}')"));
                let error = database.refusal();
                assert!(matches!(error, VaultError::RowAltered { kind: RowKind::Field, .. }), "{field}, {change}: {error}");
                let names = ["field_id", "table_name", "column_name"].iter().any(|name| change.starts_with(name));
                assert!(names || error.to_string().contains(&format!("column `{field}`")), "{field}, {change}: {error}");
                database.roll_back_keys();
            }
        }
        database.open().unwrap();
    }
}

on_every_backend! {
    fn a_column_that_no_registry_row_can_have_is_named<C>() {
        let database = backed_up::<C>();
        for (column, value) in [("field_id", "x'FF'"), ("value_class", "300"), ("mac", "x''")] {
            database.attack(&format!("UPDATE encrypted_columns SET {column} = {value} WHERE column_name = 'email'"));
            let error = database.refusal();
            assert!(is_bad_row(&error, column, "patients.email"), "{column}: {error}");
            database.roll_back_keys();
        }
    }
}

on_every_backend! {
    fn swapped_registry_rows_are_refused<C>() {
        let database = backed_up::<C>();
        database.attack(
            "UPDATE encrypted_columns SET column_name = CASE column_name WHEN 'phone' THEN 'city' ELSE 'phone' END \
                         WHERE column_name IN ('phone', 'city')",
        );
        assert!(matches!(database.refusal(), VaultError::RowAltered { kind: RowKind::Field, .. }));
    }
}
