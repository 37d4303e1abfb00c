//! Files that somebody made to deceive or to exhaust, through every command that reads such a file: each ends with its exit code
//! and one clear error, within bounded memory and time, and nothing of theirs reaches a terminal, a log or a script.

use std::{fs, io::Read, process::Output};

use pgslotplan::{format, plan::Plan};
use serde_json::{Value, json};

use crate::story::Story;

/// Address space that is enough for every refusal, KiB.
const MEMORY: u64 = 2 << 20;

/// Moves the cursor, ends the title, colours, goes back, turns around, hides.
const HOSTILE: &str =
    "\u{1b}]0;PWN\u{7}\u{1b}[31mX\r\n::error::pwned\n##[error]pwned\u{9b}1m\u{202e}\u{2066}\u{200b}\u{2028}";

/// A plan with a digest that fits, whatever else is in it: the digest has no key.
fn sealed(mut json: Value) -> String {
    if let Ok(mut plan) = serde_json::from_value::<Plan>(json.clone()) {
        plan.plan_sha256 = plan.digest();
        json["plan_sha256"] = String::from(plan.plan_sha256).into();
    }
    json.to_string()
}

/// Nothing that a terminal or a log reader would act on, and no end in disorder.
fn is_clean(line: &str, output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| panic!("{line}: not UTF-8"));
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    for text in [&out, &err] {
        assert!(!text.contains("panicked") && !text.contains("internal error"), "{line}: {text}");
        let shown = |c: char| c == '\n' || !pgslotplan::names::is_unprintable(c);
        assert!(text.chars().all(shown), "{line}: {text:?}");
        let forged = |one: &str| {
            let begins = one.trim_start();
            begins.starts_with("::error::pwned") || begins.starts_with("##[") || begins.starts_with("pwned")
        };
        assert!(!text.lines().any(forged), "{line}: {text}");
    }
    assert!(out.len() < 200_000 && err.len() < 20_000, "{line}: {} and {} bytes", out.len(), err.len());
    err
}

/// One error of ours, exit code 1, nothing printed.
fn refused(story: &Story, line: &str, word: &str) {
    let output = story.limited(MEMORY, line);
    let err = is_clean(line, &output);
    assert_eq!(output.status.code(), Some(1), "{line}: {err}");
    assert_eq!(err.matches("pgslotplan: error: ").count(), 1, "{line}: {err}");
    assert!(err.contains(word), "{line}: {err}");
    assert!(!story.path("out").exists() && !story.path("out.json").exists(), "{line}");
}

const PLAN_READERS: [&str; 7] = [
    "emit FILE -o out",
    "emit FILE -o out --workload w.json",
    "audit FILE w.json",
    "simulate FILE w.json",
    "report FILE w.json -o out.json",
    "check FILE --publisher host=/nowhere --subscriber host=/nowhere",
    "plan w.json --previous FILE -o out.json",
];

/// What no type takes is refused by every reader, though the digest fits.
#[test]
fn plans_that_no_type_takes() {
    let story = Story::with_plan("crafted_plans");
    let good: Value = serde_json::from_str(&story.read("p.json")).unwrap();
    let shell = "pgsp'; touch canary; echo '";
    let long = "x".repeat(5_000_000);
    for (place, value, word) in [
        ("/policy/prefix", json!(shell), "invalid prefix"),
        ("/policy/prefix", json!(long), "invalid prefix"),
        ("/plan_sha256", json!("$(touch canary)"), "invalid digest"),
        ("/workload_sha256", json!("00"), "invalid digest"),
        ("/server/system_identifier", json!("1; touch canary"), "invalid system identifier"),
        ("/server/version_num", json!(15), "not of the form 150018"),
        ("/publisher_version", json!(4_000_000_000_u32), "not of the form 150018"),
        ("/slots/0/name", json!("a b"), "invalid slot name"),
        ("/slots/0/publish", json!("insert, update, delete, truncate); --"), "invalid publish list"),
        ("/slots/0/publication", json!("x".repeat(64)), "longer than 63 bytes"),
        ("/slots/0/tables/0/name", json!("a\0b"), "NUL"),
        ("/slots/0/tables/0/identity_columns", json!([""]), "a part is empty"),
        ("/slots/0/tables/0/identity", json!("none'; --"), "unknown variant"),
        ("/database", json!(long), "longer than 63 bytes"),
        ("/policy/foreign_keys", json!(HOSTILE), "unknown variant"),
        ("/policy/publications", json!("0..9999"), "invalid number of publications"),
        ("/foreign_keys/0/definition", json!("FOREIGN KEY (a) REFERENCES b; DROP TABLE c"), "unknown field"),
        ("/foreign_keys/0/on_delete", json!("cascade; DROP TABLE c"), "unknown variant"),
        ("/slots/0/tables/0/columns", json!(["id"]), "unknown field"),
    ] {
        let mut json = good.clone();
        let (parent, field) = place.rsplit_once('/').unwrap();
        json.pointer_mut(parent).unwrap()[field] = value;
        story.file("crafted.json", sealed(json));
        for line in PLAN_READERS {
            refused(&story, &line.replace("FILE", "crafted.json"), word);
        }
    }
    let mut old = good.clone();
    old["version"] = 1.into();
    old["policy"]["prefix"] = shell.into();
    story.file("crafted.json", sealed(old));
    for line in PLAN_READERS {
        refused(&story, &line.replace("FILE", "crafted.json"), "cannot read plan format version 1");
    }
    assert!(!story.path("canary").exists());
}

