//! Forecast against measurement: hot bursts of 150,000 rows in one transaction over a steady trickle into six cold tables,
//! through one slot, through the hot table apart and one shared slot, and apart and four shared slots.
//!
//! `cargo bench --bench forecast -- [--runs N] [--csv FILE] [--svg FILE]`
//! Starts a publisher and a subscriber of its own. First the costs are measured: the median burst of two runs through one
//! slot, from its commit until it is applied. Every layout is then forecast with them, and after that measured: ten times a second, how old
//! the newest delivered row of each table is. Nothing of the forecast is fitted to the runs that it is compared with.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints and measures time")]

#[path = "../support/arguments.rs"]
mod arguments;
mod chart;
mod expected;

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use arguments::Arguments;
use pgslotplan::{
    names::quote_literal,
    throwaway::{Cluster, ClusterSettings, Servers},
};
use tokio_postgres::NoTls;

/// Rows of a burst.
pub const BURST_ROWS: u32 = 150_000;
/// When bursts begin, seconds into a run.
pub const BURSTS_AT_S: [f64; 4] = [4.0, 11.0, 18.0, 25.0];
/// Length of a run; everything is caught up then, or it counts as not caught up.
pub const RUN_S: f64 = 32.0;
/// Cold tables, each with this many rows a second.
pub const COLD: usize = 6;
/// Time between two rows of every table; the smallest lag that can be seen.
const TRICKLE: Duration = Duration::from_millis(100);
const VERSION: u32 = 15;
const DATABASE: &str = "bench";
const LIMIT: Duration = Duration::from_secs(120);

/// A way to deal the tables out: the groups of table names.
pub struct Layout {
    pub name: &'static str,
    pub shared: usize,
    pub hot_apart: bool,
}

pub const LAYOUTS: [Layout; 3] = [
    Layout { name: "one slot", shared: 1, hot_apart: false },
    Layout { name: "hot apart + 1 shared", shared: 1, hot_apart: true },
    Layout { name: "hot apart + 4 shared", shared: 4, hot_apart: true },
];

impl Layout {
    fn slots(&self) -> Vec<Vec<String>> {
        let mut slots = vec![Vec::new(); self.shared];
        for cold in 0..COLD {
            slots[cold % self.shared].push(format!("cold_{cold}"));
        }
        if self.hot_apart {
            slots.push(vec!["hot".to_owned()]);
        } else {
            slots[0].push("hot".to_owned());
        }
        slots
    }
}

/// Seconds into the run, and the lag of each table.
type Look = (f64, BTreeMap<String, f64>);

/// What one run showed: lag by table, ten values each second.
struct Run {
    lags: Vec<Look>,
    /// Begin and commit of each burst.
    bursts: Vec<(f64, f64)>,
}

/// The figures that are compared.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    pub hot_peak_s: f64,
    pub cold_peak_s: f64,
    pub cold_p95_s: f64,
    /// From the commit of a burst until nothing is behind by more than [`CAUGHT_UP_S`]; the longest.
    pub catch_up_s: f64,
}

/// Lag that counts as caught up: the trickle's own age and a look's jitter.
const CAUGHT_UP_S: f64 = 1.0;

