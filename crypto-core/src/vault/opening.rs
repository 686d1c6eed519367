//! The opening of a vault, without reading or writing anything: it says what to do next, and is told what came of it.
//!
//! So one machine serves every store, whether its answers come at once or are awaited. Whoever drives it decides nothing.

use super::{
    Applied, Change, Stored, Vault, VaultError,
    facts::{Halt, Question},
    start::{Look, Start, Step},
};
use crate::{
    Field,
    keys::{KeyRow, Timestamp},
};

/// How often opening starts over because another process was first.
const ATTEMPTS: usize = 32;

/// What to do next, and by which method of [`Opening`] to say what came of it.
pub(super) enum Next {
    /// Read the rows: [`Opening::loaded`].
    Load,
    /// Read one value of the field: [`Opening::sampled`].
    Sample(&'static Field),
    /// Read the row of this key: [`Opening::found`].
    Key(u32),
    /// Ask for the time: [`Opening::told`].
    Now,
    /// Write these: [`Opening::applied`].
    Apply(Vec<Change>),
    /// Nothing more: here is the vault.
    Opened(Vault),
}

/// A vault that is being opened.
pub(super) struct Opening<'s> {
    start: &'s Start,
    attempts: usize,
    phase: Phase,
}

enum Phase {
    /// The rows have to be read.
    Unread,
    /// They are looked at.
    Looking { stored: Stored, look: Look },
    /// They were refused. Rows may contradict each other because another process was writing while they were read: they
    /// are read once more, and if they are the same, this is why the vault is not opened.
    Doubted { stored: Stored, refusal: VaultError },
}

impl<'s> Opening<'s> {
    pub(super) fn new(start: &'s Start) -> Result<Self, VaultError> {
        start.check()?;
        Ok(Self { start, attempts: 0, phase: Phase::Unread })
    }

    /// What to do next. The same again, until what came of it is told.
    pub(super) fn next(&mut self) -> Result<Next, VaultError> {
        let Phase::Looking { stored, look } = &mut self.phase else { return Ok(Next::Load) };
        match self.start.step(stored, look) {
            Ok(Step::Opened(vault)) => Ok(Next::Opened(vault)),
            Ok(Step::Write(changes)) => Ok(Next::Apply(changes)),
            Err(Halt::Ask(Question::Sample(field))) => Ok(Next::Sample(field)),
            Err(Halt::Ask(Question::Key(key_id))) => Ok(Next::Key(key_id)),
            Err(Halt::Ask(Question::Now)) => Ok(Next::Now),
            Err(Halt::Refuse(refusal)) => {
                self.phase = Phase::Doubted { stored: std::mem::take(stored), refusal };
                Ok(Next::Load)
            }
        }
    }

    /// The rows.
    pub(super) fn loaded(&mut self, stored: Stored) -> Result<(), VaultError> {
        if let Phase::Doubted { stored: before, refusal } = std::mem::replace(&mut self.phase, Phase::Unread)
            && before == stored
        {
            return Err(refusal);
        }
        self.attempts += 1;
        if self.attempts > ATTEMPTS {
            return Err(VaultError::Contended);
        }
        self.phase = match self.start.look(&stored) {
            Ok(look) => Phase::Looking { stored, look },
            Err(refusal) => Phase::Doubted { stored, refusal },
        };
        Ok(())
    }

    /// One value of the field, if it has any.
    pub(super) fn sampled(&mut self, field: &'static Field, value: Option<Vec<u8>>) {
        if let Phase::Looking { look, .. } = &mut self.phase {
            look.facts.sampled(field, value);
        }
    }

    /// The row of the key, if there is one.
    pub(super) fn found(&mut self, key_id: u32, row: Option<KeyRow>) {
        if let Phase::Looking { look, .. } = &mut self.phase {
            look.facts.found(key_id, row);
        }
    }

    /// The time by the store's clock.
    pub(super) fn told(&mut self, now: Timestamp) {
        if let Phase::Looking { look, .. } = &mut self.phase {
            look.facts.told(now);
        }
    }

    /// Whether the changes were written. If they were not, another process was first: the next load tells.
    pub(super) fn applied(&mut self, changes: usize, applied: Applied) {
        tracing::info!(changes, ?applied, "the key table was brought up to date");
        self.phase = Phase::Unread;
    }
}

