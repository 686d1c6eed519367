//! One operation on accounts, for tests that kill it: `account URL OPERATION [ARGUMENT]...`
//!
//! Says `begun` when a transaction has begun, and `done` when the operation is done.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing, reason = "a test program")]

use diesel::connection::{Connection, InstrumentationEvent};
use diesel_encrypted::KeyStoreConnection;
use diesel_encrypted::accounts::{Accounts, AccountsConnection};
use diesel_encrypted::users::{GroupId, RecoveryCode, UserId};
use diesel_encrypted_tests::people;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, arguments) = (arguments[0].as_str(), &arguments[1..]);
    match url.split("://").next() {
        #[cfg(feature = "postgres")]
        Some("postgres") => work::<diesel::PgConnection>(url, arguments),
        #[cfg(feature = "mysql")]
        Some("mysql") => work::<diesel::MysqlConnection>(url, arguments),
        _ => work::<diesel::SqliteConnection>(url, arguments),
    }
    println!("done");
}

fn work<C: AccountsConnection + KeyStoreConnection>(url: &str, arguments: &[String]) {
    let connection = &mut C::establish(url).unwrap();
    let accounts = Accounts::new(&people::users(connection)).unwrap();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["create", id, password] => {
            say_when_it_begins(connection);
            accounts.create(connection, &user(id), password).map(drop).unwrap();
        }
        ["change_password", id, old, new] => {
            say_when_it_begins(connection);
            accounts.change_password(connection, &user(id), old, new).map(drop).unwrap();
        }
        ["recover", id, code, password] => {
            let code = RecoveryCode::parse(code).unwrap();
            say_when_it_begins(connection);
            accounts.recover(connection, &user(id), &code, password).map(drop).unwrap();
        }
        ["rotate_key", id, password] => {
            let account = accounts.unlock(connection, &user(id), password).unwrap();
            say_when_it_begins(connection);
            accounts.rotate_key(connection, &account, password).map(drop).unwrap();
        }
        ["share", id, password, group, with] => {
            let account = accounts.unlock(connection, &user(id), password).unwrap();
            say_when_it_begins(connection);
            accounts.share(connection, &account, &GroupId::of(group).unwrap(), &user(with)).map(drop).unwrap();
        }
        ["revoke", id, password, group, from] => {
            let account = accounts.unlock(connection, &user(id), password).unwrap();
            say_when_it_begins(connection);
            accounts.revoke(connection, &account, &GroupId::of(group).unwrap(), &user(from)).map(drop).unwrap();
        }
        ["erase", id] => {
            say_when_it_begins(connection);
            accounts.erase(connection, &user(id)).map(drop).unwrap();
        }
        _ => unreachable!("{arguments:?}"),
    }
}

fn user(id: &str) -> UserId {
    UserId::of(&id.parse::<i64>().unwrap()).unwrap()
}

fn say_when_it_begins<C: Connection>(connection: &mut C) {
    connection.set_instrumentation(|event: InstrumentationEvent<'_>| {
        if let InstrumentationEvent::FinishQuery { query, .. } = event
            && query.to_string().starts_with("BEGIN")
        {
            println!("begun");
        }
    });
}
