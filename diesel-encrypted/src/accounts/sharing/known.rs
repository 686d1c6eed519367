//! Whom a user knows: public keys that were checked, and the pins that hold them to it.

use diesel_encrypted_core::users::{Contact, Holder, HolderKey, IdentityChange, Pin, PublicKeys, SharingError, UserId};

use crate::{
    accounts::{
        Accounts,
        account::Account,
        connection::RunAccounts,
        error::{AccountError, held},
        key_pair,
        record::{At, Found},
        statements::{Row, Value},
        tables::{GROUP_KEYS, IDENTITY_CHANGES, KEY_PAIRS, PINS},
        write::read,
    },
    store::statement::Statement,
};

/// Someone whom a user shares with, or who shared with them.
pub(super) struct Known {
    pub(super) found: Found,
    pub(super) public: PublicKeys,
    pub(super) contact: Contact,
    /// What is to be written, so that the user knows them from now on.
    pub(super) pin: Option<Statement>,
}

impl Accounts {
    /// Someone to share with.
    pub(super) async fn know<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: &UserId,
    ) -> Result<Known, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let found = self.find(connection, &at).await?.ok_or(AccountError::UnknownUser)?;
        self.recognize(connection, account, found).await
    }

    /// Someone who shared, even if they were erased since.
    pub(super) async fn know_sender<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        id: &UserId,
    ) -> Result<Known, AccountError> {
        let at = At::new(&*self.authority()?, id)?;
        let found = self.find_or_erased(connection, &at).await?.ok_or(AccountError::UnknownUser)?;
        self.recognize(connection, account, found).await
    }

    async fn recognize<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        account: &Account,
        found: Found,
    ) -> Result<Known, AccountError> {
        let rows = read(connection, &KEY_PAIRS, &found.at.user()).await?;
        let (public, contact) = contact(&found, rows.first())?;
        let pin = match read(connection, &PINS, &of(account, found.known.id())).await?.first() {
            None if account.id() == found.known.id() => None,
            None => Some(insert(account, &Pin::new(&account.key, &contact))),
            Some(row) => pinned(connection, account, &found, &contact, row).await?,
        };
        Ok(Known { found, public, contact, pin })
    }
}

/// The public keys of a user, checked against the user's record.
pub(super) fn contact(found: &Found, row: Option<&Row>) -> Result<(PublicKeys, Contact), AccountError> {
    let row = row.ok_or(AccountError::BadRow { table: KEY_PAIRS.name, column: "user_id" })?;
    let public = key_pair::public(row)?;
    let contact = public.verify(&found.known).map_err(held(KEY_PAIRS.name))?;
    Ok((public, contact))
}

/// Checks a contact against the user's own pin. What is to be written if the pin follows a change.
pub(super) async fn pinned<How, C: RunAccounts<How>>(
    connection: &mut C,
    account: &Account,
    found: &Found,
    contact: &Contact,
    row: &Row,
) -> Result<Option<Statement>, AccountError> {
    let pin = Pin::stored(found.known.id().clone(), row.array("fingerprint")?, row.array("mac")?);
    let before = pin.mac;
    let followed = follow(connection, &account.key, pin, found, contact).await.map_err(|error| match error {
        Unfollowed::Pin(SharingError::AlteredPin) => held(PINS.name)(SharingError::AlteredPin),
        error => error.into(),
    })?;
    Ok(followed.map(|pin| replace(account, &pin, before)))
}

/// Why a pin does not hold.
pub(super) enum Unfollowed {
    Pin(SharingError),
    Other(AccountError),
}

impl From<Unfollowed> for AccountError {
    fn from(error: Unfollowed) -> Self {
        match error {
            Unfollowed::Pin(error) => error.into(),
            Unfollowed::Other(error) => error,
        }
    }
}

/// Why a group's pin does not hold.
pub(super) fn of_group(error: Unfollowed) -> AccountError {
    match error {
        Unfollowed::Pin(SharingError::AlteredPin) => held(GROUP_KEYS.name)(SharingError::AlteredPin),
        error => error.into(),
    }
}

