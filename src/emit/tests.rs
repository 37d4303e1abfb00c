//! Whole scripts: what is emitted for each pair of versions, read back with another parser.

use std::collections::BTreeMap;

use super::{readback, *};
use crate::{
    cost::CoefficientSets,
    format::{Digest, Document},
    names::{SlotName, TableName},
    plan::{Objective, PlannedForeignKey, PlannedLoad, PlannedTable, Role},
    policy::{ForeignKeyMode, Measure, Policy},
    server::{ServerFacts, ServerVersion},
    workload::{Excluded, ForeignKey, ReplicaIdentity},
};

/// Names that broke other tools.
pub fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "plain",
        "Upper",
        "with-hyphen",
        "select",
        "user",
        "table",
        "dotted.name",
        "a b",
        "it's",
        "double\"quote",
        "semi;colon",
        "new\nline",
        "\\! touch x",
        "$$",
        "$pgslotplan$",
        "$pgslotplan2$",
        ":var",
        ":'publisher_dsn'",
        ":\"x\"",
        "--comment",
        "/*c*/",
        "\\",
        "x\\'; DROP TABLE canary; --",
        "ünïcödé 名前",
        "%s%I",
        "'; DROP TABLE canary; --",
        "\"; DROP TABLE canary; --",
        "$$; DROP TABLE canary; --",
        "\\gexec",
        "a\r\n\\q",
        "`id`",
        "|bar|",
        "<b>",
        "1st",
    ]
    .map(str::to_owned)
    .to_vec();
    names.push("x".repeat(63));
    names.push("é".repeat(31));
    names
}

pub fn table(schema: &str, name: &str) -> PlannedTable {
    PlannedTable {
        schema: schema.into(),
        name: name.into(),
        kind: TableKind::Table,
        only: false,
        identity: ReplicaIdentity::Default,
        identity_columns: vec!["id".into()],
        set_identity: false,
        insert_only: false,
        row_filter: None,
        copy_bytes: 1_000_000,
        leaves: Vec::new(),
        partition_root: None,
    }
}

pub fn slot(name: &str, tables: Vec<PlannedTable>) -> PlannedSlot {
    PlannedSlot {
        name: SlotName::new(name).unwrap(),
        publication: name.into(),
        insert_only_publication: None,
        subscription: name.into(),
        role: Role::Shared,
        via_root: false,
        publish: Publishes::ALL,
        copy_bytes: tables.iter().map(|table| table.copy_bytes).sum(),
        tables,
        peak_load: 0.25,
        peak_bucket: 0,
        mean_load: 0.1,
        peak_load_high: 0.3,
        mean_load_low: 0.1,
        wal_bytes_per_s_peak: 1000.0,
    }
}

pub fn plan(publisher: u32, subscriber: u32, slots: Vec<PlannedSlot>) -> Plan {
    let mut plan = Plan {
        kind: "plan".into(),
        version: Plan::VERSION,
        tool: String::new(),
        workload_sha256: Digest::default(),
        plan_sha256: Digest::default(),
        seed: 1,
        budget: "small".into(),
        time_limited: false,
        database: "app".into(),
        server: ServerFacts::of_major(publisher),
        publisher_version: ServerVersion::of_major(publisher),
        subscriber_version: ServerVersion::of_major(subscriber),
        policy: Policy::default(),
        load: PlannedLoad {
            measure: Measure::Pipeline,
            unit: "share of a stage's time".into(),
            slot_capacity: Some(1.0),
            coefficients: CoefficientSets::default(),
        },
        slots,
        excluded: Vec::new(),
        foreign_keys: Vec::new(),
        objective: Objective {
            peak_load: 0.25,
            peak_slot: None,
            shared_peak_load: 0.25,
            lower_bound: 0.25,
            gap: 0.0,
            witness: None,
            packing_peak_load: 0.25,
            packing_gap: 0.0,
            cut_weight: 0,
            cut_pairs: Vec::new(),
            cut_transactions_per_s: None,
            copy_imbalance: 1.0,
            moves: None,
            frontier: Vec::new(),
            one_slot_peak_load_high: None,
            move_curve: Vec::new(),
        },
        slot_counts: Vec::new(),
        previous: None,
        decisions: Vec::new(),
        caveats: Vec::new(),
        findings: Vec::new(),
    };
    plan.server.system_identifier = Some("7300000000000000001".parse().unwrap());
    plan.plan_sha256 = plan.digest();
    plan
}

