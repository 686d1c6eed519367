//! Properties of what a tag is computed over: equal exactly when values are, and settled after one normalisation.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use proptest::prelude::*;

use super::{Normalizer, canonical, normalize};
use crate::value::ValueClass;
use crate::{Class, Encode};

fn tagged<V: Encode>(value: &V) -> Vec<u8> {
    let mut encoded = Vec::new();
    value.encode(&mut encoded).unwrap();
    canonical(V::Class::CLASS, &encoded).unwrap().into_owned()
}

/// Texts that normalisers have something to do with.
fn texts() -> impl Strategy<Value = String> {
    prop_oneof![any::<String>(), "[ \u{A0}\u{2003}a-zA-Z0-9ÄäßẞİıΣσςǅﬁ①٣９Åᏼꭰ\u{301}\u{307}\u{345}\u{323}]{0,24}",]
}

proptest! {
    #[test]
    fn every_normaliser_settles_after_one_time(text in texts()) {
        use Normalizer::{Casefold, Digits, Lowercase, Nfkc, Trim};
        for step in [Casefold, Digits, Lowercase, Nfkc, Trim] {
            let once = normalize(&[step], &text);
            prop_assert_eq!(normalize(&[step], &once), once.as_ref(), "{:?}", step);
            prop_assert_eq!(normalize(&[step, step], &text), once, "{:?}", step);
        }
    }

    #[test]
    fn steps_together_are_the_steps_one_by_one(text in texts()) {
        use Normalizer::{Casefold, Lowercase, Nfkc, Trim};
        let steps = [Trim, Nfkc, Casefold, Lowercase];
        let together = normalize(&steps, &text);
        let one_by_one = steps.iter().fold(text.clone(), |text, step| normalize(&[*step], &text).into_owned());
        prop_assert_eq!(together, one_by_one);
    }

    #[test]
    fn case_does_not_count_after_folding(text in texts()) {
        let folded = normalize(&[Normalizer::Casefold], &text).into_owned();
        // The one letter whose case cannot be told from its folding.
        prop_assume!(!text.contains('ı'));
        let capitals = text.to_uppercase();
        prop_assert_eq!(normalize(&[Normalizer::Casefold], &capitals), folded);
    }

    #[test]
    fn only_digits_are_left(text in texts()) {
        prop_assert!(normalize(&[Normalizer::Digits], &text).bytes().all(|byte| byte.is_ascii_digit()));
    }

    #[test]
    fn floats_have_equal_bytes_exactly_when_they_are_equal(one: f64, other: f64, narrow: f32) {
        let numbers = [one, other, -one, f64::from(narrow), 0.0, -0.0];
        for one in numbers.iter().filter(|number| !number.is_nan()) {
            for other in numbers.iter().filter(|number| !number.is_nan()) {
                prop_assert_eq!(tagged(one) == tagged(other), one == other);
            }
        }
        prop_assert!(narrow.is_nan() || tagged(&narrow) == tagged(&f64::from(narrow)));
    }

    #[test]
    fn no_bytes_make_the_canonical_form_panic(bytes: Vec<u8>, text in "[-+0-9.eE]{0,30}") {
        for class in (0..16).filter_map(Class::from_u8) {
            let _ = canonical(class, &bytes);
            let _ = canonical(class, text.as_bytes());
        }
    }

    #[test]
    fn a_canonical_decimal_is_canonical(text in "-?[0-9]{1,70}(\\.[0-9]{1,70})?(E[-+]?[0-9]{1,3})?") {
        let once = canonical(Class::Decimal, text.as_bytes()).unwrap();
        prop_assert_eq!(canonical(Class::Decimal, &once).unwrap(), once.as_ref());
    }
}

#[cfg(feature = "bigdecimal")]
proptest! {
    #[test]
    fn decimals_have_equal_bytes_exactly_when_they_are_equal(
        one in -200_i64..200, scale in -70_i64..70, other in -200_i64..200, other_scale in -70_i64..70, zeros in 0_u32..12
    ) {
        let number = |digits: i64, scale| ::bigdecimal::BigDecimal::new(digits.into(), scale);
        let (one, other) = (number(one, scale), number(other, other_scale));
        prop_assert_eq!(tagged(&one) == tagged(&other), one == other);
        let longer = one.with_scale(scale + i64::from(zeros));
        prop_assert_eq!(&longer, &one);
        prop_assert_eq!(tagged(&longer), tagged(&one));
    }
}

#[cfg(all(feature = "bigdecimal", feature = "rust_decimal"))]
proptest! {
    #[test]
    fn both_decimal_crates_give_the_same_bytes(coefficient in -(1_i128 << 96) + 1..1_i128 << 96, scale in 0_u32..=28) {
        let small = ::rust_decimal::Decimal::from_i128_with_scale(coefficient, scale);
        let big = ::bigdecimal::BigDecimal::new(coefficient.into(), i64::from(scale));
        prop_assert_eq!(tagged(&small), tagged(&big));
        prop_assert_eq!(tagged(&small.normalize()), tagged(&big.normalized()));
    }
}
