//! What a model declares of a blind index.

use std::fmt;

/// The fewest bits a tag may keep.
pub const BITS_MIN: u8 = 8;
/// All bits of a tag: 14 bytes. With fewer, different values share tags on purpose.
pub const BITS_MAX: u8 = 112;

/// One step of normalisation. Steps are applied in the order in which they are declared.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub enum Normalizer {
    /// Unicode lowercase (`str::to_lowercase`).
    Lowercase,
    /// Unicode full case folding (CaseFolding.txt, status C and F), which also equates `ß` and `ss`.
    Casefold,
    /// White space (Unicode `White_Space`) removed at both ends.
    Trim,
    /// Unicode normalisation form NFKC (UAX #15).
    Nfkc,
    /// Only the decimal digits (Unicode `Nd`), each as its ASCII digit.
    Digits,
    /// The application's own function.
    ///
    /// It is applied to what is searched for as well as to what is stored, so it has to leave alone what it returned:
    /// `f(f(x)) == f(x)` for every `x`. Of an email's domain, `f("ada@example.org")` and `f("example.org")` are both
    /// `"example.org"`. Otherwise a search for `"example.org"` would find nothing, and say nothing: in debug builds,
    /// sealing and searching check this and fail with
    /// [`EncodeError::NormalizerNotStable`](crate::EncodeError::NormalizerNotStable).
    Custom {
        /// The name it is registered under. Change it whenever the function's results change.
        name: &'static str,
        /// The function. Equal results mean equal values; its own results it returns as they are.
        apply: fn(&str) -> String,
    },
}

impl Normalizer {
    /// The name in the registry: `custom:` and its name for the application's own function.
    #[must_use]
    pub fn name(&self) -> String {
        match self {
            Self::Lowercase => "lowercase".to_owned(),
            Self::Casefold => "casefold".to_owned(),
            Self::Trim => "trim".to_owned(),
            Self::Nfkc => "nfkc".to_owned(),
            Self::Digits => "digits".to_owned(),
            Self::Custom { name, .. } => format!("custom:{name}"),
        }
    }
}

impl Normalizer {
    /// The step that the registry calls `name`; the application's own functions are looked for in `own`.
    pub(crate) fn named(name: &str, own: &[Self]) -> Option<Self> {
        let built_in = [Self::Lowercase, Self::Casefold, Self::Trim, Self::Nfkc, Self::Digits];
        built_in.iter().chain(own).find(|step| step.name() == name).copied()
    }
}

impl fmt::Debug for Normalizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())
    }
}

/// A blind index of a field: one slot of its sealed values.
#[derive(Clone, Copy, Debug)]
pub struct Index {
    pub(crate) name: &'static str,
    pub(crate) domain: Option<&'static str>,
    pub(crate) normalize: &'static [Normalizer],
    pub(crate) bits: u8,
    pub(crate) removed: bool,
    /// Of a field from the registry, a step that this program does not have.
    pub(crate) lacks: Option<&'static str>,
}

impl Index {
    /// An index of this name over the value as it is, with all 112 bits, in a domain of its own.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, domain: None, normalize: &[], bits: BITS_MAX, removed: false, lacks: None }
    }

    /// Normalises values by these steps before they are compared.
    #[must_use]
    pub const fn normalize(mut self, steps: &'static [Normalizer]) -> Self {
        self.normalize = steps;
        self
    }

    /// Keeps only the first `bits` bits of a tag (8 to 112).
    ///
    /// # Panics
    /// Outside of 8 to 112: at compile time where the index is a `static`.
    #[must_use]
    pub const fn bits(mut self, bits: u8) -> Self {
        assert!(bits >= BITS_MIN && bits <= BITS_MAX, "a blind index keeps 8 to 112 bits");
        self.bits = bits;
        self
    }

    /// Shares the key of this index with every index of the same domain, so that their columns can be joined. Anyone
    /// who reads the database then sees which values are equal across those columns.
    #[must_use]
    pub const fn domain(mut self, domain: &'static str) -> Self {
        self.domain = Some(domain);
        self
    }

    /// Keeps the slot of an index that is no longer wanted: new values leave it empty, and later slots stay where they are.
    #[must_use]
    pub const fn removed(mut self) -> Self {
        self.removed = true;
        self
    }

    /// The name of the index within its field.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The steps of normalisation, in their order.
    #[must_use]
    pub const fn steps(&self) -> &'static [Normalizer] {
        self.normalize
    }

    /// The bits that a tag keeps.
    #[must_use]
    pub const fn bit_count(&self) -> u8 {
        self.bits
    }

    /// Whether only its slot is left.
    #[must_use]
    pub const fn is_removed(&self) -> bool {
        self.removed
    }
}
