//! The known answers of `tests/vectors/users.json`, made by another implementation: each entry is a test of its name in
//! the messages, and that implementation opens what this one makes.

use std::{
    path::Path,
    process::Command,
    sync::LazyLock,
    time::{Duration, SystemTime},
};

use diesel_encrypted_core::{
    Binding, Class, Field, Index, LocalRootKey, Normalizer, Owner, RootKey, RootKeyId, Storage, hazmat,
    keys::{DataKey, KeyContext, Purpose, Secret},
    users::{
        Authority, Contact, EncryptionPublicKey, Group, GroupId, IdentityChange, KeyName, KnownUser, Lock, LockId,
        LoginVerifier, Member, PasswordCost, Pin, PublicKeys, RecoveryCode, SealedMember, SessionError, SessionToken,
        Suite, UnlockError, UserId, UserKey, UserRecord,
    },
};
use diesel_encrypted_tests::vectors::{hex, to_hex};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(crate) struct Document {
    pub(crate) application: String,
    pub(crate) root_key: Root,
    pub(crate) authorities: Vec<AuthorityRow>,
    pub(crate) users: Vec<Person>,
    members: Vec<MemberVector>,
    group: GroupVector,
    shares: Vec<ShareVector>,
    identity_changes: Vec<ChangeVector>,
    sessions: Vec<SessionVector>,
    questions: Vec<QuestionsVector>,
    values: Vec<ValueVector>,
    locks: Vec<LockVector>,
    bad_locks: Vec<BadLock>,
    codes: Vec<CodeVector>,
}

#[derive(Deserialize)]
pub(crate) struct Root {
    id: String,
    key: String,
}

#[derive(Deserialize)]
pub(crate) struct AuthorityRow {
    key_id: u32,
    scope: Option<String>,
    wrapped: String,
    check: String,
}

#[derive(Deserialize)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) id: Vec<(String, Value)>,
    scope: Option<String>,
    key_id: u32,
    version: u32,
    authority_key_id: u32,
    place: String,
    check: String,
    identity: Option<String>,
    mac: String,
}

#[derive(Deserialize, Serialize)]
struct LockVector {
    name: String,
    user: String,
    kind: String,
    secret: Option<String>,
    lock_id: String,
    r: String,
    context: String,
    wrapping: String,
    commitment: String,
    login: String,
    stored_login: String,
    lock: String,
}

#[derive(Deserialize)]
struct BadLock {
    #[serde(flatten)]
    lock: LockVector,
    error: String,
}

#[derive(Deserialize)]
struct CodeVector {
    name: String,
    code: String,
    typed: String,
    printed: String,
}

#[derive(Deserialize)]
struct MemberVector {
    user: String,
    suite: u8,
    public: String,
    identity: String,
    signature: String,
    fingerprint: String,
    held_encryption: String,
    held_identity: String,
}

#[derive(Deserialize)]
struct GroupVector {
    key_id: u32,
    version: u32,
    check: String,
}

#[derive(Deserialize)]
struct ShareVector {
    sender: String,
    recipient: String,
    share: String,
    copy: String,
    pin: String,
}

#[derive(Deserialize)]
struct ChangeVector {
    user: String,
    before: String,
    after: String,
    change: String,
}

#[derive(Deserialize)]
struct SessionVector {
    user: String,
    token: String,
    expires: u64,
    stored: String,
}

#[derive(Deserialize)]
struct QuestionsVector {
    user: String,
    lock_id: String,
    answers: Vec<String>,
    lock: String,
}

#[derive(Deserialize)]
struct ValueVector {
    user: String,
    value: String,
    slot: String,
    sealed: String,
}

static NOTE: Field = Field::new("notes.note", "notes", "note", Class::Text, Storage::Binary)
    .binding(Binding::Columns(&["id"]))
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase])]);

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../vectors/users.json")).unwrap());

pub(crate) fn document() -> &'static Document {
    &DOCUMENT
}

