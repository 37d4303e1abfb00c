//! An Ansible playbook for the collection community.postgresql: a play on the publisher for publications and slots, one on
//! the subscriber for subscriptions. The modules' own defaults are dangerous (all tables, physical slots), so everything is
//! said.

use serde_json::{Map, Value, json};

use super::{
    Made, plain_name, refuse, subscription_parameters,
    yaml::{to_yaml, variable},
};
use crate::{
    emit::{
        Context, EmitError, Published,
        step::{Step, StepId, StepSide},
    },
    finding::{Finding, Subject, code},
};

const FILE: &str = "60_playbook.yml";
const REPLACED: [StepId; 3] = [StepId::Publications, StepId::Slots, StepId::Subscriptions];

pub(super) fn steps(context: &Context<'_>) -> Result<Made, EmitError> {
    let play = Step {
        why: "Publications come first, then the slots, then the subscriptions, which copy their tables.".into(),
        hazard: Some(
            "Making each slot waits for every transaction that is writing. Variables of the inventory: pgslotplan_host, \
             pgslotplan_port, pgslotplan_user, pgslotplan_password of the publisher as the subscriber's server reaches it."
                .into(),
        ),
        undo: Some("{subscriber_cleanup}, then {publisher_cleanup}.".into()),
        expected: "failed=0 for both hosts.".into(),
        duration: "seconds, and for each slot as long as the longest transaction that is writing".into(),
        body: format!("# {FILE}, for plan {}\n---\n{}", context.plan.plan_sha256, to_yaml(&playbook(context)?)),
        file: FILE.into(),
        side: StepSide::Shell,
        ..Step::new(StepId::Subscriptions, "Creates publications, slots and subscriptions; hosts are publisher and subscriber.")
    };
    let finding = Finding::new(code::EM201, Subject::Publisher, "slots are created one by one instead of copied")
        .detail("The target has no way to copy a slot, so that each creation waits for open transactions again.")
        .hint("Apply at a time without long transactions.");
    Ok((&REPLACED, vec![play], vec![finding]))
}

fn publication(context: &Context<'_>, published: &Published<'_>) -> Result<Value, EmitError> {
    let mut tables = Vec::new();
    let mut filters = Map::new();
    for table in &published.tables {
        if table.only {
            return refuse(
                "ansible",
                format!("ONLY of table {}", table.table_name()),
                "postgresql_publication would take its children, too",
            );
        }
        let name = plain_name("ansible", table)?;
        if let Some(filter) = &table.row_filter {
            filters.insert(name.clone(), Value::from(format!("({filter})")));
        }
        tables.push(name);
    }
    let mut parameters = json!({ "publish": published.publishes.to_list() });
    if context.plan.publisher_version.publishes_partition_roots() {
        parameters["publish_via_partition_root"] = Value::from(published.slot.via_root);
    }
    let mut arguments = json!({
        "login_db": context.plan.database,
        "name": published.name,
        "parameters": parameters,
        "state": "present",
        "tables": tables,
    });
    if !filters.is_empty() {
        arguments["rowfilters"] = Value::Object(filters);
    }
    Ok(task("Publication", published.name, "postgresql_publication", arguments))
}

/// A task; its name is one line.
fn task(kind: &str, name: &str, module: &str, arguments: Value) -> Value {
    let mut task = Map::new();
    task.insert("name".into(), Value::from(format!("{kind} {}", crate::names::one_line(name))));
    task.insert(format!("community.postgresql.{module}"), arguments);
    Value::Object(task)
}

/// Both plays.
pub(in crate::emit) fn playbook(context: &Context<'_>) -> Result<Value, EmitError> {
    let mut publisher = Vec::new();
    for published in &context.publications {
        publisher.push(publication(context, published)?);
    }
    let mut subscriber = Vec::new();
    for slot in &context.plan.slots {
        publisher.push(task(
            "Slot",
            slot.name.as_str(),
            "postgresql_slot",
            json!({
                "login_db": context.plan.database,
                "name": slot.name.as_str(),
                "output_plugin": "pgoutput",
                "slot_type": "logical",
                "state": "present",
            }),
        ));
        let parameters: Map<String, Value> = subscription_parameters(context, slot.name.as_str())
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        subscriber.push(task(
            "Subscription",
            &slot.subscription,
            "postgresql_subscription",
            json!({
                "login_db": context.plan.database,
                "name": slot.subscription,
                "publications": context.publication_names(slot),
                "connparams": {
                    "host": variable("pgslotplan_host"),
                    "port": variable("pgslotplan_port"),
                    "user": variable("pgslotplan_user"),
                    "password": variable("pgslotplan_password"),
                    "dbname": context.plan.database,
                },
                "subsparams": parameters,
                "state": "present",
            }),
        ));
    }
    Ok(json!([
        { "name": "Publisher", "hosts": "publisher", "gather_facts": false, "tasks": publisher },
        { "name": "Subscriber", "hosts": "subscriber", "gather_facts": false, "tasks": subscriber },
    ]))
}
