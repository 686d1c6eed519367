//! Reading: opens values while a row is loaded, from where the driver keeps their bytes, or keeps them sealed.
//!
//! A value that does not open must never become the stored bytes, an empty value or a default: it is an error.

use diesel::backend::Backend;
use diesel::deserialize::{FromSql, Queryable, Result};
use diesel::sql_types::{Binary, Nullable, SingleValue, SqlType, Text, is_nullable};
use diesel_encrypted_core::{Decode, Vault};

use crate::backend::KnownBackend;
use crate::column::DeclaredColumn;
use crate::encrypted::OpensAlone;
use crate::layered::InOneLayer;
use crate::sql_types::Ciphertext;
use crate::stored::Stored;
use crate::{Encrypted, Sealed};

impl<T, C, DB> FromSql<Binary, DB> for Encrypted<T, C>
where
    T: Decode,
    C: DeclaredColumn<Binding: OpensAlone, Layers: InOneLayer>,
    DB: KnownBackend,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> Result<Self> {
        let field = C::field();
        let opened = DB::with_bytes(bytes, |sealed| Vault::with_current(field, |vault| vault.load(field, sealed)))?;
        Ok(Self::loaded(opened?))
    }
}

impl<T, C, DB> FromSql<Text, DB> for Encrypted<T, C>
where
    T: Decode,
    C: DeclaredColumn<Binding: OpensAlone, Layers: InOneLayer>,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(text: DB::RawValue<'_>) -> Result<Self> {
        let (field, sealed) = (C::field(), String::from_sql(text)?);
        Ok(Self::loaded(Vault::with_current(field, |vault| vault.load_text(field, &sealed))?))
    }
}

impl<T, C, DB> FromSql<Binary, DB> for Sealed<T, C>
where
    C: DeclaredColumn<Layers: InOneLayer>,
    DB: Backend,
    Vec<u8>: FromSql<Binary, DB>,
{
    fn from_sql(bytes: DB::RawValue<'_>) -> Result<Self> {
        Ok(Self::loaded(Stored::Bytes(Vec::from_sql(bytes)?)))
    }
}

impl<T, C, DB> FromSql<Text, DB> for Sealed<T, C>
where
    C: DeclaredColumn<Layers: InOneLayer>,
    DB: Backend,
    String: FromSql<Text, DB>,
{
    fn from_sql(text: DB::RawValue<'_>) -> Result<Self> {
        Ok(Self::loaded(Stored::Text(String::from_sql(text)?)))
    }
}

/// What both wrappers do alike: a strict column is a binary one, `NULL` is `None`, and a field loads as its column does.
macro_rules! load {
    ($wrapper:ident, some: $some:expr, null: $null:expr) => {
        impl<T, C, DB> FromSql<Ciphertext<C::Column>, DB> for $wrapper<T, C>
        where
            C: DeclaredColumn,
            DB: Backend,
            Self: FromSql<Binary, DB>,
        {
            fn from_sql(bytes: DB::RawValue<'_>) -> Result<Self> {
                <Self as FromSql<Binary, DB>>::from_sql(bytes)
            }
        }

        impl<T, C, ST, DB> FromSql<Nullable<ST>, DB> for $wrapper<Option<T>, C>
        where
            ST: SqlType<IsNull = is_nullable::NotNull>,
            DB: Backend,
            $wrapper<T, C>: FromSql<ST, DB>,
        {
            fn from_sql(value: DB::RawValue<'_>) -> Result<Self> {
                <$wrapper<T, C> as FromSql<ST, DB>>::from_sql(value).map($some)
            }

            fn from_nullable_sql(value: Option<DB::RawValue<'_>>) -> Result<Self> {
                value.map_or_else(|| Ok($null), <Self as FromSql<Nullable<ST>, DB>>::from_sql)
            }
        }

        impl<T, C, ST, DB> Queryable<ST, DB> for $wrapper<T, C>
        where
            ST: SingleValue,
            DB: Backend,
            Self: FromSql<ST, DB>,
        {
            type Row = Self;

            fn build(row: Self) -> Result<Self> {
                Ok(row)
            }
        }
    };
}

load!(Encrypted, some: |value| Some(value).into(), null: Self::new(None));
load!(Sealed, some: |value| Some(value).into(), null: Self::null());
