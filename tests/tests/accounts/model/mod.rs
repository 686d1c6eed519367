//! Random sequences of what people do, held against an oracle that knows nothing of keys, and against an attacker who has
//! the database, the application's root key and every secret but one person's.
//!
//! After each step, everyone reads exactly what they should, straight from the tables. A short version by default;
//! `ENCRYPTED_MODEL_SEQUENCES=2000` is the long one. What a failed sequence prints repeats it.

mod attacker;
mod check;
mod groups;
mod notes;
mod oracle;
mod steps;

use std::sync::atomic::{AtomicU64, Ordering};

use notes::Database;
use steps::Model;

/// How many steps a sequence has.
const STEPS: u64 = 30;

fn setting(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|value| value.parse().unwrap())
}

/// Runs as many sequences as there are to be, or the one that is named, two at a time.
fn sequences<C: Database>(by_default: u64) {
    if let Some(seed) = setting("ENCRYPTED_MODEL_SEED") {
        return sequence::<C>(seed);
    }
    let (next, end) = (AtomicU64::new(0), setting("ENCRYPTED_MODEL_SEQUENCES").unwrap_or(by_default));
    let run = || {
        while let seed @ 0.. = next.fetch_add(1, Ordering::Relaxed)
            && seed < end
        {
            sequence::<C>(seed);
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(run);
        run();
    });
}

fn sequence<C: Database>(seed: u64) {
    let mut model = Model::<C>::new(seed);
    for _ in 0..STEPS {
        model.step();
        model.check();
    }
    model.check_passwords();
}

#[test]
fn everyone_reads_what_they_should_on_sqlite() {
    sequences::<diesel::SqliteConnection>(8);
}

#[cfg(feature = "postgres")]
#[test]
fn everyone_reads_what_they_should_on_postgres() {
    sequences::<diesel::PgConnection>(2);
}

#[cfg(feature = "mysql")]
#[test]
fn everyone_reads_what_they_should_on_mysql() {
    sequences::<diesel::MysqlConnection>(2);
}