/// What the types take but the plan's own rules do not: no scripts, exit code 4, and the finding by its code.
#[test]
fn plans_that_break_their_own_rules() {
    let story = Story::with_plan("crafted_rules");
    let good: Value = serde_json::from_str(&story.read("p.json")).unwrap();
    let shared = good["slots"].as_array().unwrap().iter().position(|slot| slot["role"] == "shared").unwrap();
    let slot = format!("/slots/{shared}");
    for (place, value, alone, whole) in [
        (format!("{slot}/publish"), json!("insert"), "AU210", "AU210"),
        (
            format!("{slot}/subscription"),
            good["slots"][usize::from(shared == 0)]["subscription"].clone(),
            "AU602",
            "AU602",
        ),
        (format!("{slot}/copy_bytes"), json!(1), "AU210", "AU210"),
        ("/publisher_version".into(), json!(160_000), "AU106", "AU106"),
        ("/objective/gap".into(), json!(0.5), "AU701", "AU701"),
        ("/excluded".into(), json!([{"schema": "a", "name": "b", "reason": "because"}]), "", "AU211"),
        (format!("{slot}/tables/0/identity_columns"), json!(["note"]), "", "AU210"),
        ("/server/system_identifier".into(), json!("7"), "", "AU106"),
        (format!("{slot}/peak_load"), json!(0.0001), "AU70", "AU70"),
    ] {
        let mut json = good.clone();
        let (parent, field) = place.rsplit_once('/').unwrap();
        match json.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[field.parse::<usize>().unwrap()] = value,
            fields => fields[field] = value,
        }
        story.file("crafted.json", sealed(json));
        for (line, code) in [
            ("audit crafted.json w.json", whole),
            ("emit crafted.json -o out --workload w.json", whole),
            ("emit crafted.json -o out", alone),
        ] {
            if code.is_empty() {
                continue;
            }
            let output = story.limited(MEMORY, line);
            let err = is_clean(line, &output);
            assert_eq!(output.status.code(), Some(4), "{place}: {line}: {err}");
            assert!(String::from_utf8_lossy(&output.stdout).contains(code), "{place}: {line}: {output:?}");
            assert!(!story.path("out").exists(), "{place}: {line}");
        }
    }
    // A digest that does not fit is refused before anything else.
    story.file("crafted.json", story.read("p.json").replacen("\"seed\": 1", "\"seed\": 2", 1));
    refused(&story, "emit crafted.json -o out", "was changed after it was written");
    let output = story.limited(MEMORY, "emit p.json -o out --workload w.json --quiet");
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}

const WORKLOAD_READERS: [&str; 7] = [
    "plan FILE -o out.json",
    "audit p.json FILE",
    "emit p.json -o out --workload FILE",
    "simulate p.json FILE",
    "report p.json FILE -o out.json",
    "workload show FILE",
    "workload fold FILE -o out.json",
];

