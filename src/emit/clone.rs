//! Bootstraps `clone` and, with the steps of `aurora`, Aurora: the whole server copied, then followed from its own
//! position (postgres.md §9.1, §9.2, §9.5).
//!
//! Slots come first. A copy that ends at LSN X has every commit before X and nothing else; each subscription begins at X
//! by `pg_replication_origin_advance`, and each slot must stand at or before X. X is what the history file of the
//! promotion says (`aurora_volume_logical_start_lsn()` on Aurora), never what replay reported before it; it is kept in the
//! clone's own catalog, `pgslotplan.bootstrap.position`, so that nobody types it.

use super::{
    Bootstrap, Context, aurora, bootstrap, checks,
    copy::{finish, paragraphs, step},
    ddl::{do_block, only_if, raise_if_any, warn_if_any},
    guards,
    script::{Phase, Side, Step},
    session::{self, STATE_SCHEMA},
    shell,
};
use crate::{names::quote_literal, units::Bytes};

/// A program of an earlier run can outlive its script, and would go on writing into the folders: its process is written
/// down, and looked for by number and name.
const ORPHANS: &str = r#"noted() { sh -c 'echo $$ > "$0"; exec "$@"' "$data.pgslotplan.pid" "$@"; }
orphan() {
  pid=$(cat "$data.pgslotplan.pid" 2>/dev/null) || return 1
  case $({ tr '\0' ' ' < "/proc/$pid/cmdline" || ps -o args= -p "$pid"; } 2>/dev/null) in
    *"$1"*) return 0 ;;
    *) return 1 ;;
  esac
}"#;

pub(super) const UNDO: &str = "Throw the clone away, run 91_publisher_cleanup.sql, and begin anew.";

/// All steps between the slots and the foreign keys.
pub(super) fn steps(context: &Context<'_>) -> Vec<Step> {
    let upgrade = context.plan.publisher_version.major() != context.plan.subscriber_version.major();
    let is_aurora = context.bootstrap == Bootstrap::Aurora;
    let mut steps = vec![if is_aurora { aurora::clone(context) } else { base_backup(context) }, adopt(context)];
    match (is_aurora, upgrade) {
        (true, true) => steps.push(aurora::upgrade(context)),
        (true, false) => {}
        (false, true) => steps.push(pg_upgrade(context)),
        (false, false) => steps.push(restart(context)),
    }
    steps.extend([check(context), place(context)]);
    steps
}

fn copy_size(context: &Context<'_>) -> Bytes {
    Bytes(context.plan.slots.iter().map(|slot| slot.copy_bytes).sum::<u64>() as f64)
}

/// Raises on the publisher unless every planned slot is there, alive and unused; prints the latest position.
pub(super) fn slots_position(context: &Context<'_>) -> String {
    let planned = checks::planned_slots(context);
    let lost = if context.plan.publisher_version.major() >= 13 { " OR s.wal_status = 'lost'" } else { "" };
    format!(
        "{}
SELECT max(s.confirmed_flush_lsn) FROM {planned} JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name;",
        raise_if_any(
            &format!(
                "      SELECT format('replication slot %I', planned.slot_name) FROM {planned}
      LEFT JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name AND s.plugin = 'pgoutput' AND s.database = current_database()
      WHERE s.slot_name IS NULL OR s.active{lost}"
            ),
            "planned slots are missing, lost or in use",
            "The slots come before the clone: run 31_publisher_slots.sql. In use: the subscriptions run already.",
        )
    )
}

