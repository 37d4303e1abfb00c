//! `pgslotplan demo` from its command line, shortened, and what happens when it is interrupted.

use std::{
    fs,
    process::{Command, Stdio},
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{format, plan::Plan, throwaway::Servers, workload::Workload};

use crate::bench::case;

pub fn trials() -> Vec<Trial> {
    vec![
        case("demo::the_whole_story", 2, the_whole_story),
        case("demo::an_interrupted_demo_leaves_no_server", 2, an_interrupted_demo_leaves_no_server),
    ]
}

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pgslotplan"));
    command.stdin(Stdio::null()).arg("demo");
    command
}

fn the_whole_story(_: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let kept = folder.path().join("kept");
    let mut command = program();
    command.args(["--publisher-version", "14", "--subscriber-version", "17", "--sample-for", "10s"]);
    command.args(["--burst-for", "1s", "--format", "json", "-o"]).arg(&kept);
    let output = command.output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(report, serde_json::from_slice::<serde_json::Value>(&fs::read(kept.join("demo.json"))?)?);

    let workload: Workload = format::read(&fs::read(kept.join("workload.json"))?)?;
    let plan: Plan = format::read(&fs::read(kept.join("plan.json"))?)?;
    assert_eq!(workload.server.version_num.major(), 14);
    assert_eq!(plan.slots.len(), 8);
    assert_eq!(plan.members().count(), 43);
    for (comparison, what) in [("comparison", "the plan's slots"), ("single_comparison", "one slot")] {
        let comparison = &report[comparison];
        assert_eq!(comparison["different"], serde_json::json!([]), "{what}");
        assert_eq!(comparison["tables"], 43, "{what}");
        assert!(comparison["rows"].as_u64() > Some(50_000), "{what}: {comparison}");
    }
    assert_eq!(report["leftovers"], serde_json::json!([]));
    let slots = |burst: &str| report[burst]["slots"].as_array().map_or(0, Vec::len);
    assert_eq!((slots("planned"), slots("single")), (8, 1));
    assert!(report["single"]["slots"][0]["peak_bytes"].as_u64() > Some(0));
    let hot = |slot: &&pgslotplan::plan::PlannedSlot| slot.tables.iter().any(|table| table.name == "email_events");
    let hot = plan.slots.iter().find(hot).ok_or("email_events has no slot")?;
    assert_eq!(hot.tables.len(), 1, "the hot table is alone");
    for file in ["scripts/manifest.json", "scripts/RUNBOOK.md", "calibration.json", "workload.json.samples.jsonl"] {
        assert!(kept.join(file).exists(), "{file}");
    }
    Ok(())
}

/// SIGINT while it samples: one line says so, and both servers' folders are gone.
fn an_interrupted_demo_leaves_no_server(_: &Servers) -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let samples = folder.path().join("kept/workload.json.samples.jsonl");
    let mut command = program();
    command.args(["--sample-for", "300s", "-o"]).arg(folder.path().join("kept"));
    command.env("TMPDIR", folder.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn()?;
    let begun = std::time::Instant::now();
    while fs::metadata(&samples).map_or(0, |file| file.len()) == 0 {
        assert!(begun.elapsed() < std::time::Duration::from_secs(120), "the demo did not come to sampling");
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let pid = i32::try_from(child.id())?;
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(pid).ok_or("no process")?,
        rustix::process::Signal::INT,
    )?;
    let output = child.wait_with_output()?;
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("interrupted; the demo's servers are gone"), "{stderr}");
    let left: Vec<_> = fs::read_dir(folder.path())?.filter_map(|entry| Some(entry.ok()?.file_name())).collect();
    assert_eq!(left, ["kept"], "nothing but the output is left");
    Ok(())
}
