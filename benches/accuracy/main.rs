//! How near `sample` comes to the truth: three workloads on live servers, each method against `pg_walinspect` over the
//! whole run and against the stream of pgoutput.
//!
//! `cargo bench --bench accuracy -- [--workloads tpcb,tpcc,saas] [--majors 15,18] [--seconds 60] [--rate 1] [--tables] [--strict]`
//! `--rate` multiplies the transactions a second; above 2 MB/s of WAL the program reads windows of it by itself.
//! `--tables` prints each table's share, true and estimated, `--costs` what its row changes cost; `--cost` measures
//! what sampling costs instead; `--strict` ends with an error when a goal is missed.
//!
//! The program runs once, as users run it, with `--method auto --allow-temporary-objects`; its sample file holds
//! counters, WAL and peeks apart, so that each method is derived from the same run. What is printed, in per cent:
//! misalloc, the share of the volume booked on the wrong table; max pp, the largest error of one table's share; rho, rank
//! correlation over tables above 0.01 %; hot80, tables in both and in either set that makes 80 %, and in how many they
//! differ beyond ties; total, estimate over
//! truth; bucket, misalloc over tables and 10 s buckets together.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints, runs servers and measures")]

#[path = "../support/arguments.rs"]
mod arguments;
mod compare;
mod cost;
mod truth;
mod workloads;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::{Command, ExitCode, Stdio},
    thread,
    time::{Duration, Instant},
};

use arguments::Arguments;
use compare::{Comparison, Goal, compare};
use pgslotplan::{
    lsn::Lsn,
    pg::{
        connect::{Session, SessionPurpose},
        environment::Environment,
        settings::{ConnectionInput, ConnectionSettings, ConnectionSide},
        wal::WalReader,
    },
    throwaway::{Cluster, ClusterSettings, Servers},
    workload::{
        Workload,
        derive::Deriver,
        record_model::RowCosts,
        snapshot::{Instant as ServerInstant, SampleLine},
        tally::WalTally,
    },
};
use truth::{Truth, name_of, read_truth};
use workloads::Stream;

type Outcome<T> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// Bytes of one window, and of the stretch for which it stands.
const WINDOW: u64 = 256 << 10;
const STRIDE: u64 = 4 << 20;

struct Options {
    workloads: Option<String>,
    majors: Vec<u32>,
    seconds: f64,
    rate: f64,
    tables: bool,
    costs: bool,
    cost: bool,
    strict: bool,
}

const USAGE: &str =
    "usage: cargo bench --bench accuracy -- [--workloads tpcb,tpcc,saas] [--majors 15,18] [--seconds 60]
       [--rate 1] [--tables] [--costs] [--cost] [--strict]
--rate: times the transactions a second; --tables: each table's share; --costs: what its row changes cost;
--cost: what sampling costs instead; --strict: an error when a goal is missed";

fn options() -> Options {
    let values = ["--workloads", "--majors", "--seconds", "--rate"];
    let arguments = Arguments::read(USAGE, &values, &["--tables", "--costs", "--cost", "--strict"]);
    let known: Vec<String> = workloads::all().iter().map(|workload| workload.name.to_owned()).collect();
    let asked = arguments.words_of("--workloads", &known);
    Options {
        workloads: (!asked.is_empty()).then(|| asked.join(",")),
        majors: arguments.list("--majors").unwrap_or(vec![15, 18]),
        seconds: arguments.value("--seconds", 60.0),
        rate: arguments.value("--rate", 1.0),
        tables: arguments.has("--tables"),
        costs: arguments.has("--costs"),
        cost: arguments.has("--cost"),
        strict: arguments.has("--strict"),
    }
}

