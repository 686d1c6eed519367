//! Which database a statement is written for.
//!
//! Most SQL of ours is the same everywhere. Where it is not, a node asks [`KnownBackend::dialect`] while it is walked, so
//! that one node serves every backend, and each variant of a `MultiConnection` gets the SQL of its own database.

use diesel::{
    backend::Backend,
    deserialize::{self, FromSql},
    query_builder::AstPass,
    result::{Error as DieselError, QueryResult},
    sql_types::Binary,
};

use crate::store::array::Array;

/// A database, for the SQL that differs between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Dialect {
    /// SQLite 3.35 and later.
    Sqlite,
    /// PostgreSQL 15 and later.
    Postgres,
    /// MySQL 8 and MariaDB 10.6, and later ones.
    Mysql,
}

/// A backend whose database we know.
#[diagnostic::on_unimplemented(
    message = "diesel-encrypted does not know the backend `{Self}`",
    label = "no feature of diesel-encrypted names this backend",
    note = "enable the feature `sqlite`, `postgres` or `mysql` of diesel-encrypted",
    note = "beside a `#[derive(MultiConnection)]`, write `diesel_encrypted::multi_connection!(MultiBackend);`"
)]
pub trait KnownBackend: Backend {
    /// The database, where every connection of the backend leads to one of the same kind.
    #[doc(hidden)]
    const DIALECT: Option<Dialect>;

    /// The database that the statement of this pass is for.
    #[doc(hidden)]
    fn dialect(out: AstPass<'_, '_, Self>) -> QueryResult<Dialect>;

    /// Binds values as one, for PostgreSQL alone.
    #[doc(hidden)]
    fn bind_array<'b>(array: &'b Array, out: AstPass<'_, 'b, Self>) -> QueryResult<()>;

    /// Works with the bytes of a binary value, where the driver keeps them if it lets them be seen there.
    #[doc(hidden)]
    fn with_bytes<R>(value: Self::RawValue<'_>, work: impl FnOnce(&[u8]) -> R) -> deserialize::Result<R>;
}

macro_rules! known {
    ($feature:literal, $backend:ty, $dialect:ident, $value:ident => $bytes:expr) => {
        #[cfg(feature = $feature)]
        impl KnownBackend for $backend {
            const DIALECT: Option<Dialect> = Some(Dialect::$dialect);

            #[inline]
            fn dialect(_: AstPass<'_, '_, Self>) -> QueryResult<Dialect> {
                Ok(Dialect::$dialect)
            }

            fn bind_array<'b>(array: &'b Array, out: AstPass<'_, 'b, Self>) -> QueryResult<()> {
                diesel::query_builder::QueryFragment::<$backend>::walk_ast(array, out)
            }

            #[inline]
            #[allow(unused_mut, reason = "SQLite's values are borrowed mutably")]
            fn with_bytes<R>(mut $value: Self::RawValue<'_>, work: impl FnOnce(&[u8]) -> R) -> deserialize::Result<R> {
                Ok(work($bytes))
            }
        }

        #[cfg(feature = $feature)]
        impl diesel::query_builder::QueryFragment<$backend> for Probe {
            fn walk_ast<'b>(&'b self, _: AstPass<'_, 'b, $backend>) -> QueryResult<()> {
                Err(DieselError::QueryBuilderError(Box::new(Found(Dialect::$dialect))))
            }
        }
    };
}

known!("sqlite", diesel::sqlite::Sqlite, Sqlite, value => value.read_blob());
known!("postgres", diesel::pg::Pg, Postgres, value => value.as_bytes());
known!("mysql", diesel::mysql::Mysql, Mysql, value => value.as_bytes());

/// A node that writes nothing. Walked under a backend of several variants, it fails with the dialect of the one in use:
/// what a node borrows has to live as long as the statement, so only a result can carry it.
#[derive(Debug)]
pub struct Probe;

#[derive(Debug, thiserror::Error)]
#[error("the statement is for {0:?}")]
struct Found(Dialect);

impl Probe {
    /// The dialect that a walk of the probe met.
    pub fn dialect(walked: QueryResult<()>) -> QueryResult<Dialect> {
        match walked {
            Err(DieselError::QueryBuilderError(found)) => match found.downcast::<Found>() {
                Ok(found) => Ok(found.0),
                Err(other) => Err(DieselError::QueryBuilderError(other)),
            },
            Err(other) => Err(other),
            Ok(()) => Err(DieselError::QueryBuilderError("a backend of no known dialect".into())),
        }
    }
}

/// A copy of the bytes of a binary value, where a backend of several variants lets nothing be borrowed.
pub fn bytes_of<DB: Backend>(value: DB::RawValue<'_>) -> deserialize::Result<Vec<u8>>
where
    Vec<u8>: FromSql<Binary, DB>,
{
    Vec::from_sql(value)
}

/// Lets encrypted columns, searches and the key store be used through a `#[derive(diesel::MultiConnection)]`.
///
/// Stands once, beside the derive, and names the backend that the derive made. The features of diesel-encrypted (`sqlite`,
/// `postgres`, `mysql`) have to be on for the variants that there are, or rustc says that `Probe` is no valid SQL fragment
/// for one of them:
///
/// ```ignore
/// #[derive(diesel::MultiConnection)]
/// pub enum AnyConnection {
///     Postgres(diesel::PgConnection),
///     Mysql(diesel::MysqlConnection),
///     Sqlite(diesel::SqliteConnection),
/// }
///
/// diesel_encrypted::multi_connection!(MultiBackend);
/// ```
///
/// Each statement is written in the SQL of the variant in use. What Diesel leaves out of a `MultiConnection` stays left out:
/// `ON CONFLICT`, and with a SQLite variant several rows in one insert. A migration of the key tables is told its database,
/// `key_tables().on(Dialect::Postgres)`.
#[macro_export]
macro_rules! multi_connection {
    ($backend:ty) => {
        impl $crate::__private::KnownBackend for $backend {
            const DIALECT: Option<$crate::__private::Dialect> = None;

            fn dialect(
                out: $crate::__private::AstPass<'_, '_, Self>,
            ) -> $crate::__private::QueryResult<$crate::__private::Dialect> {
                $crate::__private::Probe::dialect(Self::walk_variant_ast(&$crate::__private::Probe, out))
            }

            fn bind_array<'b>(
                array: &'b $crate::__private::Array,
                out: $crate::__private::AstPass<'_, 'b, Self>,
            ) -> $crate::__private::QueryResult<()> {
                Self::walk_variant_ast(array, out)
            }

            fn with_bytes<R>(
                value: Self::RawValue<'_>,
                work: impl ::std::ops::FnOnce(&[u8]) -> R,
            ) -> $crate::__private::Loaded<R> {
                $crate::__private::bytes_of::<Self>(value).map(|bytes| work(&bytes))
            }
        }

        impl<C: 'static> $crate::__private::HasSqlType<$crate::sql_types::Ciphertext<C>> for $backend {
            fn metadata(lookup: &mut Self::MetadataLookup) -> Self::TypeMetadata {
                Self::lookup_sql_type::<$crate::sql_types::Ciphertext<C>>(lookup)
            }
        }
    };
}
