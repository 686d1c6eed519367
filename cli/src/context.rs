//! What every command has: its options, its variables, and from them root keys, a connection and a place to print.

use diesel_encrypted::{Field, KeyInventory, RootKeys, Vault, VaultBuilder};

use crate::{
    arguments::Global,
    database,
    environment::Environment,
    exit::{Exit, Failure, Result},
    output::{Output, tell},
    redact::password,
    root_keys,
    session::Session,
};

/// One run.
pub(crate) struct Context {
    pub(crate) options: Global,
    pub(crate) output: Output,
    /// The whole command, for what is made of it.
    pub(crate) command: clap::Command,
    environment: Environment,
    application: String,
    fields: Vec<&'static Field>,
}

impl Context {
    pub(crate) fn new(
        options: Global,
        command: clap::Command,
        application: String,
        fields: Vec<&'static Field>,
    ) -> Result<Self> {
        let environment = Environment::load(options.env_file.as_deref())?;
        let application = options.application.clone().unwrap_or(application);
        Ok(Self { output: Output::new(options.json), options, command, environment, application, fields })
    }

    /// The application's name, which every key is bound to.
    pub(crate) fn application(&self) -> &str {
        &self.application
    }

    /// The configured root keys.
    pub(crate) fn root_keys(&self) -> Result<RootKeys> {
        root_keys::read(&self.options.root_keys, &self.environment)
    }

    /// Warns of a file of variables that holds a secret and that others can read.
    pub(crate) fn warn_of_loose_file(&self, warn: impl FnOnce(String)) {
        if let Some((path, mode)) = self.environment.loose_file() {
            let path = path.display();
            warn(format!("{path} holds a secret and has mode {mode:04o}: run `chmod 600 '{path}'`"));
        }
    }

    /// A connection to the database.
    pub(crate) fn connect(&self) -> Result<Box<dyn Session>> {
        database::connect(&self.database_url()?)
    }

    fn database_url(&self) -> Result<String> {
        if let Some(url) = &self.options.database_url {
            return match password(url) {
                None => Ok(url.clone()),
                Some(_) => Err(Failure::usage(
                    "a password in --database-url can be read in the process list: set DATABASE_URL instead, in the \
                     environment or in `.env`",
                )),
            };
        }
        let url = self.environment.var("DATABASE_URL").ok_or_else(|| {
            Failure::usage(
                "no database is named: give --database-url, or set DATABASE_URL in the environment or in `.env`",
            )
        })?;
        url.into_string().map_err(|_| Failure::usage("DATABASE_URL is not UTF-8 text"))
    }

    /// A builder for the application's vault, with what this program knows of its models.
    pub(crate) fn vault(&self) -> Result<VaultBuilder> {
        let mut builder = Vault::builder(self.root_keys()?).application(&self.application).existing_keys_only();
        if let Some(scope) = &self.options.scope {
            builder = builder.scope(scope.as_bytes());
        }
        Ok(self.fields.iter().fold(builder, |builder, field| builder.field(field)).registered())
    }

    /// Opens the vault over a connection, which finds its rows authentic. A database without keys is refused, and gets none.
    pub(crate) fn open(&self, session: &mut dyn Session) -> Result<Vault> {
        self.inventory(session)?;
        Ok(self.vault()?.open_with(&mut *session.store())?)
    }

    /// The fields that the database has registered and this program's models declare, found authentic where there is a root
    /// key to find them so by.
    pub(crate) fn fields(&self, session: &mut dyn Session) -> Result<Vec<&'static Field>> {
        match self.root_keys_if_named()? {
            Some(_) => Ok(self.open(session)?.fields().collect()),
            None => {
                tell(
                    "no root key is configured: the registered columns are taken as they stand, found authentic by nothing",
                );
                self.registered_fields(&self.inventory(session)?)
            }
        }
    }

    /// The configured root keys, or `None` where nothing names one.
    pub(crate) fn root_keys_if_named(&self) -> Result<Option<RootKeys>> {
        root_keys::read_if_named(&self.options.root_keys, &self.environment)
    }

    /// The fields of these rows, as they stand, and of this program's models.
    pub(crate) fn registered_fields(&self, rows: &KeyInventory) -> Result<Vec<&'static Field>> {
        let registered = rows.fields(self.options.scope.as_deref().map(str::as_bytes))?;
        let declared = |field: &&'static Field| self.fields.iter().all(|declared| declared.id() != field.id());
        Ok(self.fields.iter().copied().chain(registered.into_iter().filter(declared)).collect())
    }

    /// The key tables that a connection leads to, as they stand.
    pub(crate) fn inventory(&self, session: &mut dyn Session) -> Result<KeyInventory> {
        session.inventory()?.ok_or_else(|| {
            Failure::new(
                Exit::Failed,
                "this database has no table encryption_keys: no vault was ever opened over it. Is it the right database, \
                 and the right schema?",
            )
        })
    }
}
