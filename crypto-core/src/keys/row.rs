//! Rows of the key table and of the registry, and the MAC that authenticates each. Someone who can write to the database
//! can neither reactivate a key nor point maintenance at another table.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use super::{
    DataKey, Fingerprint, KeyContext, KeyState, Purpose, RandomError, RootKey, RootKeyError, lp,
    mac::{HmacSha256, tag},
    opt,
};
use crate::label::Label;

/// Which table a row is of: part of what its MAC covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum RowKind {
    /// `encryption_keys`.
    Key = 1,
    /// `encrypted_columns`.
    Field = 2,
    /// `encryption_audit`.
    Audit = 3,
}

impl RowKind {
    /// The name of the table.
    #[must_use]
    pub const fn table(self) -> &'static str {
        match self {
            Self::Key => "encryption_keys",
            Self::Field => "encrypted_columns",
            Self::Audit => "encryption_audit",
        }
    }
}

/// What an index's generation stands for besides its key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IndexSpec {
    /// The names of the normalisation steps, in order.
    pub normalize: Vec<String>,
    /// The bits that a tag keeps.
    pub bits: u8,
    /// The version of Unicode that the steps followed.
    pub unicode: String,
}

/// A row of `encryption_keys`: one data key, wrapped.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyRow {
    /// Which key it is.
    pub context: KeyContext,
    /// Where it is in its life.
    pub state: KeyState,
    /// Of an index key, what its generation stands for; of others `None`.
    pub index: Option<IndexSpec>,
    /// The id of the root key that wraps it.
    pub root_id: String,
    /// That root key's fingerprint.
    pub root_fingerprint: Fingerprint,
    /// The wrapped key: what [`RootKey::wrap`] gave. Empty once it is destroyed.
    pub wrapped: Vec<u8>,
    /// The check value of the key.
    pub check: [u8; 32],
    /// Authenticates all of the above.
    pub mac: [u8; 32],
}

impl KeyRow {
    /// The row of `key`, wrapped under `root` and not yet authenticated.
    ///
    /// # Errors
    /// [`RootKeyError`] as `root` gives it.
    pub(crate) fn new(
        key: &DataKey,
        state: KeyState,
        index: Option<IndexSpec>,
        root: &dyn RootKey,
    ) -> Result<Self, RootKeyError> {
        Ok(Self {
            context: key.context().clone(),
            state,
            index,
            root_id: root.id().to_string(),
            root_fingerprint: root.fingerprint(),
            wrapped: key.wrap(root)?,
            check: key.check_value(),
            mac: [0; 32],
        })
    }

    /// A new key of `context` and its row.
    ///
    /// # Errors
    /// [`RootKeyError`] as `root` gives it.
    pub(crate) fn generate(
        context: KeyContext,
        state: KeyState,
        index: Option<IndexSpec>,
        root: &dyn RootKey,
    ) -> Result<(DataKey, Self), RootKeyError> {
        let key = DataKey::generate(context).map_err(|error: RandomError| RootKeyError::from(error))?;
        let row = Self::new(&key, state, index, root)?;
        Ok((key, row))
    }

    /// The row of no key: active, with nothing wrapped and no MAC. A store fills in what it read.
    #[must_use]
    pub const fn empty(context: KeyContext) -> Self {
        Self {
            context,
            state: KeyState::Active,
            index: None,
            root_id: String::new(),
            root_fingerprint: Fingerprint::new([0; 8]),
            wrapped: Vec::new(),
            check: [0; 32],
            mac: [0; 32],
        }
    }

    /// Whether it holds a key: a manifest never did, and a destroyed key is gone.
    pub(crate) fn has_key(&self) -> bool {
        self.context.purpose != Purpose::Manifest && self.state != KeyState::Destroyed
    }

    /// `HMAC(state subkey, "diesel-encrypted/1 row" ‖ kind ‖ lp(each column) ‖ lp(each member))`. Only a manifest has
    /// members.
    fn expected_mac(&self, state: &HmacSha256, members: &[[u8; 32]]) -> [u8; 32] {
        let scope = scope_bytes(self.context.scope.as_deref());
        let index = self.index_text();
        let own: [&[u8]; 12] = [
            self.context.application.as_bytes(),
            &self.context.key_id.to_be_bytes(),
            &[self.context.purpose as u8],
            &self.context.version.to_be_bytes(),
            self.context.name.as_bytes(),
            &scope,
            &[self.state as u8],
            index.as_bytes(),
            self.root_id.as_bytes(),
            self.root_fingerprint.as_bytes(),
            &self.wrapped,
            &self.check,
        ];
        row_mac(state, RowKind::Key as u8, own.into_iter().chain(members.iter().map(<[u8; 32]>::as_slice)))
    }

