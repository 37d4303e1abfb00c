//! The emitted scripts on real servers: psql runs them unchanged while a writer goes on, twice each, and on the wrong
//! side; every table is compared, and the clean-up leaves nothing.

use std::{
    collections::BTreeMap,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, Bootstrap, EmitOptions, Script, Step, StepSide},
    names::quote_identifier,
    plan::Plan,
    throwaway::{Cluster, ClusterSettings, ScriptOutcome, Servers, as_server_account, available_majors},
};

use crate::{
    bench::{Done, case},
    pair::write_script,
    story,
};

/// One release to the next, over several, and to the same.
const PAIRS: [(u32, u32); 9] =
    [(12, 13), (12, 15), (13, 15), (14, 16), (15, 18), (16, 17), (17, 17), (17, 18), (18, 18)];

/// Subscribers whose pg_dump can be had: the others get their schema by hand.
const DUMPING: [u32; 3] = [15, 16, 18];

/// How long the scripts wait for a condition that holds within a few seconds on a free machine.
const WAIT_SECONDS: &str = "100";

pub fn trials() -> Vec<Trial> {
    let copies = PAIRS.map(|(publisher, subscriber)| {
        case(format!("scripts::copy_{publisher}_to_{subscriber}"), 2, move |servers| {
            copy(servers, publisher, subscriber)
        })
    });
    // as soon as there are packages of its servers
    let newest = [(18, 19), (19, 19)].into_iter().filter(|(_, to)| available_majors().contains(to));
    let newest = newest.map(|(publisher, subscriber)| {
        case(format!("scripts::copy_{publisher}_to_{subscriber}"), 2, move |servers| {
            copy(servers, publisher, subscriber)
        })
    });
    let mut trials: Vec<Trial> = copies.into_iter().chain(newest).collect();
    trials.push(case("scripts::small_settings_are_refused_before_anything_is_made", 2, small_settings));
    trials
}

/// Rows of a query.
pub type Rows = Vec<Vec<Option<String>>>;

/// What a stage begins with.
pub struct Setup {
    /// Majors.
    pub publisher: u32,
    pub subscriber: u32,
    /// Parameters of both servers.
    pub settings: ClusterSettings,
    pub bootstrap: Bootstrap,
    /// The subscriber's database begins without any table.
    pub is_bare: bool,
    /// Statements for the schema of both, and the rows of the publisher.
    pub schema: String,
    pub rows: String,
    /// The plan, from the publisher's system identifier.
    pub plan: fn(u32, u32, String) -> Plan,
}

impl Setup {
    /// The story on two servers.
    pub fn story(publisher: u32, subscriber: u32, settings: ClusterSettings) -> Self {
        Setup {
            publisher,
            subscriber,
            settings,
            bootstrap: Bootstrap::Copy,
            is_bare: false,
            schema: story::schema(),
            rows: story::rows(),
            plan: story::plan,
        }
    }
}

/// Both servers with a database each, and the scripts in a folder.
pub struct Stage {
    pub publisher: Cluster,
    pub subscriber: Cluster,
    pub plan: Plan,
    pub script: Script,
    pub folder: tempfile::TempDir,
    /// How the subscriber reaches the publisher, and what shell steps get besides the connections.
    pub publisher_dsn: String,
    pub environment: BTreeMap<String, String>,
    /// Rounds of writes so far.
    pub rounds: AtomicU64,
}

