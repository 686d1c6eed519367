//! The Chinook sample database, from plaintext to sealed columns, through a rotation of every key, and back: by the command
//! alone, beside what the application declares. An excerpt stands in where `CHINOOK_SCRIPTS` names no folder of the scripts.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at what it did not expect"
)]

mod program;

use std::fs;

use diesel_encrypted::{Class, Field, Index, Normalizer, Plaintext, Storage, sql::Dialect};
use program::{
    clinic::{Clinic, backends},
    says,
};

const LOWERCASE: &[Index] = &[Index::new("default").normalize(&[Normalizer::Lowercase])];
const DIGITS: &[Index] = &[Index::new("default").normalize(&[Normalizer::Digits])];

const fn field(
    table: &'static str,
    column: &'static str,
    key: &'static [&'static str],
    indexes: &'static [Index],
) -> Field {
    Field::new(column, table, column, Class::Text, Storage::Text).primary_key(key).indexes(indexes)
}

/// `Email` and `Phone` of `Customer`, as each script spells them: while they are moved over, and afterwards.
type Fields = [[&'static Field; 2]; 2];

static CAMEL: Fields = {
    static EMAIL: Field = field("Customer", "Email", &["CustomerId"], LOWERCASE);
    static PHONE: Field = field("Customer", "Phone", &["CustomerId"], DIGITS);
    static PLAIN_EMAIL: Field = field("Customer", "Email", &["CustomerId"], LOWERCASE).plaintext(Plaintext::Accept);
    static PLAIN_PHONE: Field = field("Customer", "Phone", &["CustomerId"], DIGITS).plaintext(Plaintext::Accept);
    [[&PLAIN_EMAIL, &PLAIN_PHONE], [&EMAIL, &PHONE]]
};

static SNAKE: Fields = {
    static EMAIL: Field = field("customer", "email", &["customer_id"], LOWERCASE);
    static PHONE: Field = field("customer", "phone", &["customer_id"], DIGITS);
    static PLAIN_EMAIL: Field = field("customer", "email", &["customer_id"], LOWERCASE).plaintext(Plaintext::Accept);
    static PLAIN_PHONE: Field = field("customer", "phone", &["customer_id"], DIGITS).plaintext(Plaintext::Accept);
    [[&PLAIN_EMAIL, &PLAIN_PHONE], [&EMAIL, &PHONE]]
};

/// The script of a database, without what speaks of databases.
fn script(dialect: Dialect) -> String {
    let (chinook, excerpt) = match dialect {
        Dialect::Postgres => ("Chinook_PostgreSql.sql", "postgres.sql"),
        Dialect::Mysql => ("Chinook_MySql.sql", "mysql.sql"),
        _ => ("Chinook_Sqlite.sql", "sqlite.sql"),
    };
    let path = match std::env::var("CHINOOK_SCRIPTS") {
        Ok(folder) => format!("{folder}/{chinook}"),
        Err(_) => format!("{}/../examples/chinook/tests/excerpts/{excerpt}", env!("CARGO_MANIFEST_DIR")),
    };
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let about = ["DROP DATABASE", "CREATE DATABASE", "USE ", "\\c "];
    let kept =
        text.trim_start_matches('\u{feff}').lines().filter(|line| !about.iter().any(|words| line.starts_with(words)));
    kept.map(|line| format!("{line}\n")).collect()
}

#[test]
fn chinook_is_encrypted_rotated_verified_and_decrypted_again() {
    for dialect in backends() {
        let clinic = Clinic::empty(dialect);
        clinic.sql(&script(dialect));
        let (fields, select) = match dialect {
            Dialect::Postgres => {
                clinic.sql(
                    "ALTER TABLE customer ALTER email TYPE text COLLATE \"C\", ALTER phone TYPE text COLLATE \"C\"",
                );
                (&SNAKE, "SELECT concat(customer_id, ' ', email, ' ', phone) FROM customer ORDER BY customer_id")
            }
            Dialect::Mysql => {
                let kind = "text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin";
                clinic.sql(&format!("ALTER TABLE Customer MODIFY Email {kind} NOT NULL, MODIFY Phone {kind}"));
                (&CAMEL, "SELECT concat_ws(' ', CustomerId, Email, Phone) FROM Customer ORDER BY CustomerId")
            }
            _ => (
                &CAMEL,
                "SELECT CustomerId || ' ' || Email || ' ' || coalesce(Phone, '') FROM Customer ORDER BY CustomerId",
            ),
        };
        let before = clinic.texts(select);
        assert!(before.len() > 2 && before[0].contains('@'), "{before:?}");

        // What an application does: it declares that it reads both.
        clinic.vault_of(&fields[0]);
        says(&clinic.run(&["doctor"]).ends(3).out, "in the clear: run `encrypt`");
        clinic.run(&["encrypt"]).printed();
        let sealed = clinic.texts(select);
        assert!(sealed.iter().all(|row| !row.contains('@')), "{sealed:?}");
        clinic.run(&["verify"]).printed();
        // And then that it reads sealed values alone.
        clinic.vault_of(&fields[1]);
        clinic.sql(&clinic.run(&["sql"]).printed());
        clinic.run(&["doctor"]).ends(0);

        clinic.run(&["keys", "create", "--every", "key"]).printed();
        clinic.run(&["keys", "activate", "--every", "key", "--restarted"]).printed();
        clinic.run(&["rotate"]).printed();
        clinic.run(&["reindex"]).printed();
        let keys = clinic.run(&["keys", "list", "--json"]).json();
        let retired: Vec<&str> = keys
            .as_array()
            .unwrap()
            .iter()
            .filter(|key| key["state"] == "retired")
            .map(|key| key["key_id"].as_str().unwrap())
            .collect();
        assert_eq!(retired.len(), 4);
        for key in retired {
            clinic.run(&["keys", "destroy", key, "--restarted", "--yes"]).printed();
        }
        clinic.run(&["verify"]).printed();
        clinic.run(&["doctor"]).ends(0);

        let down = clinic.run(&["sql", "--json"]).json();
        for statement in down["down"].as_array().unwrap() {
            clinic.sql(statement.as_str().unwrap());
        }
        clinic.run(&["decrypt", "--yes"]).printed();
        assert_eq!(clinic.texts(select), before);
    }
}
