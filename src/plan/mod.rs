//! The plan file: self-contained, every later step needs only it and the servers. Types, digest; no decisions here.
//!
//! Figures are whole units inside (`cost`), printed as such where the measure is bytes per second and divided by 10⁹
//! where it is a share of a stage's time; both read back exactly.

mod bootstrap;
mod caveat;
pub mod check;
pub mod copy;
pub mod diff;
pub mod left_out;
mod members;
mod mirrors;
pub mod needs;
mod publishes;
pub mod shard;
mod valid;
mod view;
pub mod witness;
mod words;

use serde::{Deserialize, Serialize};

pub use bootstrap::Bootstrap;
pub use caveat::Caveat;
pub use members::PlannedPublication;
pub use mirrors::Mirror;
pub use publishes::{InvalidPublish, Publishes};
pub use view::{PlanView, SlotView};
pub use witness::Witness;
pub use words::Marks;

use crate::{
    cost::{CoefficientSets, CostModel},
    finding::Finding,
    format::{self, Digest},
    names::{SlotName, TableName},
    policy::{Measure, Policy},
    server::{ServerFacts, ServerVersion},
    workload::{Excluded, ForeignKey, ReplicaIdentity, TableKind},
};

/// The schema for what a plan's scripts remember on a server until their clean-up.
pub const STATE_SCHEMA: &str = "pgslotplan";

/// Whether a slot carries one hot group or many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// One hot table group.
    Dedicated,
    /// Everything else.
    Shared,
}

/// A member of a publication: a table, a partition root for all its leaves, or a shard of a table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedTable {
    /// Its schema, as the catalog has it: no quotes, case kept.
    pub schema: String,
    /// Its name, as the catalog has it: no quotes, case kept.
    pub name: String,
    /// Whether it is an ordinary table, a partition root or a leaf partition.
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
    /// Row filter of a shard, an SQL expression without `WHERE`; absent: every row is published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub row_filter: Option<String>,
    /// What the initial copy reads, heap and TOAST, bytes; of a shard its share of that.
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
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedSlot {
    /// Name of the replication slot on the publisher.
    pub name: SlotName,
    /// Name of the publication that has the members, without quotes.
    pub publication: String,
    /// A second publication of the same subscription, for members that are published insert-only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub insert_only_publication: Option<String>,
    /// Name of the subscription that owns the slot, without quotes.
    pub subscription: String,
    /// Whether it carries one hot table group or many groups.
    pub role: Role,
    /// `publish_via_partition_root`: changes of partitions are published as their root's.
    pub via_root: bool,
    /// `publish`: the operations that are published, as the server's list of words.
    pub publish: Publishes,
    /// Members of the publication, by schema and name; a table that is split is a member of several slots.
    pub tables: Vec<PlannedTable>,
    /// Largest load over buckets and stages with the nominal coefficients, in the unit of `load.unit`.
    pub peak_load: f64,
    /// The bucket of `peak_load`, counted from 0.
    pub peak_bucket: u32,
    /// Mean load over the observed buckets of the stage that has the largest, in the unit of `load.unit`.
    pub mean_load: f64,
    /// `peak_load` with the high coefficients.
    pub peak_load_high: f64,
    /// `mean_load` with the low coefficients: at 1 or more the slot never drains, where the unit is a share.
    pub mean_load_low: f64,
    /// What the initial copy of all members reads, heap and TOAST, bytes.
    pub copy_bytes: u64,
    /// Most WAL of the members in a bucket, bytes per second.
    pub wal_bytes_per_s_peak: f64,
}

/// What was balanced, in which unit, and with which coefficients.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedLoad {
    /// What was balanced: apply time, WAL or both stages of the way.
    pub measure: Measure,
    /// What a load of 1 means, in words.
    pub unit: String,
    /// What a slot can carry; absent for `wal` without a capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_capacity: Option<f64>,
    /// What changes cost: three sets of coefficients, of which `nominal` is balanced.
    pub coefficients: CoefficientSets,
}

/// A foreign key and whether it joins two slots.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PlannedForeignKey {
    /// The key as the workload has it.
    #[serde(flatten)]
    pub key: ForeignKey,
    /// Its tables are in different slots (or one of them is not in the plan).
    pub cut: bool,
}

/// A pair of tables whose foreign keys join two slots.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CutPair {
    /// One of the two tables.
    pub a: TableName,
    /// The other table.
    pub b: TableName,
    /// Its weight by policy; 1 where nothing is said.
    pub weight: u64,
    /// Why it was not kept together, for people.
    pub reason: String,
}

