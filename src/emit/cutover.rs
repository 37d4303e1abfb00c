//! The night itself: writes stop, everything arrives, the subscriptions end, foreign keys return, the application moves.
//! `cutover.sh` runs the parts in one go; each is a step of its own too.

use super::{
    Context, checks,
    copy::{finish, paragraphs, step},
    ddl::{do_block, only_if, until_gone},
    foreign_keys,
    script::{Phase, Side, Step, Variable},
    session::{self, STATE_SCHEMA},
    support,
};
use crate::names::{quote_identifier, quote_literal};

pub(super) fn stop(context: &Context<'_>) -> Step {
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
    parts.push(end_workers(context));
    finish(
        context,
        Step {
            why: "Foreign keys come back and writes open only when nothing is applied any more. Apply workers are ended, since an \
                  idle one looks for it once a second only."
                .into(),
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
            ..step("80_subscriber_stop.sql", Phase::Cutover, Side::Subscriber, "Disables the subscriptions and waits for their workers' end.")
        },
    )
}

/// An apply worker looks only once a second whether its subscription was disabled, up to 15. It has nothing to do by now.
fn end_workers(context: &Context<'_>) -> String {
    let workers = format!(
        "FROM {} JOIN pg_subscription AS s ON s.subname = planned.subscription_name
    JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
    JOIN pg_stat_subscription AS w ON w.subid = s.oid AND w.pid IS NOT NULL",
        checks::planned_slots(context)
    );
    do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
BEGIN
  BEGIN
    PERFORM pg_terminate_backend(w.pid) {workers};
  EXCEPTION WHEN insufficient_privilege THEN
    NULL; -- they end by themselves
  END;
{}
END",
        until_gone(
            &workers,
            "0.01",
            "apply workers have not ended",
            "Look at the log of the subscriber, then run this file again."
        )
    ))
}

/// Refuses while a planned subscription could still apply a TRUNCATE.
pub(super) fn require_stopped(context: &Context<'_>) -> String {
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

pub(super) fn restore_foreign_keys(context: &Context<'_>) -> Step {
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

pub(super) fn validate_foreign_keys(context: &Context<'_>) -> Step {
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
                "88_subscriber_foreign_keys_validate.sql",
                Phase::Cutover,
                Side::Subscriber,
                "Checks all rows against the restored foreign keys, and their definitions against those that were dropped.",
            )
        },
    )
}

/// A step that is one call of a shell function.
fn shell(context: &Context<'_>, step: Step, call: &str) -> Step {
    let title = step.file.trim_end_matches(".sh").to_owned();
    let lines = format!("begin {title}\n{{ {call}; }} || finish $? \"failed; the reason is above\"\nfinish 0 done");
    let body = support::shell_step(context, &step, &["verify.sh", "cutover.sh"], &lines);
    Step { body, ..step }
}

