//! One release of an application whose table is migrated to sealed values: `release URL RELEASE ROWS`, until its standard
//! input ends. Then it prints what it wrote last to each of its rows, and what went wrong.
//!
//! Each release has a model of its own. `before` knows of no encryption; `both` reads sealed values and plaintext; `strict`
//! refuses plaintext. `straggler` is the one before which only writes: it cannot read what others have sealed meanwhile.
//! `dual` writes a new column beside the old one, and `beside` knows the new one alone. `sql` and `sql-beside` print what the
//! migration makes.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    unreachable_pub,
    reason = "a test program"
)]

mod models;
mod work;

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use diesel_encrypted::sql::{self, Dialect};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, release, rows] = arguments.as_slice() else { panic!("URL RELEASE ROWS") };
    let dialect = match url.split("://").next() {
        Some("postgres") => Dialect::Postgres,
        Some("mysql") => Dialect::Mysql,
        _ => Dialect::Sqlite,
    };
    if release == "sql" {
        let sql = sql::of::<models::both::Account>(dialect);
        return sql.indexes().unwrap().into_iter().chain(sql.clear_indexes()).for_each(|line| println!("{line}"));
    }
    if release == "sql-beside" {
        let sql = sql::of::<models::dual::Sealing>(dialect);
        let statements = sql.indexes().unwrap().into_iter().chain(sql.follow("sealed", "email").unwrap());
        return statements.for_each(|line| println!("{}", line.replace('\n', " ")));
    }
    let ended = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&ended);
    std::thread::spawn(move || {
        drop(std::io::stdin().read_to_end(&mut Vec::new()));
        end.store(true, Ordering::Relaxed);
    });
    let rows = rows.parse().unwrap();
    let outcome = match dialect {
        #[cfg(feature = "postgres")]
        Dialect::Postgres => work::postgres::work(url, release, rows, &ended),
        #[cfg(feature = "mysql")]
        Dialect::Mysql => work::mysql::work(url, release, rows, &ended),
        _ => work::sqlite::work(url, release, rows, &ended),
    };
    println!("{}", serde_json::to_string(&outcome).unwrap());
}
