//! What each operation makes of a table.

use diesel_encrypted::{
    Binding, Class, Field, Index, Normalizer, Storage, ValueError,
    maintenance::{Maintenance, MaintenanceError, Reason, Selection},
    sql::Dialect,
};
use diesel_encrypted_tests::people::{self, Database, MIGRATING, NEW, OLD};

use super::{counts, on, on_every_database};

on_every_database! {
    values_are_rotated_to_the_algorithm_of_the_model,
    tags_of_a_new_index_are_made,
    plaintext_is_sealed_in_place_and_comes_out_again,
    what_only_looks_sealed_is_reported_and_left,
    plaintext_in_a_strict_column_is_refused_unless_it_is_named,
    values_move_to_a_new_column_and_back,
    what_cannot_be_opened_is_purged_by_its_key_alone,
    what_does_not_open_is_found_and_named,
    what_the_database_refuses_fails_alone,
    values_of_any_length_are_rotated,
    what_this_program_cannot_do_is_refused,
}

fn values_are_rotated_to_the_algorithm_of_the_model<C: Database>() {
    let mut connection = people::table::<C>();
    let old = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &old, &OLD, 0..1234);
    let new = people::vault(&mut *connection, &NEW);
    // By a tool that has no model.
    let tool = people::registered(&mut *connection);
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();

    let dry = maintenance.rotate(&Selection::all()).dry_run().batch(100).run(on).unwrap();
    assert_eq!(counts(&dry, "email"), (1110, 0, 0, 0));
    let report = maintenance.rotate(&Selection::all()).batch(100).run(on).unwrap();
    assert!(report.is_clean(), "{report:?}");
    for column in ["email", "note", "chart"] {
        assert_eq!(counts(&report, column), (1110, 0, 0, 0), "{column}");
    }
    let again = maintenance.rotate(&Selection::all()).batch(100).run(on).unwrap();
    assert_eq!(again.counts().seen(), 0, "{again:?}");

    assert_eq!(people::check(&mut *connection, &new, &NEW, |_| Some(0)), 3 * 1110);
    let by_first_algorithm = match C::DIALECT {
        Dialect::Postgres => "substr(email, 19, 1) = '\\x01'::bytea",
        _ => "hex(substr(email, 19, 1)) = '01'",
    };
    assert_eq!(connection.number(&format!("count(*) FROM people WHERE {by_first_algorithm}")), 0);
    assert_eq!(connection.number("count(*) FROM people WHERE other <> 0"), 0);
}

fn tags_of_a_new_index_are_made<C: Database>() {
    let mut connection = people::table::<C>();
    let old = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &old, &OLD, 0..300);
    let new = people::vault(&mut *connection, &NEW);
    people::fill(&mut *connection, &new, &NEW, 300..330);
    let tool = people::registered(&mut *connection);
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let report = maintenance.reindex(&Selection::all().table("people")).batch(64).run(on).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(counts(&report, "email"), (270, 0, 0, 0));
    assert_eq!(counts(&report, "note"), (270, 0, 0, 0));
    assert_eq!(counts(&report, "chart"), (0, 0, 0, 0));

    let [email, ..] = &NEW;
    for (index, value) in [(0, "person7.0@EXAMPLE.org"), (1, "Person7.0@example.org")] {
        let slot = new.search_slots(email, index, value).unwrap();
        let slot = C::literal(&slot[0]);
        let found =
            connection.number(&format!("count(*) FROM people WHERE substr(email, {}, 15) = {slot}", 4 + 15 * index));
        assert_eq!(found, 1, "index {index}");
    }
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let verified = maintenance.verify(&Selection::all()).run(on).unwrap();
    assert!(verified.is_clean(), "{verified:?}");
    assert_eq!(verified.counts().done, 3 * 297);
    connection.batch_execute("DELETE FROM people").unwrap();
}

