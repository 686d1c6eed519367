//! Futures within a vault: polled in pieces, on several threads, beside those of another tenant.

use std::{
    collections::HashSet,
    pin::pin,
    sync::{Arc, Mutex},
    task::{Context, Poll, Waker},
    thread,
    time::{Duration, Instant},
};

use diesel::prelude::*;
use diesel_encrypted::{Sealed, VaultId, prelude::*};
use diesel_encrypted_tests::clinic::{self, Patient, patient, patients};
use tokio::{
    runtime::{Builder, Runtime},
    task::yield_now,
};

type Email = Sealed<String, patients::email>;

fn current() -> Option<VaultId> {
    Vault::current().map(|vault| vault.id())
}

fn one_thread() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

/// Polls once.
fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    std::pin::Pin::new(future).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn a_future_has_its_vault_between_all_awaits_and_the_thread_has_none() {
    let vault = clinic::vault();
    let mut future = vault.attach(async || {
        let mut seen = Vec::new();
        for _ in 0..3 {
            seen.push(current());
            yield_once().await;
        }
        seen
    });
    for _ in 0..3 {
        assert!(poll(&mut future).is_pending());
        assert_eq!(current(), None, "between two polls");
    }
    assert_eq!(poll(&mut future), Poll::Ready(vec![Some(vault.id()); 3]));
    assert_eq!(current(), None);
}

#[test]
fn a_future_takes_its_vault_from_thread_to_thread() {
    let vault = clinic::vault();
    let mut future = vault.attach(async || {
        let sealed = Email::seal("ada@example.org").unwrap();
        yield_once().await;
        (thread::current().id(), sealed.open())
    });
    assert!(poll(&mut future).is_pending());
    let (polled_by, opened) = thread::spawn(move || match poll(&mut future) {
        Poll::Ready(ready) => ready,
        Poll::Pending => unreachable!(),
    })
    .join()
    .unwrap();
    assert_ne!(polled_by, thread::current().id());
    assert_eq!(opened.unwrap(), "ada@example.org");
}

#[test]
fn the_tasks_of_two_tenants_share_threads_and_nothing_else() {
    const TASKS: usize = 24;
    let runtime = Builder::new_multi_thread().worker_threads(4).build().unwrap();
    let tenants = [clinic::vault(), clinic::vault()];
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let until = Instant::now() + Duration::from_secs(30);

    let mut tasks = Vec::new();
    for number in 0..TASKS {
        // Every third task has no vault: it would see one that leaked.
        let tenant = tenants.get(number % 3).cloned();
        let (threads, expected) = (threads.clone(), tenant.as_ref().map(Vault::id));
        let work = async move {
            let mut round = 0;
            // At least fifty rounds, and until more than one thread has worked.
            while round < 50 || (threads.lock().unwrap().len() < 2 && Instant::now() < until) {
                threads.lock().unwrap().insert(thread::current().id());
                assert_eq!(current(), expected);
                let email = format!("{number}-{round}@example.org");
                let sealed = Email::seal(&email);
                yield_now().await;
                assert_eq!(current(), expected);
                match sealed {
                    Ok(sealed) => assert_eq!(sealed.open().unwrap(), email),
                    Err(_) => assert_eq!(expected, None),
                }
                yield_now().await;
                round += 1;
            }
        };
        tasks.push(match tenant {
            Some(vault) => runtime.spawn(vault.attach(move || work)),
            None => runtime.spawn(work),
        });
    }
    for task in tasks {
        runtime.block_on(task).unwrap();
    }
    assert!(threads.lock().unwrap().len() > 1, "one thread did all the work, and nothing was shown");
}

#[test]
fn a_future_that_is_dropped_in_the_middle_leaves_no_vault_to_the_next_task() {
    let vault = clinic::vault();
    one_thread().block_on(async {
        let started = Arc::new(Mutex::new(None));
        let task = tokio::spawn(vault.attach({
            let started = started.clone();
            async move || {
                *started.lock().unwrap() = current();
                std::future::pending::<()>().await;
            }
        }));
        yield_now().await;
        assert_eq!(*started.lock().unwrap(), Some(vault.id()), "it runs, and waits");
        task.abort();
        assert!(task.await.unwrap_err().is_cancelled());
        assert_eq!(tokio::spawn(async { current() }).await.unwrap(), None);
        assert_eq!(current(), None);
    });
}

