//! As many blind indexes as a value has room for, on a column of bytes and one of text, and tags of every length that is
//! allowed.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs, reason = "tests")]

use diesel::prelude::*;
use diesel_encrypted::{EncryptedColumn, LocalRootKey, MemoryKeyStore, RootKeyId, format, keys::Secret, prelude::*};
use diesel_encrypted_tests::backend::Backend;

diesel::table! {
    notes (id) {
        id -> Integer,
        body -> Binary,
        title -> Text,
    }
}

/// The word of this number, from 1; a text without it is its own.
fn word(text: &str, number: usize) -> String {
    text.split(' ').nth(number - 1).unwrap_or(text).to_owned()
}

fn word_5(text: &str) -> String {
    word(text, 5)
}

fn word_6(text: &str) -> String {
    word(text, 6)
}

fn word_7(text: &str) -> String {
    word(text, 7)
}

fn word_8(text: &str) -> String {
    word(text, 8)
}

fn word_9(text: &str) -> String {
    word(text, 9)
}

fn word_10(text: &str) -> String {
    word(text, 10)
}

fn last_word(text: &str) -> String {
    text.rsplit(' ').next().unwrap_or_default().to_owned()
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = notes, check_for_backend(diesel::sqlite::Sqlite))]
pub struct Note {
    pub id: i32,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    #[searchable(name = "trim", normalize = "trim")]
    #[searchable(name = "casefold", normalize = "casefold")]
    #[searchable(name = "nfkc", normalize = "nfkc")]
    #[searchable(name = "digits", normalize = "digits")]
    #[searchable(name = "word_5", with = word_5)]
    #[searchable(name = "word_6", with = word_6)]
    #[searchable(name = "word_7", with = word_7)]
    #[searchable(name = "word_8", with = word_8)]
    #[searchable(name = "word_9", with = word_9)]
    #[searchable(name = "word_10", with = word_10)]
    #[searchable(name = "longest", bits = 112)]
    #[searchable(name = "shorter", bits = 111)]
    #[searchable(name = "shortest", bits = 8)]
    #[searchable(name = "last", with = last_word)]
    pub body: Encrypted<String, notes::body>,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    #[searchable(name = "trim", normalize = "trim")]
    #[searchable(name = "casefold", normalize = "casefold")]
    #[searchable(name = "nfkc", normalize = "nfkc")]
    #[searchable(name = "digits", normalize = "digits")]
    #[searchable(name = "word_5", with = word_5)]
    #[searchable(name = "word_6", with = word_6)]
    #[searchable(name = "word_7", with = word_7)]
    #[searchable(name = "word_8", with = word_8)]
    #[searchable(name = "word_9", with = word_9)]
    #[searchable(name = "word_10", with = word_10)]
    #[searchable(name = "longest", bits = 112)]
    #[searchable(name = "shorter", bits = 111)]
    #[searchable(name = "shortest", bits = 8)]
    #[searchable(name = "last", with = last_word)]
    pub title: Encrypted<String, notes::title>,
}

/// Twelve words, a number among them; `number` makes each another.
fn text(number: i32) -> String {
    let words: Vec<String> = (1..=12).map(|word| format!("Word{word}of{number}")).collect();
    words.join(" ")
}

fn vault() -> Vault {
    let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::generate().unwrap());
    Vault::builder(RootKeys::new(root)).model::<Note>().open_with(&mut MemoryKeyStore::new()).unwrap()
}

const NOTES: &str = "CREATE TABLE notes (id integer PRIMARY KEY, body {bytes} NOT NULL, title {text} NOT NULL)";

macro_rules! assert_found {
    ($connection:ident: $($filter:expr => $ids:expr),* $(,)?) => { $(
        let found: Vec<i32> =
            notes::table.filter($filter).select(notes::id).order(notes::id).load($connection).unwrap();
        let expected: &[i32] = &$ids;
        assert_eq!(found, expected, "{}", stringify!($filter));
    )* };
}

#[test]
fn tags_of_8_111_and_112_bits_keep_as_many() {
    let vault = vault();
    let field = notes::body::field();
    let index = |name: &str| field.declared_indexes().iter().position(|index| index.name() == name).unwrap();
    // The bits of each byte that are ever set, after the byte that says which generation it is.
    let bits_of = |name: &str| {
        let index = index(name);
        let tags = (0..200).map(|number| vault.search_slots(field, index, &text(number)).unwrap().remove(0));
        tags.fold([0_u8; 14], |mut ever, slot| {
            ever.iter_mut().zip(&slot[1..]).for_each(|(ever, byte)| *ever |= byte);
            ever
        })
    };
    let ones = |bytes: [u8; 14]| bytes.iter().map(|byte| byte.count_ones()).sum::<u32>();
    assert_eq!(bits_of("shortest")[0], 0xFF);
    assert_eq!(ones(bits_of("shortest")), 8);
    assert_eq!(ones(bits_of("shorter")), 111);
    assert_eq!(bits_of("shorter")[13].trailing_zeros(), 1, "the last bit is the one that is left out");
    assert_eq!(ones(bits_of("longest")), 112);
    assert_eq!(index("last"), 14);

    let sealed = vault.seal(field, &text(1)).unwrap();
    for name in ["shortest", "shorter", "longest", "last"] {
        let slot = vault.search_slots(field, index(name), &text(1)).unwrap().remove(0);
        let at = 3 + 15 * index(name);
        assert_eq!(sealed[at..at + 15], slot, "`{name}` stands where SQL looks for it");
    }
    assert!(format::value::looks_sealed(&sealed));
}

