//! While a column accepts plaintext, a search finds the rows in the clear that it would find sealed, and no others.

use diesel::prelude::*;
use diesel_encrypted::index::normalize;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{LocalRootKey, Normalizer, RootKeyId, keys::Secret};
use diesel_encrypted_tests::{backend::Backend, on_each, scratch::Scratch};

diesel::table! {
    words (id) {
        id -> Integer,
        exact -> Text,
        lower -> Text,
        trimmed -> Text,
        digits -> Text,
        few -> Text,
        exact_bytes -> Binary,
        folded_bytes -> Binary,
        trimmed_bytes -> Binary,
        raw -> Binary,
    }
}

#[derive(Debug, Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = words)]
pub struct Word {
    id: i32,
    #[encrypt(plaintext = "accept")]
    #[searchable]
    exact: Encrypted<String, words::exact>,
    #[encrypt(plaintext = "accept")]
    #[searchable(normalize = "lowercase")]
    lower: Encrypted<String, words::lower>,
    #[encrypt(plaintext = "accept")]
    #[searchable(normalize("trim", "lowercase"))]
    trimmed: Encrypted<String, words::trimmed>,
    #[encrypt(plaintext = "accept")]
    #[searchable(normalize("nfkc", "digits"))]
    digits: Encrypted<String, words::digits>,
    #[encrypt(plaintext = "accept")]
    #[searchable(bits = 8, normalize = "lowercase")]
    few: Encrypted<String, words::few>,
    #[encrypt(plaintext = "accept")]
    #[searchable]
    exact_bytes: Encrypted<String, words::exact_bytes>,
    #[encrypt(plaintext = "accept")]
    #[searchable(name = "folded", normalize = "casefold")]
    folded_bytes: Encrypted<String, words::folded_bytes>,
    #[encrypt(plaintext = "accept")]
    #[searchable(normalize("casefold", "trim"))]
    trimmed_bytes: Encrypted<String, words::trimmed_bytes>,
    #[encrypt(plaintext = "accept")]
    #[searchable]
    raw: Encrypted<Vec<u8>, words::raw>,
}

/// Words that are easily taken for each other.
const WORDS: [&str; 44] = [
    "",
    " ",
    "ada",
    "Ada",
    "ADA",
    "ada ",
    " ada",
    "\tAda\u{a0}",
    "ada\n\u{2003}\u{2028}",
    "a da",
    "a\tda",
    "a\u{a0}da",
    "Иван",
    "иван",
    "ИВАН ",
    "Straße",
    "STRASSE",
    "strasse",
    "STRAẞE",
    "ſtraſſe",
    "ΟΔΟΣ",
    "οδος",
    "οδοσ",
    "ΟΔΟς",
    "k",
    "K",
    "\u{212a}",
    "İ",
    "i\u{307}",
    "i",
    "ı",
    "ﬁ",
    "FI",
    "fi",
    "\u{1e9b}\u{323}",
    "\\303\\244",
    "ä",
    "Ä",
    "a\\b'\"%_[*]?",
    "A\\B'\"%_[*]?",
    "ქართული",
    "+49 30 1",
    "49301",
    "４９301",
];
const CASE: &[Normalizer] = &[Normalizer::Lowercase];

fn vault<C: diesel_encrypted::KeyStoreConnection>(connection: &mut C) -> Vault {
    let root = LocalRootKey::new(RootKeyId::new("r1").unwrap(), Secret::from_slice(&[7; 32]).unwrap());
    Vault::builder(RootKeys::new(root)).model::<Word>().open(connection).unwrap()
}

fn table<C: Backend>() -> Scratch<C> {
    let text =
        if C::TEXT.contains("ascii_bin") { "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" } else { C::TEXT };
    let text = |name: &str| format!("{name} {text} NOT NULL");
    let columns = ["exact", "lower", "trimmed", "digits", "few"].map(text).join(", ");
    C::with_table::<Word>(&format!(
        "CREATE TABLE words (id integer PRIMARY KEY, {columns}, exact_bytes {{bytes}} NOT NULL, \
         folded_bytes {{bytes}} NOT NULL, trimmed_bytes {{bytes}} NOT NULL, raw {{bytes}} NOT NULL)"
    ))
}

/// The ids of the words that equal `value` after these steps: in the clear below 100, sealed beyond.
fn equal(steps: &[Normalizer], value: &str) -> Vec<i32> {
    let same = |word: &&str| normalize(steps, word) == normalize(steps, value);
    let ids = WORDS.iter().enumerate().filter(|(_, word)| same(word)).map(|(id, _)| i32::try_from(id).unwrap());
    let ids: Vec<i32> = ids.collect();
    ids.iter().copied().chain(ids.iter().map(|id| id + 100)).collect()
}

