//! Someone who has the whole database, the application's root key, and a secret: opens whatever that opens, straight from
//! the rows, and tries every value.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use diesel_encrypted::accounts::models::{EarlierKeyRow, GroupKeyRow, KeyPairRow};
use diesel_encrypted::users::{
    Authority, Contact, EncryptionPublicKey, Group, GroupId, GroupKey, Holder, HolderId, HolderKey, IdentityChange,
    KeyName, KnownUser, Lock, LockId, Member, PasswordCost, PublicKeys, RecoveryCode, SealedMember, SessionToken,
    Suite, UserId, UserKey, UserRecord,
};
use diesel_encrypted::{EncryptedModel, Field, Owner, Vault};

use super::notes::{Note, Tables};

/// In `holder_kind`.
const USER: i64 = 1;
const GROUP: i64 = 2;

/// What notes say, as they were read.
pub type Read = BTreeMap<i64, (String, String)>;

pub struct Attacker<'t> {
    pub tables: &'t Tables,
    pub authority: Arc<Authority>,
}

/// Keys that one key leads to.
#[derive(Default)]
pub struct Keys {
    pub users: Vec<UserKey>,
    pub groups: Vec<GroupKey>,
}

impl Attacker<'_> {
    /// The user of this id, as their record says.
    pub fn known(&self, id: &[u8]) -> Option<KnownUser> {
        let row = self.tables.users.iter().find(|row| row.user_id == id)?;
        let mut record = UserRecord::empty(UserId::stored(id)?);
        record.authority_key_id = number(row.authority_key_id);
        (record.key_id, record.version) = (number(row.key_id), number(row.version));
        (record.check, record.mac) = (array(&row.check_value), array(&row.mac));
        record.identity = row.identity.as_deref().map(array);
        Some(self.authority.authenticate(&record).unwrap())
    }

    /// The locks of a user.
    pub fn locks(&self, id: &[u8]) -> impl Iterator<Item = Lock> {
        let theirs = self.tables.locks.iter().filter(move |row| row.user_id == id);
        theirs.map(|row| Lock::stored(LockId::new(array(&row.lock_id)), row.lock_bytes.clone()))
    }

    /// What a password opens of a user's locks.
    pub fn by_password(&self, id: &[u8], password: &str) -> Vec<UserKey> {
        let Some(known) = self.known(id) else { return Vec::new() };
        let open = |lock: Lock| lock.open_with_password(&known, password, PasswordCost::ARGON2ID);
        self.locks(id).filter_map(|lock| open(lock).ok()).map(|unlocked| unlocked.key).collect()
    }

    /// What a code opens of a user's locks, each of which it is tried at.
    pub fn by_code(&self, id: &[u8], code: &str) -> Vec<UserKey> {
        let (Some(known), code) = (self.known(id), RecoveryCode::parse(code).unwrap()) else { return Vec::new() };
        self.locks(id).filter_map(|lock| lock.open_with_recovery_code(&known, &code).ok()).collect()
    }

    /// What a cookie opens of all sessions.
    pub fn by_token(&self, token: &str) -> Vec<UserKey> {
        let token = SessionToken::parse(token).unwrap();
        let resume = |known: KnownUser, session: &[u8]| {
            self.authority.resume_session(&known, &token, session, std::time::SystemTime::now()).ok()
        };
        let sessions = self.tables.sessions.iter();
        sessions.filter_map(|row| resume(self.known(&row.user_id)?, &row.session_bytes)).collect()
    }

    /// What the application opens by itself.
    pub fn by_escrow(&self, id: &[u8]) -> Vec<UserKey> {
        let Some(known) = self.known(id) else { return Vec::new() };
        self.locks(id).filter_map(|lock| self.authority.open_escrow(&known, &lock).ok()).collect()
    }

    /// All keys that a user's key leads to, whatever row they are in.
    pub fn follow(&self, key: &UserKey) -> Keys {
        let mut keys = Keys { users: self.earlier(key, USER), groups: Vec::new() };
        for key in keys.users.iter().chain([key]) {
            for opened in self.group_keys(key) {
                if !keys.groups.iter().any(|known| known.place() == opened.place()) {
                    keys.groups.extend(self.earlier(&opened, GROUP));
                    keys.groups.push(opened);
                }
            }
        }
        keys
    }

    /// The keys before a key, and those before them, tried at every row.
    pub fn earlier<H: Holder>(&self, key: &HolderKey<H>, kind: i64) -> Vec<HolderKey<H>> {
        let mut opened: Vec<HolderKey<H>> = Vec::new();
        let mut at = 0;
        while at <= opened.len() {
            let above = if at == 0 { key } else { &opened[at - 1] };
            let open = |row: &EarlierKeyRow| above.open_earlier(&name(above, row)?, &row.held).ok();
            let found: Vec<_> = self.tables.earlier_keys.iter().filter(|row| row.holder_kind == kind).collect();
            let found: Vec<_> = found.into_iter().filter_map(open).collect();
            opened.extend(found);
            at += 1;
        }
        opened
    }

    /// The private keys that a user's key opens, of whatever row.
    pub fn private_keys(&self, key: &UserKey) -> Vec<Member> {
        self.tables.key_pairs.iter().filter_map(|row| member(key, row)).collect()
    }

    /// The groups' keys in every row that a user's key opens, or a private key under it.
    fn group_keys(&self, key: &UserKey) -> Vec<GroupKey> {
        let members = self.private_keys(key);
        let mut opened = Vec::new();
        for row in &self.tables.group_keys {
            for name in self.names(key, row) {
                opened.extend(row.copy.as_ref().and_then(|copy| key.open_group_key(&name, copy).ok()));
                let Some(share) = &row.share else { continue };
                for sender in self.contacts(&row.sender_id) {
                    opened.extend(members.iter().filter_map(|member| member.open_share(&name, &sender, share).ok()));
                }
            }
        }
        opened
    }

    /// The names that the key in a row can have: of the group's present key, and of those before it.
    fn names(&self, beside: &UserKey, row: &GroupKeyRow) -> Vec<KeyName<Group>> {
        let present = self.tables.groups.iter().filter(|group| group.group_id == row.group_id);
        let present = present.map(|group| (group.key_id, group.version, &group.check_value));
        let earlier = self.tables.earlier_keys.iter();
        let earlier = earlier.filter(|key| key.holder_kind == GROUP && key.holder_id == row.group_id);
        let earlier = earlier.map(|key| (key.key_id, key.version, &key.check_value));
        let name = |(key_id, version, check): (i64, i64, &Vec<u8>)| {
            let group = GroupId::stored(&row.group_id).unwrap();
            KeyName::stored(beside.place(), group, number(key_id), number(version), array(check))
        };
        present.chain(earlier).map(name).collect()
    }

    /// Who someone is, and was before each change of their identity.
    fn contacts(&self, id: &[u8]) -> Vec<Contact> {
        let row = self.tables.key_pairs.iter().find(|row| row.user_id == id).unwrap();
        let known = self.known(id).unwrap();
        let mut contacts = vec![public(row).verify(&known).unwrap()];
        let mut changes: Vec<_> = self.tables.identity_changes.iter().filter(|row| row.user_id == id).collect();
        changes.sort_by_key(|row| std::cmp::Reverse(row.sequence));
        for row in changes {
            let change = IdentityChange::from_bytes(&array(&row.change_bytes));
            contacts.push(contacts.last().unwrap().before(&known, &change).unwrap());
        }
        contacts
    }

    /// What of all notes these vaults open.
    pub fn read(&self, vaults: &[Vault]) -> Read {
        let mut read = Read::new();
        let (title_of, body_of) = fields();
        for (id, title, body) in &self.tables.notes {
            for vault in vaults {
                let title = vault.open::<String>(title_of, title).ok();
                let body = vault.open_bound::<String>(body_of, body, &Owner::of(id).unwrap()).ok();
                assert_eq!(title.is_some(), body.is_some(), "one of the two values of note {id} opens");
                read.extend(title.zip(body).map(|opened| (*id, opened)));
            }
        }
        read
    }

    /// Tries every value at every vault as if it were of the vault's key, and every body at every row: what is refused is
    /// refused for the key, and not for the number that names it.
    pub fn force(&self, keys: &[(u32, Vault)], may: &BTreeSet<i64>) {
        let (title_of, body_of) = fields();
        for (id, title, body) in &self.tables.notes {
            for (key_id, vault) in keys {
                let (title, body) = (renamed(title, *key_id), renamed(body, *key_id));
                let opened = vault.open::<String>(title_of, &title).is_ok();
                let opened = opened || vault.open_bound::<String>(body_of, &body, &Owner::of(id).unwrap()).is_ok();
                assert!(!opened || may.contains(id), "note {id} opens with key {key_id:08x}, under its name");
                for (other, _, _) in self.tables.notes.iter().filter(|(other, ..)| other != id) {
                    let moved = vault.open_bound::<String>(body_of, &body, &Owner::of(other).unwrap());
                    assert!(moved.is_err(), "the body of note {id} opens in the row of {other}");
                }
            }
        }
    }
}

