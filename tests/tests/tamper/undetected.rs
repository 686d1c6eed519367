//! What is not found out, asserted so that docs/threat-model.md stays honest. If one of these fails, that page improves.

use diesel::prelude::*;
use diesel_encrypted::format::text;
use diesel_encrypted::keys::Purpose;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{Class, Field, Index, Plaintext, Storage, ValueError, VaultError};
use diesel_encrypted_tests::clinic::{patient, patients, visits};
use diesel_encrypted_tests::on_every_backend;

use crate::database::{ADA, BOB, Database, Statements, builder, root_keys};

on_every_backend! {
    fn an_unbound_value_swapped_within_its_column_is_not_detected<C>() {
        let database = Database::<C>::new();
        let ada = database.stored("email", 1);
        database.plant("email", &database.stored("email", 2));
        assert_eq!(database.patient(1).unwrap().email.expose(), BOB, "the address of another patient");
        assert_ne!(ada, database.stored("email", 1));
        // Searches follow the value, since its tags are part of it.
        let found: Vec<i32> = database
            .read(|conn| patients::table.filter(patients::email.blind_eq(BOB)).select(patients::id).order(patients::id).load(conn))
            .unwrap();
        assert_eq!(found, [1, 2]);
    }
}

on_every_backend! {
    fn an_older_value_of_the_same_cell_is_not_detected<C>() {
        let database = Database::<C>::new();
        let (old_email, old_diagnosis) = (database.stored("email", 1), database.stored("diagnosis", 1));
        let vault = database.open().unwrap();
        vault.enter(|| {
            let email = patients::email.eq(Encrypted::<&str, patients::email>::new("ada@new.example"));
            let diagnosis =
                patients::diagnosis.eq(Sealed::<String, patients::diagnosis>::seal_bound("cured", &1_i32).unwrap());
            let update = diesel::update(patients::table.find(1)).set((email, diagnosis));
            update.execute(&mut *database.connect()).unwrap();
        });
        assert_eq!(database.diagnosis(1).unwrap(), "cured");

        database.plant("email", &old_email);
        database.plant("diagnosis", &old_diagnosis);
        assert_eq!(database.patient(1).unwrap().email.expose(), ADA);
        assert_eq!(database.diagnosis(1).unwrap(), "diagnosis 1", "the owner is the same, so binding does not help");
    }
}

on_every_backend! {
    fn null_in_place_of_a_value_is_not_detected<C>() {
        let database = Database::<C>::new();
        database.attack("UPDATE patients SET phone = NULL, diagnosis = NULL WHERE id = 1");
        assert!(database.patient(1).unwrap().phone.is_none());
    }
}

on_every_backend! {
    fn a_deleted_row_is_not_detected<C>() {
        let database = Database::<C>::new();
        database.attack("DELETE FROM patients WHERE id = 2");
        let count = database.read(|conn| patients::table.filter(patients::email.blind_eq(BOB)).count().get_result(conn));
        assert_eq!(count, Ok(0_i64));
    }
}

on_every_backend! {
    fn a_moved_tag_is_not_detected_by_a_query_that_opens_nothing<C>() {
        let database = Database::<C>::new();
        let (mut altered, bob) = (database.stored("email", 1), database.stored("email", 2));
        altered[3..18].copy_from_slice(&bob[3..18]);
        database.plant("email", &altered);
        let count = database.read(|conn| patients::table.filter(patients::email.blind_eq(BOB)).count().get_result(conn));
        assert_eq!(count, Ok(2_i64), "counted");
        database.patient(1).unwrap_err();
        // Values are not opened by a join over tags either.
        let join =
            patients::table.inner_join(visits::table.on(patients::email.blind_index().eq(visits::contact.blind_index())));
        let joined = database.read(|conn| join.select((patients::id, visits::id)).order(patients::id).load(conn));
        assert_eq!(joined, Ok(vec![(1, 2), (2, 2)]), "joined");
    }
}

/// `patients.memo` while its table is moved over.
static MEMO: Field =
    Field::new("patients.memo", "patients", "memo", Class::Text, Storage::Text).plaintext(Plaintext::Accept);

on_every_backend! {
    fn planted_plaintext_is_not_detected_while_it_is_accepted<C>() {
        let database = Database::<C>::empty();
        let vault = Vault::builder(root_keys()).field(&MEMO).open(&mut *database.connect()).unwrap();
        for planted in ["a memo", "4Q"] {
            assert_eq!(vault.open_text::<String>(&MEMO, planted).unwrap(), planted);
        }
        // What has the form of a sealed value must open, even then.
        let mut sealed = vault.seal(&MEMO, "a memo").unwrap();
        sealed[40] ^= 1;
        let error = vault.open_text::<String>(&MEMO, &text::encode(&sealed)).unwrap_err();
        assert!(matches!(error, ValueError::Tampered { .. }), "{error}");
    }
}

/// `patients.phone` with tags of another normaliser: opened over an empty column, it makes the next generation of keys.
static PHONE: Field = Field::new("patients.phone", "patients", "phone", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default")]);

const PHONE_KEYS: &str = "index:patients.phone:default";

/// Two generations later, a patient is written, and the key tables are then made what they were at first.
fn rolled_back<C: Statements>(roll_back: impl FnOnce(&Database<C>)) -> Database<C> {
    let database = Database::<C>::empty();
    database.back_up_keys();
    Vault::builder(root_keys()).field(&PHONE).open(&mut *database.connect()).unwrap();
    let vault = builder().minimum_version(Purpose::Index, PHONE_KEYS, 1).open(&mut *database.connect()).unwrap();
    let ada = patient(1, ADA);
    vault.enter(|| database.connect().insert(&ada));
    builder().minimum_version(Purpose::Index, PHONE_KEYS, 3).open(&mut *database.connect()).unwrap();
    roll_back(&database);
    database
}

/// The application starts, and searches by the old key.
fn starts_and_misses_the_patient<C: Statements>(database: &Database<C>) {
    assert_eq!(database.patient(1).unwrap().phone.unwrap().expose(), "555-01");
    let found = database.read(|conn| conn.count_of_phone("55501"));
    assert_eq!(found, Ok(0), "searched by the old key, and not found");
}

on_every_backend! {
    fn both_key_tables_rolled_back_are_not_detected_without_a_pinned_version<C>() {
        starts_and_misses_the_patient(&rolled_back(Database::<C>::roll_back_keys));
    }
}

on_every_backend! {
    fn both_key_tables_rolled_back_are_refused_with_a_pinned_version<C>() {
        let database = rolled_back(Database::<C>::roll_back_keys);
        let pinned = |version| {
            let builder = builder().minimum_version(Purpose::Index, PHONE_KEYS, version);
            builder.open(&mut *database.connect()).map(|_| ())
        };
        pinned(1).unwrap();
        for version in [2, 3] {
            let error = pinned(version).unwrap_err();
            assert!(error.to_string().contains(PHONE_KEYS), "{error}");
            assert!(matches!(error, VaultError::RolledBack { found: 1, minimum, .. } if minimum == version), "{error}");
        }
    }
}

on_every_backend! {
    fn a_database_in_place_of_another_is_not_detected_under_one_root_key_and_name<C>() {
        let (production, staging) = (Database::<C>::empty(), Database::<C>::new());
        let production = staging.copied_to(production);
        assert_eq!(production.patient(1).unwrap().email.expose(), ADA);
        // With a name of its own it is.
        let error = builder().application("production").open(&mut *production.connect()).map(|_| ()).unwrap_err();
        assert!(matches!(error, VaultError::OtherApplication { .. }), "{error}");
    }
}
