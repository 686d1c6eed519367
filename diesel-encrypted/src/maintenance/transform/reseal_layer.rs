//! Resealing within the application's layer: SQL does not see whose key a user's layer is under, so that every value of a
//! column of two layers is opened by the application's key, and those of one user or group are sealed anew in both.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use diesel_encrypted_core::{
    Binding, Field, Owner, ValueError, Vault,
    format::value::{self, SealedValue},
};

use super::{Action, Header, MaintenanceError, Operation, Outcome, Reason, Subject, Table, Transform};

/// The application's layer of one field.
pub struct Layer {
    pub(in crate::maintenance) application: Vault,
    pub(in crate::maintenance) field: &'static Field,
    /// The keys that open it.
    keys: Vec<u32>,
    /// Those that the vault knew when this was made, destroyed ones too.
    pub(in crate::maintenance) known: Vec<u32>,
}

impl Layer {
    fn new(application: &Vault, field: &'static Field) -> Result<Self, MaintenanceError> {
        let state = application.field_state(field)?;
        if state.user_key {
            return Err(MaintenanceError::ApplicationLayer { field: field.id().to_owned() });
        }
        let keys = state.active.into_iter().chain(state.readable()).collect();
        let known = state.keys.iter().map(|(key_id, _)| *key_id).collect();
        Ok(Self { application: application.clone(), field, keys, known })
    }

    /// SQL that is true for values that it is around. Those of other scopes are not read.
    fn wants(&self, header: &Header<'_>) -> String {
        header.case(&header.is_under(&self.keys, false), "false")
    }

    /// The user's layer, and its header.
    fn open(&self, sealed: &[u8]) -> Result<(Vec<u8>, value::Header), Reason> {
        let inner = self.application.open_layer(self.field, sealed)?;
        let malformed = |source| ValueError::Malformed { field: self.field.into(), source };
        let header = SealedValue::parse(&inner).map_err(malformed)?.header;
        Ok((inner, header))
    }
}

/// What [`super::Reseal`] does to a field of two layers.
pub(super) struct Resealing {
    subject: Subject,
    layer: Layer,
    active: u32,
}

impl Resealing {
    pub(super) fn new(subject: Subject, application: &Vault) -> Result<Self, MaintenanceError> {
        let layer = Layer::new(application, subject.field)?;
        let active = subject.active()?;
        Ok(Self { subject, layer, active })
    }
}

impl Transform for Resealing {
    fn action(&self) -> Option<Action> {
        Some(Action::Set)
    }

    fn tells_what_is_left(&self) -> bool {
        false
    }

    fn layer(&self) -> Option<&Layer> {
        Some(&self.layer)
    }

    fn binding(&self, field: &Field) -> Binding {
        field.declared_binding()
    }

    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        Ok(self.layer.wants(header))
    }

    fn parameters(&self) -> String {
        self.subject.aim(self.active)
    }

    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason> {
        let Subject { vault, field, state, .. } = &self.subject;
        let (inner, header) = self.layer.open(&self.subject.sealed(stored)?)?;
        let is_current = header.key_id == self.active && header.algorithm == field.declared_algorithm();
        if is_current || state.keys.iter().all(|(own, _)| *own != header.key_id) {
            return Ok(Outcome::Skip);
        }
        let inner = vault.reindex(field, &inner, owner)?;
        Ok(Outcome::Write(self.subject.stored(self.layer.application.seal_layer(field, &inner)?)))
    }
}

/// Counts the values of columns of two layers by the keys of their users' layer, and changes nothing.
#[derive(Clone, Debug, Default)]
pub(in crate::maintenance) struct CountInner {
    counts: Arc<Mutex<BTreeMap<u32, u64>>>,
}

impl CountInner {
    /// How many values are under each key.
    pub(in crate::maintenance) fn counts(&self) -> BTreeMap<u32, u64> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Operation for CountInner {
    const NAME: &'static str = "count";
    const FOR_HOLDERS: bool = true;

    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError> {
        let layer = Layer::new(&subject.vault, subject.field)?;
        Ok(Box::new(Counting { subject, layer, counts: self.counts.clone() }))
    }
}

struct Counting {
    subject: Subject,
    layer: Layer,
    counts: Arc<Mutex<BTreeMap<u32, u64>>>,
}

impl Transform for Counting {
    fn action(&self) -> Option<Action> {
        None
    }

    fn layer(&self) -> Option<&Layer> {
        Some(&self.layer)
    }

    fn needs_owner(&self) -> bool {
        false
    }

    fn wants(&self, header: &Header<'_>, _: &Table) -> Result<String, MaintenanceError> {
        Ok(self.layer.wants(header))
    }

    fn change(&self, stored: &[u8], _: Option<&Owner>) -> Result<Outcome, Reason> {
        let (_, header) = self.layer.open(&self.subject.sealed(stored)?)?;
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner).entry(header.key_id).or_default() += 1;
        Ok(Outcome::Skip)
    }
}
