//! The steps of bootstrap `copy`, in order: publications, then slots (postgres.md H5), then subscriptions that copy.
//!
//! `create_slot = false` with `copy_data = true` is right here: the lasting slot exists before, and each table is copied
//! through a table synchronization slot of its own (postgres.md §9.4).

use std::fmt::Write as _;

use super::{
    Context, EmitError,
    checks::{self, Exempt},
    ddl::{CreatePublication, CreateSubscription, Streaming, do_block, only_if},
    foreign_keys, guards,
    script::{Phase, Side, Step, Variable},
    session,
};
use crate::{
    names::{quote_identifier, quote_literal},
    plan::PlannedSlot,
    units::{Bytes, Seconds},
};

/// What an initial copy of one table moves per second: COPY of rows with an index or two, one core; the runbook says
/// that it is a guess.
const COPY_BYTES_PER_S: f64 = 20e6;

/// All steps.
pub(super) fn steps(context: &Context<'_>) -> Result<Vec<Step>, EmitError> {
    let mut steps = vec![publisher_check(context)?, subscriber_check(context)];
    if guards::sets_identities(context) {
        steps.push(identities(context));
    }
    if guards::guards_truncate(context) {
        steps.push(truncate_guards(context));
    }
    steps.push(publications(context)?);
    if foreign_keys::are_cut(context) {
        steps.push(drop_foreign_keys(context));
    }
    steps.extend([slots(context), subscriptions(context), ready(context), caught_up(context), stop(context)]);
    if foreign_keys::are_cut(context) {
        steps.extend([restore_foreign_keys(context), validate_foreign_keys(context)]);
    }
    steps.extend([subscriber_cleanup(context), publisher_cleanup(context)]);
    Ok(steps)
}

/// The step with its file, from the statements alone.
fn finish(context: &Context<'_>, mut step: Step) -> Step {
    step.body = session::file(context, &step, &step.body);
    step
}

fn paragraphs(parts: &[String]) -> String {
    parts.join("\n\n")
}

fn step(file: &str, phase: Phase, side: Side, what: &str) -> Step {
    Step {
        file: file.to_owned(),
        phase,
        side,
        idempotent: true,
        hazard: None,
        undo: None,
        variables: Vec::new(),
        what: what.to_owned(),
        why: String::new(),
        expected: "No output and exit code 0.".to_owned(),
        duration: "seconds".to_owned(),
        go: "Go on when the exit code is 0.".to_owned(),
        body: String::new(),
    }
}

fn wait_variable(default: u32) -> Variable {
    Variable {
        name: "wait_seconds".into(),
        meaning: format!("how long to wait before it is an error, {default} when not given"),
        required: false,
    }
}

/// `wait_seconds` as a setting, since psql puts no variable into a dollar quote.
fn wait_setting(default: u32) -> String {
    format!(
        "\\if :{{?wait_seconds}}\n\\else\n\\set wait_seconds {default}\n\\endif\n\
         SET pgslotplan.wait_seconds = :'wait_seconds';\nSET statement_timeout = 0;"
    )
}

fn publisher_check(context: &Context<'_>) -> Result<Step, EmitError> {
    let body = paragraphs(&[
        checks::publisher_settings(context),
        checks::publisher_tables(context, Exempt::ToBeSet)?,
        checks::slots_usable(context),
    ]);
    Ok(finish(
        context,
        Step {
            why:
                "A setting that is too small shows itself only in the server's log, when half of the tables are copied."
                    .into(),
            expected: "No output, or warnings; exit code 0. Every shortage is listed at once otherwise.".into(),
            go: "Go on when the exit code is 0 and every warning is accepted.".into(),
            body,
            ..step(
                "10_publisher_check.sql",
                Phase::Prepare,
                Side::Publisher,
                "Looks whether the publisher still is what the plan was made for. Changes nothing.",
            )
        },
    ))
}

