//! The plans of searches while a column accepts plaintext: sealed rows by the index on their tags, rows in the clear by the
//! one that is there for the time of a migration.

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::{self, Dialect};
use diesel_encrypted::{LocalRootKey, MemoryKeyStore, RootKeyId, keys::Secret};
use diesel_encrypted_tests::{backend::Backend, on_each};

use super::explain::{Explained, Plan};
use super::run;

diesel::table! {
    members (id) {
        id -> Integer,
        email -> Binary,
        handle -> Text,
    }
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = members)]
struct Member {
    id: i32,
    #[encrypt(plaintext = "accept")]
    #[searchable(normalize = "lowercase")]
    email: Encrypted<String, members::email>,
    #[encrypt(plaintext = "accept")]
    #[searchable]
    #[searchable(name = "number", normalize = "digits")]
    handle: Encrypted<String, members::handle>,
}

const SEALED: i32 = 1000;
const IN_THE_CLEAR: i32 = 40;

macro_rules! clear {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            /// Members whose values are sealed, 64 of each, and some in the clear.
            fn fill(conn: &mut $connection) {
                let member = |id| Member {
                    id,
                    email: Encrypted::new(format!("Member{id}@example.org")),
                    handle: Encrypted::new(format!("@m{id}")),
                };
                for part in (1..=SEALED).map(member).collect::<Vec<_>>().chunks(500) {
                    diesel::insert_into(members::table).values(part).execute(conn).unwrap();
                }
                let doubled = (0..6).map(|times| {
                    let rows = SEALED << times;
                    format!("INSERT INTO members SELECT id + {rows}, email, handle FROM members")
                });
                run(conn, doubled);
                run(
                    conn,
                    (1..=IN_THE_CLEAR).map(|id| {
                        let email = <$connection>::literal(format!("Old{id}@example.org").as_bytes());
                        format!("INSERT INTO members VALUES (-{id}, {email}, '@o{id}')")
                    }),
                );
            }

            fn plans(conn: &mut $connection) -> [Plan; 3] {
                let ids = members::table.select(members::id);
                let number = members::handle.by(Member::HANDLE_NUMBER);
                let mut candidates = None;
                let found = number.blind_eq_candidates("7").confirm(
                    |filter| {
                        candidates = Some(conn.plan(&ids.filter(filter.clone())));
                        members::table.filter(filter).select(Member::as_select()).load(conn)
                    },
                    |member| &member.handle,
                );
                // Of 64 each, those that end in `m7`, and one in the clear.
                assert_eq!(found.unwrap().len(), 65);
                let by_email = ids.filter(members::email.blind_eq("member7@EXAMPLE.org"));
                let old = ids.filter(members::email.blind_eq("old7@example.org"));
                assert_eq!(old.load(conn), Ok(vec![-7]));
                [conn.plan(&ids.filter(members::handle.blind_eq("@m7"))), conn.plan(&by_email), candidates.unwrap()]
            }

            #[test]
            fn searches_look_up_sealed_rows_and_rows_in_the_clear() {
                let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap());
                let builder = Vault::builder(RootKeys::new(root)).model::<Member>();
                builder.open_with(&mut MemoryKeyStore::new()).unwrap().enter(|| {
                    let mut connection = <$connection>::with_table::<Member>(
                        "CREATE TABLE members (id integer PRIMARY KEY, email {bytes}, handle {text})",
                    );
                    let conn: &mut $connection = &mut connection;
                    fill(conn);
                    let sql = sql::of::<Member>(<$connection>::DIALECT);
                    run(conn, super::super::create_indexes(&sql));
                    run(conn, [<$connection>::ANALYZE.replace("people, letters", "members")]);
                    for plan in plans(conn) {
                        assert!(!plan.scanned.is_empty(), "nothing finds rows in the clear yet: {plan:?}");
                    }
                    run(conn, sql.clear_indexes());
                    run(conn, [<$connection>::ANALYZE.replace("people, letters", "members")]);
                    let looked_up = |plan: &Plan, indexes: [&str; 2]| {
                        let all = indexes.iter().all(|index| plan.indexes.iter().any(|name| name.contains(index)));
                        assert!(all && plan.scanned.is_empty(), "{plan:?}");
                    };
                    let [handle, email, number] = plans(conn);
                    if <$connection>::DIALECT == Dialect::Mysql {
                        let both = handle.text.contains("index_merge") || handle.text.contains("sort_union");
                        assert!(both && handle.scanned.is_empty(), "{handle:?}");
                        assert!(!email.scanned.is_empty() && !number.scanned.is_empty(), "no index helps there");
                    } else {
                        looked_up(&handle, ["members_handle_default", "members_handle_clear"]);
                        looked_up(&email, ["members_email_default", "members_email_clear"]);
                        looked_up(&number, ["members_handle_number", "members_handle_clear"]);
                    }
                    run(conn, sql.drop_clear_indexes());
                });
            }
        }
    };
}

on_each!(clear);
