//! Every statement of the load, written once for both servers and both kinds of client.

use diesel::connection::SimpleConnection;
use diesel::dsl::{DuplicatedKeys, sql};
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Text};
use diesel::upsert::excluded;
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection};
use diesel_encrypted::KeyStoreConnection;
use diesel_encrypted::prelude::*;

use crate::address::Server;
use crate::model::{Call, Contact, calls, contacts};

pub(crate) type AsyncPostgres = AsyncConnectionWrapper<AsyncPgConnection>;
pub(crate) type AsyncMysql = AsyncConnectionWrapper<AsyncMysqlConnection>;

/// The sealed columns of a row as they are stored.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) email: Vec<u8>,
    pub(crate) phone: Option<Vec<u8>>,
    pub(crate) note: String,
}

/// A connection to a server.
pub(crate) trait Driver: KeyStoreConnection + SimpleConnection + Send + Sized + 'static {
    const SERVER: Server;

    fn insert_all(&mut self, contacts: &[Contact], calls: &[Call]) -> QueryResult<()>;
    fn insert(&mut self, contact: &Contact, call: Option<&Call>) -> QueryResult<()>;
    /// Writes every column of a row that still has the version `before`, and its call, and returns how many there were.
    fn update(&mut self, before: i32, contact: &Contact, call: Option<&Call>) -> QueryResult<usize>;
    /// Inserts a row, or writes its columns over those of the row with the same email, but for the key.
    fn upsert(&mut self, contact: &Contact) -> QueryResult<usize>;
    /// Writes two rows of any version in one transaction, in this order.
    fn update_both(&mut self, first: &Contact, second: &Contact) -> QueryResult<()>;
    fn delete(&mut self, id: i32) -> QueryResult<usize>;

    fn find(&mut self, id: i32) -> QueryResult<Option<Contact>>;
    fn by_email(&mut self, email: &str) -> QueryResult<Vec<Contact>>;
    fn by_emails(&mut self, emails: &[String]) -> QueryResult<Vec<Contact>>;
    fn by_phone(&mut self, phone: &str) -> QueryResult<Vec<Contact>>;
    fn by_note(&mut self, note: &str) -> QueryResult<Vec<Contact>>;
    fn by_host(&mut self, host: &str, after: i32, limit: i64) -> QueryResult<Vec<Contact>>;
    fn page(&mut self, after: i32, limit: i64) -> QueryResult<Vec<Contact>>;
    /// Contacts and their calls, joined by blind index.
    fn callers(&mut self, after: i32, limit: i64) -> QueryResult<Vec<(Contact, Call)>>;

    fn stored(&mut self, after: i32, limit: i64) -> QueryResult<Vec<(Contact, Stored)>>;
    fn stored_callers(&mut self, after: i32, limit: i64) -> QueryResult<Vec<(Call, Vec<u8>)>>;

    /// One number, such as those that servers give their connections.
    fn numbers(&mut self, statement: &str) -> QueryResult<Vec<i64>>;
    fn text(&mut self, statement: &str) -> QueryResult<String>;

    /// Whether the server still answers. Ends what is left of a transaction.
    fn is_alive(&mut self) -> bool {
        self.batch_execute("ROLLBACK").is_ok()
    }

    /// The one of two texts that this server understands.
    fn words<'t>(postgres: &'t str, mysql: &'t str) -> &'t str {
        match Self::SERVER {
            Server::Postgres => postgres,
            Server::Mysql => mysql,
        }
    }
}

