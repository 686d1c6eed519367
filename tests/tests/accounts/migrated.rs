//! The code of docs/users.md, "From a password-only design", as it stands there.

use diesel::connection::SimpleConnection;
use diesel_encrypted::OpenVault;

use crate::world::{database, root_keys};

use diesel::prelude::*;
use diesel_encrypted::accounts::{Account, AccountError, Accounts};
use diesel_encrypted::prelude::*;
use diesel_encrypted::users::{CarriedOver, RecoveryCode, UserId};

diesel::table! {
    people (id) {
        id -> Integer,
        hash -> Nullable<Text>,
    }
}

diesel::table! {
    letters (id) {
        id -> Integer,
        person -> Integer,
        body -> Text,
    }
}

#[derive(Queryable, Selectable, Identifiable, AsChangeset, Encrypted)]
#[diesel(table_name = letters, check_for_backend(diesel::sqlite::Sqlite))]
struct Letter {
    id: i32,
    person: i32,
    #[encrypt(plaintext = "accept")]
    body: Encrypted<String, letters::body>,
}

fn sign_in(
    connection: &mut SqliteConnection,
    (vault, accounts): (&Vault, &Accounts),
    id: i32,
    password: &str,
) -> Result<(Account, Vec<RecoveryCode>), AccountError> {
    let user = UserId::of(&id)?;
    let person = people::table.find(id).select(people::hash).first::<Option<String>>(connection).optional()?;
    let Some(Some(hash)) = person else {
        return Ok((accounts.unlock(connection, &user, password)?, Vec::new()));
    };
    let carried = CarriedOver::check(password, &hash)?;
    connection.transaction(|connection| {
        let created = accounts.carry_over(connection, &user, carried)?;
        // The application's vault reads what is in the clear, and what it sealed itself.
        let of_them = letters::table.filter(letters::person.eq(id)).select(Letter::as_select());
        let letters: Vec<Letter> = vault.enter(|| of_them.load(connection))?;
        // The user's vault writes it.
        created.account.model::<Letter>().enter(|| -> QueryResult<()> {
            for letter in &letters {
                diesel::update(letter).set(letter).execute(connection)?;
            }
            Ok(())
        })?;
        diesel::update(people::table.find(id)).set(people::hash.eq(None::<String>)).execute(connection)?;
        Ok((created.account, created.codes))
    })
}

const PASSWORD: &str = "a password";

#[test]
fn the_code_is_that_of_the_document() {
    let document = include_str!("../../../docs/users.md");
    let from = |text: &'static str| {
        let (_, rest) = text.split_once("diesel::table! {\n    people").unwrap();
        rest.split_once("Ok((created.account, created.codes))").unwrap().0
    };
    assert_eq!(from(document), from(include_str!("migrated.rs")));
}

#[test]
fn a_user_moves_with_their_rows_at_the_next_sign_in() {
    let connection = &mut *database::<SqliteConnection>();
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    connection
        .batch_execute(&format!(
            "CREATE TABLE people (id integer PRIMARY KEY, hash text);
             CREATE TABLE letters (id integer PRIMARY KEY, person integer NOT NULL, body text NOT NULL);
             INSERT INTO people VALUES (1, '{hash}'), (2, '{hash}');
             INSERT INTO letters VALUES (1, 1, 'in the clear'), (2, 1, ''), (3, 2, 'of another')"
        ))
        .unwrap();
    let vault = Vault::builder(root_keys()).model::<Letter>().users().open(connection).unwrap();
    let sealed = letters::body.eq(Encrypted::<String, letters::body>::new("sealed".into()));
    vault.enter(|| diesel::update(letters::table.find(2)).set(sealed).execute(connection)).unwrap();
    let accounts = Accounts::new(&vault).unwrap();
    let app = (&vault, &accounts);

    for (id, password) in [(1, "another"), (3, PASSWORD)] {
        assert!(matches!(sign_in(connection, app, id, password), Err(AccountError::Wrong)));
    }
    let all = || letters::table.filter(letters::person.eq(1)).order(letters::id).select(Letter::as_select());
    assert_eq!(vault.enter(|| all().load(connection)).unwrap().len(), 2);
    for codes in [10, 0] {
        let (account, given) = sign_in(connection, app, 1, PASSWORD).unwrap();
        assert_eq!(given.len(), codes);
        let letters: Vec<Letter> = account.model::<Letter>().enter(|| all().load(connection)).unwrap();
        let bodies: Vec<&str> = letters.iter().map(|letter| letter.body.expose().as_str()).collect();
        assert_eq!(bodies, ["in the clear", "sealed"]);
        assert!(vault.enter(|| all().load(connection)).is_err());
    }
    let hashes: Vec<Option<String>> = people::table.order(people::id).select(people::hash).load(connection).unwrap();
    assert_eq!(hashes, [None, Some(hash)]);
    let stored = letters::table.order(letters::id).select(diesel::dsl::sql::<diesel::sql_types::Text>("body"));
    let stored: Vec<String> = stored.load(connection).unwrap();
    assert!(!stored[0].contains("clear") && stored[2] == "of another");
}
