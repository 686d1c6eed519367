//! Values of 16 MiB, and what a server says of those that it does not take.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Integer, Nullable};
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::backend::Backend;

diesel::table! {
    files (id) {
        id -> Integer,
        plain -> Nullable<Binary>,
        sealed -> Nullable<Binary>,
        sealed_text -> Nullable<Text>,
    }
}

#[derive(Insertable, Queryable, Encrypted, Default)]
#[diesel(table_name = files)]
struct File {
    id: i32,
    plain: Option<Vec<u8>>,
    #[encrypt]
    sealed: Option<Encrypted<Vec<u8>, files::sealed>>,
    #[encrypt]
    sealed_text: Option<Encrypted<Vec<u8>, files::sealed_text>>,
}

const LENGTH: usize = 16 << 20;

fn table<C: Backend>() -> String {
    let table = "CREATE TABLE files (id integer PRIMARY KEY, plain {plain}, sealed {bytes}, sealed_text {text})";
    table.replace("{plain}", C::BYTES)
}

/// Bytes that do not repeat.
fn noise() -> Vec<u8> {
    let mut state = 1_u64;
    let byte = || {
        state = state.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(byte).take(LENGTH).collect()
}

macro_rules! comes_back {
    ($connection:ty) => {{
        let conn = &mut *<$connection>::with_table::<File>(&table::<$connection>());
        crate::vault::<File>(conn).enter(|| {
            let value = noise();
            // Each in a statement of its own, whose length is limited too.
            for file in [
                File { id: 1, plain: Some(value.clone()), ..File::default() },
                File { id: 2, sealed: Some(Encrypted::new(value.clone())), ..File::default() },
                File { id: 3, sealed_text: Some(Encrypted::new(value.clone())), ..File::default() },
            ] {
                diesel::insert_into(files::table).values(&file).execute(conn).unwrap();
            }
            let read: Vec<File> = files::table.order(files::id).load(conn).unwrap();
            assert!(read[0].plain.as_ref() == Some(&value), "plain");
            assert!(read[1].sealed.as_ref().map(Encrypted::expose) == Some(&value), "sealed as bytes");
            assert!(read[2].sealed_text.as_ref().map(Encrypted::expose) == Some(&value), "sealed as text");
            let length = |column: &str| sql::<Nullable<Integer>>(&format!("max(length({column}))"));
            let lengths = files::table.select((length("sealed"), length("sealed_text"))).first(conn);
            assert_eq!(lengths, Ok((Some(16_777_216 + 37), Some(22_369_671))));
        });
    }};
}

#[test]
fn sixteen_mebibytes_come_back_on_sqlite() {
    comes_back!(SqliteConnection);
}

#[cfg(feature = "postgres")]
#[test]
fn sixteen_mebibytes_come_back_on_postgres() {
    comes_back!(PgConnection);
}

#[cfg(feature = "mysql")]
mod mysql {
    use diesel::connection::SimpleConnection;
    use diesel::sql_types::BigInt;
    use diesel_encrypted_tests::server;

    use super::*;

    /// Holds the longest statement of the server at a length, for connections that are made from now on.
    struct Packet {
        server: MysqlConnection,
        before: i64,
    }

    impl Packet {
        fn of(length: i64) -> Self {
            let mut server = MysqlConnection::establish(&server::mysql_url()).unwrap();
            // Two tests at once would put back each other's.
            server.batch_execute("DO GET_LOCK('encrypted_test_packet', 300)").unwrap();
            let before = diesel::select(sql::<BigInt>("@@GLOBAL.max_allowed_packet")).first(&mut server).unwrap();
            let set = server.batch_execute(&format!("SET GLOBAL max_allowed_packet = {length}"));
            set.unwrap_or_else(|error| panic!("the user of the tests may not set max_allowed_packet: {error}"));
            Self { server, before }
        }
    }

    impl Drop for Packet {
        fn drop(&mut self) {
            let _ = self.server.batch_execute(&format!("SET GLOBAL max_allowed_packet = {}", self.before));
        }
    }

    #[test]
    fn sixteen_mebibytes_come_back() {
        let _packet = Packet::of(32 << 20);
        comes_back!(MysqlConnection);
    }

    /// What docs/operations.md says of it: the server gives its reason or hangs up before.
    #[test]
    fn what_is_longer_than_a_packet_is_refused_and_nothing_is_written() {
        let packet = Packet::of(1 << 20);
        let mut conn = MysqlConnection::with_table::<File>(&table::<MysqlConnection>());
        drop(packet);
        crate::vault::<File>(&mut *conn).enter(|| {
            let insert = |conn: &mut MysqlConnection, length: usize| {
                let value = Encrypted::new(Some(vec![0_u8; length]));
                diesel::insert_into(files::table)
                    .values((files::id.eq(1), files::sealed.eq::<Encrypted<_, files::sealed>>(value)))
                    .execute(conn)
            };
            let refused = insert(&mut conn, 1 << 20).unwrap_err();
            let reasons = ["Got a packet bigger than 'max_allowed_packet' bytes", "Server has gone away"];
            assert!(reasons.contains(&refused.to_string().as_str()), "{refused}");
            // The server has closed the connection.
            let next = files::table.count().get_result::<i64>(&mut *conn).unwrap_err();
            assert_eq!(next.to_string(), reasons[1]);
            conn.reconnect();
            assert_eq!(files::table.count().get_result(&mut *conn), Ok(0));
            insert(&mut conn, (1 << 20) - 200).unwrap();
        });
    }
}
