//! The known answers of `tests/vectors/users.json`, made by another implementation: each entry is a test of its name in
//! the messages, and that implementation opens what this one makes.

mod document;
mod python;

use std::time::{Duration, SystemTime};

use diesel_encrypted_core::{
    Binding, Class, Field, Index, LocalRootKey, Normalizer, Owner, RootKey, RootKeyId, Storage, hazmat,
    keys::{DataKey, KeyContext, Purpose, Secret},
    users::{
        Authority, Contact, EncryptionPublicKey, Group, GroupId, GroupRecord, IdentityChange, KeyName, KnownUser, Lock,
        LockId, LockRecipient, LoginVerifier, Member, PasswordCost, Pin, PublicKeys, RecoveryCode, SealedMember,
        SessionError, SessionToken, Suite, UnlockError, UserId, UserKey, UserRecord,
    },
};
use diesel_encrypted_tests::vectors::{hex, to_hex};
use serde_json::Value;

use document::{LockVector, MemberVector, Person, document};

static NOTE: Field = Field::new("notes.note", "notes", "note", Class::Text, Storage::Binary)
    .binding(Binding::Columns(&["id"]))
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase])]);

fn authority(scope: Option<&str>) -> Authority {
    let row = document().authorities.iter().find(|row| row.scope.as_deref() == scope).unwrap();
    let root = &document().root_key;
    let root: LocalRootKey =
        LocalRootKey::new(RootKeyId::new(&*root.id).unwrap(), Secret::from_slice(&hex(&root.key)).unwrap());
    let (application, scope) = (document().application.clone(), scope.map(hex));
    let context = KeyContext::new(application, row.key_id, Purpose::Users, 1, String::new(), scope);
    let check = hex(&row.check).try_into().unwrap();
    Authority::new(DataKey::unwrap(context, &root as &dyn RootKey, &hex(&row.wrapped), &check).unwrap()).unwrap()
}

fn named(name: &str) -> &'static Person {
    document().users.iter().find(|person| person.name == name).unwrap()
}

impl Person {
    fn authority(&self) -> Authority {
        authority(self.scope.as_deref())
    }

    fn id(&self) -> UserId {
        fn part(part: &(String, Value), id: Option<UserId>) -> UserId {
            let with = |number: Option<i64>, text: Option<&str>| match (id, number, text) {
                (None, Some(number), _) => UserId::of(&number),
                (None, _, Some(text)) => UserId::of(text),
                (Some(id), Some(number), _) => id.and(&number),
                (Some(id), _, Some(text)) => id.and(text),
                _ => panic!("no identifier"),
            };
            with(part.1.as_i64(), part.1.as_str()).unwrap()
        }
        self.id.iter().fold(None, |id, next| Some(part(next, id))).unwrap()
    }

    fn record(&self) -> UserRecord {
        let mut record = UserRecord::empty(self.id());
        record.authority_key_id = self.authority_key_id;
        (record.key_id, record.version) = (self.key_id, self.version);
        record.check = hex(&self.check).try_into().unwrap();
        record.identity = self.identity.as_deref().map(|print| hex(print).try_into().unwrap());
        record.mac = hex(&self.mac).try_into().unwrap();
        record
    }

    fn known(&self) -> KnownUser {
        self.authority().authenticate(&self.record()).unwrap()
    }

    /// The key, by the escrow or the code's lock of the vectors that is theirs.
    fn key(&self) -> UserKey {
        let lock = document().locks.iter().find(|lock| lock.user == self.name && lock.kind != "password").unwrap();
        lock.open().unwrap()
    }
}

impl LockVector {
    fn lock(&self) -> Lock {
        Lock::stored(LockId::new(hex(&self.lock_id).try_into().unwrap()), hex(&self.lock))
    }

    fn open(&self) -> Result<UserKey, UnlockError> {
        let (person, lock) = (named(&self.user), self.lock());
        let (known, secret) = (person.known(), self.secret.as_deref().unwrap_or_default());
        match &*self.kind {
            "password" => lock.open_with_password(&known, secret, PasswordCost::ARGON2ID).map(|unlocked| {
                assert_eq!(to_hex(unlocked.login.expose_bytes()), self.login, "{}", self.name);
                unlocked.key
            }),
            "recovery code" => lock.open_with_recovery_code(&known, &code(secret)),
            "escrow" => person.authority().open_escrow(&known, &lock),
            kind => panic!("no kind {kind}"),
        }
    }
}

fn code(characters: &str) -> RecoveryCode {
    let vector = document().codes.iter().find(|vector| vector.code == characters).unwrap();
    RecoveryCode::parse(&vector.printed).unwrap()
}

