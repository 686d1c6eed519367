//! A database with patients, as an application left it, on each backend.

use std::path::{Path, PathBuf};

use diesel::{connection::SimpleConnection, prelude::*};
use diesel_async::{AsyncMysqlConnection, AsyncPgConnection, async_connection_wrapper::AsyncConnectionWrapper};
use diesel_encrypted::{
    Class, Field, Index, KeyStoreConnection, Normalizer, OpenVault, RootKeys, Storage, Vault, VaultBuilder,
    sql::Dialect,
};
use tempfile::TempDir;

use super::{Run, run_in};

pub(crate) static EMAIL: Field = Field::new("patients.email", "patients", "email", Class::Text, Storage::Binary)
    .primary_key(&["id"])
    .indexes(&[Index::new("default").normalize(&[Normalizer::Lowercase])]);
pub(crate) static NOTE: Field =
    Field::new("patients.note", "patients", "note", Class::Text, Storage::Text).primary_key(&["id"]);

/// The backends that are tested: all of them where there are servers.
pub(crate) fn backends() -> Vec<Dialect> {
    match cfg!(feature = "__servers") {
        true => vec![Dialect::Sqlite, Dialect::Postgres, Dialect::Mysql],
        false => vec![Dialect::Sqlite],
    }
}

/// A database, and a folder with its root key in `keys` beside it.
pub(crate) struct Clinic {
    folder: TempDir,
    pub(crate) dialect: Dialect,
    pub(crate) url: String,
    name: String,
}

impl Clinic {
    /// A database without a table.
    pub(crate) fn empty(dialect: Dialect) -> Self {
        let folder = tempfile::tempdir().unwrap();
        run_in(folder.path(), &["keys", "generate", "--folder", "keys", "--id", "root-1"]).printed();
        let (url, name) = fresh(dialect, folder.path());
        Self { folder, dialect, url, name }
    }

