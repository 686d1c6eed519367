//! A sealed value: `0xE1 ‖ n ‖ 0x00 ‖ n slots ‖ algorithm ‖ flags ‖ key id ‖ nonce ‖ ciphertext ‖ tag`.

use std::ops::Range;

use super::FormatError;
use crate::{
    aead::{Algorithm, TAG_LEN},
    value::Class,
};

/// The byte that begins every sealed value.
pub const FORMAT_BYTE: u8 = 0xE1;
/// The length of a blind-index slot in bytes: generation (1) ‖ tag (14).
pub const SLOT_LEN: usize = 15;
/// The most slots a value can have.
pub const SLOTS_MAX: usize = 15;
/// The bytes before the first slot.
const PREFIX_LEN: usize = 3;

/// A blind-index slot: generation ‖ tag. All zeros is an empty slot, which no search matches.
pub type Slot = [u8; SLOT_LEN];

/// The slot that no search matches.
pub const EMPTY_SLOT: Slot = [0; SLOT_LEN];

const FLAG_BOUND: u8 = 1;
const FLAG_PADDED: u8 = 1 << 1;
const FLAG_USER_KEY: u8 = 1 << 2;
const FLAG_RESERVED: u8 = 1 << 3;

/// The part of the header behind the slots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// The algorithm it is sealed with.
    pub algorithm: Algorithm,
    /// Whether it is bound to an owner.
    pub bound: bool,
    /// Whether it is padded (ISO/IEC 7816-4).
    pub padded: bool,
    /// Whether the key id is of a user's or a group's key.
    pub user_key: bool,
    /// What kind of value it is.
    pub class: Class,
    /// The key it is sealed with. Never 0.
    pub key_id: u32,
}

impl Header {
    /// The length of a header with `slots` slots, up to the nonce: the part that is authenticated with the value.
    #[must_use]
    pub const fn len(slots: usize) -> usize {
        PREFIX_LEN + SLOT_LEN * slots + 6
    }

    /// The header without its slots, which is part of what the value's key is derived from.
    #[must_use]
    pub const fn without_slots(&self, slots: usize) -> [u8; 9] {
        let [a, b, c, d] = self.key_id.to_be_bytes();
        // A field has at most 15 slots (`Field::indexes`).
        [FORMAT_BYTE, slots as u8, 0, self.algorithm as u8, self.flags(), a, b, c, d]
    }

    const fn flags(&self) -> u8 {
        let bound = if self.bound { FLAG_BOUND } else { 0 };
        let padded = if self.padded { FLAG_PADDED } else { 0 };
        let user_key = if self.user_key { FLAG_USER_KEY } else { 0 };
        bound | padded | user_key | ((self.class as u8) << 4)
    }

    /// The bytes of a value that are authenticated beside its ciphertext and by its key: none without slots, else from
    /// the byte before the first on, in blocks of 16, since a part of a block costs more than a whole. What follows the
    /// slots there (header, and never more than the nonce) is authenticated anyway.
    #[must_use]
    pub const fn authenticated(slots: usize) -> Range<usize> {
        let from = PREFIX_LEN - 1;
        if slots == 0 { from..from } else { from..from + (1 + SLOT_LEN * slots).next_multiple_of(16) }
    }

    /// The bytes that sealing adds to a value.
    #[must_use]
    pub const fn overhead(algorithm: Algorithm, slots: usize) -> usize {
        Self::len(slots) + algorithm.nonce_len() + TAG_LEN
    }
}

/// What stands before the ciphertext, with empty slots and a nonce of zeros, to be written over.
pub(crate) fn front(header: &Header, slots: usize) -> Vec<u8> {
    let mut front = vec![0; Header::len(slots) + header.algorithm.nonce_len()];
    let [prefix @ .., a, b, c, d, e, f] = header.without_slots(slots);
    for (at, part) in [(0, &prefix[..]), (PREFIX_LEN + SLOT_LEN * slots, &[a, b, c, d, e, f])] {
        if let Some(place) = front.get_mut(at..at + part.len()) {
            place.copy_from_slice(part);
        }
    }
    front
}

/// A header without its slots and the format byte, which is the same in all: `n ‖ 0x00 ‖ algorithm ‖ flags ‖ key id`. As
/// one number, which is compared at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shape(u64);

impl Shape {
    /// Of a value with this header and so many slots.
    #[inline]
    pub(crate) const fn new(header: &Header, slots: usize) -> Self {
        let [_, shape @ ..] = header.without_slots(slots);
        Self(u64::from_be_bytes(shape))
    }

    /// Of these bytes, whether they are a sealed value or only begin like one.
    #[inline]
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let &[FORMAT_BYTE, shape @ ..] = bytes.first_chunk::<9>()? else { return None };
        let [slots @ 1..=15, reserved, ..] = shape else { return Some(Self(u64::from_be_bytes(shape))) };
        let &[a, b, c, d, e, f] = bytes.get(PREFIX_LEN + SLOT_LEN * usize::from(slots)..)?.first_chunk()?;
        Some(Self(u64::from_be_bytes([slots, reserved, a, b, c, d, e, f])))
    }

    /// Whether the two differ in nothing but the class: an integer may have either.
    #[inline]
    pub(crate) const fn differs_by_class(self, other: Self) -> bool {
        const CLASS: u64 = 0xF << 36;
        (self.0 ^ other.0) & !CLASS == 0
    }

    /// The key that the value is sealed with.
    pub(crate) const fn key_id(self) -> u32 {
        self.0 as u32
    }
}

