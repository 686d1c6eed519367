//! The vault: an application's keys for its fields, opened once, and what seals, opens and searches with them.

mod builder;
mod current;
mod error;
mod keyring;
mod manifest;
mod opening;
mod registry;
mod store;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

pub use builder::VaultBuilder;
pub use current::Attached;
pub use error::VaultError;
use keyring::{FieldKeys, IndexKeys, ValueKey};
pub use store::{Applied, Change, KeyStore, MemoryKeyStore, StoreError, Stored};

use crate::{
    Binding, Decode, Encode, EncodeError, Field, Plaintext, ValueError,
    aead::{NONCE_MAX, TAG_LEN},
    format::{
        FormatError, text,
        value::{self, Header, SealedValue, Slot},
    },
    keys::RootKeys,
    owner::Owner,
    random,
    value::{
        ValueClass,
        padding::{pad, unpad},
    },
};

/// One opened vault of this process: which vault sealed a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VaultId(u64);

impl VaultId {
    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// An application's data keys, unwrapped and ready, for one scope.
///
/// A handle: cloning it copies no key. Sealing and opening take no lock and make no key.
#[derive(Clone)]
pub struct Vault(Arc<Inner>);

struct Inner {
    id: VaultId,
    application: String,
    scope: Option<Vec<u8>>,
    /// By [`Field::place`].
    fields: Vec<Option<FieldKeys>>,
}

/// The keys of an index, and the value that it is asked for: its encoding, borrowed if it can be.
type Searched<'a> = (&'a IndexKeys, Cow<'a, [u8]>);

impl Vault {
    /// Begins to open a vault with these root keys.
    pub fn builder(root_keys: RootKeys) -> VaultBuilder {
        VaultBuilder::new(root_keys)
    }

    /// Which vault this is. Clones are one vault.
    #[must_use]
    pub fn id(&self) -> VaultId {
        self.0.id
    }

    /// The scope (tenant) that it was opened for.
    #[must_use]
    pub fn scope(&self) -> Option<&[u8]> {
        self.0.scope.as_deref()
    }

    #[inline]
    fn keys_of(&self, field: &'static Field) -> Result<&FieldKeys, ValueError> {
        self.0
            .fields
            .get(field.place())
            .and_then(Option::as_ref)
            .ok_or_else(|| ValueError::UnknownField { field: field.into() })
    }

    /// Seals a value of a field that is bound to nothing: header, nonce, ciphertext and tag in one allocation, as long as
    /// the encoded (and padded) value and [`Header::overhead`].
    ///
    /// # Errors
    /// [`ValueError`]: the vault lacks the field, the value has no encoding (NULL has none), or the field is bound.
    #[inline]
    pub fn seal<V: Encode + ?Sized>(&self, field: &'static Field, value: &V) -> Result<Vec<u8>, ValueError> {
        self.seal_as(field, value, None)
    }

    /// Seals a value bound to its owner.
    ///
    /// # Errors
    /// As [`seal`](Self::seal), and if the field is not bound, or to another number of identifiers.
    pub fn seal_bound<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        value: &V,
        owner: &Owner,
    ) -> Result<Vec<u8>, ValueError> {
        self.seal_as(field, value, Some(owner))
    }