impl Stage {
    pub fn new(servers: &Servers, setup: &Setup) -> Result<Self, Failed> {
        let Setup { publisher, subscriber, .. } = *setup;
        let start = |major: u32| {
            let origins = if major >= 18 {
                setup.settings.clone().with("max_active_replication_origins", "20")
            } else {
                setup.settings.clone()
            };
            servers.start(major, &origins)
        };
        let (publisher_cluster, subscriber_cluster) = (start(publisher)?, start(subscriber)?);
        for cluster in [&publisher_cluster, &subscriber_cluster] {
            cluster.query("postgres", &format!("CREATE DATABASE {}", quote_identifier(story::DATABASE)))?;
        }
        publisher_cluster.query(story::DATABASE, &setup.schema)?;
        publisher_cluster.query(story::DATABASE, &setup.rows)?;
        if !setup.is_bare {
            subscriber_cluster.query(story::DATABASE, &setup.schema)?;
        }
        for cluster in [&publisher_cluster, &subscriber_cluster] {
            cluster.query("postgres", &story::hostile_settings())?;
        }
        let identifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
        let plan = (setup.plan)(publisher, subscriber, publisher_cluster.value("postgres", identifier)?);
        Stage::of(servers, publisher_cluster, subscriber_cluster, plan, setup.bootstrap)
    }

