//! Which vault is in use: the one entered on this thread, else the one installed in this process.
//!
//! Diesel hands `ToSql` and `FromSql` no context, so the vault has to be found from nowhere. Tests and tenants enter
//! their own, and share no state.

use std::{
    cell::{Cell, RefCell},
    fmt,
    pin::Pin,
    sync::OnceLock,
    task::{Context, Poll},
};

use super::{Vault, VaultError};
use crate::{Field, ValueError};

static INSTALLED: OnceLock<Vault> = OnceLock::new();

/// What this thread has entered.
#[derive(Clone)]
enum Entered {
    /// Nothing: the installed vault is used.
    Nothing,
    /// No vault at all.
    Isolated,
    /// This one, of the application.
    Vault(Vault),
    /// This one, of a user or a group, and the application's that was in use.
    Held { vault: Vault, application: Option<Vault> },
}

thread_local! {
    /// Whether [`ENTERED`] is anything but [`Entered::Nothing`]: without a destructor, and so asked in no time.
    static HAS_ENTERED: Cell<bool> = const { Cell::new(false) };
    static ENTERED: RefCell<Entered> = const { RefCell::new(Entered::Nothing) };
}

/// Puts back what was entered before, also when a panic unwinds.
struct Leave(Option<Entered>);

impl Leave {
    fn enter(entered: Entered) -> Self {
        Self(Some(replace(entered)))
    }

    fn enter_vault(vault: Vault) -> Self {
        Self::enter(match vault.0.held {
            true => Entered::Held { vault, application: application() },
            false => Entered::Vault(vault),
        })
    }
}

/// The application's vault in use on this thread: the entered one, else the installed one.
fn application() -> Option<Vault> {
    match ENTERED.with_borrow(Entered::clone) {
        Entered::Vault(vault) => Some(vault),
        Entered::Held { application, .. } => application,
        Entered::Isolated => None,
        Entered::Nothing => INSTALLED.get().cloned(),
    }
}

fn replace(entered: Entered) -> Entered {
    HAS_ENTERED.set(!matches!(entered, Entered::Nothing));
    ENTERED.replace(entered)
}

impl Drop for Leave {
    fn drop(&mut self) {
        if let Some(before) = self.0.take() {
            drop(replace(before));
        }
    }
}

impl Vault {
    /// Makes this the vault of the process. Once: an application installs, libraries only use.
    ///
    /// # Errors
    /// [`VaultError::AlreadyInstalled`] if there is one; it stays.
    pub fn install(self) -> Result<(), VaultError> {
        INSTALLED.set(self).map_err(|_| VaultError::AlreadyInstalled)
    }

    /// The vault in use on this thread: the entered one, else the installed one.
    #[must_use]
    pub fn current() -> Option<Self> {
        match ENTERED.with_borrow(Entered::clone) {
            Entered::Vault(vault) | Entered::Held { vault, .. } => Some(vault),
            Entered::Isolated => None,
            Entered::Nothing => INSTALLED.get().cloned(),
        }
    }

    /// Runs `work` with the vault in use, for `field`.
    ///
    /// # Errors
    /// [`ValueError::NoVault`] if there is none, else what `work` gives.
    #[inline]
    pub fn with_current<R>(
        field: &'static Field,
        work: impl FnOnce(&Self) -> Result<R, ValueError>,
    ) -> Result<R, ValueError> {
        // The installed vault is used without touching its reference count, which all threads share.
        match INSTALLED.get() {
            Some(vault) if !HAS_ENTERED.get() => work(vault),
            _ => Self::with_entered(field, work),
        }
    }

    #[inline(never)]
    fn with_entered<R>(
        field: &'static Field,
        work: impl FnOnce(&Self) -> Result<R, ValueError>,
    ) -> Result<R, ValueError> {
        work(&Self::current().ok_or(ValueError::NoVault { field: field.into() })?)
    }

