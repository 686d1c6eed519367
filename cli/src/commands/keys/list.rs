//! `keys list`.

use clap::Args;
use diesel_encrypted::keys::{KeyRow, Purpose};
use serde::Serialize;

use crate::{
    context::Context,
    exit::{Exit, Result},
    output::table,
};

/// List the data keys of the database. Needs no root key, and cannot tell whether a row is authentic: `doctor` does.
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  diesel-encrypted keys list --database-url clinic.db
  diesel-encrypted keys list --json | jq '.[] | select(.state == \"retired\")'")]
pub(crate) struct List {}

#[derive(Serialize)]
struct Listed {
    key_id: String,
    purpose: String,
    /// The field's id, or the domain of an index.
    name: String,
    version: u32,
    state: String,
    application: String,
    /// The tenant: text if it is that, else hexadecimal.
    scope: Option<String>,
    /// When it was made, by the database's clock.
    created: Option<String>,
    root_key: String,
    root_fingerprint: String,
    /// How many values it has sealed, as far as processes that refresh their vault have told.
    sealed_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    normalize: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bits: Option<u8>,
}

impl List {
    #[allow(clippy::unused_self, reason = "as every command")]
    pub(crate) fn run(&self, context: &Context) -> Result<Exit> {
        let inventory = context.inventory(&mut *context.connect()?)?;
        let keys = inventory.keys.iter().filter(|row| row.context.purpose != Purpose::Manifest);
        let created =
            |id: u32| inventory.audit.iter().find(|event| event.key_id == id).map(|event| event.at.to_string());
        let keys: Vec<Listed> = keys
            .map(|row| Listed::new(row, created(row.context.key_id), inventory.sealed(row.context.key_id)))
            .collect();
        context.output.result(&keys, || {
            let rows: Vec<_> = keys.iter().map(Listed::cells).collect();
            table(["KEY", "PURPOSE", "NAME", "VERSION", "STATE", "CREATED", "ROOT KEY", "SCOPE"], &rows)
        })?;
        Ok(Exit::Done)
    }
}

impl Listed {
    fn new(row: &KeyRow, created: Option<String>, sealed_count: u64) -> Self {
        let context = &row.context;
        Self {
            key_id: format!("{:08x}", context.key_id),
            purpose: context.purpose.to_string(),
            name: context.name.clone(),
            version: context.version,
            state: row.state.to_string(),
            application: context.application.clone(),
            scope: context.scope.as_deref().map(scope_text),
            created,
            root_key: row.root_id.clone(),
            root_fingerprint: row.root_fingerprint.to_string(),
            sealed_count,
            normalize: row.index.as_ref().map(|spec| spec.normalize.clone()),
            bits: row.index.as_ref().map(|spec| spec.bits),
        }
    }

    fn cells(&self) -> [String; 8] {
        [
            self.key_id.clone(),
            self.purpose.clone(),
            self.name.clone(),
            self.version.to_string(),
            self.state.clone(),
            self.created.clone().unwrap_or_default(),
            format!("{} ({})", self.root_key, self.root_fingerprint),
            self.scope.clone().unwrap_or_default(),
        ]
    }
}

/// A scope for people. What is not text is written in hexadecimal.
fn scope_text(scope: &[u8]) -> String {
    match str::from_utf8(scope) {
        Ok(text) if !text.chars().any(char::is_control) => text.to_owned(),
        _ => scope.iter().map(|byte| format!("{byte:02x}")).collect(),
    }
}
