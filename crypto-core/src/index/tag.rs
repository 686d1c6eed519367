//! Tags: `HMAC-SHA256(index key, normalised encoded value)`, the first `bits` bits, the rest zero.

use std::borrow::Cow;

use super::{Normalizer, canonical, normalize};
use crate::{
    format::value::{SLOT_LEN, Slot},
    keys::{DataKey, HmacSha256, tag},
    value::{Class, EncodeError},
};

/// One generation of an index: a key, a normaliser and a number of bits, which change together.
pub(crate) struct Generation {
    number: u8,
    mac: HmacSha256,
    /// Or the name of one that this program does not have.
    steps: Result<Vec<Normalizer>, String>,
    /// Which bits of a tag are kept.
    mask: [u8; TAG_LEN],
}

/// The length of a tag in its slot.
const TAG_LEN: usize = SLOT_LEN - 1;

/// The number that stands in a slot, of a key of this version: counted from 1 to 255 and round again.
pub(crate) const fn generation_number(version: u32) -> u8 {
    (version.saturating_sub(1) % 255 + 1) as u8
}

impl Generation {
    /// The generation of an index key.
    pub(crate) fn new(key: &DataKey, steps: Result<Vec<Normalizer>, String>, bits: u8) -> Self {
        let number = generation_number(key.context().version);
        let mask = std::array::from_fn(|at| match usize::from(bits).saturating_sub(8 * at) {
            left @ 0..8 => !(0xFF_u8 >> left),
            _ => 0xFF,
        });
        Self { number, mac: key.index_mac(), steps, mask }
    }

    /// Its number, 1 to 255.
    pub(crate) const fn number(&self) -> u8 {
        self.number
    }

    /// The name of a normaliser that this program does not have.
    pub(crate) fn unknown_step(&self) -> Option<&str> {
        self.steps.as_ref().err().map(String::as_str)
    }

    /// The bytes that equal values have in common.
    #[inline]
    pub(crate) fn normalized<'a>(&self, class: Class, encoded: &'a [u8]) -> Result<Cow<'a, [u8]>, EncodeError> {
        let steps = match &self.steps {
            Ok(steps) => steps.as_slice(),
            Err(name) => return Err(EncodeError::UnknownNormalizer { name: name.clone() }),
        };
        if class != Class::Text || steps.is_empty() {
            return canonical::canonical(class, encoded);
        }
        let text = str::from_utf8(encoded).map_err(|_| EncodeError::Invalid(Class::Text))?;
        if cfg!(debug_assertions)
            && let Some(name) = normalize::unstable(steps, text)
        {
            return Err(EncodeError::NormalizerNotStable { name });
        }
        Ok(match normalize::normalize(steps, text) {
            Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
            Cow::Owned(text) => Cow::Owned(text.into_bytes()),
        })
    }

    /// The slot of a value: generation ‖ tag.
    #[inline]
    pub(crate) fn slot(&self, class: Class, encoded: &[u8]) -> Result<Slot, EncodeError> {
        let full = tag(&self.mac, &self.normalized(class, encoded)?);
        let mut slot = Slot::default();
        let [generation, kept @ ..] = &mut slot;
        *generation = self.number;
        for ((kept, byte), mask) in kept.iter_mut().zip(full).zip(self.mask) {
            *kept = byte & mask;
        }
        Ok(slot)
    }
}