fn main() {
    let usage = "usage: cargo bench --bench forecast -- [--runs N] [--csv FILE] [--svg FILE]";
    let arguments = Arguments::read(usage, &["--runs", "--csv", "--svg"], &[]);
    let runs: usize = arguments.value("--runs", 5);
    let servers = Servers::in_repository(Path::new(env!("CARGO_MANIFEST_DIR"))).expect("a cache folder");
    let settings = ClusterSettings::new()
        .with("shared_buffers", "256MB")
        .with("max_wal_size", "4GB")
        .with("max_logical_replication_workers", "12")
        .with("max_worker_processes", "20")
        .with("wal_retrieve_retry_interval", "200ms");
    let start = || servers.start(VERSION, &settings).expect("a server");
    let (publisher, subscriber) = (start(), start());
    for cluster in [&publisher, &subscriber] {
        query(cluster, "postgres", &format!("CREATE DATABASE {DATABASE}"));
        query(cluster, DATABASE, &schema());
    }
    query(&subscriber, DATABASE, INDEXES);
    let cores = thread::available_parallelism().map_or(0, usize::from);
    println!(
        "PostgreSQL {VERSION} to {VERSION}, {cores} cores for both servers and the clients, {runs} runs of {RUN_S} s each"
    );
    // Caches and the worker's code are warm after the first.
    measure(&publisher, &subscriber, &LAYOUTS[0], BURSTS_AT_S[1] + 1.0);
    let calibration = [(); 2].map(|()| hot_lags(&measure(&publisher, &subscriber, &LAYOUTS[0], RUN_S))).concat();
    println!("bursts of the calibration (begin, commit, lag): {calibration:.1?}");
    let costs = expected::Costs::from_bursts(&calibration);
    println!("measured costs: {costs:?}\n");
    let (forecasts, expected): (Vec<Figures>, Vec<[Vec<f64>; 2]>) =
        LAYOUTS.iter().map(|layout| expected::figures(layout, &costs)).unzip();
    let mut measured: Vec<Vec<[Vec<f64>; 2]>> = vec![Vec::new(); LAYOUTS.len()];
    let mut csv = String::from("layout,run,second,table,lag_s\n");
    let mut all: Vec<Vec<Figures>> = vec![Vec::new(); LAYOUTS.len()];
    for run in 0..runs {
        for (index, layout) in LAYOUTS.iter().enumerate() {
            let seen = measure(&publisher, &subscriber, layout, RUN_S);
            for (at, lags) in &seen.lags {
                for (table, lag) in lags {
                    let _ = writeln!(csv, "{},{},{at:.1},{table},{lag:.2}", layout.name, run + 1);
                }
            }
            let lags: Vec<String> = hot_lags(&seen).iter().map(|(_, _, lag)| format!("{lag:.2}")).collect();
            println!("{}, run {}: lag of the bursts {} s", layout.name, run + 1, lags.join(", "));
            all[index].push(figures(&seen));
            measured[index].push([by_second(&seen, false), by_second(&seen, true)]);
        }
    }
    report(&forecasts, &all);
    if let Some(path) = arguments.text("--svg") {
        std::fs::write(path, chart::svg(&expected, &measured)).expect("the folder exists");
    }
    if let Some(path) = arguments.text("--csv") {
        std::fs::write(path, csv).expect("the folder exists");
    }
}

fn report(forecasts: &[Figures], all: &[Vec<Figures>]) {
    println!("| layout | | hot peak s | cold peak s | cold p95 s | catch-up s |\n|---|---|---|---|---|---|");
    for ((layout, forecast), runs) in LAYOUTS.iter().zip(forecasts).zip(all) {
        let line = |name: &str, figures: &Figures| {
            println!(
                "| {} | {name} | {:.1} | {:.1} | {:.2} | {:.1} |",
                layout.name, figures.hot_peak_s, figures.cold_peak_s, figures.cold_p95_s, figures.catch_up_s
            );
        };
        line("forecast", forecast);
        for (index, run) in runs.iter().enumerate() {
            line(&format!("run {}", index + 1), run);
        }
    }
    let mut within = (0, 0, 0);
    let mut order = 0;
    let mut tenth = 0;
    let runs = all[0].len();
    for run in 0..runs {
        for (forecast, seen) in forecasts.iter().zip(all) {
            let close = |forecast: f64, seen: f64| (forecast - seen).abs() <= 0.3 * seen;
            within.0 += usize::from(close(forecast.hot_peak_s, seen[run].hot_peak_s));
            within.1 += usize::from(close(forecast.catch_up_s, seen[run].catch_up_s));
            within.2 += 1;
        }
        order += usize::from(
            all[0][run].cold_peak_s > all[1][run].cold_peak_s && all[0][run].cold_peak_s > all[2][run].cold_peak_s,
        );
        tenth += usize::from(all[1][run].cold_p95_s <= 0.1 * all[0][run].cold_p95_s);
    }
    println!("\nwithin 30 %: hot peak {} of {}, catch-up {} of {}", within.0, within.2, within.1, within.2);
    println!("one slot behind both others, as forecast: {order} of {runs}");
    println!("cold p95 with hot apart + 1 shared at most a tenth of one slot's: {tenth} of {runs}");
}

