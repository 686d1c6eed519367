//! Tables and columns whose names need care: words of SQL, quotes, the longest that there are, and tables of a schema.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "tests")]

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted::{EncryptedModel, LocalRootKey, RootKeyId, keys::Secret};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::types;
use diesel_encrypted_tests::scratch::Scratch;

diesel::table! {
    #[sql_name = "order"]
    orders (id) {
        id -> Integer,
        #[sql_name = "group"]
        word -> Binary,
        #[sql_name = "it's \"so\" `called`"]
        quoted -> Text,
    }
}

diesel::table! {
    #[sql_name = "a_table_of_the_longest_name_that_postgresql_takes_of_63_bytes__"]
    longest (id) {
        id -> Integer,
        #[sql_name = "a_column_of_the_longest_name_that_postgresql_takes_is_63_bytes_"]
        bytes -> Binary,
        #[sql_name = "a_column_of_the_longest_name_that_postgresql_takes_is_63_bytes2"]
        text -> Text,
    }
}

#[derive(Queryable, Selectable, Insertable, Encrypted, Debug, PartialEq)]
#[diesel(table_name = orders, check_for_backend(diesel::sqlite::Sqlite))]
#[encrypted(table = "order")]
pub struct Order {
    pub id: i32,
    #[encrypt]
    #[searchable]
    pub word: Encrypted<String, orders::word>,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    #[searchable(name = "select", normalize = "digits")]
    pub quoted: Encrypted<String, orders::quoted>,
}

#[derive(Queryable, Selectable, Insertable, Encrypted, Debug, PartialEq)]
#[diesel(table_name = longest, check_for_backend(diesel::sqlite::Sqlite))]
#[encrypted(table = "a_table_of_the_longest_name_that_postgresql_takes_of_63_bytes__")]
pub struct Longest {
    pub id: i32,
    #[encrypt]
    #[searchable]
    #[searchable(name = "number", normalize = "digits")]
    pub bytes: Encrypted<String, longest::bytes>,
    #[encrypt]
    #[searchable]
    #[searchable(name = "number", normalize = "digits")]
    pub text: Encrypted<String, longest::text>,
}

fn run(conn: &mut impl Connection, statements: &str) {
    conn.batch_execute(statements).unwrap_or_else(|error| panic!("{error}\n{statements}"));
}

/// Opens a vault over the database, whose columns are looked up by their names.
fn open<M: EncryptedModel>(conn: &mut impl diesel_encrypted::KeyStoreConnection) -> Vault {
    let root = LocalRootKey::new(RootKeyId::new("names").unwrap(), Secret::generate().unwrap());
    Vault::builder(RootKeys::new(root)).model::<M>().open(conn).unwrap()
}

fn quoted(dialect: Dialect, name: &str) -> String {
    let quote = if dialect == Dialect::Postgres { '"' } else { '`' };
    format!("{quote}{}{quote}", name.replace(quote, &format!("{quote}{quote}")))
}

/// Creates a table of these columns, of bytes and of text.
fn create<C: Backend>(conn: &mut Scratch<C>, table: &str, columns: [&str; 2]) {
    let (binary, text) = types(C::DIALECT);
    let [table, bytes, chars] = [table, columns[0], columns[1]].map(|name| quoted(C::DIALECT, name));
    let columns = format!("{bytes} {binary} NOT NULL, {chars} {text} NOT NULL");
    run(&mut **conn, &format!("CREATE TABLE {table} (id integer PRIMARY KEY, {columns})"));
}

