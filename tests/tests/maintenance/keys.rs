//! Tables of every kind of primary key are walked to their end, each row once.

use std::collections::BTreeSet;

use diesel_encrypted::{
    Algorithm, Class, Field, Storage,
    maintenance::{Maintenance, Selection},
    sql::Dialect,
};
use diesel_encrypted_tests::people::{self, Database};

use super::{on, on_every_database};

on_every_database! {
    integers_are_walked,
    texts_are_walked_in_the_collation_of_their_column,
    uuids_and_bytes_are_walked,
    composite_keys_are_walked,
}

const fn field(algorithm: Algorithm) -> Field {
    Field::new("keyed.value", "keyed", "value", Class::Text, Storage::Binary).primary_key(&["k"]).algorithm(algorithm)
}

const fn composite(algorithm: Algorithm) -> Field {
    field(algorithm).primary_key(&["k", "Second Key", "third"])
}

static SINGLE: [Field; 1] = [field(Algorithm::Aes256Gcm)];
static SINGLE_NEW: [Field; 1] = [field(Algorithm::Xaes256Gcm)];
static COMPOSITE: [Field; 1] = [composite(Algorithm::Aes256Gcm)];
static COMPOSITE_NEW: [Field; 1] = [composite(Algorithm::Xaes256Gcm)];

/// Rotates a table of these keys, which are SQL, by several pages and ranges.
fn walk<C: Database>(columns: &str, primary_key: &str, keys: &[String]) {
    let (old, new) = match primary_key.contains(',') {
        false => (&SINGLE, &SINGLE_NEW),
        true => (&COMPOSITE, &COMPOSITE_NEW),
    };
    let mut connection = C::fresh();
    let create = format!("CREATE TABLE keyed ({columns}, value {}, PRIMARY KEY ({primary_key}))", C::BYTES);
    connection.batch_execute(&create).unwrap_or_else(|error| panic!("{create}: {error}"));
    let vault = people::vault(&mut *connection, old);
    // What a collation takes for equal is refused.
    let mut insert = |key: &&String| {
        let value = C::literal(&vault.seal(&old[0], key.as_str()).unwrap());
        connection.batch_execute(&format!("INSERT INTO keyed VALUES ({key}, {value})")).is_ok()
    };
    let kept: Vec<&String> = keys.iter().filter(|key| insert(key)).collect();
    assert!(2 * kept.len() > keys.len(), "{columns}: {kept:?}");
    let new_vault = people::vault(&mut *connection, new);
    let mut shown = BTreeSet::new();
    let mut maintenance = Maintenance::open(&mut *connection, &new_vault).unwrap();
    let report = maintenance.rotate(&Selection::all()).batch(2).run(on).unwrap();
    assert!(report.is_clean(), "{columns}: {report:?}");
    assert_eq!(report.counts().done, u64::try_from(kept.len()).unwrap(), "{columns}");
    let values = connection.rows("count(*) OVER (), value, value FROM keyed");
    for (_, value, _) in values {
        let value = value.unwrap();
        assert_eq!(value[3], Algorithm::Xaes256Gcm as u8, "{columns}");
        shown.insert(new_vault.open::<String>(&new[0], value).unwrap());
    }
    assert_eq!(shown, kept.iter().copied().cloned().collect(), "{columns}");

    // The rows that fail are named by their keys.
    let damaged = C::literal(&[&vault.seal(&old[0], "x").unwrap()[..30], &[0; 20]].concat());
    connection.batch_execute(&format!("UPDATE keyed SET value = {damaged}")).unwrap();
    let mut maintenance = Maintenance::open(&mut *connection, &new_vault).unwrap();
    let report = maintenance.rotate(&Selection::all()).batch(3).run(on).unwrap();
    let failed: BTreeSet<&str> = report.failures.iter().map(|failure| failure.key.as_str()).collect();
    assert_eq!(failed.len(), kept.len(), "{columns}: {failed:?}");
    assert_eq!(report.columns[0].left, u64::try_from(kept.len()).unwrap());
}

