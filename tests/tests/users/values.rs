//! Values under a user's or a group's key: sealed, opened and searched for as the application's are, and by nobody else.

use diesel_encrypted_core::{
    Binding, Class, Field, Index, LocalRootKey, MemoryKeyStore, Normalizer, RootKeyId, RootKeys, Storage, ValueError,
    Vault,
    format::value::SealedValue,
    keys::Secret,
    users::{GroupId, HolderKey, UserKey},
};

use crate::world::{authority, person};

static NOTE: Field = Field::new("notes.note", "notes", "note", Class::Text, Storage::Binary)
    .binding(Binding::Columns(&["id"]))
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase]), Index::new("gone").removed()]);
static TITLE: Field = Field::new("notes.title", "notes", "title", Class::Text, Storage::Binary);
static BOTH: Field = Field::new("notes.both", "notes", "both", Class::Text, Storage::Binary)
    .two_layers()
    .indexes(&[Index::new("default")]);

fn vault(key: &UserKey) -> Vault {
    key.vault(&[], &[&NOTE, &TITLE, &BOTH])
}

fn application() -> Vault {
    let roots = RootKeys::new(LocalRootKey::new(RootKeyId::new("root").unwrap(), Secret::generate().unwrap()));
    let builder = Vault::builder(roots).application("notes").field(&NOTE).field(&TITLE).field(&BOTH);
    builder.open_with(&mut MemoryKeyStore::new()).unwrap()
}

#[test]
fn a_value_says_whose_key_it_is_under_and_opens_with_that_alone() {
    let notes = authority("notes", None);
    let (ada, bob) = (person(&notes, 7), person(&notes, 8));
    let sealed = vault(&ada.key).seal(&TITLE, "mine").unwrap();
    let header = SealedValue::parse(&sealed).unwrap().header;
    assert!(header.user_key && !header.bound);
    assert_eq!(header.key_id, ada.key.place().key_id());
    assert_eq!(vault(&ada.key).open::<String>(&TITLE, &sealed).unwrap(), "mine");

    let of_bob = vault(&bob.key).open::<String>(&TITLE, &sealed);
    assert!(matches!(of_bob, Err(ValueError::UnknownKey { .. })), "{of_bob:?}");
    let application = application();
    let refused = application.open::<String>(&TITLE, &sealed);
    assert!(matches!(refused, Err(ValueError::OtherHolder { user_key: true, .. })), "{refused:?}");
    let theirs = application.seal(&TITLE, "ours").unwrap();
    let refused = vault(&ada.key).open::<String>(&TITLE, &theirs);
    assert!(matches!(refused, Err(ValueError::OtherHolder { user_key: false, .. })), "{refused:?}");
    // In another column, of another vault, the value meets another key.
    assert!(vault(&ada.key).open::<String>(&BOTH, &sealed).is_err());
}

#[test]
fn every_bit_of_a_value_counts() {
    let ada = person(&authority("notes", None), 7);
    let owner = diesel_encrypted_core::Owner::of(&1_i64).unwrap();
    let sealed = vault(&ada.key).seal_bound(&NOTE, "Hello", &owner).unwrap();
    assert_eq!(vault(&ada.key).open_bound::<String>(&NOTE, &sealed, &owner).unwrap(), "Hello");
    for bit in 0..8 * sealed.len() {
        let mut altered = sealed.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(vault(&ada.key).open_bound::<String>(&NOTE, &altered, &owner).is_err(), "bit {bit}");
    }
    let other = diesel_encrypted_core::Owner::of(&2_i64).unwrap();
    let moved = vault(&ada.key).open_bound::<String>(&NOTE, &sealed, &other);
    assert!(matches!(moved, Err(ValueError::Tampered { bound: true, .. })), "{moved:?}");
}

#[test]
fn ones_own_values_are_found_and_nothing_compares_across_users() {
    let notes = authority("notes", None);
    let (ada, bob) = (person(&notes, 7), person(&notes, 8));
    let owner = diesel_encrypted_core::Owner::of(&1_i64).unwrap();
    let slots = |key: &UserKey, text: &str| {
        let sealed = vault(key).seal_bound(&NOTE, text, &owner).unwrap();
        SealedValue::parse(&sealed).unwrap().slots.to_vec()
    };
    let asked = vault(&ada.key).search_slots(&NOTE, 0, "hello").unwrap();
    assert_eq!(asked, [slots(&ada.key, "HELLO")[0]]);
    assert_ne!(slots(&ada.key, "hello")[0], slots(&bob.key, "hello")[0]);
    assert_ne!(slots(&ada.key, "hello")[0], slots(&ada.key, "hallo")[0]);
    assert_eq!(slots(&ada.key, "hello")[1], [0; 15], "an index that was removed");
    assert_ne!(application().search_slots(&NOTE, 0, "hello").unwrap(), asked);
}

#[test]
fn earlier_keys_open_and_are_searched_for_until_all_is_sealed_anew() {
    let ada = person(&authority("notes", None), 7);
    let owner = diesel_encrypted_core::Owner::of(&1_i64).unwrap();
    let old = vault(&ada.key).seal_bound(&NOTE, "hello", &owner).unwrap();
    let next = ada.key.successor().unwrap();
    let both = next.vault(&[&ada.key], &[&NOTE]);
    assert_eq!(both.open_bound::<String>(&NOTE, &old, &owner).unwrap(), "hello");
    let new = both.seal_bound(&NOTE, "hello", &owner).unwrap();
    assert_eq!(SealedValue::parse(&new).unwrap().header.key_id, next.place().key_id());
    let slot = |sealed: &[u8]| SealedValue::parse(sealed).unwrap().slots[0];
    assert_eq!(both.search_slots(&NOTE, 0, "hello").unwrap(), [slot(&new), slot(&old)]);
    assert!(vault(&next).open_bound::<String>(&NOTE, &old, &owner).is_err());
}

