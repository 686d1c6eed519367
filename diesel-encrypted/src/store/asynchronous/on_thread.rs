//! Work that would block a runtime, on a thread of its own: no runtime is asked for, whichever polls.

use std::{
    io,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    thread::{self, JoinHandle},
};

/// What the work gives, once it is done. It goes on to its end if this is dropped.
pub(crate) struct OnThread<T> {
    thread: Option<JoinHandle<T>>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    over: bool,
    waker: Option<Waker>,
}

/// Wakes whoever waits, when the work has ended, by whatever way.
struct Wakes(Arc<Mutex<State>>);

impl Drop for Wakes {
    fn drop(&mut self) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.over = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl<T: Send + 'static> OnThread<T> {
    /// Begins the work.
    ///
    /// # Errors
    /// What the operating system says when it gives no thread.
    pub(crate) fn new(work: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let state = Arc::<Mutex<State>>::default();
        let wakes = Wakes(state.clone());
        let thread = thread::Builder::new().spawn(move || {
            let _wakes = wakes;
            work()
        })?;
        Ok(Self { thread: Some(thread), state })
    }
}

impl<T> Future for OnThread<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if !state.over {
                state.waker = Some(context.waker().clone());
                return Poll::Pending;
            }
        }
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(done)) => Poll::Ready(done),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            // It was ready before, and is polled again, which no caller may.
            None => Poll::Pending,
        }
    }
}
