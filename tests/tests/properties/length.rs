//! Any length is sealed, and its stored form is as long as docs/format.md says: the value and a constant, or, padded, a
//! multiple of the bucket.

use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Integer;
use diesel_encrypted::Algorithm;
use diesel_encrypted::format::value::Header;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::on_every_backend;
use proptest::prelude::*;

use crate::holds;

diesel::table! {
    files (id) {
        id -> Integer,
        aes -> Binary,
        chacha -> Binary,
        xaes -> Text,
        padded -> Binary,
        padded_text -> Text,
        coarse -> Binary,
    }
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = files, check_for_backend(diesel::sqlite::Sqlite))]
struct File {
    id: i32,
    #[encrypt]
    #[searchable]
    #[searchable(name = "lower", normalize = "lowercase")]
    aes: Encrypted<String, files::aes>,
    #[encrypt(algorithm = "xchacha20-poly1305")]
    chacha: Encrypted<String, files::chacha>,
    #[encrypt(algorithm = "xaes-256-gcm")]
    xaes: Encrypted<String, files::xaes>,
    #[encrypt(pad = 64)]
    #[searchable]
    padded: Encrypted<String, files::padded>,
    #[encrypt(algorithm = "xaes-256-gcm", pad = 7)]
    padded_text: Encrypted<String, files::padded_text>,
    #[encrypt(pad = 4096)]
    coarse: Encrypted<Vec<u8>, files::coarse>,
}

const FILES: &str = "aes {bytes}, chacha {bytes}, xaes {text}, padded {bytes}, padded_text {text}, coarse {bytes}";

/// Short ones, long ones, and those around the edges of buckets.
fn lengths() -> impl Strategy<Value = usize> {
    let edges = [6, 7, 8, 63, 64, 65, 127, 128, 4095, 4096, 4097, 65_535, 65_536, 100_000];
    prop_oneof![0..200_usize, 0..=100_000_usize, prop::sample::select(edges.to_vec())]
}

on_every_backend! {
    fn a_value_of_any_length_comes_back_and_shows_no_more_of_it_than_its_bucket<C>() {
        holds::<C, File, _>("files", FILES, 48, (lengths(), any::<u8>()), |conn, (len, seed)| {
            let text: String = (0..len).map(|at| char::from(b'a' + ((at + usize::from(seed)) % 26) as u8)).collect();
            // Its last byte may look like padding.
            let bytes: Vec<u8> = (0..len).map(|at| if (len - at).is_multiple_of(3) { 0x80 } else { 0 }).collect();
            let row = File {
                id: 1,
                aes: Encrypted::new(text.clone()),
                chacha: Encrypted::new(text.clone()),
                xaes: Encrypted::new(text.clone()),
                padded: Encrypted::new(text.clone()),
                padded_text: Encrypted::new(text.clone()),
                coarse: Encrypted::new(bytes.clone()),
            };
            diesel::insert_into(files::table).values(&row).execute(conn).unwrap();
            let read: File = files::table.select(File::as_select()).first(conn).unwrap();
            for read in [read.aes.expose(), read.chacha.expose(), read.xaes.expose(), read.padded.expose()] {
                prop_assert!(*read == text);
            }
            prop_assert!(*read.padded_text.expose() == text && *read.coarse.expose() == bytes);

            let stored = |conn: &mut C, column: &str| -> usize {
                let length = sql::<Integer>(&format!("length({column})"));
                files::table.select(length).first::<i32>(conn).unwrap().try_into().unwrap()
            };
            let sealed = |algorithm, slots, len: usize| Header::overhead(algorithm, slots) + len;
            let padded = |len: usize, bucket: usize| (len / bucket + 1) * bucket;
            let text_of = |bytes: usize| (bytes * 4).div_ceil(3);
            let (aes, chacha, xaes) = (Algorithm::Aes256Gcm, Algorithm::XChaCha20Poly1305, Algorithm::Xaes256Gcm);
            prop_assert_eq!(stored(conn, "aes"), 37 + 30 + len);
            prop_assert_eq!(stored(conn, "chacha"), sealed(chacha, 0, len));
            prop_assert_eq!(stored(conn, "xaes"), text_of(sealed(xaes, 0, len)));
            prop_assert_eq!(stored(conn, "padded"), sealed(aes, 1, padded(len, 64)));
            prop_assert_eq!(stored(conn, "padded_text"), text_of(sealed(xaes, 0, padded(len, 7))));
            prop_assert_eq!(stored(conn, "coarse"), sealed(aes, 0, padded(len, 4096)));
            Ok(())
        });
    }
}
