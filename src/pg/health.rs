//! Reads how slots and subscriptions stand; what it means is judged in `health`.

use super::{connect::Session, error::PgError, row::get};
use crate::health::{ERRORS_SQL, Look, PUBLISHER_SQL, Positions, SUBSCRIBER_SQL, SideLook, TABLES_SQL};

const PURPOSE: &str = "read the state of the slots";

/// How much is read of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Slots and subscriptions.
    Slots,
    /// The server itself too, copies and decoding.
    Server,
    /// And how many rows of each table were changed.
    Changes,
}

/// One look at both servers, side by side.
///
/// # Errors
/// [`PgError`] when a server refuses what everybody may read, or a session breaks off.
pub async fn look(publisher: &Session, subscriber: &Session, depth: Depth) -> Result<Look, PgError> {
    let of_subscriber = if depth == Depth::Changes { Depth::Server } else { depth };
    let (publisher, subscriber) = tokio::try_join!(look_at(publisher, depth), look_at(subscriber, of_subscriber))?;
    Ok(Look { publisher, subscriber })
}

/// One look at one server.
///
/// # Errors
/// As [`look`].
pub async fn look_at(session: &Session, depth: Depth) -> Result<SideLook, PgError> {
    let mut side = SideLook::default();
    read(session, PUBLISHER_SQL, &mut side).await?;
    read(session, SUBSCRIBER_SQL, &mut side).await?;
    let sql = "SELECT pg_catalog.has_column_privilege('pg_catalog.pg_subscription', 'oid', 'SELECT') AS may";
    let may: bool = match session.query(PURPOSE, sql, &[]).await?.first() {
        Some(row) => get(PURPOSE, row, "may")?,
        None => false,
    };
    if may {
        side.sees_tables();
        read(session, TABLES_SQL, &mut side).await?;
        if session.version.counts_subscription_errors() {
            side.sees_errors();
            read(session, ERRORS_SQL, &mut side).await?;
        }
    }
    read_pieces(session, &mut side).await?;
    if depth >= Depth::Server {
        read(session, include_str!("sql/health/server.sql"), &mut side).await?;
        read(session, include_str!("sql/health/blocked.sql"), &mut side).await?;
        if may {
            read(session, include_str!("sql/health/oids.sql"), &mut side).await?;
        }
        if session.version.shows_copies() {
            read(session, include_str!("sql/health/copies.sql"), &mut side).await?;
            side.sees_decoding();
            read(session, include_str!("sql/health/decoding.sql"), &mut side).await?;
        } else if may {
            read(session, include_str!("sql/health/copies_13.sql"), &mut side).await?;
        }
    }
    if depth == Depth::Changes {
        read(session, include_str!("sql/health/changes.sql"), &mut side).await?;
    }
    Ok(side)
}

/// The queue of bootstrap `snapshot`, where there is one and the role may read it.
async fn read_pieces(session: &Session, side: &mut SideLook) -> Result<(), PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/health/pieces_seen.sql"), &[]).await?;
    let Some(row) = rows.first() else { return Ok(()) };
    let (has_pieces, may): (bool, bool) = (get(PURPOSE, row, "has_pieces")?, get(PURPOSE, row, "may")?);
    let is_believed: bool = get(PURPOSE, row, "is_believed")?;
    side.hides_pieces = has_pieces && is_believed && !may;
    side.doubts_pieces = has_pieces && !is_believed;
    if may && is_believed {
        read(session, include_str!("sql/health/pieces.sql"), side).await?;
    }
    Ok(())
}

async fn read(session: &Session, sql: &str, side: &mut SideLook) -> Result<(), PgError> {
    session.copy_rows(PURPOSE, sql, |row| side.take_row(row)).await
}

/// When the kept WAL files were last written to; says whether the role may see it.
///
/// # Errors
/// As [`look`].
pub async fn read_wal_files(session: &Session, positions: &mut Positions) -> Result<bool, PgError> {
    let sql = "SELECT pg_catalog.has_function_privilege('pg_catalog.pg_ls_waldir()', 'EXECUTE') AND NOT pg_catalog.pg_is_in_recovery() AS may";
    let may: bool = match session.query(PURPOSE, sql, &[]).await?.first() {
        Some(row) => get(PURPOSE, row, "may")?,
        None => false,
    };
    if may {
        session.copy_rows(PURPOSE, include_str!("sql/health/wal_files.sql"), |row| positions.take_file(row)).await?;
    }
    Ok(may)
}

/// The end of the server's log; absent when the role may not read it, or the server keeps none.
///
/// # Errors
/// As [`look`].
pub async fn read_log(session: &Session) -> Result<Option<String>, PgError> {
    let sql = "SELECT pg_catalog.bool_and(pg_catalog.has_function_privilege(f, 'EXECUTE')) AS may FROM pg_catalog.unnest(ARRAY[
        'pg_catalog.pg_current_logfile(text)', 'pg_catalog.pg_stat_file(text)',
        'pg_catalog.pg_read_binary_file(text, bigint, bigint)']) AS f";
    let may: bool = match session.query(PURPOSE, sql, &[]).await?.first() {
        Some(row) => get(PURPOSE, row, "may")?,
        None => false,
    };
    if !may {
        return Ok(None);
    }
    let rows = match session.query(PURPOSE, include_str!("sql/health/log.sql"), &[]).await {
        // the file was turned over just now, or lies where the server's functions do not look
        Err(error) if error.sqlstate().is_some() => return Ok(None),
        rows => rows?,
    };
    let content: Option<&[u8]> = rows.first().map(|row| get(PURPOSE, row, "content")).transpose()?;
    Ok(content.map(|bytes| super::row::Text::of(bytes).shown))
}