fn main() -> ExitCode {
    let options = options();
    if options.cost {
        return match cost::run(&options.majors) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                println!("{error}");
                ExitCode::FAILURE
            }
        };
    }
    let mut missed = 0;
    for workload in workloads::all() {
        if options.workloads.as_ref().is_some_and(|names| !names.split(',').any(|name| name == workload.name)) {
            continue;
        }
        for major in &options.majors {
            match run(&workload, *major, &options) {
                Ok(count) => missed += count,
                Err(error) => {
                    println!("{} on {major}: {error}", workload.name);
                    return ExitCode::FAILURE;
                }
            }
        }
    }
    println!("\n{missed} goals missed");
    if options.strict && missed > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn run(workload: &workloads::Workload, major: u32, options: &Options) -> Outcome<usize> {
    let servers = Servers::in_repository(Path::new(env!("CARGO_MANIFEST_DIR")))?;
    // Checkpoints each minute: half of the WAL and more are full-page images, the hard case.
    let settings = ClusterSettings::new()
        .with("checkpoint_timeout", "60s")
        .with("max_wal_size", "4GB")
        .with("wal_keep_size", "8GB")
        .with("autovacuum_naptime", "5s");
    let cluster = servers.start(major, &settings)?;
    let database = "postgres";
    let setup = workload.setup.replace("@folder@", &cluster.data_folder().display().to_string());
    cluster.psql(database, &setup)?.success()?;
    cluster.psql(database, "CREATE EXTENSION pg_walinspect; VACUUM ANALYZE; CHECKPOINT;")?.success()?;
    truth::begin(&cluster)?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let log = folder.path().join("w.json.samples.jsonl");
    let conninfo = cluster.conninfo(database);
    let mut child = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
        .args(["-q", "sample", &conninfo, "--method", "auto", "--allow-temporary-objects"])
        .args(["--interval", "2s", "--bucket", "10s", "--duration", "1h", "-o"])
        .arg(&output)
        .stdin(Stdio::null())
        .spawn()?;
    let begun = Instant::now();
    while fs::read_to_string(&log).unwrap_or_default().matches("\"line\":\"counters\"").count() < 1 {
        if begun.elapsed() > Duration::from_secs(60) || child.try_wait()?.is_some() {
            return Err("sample did not start".into());
        }
        thread::sleep(Duration::from_millis(20));
    }
    let done = drive(&cluster, &workload.streams, options)?;
    // Counters of a backend arrive up to a second after its transaction.
    thread::sleep(Duration::from_secs(4));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    if !child.wait()?.success() {
        return Err("sample ended with an error".into());
    }
    let lines: Vec<SampleLine> =
        fs::read_to_string(&log)?.lines().map(serde_json::from_str).collect::<Result<_, _>>()?;
    let instants = instants(&lines);
    let truth = read_truth(&cluster, &instants)?;
    println!(
        "\n## {} on {major}: {done} transactions in {:.0} s, {:.0} MB of WAL, of it {:.0} MB full-page images, {} tables",
        workload.name,
        options.seconds,
        truth.all_bytes / 1e6,
        truth.image_bytes / 1e6,
        truth.wal.len(),
    );
    println!("| method | misalloc | max pp | rho | hot80 | total | bucket |\n|---|---|---|---|---|---|---|");
    let mut missed = 0;
    let windows = read_windows(&cluster, &instants)?;
    let read: u64 =
        lines.iter().map(|line| if let SampleLine::Wal { from, to, .. } = line { to.distance(*from) } else { 0 }).sum();
    let as_run = format!("walinspect, as run: {:.0} % of WAL", 100.0 * read as f64 / truth.all_bytes);
    let methods: [(&str, Vec<SampleLine>, Goal); 4] = [
        (
            "counters",
            only(&lines, |line| !matches!(line, SampleLine::Wal { .. } | SampleLine::Peek(_))),
            Goal::wal(5.0),
        ),
        ("walinspect, 1/16 of WAL", with_windows(&lines, windows), Goal::wal(3.0)),
        (&as_run, only(&lines, |line| !matches!(line, SampleLine::Peek(_))), Goal::wal(3.0)),
        ("decode", only(&lines, |line| !matches!(line, SampleLine::Wal { .. })), Goal::logical()),
    ];
    for (name, lines, goal) in &methods {
        let estimate = derive(lines)?;
        if *name != "decode" {
            let outcome = compare(&truth.wal, &by_table(&estimate, truth.seconds, |load| &load.wal_bytes_per_s));
            missed += report(&format!("{name}: WAL"), &outcome, goal);
            if options.tables {
                print_tables(&outcome);
            }
        }
        if *name == "counters" || *name == "decode" {
            let outcome =
                compare(&truth.logical, &by_table(&estimate, truth.seconds, |load| &load.logical_bytes_per_s));
            missed += report(&format!("{name}: logical bytes"), &outcome, &Goal::logical());
            if options.tables {
                print_tables(&outcome);
            }
        }
    }
    missed += report_decode(&lines, &truth);
    if options.costs {
        print_costs(&lines, &truth);
    }
    Ok(missed)
}

