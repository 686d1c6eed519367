//! What an earlier key of the authority vouched for, or was a part of, brought to the key of now, without the user.
//!
//! It is checked by the earlier key first. Whoever had that key may have made what they liked with it: renewing takes over
//! what it vouched for, and tells forged from true no better than the key did.

use super::{
    authority::{Authority, KnownUser},
    error::{AuthorityError, UnlockError},
    lock::Lock,
    record::{GroupRecord, UserRecord},
};
use crate::format::{FormatError, lock::LockKind};

impl Authority {
    /// The same record, by the active key.
    ///
    /// # Errors
    /// As [`authenticate`](Self::authenticate).
    pub fn renew(&self, record: &UserRecord) -> Result<UserRecord, AuthorityError> {
        self.authenticate(record)?;
        let mut renewed = UserRecord { authority_key_id: self.key_id(), ..record.clone() };
        renewed.mac = self.mac_of(&renewed);
        Ok(renewed)
    }

    /// The same record of a group, by the active key.
    ///
    /// # Errors
    /// As [`authenticate_group`](Self::authenticate_group).
    pub fn renew_group(&self, record: &GroupRecord) -> Result<GroupRecord, AuthorityError> {
        self.authenticate_group(record)?;
        let mut renewed = GroupRecord { authority_key_id: self.key_id(), ..record.clone() };
        renewed.mac = self.mac_of_group(&renewed);
        Ok(renewed)
    }

    /// An escrow lock of the same key that the active key opens, under a new id.
    ///
    /// A lock of questions cannot be renewed: it needs the answers.
    ///
    /// # Errors
    /// As [`open_escrow`](Self::open_escrow) and [`escrow`](Self::escrow).
    pub fn renew_escrow(&self, user: &KnownUser, lock: &Lock) -> Result<Lock, UnlockError> {
        self.escrow(&self.open_escrow(user, lock)?)
    }
}

impl Lock {
    /// The id of the authority's key that is needed to open it, where one is: of escrow, and of questions.
    ///
    /// # Errors
    /// [`FormatError`] if the bytes are no lock.
    pub fn authority_key_id(&self) -> Result<Option<u32>, FormatError> {
        let parts = self.parts()?;
        let id = parts.tail.first_chunk().map(|id| u32::from_be_bytes(*id));
        Ok(id.filter(|_| matches!(parts.kind, LockKind::Escrow | LockKind::Questions)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        keys::{DataKey, KeyContext, Purpose},
        users::{GroupId, PasswordCost, UserId},
    };

    fn key(id: u32) -> KeyContext {
        KeyContext::new("notes".into(), id, Purpose::Users, id, String::new(), None)
    }

    /// An authority before and after its key was rotated, and one that never had the first key.
    fn authorities() -> [Authority; 3] {
        let [first, second] = [1, 2].map(|id| DataKey::generate(key(id)).unwrap());
        let copy = |of: &DataKey, root: &crate::LocalRootKey| {
            let wrapped = of.wrap(root).unwrap();
            DataKey::unwrap(of.context().clone(), root, &wrapped, &of.check_value()).unwrap()
        };
        let id = crate::RootKeyId::new("r1").unwrap();
        let root = crate::LocalRootKey::new(id, crate::keys::Secret::generate().unwrap());
        let after = Authority::new(copy(&second, &root)).unwrap().with(copy(&first, &root)).unwrap();
        [Authority::new(first).unwrap(), after, Authority::new(second).unwrap()]
    }

    #[test]
    fn records_are_renewed_under_the_active_key_and_altered_ones_refused() {
        let [before, after, alone] = authorities();
        let user = before.create(UserId::of(&7_i64).unwrap()).unwrap();
        let record = before.record(&user, Some([9; 32])).unwrap();
        let renewed = after.renew(&record).unwrap();
        assert_eq!(renewed.authority_key_id, 2);
        assert!(alone.authenticate(&renewed).unwrap() == before.authenticate(&record).unwrap());
        assert_eq!(renewed.mac, alone.record(&user, Some([9; 32])).unwrap().mac);
        let altered = UserRecord { check: [0; 32], ..record.clone() };
        assert_eq!(after.renew(&altered).unwrap_err(), AuthorityError::AlteredRecord);
        assert_eq!(alone.renew(&record).unwrap_err(), AuthorityError::UnknownKey { key_id: 1 });

        let group = before.create_group(GroupId::of(&7_i64).unwrap()).unwrap();
        let record = before.group_record(&group).unwrap();
        let renewed = after.renew_group(&record).unwrap();
        assert_eq!(alone.authenticate_group(&renewed).unwrap().check(), &group.check_value());
        let altered = GroupRecord { version: 2, ..record.clone() };
        assert_eq!(after.renew_group(&altered).unwrap_err(), AuthorityError::AlteredRecord);
        assert_eq!(alone.renew_group(&record).unwrap_err(), AuthorityError::UnknownKey { key_id: 1 });
    }

    #[test]
    fn an_escrow_lock_is_renewed_for_its_user_alone() {
        let [before, after, alone] = authorities();
        let [ada, bob] = [7_i64, 8].map(|id| before.create(UserId::of(&id).unwrap()).unwrap());
        let known = |key| before.authenticate(&before.record(key, None).unwrap()).unwrap();
        let lock = before.escrow(&ada).unwrap();
        let renewed = after.renew_escrow(&known(&ada), &lock).unwrap();
        assert_eq!([&lock, &renewed].map(|lock| lock.authority_key_id().unwrap()), [Some(1), Some(2)]);
        assert_eq!(alone.open_escrow(&known(&ada), &renewed).unwrap().check_value(), ada.check_value());
        assert!(after.renew_escrow(&known(&bob), &lock).is_err());
        assert!(alone.renew_escrow(&known(&ada), &lock).is_err());
        let (of_password, _) = Lock::for_password(&ada, "a password", PasswordCost::ARGON2ID).unwrap();
        assert_eq!(of_password.authority_key_id().unwrap(), None);
        assert!(after.renew_escrow(&known(&ada), &of_password).is_err());
    }
}