    fn seal_as<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        value: &V,
        owner: Option<&Owner>,
    ) -> Result<Vec<u8>, ValueError> {
        let encode_error = |source| ValueError::Encode { field: field.into(), source };
        let keys = self.keys_of(field)?;
        check_owner(field, owner)?;
        if value.is_null() {
            return Err(encode_error(EncodeError::Null));
        }
        let class = V::Class::CLASS;
        let algorithm = field.algorithm;
        let no_key = || ValueError::UnknownField { field: field.into() };
        let key = keys.active().ok_or_else(no_key)?;
        let cipher = key.cipher(algorithm).ok_or_else(no_key)?;
        let header = Header {
            algorithm,
            bound: owner.is_some(),
            padded: field.padding.is_some(),
            user_key: false,
            class,
            key_id: key.id,
        };

        let slots = keys.indexes.len();
        let padding = field.padding.map_or(0, |bucket| bucket as usize);
        let header_len = Header::len(slots);
        let start = header_len + algorithm.nonce_len();
        let mut out = Vec::with_capacity(start + value.encoded_len() + padding + TAG_LEN);
        header.write(&mut out, slots);
        let mut nonce = [0; NONCE_MAX];
        let nonce = nonce.split_at_mut(algorithm.nonce_len()).0;
        random::fill(nonce).map_err(|source| ValueError::Random { field: field.into(), source })?;
        out.extend_from_slice(nonce);
        value.encode(&mut out).map_err(encode_error)?;
        for (index, index_keys) in keys.indexes.iter().enumerate() {
            let slot = index_keys.active_slot(class, out.get(start..).unwrap_or_default()).map_err(encode_error)?;
            if let Some(place) = out.get_mut(value::slot_range(index)) {
                place.copy_from_slice(&slot);
            }
        }
        if let Some(bucket) = field.padding {
            pad(&mut out, start, bucket);
        }

        let (front, body) = out.split_at_mut_checked(start).unwrap_or_default();
        let sealed = cipher.seal(nonce, &aad(front.get(..header_len).unwrap_or_default(), owner), body);
        match sealed {
            Ok(tag) => out.extend_from_slice(&tag),
            Err(_) => {
                out.fill(0);
                return Err(ValueError::TooLong { field: field.into() });
            }
        }
        Ok(out)
    }

    /// Opens a value of a field that is bound to nothing, in the allocation it came in.
    ///
    /// # Errors
    /// [`ValueError`]: see its variants. Never gives the stored bytes, an empty value or a default instead.
    #[inline]
    pub fn open<V: Decode>(&self, field: &'static Field, sealed: Vec<u8>) -> Result<V, ValueError> {
        self.open_as(field, sealed, None)
    }

    /// Opens a value that is bound to its owner.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if it belongs to another owner.
    pub fn open_bound<V: Decode>(
        &self,
        field: &'static Field,
        sealed: Vec<u8>,
        owner: &Owner,
    ) -> Result<V, ValueError> {
        self.open_as(field, sealed, Some(owner))
    }

    /// Opens a value of a text column: its canonical base64url form (docs/format.md).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_text<V: Decode>(&self, field: &'static Field, sealed: String) -> Result<V, ValueError> {
        self.open_text_as(field, sealed, None)
    }

    /// Opens a value of a text column that is bound to its owner.
    ///
    /// # Errors
    /// As [`open_bound`](Self::open_bound).
    pub fn open_text_bound<V: Decode>(
        &self,
        field: &'static Field,
        sealed: String,
        owner: &Owner,
    ) -> Result<V, ValueError> {
        self.open_text_as(field, sealed, Some(owner))
    }

    fn open_text_as<V: Decode>(
        &self,
        field: &'static Field,
        sealed: String,
        owner: Option<&Owner>,
    ) -> Result<V, ValueError> {
        match text::decode(&sealed) {
            // Text that is base64url of something else is what it says, not what it decodes to.
            Ok(bytes) if field.plaintext == Plaintext::Refuse || text::looks_sealed(&sealed) => {
                self.open_as(field, bytes, owner)
            }
            // Where plaintext is accepted, two characters are too few to tell it by.
            Err(source)
                if text::looks_sealed(&sealed)
                    || field.plaintext == Plaintext::Refuse && sealed.starts_with(text::BEGINNING) =>
            {
                refused(field, Err(ValueError::Malformed { field: field.into(), source }))
            }
            _ => self.open_as(field, sealed.into_bytes(), owner),
        }
    }

    fn open_as<V: Decode>(
        &self,
        field: &'static Field,
        sealed: Vec<u8>,
        owner: Option<&Owner>,
    ) -> Result<V, ValueError> {
        refused(field, self.try_open(field, sealed, owner))
    }

    #[inline]
    fn try_open<V: Decode>(
        &self,
        field: &'static Field,
        mut sealed: Vec<u8>,
        owner: Option<&Owner>,
    ) -> Result<V, ValueError> {
        let keys = self.keys_of(field)?;
        check_owner(field, owner)?;
        let parts = match SealedValue::parse(&sealed) {
            Ok(parts) => parts,
            Err(source) => return not_sealed(field, source, sealed),
        };
        let header = parts.header;
        let key = keys.find(header.key_id).ok_or_else(|| self.foreign_key(field, header.key_id))?;
        let cipher = key
            .cipher(header.algorithm)
            .ok_or_else(|| ValueError::KeyDestroyed { field: field.into(), key_id: header.key_id })?;
        if header.bound != owner.is_some() {
            return Err(tampered(field, key, owner.is_some()));
        }
        let header_len = parts.header_bytes.len();
        let start = header_len + header.algorithm.nonce_len();
        let (front, body) = sealed.split_at_mut_checked(start).unwrap_or_default();
        let (header_bytes, nonce) = front.split_at_checked(header_len).unwrap_or_default();
        let len =
            cipher.open(nonce, &aad(header_bytes, owner), body).map_err(|_| tampered(field, key, owner.is_some()))?;
        sealed.copy_within(start..start + len, 0);
        sealed.truncate(len);
        let decode_error = |source| ValueError::Decode { field: field.into(), source };
        if header.padded {
            unpad(&mut sealed).map_err(decode_error)?;
        }
        V::decode(header.class, sealed).map_err(decode_error)
    }

    /// Whose key it is, if not this field's.
    #[cold]
    fn foreign_key(&self, field: &'static Field, key_id: u32) -> ValueError {
        let owner = self.0.fields.iter().flatten().find(|keys| keys.find(key_id).is_some());
        match owner {
            Some(keys) => ValueError::OtherField { field: field.into(), found: keys.field.into() },
            None => ValueError::UnknownKey { field: field.into(), key_id },
        }
    }

    /// What a search for `value` asks of slot `index`: one slot for each live generation, the active one first. Empty
    /// for NULL, which equals nothing.
    ///
    /// # Errors
    /// [`ValueError`]: the vault lacks the field or the index, or the value cannot be searched for (NaN).
    pub fn search_slots<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        index: usize,
        value: &V,
    ) -> Result<Vec<Slot>, ValueError> {
        let encode_error = |source| ValueError::Encode { field: field.into(), source };
        let Some((index_keys, encoded)) = self.searched(field, index, value)? else { return Ok(Vec::new()) };
        let mut slots = Vec::with_capacity(index_keys.generations.len());
        for generation in &index_keys.generations {
            slots.push(generation.slot(V::Class::CLASS, &encoded).map_err(encode_error)?);
        }
        Ok(slots)
    }

    /// The bytes that values which are equal by index `index` have in common: to filter the candidates of an index of
    /// fewer than 112 bits after opening. `None` for NULL.
    ///
    /// # Errors
    /// As [`search_slots`](Self::search_slots).
    pub fn normalized<V: Encode + ?Sized>(
        &self,
        field: &'static Field,
        index: usize,
        value: &V,
    ) -> Result<Option<Vec<u8>>, ValueError> {
        let encode_error = |source| ValueError::Encode { field: field.into(), source };
        let Some((index_keys, encoded)) = self.searched(field, index, value)? else { return Ok(None) };
        let active = index_keys.generations.first();
        let normalized = active.map(|generation| generation.normalized(V::Class::CLASS, &encoded));
        Ok(normalized.transpose().map_err(encode_error)?.map(Cow::into_owned))
    }

    /// What a search for `value` needs. `None` for NULL.
    fn searched<'a, V: Encode + ?Sized>(
        &'a self,
        field: &'static Field,
        index: usize,
        value: &'a V,
    ) -> Result<Option<Searched<'a>>, ValueError> {
        let keys = self.keys_of(field)?;
        let index_keys = keys.indexes.get(index).ok_or_else(|| ValueError::UnknownField { field: field.into() })?;
        if value.is_null() {
            return Ok(None);
        }
        if let Some(encoded) = value.as_encoded() {
            return Ok(Some((index_keys, Cow::Borrowed(encoded))));
        }
        let mut encoded = Vec::with_capacity(value.encoded_len());
        value.encode(&mut encoded).map_err(|source| ValueError::Encode { field: field.into(), source })?;
        Ok(Some((index_keys, Cow::Owned(encoded))))
    }
}

