//! An application and its users.

use diesel_encrypted_core::{
    keys::{DataKey, KeyContext, Purpose},
    users::{Authority, KnownUser, UserId, UserKey, UserRecord},
};

/// An authority with a key of its own.
pub(crate) fn authority(application: &str, scope: Option<&[u8]>) -> Authority {
    Authority::new(authority_key(application, scope)).unwrap()
}

pub(crate) fn authority_key(application: &str, scope: Option<&[u8]>) -> DataKey {
    let id = 1 + u32::from(u8::try_from(application.len()).unwrap());
    let (application, scope) = (application.to_owned(), scope.map(<[u8]>::to_vec));
    DataKey::generate(KeyContext::new(application, id, Purpose::Users, 1, String::new(), scope)).unwrap()
}

/// A user with a key, as an application knows them.
pub(crate) struct Person {
    pub(crate) key: UserKey,
    pub(crate) record: UserRecord,
    pub(crate) known: KnownUser,
}

pub(crate) fn person(authority: &Authority, id: i64) -> Person {
    let key = authority.create(user(id)).unwrap();
    let record = authority.record(&key, None).unwrap();
    let known = authority.authenticate(&record).unwrap();
    Person { key, record, known }
}

pub(crate) fn user(id: i64) -> UserId {
    UserId::of(&id).unwrap()
}
