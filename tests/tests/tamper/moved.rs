//! Values that are whole and stand where they were not written: refused.

use diesel::prelude::*;
use diesel_encrypted::ValueError::{self, OtherField, Tampered, UnknownKey};
use diesel_encrypted::format::text;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::clinic::{Patient, patient, patients};
use diesel_encrypted_tests::on_every_backend;

use crate::database::{BOB, Database, builder};

/// The error of a value that was sealed for `found` and stands in `field`.
fn is_of_other_field(error: &ValueError, field: &str, found: &str) -> bool {
    let message = error.to_string();
    matches!(error, OtherField { .. })
        && message.contains(&format!("`{field}`"))
        && message.contains(&format!("`{found}`"))
}

on_every_backend! {
    fn a_value_moved_to_another_column_is_refused<C>() {
        let database = Database::<C>::new();
        for (column, from) in [("phone", "email"), ("email", "city"), ("city", "diagnosis")] {
            let before = database.stored(column, 1);
            database.attack(&format!("UPDATE patients SET {column} = {from} WHERE id = 1"));
            let error = database.damage(&format!("patients.{column}"));
            assert!(is_of_other_field(&error, &format!("patients.{column}"), &format!("patients.{from}")), "{error}");
            database.plant(column, &before);
        }
        database.attack("UPDATE patients SET memo = note WHERE id = 1");
        let error = database.damage("patients.memo");
        assert!(is_of_other_field(&error, "patients.memo", "patients.note"), "between text columns: {error}");
    }
}

on_every_backend! {
    fn a_value_moved_between_a_binary_and_a_text_column_is_refused<C>() {
        let database = Database::<C>::new();
        database.plant_text("note", &text::encode(&database.stored("email", 1)));
        let error = database.damage("patients.note");
        assert!(is_of_other_field(&error, "patients.note", "patients.email"), "{error}");

        let database = Database::<C>::new();
        let note = String::from_utf8(database.stored("note", 1)).unwrap();
        database.plant("email", &text::decode(&note).unwrap());
        let error = database.damage("patients.email");
        assert!(is_of_other_field(&error, "patients.email", "patients.note"), "{error}");
    }
}

on_every_backend! {
    fn a_value_moved_to_another_table_is_refused<C>() {
        let database = Database::<C>::new();
        // Both columns have one value in the clear, and tags of one domain.
        database.attack("UPDATE visits SET contact = (SELECT email FROM patients WHERE id = 1) WHERE id = 1");
        let error = database.visit(1).unwrap_err();
        assert!(is_of_other_field(&error, "visits.contact", "patients.email"), "{error}");
    }
}

on_every_backend! {
    fn a_value_moved_to_another_scope_is_refused<C>() {
        let database = Database::<C>::empty();
        let open = |scope: Option<&str>| {
            let builder = scope.into_iter().fold(builder(), |builder, scope| builder.scope(scope));
            builder.open(&mut *database.connect()).unwrap()
        };
        let tenants = [Some("a"), Some("b"), None];
        for (id, tenant) in (1..).zip(tenants) {
            let row = patient(id, &format!("{id}@example.org"));
            open(tenant)
                .enter(|| diesel::insert_into(patients::table).values(&row).execute(&mut *database.connect()).unwrap());
        }
        for (of, written_by) in (1..).zip(tenants) {
            for read_by in tenants {
                // The row of one tenant, read by another: as if its tenant's id had been changed.
                let read = open(read_by).enter(|| {
                    let query = patients::table.find(of).select(Patient::as_select());
                    query.first(&mut *database.connect()).map(|row: Patient| row.email.into_inner())
                });
                match read {
                    Ok(email) => assert!(read_by == written_by && email == format!("{of}@example.org")),
                    Err(error) => {
                        let error = error.encryption_error().unwrap();
                        assert_ne!(read_by, written_by, "{error}");
                        assert!(matches!(error, UnknownKey { .. }), "{error}");
                        assert!(error.to_string().starts_with("`patients.email`: "), "{error}");
                    }
                }
            }
        }
    }
}

on_every_backend! {
    fn a_tag_moved_from_another_value_is_refused<C>() {
        let database = Database::<C>::new();
        let (ada, bob) = (database.stored("email", 1), database.stored("email", 2));
        for slot in [3..18, 18..33] {
            let mut altered = ada.clone();
            altered[slot.clone()].copy_from_slice(&bob[slot]);
            database.plant("email", &altered);
            assert!(matches!(database.damage("patients.email"), Tampered { .. }));
            // A search by either index finds the row, and does not pass it off as the other.
            let found = database.read(|conn| {
                let by_address = patients::email.blind_eq(BOB);
                let by_host = patients::email.by(Patient::EMAIL_HOST).blind_eq(BOB);
                let query = patients::table.filter(by_address.or(by_host)).filter(patients::id.eq(1));
                query.select(Patient::as_select()).load(conn)
            });
            assert!(matches!(found, Err(Tampered { .. })), "found, and refused");
        }
    }
}

on_every_backend! {
    fn a_tag_moved_to_another_slot_or_removed_is_refused<C>() {
        let database = Database::<C>::new();
        let sealed = database.stored("email", 1);
        let swapped = [&sealed[..3], &sealed[18..33], &sealed[3..18], &sealed[33..]].concat();
        let emptied = [&sealed[..3], &[0; 15], &sealed[18..]].concat();
        let without = [&sealed[..1], &[1], &sealed[2..18], &sealed[33..]].concat();
        for altered in [swapped, emptied, without] {
            database.plant("email", &altered);
            assert!(matches!(database.damage("patients.email"), Tampered { .. }));
        }
    }
}

on_every_backend! {
    fn a_bound_value_moved_to_another_owner_is_refused<C>() {
        let database = Database::<C>::new();
        assert_eq!(database.diagnosis(1).unwrap(), "diagnosis 1");
        database.plant("diagnosis", &database.stored("diagnosis", 2));
        let error = database.diagnosis(1).unwrap_err();
        assert!(matches!(error, Tampered { bound: true, .. }), "{error}");
        let message = error.to_string();
        assert!(message.contains("`patients.diagnosis`") && message.contains("another owner"), "{message}");
    }
}

on_every_backend! {
    fn a_bound_value_in_an_unbound_column_and_the_reverse_are_refused<C>() {
        let database = Database::<C>::new();
        database.attack("UPDATE patients SET diagnosis = email WHERE id = 1");
        let error = database.diagnosis(1).unwrap_err();
        assert!(is_of_other_field(&error, "patients.diagnosis", "patients.email"), "{error}");
        // The flag alone does not make a value bound.
        let mut sealed = database.stored("diagnosis", 2);
        sealed[4] ^= 1;
        database.plant("diagnosis", &sealed);
        assert!(matches!(database.diagnosis(1), Err(Tampered { bound: true, .. })));
    }
}

on_every_backend! {
    fn a_value_of_another_database_is_refused<C>() {
        let (database, other) = (Database::<C>::new(), Database::<C>::new());
        database.plant("email", &other.stored("email", 1));
        assert!(matches!(database.damage("patients.email"), UnknownKey { .. }), "one root key, other data keys");
    }
}