fn subscriber_check(context: &Context<'_>) -> Step {
    let body = paragraphs(&[
        checks::subscriber_settings(context),
        checks::subscriber_tables(context),
        checks::subscriber_empty(context),
        checks::subscriber_foreign_keys(context),
        checks::subscriptions_exact(context),
        checks::subscriber_warnings(context),
    ]);
    finish(
        context,
        Step {
            why: "Tables, primary keys and replica identities must be there before the copy, and the tables empty; \
                  secondary indexes may come after it."
                .into(),
            expected: "No output, or warnings; exit code 0.".into(),
            go: "Go on when the exit code is 0 and every warning is accepted.".into(),
            body,
            ..step(
                "11_subscriber_check.sql",
                Phase::Schema,
                Side::Subscriber,
                "Looks whether the subscriber can take what the plan sends. Changes nothing.",
            )
        },
    )
}

fn identities(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "UPDATE and DELETE of a published table without replica identity fail in the application. They are set \
                  before the slots start, since older WAL records have no old key."
                .into(),
            hazard: Some(
                "Each ALTER TABLE takes an ACCESS EXCLUSIVE lock for a moment; it gives up after 5 s: run the file again. \
                 Identity FULL makes UPDATE write the whole old row to WAL."
                    .into(),
            ),
            undo: Some("91_publisher_cleanup.sql sets the identities back that were there before.".into()),
            body: guards::set_identities(context),
            ..step(
                "20_publisher_identities.sql",
                Phase::Prepare,
                Side::Publisher,
                "Sets the replica identities that the plan asks for, and remembers the old ones.",
            )
        },
    )
}

fn truncate_guards(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "Some publications leave TRUNCATE out; a TRUNCATE of their tables would leave the rows on the subscriber \
                  without any error."
                .into(),
            hazard: Some(
                "From now on TRUNCATE of these tables is refused on the publisher. CREATE TRIGGER waits up to 5 s for \
                 writers: run the file again if it gives up. New partitions need the trigger too: run it again."
                    .into(),
            ),
            undo: Some("91_publisher_cleanup.sql removes the triggers.".into()),
            body: guards::refuse_truncate(context),
            ..step(
                "21_publisher_truncate_guard.sql",
                Phase::Prepare,
                Side::Publisher,
                "Puts a trigger on every table whose TRUNCATE is not replicated.",
            )
        },
    )
}

fn publications(context: &Context<'_>) -> Result<Step, EmitError> {
    let mut parts = vec![checks::publisher_tables(context, Exempt::Nobody)?];
    let version = context.plan.publisher_version;
    for (number, published) in context.publications.iter().enumerate() {
        let publication = CreatePublication {
            name: published.name.to_owned(),
            members: published.members.clone(),
            publish: published.publishes.to_list(),
            via_root: version.publishes_partition_roots().then_some(published.slot.via_root),
        };
        parts.push(only_if(
            &format!("publication_{number}_is_missing"),
            &format!("NOT {}", checks::publication_exists(published)),
            &publication.to_sql(),
        ));
    }
    parts.push(checks::publications_exact(context));
    Ok(finish(
        context,
        Step {
            why: "A slot that is older than its publication ends in an endless error, or skips changes; so the \
                  publications come first."
                .into(),
            undo: Some("91_publisher_cleanup.sql drops them.".into()),
            body: paragraphs(&parts),
            ..step(
                "30_publisher_publications.sql",
                Phase::Prepare,
                Side::Publisher,
                "Creates one publication for each slot, and compares those that exist with the plan.",
            )
        },
    ))
}

fn drop_foreign_keys(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "A replicated TRUNCATE of a table that a foreign key from another slot references stops its slot for \
                  ever, even when the referencing table is empty."
                .into(),
            hazard: Some("Until they are restored the subscriber accepts rows that break these foreign keys.".into()),
            undo: Some("80_subscriber_stop.sql, then 81_ and 82_subscriber_foreign_keys_*.sql.".into()),
            body: paragraphs(&[session::mark_subscriber(context), foreign_keys::drop_on_subscriber(context)]),
            ..step(
                "40_subscriber_foreign_keys_drop.sql",
                Phase::Prepare,
                Side::Subscriber,
                "Drops the foreign keys that join two slots, and remembers their definitions in pgslotplan.dropped_foreign_key.",
            )
        },
    )
}

