//! Accounts of users, over their tables in SQLite: what signing in and sharing cost beside what they cannot do without.

use std::hint::black_box;

use argon2::{Argon2, Block, Params, Version};
use diesel::{
    connection::{AnsiTransactionManager, SimpleConnection, TransactionManager},
    prelude::*,
    sql_types::Binary,
};
use diesel_encrypted::{
    LocalRootKey, MemoryKeyStore, RootKeyId, RootKeys, Sealed, ValueError, Vault,
    accounts::{self, Account, Accounts, OpenGroup},
    keys::Secret,
    sql::Dialect,
    users::{GroupId, UserId},
};

use crate::{
    clinic::{Patient, patients},
    measure::{Compared, Effort, Failure, rounds, short, time},
    reference,
};

const PASSWORD: &str = "correct horse battery staple";

/// How many values are opened within one scope: a page of rows.
const PAGE: usize = 64;

/// An application with one user.
struct World {
    connection: SqliteConnection,
    accounts: Accounts,
    ada: Account,
}

impl World {
    fn new() -> Result<Self, Failure> {
        let mut connection = SqliteConnection::establish(":memory:")?;
        connection.batch_execute(&accounts::tables().up(Dialect::Sqlite))?;
        let root = LocalRootKey::new(RootKeyId::new("bench")?, Secret::generate()?);
        let vault = Vault::builder(RootKeys::new(root)).users().open_with(&mut MemoryKeyStore::new())?;
        let accounts = Accounts::new(&vault)?;
        let ada = accounts.create(&mut connection, &UserId::of("ada")?, PASSWORD)?.account;
        Ok(Self { connection, accounts, ada })
    }

    /// Somebody else.
    fn another(&mut self, name: &str) -> Result<Account, Failure> {
        Ok(self.accounts.create(&mut self.connection, &UserId::of(name)?, PASSWORD)?.account)
    }
}

/// Signs in with a password, and runs Argon2id once with the same cost. The floor wipes its memory, in which a password is
/// guessed at without Argon2id.
pub(crate) fn unlock(effort: Effort) -> Result<Compared, Failure> {
    let World { mut connection, accounts, ada } = World::new()?;
    // docs/format.md, "Lock": 19 MiB, 2 passes, 1 lane.
    let params = Params::new(19_456, 2, 1, Some(32)).map_err(|error| error.to_string())?;
    let argon2 = Argon2::new(argon2::Algorithm::Argon2id, Version::V0x13, params);
    let salt = reference::random::<16>();
    let mut raw = || {
        time(|| {
            let mut out = [0; 32];
            let hashed = argon2.hash_password_into(black_box(PASSWORD.as_bytes()), &salt, &mut out);
            hashed.map(|()| out).map_err(|error| error.to_string())
        })
    };
    let mut wiped = || {
        time(|| {
            let (mut out, mut memory) = ([0; 32], vec![Block::default(); argon2.params().block_count()]);
            let hashed =
                argon2.hash_password_into_with_memory(black_box(PASSWORD.as_bytes()), &salt, &mut out, &mut memory);
            memory.fill(Block::default());
            black_box(&memory);
            hashed.map(|()| out).map_err(|error| error.to_string())
        })
    };
    let mut ours = || time(|| accounts.unlock(&mut connection, ada.id(), PASSWORD));
    rounds(effort.part_rounds, [&mut ours, &mut raw, &mut wiped])
}

/// Opens values that somebody shared, once the share was opened, and values of an ordinary field.
pub(crate) fn shared(effort: Effort) -> Result<Compared, Failure> {
    type Value = Sealed<String, patients::phone>;
    fn open(values: &[Value]) -> Result<usize, ValueError> {
        values.iter().map(|value| Ok(black_box(value.open()?).len())).sum()
    }
    let seal = || (0..PAGE).map(|_| Value::seal(&"x".repeat(64))).collect::<Result<Vec<_>, _>>();
    let mut world = World::new()?;
    let (bob, id) = (world.another("bob")?, GroupId::of("notes")?);
    let World { connection, accounts, ada } = &mut world;
    let by_ada = accounts.share(connection, ada, &id, bob.id())?.model::<Patient>().enter(seal)?;
    // The first time opens the share, by public keys; the second time the copy that it left.
    accounts.group(connection, &bob, &id)?;
    let vault = accounts.group(connection, &bob, &id)?.model::<Patient>();
    let (shared, ordinary) = (by_ada, seal()?);
    if vault.enter(|| open(&shared))? != open(&ordinary)? {
        return Err("a shared value did not come back".into());
    }
    short(effort, || vault.enter(|| open(&shared)), || open(&ordinary))
}

/// Adds a member to a group of 9,999, and to one of 9. What it writes is taken back outside of the time.
pub(crate) fn add_member(effort: Effort) -> Result<Compared, Failure> {
    fn add(world: &mut World, group: &OpenGroup, new: &UserId) -> Result<f64, Failure> {
        let World { connection, accounts, ada } = world;
        AnsiTransactionManager::begin_transaction(connection)?;
        let took = time(|| accounts.add(connection, ada, group, new));
        AnsiTransactionManager::rollback_transaction(connection)?;
        took
    }
    let mut world = World::new()?;
    let new = world.another("bob")?.id().clone();
    let mut groups = Vec::new();
    for (name, members) in [("large", 9_999), ("small", 9)] {
        let id = GroupId::of(name)?;
        groups.push(world.accounts.create_group(&mut world.connection, &world.ada, &id)?);
        // The creator's row, over and over, with ids of nobody.
        diesel::sql_query(
            "WITH RECURSIVE numbers (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?) \
             INSERT INTO encryption_group_keys (scope, group_id, key_id, user_id, sender_id, sender_fingerprint, \
             fingerprint, mac, share, copy) SELECT scope, group_id, key_id, randomblob(12), sender_id, \
             sender_fingerprint, fingerprint, mac, randomblob(length(copy)), NULL FROM encryption_group_keys, numbers \
             WHERE group_id = ?",
        )
        .bind::<diesel::sql_types::Integer, _>(members)
        .bind::<Binary, _>(id.as_bytes())
        .execute(&mut world.connection)?;
    }
    let [large, small] = groups.as_slice() else { return Err("there are two groups".into()) };
    // Both sides have one connection: they run in turn.
    let world = std::cell::RefCell::new(world);
    let sides: [&mut dyn FnMut() -> Result<f64, Failure>; 2] =
        [&mut || add(&mut world.borrow_mut(), large, &new), &mut || add(&mut world.borrow_mut(), small, &new)];
    rounds(effort.part_rounds, sides)
}
