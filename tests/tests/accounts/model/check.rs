//! Whether what is agrees with what should be: everyone reads exactly what they should, and an attacker with the database,
//! the application's root key and every other secret reads nothing more.

use std::collections::BTreeSet;

use diesel_encrypted::users::{Holder, HolderKey, UserKey};
use diesel_encrypted::{EncryptedModel, ValueError, Vault};
use proptest::prelude::RngExt as _;

use super::attacker::{Attacker, Keys, Read, fields};
use super::groups::group_id;
use super::notes::{Database, Note};
use super::oracle::Owner;
use super::steps::Model;
use crate::world::user;

impl<C: Database> Model<C> {
    /// After each step: by every code, cookie and key of everyone, and now and then by a password.
    pub fn check(&mut self) {
        let tables = self.connection.tables();
        let attacker = Attacker { tables: &tables, authority: self.vault.authority().unwrap() };
        self.check_locks(&attacker);
        self.check_keys(&attacker);
        self.check_kept(&attacker);
        check_application(&attacker, &self.vault);
        self.check_a_password(&attacker);
        self.check_a_person();
    }

    /// At the end of a sequence: by everyone's password, and the one before.
    pub fn check_passwords(&mut self) {
        let tables = self.connection.tables();
        let attacker = Attacker { tables: &tables, authority: self.vault.authority().unwrap() };
        for (id, person) in &self.people {
            let opened = attacker.by_password(user(*id).as_bytes(), &person.password);
            assert_eq!(opened.len(), usize::from(self.oracle.people.contains(id)), "the password of {id}");
            assert!(opened.iter().all(|key| is_same(key, person.account.key())));
            if let Some(password) = person.old_passwords.last() {
                assert!(attacker.by_password(user(*id).as_bytes(), password).is_empty(), "{password:?} of {id}");
            }
        }
    }

    /// Now and then, as it takes long: someone's password, at someone's locks.
    fn check_a_password(&mut self, attacker: &Attacker<'_>) {
        let people: Vec<i64> = self.people.keys().copied().collect();
        let [whose, at] = [(); 2].map(|()| people[self.random.random_range(0..people.len())]);
        if self.random.random_bool(0.9) {
            return;
        }
        let opened = attacker.by_password(user(at).as_bytes(), &self.people[&whose].password);
        assert_eq!(opened.len(), usize::from(whose == at && self.oracle.people.contains(&at)), "{whose}'s at {at}'s");
    }

    /// A code that is left opens its user's key. A used one, another's, and every one of someone erased opens nothing.
    fn check_locks(&mut self, attacker: &Attacker<'_>) {
        // All at one other's, who is another after each step.
        let other = self.people.keys().copied().nth(self.random.random_range(0..self.people.len()));
        for (id, person) in &self.people {
            let is_there = self.oracle.people.contains(id);
            for code in &person.codes {
                let opened = attacker.by_code(user(*id).as_bytes(), code);
                assert_eq!(opened.len(), usize::from(is_there), "a code of {id}");
                assert!(opened.iter().all(|key| is_same(key, person.account.key())));
            }
            for code in &person.used_codes {
                assert!(attacker.by_code(user(*id).as_bytes(), code).is_empty(), "a used code of {id}");
            }
            if let Some(other) = other.filter(|other| other != id) {
                let codes = person.codes.iter().chain(&person.used_codes);
                let opened: Vec<UserKey> =
                    codes.flat_map(|code| attacker.by_code(user(other).as_bytes(), code)).collect();
                assert!(opened.is_empty(), "a code of {id} opens the key of {other}");
            }
            for token in &person.sessions {
                let opened = attacker.by_token(token);
                assert!(opened.len() == 1 && is_same(&opened[0], person.account.key()), "a session of {id}");
            }
            for token in &person.ended_sessions {
                assert!(attacker.by_token(token).is_empty(), "a session of {id} that has ended");
            }
            let opened = attacker.by_escrow(user(*id).as_bytes());
            assert_eq!(opened.len(), usize::from(person.escrow), "the escrow of {id}");
            assert!(opened.iter().all(|key| is_same(key, person.account.key())));
            let locks = if is_there { 1 + person.codes.len() + usize::from(person.escrow) } else { 0 };
            assert_eq!(attacker.locks(user(*id).as_bytes()).count(), locks, "the locks of {id}");
        }
    }