/// Checks that a contact is the one that was pinned, or follows the changes that lead to them, each of which the identity
/// before it signed: the pin to replace this one.
pub(super) async fn follow<How, C: RunAccounts<How>, H: Holder>(
    connection: &mut C,
    key: &HolderKey<H>,
    pin: Pin,
    found: &Found,
    contact: &Contact,
) -> Result<Option<Pin>, Unfollowed> {
    match pin.check(key, contact) {
        Ok(()) => return Ok(None),
        Err(SharingError::OtherIdentity) => {}
        Err(error) => return Err(Unfollowed::Pin(error)),
    }
    let mut followed = pin;
    for change in changes(connection, &found.at).await.map_err(Unfollowed::Other)? {
        match followed.follow(key, &found.known, &change) {
            Ok(next) => followed = next,
            // A change from before the pin.
            Err(SharingError::OtherIdentity) => {}
            Err(error) => return Err(Unfollowed::Other(held(IDENTITY_CHANGES.name)(error))),
        }
    }
    followed.check(key, contact).map_err(Unfollowed::Pin)?;
    Ok(Some(followed))
}

/// Whom a contact was when they had the identity of this fingerprint.
pub(super) async fn as_of<How, C: RunAccounts<How>>(
    connection: &mut C,
    known: &Known,
    fingerprint: &[u8; 32],
) -> Result<Option<Contact>, AccountError> {
    let mut contact = known.contact.clone();
    if contact.fingerprint() == fingerprint {
        return Ok(Some(contact));
    }
    for change in changes(connection, &known.found.at).await?.iter().rev() {
        match contact.before(&known.found.known, change) {
            Ok(before) => contact = before,
            Err(SharingError::OtherIdentity) => {}
            Err(error) => return Err(held(IDENTITY_CHANGES.name)(error)),
        }
        if contact.fingerprint() == fingerprint {
            return Ok(Some(contact));
        }
    }
    Ok(None)
}

/// The changes of a user's identity, in their order.
async fn changes<How, C: RunAccounts<How>>(connection: &mut C, at: &At) -> Result<Vec<IdentityChange>, AccountError> {
    let mut rows = read(connection, &IDENTITY_CHANGES, &at.user()).await?;
    rows.sort_by_key(|row| row.number("sequence"));
    rows.iter().map(|row| row.array("change_bytes").map(|bytes| IdentityChange::from_bytes(&bytes))).collect()
}

/// Where a user's pin of another is.
fn of(account: &Account, user: &UserId) -> [(&'static str, Value); 3] {
    let at = &account.found.at;
    [("scope", at.scope.clone().into()), ("owner_id", at.id.as_bytes().into()), ("user_id", user.as_bytes().into())]
}

/// Puts this pin in the place of the one that there is, altered or not.
pub(super) async fn repin<How, C: RunAccounts<How>>(
    connection: &mut C,
    account: &Account,
    pin: &Pin,
) -> Result<Statement, AccountError> {
    Ok(match read(connection, &PINS, &of(account, &pin.user)).await?.first() {
        None => insert(account, pin),
        Some(row) => replace(account, pin, row.array("mac")?),
    })
}

fn insert(account: &Account, pin: &Pin) -> Statement {
    let pinned = [("fingerprint", (&pin.fingerprint).into()), ("mac", (&pin.mac).into())];
    PINS.insert(&of(account, &pin.user).into_iter().chain(pinned).collect::<Vec<_>>())
}

fn replace(account: &Account, pin: &Pin, before: [u8; 32]) -> Statement {
    let pinned = [("fingerprint", (&pin.fingerprint).into()), ("mac", (&pin.mac).into())];
    let unchanged = [("mac", (&before).into())];
    PINS.update(&pinned, &of(account, &pin.user).into_iter().chain(unchanged).collect::<Vec<_>>())
}
