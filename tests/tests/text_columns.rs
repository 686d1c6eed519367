//! Columns of text: the wrappers, queries and SQL of columns of bytes, over their base64url form.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, missing_docs, reason = "tests")]

use diesel::dsl::{count_star, delete, insert_into, update};
use diesel::prelude::*;
use diesel::result::{DatabaseErrorKind, Error};
use diesel_encrypted::format::{text, value::SealedValue};
use diesel_encrypted::prelude::*;
use diesel_encrypted::{KeyStoreConnection, VaultError, sql};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::host;

diesel::table! {
    members (id) {
        id -> Integer,
        email -> Text,
        phone -> Nullable<Text>,
        city -> Nullable<Text>,
        plan -> Nullable<Text>,
    }
}

diesel::table! {
    invitations (id) {
        id -> Integer,
        email -> Text,
    }
}

diesel::allow_tables_to_appear_in_same_query!(members, invitations);

#[derive(Queryable, Selectable, Insertable, AsChangeset, Identifiable, Encrypted, Clone, Debug, PartialEq)]
#[diesel(table_name = members, check_for_backend(diesel::sqlite::Sqlite))]
struct Member {
    id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    #[searchable(name = "host", with = host)]
    email: Encrypted<String, members::email>,
    #[encrypt(algorithm = "xaes-256-gcm", pad = 16)]
    #[searchable(normalize = "digits")]
    phone: Option<Encrypted<String, members::phone>>,
    #[encrypt]
    #[searchable(bits = 8)]
    city: Option<Encrypted<String, members::city>>,
}

/// What is bound to its row, in a column of text.
#[derive(Queryable, Selectable, Identifiable, AsChangeset, Encrypted)]
#[diesel(table_name = members, check_for_backend(diesel::sqlite::Sqlite))]
struct Plan {
    id: i32,
    #[encrypt(bound_to(id))]
    plan: Option<Sealed<i64, members::plan>>,
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = invitations, check_for_backend(diesel::sqlite::Sqlite))]
struct Invitation {
    id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase", domain = "contact")]
    email: Encrypted<String, invitations::email>,
}

fn member(id: i32, email: &str) -> Member {
    Member { id, email: Encrypted::new(email.to_owned()), phone: Some(Encrypted::new(format!("555-{id}"))), city: None }
}

/// The characters of a sealed value of so many bytes.
fn characters(overhead: usize, bytes: usize) -> usize {
    ((overhead + bytes) * 4).div_ceil(3)
}

/// Both tables, of columns of this type, with the indexes and guards of their models.
fn create<C: Backend>(conn: &mut C, kind: &str) {
    let tables = [
        "CREATE TABLE members (id integer PRIMARY KEY, email {} NOT NULL, phone {}, city {}, plan {})",
        "CREATE TABLE invitations (id integer PRIMARY KEY, email {} NOT NULL)",
    ];
    let scripts = [
        sql::of::<Member>(C::DIALECT).unique("email", "default").up().unwrap(),
        sql::of::<Plan>(C::DIALECT).up().unwrap(),
        sql::of::<Invitation>(C::DIALECT).up().unwrap(),
    ];
    for script in tables.map(|table| table.replace("{}", kind)).iter().chain(&scripts) {
        conn.batch_execute(script).unwrap_or_else(|error| panic!("{script}: {error}"));
    }
}

fn open(conn: &mut impl KeyStoreConnection) -> Result<Vault, VaultError> {
    let vault = Vault::builder(RootKeys::ephemeral().unwrap());
    vault.model::<Member>().model::<Plan>().model::<Invitation>().open(conn)
}

macro_rules! ids {
    ($conn:expr, $filter:expr) => {
        members::table.filter($filter).select(members::id).order(members::id).load::<i32>($conn).unwrap()
    };
}

