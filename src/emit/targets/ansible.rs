//! An Ansible playbook for the collection community.postgresql: a play on the publisher for publications and slots, one on
//! the subscriber for subscriptions. The modules' own defaults are dangerous (all tables, physical slots), so everything is
//! said.

use std::fmt::Write as _;

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
    names::quote_identifier,
};

const FILE: &str = "60_playbook.yml";
const REPLACED: [StepId; 3] = [StepId::Publications, StepId::Slots, StepId::Subscriptions];

pub(super) fn steps(context: &Context<'_>) -> Result<Made, EmitError> {
    let play = Step {
        why: "Publications come first, then the slots, then the subscriptions, which copy their tables.".into(),
        hazard: Some(
            "Making each slot waits for every transaction that is writing. Variables of the inventory, for both hosts: \
             pgslotplan_login_host, _login_port, _login_user, _login_password, _login_sslmode and _login_ca_cert as the module on \
             that host reaches its server, pgslotplan_become and _become_user (postgres) for peer authentication. For the \
             subscriber also the publisher as the subscriber's server reaches it: pgslotplan_host and pgslotplan_user, and where \
             they are wanted pgslotplan_port, _password, _sslmode and _sslrootcert, none with a blank, at which the module takes \
             connection strings apart."
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
        "name": published.name,
        "parameters": parameters,
        "state": "present",
        "tables": tables,
    });
    if !filters.is_empty() {
        arguments["rowfilters"] = Value::Object(filters);
    }
    Ok(task(context, "Publication", published.name, "postgresql_publication", arguments))
}

/// How a module reaches the server of its host: variables of the inventory, the module's own default where one is not set.
const LOGIN: [(&str, &str); 6] = [
    ("login_host", "pgslotplan_login_host | default(omit)"),
    ("login_port", "pgslotplan_login_port | default(omit)"),
    ("login_user", "pgslotplan_login_user | default(omit)"),
    ("login_password", "pgslotplan_login_password | default(omit)"),
    ("ssl_mode", "pgslotplan_login_sslmode | default(omit)"),
    ("ca_cert", "pgslotplan_login_ca_cert | default(omit)"),
];

/// A task; its name is one line.
fn task(context: &Context<'_>, kind: &str, name: &str, module: &str, mut arguments: Value) -> Value {
    arguments["login_db"] = Value::from(context.plan.database.clone());
    for (argument, expression) in LOGIN {
        arguments[argument] = variable(expression);
    }
    let mut task = Map::new();
    task.insert("name".into(), Value::from(format!("{kind} {}", crate::names::one_line(name))));
    task.insert(format!("community.postgresql.{module}"), arguments);
    Value::Object(task)
}

/// Refuses a name that has to be quoted: the module for subscriptions puts it into its statement as it is.
fn unquoted(what: &str, name: &str) -> Result<(), EmitError> {
    if quote_identifier(name) == name {
        return Ok(());
    }
    refuse(
        "ansible",
        format!("the name of {what} {}", quote_identifier(name)),
        "postgresql_subscription does not quote it",
    )
}

/// A text for a connection string that the module puts between the quotes of an SQL literal, with its own quotes.
fn quoted_value(text: &str) -> String {
    format!("''{}''", text.replace('\\', "\\\\").replace('\'', "\\''"))
}

/// The same of a variable, when the playbook runs. Ansible doubles backslashes in expressions, so this one is a variable.
fn quoted_variable(name: &str) -> String {
    let one = "pgslotplan_backslash";
    format!(r#""''" ~ ({name} | string | replace({one}, {one} ~ {one}) | replace("'", {one} ~ "''")) ~ "''""#)
}

/// The publisher as the subscriber's server reaches it. The module joins these as they are: an empty value would swallow the next
/// parameter, so that what is not set must not stand there; a number would lose its zeros.
fn connection() -> Value {
    let mut expression = String::from(
        "{'host': pgslotplan_host, 'port': pgslotplan_port | default(5432), 'user': pgslotplan_user, 'dbname': pgslotplan_dbname}",
    );
    for name in ["password", "sslmode", "sslrootcert"] {
        let variable = format!("pgslotplan_{name}");
        let value = if name == "sslmode" { variable.clone() } else { quoted_variable(&variable) };
        let _ = write!(expression, " | combine({{'{name}': {value}}} if {variable} | default('') else {{}})");
    }
    variable(&expression)
}

/// Both plays.
pub(in crate::emit) fn playbook(context: &Context<'_>) -> Result<Value, EmitError> {
    let mut publisher = Vec::new();
    for published in &context.publications {
        unquoted("publication", published.name)?;
        publisher.push(publication(context, published)?);
    }
    let mut subscriber = Vec::new();
    for slot in &context.plan.slots {
        unquoted("subscription", &slot.subscription)?;
        publisher.push(task(
            context,
            "Slot",
            slot.name.as_str(),
            "postgresql_slot",
            json!({
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
            context,
            "Subscription",
            &slot.subscription,
            "postgresql_subscription",
            json!({
                "name": slot.subscription,
                "publications": context.publication_names(slot),
                "connparams": connection(),
                "subsparams": parameters,
                "state": "present",
            }),
        ));
    }
    let database = &context.plan.database;
    let is_word = database.starts_with(|c: char| c.is_ascii_alphabetic())
        && database.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
    let dbname = if is_word { database.clone() } else { quoted_value(database) };
    let play = |name: &str, hosts: &str, tasks: Vec<Value>| {
        json!({
            "name": name,
            "hosts": hosts,
            "gather_facts": false,
            "become": variable("pgslotplan_become | default(false)"),
            "become_user": variable("pgslotplan_become_user | default('postgres')"),
            "tasks": tasks,
        })
    };
    let mut plays = [play("Publisher", "publisher", publisher), play("Subscriber", "subscriber", subscriber)];
    plays[1]["vars"] = json!({ "pgslotplan_backslash": "\\", "pgslotplan_dbname": dbname });
    Ok(Value::from(plays.to_vec()))
}
