//! What can be refused of what is to be done to keys. Each message says what to do next.

use std::time::Duration;

use super::KeySelection;
use crate::{
    keys::{KeyState, RootKeyError, StateError, Timestamp},
    vault::{StoreError, VaultError},
};

/// Why a task was not done. Nothing was written then, but for [`NotKept`](Self::NotKept).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The rows are not authentic, or a root key is missing: what keeps a vault from being opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database has no keys.
    #[error("this database has no keys yet: open a vault over it once, with the models, to make them")]
    NoKeys,
    /// There is no data key or index key of this id in the scope.
    #[error("there is no key {key_id:08x} in this scope: list the keys, and name the scope if it has one")]
    UnknownKey {
        /// The id.
        key_id: u32,
    },
    /// Nothing in the scope is selected.
    #[error("{selection:?} selects no key of this scope; it has keys of {}", .known.join(", "))]
    NothingSelected {
        /// What was asked for.
        selection: KeySelection,
        /// The names that there are.
        known: Vec<String>,
    },
    /// No selected key is pending.
    #[error(
        "{selection:?}: none of its keys is pending: create one first, and activate it when every process knows it"
    )]
    NothingPending {
        /// What was asked for.
        selection: KeySelection,
    },
    /// A key is pending already, of another normaliser or number of bits.
    #[error(
        "`{name}` has the pending key {key_id:08x}, which makes tags in another way: activate it, or destroy it, first"
    )]
    AlreadyPending {
        /// The pending key.
        key_id: u32,
        /// The index's name.
        name: String,
    },
    /// The number of the new generation still stands in tags that are searched for.
    #[error(
        "the next generation would have the number {generation}, as that of key {key_id:08x} has, which is not destroyed: \
         reindex, and destroy that key first"
    )]
    GenerationInUse {
        /// The number.
        generation: u8,
        /// The key that has it.
        key_id: u32,
    },
    /// A normaliser and bits were given for what is not one index.
    #[error("a normaliser and a number of bits belong to one index: select it by its name")]
    NotOneIndex,
    /// A tag cannot keep so many bits.
    #[error("a blind index keeps 8 to 112 bits, not {bits}")]
    Bits {
        /// The bits.
        bits: u8,
    },
    /// A step that is not there.
    #[error(
        "there is no normaliser `{name}`: there are lowercase, casefold, trim, nfkc, digits, and `custom:` with the name \
         of the application's own"
    )]
    UnknownNormalizer {
        /// The name.
        name: String,
    },
    /// The key cannot come to that state.
    #[error("key {key_id:08x}: {source}")]
    State {
        /// The key.
        key_id: u32,
        /// Which states.
        source: StateError,
    },
    /// Not every process can be expected to know yet what was written before.
    #[error(
        "key {key_id:08x} is {state} since {since}, and processes that refresh their vault know it for sure after \
         {leases} lease(s): wait {} seconds, until {until}. If every process was restarted since, say so \
         (`Processes::Restarted`)",
        .wait.as_secs() + u64::from(.wait.subsec_nanos() > 0)
    )]
    TooEarly {
        /// The key.
        key_id: u32,
        /// The state it has.
        state: KeyState,
        /// Since when, by the database's clock.
        since: Timestamp,
        /// How many leases have to pass.
        leases: u32,
        /// How long that still takes.
        wait: Duration,
        /// When it is over, by the database's clock.
        until: Timestamp,
    },
    /// A field that is in use needs an active key.
    #[error(
        "key {key_id:08x} is the active one of {field}, which is in use: create and activate another, which retires this \
         one"
    )]
    InUse {
        /// The key.
        key_id: u32,
        /// The field, or a field of the index.
        field: String,
    },
    /// No such field is registered.
    #[error("there is no registered field `{field}`; there are {}", .known.join(", "))]
    UnknownField {
        /// What was asked for.
        field: String,
        /// The fields that there are.
        known: Vec<String>,
    },
    /// A field whose column is in use is not forgotten.
    #[error(
        "the column of `{field}` {}: decrypt it or set it to NULL, or drop it, and count again; or force it by its name",
        .values.map_or_else(|| "was not counted".to_owned(), |values| format!("holds {values} sealed values"))
    )]
    FieldHoldsValues {
        /// The field.
        field: String,
        /// How many, if they were counted.
        values: Option<u64>,
    },
    /// Values still need the key.
    #[error(
        "{rows} values still need key {key_id:08x}: rotate or reindex them (of the authority's key, reauthenticate the \
         accounts), then count again. They are counted by: {query}"
    )]
    Needed {
        /// The key.
        key_id: u32,
        /// How many.
        rows: u64,
        /// The query that counts them.
        query: String,
    },
    /// Nobody has counted the values that need the key.
    #[error("key {key_id:08x}: count the values that need it before it is destroyed, or force it by its id")]
    NotCounted {
        /// The key.
        key_id: u32,
    },
    /// The values were counted while they could still be written.
    #[error(
        "key {key_id:08x}: the values that need it were counted before every process knew that it is retired: count again"
    )]
    CountedTooEarly {
        /// The key.
        key_id: u32,
    },
    /// A new key was written, and did not come back as it was. It is pending, and nothing is sealed by it.
    #[error(
        "the new key {key_id:08x} was written and is not there as it was: find out who writes to encryption_keys, and \
         whether this database keeps what it commits"
    )]
    NotKept {
        /// The key.
        key_id: u32,
    },
}

impl From<StoreError> for KeyError {
    fn from(error: StoreError) -> Self {
        Self::Vault(error.into())
    }
}

impl From<RootKeyError> for KeyError {
    fn from(error: RootKeyError) -> Self {
        Self::Vault(error.into())
    }
}