#[test]
fn records_are_known_and_keys_stand_where_they_say() {
    for person in &document().users {
        let known = person.known();
        assert_eq!(to_hex(&known.place().to_bytes()), person.place, "{}", person.name);
        assert_eq!(person.authority().record(&person.key(), known.identity().copied()).unwrap(), person.record());
    }
}

#[test]
fn locks_open_by_the_steps_of_the_document() {
    for vector in &document().locks {
        let key = vector.open().unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        assert_eq!(to_hex(&key.check_value()), named(&vector.user).check, "{}", vector.name);
        let r = hex(&vector.r).try_into().unwrap();
        for (label, expected) in
            [("kdf wrap", &vector.wrapping), ("kdf commitment", &vector.commitment), ("kdf login", &vector.login)]
        {
            let info = [b"diesel-encrypted/1 ", label.as_bytes(), &hex(&vector.context)].concat();
            assert_eq!(to_hex(&hazmat::hkdf_expand(&r, &info, 32)), *expected, "{} {label}", vector.name);
        }
        let login = LoginVerifier::from_bytes(&hex(&vector.login).try_into().unwrap()).unwrap();
        assert_eq!(to_hex(login.stored().as_bytes()), vector.stored_login, "{}", vector.name);
    }
}

#[test]
fn bad_locks_are_refused_for_the_reason_that_is_given() {
    for vector in &document().bad_locks {
        let error = match vector.lock.open().expect_err(&vector.lock.name) {
            UnlockError::Malformed(error) => format!("Malformed/{}", variant(&error)),
            error => variant(&error),
        };
        assert_eq!(error, vector.error, "{}", vector.lock.name);
    }
}

/// The name of an enum's variant.
fn variant(error: &impl std::fmt::Debug) -> String {
    let text = format!("{error:?}");
    text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_owned()
}

#[test]
fn codes_are_read_as_they_are_typed() {
    let ada = named("ada").known();
    for vector in &document().codes {
        let code = RecoveryCode::parse(&vector.typed).unwrap_or_else(|error| panic!("{}: {error}", vector.name));
        assert_eq!(*code.to_text(), vector.printed, "{}", vector.name);
        assert_eq!(code.lock_id(ada.place()), RecoveryCode::parse(&vector.printed).unwrap().lock_id(ada.place()));
    }
    let lock = document().locks.iter().find(|lock| lock.name == "recovery_code").unwrap();
    let id = code(lock.secret.as_deref().unwrap()).lock_id(ada.place());
    assert_eq!(to_hex(id.as_bytes()), lock.lock_id);
}

impl MemberVector {
    fn public(&self) -> PublicKeys {
        PublicKeys {
            encryption: EncryptionPublicKey::new(Suite::from_u8(self.suite).unwrap(), hex(&self.public)),
            identity: hex(&self.identity).try_into().unwrap(),
            signature: hex(&self.signature).try_into().unwrap(),
        }
    }

    fn contact(&self) -> Contact {
        self.public().verify(&named(&self.user).known()).unwrap()
    }

    fn open(&self) -> Member {
        let sealed = SealedMember { encryption: hex(&self.held_encryption), identity: hex(&self.held_identity) };
        Member::open(&named(&self.user).key(), &self.public(), &sealed).unwrap()
    }
}

fn member(name: &str) -> &'static MemberVector {
    document().members.iter().find(|member| member.user == name).unwrap()
}

fn group_record() -> GroupRecord {
    let group = &document().group;
    let mut record = GroupRecord::empty(GroupId::of("editors").unwrap());
    (record.authority_key_id, record.key_id, record.version) = (group.authority_key_id, group.key_id, group.version);
    record.check = hex(&group.check).try_into().unwrap();
    record.mac = hex(&group.mac).try_into().unwrap();
    record
}

fn group() -> KeyName<Group> {
    authority(None).authenticate_group(&group_record()).unwrap()
}

#[test]
fn members_open_and_sign_as_they_did() {
    for vector in &document().members {
        let opened = vector.open();
        assert_eq!(to_hex(&opened.fingerprint()), vector.fingerprint, "{}", vector.user);
        // Ed25519 is deterministic (RFC 8032), so the signature is the vector's.
        assert!(opened.publish() == vector.public(), "{}", vector.user);
        assert_eq!(to_hex(vector.contact().fingerprint()), vector.fingerprint);
    }
}

