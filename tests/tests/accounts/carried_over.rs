//! Users of an existing system, with bcrypt hashes in a table of the application's own.

use diesel::connection::SimpleConnection;
use diesel::prelude::*;
use diesel_encrypted::accounts::AccountError;
use diesel_encrypted::users::CarriedOver;
use diesel_encrypted_tests::on_every_backend;

use crate::world::{Rows, accounts, database, user};

diesel::table! {
    people (id) {
        id -> Integer,
        hash -> Nullable<Text>,
    }
}

on_every_backend! {
    fn the_hash_is_gone_with_the_transaction_that_makes_the_lock<C>() {
        let (mut connection, accounts) = (database::<C>(), accounts());
        let hash = bcrypt::hash("a password", 4).unwrap();
        connection.batch_execute(&format!("CREATE TABLE people (id integer PRIMARY KEY, hash varchar(60)); INSERT INTO people VALUES (1, '{hash}')")).unwrap();
        let stored = |connection: &mut C| people::table.find(1).select(people::hash).first::<Option<String>>(connection).unwrap();
        assert!(CarriedOver::check("another", &hash).is_err());

        for succeeds in [false, true] {
            let carried = CarriedOver::check("a password", &stored(&mut connection).unwrap()).unwrap();
            let done = connection.transaction(|connection| {
                let created = accounts.carry_over(connection, &user(1), carried)?;
                diesel::update(people::table.find(1)).set(people::hash.eq(None::<String>)).execute(connection)?;
                if succeeds { Ok(created.codes.len()) } else { Err(AccountError::from(diesel::result::Error::RollbackTransaction)) }
            });
            assert_eq!((done.is_ok(), stored(&mut connection).is_none()), (succeeds, succeeds));
            assert_eq!(connection.count(), if succeeds { 13 } else { 0 });
        }
        accounts.unlock(&mut *connection, &user(1), "a password").unwrap();
        let again = accounts.carry_over(&mut *connection, &user(1), CarriedOver::check("a password", &hash).unwrap());
        assert!(matches!(again, Err(AccountError::Exists)));
    }
}
