//! Keys of a user, and how a process is told of one: by a record and an escrow lock, which the application opens.

#![allow(missing_docs, clippy::unwrap_used, reason = "fixtures")]

use diesel_encrypted::{
    Field, KeyStoreConnection, OpenVault, Vault, VaultBuilder,
    users::{Authority, HolderKey, Lock, UserId, UserKey, UserRecord, lock::LockId},
};

use crate::people::root_keys;

/// The application's vault of these fields, which vouches for users.
pub fn application<C: KeyStoreConnection>(connection: &mut C, fields: &'static [Field]) -> Vault {
    let builder = fields.iter().fold(Vault::builder(root_keys()), VaultBuilder::field);
    builder.users().open(connection).unwrap()
}

/// The same by the registry alone.
pub fn registered<C: KeyStoreConnection>(connection: &mut C) -> Vault {
    Vault::builder(root_keys()).registered().users().open(connection).unwrap()
}

pub fn user(vault: &Vault, id: i64) -> UserKey {
    vault.authority().unwrap().create(UserId::of(&id).unwrap()).unwrap()
}

/// A key's vault of these fields.
pub fn vault<H: diesel_encrypted::users::Holder>(
    key: &HolderKey<H>,
    earlier: &[&HolderKey<H>],
    fields: &'static [Field],
) -> Vault {
    key.vault(earlier, &fields.iter().collect::<Vec<_>>())
}

/// What a process is told that is to open this key of the user `id`.
pub fn told(authority: &Authority, key: &UserKey) -> String {
    let (record, lock) = (authority.record(key, None).unwrap(), authority.escrow(key).unwrap());
    let numbers = [record.authority_key_id, record.key_id, record.version].map(u32::to_be_bytes).concat();
    let bytes = [&numbers, &record.check[..], &record.mac, lock.id().as_bytes(), lock.as_bytes()].concat();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The key that [`told`] told of.
pub fn opened(vault: &Vault, id: i64, told: &str) -> UserKey {
    let byte = |at: usize| u8::from_str_radix(told.get(at..at + 2).unwrap(), 16).unwrap();
    let bytes: Vec<u8> = (0..told.len()).step_by(2).map(byte).collect();
    let number = |at: usize| u32::from_be_bytes(bytes.get(at..at + 4).unwrap().try_into().unwrap());
    let mut record = UserRecord::empty(UserId::of(&id).unwrap());
    (record.authority_key_id, record.key_id, record.version) = (number(0), number(4), number(8));
    record.check = bytes.get(12..44).unwrap().try_into().unwrap();
    record.mac = bytes.get(44..76).unwrap().try_into().unwrap();
    let lock_id = LockId::new(bytes.get(76..92).unwrap().try_into().unwrap());
    let authority = vault.authority_for(record.authority_key_id).unwrap();
    let lock = Lock::stored(lock_id, bytes.get(92..).unwrap().to_vec());
    authority.open_escrow(&authority.authenticate(&record).unwrap(), &lock).unwrap()
}
