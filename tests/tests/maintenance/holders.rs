//! Tables in which the application's values stand beside those of users and groups: each is worked on by whom it belongs to,
//! and a new key takes over what an earlier one holds.

use std::ops::ControlFlow;

use diesel_encrypted::{
    ValueError, Vault,
    maintenance::{Maintenance, MaintenanceError, Reason, Selection, status},
    users::{GroupId, Holder, HolderKey},
};
use diesel_encrypted_tests::{
    holders,
    people::{self, Database, NEW, OLD},
    scratch::Scratch,
};

use super::{counts, on, on_every_database};

on_every_database! {
    values_under_an_earlier_key_of_a_user_are_sealed_anew,
    values_under_an_earlier_key_of_a_group_are_sealed_anew,
    values_are_sealed_by_another_algorithm_for_their_user,
    the_application_leaves_values_of_users_alone,
    a_flag_that_was_flipped_hides_no_value,
    a_value_is_not_taken_by_its_key_id_alone,
    runs_of_two_users_do_not_meet,
    what_is_for_others_is_refused,
    values_of_users_are_counted_by_their_keys,
}

/// People of the application (0 to 100), of Ada (100 to 200) and of Bob (200 to 300), nine of ten with values.
struct World<C: Database> {
    connection: Scratch<C>,
    application: Vault,
    ada: diesel_encrypted::users::UserKey,
    bob: diesel_encrypted::users::UserKey,
}

fn world<C: Database>() -> World<C> {
    let mut connection = people::table::<C>();
    let application = holders::application(&mut *connection, &OLD);
    let (ada, bob) = (holders::user(&application, 1), holders::user(&application, 2));
    people::fill(&mut *connection, &application, &OLD, 0..100);
    people::fill(&mut *connection, &holders::vault(&ada, &[], &OLD), &OLD, 100..200);
    people::fill(&mut *connection, &holders::vault(&bob, &[], &OLD), &OLD, 200..300);
    World { connection, application, ada, bob }
}

/// What stands in the rows from `from` on, below `to`.
fn stored<C: Database>(connection: &mut C, from: i64, to: i64) -> Vec<people::Row> {
    connection.rows(&format!("id, email, chart FROM people WHERE id >= {from} AND id < {to} ORDER BY id"))
}

/// How many rows the database finds by the email's tag, for this vault.
fn found<C: Database>(connection: &mut C, vault: &Vault, email: &str) -> i64 {
    let slots = vault.search_slots(&OLD[0], 0, email).unwrap();
    let slots: Vec<String> = slots.iter().map(|slot| C::literal(slot)).collect();
    connection.number(&format!("count(*) FROM people WHERE substr(email, 4, 15) IN ({})", slots.join(", ")))
}

fn reseals<C: Database, H: Holder>(
    connection: &mut Scratch<C>,
    application: &Vault,
    [first, second]: [&HolderKey<H>; 2],
    (from, to): (i64, i64),
) {
    let both = holders::vault(second, &[first], &OLD);
    people::fill(&mut **connection, &both, &OLD, 300..310);
    let others = [stored(&mut **connection, 0, from), stored(&mut **connection, to, 310)];
    let mut maintenance = Maintenance::open(&mut **connection, application).unwrap();
    let dry = maintenance.reseal(&both, &Selection::all()).dry_run().run(on).unwrap();
    assert_eq!(counts(&dry, "email"), (90, 0, 0, 0));
    let report = maintenance.reseal(&both, &Selection::all()).batch(7).run(on).unwrap();
    assert!(report.is_clean(), "{report:?}");
    for column in ["email", "note", "chart"] {
        assert_eq!(counts(&report, column), (90, 0, 0, 0), "{column}");
    }
    assert_eq!(maintenance.reseal(&both, &Selection::all()).run(on).unwrap().counts().seen(), 0);

    let (old, new) = (holders::vault(first, &[], &OLD), holders::vault(second, &[], &OLD));
    let verified = Maintenance::open(&mut **connection, &new).unwrap().verify(&Selection::all()).run(on).unwrap();
    assert!(verified.is_clean(), "{verified:?}");
    assert_eq!(counts(&verified, "note"), (99, 180, 0, 0));
    assert_eq!(others, [stored(&mut **connection, 0, from), stored(&mut **connection, to, 310)]);
    let email = format!("PERSON{}.0@example.org", from + 7);
    assert_eq!((found(&mut **connection, &new, &email), found(&mut **connection, &old, &email)), (1, 0));
    connection.batch_execute(&format!("DELETE FROM people WHERE id < {from} OR id >= {to}")).unwrap();
    assert_eq!(people::check(&mut **connection, &new, &OLD, |_| Some(0)), 3 * 90);
}

