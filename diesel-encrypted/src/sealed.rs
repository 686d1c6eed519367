//! `Sealed<T, C>`: the ciphertext in memory, opened and sealed by hand.

use std::marker::PhantomData;

/// A sealed value of the encrypted column `C`.
pub struct Sealed<T, C> {
    #[expect(dead_code, reason = "a placeholder")]
    sealed: Vec<u8>,
    value: PhantomData<fn() -> (T, C)>,
}
