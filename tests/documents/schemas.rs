//! The JSON Schemas under `docs/schemas` follow from the types in the sources, doc comments included, and the program's
//! files keep them. `PGSLOTPLAN_BLESS=1` writes them anew; read the difference before it is committed: a changed
//! meaning raises the format's version.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use pgslotplan::{
    baseline::{
        Baseline,
        compare::{Limits, compare},
        explain::{Planned, StatementPlans, explain},
    },
    cost::{Calibration, CoefficientSets, CostModel},
    emit::{self, EmitOptions},
    format,
    generate::{GenerateSettings, generate},
    health::{Look, Thresholds, Watch, status},
    optimize::{Budget, OptimizeOptions, optimize},
    policy::{NoIdentity, Policy, PublicationCount},
    schema::schemas,
    server::ServerVersion,
    simulate::{Compared, scenario::Scenario, simulate},
};
use serde_json::{Value, json};

#[test]
fn schemas_follow_from_the_types() {
    for (kind, schema) in schemas() {
        let path = schema_path(kind);
        let mut text = serde_json::to_string_pretty(&schema).unwrap();
        text.push('\n');
        if std::env::var("PGSLOTPLAN_BLESS").is_ok_and(|value| value == "1") {
            fs::write(&path, &text).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(stored == text, "{} does not follow from the types; PGSLOTPLAN_BLESS=1 writes it anew", path.display());
    }
}

#[test]
fn files_keep_their_schemas() {
    let examples = examples();
    for (kind, _) in schemas() {
        let schema: Value = serde_json::from_str(&fs::read_to_string(schema_path(kind)).unwrap()).unwrap();
        let validator = jsonschema::validator_for(&schema).expect("a valid schema");
        let of_kind: Vec<_> = examples.iter().filter(|(_, document)| document["kind"] == kind).collect();
        assert!(!of_kind.is_empty(), "no example of kind {kind}");
        for (name, document) in of_kind {
            let errors: Vec<_> = validator
                .iter_errors(document)
                .map(|error| format!("{name}: {} at {}", error, error.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{errors:#?}");
            // And it refuses what the program refuses.
            let mut changed = document.clone();
            changed["no such field"] = json!(1);
            assert!(!validator.is_valid(&changed), "{name}");
            changed = document.clone();
            changed["version"] = json!(document["version"].as_u64().unwrap() + 1);
            assert!(!validator.is_valid(&changed), "{name}");
        }
    }
}

/// Files of every kind, made here, and those under `samples`.
fn examples() -> Vec<(String, Value)> {
    let settings =
        GenerateSettings { tables: 60, hours: 3, co_write_share: 0.3, partition_trees: Some(2), ..Default::default() };
    let mut workload = generate(&settings).expect("settings within range");
    workload.canonicalize();
    let policy = Policy {
        publications: PublicationCount::Range(2, 3),
        no_identity: NoIdentity::InsertOnly,
        pin: BTreeMap::from([(
            workload.tables[0].table_name().to_string(),
            "dedicated".to_owned().try_into().unwrap(),
        )]),
        ..Policy::default()
    };
    let cost = CostModel {
        measure: policy.load,
        coefficients: CoefficientSets::default(),
        publisher: workload.server.version_num,
        subscriber: ServerVersion::of_major(15),
        made_full: BTreeSet::new(),
    };
    let options = OptimizeOptions { budget: Budget::Evaluations(500), ..OptimizeOptions::default() };
    let plan = optimize(&workload, &policy, &cost, &options).expect("nothing contradicts");
    let script = emit::script(&plan, &EmitOptions::default()).expect("a plan that can be emitted");
    let forecast = simulate(&plan, &workload, &plan.cost_model(), &Scenario::default(), Compared::WithBaselines);
    let forecast = forecast.expect("a valid scenario");
    let status = {
        // before anything is subscribed
        let mut watch = Watch::default();
        let mut look = Look::default();
        let row = json!({"server": {"at": 1.5e9, "version": 150000, "position": 16, "started": 1.0, "sees_others": false, "is_closed": false,
            "slots": 0, "slot_limit": 10, "senders": 0, "sender_limit": 10, "workers": 0, "worker_limit": 4, "origins": 0,
            "origin_limit": 10, "slot_wal_limit_bytes": null, "xmin_age": null, "xmin_holder": null, "frozen_age": 5,
            "writer": null, "prepared": null}});
        look.publisher.take_row(&row.to_string()).expect("a row as the server gives it");
        watch.take(look);
        status(&plan, &watch, &Thresholds::default(), None).expect("a server was seen")
    };
    let read = |bytes: Vec<u8>| serde_json::from_slice(&bytes).expect("our own JSON");
    let window = |name: &str| -> Baseline {
        let bytes = fs::read(root().join("tests/integration/baseline").join(name)).unwrap();
        format::read(&bytes).expect("a window")
    };
    let (before, after) = (window("before.json"), window("after.json"));
    let comparison = compare(std::slice::from_ref(&before), &after, Limits::default()).expect("of one database");
    let mut plans = StatementPlans::new(after.server.clone(), after.database.clone());
    plans.plans.insert(before.statements()[0].text.clone(), Planned::Refused("no such table".to_owned()));
    let explanation = explain(&before, None, &plans, &[]);
    let mut examples: Vec<(String, Value)> = vec![
        ("made here".into(), read(format::write(&workload))),
        ("made here".into(), read(format::write(&plan))),
        ("made here".into(), read(format::write(&script.manifest()))),
        ("made here".into(), read(format::write(&forecast))),
        ("made here".into(), read(format::write(&status))),
        ("made here".into(), read(format::write(&comparison))),
        ("made here".into(), read(format::write(&plans))),
        ("made here".into(), read(format::write(&explanation))),
        ("made here".into(), read(format::write(&Calibration::new(CoefficientSets::default())))),
    ];
    let mut files = Vec::new();
    collect(&root().join("samples"), &mut files);
    collect(&root().join("tests/integration/baseline"), &mut files);
    for file in files {
        let Ok(document) = serde_json::from_slice::<Value>(&fs::read(&file).unwrap()) else { continue };
        examples.push((file.display().to_string(), document));
    }
    examples
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "json") {
            files.push(path);
        }
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn schema_path(kind: &str) -> PathBuf {
    root().join(format!("docs/schemas/{kind}.schema.json"))
}
