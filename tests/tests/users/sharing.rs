//! Sharing: what one member gives another, and what someone who writes to the database cannot give anyone.

use diesel_encrypted_core::{
    format::FormatError,
    users::{
        Authority, AuthorityError, Contact, EncryptionPublicKey, GroupId, GroupKey, IdentityChange, IdentityKey,
        KeyName, KnownUser, Lock, Member, Pin, PublicKeys, SealedMember, SharingError, Suite, UnlockError, UserKey,
    },
};

use crate::world::{authority, user};

/// A user with keys to share by, as everyone else knows them.
struct Person {
    key: UserKey,
    known: KnownUser,
    member: Member,
    contact: Contact,
}

fn person(authority: &Authority, id: i64, suite: Suite) -> Person {
    let key = authority.create(user(id)).unwrap();
    let member = Member::generate(&key, suite).unwrap();
    let record = authority.record(&key, Some(member.fingerprint())).unwrap();
    let known = authority.authenticate(&record).unwrap();
    let contact = member.publish().verify(&known).unwrap();
    Person { key, known, member, contact }
}

fn group(authority: &Authority) -> GroupKey {
    authority.create_group(GroupId::of("editors").unwrap()).unwrap()
}

const SUITES: [Suite; 2] = [Suite::X25519, Suite::XWing];

#[test]
fn a_share_opens_for_its_recipient_alone_and_a_copy_follows_it() {
    let notes = authority("notes", None);
    for suite in SUITES {
        let [ada, bob, eve] = [7, 8, 9].map(|id| person(&notes, id, suite));
        let group = group(&notes);
        let share = ada.member.share(&group, &bob.contact).unwrap();
        assert_eq!(share.len(), 2 + suite.encapsulated_len() + 48 + 64);
        let opened = bob.member.open_share(&group.name(), &ada.contact, &share).unwrap();
        assert_eq!(opened.check_value(), group.check_value());

        let copy = bob.key.hold_group_key(&opened).unwrap();
        assert_eq!(copy.len(), 78);
        let again = bob.key.open_group_key(&group.name(), &copy).unwrap();
        assert_eq!(again.check_value(), group.check_value());

        assert_eq!(eve.member.open_share(&group.name(), &ada.contact, &share).unwrap_err(), SharingError::NotSigned);
        assert_eq!(eve.key.open_group_key(&group.name(), &copy).unwrap_err(), SharingError::Closed);
    }
}

#[test]
fn nobody_can_plant_a_key() {
    let notes = authority("notes", None);
    let [ada, bob, eve] = [7, 8, 9].map(|id| person(&notes, id, Suite::X25519));
    let group = group(&notes);
    // Eve makes a key for the same group and shares it in her own name, and Bob is told that it is Ada's.
    let planted = notes.create_group(GroupId::of("editors").unwrap()).unwrap();
    let share = eve.member.share(&planted, &bob.contact).unwrap();
    assert_eq!(bob.member.open_share(&planted.name(), &ada.contact, &share).unwrap_err(), SharingError::NotSigned);
    // Or that it is the key of the group's row.
    assert_eq!(bob.member.open_share(&group.name(), &eve.contact, &share).unwrap_err(), SharingError::NotSigned);
    // A share of Ada's for Bob, handed to Bob as the key of another group.
    let other = notes.create_group(GroupId::of("readers").unwrap()).unwrap();
    let honest = ada.member.share(&group, &bob.contact).unwrap();
    assert_eq!(bob.member.open_share(&other.name(), &ada.contact, &honest).unwrap_err(), SharingError::NotSigned);
}

#[test]
fn every_bit_of_a_share_counts() {
    let notes = authority("notes", None);
    let [ada, bob] = [7, 8].map(|id| person(&notes, id, Suite::X25519));
    let group = group(&notes);
    let share = ada.member.share(&group, &bob.contact).unwrap();
    let open = |share: &[u8]| bob.member.open_share(&group.name(), &ada.contact, share).map(|_| ());
    assert_eq!(open(&share), Ok(()));
    for bit in 0..8 * share.len() {
        let mut altered = share.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        let error = open(&altered).unwrap_err();
        assert!(matches!(error, SharingError::Malformed(_) | SharingError::NotSigned), "bit {bit}: {error:?}");
    }
    for len in 0..share.len() {
        let error = open(&share[..len]).unwrap_err();
        let cut = matches!(error, SharingError::Malformed(FormatError::Empty | FormatError::Truncated { .. }));
        assert!(cut, "{len} bytes: {error:?}");
    }
    let longer = open(&[&*share, &[0]].concat()).unwrap_err();
    assert!(matches!(longer, SharingError::Malformed(FormatError::TooLong { .. })));
}

