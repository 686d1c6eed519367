//! The least that any program does for tables like ours: the raw cipher opens values where the driver keeps them, and a
//! lookup computes one HMAC.

#![allow(missing_docs, reason = "the macros write the items")]

use std::sync::LazyLock;

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql, FromSqlRow},
    prelude::*,
    sql_types::Binary,
};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    clinic::PlainPatient,
    measure::Failure,
    reference::{self, Engine, Raw},
};

diesel::table! {
    raw_patients (id) {
        id -> Integer,
        name -> Text,
        email -> Binary,
        phone -> Binary,
        tag -> Binary,
    }
}

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::new);
static MAC: LazyLock<Hmac<Sha256>> = LazyLock::new(|| {
    #[expect(clippy::expect_used, reason = "a benchmark without its reference cannot go on")]
    Hmac::new_from_slice(&reference::random::<32>()).expect("HMAC takes a key of any length")
});

/// A text that the raw cipher opened.
#[derive(FromSqlRow)]
#[expect(dead_code, reason = "is loaded")]
pub(crate) struct RawText(String);

macro_rules! open {
    ($($backend:ty, $value:ident => $bytes:expr;)*) => { $(
        impl FromSql<Binary, $backend> for RawText {
            #[allow(unused_mut, reason = "SQLite's values are borrowed mutably")]
            fn from_sql(mut $value: <$backend as Backend>::RawValue<'_>) -> deserialize::Result<Self> {
                Ok(Self(ENGINE.open($bytes).ok_or("a value does not open")?))
            }
        }
    )* };
}

open! {
    diesel::sqlite::Sqlite, value => value.read_blob();
}
#[cfg(feature = "servers")]
open! {
    diesel::pg::Pg, value => value.as_bytes();
    diesel::mysql::Mysql, value => value.as_bytes();
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = raw_patients)]
#[expect(dead_code, reason = "is loaded")]
pub(crate) struct RawPatient {
    id: i32,
    name: String,
    email: RawText,
    phone: RawText,
}

#[derive(Insertable)]
#[diesel(table_name = raw_patients)]
pub(crate) struct NewRawPatient {
    id: i32,
    name: String,
    email: Vec<u8>,
    phone: Vec<u8>,
    tag: Vec<u8>,
}

impl NewRawPatient {
    pub(crate) fn seal(PlainPatient { id, name, email, phone }: PlainPatient) -> Result<Self, Failure> {
        Ok(Self { id, name, email: seal(&email)?, phone: seal(&phone)?, tag: tag(&email).to_vec() })
    }
}

/// A value of the raw cipher.
pub(crate) fn seal(text: &str) -> Result<Vec<u8>, Failure> {
    ENGINE.seal(text).ok_or_else(|| "a value cannot be sealed".into())
}

/// The tag of an address, as long as a slot.
pub(crate) fn tag(email: &str) -> [u8; 15] {
    let mut mac = MAC.clone();
    mac.update(email.as_bytes());
    let mut slot = [0; 15];
    for (to, from) in slot.iter_mut().zip(mac.finalize().into_bytes()) {
        *to = from;
    }
    slot
}
