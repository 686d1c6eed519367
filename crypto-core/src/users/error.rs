//! What can go wrong with users and their keys. No variant carries a secret, or says which part of one was wrong.

use crate::{format::FormatError, keys::RandomError};

/// Why the application's key does not vouch for something.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorityError {
    /// A data key that is not for users, or of another application or scope.
    #[error("an authority takes data keys of the purpose `users`, all of one application and scope")]
    OtherPurpose,
    /// A key of another application or scope.
    #[error("this key was made by the authority of another application or scope")]
    Elsewhere,
    /// A row names a key that is not here.
    #[error(
        "unknown authority key {key_id:08x}: its row is missing from encryption_keys, or the row comes from elsewhere"
    )]
    UnknownKey {
        /// The key id that the row names.
        key_id: u32,
    },
    /// The record of a user or a group was altered, or stands in another place.
    #[error("the record of a user or a group was altered, or moved from another: restore it from a backup")]
    AlteredRecord,
}

/// Why a lock does not open.
///
/// [`Wrong`](Self::Wrong) is what a user did; the others are the application's to mend, or speak of altered data.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UnlockError {
    /// The password, code, answers or key are not those of this lock. Unknown users get the same answer.
    #[error("wrong password, code, answers or key")]
    Wrong,
    /// A password that is empty or has more than 4,096 bytes.
    #[error("a password has 1 to 4,096 bytes")]
    PasswordLength,
    /// The lock is for something else.
    #[error("this lock is not opened that way: choose it by its kind")]
    OtherKind,
    /// The lock's bytes are no lock.
    #[error("a lock is malformed: {0}")]
    Malformed(#[from] FormatError),
    /// The lock was altered, or moved from another user.
    #[error("a lock does not open though its secret is right: it was altered; use another lock, or a backup")]
    Altered,
    /// The lock holds another key than the user's record names: someone put it there, or it is of an old key.
    #[error("a lock holds another key than the user's record names: it was planted, or is one of an earlier key")]
    OtherKey,
    /// What a lock was to be made for is no public key.
    #[error("this is no public key of its suite")]
    PublicKey,
    /// What was stored as a bcrypt hash is none, or costs more than is checked.
    #[error("this is no bcrypt hash of a cost of 4 to 14")]
    BcryptHash,
    /// Argon2id found no memory.
    #[error("there is not enough memory to derive a key from a password")]
    Memory,
    /// The application's key does not vouch for what it must.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Why something is not shared, or not taken as shared.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SharingError {
    /// The bytes are no share, or nothing that a key holds.
    #[error("what is shared or held is malformed: {0}")]
    Malformed(#[from] FormatError),
    /// It does not open with this key: it was altered, or is for someone else.
    #[error("it does not open with this user's keys: it was altered, or is for someone else")]
    Closed,
    /// It opens, and is another key than was named.
    #[error("it holds another key than its row names: it was planted, or the row was altered")]
    OtherKey,
    /// The signature is not by the identity that it should be by.
    #[error("it is not signed by whom it says it is from")]
    NotSigned,
    /// Someone's identity key is not the one that is known.
    #[error(
        "this user's identity key is another than the one that is known: they have a new one, or someone stands in for \
         them. Ask for a change that the old key signed, or compare fingerprints in person"
    )]
    OtherIdentity,
    /// A pin was altered, or is another user's.
    #[error("a pinned identity was altered, or is another user's: restore it from a backup")]
    AlteredPin,
    /// A public key that is none.
    #[error("this is no public key of its suite")]
    PublicKey,
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Why a session does not go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// What the client sent is no token.
    #[error("this is no session token")]
    Token,
    /// The stored bytes are no session.
    #[error("a session is malformed: {0}")]
    Malformed(#[from] FormatError),
    /// Token and row do not belong together, the row was altered, or the user has another key by now: sign in again.
    #[error("this session does not open: sign in again")]
    Closed,
    /// Its time is over: sign in again.
    #[error("this session has expired: sign in again")]
    Expired,
    /// The application's key is not here.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
}

/// Why a lock is not made for these answers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QuestionsError {
    /// Too few are needed, or too few or too many are there.
    #[error("at least 2 answers are needed, of at most 16, and no more than there are")]
    Count,
    /// Two answers say the same.
    #[error("two of the answers are alike: each question needs one of its own")]
    Alike,
    /// They could be guessed.
    #[error(
        "the weakest answers that would do have an estimated {found} bits, and {least} are the least: longer ones, or more"
    )]
    Weak {
        /// The estimate, in bits.
        found: u32,
        /// The least, in bits.
        least: u32,
    },
    /// The lock could not be made.
    #[error(transparent)]
    Unlock(#[from] UnlockError),
}
