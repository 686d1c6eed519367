//! Fields, columns and SQL names that differ from each other.

use diesel_encrypted::{Encrypted, EncryptedModel};

diesel::table! {
    accounts (key) {
        #[sql_name = "Key"]
        key -> Integer,
        #[sql_name = "E-Mail"]
        email -> Text,
        phone -> Binary,
        r#type -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(primary_key(key))]
#[diesel(table_name = accounts)]
struct Account {
    key: i32,
    #[encrypt]
    #[diesel(column_name = email)]
    address: Encrypted<String, accounts::email>,
    #[encrypt]
    #[diesel(column_name = "phone")]
    number: Encrypted<String, accounts::phone>,
    #[encrypt]
    #[diesel(column_name = "type", skip_update, deserialize_as = std::collections::HashMap<u8, String>)]
    kind: Encrypted<String, accounts::r#type>,
}

#[test]
fn the_field_id_follows_the_schema_and_the_column_is_what_sql_calls_it() {
    let named: Vec<(&str, &str)> = Account::fields().iter().map(|field| (field.id(), field.column())).collect();
    assert_eq!(named, [("accounts.email", "E-Mail"), ("accounts.phone", "phone"), ("accounts.type", "type")]);
    assert!(format!("{:?}", Account::fields()[0]).contains("primary_key: [\"Key\"]"));
}