#[test]
fn every_bit_of_a_copy_counts_and_it_is_its_holders_alone() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7, Suite::X25519);
    let group = group(&notes);
    let copy = ada.key.hold_group_key(&group).unwrap();
    for bit in 0..8 * copy.len() {
        let mut altered = copy.clone();
        altered[bit / 8] ^= 1 << (bit % 8);
        assert!(ada.key.open_group_key(&group.name(), &altered).is_err(), "bit {bit}");
    }
    let name = |id: u32, version, check| {
        KeyName::stored(ada.known.place(), GroupId::of("editors").unwrap(), id, version, check)
    };
    let (id, check) = (group.place().key_id(), group.check_value());
    assert!(ada.key.open_group_key(&name(id, 1, check), &copy).is_ok());
    for other in [name(id ^ 1, 1, check), name(id, 2, check), name(id, 1, [0; 32])] {
        assert_eq!(ada.key.open_group_key(&other, &copy).unwrap_err(), SharingError::Closed);
    }
}

#[test]
fn who_was_removed_does_not_get_the_next_key() {
    let notes = authority("notes", None);
    let [ada, bob, eve] = [7, 8, 9].map(|id| person(&notes, id, Suite::X25519));
    let first = group(&notes);
    let eves = eve.member.open_share(&first.name(), &ada.contact, &ada.member.share(&first, &eve.contact).unwrap());
    assert_eq!(eves.unwrap().check_value(), first.check_value());

    let second = first.successor().unwrap();
    assert_eq!((second.place().version(), second.place().holder()), (2, first.place().holder()));
    assert_ne!(second.place().key_id(), first.place().key_id());
    let share = ada.member.share(&second, &bob.contact).unwrap();
    assert!(bob.member.open_share(&second.name(), &ada.contact, &share).is_ok());
    assert!(eve.member.open_share(&second.name(), &ada.contact, &share).is_err());
    // Those who stay read what was sealed under the first while it is sealed anew.
    let held = second.hold_earlier(&first).unwrap();
    assert_eq!(second.open_earlier(&first.name(), &held).unwrap().check_value(), first.check_value());
    assert!(first.open_earlier(&first.name(), &held).is_err());
}

/// Eve knows the first key and not the second: what she makes holds the first alone, and the record names another.
#[test]
fn who_was_removed_cannot_make_the_next_key() {
    let notes = authority("notes", None);
    let first = group(&notes);
    let (second, eves) = (first.successor().unwrap(), first.successor().unwrap());
    let record = notes.group_record(&second).unwrap();
    assert_eq!(notes.authenticate_group(&record).unwrap().check(), &second.check_value());
    let mut planted = notes.group_record(&eves).unwrap();
    planted.mac = record.mac;
    assert_eq!(notes.authenticate_group(&planted).unwrap_err(), AuthorityError::AlteredRecord);
    // And the link shows who made a key: the third of those who stayed holds the second, which Eve cannot put into hers.
    let (third, eves_third) = (second.successor().unwrap(), eves.successor().unwrap());
    let (held, forged) = (third.hold_earlier(&second).unwrap(), eves_third.hold_earlier(&eves).unwrap());
    assert!(third.open_earlier(&second.name(), &held).is_ok());
    assert_eq!(eves_third.open_earlier(&second.name(), &forged).unwrap_err(), SharingError::Closed);
}

#[test]
fn a_key_holds_none_that_is_not_before_it() {
    let notes = authority("notes", None);
    let first = group(&notes);
    let second = first.successor().unwrap();
    let backwards = first.hold_earlier(&second).unwrap();
    assert_eq!(first.open_earlier(&second.name(), &backwards).unwrap_err(), SharingError::OtherKey);
    let other = notes.create_group(GroupId::of("readers").unwrap()).unwrap();
    let foreign = second.hold_earlier(&other).unwrap();
    assert_eq!(second.open_earlier(&other.name(), &foreign).unwrap_err(), SharingError::OtherKey);
    let tenant = authority("notes", Some(b"tenant")).create_group(GroupId::of("editors").unwrap()).unwrap();
    let foreign = second.hold_earlier(&tenant).unwrap();
    assert_eq!(second.open_earlier(&tenant.name(), &foreign).unwrap_err(), SharingError::OtherKey);
}

/// A group's pin of a member: who is no member cannot write it, nor take a member's place in it.
#[test]
fn a_member_is_vouched_for_by_the_groups_key() {
    let notes = authority("notes", None);
    let [ada, eve] = [7, 9].map(|id| person(&notes, id, Suite::X25519));
    let (first, other) = (group(&notes), group(&notes));
    let member = Pin::new(&first, &ada.contact);
    assert_eq!(member.check(&first, &ada.contact), Ok(()));
    assert_eq!(member.check(&first, &eve.contact), Err(SharingError::OtherIdentity));
    for planted in [Pin::new(&other, &eve.contact), Pin::new(&eve.key, &eve.contact)] {
        assert_eq!(planted.check(&first, &eve.contact), Err(SharingError::AlteredPin));
    }
    let second = first.successor().unwrap();
    assert_eq!(member.check(&second, &ada.contact), Err(SharingError::AlteredPin));
    assert_eq!(member.renew(&first, &second).unwrap().check(&second, &ada.contact), Ok(()));
}