fn values_under_an_earlier_key_of_a_user_are_sealed_anew<C: Database>() {
    let World { mut connection, application, ada, .. } = world::<C>();
    reseals(&mut connection, &application, [&ada, &ada.successor().unwrap()], (100, 200));
}

fn values_under_an_earlier_key_of_a_group_are_sealed_anew<C: Database>() {
    let World { mut connection, application, .. } = world::<C>();
    let group = application.authority().unwrap().create_group(GroupId::of(&7_i64).unwrap()).unwrap();
    connection.batch_execute("DELETE FROM people WHERE id >= 200").unwrap();
    people::fill(&mut *connection, &holders::vault(&group, &[], &OLD), &OLD, 200..300);
    reseals(&mut connection, &application, [&group, &group.successor().unwrap()], (200, 300));
}

fn values_are_sealed_by_another_algorithm_for_their_user<C: Database>() {
    let World { mut connection, application, ada, .. } = world::<C>();
    let new = holders::vault(&ada, &[], &NEW);
    let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
    let report = maintenance.reseal(&new, &Selection::all()).batch(20).run(on).unwrap();
    assert!(report.is_clean(), "{report:?}");
    assert_eq!(counts(&report, "note"), (90, 0, 0, 0));
    connection.batch_execute("DELETE FROM people WHERE id < 100 OR id >= 200").unwrap();
    assert_eq!(people::check(&mut *connection, &new, &NEW, |_| Some(0)), 3 * 90);
    let email = new.search_slots(&NEW[0], 1, "Person107.0@example.org").unwrap();
    let exact = C::literal(&email[0]);
    assert_eq!(connection.number(&format!("count(*) FROM people WHERE substr(email, 19, 15) = {exact}")), 1);
}

fn the_application_leaves_values_of_users_alone<C: Database>() {
    let World { mut connection, .. } = world::<C>();
    let application = people::vault(&mut *connection, &NEW);
    let theirs = stored(&mut *connection, 100, 300);
    let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
    let all = Selection::all();
    for report in [
        maintenance.backfill(&all).run(on).unwrap(),
        maintenance.purge(&all).run(on).unwrap(),
        maintenance.rotate(&all).batch(8).run(on).unwrap(),
        maintenance.reindex(&all).batch(8).run(on).unwrap(),
    ] {
        assert!(report.is_clean(), "{report:?}");
        assert!(report.columns.iter().all(|column| column.counts.done <= 90), "{report:?}");
    }
    let verified = maintenance.verify(&all).run(on).unwrap();
    assert!(verified.is_clean(), "{verified:?}");
    assert_eq!(counts(&verified, "email"), (90, 180, 0, 0));
    assert_eq!(counts(&verified, "note"), (90, 180, 0, 0));
    let opened = maintenance.decrypt(&all.clone().column("people", "chart")).run(on).unwrap();
    assert_eq!(counts(&opened, "chart"), (90, 0, 0, 0));
    assert_eq!(theirs, stored(&mut *connection, 100, 300));
}

fn a_flag_that_was_flipped_hides_no_value<C: Database>() {
    let World { mut connection, application, ada, .. } = world::<C>();
    for (row, vault) in [(1, &application), (101, &holders::vault(&ada, &[], &OLD))] {
        let [mut email, ..] = people::sealed(vault, &OLD, row, 0);
        email[19] ^= 4;
        let email = C::literal(&email);
        connection.batch_execute(&format!("UPDATE people SET email = {email} WHERE id = {row}")).unwrap();
        let verified = Maintenance::open(&mut *connection, vault).unwrap().verify(&Selection::all()).run(on).unwrap();
        let failed: Vec<_> = verified.failures.iter().map(|failure| (failure.key.as_str(), &failure.reason)).collect();
        let user_key = row == 1;
        assert!(
            matches!(failed[..], [(key, Reason::Value(ValueError::OtherHolder { user_key: found, .. }))]
                if key == row.to_string() && *found == user_key),
            "{failed:?}"
        );
    }
}