/// The fields of a title and a body.
pub fn fields() -> (&'static Field, &'static Field) {
    let [title, body] = Note::fields() else { panic!("two fields") };
    (title, body)
}

/// A value with another key's id in its header (docs/format.md: behind the slots and the algorithm).
fn renamed(sealed: &[u8], key_id: u32) -> Vec<u8> {
    let mut renamed = sealed.to_vec();
    let at = 5 + 15 * usize::from(sealed[1]);
    renamed[at..at + 4].copy_from_slice(&key_id.to_be_bytes());
    renamed
}

fn name<H: Holder>(beside: &HolderKey<H>, row: &EarlierKeyRow) -> Option<KeyName<H>> {
    let holder = HolderId::stored(&row.holder_id)?;
    let (key_id, version) = (number(row.key_id), number(row.version));
    Some(KeyName::stored(beside.place(), holder, key_id, version, array(&row.check_value)))
}

fn member(key: &UserKey, row: &KeyPairRow) -> Option<Member> {
    let (encryption, identity) = (row.sealed_private_key.clone()?, row.sealed_identity.clone()?);
    Member::open(key, &public(row), &SealedMember { encryption, identity }).ok()
}

fn public(row: &KeyPairRow) -> PublicKeys {
    let suite = Suite::from_u8(u8::try_from(row.suite).unwrap()).unwrap();
    let encryption = EncryptionPublicKey::new(suite, row.public_key.clone());
    PublicKeys { encryption, identity: array(&row.identity_key), signature: array(&row.signature) }
}

fn number(stored: i64) -> u32 {
    u32::try_from(stored).unwrap()
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap()
}
