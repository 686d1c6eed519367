//! Root keys sealed under a passphrase, in the format of `age` (C2SP, age-encryption.org/v1, scrypt recipient). Opened by
//! `age --decrypt`, they are lines of `ENC_KEYS`.

use age::secrecy::SecretString;
use diesel_encrypted::{
    LocalRootKey, RootKeys,
    escrow::{from_line, to_line},
};
use zeroize::Zeroizing;

use crate::exit::{Exit, Failure, Result};

/// The most that opening a file may cost: 2^22 blocks of 1 KiB, 4 GiB. Others are not of this program.
const GREATEST_WORK: u8 = 22;

/// The keys, sealed. A key that never leaves its owner is refused.
pub(crate) fn seal(keys: &RootKeys, passphrase: &str) -> Result<Vec<u8>> {
    let mut text = Zeroizing::new(String::with_capacity(4096));
    text.push_str("# root keys of diesel-encrypted, the active one first: lines of ENC_KEYS\n");
    for key in keys.iter() {
        let local = key.local().ok_or_else(|| {
            Failure::new(Exit::RootKeys, format!("root key `{}` never leaves its owner: back it up there", key.id()))
        })?;
        text.push_str(&to_line(local));
        text.push('\n');
    }
    let recipient = age::scrypt::Recipient::new(SecretString::from(passphrase));
    age::encrypt(&recipient, text.as_bytes())
        .map_err(|error| Failure::failed(format!("cannot seal the root keys: {error}")))
}

/// The keys that [`seal`] sealed, the active one first.
pub(crate) fn open(sealed: &[u8], passphrase: &str) -> Result<Vec<LocalRootKey>> {
    let mut identity = age::scrypt::Identity::new(SecretString::from(passphrase));
    identity.set_max_work_factor(GREATEST_WORK);
    let text = age::decrypt(&identity, sealed).map(Zeroizing::new).map_err(|error| match error {
        age::DecryptError::DecryptionFailed
        | age::DecryptError::NoMatchingKeys
        | age::DecryptError::KeyDecryptionFailed => {
            Failure::failed("the root keys do not open: the passphrase is another, or the file was altered")
        }
        error => Failure::failed(format!("this is no file of sealed root keys: {error}")),
    })?;
    let text = str::from_utf8(&text).map_err(|_| Failure::failed("the sealed file holds no root keys"))?;
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Vec<LocalRootKey> =
        lines.map(|line| from_line("a line of the sealed file", line)).collect::<std::result::Result<_, _>>()?;
    if keys.is_empty() {
        return Err(Failure::failed("the sealed file holds no root keys"));
    }
    Ok(keys)
}
