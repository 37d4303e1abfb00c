//! `pgslotplan monitor` on a real migration: each state is named within one run of `--once`, the stage is found, and a role with
//! pg_monitor alone sees it.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    health::{
        Status,
        cause::{Cause, CauseKind},
    },
    names::quote_identifier,
    plan::Plan,
    throwaway::{Cluster, Servers},
};

use crate::{
    bench::case,
    bootstraps::Open,
    pair::{Pair, clusters},
    story,
};

pub fn trials() -> Vec<Trial> {
    let of_states = [(13, 15), (15, 18), (12, 14)].map(|(from, to)| {
        case(format!("monitor::every_state_is_named_{from}_to_{to}"), 2, move |servers| states(servers, from, to))
    });
    let of_causes = [(13, 15), (15, 18), (12, 14)].map(|(from, to)| {
        case(format!("monitor::causes_and_ways_out_{from}_to_{to}"), 2, move |servers| causes(servers, from, to))
    });
    let follows = case("monitor::changes_are_told_as_they_come_13_to_15", 2, |servers| follows(servers, 13, 15));
    let rules = case("monitor::rules_are_those_of_prometheus", 0, rules);
    of_states.into_iter().chain(of_causes).chain([follows, rules]).collect()
}

/// A migration, and the role that watches it.
struct Stage {
    pair: Pair,
    plan: Plan,
    watcher: &'static str,
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
        Ok(Stage { pair, plan, watcher: "user=watcher" })
    }

    /// The command, as a role that may only look.
    fn command(&self) -> Command {
        let as_watcher = |cluster: &Cluster| cluster.conninfo(story::DATABASE).replace("user=postgres", self.watcher);
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
        command
            .stdin(Stdio::null())
            .arg("monitor")
            .arg(self.pair.folder().join("plan.json"))
            .args(["--publisher", &as_watcher(&self.pair.publisher)])
            .args(["--subscriber", &as_watcher(&self.pair.subscriber)]);
        command
    }

    /// The slot that has a table.
    fn slot_of(&self, table: &str) -> Result<usize, Failed> {
        let found = self.plan.slots.iter().position(|slot| slot.tables.iter().any(|found| found.name == table));
        found.ok_or_else(|| format!("{table} is planned").into())
    }

    /// Exit code and output of `monitor --once`.
    fn once(&self, options: &[&str]) -> Result<(i32, String), Failed> {
        let output = self.command().arg("--once").args(options).output()?;
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
    let failing = stage.slot_of("accounts")?;
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
    let of_accounts = stage.slot_of("accounts")?;
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

/// Why the slot of accounts stands still.
fn cause(stage: &Stage) -> Result<(Cause, Status), Failed> {
    let (_, status) = stage.status(&[])?;
    let name = stage.plan.slots[stage.slot_of("accounts")?].name.as_str();
    let slot = status.slots.iter().find(|slot| slot.name == name).ok_or("the slot is there")?;
    let cause = slot.cause.clone().ok_or_else(|| format!("no cause: {slot:?} {:?}", status.unseen))?;
    Ok((cause, status))
}

/// Each cause is named from the log of the subscriber or its locks, and its way out works.
fn causes(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let mut stage = Stage::new(servers, publisher, subscriber)?;
    stage.watcher = "user=postgres";
    // a log that the server itself knows
    stage.pair.subscriber.configure("logging_collector", "on")?;
    stage.pair.subscriber.restart()?;
    stage.run("", "75")?;
    let subscription = quote_identifier(&stage.plan.slots[stage.slot_of("accounts")?].subscription);
    // a row that is there already
    stage.on_subscriber("INSERT INTO public.accounts (id, name) VALUES (987654, 'here first')")?;
    stage.on_publisher("INSERT INTO public.accounts (id, name) VALUES (987654, 'from there')")?;
    let (found, status) = cause(&stage)?;
    assert_eq!((found.kind, found.key.as_deref()), (CauseKind::DuplicateKey, Some("(id)=(987654)")), "{found:?}");
    let said = status.findings.iter().find(|finding| finding.code == "HE103").ok_or("the slot fails")?;
    assert!(
        said.detail
            .as_deref()
            .is_some_and(|detail| detail.contains("duplicate key") || detail.contains("conflict=insert_exists")),
        "{said:?}"
    );
    if subscriber >= 15 {
        assert_eq!(found.relation.as_deref(), Some("public.accounts"));
        assert_eq!(found.operation.as_deref(), Some("INSERT"));
        // skipped by the statement that it gives: the row that was there first stays
        let skip =
            found.ways_out.iter().find_map(|way| way.what.split_once(": ").filter(|(_, sql)| sql.contains(" SKIP ")));
        stage.on_subscriber(skip.ok_or("a way out")?.1)?;
    } else {
        stage.on_subscriber("DELETE FROM public.accounts WHERE id = 987654")?;
    }
    let (found, states, _) = stage.states(0)?;
    assert_eq!((found, states), ("streaming", vec!["streaming"; 3]));
    if subscriber >= 15 {
        // deleted by the statement that it gives: the publisher's row takes its place
        stage.on_subscriber("INSERT INTO public.accounts (id, name) VALUES (987655, 'here first')")?;
        stage.on_publisher("INSERT INTO public.accounts (id, name) VALUES (987655, 'from there')")?;
        let found = cause(&stage)?.0;
        let delete = found.ways_out.iter().find_map(|way| way.what.split_once("DELETE ")).ok_or("a way out")?;
        let statement = delete.1.split_once(';').ok_or("a whole statement")?.0;
        stage.on_subscriber(&format!("DELETE {statement}"))?;
        let arrived = "SELECT count(*) = 1 FROM public.accounts WHERE id = 987655 AND name = 'from there'";
        stage.pair.subscriber.wait_until(story::DATABASE, arrived, Duration::from_secs(30))?;
    }
    // a lock
    let lock = Open::begin(&stage.pair.subscriber, "LOCK TABLE public.accounts IN ACCESS EXCLUSIVE MODE")?;
    stage.on_publisher(
        "UPDATE public.accounts SET name = name || '.' WHERE id = 987655 OR id = (SELECT min(id) FROM public.accounts);
         CREATE TABLE public.filler AS SELECT n, repeat('x', 500) AS x FROM generate_series(1, 60000) AS n;",
    )?;
    let found = cause(&stage)?.0;
    assert_eq!(found.kind, CauseKind::LockWait, "{found:?}");
    lock.commit()?;
    // a column that is not there
    stage.on_publisher(
        "ALTER TABLE public.accounts ADD COLUMN extra int; UPDATE public.accounts SET extra = 1 WHERE id = (SELECT min(id) FROM public.accounts)",
    )?;
    let found = cause(&stage)?.0;
    assert_eq!(
        (found.kind, found.relation.as_deref()),
        (CauseKind::MissingColumn, Some("public.accounts")),
        "{found:?}"
    );
    stage.on_subscriber("ALTER TABLE public.accounts ADD COLUMN extra int")?;
    // a publisher that is not where the subscription thinks
    let wrong = "host=127.0.0.1 port=1 user=postgres dbname=nowhere";
    stage.on_subscriber(&format!("ALTER SUBSCRIPTION {subscription} CONNECTION '{wrong}'"))?;
    let found = cause(&stage)?.0;
    assert_eq!(found.kind, CauseKind::Unreachable, "{found:?}");
    Ok(())
}

/// Without `--once`: a line for each change, metrics, and a command when something got worse.
fn follows(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, publisher, subscriber)?;
    stage.run("", "75")?;
    let told = stage.pair.folder().join("told");
    let command = format!("printf '%s' \"$PGSLOTPLAN_EVENT\" > '{0}.new' && mv '{0}.new' '{0}'", told.display());
    let mut running = stage
        .command()
        .args(["--interval", "1s", "--listen", "127.0.0.1:0", "--notify", &command])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let mut errors = BufReader::new(running.stderr.take().ok_or("stderr is piped")?).lines();
    let mut lines = BufReader::new(running.stdout.take().ok_or("stdout is piped")?).lines();
    let first = errors.next().ok_or("it says where the metrics are")??;
    let address =
        first.split_once("http://").and_then(|(_, rest)| rest.strip_suffix("/metrics")).ok_or(first.clone())?;
    let mut until = |text: &str| loop {
        let line = lines.next().ok_or_else(|| Failed::from(format!("no line with {text}")))??;
        if line.contains(text) {
            return Ok::<String, Failed>(line);
        }
    };
    until("stage: streaming")?;
    let page = |path: &str| -> Result<String, Failed> {
        let mut stream = TcpStream::connect(address)?;
        stream.write_all(format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").as_bytes())?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        Ok(text)
    };
    let metrics = page("/metrics")?;
    assert!(metrics.starts_with("HTTP/1.1 200") && metrics.contains("\npgslotplan_up 1\n"), "{metrics}");
    assert!(page("/")?.starts_with("HTTP/1.1 404"));
    assert!(!told.exists(), "how it begins is nothing that got worse");
    let subscription = quote_identifier(&stage.plan.slots[0].subscription);
    stage.on_subscriber(&format!("ALTER SUBSCRIPTION {subscription} DISABLE"))?;
    until("disabled")?;
    let deadline = Instant::now() + Duration::from_secs(30);
    while !told.exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(50));
    }
    let event = fs::read_to_string(&told)?;
    assert!(event.contains(&format!("slot {}: disabled", stage.plan.slots[0].name)), "{event}");
    stage.on_subscriber(&format!("ALTER SUBSCRIPTION {subscription} ENABLE"))?;
    until("streaming")?;
    Command::new("kill").arg(running.id().to_string()).status()?;
    assert_eq!(running.wait()?.code(), Some(0));
    Ok(())
}

/// What is written is what Prometheus reads.
fn rules(_: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let output = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
        .args(["monitor", "rules", concat!(env!("CARGO_MANIFEST_DIR"), "/samples/saas/plan.json"), "-o"])
        .arg(folder.path().join("monitoring"))
        .output()?;
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let rules = folder.path().join("monitoring/alerts.yml");
    let checked = Command::new("promtool").args(["check", "rules"]).arg(&rules).output();
    let (code, out, errors) = crate::pair::told(checked.map_err(|error| format!("promtool: {error}"))?);
    let count = pgslotplan::health::rules::ALERTS.len();
    assert!(code == 0 && out.contains(&format!("{count} rules found")), "{code}: {out}{errors}");
    let board: serde_json::Value = serde_json::from_slice(&fs::read(folder.path().join("monitoring/dashboard.json"))?)?;
    assert!(board["panels"].as_array().is_some_and(|panels| panels.len() > 5));
    Ok(())
}
