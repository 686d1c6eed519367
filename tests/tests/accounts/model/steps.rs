//! What people do, at random: each step in the library and in the oracle, and what it answers.

use std::collections::BTreeMap;
use std::time::Duration;

use diesel_encrypted::accounts::{Account, AccountError, Accounts, Created, Rotated};
use diesel_encrypted::format::lock::LockKind;
use diesel_encrypted::prelude::*;
use diesel_encrypted::users::{RecoveryCode, SessionToken, Suite};
use diesel_encrypted::{EncryptedModel, Vault};
use diesel_encrypted_tests::scratch::Scratch;
use proptest::prelude::RngExt as _;
use proptest::test_runner::{RngAlgorithm, TestRng};

use super::notes::{Database, Note};
use super::oracle::{Oracle, Owner};
use crate::world::{Rows, root_keys, user};

/// How many people there can be.
pub const PEOPLE: i64 = 5;

/// Few, so that people write the same.
const TITLES: [&str; 3] = ["milk", "a letter", "the plan"];

/// What someone knows, or knew.
pub struct Person {
    pub account: Account,
    pub password: String,
    pub old_passwords: Vec<String>,
    pub codes: Vec<String>,
    pub used_codes: Vec<String>,
    pub sessions: Vec<String>,
    pub ended_sessions: Vec<String>,
    pub escrow: bool,
}

impl Person {
    /// Another password opens the account, and whatever was open is closed.
    fn has_new_password(&mut self, password: String) {
        self.old_passwords.push(std::mem::replace(&mut self.password, password));
        self.ended_sessions.append(&mut self.sessions);
    }

    fn has_new_codes(&mut self, codes: &[RecoveryCode]) {
        self.used_codes.append(&mut self.codes);
        self.codes = codes.iter().map(|code| code.to_text().to_string()).collect();
    }
}

/// Keys that someone keeps in memory, of an owner until an epoch.
pub struct Kept {
    pub owner: Owner,
    pub epoch: u32,
    pub vault: Vault,
    /// Of a user, what the vault is of.
    pub account: Option<Account>,
}

/// An application, its people, and what should be.
pub struct Model<C: Database> {
    pub connection: Scratch<C>,
    pub vault: Vault,
    pub accounts: Accounts,
    pub oracle: Oracle,
    /// Who has, or had, an account.
    pub people: BTreeMap<i64, Person>,
    pub kept: Vec<Kept>,
    pub random: TestRng,
    secrets: u32,
    seed: u64,
    steps: Vec<String>,
}

impl<C: Database> Model<C> {
    pub fn new(seed: u64) -> Self {
        let mut connection = C::with_notes();
        let vault = Vault::builder(root_keys()).model::<Note>().users().open(&mut *connection).unwrap();
        // What costs more, in one of four.
        let suite = if seed.is_multiple_of(4) { Suite::XWing } else { Suite::X25519 };
        let accounts = Accounts::new(&vault).unwrap().codes(2).suite(suite);
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        Self {
            connection,
            vault,
            accounts,
            oracle: Oracle::default(),
            people: BTreeMap::new(),
            kept: Vec::new(),
            random: TestRng::from_seed(RngAlgorithm::ChaCha, &bytes),
            secrets: 0,
            seed,
            steps: Vec::new(),
        }
    }

    /// One step of anyone's.
    pub fn step(&mut self) {
        let person = self.random.random_range(1..=PEOPLE);
        match self.random.random_range(0..100) {
            _ if !self.people.contains_key(&person) => self.create(person),
            0..3 => self.create(person),
            3..8 => self.unlock_by_something_wrong(person),
            8..11 => self.recover_by_something_wrong(person),
            _ if !self.is_there(person) => self.resume_something_ended(person),
            _ if self.random.random_bool(0.5) => self.step_in_a_group(person),
            11..35 => self.write(person),
            35..39 => self.unlock(person),
            39..46 => self.change_password(person),
            46..54 => self.recover(person),
            54..58 => self.new_codes(person),
            58..64 => self.rotate_key(person),
            64..74 => self.reseal(person),
            74..82 => self.begin_session(person),
            82..86 => self.resume_session(person),
            86..88 => self.end_session(person),
            88..89 => self.end_sessions(person),
            89..91 => self.resume_something_ended(person),
            91..95 => self.add_or_remove_escrow(person),
            95..98 => self.erase(person),
            _ => self.write(person),
        }
    }

