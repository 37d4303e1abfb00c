//! Live tests: throwaway PostgreSQL servers on local sockets, one named test a case.
//!
//! Only what a value cannot show is tested here. Without the server packages the tests are ignored, aloud; with
//! `CI=true` that is a failure. Four tests run at a time unless `--test-threads` says otherwise.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a test runner prints")]
#![allow(clippy::disallowed_methods, reason = "live tests are an edge: files, clock, environment")]

mod again;
mod agree;
mod apart;
mod attacks_carrying;
mod attacks_reading;
mod bank;
mod baseline;
mod bench;
mod beside;
mod boot;
mod bootstraps;
mod bouncer;
mod calibrate;
mod check;
mod child;
mod conflicts;
mod cutover;
mod cutover_faults;
mod databases;
mod demo;
mod edge_catalog;
mod edge_stalls;
mod edges;
mod encodings;
mod faults;
mod flavors;
mod front;
mod guards;
mod health;
mod hints;
mod identities;
mod inventory;
mod layouts;
mod left_behind;
mod load_faults;
mod logins;
mod managed;
mod methods;
mod mimic;
mod moments;
mod monitor;
mod pair;
mod parity;
mod partitions;
mod patroni;
mod phases;
mod prometheus;
mod refusals;
mod repairs;
mod sample;
mod scripts;
mod side_by_side;
mod snapshots;
mod splits;
mod story;
mod targets;
mod transitions;
mod unusable;
mod verify;
mod walk;
mod wheels;

use std::process::ExitCode;

use libtest_mimic::{Arguments, Trial};

/// Tests at a time: most of each is waiting, so that two processor cores do for twice as many.
const THREADS: usize = 4;

/// Other pairs of versions of a law that a test by day holds already, and kills: `make night` runs them, and so does `--ignored`.
const AT_NIGHT: [&str; 76] = [
    "baseline::broken_plans_are_found_and_nothing_else_15_to_18",
    "patroni::slots_that_it_knows_outlive_a_failover_13_to_15",
    "snapshots::pieces_of_key_ranges_12_to_15",
    "snapshots::pieces_15_to_18",
    "snapshots::faults_14_to_16",
    "snapshots::faults_12_to_15",
    "snapshots::faults_15_to_18",
    "cutover_faults::two_hundred_random_kills_lose_nothing",
    "walk::the_runbook_by_hand_15_to_18",
    "walk::the_runbook_by_run_13_to_16",
    "managed::the_night_of_an_owner_16_to_18",
    "managed::the_night_of_an_owner_14_to_16",
    "identities::plan_check_and_files_agree_13_to_15",
    "identities::plan_check_and_files_agree_18_to_18",
    "scripts::copy_12_to_13",
    "scripts::copy_14_to_16",
    "scripts::copy_16_to_17",
    "scripts::copy_17_to_17",
    "scripts::copy_17_to_18",
    "scripts::copy_18_to_18",
    "edges::a_root_and_its_partitions_log_one_key_13_to_15",
    "edges::splits_and_foreign_key_modes_15_to_15",
    "splits::planned_emitted_and_run_16_to_16",
    "faults::dump_14_to_16",
    "faults::clone_15_to_15",
    "layouts::clone_of_debian_16_to_18",
    "side_by_side::two_databases_under_one_budget_13_to_15",
    "phases::load_observed_on_12_serves_12_to_13_and_13_to_15",
    "verify::finds_every_fault_and_nothing_else_15_to_18",
    "cutover::there_and_back_15_to_18",
    "cutover_faults::servers_and_pgbouncers_that_die_lose_nothing",
    "check::healthy_12_to_13",
    "check::healthy_14_to_16",
    "check::healthy_15_to_17",
    "attacks_reading::every_kind_of_type_12_to_14",
    "attacks_reading::every_kind_of_type_15_to_18",
    "attacks_reading::every_kind_of_type_16_to_15",
    "attacks_carrying::functions_run_as_nobody_else_12_to_14",
    "attacks_carrying::functions_run_as_nobody_else_15_to_15",
    "attacks_carrying::functions_run_as_nobody_else_15_to_16",
    "attacks_carrying::functions_run_as_nobody_else_16_to_18",
    "attacks_carrying::roles_scripts_and_passwords_16_to_18",
    "attacks_carrying::rows_are_loaded_by_nobody_else_15_to_18",
    "health::slots_that_stand_still_are_named_15_to_18",
    "monitor::causes_and_ways_out_12_to_14",
    "monitor::causes_and_ways_out_15_to_18",
    "monitor::every_state_is_named_12_to_14",
    "monitor::every_state_is_named_15_to_18",
    "inventory::every_changed_fact_is_found_13_to_18",
    "inventory::every_changed_fact_is_found_18_to_18",
    "moments::the_kit_finds_what_check_finds_13_to_18",
    "encodings::settings_of_the_sender_change_nothing_12_to_12",
    "encodings::texts_are_compared_by_their_characters_15_to_18",
    "encodings::texts_without_encoding_are_compared_by_their_bytes_16_to_18",
    "encodings::keys_of_extension_types_are_compared_16_to_18",
    "encodings::a_new_copy_is_compared_anew_16_to_18",
    "agree::plan_check_and_files_on_odd_trees_15_to_18",
    "agree::plan_check_and_files_on_odd_trees_18_to_18",
    "hints::followed_to_the_letter_they_mend_and_break_nothing_17_to_18",
    "logins::the_application_gets_in_as_before_16_to_18",
    "guards::what_fires_rests_until_the_cutover_16_to_18",
    "guards::owners_write_or_are_refused_17_to_18",
    "partitions::new_ones_join_13_to_16",
    "partitions::new_ones_join_14_to_18",
    "partitions::new_ones_join_18_to_18",
    "transitions::a_running_plan_becomes_another_12_to_16",
    "transitions::a_running_plan_becomes_another_15_to_18",
    "transitions::a_running_plan_becomes_another_18_to_18",
    "transitions::what_may_happen_meanwhile_18_to_18",
    "repairs::slots_and_tables_are_made_again_12_to_15",
    "repairs::slots_and_tables_are_made_again_15_to_18",
    "repairs::slots_and_tables_are_made_again_18_to_18",
    "repairs::named_rows_are_copied_again_15_to_18",
    "repairs::keys_return_and_what_is_wrong_is_refused_18_to_18",
    "again::an_abandoned_attempt_is_cleaned_up_and_made_anew_15_to_18",
    "conflicts::slots_go_on_by_the_runbook_15_to_18",
];

