//! Live tests: throwaway PostgreSQL servers on local sockets, one named test a case.
//!
//! Only what a value cannot show is tested here. Without the server packages the tests are ignored, aloud; with
//! `CI=true` that is a failure. Two tests run at a time unless `--test-threads` says otherwise.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner prints")]
#![allow(clippy::disallowed_methods, reason = "live tests are an edge: files, clock, environment")]

mod bank;
mod bench;
mod boot;
mod bootstraps;
mod bouncer;
mod calibrate;
mod check;
mod child;
mod cutover;
mod cutover_faults;
mod databases;
mod demo;
mod edges;
mod faults;
mod flavors;
mod front;
mod load_faults;
mod methods;
mod pair;
mod parity;
mod prometheus;
mod sample;
mod scripts;
mod splits;
mod story;
mod targets;
mod unusable;
mod verify;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Tests at a time: servers are few processes each, but initdb is busy.
const THREADS: usize = 2;

fn main() -> ExitCode {
    if child::is_asked_for() {
        return child::run();
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(THREADS);
    let missing = if arguments.list { None } else { bench::missing_software() };
    let ignore = missing.is_some();
    if let Some(reason) = missing {
        eprintln!("live tests skipped: {reason}");
        if std::env::var("CI").is_ok_and(|value| value == "true") {
            eprintln!("a skipped live test is a failure when CI=true");
            return ExitCode::FAILURE;
        }
    }
    let trials: Vec<Trial> = boot::trials()
        .into_iter()
        .chain(sample::trials())
        .chain(unusable::trials())
        .chain(databases::trials())
        .chain(flavors::trials())
        .chain(parity::trials())
        .chain(methods::trials())
        .chain(calibrate::trials())
        .chain(prometheus::trials())
        .chain(front::trials())
        .chain(scripts::trials())
        .chain(bootstraps::trials())
        .chain(edges::trials())
        .chain(splits::trials())
        .chain(faults::trials())
        .chain(load_faults::trials())
        .chain(demo::trials())
        .chain(verify::trials())
        .chain(cutover::trials())
        .chain(cutover_faults::trials())
        .chain(check::trials())
        .chain(targets::trials())
        .map(|trial| if ignore { trial.with_ignored_flag(true) } else { trial }) // measurements stay ignored until asked for
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