    /// Does `step` and says so, if the sequence fails.
    pub fn said(&mut self, step: String) {
        self.steps.push(step);
    }

    fn any(&mut self, count: usize) -> usize {
        self.random.random_range(0..count)
    }

    fn secret(&mut self, of: i64) -> String {
        self.secrets += 1;
        format!("password {} of {of}", self.secrets)
    }

    pub fn is_there(&self, person: i64) -> bool {
        self.oracle.people.contains(&person)
    }

    /// What must change nothing, and answer as `is_expected` says.
    pub fn refused<T>(
        &mut self,
        call: impl FnOnce(&Accounts, &mut C) -> Result<T, AccountError>,
        is_expected: impl FnOnce(&AccountError) -> bool,
    ) {
        let before = Rows::rows(&mut *self.connection);
        match call(&self.accounts, &mut self.connection) {
            Ok(_) => panic!("it was done"),
            Err(error) => assert!(is_expected(&error), "{error}"),
        }
        assert_eq!(Rows::rows(&mut *self.connection), before, "something was changed");
    }

    fn create(&mut self, id: i64) {
        let password = self.secret(id);
        self.said(format!("create({id})"));
        if self.people.contains_key(&id) {
            let create = |accounts: &Accounts, connection: &mut C| accounts.create(connection, &user(id), &password);
            return self.refused(create, |error| matches!(error, AccountError::Exists));
        }
        let Created { account, codes } = self.accounts.create(&mut *self.connection, &user(id), &password).unwrap();
        let nothing = Vec::new;
        let mut person = Person {
            account,
            password,
            old_passwords: nothing(),
            codes: nothing(),
            used_codes: nothing(),
            sessions: nothing(),
            ended_sessions: nothing(),
            escrow: false,
        };
        person.has_new_codes(&codes);
        self.people.insert(id, person);
        self.oracle.people.insert(id);
    }

    fn write(&mut self, id: i64) {
        let vault = self.people[&id].account.vault(Note::fields());
        self.write_as(Owner::Person(id), &vault);
    }

    pub fn write_as(&mut self, owner: Owner, vault: &Vault) {
        let theirs: Vec<i64> =
            self.oracle.notes.iter().filter(|(_, note)| note.owner == owner).map(|(id, _)| *id).collect();
        let new = self.oracle.notes.len() as i64 + 1;
        let note = if theirs.is_empty() || self.random.random_bool(0.6) { new } else { theirs[self.any(theirs.len())] };
        let (title, body) = (TITLES[self.any(TITLES.len())], format!("secret {}", self.steps.len()));
        self.said(format!("write({owner:?}, {note})"));
        vault.enter(|| {
            let (title, body) = (Encrypted::new(title.to_owned()), Sealed::seal_bound(&body, &note).unwrap());
            self.connection.write(Note { id: note, title, body });
        });
        self.oracle.write(note, owner, title, &body);
    }

    fn unlock(&mut self, id: i64) {
        self.said(format!("unlock({id})"));
        let person = self.people.get_mut(&id).unwrap();
        person.account = self.accounts.unlock(&mut *self.connection, &user(id), &person.password).unwrap();
    }

    /// By an old password, another's, or that of someone who was erased.
    fn unlock_by_something_wrong(&mut self, id: i64) {
        let other = 1 + self.any(PEOPLE as usize) as i64;
        self.said(format!("unlock({id}) by a wrong password, {other}"));
        let (mine, others) = (&self.people[&id], self.people.get(&other));
        let mut wrong: Vec<String> = mine.old_passwords.clone();
        if let Some(others) = others {
            wrong.extend(others.old_passwords.iter().chain([&others.password]).cloned());
        }
        if self.is_there(id) {
            wrong.retain(|password| *password != mine.password);
        }
        let Some(password) = wrong.get(self.any(wrong.len().max(1))).cloned() else { return };
        self.refused(
            |accounts, connection| accounts.unlock(connection, &user(id), &password),
            |error| matches!(error, AccountError::Wrong),
        );
    }