fn foreign_key(from: (&str, &str), to: (&str, &str), name: &str) -> PlannedForeignKey {
    let key = ForeignKey::new(TableName::new(from.0, from.1), TableName::new(to.0, to.1), name);
    PlannedForeignKey { key, cut: true }
}

/// Three slots with every hostile name as a table, a schema, a column, a publication, a subscription and a constraint.
pub fn hostile_plan(publisher: u32, subscriber: u32) -> Plan {
    let names = hostile_names();
    let mut slots: Vec<PlannedSlot> =
        (0..3).map(|number| slot(&format!("pgsp_{number}"), vec![table("public", &format!("t{number}"))])).collect();
    for (position, name) in names.iter().enumerate() {
        let mut hostile = table(&names[names.len() - 1 - position], name);
        hostile.identity_columns = vec![name.clone()];
        hostile.set_identity = position % 5 == 0;
        hostile.identity = if hostile.set_identity { ReplicaIdentity::Full } else { ReplicaIdentity::Default };
        slots[position % 3].tables.push(hostile);
    }
    slots[1].publication = "P'u\"b;\n/q".into();
    slots[1].subscription = ":'publisher_dsn' $$".into();
    slots[0].insert_only_publication = Some("pgsp_0;insert'only".into());
    slots[0].tables.iter_mut().skip(1).step_by(4).for_each(|table| table.insert_only = true);
    slots[2].publish = "insert, update, delete".parse().unwrap();
    let mut plan = plan(publisher, subscriber, slots);
    plan.foreign_keys = names.iter().map(|name| foreign_key(("public", "t0"), ("public", "t1"), name)).collect();
    plan.excluded = names
        .iter()
        .map(|name| Excluded { schema: "public".into(), name: name.clone(), reason: name.clone() })
        .collect();
    plan.plan_sha256 = plan.digest();
    plan
}

fn emitted(plan: &Plan) -> Script {
    script(plan, &EmitOptions::default()).unwrap()
}

fn planned_assignment(plan: &Plan) -> BTreeMap<String, Vec<TableName>> {
    let mut assignment: BTreeMap<String, Vec<TableName>> = BTreeMap::new();
    for (slot, table) in plan.members() {
        let publication =
            if table.insert_only { slot.insert_only_publication.clone().unwrap() } else { slot.publication.clone() };
        assignment.entry(publication).or_default().push(table.table_name());
    }
    assignment.values_mut().for_each(|tables| tables.sort());
    assignment
}

#[test]
fn what_is_emitted_is_the_plan_for_every_pair_of_versions() {
    for publisher in 12..=18 {
        for subscriber in 12..=18 {
            let plan = hostile_plan(publisher, subscriber);
            let script = emitted(&plan);
            assert_eq!(readback::assignment(&script), planned_assignment(&plan), "{publisher} to {subscriber}");
        }
    }
}

const BOOTSTRAPS: [Bootstrap; 5] =
    [Bootstrap::Copy, Bootstrap::Dump, Bootstrap::Snapshot, Bootstrap::Clone, Bootstrap::Aurora];

#[test]
fn every_bootstrap_is_the_plan_and_ends_in_checks() {
    for bootstrap in BOOTSTRAPS {
        let plan = hostile_plan(15, 18);
        let script = script(&plan, &EmitOptions { bootstrap, ..EmitOptions::default() }).unwrap();
        assert_eq!(readback::assignment(&script), planned_assignment(&plan));
        assert_eq!(readback::syntax_errors(&script), Vec::<String>::new(), "{bootstrap:?}");
        let files: Vec<&str> = script.steps.iter().map(|step| step.file.as_str()).collect();
        let place = |name: &str| {
            files.iter().position(|file| file.contains(name)).unwrap_or_else(|| panic!("{name}: {files:?}"))
        };
        assert!(place("30_publisher_publications") < place("60_subscriber_subscriptions"));
        assert!(place("60_subscriber_subscriptions") < place("70_subscriber_ready"));
        assert!(place("70_subscriber_ready") < place("71_publisher_caught_up"));
        let numbered = files.iter().filter(|file| file.starts_with(|c: char| c.is_ascii_digit()));
        assert!(numbered.is_sorted(), "{files:?}");
        assert_eq!(script.manifest().bootstrap, bootstrap);
        let subscriptions = &script.steps[place("60_subscriber_subscriptions")].body;
        let statements = body(&script, "plan/subscriptions.sql");
        assert_eq!(statements.contains("copy_data = true"), bootstrap == Bootstrap::Copy);
        assert_eq!(subscriptions.contains("lib/advance_origins.sql"), bootstrap.is_physical());
        assert_eq!(files.iter().any(|file| file.starts_with("34_shell")), bootstrap.is_physical());
        if bootstrap == Bootstrap::Aurora {
            assert!(script.steps[place("33_subscriber_adopt")].body.contains("lib/clone_adopt.sql"));
            assert!(body(&script, "lib/clone_adopt.sql").contains("aurora_volume_logical_start_lsn()"));
            assert!(script.runbook.contains("rds.logical_replication | 1"));
            assert!(script.runbook.contains("not tried on Aurora"));
        }
    }
    let same = script(
        &plan(15, 15, vec![slot("a", vec![table("s", "t")])]),
        &EmitOptions { bootstrap: Bootstrap::Clone, ..EmitOptions::default() },
    );
    assert!(same.unwrap().steps.iter().any(|step| step.file == "34_shell_restart.sh"));
}

