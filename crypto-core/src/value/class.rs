//! What kind of plaintext a sealed value holds: four bits of its flags byte, and a type for the compiler.

use std::fmt;

/// The class of an encoded value, kept in the upper four bits of the flags byte (FORMAT: "Sealed value").
///
/// It lets a tool decode a value without the application, and it keeps a change of a field's Rust type from
/// reinterpreting bytes in silence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Class {
    /// UTF-8 text.
    Text = 1,
    /// Bytes as they are.
    Bytes = 2,
    /// One byte, 0 or 1.
    Bool = 3,
    /// Eight bytes, two's complement, big-endian, whatever the width of the Rust type.
    Signed = 4,
    /// Eight bytes, big-endian, whatever the width of the Rust type.
    Unsigned = 5,
    /// Eight bytes, IEEE 754 binary64, big-endian.
    Float = 6,
    /// Sixteen bytes.
    Uuid = 7,
    /// RFC 3339 text; instants in UTC with `Z` and nine digits.
    Time = 8,
    /// Decimal text.
    Decimal = 9,
    /// JSON text.
    Json = 10,
}

impl Class {
    /// The class with this number, or `None` if the format knows no such class.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Text,
            2 => Self::Bytes,
            3 => Self::Bool,
            4 => Self::Signed,
            5 => Self::Unsigned,
            6 => Self::Float,
            7 => Self::Uuid,
            8 => Self::Time,
            9 => Self::Decimal,
            10 => Self::Json,
            _ => return None,
        })
    }

    /// The least and the greatest number of bytes of an encoded value, before padding. Text, bytes, decimals and JSON
    /// have no greatest.
    #[must_use]
    pub const fn encoded_len(self) -> (usize, Option<usize>) {
        match self {
            Self::Text | Self::Bytes => (0, None),
            Self::Decimal | Self::Json => (1, None),
            Self::Bool => (1, Some(1)),
            Self::Signed | Self::Unsigned | Self::Float => (8, Some(8)),
            Self::Uuid => (16, Some(16)),
            // `2024-02-29` and `2024-02-29T23:59:59.000000001Z`.
            Self::Time => (10, Some(30)),
        }
    }

    /// The name in messages and in the registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Bytes => "bytes",
            Self::Bool => "bool",
            Self::Signed => "signed integer",
            Self::Unsigned => "unsigned integer",
            Self::Float => "float",
            Self::Uuid => "uuid",
            Self::Time => "date or time",
            Self::Decimal => "decimal",
            Self::Json => "json",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A [`Class`] as a type, so that the compiler can refuse what a class does not allow.
pub trait ValueClass: 'static {
    /// The class as a value.
    const CLASS: Class;
}

/// Classes that a blind index can be built over.
#[diagnostic::on_unimplemented(
    message = "a value of class `{Self}` cannot be searched",
    label = "has no blind index",
    note = "`bool` has too few values to hide behind a tag, and equal JSON documents need not have equal bytes: \
            remove `#[searchable]`, or keep the part that is searched in a field of its own"
)]
pub trait Searchable: ValueClass {}

/// Classes that a text normaliser applies to.
#[diagnostic::on_unimplemented(
    message = "a value of class `{Self}` cannot be normalised",
    label = "is not text",
    note = "only text has letters, spaces and digits to normalise: remove `normalize`"
)]
pub trait Normalizable: Searchable {}

macro_rules! classes {
    ($($(#[$doc:meta])* $name:ident $(: $searchable:ident $(+ $normalizable:ident)?)?;)*) => { $(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub enum $name {}
        impl ValueClass for $name {
            const CLASS: Class = Class::$name;
        }
        $(impl $searchable for $name {} $(impl $normalizable for $name {})?)?
    )* };
}

classes! {
    /// [`Class::Text`].
    Text: Searchable + Normalizable;
    /// [`Class::Bytes`].
    Bytes: Searchable;
    /// [`Class::Bool`].
    Bool;
    /// [`Class::Signed`].
    Signed: Searchable;
    /// [`Class::Unsigned`].
    Unsigned: Searchable;
    /// [`Class::Float`].
    Float: Searchable;
    /// [`Class::Uuid`].
    Uuid: Searchable;
    /// [`Class::Time`].
    Time: Searchable;
    /// [`Class::Decimal`].
    Decimal: Searchable;
    /// [`Class::Json`].
    Json;
}
