//! Comparison of both servers: the SQL of either side, with the plan's tables in it. The protocol is that of postgres.md
//! §12.2: digest on the publisher, all slots of the table past what it had read, digest on the subscriber; rows that differ
//! are read a third time, and only one that did not move in between is different.

use std::collections::BTreeMap;

use super::{
    Context, checks,
    ddl::{Value, values},
    script::{Side, Support},
    support,
};
use crate::{
    names::TableName,
    plan::{PlannedSlot, PlannedTable},
    workload::TableKind,
};

const COMPARE: &str = include_str!("assets/compare.sql");
const PUBLISHER: &str = include_str!("assets/compare_publisher.sql");
const SUBSCRIBER: &str = include_str!("assets/compare_subscriber.sql");
const BARRIER: &str = include_str!("assets/barrier.sql");
const RUN: &str = include_str!("assets/compare_run.sql");
const SEQUENCES: &str = include_str!("assets/sequences.sql");
const SEQUENCES_READ: &str = include_str!("assets/sequences_read.sql");
const SEQUENCES_WRITE: &str = include_str!("assets/sequences_write.sql");

/// In the pause it is one transaction that leaves no temporary objects behind, whose removal would be another: so the
/// cutover knows how many are its own.
const BEGIN_FINAL: &str = "SELECT :'mode' = 'final' AS is_final\n\\gset\n\\if :is_final\nBEGIN;\n\\endif";
const END_FINAL: &str = "\\if :is_final\nROLLBACK;\n\\endif";

/// A relation that is compared, with every slot that carries rows of it.
struct Compared {
    only: bool,
    slots: Vec<String>,
}

/// Each relation once. Shards of one table are one relation of many slots; a tree that is not published through its root
/// is compared leaf by leaf, since the subscriber need not have the root.
fn compared(context: &Context<'_>) -> BTreeMap<TableName, Compared> {
    let mut all: BTreeMap<TableName, Compared> = BTreeMap::new();
    for (slot, table) in context.plan.members() {
        for name in relations(slot, table) {
            let entry = all.entry(name).or_insert_with(|| Compared { only: table.only, slots: Vec::new() });
            entry.slots.push(slot.name.to_string());
        }
    }
    all
}

fn relations(slot: &PlannedSlot, table: &PlannedTable) -> Vec<TableName> {
    let by_leaves = table.kind == TableKind::Partitioned && !slot.via_root && !table.leaves.is_empty();
    if by_leaves { table.leaves.clone() } else { vec![table.table_name()] }
}

/// The relations as a temporary table, numbered by name.
fn planned_table(context: &Context<'_>) -> String {
    let compared = compared(context);
    let rows: Vec<Vec<Value<'_>>> = compared
        .iter()
        .enumerate()
        .map(|(number, (name, relation))| {
            vec![
                Value::Number(number),
                Value::Text(&name.schema),
                Value::Text(&name.name),
                Value::Flag(relation.only),
                Value::List(relation.slots.clone()),
            ]
        })
        .collect();
    let names = ["number", "schema_name", "table_name", "is_only", "slots"];
    format!("CREATE TEMP TABLE planned_table AS SELECT * FROM {};", values("planned", &names, &rows))
}

/// psql variables as settings, since functions cannot see psql variables.
fn settings(names: &[&str]) -> String {
    names.iter().map(|name| format!("SET pgslotplan.{name} = :'{name}';")).collect::<Vec<_>>().join("\n")
}

const TASK: (&str, &str) = ("task", "digest, rows or again");
const SLOT: (&str, &str) = ("slot", "the slot whose tables are compared");
const MODE: (&str, &str) = ("mode", "live or at_rest");
const OUT: (&str, &str) = ("out", "the file to write; also with .next, .found and .status after it");

/// All files of the comparison.
pub(super) fn files(context: &Context<'_>) -> Vec<Support> {
    let mut files = vec![comparing_publisher(context), comparing_subscriber(context)];
    files.extend([objects_publisher(context), objects_subscriber(context)]);
    for side in [Side::Publisher, Side::Subscriber] {
        files.extend(sequences(context, side));
    }
    files.push(support::shell("lib/verify.sh", include_str!("assets/verify.sh")));
    files
}

