//! One run of maintenance over the table `people`, for tests that kill it: `maintain URL OPERATION [KEY]...`

#![allow(clippy::unwrap_used, reason = "a test program")]

use std::{ops::ControlFlow, time::Duration};

use diesel_encrypted::maintenance::{Maintenance, Operation, Report, Run, Selection};
use diesel_encrypted_tests::people::{self, Database};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (url, operation) = (arguments.next().unwrap(), arguments.next().unwrap());
    let keys: Vec<u32> = arguments.map(|key| u32::from_str_radix(&key, 16).unwrap()).collect();
    let report = match url.split("://").next() {
        #[cfg(feature = "postgres")]
        Some("postgres") => work::<diesel::PgConnection>(&url, &operation, &keys),
        #[cfg(feature = "mysql")]
        Some("mysql") => work::<diesel::MysqlConnection>(&url, &operation, &keys),
        _ => work::<diesel::SqliteConnection>(&url, &operation, &keys),
    };
    assert_eq!(report.counts().failed, 0, "{report:?}");
}

fn work<C: Database>(url: &str, operation: &str, keys: &[u32]) -> Report {
    let mut connection = people::connect::<C>(url);
    let vault = people::registered(&mut connection);
    let mut maintenance = Maintenance::open(&mut connection, &vault).unwrap();
    let all = Selection::all();
    match operation {
        "backfill" => run(maintenance.backfill(&all)),
        "rotate" => run(maintenance.rotate(&all)),
        "reindex" => run(maintenance.reindex(&all)),
        "decrypt" => run(maintenance.decrypt(&all)),
        "verify" => run(maintenance.verify(&all)),
        _ => run(keys.iter().fold(maintenance.purge(&all), |purge, key| purge.key(*key))),
    }
}

/// By small pages, so that there is much to be interrupted.
fn run<C: Database, O: Operation>(run: Run<'_, C, O>) -> Report {
    run.batch(20).lease(Duration::from_millis(300)).run(|_| ControlFlow::Continue(())).unwrap()
}
