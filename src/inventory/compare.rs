//! Two inventories side by side. An object that one side lacks is one difference, and nothing is said of what stands in it; of an
//! object that both have, each fact that differs is one.
//!
//! How bad a difference is depends on how far the migration is: before the subscriber has the schema, and while indexes or triggers
//! are still to come, what a later step brings is counted in one line, and what nobody brings is a warning. Once everything is
//! there, each difference is what its kind says.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Accepted, Carrier, Inventory, Kind, Object,
    accepted::spelled,
    meaning::{Values, is_same},
    mend::mend,
};
use crate::{
    finding::{Finding, Severity, Subject, code},
    names::{TableName, one_line, quote_identifier},
};

/// Longer values are not part of a message.
const SHORT: usize = 80;
/// Longer ones are cut in a detail.
const LONG: usize = 600;

/// Facts that are more than one.
const PLURAL: [&str; 9] =
    ["privileges", "options", "toast options", "labels", "attributes", "settings", "roles", "tables", "parents"];

/// One thing that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Difference {
    pub object: Object,
    /// Absent when one side lacks the whole object.
    pub fact: Option<String>,
    pub publisher: Option<String>,
    pub subscriber: Option<String>,
}

/// Which steps of the schema are still to come.
fn pending(publisher: &Inventory, subscriber: &Inventory) -> BTreeSet<Carrier> {
    let late = |object: &Object| match object.kind {
        Kind::Constraint => {
            let definition = publisher.value(object, "definition").or_else(|| subscriber.value(object, "definition"));
            of_constraint(definition.unwrap_or_default())
        }
        kind => kind.carrier(),
    };
    let relation = |object: &Object| object.kind == Kind::Relation;
    let has = |side: &Inventory, wanted: &dyn Fn(&Object) -> bool| side.facts.keys().any(wanted);
    if has(publisher, &relation) && !has(subscriber, &|object| relation(object) && publisher.facts.contains_key(object))
    {
        return [Carrier::Schema, Carrier::Keys, Carrier::Indexes, Carrier::ForeignKeys].into();
    }
    let to_come = |carrier: Carrier| {
        let of_step = |object: &Object| {
            late(object) == carrier && (object.kind != Kind::Index || publisher.value(object, "definition").is_some())
        };
        has(publisher, &of_step) && !has(subscriber, &|object| of_step(object) && publisher.facts.contains_key(object))
    };
    [Carrier::Keys, Carrier::Indexes, Carrier::ForeignKeys].into_iter().filter(|carrier| to_come(*carrier)).collect()
}

/// What brings a constraint of this definition.
fn of_constraint(definition: &str) -> Carrier {
    match definition {
        text if text.starts_with("FOREIGN KEY") => Carrier::ForeignKeys,
        text if ["PRIMARY KEY", "UNIQUE", "EXCLUDE"].iter().any(|word| text.starts_with(word)) => Carrier::Keys,
        _ => Carrier::Schema,
    }
}

/// What brings the missing object or fact.
fn carrier(difference: &Difference) -> Carrier {
    match (difference.object.kind, difference.fact.as_deref()) {
        (Kind::Constraint, None) => of_constraint(difference.publisher.as_deref().unwrap_or_default()),
        (Kind::Relation, Some("row security" | "forced row security")) | (Kind::Column, Some("not null not valid")) => {
            Carrier::ForeignKeys
        }
        (Kind::Relation, Some("replica identity")) => Carrier::Indexes,
        // rows, and what the roles of the kit do not take along
        (Kind::Relation, Some("populated")) => Carrier::Nobody,
        (Kind::Role, Some("superuser" | "replication" | "bypasses row security" | "valid until")) => Carrier::Nobody,
        (kind, _) => kind.carrier(),
    }
}

