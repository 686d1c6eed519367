//! Nonces and ids: a ChaCha20 generator in each thread, seeded by the operating system, that never continues in a
//! forked child what its parent began. No caller can supply a nonce.

#[cfg(unix)]
mod fork;

use std::cell::RefCell;

use chacha20::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use zeroize::Zeroize;

use crate::keys::RandomError;

/// A generator, and the number of forks when it was seeded.
struct Generator {
    rng: ChaCha20Rng,
    forks: u64,
    /// Bytes it may still give before it is seeded anew.
    left: usize,
}

/// Bytes between two seedings: 1 MiB, some 90,000 nonces. Bounds what one captured state foretells.
const RESEED_AFTER: usize = 1 << 20;

thread_local! {
    static GENERATOR: RefCell<Option<Generator>> = const { RefCell::new(None) };
}

/// Fills `out` with random bytes, fit for nonces and ids. Keys come from [`Secret::generate`](crate::keys::Secret).
///
/// # Errors
/// [`RandomError`] if the operating system gives no seed.
#[inline]
pub(crate) fn fill(out: &mut [u8]) -> Result<(), RandomError> {
    GENERATOR.with_borrow_mut(|slot| {
        let forks = forks();
        match slot {
            Some(generator) if generator.forks == forks && generator.left >= out.len() => {
                generator.left -= out.len();
                generator.rng.fill_bytes(out);
                Ok(())
            }
            _ => {
                let generator = slot.insert(seeded(forks)?);
                generator.left = generator.left.saturating_sub(out.len());
                generator.rng.fill_bytes(out);
                Ok(())
            }
        }
    })
}

#[cold]
fn seeded(forks: u64) -> Result<Generator, RandomError> {
    Ok(Generator { rng: fresh()?, forks, left: RESEED_AFTER })
}

/// A generator that the operating system seeded for one use.
pub(crate) fn fresh() -> Result<ChaCha20Rng, RandomError> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| RandomError)?;
    let rng = ChaCha20Rng::from_seed(seed);
    seed.zeroize();
    Ok(rng)
}

/// A random u32, never 0.
pub(crate) fn id() -> Result<u32, RandomError> {
    loop {
        let mut bytes = [0; 4];
        fill(&mut bytes)?;
        match u32::from_be_bytes(bytes) {
            0 => {}
            id => return Ok(id),
        }
    }
}

#[cfg(unix)]
use fork::forks;

/// Where processes do not fork.
#[cfg(not(unix))]
fn forks() -> u64 {
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nonces_do_not_repeat_within_a_thread_or_across_threads() {
        let draw = || {
            (0..50_000)
                .map(|_| {
                    let mut nonce = [0; 12];
                    fill(&mut nonce).unwrap();
                    nonce
                })
                .collect::<Vec<_>>()
        };
        let threads: Vec<_> = (0..4).map(|_| std::thread::spawn(draw)).collect();
        let mut seen = HashSet::new();
        for thread in threads {
            for nonce in thread.join().unwrap() {
                assert!(seen.insert(nonce), "a nonce came twice");
            }
        }
    }

    #[test]
    fn the_generator_is_seeded_anew_when_its_budget_is_spent() {
        let mut block = vec![0; RESEED_AFTER - 1];
        fill(&mut block).unwrap();
        GENERATOR.with_borrow(|slot| assert!(slot.as_ref().unwrap().left < RESEED_AFTER));
        let mut more = [0; 64];
        fill(&mut more).unwrap();
        GENERATOR.with_borrow(|slot| assert_eq!(slot.as_ref().unwrap().left, RESEED_AFTER - 64));
    }
}
