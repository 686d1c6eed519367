//! Parts of the value that is searched for, as bind parameters.

use std::fmt;

use diesel::backend::Backend;
use diesel::serialize::{self, Output, ToSql};
use diesel::sql_types::{Binary, Text};
use diesel_encrypted_core::index::clear::Searched;

/// Bytes as PostgreSQL's `encode(.., 'escape')` writes them.
pub(super) fn escape(bytes: &[u8]) -> Vec<u8> {
    let mut escaped = Vec::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            0 | 0x80.. => escaped.extend(format!("\\{byte:03o}").into_bytes()),
            b'\\' => escaped.extend(b"\\\\"),
            _ => escaped.push(*byte),
        }
    }
    escaped
}

/// A part of the value that is searched for, as a bind parameter.
#[derive(Clone)]
pub struct Part {
    searched: Searched,
    escaped: Escaped,
}

/// The same as PostgreSQL escapes it.
#[derive(Clone)]
pub struct Escaped(Searched);

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.searched.fmt(f)
    }
}

impl fmt::Debug for Escaped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Part {
    pub(super) fn new(searched: Searched) -> Self {
        let escaped = Escaped(Searched::new(escape(searched.bytes())));
        Self { searched, escaped }
    }

    pub(super) const fn escaped(&self) -> &Escaped {
        &self.escaped
    }
}

impl<DB: Backend> ToSql<Binary, DB> for Part
where
    [u8]: ToSql<Binary, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <[u8] as ToSql<Binary, DB>>::to_sql(self.searched.bytes(), out)
    }
}

impl<DB: Backend> ToSql<Text, DB> for Part
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(str::from_utf8(self.searched.bytes())?, out)
    }
}

impl<DB: Backend> ToSql<Text, DB> for Escaped
where
    str: ToSql<Text, DB>,
{
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, DB>) -> serialize::Result {
        <str as ToSql<Text, DB>>::to_sql(str::from_utf8(self.0.bytes())?, out)
    }
}
