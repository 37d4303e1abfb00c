//! Several databases of one cluster: a plan each, under one slot budget.
//!
//! Slots belong to databases, but slot limits and the cost of decoding belong to the cluster. A database that one slot
//! carries gets one. If the others want more than there are, each starts with one, and the next always goes to the one
//! whose busiest slot is fullest, which makes the largest peak as small as whole slots can. Databases are taken in the
//! order of their names, so the order in which they are given changes nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{OptimizeError, OptimizeOptions, optimize};
use crate::{
    cost::CostModel,
    names::{Prefix, one_line},
    plan::Plan,
    policy::{Policy, PublicationCount},
    server::SystemIdentifier,
    workload::Workload,
};

/// One database that is to be planned: canonical workload, and what its changes cost.
#[derive(Debug, Clone)]
pub struct Database<'a> {
    /// What was observed.
    pub workload: &'a Workload,
    /// What that asks of a slot.
    pub cost: CostModel,
}

/// How the databases of a cluster are planned.
#[derive(Clone, Copy, Default)]
pub struct ClusterOptions<'a> {
    /// How each search runs. `previous` is of one database, so it counts only where there is one.
    pub search: OptimizeOptions<'a>,
    /// Called before each search: the caller's clock may start again.
    pub begin: Option<&'a (dyn Fn() + Sync)>,
    /// The policy's number of publications holds for each database, also for one that a single slot would carry.
    pub keeps_publications: bool,
}

/// The plan of one database of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct DatabasePlan {
    /// The plan; its policy has a prefix of its own, since slot names are the cluster's.
    pub plan: Plan,
    /// One slot carries everything with headroom.
    pub one_slot_is_enough: bool,
}

/// Plans of all databases.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterPlan {
    /// Slots that there may be in all; `None`: not known.
    pub slot_budget: Option<usize>,
    /// By name of the database.
    pub databases: Vec<DatabasePlan>,
}

impl ClusterPlan {
    /// Slots of all plans.
    pub fn slot_count(&self) -> usize {
        self.databases.iter().map(|database| database.plan.slots.len()).sum()
    }

    /// Cores that all walsenders together keep busy on the publisher, at most.
    pub fn publisher_decode_load(&self) -> f64 {
        // Each row of slot_counts is for one number of shared and dedicated slots: the plan's own is the one that counts.
        let decode = |plan: &Plan| {
            let row = plan.slot_counts.iter().find(|row| row.is_chosen(plan));
            row.map_or(0.0, |row| row.publisher_decode_load)
        };
        self.databases.iter().map(|database| decode(&database.plan)).sum()
    }
}

/// Why the databases cannot be planned together.
#[derive(Debug, thiserror::Error)]
pub enum ClusterError {
    /// Two workloads of one database.
    #[error("two workloads are of database \"{}\"", one_line(.0))]
    Twice(String),
    /// System identifiers differ.
    #[error("the workloads are of different clusters")]
    SeveralClusters,
    /// Not one slot for each database.
    #[error("{databases} databases need a slot each, but there are {budget}")]
    TooFew {
        /// How many databases there are.
        databases: usize,
        /// How many slots.
        budget: usize,
    },
    /// The rules of the policy need more slots than there are.
    #[error("the rules of the policy need {needed} slots in all, but there are {budget}")]
    Rules {
        /// Slots of the smallest plans that keep the rules.
        needed: usize,
        /// How many there are.
        budget: usize,
    },
    /// One of them has no plan.
    #[error("database \"{}\" cannot be planned", one_line(.database))]
    Database {
        /// Which.
        database: String,
        /// Why.
        source: OptimizeError,
    },
}

/// One database on its way to a plan.
struct Member<'a> {
    database: &'a Database<'a>,
    policy: Policy,
    plan: Plan,
    one_slot: bool,
}

/// Plans every database. One alone is planned as [`optimize`] does, but within the budget.
///
/// # Errors
/// [`ClusterError`]; findings that say no are in the plans.
pub fn optimize_cluster(
    databases: &[Database<'_>],
    policy: &Policy,
    options: &ClusterOptions<'_>,
) -> Result<ClusterPlan, ClusterError> {
    let databases = by_name(databases)?;
    let budget = slot_budget(policy, databases.iter().map(|database| database.workload));
    if let Some(budget) = budget.filter(|budget| *budget < databases.len()) {
        return Err(ClusterError::TooFew { databases: databases.len(), budget });
    }
    let mut members = match databases.as_slice() {
        [database] => {
            let plan = search(database, policy, options)?;
            let one_slot = plan.one_slot_is_enough() == Some(true);
            vec![Member { database, policy: policy.clone(), plan, one_slot }]
        }
        several => first_plans(several, policy, options)?,
    };
    if let Some(budget) = budget {
        share_out(&mut members, budget, options)?;
    }
    let plans =
        members.into_iter().map(|member| DatabasePlan { plan: member.plan, one_slot_is_enough: member.one_slot });
    Ok(ClusterPlan { slot_budget: budget, databases: plans.collect() })
}

fn by_name<'a>(databases: &'a [Database<'a>]) -> Result<Vec<&'a Database<'a>>, ClusterError> {
    let mut by_name: BTreeMap<&str, &Database<'_>> = BTreeMap::new();
    for database in databases {
        let name = database.workload.database.as_str();
        if by_name.insert(name, database).is_some() {
            return Err(ClusterError::Twice(name.to_owned()));
        }
    }
    let identifiers: BTreeSet<&SystemIdentifier> =
        databases.iter().filter_map(|database| database.workload.server.system_identifier.as_ref()).collect();
    if identifiers.len() > 1 { Err(ClusterError::SeveralClusters) } else { Ok(by_name.into_values().collect()) }
}

/// How many slots the databases may have together: the policy's limit, or what the publisher has free as far as is known.
pub fn slot_budget<'a>(policy: &Policy, workloads: impl IntoIterator<Item = &'a Workload>) -> Option<usize> {
    if let Some(most) = policy.max_slots {
        return Some(most as usize);
    }
    let free = |workload: &Workload| {
        let server = &workload.server;
        let number = |name: &str| usize::try_from(server.setting_number(name)?).ok();
        let slots = number("max_replication_slots").map(|most| most.saturating_sub(server.slots_in_use.len()));
        [slots, number("max_wal_senders")].into_iter().flatten().min()
    };
    workloads.into_iter().filter_map(free).min()
}

