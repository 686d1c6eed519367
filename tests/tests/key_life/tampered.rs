//! What someone who can write to the database cannot do to the keys' lives.

use diesel::prelude::*;
use diesel_encrypted::ManageKeys;
use diesel_encrypted::key_life::{ActivateKeys, CreateKeys, ListKeys, Processes};
use diesel_encrypted::keys::RowKind;
use diesel_encrypted::prelude::*;
use diesel_encrypted::{StoreError, VaultError};

use crate::{database, email, manager, models, old, on_each};

macro_rules! tampered {
    ($backend:ident: $connection:ty) => {
        mod $backend {
            use super::*;

            fn attack(connection: &mut $connection, sql: &str) -> usize {
                diesel::sql_query(sql).execute(connection).unwrap()
            }

            fn refusal(connection: &mut $connection) -> VaultError {
                let refused = models(old()).open(connection).unwrap_err();
                let task = manager().run(&CreateKeys::new(email()), connection).unwrap_err();
                assert_eq!(task.to_string(), refused.to_string(), "no task works on such rows");
                refused
            }

            /// A database where a key gave way to another; `old_keys` and `old_audit` have the rows from before.
            fn rotated() -> diesel_encrypted_tests::scratch::Scratch<$connection> {
                let mut scratch = database();
                let connection: &mut $connection = &mut scratch;
                models(old()).open(connection).unwrap();
                attack(connection, "CREATE TABLE old_keys AS SELECT * FROM encryption_keys");
                attack(connection, "CREATE TABLE old_audit AS SELECT * FROM encryption_audit");
                manager().run(&CreateKeys::new(email()), connection).unwrap();
                manager().run(&ActivateKeys::new(email(), Processes::Restarted), connection).unwrap();
                scratch
            }

            #[test]
            fn a_time_set_back_or_an_event_deleted_is_found() {
                let connection: &mut $connection = &mut rotated();
                let set = |sql| format!("UPDATE encryption_audit SET {sql} WHERE event = 3");
                for (there, back) in
                    [("at_micros = at_micros - 600000000", "at_micros = at_micros + 600000000"), ("event = 2", "")]
                {
                    assert_eq!(attack(connection, &set(there)), 1);
                    let error = refusal(connection);
                    assert!(matches!(error, VaultError::RowAltered { kind: RowKind::Audit, .. }), "{error}");
                    if !back.is_empty() {
                        attack(connection, &set(back));
                    }
                }
                let connection: &mut $connection = &mut rotated();
                assert_eq!(attack(connection, "DELETE FROM encryption_audit WHERE event = 3"), 1);
                let error = refusal(connection);
                assert!(matches!(error, VaultError::RowsReplaced), "{error}");
                attack(connection, "UPDATE encryption_audit SET event = 9");
                let error = refusal(connection);
                assert!(
                    matches!(
                        &error,
                        VaultError::Store(StoreError::BadRow { kind: RowKind::Audit, column: "event", .. })
                    ),
                    "{error}"
                );
            }

            #[test]
            fn a_retired_key_is_not_made_active_again_by_its_old_row() {
                let connection: &mut $connection = &mut rotated();
                let retired = "(SELECT key_id FROM encryption_audit WHERE event = 3)";
                attack(connection, "DELETE FROM encryption_keys WHERE version = 2");
                attack(connection, &format!("DELETE FROM encryption_keys WHERE key_id IN {retired}"));
                assert_eq!(
                    attack(
                        connection,
                        &format!("INSERT INTO encryption_keys SELECT * FROM old_keys WHERE key_id IN {retired}")
                    ),
                    1
                );
                let error = refusal(connection);
                assert!(matches!(error, VaultError::RowsReplaced), "{error}");
            }

            #[test]
            fn the_count_of_sealed_values_is_not_authenticated() {
                let connection: &mut $connection = &mut rotated();
                attack(connection, "UPDATE encryption_keys SET sealed_count = 7");
                manager().run(&ListKeys, connection).unwrap();
                models(old()).open(connection).unwrap();
            }
        }
    };
}
on_each!(tampered);
