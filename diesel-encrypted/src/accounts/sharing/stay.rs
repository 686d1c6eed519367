//! Those who stay in a group when someone leaves it, and what each of them is given.

use std::collections::HashMap;

use diesel_encrypted_core::users::{GroupKey, Pin, PublicKeys, UserId};

use super::{
    group::GroupAt,
    known::{contact, follow, of_group, pinned},
};
use crate::{
    accounts::{
        Accounts,
        account::Account,
        connection::RunAccounts,
        error::AccountError,
        key_pair,
        record::At,
        statements::{Row, Value},
        tables::{GROUP_KEYS, KEY_PAIRS, PINS, USERS},
        write::{Writes, read_among},
    },
    store::statement::Statement,
};

/// How many rows are read or written by one statement.
const AT_ONCE: usize = 100;

/// Those who stay, and what is to be written for them.
#[derive(Default)]
pub(super) struct Stay {
    public: Vec<(UserId, PublicKeys)>,
    rows: Vec<Vec<(&'static str, Value)>>,
    pins: Vec<Statement>,
    /// Members who were erased.
    gone: Vec<UserId>,
}

/// What a key is given away with.
pub(super) struct Handing<'a> {
    pub(super) account: &'a Account,
    pub(super) at: &'a GroupAt,
    pub(super) old: &'a GroupKey,
    pub(super) new: &'a GroupKey,
}

impl Accounts {
    /// Gives the next key to each of `members` but the one who gives it.
    pub(super) async fn hand_on<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        handing: &Handing<'_>,
        members: Vec<Pin>,
    ) -> Result<Stay, AccountError> {
        let mut stay = Stay::default();
        let mut others = members.into_iter().filter(|pin| pin.user != *handing.account.id()).peekable();
        while others.peek().is_some() {
            let some: Vec<Pin> = others.by_ref().take(AT_ONCE).collect();
            self.hand_to(connection, handing, some, &mut stay).await?;
        }
        Ok(stay)
    }

    async fn hand_to<How, C: RunAccounts<How>>(
        &self,
        connection: &mut C,
        Handing { account, at, old, new }: &Handing<'_>,
        members: Vec<Pin>,
        stay: &mut Stay,
    ) -> Result<(), AccountError> {
        let ids: Vec<Value> = members.iter().map(|pin| pin.user.as_bytes().into()).collect();
        let scope = [("scope", at.scope.clone().into())];
        let users = by_user(read_among(connection, &USERS, &scope, "user_id", &ids).await?)?;
        let pairs = by_user(read_among(connection, &KEY_PAIRS, &scope, "user_id", &ids).await?)?;
        let own = [("scope", at.scope.clone().into()), ("owner_id", account.id().as_bytes().into())];
        let pins = by_user(read_among(connection, &PINS, &own, "user_id", &ids).await?)?;
        for pin in members {
            let user = pin.user.clone();
            let Some(row) = users.get(user.as_bytes()).filter(|row| row.number("erased_at").is_none()) else {
                stay.gone.push(user);
                continue;
            };
            let found = self.check(At { scope: at.scope.clone(), id: user.clone() }, row)?;
            let (public, contact) = contact(&found, pairs.get(user.as_bytes()))?;
            follow(connection, *old, pin, &found, &contact).await.map_err(of_group)?;
            if let Some(row) = pins.get(user.as_bytes()) {
                stay.pins.extend(pinned(connection, account, &found, &contact, row).await?);
            }
            let share = account.member.share(new, &contact)?;
            stay.rows.push(at.new_member(new, &Pin::new(new, &contact), account, (Some(&share), None)));
            stay.public.push((user, public));
        }
        Ok(())
    }
}

impl Stay {
    pub(super) fn count(&self) -> usize {
        self.rows.len()
    }

    /// That nobody has other public keys by now: what was sealed to those before would open for nobody.
    pub(super) fn unchanged(&self, at: &GroupAt, mut writes: Writes) -> Writes {
        for some in self.public.chunks(AT_ONCE) {
            let each: Vec<_> = some.iter().map(|(user, public)| (user, public)).collect();
            writes = writes.exactly(key_pair::unchanged(&at.scope, &each), each.len());
        }
        writes
    }

    /// Who is gone, the rows of those who stay, and their pins.
    pub(super) fn write(self, at: &GroupAt, mut writes: Writes) -> Writes {
        for user in &self.gone {
            writes = writes.any(GROUP_KEYS.delete(&at.member(user, [])));
        }
        for some in self.rows.chunks(AT_ONCE) {
            writes = writes.exactly(GROUP_KEYS.insert_all(some), some.len());
        }
        self.pins.into_iter().fold(writes, Writes::one)
    }
}

fn by_user(rows: Vec<Row>) -> Result<HashMap<Vec<u8>, Row>, AccountError> {
    rows.into_iter().map(|row| Ok((row.bytes("user_id")?.to_vec(), row))).collect()
}
