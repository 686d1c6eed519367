//! How an application says which vault it wants.

use std::time::Duration;

use super::{
    AsyncKeyStore, KeyStore, LEASE, Vault, VaultError, clock,
    opening::{Next, Opening},
    refresh::{Connect, Refresh},
    start::Start,
};
use crate::{
    EncryptedModel, Field,
    keys::{Purpose, RootKeys},
};

/// Builds a [`Vault`]: root keys, models, and what tells this application's keys from another's.
#[derive(Debug)]
#[must_use = "a vault is opened by `open`"]
pub struct VaultBuilder {
    start: Start,
    connect: Option<Connect>,
    lease: Option<Duration>,
    interval: Duration,
}

/// How often a vault is refreshed, unless it is said.
const INTERVAL: Duration = Duration::from_secs(60);

impl VaultBuilder {
    pub(super) fn new(root_keys: RootKeys) -> Self {
        Self { start: Start::new(root_keys), connect: None, lease: None, interval: INTERVAL }
    }

    /// The application's name, `default` unless set. It is part of what every key is bound to, so that a copy of the
    /// production database does not open under another name, even with the same root key.
    pub fn application(mut self, name: impl Into<String>) -> Self {
        self.start.application = name.into();
        self
    }

    /// The scope (tenant) that this vault is for. Each has data keys of its own, and values of one do not open in another.
    pub fn scope(mut self, scope: impl Into<Vec<u8>>) -> Self {
        self.start.scope = Some(scope.into());
        self
    }

    /// Adds a model's encrypted fields.
    pub fn model<M: EncryptedModel>(self) -> Self {
        M::fields().iter().fold(self, |builder, field| builder.field(field))
    }

    /// Adds one field.
    pub fn field(mut self, field: &'static Field) -> Self {
        if !self.start.fields.iter().any(|known| std::ptr::eq(*known, field)) {
            self.start.fields.push(field);
        }
        self
    }

    /// Adds every field of the registry that no model declares, with the keys there are: for programs without the
    /// application's models, such as those that maintain its tables.
    ///
    /// No key is made for such a field and its columns are not looked at. An index that is normalised by the application's
    /// own function can be neither written nor searched.
    pub fn registered(mut self) -> Self {
        self.start.registered = true;
        self
    }

    /// Lets the vault have the key by which the application vouches for its users (docs/users.md), and makes it if there is
    /// none: [`Vault::authority`]. Each scope has one of its own.
    #[cfg(feature = "users")]
    pub fn users(mut self) -> Self {
        self.start.users = true;
        self
    }

    /// Refuses a database whose active key of this name is older than `version`: what finds a key table that was rolled
    /// back to a leaked key, or emptied. Raise it after each rotation. For an index, `name` is as `encryption_keys` shows it.
    pub fn minimum_version(mut self, purpose: Purpose, name: impl Into<String>, version: u32) -> Self {
        self.start.minimums.push((purpose, name.into(), version));
        self
    }

    /// Makes no keys: a database that lacks one is refused, be it another one, or one that was emptied. For production,
    /// where a step of the deployment opens the vault once to make the keys of new models.
    pub fn existing_keys_only(mut self) -> Self {
        self.start.existing_keys_only = true;
        self
    }

    /// Lets the vault refresh itself in a thread of its own: every minute, and at once when a value names a key that it does
    /// not know. `refresh` gets a connection and refreshes the vault over it, by
    /// [`refresh_with`](Vault::refresh_with) or what goes with the kind of connection.
    ///
    /// The vault then seals only by a view of the keys that is younger than its [lease](Self::lease): keys can be rotated
    /// while the application runs. It keeps the root keys in memory, to unwrap new keys. Open it after a fork, as threads
    /// do not outlive one.
    pub fn refresh_by<E: Into<Box<dyn std::error::Error + Send + Sync>>>(
        mut self,
        mut refresh: impl FnMut(&Vault) -> Result<(), E> + Send + 'static,
    ) -> Self {
        self.connect = Some(Connect::new(Box::new(move |vault| refresh(vault).map_err(Into::into))));
        self
    }

