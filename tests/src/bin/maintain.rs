//! One run of maintenance over the table `people`, for tests that kill it: `maintain URL OPERATION [KEY]...`, where the keys to
//! reseal by are those of user 1, as [`holders::told`] tells of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test program")]

use std::{ops::ControlFlow, time::Duration};

use diesel_encrypted::maintenance::{Maintenance, Operation, Report, Run, Selection};
use diesel_encrypted_tests::{
    holders,
    people::{self, Database},
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (url, operation) = (arguments.next().unwrap(), arguments.next().unwrap());
    let keys: Vec<String> = arguments.collect();
    let report = match url.split("://").next() {
        #[cfg(feature = "postgres")]
        Some("postgres") => work::<diesel::PgConnection>(&url, &operation, &keys),
        #[cfg(feature = "mysql")]
        Some("mysql") => work::<diesel::MysqlConnection>(&url, &operation, &keys),
        _ => work::<diesel::SqliteConnection>(&url, &operation, &keys),
    };
    assert_eq!(report.counts().failed, 0, "{report:?}");
}

fn work<C: Database>(url: &str, operation: &str, keys: &[String]) -> Report {
    let mut connection = people::connect::<C>(url);
    let vault = holders::registered(&mut connection);
    let mut maintenance = Maintenance::open(&mut connection, &vault).unwrap();
    let all = Selection::all();
    match operation {
        "backfill" => run(maintenance.backfill(&all)),
        "rotate" => run(maintenance.rotate(&all)),
        "reindex" => run(maintenance.reindex(&all)),
        "decrypt" => run(maintenance.decrypt(&all)),
        "verify" => run(maintenance.verify(&all)),
        "reseal" => {
            let keys: Vec<_> = keys.iter().map(|told| holders::opened(&vault, 1, told)).collect();
            let [new, earlier @ ..] = &keys[..] else { panic!("the new key, and earlier ones") };
            let fields: Vec<_> = vault.fields().collect();
            let holder = new.vault(&earlier.iter().collect::<Vec<_>>(), &fields);
            run(maintenance.reseal(&holder, &all))
        }
        _ => {
            let keys = keys.iter().map(|key| u32::from_str_radix(key, 16).unwrap());
            run(keys.fold(maintenance.purge(&all), |purge, key| purge.key(key)))
        }
    }
}

/// By small pages, so that there is much to be interrupted.
fn run<C: Database, O: Operation>(run: Run<'_, C, O>) -> Report {
    run.batch(20).lease(Duration::from_millis(300)).run(|_| ControlFlow::Continue(())).unwrap()
}
