//! Measures what an apply worker spends on known changes, on a server that is publisher and subscriber at once.
//!
//! One database suffices. Changes are made to tables of schema `pgslotplan_calibration` and stay in a replication slot;
//! then the schema is renamed, one of the same name takes its place, and a subscription applies the slot's backlog to the
//! new tables, since logical replication goes by names. Before and after every step a row goes to table `marks`, whose
//! copy has a column more: `DEFAULT clock_timestamp()`, which the apply worker itself fills in. So the times are the
//! worker's own, to the microsecond, without any access to the machine.
//!
//! All that is made bears one name, and [`clear`] removes it: at the end, after an interrupt, and at the next start if
//! the program was killed in between.

mod steps;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use tokio_postgres::types::Type;

use self::steps::{Cut, TABLES, TABLES_SQL, TOASTED_ROWS, written_steps};
use super::{connect::Session, error::PgError, row::get};
use crate::{
    calibrate::CalibrationStep,
    names::{quote_identifier, quote_literal},
    workload::record_model::TOAST_CHUNK_BYTES,
};

/// Schema of the tables, publication and subscription.
pub const NAME: &str = "pgslotplan_calibration";
/// What the schema of the changed tables becomes before they are applied.
pub const SOURCE: &str = "pgslotplan_calibration_source";
/// Marks our schemas as ours.
const COMMENT: &str = "made by pgslotplan calibrate; safe to drop";
/// A condition on `pg_namespace`: our comment, from us or a superuser; anybody can write the comment.
const IS_OURS: &str = "(pg_catalog.obj_description(oid, 'pg_namespace') IS NOT DISTINCT FROM $2 AND EXISTS (SELECT FROM pg_catalog.pg_roles r
    WHERE r.oid = nspowner AND (r.rolsuper OR r.rolname = current_user)))";
/// What default privileges gave to others goes, in the transaction that makes the schema: who cannot name the tables makes no
/// trigger on them.
const CLOSE: &str = "DO $close$ DECLARE grantee text; BEGIN
    FOR grantee IN SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) END
        FROM pg_catalog.pg_namespace n CROSS JOIN LATERAL pg_catalog.aclexplode(n.nspacl) a
        WHERE n.nspname = 'pgslotplan_calibration' AND a.grantee <> n.nspowner LOOP
      EXECUTE 'REVOKE ALL ON SCHEMA pgslotplan_calibration FROM ' || grantee || ' CASCADE';
    END LOOP; END $close$;";
/// Two numbers that only this program takes an advisory lock on.
const LOCK: (i32, i32) = (1_885_565_811, 1_668_374_882);
/// A slot's owner or a worker that does not end in this time is ended.
const END_LIMIT: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(50);

/// What stands in the way of a calibration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Obstacle {
    /// Another calibration runs in this database.
    Running,
    /// A schema of our name that we did not make.
    Schema(String),
    /// `wal_level`, with which this server does not decode.
    WalLevel(String),
}

/// The steps of a round, for a number of TOAST chunks a row as [`write_round`] gives it.
pub fn steps(chunks: f64) -> Vec<CalibrationStep> {
    written_steps(chunks).into_iter().map(|written| written.step).collect()
}

/// Takes the lock that keeps two calibrations apart, and looks for what would make one fail. The lock is the session's.
///
/// # Errors
/// [`PgError`] when the server refuses what everybody may ask.
pub async fn find_obstacle(session: &Session) -> Result<Option<Obstacle>, PgError> {
    let purpose = "look for another calibration";
    let sql =
        "SELECT pg_catalog.pg_try_advisory_lock($1, $2) AS free, pg_catalog.current_setting('wal_level') AS wal_level";
    let rows = session.query(purpose, sql, &[(&LOCK.0, Type::INT4), (&LOCK.1, Type::INT4)]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    if !get::<bool>(purpose, row, "free")? {
        return Ok(Some(Obstacle::Running));
    }
    let sql =
        format!("SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) AND NOT {IS_OURS}");
    let names: Vec<&str> = vec![NAME, SOURCE];
    let foreign = session.query(purpose, &sql, &[(&names, Type::TEXT_ARRAY), (&COMMENT, Type::TEXT)]).await?;
    if let Some(row) = foreign.first() {
        return Ok(Some(Obstacle::Schema(get(purpose, row, "name")?)));
    }
    let wal_level: String = get(purpose, row, "wal_level")?;
    Ok((!session.version.decodes_with(&wal_level)).then_some(Obstacle::WalLevel(wal_level)))
}

/// The process id of the session, by which another can end it.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn backend_pid(session: &Session) -> Result<i32, PgError> {
    let purpose = "read the session's process id";
    let rows = session.query(purpose, "SELECT pg_catalog.pg_backend_pid() AS pid", &[]).await?;
    rows.first().map_or(Ok(0), |row| get(purpose, row, "pid"))
}