    /// Any two servers and a plan for them.
    pub fn of(
        servers: &Servers,
        publisher: Cluster,
        subscriber: Cluster,
        plan: Plan,
        bootstrap: Bootstrap,
    ) -> Result<Self, Failed> {
        let script = emit::script(&plan, &EmitOptions { bootstrap, ..EmitOptions::default() })?;
        let folder = tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o755)).tempdir()?;
        write_script(&script, &folder.path().join("scripts"))?;
        let mut environment = BTreeMap::new();
        if DUMPING.contains(&subscriber.major()) {
            let programs = servers.tools().full(subscriber.major())?;
            environment.insert("PGSLOTPLAN_BIN".to_owned(), programs.to_string_lossy().into_owned());
        }
        // the program runs as a step in walk::
        environment.insert("PGSLOTPLAN_CHECKED".to_owned(), "yes".to_owned());
        let dump = folder.path().join("dump");
        environment.insert("PGSLOTPLAN_DUMP".to_owned(), dump.to_string_lossy().into_owned());
        let publisher_dsn = publisher.conninfo(story::DATABASE);
        Ok(Stage { publisher, subscriber, plan, script, folder, publisher_dsn, environment, rounds: AtomicU64::new(0) })
    }

    /// The step whose file begins like this.
    pub fn step(&self, number: &str) -> Result<&Step, Failed> {
        let found = self.script.steps.iter().find(|step| step.file.starts_with(number));
        Ok(found.ok_or_else(|| format!("no step {number}"))?)
    }

    /// A shell step ready to run, as the servers' account where it handles data folders.
    pub fn shell_command(&self, file: &Path) -> std::process::Command {
        let mut command = std::process::Command::new("sh");
        command.arg(file).env_clear().env("PATH", "/usr/local/bin:/usr/bin:/bin").current_dir("/");
        command.env("PGSLOTPLAN_PUBLISHER", self.publisher.conninfo(story::DATABASE));
        command.env("PGSLOTPLAN_SUBSCRIBER", self.subscriber.conninfo(story::DATABASE));
        command.envs(&self.environment).stdin(std::process::Stdio::null());
        if self.environment.contains_key("PGSLOTPLAN_CLONE_DATA") {
            as_server_account(&mut command);
        }
        command
    }

    /// Runs a shell step.
    pub fn shell(&self, file: &Path) -> Result<ScriptOutcome, Failed> {
        // to files: a server that the step starts would hold a pipe open for ever
        let (stdout, stderr) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
        let mut command = self.shell_command(file);
        let status = command.stdout(stdout.reopen()?).stderr(stderr.reopen()?).status()?;
        Ok(ScriptOutcome {
            code: status.code().unwrap_or(-1),
            stdout: std::fs::read_to_string(stdout.path())?,
            stderr: std::fs::read_to_string(stderr.path())?,
        })
    }

    pub fn file(&self, step: &Step) -> PathBuf {
        self.folder.path().join("scripts").join(&step.file)
    }

    fn cluster(&self, side: StepSide) -> &Cluster {
        if side == StepSide::Publisher { &self.publisher } else { &self.subscriber }
    }

    /// Runs a step where it belongs and says why it went wrong.
    pub fn run(&self, step: &Step) -> Result<(), Failed> {
        self.run_file(step, &self.file(step))
    }

    /// Nobody writes to the publisher any more, and all that was written is on the subscriber. Without that no step goes on.
    pub fn stop_writes(&self) -> Result<(), Failed> {
        let outcome = self.subscriber.run_script(story::DATABASE, &self.file(self.step("80")?), &[])?;
        assert!(outcome.code == 3 && outcome.stderr.contains("rows could be lost"), "{}", outcome.stderr);
        // a test may have a session left
        let file = self.file(self.step("78_publisher")?);
        self.publisher.run_script(story::DATABASE, &file, &[("terminate", "yes")])?.success()?;
        self.run(self.step("78_shell")?)
    }

    /// The publisher is written to again, as after an abort.
    pub fn open_writes(&self) -> Result<(), Failed> {
        let file = self.folder.path().join("scripts/lib/writes_open_publisher.sql");
        self.publisher.run_script(story::DATABASE, &file, &[])?.success()?;
        // abort.sh forgets the drain on the new server, too
        let forget = "SET default_transaction_read_only = off; DROP TABLE pgslotplan.drained";
        self.subscriber.psql(story::DATABASE, forget)?.success()?;
        Ok(())
    }

    /// Runs a file where a step belongs.
    pub fn run_file(&self, step: &Step, file: &Path) -> Result<(), Failed> {
        let value = |name: &str| if name == "wait_seconds" { WAIT_SECONDS } else { self.publisher_dsn.as_str() };
        let names = step.variables.iter().map(|variable| variable.name.as_str());
        let variables: Vec<(&str, &str)> = names.map(|name| (name, value(name))).collect();
        let outcome = match step.side {
            StepSide::Shell => self.shell(file)?,
            side => self.cluster(side).run_script(story::DATABASE, file, &variables)?,
        };
        if outcome.code != 0 {
            let active = "SELECT backend_type, state, wait_event, query FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid()";
            let logs = [&self.publisher, &self.subscriber].map(|cluster| {
                let log = cluster.server_log();
                let errors = log.lines().rev().filter(|line| line.contains("ERROR") || line.contains("FATAL"));
                errors
                    .take(6)
                    .map(str::to_owned)
                    .chain([format!("{:?}", cluster.query("postgres", active))])
                    .collect::<Vec<_>>()
                    .join("\n")
            });
            return Err(format!(
                "{}: exit code {}: {}{}\nlog, latest first: {}",
                step.file,
                outcome.code,
                outcome.stdout,
                outcome.stderr,
                logs.join("\n")
            )
            .into());
        }
        Ok(())
    }

    /// Runs the steps whose files begin with these numbers, each twice: the second run changes nothing.
    pub fn run_twice(&self, numbers: &[&str]) -> Result<(), Failed> {
        for number in numbers {
            let step = self.step(number)?;
            self.run(step)?;
            let made = self.made();
            self.run(step)?;
            for (before, after) in made.iter().zip(self.made()) {
                let gone: Vec<_> = before.iter().filter(|row| !after.contains(row)).collect();
                let new: Vec<_> = after.iter().filter(|row| !before.contains(row)).collect();
                let changed = gone.len() + new.len() + before.len().abs_diff(after.len());
                assert!(changed == 0, "the second run of {}: gone {gone:?}, new {new:?}", step.file);
            }
        }
        Ok(())
    }

    /// Whatever a file of a plan can make or change on either side.
    fn made(&self) -> Vec<Rows> {
        let mut made = Vec::new();
        for cluster in [&self.publisher, &self.subscriber] {
            for sql in [story::TRACES, story::FOREIGN_KEYS, story::IDENTITIES, story::OBJECTS] {
                // a clone is not there before it is made
                let mut rows = cluster.query(story::DATABASE, sql).unwrap_or_default();
                // slots and origins of table synchronization workers come and go by themselves
                rows.retain(|row| !row[1].as_deref().is_some_and(story::is_of_synchronization));
                made.push(rows);
            }
        }
        made
    }

    /// Runs a file somewhere else: it must end with exit code 3 and say `reason`.
    pub fn refused(&self, cluster: &Cluster, database: &str, file: &Path, reason: &str) -> Result<(), Failed> {
        let nowhere = ["publisher_dsn", "subscriber_dsn"].map(|name| (name, "host=nowhere.invalid"));
        let outcome = cluster.run_script(database, file, &nowhere)?;
        if outcome.code != 3 || !outcome.stderr.contains(reason) {
            return Err(
                format!("{} in {database}: exit code {}: {}", file.display(), outcome.code, outcome.stderr).into()
            );
        }
        Ok(())
    }
}