/// Files that unpack, count or nest without end.
#[test]
fn files_without_end() {
    let story = Story::with_plan("crafted_sizes");
    let good: Value = serde_json::from_str(&story.read("w.json")).unwrap();
    let changed = |change: &dyn Fn(&mut Value)| {
        let mut json = good.clone();
        change(&mut json);
        json.to_string()
    };
    let constant = |json: &mut Value, count: u64| {
        json["bucket_count"] = count.into();
        for table in json["tables"].as_array_mut().unwrap() {
            for (field, value) in table["load"].as_object_mut().unwrap() {
                if field.ends_with("_per_s") {
                    *value = 1.0.into();
                }
            }
            if table["kind"] == "partitioned" {
                table["load"] = json!({});
            }
        }
        json["cluster_wal_bytes_per_s"] = 1.0.into();
        json["cluster_transactions_per_s"] = 1.0.into();
        json["gaps"] = json!([]);
    };
    let zeros = std::io::repeat(b' ').take(512 << 20);
    let bomb = zstd::encode_all(zeros, 9).unwrap();
    assert!(bomb.len() < 200_000, "{}", bomb.len());
    story.file("crafted.json.zst", bomb);
    for line in WORKLOAD_READERS {
        refused(&story, &line.replace("FILE", "crafted.json.zst"), "it has more than");
    }
    for (content, word) in [
        (changed(&|json| constant(json, 4_000_000_000)), "\"bucket_count\" 4000000000"),
        (changed(&|json| json["bucket_count"] = (-1).into()), "invalid workload file"),
        ("[".repeat(1_000_000), "not a pgslotplan file"),
        ("{\"kind\":".repeat(200_000), "recursion limit"),
        (changed(&|json| json["tables"][0]["name"] = "x".repeat(20_000_000).into()), "longer than 63 bytes"),
        (changed(&|json| json["database"] = "x".repeat(20_000_000).into()), "longer than 63 bytes"),
        (format!("{{\"kind\":\"{}\"}}", "x".repeat(20_000_000)), "file is needed"),
        (changed(&|json| json["x".repeat(20_000_000)] = 1.into()), "unknown field"),
        (changed(&|json| json["tables"][0]["heap_bytes"] = u64::MAX.into()), "heap_bytes"),
        (changed(&|json| json["tables"][0]["rows_estimate"] = 1e300.into()), "rows_estimate"),
        (changed(&|json| json["server"]["version_num"] = 0.into()), "not of the form 150018"),
    ] {
        story.file("crafted.json", &content);
        for line in WORKLOAD_READERS {
            refused(&story, &line.replace("FILE", "crafted.json"), word);
        }
    }
    // As many buckets as a file may have, in three kilobytes: too many for so many tables, and folded they are few.
    let wide = changed(&|json| {
        constant(json, 1_000_000);
        let table = json["tables"][0].clone();
        let copies = (0..80).map(|number| {
            let mut copy = table.clone();
            copy["name"] = format!("copy_{number}").into();
            copy["kind"] = "table".into();
            copy["partition_root"].take();
            copy.as_object_mut().unwrap().retain(|_, value| !value.is_null());
            copy
        });
        let copies: Vec<Value> = copies.collect();
        json["tables"].as_array_mut().unwrap().extend(copies);
    });
    story.file("crafted.json", &wide);
    for line in &WORKLOAD_READERS[..5] {
        refused(&story, &line.replace("FILE", "crafted.json"), "loads can be planned; fold it");
    }
    fs::write(story.path("policy.toml"), "a = ".to_owned() + &"[".repeat(100_000)).unwrap();
    refused(&story, "plan w.json --policy policy.toml -o out.json", "policy");
    fs::write(story.path("policy.toml"), vec![b'#'; 20 << 20]).unwrap();
    refused(&story, "plan w.json --policy policy.toml -o out.json", "it has more than");
}

