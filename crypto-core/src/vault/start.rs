//! Opening a vault, one step at a time: look at the rows, and either ask for what else has to be known, say what to
//! write, or give the vault.
//!
//! Nothing here reads or writes. A key is used only once a later step has found it committed, so two processes that open
//! an empty database at once agree: one writes first, the other finds its keys.

use super::{
    Change, Stored, Vault, VaultError,
    authentic::{active, authenticate, scopes},
    facts::{Facts, Halt},
    manifest,
    missing::no_value_key_is_lost,
    plan::Planned,
};
use crate::{
    Field, Index,
    keys::{HmacSha256, KeyRow, Purpose, RootKeys},
};

/// What is being opened.
#[derive(Debug)]
pub(super) struct Start {
    pub(super) root_keys: RootKeys,
    pub(super) application: String,
    pub(super) scope: Option<Vec<u8>>,
    pub(super) fields: Vec<&'static Field>,
    pub(super) minimums: Vec<(Purpose, String, u32)>,
    pub(super) existing_keys_only: bool,
    /// Whether fields that no model declares are taken from the registry.
    pub(super) registered: bool,
    /// Whether it has the authority's key, by which the application vouches for its users.
    pub(super) users: bool,
}

/// The same rows, looked at until everything is decided.
#[derive(Default)]
pub(super) struct Look {
    /// What authenticates the rows. `None` if there are none.
    state: Option<HmacSha256>,
    /// Fields that no model declares.
    registered: Vec<&'static Field>,
    /// What the store has told beyond the rows.
    pub(super) facts: Facts,
    /// How many of the fields are decided.
    decided: usize,
    /// Whether the authority's key is decided.
    authority_decided: bool,
    /// What has to be written for them.
    planned: Vec<Planned>,
}

/// What comes next.
pub(super) enum Step {
    /// Write these, and look again.
    Write(Vec<Change>),
    /// The vault.
    Opened(Vault),
}

impl Start {
    pub(super) fn new(root_keys: RootKeys) -> Self {
        Self {
            root_keys,
            application: "default".to_owned(),
            scope: None,
            fields: Vec::new(),
            minimums: Vec::new(),
            existing_keys_only: false,
            registered: false,
            users: false,
        }
    }

    /// What can be refused before anything is read.
    pub(super) fn check(&self) -> Result<(), VaultError> {
        let column = |field: &Field| format!("{}.{}", field.table, field.column);
        for field in &self.fields {
            let mut names: Vec<&str> = field.indexes.iter().map(Index::name).collect();
            names.sort_unstable();
            let count = names.len();
            names.dedup();
            if names.len() < count {
                return Err(VaultError::DuplicateIndex { field: field.id().to_owned() });
            }
        }
        for (i, first) in self.fields.iter().enumerate() {
            for second in self.fields.iter().skip(i + 1) {
                if column(first) == column(second) {
                    return Err(VaultError::DuplicateColumn { column: column(first) });
                }
                if first.id() == second.id() {
                    return Err(VaultError::DuplicateField {
                        id: first.id().to_owned(),
                        first: column(first),
                        second: column(second),
                    });
                }
            }
        }
        Ok(())
    }

    /// A first look at the rows: whether they are this application's and authentic, and their root keys known.
    pub(super) fn look(&self, stored: &Stored) -> Result<Look, VaultError> {
        let Some(state) = self.authentic(stored)? else {
            self.check_minimums(&[])?;
            return Ok(Look::default());
        };
        for row in stored.keys.iter().filter(|row| row.has_key()) {
            self.root_key(row)?;
        }
        self.check_minimums(&stored.keys)?;
        let registered = match self.registered {
            true => self.registered_fields(&stored.fields, &stored.keys)?,
            false => Vec::new(),
        };
        Ok(Look { state: Some(state), registered, ..Look::default() })
    }

    /// What authenticates the rows, once it has: `None` if there are none.
    pub(super) fn authentic(&self, stored: &Stored) -> Result<Option<HmacSha256>, VaultError> {
        let Some(state_row) = active(&stored.keys, Purpose::State, "", None) else {
            if *stored != Stored::default() {
                return Err(VaultError::NoStateKey);
            }
            return Ok(None);
        };
        // The state key authenticates every other row, and nothing of them is believed before.
        self.check_application(state_row)?;
        let state = self.unwrap(state_row)?.state_mac();
        self.believe(stored, &state)?;
        Ok(Some(state))
    }

    /// Whether the rows are authentic, all there, and this application's.
    pub(super) fn believe(&self, stored: &Stored, state: &HmacSha256) -> Result<(), VaultError> {
        authenticate(stored, state)?;
        for scope in scopes(stored) {
            manifest::check(stored, scope, state)?;
        }
        for row in stored.keys.iter().filter(|row| row.context.purpose != Purpose::Manifest) {
            self.check_application(row)?;
        }
        Ok(())
    }

    /// What follows from the rows and from the facts. Fields that were decided are not decided again.
    pub(super) fn step(&self, stored: &Stored, look: &mut Look) -> Result<Step, Halt> {
        while let Some(field) = self.fields.get(look.decided) {
            match &look.state {
                None => no_value_key_is_lost(field, None, &look.facts)?,
                Some(state) => {
                    let planned = self.plan(field, stored, state, &look.planned, &look.facts)?;
                    look.planned.extend(planned);
                }
            }
            look.decided += 1;
        }
        if self.users && !look.authority_decided && look.state.is_some() {
            look.planned.extend(self.missing_authority(&stored.keys)?);
            look.authority_decided = true;
        }
        Ok(match &look.state {
            None => Step::Write(self.first_rows(&look.facts)?),
            Some(_) if look.planned.is_empty() => Step::Opened(self.vault(&stored.keys, &look.registered)?),
            Some(state) => Step::Write(self.write(stored, &look.planned, state, &look.facts)?),
        })
    }

    fn check_application(&self, row: &KeyRow) -> Result<(), VaultError> {
        if row.context.application == self.application {
            return Ok(());
        }
        Err(VaultError::OtherApplication { expected: self.application.clone(), found: row.context.application.clone() })
    }

    /// A pinned key must be there: a database without it was emptied.
    pub(super) fn check_minimums(&self, keys: &[KeyRow]) -> Result<(), VaultError> {
        for (purpose, name, minimum) in &self.minimums {
            let scope = if *purpose == Purpose::State { None } else { self.scope.as_deref() };
            let found = active(keys, *purpose, name, scope).map_or(0, |row| row.context.version);
            if found < *minimum {
                return Err(VaultError::RolledBack { purpose: *purpose, name: name.clone(), minimum: *minimum, found });
            }
        }
        Ok(())
    }
}
