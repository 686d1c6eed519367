//! Waiting, whatever runtime the store is polled by.

use std::{
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

/// A pause, by a thread that sleeps: it needs no timer of the runtime that polls it. A database is rarely locked when a
/// vault is opened, and never for long.
pub(super) struct Pause {
    length: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    begun: bool,
    over: bool,
    waker: Option<Waker>,
}

impl Pause {
    pub(super) fn new(length: Duration) -> Self {
        Self { length, state: Arc::default() }
    }
}

impl Future for Pause {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        if !std::mem::replace(&mut state.begun, true) {
            let (length, shared) = (self.length, self.state.clone());
            std::thread::spawn(move || {
                std::thread::sleep(length);
                let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
                state.over = true;
                if let Some(waker) = state.waker.take() {
                    waker.wake();
                }
            });
        }
        Poll::Pending
    }
}
