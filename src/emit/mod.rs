//! A plan spelled out: SQL files, manifest, runbook. Pure: no file, no clock; the plan leaves nothing to choose.
//!
//! `ddl` has the statements, `session` what every file begins with, `checks` what refuses to go on, `settings` whether
//! they are large enough, `guards` and `foreign_keys` what must be remembered to be undone, `slots` replication slots, `copy` the order of
//! the steps with those up to the start, `verify`, `cutover` and `cleanup` the later ones, `runbook` the prose.

mod aurora;
mod bootstrap;
mod checks;
mod cleanup;
mod clone;
mod compare;
mod copy;
mod cutover;
pub mod ddl;
mod drift;
mod dump;
mod foreign_keys;
mod guards;
mod pause;
pub mod probe;
#[cfg(test)]
mod readback;
mod reverse;
mod rollback;
mod runbook;
mod schema;
pub mod script;
mod session;
mod settings;
mod shell;
mod slots;
mod support;
mod targets;
#[cfg(test)]
pub(crate) mod tests;
mod verify;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

pub use crate::plan::{Bootstrap, Publishes};
pub use script::{Manifest, ManifestStep, Phase, Script, Side, Step, Support, Variable};

use crate::{
    finding::{Finding, Subject, code},
    names::{NameError, SlotName, TableName},
    plan::{InvalidPublish, Plan, PlannedSlot, PlannedTable},
    server::ServerVersion,
    workload::TableKind,
};

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Files for psql.
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

/// Why a plan cannot be spelled out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EmitError {
    /// A version lacks what the plan asks of it.
    #[error("cannot emit {feature} for {side} version {version}: it needs version {needed}")]
    Unsupported {
        /// What.
        feature: String,
        /// Which server.
        side: &'static str,
        /// Its version.
        version: ServerVersion,
        /// From which major version on.
        needed: u32,
    },
    /// A name that no catalog holds.
    #[error(transparent)]
    Name(#[from] NameError),
    /// Two slots of one name, or two publications, or two subscriptions.
    #[error("the plan has two {kind} of the name \"{name}\"")]
    Duplicate {
        /// `slots`, `publications`, `subscriptions`.
        kind: &'static str,
        /// The name.
        name: String,
    },
    /// A table whose changes would arrive twice.
    #[error("table {0} is in more than one place of the plan, and not as shards")]
    Repeated(TableName),
    /// A partition that its root covers, and that is listed too.
    #[error("partition {leaf} is listed, and so is its root {root}: its changes would arrive twice")]
    RootAndPartition {
        /// The topmost partitioned table.
        root: TableName,
        /// The partition.
        leaf: TableName,
    },
    /// A slot without a table.
    #[error("slot \"{0}\" has no tables")]
    EmptySlot(SlotName),
    /// A member is insert-only, but the slot has no second publication.
    #[error("slot \"{0}\" has insert-only tables, but no publication for them")]
    NoInsertOnlyPublication(SlotName),
    /// A publication's name that no walsender can read: `START_REPLICATION` takes no `E''` literal, which is what a
    /// subscription sends for a backslash (13 and 15: endless "syntax error").
    #[error("invalid publication name \"{0}\": no subscription can ask for a name with a backslash")]
    PublicationName(String),
    /// The plan has no slot.
    #[error("the plan has no slots")]
    NoSlots,
    /// A row filter that is not one plain expression.
    #[error("invalid row filter of table {table}: {reason}")]
    RowFilter {
        /// The table.
        table: TableName,
        /// What is wrong.
        reason: &'static str,
    },
    /// A row-filtered table in a publication with truncate (postgres.md H3).
    #[error("slot \"{slot}\" would replicate TRUNCATE of table {table}, which is split by row filters")]
    TruncatedShard {
        /// The slot.
        slot: SlotName,
        /// The table.
        table: TableName,
    },
    /// The plan needs something that the target has no words for.
    #[error("target {target} cannot say {what}: {reason}")]
    Target {
        /// The target's word.
        target: &'static str,
        /// What the plan needs.
        what: String,
        /// What the target has.
        reason: &'static str,
    },
    /// A dump has all columns, a clone too.
    #[error("bootstrap \"{bootstrap}\" cannot leave columns of table {table} out")]
    ColumnList {
        /// The bootstrap.
        bootstrap: &'static str,
        /// The table.
        table: TableName,
    },
    /// A physical copy cannot go to an older major version.
    #[error(
        "bootstrap \"{bootstrap}\" cannot make a subscriber of version {subscriber} from a publisher of version {publisher}"
    )]
    OlderClone {
        /// The bootstrap.
        bootstrap: &'static str,
        /// The publisher's version.
        publisher: ServerVersion,
        /// The subscriber's version.
        subscriber: ServerVersion,
    },
    /// A publish list that no server takes.
    #[error(transparent)]
    Publish(#[from] InvalidPublish),
}