#[test]
fn a_bootstrap_refuses_what_it_cannot_do() {
    let emit = |plan: &Plan, bootstrap| {
        script(plan, &EmitOptions { bootstrap, ..EmitOptions::default() })
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let older = plan(16, 15, vec![slot("a", vec![table("s", "t")])]);
    assert!(
        emit(&older, Bootstrap::Clone).unwrap_err().contains("subscriber of version 15 from a publisher of version 16")
    );
    assert_eq!(emit(&older, Bootstrap::Dump), Ok(()));
}

/// Publisher and subscriber: one release to the next, over several, and to the same.
pub const PAIRS: [(u32, u32); 11] =
    [(12, 13), (12, 15), (12, 18), (13, 15), (14, 16), (15, 15), (15, 18), (16, 17), (16, 18), (17, 18), (18, 18)];

/// The hostile plan with a few of its names: every kind of statement, and no more of each than needed.
pub fn short_plan(publisher: u32, subscriber: u32) -> Plan {
    let mut plan = hostile_plan(publisher, subscriber);
    plan.slots.iter_mut().for_each(|slot| slot.tables.truncate(4));
    plan.foreign_keys.truncate(3);
    plan.excluded.truncate(3);
    plan.plan_sha256 = plan.digest();
    plan
}

pub fn body<'a>(script: &'a Script, file: &str) -> &'a str {
    script.files().find(|(name, _)| *name == file).unwrap_or_else(|| panic!("no file {file}")).1
}

