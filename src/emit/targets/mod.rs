//! Other targets than psql: the steps that make publications, slots and subscriptions become a manifest of another tool;
//! all others stay. What a tool cannot say is refused where the plan needs it for correctness, and dropped with a finding
//! where it only prefers it (see `docs/architecture.md`).

mod ansible;
mod cnpg;
mod terraform;
#[cfg(test)]
mod tests;
mod yaml;

use serde_json::Value;

use super::{
    Bootstrap, Context, EmitError, Target,
    step::{Step, StepId},
    steps::start,
};
use crate::{
    finding::{Finding, Subject, code},
    plan::PlannedTable,
};

/// Steps for psql that are replaced, those in their place with the same identifiers, and what the target leaves out.
type Made = (&'static [StepId], Vec<Step>, Vec<Finding>);

/// The steps of a target, made from those for psql, and what was dropped on the way.
///
/// # Errors
/// [`EmitError::Target`] when the target cannot say what the plan needs.
pub(super) fn apply(
    target: Target,
    context: &Context<'_>,
    steps: Vec<Step>,
) -> Result<(Vec<Step>, Vec<Finding>), EmitError> {
    let word = match target {
        Target::Sql => "sql",
        Target::Cnpg => "cnpg",
        Target::Terraform => "terraform",
        Target::Ansible => "ansible",
    };
    if target != Target::Sql && context.bootstrap != Bootstrap::Copy {
        // their subscriptions copy: over loaded tables every row would come twice
        return refuse(word, "another bootstrap than copy".into(), "its subscriptions copy their tables by themselves");
    }
    if target != Target::Sql && context.failover_slots {
        // a slot that is there is marked only by ALTER SUBSCRIPTION of a subscription that is disabled
        return refuse(word, "failover slots".into(), "its subscriptions begin at once");
    }
    let (replaced, mut made, mut findings) = match target {
        Target::Sql => return Ok((steps, Vec::new())),
        Target::Cnpg => cnpg::steps(context)?,
        Target::Terraform => terraform::steps(context)?,
        Target::Ansible => ansible::steps(context)?,
    };
    if !context.plan.subscriber_version.asks_for_formats() {
        findings.push(
            Finding::new(code::EM204, Subject::Subscriber, "subscriptions of this version do not ask for formats")
                .detail("DateStyle, IntervalStyle and extra_float_digits of the publisher's database or role change what arrives.")
                .hint("Put options='-c datestyle=ISO -c intervalstyle=postgres -c extra_float_digits=3' into the connection string of the publisher."),
        );
    }
    let what_follows = made.iter().find(|step| step.id == StepId::Subscriptions).map(|step| step.file.clone());
    let mut all = Vec::new();
    for step in steps {
        if step.id == StepId::Subscriptions {
            // another tool makes them, and does not know the mark that later steps look for
            all.push(start::prepare(what_follows.as_deref().unwrap_or_default()));
        }
        if replaced.contains(&step.id) {
            all.extend(made.extract_if(.., |other| other.id == step.id));
        } else {
            all.push(step);
        }
    }
    Ok((all, findings))
}

fn refuse<T>(target: &'static str, what: String, reason: &'static str) -> Result<T, EmitError> {
    Err(EmitError::Target { target, what, reason })
}

/// Refuses names that a tool would split or quote wrongly: it takes `schema.table` as one word.
fn plain_name(target: &'static str, table: &PlannedTable) -> Result<String, EmitError> {
    for part in [&table.schema, &table.name] {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '-' | ' ');
        if !part.chars().all(plain) || part.trim() != part {
            return refuse(
                target,
                format!("the name of table {}", table.table_name()),
                "it takes schema.table as one word",
            );
        }
    }
    Ok(format!("{}.{}", table.schema, table.name))
}

/// `WITH` options of a subscription onto a slot that exists, as text.
fn subscription_parameters(context: &Context<'_>, slot: &str) -> Vec<(&'static str, Value)> {
    let mut parameters: Vec<(&'static str, Value)> =
        [("copy_data", "true"), ("create_slot", "false"), ("slot_name", slot)]
            .map(|(name, value)| (name, Value::from(value)))
            .into();
    if let Some(streaming) = super::planned::streaming(context.plan.publisher_version, context.plan.subscriber_version)
    {
        parameters.push(("streaming", Value::from(streaming.as_str())));
    }
    parameters
}

#[cfg(test)]
pub(in crate::emit) use yaml::to_yaml;
