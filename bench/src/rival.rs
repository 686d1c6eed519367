//! The crate `encrypted-message` 0.3, as its Diesel implementation uses it: a value becomes `serde_json::Value` and that
//! becomes the JSON that is stored, and back again.

use std::{error::Error, sync::OnceLock};

use encrypted_message::{
    EncryptedMessage,
    config::{Config, Secret},
    strategy::Randomized,
};
use serde_json::Value;

use crate::reference;

#[derive(Debug, Default)]
struct Key;

impl Config for Key {
    type Strategy = Randomized;

    fn keys(&self) -> Vec<Secret<[u8; 32]>> {
        static KEY: OnceLock<[u8; 32]> = OnceLock::new();
        vec![Secret::new(*KEY.get_or_init(reference::random))]
    }
}

/// Seals, stores as JSON, reads and opens.
pub(crate) fn seal_and_open(text: &str) -> Result<String, Box<dyn Error>> {
    let sealed = EncryptedMessage::<String, Key>::encrypt(text.to_owned())?;
    let stored = serde_json::to_vec(&serde_json::to_value(&sealed)?)?;
    let json: Value = serde_json::from_slice(&stored)?;
    let loaded: EncryptedMessage<String, Key> = serde_json::from_value(json)?;
    Ok(loaded.decrypt()?)
}
