//! The other targets against the fields that their tools document, and what each refuses.

use super::{ansible, cnpg, terraform, to_yaml};
use crate::{
    emit::{
        Bootstrap, Context, EmitOptions, Script, Target, script,
        tests::{hostile_plan, plan, slot, table},
    },
    plan::Plan,
    server::Flavor,
};

fn simple() -> Plan {
    let mut second = table("public", "Upper case");
    second.copy_bytes = 5;
    plan(
        15,
        18,
        vec![slot("pgsp_1", vec![table("app", "orders"), second]), slot("pgsp_2", vec![table("app", "lines")])],
    )
}

/// A publication of this name.
fn named(name: &str) -> Plan {
    let mut plan = simple();
    plan.slots[0].publication = name.into();
    plan
}

fn valid(schema: &str, value: &serde_json::Value) {
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert_eq!(errors, [""; 0], "{value:#}");
}

fn emitted(plan: &Plan, target: Target) -> Result<Script, String> {
    script(plan, &EmitOptions { target, ..EmitOptions::default() }).map_err(|error| error.to_string())
}

const PUBLICATION: &str = include_str!("../../../tests/documents/targets/cnpg-publication.json");
const SUBSCRIPTION: &str = include_str!("../../../tests/documents/targets/cnpg-subscription.json");
const TERRAFORM: &str = include_str!("../../../tests/documents/targets/terraform.json");

#[test]
fn manifests_have_only_fields_that_their_tools_know() {
    let mut hostile = hostile_plan(15, 18);
    for slot in &mut hostile.slots {
        slot.tables.iter_mut().for_each(|table| table.insert_only = false);
    }
    for plan in [simple(), hostile] {
        let context = Context::new(&plan, &EmitOptions::default()).unwrap();
        cnpg::publication_objects(&context).unwrap().iter().for_each(|object| valid(PUBLICATION, object));
        cnpg::subscription_objects(&context).unwrap().iter().for_each(|object| valid(SUBSCRIPTION, object));
    }
    let mut plan = named("pub_one");
    plan.database = "data${base}".into();
    let context = Context::new(&plan, &EmitOptions::default()).unwrap();
    let module = terraform::module(&context).unwrap();
    valid(TERRAFORM, &module);
    assert_eq!(module["resource"]["postgresql_publication"]["publication_1"]["name"], "pub_one");
    assert_eq!(module["resource"]["postgresql_publication"]["publication_1"]["database"], "data$${base}");
    assert_eq!(
        module["resource"]["postgresql_publication"]["publication_1"]["tables"],
        serde_json::json!(["app.orders", "public.Upper case"])
    );
    plan.database = "It's {{ x }}".into();
    let context = Context::new(&plan, &EmitOptions::default()).unwrap();
    let playbook = to_yaml(&ansible::playbook(&context).unwrap());
    for expected in [
        "login_db: !unsafe \"It's {{ x }}\"",
        "pgslotplan_dbname: !unsafe \"''It\\\\''s {{ x }}''\"",
        "slot_type: \"logical\"",
        "login_port: \"{{ pgslotplan_login_port | default(omit) }}\"",
    ] {
        assert!(playbook.contains(expected), "{expected}: {playbook}");
    }
}