pub fn roomy() -> ClusterSettings {
    ClusterSettings::new()
        .with("max_replication_slots", "20")
        .with("max_wal_senders", "20")
        .with("max_logical_replication_workers", "12")
        .with("max_worker_processes", "20")
        .with("wal_retrieve_retry_interval", "200ms")
}

fn copy(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let is_bare = DUMPING.contains(&subscriber);
    let stage = Stage::new(servers, &Setup { is_bare, ..Setup::story(publisher, subscriber, roomy()) })?;
    if publisher == 12 || publisher == subscriber {
        refuses_the_wrong_place(&stage)?; // told apart by the version, and by the system identifier
    }
    let (before, after): (&[&str], &[&str]) = if is_bare { (&["01", "12"], &["72", "73", "74"]) } else { (&[], &[]) };
    stage.run_twice(before)?;
    let untouched = traces(&stage)?;
    let replica_identities = identities(&stage)?;
    while_writing(&stage, || {
        stage.run_twice(&["10", "11", "20", "21", "22", "30", "40", "50", "60", "70", "71"])?;
        stage.run_twice(after)?;
        stage.publisher.psql(story::DATABASE, story::TRUNCATE)?.success()?;
        let refused = stage.publisher.psql(story::DATABASE, story::GUARDED_TRUNCATE)?;
        assert!(refused.stderr.contains("its replication does not carry TRUNCATE"), "{}", refused.stderr);
        // all of it once more, while it runs
        ["10", "11", "20", "21", "22", "30", "40", "50", "60", "70", "71"]
            .iter()
            .try_for_each(|number| stage.run(stage.step(number)?))
    })?;
    finish(&stage, untouched, replica_identities)
}

/// Drains, compares every table, restores the foreign keys as the publisher has them, and cleans up.
pub fn finish(
    stage: &Stage,
    untouched: Vec<Vec<Option<String>>>,
    replica_identities: Vec<Vec<Option<String>>>,
) -> Result<(), Failed> {
    stage.run_twice(&["71"])?;
    compare(stage)?;
    stage.refused(&stage.subscriber, story::DATABASE, &stage.file(stage.step("81")?), "still enabled")?;
    stage.stop_writes()?;
    stage.run_twice(&["80", "81", "88"])?;
    assert_eq!(
        stage.subscriber.query(story::DATABASE, story::FOREIGN_KEYS)?,
        stage.publisher.query(story::DATABASE, story::FOREIGN_KEYS)?
    );
    stage.refused(&stage.subscriber, story::DATABASE, &stage.file(stage.step("60")?), "stopped for the cutover")?;
    stage.open_writes()?;
    stage.run_twice(&["90", "91"])?;
    let mut left = traces(stage)?;
    // a clone that was not upgraded keeps the one row that tells it from the publisher
    if stage.script.bootstrap == Bootstrap::Clone && stage.publisher.major() == stage.subscriber.major() {
        let kept = left.iter().position(|trace| trace[1].as_deref() == Some("pgslotplan"));
        left.remove(kept.ok_or("the clone's mark is gone")?);
    }
    left.retain(|trace| trace[0].as_deref() != Some("trigger") || untouched.contains(trace));
    assert_eq!(left, untouched);
    assert_eq!(identities(stage)?, replica_identities);
    for cluster in [&stage.publisher, &stage.subscriber] {
        assert_eq!(cluster.value(story::DATABASE, "SELECT count(*) FROM public.canary")?.len(), 1);
    }
    Ok(())
}

