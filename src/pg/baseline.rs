//! Reads what a database does; what it means is derived and compared in `baseline`.

use std::collections::BTreeMap;

use tokio_postgres::{Row, types::Type};

use super::{
    connect::Session,
    error::PgError,
    row::{Text, get},
};
use crate::{
    baseline::{
        Setting,
        reading::{Counter, IndexReading, Reading, StatementCounters, StatementId, TableReading, TablesReading},
        text::{LONGEST_TEXT, Statement},
    },
    names::quote_identifier,
};

const PURPOSE: &str = "read what the database does";
/// Our own statements hold this, within: comments before a statement are no part of its text on 18. They are none of the application's.
const OURS: &str = "/* pgslotplan baseline */";
/// What stands for a text that the role may not see.
const HIDDEN: &str = "<insufficient privilege>";
/// A role that may not read others' statistics.
const NO_MONITOR: &str = "the role is not a member of pg_monitor: it sees neither what sessions of others wait for nor their statements; GRANT pg_monitor to it";

/// How `pg_stat_statements` is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementsPlace {
    /// The function, quoted.
    function: String,
    tells_level: bool,
}

/// How statements are read, or why they are not, in words.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn find_statements(session: &Session) -> Result<Result<StatementsPlace, String>, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/baseline/statements_place.sql"), &[]).await?;
    let Some(row) = rows.first() else {
        return Ok(Err("pg_stat_statements is not installed in this database: statements are not observed".to_owned()));
    };
    if get::<Option<bool>>(PURPOSE, row, "is_its_own")? != Some(true) {
        return Ok(Err(
            "the function pg_stat_statements is not that of its library: statements are not observed".to_owned()
        ));
    }
    if !get::<bool>(PURPOSE, row, "may")? {
        return Ok(Err("the role may not read pg_stat_statements: statements are not observed".to_owned()));
    }
    let place = StatementsPlace {
        function: format!("{}.pg_stat_statements", quote_identifier(&get::<String>(PURPOSE, row, "schema")?)),
        tells_level: get::<Option<bool>>(PURPOSE, row, "tells_level")?.unwrap_or_default(),
    };
    match read_statements(session, &place).await {
        Ok(_) => Ok(Ok(place)),
        // installed, but its library is not loaded
        Err(PgError::Statement { message, .. }) => {
            let message = crate::names::clipped(&message.to_string());
            Ok(Err(format!("pg_stat_statements could not be read ({message}): statements are not observed")))
        }
        Err(error) => Err(error),
    }
}

/// What the role cannot see, in words.
///
/// # Errors
/// As [`find_statements`].
pub async fn read_sight(session: &Session) -> Result<Option<String>, PgError> {
    let sql = "SELECT pg_has_role('pg_read_all_stats', 'USAGE') AS sees";
    let rows = session.query(PURPOSE, sql, &[]).await?;
    let sees = rows.first().map(|row| get::<bool>(PURPOSE, row, "sees")).transpose()?;
    Ok((sees != Some(true)).then(|| NO_MONITOR.to_owned()))
}

/// One reading of counters and levels.
///
/// # Errors
/// As [`find_statements`].
pub async fn read(session: &Session, statements: Option<&StatementsPlace>) -> Result<Reading, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/baseline/instant.sql"), &[]).await?;
    let row = first(&rows)?;
    let mut reading =
        Reading { at: get(PURPOSE, row, "at")?, started: get(PURPOSE, row, "started")?, ..Reading::default() };
    read_counters(session, include_str!("sql/baseline/counters.sql"), &mut reading).await?;
    if session.version.has_io_statistics() {
        read_counters(session, include_str!("sql/baseline/io.sql"), &mut reading).await?;
    }
    if session.version.has_checkpointer_statistics() {
        read_counters(session, include_str!("sql/baseline/checkpointer.sql"), &mut reading).await?;
    }
    reading.levels = read_levels(session).await?;
    take_levels(session, include_str!("sql/baseline/slow_levels.sql"), &mut reading.levels).await?;
    if let Some(place) = statements {
        reading.statements = Some(read_statements(session, place).await?);
    }
    Ok(reading)
}

