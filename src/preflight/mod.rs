//! Both servers against the plan, before anything is made: facts in, findings out. Pure; `pg::preflight` reads the facts.
//!
//! `limits` has the budgets of settings, `server` version, role and what runs, `privileges` which steps its role cannot take, `identity` what the publisher's tables
//! need, `publisher` what else is there, `target` the subscriber's tables, `tenants` whose code would run as whom, `compare` both schemas side by side, `drift`
//! plan against live catalog, `copied` what a copy of the publisher's folder lacks, `leftovers` what an earlier run or a clone left, `network` the way between, `disk` what is
//! retained meanwhile, `sight` what was not seen. Rules and numbers: the section of the manual or the measured trap is
//! named where the check is. Every code is in `docs/findings.md`.

mod compare;
mod copied;
mod disk;
mod drift;
pub mod facts;
mod grown;
mod identity;
mod leftovers;
mod limits;
mod network;
mod privileges;
mod publisher;
mod server;
mod sight;
pub mod standbys;
mod target;
mod tenants;
#[cfg(test)]
mod tests;

use crate::{
    finding::{Code, Finding, Subject},
    lsn::Lsn,
    names::TableName,
    plan::{Bootstrap, Plan, PlannedSlot, PlannedTable, Publishes, copy::COPY_BYTES_PER_S},
    server::Privileges,
    units::counted,
};
use facts::{Parsed, SideFacts};
use standbys::Standby;

/// What the operator says that no server tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Circumstances {
    /// How the data gets there.
    pub bootstrap: Bootstrap,
    /// What the roles that run the files are to do.
    pub privileges: Privileges,
    /// Bytes per second that one table copy moves.
    pub copy_bytes_per_s: f64,
    /// Free bytes where the publisher keeps its WAL.
    pub free_wal_bytes: Option<u64>,
    /// Processor cores of the publisher.
    pub publisher_cores: Option<u32>,
    /// How the publisher was reached, when only its own machine can reach it like that.
    pub local_publisher_address: Option<String>,
    /// Where a clone was recovered to.
    pub clone_lsn: Option<Lsn>,
    /// Slots are to outlive a failover of the publisher.
    pub failover_slots: bool,
    /// The publisher's other hosts, where it is asked for such slots.
    pub standbys: Vec<Standby>,
    /// More tables than this are one finding that lists so many.
    pub list_limit: usize,
}

impl Default for Circumstances {
    fn default() -> Self {
        Circumstances {
            bootstrap: Bootstrap::Copy,
            privileges: Privileges::Superuser,
            copy_bytes_per_s: COPY_BYTES_PER_S,
            free_wal_bytes: None,
            publisher_cores: None,
            local_publisher_address: None,
            clone_lsn: None,
            failover_slots: false,
            standbys: Vec::new(),
            list_limit: 20,
        }
    }
}

/// One side: its facts and what became of the statements that it was to parse.
#[derive(Debug, Clone, PartialEq)]
pub struct ObservedSide {
    /// What was read.
    pub facts: SideFacts,
    /// The emitted statements.
    pub parsed: Parsed,
}

/// All that a check may look at.
struct Input<'a> {
    plan: &'a Plan,
    publisher: Option<&'a ObservedSide>,
    subscriber: Option<&'a ObservedSide>,
    circumstances: &'a Circumstances,
}

impl<'a> Input<'a> {
    fn publisher(&self) -> Option<&'a SideFacts> {
        self.publisher.map(|side| &side.facts)
    }

    fn subscriber(&self) -> Option<&'a SideFacts> {
        self.subscriber.map(|side| &side.facts)
    }

    fn both(&self) -> Option<(&'a SideFacts, &'a SideFacts)> {
        Some((self.publisher()?, self.subscriber()?))
    }

    /// The sides that are there, publisher first.
    fn sides(&self) -> Vec<(Subject, &'a SideFacts)> {
        let publisher = self.publisher().map(|facts| (Subject::Publisher, facts));
        publisher.into_iter().chain(self.subscriber().map(|facts| (Subject::Subscriber, facts))).collect()
    }

    /// Tables as one finding each, or as one finding that lists the first of them.
    fn tables(&self, code: &'static Code, side: Subject, summary: &str, mut items: Vec<TableFinding>) -> Vec<Finding> {
        items.sort_by(|a, b| (&a.table, &a.message).cmp(&(&b.table, &b.message)));
        items.dedup_by(|a, b| (&a.table, &a.message) == (&b.table, &b.message));
        let limit = self.circumstances.list_limit;
        if items.len() <= limit {
            let one = |item: TableFinding| Finding {
                detail: item.detail,
                hint: item.hint,
                ..Finding::new(code, Subject::Table(item.table), item.message)
            };
            return items.into_iter().map(one).collect();
        }
        let count = items.len();
        let shown: Vec<String> =
            items.iter().take(limit).map(|item| format!("{}: {}", item.table, item.message)).collect();
        let mut hints: Vec<&str> = items.iter().filter_map(|item| item.hint.as_deref()).collect();
        hints.dedup();
        let mut finding = Finding::new(code, side, format!("{count} times: {summary}")).detail(format!(
            "{}; and {} more, which --format json lists.",
            shown.join("; "),
            count - limit
        ));
        finding.hint = hints.first().map(|hint| format!("For the first: {hint}"));
        vec![finding]
    }
}

