//! Each command at work: what it prints, writes and returns.

use crate::story::{GENERATE, PLAN, Story};

#[test]
fn help() {
    let mut story = Story::new("help");
    for line in [
        "--version",
        "--help",
        "sample --help",
        "plan --help",
        "audit --help",
        "emit --help",
        "check --help",
        "monitor --help",
        "monitor rules --help",
        "baseline --help",
        "baseline take --help",
        "baseline compare --help",
        "baseline explain --help",
        "generate --help",
    ] {
        assert_eq!(story.run(line), 0);
    }
    for line in
        ["simulate --help", "report --help", "calibrate --help", "demo --help", "completions --help", "man --help"]
    {
        assert_eq!(story.run(line), 0);
    }
    for line in [
        "workload --help",
        "workload merge --help",
        "workload fold --help",
        "workload carry --help",
        "workload show --help",
    ] {
        assert_eq!(story.run(line), 0);
    }
    story.compare();
}

/// Runs put together, folded and looked at; a plan on too little is refused until told otherwise.
#[test]
fn workloads() {
    let mut story = Story::new("workload");
    assert_eq!(story.run("generate --tables 6 --hours 30 --hot 1 --total-wal 2MB/s -o w.json"), 0);
    assert_eq!(story.run("workload fold w.json --fold day --percentile 100 -o day.json"), 0);
    assert_eq!(story.run("workload show day.json --top 3"), 0);
    assert_eq!(story.run("workload show w.json --top 1 --format json"), 0);
    assert_eq!(story.run("workload merge w.json day.json -o both.json"), 0);
    assert_eq!(story.run("workload fold w.json -o week.json"), 0);
    assert_eq!(story.run("workload show week.json --top 1"), 0);
    assert_eq!(story.run("plan week.json -o p.json"), 1);
    assert_eq!(story.run("plan week.json -o p.json --min-validity 0.1 --publications 2 --budget small"), 0);
    assert_eq!(story.run("workload fold w.json --percentile 120 -o never.json"), 1);
    assert_eq!(story.run("workload merge w.json -o w.json"), 1);
    // the next migration: load of the first, tables of a short run elsewhere
    assert_eq!(story.run("generate --tables 7 --hours 1 --seed 2 -o now.json"), 0);
    assert_eq!(story.run("workload carry w.json now.json -o next.json"), 0);
    assert_eq!(story.run("workload show next.json --top 2"), 0);
    assert_eq!(story.run("workload carry w.json nowhere.json -o never.json"), 1);
    story.compare();
}

#[test]
fn generate_and_plan() {
    let mut story = Story::new("plan");
    assert_eq!(story.run(&format!("{GENERATE} -o w.json")), 0);
    story.show("w.json");
    assert_eq!(story.run(&format!("{PLAN} -o p.json")), 0);
    story.show("p.json");
    assert_eq!(story.run(&format!("{PLAN} --format markdown")), 0);
    assert_eq!(story.shell(&format!("\"$PGSLOTPLAN\" {PLAN} --format json | cmp - p.json && echo same")), 0);
    story.compare();
}

/// Each option that changes the plan shows that it does.
#[test]
fn plan_options() {
    let mut story = Story::with_plan("plan_options");
    for options in [
        "--publications auto",
        "--publications 3 --max-dedicated 1",
        "--max-slots 2",
        "--load apply",
        "--load wal",
        "--load wal --slot-capacity 20MB/s",
        "--publications 2 --headroom 0.95",
        "--publications 2 --hot-share 0.9",
        "--pin public.orders=dedicated --pin public.invoices=left --publications 3",
        "--keep-together public.orders,public.invoices --publications 3",
        "--keep-apart public.orders,public.invoices --publications 2",
        "--exclude *_events --include public.*",
        "--subscriber-version 17 --publisher-version 15",
        "--foreign-keys together --publications 2",
        "--foreign-keys guard --publications 2",
        "--prefix move --publications 2",
        "--cut-tolerance 0 --publications 2",
        "--previous p.json --max-moves 0 --publications 2..3",
        "--seed 7 --exact --publications 2 --budget small",
    ] {
        assert_eq!(
            story.run_briefly(&format!(
                "plan w.json {} {options}",
                if options.contains("--budget") { "" } else { "--budget 1000" }
            )),
            0,
            "{options}"
        );
    }
    story.compare();
}

