//! The laws of `laws` over generated texts: words that mean something to the parser in any order, and our own files with
//! pieces cut out, doubled and replaced.

use pgslotplan::{
    cost::{Calibration, CoefficientSets, CostModel},
    format,
    generate::{GenerateSettings, generate},
    optimize::{Budget, ExactMode, OptimizeOptions, optimize},
    policy::Policy,
    workload::Workload,
};
use proptest::prelude::*;

use super::laws;

/// Any text of these words.
fn words(words: &'static [&'static str], most: usize) -> impl Strategy<Value = String> {
    prop::collection::vec(prop::sample::select(words), 0..most).prop_map(|words| words.concat())
}

/// One change to a text: bytes cut out, doubled, or replaced by others.
#[derive(Debug, Clone)]
struct Change {
    at: prop::sample::Index,
    length: usize,
    with: &'static str,
    keeps: bool,
}

const PIECES: &[&str] = &[
    "",
    "0",
    "-1",
    "1e308",
    "null",
    "true",
    "\"\"",
    "[]",
    "{}",
    ",",
    ":",
    "}",
    "]",
    "\"",
    "\\u0000",
    "\u{e9}",
    "x",
    "9",
    ".5",
    " ",
    "18446744073709551615",
    "[null]",
    "[1,2]",
    "\"a\":1,",
];

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = (any::<prop::sample::Index>(), 0_usize..12, prop::sample::select(PIECES), any::<bool>());
    let change = change.prop_map(|(at, length, with, keeps)| Change { at, length, with, keeps });
    prop::collection::vec(change, 0..4)
}

fn changed(text: &[u8], changes: &[Change]) -> Vec<u8> {
    let mut bytes = text.to_vec();
    for change in changes {
        let at = change.at.index(bytes.len() + 1);
        let end = (at + change.length).min(bytes.len());
        let kept: Vec<u8> = if change.keeps { bytes[at..end].to_vec() } else { Vec::new() };
        bytes.splice(at..end, [&kept[..], change.with.as_bytes(), &kept].concat());
    }
    bytes
}

fn small_workload() -> Workload {
    let settings = GenerateSettings { tables: 3, hours: 2, seed: 5, ..GenerateSettings::default() };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    workload
}

fn small_plan() -> Vec<u8> {
    let (workload, policy) = (small_workload(), Policy::default());
    let cost = CostModel {
        measure: policy.load,
        coefficients: CoefficientSets::default(),
        publisher: workload.server.version_num,
        subscriber: workload.server.version_num,
        made_full: Default::default(),
    };
    let options =
        OptimizeOptions { budget: Budget::Evaluations(200), exact: ExactMode::Off, ..OptimizeOptions::default() };
    format::write(&optimize(&workload, &policy, &cost, &options).expect("nothing contradicts"))
}

const CONNECTION: &[&str] = &[
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "sslmode",
    "options",
    "service",
    "connect_timeout",
    "=",
    "=",
    "=",
    " ",
    " ",
    "'",
    "\\",
    ",",
    "a",
    "b c",
    "/tmp",
    "127.0.0.1",
    "::1",
    "5432",
    "0",
    "-7",
    "99999",
    "postgresql://",
    "postgres://",
    ":",
    "@",
    "/",
    "?",
    "&",
    "%",
    "%20",
    "%zz",
    "%00",
    "[",
    "]",
    "\u{e9}",
    "\n",
    "\t",
    "\0",
    "verify-full",
    "disable",
    "target_session_attrs",
    "standby",
    "sslrootcert",
    "system",
    "\"",
    "#",
];

const PASSWORDS: &[&str] =
    &["*", ":", ":", ":", ":", "\\", "h", "::1", "5432", "d b", "u", "pw", "\n", "\r", "#", " ", "\u{e9}", "\0"];

const SERVICE: &[&str] = &[
    "[a]",
    "[b]",
    "[",
    "]",
    "a",
    "\n",
    "\n",
    "\r\n",
    "host=x",
    "port=1",
    "host",
    "=",
    "service=a",
    "nope=1",
    " ",
    "\t",
    "#",
    "\u{e9}",
    "dbname=d b",
];

const POLICY: &[&str] = &[
    "publications = ",
    "\"6..8\"",
    "\"auto\"",
    "3",
    "headroom = ",
    "0.3",
    "1.5",
    "-1",
    "\n",
    "\n",
    "load = ",
    "\"apply\"",
    "\"wal\"",
    "keep_together = ",
    "[[\"a\", \"b\"]]",
    "[]",
    "exclude = ",
    "[\"*\"]",
    "[\"public.\\\"x\\\"\"]",
    "foreign_keys = ",
    "\"guard\"",
    "no_identity = ",
    "\"full\"",
    "prefix = ",
    "\"p\"",
    "\"\"",
    "pin = ",
    "{ \"a\" = \"s\" }",
    "split = ",
    "{ a = 3 }",
    "[",
    "]",
    "\"",
    "=",
    "max_slots = ",
    "max_dedicated = ",
    "99999999999",
    "# x",
    "max_delay_s = ",
    "nan",
    "inf",
];

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn connection_strings(text in words(CONNECTION, 14), wild in any::<String>()) {
        laws::connection_string(&text);
        laws::connection_string(&wild);
        laws::connection_string(&format!("postgresql://{wild}"));
    }

    #[test]
    fn password_files(text in words(PASSWORDS, 24), host in words(PASSWORDS, 3), user in words(PASSWORDS, 3), wild in any::<String>()) {
        laws::password_file(&text, &host, &user);
        laws::password_file(&wild, &host, "u");
    }

    #[test]
    fn service_files(text in words(SERVICE, 20), wild in any::<String>()) {
        laws::service_file(&text);
        laws::service_file(&format!("[a]\n{wild}"));
    }

    #[test]
    fn policies(text in words(POLICY, 10), wild in any::<String>()) {
        laws::policy(&text);
        laws::policy(&wild);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn workloads(changes in changes()) {
        let text = format::write(&small_workload());
        prop_assert!(format::read::<Workload>(&text).is_ok());
        laws::workload(&changed(&text, &changes));
    }

    #[test]
    fn calibrations_samples_and_answers(changes in changes()) {
        laws::calibration(&changed(&format::write(&Calibration::new(CoefficientSets::default())), &changes));
        let counters = r#"{"line":"counters","instant":{"at":"2026-01-05T00:00:00Z","lsn":"0/10","timeline":1,
            "started":"2026-01-01T00:00:00Z","next_transaction":5},"changed":[[7,[1,2,3,4,5,6]]],"dropped":[9]}"#;
        laws::sample_line(&changed(counters.as_bytes(), &changes));
        let answer = r#"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"a":"b"},"values":[[1.5,"2"],[3,"NaN"]]}]}}"#;
        laws::prometheus_answer(&changed(answer.as_bytes(), &changes));
    }
}

#[test]
fn plans() {
    let text = small_plan();
    laws::plan(&text);
    let config = ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() };
    proptest::test_runner::TestRunner::new(config)
        .run(&changes(), |changes| {
            laws::plan(&changed(&text, &changes));
            Ok(())
        })
        .unwrap();
}
