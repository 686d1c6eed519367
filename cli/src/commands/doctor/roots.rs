//! Root keys: whether they can be read, and which of them the database needs.

use std::collections::BTreeMap;

use diesel_encrypted::{RootKeys, keys::KeyState};

use super::{Findings, Level};
use crate::{context::Context, output::count, session::Session};

pub(super) fn look(context: &Context, session: &mut dyn Session, findings: &mut Findings) {
    // Reading them checks the permissions of files and folders.
    let configured = match context.root_keys_if_named() {
        Ok(None) => {
            findings.add(Level::Warn, "root keys", "none is configured");
            None
        }
        Ok(Some(keys)) => {
            findings.add(
                Level::Ok,
                "root keys",
                format!("{} can be read, by their owner alone", count(keys.iter().count(), "key")),
            );
            Some(keys)
        }
        Err(failure) => {
            findings.add(Level::Fail, "root keys", failure.to_string());
            None
        }
    };
    context.warn_of_loose_file(|warning| findings.add(Level::Warn, "variables", warning));
    let Ok(Some(rows)) = session.inventory() else { return };
    let mut live: BTreeMap<(String, String), usize> = BTreeMap::new();
    for row in rows.keys.iter().filter(|row| row.state != KeyState::Destroyed && !row.root_id.is_empty()) {
        *live.entry((row.root_id.clone(), row.root_fingerprint.to_string())).or_default() += 1;
    }
    for ((id, fingerprint), keys) in &live {
        let about = format!("root key {id} ({fingerprint})");
        let wraps = format!("wraps {}", count(*keys, "key"));
        match configured.as_ref().map(|configured| standing(configured, id, fingerprint)) {
            Some(Standing::Active) => findings.add(Level::Ok, about, format!("{wraps}, and is active")),
            Some(Standing::Other) => findings.add(
                Level::Note,
                about,
                format!(
                    "{wraps}, and is not active: it has to stay configured until they are wrapped by the active one"
                ),
            ),
            Some(Standing::Missing) => {
                findings.add(Level::Fail, about, format!("{wraps}, and is not configured"));
            }
            None => findings.add(Level::Note, about, wraps),
        }
    }
    for key in configured.iter().flat_map(RootKeys::iter) {
        if !live.contains_key(&(key.id().to_string(), key.fingerprint().to_string())) {
            findings.add(
                Level::Note,
                format!("root key {} ({})", key.id(), key.fingerprint()),
                "wraps no key of this database",
            );
        }
    }
}

enum Standing {
    Active,
    Other,
    Missing,
}

fn standing(configured: &RootKeys, id: &str, fingerprint: &str) -> Standing {
    match configured.get(id) {
        Some(key) if key.fingerprint().to_string() != fingerprint => Standing::Missing,
        Some(key) if key.id() == configured.active().id() => Standing::Active,
        Some(_) => Standing::Other,
        None => Standing::Missing,
    }
}
