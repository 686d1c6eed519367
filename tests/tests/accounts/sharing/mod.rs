//! Sharing in a real database: who opens a group, who does not, and what is found out where someone altered a row.

mod altered;
mod at_once;
mod awaited;
mod groups;
mod identity;
mod planted;
mod removal;

use diesel::connection::InstrumentationEvent;
use diesel_encrypted::accounts::{Account, Accounts, AccountsConnection, OpenGroup};
use diesel_encrypted::users::{GroupId, UserId};
use diesel_encrypted_tests::backend::Backend;
use diesel_encrypted_tests::scratch::Scratch;

use crate::world::{sign_up, user};

fn group(id: &str) -> GroupId {
    GroupId::of(id).unwrap()
}

/// The users 1, 2 and so on, signed in.
fn people<C: AccountsConnection, const N: usize>(accounts: &Accounts, connection: &mut C) -> [Account; N] {
    std::array::from_fn(|at| sign_up(accounts, connection, i64::try_from(at).unwrap() + 1, "a password"))
}

/// A group of all of them, made by the first. None of the others has opened it.
fn of<C: AccountsConnection>(accounts: &Accounts, connection: &mut C, people: &[&Account]) -> OpenGroup {
    let made = accounts.create_group(connection, people[0], &group("editors")).unwrap();
    for other in &people[1..] {
        accounts.add(connection, people[0], &made, other.id()).unwrap();
    }
    made
}

/// The check value of the group's key, as `account` opens it.
fn opened<C: AccountsConnection>(accounts: &Accounts, connection: &mut C, account: &Account) -> [u8; 32] {
    accounts.group(connection, account, &group("editors")).unwrap().key().check_value()
}

/// The members of a group, in the order of their ids.
fn members<C: AccountsConnection>(accounts: &Accounts, connection: &mut C, group: &OpenGroup) -> Vec<UserId> {
    let found = accounts.members(connection, group).unwrap();
    let known = (1..9).map(user).filter(|id| found.contains(id)).collect::<Vec<_>>();
    assert_eq!(known.len(), found.len());
    known
}

/// Does something by another connection, when the next transaction is about to begin.
pub fn meanwhile<C: Backend + Send + 'static>(connection: &mut Scratch<C>, act: impl FnOnce(&mut C) + Send + 'static) {
    let (mut other, mut act) = (connection.connect(), Some(act));
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if let (InstrumentationEvent::BeginTransaction { .. }, true) = (event, act.is_some()) {
            act.take().unwrap()(&mut other);
        }
    });
}