fn plaintext_is_sealed_in_place_and_comes_out_again<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &MIGRATING);
    people::fill(&mut *connection, &vault, &MIGRATING, 0..30);
    people::fill_in_the_clear(&mut *connection, 30..180);
    connection.batch_execute("UPDATE people SET email = NULL WHERE id = 40").unwrap();
    let tool = people::registered(&mut *connection);
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let report = maintenance.backfill(&Selection::all()).batch(32).run(on).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!((counts(&report, "email").0, counts(&report, "note").0, counts(&report, "chart").0), (149, 150, 150));
    let again = maintenance.backfill(&Selection::all()).run(on).unwrap();
    assert_eq!(again.counts().seen(), 0);
    assert_eq!(maintenance.verify(&Selection::all()).run(on).unwrap().counts().done, 3 * 27 + 449);
    assert_eq!(people::check(&mut *connection, &vault, &MIGRATING, |_| Some(0)), 3 * 27 + 448);
    // Found by the tag that was made.
    let slot = C::literal(&vault.search_slots(&MIGRATING[0], 0, "PERSON77.0@example.org").unwrap()[0]);
    assert_eq!(connection.number(&format!("count(*) FROM people WHERE id = 77 AND substr(email, 4, 15) = {slot}")), 1);

    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let report = maintenance.decrypt(&Selection::all()).batch(32).run(on).unwrap();
    assert!(report.is_clean(), "{report:?}");
    for (id, email, chart) in connection.rows("id, email, chart FROM people WHERE id IN (7, 77) ORDER BY id") {
        assert_eq!(email.unwrap(), format!("Person{id}.0@example.org").into_bytes());
        let chart: serde_json::Value = serde_json::from_slice(&chart.unwrap()).unwrap();
        assert_eq!(chart["id"], id);
    }
    assert_eq!(connection.number("count(*) FROM people WHERE note = 'note 77 0'"), 1);
}

fn what_only_looks_sealed_is_reported_and_left<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &MIGRATING);
    people::fill_in_the_clear(&mut *connection, 1..6);
    let elsewhere = people::vault(&mut *people::table::<C>(), &MIGRATING);
    let [email, note, _] = people::sealed(&elsewhere, &MIGRATING, 2, 0);
    let planted = C::literal(&email);
    let note = String::from_utf8(note).unwrap();
    connection.batch_execute(&format!("UPDATE people SET email = {planted}, note = '{note}' WHERE id = 2")).unwrap();
    let cut = C::literal(&email[..20]);
    connection.batch_execute(&format!("UPDATE people SET email = {cut}, note = '4QAAtruncated' WHERE id = 3")).unwrap();
    let invalid = C::literal(&[0xFF, 0xFE]);
    connection.batch_execute(&format!("UPDATE people SET email = {invalid}, chart = {invalid} WHERE id = 4")).unwrap();

    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let report = maintenance.backfill(&Selection::all()).run(on).unwrap();
    let reasons: Vec<(&str, &str, &Reason)> = report
        .failures
        .iter()
        .map(|failure| (failure.column.as_str(), failure.key.as_str(), &failure.reason))
        .collect();
    assert!(
        matches!(
            reasons.as_slice(),
            [
                ("chart", "4", Reason::Value(ValueError::Decode { .. })),
                ("email", "2", Reason::LooksSealed),
                ("email", "3", Reason::LooksSealed),
                ("email", "4", Reason::Value(ValueError::Decode { .. })),
                ("note", "2", Reason::LooksSealed),
                ("note", "3", Reason::LooksSealed),
            ]
        ),
        "{reasons:?}"
    );
    assert_eq!(report.columns.iter().map(|column| column.left).collect::<Vec<_>>(), [1, 3, 2]);
    assert_eq!(connection.number(&format!("count(*) FROM people WHERE email = {planted} AND note = '{note}'")), 1);
    // In the order of the model's fields and of the rows, a run that is to stop does at once.
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let stopped = maintenance.backfill(&Selection::all()).stop_on_failure().run(on);
    assert!(matches!(stopped, Err(MaintenanceError::Failed(failure)) if failure.key == "4"));
}