/// What all steps are made from.
pub(crate) struct Context<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// How the data gets to the subscriber.
    pub bootstrap: Bootstrap,
    /// What is published, in the order of slots.
    pub publications: Vec<Published<'a>>,
}

impl<'a> Context<'a> {
    /// Names of the publications of a slot: its own, and the one for insert-only members.
    pub fn publication_names(&self, slot: &PlannedSlot) -> Vec<&'a str> {
        self.publications.iter().filter(|published| published.slot.name == slot.name).map(|p| p.name).collect()
    }
}

/// One publication of a slot.
pub(crate) struct Published<'a> {
    /// Whose.
    pub slot: &'a PlannedSlot,
    /// Its name.
    pub name: &'a str,
    /// What it publishes.
    pub publishes: Publishes,
    /// The members, at least one, in the order of the plan.
    pub tables: Vec<&'a PlannedTable>,
    /// The same, spelled and checked.
    pub members: Vec<ddl::Member>,
}

/// Spells the plan out.
///
/// # Errors
/// [`EmitError`] when a version lacks what the plan asks, or the plan contradicts itself.
pub fn script(plan: &Plan, options: &EmitOptions) -> Result<Script, EmitError> {
    bootstrap::possible(plan, options.bootstrap)?;
    let context = Context { plan, bootstrap: options.bootstrap, publications: publications(plan)? };
    let (steps, dropped) = targets::apply(options.target, &context, copy::steps(&context)?)?;
    let mut findings = findings(plan);
    findings.extend(dropped);
    findings.sort();
    let runbook = runbook::markdown(&context, &steps, &findings)?;
    let support = support::files(&context);
    Ok(Script {
        plan_sha256: plan.plan_sha256.clone(),
        bootstrap: options.bootstrap,
        steps,
        support,
        runbook,
        findings,
    })
}

/// The publications, after everything that a version or a contradiction could refuse was looked at.
fn publications(plan: &Plan) -> Result<Vec<Published<'_>>, EmitError> {
    if plan.slots.is_empty() {
        return Err(EmitError::NoSlots);
    }
    unique("slots", plan.slots.iter().map(|slot| slot.name.as_str()))?;
    let second = plan.slots.iter().filter_map(|slot| slot.insert_only_publication.as_deref());
    unique("publications", plan.slots.iter().map(|slot| slot.publication.as_str()).chain(second))?;
    unique("subscriptions", plan.slots.iter().map(|slot| slot.subscription.as_str()))?;
    covered_once(plan)?;
    let mut publications = Vec::new();
    for slot in &plan.slots {
        publications.extend(slot_publications(plan, slot)?);
    }
    Ok(publications)
}

/// No change is sent twice: each table once, or as shards; a partition by itself or through its root.
fn covered_once(plan: &Plan) -> Result<(), EmitError> {
    let mut listed: BTreeMap<TableName, &PlannedTable> = BTreeMap::new();
    for (_, table) in plan.members() {
        let name = table.table_name();
        if listed
            .insert(name.clone(), table)
            .is_some_and(|other| other.row_filter.is_none() || table.row_filter.is_none())
        {
            return Err(EmitError::Repeated(name));
        }
    }
    for (name, table) in &listed {
        let root = table.partition_root.as_ref().filter(|root| listed.contains_key(*root));
        if let Some(root) = root {
            return Err(EmitError::RootAndPartition { root: root.clone(), leaf: name.clone() });
        }
        if let Some(leaf) = table.leaves.iter().find(|leaf| listed.contains_key(*leaf)) {
            return Err(EmitError::RootAndPartition { root: name.clone(), leaf: leaf.clone() });
        }
    }
    Ok(())
}

