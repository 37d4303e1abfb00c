//! A plan spelled out: scripts, manifest, runbook. Pure: no file, no clock; the plan leaves nothing to choose.
//!
//! What is emitted is data once (`planned`), logic static (`assets`), order on top (`order`, `steps`, `bootstraps`): a step
//! file is a head and what it includes. `ddl` has the statements that must be generated, `runbook` the prose.

mod assets;
mod bootstraps;
mod ddl;
mod error;
mod kit;
mod meanwhile;
mod order;
mod planned;
mod published;
#[cfg(test)]
mod readback;
mod repair;
mod runbook;
mod script;
mod step;
mod steps;
mod targets;
#[cfg(test)]
pub(crate) mod tests;
mod transition;
mod variables;

use serde::{Deserialize, Serialize};

pub use crate::{
    plan::{Bootstrap, Publishes},
    server::Privileges,
};
pub(crate) use ddl::Streaming;
pub use ddl::do_block;
pub use error::EmitError;
pub use kit::{Kit, Repair};
pub use script::{Manifest, ManifestStep, Script, Support};
pub use step::{Phase, Step, StepId, StepSide, Variable};

use crate::{
    finding::{Finding, Subject, code},
    plan::{Plan, PlannedSlot},
    server::ServerVersion,
    workload::TableKind,
};
use kit::Part;
use published::Published;
use transition::Transition;

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
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EmitOptions {
    /// What is written.
    pub target: Target,
    /// How the data gets to the subscriber.
    pub bootstrap: Bootstrap,
    /// What the roles that run the files may do.
    pub privileges: Privileges,
    /// Slots are marked for standbys, which then keep copies of them.
    pub failover_slots: bool,
    /// All of the plan, or what of it is made again.
    pub kit: Kit,
}

/// What all steps are made from.
pub(crate) struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How the data gets to the subscriber.
    pub bootstrap: Bootstrap,
    /// What the roles that run the files may do.
    pub privileges: Privileges,
    /// Slots are marked for standbys.
    pub failover_slots: bool,
    /// What is published, in the order of slots.
    pub publications: Vec<Published<'a>>,
    /// Names of the way back.
    pub mirrors: planned::Mirrors,
    /// What is repaired; all of the plan when there is none.
    pub part: Option<Part>,
    /// The tables get their keys when the rows are there.
    pub keys_come_later: bool,
}

impl<'a> Context<'a> {
    /// Reads a plan for emitting.
    ///
    /// # Errors
    /// [`EmitError`] when a version lacks what the plan asks, or the plan contradicts itself.
    pub fn new(plan: &'a Plan, options: &EmitOptions) -> Result<Self, EmitError> {
        let bootstrap = options.bootstrap;
        bootstraps::possible(plan, bootstrap)?;
        for (side, version) in [("publisher", plan.publisher_version), ("subscriber", plan.subscriber_version)] {
            if options.failover_slots && !version.has_failover_slots() {
                // the subscription asks the publisher for it: both must know the option
                return Err(EmitError::FailoverSlots { side, version });
            }
        }
        let publications = published::publications(plan)?;
        let mirrors = planned::Mirrors::of(plan, &publications);
        let part = match &options.kit {
            Kit::Whole | Kit::Transition(_) => None,
            Kit::Repair(repairs) => Some(Part::of(plan, repairs)?),
        };
        // whatever is made again, or joins, copies by itself
        let keys_come_later = bootstrap.makes_keys_later() && options.kit == Kit::Whole;
        let (privileges, failover_slots) = (options.privileges, options.failover_slots);
        Ok(Context { plan, bootstrap, privileges, failover_slots, publications, mirrors, part, keys_come_later })
    }

    /// The slots that this kit touches, with their numbers in the plan.
    pub fn slots(&self) -> impl Iterator<Item = (usize, &'a PlannedSlot)> {
        let touches = |slot: &PlannedSlot| self.part.as_ref().is_none_or(|part| part.touches(slot));
        self.plan.slots.iter().enumerate().filter(move |(_, slot)| touches(slot))
    }

    /// Their publications, with their numbers in the plan.
    pub fn publications(&self) -> impl Iterator<Item = (usize, &Published<'a>)> {
        let touches = |slot: &PlannedSlot| self.part.as_ref().is_none_or(|part| part.touches(slot));
        self.publications.iter().enumerate().filter(move |(_, published)| touches(published.slot))
    }

    /// Whether this kit makes the subscription of a slot.
    pub fn makes(&self, slot: &PlannedSlot) -> bool {
        self.part.as_ref().is_none_or(|part| part.makes(slot))
    }

