//! The key store itself: what is read and written, in which order, and what is tried again. It awaits its statements; over
//! a connection of Diesel's own they have run when they are awaited.

use std::{marker::PhantomData, time::Instant};

use diesel::{QueryResult, result::Error as DieselError};
use diesel_encrypted_core::{
    Applied, AsyncKeyStore, Change, Field, StoreError, Stored,
    keys::{KeyRow, Timestamp},
};

use super::{
    catalogue::{self, Catalogue},
    failure::{PATIENCE, PAUSE, TRIES, failed, is_conflict, is_passing, may_pass, not_made, not_written, unreadable},
    inventory::KeyInventory,
    rows,
    run::Run,
    statement::Statement,
    tables,
};

/// The key tables of the database behind a connection.
pub(super) struct Engine<'c, C, How> {
    connection: &'c mut C,
    /// Whether both tables have been seen.
    has_tables: bool,
    how: PhantomData<fn() -> How>,
}

/// Awaits `$work`, and again while the database is locked: SQLite answers at once where servers wait. Outside of a
/// transaction of the caller's, `$again` after a serialization failure too.
macro_rules! patiently {
    ($engine:ident, $again:expr, $work:expr) => {{
        let (again, began): (bool, Instant) = ($again, Instant::now());
        loop {
            match $work.await {
                Err(error) if is_passing(&error, again) && began.elapsed() < PATIENCE => {
                    $engine.connection.pause(PAUSE).await;
                }
                other => break other,
            }
        }
    }};
}

impl<'c, C: Run<How>, How> Engine<'c, C, How> {
    pub(super) fn new(connection: &'c mut C) -> Self {
        Self { connection, has_tables: false, how: PhantomData }
    }

    /// Keys cannot be made inside of a transaction.
    fn refuse_transaction(&mut self) -> Result<(), StoreError> {
        match self.connection.in_transaction().map_err(failed)? {
            true => Err(StoreError::InTransaction),
            false => Ok(()),
        }
    }

    /// Whether a statement that lost to another process can run again: inside of a transaction that is over.
    fn may_repeat(&mut self) -> Result<bool, StoreError> {
        self.connection.in_transaction().map(|inside| !inside).map_err(failed)
    }

