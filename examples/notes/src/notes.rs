//! Writing, reading and searching. Whatever a user does is done within a vault of theirs.

use std::io::Write;

use diesel::prelude::*;
use diesel_encrypted::prelude::*;

use crate::Result;
use crate::model::{NewNote, Note, group_id, notes};
use crate::notebook::Notebook;

pub fn write(
    book: &mut Notebook,
    name: &str,
    (title, body): (&str, &str),
    group: Option<&str>,
    out: &mut impl Write,
) -> Result<()> {
    let user = book.sign_in(name)?;
    let vault = match group {
        None => user.account.model::<Note>(),
        Some(group) => book.accounts.group(&mut book.connection, &user.account, &group_id(group)?)?.model::<Note>(),
    };
    let id: i32 = vault.enter(|| -> Result<_> {
        let note = NewNote {
            author: user.person.id,
            shared: group.map(str::to_owned),
            title: Sealed::seal(title)?.into(),
            body: Sealed::seal(body)?.into(),
        };
        Ok(note.insert_into(notes::table).returning(notes::id).get_result(&mut book.connection)?)
    })?;
    writeln!(out, "Note {id} is written.")?;
    Ok(())
}

/// All that a user can read.
pub fn read(book: &mut Notebook, name: &str, out: &mut impl Write) -> Result<()> {
    let user = book.sign_in(name)?;
    for (shared, vault) in book.vaults(&user)? {
        let found = book.of(&user, shared.as_deref())?;
        vault.enter(|| show(&found, out))?;
    }
    Ok(())
}

/// By the title, in whatever case: in the user's own notes, and in those of each of their groups. The database compares
/// tags that only that vault makes.
pub fn search(book: &mut Notebook, name: &str, title: &str, out: &mut impl Write) -> Result<()> {
    let user = book.sign_in(name)?;
    let mut count = 0;
    for (_, vault) in book.vaults(&user)? {
        vault.enter(|| -> Result<_> {
            let query = notes::table.filter(notes::title.blind_eq(title)).select(Note::as_select());
            let found = query.load(&mut book.connection)?;
            count += found.len();
            show(&found, out)
        })?;
    }
    writeln!(out, "{count} found.")?;
    Ok(())
}

/// What anyone sees who can ask the application: the notes, still sealed by their users.
pub fn list(book: &mut Notebook, out: &mut impl Write) -> Result<()> {
    for note in notes::table.select(Note::as_select()).order(notes::id).load(&mut book.connection)? {
        let shared = note.shared.as_deref().unwrap_or("-");
        writeln!(out, "note {} by {}, group {shared}, {:?}", note.id, note.author, note.body.expose())?;
    }
    Ok(())
}

fn show(notes: &[Note], out: &mut impl Write) -> Result<()> {
    for note in notes {
        let (title, body) = note.open()?;
        let shared = note.shared.as_ref().map_or_else(String::new, |group| format!(" ({group})"));
        writeln!(out, "{}{shared} {title}: {body}", note.id)?;
    }
    Ok(())
}