    /// Whether this kit brings the rows of a table.
    pub fn copies(&self, slot: &PlannedSlot, table: &crate::plan::PlannedTable) -> bool {
        self.part.as_ref().is_none_or(|part| part.copies(slot, table))
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

    /// Whether the old server can follow the new one after the cutover: it takes subscriptions there.
    pub fn has_way_back(&self) -> bool {
        self.privileges.may_subscribe(self.plan.server.flavor, self.plan.publisher_version)
    }

    /// Heap and TOAST of all members that are copied, bytes.
    pub fn copy_bytes(&self) -> u64 {
        let Some(part) = &self.part else {
            return self.plan.slots.iter().fold(0, |sum, slot| sum.saturating_add(slot.copy_bytes));
        };
        let copied = self.plan.members().filter(|(slot, table)| part.copies(slot, table));
        copied.fold(0, |sum, (_, table)| sum.saturating_add(table.copy_bytes))
    }
}

/// Spells the plan out.
///
/// # Errors
/// [`EmitError`] when a version lacks what the plan asks, or the plan contradicts itself.
pub fn script(plan: &Plan, options: &EmitOptions) -> Result<Script, EmitError> {
    let context = Context::new(plan, options)?;
    let is_whole = context.part.is_none();
    if options.kit != Kit::Whole && options.target != Target::Sql {
        return Err(EmitError::RepairTarget);
    }
    let running = match &options.kit {
        Kit::Transition(running) => Some(Context::new(running, &EmitOptions { kit: Kit::Whole, ..options.clone() })?),
        _ => None,
    };
    let transition = running.as_ref().map(|running| Transition::between(running, &context)).transpose()?;
    let steps = match &transition {
        Some(transition) => order::transition(&context, transition),
        None if is_whole => order::steps(&context),
        None => repair::steps(&context),
    };
    let (steps, dropped) = targets::apply(options.target, &context, steps)?;
    let steps = order::finish(&context, steps);
    // what is to be known before the start was read then
    let mut findings = if is_whole { findings(&context) } else { Vec::new() };
    findings.extend(dropped);
    findings.sort();
    let mut support = planned::files(&context, &steps);
    support.extend(transition.iter().flat_map(|transition| planned::transition_files(&context, transition)));
    support.extend(assets::needed(&steps, &support));
    if !is_whole {
        support.retain(|file| file.file != assets::CUTOVER_EXAMPLE);
    }
    support.sort_by(|a, b| a.file.cmp(&b.file));
    let runbook = match &context.part {
        None => runbook::markdown(&context, transition.as_ref(), &steps, &findings),
        Some(part) => repair::runbook(&context, part, &steps),
    };
    Ok(Script {
        plan_sha256: plan.plan_sha256.to_string(),
        bootstrap: options.bootstrap,
        privileges: options.privileges,
        failover_slots: options.failover_slots,
        kit: options.kit.clone(),
        statements: planned::statements(&context),
        steps,
        support,
        runbook,
        findings,
    })
}

/// What takes more than the roles that run the files have, and what becomes of it.
fn without_superuser(context: &Context<'_>) -> Vec<Finding> {
    let (plan, privileges, flavor) = (context.plan, context.privileges, context.plan.server.flavor);
    let mut findings = Vec::new();
    let subscribes = |side: &str, version: ServerVersion| {
        format!(
            "Version {version} of the {side} lets only superusers create subscriptions, and {}.",
            match flavor.admin() {
                Some(admin) if flavor.admins_subscribe() => format!("members of {admin}"),
                _ => "nobody else".to_owned(),
            }
        )
    };
    if !context.has_way_back() {
        findings.push(
            Finding::new(code::EM301, Subject::Publisher, "there is no way back once the new server is open")
                .detail(subscribes("publisher", plan.publisher_version))
                .hint("Rehearse the cutover, and go back with abort.sh before the first write; or have these files run by a role that may."),
        );
    }
    if !privileges.may_subscribe(flavor, plan.subscriber_version) {
        findings.push(
            Finding::new(code::EM302, Subject::Subscriber, "the subscriptions must be made by somebody else")
                .detail(subscribes("subscriber", plan.subscriber_version))
                .hint(flavor.to_subscribe(plan.subscriber_version, "ROLE", &plan.database)),
        );
    }
    if !privileges.may_freeze(flavor) {
        findings.push(
            Finding::new(code::EM303, Subject::Publisher, "the schema is not frozen before the cutover")
                .detail("It takes event triggers, which this role may not create. The cutover compares both schemas once more before it begins.")
                .hint("Keep deployments away from the freeze until the new server is open."),
        );
    }
    findings
}

/// What the files cannot say for themselves.
fn findings(context: &Context<'_>) -> Vec<Finding> {
    let plan = context.plan;
    let mut findings = without_superuser(context);
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
