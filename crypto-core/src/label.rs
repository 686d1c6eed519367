//! The closed table of labels. Every use of a key or of a MAC is set apart from every other by one of these, and no
//! label is made anywhere else.

/// What a derived key, an AAD or a MAC is for. No label is a prefix of another, so no two uses can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// AAD of a wrapped data key.
    Key,
    /// MAC over a row of the key table or of the registry.
    Row,
    /// Subkey of a root key: wraps data keys (‖ algorithm).
    RootWrap,
    /// Subkey of a root key: its fingerprint.
    RootFingerprint,
    /// Subkey of a data key: seals values (‖ header without slots ‖ field id ‖ scope).
    Aead,
    /// Subkey of a data key: tags of a blind index.
    Index,
    /// Subkey of a data key: authenticates rows.
    State,
    /// Subkey of a data key: its check value (‖ its context).
    Check,
}

impl Label {
    /// The bytes of the label: ASCII, with the number of the storage format.
    pub(crate) const fn as_bytes(self) -> &'static [u8] {
        match self {
            Self::Key => b"diesel-encrypted/1 key",
            Self::Row => b"diesel-encrypted/1 row",
            Self::RootWrap => b"diesel-encrypted/1 root wrap",
            Self::RootFingerprint => b"diesel-encrypted/1 root fingerprint",
            Self::Aead => b"diesel-encrypted/1 aead",
            Self::Index => b"diesel-encrypted/1 index",
            Self::State => b"diesel-encrypted/1 state",
            Self::Check => b"diesel-encrypted/1 check",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Label;

    const ALL: [Label; 8] = [
        Label::Key,
        Label::Row,
        Label::RootWrap,
        Label::RootFingerprint,
        Label::Aead,
        Label::Index,
        Label::State,
        Label::Check,
    ];

    #[test]
    fn no_label_is_a_prefix_of_another() {
        for a in ALL {
            for b in ALL {
                assert!(a == b || !b.as_bytes().starts_with(a.as_bytes()), "{a:?} begins {b:?}");
            }
        }
    }
}