/// Text that a program reads from standard input, and what it says.
pub fn said(program: &str, arguments: &[&str], text: &str) -> String {
    use std::io::Write as _;
    let mut command = std::process::Command::new(program);
    let piped = std::process::Stdio::piped;
    let mut child = command
        .args(arguments)
        .stdin(piped())
        .stdout(piped())
        .stderr(piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let words = [output.stdout, output.stderr].concat();
    if output.status.success() && words.is_empty() {
        String::new()
    } else {
        String::from_utf8_lossy(&words).into_owned() + "!"
    }
}

/// The shell and the SQL parser read every file without running anything.
#[test]
fn every_file_of_every_bootstrap_and_pair_is_read() {
    let mut shells: BTreeMap<String, String> = BTreeMap::new();
    for (publisher, subscriber) in PAIRS {
        for bootstrap in BOOTSTRAPS {
            let plan = short_plan(publisher, subscriber);
            let script = script(&plan, &EmitOptions { bootstrap, ..EmitOptions::default() }).unwrap();
            let pair = format!("{bootstrap:?} {publisher} to {subscriber}");
            assert_eq!(readback::syntax_errors(&script), Vec::<String>::new(), "{pair}");
            let of_shell = script.files().filter(|(file, _)| file.ends_with(".sh"));
            shells.extend(of_shell.map(|(file, body)| (body.to_owned(), format!("{file} of {pair}"))));
        }
    }
    assert!(shells.len() > BOOTSTRAPS.len());
    for (body, file) in shells {
        assert_eq!(said("sh", &["-n"], &body), "", "{file}");
    }
}

/// Values of `plan/` come from a file that is sourced, and files are found by variables: that is all that is left out.
#[test]
fn shellcheck_finds_nothing_in_any_shell_asset() {
    let left_out = "--exclude=SC1090,SC1091,SC2154,SC2034,SC2153";
    let library = assets::LIB.iter().chain(assets::TOP).filter(|(file, _)| file.ends_with(".sh"));
    let mut checked = 0;
    for (file, body) in library {
        assert_eq!(said(&shellcheck(), &["--shell=sh", left_out, "-"], body), "", "{file}");
        checked += 1;
    }
    assert!(checked > 10);
}

#[allow(clippy::disallowed_methods, reason = "a test finds its tool")]
/// `SHELLCHECK` names the program where it is not on PATH.
fn shellcheck() -> String {
    std::env::var("SHELLCHECK").unwrap_or_else(|_| "shellcheck".into())
}

/// A plan of `count` tables over eight slots, with every kind of step.
pub fn sized_plan(count: usize) -> Plan {
    let slots = (0..8).map(|number| {
        let tables = (0..count / 8).map(|t| table("app", &format!("table_{number}_{t}"))).collect();
        slot(&format!("pgsp_{number}"), tables)
    });
    let mut slots: Vec<PlannedSlot> = slots.collect();
    slots[7].publish = "insert, update, delete".parse().unwrap();
    slots[6].tables[0].set_identity = true;
    slots[6].tables[0].identity = ReplicaIdentity::Full;
    let mut plan = plan(15, 18, slots);
    plan.foreign_keys = vec![foreign_key(("app", "table_0_0"), ("app", "table_1_0"), "k")];
    plan.plan_sha256 = plan.digest();
    plan
}

#[test]
fn only_the_plans_data_grows_with_tables() {
    for bootstrap in BOOTSTRAPS {
        let files = |count: usize| -> BTreeMap<String, String> {
            let script = script(&sized_plan(count), &EmitOptions { bootstrap, ..EmitOptions::default() }).unwrap();
            let is_static = |file: &str| !file.starts_with("plan/") && file != "RUNBOOK.md";
            script.files().filter(|(file, _)| is_static(file)).map(|(file, body)| (file.into(), body.into())).collect()
        };
        let (small, large) = (files(40), files(4000));
        assert!(small.keys().any(|file| file.starts_with("lib/")) && small.keys().any(|file| file.starts_with("30_")));
        assert_eq!(small, files(400), "{bootstrap:?}");
        assert_eq!(small, large, "{bootstrap:?}");
    }
}

/// What a person can read in an evening: the issue that asked for it said 4,000, before what guards against tenants came, and what
/// proves that the application gets in and that a cutover can end well, partitions that join, what ends an attempt for another one, and what is done otherwise without a superuser. The inventory is a list of facts,
/// which `check` has too, and how they are compared.
#[test]
fn the_kit_of_the_story_is_short() {
    let plan: Plan = crate::format::read(include_bytes!("../../samples/saas/plan.json")).unwrap();
    let script = emitted(&plan);
    let (facts, rest): (Vec<_>, Vec<_>) = script.files().partition(|(file, _)| file.starts_with("lib/inventory"));
    let count = |files: &[(&str, &str)]| files.iter().map(|(_, body)| body.lines().count()).sum::<usize>();
    assert!(count(&facts) <= 900, "{}", count(&facts));
    let lines = count(&rest);
    let manifest = script.manifest_text().split(|&byte| byte == b'\n').count();
    // 7,000 until the night by hand and the time before its pause refused what the pause cannot do
    assert!(lines + manifest <= 7_100, "{}", lines + manifest);
}

/// Providers whose administrators may make event triggers are held to the freeze like superusers.
#[test]
fn who_may_freeze_is_held_to_it() {
    use crate::server::{Flavor, Privileges};
    for (flavor, privileges, expected) in [
        (Flavor::Community, Privileges::Superuser, "on"),
        (Flavor::Rds, Privileges::Managed, "on"),
        (Flavor::Rds, Privileges::Owner, "off"),
        (Flavor::Community, Privileges::Owner, "off"),
    ] {
        let mut plan = sized_plan(40);
        plan.server.flavor = flavor;
        plan.plan_sha256 = plan.digest();
        let options = EmitOptions { privileges, ..EmitOptions::default() };
        let script = script(&plan, &options).unwrap();
        assert!(body(&script, "plan/values.sql").contains(&format!("\\set may_freeze '{expected}'")), "{flavor:?}");
    }
}

/// A step is named by its identifier: `lib/` and the prose take file names from `plan/` and from the list of steps.
#[test]
fn no_file_name_of_a_step_stands_as_text() {
    let numbered = |text: &str| {
        let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
        let sides = ["_publisher_", "_subscriber_", "_shell_", "_pgbouncer_"];
        words
            .filter(|word| word.len() > 3 && word.as_bytes()[..2].iter().all(u8::is_ascii_digit))
            .filter(|word| sides.iter().any(|side| word.contains(side)))
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    for (file, body) in assets::LIB.iter().chain(assets::TOP) {
        assert_eq!(numbered(body), Vec::<String>::new(), "{file}");
    }
    let sources = [
        include_str!("steps/checks.rs"),
        include_str!("steps/cleanup.rs"),
        include_str!("steps/cutover.rs"),
        include_str!("repair.rs"),
        include_str!("steps/repair.rs"),
        include_str!("steps/rollback.rs"),
        include_str!("steps/schema.rs"),
        include_str!("steps/start.rs"),
        include_str!("steps/verify.rs"),
        include_str!("steps/way_back.rs"),
        include_str!("bootstraps/aurora.rs"),
        include_str!("bootstraps/clone.rs"),
        include_str!("bootstraps/dump.rs"),
        include_str!("bootstraps/snapshot.rs"),
        include_str!("runbook.rs"),
    ];
    for source in sources {
        assert_eq!(numbered(source), Vec::<String>::new());
    }
}

/// Prose names steps in braces, files name them by variables: each leads to a step of this script.
#[test]
fn every_cross_reference_leads_to_a_step() {
    for bootstrap in BOOTSTRAPS {
        let script = script(&sized_plan(40), &EmitOptions { bootstrap, ..EmitOptions::default() }).unwrap();
        let ids: Vec<&str> = script.steps.iter().map(|step| step.id.as_str()).collect();
        for step in &script.steps {
            let told = [&step.what, &step.why, &step.expected, &step.duration, &step.go];
            let told = told.into_iter().chain(step.hazard.iter()).chain(step.undo.iter()).chain(step.asks.iter());
            for words in told {
                assert!(!words.contains(['{', '}']), "{bootstrap:?} {}: {words}", step.file);
            }
        }
        for (file, body) in script.files().filter(|(file, _)| !file.starts_with("plan/")) {
            let mentioned = body
                .split(|c: char| !(c.is_ascii_lowercase() || c == '_'))
                .filter_map(|word| word.strip_prefix("step_"));
            for id in mentioned.filter(|id| StepId::ALL.iter().any(|step| step.as_str() == *id)) {
                let absent = [("upgrade", "lib/clone.sh"), ("slots", "lib/slots_position.sql")];
                assert!(ids.contains(&id) || absent.contains(&(id, file)), "{bootstrap:?} {file}: {id}");
            }
        }
    }
}

/// For every bootstrap and target, for an upgrade and for the same version, with and without trees and keys over slots: a name in braces
/// that stays is one of a step that is not there, and a file's name in the runbook is one of a file.
#[test]
fn prose_names_only_steps_that_are_emitted() {
    let same = |mut plan: Plan| {
        plan.subscriber_version = plan.publisher_version;
        plan
    };
    let bare = plan(15, 18, vec![slot("pgsp_1", vec![table("app", "orders")])]);
    let sql = BOOTSTRAPS.map(|bootstrap| (bootstrap, Target::Sql));
    let others = [Target::Cnpg, Target::Terraform, Target::Ansible].map(|target| (Bootstrap::Copy, target));
    for plan in [sized_plan(40), same(sized_plan(40)), bare.clone(), same(bare)] {
        for (bootstrap, target) in sql.iter().chain(&others).copied() {
            let script = script(&plan, &EmitOptions { bootstrap, target, ..EmitOptions::default() }).unwrap();
            let files: Vec<&str> = script.files().map(|(file, _)| file).collect();
            let heads =
                script.steps.iter().filter(|step| step.file.ends_with(".sql") || step.file.ends_with(".sh")).map(
                    |step| {
                        let of_head = |line: &&str| line.starts_with("--") || line.starts_with('#');
                        step.body.lines().take_while(of_head).collect::<Vec<_>>().join("\n")
                    },
                );
            for text in heads.chain([script.runbook.clone()]) {
                for id in StepId::ALL {
                    assert!(
                        !text.contains(&format!("{{{}}}", id.as_str())),
                        "{bootstrap:?} {target:?}: {{{}}}",
                        id.as_str()
                    );
                }
                let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '/')));
                let numbered = words.map(|word| word.trim_end_matches('.')).filter(|word| {
                    word.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_digit))
                        && [".sql", ".sh", ".yml", ".yaml"].iter().any(|end| word.ends_with(end))
                });
                for file in numbered {
                    assert!(files.contains(&file), "{bootstrap:?} {target:?}: {file}");
                }
            }
        }
    }
}

