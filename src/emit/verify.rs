//! The steps that wait and then say yes or raise: every table ready, every slot caught up (postgres.md §12.1).

use super::{
    Context, checks,
    copy::{finish, paragraphs, step},
    ddl::do_block,
    script::{Phase, Side, Step, Variable},
    session, support,
};
use crate::{
    plan::copy::{COPY_BYTES_PER_S, copy_s},
    server::ServerVersion,
    units::{Bytes, Seconds},
};

fn wait_variable(default: u32) -> Variable {
    Variable {
        name: "wait_seconds".into(),
        meaning: format!("how long to wait before it is an error, {default} when not given"),
        required: false,
    }
}

/// `wait_seconds` as a setting, since psql puts no variable into a dollar quote.
pub(super) fn wait_setting(default: u32) -> String {
    format!(
        "\\if :{{?wait_seconds}}\n\\else\n\\set wait_seconds {default}\n\\endif\n\
         SET pgslotplan.wait_seconds = :'wait_seconds';\nSET statement_timeout = 0;"
    )
}

/// Seconds of the slowest subscription's copy, if tables are copied `sync_workers` at a time.
pub(super) fn copy_seconds(context: &Context<'_>) -> f64 {
    copy_s(context.plan, COPY_BYTES_PER_S)
}

/// A query of the planned tables that their subscription does not replicate now, one line each.
pub(super) fn tables_not_ready(context: &Context<'_>) -> String {
    format!(
        "      SELECT line FROM (WITH planned AS (SELECT * FROM {planned})
      SELECT format('table %I.%I of subscription %I: %s', planned.schema_name, planned.table_name, planned.subscription_name,
                    CASE r.srsubstate WHEN 'i' THEN 'not begun' WHEN 'd' THEN 'being copied' WHEN 'f' THEN 'copied'
                      WHEN 's' THEN 'synchronized' ELSE 'not subscribed' END)
      FROM planned
      LEFT JOIN (pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid AND s.subenabled
                 JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
                 JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace)
        ON s.subname = planned.subscription_name AND n.nspname = planned.schema_name AND c.relname = planned.table_name
      WHERE r.srsubstate IS DISTINCT FROM 'r') AS pending(line)",
        planned = checks::received_names(context),
    )
}

pub(super) fn ready(context: &Context<'_>) -> Step {
    let wait = do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  next_word timestamptz := clock_timestamp() + interval '30 s';
  pending bigint;
  lines text;
BEGIN
  LOOP
    SELECT count(*), string_agg(line, chr(10) ORDER BY line) FILTER (WHERE number <= 20) INTO pending, lines
    FROM (SELECT line, row_number() OVER (ORDER BY line) AS number FROM (
{not_ready}) AS q(line)) AS numbered;
    EXIT WHEN pending = 0;
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('%s tables are not ready after %s s', pending, current_setting('pgslotplan.wait_seconds')),
        DETAIL = lines, HINT = 'Look at the log of the subscriber. Run this file again to wait longer.';
    END IF;
    IF clock_timestamp() >= next_word THEN
      RAISE INFO '% tables are not ready yet', pending;
      next_word := clock_timestamp() + interval '30 s';
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END",
        not_ready = tables_not_ready(context),
    ));
    let seconds = copy_seconds(context);
    finish(
        context,
        Step {
            why: "A subscription is complete only when each of its tables is ready; until then its tables are of different \
                  times. Tables that are not listed would be skipped without an error, so each planned one is looked up."
                .into(),
            expected: "Every 30 s the number of tables that are not ready; exit code 0 when all are.".into(),
            duration: format!(
                "at least {} at {}/s for each table and {} tables at a time in each subscription (a guess: measure yours)",
                Seconds(seconds),
                Bytes(COPY_BYTES_PER_S),
                context.plan.policy.sync_workers
            ),
            variables: vec![wait_variable(3600)],
            body: paragraphs(&[session::require_mark(context), wait_setting(3600), wait]),
            ..step(
                "70_subscriber_ready.sql",
                Phase::Verify,
                Side::Subscriber,
                "Waits until every planned table is ready, and says which are not.",
            )
        },
    )
}

