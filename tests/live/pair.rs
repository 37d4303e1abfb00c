//! Both servers of a migration with the story's database and a few tables more, the emitted files in a folder, and steps
//! run as a person runs them: SQL by psql, shell by sh.

use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Output, Stdio},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use libtest_mimic::Failed;
use pgslotplan::{
    emit::{self, EmitOptions, Script, Step, StepSide},
    names::quote_identifier,
    plan::{Plan, PlannedTable},
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::{ReplicaIdentity, TableKind},
};

use crate::{bench::Done, story};

/// Tables of every type whose text could depend on the server, with keys that are read in ranges and by hash.
const MORE: &str = "
    SET client_min_messages = warning; SET search_path = public; SET standard_conforming_strings = on;
    CREATE TABLE public.words (word text COLLATE \"C\", part varchar(9), note text, PRIMARY KEY (word, part));
    CREATE TABLE public.tenants (tenant int, name text, note bpchar(5), PRIMARY KEY (tenant, name));
    CREATE TABLE public.types (id uuid PRIMARY KEY, at timestamptz, span interval, ratio float8, small float4, price numeric(12, 3),
        cash money, raw bytea, doc jsonb, tags text[], during tstzrange, twice int GENERATED ALWAYS AS (4) STORED, \"x;\"\"y\" bit(3));
    CREATE TABLE public.hot (id int PRIMARY KEY, n bigint NOT NULL DEFAULT 0, at timestamptz DEFAULT now());
    CREATE SEQUENCE public.\"Seq;1\" START 10; CREATE SEQUENCE public.down INCREMENT -1 CACHE 5; CREATE SEQUENCE public.never START 7;
    CREATE SEQUENCE public.restarted;";

const MORE_ROWS: &str = "
    SET search_path = public; SET standard_conforming_strings = on;
    INSERT INTO words SELECT 'w' || n % 100 || E'\\n', n::text, E'\\\\ \"' FROM generate_series(1, 2000) AS n;
    INSERT INTO tenants SELECT n % 10, 'name ' || n, 'x' FROM generate_series(1, 3000) AS n;
    INSERT INTO types (id, at, span, ratio, small, price, cash, raw, doc, tags, during, \"x;\"\"y\") SELECT md5(n::text)::uuid, now() - n * interval '1 h', n * interval '1 day 2 s', n / 7.0, n / 3.0, n / 8.0, n::text::money,
        decode(md5(n::text), 'hex'), jsonb_build_object('n', n), ARRAY['a', NULL, n::text], tstzrange(now(), NULL), n::bit(3)
        FROM generate_series(1, 500) AS n;
    INSERT INTO hot SELECT n FROM generate_series(1, 5000) AS n;
    SELECT nextval('\"Seq;1\"'), nextval('\"Seq;1\"'), nextval('down'); ALTER SEQUENCE restarted RESTART WITH 500;";

pub struct Pair {
    pub publisher: Cluster,
    pub subscriber: Cluster,
    pub plan: Plan,
    pub script: Script,
    pub database: &'static str,
    folder: tempfile::TempDir,
}

fn settings(major: u32) -> ClusterSettings {
    // a worker that lost its server comes back soon
    let settings =
        ClusterSettings::new().with_tcp().with("max_connections", "100").with("wal_retrieve_retry_interval", "200ms");
    if major >= 18 { settings.with("max_active_replication_origins", "40") } else { settings }
}

/// An ordinary planned table of schema public.
pub fn table(name: &str, columns: &[&str]) -> PlannedTable {
    PlannedTable {
        schema: "public".into(),
        name: name.into(),
        kind: TableKind::Table,
        only: false,
        identity: ReplicaIdentity::Default,
        identity_columns: columns.iter().map(|&column| column.to_owned()).collect(),
        set_identity: false,
        insert_only: false,
        row_filter: None,
        copy_bytes: 8192,
        leaves: Vec::new(),
        partition_root: None,
    }
}

/// A server with a database and a schema in it.
pub fn server(servers: &Servers, major: u32, database: &str, schema: &[&str]) -> Result<Cluster, Failed> {
    let cluster = servers.start(major, &settings(major))?;
    cluster.query("postgres", &format!("CREATE DATABASE {}", quote_identifier(database)))?;
    for sql in schema {
        cluster.psql(database, sql)?.success()?;
    }
    Ok(cluster)
}

/// Both servers with a database and the same schema in it.
pub fn clusters(
    servers: &Servers,
    (publisher, subscriber): (u32, u32),
    database: &str,
    schema: &[&str],
) -> Result<(Cluster, Cluster), Failed> {
    let clusters = (server(servers, publisher, database, schema)?, server(servers, subscriber, database, schema)?);
    if publisher < 15 && subscriber >= 15 {
        // as a dump carries it: by itself only an older server lets everybody create tables there
        clusters.1.query(database, "GRANT CREATE ON SCHEMA public TO PUBLIC")?;
    }
    Ok(clusters)
}

/// Everything that is emitted, in a folder.
pub fn write_script(script: &Script, folder: &Path) -> Result<(), Failed> {
    for (file, body) in script.files() {
        let path = folder.join(file);
        std::fs::create_dir_all(path.parent().ok_or("a file has a folder")?)?;
        // SQL and shell of the working tree, so that they can be tried without a build
        match std::env::var_os("PGSLOTPLAN_ASSETS").map(|folder| Path::new(&folder).join(file)) {
            Some(asset) if asset.exists() => drop(std::fs::copy(asset, path)?),
            _ => std::fs::write(path, body)?,
        }
    }
    Ok(())
}

/// How much of what a migration makes is still in a database and its server.
pub const LEFT: &str = "SELECT (SELECT count(*) FROM pg_replication_slots) + (SELECT count(*) FROM pg_publication) + (SELECT count(*) FROM pg_subscription)
    + (SELECT count(*) FROM pg_event_trigger) + (SELECT count(*) FROM pg_namespace WHERE nspname = 'pgslotplan')";

/// A program that hears nothing of the variables of who runs the tests.
pub fn bare(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("PG")) {
        command.env_remove(name);
    }
    command
}

/// A shell file that hears nothing of the variables of who runs the tests.
pub fn sh(file: &Path) -> Command {
    let mut command = bare("sh");
    command.arg(file).current_dir("/").stdin(Stdio::null());
    command
}

impl Pair {
    /// The story's database, with hostile settings.
    pub fn new(servers: &Servers, publisher: u32, subscriber: u32) -> Result<Self, Failed> {
        let (from, to) = clusters(servers, (publisher, subscriber), story::DATABASE, &[&story::schema(), MORE])?;
        from.psql(story::DATABASE, &story::rows())?.success()?;
        from.psql(story::DATABASE, MORE_ROWS)?.success()?;
        for cluster in [&from, &to] {
            cluster.query("postgres", &story::hostile_settings())?;
        }
        let identifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
        let mut plan = story::plan(publisher, subscriber, from.value("postgres", identifier)?);
        plan.slots[0].tables.extend([table("words", &["word", "part"]), table("hot", &["id"])]);
        plan.slots[1].tables.push(table("tenants", &["tenant", "name"]));
        plan.slots[2].tables.push(table("types", &["id"]));
        Pair::of(from, to, story::DATABASE, plan)
    }

    /// Any two servers and a plan for them.
    pub fn of(publisher: Cluster, subscriber: Cluster, database: &'static str, mut plan: Plan) -> Result<Self, Failed> {
        plan.plan_sha256 = plan.digest();
        let script = emit::script(&plan, &EmitOptions::default())?;
        let folder = tempfile::tempdir()?;
        write_script(&script, &folder.path().join("scripts"))?;
        Ok(Pair { publisher, subscriber, plan, script, database, folder })
    }

    /// The folder that holds the files and what they leave.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What a step left beside the evidence.
    pub fn state(&self, file: &str) -> String {
        std::fs::read_to_string(self.folder.path().join("scripts.state").join(file)).unwrap_or_default()
    }

    pub fn step(&self, number: &str) -> Result<&Step, Failed> {
        let found = self.script.steps.iter().find(|step| step.file.starts_with(number));
        found.ok_or_else(|| format!("no step {number}").into())
    }

    /// A shell file of the folder, ready to run.
    pub fn shell(&self, file: &str) -> Command {
        let mut command = sh(&self.folder.path().join("scripts").join(file));
        command
            .env("PGSLOTPLAN_PUBLISHER", self.publisher.conninfo(self.database))
            .env("PGSLOTPLAN_SUBSCRIBER", self.subscriber.conninfo(self.database));
        command
    }

    /// Runs a step, whichever kind it is, and gives exit code, output and errors.
    pub fn run(&self, number: &str) -> Result<(i32, String, String), Failed> {
        let step = self.step(number)?;
        if matches!(step.side, StepSide::Shell | StepSide::Pgbouncer) {
            return Ok(told(self.shell(&step.file).output()?));
        }
        let cluster = if step.side == StepSide::Publisher { &self.publisher } else { &self.subscriber };
        let dsns = [self.publisher.conninfo(self.database), self.subscriber.conninfo(self.database)];
        let value = |name: &str| match name {
            "wait_seconds" => "100",
            "subscriber_dsn" => dsns[1].as_str(),
            _ => dsns[0].as_str(),
        };
        let names = step.variables.iter().map(|variable| variable.name.as_str());
        let variables: Vec<(&str, &str)> = names.map(|name| (name, value(name))).collect();
        let path = self.folder.path().join("scripts").join(&step.file);
        let outcome = cluster.run_script(self.database, &path, &variables)?;
        Ok((outcome.code, outcome.stdout, outcome.stderr))
    }

    /// Runs steps that must end well.
    pub fn run_all(&self, numbers: &[&str]) -> Result<(), Failed> {
        for number in numbers {
            let (code, out, errors) = self.run(number)?;
            if code != 0 {
                let logs = [&self.publisher, &self.subscriber].map(|cluster| {
                    cluster
                        .server_log()
                        .lines()
                        .rev()
                        .filter(|line| line.contains("ERROR"))
                        .take(5)
                        .collect::<Vec<_>>()
                        .join("\n")
                });
                return Err(format!("{number}: exit code {code}: {out}{errors}\n{}", logs.join("\n")).into());
            }
        }
        Ok(())
    }

    /// From nothing to every slot caught up.
    pub fn bring_up(&self) -> Result<(), Failed> {
        // tables and indexes are there on both sides: the shell steps that bring them have tests of their own
        let up_to = |step: &&Step| step.file.as_str() < "75" && step.file.ends_with(".sql");
        let numbers: Vec<&str> = self.script.steps.iter().filter(up_to).map(|step| step.file.as_str()).collect();
        self.run_all(&numbers)
    }

    /// SQL on one side that the hostile settings of the database do not stop.
    pub fn execute(&self, cluster: &Cluster, sql: &str) -> Result<(), Failed> {
        let free = "SET default_transaction_read_only = off; SET default_transaction_isolation = 'read committed'; SET statement_timeout = 0;
            SET search_path = public; SET standard_conforming_strings = on;";
        cluster.psql(self.database, &format!("{free}{sql}"))?.success()?;
        Ok(())
    }

    /// The story's changes and a hot table, over and over, while `work` runs.
    pub fn while_writing<T>(&self, work: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
        let done = AtomicBool::new(false);
        let hot = "DO $$ BEGIN FOR i IN 1..300 LOOP
            UPDATE hot SET n = n + 1, at = clock_timestamp() WHERE id = 1 + (random() * 4999)::int; COMMIT; END LOOP; END $$";
        thread::scope(|scope| {
            let changes = scope.spawn(|| {
                let mut round = 0_u64;
                while !done.load(Ordering::Relaxed) {
                    round += 1;
                    self.execute(&self.publisher, &story::writes(round)).map_err(|error| format!("{error:?}"))?;
                }
                Ok::<u64, String>(round)
            });
            let updates = scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    self.execute(&self.publisher, hot).map_err(|error| format!("{error:?}"))?;
                }
                Ok::<(), String>(())
            });
            let end = Done(&done);
            let worked = work();
            drop(end);
            let rounds = changes.join().map_err(|_| "a writer panicked")?;
            updates.join().map_err(|_| "a writer panicked")??;
            let worked = worked?;
            assert!(rounds? > 0);
            Ok(worked)
        })
    }
}

pub fn told(output: Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr))
}