fn waits_for_night(name: &str) -> bool {
    AT_NIGHT.contains(&name) && std::env::var_os("PGSLOTPLAN_NIGHT").is_none()
}

/// What calls psql calls the program itself, some ten thousand times: Debian's on PATH is one in Perl that looks for the right version
/// each time. To be called before there is another thread.
#[expect(unsafe_code, reason = "changing the environment is safe while there is one thread")]
fn call_psql_itself() {
    let Ok(psql) = bench::servers().tools().psql() else { return };
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("psql");
    let _ = std::fs::create_dir_all(&folder);
    // the program alone: the others there are of one version, and tests ask for theirs
    let _ = std::os::unix::fs::symlink(psql, folder.join("psql"));
    let path = std::env::var("PATH").unwrap_or_default();
    // SAFETY: no other thread reads the environment yet.
    unsafe { std::env::set_var("PATH", format!("{}:{path}", folder.display())) };
}

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
    if !arguments.list && !ignore {
        call_psql_itself();
        // what comes from a registry must be there before
        bench::install_clients();
        drop(targets::ansible()); // the test says what went wrong
        drop(patroni::install());
        if let Err(error) = apart::enter() {
            eprintln!(
                "the tests' servers can be reached by every user of this machine while they run: no network apart ({error})"
            );
        }
    }
    let trials: Vec<Trial> = boot::trials()
        .into_iter()
        .chain(sample::trials())
        .chain(unusable::trials())
        .chain(databases::trials())
        .chain(flavors::trials())
        .chain(mimic::trials())
        .chain(parity::trials())
        .chain(methods::trials())
        .chain(calibrate::trials())
        .chain(prometheus::trials())
        .chain(front::trials())
        .chain(identities::trials())
        .chain(agree::trials())
        .chain(encodings::trials())
        .chain(hints::trials())
        .chain(scripts::trials())
        .chain(bootstraps::trials())
        .chain(snapshots::trials())
        .chain(layouts::trials())
        .chain(phases::trials())
        .chain(side_by_side::trials())
        .chain(edges::trials())
        .chain(edge_catalog::trials())
        .chain(edge_stalls::trials())
        .chain(splits::trials())
        .chain(faults::trials())
        .chain(load_faults::trials())
        .chain(demo::trials())
        .chain(verify::trials())
        .chain(cutover::trials())
        .chain(cutover_faults::trials())
        .chain(check::trials())
        .chain(attacks_reading::trials())
        .chain(health::trials())
        .chain(monitor::trials())
        .chain(inventory::trials())
        .chain(left_behind::trials())
        .chain(partitions::trials())
        .chain(patroni::trials())
        .chain(transitions::trials())
        .chain(moments::trials())
        .chain(refusals::trials())
        .chain(walk::trials())
        .chain(targets::trials())
        .chain(logins::trials())
        .chain(managed::trials())
        .chain(guards::trials())
        .chain(repairs::trials())
        .chain(again::trials())
        .chain(conflicts::trials())
        .chain(attacks_carrying::trials())
        .chain(baseline::trials())
        .map(|trial| if ignore || waits_for_night(trial.name()) { trial.with_ignored_flag(true) } else { trial }) // as measurements are
        .collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}
