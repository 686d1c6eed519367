//! The three algorithms a value can be sealed with.

/// An algorithm of authenticated encryption, as its number in a sealed value's header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum Algorithm {
    /// AES-256-GCM (NIST SP 800-38D), 96-bit random nonce: at most 2^32 values a key.
    Aes256Gcm = 1,
    /// XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), 192-bit random nonce.
    XChaCha20Poly1305 = 2,
    /// XAES-256-GCM (C2SP XAES-256-GCM v1), 192-bit random nonce.
    Xaes256Gcm = 3,
}
