//! Operations whose process is killed at any moment, by SIGKILL: what is in the tables is what was there before, or all of
//! what the operation does.
//!
//! A short version by default; with `ENCRYPTED_ACCOUNT_KILLS=50`, each operation is hit so often before it is done.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use diesel_encrypted::accounts::{Account, AccountError, Accounts, AccountsConnection};
use diesel_encrypted::keys::Secret;
use diesel_encrypted::sql::Dialect;
use diesel_encrypted::users::{GroupId, RecoveryCode};
use diesel_encrypted_tests::on_every_backend;
use diesel_encrypted_tests::people;
use diesel_encrypted_tests::scratch::Scratch;

use crate::world::{Rows, database, user};

trait Server: Rows + AccountsConnection + people::Database {}

impl<C: Rows + AccountsConnection + people::Database> Server for C {}

fn kills() -> u32 {
    std::env::var("ENCRYPTED_ACCOUNT_KILLS").map_or(4, |value| value.parse().unwrap())
}

/// The database of an application, which child processes open too.
struct Killed<C: Server> {
    connection: Scratch<C>,
    accounts: Accounts,
    /// How often an operation had begun and was not done.
    between: u32,
}

impl<C: Server> Killed<C> {
    fn new() -> Self {
        let mut connection = database::<C>();
        let accounts = Accounts::new(&people::users(&mut *connection)).unwrap();
        // As another process would: on SQLite with a journal that outlives it.
        connection.disconnect();
        connection.reconnect();
        Self { connection, accounts, between: 0 }
    }

    /// Runs an operation, and kills it some time after it has begun to write, if it is still there. Gives whether anything
    /// was changed, and how long it took if it was let end.
    fn kill(&mut self, arguments: &[&str], after: Option<Duration>) -> (bool, Duration) {
        let before = Rows::rows(&mut *self.connection);
        let mut command = Command::new(env!("CARGO_BIN_EXE_account"));
        command.arg(self.connection.url()).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        said.read_line(&mut line).unwrap();
        assert_eq!(line, "begun\n", "{arguments:?}");
        let began = Instant::now();
        if let Some(after) = after {
            while began.elapsed() < after {
                std::hint::spin_loop();
            }
            child.kill().unwrap();
        }
        let mut rest = String::new();
        said.read_to_string(&mut rest).unwrap();
        let (took, is_done) = (began.elapsed(), rest.ends_with("done\n"));
        let ended = child.wait().unwrap();
        assert!(after.is_some() || ended.success(), "{arguments:?}");
        self.between += u32::from(!is_done);
        let changed = self.settled() != before;
        assert!(changed || !is_done, "{arguments:?} is done, and nothing is changed");
        (changed, took)
    }

    /// The rows, once the server has done what the killed process has sent, and closed its connection.
    fn settled(&mut self) -> Vec<String> {
        let others = match C::DIALECT {
            Dialect::Postgres => {
                "count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
                 AND backend_type = 'client backend'"
            }
            Dialect::Mysql => {
                "count(*) FROM information_schema.processlist WHERE db = database() AND id <> connection_id()"
            }
            // Nobody but the process.
            _ => "0",
        };
        while self.connection.number(others) > 0 {
            std::thread::sleep(Duration::from_millis(5));
        }
        Rows::rows(&mut *self.connection)
    }

    /// Kills an operation as often as it is to be. `operation` says what is to be run next, and `check` looks at what there
    /// is, by whether anything was changed. Both know `state`.
    fn often<S>(
        mut self,
        mut state: S,
        operation: impl Fn(&mut Self, &mut S) -> Vec<String>,
        check: impl Fn(&mut Self, &mut S, bool),
    ) {
        let run = |killed: &mut Self, state: &mut S, after| {
            let arguments = operation(killed, state);
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let (changed, took) = killed.kill(&arguments, after);
            check(killed, state, changed);
            took
        };
        let whole = run(&mut self, &mut state, None);
        // As often as it takes to hit the operation so many times.
        let mut tries = 0;
        while self.between < kills() {
            let [first, second, ..] = *Secret::generate().unwrap().expose_bytes();
            let part = u32::from(first) << 8 | u32::from(second);
            run(&mut self, &mut state, Some(whole * part / 65536));
            tries += 1;
            assert!(tries < 40 * kills(), "of {tries} kills, {} hit the operation", self.between);
        }
        run(&mut self, &mut state, None);
    }

    fn signs_in(&mut self, id: i64, password: &str, expected: bool) {
        match self.accounts.unlock(&mut *self.connection, &user(id), password) {
            Ok(_) => assert!(expected, "{password:?} signs in"),
            Err(error) => assert!(!expected && matches!(error, AccountError::Wrong), "{password:?}: {error}"),
        }
    }
}

fn words(words: &[&dyn std::fmt::Display]) -> Vec<String> {
    words.iter().map(ToString::to_string).collect()
}

/// What one account is known to have: its password, of which each is another.
struct Ada {
    password: String,
    next: String,
}

impl<C: Server> Killed<C> {
    fn with_ada(&mut self) -> Ada {
        self.accounts.create(&mut *self.connection, &user(1), "password 0").map(drop).unwrap();
        Ada { password: "password 0".to_owned(), next: "password 0".to_owned() }
    }

    /// A new password is the only one, or none.
    fn has_next_password(&mut self, ada: &mut Ada, changed: bool) {
        self.signs_in(1, &ada.next, changed);
        self.signs_in(1, &ada.password, !changed);
        if changed {
            ada.password.clone_from(&ada.next);
        }
    }

