//! How fast maintenance is, as ratios within one run: `maintenance_speed [ROWS]`, on a PostgreSQL server.
//!
//! Rotation by one, two and four workers and a backfill, against a bare `UPDATE t SET c = c` of the same table; verification
//! against reading every value and opening it. It makes a database of its own and drops it.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a program that prints measurements")]

fn main() {
    #[cfg(feature = "postgres")]
    postgres::measure(std::env::args().nth(1).map_or(100_000, |rows| rows.parse().unwrap()));
    #[cfg(not(feature = "postgres"))]
    println!("build it with `--features postgres`");
}

#[cfg(feature = "postgres")]
mod postgres {
    use std::{
        ops::ControlFlow,
        time::{Duration, Instant},
    };

    use diesel::{PgConnection, connection::SimpleConnection};
    use diesel_encrypted::{
        Algorithm, Class, Field, Index, Normalizer, Plaintext, Storage, Vault,
        maintenance::{Maintenance, MaintenanceError, Progress, Report, Selection},
    };
    use diesel_encrypted_tests::{people, people::Database, scratch::Scratch};

    const INDEXES: &[Index] = &[Index::new("default").normalize(&[Normalizer::Lowercase])];

    const fn field(algorithm: Algorithm) -> Field {
        Field::new("people.email", "people", "email", Class::Text, Storage::Binary)
            .primary_key(&["id"])
            .algorithm(algorithm)
            .plaintext(Plaintext::Accept)
            .indexes(INDEXES)
    }

    static FIRST: [Field; 1] = [field(Algorithm::Aes256Gcm)];
    static SECOND: [Field; 1] = [field(Algorithm::Xaes256Gcm)];

    pub(crate) fn measure(rows: i64) {
        let mut connection = people::table::<PgConnection>();
        let vault = people::vault(&mut *connection, &FIRST);
        for from in (0..rows).step_by(5000) {
            let values = (from..rows.min(from + 5000)).map(|id| format!("({id}, 'person{id}@example.org')"));
            let values = values.collect::<Vec<_>>().join(", ");
            connection.batch_execute(&format!("INSERT INTO people (id, email) VALUES {values}")).unwrap();
        }
        println!("{rows} rows");
        // The first one as well: what a bare UPDATE costs depends on what is in the table.
        let bare = bare(&mut connection);
        tell(
            "backfill, 1 worker",
            rows,
            bare,
            shared(&mut connection, &vault, 1, |maintenance, progress| {
                maintenance.backfill(&Selection::all()).run(progress)
            }),
        );
        for (workers, fields) in [(1, &SECOND), (2, &FIRST), (4, &SECOND)] {
            let vault = people::vault(&mut *connection, fields);
            let bare = self::bare(&mut connection);
            let took = shared(&mut connection, &vault, workers, |maintenance, progress| {
                maintenance.rotate(&Selection::all()).run(progress)
            });
            tell(&format!("rotate, {workers} workers"), rows, bare, took);
        }

        let vault = people::vault(&mut *connection, &SECOND);
        let began = Instant::now();
        for from in (0..rows).step_by(5000) {
            let page = format!("id, email, NULL FROM people WHERE id >= {from} AND id < {}", from + 5000);
            for (_, value, _) in connection.rows(&page) {
                let [field] = &SECOND;
                drop(vault.open::<String>(field, value.unwrap()).unwrap());
            }
        }
        let read = began.elapsed();
        println!("{:<22} {:>9.0} rows/s", "read and open", rate(rows, read));
        let took = shared(&mut connection, &vault, 1, |maintenance, progress| {
            maintenance.verify(&Selection::all()).run(progress)
        });
        tell("verify, 1 worker", rows, read, took);
        let peak = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        println!("{}", peak.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default());
    }

    fn bare(connection: &mut Scratch<PgConnection>) -> Duration {
        connection.batch_execute("VACUUM ANALYZE people").unwrap();
        let began = Instant::now();
        connection.batch_execute("UPDATE people SET email = email").unwrap();
        let took = began.elapsed();
        connection.batch_execute("VACUUM ANALYZE people").unwrap();
        took
    }

    type Work = fn(
        &mut Maintenance<'_, PgConnection>,
        fn(&Progress<'_>) -> ControlFlow<()>,
    ) -> Result<Report, MaintenanceError>;

    fn shared(connection: &mut Scratch<PgConnection>, vault: &Vault, workers: usize, work: Work) -> Duration {
        let url = connection.url().to_owned();
        let began = Instant::now();
        std::thread::scope(|scope| {
            for _ in 0..workers {
                scope.spawn(|| {
                    let mut connection = people::connect::<PgConnection>(&url);
                    let mut maintenance = Maintenance::open(&mut connection, vault).unwrap();
                    let report = work(&mut maintenance, |_| ControlFlow::Continue(())).unwrap();
                    assert!(report.is_clean(), "{report:?}");
                });
            }
        });
        began.elapsed()
    }

    fn tell(what: &str, rows: i64, reference: Duration, took: Duration) {
        let ratio = reference.as_secs_f64() / took.as_secs_f64();
        println!(
            "{what:<22} {:>9.0} rows/s  {ratio:.2} of the reference ({:.0} rows/s)",
            rate(rows, took),
            rate(rows, reference)
        );
    }

    fn rate(rows: i64, took: Duration) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rows = rows as f64;
        rows / took.as_secs_f64()
    }
}
