//! Sealed columns beside PostgreSQL's custom types, over diesel-async. It knows none of their OIDs when it serialises:
//! it serialises every bind twice, with two made-up OIDs, and where the bytes differ it puts the real one.

use std::io::Write;

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgMetadataLookup, PgTypeMetadata, PgValue},
    prelude::*,
    query_builder::{QueryFragment, bind_collector::RawBytesBindCollector},
    serialize::{self, IsNull, Output, ToSql, WriteTuple},
    sql_types::{Record, Text},
};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_encrypted::{MemoryKeyStore, ValueError, prelude::*};
use diesel_encrypted_tests::server::{self, Scratch};

use crate::database::{establish, runtime};

pub mod sql {
    use diesel::{query_builder::QueryId, sql_types::SqlType};

    #[derive(SqlType, QueryId)]
    #[diesel(postgres_type(name = "mood"))]
    pub struct Mood;

    #[derive(SqlType, QueryId)]
    #[diesel(postgres_type(name = "address", schema = "post"))]
    pub struct Address;

    #[derive(SqlType, QueryId)]
    #[diesel(postgres_type(name = "rank"))]
    pub struct Rank;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Mood)]
enum Mood {
    Happy,
    Sad,
}

impl ToSql<sql::Mood, Pg> for Mood {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(match self {
            Self::Happy => b"happy",
            Self::Sad => b"sad",
        })?;
        Ok(IsNull::No)
    }
}

impl FromSql<sql::Mood, Pg> for Mood {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        match value.as_bytes() {
            b"happy" => Ok(Self::Happy),
            b"sad" => Ok(Self::Sad),
            _ => Err("another mood".into()),
        }
    }
}

/// A composite type, with an enum within.
#[derive(Clone, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Address)]
struct Address {
    street: String,
    mood: Mood,
}

impl ToSql<sql::Address, Pg> for Address {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        WriteTuple::<(Text, sql::Mood)>::write_tuple(&(self.street.as_str(), self.mood), out)
    }
}

impl FromSql<sql::Address, Pg> for Address {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        let (street, mood) = FromSql::<Record<(Text, sql::Mood)>, Pg>::from_sql(value)?;
        Ok(Self { street, mood })
    }
}

/// A domain over an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, AsExpression, FromSqlRow)]
#[diesel(sql_type = sql::Rank)]
struct Rank(i32);

impl ToSql<sql::Rank, Pg> for Rank {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        ToSql::<diesel::sql_types::Integer, Pg>::to_sql(&self.0, out)
    }
}

impl FromSql<sql::Rank, Pg> for Rank {
    fn from_sql(value: PgValue<'_>) -> deserialize::Result<Self> {
        FromSql::<diesel::sql_types::Integer, Pg>::from_sql(value).map(Self)
    }
}

diesel::table! {
    use diesel::sql_types::*;
    use super::sql::{Address, Mood, Rank};

    guests (id) {
        id -> Integer,
        mood -> Mood,
        email -> Binary,
        moods -> Array<Mood>,
        address -> Nullable<Address>,
        note -> Text,
        rank -> Rank,
        nickname -> Citext,
        phone -> Nullable<Binary>,
    }
}

/// Sealed columns between the others, one of them of a domain.
const TABLES: &str = "
    CREATE EXTENSION citext;
    CREATE SCHEMA post;
    CREATE TYPE mood AS ENUM ('happy', 'sad');
    CREATE TYPE post.address AS (street text, mood mood);
    CREATE DOMAIN rank AS integer CHECK (VALUE > 0);
    CREATE DOMAIN sealed AS bytea CHECK (length(VALUE) >= 37);
    CREATE TABLE guests (
        id integer PRIMARY KEY, mood mood NOT NULL, email sealed NOT NULL, moods mood[] NOT NULL, address post.address,
        note text NOT NULL, rank rank NOT NULL, nickname citext NOT NULL, phone bytea
    )";

#[derive(Queryable, Selectable, Insertable, Identifiable, AsChangeset, Encrypted, Clone, Debug, PartialEq)]
#[diesel(table_name = guests, check_for_backend(Pg))]
struct Guest {
    id: i32,
    mood: Mood,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    email: Encrypted<String, guests::email>,
    moods: Vec<Mood>,
    address: Option<Address>,
    #[encrypt]
    #[searchable]
    note: Encrypted<String, guests::note>,
    rank: Rank,
    nickname: String,
    #[encrypt]
    phone: Encrypted<Option<String>, guests::phone>,
}

fn guest(id: i32, mood: Mood) -> Guest {
    Guest {
        id,
        mood,
        email: Encrypted::new(format!("Guest{id}@example.org")),
        moods: vec![mood, Mood::Happy],
        address: Some(Address { street: format!("{id} Long Lane"), mood: Mood::Sad }),
        note: Encrypted::new(format!("note {id}")),
        rank: Rank(id),
        nickname: format!("Nick{id}"),
        phone: Encrypted::new((id % 2 == 0).then(|| "555-01".to_owned())),
    }
}

fn vault() -> Vault {
    Vault::builder(RootKeys::ephemeral().unwrap()).model::<Guest>().open_with(&mut MemoryKeyStore::new()).unwrap()
}

async fn connect() -> (Scratch<PgConnection>, AsyncPgConnection) {
    let database = server::postgres();
    let mut connection: AsyncPgConnection = establish(database.url()).await.unwrap();
    connection.batch_execute(TABLES).await.unwrap();
    (database, connection)
}

