//! A plan spelled out: scripts, manifest, runbook. Pure: no file, no clock; the plan leaves nothing to choose.
//!
//! What is emitted is data once (`planned`), logic static (`assets`), order on top (`order`, `steps`, `bootstraps`): a step
//! file is a head and what it includes. `ddl` has the statements that must be generated, `runbook` the prose.

mod assets;
mod bootstraps;
mod ddl;
mod error;
mod order;
mod planned;
mod published;
#[cfg(test)]
mod readback;
mod runbook;
mod script;
mod step;
mod steps;
mod targets;
#[cfg(test)]
pub(crate) mod tests;
mod variables;

use serde::{Deserialize, Serialize};

pub use crate::plan::{Bootstrap, Publishes};
pub(crate) use ddl::Streaming;
pub use ddl::do_block;
pub use error::EmitError;
pub use script::{Manifest, ManifestStep, Script, Support};
pub use step::{Phase, Step, StepId, StepSide, Variable};

use crate::{
    finding::{Finding, Subject, code},
    plan::{Plan, PlannedSlot},
    workload::TableKind,
};
use published::Published;

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Target {
    /// Files for psql and sh.
    #[default]
    Sql,
    /// CloudNativePG objects for subscriptions, and for publications where the publisher is such a cluster.
    Cnpg,
    /// Terraform JSON for the provider cyrilgdn/postgresql.
    Terraform,
    /// An Ansible playbook for the collection community.postgresql.
    Ansible,
}

/// What to emit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EmitOptions {
    /// What is written.
    pub target: Target,
    /// How the data gets to the subscriber.
    pub bootstrap: Bootstrap,
}

/// What all steps are made from.
pub(crate) struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How the data gets to the subscriber.
    pub bootstrap: Bootstrap,
    /// What is published, in the order of slots.
    pub publications: Vec<Published<'a>>,
    /// Names of the way back.
    pub mirrors: planned::Mirrors,
}

impl<'a> Context<'a> {
    /// Reads a plan for emitting.
    ///
    /// # Errors
    /// [`EmitError`] when a version lacks what the plan asks, or the plan contradicts itself.
    pub fn new(plan: &'a Plan, bootstrap: Bootstrap) -> Result<Self, EmitError> {
        bootstraps::possible(plan, bootstrap)?;
        let publications = published::publications(plan)?;
        let mirrors = planned::Mirrors::of(plan, &publications);
        Ok(Context { plan, bootstrap, publications, mirrors })
    }

    /// Names of the publications of a slot: its own, and the one for insert-only members.
    pub fn publication_names<'s>(&self, slot: &'s PlannedSlot) -> Vec<&'s str> {
        slot.publications().into_iter().filter_map(|published| published.name).collect()
    }

    /// Whether the subscriber has the publisher's system identifier for good: a clone that was not upgraded. Its row in the
    /// state table then stays after the clean-up.
    pub fn shares_identity(&self) -> bool {
        self.bootstrap.is_physical() && self.plan.publisher_version.major() == self.plan.subscriber_version.major()
    }

    /// Heap and TOAST of all members, bytes.
    pub fn copy_bytes(&self) -> u64 {
        self.plan.slots.iter().fold(0, |sum, slot| sum.saturating_add(slot.copy_bytes))
    }
}

/// Spells the plan out.
///
/// # Errors
/// [`EmitError`] when a version lacks what the plan asks, or the plan contradicts itself.
pub fn script(plan: &Plan, options: &EmitOptions) -> Result<Script, EmitError> {
    let context = Context::new(plan, options.bootstrap)?;
    let (steps, dropped) = targets::apply(options.target, &context, order::steps(&context))?;
    let steps = order::finish(&context, steps);
    let mut findings = findings(plan);
    findings.extend(dropped);
    findings.sort();
    let mut support = planned::files(&context, &steps);
    support.extend(assets::needed(&steps, &support));
    support.sort_by(|a, b| a.file.cmp(&b.file));
    let runbook = runbook::markdown(&context, &steps, &findings);
    Ok(Script {
        plan_sha256: plan.plan_sha256.to_string(),
        bootstrap: options.bootstrap,
        statements: planned::statements(&context),
        steps,
        support,
        runbook,
        findings,
    })
}

/// What the files cannot say for themselves.
fn findings(plan: &Plan) -> Vec<Finding> {
    let mut findings = Vec::new();
    for slot in &plan.slots {
        for table in &slot.tables {
            if table.kind == TableKind::Partitioned && slot.via_root {
                findings.push(
                    Finding::new(
                        code::EM101,
                        Subject::Table(table.table_name()),
                        "TRUNCATE of one partition is not replicated",
                    )
                    .detail("The tree is published through its root and copied by one COPY.")
                    .hint("Truncate the root, or the same partition on both servers."),
                );
            }
        }
    }
    let cut = plan.foreign_keys.iter().filter(|key| key.cut && key.key.from != key.key.to).count();
    if cut > 0 && plan.policy.foreign_keys == crate::policy::ForeignKeyMode::Restore {
        findings.push(
            Finding::new(
                code::EM102,
                Subject::Subscriber,
                format!("{cut} foreign keys are absent on the subscriber until the cutover"),
            )
            .detail("A replicated TRUNCATE of a table that they reference would stop its slot forever.")
            .hint("Restore them after the drain and validate them once writes are open: the steps for it are emitted."),
        );
    }
    findings.sort();
    findings
}
