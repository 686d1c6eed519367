//! A token is accepted until something ends its session: time, the application, or another root key.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use std::time::Duration;

use diesel::prelude::*;
use diesel_encrypted::accounts::{Account, schema::encryption_sessions};
use diesel_encrypted::key_life::Rewrap;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::users::UserId;
use diesel_encrypted::{KeyManager, LocalRootKey, ManageKeys, RootKeyId, RootKeys};
use sessions::tokens::{Refused, Tokens};

const HOUR: Duration = Duration::from_secs(3600);

struct World {
    folder: tempfile::TempDir,
    root_keys: RootKeys,
    signing_key: Secret,
    connection: SqliteConnection,
    tokens: Tokens,
    ada: Account,
}

fn root(id: &str) -> LocalRootKey {
    LocalRootKey::new(RootKeyId::new(id).unwrap(), Secret::generate().unwrap())
}

impl World {
    fn new() -> Self {
        let (folder, root_keys) = (tempfile::tempdir().unwrap(), RootKeys::new(root("first")));
        let signing_key = Secret::generate().unwrap();
        let (mut connection, accounts) = sessions::open(&folder.path().join("app.db"), &root_keys).unwrap();
        let ada = accounts.create(&mut connection, &UserId::of("ada").unwrap(), "a password").unwrap().account;
        let tokens = Tokens::new(accounts, &root_keys, &signing_key);
        Self { folder, root_keys, signing_key, connection, tokens, ada }
    }

    fn issue(&mut self, lifetime: Duration) -> String {
        self.tokens.issue(&mut self.connection, &self.ada, lifetime).unwrap()
    }

    fn refused(&mut self, token: &str) -> Refused {
        self.tokens.accept(&mut self.connection, token).map(drop).unwrap_err()
    }
}

#[test]
fn a_token_gives_the_account_and_its_key() {
    let mut world = World::new();
    let token = world.issue(HOUR);
    for _ in 0..2 {
        let account = world.tokens.accept(&mut world.connection, &token).unwrap();
        assert_eq!(account.key().check_value(), world.ada.key().check_value());
    }
}

#[test]
fn a_token_from_before_the_root_key_was_replaced_is_refused() {
    let mut world = World::new();
    let token = world.issue(HOUR);
    let root_keys = RootKeys::new(root("second")).with_all(&world.root_keys).unwrap();
    let rewrapped =
        KeyManager::new(root_keys.clone()).application("sessions").run(&Rewrap, &mut world.connection).unwrap();
    assert!(rewrapped.keys > 0);

    let (connection, accounts) = sessions::open(&world.folder.path().join("app.db"), &root_keys).unwrap();
    world.connection = connection;
    // The row and the authority's key are as they were: the session would go on but for the fingerprint.
    let before = std::mem::replace(&mut world.tokens, Tokens::new(accounts.clone(), &root_keys, &world.signing_key));
    let refused = world.refused(&token);
    let fingerprints = [&root_keys, &world.root_keys].map(|keys| keys.active().fingerprint().to_string());
    let [now, issued] = &fingerprints;
    assert!(matches!(&refused, Refused::OtherRootKey { issued: i, now: n } if i == issued && n == now), "{refused}");
    assert!(refused.to_string().contains(issued) && refused.to_string().contains("sign in again"), "{refused}");
    before.accept(&mut world.connection, &token).unwrap();

    let token = world.issue(HOUR);
    world.tokens.accept(&mut world.connection, &token).unwrap();
}

#[test]
fn a_session_whose_row_is_gone_is_refused() {
    let mut world = World::new();
    let (ended, deleted, other) = (world.issue(HOUR), world.issue(HOUR), world.issue(HOUR));
    world.tokens.end(&mut world.connection, &ended).unwrap();
    assert!(matches!(world.refused(&ended), Refused::Ended));
    world.tokens.accept(&mut world.connection, &deleted).unwrap();
    diesel::delete(encryption_sessions::table).execute(&mut world.connection).unwrap();
    assert!(matches!(world.refused(&deleted), Refused::Ended));
    assert!(matches!(world.refused(&other), Refused::Ended));
}

#[test]
fn a_session_whose_time_is_over_is_refused() {
    let mut world = World::new();
    let token = world.issue(Duration::ZERO);
    let refused = world.refused(&token);
    assert!(matches!(refused, Refused::Expired), "{refused}");
    std::thread::sleep(Duration::from_millis(1100));
    // By now the token says so too, before any query.
    let refused = world.tokens.accept(&mut SqliteConnection::establish(":memory:").unwrap(), &token).map(drop);
    assert!(matches!(refused, Err(Refused::Expired)), "{refused:?}");
}

#[test]
fn what_was_altered_or_signed_by_another_key_is_refused() {
    let mut world = World::new();
    let token = world.issue(HOUR);
    let (payload, signature) = token.rsplit_once('.').unwrap();
    let other = World::new().issue(HOUR);
    let (_, of_other) = other.rsplit_once('.').unwrap();
    for forged in [format!("{payload}.{of_other}"), format!("{payload}."), other.clone(), String::new()] {
        let refused = world.refused(&forged);
        assert!(matches!(refused, Refused::NotOurs(_)), "{refused}");
    }
    assert!(!signature.is_empty());
}
