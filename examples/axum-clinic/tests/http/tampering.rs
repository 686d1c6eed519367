//! Rows that somebody else wrote to.

use serde_json::{Value, json};

use crate::{
    database::Database,
    on_each_database,
    requests::{ada, create, problem},
    service::Service,
};

on_each_database! {
    an_altered_row_is_a_problem_of_its_own
    a_row_of_an_unknown_key_says_that_the_key_is_missing
    plaintext_is_refused_by_the_database
}

fn with_three(database: &Database) -> (Service, [i64; 3]) {
    let service = Service::start(database);
    let ids = [
        create(&service, &ada()),
        create(&service, &json!({"name": "Bea", "email": "bea@example.org"})),
        create(&service, &json!({"name": "Cleo", "email": "cleo@example.org"})),
    ];
    (service, ids)
}

/// The list is answered, with `code` in place of the second patient.
#[track_caller]
fn list_shows_others(service: &Service, [first, second, third]: [i64; 3], status: u16, code: &str) {
    let list = service.get("/patients");
    assert_eq!(list.status, 200);
    let patients = list.body["patients"].as_array().unwrap();
    assert_eq!(patients.iter().map(|patient| patient["id"].clone()).collect::<Value>(), json!([first, second, third]));
    assert_eq!((&patients[0]["name"], &patients[2]["name"]), (&json!("Ada Lovelace"), &json!("Cleo")));
    assert_eq!(patients[1]["name"], Value::Null);
    assert_eq!((&patients[1]["error"]["code"], &patients[1]["error"]["status"]), (&json!(code), &json!(status)));
}

fn an_altered_row_is_a_problem_of_its_own(database: &Database) {
    let (service, ids) = with_three(database);
    let bea = ids[1];
    database.execute(
        &format!(
            "UPDATE patients SET email = CAST(substr(email, 1, length(email) - 1) || \
             CASE substr(email, -1) WHEN x'00' THEN x'01' ELSE x'00' END AS BLOB) WHERE id = {bea}"
        ),
        &format!(
            "UPDATE patients SET email = set_byte(email, length(email) - 1, get_byte(email, length(email) - 1) # 1) \
             WHERE id = {bea}"
        ),
    );
    assert_eq!(problem(&service.get(&format!("/patients/{bea}")), 500), "value_damaged");
    assert_eq!(problem(&service.post("/patients/search", &json!({"email": "bea@example.org"})), 500), "value_damaged");
    list_shows_others(&service, ids, 500, "value_damaged");

    let mended = json!({"name": "Bea", "email": "bea@example.org"});
    assert_eq!(service.put(&format!("/patients/{bea}"), &mended).status, 204);
    assert_eq!(service.get(&format!("/patients/{bea}")).body["email"], "bea@example.org");
    let log = service.stop();
    let told = format!("a patient cannot be shown patient={bea} error=`patients.email`: a value under key");
    assert!(log.contains(&told) && log.contains("it was altered"), "{log}");
}

fn a_row_of_an_unknown_key_says_that_the_key_is_missing(database: &Database) {
    let (service, ids) = with_three(database);
    let bea = ids[1];
    database.execute(
        &format!(
            "UPDATE patients SET name = CAST(substr(name, 1, 5) || x'0badcafe' || substr(name, 10) AS BLOB) WHERE id = {bea}"
        ),
        &format!(r"UPDATE patients SET name = overlay(name placing '\x0badcafe'::bytea from 6 for 4) WHERE id = {bea}"),
    );
    assert_eq!(problem(&service.get(&format!("/patients/{bea}")), 503), "key_missing");
    list_shows_others(&service, ids, 503, "key_missing");
    let log = service.stop();
    assert!(log.contains("`patients.name`: unknown key 0badcafe: its row is missing from encryption_keys"), "{log}");
}

fn plaintext_is_refused_by_the_database(database: &Database) {
    let (_service, [ada, ..]) = with_three(database);
    let written = std::panic::catch_unwind(|| {
        let plaintext = format!("UPDATE patients SET email = 'ada@example.org' WHERE id = {ada}");
        database.execute(&plaintext, &plaintext);
    });
    assert!(written.is_err(), "the guards let plaintext in");
}
