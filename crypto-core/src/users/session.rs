//! Sessions: an unlocked user key between two requests, sealed under a key made of the application's and of a secret that
//! only the client holds.
//!
//! What the server keeps opens nothing by itself, and neither does what the client keeps. Deleting the row ends the
//! session; so does its hour, which is authenticated.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use subtle::ConstantTimeEq as _;
use zeroize::{Zeroize as _, Zeroizing};

use super::{
    authority::{Authority, KnownUser},
    error::SessionError,
    key::UserKey,
};
use crate::{
    aead::{AeadError, Algorithm, Cipher, TAG_LEN},
    format::{FormatError, text},
    keys::{DataKey, RandomError, Secret, extract, subkey},
    label::Label,
    random,
};

/// The byte that begins every session.
const FORMAT_BYTE: u8 = 0xE6;
const ID_LEN: usize = 16;
const NONCE_LEN: usize = 24;
const SEALED_LEN: usize = Secret::LEN + TAG_LEN;
const HEADER_LEN: usize = 1 + 4 + 4 + 4 + 8 + ID_LEN;
/// The length of a stored session, in bytes.
pub const SESSION_LEN: usize = HEADER_LEN + NONCE_LEN + SEALED_LEN;

/// The client's part of a session: its id and 32 secret bytes, for a cookie. Wiped on drop.
///
/// The cookie is to be `Secure`, `HttpOnly` and `SameSite`: who has it and can ask the server is signed in.
pub struct SessionToken {
    id: [u8; ID_LEN],
    secret: Secret,
}

impl SessionToken {
    /// The id of the session's row.
    #[must_use]
    pub const fn id(&self) -> &[u8; ID_LEN] {
        &self.id
    }

    /// Id and secret in base64url without padding: 64 characters.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([0; ID_LEN + Secret::LEN]);
        let parts = self.id.iter().chain(self.secret.expose_bytes());
        bytes.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
        Zeroizing::new(text::encode(bytes.as_slice()))
    }

    /// Reads what [`to_text`](Self::to_text) gave.
    ///
    /// # Errors
    /// [`SessionError::Token`] if it is no token.
    pub fn parse(token: &str) -> Result<Self, SessionError> {
        let mut bytes = text::decode(token).map_err(|_| SessionError::Token)?;
        let parsed = match bytes.split_first_chunk::<ID_LEN>() {
            Some((id, secret)) => Secret::from_slice(secret).map(|secret| Self { id: *id, secret }),
            None => None,
        };
        bytes.zeroize();
        parsed.ok_or(SessionError::Token)
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken([redacted])")
    }
}

impl Authority {
    /// Begins a session of the user of `key` that ends at `expires`: what the client keeps, and what the server stores by
    /// the token's id:
    ///
    /// `0xE6 ‖ authority's key id u32 ‖ user key's id u32 ‖ its version u32 ‖ expires u64 ‖ id 16 ‖ nonce 24 ‖
    /// 32 ciphertext ‖ 16 tag`, 109 bytes, `expires` in whole seconds since 1970.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn begin_session(&self, key: &UserKey, expires: SystemTime) -> Result<(SessionToken, Vec<u8>), RandomError> {
        let mut token = SessionToken { id: [0; ID_LEN], secret: Secret::generate()? };
        random::fill(&mut token.id)?;
        let place = key.place();
        let expires = expires.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        let header = [
            &[FORMAT_BYTE][..],
            &self.context().key_id.to_be_bytes(),
            &place.key_id().to_be_bytes(),
            &place.version().to_be_bytes(),
            &expires.to_be_bytes(),
            &token.id,
        ]
        .concat();
        let mut nonce = [0; NONCE_LEN];
        random::fill(&mut nonce)?;
        let context = [&header, &*place.to_bytes()].concat();
        let cipher = cipher(self.active(), &token, &context);
        let Ok(sealed) = cipher.seal_key(&nonce, &aad(&context), key.secret()) else {
            unreachable!("32 bytes can be sealed")
        };
        Ok((token, [&header, &nonce[..], &sealed].concat()))
    }

    /// Goes on with a session: the key of `user`, who is the one whom the session's row belongs to.
    ///
    /// # Errors
    /// [`SessionError`] if the token and the row do not belong together, the session has expired, or the user has another
    /// key by now.
    pub fn resume_session(
        &self,
        user: &KnownUser,
        token: &SessionToken,
        stored: &[u8],
        now: SystemTime,
    ) -> Result<UserKey, SessionError> {
        let parts = Parts::parse(stored)?;
        let place = user.place();
        let context = [parts.header, &*place.to_bytes()].concat();
        let cipher = cipher(self.key(parts.authority_key_id)?, token, &context);
        let opened = cipher.open_key(parts.nonce, &aad(&context), parts.sealed);
        let secret = opened.map_err(|AeadError| SessionError::Closed)?;
        // Authentic from here on.
        let now = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO).as_secs();
        if now >= parts.expires {
            return Err(SessionError::Expired);
        }
        let key = UserKey::new(place.clone(), secret);
        if bool::from(key.check_value().ct_eq(&user.check)) { Ok(key) } else { Err(SessionError::Closed) }
    }
}

/// XAES-256-GCM under `HKDF-Expand(HKDF-Extract(client's secret, session subkey of the authority),
/// "diesel-encrypted/1 session" ‖ header ‖ K, 32)`.
fn cipher(authority: &DataKey, token: &SessionToken, context: &[u8]) -> Cipher {
    let both = extract(token.secret.expose_bytes(), authority.users_subkey(Label::Session).expose_bytes());
    Cipher::new(Algorithm::Xaes256Gcm, &subkey(&both, Label::Session, context))
}

fn aad(context: &[u8]) -> Vec<u8> {
    [Label::Session.as_bytes(), context].concat()
}

struct Parts<'a> {
    header: &'a [u8; HEADER_LEN],
    authority_key_id: u32,
    expires: u64,
    nonce: &'a [u8; NONCE_LEN],
    sealed: &'a [u8; SEALED_LEN],
}

impl<'a> Parts<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        match bytes.first() {
            None => return Err(FormatError::Empty),
            Some(&FORMAT_BYTE) => {}
            Some(_) => return Err(FormatError::NotThisFormat { expected: FORMAT_BYTE, what: "session" }),
        }
        let (expected, found) = (SESSION_LEN, bytes.len());
        if found > expected {
            return Err(FormatError::TooLong { expected, found });
        }
        let truncated = || FormatError::Truncated { needed: expected, found };
        let (header, rest) = bytes.split_first_chunk::<HEADER_LEN>().ok_or_else(truncated)?;
        let (nonce, sealed) = rest.split_first_chunk().ok_or_else(truncated)?;
        let sealed = sealed.try_into().map_err(|_| truncated())?;
        let [_, a, b, c, d, _, _, _, _, _, _, _, _, expires @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] =
            header;
        let authority_key_id = u32::from_be_bytes([*a, *b, *c, *d]);
        Ok(Self { header, authority_key_id, expires: u64::from_be_bytes(*expires), nonce, sealed })
    }
}
