//! What the routes do, and what they answer to mistakes.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
};

use serde_json::{Value, json};

use crate::{
    database::Database,
    on_each_database,
    service::{Answer, Service},
};

on_each_database! {
    a_patient_is_created_found_and_updated
    the_list_comes_in_pages
    an_email_belongs_to_one_patient
    mistakes_have_codes
    no_value_is_in_the_log_or_in_an_error
    requests_are_answered_before_the_service_stops
}

/// Checks a problem's form, and returns its code.
#[track_caller]
pub(crate) fn problem(answer: &Answer, status: u16) -> &str {
    assert_eq!((answer.status, answer.content_type.as_str()), (status, "application/problem+json"), "{}", answer.body);
    assert_eq!(answer.body["status"], status);
    assert!(answer.body["title"].is_string());
    answer.body["code"].as_str().unwrap()
}

pub(crate) fn ada() -> Value {
    json!({"name": "Ada Lovelace", "email": "Ada@Example.org", "phone": "020 7946 0018"})
}

pub(crate) fn create(service: &Service, body: &Value) -> i64 {
    let answer = service.post("/patients", body);
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.location.unwrap().strip_prefix("/patients/").unwrap().parse().unwrap()
}

fn with_id(mut body: Value, id: i64) -> Value {
    body["id"] = id.into();
    body
}

fn a_patient_is_created_found_and_updated(database: &Database) {
    let service = Service::start(database);
    assert_eq!(service.get("/health").body, "ok\n");

    let id = create(&service, &ada());
    assert_eq!(service.get(&format!("/patients/{id}")).body, with_id(ada(), id));

    let found = service.post("/patients/search", &json!({"email": " ada@EXAMPLE.org "}));
    assert_eq!((found.status, found.body), (200, with_id(ada(), id)));

    let married = json!({"name": "Ada King", "email": "king@example.org", "phone": null});
    let updated = service.put(&format!("/patients/{id}"), &married);
    assert_eq!((updated.status, updated.body), (204, json!("")));
    assert_eq!(service.get(&format!("/patients/{id}")).body, with_id(married, id));
    assert_eq!(problem(&service.post("/patients/search", &json!({"email": "ada@example.org"})), 404), "not_found");
    service.stop();
}

