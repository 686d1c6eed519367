//! Values of one kind: their headers differ in nothing but the slots. They share a cipher, whose key schedule is made once.

use std::borrow::Cow;

use crate::{
    aead::{AeadError, Cipher, TAG_LEN},
    format::value::{self, Header, Shape},
    keys::DataKey,
    owner::Owner,
};

/// What the values of one kind have in common.
pub(super) struct Kind {
    pub(super) shape: Shape,
    pub(super) header: Header,
    slots: usize,
    /// What stands before the ciphertext: the header, its slots empty, and room for the nonce.
    pub(super) front: Box<[u8]>,
    cipher: Cipher,
}

impl Kind {
    /// Derives the cipher for values with this header and so many slots.
    pub(super) fn new(key: &DataKey, header: Header, slots: usize) -> Self {
        let cipher = key.cipher(header.algorithm, &header.without_slots(slots));
        Self { shape: Shape::new(&header, slots), header, slots, front: value::front(&header, slots).into(), cipher }
    }

    /// Whether a value of this shape parses.
    #[inline]
    pub(super) fn takes(&self, sealed: &[u8]) -> bool {
        sealed.len() >= self.front.len() + TAG_LEN && (self.slots == 0 || value::has_fit_slots(sealed, self.slots))
    }

    /// Encrypts what stands in `out` behind its front, up to the room for the tag, under the nonce that `draw` writes.
    #[inline(always)]
    pub(super) fn seal<E>(
        &self,
        out: &mut [u8],
        owner: Option<&Owner>,
        draw: impl FnOnce(&mut [u8]) -> Result<(), E>,
    ) -> Result<Result<(), AeadError>, E> {
        let (front, body) = out.split_at_mut_checked(self.front.len()).unwrap_or_default();
        draw(front.get_mut(Header::len(self.slots)..).unwrap_or_default())?;
        let nonce = front.get(Header::len(self.slots)..).unwrap_or_default();
        let slots = front.get(Header::authenticated(self.slots)).unwrap_or_default();
        Ok(self.cipher.seal(nonce, &aad(slots, owner), body))
    }

    /// Decrypts a value of this kind that is whole, into an allocation as long as the plaintext.
    #[inline(always)]
    pub(super) fn open(&self, sealed: &[u8], owner: Option<&Owner>) -> Result<Vec<u8>, AeadError> {
        let (front, body) = sealed.split_at_checked(self.front.len()).ok_or(AeadError)?;
        let nonce = front.get(Header::len(self.slots)..).ok_or(AeadError)?;
        let slots = front.get(Header::authenticated(self.slots)).ok_or(AeadError)?;
        let (ciphertext, tag) = body.split_last_chunk().ok_or(AeadError)?;
        let mut opened = ciphertext.to_vec();
        self.cipher.open(nonce, &aad(slots, owner), ciphertext, tag, &mut opened)?;
        Ok(opened)
    }
}

/// What is authenticated with a value beside its key: `slots`, the bytes of [`Header::authenticated`], and the owner of a
/// bound value. The rest of the header, the field and the scope are part of the key (`DataKey::cipher`), which
/// authenticates them without a byte of AAD for each value.
#[inline]
fn aad<'a>(slots: &'a [u8], owner: Option<&Owner>) -> Cow<'a, [u8]> {
    match owner {
        None => Cow::Borrowed(slots),
        Some(owner) => Cow::Owned([slots, owner.as_bytes()].concat()),
    }
}