/// Every file on the other server, in another database, and without its variables.
pub fn refuses_the_wrong_place(stage: &Stage) -> Result<(), Failed> {
    for step in stage
        .script
        .steps
        .iter()
        .filter(|step| step.body.contains("lib/schema.sh") || step.body.contains("lib/inventory.sh"))
    {
        if stage.environment.contains_key("PGSLOTPLAN_BIN") {
            // both connections lead to one server
            let mut command = stage.shell_command(&stage.file(step));
            let output = command.env("PGSLOTPLAN_SUBSCRIBER", stage.publisher.conninfo(story::DATABASE)).output()?;
            let said = String::from_utf8_lossy(&output.stderr);
            let expected = ["this file is for a subscriber", "this is the publisher of the plan"];
            let is_refused = output.status.code() == Some(3) && expected.iter().any(|text| said.contains(text));
            assert!(is_refused, "{}: {:?} {said}", step.file, output.status);
        }
    }
    let wrong_place = |side: StepSide| {
        let (other, reasons) = match side {
            StepSide::Publisher => {
                (&stage.subscriber, ["this file is for a publisher", "not the server that the plan was made for"])
            }
            _ => (&stage.publisher, ["this file is for a subscriber", "this is the publisher of the plan"]),
        };
        (other, reasons[usize::from(stage.publisher.major() == stage.subscriber.major())])
    };
    // what the steps of verification and cutover run
    for (side, session) in
        [(StepSide::Publisher, "\n\\ir publisher.sql\n"), (StepSide::Subscriber, "\n\\ir subscriber.sql\n")]
    {
        let begins = |shared: &&emit::Support| shared.file.starts_with("lib/") && shared.body.contains(session);
        let mut count = 0;
        for shared in stage.script.support.iter().filter(begins) {
            let (other, reason) = wrong_place(side);
            let file = stage.folder.path().join("scripts").join(&shared.file);
            let outcome = other.run_script(story::DATABASE, &file, &[])?;
            let is_refused = outcome.code == 3 && outcome.stderr.contains(reason);
            assert!(is_refused, "{}: {} {}", shared.file, outcome.code, outcome.stderr);
            count += 1;
        }
        assert!(count > 5);
    }
    for step in stage.script.steps.iter().filter(|step| step.file.ends_with(".sql")) {
        let (other, reason) = wrong_place(step.side);
        stage.refused(other, story::DATABASE, &stage.file(step), reason)?;
        if step.side == StepSide::Publisher {
            stage.refused(&stage.publisher, "postgres", &stage.file(step), "the plan is for database")?;
        }
        if step.variables.iter().any(|variable| variable.required) {
            let outcome = stage.cluster(step.side).run_script(story::DATABASE, &stage.file(step), &[])?;
            assert_eq!(outcome.code, 3);
            assert!(outcome.stderr.contains("_dsn is not set"), "{}", outcome.stderr);
        }
    }
    for number in ["70", "80", "81", "88"] {
        let step = stage.script.steps.iter().find(|step| step.file.starts_with(number)).ok_or("a step is missing")?;
        stage.refused(&stage.subscriber, "postgres", &stage.file(step), "does not subscribe to this plan")?;
    }
    Ok(())
}

/// What a plan leaves on both servers while it lives.
pub fn traces(stage: &Stage) -> Result<Vec<Vec<Option<String>>>, Failed> {
    let mut traces = stage.publisher.query(story::DATABASE, story::TRACES)?;
    traces.extend(stage.subscriber.query(story::DATABASE, story::TRACES)?);
    Ok(traces)
}

