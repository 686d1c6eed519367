//! How a command ends: the exit codes, and the errors behind them.

use std::{fmt, io, path::Path, process::ExitCode};

use diesel_encrypted::{RootKeyError, SourceError, StoreError, VaultError, maintenance::MaintenanceError};

/// The exit codes of every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
#[non_exhaustive]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Not done: the message says why.
    Failed = 1,
    /// The arguments are not understood, or the configuration that they need is missing.
    Usage = 2,
    /// Done, and something was found that needs someone: values that do not open, a check of `doctor` that failed.
    Found = 3,
    /// Not done, because it was not confirmed.
    Declined = 4,
    /// A root key is missing, or is another than the database knows.
    RootKeys = 5,
    /// Stopped by Ctrl-C, at a checkpoint: the same command goes on from there.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command was not done.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    message: String,
}

pub(crate) type Result<T> = std::result::Result<T, Failure>;

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    /// Nothing was confirmed, and nothing done.
    pub(crate) fn declined(message: impl Into<String>) -> Self {
        Self::new(Exit::Declined, message)
    }

    /// An operation on a path that failed, for `map_err`.
    pub(crate) fn io<'a>(action: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Self + 'a {
        move |error| Self::failed(format!("cannot {action} {}: {error}", path.display()))
    }

    pub(crate) const fn exit(&self) -> Exit {
        self.exit
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error with what it says of its cause.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut message = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !message.contains(&said) {
            message.push_str(": ");
            message.push_str(&said);
        }
        next = cause.source();
    }
    message
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        Self::new(Exit::RootKeys, with_causes(&error))
    }
}

impl From<RootKeyError> for Failure {
    fn from(error: RootKeyError) -> Self {
        Self::new(Exit::RootKeys, with_causes(&error))
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::failed(with_causes(&error))
    }
}

impl From<VaultError> for Failure {
    fn from(error: VaultError) -> Self {
        let exit = match error {
            VaultError::WrongRootKey { .. } | VaultError::UnknownRootKey { .. } | VaultError::RootKey { .. } => {
                Exit::RootKeys
            }
            _ => Exit::Failed,
        };
        let mut message = with_causes(&error);
        if matches!(error, VaultError::OtherApplication { .. }) {
            message.push_str("; here, by --application");
        }
        Self::new(exit, message)
    }
}

impl From<MaintenanceError> for Failure {
    fn from(error: MaintenanceError) -> Self {
        Self::failed(with_causes(&error))
    }
}

impl From<diesel::result::Error> for Failure {
    fn from(error: diesel::result::Error) -> Self {
        Self::failed(with_causes(&error))
    }
}
