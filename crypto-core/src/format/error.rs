//! What can be wrong with stored bytes.

/// Why bytes are not of the storage format. Positions count from 0; no variant carries a stored byte but numbers of the
/// header, which are public.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Nothing is stored: not even the empty string seals to nothing.
    #[error("it is empty")]
    Empty,
    /// The first byte is not the format's.
    #[error("its first byte is not {expected:#04x}, which begins every {what}")]
    NotThisFormat {
        /// The byte that was expected.
        expected: u8,
        /// What was expected.
        what: &'static str,
    },
    /// It ends before its last field.
    #[error("it has {found} bytes, and needs at least {needed}: it was cut short")]
    Truncated {
        /// The least length that its header allows, in bytes.
        needed: usize,
        /// Its length in bytes.
        found: usize,
    },
    /// It goes on after its last field.
    #[error("it has {found} bytes, and its format has {expected}: something was appended")]
    TooLong {
        /// The length of the format, in bytes.
        expected: usize,
        /// Its length in bytes.
        found: usize,
    },
    /// More than 15 blind-index slots.
    #[error("it names {0} blind-index slots, and there are at most 15")]
    TooManySlots(u8),
    /// The third byte is not zero.
    #[error("its reserved byte (offset 2) is {0:#04x}, not zero: it was written by a newer version, or altered")]
    ReservedByte(u8),
    /// A slot of generation 0 with a tag.
    #[error("its blind-index slot {0} is marked empty and has a tag")]
    EmptySlotWithTag(u8),
    /// An algorithm that this version does not know.
    #[error("its algorithm is number {0}, which this version does not know")]
    UnknownAlgorithm(u8),
    /// A class that this version does not know.
    #[error("its class is number {0}, which this version does not know")]
    UnknownClass(u8),
    /// The reserved flag is set.
    #[error("its reserved flag (bit 3) is set: it was written by a newer version, or altered")]
    ReservedFlag,
    /// Key id 0.
    #[error("its key id is 0, which no key has")]
    NoKeyId,
    /// Not base64url.
    #[error("its text is not canonical base64url without padding: a character, the length or the last bits are off")]
    NotBase64Url,
    /// A kind of lock that this version does not know.
    #[error("its kind is number {0}, which this version does not know")]
    UnknownLockKind(u8),
    /// A function that this version does not know, or that locks of this kind do not use.
    #[error("its key derivation is number {0}, which locks of its kind do not use")]
    UnknownKdf(u8),
    /// A suite of public-key encryption that this version does not know.
    #[error("its suite is number {0}, which this version does not know")]
    UnknownSuite(u8),
    /// A cost outside of its bounds: a lower one would make guessing cheap, a higher one exhaust the machine.
    #[error("its parameter `{name}` is {found}, and must be {lowest} to {highest}")]
    CostOutOfBounds {
        /// The parameter.
        name: &'static str,
        /// What is stored.
        found: u32,
        /// The least that is accepted.
        lowest: u32,
        /// The most that is accepted.
        highest: u32,
    },
}
