//! SQLite has five types: what else there is stands in one of them.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use diesel_encrypted::Json;
use rust_decimal::Decimal;
use serde_json::Value;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use uuid::Uuid;

use crate::beside::beside;
use crate::{text, values};

beside! { SqliteConnection;
    string: String, [searchable] beside Text, "text", of text::strings().all_in_both();
    bytes: Vec<u8>, [searchable] beside Binary, "blob", of values::bytes();
    array: [u8; 5], [searchable] beside Binary, "blob" as Vec<u8>, |value| value.to_vec(), of values::arrays();
    flag: bool, [] beside Bool, "boolean", of values::bools();
    tiny: i8, [searchable] beside SmallInt, "smallint" as i16, |value| (*value).into(), of values::i8s();
    small: i16, [searchable] beside SmallInt, "smallint", of values::i16s();
    int: i32, [searchable] beside Integer, "integer", of values::i32s();
    long: i64, [searchable] beside BigInt, "bigint", of values::i64s();
    byte: u8, [searchable] beside SmallInt, "smallint" as i16, |value| (*value).into(), of values::u8s();
    word: u16, [searchable] beside Integer, "integer" as i32, |value| (*value).into(), of values::u16s();
    natural: u32, [searchable] beside BigInt, "bigint" as i64, |value| (*value).into(), of values::u32s();
    large: u64, [searchable] beside Text, "text" as String, ToString::to_string, of values::u64s();
    single: f32, [searchable] beside Float, "float", of values::f32s().all_in_both();
    double: f64, [searchable] beside Double, "double", of values::f64s().all_in_both();
    uuids: Uuid, [searchable] beside Binary, "blob" as Vec<u8>, |value| value.as_bytes().to_vec(), of values::uuids();
    chrono_date: NaiveDate, [searchable] beside Date, "date", of values::chrono_dates().all_in_both();
    chrono_clock: NaiveTime, [searchable] beside Time, "time", of values::chrono_clocks();
    chrono_local: NaiveDateTime, [searchable] beside Timestamp, "timestamp", of values::chrono_locals().all_in_both();
    chrono_instant: DateTime<Utc>, [searchable] beside TimestamptzSqlite, "timestamptz", of values::chrono_instants();
    time_date: Date, [searchable] beside Date, "date", of values::time_dates().all_in_both();
    time_clock: Time, [searchable] beside Time, "time", of values::time_clocks();
    time_local: PrimitiveDateTime, [searchable] beside Timestamp, "timestamp", of values::time_locals();
    time_instant: OffsetDateTime, [searchable] beside TimestamptzSqlite, "timestamptz", of values::time_instants();
    big_decimal: BigDecimal, [searchable] beside Numeric, "double",
        of values::big_decimals().and_finer(values::vast_decimals());
    decimal: Decimal, [searchable] beside Text, "text" as String, ToString::to_string, of values::decimals().all_in_both();
    json: Json<Value>, [] beside Json, "text" as Value, |value| value.0.clone(), of values::json().all_in_both();
}
