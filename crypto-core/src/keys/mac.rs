//! HMAC-SHA256 (RFC 2104, FIPS 198-1) and HKDF-SHA256-Expand (RFC 5869, section 2.3): how subkeys, check values and row
//! MACs are made. Keys are uniform, so HKDF's extract step, which makes them so, is not needed (RFC 5869, section 3.3).

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::secret::Secret;
use crate::label::Label;

/// The HMAC of this crate, with its key schedule done.
pub(crate) type HmacSha256 = Hmac<Sha256>;

/// `HKDF-Expand(key, label ‖ info, 32)`.
pub(crate) fn subkey(key: &Secret, label: Label, info: &[u8]) -> Secret {
    let mut out = Secret::zero();
    expand(key.expose_bytes(), &[label.as_bytes(), info], out.as_mut());
    out
}

/// `HKDF-Expand(key, info, out.len())`.
pub(crate) fn expand(key: &[u8; 32], info: &[&[u8]], out: &mut [u8]) {
    // `from_prk` refuses keys shorter than the hash, and `expand` outputs longer than 255 hashes: neither happens here.
    let Ok(hkdf) = hkdf::Hkdf::<Sha256>::from_prk(key) else { unreachable!("a key is 32 bytes") };
    let Ok(()) = hkdf.expand_multi_info(info, out) else { unreachable!("the output is short") };
}

/// `HKDF-Extract(salt, secret)` (RFC 5869, section 2.2): a uniform key of what has enough entropy and is not uniform.
#[cfg(feature = "users")]
pub(crate) fn extract(salt: &[u8], secret: &[u8]) -> Secret {
    let mut key = Secret::zero();
    key.as_mut().copy_from_slice(&*zeroize::Zeroizing::new(tag(&hmac(salt), secret)));
    key
}

/// HMAC-SHA256 under `key`, ready for many messages.
pub(crate) fn hmac(key: &[u8]) -> HmacSha256 {
    // RFC 2104 takes keys of any length, and so does the crate.
    let Ok(hmac) = HmacSha256::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    hmac
}

/// The MAC of one message.
#[inline]
pub(crate) fn tag(hmac: &HmacSha256, message: &[u8]) -> [u8; 32] {
    let mut mac = hmac.clone();
    mac.update(message);
    mac.finalize().into_bytes().into()
}
