//! `Encrypted<T, C>`: the plaintext in memory, sealed when it is bound and opened when it is loaded.

use std::marker::PhantomData;

/// A value of the encrypted column `C`, in the clear in memory.
pub struct Encrypted<T, C> {
    #[expect(dead_code, reason = "a placeholder")]
    value: T,
    column: PhantomData<fn() -> C>,
}