/// Every variable of the environment that a script reads is in the runbook.
#[test]
fn every_variable_is_explained() {
    let of_the_system = [
        "PATH",
        "TMPDIR",
        "PGOPTIONS",
        "PGAPPNAME",
        "LC_ALL",
        "PGCLIENTENCODING",
        "ARGV",
        "FILENAME",
        "FNR",
        "NR",
        "NF",
    ];
    for bootstrap in BOOTSTRAPS {
        let script = script(&sized_plan(40), &EmitOptions { bootstrap, ..EmitOptions::default() }).unwrap();
        let explained = body(&script, "cutover.conf.example");
        for (file, body) in script.files().filter(|(file, _)| file.ends_with(".sh") && file.starts_with("lib/")) {
            let read = body.split('$').skip(1).map(|rest| rest.trim_start_matches('{'));
            for rest in read {
                let name: String = rest.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
                if name.len() < 3 || of_the_system.contains(&name.as_str()) {
                    continue;
                }
                let is_told = script.runbook.contains(&format!("| `{name}` |")) || explained.contains(&name);
                assert!(is_told, "{bootstrap:?} {file}: {name}");
            }
        }
    }
}

#[test]
fn every_statement_parses_and_no_name_becomes_one() {
    for (publisher, subscriber) in [(12, 13), (13, 15), (15, 18), (17, 17), (18, 18)] {
        let mut plan = hostile_plan(publisher, subscriber);
        for mode in [ForeignKeyMode::Restore, ForeignKeyMode::Guard] {
            plan.policy.foreign_keys = mode;
            let script = emitted(&plan);
            assert_eq!(readback::syntax_errors(&script), Vec::<String>::new(), "{publisher} to {subscriber}");
            for (file, body) in readback::sql_files(&script) {
                let (sql, metas) = readback::psql(body);
                for meta in metas {
                    let word = meta.split_whitespace().next().unwrap_or_default();
                    let known = [
                        "\\set",
                        "\\if",
                        "\\else",
                        "\\endif",
                        "\\gset",
                        "\\gexec",
                        "\\pset",
                        "\\o",
                        "\\copy",
                        "\\ir",
                        "\\echo",
                        "\\qecho",
                        "\\connect",
                        "\\unset",
                    ];
                    assert!(known.contains(&word), "{file}: {meta}");
                    if let Some(included) = meta.strip_prefix("\\ir ") {
                        let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
                        let path = format!("{folder}/{included}").replace(&format!("{folder}/../"), "");
                        let path = path.trim_start_matches('/');
                        assert!(readback::sql_files(&script).iter().any(|(file, _)| *file == path), "{file}: {meta}");
                    }
                    assert!(!meta.contains("canary") || file == "plan/values.sql", "{file}: {meta}");
                }
                let parse = squawk_syntax::SourceFile::parse(&sql);
                for node in squawk_syntax::ast::AstNode::syntax(&parse.tree()).children() {
                    assert!(!node.text().to_string().trim_start().starts_with("DROP TABLE canary"), "{file}");
                }
            }
        }
    }
}

