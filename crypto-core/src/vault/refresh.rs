//! Keeping a vault's view of its keys up to date, and knowing how old that view is.
//!
//! Whoever reads a value waits for nothing, unless it names a key that is not known: then for one refresh. Whoever seals
//! does so by a view that is younger than the lease.

use std::{
    fmt,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    thread,
    time::{Duration, Instant},
};

use super::{
    AsyncKeyStore, KeyStore, Stored, Vault, VaultError, authentic::active, clock, keyring::FieldKeys, start::Start,
};
use crate::{
    Field, ValueError,
    keys::{HmacSha256, KeyRow, Purpose},
};

/// How often rows are read because another process was writing them.
const ATTEMPTS: usize = 8;
/// How long whoever needs a refresh waits for it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How soon a refresh can follow another, however often it is asked for.
const SPACING: Duration = Duration::from_millis(100);
/// How long a key id that nobody knows is not asked for again: values with made-up ids cost no refresh each.
const FORGET: Duration = Duration::from_secs(5);
/// How many such ids are kept.
const MISSED: usize = 64;

/// What goes wrong on the way to a connection.
pub(super) type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Refreshes a vault over a connection that it gets.
type Work = Box<dyn FnMut(&Vault) -> Result<(), Failure> + Send>;

/// The work, for one thread: a builder that has it can still be shared, as an opening that is awaited does.
pub(super) struct Connect(Mutex<Work>);

impl Connect {
    pub(super) fn new(work: Work) -> Self {
        Self(Mutex::new(work))
    }
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Connect")
    }
}

/// What refreshes a vault, and how long what it read is good for.
pub(super) struct Refresh {
    start: Start,
    lease: Duration,
    interval: Duration,
    /// Nanoseconds of the [`clock`].
    fresh_until: AtomicU64,
    /// What authenticates the rows, and the key id and check value of its key. Held while versions are written.
    believed: Mutex<Option<(u32, [u8; 32], HmacSha256)>>,
    bell: Mutex<Bell>,
    rung: Condvar,
}

/// Versions are added whole, and each lock is taken over from whoever panicked with it.
impl std::panic::RefUnwindSafe for Refresh {}

/// What the thread that refreshes and those that wait for it tell each other.
#[derive(Default)]
struct Bell {
    wanted: bool,
    closed: bool,
    /// Whether a thread answers.
    answered: bool,
    started: u64,
    finished: u64,
    /// Key ids that a refresh did not bring.
    missed: Vec<(u32, Instant)>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl Refresh {
    /// `began`: when what the vault knows was read, at the latest.
    pub(super) fn new(start: Start, lease: Duration, interval: Duration, began: Duration) -> Self {
        let refresh = Self {
            start,
            lease,
            interval,
            fresh_until: AtomicU64::new(0),
            believed: Mutex::new(None),
            bell: Mutex::default(),
            rung: Condvar::new(),
        };
        refresh.renewed(began);
        refresh
    }

    /// The view is that of `began` or later.
    fn renewed(&self, began: Duration) {
        self.fresh_until.fetch_max(nanos(began.saturating_add(self.lease)), Relaxed);
    }

    /// Whether the view is younger than the lease.
    #[inline]
    fn is_fresh(&self) -> bool {
        nanos(clock::now()) < self.fresh_until.load(Relaxed)
    }

    /// Whether the view is younger than the lease, or is after a refresh.
    pub(super) fn renews(&self) -> bool {
        if !self.is_fresh() {
            self.ask(None);
        }
        self.is_fresh()
    }

    /// Ends the thread.
    pub(super) fn close(&self) {
        lock(&self.bell).closed = true;
        self.rung.notify_all();
    }

    /// Waits for a refresh that begins from now on; for the key, unless it was just asked for in vain.
    fn ask(&self, key_id: Option<u32>) {
        let mut bell = lock(&self.bell);
        bell.missed.retain(|(_, when)| when.elapsed() < FORGET);
        if !bell.answered || bell.missed.iter().any(|(missed, _)| Some(*missed) == key_id) {
            return;
        }
        let target = bell.started + 1;
        bell.wanted = true;
        self.rung.notify_all();
        drop(self.rung.wait_timeout_while(bell, PATIENCE, |bell| bell.finished < target && !bell.closed));
    }

    fn miss(&self, key_id: u32) {
        let mut bell = lock(&self.bell);
        if bell.missed.len() < MISSED {
            bell.missed.push((key_id, Instant::now()));
        }
    }

    /// Sleeps until the next refresh is due or wanted. `false` if there is none any more.
    fn sleep(&self, interval: Duration) -> bool {
        let bell = lock(&self.bell);
        let idle = |bell: &mut Bell| !bell.wanted && !bell.closed;
        let (bell, _) = self.rung.wait_timeout_while(bell, interval, idle).unwrap_or_else(PoisonError::into_inner);
        !bell.closed
    }

    fn start(&self) {
        let mut bell = lock(&self.bell);
        (bell.wanted, bell.answered) = (false, true);
        bell.started += 1;
    }

    fn finish(&self) {
        lock(&self.bell).finished += 1;
        self.rung.notify_all();
    }

    /// What authenticates these rows: the key that did before, unless there is another. So a root key that has changed
    /// since is asked for only when there are new keys.
    fn state(&self, stored: &Stored) -> Result<HmacSha256, VaultError> {
        let row = active(&stored.keys, Purpose::State, "", None).ok_or(VaultError::NoStateKey)?;
        let mut believed = lock(&self.believed);
        if let Some((key_id, check, state)) = &*believed
            && (*key_id, check) == (row.context.key_id, &row.check)
        {
            return Ok(state.clone());
        }
        let state = self.start.unwrap(row)?.state_mac();
        self.start.believe(stored, &state)?;
        *believed = Some((row.context.key_id, row.check, state.clone()));
        Ok(state)
    }
}

impl Vault {
    /// The keys of a field, known to be young enough to seal with.
    #[inline]
    pub(super) fn sealing_keys(&self, field: &'static Field) -> Result<&FieldKeys, ValueError> {
        if let Some(refresh) = self.0.refresh.get()
            && !refresh.is_fresh()
        {
            self.freshen(field, refresh)?;
        }
        self.keys_of(field)
    }