/// Replica identities on both servers.
pub fn identities(stage: &Stage) -> Result<Vec<Vec<Option<String>>>, Failed> {
    let mut identities = stage.publisher.query(story::DATABASE, story::IDENTITIES)?;
    identities.extend(stage.subscriber.query(story::DATABASE, story::IDENTITIES)?);
    Ok(identities)
}

/// Keeps the story's application writing to the publisher while `work` runs. Its rounds are counted on over all calls.
pub fn while_writing(stage: &Stage, work: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    while_doing(stage, story::writes, work)
}

/// The same for other writes.
pub fn while_doing(
    stage: &Stage,
    writes: fn(u64) -> String,
    work: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Failed> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut round = stage.rounds.load(Ordering::Relaxed);
            while !done.load(Ordering::Relaxed) {
                round = stage.rounds.fetch_add(1, Ordering::Relaxed) + 1;
                let written =
                    stage.publisher.psql(story::DATABASE, &writes(round)).and_then(|outcome| outcome.success());
                written.map_err(|error| format!("round {round}: {error:?}"))?;
            }
            Ok::<u64, String>(round)
        });
        let end = Done(&done);
        let worked = work();
        drop(end);
        let rounds = writer.join().map_err(|_| "the writer panicked")?;
        worked?;
        assert!(rounds? > 0);
        Ok(())
    })
}

/// Every planned table has the same rows on both sides, and some.
pub fn compare(stage: &Stage) -> Result<(), Failed> {
    let digests = |cluster: &Cluster| -> Result<BTreeMap<String, String>, Failed> {
        let mut digests = BTreeMap::new();
        for (_, table) in stage.plan.members() {
            let name = table.table_name();
            let only = if table.only { "ONLY " } else { "" };
            let sql = format!(
                "SELECT count(*) || ' ' || coalesce(sum(hashtextextended(t::text, 0)), 0)::text FROM {only}{} AS t",
                name.to_sql()
            );
            digests.insert(name.to_string(), cluster.value(story::DATABASE, &sql)?);
        }
        Ok(digests)
    };
    let (publisher, subscriber) = (digests(&stage.publisher)?, digests(&stage.subscriber)?);
    assert_eq!(publisher, subscriber);
    let empty: Vec<&String> =
        publisher.iter().filter(|(_, digest)| digest.starts_with("0 ")).map(|(name, _)| name).collect();
    assert!(empty.is_empty(), "tables without rows prove nothing: {empty:?}");
    Ok(())
}

/// Default settings of the servers do not carry three slots with two sync workers each.
fn small_settings(servers: &Servers) -> Result<(), Failed> {
    let small = ClusterSettings::new()
        .with("max_replication_slots", "10")
        .with("max_wal_senders", "6")
        .with("max_logical_replication_workers", "4")
        .with("max_worker_processes", "8");
    let stage = Stage::new(servers, &Setup::story(15, 15, small))?;
    let untouched = traces(&stage)?;
    let check = |number: &str| -> Result<String, Failed> {
        let step = stage.script.steps.iter().find(|step| step.file.starts_with(number)).ok_or("a step is missing")?;
        let outcome = stage.cluster(step.side).run_script(story::DATABASE, &stage.file(step), &[])?;
        assert_eq!(outcome.code, 3, "{}", outcome.stderr);
        Ok(outcome.stderr)
    };
    let publisher = check("10")?;
    assert!(publisher.contains("max_replication_slots is 10, but must be at least 11"), "{publisher}");
    assert!(publisher.contains("max_wal_senders is 6, but must be at least 10"), "{publisher}");
    let subscriber = check("11")?;
    assert!(subscriber.contains("max_logical_replication_workers is 4, but must be at least 9"), "{subscriber}");
    assert!(subscriber.contains("max_replication_slots is 10, but must be at least 11"), "{subscriber}");
    assert_eq!(traces(&stage)?, untouched);
    Ok(())
}
