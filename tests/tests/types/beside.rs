//! One table for each type: a plain column of Diesel's own type, and a sealed one of bytes and one of text.

use std::fmt::Debug;

/// Values of one type.
pub(crate) struct Values<T> {
    /// What the plain column holds as well.
    pub(crate) both: Vec<T>,
    /// What a plain column would refuse, cut or round.
    pub(crate) finer: Vec<T>,
}

impl<T> Values<T> {
    pub(crate) fn of(both: impl IntoIterator<Item = T>) -> Self {
        Self { both: both.into_iter().collect(), finer: Vec::new() }
    }

    pub(crate) fn and_finer(mut self, finer: impl IntoIterator<Item = T>) -> Self {
        self.finer.extend(finer);
        self
    }

    /// Where the plain column holds the finer ones too.
    pub(crate) fn all_in_both(mut self) -> Self {
        self.both.append(&mut self.finer);
        self
    }

    /// Each value, and whether the plain column gets it.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&T, bool)> {
        self.both.iter().map(|value| (value, true)).chain(self.finer.iter().map(|value| (value, false)))
    }
}

/// Equal, and printed alike: which tells the sign of a zero and the scale of a decimal.
pub(crate) fn assert_same<T: PartialEq + Debug>(read: &T, written: &T, column: &str) {
    assert_eq!(read, written, "{column}");
    assert_eq!(format!("{read:?}"), format!("{written:?}"), "{column}");
}

/// A test for each line: `name: type [searchable] beside SqlType "declared" of values;`, with
/// `as PlainType, |value| plain` where the plain column has another Rust type.
macro_rules! beside {
    ($connection:ty; $(
        $name:ident: $rust:ty, [$($searchable:ident)?] beside $sql:ty, $declared:literal
        $(as $plain:ty, $to_plain:expr)?, of $values:expr;
    )*) => { $(
        mod $name {
            use diesel::prelude::*;
            use diesel_encrypted::prelude::*;
            use diesel_encrypted_tests::backend::Backend;

            #[allow(unused_imports, reason = "not every type has a name of its own")]
            use super::*;
            use crate::beside::{Values, assert_same};

            diesel::table! {
                use diesel::sql_types::*;

                things (id) {
                    id -> Integer,
                    plain -> Nullable<$sql>,
                    sealed -> Nullable<Binary>,
                    sealed_text -> Nullable<Text>,
                }
            }

            #[derive(Encrypted)]
            #[diesel(table_name = things)]
            #[allow(dead_code, reason = "it declares the columns")]
            struct Thing {
                #[encrypt]
                $(#[$searchable])?
                sealed: Option<Encrypted<$rust, things::sealed>>,
                #[encrypt]
                $(#[$searchable])?
                sealed_text: Option<Encrypted<$rust, things::sealed_text>>,
            }

            type Sealed = Encrypted<Option<$rust>, things::sealed>;
            type SealedText = Encrypted<Option<$rust>, things::sealed_text>;
            type Plain = beside!(@plain $rust $(as $plain)?);

            fn plain(value: &$rust) -> Plain {
                let plain: fn(&$rust) -> Plain = beside!(@to_plain Clone::clone $(, $to_plain)?);
                plain(value)
            }

            fn on(conn: &mut $connection, values: &Values<$rust>) {
                for (id, (value, in_both)) in (1..).zip(values.iter()) {
                    let row = (
                        things::id.eq(id),
                        things::plain.eq(in_both.then(|| plain(value))),
                        things::sealed.eq(Sealed::new(Some(value.clone()))),
                        things::sealed_text.eq(SealedText::new(Some(value.clone()))),
                    );
                    diesel::insert_into(things::table).values(row).execute(conn).unwrap();
                }
                let null = (things::id.eq(0), things::sealed.eq(Sealed::null()), things::sealed_text.eq(SealedText::null()));
                diesel::insert_into(things::table).values(null).execute(conn).unwrap();

                let all = things::table.order(things::id).select((things::plain, things::sealed, things::sealed_text));
                let mut rows = all.load::<(Option<Plain>, Sealed, SealedText)>(conn).unwrap().into_iter();
                let (none, sealed, sealed_text) = rows.next().unwrap();
                assert!(none.is_none() && sealed.expose().is_none() && sealed_text.expose().is_none(), "NULL");
                for (value, in_both) in values.iter() {
                    let (read, sealed, sealed_text) = rows.next().unwrap();
                    assert_same(sealed.expose().as_ref().unwrap(), value, "sealed as bytes");
                    assert_same(sealed_text.expose().as_ref().unwrap(), value, "sealed as text");
                    assert_eq!(read, in_both.then(|| plain(value)), "plain");
                }
                assert!(rows.next().is_none());

                $(
                    // A `#[$searchable]` column finds what a plain one does.
                    for value in &values.both {
                        let found = things::table.order(things::id).select(things::id);
                        let by_plain: Vec<i32> = found.filter(things::plain.eq(plain(value))).load(conn).unwrap();
                        assert!(!by_plain.is_empty(), "{} {value:?}", stringify!($searchable));
                        let by_tag = found.filter(things::sealed.blind_eq(value)).load(conn);
                        assert_eq!(by_tag.as_ref(), Ok(&by_plain), "{value:?} as bytes");
                        let by_tag = found.filter(things::sealed_text.blind_eq(value)).load(conn);
                        assert_eq!(by_tag, Ok(by_plain), "{value:?} as text");
                    }
                    for value in &values.finer {
                        let found = things::table.filter(things::sealed.blind_eq(value)).count();
                        assert_eq!(found.get_result(conn), Ok(1), "{value:?}");
                    }
                )?
            }

            #[test]
            fn comes_back_and_is_found_as_in_a_plain_column() {
                let table = concat!(
                    "CREATE TABLE things (id integer PRIMARY KEY, plain ", $declared,
                    ", sealed {bytes}, sealed_text {text})"
                );
                let conn = &mut *<$connection>::with_table::<Thing>(table);
                crate::vault::<Thing>(conn).enter(|| on(conn, &$values));
            }
        }
    )* };
    (@plain $rust:ty) => { $rust };
    (@plain $rust:ty as $plain:ty) => { $plain };
    (@to_plain $same:expr) => { $same };
    (@to_plain $same:expr, $to_plain:expr) => { $to_plain };
}

pub(crate) use beside;
