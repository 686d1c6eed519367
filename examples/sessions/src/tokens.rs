//! Tokens: a session of `diesel_encrypted::accounts` in a JSON Web Token, which the client keeps in a cookie.
//!
//! The token alone opens nothing: the user's key is in the session's row, sealed under a key that is made of the client's
//! secret and of the application's. What the token adds is its signature, which costs no query, and the fingerprint of
//! the root key it was issued under.

use std::time::{Duration, SystemTime};

use diesel_encrypted::RootKeys;
use diesel_encrypted::accounts::{Account, AccountError, Accounts, AccountsConnection};
use diesel_encrypted::keys::Secret;
use diesel_encrypted::users::{SessionError, SessionToken};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// What a token says. Who has the token can read it.
#[derive(Deserialize, Serialize)]
struct Claims {
    /// When it ends, in seconds since 1970. The session's row says so too, where nobody can change it.
    exp: u64,
    /// The fingerprint of the active root key.
    root: String,
    /// The session's id and the client's secret.
    session: String,
}

/// Why a token is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// Nobody who has the signing key wrote it.
    #[error("this is no token of ours: sign in")]
    NotOurs(#[source] jsonwebtoken::errors::Error),
    /// Its time is over.
    #[error("this session has expired: sign in again")]
    Expired,
    /// The root key has been replaced since.
    #[error("this session began under the root key {issued}, and {now} is in use by now: sign in again")]
    OtherRootKey {
        /// The fingerprint that the token has.
        issued: String,
        /// The fingerprint of the active root key.
        now: String,
    },
    /// The session's row was deleted, or the user has another key.
    #[error("this session was ended: sign in again")]
    Ended,
    /// Nothing that the client could mend.
    #[error(transparent)]
    Account(AccountError),
}

/// Issues and accepts tokens.
pub struct Tokens {
    accounts: Accounts,
    root: String,
    sign: EncodingKey,
    verify: DecodingKey,
}

impl Tokens {
    /// Tokens of these accounts. `signing_key` is kept where the root keys are, and is none of them.
    pub fn new(accounts: Accounts, root_keys: &RootKeys, signing_key: &Secret) -> Self {
        let signing_key = signing_key.expose_bytes();
        Self {
            accounts,
            root: root_keys.active().fingerprint().to_string(),
            sign: EncodingKey::from_secret(signing_key),
            verify: DecodingKey::from_secret(signing_key),
        }
    }

    /// Begins a session: the cookie of a user who has just given their password.
    pub fn issue<C: AccountsConnection>(
        &self,
        connection: &mut C,
        account: &Account,
        lifetime: Duration,
    ) -> Result<String, Box<dyn std::error::Error + Send + Sync>> {
        let session = self.accounts.begin_session(connection, account, lifetime)?;
        let exp = (SystemTime::now() + lifetime).duration_since(SystemTime::UNIX_EPOCH)?.as_secs();
        let claims = Claims { exp, root: self.root.clone(), session: session.to_text().to_string() };
        Ok(encode(&Header::new(Algorithm::HS256), &claims, &self.sign)?)
    }

    /// The account of a request that comes with this token, unlocked for as long as the request takes.
    pub fn accept<C: AccountsConnection>(&self, connection: &mut C, token: &str) -> Result<Account, Refused> {
        let session = self.session(token)?;
        self.accounts.resume_session(connection, &session).map_err(|error| match error {
            AccountError::Session(SessionError::Expired) => Refused::Expired,
            AccountError::Session(SessionError::Closed) => Refused::Ended,
            error => Refused::Account(error),
        })
    }

    /// Ends the session: deletes its row.
    pub fn end<C: AccountsConnection>(&self, connection: &mut C, token: &str) -> Result<(), Refused> {
        let session = self.session(token)?;
        self.accounts.end_session(connection, &session).map_err(Refused::Account)
    }

    /// What the token says, if it is ours, in time, and of this root key. Asks no database.
    fn session(&self, token: &str) -> Result<SessionToken, Refused> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.leeway = 0;
        let claims = decode::<Claims>(token, &self.verify, &validation).map_err(|error| match error.kind() {
            ErrorKind::ExpiredSignature => Refused::Expired,
            _ => Refused::NotOurs(error),
        })?;
        let Claims { root, session, .. } = claims.claims;
        if root != self.root {
            return Err(Refused::OtherRootKey { issued: root, now: self.root.clone() });
        }
        SessionToken::parse(&session).map_err(|error| Refused::Account(error.into()))
    }
}