/// How bad it is once everything should be there.
fn severity(difference: &Difference) -> Severity {
    let kind = difference.object.kind;
    let Some(fact) = difference.fact.as_deref() else {
        return if difference.subscriber.is_some() { kind.extra() } else { kind.missing() };
    };
    match (kind, fact) {
        (Kind::Column, "storage" | "compression" | "statistics target" | "options" | "not null not valid")
        | (Kind::Index, "clustered" | "tablespace" | "attached to")
        | (Kind::Relation, "options" | "toast options" | "tablespace" | "access method")
        | (Kind::Function, "cost" | "rows" | "support")
        | (Kind::Database, "collation version" | "template")
        | (Kind::Extension, "version") => Severity::Warning,
        (Kind::Password, _) if difference.subscriber.as_deref() != Some("none") => Severity::Warning,
        _ => kind.missing(),
    }
}

/// Differences, by object and fact.
pub(super) fn differences(publisher: &Inventory, subscriber: &Inventory) -> Vec<Difference> {
    let empty = BTreeMap::new();
    let is_seen =
        |object: &Object| !publisher.unseen.contains(&object.kind) && !subscriber.unseen.contains(&object.kind);
    let objects: BTreeSet<&Object> = publisher.facts.keys().chain(subscriber.facts.keys()).collect();
    let mut found = Vec::new();
    for object in objects.into_iter().filter(|object| is_seen(object) && object.kind != Kind::AvailableExtension) {
        let (old, new) = (publisher.facts.get(object), subscriber.facts.get(object));
        let is_whole = old.is_none() || new.is_none();
        if is_whole && !says_by_facts(object) {
            let lacking = if old.is_none() { publisher } else { subscriber };
            let with_parent = object.parent().is_none_or(|parent| {
                lacking.facts.contains_key(&parent)
                    || !publisher.facts.contains_key(&parent) && !subscriber.facts.contains_key(&parent)
            });
            // an index that could not be built is left behind by a dump, and nobody misses it
            let is_broken = new.is_none() && publisher.value(object, "invalid").is_some();
            let needs_none = object.kind == Kind::Password && publisher.value(object, "kind") == Some("none");
            // the constraint is a difference already
            let is_of_constraint =
                [publisher, subscriber].iter().any(|side| side.value(object, "of constraint").is_some());
            if with_parent && !is_broken && !needs_none && !is_of_constraint {
                let shown = |facts: &BTreeMap<String, String>| {
                    facts.get("definition").or_else(|| facts.values().next()).cloned().unwrap_or_default()
                };
                found.push(Difference {
                    object: object.clone(),
                    fact: None,
                    publisher: old.map(shown),
                    subscriber: new.map(shown),
                });
            }
            continue;
        }
        let (old, new) = (old.unwrap_or(&empty), new.unwrap_or(&empty));
        let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
        for fact in names {
            let values = Values {
                object,
                fact,
                publisher: old.get(fact).map(String::as_str),
                subscriber: new.get(fact).map(String::as_str),
            };
            if !is_same(&values, publisher, subscriber) {
                found.push(Difference {
                    object: object.clone(),
                    fact: Some(fact.clone()),
                    publisher: old.get(fact).cloned(),
                    subscriber: new.get(fact).cloned(),
                });
            }
        }
    }
    found
}

/// Kinds that are lists of facts rather than objects: each fact that one side lacks is a difference.
fn says_by_facts(object: &Object) -> bool {
    matches!(object.kind, Kind::Setting | Kind::Database | Kind::DefaultPrivileges | Kind::LargeObjects)
        || object.kind == Kind::Column && object.identity.len() < 3
}