fn slots(context: &Context<'_>) -> Step {
    let mut parts = vec![checks::publications_exact(context), checks::slots_usable(context)];
    let first = &context.plan.slots[0];
    for (number, slot) in context.plan.slots.iter().enumerate() {
        let name = quote_literal(slot.name.as_str());
        // a copy is made at once, where a second creation would wait for open transactions again (postgres.md §2.1)
        let create = if number == 0 {
            format!("SELECT FROM pg_create_logical_replication_slot({name}, 'pgoutput');")
        } else {
            format!(
                "SELECT FROM pg_copy_logical_replication_slot({}, {name}, false, 'pgoutput');",
                quote_literal(first.name.as_str())
            )
        };
        let create = format!("\\o /dev/null\n{create}\n\\o");
        parts.push(only_if(&format!("slot_{number}_is_missing"), &checks::slot_missing(slot), &create));
    }
    finish(
        context,
        Step {
            why: "Slots made beforehand have names of our own and exist at one known point; the subscriptions only use them.".into(),
            hazard: Some(
                "Making the first slot waits for every transaction that is writing now, in any database of the server; \
                 prepared transactions count. From now on the publisher keeps all WAL until the subscriptions confirm it: \
                 go on soon, and watch its disk."
                    .into(),
            ),
            undo: Some("91_publisher_cleanup.sql drops them.".into()),
            duration: "as long as the longest transaction that is writing now; at most 15 min, then it is an error and nothing is left".into(),
            body: paragraphs(&parts),
            ..step("50_publisher_slots.sql", Phase::Start, Side::Publisher, "Creates the replication slots.")
        },
    )
}

/// Streaming as far as both sides can (contract §5).
fn streaming(context: &Context<'_>) -> Option<Streaming> {
    let (publisher, subscriber) = (context.plan.publisher_version, context.plan.subscriber_version);
    if !subscriber.has_streaming() {
        None
    } else if publisher.has_parallel_streaming() && subscriber.has_parallel_streaming() {
        Some(Streaming::Parallel)
    } else if publisher.has_streaming() {
        Some(Streaming::On)
    } else {
        Some(Streaming::Off)
    }
}

fn subscriptions(context: &Context<'_>) -> Step {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let stopped = do_block(&format!(
        "BEGIN
  IF (SELECT stopped FROM {0}.plan WHERE prefix = {prefix}) THEN
    RAISE EXCEPTION USING MESSAGE = 'the subscriptions were stopped for the cutover',
      HINT = 'Starting them again is right only if nothing was written to the subscriber since. If so: UPDATE {0}.plan SET stopped = false; and run this file again.';
  END IF;
END",
        session::STATE_SCHEMA
    ));
    let mut parts = vec![
        session::mark_subscriber(context),
        stopped,
        checks::subscriptions_exact(context),
        checks::subscriber_empty(context),
    ];
    for (number, slot) in context.plan.slots.iter().enumerate() {
        let create = CreateSubscription {
            name: slot.subscription.clone(),
            publications: context.publication_names(slot).into_iter().map(str::to_owned).collect(),
            slot: slot.name.clone(),
            streaming: streaming(context),
        };
        parts.push(only_if(
            &format!("subscription_{number}_is_missing"),
            &format!("NOT {}", checks::subscription_exists(slot, "")),
            &create.to_sql(),
        ));
        parts.push(only_if(
            &format!("subscription_{number}_is_disabled"),
            &checks::subscription_exists(slot, " AND NOT s.subenabled"),
            &format!("ALTER SUBSCRIPTION {} ENABLE;", quote_identifier(&slot.subscription)),
        ));
    }
    let bytes: u64 = context.plan.slots.iter().map(|slot| slot.copy_bytes).sum();
    finish(
        context,
        Step {
            why: "Each subscription follows one slot. It copies its tables with a few workers at a time and then applies \
                  what was written meanwhile."
                .into(),
            hazard: Some(
                "The connection string is stored on the subscriber and may be logged with the statement: leave the \
                 password to a password file of the subscriber's server where the versions allow it. The initial copy reads \
                 every table of the publisher once."
                    .into(),
            ),
            undo: Some("90_subscriber_cleanup.sql, then 91_publisher_cleanup.sql; then empty the tables.".into()),
            variables: vec![Variable {
                name: "publisher_dsn".into(),
                meaning: "connection string by which the subscriber's server reaches the publisher's database, with a role \
                          that has REPLICATION and SELECT on the tables"
                    .into(),
                required: true,
            }],
            duration: format!("seconds; the copy of {} then runs by itself", Bytes(bytes as f64)),
            body: paragraphs(&parts),
            ..step(
                "60_subscriber_subscriptions.sql",
                Phase::Start,
                Side::Subscriber,
                "Creates and enables the subscriptions; the initial copy starts.",
            )
        },
    )
}

