//! What opening a vault has to know of the database beyond the rows of its keys, and has asked for so far.
//!
//! Whoever decides reads a fact as if it were there. One that is not stops the decision with the [`Question`] that has to
//! be put to the store, and the decision is taken anew with the answer.

use std::collections::BTreeMap;

use super::VaultError;
use crate::{
    Field,
    keys::{KeyRow, Timestamp},
};

/// What the store is to be asked.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    /// One value of the field.
    Sample(&'static Field),
    /// The key of this id, of whatever scope.
    Key(u32),
    /// The time.
    Now,
}

/// Why a decision stopped.
#[derive(Debug)]
pub(super) enum Halt {
    /// A fact is missing.
    Ask(Question),
    /// The rows are refused.
    Refuse(VaultError),
}

impl From<Question> for Halt {
    fn from(question: Question) -> Self {
        Self::Ask(question)
    }
}

impl<E: Into<VaultError>> From<E> for Halt {
    fn from(error: E) -> Self {
        Self::Refuse(error.into())
    }
}

/// The answers so far. A sample may be a value that was never sealed: this is not printed.
#[derive(Default)]
pub(super) struct Facts {
    samples: BTreeMap<&'static str, Option<Vec<u8>>>,
    keys: BTreeMap<u32, Option<KeyRow>>,
    now: Option<Timestamp>,
}

impl Facts {
    /// One stored value of the field that is not NULL, if there is one.
    pub(super) fn sample(&self, field: &'static Field) -> Result<Option<&[u8]>, Question> {
        self.samples.get(field.id()).map(Option::as_deref).ok_or(Question::Sample(field))
    }

    /// The key of this id, if there is one.
    pub(super) fn key(&self, key_id: u32) -> Result<Option<&KeyRow>, Question> {
        self.keys.get(&key_id).map(Option::as_ref).ok_or(Question::Key(key_id))
    }

    /// The time, by the store's clock, soon after the rows were read.
    pub(super) fn now(&self) -> Result<Timestamp, Question> {
        self.now.ok_or(Question::Now)
    }

    pub(super) fn sampled(&mut self, field: &'static Field, value: Option<Vec<u8>>) {
        self.samples.insert(field.id(), value);
    }

    pub(super) fn found(&mut self, key_id: u32, row: Option<KeyRow>) {
        self.keys.insert(key_id, row);
    }

    pub(super) fn told(&mut self, now: Timestamp) {
        self.now = Some(now);
    }
}
