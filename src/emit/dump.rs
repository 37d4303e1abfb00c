//! Bootstrap `dump`: one exported snapshot for all slots, one shell step (postgres.md §9.3, method A).
//!
//! The snapshot lives as long as the replication connection that made the first slot, so slots, dump and restore cannot
//! be steps of their own. The first slot is made with EXPORT_SNAPSHOT and copied: all slots then stand at the snapshot's
//! position, and the subscriptions need no origin to be advanced.

use super::{
    Context, bootstrap, checks,
    copy::{finish, paragraphs, step},
    ddl::{Value, do_block, only_if, values},
    script::{Phase, Side, Step},
    session, shell,
};
use crate::{
    names::{quote_identifier, quote_literal},
    units::Bytes,
    workload::TableKind,
};

pub(super) fn load(context: &Context<'_>) -> Step {
    let bytes: u64 = context.plan.slots.iter().map(|slot| slot.copy_bytes).sum();
    let mut variables = shell::connections();
    variables.push(shell::variable("PGSLOTPLAN_DUMP", "folder for the dump, with room for the compressed data", true));
    variables.push(shell::variable("PGSLOTPLAN_JOBS", "tables dumped and restored at a time, 4 when not given", false));
    let body = paragraphs(&[
        shell::needs(&["psql", "pg_dump", "pg_restore", "mkfifo", "awk"]),
        shell::dump_version(context),
        shell::servers(context),
        begin(context),
        snapshot(context),
        copies(context),
        dump(context),
        restore(context),
    ]);
    finish(
        context,
        Step {
            why: "All slots begin at the position of one exported snapshot, and the dump is that snapshot: no row is missing, \
                  none comes twice. The snapshot ends with its connection, so this step is one."
                .into(),
            hazard: Some(
                "Making the first slot waits for every transaction that is writing now. The publisher keeps all WAL from here \
                 on, and the snapshot holds back vacuum while the dump runs. If it stops in the middle, run it again: it drops \
                 its slots, empties the tables that it filled and starts over."
                    .into(),
            ),
            undo: Some("90_subscriber_cleanup.sql, then 91_publisher_cleanup.sql; then empty the tables.".into()),
            variables,
            expected: "What it is doing, a line each; exit code 0. pg_dump's warning about circular foreign keys does not matter: \
                       they are not checked while the data comes. A second run says that the data is there."
                .into(),
            duration: format!("a dump and a restore of {}", Bytes(bytes as f64)),
            body,
            ..step(
                "50_shell_dump.sh",
                Phase::Start,
                Side::Shell,
                "Makes the slots at one exported snapshot, dumps it in parallel and restores it on the subscriber.",
            )
        },
    )
}

/// Decides whether there is anything to do, and takes away what an earlier run left.
fn begin(context: &Context<'_>) -> String {
    let (prefix, digest) = bootstrap::literals(context);
    let state = session::STATE_SCHEMA;
    let planned = checks::planned_slots(context);
    let look = format!(
        "{mark}
{table}
{enabled}
INSERT INTO {state}.bootstrap (prefix, plan_sha256, state) VALUES ({prefix}, {digest}, 'new') ON CONFLICT DO NOTHING;
SELECT state FROM {state}.bootstrap WHERE prefix = {prefix};",
        mark = session::mark_subscriber(context),
        table = bootstrap::create_table(),
        enabled = do_block(&format!(
            "BEGIN
  IF EXISTS (SELECT FROM {state}.bootstrap WHERE prefix = {prefix} AND state = 'started')
     OR EXISTS (SELECT FROM {planned} JOIN pg_subscription AS s ON s.subname = planned.subscription_name
                JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database() WHERE s.subenabled) THEN
    RAISE EXCEPTION USING MESSAGE = 'a subscription of the plan was enabled: loading again would lose what it applied',
      HINT = 'There is nothing to load any more. To begin anew: 90_subscriber_cleanup.sql, 91_publisher_cleanup.sql, empty tables.';
  END IF;
END"
        )),
    );
    let mut look_subscriptions = String::new();
    for (number, slot) in context.plan.slots.iter().enumerate() {
        let name = quote_identifier(&slot.subscription);
        look_subscriptions.push_str(&only_if(
            &format!("subscription_{number}_exists"),
            &checks::subscription_exists(slot, " AND NOT s.subenabled"),
            &format!("ALTER SUBSCRIPTION {name} SET (slot_name = NONE);\nDROP SUBSCRIPTION {name};"),
        ));
        look_subscriptions.push('\n');
    }
    let targets = checks::received_names(context);
    let empty = format!(
        "{look_subscriptions}
SET lock_timeout = 0;
SET statement_timeout = 0;
{}",
        do_block(&format!(
            "DECLARE
  item record;
  has_rows boolean;
  found_tables text;
BEGIN
  FOR item IN SELECT DISTINCT n.nspname, c.relname FROM {targets}
    JOIN pg_namespace AS n ON n.nspname = planned.schema_name
    JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name ORDER BY 1, 2
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I.%I)', item.nspname, item.relname) INTO has_rows;
    IF has_rows THEN
      found_tables := concat_ws(', ', found_tables, format('%I.%I', item.nspname, item.relname));
    END IF;
  END LOOP;
  -- in one statement: foreign keys among them do not matter then
  IF found_tables IS NOT NULL THEN
    EXECUTE 'TRUNCATE ' || found_tables;
  END IF;
END"
        ))
    );
    let first = format!(
        "{}
UPDATE {state}.bootstrap SET state = 'begun' WHERE prefix = {prefix};",
        checks::subscriber_empty(context)
    );
    let end_earlier = end_earlier(context);
    let unused = super::ddl::raise_if_any(
        &format!(
            "      SELECT format('replication slot %I', s.slot_name) FROM {planned} JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name"
        ),
        "planned replication slots exist, and this step did not make them",
        "Run 91_publisher_cleanup.sql first, if nothing uses them.",
    );
    format!(
        "{look}
case $state in
  loaded)
    say 'the data is there already: nothing to do'
    exit 0 ;;
  begun)
    say 'an earlier run did not come to its end: starting over'
{empty}
{drop}
    ;;
  *)
{unused}
{first}
    ;;