macro_rules! text_columns {
    ($name:ident: $connection:ty, $type:expr) => {
        mod $name {
            use super::*;

            /// Both tables, and a vault that looked at them.
            fn with_members(test: impl FnOnce(&mut $connection)) {
                let conn = &mut *<$connection>::fresh();
                create(conn, $type);
                let vault = open(conn).unwrap();
                vault.enter(|| test(conn));
            }

            fn stored(conn: &mut $connection) -> (String, Option<String>, Option<String>) {
                members::table.select((members::email, members::phone, members::city)).first(conn).unwrap()
            }

            #[test]
            fn a_row_comes_back_and_is_stored_in_the_one_spelling() {
                with_members(|conn| {
                    let ada = member(1, "Ada@example.org");
                    insert_into(members::table).values(&ada).execute(conn).unwrap();
                    assert_eq!(members::table.select(Member::as_select()).load(conn), Ok(vec![ada]));

                    let (email, phone, city) = stored(conn);
                    assert_eq!((email.len(), city), (characters(37 + 30, "Ada@example.org".len()), None));
                    assert_eq!(phone.as_ref().unwrap().len(), characters(49 + 15, 16), "padded");
                    for stored in [email, phone.unwrap()] {
                        let sealed = text::decode(&stored).unwrap();
                        assert!(SealedValue::parse(&sealed).is_ok());
                        assert_eq!(text::encode(&sealed), stored);
                    }
                });
            }

            #[test]
            fn searches_find_what_is_equal() {
                with_members(|conn| {
                    let all = vec![member(1, "Ada@x.org"), member(2, "bea@X.ORG"), member(3, "ada@y.org")];
                    insert_into(members::table).values(&all).execute(conn).unwrap();
                    assert_eq!(ids!(conn, members::email.blind_eq("aDA@x.org")), [1]);
                    assert_eq!(ids!(conn, members::email.blind_ne("ada@x.org")), [2, 3]);
                    assert_eq!(ids!(conn, members::email.blind_eq_any(["bea@x.org", "ADA@y.org", "none"])), [2, 3]);
                    assert_eq!(ids!(conn, members::email.by(Member::EMAIL_HOST).blind_eq("x.org")), [1, 2]);
                    assert_eq!(ids!(conn, members::phone.blind_eq("(555) 2")), [2]);
                    assert_eq!(ids!(conn, members::email.blind_eq(&all[2].email)), [3]);
                });
            }

            #[test]
            fn tags_group_and_join() {
                with_members(|conn| {
                    let all = vec![member(1, "a@x"), member(2, "b@x"), member(3, "c@y")];
                    insert_into(members::table).values(&all).execute(conn).unwrap();
                    let invitation = |id, email: &str| Invitation { id, email: Encrypted::new(email.to_owned()) };
                    let invited = vec![invitation(1, "B@X"), invitation(2, "c@y"), invitation(3, "d@y")];
                    insert_into(invitations::table).values(&invited).execute(conn).unwrap();

                    let host = members::email.by(Member::EMAIL_HOST).blind_index();
                    let hosts =
                        members::table.group_by(host).select(count_star()).order(count_star()).load::<i64>(conn);
                    assert_eq!(hosts, Ok(vec![1, 2]));
                    let equal = members::email.blind_index().eq(invitations::email.blind_index());
                    let pairs: Vec<(i32, i32)> = members::table
                        .inner_join(invitations::table.on(equal))
                        .select((members::id, invitations::id))
                        .order(members::id)
                        .load(conn)
                        .unwrap();
                    assert_eq!(pairs, [(2, 1), (3, 2)]);
                });
            }

            #[test]
            fn a_short_index_gives_candidates() {
                with_members(|conn| {
                    let in_city = |id| Member {
                        city: Some(Encrypted::new(format!("City {id}"))),
                        ..member(id, &format!("{id}@x"))
                    };
                    let all: Vec<Member> = (1..=300).map(in_city).collect();
                    insert_into(members::table).values(&all[..150]).execute(conn).unwrap();
                    insert_into(members::table).values(&all[150..]).execute(conn).unwrap();
                    let found = members::city.blind_eq_candidates("City 7").confirm(
                        |filter| members::table.filter(filter).select(Member::as_select()).load(conn),
                        |member| &member.city,
                    );
                    assert_eq!(found.unwrap().iter().map(|member| member.id).collect::<Vec<_>>(), [7]);
                });
            }

            #[test]
            fn rows_are_changed_and_deleted_by_what_they_equal() {
                with_members(|conn| {
                    insert_into(members::table)
                        .values(&vec![member(1, "a@x"), member(2, "b@x")])
                        .execute(conn)
                        .unwrap();
                    update(members::table.filter(members::email.blind_eq("A@x")))
                        .set((
                            members::email.eq(members::email.seal("c@x")),
                            members::phone.eq(members::phone.seal(None::<&str>)),
                        ))
                        .execute(conn)
                        .unwrap();
                    let changed: Member = members::table.find(1).select(Member::as_select()).first(conn).unwrap();
                    assert_eq!((changed.email.expose().as_str(), changed.phone), ("c@x", None));
                    assert_eq!(delete(members::table.filter(members::email.blind_eq("b@X"))).execute(conn), Ok(1));
                    assert_eq!(members::table.count().get_result(conn), Ok(1));
                });
            }

            #[test]
            fn a_value_that_is_bound_to_its_row_opens_there_alone() {
                with_members(|conn| {
                    insert_into(members::table).values(&member(1, "a@x")).execute(conn).unwrap();
                    let plan = Plan { id: 1, plan: Some(Sealed::seal_bound(&-7_i64, &1).unwrap()) };
                    update(&plan).set(&plan).execute(conn).unwrap();
                    let read: Plan = members::table.select(Plan::as_select()).first(conn).unwrap();
                    let plan = read.plan.unwrap();
                    assert_eq!(plan.open_bound(&1).unwrap(), -7);
                    assert!(plan.open_bound(&2).is_err());
                });
            }

            #[test]
            fn indexes_and_guards_refuse_what_is_equal_and_what_is_not_sealed() {
                with_members(|conn| {
                    insert_into(members::table).values(&member(1, "a@x")).execute(conn).unwrap();
                    let refused = insert_into(members::table).values(&member(2, "A@X")).execute(conn);
                    assert!(
                        matches!(refused, Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))),
                        "{refused:?}"
                    );
                    let (email, ..) = stored(conn);
                    for damaged in
                        ["plain@x", &email[..email.len() / 4], &email.replace("4Q", "4q"), &format!("{email}=")]
                    {
                        let set = update(members::table.find(1)).set(members::email.eq(damaged)).execute(conn);
                        assert!(set.is_err(), "{damaged}");
                    }
                    assert_eq!(stored(conn).0, email);
                });
            }
        }
    };
}

