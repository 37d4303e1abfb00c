//! Why a plan cannot be spelled out.

use crate::{
    names::{NameError, SlotName, TableName},
    server::ServerVersion,
};

/// Why a plan cannot be spelled out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
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
    /// Slots that standbys keep copies of, where a side does not know them.
    #[error("cannot emit failover slots for {side} version {version}: it needs version 17")]
    FailoverSlots {
        /// Which server.
        side: &'static str,
        /// Its version.
        version: ServerVersion,
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
    /// A row-filtered table in a publication with truncate (docs/postgres.md, "Row filters").
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
    /// A repair that is neither of slots and tables nor of rows.
    #[error("a repair is slot=NAME or table=SCHEMA.NAME, or rows alone")]
    RepairForm,
    /// A slot that is to be repaired, but that is not of this plan.
    #[error("the plan has no slot \"{0}\"")]
    UnknownSlot(SlotName),
    /// A table that is to be repaired, but that is not of this plan.
    #[error("the plan has no table {0}")]
    UnknownTable(TableName),
    /// A partition that is copied with its tree.
    #[error("partition {leaf} is copied with its root {root}: repair that table")]
    RepairOfLeaf {
        /// The partition.
        leaf: TableName,
        /// The planned table above it.
        root: TableName,
    },
    /// A table of which slots that stay have rows.
    #[error("table {table} is split over slots {}: repair all of them, or the table too", .slots.iter().map(SlotName::as_str).collect::<Vec<_>>().join(", "))]
    RepairOfShard {
        /// The table.
        table: TableName,
        /// The slots of all of its shards.
        slots: Vec<SlotName>,
    },
    /// Other tools make whole migrations only.
    #[error("a repair or a change of plans is for psql and sh only")]
    RepairTarget,
    /// What a running plan cannot become on live slots, each with the way round.
    #[error("the plan that runs cannot become this one on live slots: {}", .0.join("; "))]
    Transition(Vec<String>),
}