    async fn look<'f>(&mut self, fields: &'f [&'static Field]) -> Result<Catalogue<'f>, StoreError> {
        let again = self.may_repeat()?;
        let rows = patiently!(self, again, self.connection.catalogue(catalogue::look(fields))).map_err(failed)?;
        let catalogue = Catalogue::new(fields, rows)?;
        self.has_tables = catalogue.has_key_tables();
        Ok(catalogue)
    }

    /// Every row of the tables, or `None` if there are none. Makes nothing.
    pub(super) async fn inventory(&mut self) -> Result<Option<KeyInventory>, StoreError> {
        if !self.look(&[]).await?.has_key_tables() {
            return Ok(None);
        }
        let Stored { keys, fields: columns, audit, .. } = self.rows(None).await?;
        let usage = self.usage_of(None).await?;
        Ok(Some(KeyInventory { keys, columns, audit, usage }))
    }

    /// Makes the tables, where a migration has not.
    async fn require_tables(&mut self) -> Result<(), StoreError> {
        if self.has_tables || self.look(&[]).await?.has_key_tables() {
            return Ok(());
        }
        self.refuse_transaction()?;
        let mut tries = 1;
        loop {
            match self.make_tables().await {
                Ok(()) => {
                    tracing::info!("the tables encryption_keys, encrypted_columns and encryption_audit were made");
                    self.has_tables = true;
                    return Ok(());
                }
                // PostgreSQL fails in spite of IF NOT EXISTS where another process makes the same table.
                Err(_) if self.look(&[]).await?.has_key_tables() => return Ok(()),
                Err(error) if tries == TRIES => return Err(not_made(error)),
                Err(_) => self.connection.pause(PAUSE * tries).await,
            }
            tries += 1;
        }
    }

    async fn make_tables(&mut self) -> QueryResult<()> {
        for table in tables::CREATE.iter().copied() {
            patiently!(self, false, self.connection.run(Statement::new().words(table)))?;
        }
        Ok(())
    }

    /// Reads the rows of a scope, those without one, and the registry; or every row.
    async fn rows(&mut self, scope: Option<Option<&[u8]>>) -> Result<Stored, StoreError> {
        let again = self.may_repeat()?;
        let keys = patiently!(self, again, self.connection.keys(tables::select_keys(scope))).map_err(failed)?;
        let fields = patiently!(self, again, self.connection.fields(tables::select_fields())).map_err(failed)?;
        let audit = patiently!(self, again, self.connection.audit(tables::select_audit(scope))).map_err(failed)?;
        let keys = keys.into_iter().map(rows::key_row).collect::<Result<_, _>>()?;
        let fields = fields.into_iter().map(rows::field_row).collect::<Result<_, _>>()?;
        let audit = audit.into_iter().map(rows::audit_row).collect::<Result<_, _>>()?;
        Ok(Stored::new(keys, fields, audit))
    }

    /// How many values the keys of a scope, and those without one, have sealed; or every key.
    async fn usage_of(&mut self, scope: Option<Option<&[u8]>>) -> Result<Vec<(u32, u64)>, StoreError> {
        let again = self.may_repeat()?;
        let rows = patiently!(self, again, self.connection.pairs(tables::select_usage(scope))).map_err(failed)?;
        let count = |(key_id, count)| Some((u32::try_from(key_id).ok()?, u64::try_from(count).ok()?));
        Ok(rows.into_iter().filter_map(count).collect())
    }

    /// Writes the rows of `inventory` to tables that have none, all or none of them.
    pub(super) async fn restore(&mut self, inventory: &KeyInventory) -> Result<Applied, StoreError> {
        rows::check_lengths(&inventory.changes())?;
        self.require_tables().await?;
        self.refuse_transaction()?;
        let found = self.rows(None).await?;
        if !found.keys.is_empty() || !found.fields.is_empty() || !found.audit.is_empty() {
            return Ok(Applied::Conflict);
        }
        match self.write(&rows::restore(inventory)).await {
            Ok(()) => Ok(Applied::Written),
            Err(error) if is_conflict(&error) => Ok(Applied::Conflict),
            Err(error) => Err(not_written(error)),
        }
    }

    /// Runs all statements or none, each of which writes a row.
    async fn write(&mut self, statements: &[Statement]) -> QueryResult<()> {
        self.connection.begin().await?;
        match self.write_each(statements).await {
            Ok(()) => self.connection.commit().await,
            Err(error) => match self.connection.roll_back().await {
                // The database ended the transaction by itself: the first error says why.
                Ok(()) | Err(DieselError::BrokenTransactionManager) => Err(error),
                Err(rollback) => Err(rollback),
            },
        }
    }

    async fn write_each(&mut self, statements: &[Statement]) -> QueryResult<()> {
        for statement in statements {
            if self.connection.run(statement.clone()).await? != 1 {
                return Err(DieselError::NotFound);
            }
        }
        Ok(())
    }
}

impl<C: Run<How>, How> AsyncKeyStore for Engine<'_, C, How> {
    async fn check_columns(&mut self, fields: &[&'static Field]) -> Result<(), StoreError> {
        let mut catalogue = self.look(fields).await?;
        let again = self.may_repeat()?;
        for statement in catalogue.further() {
            let rows = patiently!(self, again, self.connection.catalogue(statement.clone()));
            catalogue.add(rows.map_err(failed)?);
        }
        for field in catalogue.unseen() {
            self.sample(field).await?;
        }
        catalogue.check()
    }

    async fn load(&mut self, scope: Option<&[u8]>) -> Result<Stored, StoreError> {
        self.require_tables().await?;
        self.rows(Some(scope)).await
    }

    async fn load_all(&mut self) -> Result<Stored, StoreError> {
        self.require_tables().await?;
        self.rows(None).await
    }

    async fn now(&mut self) -> Result<Timestamp, StoreError> {
        let again = self.may_repeat()?;
        let rows = patiently!(self, again, self.connection.pairs(tables::select_now())).map_err(failed)?;
        let unanswered = || StoreError::Database("the database did not tell the time".into());
        rows.first().map(|(now, _)| Timestamp::from_unix_micros(*now)).ok_or_else(unanswered)
    }

    async fn add_usage(&mut self, sealed: &[(u32, u64)]) -> Result<(), StoreError> {
        let again = self.may_repeat()?;
        for (key_id, more) in sealed {
            let more = i64::try_from(*more).unwrap_or(i64::MAX);
            patiently!(self, again, self.connection.run(tables::add_usage(*key_id, more))).map_err(failed)?;
        }
        Ok(())
    }

    async fn usage(&mut self, scope: Option<&[u8]>) -> Result<Vec<(u32, u64)>, StoreError> {
        self.usage_of(Some(scope)).await
    }

    async fn apply(&mut self, changes: &[Change]) -> Result<Applied, StoreError> {
        rows::check_lengths(changes)?;
        let statements: Option<Vec<Statement>> = changes.iter().map(rows::write).collect();
        let statements = statements.ok_or_else(|| not_written(DieselError::RollbackTransaction))?;
        self.refuse_transaction()?;
        let mut tries = 1;
        loop {
            match patiently!(self, false, self.write(&statements)) {
                Ok(()) => return Ok(Applied::Written),
                Err(error) if is_conflict(&error) => return Ok(Applied::Conflict),
                Err(error) if may_pass(&error) && tries < TRIES => self.connection.pause(PAUSE * tries).await,
                Err(error) => return Err(not_written(error)),
            }
            tries += 1;
        }
    }

    async fn key(&mut self, key_id: u32) -> Result<Option<KeyRow>, StoreError> {
        let again = self.may_repeat()?;
        let row = patiently!(self, again, self.connection.keys(tables::select_key(key_id))).map_err(failed)?.pop();
        row.map(rows::key_row).transpose()
    }

    async fn sample(&mut self, field: &Field) -> Result<Option<Vec<u8>>, StoreError> {
        let again = self.may_repeat()?;
        let value = patiently!(self, again, self.connection.sample(tables::select_sample(field)));
        value.map_err(|error| unreadable(field, error))
    }
}
