//! Maintenance that is killed at any moment, under an application that goes on writing: every value is right afterwards, and
//! the run that is let end leaves nothing to do.
//!
//! A short version by default. `ENCRYPTED_KILLS=50 ENCRYPTED_KILL_ROWS=20000` is the whole one.

#![allow(clippy::print_stdout, reason = "says how often")]

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    os::unix::process::ExitStatusExt,
    process::{Child, Command, Stdio},
    time::Duration,
};

use diesel_encrypted::{
    Field, Vault,
    keys::Secret,
    maintenance::{Maintenance, Selection},
    sql::Dialect,
};
use diesel_encrypted_tests::{
    holders,
    people::{self, Database, MIGRATING, NEW, OLD, Stop, Writer},
    scratch::Scratch,
};

use super::{on, on_every_database};

on_every_database! {
    rotation_survives_being_killed,
    reindexing_survives_being_killed,
    backfilling_survives_being_killed,
    decryption_survives_being_killed,
    verification_survives_being_killed,
    purging_survives_being_killed,
    resealing_survives_being_killed,
}

fn setting(name: &str, default: i64) -> i64 {
    std::env::var(name).map_or(default, |value| value.parse().unwrap())
}

/// A table that outlives a killed process.
fn table<C: Database>() -> Scratch<C> {
    let mut connection = people::table::<C>();
    if C::DIALECT == Dialect::Sqlite {
        connection.batch_execute("PRAGMA journal_mode = WAL; PRAGMA busy_timeout = 30000").unwrap();
    }
    connection
}

/// A run that has begun to work.
fn start(url: &str, operation: &str, rate: i64, keys: &[String]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_maintain"));
    command.args([url, operation, &rate.to_string()]).args(keys);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "begun\n");
    child
}

/// Kills `operation` as often as it is to be, each time at work, and lets it end, while the application writes some of the
/// people. Gives what it wrote last.
fn killed<C: Database>(
    connection: &mut Scratch<C>,
    (vault, fields): (&Vault, &'static [Field]),
    operation: &str,
    keys: &[String],
    rows: i64,
) -> BTreeMap<i64, u64> {
    let (url, stop) = (connection.url().to_owned(), Stop::default());
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut writer = Writer::<C>::new(&url, vault, fields, 1..rows, 3);
            while !stop.is_said() {
                writer.write();
                std::thread::sleep(Duration::from_micros(500));
            }
            writer.versions
        });
        let at_the_end = stop.at_the_end();
        let (kills, mut killed, mut ended) = (setting("ENCRYPTED_KILLS", 3), 0, 0);
        // So that there is work left for the last one: three columns, and less than 400 milliseconds for each.
        let rate = (rows * 3 * 10 / (kills * 4)).max(20);
        while killed < kills && ended < kills {
            let mut child = start(&url, operation, rate, keys);
            let [first, second, ..] = *Secret::generate().unwrap().expose_bytes();
            std::thread::sleep(Duration::from_millis(u64::from(first) + u64::from(second) / 2));
            child.kill().unwrap();
            // What had ended before does not count.
            match child.wait().unwrap().signal() {
                Some(9) => killed += 1,
                _ => ended += 1,
            }
        }
        let last = start(&url, operation, 0, keys).wait().unwrap();
        drop(at_the_end);
        assert!(last.success(), "{operation} after {killed} kills");
        assert_eq!(killed, kills, "{operation} had ended before it was killed {ended} times");
        println!("{operation}, {:?}: killed {killed} times at work, {ended} times too late", C::DIALECT);
        writer.join().unwrap()
    })
}

/// Everything opens, with the tags of now, and has what was written last.
fn check<C: Database>(connection: &mut C, vault: &Vault, fields: &'static [Field], versions: &BTreeMap<i64, u64>) {
    let mut maintenance = Maintenance::open(connection, vault).unwrap();
    let verified = maintenance.verify(&Selection::all()).run(on).unwrap();
    assert!(verified.is_clean(), "{verified:?}");
    people::check(connection, vault, fields, |id| Some(versions.get(&id).copied().unwrap_or(0)));
}

fn rotation_survives_being_killed<C: Database>() {
    let (mut connection, rows) = (table::<C>(), setting("ENCRYPTED_KILL_ROWS", 2000));
    let old = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &old, &OLD, 0..rows);
    let new = people::vault(&mut *connection, &NEW);
    // An old release writes, and so leaves work to do.
    let versions = killed(&mut connection, (&old, &OLD), "rotate", &[], rows);
    let mut maintenance = Maintenance::open(&mut *connection, &new).unwrap();
    assert!(maintenance.rotate(&Selection::all()).run(on).unwrap().is_clean());
    assert_eq!(maintenance.rotate(&Selection::all()).run(on).unwrap().counts().seen(), 0);
    check(&mut *connection, &new, &NEW, &versions);
}

