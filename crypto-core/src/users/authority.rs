//! The application's own key in the matter of users: it vouches for their records, and is one of two parts wherever the
//! application and a user are both needed.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::{
    error::AuthorityError,
    held::KeyName,
    holder::{Group, GroupId, Holder, HolderId, User, UserId},
    key::{GroupKey, HolderKey, KeyPlace, UserKey},
    record::{GroupRecord, UserRecord},
};
use crate::{
    keys::{DataKey, HmacSha256, KeyContext, Purpose, RandomError, hmac},
    label::Label,
    random,
};

/// The authority of one application and scope: data keys of the purpose [`Purpose::Users`], one of them active.
pub struct Authority {
    active: DataKey,
    others: Vec<DataKey>,
}

impl Authority {
    /// An authority with one key.
    ///
    /// # Errors
    /// [`AuthorityError::OtherPurpose`] if the key is for something else.
    pub fn new(active: DataKey) -> Result<Self, AuthorityError> {
        check_purpose(&active)?;
        Ok(Self { active, others: Vec::new() })
    }

    /// Adds a key that only checks what it once authenticated.
    ///
    /// # Errors
    /// [`AuthorityError::OtherPurpose`] if the key is for something else, or of another application or scope.
    pub fn with(mut self, other: DataKey) -> Result<Self, AuthorityError> {
        check_purpose(&other)?;
        let place = |key: &DataKey| (key.context().application.clone(), key.context().scope.clone());
        if place(&other) != place(&self.active) {
            return Err(AuthorityError::OtherPurpose);
        }
        self.others.push(other);
        Ok(self)
    }

    /// An authority of keys that are of its purpose, and of one application and scope.
    pub(crate) const fn of(active: DataKey, others: Vec<DataKey>) -> Self {
        Self { active, others }
    }

    /// The id of the key that authenticates what is made from now on.
    #[must_use]
    pub fn key_id(&self) -> u32 {
        self.context().key_id
    }

    /// Whether it has the key of this id: what that key authenticated can be checked, and what it seals be opened.
    #[must_use]
    pub fn has_key(&self, key_id: u32) -> bool {
        self.key(key_id).is_ok()
    }

