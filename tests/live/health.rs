//! A migration that runs: what `check` says of its slots, and that the step that waits for the tables names at once what can never
//! become ready.

use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{format, plan::Plan, throwaway::Servers};
use serde_json::Value;

use crate::{
    bench::case,
    pair::{Pair, clusters},
    story,
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("health::slots_that_stand_still_are_named_13_to_15", 2, |servers| standing_still(servers, 13, 15)),
        case("health::slots_that_stand_still_are_named_15_to_18", 2, |servers| standing_still(servers, 15, 18)),
    ]
}

/// Codes of the slots' findings, and all of their words.
fn said(pair: &Pair, plan: &Plan) -> Result<(Vec<String>, String), Failed> {
    let file = pair.folder().join("plan.json");
    fs::write(&file, format::write(plan))?;
    let output = Command::new(env!("CARGO_BIN_EXE_pgslotplan"))
        .stdin(Stdio::null())
        .args(["check", "--no-inventory", "--format", "json"])
        .arg(&file)
        .args(["--publisher", &pair.publisher.conninfo(story::DATABASE)])
        .args(["--subscriber", &pair.subscriber.conninfo(story::DATABASE)])
        .output()?;
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("{error}: {errors}"))?;
    let findings = report["findings"].as_array().cloned().unwrap_or_default();
    let of_slots: Vec<&Value> = findings
        .iter()
        .filter(|finding| finding["code"].as_str().is_some_and(|code| code.starts_with("HE") && code != "HE108"))
        .collect();
    let codes = of_slots.iter().filter_map(|finding| finding["code"].as_str().map(str::to_owned)).collect();
    if of_slots.iter().any(|finding| finding["severity"] == "error") {
        assert_eq!(output.status.code(), Some(4));
    }
    Ok((codes, of_slots.iter().map(|finding| finding.to_string()).collect::<Vec<_>>().join("\n")))
}

fn standing_still(servers: &Servers, publisher: u32, subscriber: u32) -> Result<(), Failed> {
    let (from, to) = clusters(servers, (publisher, subscriber), story::DATABASE, &[&story::schema()])?;
    from.psql(story::DATABASE, &story::rows())?.success()?;
    let identifier = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
    let mut plan = story::plan(publisher, subscriber, from.value("postgres", identifier)?);
    plan.plan_sha256 = plan.digest();
    let pair = Pair::of(from, to, story::DATABASE, plan.clone())?;
    pair.bring_up()?;
    let (codes, words) = said(&pair, &plan)?;
    assert!(codes.is_empty(), "all is well: {words}");
    let quoted = |name: &str| pgslotplan::names::quote_identifier(name);
    let first = &plan.slots[0];
    let subscription = quoted(&first.subscription);
    pair.execute(&pair.subscriber, &format!("ALTER SUBSCRIPTION {subscription} DISABLE"))?;
    let (codes, words) = said(&pair, &plan)?;
    assert_eq!(codes, ["HE104"], "{words}");
    names_at_once(&pair, "disabled")?;
    pair.execute(&pair.subscriber, &format!("ALTER SUBSCRIPTION {subscription} ENABLE"))?;
    // a row that is there already stops the slot
    pair.execute(&pair.subscriber, "INSERT INTO public.accounts (id, name) VALUES (987654, 'here first')")?;
    pair.execute(&pair.publisher, "INSERT INTO public.accounts (id, name) VALUES (987654, 'from there')")?;
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (codes, words) = said(&pair, &plan)?;
        if codes == ["HE103"] {
            break;
        }
        assert!(Instant::now() < deadline, "the worker fails, but: {codes:?} {words}");
    }
    pair.execute(&pair.subscriber, "DELETE FROM public.accounts WHERE id = 987654")?;
    // a slot that is gone
    let last = plan.slots.last().ok_or("the plan has slots")?;
    pair.execute(&pair.subscriber, &format!("ALTER SUBSCRIPTION {} DISABLE", quoted(&last.subscription)))?;
    let free = format!("SELECT NOT active FROM pg_replication_slots WHERE slot_name = '{}'", last.name);
    pair.publisher.wait_until(story::DATABASE, &free, Duration::from_secs(30))?;
    pair.execute(&pair.publisher, &format!("SELECT pg_drop_replication_slot('{}')", last.name))?;
    let (codes, words) = said(&pair, &plan)?;
    assert!(codes.contains(&"HE101".to_owned()) && words.contains("the slot is not there"), "{words}");
    Ok(())
}

/// The step that waits ends at once and says why.
fn names_at_once(pair: &Pair, reason: &str) -> Result<(), Failed> {
    let started = Instant::now();
    let (code, out, errors) = pair.run("70")?;
    assert_eq!(code, 3, "{out}{errors}");
    assert!(errors.contains("cannot become ready") && errors.contains(reason), "{errors}");
    assert!(started.elapsed() < Duration::from_secs(30), "it waited {:?}", started.elapsed());
    Ok(())
}
