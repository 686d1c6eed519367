//! What becomes of a token: `cargo run -p sessions`, in a folder `sessions-data` that it makes and removes.

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use diesel_encrypted::accounts::Account;
use diesel_encrypted::key_life::Rewrap;
use diesel_encrypted::keys::Secret;
use diesel_encrypted::users::UserId;
use diesel_encrypted::{KeyManager, LocalRootKey, ManageKeys, RootKeyId, RootKeys};
use sessions::tokens::{Refused, Tokens};

const HOUR: Duration = Duration::from_secs(3600);

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let folder = Path::new("sessions-data");
    fs::create_dir_all(folder)?;
    let told = tell(&folder.join("app.db"), &mut io::stdout());
    fs::remove_dir_all(folder)?;
    told
}

fn tell(database: &Path, out: &mut impl Write) -> Result<(), Box<dyn Error + Send + Sync>> {
    let root_keys = RootKeys::new(LocalRootKey::new(RootKeyId::new("root-1")?, Secret::generate()?));
    let signing_key = Secret::generate()?;
    let (mut connection, accounts) = sessions::open(database, &root_keys)?;
    let tokens = Tokens::new(accounts.clone(), &root_keys, &signing_key);

    let account = accounts.create(&mut connection, &UserId::of("ada")?, "correct horse")?.account;
    let token = tokens.issue(&mut connection, &account, HOUR)?;
    writeln!(out, "issued      {}… ({} characters)", token.get(..24).unwrap_or_default(), token.len())?;
    show(out, "accepted", tokens.accept(&mut connection, &token))?;
    tokens.end(&mut connection, &token)?;
    show(out, "ended", tokens.accept(&mut connection, &token))?;

    let token = tokens.issue(&mut connection, &account, HOUR)?;
    let next = LocalRootKey::new(RootKeyId::new("root-2")?, Secret::generate()?);
    let root_keys = RootKeys::new(next).with_all(&root_keys)?;
    let rewrapped = KeyManager::new(root_keys.clone()).application("sessions").run(&Rewrap, &mut connection)?;
    writeln!(out, "rewrapped   {} keys, and the application starts with the new root key", rewrapped.keys)?;
    let (mut connection, accounts) = sessions::open(database, &root_keys)?;
    let tokens = Tokens::new(accounts, &root_keys, &signing_key);
    show(out, "before", tokens.accept(&mut connection, &token))?;
    let token = tokens.issue(&mut connection, &account, HOUR)?;
    show(out, "after", tokens.accept(&mut connection, &token))?;
    Ok(())
}

fn show(out: &mut impl Write, when: &str, accepted: Result<Account, Refused>) -> io::Result<()> {
    match accepted {
        Ok(account) => {
            writeln!(out, "{when:<11} goes on with the user's key, version {}", account.key().place().version())
        }
        Err(refused) => writeln!(out, "{when:<11} {refused}"),
    }
}