/// The answer is no: exit code 4, and the file is written all the same.
#[test]
fn plans_that_say_no() {
    let mut story = Story::new("plan_no");
    story.quietly("generate --tables 8 --hours 3 --no-key 0 -o heavy.json --total-wal 800MB/s");
    assert_eq!(story.run("plan heavy.json --budget 1000 -o p.json"), 4);
    story.quietly("generate --tables 8 --hours 3 --no-key 0.3 --total-wal 8MB/s -o keyless.json");
    let plan = "plan keyless.json --publications 2 --budget 1000";
    assert_eq!(story.run(plan), 4);
    for mode in ["exclude", "insert-only"] {
        assert_eq!(story.run_briefly(&format!("{plan} --no-identity {mode}")), 0);
    }
    // An update that reads a table of a billion rows never ends in time.
    assert_eq!(story.run_briefly(&format!("{plan} --no-identity full")), 4);
    story.compare();
}

#[test]
fn policy_and_calibration_files() {
    let mut story = Story::with_plan("policy");
    story.file(
        "policy.toml",
        "publications = \"2..3\"\nmax_dedicated = 2\nkeep_together = [[\"public.orders\", \"public.order_events\"]]\n\
         keep_apart = [[\"public.contacts\", \"public.orders\"]]\n\n[pin]\n\"public.invoices\" = \"dedicated\"\n",
    );
    let plan = "plan w.json --budget 1000 --policy policy.toml";
    assert_eq!(story.run_briefly(plan), 0);
    assert_eq!(story.run_briefly(&format!("{plan} --max-dedicated 1 --publications 2")), 0);
    let set = |row: f64| {
        format!(
            "{{\"row_us\":{row},\"update_us\":3,\"delete_us\":2,\"index_entry_us\":1,\"inline_byte_us\":0.005,\"toast_byte_us\":0.02,\
             \"transaction_us\":6,\"scanned_row_us\":0.05,\"empty_transaction_us\":2,\"send_byte_ns\":14,\"decode_byte_ns\":13,\"read_byte_ns\":1}}"
        )
    };
    let file = |low: f64| {
        let sets = format!("\"low\":{},\"nominal\":{},\"high\":{}", set(low), set(20.0), set(30.0));
        format!("{{\"kind\":\"calibration\",\"version\":1,\"tool\":\"by hand\",\"coefficients\":{{{sets}}}}}")
    };
    story.file("calibration.json", file(10.0));
    assert_eq!(story.run_briefly(&format!("{PLAN} --calibration calibration.json -o c.json")), 0);
    assert_eq!(story.run("audit c.json w.json"), 0);
    story.file("calibration.json", file(25.0));
    assert_eq!(story.run("plan w.json --calibration calibration.json"), 1);
    assert_eq!(story.run("plan w.json --calibration w.json"), 1);
    story.compare();
}

#[test]
fn audit() {
    let mut story = Story::with_plan("audit");
    assert_eq!(story.run("audit p.json w.json"), 0);
    let plan = story.read("p.json");
    // A digest tells that something changed; the rules tell what.
    story.file("moved.json", plan.replacen("\"public\"", "\"pubIic\"", 1));
    assert_eq!(story.run("audit moved.json w.json"), 4);
    let mut bound: serde_json::Value = serde_json::from_str(&plan).unwrap();
    bound["objective"]["lower_bound"] =
        bound["objective"]["packing_peak_load"].as_f64().map(|peak| peak * 0.999).into();
    bound["slots"][0]["peak_load"] = 0.001.into();
    story.file("figures.json", serde_json::to_string_pretty(&bound).unwrap());
    assert_eq!(story.run("audit figures.json w.json"), 4);
    for format in ["json", "github", "sarif", "junit"] {
        assert_eq!(story.run(&format!("audit moved.json w.json --format {format}")), 4);
    }
    story.quietly(&format!("{GENERATE} --seed 2 -o other.json"));
    assert_eq!(story.run("audit p.json other.json"), 4);
    story.compare();
}

#[test]
fn emit() {
    let mut story = Story::with_plan("emit");
    story.quietly("generate --tables 5 --hours 1 --no-key 0 --total-wal 8MB/s -o small.json");
    let plan = "plan small.json --publications 2 --max-dedicated 0 --budget 1000";
    story.quietly(&format!("{plan} --subscriber-version 15 -o p15.json"));
    assert_eq!(story.run("emit p15.json -o scripts"), 0);
    let mut files: Vec<String> = std::fs::read_dir(story.path("scripts"))
        .unwrap()
        .map(Result::unwrap)
        .filter(|entry| entry.path().is_file() && entry.path().extension().is_some_and(|extension| extension != "sh"))
        .map(|entry| format!("scripts/{}", entry.file_name().to_string_lossy()))
        .collect();
    files.sort();
    for file in &files {
        story.show(file);
    }
    story.quietly(&format!("{plan} --publisher-version 17 --subscriber-version 18 -o new.json"));
    assert_eq!(story.run("emit new.json -o new --format json"), 0);
    assert_eq!(story.run("emit new.json -o new"), 1);
    assert_eq!(story.run("emit new.json -o new --force"), 0);
    story.file("edited.json", story.read("p.json").replace("pgsp_shared_1", "pgsp_shared_x"));
    assert_eq!(story.run("emit edited.json -o edited"), 1);
    story.compare();
}

