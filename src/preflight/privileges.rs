//! Which steps the connected roles cannot take: what the emitted files do otherwise or leave out, and what they would refuse.
//! Whoever runs check as another role than the files' reads it so.

use std::collections::BTreeSet;

use super::{Input, facts::SideFacts, listed, server::may_subscribe};
use crate::{
    finding::{Finding, Subject, code},
    names::{TableName, one_line, quote_identifier},
    plan::Bootstrap,
};

const IT_MATTERS: &str = "It matters if the files are run with this role.";

fn role(facts: &SideFacts) -> String {
    format!("role \"{}\"", one_line(&facts.role.name))
}

/// `PF320`: files for superusers, and a role that is none.
pub fn no_superuser(input: &Input<'_>) -> Vec<Finding> {
    let wanted = input.circumstances.privileges;
    let one = |(subject, facts): (Subject, &SideFacts)| {
        let lacks = wanted.is_superuser() && !facts.role.superuser;
        lacks.then(|| {
            Finding::new(code::PF320, subject, format!("the files are for superusers, and {} is none", role(facts)))
                .detail(IT_MATTERS)
                .hint("pgslotplan emit --privileges owner (or managed, for the administrator of a provider) writes files that do without.")
        })
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF321`: the old server cannot follow the new one: subscriptions there, slots here.
pub fn no_way_back(input: &Input<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(publisher) = input.publisher().filter(|facts| !may_subscribe(facts)) {
        let server = &publisher.server;
        let statement = server.flavor.to_subscribe(server.version_num, &publisher.role.name, &publisher.database);
        // on a publisher the way round is to do without
        let hint = if server.version_num.has_create_subscription_role() || server.flavor.admins_subscribe() {
            statement
        } else {
            "Have the steps of the way back run by a superuser: up to 15 nobody else may create subscriptions."
                .to_owned()
        };
        findings.push(
            Finding::new(
                code::PF321,
                Subject::Publisher,
                format!("{} cannot create the subscriptions of the way back", role(publisher)),
            )
            .detail(IT_MATTERS)
            .hint(format!("{hint} Or go without a way back: WAY_BACK=no in cutover.conf.")),
        );
    }
    if let Some(subscriber) = input.subscriber().filter(|facts| !facts.role.may_replicate()) {
        findings.push(
            Finding::new(
                code::PF321,
                Subject::Subscriber,
                format!("{} cannot make the slots of the way back", role(subscriber)),
            )
            .detail(IT_MATTERS)
            .hint(format!(
                "{} Or go without a way back: WAY_BACK=no in cutover.conf.",
                subscriber.server.flavor.to_replicate(&subscriber.role.name)
            )),
        );
    }
    findings
}

/// `PF322`: the schema is frozen by event triggers.
pub fn no_freeze(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    let may = publisher.role.superuser
        || publisher.server.flavor.admins_make_event_triggers() && publisher.role.is_provider_admin();
    if may {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF322,
            Subject::Publisher,
            format!("{} cannot freeze the schema: it may not create event triggers", role(publisher)),
        )
        .detail("The files go on without; the cutover compares both schemas once more before it begins.")
        .hint("Keep deployments away until the new server is open."),
    ]
}

/// `PF323`: writes are stopped by a setting of the database.
pub fn no_write_stop(input: &Input<'_>) -> Vec<Finding> {
    let one = |(subject, facts): (Subject, &SideFacts)| {
        let lacks = !facts.role.superuser && !facts.role.owns_database;
        lacks.then(|| {
            let (database, name) = (quote_identifier(&facts.database), quote_identifier(&facts.role.name));
            Finding::new(
                code::PF323,
                subject,
                format!("{} cannot stop the writes: it does not own the database", role(facts)),
            )
            .detail(IT_MATTERS)
            .hint(format!("ALTER DATABASE {database} OWNER TO {name}; or make it a member of the owner."))
        })
    };
    input.sides().into_iter().filter_map(one).collect()
}

/// `PF324`: roles of the publisher that are missing are made by the step schema.
pub fn no_roles(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let role_facts = &subscriber.role;
    if role_facts.superuser || role_facts.creates_roles || input.circumstances.bootstrap.is_physical() {
        return Vec::new();
    }
    vec![
        Finding::new(code::PF324, Subject::Subscriber, format!("{} cannot make roles", role(subscriber)))
            .detail(IT_MATTERS)
            .hint(format!(
                "ALTER ROLE {} CREATEROLE; or make those of the publisher that are missing before the step schema.",
                quote_identifier(&role_facts.name)
            )),
    ]
}

/// `PF325`: without `session_replication_role`, foreign keys and triggers see the rows of a dump in the order of its files.
pub fn no_load(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    if subscriber.role.superuser
        || subscriber.role.sets_replication_role
        || !matches!(input.circumstances.bootstrap, Bootstrap::Dump | Bootstrap::Snapshot)
    {
        return Vec::new();
    }
    let members = input.plan.members();
    let planned: BTreeSet<TableName> =
        members.flat_map(|(_, member)| member.leaves.iter().cloned().chain([member.table_name()])).collect();
    let planned = |table: &TableName| planned.contains(table);
    let keys = subscriber.foreign_keys.iter().filter(|key| planned(&key.from) || planned(&key.to));
    let keys = keys.map(|key| format!("foreign key \"{}\" of table {}", key.name, key.from));
    let triggers = subscriber.triggers.iter().map(|trigger| (&trigger.table, &trigger.name));
    let triggers = triggers.chain(subscriber.local_triggers.iter().map(|(table, name)| (table, name)));
    let triggers = triggers
        .filter(|(table, _)| planned(table))
        .map(|(table, name)| format!("trigger \"{name}\" of table {table}"));
    let found: Vec<String> = keys.chain(triggers).collect();
    if found.is_empty() {
        return Vec::new();
    }
    vec![
        Finding::new(
            code::PF325,
            Subject::Subscriber,
            format!("{} cannot load rows past foreign keys and triggers", role(subscriber)),
        )
        .detail(format!("It may not set session_replication_role. In the way: {}.", listed(found, 10)))
        .hint(
            "Drop them on the subscriber: the step foreign_keys makes them once the rows are there. Or GRANT SET ON PARAMETER \
             session_replication_role (15), or load as a superuser: PGSLOTPLAN_LOADER.",
        ),
    ]
}

/// `PF326`: schemas and their contents are made by the step schema, and the files note what they did in a schema of their own.
pub fn no_schema(input: &Input<'_>) -> Vec<Finding> {
    let Some(subscriber) = input.subscriber() else { return Vec::new() };
    let facts = &subscriber.role;
    if facts.superuser || facts.may_create_in_database {
        return Vec::new();
    }
    let (database, name) = (quote_identifier(&subscriber.database), quote_identifier(&facts.name));
    vec![
        Finding::new(
            code::PF326,
            Subject::Subscriber,
            format!("{} cannot make schemas: it has no CREATE on the database", role(subscriber)),
        )
        .detail(IT_MATTERS)
        .hint(format!("GRANT CREATE ON DATABASE {database} TO {name};")),
    ]
}

/// `PF327`: verifiers of passwords travel from catalog to catalog.
pub fn no_passwords(input: &Input<'_>) -> Vec<Finding> {
    if input.circumstances.bootstrap.is_physical() {
        return Vec::new(); // a clone has them
    }
    let one = |(subject, facts): (Subject, &SideFacts)| {
        let lacks = !facts.role.superuser && !facts.role.reads_passwords;
        lacks.then(|| {
            Finding::new(code::PF327, subject, format!("{} cannot bring the passwords: it may not read them", role(facts)))
                .detail(IT_MATTERS)
                .hint(
                    "Set each on the subscriber by hand, \\password ROLE in psql, with the password that the application has; then run the \
                     step passwords with PGSLOTPLAN_PASSWORDS=no. From 14 on members of pg_read_all_data may read them, except at providers.",
                )
        })
    };
    input.sides().into_iter().filter_map(one).collect()
}
