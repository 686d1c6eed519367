//! What the environment says, but for the root keys: those are in [`keys`](crate::keys).

use std::{env, net::SocketAddr};

use crate::start::StartError;

/// Where the service listens, and where its data is.
pub struct Config {
    pub database_url: String,
    pub listen: SocketAddr,
}

impl Config {
    pub fn from_env() -> Result<Self, StartError> {
        let database_url = env::var("DATABASE_URL").map_err(|_| {
            StartError::configuration("DATABASE_URL is not set: give postgres://.., or the path of a SQLite file")
        })?;
        let listen = env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
        let listen = listen
            .parse()
            .map_err(|_| StartError::configuration("LISTEN is not an address and port such as 127.0.0.1:3000"))?;
        Ok(Self { database_url, listen })
    }
}