/// What sessions do at this moment.
///
/// # Errors
/// As [`find_statements`].
pub async fn read_levels(session: &Session) -> Result<BTreeMap<String, f64>, PgError> {
    let mut levels = BTreeMap::new();
    take_levels(session, include_str!("sql/baseline/levels.sql"), &mut levels).await?;
    Ok(levels)
}

async fn take_levels(session: &Session, sql: &str, levels: &mut BTreeMap<String, f64>) -> Result<(), PgError> {
    for row in session.query(PURPOSE, sql, &[]).await? {
        if let Some(value) = get::<Option<f64>>(PURPOSE, &row, "value")? {
            levels.insert(get(PURPOSE, &row, "name")?, value.max(0.0));
        }
    }
    Ok(())
}

async fn read_counters(session: &Session, sql: &str, reading: &mut Reading) -> Result<(), PgError> {
    for row in session.query(PURPOSE, sql, &[]).await? {
        if let Some(value) = get::<Option<f64>>(PURPOSE, &row, "value")? {
            let counter = Counter { value, reset: get(PURPOSE, &row, "reset")? };
            reading.counters.insert(get(PURPOSE, &row, "name")?, counter);
        }
    }
    Ok(())
}

fn id(row: &Row) -> Result<StatementId, PgError> {
    Ok(StatementId {
        role: get(PURPOSE, row, "role")?,
        query: get(PURPOSE, row, "query")?,
        toplevel: get(PURPOSE, row, "toplevel")?,
    })
}

async fn read_statements(
    session: &Session,
    place: &StatementsPlace,
) -> Result<BTreeMap<StatementId, StatementCounters>, PgError> {
    let sql = include_str!("sql/baseline/statements.sql").replace(":function(", &format!("{}(", place.function));
    let mut statements = BTreeMap::new();
    let take = |row: &Row| {
        let number = |column: &str| -> Result<f64, PgError> {
            Ok(get::<Option<f64>>(PURPOSE, row, column)?.unwrap_or_default().max(0.0))
        };
        let counters = StatementCounters {
            calls: number("calls")?,
            total_ms: number("total_ms")?,
            rows: number("rows")?,
            blocks_hit: number("blocks_hit")?,
            blocks_read: number("blocks_read")?,
            temp_blocks: number("temp_blocks")?,
            read_ms: number("read_ms")?,
        };
        statements.insert(id(row)?, counters);
        Ok(())
    };
    session.each(PURPOSE, &sql, &[], take).await?;
    Ok(statements)
}

/// Texts of statements, without literals as soon as they are here; and how many the role may not see.
///
/// # Errors
/// As [`find_statements`].
pub async fn read_texts(
    session: &Session,
    place: &StatementsPlace,
    texts: &mut BTreeMap<StatementId, Option<Statement>>,
) -> Result<usize, PgError> {
    let sql = include_str!("sql/baseline/statement_texts.sql")
        .replace(":function(", &format!("{}(", place.function))
        .replace(":toplevel", if place.tells_level { "f.toplevel" } else { "true" });
    let mut hidden = 0;
    let take = |row: &Row| {
        let id = id(row)?;
        let Some(text) = get::<Option<String>>(PURPOSE, row, "text")? else { return Ok(()) };
        if text == HIDDEN {
            hidden += 1;
        } else {
            texts.entry(id).or_insert_with(|| {
                let is_cut = text.chars().count() > LONGEST_TEXT;
                let text = if is_cut { format!("{text} ...") } else { text };
                (!text.contains(OURS)).then(|| Statement::new(&text))
            });
        }
        Ok(())
    };
    session.each(PURPOSE, &sql, &[], take).await?;
    Ok(hidden)
}

