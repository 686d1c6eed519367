//! What is done to a value: a small type for each operation, over one trait.

mod backfill;
mod decrypt;
mod purge;
mod reindex;
mod reseal;
mod reseal_layer;
mod rotate;
mod verify;

use std::borrow::Cow;

pub use backfill::Backfill;
pub use decrypt::Decrypt;
use diesel_encrypted_core::{
    Binding, Field, FieldState, Owner, Storage, ValueError, Vault,
    format::{FormatError, text, value},
};
pub use purge::Purge;
pub use reindex::Reindex;
pub use reseal::Reseal;
pub(super) use reseal_layer::{CountInner, Layer};
pub use rotate::Rotate;
pub use verify::Verify;

use super::{MaintenanceError, Reason, header::Header, table::Column, table::Table, write::Action};

/// A field that is worked on.
#[derive(Clone, Debug)]
pub struct Subject {
    pub(super) vault: Vault,
    pub(super) field: &'static Field,
    pub(super) state: FieldState,
    /// The keys of this field in this database, of whatever scope.
    pub(super) known: Vec<u32>,
    /// Whether only some rows are meant, which the application chose.
    pub(super) filtered: bool,
}

/// What an operation does to one field.
pub trait Transform: Send + Sync {
    /// The column that is read, if it is not the field's.
    fn reads(&self) -> Option<&str> {
        None
    }

    /// The column that is written, if it is not the one that is read.
    fn writes(&self) -> Option<&str> {
        None
    }

    /// A column whose values are compared with those that are read.
    fn against(&self) -> Option<&str> {
        None
    }

    /// How rows are written. `None` if they are not.
    fn action(&self) -> Option<Action>;

    /// Whether SQL tells which rows still need work: else it is those that may.
    fn tells_what_is_left(&self) -> bool {
        self.action().is_some()
    }

    /// The application's layer around the values, if that is opened.
    fn layer(&self) -> Option<&Layer> {
        None
    }

    /// What the values are bound to.
    fn binding(&self, field: &Field) -> Binding {
        field.stored_binding()
    }

    /// Whether the values that are written, or read, are bound to columns of their rows.
    fn needs_owner(&self) -> bool {
        true
    }

    /// SQL that is true for the rows that need work.
    fn wants(&self, header: &Header<'_>, table: &Table) -> Result<String, MaintenanceError>;

    /// SQL that must be true of no row, or nothing is done, and why.
    fn forbids(&self, _header: &Header<'_>, _column: &Column) -> Option<Forbidden<'_>> {
        None
    }

    /// Whether tags are compared, where that is what it does.
    fn compares_tags(&self) -> bool {
        true
    }

    /// What else than operation and field tells a job from another, so that one is not gone on with as the other.
    fn parameters(&self) -> String {
        String::new()
    }

    /// What is to be done with a value, as its column holds it.
    fn change(&self, stored: &[u8], owner: Option<&Owner>) -> Result<Outcome, Reason>;

    /// The same where it is compared with what stands beside it: no bytes are stored for NULL.
    fn compare(&self, stored: &[u8], owner: Option<&Owner>, _beside: Option<&[u8]>) -> Result<Outcome, Reason> {
        self.change(stored, owner)
    }
}

/// What must not be there.
pub struct Forbidden<'a> {
    pub(super) sql: String,
    /// The error, from the number of such rows.
    pub(super) refusal: Box<dyn Fn(u64) -> MaintenanceError + 'a>,
}

/// What is to be done with a row.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// To be written, as the column takes it; for [`Action::Clear`] and [`Action::Delete`] nothing.
    Write(Vec<u8>),
    /// In order.
    Done,
    /// Not ours.
    Skip,
}

