//! Locks that k of n answers open, together with the application. Off unless an application asks for it: answers are weak
//! secrets, and this is as strong as they are.
//!
//! A random secret is shared among the answers (Shamir: How to share a secret, 1979; over GF(256), by the crate `blahaj`,
//! whose coefficients are uniform). Each share is masked by what its answer's Argon2id gives. A masked share is as good as
//! random to whoever guesses its answer, so that no answer can be checked alone: only the final lock commits, after k
//! guesses at once, and needs the application's key too.

use blahaj::{Share, Sharks};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Lock, LockId, NewLock, open, password::stretch};
use crate::{
    format::{
        FormatError,
        lock::{Kdf, LOCK_LEN, LockKind},
    },
    kdf::{Argon2id, SALT_LENGTH},
    keys::{DataKey, Secret, extract, subkey},
    label::Label,
    random,
    users::{
        authority::{Authority, KnownUser},
        error::{QuestionsError, UnlockError},
        key::UserKey,
    },
};

/// The most questions.
const MOST: usize = 16;
/// The least strength of the k weakest answers, in bits: 4 for the first character of an answer, 2 for each up to the
/// 8th, 1.5 up to the 20th and 1 for each after (NIST SP 800-63-1, appendix A), a run of one character counted once.
pub const LEAST_BITS: u32 = 40;
/// Authority's key id, k, n.
const HEAD_LEN: usize = 4 + 2;
/// A salt and a masked share.
const ENTRY_LEN: usize = SALT_LENGTH + Secret::LEN;

impl Authority {
    /// A lock of `key` that any `needed` of these answers open, and this authority.
    ///
    /// An answer is taken by what it says: letters and digits alone, in normal form KC, without case.
    ///
    /// # Errors
    /// [`QuestionsError`] if there are fewer than 2 needed, fewer answers than needed, more than 16, two that are alike, or
    /// the weakest of them are too weak together.
    pub fn questions(&self, key: &UserKey, needed: u8, answers: &[&str]) -> Result<Lock, QuestionsError> {
        let answers: Vec<_> = answers.iter().map(|answer| normal(answer)).collect();
        check(needed, &answers)?;
        let secret = Secret::generate().map_err(UnlockError::from)?;
        let shares = split(needed, answers.len(), &secret).map_err(UnlockError::from)?;
        let id = LockId::random().map_err(UnlockError::from)?;
        let context = context(key.place().to_bytes(), id);

        let mut tail = self.context().key_id.to_be_bytes().to_vec();
        // There are at most 16.
        tail.extend_from_slice(&[needed, answers.len() as u8]);
        for (number, (answer, share)) in (1..).zip(answers.iter().zip(&shares)) {
            let mut salt = [0; SALT_LENGTH];
            random::fill(&mut salt).map_err(UnlockError::from)?;
            let mask = mask(answer, &salt, number, &context)?;
            tail.extend_from_slice(&salt);
            tail.extend(share.iter().zip(mask.expose_bytes()).map(|(share, mask)| share ^ mask));
        }
        let new = NewLock::new(LockKind::Questions, Kdf::Extract, id, tail).map_err(UnlockError::from)?;
        let r = r(self.active(), &new.salt, &secret);
        Ok(new.seal(key, &r).map_err(UnlockError::from)?.0)
    }

    /// How many answers a lock needs, and how many questions there are.
    ///
    /// # Errors
    /// [`UnlockError`] if it is no such lock.
    pub fn questions_of(lock: &Lock) -> Result<(u8, u8), UnlockError> {
        let parts = lock.parts_of(LockKind::Questions)?;
        let tail = Tail::parse(parts.tail)?;
        Ok((tail.needed, tail.count))
    }

