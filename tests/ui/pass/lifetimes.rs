//! Models that borrow, as declarers and as users.

use diesel_encrypted::{Encrypted, EncryptedModel, NamedIndex};

diesel::table! {
    letters (id) {
        id -> Integer,
        subject -> Text,
        body -> Nullable<Binary>,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = letters)]
struct Letter<'subject, 'body: 'subject> {
    id: i32,
    #[encrypt]
    #[searchable(name = "exact")]
    subject: Encrypted<&'subject str, letters::subject>,
    #[encrypt]
    body: Option<Encrypted<&'body [u8], letters::body>>,
}

#[derive(Encrypted)]
#[diesel(table_name = letters)]
#[encrypted(columns_of = Letter<'static, 'static>)]
struct Reply<'a> {
    id: i32,
    #[encrypt]
    subject: Encrypted<&'a str, letters::subject>,
    body: Option<Encrypted<Vec<u8>, letters::body>>,
}

const EXACT: NamedIndex<letters::subject, 0> = Letter::SUBJECT_EXACT;

#[test]
fn a_borrowing_model_declares_its_columns() {
    let ids: Vec<&str> = Letter::fields().iter().map(|field| field.id()).collect();
    assert_eq!(ids, ["letters.subject", "letters.body"]);
}