/// Seconds of the slowest subscription's copy, if tables are copied `sync_workers` at a time.
fn copy_seconds(context: &Context<'_>) -> f64 {
    let workers = f64::from(context.plan.policy.sync_workers);
    let seconds = |slot: &PlannedSlot| {
        let largest = slot.tables.iter().map(|table| table.copy_bytes).max().unwrap_or(0) as f64;
        (slot.copy_bytes as f64 / workers).max(largest) / COPY_BYTES_PER_S
    };
    context.plan.slots.iter().map(seconds).fold(0.0, f64::max)
}

fn ready(context: &Context<'_>) -> Step {
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
      WITH planned AS (SELECT * FROM {planned})
      SELECT format('table %I.%I of subscription %I: %s', planned.schema_name, planned.table_name, planned.subscription_name,
                    CASE r.srsubstate WHEN 'i' THEN 'not begun' WHEN 'd' THEN 'being copied' WHEN 'f' THEN 'copied'
                      WHEN 's' THEN 'synchronized' ELSE 'not subscribed' END)
      FROM planned
      LEFT JOIN (pg_subscription_rel AS r JOIN pg_subscription AS s ON s.oid = r.srsubid AND s.subenabled
                 JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
                 JOIN pg_class AS c ON c.oid = r.srrelid JOIN pg_namespace AS n ON n.oid = c.relnamespace)
        ON s.subname = planned.subscription_name AND n.nspname = planned.schema_name AND c.relname = planned.table_name
      WHERE r.srsubstate IS DISTINCT FROM 'r') AS q(line)) AS numbered;
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
        planned = checks::received_names(context),
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

fn caught_up(context: &Context<'_>) -> Step {
    let lost = if context.plan.publisher_version.major() >= 13 { " OR s.wal_status = 'lost'" } else { "" };
    let planned = checks::planned_slots(context);
    let wait = do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + make_interval(secs => current_setting('pgslotplan.wait_seconds')::double precision);
  fence pg_lsn := pg_current_wal_insert_lsn();
  pending bigint;
  gone bigint;
  lines text;
BEGIN
  -- something to pass the fence with, when nobody writes
  PERFORM pg_logical_emit_message(false, 'pgslotplan', 'fence');
  LOOP
    SELECT count(*), count(*) FILTER (WHERE s.slot_name IS NULL{lost}),
           string_agg(format('slot %I: %s', planned.slot_name,
             CASE WHEN s.slot_name IS NULL THEN 'missing'
                  ELSE format('%s bytes behind, %s', pg_wal_lsn_diff(fence, s.confirmed_flush_lsn),
                              CASE WHEN s.active THEN 'connected' ELSE 'not connected' END) END),
             chr(10) ORDER BY planned.slot_name)
      INTO pending, gone, lines
      FROM {planned}
      LEFT JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.database = current_database()
      WHERE (s.confirmed_flush_lsn >= fence) IS NOT TRUE{lost};
    EXIT WHEN pending = 0;
    IF gone > 0 OR clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = format('%s slots have not passed %s', pending, fence), DETAIL = lines,
        HINT = CASE WHEN gone > 0 THEN 'A slot that is missing or lost needs a new start of its subscription.'
                    ELSE 'Look at the log of the subscriber. Run this file again to wait longer.' END;
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
  RAISE INFO 'every slot has passed %', fence;
END",
    ));
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

