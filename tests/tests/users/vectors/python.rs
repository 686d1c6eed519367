//! What is made here opens in the other implementation.

use std::{
    path::Path,
    process::Command,
    time::{Duration, SystemTime},
};

use diesel_encrypted_core::{
    Owner,
    users::{Authority, GroupId, Lock, PasswordCost, Pin, RecoveryCode},
};
use diesel_encrypted_tests::vectors::to_hex;
use serde_json::{Value, json};

use super::{
    NOTE,
    document::{Person, document},
    member, named,
};

/// A value of Bob's of the vectors, as `make_users.py --open` takes it.
fn describe_value() -> Value {
    let vault = named("bob").key().vault(&[], &[&NOTE]);
    let sealed = vault.seal_bound(&NOTE, "made HERE", &Owner::of(&1_i64).unwrap()).unwrap();
    json!([{ "user": "bob", "field": "notes.note", "value": "made HERE", "sealed": to_hex(&sealed) }])
}

/// A session and questions of Ada of the vectors, as `make_users.py --open` takes them.
fn describe_more() -> (Value, Value) {
    let (ada, answers) = (named("ada"), ["Rose Cottage, Whitby", "Ｍademoiselle Dupont", "the blue Schwinn"]);
    let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let (token, stored) = ada.authority().begin_session(&ada.key(), expires).unwrap();
    let lock = ada.authority().questions(&ada.key(), 2, &answers).unwrap();
    (
        json!([{ "user": "ada", "token": *token.to_text(), "stored": to_hex(&stored) }]),
        json!([{
            "user": "ada", "lock_id": to_hex(lock.id().as_bytes()), "answers": answers, "lock": to_hex(lock.as_bytes()),
        }]),
    )
}

/// Shares of a new group key between the members of the vectors, as `make_users.py --open` takes them.
fn describe_shares(vectors: &Value) -> Vec<Value> {
    let names = ["carol", "dan", "erin"];
    let authority = named("carol").authority();
    let earlier = authority.create_group(GroupId::of("made here").unwrap()).unwrap();
    let group = earlier.successor().unwrap();
    let record = authority.group_record(&group).unwrap();
    let described = json!({
        "id": [["text", "made here"]], "scope": null, "key_id": record.key_id, "version": record.version,
        "check": to_hex(&record.check), "authority_key_id": record.authority_key_id, "mac": to_hex(&record.mac),
        "earlier": {
            "id": [["text", "made here"]], "scope": null, "key_id": earlier.place().key_id(), "version": 1,
            "check": to_hex(&earlier.check_value()), "held": to_hex(&group.hold_earlier(&earlier).unwrap()),
        },
    });
    let pairs = names.iter().flat_map(|sender| names.iter().map(move |recipient| (*sender, *recipient)));
    let share = |(sender, recipient): (&str, &str)| {
        let share = member(sender).open().share(&group, &member(recipient).contact()).unwrap();
        let copy = named(recipient).key().hold_group_key(&group).unwrap();
        let users = vectors["users"].as_array().unwrap();
        let key = &users.iter().find(|user| user["name"] == recipient).unwrap()["key"];
        json!({
            "sender": sender, "recipient": recipient, "group": described, "share": to_hex(&share),
            "copy": to_hex(&copy), "recipient_key": key,
            "member": to_hex(&Pin::new(&group, &member(recipient).contact()).mac),
        })
    };
    pairs.map(share).collect()
}

/// `person` and locks of theirs, made here, as `make_users.py --open` takes them.
fn describe(person: &Person, authority: &Authority) -> (Value, Vec<Value>) {
    let key = authority.create(person.id()).unwrap();
    let record = authority.record(&key, Some([7; 32])).unwrap();
    let code = RecoveryCode::generate().unwrap();
    let canonical = code.to_text().replace('-', "")[..26].to_owned();
    let described = |lock: &Lock, secret: Option<&str>| {
        let (id, bytes) = (to_hex(lock.id().as_bytes()), to_hex(lock.as_bytes()));
        json!({ "user": format!("{} anew", person.name), "lock_id": id, "secret": secret, "lock": bytes })
    };
    let password = "Ame\u{301}lie";
    let by = |cost| described(&Lock::for_password(&key, password, cost).unwrap().0, Some(password));
    let locks = vec![
        by(PasswordCost::ARGON2ID),
        by(PasswordCost::argon2id(20_000, 3, 2).unwrap()),
        by(PasswordCost::PBKDF2_SHA256),
        described(&Lock::for_recovery_code(&key, &code).unwrap(), Some(&canonical)),
        described(&authority.escrow(&key).unwrap(), None),
    ];
    let record = json!({
        "name": format!("{} anew", person.name), "id": person.id, "scope": person.scope, "key_id": record.key_id, "version": record.version,
        "authority_key_id": record.authority_key_id, "check": to_hex(&record.check),
        "identity": record.identity.map(|print| to_hex(&print)), "mac": to_hex(&record.mac),
    });
    (record, locks)
}

#[test]
fn what_is_made_here_opens_in_python() {
    let Some(script) = python() else { return };
    let made: Vec<_> = document().users.iter().map(|person| describe(person, &person.authority())).collect();
    let (mut users, locks): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let locks: Vec<Value> = locks.into_iter().flatten().collect();
    let vectors: Value = serde_json::from_str(include_str!("../../../vectors/users.json")).unwrap();
    users.extend(vectors["users"].as_array().unwrap().iter().cloned());
    let shares = describe_shares(&vectors);
    let (sessions, questions) = describe_more();
    let expected = format!("opened {} locks of {} users and {} shares", locks.len(), users.len(), shares.len());
    let given = json!({
        "root_key": vectors["root_key"], "authorities": vectors["authorities"], "users": users, "locks": locks,
        "members": vectors["members"], "shares": shares, "sessions": sessions, "questions": questions, "values": describe_value(),
    });
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("users-made-here.json");
    std::fs::write(&file, given.to_string()).unwrap();
    let run = Command::new("python3").arg("-B").arg(script).arg("--open").arg(&file).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.starts_with(&expected), "{said}");
}

/// The second implementation, where Python and what it needs are there.
fn python() -> Option<&'static str> {
    let needed =
        "from cryptography.hazmat.primitives import hpke\nfrom cryptography.hazmat.primitives.kdf import argon2";
    let there = Command::new("python3").args(["-c", needed]).output().is_ok_and(|run| run.status.success());
    if !there {
        eprintln!("skipped: needs python3 with its package `cryptography`, version 48 or later");
    }
    there.then_some(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/make_users.py"))
}
