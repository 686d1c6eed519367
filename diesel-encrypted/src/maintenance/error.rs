//! Why a run of maintenance stopped, or did not begin. What is wrong with one row is in the report instead.

use diesel::result::Error as DieselError;

/// Why maintenance could not go on. What was done until then stays done, and the same call goes on from there.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MaintenanceError {
    /// The database failed.
    #[error("the database failed: {0}")]
    Database(#[from] DieselError),
    /// The connection is inside of a transaction.
    #[error("maintenance works in transactions of its own: call it outside of one")]
    InTransaction,
    /// A SQLite database in UTF-16.
    #[error("this SQLite database keeps text in UTF-16, which maintenance cannot compare: use one in UTF-8")]
    Encoding,
    /// Nothing of this name is registered.
    #[error(
        "`{name}` is no encrypted column of this vault: open it with the model, or with `.registered()` once the \
         application has registered it"
    )]
    NotRegistered {
        /// The table, or table and column.
        name: String,
    },
    /// The table does not exist.
    #[error(
        "the database has no table `{table}`, which encrypted_columns names: if it was renamed, open the vault with the \
         application's current models; if it was dropped, forget its fields (`diesel-encrypted forget`)"
    )]
    NoTable {
        /// The table.
        table: String,
    },
    /// The column does not exist.
    #[error(
        "the table `{table}` has no column `{column}`. An encrypted one that was renamed is found by the application's \
         current models; one that was dropped is forgotten by `diesel-encrypted forget`"
    )]
    NoColumn {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// There is no vault on this thread.
    #[error("no vault is installed, and none is entered on this thread")]
    NoVault,
    /// A row cannot be found by what its model says is its primary key.
    #[error(
        "a row cannot be found by this primary key: it is made of numbers, text, bytes, truth values and UUIDs, as many as \
         the model's `primary_key` names"
    )]
    Key,
    /// A table cannot be walked.
    #[error(
        "`{table}` cannot be walked: its model names no primary key. Derive `Identifiable`, or name it with \
         `#[diesel(primary_key(..))]`"
    )]
    NoPrimaryKey {
        /// The table.
        table: String,
    },
    /// The application's layer is needed, and this is a user's vault.
    #[error("`{field}` has two layers: open `Maintenance` with the application's vault, which has the outer one")]
    ApplicationLayer {
        /// The field.
        field: String,
    },
    /// The values of two layers come from their users, and are theirs to open.
    #[error(
        "`{field}` has two layers, of which a user's is one: {operation} is for columns that the application alone seals"
    )]
    TwoLayers {
        /// The field.
        field: String,
        /// The operation.
        operation: &'static str,
    },
    /// An index is normalised by a function that this program does not have.
    #[error(
        "`{field}` has a blind index that is normalised by the application's own function `{normalizer}`, which this \
         program does not have: run this by the application's own program, with a vault that was opened with its models"
    )]
    UnknownNormalizer {
        /// The field.
        field: String,
        /// The name that the function is registered under.
        normalizer: String,
    },
    /// A field has no key in this scope.
    #[error("`{field}` has no active key in this scope: open a vault with its model once, which makes one")]
    NoKey {
        /// The field.
        field: String,
    },
    /// The application has a key that the vault does not know.
    #[error(
        "`{field}` has key {key_id:08x} by now, which the application's vault did not know when this began: values under it \
         would be passed over. Refresh that vault or open it again, and call this again"
    )]
    UnknownKey {
        /// The field.
        field: String,
        /// The key.
        key_id: u32,
    },
    /// The operation is for the application's values.
    #[error(
        "`{field}`: this vault is a user's or a group's, whose values `{operation}` is not for: `reseal` brings them to \
         their new key"
    )]
    HolderVault {
        /// The field.
        field: String,
        /// The operation.
        operation: &'static str,
    },
    /// The operation is for values of users and groups.
    #[error(
        "`{field}`: this vault is the application's: `reseal` is for that of a user or a group, with their earlier keys"
    )]
    ApplicationVault {
        /// The field.
        field: String,
    },
    /// The application's layer is another tenant's.
    #[error(
        "this was opened with the application's vault of another scope than the user or the group is of, which opens \
         nothing of theirs in columns of two layers: open it with that of their scope"
    )]
    OtherScope,
    /// Plaintext in a column that refuses it.
    #[error(
        "`{field}` refuses plaintext, and {rows} rows hold some: it was planted, or written by a program without \
         diesel-encrypted. Look at it first; sealing makes it authentic. If it is to be sealed, say \
         `.seal_plaintext_of(..)` with this field's table and column"
    )]
    StrictColumn {
        /// The field.
        field: String,
        /// How many rows.
        rows: u64,
    },
    /// Rows without a key do not say whose they are.
    #[error(
        "`{field}`: this vault is for one scope, and a value that was never sealed does not say to which scope it belongs: \
         say which rows are its own, by a column and its value (`.only(..)`, `--only`), or seal such values through the application"
    )]
    Scoped {
        /// The field.
        field: String,
    },
    /// A key whose values open was named to be purged.
    #[error(
        "key {key_id:08x} of `{field}` is there, and its values open: purge takes only what can no longer be opened. \
         Destroy the key first"
    )]
    KeyAlive {
        /// The field.
        field: String,
        /// The key.
        key_id: u32,
    },
    /// NULL cannot stand there.
    #[error("`{table}.{column}` is NOT NULL: purge its rows with `.rows()`, or let the column be NULL first")]
    NotNull {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// An option that names one column, for several.
    #[error("`{option}` is for one column, and {columns} are selected: select it by `Selection::column`")]
    OneColumn {
        /// The option.
        option: &'static str,
        /// How many are selected.
        columns: usize,
    },
    /// Another run is at the same column, with other options.
    #[error(
        "another run of `{job}` is at work with other options: let it end, or stop it and wait for {wait_ms} milliseconds"
    )]
    OtherRun {
        /// Operation and field.
        job: String,
        /// After how many milliseconds its last claim expires.
        wait_ms: i64,
    },
    /// The operating system gave no random bytes.
    #[error(transparent)]
    Random(#[from] diesel_encrypted_core::keys::RandomError),
    /// The vault does not know the field's keys.
    #[error(transparent)]
    Value(Box<diesel_encrypted_core::ValueError>),
    /// A row failed, and the run was told to stop then.
    #[error("stopped at the first failure, as asked: {0}")]
    Failed(Box<super::Failure>),
}

impl From<diesel_encrypted_core::ValueError> for MaintenanceError {
    fn from(error: diesel_encrypted_core::ValueError) -> Self {
        Self::Value(Box::new(error))
    }
}