/// What is wrong with one table.
struct TableFinding {
    table: TableName,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

impl TableFinding {
    fn new(table: &TableName, message: impl Into<String>) -> Self {
        TableFinding { table: table.clone(), message: message.into(), detail: None, hint: None }
    }

    fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Every check, in the order of the rooms above.
const CHECKS: &[fn(&Input<'_>) -> Vec<Finding>] = &[
    limits::publisher_wal_level,
    limits::output_plugins,
    limits::replication_slots,
    limits::walsenders,
    limits::slot_wal_limit,
    limits::idle_slot_timeout,
    limits::decoding_memory,
    limits::sender_timeouts,
    limits::pending_restart,
    limits::logical_workers,
    limits::worker_processes,
    limits::origins,
    limits::sync_workers,
    limits::parallel_workers,
    limits::reverse_replication,
    limits::commit_timestamps,
    limits::cores,
    server::version,
    server::untried,
    server::unlocked_membership_bug,
    server::wall,
    server::standby,
    server::replication_role,
    server::table_owner,
    server::subscribing_role,
    server::copying_role,
    server::copy_behind_row_security,
    privileges::no_superuser,
    privileges::no_way_back,
    privileges::no_freeze,
    privileges::no_write_stop,
    privileges::no_roles,
    privileges::no_load,
    privileges::no_schema,
    privileges::no_passwords,
    server::timeouts,
    server::synchronous_names,
    standbys::failover,
    standbys::manager,
    standbys::subscriber_failover,
    standbys::unprepared_standbys,
    standbys::unknown_standbys,
    standbys::subscribers_ahead,
    standbys::slots_not_carried,
    server::open_transactions,
    server::prepared_transactions,
    server::provider_extras,
    server::empty_transactions,
    server::unsupported_extension,
    identity::usable_identity,
    identity::partition_identity,
    identity::planned_index,
    identity::filter_columns,
    identity::shards_with_toast,
    identity::shards_and_truncate,
    identity::unsafe_filters,
    identity::full_identity,
    publisher::publishable,
    publisher::extension_tables,
    publisher::unlogged_tables,
    publisher::foreign_tables,
    publisher::materialized_views,
    publisher::large_objects,
    publisher::sequences,
    publisher::identity_of_all_tables,
    target::missing_tables,
    target::kinds,
    target::search_keys,
    target::foreign_keys,
    target::triggers,
    target::trigger_functions,
    target::row_functions,
    target::row_security,
    target::resting,
    target::owners,
    target::rows,
    target::shard_constraints,
    target::uncomparable_columns,
    target::scans,
    target::secondary_indexes,
    tenants::functions_applied,
    tenants::functions_of_the_way_back,
    tenants::logged_passwords,
    compare::missing_columns,
    compare::extra_columns,
    compare::column_types,
    compare::generated_columns,
    compare::generated_only_on_publisher,
    compare::key_columns,
    compare::partitions,
    compare::enum_labels,
    compare::extensions,
    compare::encoding,
    compare::large_values,
    compare::sequences,
    compare::retired,
    drift::planned_server,
    drift::planned_database,
    drift::plan_errors,
    drift::dropped_tables,
    drift::new_tables,
    drift::new_partitions,
    drift::kinds,
    drift::identities,
    drift::foreign_keys,
    drift::growth,
    copied::configuration,
    copied::tablespaces,
    copied::unreadable,
    copied::aurora,
    leftovers::planned_slots,
    leftovers::lost_slots,
    leftovers::slots_of_an_earlier_run,
    leftovers::planned_publications,
    leftovers::publications_of_an_earlier_run,
    leftovers::planned_subscriptions,
    leftovers::subscriptions_of_an_earlier_run,
    leftovers::competing_subscriptions,
    leftovers::cloned_subscriptions,
    leftovers::synchronization_slots,
    leftovers::idle_slots,
    leftovers::other_plan,
    leftovers::foreign_state,
    leftovers::older_slots,
    leftovers::unlisted_tables,
    leftovers::slots_ahead_of_the_clone,
    network::same_server,
    network::listens_locally,
    network::access_rules,
    network::local_address,
    network::encryption,
    network::reachability,
    disk::retained_wal,
    disk::free_space,
    disk::slot_limit_too_small,
    sight::parsed,
    sight::not_emitted,
    sight::sides_given,
    sight::untold,
    sight::unseen,
];

/// Judges what was read. A side that is absent was not connected to, which is a finding of its own.
pub fn preflight(
    plan: &Plan,
    publisher: Option<&ObservedSide>,
    subscriber: Option<&ObservedSide>,
    circumstances: &Circumstances,
) -> Vec<Finding> {
    let plan = grown::grown(plan, publisher.map(|side| &side.facts));
    let input = Input { plan: &plan, publisher, subscriber, circumstances };
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(&input)).collect();
    findings.sort();
    findings.dedup();
    findings
}

/// What is published of a member.
fn published(slot: &PlannedSlot, table: &PlannedTable) -> Publishes {
    Publishes::of_table(slot, table)
}

/// The first names of a list, quoted and on one line, and how many more there are.
fn listed<T: std::fmt::Display>(items: impl IntoIterator<Item = T>, limit: usize) -> String {
    let items: Vec<String> = items.into_iter().map(|item| crate::names::one_line(&item.to_string())).collect();
    let more = items.len().saturating_sub(limit);
    let shown = items.into_iter().take(limit).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}
