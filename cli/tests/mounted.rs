//! The commands in a program of the application's own, which has its models and their normalisers.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test stops at what it did not expect")]

mod program;

use diesel_encrypted::{Class, EncryptedModel, Field, Index, Normalizer, Storage};
use diesel_encrypted_cli::{Exit, Tool};
use program::{
    clinic::{Clinic, NOTE, backends},
    says,
};

/// What stands behind the `@`, of an address or of a host alone.
fn host(email: &str) -> String {
    email.rsplit_once('@').map_or(email, |(_, host)| host).to_lowercase()
}

static EMAIL: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default").normalize(&[Normalizer::Custom { name: "host", apply: host }])]);

struct Patient;

impl EncryptedModel for Patient {
    fn fields() -> &'static [&'static Field] {
        static FIELDS: [&Field; 2] = [&EMAIL, &NOTE];
        &FIELDS
    }
}

#[test]
fn a_program_with_the_models_does_what_needs_their_normalisers() {
    for dialect in backends() {
        let clinic = Clinic::new(dialect);
        let vault = clinic.vault_of(&[&EMAIL, &NOTE]);
        let sealed = clinic.literal(&vault.seal(&EMAIL, "ada@example.org").unwrap());
        clinic.sql(&format!("INSERT INTO patients VALUES (1, {sealed}, NULL)"));
        says(&clinic.run(&["verify"]).refused(1), "which this program does not have");

        let (url, keys) = (clinic.url.as_str(), clinic.path("keys"));
        let run = |arguments: &[&str]| {
            let places = ["--database-url", url, "--root-key-folder", keys.to_str().unwrap()];
            let all = ["clinic"].iter().chain(arguments).chain(&places).map(Into::into);
            Tool::new().name("clinic").model::<Patient>().run_from(all)
        };
        assert_eq!(run(&["verify"]), Exit::Done);
        assert_eq!(run(&["reindex"]), Exit::Done);
        assert_eq!(run(&["verify", "patients.mail"]), Exit::Usage);
        assert_eq!(run(&["decrypt", "--application", "other", "--yes"]), Exit::Failed);

        // A tag that is not the value's own, made by another function of the same name.
        static LYING: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
            .primary_key(&["id"])
            .indexes(&[
                Index::new("default").normalize(&[Normalizer::Custom { name: "host", apply: str::to_uppercase }])
            ]);
        let sealed = clinic.vault_of(&[&LYING, &NOTE]).seal(&LYING, "ada@example.org").unwrap();
        clinic.sql(&format!("UPDATE patients SET email = {}", clinic.literal(&sealed)));
        assert_eq!(run(&["verify"]), Exit::Found);
    }
}