/// An operation on encrypted columns: [`Backfill`], [`Rotate`], [`Reseal`], [`Reindex`], [`Decrypt`], [`Verify`] or
/// [`Purge`].
pub trait Operation: sealed::Sealed {
    #[doc(hidden)]
    const NAME: &'static str;
    /// Whether it is for values of a user's or a group's vault too.
    #[doc(hidden)]
    const FOR_HOLDERS: bool;
    /// An option that is for one column alone, if it was given.
    #[doc(hidden)]
    fn for_one_column(&self) -> Option<&'static str> {
        None
    }
    #[doc(hidden)]
    fn transform(&self, subject: Subject) -> Result<Box<dyn Transform>, MaintenanceError>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Backfill {}
    impl Sealed for super::Reseal {}
    impl Sealed for super::CountInner {}
    impl Sealed for super::Rotate {}
    impl Sealed for super::Reindex {}
    impl Sealed for super::Decrypt {}
    impl Sealed for super::Verify {}
    impl Sealed for super::Purge {}
}

impl Subject {
    /// The keys whose values open.
    fn live(&self) -> Vec<u32> {
        self.state.active.into_iter().chain(self.state.readable()).collect()
    }

    /// SQL that is true for sealed values under one of these keys.
    fn under(&self, header: &Header<'_>, keys: &[u32]) -> String {
        header.is_under(keys, self.state.user_key)
    }

    /// SQL that is true for values under another key of this vault than `active`, or by another algorithm than the field's.
    fn outdated(&self, header: &Header<'_>, active: u32) -> String {
        let others: Vec<u32> = self.state.readable().collect();
        let (of_others, of_active) = (self.under(header, &others), self.under(header, &[active]));
        let by_another = header.is_not_by(self.field.declared_algorithm());
        header.case(&format!("{of_others} OR ({of_active} AND {by_another})"), "false")
    }

    /// What tells a job that brings values to `active` from another.
    fn aim(&self, active: u32) -> String {
        format!("{active:08x} {}", self.field.declared_algorithm().name())
    }

    /// The key that seals.
    fn active(&self) -> Result<u32, MaintenanceError> {
        self.state.active.ok_or_else(|| MaintenanceError::NoKey { field: self.field.id().to_owned() })
    }

    /// Refuses a field whose plaintext is its users' alone.
    fn one_layer(&self, operation: &'static str) -> Result<(), MaintenanceError> {
        match self.field.inner_class() {
            Some(_) => Err(MaintenanceError::TwoLayers { field: self.field.id().to_owned(), operation }),
            None => Ok(()),
        }
    }

    /// Refuses a field whose tags cannot be made here.
    fn can_index(&self) -> Result<(), MaintenanceError> {
        match self.state.indexes.iter().find_map(|index| index.unknown_normalizer.clone()) {
            Some(normalizer) => {
                Err(MaintenanceError::UnknownNormalizer { field: self.field.id().to_owned(), normalizer })
            }
            None => Ok(()),
        }
    }

    /// The sealed value of what its column holds.
    pub(in crate::maintenance) fn sealed<'s>(&self, stored: &'s [u8]) -> Result<Cow<'s, [u8]>, ValueError> {
        match self.field.storage() {
            Storage::Binary => Ok(Cow::Borrowed(stored)),
            Storage::Text => {
                let text = str::from_utf8(stored).map_err(|_| FormatError::NotBase64Url);
                let sealed = text.and_then(text::decode);
                sealed.map(Cow::Owned).map_err(|source| ValueError::Malformed { field: self.field.into(), source })
            }
        }
    }

    /// Whether what its column holds begins as only sealed values do, intact or not.
    pub(in crate::maintenance) fn looks_sealed(&self, stored: &[u8]) -> bool {
        match self.field.storage() {
            Storage::Binary => value::looks_sealed(stored),
            Storage::Text => str::from_utf8(stored).is_ok_and(text::looks_sealed),
        }
    }

    /// What its column holds for a sealed value.
    pub(in crate::maintenance) fn stored(&self, sealed: Vec<u8>) -> Vec<u8> {
        match self.field.storage() {
            Storage::Binary => sealed,
            Storage::Text => text::encode(&sealed).into_bytes(),
        }
    }
}
