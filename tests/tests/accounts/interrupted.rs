//! Operations of many rows that end at any one of their statements: what is in the tables is what was there before, or all
//! of what the operation does, and never something between.
//!
//! Each operation is run again and again, and ends once before each of its statements that is no read, and behind each
//! commit: as a process that dies there, and on a server as a connection that the server closes there.

use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use diesel::connection::InstrumentationEvent;
use diesel::prelude::*;
use diesel_encrypted::accounts::{AccountError, Accounts, AccountsConnection};
use diesel_encrypted::users::{GroupId, PasswordCost};
use diesel_encrypted_tests::on_every_backend;
use diesel_encrypted_tests::scratch::Scratch;

use crate::world::{self, Rows, database, sign_up, user};

/// Where an operation ended: the statement, and whether it had run.
#[derive(Debug)]
struct At {
    statement: String,
    ran: bool,
}

impl At {
    /// Whether the transaction was over by then.
    fn is_committed(&self) -> bool {
        self.ran && self.statement.starts_with("COMMIT")
    }

    fn is_read(&self) -> bool {
        self.statement.starts_with("SELECT")
    }

    fn writes(&self) -> bool {
        ["INSERT", "UPDATE", "DELETE"].iter().any(|word| self.statement.starts_with(word))
    }
}

/// How an operation ends too early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// The process is gone: nothing more is said to the database.
    Death,
    /// The server closes the connection: the operation is told so by what it does next.
    Closed,
}

/// A server that can close a connection.
trait Server: Rows + AccountsConnection + 'static {
    /// Whether it can.
    const CLOSES: bool;
    /// What closes this connection, to be run by another.
    fn closing(&mut self) -> String;
}

impl Server for SqliteConnection {
    const CLOSES: bool = false;

    fn closing(&mut self) -> String {
        panic!("no server")
    }
}

#[cfg(feature = "postgres")]
impl Server for PgConnection {
    const CLOSES: bool = true;

    fn closing(&mut self) -> String {
        let pid: i64 =
            diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT pg_backend_pid()::bigint").get_result(self).unwrap();
        format!("SELECT pg_terminate_backend({pid}, 10000)")
    }
}

#[cfg(feature = "mysql")]
impl Server for MysqlConnection {
    const CLOSES: bool = true;

    fn closing(&mut self) -> String {
        let id: i64 = diesel::dsl::sql::<diesel::sql_types::BigInt>("SELECT connection_id()").get_result(self).unwrap();
        format!("KILL CONNECTION {id}")
    }
}

/// Ends the operation at its `nth` place, from 1. Gives where it ended, if it had that many.
fn end<C: Server, T>(
    connection: &mut Scratch<C>,
    accounts: &Accounts,
    operation: impl Fn(&Accounts, &mut C) -> Result<T, AccountError>,
    nth: usize,
    how: End,
) -> Option<At> {
    let ended = Arc::new(Mutex::new(None));
    let mut other = (how == End::Closed).then(|| (connection.connect(), connection.closing()));
    let (mut seen, at) = (0, ended.clone());
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        let (query, ran) = match event {
            InstrumentationEvent::StartQuery { query, .. } => (query, false),
            InstrumentationEvent::FinishQuery { query, error: None, .. } => (query, true),
            _ => return,
        };
        // Without what was bound.
        let statement = query.to_string().split(" -- ").next().unwrap_or_default().to_owned();
        let found = At { statement, ran };
        if found.is_read() || ran && !found.is_committed() {
            return;
        }
        seen += 1;
        if seen == nth {
            *at.lock().unwrap() = Some(found);
            match &mut other {
                None => resume_unwind(Box::new("the process ends here")),
                Some((server, closing)) => server.batch_execute(closing).unwrap(),
            }
        }
    });
    let done = catch_unwind(AssertUnwindSafe(|| operation(accounts, connection)));
    connection.disconnect();
    connection.reconnect();
    let at = ended.lock().unwrap().take();
    match (&at, done) {
        (None, Ok(done)) => drop(done.unwrap()),
        (None, Err(panic)) => resume_unwind(panic),
        // What was told after the commit cannot be told from before.
        (Some(at), Ok(Ok(_))) => assert!(at.is_committed() || !at.ran, "done without {at:?}"),
        (Some(_), Ok(Err(error))) => assert!(matches!(error, AccountError::Database(_)), "{error}"),
        (Some(_), Err(_)) => {}
    }
    at
}

