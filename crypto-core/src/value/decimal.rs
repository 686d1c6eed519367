//! The text of decimal numbers, shared by the crates that hold them and by the blind index.
//!
//! A sealed decimal keeps its scale: `1.50` stays `1.50`. With a scale from 0 to 64 it is written plainly, otherwise as its
//! digits and an exponent, `15E+70` or `15E-70`, so that no exponent makes a long text. The blind index writes equal numbers equally:
//! without a leading or trailing zero that does not count, plainly if the last digit that counts stands within 64 places
//! of the point on either side. Zero has no sign.

use std::borrow::Cow;
use std::io::Write;

/// How far from the point a number is still written plainly.
const PLAIN: i128 = 64;

/// No exponent lies beyond this: exponents and lengths are then added without overflow.
const EXPONENT_MAX: i128 = 1 << 64;

/// A decimal number as its text has it: `digits × 10^-scale`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Decimal<'a> {
    negative: bool,
    /// At least one, all ASCII digits.
    digits: Cow<'a, [u8]>,
    scale: i128,
}

impl<'a> Decimal<'a> {
    /// A number of these ASCII digits.
    #[cfg(any(feature = "bigdecimal", feature = "rust_decimal", test))]
    pub(super) const fn new(negative: bool, digits: &'a [u8], scale: i128) -> Self {
        Self { negative, digits: Cow::Borrowed(digits), scale }
    }

    /// Reads `[+-]digits[.digits][E[+-]digits]`.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let (negative, text) = sign(text);
        let (number, exponent) = match text.iter().position(|byte| matches!(byte, b'e' | b'E')) {
            Some(at) => (text.get(..at)?, exponent(text.get(at + 1..)?)?),
            None => (text, 0),
        };
        let (digits, fraction) = match number.iter().position(|&byte| byte == b'.') {
            Some(at) => {
                let (whole, fraction) = (number.get(..at)?, number.get(at + 1..)?);
                if whole.is_empty() || fraction.is_empty() {
                    return None;
                }
                (Cow::Owned([whole, fraction].concat()), fraction.len())
            }
            None => (Cow::Borrowed(number), 0),
        };
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        Some(Self { negative, digits, scale: i128::try_from(fraction).ok()? - exponent })
    }

    /// The same number without zeros that do not count: no leading ones, no trailing ones, and zero as `0` of scale 0.
    pub(crate) fn reduced(&self) -> Decimal<'_> {
        let significant = self.digits.trim_ascii_start_zeros();
        let digits = significant.trim_ascii_end_zeros();
        if digits.is_empty() {
            return Decimal { negative: false, digits: Cow::Borrowed(b"0"), scale: 0 };
        }
        let dropped = significant.len() - digits.len();
        let scale = self.scale - i128::try_from(dropped).unwrap_or(EXPONENT_MAX);
        Decimal { negative: self.negative, digits: Cow::Borrowed(digits), scale }
    }

    /// The text of the number, equal for equal numbers.
    pub(crate) fn canonical(&self) -> Vec<u8> {
        let mut reduced = self.reduced();
        if (-PLAIN..0).contains(&reduced.scale) {
            let zeros = usize::try_from(-reduced.scale).unwrap_or(0);
            let digits = reduced.digits.to_mut();
            digits.resize(digits.len() + zeros, b'0');
            reduced.scale = 0;
        }
        let mut out = Vec::with_capacity(reduced.written_len());
        reduced.write(&mut out);
        out
    }

    /// The length of what [`Decimal::write`] writes, or a little more.
    pub(super) fn written_len(&self) -> usize {
        /// A sign, a point, `E`, another sign and the digits of an exponent.
        const REST: usize = 2 + 2 + 20;
        let leading = if (0..=PLAIN).contains(&self.scale) { usize::try_from(self.scale).unwrap_or(0) } else { 0 };
        self.digits.len().max(leading + 1) + REST
    }

    /// Writes the number with its scale.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if self.negative && self.digits.iter().any(|&digit| digit != b'0') {
            out.push(b'-');
        }
        if !(0..=PLAIN).contains(&self.scale) {
            out.extend_from_slice(&self.digits);
            // Writing to a Vec cannot fail.
            let _ = write!(out, "E{:+}", -self.scale);
            return;
        }
        let fraction = usize::try_from(self.scale).unwrap_or(0);
        let missing = (fraction + 1).saturating_sub(self.digits.len());
        let start = out.len();
        out.resize(start + missing, b'0');
        out.extend_from_slice(&self.digits);
        if fraction > 0 {
            out.insert(out.len() - fraction, b'.');
        }
    }

    #[cfg(any(feature = "bigdecimal", feature = "rust_decimal"))]
    pub(super) const fn is_negative(&self) -> bool {
        self.negative
    }

    #[cfg(any(feature = "bigdecimal", feature = "rust_decimal"))]
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits
    }

    #[cfg(any(feature = "bigdecimal", feature = "rust_decimal"))]
    pub(super) const fn scale(&self) -> i128 {
        self.scale
    }
}

