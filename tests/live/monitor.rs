//! `pgslotplan monitor` on a real migration: each state is named within one run of `--once`, the stage is found, and a role with
//! pg_monitor alone sees it.

use std::{
    fs,
    process::{Command, Stdio},
    time::Duration,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{format, health::Status, names::quote_identifier, plan::Plan, throwaway::Servers};

use crate::{
    bench::case,
    bootstraps::Open,
    pair::{Pair, clusters},
    story,
};

pub fn trials() -> Vec<Trial> {
    [(13, 15), (15, 18), (12, 14)]
        .map(|(from, to)| {
            case(format!("monitor::every_state_is_named_{from}_to_{to}"), 2, move |servers| states(servers, from, to))
        })
        .into()
}

/// A migration, and the role that watches it.
struct Stage {
    pair: Pair,
    plan: Plan,
}

impl Stage {
    fn new(servers: &Servers, publisher: u32, subscriber: u32) -> Result<Self, Failed> {
        let (from, to) = clusters(servers, (publisher, subscriber), story::DATABASE, &[&story::schema()])?;
        from.psql(story::DATABASE, &story::rows())?.success()?;
        for cluster in [&from, &to] {
            cluster.query("postgres", "CREATE ROLE watcher LOGIN IN ROLE pg_monitor")?;
        }
        let identifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
        let mut plan = story::plan(publisher, subscriber, from.value("postgres", identifier)?);
        plan.plan_sha256 = plan.digest();
        let pair = Pair::of(from, to, story::DATABASE, plan.clone())?;
        fs::write(pair.folder().join("plan.json"), format::write(&plan))?;
        Ok(Stage { pair, plan })
    }

    /// Exit code and output of `monitor --once` as a role that may only look.
    fn once(&self, options: &[&str]) -> Result<(i32, String), Failed> {
        let as_watcher = |cluster: &pgslotplan::throwaway::Cluster| {
            cluster.conninfo(story::DATABASE).replace("user=postgres", "user=watcher")
        };
        let output = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
            .stdin(Stdio::null())
            .args(["monitor", "--once"])
            .args(options)
            .arg(self.pair.folder().join("plan.json"))
            .args(["--publisher", &as_watcher(&self.pair.publisher)])
            .args(["--subscriber", &as_watcher(&self.pair.subscriber)])
            .output()?;
        let (code, out, errors) = crate::pair::told(output);
        if code < 0 || out.is_empty() {
            return Err(format!("{code}: {errors}").into());
        }
        Ok((code, out))
    }

    fn status(&self, options: &[&str]) -> Result<(i32, Status), Failed> {
        let (code, out) = self.once(&[&["--format", "json"], options].concat())?;
        Ok((code, format::read(out.as_bytes()).map_err(|error| format!("{error}: {out}"))?))
    }

    /// Stage and the state of each slot, in the order of the plan.
    fn states(&self, code: i32) -> Result<(&'static str, Vec<&'static str>, Status), Failed> {
        let (found, status) = self.status(&[])?;
        let of =
            |name: &str| status.slots.iter().find(|slot| slot.name == name).map_or("-", |slot| slot.state.as_str());
        let states: Vec<&str> = self.plan.slots.iter().map(|slot| of(slot.name.as_str())).collect();
        if found != code {
            return Err(format!("exit code {found}, expected {code}: {states:?} {:?}", status.findings).into());
        }
        Ok((status.stage.as_str(), states, status))
    }

    fn on_subscriber(&self, sql: &str) -> Result<(), Failed> {
        self.pair.execute(&self.pair.subscriber, sql)
    }

    fn on_publisher(&self, sql: &str) -> Result<(), Failed> {
        self.pair.execute(&self.pair.publisher, sql)
    }

    /// Steps by their file names, from one to another, SQL only.
    fn run(&self, from: &str, below: &str) -> Result<(), Failed> {
        let wanted = |file: &&str| *file >= from && *file < below && file.ends_with(".sql");
        let files: Vec<&str> = self.pair.script.steps.iter().map(|step| step.file.as_str()).filter(wanted).collect();
        self.pair.run_all(&files)
    }
}

fn states(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, publisher, subscriber)?;
    let subscriptions: Vec<String> = stage.plan.slots.iter().map(|slot| quote_identifier(&slot.subscription)).collect();
    // up to 13 only superusers see the states of tables
    let sees_tables = subscriber >= 14;
    stage.run("", "60")?;
    let (found, states, _) = stage.states(4)?;
    assert_eq!((found, states), ("prepared", vec!["absent"; 3]));
    copying(&stage, sees_tables)?;
    streaming(&stage, publisher)?;
    catching_up(&stage)?;
    // one disabled, one failing on a row that is there already, one whose slot is gone
    stage.on_subscriber("INSERT INTO public.accounts (id, name) VALUES (987654, 'here first')")?;
    stage.on_publisher("INSERT INTO public.accounts (id, name) VALUES (987654, 'from there')")?;
    let failing = stage.plan.slots.iter().position(|slot| slot.tables.iter().any(|table| table.name == "accounts"));
    let failing = failing.ok_or("accounts is planned")?;
    let others: Vec<usize> = (0..3).filter(|number| *number != failing).collect();
    for number in &others {
        stage.on_subscriber(&format!("ALTER SUBSCRIPTION {} DISABLE", subscriptions[*number]))?;
    }
    let gone = stage.plan.slots[others[1]].name.to_string();
    let free = format!("SELECT NOT active FROM pg_replication_slots WHERE slot_name = '{gone}'");
    stage.pair.publisher.wait_until(story::DATABASE, &free, Duration::from_secs(30))?;
    stage.on_publisher(&format!("SELECT pg_drop_replication_slot('{gone}')"))?;
    let (_, states, status) = stage.states(4)?;
    let mut expected = vec!["failing"; 3];
    (expected[others[0]], expected[others[1]]) = ("disabled", "absent");
    assert_eq!(states, expected);
    let order: Vec<&str> = status.slots.iter().map(|slot| slot.state.as_str()).collect();
    assert_eq!(order, ["absent", "disabled", "failing"], "the worst first");
    if subscriber >= 15 {
        assert!(status.slots[2].errors.is_some_and(|errors| errors > 0), "{:?}", status.slots[2]);
    }
    let (code, line) = stage.once(&["--format", "nagios"])?;
    assert!(code == 2 && line.starts_with("PGSLOTPLAN CRITICAL - "), "{code}: {line}");
    if publisher >= 13 {
        lost(&stage, others[0])?;
    }
    Ok(())
}