#[test]
fn a_future_that_panics_leaves_no_vault_to_the_next_task() {
    let vault = clinic::vault();
    one_thread().block_on(async {
        let task = tokio::spawn(vault.attach(async || {
            yield_now().await;
            std::panic::resume_unwind(Box::new(()));
        }));
        assert!(task.await.unwrap_err().is_panic());
        assert_eq!(tokio::spawn(async { current() }).await.unwrap(), None);
    });
}

#[test]
fn an_inner_future_has_its_own_vault_and_the_outer_one_gets_its_back() {
    let (outer, inner) = (clinic::vault(), clinic::vault());
    let seen = one_thread().block_on(outer.attach(async || {
        let within = inner.attach(async || {
            yield_now().await;
            current()
        });
        (within.await, current())
    }));
    assert_eq!(seen, (Some(inner.id()), Some(outer.id())));
}

#[test]
fn a_spawned_task_does_not_inherit_the_vault_of_the_task_that_spawned_it() {
    let vault = clinic::vault();
    let seen = one_thread().block_on(vault.attach(async || tokio::spawn(async { current() }).await.unwrap()));
    assert_eq!(seen, None);
}

#[test]
fn an_asynchronous_load_that_fails_says_so() {
    let vault = clinic::vault();
    let found = one_thread().block_on(vault.attach(async || {
        let candidates = patients::city.blind_eq_candidates("Rome");
        let load = |_| async { QueryResult::<Vec<Patient>>::Err(diesel::NotFound) };
        candidates.confirm_async(load, |patient| &patient.city).await
    }));
    assert_eq!(found.unwrap_err(), diesel::NotFound);
}

/// Pending once, without a runtime.
async fn yield_once() {
    let mut pending = true;
    let once =
        std::future::poll_fn(move |_| if std::mem::take(&mut pending) { Poll::Pending } else { Poll::Ready(()) });
    pin!(once).await;
}

#[test]
fn a_statement_that_is_made_into_a_future_is_sealed_within_the_scope() {
    let vault = clinic::vault();
    // As drivers do: sealed when the future is made, not when it is polled.
    let execute = || std::future::ready(Email::seal("ada@example.org"));
    assert!(one_thread().block_on(execute()).is_err());
    let sealed = one_thread().block_on(vault.attach(execute)).unwrap();
    assert_eq!(vault.enter(|| sealed.open()).unwrap(), "ada@example.org");
}

macro_rules! over_a_connection {
    ($backend:ident: $connection:ty, $connect:path) => {
        mod $backend {
            use super::*;

            #[test]
            fn candidates_of_a_short_index_are_confirmed_after_an_asynchronous_load() {
                let vault = clinic::vault();
                let connection: &mut $connection = &mut $connect();
                one_thread().block_on(vault.attach(async || {
                    // 8 bits: among 300 cities, some share a tag for certain.
                    let all: Vec<Patient> = (1..=300)
                        .map(|id| Patient { city: Some(Encrypted::new(format!("City {id}"))), ..patient(id, "a@x") })
                        .collect();
                    for part in all.chunks(100) {
                        diesel::insert_into(patients::table).values(part).execute(connection).unwrap();
                    }
                    let mut candidates = 0;
                    for id in 1..=20 {
                        let found = patients::city.blind_eq_candidates(format!("CITY {id}")).confirm_async(
                            async |filter| {
                                yield_now().await;
                                let found =
                                    patients::table.filter(filter).select(Patient::as_select()).load(connection)?;
                                candidates += found.len();
                                Ok(found)
                            },
                            |patient| &patient.city,
                        );
                        let found = found.await.unwrap();
                        assert_eq!(found.iter().map(|patient| patient.id).collect::<Vec<_>>(), [id]);
                    }
                    assert!(candidates > 20, "some candidates were not equal, or this test shows nothing");
                }));
            }
        }
    };
}

over_a_connection!(sqlite: SqliteConnection, clinic::sqlite);
#[cfg(feature = "postgres")]
over_a_connection!(postgres: PgConnection, clinic::postgres);
#[cfg(feature = "mysql")]
over_a_connection!(mysql: MysqlConnection, clinic::mysql);