macro_rules! slots {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            /// Ten notes, whose titles are numbered from 100.
            fn with_notes(test: impl FnOnce(&mut $connection)) {
                vault().enter(|| {
                    let connection: &mut $connection = &mut <$connection>::with_table::<Note>(NOTES);
                    let notes: Vec<Note> = (1..=10)
                        .map(|id| Note { id, body: Encrypted::new(text(id)), title: Encrypted::new(text(100 + id)) })
                        .collect();
                    diesel::insert_into(notes::table).values(notes).execute(connection).unwrap();
                    test(connection);
                });
            }

            #[test]
            fn the_last_of_15_indexes_is_searched_in_bytes_and_in_text() {
                with_notes(|connection| {
                    assert_found! { connection:
                        notes::body.by(Note::BODY_LAST).blind_eq("Word12of3") => [3],
                        notes::title.by(Note::TITLE_LAST).blind_eq("Word12of103") => [3],
                        notes::body.by(Note::BODY_LAST).blind_eq("Word12of103") => [],
                        notes::title.by(Note::TITLE_LAST).blind_eq("Word12of3") => [],
                        notes::body.by(Note::BODY_LAST).blind_eq_any(["Word12of3", "Word12of9", "none"]) => [3, 9],
                        notes::title.by(Note::TITLE_LAST).blind_ne("Word12of103") => [1, 2, 4, 5, 6, 7, 8, 9, 10],
                    }
                });
            }

            #[test]
            fn each_of_15_indexes_has_a_place_of_its_own() {
                with_notes(|connection| {
                    let (body, title) = (text(4), text(104));
                    assert_found! { connection:
                        notes::body.blind_eq(body.to_uppercase()) => [4],
                        notes::body.by(Note::BODY_TRIM).blind_eq(format!(" {body}\n")) => [4],
                        notes::body.by(Note::BODY_CASEFOLD).blind_eq(body.to_uppercase()) => [4],
                        notes::body.by(Note::BODY_NFKC).blind_eq(body.replace('W', "\u{FF37}")) => [4],
                        notes::body.by(Note::BODY_WORD_5).blind_eq("- - - - Word5of4") => [4],
                        notes::body.by(Note::BODY_WORD_10).blind_eq("- - - - - - - - - Word10of4") => [4],
                        notes::body.by(Note::BODY_WORD_10).blind_eq("- - - - - - - - - Word9of4") => [],
                        notes::title.blind_eq(title.to_uppercase()) => [4],
                        notes::title.by(Note::TITLE_DIGITS).blind_eq(title.replace(' ', "-")) => [4],
                        notes::title.by(Note::TITLE_WORD_5).blind_eq("- - - - Word5of104") => [4],
                        notes::title.by(Note::TITLE_WORD_10).blind_eq("- - - - - - - - - Word10of104") => [4],
                        notes::title.by(Note::TITLE_LONGEST).blind_eq(&title) => [4],
                    }
                });
            }

            #[test]
            fn a_value_with_15_tags_opens() {
                with_notes(|connection| {
                    let notes = notes::table.select(Note::as_select()).order(notes::id).load(connection).unwrap();
                    for note in notes {
                        assert_eq!(*note.body.expose(), text(note.id));
                        assert_eq!(*note.title.expose(), text(100 + note.id));
                    }
                });
            }

            #[test]
            fn candidates_by_8_and_by_111_bits_are_confirmed() {
                with_notes(|connection| {
                    for id in 1..=10 {
                        let found = notes::body.by(Note::BODY_SHORTEST).blind_eq_candidates(text(id)).confirm(
                            |filter| notes::table.filter(filter).select(Note::as_select()).load(connection),
                            |note| &note.body,
                        );
                        assert_eq!(found.unwrap().iter().map(|note| note.id).collect::<Vec<_>>(), [id]);
                        let mut candidates = 0;
                        let found = notes::title.by(Note::TITLE_SHORTER).blind_eq_candidates(text(100 + id)).confirm(
                            |filter| {
                                let found = notes::table.filter(filter).select(Note::as_select()).load(connection)?;
                                candidates = found.len();
                                Ok(found)
                            },
                            |note| &note.title,
                        );
                        assert_eq!(found.unwrap().iter().map(|note| note.id).collect::<Vec<_>>(), [id]);
                        assert_eq!(candidates, 1, "2 values in 111 bits");
                    }
                });
            }
        }
    };
}

slots!(sqlite: SqliteConnection);
#[cfg(feature = "postgres")]
slots!(postgres: PgConnection);
#[cfg(feature = "mysql")]
slots!(mysql: MysqlConnection);
