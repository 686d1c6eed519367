//! What becomes of an account: from its making to its erasure.

use std::io::Write;

use diesel::prelude::*;
use diesel_encrypted::accounts::Created;
use diesel_encrypted::users::RecoveryCode;

use crate::Result;
use crate::model::{Note, Person, people};
use crate::notebook::Notebook;
use crate::terminal::{new_password, secret};

pub fn sign_up(book: &mut Notebook, name: &str, escrow: bool, out: &mut impl Write) -> Result<()> {
    let password = new_password(name)?;
    let Notebook { connection, accounts, .. } = book;
    // The person and the account, or neither.
    let codes = connection.transaction(|connection| -> Result<_> {
        let new = diesel::insert_into(people::table).values(people::name.eq(name));
        let person = new.returning(Person::as_returning()).get_result(connection)?;
        let Created { account, codes, .. } = accounts.create(connection, &person.user()?, &password)?;
        if escrow {
            accounts.add_escrow(connection, &account)?;
        }
        Ok(codes)
    })?;
    writeln!(out, "{name} has an account.")?;
    if escrow {
        writeln!(out, "It is in escrow: the application can open it by itself.")?;
    }
    show(&codes, out)
}

pub fn change_password(book: &mut Notebook, name: &str, out: &mut impl Write) -> Result<()> {
    let old = secret(&format!("Password of {name}: "))?;
    let new = new_password(name)?;
    let person = book.person(name)?;
    book.accounts.change_password(&mut book.connection, &person.user()?, &old, &new)?;
    writeln!(out, "{name} has a new password. No note was touched.")?;
    Ok(())
}

/// A lost password: a code opens the account, which gets a new key. The user's notes are sealed under that, and the key
/// before, which someone may have found with the password, is forgotten.
pub fn recover(book: &mut Notebook, name: &str, out: &mut impl Write) -> Result<()> {
    let code = RecoveryCode::parse(&secret("Recovery code: ")?)?;
    let password = new_password(name)?;
    let person = book.person(name)?;
    let recovered = book.accounts.recover(&mut book.connection, &person.user()?, &code, &password)?;
    let mut account = recovered.account;
    let (resealed, earlier) = book.reseal(&account.model::<Note>())?;
    book.accounts.forget_earlier(&mut book.connection, &mut account, &earlier)?;
    writeln!(out, "{name} has a new password and a new key; {resealed} values were sealed anew.")?;
    show(&recovered.codes, out)
}

pub fn erase(book: &mut Notebook, name: &str, out: &mut impl Write) -> Result<()> {
    let user = book.sign_in(name)?;
    let erased = book.accounts.erase(&mut book.connection, user.account.id())?;
    writeln!(out, "{name} was erased.\n{erased}")?;
    Ok(())
}

fn show(codes: &[RecoveryCode], out: &mut impl Write) -> Result<()> {
    writeln!(out, "Recovery codes, shown once. Print them; each gives a new password, once:")?;
    for code in codes {
        writeln!(out, "  {}", &*code.to_text())?;
    }
    Ok(())
}
