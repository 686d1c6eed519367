//! A database of a test's own.

#![allow(clippy::unwrap_used, reason = "fixtures")]

use std::ops::{Deref, DerefMut};

use diesel::prelude::*;

/// A connection to a database of its own, which is dropped with it.
pub struct Scratch<C: Connection> {
    connection: Option<C>,
    url: String,
    drop_database: Option<Box<dyn FnOnce() + Send>>,
}

impl<C: Connection> Scratch<C> {
    /// Connects to the fresh database at `url`. `drop_database` runs when it is not connected to any more.
    pub fn new(url: String, drop_database: impl FnOnce() + Send + 'static) -> Self {
        let drop_database: Option<Box<dyn FnOnce() + Send>> = Some(Box::new(drop_database));
        let mut scratch = Self { connection: None, url, drop_database };
        scratch.connection = Some(scratch.connect());
        scratch
    }

    /// The address of the database, for connections of the test's own.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Closes the connection: the database stays until this is dropped.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }

    /// Connects again.
    pub fn reconnect(&mut self) {
        self.connection = Some(self.connect());
    }

    /// Its name on its server.
    pub fn name(&self) -> &str {
        let path = self.url.split('?').next().unwrap_or_default();
        path.rsplit('/').next().unwrap_or_default()
    }

    /// Another connection to it.
    pub fn connect(&self) -> C {
        C::establish(&self.url).unwrap()
    }
}

impl<C: Connection> Deref for Scratch<C> {
    type Target = C;

    fn deref(&self) -> &C {
        self.connection.as_ref().unwrap()
    }
}

impl<C: Connection> DerefMut for Scratch<C> {
    fn deref_mut(&mut self) -> &mut C {
        self.connection.as_mut().unwrap()
    }
}

impl<C: Connection> Drop for Scratch<C> {
    fn drop(&mut self) {
        self.connection = None;
        if let Some(drop_database) = self.drop_database.take() {
            drop_database();
        }
    }
}
