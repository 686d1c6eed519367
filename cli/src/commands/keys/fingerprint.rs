//! `keys fingerprint`.

use clap::Args;
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Exit, Result},
    output::table,
};

/// Print the ids and fingerprints of the configured root keys.
///
/// A fingerprint tells one key from another and gives neither away. `keys list` and `encryption_keys` show the same ones.
/// Of a key made from a passphrase, it lets whoever also has the salt try guesses.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys fingerprint
  diesel-encrypted keys fingerprint --root-key-folder keys")]
pub(crate) struct Fingerprint {}

#[derive(Serialize)]
struct Configured {
    id: String,
    fingerprint: String,
    active: bool,
}

impl Fingerprint {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let keys = context.root_keys()?;
        let active = keys.active().id().clone();
        let keys: Vec<Configured> = keys
            .iter()
            .map(|key| Configured {
                id: key.id().to_string(),
                fingerprint: key.fingerprint().to_string(),
                active: *key.id() == active,
            })
            .collect();
        context.output.result(&keys, || {
            let rows: Vec<_> = keys
                .iter()
                .map(|key| [key.id.clone(), key.fingerprint.clone(), if key.active { "active" } else { "" }.to_owned()])
                .collect();
            table(["ID", "FINGERPRINT", ""], &rows)
        })?;
        Ok(Exit::Done)
    }
}
