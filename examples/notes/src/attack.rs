//! What someone reads who has everything but the users' secrets: the database, the root key, and this program.
//!
//! Every value is tried with every key at hand: the application's, those in escrow, what guessed passwords and codes open,
//! and keys that the application's own authority makes for each person in the place of theirs. Nothing is left behind.

use std::collections::BTreeMap;
use std::io::Write;
use std::process::ExitCode;

use diesel::dsl::{count_star, sql};
use diesel::prelude::*;
use diesel::sql_types::Binary;
use diesel_encrypted::accounts::Account;
use diesel_encrypted::accounts::schema::{
    encryption_earlier_keys, encryption_group_keys, encryption_key_pairs, encryption_locks, encryption_sessions,
    encryption_users,
};
use diesel_encrypted::format::value::{Header, SealedValue};
use diesel_encrypted::prelude::*;
use diesel_encrypted::users::RecoveryCode;
use diesel_encrypted::{EncryptedModel, Field};

use crate::Result;
use crate::model::{Note, Person, group_id, notes, people};
use crate::notebook::Notebook;

/// What many people choose.
const GUESSES: [&str; 4] = ["123456", "password", "qwerty", ""];

/// A note's title or body, without the application's layer.
struct Value {
    note: i32,
    field: &'static Field,
    inner: Vec<u8>,
}

/// What was tried, and what came of it.
#[derive(Default)]
struct Tried {
    keys: usize,
    times: usize,
    read: Vec<String>,
}

/// Tells what was seen. The exit code is 1 if a value was read.
pub fn run(book: &mut Notebook, out: &mut impl Write) -> Result<ExitCode> {
    let people: Vec<Person> = people::table.select(Person::as_select()).load(&mut book.connection)?;
    see(book, &people, out)?;
    let (values, groups) = (values(book)?, groups(book)?);
    let mut tried = Tried::default();
    // Never committed: the attack leaves everything as it was.
    book.connection.begin_test_transaction()?;
    tried.with("the application's keys", &book.vault.clone(), &values);
    for person in &people {
        for (how, account) in accounts_of(book, person, &mut tried)? {
            tried.with_account(book, &format!("{} by {how}", person.name), &account, (&values, &groups))?;
        }
    }
    for person in &people {
        let account = take_the_place_of(book, person)?;
        let who = format!("{} by a record of the attacker's", person.name);
        tried.with_account(book, &who, &account, (&values, &groups))?;
    }
    writeln!(out, "\nTried: {} values, {} keys, {} times", values.len(), tried.keys, tried.times)?;
    for read in &tried.read {
        writeln!(out, "  READ {read}")?;
    }
    writeln!(out, "  {} values were read", tried.read.len())?;
    Ok(ExitCode::from(u8::from(!tried.read.is_empty())))
}

/// The account of a person, by all that may open it without a secret of theirs.
fn accounts_of(book: &mut Notebook, person: &Person, tried: &mut Tried) -> Result<Vec<(&'static str, Account)>> {
    let Notebook { connection, accounts, .. } = book;
    let (user, code) = (person.user()?, RecoveryCode::generate()?);
    let mut all = vec![("escrow", accounts.unlock_by_escrow(connection, &user))];
    for guess in GUESSES.into_iter().chain([person.name.as_str()]) {
        all.push(("a guessed password", accounts.unlock(connection, &user, guess)));
    }
    all.push(("a guessed code", accounts.recover(connection, &user, &code, "mine").map(|recovered| recovered.account)));
    tried.times += all.len();
    Ok(all.into_iter().filter_map(|(how, account)| Some((how, account.ok()?))).collect())
}

/// Makes an account for a person who has one: the application's own authority says that this is them.
fn take_the_place_of(book: &mut Notebook, person: &Person) -> Result<Account> {
    let user = person.user()?;
    let Notebook { connection, accounts, .. } = book;
    diesel::delete(encryption_users::table.filter(encryption_users::user_id.eq(user.as_bytes())))
        .execute(connection)?;
    diesel::delete(encryption_locks::table.filter(encryption_locks::user_id.eq(user.as_bytes())))
        .execute(connection)?;
    let pairs = encryption_key_pairs::table.filter(encryption_key_pairs::user_id.eq(user.as_bytes()));
    diesel::delete(pairs).execute(connection)?;
    Ok(accounts.create(connection, &user, "the attacker's")?.account)
}

impl Tried {
    /// Everything that an account opens: its own values, and those of groups that it has a key of.
    fn with_account(
        &mut self,
        book: &mut Notebook,
        who: &str,
        account: &Account,
        (values, groups): (&[Value], &[String]),
    ) -> Result<()> {
        self.with(who, &account.model::<Note>(), values);
        for group in groups {
            self.times += 1;
            if let Ok(opened) = book.accounts.group(&mut book.connection, account, &group_id(group)?) {
                self.with(&format!("{who}, in {group}"), &opened.model::<Note>(), values);
            }
        }
        Ok(())
    }