    /// Too old: after a pause of the process, a refresh mends that.
    #[cold]
    fn freshen(&self, field: &'static Field, refresh: &Refresh) -> Result<(), ValueError> {
        if refresh.renews() { Ok(()) } else { Err(ValueError::StaleKeys { field: field.into() }) }
    }

    /// Lets the vault learn of a key that a value names.
    pub(super) fn ask_for(&self, key_id: u32) {
        let Some(refresh) = self.0.refresh.get() else { return };
        refresh.ask(Some(key_id));
        let known = self.each_field().any(|keys| keys.find(key_id).is_some());
        #[cfg(feature = "users")]
        let known = known || self.vouches_by(key_id);
        if !known {
            refresh.miss(key_id);
        }
    }

    /// Reads the keys again over `store`: what is sealed, opened and searched from now on is by the keys that there are
    /// now. Adds to the rows how many values each key has sealed since.
    ///
    /// A vault with [`refresh_by`](crate::VaultBuilder::refresh_by) does this by itself.
    ///
    /// # Errors
    /// [`VaultError::NotRefreshed`] if it was opened without a lease; else as opening does. The keys stay what they were.
    pub fn refresh_with(&self, store: &mut dyn KeyStore) -> Result<(), VaultError> {
        let (refresh, began) = self.refreshing()?;
        let scope = self.scope();
        let used = self.take_usage();
        self.told(&used, store.add_usage(&used));
        let usage = store.usage(scope)?;
        let mut doubted = None;
        for _ in 0..ATTEMPTS {
            let stored = store.load(scope)?;
            if self.renew(refresh, stored, &usage, began, &mut doubted)? {
                return Ok(());
            }
        }
        Err(VaultError::Contended)
    }

    /// [`refresh_with`](Self::refresh_with), over a store that is awaited.
    ///
    /// # Errors
    /// As there.
    pub async fn refresh_with_async<S: AsyncKeyStore + ?Sized>(&self, store: &mut S) -> Result<(), VaultError> {
        let (refresh, began) = self.refreshing()?;
        let scope = self.scope();
        let used = self.take_usage();
        self.told(&used, store.add_usage(&used).await);
        let usage = store.usage(scope).await?;
        let mut doubted = None;
        for _ in 0..ATTEMPTS {
            let stored = store.load(scope).await?;
            if self.renew(refresh, stored, &usage, began, &mut doubted)? {
                return Ok(());
            }
        }
        Err(VaultError::Contended)
    }

    fn refreshing(&self) -> Result<(&Refresh, Duration), VaultError> {
        Ok((self.0.refresh.get().ok_or(VaultError::NotRefreshed)?, clock::now()))
    }

    /// What the keys have sealed since the last time.
    fn take_usage(&self) -> Vec<(u32, u64)> {
        let keys = self.each_field().flat_map(|field| &field.keys);
        keys.map(|key| (key.id, key.usage.take())).filter(|(_, count)| *count > 0).collect()
    }

