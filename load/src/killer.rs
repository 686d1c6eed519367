//! Kills the connections of the others, as an administrator does.

use crate::Result;
use crate::driver::Driver;
use crate::random::Random;
use crate::scratch::Scratch;

pub(crate) struct Killer<D> {
    connection: D,
    random: Random,
}

impl<D: Driver> Killer<D> {
    pub(crate) fn new(scratch: &Scratch<'_>, random: Random) -> Result<Self> {
        Ok(Self { connection: scratch.connect()?, random })
    }

    /// Kills one connection to this database, or all, and returns how many that were.
    pub(crate) fn kill(&mut self, all: bool) -> Result<u32> {
        let mut others = self.connection.numbers(D::words(
            "SELECT pid::bigint FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() \
             AND backend_type = 'client backend'",
            "SELECT CAST(id AS SIGNED) FROM information_schema.processlist WHERE db = database() \
             AND id <> connection_id()",
        ))?;
        if !all {
            others = self.random.one_of(&others).copied().into_iter().collect();
        }
        let mut killed = 0;
        for id in others {
            let kill = D::words("SELECT pg_terminate_backend(ID)", "KILL ID").replace("ID", &id.to_string());
            match self.connection.batch_execute(&kill) {
                Ok(()) => killed += 1,
                // It has gone by itself.
                Err(error) if error.to_string().contains("Unknown thread id") => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(killed)
    }
}