/// Ends the operation everywhere, until it is done. `undone` and `done` prove that nothing, and that all was done.
fn interrupted<C: Server, T>(
    mut connection: Scratch<C>,
    accounts: &Accounts,
    operation: impl Fn(&Accounts, &mut C) -> Result<T, AccountError>,
    undone: impl Fn(&Accounts, &mut C),
    done: impl Fn(&Accounts, &mut C),
    how: End,
) {
    let before = Rows::rows(&mut *connection);
    let mut writes = 0;
    for nth in 1.. {
        let at = end(&mut connection, accounts, &operation, nth, how);
        let is_before = Rows::rows(&mut *connection) == before;
        let Some(at) = at else {
            assert!(!is_before, "an operation that changes nothing");
            break;
        };
        assert_eq!(is_before, !at.is_committed(), "{at:?}");
        if !is_before {
            break;
        }
        writes += usize::from(at.writes());
        if at.writes() && writes % 4 == 1 {
            undone(accounts, &mut connection);
        }
    }
    assert!(writes >= 2, "an operation of one statement");
    done(accounts, &mut connection);
}

/// Ends the operation in each way that this database has.
macro_rules! interrupted {
    ($start:expr, $accounts:expr, $operation:expr, undone: $undone:expr, done: $done:expr $(,)?) => {
        interrupted::<C, _>($start, $accounts, $operation, $undone, $done, End::Death);
        if C::CLOSES {
            interrupted::<C, _>($start, $accounts, $operation, $undone, $done, End::Closed);
        }
    };
}

/// With fewer statements.
fn accounts() -> Accounts {
    world::accounts().codes(2)
}

fn signs_in<C: Server>(accounts: &Accounts, connection: &mut C, password: &str, expected: bool) {
    match accounts.unlock(connection, &user(1), password) {
        Ok(_) => assert!(expected, "{password:?} signs in"),
        Err(error) => assert!(!expected && matches!(error, AccountError::Wrong), "{password:?}: {error}"),
    }
}

/// A database with one account.
fn with_ada<C: Server>(accounts: &Accounts) -> Scratch<C> {
    let mut connection = database::<C>();
    sign_up(accounts, &mut *connection, 1, "a password");
    connection
}

fn creation_is_whole<C: Server>() {
    interrupted!(
        database(),
        &accounts(),
        |accounts, connection| accounts.create(connection, &user(1), "a password"),
        undone: |accounts, connection| signs_in(accounts, connection, "a password", false),
        done: |accounts, connection| signs_in(accounts, connection, "a password", true),
    );
}

fn an_upgrade_is_whole<C: Server>() {
    let accounts = accounts();
    let costlier = PasswordCost::argon2id(19_457, 2, 1).unwrap();
    let upgrade = |accounts: &Accounts, connection: &mut C| {
        accounts.clone().cost(costlier).unlock(connection, &user(1), "a password")
    };
    let opens = |accounts: &Accounts, connection: &mut C| signs_in(accounts, connection, "a password", true);
    interrupted!(with_ada(&accounts), &accounts, upgrade, undone: opens, done: opens);
}

fn a_change_of_password_is_whole<C: Server>() {
    let accounts = accounts();
    let with_session = || {
        let mut connection = with_ada::<C>(&accounts);
        let ada = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        accounts.begin_session(&mut *connection, &ada, Duration::from_secs(60)).map(drop).unwrap();
        connection
    };
    interrupted!(
        with_session(),
        &accounts,
        |accounts, connection| accounts.change_password(connection, &user(1), "a password", "another"),
        undone: |accounts, connection| signs_in(accounts, connection, "another", false),
        done: |accounts, connection| {
            signs_in(accounts, connection, "a password", false);
            signs_in(accounts, connection, "another", true);
            assert_eq!(accounts.end_sessions(connection, &user(1)).unwrap(), 0);
        },
    );
}

