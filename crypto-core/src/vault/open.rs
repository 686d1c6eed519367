//! Opening values: an error says what is wrong with one, and nothing of it is given out.

use std::borrow::Cow;

use super::{
    Vault,
    keyring::{FieldKeys, ValueKey},
};
use crate::{
    Decode, Field, Plaintext, ValueError,
    aead::AeadError,
    format::{
        FormatError, text,
        value::{self, Header, SealedValue, Shape},
    },
    keys::KeyState,
    owner::Owner,
    value::{Class, padding::unpad},
};

/// Why a value was not opened.
enum Unopened {
    NotSealed(FormatError),
    Refused(ValueError),
}

impl Vault {
    /// Opens a value of a field that is bound to nothing, in one allocation: the plaintext's.
    ///
    /// # Errors
    /// [`ValueError`]: see its variants. Never gives the stored bytes, an empty value or a default instead.
    #[inline]
    pub fn open<V: Decode>(&self, field: &'static Field, sealed: impl AsRef<[u8]>) -> Result<V, ValueError> {
        self.open_as(field, sealed.as_ref(), None)
    }

    /// Opens a value that is bound to its owner.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if it belongs to another owner.
    pub fn open_bound<V: Decode>(
        &self,
        field: &'static Field,
        sealed: impl AsRef<[u8]>,
        owner: &Owner,
    ) -> Result<V, ValueError> {
        self.open_as(field, sealed.as_ref(), Some(owner))
    }

    /// Opens a value of a text column: its canonical base64url form (docs/format.md).
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn open_text<V: Decode>(&self, field: &'static Field, sealed: &str) -> Result<V, ValueError> {
        self.open_text_as(field, sealed, None)
    }

    /// Opens a value of a text column that is bound to its owner.
    ///
    /// # Errors
    /// As [`open_bound`](Self::open_bound).
    pub fn open_text_bound<V: Decode>(
        &self,
        field: &'static Field,
        sealed: &str,
        owner: &Owner,
    ) -> Result<V, ValueError> {
        self.open_text_as(field, sealed, Some(owner))
    }

    fn open_text_as<V: Decode>(
        &self,
        field: &'static Field,
        sealed: &str,
        owner: Option<&Owner>,
    ) -> Result<V, ValueError> {
        self.needs_user(field)?;
        match stored_bytes(field, sealed) {
            Ok(bytes) => self.open_stored(field, &bytes, owner),
            Err(error) => Err(refused(field, error)),
        }
    }

    fn open_as<V: Decode>(&self, field: &'static Field, sealed: &[u8], owner: Option<&Owner>) -> Result<V, ValueError> {
        self.needs_user(field)?;
        self.open_stored(field, sealed, owner)
    }

    /// Opens a value, whichever layer it is.
    pub(super) fn open_stored<V: Decode>(
        &self,
        field: &'static Field,
        sealed: &[u8],
        owner: Option<&Owner>,
    ) -> Result<V, ValueError> {
        let decode_error = |source| refused(field, ValueError::Decode { field: field.into(), source });
        match self.decrypt(field, sealed, owner) {
            Ok((class, opened)) => V::decode(class, opened).map_err(decode_error),
            Err(Unopened::NotSealed(source)) => not_sealed(field, source, sealed),
            Err(Unopened::Refused(error)) => Err(refused(field, error)),
        }
    }

    /// The encoded value and its class, authenticated.
    #[inline(always)]
    fn decrypt(
        &self,
        field: &'static Field,
        sealed: &[u8],
        owner: Option<&Owner>,
    ) -> Result<(Class, Vec<u8>), Unopened> {
        let keys = self.keys_of(field).map_err(Unopened::Refused)?;
        self.check_owner(field, owner).map_err(Unopened::Refused)?;
        // Most values begin as one that was opened before did, and what that says need not be read again.
        if let Some((key, kind)) = Shape::of(sealed).and_then(|shape| keys.kind(shape))
            && kind.header.bound == owner.is_some()
            && kind.takes(sealed)
        {
            return match kind.open(sealed, owner) {
                Ok(opened) if !kind.header.padded => Ok((kind.header.class, opened)),
                Ok(opened) => without_padding(field, &kind.header, opened),
                Err(AeadError) => Err(tampered(field, key, owner)),
            };
        }
        self.decrypt_new(keys, sealed, owner)
    }

