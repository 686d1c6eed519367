//! The vectors of C2SP XAES-256-GCM v1 (<https://c2sp.org/XAES-256-GCM>) against the algorithm as sealing calls it.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at what it did not expect"
)]

use diesel_encrypted::Algorithm;
use diesel_encrypted_core::hazmat;
use shake::{ExtendableOutput, Shake128, Update, XofReader};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn assert_vector(key: [u8; 32], aad: &[u8], expected: &str) {
    let (nonce, plaintext) = (b"ABCDEFGHIJKLMNOPQRSTUVWX", b"XAES-256-GCM");
    let sealed = hazmat::seal(Algorithm::Xaes256Gcm, &key, nonce, aad, plaintext).unwrap();
    assert_eq!(hex(&sealed), expected);
    assert_eq!(hazmat::open(Algorithm::Xaes256Gcm, &key, nonce, aad, &sealed).unwrap(), plaintext);
    for at in 0..sealed.len() {
        let mut altered = sealed.clone();
        altered[at] ^= 0x80;
        assert_eq!(hazmat::open(Algorithm::Xaes256Gcm, &key, nonce, aad, &altered), None, "byte {at} altered");
    }
}

/// The most significant bit of L = AES(key, 0) is 0: K1 is a plain doubling.
#[test]
fn the_vector_without_a_carry_holds() {
    assert_vector([1; 32], b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271");
}

/// The most significant bit of L is 1: the doubling reduces.
#[test]
fn the_vector_with_a_carry_holds() {
    assert_vector([3; 32], b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d");
}

/// Ten thousand keys, nonces, plaintexts and AADs drawn from SHAKE128 of nothing; the hash of all ciphertexts is known.
#[test]
fn ten_thousand_accumulated_vectors_hold() {
    let mut source = Shake128::default().finalize_xof();
    let mut collected = Shake128::default();
    let mut draw = |length: usize| {
        let mut bytes = vec![0; length];
        source.read(&mut bytes);
        bytes
    };
    for _ in 0..10_000 {
        let key: [u8; 32] = draw(32).try_into().unwrap();
        let nonce = draw(24);
        let length = draw(1)[0];
        let plaintext = draw(length.into());
        let length = draw(1)[0];
        let aad = draw(length.into());
        let sealed = hazmat::seal(Algorithm::Xaes256Gcm, &key, &nonce, &aad, &plaintext).unwrap();
        assert_eq!(hazmat::open(Algorithm::Xaes256Gcm, &key, &nonce, &aad, &sealed).unwrap(), plaintext);
        collected.update(&sealed);
    }
    let mut digest = [0; 32];
    collected.finalize_xof().read(&mut digest);
    assert_eq!(hex(&digest), "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}