fn quoted<C: Database>(name: &str) -> String {
    match C::DIALECT {
        Dialect::Postgres => format!("\"{name}\""),
        _ => format!("`{name}`"),
    }
}

fn integers_are_walked<C: Database>() {
    let numbers: Vec<String> = (-25..25).map(|number: i64| (number * number * number).to_string()).collect();
    walk::<C>("k bigint", "k", &numbers);
    let small: Vec<String> = (-40..80).map(|number: i64| number.to_string()).collect();
    walk::<C>("k smallint", "k", &small);
    if C::DIALECT == Dialect::Mysql {
        let large: Vec<String> =
            (0..9).map(|number: u64| (u64::MAX - number * 1_000_000_000_000_000_000).to_string()).collect();
        walk::<C>("k bigint unsigned", "k", &large);
    }
}

fn texts_are_walked_in_the_collation_of_their_column<C: Database>() {
    let words = [
        "", "a", "B", "b2", "ä", "Z", "zz", "é", "Ω", "日本", "a b", "a'b", "o\u{308}", "_", "-", "~", "😀", "10", "9",
    ];
    let texts: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', "''"))).collect();
    let collations: &[&str] = match C::DIALECT {
        Dialect::Sqlite => &["text", "varchar(20) COLLATE NOCASE", "text COLLATE RTRIM", "blob"],
        Dialect::Postgres => &["text", "varchar(20) COLLATE \"C\"", "char(4)", "text COLLATE \"und-x-icu\""],
        _ => &[
            "varchar(20)",
            "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
            "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_520_ci",
            "varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_swedish_ci",
        ],
    };
    for collation in collations {
        walk::<C>(&format!("k {collation} NOT NULL"), "k", &texts);
    }
    if C::DIALECT == Dialect::Mysql {
        let latin = ["a", "B", "ä", "ß", "é", "z"].map(|word| format!("'{word}'"));
        walk::<C>("k varchar(20) CHARACTER SET latin1 COLLATE latin1_german1_ci NOT NULL", "k", &latin);
    }
}

fn uuids_and_bytes_are_walked<C: Database>() {
    let uuids: Vec<String> = (0..20_u32)
        .map(|number| number.wrapping_mul(2_654_435_761))
        .map(|number| format!("'{number:08x}-0000-4000-8000-{:012x}'", u64::from(number) << 8))
        .collect();
    walk::<C>(&format!("k {} NOT NULL", C::UUID), "k", &uuids);
    let bytes: Vec<String> =
        (0..20_u8).map(|number| C::literal(&vec![number.wrapping_mul(77); usize::from(number % 5 + 1)])).collect();
    let column = match C::DIALECT {
        Dialect::Mysql => "k varbinary(16)",
        Dialect::Postgres => "k bytea",
        _ => "k blob",
    };
    walk::<C>(column, "k", &bytes);
    match C::DIALECT {
        Dialect::Postgres => {
            let days: Vec<String> = (1..20).map(|day| format!("'2024-02-{day:02}'")).collect();
            walk::<C>("k date", "k", &days);
        }
        Dialect::Sqlite => {
            let mixed = ["1", "-1", "'1a'", "x'31'", "'a'", "10", "9"].map(str::to_owned);
            walk::<C>("k", "k", &mixed);
        }
        _ => {}
    }
}

fn composite_keys_are_walked<C: Database>() {
    let mut keys = Vec::new();
    for first in ["a", "B", "c"] {
        for second in [-1, 0, 7] {
            for third in 0..5 {
                keys.push(format!("'{first}', {second}, {third}"));
            }
        }
    }
    let second = quoted::<C>("Second Key");
    walk::<C>(
        &format!("k varchar(20) NOT NULL, {second} bigint NOT NULL, third integer NOT NULL"),
        &format!("k, {second}, third"),
        &keys,
    );
}
