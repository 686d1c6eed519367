//! Accounts in a real database: made, signed in to, changed and erased, all of it or nothing.

#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    unreachable_pub,
    reason = "a test that cannot go on fails"
)]

mod awaited;
mod carried_over;
mod create;
mod damaged;
mod erase;
mod interrupted;
mod killed;
mod locks;
mod migrated;
mod model;
mod password;
mod reauthenticate;
mod recover;
mod reseal;
mod rotate;
mod sessions;
mod sharing;
mod tables;
mod unlock;
mod world;
