//! What people do with groups, at random.

use diesel_encrypted::EncryptedModel;
use diesel_encrypted::accounts::{AccountError, Accounts, OpenGroup};
use diesel_encrypted::users::GroupId;
use proptest::prelude::RngExt as _;

use super::notes::{Database, Note};
use super::oracle::Owner;
use super::steps::{Kept, Model, PEOPLE};
use crate::world::user;

/// How many groups there can be.
const GROUPS: i64 = 4;

impl<C: Database> Model<C> {
    /// One step of a person's in a group, theirs or not.
    pub fn step_in_a_group(&mut self, id: i64) {
        let group = self.random.random_range(1..=GROUPS);
        let other = self.random.random_range(1..=PEOPLE);
        match self.random.random_range(0..100) {
            0..8 => self.create_group(id, group),
            _ if !self.oracle.groups.contains_key(&group) => self.share(id, group, other),
            _ if !self.oracle.is_member(id, group) => self.stays_outside(id, group, other),
            8..30 => self.share(id, group, other),
            30..60 => self.write_in_a_group(id, group),
            60..78 => self.revoke(id, group, other),
            78..84 => self.leave(id, group),
            84..90 => self.reseal_a_group(id, group),
            90..94 => self.renew_group(id, group),
            94..97 => self.rotate_key_pair(id),
            _ => self.change_identity(id),
        }
    }

    /// A group that a member opens.
    pub fn open(&mut self, id: i64, group: i64) -> OpenGroup {
        self.accounts.group(&mut *self.connection, &self.people[&id].account, &group_id(group)).unwrap()
    }

    /// What `id` is refused, and changes nothing.
    fn group_refused<T>(
        &mut self,
        id: i64,
        call: impl FnOnce(&Accounts, &mut C, &diesel_encrypted::accounts::Account) -> Result<T, AccountError>,
        is_expected: impl FnOnce(&AccountError) -> bool,
    ) {
        let person = self.people.remove(&id).unwrap();
        self.refused(|accounts, connection| call(accounts, connection, &person.account), is_expected);
        self.people.insert(id, person);
    }

    fn create_group(&mut self, id: i64, group: i64) {
        self.said(format!("create_group({id}, {group})"));
        let name = group_id(group);
        if let Some(members) = self.oracle.groups.get(&group) {
            if !members.is_empty() {
                self.group_refused(
                    id,
                    |accounts, connection, account| accounts.create_group(connection, account, &name),
                    |error| matches!(error, AccountError::Exists),
                );
            }
            return;
        }
        let account = &self.people[&id].account;
        self.accounts.create_group(&mut *self.connection, account, &name).map(drop).unwrap();
        self.oracle.groups.insert(group, [id].into());
    }

    /// With anyone, who may not be there. Of a group that is not there, makes it.
    fn share(&mut self, id: i64, group: i64, with: i64) {
        self.said(format!("share({id}, {group}, {with})"));
        let name = group_id(group);
        if self.oracle.is_member(id, group) {
            self.open(id, group);
        }
        if !self.is_there(with) {
            return self.group_refused(
                id,
                |accounts, connection, account| accounts.share(connection, account, &name, &user(with)),
                |error| matches!(error, AccountError::UnknownUser),
            );
        }
        let account = &self.people[&id].account;
        self.accounts.share(&mut *self.connection, account, &name, &user(with)).map(drop).unwrap();
        self.oracle.groups.entry(group).or_default().extend([id, with]);
    }

    /// Whoever is not a member opens nothing, and adds and removes nobody.
    fn stays_outside(&mut self, id: i64, group: i64, other: i64) {
        self.said(format!("{id} is not in {group}, {other}"));
        let (name, other) = (group_id(group), user(other));
        let is_not_member = |error: &AccountError| matches!(error, AccountError::NotMember);
        match self.random.random_range(0..3) {
            0 => self.group_refused(id, |a, c, account| a.group(c, account, &name), is_not_member),
            1 => self.group_refused(id, |a, c, account| a.share(c, account, &name, &other), is_not_member),
            _ => self.group_refused(id, |a, c, account| a.revoke(c, account, &name, &other), is_not_member),
        }
    }

    fn write_in_a_group(&mut self, id: i64, group: i64) {
        let vault = self.open(id, group).vault(Note::fields());
        self.write_as(Owner::Group(group), &vault);
    }