/// How the subscriber's inventory differs from the publisher's, without the differences that are accepted.
pub fn compare(publisher: &Inventory, subscriber: &Inventory, accepted: &Accepted) -> Vec<Finding> {
    let pending = pending(publisher, subscriber);
    let mut findings = Vec::new();
    let mut used: BTreeSet<usize> = BTreeSet::new();
    let mut accepted_count = 0_usize;
    let mut to_come: BTreeMap<Carrier, usize> = BTreeMap::new();
    for difference in differences(publisher, subscriber) {
        if let Some(line) = accepted.line_for(&difference.object, difference.fact.as_deref()) {
            used.insert(line);
            accepted_count += 1;
            continue;
        }
        let mut carrier = carrier(&difference);
        // a dump makes a NOT NULL that is not validated after the rows
        if difference.fact.as_deref() == Some("not null")
            && publisher.value(&difference.object, "not null not valid").is_some()
        {
            carrier = Carrier::ForeignKeys;
        }
        let subscriber_lacks = difference.subscriber.is_none();
        if subscriber_lacks && pending.contains(&carrier) && is_available(&difference, subscriber) {
            *to_come.entry(carrier).or_default() += 1;
            continue;
        }
        let mut severity = severity(&difference);
        if carrier == Carrier::Nobody && !pending.is_empty() {
            severity = severity.max(Severity::Warning);
        }
        findings.push(finding(&difference, severity, subscriber));
    }
    let nouns = [
        (Carrier::Schema, "the step schema creates", "roles, tables and other objects"),
        (Carrier::Keys, "the step schema or the step keys makes", "primary keys and unique constraints"),
        (Carrier::Indexes, "the step indexes builds", "secondary indexes"),
        (Carrier::ForeignKeys, "the step foreign_keys creates", "foreign keys, triggers, rules, policies and the like"),
    ];
    for (carrier, step, what) in nouns {
        if let Some(count) = to_come.get(&carrier) {
            let message = format!("{count} objects or properties are missing that {step}: {what}");
            findings.push(
                Finding::new(code::IV904, Subject::Subscriber, message)
                    .hint("Run that step if it has not run yet; if it has, run it again: they are missing."),
            );
        }
    }
    findings.extend(unseen(publisher, subscriber));
    // which tables replicate is a fact of the plan, and the kit's
    let of_plan = |line: &str| line.starts_with("relation ") && line.ends_with(" replicated");
    for (_, line) in accepted.lines().filter(|(line, text)| !used.contains(line) && !of_plan(text)) {
        findings.push(
            Finding::new(
                code::IV902,
                Subject::Other("accepted differences".into()),
                format!("there is no such difference: {}", one_line(&line)),
            )
            .hint("Remove the line, or correct it."),
        );
    }
    if accepted_count > 0 {
        let message = format!("{accepted_count} differences are accepted by {} lines", used.len());
        findings.push(Finding::new(code::IV903, Subject::Other("accepted differences".into()), message));
    }
    findings
}

/// Whether a step can bring it: an extension whose files the subscriber lacks cannot be created.
fn is_available(difference: &Difference, subscriber: &Inventory) -> bool {
    let Object { kind: Kind::Extension, identity } = &difference.object else { return true };
    let available = Object { kind: Kind::AvailableExtension, identity: identity.clone() };
    subscriber.facts.contains_key(&available)
}

/// What a role could not read.
fn unseen(publisher: &Inventory, subscriber: &Inventory) -> Vec<Finding> {
    let sides = [(Subject::Publisher, publisher), (Subject::Subscriber, subscriber)];
    let mut findings = Vec::new();
    for (subject, side) in sides {
        for kind in &side.unseen {
            let (what, hint) = match kind {
                Kind::Password => (
                    "which roles have a password",
                    "Connect as a superuser, GRANT SELECT ON pg_authid to the role, or make sure that each role can log in.",
                ),
                kind => (kind.noun(), "Connect as a superuser."),
            };
            findings
                .push(Finding::new(code::IV901, subject.clone(), format!("the role does not see {what}")).hint(hint));
        }
    }
    findings
}

fn finding(difference: &Difference, severity: Severity, subscriber: &Inventory) -> Finding {
    let object = &difference.object;
    let code = match difference.fact.as_deref() {
        Some("owner") if object.kind != Kind::Database => code::IV401,
        Some("privileges" | "maintain privilege" | "no privileges") => code::IV402,
        Some("row security" | "forced row security") => code::IV206,
        _ => object.kind.code(),
    };
    let (message, detail) = words(difference, subscriber);
    let accepts = format!("To accept it: {}", one_line(&spelled(object, difference.fact.as_deref())));
    let mends = mend(difference, is_available(difference, subscriber));
    let severity = if code.severities.contains(&severity) { severity } else { code.severities[0] };
    let mut finding =
        Finding::new(code, subject(object), message).with_severity(severity).hint(format!("{mends} {accepts}"));
    finding.detail = detail;
    finding
}

