//! What `sample` costs a server of many tables: CPU time of all its processes for one round and for the catalog.
//!
//! `cargo bench --bench observe [-- --tables 20000]`. Starts throwaway servers of versions 13 and 15 (below 15 the
//! statistics come from a file that a process of their own writes). CPU is counted in ticks of 10 ms over all processes
//! of the server, so ten rounds are measured and divided; autovacuum is off.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints and reads /proc and the clock")]

#[path = "support/arguments.rs"]
mod arguments;

use std::{fs, path::Path, time::Instant};

use arguments::Arguments;
use pgslotplan::{
    pg::{
        catalog::{CatalogScope, read_catalog},
        connect::{Session, SessionPurpose},
        counters::read_counters,
        environment::Environment,
        settings::{ConnectionInput, ConnectionSettings, ConnectionSide},
    },
    throwaway::{Cluster, ClusterSettings, Servers},
};

const ROUNDS: u32 = 10;
const BATCH: u32 = 500;
const TICKS_PER_S: f64 = 100.0;

fn main() {
    let usage = "usage: cargo bench --bench observe [-- --tables 20000]";
    let tables: u32 = Arguments::read(usage, &["--tables"], &[]).value("--tables", 20_000);
    let servers = Servers::in_repository(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("a cache folder");
    println!("{tables} tables, each with a key, a secondary index, TOAST and one row");
    println!("version   round: CPU, elapsed       catalog: CPU, elapsed");
    for major in [13, 15] {
        let settings = ClusterSettings::new().with("autovacuum", "off").with("max_locks_per_transaction", "1000");
        let cluster = servers.start(major, &settings).expect("a server");
        for from in (0..tables).step_by(BATCH as usize) {
            let to = (from + BATCH).min(tables) - 1;
            let sql = format!(
                "DO $$ BEGIN FOR n IN {from}..{to} LOOP EXECUTE 'CREATE TABLE t' || n || ' (id bigint PRIMARY KEY, note \
                 text, at timestamptz DEFAULT now())'; EXECUTE 'CREATE INDEX ON t' || n || ' (at)'; EXECUTE 'INSERT INTO \
                 t' || n || ' VALUES (1, ''x'')'; END LOOP; END $$"
            );
            cluster.query("postgres", &sql).expect("tables");
        }
        cluster.query("postgres", "CHECKPOINT").expect("a checkpoint");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(measure(&cluster, major, tables));
    }
}

async fn measure(cluster: &Cluster, major: u32, tables: u32) {
    let environment = Environment::of_process();
    let input = ConnectionInput { dbname: Some(cluster.conninfo("postgres")), ..ConnectionInput::default() };
    let settings =
        ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment).expect("a connection string");
    let session = Session::open(&settings, SessionPurpose::OBSERVE, &environment).await.expect("a session");
    // The first of each fills the session's caches, as the first of a day does.
    let first = read_counters(&session).await.expect("counters");
    assert!(first.tables.len() >= tables as usize, "{} tables were seen", first.tables.len());
    let catalog = read_catalog(&session, &first, &CatalogScope::default()).await.expect("a catalog");
    assert_eq!(catalog.tables.len(), tables as usize);
    let (ticks, begun) = (cpu_ticks(cluster), Instant::now());
    for _ in 0..ROUNDS {
        read_counters(&session).await.expect("counters");
    }
    let round = (cpu_ticks(cluster) - ticks, begun.elapsed());
    let (ticks, begun) = (cpu_ticks(cluster), Instant::now());
    for _ in 0..ROUNDS {
        read_catalog(&session, &first, &CatalogScope::default()).await.expect("a catalog");
    }
    let catalog = (cpu_ticks(cluster) - ticks, begun.elapsed());
    let each = |(ticks, elapsed): (u64, std::time::Duration)| {
        (ticks as f64 / TICKS_PER_S / f64::from(ROUNDS), elapsed.as_secs_f64() / f64::from(ROUNDS))
    };
    let ((round_cpu, round_s), (catalog_cpu, catalog_s)) = (each(round), each(catalog));
    println!("{major:>7}   {round_cpu:>10.3} s {round_s:>8.3} s   {catalog_cpu:>12.3} s {catalog_s:>8.3} s");
}

/// CPU time of the postmaster's children so far, user and system.
fn cpu_ticks(cluster: &Cluster) -> u64 {
    let pid_file = fs::read_to_string(cluster.data_folder().join("postmaster.pid")).expect("a running server");
    let postmaster = pid_file.lines().next().expect("a first line").to_owned();
    let processes = fs::read_dir("/proc").expect("Linux").filter_map(Result::ok);
    processes
        .filter_map(|process| {
            let stat = fs::read_to_string(process.path().join("stat")).ok()?;
            // After the name in parentheses: state, parent, ... user ticks are the 12th, system ticks the 13th.
            let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
            (fields.get(1)? == &postmaster.as_str()).then(|| {
                let ticks = |at: usize| fields[at].parse::<u64>().unwrap_or(0);
                ticks(11) + ticks(12)
            })
        })
        .sum()
}
