//! What a model declares of an encrypted field. The derive writes one `static` of it a column.

use std::sync::atomic::{AtomicU32, Ordering};

use crate::{Algorithm, Class, Index, format::value::Header, value::padding::padded_len};

/// What the column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Storage {
    /// The sealed value's bytes (`Binary`).
    Binary,
    /// Their canonical base64url form (`Text`).
    Text,
}

impl Storage {
    /// The name in messages and in the registry.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Binary => "binary",
            Self::Text => "text",
        }
    }
}

/// What happens when a value is found that was never sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Plaintext {
    /// It is an error.
    Refuse,
    /// It is read as it is: while a table is moved over, and no longer.
    Accept,
}

/// What a value is bound to besides its field and scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Binding {
    /// Nothing: values of one column can stand in for each other.
    None,
    /// These columns of the same row.
    Columns(&'static [&'static str]),
    /// Something that only the application knows.
    External,
}

/// An encrypted field: one column of one table.
///
/// Its address is its identity within the process, so it lives in a `static`.
#[derive(Debug)]
pub struct Field {
    pub(crate) id: &'static str,
    pub(crate) table: &'static str,
    pub(crate) column: &'static str,
    pub(crate) primary_key: &'static [&'static str],
    pub(crate) class: Class,
    /// The class of the values in the user's layer, if there is one.
    pub(crate) inner: Option<Class>,
    pub(crate) storage: Storage,
    pub(crate) algorithm: Algorithm,
    pub(crate) padding: Option<u32>,
    pub(crate) plaintext: Plaintext,
    pub(crate) binding: Binding,
    pub(crate) indexes: &'static [Index],
    /// Where a vault keeps this field's keys, from 1; 0 before a vault has asked.
    place: AtomicU32,
}

const TWO_LAYERS_WITH_PLAINTEXT: &str =
    "a field of two layers accepts no plaintext: who moves it over has no user's key to seal it with";

/// The next free place of the process.
static NEXT_PLACE: AtomicU32 = AtomicU32::new(1);

impl Field {
    /// A field with the identity `id`, kept in `table.column`, with AES-256-GCM, no padding, plaintext refused, bound
    /// to nothing and not searchable.
    #[must_use]
    pub const fn new(
        id: &'static str,
        table: &'static str,
        column: &'static str,
        class: Class,
        storage: Storage,
    ) -> Self {
        Self {
            id,
            table,
            column,
            primary_key: &[],
            class,
            inner: None,
            storage,
            algorithm: Algorithm::Aes256Gcm,
            padding: None,
            plaintext: Plaintext::Refuse,
            binding: Binding::None,
            indexes: &[],
            place: AtomicU32::new(0),
        }
    }

    /// A field of two layers: each value is sealed under a user's or a group's key, and that again under the
    /// application's. What the application's layer holds are bytes.
    ///
    /// # Panics
    /// If plaintext is accepted: at compile time where the field is a `static`.
    #[must_use]
    pub const fn two_layers(mut self) -> Self {
        assert!(matches!(self.plaintext, Plaintext::Refuse), "{}", TWO_LAYERS_WITH_PLAINTEXT);
        self.inner = Some(self.class);
        self.class = Class::Bytes;
        self
    }

