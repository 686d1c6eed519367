//! Every option of every attribute, in one model.

use diesel_encrypted::{Encrypted, EncryptedModel, NamedIndex, Sealed, Storage};

diesel::table! {
    clinic.patients (patient_id) {
        patient_id -> Integer,
        user_id -> Integer,
        name -> Text,
        email -> Binary,
        phone -> Nullable<Text>,
        chart -> Binary,
        note -> Nullable<Binary>,
        weight -> Binary,
    }
}

fn email_domain(email: &str) -> String {
    email.rsplit('@').next().unwrap_or_default().to_lowercase()
}

#[derive(Encrypted)]
#[diesel(table_name = patients, primary_key(patient_id), check_for_backend(diesel::sqlite::Sqlite))]
#[encrypted(table = "clinic.patients", crate = ::diesel_encrypted)]
pub struct Patient {
    pub patient_id: i32,
    pub user_id: i32,
    pub name: String,
    #[encrypt(id = "patients.mail", algorithm = "xaes-256-gcm", pad = 64, plaintext = "accept")]
    #[searchable(normalize("trim", "casefold"), domain = "mail addresses")]
    #[searchable(name = "domain", with = email_domain)]
    #[searchable(name = "short", normalize = "lowercase", bits = 16)]
    pub email: Encrypted<String, patients::email>,
    #[encrypt(algorithm = "xchacha20-poly1305", plaintext = "refuse")]
    #[searchable(normalize("nfkc", "digits"), with = self::email_domain)]
    pub phone: Option<Encrypted<String, patients::phone>>,
    #[encrypt(bound_to(user_id, patient_id), algorithm = "aes-256-gcm")]
    pub chart: Sealed<Vec<u8>, patients::chart>,
    #[encrypt(bound_to = external)]
    #[searchable(bits = 112, domain = "notes")]
    pub note: Option<Sealed<String, patients::note>>,
    #[encrypt]
    #[searchable]
    pub weight: Encrypted<Option<i32>, patients::weight>,
}

const DOMAIN: NamedIndex<patients::email, 1> = Patient::EMAIL_DOMAIN;
const SHORT: NamedIndex<patients::email, 2> = Patient::EMAIL_SHORT;

#[test]
fn a_model_lists_its_encrypted_fields_in_order() {
    let ids: Vec<&str> = Patient::fields().iter().map(|field| field.id()).collect();
    assert_eq!(
        ids,
        [
            "patients.mail",
            "clinic.patients.phone",
            "clinic.patients.chart",
            "clinic.patients.note",
            "clinic.patients.weight"
        ]
    );
}

#[test]
fn a_field_knows_its_table_column_storage_and_indexes() {
    let [email, phone, chart, ..] = Patient::fields() else { panic!("five fields") };
    assert_eq!((email.table(), email.column()), ("clinic.patients", "email"));
    assert_eq!((email.storage(), email.index_count()), (Storage::Binary, 3));
    assert_eq!((phone.storage(), phone.index_count()), (Storage::Text, 1));
    assert_eq!((chart.storage(), chart.index_count()), (Storage::Binary, 0));
}

#[test]
fn options_reach_the_field() {
    let said = |at: usize| format!("{:?}", Patient::fields()[at]);
    for part in [
        "Xaes256Gcm",
        "padding: Some(64)",
        "plaintext: Accept",
        "primary_key: [\"patient_id\"]",
        "normalize: [trim, casefold], bits: 112",
        "domain: Some(\"mail addresses\")",
        "name: \"domain\", domain: None, normalize: [custom:email_domain]",
        "name: \"short\", domain: None, normalize: [lowercase], bits: 16",
    ] {
        assert!(said(0).contains(part), "{part} in {}", said(0));
    }
    for part in ["XChaCha20Poly1305", "plaintext: Refuse", "[nfkc, digits, custom:email_domain]"] {
        assert!(said(1).contains(part), "{part} in {}", said(1));
    }
    assert!(said(2).contains("binding: Columns([\"user_id\", \"patient_id\"])"), "{}", said(2));
    assert!(said(3).contains("binding: External"), "{}", said(3));
}
