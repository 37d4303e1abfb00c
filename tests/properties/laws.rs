//! What holds for every text that a parser may be given: it never panics, and what it accepts reads back the same. The fuzz
//! targets (tests/fuzz) hold the same laws against what libFuzzer finds.

use pgslotplan::{
    cost::Calibration,
    format::{self, Document},
    pg::{
        conninfo::{self, Values, known_key},
        environment::{Environment, Files, SmallFile},
        pgpass::{Account, find_password},
        service,
        settings::{ConnectionInput, ConnectionSettings, ConnectionSide},
    },
    plan::Plan,
    policy::Policy,
    prometheus::answer,
    workload::{Workload, check, snapshot::SampleLine},
};

fn surroundings(files: Files) -> Environment {
    Environment {
        user_name: Some("ann".into()),
        home: Some("/home/ann".into()),
        socket_directory: "/run/pg".into(),
        files,
        ..Environment::default()
    }
}

fn with_file(path: &str, text: &str) -> Environment {
    let file = SmallFile { text: text.to_owned(), mode: 0o600, regular: true, owned_by_root: false };
    surroundings(Files::Given([(path.into(), file)].into()))
}

fn spelled_out(values: &Values) -> String {
    let pair = |(key, value): (&&str, &String)| format!("{key}='{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
    values.iter().map(pair).collect::<Vec<_>>().join(" ")
}

/// Connection strings and URIs.
pub fn connection_string(text: &str) {
    if let Ok(values) = conninfo::parse(text) {
        assert!(values.keys().all(|key| known_key(key) == Some(*key)));
        let again = conninfo::parse(&spelled_out(&values)).expect("pairs of known keys");
        assert_eq!(again, values, "{text:?}");
    }
    let environment = surroundings(Files::Absent);
    let resolve = |text: &str| {
        let input = ConnectionInput { dbname: Some(text.to_owned()), ..ConnectionInput::default() };
        ConnectionSettings::resolve(&input, ConnectionSide::Subscriber, &environment)
    };
    if let Ok(settings) = resolve(text) {
        let there = settings.to_conninfo(None);
        let again = resolve(&there).unwrap_or_else(|error| panic!("{text:?} became {there:?}: {error}"));
        assert_eq!(again.to_string(), settings.to_string(), "{text:?} became {there:?}");
        let password = |settings: &ConnectionSettings| settings.password.as_ref().map(|p| p.expose().to_owned());
        assert_eq!(password(&again), password(&settings), "{text:?} became {there:?}");
    }
}

/// `passwordFromFile` of libpq (fe-connect.c), byte by byte as it stands there.
fn as_libpq_finds(text: &str, fields: [&str; 4]) -> Option<Vec<u8>> {
    for line in text.split('\n') {
        let line = line.trim_end_matches('\r').as_bytes(); // pg_strip_crlf takes all
        if line.is_empty() || line[0] == b'#' {
            continue;
        }
        let at = |position: usize| line.get(position).copied().unwrap_or(0);
        let mut start = 0;
        let matches = fields.iter().all(|field| {
            if at(start) == b'*' && at(start + 1) == b':' {
                start += 2;
                return true;
            }
            let (mut position, mut wanted) = (start, field.as_bytes());
            while at(position) != 0 {
                if at(position) == b':' && wanted.is_empty() {
                    start = position + 1;
                    return true;
                }
                if at(position) == b'\\' {
                    position += 1;
                }
                match wanted.split_first() {
                    Some((first, rest)) if *first == at(position) => wanted = rest,
                    _ => return false,
                }
                position += 1;
            }
            false
        });
        if matches {
            let (mut password, mut position) = (Vec::new(), start);
            while at(position) != b':' && at(position) != 0 {
                if at(position) == b'\\' && at(position + 1) != 0 {
                    position += 1;
                }
                password.push(at(position));
                position += 1;
            }
            return Some(password);
        }
    }
    None
}

/// Password files: whatever they hold, libpq's answer is ours; and an entry that is written with backslashes is found.
pub fn password_file(text: &str, host: &str, user: &str) {
    let account = Account { host, port: 5432, database: "d b", user };
    let c_string = !text.contains('\0') && !host.contains('\0') && !user.contains('\0');
    let found = find_password(text, account);
    if c_string {
        let libpq = as_libpq_finds(text, [host, "5432", "d b", user]).filter(|password| !password.is_empty());
        assert_eq!(found.as_ref().map(String::as_bytes), libpq.as_deref(), "{text:?} {host:?} {user:?}");
    }
    let entry = |text: &str| text.replace('\\', "\\\\").replace(':', "\\:");
    let one_line = |text: &str| !text.contains(['\n', '\r', '\0']) && !text.starts_with(['*', '#']) && !text.is_empty();
    if one_line(host) && one_line(user) {
        let line = format!("{}:5432:d b:{}:{}\n", entry(host), entry(user), entry(user));
        assert_eq!(find_password(&line, account).as_deref(), Some(user), "{line:?}");
    }
}

/// Service files.
pub fn service_file(text: &str) {
    let path = "/home/ann/.pg_service.conf";
    let Ok(values) = service::load("a", None, &with_file(path, text)) else { return };
    let written: String = values.iter().map(|(key, value)| format!("{key}={value}\n")).collect();
    let again = service::load("a", None, &with_file(path, &format!("[a]\n{written}"))).expect("what was accepted");
    assert_eq!(again, values, "{text:?}");
}

fn document<T: Document + PartialEq + std::fmt::Debug>(bytes: &[u8]) -> Option<T> {
    let read: T = format::read(bytes).ok()?;
    let again: T = format::read(&format::write(&read)).expect("what was written reads");
    assert_eq!(again, read);
    Some(read)
}

/// `workload.json`.
pub fn workload(bytes: &[u8]) {
    let Some(mut workload) = document::<Workload>(bytes) else { return };
    workload.canonicalize();
    let mut lines = Vec::new();
    format::write_lines(&workload, &mut lines).expect("memory takes all");
    let mut again: Workload = format::read(&lines).expect("what was written reads");
    again.canonicalize();
    assert_eq!((again.digest(), &again), (workload.digest(), &workload));
    if check::validate(&workload).is_ok() {
        check::findings(&workload);
    }
}

/// `plan.json`.
pub fn plan(bytes: &[u8]) {
    let Some(plan) = document::<Plan>(bytes) else { return };
    let again: Plan = format::read(&format::write(&plan)).expect("what was written reads");
    assert_eq!(again.digest(), plan.digest());
}

/// `calibration.json`.
pub fn calibration(bytes: &[u8]) {
    if let Some(calibration) = document::<Calibration>(bytes) {
        drop(calibration.check());
    }
}

/// `policy.toml`.
pub fn policy(text: &str) {
    let Ok(policy) = Policy::from_toml(text) else { return };
    let written = toml::to_string(&policy).expect("a policy is a table");
    let again = Policy::from_toml(&written).unwrap_or_else(|error| panic!("{text:?} became {written:?}: {error}"));
    assert_eq!(again, policy, "{text:?} became {written:?}");
}

/// A line of `*.samples.jsonl`.
pub fn sample_line(bytes: &[u8]) {
    let Ok(line) = serde_json::from_slice::<SampleLine>(bytes) else { return };
    let written = serde_json::to_vec(&line).expect("lines always serialize");
    assert_eq!(serde_json::from_slice::<SampleLine>(&written).expect("what was written reads"), line);
}

/// What a server of Prometheus's interface answers.
pub fn prometheus_answer(bytes: &[u8]) {
    drop(answer::parse(bytes));
    drop(answer::error_text(bytes));
}
