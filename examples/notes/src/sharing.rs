//! Sharing: one note with one person, or a group's notes with all of its members. Both are a key that several have.

use std::io::Write;

use diesel::prelude::*;

use crate::Result;
use crate::model::{Note, group_id, notes};
use crate::notebook::Notebook;

/// Shares a note: it goes from its author's key to one of its own, which the other person gets too.
pub fn share(book: &mut Notebook, name: &str, id: i32, with: &str, out: &mut impl Write) -> Result<()> {
    let user = book.sign_in(name)?;
    let with = book.person(with)?;
    let Notebook { connection, accounts, .. } = book;
    connection.transaction(|connection| -> Result<_> {
        let found = notes::table.find(id).filter(notes::author.eq(user.person.id)).select(Note::as_select());
        let note = found.first(connection).optional()?.ok_or_else(|| format!("{name} wrote no note {id}"))?;
        let group = note.shared.clone().unwrap_or_else(|| format!("note {id}"));
        let opened = accounts.share(connection, &user.account, &group_id(&group)?, &with.user()?)?;
        if note.shared.is_none() {
            let moved = note.resealed(&user.account.model::<Note>(), &opened.model::<Note>(), Some(&group))?;
            diesel::update(&note).set(&moved).execute(connection)?;
        }
        Ok(())
    })?;
    writeln!(out, "{} reads note {id} too. Nobody's password was needed but {name}'s.", with.name)?;
    Ok(())
}

/// Brings someone into a group, which is made if there is none.
pub fn invite(book: &mut Notebook, name: &str, group: &str, with: &str, out: &mut impl Write) -> Result<()> {
    let user = book.sign_in(name)?;
    let with = book.person(with)?;
    book.accounts.share(&mut book.connection, &user.account, &group_id(group)?, &with.user()?)?;
    writeln!(out, "{} is in {group}.", with.name)?;
    Ok(())
}

/// Takes someone out of a group: it has a new key, and its notes are sealed under that. What they have read, they have read.
pub fn remove(book: &mut Notebook, name: &str, group: &str, who: &str, out: &mut impl Write) -> Result<()> {
    let user = book.sign_in(name)?;
    let who = book.person(who)?;
    let next = book.accounts.revoke(&mut book.connection, &user.account, &group_id(group)?, &who.user()?)?;
    let (resealed, _) = book.reseal(&next.model::<Note>())?;
    writeln!(out, "{} is not in {group} any more; {resealed} values were sealed anew.", who.name)?;
    Ok(())
}