    /// Every value with the keys of one vault, as the value is, and with the id of that key written into it.
    fn with(&mut self, who: &str, vault: &Vault, values: &[Value]) {
        self.keys += 1;
        for value in values {
            let claimed = vault.seal(value.field, "whose key is this?").ok().and_then(|own| value.under_key_of(&own));
            for sealed in [Some(&value.inner), claimed.as_ref()].into_iter().flatten() {
                self.times += 1;
                let name = format!("{} of note {}", value.field.column(), value.note);
                if vault.open::<String>(value.field, sealed).is_ok() && !self.read.iter().any(|r| r.starts_with(&name))
                {
                    self.read.push(format!("{name}: {who}"));
                }
            }
        }
    }
}

impl Value {
    /// The same value, naming the key that `other` names.
    fn under_key_of(&self, other: &[u8]) -> Option<Vec<u8>> {
        let key_id = |slots: usize| Header::len(slots) - 4..Header::len(slots);
        let [own, others] =
            [&self.inner, other].map(|sealed| SealedValue::parse(sealed).map(|parts| parts.slots.len()));
        let mut claimed = self.inner.clone();
        claimed.get_mut(key_id(own.ok()?))?.copy_from_slice(other.get(key_id(others.ok()?))?);
        Some(claimed)
    }
}

/// The values, each without the application's layer: its key is at hand.
fn values(book: &mut Notebook) -> Result<Vec<Value>> {
    let mut values = Vec::new();
    for field in Note::fields() {
        let column = sql::<Binary>(&format!("\"{}\"", field.column()));
        let stored = notes::table.select((notes::id, column)).order(notes::id);
        for (note, stored) in stored.load::<(i32, Vec<u8>)>(&mut book.connection)? {
            values.push(Value { note, field, inner: book.vault.open_layer(field, stored)? });
        }
    }
    Ok(values)
}

fn groups(book: &mut Notebook) -> Result<Vec<String>> {
    let groups = notes::table.select(notes::shared.assume_not_null()).filter(notes::shared.is_not_null()).distinct();
    Ok(groups.load(&mut book.connection)?)
}

/// What is there to be seen without opening anything.
fn see(book: &mut Notebook, people: &[Person], out: &mut impl Write) -> Result<()> {
    writeln!(out, "Seen")?;
    for person in people {
        let user = person.user()?;
        let own = notes::table.filter(notes::author.eq(person.id));
        let lengths = own.select(sql::<diesel::sql_types::Integer>("length(body)")).order(notes::id);
        let lengths: Vec<i32> = lengths.load(&mut book.connection)?;
        let locks = match book.accounts.locks(&mut book.connection, &user) {
            Ok(locks) => of_each_kind(locks.iter().map(|lock| format!("{:?}", lock.kind))),
            Err(_) => "erased".to_owned(),
        };
        writeln!(out, "  {} ({locks}) wrote {} notes, of {lengths:?} bytes", person.name, lengths.len())?;
    }
    for group in groups(book)? {
        let key = encryption_group_keys::group_id.eq(group_id(&group)?.as_bytes().to_vec());
        let ids = encryption_group_keys::table.filter(key).select(encryption_group_keys::user_id).distinct();
        let ids: Vec<Vec<u8>> = ids.load(&mut book.connection)?;
        let is_in = |person: &&Person| person.user().is_ok_and(|user| ids.iter().any(|id| id == user.as_bytes()));
        let members: Vec<&str> = people.iter().filter(is_in).map(|person| person.name.as_str()).collect();
        writeln!(out, "  `{group}` is read by {}", members.join(", "))?;
    }
    // Within one key, equal titles have equal tags.
    let tags = notes::table.group_by(notes::title.blind_index()).select(count_star());
    let alike: Vec<i64> = tags.load(&mut book.connection)?;
    let alike = alike.iter().filter(|count| **count > 1).count();
    writeln!(out, "  titles that someone gave twice: {alike}")?;
    let sealed = [
        ("locks", encryption_locks::table.count().get_result::<i64>(&mut book.connection)?),
        ("key pairs", encryption_key_pairs::table.count().get_result(&mut book.connection)?),
        ("keys of groups", encryption_group_keys::table.count().get_result(&mut book.connection)?),
        ("earlier keys", encryption_earlier_keys::table.count().get_result(&mut book.connection)?),
        ("sessions", encryption_sessions::table.count().get_result(&mut book.connection)?),
    ];
    let sealed: Vec<String> = sealed.iter().map(|(what, count)| format!("{count} {what}")).collect();
    writeln!(out, "  sealed: {}", sealed.join(", "))?;
    Ok(())
}

/// `1 Password, 10 RecoveryCode`.
fn of_each_kind(kinds: impl Iterator<Item = String>) -> String {
    let mut counts = BTreeMap::new();
    kinds.for_each(|kind| *counts.entry(kind).or_insert(0) += 1);
    counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect::<Vec<_>>().join(", ")
}
