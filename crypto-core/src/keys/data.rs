//! Data keys: one for each field (or index domain), purpose and scope, versions side by side. A data key is never used
//! itself: each use has a subkey of its own.

use std::fmt;

use subtle::ConstantTimeEq;

use super::{
    KeyContext, Purpose, RandomError, lp,
    mac::{self, HmacSha256},
    opt,
    root::{RootKey, RootKeyError},
    secret::Secret,
};
use crate::{
    aead::{Algorithm, Cipher},
    label::Label,
};

/// A data key in memory, and which key it is. Wiped on drop; it cannot be read, copied or compared.
pub struct DataKey {
    context: KeyContext,
    key: Secret,
}

impl DataKey {
    /// A new random key for `context`.
    ///
    /// # Errors
    /// [`RandomError`] if the operating system has no random bytes to give.
    pub fn generate(context: KeyContext) -> Result<Self, RandomError> {
        Ok(Self { context, key: Secret::generate()? })
    }

    /// Wraps the key under `root`, bound to its context.
    ///
    /// # Errors
    /// [`RootKeyError`] as `root` gives it.
    pub fn wrap(&self, root: &dyn RootKey) -> Result<Vec<u8>, RootKeyError> {
        root.wrap(&self.context.to_bytes(), &self.key)
    }

    /// Unwraps the key of `context`, and compares its check value in constant time.
    ///
    /// # Errors
    /// [`RootKeyError::Unwrap`] if it is not the key that was wrapped for this context.
    pub fn unwrap(
        context: KeyContext,
        root: &dyn RootKey,
        wrapped: &[u8],
        check: &[u8; 32],
    ) -> Result<Self, RootKeyError> {
        let key = root.unwrap(&context.to_bytes(), wrapped)?;
        let key = Self { context, key };
        if bool::from(key.check_value().ct_eq(check)) {
            Ok(key)
        } else {
            Err(RootKeyError::Unwrap { id: root.id().clone() })
        }
    }

    /// Which key it is.
    #[must_use]
    pub fn context(&self) -> &KeyContext {
        &self.context
    }

    /// `HKDF-Expand(key, "diesel-encrypted/1 check" ‖ K, 32)`: commits the key id to this key in this place, whatever
    /// the root key's service binds.
    #[must_use]
    pub fn check_value(&self) -> [u8; 32] {
        *mac::subkey(&self.key, Label::Check, &self.context.to_bytes()).expose_bytes()
    }

    /// The cipher under `HKDF-Expand(key, "diesel-encrypted/1 aead" ‖ header ‖ lp(field id) ‖ opt(scope), 32)`, where
    /// `header` is that of the values without their slots.
    ///
    /// Header, field and scope are authenticated by being part of the key: a value of another kind or place meets another
    /// cipher. In the AAD they would cost a fifth of the time of a short value.
    pub(crate) fn cipher(&self, algorithm: Algorithm, header: &[u8; 9]) -> Cipher {
        debug_assert_eq!(self.context.purpose, Purpose::Encrypt);
        let mut info = header.to_vec();
        lp(&mut info, self.context.name.as_bytes());
        opt(&mut info, self.context.scope.as_deref());
        Cipher::new(algorithm, &mac::subkey(&self.key, Label::Aead, &info))
    }

    /// HMAC-SHA256 under `HKDF-Expand(key, "diesel-encrypted/1 index", 32)`.
    pub(crate) fn index_mac(&self) -> HmacSha256 {
        debug_assert_eq!(self.context.purpose, Purpose::Index);
        mac::hmac(mac::subkey(&self.key, Label::Index, &[]).expose_bytes())
    }

    /// HMAC-SHA256 under `HKDF-Expand(key, "diesel-encrypted/1 state", 32)`.
    pub(crate) fn state_mac(&self) -> HmacSha256 {
        debug_assert_eq!(self.context.purpose, Purpose::State);
        mac::hmac(mac::subkey(&self.key, Label::State, &[]).expose_bytes())
    }

    /// A key that was derived from a user's or a group's, in the place of a data key.
    #[cfg(feature = "users")]
    pub(crate) const fn derived(context: KeyContext, key: Secret) -> Self {
        Self { context, key }
    }

    /// `HKDF-Expand(key, label, 32)` of an authority's key.
    #[cfg(feature = "users")]
    pub(crate) fn users_subkey(&self, label: Label) -> Secret {
        debug_assert_eq!(self.context.purpose, Purpose::Users);
        mac::subkey(&self.key, label, &[])
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({} {:08x}, [redacted])", self.context.purpose, self.context.key_id)
    }
}