#[test]
fn all_other_steps_stay_in_their_order() {
    let plan = simple();
    let sql = emitted(&plan, Target::Sql).unwrap();
    for (target, made) in [
        (Target::Cnpg, ["58_subscriber_prepare.sql", "60_subscriptions.yaml"]),
        (Target::Terraform, ["58_subscriber_prepare.sql", "60_terraform/main.tf.json"]),
        (Target::Ansible, ["58_subscriber_prepare.sql", "60_playbook.yml"]),
    ] {
        let script = emitted(&plan, target).unwrap();
        let files: Vec<&str> = script.steps.iter().map(|step| step.file.as_str()).collect();
        assert!(made.iter().all(|file| files.contains(file)), "{files:?}");
        assert!(!files.contains(&"60_subscriber_subscriptions.sql"));
        let kept: Vec<&str> =
            sql.steps.iter().map(|step| step.file.as_str()).filter(|file| files.contains(file)).collect();
        let also: Vec<&str> = files.iter().copied().filter(|file| kept.contains(file)).collect();
        assert_eq!(kept, also);
        let phases: Vec<_> =
            script.steps.iter().map(|step| step.file.as_str()).take_while(|file| *file < "70").collect();
        assert_eq!(&phases[phases.len() - 2..], made, "{phases:?}");
    }
    let mut on_cnpg = simple();
    on_cnpg.server.flavor = Flavor::Cnpg;
    let files: Vec<String> = emitted(&on_cnpg, Target::Cnpg).unwrap().steps.into_iter().map(|step| step.file).collect();
    assert!(
        files.contains(&"30_publications.yaml".to_owned())
            && !files.contains(&"30_publisher_publications.sql".to_owned())
    );
}

#[test]
fn what_a_target_cannot_say_is_refused_and_what_it_need_not_is_a_finding() {
    let changed = |change: fn(&mut Plan)| {
        let mut plan = simple();
        plan.server.flavor = Flavor::Cnpg; // elsewhere publications stay SQL, which can say everything
        change(&mut plan);
        [Target::Cnpg, Target::Terraform, Target::Ansible]
            .map(|target| emitted(&plan, target).err().unwrap_or_default())
    };
    let filter = changed(|plan| {
        plan.slots[0].tables[0].row_filter = Some("id > 0".into());
        plan.slots[0].publish = "insert, update, delete".parse().unwrap();
    });
    assert!(filter[0].contains("target cnpg cannot say the row filter of table app.orders"), "{filter:?}");
    assert!(filter[1].contains("row filter") && filter[2].is_empty(), "{filter:?}");
    let only = changed(|plan| plan.slots[0].tables[0].only = true);
    assert!(only[0].is_empty() && only[1].contains("ONLY") && only[2].contains("ONLY"), "{only:?}");
    let dotted = changed(|plan| plan.slots[0].tables[0].name = "a.b".into());
    assert!(dotted[0].is_empty() && dotted[1].contains("one word") && dotted[2].contains("one word"), "{dotted:?}");
    let quoted = changed(|plan| plan.slots[0].publication = "Upper".into());
    assert!(quoted[0].is_empty() && quoted[1..].iter().all(|said| said.contains("does not quote it")), "{quoted:?}");
    let second = changed(|plan| {
        plan.slots[0].insert_only_publication = Some("second".into());
        plan.slots[0].tables[0].insert_only = true;
    });
    assert!(second[0].contains("the two publications") && second[1].is_empty() && second[2].is_empty(), "{second:?}");
    for bootstrap in [Bootstrap::Dump, Bootstrap::Snapshot, Bootstrap::Clone, Bootstrap::Aurora] {
        for target in [Target::Cnpg, Target::Terraform, Target::Ansible] {
            let refused = script(&simple(), &EmitOptions { target, bootstrap, ..EmitOptions::default() })
                .unwrap_err()
                .to_string();
            assert!(refused.contains("another bootstrap than copy"), "{refused}");
        }
    }
    let codes = |target| {
        emitted(&simple(), target)
            .unwrap()
            .findings
            .into_iter()
            .map(|finding| finding.code.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(Target::Sql), [""; 0]);
    assert_eq!(codes(Target::Cnpg), [""; 0]);
    assert_eq!(codes(Target::Terraform), ["EM203", "EM201", "EM202"]);
    assert_eq!(codes(Target::Ansible), ["EM201"]);
    let mut old = simple();
    old.subscriber_version = crate::server::ServerVersion::of_major(14);
    old.publisher_version = crate::server::ServerVersion::of_major(13);
    for target in [Target::Cnpg, Target::Terraform, Target::Ansible] {
        let findings = emitted(&old, target).unwrap().findings;
        assert!(findings.iter().any(|finding| finding.code == "EM204"), "{findings:?}");
    }
}
