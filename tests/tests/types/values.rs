//! What is tried of each type: its bounds, what lies around zero, and what Diesel's own type cannot hold.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use diesel_encrypted::Json;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use time::macros::{date, datetime, time};
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use uuid::Uuid;

use crate::beside::Values;

macro_rules! integers {
    ($($name:ident: $type:ty;)*) => { $(
        pub(crate) fn $name() -> Values<$type> {
            let mut all = vec![<$type>::MIN, <$type>::MIN + 1, 0, 1, 42, <$type>::MAX - 1, <$type>::MAX];
            all.dedup();
            Values::of(all)
        }
    )* };
}
integers! { i8s: i8; i16s: i16; i32s: i32; i64s: i64; u8s: u8; u16s: u16; u32s: u32; u64s: u64; }

pub(crate) fn bools() -> Values<bool> {
    Values::of([false, true])
}

/// Signed zeros are equal, in SQL and by their tags.
pub(crate) fn f32s() -> Values<f32> {
    Values::of([0.0, -0.0, 1.5, -2.25, f32::MAX, f32::MIN, f32::MIN_POSITIVE]).and_finer([
        f32::from_bits(1),
        f32::INFINITY,
        f32::NEG_INFINITY,
    ])
}

pub(crate) fn f64s() -> Values<f64> {
    Values::of([0.0, -0.0, 0.1, -1e-300, f64::MAX, f64::MIN, f64::MIN_POSITIVE]).and_finer([
        f64::from_bits(1),
        f64::INFINITY,
        f64::NEG_INFINITY,
    ])
}

pub(crate) fn bytes() -> Values<Vec<u8>> {
    Values::of([
        Vec::new(),
        vec![0],
        vec![0, 0],
        (0..=255).collect(),
        b"\xE1\x00\x00\x01\x10".to_vec(),
        b"'\"\\%_".to_vec(),
        vec![0xFF; 100_000],
    ])
}

pub(crate) fn arrays() -> Values<[u8; 5]> {
    Values::of([[0; 5], [0xFF; 5], [0xE1, 0, 0, 1, 0x10]])
}

pub(crate) fn uuids() -> Values<Uuid> {
    Values::of([Uuid::nil(), Uuid::max(), Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef)])
}

pub(crate) fn chrono_dates() -> Values<NaiveDate> {
    let day = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
    Values::of([day(1, 1, 1), day(1969, 12, 31), day(1970, 1, 1), day(2024, 2, 29), day(9999, 12, 31)])
        .and_finer([day(0, 1, 1), day(0, 12, 31)])
}

fn clock(hour: u32, minute: u32, second: u32, nano: u32) -> NaiveTime {
    NaiveTime::from_hms_nano_opt(hour, minute, second, nano).unwrap()
}

pub(crate) fn chrono_clocks() -> Values<NaiveTime> {
    Values::of([NaiveTime::MIN, clock(12, 34, 56, 789_012_000), clock(23, 59, 59, 0)]).and_finer([
        clock(0, 0, 0, 1),
        clock(23, 59, 59, 999_999_999),
        clock(23, 59, 59, 1_000_000_000),
    ])
}

pub(crate) fn chrono_locals() -> Values<NaiveDateTime> {
    let all = chrono_dates().both.into_iter().zip([0, 1, 123_456, 500_000, 999_999]);
    Values::of(all.map(|(day, micro)| day.and_time(clock(23, 59, 59, micro * 1_000))))
        .and_finer([chrono_dates().finer[0].and_time(clock(0, 0, 0, 1))])
}

pub(crate) fn chrono_instants() -> Values<DateTime<Utc>> {
    let Values { both, finer } = chrono_locals();
    Values::of(both.into_iter().map(|at| at.and_utc())).and_finer(finer.into_iter().map(|at| at.and_utc()))
}

pub(crate) fn time_dates() -> Values<Date> {
    Values::of([date!(0001 - 01 - 01), date!(1970 - 01 - 01), date!(2024 - 02 - 29), date!(9999 - 12 - 31)])
        .and_finer([date!(0000 - 01 - 01)])
}

pub(crate) fn time_clocks() -> Values<Time> {
    Values::of([Time::MIDNIGHT, time!(12:34:56.789012), time!(23:59:59)])
        .and_finer([time!(00:00:00.000000001), time!(23:59:59.999999999)])
}

pub(crate) fn time_locals() -> Values<PrimitiveDateTime> {
    Values::of([
        datetime!(0001-01-01 0:00),
        datetime!(1969-12-31 23:59:59.999999),
        datetime!(2024-02-29 12:34:56.789012),
        datetime!(9999-12-31 23:59:59),
    ])
    .and_finer([datetime!(0000-01-01 0:00:00.000000001)])
}

pub(crate) fn time_instants() -> Values<OffsetDateTime> {
    let Values { both, finer } = time_locals();
    Values::of(both.into_iter().map(PrimitiveDateTime::assume_utc))
        .and_finer(finer.into_iter().map(PrimitiveDateTime::assume_utc))
}

fn big(number: &str) -> BigDecimal {
    number.parse().unwrap()
}

/// Those in both are exact as a binary fraction, for SQLite.
pub(crate) fn big_decimals() -> Values<BigDecimal> {
    Values::of(["0", "1", "-1", "0.5", "-2.250", "1234567890.0625"].map(big))
        .and_finer(["0.1", "1e-30", "99999999999999999999999999999999999.999999999999999999999999999999"].map(big))
}

pub(crate) fn vast_decimals() -> Vec<BigDecimal> {
    ["1e-200", "-123456789e100", "3.14159265358979323846264338327950288419716939937510582097494459"].map(big).to_vec()
}

pub(crate) fn decimals() -> Values<Decimal> {
    Values::of([Decimal::ZERO, Decimal::ONE, Decimal::new(-2250, 3), Decimal::new(1, 1)]).and_finer([
        Decimal::MAX,
        Decimal::MIN,
        Decimal::new(1, 28),
    ])
}

pub(crate) fn json() -> Values<Json<Value>> {
    Values::of([
        Json(Value::Null),
        Json(json!(true)),
        Json(json!(0)),
        Json(json!(-1.5)),
        Json(json!("with \"quotes\", \\ and \u{1F9EC}")),
        Json(json!([1, [2, [3, {}]], "x"])),
        Json(json!({ "name": "Ada", "allergies": ["nuts", null], "born": { "year": 1815 }, "": 0 })),
    ])
    .and_finer([Json(json!({ "a\0b": "\0" })), Json(json!(u64::MAX))])
}
