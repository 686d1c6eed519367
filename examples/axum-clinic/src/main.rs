//! A small web service whose patients are encrypted: see README.md beside it.

#![allow(unreachable_pub, reason = "modules of a program, written as those of an application")]

mod config;
mod database;
mod error;
mod keys;
mod log;
mod migrations;
mod model;
mod patients;
mod routes;
mod schema;
mod start;

use std::process::ExitCode;

use diesel::{dsl::sql, sql_types::Bool};
use diesel_async::RunQueryDsl;
use diesel_encrypted::prelude::*;
// Nothing of it is called: it builds SQLite into the program.
use libsqlite3_sys as _;
use tokio::{net::TcpListener, signal};

use config::Config;
use database::{Database, on};
use model::Patient;
use start::StartError;

#[tokio::main]
async fn main() -> ExitCode {
    log::install();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            error.exit_code()
        }
    }
}

async fn run() -> Result<(), StartError> {
    let config = Config::from_env()?;
    let database = Database::open(&config.database_url).await?;
    open_vault(&database).await?;

    let listener = TcpListener::bind(config.listen).await.map_err(StartError::failed("cannot listen"))?;
    let address = listener.local_addr().map_err(StartError::failed("cannot listen"))?;
    tracing::info!("listening on http://{address}");
    axum::serve(listener, routes::router(database))
        .with_graceful_shutdown(stop())
        .await
        .map_err(StartError::failed("the server stopped"))?;
    tracing::info!("stopped, with every request answered");
    Ok(())
}

/// Once, before the first request: checks the keys, and makes those that are missing.
async fn open_vault(database: &Database) -> Result<(), StartError> {
    let any_key = sql::<Bool>("EXISTS (SELECT 1 FROM encryption_keys)");
    let vault = on!(database, |conn| {
        let has_keys = diesel::select(any_key).get_result(conn).await.map_err(StartError::failed("no key tables"))?;
        let root_keys = keys::root_keys(has_keys)?;
        Vault::builder(root_keys).application("axum-clinic").model::<Patient>().open_async(conn).await?
    });
    Ok(vault.install()?)
}

/// Ctrl-C, or SIGTERM, by which service managers stop a process.
async fn stop() {
    #[cfg(unix)]
    let terminated = async {
        match signal::unix::signal(signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => signal.recv().await,
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<Option<()>>();
    tokio::select! {
        _ = signal::ctrl_c() => (),
        _ = terminated => (),
    }
}
