//! Every encoding of docs/format.md, on every database, beside the type that Diesel has for the same values: what comes
//! back and what is found is what a plain column holds and finds.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod beside;
mod large;
#[cfg(feature = "mysql")]
mod mysql;
#[cfg(feature = "postgres")]
mod postgres;
mod sqlite;
mod text;
mod values;

use diesel_encrypted::prelude::*;
use diesel_encrypted::{EncryptedModel, KeyStoreConnection};

/// A vault of this model over the database of its table.
fn vault<M: EncryptedModel>(conn: &mut impl KeyStoreConnection) -> Vault {
    Vault::builder(RootKeys::ephemeral().unwrap()).model::<M>().open(conn).unwrap()
}
