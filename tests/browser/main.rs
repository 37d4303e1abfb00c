//! The report in a real browser: `check.mjs` looks at pages that this test makes, with the system's Chromium.
//!
//! The screenshots are kept in `target/browser`. The node packages are installed beside `check.mjs` when they are missing.
//! `CHROMIUM` names another browser than `/usr/bin/chromium`.

#![allow(clippy::disallowed_methods, reason = "this test runs programs in a folder")]
#![allow(clippy::print_stderr, clippy::print_stdout, reason = "a test says what it measured")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use serde_json::Value;

/// Names that would be markup, script or misleading if one escape were missing; at most 63 bytes each.
const HOSTILE: [&str; 12] = [
    "<script>hacked=1</script>",
    "\"><img src=x onerror=hacked=1>",
    "</title></style><script>hacked=1</script>",
    "'><svg onload=hacked=1>",
    "</script><script>hacked=1</script>",
    "&lt;b&gt; &amp; &#60;",
    "<!-- -->]]>--!>",
    "javascript:hacked=1",
    "\u{202E}txet desrever",
    "new\nline\ttab\r",
    "zero\u{200B}width",
    "ünïcödé 名前 \\ `x` ${hacked=1} {{hacked=1}}",
];

fn program(folder: &Path, words: &[&str]) {
    let output = Command::new(env!("CARGO_BIN_EXE_pgslotplan")).args(words).current_dir(folder).output().unwrap();
    // 4: the plan is written, and its report says no.
    assert!(matches!(output.status.code(), Some(0 | 4)), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A report of a generated workload, which `change` may alter first.
fn report(folder: &Path, name: &str, generate: &[&str], change: impl Fn(&mut Value), options: &[&str]) -> PathBuf {
    let (workload, plan, page) = (format!("{name}.w.json"), format!("{name}.p.json"), format!("{name}.html"));
    let words = [&["-q", "generate", "--no-key", "0", "-o", &workload], generate].concat();
    program(folder, &words);
    let mut value: Value = serde_json::from_slice(&fs::read(folder.join(&workload)).unwrap()).unwrap();
    change(&mut value);
    fs::write(folder.join(&workload), value.to_string()).unwrap();
    program(folder, &["-q", "plan", &workload, "-o", &plan, "--budget", "200", "--publications", "3"]);
    program(folder, &[&["-q", "report", &plan, &workload, "-o", &page], options].concat());
    folder.join(page)
}

/// Renames the first tables, wherever they are named, and puts the same into every other text.
fn make_hostile(workload: &mut Value) {
    let tables = workload["tables"].as_array().unwrap();
    let names: BTreeMap<String, &str> = tables
        .iter()
        .zip(HOSTILE)
        .map(|(table, hostile)| (table["name"].as_str().unwrap().to_owned(), hostile))
        .collect();
    assert_eq!(names.len(), HOSTILE.len(), "the first tables have different names");
    rename(workload, &names);
    workload["database"] = HOSTILE[2].into();
    workload["notes"] = HOSTILE.map(|text| text.repeat(2)).to_vec().into();
    workload["excluded"] = serde_json::json!([{ "schema": HOSTILE[1], "name": HOSTILE[0], "reason": HOSTILE[3] }]);
    for key in workload["foreign_keys"].as_array_mut().unwrap() {
        key["name"] = HOSTILE[1].into();
        key["columns"] = serde_json::json!([HOSTILE[4]]);
    }
}

fn rename(value: &mut Value, names: &BTreeMap<String, &str>) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| rename(item, names)),
        Value::Object(map) => {
            let is_table = map.contains_key("schema");
            for (key, value) in map.iter_mut() {
                match value.as_str().and_then(|name| names.get(name)) {
                    Some(hostile) if is_table && key == "name" => *value = (*hostile).into(),
                    _ => rename(value, names),
                }
            }
        }
        _ => {}
    }
}

/// The packages that the lock file pins, installed once.
fn install(folder: &Path) {
    let lock = fs::File::create(folder.join(".install.lock")).unwrap();
    lock.lock().unwrap();
    if folder.join("node_modules/playwright-core/package.json").exists()
        && folder.join("node_modules/axe-core/axe.min.js").exists()
    {
        return;
    }
    let words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefer-offline"];
    let output = Command::new("npm").args(words).current_dir(folder).output().expect("npm is installed");
    assert!(output.status.success(), "npm ci: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn reports_in_chromium() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let scripts = root.join("tests/browser");
    install(&scripts);
    let folder = tempfile::tempdir().unwrap();
    let small: &[&str] = &["--tables", "40", "--hours", "48", "--total-wal", "60MB/s", "--seed", "3"];
    let events =
        ["--outage", "30min at 14:00", "--publisher-cores", "3", "--slot-wal-limit", "300GB", "--disk-free", "2TB"];
    let pages = [
        report(folder.path(), "busy", small, |_| {}, &events),
        report(folder.path(), "quiet", &["--tables", "12", "--hours", "24", "--total-wal", "1MB/s"], |_| {}, &[]),
        report(
            folder.path(),
            "hostile",
            &["--tables", "30", "--hours", "6", "--total-wal", "8MB/s"],
            make_hostile,
            &[],
        ),
        report(folder.path(), "large", &["--tables", "1000", "--hours", "12", "--total-wal", "20MB/s"], |_| {}, &[]),
        // Still usable: filtered, sorted, and its first paint is printed.
        report(
            folder.path(),
            "large10000",
            &["--tables", "10000", "--hours", "24", "--total-wal", "20MB/s"],
            |_| {},
            &[],
        ),
    ];
    let hostile = fs::read_to_string(&pages[2]).unwrap();
    assert!(hostile.contains("&lt;script&gt;hacked=1&lt;/script&gt;"), "hostile names are in the page");
    assert!(hostile.contains("\\u{202e}") && !hostile.contains('\u{202E}') && !hostile.contains('\u{200B}'));
    assert_eq!(hostile.matches("<script").count(), 1);
    let size = fs::metadata(&pages[3]).unwrap().len();
    assert!(size < 2_000_000, "the report of 1,000 tables has {size} bytes");
    let shots = root.join("target/browser");
    let output = Command::new("node")
        .arg(scripts.join("check.mjs"))
        .arg(&shots)
        .args(&pages)
        .stdin(Stdio::null())
        .output()
        .expect("node is installed");
    println!("{}", String::from_utf8_lossy(&output.stdout));
    assert!(
        output.status.success(),
        "see the screenshots in {}\n{}",
        shots.display(),
        String::from_utf8_lossy(&output.stderr)
    );
    for page in ["busy", "quiet", "hostile"] {
        for view in ["desktop", "phone", "dark"] {
            assert!(fs::metadata(shots.join(format!("{page}-{view}.png"))).unwrap().len() > 5_000);
        }
    }
}
