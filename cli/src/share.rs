//! A root key in shares, of which some number restores it: Shamir's secret sharing (A. Shamir, "How to share a secret",
//! Communications of the ACM 22, 1979) over GF(256), each byte of the key by itself.
//!
//! The crate `blahaj` computes: it draws each coefficient anew and uniformly from all 256 values, which its ancestor
//! `sharks` did not (RUSTSEC-2024-0398). This module writes shares down and reads them, and never joins shares that do not
//! belong together: fewer, altered or mixed ones would give another key without a word.

use std::fmt;

use blahaj::Sharks;
use diesel_encrypted::{
    LocalRootKey, RootKey as _, RootKeyId,
    keys::{Fingerprint, Secret},
};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use crate::{
    exit::{Failure, Result},
    hex,
};

/// What a line with a share begins with.
const BEGIN: &str = "diesel-encrypted-share-1/";

/// One share, and what it belongs to.
pub(crate) struct Share {
    /// The root key's id.
    pub(crate) id: RootKeyId,
    pub(crate) fingerprint: String,
    /// Tells shares of one splitting from those of another, whose polynomials differ.
    set: String,
    /// How many restore the key.
    pub(crate) needed: u8,
    share: blahaj::Share,
}

impl fmt::Debug for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Share({} of {}, [redacted])", self.number(), self.id)
    }
}

/// Splits a key into `count` shares, any `needed` of which restore it: 2 to 255 of at most 255.
pub(crate) fn split(key: &LocalRootKey, needed: u8, count: u8) -> Result<Vec<Share>> {
    if needed < 2 || needed > count {
        return Err(Failure::usage("a key is split into 2 to 255 shares, of which 2 or more are needed to restore it"));
    }
    let random = Secret::generate().map_err(|error| Failure::failed(error.to_string()))?;
    let set = hex::encode(random.expose_bytes().split_at(4).0);
    let dealer = Sharks(needed).dealer(key.expose().expose_bytes());
    let shares: Vec<Share> = dealer
        .take(count.into())
        .map(|share| Share {
            id: key.id().clone(),
            fingerprint: key.fingerprint().to_string(),
            set: set.clone(),
            needed,
            share,
        })
        .collect();
    // The first and the last ones, as they will be read.
    let last = shares.len().saturating_sub(needed.into());
    for some in [shares.get(..needed.into()), shares.get(last..)] {
        let read: Result<Vec<Share>> =
            some.unwrap_or_default().iter().map(|share| read("a share", &share.line())).collect();
        join(&read?)?;
    }
    Ok(shares)
}

/// Restores the key that shares are of.
pub(crate) fn join(shares: &[Share]) -> Result<LocalRootKey> {
    let first = shares.first().ok_or_else(|| Failure::usage("there is no share"))?;
    if let Some(other) = shares.iter().find(|share| share.set != first.set || share.needed != first.needed) {
        return Err(Failure::failed(format!(
            "these shares are of two splittings (of `{}` and of `{}`), and do not go together",
            first.id, other.id
        )));
    }
    let mut numbers: Vec<u8> = shares.iter().map(Share::number).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() < shares.len() {
        return Err(Failure::failed("one share was given twice"));
    }
    if numbers.len() < usize::from(first.needed) {
        return Err(Failure::failed(format!(
            "root key `{}` needs {} shares, and {} were given",
            first.id,
            first.needed,
            numbers.len()
        )));
    }
    let sharks = Sharks(first.needed);
    let joined = sharks.recover(shares.iter().map(|share| &share.share));
    let joined = Zeroizing::new(joined.map_err(|error| Failure::failed(error.to_owned()))?);
    let key = Secret::from_slice(&joined).map(|key| LocalRootKey::new(first.id.clone(), key));
    // What shares say of themselves is not trusted: the key tells.
    key.filter(|key| key.fingerprint().to_string() == first.fingerprint).ok_or_else(|| {
        Failure::failed(format!(
            "the shares give another key than `{}` with fingerprint {}: one of them was altered",
            first.id, first.fingerprint
        ))
    })
}

impl Share {
    /// Which of the shares it is, from 1.
    pub(crate) const fn number(&self) -> u8 {
        self.share.x.0
    }

    /// `diesel-encrypted-share-1/id/fingerprint/set/needed/number and share/digest`, all but the id in hexadecimal.
    pub(crate) fn line(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(Vec::from(&self.share));
        let share = Zeroizing::new(hex::encode(&bytes));
        let mut line = Zeroizing::new(String::with_capacity(256));
        for part in [
            BEGIN,
            self.id.as_str(),
            "/",
            &self.fingerprint,
            "/",
            &self.set,
            "/",
            &hex::encode(&[self.needed]),
            "/",
            &share,
        ] {
            line.push_str(part);
        }
        let digest = digest(&line);
        line.push('/');
        line.push_str(&digest);
        line
    }
}