/// A slot and a table made again alone: what is read of it, and what is refused.
#[test]
fn repair() {
    let mut story = Story::with_plan("repair");
    story.quietly("generate --tables 5 --hours 1 --no-key 0 --total-wal 8MB/s -o small.json");
    story.quietly("plan small.json --publications 2 --max-dedicated 0 --budget 1000 --publisher-version 13 --subscriber-version 15 -o p15.json");
    let plan: serde_json::Value = serde_json::from_str(&story.read("p15.json")).unwrap();
    let slots = plan["slots"].as_array().unwrap();
    let slot = slots[0]["name"].as_str().unwrap();
    let table = &slots[1]["tables"][0];
    let table = format!("{}.{}", table["schema"].as_str().unwrap(), table["name"].as_str().unwrap());
    assert_eq!(story.run(&format!("emit p15.json -o repair --repair slot={slot} --repair table={table}")), 0);
    for file in ["tables.sql", "repair.sql", "publications.sql", "members_again.sql", "subscriptions.sql"] {
        story.show(&format!("repair/plan/{file}"));
    }
    for file in ["r3_subscriber_empty.sql", "RUNBOOK.md", "manifest.json"] {
        story.show(&format!("repair/{file}"));
    }
    for line in [
        "emit p15.json -o no --repair slot=another".to_owned(),
        "emit p15.json -o no --repair table=another".to_owned(),
        "emit p15.json -o no --repair rows=1".to_owned(),
        format!("emit p15.json -o no --repair slot={slot} --target terraform"),
    ] {
        assert_eq!(story.run(&line), 1, "{line}");
    }
    story.compare();
}

/// The shells' own parsers take the completions; bash completes with them; the manual names every command and option.
#[test]
fn shell_files() {
    let mut story = Story::new("shell");
    for shell in ["bash", "zsh", "fish"] {
        assert_eq!(
            story.shell(&format!("\"$PGSLOTPLAN\" completions {shell} > {shell}.txt && test -s {shell}.txt")),
            0
        );
    }
    let complete =
        "COMP_WORDS=(pgslotplan ge); COMP_CWORD=1; _pgslotplan pgslotplan ge pgslotplan; echo \"${COMPREPLY[@]}\"";
    assert_eq!(story.shell(&format!("bash -c '. ./bash.txt; {complete}'")), 0);
    assert!(story.output_of("man").contains(".TH pgslotplan 1"));
    assert_eq!(story.run("man -o man"), 0);
    for command in ["sample", "plan", "audit", "emit", "generate", "demo", "completions", "man"] {
        let page = story.read(&format!("man/pgslotplan-{command}.1")).replace('\\', "");
        let help = story.output_of(&format!("{command} --help"));
        let options = help.lines().filter_map(|line| line.trim_start().strip_prefix('-')).filter_map(|line| {
            let start = line.find("--").map_or(0, |at| at + 1);
            line[start..].split([' ', ',']).next()
        });
        for option in options {
            assert!(page.contains(&format!("-{option}")), "{command} -{option}");
        }
    }
    story.compare();
}

/// `-` is standard input and output, and `*.zst` is compressed.
#[test]
fn pipes() {
    let mut story = Story::with_plan("pipes");
    let same = "-o - | cmp - p.json && echo same";
    let piped = |line: &str| format!("\"$PGSLOTPLAN\" -q {line}");
    let plan = |input: &str| piped(&PLAN.replace("w.json", input));
    assert_eq!(story.shell(&format!("{} {same}", plan("- < w.json"))), 0);
    assert_eq!(story.run(&format!("-q {GENERATE} -o w.json.zst")), 0);
    assert_eq!(story.shell(&format!("{} {same}", plan("w.json.zst"))), 0);
    assert_eq!(story.run(&format!("-q {PLAN} -o p.json.zst")), 0);
    assert_eq!(story.run("-v audit p.json.zst w.json.zst"), 0);
    assert_eq!(story.shell(&format!("{} | true", plan("w.json"))), 0);
    assert_eq!(story.shell(&format!("{} > /dev/full", plan("w.json"))), 1);
    assert_eq!(story.run("--log-format json plan missing.json"), 1);
    story.compare();
}