/// A point of the trade of peak against cut.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FrontierPoint {
    /// By which share the shared peak may exceed `packing_peak_load`: 0.03 is 3 %.
    pub tolerance: f64,
    /// Largest load over the shared slots at this tolerance, in the unit of `load.unit`.
    pub shared_peak_load: f64,
    /// Sum of the weights of the pairs cut then.
    pub cut_weight: u64,
}

/// A point of the curve of moved groups against peak.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MovePoint {
    /// Number of table groups that are elsewhere than in the previous plan.
    pub moves: u32,
    /// Largest load over the shared slots then, in the unit of `load.unit`.
    pub shared_peak_load: f64,
}

/// How good the plan is: peaks, the bound that no plan can beat, and what was traded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Objective {
    /// Largest load over all slots, in the unit of `load.unit`; 0 without slots.
    pub peak_load: f64,
    /// Name of the slot that has `peak_load`; null without slots.
    pub peak_slot: Option<SlotName>,
    /// Largest load over the shared slots, in the unit of `load.unit`.
    pub shared_peak_load: f64,
    /// No assignment of the shared groups to that many slots has a lower shared peak; in the unit of `load.unit`.
    pub lower_bound: f64,
    /// `(shared_peak_load - lower_bound) / shared_peak_load`, a fraction; 0: proved optimal.
    pub gap: f64,
    /// What proves the bound; absent only when nothing is shared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<Witness>,
    /// The shared peak before it was traded for a smaller cut, in the unit of `load.unit`.
    pub packing_peak_load: f64,
    /// `(packing_peak_load - lower_bound) / packing_peak_load`, a fraction; 0: proved optimal.
    pub packing_gap: f64,
    /// Sum of the weights of the cut pairs.
    pub cut_weight: u64,
    /// Pairs of tables that foreign keys join and that lie in different slots, by name.
    pub cut_pairs: Vec<CutPair>,
    /// Transactions per second that write into two slots; absent: not observed which tables are written together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_transactions_per_s: Option<f64>,
    /// Largest `copy_bytes` of a shared slot over their mean; 1: all copy the same.
    pub copy_imbalance: f64,
    /// Groups that are elsewhere than in the previous plan; absent: there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moves: Option<u32>,
    /// The peak that one slot with all tables would have, with the high coefficients; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_slot_peak_load_high: Option<f64>,
    /// What other tolerances would give: peak against cut.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub frontier: Vec<FrontierPoint>,
    /// What other numbers of moves would give: peak against moved groups.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub move_curve: Vec<MovePoint>,
}

impl SlotCount {
    /// Whether it is the row that the plan chose.
    pub fn is_chosen(&self, plan: &Plan) -> bool {
        let shared = plan.slots.iter().filter(|slot| slot.role == Role::Shared).count();
        self.shared as usize == shared && self.dedicated.len() == plan.slots.len() - shared
    }
}

/// What was found for one number of shared slots, and of dedicated ones where `--max-slots` makes them compete.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SlotCount {
    /// Number of shared slots that this row is about.
    pub shared: u32,
    /// Groups that have a slot of their own then, each named by its smallest table.
    pub dedicated: Vec<TableName>,
    /// Lowest shared peak found, in the unit of `load.unit`; absent when the bound alone rules the count out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packing_peak_load: Option<f64>,
    /// No assignment to so many slots has a lower shared peak; in the unit of `load.unit`.
    pub lower_bound: f64,
    /// Whether the headroom is kept at the high coefficients; absent without a capacity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub feasible: Option<bool>,
    /// Largest sum over all walsenders in a bucket, in walsender seconds per second.
    pub publisher_decode_load: f64,
}

/// Why something is where it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "decision", rename_all = "snake_case", deny_unknown_fields)]
#[non_exhaustive]
pub enum Decision {
    /// The group has a slot of its own.
    Hot {
        /// The tables of the group.
        tables: Vec<TableName>,
        /// Name of its dedicated slot.
        slot: SlotName,
        /// What made it hot, in words and numbers.
        why: String,
    },
    /// The group is hot, and shares a slot all the same.
    HotShared {
        /// Its tables.
        tables: Vec<TableName>,
        /// Its slot.
        slot: SlotName,
        /// Why it is hot, and why it is not alone.
        why: String,
    },
    /// Tables that share a slot because a rule says so.
    KeptTogether {
        /// The tables that share a slot.
        tables: Vec<TableName>,
        /// The rule that joins them, in words.
        why: String,
    },
    /// Tables pinned by policy.
    Pinned {
        /// The pinned tables.
        tables: Vec<TableName>,
        /// Name of the slot that they are pinned to.
        slot: SlotName,
        /// The rule that pins them, in words.
        why: String,
    },
    /// A table split over several slots.
    Split {
        /// The table that is split.
        table: TableName,
        /// Names of its slots, one for each part.
        slots: Vec<SlotName>,
        /// How its rows or partitions are dealt out, in words.
        why: String,
    },
    /// The number of shared slots.
    SlotCount {
        /// Number of shared slots.
        shared: u32,
        /// Why this number and no other, in words.
        why: String,
    },
}