/// Runs the streams, each over a connection of its own; gives the number of transactions.
fn drive(cluster: &Cluster, streams: &[Stream], options: &Options) -> Outcome<u64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let begun = tokio::time::Instant::now();
        let at = |part: f64| begun + Duration::from_secs_f64(part * options.seconds);
        let mut running = Vec::new();
        for stream in streams {
            let client = cluster.client("postgres").await?;
            let (from, to, sql) = (at(stream.from), at(stream.to), stream.sql.clone());
            let pace = Duration::from_secs_f64(1.0 / (stream.per_s * options.rate));
            running.push(tokio::spawn(async move {
                tokio::time::sleep_until(from).await;
                let mut ticks = tokio::time::interval(pace);
                let mut count = 0_u64;
                while tokio::time::Instant::now() < to {
                    ticks.tick().await;
                    client.simple_query(&sql).await?;
                    count += 1;
                }
                Ok::<u64, tokio_postgres::Error>(count)
            }));
        }
        let mut count = 0;
        for stream in running {
            count += stream.await??;
        }
        Ok(count)
    })
}

fn instants(lines: &[SampleLine]) -> Vec<ServerInstant> {
    let counters = lines.iter().filter_map(|line| match line {
        SampleLine::Counters { instant, .. } => Some(instant.clone()),
        _ => None,
    });
    counters.collect()
}

fn only(lines: &[SampleLine], keep: impl Fn(&SampleLine) -> bool) -> Vec<SampleLine> {
    lines.iter().filter(|line| keep(line)).cloned().collect()
}

fn with_windows(lines: &[SampleLine], windows: Vec<SampleLine>) -> Vec<SampleLine> {
    let mut all = only(lines, |line| !matches!(line, SampleLine::Wal { .. } | SampleLine::Peek(_)));
    all.extend(windows);
    all
}

/// Windows of 256 kB, one in each 4 MB, read as the program reads them at high rates.
fn read_windows(cluster: &Cluster, instants: &[ServerInstant]) -> Outcome<Vec<SampleLine>> {
    let (Some(first), Some(last)) = (instants.first(), instants.last()) else { return Ok(Vec::new()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let environment = Environment::of_process();
        let input = ConnectionInput { dbname: Some(cluster.conninfo("postgres")), ..ConnectionInput::default() };
        let settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment)?;
        let session = Session::open(&settings, SessionPurpose::OBSERVE, &environment).await?;
        let reader = WalReader::new(session.version, "public");
        let mut lines = Vec::new();
        let mut from = first.lsn;
        while from < last.lsn {
            let to = Lsn((from.0 + WINDOW).min(last.lsn.0));
            let tables = reader.read(&session, from, to).await?.into_iter().collect();
            lines.push(SampleLine::Wal { from, to, tables });
            from = Lsn(from.0 + STRIDE);
        }
        Ok(lines)
    })
}

fn derive(lines: &[SampleLine]) -> Outcome<Workload> {
    let mut deriver = Deriver::default();
    lines.iter().cloned().for_each(|line| deriver.push_line(line));
    Ok(deriver.workload()?)
}

/// Volume by table and bucket; the last bucket is as long as the run.
fn by_table(
    workload: &Workload,
    seconds: f64,
    series: impl Fn(&pgslotplan::workload::Load) -> &pgslotplan::workload::Series,
) -> Vec<(String, Vec<f64>)> {
    let volume = |table: &pgslotplan::workload::Table| {
        let length = f64::from(workload.bucket_s);
        let of_bucket = |bucket: u32| {
            series(&table.load).or_zero(bucket as usize) * length.min(seconds - f64::from(bucket) * length)
        };
        (name_of(&table.schema, &table.name), (0..workload.bucket_count).map(of_bucket).collect())
    };
    workload.tables.iter().map(volume).collect()
}