#[test]
fn nothing_is_emitted_that_a_version_lacks() {
    for publisher in 12..=18 {
        for subscriber in 12..=18 {
            let plan = plan(publisher, subscriber, vec![slot("pgsp_0", vec![table("public", "t")])]);
            let script = emitted(&plan);
            let has = |file: &str, word: &str| body(&script, file).contains(word);
            let publications = "plan/publications.sql";
            let subscriptions = "plan/subscriptions.sql";
            assert_eq!(has(publications, "publish_via_partition_root"), publisher >= 13);
            assert_eq!(has("plan/values.sql", "publisher_has_row_filters 'on'"), publisher >= 15);
            assert_eq!(has("plan/values.sql", "publisher_has_schema_publications 'on'"), publisher >= 15);
            assert_eq!(has("plan/values.sql", "subscriber_has_roots 'on'"), subscriber >= 13);
            assert_eq!(has(subscriptions, "streaming ="), subscriber >= 14);
            assert_eq!(has(subscriptions, "streaming = parallel"), publisher >= 16 && subscriber >= 16);
            assert_eq!(
                has(subscriptions, "streaming = on"),
                publisher.min(subscriber) >= 14 && publisher.min(subscriber) < 16
            );
            assert_eq!(has(subscriptions, "streaming = off"), publisher < 14 && subscriber >= 14);
            let origins = "subscriber_origin_setting 'max_active_replication_origins'";
            assert_eq!(has("plan/values.sql", origins), subscriber >= 18);
            assert!(
                !has(subscriptions, "failover")
                    && !has(subscriptions, "disable_on_error")
                    && !has(subscriptions, "two_phase")
                    && !has(subscriptions, "binary")
            );
        }
    }
}