/// A copy that waits for a lock on the publisher.
fn copying(stage: &Stage, sees_tables: bool) -> Result<(), Failed> {
    let lock = Open::begin(&stage.pair.publisher, "LOCK TABLE public.accounts IN ACCESS EXCLUSIVE MODE")?;
    stage.run("60", "70")?;
    let of_accounts = stage.plan.slots.iter().position(|slot| slot.tables.iter().any(|table| table.name == "accounts"));
    let of_accounts = of_accounts.ok_or("accounts is planned")?;
    if sees_tables {
        let (found, states, status) = stage.states(0)?;
        assert_eq!((found, states[of_accounts]), ("copying", "copying"), "{states:?}");
        let name = stage.plan.slots[of_accounts].name.as_str();
        let slot = status.slots.iter().find(|slot| slot.name == name).ok_or("the slot is there")?;
        let (tables, copy) = (slot.tables.ok_or("tables are seen")?, slot.copy.ok_or("a copy runs")?);
        assert!(tables.copying + tables.waiting > 0 && copy.done_bytes < copy.total_bytes, "{tables:?} {copy:?}");
    }
    lock.commit()?;
    stage.run("70", "75")
}

/// All is well, in every form; a threshold is told apart.
fn streaming(stage: &Stage, publisher: u32) -> Result<(), Failed> {
    let (found, states, status) = stage.states(0)?;
    assert_eq!((found, states), ("streaming", vec!["streaming"; 3]));
    assert!(status.unseen.is_empty(), "{:?}", status.unseen);
    for slot in &status.slots {
        assert!(slot.flush_lag_bytes.is_some() && slot.flush_lag_s.is_some_and(|lag| lag < 60.0), "{slot:?}");
        assert!(slot.drain_bytes_per_s.is_some() && slot.wal_bytes_per_s.is_some(), "{slot:?}");
        assert_eq!(slot.spilled_bytes.is_some(), publisher >= 14);
    }
    assert!(status.publisher.slots.used >= 3 && status.subscriber.workers.used >= 3, "{status:?}");
    let (code, metrics) = stage.once(&["--format", "prometheus"])?;
    assert_eq!(code, 0);
    let name = &stage.plan.slots[0].name;
    let line = format!("pgslotplan_slot_state{{slot=\"{name}\",direction=\"forward\",state=\"streaming\"}} 1");
    assert!(metrics.lines().any(|found| found == line), "{line}: {metrics}");
    let (code, line) = stage.once(&["--format", "nagios", "--max-retained", "1B"])?;
    assert!(
        code == 1 && line.starts_with("PGSLOTPLAN WARNING - ") && line.contains("--max-retained"),
        "{code}: {line}"
    );
    let (code, text) = stage.once(&["--max-retained", "1B"])?;
    assert!(code == 5 && text.contains("HE110"), "{code}: {text}");
    Ok(())
}

/// A worker that waits for a lock on the subscriber, and WAL of more than a slot may be behind to follow.
fn catching_up(stage: &Stage) -> Result<(), Failed> {
    let lock = Open::begin(&stage.pair.subscriber, "LOCK TABLE public.accounts IN ACCESS EXCLUSIVE MODE")?;
    stage.on_publisher(
        "UPDATE public.accounts SET name = name || '.' WHERE id = (SELECT min(id) FROM public.accounts);
         CREATE TABLE public.filler AS SELECT n, repeat('x', 500) AS x FROM generate_series(1, 60000) AS n;",
    )?;
    let (found, states, status) = stage.states(0)?;
    assert!(found == "catching_up" && states.contains(&"catching_up"), "{found}: {states:?}");
    let behind = status.slots.first().ok_or("three slots")?;
    assert!(behind.flush_lag_bytes.is_some_and(|lag| lag > 16 << 20), "{behind:?}");
    assert!(behind.flush_lag_s.is_some_and(|lag| lag >= 9.0), "the log passed it before the first look: {behind:?}");
    lock.commit()?;
    Ok(())
}

/// A slot that retains more than it may.
fn lost(stage: &Stage, number: usize) -> Result<(), Failed> {
    stage.on_publisher("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")?;
    stage.on_publisher("SELECT pg_reload_conf()")?;
    let name = &stage.plan.slots[number].name;
    let gone = format!("SELECT wal_status = 'lost' FROM pg_replication_slots WHERE slot_name = '{name}'");
    for _ in 0..20 {
        stage.on_publisher("INSERT INTO public.filler SELECT n, repeat('y', 500) FROM generate_series(1, 40000) AS n; SELECT pg_switch_wal(); CHECKPOINT")?;
        if stage.pair.publisher.value(story::DATABASE, &gone)? == "t" {
            break;
        }
    }
    let (_, states, status) = stage.states(4)?;
    assert_eq!(states[number], "lost");
    assert!(status.findings.iter().any(|finding| finding.code == "HE102"), "{:?}", status.findings);
    Ok(())
}
