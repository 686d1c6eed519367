//! What should be: who may read what, in plain sets. Knows nothing of keys.

use std::collections::{BTreeMap, BTreeSet};

/// Whose a note is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    Person(i64),
    Group(i64),
}

/// What a note says, and when it was sealed last: in which of its owner's epochs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    pub owner: Owner,
    pub title: String,
    pub body: String,
    pub epoch: u32,
}

/// What everyone may know. An owner's epoch ends with a new key: what a former member or a former key knows, it knows of
/// the epochs until then.
#[derive(Debug, Default)]
pub struct Oracle {
    /// Who has an account. Someone erased has none, and can have none again.
    pub people: BTreeSet<i64>,
    pub erased: BTreeSet<i64>,
    /// Whom each group is shared with.
    pub groups: BTreeMap<i64, BTreeSet<i64>>,
    pub notes: BTreeMap<i64, Note>,
    epochs: BTreeMap<Owner, u32>,
}

impl Oracle {
    pub fn epoch(&self, owner: Owner) -> u32 {
        self.epochs.get(&owner).copied().unwrap_or(0)
    }

    pub fn next_epoch(&mut self, owner: Owner) {
        *self.epochs.entry(owner).or_default() += 1;
    }

    pub fn write(&mut self, id: i64, owner: Owner, title: &str, body: &str) {
        let (title, body, epoch) = (title.to_owned(), body.to_owned(), self.epoch(owner));
        self.notes.insert(id, Note { owner, title, body, epoch });
    }

    /// All that an owner has is sealed anew.
    pub fn reseal(&mut self, owner: Owner) {
        let epoch = self.epoch(owner);
        self.notes.values_mut().filter(|note| note.owner == owner).for_each(|note| note.epoch = epoch);
    }

    /// What was one owner's is another's.
    pub fn rename(&mut self, was: Owner, is: Owner) {
        self.notes.values_mut().filter(|note| note.owner == was).for_each(|note| note.owner = is);
        let epoch = self.epochs.remove(&was);
        self.epochs.extend(epoch.map(|epoch| (is, epoch)));
    }

    pub fn is_member(&self, person: i64, group: i64) -> bool {
        self.groups.get(&group).is_some_and(|members| members.contains(&person))
    }

    pub fn erase(&mut self, person: i64) {
        self.people.remove(&person);
        self.erased.insert(person);
        for members in self.groups.values_mut() {
            members.remove(&person);
        }
    }

    /// The owners whose notes a person reads.
    pub fn opens(&self, person: i64) -> BTreeSet<Owner> {
        let groups = self.groups.iter().filter(|(_, members)| members.contains(&person));
        let own = self.people.contains(&person).then_some(Owner::Person(person));
        own.into_iter().chain(groups.map(|(group, _)| Owner::Group(*group))).collect()
    }

    /// The notes of some owners.
    pub fn notes_of(&self, owners: &BTreeSet<Owner>) -> BTreeSet<i64> {
        self.notes.iter().filter(|(_, note)| owners.contains(&note.owner)).map(|(id, _)| *id).collect()
    }

    /// The notes that a key reads which an owner had in an epoch.
    pub fn notes_until(&self, owner: Owner, epoch: u32) -> BTreeSet<i64> {
        let theirs = |note: &Note| note.owner == owner && note.epoch <= epoch;
        self.notes.iter().filter(|(_, note)| theirs(note)).map(|(id, _)| *id).collect()
    }
}
