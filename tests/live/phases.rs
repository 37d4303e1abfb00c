//! Two migrations one after the other, as one story: 12 to 13, and with what was observed before the first 13 to 15. Clients write all
//! the time and keep a ledger; the server in the middle is a subscriber first, then a publisher, and at the end holds nothing of ours.

use std::{fs, path::Path};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    plan::Plan,
    throwaway::{Cluster, Servers},
    workload::Workload,
};

use crate::{
    bank::{Clients, DATABASE, ROWS, SCHEMA, Stage},
    bench::case,
    databases::{program, text},
    pair::{Pair, server},
};

pub fn trials() -> Vec<Trial> {
    vec![case("phases::load_observed_on_12_serves_12_to_13_and_13_to_15", 3, two_phases)]
}

fn two_phases(servers: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    let (first, middle) = (server(servers, 12, DATABASE, &[SCHEMA])?, server(servers, 13, DATABASE, &[SCHEMA])?);
    first.psql(DATABASE, ROWS)?.success()?;
    let one = file("one.json");
    let busy = "DO $$ BEGIN FOR i IN 1..3000 LOOP INSERT INTO ledger VALUES (-1, i); COMMIT; END LOOP; DELETE FROM ledger; END $$";
    observe(&first, &one, Some(busy))?;
    let plan = planned(&[&one, "-o", &file("one.plan.json"), "--subscriber-version", "13"], &file("one.plan.json"))?;
    let stage = migrated(first, middle, plan)?;

    // what is left of the first phase is said, and is not taken for the application's
    let two = (file("fresh.json"), file("two.json"));
    observe(&stage.pair.subscriber, &two.0, None)?;
    ran(&["workload", "carry", &one, &two.0, "-o", &two.1])?;
    let carried: Workload = format::read(&fs::read(&two.1)?)?;
    let observed: Workload = format::read(&fs::read(&one)?)?;
    assert_eq!(carried.server.version_num.major(), 13);
    assert_ne!(carried.server.system_identifier, observed.server.system_identifier);
    assert_eq!(names(&carried), names(&observed));
    let ledger = |workload: &Workload| {
        let found = workload.tables.iter().find(|table| table.name == "ledger");
        found.map(|table| table.load.inserts_per_s.clone())
    };
    assert!(ledger(&carried) == ledger(&observed) && ledger(&observed).is_some_and(|series| series.max() > 0.0));
    let arguments = [
        two.1.as_str(),
        "-o",
        &file("two.plan.json"),
        "--previous",
        &file("one.plan.json"),
        "--subscriber-version",
        "15",
    ];
    let next = planned(&arguments, &file("two.plan.json"))?;
    assert_eq!(slots(&next), slots(&stage.pair.plan), "every table stays where it was");
    let Pair { publisher: first, subscriber: middle, .. } = clean_up(stage, &next)?;
    drop(first);
    let last = server(servers, 15, DATABASE, &[SCHEMA])?;
    last.query(DATABASE, "GRANT CREATE ON SCHEMA public TO PUBLIC")?; // as a dump carries it
    let stage = migrated(middle, last, next)?;
    stage.pair.run_all(&["thaw", "89", "90", "91"])?;
    nothing_left(&stage.pair)
}

/// What `sample` sees, beside a statement that writes.
fn observe(cluster: &Cluster, output: &str, busy: Option<&str>) -> Result<(), Failed> {
    let conninfo = cluster.conninfo(DATABASE);
    let observing = ["sample", &conninfo, "-o", output, "--once", "--interval", "3s", "--bucket", "60s", "-q"];
    std::thread::scope(|scope| {
        let observed = scope.spawn(|| ran(&observing).map_err(|error| error.message().unwrap_or_default().to_owned()));
        std::thread::sleep(std::time::Duration::from_millis(700)); // after its first look, as soon as may be
        if let Some(sql) = busy {
            cluster.psql(DATABASE, sql)?.success()?;
        }
        Ok::<_, Failed>(observed.join().map_err(|_| "a thread panicked")??)
    })
}

