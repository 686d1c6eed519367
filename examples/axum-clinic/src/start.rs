//! Why the service does not start, and what its exit code says about it.

use std::{error::Error, process::ExitCode};

use diesel_encrypted::{SourceError, StoreError, VaultError};

use crate::database::NoConnection;

/// Each message says what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("{0}")]
    Configuration(String),
    #[error(transparent)]
    RootKeys(#[from] SourceError),
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    NoConnection(#[from] NoConnection),
    #[error("{0}: {1}")]
    Failed(&'static str, Box<dyn Error + Send + Sync>),
}

impl StartError {
    pub fn configuration(message: impl Into<String>) -> Self {
        Self::Configuration(message.into())
    }

    /// For `map_err`: what could not be done.
    pub fn failed<E: Into<Box<dyn Error + Send + Sync>>>(what: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Failed(what, error.into())
    }

    /// 78 (`EX_CONFIG` of sysexits.h) if somebody has to change the configuration or restore something: starting again
    /// does not help. 1 if it may.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::NoConnection(_)
            | Self::Failed(..)
            | Self::Vault(VaultError::Contended | VaultError::Store(StoreError::Database(_))) => ExitCode::FAILURE,
            Self::Configuration(_) | Self::RootKeys(_) | Self::Vault(_) => ExitCode::from(78),
        }
    }
}