/// Whether no slot of a value is empty and has a tag, as [`SealedValue::parse`] demands.
#[inline]
pub(crate) fn has_fit_slots(bytes: &[u8], slots: usize) -> bool {
    let slots = bytes.get(PREFIX_LEN..PREFIX_LEN + SLOT_LEN * slots).unwrap_or_default();
    unfit_slot(slots.as_chunks().0).is_none()
}

/// The first slot that is empty and has a tag.
#[inline]
fn unfit_slot(slots: &[Slot]) -> Option<usize> {
    slots.iter().position(|slot| slot.first() == Some(&0) && *slot != EMPTY_SLOT)
}

/// Whether bytes begin as only sealed values do, intact or not: the format byte, then at most 15 slots. No UTF-8 text
/// does: after `0xE1` it goes on with a byte of 0x80 or more.
#[must_use]
pub fn looks_sealed(bytes: &[u8]) -> bool {
    matches!(bytes, [FORMAT_BYTE] | [FORMAT_BYTE, 0..=15, ..])
}

/// The bytes of slot `index`, from the start of the value.
#[must_use]
pub const fn slot_range(index: usize) -> Range<usize> {
    PREFIX_LEN + SLOT_LEN * index..PREFIX_LEN + SLOT_LEN * (index + 1)
}

/// A sealed value, taken apart without a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedValue<'a> {
    /// Every byte up to the nonce, as it is authenticated.
    pub header_bytes: &'a [u8],
    /// The slots, in the order of their indexes.
    pub slots: &'a [Slot],
    /// What the header says.
    pub header: Header,
    /// 12 or 24 bytes.
    pub nonce: &'a [u8],
    /// The ciphertext and its tag of 16 bytes.
    pub sealed: &'a [u8],
}

impl<'a> SealedValue<'a> {
    /// Takes `bytes` apart. A value is *sealed*, and not plaintext, if this succeeds.
    ///
    /// # Errors
    /// [`FormatError`] unless they are a sealed value from the first byte to the last.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let (&[format, slot_count, reserved], rest) =
            bytes.split_first_chunk::<PREFIX_LEN>().ok_or_else(|| short_prefix(bytes))?;
        if format != FORMAT_BYTE {
            return Err(not_sealed());
        }
        if usize::from(slot_count) > SLOTS_MAX {
            return Err(FormatError::TooManySlots(slot_count));
        }
        if reserved != 0 {
            return Err(FormatError::ReservedByte(reserved));
        }
        let slot_count = usize::from(slot_count);
        let truncated = |needed| FormatError::Truncated { needed, found: bytes.len() };
        let shortest = Header::overhead(Algorithm::Aes256Gcm, slot_count);
        let (slots, rest) = rest.split_at_checked(SLOT_LEN * slot_count).ok_or_else(|| truncated(shortest))?;
        if let Some(index) = unfit_slot(slots.as_chunks().0) {
            return Err(FormatError::EmptySlotWithTag(index as u8));
        }
        let &[algorithm, flags, id @ ..] = rest.first_chunk::<6>().ok_or_else(|| truncated(shortest))?;
        let header = parse_header(algorithm, flags, id)?;
        Self::cut(bytes, slot_count, header).ok_or_else(|| truncated(Header::overhead(header.algorithm, slot_count)))
    }

    /// Takes a value apart whose header and slots were looked at. `None` if it is too short.
    #[inline]
    fn cut(bytes: &'a [u8], slots: usize, header: Header) -> Option<Self> {
        let (header_bytes, rest) = bytes.split_at_checked(Header::len(slots))?;
        let (nonce, sealed) = rest.split_at_checked(header.algorithm.nonce_len())?;
        let (slots, _) = header_bytes.get(PREFIX_LEN..)?.get(..SLOT_LEN * slots)?.as_chunks();
        (sealed.len() >= TAG_LEN).then_some(Self { header_bytes, slots, header, nonce, sealed })
    }
}

#[inline]
fn parse_header(algorithm: u8, flags: u8, id: [u8; 4]) -> Result<Header, FormatError> {
    let algorithm = Algorithm::from_u8(algorithm).ok_or(FormatError::UnknownAlgorithm(algorithm))?;
    if flags & FLAG_RESERVED != 0 {
        return Err(FormatError::ReservedFlag);
    }
    let class = Class::from_u8(flags >> 4).ok_or(FormatError::UnknownClass(flags >> 4))?;
    let key_id = u32::from_be_bytes(id);
    if key_id == 0 {
        return Err(FormatError::NoKeyId);
    }
    Ok(Header {
        algorithm,
        bound: flags & FLAG_BOUND != 0,
        padded: flags & FLAG_PADDED != 0,
        user_key: flags & FLAG_USER_KEY != 0,
        class,
        key_id,
    })
}

#[cold]
fn not_sealed() -> FormatError {
    FormatError::NotThisFormat { expected: FORMAT_BYTE, what: "sealed value" }
}

#[cold]
fn short_prefix(bytes: &[u8]) -> FormatError {
    match bytes.first() {
        None => FormatError::Empty,
        Some(&FORMAT_BYTE) => {
            FormatError::Truncated { needed: Header::overhead(Algorithm::Aes256Gcm, 0), found: bytes.len() }
        }
        Some(_) => not_sealed(),
    }
}