/// Ada shares, and then has a new identity key: what she signed before it still opens, as what she signed by then.
#[test]
fn a_share_that_was_signed_before_a_change_of_identity_opens() {
    let notes = authority("notes", None);
    let [ada, bob, eve] = [7, 8, 9].map(|id| person(&notes, id, Suite::X25519));
    let group = group(&notes);
    let share = ada.member.share(&group, &bob.contact).unwrap();
    let (renewed, change) = ada.member.with_new_identity_key().unwrap();
    let record = notes.record(&ada.key, Some(renewed.fingerprint())).unwrap();
    let known = notes.authenticate(&record).unwrap();
    let now = renewed.publish().verify(&known).unwrap();
    assert_eq!(bob.member.open_share(&group.name(), &now, &share).unwrap_err(), SharingError::NotSigned);
    let before = now.before(&known, &change).unwrap();
    assert!(before == ada.contact);
    assert!(bob.member.open_share(&group.name(), &before, &share).is_ok());

    assert_eq!(before.before(&known, &change), Err(SharingError::OtherIdentity));
    assert_eq!(eve.contact.before(&known, &change), Err(SharingError::OtherIdentity));
    assert_eq!(now.before(&eve.known, &change), Err(SharingError::NotSigned));
    assert_eq!(Pin::new(&bob.key, &before).follow(&bob.key, &known, &change).unwrap().check(&bob.key, &now), Ok(()));
}

#[test]
fn private_keys_open_with_their_users_key_alone() {
    let notes = authority("notes", None);
    for suite in SUITES {
        let [ada, eve] = [7, 9].map(|id| person(&notes, id, suite));
        let (public, sealed) = (ada.member.publish(), ada.member.seal(&ada.key).unwrap());
        let opened = Member::open(&ada.key, &public, &sealed).unwrap();
        assert_eq!(opened.fingerprint(), ada.member.fingerprint());
        let group = group(&notes);
        let share = eve.member.share(&group, &ada.contact).unwrap();
        assert!(opened.open_share(&group.name(), &eve.contact, &share).is_ok());

        assert_eq!(Member::open(&eve.key, &public, &sealed).unwrap_err(), SharingError::Closed);
        assert_eq!(Member::open(&ada.key, &eve.member.publish(), &sealed).unwrap_err(), SharingError::Closed);
        let swapped = SealedMember { encryption: sealed.identity.clone(), identity: sealed.encryption.clone() };
        assert_eq!(Member::open(&ada.key, &public, &swapped).unwrap_err(), SharingError::Closed);
    }
}

#[test]
fn public_keys_are_believed_if_the_record_and_the_signature_say_so() {
    let notes = authority("notes", None);
    let [ada, eve] = [7, 9].map(|id| person(&notes, id, Suite::X25519));
    let public = ada.member.publish();
    let with = |change: &dyn Fn(&mut PublicKeys)| {
        let mut public = public.clone();
        change(&mut public);
        public.verify(&ada.known).map(|_| ())
    };
    assert_eq!(with(&|_| {}), Ok(()));
    let eves = eve.member.publish();
    assert_eq!(with(&|public| *public = eves.clone()), Err(SharingError::OtherIdentity));
    assert_eq!(with(&|public| public.encryption = eves.encryption.clone()), Err(SharingError::NotSigned));
    assert_eq!(with(&|public| public.signature[0] ^= 1), Err(SharingError::NotSigned));
    assert_eq!(public.verify(&eve.known).map(|_| ()), Err(SharingError::OtherIdentity));
    let unknown = notes.authenticate(&notes.record(&ada.key, None).unwrap()).unwrap();
    assert_eq!(public.verify(&unknown).map(|_| ()), Err(SharingError::OtherIdentity));

    let renewed = ada.member.with_new_encryption_key(Suite::X25519).unwrap();
    assert!(renewed.publish().verify(&ada.known).is_ok());
}