/// Names and texts that would move the cursor, forge a line or give orders to a runner: each command in each form.
#[test]
fn texts_that_give_orders() {
    let story = Story::with_plan("crafted_texts");
    let mut json: Value = serde_json::from_str(&story.read("w.json")).unwrap();
    let name = "a\u{1b}[2J\r\n::error::pwned \u{202e}\u{2066}";
    let (old, new) = (json["tables"][0]["name"].clone(), Value::from(name));
    let text = json.to_string().replace(&format!("\"name\":{old}"), &format!("\"name\":{new}"));
    json = serde_json::from_str(&text).unwrap();
    json["database"] = "db ::error::pwned\n::error::pwned\u{9b}".into();
    json["tool"] = HOSTILE.into();
    json["server"]["settings"] = json!({"wal_level": HOSTILE, "max_replication_slots": HOSTILE});
    json["server"]["slots_in_use"] = json!([HOSTILE]);
    json["server"]["extensions"] = json!({HOSTILE: HOSTILE});
    json["notes"] = json!([HOSTILE]);
    json["gaps"] = json!([{"from_bucket": 0, "to_bucket": 0, "reason": HOSTILE}]);
    json["excluded"] = json!([{"schema": name, "name": name, "reason": HOSTILE}]);
    story.file("h.json", json.to_string());
    let good = |line: &str, codes: &[i32]| {
        let output = story.limited(MEMORY, line);
        is_clean(line, &output);
        assert!(codes.contains(&output.status.code().unwrap_or(-1)), "{line}: {output:?}");
        output
    };
    for form in ["text", "json", "markdown"] {
        good(&format!("plan h.json -o h.{form}.plan.json --publications 2..3 --budget 500 --format {form}"), &[0, 4]);
        good(&format!("simulate h.{form}.plan.json h.json --format {form}"), &[0, 4]);
    }
    fs::rename(story.path("h.text.plan.json"), story.path("hp.json")).unwrap();
    let mut forged: Value = serde_json::from_str(&story.read("hp.json")).unwrap();
    forged["seed"] = 9.into();
    story.file("forged.json", forged.to_string());
    for form in ["text", "json", "github", "sarif", "junit"] {
        good(&format!("audit hp.json h.json --format {form}"), &[0]);
        let output = good(&format!("audit forged.json h.json --format {form}"), &[4]);
        if form == "json" || form == "sarif" {
            serde_json::from_slice::<Value>(&output.stdout).unwrap();
        }
        good(&format!("audit p.json h.json --format {form}"), &[4]);
        good(&format!("check hp.json --publisher host=/nowhere --subscriber host=/nowhere --format {form}"), &[2]);
    }
    for form in ["text", "json"] {
        good(&format!("workload show h.json --format {form}"), &[0]);
        good(&format!("emit hp.json -o out.{form} --workload h.json --format {form}"), &[0, 4]);
        good(
            &format!(
                "--log-format {form} plan h.json --exclude \"$(printf 'x\\033[2J')\" --pin 'no.table=shared' -o x.json"
            ),
            &[1],
        );
    }
    good("report hp.json h.json -o h.html", &[0, 4]);
    for target in ["cnpg", "terraform", "ansible"] {
        let line = format!("emit hp.json -o {target} --target {target}");
        let output = story.limited(MEMORY, &line);
        is_clean(&line, &output);
    }
    // In what was written a person or a shell sees no such character either.
    for folder in ["out.text", "out.text/plan", "cnpg", "cnpg/plan", "terraform", "ansible"] {
        let Ok(entries) = fs::read_dir(story.path(folder)) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()).filter(|path| path.is_file()) {
            let text = fs::read_to_string(&path).unwrap();
            let shown = |c: char| matches!(c, '\n' | '\t') || !pgslotplan::names::is_unprintable(c);
            assert!(text.chars().all(shown), "{}", path.display());
        }
    }
    let read = format::read::<Plan>(story.read("hp.json").as_bytes()).unwrap();
    assert!(read.members().any(|(_, table)| table.name == name));
}

/// What was typed in the wrong place may be a connection string.
#[test]
fn passwords_stay_out_of_errors() {
    let story = Story::with_plan("crafted_words");
    for line in [
        "audit p.json w.json 'host=h password=hunter2 user=u'",
        "plan w.json 'postgres://u:hunter2@h/db' --wrong",
        "generate -o x.json --prefix='password=hunter2 x'",
        "sample 'host=h password=hunter2 no equals' -o x.json --once",
        "sample 'postgres://u:hunter2@[::1/db' -o x.json --once",
        "check p.json --publisher 'password=hunter2 hst=x' --subscriber host=x",
        "--log-format json emit p.json -o out 'password=hunter2'",
    ] {
        let output = story.limited(MEMORY, line);
        let err = is_clean(line, &output);
        assert_eq!(output.status.code(), Some(1), "{line}: {err}");
        assert!(!err.contains("hunter2"), "{line}: {err}");
    }
}