    /// Decrypts a value with a header that none had before, or finds out what is wrong with it.
    #[cold]
    fn decrypt_new(
        &self,
        keys: &FieldKeys,
        sealed: &[u8],
        owner: Option<&Owner>,
    ) -> Result<(Class, Vec<u8>), Unopened> {
        let field = keys.field;
        let parts = SealedValue::parse(sealed).map_err(Unopened::NotSealed)?;
        let header = parts.header;
        if header.user_key != keys.user_key {
            let error = ValueError::OtherHolder { field: field.into(), user_key: header.user_key };
            return Err(Unopened::Refused(error));
        }
        let key = match keys.find(header.key_id) {
            Some(key) => key,
            None => self.learn(field, header.key_id).map_err(Unopened::Refused)?,
        };
        let destroyed = || Unopened::Refused(ValueError::KeyDestroyed { field: field.into(), key_id: header.key_id });
        let kind = key.new_kind(header, parts.slots.len()).ok_or_else(destroyed)?;
        let bound = header.bound == owner.is_some();
        let Some(opened) = bound.then(|| kind.open(sealed, owner).ok()).flatten() else {
            return Err(tampered(field, key, owner));
        };
        key.keep(kind);
        if header.padded { without_padding(field, &header, opened) } else { Ok((header.class, opened)) }
    }

    /// The key of this id, if its values open.
    pub(super) fn opening_key(&self, field: &'static Field, key_id: u32) -> Result<&ValueKey, ValueError> {
        let key = match self.keys_of(field)?.find(key_id) {
            Some(key) => key,
            None => self.learn(field, key_id)?,
        };
        if key.state == KeyState::Destroyed {
            return Err(ValueError::KeyDestroyed { field: field.into(), key_id });
        }
        Ok(key)
    }

    /// A key that this field does not have yet: it may be another's, or one that another process has begun to use.
    #[cold]
    fn learn(&self, field: &'static Field, key_id: u32) -> Result<&ValueKey, ValueError> {
        if let Some(keys) = self.each_field().find(|keys| keys.find(key_id).is_some()) {
            return Err(ValueError::OtherField { field: field.into(), found: keys.field.into() });
        }
        self.ask_for(key_id);
        self.keys_of(field)?.find(key_id).ok_or(ValueError::UnknownKey { field: field.into(), key_id })
    }
}

/// What a text column holds of a value: the bytes that its text stands for, or the text itself if it never was sealed.
pub(super) fn stored_bytes<'s>(field: &'static Field, stored: &'s str) -> Result<Cow<'s, [u8]>, ValueError> {
    let strict = field.plaintext == Plaintext::Refuse;
    match text::decode(stored) {
        // Text that is base64url of something else is what it says, not what it decodes to.
        Ok(bytes) if strict || text::looks_sealed(stored) => Ok(Cow::Owned(bytes)),
        // Where plaintext is accepted, two characters are too few to tell it by.
        Err(source) if text::looks_sealed(stored) || strict && stored.starts_with(text::BEGINNING) => {
            Err(ValueError::Malformed { field: field.into(), source })
        }
        _ => Ok(Cow::Borrowed(stored.as_bytes())),
    }
}

fn without_padding(field: &'static Field, header: &Header, mut opened: Vec<u8>) -> Result<(Class, Vec<u8>), Unopened> {
    match unpad(&mut opened) {
        Ok(()) => Ok((header.class, opened)),
        Err(source) => Err(Unopened::Refused(ValueError::Decode { field: field.into(), source })),
    }
}

/// Logs why a value does not open, where the reason is found: a value that opens passes nothing on its way.
#[cold]
pub(super) fn refused(field: &'static Field, error: ValueError) -> ValueError {
    tracing::warn!(field = field.id(), %error, "a value could not be opened");
    error
}

#[cold]
fn tampered(field: &'static Field, key: &ValueKey, owner: Option<&Owner>) -> Unopened {
    Unopened::Refused(ValueError::Tampered { field: field.into(), key_id: key.id, bound: owner.is_some() })
}

/// A value that does not parse: plaintext where that is accepted, else an error. What begins like a sealed value is a
/// damaged one and never plaintext: an application that read it and wrote it back would seal the ciphertext.
#[cold]
fn not_sealed<V: Decode>(field: &'static Field, source: FormatError, bytes: &[u8]) -> Result<V, ValueError> {
    if let Some(error) = not_sealed_error(field, source, bytes) {
        return Err(refused(field, error));
    }
    tracing::info!(field = field.id(), "a value was read as plaintext, which is accepted during a migration");
    let decode_error = |source| refused(field, ValueError::Decode { field: field.into(), source });
    V::decode_plaintext(bytes.to_vec()).map_err(decode_error)
}

/// What is wrong with a value that does not parse: nothing, if it is plaintext and that is accepted.
pub(super) fn not_sealed_error(field: &'static Field, source: FormatError, bytes: &[u8]) -> Option<ValueError> {
    match source {
        source if value::looks_sealed(bytes) => Some(ValueError::Malformed { field: field.into(), source }),
        _ if field.plaintext == Plaintext::Accept => None,
        // 0xE1 before a byte below 0x80 begins no text.
        FormatError::TooManySlots(0..=0x7F) => Some(ValueError::Malformed { field: field.into(), source }),
        _ => Some(ValueError::NotEncrypted { field: field.into() }),
    }
}