macro_rules! names {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            const DIALECT: Dialect = <$connection as Backend>::DIALECT;

            #[test]
            fn words_of_sql_and_quotes() {
                let conn: &mut Scratch<$connection> = &mut <$connection>::fresh();
                create(conn, "order", ["group", "it's \"so\" `called`"]);
                let sql = sql::of::<Order>(DIALECT).unique("group", "default");
                for _ in 0..2 {
                    run(&mut **conn, &sql.up().unwrap());
                    run(&mut **conn, &sql.down().unwrap());
                }
                run(&mut **conn, &sql.up().unwrap());
                let conn: &mut $connection = conn;
                open::<Order>(conn).enter(|| {
                    let order =
                        Order { id: 1, word: Encrypted::new("a".into()), quoted: Encrypted::new("Number 7".into()) };
                    diesel::insert_into(orders::table).values(&order).execute(conn).unwrap();
                    for id in [
                        orders::table.filter(orders::word.blind_eq("a")).select(orders::id).first(conn),
                        orders::table.filter(orders::quoted.blind_eq("NUMBER 7")).select(orders::id).first(conn),
                        orders::table
                            .filter(orders::quoted.by(Order::QUOTED_SELECT).blind_eq("7"))
                            .select(orders::id)
                            .first(conn),
                    ] {
                        assert_eq!(id, Ok(1));
                    }
                    let loaded = orders::table.select(Order::as_select()).first(conn);
                    assert_eq!(loaded, Ok(order));
                    let plain = diesel::update(orders::table).set(orders::quoted.eq("plain")).execute(conn);
                    assert!(plain.unwrap_err().to_string().contains("order"), "guarded");
                });
            }

            #[test]
            fn the_longest_names() {
                let table = "a_table_of_the_longest_name_that_postgresql_takes_of_63_bytes__";
                let columns = ["_", "2"]
                    .map(|end| format!("a_column_of_the_longest_name_that_postgresql_takes_is_63_bytes{end}"));
                let conn: &mut Scratch<$connection> = &mut <$connection>::fresh();
                create(conn, table, [&columns[0], &columns[1]]);
                let sql = sql::of::<Longest>(DIALECT).unique(&columns[0], "number");
                run(&mut **conn, &sql.up().unwrap());
                run(&mut **conn, &sql.down().unwrap());
                run(&mut **conn, &sql.up().unwrap());
                let conn: &mut $connection = conn;
                open::<Longest>(conn).enter(|| {
                    let row = Longest { id: 1, bytes: Encrypted::new("1".into()), text: Encrypted::new("2".into()) };
                    diesel::insert_into(longest::table).values(&row).execute(conn).unwrap();
                    let (bytes, text) = (longest::bytes, longest::text);
                    for id in [
                        longest::table.filter(bytes.blind_eq("1")).select(longest::id).first(conn),
                        longest::table.filter(text.blind_eq("2")).select(longest::id).first(conn),
                        longest::table
                            .filter(bytes.by(Longest::BYTES_NUMBER).blind_eq("1"))
                            .select(longest::id)
                            .first(conn),
                        longest::table
                            .filter(text.by(Longest::TEXT_NUMBER).blind_eq("2"))
                            .select(longest::id)
                            .first(conn),
                    ] {
                        assert_eq!(id, Ok(1));
                    }
                });
            }
        }
    };
}

names!(sqlite: SqliteConnection);
#[cfg(feature = "postgres")]
names!(postgres: PgConnection);
#[cfg(feature = "mysql")]
names!(mysql: MysqlConnection);

/// A table of a schema, which on SQLite is another database file, attached.
mod in_a_schema {
    use super::*;

    diesel::table! {
        clinic.patients (id) {
            id -> Integer,
            email -> Binary,
            note -> Text,
        }
    }

    #[derive(Queryable, Selectable, Insertable, Encrypted, Debug, PartialEq)]
    #[diesel(table_name = patients, check_for_backend(diesel::sqlite::Sqlite))]
    #[encrypted(table = "clinic.patients")]
    pub struct Patient {
        pub id: i32,
        #[encrypt]
        #[searchable(normalize = "lowercase")]
        pub email: Encrypted<String, patients::email>,
        #[encrypt]
        #[searchable]
        pub note: Encrypted<String, patients::note>,
    }

    macro_rules! in_a_schema {
        ($backend:ident: $connection:ty, $schema:literal) => {
            #[test]
            fn $backend() {
                let dialect = <$connection as Backend>::DIALECT;
                let conn: &mut $connection = &mut <$connection>::fresh();
                let (bytes, text) = types(dialect);
                run(conn, $schema);
                let columns = format!("id integer PRIMARY KEY, email {bytes} NOT NULL, note {text} NOT NULL");
                run(conn, &format!("CREATE TABLE clinic.patients ({columns})"));
                let sql = sql::of::<Patient>(dialect).unique("email", "default");
                run(conn, &sql.up().unwrap());
                run(conn, &sql.down().unwrap());
                run(conn, &sql.up().unwrap());
                open::<Patient>(conn).enter(|| {
                    let patient = |id, email: &str| Patient {
                        id,
                        email: Encrypted::new(email.into()),
                        note: Encrypted::new("a note".into()),
                    };
                    for (id, email) in [(1, "ada@x"), (2, "ADA@X")] {
                        diesel::insert_into(patients::table)
                            .values(&patient(id, email))
                            .on_conflict(patients::email.blind_conflict_target())
                            .do_nothing()
                            .execute(conn)
                            .unwrap();
                    }
                    let by_email = patients::table.filter(patients::email.blind_eq("ada@x"));
                    assert_eq!(by_email.select(patients::id).load(conn), Ok(vec![1]));
                    let by_note = patients::table.filter(patients::note.blind_eq("a note"));
                    assert_eq!(by_note.select(Patient::as_select()).first(conn), Ok(patient(1, "ada@x")));
                    let plain = diesel::update(patients::table).set(patients::note.eq("plain")).execute(conn);
                    assert!(plain.unwrap_err().to_string().contains("patients"), "guarded");
                });
            }
        };
    }

    in_a_schema!(sqlite: SqliteConnection, "ATTACH ':memory:' AS clinic");
    #[cfg(feature = "postgres")]
    in_a_schema!(postgres: PgConnection, "CREATE SCHEMA clinic");
}
