//! The command `diesel-encrypted`, as a library: an application whose blind indexes are normalised by functions of its own
//! mounts the same commands in a program of its own, with its models.
//!
//! ```no_run
//! # use diesel_encrypted::{EncryptedModel, Field};
//! # struct Patient;
//! # impl EncryptedModel for Patient {
//! #     fn fields() -> &'static [&'static Field] { &[] }
//! # }
//! fn main() -> std::process::ExitCode {
//!     diesel_encrypted_cli::Tool::new().application("clinic").model::<Patient>().run()
//! }
//! ```
//!
//! What the commands do is in the repository's `docs/cli.md`, and in `diesel-encrypted help`.

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

mod arguments;
mod backup;
mod catalogue;
mod commands;
mod context;
mod database;
mod environment;
mod exit;
mod files;
mod hex;
mod interrupt;
mod job;
mod life;
mod output;
mod passphrase;
mod progress;
mod prompt;
mod redact;
mod root_keys;
mod sealed_keys;
mod session;
mod share;
mod tool;

pub use exit::Exit;
pub use tool::Tool;