    /// Opens a lock that [`questions`](Self::questions) made, with as many answers as it needs, each with the number of
    /// its question, from 1.
    ///
    /// # Errors
    /// [`UnlockError::Wrong`] for any answer that is wrong, without a hint which; the others as for any lock.
    pub fn open_questions(
        &self,
        user: &KnownUser,
        lock: &Lock,
        answers: &[(u8, &str)],
    ) -> Result<UserKey, UnlockError> {
        let parts = lock.parts_of(LockKind::Questions)?;
        let tail = Tail::parse(parts.tail)?;
        let context = context(user.place().to_bytes(), lock.id);
        // Whatever is wrong with them costs what right ones cost, as `decoy_questions` does.
        let masks = masks(answers, |number| tail.entry(number).map_or([0; SALT_LENGTH], |(salt, _)| *salt), &context)?;
        let mut numbers: Vec<u8> = answers.iter().map(|(number, _)| *number).collect();
        numbers.sort_unstable();
        numbers.dedup();
        if numbers.len() != answers.len() || numbers.len() != usize::from(tail.needed) {
            return Err(UnlockError::Wrong);
        }
        let mut shares = Vec::with_capacity(answers.len());
        for ((number, _), mask) in answers.iter().zip(&masks) {
            let (_, masked) = tail.entry(*number).ok_or(UnlockError::Wrong)?;
            let mut share = Zeroizing::new(vec![*number]);
            share.reserve_exact(Secret::LEN);
            share.extend(masked.iter().zip(mask.expose_bytes()).map(|(masked, mask)| masked ^ mask));
            shares.push(Share::try_from(share.as_slice()).map_err(|_| UnlockError::Wrong)?);
        }
        let joined = Sharks(tail.needed).recover(&shares).map(Zeroizing::new).map_err(|_| UnlockError::Wrong)?;
        let secret = Secret::from_slice(&joined).ok_or(UnlockError::Wrong)?;
        let r = r(self.key(tail.authority_key_id)?, parts.salt, &secret);
        Ok(open(&parts, lock.id, user, &r)?.0)
    }
}

/// Does for a user who does not exist, or has no questions, what [`Authority::open_questions`] costs for one who has: the
/// same answer after the same time.
#[must_use]
pub fn decoy_questions(answers: &[(u8, &str)]) -> UnlockError {
    match masks(answers, |_| [0; SALT_LENGTH], &[]) {
        Ok(masks) => {
            std::hint::black_box(masks);
            UnlockError::Wrong
        }
        Err(error) => error,
    }
}

/// The mask of each answer. What nobody can have answered is wrong at once: more than there can be questions, and an answer
/// without a letter or a digit, or one that is longer than any.
fn masks(
    answers: &[(u8, &str)],
    salt: impl Fn(u8) -> [u8; SALT_LENGTH],
    context: &[u8],
) -> Result<Vec<Secret>, UnlockError> {
    if answers.len() > MOST {
        return Err(UnlockError::Wrong);
    }
    let masks = answers.iter().map(|(number, answer)| mask(&normal(answer), &salt(*number), *number, context));
    masks.collect::<Result<_, _>>().map_err(|error| match error {
        UnlockError::PasswordLength => UnlockError::Wrong,
        error => error,
    })
}

/// The shares' bytes without their numbers, which are 1 to `count`.
fn split(needed: u8, count: usize, secret: &Secret) -> Result<Vec<Zeroizing<Vec<u8>>>, crate::keys::RandomError> {
    let mut rng = random::fresh()?;
    let dealt = Sharks(needed).dealer_rng(secret.expose_bytes(), &mut rng).take(count).map(|share| {
        let mut bytes = Zeroizing::new(Vec::<u8>::from(&share));
        let kept = Zeroizing::new(bytes.split_off(1));
        bytes.zeroize();
        kept
    });
    Ok(dealt.collect())
}

/// `HKDF-Expand(Argon2id(answer, salt), "diesel-encrypted/1 answer" ‖ number ‖ K ‖ lock id, 32)`, at 19 MiB and 2 passes.
fn mask(answer: &str, salt: &[u8; SALT_LENGTH], number: u8, context: &[u8]) -> Result<Secret, UnlockError> {
    let stretched = stretch(answer, Kdf::Argon2id(Argon2id::LEAST), salt)?;
    Ok(subkey(&stretched, Label::Answer, &[&[number], context].concat()))
}