    fn change_password(&mut self, id: i64) {
        let new = self.secret(id);
        self.said(format!("change_password({id}, {new:?})"));
        let person = self.people.get_mut(&id).unwrap();
        let (connection, old) = (&mut *self.connection, &person.password);
        person.account = self.accounts.change_password(connection, &user(id), old, &new).unwrap();
        person.has_new_password(new);
    }

    /// By a code that is left. Every code is another from then on, and the user's key too.
    fn recover(&mut self, id: i64) {
        let new = self.secret(id);
        let count = self.people[&id].codes.len();
        let code = self.any(count);
        let code = RecoveryCode::parse(&self.people[&id].codes[code]).unwrap();
        if self.random.random_bool(0.3) {
            return self.recover_keeping_key(id, &code, new);
        }
        self.said(format!("recover({id}, {new:?})"));
        let recovered = self.accounts.recover(&mut *self.connection, &user(id), &code, &new).unwrap();
        self.people.get_mut(&id).unwrap().has_new_password(new);
        self.has_new_key(id, recovered);
    }

    fn recover_keeping_key(&mut self, id: i64, code: &RecoveryCode, new: String) {
        self.said(format!("recover_keeping_key({id}, {new:?})"));
        let recovered = self.accounts.recover_keeping_key(&mut *self.connection, &user(id), code, &new).unwrap();
        let person = self.people.get_mut(&id).unwrap();
        person.has_new_password(new);
        person.has_new_codes(&recovered.codes);
        person.account = recovered.account;
    }

    /// By a used code, or another's.
    fn recover_by_something_wrong(&mut self, id: i64) {
        let (other, new) = (1 + self.any(PEOPLE as usize) as i64, self.secret(id));
        let mut codes = self.people[&id].used_codes.clone();
        if !self.is_there(id) {
            codes.extend(self.people[&id].codes.iter().cloned());
        }
        if let Some(person) = self.people.get(&other).filter(|_| other != id) {
            codes.extend(person.codes.iter().chain(&person.used_codes).cloned());
        }
        let Some(code) = codes.get(self.any(codes.len().max(1))) else { return };
        self.said(format!("recover({id}) by a wrong code, {other}"));
        let code = RecoveryCode::parse(code).unwrap();
        self.refused(
            |accounts, connection| accounts.recover(connection, &user(id), &code, &new),
            |error| matches!(error, AccountError::Wrong),
        );
    }

    fn new_codes(&mut self, id: i64) {
        self.said(format!("new_codes({id})"));
        let person = self.people.get_mut(&id).unwrap();
        let codes = self.accounts.new_codes(&mut *self.connection, &person.account).unwrap();
        person.has_new_codes(&codes);
    }

    fn rotate_key(&mut self, id: i64) {
        self.said(format!("rotate_key({id})"));
        let person = self.people.get_mut(&id).unwrap();
        let (connection, password) = (&mut *self.connection, &person.password);
        let rotated = self.accounts.rotate_key(connection, &person.account, password).unwrap();
        person.ended_sessions.append(&mut person.sessions);
        self.has_new_key(id, rotated);
    }

    /// What a new key means: someone keeps the one before, which is of no use any more.
    fn has_new_key(&mut self, id: i64, Rotated { account, codes, dropped, .. }: Rotated) {
        let person = self.people.get_mut(&id).unwrap();
        person.has_new_codes(&codes);
        let old = std::mem::replace(&mut person.account, account);
        let escrow = std::mem::take(&mut person.escrow);
        assert_eq!(dropped.len(), usize::from(escrow), "{dropped:?}");
        self.is_stale(&old);
        let owner = Owner::Person(id);
        let (epoch, vault) = (self.oracle.epoch(owner), old.vault(Note::fields()));
        self.kept.push(Kept { owner, epoch, vault, account: Some(old) });
        self.oracle.next_epoch(owner);
    }

    /// An account with a key from before changes nothing.
    fn is_stale(&mut self, old: &Account) {
        let day = Duration::from_secs(86_400);
        let is_changed = |error: &AccountError| matches!(error, AccountError::Changed);
        self.refused(|accounts, connection| accounts.begin_session(connection, old, day), is_changed);
        self.refused(|accounts, connection| accounts.new_codes(connection, old), is_changed);
        self.refused(|accounts, connection| accounts.add_escrow(connection, old), is_changed);
    }

