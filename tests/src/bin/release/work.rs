//! What a release does all day: it writes its own rows, reads them and others, and searches for what it read.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted::prelude::*;
use diesel_encrypted::{LocalRootKey, RootKeyId, keys::Secret};

use super::models::{before, beside, both, dual, strict};

/// What came of it.
#[derive(Debug, Default, serde::Serialize)]
pub struct Outcome {
    pub writes: u64,
    pub reads: u64,
    pub searches: u64,
    /// Deadlocks and locked databases, after which the same was done again.
    pub again: u64,
    /// Errors, values that were not what their row has to hold, and searches that did not find their row.
    pub wrong: Vec<String>,
    /// The version that each row was given last.
    pub versions: BTreeMap<i32, i64>,
}

/// The address of a row's owner: spelled otherwise by each version.
pub fn address(id: i32, version: i64) -> String {
    let name = ["Person", "PERSON", "perSon"].into_iter().cycle().nth(usize::try_from(version % 3).unwrap());
    format!("{}{id}.v{version}@Example.ORG", name.unwrap())
}

fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap()))
}

/// Does it again while the database says that two were in each other's way.
fn patiently<T>(again: &mut u64, mut work: impl FnMut() -> QueryResult<T>) -> QueryResult<T> {
    loop {
        match work() {
            Err(DieselError::DatabaseError(kind, message))
                if matches!(kind, DatabaseErrorKind::SerializationFailure)
                    || ["locked", "Deadlock", "deadlock", "Record has changed"]
                        .iter()
                        .any(|word| message.message().contains(word)) =>
            {
                *again += 1;
                std::thread::sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}

macro_rules! day {
    ($release:ident, $connection:ty, $set:expr, $find:expr) => {
        fn $release(conn: &mut $connection, all: &[i32], own: &[i32], mode: &str, ended: &AtomicBool) -> Outcome {
            use $release::{Account, accounts};

            let mut outcome = Outcome::default();
            let mut random = 1_u64;
            let mut pick = |from: &[i32]| {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                from.get(usize::try_from(random >> 33).unwrap() % from.len()).copied().unwrap()
            };
            while !ended.load(Ordering::Relaxed) {
                let id = pick(own);
                let version = outcome.versions.get(&id).copied().unwrap_or(0) + 1;
                let written = patiently(&mut outcome.again, || {
                    let set = (accounts::version.eq(version), $set(address(id, version)));
                    diesel::update(accounts::table.find(id)).set(set).execute(conn)
                });
                match written {
                    Ok(1) => drop(outcome.versions.insert(id, version)),
                    other => outcome.wrong.push(format!("row {id} was not written: {other:?}")),
                }
                outcome.writes += 1;
                std::thread::sleep(Duration::from_micros(300));
                if mode == "straggler" {
                    continue;
                }
                // Rows of others change between two statements.
                let id = if mode == "before" { id } else { pick(all) };
                let read = |conn: &mut $connection, outcome: &mut Outcome| {
                    outcome.reads += 1;
                    let row = accounts::table.find(id).select(Account::as_select());
                    match patiently(&mut outcome.again, || row.first(conn)) {
                        Ok(row) => Some((row.version, String::from(row.email.to_string_for_test()))),
                        Err(error) => {
                            outcome.wrong.push(format!("row {id} was not read: {error}"));
                            None
                        }
                    }
                };
                let Some((version, email)) = read(conn, &mut outcome) else { continue };
                if email != address(id, version) {
                    outcome.wrong.push(format!("row {id} of version {version} holds another value"));
                }
                outcome.searches += 1;
                let found = patiently(&mut outcome.again, || {
                    accounts::table.filter($find(&email)).select(accounts::id).load::<i32>(conn)
                });
                match found {
                    Ok(ids) if ids == [id] => {}
                    Ok(ids) => {
                        let now = read(conn, &mut outcome);
                        if now.is_some_and(|(now, _)| now == version) {
                            outcome.wrong.push(format!("a search for row {id} found {ids:?}"));
                        }
                    }
                    Err(error) => outcome.wrong.push(format!("a search failed: {error}")),
                }
            }
            outcome
        }
    };
}

/// The value, whatever the release calls its type.
trait InTheClear {
    fn to_string_for_test(&self) -> &str;
}

impl InTheClear for String {
    fn to_string_for_test(&self) -> &str {
        self
    }
}

impl<C> InTheClear for Encrypted<String, C> {
    fn to_string_for_test(&self) -> &str {
        self.expose()
    }
}

macro_rules! backend {
    ($backend:ident: $connection:ty) => {
        pub mod $backend {
            use super::*;

            day!(before, $connection, |email| accounts::email.eq(email), |email: &String| accounts::email
                .eq(email.clone()));
            day!(both, $connection, |email| accounts::email.eq(accounts::email.seal(email)), |email: &String| {
                accounts::email.blind_eq(email.to_lowercase())
            });
            day!(strict, $connection, |email| accounts::email.eq(accounts::email.seal(email)), |email: &String| {
                accounts::email.blind_eq(email.to_uppercase())
            });
            day!(
                dual,
                $connection,
                |email: String| (
                    accounts::email.eq(email.clone()),
                    accounts::sealed.eq(accounts::sealed.seal(Some(email)))
                ),
                |email: &String| accounts::email.eq(email.clone())
            );
            day!(beside, $connection, |email| accounts::sealed.eq(accounts::sealed.seal(email)), |email: &String| {
                accounts::sealed.blind_eq(email.to_lowercase())
            });

            pub fn work(url: &str, release: &str, rows: i32, ended: &AtomicBool) -> Outcome {
                let mut connection = <$connection>::establish(url).unwrap();
                let conn = &mut connection;
                if stringify!($backend) == "sqlite" {
                    conn.batch_execute("PRAGMA busy_timeout = 30000; PRAGMA synchronous = OFF").unwrap();
                }
                let all: Vec<i32> = (1..=rows).collect();
                let of = |rest: i32| all.iter().copied().filter(|id| id % 3 == rest).collect::<Vec<i32>>();
                let builder = Vault::builder(root_keys());
                let vault = match release {
                    "both" => builder.model::<both::Account>().open(conn).unwrap(),
                    "strict" => builder.model::<strict::Account>().open(conn).unwrap(),
                    "dual" => builder.model::<dual::Sealing>().open(conn).unwrap(),
                    "beside" => builder.model::<beside::Account>().open(conn).unwrap(),
                    _ => {
                        println!("ready");
                        return before(conn, &all, &of(0), release, ended);
                    }
                };
                println!("ready");
                vault.enter(|| match release {
                    "both" => both(conn, &all, &of(1), release, ended),
                    "dual" => dual(conn, &all, &of(1), release, ended),
                    "beside" => beside(conn, &all, &of(2), release, ended),
                    _ => strict(conn, &all, &of(2), release, ended),
                })
            }
        }
    };
}

backend!(sqlite: SqliteConnection);
#[cfg(feature = "postgres")]
backend!(postgres: PgConnection);
#[cfg(feature = "mysql")]
backend!(mysql: MysqlConnection);