    /// The columns of the table's primary key, by which maintenance walks it.
    #[must_use]
    pub const fn primary_key(mut self, columns: &'static [&'static str]) -> Self {
        self.primary_key = columns;
        self
    }

    /// The algorithm that new values are sealed with.
    #[must_use]
    pub const fn algorithm(mut self, algorithm: Algorithm) -> Self {
        self.algorithm = algorithm;
        self
    }

    /// Pads values to a multiple of `bucket` bytes (ISO/IEC 7816-4), so that their length tells less.
    ///
    /// # Panics
    /// If `bucket` is less than 2: at compile time where the field is a `static`.
    #[must_use]
    pub const fn padding(mut self, bucket: u32) -> Self {
        assert!(bucket >= 2, "a padding bucket has at least 2 bytes");
        self.padding = Some(bucket);
        self
    }

    /// Whether plaintext is accepted while a table is moved over.
    ///
    /// # Panics
    /// If it is in a field of two layers: at compile time where the field is a `static`.
    #[must_use]
    pub const fn plaintext(mut self, plaintext: Plaintext) -> Self {
        assert!(self.inner.is_none() || matches!(plaintext, Plaintext::Refuse), "{}", TWO_LAYERS_WITH_PLAINTEXT);
        self.plaintext = plaintext;
        self
    }

    /// What values are bound to.
    #[must_use]
    pub const fn binding(mut self, binding: Binding) -> Self {
        self.binding = binding;
        self
    }

    /// The blind indexes, in the order of their slots: appended to, never reordered.
    ///
    /// # Panics
    /// If there are more than 15: at compile time where the field is a `static`.
    #[must_use]
    pub const fn indexes(mut self, indexes: &'static [Index]) -> Self {
        assert!(indexes.len() <= 15, "a field has at most 15 blind indexes");
        self.indexes = indexes;
        self
    }

    /// The field's stable identity: `table.column` unless the model pins another.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        self.id
    }

    /// The table, with its schema if it has one.
    #[must_use]
    pub const fn table(&self) -> &'static str {
        self.table
    }

    /// The column.
    #[must_use]
    pub const fn column(&self) -> &'static str {
        self.column
    }

    /// What the column holds.
    #[must_use]
    pub const fn storage(&self) -> Storage {
        self.storage
    }

    /// The kind of its values: bytes if it has two layers.
    #[must_use]
    pub const fn class(&self) -> Class {
        self.class
    }

    /// The kind of what the user's layer holds. `None` for a field of one layer.
    #[must_use]
    pub const fn inner_class(&self) -> Option<Class> {
        self.inner
    }

    /// The algorithm that new values are sealed with.
    #[must_use]
    pub const fn declared_algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// What its values are bound to.
    #[must_use]
    pub const fn declared_binding(&self) -> Binding {
        self.binding
    }

    /// What the values are bound to as they are stored: nothing if they have two layers, of which the user's is bound.
    #[must_use]
    pub const fn stored_binding(&self) -> Binding {
        if self.inner.is_some() { Binding::None } else { self.binding }
    }

    /// The indexes whose tags the application's keys make: none if it has two layers.
    pub(crate) const fn own_indexes(&self) -> &'static [Index] {
        if self.inner.is_some() { &[] } else { self.indexes }
    }

    /// What happens when a value is found that was never sealed.
    #[must_use]
    pub const fn declared_plaintext(&self) -> Plaintext {
        self.plaintext
    }

    /// The columns of the table's primary key. Empty if the model names none.
    #[must_use]
    pub const fn declared_primary_key(&self) -> &'static [&'static str] {
        self.primary_key
    }

    /// The length of a new sealed value whose encoding has `encoded` bytes, padded if the field pads: bytes in a binary
    /// column, characters in a text column.
    #[must_use]
    pub const fn sealed_len(&self, encoded: usize) -> usize {
        let one = self.layer_len(encoded);
        let bytes = if self.inner.is_some() { self.layer_len(one) } else { one };
        match self.storage {
            Storage::Binary => bytes,
            Storage::Text => (4 * bytes).div_ceil(3),
        }
    }

    const fn layer_len(&self, content: usize) -> usize {
        let padded = match self.padding {
            Some(bucket) => padded_len(content, bucket),
            None => content,
        };
        Header::overhead(self.algorithm, self.indexes.len()) + padded
    }

    /// The number of blind-index slots of new values.
    #[must_use]
    pub const fn index_count(&self) -> usize {
        self.indexes.len()
    }

    /// The blind indexes, in the order of their slots.
    #[must_use]
    pub const fn declared_indexes(&self) -> &'static [Index] {
        self.indexes
    }

    /// The place of this field in every vault's table of keys: constant for the life of the process.
    pub(crate) fn place(&self) -> usize {
        match self.place.load(Ordering::Relaxed) {
            0 => self.assign_place(),
            place => place as usize,
        }
    }

    #[cold]
    fn assign_place(&self) -> usize {
        let next = NEXT_PLACE.fetch_add(1, Ordering::Relaxed);
        match self.place.compare_exchange(0, next, Ordering::Relaxed, Ordering::Relaxed) {
            Ok(_) => next as usize,
            Err(place) => place as usize,
        }
    }
}

/// A model's encrypted fields. `#[derive(Encrypted)]` implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an encrypted model",
    label = "declares no encrypted fields",
    note = "derive `Encrypted` on the model, with `#[encrypt]` on its sensitive fields"
)]
pub trait EncryptedModel {
    /// The fields that this model declares.
    fn fields() -> &'static [&'static Field];
}