    /// A clinic whose tables are there, and which has no key yet.
    pub(crate) fn without_keys(dialect: Dialect) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (url, name) = fresh(dialect, folder.path());
        let clinic = Self { folder, dialect, url, name };
        clinic.create_tables();
        clinic
    }

    /// A clinic whose tables are there, and registered, and empty.
    pub(crate) fn new(dialect: Dialect) -> Self {
        let clinic = Self::empty(dialect);
        clinic.create_tables();
        clinic.vault();
        clinic
    }

    fn create_tables(&self) {
        let (bytes, text) = match self.dialect {
            Dialect::Postgres => ("bytea", "text"),
            Dialect::Mysql => ("longblob", "longtext CHARACTER SET ascii COLLATE ascii_bin"),
            _ => ("blob", "text"),
        };
        self.sql(&format!("CREATE TABLE patients (id integer PRIMARY KEY, email {bytes}, note {text})"));
    }

    /// The same, with so many patients.
    pub(crate) fn with_patients(dialect: Dialect, count: usize) -> Self {
        let clinic = Self::new(dialect);
        let vault = clinic.vault();
        for id in 1..=count {
            let email = vault.seal(&EMAIL, &format!("P{id}@example.org")).unwrap();
            let note = vault.seal(&NOTE, "a note").unwrap();
            let (email, note) = (clinic.literal(&email), diesel_encrypted::format::text::encode(&note));
            clinic.sql(&format!("INSERT INTO patients VALUES ({id}, {email}, '{note}')"));
        }
        clinic
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program over this database, with its root keys.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_without_keys(arguments).var("ENCRYPTION_FIELD_KEY_PATH", "keys")
    }

    pub(crate) fn run_without_keys(&self, arguments: &[&str]) -> Run {
        run_in(self.folder.path(), arguments).var("DATABASE_URL", &self.url)
    }

    pub(crate) fn root_keys(&self) -> RootKeys {
        RootKeys::from_folder(self.path("keys")).unwrap()
    }

    /// The application's vault.
    pub(crate) fn vault(&self) -> Vault {
        self.vault_of(&[&EMAIL, &NOTE])
    }

    /// The vault of an application that declares these fields.
    pub(crate) fn vault_of(&self, fields: &[&'static Field]) -> Vault {
        self.open(fields.iter().fold(Vault::builder(self.root_keys()), |builder, field| builder.field(field)))
    }

    /// The same for one scope.
    pub(crate) fn vault_in(&self, scope: &str, fields: &[&'static Field]) -> Vault {
        let builder = Vault::builder(self.root_keys()).scope(scope);
        self.open(fields.iter().fold(builder, |builder, field| builder.field(field)))
    }

    /// Any vault over this database.
    pub(crate) fn open(&self, builder: VaultBuilder) -> Vault {
        fn open(connection: &mut impl KeyStoreConnection, builder: VaultBuilder) -> Vault {
            builder.open(connection).unwrap()
        }
        match self.dialect {
            Dialect::Postgres => open(&mut postgres(&self.url), builder),
            Dialect::Mysql => open(&mut mysql(&self.url), builder),
            _ => open(&mut sqlite(&self.url), builder),
        }
    }

    pub(crate) fn sql(&self, statement: &str) {
        self.try_sql(statement).unwrap();
    }

    pub(crate) fn try_sql(&self, statement: &str) -> QueryResult<()> {
        match self.dialect {
            Dialect::Postgres => postgres(&self.url).batch_execute(statement),
            Dialect::Mysql => mysql(&self.url).batch_execute(statement),
            _ => sqlite(&self.url).batch_execute(statement),
        }
    }

    /// Writes the file that tells the client of MySQL which server, user and database are meant.
    pub(crate) fn name_to_clients(&self) {
        let Some(rest) = self.url.strip_prefix("mysql://") else { return };
        let (address, name) = rest.rsplit_once('/').unwrap();
        let (user, server) = address.split_once('@').unwrap();
        let (user, password) = user.split_once(':').unwrap_or((user, ""));
        let (host, port) = server.split_once(':').unwrap_or((server, "3306"));
        let client = format!("[client]\nhost={host}\nport={port}\nprotocol=tcp\nuser={user}\npassword={password}\n");
        std::fs::write(self.path(".my.cnf"), format!("{client}[mysql]\ndatabase={name}\n")).unwrap();
    }

    /// The rows of a statement that gives one text.
    pub(crate) fn texts(&self, statement: &str) -> Vec<String> {
        let select = diesel::dsl::sql::<diesel::sql_types::Text>(statement);
        match self.dialect {
            Dialect::Postgres => select.load(&mut postgres(&self.url)).unwrap(),
            Dialect::Mysql => select.load(&mut mysql(&self.url)).unwrap(),
            _ => select.load(&mut sqlite(&self.url)).unwrap(),
        }
    }

    /// Bytes, as a statement writes them.
    pub(crate) fn literal(&self, bytes: &[u8]) -> String {
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        match self.dialect {
            Dialect::Postgres => format!("'\\x{hex}'::bytea"),
            _ => format!("x'{hex}'"),
        }
    }
}

impl Drop for Clinic {
    fn drop(&mut self) {
        let name = &self.name;
        match self.dialect {
            Dialect::Postgres => {
                postgres(&postgres_url()).batch_execute(&format!("DROP DATABASE {name} WITH (FORCE)")).unwrap();
            }
            Dialect::Mysql => mysql(&mysql_url()).batch_execute(&format!("DROP DATABASE {name}")).unwrap(),
            _ => {}
        }
    }
}

fn sqlite(url: &str) -> SqliteConnection {
    SqliteConnection::establish(url).unwrap()
}

fn postgres(url: &str) -> AsyncConnectionWrapper<AsyncPgConnection> {
    AsyncConnectionWrapper::establish(url).unwrap()
}

fn mysql(url: &str) -> AsyncConnectionWrapper<AsyncMysqlConnection> {
    AsyncConnectionWrapper::establish(url).unwrap()
}

fn postgres_url() -> String {
    std::env::var("PG_DATABASE_URL").unwrap_or_else(|_| "postgres://root@127.0.0.1:5432/postgres".to_owned())
}

fn mysql_url() -> String {
    std::env::var("MYSQL_DATABASE_URL").unwrap_or_else(|_| "mysql://root@127.0.0.1:3306/mysql".to_owned())
}

/// A database that is empty, and its name on its server, which `bin/test` knows the beginning of.
fn fresh(dialect: Dialect, folder: &Path) -> (String, String) {
    let random = diesel_encrypted::keys::Secret::generate().unwrap();
    let random: String = random.expose_bytes().iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    let run = std::env::var("ENCRYPTED_TEST_RUN").map_or(String::new(), |run| run + "_");
    let name = format!("encrypted_test_{run}cli_{random}");
    let elsewhere = |url: String| {
        let (server, query) =
            url.split_once('?').map_or((url.as_str(), String::new()), |(url, q)| (url, format!("?{q}")));
        format!("{}/{name}{query}", server.rsplit_once('/').unwrap().0)
    };
    let url = match dialect {
        Dialect::Postgres => {
            postgres(&postgres_url()).batch_execute(&format!("CREATE DATABASE {name} TEMPLATE template0")).unwrap();
            elsewhere(postgres_url())
        }
        Dialect::Mysql => {
            mysql(&mysql_url()).batch_execute(&format!("CREATE DATABASE {name} CHARACTER SET utf8mb4")).unwrap();
            elsewhere(mysql_url())
        }
        _ => {
            let path = folder.join("clinic.db");
            sqlite(path.to_str().unwrap());
            path.to_str().unwrap().to_owned()
        }
    };
    (url, name)
}
