//! Opening values: an error says what is wrong with one, and nothing of it is given out.

use std::borrow::Cow;

use super::{Vault, aad, check_owner, keyring::ValueKey};
use crate::{
    Decode, Field, Plaintext, ValueError,
    format::{
        FormatError, text,
        value::{self, Header, SealedValue},
    },
    owner::Owner,
    value::padding::unpad,
};

/// A value whose key was found.
struct Located<'v> {
    key: &'v ValueKey,
    header: Header,
    slots: usize,
}

impl Located<'_> {
    /// Opens `body` (ciphertext ‖ tag), which stands behind `front`, and gives the length of the plaintext. `None` if it
    /// does not open.
    #[inline]
    fn open(&self, front: &[u8], body: &mut [u8], owner: Option<&Owner>) -> Option<usize> {
        let nonce = front.get(Header::len(self.slots)..)?;
        let slots = front.get(Header::authenticated(self.slots))?;
        let opened =
            self.key.with_cipher(&self.header, self.slots, |cipher| cipher.open(nonce, &aad(slots, owner), body));
        opened?.ok()
    }
}

/// Why a key was not looked for, or not found.
enum Unlocated {
    NotSealed(FormatError),
    Refused(ValueError),
}

impl Vault {
    /// Opens a value of a field that is bound to nothing: in the allocation it came in, or borrowed, with one of its own.
    ///
    /// # Errors
    /// [`ValueError`]: see its variants. Never gives the stored bytes, an empty value or a default instead.
    #[inline]
    pub fn open<'a, V: Decode>(
        &self,
        field: &'static Field,
        sealed: impl Into<Cow<'a, [u8]>>,
    ) -> Result<V, ValueError> {
        self.open_as(field, sealed.into(), None)
    }

    /// Opens a value that is bound to its owner.
    ///
    /// # Errors
    /// As [`open`](Self::open), and if it belongs to another owner.
    pub fn open_bound<'a, V: Decode>(
        &self,
        field: &'static Field,
        sealed: impl Into<Cow<'a, [u8]>>,
        owner: &Owner,
    ) -> Result<V, ValueError> {
        self.open_as(field, sealed.into(), Some(owner))
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
        let strict = field.plaintext == Plaintext::Refuse;
        match text::decode(sealed) {
            // Text that is base64url of something else is what it says, not what it decodes to.
            Ok(bytes) if strict || text::looks_sealed(sealed) => self.open_as(field, bytes.into(), owner),
            // Where plaintext is accepted, two characters are too few to tell it by.
            Err(source) if text::looks_sealed(sealed) || strict && sealed.starts_with(text::BEGINNING) => {
                Err(refused(field, ValueError::Malformed { field: field.into(), source }))
            }
            _ => self.open_as(field, sealed.as_bytes().into(), owner),
        }
    }

    #[inline]
    fn open_as<V: Decode>(
        &self,
        field: &'static Field,
        sealed: Cow<'_, [u8]>,
        owner: Option<&Owner>,
    ) -> Result<V, ValueError> {
        let located = match self.locate(field, &sealed, owner) {
            Ok(located) => located,
            Err(Unlocated::NotSealed(source)) => return not_sealed(field, source, sealed.into_owned()),
            Err(Unlocated::Refused(error)) => return Err(refused(field, error)),
        };
        let header = located.header;
        let start = Header::len(located.slots) + header.algorithm.nonce_len();
        let altered = || refused(field, tampered(field, located.key, owner.is_some()));
        let mut opened = match sealed {
            Cow::Borrowed(sealed) => {
                let (front, body) = sealed.split_at_checked(start).unwrap_or_default();
                let mut body = body.to_vec();
                let len = located.open(front, &mut body, owner).ok_or_else(altered)?;
                body.truncate(len);
                body
            }
            Cow::Owned(mut sealed) => {
                let (front, body) = sealed.split_at_mut_checked(start).unwrap_or_default();
                let len = located.open(front, body, owner).ok_or_else(altered)?;
                sealed.copy_within(start..start + len, 0);
                sealed.truncate(len);
                sealed
            }
        };
        let decode_error = |source| refused(field, ValueError::Decode { field: field.into(), source });
        if header.padded {
            unpad(&mut opened).map_err(decode_error)?;
        }
        V::decode(header.class, opened).map_err(decode_error)
    }

    /// Finds the key that a value names.
    #[inline]
    fn locate(&self, field: &'static Field, sealed: &[u8], owner: Option<&Owner>) -> Result<Located<'_>, Unlocated> {
        let keys = self.keys_of(field).map_err(Unlocated::Refused)?;
        check_owner(field, owner).map_err(Unlocated::Refused)?;
        let parts = SealedValue::parse(sealed).map_err(Unlocated::NotSealed)?;
        let header = parts.header;
        let key = keys.find(header.key_id).ok_or_else(|| Unlocated::Refused(self.foreign_key(field, header.key_id)))?;
        if !key.is_there() {
            return Err(Unlocated::Refused(ValueError::KeyDestroyed { field: field.into(), key_id: header.key_id }));
        }
        if header.bound != owner.is_some() {
            return Err(Unlocated::Refused(tampered(field, key, owner.is_some())));
        }
        Ok(Located { key, header, slots: parts.slots.len() })
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
}

/// Logs why a value does not open, where the reason is found: a value that opens passes nothing on its way.
#[cold]
fn refused(field: &'static Field, error: ValueError) -> ValueError {
    tracing::warn!(field = field.id(), %error, "a value could not be opened");
    error
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
        return Err(refused(field, ValueError::Malformed { field: field.into(), source }));
    }
    if field.plaintext == Plaintext::Accept {
        tracing::info!(field = field.id(), "a value was read as plaintext, which is accepted during a migration");
        let decode_error = |source| refused(field, ValueError::Decode { field: field.into(), source });
        return V::decode_plaintext(bytes).map_err(decode_error);
    }
    let error = match source {
        // 0xE1 before a byte below 0x80 begins no text.
        FormatError::TooManySlots(0..=0x7F) => ValueError::Malformed { field: field.into(), source },
        _ => ValueError::NotEncrypted { field: field.into() },
    };
    Err(refused(field, error))
}
