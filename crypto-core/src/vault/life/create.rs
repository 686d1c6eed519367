//! New keys: stored and read back, known to every process, and not used yet.

use super::{KeyError, KeyInfo, KeySelection, KeyTask, KeyView};
use crate::{
    Normalizer,
    index::{BITS_MAX, BITS_MIN, generation_number, unicode_versions},
    keys::{IndexSpec, KeyRow, KeyState, Purpose},
    vault::Change,
};

/// The task that makes one pending key for each selected name that has an active one, of the next version. Of an index it
/// is a new generation.
///
/// A name that has a pending key already keeps it: the task can be run again. Reports the pending keys of the selection.
#[derive(Clone, Debug)]
#[must_use = "a task does nothing until it is run"]
pub struct CreateKeys {
    selection: KeySelection,
    index: Option<(Vec<String>, u8)>,
}

impl CreateKeys {
    /// Makes keys of these names.
    pub const fn new(selection: KeySelection) -> Self {
        Self { selection, index: None }
    }

    /// Lets the new generation normalise by these steps, as the registry names them (`lowercase`, `custom:host`), and keep
    /// this many bits (8 to 112). Without it, as the active generation does. Only for one index.
    pub fn index(mut self, normalize: Vec<String>, bits: u8) -> Self {
        self.index = Some((normalize, bits));
        self
    }

    /// How the new generation makes its tags.
    fn spec(&self, active: &KeyRow) -> Option<IndexSpec> {
        let old = active.index.as_ref()?;
        let (normalize, bits) = match &self.index {
            Some((normalize, bits)) => (normalize.clone(), *bits),
            None => (old.normalize.clone(), old.bits),
        };
        let steps: Vec<_> = normalize.iter().filter_map(|name| Normalizer::named(name, &[])).collect();
        Some(IndexSpec { normalize, bits, unicode: unicode_versions(&steps) })
    }

    fn check(&self) -> Result<(), KeyError> {
        let Some((normalize, bits)) = &self.index else { return Ok(()) };
        if !matches!(self.selection, KeySelection::Index(_)) {
            return Err(KeyError::NotOneIndex);
        }
        if !(BITS_MIN..=BITS_MAX).contains(bits) {
            return Err(KeyError::Bits { bits: *bits });
        }
        let known = |name: &&String| Normalizer::named(name, &[]).is_none() && !name.starts_with("custom:");
        match normalize.iter().find(known) {
            Some(name) => Err(KeyError::UnknownNormalizer { name: name.clone() }),
            None => Ok(()),
        }
    }
}

impl KeyTask for CreateKeys {
    type Report = Vec<KeyInfo>;

    fn decide(&self, view: &KeyView<'_>) -> Result<(Vec<Change>, Vec<KeyInfo>), KeyError> {
        self.check()?;
        let (mut changes, mut report) = (Vec::new(), Vec::new());
        for active in self.selection.keys(view, KeyState::Active)? {
            let context = &active.context;
            let index = self.spec(active);
            let same_name = || {
                view.keys().filter(|row| (row.context.purpose, &row.context.name) == (context.purpose, &context.name))
            };
            if let Some(pending) = same_name().find(|row| row.state == KeyState::Pending) {
                if self.index.is_some() && pending.index != index {
                    return Err(KeyError::AlreadyPending {
                        key_id: pending.context.key_id,
                        name: context.name.clone(),
                    });
                }
                report.push(KeyInfo::new(view, pending));
                continue;
            }
            let version = same_name().map(|row| row.context.version).max().unwrap_or_default().saturating_add(1);
            let generation = generation_number(version);
            let clash = |row: &&KeyRow| row.has_key() && generation_number(row.context.version) == generation;
            if context.purpose == Purpose::Index
                && let Some(living) = same_name().find(clash)
            {
                return Err(KeyError::GenerationInUse { generation, key_id: living.context.key_id });
            }
            let context = view.start.context(context.purpose, &context.name, version, context.scope.as_deref())?;
            let (_, row) = KeyRow::generate(context, KeyState::Pending, index, view.start.root_keys.active())?;
            report.push(KeyInfo::coming_to(view, &row, KeyState::Pending));
            changes.push(Change::InsertKey(row.authenticate(&view.state)));
        }
        Ok((changes, report))
    }
}
