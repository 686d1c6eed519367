//! A model, and the types of its values, need not be public although the columns are: JSON's own, an alias, a newtype.

use diesel_encrypted::value::{Encode, Json, ValueClass, class};
use diesel_encrypted::{Class, EncodeError, Encrypted, EncryptedColumn, EncryptedModel, Sealed};
use serde::{Deserialize, Serialize};

pub mod schema {
    diesel::table! {
        files (id) {
            id -> Integer,
            chart -> Binary,
            history -> Nullable<Binary>,
            payload -> Binary,
            address -> Binary,
            badge -> Nullable<Binary>,
        }
    }
}
use schema::files;

#[derive(Serialize, Deserialize)]
struct Chart {
    pulse: u8,
}

type Payload = Json<Chart>;
type Address<'a> = Encrypted<Email<'a>, files::address>;

struct Email<'a>(&'a str);

impl Encode for Email<'_> {
    type Class = class::Text;
    fn encoded_len(&self) -> usize {
        self.0.len()
    }
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

pub(crate) struct Badge(u64);

impl Encode for Badge {
    type Class = class::Unsigned;
    fn encoded_len(&self) -> usize {
        8
    }
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        self.0.encode(out)
    }
}

#[derive(Encrypted)]
#[diesel(table_name = files)]
struct File<'a> {
    id: i32,
    #[encrypt]
    chart: Encrypted<Json<Chart>, files::chart>,
    #[encrypt(bound_to(id))]
    history: Option<Sealed<Json<Vec<Chart>>, files::history>>,
    #[encrypt]
    payload: Encrypted<Payload, files::payload>,
    #[encrypt]
    #[searchable(normalize = "lowercase")]
    address: Address<'a>,
    #[encrypt(bound_to = external)]
    #[searchable]
    badge: Option<Sealed<Badge, files::badge>>,
}

/// What inserts one.
#[derive(Encrypted)]
#[diesel(table_name = files)]
#[encrypted(columns_of = File<'static>)]
struct NewFile<'a> {
    payload: Encrypted<Payload, files::payload>,
    address: Encrypted<Email<'a>, files::address>,
    badge: Option<Sealed<Badge, files::badge>>,
}

#[test]
fn private_types_declare_public_columns() {
    fn class<C: EncryptedColumn>() -> Class {
        <C::Class as ValueClass>::CLASS
    }
    assert_eq!(File::fields().len(), 5);
    assert_eq!([class::<files::chart>(), class::<files::history>(), class::<files::payload>()], [Class::Json; 3]);
    assert_eq!([class::<files::address>(), class::<files::badge>()], [Class::Text, Class::Unsigned]);
}
