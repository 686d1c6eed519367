//! A column of two layers takes and gives nothing but values that a user's vault has sealed.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

diesel::table! {
    notes (id) {
        id -> Integer,
        body -> Binary,
        title -> Binary,
    }
}

#[derive(Encrypted)]
#[diesel(table_name = notes)]
struct Note {
    id: i32,
    #[encrypt]
    body: Layered<String, notes::body>,
    #[encrypt]
    title: Encrypted<String, notes::title>,
}

fn write_with_the_application_alone(conn: &mut SqliteConnection, body: Encrypted<String, notes::body>) {
    let _ = diesel::update(notes::table).set(notes::body.eq(body)).execute(conn);
}

fn write_with_the_user_alone(conn: &mut SqliteConnection, body: Sealed<String, notes::body>) {
    let _ = diesel::update(notes::table).set(notes::body.eq(body)).execute(conn);
}

fn load_one_layer(conn: &mut SqliteConnection) -> QueryResult<Encrypted<String, notes::body>> {
    notes::table.select(notes::body).first(conn)
}

fn load_two_layers_of_one(conn: &mut SqliteConnection) -> QueryResult<Layered<String, notes::title>> {
    notes::table.select(notes::title).first(conn)
}

fn layer_of_another_column(sealed: Sealed<String, notes::title>) -> Layered<String, notes::body> {
    sealed.into()
}

fn main() {}