fn a_recovery_is_whole<C: Server>() {
    let accounts = accounts();
    let code = RefCell::new(None);
    let with_codes = || {
        let mut connection = database::<C>();
        let created = accounts.create(&mut *connection, &user(1), "a password").unwrap();
        *code.borrow_mut() = created.codes.into_iter().next();
        connection
    };
    let recover = |accounts: &Accounts, connection: &mut C| {
        accounts.recover(connection, &user(1), code.borrow().as_ref().unwrap(), "another")
    };
    interrupted!(
        with_codes(),
        &accounts,
        recover,
        undone: |accounts, connection| {
            signs_in(accounts, connection, "a password", true);
            signs_in(accounts, connection, "another", false);
        },
        done: |accounts, connection| {
            signs_in(accounts, connection, "a password", false);
            signs_in(accounts, connection, "another", true);
            assert!(matches!(recover(accounts, connection), Err(AccountError::Wrong)), "the code is used");
        },
    );
}

fn a_rotation_is_whole<C: Server>() {
    let accounts = accounts();
    let version = |accounts: &Accounts, connection: &mut C| {
        let ada = accounts.unlock(connection, &user(1), "a password").unwrap();
        assert_eq!(ada.earlier().len() + 1, usize::try_from(ada.key().place().version()).unwrap());
        ada.key().place().version()
    };
    interrupted!(
        with_ada(&accounts),
        &accounts,
        |accounts, connection| {
            let ada = accounts.unlock(connection, &user(1), "a password")?;
            accounts.rotate_key(connection, &ada, "a password")
        },
        undone: |accounts, connection| assert_eq!(version(accounts, connection), 1),
        done: |accounts, connection| assert_eq!(version(accounts, connection), 2),
    );
}

fn an_erasure_is_whole<C: Server>() {
    let accounts = accounts();
    interrupted!(
        with_ada(&accounts),
        &accounts,
        |accounts, connection| accounts.erase(connection, &user(1)),
        undone: |accounts, connection| signs_in(accounts, connection, "a password", true),
        done: |accounts, connection| {
            signs_in(accounts, connection, "a password", false);
            assert_eq!(Rows::rows(connection).len(), 2, "the record, and the public keys");
        },
    );
}

fn group() -> GroupId {
    GroupId::of("editors").unwrap()
}

/// A database with three accounts.
fn with_people<C: Server>(accounts: &Accounts) -> Scratch<C> {
    let mut connection = database::<C>();
    for id in 1..=3 {
        sign_up(accounts, &mut *connection, id, "a password");
    }
    connection
}

/// And a group of theirs, which the first and the second have opened.
fn with_group<C: Server>(accounts: &Accounts) -> Scratch<C> {
    let mut connection = with_people::<C>(accounts);
    let ada = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
    for other in [2, 3] {
        accounts.share(&mut *connection, &ada, &group(), &user(other)).map(drop).unwrap();
    }
    opens(accounts, &mut *connection, 2, Some(1));
    connection
}

/// Whether someone opens the group, with a key of this version.
fn opens<C: Server>(accounts: &Accounts, connection: &mut C, id: i64, version: Option<u32>) {
    let account = accounts.unlock(connection, &user(id), "a password").unwrap();
    match accounts.group(connection, &account, &group()) {
        Ok(opened) => assert_eq!(Some(opened.key().place().version()), version, "of {id}"),
        Err(error) => assert!(version.is_none() && matches!(error, AccountError::NotMember), "{id}: {error}"),
    }
}

fn sharing_is_whole<C: Server>() {
    let accounts = accounts();
    interrupted!(
        with_people(&accounts),
        &accounts,
        |accounts, connection| {
            let ada = accounts.unlock(connection, &user(1), "a password")?;
            accounts.share(connection, &ada, &group(), &user(2))
        },
        undone: |accounts, connection| [1, 2].iter().for_each(|id| opens(accounts, connection, *id, None)),
        done: |accounts, connection| [1, 2].iter().for_each(|id| opens(accounts, connection, *id, Some(1))),
    );
}