/// VACUUM (ANALYZE), largest and quietest first, several at once.
pub(super) fn vacuum(context: &Context<'_>) -> Step {
    let step = Step {
        why: "Copied tables have neither statistics nor a visibility map: the first queries after the cutover would be slow, and \
              an anti-wraparound vacuum would come at its own time."
            .into(),
        hazard: Some("Reads every table and its indexes once on the subscriber; replication goes on beside it.".into()),
        duration: "one read of everything on the subscriber, VACUUM_JOBS tables at a time (2)".into(),
        expected: "The number of tables; exit code 0.".into(),
        go: "Go on when the exit code is 0. Run it again shortly before the night: tables without changes take moments.".into(),
        ..step(
            "76_shell_vacuum.sh",
            Phase::Cutover,
            Side::Shell,
            "VACUUM (ANALYZE) of every planned table on the subscriber, in parallel, large and quiet ones first.",
        )
    };
    let lines = "begin 76_shell_vacuum
jobs=${VACUUM_JOBS:-2}
job=0
pids=
while [ \"$job\" -lt \"$jobs\" ]; do
    psql_subscriber -v jobs=\"$jobs\" -v job=\"$job\" -f \"$here/lib/vacuum_subscriber.sql\" &
    pids=\"$pids $!\"
    job=$((job + 1))
done
# shellcheck disable=SC2064
trap \"kill $pids 2>/dev/null; exit 130\" INT TERM HUP
code=0
for pid in $pids; do wait \"$pid\" || code=$?; done
[ \"$code\" -eq 0 ] || finish \"$code\" \"a table could not be vacuumed; run it again\"
finish 0 done";
    let body = support::shell_step(context, &step, &[], lines);
    Step { body, ..step }
}

/// The vacuum's SQL: each job takes every so-many-th table of one order.
pub(super) fn vacuum_sql(context: &Context<'_>) -> super::Support {
    let planned = checks::received_names(context);
    let body = format!(
        "SET statement_timeout = 0;
SET lock_timeout = '60s';
-- large tables first, so that none is alone at the end; among equals the ones with most changes last, so that their
-- statistics are fresh. Partitioned tables stand for their partitions.
SELECT format('VACUUM (ANALYZE) %I.%I', schema_name, table_name) FROM (
    SELECT schema_name, table_name, row_number() OVER (ORDER BY width_bucket(ln(1 + bytes), 0, 40, 20) DESC, changes, schema_name, table_name) AS place
    FROM (
        SELECT p.schema_name, p.table_name,
               sum(pg_total_relation_size(t.oid)) AS bytes,
               coalesce(sum(s.n_tup_ins + s.n_tup_upd + s.n_tup_del), 0) AS changes
        FROM (SELECT DISTINCT schema_name, table_name FROM {planned}) AS p
        JOIN pg_namespace AS n ON n.nspname = p.schema_name
        JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = p.table_name
        JOIN LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) AS t(oid) ON true
        LEFT JOIN pg_stat_user_tables AS s ON s.relid = t.oid
        GROUP BY p.schema_name, p.table_name) AS sized
    ) AS placed
WHERE place % :'jobs'::integer = :'job'::integer ORDER BY place
\\gexec"
    );
    support::sql(
        context,
        Side::Subscriber,
        "lib/vacuum_subscriber.sql",
        "Vacuums one job's share of the planned tables.",
        &[("jobs", "how many jobs there are"), ("job", "which of them this is, from 0")],
        &[session::require_mark(context), body],
    )
}

/// DDL is refused on the publisher until the guard goes.
pub(super) fn freeze(context: &Context<'_>) -> Step {
    let name = freeze_name(context);
    let body = format!(
        "{}
CREATE OR REPLACE FUNCTION {STATE_SCHEMA}.refuse_ddl() RETURNS event_trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $pgslotplan$
DECLARE
  item record;
BEGIN
  -- our own files and temporary objects may go on; refreshed views are data
  IF current_setting('pgslotplan.ddl', true) = 'on' OR tg_tag = 'REFRESH MATERIALIZED VIEW' THEN
    RETURN;
  END IF;
  IF tg_event = 'sql_drop' THEN
    FOR item IN SELECT object_identity FROM pg_event_trigger_dropped_objects() WHERE NOT is_temporary LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = 'Wait for its end. Whoever runs it can take the event trigger away.';
    END LOOP;
  ELSE
    FOR item IN SELECT object_identity FROM pg_event_trigger_ddl_commands() WHERE schema_name IS DISTINCT FROM 'pg_temp' LOOP
      RAISE EXCEPTION USING MESSAGE = format('%s%s is refused: the schema is frozen for a migration', tg_tag, ' of ' || item.object_identity),
        HINT = 'Wait for its end. Whoever runs it can take the event trigger away.';
    END LOOP;
  END IF;
END
$pgslotplan$;

{}

{}",
        session::create_state_schema(),
        only_if(
            "freeze_is_missing",
            &format!("NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = {})", quote_literal(&name)),
            &format!("CREATE EVENT TRIGGER {} ON ddl_command_end EXECUTE FUNCTION {STATE_SCHEMA}.refuse_ddl();", quote_identifier(&name)),
        ),
        only_if(
            "freeze_drop_is_missing",
            &format!("NOT EXISTS (SELECT FROM pg_event_trigger WHERE evtname = {})", quote_literal(&format!("{name}_drop"))),
            &format!(
                "CREATE EVENT TRIGGER {} ON sql_drop EXECUTE FUNCTION {STATE_SCHEMA}.refuse_ddl();",
                quote_identifier(&format!("{name}_drop"))
            ),
        ),
    );
    finish(
        context,
        Step {
            why: "DDL is not replicated: a column that is added tonight stops its slot, and a table that is added is not there tomorrow."
                .into(),
            hazard: Some(
                "From now on CREATE, ALTER and DROP fail in the application too, except of temporary objects. Needs a superuser, or \
                 what the provider has for event triggers."
                    .into(),
            ),
            undo: Some("thaw_publisher.sql, or the clean-up.".into()),
            body,
            ..step("77_publisher_ddl_freeze.sql", Phase::Cutover, Side::Publisher, "Refuses DDL on the publisher.")
        },
    )
}

fn freeze_name(context: &Context<'_>) -> String {
    format!("{}_refuse_ddl", context.plan.policy.prefix)
}

/// Statements that let DDL through again.
pub(super) fn thaw(context: &Context<'_>) -> String {
    let name = freeze_name(context);
    format!(
        "DROP EVENT TRIGGER IF EXISTS {};\nDROP EVENT TRIGGER IF EXISTS {};\nDROP FUNCTION IF EXISTS {STATE_SCHEMA}.refuse_ddl();",
        quote_identifier(&name),
        quote_identifier(&format!("{name}_drop"))
    )
}

pub(super) fn quiesce(context: &Context<'_>) -> Step {
    shell(
        context,
        Step {
            why: "A pause waits for every open transaction: fewer are open when jobs rest and a page says so. Readers move to \
                  replicas of the new server first, where there are any."
                .into(),
            expected: "What your commands print; exit code 0.".into(),
            undo: Some("abort.sh calls the opposite commands.".into()),
            duration: "as long as your commands take".into(),
            ..step(
                "77_shell_quiesce.sh",
                Phase::Cutover,
                Side::Shell,
                "Calls your commands: maintenance page on, job workers paused, readers moved.",
            )
        },
        "quiesce",
    )
}

pub(super) fn pause(context: &Context<'_>) -> Step {
    shell(
        context,
        Step {
            why: "Clients wait instead of failing: PgBouncer lets each transaction end and holds the next one back.".into(),
            hazard: Some(
                "The application stands from here until RESUME. A client that waits longer than query_wait_timeout (120 s) is \
                 disconnected. If a pool is not idle within PAUSE_SECONDS everything is resumed by itself."
                    .into(),
            ),
            undo: Some("abort.sh".into()),
            expected: "No output and exit code 0: each entry is paused and has no server connection.".into(),
            duration: "as long as the longest open transaction; at most PAUSE_SECONDS (10)".into(),
            go: "4: not idle in time; the application goes on. Find the long transaction, try again.".into(),
            ..step(
                "78_pgbouncer_pause.sh",
                Phase::Cutover,
                Side::Pgbouncer,
                "Closes the new server for writes, then pauses the entries on every PgBouncer process.",
            )
        },
        "prepare_pause && pause_all",
    )
}

pub(super) fn move_sequences(context: &Context<'_>) -> Step {
    shell(
        context,
        Step {
            why: "Values of sequences are not replicated: the next insert would take a number that is there already."
                .into(),
            expected: "No output and exit code 0. A sequence that the subscriber lacks is an error.".into(),
            undo: Some("Not needed: numbers are only skipped.".into()),
            ..step(
                "82_shell_sequences.sh",
                Phase::Cutover,
                Side::Shell,
                "Sets the subscriber's sequences to the publisher's values; never called, restarted and descending ones too.",
            )
        },
        "sequences publisher subscriber",
    )
}

pub(super) fn switch(context: &Context<'_>) -> Step {
    shell(
        context,
        Step {
            why: "While they are paused, no client notices. Without the pause both servers would be written at once."
                .into(),
            undo: Some("abort.sh".into()),
            expected: "RELOAD, and exit code 0: SHOW DATABASES of every process names the new server for every entry."
                .into(),
            go: "4 names the process and entry that still lead elsewhere: no-go.".into(),
            ..step(
                "85_pgbouncer_switch.sh",
                Phase::Cutover,
                Side::Pgbouncer,
                "Leads the entries of every PgBouncer process to the new server, and proves it.",
            )
        },
        "switch_all \"$NEW_HOST\" \"$NEW_PORT\"",
    )
}

pub(super) fn resume(context: &Context<'_>) -> Step {
    shell(
        context,
        Step {
            why: "The point of no return: from the first write on, the way back is rollback.sh. The new server notes it in the \
                  transaction that opens it for writes."
                .into(),
            hazard: Some("abort.sh refuses from here on.".into()),
            undo: Some("rollback.sh".into()),
            expected: "No output and exit code 0; clients go on.".into(),
            go: "Before: every step above ended with 0, nobody else is connected to the old server.".into(),
            ..step(
                "86_pgbouncer_resume.sh",
                Phase::Cutover,
                Side::Pgbouncer,
                "Looks once more for sessions on the old server, opens the new one, and resumes.",
            )
        },
        "open_new",
    )
}

pub(super) fn prove(context: &Context<'_>) -> Step {
    shell(
        context,
        Step {
            why: "A PgBouncer that was forgotten goes on with the old server; its clients would see errors there.".into(),
            expected: "Exit code 0: no connection of any PgBouncer process leads to the old server, nobody is connected there, old \
                       replicas are empty."
                .into(),
            duration: "one or two seconds".into(),
            go: "4 names the process or the sessions: find and move them at once.".into(),
            ..step(
                "87_shell_prove.sh",
                Phase::Cutover,
                Side::Shell,
                "Proves that nothing goes to the old server any more, then lets job workers and the page go on.",
            )
        },
        "prove_and_end",
    )
}

/// The roles that may keep a session and whether others are ended.
fn session_variables() -> Vec<Variable> {
    vec![Variable {
        name: "allowed".into(),
        meaning: "roles whose sessions may stay, separated by commas; none when not given".into(),
        required: false,
    }]
}

const OPTIONAL: &str = "\\if :{?allowed}\n\\else\n\\set allowed ''\n\\endif\nSET pgslotplan.allowed = :'allowed';";

/// A query of the sessions that could still write, one line each.
const SESSIONS: &str = "      SELECT format('%s of role %s from %s:%s, %s since %s', a.application_name, a.usename, coalesce(host(a.client_addr), 'socket'), a.client_port,
                    coalesce(a.state, '?'), to_char(a.backend_start AT TIME ZONE 'UTC', 'HH24:MI:SS'))
      FROM pg_stat_activity AS a
      WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
        AND a.application_name <> 'pgslotplan'
        AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','))";