#[test]
fn a_pinned_identity_changes_by_its_own_signature_alone() {
    let notes = authority("notes", None);
    let [ada, bob] = [7, 8].map(|id| person(&notes, id, Suite::X25519));
    let pin = Pin::new(&ada.key, &bob.contact);
    assert_eq!(pin.check(&ada.key, &bob.contact), Ok(()));

    // The application makes keys for Bob, and a record that names them: only the pin tells.
    let forged = Member::generate(&bob.key, Suite::X25519).unwrap();
    let record = notes.record(&bob.key, Some(forged.fingerprint())).unwrap();
    let known = notes.authenticate(&record).unwrap();
    let contact = forged.publish().verify(&known).unwrap();
    assert_eq!(pin.check(&ada.key, &contact), Err(SharingError::OtherIdentity));

    let by_itself = IdentityChange::new(known.place(), forged.identity_key(), forged.identity_key());
    assert_eq!(pin.follow(&ada.key, &known, &by_itself), Err(SharingError::OtherIdentity));
    let honest = IdentityChange::new(known.place(), bob.member.identity_key(), forged.identity_key());
    let honest = IdentityChange::from_bytes(&honest.to_bytes());
    let followed = pin.follow(&ada.key, &known, &honest).unwrap();
    assert_eq!(followed.check(&ada.key, &contact), Ok(()));
    assert_eq!(followed.check(&ada.key, &bob.contact), Err(SharingError::OtherIdentity));
    for byte in 0..IdentityChange::LEN {
        let mut altered = honest.to_bytes();
        altered[byte] ^= 1;
        let followed = pin.follow(&ada.key, &known, &IdentityChange::from_bytes(&altered));
        assert_eq!(followed, Err(SharingError::NotSigned), "byte {byte}");
    }
    // Ada's change is none of Bob's.
    let of_ada = IdentityChange::new(ada.known.place(), bob.member.identity_key(), &IdentityKey::generate().unwrap());
    assert_eq!(pin.follow(&ada.key, &known, &of_ada), Err(SharingError::NotSigned));
}

#[test]
fn a_pin_is_its_owners_and_cannot_be_written_by_another() {
    let notes = authority("notes", None);
    let [ada, bob, eve] = [7, 8, 9].map(|id| person(&notes, id, Suite::X25519));
    let pin = Pin::new(&ada.key, &bob.contact);
    let altered = Pin::stored(pin.user.clone(), *eve.contact.fingerprint(), pin.mac);
    assert_eq!(altered.check(&ada.key, &eve.contact), Err(SharingError::AlteredPin));
    let moved = Pin::stored(user(9), pin.fingerprint, pin.mac);
    assert_eq!(moved.check(&ada.key, &bob.contact), Err(SharingError::AlteredPin));
    assert_eq!(pin.check(&eve.key, &bob.contact), Err(SharingError::AlteredPin));
    let next = ada.key.successor().unwrap();
    assert_eq!(pin.check(&next, &bob.contact), Err(SharingError::AlteredPin));
    assert_eq!(pin.renew(&ada.key, &next).unwrap().check(&next, &bob.contact), Ok(()));
}

#[test]
fn a_private_key_opens_its_lock_and_every_bit_of_it_counts() {
    let notes = authority("notes", None);
    for suite in SUITES {
        let [ada, bob, eve] = [7, 8, 9].map(|id| person(&notes, id, suite));
        let lock = Lock::for_private_key(&ada.key, bob.member.encryption_key().public()).unwrap();
        let opened = lock.open_with_private_key(&ada.known, bob.member.encryption_key()).unwrap();
        assert_eq!(opened.check_value(), ada.key.check_value());
        let wrong = lock.open_with_private_key(&ada.known, eve.member.encryption_key());
        assert_eq!(wrong.unwrap_err(), UnlockError::Wrong);
        for byte in 0..lock.as_bytes().len() {
            let mut bytes = lock.as_bytes().to_vec();
            bytes[byte] ^= 1;
            let altered = Lock::stored(lock.id(), bytes);
            assert!(altered.open_with_private_key(&ada.known, bob.member.encryption_key()).is_err(), "byte {byte}");
        }
        let longer = Lock::stored(lock.id(), [lock.as_bytes(), &[0]].concat());
        assert!(longer.open_with_private_key(&ada.known, bob.member.encryption_key()).is_err());
        // Eve has Bob's public key too: her lock holds a key of hers, and logs nobody in as Ada.
        let planted = Lock::for_private_key(&eve.key, bob.member.encryption_key().public()).unwrap();
        assert!(planted.open_with_private_key(&ada.known, bob.member.encryption_key()).is_err());
    }
}

#[test]
fn what_is_no_public_key_is_refused() {
    let notes = authority("notes", None);
    let ada = person(&notes, 7, Suite::X25519);
    let none = [(Suite::X25519, vec![0; 32]), (Suite::X25519, vec![9; 31]), (Suite::XWing, vec![0; 1215])];
    for (suite, bytes) in none.into_iter().chain([(Suite::XWing, vec![0xFF; 1216])]) {
        let lock = Lock::for_private_key(&ada.key, &EncryptionPublicKey::new(suite, bytes));
        assert_eq!(lock.unwrap_err(), UnlockError::PublicKey);
    }
}
