//! MySQL and MariaDB have unsigned integers, and no type for UUIDs and instants that Diesel knows.

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use diesel_encrypted::Json;
use rust_decimal::Decimal;
use serde_json::Value;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use uuid::Uuid;

use crate::beside::beside;
use crate::{text, values};

beside! { MysqlConnection;
    string: String, [searchable] beside Text, "longtext CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        of text::strings().all_in_both();
    bytes: Vec<u8>, [searchable] beside Binary, "longblob", of values::bytes();
    array: [u8; 5], [searchable] beside Binary, "blob" as Vec<u8>, |value| value.to_vec(), of values::arrays();
    flag: bool, [] beside Bool, "boolean", of values::bools();
    tiny: i8, [searchable] beside TinyInt, "tinyint", of values::i8s();
    small: i16, [searchable] beside SmallInt, "smallint", of values::i16s();
    int: i32, [searchable] beside Integer, "integer", of values::i32s();
    long: i64, [searchable] beside BigInt, "bigint", of values::i64s();
    byte: u8, [searchable] beside Unsigned<TinyInt>, "tinyint unsigned", of values::u8s();
    word: u16, [searchable] beside Unsigned<SmallInt>, "smallint unsigned", of values::u16s();
    natural: u32, [searchable] beside Unsigned<Integer>, "integer unsigned", of values::u32s();
    large: u64, [searchable] beside Unsigned<BigInt>, "bigint unsigned", of values::u64s();
    single: f32, [searchable] beside Float, "float", of values::f32s();
    double: f64, [searchable] beside Double, "double", of values::f64s();
    uuids: Uuid, [searchable] beside Binary, "binary(16)" as Vec<u8>, |value| value.as_bytes().to_vec(), of values::uuids();
    chrono_date: NaiveDate, [searchable] beside Date, "date", of values::chrono_dates();
    chrono_clock: NaiveTime, [searchable] beside Time, "time(6)", of values::chrono_clocks();
    chrono_local: NaiveDateTime, [searchable] beside Datetime, "datetime(6)", of values::chrono_locals();
    chrono_instant: DateTime<Utc>, [searchable] beside Datetime, "datetime(6)" as NaiveDateTime, DateTime::naive_utc,
        of values::chrono_instants();
    time_date: Date, [searchable] beside Date, "date", of values::time_dates();
    // Diesel reads whole seconds.
    time_clock: Time, [searchable] beside Time, "time" as Time, |value| value.truncate_to_second(), of values::time_clocks();
    time_local: PrimitiveDateTime, [searchable] beside Datetime, "datetime(6)", of values::time_locals();
    time_instant: OffsetDateTime, [searchable] beside Datetime, "datetime(6)" as PrimitiveDateTime,
        |value| PrimitiveDateTime::new(value.date(), value.time()), of values::time_instants();
    big_decimal: BigDecimal, [searchable] beside Numeric, "decimal(65, 30)",
        of values::big_decimals().all_in_both().and_finer(values::vast_decimals());
    decimal: Decimal, [searchable] beside Numeric, "decimal(65, 30)", of values::decimals().all_in_both();
    json: Json<Value>, [] beside Json, "json" as Value, |value| value.0.clone(), of values::json();
}