fn stop(context: &Context<'_>) -> Step {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let mut parts = vec![session::require_mark(context)];
    for (number, slot) in context.plan.slots.iter().enumerate() {
        parts.push(only_if(
            &format!("subscription_{number}_is_enabled"),
            &checks::subscription_exists(slot, " AND s.subenabled"),
            &format!("ALTER SUBSCRIPTION {} DISABLE;", quote_identifier(&slot.subscription)),
        ));
    }
    parts.push(format!(
        "UPDATE {}.plan SET stopped = true WHERE prefix = {prefix} AND NOT stopped;",
        session::STATE_SCHEMA
    ));
    finish(
        context,
        Step {
            why: "Foreign keys come back and writes open only when nothing is applied any more.".into(),
            hazard: Some(
                "Run it after the writes to the publisher have stopped and 71_publisher_caught_up.sql has said yes: what is \
                 not applied by then does not come. The slots keep WAL on the publisher until the clean-up."
                    .into(),
            ),
            undo: Some(format!(
                "As long as nothing was written to the subscriber: UPDATE {}.plan SET stopped = false; then 60_subscriber_subscriptions.sql.",
                session::STATE_SCHEMA
            )),
            body: paragraphs(&parts),
            go: "Copy the sequences' values, then go on.".into(),
            ..step("80_subscriber_stop.sql", Phase::Cutover, Side::Subscriber, "Disables the subscriptions.")
        },
    )
}

/// Refuses while a planned subscription could still apply a TRUNCATE.
fn require_stopped(context: &Context<'_>) -> String {
    super::ddl::raise_if_any(
        &format!(
            "      SELECT format('subscription %I', s.subname) FROM {} JOIN pg_subscription AS s ON s.subname = planned.subscription_name
      JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() WHERE s.subenabled",
            checks::planned_slots(context)
        ),
        "subscriptions are still enabled",
        "A replicated TRUNCATE would stop them for ever once the foreign keys are back. Run 80_subscriber_stop.sql first.",
    )
}

fn restore_foreign_keys(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "NOT VALID foreign keys guard every new row and need no scan, so that writes can open at once.".into(),
            hazard: Some(
                "Each ALTER TABLE locks both of its tables for a moment; it gives up after 5 s: run the file again."
                    .into(),
            ),
            undo: Some("40_subscriber_foreign_keys_drop.sql drops them again.".into()),
            go: "Open the writes when the exit code is 0.".into(),
            body: paragraphs(&[
                session::require_mark(context),
                require_stopped(context),
                foreign_keys::restore_not_valid(context),
            ]),
            ..step(
                "81_subscriber_foreign_keys_restore.sql",
                Phase::Cutover,
                Side::Subscriber,
                "Adds the dropped foreign keys again, without looking at the rows that are there.",
            )
        },
    )
}

fn validate_foreign_keys(context: &Context<'_>) -> Step {
    finish(
        context,
        Step {
            why: "Validation proves that no slot lost a row that another one refers to.".into(),
            hazard: Some(
                "Reads every referencing table once, beside writes. An orphaned row makes it fail: that row shows a \
                 transaction that was replicated in part, or one that was orphaned on the publisher."
                    .into(),
            ),
            undo: Some("40_subscriber_foreign_keys_drop.sql drops them again.".into()),
            duration: "one read of each referencing table".into(),
            go: "Clean up when the exit code is 0.".into(),
            body: paragraphs(&[
                session::require_mark(context),
                require_stopped(context),
                foreign_keys::validate(context),
            ]),
            ..step(
                "82_subscriber_foreign_keys_validate.sql",
                Phase::Cutover,
                Side::Subscriber,
                "Checks all rows against the restored foreign keys, and their definitions against those that were dropped.",
            )
        },
    )
}

