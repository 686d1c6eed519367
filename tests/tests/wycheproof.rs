//! Project Wycheproof's vectors against the algorithms exactly as sealing calls them.
//!
//! With the feature `aws-lc-rs` the same vectors run on that engine. Each test states how many vectors it ran, so that a
//! filter that matches nothing cannot pass.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    missing_docs,
    reason = "a vector that cannot be read must stop the test"
)]

use diesel_encrypted::Algorithm;
use diesel_encrypted_core::hazmat;
use wycheproof::{TestResult, aead, hkdf, mac};

/// Runs the vectors of the set that have a 256-bit key, a nonce of `nonce_bits` and a 128-bit tag.
fn run_aead(name: aead::TestName, algorithm: Algorithm, nonce_bits: usize) -> usize {
    let set = aead::TestSet::load(name).unwrap();
    let groups = set.test_groups.iter().filter(|group| group.key_size == 256 && group.tag_size == 128);
    let mut count = 0;
    for test in groups.filter(|group| group.nonce_size == nonce_bits).flat_map(|group| &group.tests) {
        let case = format!("{algorithm:?}, vector {}: {}", test.tc_id, test.comment);
        let key: &[u8; 32] = test.key.as_ref().try_into().unwrap();
        let sealed = [&test.ct[..], &test.tag[..]].concat();
        let opened = hazmat::open(algorithm, key, &test.nonce, &test.aad, &sealed);
        match test.result {
            TestResult::Invalid => assert_eq!(opened, None, "{case} must not open"),
            TestResult::Valid | TestResult::Acceptable => {
                assert_eq!(
                    hazmat::seal(algorithm, key, &test.nonce, &test.aad, &test.pt).as_ref(),
                    Some(&sealed),
                    "{case} seals"
                );
                assert_eq!(opened.as_deref(), Some(&test.pt[..]), "{case} opens");

                let mut altered = sealed.clone();
                altered[0] ^= 1;
                assert_eq!(hazmat::open(algorithm, key, &test.nonce, &test.aad, &altered), None, "{case}, altered");
                let aad = [&test.aad[..], &[0]].concat();
                assert_eq!(hazmat::open(algorithm, key, &test.nonce, &aad, &sealed), None, "{case}, other AAD");
            }
        }
        count += 1;
    }
    count
}

#[test]
fn aes_256_gcm_agrees_with_wycheproof() {
    assert_eq!(run_aead(aead::TestName::AesGcm, Algorithm::Aes256Gcm, 96), 66);
}

#[test]
fn xchacha20_poly1305_agrees_with_wycheproof() {
    assert_eq!(run_aead(aead::TestName::XChaCha20Poly1305, Algorithm::XChaCha20Poly1305, 192), 306);
}

#[test]
fn a_nonce_of_another_length_is_refused() {
    let sets = [
        (aead::TestName::AesGcm, Algorithm::Aes256Gcm, 96),
        (aead::TestName::XChaCha20Poly1305, Algorithm::XChaCha20Poly1305, 192),
    ];
    for (name, algorithm, nonce_bits) in sets {
        let set = aead::TestSet::load(name).unwrap();
        let groups = set.test_groups.iter().filter(|group| group.key_size == 256 && group.nonce_size != nonce_bits);
        let mut count = 0;
        for test in groups.flat_map(|group| &group.tests) {
            let key: &[u8; 32] = test.key.as_ref().try_into().unwrap();
            let sealed = [&test.ct[..], &test.tag[..]].concat();
            assert_eq!(hazmat::open(algorithm, key, &test.nonce, &test.aad, &sealed), None, "vector {}", test.tc_id);
            assert_eq!(hazmat::seal(algorithm, key, &test.nonce, &test.aad, &test.pt), None, "vector {}", test.tc_id);
            count += 1;
        }
        assert!(count >= 9, "{algorithm:?}: only {count} vectors");
    }
}

#[test]
fn hmac_sha256_agrees_with_wycheproof() {
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    let mut count = 0;
    for group in &set.test_groups {
        for test in &group.tests {
            let tag = hazmat::hmac_sha256(&test.key, &test.msg);
            let agrees = tag[..group.tag_size / 8] == test.tag[..];
            assert_eq!(agrees, !test.result.must_fail(), "vector {}: {}", test.tc_id, test.comment);
            count += 1;
        }
    }
    assert_eq!(count, 174);
}

/// HKDF-Extract is HMAC with the salt as its key (RFC 5869, 2.2), so the vectors of the whole reach our Expand. Those that
/// ask for more than 255 blocks cannot: our lengths are constants of 32 bytes.
#[test]
fn hkdf_sha256_agrees_with_wycheproof() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).unwrap();
    let mut count = 0;
    for test in set.test_groups.iter().flat_map(|group| &group.tests).filter(|test| !test.result.must_fail()) {
        let prk = hazmat::hmac_sha256(&test.salt, &test.ikm);
        let okm = hazmat::hkdf_expand(&prk, &test.info, test.size);
        assert_eq!(okm, test.okm.to_vec(), "vector {}: {}", test.tc_id, test.comment);
        count += 1;
    }
    assert_eq!(count, 83);
}