macro_rules! driver {
    ($connection:ty, $server:expr, |$contact:ident| $on_conflict:expr => $set:expr) => {
        impl Driver for $connection {
            const SERVER: Server = $server;

            fn insert_all(&mut self, contacts: &[Contact], calls: &[Call]) -> QueryResult<()> {
                diesel::insert_into(contacts::table).values(contacts).execute(self)?;
                diesel::insert_into(calls::table).values(calls).execute(self)?;
                Ok(())
            }

            fn insert(&mut self, contact: &Contact, call: Option<&Call>) -> QueryResult<()> {
                self.transaction(|connection| {
                    diesel::insert_into(contacts::table).values(contact).execute(connection)?;
                    if let Some(call) = call {
                        diesel::insert_into(calls::table).values(call).execute(connection)?;
                    }
                    Ok(())
                })
            }

            fn update(&mut self, before: i32, contact: &Contact, call: Option<&Call>) -> QueryResult<usize> {
                self.transaction(|connection| {
                    let rows = contacts::table.find(contact.id).filter(contacts::version.eq(before));
                    let count = diesel::update(rows).set(contact).execute(connection)?;
                    if let Some(call) = call
                        && count > 0
                    {
                        diesel::update(calls::table.find(call.id)).set(call).execute(connection)?;
                    }
                    Ok(count)
                })
            }

            fn upsert(&mut self, $contact: &Contact) -> QueryResult<usize> {
                diesel::insert_into(contacts::table)
                    .values($contact)
                    .on_conflict($on_conflict)
                    .do_update()
                    .set($set)
                    .execute(self)
            }

            fn update_both(&mut self, first: &Contact, second: &Contact) -> QueryResult<()> {
                self.transaction(|connection| {
                    for contact in [first, second] {
                        diesel::update(contacts::table.find(contact.id)).set(contact).execute(connection)?;
                    }
                    Ok(())
                })
            }

            fn delete(&mut self, id: i32) -> QueryResult<usize> {
                self.transaction(|connection| {
                    diesel::delete(calls::table.find(id)).execute(connection)?;
                    diesel::delete(contacts::table.find(id)).execute(connection)
                })
            }

            fn find(&mut self, id: i32) -> QueryResult<Option<Contact>> {
                contacts::table.find(id).select(Contact::as_select()).first(self).optional()
            }

            fn by_email(&mut self, email: &str) -> QueryResult<Vec<Contact>> {
                contacts::table.filter(contacts::email.blind_eq(email)).select(Contact::as_select()).load(self)
            }

            fn by_emails(&mut self, emails: &[String]) -> QueryResult<Vec<Contact>> {
                contacts::table.filter(contacts::email.blind_eq_any(emails)).select(Contact::as_select()).load(self)
            }

            fn by_phone(&mut self, phone: &str) -> QueryResult<Vec<Contact>> {
                contacts::table.filter(contacts::phone.blind_eq(phone)).select(Contact::as_select()).load(self)
            }

            fn by_note(&mut self, note: &str) -> QueryResult<Vec<Contact>> {
                contacts::table.filter(contacts::note.blind_eq(note)).select(Contact::as_select()).load(self)
            }

            fn by_host(&mut self, host: &str, after: i32, limit: i64) -> QueryResult<Vec<Contact>> {
                contacts::table
                    .filter(contacts::email.by(Contact::EMAIL_HOST).blind_eq(host))
                    .filter(contacts::id.gt(after))
                    .order(contacts::id)
                    .limit(limit)
                    .select(Contact::as_select())
                    .load(self)
            }

            fn page(&mut self, after: i32, limit: i64) -> QueryResult<Vec<Contact>> {
                contacts::table
                    .filter(contacts::id.gt(after))
                    .order(contacts::id)
                    .limit(limit)
                    .select(Contact::as_select())
                    .load(self)
            }

            fn callers(&mut self, after: i32, limit: i64) -> QueryResult<Vec<(Contact, Call)>> {
                calls::table
                    .inner_join(contacts::table.on(contacts::email.blind_index().eq(calls::caller.blind_index())))
                    .filter(calls::id.gt(after))
                    .order(calls::id)
                    .limit(limit)
                    .select((Contact::as_select(), Call::as_select()))
                    .load(self)
            }

            fn stored(&mut self, after: i32, limit: i64) -> QueryResult<Vec<(Contact, Stored)>> {
                let rows: Vec<(Contact, Vec<u8>, Option<Vec<u8>>, String)> = contacts::table
                    .filter(contacts::id.gt(after))
                    .order(contacts::id)
                    .limit(limit)
                    .select((Contact::as_select(), contacts::email, contacts::phone, contacts::note))
                    .load(self)?;
                let stored =
                    rows.into_iter().map(|(contact, email, phone, note)| (contact, Stored { email, phone, note }));
                Ok(stored.collect())
            }

            fn stored_callers(&mut self, after: i32, limit: i64) -> QueryResult<Vec<(Call, Vec<u8>)>> {
                calls::table
                    .filter(calls::id.gt(after))
                    .order(calls::id)
                    .limit(limit)
                    .select((Call::as_select(), calls::caller))
                    .load(self)
            }

            fn numbers(&mut self, statement: &str) -> QueryResult<Vec<i64>> {
                sql::<BigInt>(statement).load(self)
            }

            fn text(&mut self, statement: &str) -> QueryResult<String> {
                sql::<Text>(statement).get_result(self)
            }
        }
    };
}

/// What PostgreSQL was to insert, but for the key. MySQL takes the values once more.
#[rustfmt::skip]
macro_rules! all_excluded {
    () => { (
        contacts::version.eq(excluded(contacts::version)),
        contacts::moves.eq(excluded(contacts::moves)),
        contacts::email.eq(excluded(contacts::email)),
        contacts::phone.eq(excluded(contacts::phone)),
        contacts::note.eq(excluded(contacts::note)),
    ) };
}

driver!(PgConnection, Server::Postgres, |contact| contacts::email.blind_conflict_target() => all_excluded!());
driver!(MysqlConnection, Server::Mysql, |contact| DuplicatedKeys => contact);
driver!(AsyncPostgres, Server::Postgres, |contact| contacts::email.blind_conflict_target() => all_excluded!());
driver!(AsyncMysql, Server::Mysql, |contact| DuplicatedKeys => contact);