esac",
        look = super::clone::into_variable("state", "subscriber", &look),
        empty = shell::here("    subscriber", &format!("{end_earlier}\n{empty}")),
        drop = shell::here("    publisher", &format!("{end_earlier}\n{}", super::cleanup::drop_slots(context))),
        unused = shell::here("    publisher", &unused),
        first = shell::here("    subscriber", &first),
    )
}

/// By which the sessions of this step's programs are known.
fn session_name(context: &Context<'_>) -> String {
    format!("pgslotplan_load_{}", context.plan.policy.prefix)
}

/// Ends programs of an earlier run that outlived its script: they would go on writing rows into emptied tables.
fn end_earlier(context: &Context<'_>) -> String {
    let name = quote_literal(&session_name(context));
    let sessions = format!("pg_stat_activity WHERE datname = current_database() AND application_name = {name}");
    do_block(&format!(
        "DECLARE
  deadline timestamptz := clock_timestamp() + interval '30 s';
BEGIN
  WHILE EXISTS (SELECT FROM {sessions}) LOOP
    IF clock_timestamp() >= deadline THEN
      RAISE EXCEPTION USING MESSAGE = 'programs of an earlier run are still at work', HINT = 'End pg_dump and pg_restore where it ran, then run this step again.';
    END IF;
    PERFORM pg_terminate_backend(pid) FROM {sessions};
    PERFORM pg_sleep(0.1);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END"
    ))
}

/// The first slot and its snapshot, over a replication connection that stays open behind a named pipe.
fn snapshot(context: &Context<'_>) -> String {
    let first = &context.plan.slots[0].name;
    // psql flushes the answer when \o closes its file; a quoted slot name needs no escape
    format!(
        "case $PGSLOTPLAN_PUBLISHER in
  postgres://*\\?* | postgresql://*\\?*) replication=\"$PGSLOTPLAN_PUBLISHER&replication=database\" ;;
  postgres://* | postgresql://*) replication=\"$PGSLOTPLAN_PUBLISHER?replication=database\" ;;
  *=*) replication=\"$PGSLOTPLAN_PUBLISHER replication=database\" ;;
  *) replication=\"dbname='$PGSLOTPLAN_PUBLISHER' replication=database\" ;;
esac
say 'making the first slot: it waits for transactions that are writing now'
mkfifo \"$work/commands\"
PGAPPNAME={session} PGOPTIONS='-c statement_timeout=0 -c idle_in_transaction_session_timeout=0' \\
  psql -X -q -A -t -v ON_ERROR_STOP=1 -v snapshot=\"$work/snapshot\" -v done=\"$work/snapshot.done\" \\
  -d \"$replication\" -f - < \"$work/commands\" > \"$work/replies\" 2>&1 &
