//! A group's key for one member: sealed to their public key by HPKE, and signed by whoever shares.
//!
//! HPKE's base mode alone would let anyone plant a key. The signature covers everything; what it is sealed for is the
//! `info`, so that a share opens for its recipient, as this key of this group, or not at all.

use super::{
    error::SharingError,
    held::KeyName,
    holder::Group,
    hybrid::Suite,
    identity::{SIGNATURE_LEN, verify},
    key::GroupKey,
    member::{Contact, Member},
};
use crate::{
    aead::TAG_LEN,
    format::FormatError,
    keys::{Secret, lp},
    label::Label,
    random,
};

/// The byte that begins every share.
const FORMAT_BYTE: u8 = 0xE5;
const SEALED_LEN: usize = Secret::LEN + TAG_LEN;

impl Member {
    /// Shares a group's key with `recipient`: `0xE5 ‖ suite ‖ encapsulated key ‖ 32 ciphertext ‖ 16 tag ‖ signature 64`,
    /// 146 bytes with X25519, 1,234 with X-Wing.
    ///
    /// What is shared with one user is a group with one more member. Nobody's password is needed.
    ///
    /// # Errors
    /// [`SharingError::PublicKey`] if the recipient's key is none, or there are no random bytes.
    pub fn share(&self, group: &GroupKey, recipient: &Contact) -> Result<Vec<u8>, SharingError> {
        let suite = recipient.encryption.suite();
        let info = info(suite, self, recipient, &group.name());
        let mut rng = random::fresh()?;
        let (encapsulated, sealed) = recipient.encryption.seal(&info, group.secret().expose_bytes(), &[], &mut rng)?;
        let mut share = [&[FORMAT_BYTE, suite as u8], &*encapsulated, &*sealed].concat();
        let signature = self.identity.sign(&message(&info, &share));
        share.extend_from_slice(&signature);
        Ok(share)
    }

    /// Opens a share that `sender` made for this user: the key of `group`, and no other.
    ///
    /// Check the sender's [`Pin`](super::Pin) first, and then keep a copy under the user's own key
    /// ([`hold_group_key`](super::HolderKey::hold_group_key)).
    ///
    /// # Errors
    /// [`SharingError`] if it is no share, not signed by the sender, not for this user, or holds another key.
    pub fn open_share(&self, group: &KeyName<Group>, sender: &Contact, share: &[u8]) -> Result<GroupKey, SharingError> {
        let parts = Parts::parse(share)?;
        if parts.suite != self.encryption.public().suite() {
            return Err(SharingError::Closed);
        }
        let info = info(parts.suite, sender, self, group);
        if !verify(&sender.identity, &message(&info, parts.signed), parts.signature) {
            return Err(SharingError::NotSigned);
        }
        let opened = self.encryption.open(parts.encapsulated, &info, parts.sealed, &[])?;
        group.key(Secret::from_slice(&opened).ok_or(SharingError::Closed)?)
    }
}

/// Someone in the `info` of a share: typed id, and fingerprint of their identity.
trait Party {
    fn party(&self) -> (&[u8], [u8; 32]);
}

impl Party for Member {
    fn party(&self) -> (&[u8], [u8; 32]) {
        (self.user().as_bytes(), self.fingerprint())
    }
}

impl Party for Contact {
    fn party(&self) -> (&[u8], [u8; 32]) {
        (self.user.as_bytes(), self.fingerprint)
    }
}

/// `"diesel-encrypted/1 share" ‖ suite ‖ lp(sender) ‖ sender's fingerprint ‖ lp(recipient) ‖ recipient's fingerprint ‖
/// K of the group's key ‖ check value`.
fn info(suite: Suite, sender: &impl Party, recipient: &impl Party, group: &KeyName<Group>) -> Vec<u8> {
    let mut info = [Label::Share.as_bytes(), &[suite as u8]].concat();
    for (id, fingerprint) in [sender.party(), recipient.party()] {
        lp(&mut info, id);
        info.extend_from_slice(&fingerprint);
    }
    info.extend_from_slice(&group.to_bytes());
    info
}

/// `"diesel-encrypted/1 signed share" ‖ lp(info) ‖ lp(the share up to the signature)`.
fn message(info: &[u8], share: &[u8]) -> Vec<u8> {
    let mut message = Label::SignedShare.as_bytes().to_vec();
    lp(&mut message, info);
    lp(&mut message, share);
    message
}

struct Parts<'a> {
    suite: Suite,
    encapsulated: &'a [u8],
    sealed: &'a [u8],
    /// All of the above.
    signed: &'a [u8],
    signature: &'a [u8; SIGNATURE_LEN],
}

impl<'a> Parts<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let (&[format, suite], _) = bytes.split_first_chunk().ok_or(match bytes.len() {
            0 => FormatError::Empty,
            found => FormatError::Truncated { needed: 2, found },
        })?;
        if format != FORMAT_BYTE {
            return Err(FormatError::NotThisFormat { expected: FORMAT_BYTE, what: "share" });
        }
        let suite = Suite::parse(suite)?;
        let (expected, found) = (2 + suite.encapsulated_len() + SEALED_LEN + SIGNATURE_LEN, bytes.len());
        if found > expected {
            return Err(FormatError::TooLong { expected, found });
        }
        let truncated = || FormatError::Truncated { needed: expected, found };
        let (signed, signature) = bytes.split_last_chunk().filter(|_| found == expected).ok_or_else(truncated)?;
        let (_, rest) = signed.split_at_checked(2).ok_or_else(truncated)?;
        let (encapsulated, sealed) = rest.split_at_checked(suite.encapsulated_len()).ok_or_else(truncated)?;
        Ok(Self { suite, encapsulated, sealed, signed, signature })
    }
}
