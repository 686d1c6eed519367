//! The crate `encrypted-message` 0.3, as its Diesel implementation uses it: a value becomes `serde_json::Value` and that
//! becomes the JSON that is stored, and back again.

use std::{error::Error, sync::OnceLock};

use encrypted_message::{
    EncryptedMessage,
    config::{Config, Secret},
    strategy::Randomized,
};
use serde_json::Value;

use crate::reference;

#[derive(Debug, Default)]
pub(crate) struct Key;

impl Config for Key {
    type Strategy = Randomized;

    fn keys(&self) -> Vec<Secret<[u8; 32]>> {
        static KEY: OnceLock<[u8; 32]> = OnceLock::new();
        vec![Secret::new(*KEY.get_or_init(reference::random))]
    }
}

/// Seals, stores as JSON, reads and opens.
pub(crate) fn seal_and_open(text: &str) -> Result<String, Box<dyn Error>> {
    let sealed = EncryptedMessage::<String, Key>::encrypt(text.to_owned())?;
    let stored = serde_json::to_vec(&serde_json::to_value(&sealed)?)?;
    let json: Value = serde_json::from_slice(&stored)?;
    let loaded: EncryptedMessage<String, Key> = serde_json::from_value(json)?;
    Ok(loaded.decrypt()?)
}

#[cfg(feature = "servers")]
pub(crate) use table::RivalTable;

/// As a table on PostgreSQL, by its own Diesel implementation.
#[cfg(feature = "servers")]
mod table {
    #![allow(missing_docs, reason = "the macros write the items")]

    use std::{hint::black_box, ops::RangeInclusive};

    use diesel::{connection::SimpleConnection, prelude::*};

    use super::{EncryptedMessage, Key};
    use crate::{
        clinic::PlainPatient,
        measure::{Failure, time},
        work::Table,
    };

    diesel::table! {
        rival_patients (id) {
            id -> Integer,
            name -> Text,
            email -> Jsonb,
            phone -> Jsonb,
        }
    }

    type Row = (i32, String, EncryptedMessage<String, Key>, EncryptedMessage<String, Key>);

    /// Encrypted by `encrypted-message`. It cannot be searched.
    pub(crate) struct RivalTable;

    impl Table<PgConnection> for RivalTable {
        fn create(connection: &mut PgConnection) -> Result<(), Failure> {
            Ok(connection.batch_execute(
                "CREATE TABLE rival_patients (id integer PRIMARY KEY, name text NOT NULL, email jsonb NOT NULL, \
                 phone jsonb NOT NULL)",
            )?)
        }

        fn insert(connection: &mut PgConnection, ids: RangeInclusive<i32>) -> Result<f64, Failure> {
            let rows: Vec<_> = ids.map(PlainPatient::number).collect();
            time(|| {
                let sealed = rows.into_iter().map(|PlainPatient { id, name, email, phone }| {
                    let email = EncryptedMessage::<String, Key>::encrypt(email)?;
                    let phone = EncryptedMessage::<String, Key>::encrypt(phone)?;
                    Ok((
                        rival_patients::id.eq(id),
                        rival_patients::name.eq(name),
                        rival_patients::email.eq(email),
                        rival_patients::phone.eq(phone),
                    ))
                });
                let sealed = sealed.collect::<Result<Vec<_>, Failure>>()?;
                Ok::<_, Failure>(diesel::insert_into(rival_patients::table).values(&sealed).execute(connection)?)
            })
        }

        fn load(connection: &mut PgConnection, ids: RangeInclusive<i32>) -> Result<usize, Failure> {
            let range = rival_patients::id.between(*ids.start(), *ids.end());
            let rows = rival_patients::table.filter(range).load::<Row>(connection)?;
            let opened =
                rows.into_iter().map(|(id, name, email, phone)| Ok((id, name, email.decrypt()?, phone.decrypt()?)));
            Ok(black_box(opened.collect::<Result<Vec<_>, Failure>>()?).len())
        }

        fn find(_: &mut PgConnection, _: &str) -> Result<String, Failure> {
            Err("it cannot be searched".into())
        }
    }
}
