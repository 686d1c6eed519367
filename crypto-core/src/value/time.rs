//! Dates and times of the crate `time`.
//!
//! An instant is written in UTC: its offset is not kept. This crate knows no leap seconds, so one that was written by
//! chrono is refused rather than moved.

use ::time::{Date, Month, OffsetDateTime, PrimitiveDateTime, Time, UtcDateTime, UtcOffset};

use super::rfc3339::{self, Clock};
use super::{Class, Decode, DecodeError, Encode, EncodeError, class};

impl Encode for Date {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::DATE_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        rfc3339::write_date(out, calendar(*self)?);
        Ok(())
    }
}

impl Encode for Time {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::CLOCK_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        rfc3339::write_clock(out, clock(*self));
        Ok(())
    }
}

impl Encode for PrimitiveDateTime {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::LOCAL_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        rfc3339::write_local(out, calendar(self.date())?, clock(self.time()));
        Ok(())
    }
}

/// Written in UTC.
impl Encode for OffsetDateTime {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::INSTANT_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let utc = self.checked_to_offset(UtcOffset::UTC).ok_or(EncodeError::DateOutOfRange)?;
        rfc3339::write_instant(out, calendar(utc.date())?, clock(utc.time()));
        Ok(())
    }
}

impl Encode for UtcDateTime {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::INSTANT_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        rfc3339::write_instant(out, calendar(self.date())?, clock(self.time()));
        Ok(())
    }
}

impl Decode for Date {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        date(rfc3339::decode(class, bytes, rfc3339::read_date)?)
    }
}

impl Decode for Time {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        time(rfc3339::decode(class, bytes, rfc3339::read_clock)?)
    }
}

impl Decode for PrimitiveDateTime {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let (day, clock) = rfc3339::decode(class, bytes, rfc3339::read_local)?;
        Ok(Self::new(date(day)?, time(clock)?))
    }
}

/// With the offset zero: the one it had is not kept.
impl Decode for OffsetDateTime {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let (day, clock) = rfc3339::decode(class, bytes, rfc3339::read_instant)?;
        Ok(Self::new_utc(date(day)?, time(clock)?))
    }
}

impl Decode for UtcDateTime {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let instant = OffsetDateTime::decode(class, bytes)?;
        Ok(Self::new(instant.date(), instant.time()))
    }
}

fn calendar(date: Date) -> Result<rfc3339::Date, EncodeError> {
    let (year, month, day) = date.to_calendar_date();
    rfc3339::Date::new(year, u8::from(month), day)
}

fn clock(time: Time) -> Clock {
    let (hour, minute, second, nanosecond) = time.as_hms_nano();
    Clock { hour, minute, second, nanosecond }
}

fn date(date: rfc3339::Date) -> Result<Date, DecodeError> {
    Month::try_from(date.month)
        .and_then(|month| Date::from_calendar_date(i32::from(date.year), month, date.day))
        .map_err(|_| DecodeError::Invalid(Class::Time))
}

fn time(clock: Clock) -> Result<Time, DecodeError> {
    if clock.second == 60 {
        return Err(DecodeError::OutOfRange);
    }
    Time::from_hms_nano(clock.hour, clock.minute, clock.second, clock.nanosecond)
        .map_err(|_| DecodeError::Invalid(Class::Time))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    fn encoded(value: &impl Encode) -> Vec<u8> {
        let mut out = Vec::new();
        value.encode(&mut out).unwrap();
        assert_eq!(out.len(), value.encoded_len());
        out
    }

    fn moment() -> PrimitiveDateTime {
        let date = Date::from_calendar_date(2024, Month::February, 29).unwrap();
        date.with_hms_nano(23, 5, 6, 70).unwrap()
    }

    #[test]
    fn local_types_carry_no_offset() {
        assert_eq!(encoded(&moment().date()), b"2024-02-29");
        assert_eq!(encoded(&moment().time()), b"23:05:06.000000070");
        assert_eq!(encoded(&moment()), b"2024-02-29T23:05:06.000000070");
    }

    #[test]
    fn an_instant_is_written_in_utc_whatever_its_offset() {
        let there = moment().assume_offset(UtcOffset::from_hms(-2, 0, 0).unwrap());
        assert_eq!(encoded(&there), b"2024-03-01T01:05:06.000000070Z");
        assert_eq!(encoded(&there), encoded(&there.to_utc()));
        assert_eq!(OffsetDateTime::decode(Class::Time, encoded(&there)), Ok(there));
        assert_eq!(UtcDateTime::decode(Class::Time, encoded(&there)), Ok(there.to_utc()));
    }

    #[test]
    fn a_leap_second_is_refused_rather_than_moved() {
        assert_eq!(Time::decode(Class::Time, b"23:59:60.000000005".to_vec()), Err(DecodeError::OutOfRange));
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        for text in ["2023-02-29", "2024-13-01", "2024-00-10"] {
            assert_eq!(Date::decode(Class::Time, text.into()), Err(DecodeError::Invalid(Class::Time)));
        }
        for text in ["24:00:00.000000000", "23:60:00.000000000", "23:59:61.000000000"] {
            assert_eq!(Time::decode(Class::Time, text.into()), Err(DecodeError::Invalid(Class::Time)));
        }
    }

    #[test]
    fn an_instant_whose_utc_year_cannot_be_written_is_refused() {
        let last = Date::from_calendar_date(9999, Month::December, 31).unwrap().with_hms(23, 0, 0).unwrap();
        let there = last.assume_offset(UtcOffset::from_hms(-2, 0, 0).unwrap());
        assert_eq!(there.encode(&mut Vec::new()), Err(EncodeError::DateOutOfRange));
        assert_eq!(Date::MIN.encode(&mut Vec::new()), Err(EncodeError::DateOutOfRange));
    }
}