fn plaintext_in_a_strict_column_is_refused_unless_it_is_named<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &vault, &OLD, 1..10);
    people::fill_in_the_clear(&mut *connection, 11..13);
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let refused = maintenance.backfill(&Selection::all().column("people", "email")).run(on);
    assert!(matches!(refused, Err(MaintenanceError::StrictColumn { rows: 2, .. })), "{refused:?}");
    let found = maintenance.verify(&Selection::all().column("people", "email")).run(on).unwrap();
    assert_eq!(counts(&found, "email"), (9, 0, 0, 2));
    assert!(matches!(found.failures[0].reason, Reason::Value(ValueError::NotEncrypted { .. })));
    let named = maintenance.backfill(&Selection::all().column("people", "email")).seal_plaintext_of("people", "email");
    assert_eq!(counts(&named.run(on).unwrap(), "email"), (2, 0, 0, 0));
    let other = maintenance.backfill(&Selection::all().column("people", "nose")).run(on);
    assert!(matches!(other, Err(MaintenanceError::NotRegistered { name }) if name == "people.nose"));
}

fn values_move_to_a_new_column_and_back<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &OLD);
    for id in 0..90 {
        let row = format!("INSERT INTO people (id, plain) VALUES ({id}, 'Person{id}.0@example.org')");
        connection.batch_execute(&row).unwrap();
    }
    connection.batch_execute("UPDATE people SET plain = NULL WHERE id = 9").unwrap();
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let unclear = maintenance.backfill(&Selection::all()).from("plain").run(on);
    assert!(matches!(unclear, Err(MaintenanceError::OneColumn { columns: 3, .. })));
    let email = Selection::all().column("people", "email");
    let report = maintenance.backfill(&email).from("plain").batch(20).run(on).unwrap();
    assert!(report.is_clean());
    assert_eq!(counts(&report, "email"), (89, 0, 0, 0));
    assert_eq!(maintenance.verify(&email).run(on).unwrap().counts().done, 89);
    connection.batch_execute("UPDATE people SET plain = NULL").unwrap();
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let report = maintenance.decrypt(&email).into("plain").batch(20).run(on).unwrap();
    assert!(report.is_clean());
    assert_eq!(counts(&report, "email"), (89, 0, 0, 0));
    let back = "count(*) FROM people WHERE plain = 'Person77.0@example.org' OR plain = 'Person1.0@example.org'";
    assert_eq!(connection.number(back), 2);
    assert_eq!(connection.number("count(*) FROM people WHERE email IS NOT NULL"), 89);
}

fn what_cannot_be_opened_is_purged_by_its_key_alone<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &vault, &OLD, 1..10);
    let elsewhere = people::vault(&mut *people::table::<C>(), &OLD);
    people::fill(&mut *connection, &elsewhere, &OLD, 11..20);
    // It looks tampered, and its key is there.
    let mut tampered = people::sealed(&vault, &OLD, 9, 0)[0].clone();
    *tampered.last_mut().unwrap() ^= 1;
    connection.batch_execute(&format!("UPDATE people SET email = {} WHERE id = 9", C::literal(&tampered))).unwrap();

    let lost: Vec<u32> = OLD.iter().map(|field| elsewhere.field_state(field).unwrap().active.unwrap()).collect();
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let nothing = maintenance.purge(&Selection::all()).run(on).unwrap();
    assert_eq!(nothing.counts().seen(), 0, "no key is destroyed, and none was named");
    let own = vault.field_state(&OLD[1]).unwrap().active.unwrap();
    let alive = maintenance.purge(&Selection::all()).key(own).run(on);
    assert!(matches!(alive, Err(MaintenanceError::KeyAlive { key_id, .. }) if key_id == own));

    let dry = maintenance.purge(&Selection::all()).key(lost[0]).key(lost[1]).dry_run().run(on).unwrap();
    assert_eq!(dry.counts().done, 18);
    let report = maintenance.purge(&Selection::all()).key(lost[0]).key(lost[1]).run(on).unwrap();
    assert!(report.is_clean());
    assert_eq!((counts(&report, "email").0, counts(&report, "note").0, counts(&report, "chart").0), (9, 9, 0));
    let rows = maintenance.purge(&Selection::all()).key(lost[2]).rows().run(on).unwrap();
    assert_eq!(counts(&rows, "chart"), (9, 0, 0, 0));
    assert_eq!(connection.number("count(*) FROM people"), 9);
    let kept = format!("count(*) FROM people WHERE email = {}", C::literal(&tampered));
    assert_eq!(connection.number(&kept), 1);
}

