//! What the [`Engine`](super::engine::Engine) needs of a connection, at once or awaited.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use diesel::QueryResult;

use super::{
    connection::{AuditColumns, CatalogueColumns, FieldColumns, KeyColumns},
    statement::Statement,
};

/// A connection of Diesel's own: its futures are ready when they are first polled.
#[derive(Debug)]
pub enum AtOnce {}

/// A connection of diesel-async's.
#[cfg(feature = "async")]
#[derive(Debug)]
pub enum Awaited {}

/// A connection that runs the store's statements, [`AtOnce`] or `Awaited`.
pub trait Run<How>: Send {
    /// Whether it is inside of a transaction, which then is the caller's.
    fn in_transaction(&mut self) -> QueryResult<bool>;

    fn begin(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
    fn commit(&mut self) -> impl Future<Output = QueryResult<()>> + Send;
    fn roll_back(&mut self) -> impl Future<Output = QueryResult<()>> + Send;

    /// How many rows a statement changed.
    fn run(&mut self, statement: Statement) -> impl Future<Output = QueryResult<usize>> + Send;
    fn keys(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<KeyColumns>>> + Send;
    fn fields(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<FieldColumns>>> + Send;
    fn audit(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<AuditColumns>>> + Send;
    fn pairs(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<(i64, i64)>>> + Send;
    fn catalogue(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Vec<CatalogueColumns>>> + Send;
    fn sample(&mut self, statement: Statement) -> impl Future<Output = QueryResult<Option<Vec<u8>>>> + Send;

    fn pause(&mut self, length: Duration) -> impl Future<Output = ()> + Send;
}

/// What a future gives that awaits nothing but a connection of Diesel's own.
pub(crate) fn poll_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => Some(done),
        Poll::Pending => None,
    }
}

/// What is said where it does not.
pub(crate) const NOT_AT_ONCE: &str = "a statement that runs at once was waited for";
