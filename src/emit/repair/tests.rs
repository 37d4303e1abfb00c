//! Kits of repairs: read by the shell and the SQL parser, and nothing of the rest of the plan in them.

use crate::{
    emit::{
        Bootstrap, EmitOptions, Kit, Repair, Script, StepId, Target, readback, script,
        tests::{PAIRS, body, hostile_plan, said, short_plan, sized_plan},
    },
    plan::Plan,
};

fn repaired(plan: &Plan, repairs: &[Repair], bootstrap: Bootstrap) -> Script {
    script(plan, &EmitOptions { bootstrap, kit: Kit::Repair(repairs.to_vec()), ..EmitOptions::default() }).unwrap()
}

/// The first slot, and a table of the second one.
fn both(plan: &Plan) -> Vec<Repair> {
    vec![Repair::Slot(plan.slots[0].name.clone()), Repair::Table(plan.slots[1].tables[1].table_name())]
}

#[test]
fn every_file_of_a_repair_is_read_for_every_pair() {
    for (publisher, subscriber) in PAIRS {
        let plan = short_plan(publisher, subscriber);
        let script = repaired(&plan, &both(&plan), Bootstrap::Copy);
        assert_eq!(readback::syntax_errors(&script), Vec::<String>::new(), "{publisher} to {subscriber}");
        for (file, body) in script.files().filter(|(file, _)| file.ends_with(".sh")) {
            assert_eq!(said("sh", &["-n"], body), "", "{file}");
        }
    }
}

#[test]
fn only_what_is_repaired_is_in_the_data() {
    let plan = hostile_plan(13, 15);
    let script = repaired(&plan, &both(&plan), Bootstrap::Copy);
    let rows = |file: &str, relation: &str| {
        let rest = body(&script, file).split(&format!("COPY pg_temp.{relation} ")).nth(1).unwrap_or_default();
        rest.lines().skip(1).take_while(|line| *line != "\\.").count()
    };
    assert_eq!(rows("plan/tables.sql", "planned_slot"), 2);
    assert_eq!(rows("plan/tables.sql", "planned_mirror"), plan.slots.len());
    // all tables of the first slot, one of the second; its publication still has all of its own
    assert_eq!(rows("plan/tables.sql", "planned_relation"), plan.slots[0].tables.len() + 1);
    assert_eq!(rows("plan/members.sql", "planned_table"), plan.slots[0].tables.len() + plan.slots[1].tables.len());
    assert_eq!(rows("plan/repair.sql", "repaired_slot"), 1);
    assert_eq!(rows("plan/repair.sql", "repaired_member"), 1);
    assert_eq!(body(&script, "plan/subscriptions.sql").matches("CREATE SUBSCRIPTION").count(), 1);
    assert_eq!(body(&script, "plan/publications.sql").matches("CREATE PUBLICATION").count(), 2);
    let again = body(&script, "plan/members_again.sql");
    assert_eq!(again.matches("ADD TABLE").count(), 1);
    assert!(again.find("LOCK TABLE").unwrap() < again.find("ADD TABLE").unwrap());
    assert!(body(&script, "plan/values.sh").contains("slots='pgsp_0 pgsp_1'"));
    // a part copies, however the data came at first
    let cloned = repaired(&plan, &both(&plan), Bootstrap::Clone);
    assert!(body(&cloned, "plan/subscriptions.sql").contains("copy_data = true"));
    assert!(body(&cloned, "plan/values.sql").contains("is_physical 'on'"));
    assert_eq!(script.manifest().repairs.len(), 2);
    assert!(script.files().all(|(file, _)| file != "cutover.conf.example"));
}

#[test]
fn the_steps_are_the_same_for_every_part() {
    let plan = sized_plan(40);
    let of = |repairs: &[Repair]| -> Vec<(String, String)> {
        let script = repaired(&plan, repairs, Bootstrap::Copy);
        let is_static = |file: &str| file.ends_with(".sql") || file.ends_with(".sh");
        script
            .files()
            .filter(|(file, _)| is_static(file) && !file.starts_with("plan/"))
            // heads say how much is copied
            .map(|(file, body)| (file.into(), body.lines().filter(|line| !line.contains("Hazard: ")).collect()))
            .collect()
    };
    let parts = both(&plan);
    assert_eq!(of(&parts[..1]), of(&parts[1..]));
}

#[test]
fn prose_and_files_of_a_repair_name_its_steps_and_variables() {
    let plan = sized_plan(40);
    let script = repaired(&plan, &both(&plan), Bootstrap::Copy);
    let ids: Vec<&str> = script.steps.iter().map(|step| step.id.as_str()).collect();
    assert!(!script.runbook.contains('{') && !script.runbook.contains('}'), "{}", script.runbook);
    for (file, body) in script.files().filter(|(file, _)| file.starts_with("lib/repair") || file.starts_with('r')) {
        let words =
            body.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).filter_map(|word| word.strip_prefix("step_"));
        for id in words.filter(|id| StepId::ALL.iter().any(|step| step.as_str() == *id)) {
            assert!(ids.contains(&id), "{file}: {id}");
        }
    }
    for name in ["PGSLOTPLAN_SUBSCRIPTION_OWNER", "PGSLOTPLAN_STATE", "VERIFY_JOBS", "wait_seconds"] {
        assert!(script.runbook.contains(&format!("| `{name}` |")), "{name}");
    }
}

#[test]
fn rows_are_one_step_over_the_whole_plan() {
    let plan = hostile_plan(15, 18);
    let script = repaired(&plan, &[Repair::Rows], Bootstrap::Copy);
    assert_eq!(script.steps.iter().map(|step| step.id.as_str()).collect::<Vec<_>>(), ["repair_rows"]);
    assert_eq!(readback::syntax_errors(&script), Vec::<String>::new());
    assert!(body(&script, "plan/values.sh").contains("slots='pgsp_0 pgsp_1 pgsp_2'"));
    // nothing is made or copied by a subscription
    assert!(!body(&script, "plan/subscriptions.sql").contains("CREATE SUBSCRIPTION"));
    assert!(!body(&script, "plan/members_again.sql").contains("ADD TABLE"));
    assert_eq!(script.manifest().repairs, ["rows"]);
}

#[test]
fn other_tools_make_no_repairs() {
    let plan = sized_plan(40);
    for target in [Target::Cnpg, Target::Terraform, Target::Ansible] {
        let options = EmitOptions { target, kit: Kit::Repair(both(&plan)), ..EmitOptions::default() };
        assert_eq!(
            script(&plan, &options).unwrap_err().to_string(),
            "a repair or a change of plans is for psql and sh only"
        );
    }
    let none = EmitOptions { kit: Kit::Repair(Vec::new()), ..EmitOptions::default() };
    assert!(script(&plan, &none).is_err());
}