/// Raises while somebody else is connected.
pub(super) fn no_sessions() -> String {
    super::ddl::raise_if_any(
        SESSIONS,
        "sessions do not come through the paused PgBouncers",
        "A PgBouncer that cutover.conf does not list, or a client that goes around it. List it, or end them.",
    )
}

/// The database read-only for every role, also for those with a setting of their own; what was set before is remembered.
pub(super) fn close_sql(context: &Context<'_>) -> String {
    let prefix = quote_literal(&context.plan.policy.prefix);
    format!(
        "{}
CREATE TABLE IF NOT EXISTS {STATE_SCHEMA}.stopped_writes (
    prefix text NOT NULL,
    role_name name NOT NULL,
    old_value text,
    stopped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (prefix, role_name)
);
-- a setting of a role wins over that of the database, so each such role gets one for this database
INSERT INTO {STATE_SCHEMA}.stopped_writes (prefix, role_name, old_value)
SELECT {prefix}, coalesce(r.rolname, ''), (
    SELECT substr(c, length('default_transaction_read_only=') + 1)
    FROM pg_db_role_setting AS own, unnest(own.setconfig) AS c
    WHERE own.setrole = w.setrole AND own.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND c LIKE 'default\\_transaction\\_read\\_only=%')
FROM (SELECT 0::oid AS setrole
      UNION SELECT s.setrole FROM pg_db_role_setting AS s, unnest(s.setconfig) AS c
      WHERE s.setrole <> 0 AND s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
        AND c LIKE 'default\\_transaction\\_read\\_only=%') AS w
LEFT JOIN pg_roles AS r ON r.oid = w.setrole
WHERE w.setrole = 0 OR r.oid IS NOT NULL
ON CONFLICT DO NOTHING;

SELECT CASE WHEN role_name = '' THEN format('ALTER DATABASE %I SET default_transaction_read_only = on', current_database())
            ELSE format('ALTER ROLE %I IN DATABASE %I SET default_transaction_read_only = on', role_name, current_database()) END
FROM {STATE_SCHEMA}.stopped_writes WHERE prefix = {prefix}
\\gexec",
        session::create_state_schema()
    )
}

