//! The text of dates and times, shared by the crates that hold them, so that their bytes cannot differ.
//!
//! RFC 3339, section 5.6, in one form only: nine digits of a second, `T` between date and time, and `Z` after an instant.
//! A local date and time ends where the offset would stand. Every form has one length, so no length tells a date.

use zeroize::Zeroizing;

use super::{Class, DecodeError, EncodeError, expect_class};

/// `2024-02-29`
pub(super) const DATE_LEN: usize = 10;
/// `23:59:60.000000001`
pub(super) const CLOCK_LEN: usize = 18;
/// `2024-02-29T23:59:60.000000001`
pub(super) const LOCAL_LEN: usize = DATE_LEN + 1 + CLOCK_LEN;
/// `2024-02-29T23:59:60.000000001Z`
pub(super) const INSTANT_LEN: usize = LOCAL_LEN + 1;

/// The last year that RFC 3339 can write.
const YEAR_MAX: u16 = 9999;

/// A date of which only the digits are known to be digits: the type that takes it decides whether it exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Date {
    pub(super) year: u16,
    pub(super) month: u8,
    pub(super) day: u8,
}

impl Date {
    /// Refuses a year that RFC 3339 cannot write.
    pub(super) fn new(year: i32, month: u8, day: u8) -> Result<Self, EncodeError> {
        match u16::try_from(year) {
            Ok(year) if year <= YEAR_MAX => Ok(Self { year, month, day }),
            _ => Err(EncodeError::DateOutOfRange),
        }
    }
}

/// A time of day of which only the digits are known to be digits. Second 60 is a leap second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: u8,
    pub(super) nanosecond: u32,
}

pub(super) fn write_date(out: &mut Vec<u8>, date: Date) {
    write_digits::<4>(out, u32::from(date.year));
    out.push(b'-');
    write_digits::<2>(out, u32::from(date.month));
    out.push(b'-');
    write_digits::<2>(out, u32::from(date.day));
}

pub(super) fn write_clock(out: &mut Vec<u8>, clock: Clock) {
    write_digits::<2>(out, u32::from(clock.hour));
    out.push(b':');
    write_digits::<2>(out, u32::from(clock.minute));
    out.push(b':');
    write_digits::<2>(out, u32::from(clock.second));
    out.push(b'.');
    write_digits::<9>(out, clock.nanosecond);
}

pub(super) fn write_local(out: &mut Vec<u8>, date: Date, clock: Clock) {
    write_date(out, date);
    out.push(b'T');
    write_clock(out, clock);
}

/// The date and time are UTC.
pub(super) fn write_instant(out: &mut Vec<u8>, date: Date, clock: Clock) {
    write_local(out, date, clock);
    out.push(b'Z');
}

/// What `read` makes of a value's bytes, which are then wiped.
pub(super) fn decode<T>(
    class: Class,
    bytes: Vec<u8>,
    read: fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    let bytes = Zeroizing::new(bytes);
    expect_class(Class::Time, class)?;
    read(&bytes)
}

pub(super) fn read_date(bytes: &[u8]) -> Result<Date, DecodeError> {
    date(bytes).ok_or(DecodeError::Invalid(Class::Time))
}

pub(super) fn read_clock(bytes: &[u8]) -> Result<Clock, DecodeError> {
    clock(bytes).ok_or(DecodeError::Invalid(Class::Time))
}

pub(super) fn read_local(bytes: &[u8]) -> Result<(Date, Clock), DecodeError> {
    local(bytes).ok_or(DecodeError::Invalid(Class::Time))
}

/// The date and time are UTC.
pub(super) fn read_instant(bytes: &[u8]) -> Result<(Date, Clock), DecodeError> {
    bytes.strip_suffix(b"Z").and_then(local).ok_or(DecodeError::Invalid(Class::Time))
}

fn local(bytes: &[u8]) -> Option<(Date, Clock)> {
    let (day, rest) = bytes.split_at_checked(DATE_LEN)?;
    Some((date(day)?, clock(rest.strip_prefix(b"T")?)?))
}

fn date(bytes: &[u8]) -> Option<Date> {
    let [year @ .., b'-', m1, m0, b'-', d1, d0] = bytes else { return None };
    if year.len() != 4 {
        return None;
    }
    Some(Date {
        year: u16::try_from(number(year)?).ok()?,
        month: u8::try_from(number(&[*m1, *m0])?).ok()?,
        day: u8::try_from(number(&[*d1, *d0])?).ok()?,
    })
}

