//! What an application can do about an error of a statement.

use diesel::result::{DatabaseErrorKind, Error};
use diesel_encrypted::encryption_error;

use crate::driver::Driver;

/// An error, by what to do about it.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The connection is gone: connect again, and do it again.
    Lost,
    /// The statement stood in another's way: do it again.
    Again,
    /// Another row has this value: tell the user.
    Unique,
    /// Nothing that an application could expect.
    Fatal,
}

impl Trouble {
    /// Sorts an error, where its kind does not say by asking the connection: Diesel has a kind for a closed connection on
    /// PostgreSQL and none on MySQL.
    pub(crate) fn of<D: Driver>(error: &Error, connection: &mut D) -> Self {
        if encryption_error(error).is_some() {
            return Self::Fatal;
        }
        match error {
            Error::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => Self::Unique,
            Error::DatabaseError(DatabaseErrorKind::SerializationFailure, _) => Self::Again,
            Error::DatabaseError(DatabaseErrorKind::Unknown, detail) if is_lock(detail.message()) => Self::Again,
            Error::DatabaseError(DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand, _) => {
                Self::Lost
            }
            Error::DatabaseError(DatabaseErrorKind::Unknown, _)
            | Error::BrokenTransactionManager
            | Error::RollbackErrorOnCommit { .. }
                if !connection.is_alive() =>
            {
                Self::Lost
            }
            _ => Self::Fatal,
        }
    }
}

/// A deadlock, or a lock that was waited for too long. PostgreSQL has a code for the first and MySQL for both, which Diesel
/// does not pass on in every case.
fn is_lock(message: &str) -> bool {
    ["deadlock detected", "Deadlock found", "Lock wait timeout exceeded"].iter().any(|known| message.contains(known))
}

/// An error in the words of its kind and its database, which carry no value. Numbers differ each time and go.
pub(crate) fn described(error: &Error) -> String {
    let words = match error {
        Error::DatabaseError(kind, detail) => format!("{kind:?}: {}", detail.message()),
        other => other.to_string(),
    };
    let words: String = words.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    let mut words = words.split_whitespace().collect::<Vec<_>>().join(" ");
    while words.contains("00") {
        words = words.replace("00", "0");
    }
    words
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

    use super::*;
    use crate::driver::{AsyncMysql, AsyncPostgres};
    use crate::killer::Killer;
    use crate::model::Row;
    use crate::random::Random;
    use crate::testing;

    fn errors_are_sorted_by_what_to_do<D: Driver>(url: &str) {
        testing::with_scratch::<D, _>(url, |scratch| {
            let mut connection: D = scratch.connect().unwrap();
            let unsound = connection.batch_execute("SELECT FROM WHERE").unwrap_err();
            assert!(matches!(Trouble::of(&unsound, &mut connection), Trouble::Fatal), "{unsound:?}");

            connection.insert(&Row::new(9).contact(), None).unwrap();
            let again = connection.insert(&Row::new(9).contact(), None).unwrap_err();
            assert!(matches!(Trouble::of(&again, &mut connection), Trouble::Unique), "{again:?}");

            let spoil = "UPDATE contacts SET note = concat(left(note, 80), 'AAAA', substr(note, 85))";
            connection.batch_execute(spoil).unwrap();
            let spoiled = connection.find(9).unwrap_err();
            assert!(matches!(Trouble::of(&spoiled, &mut connection), Trouble::Fatal), "{spoiled:?}");

            let mut killer = Killer::<D>::new(scratch, Random::new(0, 0)).unwrap();
            // The server may still list the connection that made the tables.
            assert_ne!(killer.kill(true).unwrap(), 0);
            let lost = connection.find(9).unwrap_err();
            assert!(matches!(Trouble::of(&lost, &mut connection), Trouble::Lost), "{lost:?}");
        });
    }

    #[test]
    fn errors_are_sorted_by_what_to_do_on_postgresql() {
        let Some(url) = testing::postgres_here() else { return };
        errors_are_sorted_by_what_to_do::<diesel::PgConnection>(&url);
        errors_are_sorted_by_what_to_do::<AsyncPostgres>(&url);
    }

    #[test]
    fn errors_are_sorted_by_what_to_do_on_mysql() {
        let Some(url) = testing::mysql_here() else { return };
        errors_are_sorted_by_what_to_do::<diesel::MysqlConnection>(&url);
        errors_are_sorted_by_what_to_do::<AsyncMysql>(&url);
    }

    #[test]
    fn two_who_wait_for_each_other_do_it_again() {
        for message in [
            "deadlock detected",
            "Deadlock found when trying to get lock; try restarting transaction",
            "Lock wait timeout exceeded; try restarting transaction",
        ] {
            assert!(is_lock(message));
        }
        assert!(!is_lock("duplicate key value violates unique constraint"));
    }

    #[test]
    fn errors_that_differ_in_numbers_are_described_alike() {
        let error = |words: &str| Error::QueryBuilderError(words.into());
        assert_eq!(described(&error("lost 104 at\n 17:03")), described(&error("lost 9 at 1:1")));
    }
}
