//! Databases and a vault for the tests of this package.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::sync::Once;

use diesel_encrypted::MemoryKeyStore;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::server;

use crate::address::Address;
use crate::driver::Driver;
use crate::model::{Call, Contact};
use crate::scratch::Scratch;

/// One vault for all tests, since their threads look for an installed one.
pub(crate) fn install_vault() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let builder = Vault::builder(RootKeys::ephemeral().unwrap()).model::<Contact>().model::<Call>();
        builder.open_with(&mut MemoryKeyStore::new()).unwrap().install().unwrap();
    });
}

/// Runs `test` with a database on the server, and drops it.
pub(crate) fn with_scratch<D: Driver, R>(url: &str, test: impl FnOnce(&Scratch<'_>) -> R) -> R {
    install_vault();
    let address = Address::parse(url).unwrap();
    test(&Scratch::make::<D>(&address).unwrap())
}

/// The server, unless it is another machine's: those are not loaded, not even by tests.
fn if_here(url: String) -> Option<String> {
    let elsewhere = Address::parse(&url).is_err_and(|error| error.to_string().contains("for servers of this machine"));
    (!elsewhere).then_some(url)
}

pub(crate) fn postgres_here() -> Option<String> {
    if_here(server::postgres_url())
}

pub(crate) fn mysql_here() -> Option<String> {
    if_here(server::mysql_url())
}