fn subscriber_cleanup(context: &Context<'_>) -> Step {
    let mut parts = Vec::new();
    for (number, slot) in context.plan.slots.iter().enumerate() {
        let name = quote_identifier(&slot.subscription);
        let ours = format!(
            " AND s.subpublications = {} AND coalesce(s.subslotname, {slot}) = {slot}",
            checks::publication_list(context, slot),
            slot = quote_literal(slot.name.as_str())
        );
        parts.push(only_if(
            &format!("subscription_{number}_exists"),
            &checks::subscription_exists(slot, &ours),
            &format!(
                "ALTER SUBSCRIPTION {name} DISABLE;\nALTER SUBSCRIPTION {name} SET (slot_name = NONE);\nDROP SUBSCRIPTION {name};"
            ),
        ));
    }
    if foreign_keys::are_cut(context) {
        parts.push(foreign_keys::forget_restored(context));
    }
    let state = session::STATE_SCHEMA;
    parts.push(only_if(
        "is_marked",
        &format!("to_regclass('{state}.plan') IS NOT NULL"),
        &format!(
            "DELETE FROM {state}.plan WHERE prefix = {} AND plan_sha256 = {};
SELECT NOT EXISTS (SELECT FROM {state}.plan) AS none_left
\\gset
\\if :none_left
DROP TABLE {state}.plan;
\\endif",
            quote_literal(&context.plan.policy.prefix),
            quote_literal(&context.plan.plan_sha256)
        ),
    ));
    parts.push(guards::drop_empty_state_schema());
    finish(
        context,
        Step {
            why: "The subscriptions let go of their slots first, so that this works while the publisher is gone; the slots \
                  are dropped by 91_publisher_cleanup.sql."
                .into(),
            hazard: Some("The subscriber stops following the publisher for good: going on needs a new copy.".into()),
            body: paragraphs(&parts),
            ..step(
                "90_subscriber_cleanup.sql",
                Phase::Cleanup,
                Side::Subscriber,
                "Drops the plan's subscriptions and what was remembered for it.",
            )
        },
    )
}

fn publisher_cleanup(context: &Context<'_>) -> Step {
    let planned = checks::planned_slots(context);
    let drop_slots = do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
  item record;
BEGIN
  -- a walsender that just lost its subscription needs a moment to end
  WHILE EXISTS (SELECT FROM {planned} JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name
                WHERE s.active AND s.plugin = 'pgoutput' AND s.database = current_database()) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'a planned replication slot is still in use', HINT = 'Run 90_subscriber_cleanup.sql first.';
    END IF;
    PERFORM pg_sleep(0.1);
  END LOOP;
  FOR item IN SELECT s.slot_name FROM {planned} JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name
              WHERE s.plugin = 'pgoutput' AND s.database = current_database() ORDER BY s.slot_name LOOP
    PERFORM pg_drop_replication_slot(item.slot_name);
  END LOOP;
END"
    ));
    let mut drops = String::new();
    for (number, published) in context.publications.iter().enumerate() {
        let query = checks::publication_exists(published);
        let statement = format!("DROP PUBLICATION {};", quote_identifier(published.name));
        let _ = write!(
            drops,
            "{}{}",
            if number > 0 { "\n\n" } else { "" },
            only_if(&format!("publication_{number}_exists"), &query, &statement)
        );
    }
    let mut parts = vec![drop_slots, drops];
    if guards::guards_truncate(context) {
        parts.push(guards::allow_truncate(context));
    }
    if guards::sets_identities(context) {
        parts.push(guards::restore_identities(context));
    }
    parts.push(guards::drop_empty_state_schema());
    finish(
        context,
        Step {
            why: "Slots that nobody uses keep WAL until the disk is full.".into(),
            hazard: Some("The subscriber cannot go on from here: what it has not applied does not come.".into()),
            body: paragraphs(&parts),
            ..step(
                "91_publisher_cleanup.sql",
                Phase::Cleanup,
                Side::Publisher,
                "Drops the plan's slots, publications and guards, and sets changed replica identities back.",
            )
        },
    )
}
