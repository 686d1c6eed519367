//! What happened to a key, and when: the rows of `encryption_audit`. They hold no secret, and a row is never altered.

use std::{fmt, time::Duration};

use subtle::ConstantTimeEq;

use super::{
    HmacSha256, KeyState, RowKind,
    row::{row_mac, scope_bytes},
};

/// A moment by the database's clock: microseconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The moment this many microseconds after 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn from_unix_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub const fn unix_micros(self) -> i64 {
        self.0
    }

    /// How long ago `earlier` was at this moment; nothing if it is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        u64::try_from(self.0.saturating_sub(earlier.0)).map_or(Duration::ZERO, Duration::from_micros)
    }

    /// The moment `later`.
    #[must_use]
    pub fn after(self, later: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(later.as_micros()).unwrap_or(i64::MAX)))
    }
}

/// RFC 3339, to the second: `2026-01-10T23:59:59Z`. The civil date is by the proleptic Gregorian calendar.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.div_euclid(1_000_000);
        let (day, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let (year, month, day) = civil(day);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }
}

/// Year, month and day of a day counted from 1970-01-01. Years begin in March, so that the leap day ends one; an era is
/// 400 years (H. Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
const fn civil(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let march_month = (5 * of_year + 2) / 153;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, of_year - (153 * march_month + 2) / 5 + 1)
}

/// What happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum KeyEvent {
    /// It was made, to be known before it is used.
    Pending = 1,
    /// It seals from now on.
    Active = 2,
    /// It only opens from now on.
    Retired = 3,
    /// Its bytes were removed.
    Destroyed = 4,
    /// Another root key, or the same one anew, wraps it.
    Rewrapped = 5,
}

impl KeyEvent {
    /// The event with this number.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Pending,
            2 => Self::Active,
            3 => Self::Retired,
            4 => Self::Destroyed,
            5 => Self::Rewrapped,
            _ => return None,
        })
    }
}

impl From<KeyState> for KeyEvent {
    fn from(state: KeyState) -> Self {
        match state {
            KeyState::Pending => Self::Pending,
            KeyState::Active => Self::Active,
            KeyState::Retired => Self::Retired,
            KeyState::Destroyed => Self::Destroyed,
        }
    }
}

impl fmt::Display for KeyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Destroyed => "destroyed",
            Self::Rewrapped => "rewrapped",
        })
    }
}

/// A row of `encryption_audit`: one thing that happened to one key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditRow {
    /// The key.
    pub key_id: u32,
    /// Which of the events of this key it is, from 1.
    pub sequence: u32,
    /// The scope of the key.
    pub scope: Option<Vec<u8>>,
    /// What happened.
    pub event: KeyEvent,
    /// When, by the database's clock.
    pub at: Timestamp,
    /// The id of the root key that the key was wrapped by afterwards.
    pub root_id: String,
    /// Authenticates all of the above.
    pub mac: [u8; 32],
}

impl AuditRow {
    /// What happened to a key, not yet authenticated. A store fills in the MAC that it read.
    #[must_use]
    pub const fn new(
        key_id: u32,
        sequence: u32,
        scope: Option<Vec<u8>>,
        event: KeyEvent,
        at: Timestamp,
        root_id: String,
    ) -> Self {
        Self { key_id, sequence, scope, event, at, root_id, mac: [0; 32] }
    }

    fn expected_mac(&self, state: &HmacSha256) -> [u8; 32] {
        let columns: [&[u8]; 6] = [
            &self.key_id.to_be_bytes(),
            &self.sequence.to_be_bytes(),
            &scope_bytes(self.scope.as_deref()),
            &[self.event as u8],
            &self.at.unix_micros().to_be_bytes(),
            self.root_id.as_bytes(),
        ];
        row_mac(state, RowKind::Audit as u8, columns)
    }

    pub(crate) fn authenticate(mut self, state: &HmacSha256) -> Self {
        self.mac = self.expected_mac(state);
        self
    }

    pub(crate) fn is_authentic(&self, state: &HmacSha256) -> bool {
        self.expected_mac(state).ct_eq(&self.mac).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_printed_as_rfc_3339_has_it() {
        let printed = |seconds: i64| Timestamp::from_unix_micros(seconds * 1_000_000 + 1).to_string();
        assert_eq!(printed(0), "1970-01-01T00:00:00Z");
        assert_eq!(printed(951_827_696), "2000-02-29T12:34:56Z");
        assert_eq!(printed(4_107_542_399), "2100-02-28T23:59:59Z");
        assert_eq!(printed(4_107_542_400), "2100-03-01T00:00:00Z");
        assert_eq!(printed(-1), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn a_moment_that_is_later_is_no_time_ago() {
        let (early, late) = (Timestamp::from_unix_micros(5), Timestamp::from_unix_micros(7));
        assert_eq!((late.since(early), early.since(late)), (Duration::from_micros(2), Duration::ZERO));
        assert_eq!(early.after(Duration::from_micros(2)), late);
    }
}