fn a_value_is_not_taken_by_its_key_id_alone<C: Database>() {
    let World { mut connection, application, ada, .. } = world::<C>();
    let second = ada.successor().unwrap();
    let both = holders::vault(&second, &[&ada], &OLD);
    connection.batch_execute("DELETE FROM people WHERE id >= 100").unwrap();
    // Of the application's, one names the id of Ada's earlier key: by chance, or made so, and so does one that says it is
    // hers.
    for (row, flags) in [(1, 0), (2, 4)] {
        let [mut email, note, _] = people::sealed(&application, &OLD, row, 0);
        let mut note = diesel_encrypted::format::text::decode(str::from_utf8(&note).unwrap()).unwrap();
        for value in [&mut email, &mut note] {
            value[19] |= flags;
            value[20..24].copy_from_slice(&ada.place().key_id().to_be_bytes());
        }
        let (email, note) = (C::literal(&email), diesel_encrypted::format::text::encode(&note));
        connection
            .batch_execute(&format!("UPDATE people SET email = {email}, note = '{note}' WHERE id = {row}"))
            .unwrap();
    }
    let before = stored(&mut *connection, 0, 100);
    let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
    let report = maintenance.reseal(&both, &Selection::all()).run(on).unwrap();
    let failed: Vec<_> =
        report.failures.iter().map(|failure| (failure.column.as_str(), failure.key.as_str())).collect();
    assert_eq!(failed, [("email", "2"), ("note", "2")], "{report:?}");
    assert!(report.failures.iter().all(|failure| matches!(failure.reason, Reason::Value(ValueError::Tampered { .. }))));
    assert_eq!((report.columns[1].left, report.counts().done), (1, 0));
    assert_eq!(before, stored(&mut *connection, 0, 100));
}

fn runs_of_two_users_do_not_meet<C: Database>() {
    let World { mut connection, application, ada, bob } = world::<C>();
    let of = |key: &diesel_encrypted::users::UserKey| holders::vault(&key.successor().unwrap(), &[key], &OLD);
    let (ada, bob) = (of(&ada), of(&bob));
    let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
    let email = Selection::all().column("people", "email");
    let stopped = maintenance.reseal(&ada, &email).batch(10).run(|progress| match progress.seen {
        0 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    let stopped = stopped.unwrap();
    assert!(stopped.cancelled && stopped.counts().done == 10, "{stopped:?}");
    let other = maintenance.reseal(&bob, &email).batch(10).run(on).unwrap();
    assert_eq!((other.is_clean(), other.counts().done), (true, 90));
    let rest = maintenance.reseal(&ada, &email).batch(10).run(on).unwrap();
    assert_eq!((rest.is_clean(), rest.counts().done), (true, 80));
    assert_eq!(connection.number("count(*) FROM encryption_jobs"), 0);
}

fn what_is_for_others_is_refused<C: Database>() {
    let World { mut connection, application, ada, .. } = world::<C>();
    let mine = holders::vault(&ada, &[], &OLD);
    let all = Selection::all();
    let mut maintenance = Maintenance::open(&mut *connection, &mine).unwrap();
    for (refused, operation) in [
        (maintenance.rotate(&all).run(on), "rotate"),
        (maintenance.backfill(&all).run(on), "backfill"),
        (maintenance.purge(&all).run(on), "purge"),
    ] {
        let refused = refused.unwrap_err();
        assert!(
            matches!(&refused, MaintenanceError::HolderVault { operation: found, .. } if *found == operation),
            "{refused}"
        );
    }
    let refused = maintenance.reseal(&application, &all).run(on).unwrap_err();
    assert!(matches!(refused, MaintenanceError::ApplicationVault { .. }), "{refused}");
}

fn values_of_users_are_counted_by_their_keys<C: Database>() {
    let World { mut connection, ada, bob, .. } = world::<C>();
    for column in status(&mut *connection).unwrap() {
        let theirs: Vec<_> = column.keys.iter().filter(|key| key.user_key).collect();
        assert_eq!(theirs.len(), 2, "{column:?}");
        for key in [&ada, &bob] {
            let count = theirs.iter().find(|count| count.key_id == key.place().key_id()).unwrap();
            assert_eq!((count.rows, count.state), (90, None));
        }
        assert!((column.percent_active() - 100.0).abs() < f64::EPSILON, "{column:?}");
        for index in &column.indexes {
            assert_eq!(index.generations.values().sum::<u64>(), 90, "{column:?}");
        }
    }
}