/// The database closed for writes, and its sessions ended or listed.
pub(super) fn stop_writes_sql(context: &Context<'_>) -> Vec<String> {
    let prepared = super::ddl::raise_if_any(
        "      SELECT format('prepared transaction %s of %s', gid, owner) FROM pg_prepared_xacts WHERE database = current_database()",
        "prepared transactions are open",
        "Commit or roll them back first.",
    );
    let end = do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + interval '5 s';
BEGIN
  -- each look is a snapshot of its own
  PERFORM pg_terminate_backend(a.pid) FROM pg_stat_activity AS a
  WHERE {SAME};
  WHILE EXISTS (SELECT FROM pg_stat_activity AS a WHERE {SAME}) AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.02);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END",
        SAME = "a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    AND a.application_name <> 'pgslotplan' AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ','))"
    ));
    // a connection that PgBouncer closed needs a moment to be gone
    let settle = do_block(
        "DECLARE
  deadline timestamptz := clock_timestamp() + interval '1 s';
BEGIN
  WHILE EXISTS (SELECT FROM pg_stat_activity AS a WHERE a.datname = current_database() AND a.backend_type = 'client backend'
      AND a.pid <> pg_backend_pid() AND a.application_name <> 'pgslotplan'
      AND a.usename <> ALL (string_to_array(replace(current_setting('pgslotplan.allowed'), ' ', ''), ',')))
    AND clock_timestamp() < deadline LOOP
    PERFORM pg_sleep(0.01);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END",
    );
    let asked =
        "\\if :{?terminate}\n\\else\n\\set terminate no\n\\endif\nSELECT :'terminate' = 'yes' AS ends_others\n\\gset";
    let ended = format!("\\if :ends_others\n{end}\n\\endif");
    // looked at before anything is changed: a session that begins while the database is read-only stays so for its life
    let first = format!("\\if :ends_others\n\\else\n{settle}\n{}\n\\endif", no_sessions());
    vec![OPTIONAL.into(), asked.into(), prepared, first, close_sql(context), ended, settle, no_sessions()]
}