fn subject(object: &Object) -> Subject {
    match object.identity.as_slice() {
        [schema, name, ..] if object.kind.is_of_relation() => Subject::Table(TableName::new(schema, name)),
        [] => Subject::Other(object.kind.noun().to_owned()),
        identity => Subject::Other(format!("{} {}", object.kind.noun(), shown(object.kind, identity))),
    }
}

/// An identity as people write it.
fn shown(kind: Kind, identity: &[String]) -> String {
    let quoted = |names: &[String]| names.iter().map(|name| quote_identifier(name)).collect::<Vec<_>>().join(".");
    let text = match (kind, identity) {
        (Kind::Setting, [role, place]) => match (role.as_str(), place.as_str()) {
            ("", "database") => "of the database".to_owned(),
            ("", _) => "of all roles".to_owned(),
            (role, "database") => format!("of role {} in the database", quote_identifier(role)),
            (role, _) => format!("of role {}", quote_identifier(role)),
        },
        (Kind::Function, [schema, name, arguments]) => {
            format!("{}.{}({arguments})", quote_identifier(schema), quote_identifier(name))
        }
        (Kind::Operator, [schema, name, left, right]) => {
            format!("{}.{name} ({left}, {right})", quote_identifier(schema))
        }
        (Kind::Cast, [from, to]) => format!("from {from} to {to}"),
        (Kind::Membership, [role, member]) => format!("of {} in {}", quote_identifier(member), quote_identifier(role)),
        (Kind::DefaultPrivileges, [role, schema, what]) if schema.is_empty() => {
            format!("{} on {what}", quote_identifier(role))
        }
        (Kind::DefaultPrivileges, [role, schema, what]) => {
            format!("{} on {what} in schema {}", quote_identifier(role), quote_identifier(schema))
        }
        (Kind::Comment | Kind::SecurityLabel, names) => names.join(" "),
        (_, names) => quoted(names),
    };
    one_line(&text)
}

/// Message and detail.
fn words(difference: &Difference, subscriber: &Inventory) -> (String, Option<String>) {
    let object = &difference.object;
    let what = match object.identity.get(2..) {
        Some([name]) if object.kind.is_of_relation() && object.kind != Kind::Relation => {
            format!("{} {}: ", object.kind.noun(), one_line(&quote_identifier(name)))
        }
        _ => String::new(),
    };
    let Some(fact) = difference.fact.as_deref() else {
        let message = match (&difference.subscriber, object.kind) {
            (None, Kind::Extension) if !is_available(difference, subscriber) => {
                "the subscriber cannot create it: its files are not installed".to_owned()
            }
            (None, _) => "the subscriber lacks it".to_owned(),
            (Some(_), _) => "only the subscriber has it".to_owned(),
        };
        return (format!("{what}{message}"), None);
    };
    let (old, new) = (value(difference.publisher.as_deref()), value(difference.subscriber.as_deref()));
    let is_digest = [&old, &new].iter().any(|text| text.contains("md5 "));
    if is_digest {
        return (format!("{what}{fact} differs"), None);
    }
    if old.chars().count().max(new.chars().count()) <= SHORT {
        let verb = if PLURAL.contains(&fact) { "are" } else { "is" };
        return (format!("{what}{fact} {verb} {old} on the publisher, but {new} on the subscriber"), None);
    }
    let cut = |text: String| match text.char_indices().nth(LONG) {
        Some((at, _)) => format!("{} ...", &text[..at]),
        None => text,
    };
    (format!("{what}{fact} differs"), Some(format!("Publisher: {}. Subscriber: {}.", cut(old), cut(new))))
}

/// A value as a message says it; `not set` where a fact is as usual.
fn value(text: Option<&str>) -> String {
    match text {
        None => "not set".to_owned(),
        Some("") => "empty".to_owned(),
        Some(text) => one_line(&text.split_whitespace().collect::<Vec<_>>().join(" ")),
    }
}