/// `HKDF-Extract(salt, secret ‖ questions subkey of the authority)`.
fn r(authority: &DataKey, salt: &[u8], secret: &Secret) -> Secret {
    let both = authority.users_subkey(Label::Questions);
    let mut joined = Zeroizing::new([0; 2 * Secret::LEN]);
    let parts = secret.expose_bytes().iter().chain(both.expose_bytes());
    joined.iter_mut().zip(parts).for_each(|(place, byte)| *place = *byte);
    extract(salt, joined.as_slice())
}

fn context(place: Vec<u8>, id: LockId) -> Vec<u8> {
    [&*place, id.as_bytes()].concat()
}

/// What an answer says: its letters and digits, in normal form KC and lower case.
fn normal(answer: &str) -> Zeroizing<String> {
    use unicode_normalization::UnicodeNormalization as _;
    // Normal form KC has at most 11 bytes for each, and its lower case half as many more: it is never moved, and wiped whole.
    let mut kept = Zeroizing::new(String::with_capacity(answer.len() * 18));
    kept.extend(answer.nfkc().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase));
    kept
}

fn check(needed: u8, answers: &[Zeroizing<String>]) -> Result<(), QuestionsError> {
    if needed < 2 || usize::from(needed) > answers.len() || answers.len() > MOST {
        return Err(QuestionsError::Count);
    }
    let mut sorted: Vec<&str> = answers.iter().map(|answer| answer.as_str()).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
        return Err(QuestionsError::Alike);
    }
    let mut bits: Vec<u32> = answers.iter().map(|answer| estimate(answer)).collect();
    bits.sort_unstable();
    let found = bits.iter().take(needed.into()).sum();
    if found < LEAST_BITS { Err(QuestionsError::Weak { found, least: LEAST_BITS }) } else { Ok(()) }
}

/// An estimate of an answer's strength in bits: 4 for the first character, 2 for each up to the 8th, 1.5 up to the 20th and
/// 1 for each after (NIST SP 800-63-1, appendix A), of which runs of one character count once. A bound from above: an
/// answer that others know has none.
fn estimate(answer: &str) -> u32 {
    let mut last = None;
    let length = answer.chars().filter(|c| last.replace(*c) != Some(*c)).count();
    let half_bits: usize = (1..=length)
        .map(|at| match at {
            1 => 8,
            2..=8 => 4,
            9..=20 => 3,
            _ => 2,
        })
        .sum();
    u32::try_from(half_bits / 2).unwrap_or(u32::MAX)
}

/// `authority's key id u32 ‖ k u8 ‖ n u8 ‖ (salt 16 ‖ masked share 32) for each question`.
struct Tail<'a> {
    authority_key_id: u32,
    needed: u8,
    count: u8,
    entries: &'a [u8],
}

impl<'a> Tail<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let found = LOCK_LEN + bytes.len();
        let truncated = |needed| FormatError::Truncated { needed: LOCK_LEN + needed, found };
        let (&[a, b, c, d, needed, count], entries) =
            bytes.split_first_chunk::<HEAD_LEN>().ok_or_else(|| truncated(HEAD_LEN))?;
        let expected = HEAD_LEN + ENTRY_LEN * usize::from(count);
        if bytes.len() > expected {
            return Err(FormatError::TooLong { expected: LOCK_LEN + expected, found });
        }
        if bytes.len() < expected || needed < 2 || needed > count || usize::from(count) > MOST {
            return Err(truncated(expected));
        }
        Ok(Self { authority_key_id: u32::from_be_bytes([a, b, c, d]), needed, count, entries })
    }

    /// The salt and the masked share of a question, counted from 1.
    fn entry(&self, number: u8) -> Option<(&'a [u8; SALT_LENGTH], &'a [u8])> {
        let at = usize::from(number).checked_sub(1)?;
        self.entries.chunks_exact(ENTRY_LEN).nth(at)?.split_first_chunk()
    }
}

#[cfg(test)]
mod tests {
    use super::normal;

    #[test]
    fn no_character_outgrows_what_is_wiped() {
        for c in '\0'..=char::MAX {
            let answer = c.to_string();
            assert_eq!(normal(&answer).capacity(), answer.len() * 18, "{c:?}");
        }
    }
}