/// Finds the share in a text, whatever stands around it.
pub(crate) fn read(origin: &str, text: &str) -> Result<Share> {
    let bad = |what: &str| Failure::failed(format!("{origin} {what}"));
    let line = text.lines().map(str::trim).find(|line| line.starts_with(BEGIN));
    let line = line.ok_or_else(|| bad(&format!("has no line that begins with {BEGIN}")))?;
    let altered = || bad("holds a share that was not copied in full, or altered");
    let (content, check) = line.rsplit_once('/').ok_or_else(altered)?;
    if digest(content) != check {
        return Err(altered());
    }
    let parts: Vec<&str> = content.split('/').skip(1).collect();
    let [id, fingerprint, set, needed, share] = parts.as_slice() else { return Err(altered()) };
    let bytes = Zeroizing::new(hex::decode(share).ok_or_else(altered)?);
    let needed = hex::decode(needed).filter(|needed| needed.len() == 1).ok_or_else(altered)?;
    let needed = needed.first().copied().filter(|needed| *needed >= 2).ok_or_else(altered)?;
    // A share at 0 would be the key itself.
    if bytes.len() != Secret::LEN + 1 || bytes.first() == Some(&0) {
        return Err(altered());
    }
    let _: Fingerprint =
        hex::decode(fingerprint).and_then(|bytes| bytes.try_into().ok()).map(Fingerprint::new).ok_or_else(altered)?;
    Ok(Share {
        id: RootKeyId::new(*id)?,
        fingerprint: (*fingerprint).to_owned(),
        set: (*set).to_owned(),
        needed,
        share: bytes.as_slice().try_into().map_err(|_| altered())?,
    })
}

/// Tells a copy with an error from one without: the first four bytes of SHA-256.
fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()).split_at(4).0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use diesel_encrypted::escrow::{generate, to_hex};

    use super::*;

    fn again(shares: &[&Share]) -> Vec<Share> {
        shares.iter().map(|share| read("a share", &format!("for Ada\n {} \n", *share.line())).unwrap()).collect()
    }

    #[test]
    fn every_choice_of_enough_shares_restores_the_key_and_no_smaller_one_does() {
        let key = generate(None).unwrap();
        for (needed, count) in [(2_u8, 2_u8), (2, 5), (3, 5), (4, 6)] {
            let shares = split(&key, needed, count).unwrap();
            for choice in 1_u32..1 << count {
                let chosen: Vec<&Share> =
                    (0..count).filter(|at| choice >> at & 1 == 1).map(|at| &shares[usize::from(at)]).collect();
                let joined = join(&again(&chosen));
                match chosen.len() >= usize::from(needed) {
                    true => assert_eq!(to_hex(&joined.unwrap()), to_hex(&key)),
                    false => assert!(joined.unwrap_err().to_string().contains("shares, and")),
                }
            }
        }
    }

    #[test]
    fn shares_that_lie_about_how_many_are_needed_do_not_join_to_another_key() {
        let shares = split(&generate(None).unwrap(), 3, 5).unwrap();
        let lying: Vec<Share> =
            again(&[&shares[0], &shares[1]]).into_iter().map(|share| Share { needed: 2, ..share }).collect();
        assert!(join(&lying).unwrap_err().to_string().contains("give another key"));
    }

    #[test]
    fn a_wrong_character_is_noticed_wherever_it_stands() {
        let shares = split(&generate(None).unwrap(), 2, 3).unwrap();
        let line = shares[0].line();
        for at in BEGIN.len()..line.len() {
            let mut altered = line.as_bytes().to_vec();
            altered[at] = if altered[at] == b'1' { b'2' } else { b'1' };
            let error = read("a share", str::from_utf8(&altered).unwrap()).unwrap_err().to_string();
            assert!(error.contains("not copied in full, or altered"), "{at}: {error}");
        }
    }

    #[test]
    fn shares_of_two_splittings_and_one_share_twice_are_refused() {
        let key = generate(None).unwrap();
        let (first, second) = (split(&key, 2, 3).unwrap(), split(&key, 2, 3).unwrap());
        assert!(join(&again(&[&first[0], &second[1]])).unwrap_err().to_string().contains("two splittings"));
        assert!(join(&again(&[&first[0], &first[0]])).unwrap_err().to_string().contains("given twice"));
        for (needed, count) in [(1, 3), (0, 3), (4, 3), (2, 0)] {
            assert!(split(&key, needed, count).is_err());
        }
    }

    #[test]
    fn each_byte_of_a_share_takes_every_value_as_often_as_chance_has_it() {
        // RUSTSEC-2024-0398: coefficients that are never zero show as a share that never equals its key's byte.
        let key = LocalRootKey::new(RootKeyId::new("zero").unwrap(), Secret::from_slice(&[0; 32]).unwrap());
        let mut seen = [0_u32; 256];
        for _ in 0..800 {
            for share in split(&key, 2, 2).unwrap() {
                share.share.y.iter().for_each(|byte| seen[usize::from(byte.0)] += 1);
            }
        }
        // 51,200 bytes, 200 of each value expected: 6 standard deviations are 85.
        assert!(seen.iter().all(|count| (115..=285).contains(count)), "{seen:?}");
    }
}
