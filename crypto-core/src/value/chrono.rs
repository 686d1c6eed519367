//! Dates and times of the crate `chrono`.
//!
//! An instant is written in UTC: its offset or time zone is not kept. A leap second is kept where the clock shows 60;
//! chrono also lets one follow any other second, and that is written as the second which its clock shows.

use ::chrono::{DateTime, Datelike, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeZone, Timelike, Utc};

use super::rfc3339::{self, Clock, Date};
use super::{Class, Decode, DecodeError, Encode, EncodeError, class};

/// The nanoseconds of a second. chrono counts a leap second as more of them.
const SECOND: u32 = 1_000_000_000;

impl Encode for NaiveDate {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::DATE_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        rfc3339::write_date(out, date(*self)?);
        Ok(())
    }
}

impl Encode for NaiveTime {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::CLOCK_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        rfc3339::write_clock(out, clock(*self));
        Ok(())
    }
}

impl Encode for NaiveDateTime {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::LOCAL_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        rfc3339::write_local(out, date(self.date())?, clock(self.time()));
        Ok(())
    }
}

/// Written in UTC.
impl<Zone: TimeZone> Encode for DateTime<Zone> {
    type Class = class::Time;

    fn encoded_len(&self) -> usize {
        rfc3339::INSTANT_LEN
    }

    fn encode(&self, out: &mut Vec<u8>) -> Result<(), EncodeError> {
        let utc = self.naive_utc();
        rfc3339::write_instant(out, date(utc.date())?, clock(utc.time()));
        Ok(())
    }
}

impl Decode for NaiveDate {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        naive_date(rfc3339::decode(class, bytes, rfc3339::read_date)?)
    }
}

impl Decode for NaiveTime {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        naive_time(rfc3339::decode(class, bytes, rfc3339::read_clock)?)
    }
}

impl Decode for NaiveDateTime {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let (date, clock) = rfc3339::decode(class, bytes, rfc3339::read_local)?;
        Ok(naive_date(date)?.and_time(naive_time(clock)?))
    }
}

impl Decode for DateTime<Utc> {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        let (date, clock) = rfc3339::decode(class, bytes, rfc3339::read_instant)?;
        Ok(naive_date(date)?.and_time(naive_time(clock)?).and_utc())
    }
}

/// With the offset zero: the one it had is not kept.
impl Decode for DateTime<FixedOffset> {
    type Class = class::Time;

    fn decode(class: Class, bytes: Vec<u8>) -> Result<Self, DecodeError> {
        DateTime::<Utc>::decode(class, bytes).map(|instant| instant.fixed_offset())
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a month and a day fit into a byte")]
fn date(date: NaiveDate) -> Result<Date, EncodeError> {
    Date::new(date.year(), date.month() as u8, date.day() as u8)
}

#[allow(clippy::cast_possible_truncation, reason = "hours, minutes and seconds fit into a byte")]
fn clock(time: NaiveTime) -> Clock {
    let leap = time.nanosecond() >= SECOND;
    Clock {
        hour: time.hour() as u8,
        minute: time.minute() as u8,
        second: time.second() as u8 + u8::from(leap),
        nanosecond: time.nanosecond() % SECOND,
    }
}

fn naive_date(date: Date) -> Result<NaiveDate, DecodeError> {
    NaiveDate::from_ymd_opt(i32::from(date.year), u32::from(date.month), u32::from(date.day))
        .ok_or(DecodeError::Invalid(Class::Time))
}

fn naive_time(clock: Clock) -> Result<NaiveTime, DecodeError> {
    let (second, nanosecond) = match clock.second {
        60 => (59, clock.nanosecond + SECOND),
        second => (second, clock.nanosecond),
    };
    NaiveTime::from_hms_nano_opt(u32::from(clock.hour), u32::from(clock.minute), u32::from(second), nanosecond)
        .ok_or(DecodeError::Invalid(Class::Time))
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

    fn moment() -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2024, 2, 29).unwrap().and_hms_nano_opt(23, 5, 6, 70).unwrap()
    }

    #[test]
    fn local_types_carry_no_offset() {
        assert_eq!(encoded(&moment().date()), b"2024-02-29");
        assert_eq!(encoded(&moment().time()), b"23:05:06.000000070");
        assert_eq!(encoded(&moment()), b"2024-02-29T23:05:06.000000070");
    }

    #[test]
    fn an_instant_is_written_in_utc_whatever_its_offset() {
        let offset = FixedOffset::west_opt(2 * 3600).unwrap();
        let there = offset.from_local_datetime(&moment()).unwrap();
        assert_eq!(encoded(&there), b"2024-03-01T01:05:06.000000070Z");
        assert_eq!(encoded(&there), encoded(&there.to_utc()));
        assert_eq!(DateTime::<FixedOffset>::decode(Class::Time, encoded(&there)).unwrap(), there);
    }

    #[test]
    fn a_leap_second_is_kept() {
        let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, SECOND + 5).unwrap();
        assert_eq!(encoded(&leap), b"23:59:60.000000005");
        assert_eq!(NaiveTime::decode(Class::Time, encoded(&leap)), Ok(leap));
    }

    #[test]
    fn a_date_that_does_not_exist_is_refused() {
        for text in ["2023-02-29", "2024-13-01", "2024-00-10"] {
            assert_eq!(NaiveDate::decode(Class::Time, text.into()), Err(DecodeError::Invalid(Class::Time)));
        }
        for text in ["24:00:00.000000000", "23:60:00.000000000", "23:59:61.000000000"] {
            assert_eq!(NaiveTime::decode(Class::Time, text.into()), Err(DecodeError::Invalid(Class::Time)));
        }
    }

    #[test]
    fn an_instant_is_not_read_as_local_time_nor_local_time_as_an_instant() {
        let invalid = DecodeError::Invalid(Class::Time);
        assert_eq!(NaiveDateTime::decode(Class::Time, encoded(&moment().and_utc())), Err(invalid.clone()));
        assert_eq!(DateTime::<Utc>::decode(Class::Time, encoded(&moment())), Err(invalid.clone()));
        assert_eq!(NaiveDate::decode(Class::Time, encoded(&moment())), Err(invalid));
    }

    #[test]
    fn a_year_that_rfc_3339_cannot_write_is_refused() {
        let mut out = Vec::new();
        assert_eq!(NaiveDate::MAX.encode(&mut out), Err(EncodeError::DateOutOfRange));
        assert_eq!(DateTime::<Utc>::MIN_UTC.encode(&mut out), Err(EncodeError::DateOutOfRange));
        assert!(out.is_empty());
    }
}