fn reindexing_survives_being_killed<C: Database>() {
    let (mut connection, rows) = (table::<C>(), setting("ENCRYPTED_KILL_ROWS", 2000));
    let old = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &old, &OLD, 0..rows);
    let new = people::vault(&mut *connection, &NEW);
    let versions = killed(&mut connection, (&new, &NEW), "reindex", &[], rows);
    // The application was there already: what the last run left is nothing.
    let mut maintenance = Maintenance::open(&mut *connection, &new).unwrap();
    assert_eq!(maintenance.reindex(&Selection::all()).run(on).unwrap().counts().seen(), 0);
    check(&mut *connection, &new, &NEW, &versions);
}

fn backfilling_survives_being_killed<C: Database>() {
    let (mut connection, rows) = (table::<C>(), setting("ENCRYPTED_KILL_ROWS", 2000));
    let vault = people::vault(&mut *connection, &MIGRATING);
    people::fill_in_the_clear(&mut *connection, 1..rows);
    let versions = killed(&mut connection, (&vault, &MIGRATING), "backfill", &[], rows);
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    assert_eq!(maintenance.backfill(&Selection::all()).run(on).unwrap().counts().seen(), 0);
    let strict = people::vault(&mut *connection, &OLD);
    check(&mut *connection, &strict, &OLD, &versions);
}

fn decryption_survives_being_killed<C: Database>() {
    let (mut connection, rows) = (table::<C>(), setting("ENCRYPTED_KILL_ROWS", 2000));
    let vault = people::vault(&mut *connection, &MIGRATING);
    people::fill(&mut *connection, &vault, &MIGRATING, 0..rows);
    let versions = killed(&mut connection, (&vault, &MIGRATING), "decrypt", &[], rows);
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    assert!(maintenance.decrypt(&Selection::all()).run(on).unwrap().is_clean());
    let mut seen = 0;
    for (id, email, chart) in connection.rows("id, email, chart FROM people WHERE email IS NOT NULL") {
        let version = versions.get(&id).copied().unwrap_or(0);
        assert_eq!(email.unwrap(), format!("Person{id}.{version}@example.org").into_bytes());
        assert_eq!(chart.unwrap(), format!(r#"{{"id":{id},"version":{version}}}"#).into_bytes());
        seen += 1;
    }
    assert!(seen >= rows * 9 / 10 - 1);
}

fn verification_survives_being_killed<C: Database>() {
    let (mut connection, rows) = (table::<C>(), setting("ENCRYPTED_KILL_ROWS", 2000));
    let vault = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &vault, &OLD, 0..rows);
    let versions = killed(&mut connection, (&vault, &OLD), "verify", &[], rows);
    check(&mut *connection, &vault, &OLD, &versions);
}

fn purging_survives_being_killed<C: Database>() {
    let (mut connection, rows) = (table::<C>(), setting("ENCRYPTED_KILL_ROWS", 2000));
    // Its keys are made before there are values of a lost one: else it would not be opened.
    let vault = people::vault(&mut *connection, &OLD);
    let elsewhere = people::vault(&mut *people::table::<C>(), &OLD);
    people::fill(&mut *connection, &elsewhere, &OLD, 0..rows);
    let lost = OLD.iter().map(|field| elsewhere.field_state(field).unwrap().active.unwrap());
    let lost: Vec<String> = lost.map(|key_id| format!("{key_id:08x}")).collect();
    let versions = killed(&mut connection, (&vault, &OLD), "purge", &lost, rows);
    assert_eq!(
        connection.number("count(*) FROM people WHERE email IS NOT NULL"),
        i64::try_from(versions.len()).unwrap(),
        "what the application wrote is there, and nothing else"
    );
    check(&mut *connection, &vault, &OLD, &versions);
}

fn resealing_survives_being_killed<C: Database>() {
    let (mut connection, rows) = (table::<C>(), setting("ENCRYPTED_KILL_ROWS", 2000));
    let application = holders::application(&mut *connection, &OLD);
    let authority = application.authority().unwrap();
    let first = holders::user(&application, 1);
    let second = first.successor().unwrap();
    people::fill(&mut *connection, &holders::vault(&first, &[], &OLD), &OLD, 0..rows);
    // Someone who signed in before the key was new writes, and so leaves work to do.
    let old = holders::vault(&first, &[], &OLD);
    let keys = [&second, &first].map(|key| holders::told(&authority, key));
    let versions = killed(&mut connection, (&old, &OLD), "reseal", &keys, rows);
    let both = holders::vault(&second, &[&first], &OLD);
    let mut maintenance = Maintenance::open(&mut *connection, &application).unwrap();
    assert!(maintenance.reseal(&both, &Selection::all()).run(on).unwrap().is_clean());
    assert_eq!(maintenance.reseal(&both, &Selection::all()).run(on).unwrap().counts().seen(), 0);
    assert_eq!(connection.number("count(*) FROM encryption_jobs"), 0, "jobs of a user's key go when they are done");
    // By the new key alone.
    check(&mut *connection, &holders::vault(&second, &[], &OLD), &OLD, &versions);
}