#[test]
fn what_a_version_lacks_is_refused_by_name() {
    let refused = |publisher, subscriber, change: fn(&mut PlannedSlot)| {
        let mut slot = slot("pgsp_0", vec![table("public", "t")]);
        change(&mut slot);
        script(&plan(publisher, subscriber, vec![slot]), &EmitOptions::default())
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    let filtered: fn(&mut PlannedSlot) = |slot| {
        slot.tables[0].row_filter = Some("id > 0".into());
        slot.publish = "insert, update, delete".parse().unwrap();
    };
    let root: fn(&mut PlannedSlot) = |slot| {
        slot.tables[0].kind = TableKind::Partitioned;
        slot.via_root = true;
    };
    assert_eq!(refused(15, 15, filtered), Ok(()));
    assert!(refused(14, 15, filtered).unwrap_err().contains("for publisher version 14: it needs version 15"));
    assert!(refused(15, 14, filtered).unwrap_err().contains("for subscriber version 14: it needs version 15"));
    assert_eq!(refused(13, 13, root), Ok(()));
    assert!(refused(12, 13, root).unwrap_err().contains("publisher version 12"));
    assert!(refused(13, 12, root).unwrap_err().contains("subscriber version 12"));
    let truncated: fn(&mut PlannedSlot) = |slot| slot.tables[0].row_filter = Some("id > 0".into());
    assert!(refused(15, 15, truncated).unwrap_err().contains("would replicate TRUNCATE"));
    let injected: fn(&mut PlannedSlot) = |slot| {
        slot.tables[0].row_filter = Some("true); DROP TABLE canary; --".into());
        slot.publish = "insert".parse().unwrap();
    };
    assert!(refused(15, 15, injected).unwrap_err().contains("invalid row filter"));
    assert!(refused(15, 15, |slot| slot.publication = "a\\b".into()).unwrap_err().contains("with a backslash"));
    assert!(refused(15, 15, |slot| slot.tables.clear()).unwrap_err().contains("has no tables"));
    assert!("insert, upsert".parse::<Publishes>().unwrap_err().to_string().contains("upsert"));
    assert!(refused(15, 15, |slot| slot.tables[0].name = "a\0".into()).unwrap_err().contains("NUL"));
}

#[test]
fn names_that_are_taken_twice_are_refused() {
    let mut two = vec![slot("pgsp_0", vec![table("s", "a")]), slot("pgsp_1", vec![table("s", "b")])];
    two[1].publication = "pgsp_0".into();
    let error = script(&plan(15, 15, two), &EmitOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "the plan has two publications of the name \"pgsp_0\"");
}

#[test]
fn a_change_that_would_arrive_twice_is_refused() {
    let refused = |first: Vec<PlannedTable>, second: Vec<PlannedTable>| {
        let mut slots = vec![slot("pgsp_0", first), slot("pgsp_1", second)];
        slots.iter_mut().for_each(|slot| {
            slot.via_root = true;
            slot.publish = "insert".parse().unwrap();
        });
        script(&plan(15, 15, slots), &EmitOptions::default()).map(|_| ()).map_err(|error| error.to_string())
    };
    let leaf = |root: Option<TableName>| PlannedTable { partition_root: root, ..table("s", "leaf") };
    let root = |leaves: Vec<TableName>| PlannedTable { kind: TableKind::Partitioned, leaves, ..table("s", "root") };
    let words = Err("partition s.leaf is listed, and so is its root s.root: its changes would arrive twice".to_owned());
    assert_eq!(refused(vec![root(vec![])], vec![leaf(Some(TableName::new("s", "root")))]), words);
    assert_eq!(refused(vec![leaf(None)], vec![root(vec![TableName::new("s", "leaf")])]), words);
    assert_eq!(refused(vec![root(vec![TableName::new("s", "leaf")])], vec![table("s", "other")]), Ok(()));
    let shard = |part: u32| PlannedTable { row_filter: Some(format!("id % 2 = {part}")), ..table("s", "hot") };
    assert_eq!(refused(vec![shard(0)], vec![shard(1)]), Ok(()));
    let twice = Err("table s.hot is in more than one place of the plan, and not as shards".to_owned());
    assert_eq!(refused(vec![shard(0)], vec![table("s", "hot")]), twice);
    assert_eq!(refused(vec![table("s", "hot")], vec![table("s", "hot")]), twice);
}

#[test]
fn emitting_twice_gives_the_same_bytes() {
    let plan = hostile_plan(15, 18);
    let (one, two) = (emitted(&plan), emitted(&plan));
    assert_eq!(one, two);
    let manifest = crate::format::write(&one.manifest());
    let read: Manifest = crate::format::read(&manifest).unwrap();
    assert_eq!(read, two.manifest());
    assert_eq!(read.steps.len(), one.steps.len());
}

#[test]
fn optional_steps_are_there_when_the_plan_needs_them() {
    let optional = ["20", "21", "22", "40", "81", "88"];
    let files = |plan: &Plan| -> Vec<String> {
        let numbers = emitted(plan).steps.iter().map(|step| step.file[..2].to_owned()).collect::<Vec<_>>();
        numbers.into_iter().filter(|number| optional.contains(&number.as_str())).collect()
    };
    let mut plain = plan(15, 15, vec![slot("pgsp_0", vec![table("s", "a")])]);
    assert_eq!(files(&plain), [""; 0]);
    plain.foreign_keys = vec![foreign_key(("s", "a"), ("s", "b"), "k")];
    assert_eq!(files(&plain), ["40", "81", "88"]);
    plain.slots[0].publish = "insert, update, delete".parse().unwrap();
    plain.policy.foreign_keys = ForeignKeyMode::Guard;
    assert_eq!(files(&plain), ["21"]);
    plain.slots[0].tables[0].set_identity = true;
    plain.slots[0].tables[0].identity = ReplicaIdentity::Full;
    assert_eq!(files(&plain), ["20", "21"]);
}

#[test]
fn steps_are_in_the_order_of_their_numbers_and_phases() {
    let steps = emitted(&hostile_plan(15, 18)).steps;
    let numbered: Vec<&Step> =
        steps.iter().filter(|step| step.file.starts_with(|c: char| c.is_ascii_digit())).collect();
    assert!(numbered.windows(2).all(|pair| pair[0].file < pair[1].file));
    let way_back: Vec<&str> =
        steps.iter().filter(|step| step.phase() == Phase::Rollback).map(|step| step.file.as_str()).collect();
    assert_eq!(way_back, ["abort.sh", "rollback.sh", "thaw_publisher.sql", "again.sh"]);
}

#[test]
fn the_runbook_has_every_step_and_names_stay_on_their_line() {
    let script = emitted(&hostile_plan(15, 18));
    for step in &script.steps {
        assert!(script.runbook.contains(&format!("** (`{}`).", step.file)), "{}", step.file);
        assert!(script.runbook.contains(&step.command()), "{}", step.file);
        let told = [&step.what, &step.why, &step.expected, &step.duration, &step.go];
        assert!(told.iter().all(|words| !words.trim().is_empty()), "{} does not say all", step.file);
    }
    for line in script.runbook.lines() {
        assert!(!line.starts_with("\\q") && !line.starts_with("line\""), "{line}");
    }
    assert!(script.runbook.contains("max_active_replication_origins | 11 |"));
}

#[test]
fn ten_thousand_tables_are_rows_and_not_statements() {
    let plan = sized_plan(10_000);
    let script = emitted(&plan);
    assert_eq!(readback::assignment(&script), planned_assignment(&plan));
    for (file, body) in readback::sql_files(&script) {
        let (sql, _) = readback::psql(body);
        let statements = squawk_syntax::SourceFile::parse(&sql).syntax_node().children().count();
        assert!(statements < 100, "{file} has {statements} statements");
    }
    assert_eq!(body(&script, "plan/members.sql").lines().filter(|line| line.starts_with("pgsp_")).count(), 10_000);
}