    /// What each user's key leads to is what its user should read, and nothing else. The key of someone erased is not to be
    /// had: it is here for what it would lead to.
    fn check_keys(&mut self, attacker: &Attacker<'_>) {
        let forced = self.random.random_range(0..self.people.len());
        for (at, (id, person)) in self.people.iter().enumerate() {
            let keys = attacker.follow(person.account.key());
            let members = attacker.private_keys(person.account.key());
            assert_eq!(members.len(), usize::from(self.oracle.people.contains(id)), "the private keys of {id}");
            if !self.oracle.people.contains(id) {
                assert!(keys.users.is_empty() && keys.groups.is_empty(), "something is left of {id}");
                continue;
            }
            let opens = self.oracle.opens(*id);
            let groups: BTreeSet<_> = keys.groups.iter().map(|key| key.place().holder().as_bytes().to_vec()).collect();
            let of_group = |owner: &Owner| match owner {
                Owner::Person(_) => None,
                Owner::Group(group) => Some(group_id(*group).as_bytes().to_vec()),
            };
            assert_eq!(groups, opens.iter().filter_map(of_group).collect(), "the groups of {id}");
            let vaults = vaults(person.account.key(), &keys);
            let opened = attacker.read(&vaults.iter().map(|(_, vault)| vault.clone()).collect::<Vec<_>>());
            assert_eq!(opened, self.should_read(&self.oracle.notes_of(&opens)), "what {id} reads");
            if at == forced {
                attacker.force(&vaults, &opened.keys().copied().collect());
            }
        }
    }

    /// Who keeps a key that was replaced reads what was sealed until then, and is not sealed anew.
    fn check_kept(&self, attacker: &Attacker<'_>) {
        for kept in &self.kept {
            if let Some(account) = &kept.account {
                let keys = attacker.follow(account.key());
                assert!(keys.groups.is_empty(), "a key before {:?}'s opens a group's", kept.owner);
                assert!(attacker.private_keys(account.key()).is_empty(), "a key before {:?}'s", kept.owner);
            }
            let opened = attacker.read(std::slice::from_ref(&kept.vault));
            let until = self.oracle.notes_until(kept.owner, kept.epoch);
            assert_eq!(opened, self.should_read(&until), "by a key of {:?} until epoch {}", kept.owner, kept.epoch);
        }
    }

    /// A person reads through the library what the oracle says, and finds their own by a title.
    fn check_a_person(&mut self) {
        let people: Vec<i64> = self.oracle.people.iter().copied().collect();
        if people.is_empty() {
            return;
        }
        let id = people[self.random.random_range(0..people.len())];
        for owner in self.oracle.opens(id) {
            let vault = self.vault_of(id, owner);
            let should = self.should_read(&self.oracle.notes_of(&[owner].into()));
            let ids: Vec<i64> = should.keys().copied().collect();
            let connection = &mut self.connection;
            let read: Read = vault.enter(|| {
                let notes = connection.read(&ids);
                let opened = |note: Note| (note.id, (note.title.into_inner(), note.body.open_bound(&note.id).unwrap()));
                notes.into_iter().map(opened).collect()
            });
            assert_eq!(read, should, "what {id} reads of {owner:?}");
            let title = "milk";
            let with_title = should.iter().filter(|(_, (found, _))| found == title).map(|(id, _)| *id);
            assert_eq!(vault.enter(|| connection.find(title)), with_title.collect::<Vec<_>>(), "what {id} finds");
        }
    }

    /// The vault in which a person reads what belongs to an owner.
    fn vault_of(&mut self, id: i64, owner: Owner) -> Vault {
        let Owner::Group(group) = owner else { return self.people[&id].account.vault(Note::fields()) };
        let opened = self.open(id, group);
        let members = self.accounts.members(&mut *self.connection, &opened).unwrap();
        let members: BTreeSet<_> = members.iter().map(|member| member.as_bytes().to_vec()).collect();
        let should = self.oracle.groups[&group].iter().map(|member| user(*member).as_bytes().to_vec()).collect();
        assert_eq!(members, should, "the members of {group}");
        opened.vault(Note::fields())
    }

    fn should_read(&self, ids: &BTreeSet<i64>) -> Read {
        let note = |id: &i64| {
            let note = &self.oracle.notes[id];
            (*id, (note.title.clone(), note.body.clone()))
        };
        ids.iter().map(note).collect()
    }
}

/// The application's own keys open nothing.
fn check_application(attacker: &Attacker<'_>, vault: &Vault) {
    for (id, title, _) in &attacker.tables.notes {
        let refused = vault.open::<String>(fields().0, title);
        assert!(matches!(refused, Err(ValueError::OtherHolder { .. })), "note {id}: {refused:?}");
    }
    assert!(attacker.read(std::slice::from_ref(vault)).is_empty());
}

/// A vault of each key alone, by the key's id.
fn vaults(key: &UserKey, keys: &Keys) -> Vec<(u32, Vault)> {
    fn of<H: Holder>(key: &HolderKey<H>) -> (u32, Vault) {
        (key.place().key_id(), key.vault(&[], Note::fields()))
    }
    keys.users.iter().chain([key]).map(of).chain(keys.groups.iter().map(of)).collect()
}

fn is_same(one: &UserKey, other: &UserKey) -> bool {
    one.place() == other.place() && one.check_value() == other.check_value()
}