    /// The one account, signed in.
    fn ada(&mut self, password: &str) -> Account {
        self.accounts.unlock(&mut *self.connection, &user(1), password).unwrap()
    }
}

impl Ada {
    fn next(&mut self) -> String {
        let number: u32 = self.next.rsplit(' ').next().unwrap().parse().unwrap();
        self.next = format!("password {}", number + 1);
        self.next.clone()
    }
}

fn creation<C: Server>() {
    Killed::<C>::new().often(
        0,
        |_, id| {
            *id += 1;
            words(&[&"create", id, &"a password"])
        },
        |killed, id, changed| {
            killed.signs_in(*id, "a password", changed);
            let rows = Rows::rows(&mut *killed.connection).len();
            assert_eq!(rows % 13, 0, "a record, 11 locks and a key pair each");
        },
    );
}

fn a_change_of_password<C: Server>() {
    let mut killed = Killed::<C>::new();
    let ada = killed.with_ada();
    killed.often(
        ada,
        |_, ada| words(&[&"change_password", &1, &ada.password.clone(), &ada.next()]),
        |killed, ada, changed| killed.has_next_password(ada, changed),
    );
}

fn a_recovery<C: Server>() {
    let mut killed = Killed::<C>::new();
    let ada = killed.with_ada();
    killed.often(
        (ada, String::new()),
        |killed, (ada, code)| {
            let account = killed.ada(&ada.password);
            let codes = killed.accounts.new_codes(&mut *killed.connection, &account).unwrap();
            *code = codes[0].to_text().to_string();
            words(&[&"recover", &1, code, &ada.next()])
        },
        |killed, (ada, code), changed| {
            killed.has_next_password(ada, changed);
            let (code, password) = (RecoveryCode::parse(code).unwrap(), ada.next());
            let again = killed.accounts.recover(&mut *killed.connection, &user(1), &code, &password);
            assert_eq!(again.is_ok(), !changed, "the code is used with the recovery, and not otherwise");
            if !changed {
                ada.password = password;
            }
        },
    );
}

fn a_rotation<C: Server>() {
    let mut killed = Killed::<C>::new();
    let ada = killed.with_ada();
    killed.often(
        (ada, 1),
        |_, (ada, _)| words(&[&"rotate_key", &1, &ada.password]),
        |killed, (ada, version), changed| {
            *version += u32::from(changed);
            let account = killed.ada(&ada.password);
            assert_eq!(account.key().place().version(), *version);
            assert_eq!(account.earlier().len() + 1, usize::try_from(*version).unwrap(), "with all keys before");
        },
    );
}

fn an_erasure<C: Server>() {
    Killed::<C>::new().often(
        0,
        |killed, id| {
            *id += 1;
            killed.accounts.create(&mut *killed.connection, &user(*id), "a password").map(drop).unwrap();
            words(&[&"erase", id])
        },
        |killed, id, changed| killed.signs_in(*id, "a password", !changed),
    );
}

/// Two accounts, and the number of a group of theirs.
struct Two {
    ada: Account,
    bob: Account,
    group: u32,
}

impl Two {
    fn group(&self) -> GroupId {
        GroupId::of(&*self.group.to_string()).unwrap()
    }
}

impl<C: Server> Killed<C> {
    fn with_two(&mut self) -> Two {
        let mut create = |id| self.accounts.create(&mut *self.connection, &user(id), "a password").unwrap().account;
        Two { ada: create(1), bob: create(2), group: 0 }
    }

    /// With which version of the group's key someone opens it.
    fn version(&mut self, account: &Account, group: &GroupId) -> Option<u32> {
        match self.accounts.group(&mut *self.connection, account, group) {
            Ok(opened) => Some(opened.key().place().version()),
            Err(error) => {
                assert!(matches!(error, AccountError::NotMember), "{error}");
                None
            }
        }
    }
}

/// Of a group that is made with it, and of one that is there.
fn sharing<C: Server>(is_there: bool) {
    let mut killed = Killed::<C>::new();
    let two = killed.with_two();
    killed.often(
        two,
        |killed, two| {
            two.group += 1;
            if is_there {
                killed.accounts.create_group(&mut *killed.connection, &two.ada, &two.group()).map(drop).unwrap();
            }
            words(&[&"share", &1, &"a password", &two.group, &2])
        },
        |killed, two, changed| {
            let group = two.group();
            assert_eq!(killed.version(&two.ada, &group), (is_there || changed).then_some(1));
            assert_eq!(killed.version(&two.bob, &group), changed.then_some(1));
        },
    );
}

fn a_removal<C: Server>() {
    let mut killed = Killed::<C>::new();
    let two = killed.with_two();
    killed.often(
        two,
        |killed, two| {
            two.group += 1;
            let group = two.group();
            killed.accounts.share(&mut *killed.connection, &two.ada, &group, two.bob.id()).map(drop).unwrap();
            words(&[&"revoke", &1, &"a password", &two.group, &2])
        },
        |killed, two, changed| {
            let group = two.group();
            assert_eq!(killed.version(&two.ada, &group), Some(1 + u32::from(changed)));
            assert_eq!(killed.version(&two.bob, &group), (!changed).then_some(1));
        },
    );
}

on_every_backend! {
    fn create<C>() { creation::<C>(); }
    fn change_password<C>() { a_change_of_password::<C>(); }
    fn recover<C>() { a_recovery::<C>(); }
    fn rotate_key<C>() { a_rotation::<C>(); }
    fn erase<C>() { an_erasure::<C>(); }
    fn share<C>() { sharing::<C>(false); }
    fn add<C>() { sharing::<C>(true); }
    fn revoke<C>() { a_removal::<C>(); }
}