    /// A new key for `user`. Store its [`record`](Self::record) and a lock of it in one transaction.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn create(&self, user: UserId) -> Result<UserKey, RandomError> {
        self.create_key(user)
    }

    /// A new key for `group`, or for anything else that several users may open. Nothing of it is stored but its
    /// [`group_record`](Self::group_record) and a share for each member.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn create_group(&self, group: GroupId) -> Result<GroupKey, RandomError> {
        self.create_key(group)
    }

    /// The record that names `key` as its user's, and `identity` as the fingerprint of their identity key.
    ///
    /// # Errors
    /// [`AuthorityError::Elsewhere`] if the key is of another application or scope.
    pub fn record(&self, key: &UserKey, identity: Option<[u8; 32]>) -> Result<UserRecord, AuthorityError> {
        let (place, context) = (self.own(key.place())?, self.context());
        let mut record = UserRecord::empty(place.holder.clone());
        (record.authority_key_id, record.key_id, record.version) = (context.key_id, place.key_id, place.version);
        (record.check, record.identity) = (key.check_value(), identity);
        record.mac = self.mac_of(&record);
        Ok(record)
    }

    /// The record that names `key` as its group's. Of a [`successor`](HolderKey::successor), put it in the place of the
    /// record of the key before, if that still stands there.
    ///
    /// # Errors
    /// [`AuthorityError::Elsewhere`] if the key is of another application or scope.
    pub fn group_record(&self, key: &GroupKey) -> Result<GroupRecord, AuthorityError> {
        let (place, context) = (self.own(key.place())?, self.context());
        let mut record = GroupRecord::empty(place.holder.clone());
        (record.authority_key_id, record.key_id, record.version) = (context.key_id, place.key_id, place.version);
        record.check = key.check_value();
        record.mac = self.mac_of_group(&record);
        Ok(record)
    }

    /// Checks a record's MAC: the user whom it speaks of.
    ///
    /// # Errors
    /// [`AuthorityError`] if the record was altered, moved from another place, or made under a key that is not here.
    pub fn authenticate(&self, record: &UserRecord) -> Result<KnownUser, AuthorityError> {
        let key = self.key(record.authority_key_id)?;
        let context = self.context();
        let expected = record.expected_mac(&record_mac(key), &context.application, context.scope.as_deref());
        if !bool::from(expected.ct_eq(&record.mac)) {
            return Err(AuthorityError::AlteredRecord);
        }
        let place = self.place(record.user.clone(), record.key_id, record.version);
        Ok(KnownUser { place, check: record.check, identity: record.identity })
    }

    /// Checks a record's MAC: the name of the group's key.
    ///
    /// It says nothing of who is a member, and an older record of the same group is as authentic: nothing but the table
    /// says which is the newest.
    ///
    /// # Errors
    /// [`AuthorityError`] if the record was altered, moved from another place, or made under a key that is not here.
    pub fn authenticate_group(&self, record: &GroupRecord) -> Result<KeyName<Group>, AuthorityError> {
        let key = self.key(record.authority_key_id)?;
        let context = self.context();
        let expected = record.expected_mac(&record_mac(key), &context.application, context.scope.as_deref());
        if !bool::from(expected.ct_eq(&record.mac)) {
            return Err(AuthorityError::AlteredRecord);
        }
        Ok(KeyName::new(self.place(record.group.clone(), record.key_id, record.version), record.check))
    }

    /// The tenant whose users it speaks of, if there is one.
    #[must_use]
    pub fn scope(&self) -> Option<&[u8]> {
        self.context().scope.as_deref()
    }

    /// The MAC of a record by the active key.
    pub(super) fn mac_of(&self, record: &UserRecord) -> [u8; 32] {
        record.expected_mac(&record_mac(&self.active), &self.context().application, self.scope())
    }

    /// The MAC of a group's record by the active key.
    pub(super) fn mac_of_group(&self, record: &GroupRecord) -> [u8; 32] {
        record.expected_mac(&record_mac(&self.active), &self.context().application, self.scope())
    }

    fn create_key<H: Holder>(&self, holder: HolderId<H>) -> Result<HolderKey<H>, RandomError> {
        HolderKey::generate(self.place(holder, random::id()?, 1))
    }

    /// A place in this application and scope.
    fn place<H>(&self, holder: HolderId<H>, key_id: u32, version: u32) -> KeyPlace<H> {
        let KeyContext { application, scope, .. } = self.context();
        let (application, scope) = (application.clone(), scope.clone());
        KeyPlace { application, scope, holder, key_id, version }
    }

    /// The place, if it is in this application and scope.
    fn own<'a, H>(&self, place: &'a KeyPlace<H>) -> Result<&'a KeyPlace<H>, AuthorityError> {
        let KeyContext { application, scope, .. } = self.context();
        let own = (&place.application, &place.scope) == (application, scope);
        if own { Ok(place) } else { Err(AuthorityError::Elsewhere) }
    }

    pub(super) fn context(&self) -> &KeyContext {
        self.active.context()
    }

    pub(super) const fn active(&self) -> &DataKey {
        &self.active
    }

    /// The key of this id.
    pub(super) fn key(&self, id: u32) -> Result<&DataKey, AuthorityError> {
        std::iter::once(&self.active)
            .chain(&self.others)
            .find(|key| key.context().key_id == id)
            .ok_or(AuthorityError::UnknownKey { key_id: id })
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Authority({:?} and {} others)", self.active, self.others.len())
    }
}

fn check_purpose(key: &DataKey) -> Result<(), AuthorityError> {
    if key.context().purpose == Purpose::Users { Ok(()) } else { Err(AuthorityError::OtherPurpose) }
}

fn record_mac(key: &DataKey) -> HmacSha256 {
    hmac(key.users_subkey(Label::UserRecord).expose_bytes())
}

/// A user whom the application's key vouched for: which key is theirs.
#[derive(Clone, PartialEq, Eq)]
pub struct KnownUser {
    pub(super) place: KeyPlace<User>,
    pub(super) check: [u8; 32],
    pub(super) identity: Option<[u8; 32]>,
}

impl KnownUser {
    /// The user.
    #[must_use]
    pub const fn id(&self) -> &UserId {
        &self.place.holder
    }

    /// Which key is theirs.
    #[must_use]
    pub const fn place(&self) -> &KeyPlace<User> {
        &self.place
    }

    /// The fingerprint of their identity key, once they have one.
    #[must_use]
    pub const fn identity(&self) -> Option<&[u8; 32]> {
        self.identity.as_ref()
    }
}

impl fmt::Debug for KnownUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownUser({:?})", self.place)
    }
}