fn the_list_comes_in_pages(database: &Database) {
    let service = Service::start(database);
    let empty = service.get("/patients");
    assert_eq!((empty.status, empty.body), (200, json!({"patients": [], "next": null})));

    let ids: Vec<i64> = (0..5)
        .map(|number| create(&service, &json!({"name": "Somebody", "email": format!("{number}@example.org")})))
        .collect();
    let mut seen = Vec::new();
    let mut path = "/patients?limit=2".to_owned();
    loop {
        let page = service.get(&path).body;
        seen.extend(page["patients"].as_array().unwrap().iter().map(|patient| patient["id"].as_i64().unwrap()));
        match page["next"].as_i64() {
            Some(next) => path = format!("/patients?limit=2&after={next}"),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    assert_eq!(service.get("/patients").body["patients"].as_array().unwrap().len(), 5);
    for (path, status, code) in [
        ("/patients?limit=0", 422, "invalid"),
        ("/patients?limit=101", 422, "invalid"),
        ("/patients?limit=all", 400, "unreadable"),
        ("/patients?page=2", 400, "unreadable"),
    ] {
        assert_eq!(problem(&service.get(path), status), code, "{path}");
    }
}

fn an_email_belongs_to_one_patient(database: &Database) {
    let service = Service::start(database);
    create(&service, &ada());
    let mut twin = ada();
    twin["email"] = "  ADA@example.ORG".into();
    assert_eq!(problem(&service.post("/patients", &twin), 409), "email_taken");

    let bea = create(&service, &json!({"name": "Bea", "email": "bea@example.org"}));
    assert_eq!(problem(&service.put(&format!("/patients/{bea}"), &twin), 409), "email_taken");
    assert_eq!(service.get(&format!("/patients/{bea}")).body["name"], "Bea");
}

fn mistakes_have_codes(database: &Database) {
    let service = Service::start(database);
    for (field, value) in [
        ("name", json!("")),
        ("name", json!("x".repeat(101))),
        ("email", json!("nobody")),
        ("email", json!("@example.org")),
        ("email", json!(format!("{}@example.org", "x".repeat(250)))),
        ("phone", json!("ask at the desk")),
    ] {
        let mut body = ada();
        body[field] = value;
        let answer = service.post("/patients", &body);
        assert_eq!(problem(&answer, 422), "invalid");
        assert!(answer.body["title"].as_str().unwrap().contains(field), "{}", answer.body);
    }
    let json = "application/json";
    for (method, path, content_type, body, status, code) in [
        ("GET", "/patients/9999", "", "", 404, "not_found"),
        ("PUT", "/patients/9999", json, &*ada().to_string(), 404, "not_found"),
        ("GET", "/patients/ada", "", "", 400, "unreadable"),
        ("POST", "/patients", json, r#"{"name": "Ada", "em"#, 400, "unreadable"),
        ("POST", "/patients", json, r#"{"name": "Ada"}"#, 422, "unreadable"),
        ("POST", "/patients", json, r#"{"name": "Ada", "email": "a@b", "admin": true}"#, 422, "unreadable"),
        ("POST", "/patients", "text/plain", &*ada().to_string(), 415, "unreadable"),
        ("POST", "/patients", json, &*format!(r#"{{"name": "{}"}}"#, "x".repeat(20_000)), 413, "unreadable"),
        ("DELETE", "/patients/1", "", "", 405, "unreadable"),
        ("GET", "/elsewhere", "", "", 404, "no_route"),
    ] {
        assert_eq!(
            problem(&service.send(method, path, content_type, body), status),
            code,
            "{method} {path} {body:.40}"
        );
    }
    assert_eq!(service.get("/patients").body["patients"], json!([]));
}

fn no_value_is_in_the_log_or_in_an_error(database: &Database) {
    let service = Service::spawn(
        crate::service::command(database).env("ENCRYPTION_KEY", crate::service::KEY).env("RUST_LOG", "trace"),
    );
    let id = create(&service, &ada());
    let mut answers = vec![
        service.post("/patients", &ada()),
        service.send("POST", "/patients", "application/json", r#"{"name": 17, "email": "Ada@Example.org"}"#),
        service.send("POST", "/patients", "application/json", r#"{"name": "Ada Lovelace" "email"}"#),
        service.post("/patients/search", &json!({"email": "ada@example.org", "Lovelace": 1})),
        service.get("/patients/Lovelace"),
        service.get("/patients?after=Lovelace"),
    ];
    service.get(&format!("/patients/{id}"));
    service.post("/patients/search", &json!({"email": "ada@example.org"}));
    // The tag of the email stands in the name's column: an error of the library's own.
    let moved = format!("UPDATE patients SET name = email WHERE id = {id}");
    database.execute(&moved, &moved);
    answers.push(service.get(&format!("/patients/{id}")));
    for answer in answers {
        assert!(answer.status >= 400);
        assert!(!shows_ada(&answer.body.to_string()), "{}", answer.body);
    }
    let log = service.stop();
    assert!(log.contains(r#"request{method=POST route="/patients/search"}"#), "{log}");
    assert!(log.contains("answered status=409") && log.contains("patients.name"), "{log}");
    assert!(!shows_ada(&log), "{log}");
    assert!(!log.contains(&crate::service::KEY[..16]), "{log}");
}

fn shows_ada(text: &str) -> bool {
    let text = text.to_lowercase();
    ["lovelace", "ada@", "7946"].iter().any(|part| text.contains(part))
}

fn requests_are_answered_before_the_service_stops(database: &Database) {
    let service = Service::start(database);
    let body = ada().to_string();
    let mut connection = TcpStream::connect(service.address()).unwrap();
    let head = format!(
        "POST /patients HTTP/1.1\r\nhost: clinic\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    let (first, rest) = body.split_at(10);
    connection.write_all(first.as_bytes()).unwrap();
    // Answered while the other one is half sent, so that the service has that one too.
    assert_eq!(service.get("/health").status, 200);
    service.terminate();
    while TcpStream::connect(service.address()).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    connection.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let (status, log) = service.wait();
    assert!(status.success() && log.contains("stopped, with every request answered"), "{status}: {log}");
}

/// On PostgreSQL alone: SQLite has no server that could go away.
#[test]
fn a_database_that_does_not_answer_is_told_and_waited_for() {
    let Some(database) = Database::postgres() else { return };
    let service = Service::start(&database);
    let id = create(&service, &ada());
    database.allow_connections(false);
    for _ in 0..3 {
        assert_eq!(problem(&service.get("/health"), 503), "unavailable");
        assert_eq!(problem(&service.get(&format!("/patients/{id}")), 503), "unavailable");
    }
    database.allow_connections(true);
    assert_eq!(service.get("/health").status, 200);
    assert_eq!(service.get(&format!("/patients/{id}")).body["name"], "Ada Lovelace");
}
