//! Partitions that are made while the migration runs: by the step `partitions`, in trees that are published partition by partition
//! and in one that is published by its root, under writers, killed and run again. Nothing refuses them afterwards.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    names::TableName,
    plan::PlannedTable,
    throwaway::{Cluster, Servers},
    workload::TableKind,
};

use crate::{
    bench::{Done, case},
    beside::{in_the_end, kill_after},
    pair::{self, Pair, told},
    story,
};

pub fn trials() -> Vec<Trial> {
    [(15, 18), (13, 16), (14, 18), (18, 18)]
        .map(|(publisher, subscriber)| {
            case(format!("partitions::new_ones_join_{publisher}_to_{subscriber}"), 2, move |servers| {
                joins(servers, publisher, subscriber)
            })
        })
        .into()
}

const DATABASE: &str = "tr;ee";
const IDENTIFIER: &str = "SELECT system_identifier FROM pg_catalog.pg_control_system()";

const SCHEMA: &str = "CREATE TABLE tree (id bigint, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE tree_0 PARTITION OF tree FOR VALUES FROM (0) TO (10); CREATE TABLE \"Tree;1\" PARTITION OF tree FOR VALUES FROM (10) TO (20);
    CREATE TABLE whole (id bigint, day int, v text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day);
    CREATE TABLE whole_0 PARTITION OF whole FOR VALUES FROM (0) TO (20); CREATE TABLE other (id int PRIMARY KEY);";

const ROWS: &str = "INSERT INTO tree SELECT n, n % 20, 'before' FROM generate_series(1, 2000) AS n;
    INSERT INTO whole SELECT n, n % 20, 'before' FROM generate_series(1, 500) AS n; INSERT INTO other SELECT generate_series(1, 100);";

/// Days 20 to 29 in a table that joins with rows, and 30 to 39 in one that is empty.
const MORE: &str = "CREATE TABLE \"Tree;2\" (LIKE tree INCLUDING ALL); INSERT INTO \"Tree;2\" SELECT n, 20 + n % 10, 'joined' FROM generate_series(5001, 5500) AS n;
    ALTER TABLE tree ATTACH PARTITION \"Tree;2\" FOR VALUES FROM (20) TO (30); CREATE TABLE tree_3 PARTITION OF tree FOR VALUES FROM (30) TO (40);";

fn leaf(name: &str) -> PlannedTable {
    PlannedTable {
        kind: TableKind::Partition,
        partition_root: Some(TableName::new("public", "tree")),
        ..pair::table(name, &["id", "day"])
    }
}

fn rows(cluster: &Cluster) -> Result<Vec<String>, Failed> {
    ["tree", "whole", "other"]
        .iter()
        .map(|name| {
            let sql = format!("SELECT concat_ws(' ', '{name}', count(*), sum(hashtextextended(t::text, 0)), string_agg(DISTINCT tableoid::regclass::text, ' ')) FROM {name} AS t");
            Ok(cluster.value(DATABASE, &sql)?)
        })
        .collect()
}

fn joins(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let (from, to) = pair::clusters(servers, (publisher, subscriber), DATABASE, &[SCHEMA])?;
    from.psql(DATABASE, ROWS)?.success()?;
    let root = PlannedTable {
        kind: TableKind::Partitioned,
        leaves: vec![TableName::new("public", "whole_0")],
        ..pair::table("whole", &["id", "day"])
    };
    let mut plan = story::plan(publisher, subscriber, from.value("postgres", IDENTIFIER)?);
    plan.database = DATABASE.into();
    plan.foreign_keys.clear();
    plan.excluded.clear();
    let members = [vec![leaf("tree_0")], vec![leaf("Tree;1"), pair::table("other", &["id"])], vec![root]];
    plan.slots = ["one", "two", "three"]
        .into_iter()
        .zip(members)
        .map(|(name, tables)| story::slot(name, name, name, tables))
        .collect();
    plan.slots[2].via_root = true;
    let pair = Pair::of(from, to, DATABASE, plan)?;
    pair.bring_up()?;
    let programs = servers.tools().full(subscriber)?;
    let stop = AtomicBool::new(false);
    let top = AtomicU64::new(20);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut id = 10_000_u64;
            while !stop.load(Ordering::Relaxed) {
                id += 1;
                let top = top.load(Ordering::Relaxed);
                let sql = format!(
                    "BEGIN; INSERT INTO tree VALUES ({id}, {id} % {top}, 'new'); UPDATE tree SET v = v || '.' WHERE id = 1 + {id} % 1999; \
                     DELETE FROM tree WHERE id = {id} - 40; INSERT INTO whole VALUES ({id}, {id} % 20, 'new'); SELECT pg_sleep(0.003); COMMIT"
                );
                pair.publisher.psql(DATABASE, &sql).map_err(|e| e.to_string())?.success().map_err(|e| e.to_string())?;
            }
            Ok::<u64, String>(id - 10_000)
        });
        let end = Done(&stop);
        let worked = grow(&pair, &programs, &top);
        drop(end);
        let written = writer.join().map_err(|_| "the writer panicked")??;
        worked?;
        assert!(written > 0);
        Ok::<(), Failed>(())
    })?;
    // what comes after is not refused by what was made
    pair.run_all(&["10", "30", "50", "70", "71", "75"])?;
    let (sent, received) = (rows(&pair.publisher)?, rows(&pair.subscriber)?);
    assert!(sent == received && sent[0].contains("tree_3") && sent[0].contains("Tree;2"), "{sent:#?} {received:#?}");
    Ok(())
}

fn grow(pair: &Pair, programs: &Path, top: &AtomicU64) -> Result<(), Failed> {
    let join = || {
        let mut command = pair.shell("partitions.sh");
        command.env("PGSLOTPLAN_BIN", programs);
        command
    };
    let ends_well = || {
        let said = told(join().output()?);
        if said.0 == 0 { Ok(()) } else { Err(Failed::from(format!("{}: {}{}", said.0, said.1, said.2))) }
    };
    // nothing to do is no error
    ends_well()?;
    pair.execute(&pair.publisher, MORE)?;
    let (code, _, said) = pair.run("75")?;
    assert!(code == 4 && said.contains("Tree;2"), "{code}: {said}");
    for after in [300, 900, 1500, 2200] {
        kill_after(join(), after)?;
    }
    in_the_end(ends_well)?;
    top.store(40, Ordering::Relaxed);
    pair.execute(&pair.publisher, "INSERT INTO tree VALUES (1, 35, 'of a new day')")?;
    // a tree that is published by its root needs the partition on the other side, and nothing else
    pair.execute(&pair.publisher, "CREATE TABLE whole_1 PARTITION OF whole FOR VALUES FROM (20) TO (40)")?;
    ends_well()?;
    pair.execute(&pair.publisher, "INSERT INTO whole VALUES (1, 30, 'after')")?;
    thread::sleep(Duration::from_millis(500));
    Ok(())
}