/// Runs the program, which must end with 0.
fn ran(arguments: &[&str]) -> Result<(), Failed> {
    let output = program(arguments).output()?;
    let told = text(&output);
    if output.status.code() == Some(0) { Ok(()) } else { Err(format!("{arguments:?}: {told}").into()) }
}

fn planned(arguments: &[&str], output: &str) -> Result<Plan, Failed> {
    ran(&[&["plan", "--publications", "2", "--budget", "small", "-q"], arguments].concat())?;
    Ok(format::read(&fs::read(Path::new(output))?)?)
}

fn names(workload: &Workload) -> Vec<String> {
    workload.tables.iter().map(|table| table.table_name().to_string()).collect()
}

/// Each slot with its tables.
fn slots(plan: &Plan) -> Vec<(String, Vec<String>)> {
    let tables =
        |slot: &pgslotplan::plan::PlannedSlot| slot.tables.iter().map(|table| table.table_name().to_string()).collect();
    plan.slots.iter().map(|slot| (slot.name.to_string(), tables(slot))).collect()
}

/// A migration with its cutover under writers, whose ledger is on the new server to the last row.
fn migrated(from: Cluster, to: Cluster, plan: Plan) -> Result<Stage, Failed> {
    let stage = Stage::of(from, to, plan)?;
    stage.bring_up()?;
    let clients = Clients::beside(&stage, |clients| {
        stage.shell("cutover.sh", 0)?;
        clients.go_on()
    })?;
    stage.settle(&stage.pair.subscriber, &clients)?;
    // another crowd begins to count anew
    stage.pair.execute(&stage.pair.subscriber, crate::bank::NEW_CROWD)?;
    Ok(stage)
}

/// The second phase refuses the server that the first one still has to leave; then nothing of it is left.
fn clean_up(stage: Stage, next: &Plan) -> Result<Pair, Failed> {
    let kit = tempfile::tempdir()?;
    let script = pgslotplan::emit::script(next, &pgslotplan::emit::EmitOptions::default())?;
    crate::pair::write_script(&script, kit.path())?;
    let outcome = stage.pair.subscriber.run_script(DATABASE, &kit.path().join("10_publisher_check.sql"), &[])?;
    let is_said = outcome.stderr.contains("subscriber of an earlier plan") && outcome.stderr.contains("lean up first");
    assert!(outcome.code == 3 && is_said, "{} {}", outcome.code, outcome.stderr);
    stage.pair.run_all(&["thaw", "89", "90", "91"])?;
    nothing_left(&stage.pair)?;
    Ok(stage.pair)
}

/// Once the old database may be written to again, which the clean-up leaves to a person, both are as they were.
fn nothing_left(pair: &Pair) -> Result<(), Failed> {
    let open = pair.folder().join("scripts/lib/writes_open_publisher.sql");
    pair.publisher.run_script(DATABASE, &open, &[])?.success()?;
    pair.run_all(&["91"])?;
    for cluster in [&pair.publisher, &pair.subscriber] {
        let left = "SELECT coalesce(string_agg(left_over, ', '), 'nothing') FROM (SELECT 'slot ' || slot_name FROM pg_replication_slots
            UNION ALL SELECT 'publication ' || pubname FROM pg_publication UNION ALL SELECT 'subscription ' || subname FROM pg_subscription
            UNION ALL SELECT 'origin ' || roname FROM pg_replication_origin UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
            UNION ALL SELECT 'trigger ' || tgname FROM pg_trigger WHERE NOT tgisinternal
            UNION ALL SELECT 'schema ' || nspname || ': ' || coalesce((SELECT string_agg(relname, ' ') FROM pg_class AS c WHERE c.relnamespace = n.oid), '')
              FROM pg_namespace AS n WHERE nspname = 'pgslotplan') AS found(left_over)";
        assert_eq!(cluster.value(DATABASE, left)?, "nothing", "{}", cluster.major());
    }
    Ok(())
}