pub(crate) fn authority(scope: Option<&str>) -> Authority {
    let row = document().authorities.iter().find(|row| row.scope.as_deref() == scope).unwrap();
    let root = &document().root_key;
    let root: LocalRootKey =
        LocalRootKey::new(RootKeyId::new(&*root.id).unwrap(), Secret::from_slice(&hex(&root.key)).unwrap());
    let (application, scope) = (document().application.clone(), scope.map(hex));
    let context = KeyContext::new(application, row.key_id, Purpose::Users, 1, String::new(), scope);
    let check = hex(&row.check).try_into().unwrap();
    Authority::new(DataKey::unwrap(context, &root as &dyn RootKey, &hex(&row.wrapped), &check).unwrap()).unwrap()
}

pub(crate) fn named(name: &str) -> &'static Person {
    document().users.iter().find(|person| person.name == name).unwrap()
}

impl Person {
    pub(crate) fn authority(&self) -> Authority {
        authority(self.scope.as_deref())
    }

    pub(crate) fn id(&self) -> UserId {
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

    pub(crate) fn record(&self) -> UserRecord {
        let mut record = UserRecord::empty(self.id());
        record.authority_key_id = self.authority_key_id;
        (record.key_id, record.version) = (self.key_id, self.version);
        record.check = hex(&self.check).try_into().unwrap();
        record.identity = self.identity.as_deref().map(|print| hex(print).try_into().unwrap());
        record.mac = hex(&self.mac).try_into().unwrap();
        record
    }

    pub(crate) fn known(&self) -> KnownUser {
        self.authority().authenticate(&self.record()).unwrap()
    }

    /// The key, by the escrow or the code's lock of the vectors that is theirs.
    pub(crate) fn key(&self) -> UserKey {
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
pub(crate) fn variant(error: &impl std::fmt::Debug) -> String {
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

fn group() -> KeyName<Group> {
    let group = &document().group;
    let check = hex(&group.check).try_into().unwrap();
    let id = GroupId::of("editors").unwrap();
    KeyName::stored(named("carol").known().place(), id, group.key_id, group.version, check)
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
    }
    assert!(!document().shares.is_empty());
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

/// A value of Bob's of the vectors, as `make_users.py --open` takes it.
fn describe_value() -> Value {
    let vault = named("bob").key().vault(&[], &[&NOTE]);
    let sealed = vault.seal_bound(&NOTE, "made HERE", &Owner::of(&1_i64).unwrap()).unwrap();
    json!([{ "user": "bob", "field": "notes.note", "value": "made HERE", "sealed": to_hex(&sealed) }])
}

/// A session and questions of Ada of the vectors, as `make_users.py --open` takes them.
fn describe_more() -> (Value, Value) {
    let (ada, answers) = (named("ada"), ["Rose Cottage, Whitby", "Ｍademoiselle Dupont", "the blue Schwinn"]);
    let expires = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let (token, stored) = ada.authority().begin_session(&ada.key(), expires).unwrap();
    let lock = ada.authority().questions(&ada.key(), 2, &answers).unwrap();
    (
        json!([{ "user": "ada", "token": *token.to_text(), "stored": to_hex(&stored) }]),
        json!([{
            "user": "ada", "lock_id": to_hex(lock.id().as_bytes()), "answers": answers, "lock": to_hex(lock.as_bytes()),
        }]),
    )
}

/// Shares of a new group key between the members of the vectors, as `make_users.py --open` takes them.
fn describe_shares(vectors: &Value) -> Vec<Value> {
    let names = ["carol", "dan"];
    let group = named("carol").authority().create_group(GroupId::of("made here").unwrap()).unwrap();
    let described = json!({
        "id": [["text", "made here"]], "scope": null, "key_id": group.place().key_id(), "version": 1,
        "check": to_hex(&group.check_value()),
    });
    let pairs = names.iter().flat_map(|sender| names.iter().map(move |recipient| (*sender, *recipient)));
    let share = |(sender, recipient): (&str, &str)| {
        let share = member(sender).open().share(&group, &member(recipient).contact()).unwrap();
        let copy = named(recipient).key().hold_group_key(&group).unwrap();
        let users = vectors["users"].as_array().unwrap();
        let key = &users.iter().find(|user| user["name"] == recipient).unwrap()["key"];
        json!({
            "sender": sender, "recipient": recipient, "group": described, "share": to_hex(&share),
            "copy": to_hex(&copy), "recipient_key": key,
        })
    };
    pairs.map(share).collect()
}

/// `person` and locks of theirs, made here, as `make_users.py --open` takes them.
fn describe(person: &Person, authority: &Authority) -> (Value, Vec<Value>) {
    let key = authority.create(person.id()).unwrap();
    let record = authority.record(&key, Some([7; 32])).unwrap();
    let code = RecoveryCode::generate().unwrap();
    let canonical = code.to_text().replace('-', "")[..26].to_owned();
    let described = |lock: &Lock, secret: Option<&str>| {
        let (id, bytes) = (to_hex(lock.id().as_bytes()), to_hex(lock.as_bytes()));
        json!({ "user": format!("{} anew", person.name), "lock_id": id, "secret": secret, "lock": bytes })
    };
    let password = "Ame\u{301}lie";
    let by = |cost| described(&Lock::for_password(&key, password, cost).unwrap().0, Some(password));
    let locks = vec![
        by(PasswordCost::ARGON2ID),
        by(PasswordCost::argon2id(20_000, 3, 2).unwrap()),
        by(PasswordCost::PBKDF2_SHA256),
        described(&Lock::for_recovery_code(&key, &code).unwrap(), Some(&canonical)),
        described(&authority.escrow(&key).unwrap(), None),
    ];
    let record = json!({
        "name": format!("{} anew", person.name), "id": person.id, "scope": person.scope, "key_id": record.key_id, "version": record.version,
        "authority_key_id": record.authority_key_id, "check": to_hex(&record.check),
        "identity": record.identity.map(|print| to_hex(&print)), "mac": to_hex(&record.mac),
    });
    (record, locks)
}

#[test]
fn what_is_made_here_opens_in_python() {
    let Some(script) = python() else { return };
    let made: Vec<_> = document().users.iter().map(|person| describe(person, &person.authority())).collect();
    let (mut users, locks): (Vec<_>, Vec<_>) = made.into_iter().unzip();
    let locks: Vec<Value> = locks.into_iter().flatten().collect();
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/users.json")).unwrap();
    users.extend(vectors["users"].as_array().unwrap().iter().cloned());
    let shares = describe_shares(&vectors);
    let (sessions, questions) = describe_more();
    let expected = format!("opened {} locks of {} users and {} shares", locks.len(), users.len(), shares.len());
    let given = json!({
        "root_key": vectors["root_key"], "authorities": vectors["authorities"], "users": users, "locks": locks,
        "members": vectors["members"], "shares": shares, "sessions": sessions, "questions": questions, "values": describe_value(),
    });
    let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join("users-made-here.json");
    std::fs::write(&file, given.to_string()).unwrap();
    let run = Command::new("python3").arg("-B").arg(script).arg("--open").arg(&file).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(said.starts_with(&expected), "{said}");
}

/// The second implementation, where Python and what it needs are there.
fn python() -> Option<&'static str> {
    let needed =
        "from cryptography.hazmat.primitives import hpke\nfrom cryptography.hazmat.primitives.kdf import argon2";
    let there = Command::new("python3").args(["-c", needed]).output().is_ok_and(|run| run.status.success());
    if !there {
        eprintln!("skipped: needs python3 with its package `cryptography`, version 48 or later");
    }
    there.then_some(concat!(env!("CARGO_MANIFEST_DIR"), "/vectors/make_users.py"))
}
