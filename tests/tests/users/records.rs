//! A record says which key is a user's or a group's, and nobody but the application can write one.

use diesel_encrypted_core::{
    RootKeys,
    keys::{DataKey, KeyContext, Purpose},
    users::{Authority, AuthorityError, GroupId, GroupRecord, UserId, UserRecord},
};

use crate::world::{authority, authority_key, person, user};

#[test]
fn every_column_of_a_record_is_authenticated() {
    let authority = authority("notes", None);
    let ada = person(&authority, 7);
    let with = |change: fn(&mut UserRecord)| {
        let mut record = ada.record.clone();
        change(&mut record);
        authority.authenticate(&record).map(|_| ())
    };
    assert_eq!(with(|_| {}), Ok(()));
    let changes: [fn(&mut UserRecord); 6] = [
        |record| record.user = user(8),
        |record| record.key_id ^= 1,
        |record| record.version += 1,
        |record| record.check[31] ^= 1,
        |record| record.identity = Some([0; 32]),
        |record| record.mac[0] ^= 1,
    ];
    for change in changes {
        assert_eq!(with(change), Err(AuthorityError::AlteredRecord));
    }
    let unknown = AuthorityError::UnknownKey { key_id: 99 };
    assert_eq!(with(|record| record.authority_key_id = 99), Err(unknown));
}

#[test]
fn every_column_of_a_groups_record_is_authenticated() {
    let authority = authority("notes", None);
    let key = authority.create_group(GroupId::of("editors").unwrap()).unwrap();
    let record = authority.group_record(&key).unwrap();
    let with = |change: fn(&mut GroupRecord)| {
        let mut record = record.clone();
        change(&mut record);
        authority.authenticate_group(&record).map(|name| (name.place().clone(), *name.check()))
    };
    assert_eq!(with(|_| {}), Ok((key.place().clone(), key.check_value())));
    let changes: [fn(&mut GroupRecord); 5] = [
        |record| record.group = GroupId::of("readers").unwrap(),
        |record| record.key_id ^= 1,
        |record| record.version += 1,
        |record| record.check[31] ^= 1,
        |record| record.mac[0] ^= 1,
    ];
    for change in changes {
        assert_eq!(with(change), Err(AuthorityError::AlteredRecord));
    }
    let unknown = AuthorityError::UnknownKey { key_id: 99 };
    assert_eq!(with(|record| record.authority_key_id = 99), Err(unknown));
}

/// The user and the group of one identifier: neither's record is the other's.
#[test]
fn the_record_of_a_user_is_none_of_a_group() {
    let authority = authority("notes", None);
    let user = person(&authority, 7).record;
    let mut group = GroupRecord::empty(GroupId::of(&7_i64).unwrap());
    (group.authority_key_id, group.key_id, group.version) = (user.authority_key_id, user.key_id, user.version);
    (group.check, group.mac) = (user.check, user.mac);
    assert_eq!(authority.authenticate_group(&group).unwrap_err(), AuthorityError::AlteredRecord);
}

#[test]
fn a_record_of_another_application_or_tenant_is_refused() {
    let of = |application: &str, scope: Option<&[u8]>| Authority::new(authority_key(application, scope)).unwrap();
    let (mine, tenant) = (of("notes", None), of("notes", Some(b"a")));
    let record = person(&mine, 7).record;
    assert_eq!(tenant.authenticate(&record), Err(AuthorityError::AlteredRecord));
    let key = person(&mine, 7).key;
    assert_eq!(tenant.record(&key, None), Err(AuthorityError::Elsewhere));
    assert_eq!(of("other", None).record(&key, None), Err(AuthorityError::Elsewhere));
    let group = mine.create_group(GroupId::of("editors").unwrap()).unwrap();
    let record = mine.group_record(&group).unwrap();
    assert_eq!(tenant.authenticate_group(&record).unwrap_err(), AuthorityError::AlteredRecord);
    assert_eq!(tenant.group_record(&group), Err(AuthorityError::Elsewhere));
    assert_eq!(of("other", None).group_record(&group), Err(AuthorityError::Elsewhere));
}

#[test]
fn an_authority_takes_no_key_that_is_for_something_else() {
    let key = |purpose, scope| {
        DataKey::generate(KeyContext::new("notes".into(), 5, purpose, 1, String::new(), scope)).unwrap()
    };
    for purpose in [Purpose::Encrypt, Purpose::Index, Purpose::State] {
        assert_eq!(Authority::new(key(purpose, None)).unwrap_err(), AuthorityError::OtherPurpose);
    }
    let authority = Authority::new(key(Purpose::Users, None)).unwrap();
    assert_eq!(authority.with(key(Purpose::Users, Some(vec![1]))).unwrap_err(), AuthorityError::OtherPurpose);
}

#[test]
fn a_record_under_an_earlier_key_of_the_authority_is_still_known() {
    let roots = RootKeys::ephemeral().unwrap();
    let (first, second) = (authority_key("notes", None), authority_key("second", None));
    let (wrapped, check) = (first.wrap(roots.active()).unwrap(), first.check_value());
    let again = DataKey::unwrap(first.context().clone(), roots.active(), &wrapped, &check).unwrap();
    let mut context = second.context().clone();
    context.application = "notes".into();
    let second = DataKey::generate(context).unwrap();

    let record = person(&Authority::new(first).unwrap(), 7).record;
    let alone = Authority::new(second).unwrap();
    assert_eq!(alone.authenticate(&record), Err(AuthorityError::UnknownKey { key_id: record.authority_key_id }));
    let both = alone.with(again).unwrap();
    assert!(both.authenticate(&record).is_ok());
    assert_ne!(person(&both, 8).record.authority_key_id, record.authority_key_id);
}

#[test]
fn the_type_of_an_identifier_counts() {
    let of = |id: UserId| id.as_bytes().to_vec();
    assert_ne!(of(UserId::of(&7_i64).unwrap()), of(UserId::of("7").unwrap()));
    assert_eq!(of(UserId::of(&7_i16).unwrap()), of(UserId::of(&7_i64).unwrap()));
    assert_ne!(of(UserId::of("a").unwrap().and("b").unwrap()), of(UserId::of("ab").unwrap()));
    assert!(UserId::of(&None::<i64>).is_err());
}

#[test]
fn nothing_secret_is_printed() {
    let authority = authority("notes", None);
    let ada = person(&authority, 7);
    let printed = format!("{:?} {:?} {:?} {authority:?}", ada.key, ada.record, ada.known);
    let check: String = ada.key.check_value().iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(printed.contains("[redacted]") && !printed.contains(&check), "{printed}");
}
