//! The closed table of labels. Every use of a key or of a MAC is set apart from every other by one of these, and no
//! label is made anywhere else.

/// What a derived key, an AAD or a MAC is for. No label is a prefix of another, so no two uses can meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "users"), allow(dead_code, reason = "the table is one, whatever is compiled"))]
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
    /// AAD of the user key in a lock (‖ ctx ‖ commitment).
    Lock,
    /// Of what a password, a code or another secret gave: wraps the user key (‖ ctx).
    KdfWrap,
    /// Of the same: what commits a lock to one secret (‖ ctx).
    KdfCommitment,
    /// Of the same: the login verifier (‖ ctx).
    KdfLogin,
    /// Of a login verifier: what is stored of it.
    LoginHash,
    /// Of a recovery code: the id of its lock.
    RecoveryId,
    /// Subkey of an authority's key: authenticates user records.
    UserRecord,
    /// Subkey of an authority's key: opens escrow locks.
    Escrow,
    /// Subkey of a user's or group's key: seals what it holds (‖ K).
    Held,
    /// Begins what is hashed to an identity key's fingerprint.
    Fingerprint,
    /// Message that an identity key signs: its user's public keys.
    PublicKeys,
    /// Message that an identity key and the one after it sign.
    IdentityChange,
    /// Subkey of a user's key: authenticates pins (‖ K).
    Pins,
    /// Info of HPKE: a key that is shared with a user.
    Share,
    /// Message that the sender of a share signs.
    SignedShare,
    /// Info of HPKE: a lock that a private key opens.
    PrivateKeyLock,
    /// Subkey of an authority's key, and of that with a client's secret: seals sessions. Begins their AAD.
    Session,
    /// Subkey of an authority's key: its part of a lock that answers open.
    Questions,
    /// Of an answer: masks its share (‖ number ‖ K ‖ lock id).
    Answer,
    /// Subkey of a user's or group's key: the data key of its values (‖ K).
    Values,
    /// Subkey of a user's or group's key: the data key of an index (‖ K ‖ lp(name)).
    HeldIndex,
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
            Self::Lock => b"diesel-encrypted/1 lock",
            Self::KdfWrap => b"diesel-encrypted/1 kdf wrap",
            Self::KdfCommitment => b"diesel-encrypted/1 kdf commitment",
            Self::KdfLogin => b"diesel-encrypted/1 kdf login",
            Self::LoginHash => b"diesel-encrypted/1 login hash",
            Self::RecoveryId => b"diesel-encrypted/1 recovery id",
            Self::UserRecord => b"diesel-encrypted/1 user record",
            Self::Escrow => b"diesel-encrypted/1 escrow",
            Self::Held => b"diesel-encrypted/1 held",
            Self::Fingerprint => b"diesel-encrypted/1 fingerprint",
            Self::PublicKeys => b"diesel-encrypted/1 public keys",
            Self::IdentityChange => b"diesel-encrypted/1 identity change",
            Self::Pins => b"diesel-encrypted/1 pins",
            Self::Share => b"diesel-encrypted/1 share",
            Self::SignedShare => b"diesel-encrypted/1 signed share",
            Self::PrivateKeyLock => b"diesel-encrypted/1 private key lock",
            Self::Session => b"diesel-encrypted/1 session",
            Self::Questions => b"diesel-encrypted/1 questions",
            Self::Answer => b"diesel-encrypted/1 answer",
            Self::Values => b"diesel-encrypted/1 values",
            Self::HeldIndex => b"diesel-encrypted/1 user index",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Label;

    const ALL: [Label; 29] = [
        Label::Key,
        Label::Row,
        Label::RootWrap,
        Label::RootFingerprint,
        Label::Aead,
        Label::Index,
        Label::State,
        Label::Check,
        Label::Lock,
        Label::KdfWrap,
        Label::KdfCommitment,
        Label::KdfLogin,
        Label::LoginHash,
        Label::RecoveryId,
        Label::UserRecord,
        Label::Escrow,
        Label::Held,
        Label::Fingerprint,
        Label::PublicKeys,
        Label::IdentityChange,
        Label::Pins,
        Label::Share,
        Label::SignedShare,
        Label::PrivateKeyLock,
        Label::Session,
        Label::Questions,
        Label::Answer,
        Label::Values,
        Label::HeldIndex,
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
