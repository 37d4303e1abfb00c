//! The same steps for a person: first a page to follow at night, then details. Every variable is described once.
//!
//! Names are put into code spans on one line; text from a plan never becomes Markdown of its own.

mod stalls;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use super::{
    Bootstrap, Context, meanwhile,
    step::{Step, StepId, with_files},
    transition::Transition,
    variables::{COMMON, SERVERS, variables},
};
use crate::{
    finding::Finding,
    names::{TableName, one_line},
    plan::{Caveat, Plan, PlannedSlot, PlannedTable, needs::Needs},
    units::Bytes,
};

/// At most so many tables are listed for one slot; the plan has them all.
pub(super) const LISTED_TABLES: usize = 20;

/// `RUNBOOK.md`.
pub(super) fn markdown(
    context: &Context<'_>,
    transition: Option<&Transition<'_>>,
    steps: &[Step],
    findings: &[Finding],
) -> String {
    let mut text = String::new();
    opening(&mut text, context);
    if let Some(transition) = transition {
        text.push_str(&transition.section());
    }
    page(
        &mut text,
        steps,
        "**?** marks a step that a person decides; `cutover.sh` does the indented steps in one go; those of phase rollback are off the \
         path.",
    );
    night(&mut text, steps);
    hazards(&mut text, context, findings);
    meanwhile(&mut text, steps);
    stalls::section(&mut text, context, steps);
    not_replicated(&mut text, context);
    settings(&mut text, context, steps);
    slots(&mut text, context);
    variable_list(&mut text, steps);
    evidence(&mut text);
    reader(&mut text, context, steps);
    text.push_str("\n## Each step\n\n");
    for step in steps {
        one_step(&mut text, step);
    }
    text
}