/// Counters of all tables and indexes.
///
/// # Errors
/// As [`find_statements`].
pub async fn read_tables(session: &Session) -> Result<TablesReading, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/baseline/instant.sql"), &[]).await?;
    let row = first(&rows)?;
    let mut reading = TablesReading {
        at: get(PURPOSE, row, "at")?,
        reset: get(PURPOSE, row, "stats_reset")?,
        ..TablesReading::default()
    };
    let take = |row: &Row| {
        let number = |column: &str| -> Result<f64, PgError> { Ok(get::<f64>(PURPOSE, row, column)?.max(0.0)) };
        let table = TableReading {
            schema: get(PURPOSE, row, "schema")?,
            name: get(PURPOSE, row, "name")?,
            live_rows: number("live_rows")?,
            dead_rows: number("dead_rows")?,
            seq_scans: number("seq_scans")?,
            seq_rows: number("seq_rows")?,
            index_scans: number("index_scans")?,
            writes: number("writes")?,
            vacuums: number("vacuums")?,
            analyzes: number("analyzes")?,
            vacuum_ms: get(PURPOSE, row, "vacuum_ms")?,
        };
        reading.tables.insert(get(PURPOSE, row, "oid")?, table);
        Ok(())
    };
    session.each(PURPOSE, include_str!("sql/baseline/tables.sql"), &[], take).await?;
    let scans = &mut reading.index_scans;
    let take = |row: &Row| {
        scans.insert(get(PURPOSE, row, "oid")?, get::<f64>(PURPOSE, row, "scans")?);
        Ok(())
    };
    session.each(PURPOSE, include_str!("sql/baseline/index_scans.sql"), &[], take).await?;
    Ok(reading)
}

/// Valid indexes of tables.
///
/// # Errors
/// As [`find_statements`].
pub async fn read_indexes(session: &Session, tables: &[u32]) -> Result<Vec<IndexReading>, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/baseline/indexes.sql"), &[(&tables, Type::OID_ARRAY)]).await?;
    let index = |row: &Row| {
        let definition: Text = get(PURPOSE, row, "definition")?;
        let unique = if get(PURPOSE, row, "is_unique")? { "UNIQUE " } else { "" };
        Ok(IndexReading {
            oid: get(PURPOSE, row, "oid")?,
            table: get(PURPOSE, row, "table_oid")?,
            name: get(PURPOSE, row, "name")?,
            definition: format!("{unique}{}", definition.shown),
        })
    };
    rows.iter().map(index).collect()
}

/// Whether the planner has statistics of tables, where that can be seen.
///
/// # Errors
/// As [`find_statements`].
pub async fn read_statistics(session: &Session, tables: &[u32]) -> Result<BTreeMap<u32, bool>, PgError> {
    let rows =
        session.query(PURPOSE, include_str!("sql/baseline/statistics.sql"), &[(&tables, Type::OID_ARRAY)]).await?;
    let mut known = BTreeMap::new();
    for row in rows {
        let truth = |column: &str| get::<bool>(PURPOSE, &row, column);
        let has = match (truth("has_statistics")?, truth("sees")?) {
            (true, _) => Some(true),
            (false, true) => Some(false),
            // nobody may read the table: its counters tell
            (false, false) if truth("was_analyzed")? => Some(true),
            (false, false) if truth("is_untouched")? => Some(false),
            (false, false) => None,
        };
        if let Some(has) = has {
            known.insert(get(PURPOSE, &row, "oid")?, has);
        }
    }
    Ok(known)
}

/// Settings.
///
/// # Errors
/// As [`find_statements`].
pub async fn read_settings(session: &Session) -> Result<BTreeMap<String, Setting>, PgError> {
    let rows = session.query(PURPOSE, include_str!("sql/baseline/settings.sql"), &[]).await?;
    let setting = |row: &Row| {
        let unit: Option<String> = get(PURPOSE, row, "unit")?;
        Ok((get(PURPOSE, row, "name")?, Setting { value: get(PURPOSE, row, "value")?, unit }))
    };
    rows.iter().map(setting).collect()
}

fn first(rows: &[Row]) -> Result<&Row, PgError> {
    rows.first().ok_or_else(|| PgError::Answer { purpose: PURPOSE, reason: "no row".to_owned() })
}
