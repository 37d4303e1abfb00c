//! Rows of a COPY to the client, one at a time.

use futures_util::TryStreamExt;

use super::{
    connect::Session,
    error::{PgError, statement_error},
};

/// Runs one COPY and hands over its rows, without the ends of their lines.
///
/// # Errors
/// As [`Session::query`]; [`PgError::Answer`] when `take` does not understand a row.
pub(super) async fn copy_rows<E: std::fmt::Display>(
    session: &Session,
    purpose: &'static str,
    sql: &str,
    mut take: impl FnMut(&str) -> Result<(), E>,
) -> Result<(), PgError> {
    let failed = |error: tokio_postgres::Error| statement_error(purpose, &error);
    let answer = |reason: String| PgError::Answer { purpose, reason };
    let mut parts = std::pin::pin!(session.client().copy_out(sql).await.map_err(failed)?);
    // a message is a row as a rule, but nothing promises it
    let mut rest: Vec<u8> = Vec::new();
    while let Some(part) = parts.try_next().await.map_err(failed)? {
        rest.extend_from_slice(&part);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        let text = std::str::from_utf8(&rest[..end]).map_err(|error| answer(error.to_string()))?;
        for row in text.split('\n') {
            take(row).map_err(|error| answer(error.to_string()))?;
        }
        rest.drain(..=end);
    }
    Ok(())
}