holder=$!
trap 'exec 9>&-; kill \"$holder\" 2>/dev/null || :; rm -rf \"$work\"' EXIT
exec 9> \"$work/commands\"
cat >&9 <<'PGSLOTPLAN_SQL'
\\o :snapshot
CREATE_REPLICATION_SLOT \"{first}\" LOGICAL pgoutput EXPORT_SNAPSHOT;
\\o :done
\\qecho done
\\o
PGSLOTPLAN_SQL
while [ ! -s \"$work/snapshot.done\" ]; do
  kill -0 \"$holder\" 2>/dev/null || die 'the first slot could not be made' \"$(cat \"$work/replies\")\"
  sleep 0.2
done
position=$(cut -d '|' -f 2 \"$work/snapshot\")
snapshot=$(cut -d '|' -f 3 \"$work/snapshot\")
[ -n \"$snapshot\" ] || die 'the server exported no snapshot' \"$(cat \"$work/replies\")\"
say \"snapshot $snapshot at $position\"",
        session = session_name(context)
    )
}

/// The other slots at the same position.
fn copies(context: &Context<'_>) -> String {
    let first = quote_literal(context.plan.slots[0].name.as_str());
    let mut sql = String::new();
    for slot in &context.plan.slots[1..] {
        sql.push_str(&format!(
            "SELECT FROM pg_copy_logical_replication_slot({first}, {}, false, 'pgoutput');\n",
            quote_literal(slot.name.as_str())
        ));
    }
    sql.push_str(&super::ddl::raise_if_any(
        &format!(
            "      SELECT format('replication slot %I is at %s', planned.slot_name, s.confirmed_flush_lsn) FROM {}
      LEFT JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name
      WHERE s.confirmed_flush_lsn IS DISTINCT FROM current_setting('pgslotplan.position')::pg_lsn",
            checks::planned_slots(context)
        ),
        "replication slots do not stand at the snapshot's position",
        "Run this step again: it starts over.",
    ));
    shell::here(
        "publisher -v position=\"$position\" >/dev/null",
        &format!("SET pgslotplan.position = :'position';\n{sql}"),
    )
}

fn dump(context: &Context<'_>) -> String {
    let name = shell::quote(&format!("pgslotplan-{}", context.plan.policy.prefix.replace('/', "_")));
    let mut arguments = "set --\n".to_owned();
    for table in &context.plan.excluded {
        let pattern = [&table.schema, &table.name].map(|part| format!("\"{}\"", part.replace('"', "\"\"")));
        let argument = shell::quote(&format!("--exclude-table-data={}", pattern.join(".")));
        arguments.push_str(&format!("set -- \"$@\" {argument}\n"));
    }
    format!(
        "jobs=${{PGSLOTPLAN_JOBS:-4}}
mkdir -p \"$PGSLOTPLAN_DUMP\"
# a folder of its own: a pg_dump of an earlier run may still write into another
rm -rf \"$PGSLOTPLAN_DUMP\"/{name}.??????
folder=$(mktemp -d \"$PGSLOTPLAN_DUMP\"/{name}.XXXXXX)
{arguments}say \"dumping into $folder\"
PGAPPNAME={session} PGOPTIONS='-c statement_timeout=0 -c lock_timeout=0' \\
  pg_dump -d \"$PGSLOTPLAN_PUBLISHER\" -Fd -j \"$jobs\" --data-only --snapshot=\"$snapshot\" --no-unlogged-table-data -N pgslotplan \"$@\" -f \"$folder\"
exec 9>&-
wait \"$holder\" || :
trap 'rm -rf \"$work\"' EXIT",
        session = session_name(context)
    )
}

fn restore(context: &Context<'_>) -> String {
    let rows: Vec<Vec<Value<'_>>> = context
        .plan
        .members()
        .map(|(_, table)| {
            let kind = if table.kind == TableKind::Partitioned { "p" } else { "r" };
            vec![Value::Text(&table.schema), Value::Text(&table.name), Value::Text(kind)]
        })
        .collect();
    let planned = values("planned", &["schema_name", "table_name", "kind"], &rows);
    let oids = format!(
        "SELECT DISTINCT t.oid FROM {planned}
JOIN pg_namespace AS n ON n.nspname = planned.schema_name
JOIN pg_class AS c ON c.relnamespace = n.oid AND c.relname = planned.table_name
JOIN LATERAL (SELECT c.oid WHERE planned.kind = 'r'
              UNION ALL SELECT relid FROM pg_partition_tree(c.oid) WHERE planned.kind = 'p' AND isleaf) AS t(oid) ON true;"
    );
    format!(
        "{}
pg_restore -l \"$folder\" > \"$work/list\"
# entries are named by the oids of their table on the publisher: names could hold anything
awk 'NR == FNR {{ wanted[$1] = 1; next }}
     /^;/ {{ next }}
     $2 == \"0\" && ($3 in wanted) && $4 == \"TABLE\" && $5 == \"DATA\" {{ print; delete wanted[$3] }}
     END {{ for (oid in wanted) print oid > missing }}' missing=\"$work/missing\" \"$work/oids\" \"$work/list\" > \"$work/tables\"
[ ! -s \"$work/missing\" ] || die 'the dump lacks planned tables' \"oids on the publisher: $(tr '\\n' ' ' < \"$work/missing\")\"
say 'restoring'
# foreign keys and triggers must not see rows in the order of the files
PGOPTIONS='-c session_replication_role=replica -c default_transaction_read_only=off -c statement_timeout=0 -c lock_timeout=0'
export PGOPTIONS
role=$(psql -X -q -A -t -d \"$PGSLOTPLAN_SUBSCRIBER\" -c 'SHOW session_replication_role') || exit 2
[ \"$role\" = replica ] || die 'session_replication_role cannot be set on the subscriber' 'Connect as a role that may set it, and without options in the connection string.'
PGAPPNAME={} pg_restore -d \"$PGSLOTPLAN_SUBSCRIBER\" --data-only -j \"$jobs\" --exit-on-error -L \"$work/tables\" \"$folder\"
unset PGOPTIONS
{}
rm -rf \"$folder\"
say 'all data is there'",
        shell::here("publisher > \"$work/oids\"", &oids),
        session_name(context),
        shell::here("subscriber", &bootstrap::set_state(context, "loaded")),
    )
}
