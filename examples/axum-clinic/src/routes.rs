//! The routes. What identifies a person stands in bodies, never in an address, which proxies and browsers keep.

use axum::{
    Router,
    extract::{DefaultBodyLimit, FromRequest, FromRequestParts, State},
    http::{StatusCode, header},
    middleware,
    response::IntoResponse,
    routing::{get, post},
};
use diesel::{IntoSql as _, sql_types::Integer};
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

use crate::{
    database::{Database, on},
    error::{Error, Problem},
    log,
    model::{PatientInput, PatientView},
    patients,
};

pub fn router(database: Database) -> Router {
    Router::new()
        .route("/health", get(health))
        .route("/patients", post(create).get(list))
        .route("/patients/search", post(search))
        .route("/patients/{id}", get(show).put(update))
        .fallback(async || Error::NoRoute)
        .method_not_allowed_fallback(async || Error::Unreadable(StatusCode::METHOD_NOT_ALLOWED))
        .layer(DefaultBodyLimit::max(16 * 1024))
        .layer(middleware::from_fn(log::requests))
        .with_state(database)
}

/// axum's extractors, with errors of our own.
#[derive(FromRequest)]
#[from_request(via(axum::Json), rejection(Error))]
struct Json<T>(T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> axum::response::Response {
        axum::Json(self.0).into_response()
    }
}

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Error))]
struct Path<T>(T);

#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Error))]
struct Query<T>(T);

/// Whether the service can answer requests: it has its keys, or it would not have started, and the database answers.
async fn health(State(database): State<Database>) -> Result<&'static str, Error> {
    let _one: i32 = on!(&database, |conn| diesel::select(1_i32.into_sql::<Integer>()).get_result(conn).await?);
    Ok("ok\n")
}

async fn create(State(database): State<Database>, Json(input): Json<PatientInput>) -> Result<impl IntoResponse, Error> {
    input.validate().map_err(Error::Invalid)?;
    let id = patients::create(&database, &input).await?;
    Ok((StatusCode::CREATED, [(header::LOCATION, format!("/patients/{id}"))]))
}

async fn show(State(database): State<Database>, Path(id): Path<i64>) -> Result<Json<PatientView>, Error> {
    Ok(Json(patients::find(&database, id).await?.open()?))
}

async fn update(
    State(database): State<Database>,
    Path(id): Path<i64>,
    Json(input): Json<PatientInput>,
) -> Result<StatusCode, Error> {
    input.validate().map_err(Error::Invalid)?;
    patients::update(&database, id, &input).await?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Search {
    email: String,
}

async fn search(State(database): State<Database>, Json(search): Json<Search>) -> Result<Json<PatientView>, Error> {
    Ok(Json(patients::find_by_email(&database, &search.email).await?.open()?))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Page {
    after: i64,
    limit: i64,
}

impl Default for Page {
    fn default() -> Self {
        Self { after: 0, limit: 20 }
    }
}

#[derive(Serialize)]
struct PatientPage {
    patients: Vec<Listed>,
    /// What to give as `after` for the next page, if there may be one.
    next: Option<i64>,
}

/// A row of the list: one that does not open says so, and leaves the others alone.
#[derive(Serialize)]
#[serde(untagged)]
enum Listed {
    Patient(PatientView),
    Damaged { id: i64, error: Problem },
}

async fn list(State(database): State<Database>, Query(page): Query<Page>) -> Result<Json<PatientPage>, Error> {
    if !(1..=100).contains(&page.limit) {
        return Err(Error::Invalid("`limit` has to be 1 to 100"));
    }
    let rows = patients::list(&database, page.after, page.limit).await?;
    let full = i64::try_from(rows.len()) == Ok(page.limit);
    let next = rows.last().filter(|_| full).map(|row| row.id);
    let patients = rows.iter().map(|row| match row.open() {
        Ok(patient) => Listed::Patient(patient),
        Err(error) => Listed::Damaged { id: row.id, error: Problem::from(&error) },
    });
    Ok(Json(PatientPage { patients: patients.collect(), next }))
}
