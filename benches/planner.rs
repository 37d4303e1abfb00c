//! Planning by number of tables: the library's time with criterion, then whole runs of the program with their memory.
//!
//! `cargo bench --bench planner -- [FILTER] [--save-baseline NAME | --baseline NAME]` (`--help` for the rest) measures the
//! library, `cargo bench --bench planner -- whole` whole runs. A whole run reads the file, plans with
//! 8 shared slots and the normal budget, checks the plan and writes it. Memory is the kernel's high-water mark
//! (`VmHWM`), read while the program runs. A bench of whole runs is of no use in the same minute as another build.

#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench prints and reads the clock")]

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use criterion::Criterion;
use pgslotplan::{
    cost::{CoefficientSets, CostModel},
    format,
    generate::{GenerateSettings, generate},
    optimize::{OptimizeOptions, optimize},
    policy::{Policy, PublicationCount},
    workload::Workload,
};

/// Tables and buckets of the runs (issue: under 1 s, under 1 s, under 10 s and 1 GiB).
const SIZES: [(u32, u32); 3] = [(1_000, 168), (10_000, 24), (100_000, 24)];

fn main() {
    // Criterion has the options: filters, baselines, `--help`; of ours there is one word, which it would take for a filter.
    if std::env::args().skip(1).filter(|word| word != "--bench").eq(["whole".to_owned()]) {
        return whole_runs();
    }
    let criterion = Criterion::default().sample_size(10).measurement_time(Duration::from_secs(10));
    let mut criterion = criterion.configure_from_args();
    for (tables, hours) in &SIZES[..2] {
        in_the_library(&mut criterion, *tables, *hours);
    }
    criterion.final_summary();
}

fn whole_runs() {
    println!("whole runs: tables x buckets, time, high-water mark, file read, generated in");
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (tables, hours) in SIZES {
        whole_run(folder.path(), tables, hours);
    }
}

fn settings(tables: u32, hours: u32) -> GenerateSettings {
    GenerateSettings { tables, hours, no_key_share: 0.0, ..GenerateSettings::default() }
}

fn in_the_library(criterion: &mut Criterion, tables: u32, hours: u32) {
    let mut workload: Workload = generate(&settings(tables, hours)).expect("settings within range");
    workload.canonicalize();
    let policy = Policy { publications: PublicationCount::Range(8, 8), ..Policy::default() };
    let cost = CostModel::new(&workload, &policy, CoefficientSets::default(), None).expect("nothing contradicts");
    criterion.bench_function(&format!("plan {tables} x {hours} x 8"), |bencher| {
        bencher.iter(|| optimize(&workload, &policy, &cost, &OptimizeOptions::default()).expect("a plan"));
    });
}

fn whole_run(folder: &Path, tables: u32, hours: u32) {
    let input = folder.join(format!("{tables}.json"));
    let begun = Instant::now();
    let workload = generate(&settings(tables, hours)).expect("settings within range");
    let mut file = fs::File::create(&input).map(std::io::BufWriter::new).expect("a file");
    format::write_lines(&workload, &mut file).and_then(|()| std::io::Write::flush(&mut file)).expect("a write");
    drop((file, workload));
    let generated = begun.elapsed();
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
        .args(["-q", "plan", "--publications", "8", "-o"])
        .arg(folder.join(format!("{tables}.plan.json")))
        .arg(&input)
        .stdout(Stdio::null())
        .spawn()
        .expect("the program");
    let status_file = format!("/proc/{}/status", child.id());
    let mut memory_kb = 0;
    let status = loop {
        let status = fs::read_to_string(&status_file).unwrap_or_default();
        let mark = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.split_whitespace().next()?.parse().ok());
        memory_kb = memory_kb.max(mark.unwrap_or(0));
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let took = begun.elapsed();
    // 4: the plan was written and one of its findings is an error (100,000 tables are too much for 8 slots).
    assert!(matches!(status.code(), Some(0 | 4)), "{status}");
    let megabytes = fs::metadata(&input).map_or(0, |data| data.len()) / 1_000_000;
    println!(
        "{tables:>7} x {hours:<3} {:>7.2} s  {:>6} MB  {megabytes:>4} MB  {:>6.2} s",
        took.as_secs_f64(),
        memory_kb / 1000,
        generated.as_secs_f64()
    );
}
