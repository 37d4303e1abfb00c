//! The plan file: self-contained, every later step needs only it and the servers. Types, digest; no decisions here.
//!
//! Figures are whole units inside (`cost`), printed as such where the measure is bytes per second and divided by 10⁹
//! where it is a share of a stage's time; both read back exactly.

mod bootstrap;
pub mod budget;
mod caveat;
pub mod check;
pub mod copy;
mod members;
mod publishes;
pub mod shard;
pub mod witness;

use serde::{Deserialize, Serialize};

pub use bootstrap::Bootstrap;
pub use caveat::Caveat;
pub use members::PlannedPublication;
pub use publishes::{InvalidPublish, Publishes};
pub use witness::Witness;

use crate::{
    cost::{CoefficientSets, CostModel},
    finding::Finding,
    format,
    names::{SlotName, TableName},
    policy::{Measure, Policy},
    server::{ServerFacts, ServerVersion},
    workload::{Excluded, ReplicaIdentity, TableKind},
};

/// The schema for what a plan's scripts remember on a server until their clean-up.
pub const STATE_SCHEMA: &str = "pgslotplan";

/// Whether a slot carries one hot group or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// One hot table group.
    Dedicated,
    /// Everything else.
    Shared,
}

/// One member of a publication.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedTable {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// What it is.
    pub kind: TableKind,
    /// Listed with ONLY: its inheritance children are members of their own.
    #[serde(default)]
    pub only: bool,
    /// Replica identity that the publisher needs when the slot starts.
    pub identity: ReplicaIdentity,
    /// Columns that identify a row; empty: none, or the whole row.
    #[serde(default)]
    pub identity_columns: Vec<String>,
    /// The replica identity must be changed to [`PlannedTable::identity`] before the slot starts.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub set_identity: bool,
    /// Only INSERT and TRUNCATE are published, through the slot's second publication.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub insert_only: bool,
    /// Row filter of a shard, an expression without `WHERE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_filter: Option<String>,
    /// Column list, when not all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub columns: Option<Vec<String>>,
    /// Heap and TOAST, bytes; a shard's share.
    #[serde(default)]
    pub copy_bytes: u64,
    /// Leaves behind a partition root, in order; each is covered by the root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leaves: Vec<TableName>,
    /// The partition root above a leaf that is listed itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_root: Option<TableName>,
}

impl PlannedTable {
    /// Schema and name.
    pub fn table_name(&self) -> TableName {
        TableName::new(self.schema.clone(), self.name.clone())
    }
}

/// One slot with its publication and subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedSlot {
    /// Replication slot.
    pub name: SlotName,
    /// Publication.
    pub publication: String,
    /// A second publication of the same subscription, for members that are published insert-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert_only_publication: Option<String>,
    /// Subscription.
    pub subscription: String,
    /// Dedicated or shared.
    pub role: Role,
    /// `publish_via_partition_root`.
    pub via_root: bool,
    /// `publish`.
    pub publish: String,
    /// Members, by name.
    pub tables: Vec<PlannedTable>,
    /// Largest load over buckets and stages.
    pub peak_load: f64,
    /// The bucket of that load, from 0.
    pub peak_bucket: u32,
    /// Largest mean over the observed buckets of a stage.
    pub mean_load: f64,
    /// The peak with the high coefficients.
    pub peak_load_high: f64,
    /// The mean with the low coefficients: 1 or more never drains.
    pub mean_load_low: f64,
    /// Heap and TOAST of the members, bytes.
    pub copy_bytes: u64,
    /// Most WAL of the members in a bucket, bytes per second.
    pub wal_bytes_per_s_peak: f64,
}

/// Coefficients and unit of the loads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedLoad {
    /// What was balanced.
    pub measure: Measure,
    /// What a load of 1 means.
    pub unit: String,
    /// What a slot can carry; absent for `wal` without a capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_capacity: Option<f64>,
    /// The three sets.
    pub coefficients: CoefficientSets,
}

/// A foreign key and whether it joins two slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedForeignKey {
    /// Referencing table.
    pub from: TableName,
    /// Referenced table.
    pub to: TableName,
    /// Constraint name.
    pub name: String,
    /// `pg_get_constraintdef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<String>,
    /// Its tables are in different slots (or one of them is not in the plan).
    pub cut: bool,
}

/// A pair of tables whose foreign keys join two slots.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CutPair {
    /// One.
    pub a: TableName,
    /// The other.
    pub b: TableName,
    /// Its policy weight.
    pub weight: u64,
    /// Why it was not kept together.
    pub reason: String,
}

/// A point of the trade of peak against cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FrontierPoint {
    /// Allowed rise of the shared peak over the packing peak.
    pub tolerance: f64,
    /// The shared peak reached.
    pub shared_peak_load: f64,
    /// The cut reached.
    pub cut_weight: u64,
}

/// A point of the curve of moved groups against peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MovePoint {
    /// Groups moved.
    pub moves: u32,
    /// Peak of the shared slots then.
    pub shared_peak_load: f64,
}

