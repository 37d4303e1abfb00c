//! Nothing is left behind: a cutover refuses, the application untouched, while anything would be lost; what moved in the catalog since
//! the sampling is found; statements that the new version refuses keep nothing else away.

use std::fs;

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    names::TableName,
    plan::PlannedTable,
    throwaway::Servers,
    workload::{Excluded, TableKind},
};

use crate::{
    bank::{self, DATABASE, Stage},
    bench::case,
    moments::said,
    pair::{Pair, clusters, table, told},
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("left_behind::a_cutover_refuses_while_anything_would_be_lost_13_to_15", 2, refuses),
        case("left_behind::a_table_that_joined_a_planned_tree_is_not_sent_twice", 2, attached),
        case("left_behind::what_a_new_version_refuses_keeps_nothing_else_away_13_to_16", 2, refused_statements),
    ]
}

/// What only one side has, and the line that accepts it.
const LOST: &[(&str, &str)] = &[
    // made after the last verification and before the freeze
    ("CREATE TABLE late (id int PRIMARY KEY)", r#"relation ["public", "late"]"#),
    ("CREATE ROLE newcomer LOGIN", r#"role ["newcomer"]"#),
    ("ALTER DATABASE bank SET timezone = 'Asia/Tokyo'", r#"setting ["", "database"] TimeZone"#),
    ("SELECT lo_create(0)", r#"large_objects ["postgres"] count"#),
    ("CREATE INDEX by_amount ON transfers (amount)", r#"index ["public", "transfers", "by_amount"]"#),
    ("SELECT pg_create_logical_replication_slot('debezium', 'pgoutput')", r#"slot ["debezium"]"#),
    ("ALTER TABLE accounts ENABLE ROW LEVEL SECURITY", r#"relation ["public", "accounts"] row security"#),
    (
        "CREATE FUNCTION twice(int) RETURNS int LANGUAGE sql AS 'SELECT 2 * $1'",
        r#"function ["public", "twice", "integer"]"#,
    ),
];

fn refuses(servers: &Servers) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, 13, 15)?;
    let (old, new) = (&stage.pair.publisher, &stage.pair.subscriber);
    // an unlogged table when the plan was made, an ordinary one now: on both sides, and nothing replicates it
    for cluster in [old, new] {
        cluster.psql(DATABASE, "SET pgslotplan.ddl = on; CREATE TABLE cache (id int PRIMARY KEY)")?.success()?;
    }
    for (change, _) in LOST {
        old.psql(DATABASE, &format!("SET pgslotplan.ddl = on; {change}"))?.success()?;
    }
    let begun = || stage.pair.state("evidence.tsv").contains("\tbegin\tpause\n");
    let said_by_cutover = stage.shell("cutover.sh", 4)?;
    assert!(said_by_cutover.contains("not ready; the application was not touched"), "{said_by_cutover}");
    assert!(!begun(), "clients were paused");
    let found = said(&stage.pair, "cutover")?;
    let mut expected: Vec<&str> =
        LOST.iter().map(|(_, line)| *line).chain([r#"relation ["public", "cache"] replicated"#]).collect();
    expected.sort_unstable();
    let mut lines: Vec<&str> =
        found.iter().filter(|(level, _)| level == "no-go").map(|(_, line)| line.as_str()).collect();
    lines.sort_unstable();
    assert_eq!(lines, expected);
    for line in &expected {
        assert!(said_by_cutover.contains(line), "{line}: {said_by_cutover}");
    }
    let accepted = stage.pair.folder().join("scripts.state/accepted.txt");
    fs::write(&accepted, format!("# decided in the meeting\n{}\n", expected.join("\n")))?;
    stage.shell("cutover.sh", 0)?;
    // a table that was made on the new server would stay there; as long as there is a way back nobody makes one by mistake
    let refused = new.psql(DATABASE, "CREATE TABLE written (id int)")?;
    assert!(refused.stderr.contains("the schema is frozen for a migration"), "{}", refused.stderr);
    new.psql(DATABASE, "SET pgslotplan.ddl = on; CREATE TABLE written (id int)")?.success()?;
    let said_by_rollback = stage.shell("rollback.sh", 4)?;
    assert!(said_by_rollback.contains(r#"relation ["public", "written"] replicated"#), "{said_by_rollback}");
    fs::write(&accepted, format!("{}\nrelation [\"public\", \"written\"]\n", expected.join("\n")))?;
    stage.shell("rollback.sh", 0)?;
    stage.bouncers.clear();
    Ok(())
}

/// Two servers with a schema of their own and a plan of the bank's with other tables.
fn small(
    servers: &Servers,
    pair: (u32, u32),
    schema: &str,
    tables: Vec<PlannedTable>,
    on_both: bool,
) -> Result<Pair, Failed> {
    let (from, to) = clusters(servers, pair, DATABASE, if on_both { std::slice::from_ref(&schema) } else { &[] })?;
    if !on_both {
        from.psql(DATABASE, schema)?.success()?;
    }
    let mut plan =
        bank::plan(pair.0, pair.1, from.value("postgres", "SELECT system_identifier FROM pg_control_system()")?);
    plan.foreign_keys.clear();
    plan.slots.truncate(1);
    plan.slots[0].tables = tables;
    plan.slots[0].via_root = true;
    plan.excluded = vec![Excluded {
        schema: "public".into(),
        name: "cache".into(),
        reason: pgslotplan::plan::left_out::UNLOGGED_TABLE.into(),
    }];
    Pair::of(from, to, DATABASE, plan)
}

fn attached(servers: &Servers) -> Result<(), Failed> {
    let schema = "CREATE TABLE ev (id int, d int, PRIMARY KEY (id, d)) PARTITION BY RANGE (d);
        CREATE TABLE ev_1 PARTITION OF ev FOR VALUES FROM (0) TO (10);
        CREATE TABLE ev_3 (id int, d int, PRIMARY KEY (id, d)); CREATE TABLE cache (id int PRIMARY KEY)";
    let root = PlannedTable {
        kind: TableKind::Partitioned,
        leaves: vec![TableName::new("public", "ev_1")],
        ..table("ev", &["id", "d"])
    };
    let pair = small(servers, (13, 15), schema, vec![root, table("ev_3", &["id", "d"])], true)?;
    pair.run_all(&["10"])?;
    pair.publisher.psql(DATABASE, "ALTER TABLE ev ATTACH PARTITION ev_3 FOR VALUES FROM (10) TO (20)")?.success()?;
    let (code, _, errors) = pair.run("10")?;
    assert!(
        code == 3 && errors.contains("table public.ev_3 would be sent twice: it is a partition of public.ev now"),
        "{code}: {errors}"
    );
    // the subscriber does not have it there, and the table that was unlogged when it was sampled has rows that nobody sends
    let found = said(&pair, "everything")?;
    for line in [r#"relation ["public", "ev_3"] parents"#, r#"relation ["public", "cache"] replicated"#] {
        assert!(found.contains(&("no-go".into(), line.into())), "{line}: {found:?}");
    }
    Ok(())
}

fn refused_statements(servers: &Servers) -> Result<(), Failed> {
    let schema = "CREATE AGGREGATE array_accum(anyelement) (sfunc = array_append, stype = anyarray, initcond = '{}');
        CREATE TABLE t (id int PRIMARY KEY, v text); CREATE INDEX t_v ON t (v); CREATE ROLE azure_sync LOGIN";
    let pair = small(servers, (13, 16), schema, vec![table("t", &["id"])], false)?;
    let step = pair.step("01")?.file.clone();
    let run = |accepted: Option<&std::path::Path>| -> Result<(i32, String), Failed> {
        let mut command = pair.shell(&step);
        command.env("PGSLOTPLAN_BIN", servers.tools().full(18)?);
        if let Some(file) = accepted {
            command.env("PGSLOTPLAN_ACCEPT_REFUSED", file);
        }
        let (code, out, errors) = told(command.output()?);
        Ok((code, out + &errors))
    };
    let (code, text) = run(None)?;
    assert!(
        code == 3 && text.contains("42883: function array_append(anyarray, anyelement) does not exist"),
        "{code}: {text}"
    );
    assert!(text.contains("azure_sync"), "{text}");
    let keys = "SELECT count(*) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'p'";
    assert_eq!(pair.subscriber.value(DATABASE, keys)?, "1");
    let (code, text) = run(Some(&pair.folder().join("scripts.state/refused.schema.txt")))?;
    assert_eq!(code, 0, "{text}");
    // what is missing for it is found by name
    let found = said(&pair, "everything")?;
    let missing = ("no-go".to_owned(), r#"function ["public", "array_accum", "anyelement"]"#.to_owned());
    assert!(found.contains(&missing), "{found:?}");
    pair.run_all(&["11"])
}
