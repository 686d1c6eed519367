//! Data that only its owner can open (docs/users.md): keys of users, and the locks that they are sealed in.
//!
//! Nothing here keeps anything: every function takes what an application stored, and gives what it is to store. Whatever
//! is taken may have been altered by whoever can write to the database, and is checked against a
//! [`KnownUser`], whom the application's own key vouches for.

pub mod authority;
mod error;
mod held;
pub mod holder;
pub mod hybrid;
pub mod identity;
pub mod key;
pub mod lock;
pub mod member;
mod pin;
pub mod record;
mod renew;
pub mod session;
mod share;

pub use authority::{Authority, KnownUser};
pub use error::{AuthorityError, QuestionsError, SessionError, SharingError, UnlockError};
pub use held::KeyName;
pub use holder::{Group, GroupId, Holder, HolderId, User, UserId};
pub use hybrid::{EncryptionKey, EncryptionPublicKey, Suite};
pub use identity::{IdentityChange, IdentityKey};
pub use key::{GroupKey, HolderKey, KeyPlace, UserKey};
#[cfg(feature = "bcrypt")]
pub use lock::bcrypt::CarriedOver;
pub use lock::{
    Lock, LockId,
    code::{CodeError, RecoveryCode},
    password::{LoginVerifier, Password, PasswordCost, StoredLogin, Unlocked, decoy_unlock},
    private_key::LockRecipient,
    questions::decoy_questions,
};
pub use member::{Contact, Member, PublicKeys, SealedMember};
pub use pin::Pin;
pub use record::{GroupRecord, UserRecord};
pub use session::SessionToken;
