//! The emitted scripts on real servers: psql runs them unchanged while a writer goes on, twice each, and on the wrong
//! side; every table is compared, and the clean-up leaves nothing.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    emit::{self, EmitOptions, Script, Side, Step},
    names::quote_identifier,
    plan::Plan,
    throwaway::{Cluster, ClusterSettings, Servers},
};

use crate::{bench::case, story};

/// One release to the next, over several, and to the same.
const PAIRS: [(u32, u32); 5] = [(12, 13), (13, 15), (15, 18), (17, 17), (18, 18)];

/// How long the scripts wait for a condition that holds within a few seconds on a free machine.
const WAIT_SECONDS: &str = "100";

pub fn trials() -> Vec<Trial> {
    let copies = PAIRS.map(|(publisher, subscriber)| {
        case(format!("scripts::copy_{publisher}_to_{subscriber}"), 2, move |servers| {
            copy(servers, publisher, subscriber)
        })
    });
    let mut trials: Vec<Trial> = copies.into_iter().collect();
    trials.push(case("scripts::small_settings_are_refused_before_anything_is_made", 2, small_settings));
    trials
}

/// Both servers with the story's database, and the scripts in a folder.
struct Stage {
    publisher: Cluster,
    subscriber: Cluster,
    plan: Plan,
    script: Script,
    folder: tempfile::TempDir,
}

impl Stage {
    fn new(servers: &Servers, publisher: u32, subscriber: u32, settings: &ClusterSettings) -> Result<Self, Failed> {
        let start = |major: u32| {
            let origins = if major >= 18 {
                settings.clone().with("max_active_replication_origins", "20")
            } else {
                settings.clone()
            };
            servers.start(major, &origins)
        };
        let (publisher_cluster, subscriber_cluster) = (start(publisher)?, start(subscriber)?);
        for cluster in [&publisher_cluster, &subscriber_cluster] {
            cluster.query("postgres", &format!("CREATE DATABASE {}", quote_identifier(story::DATABASE)))?;
            cluster.query(story::DATABASE, &story::schema())?;
        }
        publisher_cluster.query(story::DATABASE, &story::rows())?;
        for cluster in [&publisher_cluster, &subscriber_cluster] {
            cluster.query("postgres", &story::hostile_settings())?;
        }
        let identifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
        let plan = story::plan(publisher, subscriber, publisher_cluster.value("postgres", identifier)?);
        let script = emit::script(&plan, &EmitOptions::default())?;
        let folder = tempfile::tempdir()?;
        for step in &script.steps {
            std::fs::write(folder.path().join(&step.file), &step.body)?;
        }
        Ok(Stage { publisher: publisher_cluster, subscriber: subscriber_cluster, plan, script, folder })
    }

    fn file(&self, step: &Step) -> PathBuf {
        self.folder.path().join(&step.file)
    }

    fn cluster(&self, side: Side) -> &Cluster {
        if side == Side::Publisher { &self.publisher } else { &self.subscriber }
    }

