//! What someone who can write to the database can do, and what is found out: the lines of docs/threat-model.md, each a
//! test over a database file.
//!
//! Every check opens the file and the vault anew, as an application does when it starts, and reads through Diesel.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test that cannot go on fails")]

mod altered;
mod database;
mod keys;
mod moved;
mod undetected;
