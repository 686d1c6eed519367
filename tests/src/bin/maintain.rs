//! One run of maintenance over the table `people`, for tests that kill it: `maintain URL OPERATION RATE [KEY]...`, where a
//! rate of 0 is none, and the keys to reseal by are those of user 1, as [`holders::told`] tells of them. It says when it
//! begins to work.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test program")]

use std::{ops::ControlFlow, time::Duration};

use diesel_encrypted::maintenance::{Maintenance, Operation, Report, Run, Selection};
use diesel_encrypted_tests::{
    holders,
    people::{self, Database},
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (url, operation) = (arguments.next().unwrap(), arguments.next().unwrap());
    let rate: u32 = arguments.next().unwrap().parse().unwrap();
    let keys: Vec<String> = arguments.collect();
    let report = match url.split("://").next() {
        #[cfg(feature = "postgres")]
        Some("postgres") => work::<diesel::PgConnection>(&url, &operation, rate, &keys),
        #[cfg(feature = "mysql")]
        Some("mysql") => work::<diesel::MysqlConnection>(&url, &operation, rate, &keys),
        _ => work::<diesel::SqliteConnection>(&url, &operation, rate, &keys),
    };
    assert_eq!(report.counts().failed, 0, "{report:?}");
}

fn work<C: Database>(url: &str, operation: &str, rate: u32, keys: &[String]) -> Report {
    let mut connection = people::connect::<C>(url);
    let vault = holders::registered(&mut connection);
    let mut maintenance = Maintenance::open(&mut connection, &vault).unwrap();
    let all = Selection::all();
    match operation {
        "backfill" => run(maintenance.backfill(&all), rate),
        "rotate" => run(maintenance.rotate(&all), rate),
        "reindex" => run(maintenance.reindex(&all), rate),
        "decrypt" => run(maintenance.decrypt(&all), rate),
        "verify" => run(maintenance.verify(&all), rate),
        "reseal" => {
            let keys: Vec<_> = keys.iter().map(|told| holders::opened(&vault, 1, told)).collect();
            let [new, earlier @ ..] = &keys[..] else { panic!("the new key, and earlier ones") };
            let fields: Vec<_> = vault.fields().collect();
            let holder = new.vault(&earlier.iter().collect::<Vec<_>>(), &fields);
            run(maintenance.reseal(&holder, &all), rate)
        }
        _ => {
            let keys = keys.iter().map(|key| u32::from_str_radix(key, 16).unwrap());
            run(keys.fold(maintenance.purge(&all), |purge, key| purge.key(key)), rate)
        }
    }
}

/// By small pages, so that there is much to be interrupted.
fn run<C: Database, O: Operation>(run: Run<'_, C, O>, rate: u32) -> Report {
    println!("begun");
    let run = if rate > 0 { run.rate(rate) } else { run };
    run.batch(20).lease(Duration::from_millis(300)).run(|_| ControlFlow::Continue(())).unwrap()
}
