//! Maintenance beside an application at work, and by several workers at once.

use std::{
    collections::BTreeMap,
    ops::ControlFlow,
    sync::{Barrier, Mutex, PoisonError},
    time::{Duration, Instant},
};

use diesel::{SqliteConnection, connection::SimpleConnection as _};
use diesel_encrypted::{
    Vault,
    maintenance::{Counts, Maintenance, MaintenanceError, Report, Selection},
};
use diesel_encrypted_tests::{
    people::{self, Database, MIGRATING, NEW, OLD, Stop, Writer},
    scratch::Scratch,
};

use super::{counts, on, on_every_database};

on_every_database! {
    no_write_of_the_application_is_lost,
    a_table_is_moved_over_while_an_old_and_a_new_release_write,
    several_workers_share_a_job,
    a_run_that_was_stopped_is_gone_on_with,
    a_worker_that_is_gone_is_waited_for_and_replaced,
    a_job_is_not_gone_on_with_as_another,
    a_rate_is_kept,
}

/// A table of `rows` people under the old model, whose application has the new one since; and a vault of an old release
/// that still runs.
fn outdated<C: Database>(rows: i64) -> (Scratch<C>, Vault) {
    let mut connection = people::table::<C>();
    let old = people::vault(&mut *connection, &OLD);
    people::fill(&mut *connection, &old, &OLD, 0..rows);
    drop(people::vault(&mut *connection, &NEW));
    (connection, old)
}

