//! A small clinic on a SQLite file: `cargo run -p quickstart`.
//!
//! It makes its key and its database on the first run and finds them again on the next. Everything stays in one folder,
//! the key beside the data so that the example is complete: a real application keeps the two apart.

#![allow(unreachable_pub, reason = "models are public, as in an application with modules")]

mod attacks;
mod model;
mod print;
mod schema;

use std::error::Error;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::ExitCode;

use diesel::prelude::*;
use diesel_encrypted::prelude::*;
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;

use model::{NewPatient, Patient};
use print::{bytes, entry, heading, line, opened, say, sealed, wrapped};
use schema::patients;

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");

const FOLDER: &str = "quickstart-data";

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _reader_left = writeln!(
                io::stderr(),
                "\nThe example stops here: {error}\n\nTo begin anew, remove the folder {FOLDER}."
            );
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<()> {
    let folder = Path::new(FOLDER);
    let (keys, database) = (folder.join("keys"), folder.join("clinic.db"));
    let key = keys.join("root-1.key");
    let origin = |path: &Path| if path.exists() { "from an earlier run" } else { "made just now" };
    let (key_is, database_is) = (origin(&key), origin(&database));
    fs::create_dir_all(folder)?;

    heading("1. Open");
    let root_keys = RootKeys::from_folder(&keys)?;
    let mut connection = SqliteConnection::establish(&database.to_string_lossy())?;
    connection.run_pending_migrations(MIGRATIONS)?;
    Vault::builder(root_keys.clone()).application("clinic").model::<Patient>().open(&mut connection)?.install()?;
    entry("root key", &format!("{:<33} {key_is}", key.display()));
    entry("database", &format!("{:<33} {database_is}", database.display()));
    say(
        "The root key never touches a value. It wraps the data keys, at least one for each encrypted column, which stand \
         in the database's table encryption_keys. An application keeps the root key apart from the database.",
    );

    heading("2. Write");
    let new = store(&mut connection)?;
    let all: i64 = patients::table.count().get_result(&mut connection)?;
    entry("stored", &format!("{new} new, {all} in all"));
    say(
        "Structs with Encrypted fields go through insert_into(..).values(..) like any other. The email's blind index is \
         unique, so what an earlier run stored is not stored twice.",
    );

    heading("3. Find");
    let found = find_by_email(&mut connection, "ADA@example.ORG")?;
    entry("email", "blind_eq(\"ADA@example.ORG\")");
    entry("", &describe(&found));
    let by_phone: Patient = patients::table
        .filter(patients::phone.blind_eq("(020) 7946-0342"))
        .select(Patient::as_select())
        .first(&mut connection)?;
    entry("phone", "blind_eq(\"(020) 7946-0342\")");
    entry("", &describe(&by_phone));
    say(
        "The search compares tags, which SQLite finds by an ordinary index. Emails are compared in lower case and phone \
         numbers by their digits, because the model says so.",
    );

    heading("4. One row, seen from both sides");
    both_sides(&mut connection, &found)?;

    heading("5. What is refused");
    attacks::show(&mut connection, &root_keys)?;

    heading("6. Look for yourself");
    let database = database.display();
    line(&format!("  sqlite3 -line {database} 'select id, name, hex(email), hex(phone), hex(chart) from patients'"));
    line(&format!("  sqlite3 -line {database} 'select field_id, storage, indexes from encrypted_columns'"));
    line(&format!("  grep -c Ada@Example.org {database}        # 0: the text is nowhere in the file"));
    say("Run the example again: it finds these patients.");
    wrapped("  ", &format!("Remove the folder {FOLDER} to begin anew."));
    Ok(())
}

/// Stores the patients that are not there yet. Returns how many.
fn store(connection: &mut SqliteConnection) -> QueryResult<usize> {
    let patients = [
        NewPatient::new("Ada Lovelace", "Ada@Example.org", Some("020 7946 0018"), "Influenza", &["penicillin"]),
        NewPatient::new("Charles Babbage", "charles@example.org", Some("020 7946 0342"), "Sprained wrist", &[]),
        NewPatient::new("Mary Somerville", "mary@example.net", None, "Migraine", &["pollen", "nuts"]),
    ];
    patients.iter().try_fold(0, |stored, patient| {
        let new = diesel::insert_into(patients::table)
            .values(patient)
            .on_conflict(patients::email.blind_conflict_target())
            .do_nothing()
            .execute(connection)?;
        Ok(stored + new)
    })
}

fn find_by_email(connection: &mut SqliteConnection, email: &str) -> QueryResult<Patient> {
    patients::table.filter(patients::email.blind_eq(email)).select(Patient::as_select()).first(connection)
}

/// In an application, `expose()` is the one word to search for: here plaintext comes out.
fn describe(patient: &Patient) -> String {
    let phone = patient.phone.as_ref().map_or("no phone", |phone| phone.expose());
    format!("{} <{}>, {phone}", patient.name, patient.email.expose())
}

/// The row as the application has it, and as SQLite gives it to anyone who asks.
fn both_sides(connection: &mut SqliteConnection, patient: &Patient) -> Result<()> {
    /// The stored columns, undeclared and thus unopened.
    type Stored = (String, Vec<u8>, Option<Vec<u8>>, Vec<u8>);
    let (name, email, phone, chart): Stored = patients::table
        .find(patient.id)
        .select((patients::name, patients::email, patients::phone, patients::chart))
        .first(connection)?;

    entry("name", &format!("\"{}\"", patient.name));
    bytes("stored", name.as_bytes(), "as it is: the model does not encrypt it");

    opened("email", patient.email.expose());
    sealed(&email)?;

    if let (Some(open), Some(stored)) = (&patient.phone, phone) {
        opened("phone", open.expose());
        sealed(&stored)?;
    }

    let chart_open = &patient.chart.expose().0;
    opened("chart", &format!("{}; allergies: {}", chart_open.diagnosis, chart_open.allergies.join(", ")));
    sealed(&chart)?;
    say("The same value is sealed to other bytes each time. Equal emails share their blind index, and that is what a \
         reader of the database learns: which are equal, and how long they are.");
    Ok(())
}