fn search(database: &Database<'_>, policy: &Policy, options: &ClusterOptions<'_>) -> Result<Plan, ClusterError> {
    if let Some(begin) = options.begin {
        begin();
    }
    optimize(database.workload, policy, &database.cost, &options.search)
        .map_err(|source| ClusterError::Database { database: database.workload.database.clone(), source })
}

/// What each database would like, and one slot for those that need no more.
fn first_plans<'a>(
    databases: &[&'a Database<'a>],
    policy: &Policy,
    options: &ClusterOptions<'_>,
) -> Result<Vec<Member<'a>>, ClusterError> {
    let options =
        &ClusterOptions { search: OptimizeOptions { previous: None, max_moves: None, ..options.search }, ..*options };
    let mut prefixes = BTreeSet::new();
    let mut members = Vec::with_capacity(databases.len());
    for database in databases {
        let prefix = prefix_for(&policy.prefix, &database.workload.database, &mut prefixes);
        let mut policy = Policy { prefix, max_slots: None, ..policy.clone() };
        let mut plan = search(database, &policy, options)?;
        let one_slot = plan.one_slot_is_enough() == Some(true);
        if one_slot && plan.slots.len() > 1 && !options.keeps_publications {
            policy = limited(&policy, 1);
            plan = search(database, &policy, options)?;
        }
        members.push(Member { database, policy, plan, one_slot });
    }
    Ok(members)
}

/// The same policy for at most `slots` slots.
fn limited(policy: &Policy, slots: usize) -> Policy {
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    match slots {
        1 => Policy {
            publications: PublicationCount::Range(1, 1),
            max_slots: Some(1),
            max_dedicated: 0,
            ..policy.clone()
        },
        _ => Policy { max_slots: Some(slots), ..policy.clone() },
    }
}

/// Shares the budget out where the first plans exceed it.
fn share_out(members: &mut [Member<'_>], budget: usize, options: &ClusterOptions<'_>) -> Result<(), ClusterError> {
    let total = |members: &[Member<'_>]| members.iter().map(|member| member.plan.slots.len()).sum::<usize>();
    if total(members) <= budget {
        return Ok(());
    }
    if let [member] = members {
        return replan(member, budget, options);
    }
    let wanted: Vec<usize> = members.iter().map(|member| member.plan.slots.len()).collect();
    for (member, _) in members.iter_mut().zip(&wanted).filter(|(_, wanted)| **wanted > 1) {
        replan(member, 1, options)?;
    }
    let mut at_most: Vec<usize> = members.iter().map(|member| member.plan.slots.len()).collect();
    loop {
        let spent = total(members);
        if spent > budget {
            return Err(ClusterError::Rules { needed: spent, budget });
        }
        let own = |at: usize| members[at].plan.slots.len();
        let next = (0..members.len())
            .filter(|&at| at_most[at] < wanted[at] && at_most[at] < budget - spent + own(at))
            .max_by(|&a, &b| {
                let peak = |at: usize| members[at].plan.objective.peak_load;
                peak(a).total_cmp(&peak(b)).then(b.cmp(&a)) // the first of equals
            });
        let Some(at) = next else { return Ok(()) };
        at_most[at] += 1;
        replan(&mut members[at], at_most[at], options)?;
    }
}

/// Plans a database again with at most so many slots.
fn replan(member: &mut Member<'_>, slots: usize, options: &ClusterOptions<'_>) -> Result<(), ClusterError> {
    member.plan = search(member.database, &limited(&member.policy, slots), options)?;
    Ok(())
}

/// Slot names are unique in the cluster, so each database has a prefix of its own.
fn prefix_for(prefix: &str, database: &str, taken: &mut BTreeSet<String>) -> Prefix {
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let whole: String = format!("{prefix}_{}", database.chars().map(plain).collect::<String>());
    let cut = |length: usize| whole.chars().take(length).collect::<String>();
    let mut candidate = cut(Prefix::LIMIT_BYTES);
    for number in 2.. {
        if taken.insert(candidate.clone()) {
            break;
        }
        let end = format!("_{number}");
        candidate = cut(Prefix::LIMIT_BYTES - end.len()) + &end;
    }
    Prefix::new(candidate).expect("a prefix goes on with letters, digits and underscores")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_are_valid_and_differ() {
        let mut taken = BTreeSet::new();
        let made: Vec<String> = ["shop", "Shop", "a very long database name", "a very long database nam\u{e9}"]
            .map(|name| prefix_for("pgsp", name, &mut taken).to_string())
            .into();
        assert_eq!(made, ["pgsp_shop", "pgsp_shop_2", "pgsp_a_very_long_dat", "pgsp_a_very_long_d_2"]);
    }
}