/// Works again and again, until the application has written in between, while two releases of it write: of two people one
/// each. What they wrote last.
fn beside<C: Database>(
    connection: &mut Scratch<C>,
    releases: [Writer<C>; 2],
    work: impl Fn(&mut Maintenance<'_, C>) -> Report,
    vault: &Vault,
) -> BTreeMap<i64, u64> {
    let stop = Stop::default();
    std::thread::scope(|scope| {
        let writers = releases.map(|mut writer| {
            let stop = &stop;
            scope.spawn(move || {
                while !stop.is_said() {
                    writer.write();
                }
                writer.versions
            })
        });
        let at_the_end = stop.at_the_end();
        let (began, mut changed) = (Instant::now(), 0);
        while began.elapsed() < Duration::from_secs(1) || changed == 0 && began.elapsed() < Duration::from_secs(20) {
            let report = work(&mut Maintenance::open(&mut **connection, vault).unwrap());
            changed += report.counts().changed;
            assert_eq!(report.counts().failed, 0, "{report:?}");
        }
        drop(at_the_end);
        assert!(changed > 0, "a row was written between being read and being written");
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    })
}

fn no_write_of_the_application_is_lost<C: Database>() {
    let (mut connection, old) = outdated::<C>(200);
    let vault = people::vault(&mut *connection, &NEW);
    let url = connection.url().to_owned();
    // Both of an old release, which leave work behind.
    let releases = [0, 1].map(|first| Writer::<C>::new(&url, &old, &OLD, first..200, 2));
    let reindex =
        |maintenance: &mut Maintenance<'_, C>| maintenance.reindex(&Selection::all()).batch(40).run(on).unwrap();
    let versions = beside(&mut connection, releases, reindex, &vault);
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    assert!(reindex(&mut maintenance).is_clean());
    assert!(maintenance.verify(&Selection::all()).run(on).unwrap().is_clean());
    people::check(&mut *connection, &vault, &NEW, |id| versions.get(&id).copied());
}

fn a_table_is_moved_over_while_an_old_and_a_new_release_write<C: Database>() {
    let mut connection = people::table::<C>();
    let vault = people::vault(&mut *connection, &MIGRATING);
    people::fill_in_the_clear(&mut *connection, 0..200);
    let url = connection.url().to_owned();
    let releases = [
        Writer::<C>::new(&url, &vault, &MIGRATING, 0..200, 2).in_the_clear(),
        Writer::<C>::new(&url, &vault, &MIGRATING, 1..200, 2),
    ];
    let backfill =
        |maintenance: &mut Maintenance<'_, C>| maintenance.backfill(&Selection::all()).batch(40).run(on).unwrap();
    let versions = beside(&mut connection, releases, backfill, &vault);
    // No old release runs any more.
    assert!(backfill(&mut Maintenance::open(&mut *connection, &vault).unwrap()).is_clean());
    let strict = people::vault(&mut *connection, &OLD);
    let verified = Maintenance::open(&mut *connection, &strict).unwrap().verify(&Selection::all()).run(on).unwrap();
    assert!(verified.is_clean(), "{verified:?}");
    assert_eq!(verified.counts().done, 600);
    people::check(&mut *connection, &strict, &OLD, |id| Some(versions.get(&id).copied().unwrap_or(0)));
}

fn several_workers_share_a_job<C: Database>() {
    let (mut connection, _) = outdated::<C>(3000);
    let (url, start) = (connection.url().to_owned(), Barrier::new(4));
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let worker = || {
            let mut connection = people::connect::<C>(&url);
            let vault = people::registered(&mut connection);
            let mut maintenance = Maintenance::open(&mut connection, &vault).unwrap();
            start.wait();
            maintenance.rotate(&Selection::all().column("people", "email")).batch(10).run(on).unwrap()
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut all = Counts::default();
    reports.iter().for_each(|report| all += report.counts());
    assert_eq!((all.done, all.changed, all.failed), (2700, 0, 0), "each row is done once");
    let busy = reports.iter().filter(|report| report.counts().done > 0).count();
    assert!(busy > 1, "{reports:?}");
    assert!(reports.iter().all(|report| report.columns[0].left == 0));
    assert_eq!(connection.number("count(*) FROM encryption_jobs"), 1);
}

/// SQLite gives up at once where no timeout is set.
#[test]
fn workers_on_sqlite_wait_for_each_other() {
    let (mut connection, _) = outdated::<SqliteConnection>(2000);
    connection.batch_execute("PRAGMA journal_mode = WAL").unwrap();
    let (url, start) = (connection.url().to_owned(), Barrier::new(4));
    let reports: Vec<Report> = std::thread::scope(|scope| {
        let worker = || {
            let mut connection = people::connect::<SqliteConnection>(&url);
            let vault = people::registered(&mut connection);
            connection.batch_execute("PRAGMA busy_timeout = 0").unwrap();
            start.wait();
            let mut maintenance = Maintenance::open(&mut connection, &vault).unwrap();
            maintenance.rotate(&Selection::all()).batch(20).run(on).unwrap()
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(reports.iter().map(|report| report.counts().done).sum::<u64>(), 5400, "each value is done once");
    assert!(reports.iter().all(Report::is_clean), "{reports:?}");
}

fn a_run_that_was_stopped_is_gone_on_with<C: Database>() {
    let (mut connection, _) = outdated::<C>(1000);
    let vault = people::registered(&mut *connection);
    let email = Selection::all().column("people", "email");
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let stopped = maintenance.rotate(&email).batch(10).run(|progress| match progress.seen {
        0..230 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    let stopped = stopped.unwrap();
    assert!(stopped.cancelled && !stopped.is_clean());
    let done = stopped.counts().done;
    assert!((230..240).contains(&done), "a page behind the one at which it was told to stop");
    assert_eq!(counts(&stopped, "email"), (done, 0, 0, 0));
    assert_eq!(stopped.columns[0].left, 900 - done);

    let mut seen = Vec::new();
    let rest = maintenance.rotate(&email).batch(10).run(|progress| {
        assert_eq!((progress.total, progress.operation), (900, "rotate"));
        seen.push(progress.seen);
        ControlFlow::Continue(())
    });
    let rest = rest.unwrap();
    assert!(rest.is_clean());
    assert_eq!(counts(&rest, "email"), (900 - done, 0, 0, 0));
    assert_eq!((seen[0], *seen.last().unwrap()), (done + 10, 900), "it went on, and did not begin anew");
    assert!(seen.is_sorted());

    // What changes nothing and finds everything goes on as well.
    let first = maintenance.verify(&email).batch(10).run(|progress| match progress.seen {
        0..100 => ControlFlow::Continue(()),
        _ => ControlFlow::Break(()),
    });
    let done = first.unwrap().counts().done;
    assert!((100..110).contains(&done));
    assert_eq!(maintenance.verify(&email).batch(10).run(on).unwrap().counts().done, 900 - done);
    assert_eq!(maintenance.verify(&email).batch(10).run(on).unwrap().counts().done, 900, "a new run begins anew");
    // One row for each job, however often it ran.
    assert_eq!(connection.number("count(*) FROM encryption_jobs"), 2);
}

/// Begins to work, and is gone without a word after a page.
fn vanish<C: Database>(url: &str, lease: Duration, run: impl Fn(&mut Maintenance<'_, C>, Duration) + Send + Sync) {
    std::thread::scope(|scope| {
        let gone = scope.spawn(|| {
            let mut connection = people::connect::<C>(url);
            let vault = people::registered(&mut connection);
            run(&mut Maintenance::open(&mut connection, &vault).unwrap(), lease);
        });
        assert!(gone.join().is_err());
    });
}

fn a_worker_that_is_gone_is_waited_for_and_replaced<C: Database>() {
    let (mut connection, _) = outdated::<C>(1000);
    let url = connection.url().to_owned();
    vanish::<C>(&url, Duration::from_millis(1500), |maintenance, lease| {
        let email = Selection::all().column("people", "email");
        let run = maintenance.rotate(&email).batch(10).lease(lease);
        drop(run.run(|progress| if progress.seen < 50 { ControlFlow::Continue(()) } else { panic!("gone") }));
    });
    assert_eq!(connection.number("count(*) FROM encryption_jobs"), 2, "the job and its claim");
    let vault = people::registered(&mut *connection);
    let began = Instant::now();
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let rest = maintenance.rotate(&Selection::all().column("people", "email")).batch(10).run(on).unwrap();
    assert!(rest.is_clean());
    assert_eq!(counts(&rest, "email"), (850, 0, 0, 0), "the pages that were committed are not done again");
    assert!(began.elapsed() > Duration::from_millis(500), "its range was left to it for its lease");
    assert_eq!(connection.number("count(*) FROM encryption_jobs"), 1);
}

fn a_job_is_not_gone_on_with_as_another<C: Database>() {
    let mut connection = people::table::<C>();
    drop(people::vault(&mut *connection, &MIGRATING));
    for id in 0..40 {
        connection.batch_execute(&format!("INSERT INTO people (id, plain) VALUES ({id}, 'Ada')")).unwrap();
    }
    let url = connection.url().to_owned();
    let email = Selection::all().column("people", "email");
    let begin = |maintenance: &mut Maintenance<'_, C>, lease| {
        drop(maintenance.backfill(&email).from("plain").batch(10).lease(lease).run(|_| panic!("gone")));
    };
    vanish::<C>(&url, Duration::from_millis(4000), begin);
    let vault = people::registered(&mut *connection);
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let other = maintenance.backfill(&email).run(on);
    assert!(matches!(other, Err(MaintenanceError::OtherRun { wait_ms: 1..=4000, .. })), "{other:?}");
    std::thread::sleep(Duration::from_millis(4100));
    assert!(maintenance.backfill(&email).run(on).unwrap().is_clean(), "it begins anew once the other is gone");
    assert_eq!(counts(&maintenance.backfill(&email).from("plain").run(on).unwrap(), "email"), (30, 0, 0, 0));
}

fn a_rate_is_kept<C: Database>() {
    let (mut connection, _) = outdated::<C>(110);
    let vault = people::registered(&mut *connection);
    let began = Mutex::new(Instant::now());
    let mut maintenance = Maintenance::open(&mut *connection, &vault).unwrap();
    let run = maintenance.rotate(&Selection::all().column("people", "email")).batch(20).rate(200);
    let report = run.run(|progress| {
        let elapsed = began.lock().unwrap_or_else(PoisonError::into_inner).elapsed().as_secs_f64();
        assert!(u32::try_from(progress.seen).unwrap() <= 20 + (elapsed * 200.0) as u32 + 1, "{progress:?}");
        ControlFlow::Continue(())
    });
    assert_eq!(report.unwrap().counts().done, 99);
    assert!(began.lock().unwrap().elapsed() > Duration::from_millis(380));
}