fn what_does_not_open_is_found_and_named<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &vault, &OLD, 1..10);
    let [email, _, chart] = people::sealed(&vault, &OLD, 3, 0);
    let mut tampered = email.clone();
    tampered[10] ^= 1;
    for (set, id) in [
        (format!("email = {}", C::literal(&tampered)), 1),
        (format!("email = {}", C::literal(&chart)), 2),
        // Of another row.
        (format!("chart = {}", C::literal(&chart)), 4),
        ("note = '4QAA'".to_owned(), 5),
        ("note = 'clear'".to_owned(), 6),
    ] {
        connection.batch_execute(&format!("UPDATE people SET {set} WHERE id = {id}")).unwrap();
    }
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let report = maintenance.verify(&Selection::all()).batch(2).run(on).unwrap();
    let found: Vec<(&str, &str)> =
        report.failures.iter().map(|failure| (failure.column.as_str(), failure.key.as_str())).collect();
    assert_eq!(found, [("chart", "4"), ("email", "1"), ("email", "2"), ("note", "5"), ("note", "6")]);
    assert!(matches!(report.failures[0].reason, Reason::Value(ValueError::Tampered { bound: true, .. })));
    assert!(matches!(report.failures[1].reason, Reason::Value(ValueError::Tampered { .. })));
    assert!(matches!(report.failures[2].reason, Reason::Value(ValueError::OtherField { .. })));
    assert!(!format!("{report:?}").contains("clear"), "no value is in a report");
    assert_eq!(report.counts().done, 27 - 5);
}

fn what_the_database_refuses_fails_alone<C: Database>() {
    let mut connection = people::table::<C>();
    let old = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &old, &OLD, 1..30);
    let new = people::vault(&mut *connection, &NEW);
    // A trigger, or a constraint, that the new value of one row does not pass.
    let refuse = match C::DIALECT {
        Dialect::Sqlite => {
            "CREATE TRIGGER refuse BEFORE UPDATE OF email ON people WHEN NEW.id = 7 BEGIN SELECT RAISE(ABORT, 'no'); END"
        }
        Dialect::Postgres => "ALTER TABLE people ADD CONSTRAINT refuse CHECK (id <> 7 OR get_byte(email, 18) = 1)",
        _ => "ALTER TABLE people ADD CONSTRAINT refuse CHECK (id <> 7 OR ascii(substr(email, 19, 1)) = 1)",
    };
    connection.batch_execute(refuse).unwrap();
    let mut maintenance = Maintenance::open(&mut *connection, &new).unwrap();
    let report = maintenance.rotate(&Selection::all().column("people", "email")).run(on).unwrap();
    assert_eq!(counts(&report, "email"), (26, 0, 0, 1), "{report:?}");
    assert_eq!((report.failures[0].key.as_str(), report.columns[0].left), ("7", 1));
    assert!(matches!(report.failures[0].reason, Reason::Refused { .. }));
}

fn values_of_any_length_are_rotated<C: Database>() {
    let mut connection = people::table::<C>();
    let old = people::vault(&mut *connection, &OLD);
    // Some, then so many that a page has fewer rows, then some that are more than a page may have.
    let some = [0, 65_000, 65_536, 3_000_000, 10].into_iter();
    let lengths = some.chain([300_000; 34]).chain([5_000_000; 3]).chain([10]);
    for (id, length) in lengths.enumerate() {
        let email = C::literal(&old.seal(&OLD[0], &"x".repeat(length)).unwrap());
        connection.batch_execute(&format!("INSERT INTO people (id, email) VALUES ({id}, {email})")).unwrap();
    }
    let new = people::vault(&mut *connection, &NEW);
    let mut maintenance = Maintenance::open(&mut *connection, &new).unwrap();
    let report = maintenance.rotate(&Selection::all()).run(on).unwrap();
    assert!(report.is_clean());
    assert_eq!(counts(&report, "email"), (43, 0, 0, 0));
    let verified = maintenance.verify(&Selection::all()).run(on).unwrap();
    assert!(verified.is_clean());
    assert_eq!(verified.counts().done, 43);
}

