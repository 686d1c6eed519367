//! What only this crate can put together: searches of several generations, as they are while an index is renewed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use diesel::prelude::*;
use diesel_encrypted_core::keys::Secret;
use diesel_encrypted_core::value::class;
use diesel_encrypted_core::{Class, Field, Index, LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, Storage, Vault};

use super::search::Search;
use super::{BlindEq, BlindIndexExpressionMethods, BlindNe};
use crate::column::{EncryptedColumn, Full, SearchableColumn, Unbound};

diesel::table! {
    people (id) {
        id -> Integer,
        email -> Binary,
    }
}

static EMAIL: Field =
    Field::new("people.email", "people", "email", Class::Text, Storage::Binary).indexes(&[Index::new("default")]);

impl EncryptedColumn for people::email {
    type Class = class::Text;
    type Binding = Unbound;
    type Layers = crate::OneLayer;

    fn field() -> &'static Field {
        &EMAIL
    }
}

impl SearchableColumn for people::email {
    type Width = Full;
}

fn vault() -> Vault {
    let root = LocalRootKey::new(RootKeyId::new("people").unwrap(), Secret::generate().unwrap());
    Vault::builder(RootKeys::new(root)).field(&EMAIL).open_with(&mut MemoryKeyStore::new()).unwrap()
}

/// Three people, whose tags stand for one value in generation 1, the same in generation 2, and another value in 1.
fn with_generations(test: impl FnOnce(&mut SqliteConnection, [Search; 3])) {
    let vault = vault();
    vault.enter(|| {
        let conn = &mut SqliteConnection::establish(":memory:").unwrap();
        diesel::sql_query("CREATE TABLE people (id integer PRIMARY KEY, email blob NOT NULL)").execute(conn).unwrap();
        let searches = ["old", "new", "other"].map(|tag| Search::of::<class::Text, _>(&EMAIL, 0, [tag]));
        for (id, email) in [(1, "old"), (2, "new"), (3, "other")] {
            let row = (people::id.eq(id), people::email.eq(people::email.seal(email)));
            diesel::insert_into(people::table).values(row).execute(conn).unwrap();
        }
        test(conn, searches);
    });
}

fn both(first: &Search, second: &Search) -> Search {
    Search { tags: [first.tags.clone(), second.tags.clone()].concat(), null: false, clear: None }
}

#[test]
fn a_search_asks_for_every_live_generation() {
    with_generations(|conn, [old, new, _]| {
        let found = people::table
            .filter(BlindEq::<_, 0>::new(people::email, both(&old, &new)))
            .select(people::id)
            .order(people::id)
            .load::<i32>(conn);
        assert_eq!(found, Ok(vec![1, 2]));
        let found = people::table
            .filter(BlindNe::<_, 0>::new(people::email, both(&old, &new)))
            .select(people::id)
            .load::<i32>(conn);
        assert_eq!(found, Ok(vec![3]));
    });
}

#[test]
fn one_type_of_query_serves_any_number_of_generations() {
    with_generations(|conn, [old, new, other]| {
        let mut find = |search: Search| {
            let eq = people::table.filter(BlindEq::<_, 0>::new(people::email, search.clone())).select(people::id);
            let ne = people::table.filter(BlindNe::<_, 0>::new(people::email, search)).select(people::id);
            (eq.order(people::id).load::<i32>(conn).unwrap(), ne.order(people::id).load::<i32>(conn).unwrap())
        };
        for _ in 0..3 {
            assert_eq!(find(old.clone()), (vec![1], vec![2, 3]));
            assert_eq!(find(both(&old, &new)), (vec![1, 2], vec![3]));
            assert_eq!(find(new.clone()), (vec![2], vec![1, 3]));
            assert_eq!(find(both(&other, &old)), (vec![1, 3], vec![2]));
            assert_eq!(find(Search { tags: Vec::new(), null: true, clear: None }), (vec![], vec![]));
        }
    });
}

#[test]
fn a_row_whose_slot_is_empty_has_no_tag() {
    with_generations(|conn, [old, ..]| {
        diesel::sql_query(
            "UPDATE people SET email = substr(email, 1, 3) || zeroblob(15) || substr(email, 19) WHERE id > 1",
        )
        .execute(conn)
        .unwrap();
        let groups: Vec<(Option<Vec<u8>>, i64)> = people::table
            .group_by(people::email.blind_index())
            .select((people::email.blind_index(), diesel::dsl::count_star()))
            .order(diesel::dsl::count_star())
            .load(conn)
            .unwrap();
        assert_eq!(
            groups.iter().map(|(tag, count)| (tag.is_some(), *count)).collect::<Vec<_>>(),
            [(true, 1), (false, 2)]
        );
        let other = diesel::alias!(people as other);
        let pairs = people::table
            .inner_join(other.on(other.field(people::email).blind_index().eq(people::email.blind_index())))
            .select(people::id)
            .load::<i32>(conn);
        assert_eq!(pairs, Ok(vec![1]));
        let found = people::table.filter(BlindNe::<_, 0>::new(people::email, old)).select(people::id).load::<i32>(conn);
        assert_eq!(found, Ok(vec![]));
    });
}

#[test]
fn sqlite_is_given_bytes_as_literals() {
    let query = people::table.select(people::email.blind_index());
    let sql = diesel::debug_query::<diesel::sqlite::Sqlite, _>(&query).to_string();
    assert!(sql.contains("BETWEEN x'e10100' AND x'e10f00'") && sql.ends_with("binds: []"), "{sql}");
}