pub(super) fn compare(context: &Context<'_>) -> Step {
    let step = Step {
        why: "Nothing else proves that no row is missing: a subscriber skips an UPDATE of a row that it lacks without a word.".into(),
        expected: "How many tables, chunks and rows were compared, and \"no difference\". Exit code 4 lists what differs: objects \
                   that are missing, then rows by their keys; all of it is in verify_live/errors.csv beside the evidence."
            .into(),
        hazard: Some(
            "Reads every table on both servers once. One statement lasts about VERIFY_BATCH_SECONDS (10), so that vacuum is not \
             held up for longer; tables whose key begins with text are read by one statement each."
                .into(),
        ),
        duration: "one read of everything on both sides; VERIFY_JOBS slots at a time (2). It can be stopped, and goes on where it was".into(),
        go: "No-go for the cutover while it ends with 4. Tables that it skips have no key: they are compared at rest.".into(),
        ..step(
            "75_shell_verify.sh",
            Phase::Verify,
            Side::Shell,
            "Compares every row of both servers while writes go on, without locks.",
        )
    };
    let body = support::shell_step(context, &step, &["verify.sh"], "verify live");
    Step { body, ..step }
}

pub(super) fn compare_at_rest(context: &Context<'_>) -> Step {
    let step = Step {
        why: "Once nobody writes, equal is equal: tables without key are compared as a whole too, and a sequence that is behind \
              is an error."
            .into(),
        expected: "As 75_shell_verify.sh.".into(),
        hazard: Some("Reads every table on both servers once while nobody may write. The cutover itself compares less: see there.".into()),
        duration: "one read of everything on both sides; VERIFY_JOBS slots at a time (2)".into(),
        go: "When writes have stopped, every slot has caught up and the sequences are copied: 0 is go, 4 is no-go.".into(),
        ..step(
            "79_shell_compare_at_rest.sh",
            Phase::Verify,
            Side::Shell,
            "Compares every row and sequence exactly, after the writes have stopped. For rehearsals, and where the time is there.",
        )
    };
    let body = support::shell_step(context, &step, &["verify.sh"], "verify at_rest");
    Step { body, ..step }
}

/// Statements that wait until each slot of a relation has confirmed all that is in the log now. `planned` is the relation
/// with its alias, which has a column `slot_name`.
pub(super) fn wait_for_slots(version: ServerVersion, planned: &str, alias: &str) -> String {
    let lost = if version.major() >= 13 { " OR s.wal_status = 'lost'" } else { "" };
    let flush = do_block("BEGIN PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence'); END");
    let wait = do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  fence pg_lsn := current_setting('pgslotplan.fence');
  nap double precision := 0.005;
  pending bigint;
  gone bigint;
  lines text;
BEGIN
  LOOP
    SELECT count(*), count(*) FILTER (WHERE s.slot_name IS NULL{lost}),
           string_agg(format('slot %I: %s', {alias}.slot_name,
             CASE WHEN s.slot_name IS NULL THEN 'missing'
                  ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(fence, s.confirmed_flush_lsn),
                              CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END),
             chr(10) ORDER BY {alias}.slot_name)
      INTO pending, gone, lines
      FROM {planned}
      LEFT JOIN pg_replication_slots AS s ON s.slot_name = {alias}.slot_name AND s.database = current_database()
      WHERE (s.confirmed_flush_lsn >= fence) IS NOT TRUE{lost};
    EXIT WHEN pending = 0;
    IF gone > 0 OR clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('%s slots have not passed %s', pending, fence), DETAIL = lines,
        HINT = CASE WHEN gone > 0 THEN 'A slot that is missing or lost needs a new start of its subscription.'
                    ELSE 'Look at the log of the subscriber. Run this file again to wait longer.' END;
    END IF;
    -- whenever there is more to send, a walsender asks its subscriber how far it is
    PERFORM pg_logical_emit_message(true, 'pgslotplan', 'fence');
    COMMIT;
    PERFORM pg_sleep(nap);
    nap := least(0.2, nap * 1.2);
  END LOOP;
  RAISE INFO 'every slot has passed %', fence;
END"
    ));
    format!(
        "-- the message that is committed flushes the log and gives every slot something to pass the fence with
SELECT set_config('pgslotplan.fence', pg_current_wal_insert_lsn()::text, false) AS fence
\\gset
SET synchronous_commit = local;
{flush}
{wait}"
    )
}

pub(super) fn caught_up(context: &Context<'_>) -> Step {
    let planned = checks::planned_slots(context);
    let wait = wait_for_slots(context.plan.publisher_version, &planned, "planned");
    finish(
        context,
        Step {
            why: "confirmed_flush_lsn beyond the fence means that everything committed before it is applied and on disk, \
                  for all tables that are ready."
                .into(),
            expected: "One line with the LSN that every slot has passed.".into(),
            duration: "the time a subscription is behind".into(),
            variables: vec![wait_variable(600)],
            go: "At the cutover: stop the writes first, then run this; go on when the exit code is 0.".into(),
            body: paragraphs(&[wait_setting(600), wait]),
            ..step(
                "71_publisher_caught_up.sql",
                Phase::Verify,
                Side::Publisher,
                "Waits until every slot has confirmed all that is written now.",
            )
        },
    )
}
