//! What this program asks of a database, written once for SQLite, PostgreSQL and MySQL.

use diesel::connection::SimpleConnection;
use diesel::dsl::{count_star, min, sql};
use diesel::prelude::*;
use diesel::sql_types::{Binary, Nullable, Text};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection};
use diesel_encrypted::KeyStoreConnection;
use diesel_encrypted::prelude::*;

use crate::address::Server;
use crate::leftovers;
use crate::model::{Customer, Employee};
use crate::plain::{self, Plain};
use crate::schema::{customers, employees, invoices, plain_customers, plain_employees};

/// The connections to servers are asynchronous, so that their drivers are Rust and no client library has to be installed.
/// The wrapper waits for them.
pub(crate) type Postgres = AsyncConnectionWrapper<AsyncPgConnection>;
pub(crate) type Mysql = AsyncConnectionWrapper<AsyncMysqlConnection>;

/// A connection to a database of any of the three kinds.
pub(crate) trait Database: KeyStoreConnection + SimpleConnection {
    /// The kind of server. SQLite has none.
    const SERVER: Option<Server>;

    fn load_plain(&mut self) -> QueryResult<Plain>;
    fn insert(&mut self, employees: &[Employee], customers: &[Customer]) -> QueryResult<usize>;

    fn customers_with_email(&mut self, email: &str) -> QueryResult<Vec<(Customer, Option<Employee>)>>;
    fn customers_with_phone(&mut self, phone: &str) -> QueryResult<Vec<Customer>>;
    /// How many customers each email domain has, and one of them.
    fn customers_per_domain(&mut self) -> QueryResult<Vec<(Option<i32>, i64)>>;
    fn email_of(&mut self, customer: i32) -> QueryResult<Encrypted<String, customers::email>>;
    /// Number, day and total of the invoices of who has this email.
    fn invoices_of(&mut self, email: &str) -> QueryResult<Vec<(i32, String, f64)>>;

    /// The rows of a statement that gives three texts.
    fn texts(&mut self, statement: &str) -> QueryResult<Vec<(String, String, String)>>;
    /// The rows of a statement that gives bytes.
    fn bytes(&mut self, statement: &str) -> QueryResult<Vec<Option<Vec<u8>>>>;

    /// All that the database holds.
    fn everything(&mut self) -> QueryResult<Vec<u8>>;

    /// The one of three that is this database's.
    fn words<T>(sqlite: T, postgres: T, mysql: T) -> T {
        match Self::SERVER {
            None => sqlite,
            Some(Server::Postgres) => postgres,
            Some(Server::Mysql) => mysql,
        }
    }
}

macro_rules! database {
    ($connection:ty, $server:expr, $everything:path) => {
        impl Database for $connection {
            const SERVER: Option<Server> = $server;

            fn load_plain(&mut self) -> QueryResult<Plain> {
                let customers = plain_customers::table.order(plain_customers::customer_id);
                let employees = plain_employees::table.order(plain_employees::employee_id);
                let invoices = invoices::table.order(invoices::invoice_id);
                Ok(Plain {
                    customers: customers.select(plain::Customer::as_select()).load(self)?,
                    employees: employees.select(plain::Employee::as_select()).load(self)?,
                    invoices: invoices.select(plain::Invoice::as_select()).load(self)?,
                })
            }

            fn insert(&mut self, employees: &[Employee], customers: &[Customer]) -> QueryResult<usize> {
                self.transaction(|connection| {
                    let employees = diesel::insert_into(employees::table).values(employees).execute(connection)?;
                    let customers = diesel::insert_into(customers::table).values(customers).execute(connection)?;
                    Ok(employees + customers)
                })
            }

            fn customers_with_email(&mut self, email: &str) -> QueryResult<Vec<(Customer, Option<Employee>)>> {
                customers::table
                    .left_join(employees::table)
                    .filter(customers::email.blind_eq(email))
                    .order(customers::customer_id)
                    .select((Customer::as_select(), Option::<Employee>::as_select()))
                    .load(self)
            }

            fn customers_with_phone(&mut self, phone: &str) -> QueryResult<Vec<Customer>> {
                customers::table
                    .filter(customers::phone.blind_eq(phone))
                    .order(customers::customer_id)
                    .select(Customer::as_select())
                    .load(self)
            }

            fn customers_per_domain(&mut self) -> QueryResult<Vec<(Option<i32>, i64)>> {
                let domain = customers::email.by(Customer::EMAIL_DOMAIN).blind_index();
                customers::table.group_by(domain).select((min(customers::customer_id), count_star())).load(self)
            }

            fn email_of(&mut self, customer: i32) -> QueryResult<Encrypted<String, customers::email>> {
                customers::table.find(customer).select(customers::email).first(self)
            }

            fn invoices_of(&mut self, email: &str) -> QueryResult<Vec<(i32, String, f64)>> {
                invoices::table
                    .inner_join(customers::table)
                    .filter(customers::email.blind_eq(email))
                    .order(invoices::invoice_id)
                    .select((invoices::invoice_id, invoices::day, invoices::total))
                    .load(self)
            }

            fn texts(&mut self, statement: &str) -> QueryResult<Vec<(String, String, String)>> {
                sql::<(Text, Text, Text)>(statement).load(self)
            }

            fn bytes(&mut self, statement: &str) -> QueryResult<Vec<Option<Vec<u8>>>> {
                sql::<Nullable<Binary>>(statement).load(self)
            }

            fn everything(&mut self) -> QueryResult<Vec<u8>> {
                $everything(self)
            }
        }
    };
}

database!(SqliteConnection, None, leftovers::whole_file);
database!(Postgres, Some(Server::Postgres), leftovers::every_column);
database!(Mysql, Some(Server::Mysql), leftovers::every_column);