fn comparing_publisher(context: &Context<'_>) -> Support {
    let variables = [
        TASK,
        SLOT,
        MODE,
        OUT,
        ("chunk_rows", "rows read by one digest"),
        ("batch_seconds", "how long one run reads before it says where to go on"),
        ("wait_seconds", "how long the slots may take to pass what was read"),
    ];
    let names = ["slot", "mode", "chunk_rows", "batch_seconds", "wait_seconds"];
    support::sql(
        context,
        Side::Publisher,
        "lib/compare_publisher.sql",
        "Reads digests or rows of the publisher's tables and waits until the slots have passed them.",
        &variables,
        &[
            settings(&names),
            BEGIN_FINAL.into(),
            planned_table(context),
            COMPARE.into(),
            PUBLISHER.into(),
            RUN.into(),
            END_FINAL.into(),
            BARRIER.into(),
        ],
    )
}

fn comparing_subscriber(context: &Context<'_>) -> Support {
    support::sql(
        context,
        Side::Subscriber,
        "lib/compare_subscriber.sql",
        "Compares what the publisher's half has read with the subscriber's tables.",
        &[TASK, SLOT, MODE, OUT],
        &[settings(&["slot", "mode"]), planned_table(context), COMPARE.into(), SUBSCRIBER.into(), RUN.into()],
    )
}

/// What a query of one text column finds, as lines of the file that `out` names.
fn written(query: &str, what: &str) -> String {
    format!(
        "\\o :out\nCOPY (SELECT '{what}', regexp_replace(line, '[[:cntrl:]]', '?', 'g'), NULL::text, NULL::text FROM (\n{query}\n    ) AS found(line) ORDER BY 2) TO STDOUT (FORMAT csv);\n\\o"
    )
}

/// Publications that are not the planned ones, and tables that nobody replicates.
fn objects_publisher(context: &Context<'_>) -> Support {
    let query = format!("{}\n      UNION ALL\n{}", checks::publication_differences(context), unplanned(context));
    support::sql(
        context,
        Side::Publisher,
        "lib/objects_publisher.sql",
        "Writes what is missing in the publications, and tables that the plan does not know.",
        &[("out", "the file to write")],
        &[written(&query, "publisher")],
    )
}

fn objects_subscriber(context: &Context<'_>) -> Support {
    support::sql(
        context,
        Side::Subscriber,
        "lib/objects_subscriber.sql",
        "Writes which planned tables are not replicated by their subscription now.",
        &[("out", "the file to write")],
        &[written(&super::verify::tables_not_ready(context), "subscriber")],
    )
}

/// Tables with rows of their own that are neither in the plan nor excluded by it, nor below one that is.
fn unplanned(context: &Context<'_>) -> String {
    let members = context.plan.members().map(|(_, table)| vec![Value::Text(&table.schema), Value::Text(&table.name)]);
    let excluded = context.plan.excluded.iter().map(|table| vec![Value::Text(&table.schema), Value::Text(&table.name)]);
    let rows: Vec<Vec<Value<'_>>> = members.chain(excluded).collect();
    let known = values("known", &["schema_name", "table_name"], &rows);
    format!(
        "      SELECT format('table %I.%I is neither in the plan nor excluded by it: nothing replicates it', n.nspname, c.relname)
      FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgslotplan')
        AND n.nspname !~ '^pg_(toast|temp)'
        AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
          AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e')
        AND NOT EXISTS (SELECT FROM (SELECT c.oid UNION SELECT relid FROM pg_partition_ancestors(c.oid)) AS t(oid)
          JOIN pg_class AS r ON r.oid = t.oid JOIN pg_namespace AS m ON m.oid = r.relnamespace
          JOIN {known} ON known.schema_name = m.nspname AND known.table_name = r.relname)"
    )
}

/// Reading and setting sequences, for either side.
fn sequences(context: &Context<'_>, side: Side) -> [Support; 2] {
    let name = side.as_str();
    [
        support::sql(
            context,
            side,
            &format!("lib/sequences_read_{name}.sql"),
            "Writes the values of all sequences.",
            &[("out", "the file to write")],
            &["BEGIN;".into(), SEQUENCES.into(), SEQUENCES_READ.into()],
        ),
        support::sql(
            context,
            side,
            &format!("lib/sequences_write_{name}.sql"),
            "Compares the sequences with the other server's and sets those that are behind.",
            &[("task", "compare or write"), ("behind", "the file for those that are behind")],
            &[SEQUENCES.into(), SEQUENCES_WRITE.into()],
        ),
    ]
}
