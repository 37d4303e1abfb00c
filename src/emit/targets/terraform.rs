//! Terraform JSON for the provider cyrilgdn/postgresql: publications, slots and subscriptions as resources, in an order that
//! `depends_on` keeps (publications, then slots, then subscriptions).

use serde_json::{Map, Value, json};

use super::{Made, plain_name, refuse};
use crate::{
    emit::{
        Context, EmitError,
        step::{Step, StepId, StepSide},
    },
    finding::{Finding, Subject, code},
    names::json_printable,
    server::ServerVersion,
};

const FILE: &str = "60_terraform/main.tf.json";
const REPLACED: [StepId; 3] = [StepId::Publications, StepId::Slots, StepId::Subscriptions];

pub(super) fn steps(context: &Context<'_>) -> Result<Made, EmitError> {
    let module = module(context)?;
    let body = json_printable(&serde_json::to_string_pretty(&module).expect("JSON values are written")) + "\n";
    let apply = Step {
        why: "Publications come first, then the slots, then the subscriptions, which copy their tables.".into(),
        hazard: Some(
            "The connection string of the subscriptions is stored in the state. Making each slot waits for every transaction that \
             is writing."
                .into(),
        ),
        undo: Some("{subscriber_cleanup}, {publisher_cleanup}, then terraform state rm of all resources.".into()),
        expected: "Apply complete, with the number of resources.".into(),
        duration: "seconds, and for each slot as long as the longest transaction that is writing".into(),
        body,
        file: FILE.into(),
        side: StepSide::Shell,
        ..Step::new(StepId::Subscriptions, "Creates publications, slots and subscriptions as resources.")
    };
    Ok((&REPLACED, vec![apply], findings(context.plan.subscriber_version)))
}

fn findings(subscriber: ServerVersion) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new(code::EM201, Subject::Publisher, "slots are created one by one instead of copied")
            .detail("The target has no way to copy a slot, so that each creation waits for open transactions again.")
            .hint("Apply at a time without long transactions."),
        Finding::new(code::EM203, Subject::Subscriber, "the connection string is stored in Terraform's state")
            .hint("Keep the state encrypted, or leave the password to a password file of the subscriber's server."),
    ];
    if subscriber.has_streaming() {
        findings.push(
            Finding::new(code::EM202, Subject::Subscriber, "the option streaming is left to the server's default")
                .detail("Before 18 that is off: the publisher spills large transactions for each slot.")
                .hint("ALTER SUBSCRIPTION … SET (streaming = on) afterwards."),
        );
    }
    findings
}

/// A string that Terraform takes as it is.
fn text(text: &str) -> Value {
    Value::from(text.replace("${", "$${").replace("%{", "%%{"))
}

fn key(kind: &str, number: usize) -> String {
    format!("{kind}_{}", number + 1)
}

fn variable(description: &str, sensitive: bool) -> Value {
    if sensitive {
        json!({ "type": "string", "description": description, "sensitive": true })
    } else {
        json!({ "type": "string", "description": description })
    }
}

fn provider(alias: &str, database: &str) -> Value {
    json!({
        "alias": alias,
        "host": format!("${{var.{alias}_host}}"),
        "port": format!("${{var.{alias}_port}}"),
        "username": format!("${{var.{alias}_username}}"),
        "password": format!("${{var.{alias}_password}}"),
        "sslmode": format!("${{var.{alias}_sslmode}}"),
        "superuser": false,
        "database": text(database),
    })
}

/// The root module.
pub(in crate::emit) fn module(context: &Context<'_>) -> Result<Value, EmitError> {
    let mut publications = Map::new();
    for (number, published) in context.publications.iter().enumerate() {
        let is_plain = |name: &str| name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_'));
        if !is_plain(published.name) || published.name.starts_with(|c: char| c.is_ascii_digit()) {
            return refuse(
                "terraform",
                format!("the name of publication \"{}\"", crate::names::one_line(published.name)),
                "postgresql_publication does not quote it",
            );
        }
        let mut tables = Vec::new();
        for table in &published.tables {
            let what = |what: &str| format!("the {what} of table {}", table.table_name());
            if table.row_filter.is_some() {
                return refuse("terraform", what("row filter"), "postgresql_publication has none");
            }
            if table.only {
                return refuse("terraform", what("ONLY"), "postgresql_publication would take its children, too");
            }
            tables.push(plain_name("terraform", table)?);
        }
        tables.sort(); // the provider reads them back sorted: anything else would be a change forever
        let words: Vec<String> = published.publishes.to_list().split(", ").map(str::to_owned).collect();
        let mut publication = json!({
            "provider": "postgresql.publisher",
            "database": text(&context.plan.database),
            "name": text(published.name),
            "publish_param": words,
            "tables": tables.iter().map(|name| text(name)).collect::<Vec<_>>(),
        });
        if context.plan.publisher_version.publishes_partition_roots() {
            publication["publish_via_partition_root_param"] = Value::from(published.slot.via_root);
        }
        publications.insert(key("publication", number), publication);
    }
    let all: Vec<String> = publications.keys().map(|key| format!("postgresql_publication.{key}")).collect();
    let mut slots = Map::new();
    let mut subscriptions = Map::new();
    for (number, slot) in context.plan.slots.iter().enumerate() {
        slots.insert(
            key("slot", number),
            json!({
                "provider": "postgresql.publisher",
                "database": text(&context.plan.database),
                "depends_on": all,
                "name": slot.name.as_str(),
                "plugin": "pgoutput",
            }),
        );
        subscriptions.insert(
            key("subscription", number),
            json!({
                "provider": "postgresql.subscriber",
                "conninfo": "${var.publisher_conninfo}",
                "create_slot": false,
                "database": text(&context.plan.database),
                "depends_on": [format!("postgresql_replication_slot.{}", key("slot", number))],
                "name": text(&slot.subscription),
                "publications": context.publication_names(slot).into_iter().map(text).collect::<Vec<_>>(),
                "slot_name": slot.name.as_str(),
            }),
        );
    }
    let mut variables = Map::new();
    for side in ["publisher", "subscriber"] {
        let mut sslmode = variable(&format!("sslmode of the connection to the {side}"), false);
        sslmode["default"] = Value::from("verify-full");
        variables.insert(format!("{side}_sslmode"), sslmode);
        for (name, sensitive) in [("host", false), ("port", false), ("username", false), ("password", true)] {
            variables.insert(format!("{side}_{name}"), variable(&format!("{name} of the {side}"), sensitive));
        }
    }
    let conninfo = "connection string by which the subscriber's server reaches the publisher";
    variables.insert("publisher_conninfo".into(), variable(conninfo, true));
    Ok(json!({
        "//": format!("plan {}", context.plan.plan_sha256),
        "terraform": { "required_providers": { "postgresql": { "source": "cyrilgdn/postgresql", "version": ">= 1.22.0" } } },
        "variable": variables,
        "provider": { "postgresql": [provider("publisher", &context.plan.database), provider("subscriber", &context.plan.database)] },
        "resource": {
            "postgresql_publication": publications,
            "postgresql_replication_slot": slots,
            "postgresql_subscription": subscriptions,
        },
    }))
}
