//! The initial copy four ways, side by side in one run: native, `dump` and `snapshot` as the emitted steps do them, and pgcopydb, which
//! feeds no slots. The time is until every slot has caught up and all keys, indexes and foreign keys are there.
//!
//! `cargo bench --bench copy -- [--megabytes 4000] [--tables 40] [--jobs 2] [--piece 256] [--major 15] [--rounds 1]`: one table with TOAST
//! and two secondary indexes of about so many megabytes, beside small ones. Needs the programs of the major version (pg_dump), and
//! pgcopydb on PATH; without it that line is missing and said to be.

#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench prints, starts servers and reads the clock"
)]

#[path = "../support/arguments.rs"]
mod arguments;

use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use arguments::Arguments;
use pgslotplan::throwaway::{Cluster, ClusterSettings, Servers};

type Failure = Box<dyn std::error::Error + Send + Sync>;

const USAGE: &str =
    "cargo bench --bench copy -- [--megabytes 4000] [--tables 40] [--jobs 2] [--piece 256] [--major 15] [--rounds 1]";

const DATABASE: &str = "bench";

/// What is measured of one way: each part with its time.
type Parts = Vec<(&'static str, Duration)>;

struct Bench {
    servers: Servers,
    settings: ClusterSettings,
    publisher: Cluster,
    folder: tempfile::TempDir,
    programs: PathBuf,
    jobs: u64,
    piece: u64,
    major: u32,
}

fn main() -> Result<(), Failure> {
    let arguments =
        Arguments::read(USAGE, &["--megabytes", "--tables", "--jobs", "--piece", "--major", "--rounds"], &[]);
    let (megabytes, tables): (u64, u64) = (arguments.value("--megabytes", 4000), arguments.value("--tables", 40));
    let (jobs, piece) = (arguments.value("--jobs", 2), arguments.value("--piece", 256));
    let major = arguments.value("--major", 15);
    let servers = Servers::in_repository(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    let settings = ClusterSettings::new()
        .with("shared_buffers", "1GB")
        .with("max_wal_size", "16GB")
        .with("checkpoint_timeout", "30min")
        .with("maintenance_work_mem", "256MB")
        .with("max_replication_slots", "20")
        .with("max_wal_senders", "20")
        .with("max_logical_replication_workers", "12")
        .with("max_sync_workers_per_subscription", &jobs.to_string())
        .with("max_worker_processes", "20");
    let publisher = servers.start(major, &settings)?;
    let programs = servers.tools().full(major)?;
    let bench = Bench { servers, settings, publisher, folder: tempfile::tempdir()?, programs, jobs, piece, major };
    bench.fill(megabytes, tables)?;
    let size = bench
        .publisher
        .value(DATABASE, "SELECT pg_catalog.pg_size_pretty(pg_catalog.pg_table_size('public.large'))")?;
    println!(
        "{major} to {major}, {jobs} jobs, one table of {size} with two secondary indexes beside {tables} small ones; seconds"
    );
    bench.plan()?;
    for round in 0..arguments.value("--rounds", 1_u64) {
        for way in ["copy", "dump", "snapshot", "pgcopydb"] {
            let parts = if way == "pgcopydb" { bench.pgcopydb()? } else { Some(bench.kit(way)?) };
            let Some(parts) = parts else {
                println!("{way:10} is not on PATH: not measured");
                continue;
            };
            let all: f64 = parts.iter().map(|(_, time)| time.as_secs_f64()).sum();
            let told: Vec<String> =
                parts.iter().map(|(part, time)| format!("{part} {:.1}", time.as_secs_f64())).collect();
            println!("round {} {way:10} {all:7.1}   {}", round + 1, told.join(", "));
        }
    }
    Ok(())
}

impl Bench {
    /// One large table, a tenth of its rows with TOAST, and small ones that refer to it and to each other's neighbours.
    fn fill(&self, megabytes: u64, tables: u64) -> Result<(), Failure> {
        self.publisher.query("postgres", "CREATE DATABASE bench")?;
        // a row takes about 360 bytes inline, and one of ten 6,400 more
        let rows = megabytes * 1000;
        self.publisher.query(
            DATABASE,
            &format!(
                "CREATE TABLE public.large (id bigint PRIMARY KEY, customer int NOT NULL, at timestamptz NOT NULL, amount numeric, note text, body text);
                 ALTER TABLE public.large ALTER body SET STORAGE EXTERNAL;
                 INSERT INTO public.large SELECT n, n % 100000, timestamptz '2026-01-01' + n * interval '1 s', n / 7.0, repeat(md5(n::text), 8),
                   CASE WHEN n % 10 = 0 THEN repeat(md5(n::text), 200) END FROM generate_series(1, {rows}) AS n;
                 CREATE INDEX large_customer ON public.large (customer); CREATE INDEX large_at ON public.large (at);"
            ),
        )?;
        for number in 0..tables {
            self.publisher.query(
                DATABASE,
                &format!(
                    "CREATE TABLE public.small_{number} (id bigint PRIMARY KEY, large_id bigint REFERENCES public.large, note text);
                     INSERT INTO public.small_{number} SELECT n, n, md5(n::text) FROM generate_series(1, {}) AS n;
                     CREATE INDEX ON public.small_{number} (large_id);",
                    10_000.min(rows)
                ),
            )?;
        }
        self.publisher.query(DATABASE, "VACUUM ANALYZE")?;
        Ok(())
    }

    fn program(&self, arguments: &[&str]) -> Result<(), Failure> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
        run(command.arg("-q").args(arguments).current_dir(self.folder.path()))
    }

    fn plan(&self) -> Result<(), Failure> {
        self.program(&["sample", &self.publisher.conninfo(DATABASE), "--once", "-o", "workload.json"])?;
        let major = self.major.to_string();
        self.program(&[
            "plan",
            "workload.json",
            "-o",
            "plan.json",
            "--publications",
            "2",
            "--subscriber-version",
            &major,
        ])
    }

    fn subscriber(&self) -> Result<Cluster, Failure> {
        let subscriber = self.servers.start(self.major, &self.settings)?;
        subscriber.query("postgres", "CREATE DATABASE bench")?;
        Ok(subscriber)
    }

    /// The emitted steps, each timed.
    fn kit(&self, bootstrap: &str) -> Result<Parts, Failure> {
        let subscriber = self.subscriber()?;
        let kit = format!("kit_{bootstrap}");
        if !self.folder.path().join(&kit).exists() {
            self.program(&["emit", "plan.json", "--bootstrap", bootstrap, "-o", &kit])?;
        }
        let state = tempfile::tempdir_in(self.folder.path())?;
        let step = |name: &str| -> Result<(), Failure> {
            let mut command = Command::new("sh");
            command.arg(self.folder.path().join(&kit).join("run.sh")).arg(name);
            command.env("PGSLOTPLAN_PUBLISHER", self.publisher.conninfo(DATABASE));
            command.env("PGSLOTPLAN_SUBSCRIBER", subscriber.conninfo(DATABASE));
            command.env("PGSLOTPLAN_BIN", &self.programs).env("PGSLOTPLAN_STATE", state.path());
            command.env("PGSLOTPLAN_DUMP", self.folder.path().join("dump")).env("PGSLOTPLAN_CHECKED", "yes");
            command.env("PGSLOTPLAN_JOBS", self.jobs.to_string()).env("PGSLOTPLAN_PIECE_MB", self.piece.to_string());
            run(&mut command)
        };
        let copying: &[&str] = match bootstrap {
            "copy" => &["slots"],
            "dump" => &["dump"],
            _ => &["snapshot", "keys"],
        };
        let all =
            [&["schema", "publications"], copying, &["subscriptions", "ready", "caught_up", "indexes", "foreign_keys"]]
                .concat();
        let mut parts = Parts::new();
        for name in all {
            let begun = Instant::now();
            step(name)?;
            parts.push((known(name), begun.elapsed()));
        }
        self.same(&subscriber)?;
        for name in ["subscriber_cleanup", "publisher_cleanup"] {
            step(name)?;
        }
        Ok(parts)
    }

    fn pgcopydb(&self) -> Result<Option<Parts>, Failure> {
        if Command::new("pgcopydb").arg("--version").output().is_err() {
            return Ok(None);
        }
        let subscriber = self.subscriber()?;
        let work = tempfile::tempdir_in(self.folder.path())?;
        let mut command = Command::new("pgcopydb");
        command.arg("clone").arg("--source").arg(self.publisher.conninfo(DATABASE));
        command.arg("--target").arg(subscriber.conninfo(DATABASE)).arg("--dir").arg(work.path().join("work"));
        command.args(["--table-jobs", &self.jobs.to_string(), "--index-jobs", &self.jobs.to_string()]);
        command.args(["--split-tables-larger-than", &format!("{}MB", self.piece)]);
        let begun = Instant::now();
        run(&mut command)?;
        let parts = vec![("clone", begun.elapsed())];
        self.same(&subscriber)?;
        Ok(Some(parts))
    }

    /// Rows, keys, indexes and foreign keys of both sides.
    fn same(&self, subscriber: &Cluster) -> Result<(), Failure> {
        let facts = "SELECT (SELECT pg_catalog.count(*) || ' ' || pg_catalog.sum(pg_catalog.hashint8(id)) FROM public.large), (SELECT pg_catalog.count(*) FROM public.small_0),
            (SELECT pg_catalog.count(*) FROM pg_catalog.pg_index WHERE indexrelid >= 16384 AND indisvalid AND indrelid::regclass::text ~ '^(public.)?(large|small)'),
            (SELECT pg_catalog.count(*) FROM pg_catalog.pg_constraint WHERE contype = 'f' AND convalidated)";
        let (expected, found) = (self.publisher.query(DATABASE, facts)?, subscriber.query(DATABASE, facts)?);
        if expected == found {
            Ok(())
        } else {
            Err(format!("{expected:?} on the publisher, {found:?} on the subscriber").into())
        }
    }
}

/// The name of a step for as long as the program runs.
fn known(name: &str) -> &'static str {
    const NAMES: [&str; 11] = [
        "schema",
        "publications",
        "slots",
        "dump",
        "snapshot",
        "keys",
        "subscriptions",
        "ready",
        "caught_up",
        "indexes",
        "foreign_keys",
    ];
    NAMES.into_iter().find(|known| *known == name).unwrap_or("?")
}

fn run(command: &mut Command) -> Result<(), Failure> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    let (out, said) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{command:?}: {}\n{out}\n{said}", output.status).into())
}
