//! A declaration that changed is held against the one that the stored values were written with.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_encrypted::sql::Dialect;
use diesel_encrypted::{Binding, Class, EncryptedModel, Field, Index, Normalizer, Storage, StoreError, VaultError};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::clinic::{generated_columns, patients};
use diesel_encrypted_tests::scratch::Scratch;

use crate::{database, one};

/// `patients.email` as these tests declare it.
const fn email(indexes: &'static [Index]) -> Field {
    Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary).indexes(indexes)
}

const A: Index = Index::new("a").normalize(&[Normalizer::Lowercase]);
const B: Index = Index::new("b");

/// The first declaration, which the others change.
static EMAIL: Field = email(&[A, B]);
static REORDERED: Field = email(&[B, A]);
static DELETED: Field = email(&[A]);
static NORMALISED: Field = email(&[Index::new("a").normalize(&[Normalizer::Casefold]), B]);
static TRUNCATED: Field = email(&[A, Index::new("b").bits(16)]);
static APPENDED: Field = email(&[A, B, Index::new("c")]);
static REMOVED: Field = email(&[Index::new("a").removed(), B]);
static BOUND: Field = email(&[A, B]).binding(Binding::Columns(&["id"]));
static ANOTHER_ID: Field = Field::new("people.email", "patients", "email", Class::Text, Storage::Binary);
static AS_TEXT: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Text).indexes(&[A, B]);
static AS_BYTES: Field =
    Field::new("patients.email", "patients", "email", Class::Bytes, Storage::Binary).indexes(&[A, B]);
static RENAMED: Field = Field::new("patients.mail", "patients", "mail", Class::Text, Storage::Binary);
static PINNED: Field = Field::new("patients.email", "patients", "mail", Class::Text, Storage::Binary).indexes(&[A, B]);

/// A model of this one field, for its SQL.
macro_rules! model {
    ($name:ident: $field:ident) => {
        struct $name;

        impl EncryptedModel for $name {
            fn fields() -> &'static [&'static Field] {
                static FIELDS: &[&Field] = &[&$field];
                FIELDS
            }
        }
    };
}

model!(Appended: APPENDED);
model!(Pinned: PINNED);

/// Adds those of the generated columns that are not there, as a migration does.
fn add_columns<M: EncryptedModel, C: Backend>(connection: &mut C) {
    for statement in generated_columns::<M>(C::DIALECT) {
        let _already_there = connection.batch_execute(&statement);
    }
}

macro_rules! redeclared {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            /// A database whose column was declared as [`EMAIL`], with a value in it if `filled`.
            fn declared(filled: bool) -> Scratch<$connection> {
                let mut connection: Scratch<$connection> = database();
                let vault = one(&EMAIL).open(&mut *connection).unwrap();
                if filled {
                    let sealed = patients::email.eq(vault.seal(&EMAIL, "Ada@example.org").unwrap());
                    diesel::insert_into(patients::table)
                        .values((patients::id.eq(1), patients::name.eq("Ada"), sealed, patients::note.eq("")))
                        .execute(&mut *connection)
                        .unwrap();
                }
                connection
            }

            fn redeclare(changed: &'static Field, filled: bool) -> Result<Vault, VaultError> {
                one(changed).open(&mut *declared(filled))
            }

            /// Refused over values, naming `what`; and taken over an empty column.
            fn refused_over_values(changed: &'static Field, what: &str) {
                let error = redeclare(changed, true).unwrap_err();
                let expected = matches!(&error, VaultError::FieldChanged { what: found, .. } if *found == what);
                assert!(expected, "{error}");
                let vault = redeclare(changed, false).unwrap();
                for index in 0..changed.index_count() {
                    // Bytes, which have no normaliser, cannot be searched by text.
                    let slots = vault.search_slots(changed, index, "x");
                    assert!(changed.class() != Class::Text || !slots.unwrap().is_empty(), "each index is searched");
                }
            }

            #[test]
            fn reordered_and_deleted_indexes_are_refused_over_values() {
                refused_over_values(&REORDERED, "list of blind indexes");
                refused_over_values(&DELETED, "list of blind indexes");
            }

            #[test]
            fn a_changed_index_is_refused_over_values() {
                refused_over_values(&NORMALISED, "blind index");
                refused_over_values(&TRUNCATED, "blind index");
            }

            #[test]
            fn a_changed_field_id_is_refused_over_values() {
                refused_over_values(&ANOTHER_ID, "field id");
            }

            #[test]
            fn a_changed_storage_is_refused_over_values() {
                // Servers know the type of a column, which is not that of the model.
                if <$connection>::DIALECT == Dialect::Sqlite {
                    return refused_over_values(&AS_TEXT, "storage");
                }
                let error = redeclare(&AS_TEXT, true).unwrap_err();
                assert!(matches!(error, VaultError::Store(StoreError::UnfitColumns(_))), "{error}");
            }

            #[test]
            fn a_changed_class_or_binding_is_refused_over_values() {
                refused_over_values(&AS_BYTES, "kind of value");
                refused_over_values(&BOUND, "binding to an owner");
            }

            #[test]
            fn an_appended_and_a_removed_index_are_taken_over_values() {
                let connection: &mut $connection = &mut declared(true);
                add_columns::<Appended, _>(connection);
                one(&APPENDED).open(connection).unwrap();
                let vault = redeclare(&REMOVED, true).unwrap();
                let sealed = vault.seal(&REMOVED, "x").unwrap();
                assert_eq!(sealed[3..18], [0; 15], "the slot of the removed index stays empty");
                assert_ne!(sealed[18..33], [0; 15]);
            }

            #[test]
            fn a_renamed_column_is_found_out_and_its_pinned_id_reads_it() {
                let connection: &mut $connection = &mut declared(true);
                let sealed: Vec<u8> = patients::table.select(patients::email).first(connection).unwrap();
                if <$connection>::DIALECT == Dialect::Mysql {
                    let drop = "ALTER TABLE patients DROP COLUMN email_tag_0, DROP COLUMN email_tag_1";
                    connection.batch_execute(drop).unwrap();
                }
                connection.batch_execute("ALTER TABLE patients RENAME COLUMN email TO mail").unwrap();
                add_columns::<Pinned, _>(connection);
                let error = one(&RENAMED).open(connection).unwrap_err();
                let named = matches!(&error, VaultError::FieldChanged { what: "field id", registered, .. }
                    if registered == "patients.email");
                assert!(named, "{error}");
                let vault = one(&PINNED).open(connection).unwrap();
                assert_eq!(vault.open::<String>(&PINNED, sealed).unwrap(), "Ada@example.org");
            }
        }
    };
}

diesel_encrypted_tests::on_each!(redeclared);
