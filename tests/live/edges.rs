//! What broke other tools, in few runs: tables that cannot be published, tables split by row filters and by leaves,
//! the ways of foreign keys with TRUNCATE.

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    names::TableName,
    plan::{Plan, PlannedForeignKey, PlannedSlot, PlannedTable},
    policy::ForeignKeyMode,
    throwaway::{Cluster, Servers},
    workload::{ForeignKey, ReplicaIdentity, TableKind},
};

use crate::{
    bench::case,
    pair::write_script,
    scripts::{Setup, Stage, compare, roomy, while_doing},
    story,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("edges::tables_that_cannot_be_published_are_named_with_their_remedy", 2, unpublishable),
        case("edges::a_root_and_its_partitions_log_one_key_13_to_15", 2, |servers| roots_and_leaves(servers, 13, 15)),
        case("edges::a_root_and_its_partitions_log_one_key_15_to_18", 2, |servers| roots_and_leaves(servers, 15, 18)),
        case("edges::splits_and_foreign_key_modes_15_to_15", 2, |servers| splits(servers, 15, 15)),
        case("edges::splits_and_foreign_key_modes_16_to_18", 2, |servers| splits(servers, 16, 18)),
    ]
}

/// Tables, and what the check must say about each.
const BAD: [(&str, &str, &str, &str); 10] = [
    ("no_key", "r", "CREATE TABLE public.no_key (n int)", "table public.no_key has no replica identity: its UPDATE and DELETE would fail once published; mend it with a primary key, or ALTER TABLE public.no_key REPLICA IDENTITY FULL"),
    ("late_key", "r", "CREATE TABLE public.late_key (n int PRIMARY KEY DEFERRABLE)", "table public.late_key has no replica identity"),
    ("told_nothing", "r", "CREATE TABLE public.told_nothing (n int PRIMARY KEY); ALTER TABLE public.told_nothing REPLICA IDENTITY NOTHING", "mend it with ALTER TABLE public.told_nothing REPLICA IDENTITY DEFAULT"),
    ("lost_index", "r", "CREATE TABLE public.lost_index (n int NOT NULL, m int NOT NULL); CREATE UNIQUE INDEX lost ON public.lost_index (n);
        CREATE UNIQUE INDEX \"left;over\" ON public.lost_index (m) INCLUDE (n); ALTER TABLE public.lost_index REPLICA IDENTITY USING INDEX lost; DROP INDEX public.lost",
        "mend it with ALTER TABLE public.lost_index REPLICA IDENTITY USING INDEX \"left;over\""),
    ("half_unique", "r", "CREATE TABLE public.half_unique (n int NOT NULL, m int); CREATE UNIQUE INDEX ON public.half_unique (n) WHERE n > 0;
        CREATE UNIQUE INDEX ON public.half_unique (m); CREATE UNIQUE INDEX ON public.half_unique ((n + 1))",
        "mend it with a primary key, or ALTER TABLE public.half_unique REPLICA IDENTITY FULL"),
    ("unlogged", "r", "CREATE UNLOGGED TABLE public.unlogged (n int PRIMARY KEY)", "relation public.unlogged is unlogged, temporary or foreign"),
    ("mixed", "p", "CREATE TABLE public.mixed (n int PRIMARY KEY) PARTITION BY RANGE (n);
        CREATE UNLOGGED TABLE public.mixed_1 PARTITION OF public.mixed FOR VALUES FROM (0) TO (10)", "relation public.mixed_1 is unlogged, temporary or foreign"),
    ("afar", "p", "CREATE EXTENSION postgres_fdw; CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw; CREATE TABLE public.afar (n int) PARTITION BY RANGE (n);
        CREATE FOREIGN TABLE public.afar_1 PARTITION OF public.afar FOR VALUES FROM (0) TO (10) SERVER far", "relation public.afar_1 is unlogged, temporary or foreign"),
    ("a_view", "r", "CREATE VIEW public.a_view AS SELECT 1 AS n", "table public.a_view is not an ordinary table"),
    ("gone", "r", "SELECT", "table public.gone does not exist"),
];

fn bad_plan(publisher: u32, subscriber: u32, identifier: String) -> Plan {
    let member = |(name, kind, ..): &(&str, &str, &str, &str)| PlannedTable {
        kind: if *kind == "p" { TableKind::Partitioned } else { TableKind::Table },
        ..story::public(name)
    };
    let mut slot = story::slot("pgsp_1", "pgsp_1", "pgsp_1", BAD.iter().map(member).collect());
    slot.via_root = true;
    story::planned(publisher, subscriber, identifier, vec![slot], Vec::new())
}

fn unpublishable(servers: &Servers) -> Result<(), Failed> {
    let schema = BAD.iter().map(|(_, _, sql, _)| format!("{sql};\n")).collect();
    let setup = Setup { is_bare: true, schema, rows: String::new(), plan: bad_plan, ..Setup::story(14, 14, roomy()) };
    let stage = Stage::new(servers, &setup)?;
    for number in ["10", "30"] {
        let outcome = stage.publisher.run_script(story::DATABASE, &stage.file(stage.step(number)?), &[])?;
        assert_eq!(outcome.code, 3);
        for (_, _, _, reason) in BAD {
            assert!(outcome.stderr.contains(reason), "{number}: \"{reason}\" is not in\n{}", outcome.stderr);
        }
    }
    let made = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_publication";
    assert_eq!(stage.publisher.value(story::DATABASE, made)?, "0");
    Ok(())
}

/// Trees whose root identifies rows otherwise than the partitions do: not at all, by other columns, by more; and one as it
/// should be, whose partition logs more.
const ROOTS: &str = "SET client_min_messages = warning;
    CREATE TABLE public.bare (id int NOT NULL, note text) PARTITION BY RANGE (id);
    CREATE TABLE public.bare_1 PARTITION OF public.bare (PRIMARY KEY (id)) FOR VALUES FROM (0) TO (100);
    CREATE TABLE public.odd (id int PRIMARY KEY, code int NOT NULL, note text) PARTITION BY RANGE (id);
    CREATE TABLE public.odd_rest PARTITION OF public.odd DEFAULT;
    CREATE TABLE public.odd_1 PARTITION OF public.odd FOR VALUES FROM (0) TO (100); CREATE UNIQUE INDEX odd_code ON public.odd_1 (code);
    CREATE TABLE public.whole (id int PRIMARY KEY, note text) PARTITION BY RANGE (id); ALTER TABLE public.whole REPLICA IDENTITY FULL;
    CREATE TABLE public.whole_1 PARTITION OF public.whole FOR VALUES FROM (0) TO (100);
    CREATE TABLE public.fine (id int PRIMARY KEY, note text NOT NULL) PARTITION BY RANGE (id);
    CREATE TABLE public.fine_1 PARTITION OF public.fine FOR VALUES FROM (0) TO (100);
    CREATE TABLE public.fine_2 PARTITION OF public.fine FOR VALUES FROM (100) TO (200); CREATE UNIQUE INDEX more ON public.fine_1 (id, note);
    ALTER TABLE public.fine_2 REPLICA IDENTITY FULL;";

fn roots_plan(publisher: u32, subscriber: u32, identifier: String) -> Plan {
    let root = |(name, leaves): (&str, &[&str])| PlannedTable {
        kind: TableKind::Partitioned,
        leaves: leaves.iter().map(|leaf| TableName::new("public", *leaf)).collect(),
        identity_columns: if name == "bare" { Vec::new() } else { vec!["id".into()] },
        ..story::public(name)
    };
    let roots: [(&str, &[&str]); 4] = [
        ("bare", &["bare_1"]),
        ("odd", &["odd_1", "odd_rest"]),
        ("whole", &["whole_1"]),
        ("fine", &["fine_1", "fine_2"]),
    ];
    let mut slot = story::slot("pgsp_1", "pgsp_1", "pgsp_1", roots.map(root).into());
    slot.via_root = true;
    story::planned(publisher, subscriber, identifier, vec![slot], Vec::new())
}

/// The files refuse such trees, and rightly: changes of one stop a slot, those of the other look for a row without key, find
/// it in no partition, or look for it in the wrong one.
fn roots_and_leaves(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let setup = Setup {
        schema: ROOTS.into(),
        rows: "SELECT".into(),
        plan: roots_plan,
        ..Setup::story(publisher, subscriber, roomy())
    };
    let stage = Stage::new(servers, &setup)?;
    let free = "SET default_transaction_read_only = off; SET search_path = public; SET statement_timeout = 0;";
    let publish = |sql: &str| stage.publisher.psql(story::DATABASE, &format!("{free}{sql}"))?.success();
    publish(
        "ALTER TABLE odd_1 REPLICA IDENTITY USING INDEX odd_code; ALTER TABLE fine_1 REPLICA IDENTITY USING INDEX more",
    )?;
    let check = |number: &str| -> Result<String, Failed> {
        let outcome = stage.publisher.run_script(story::DATABASE, &stage.file(stage.step(number)?), &[])?;
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        Ok(outcome.stderr)
    };
    for number in ["10", "30"] {
        let said = check(number)?;
        for reason in [
            "partitioned table public.bare has no replica identity of its own",
            "partition public.odd_1 logs other columns as the old key than its root public.odd has",
            "partition public.whole_1 logs other columns as the old key than its root public.whole has",
        ] {
            assert!(said.contains(reason), "{number}: \"{reason}\" is not in\n{said}");
        }
        assert!(!said.contains("fine"), "{said}");
    }
    // what they refuse
    publish("CREATE PUBLICATION hand FOR TABLE bare, odd, fine WITH (publish_via_partition_root = true);
        INSERT INTO bare VALUES (1, 'a'); INSERT INTO odd VALUES (1, 7, 'a'), (2, 8, 'a'); INSERT INTO fine VALUES (1, 'a'), (2, 'a'), (101, 'a'), (102, 'a')")?;
    let subscribe = format!(
        "{free} CREATE SUBSCRIPTION hand CONNECTION {} PUBLICATION hand",
        pgslotplan::names::quote_literal(&stage.publisher.conninfo(story::DATABASE))
    );
    stage.subscriber.psql(story::DATABASE, &subscribe)?.success()?;
    let limit = std::time::Duration::from_secs(60);
    let ready = "SELECT count(*) = 3 FROM pg_catalog.pg_subscription_rel WHERE srsubstate = 'r'";
    stage.subscriber.wait_until(story::DATABASE, ready, limit)?;
    publish(
        "DELETE FROM odd WHERE id = 1; DELETE FROM fine WHERE id IN (1, 101); UPDATE fine SET id = id + 10, note = 'b' WHERE id IN (2, 102); INSERT INTO odd VALUES (3, 9, 'last')",
    )?;
    stage.subscriber.wait_until(story::DATABASE, "SELECT count(*) > 0 FROM public.odd WHERE id = 3", limit)?;
    let rows = |cluster: &Cluster, table: &str| {
        cluster.value(story::DATABASE, &format!("SELECT string_agg(t::text, ' ' ORDER BY id) FROM public.{table} AS t"))
    };
    assert_eq!(rows(&stage.publisher, "odd")?, "(2,8,a) (3,9,last)");
    assert_eq!(rows(&stage.subscriber, "odd")?, "(1,7,a) (2,8,a) (3,9,last)", "the DELETE was lost");
    assert_eq!(rows(&stage.subscriber, "fine")?, rows(&stage.publisher, "fine")?);
    publish("UPDATE bare SET note = 'b'")?;
    let stuck = "SELECT apply_error_count > 0 FROM pg_catalog.pg_stat_subscription_stats";
    stage.subscriber.wait_until(story::DATABASE, stuck, limit)?;
    assert!(stage.subscriber.server_log().contains("publisher did not send replica identity column expected"));
    let end = "ALTER SUBSCRIPTION hand DISABLE; ALTER SUBSCRIPTION hand SET (slot_name = NONE); DROP SUBSCRIPTION hand";
    stage.subscriber.psql(story::DATABASE, &format!("{free}{end}"))?.success()?;
    Ok(())
}

/// One table over four row-filter shards, one over its leaves, foreign keys guarded and kept together, generated columns.
const SCHEMA: &str = "SET client_min_messages = warning;
    CREATE TABLE public.hot (id bigint PRIMARY KEY, body text, n int);
    ALTER TABLE public.hot ALTER body SET STORAGE EXTERNAL;
    CREATE TABLE public.parts (id bigint, region text, body text, PRIMARY KEY (id, region)) PARTITION BY LIST (region);
    CREATE TABLE public.parts_a PARTITION OF public.parts FOR VALUES IN ('a');
    CREATE TABLE public.parts_b PARTITION OF public.parts FOR VALUES IN ('b');
    CREATE TABLE public.parts_rest PARTITION OF public.parts DEFAULT;
    CREATE TABLE public.guarded_parent (id bigint PRIMARY KEY, note text);
    CREATE TABLE public.guarded_child (id bigint PRIMARY KEY, parent bigint CONSTRAINT child_of REFERENCES public.guarded_parent (id), note text);
    CREATE TABLE public.near_parent (id bigint PRIMARY KEY, above bigint REFERENCES public.near_parent (id));
    CREATE TABLE public.near_child (id bigint PRIMARY KEY, parent bigint REFERENCES public.near_parent (id));
    CREATE TABLE public.computed (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n bigint, twice bigint GENERATED ALWAYS AS (n * 2) STORED);
    CREATE TABLE public.canary (note text);
    CREATE SCHEMA evil; CREATE TABLE evil.pg_class (oid oid);";

const ROWS: &str = "INSERT INTO public.hot SELECT n, (SELECT string_agg(md5(n || ':' || i), '') FROM generate_series(1, 100) AS i), 0 FROM generate_series(1, 400) AS n;
    INSERT INTO public.parts SELECT n, (ARRAY['a', 'b', 'c'])[1 + n % 3], (SELECT string_agg(md5(n || ':' || i), '') FROM generate_series(1, 100) AS i) FROM generate_series(1, 300) AS n;
    INSERT INTO public.guarded_parent SELECT n, 'x' FROM generate_series(1, 50) AS n; INSERT INTO public.guarded_child SELECT n, n, 'x' FROM generate_series(1, 50) AS n;
    INSERT INTO public.near_parent SELECT n, NULL FROM generate_series(1, 50) AS n; INSERT INTO public.near_child SELECT n, n FROM generate_series(1, 50) AS n;
    INSERT INTO public.computed (n) SELECT generate_series(1, 50); INSERT INTO public.canary VALUES ('alive');";

/// Keys move between shards and rows between leaves, without their stored-apart columns being written.
fn writes(round: u64) -> String {
    format!(
        "SET default_transaction_read_only = off; SET statement_timeout = 0; SET search_path = public; SET default_transaction_isolation = 'read committed';
         UPDATE hot SET id = id + 1000001 WHERE id IN (SELECT id FROM hot ORDER BY id LIMIT 3);
         UPDATE hot SET n = n + 1 WHERE id % 7 = {round} % 7;
         DELETE FROM hot WHERE id IN (SELECT id FROM hot ORDER BY id DESC LIMIT 1);
         INSERT INTO hot VALUES (-{round}, repeat('{round} ', 3000), 0) ON CONFLICT (id) DO UPDATE SET n = 7;
         UPDATE parts SET region = CASE region WHEN 'a' THEN 'b' WHEN 'b' THEN 'c' ELSE 'a' END WHERE id % 11 = {round} % 11;
         BEGIN; INSERT INTO guarded_parent VALUES (1000 + {round}, 'new'); INSERT INTO guarded_child VALUES (1000 + {round}, 1000 + {round}, 'new'); COMMIT;
         INSERT INTO computed (n) VALUES ({round});"
    )
}

fn split_plan(publisher: u32, subscriber: u32, identifier: String) -> Plan {
    let shard = |part: u32| {
        let hot = PlannedTable {
            row_filter: Some(format!("(hashint8(id) & 3) = {part}")),
            identity: ReplicaIdentity::Full,
            set_identity: true,
            ..story::public("hot")
        };
        let name = format!("pgsp_hot_{part}");
        let mut slot = story::slot(&name, &name, &name, vec![hot]);
        slot.publish = "insert, update, delete".parse().unwrap();
        slot
    };
    let leaf = |name: &str| PlannedTable {
        kind: TableKind::Partition,
        identity_columns: vec!["id".into(), "region".into()],
        partition_root: Some(TableName::new("public", "parts")),
        ..story::public(name)
    };
    let mut slots: Vec<PlannedSlot> = (0..4).map(shard).collect();
    slots.push(story::slot(
        "pgsp_near",
        "pgsp_near",
        "pgsp_near",
        vec![leaf("parts_a"), story::public("near_parent"), story::public("near_child"), story::public("computed")],
    ));
    slots.push(story::slot("pgsp_parts", "pgsp_parts", "pgsp_parts", vec![leaf("parts_b"), leaf("parts_rest")]));
    let mut guarded = story::slot("pgsp_parent", "pgsp_parent", "pgsp_parent", vec![story::public("guarded_parent")]);
    guarded.publish = "insert, update, delete".parse().unwrap();
    slots.push(guarded);
    let mut guarded = story::slot("pgsp_child", "pgsp_child", "pgsp_child", vec![story::public("guarded_child")]);
    guarded.publish = "insert, update, delete".parse().unwrap();
    slots.push(guarded);
    let (child, parent) = (TableName::new("public", "guarded_child"), TableName::new("public", "guarded_parent"));
    let key = ForeignKey::new(child, parent, "child_of").with_columns(["parent"], ["id"]);
    let key = PlannedForeignKey { key, cut: true };
    let mut plan = story::planned(publisher, subscriber, identifier, slots, vec![key]);
    plan.policy.foreign_keys = ForeignKeyMode::Guard;
    plan.plan_sha256 = plan.digest();
    plan
}

fn splits(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let settings = roomy()
        .with("max_replication_slots", "40")
        .with("max_wal_senders", "40")
        .with("max_logical_replication_workers", "30")
        .with("max_worker_processes", "40");
    let setup = Setup {
        is_bare: true,
        schema: SCHEMA.into(),
        rows: ROWS.into(),
        plan: split_plan,
        ..Setup::story(publisher, subscriber, settings)
    };
    let stage = Stage::new(servers, &setup)?;
    while_doing(&stage, writes, || {
        stage.run_twice(&["01", "10", "11", "12", "20", "21", "30", "50", "60", "70", "71", "72", "73", "74"])?;
        let truncate = |tables: &str| {
            let sql = format!("SET default_transaction_read_only = off; TRUNCATE {tables}");
            stage.publisher.psql(story::DATABASE, &sql)
        };
        // forbidden where it cannot be replicated, through the referencing table too
        for tables in ["public.hot", "public.guarded_parent CASCADE", "public.guarded_child"] {
            let refused = truncate(tables)?;
            assert!(refused.stderr.contains("does not carry TRUNCATE"), "{tables}: {}", refused.stderr);
        }
        // replicated where everything that refers to it is in the slot, and over slots by leaves
        truncate("public.near_parent CASCADE")?.success()?;
        truncate("public.parts_a")?.success()?;
        truncate("public.parts")?.success()?;
        stage.publisher.psql(
            story::DATABASE,
            "SET default_transaction_read_only = off; INSERT INTO public.near_parent VALUES (7, NULL); INSERT INTO public.near_child VALUES (8, 7);
             INSERT INTO public.parts SELECT n, (ARRAY['a', 'b', 'c'])[1 + n % 3], repeat(n || ' ', 2000) FROM generate_series(1, 60) AS n",
        )?.success()?;
        stage.run_twice(&["71"])
    })?;
    stage.run_twice(&["71"])?;
    compare(&stage)?;
    let key = "SELECT pg_catalog.pg_get_constraintdef(oid) FROM pg_catalog.pg_constraint WHERE conname = 'child_of'";
    let definition = stage.publisher.value(story::DATABASE, key)?;
    assert!(definition.contains("REFERENCES"), "{definition}");
    assert_eq!(stage.subscriber.value(story::DATABASE, key)?, definition);
    filter_that_breaks_the_application(&stage)?;
    stage.stop_writes()?;
    stage.run_twice(&["80"])?;
    stage.open_writes()?;
    stage.run_twice(&["90", "91"])?;
    stage.publisher.psql(story::DATABASE, "SET default_transaction_read_only = off; TRUNCATE public.hot")?.success()?;
    Ok(())
}

/// A filter over a column that is not in the identity is refused, and nothing of it stays.
fn filter_that_breaks_the_application(stage: &Stage) -> Result<(), Failed> {
    let mut plan = stage.plan.clone();
    plan.slots.truncate(1);
    plan.foreign_keys.clear();
    plan.policy.prefix = "other".parse().unwrap();
    let slot = &mut plan.slots[0];
    slot.publication = "other".into();
    slot.tables = vec![PlannedTable { row_filter: Some("n > 0".into()), ..story::public("computed") }];
    plan.plan_sha256 = plan.digest();
    let script = pgslotplan::emit::script(&plan, &pgslotplan::emit::EmitOptions::default())?;
    let step = script.steps.iter().find(|step| step.file.starts_with("30")).ok_or("no step 30")?;
    let folder = stage.folder.path().join("other");
    write_script(&script, &folder)?;
    stage.refused(
        &stage.publisher,
        story::DATABASE,
        &folder.join(&step.file),
        "columns of row filters are not in the replica identity",
    )?;
    let left = "SELECT pg_catalog.count(*) FROM pg_catalog.pg_publication WHERE pubname = 'other'";
    assert_eq!(stage.publisher.value(story::DATABASE, left)?, "0");
    Ok(())
}