fn clock(bytes: &[u8]) -> Option<Clock> {
    let [h1, h0, b':', m1, m0, b':', s1, s0, b'.', fraction @ ..] = bytes else { return None };
    if fraction.len() != 9 {
        return None;
    }
    Some(Clock {
        hour: u8::try_from(number(&[*h1, *h0])?).ok()?,
        minute: u8::try_from(number(&[*m1, *m0])?).ok()?,
        second: u8::try_from(number(&[*s1, *s0])?).ok()?,
        nanosecond: number(fraction)?,
    })
}

/// Whether it is one of the four forms.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    date(bytes).is_some() || clock(bytes).is_some() || local(bytes.strip_suffix(b"Z").unwrap_or(bytes)).is_some()
}

/// One of the four forms from what SQL has for it: a space for `T`, up to nine digits of a second, `+00` for `Z`.
pub(super) fn from_sql(text: &[u8]) -> Option<Vec<u8>> {
    if date(text).is_some() {
        return Some(text.to_vec());
    }
    let offsets: [&[u8]; 4] = [b"Z", b"+00:00", b"+0000", b"+00"];
    let instant = offsets.into_iter().find_map(|offset| text.strip_suffix(offset));
    let local_time = instant.unwrap_or(text);
    let mut out = Vec::with_capacity(INSTANT_LEN);
    let clock_from = match local_time.get(DATE_LEN) {
        Some(b' ' | b'T') => {
            out.extend_from_slice(local_time.get(..DATE_LEN)?);
            out.push(b'T');
            DATE_LEN + 1
        }
        _ => 0,
    };
    let clock = local_time.get(clock_from..)?;
    let (seconds, fraction) = match clock.iter().position(|byte| *byte == b'.') {
        Some(point) => (clock.get(..point)?, clock.get(point + 1..)?),
        None => (clock, &b""[..]),
    };
    out.extend_from_slice(seconds);
    out.push(b'.');
    out.extend_from_slice(fraction);
    out.resize(out.len() + 9_usize.checked_sub(fraction.len())?, b'0');
    if instant.is_some() {
        out.push(b'Z');
    }
    is_one(&out).then_some(out)
}

/// Reads up to nine ASCII digits.
fn number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |number: u32, digit| digit.is_ascii_digit().then(|| number * 10 + u32::from(digit - b'0')))
}

/// Writes the last `N` decimal digits of `number`.
#[allow(clippy::cast_possible_truncation, reason = "a remainder of ten fits into a byte")]
fn write_digits<const N: usize>(out: &mut Vec<u8>, mut number: u32) {
    let mut digits = [b'0'; N];
    for digit in digits.iter_mut().rev() {
        *digit += (number % 10) as u8;
        number /= 10;
    }
    out.extend_from_slice(&digits);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    const DATE: Date = Date { year: 24, month: 2, day: 9 };
    const CLOCK: Clock = Clock { hour: 3, minute: 4, second: 5, nanosecond: 6 };

    #[test]
    fn every_form_has_one_length() {
        let mut out = Vec::new();
        write_instant(&mut out, DATE, CLOCK);
        assert_eq!(out, b"0024-02-09T03:04:05.000000006Z");
        assert_eq!(out.len(), INSTANT_LEN);
        assert_eq!(read_instant(&out), Ok((DATE, CLOCK)));
        assert_eq!(read_local(out.get(..LOCAL_LEN).unwrap()), Ok((DATE, CLOCK)));
    }

    #[test]
    fn only_the_one_form_is_read() {
        for text in
            ["24-02-09", "02024-02-09", "2024-2-09", "2024-02-9 ", "2024/02/09", "+024-02-09", "2024-02-09T", ""]
        {
            assert_eq!(read_date(text.as_bytes()), Err(DecodeError::Invalid(Class::Time)), "{text}");
        }
        for text in ["03:04:05", "03:04:05.6", "03:04:05.0000000060", "03:04:05,000000006", "-3:04:05.000000006"] {
            assert_eq!(read_clock(text.as_bytes()), Err(DecodeError::Invalid(Class::Time)), "{text}");
        }
        for text in
            ["2024-02-09T03:04:05.000000006", "2024-02-09T03:04:05.000000006z", "2024-02-09 03:04:05.000000006Z"]
        {
            assert_eq!(read_instant(text.as_bytes()), Err(DecodeError::Invalid(Class::Time)), "{text}");
        }
        assert!(read_local(b"2024-02-09T03:04:05.000000006+00:00").is_err());
    }

    #[test]
    fn a_year_of_five_digits_is_refused() {
        assert_eq!(Date::new(10_000, 1, 1), Err(EncodeError::DateOutOfRange));
        assert_eq!(Date::new(-1, 1, 1), Err(EncodeError::DateOutOfRange));
        assert!(Date::new(0, 1, 1).is_ok() && Date::new(9999, 1, 1).is_ok());
    }
}