    /// Runs a step where it belongs and says why it went wrong.
    fn run(&self, step: &Step) -> Result<(), Failed> {
        let dsn = self.publisher.conninfo(story::DATABASE);
        let value = |name: &str| if name == "wait_seconds" { WAIT_SECONDS } else { dsn.as_str() };
        let names = step.variables.iter().map(|variable| variable.name.as_str());
        let variables: Vec<(&str, &str)> = names.map(|name| (name, value(name))).collect();
        let outcome = self.cluster(step.side).run_script(story::DATABASE, &self.file(step), &variables)?;
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
                "{}: exit code {}: {}\nlog, latest first: {}",
                step.file,
                outcome.code,
                outcome.stderr,
                logs.join("\n")
            )
            .into());
        }
        Ok(())
    }

    /// Runs the steps whose files begin with these numbers, each twice.
    fn run_twice(&self, numbers: &[&str]) -> Result<(), Failed> {
        for number in numbers {
            let step = self
                .script
                .steps
                .iter()
                .find(|step| step.file.starts_with(number))
                .ok_or_else(|| format!("no step {number}"))?;
            self.run(step)?;
            self.run(step)?;
        }
        Ok(())
    }

    /// Runs a file somewhere else: it must end with exit code 3 and say `reason`.
    fn refused(&self, cluster: &Cluster, database: &str, file: &Path, reason: &str) -> Result<(), Failed> {
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

fn roomy() -> ClusterSettings {
    ClusterSettings::new()
        .with("max_replication_slots", "20")
        .with("max_wal_senders", "20")
        .with("max_logical_replication_workers", "12")
        .with("max_worker_processes", "20")
        .with("wal_retrieve_retry_interval", "200ms")
}

fn copy(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let stage = Stage::new(servers, publisher, subscriber, &roomy())?;
    refuses_the_wrong_place(&stage)?;
    let untouched = traces(&stage)?;
    let foreign_keys = stage.subscriber.query(story::DATABASE, story::FOREIGN_KEYS)?;
    let replica_identities = identities(&stage)?;
    while_writing(&stage, || {
        stage.run_twice(&["10", "11", "20", "21", "22", "30", "40", "50", "60", "70", "71"])?;
        stage.publisher.psql(story::DATABASE, story::TRUNCATE)?.success()?;
        let refused = stage.publisher.psql(story::DATABASE, story::GUARDED_TRUNCATE)?;
        assert!(refused.stderr.contains("its replication does not carry TRUNCATE"), "{}", refused.stderr);
        stage.run_twice(&["10", "11", "20", "21", "22", "30", "40", "50", "60", "70", "71"])
    })?;
    stage.run_twice(&["71"])?;
    compare(&stage)?;
    stage.refused(
        &stage.subscriber,
        story::DATABASE,
        &stage.folder.path().join("81_subscriber_foreign_keys_restore.sql"),
        "still enabled",
    )?;
    stage.run_twice(&["80", "81", "88"])?;
    assert_eq!(stage.subscriber.query(story::DATABASE, story::FOREIGN_KEYS)?, foreign_keys);
    stage.refused(
        &stage.subscriber,
        story::DATABASE,
        &stage.folder.path().join("60_subscriber_subscriptions.sql"),
        "stopped for the cutover",
    )?;
    stage.run_twice(&["90", "91"])?;
    assert_eq!(traces(&stage)?, untouched);
    assert_eq!(identities(&stage)?, replica_identities);
    for cluster in [&stage.publisher, &stage.subscriber] {
        assert_eq!(cluster.value(story::DATABASE, "SELECT note FROM public.canary")?, "alive");
    }
    Ok(())
}

/// Every file on the other server, in another database, and without its variables.
fn refuses_the_wrong_place(stage: &Stage) -> Result<(), Failed> {
    for step in stage.script.steps.iter().filter(|step| step.file.ends_with(".sql")) {
        let (other, reason) = match step.side {
            Side::Publisher => {
                (&stage.subscriber, ["this file is for a publisher", "not the server that the plan was made for"])
            }
            _ => (&stage.publisher, ["this file is for a subscriber", "this is the publisher of the plan"]),
        };
        let reason = if stage.publisher.major() == stage.subscriber.major() { reason[1] } else { reason[0] };
        stage.refused(other, story::DATABASE, &stage.file(step), reason)?;
        if step.side == Side::Publisher {
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
fn traces(stage: &Stage) -> Result<Vec<Vec<Option<String>>>, Failed> {
    let mut traces = stage.publisher.query(story::DATABASE, story::TRACES)?;
    traces.extend(stage.subscriber.query(story::DATABASE, story::TRACES)?);
    Ok(traces)
}

/// Replica identities on both servers.
fn identities(stage: &Stage) -> Result<Vec<Vec<Option<String>>>, Failed> {
    let mut identities = stage.publisher.query(story::DATABASE, story::IDENTITIES)?;
    identities.extend(stage.subscriber.query(story::DATABASE, story::IDENTITIES)?);
    Ok(identities)
}

/// Keeps writing to the publisher while `work` runs.
fn while_writing(stage: &Stage, work: impl FnOnce() -> Result<(), Failed>) -> Result<(), Failed> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut round = 0_u64;
            while !done.load(Ordering::Relaxed) {
                round += 1;
                let written =
                    stage.publisher.psql(story::DATABASE, &story::writes(round)).and_then(|outcome| outcome.success());
                written.map_err(|error| format!("round {round}: {error:?}"))?;
            }
            Ok::<u64, String>(round)
        });
        let worked = work();
        done.store(true, Ordering::Relaxed);
        let rounds = writer.join().map_err(|_| "the writer panicked")?;
        worked?;
        assert!(rounds? > 0);
        Ok(())
    })
}

/// Every planned table has the same rows on both sides, and some.
fn compare(stage: &Stage) -> Result<(), Failed> {
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
    let stage = Stage::new(servers, 15, 15, &small)?;
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
