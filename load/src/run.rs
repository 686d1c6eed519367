//! One run: fill, load and kill, verify, tell.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{LocalRootKey, RootKeyId};

use crate::address::Address;
use crate::driver::Driver;
use crate::killer::Killer;
use crate::model::{Call, Contact, Row};
use crate::random::Random;
use crate::reader::Reader;
use crate::scratch::Scratch;
use crate::session::Session;
use crate::tally::Tally;
use crate::verify::verify;
use crate::writer::Writer;
use crate::{Bounds, Result, report, tell};

/// Rows in one statement that fills.
const BATCH: usize = 500;

/// What a run may take beside the time that it was given: to fill, to end what was begun, and to verify.
const BESIDE: Duration = Duration::from_secs(900);

/// The number of the first reader, and of the killer, among those who choose at random.
const READERS: u32 = 1000;
const KILLER: u32 = 2000;

pub(crate) fn run<D: Driver>(address: &Address<'_>, bounds: Bounds) -> Result<()> {
    let scratch = Scratch::make::<D>(address)?;
    let tally = Tally::default();
    let done = AtomicBool::new(false);
    let ran = thread::scope(|scope| {
        scope.spawn(|| end_in_time(&scratch, &done, bounds.time + BESIDE));
        let ran = fill_load_and_verify::<D>(&scratch, &tally, bounds);
        done.store(true, Ordering::Relaxed);
        ran
    });
    let dropped = scratch.drop_database();
    ran?;
    dropped?;
    report::end(&tally)
}

/// A server that answers no more must not keep the program for ever, nor the database.
fn end_in_time(scratch: &Scratch<'_>, done: &AtomicBool, limit: Duration) {
    let began = Instant::now();
    while began.elapsed() < limit {
        if done.load(Ordering::Relaxed) {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    let dropped = if scratch.drop_database().is_ok() { "dropped" } else { "left" };
    tell(&format!("error: not done after {} s; the database is {dropped}", limit.as_secs()));
    std::process::exit(1);
}

fn fill_load_and_verify<D: Driver>(scratch: &Scratch<'_>, tally: &Tally, bounds: Bounds) -> Result<()> {
    let mut connection: D = scratch.connect()?;
    report::begin(&connection.text("SELECT version()")?, scratch.name(), bounds);
    let began = Instant::now();
    // The database is dropped in the end, and its key ends with it.
    let root_key = LocalRootKey::new(RootKeyId::new("load")?, Secret::generate()?);
    let vault = Vault::builder(RootKeys::new(root_key)).model::<Contact>().model::<Call>().open(&mut connection)?;
    vault.install()?;
    fill(&mut connection, bounds.rows)?;
    drop(connection);
    report::filled(began.elapsed());

    let began = Instant::now();
    let written = load::<D>(scratch, tally, bounds);
    report::loaded(tally, began.elapsed());

    let began = Instant::now();
    let verified = verify::<D>(scratch, tally, &written)?;
    report::verified(&verified, began.elapsed());
    Ok(())
}

/// Inserts the rows that there are from the start.
pub(crate) fn fill<D: Driver>(connection: &mut D, rows: i32) -> Result<()> {
    let ids: Vec<i32> = (1..=rows).collect();
    for ids in ids.chunks(BATCH) {
        let rows = ids.iter().copied().map(Row::new);
        let calls: Vec<Call> = rows.clone().filter_map(Row::call).collect();
        let contacts: Vec<Contact> = rows.map(Row::contact).collect();
        connection.insert_all(&contacts, &calls)?;
    }
    Ok(connection.batch_execute(D::words("ANALYZE", "ANALYZE TABLE contacts, calls"))?)
}

/// Writes and reads while connections are killed, and returns the rows as they were written last.
fn load<D: Driver>(scratch: &Scratch<'_>, tally: &Tally, bounds: Bounds) -> Vec<Row> {
    let end = Instant::now() + bounds.time;
    let goes_on = || Instant::now() < end && tally.requests() < bounds.requests && !tally.failed();
    thread::scope(|scope| {
        let goes_on = &goes_on;
        let writers: Vec<_> = (0..bounds.writers)
            .map(|number| {
                let session = Session::<D>::new(scratch, tally);
                let random = Random::new(bounds.seed, number);
                let mut writer = Writer::new(session, tally, random, number as i32, bounds.writers as i32, bounds.rows);
                scope.spawn(move || {
                    while goes_on() && writer.step() {}
                    writer.into_rows()
                })
            })
            .collect();
        for number in 0..bounds.readers {
            let session = Session::<D>::new(scratch, tally);
            let random = Random::new(bounds.seed, READERS + number);
            let mut reader = Reader::new(session, tally, random, bounds.rows + bounds.rows / 4);
            scope.spawn(move || while goes_on() && reader.step() {});
        }
        scope.spawn(move || {
            if let Err(error) = kill::<D>(scratch, tally, bounds, goes_on) {
                tally.fail(format!("the connections could not be killed: {error}"));
            }
        });
        let rows = writers.into_iter().map(|writer| {
            writer.join().unwrap_or_else(|_| {
                tally.fail("a writer panicked".to_owned());
                Vec::new()
            })
        });
        rows.flatten().collect()
    })
}

/// Kills one connection after another, and halfway all of them.
fn kill<D: Driver>(scratch: &Scratch<'_>, tally: &Tally, bounds: Bounds, goes_on: impl Fn() -> bool) -> Result<()> {
    let mut killer = Killer::<D>::new(scratch, Random::new(bounds.seed, KILLER))?;
    let halfway = Instant::now() + bounds.time / 2;
    let mut all_at_once = false;
    loop {
        thread::sleep(bounds.kill_every);
        if !goes_on() {
            return Ok(());
        }
        let all = !all_at_once && Instant::now() > halfway;
        all_at_once |= all;
        for _ in 0..killer.kill(all)? {
            tally.count("killed");
        }
    }
}
