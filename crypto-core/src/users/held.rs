//! What a key holds: private keys, copies of group keys, earlier keys. 32 bytes each, sealed under the holder's key.

use std::fmt;

use subtle::ConstantTimeEq as _;

use super::{
    error::SharingError,
    holder::{Group, Holder, HolderId},
    key::{GroupKey, HolderKey, KeyPlace, UserKey},
};
use crate::{
    aead::{AeadError, Algorithm, Cipher},
    format::held::{HeldKind, HeldParts, NONCE_LEN, header},
    keys::{RandomError, Secret},
    label::Label,
    random,
};

/// Which key it is, and its check value: what is stored beside the copies of a key.
pub struct KeyName<H> {
    place: KeyPlace<H>,
    check: [u8; 32],
}

impl<H: Holder> KeyName<H> {
    /// The name of a key as it was stored, of a holder in the application and scope of `beside`.
    ///
    /// Nothing vouches for it, as a [`GroupRecord`](super::GroupRecord) does for the name that
    /// [`authenticate_group`](super::Authority::authenticate_group) gives: it is for a holder's earlier keys, which the
    /// key after them holds.
    #[must_use]
    pub fn stored<B>(beside: &KeyPlace<B>, holder: HolderId<H>, key_id: u32, version: u32, check: [u8; 32]) -> Self {
        let (application, scope) = (beside.application.clone(), beside.scope.clone());
        Self::new(KeyPlace { application, scope, holder, key_id, version }, check)
    }

    pub(super) const fn new(place: KeyPlace<H>, check: [u8; 32]) -> Self {
        Self { place, check }
    }

    /// Which key it is.
    #[must_use]
    pub const fn place(&self) -> &KeyPlace<H> {
        &self.place
    }

    /// The check value of the key.
    #[must_use]
    pub const fn check(&self) -> &[u8; 32] {
        &self.check
    }

    /// `K ‖ check value`.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = self.place.to_bytes();
        bytes.extend_from_slice(&self.check);
        bytes
    }

    /// The key, if `secret` is it.
    pub(super) fn key(&self, secret: Secret) -> Result<HolderKey<H>, SharingError> {
        let key = HolderKey::new(self.place.clone(), secret);
        if bool::from(key.check_value().ct_eq(&self.check)) { Ok(key) } else { Err(SharingError::OtherKey) }
    }
}

impl<H: Holder> fmt::Debug for KeyName<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyName({:?})", self.place)
    }
}

impl<H> Clone for KeyName<H> {
    fn clone(&self) -> Self {
        Self { place: self.place.clone(), check: self.check }
    }
}

impl<H: Holder> HolderKey<H> {
    /// Which key it is, and its check value: to be stored beside its copies.
    #[must_use]
    pub fn name(&self) -> KeyName<H> {
        KeyName::new(self.place().clone(), self.check_value())
    }

    /// An earlier key of this holder, sealed under this one: 78 bytes. Whoever opens this key reads what was sealed under
    /// the earlier one while it is sealed anew.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn hold_earlier(&self, earlier: &Self) -> Result<Vec<u8>, RandomError> {
        hold(self, HeldKind::EarlierKey, &earlier.name().to_bytes(), earlier.secret())
    }

    /// Opens what [`hold_earlier`](Self::hold_earlier) gave. Only who knew both keys can have made it: what is not held by a
    /// group's next key is no key before it.
    ///
    /// # Errors
    /// [`SharingError`] if it is another key, one of another holder or no earlier one, or was altered.
    pub fn open_earlier(&self, earlier: &KeyName<H>, held: &[u8]) -> Result<Self, SharingError> {
        if !earlier.place.is_before(self.place()) {
            return Err(SharingError::OtherKey);
        }
        earlier.key(open(self, HeldKind::EarlierKey, &earlier.to_bytes(), held)?)
    }
}

impl UserKey {
    /// A member's copy of a group's key, 78 bytes: made at the first use of a share, so that the public-key operation
    /// happens once.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn hold_group_key(&self, group: &GroupKey) -> Result<Vec<u8>, RandomError> {
        hold(self, HeldKind::GroupKey, &group.name().to_bytes(), group.secret())
    }

    /// Opens what [`hold_group_key`](Self::hold_group_key) gave.
    ///
    /// # Errors
    /// [`SharingError`] if it is another key, or was altered.
    pub fn open_group_key(&self, group: &KeyName<Group>, held: &[u8]) -> Result<GroupKey, SharingError> {
        group.key(open(self, HeldKind::GroupKey, &group.to_bytes(), held)?)
    }
}

/// `what` says which 32 bytes they are: part of the AAD.
pub(super) fn hold<H: Holder>(
    key: &HolderKey<H>,
    kind: HeldKind,
    what: &[u8],
    secret: &Secret,
) -> Result<Vec<u8>, RandomError> {
    let header = header(kind, key.place().key_id());
    let mut nonce = [0; NONCE_LEN];
    random::fill(&mut nonce)?;
    let Ok(sealed) = cipher(key).seal_key(&nonce, &aad(&header, what), secret) else {
        unreachable!("32 bytes can be sealed")
    };
    Ok([&header[..], &nonce, &sealed].concat())
}

pub(super) fn open<H: Holder>(
    key: &HolderKey<H>,
    kind: HeldKind,
    what: &[u8],
    held: &[u8],
) -> Result<Secret, SharingError> {
    let parts = HeldParts::parse(held)?;
    if (parts.kind, parts.key_id) != (kind as u8, key.place().key_id()) {
        return Err(SharingError::Closed);
    }
    let opened = cipher(key).open_key(parts.nonce, &aad(parts.header, what), parts.sealed);
    opened.map_err(|AeadError| SharingError::Closed)
}

/// XAES-256-GCM under `HKDF-Expand(key, "diesel-encrypted/1 held" ‖ K, 32)`.
fn cipher<H: Holder>(key: &HolderKey<H>) -> Cipher {
    Cipher::new(Algorithm::Xaes256Gcm, &key.subkey(Label::Held, &key.place().to_bytes()))
}

fn aad(header: &[u8], what: &[u8]) -> Vec<u8> {
    [Label::Held.as_bytes(), header, what].concat()
}
