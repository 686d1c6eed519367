//! `users.json`, as it is read.

use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(super) struct Document {
    pub(super) application: String,
    pub(super) root_key: Root,
    pub(super) authorities: Vec<AuthorityRow>,
    pub(super) users: Vec<Person>,
    pub(super) members: Vec<MemberVector>,
    pub(super) group: GroupVector,
    pub(super) bad_copies: Vec<BadCopy>,
    pub(super) shares: Vec<ShareVector>,
    pub(super) recipients: Vec<RecipientVector>,
    pub(super) identity_changes: Vec<ChangeVector>,
    pub(super) sessions: Vec<SessionVector>,
    pub(super) questions: Vec<QuestionsVector>,
    pub(super) values: Vec<ValueVector>,
    pub(super) locks: Vec<LockVector>,
    pub(super) bad_locks: Vec<BadLock>,
    pub(super) codes: Vec<CodeVector>,
}

#[derive(Deserialize)]
pub(super) struct Root {
    pub(super) id: String,
    pub(super) key: String,
}

#[derive(Deserialize)]
pub(super) struct AuthorityRow {
    pub(super) key_id: u32,
    pub(super) scope: Option<String>,
    pub(super) wrapped: String,
    pub(super) check: String,
}

#[derive(Deserialize)]
pub(super) struct Person {
    pub(super) name: String,
    pub(super) id: Vec<(String, Value)>,
    pub(super) scope: Option<String>,
    pub(super) key_id: u32,
    pub(super) version: u32,
    pub(super) authority_key_id: u32,
    pub(super) place: String,
    pub(super) check: String,
    pub(super) identity: Option<String>,
    pub(super) mac: String,
}

#[derive(Deserialize)]
pub(super) struct LockVector {
    pub(super) name: String,
    pub(super) user: String,
    pub(super) kind: String,
    pub(super) secret: Option<String>,
    pub(super) lock_id: String,
    pub(super) r: String,
    pub(super) context: String,
    pub(super) wrapping: String,
    pub(super) commitment: String,
    pub(super) login: String,
    pub(super) stored_login: String,
    pub(super) lock: String,
}

#[derive(Deserialize)]
pub(super) struct BadLock {
    #[serde(flatten)]
    pub(super) lock: LockVector,
    pub(super) error: String,
}

#[derive(Deserialize)]
pub(super) struct CodeVector {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) typed: String,
    pub(super) printed: String,
}

#[derive(Deserialize)]
pub(super) struct MemberVector {
    pub(super) user: String,
    pub(super) suite: u8,
    pub(super) public: String,
    pub(super) identity: String,
    pub(super) signature: String,
    pub(super) fingerprint: String,
    pub(super) held_encryption: String,
    pub(super) held_identity: String,
}

#[derive(Deserialize)]
pub(super) struct GroupVector {
    pub(super) key_id: u32,
    pub(super) version: u32,
    pub(super) check: String,
    pub(super) authority_key_id: u32,
    pub(super) mac: String,
    pub(super) earlier: EarlierVector,
}

#[derive(Deserialize)]
pub(super) struct EarlierVector {
    pub(super) key_id: u32,
    pub(super) version: u32,
    pub(super) check: String,
    pub(super) held: String,
}

#[derive(Deserialize)]
pub(super) struct BadCopy {
    pub(super) name: String,
    pub(super) user: String,
    pub(super) copy: String,
    pub(super) error: String,
}

#[derive(Deserialize)]
pub(super) struct ShareVector {
    pub(super) sender: String,
    pub(super) recipient: String,
    pub(super) share: String,
    pub(super) copy: String,
    pub(super) pin: String,
    pub(super) member: String,
}

#[derive(Deserialize)]
pub(super) struct RecipientVector {
    pub(super) user: String,
    pub(super) lock_id: String,
    pub(super) suite: u8,
    pub(super) public: String,
    pub(super) mac: String,
}

#[derive(Deserialize)]
pub(super) struct ChangeVector {
    pub(super) user: String,
    pub(super) before: String,
    pub(super) after: String,
    pub(super) change: String,
}

#[derive(Deserialize)]
pub(super) struct SessionVector {
    pub(super) user: String,
    pub(super) token: String,
    pub(super) expires: u64,
    pub(super) stored: String,
}

#[derive(Deserialize)]
pub(super) struct QuestionsVector {
    pub(super) user: String,
    pub(super) lock_id: String,
    pub(super) answers: Vec<String>,
    pub(super) lock: String,
}

#[derive(Deserialize)]
pub(super) struct ValueVector {
    pub(super) user: String,
    pub(super) value: String,
    pub(super) slot: String,
    pub(super) sealed: String,
}

static DOCUMENT: LazyLock<Document> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../../vectors/users.json")).unwrap());

pub(super) fn document() -> &'static Document {
    &DOCUMENT
}
