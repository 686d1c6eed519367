//! Padding to a bucket (ISO/IEC 7816-4), so that the length of a sealed value tells less of the plaintext's.
//!
//! `0x80`, then zeros, up to the next multiple of the bucket: at least one byte, and a whole bucket when the length was a
//! multiple already. It is removed only after the value was authenticated, so it is no oracle.

use super::DecodeError;

/// The byte that ends the value and begins its padding.
const MARK: u8 = 0x80;

/// The length of `len` bytes once they are padded.
#[must_use]
pub const fn padded_len(len: usize, bucket: u32) -> usize {
    let bucket = if bucket == 0 { 1 } else { bucket as usize };
    len - len % bucket + bucket
}

/// Pads what stands in `out` from `start` on to a multiple of `bucket` bytes.
pub fn pad(out: &mut Vec<u8>, start: usize, bucket: u32) {
    let padded = start + padded_len(out.len().saturating_sub(start), bucket);
    out.push(MARK);
    out.resize(padded, 0);
}

/// Removes the padding.
///
/// # Errors
/// [`DecodeError::Padding`] if there is none.
pub fn unpad(bytes: &mut Vec<u8>) -> Result<(), DecodeError> {
    let mark = bytes.iter().rposition(|&byte| byte != 0).ok_or(DecodeError::Padding)?;
    if bytes.get(mark) != Some(&MARK) {
        return Err(DecodeError::Padding);
    }
    bytes.truncate(mark);
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use proptest::prelude::*;

    use super::*;

    fn padded(value: &[u8], bucket: u32) -> Vec<u8> {
        let mut out = value.to_vec();
        pad(&mut out, 0, bucket);
        out
    }

    #[test]
    fn a_value_is_padded_to_the_next_multiple() {
        assert_eq!(padded(b"", 4), [0x80, 0, 0, 0]);
        assert_eq!(padded(b"abc", 4), *b"abc\x80");
        assert_eq!(padded(b"abcd", 4), *b"abcd\x80\0\0\0");
    }

    #[test]
    fn what_stands_before_the_value_does_not_count() {
        let mut out = b"head".to_vec();
        out.extend_from_slice(b"abcde");
        pad(&mut out, 4, 8);
        assert_eq!(out, b"headabcde\x80\0\0");
    }

    #[test]
    fn bytes_without_padding_are_refused() {
        for bytes in [&b""[..], b"\0", b"\0\0\0\0", b"abc", b"abc\0", b"\x81", b"\x80a"] {
            assert_eq!(unpad(&mut bytes.to_vec()), Err(DecodeError::Padding));
        }
    }

    #[test]
    fn a_value_that_looks_like_padding_is_kept() {
        let mut bytes = padded(b"a\x80\0\0", 4);
        unpad(&mut bytes).unwrap();
        assert_eq!(bytes, b"a\x80\0\0");
    }

    proptest! {
        #[test]
        fn padding_comes_off_again(value: Vec<u8>, bucket in 0_u32..300) {
            let mut bytes = padded(&value, bucket);
            prop_assert_eq!(bytes.len(), padded_len(value.len(), bucket));
            prop_assert_eq!(bytes.len() % bucket.max(1) as usize, 0);
            prop_assert!(bytes.len() > value.len() && bytes.len() - value.len() <= bucket.max(1) as usize);
            unpad(&mut bytes).unwrap();
            prop_assert_eq!(bytes, value);
        }

        #[test]
        fn arbitrary_bytes_never_panic(mut bytes: Vec<u8>) {
            let _ = unpad(&mut bytes);
        }
    }
}