/// Ends a session of ours that may still run a statement, and waits until it is gone.
///
/// # Errors
/// [`PgError`] when the server refuses.
#[expect(clippy::disallowed_methods, reason = "pg waits for the server here, with a limit")]
pub async fn end_backend(session: &Session, pid: i32) -> Result<(), PgError> {
    let purpose = "end the interrupted session";
    let begun = Instant::now();
    let sql = "SELECT pg_catalog.pg_terminate_backend(pid) AS ended FROM pg_catalog.pg_stat_activity
                WHERE pid = $1 AND usename = current_user AND application_name = 'pgslotplan'";
    while !session.query(purpose, sql, &[(&pid, Type::INT4)]).await?.is_empty() && begun.elapsed() < END_LIMIT {
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// Makes schema, tables, publication and slot.
///
/// # Errors
/// [`PgError`] when the server refuses; what was made until then stays, for [`clear`].
pub async fn prepare(session: &Session) -> Result<(), PgError> {
    // A backlog is written: waiting for the disk at each commit would only take time.
    session.execute("prepare the session", "SET synchronous_commit = off").await?;
    make_tables(session, "").await?;
    let sql = format!("CREATE PUBLICATION {NAME} FOR TABLE {}", table_list(NAME));
    session.execute("create the publication", &sql).await?;
    let slot = slot_name(session).await?;
    let sql = "SELECT pg_catalog.pg_create_logical_replication_slot($1, 'pgoutput')";
    session.query("create the replication slot", sql, &[(&slot, Type::NAME)]).await?;
    Ok(())
}

async fn make_tables(session: &Session, mark_column: &str) -> Result<(), PgError> {
    let sql = format!(
        "CREATE SCHEMA {NAME}; {CLOSE} COMMENT ON SCHEMA {NAME} IS {comment}; {TABLES_SQL}
         CREATE TABLE {NAME}.marks (id bigint PRIMARY KEY{mark_column}) WITH (autovacuum_enabled = off);",
        comment = quote_literal(COMMENT),
    );
    session.execute("create the tables", &sql).await
}

fn table_list(schema: &str) -> String {
    let names = TABLES.iter().chain(&["marks"]).map(|table| format!("{schema}.{table}"));
    names.collect::<Vec<_>>().join(", ")
}

/// Slots belong to the cluster, so the name tells the database.
async fn slot_name(session: &Session) -> Result<String, PgError> {
    let purpose = "read the database's oid";
    let sql = "SELECT oid::text AS oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()";
    let rows = session.query(purpose, sql, &[]).await?;
    let row = rows.first().ok_or_else(|| PgError::Answer { purpose, reason: "no row".to_owned() })?;
    Ok(format!("{NAME}_{}", get::<String>(purpose, row, "oid")?))
}

/// Identifies the mark before (`end` 0) or after (1) a step.
fn mark(round: usize, step: usize, end: usize) -> i64 {
    i64::try_from(round * 1000 + step * 2 + end).unwrap_or(i64::MAX)
}

/// Writes the changes of one round; they stay in the slot. Returns the number of TOAST chunks of a row that has some.
///
/// # Errors
/// [`PgError`] when the server refuses.
pub async fn write_round(session: &Session, round: usize) -> Result<f64, PgError> {
    let purpose = "write the changes to be applied";
    for (position, written) in written_steps(0.0).iter().enumerate() {
        let insert_mark = |end| format!("INSERT INTO {NAME}.marks VALUES ({})", mark(round, position, end));
        if !written.before.is_empty() {
            session.execute(purpose, written.before).await?;
        }
        match written.cut {
            Cut::One => {
                let sql = format!("BEGIN; {}; {}; {}; COMMIT;", insert_mark(0), written.sql, insert_mark(1));
                session.execute(purpose, &sql).await?;
            }
            Cut::Each => {
                session.execute(purpose, &insert_mark(0)).await?;
                let rows = written.step.work.rows;
                let sql = format!(
                    "DO $calibrate$ BEGIN FOR i IN 1..{rows:.0} LOOP {}; COMMIT; END LOOP; END $calibrate$",
                    written.sql
                );
                session.execute(purpose, &sql).await?;
                session.execute(purpose, &insert_mark(1)).await?;
            }
        }
    }
    // A row that TOAST compresses into the page has no chunk at all.
    let sql = format!(
        "SELECT coalesce(sum(ceil(bytes / $1)) FILTER (WHERE bytes > $1), 0)::float8 AS chunks
           FROM (SELECT pg_catalog.pg_column_size(body)::float8 AS bytes FROM {NAME}.toasted) t"
    );
    let rows = session.query(purpose, &sql, &[(&TOAST_CHUNK_BYTES, Type::FLOAT8)]).await?;
    let chunks: f64 = rows.first().map_or(Ok(0.0), |row| get(purpose, row, "chunks"))?;
    let tables = TABLES.iter().map(|table| format!("{NAME}.{table}")).collect::<Vec<_>>().join(", ");
    session.execute(purpose, &format!("TRUNCATE {tables}")).await?;
    Ok(chunks / TOASTED_ROWS)
}

/// Puts empty tables in place of the changed ones and starts a subscription that applies the backlog to them.
/// `conninfo` is how the server reaches itself.
///
/// # Errors
/// [`PgError`] when the server refuses, as when it cannot reach itself.
pub async fn begin_apply(session: &Session, conninfo: &str) -> Result<(), PgError> {
    session.execute("rename the schema", &format!("ALTER SCHEMA {NAME} RENAME TO {SOURCE}")).await?;
    make_tables(session, ", at timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp()").await?;
    let publish = |schema: &str| format!("ALTER PUBLICATION {NAME} SET TABLE {}", table_list(schema));
    // CREATE SUBSCRIPTION notes the tables that are published now: the new ones. What is applied to them must not be
    // published again, so they leave the publication before the worker starts.
    session.execute("change the publication", &publish(NAME)).await?;
    let slot = slot_name(session).await?;
    let streaming = if session.version.has_streaming() { ", streaming = off" } else { "" };
    let sql = format!(
        "CREATE SUBSCRIPTION {NAME} CONNECTION {conninfo} PUBLICATION {NAME} WITH (enabled = off, create_slot = off, \
         copy_data = off, slot_name = {slot}{streaming})",
        conninfo = quote_literal(conninfo),
        slot = quote_literal(&slot),
    );
    session.execute("create the subscription", &sql).await?;
    session.execute("change the publication", &publish(SOURCE)).await?;
    session.execute("enable the subscription", &format!("ALTER SUBSCRIPTION {NAME} ENABLE")).await
}

/// Seconds of each step of every round that is applied completely, in order.
///
/// # Errors
/// [`PgError`] when the server refuses or the session breaks off.
pub async fn read_rounds(session: &Session, round_count: usize) -> Result<Vec<Vec<f64>>, PgError> {
    let purpose = "read the marks";
    let sql = format!("SELECT id, EXTRACT(epoch FROM at)::float8 AS at FROM {NAME}.marks");
    let mut marks: BTreeMap<i64, f64> = BTreeMap::new();
    for row in session.query(purpose, &sql, &[]).await? {
        marks.insert(get(purpose, &row, "id")?, get(purpose, &row, "at")?);
    }
    let step_count = steps(0.0).len();
    let seconds =
        |round: usize, step: usize| Some(marks.get(&mark(round, step, 1))? - marks.get(&mark(round, step, 0))?);
    let complete = |round: usize| (0..step_count).map(|step| seconds(round, step)).collect::<Option<Vec<f64>>>();
    Ok((0..round_count).map_while(complete).collect())
}

/// What the subscription's worker said last, if it fails again and again: the server's log knows, we only see that it is
/// not there.
///
/// # Errors
/// [`PgError`] when the session breaks off.
pub async fn worker_is_running(session: &Session) -> Result<bool, PgError> {
    let purpose = "look at the subscription";
    let sql = "SELECT pid IS NOT NULL AS running FROM pg_catalog.pg_stat_subscription WHERE subname = $1";
    let rows = session.query(purpose, sql, &[(&NAME, Type::TEXT)]).await?;
    rows.first().map_or(Ok(false), |row| get(purpose, row, "running"))
}

/// What came of cleaning up.
#[derive(Debug, Default)]
pub struct Cleared {
    /// There was something.
    pub found: bool,
    /// What may still be there, in words, and why it could not be removed.
    pub left: Vec<(String, PgError)>,
}

/// Removes all that a calibration makes, whoever left it there. Goes on after an error, so that as little as possible
/// stays.
pub async fn clear(session: &Session) -> Cleared {
    let purpose = "remove what the calibration made";
    let mut cleared = Cleared::default();
    let mut note = |what: String, result: Result<bool, PgError>| match result {
        Ok(some) => cleared.found |= some,
        Err(error) => cleared.left.push((what, error)),
    };
    note(format!("subscription \"{NAME}\""), drop_subscription(session).await);
    note(format!("a replication slot whose name begins with \"{NAME}\", which keeps WAL"), drop_slot(session).await);
    let publication = async {
        let sql = "SELECT FROM pg_catalog.pg_publication WHERE pubname = $1";
        let found = !session.query(purpose, sql, &[(&NAME, Type::TEXT)]).await?.is_empty();
        session.execute(purpose, &format!("DROP PUBLICATION IF EXISTS {NAME}")).await?;
        Ok(found)
    };
    note(format!("publication \"{NAME}\""), publication.await);
    note(format!("schemas \"{NAME}\" and \"{SOURCE}\""), drop_schemas(session).await);
    cleared
}

async fn drop_subscription(session: &Session) -> Result<bool, PgError> {
    let purpose = "drop the subscription";
    let sql = "SELECT FROM pg_catalog.pg_subscription s JOIN pg_catalog.pg_database d ON d.oid = s.subdbid
                WHERE s.subname = $1 AND d.datname = pg_catalog.current_database()";
    if session.query(purpose, sql, &[(&NAME, Type::TEXT)]).await?.is_empty() {
        return Ok(false);
    }
    session.execute(purpose, &format!("ALTER SUBSCRIPTION {NAME} DISABLE")).await?;
    session.execute(purpose, &format!("ALTER SUBSCRIPTION {NAME} SET (slot_name = NONE)")).await?;
    session.execute(purpose, &format!("DROP SUBSCRIPTION {NAME}")).await?;
    Ok(true)
}

/// The walsender of a dropped subscription needs a moment to let go of the slot.
#[expect(clippy::disallowed_methods, reason = "pg waits for the server here, with a limit")]
async fn drop_slot(session: &Session) -> Result<bool, PgError> {
    let purpose = "drop the replication slot";
    let slot = slot_name(session).await?;
    let begun = Instant::now();
    let mut ended = false;
    loop {
        let sql = "SELECT active_pid FROM pg_catalog.pg_replication_slots WHERE slot_name = $1";
        let rows = session.query(purpose, sql, &[(&slot, Type::NAME)]).await?;
        let Some(row) = rows.first() else { return Ok(false) };
        let Some(pid) = get::<Option<i32>>(purpose, row, "active_pid")? else { break };
        if begun.elapsed() > END_LIMIT && !ended {
            ended = true;
            session.query(purpose, "SELECT pg_catalog.pg_terminate_backend($1)", &[(&pid, Type::INT4)]).await?;
        }
        if begun.elapsed() > 2 * END_LIMIT {
            break; // the server says who holds it
        }
        tokio::time::sleep(POLL).await;
    }
    session.query(purpose, "SELECT pg_catalog.pg_drop_replication_slot($1)", &[(&slot, Type::NAME)]).await?;
    Ok(true)
}

/// Only schemas that bear our comment and are ours.
async fn drop_schemas(session: &Session) -> Result<bool, PgError> {
    let purpose = "drop the schema";
    let sql =
        format!("SELECT nspname::text AS name FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1) AND {IS_OURS}");
    let names: Vec<&str> = vec![NAME, SOURCE];
    let rows = session.query(purpose, &sql, &[(&names, Type::TEXT_ARRAY), (&COMMENT, Type::TEXT)]).await?;
    for row in &rows {
        let name: String = get(purpose, row, "name")?;
        session.execute(purpose, &format!("DROP SCHEMA {} CASCADE", quote_identifier(&name))).await?;
    }
    Ok(!rows.is_empty())
}
