//! A reader: whatever it is given has to be whole, and what it looks for has to be found, unless it was changed meanwhile.

use crate::driver::Driver;
use crate::model::{Call, Contact, Row};
use crate::random::Random;
use crate::session::Session;
use crate::tally::Tally;

pub(crate) struct Reader<'a, D> {
    session: Session<'a, D>,
    tally: &'a Tally,
    random: Random,
    /// Ids are looked for up to this one.
    last_id: i32,
}

impl<'a, D: Driver> Reader<'a, D> {
    pub(crate) fn new(session: Session<'a, D>, tally: &'a Tally, random: Random, last_id: i32) -> Self {
        Self { session, tally, random, last_id }
    }

    /// Does one thing. False if it failed, and with that the run.
    pub(crate) fn step(&mut self) -> bool {
        let id = self.random.id(self.last_id);
        let done = match self.random.below(100) {
            0..50 => self.look_up(id),
            50..65 => self.look_up_some(id),
            65..80 => self.page(id),
            80..90 => self.of_a_host(id),
            _ => self.callers(id),
        };
        done.unwrap_or(false)
    }

    /// Reads a row by its key, and looks for it by its email, phone or note.
    fn look_up(&mut self, id: i32) -> Option<bool> {
        let Some(row) = self.row(id)? else { return Some(true) };
        let (by, found, same): (_, _, fn(Row, Row) -> bool) = match (self.random.below(3), row.phone()) {
            (0, Some(phone)) => {
                let phone = phone.replace(' ', "-");
                ("phone", self.session.read("read: by phone", |c| c.by_phone(&phone))?, |a, b| a == b)
            }
            (1, _) => ("note", self.session.read("read: by note", |c| c.by_note(&row.note()))?, |a, b| a == b),
            _ => {
                let email = row.email().to_lowercase();
                let found = self.session.read("read: by email", |c| c.by_email(&email))?;
                ("email", found, |a, b| (a.id, a.moves) == (b.id, b.moves))
            }
        };
        self.found_or_changed(row, by, &found, same)
    }

    /// Looks for some rows at once, by their emails.
    fn look_up_some(&mut self, id: i32) -> Option<bool> {
        let rows = self.rows("read: page of five", |c| c.page(id, 5))?;
        let emails: Vec<String> = rows.iter().map(|row| row.email().to_uppercase()).collect();
        let found = self.session.read("read: by any of five emails", |c| c.by_emails(&emails))?;
        for row in &rows {
            let of_it: Vec<&Contact> = found.iter().filter(|contact| contact.id == row.id).collect();
            let same = |a: Row, b: Row| (a.id, a.moves) == (b.id, b.moves);
            if !self.found_or_changed(*row, "any email", of_it, same)? {
                return Some(false);
            }
        }
        let all_asked_for = found.iter().all(|contact| rows.iter().any(|row| row.id == contact.id));
        Some(all_asked_for || self.fail("rows of other emails were found by five"))
    }

    fn page(&mut self, id: i32) -> Option<bool> {
        self.rows("read: page of fifty", |c| c.page(id, 50)).map(|_| true)
    }

    fn of_a_host(&mut self, id: i32) -> Option<bool> {
        let host = Row::new(id).host();
        let rows = self.rows("read: by host", |c| c.by_host(&host, id, 20))?;
        Some(rows.iter().all(|row| row.host() == host) || self.fail("rows of another host were found by one"))
    }

    fn callers(&mut self, id: i32) -> Option<bool> {
        let pairs = self.session.read("read: calls joined by blind index", |c| c.callers(id, 20))?;
        Some(pairs.iter().all(|(contact, call)| self.whole(contact).is_some() && self.belong(contact, call)))
    }

    fn belong(&self, contact: &Contact, call: &Call) -> bool {
        let equal = contact.email.expose().to_lowercase() == call.caller.expose().to_lowercase();
        (contact.id == call.id && equal) || self.fail(&format!("contact {} was joined to call {}", contact.id, call.id))
    }

    /// The row was found, and nothing else; or it is not any more what was looked for.
    fn found_or_changed<'c>(
        &mut self,
        row: Row,
        by: &str,
        found: impl IntoIterator<Item = &'c Contact>,
        same: impl Fn(Row, Row) -> bool,
    ) -> Option<bool> {
        let mut found_it = false;
        for contact in found {
            let is = self.whole(contact)?;
            if !same(is, row) {
                return Some(self.fail(&format!("{is:?} was found by the {by} of {row:?}")));
            }
            found_it = true;
        }
        if !found_it && self.row(row.id)?.is_some_and(|now| same(now, row)) {
            return Some(self.fail(&format!("{row:?} is not found by its {by}")));
        }
        Some(true)
    }

    fn row(&mut self, id: i32) -> Option<Option<Row>> {
        match self.session.read("read: by key", |c| c.find(id))? {
            None => Some(None),
            Some(contact) => self.whole(&contact).map(Some),
        }
    }

    fn rows(&mut self, what: &str, work: impl FnMut(&mut D) -> diesel::QueryResult<Vec<Contact>>) -> Option<Vec<Row>> {
        let contacts = self.session.read(what, work)?;
        contacts.iter().map(|contact| self.whole(contact)).collect()
    }

    fn whole(&self, contact: &Contact) -> Option<Row> {
        contact.whole().map_err(|error| self.tally.fail(error)).ok()
    }

    fn fail(&self, what: &str) -> bool {
        self.tally.fail(what.to_owned());
        false
    }
}