    /// The index specification as it is stored: JSON, or empty.
    #[must_use]
    pub fn index_text(&self) -> String {
        self.index.as_ref().and_then(|spec| serde_json::to_string(spec).ok()).unwrap_or_default()
    }

    /// Reads what [`index_text`](Self::index_text) wrote. `None` if it is anything else, were it only other white space:
    /// the MAC is computed over the text.
    #[must_use]
    pub fn parse_index(text: &str) -> Option<IndexSpec> {
        let spec: IndexSpec = serde_json::from_str(text).ok()?;
        (serde_json::to_string(&spec).ok()? == text).then_some(spec)
    }

    pub(crate) fn authenticate(self, state: &HmacSha256) -> Self {
        self.list(state, &[])
    }

    pub(crate) fn is_authentic(&self, state: &HmacSha256) -> bool {
        self.lists(state, &[])
    }

    /// A manifest that lists rows with these MACs, in this order.
    pub(crate) fn list(mut self, state: &HmacSha256, members: &[[u8; 32]]) -> Self {
        self.mac = self.expected_mac(state, members);
        self
    }

    /// Whether a manifest lists rows with these MACs, in this order, and no others.
    pub(crate) fn lists(&self, state: &HmacSha256, members: &[[u8; 32]]) -> bool {
        self.expected_mac(state, members).ct_eq(&self.mac).into()
    }
}

impl fmt::Debug for KeyRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRow")
            .field("key_id", &self.context.key_id)
            .field("purpose", &self.context.purpose)
            .field("name", &self.context.name)
            .field("version", &self.context.version)
            .field("state", &self.state)
            .field("root_id", &self.root_id)
            .finish_non_exhaustive()
    }
}

/// A row of `encrypted_columns`: what a model declared of one field when its vault was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RegistryRow {
    /// The field's stable id.
    pub field_id: String,
    /// The table, with its schema if it has one.
    pub table: String,
    /// The column.
    pub column: String,
    /// `binary` or `text`.
    pub storage: String,
    /// The class of its values, by number.
    pub class: u8,
    /// The columns of the primary key, as a JSON array.
    pub primary_key: String,
    /// The blind indexes in the order of their slots, as a JSON array.
    pub indexes: String,
    /// Algorithm, padding, plaintext and binding, as a JSON object.
    pub options: String,
    /// Authenticates all of the above.
    pub mac: [u8; 32],
}

impl RegistryRow {
    /// The row of a field, with everything else empty. A store fills in what it read.
    #[must_use]
    pub const fn new(field_id: String, table: String, column: String) -> Self {
        Self {
            field_id,
            table,
            column,
            storage: String::new(),
            class: 0,
            primary_key: String::new(),
            indexes: String::new(),
            options: String::new(),
            mac: [0; 32],
        }
    }

    /// The name of each blind index and the name of its keys, in the order of their slots. Empty if a later version wrote
    /// the row.
    #[must_use]
    pub fn index_domains(&self) -> Vec<(String, String)> {
        let indexes = serde_json::from_str::<Vec<crate::vault::RegisteredIndex>>(&self.indexes).unwrap_or_default();
        indexes.into_iter().map(|index| (index.name, index.domain)).collect()
    }

    fn expected_mac(&self, state: &HmacSha256) -> [u8; 32] {
        row_mac(
            state,
            RowKind::Field as u8,
            [
                self.field_id.as_bytes(),
                self.table.as_bytes(),
                self.column.as_bytes(),
                self.storage.as_bytes(),
                &[self.class],
                self.primary_key.as_bytes(),
                self.indexes.as_bytes(),
                self.options.as_bytes(),
            ],
        )
    }

    pub(crate) fn authenticate(mut self, state: &HmacSha256) -> Self {
        self.mac = self.expected_mac(state);
        self
    }

    pub(crate) fn is_authentic(&self, state: &HmacSha256) -> bool {
        self.expected_mac(state).ct_eq(&self.mac).into()
    }
}

/// `opt(scope)`, as a column of a row.
pub(super) fn scope_bytes(scope: Option<&[u8]>) -> Vec<u8> {
    let mut bytes = Vec::new();
    opt(&mut bytes, scope);
    bytes
}

/// `HMAC(key, "diesel-encrypted/1 row" ‖ kind ‖ lp(each column))`.
pub(crate) fn row_mac<'a>(key: &HmacSha256, kind: u8, columns: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut message = Label::Row.as_bytes().to_vec();
    message.push(kind);
    for column in columns {
        lp(&mut message, column);
    }
    tag(key, &message)
}