/// Everything as it was before [`stop_writes_sql`].
pub(super) fn open_writes_sql(context: &Context<'_>) -> String {
    let prefix = quote_literal(&context.plan.policy.prefix);
    only_if(
        "writes_are_stopped",
        &format!("to_regclass('{STATE_SCHEMA}.stopped_writes') IS NOT NULL"),
        &format!(
            "SELECT format('ALTER %s %s', CASE WHEN role_name = '' THEN format('DATABASE %I', current_database())
                             ELSE format('ROLE %I IN DATABASE %I', role_name, current_database()) END,
              CASE WHEN old_value IS NULL THEN 'RESET default_transaction_read_only'
                   ELSE format('SET default_transaction_read_only = %L', old_value) END)
FROM {STATE_SCHEMA}.stopped_writes WHERE prefix = {prefix} AND (role_name = '' OR EXISTS (SELECT FROM pg_roles WHERE rolname = role_name))
\\gexec
{}",
            session::forget("stopped_writes", &prefix)
        ),
    )
}

pub(super) fn stop_writes(context: &Context<'_>) -> Step {
    let mut variables = session_variables();
    variables.push(Variable {
        name: "terminate".into(),
        meaning: "yes: other sessions are ended; no (the default): they are listed and the file fails".into(),
        required: false,
    });
    finish(
        context,
        Step {
            why: "A pause holds back only what comes through the PgBouncers that are listed. A setting of a role wins over that of \
                  the database, so those roles get one too."
                .into(),
            hazard: Some("A session that says SET TRANSACTION READ WRITE can still write: the transaction counter shows it.".into()),
            undo: Some("abort.sh, or lib/writes_open_publisher.sql.".into()),
            expected: "No output and exit code 0. Other sessions are listed: a PgBouncer that was forgotten looks like that.".into(),
            variables,
            body: paragraphs(&stop_writes_sql(context)),
            ..step(
                "78_publisher_writes_stop.sql",
                Phase::Cutover,
                Side::Publisher,
                "Makes the database read-only for all roles; nobody else may be connected, nothing may be prepared.",
            )
        },
    )
}

