//! Users' key pairs in their table.

use diesel_encrypted_core::users::{EncryptionPublicKey, Member, PublicKeys, SealedMember, Suite, UserId};

use super::{
    error::AccountError,
    record::At,
    statements::{Row, Value},
    tables::KEY_PAIRS,
};
use crate::store::statement::Statement;

/// The public keys of a row. Nothing vouches for them before they are verified.
pub(super) fn public(row: &Row) -> Result<PublicKeys, AccountError> {
    let suite = u8::try_from(row.id("suite")?).ok().and_then(Suite::from_u8).ok_or_else(|| row.bad("suite"))?;
    let encryption = EncryptionPublicKey::new(suite, row.bytes("public_key")?.to_vec());
    Ok(PublicKeys { encryption, identity: row.array("identity_key")?, signature: row.array("signature")? })
}

/// The columns of a key pair but whose it is.
fn columns(public: &PublicKeys, sealed: &SealedMember) -> [(&'static str, Value); 6] {
    [
        ("suite", i64::from(public.encryption.suite() as u8).into()),
        ("public_key", public.encryption.as_bytes().into()),
        ("identity_key", (&public.identity).into()),
        ("signature", (&public.signature).into()),
        ("sealed_private_key", sealed.encryption.as_slice().into()),
        ("sealed_identity", sealed.identity.as_slice().into()),
    ]
}

/// Puts private keys under another key of their user, if the public ones are still those that belong to them.
pub(super) fn seal(at: &At, member: &Member, sealed: &SealedMember) -> Statement {
    let sealed = [
        ("sealed_private_key", sealed.encryption.as_slice().into()),
        ("sealed_identity", sealed.identity.as_slice().into()),
    ];
    KEY_PAIRS.update(&sealed, &at.and(same(&member.publish())))
}

/// Puts another key pair in the place of this one.
pub(super) fn replace(at: &At, before: &PublicKeys, public: &PublicKeys, sealed: &SealedMember) -> Statement {
    KEY_PAIRS.update(&columns(public, sealed), &at.and(same(before)))
}

/// Locks the key pairs of users, each of whom still has the public keys that were read, and was not erased.
pub(super) fn unchanged(scope: &[u8], each: &[(&UserId, &PublicKeys)]) -> Statement {
    let row = |(user, public): &(&UserId, &PublicKeys)| {
        [("user_id", user.as_bytes().into())].into_iter().chain(same(public)).collect()
    };
    let each: Vec<_> = each.iter().map(row).collect();
    KEY_PAIRS.unchanged(&[("scope", scope.into())], &each).sql(" AND sealed_identity IS NOT NULL")
}

/// What tells a user's public keys from others.
fn same(public: &PublicKeys) -> [(&'static str, Value); 2] {
    [("public_key", public.encryption.as_bytes().into()), ("identity_key", (&public.identity).into())]
}

/// Forgets the private keys: the public ones still check what they signed.
pub(super) fn forget(at: &At) -> Statement {
    KEY_PAIRS.update(&[("sealed_private_key", Value::Null), ("sealed_identity", Value::Null)], &at.user())
}

/// The statement that gives a user their first key pair.
pub(super) fn insert(at: &At, public: &PublicKeys, sealed: &SealedMember) -> Statement {
    KEY_PAIRS.insert(&at.and(columns(public, sealed)))
}