#[cfg(test)]
mod tests {
    use std::{
        pin::pin,
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering::Relaxed},
        },
        task::{Context, Poll, Waker},
    };

    use super::super::{AsyncKeyStore, KeyStore, MemoryKeyStore, StoreError, VaultBuilder};
    use super::*;
    use crate::{
        Class, Index, LocalRootKey, Normalizer, RootKey, RootKeyError, RootKeyId, RootKeys, Storage,
        keys::{Fingerprint, Secret},
    };

    static EMAIL: Field = Field::new("users.email", "users", "email", Class::Text, Storage::Binary)
        .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase])]);
    static PHONE: Field = Field::new("users.phone", "users", "phone", Class::Text, Storage::Binary);

    /// A root key that counts what is asked of it.
    struct Counting(LocalRootKey, Arc<Calls>);

    #[derive(Default)]
    struct Calls {
        wraps: AtomicUsize,
        unwraps: AtomicUsize,
    }

    impl RootKey for Counting {
        fn id(&self) -> &RootKeyId {
            self.0.id()
        }

        fn fingerprint(&self) -> Fingerprint {
            self.0.fingerprint()
        }

        fn wrap(&self, context: &[u8], key: &Secret) -> Result<Vec<u8>, RootKeyError> {
            self.1.wraps.fetch_add(1, Relaxed);
            self.0.wrap(context, key)
        }

        fn unwrap(&self, context: &[u8], wrapped: &[u8]) -> Result<Secret, RootKeyError> {
            self.1.unwraps.fetch_add(1, Relaxed);
            self.0.unwrap(context, wrapped)
        }
    }

    fn start(calls: &Arc<Calls>) -> VaultBuilder {
        let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[1; 32]).unwrap());
        Vault::builder(RootKeys::new(Counting(root, calls.clone()))).field(&EMAIL).field(&PHONE)
    }

    /// A store that is pending before each answer, and counts its questions.
    #[derive(Clone, Default)]
    struct Slow {
        rows: MemoryKeyStore,
        sealed: Option<Vec<u8>>,
        samples: usize,
        keys: usize,
    }

    async fn pending_once() {
        let mut pending = true;
        let once = std::future::poll_fn(|_| if std::mem::take(&mut pending) { Poll::Pending } else { Poll::Ready(()) });
        once.await;
    }

    impl AsyncKeyStore for Slow {
        async fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
            pending_once().await;
            self.rows.load(scope)
        }

        async fn load_all(&mut self) -> Result<Stored, StoreError> {
            self.rows.load_all()
        }

        async fn now(&mut self) -> Result<Timestamp, StoreError> {
            pending_once().await;
            self.rows.now()
        }

        async fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
            pending_once().await;
            self.rows.apply(changes)
        }

        async fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
            pending_once().await;
            self.keys += 1;
            self.rows.key(key_id)
        }

        async fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError> {
            pending_once().await;
            self.samples += 1;
            Ok(self.sealed.clone().filter(|_| field.id() == EMAIL.id()))
        }
    }

    /// Polls to the end, each time on another thread.
    fn on_many_threads<F: Future<Output: Send> + Send>(future: F) -> F::Output {
        let mut future = pin!(future);
        loop {
            let polled = std::thread::scope(|scope| {
                let polled = scope.spawn(|| future.as_mut().poll(&mut Context::from_waker(Waker::noop())));
                polled.join().unwrap()
            });
            if let Poll::Ready(output) = polled {
                return output;
            }
        }
    }

    #[test]
    fn a_store_that_is_awaited_gives_the_vault_that_one_that_answers_at_once_gives() {
        let (mut store, calls) = (Slow::default(), Arc::default());
        let awaited = on_many_threads(start(&calls).open_with_async(&mut store)).unwrap();
        let at_once = start(&calls).open_with(&mut store.rows).unwrap();
        let sealed = awaited.seal(&EMAIL, "Ada").unwrap();
        assert_eq!(at_once.open::<String>(&EMAIL, sealed).unwrap(), "Ada");
    }

    #[test]
    fn each_fact_is_asked_for_once_a_look_and_no_key_is_made_in_vain() {
        let (mut store, calls) = (Slow::default(), Arc::new(Calls::default()));
        on_many_threads(start(&calls).open_with_async(&mut store)).unwrap();
        // Two fields while there are no rows, and the two again while their keys are missing.
        assert_eq!((store.samples, store.keys), (4, 0));
        assert_eq!(calls.wraps.load(Relaxed), 1 + 2 + 1, "the state key, two fields, one index");
        // The state key in each of the two looks that found it, and the three others at last.
        assert_eq!(calls.unwraps.load(Relaxed), 2 + 3);

        on_many_threads(start(&calls).open_with_async(&mut store)).unwrap();
        assert_eq!((store.samples, calls.wraps.load(Relaxed)), (4, 4), "nothing is asked where nothing is missing");
    }

    #[test]
    fn a_key_that_a_value_names_is_asked_for() {
        let calls = Arc::default();
        let elsewhere = on_many_threads(start(&calls).open_with_async(&mut Slow::default())).unwrap();
        let mut store = Slow { sealed: Some(elsewhere.seal(&EMAIL, "Ada").unwrap()), ..Slow::default() };
        let error = on_many_threads(start(&calls).open_with_async(&mut store)).unwrap_err();
        assert!(matches!(&error, VaultError::KeyLost { field, .. } if field == "users.email"), "{error}");
        assert_eq!(store.rows.load(None).unwrap(), Stored::default(), "nothing was written");
        assert_eq!((store.samples, store.keys), (1, 1));
    }

    #[cfg(feature = "users")]
    #[test]
    fn the_key_of_a_user_is_no_lost_one() {
        use crate::users::{Authority, UserId};

        let context =
            crate::keys::KeyContext::new("default".into(), 1, crate::keys::Purpose::Users, 1, String::new(), None);
        let authority = Authority::new(crate::keys::DataKey::generate(context).unwrap()).unwrap();
        let key = authority.create(UserId::of(&1_i64).unwrap()).unwrap();
        let sealed = key.vault(&[], &[&EMAIL]).seal(&EMAIL, "Ada").unwrap();
        let mut store = Slow { sealed: Some(sealed), ..Slow::default() };
        on_many_threads(start(&Arc::default()).open_with_async(&mut store)).unwrap();
        assert_eq!(store.keys, 0);
    }

    #[test]
    fn a_machine_asks_the_same_until_it_is_told() {
        let builder = start(&Arc::default());
        let mut opening = builder.opening().unwrap();
        assert!(matches!(opening.next(), Ok(Next::Load)));
        assert!(matches!(opening.next(), Ok(Next::Load)));
        opening.loaded(Stored::default()).unwrap();
        for _ in 0..2 {
            assert!(matches!(opening.next(), Ok(Next::Sample(field)) if field.id() == EMAIL.id()));
        }
        opening.sampled(&EMAIL, None);
        assert!(matches!(opening.next(), Ok(Next::Sample(field)) if field.id() == PHONE.id()));
    }
}