#[test]
fn members_of_a_group_read_each_other() {
    let notes = authority("notes", None);
    let (ada, bob) = (person(&notes, 7), person(&notes, 8));
    let group = notes.create_group(GroupId::of("editors").unwrap()).unwrap();
    let copies = [&ada.key, &bob.key].map(|key| (key, key.hold_group_key(&group).unwrap()));
    let opened = copies.map(|(key, copy)| key.open_group_key(&group.name(), &copy).unwrap());
    let [of_ada, of_bob] = opened.map(|key: HolderKey<_>| key.vault(&[], &[&TITLE]));
    let sealed = of_ada.seal(&TITLE, "for all of us").unwrap();
    assert_eq!(of_bob.open::<String>(&TITLE, &sealed).unwrap(), "for all of us");
    assert!(vault(&ada.key).open::<String>(&TITLE, &sealed).is_err());
}

#[test]
fn two_layers_need_both() {
    let notes = authority("notes", None);
    let (ada, bob) = (person(&notes, 7), person(&notes, 8));
    let application = application();
    let vaults = [&ada.key, &bob.key].map(|key| key.vault(&[], &[&BOTH]));
    let [of_ada, of_bob] = &vaults;
    let inner = of_ada.seal(&BOTH, "for two").unwrap();
    let outer = application.seal_layer(&BOTH, &inner).unwrap();
    assert_eq!(outer.len(), BOTH.sealed_len(7));
    let opened = application.open_layer(&BOTH, &outer).unwrap();
    assert_eq!(opened, inner);
    assert_eq!(of_ada.open::<String>(&BOTH, &opened).unwrap(), "for two");
    assert!(matches!(of_bob.open::<String>(&BOTH, &opened), Err(ValueError::UnknownKey { .. })));

    let without_user = [
        application.seal(&BOTH, "alone").map(drop),
        application.open::<String>(&BOTH, &outer).map(drop),
        application.open::<String>(&BOTH, &inner).map(drop),
        application.search_slots(&BOTH, 0, "for two").map(drop),
    ];
    for refused in without_user {
        assert!(matches!(refused, Err(ValueError::UserLayer { .. })), "{refused:?}");
    }
    for refused in [of_ada.seal_layer(&BOTH, &inner), of_ada.open_layer(&BOTH, &outer)] {
        assert!(matches!(refused, Err(ValueError::ApplicationLayer { .. })), "{refused:?}");
    }
    let of_outer = of_ada.open::<String>(&BOTH, &outer);
    assert!(matches!(of_outer, Err(ValueError::OtherHolder { user_key: false, .. })), "{of_outer:?}");
}

/// What someone with the application's key, who knows no user's, can write into such a column.
#[test]
fn a_layer_around_anything_but_a_users_value_is_refused() {
    static ONE_LAYER: Field = Field::new("notes.both", "notes", "both", Class::Bytes, Storage::Binary);
    static TAGGED: Field =
        Field::new("notes.both", "notes", "both", Class::Bytes, Storage::Binary).indexes(&[Index::new("default")]);
    let mut store = MemoryKeyStore::new();
    let root = || {
        let key = Secret::from_slice(&[7; 32]).unwrap();
        RootKeys::new(LocalRootKey::new(RootKeyId::new("root").unwrap(), key))
    };
    let mut vault = |field| Vault::builder(root()).application("notes").field(field).open_with(&mut store).unwrap();
    let (one, tagged, both) = (vault(&ONE_LAYER), vault(&TAGGED), vault(&BOTH));
    let ada = person(&authority("notes", None), 7).key.vault(&[], &[&BOTH, &NOTE]);
    let owner = diesel_encrypted_core::Owner::of(&1_i64).unwrap();
    let inner = ada.seal(&BOTH, "mine").unwrap();
    assert!(both.open_layer(&BOTH, both.seal_layer(&BOTH, &inner).unwrap()).is_ok());

    let not_sealed = one.seal(&ONE_LAYER, b"alone".as_slice()).unwrap();
    let of_application = one.seal(&ONE_LAYER, &not_sealed).unwrap();
    let without_tags = one.seal(&ONE_LAYER, &inner).unwrap();
    let with_other_tags = tagged.seal(&TAGGED, &inner).unwrap();
    let bound = one.seal(&ONE_LAYER, &ada.seal_bound(&NOTE, "mine", &owner).unwrap()).unwrap();
    for planted in [&not_sealed, &of_application, &without_tags, &with_other_tags, &bound] {
        let refused = both.open_layer(&BOTH, planted);
        assert!(matches!(refused, Err(ValueError::NoUserLayer { .. })), "{refused:?}");
    }
    for inner in [b"alone".as_slice(), &not_sealed, &[]] {
        let refused = both.seal_layer(&BOTH, inner);
        assert!(matches!(refused, Err(ValueError::NoUserLayer { .. })), "{refused:?}");
    }
}
