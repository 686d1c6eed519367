//! Which traits our types have, and which they must not have.

#![allow(clippy::unwrap_used, missing_docs, reason = "tests")]

use std::{fmt::Display, marker::PhantomData, ops::Deref};

use diesel::prelude::*;
use diesel_encrypted::{
    Attached, DecodeError, EncodeError, EncryptedColumn, Failure, LocalRootKey, MemoryKeyStore, OpenedAll, Owner,
    RootKeyError, RootKeys, Sealed, SourceError, StoreError, ValueError, VaultBuilder, VaultError,
    dsl::{BlindEq, BlindEqAny, BlindEqCandidates, BlindIndex, BlindNe},
    format::FormatError,
    keys::{DataKey, Secret},
    prelude::*,
    sql::SqlError,
};
use diesel_encrypted_tests::clinic::patients;
use serde::{Serialize, de::DeserializeOwned};

/// Whether a type has a trait. An inherent constant goes before that of a trait, where its bound holds.
macro_rules! has {
    ($type:ty: $($bound:tt)+) => {{
        #[allow(dead_code, reason = "one of the two is used")]
        trait Otherwise {
            const HAS: bool = false;
        }
        #[allow(dead_code, reason = "only its type is")]
        struct Probe<T: ?Sized>(PhantomData<T>);
        impl<T: ?Sized> Otherwise for Probe<T> {}
        #[allow(dead_code, reason = "one of the two is used")]
        impl<T: ?Sized + $($bound)+> Probe<T> {
            const HAS: bool = true;
        }
        Probe::<$type>::HAS
    }};
}

macro_rules! assert_closed {
    ($($secret:ty)*) => { $(
        let name = stringify!($secret);
        assert!(!has!($secret: Clone), "{name} can be copied");
        assert!(!has!($secret: PartialEq), "{name} can be compared, in a time that tells how much is equal");
        assert!(!has!($secret: PartialEq<[u8; 32]>), "{name} can be compared with bytes");
        assert!(!has!($secret: PartialOrd), "{name} can be ordered");
        assert!(!has!($secret: std::hash::Hash), "{name} can be hashed");
        assert!(!has!($secret: Serialize), "{name} can be written by serde");
        assert!(!has!($secret: DeserializeOwned), "{name} can be read by serde");
        assert!(!has!($secret: Display), "{name} can be displayed");
        assert!(!has!($secret: AsRef<[u8]>), "{name} lends its bytes");
        assert!(!has!($secret: Deref), "{name} lends what it holds");
        assert!(!has!($secret: Into<Vec<u8>>), "{name} turns into bytes");
    )* };
}

macro_rules! assert_shared {
    ($($type:ty)*) => { $(
        assert!(has!($type: Send), "{} stays on its thread", stringify!($type));
        assert!(has!($type: Sync), "{} is used by one thread alone", stringify!($type));
    )* };
}

#[test]
fn the_probe_tells_what_a_type_has_from_what_it_has_not() {
    assert!(has!(String: Clone) && has!(String: PartialEq) && has!(String: Serialize) && has!(String: AsRef<[u8]>));
    assert!(has!([u8; 32]: PartialEq<[u8; 32]>) && has!(String: Into<Vec<u8>>) && has!(String: Deref));
    assert!(has!(u8: Send) && has!(u8: Sync));
    assert!(!has!(std::rc::Rc<u8>: Send) && !has!(std::cell::Cell<u8>: Sync));
}

#[test]
fn a_secret_is_neither_copied_nor_compared_nor_serialized() {
    assert_closed!(Secret DataKey LocalRootKey);
}

#[test]
fn a_vault_and_its_values_go_to_any_thread() {
    assert_shared! {
        Vault VaultBuilder RootKeys LocalRootKey Secret DataKey MemoryKeyStore Owner
        Encrypted<String, patients::email> Option<Encrypted<String, patients::phone>>
        Sealed<String, patients::email> OpenedAll<String> Attached<String>
    }
    // The column is a name: it does not keep a value on its thread.
    assert_shared!(Encrypted<String, std::rc::Rc<()>> Sealed<String, std::cell::Cell<()>>);
    assert!(!has!(Encrypted<std::rc::Rc<()>, patients::email>: Send), "as its plaintext is");
}

#[test]
fn every_error_goes_to_any_thread_and_into_a_box() {
    assert_shared!(ValueError VaultError StoreError SourceError RootKeyError FormatError EncodeError DecodeError SqlError Failure);
    assert!(has!(ValueError: std::error::Error) && has!(ValueError: 'static));
    assert!(has!(VaultError: Into<Box<dyn std::error::Error + Send + Sync>>));
    assert!(has!(ValueError: Into<Box<dyn std::error::Error + Send + Sync>>));
}

/// Whether the type of `value` has both.
fn shared<T: Send + Sync>(_: &T) {}

#[test]
fn what_is_bound_goes_to_another_thread_with_its_query() {
    assert_shared! {
        BlindEq<patients::email> BlindNe<patients::email> BlindEqAny<patients::email> BlindIndex<patients::email>
        BlindEqCandidates<patients::city, patients::city>
    }
    let email = Encrypted::<String, patients::email>::new("ada@example.org".into());
    shared(&diesel::expression::AsExpression::<<patients::email as Expression>::SqlType>::as_expression(email.clone()));
    shared(&diesel::update(patients::table).set(patients::email.eq(email)));
    shared(&patients::table.filter(patients::email.blind_eq("ada@example.org")));
    assert_eq!(<patients::email as EncryptedColumn>::field().id(), "patients.email");
}