fn unique<'a>(kind: &'static str, names: impl Iterator<Item = &'a str>) -> Result<(), EmitError> {
    let mut seen = BTreeSet::new();
    for name in names {
        TableName::new("x", name).check()?; // the same rule for every name: not empty, no NUL, at most 63 bytes
        if !seen.insert(name) {
            return Err(EmitError::Duplicate { kind, name: name.to_owned() });
        }
    }
    Ok(())
}

/// A slot's publications: its own, then the one for insert-only members; none is without members.
fn slot_publications<'a>(plan: &Plan, slot: &'a PlannedSlot) -> Result<Vec<Published<'a>>, EmitError> {
    if slot.tables.is_empty() {
        return Err(EmitError::EmptySlot(slot.name.clone()));
    }
    if slot.via_root && !plan.publisher_version.publishes_partition_roots() {
        return Err(unsupported("publish_via_partition_root", "publisher", plan.publisher_version, 13));
    }
    let mut publications: Vec<Published<'a>> = Vec::new();
    for insert_only in [false, true] {
        let tables: Vec<&PlannedTable> = slot.tables.iter().filter(|table| table.insert_only == insert_only).collect();
        let Some(first) = tables.first() else { continue };
        let name = if insert_only { slot.insert_only_publication.as_deref() } else { Some(slot.publication.as_str()) };
        let name = name.ok_or_else(|| EmitError::NoInsertOnlyPublication(slot.name.clone()))?;
        if name.contains('\\') {
            return Err(EmitError::PublicationName(crate::names::one_line(name)));
        }
        let publishes = Publishes::of_table(slot, first)?;
        let members = tables.iter().map(|table| member(plan, slot, table)).collect::<Result<_, _>>()?;
        publications.push(Published { slot, name, publishes, tables, members });
    }
    Ok(publications)
}

fn member(plan: &Plan, slot: &PlannedSlot, table: &PlannedTable) -> Result<ddl::Member, EmitError> {
    table.table_name().check()?;
    supported(plan, slot, table)?;
    if table.row_filter.is_some() && Publishes::of(slot)?.truncate {
        return Err(EmitError::TruncatedShard { slot: slot.name.clone(), table: table.table_name() });
    }
    ddl::Member::of(table).map_err(|reason| EmitError::RowFilter { table: table.table_name(), reason })
}

fn supported(plan: &Plan, slot: &PlannedSlot, table: &PlannedTable) -> Result<(), EmitError> {
    let (publisher, subscriber) = (plan.publisher_version, plan.subscriber_version);
    let name = table.table_name();
    if table.kind == TableKind::Partitioned {
        let feature = format!("partitioned table {name} as a member");
        if !publisher.publishes_partition_roots() {
            return Err(unsupported(feature, "publisher", publisher, 13));
        }
        if slot.via_root && !subscriber.receives_into_partition_roots() {
            return Err(unsupported(feature, "subscriber", subscriber, 13));
        }
    }
    if table.row_filter.is_some() || table.columns.is_some() {
        let feature = format!("a row filter or column list of table {name}");
        if !publisher.has_row_filters() {
            return Err(unsupported(feature, "publisher", publisher, 15));
        }
        // an older subscriber copies every row and column (postgres.md §1.3)
        if !subscriber.has_row_filters() {
            return Err(unsupported(feature, "subscriber", subscriber, 15));
        }
    }
    Ok(())
}

fn unsupported(feature: impl Into<String>, side: &'static str, version: ServerVersion, needed: u32) -> EmitError {
    EmitError::Unsupported { feature: feature.into(), side, version, needed }
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
    let cut = plan.foreign_keys.iter().filter(|key| key.cut && key.from != key.to).count();
    if cut > 0 && plan.policy.foreign_keys == crate::policy::ForeignKeyMode::Restore {
        findings.push(
            Finding::new(
                code::EM102,
                Subject::Subscriber,
                format!("{cut} foreign keys are absent on the subscriber until the cutover"),
            )
            .detail("A replicated TRUNCATE of a table that they reference would stop its slot for ever.")
            .hint("Restore them after the drain and validate them once writes are open: the files for it are emitted."),
        );
    }
    findings.sort();
    findings
}
