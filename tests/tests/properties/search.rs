//! A value is found by its blind index exactly when it equals, after normalisation, what is searched for.

use bigdecimal::BigDecimal;
use chrono::{DateTime, FixedOffset};
use diesel::prelude::*;
use diesel_encrypted::index::normalize;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{EncodeError, Normalizer, ValueError};
use diesel_encrypted_tests::on_every_backend;
use proptest::prelude::*;
use uuid::Uuid;

use crate::holds;

diesel::table! {
    words (id) {
        id -> Integer,
        plain -> Binary,
        lower -> Binary,
        folded -> Text,
        trimmed -> Binary,
        compatible -> Text,
        digits -> Binary,
        several -> Binary,
        own -> Text,
        short -> Binary,
    }
}

/// The application's own normaliser.
fn first_word(text: &str) -> String {
    text.split_whitespace().next().unwrap_or_default().to_owned()
}

#[derive(Queryable, Selectable, Insertable, Encrypted)]
#[diesel(table_name = words, check_for_backend(diesel::sqlite::Sqlite))]
struct Word {
    id: i32,
    #[encrypt]
    #[searchable]
    plain: Encrypted<String, words::plain>,
    #[encrypt(algorithm = "xchacha20-poly1305")]
    #[searchable(normalize = "lowercase")]
    lower: Encrypted<String, words::lower>,
    #[encrypt]
    #[searchable(normalize = "casefold")]
    folded: Encrypted<String, words::folded>,
    #[encrypt(pad = 16)]
    #[searchable(normalize = "trim")]
    trimmed: Encrypted<String, words::trimmed>,
    #[encrypt]
    #[searchable(normalize = "nfkc")]
    compatible: Encrypted<String, words::compatible>,
    #[encrypt]
    #[searchable(normalize = "digits")]
    digits: Encrypted<String, words::digits>,
    #[encrypt]
    #[searchable(normalize("trim", "nfkc", "casefold"))]
    several: Encrypted<String, words::several>,
    #[encrypt]
    #[searchable(with = first_word)]
    own: Encrypted<String, words::own>,
    #[encrypt]
    #[searchable(normalize = "lowercase", bits = 8)]
    short: Encrypted<String, words::short>,
}

const WORDS: &str = "plain {bytes}, lower {bytes}, folded {text}, trimmed {bytes}, compatible {text}, digits {bytes}, several {bytes}, \
                     own {text}, short {bytes}";

fn word(id: i32, text: &str) -> Word {
    Word {
        id,
        plain: Encrypted::new(text.into()),
        lower: Encrypted::new(text.into()),
        folded: Encrypted::new(text.into()),
        trimmed: Encrypted::new(text.into()),
        compatible: Encrypted::new(text.into()),
        digits: Encrypted::new(text.into()),
        several: Encrypted::new(text.into()),
        own: Encrypted::new(text.into()),
        short: Encrypted::new(text.into()),
    }
}

/// Texts in which normalisers find something to do.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ \t\u{A0}]?[aAäÄßſKKﬁ①٣3 ]{0,6}[ \n]?", "[0-9+() -]{0,8}"]
}

/// A text, and one that may equal it after one step or another.
fn pairs() -> impl Strategy<Value = (String, String)> {
    let related = texts().prop_flat_map(|text| {
        let others = [
            text.clone(),
            text.to_lowercase(),
            text.to_uppercase(),
            text.trim().to_owned(),
            format!(" {text}\n"),
            format!("({text})"),
            text.replace("ss", "ß"),
            text.chars().filter(char::is_ascii_digit).collect(),
        ];
        (Just(text), prop::sample::select(others.to_vec()))
    });
    prop_oneof![3 => related, 1 => (texts(), texts())]
}

