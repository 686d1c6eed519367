//! A value of every type comes back as it was, from a column of bytes or of text, whatever the algorithm.

use std::collections::BTreeMap;

use bigdecimal::BigDecimal;
use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use diesel::prelude::*;
use diesel_encrypted::Json;
use diesel_encrypted::prelude::*;
use diesel_encrypted_tests::on_every_backend;
use proptest::prelude::*;
use rust_decimal::Decimal;
use time::{Date, OffsetDateTime, PrimitiveDateTime, Time};
use uuid::Uuid;

use crate::holds;

/// Any JSON document of a fixed shape.
type Document = BTreeMap<String, Vec<Option<(i64, bool, String)>>>;

/// The seconds from the beginning of the year 0 to the end of the year 9999.
const SECONDS: std::ops::Range<i64> = -62_167_219_200..253_402_300_800;

/// One table with a column of every type, its model, and the property that a row comes back.
macro_rules! every_type {
    ($($column:ident: $sql:ident, $type:ty, $strategy:expr, [$($option:tt)*];)*) => {
        diesel::table! {
            everything (id) {
                id -> Integer,
                $($column -> Nullable<$sql>,)*
            }
        }

        #[derive(Queryable, Selectable, Insertable, Encrypted, Default)]
        #[diesel(table_name = everything, check_for_backend(diesel::sqlite::Sqlite))]
        struct Everything {
            id: i32,
            $(
                #[encrypt($($option)*)]
                $column: Option<Encrypted<$type, everything::$column>>,
            )*
        }

        mod any_value_comes_back {
            use super::*;

            $(
                on_every_backend! { fn $column<C>() {
                    holds::<C, Everything, _>("everything", &columns(), 96, $strategy, |conn, value: $type| {
                        let row = Everything { $column: Some(Encrypted::new(value.clone())), ..Everything::default() };
                        diesel::insert_into(everything::table).values(&row).execute(conn).unwrap();
                        let row: Everything = everything::table.select(Everything::as_select()).first(conn).unwrap();
                        let read = row.$column.unwrap().into_inner();
                        prop_assert!(read.is_exactly(&value), "{:?} came back as {:?}", value, read);
                        Ok(())
                    });
                } }
            )*
        }

        fn columns() -> String {
            let sql_type = |name| if name == "Text" { "{text}" } else { "{bytes}" };
            [$(format!("{} {}", stringify!($column), sql_type(stringify!($sql)))),*].join(", ")
        }
    };
}

every_type! {
    text: Binary, String, any::<String>(), [];
    text_as_text: Text, String, any::<String>(), [algorithm = "xaes-256-gcm"];
    text_padded: Text, String, any::<String>(), [pad = 32];
    bytes: Binary, Vec<u8>, any::<Vec<u8>>(), [algorithm = "xchacha20-poly1305"];
    bytes_as_text: Text, Vec<u8>, any::<Vec<u8>>(), [pad = 2];
    array: Binary, [u8; 7], any::<[u8; 7]>(), [];
    flag: Binary, bool, any::<bool>(), [pad = 16];
    tiny: Binary, i8, any::<i8>(), [];
    small: Text, i16, any::<i16>(), [];
    int: Binary, i32, any::<i32>(), [algorithm = "xaes-256-gcm"];
    long: Binary, i64, any::<i64>(), [pad = 8];
    byte: Binary, u8, any::<u8>(), [];
    word: Binary, u16, any::<u16>(), [];
    natural: Text, u32, any::<u32>(), [algorithm = "xchacha20-poly1305"];
    large: Binary, u64, any::<u64>(), [];
    single: Binary, f32, any::<u32>().prop_map(f32::from_bits), [];
    double: Text, f64, any::<u64>().prop_map(f64::from_bits), [];
    uuid: Binary, Uuid, any::<u128>().prop_map(Uuid::from_u128), [];
    chrono_date: Binary, NaiveDate, moment().prop_map(|at| at.date_naive()), [];
    chrono_clock: Text, NaiveTime, moment().prop_map(|at| at.time()), [];
    chrono_local: Binary, NaiveDateTime, moment().prop_map(|at| at.naive_utc()), [];
    chrono_instant: Binary, DateTime<Utc>, moment(), [pad = 64];
    time_date: Binary, Date, time_moment().prop_map(OffsetDateTime::date), [];
    time_clock: Binary, Time, time_moment().prop_map(OffsetDateTime::time), [];
    time_local: Text, PrimitiveDateTime, time_moment().prop_map(|at| PrimitiveDateTime::new(at.date(), at.time())), [];
    time_instant: Binary, OffsetDateTime, time_moment(), [];
    decimal: Binary, Decimal, decimals(), [];
    big_decimal: Text, BigDecimal, big_decimals(), [];
    json: Binary, Json<Document>, documents(), [];
    json_as_text: Text, Json<Document>, documents(), [algorithm = "xaes-256-gcm", pad = 100];
}

fn moment() -> impl Strategy<Value = DateTime<Utc>> {
    (SECONDS, 0_u32..1_000_000_000)
        .prop_map(|(second, nanosecond)| DateTime::from_timestamp(second, nanosecond).unwrap())
}

fn time_moment() -> impl Strategy<Value = OffsetDateTime> {
    moment().prop_map(|at| {
        let nanoseconds = time::Duration::nanoseconds(at.timestamp_subsec_nanos().into());
        OffsetDateTime::from_unix_timestamp(at.timestamp()).unwrap() + nanoseconds
    })
}

fn decimals() -> impl Strategy<Value = Decimal> {
    (-(1_i128 << 96) + 1..1_i128 << 96, 0_u32..=28)
        .prop_map(|(digits, scale)| Decimal::from_i128_with_scale(digits, scale))
}

fn big_decimals() -> impl Strategy<Value = BigDecimal> {
    ("-?[0-9]{1,60}", -40_i64..40).prop_map(|(digits, scale)| BigDecimal::new(digits.parse().unwrap(), scale))
}

fn documents() -> impl Strategy<Value = Json<Document>> {
    let item = any::<Option<(i64, bool, String)>>();
    prop::collection::btree_map(any::<String>(), prop::collection::vec(item, 0..3), 0..4).prop_map(Json)
}

/// Equality that tells what `==` does not: the bits of a float, the scale of a decimal.
trait Exactly {
    fn is_exactly(&self, other: &Self) -> bool;
}

macro_rules! exactly {
    ($($type:ty: $of:expr;)*) => { $(
        impl Exactly for $type {
            fn is_exactly(&self, other: &Self) -> bool {
                let of = $of;
                of(self) == of(other)
            }
        }
    )* };
}

exactly! {
    f32: |value: &Self| value.to_bits();
    f64: |value: &Self| value.to_bits();
    Decimal: |value: &Self| value.unpack();
    BigDecimal: |value: &Self| value.clone().into_bigint_and_scale();
}

macro_rules! exactly_as_equal {
    ($($type:ty),* $(,)?) => { exactly! { $($type: Self::clone;)* } };
}

exactly_as_equal!(String, Vec<u8>, [u8; 7], bool, i8, i16, i32, i64, u8, u16, u32, u64, Uuid, Json<Document>);
exactly_as_equal!(NaiveDate, NaiveTime, NaiveDateTime, DateTime<Utc>, Date, Time, PrimitiveDateTime, OffsetDateTime);
