//! RFC 9180's own vector, through the code that seals shares.

use diesel_encrypted_core::hazmat;
use diesel_encrypted_tests::vectors::{hex, to_hex};

/// RFC 9180, appendix A.2.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, ChaCha20-Poly1305, base mode, sequence number 0.
#[test]
fn rfc_9180_a_2_1_is_sealed_and_opened() {
    let info = hex("4f6465206f6e2061204772656369616e2055726e");
    let random = hex("909a9b35d3dc4713a5e72a4da274b55d3d3821a37e5d099e74a647db583a904b").try_into().unwrap();
    let public = hex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a");
    let private = hex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb");
    let plaintext = hex("4265617574792069732074727574682c20747275746820626561757479");
    let aad = hex("436f756e742d30");

    let (encapsulated, sealed) = hazmat::hpke_seal(&public, &info, &aad, &plaintext, random).unwrap();
    assert_eq!(to_hex(&encapsulated), "1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a");
    assert_eq!(
        to_hex(&sealed),
        "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
    );
    assert_eq!(hazmat::hpke_open(&private, &encapsulated, &info, &aad, &sealed), Some(plaintext));
    assert_eq!(hazmat::hpke_open(&private, &encapsulated, b"other", &aad, &sealed), None);
}