/// Begin, commit and the hot table's worst lag until the next burst, for each burst.
fn hot_lags(run: &Run) -> Vec<(f64, f64, f64)> {
    let until = run.bursts.iter().skip(1).map(|next| next.0).chain([f64::INFINITY]);
    let lag = |commit: f64, until: f64| {
        let looks = run.lags.iter().filter(|(at, _)| *at > commit && *at < until);
        looks.filter_map(|(_, lags)| lags.get("hot").copied()).fold(0.0, f64::max)
    };
    run.bursts.iter().zip(until).map(|(&(from, commit), until)| (from, commit, lag(commit, until))).collect()
}

/// Largest lag of the cold tables, or of the hot one, in each second of a run.
fn by_second(run: &Run, is_cold: bool) -> Vec<f64> {
    let mut most = vec![0.0f64; RUN_S as usize];
    for (at, lags) in &run.lags {
        let Some(second) = most.get_mut(*at as usize) else { continue };
        let lags = lags.iter().filter(|(table, _)| table.starts_with("cold") == is_cold);
        *second = lags.fold(*second, |most, (_, lag)| most.max(*lag));
    }
    most
}

fn figures(run: &Run) -> Figures {
    let lags = |is_cold: bool| {
        let all = run.lags.iter().flat_map(|(_, lags)| lags.iter());
        let mut lags: Vec<f64> =
            all.filter(|(table, _)| table.starts_with("cold") == is_cold).map(|(_, lag)| *lag).collect();
        lags.sort_by(f64::total_cmp);
        lags
    };
    let (hot, cold) = (lags(false), lags(true));
    let catch_up = run.bursts.iter().enumerate().map(|(index, &(_, commit))| {
        let next = run.bursts.get(index + 1).map_or(f64::INFINITY, |next| next.0);
        let late = run
            .lags
            .iter()
            .filter(|(at, lags)| *at > commit && *at < next && lags.values().any(|lag| *lag > CAUGHT_UP_S));
        late.map(|(at, _)| at - commit).fold(0.0, f64::max)
    });
    Figures {
        hot_peak_s: hot.last().copied().unwrap_or(0.0),
        cold_peak_s: cold.last().copied().unwrap_or(0.0),
        cold_p95_s: cold.get(cold.len() * 95 / 100).copied().unwrap_or(0.0),
        catch_up_s: catch_up.fold(0.0, f64::max),
    }
}