/// Whether the number is negative, and what follows its sign.
fn sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

fn exponent(text: &[u8]) -> Option<i128> {
    let (negative, digits) = sign(text);
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let exponent: i128 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (exponent <= EXPONENT_MAX).then_some(if negative { -exponent } else { exponent })
}

/// Slices without the zeros at an end.
trait TrimZeros {
    fn trim_ascii_start_zeros(&self) -> &[u8];
    fn trim_ascii_end_zeros(&self) -> &[u8];
}

impl TrimZeros for [u8] {
    fn trim_ascii_start_zeros(&self) -> &[u8] {
        let zeros = self.iter().take_while(|&&digit| digit == b'0').count();
        self.get(zeros..).unwrap_or_default()
    }

    fn trim_ascii_end_zeros(&self) -> &[u8] {
        let zeros = self.iter().rev().take_while(|&&digit| digit == b'0').count();
        self.get(..self.len() - zeros).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn canonical(text: &str) -> String {
        String::from_utf8(Decimal::parse(text.as_bytes()).unwrap().canonical()).unwrap()
    }

    fn written(number: &Decimal<'_>) -> String {
        let mut out = Vec::new();
        number.write(&mut out);
        assert!(out.len() <= number.written_len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn equal_numbers_have_one_canonical_text() {
        for text in ["1.5", "1.50", "+1.5", "01.5", "15E-1", "15e-1", "0.015E+2", "1.5E0", "0.000015E5"] {
            assert_eq!(canonical(text), "1.5", "{text}");
        }
        for text in ["0", "-0", "0.00", "-0.0E-99", "0E+18446744073709551615", "000"] {
            assert_eq!(canonical(text), "0", "{text}");
        }
        for text in ["-1200", "-12E2", "-1200.000", "-0.12E4"] {
            assert_eq!(canonical(text), "-1200", "{text}");
        }
    }

    #[test]
    fn a_far_exponent_stays_an_exponent() {
        assert_eq!(canonical("1E64").len(), 65);
        assert_eq!(canonical("1E65"), "1E+65");
        assert_eq!(canonical("10E64"), "1E+65");
        assert_eq!(canonical("1E-64").len(), 66);
        assert_eq!(canonical("1E-65"), "1E-65");
        assert_eq!(canonical("-15E9223372036854775808"), "-15E+9223372036854775808");
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "",
            "-",
            "+",
            ".",
            "1.",
            ".5",
            "1..5",
            "1.5.",
            "--1",
            "E5",
            "1E",
            "1E+",
            "1E1.5",
            "1E++5",
            "1e5e5",
            " 1",
            "1_0",
            "0x1",
            "NaN",
            "inf",
            "1E99999999999999999999",
            "1E-99999999999999999999",
            "١",
        ] {
            assert_eq!(Decimal::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_sealed_number_keeps_its_scale() {
        assert_eq!(written(&Decimal::new(false, b"150", 2)), "1.50");
        assert_eq!(written(&Decimal::new(true, b"5", 3)), "-0.005");
        assert_eq!(written(&Decimal::new(true, b"0", 2)), "0.00");
        assert_eq!(written(&Decimal::new(false, b"15", 0)), "15");
        assert_eq!(written(&Decimal::new(false, b"15", -3)), "15E+3");
        assert_eq!(written(&Decimal::new(false, b"15", 65)), "15E-65");
        assert_eq!(written(&Decimal::new(true, b"15", -i128::from(i64::MIN))), "-15E-9223372036854775808");
    }

    #[test]
    fn what_is_written_is_read_back() {
        for (digits, scale) in [(&b"150"[..], 2), (b"0", 64), (b"7", 64), (b"7", 65), (b"70", -1), (b"1", 1 << 63)] {
            let number = Decimal::new(false, digits, scale);
            let text = written(&number);
            let read = Decimal::parse(text.as_bytes()).unwrap();
            assert_eq!((read.scale, read.reduced()), (scale, number.reduced()));
        }
    }
}
