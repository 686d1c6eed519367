//! What can be wrong with the source of a root key.
//!
//! Each message names the variable or path and the way out. None holds a key, a passphrase, a salt or a part of one: a
//! wrong character is told by its position, and an id is repeated only once its key has been read in full.

use std::io;
use std::path::PathBuf;

use crate::keys::{RandomError, RootKeyError};

/// Root keys could not be read.
///
/// `origin` is the variable or file that the text came from.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SourceError {
    /// No variable names a source.
    #[error(
        "no root key is configured. Set one of:\n\
         \x20 ENCRYPTION_KEY             64 hexadecimal characters, from `openssl rand -hex 32`\n\
         \x20 ENCRYPTION_KEY_FILE        a file of mode 0600 that holds them\n\
         \x20 ENC_KEYS                   lines of `id/base64 of 32 bytes`, from `echo \"$(openssl rand -hex 4)/$(openssl rand -base64 32)\"`, with ENC_KEY_ACTIVE\n\
         \x20 ENCRYPTION_FIELD_KEY_PATH  a folder of mode 0700 for <id>.key files; the first key is made there\n\
         \x20 ENCRYPTION_PASSPHRASE      at least 32 characters, with ENCRYPTION_PASSPHRASE_PARAMETERS (or ENCRYPTION_PASSPHRASE_FILE, a file that holds them)"
    )]
    NoSource,

    /// Two variables name a source, and which one counts must not depend on their order.
    #[error("{first} and {second} are both set, but root keys come from one source: unset one of them")]
    TwoSources {
        /// One of them.
        first: &'static str,
        /// The other.
        second: &'static str,
    },

    /// A variable is set that the chosen source does not use.
    #[error("{variable} is set, but {chosen} does not use it: unset {variable}, or use {needs}")]
    Unused {
        /// The variable that has no effect.
        variable: &'static str,
        /// The source in use.
        chosen: &'static str,
        /// The sources that would use it.
        needs: &'static str,
    },

    /// A variable or file is not UTF-8 text.
    #[error("{origin} is not UTF-8 text: it must hold a key as text, not the key's bytes")]
    NotText {
        /// Where the text came from.
        origin: String,
    },

    /// A key's text has the wrong length.
    #[error(
        "{origin} has {found} characters where a key of 32 bytes has {expected} ({encoding}): make one with `{command}`"
    )]
    KeyLength {
        /// Where the text came from.
        origin: String,
        /// The number of characters found.
        found: usize,
        /// The number of characters expected.
        expected: usize,
        /// The encoding expected.
        encoding: &'static str,
        /// The command that makes such a text.
        command: &'static str,
    },

    /// A key's text has a character that its encoding does not know.
    #[error("{origin} has a character that is not {encoding}, at position {position}: copy the key again in full")]
    KeyCharacter {
        /// Where the text came from.
        origin: String,
        /// The encoding expected.
        encoding: &'static str,
        /// The position of the first such character, from 1.
        position: usize,
    },

    /// A line of a key list is not `id/key`.
    #[error("{origin} is not `id/base64 of 32 bytes`: put an id of 2 to 20 characters and `/` before the key")]
    KeyLine {
        /// The line.
        origin: String,
    },

    /// A key's id has a form that ids do not have. The id is not repeated: it may be a piece of a key.
    #[error("{origin} has an id that is not {expected}")]
    KeyId {
        /// The line or file.
        origin: String,
        /// The form of an id here.
        expected: &'static str,
    },

    /// A key list has no line.
    #[error("{origin} holds no key: add a line, made by `echo \"$(openssl rand -hex 4)/$(openssl rand -base64 32)\"`")]
    EmptyList {
        /// The list.
        origin: String,
    },

    /// Two keys have one id.
    #[error("{origin} repeats the id {id}, which another line has: give each key an id of its own")]
    DuplicateId {
        /// The line.
        origin: String,
        /// The id.
        id: String,
    },

    /// There are several keys and none is chosen.
    #[error(
        "{origin} has several keys ({ids}): set ENC_KEY_ACTIVE to the id of the one that new data keys are wrapped with"
    )]
    NoActive {
        /// The list or folder.
        origin: String,
        /// The ids there are.
        ids: String,
    },

    /// The chosen key is not among those there are. The choice is not repeated: it may be a key put there by mistake.
    #[error(
        "the active key's id (ENC_KEY_ACTIVE) is none of those in {origin}: set it to one of {ids}, or add that key"
    )]
    UnknownActive {
        /// The list or folder.
        origin: String,
        /// The ids there are.
        ids: String,
    },

    /// An active key is asked of a folder that has none. A new one is not made, because the one meant may be missing.
    #[error(
        "an active key is named (ENC_KEY_ACTIVE), but {path} holds no key: put its file there, \
         or unset ENC_KEY_ACTIVE to have a first key made"
    )]
    ActiveWithoutKeys {
        /// The folder.
        path: PathBuf,
    },

    /// A file or folder could not be read or written.
    #[error("cannot {action} {path}: {error}")]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
    },

    /// A file that was to be made is there.
    #[error("{path} exists, and no key is ever written over another: give another path, or move the file away")]
    Exists {
        /// The file.
        path: PathBuf,
    },

    /// Others than the owner may open a file.
    #[error("{path} has mode {mode:04o}, which lets others than its owner in: run `chmod 600 '{path}'`")]
    LooseFile {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },

    /// Others than the owner may open a folder.
    #[error("{path} has mode {mode:04o}, which lets others than its owner in: run `chmod 700 '{path}'`")]
    LooseFolder {
        /// The folder.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },

    /// A path leads to something other than a regular file.
    #[error("{path} is not a regular file: give the path of a file")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },

    /// A path leads to something other than a folder.
    #[error("{path} is not a folder: ENCRYPTION_FIELD_KEY_PATH is the folder that holds the <id>.key files")]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },

    /// A file is far longer than what it should hold.
    #[error("{path} is longer than {limit} bytes, which no file of this kind is: check the path")]
    TooLong {
        /// The file.
        path: PathBuf,
        /// The longest that is read.
        limit: usize,
    },

    /// The file system of the folder cannot make a file appear whole.
    #[error(
        "the file system of {path} has no hard links ({error}), by which a new file appears there whole or not at all: \
         {fix}"
    )]
    NoHardLinks {
        /// The file that was to be made.
        path: PathBuf,
        /// What the system says.
        #[source]
        error: io::Error,
        /// How to make the file by hand.
        fix: &'static str,
    },

    /// A new file does not hold what was written to it.
    #[error("{path} was written and reads back otherwise: check the file system, remove the file and start again")]
    ReadBack {
        /// The file.
        path: PathBuf,
    },

    /// A passphrase is too short.
    #[error(
        "{origin} has fewer than {minimum} characters: use a longer passphrase, for instance of `openssl rand -base64 32`"
    )]
    ShortPassphrase {
        /// Where the passphrase came from.
        origin: String,
        /// The least number of characters.
        minimum: usize,
    },

    /// A passphrase without a place for its salt.
    #[error(
        "{origin} is set without ENCRYPTION_PASSPHRASE_PARAMETERS: set it to the path of a file that keeps the salt, made on \
         first start; without that file the passphrase opens nothing"
    )]
    NoParameters {
        /// Where the passphrase came from.
        origin: &'static str,
    },

    /// The file of a passphrase's parameters cannot be understood.
    #[error(
        "{path} does not hold a passphrase's parameters ({problem}): restore the file from a backup, because a new one \
         makes another key"
    )]
    MalformedParameters {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: &'static str,
    },

    /// A parameter would make the passphrase easy to guess, or exhaust this machine.
    #[error(
        "{path} has {name}={found}, and it is to be from {lowest} to {highest}: the file was altered, restore it from a \
         backup"
    )]
    ParameterBounds {
        /// The file.
        path: PathBuf,
        /// The parameter.
        name: &'static str,
        /// Its value.
        found: u32,
        /// The least that is accepted.
        lowest: u32,
        /// The most that is accepted.
        highest: u32,
    },

    /// The configuration asks for another function than the one the key was made with.
    #[error(
        "{path} is for {found}, but {asked} is asked for (ENCRYPTION_PASSPHRASE_KDF), which makes another key: ask for \
         {found}, or for none"
    )]
    OtherKdf {
        /// The file.
        path: PathBuf,
        /// The function in the file.
        found: &'static str,
        /// The function asked for.
        asked: &'static str,
    },

    /// The configuration asks for a function that is not known.
    #[error("ENCRYPTION_PASSPHRASE_KDF is neither `argon2id` nor `pbkdf2-sha256`: set it to one of them, or unset it")]
    UnknownKdf,

    /// Argon2 could not run.
    #[error("the passphrase's key could not be derived with the parameters in {path} ({problem})")]
    Derivation {
        /// The file.
        path: PathBuf,
        /// What Argon2 says.
        problem: String,
    },

    /// The system gives no random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),

    /// A root key was refused.
    #[error(transparent)]
    RootKey(#[from] RootKeyError),
}
