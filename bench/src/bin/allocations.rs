//! Counts how often memory is asked for: once to seal, and once to open, which is the copy out of the database's buffer.
//! Prints both numbers.
//!
//! A program of its own, because a counting allocator costs some nanoseconds a call, and would be measured with the rest.

#![allow(missing_docs, reason = "the macros write the items")]

use std::{
    error::Error,
    io::{self, Write},
};

use allocation_counter::measure;
use diesel::prelude::*;
use diesel_encrypted::{Encrypted, LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, Sealed, Vault, keys::Secret};

diesel::table! {
    notes (id) {
        id -> Integer,
        text -> Binary,
    }
}

#[derive(Queryable, Encrypted)]
#[diesel(table_name = notes)]
#[expect(dead_code, reason = "declares the column")]
struct Note {
    id: i32,
    #[encrypt]
    text: Encrypted<String, notes::text>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let root = LocalRootKey::new(RootKeyId::new("bench")?, Secret::generate()?);
    Vault::builder(RootKeys::new(root)).model::<Note>().open_with(&mut MemoryKeyStore::new())?.install()?;

    let text = "x".repeat(64);
    // The first of a thread makes its generator, the first of a key its cipher.
    let warm = Sealed::<String, notes::text>::seal(&text)?;
    warm.open()?;
    let (mut sealed, mut opened) = (None, None);
    let seal = measure(|| sealed = Some(Sealed::<String, notes::text>::seal(&text))).count_total;
    let open = measure(|| opened = Some(warm.open())).count_total;
    if sealed.transpose()?.is_none() || opened.transpose()?.as_deref() != Some(text.as_str()) {
        return Err("a value did not come back".into());
    }
    Ok(writeln!(io::stdout(), "{seal} {open}")?)
}