on_every_backend! {
    fn a_text_is_found_exactly_when_it_is_equal_after_every_normaliser<C>() {
        use Normalizer::{Casefold, Digits, Lowercase, Nfkc, Trim};
        holds::<C, Word, _>("words", WORDS, 256, pairs(), |conn, (stored, searched)| {
            diesel::insert_into(words::table).values(&word(1, &stored)).execute(conn).unwrap();
            macro_rules! found_when_equal {
                ($($column:ident: $normalized:expr;)*) => { $(
                    let normalized = $normalized;
                    let found: i64 =
                        words::table.filter(words::$column.blind_eq(&searched)).count().get_result(conn).unwrap();
                    let equal = normalized(&stored) == normalized(&searched);
                    prop_assert_eq!(found == 1, equal, "{}: {:?}, {:?}", stringify!($column), stored, searched);
                    // And its contrary.
                    let others: i64 =
                        words::table.filter(words::$column.blind_ne(&searched)).count().get_result(conn).unwrap();
                    prop_assert_eq!(others, 1 - found);
                )* };
            }
            let by = |steps: &'static [Normalizer]| move |text: &String| normalize(steps, text).into_owned();
            found_when_equal! {
                plain: String::clone;
                lower: |text: &String| text.to_lowercase();
                folded: by(&[Casefold]);
                trimmed: |text: &String| text.trim().to_owned();
                compatible: by(&[Nfkc]);
                digits: by(&[Digits]);
                several: by(&[Trim, Nfkc, Casefold]);
                own: |text: &String| first_word(text);
            }
            prop_assert_eq!(normalize(&[Lowercase], &stored), stored.to_lowercase());
            Ok(())
        });
    }
}

on_every_backend! {
    fn a_short_index_gives_exactly_the_equal_values_once_confirmed<C>() {
        let rows = prop::collection::vec(texts(), 1..40);
        holds::<C, Word, _>("words", WORDS, 24, (rows, any::<prop::sample::Index>()), |conn, (texts, chosen)| {
            let searched = chosen.get(&texts).to_uppercase();
            let rows: Vec<Word> = (1..).zip(&texts).map(|(id, text)| word(id, text)).collect();
            diesel::insert_into(words::table).values(&rows).execute(conn).unwrap();
            let found = words::short
                .blind_eq_candidates(&searched)
                .confirm(
                    |filter| words::table.filter(filter).order(words::id).select(Word::as_select()).load(conn),
                    |word| &word.short,
                )
                .unwrap();
            let found: Vec<&String> = found.iter().map(|word| word.short.expose()).collect();
            let equal: Vec<&String> = texts.iter().filter(|text| text.to_lowercase() == searched.to_lowercase()).collect();
            prop_assert_eq!(found, equal);
            Ok(())
        });
    }
}

diesel::table! {
    numbers (id) {
        id -> Integer,
        long -> Nullable<Binary>,
        natural -> Nullable<Text>,
        double -> Nullable<Binary>,
        decimal -> Nullable<Text>,
        uuid -> Nullable<Binary>,
        instant -> Nullable<Binary>,
        bytes -> Nullable<Text>,
    }
}

#[derive(Queryable, Selectable, Insertable, Encrypted, Default)]
#[diesel(table_name = numbers, check_for_backend(diesel::sqlite::Sqlite))]
struct Number {
    id: i32,
    #[encrypt]
    #[searchable]
    long: Option<Encrypted<i64, numbers::long>>,
    #[encrypt]
    #[searchable]
    natural: Option<Encrypted<u32, numbers::natural>>,
    #[encrypt(pad = 16)]
    #[searchable]
    double: Option<Encrypted<f64, numbers::double>>,
    #[encrypt]
    #[searchable]
    decimal: Option<Encrypted<BigDecimal, numbers::decimal>>,
    #[encrypt]
    #[searchable]
    uuid: Option<Encrypted<Uuid, numbers::uuid>>,
    #[encrypt]
    #[searchable]
    instant: Option<Encrypted<DateTime<FixedOffset>, numbers::instant>>,
    #[encrypt]
    #[searchable]
    bytes: Option<Encrypted<Vec<u8>, numbers::bytes>>,
}

const NUMBERS: &str =
    "long {bytes}, natural {text}, double {bytes}, decimal {text}, uuid {bytes}, instant {bytes}, bytes {text}";

/// Equal values and different ones.
fn twice<T: Clone + std::fmt::Debug>(strategy: impl Strategy<Value = T> + Clone) -> impl Strategy<Value = (T, T)> {
    prop_oneof![strategy.clone().prop_map(|value| (value.clone(), value)), (strategy.clone(), strategy)]
}

