//! Reading a column of an answer by name, with an error instead of a panic when it is not what was asked for.

use tokio_postgres::{Row, types::FromSql};

use super::error::PgError;

/// The value of a column.
///
/// # Errors
/// [`PgError::Answer`] when the column is missing or of another type: a query and its reader have come apart.
pub(super) fn get<'a, T: FromSql<'a>>(purpose: &'static str, row: &'a Row, column: &str) -> Result<T, PgError> {
    row.try_get(column).map_err(|error| PgError::Answer { purpose, reason: super::error::cause_of(&error) })
}

/// A count or a size: what is below zero (a table never analyzed has -1 rows) is none.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