#[test]
fn shares_and_copies_open_and_pins_hold() {
    for vector in &document().shares {
        let (sender, recipient) = (member(&vector.sender).contact(), member(&vector.recipient).open());
        let opened = recipient.open_share(&group(), &sender, &hex(&vector.share)).unwrap();
        assert_eq!(opened.check_value(), *group().check(), "{}", vector.recipient);
        let key = named(&vector.recipient).key();
        let copied = key.open_group_key(&group(), &hex(&vector.copy)).unwrap();
        assert_eq!(copied.check_value(), *group().check(), "{}", vector.recipient);
        assert_eq!(to_hex(&Pin::new(&key, &sender).mac), vector.pin);
        let member = Pin::new(&opened, &member(&vector.recipient).contact());
        assert_eq!(to_hex(&member.mac), vector.member);
        assert!(authority(None).group_record(&opened).unwrap() == group_record());
    }
    assert!(!document().shares.is_empty());
}

#[test]
fn locks_are_for_whom_their_owner_says() {
    for vector in &document().recipients {
        let suite = Suite::from_u8(vector.suite).unwrap();
        let public = EncryptionPublicKey::new(suite, hex(&vector.public));
        let lock = LockId::new(hex(&vector.lock_id).try_into().unwrap());
        assert_eq!(to_hex(LockRecipient::new(&named(&vector.user).key(), lock, &public).mac()), vector.mac);
    }
    assert!(!document().recipients.is_empty());
}

#[test]
fn a_group_key_holds_the_one_before() {
    let (vector, share) = (&document().group.earlier, &document().shares[0]);
    let key = named(&share.recipient).key().open_group_key(&group(), &hex(&share.copy)).unwrap();
    let (id, check) = (GroupId::of("editors").unwrap(), hex(&vector.check).try_into().unwrap());
    let name = KeyName::stored(key.place(), id, vector.key_id, vector.version, check);
    let earlier = key.open_earlier(&name, &hex(&vector.held)).unwrap();
    assert_eq!(to_hex(&earlier.check_value()), vector.check);
}

#[test]
fn bad_copies_are_refused_for_the_reason_that_is_given() {
    for vector in &document().bad_copies {
        let opened = named(&vector.user).key().open_group_key(&group(), &hex(&vector.copy));
        assert_eq!(variant(&opened.expect_err(&vector.name)), vector.error, "{}", vector.name);
    }
    assert!(!document().bad_copies.is_empty());
}

#[test]
fn identity_changes_are_signed() {
    for vector in &document().identity_changes {
        let change = IdentityChange::from_bytes(&hex(&vector.change).try_into().unwrap());
        let (before, after) = change.verify(named(&vector.user).known().place()).unwrap();
        assert_eq!((to_hex(&before), to_hex(&after)), (vector.before.clone(), vector.after.clone()));
    }
    assert!(!document().identity_changes.is_empty());
}

#[test]
fn sessions_go_on_until_their_hour() {
    for vector in &document().sessions {
        let (person, token) = (named(&vector.user), SessionToken::parse(&vector.token).unwrap());
        let resume = |seconds| {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            person.authority().resume_session(&person.known(), &token, &hex(&vector.stored), now)
        };
        assert_eq!(to_hex(&resume(vector.expires - 1).unwrap().check_value()), person.check);
        assert_eq!(resume(vector.expires).unwrap_err(), SessionError::Expired);
        assert_eq!(*token.to_text(), vector.token);
    }
    assert!(!document().sessions.is_empty());
}

#[test]
fn questions_open_by_any_two_answers() {
    for vector in &document().questions {
        let person = named(&vector.user);
        let lock = Lock::stored(LockId::new(hex(&vector.lock_id).try_into().unwrap()), hex(&vector.lock));
        for (a, b) in [(1, 2), (2, 3), (3, 1)] {
            let answers = [a, b].map(|number| (number, &*vector.answers[usize::from(number) - 1]));
            let key = person.authority().open_questions(&person.known(), &lock, &answers).unwrap();
            assert_eq!(to_hex(&key.check_value()), person.check, "{a} and {b}");
        }
    }
    assert!(!document().questions.is_empty());
}

#[test]
fn values_of_users_open_and_are_found() {
    let row = Owner::of(&1_i64).unwrap();
    for vector in &document().values {
        let vault = named(&vector.user).key().vault(&[], &[&NOTE]);
        assert_eq!(vault.open_bound::<String>(&NOTE, hex(&vector.sealed), &row).unwrap(), vector.value);
        let slots = vault.search_slots(&NOTE, 0, &*vector.value.to_uppercase()).unwrap();
        assert_eq!(slots.iter().map(|slot| to_hex(slot)).collect::<Vec<_>>(), [&*vector.slot]);
    }
    assert!(!document().values.is_empty());
}
