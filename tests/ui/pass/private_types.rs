//! A model, and what is within its JSON, need not be public although the columns are.

use diesel_encrypted::value::Json;
use diesel_encrypted::{Encrypted, EncryptedModel, Sealed};
use serde::{Deserialize, Serialize};

pub mod schema {
    diesel::table! {
        files (id) {
            id -> Integer,
            chart -> Binary,
            history -> Nullable<Binary>,
        }
    }
}
use schema::files;

#[derive(Serialize, Deserialize)]
struct Chart {
    pulse: u8,
}

#[derive(Encrypted)]
#[diesel(table_name = files)]
struct File {
    id: i32,
    #[encrypt]
    chart: Encrypted<Json<Chart>, files::chart>,
    #[encrypt(bound_to(id))]
    history: Option<Sealed<Json<Vec<Chart>>, files::history>>,
}

#[test]
fn a_private_model_declares_its_columns() {
    assert_eq!(File::fields().len(), 2);
}
