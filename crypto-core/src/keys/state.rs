//! The life of a data key: pending, active, retired, destroyed. Forward only.

use std::fmt;

/// What a data key may still be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[non_exhaustive]
pub enum KeyState {
    /// Known to readers, not yet used to seal.
    Pending = 1,
    /// Seals and opens. A field has one.
    Active = 2,
    /// Only opens.
    Retired = 3,
    /// Its bytes are gone; its id is never given to another key.
    Destroyed = 4,
}

impl KeyState {
    /// The state with this number.
    #[must_use]
    pub const fn from_u8(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Pending,
            2 => Self::Active,
            3 => Self::Retired,
            4 => Self::Destroyed,
            _ => return None,
        })
    }

    /// `next`, if a key in this state may come to it.
    ///
    /// # Errors
    /// [`StateError`] if `next` is not a later state, or would destroy a key that still seals.
    pub fn advance(self, next: Self) -> Result<Self, StateError> {
        match (self, next) {
            (Self::Active, Self::Destroyed) => Err(StateError { from: self, to: next }),
            _ if next > self => Ok(next),
            _ => Err(StateError { from: self, to: next }),
        }
    }
}

impl fmt::Display for KeyState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Destroyed => "destroyed",
        })
    }
}

/// A change of state that is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key that is {from} cannot become {to}: states go pending, active, retired, destroyed, never back, and an active \
     key is retired before it is destroyed"
)]
pub struct StateError {
    /// The state it has.
    pub from: KeyState,
    /// The state it was to have.
    pub to: KeyState,
}

#[cfg(test)]
mod tests {
    use super::KeyState::{self, Active, Destroyed, Pending, Retired};

    #[test]
    fn states_only_move_forward() {
        let all = [Pending, Active, Retired, Destroyed];
        for (i, from) in all.into_iter().enumerate() {
            for (j, to) in all.into_iter().enumerate() {
                let allowed = j > i && (from, to) != (Active, Destroyed);
                assert_eq!(from.advance(to).is_ok(), allowed, "{from} to {to}");
            }
        }
    }

    #[test]
    fn unknown_numbers_are_no_state() {
        assert_eq!(KeyState::from_u8(0), None);
        assert_eq!(KeyState::from_u8(5), None);
    }
}