/// The property for one column, with `==` of its type as the judge.
macro_rules! found_when_equal {
    ($($name:ident: $column:ident, $type:ty, $strategy:expr;)*) => { $(
        on_every_backend! { fn $name<C>() {
            holds::<C, Number, _>("numbers", NUMBERS, 128, $strategy, |conn, (stored, searched): ($type, $type)| {
                let row = Number { $column: Some(Encrypted::new(stored.clone())), ..Number::default() };
                diesel::insert_into(numbers::table).values(&row).execute(conn).unwrap();
                let found: i64 =
                    numbers::table.filter(numbers::$column.blind_eq(&searched)).count().get_result(conn).unwrap();
                prop_assert_eq!(found == 1, stored == searched, "{:?}, {:?}", stored, searched);
                Ok(())
            });
        } }
    )* };
}

found_when_equal! {
    an_integer_is_found_exactly_when_it_is_equal: long, i64, twice(prop_oneof![any::<i64>(), -2..3_i64]);
    a_natural_number_is_found_exactly_when_it_is_equal: natural, u32, twice(prop_oneof![any::<u32>(), 0..3_u32]);
    a_float_is_found_exactly_when_it_is_equal: double, f64, twice(floats());
    a_decimal_is_found_exactly_when_it_is_equal_whatever_its_scale: decimal, BigDecimal, scales();
    a_uuid_is_found_exactly_when_it_is_equal: uuid, Uuid, twice((0..3_u128).prop_map(Uuid::from_u128));
    an_instant_is_found_exactly_when_it_is_equal_whatever_its_offset: instant, DateTime<FixedOffset>, offsets();
    bytes_are_found_exactly_when_they_are_equal: bytes, Vec<u8>, twice(prop::collection::vec(0..3_u8, 0..4));
}

/// Often one of both zeros, and no NaN.
fn floats() -> impl Strategy<Value = f64> + Clone {
    let special = prop::sample::select(vec![0.0, -0.0, 1.5, f64::INFINITY]);
    prop_oneof![4 => special, 1 => any::<f64>().prop_filter("NaN equals nothing", |float| !float.is_nan())]
}

/// The same number with another scale, and others.
fn scales() -> impl Strategy<Value = (BigDecimal, BigDecimal)> {
    (-200..200_i64, -3..4_i64, 0..3_u32, -1..2_i64).prop_map(|(digits, scale, zeros, other)| {
        let number = BigDecimal::new(digits.into(), scale);
        let widened = (digits + other.min(0)) * 10_i64.pow(zeros);
        (number, BigDecimal::new(widened.into(), scale + i64::from(zeros)))
    })
}

/// Instants on either side of the world.
fn offsets() -> impl Strategy<Value = (DateTime<FixedOffset>, DateTime<FixedOffset>)> {
    let there = |second, offset| {
        let zone = FixedOffset::east_opt(offset * 900).unwrap();
        DateTime::from_timestamp(1_700_000_000 + second, 0).unwrap().with_timezone(&zone)
    };
    (0..2_i64, 0..2_i64, -48..56_i32, -48..56_i32).prop_map(move |(a, b, here, far)| (there(a, here), there(b, far)))
}

on_every_backend! {
    fn no_nan_is_indexed_or_searched<C>() {
        let nans = any::<u64>().prop_map(|bits| f64::from_bits(bits | 0x7FF8_0000_0000_0000));
        holds::<C, Number, _>("numbers", NUMBERS, 32, nans, |conn, nan| {
            let row = Number { double: Some(Encrypted::new(nan)), ..Number::default() };
            let written = diesel::insert_into(numbers::table).values(&row).execute(conn);
            let searched = numbers::table.filter(numbers::double.blind_eq(nan)).count().get_result::<i64>(conn);
            for error in [written.unwrap_err(), searched.unwrap_err()] {
                let error = error.encryption_error().unwrap();
                prop_assert!(matches!(error, ValueError::Encode { source: EncodeError::NotANumber, .. }), "{}", error);
            }
            Ok(())
        });
    }
}
