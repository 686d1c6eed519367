//! One table twice: encrypted by us, and in the clear with the same columns and the same index.

#![allow(missing_docs, reason = "the macros write the items")]

use diesel::prelude::*;
use diesel_encrypted::{Encrypted, LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, Vault, keys::Secret};

use crate::measure::Failure;

diesel::table! {
    patients (id) {
        id -> Integer,
        name -> Text,
        email -> Binary,
        phone -> Binary,
    }
}

diesel::table! {
    plain_patients (id) {
        id -> Integer,
        name -> Text,
        email -> Text,
        phone -> Text,
    }
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = patients)]
pub(crate) struct Patient {
    pub(crate) id: i32,
    pub(crate) name: String,
    #[encrypt]
    #[searchable]
    pub(crate) email: Encrypted<String, patients::email>,
    #[encrypt]
    pub(crate) phone: Encrypted<String, patients::phone>,
}

#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = plain_patients)]
pub(crate) struct PlainPatient {
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) phone: String,
}

/// The address of row `id`. In no order and with no pattern, as addresses have none: a regular one would keep the pages
/// of its index in the cache.
pub(crate) fn email(id: i32) -> String {
    format!("patient.{:08x}@example.org", mix(id as u32))
}

/// Another number for each number: the finaliser of MurmurHash3.
pub(crate) const fn mix(mut number: u32) -> u32 {
    number = (number ^ number >> 16).wrapping_mul(0x85EB_CA6B);
    number = (number ^ number >> 13).wrapping_mul(0xC2B2_AE35);
    number ^ number >> 16
}

fn phone(id: i32) -> String {
    format!("+49 30 {id:08}")
}

fn name(id: i32) -> String {
    format!("Patient number {id}")
}

impl Patient {
    pub(crate) fn number(id: i32) -> Self {
        Self { id, name: name(id), email: Encrypted::new(email(id)), phone: Encrypted::new(phone(id)) }
    }
}

impl PlainPatient {
    pub(crate) fn number(id: i32) -> Self {
        Self { id, name: name(id), email: email(id), phone: phone(id) }
    }
}

/// Installs a vault for the process, as an application does at start.
pub(crate) fn install_vault() -> Result<(), Failure> {
    let root = LocalRootKey::new(RootKeyId::new("bench")?, Secret::generate()?);
    let vault = Vault::builder(RootKeys::new(root)).model::<Patient>().open_with(&mut MemoryKeyStore::new())?;
    Ok(vault.install()?)
}