fn others(found: &[i32]) -> Vec<i32> {
    let words = i32::try_from(WORDS.len()).unwrap();
    (0..words).chain(100..100 + words).filter(|id| !found.contains(id)).collect()
}

macro_rules! search {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            fn with_words(test: impl FnOnce(&mut $connection)) {
                let mut connection = table::<$connection>();
                let conn: &mut $connection = &mut connection;
                let vault = vault(conn);
                vault.enter(|| {
                    for (id, word) in (0..).zip(WORDS) {
                        // As the application wrote it before.
                        let (text, bytes) = (word, word.as_bytes());
                        let row = (
                            (words::id.eq(id), words::exact.eq(text), words::lower.eq(text), words::trimmed.eq(text)),
                            (words::digits.eq(text), words::few.eq(text), words::exact_bytes.eq(bytes)),
                            (words::folded_bytes.eq(bytes), words::trimmed_bytes.eq(bytes), words::raw.eq(bytes)),
                        );
                        diesel::insert_into(words::table).values(row).execute(conn).unwrap();
                        let sealed = Word {
                            id: id + 100,
                            exact: Encrypted::new(word.to_owned()),
                            lower: Encrypted::new(word.to_owned()),
                            trimmed: Encrypted::new(word.to_owned()),
                            digits: Encrypted::new(word.to_owned()),
                            few: Encrypted::new(word.to_owned()),
                            exact_bytes: Encrypted::new(word.to_owned()),
                            folded_bytes: Encrypted::new(word.to_owned()),
                            trimmed_bytes: Encrypted::new(word.to_owned()),
                            raw: Encrypted::new(word.as_bytes().to_vec()),
                        };
                        diesel::insert_into(words::table).values(&sealed).execute(conn).unwrap();
                    }
                    test(conn);
                });
            }

            #[test]
            fn rows_in_the_clear_are_found_with_the_sealed_ones_of_the_same_value() {
                with_words(|conn| {
                    let mut found =
                        |name: &str, filter: Box<dyn BoxableExpression<words::table, _, SqlType = _>>, expected| {
                            let ids = words::table.filter(filter).select(words::id).order(words::id).load::<i32>(conn);
                            assert_eq!(ids, Ok(expected), "{name}");
                        };
                    for word in WORDS {
                        macro_rules! each {
                                    ($column:expr, $steps:expr) => {
                                        let expected = equal($steps, word);
                                        let name = format!("{} {word:?}", stringify!($column));
                                        found(&name, Box::new($column.blind_eq(word).nullable()), expected.clone());
                                        // SQLite has NULL for a part of no bytes, and so for `not` of an empty value in the clear.
                                        let not_empty = diesel::dsl::not($column.blind_eq(word)).and(words::id.ne(0));
                                        let mut rest = others(&expected);
                                        rest.retain(|id| *id != 0);
                                        found(&name, Box::new(not_empty.nullable()), rest);
                                        found(&name, Box::new($column.blind_ne(word)), others(&expected));
                                        let mut both = [expected, equal($steps, "İ")].concat();
                                        both.sort_unstable();
                                        both.dedup();
                                        found(&name, Box::new($column.blind_eq_any([word, "İ"]).nullable()), both);
                                    };
                                }
                        each!(words::exact, &[]);
                        each!(words::lower, CASE);
                        each!(words::trimmed, &[Normalizer::Trim, Normalizer::Lowercase]);
                        each!(words::exact_bytes, &[]);
                        each!(words::folded_bytes.by(Word::FOLDED_BYTES_FOLDED), &[Normalizer::Casefold]);
                        each!(words::trimmed_bytes, &[Normalizer::Casefold, Normalizer::Trim]);
                        found("raw", Box::new(words::raw.blind_eq(word.as_bytes()).nullable()), equal(&[], word));
                    }
                });
            }

            #[test]
            fn candidates_among_rows_in_the_clear_are_confirmed() {
                with_words(|conn| {
                    for word in WORDS {
                        let found = words::digits.blind_eq_candidates(word).confirm(
                            |filter| words::table.filter(filter).select(Word::as_select()).order(words::id).load(conn),
                            |word| &word.digits,
                        );
                        let ids: Vec<i32> = found.unwrap().iter().map(|word| word.id).collect();
                        assert_eq!(ids, equal(&[Normalizer::Nfkc, Normalizer::Digits], word), "{word:?}");
                        let found = words::few.blind_eq_candidates(word).confirm(
                            |filter| words::table.filter(filter).select(Word::as_select()).order(words::id).load(conn),
                            |word| &word.few,
                        );
                        let ids: Vec<i32> = found.unwrap().iter().map(|word| word.id).collect();
                        assert_eq!(ids, equal(CASE, word), "{word:?}");
                    }
                });
            }

            #[test]
            fn what_is_searched_for_stands_in_no_statement() {
                with_words(|_| {
                    type Db = <$connection as Connection>::Backend;
                    let query = words::table
                        .filter(words::trimmed.blind_eq("Иван"))
                        .filter(words::folded_bytes.by(Word::FOLDED_BYTES_FOLDED).blind_ne("Иван"))
                        .select(words::id);
                    let printed = diesel::debug_query::<Db, _>(&query).to_string();
                    assert!(!printed.contains(['И', 'и']), "{printed}");
                    assert!(!format!("{query:?}").contains("1048"), "{query:?}");
                });
            }
        }
    };
}

