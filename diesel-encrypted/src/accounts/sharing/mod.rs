//! Sharing: groups, whose key each member has, and whom a user knows.
//!
//! Any member adds and removes others; roles are the application's. What is shared with one person is a group of two.

mod add;
mod create;
mod group;
mod identity;
mod known;
mod members;
mod open;
mod remove;
mod renew;
mod stay;
mod trust;

pub use group::OpenGroup;

pub(super) use renew::{Copies, copies};