fn an_addition_is_whole<C: Server>() {
    let accounts = accounts();
    let without = || {
        let mut connection = with_group::<C>(&accounts);
        let ada = accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        accounts.revoke(&mut *connection, &ada, &group(), &user(3)).map(drop).unwrap();
        connection
    };
    interrupted!(
        without(),
        &accounts,
        |accounts, connection| {
            let ada = accounts.unlock(connection, &user(1), "a password")?;
            let opened = accounts.group(connection, &ada, &group())?;
            accounts.add(connection, &ada, &opened, &user(3))
        },
        undone: |accounts, connection| opens(accounts, connection, 3, None),
        done: |accounts, connection| opens(accounts, connection, 3, Some(2)),
    );
}

fn a_removal_is_whole<C: Server>() {
    let accounts = accounts();
    interrupted!(
        with_group(&accounts),
        &accounts,
        |accounts, connection| {
            let ada = accounts.unlock(connection, &user(1), "a password")?;
            accounts.revoke(connection, &ada, &group(), &user(2))
        },
        undone: |accounts, connection| opens(accounts, connection, 2, Some(1)),
        done: |accounts, connection| {
            for (id, version) in [(1, Some(2)), (2, None), (3, Some(2))] {
                opens(accounts, connection, id, version);
            }
        },
    );
}

fn a_departure_is_whole<C: Server>() {
    let accounts = accounts();
    interrupted!(
        with_group(&accounts),
        &accounts,
        |accounts, connection| {
            let bob = accounts.unlock(connection, &user(2), "a password")?;
            let opened = accounts.group(connection, &bob, &group())?;
            accounts.leave(connection, &bob, opened)
        },
        undone: |accounts, connection| opens(accounts, connection, 2, Some(1)),
        done: |accounts, connection| {
            for (id, version) in [(1, Some(2)), (2, None), (3, Some(2))] {
                opens(accounts, connection, id, version);
            }
        },
    );
}

fn the_first_use_of_a_share_is_whole<C: Server>() {
    let accounts = accounts();
    interrupted!(
        with_group(&accounts),
        &accounts,
        |accounts, connection| {
            let cyd = accounts.unlock(connection, &user(3), "a password")?;
            accounts.group(connection, &cyd, &group())
        },
        undone: |_, _| (),
        done: |accounts, connection| opens(accounts, connection, 3, Some(1)),
    );
}

fn a_rotation_with_groups_is_whole<C: Server>() {
    let accounts = accounts();
    interrupted!(
        with_group(&accounts),
        &accounts,
        |accounts, connection| {
            let ada = accounts.unlock(connection, &user(1), "a password")?;
            accounts.rotate_key(connection, &ada, "a password")
        },
        undone: |accounts, connection| opens(accounts, connection, 1, Some(1)),
        done: |accounts, connection| opens(accounts, connection, 1, Some(1)),
    );
}

fn another_identity_is_whole<C: Server>() {
    let accounts = accounts();
    interrupted!(
        with_group(&accounts),
        &accounts,
        |accounts, connection| {
            let mut ada = accounts.unlock(connection, &user(1), "a password")?;
            accounts.change_identity(connection, &mut ada)
        },
        undone: |accounts, connection| opens(accounts, connection, 1, Some(1)),
        done: |accounts, connection| [1, 2, 3].iter().for_each(|id| opens(accounts, connection, *id, Some(1))),
    );
}

on_every_backend! {
    fn create<C>() { creation_is_whole::<C>(); }
    fn upgrade<C>() { an_upgrade_is_whole::<C>(); }
    fn change_password<C>() { a_change_of_password_is_whole::<C>(); }
    fn recover<C>() { a_recovery_is_whole::<C>(); }
    fn rotate_key<C>() { a_rotation_is_whole::<C>(); }
    fn erase<C>() { an_erasure_is_whole::<C>(); }
    fn share<C>() { sharing_is_whole::<C>(); }
    fn add<C>() { an_addition_is_whole::<C>(); }
    fn revoke<C>() { a_removal_is_whole::<C>(); }
    fn leave<C>() { a_departure_is_whole::<C>(); }
    fn first_use<C>() { the_first_use_of_a_share_is_whole::<C>(); }
    fn rotate_key_with_groups<C>() { a_rotation_with_groups_is_whole::<C>(); }
    fn change_identity<C>() { another_identity_is_whole::<C>(); }
}
