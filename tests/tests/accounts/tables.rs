//! The migration, and the tables as the application sees them.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::accounts::{self, models, schema};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::on_every_backend;
use diesel_migrations::MigrationHarness;

use crate::world::{Rows, accounts, database, user};

on_every_backend! {
    fn the_migration_makes_what_it_drops<C>() {
        let mut connection = C::fresh();
        for _ in 0..2 {
            connection.run_pending_migrations(accounts::tables()).unwrap();
            assert_eq!(connection.count(), 0);
            connection.revert_last_migration(accounts::tables()).unwrap();
            connection.batch_execute("SELECT * FROM encryption_users").unwrap_err();
        }
        connection.batch_execute(&accounts::tables().up(C::DIALECT)).unwrap();
        connection.batch_execute(&accounts::tables().up(C::DIALECT)).unwrap();
    }

    fn the_key_tables_and_those_of_accounts_are_two_migrations_of_one_database<C>() {
        let mut connection = C::fresh();
        connection.run_pending_migrations(diesel_encrypted::key_tables()).unwrap();
        connection.run_pending_migrations(accounts::tables()).unwrap();
        assert_eq!(connection.applied_migrations().unwrap().len(), 2);
    }

    fn the_application_reads_the_rows_as_models<C>() {
        let mut connection = database::<C>();
        let created = accounts().create(&mut *connection, &user(1), "a password").unwrap();
        let of_user = schema::encryption_locks::user_id.eq(created.account.id().as_bytes());
        let locks: Vec<models::LockRow> = schema::encryption_locks::table
            .filter(of_user)
            .select(models::LockRow::as_select())
            .order(schema::encryption_locks::kind)
            .load(&mut *connection)
            .unwrap();
        assert_eq!(locks.iter().map(|lock| lock.kind).collect::<Vec<_>>(), [vec![1], vec![2; 10]].concat());
        let user: models::UserRow =
            schema::encryption_users::table.select(models::UserRow::as_select()).first(&mut *connection).unwrap();
        assert_eq!((user.version, user.erased_at), (1, None));
        assert_eq!(format!("{user:?}"), "UserRow");
    }

    fn without_the_tables_the_error_names_what_is_missing<C>() {
        let mut connection = C::fresh();
        let missing = accounts().unlock(&mut *connection, &user(1), "a password").unwrap_err();
        assert!(missing.to_string().contains("encryption_users"), "{missing}");
    }
}