    /// Someone who is removed keeps, half of the time, the key that they have opened.
    fn revoke(&mut self, id: i64, group: i64, from: i64) {
        self.said(format!("revoke({id}, {group}, {from})"));
        let (name, whom) = (group_id(group), user(from));
        if id == from {
            self.open(id, group);
            return self.group_refused(
                id,
                |accounts, connection, account| accounts.revoke(connection, account, &name, &whom),
                |error| matches!(error, AccountError::Oneself),
            );
        }
        let is_member = self.oracle.is_member(from, group);
        let opened = (is_member && self.random.random_bool(0.5)).then(|| self.open(from, group));
        let account = &self.people[&id].account;
        self.accounts.revoke(&mut *self.connection, account, &name, &whom).map(drop).unwrap();
        if is_member {
            self.oracle.groups.get_mut(&group).unwrap().remove(&from);
            self.keeps(from, group, opened, id);
        }
    }

    /// What someone has opened who is no member any more is of no use for what follows: they read on what is not sealed
    /// anew, and add nobody.
    fn keeps(&mut self, id: i64, group: i64, opened: Option<OpenGroup>, other: i64) {
        let (owner, next) = (Owner::Group(group), user(other));
        if let Some(opened) = opened {
            self.group_refused(
                id,
                |accounts, connection, account| accounts.add(connection, account, &opened, &next),
                |error| matches!(error, AccountError::Changed | AccountError::NotMember),
            );
            let vault = opened.vault(Note::fields());
            self.kept.push(Kept { owner, epoch: self.oracle.epoch(owner), vault, account: None });
        }
        self.oracle.next_epoch(owner);
    }

    /// The same members have another key: what was opened before is of as little use as after a removal.
    fn renew_group(&mut self, id: i64, group: i64) {
        self.said(format!("renew_group({id}, {group})"));
        let (left, opened) = (self.open(id, group), self.open(id, group));
        let account = &self.people[&id].account;
        let next = self.accounts.renew_group(&mut *self.connection, account, left).unwrap();
        assert_eq!(next.key().place().version(), opened.key().place().version() + 1);
        self.keeps(id, group, Some(opened), id);
    }

    fn leave(&mut self, id: i64, group: i64) {
        self.said(format!("leave({id}, {group})"));
        let (left, opened) = (self.open(id, group), self.open(id, group));
        let account = &self.people[&id].account;
        let stay = self.accounts.leave(&mut *self.connection, account, left).unwrap();
        let members = self.oracle.groups.get_mut(&group).unwrap();
        members.remove(&id);
        assert_eq!(stay, members.len(), "who stays");
        self.keeps(id, group, Some(opened), id);
        if stay == 0 {
            self.has_ended(group);
        }
    }

    /// What was a group's is nobody's, and another group can have its name.
    fn has_ended(&mut self, group: i64) {
        let [was, is] = [group, -i64::try_from(self.kept.len()).unwrap()].map(Owner::Group);
        self.oracle.rename(was, is);
        self.oracle.groups.remove(&group);
        self.kept.iter_mut().filter(|kept| kept.owner == was).for_each(|kept| kept.owner = is);
    }

    fn reseal_a_group(&mut self, id: i64, group: i64) {
        self.said(format!("reseal({id}, group {group})"));
        let vault = self.open(id, group).vault(Note::fields());
        self.connection.reseal(&self.vault, &vault);
        self.oracle.reseal(Owner::Group(group));
    }

    fn rotate_key_pair(&mut self, id: i64) {
        self.said(format!("rotate_key_pair({id})"));
        let account = &mut self.people.get_mut(&id).unwrap().account;
        self.accounts.rotate_key_pair(&mut *self.connection, account).unwrap();
    }

    fn change_identity(&mut self, id: i64) {
        self.said(format!("change_identity({id})"));
        let account = &mut self.people.get_mut(&id).unwrap().account;
        self.accounts.change_identity(&mut *self.connection, account).unwrap();
    }

    /// Someone erased who has a group open adds nobody to it.
    pub fn is_gone_from_groups(&mut self, id: i64, groups: Vec<(i64, OpenGroup)>) {
        for (group, opened) in groups {
            let others = self.oracle.people.iter().copied().find(|other| !self.oracle.is_member(*other, group));
            if let Some(other) = others {
                self.group_refused(
                    id,
                    |accounts, connection, account| accounts.add(connection, account, &opened, &user(other)),
                    |error| matches!(error, AccountError::Changed | AccountError::NotMember),
                );
            }
            let (owner, vault) = (Owner::Group(group), opened.vault(Note::fields()));
            // No key is made for this: with the group's next one the epoch ends.
            self.kept.push(Kept { owner, epoch: self.oracle.epoch(owner), vault, account: None });
        }
    }
}

pub fn group_id(group: i64) -> GroupId {
    GroupId::of(&group).unwrap()
}
