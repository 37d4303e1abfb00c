//! What differs: between a plan and the policy that it should follow, and between a plan that is kept and the one that planning
//! again gives. For continuous integration; which release wrote a file is no difference.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::Plan;
use crate::{
    finding::{Finding, Subject, code},
    names::{SlotName, TableName},
    policy::Policy,
    units::counted,
};

/// At most so many tables are named.
const NAMED: usize = 8;

/// `AU108`: the plan was made with another policy.
pub fn from_policy(plan: &Plan, policy: &Policy) -> Option<Finding> {
    let fields = differing(&plan.policy, policy, &[]);
    (!fields.is_empty()).then(|| {
        let verb = if fields.len() == 1 { "differs" } else { "differ" };
        let message = format!("the plan was made with another policy: {} {verb}", quoted(&fields));
        let described = fields.iter().map(|field| {
            let value = |policy: &Policy| text(&fields_of(policy), field);
            format!("{field}: {} in the plan, {} in the policy", value(&plan.policy), value(policy))
        });
        let detail = described.collect::<Vec<_>>().join("; ");
        Finding::new(code::AU108, Subject::Policy, message)
            .detail(format!("{detail}."))
            .hint("Plan again with this policy file and no option that replaces it.")
    })
}

/// `AU109`: planning again gives another plan than the one that is kept.
pub fn from_kept(kept: &Plan, again: &Plan) -> Option<Finding> {
    let fields = differing(kept, again, &["tool", "plan_sha256"]);
    (!fields.is_empty()).then(|| {
        let moved = moved(kept, again);
        let mut detail = format!("Other than in the plan that is kept: {}.", quoted(&fields));
        if !moved.is_empty() {
            let shown: Vec<String> = moved.iter().take(NAMED).map(ToString::to_string).collect();
            let more = moved.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            detail.push_str(&format!(" In other slots: {}{rest}.", shown.join(", ")));
        }
        let message = match moved.len() {
            0 => "planning again gives another plan, with every table in the same slot".to_owned(),
            count => format!("planning again gives another plan: {} would be in other slots", counted(count, "table")),
        };
        Finding::new(code::AU109, Subject::Plan, message)
            .detail(detail)
            .hint("Plan with the workload, policy and options that belong to it, and keep the new plan if it is meant.")
    })
}

fn fields_of(value: &impl Serialize) -> BTreeMap<String, Value> {
    match serde_json::to_value(value) {
        Ok(Value::Object(fields)) => fields.into_iter().collect(),
        _ => BTreeMap::new(),
    }
}

/// Names of the fields that differ, absent ones too.
fn differing<T: Serialize>(one: &T, other: &T, but: &[&str]) -> Vec<String> {
    let (one, other) = (fields_of(one), fields_of(other));
    let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differs = |name: &&&String| !but.contains(&name.as_str()) && one.get(**name) != other.get(**name);
    names.iter().filter(differs).map(|name| (*name).clone()).collect()
}

fn text(fields: &BTreeMap<String, Value>, name: &str) -> String {
    fields.get(name).map_or_else(|| "not set".to_owned(), Value::to_string)
}

fn quoted(fields: &[String]) -> String {
    fields.iter().map(|field| format!("\"{field}\"")).collect::<Vec<_>>().join(", ")
}

/// Tables that are not in the same slots.
fn moved(kept: &Plan, again: &Plan) -> Vec<TableName> {
    let (kept, again) = (slots(kept), slots(again));
    let tables: BTreeSet<&TableName> = kept.keys().chain(again.keys()).collect();
    tables.into_iter().filter(|table| kept.get(table) != again.get(table)).cloned().collect()
}

fn slots(plan: &Plan) -> BTreeMap<TableName, BTreeSet<&SlotName>> {
    let mut slots: BTreeMap<TableName, BTreeSet<&SlotName>> = BTreeMap::new();
    for (slot, table) in plan.members() {
        slots.entry(table.table_name()).or_default().insert(&slot.name);
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cost::{CoefficientSets, CostModel},
        generate::{GenerateSettings, generate},
        optimize::{Budget, OptimizeOptions, optimize},
        policy::PublicationCount,
    };

    fn plan(publications: PublicationCount) -> Plan {
        let settings =
            GenerateSettings { tables: 12, hours: 3, hot: 1, no_key_share: 0.0, ..GenerateSettings::default() };
        let workload = generate(&settings).unwrap();
        let policy = Policy { publications, ..Policy::default() };
        let cost = CostModel::new(&workload, &policy, CoefficientSets::default(), None).unwrap();
        let options = OptimizeOptions { budget: Budget::Evaluations(50), ..OptimizeOptions::default() };
        optimize(&workload, &policy, &cost, &options).unwrap()
    }

    #[test]
    fn the_release_is_no_difference_and_all_else_is() {
        let two = plan(PublicationCount::Range(2, 2));
        let other_release = Plan { tool: "pgslotplan 9.9.9".into(), ..two.clone() };
        assert_eq!(from_kept(&two, &other_release), None);
        let three = plan(PublicationCount::Range(3, 3));
        let finding = from_kept(&two, &three).unwrap();
        assert_eq!(finding.code, "AU109");
        let detail = finding.detail.unwrap();
        assert!(
            detail.contains("\"policy\"") && detail.contains("\"slots\"") && detail.contains("In other slots: "),
            "{detail}"
        );
        let seeded = Plan { seed: two.seed + 1, ..two.clone() };
        let finding = from_kept(&two, &seeded).unwrap();
        assert!(finding.message.ends_with("every table in the same slot"), "{}", finding.message);
    }

    #[test]
    fn each_field_of_another_policy_is_named() {
        let plan = plan(PublicationCount::Range(2, 2));
        assert_eq!(from_policy(&plan, &plan.policy), None);
        let policy = Policy { headroom: 0.5, max_slots: Some(7), ..plan.policy.clone() };
        let finding = from_policy(&plan, &policy).unwrap();
        assert_eq!(finding.message, "the plan was made with another policy: \"headroom\", \"max_slots\" differ");
        assert_eq!(
            finding.detail.as_deref(),
            Some("headroom: 0.3 in the plan, 0.5 in the policy; max_slots: not set in the plan, 7 in the policy.")
        );
        let one = Policy { headroom: 0.5, ..plan.policy.clone() };
        assert!(from_policy(&plan, &one).unwrap().message.ends_with("\"headroom\" differs"));
    }
}