/// The plan from which this one was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PreviousPlan {
    /// Its digest.
    pub plan_sha256: Digest,
    /// Its slots that this plan goes on with: they may be in use on the publisher.
    pub slots: Vec<SlotName>,
}

/// The plan file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Always `plan`.
    pub kind: String,
    /// Version of this kind's format; every other is refused.
    pub version: u64,
    /// The program and its release that wrote the file, `pgslotplan X.Y.Z`; no part of a digest.
    #[serde(default)]
    pub tool: String,
    /// SHA-256 of the canonical workload that it was made from, hexadecimal.
    pub workload_sha256: Digest,
    /// SHA-256 of the canonical form of this file without `tool` and this field, hexadecimal.
    pub plan_sha256: Digest,
    /// Seed of the search's random numbers: the same seed, budget and input give the same plan.
    pub seed: u64,
    /// How much the search may try: `small`, `normal`, `large` or a number of evaluations.
    pub budget: String,
    /// A wall-clock limit ended the search: another run may give another plan.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub time_limited: bool,
    /// Name of the database that is published.
    pub database: String,
    /// The publisher's server as it was sampled.
    pub server: ServerFacts,
    /// Version of the publisher that the plan is for, as `server_version_num`.
    pub publisher_version: ServerVersion,
    /// Version of the subscriber that the plan is for, as `server_version_num`.
    pub subscriber_version: ServerVersion,
    /// The wishes that were planned for, with every default written out.
    pub policy: Policy,
    /// What was balanced: measure, unit, capacity and coefficients.
    pub load: PlannedLoad,
    /// The plan that it changes; absent when it starts anew.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousPlan>,
    /// The slots, the hottest first, then by name.
    pub slots: Vec<PlannedSlot>,
    /// Relations that are not replicated, each with the reason.
    pub excluded: Vec<Excluded>,
    /// Foreign keys of the workload, each with whether it joins two slots.
    pub foreign_keys: Vec<PlannedForeignKey>,
    /// How good the plan is: peak, proven bound, cut.
    pub objective: Objective,
    /// What was found for each number of shared slots that was tried.
    pub slot_counts: Vec<SlotCount>,
    /// Why tables are where they are.
    pub decisions: Vec<Decision>,
    /// What the plan says against itself, sorted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub caveats: Vec<Caveat>,
    /// What to know before it is carried out, sorted by severity, code and subject.
    pub findings: Vec<Finding>,
}

impl format::Document for Plan {
    const KIND: &'static str = "plan";
    const VERSION: u64 = 2;

    fn validate(&self) -> Result<(), format::FormatError> {
        valid::names(self).map_err(|message| format::FormatError::content("plan", message))
    }
}

impl Plan {
    /// SHA-256 of the canonical form without `tool` and `plan_sha256`.
    pub fn digest(&self) -> Digest {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// serde documents no `deny_unknown_fields` together with `flatten`; it must hold all the same.
    #[test]
    fn a_planned_foreign_key_is_flat_and_refuses_unknown_fields() {
        let (from, to) = (TableName::new("s", "a"), TableName::new("s", "b"));
        let planned = PlannedForeignKey { key: ForeignKey::new(from, to, "k").with_columns(["x"], ["id"]), cut: true };
        let text = serde_json::to_string(&planned).unwrap();
        let parts = r#"{"from":{"schema":"s","name":"a"},"to":{"schema":"s","name":"b"},"name":"k","columns":["x"],"#;
        assert_eq!(text, format!(r#"{parts}"referenced_columns":["id"],"cut":true}}"#));
        assert_eq!(serde_json::from_str::<PlannedForeignKey>(&text).unwrap(), planned);
        let refused = |field: &str| {
            serde_json::from_str::<PlannedForeignKey>(&text.replacen('{', &format!("{{{field},"), 1))
                .unwrap_err()
                .to_string()
        };
        assert!(refused(r#""definition":"FOREIGN KEY""#).contains("unknown field `definition`"));
        assert!(refused(r#""cut":true"#).contains("duplicate field `cut`"));
        let missing = serde_json::from_str::<PlannedForeignKey>(&text.replace(r#","cut":true"#, "")).unwrap_err();
        assert!(missing.to_string().contains("missing field `cut`"), "{missing}");
    }
}