    /// Where this role may not write, what was sealed is counted here alone.
    fn told(&self, used: &[(u32, u64)], told: Result<(), super::StoreError>) {
        let Err(error) = told else { return };
        tracing::warn!(%error, "how many values the keys have sealed could not be written");
        for (key_id, count) in used {
            if let Some(key) = self.each_field().find_map(|field| field.find(*key_id)) {
                key.usage.put_back(*count);
            }
        }
    }

    /// Takes over what the rows say. `false` if they contradict each other: another process may have been writing while
    /// they were read, so they are read again, and refused if they are the same.
    fn renew(
        &self,
        refresh: &Refresh,
        stored: Stored,
        usage: &[(u32, u64)],
        began: Duration,
        doubted: &mut Option<Stored>,
    ) -> Result<bool, VaultError> {
        match self.take_over(refresh, &stored, usage) {
            Ok(()) => {
                refresh.renewed(began);
                Ok(true)
            }
            Err(refusal) if doubted.as_ref() == Some(&stored) => Err(refusal),
            Err(_) => {
                *doubted = Some(stored);
                Ok(false)
            }
        }
    }

    fn take_over(&self, refresh: &Refresh, stored: &Stored, usage: &[(u32, u64)]) -> Result<(), VaultError> {
        let start = &refresh.start;
        let state = refresh.state(stored)?;
        start.believe(stored, &state)?;
        start.check_minimums(&stored.keys)?;
        let _one_at_a_time = lock(&refresh.believed);
        let mut changed = Vec::new();
        for (versions, known) in self.0.fields.iter().flatten().map(|versions| (versions, versions.latest())) {
            if known.seen.iter().any(|seen| went_back(&stored.keys, *seen)) {
                return Err(VaultError::RowsReplaced);
            }
            if known.seen != start.seen(known.field, &stored.keys) {
                changed.push((versions, inherited(start.field_keys(known.field, &stored.keys)?, known)));
            }
        }
        #[cfg(feature = "users")]
        let authority = self.changed_authority(start, &stored.keys)?;
        for (versions, keys) in changed {
            tracing::info!(field = keys.field.id(), "the keys of a field have changed");
            versions.push(keys).map_err(|_| VaultError::Contended)?;
        }
        #[cfg(feature = "users")]
        self.take_over_authority(authority);
        for keys in self.each_field() {
            for key in &keys.keys {
                let told = usage.iter().find(|(key_id, _)| *key_id == key.id).map_or(0, |(_, count)| *count);
                key.judge(keys.field, key.usage.learn(told));
            }
        }
        Ok(())
    }

    /// Begins to refresh the vault in a thread of its own.
    pub(super) fn refresh_in_background(&self, refresh: Refresh, connect: Option<Connect>) -> Result<(), VaultError> {
        let refresh = Arc::new(refresh);
        drop(self.0.refresh.set(refresh.clone()));
        let Some(Connect(connect)) = connect else { return Ok(()) };
        let mut connect = connect.into_inner().unwrap_or_else(PoisonError::into_inner);
        lock(&refresh.bell).answered = true;
        let vault = Arc::downgrade(&self.0);
        let work = move || {
            loop {
                let Some(vault) = vault.upgrade().map(Vault) else { return };
                refresh.start();
                let refreshed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| connect(&vault)));
                refresh.finish();
                drop(vault);
                let interval = match refreshed {
                    Ok(Ok(())) => refresh.interval,
                    Ok(Err(error)) => {
                        tracing::error!(%error, "the vault was not refreshed: it is tried again");
                        refresh.interval.min(Duration::from_secs(1))
                    }
                    Err(_) => {
                        tracing::error!("the closure that refreshes the vault panicked: it is tried again");
                        refresh.interval.min(Duration::from_secs(1))
                    }
                };
                thread::sleep(SPACING.min(interval));
                if !refresh.sleep(interval) {
                    return;
                }
            }
        };
        let spawned = thread::Builder::new().name("refresh of keys".to_owned()).spawn(work);
        spawned.map(drop).map_err(|error| VaultError::Store(super::StoreError::Database(Box::new(error))))
    }
}

/// Whether a key that was known is gone, or in an earlier state: only somebody who puts back old rows does that.
pub(super) fn went_back(rows: &[KeyRow], (key_id, state): (u32, crate::keys::KeyState)) -> bool {
    rows.iter().find(|row| row.context.key_id == key_id).is_none_or(|row| row.state < state)
}

/// The count of a key goes on where it was.
fn inherited(mut new: FieldKeys, old: &FieldKeys) -> FieldKeys {
    for key in &mut new.keys {
        if let Some(old) = old.find(key.id) {
            key.usage = old.usage.clone();
        }
    }
    new
}
