//! What can go wrong when a vault is opened. Each message says what to do next.

use super::StoreError;
use crate::keys::{Purpose, RootKeyError, RowKind, StateError};

/// Why a vault was not opened. Nothing was written to the application's tables, and of their values at most one a column
/// was looked at, without being opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VaultError {
    /// A vault is installed already.
    #[error(
        "a vault is installed in this process already: install once, at start, and enter others where they are used"
    )]
    AlreadyInstalled,
    /// The key table could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A root key failed.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
    /// A key's state was to go back.
    #[error(transparent)]
    State(#[from] StateError),

    /// The data keys are wrapped by a root key that is not configured.
    #[error(
        "the data keys of this database are wrapped by root key `{id}` (fingerprint {fingerprint}), and the configured \
         ones are {configured}: configure that key too (in ENC_KEYS, or by the source it came from)"
    )]
    UnknownRootKey {
        /// The id that the database names.
        id: String,
        /// The fingerprint that the database names.
        fingerprint: String,
        /// The configured keys, with their fingerprints.
        configured: String,
    },
    /// The configured root key of that id is another key.
    #[error(
        "wrong root key: the data keys of this database are wrapped by root key `{id}` with fingerprint {expected}, and \
         the configured `{id}` has fingerprint {found}: configure the right key, or give the new one an id of its own"
    )]
    WrongRootKey {
        /// The id of both.
        id: String,
        /// The fingerprint that the database names.
        expected: String,
        /// The fingerprint of the configured key.
        found: String,
    },
    /// The rows belong to another application.
    #[error(
        "the keys of this database belong to the application `{found}`, and this vault is opened as `{expected}`: is it \
         the right database? The name is set by `.application(..)` on the vault's builder"
    )]
    OtherApplication {
        /// The name that the builder was given.
        expected: String,
        /// The name in the rows.
        found: String,
    },
    /// There are rows, and no key to check them by.
    #[error(
        "encryption_keys has rows and no active state key, which authenticates them: a row was deleted. Restore the \
         table from a backup"
    )]
    NoStateKey,
    /// A row was altered.
    #[error(
        "a row of `{}` ({row}) was altered outside of diesel-encrypted: restore it from a backup, and find out who writes \
         to this table",
        .kind.table()
    )]
    RowAltered {
        /// The table.
        kind: RowKind,
        /// Which row.
        row: String,
    },
    /// A row was deleted, or an older copy of one was put back.
    #[error(
        "rows of encryption_keys or encrypted_columns were deleted, or older copies of them put back: the rows that are \
         left are not the ones that were written last. Restore both tables from a backup, and find out who writes to them"
    )]
    RowsReplaced,
    /// Keys would have to be made, and the builder was told not to.
    #[error(
        "`{name}` has no {purpose} key in this database, and `.existing_keys_only()` forbids to make one: is it the \
             right database and schema? If the model is new, open it once without, as a step of the deployment"
    )]
    KeyMissing {
        /// What the key is for.
        purpose: Purpose,
        /// The field id or the index's domain; empty for the state key.
        name: String,
    },
    /// Two indexes of one field have one name.
    #[error("`{field}` has two blind indexes of one name: give each a name of its own")]
    DuplicateIndex {
        /// The field.
        field: String,
    },
    /// There are keys of this name, and none of them is active.
    #[error("no {purpose} key of `{name}` is active, and there are others: restore encryption_keys from a backup")]
    NoActiveKey {
        /// What the key is for.
        purpose: Purpose,
        /// The field id or the index's domain.
        name: String,
    },
    /// A column holds values of a key whose row is gone. Another key is not made in its place.
    #[error(
        "`{field}` holds a value made with {key}, whose row is missing from encryption_keys: it was deleted, or the value \
         comes from another database. Restore the table from a backup"
    )]
    KeyLost {
        /// The field.
        field: String,
        /// Which key.
        key: String,
    },
    /// The database is older than the configuration allows.
    #[error(
        "the active {purpose} key of `{name}` has version {found}, and the configuration pins at least {minimum}: the \
         key table was rolled back"
    )]
    RolledBack {
        /// What the key is for.
        purpose: Purpose,
        /// The field id or the index's domain.
        name: String,
        /// The pinned version.
        minimum: u32,
        /// The version of the active key; 0 if there is none.
        found: u32,
    },

    /// The registry has a field in terms that this version does not know.
    #[error("`{field}` was registered by a newer version of diesel-encrypted: use that one")]
    UnreadableField {
        /// The field.
        field: String,
    },
    /// Two fields of one id.
    #[error("`{first}` and `{second}` have the same field id `{id}`: each column needs one of its own")]
    DuplicateField {
        /// The id.
        id: String,
        /// A column.
        first: String,
        /// The other column.
        second: String,
    },
    /// A column is declared twice.
    #[error("the column `{column}` is declared by two models: declare it in one, and let the other use `columns_of`")]
    DuplicateColumn {
        /// The column.
        column: String,
    },
    /// A field's declaration does not fit the data that was written under another.
    #[error(
        "`{field}` holds values that were written when its {what} was {registered}; the model now says {declared}. {advice}"
    )]
    FieldChanged {
        /// The field.
        field: String,
        /// What changed.
        what: &'static str,
        /// What the registry says.
        registered: String,
        /// What the model says.
        declared: String,
        /// What to do.
        advice: &'static str,
    },
    /// Two columns share an index domain and disagree on how values are compared.
    #[error(
        "the index `{index}` of `{field}` shares the domain `{domain}`, whose tags are made with {registered}; the model \
         says {declared}: columns of one domain normalise alike and keep as many bits"
    )]
    DomainMismatch {
        /// The field.
        field: String,
        /// The index.
        index: String,
        /// The domain.
        domain: String,
        /// How the domain's tags are made.
        registered: String,
        /// How the model would make them.
        declared: String,
    },
    /// Stored tags were made by a function that this program does not have.
    #[error(
        "the index `{index}` of `{field}` has tags made by the normaliser `{normalizer}`, which this program does not \
         have: keep the old function until the column is reindexed"
    )]
    UnknownNormalizer {
        /// The field.
        field: String,
        /// The index.
        index: String,
        /// The name of the normaliser.
        normalizer: String,
    },
    /// Stored tags are shorter than the model says.
    #[error(
        "the index `{index}` of `{field}` has tags of {bits} bits, which different values share, and the model declares \
         all 112: declare `bits = {bits}` until the column is reindexed, so that what is found is compared after opening"
    )]
    TruncatedTags {
        /// The field.
        field: String,
        /// The index.
        index: String,
        /// The bits of the stored tags.
        bits: u8,
    },
    /// The vault was opened without a way to be refreshed.
    #[error(
        "this vault keeps the keys it was opened with: open it with `.refresh_by(..)` or `.lease(..)` to refresh it, or open \
         another"
    )]
    NotRefreshed,
    /// The vault was opened without the authority's key.
    #[error(
        "this vault vouches for no users: open it with `.users()` on its builder. A user's or a group's vault never does"
    )]
    NoAuthority,
    /// The view of the keys is too old to vouch for users by.
    #[error(
        "this vault's keys were last read longer ago than its lease, and could not be read again: something may be \
         made under a key that is gone. The log says why; the operation can be tried again"
    )]
    StaleKeys,
    /// Other processes kept writing.
    #[error("other processes kept changing the key table while this vault was opened: try again")]
    Contended,
}