/// Does what each error at start says, as often as there is one, and stores and finds a row.
#[cfg(any(feature = "postgres", feature = "mysql"))]
macro_rules! mended {
    ($connection:ty, $session:literal, $type:literal, $fits:expr) => {{
        use diesel::connection::SimpleConnection;
        use diesel_encrypted::StoreError;

        let conn = &mut *<$connection>::fresh();
        create(conn, $type);
        conn.batch_execute($session).unwrap();
        let mut statements = Vec::new();
        let vault = loop {
            match open(conn) {
                Ok(vault) => break vault,
                Err(VaultError::Store(StoreError::UnfitColumns(columns))) if statements.is_empty() => {
                    assert_eq!(columns.len(), 5, "every column is named: {columns:?}");
                    statements.extend(columns.into_iter().map(|column| column.statement.unwrap()));
                }
                Err(VaultError::Store(StoreError::LaxMode { statement, .. })) => statements.push(statement),
                Err(other) => panic!("{}, after {statements:?}: {other}", $type),
            }
            assert!(statements.len() <= 6, "{statements:?}");
            for statement in &statements {
                conn.batch_execute(statement).unwrap_or_else(|error| panic!("{}: {statement}: {error}", $type));
            }
        };
        assert_eq!(statements.is_empty(), $fits, "{}", $type);
        vault.enter(|| {
            insert_into(members::table).values(&vec![member(1, "a@x"), member(2, "b@x")]).execute(conn).unwrap();
            assert_eq!(members::table.find(2).select(Member::as_select()).first(conn), Ok(member(2, "b@x")));
            assert_eq!(ids!(conn, members::email.blind_eq("A@X")), [1]);
            let again = insert_into(members::table).values(&member(3, "A@X")).execute(conn);
            assert!(matches!(again, Err(Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _))), "{again:?}");
        });
    }};
}

#[cfg(feature = "postgres")]
#[test]
fn what_postgres_says_of_a_column_is_done_under_its_indexes_and_guards() {
    mended!(PgConnection, "SELECT 1", "varchar(40)", false);
    mended!(PgConnection, "SELECT 1", "char(200)", false);
    mended!(PgConnection, "SELECT 1", "varchar(200)", true);
}

/// A session that is not strict would have cut these values without a word.
#[cfg(feature = "mysql")]
#[test]
fn what_mysql_says_of_a_column_is_done_under_its_indexes_and_guards() {
    mended!(MysqlConnection, "SELECT 1", "varchar(40)", false);
    mended!(MysqlConnection, "SET SESSION sql_mode = ''", "varchar(40)", false);
    mended!(MysqlConnection, "SET SESSION sql_mode = ''", "varchar(200) COLLATE utf8mb4_bin", false);
    mended!(MysqlConnection, "SELECT 1", "varchar(200) COLLATE utf8mb4_general_ci", false);
    mended!(MysqlConnection, "SELECT 1", "text COLLATE utf8mb4_general_ci", false);
    mended!(MysqlConnection, "SELECT 1", "varchar(200) COLLATE utf8mb4_bin", true);
}

text_columns!(sqlite_text: SqliteConnection, "text");
text_columns!(sqlite_varchar: SqliteConnection, "varchar(200)");
#[cfg(feature = "postgres")]
text_columns!(postgres_text: PgConnection, "text");
#[cfg(feature = "postgres")]
text_columns!(postgres_varchar: PgConnection, "varchar(200)");
#[cfg(feature = "mysql")]
text_columns!(mysql_text: MysqlConnection, "text CHARACTER SET ascii COLLATE ascii_bin");
#[cfg(feature = "mysql")]
text_columns!(mysql_varchar: MysqlConnection, "varchar(200) COLLATE utf8mb4_bin");