/// A code span that its content cannot leave.
pub(super) fn code(text: &str) -> String {
    let text = one_line(text);
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if text.starts_with('`') || text.ends_with('`') { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}

/// The same inside a table, where a bar ends a cell.
fn cell(text: &str) -> String {
    code(text).replace('|', "\\|")
}

/// Plain words of the plan, such as reasons: no markup survives.
fn words(text: &str) -> String {
    let mut escaped = String::new();
    for c in one_line(text).chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' | '&') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The file of a step, or its identifier where this script lacks it.
fn file(steps: &[Step], id: StepId) -> &str {
    steps.iter().find(|step| step.id == id).map_or(id.as_str(), |step| step.file.as_str())
}

fn opening(text: &mut String, context: &Context<'_>) {
    let plan = context.plan;
    let _ = write!(
        text,
        "# Runbook: database {} over {} slots\n\n\
         From version {} to version {}, for plan {}. {}\n\n\
         Set the two connection strings once, then let `run.sh` say what comes next. Every step can be run again.\n\n\
         ```sh\nexport PGSLOTPLAN_PUBLISHER='host=... dbname=... user=...'\nexport PGSLOTPLAN_SUBSCRIBER='host=... dbname=... user=...'\n\
         sh run.sh              # where the migration is, and what comes next\n\
         sh run.sh next         # runs that step\n\
         sh run.sh --to start   # goes on to the end of a phase, or to a step that a person decides\n```\n\n\
         Exit code 0: go on. 4: the answer is no. 3: the server or the step refused; the message says why. 2: no connection.\n",
        code(&plan.database),
        plan.slots.len(),
        plan.publisher_version,
        plan.subscriber_version,
        code(&plan.plan_sha256),
        match context.bootstrap {
            Bootstrap::Copy => "The initial copy is native: each subscription copies its own tables.",
            Bootstrap::Dump => "The data comes by pg_dump of one exported snapshot, to which all slots belong.",
            Bootstrap::Snapshot => {
                "The data comes from one exported snapshot, to which all slots belong, in pieces that any number of programs copy."
            }
            Bootstrap::Clone => {
                "The subscriber is a physical copy of the publisher's server. Where it ends is read from its history file and \
                 kept in its catalog."
            }
            Bootstrap::Aurora => {
                "The subscriber is an Aurora clone; aurora_volume_logical_start_lsn() says where it ends. This way follows the \
                 documentation and was not tried on Aurora by its authors: compare the data after it."
            }
        },
    );
}

/// What may be done to the databases until the cutover.
fn meanwhile(text: &mut String, steps: &[Step]) {
    let files: BTreeMap<&str, String> = steps.iter().map(|step| (step.id.as_str(), code(&step.command()))).collect();
    text.push_str(
        "\n## What may happen meanwhile\n\nNothing of the schema is replicated. Between the first subscription and the cutover:\n\n\
         | what | how |\n| --- | --- |\n",
    );
    // a plan without trees has no step for partitions
    for (what, how) in
        meanwhile::SAFE.iter().filter(|(_, how)| *how != "{partitions}" || files.contains_key("partitions"))
    {
        let _ = writeln!(text, "| {what} | {} |", with_files(how, &files));
    }
    text.push_str("\nNot, or not so:\n\n| what | why |\n| --- | --- |\n");
    for (what, why) in meanwhile::UNSAFE {
        let _ = writeln!(text, "| {what} | {why} |");
    }
}

/// The page to follow: phase, step, command, go or no-go, undo.
pub(super) fn page(text: &mut String, steps: &[Step], marks: &str) {
    let _ = write!(
        text,
        "\n## The steps\n\nIn this order. {marks}\n\n\
         | phase | step | command | go or no-go | undo |\n| --- | --- | --- | --- | --- |\n",
    );
    for step in steps {
        let _ = writeln!(
            text,
            "| {} | {}{}{} | {} | {} | {} |",
            step.phase().as_str(),
            if step.part_of.is_some() || step.aside { "&nbsp;&nbsp;" } else { "" },
            step.id.as_str().replace('_', "\\_"),
            if step.asks.is_some() { " **?**" } else { "" },
            cell(&step.command()),
            step.go.replace('|', "\\|"),
            step.undo.as_deref().unwrap_or("nothing to undo").replace('|', "\\|"),
        );
    }
}

/// The order of the night, for somebody who has not read the steps.
fn night(text: &mut String, steps: &[Step]) {
    let [verify, at_rest, resume, validate, prove] =
        [StepId::Verify, StepId::CompareAtRest, StepId::Resume, StepId::ForeignKeysValidate, StepId::Prove]
            .map(|id| file(steps, id));
    let _ = write!(
        text,
        "\n## The night\n\n\
         Before: the steps up to the freeze, `cutover.conf.example` copied to `cutover.conf` in the state folder and filled in, a \
         rehearsal, and `{verify}` without a difference. PgBouncer in transaction pooling: a session that stays open blocks PAUSE.\n\n\
         So that slow statements are known and not guessed: `pgslotplan baseline take` on the old server at a busy hour, `baseline \
         explain` against the new one once its tables are ready and analyzed, and `baseline compare` with the same hour after the night.\n\n\
         `sh cutover.sh` moves the application in one go, and it waits for about half a second instead of minutes. Most of that is \
         the start of some six psql one after the other, so run it close to the servers. It compares the newest FINAL_ROWS rows of \
         each table within the pause, which takes a millisecond or two a table: set it to 0 for thousands of tables. `{at_rest}` \
         compares everything, where the pause may be that long.\n\n\
         From the check on until it is opened, the new database is read-only for the application: a PgBouncer that is restarted at \
         the wrong moment gets errors, but nothing is written to two servers.\n\n\
         | what you see | where the application is | what to do |\n| --- | --- | --- |\n\
         | exit code 0 and the length of the pause | new server | `{validate}` if there is one, then watch |\n\
         | exit code 4, \"the old server serves\" | old server, nothing lost | remove the reason, run it again |\n\
         | an entry does not answer after RESUME | new server, which stays open | mend passwords or pg_hba.conf there, then `{prove}`; or `sh rollback.sh` |\n\
         | the script was killed, or the terminal is gone | waiting | `sh abort.sh`; it says whether it is too late for that |\n\
         | abort.sh says that the new server was opened | new server, or waiting | `sh run.sh resume`: forward is the way |\n\
         | a PgBouncer died | its clients have errors, the others as above | start it, then the same command again |\n\
         | a server died | waiting | start it, then `sh abort.sh`, and `{resume}` when that says so |\n\
         | rollback.sh was killed | waiting | `sh rollback.sh` again; or, as long as it had not opened the old server, `{resume}` to stay |\n\
         | the new server cannot be kept | new server | `sh rollback.sh`: everything written there comes back |\n\n\
         Go only if each is true: every slot within MOST_BYTES_BEHIND; the last verification ended with 0; the freeze is on; a person \
         who can see the application's errors is there; somebody has the right to say no-go.\n",
    );
}

fn hazards(text: &mut String, context: &Context<'_>, findings: &[Finding]) {
    text.push_str("\n## Hazards\n\n");
    text.push_str(
        "- Transactions over tables of two slots arrive as two transactions at different times. Readers of the subscriber see \
         that until every slot has caught up.\n\
         - A slot keeps WAL on the publisher as long as its subscription does not confirm it. Watch the disk.\n\
         - Keep the schema still: DDL is not replicated. New tables and partitions are not published until somebody adds them.\n",
    );
    let replicated = |slot: &&PlannedSlot| slot.publish.truncate;
    let guarded = context.plan.slots.len() - context.plan.slots.iter().filter(replicated).count();
    if guarded > 0 {
        let _ = writeln!(
            text,
            "- TRUNCATE of the tables in {guarded} slots is not replicated, and refused on the publisher until the clean-up."
        );
    }
    if context.bootstrap == Bootstrap::Copy && context.plan.subscriber_version.drops_sync_slots_early() {
        text.push_str(
            "- From 14 on a subscriber drops a table's synchronization slot just before it notes that the table is synchronized. A \
             connection that is cut, a shutdown or a crash of either server between the two leaves the table \"copied\" forever: \
             the wait for ready tables goes on, and the log says that the replication slot does not exist. Avoid restarts while \
             tables are copied. If it happened, copy this one table again: `pgslotplan emit plan.json --repair table=SCHEMA.TABLE -o \
             repair`.\n",
        );
    }
    if context.plan.members().any(|(_, table)| table.row_filter.is_some()) {
        text.push_str(
            "- A table that is split by row filters: an UPDATE of its key moves the row from one slot to another, where the old \
             and the new row stand beside each other or are both away until the slots have caught up. Without REPLICA IDENTITY \
             FULL such an UPDATE loses TOASTed columns that it did not change: the check of the publisher names the tables. A \
             second unique index on such a table makes a slot wait for the other one, with errors in the log that heal.\n",
        );
    }
    if guarded < context.plan.slots.len() {
        text.push_str(
            "- A replicated TRUNCATE stops its slot forever when a foreign key from outside the slot references the table on the \
             subscriber, even from an empty table. Do not add such foreign keys there before the cutover. If it happened: drop \
             the foreign key, and the slot goes on by itself.\n",
        );
    }
    of_the_plan(text, context.plan);
    for finding in findings {
        let _ = write!(
            text,
            "- {} {}, {}: {}.",
            words(&finding.code),
            finding.severity,
            words(&finding.subject.to_string()),
            words(&finding.message)
        );
        for more in [&finding.detail, &finding.hint].into_iter().flatten() {
            let _ = write!(text, " {}", words(more));
        }
        text.push('\n');
    }
}

/// What the plan itself knows to be wrong, from what `audit` derives again. Its own words are not repeated: whoever could
/// change them in the file could give orders to the person who reads this at night.
fn of_the_plan(text: &mut String, plan: &Plan) {
    let capacity = plan.load.slot_capacity;
    for slot in &plan.slots {
        let share = |load: f64| capacity.map_or(0.0, |capacity| load / capacity * 100.0);
        if share(slot.mean_load_low) >= 100.0 {
            let _ = writeln!(
                text,
                "- Slot {} never catches up: its tables ask for {:.0} % of a slot on average.",
                code(slot.name.as_str()),
                share(slot.mean_load_low)
            );
        } else if share(slot.peak_load) > 100.0 {
            let _ = writeln!(
                text,
                "- Slot {} falls behind at its peak, {:.0} % of a slot: plan the start and the cutover away from that hour.",
                code(slot.name.as_str()),
                share(slot.peak_load)
            );
        }
    }
    let tables = |is: fn(&Caveat) -> Option<&TableName>| {
        let all: Vec<&TableName> = plan.caveats.iter().filter_map(is).collect();
        let mut shown: Vec<String> = all.iter().take(LISTED_TABLES).map(|name| code(&name.to_sql())).collect();
        if all.len() > shown.len() {
            shown.push(format!("and {} more", all.len() - shown.len()));
        }
        shown.join(", ")
    };
    let lacking = tables(|caveat| if let Caveat::NoIdentity { table } = caveat { Some(table) } else { None });
    if !lacking.is_empty() {
        let _ = writeln!(
            text,
            "- **No replica identity**: once these are published, the application's own UPDATE and DELETE of them fail on the \
             publisher. Do not start before that is mended: {lacking}."
        );
    }
    let unlike = tables(|caveat| if let Caveat::UnlikeRoot { table } = caveat { Some(table) } else { None });
    if !unlike.is_empty() {
        let _ = writeln!(
            text,
            "- **Partitions that identify rows otherwise than their root**, or roots that do not: an UPDATE or DELETE can stop the \
             slot: {unlike}."
        );
    }
    text.push_str(
        "- What else the plan found, and why each table is where it is: `pgslotplan report` shows it, and `pgslotplan audit` derives \
         again what this folder was made from.\n",
    );
}

fn not_replicated(text: &mut String, context: &Context<'_>) {
    text.push_str(
        "\n## What is not replicated\n\n\
         - Sequences: the cutover copies their values after the writes have stopped.\n\
         - DDL, roles, privileges.\n- Large objects.\n- Unlogged, temporary and foreign tables, materialized views (refresh them).\n\
         - Statistics: the vacuum step makes them before the cutover, on partitioned tables too.\n",
    );
    if !context.plan.publisher_version.can_publish_generated_columns()
        || !context.plan.subscriber_version.can_publish_generated_columns()
    {
        text.push_str("- Values of generated columns: the subscriber computes its own.\n");
    }
    for excluded in context.plan.excluded.iter().take(LISTED_TABLES) {
        let name = TableName::new(excluded.schema.clone(), excluded.name.clone());
        let _ = writeln!(text, "- {}: {}", code(&name.to_sql()), words(&excluded.reason));
    }
    if context.plan.excluded.len() > LISTED_TABLES {
        let _ = writeln!(text, "- and {} more that the plan excludes", context.plan.excluded.len() - LISTED_TABLES);
    }
}

fn settings(text: &mut String, context: &Context<'_>, steps: &[Step]) {
    let needs = Needs::of(context.plan, context.bootstrap);
    let is_aurora = context.bootstrap == Bootstrap::Aurora;
    let (publisher, subscriber) = (context.plan.publisher_version, context.plan.subscriber_version);
    let origins =
        if subscriber.has_origin_limit() { "max_active_replication_origins" } else { "max_replication_slots" };
    let check = if context.bootstrap.is_physical() { StepId::CloneCheck } else { StepId::SubscriberCheck };
    let _ = write!(
        text,
        "\n## Settings\n\nThe least that this plan needs at its peak; what other slots, standbys and subscriptions use comes on top. \
         `{}` and `{}` check the real values.{}\n\n\
         Publisher:\n\n| setting | at least | in force after |\n| --- | ---: | --- |\n| {} | restart |\n\
         | max_replication_slots | {} | restart |\n| max_wal_senders | {} | restart |\n",
        file(steps, StepId::PublisherCheck),
        file(steps, check),
        if is_aurora {
            " They belong into the DB cluster parameter groups of publisher and clone; a static one needs a reboot of the writer."
        } else {
            ""
        },
        if is_aurora {
            "rds.logical_replication | 1".to_owned()
        } else {
            format!("wal_level | {}", publisher.wal_levels_in_words())
        },
        needs.publisher_slots(),
        needs.publisher_walsenders(),
    );
    if publisher.loses_slots() {
        text.push_str("| max_slot_wal_keep_size | -1 | reload |\n");
    }
    if publisher.has_idle_slot_timeout() {
        text.push_str("| idle_replication_slot_timeout | 0 | reload |\n");
    }
    let _ = write!(
        text,
        "\nSubscriber:\n\n| setting | at least | in force after |\n| --- | ---: | --- |\n\
         | max_logical_replication_workers | {} | restart |\n\
         | max_worker_processes | one more than max_logical_replication_workers | restart |\n| {origins} | {} | restart |\n",
        needs.workers,
        needs.origins(),
    );
    if let Some(sync_workers) = needs.sync_workers {
        let _ = writeln!(text, "| max_sync_workers_per_subscription | exactly {sync_workers} | reload |");
    }
    if needs.parallel {
        let _ = writeln!(
            text,
            "\nFor parallel apply of large transactions add {} × max_parallel_apply_workers_per_subscription to \
             max_logical_replication_workers.",
            needs.subscriptions
        );
    }
}

fn slots(text: &mut String, context: &Context<'_>) {
    let loads = match context.plan.load.slot_capacity {
        Some(_) => "Loads in per cent of what one slot can carry.",
        None => "Loads in WAL bytes per second.",
    };
    let _ = write!(text, "\n## Slots\n\n{loads}\n\n");
    for slot in &context.plan.slots {
        members(text, context, slot);
    }
}

/// One item a slot.
fn members(text: &mut String, context: &Context<'_>, slot: &PlannedSlot) {
    let publications: Vec<String> = context.publication_names(slot).into_iter().map(code).collect();
    let is_replicated = slot.publish.truncate;
    let _ = write!(
        text,
        "- {} ({}, peak load {}, copy {}, TRUNCATE {}): publication {}, subscription {}; ",
        code(slot.name.as_str()),
        slot.role.as_str(),
        context.plan.shown_load(slot.peak_load),
        Bytes(slot.copy_bytes as f64),
        if is_replicated { "replicated" } else { "refused on the publisher" },
        publications.join(" and "),
        code(&slot.subscription)
    );
    let tables: Vec<String> = slot.tables.iter().take(LISTED_TABLES).map(member).collect();
    text.push_str(&tables.join("; "));
    if slot.tables.len() > LISTED_TABLES {
        let _ = write!(text, "; and {} more: see plan/publications.sql", slot.tables.len() - LISTED_TABLES);
    }
    text.push('\n');
}

pub(super) fn member(table: &PlannedTable) -> String {
    let mut text = code(&table.table_name().to_sql());
    if !table.leaves.is_empty() {
        let _ = write!(text, ", a partitioned table with {} partitions", table.leaves.len());
    }
    if let Some(filter) = &table.row_filter {
        let _ = write!(text, ", only rows where {}", code(filter));
    }
    if table.insert_only {
        text.push_str(", only INSERT is replicated");
    }
    if table.set_identity {
        text.push_str(", its replica identity is changed");
    }
    let _ = write!(text, ", {}", Bytes(table.copy_bytes as f64));
    text
}

/// Every variable once: those of the environment, those of psql.
pub(super) fn variable_list(text: &mut String, steps: &[Step]) {
    let has_cutover = steps.iter().any(|step| step.id == StepId::Cutover);
    let _ = write!(
        text,
        "\n## Variables\n\nIn the environment for scripts, with `-v` for SQL files.{}\n\n| variable | meaning |\n| --- | --- |\n",
        if has_cutover { " `cutover.conf.example` explains those of the cutover." } else { "" }
    );
    let mut seen = BTreeSet::new();
    let common = variables(COMMON);
    for variable in common.iter().chain(steps.iter().flat_map(|step| &step.variables)) {
        if seen.insert(&variable.name) {
            let _ = writeln!(text, "| `{}` | {} |", variable.name, variable.meaning.replace('|', "\\|"));
        }
    }
}

fn evidence(text: &mut String) {
    text.push_str(
        "\n## Evidence and rehearsal\n\n\
         `run.sh` runs a step where it belongs and adds two lines to `evidence.tsv` in the state folder: when it began and how it \
         ended, how long it took, and the file's SHA-256. Scripts and the cutover add their own lines, part by part.\n\n\
         Rehearse every step from the first on, with a clone of the publisher, an empty subscriber and PgBouncers of their own: the \
         same files, with `PGSLOTPLAN_REHEARSAL=yes` and the connection strings of the rehearsal. Never start a copy of the \
         *subscriber* with its subscriptions: they would take the real publisher's slots and what these hold. Such a copy is started \
         with `max_logical_replication_workers = 0`, and its subscriptions are disabled, cut off from their slots (`SET (slot_name = \
         NONE)`) and dropped first. The cutover of a rehearsal shows the length of the pause: the last lines of the evidence divide \
         it into its parts.\n",
    );
}

/// The login for verification: what of the database could run there would run with few rights.
fn reader(text: &mut String, context: &Context<'_>, steps: &[Step]) {
    let _ = write!(
        text,
        "\n## A login that only reads\n\n\
         Reading calls no function of the database's owners: no casts, views, policies or domains. But the planner computes parts of \
         index expressions, predicates, statistics and partition keys. Where such a part calls a function of an ordinary role, \
         `{}` skips the table and names the function. `VERIFY_FOREIGN_CODE=yes` compares these tables, too, by a login that may \
         do nothing but read; what it may read, the owners of these functions may then see. Such a login is the better choice for \
         every comparison. On both servers, in database {}:\n\n\
         ```sql\nCREATE ROLE pgslotplan_reader LOGIN PASSWORD '...'; -- BYPASSRLS where tables have row security\n\
         SELECT format('GRANT CONNECT, TEMPORARY ON DATABASE %I TO pgslotplan_reader', current_database()) \\gexec\n\
         SELECT format('GRANT USAGE ON SCHEMA %I TO pgslotplan_reader', nspname), format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO \
         pgslotplan_reader', nspname), format('GRANT SELECT ON ALL SEQUENCES IN SCHEMA %I TO pgslotplan_reader', nspname)\n\
         FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' \\gexec\n```\n\n\
         Then the same steps with its connection strings in PGSLOTPLAN_PUBLISHER and PGSLOTPLAN_SUBSCRIBER. pg_read_all_data does not \
         stand for BYPASSRLS: with row security the comparison ends with an error instead of comparing fewer rows. Where neither a \
         superuser nor this login owns schema pgslotplan, PGSLOTPLAN_STATE_OWNER names its owner.\n",
        file(steps, StepId::Verify),
        code(&context.plan.database),
    );
}

/// What the page above has no room for, one item a step.
pub(super) fn one_step(text: &mut String, step: &Step) {
    let _ = write!(
        text,
        "- **{}** (`{}`). {} {} You see: {} It takes: {}.",
        step.id.as_str().replace('_', "\\_"),
        step.file,
        step.what,
        step.why,
        step.expected,
        step.duration
    );
    if let Some(asks) = &step.asks {
        let _ = write!(text, " You decide: {asks}");
    }
    let own = step.variables.iter().map(|variable| variable.name.as_str()).filter(|name| !SERVERS.contains(name));
    let own: Vec<String> = own.map(code).collect();
    if !own.is_empty() {
        let _ = write!(text, " Variables: {}.", own.join(", "));
    }
    if let Some(hazard) = &step.hazard {
        let _ = write!(text, " Hazard: {hazard}");
    }
    text.push('\n');
}