/// Files that the cutover and the ways back run.
pub(super) fn files(context: &Context<'_>) -> Vec<super::Support> {
    let publisher = |file: &str, what: &str, variables: &[(&str, &str)], parts: &[String]| {
        support::sql(context, Side::Publisher, file, what, variables, parts)
    };
    let subscriber = |file: &str, what: &str, variables: &[(&str, &str)], parts: &[String]| {
        support::sql(context, Side::Subscriber, file, what, variables, parts)
    };
    let prefix = quote_literal(&context.plan.policy.prefix);
    let planned = checks::planned_slots(context);
    let not_ready = format!(
        "SELECT format('slot %I: %s', planned.slot_name, CASE WHEN s.slot_name IS NULL THEN 'missing' WHEN NOT s.active THEN 'not connected'
             ELSE format('%s bytes behind', pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn)) END) AS line
      FROM {planned} LEFT JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.database = current_database()
      WHERE (s.active AND pg_wal_lsn_diff(pg_current_wal_insert_lsn(), s.confirmed_flush_lsn) <= current_setting('pgslotplan.most_bytes_behind')::numeric) IS NOT TRUE"
    );
    let ready = format!(
        "SET pgslotplan.most_bytes_behind = :'most_bytes_behind';\n{}",
        do_block(&format!(
            "DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
  lines text;
BEGIN
  LOOP
    SELECT string_agg(line, chr(10) ORDER BY line) INTO lines FROM ({not_ready}) AS q;
    EXIT WHEN lines IS NULL;
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'slots are not ready for the cutover', DETAIL = lines,
        HINT = 'Wait until they have caught up; MOST_BYTES_BEHIND is the limit.';
    END IF;
    PERFORM pg_sleep(0.2);
  END LOOP;
END"
        ))
    );
    vec![
        support::shell("lib/cutover.sh", include_str!("assets/cutover.sh")),
        support::shell("cutover.conf.example", include_str!("assets/cutover.conf.example")),
        vacuum_sql(context),
        publisher(
            "lib/ready_publisher.sql",
            "Waits up to 30 s until every slot is close enough.",
            &[("most_bytes_behind", "the limit")],
            &[ready],
        ),
        publisher(
            "lib/counter_publisher.sql",
            "Writes the publisher's transaction counter, and when its writes were stopped; takes no transaction itself.",
            &[("out", "the file to write")],
            &[format!(
                "\\o :out\nCOPY (SELECT txid_snapshot_xmax(txid_current_snapshot()), extract(epoch FROM min(stopped_at)) FROM {STATE_SCHEMA}.stopped_writes WHERE prefix = {prefix}) TO STDOUT (DELIMITER ' ');\n\\o"
            )],
        ),
        publisher(
            "lib/sessions_publisher.sql",
            "Fails while somebody else is connected.",
            &[],
            &[OPTIONAL.into(), no_sessions()],
        ),
        publisher("lib/writes_open_publisher.sql", "Opens the writes again.", &[], &[open_writes_sql(context)]),
        subscriber(
            "lib/writes_stop_subscriber.sql",
            "Stops the writes on the new server.",
            &[],
            &stop_writes_sql(context),
        ),
        subscriber(
            "lib/writes_open_subscriber.sql",
            "Opens the writes on the new server again.",
            &[],
            &[open_writes_sql(context)],
        ),
    ]
}