fn query(cluster: &Cluster, database: &str, sql: &str) {
    cluster.query(database, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

fn schema() -> String {
    let mut sql = "CREATE TABLE hot (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, kind int, account int, agent text, data jsonb);\n".to_owned();
    for cold in 0..COLD {
        let _ = writeln!(
            sql,
            "CREATE TABLE cold_{cold} (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, at timestamptz, note text);"
        );
    }
    sql
}

/// Only the subscriber has them, so that writing is fast and applying is what it is on a real one.
const INDEXES: &str = "CREATE INDEX ON hot (at); CREATE INDEX ON hot (kind, at); CREATE INDEX ON hot (account); CREATE INDEX ON hot (agent);
    CREATE INDEX ON hot (account, kind); CREATE INDEX ON hot USING gin (data)";

/// Replicates through a layout, runs the load, looks every second, and takes everything away again.
fn measure(publisher: &Cluster, subscriber: &Cluster, layout: &Layout, length_s: f64) -> Run {
    let tables: Vec<String> = layout.slots().into_iter().flatten().collect();
    for cluster in [publisher, subscriber] {
        query(cluster, DATABASE, &format!("TRUNCATE {}", tables.join(", ")));
        query(cluster, DATABASE, "CHECKPOINT");
    }
    for (index, slot) in layout.slots().iter().enumerate() {
        query(publisher, DATABASE, &format!("CREATE PUBLICATION p{index} FOR TABLE {}", slot.join(", ")));
        let sql = format!(
            "CREATE SUBSCRIPTION s{index} CONNECTION {} PUBLICATION p{index} WITH (copy_data = false, streaming = on)",
            quote_literal(&publisher.conninfo(DATABASE))
        );
        query(subscriber, DATABASE, &sql);
    }
    let ready = format!("SELECT count(*) = {} FROM pg_replication_slots WHERE active", layout.slots().len());
    publisher.wait_until(DATABASE, &ready, LIMIT).expect("every slot is in use");
    let run = load_and_look(publisher, subscriber, &tables, length_s);
    for index in 0..layout.slots().len() {
        query(subscriber, DATABASE, &format!("DROP SUBSCRIPTION s{index}"));
        query(publisher, DATABASE, &format!("DROP PUBLICATION p{index}"));
    }
    run
}

fn load_and_look(publisher: &Cluster, subscriber: &Cluster, tables: &[String], length_s: f64) -> Run {
    let stop = Arc::new(AtomicBool::new(false));
    let begun = Instant::now();
    let trickle = {
        let (stop, conninfo, tables) = (Arc::clone(&stop), publisher.conninfo(DATABASE), tables.to_vec());
        thread::spawn(move || write_trickle(&conninfo, &tables, &stop))
    };
    let looks = {
        let (stop, conninfo, tables) = (Arc::clone(&stop), subscriber.conninfo(DATABASE), tables.to_vec());
        thread::spawn(move || look(&conninfo, &tables, begun, &stop))
    };
    let mut bursts = Vec::new();
    for at in BURSTS_AT_S.into_iter().filter(|at| at + 6.0 < length_s) {
        thread::sleep(Duration::from_secs_f64(at).saturating_sub(begun.elapsed()));
        let from = begun.elapsed().as_secs_f64();
        let sql = format!(
            "INSERT INTO hot (at, kind, account, agent, data) SELECT clock_timestamp(), n % 7, (random() * 20000)::int, md5(n::text),
             jsonb_build_object('ip', n % 251, 'campaign', n % 97) FROM generate_series(1, {BURST_ROWS}) AS n"
        );
        query(publisher, DATABASE, &sql);
        bursts.push((from, begun.elapsed().as_secs_f64()));
    }
    thread::sleep(Duration::from_secs_f64(length_s).saturating_sub(begun.elapsed()));
    stop.store(true, Ordering::Relaxed);
    trickle.join().expect("the trickle ends").expect("the publisher takes rows");
    Run { lags: looks.join().expect("the looks end").expect("the subscriber answers"), bursts }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// A row into every table, each in a transaction of its own, ten times a second.
fn write_trickle(conninfo: &str, tables: &[String], stop: &AtomicBool) -> Result<(), tokio_postgres::Error> {
    runtime().block_on(async {
        let (client, connection) = tokio_postgres::connect(conninfo, NoTls).await?;
        tokio::spawn(connection);
        let mut ticks = tokio::time::interval(TRICKLE);
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            for table in tables {
                client.execute(&format!("INSERT INTO {table} (at) VALUES (clock_timestamp())"), &[]).await?;
            }
        }
        Ok(())
    })
}

/// Ten times a second (a burst is applied in about two): how old each table's newest row is. Both servers have the same clock.
fn look(
    conninfo: &str,
    tables: &[String],
    begun: Instant,
    stop: &AtomicBool,
) -> Result<Vec<Look>, tokio_postgres::Error> {
    runtime().block_on(async {
        let (client, connection) = tokio_postgres::connect(conninfo, NoTls).await?;
        tokio::spawn(connection);
        let parts: Vec<String> = tables
            .iter()
            .map(|table| {
                format!("SELECT '{table}', (SELECT extract(epoch FROM clock_timestamp() - at)::float8 FROM {table} ORDER BY id DESC LIMIT 1)")
            })
            .collect();
        let statement = client.prepare(&parts.join(" UNION ALL ")).await?;
        let mut ticks = tokio::time::interval(TRICKLE);
        let mut looks = Vec::new();
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            let at = begun.elapsed().as_secs_f64();
            let rows = client.query(&statement, &[]).await?;
            // Before a table's first row has arrived there is nothing to be old.
            let lags = rows.iter().filter_map(|row| Some((row.get::<_, String>(0), row.get::<_, Option<f64>>(1)?))).collect();
            looks.push((at, lags));
        }
        Ok(looks)
    })
}