fn report(name: &str, outcome: &Comparison, goal: &Goal) -> usize {
    println!(
        "| {name} | {:.1} | {:.1} | {:.3} | {}/{} ({}) | {:.3} | {:.1} |",
        outcome.misalloc,
        outcome.largest_error,
        outcome.rank_correlation,
        outcome.hot_common,
        outcome.hot_union,
        outcome.hot_apart,
        outcome.total,
        outcome.bucket_misalloc
    );
    let missed = goal.missed(outcome);
    if !missed.is_empty() {
        println!("|   missed: {} |", missed.join(", "));
    }
    missed.len()
}

fn print_tables(outcome: &Comparison) {
    for (name, truth, estimate) in outcome.shares.iter().take(14) {
        println!("    {name:<28} {truth:6.2} % true {estimate:6.2} % estimated, {:+6.2} pp", estimate - truth);
    }
}

/// What each kind of row change cost, seen and modelled: where the model is off, and why.
fn print_costs(lines: &[SampleLine], truth: &Truth) {
    let mut seen: BTreeMap<u32, WalTally> = BTreeMap::new();
    let mut catalog = None;
    for line in lines {
        match line {
            SampleLine::Wal { tables, .. } => {
                tables.iter().for_each(|(oid, tally)| seen.entry(*oid).or_default().add(tally));
            }
            SampleLine::Catalog(newer) => catalog = Some(newer),
            _ => {}
        }
    }
    println!(
        "    bytes per row, seen/modelled: insert, hot, update, delete, chunk; index entries; other per row; locks"
    );
    for table in catalog.iter().flat_map(|catalog| catalog.tables.iter()) {
        let Some(tally) = seen.get(&table.oid).filter(|tally| tally.bytes() > 20_000) else { continue };
        let model = RowCosts::of(&table);
        let modelled = [
            model.insert_wal - model.insert_index_wal,
            model.hot_update_wal,
            model.update_wal - model.update_index_wal,
            model.delete_wal,
            model.chunk_insert_wal,
        ];
        let mut text = format!("    {:<22}", truth.table_of(table.oid));
        for (kind, modelled) in modelled.iter().enumerate() {
            if tally.rows[kind] > 0 {
                text += &format!(" {:.0}/{modelled:.0}", tally.row_bytes[kind] as f64 / tally.rows[kind] as f64);
            } else {
                text += " -";
            }
        }
        let entries = tally.rows[0] as f64 * model.insert_index_wal + tally.rows[2] as f64 * model.update_index_wal;
        let count = (tally.rows[0] + tally.rows[2]) as f64;
        text += &format!("; {:.0}/{:.0}", tally.index_bytes as f64 / count, entries / count);
        let rows: u64 = tally.rows[..4].iter().sum();
        println!("{text}; {:.0}; {} of {rows} rows", tally.other_bytes as f64 / rows as f64, tally.locks);
    }
}

/// Rows, transactions and pairs that slots showed, against the stream over the same positions.
fn report_decode(lines: &[SampleLine], truth: &Truth) -> usize {
    let peeks: Vec<_> = lines
        .iter()
        .filter_map(|line| match line {
            SampleLine::Peek(peek) => Some(peek),
            _ => None,
        })
        .collect();
    let within = |lsn: Lsn| peeks.iter().any(|peek| peek.from < lsn && lsn <= peek.to);
    let expected = truth.decoded(within);
    let mut seen = truth::Decoded::default();
    for peek in &peeks {
        seen.transactions += peek.transactions;
        for (oid, tally) in &peek.tables {
            let entry = seen.tables.entry(truth.table_of(*oid)).or_default();
            entry.0 += tally.all_rows();
            entry.1 += tally.transactions;
        }
        for (a, b, count) in &peek.pairs {
            let (a, b) = (truth.table_of(*a), truth.table_of(*b));
            *seen.pairs.entry(if a < b { (a, b) } else { (b, a) }).or_default() += count;
        }
    }
    let equal = seen == expected;
    println!(
        "| decode: {} of {} transactions, {} of {} tables with exact rows and transactions, {} of {} pairs exact |",
        seen.transactions,
        expected.transactions,
        expected.tables.iter().filter(|(name, counts)| seen.tables.get(*name) == Some(counts)).count(),
        expected.tables.len(),
        expected.pairs.iter().filter(|(pair, count)| seen.pairs.get(*pair) == Some(count)).count(),
        expected.pairs.len()
    );
    usize::from(!equal)
}