#[test]
fn statements_with_custom_types_beside_sealed_columns_work_the_first_time_and_again() {
    runtime().block_on(vault().attach(async || {
        let (_database, mut connection) = connect().await;
        let connection = &mut connection;
        // The second round finds the OIDs in the connection's cache, and the third the statement too.
        for id in 1..=3 {
            let row = guest(id, Mood::Sad);
            let inserted = diesel::insert_into(guests::table).values(&row).execute(connection).await;
            assert_eq!(inserted, Ok(1));
            let found = guests::table
                .filter(guests::mood.eq(Mood::Sad))
                .filter(guests::email.blind_eq(format!("GUEST{id}@example.org")))
                .filter(guests::rank.eq(Rank(id)))
                .filter(guests::nickname.eq(format!("NICK{id}")))
                .filter(guests::moods.contains(vec![Mood::Happy]))
                .filter(guests::note.blind_eq_any([format!("note {id}"), "no such".to_owned()]))
                .select(Guest::as_select())
                .load(connection)
                .await;
            assert_eq!(found, Ok(vec![row.clone()]));

            let changed = Guest { email: Encrypted::new(format!("Changed{id}@example.org")), address: None, ..row };
            let updated = diesel::update(guests::table)
                .filter(guests::address.eq(Address { street: format!("{id} Long Lane"), mood: Mood::Sad }))
                .filter(guests::email.blind_eq(format!("guest{id}@example.org")))
                .set(&changed)
                .returning(Guest::as_returning())
                .get_result(connection)
                .await;
            assert_eq!(updated.as_ref().map(|row| &row.email), Ok(&changed.email));
            let deleted = diesel::delete(guests::table)
                .filter(guests::mood.eq_any([Mood::Happy]))
                .filter(guests::email.blind_eq(format!("changed{id}@example.org")))
                .execute(connection)
                .await;
            assert_eq!(deleted, Ok(0), "another mood");
        }
        let rows = vec![guest(4, Mood::Happy), guest(5, Mood::Sad), guest(6, Mood::Happy)];
        let inserted = diesel::insert_into(guests::table).values(&rows).execute(connection).await;
        assert_eq!(inserted, Ok(3));
        let happy = guests::table.filter(guests::mood.eq(Mood::Happy)).order(guests::id);
        let happy: Vec<Guest> = happy.select(Guest::as_select()).load(connection).await.unwrap();
        assert_eq!(happy, [rows[0].clone(), rows[2].clone()]);
    }));
}

/// A fresh connection meets no cached OID, in the middle of a transaction and under each tenant's scope.
#[test]
fn tenants_and_transactions_do_not_matter_to_custom_types() {
    runtime().block_on(async {
        let (database, _connection) = connect().await;
        for (id, vault) in (1..).zip([vault(), vault(), vault()]) {
            let mut connection: AsyncPgConnection = establish(database.url()).await.unwrap();
            let row = guest(id, Mood::Happy);
            let work = vault.attach(async || {
                connection
                    .transaction(async |connection| {
                        diesel::insert_into(guests::table).values(&row).execute(connection).await?;
                        guests::table
                            .filter(guests::mood.eq(Mood::Happy))
                            .filter(guests::email.blind_eq(row.email.expose()))
                            .select(Guest::as_select())
                            .load(connection)
                            .await
                    })
                    .await
            });
            assert_eq!(work.await, Ok(vec![row.clone()]));
        }
    });
}

#[test]
fn a_value_that_cannot_be_sealed_beside_custom_types_is_our_error() {
    runtime().block_on(async {
        let (_database, mut connection) = connect().await;
        let row = guest(1, Mood::Happy);
        for _ in 0..2 {
            let inserted = diesel::insert_into(guests::table).values(&row).execute(&mut connection).await;
            let error = inserted.encryption_error().unwrap();
            assert!(matches!(error, ValueError::NoVault { field } if field.to_string() == "guests.email"), "{error}");
            let found = guests::table
                .filter(guests::mood.eq(Mood::Happy))
                .filter(guests::email.blind_eq("guest1@example.org"))
                .select(guests::id)
                .load::<i32>(&mut connection)
                .await;
            assert!(matches!(found.encryption_error(), Some(ValueError::NoVault { .. })), "{found:?}");
        }
        let inserted = vault().attach(|| diesel::insert_into(guests::table).values(&row).execute(&mut connection));
        assert_eq!(inserted.await, Ok(1));
    });
}

/// Gives OIDs that are `step` apart.
struct MadeUp(u32);

impl PgMetadataLookup for MadeUp {
    fn lookup_type(&mut self, _: &str, _: Option<&str>) -> PgTypeMetadata {
        self.0 += 2;
        PgTypeMetadata::new(self.0, self.0 + 1)
    }
}

/// The binds as diesel-async collects them.
fn binds(query: &dyn QueryFragment<Pg>, first_oid: u32) -> Vec<Option<Vec<u8>>> {
    let mut collector = RawBytesBindCollector::<Pg>::new();
    query.collect_binds(&mut collector, &mut MadeUp(first_oid), &Pg).unwrap();
    collector.binds
}

#[test]
fn a_statement_that_is_serialised_twice_has_the_same_sealed_bytes() {
    vault().enter(|| {
        let row = guest(2, Mood::Sad);
        let insert = diesel::insert_into(guests::table).values(&row);
        let (first, second) = (binds(&insert, 70_000), binds(&insert, 80_000));
        // `moods` and `address` carry OIDs within; every other bind is the same.
        let differ: Vec<usize> = (0..first.len()).filter(|bind| first.get(*bind) != second.get(*bind)).collect();
        assert_eq!((first.len(), differ), (9, vec![3, 4]));
        let again = diesel::insert_into(guests::table).values(&row);
        assert_ne!(binds(&again, 70_000).get(2), first.get(2), "another statement seals anew");

        let find = guests::table.filter(guests::mood.eq(Mood::Sad)).filter(guests::email.blind_eq("a@b"));
        assert_eq!(binds(&find, 70_000), binds(&find, 80_000));
    });
}
