//! The key tables in a real database: made once, agreed on by every process, and held against the models.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod opening;
mod redeclared;

use diesel_encrypted::keys::Secret;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{Field, LocalRootKey, RootKeyId, VaultBuilder};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{self, Chart, Patient, Visit};
use diesel_encrypted_tests::scratch::Scratch;

/// A database with the application's tables, and no keys yet.
fn database<C: Backend>() -> Scratch<C> {
    let mut connection = C::fresh();
    for statement in clinic::tables(C::DIALECT) {
        connection.batch_execute(&statement).unwrap();
    }
    connection
}

fn root_keys() -> RootKeys {
    RootKeys::new(LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap()))
}

fn builder() -> VaultBuilder {
    Vault::builder(root_keys()).model::<Patient>().model::<Chart>().model::<Visit>()
}

fn one(field: &'static Field) -> VaultBuilder {
    Vault::builder(root_keys()).field(field)
}