fn what_this_program_cannot_do_is_refused<C: Database>() {
    static CUSTOM: [Field; 1] =
        [Field::new("people.email", "people", "email", Class::Text, Storage::Binary).primary_key(&["id"]).indexes(&[
            Index::new("host").normalize(&[Normalizer::Custom { name: "host", apply: |text| text.to_owned() }]),
        ])];
    static EXTERNAL: [Field; 1] = [Field::new("people.chart", "people", "chart", Class::Text, Storage::Binary)
        .primary_key(&["id"])
        .binding(Binding::External)];
    static KEYLESS: [Field; 1] = [Field::new("people.note", "people", "note", Class::Text, Storage::Text)];
    let mut connection = people::table::<C>();
    for fields in [&CUSTOM, &EXTERNAL, &KEYLESS] {
        drop(people::vault(&mut *connection, fields));
    }
    let external = people::vault(&mut *connection, &EXTERNAL);
    let owner = diesel_encrypted::Owner::of("nobody").unwrap();
    let chart = C::literal(&external.seal_bound(&EXTERNAL[0], "secret", &owner).unwrap());
    connection.batch_execute(&format!("INSERT INTO people (id, chart) VALUES (1, {chart})")).unwrap();
    let own = people::vault(&mut *connection, &CUSTOM);
    let email = C::literal(&own.seal(&CUSTOM[0], "ada@example.org").unwrap());
    connection.batch_execute(&format!("INSERT INTO people (id, email) VALUES (2, {email})")).unwrap();
    let tool = people::registered(&mut *connection);

    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    let email = Selection::all().column("people", "email");
    for refused in
        [maintenance.reindex(&email).run(on), maintenance.verify(&email).run(on), maintenance.backfill(&email).run(on)]
    {
        let error = refused.unwrap_err();
        assert!(
            matches!(&error, MaintenanceError::UnknownNormalizer { field, normalizer } if field == "people.email" && normalizer == "custom:host"),
            "{error}"
        );
    }
    assert!(maintenance.rotate(&email).run(on).unwrap().is_clean(), "rotation needs no normaliser");
    let opened = maintenance.verify(&email).opens_only().run(on).unwrap();
    assert!(opened.columns[0].opened_only && opened.is_clean(), "{opened:?}");
    assert_eq!(counts(&opened, "email"), (1, 0, 0, 0));
    let skipped = maintenance.verify(&Selection::all().column("people", "chart")).run(on).unwrap();
    assert!(skipped.columns[0].external && !skipped.is_clean());
    assert_eq!(counts(&skipped, "chart"), (0, 1, 0, 0));
    let keyless = maintenance.rotate(&Selection::all().column("people", "note")).run(on);
    assert!(matches!(keyless, Err(MaintenanceError::NoPrimaryKey { .. })));
    let mut maintenance = Maintenance::open(&mut *connection, &own).unwrap();
    assert!(maintenance.reindex(&email).run(on).unwrap().is_clean(), "the application's own program has it");
    let verified = maintenance.verify(&email).opens_only().run(on).unwrap();
    assert_eq!((verified.columns[0].opened_only, verified.counts().done), (false, 1), "and compares the tags");
    let damage = match C::DIALECT {
        Dialect::Postgres => "set_byte(email, length(email) - 1, get_byte(email, length(email) - 1) # 1)",
        Dialect::Sqlite => "CAST(email || x'00' AS BLOB)",
        _ => "CONCAT(email, x'00')",
    };
    connection.batch_execute(&format!("UPDATE people SET email = {damage} WHERE id = 2")).unwrap();
    let mut maintenance = Maintenance::open(&mut *connection, &tool).unwrap();
    assert_eq!(counts(&maintenance.verify(&email).opens_only().run(on).unwrap(), "email"), (0, 0, 0, 1));
}
