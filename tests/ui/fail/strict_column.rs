//! The strict SQL type also refuses raw bytes, another column's value, `LIKE`, order and loading the ciphertext.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

diesel::table! {
    use diesel::sql_types::*;
    use diesel_encrypted::sql_types::Ciphertext;

    accounts (id) {
        id -> Integer,
        email -> Ciphertext<email>,
        phone -> Ciphertext<phone>,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = accounts)]
struct Account {
    #[encrypt]
    email: Encrypted<String, accounts::email>,
    #[encrypt]
    phone: Encrypted<String, accounts::phone>,
}

fn main() {
    let conn = &mut SqliteConnection::establish(":memory:").unwrap();
    let _ = diesel::update(accounts::table).set(accounts::email.eq(vec![1_u8]));
    let _ = diesel::update(accounts::table).set(accounts::email.eq("plain"));
    let _ = diesel::update(accounts::table).set(accounts::email.eq(accounts::phone.seal("1")));
    let _ = accounts::table.filter(accounts::email.like("a%"));
    let _ = accounts::table.filter(accounts::email.lt(vec![1_u8]));
    let _ = accounts::table.filter(accounts::email.eq(accounts::phone));
    let _ = accounts::table.select(accounts::email).load::<Vec<u8>>(conn);
}
