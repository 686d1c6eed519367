//! What goes wrong in a request: a code that programs can rely on, words for people, and never a value.

use axum::{
    Json,
    extract::rejection::{JsonRejection, PathRejection, QueryRejection},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_encrypted::{ValueError, encryption_error};
use serde::Serialize;

use crate::database::NoConnection;

/// Why a request was not answered.
#[derive(Debug)]
pub enum Error {
    NotFound,
    NoRoute,
    EmailTaken,
    /// What was sent cannot be read as what the route takes.
    Unreadable(StatusCode),
    /// What was sent can be read, and is not allowed.
    Invalid(&'static str),
    Value(ValueError),
    Unavailable,
    Internal,
}

/// A problem as of RFC 9457, or a part of one within a list.
#[derive(Serialize)]
pub struct Problem {
    status: u16,
    code: &'static str,
    title: &'static str,
}

impl From<&Error> for Problem {
    fn from(error: &Error) -> Self {
        let (status, code, title) = match error {
            Error::NotFound => (404, "not_found", "There is no such patient."),
            Error::NoRoute => (404, "no_route", "There is no such route."),
            Error::EmailTaken => (409, "email_taken", "Another patient has this email address."),
            Error::Unreadable(status) => (status.as_u16(), "unreadable", "The request is not what this route takes."),
            Error::Invalid(title) => (422, "invalid", *title),
            Error::Value(
                ValueError::NoVault { .. } | ValueError::UnknownField { .. } | ValueError::UnknownKey { .. },
            ) => (503, "key_missing", "The key of this patient's data is not there."),
            Error::Value(ValueError::KeyDestroyed { .. }) => {
                (410, "key_destroyed", "This patient's data was destroyed with its key.")
            }
            Error::Value(
                ValueError::Tampered { .. }
                | ValueError::Malformed { .. }
                | ValueError::NotEncrypted { .. }
                | ValueError::OtherField { .. }
                | ValueError::Decode { .. },
            ) => (500, "value_damaged", "This patient's data is damaged and is not shown."),
            Error::Unavailable => (503, "unavailable", "The database does not answer. Try again later."),
            Error::Value(_) | Error::Internal => {
                (500, "internal", "Something went wrong. The log of the service says what.")
            }
        };
        Self { status, code, title }
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let problem = Problem::from(&self);
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, [(header::CONTENT_TYPE, "application/problem+json")], Json(problem)).into_response()
    }
}

impl From<DieselError> for Error {
    fn from(error: DieselError) -> Self {
        match &error {
            DieselError::NotFound => return Self::NotFound,
            // The index on `email` is the only unique one.
            DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _) => return Self::EmailTaken,
            _ => tracing::error!(%error, "a statement failed"),
        }
        match error {
            DieselError::DatabaseError(
                DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand,
                _,
            ) => Self::Unavailable,
            // A value that was not sealed, or not searched for.
            error => encryption_error(&error).cloned().map_or(Self::Internal, Self::Value),
        }
    }
}

impl From<NoConnection> for Error {
    fn from(error: NoConnection) -> Self {
        tracing::error!(%error);
        Self::Unavailable
    }
}

/// axum's own words repeat what was sent, and so are kept from responses and from the log.
macro_rules! unreadable {
    ($($rejection:ty),*) => { $(
        impl From<$rejection> for Error {
            fn from(rejection: $rejection) -> Self {
                Self::Unreadable(rejection.status())
            }
        }
    )* };
}
unreadable!(JsonRejection, PathRejection, QueryRejection);
