//! What would run as somebody else than its owner: functions behind tables that apply workers run, and texts with a password that
//! a server would log.

use std::collections::BTreeSet;

use super::{
    Input, TableFinding,
    facts::{SideFacts, TenantFunction},
};
use crate::{
    finding::{Code, Finding, Subject, code},
    names::{TableName, one_line, quote_identifier},
    server::AppliesAs,
};

/// Planned tables with what is above and below them.
fn planned(input: &Input<'_>, facts: &SideFacts) -> BTreeSet<TableName> {
    let mut names = BTreeSet::new();
    for (slot, table) in input.plan.members() {
        for name in slot.received(table) {
            names.extend(facts.leaves(&name).into_iter().map(|(leaf, _)| leaf.clone()));
            names.extend(facts.ancestors(&name).into_iter().cloned());
            names.insert(name);
        }
    }
    names
}

/// Functions behind planned tables that run when a row is written.
fn written<'a>(input: &Input<'_>, facts: &'a SideFacts) -> Vec<&'a TenantFunction> {
    let planned = planned(input, facts);
    let runs = |found: &&TenantFunction| {
        !matches!(found.runs.as_str(), "default" | "statistics" | "foreign key") && planned.contains(&found.table)
    };
    facts.tenant_functions.iter().filter(runs).collect()
}

fn found(
    input: &Input<'_>,
    code: &'static Code,
    (side, facts): (Subject, &SideFacts),
    as_whom: &str,
    hint: &str,
) -> Vec<Finding> {
    let item = |found: &TenantFunction| {
        TableFinding::new(
            &found.table,
            format!(
                "function {} of role {} would run {as_whom} ({})",
                one_line(&found.function),
                quote_identifier(&found.owner),
                found.runs
            ),
        )
        .detail("Up to 15 apply workers run what stands behind a table as the owner of the subscription, a superuser as a rule: one row makes the function's owner a superuser.")
        .hint(hint)
    };
    let items = written(input, facts).into_iter().map(item).collect();
    input.tables(code, side, "a function of a role that is no superuser would run as the subscription's owner", items)
}

/// `PF440`: tried on 12 to 15: an ordinary CHECK made its owner superuser by the first copied row. The schema is the publisher's,
/// so both catalogs are looked at.
pub fn functions_applied(input: &Input<'_>) -> Vec<Finding> {
    let version = input.subscriber().map_or(input.plan.subscriber_version, |subscriber| subscriber.server.version_num);
    if version.applies_as() == AppliesAs::TableOwner {
        return Vec::new();
    }
    let hint = "A subscriber of version 16 or later; or PGSLOTPLAN_SUBSCRIPTION_OWNER, an ordinary role that gets the subscriptions; or read it and accept it with PGSLOTPLAN_ACCEPT_FUNCTIONS.";
    let as_whom = "as the owner of the subscription";
    input.sides().into_iter().flat_map(|side| found(input, code::PF440, side, as_whom, hint)).collect()
}

/// `PF441`: the same for the old server, once it follows the new one.
pub fn functions_of_the_way_back(input: &Input<'_>) -> Vec<Finding> {
    let Some(publisher) = input.publisher() else { return Vec::new() };
    if publisher.server.version_num.applies_as() == AppliesAs::TableOwner {
        return Vec::new();
    }
    let hint = "PGSLOTPLAN_SUBSCRIPTION_OWNER, an ordinary role that gets the subscriptions of the way back; or read it and accept it with PGSLOTPLAN_ACCEPT_FUNCTIONS.";
    found(
        input,
        code::PF441,
        (Subject::Publisher, publisher),
        "as the owner of the subscriptions of the way back",
        hint,
    )
}

/// `PF442`: CREATE SUBSCRIPTION holds the connection string; the steps switch the log off around it where the role may.
pub fn logged_passwords(input: &Input<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (subject, facts) in input.sides() {
        let setting = |name: &str| facts.session_settings.get(name).map(String::as_str);
        let logs = match (setting("log_statement"), setting("log_min_duration_statement")) {
            (Some(value @ ("ddl" | "mod" | "all")), _) => format!("log_statement is {value}"),
            (_, Some(value)) if value != "-1" => format!("log_min_duration_statement is {value}"),
            _ => continue,
        };
        if facts.role.superuser {
            continue;
        }
        findings.push(
            Finding::new(
                code::PF442,
                subject,
                format!("the server may log the connection string of the subscriptions: {logs}"),
            )
            .detail(format!(
                "Role \"{}\" is no superuser and cannot switch it off around CREATE SUBSCRIPTION.",
                one_line(&facts.role.name)
            ))
            .hint(format!(
                "{} Or leave the password to a password file of the server, where the version allows it.",
                facts.server.flavor.to_set("log_statement", "none")
            )),
        );
    }
    findings
}
