//! A list of encrypted values is bound nowhere: not to an array column, nor in a comparison.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

diesel::table! {
    patients (id) {
        id -> Integer,
        email -> Binary,
        emails -> Array<Binary>,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = patients)]
struct Patient {
    #[encrypt]
    email: Encrypted<String, patients::email>,
}

fn main() {
    let conn = &mut PgConnection::establish("").unwrap();
    let list = vec![patients::email.seal("a@x".to_owned())];
    let _ = diesel::update(patients::table).set(patients::emails.eq(list.clone())).execute(conn);
    let _ = patients::table.filter(patients::email.eq_any(list)).count().execute(conn);
}