fn base_backup(context: &Context<'_>) -> Step {
    let mut variables = shell::connections();
    variables[1] = shell::variable(
        "PGSLOTPLAN_SUBSCRIBER",
        "connection string by which the clone will be reached, as a superuser; run this on the clone's host",
        true,
    );
    variables[2] = shell::variable(
        "PGSLOTPLAN_BIN",
        "folder of pg_basebackup, pg_ctl and psql, of the publisher's major version; PATH when not given",
        false,
    );
    variables.extend([
        shell::variable(
            "PGSLOTPLAN_CLONE_DATA",
            "data folder of the clone, absolute; new, or a storage clone made after the slots",
            true,
        ),
        shell::variable(
            "PGSLOTPLAN_CLONE_CONF",
            "file with parameters that the clone must have otherwise than the publisher, such as port",
            false,
        ),
        shell::variable(
            "PGSLOTPLAN_CLONE_EXISTING",
            "1 when the data folder is a storage clone: no base backup is made",
            false,
        ),
        shell::variable(
            "PGSLOTPLAN_WAIT",
            "seconds to wait until the clone has passed the slots, 86400 when not given",
            false,
        ),
    ]);
    let (prefix, digest) = bootstrap::literals(context);
    let publisher_guard = shell::here("cat > \"$work/publisher.sql\"", &session::preamble(context, Side::Publisher));
    let remember = format!(
        "{}
{}
INSERT INTO {STATE_SCHEMA}.bootstrap (prefix, plan_sha256, state, position) VALUES ({prefix}, {digest}, 'begun', :'position')
ON CONFLICT (prefix) DO NOTHING;",
        session::settings(),
        bootstrap::create_table(),
    );
    let commands = format!(
        "{publisher_guard}
publisher() {{
  psql -X -q -A -t -v ON_ERROR_STOP=1 -d \"$PGSLOTPLAN_PUBLISHER\" \"$@\" -f \"$work/publisher.sql\" -f -
}}
clone() {{ PGOPTIONS='-c search_path=pg_catalog -c default_transaction_isolation=read\\ committed' psql -X -q -A -t -v ON_ERROR_STOP=1 -d \"$PGSLOTPLAN_SUBSCRIBER\" \"$@\"; }}
data=$PGSLOTPLAN_CLONE_DATA
{ORPHANS}
# subscriptions that the publisher itself has must not run here: they would take their slots over
begin() {{
  pg_ctl -D \"$data\" status >/dev/null ||
    pg_ctl -D \"$data\" -w -l \"$data.log\" -o '-c max_logical_replication_workers=0' start >&2
}}
state=$data.pgslotplan # beside the folder: pg_basebackup wants it empty
{slots}
case $(cat \"$state\" 2>/dev/null || :) in
  upgraded) die 'the clone was upgraded already' 'Go on with the file after 34_shell_upgrade.sh.' ;;
  promoted)
    begin
    say 'the clone is there already' ;;
  *)
    if orphan pg_basebackup; then
      say 'pg_basebackup of an earlier run is still at work: ending it'
      kill \"$pid\"
      while orphan pg_basebackup; do sleep 0.1; done
    fi
    if [ \"${{PGSLOTPLAN_CLONE_EXISTING-}}\" = 1 ]; then
      [ -f \"$data/PG_VERSION\" ] || die \"$data is no data folder\"
      [ \"$(cat \"$state\" 2>/dev/null || :)\" = copied ] || rm -f \"$data/postmaster.pid\"
    elif [ \"$(cat \"$state\" 2>/dev/null || :)\" != copied ]; then
      if [ -f \"$state\" ]; then
        say 'an earlier base backup did not come to its end: starting over'
        rm -rf \"$data\"
      elif [ -d \"$data\" ] && [ -n \"$(ls -A \"$data\")\" ]; then
        die \"$data is not empty\" 'Give an empty folder, or PGSLOTPLAN_CLONE_EXISTING=1 for a storage clone.'
      fi
      echo copying > \"$state\"
      say 'base backup'
      noted pg_basebackup -d \"$PGSLOTPLAN_PUBLISHER\" -D \"$data\" -X stream -c fast -R
    fi
    if [ \"$(cat \"$state\" 2>/dev/null || :)\" != copied ]; then
      : > \"$data/standby.signal\"
      printf '%s\\n' \"hot_standby = on\" \"archive_mode = off\" \"primary_slot_name = ''\" >> \"$data/postgresql.auto.conf\"
      if [ -n \"${{PGSLOTPLAN_CLONE_CONF-}}\" ]; then cat \"$PGSLOTPLAN_CLONE_CONF\" >> \"$data/postgresql.auto.conf\"; fi
      echo copied > \"$state\"
    fi
    begin
    [ \"$(clone -c 'SHOW data_directory')\" = \"$(cd \"$data\" && pwd -P)\" ] ||
      die 'PGSLOTPLAN_SUBSCRIBER leads to another server than the clone'
    deadline=$(($(date +%s) + ${{PGSLOTPLAN_WAIT:-86400}}))
    while :; do
      recovering=$(clone -c 'SELECT pg_is_in_recovery()')
      [ \"$recovering\" = t ] || break
      passed=$(clone -c \"SELECT coalesce(pg_last_wal_replay_lsn() >= '$slots', false)\")
      if [ \"$passed\" = t ]; then
        pg_ctl -D \"$data\" -w promote >&2
      else
        [ \"$(date +%s)\" -lt \"$deadline\" ] || die \"the clone has not passed $slots\" \"See $data.log.\"
        sleep 0.5
      fi
    done
    # replay goes on to the end of what was received after any position that was seen before: only this file knows
    history=$(find \"$data/pg_wal\" -name '*.history' | sort | sed -n '$p')
    [ -n \"$history\" ] || die 'the clone has no history file' 'It was not promoted from a standby; make the clone again.'
    position=$(awk 'NF >= 2 && $1 ~ /^[0-9]+$/ {{ x = $2 }} END {{ print x }}' \"$history\")
    [ -n \"$position\" ] || die \"$history has no switch point\"
{remember}
    echo promoted > \"$state\"
    rm -f \"$state.pid\"
    say \"the clone ends at $position\" ;;
esac",
        slots = into_variable("slots", "publisher", &slots_position(context)),
        remember = shell::here("    clone -v position=\"$position\" -f -", &remember),
    );
    finish(
        context,
        Step {
            why: "A base backup or storage clone copies indexes and statistics too, and needs no dump. It is promoted after it \
                  has passed the position of every slot; where exactly it ends is read from its history file."
                .into(),
            hazard: Some(
                "Slots keep WAL on the publisher while the clone is made: max_slot_wal_keep_size must be -1. Prepared \
                 transactions of the publisher are alive on the clone, with their locks, until the next step. A storage clone \
                 must be made after the slots."
                    .into(),
            ),
            undo: Some("Stop the clone and delete its folder and the file beside it that ends in .pgslotplan.".into()),
            variables,
            expected: "The LSN at which the clone ends; exit code 0. A clone that is made already is only started.".into(),
            duration: format!("a file copy of the whole server: more than {} with its indexes", copy_size(context)),
            body: paragraphs(&[shell::needs(&["psql", "pg_basebackup", "pg_ctl", "awk", "find"]), commands]),
            ..step(
                "32_shell_clone.sh",
                Phase::Start,
                Side::Shell,
                "Copies the publisher's server, promotes the copy after the slots' position and remembers where it ends.",
            )
        },
    )
}

/// `name=$(command <<'TAG' … TAG)`, by way of a file: a here-document inside `$( )` confuses some shells.
pub(super) fn into_variable(name: &str, command: &str, sql: &str) -> String {
    format!("{}\n{name}=$(cat \"$work/{name}\")", shell::here(&format!("{command} > \"$work/{name}\""), sql))
}

fn adopt(context: &Context<'_>) -> Step {
    let (prefix, digest) = bootstrap::literals(context);
    let is_aurora = context.bootstrap == Bootstrap::Aurora;
    let mut parts = Vec::new();
    if is_aurora {
        parts.push(format!(
            "{}
INSERT INTO {STATE_SCHEMA}.bootstrap (prefix, plan_sha256, state, position)
VALUES ({prefix}, {digest}, 'begun', aurora_volume_logical_start_lsn()) ON CONFLICT (prefix) DO NOTHING;",
            bootstrap::create_table()
        ));
    }
    parts.push(session::mark_subscriber(context));
    parts.push(
        "SELECT format('ALTER SUBSCRIPTION %I DISABLE; ALTER SUBSCRIPTION %I SET (slot_name = NONE); DROP SUBSCRIPTION %I', s.subname, s.subname, s.subname)
FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
WHERE NOT EXISTS (SELECT FROM pg_stat_subscription AS w WHERE w.subid = s.oid AND w.pid IS NOT NULL)
ORDER BY s.subname
\\gexec"
            .to_owned(),
    );
    parts.push(raise_if_any(
        "      SELECT format('subscription %I of database %I', s.subname, d.datname) FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid
      WHERE s.subenabled OR d.datname = current_database()",
        "subscriptions of the publisher came along and are alive",
        "They take their slot from the publisher. Set max_logical_replication_workers to 0 on the clone, restart it, and run this file again; \
         in other databases: ALTER SUBSCRIPTION ... DISABLE, SET (slot_name = NONE), DROP.",
    ));
    parts.push(do_block(
        "DECLARE
  item record;
BEGIN
  -- a base backup has none; a storage clone has all of them, and each keeps WAL
  FOR item IN SELECT slot_name FROM pg_replication_slots WHERE NOT active AND NOT temporary ORDER BY slot_name LOOP
    PERFORM pg_drop_replication_slot(item.slot_name);
  END LOOP;
END",
    ));
    parts.push(
        "SELECT format('ROLLBACK PREPARED %L', gid) FROM pg_prepared_xacts WHERE database = current_database() ORDER BY gid\n\\gexec".to_owned(),
    );
    parts.push(raise_if_any(
        "      SELECT format('%L in database %I', gid, database) FROM pg_prepared_xacts",
        "prepared transactions of the publisher came along",
        "They come again through the slots when the publisher commits them. In each of these databases: ROLLBACK PREPARED '...';",
    ));
    if guards::guards_truncate(context) {
        parts.push(guards::allow_truncate(context));
    }
    for (number, published) in context.publications.iter().enumerate() {
        parts.push(only_if(
            &format!("publication_{number}_exists"),
            &checks::publication_exists(published),
            &format!("DROP PUBLICATION {};", crate::names::quote_identifier(published.name)),
        ));
    }
    parts.push(warn_if_any(
        "      SELECT format('%I', pubname) FROM pg_publication",
        "publication came along and stays",
    ));
    parts.push(format!(
        "UPDATE {STATE_SCHEMA}.bootstrap SET state = 'loaded' WHERE prefix = {prefix} AND state = 'begun';"
    ));
    let mut step = Step {
        why: "The clone still is the publisher in everything that it remembers: slots, subscriptions, publications, guards, \
              prepared transactions."
            .into(),
        hazard: Some(
            "Prepared transactions are rolled back here: the publisher's own are untouched, and come through the slots once they \
             are committed there."
                .into(),
        ),
        undo: Some(UNDO.into()),
        body: paragraphs(&parts),
        ..step(
            "33_subscriber_adopt.sql",
            Phase::Start,
            Side::Subscriber,
            "Takes away from the clone what belongs to the publisher, and marks it as the subscriber of the plan.",
        )
    };
    if is_aurora {
        step.variables = vec![shell::variable(
            "clone_instance",
            "identifier of the clone's writer instance, as the console shows it",
            true,
        )];
    }
    step.body = session::clone_file(context, &step, &step.body);
    step
}

fn restart(context: &Context<'_>) -> Step {
    let mut variables = shell::connections();
    variables.remove(0);
    variables[1].meaning = "folder of pg_ctl and psql, of the publisher's major version; PATH when not given".into();
    variables.push(shell::variable("PGSLOTPLAN_CLONE_DATA", "data folder of the clone, absolute", true));
    let commands = "data=$PGSLOTPLAN_CLONE_DATA
[ \"$(cat \"$data.pgslotplan\" 2>/dev/null || :)\" = promoted ] || die \"$data is not a finished clone\" 'Run 32_shell_clone.sh first.'
workers() { psql -X -q -A -t -v ON_ERROR_STOP=1 -d \"$PGSLOTPLAN_SUBSCRIBER\" -c 'SHOW max_logical_replication_workers'; }
pg_ctl -D \"$data\" status >/dev/null || pg_ctl -D \"$data\" -w -l \"$data.log\" start >&2
if [ \"$(workers)\" = 0 ]; then
  pg_ctl -D \"$data\" -w -m fast stop >&2
  pg_ctl -D \"$data\" -w -l \"$data.log\" start >&2
fi
[ \"$(workers)\" != 0 ] || die 'max_logical_replication_workers is 0 on the clone' 'Raise it in its configuration; RUNBOOK.md has the number.'";
    finish(
        context,
        Step {
            why: "The clone was started without logical replication workers, so that subscriptions that came along could not \
                  run. They are gone now."
                .into(),
            undo: Some(UNDO.into()),
            variables,
            expected: "The output of pg_ctl; exit code 0. A clone that runs with workers is left alone.".into(),
            body: paragraphs(&[shell::needs(&["psql", "pg_ctl"]), commands.to_owned()]),
            ..step("34_shell_restart.sh", Phase::Start, Side::Shell, "Restarts the clone with the parameters of a subscriber.")
        },
    )
}

fn pg_upgrade(context: &Context<'_>) -> Step {
    let (old, new) = (context.plan.publisher_version.major(), context.plan.subscriber_version.major());
    let variables = vec![
        shell::variable(
            "PGSLOTPLAN_SUBSCRIBER",
            "connection string of the clone, before and after the upgrade, as a superuser",
            true,
        ),
        shell::variable("PGSLOTPLAN_OLD_BIN", &format!("folder of the programs of version {old}"), true),
        shell::variable("PGSLOTPLAN_NEW_BIN", &format!("folder of the programs of version {new}"), true),
        shell::variable("PGSLOTPLAN_CLONE_DATA", "data folder of the clone, absolute", true),
        shell::variable(
            "PGSLOTPLAN_NEW_DATA",
            "data folder of the upgraded clone, absolute; new, on the same file system",
            true,
        ),
        shell::variable(
            "PGSLOTPLAN_NEW_CONF",
            "file with parameters of the upgraded clone, such as port and the settings of the runbook",
            false,
        ),
    ];
    let (prefix, _) = bootstrap::literals(context);
    // what initdb must be told: of template0, which nobody changes
    let provider = match old {
        0..=14 => "'c' AS datlocprovider, NULL::text AS locale",
        15..=16 => "datlocprovider, daticulocale AS locale",
        _ => "datlocprovider, datlocale AS locale",
    };
    let facts = format!(
        "SELECT concat_ws(E'\\n', pg_encoding_to_char(encoding), datcollate, datctype, datlocprovider, coalesce(locale, ''),
  current_setting('data_checksums'), (SELECT rolname FROM pg_roles WHERE oid = 10),
  (SELECT setting::bigint * CASE unit WHEN '8kB' THEN 8192 ELSE 1 END / 1048576 FROM pg_settings WHERE name = 'wal_segment_size'))
FROM (SELECT encoding, datcollate, datctype, {provider} FROM pg_database WHERE datname = 'template0') AS t;"
    );
    let no_checksums = if new >= 18 { "--no-data-checksums" } else { "" };
    let adopted = do_block(&format!(
        "DECLARE
  found_state text;
BEGIN
  IF to_regclass('{STATE_SCHEMA}.bootstrap') IS NOT NULL THEN
    EXECUTE 'SELECT state FROM {STATE_SCHEMA}.bootstrap WHERE prefix = $1' INTO found_state USING {prefix};
  END IF;
  IF found_state IS DISTINCT FROM 'loaded' THEN
    RAISE EXCEPTION USING MESSAGE = 'this is not a clone that was adopted', HINT = 'Run 33_subscriber_adopt.sql first.';
  END IF;
END"
    ));
    let commands = format!(
        "for folder in \"$PGSLOTPLAN_OLD_BIN\" \"$PGSLOTPLAN_NEW_BIN\"; do
  [ -x \"$folder/pg_ctl\" ] || die \"$folder has no pg_ctl\"
done
old=$PGSLOTPLAN_OLD_BIN new=$PGSLOTPLAN_NEW_BIN data=$PGSLOTPLAN_CLONE_DATA target=$PGSLOTPLAN_NEW_DATA
{ORPHANS}
clone() {{ PGOPTIONS='-c search_path=pg_catalog -c default_transaction_isolation=read\\ committed' \"$new/psql\" -X -q -A -t -v ON_ERROR_STOP=1 -d \"$PGSLOTPLAN_SUBSCRIBER\" \"$@\"; }}
if [ \"$(cat \"$data.pgslotplan\" 2>/dev/null || :)\" = upgraded ]; then
  \"$new/pg_ctl\" -D \"$target\" status >/dev/null || \"$new/pg_ctl\" -D \"$target\" -w -l \"$target.log\" start >&2
  say 'the clone is upgraded already'
  exit 0
fi
[ \"$(cat \"$data.pgslotplan\" 2>/dev/null || :)\" = promoted ] || die \"$data is not a finished clone\" 'Run 32_shell_clone.sh first.'
[ ! -f \"$data/global/pg_control.old\" ] || die 'an earlier upgrade was stopped after it began to link files' 'Neither folder can be trusted: delete both and {beside}, and make the clone again.'
! orphan pg_upgrade || die 'pg_upgrade of an earlier run is still at work' 'Wait for its end, or end it; then run this step again.'
# servers that a pg_upgrade left behind listen elsewhere
if \"$old/pg_ctl\" -D \"$data\" status >/dev/null && ! clone -c 'SELECT' >/dev/null 2>&1; then
  \"$old/pg_ctl\" -D \"$data\" -w -m fast stop >&2
fi
if [ -f \"$target/postmaster.pid\" ]; then \"$new/pg_ctl\" -D \"$target\" -w -m immediate stop >&2 || :; fi
\"$old/pg_ctl\" -D \"$data\" status >/dev/null ||
  \"$old/pg_ctl\" -D \"$data\" -w -l \"$data.log\" -o '-c max_logical_replication_workers=0' start >&2
{adopted}
{facts}
fact() {{ sed -n \"$1p\" \"$work/facts\"; }}
set -- -U \"$(fact 7)\" -E \"$(fact 1)\" --lc-collate=\"$(fact 2)\" --lc-ctype=\"$(fact 3)\" --wal-segsize=\"$(fact 8)\"
case $(fact 4) in
  i) set -- \"$@\" --locale-provider=icu --icu-locale=\"$(fact 5)\" ;;
  b) set -- \"$@\" --locale-provider=builtin --builtin-locale=\"$(fact 5)\" ;;
esac
if [ \"$(fact 6)\" = on ]; then set -- \"$@\" -k; else set -- \"$@\" {no_checksums}; fi
rm -rf \"$target\"
\"$new/initdb\" -D \"$target\" \"$@\" >&2
\"$old/pg_ctl\" -D \"$data\" -w -m fast stop >&2
say 'pg_upgrade'
mkdir \"$work/upgrade\"
(cd \"$work/upgrade\" && noted \"$new/pg_upgrade\" -b \"$old\" -B \"$new\" -d \"$data\" -D \"$target\" -s \"$work\" -U \"$(fact 7)\" --link >&2) || {{
  [ -f \"$data/global/pg_control.old\" ] ||
    \"$old/pg_ctl\" -D \"$data\" -w -l \"$data.log\" -o '-c max_logical_replication_workers=0' start >&2
  die 'pg_upgrade refused' 'Mend on the clone what it says and run this step again; the clone runs as before unless files were linked.'
}}
cp \"$data/pg_hba.conf\" \"$target/pg_hba.conf\"
if [ -n \"${{PGSLOTPLAN_NEW_CONF-}}\" ]; then cat \"$PGSLOTPLAN_NEW_CONF\" >> \"$target/postgresql.auto.conf\"; fi
echo upgraded > \"$data.pgslotplan\"
\"$new/pg_ctl\" -D \"$target\" -w -l \"$target.log\" start >&2
say \"upgraded; the clone runs from $target\"",
        beside = "the file that ends in .pgslotplan",
        adopted = shell::here("clone -f -", &format!("{}\n{adopted}", session::settings())),
        facts = shell::here("clone -f - > \"$work/facts\"", &facts),
    );
    finish(
        context,
        Step {
            why: "The clone has the publisher's major version until here. Subscriptions are made after the upgrade: before 17 \
                  pg_upgrade does not keep them, and the position is in the clone's own catalog."
                .into(),
            hazard: Some(
                "Files are linked, not copied: once pg_upgrade has begun to link, the old folder is of no use, and an upgrade \
                 that was stopped means a new clone. The slots keep WAL on the publisher meanwhile. Compare extensions first: \
                 their libraries must be there for the new version."
                    .into(),
            ),
            undo: Some(UNDO.into()),
            variables,
            expected: "The output of initdb and pg_upgrade; exit code 0.".into(),
            duration: "minutes; it grows with the number of tables, not with their size".into(),
            go: "Run vacuumdb --all --analyze-in-stages beside the next steps: statistics do not come along before 18.".into(),
            body: commands,
            ..step("34_shell_upgrade.sh", Phase::Start, Side::Shell, "Upgrades the clone to the subscriber's major version with pg_upgrade.")
        },
    )
}

fn check(context: &Context<'_>) -> Step {
    let parts = [
        bootstrap::require_state(context, &["loaded", "placed", "started"], "Run 33_subscriber_adopt.sql first."),
        checks::subscriber_settings(context),
        checks::subscriber_tables(context),
        checks::foreign_keys_known(context, "subscriber"),
        checks::subscriptions_exact(context),
        checks::subscriber_warnings(context),
    ];
    finish(
        context,
        Step {
            why: "The clone has the publisher's tables, but also its settings: those of a subscriber are others.".into(),
            expected: "No output, or warnings; exit code 0.".into(),
            go: "Go on when the exit code is 0 and every warning is accepted. For a setting: raise it, restart the clone.".into(),
            body: paragraphs(&parts),
            ..step(
                "35_subscriber_check.sql",
                Phase::Start,
                Side::Subscriber,
                "Looks whether the clone can follow the plan's slots. Changes nothing.",
            )
        },
    )
}

fn place(context: &Context<'_>) -> Step {
    let mut variables = shell::connections();
    variables.truncate(2);
    let (prefix, digest) = bootstrap::literals(context);
    let position = format!(
        "{}
SELECT CASE WHEN state = 'started' THEN 'started' ELSE position::text END FROM {STATE_SCHEMA}.bootstrap WHERE prefix = {prefix} AND plan_sha256 = {digest};",
        bootstrap::require_state(context, &["loaded", "placed", "started"], "Run 33_subscriber_adopt.sql first.")
    );
    let behind = format!(
        "SET pgslotplan.position = :'position';
{}
{}",
        slots_position(context),
        raise_if_any(
            &format!(
                "      SELECT format('replication slot %I is at %s, after %s', s.slot_name, s.confirmed_flush_lsn, current_setting('pgslotplan.position'))
      FROM {} JOIN pg_replication_slots AS s ON s.slot_name = planned.slot_name
      WHERE s.confirmed_flush_lsn > current_setting('pgslotplan.position')::pg_lsn
      UNION ALL
      SELECT format('the clone ends at %s, which the publisher has not reached', current_setting('pgslotplan.position'))
      WHERE pg_current_wal_insert_lsn() < current_setting('pgslotplan.position')::pg_lsn",
                checks::planned_slots(context)
            ),
            "positions do not fit: changes would be lost without an error",
            "The slots must be older than the clone. Drop slots and clone and begin anew with the slots.",
        )
    );
    let body = paragraphs(&[
        shell::needs(&["psql"]),
        shell::servers(context),
        into_variable("position", "subscriber", &position),
        format!(
            "if [ \"$position\" = started ]; then\n  say 'the subscriptions have started already'\n  exit 0\nfi\n\
             [ -n \"$position\" ] || die 'the clone has no position'\n{}\n{}\nsay \"every slot is at or before $position\"",
            shell::here("publisher -v position=\"$position\" > /dev/null", &behind),
            shell::here("subscriber", &bootstrap::set_state(context, "placed")),
        ),
    ]);
    finish(
        context,
        Step {
            why: "A slot that stands after the clone's end skips what lies between, without an error anywhere.".into(),
            undo: Some("nothing to undo.".into()),
            variables,
            expected: "The position; exit code 0.".into(),
            body,
            ..step(
                "36_shell_position.sh",
                Phase::Start,
                Side::Shell,
                "Compares the clone's end with the position of every slot.",
            )
        },
    )
}

/// Puts every subscription's origin at the clone's end, unless it has gone further by itself.
pub(super) fn advance_origins(context: &Context<'_>) -> String {
    let prefix = quote_literal(&context.plan.policy.prefix);
    let planned = checks::planned_slots(context);
    format!(
        "\\o /dev/null
SELECT pg_replication_origin_advance('pg_' || s.oid, b.position)
FROM {planned}
JOIN pg_subscription AS s ON s.subname = planned.subscription_name AND NOT s.subenabled
JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
CROSS JOIN {STATE_SCHEMA}.bootstrap AS b
WHERE b.prefix = {prefix} AND b.state = 'placed'
  AND coalesce(pg_replication_origin_progress('pg_' || s.oid, true), '0/0') < b.position;
\\o
{}",
        raise_if_any(
            &format!(
                "      SELECT format('subscription %I stands at %s, not at %s', s.subname, pg_replication_origin_progress('pg_' || s.oid, true), b.position)
      FROM {planned} JOIN pg_subscription AS s ON s.subname = planned.subscription_name
      JOIN pg_database AS d ON d.oid = s.subdbid AND d.datname = current_database()
      CROSS JOIN {STATE_SCHEMA}.bootstrap AS b
      WHERE b.prefix = {prefix} AND coalesce(pg_replication_origin_progress('pg_' || s.oid, true), '0/0') < b.position"
            ),
            "subscriptions do not stand at the clone's end",
            "Do not enable them: drop them and run this file again.",
        )
    )
}
