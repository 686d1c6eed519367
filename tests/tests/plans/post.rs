//! 100,000 people and 1,000 letters to some of them.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted::{LocalRootKey, MemoryKeyStore, RootKeyId, keys::Secret};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{generated_columns, types};
use diesel_encrypted_tests::scratch::Scratch;

diesel::table! {
    people (id) {
        id -> Integer,
        email -> Binary,
        handle -> Text,
    }
}

diesel::table! {
    letters (id) {
        id -> Integer,
        recipient -> Binary,
        sender -> Nullable<Text>,
    }
}

diesel::allow_tables_to_appear_in_same_query!(people, letters);

fn host(email: &str) -> String {
    email.rsplit_once('@').map_or(email, |(_, host)| host).to_lowercase()
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = people, check_for_backend(diesel::sqlite::Sqlite))]
pub(crate) struct Person {
    pub(crate) id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "address")]
    #[searchable(name = "host", with = host)]
    pub(crate) email: Encrypted<String, people::email>,
    #[encrypt]
    #[searchable(domain = "handle")]
    #[searchable(name = "number", normalize = "digits")]
    pub(crate) handle: Encrypted<String, people::handle>,
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = letters, check_for_backend(diesel::sqlite::Sqlite))]
pub(crate) struct Letter {
    pub(crate) id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "address")]
    pub(crate) recipient: Encrypted<String, letters::recipient>,
    #[encrypt]
    #[searchable(domain = "handle")]
    pub(crate) sender: Option<Encrypted<String, letters::sender>>,
}

/// How many people are sealed one by one.
const SEALED: i32 = 3125;
/// How often the table is doubled after that.
const DOUBLED: u32 = 5;
pub(crate) const PEOPLE: i64 = SEALED as i64 * 2_i64.pow(DOUBLED);
const LETTERS: i32 = 1000;
const HOSTS: i32 = 625;
/// How many people each host has.
pub(crate) const OF_A_HOST: i64 = PEOPLE / HOSTS as i64;

pub(crate) fn email(id: i32) -> String {
    format!("Person{id}@host{}.example", id % HOSTS)
}

pub(crate) fn handle(id: i32) -> String {
    format!("ada-{id}")
}

pub(crate) fn vault() -> Vault {
    let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::generate().unwrap());
    let builder = Vault::builder(RootKeys::new(root)).model::<Person>().model::<Letter>();
    builder.open_with(&mut MemoryKeyStore::new()).unwrap()
}

/// A database with all of them, the constraints of the models, and no indexes.
pub(crate) fn filled<C: Backend>(insert: impl FnOnce(&mut C, Vec<Person>, Vec<Letter>)) -> Scratch<C> {
    let mut conn = C::fresh();
    let (bytes, text) = types(C::DIALECT);
    let table = |name: &str, columns: &str, checks: Vec<String>| {
        format!("CREATE TABLE {name} (id integer PRIMARY KEY, {columns}, {})", checks.join(", "))
    };
    let columns = format!("email {bytes} NOT NULL, handle {text} NOT NULL");
    conn.batch_execute(&table("people", &columns, sql::of::<Person>(C::DIALECT).checks())).unwrap();
    let columns = format!("recipient {bytes} NOT NULL, sender {text}");
    conn.batch_execute(&table("letters", &columns, sql::of::<Letter>(C::DIALECT).checks())).unwrap();
    let people =
        (1..=SEALED).map(|id| Person { id, email: Encrypted::new(email(id)), handle: Encrypted::new(handle(id)) });
    let letters = (1..=LETTERS).map(|id| Letter {
        id,
        recipient: Encrypted::new(email(id).to_uppercase()),
        sender: Some(Encrypted::new(handle(id + 1))),
    });
    insert(&mut conn, people.collect(), letters.collect());
    for doubled in 0..DOUBLED {
        conn.batch_execute(&double::<C>(SEALED * 2_i32.pow(doubled))).unwrap();
    }
    for statement in [generated_columns::<Person>(C::DIALECT), generated_columns::<Letter>(C::DIALECT)].concat() {
        conn.batch_execute(&statement).unwrap();
    }
    conn
}

/// Copies every row, with another tag in the first slot of each value: another address and another handle, at the same
/// host and with the same number. The copies have the form of sealed values, and nobody opens them.
fn double<C: Backend>(rows: i32) -> String {
    let (email, handle) = match C::DIALECT {
        Dialect::Sqlite => (
            "CAST(substr(email, 1, 4) || randomblob(14) || substr(email, 19) AS blob)",
            "substr(handle, 1, 6) || lower(hex(randomblob(9))) || substr(handle, 25)",
        ),
        Dialect::Postgres => (
            "substr(email, 1, 4) || substr(uuid_send(gen_random_uuid()), 1, 14) || substr(email, 19)",
            "substr(handle, 1, 6) || substr(md5(random()::text), 1, 18) || substr(handle, 25)",
        ),
        Dialect::Mysql => (
            "concat(substr(email, 1, 4), unhex(substr(md5(concat(id, rand())), 1, 28)), substr(email, 19))",
            "concat(substr(handle, 1, 6), CONVERT(substr(md5(concat(id, rand())), 1, 18) USING ascii), substr(handle, 25))",
        ),
        other => panic!("a database that the suites do not know: {other:?}"),
    };
    format!("INSERT INTO people (id, email, handle) SELECT id + {rows}, {email}, {handle} FROM people")
}