    /// How often the vault refreshes itself, a minute unless set: a small part of its lease.
    pub fn refresh_every(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// How old the view of the keys may be that the vault seals with: [`LEASE`], 10 minutes, unless set. Whoever changes
    /// keys has to know the longest lease of all vaults ([`KeyManager::lease`](crate::KeyManager::lease)).
    ///
    /// Without [`refresh_by`](Self::refresh_by) the application refreshes the vault itself, more often than that.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = Some(lease);
        self
    }

    /// Opens the vault over `store`: checks root keys and rows, makes what keys are missing, reads them back, and
    /// unwraps them.
    ///
    /// # Errors
    /// [`VaultError`]: each says what to do.
    pub fn open_with(self, store: &mut dyn KeyStore) -> Result<Vault, VaultError> {
        let began = clock::now();
        let opened = self.drive(store);
        let opened = self.log(opened)?;
        self.keep_fresh(opened, began)
    }

    /// [`open_with`](Self::open_with), over a store that is awaited.
    ///
    /// A root key that is kept by a service is asked for on the thread that polls, as [`RootKey`](crate::RootKey) is not
    /// asynchronous.
    ///
    /// # Errors
    /// [`VaultError`]: each says what to do.
    pub async fn open_with_async<S: AsyncKeyStore + ?Sized>(self, store: &mut S) -> Result<Vault, VaultError> {
        let began = clock::now();
        let opened = self.drive_async(store).await;
        let opened = self.log(opened)?;
        self.keep_fresh(opened, began)
    }

    fn keep_fresh(self, vault: Vault, began: Duration) -> Result<Vault, VaultError> {
        if self.connect.is_some() || self.lease.is_some() {
            let refresh = Refresh::new(self.start, self.lease.unwrap_or(LEASE), self.interval, began);
            vault.refresh_in_background(refresh, self.connect)?;
        }
        Ok(vault)
    }

    /// Whoever opens drives this.
    pub(super) fn opening(&self) -> Result<Opening<'_>, VaultError> {
        Opening::new(&self.start)
    }

    fn drive(&self, store: &mut dyn KeyStore) -> Result<Vault, VaultError> {
        let mut opening = self.opening()?;
        store.check_columns(&self.start.fields)?;
        loop {
            match opening.next()? {
                Next::Load => opening.loaded(store.load(self.start.scope.as_deref())?)?,
                Next::Sample(field) => opening.sampled(field, store.sample(field)?),
                Next::Key(key_id) => opening.found(key_id, store.key(key_id)?),
                Next::Now => opening.told(store.now()?),
                Next::Apply(changes) => opening.applied(changes.len(), store.apply(&changes)?),
                Next::Opened(vault) => return Ok(vault),
            }
        }
    }

    async fn drive_async<S: AsyncKeyStore + ?Sized>(&self, store: &mut S) -> Result<Vault, VaultError> {
        let mut opening = self.opening()?;
        store.check_columns(&self.start.fields).await?;
        loop {
            match opening.next()? {
                Next::Load => opening.loaded(store.load(self.start.scope.as_deref()).await?)?,
                Next::Sample(field) => opening.sampled(field, store.sample(field).await?),
                Next::Key(key_id) => opening.found(key_id, store.key(key_id).await?),
                Next::Now => opening.told(store.now().await?),
                Next::Apply(changes) => opening.applied(changes.len(), store.apply(&changes).await?),
                Next::Opened(vault) => return Ok(vault),
            }
        }
    }

    fn log(&self, opened: Result<Vault, VaultError>) -> Result<Vault, VaultError> {
        match &opened {
            Ok(_) => tracing::info!(
                application = self.start.application,
                scoped = self.start.scope.is_some(),
                fields = self.start.fields.len(),
                root_keys = self.start.root_keys.describe(),
                "the vault is open"
            ),
            Err(error) => {
                tracing::error!(application = self.start.application, %error, "the vault could not be opened");
            }
        }
        opened
    }
}