    /// All of theirs is sealed anew, and then the keys before are forgotten.
    fn reseal(&mut self, id: i64) {
        self.said(format!("reseal({id})"));
        let vault = self.people[&id].account.vault(Note::fields());
        let earlier = self.connection.reseal(&self.vault, &vault);
        self.oracle.reseal(Owner::Person(id));
        if self.random.random_bool(0.5) {
            self.said(format!("forget_earlier({id})"));
            let account = &mut self.people.get_mut(&id).unwrap().account;
            self.accounts.forget_earlier(&mut *self.connection, account, &earlier).unwrap();
        }
    }

    fn begin_session(&mut self, id: i64) {
        self.said(format!("begin_session({id})"));
        let person = self.people.get_mut(&id).unwrap();
        let day = Duration::from_secs(86_400);
        let token = self.accounts.begin_session(&mut *self.connection, &person.account, day).unwrap();
        person.sessions.push(token.to_text().to_string());
    }

    fn resume_session(&mut self, id: i64) {
        let person = self.people.get_mut(&id).unwrap();
        let Some(token) = person.sessions.last() else { return };
        let token = SessionToken::parse(token).unwrap();
        person.account = self.accounts.resume_session(&mut *self.connection, &token).unwrap();
        self.said(format!("resume_session({id})"));
    }

    fn resume_something_ended(&mut self, id: i64) {
        let Some(token) = self.people[&id].ended_sessions.last() else { return };
        let token = SessionToken::parse(token).unwrap();
        self.said(format!("resume_session({id}) that has ended"));
        self.refused(
            |accounts, connection| accounts.resume_session(connection, &token),
            |error| matches!(error, AccountError::Session(_)),
        );
    }

    fn end_session(&mut self, id: i64) {
        let person = self.people.get_mut(&id).unwrap();
        let Some(ended) = person.sessions.pop() else { return };
        self.accounts.end_session(&mut *self.connection, &SessionToken::parse(&ended).unwrap()).unwrap();
        person.ended_sessions.push(ended);
        self.said(format!("end_session({id})"));
    }

    fn end_sessions(&mut self, id: i64) {
        self.said(format!("end_sessions({id})"));
        let person = self.people.get_mut(&id).unwrap();
        let ended = self.accounts.end_sessions(&mut *self.connection, &user(id)).unwrap();
        assert_eq!(ended, person.sessions.len());
        person.ended_sessions.append(&mut person.sessions);
    }

    fn add_or_remove_escrow(&mut self, id: i64) {
        self.said(format!("add_escrow or remove_lock({id})"));
        let (person, connection) = (self.people.get_mut(&id).unwrap(), &mut *self.connection);
        if person.escrow {
            let locks = self.accounts.locks(connection, &user(id)).unwrap();
            let escrow = locks.iter().find(|lock| lock.kind == LockKind::Escrow).unwrap();
            self.accounts.remove_lock(connection, &person.account, escrow.id).unwrap();
        } else {
            self.accounts.add_escrow(connection, &person.account).unwrap();
        }
        person.escrow = !person.escrow;
    }

    fn erase(&mut self, id: i64) {
        self.said(format!("erase({id})"));
        let mut groups: Vec<i64> = self.oracle.groups.keys().copied().collect();
        groups.retain(|group| self.oracle.is_member(id, *group) && self.random.random_bool(0.5));
        let groups = groups.into_iter().map(|group| (group, self.open(id, group))).collect();
        let erased = self.accounts.erase(&mut *self.connection, &user(id)).unwrap();
        let person = self.people.get_mut(&id).unwrap();
        let locks = 1 + person.codes.len() + usize::from(person.escrow);
        assert_eq!((erased.locks, erased.sessions), (locks, person.sessions.len()), "{erased}");
        person.ended_sessions.append(&mut person.sessions);
        person.old_passwords.push(person.password.clone());
        person.escrow = false;
        self.oracle.erase(id);
        self.is_gone_from_groups(id, groups);
    }
}

impl<C: Database> Drop for Model<C> {
    /// What to repeat.
    #[allow(clippy::print_stderr, reason = "a test that fails")]
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("ENCRYPTED_MODEL_SEED={}: {} steps: {:#?}", self.seed, self.steps.len(), self.steps);
        }
    }
}