/// How good the plan is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Largest load over all slots.
    pub peak_load: f64,
    /// The slot that has it.
    pub peak_slot: Option<SlotName>,
    /// Largest load over the shared slots.
    pub shared_peak_load: f64,
    /// No assignment of the shared groups to that many slots has a lower shared peak.
    pub lower_bound: f64,
    /// `(shared_peak_load - lower_bound) / shared_peak_load`.
    pub gap: f64,
    /// What proves the bound; absent only when nothing is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// The shared peak before it was traded for a smaller cut.
    pub packing_peak_load: f64,
    /// `(packing_peak_load - lower_bound) / packing_peak_load`.
    pub packing_gap: f64,
    /// Sum of the weights of the cut pairs.
    pub cut_weight: u64,
    /// The pairs.
    pub cut_pairs: Vec<CutPair>,
    /// Transactions per second that write into two slots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_transactions_per_s: Option<f64>,
    /// Largest over mean of `copy_bytes` of the shared slots.
    pub copy_imbalance: f64,
    /// Groups that are elsewhere than in the previous plan.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<u32>,
    /// The peak that one slot with all tables would have, with the high coefficients; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_slot_peak_load_high: Option<f64>,
    /// Peak against cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frontier: Vec<FrontierPoint>,
    /// Peak against moved groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub move_curve: Vec<MovePoint>,
}

/// One row of the sweep over the number of shared slots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotCount {
    /// Shared slots.
    pub shared: u32,
    /// Groups that are dedicated then, by their smallest table.
    pub dedicated: Vec<TableName>,
    /// Best shared peak found; absent when the bound alone rules the count out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing_peak_load: Option<f64>,
    /// The bound.
    pub lower_bound: f64,
    /// Whether the headroom is kept at the high coefficients; absent without a capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feasible: Option<bool>,
    /// Largest sum over all walsenders in a bucket, in walsender seconds per second.
    pub publisher_decode_load: f64,
}

/// Why something is where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "decision", rename_all = "snake_case", deny_unknown_fields)]
pub enum Decision {
    /// The group has a slot of its own.
    Hot {
        /// Its tables.
        tables: Vec<TableName>,
        /// Its slot.
        slot: SlotName,
        /// Why, in words and numbers.
        why: String,
    },
    /// Tables that share a slot because a rule says so.
    KeptTogether {
        /// The tables.
        tables: Vec<TableName>,
        /// The rule.
        why: String,
    },
    /// Tables pinned by policy.
    Pinned {
        /// The tables.
        tables: Vec<TableName>,
        /// Its slot.
        slot: SlotName,
        /// The rule.
        why: String,
    },
    /// A table split over several slots.
    Split {
        /// The table.
        table: TableName,
        /// The slots.
        slots: Vec<SlotName>,
        /// How.
        why: String,
    },
    /// The number of shared slots.
    SlotCount {
        /// The number.
        shared: u32,
        /// Why this one.
        why: String,
    },
}

/// The plan file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always `plan`.
    pub kind: String,
    /// Format version.
    pub version: u64,
    /// Who wrote it.
    #[serde(default)]
    pub tool: String,
    /// Digest of the canonical workload.
    pub workload_sha256: String,
    /// Digest of this file without `tool` and this field.
    pub plan_sha256: String,
    /// Seed of the search.
    pub seed: u64,
    /// Evaluations the search was allowed.
    pub budget: String,
    /// A wall-clock limit ended the search: another run may give another plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub time_limited: bool,
    /// The database.
    pub database: String,
    /// The sampled publisher.
    pub server: ServerFacts,
    /// The publisher's version that the plan is for.
    pub publisher_version: ServerVersion,
    /// The subscriber's version that the plan is for.
    pub subscriber_version: ServerVersion,
    /// The policy as used.
    pub policy: Policy,
    /// Coefficients and unit.
    pub load: PlannedLoad,
    /// The slots, hottest first, then by name.
    pub slots: Vec<PlannedSlot>,
    /// What is not replicated, and why.
    pub excluded: Vec<Excluded>,
    /// Foreign keys.
    pub foreign_keys: Vec<PlannedForeignKey>,
    /// How good it is.
    pub objective: Objective,
    /// The sweep.
    pub slot_counts: Vec<SlotCount>,
    /// Why.
    pub decisions: Vec<Decision>,
    /// What the plan says against itself, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<Caveat>,
    /// What to know.
    pub findings: Vec<Finding>,
}

impl format::Document for Plan {
    const KIND: &'static str = "plan";
}

impl Plan {
    /// SHA-256 of the canonical form without `tool` and `plan_sha256`.
    pub fn digest(&self) -> String {
        format::digest_without(self, &["tool", "plan_sha256"])
    }

    /// The costs that the plan was made with. Where it sets a replica identity to full, the scripts do so for all
    /// partitions of the table.
    pub fn cost_model(&self) -> CostModel {
        let made_full = self.members().filter(|(_, table)| table.set_identity);
        let made_full = made_full.filter(|(_, table)| table.identity == ReplicaIdentity::Full);
        CostModel {
            measure: self.load.measure,
            coefficients: self.load.coefficients.clone(),
            publisher: self.publisher_version,
            subscriber: self.subscriber_version,
            made_full: made_full.flat_map(|(_, table)| table.with_leaves()).collect(),
        }
    }

    /// Whether one slot would carry everything and keep the headroom; `None` when that is not known, as without a capacity.
    pub fn one_slot_is_enough(&self) -> Option<bool> {
        let cost = self.cost_model();
        let limit = cost.headroom_limit(&self.policy)?;
        Some(cost.to_units(self.objective.one_slot_peak_load_high?) <= limit)
    }

    /// The slot of each member, by table. A table that is split is listed once for each of its slots.
    pub fn members(&self) -> impl Iterator<Item = (&PlannedSlot, &PlannedTable)> {
        self.slots.iter().flat_map(|slot| slot.tables.iter().map(move |table| (slot, table)))
    }
}

/// `(value - bound) / value`, 0 when the value is 0.
pub fn gap(value: f64, bound: f64) -> f64 {
    if value > 0.0 { (value - bound) / value } else { 0.0 }
}
