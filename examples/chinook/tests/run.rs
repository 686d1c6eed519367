//! Runs the example on SQLite: on an excerpt of our own, on scripts that are wrong, and on the real one where
//! `CHINOOK_SCRIPTS` names the folder that has it.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::fs;

mod program;

use program::{excerpt, printed, real_script, refused, says};

#[test]
fn every_question_is_answered_as_the_plaintext_tables_do() {
    let text = printed(&[&excerpt("sqlite")]);
    says(&text, "encrypted 4 customers, 2 employees");
    says(&text, "blind_eq(\"ZOË.OMALLEY@MAIL.EXAMPLE\") found Zoë O'Malley <Zoë.OMalley@mail.example>");
    says(&text, "12 Harbour Row; Flat 2, Ireland looked after by Ngozi Okafor <ngozi@shop.example>, Manager");
    says(&text, "2 mail.example 1 each of 2 other domains");
    says(&text, "invoice 1 2021-01-01 1.98 invoice 3 2021-03-04 10.50 total of 2 12.48");
    assert_eq!(text.matches("the plaintext tables give the same answer").count(), 4, "{text}");
}

#[test]
fn a_phone_number_is_found_however_it_is_spelled() {
    let text = printed(&[&excerpt("sqlite"), "--phone", "00 353-1/5550123"]);
    says(&text, "phone.blind_eq(\"00 353-1/5550123\") found nobody checked");
    let text = printed(&[&excerpt("sqlite"), "--phone", "3531-555-0123"]);
    says(&text, "found Zoë O'Malley");
    says(&text, "found Twin Spelling <twin@MAIL.example>");
}

#[test]
fn who_is_asked_for_can_be_chosen() {
    says(&printed(&[&excerpt("sqlite"), "--email", "TWIN@mail.EXAMPLE"]), "total of 1 5.00");
    says(&printed(&[&excerpt("sqlite"), "--email", "absent@mail.example"]), "total of 0 0.00");
}

#[test]
fn what_was_encrypted_is_nowhere_else_in_the_database() {
    let text = printed(&[&excerpt("sqlite")]);
    says(&text, "emails 0 of 5 are still among");
    says(&text, "phones 0 of 4 are still among");
    says(&text, "addresses 2 of 3 are still among");
}

#[test]
fn a_byte_order_mark_is_read_as_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let script = format!("\u{feff}{}", fs::read_to_string(excerpt("sqlite")).unwrap());
    let wide = |bytes: fn(u16) -> [u8; 2]| script.encode_utf16().flat_map(bytes).collect();
    let spelled: [(&str, Vec<u8>); 3] =
        [("utf-8", script.clone().into()), ("utf-16le", wide(u16::to_le_bytes)), ("utf-16be", wide(u16::to_be_bytes))];
    for (name, bytes) in spelled {
        let path = folder.path().join(name);
        fs::write(&path, bytes).unwrap();
        says(&printed(&[path.to_str().unwrap()]), "found Zoë O'Malley");
    }
}

#[test]
fn a_script_that_is_missing_or_wrong_is_told_by_name() {
    says(&refused(&["no/such.sql"]), "there is no file no/such.sql: download Chinook's scripts from https://");

    let folder = tempfile::tempdir().unwrap();
    for (name, script, expected) in [
        ("mysql.sql", &b"CREATE DATABASE `Chinook`;"[..], "near \"DATABASE\": syntax error"),
        ("empty.sql", b"", "no such table: main.Customer"),
        ("latin.sql", b"-- \xe9", "is not Unicode text: is it Chinook_Sqlite.sql"),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, script).unwrap();
        let error = refused(&[path.to_str().unwrap()]);
        says(&error, name);
        says(&error, expected);
    }
    says(&refused(&[]), "Usage: chinook");
}

#[test]
fn what_is_only_for_servers_is_refused() {
    says(&refused(&[&excerpt("sqlite"), "--replace"]), "--database-url <URL>");
    for (url, expected) in [
        ("sqlite://chinook.db", "begins with postgres:// or mysql://"),
        ("postgres://127.0.0.1:1/", "names no database"),
        ("postgres://127.0.0.1:1/chinook", "error connecting to server"),
        ("mysql://root@127.0.0.1:1/chinook", "refused"),
    ] {
        says(&refused(&["--database-url", url, &excerpt("postgres")]), expected);
    }
}

#[test]
fn the_real_script_is_answered_too() {
    let Some(script) = real_script("Chinook_Sqlite.sql") else { return };
    let text = printed(&[&script]);
    says(&text, "59 customers, 8 employees, 412 invoices");
    says(&text, "8 gmail.com 4 hotmail.com");
    says(&text, "total of 7 39.62");
    says(&text, "emails 0 of 67 are still among");
    assert_eq!(text.matches("the plaintext tables give the same answer").count(), 4, "{text}");
}