    /// Runs `work` with the application's vault, for the outer layer of `field`: the vault in use, or the one that was
    /// when a user's or a group's was entered.
    ///
    /// # Errors
    /// [`ValueError::ApplicationLayer`] if a user's alone is entered, [`ValueError::NoVault`] if none is, else what `work`
    /// gives.
    #[inline]
    pub fn with_application<R>(
        field: &'static Field,
        work: impl FnOnce(&Self) -> Result<R, ValueError>,
    ) -> Result<R, ValueError> {
        match INSTALLED.get() {
            Some(vault) if !HAS_ENTERED.get() => work(vault),
            _ => Self::with_entered_application(field, work),
        }
    }

    /// Runs `work` with the vault of what is stored of `field`: the application's if it has two layers, else the one in use.
    ///
    /// # Errors
    /// As [`with_application`](Self::with_application) and [`with_current`](Self::with_current).
    pub fn with_layer_of<R>(
        field: &'static Field,
        work: impl FnOnce(&Self) -> Result<R, ValueError>,
    ) -> Result<R, ValueError> {
        if field.inner.is_some() { Self::with_application(field, work) } else { Self::with_current(field, work) }
    }

    #[inline(never)]
    fn with_entered_application<R>(
        field: &'static Field,
        work: impl FnOnce(&Self) -> Result<R, ValueError>,
    ) -> Result<R, ValueError> {
        match application() {
            Some(vault) => work(&vault),
            None if Self::current().is_some() => Err(ValueError::ApplicationLayer { field: field.into() }),
            None => Err(ValueError::NoVault { field: field.into() }),
        }
    }

    /// Runs `work` with this vault in use on this thread, whatever is installed. Scopes nest.
    ///
    /// Within a user's or a group's vault, the application's that was in use stays at hand, for columns of two layers.
    ///
    /// A thread or task that `work` spawns does not inherit it: enter it there again, or [`attach`](Self::attach) it to
    /// the task's future.
    pub fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        let _leave = Leave::enter_vault(self.clone());
        work()
    }

    /// Runs `work` without falling back to the installed vault: what is sealed or opened inside must enter a vault.
    pub fn isolated<R>(work: impl FnOnce() -> R) -> R {
        let _leave = Leave::enter(Entered::Isolated);
        work()
    }

    /// A future with this vault in use while `work` makes it and whenever it is polled, on whatever thread. A stream too,
    /// with the feature `stream`.
    ///
    /// ```
    /// # use diesel_encrypted_core::Vault;
    /// # async fn handle(vault: Vault) {
    /// vault.attach(async || { /* statements, awaited */ }).await;
    /// # }
    /// ```
    ///
    /// It takes a closure because drivers seal when a statement is *made* into a future, not when that is polled:
    /// `attach(|| statement.execute(conn))` seals within the scope.
    ///
    /// What the future spawns does not inherit the vault: neither a task nor a blocking closure. Attach or
    /// [`enter`](Self::enter) it there again.
    pub fn attach<F>(&self, work: impl FnOnce() -> F) -> Attached<F> {
        Attached { vault: self.clone(), inner: Box::pin(self.enter(work)) }
    }
}

/// A future or stream that is polled within a vault: what [`Vault::attach`] gives.
#[must_use = "futures do nothing unless polled"]
pub struct Attached<F> {
    vault: Vault,
    inner: Pin<Box<F>>,
}

impl<F> Attached<F> {
    /// Runs `poll` within the vault.
    fn within<R>(mut self: Pin<&mut Self>, poll: impl FnOnce(Pin<&mut F>) -> R) -> R {
        let _leave = Leave::enter_vault(self.vault.clone());
        poll(self.inner.as_mut())
    }
}

impl<F: Future> Future for Attached<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        self.within(|future| future.poll(context))
    }
}

#[cfg(feature = "stream")]
impl<S: futures_core::Stream> futures_core::Stream for Attached<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.within(|stream| stream.poll_next(context))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.inner.size_hint()
    }
}

impl<F> fmt::Debug for Attached<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attached").field("vault", &self.vault).finish_non_exhaustive()
    }
}
