//! Values and their canonical encodings: what is sealed, and what a blind index is computed over.
//!
//! The bytes are those of docs/format.md, "Encoded values". An encoding never depends on the width of a number, on the
//! database or on the platform.

#[cfg(feature = "bigdecimal")]
mod bigdecimal;
mod boolean;
mod bytes;
#[cfg(feature = "chrono")]
mod chrono;
pub mod class;
pub(crate) mod decimal;
mod float;
mod integer;
mod json;
mod option;
pub mod padding;
pub mod plain;
mod pointer;
#[cfg(test)]
mod properties;
#[cfg_attr(
    not(any(feature = "chrono", feature = "time")),
    allow(dead_code, reason = "without a crate for dates, only their form is looked at")
)]
mod rfc3339;
#[cfg(feature = "rust_decimal")]
mod rust_decimal;
mod text;
#[cfg(feature = "time")]
mod time;
#[cfg(feature = "uuid")]
mod uuid;

pub use class::{Class, Normalizable, Searchable, ValueClass};
pub use json::Json;

/// A value that can be sealed.
///
/// A type of the application's own delegates to the type it is made of. Its columns are then sealed, normalised and
/// searched like those of that type, and its values are accepted by searches:
///
/// ```
/// use diesel_encrypted_core::value::{Class, Decode, DecodeError, Encode, EncodeError};
///
/// struct Email(String);
///
/// impl Encode for Email {
///     type Class = <String as Encode>::Class;
///     fn encoded_len(&self) -> usize { self.0.encoded_len() }
///     fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> { self.0.encode(out) }
/// }
///
/// impl Decode for Email {
///     type Class = <String as Decode>::Class;
///     fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> { String::decode(class, bytes).map(Self) }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be encrypted",
    label = "has no encoding",
    note = "text, bytes, `bool`, integers, floats, UUIDs, dates and times and decimals can (the last three behind \
            features); a type of your own implements `Encode` and `Decode` by those of the type it is made of, and stays \
            searchable (see the example of `Encode`); `Json<T>` takes any serde type, which cannot be searched"
)]
pub trait Encode {
    /// The class that the sealed value carries.
    type Class: ValueClass;

    /// Whether this is SQL's NULL, which is stored as NULL and never sealed. Only `Option` says yes.
    fn is_null(&self) -> bool {
        false
    }

    /// The length of the encoding in bytes, to allocate once. A hint: it may be wrong, at the cost of time.
    fn encoded_len(&self) -> usize;

    /// The encoding, if the value holds it as it stands: text and bytes do. Saves a copy where a blind index is
    /// searched.
    fn as_encoded(&self) -> Option<&[u8]> {
        None
    }

    /// Appends the encoding to `out`.
    ///
    /// # Errors
    /// [`EncodeError`] if the value has no canonical form.
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError>;
}

/// A value that can be read back from its encoding.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be decrypted into",
    label = "has no encoding to read",
    note = "use the owned type: `String` for `&str`, `Vec<u8>` for `&[u8]`; a type of your own implements `Encode` and \
            `Decode` by those of the type it is made of (see the example of `Encode`); `Json<T>` takes any serde type, \
            which cannot be searched"
)]
pub trait Decode: Sized {
    /// The class that the sealed value must carry. Signed and unsigned integers convert when in range.
    type Class: ValueClass;

    /// Reads a value of class `class` from the whole of `bytes`. Reuses their allocation where it can.
    ///
    /// # Errors
    /// [`DecodeError`] if the class is another or the bytes are no value of this type.
    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError>;

    /// Reads a value that was never sealed, as an application without encryption stored it in this column.
    /// Called only while a field accepts plaintext during a migration.
    ///
    /// # Errors
    /// [`DecodeError`] if the bytes are no such value, or the type has no plaintext form in a column of bytes or text.
    fn decode_plaintext(bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let _ = bytes;
        Err(DecodeError::NoPlaintextForm)
    }
}

/// Why a value could not be encoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// NULL was to be sealed.
    #[error("NULL is stored as NULL and never sealed")]
    Null,
    /// An owner of more than 255 identifiers.
    #[error("an owner has at most 255 identifiers")]
    TooManyIdentifiers,
    /// A NaN was to be searched for or indexed.
    #[error("NaN equals nothing, not even itself, and cannot be searched")]
    NotANumber,
    /// A date or time outside of the years 0000 to 9999.
    #[error("the date lies outside of the years 0000 to 9999, which RFC 3339 can write")]
    DateOutOfRange,
    /// serde could not write the value, or its nesting is too deep to be read back. The message of serde_json is left
    /// out: it may quote the value.
    #[error("the value could not be written as JSON that can be read back")]
    Json,
    /// An encoding, made by an `Encode` of the application's own, is none of its class.
    #[error("the encoding is no valid {0}: the `Encode` that wrote it has another class than it says")]
    Invalid(Class),
    /// An index is normalised by a function of the application's own, which this program does not have.
    #[error(
        "its blind index is normalised by the application's own function `{name}`, which this program does not have: do \
         this by the application's own program, with a vault that was opened with its models"
    )]
    UnknownNormalizer {
        /// The name it is registered under.
        name: String,
    },
    /// Rows in the clear were to be searched by an index whose normaliser no SQL can follow, or for a text that it cannot.
    #[error(
        "its column accepts plaintext, and SQL cannot tell which rows in the clear are equal to this value after its index's \
         normalisation: search by `blind_eq_candidates`, which compares after the rows are loaded"
    )]
    NotComparable,
    /// The application's own normaliser makes something else of what it returned. Only debug builds look.
    #[error(
        "the normaliser `{name}` changes what it returned when it is applied to that again: it is applied to what is \
         searched for too, so it has to return such a text as it is"
    )]
    NormalizerNotStable {
        /// The name it is registered under.
        name: &'static str,
    },
}

/// Why a value could not be decoded. Never quotes the value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The value is of another class than the type.
    #[error("it holds a {found}, and the model's type is a {expected}")]
    Class {
        /// What the type needs.
        expected: Class,
        /// What was sealed.
        found: Class,
    },
    /// The bytes are no encoding of the class.
    #[error("its bytes are no valid {0}")]
    Invalid(Class),
    /// The value is valid and does not fit into the type.
    #[error("the value does not fit into the model's type")]
    OutOfRange,
    /// The padding is not that of ISO/IEC 7816-4.
    #[error("its padding is malformed")]
    Padding,
    /// serde could not read the value. The message of serde_json is left out: it may quote the value.
    #[error("its JSON does not fit the model's type (line {line}, column {column})")]
    Json {
        /// Line of the JSON text, from 1.
        line: usize,
        /// Column of the JSON text, from 1.
        column: usize,
    },
    /// Plaintext was found, and the type has no form for it.
    #[error("plaintext of this type cannot be read: only text, bytes and JSON can be migrated in place")]
    NoPlaintextForm,
}

/// Refuses a value of any class but the expected one.
fn expect_class(expected: Class, found: Class) -> Result<(), DecodeError> {
    if found == expected { Ok(()) } else { Err(DecodeError::Class { expected, found }) }
}

/// The `N` bytes of a value of fixed size.
fn fixed<const N: usize>(class: Class, bytes: &[u8]) -> Result<[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::Invalid(class))
}
