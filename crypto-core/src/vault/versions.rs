//! The keys of a field as they came to be known, one version after the other. Readers take no lock: they ask for the number
//! of the last one and borrow it. An older one stays, as somebody may still be reading it, until the vault is dropped.

use std::sync::{
    OnceLock,
    atomic::{AtomicUsize, Ordering},
};

use super::keyring::FieldKeys;

/// Versions come in buckets, each twice as long as the one before: the `n`th, from 1, is in bucket ⌊log₂ n⌋.
const BUCKETS: usize = 20;

type Bucket = Box<[OnceLock<FieldKeys>]>;

pub(super) struct Versions {
    /// The number of the last version; 0 until there is a second one.
    last: AtomicUsize,
    first: FieldKeys,
    later: Box<[OnceLock<Bucket>; BUCKETS]>,
}

impl Versions {
    pub(super) fn new(first: FieldKeys) -> Self {
        Self { last: AtomicUsize::new(0), first, later: Box::new([const { OnceLock::new() }; BUCKETS]) }
    }

    /// The last version.
    #[inline]
    pub(super) fn latest(&self) -> &FieldKeys {
        match self.last.load(Ordering::Acquire) {
            0 => &self.first,
            number => self.place(number).and_then(OnceLock::get).unwrap_or(&self.first),
        }
    }

    /// Adds a version. Gives it back once there are too many (2²⁰ − 1). Called by one thread at a time.
    pub(super) fn push(&self, keys: FieldKeys) -> Result<(), FieldKeys> {
        let number = self.last.load(Ordering::Acquire) + 1;
        let (bucket, _) = bucket_of(number);
        let Some(bucket_place) = self.later.get(bucket) else { return Err(keys) };
        bucket_place.get_or_init(|| (0..1_usize << bucket).map(|_| OnceLock::new()).collect());
        match self.place(number) {
            Some(place) => place.set(keys)?,
            None => return Err(keys),
        }
        self.last.store(number, Ordering::Release);
        Ok(())
    }

    fn place(&self, number: usize) -> Option<&OnceLock<FieldKeys>> {
        let (bucket, at) = bucket_of(number);
        self.later.get(bucket)?.get()?.get(at)
    }
}

/// The bucket of a version from 1 on, and its place in there.
const fn bucket_of(number: usize) -> (usize, usize) {
    let bucket = number.ilog2() as usize;
    (bucket, number - (1 << bucket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Class, Field, Storage};

    static FIELD: Field = Field::new("t.c", "t", "c", Class::Text, Storage::Binary);

    fn keys(number: u32) -> FieldKeys {
        FieldKeys {
            field: &FIELD,
            keys: Vec::new(),
            indexes: Vec::new(),
            user_key: false,
            seen: vec![(number, crate::keys::KeyState::Active)],
        }
    }

    #[test]
    fn the_last_version_is_found_among_many_and_the_first_stays_borrowed() {
        let versions = Versions::new(keys(0));
        let first = versions.latest();
        for number in 1..=1000 {
            assert!(versions.push(keys(number)).is_ok());
            assert_eq!(versions.latest().seen[0].0, number);
        }
        assert_eq!(first.seen[0].0, 0);
    }
}