on_each!(search);

#[test]
fn text_and_bytes_in_a_column_of_bytes_are_found_alike_on_sqlite() {
    use diesel::connection::SimpleConnection;

    let mut connection = table::<SqliteConnection>();
    let vault = vault(&mut *connection);
    let row = "'x', 'x', 'x', 'x', 'x'";
    connection.batch_execute(&format!("INSERT INTO words VALUES (1, {row}, 'Maß ', 'Maß ', 'Maß ', 'x')")).unwrap();
    let bytes = "CAST('Maß ' AS BLOB)";
    connection
        .batch_execute(&format!("INSERT INTO words VALUES (2, {row}, {bytes}, {bytes}, {bytes}, {bytes})"))
        .unwrap();
    vault.enter(|| {
        let ids = words::table.select(words::id).order(words::id);
        let conn: &mut SqliteConnection = &mut connection;
        assert_eq!(ids.filter(words::exact_bytes.blind_eq("Maß ")).load(conn), Ok(vec![1, 2]));
        let folded = words::folded_bytes.by(Word::FOLDED_BYTES_FOLDED);
        assert_eq!(ids.filter(folded.blind_eq("MASS ")).load(conn), Ok(vec![1, 2]));
        assert_eq!(ids.filter(words::trimmed_bytes.blind_eq("MASS")).load(conn), Ok(vec![1, 2]));
        assert_eq!(ids.filter(words::raw.blind_eq(&b"x"[..])).load(conn), Ok(vec![1]));
    });
}

#[cfg(feature = "mysql")]
#[test]
fn a_column_of_another_character_set_is_searched_for_any_text() {
    use diesel::connection::SimpleConnection;

    let mut connection = table::<MysqlConnection>();
    for column in ["exact", "lower", "trimmed"] {
        let modify =
            format!("ALTER TABLE words MODIFY {column} longtext CHARACTER SET ascii COLLATE ascii_bin NOT NULL");
        connection.batch_execute(&modify).unwrap();
    }
    let vault = vault(&mut *connection);
    connection.batch_execute("INSERT INTO words VALUES (1, 'Ada', 'Ada', 'Ada ', '', '', '', '', '', '')").unwrap();
    vault.enter(|| {
        let ids = words::table.select(words::id);
        let conn: &mut MysqlConnection = &mut connection;
        for (value, expected) in [("Ada", vec![1]), ("ÄДа", vec![])] {
            assert_eq!(ids.filter(words::exact.blind_eq(value)).load(conn), Ok(expected.clone()));
            assert_eq!(ids.filter(words::lower.blind_eq(value)).load(conn), Ok(expected.clone()));
            assert_eq!(ids.filter(words::trimmed.blind_eq(value)).load(conn), Ok(expected));
        }
        // Rows that are not text at all are no reason to fail, nor is an update that looks at them.
        let cut = "UPDATE words SET exact_bytes = x'FFC3', folded_bytes = x'FFC3', trimmed_bytes = x'FFC3'";
        conn.batch_execute(cut).unwrap();
        let filter = words::exact_bytes
            .blind_eq("ä")
            .or(words::folded_bytes.by(Word::FOLDED_BYTES_FOLDED).blind_eq("ä"))
            .or(words::trimmed_bytes.blind_eq("ä"));
        let changed = diesel::update(words::table.filter(filter)).set(words::id.eq(2)).execute(conn);
        assert_eq!(changed, Ok(0));
    });
}
