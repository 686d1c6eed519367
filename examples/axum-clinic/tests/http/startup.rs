//! Starting: with the right key, the wrong one, none, another process at the same time, and damaged key tables.

use std::fs;

use serde_json::json;

use crate::{
    database::Database,
    on_each_database,
    requests::{ada, create},
    service::{KEY, OTHER_KEY, Service, command, refused},
};

on_each_database! {
    what_was_stored_is_readable_after_a_restart
    another_key_is_refused_by_name
    no_key_is_refused_with_the_ways_to_give_one
    a_key_is_made_for_a_new_database_alone
    a_deleted_key_row_is_found_at_the_next_start
    two_services_start_at_once_on_an_empty_database
}

/// `EX_CONFIG`: somebody has to change something.
const CONFIGURATION: Option<i32> = Some(78);

fn what_was_stored_is_readable_after_a_restart(database: &Database) {
    let service = Service::start(database);
    let id = create(&service, &ada());
    service.stop();
    let service = Service::start(database);
    assert_eq!(service.get(&format!("/patients/{id}")).body["email"], "Ada@Example.org");
    assert_eq!(service.post("/patients/search", &json!({"email": "ada@example.org"})).body["id"], id);
}

fn another_key_is_refused_by_name(database: &Database) {
    let service = Service::start(database);
    let id = create(&service, &ada());
    service.stop();

    // By a list, in which the other key has the id of the first one.
    let (code, log) = refused(command(database).env("ENCRYPTION_KEY", OTHER_KEY));
    assert_eq!(code, CONFIGURATION, "{log}");
    assert!(log.contains("the data keys of this database are wrapped by root key `key-"), "{log}");
    assert!(log.contains("configure that key too"), "{log}");
    assert!(!log.contains("listening") && !log.contains(&OTHER_KEY[..16]), "{log}");

    let service = Service::start(database);
    assert_eq!(service.get(&format!("/patients/{id}")).status, 200);
}

fn no_key_is_refused_with_the_ways_to_give_one(database: &Database) {
    let (code, log) = refused(&mut command(database));
    assert_eq!(code, CONFIGURATION, "{log}");
    assert!(log.contains("no root key is configured") && log.contains("openssl rand -hex 32"), "{log}");
    let (code, log) = refused(command(database).env("ENCRYPTION_KEY", &KEY[1..]));
    assert_eq!(code, CONFIGURATION, "{log}");
    assert!(log.contains("ENCRYPTION_KEY has 63 characters") && !log.contains(&KEY[1..9]), "{log}");
    let (code, log) = refused(command(database).env("ENCRYPTION_KEY", KEY).env_remove("DATABASE_URL"));
    assert_eq!(code, CONFIGURATION, "{log}");
    assert!(log.contains("DATABASE_URL is not set"), "{log}");
    let (code, log) = refused(command(database).env("ENCRYPTION_KEY", KEY).env("LISTEN", "everywhere"));
    assert_eq!(code, CONFIGURATION, "{log}");
    let nowhere = "postgres://127.0.0.1:1/clinic";
    let (code, log) = refused(command(database).env("ENCRYPTION_KEY", KEY).env("DATABASE_URL", nowhere));
    assert_eq!(code, Some(1), "starting again may help: {log}");
}

fn a_key_is_made_for_a_new_database_alone(database: &Database) {
    let parent = tempfile::tempdir().unwrap();
    let (keys, backup) = (parent.path().join("keys"), parent.path().join("backup"));
    let with_folder = || {
        let mut command = command(database);
        command.env("ENCRYPTION_FIELD_KEY_PATH", &keys);
        command
    };
    let service = Service::spawn(&mut with_folder());
    let id = create(&service, &ada());
    let log = service.stop();
    assert!(keys.join("root-1.key").exists() && log.contains("back this file up"), "{log}");

    fs::rename(&keys, &backup).unwrap();
    let (code, log) = refused(&mut with_folder());
    assert_eq!(code, CONFIGURATION, "{log}");
    assert!(log.contains("mount the right folder, or restore the key"), "{log}");
    assert!(!keys.exists(), "a key was made beside the right one");

    fs::rename(&backup, &keys).unwrap();
    let service = Service::spawn(&mut with_folder());
    assert_eq!(service.get(&format!("/patients/{id}")).status, 200);
}

fn a_deleted_key_row_is_found_at_the_next_start(database: &Database) {
    let service = Service::start(database);
    let id = create(&service, &ada());
    let deleted = "DELETE FROM encryption_keys WHERE purpose = 1";
    database.execute(deleted, deleted);
    assert_eq!(service.get(&format!("/patients/{id}")).status, 200, "the keys of a running service are in its memory");
    service.stop();
    let (code, log) = refused(command(database).env("ENCRYPTION_KEY", KEY));
    assert_eq!(code, CONFIGURATION, "{log}");
    assert!(log.contains("were deleted") && log.contains("Restore both tables from a backup"), "{log}");
}

fn two_services_start_at_once_on_an_empty_database(database: &Database) {
    let services: Vec<Service> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..3).map(|_| scope.spawn(|| Service::start(database))).collect();
        started.into_iter().map(|service| service.join().unwrap()).collect()
    });
    let [first, second, third] = services.try_into().unwrap_or_else(|_| unreachable!());
    let id = create(&first, &ada());
    assert_eq!(second.get(&format!("/patients/{id}")).body["name"], "Ada Lovelace");
    assert_eq!(third.post("/patients/search", &json!({"email": "ada@example.org"})).body["id"], id);
    for service in [first, second, third] {
        service.stop();
    }
}