/// What is authenticated with a value: its header and, if the header says that it is bound, its owner. The field and the
/// scope are part of the key (`DataKey::cipher`), which authenticates them without a byte of AAD for each value.
#[inline]
fn aad<'a>(header: &'a [u8], owner: Option<&Owner>) -> Cow<'a, [u8]> {
    match owner {
        None => Cow::Borrowed(header),
        Some(owner) => Cow::Owned([header, owner.as_bytes()].concat()),
    }
}

#[inline]
fn check_owner(field: &'static Field, owner: Option<&Owner>) -> Result<(), ValueError> {
    match (field.binding, owner) {
        (Binding::None, None) | (Binding::External, Some(_)) => Ok(()),
        (Binding::Columns(columns), Some(owner)) if columns.len() == owner.count() => Ok(()),
        (Binding::Columns(columns), Some(owner)) => {
            Err(ValueError::OwnerLength { field: field.into(), expected: columns.len(), found: owner.count() })
        }
        (binding, _) => Err(ValueError::Ownership { field: field.into(), bound: binding != Binding::None }),
    }
}

/// Logs why a value did not open. By reference, so that one that opens is not moved for its sake.
#[inline]
fn refused<V>(field: &'static Field, opened: Result<V, ValueError>) -> Result<V, ValueError> {
    opened.inspect_err(|error| report(field, error))
}

#[cold]
fn report(field: &'static Field, error: &ValueError) {
    tracing::warn!(field = field.id(), %error, "a value could not be opened");
}

#[cold]
fn tampered(field: &'static Field, key: &ValueKey, bound: bool) -> ValueError {
    ValueError::Tampered { field: field.into(), key_id: key.id, bound }
}

/// A value that does not parse: plaintext where that is accepted, else an error. What begins like a sealed value is a
/// damaged one and never plaintext: an application that read it and wrote it back would seal the ciphertext.
#[cold]
fn not_sealed<V: Decode>(field: &'static Field, source: FormatError, bytes: Vec<u8>) -> Result<V, ValueError> {
    if value::looks_sealed(&bytes) {
        return Err(ValueError::Malformed { field: field.into(), source });
    }
    if field.plaintext == Plaintext::Accept {
        tracing::info!(field = field.id(), "a value was read as plaintext, which is accepted during a migration");
        return V::decode_plaintext(bytes).map_err(|source| ValueError::Decode { field: field.into(), source });
    }
    Err(match source {
        // 0xE1 before a byte below 0x80 begins no text.
        FormatError::TooManySlots(0..=0x7F) => ValueError::Malformed { field: field.into(), source },
        _ => ValueError::NotEncrypted { field: field.into() },
    })
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&str> = self.0.fields.iter().flatten().map(|keys| keys.field.id()).collect();
        f.debug_struct("Vault")
            .field("application", &self.0.application)
            .field("scoped", &self.0.scope.is_some())
            .field("fields", &fields)
            .finish_non_exhaustive()
    }
}
