//! What one look at both servers shows: rows as the queries give them, not judged.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Deserialize;

use crate::{
    names::{TableName, copy_value, one_line},
    plan::Plan,
    server::ServerVersion,
};

/// What one look saw.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Look {
    /// The old server: it publishes, and subscribes to the way back.
    pub publisher: SideLook,
    /// The new server: it subscribes, and publishes for the way back.
    pub subscriber: SideLook,
}

/// What one server shows.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SideLook {
    /// The server itself; absent where only slots and subscriptions were asked for.
    pub server: Option<ServerRow>,
    /// Logical slots of the database, those of table synchronization too.
    pub slots: BTreeMap<String, SlotRow>,
    /// Names of publications.
    pub publications: BTreeSet<String>,
    /// Subscriptions of the database.
    pub subscriptions: BTreeMap<String, SubscriptionRow>,
    /// States of tables by subscription; absent when the role does not see them.
    pub tables: Option<Arc<BTreeMap<String, BTreeMap<TableName, char>>>>,
    /// Errors by subscription; absent when the version counts none or the role does not see them.
    pub errors: Option<BTreeMap<String, ErrorRow>>,
    /// Copies that run, by subscription and table: bytes.
    pub copies: BTreeMap<(String, TableName), u64>,
    /// Copies by pieces, by the prefix of their plan.
    pub pieces: BTreeMap<String, PiecesRow>,
    /// There are pieces that the role may not read.
    pub hides_pieces: bool,
    /// There are pieces that another role made, which is no superuser: they are not believed.
    pub doubts_pieces: bool,
    /// What decoding spilled, by slot; absent before 14.
    pub decoding: Option<BTreeMap<String, DecodingRow>>,
    /// Who holds the locks that workers wait for, by subscription.
    pub blocked: BTreeMap<String, Vec<String>>,
    /// Oids of subscriptions, where the role may read them.
    pub oids: BTreeMap<String, u32>,
    /// Rows that were changed since the statistics began, by table.
    pub changes: BTreeMap<TableName, ChangeRow>,
}

/// One server at one moment.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerRow {
    /// Its clock, seconds since 1970.
    pub at: f64,
    /// Its version.
    pub version: ServerVersion,
    /// Where its log stands, bytes; absent on a standby.
    pub position: Option<u64>,
    /// When it was started, seconds since 1970.
    pub started: f64,
    /// The role sees transactions and workers of others.
    pub sees_others: bool,
    /// New sessions in the database only read.
    pub is_closed: bool,
    /// Replication slots, of all databases.
    pub slots: u64,
    /// `max_replication_slots`.
    pub slot_limit: u64,
    /// Walsenders.
    pub senders: u64,
    /// `max_wal_senders`.
    pub sender_limit: u64,
    /// Logical replication workers.
    pub workers: u64,
    /// `max_logical_replication_workers`.
    pub worker_limit: u64,
    /// Replication origins.
    pub origins: u64,
    /// `max_active_replication_origins`, or what bounded them before it.
    pub origin_limit: u64,
    /// `max_slot_wal_keep_size`; absent without a limit.
    pub slot_wal_limit_bytes: Option<u64>,
    /// How many transactions ago the oldest snapshot was taken that is still held.
    pub xmin_age: Option<u64>,
    /// Who holds it.
    pub xmin_holder: Option<String>,
    /// Transactions since the oldest database was frozen.
    pub frozen_age: Option<u64>,
    /// The transaction that has been open longest of those that write.
    pub writer: Option<OpenRow>,
    /// The oldest prepared transaction.
    pub prepared: Option<OpenRow>,
}

/// A transaction that is open.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenRow {
    /// Whose it is, in words.
    pub who: String,
    /// For how long, seconds.
    pub seconds: f64,
}

/// A replication slot.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SlotRow {
    slot: String,
    /// Somebody is connected to it.
    pub active: bool,
    /// `wal_status`, from 13 on.
    pub wal_status: Option<String>,
    /// `invalidation_reason`, from 17 on.
    pub invalidation_reason: Option<String>,
    /// `safe_wal_size`: absent without a limit.
    pub safe_wal_bytes: Option<i64>,
    /// The log's position less `confirmed_flush_lsn`.
    pub lag_bytes: Option<i64>,
    /// The log's position less `restart_lsn`.
    pub retained_bytes: Option<i64>,
    /// `confirmed_flush_lsn`, bytes.
    pub confirmed: Option<u64>,
    /// Age of `catalog_xmin`.
    pub xmin_age: Option<i64>,
}

/// A subscription and its workers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubscriptionRow {
    subscription: String,
    /// It is enabled.
    pub enabled: bool,
    /// The slot that it reads; absent: none.
    pub slot: Option<String>,
    /// Process of its leading apply worker, while it runs.
    pub worker: Option<i64>,
    /// Parallel apply workers.
    pub helpers: u64,
    /// Processes of its table synchronization workers.
    pub copying: Vec<i64>,
}

impl SubscriptionRow {
    /// Whether its leading worker runs.
    pub fn runs(&self) -> bool {
        self.worker.is_some()
    }
}

/// Errors of a subscription since its statistics began.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorRow {
    subscription: String,
    /// While applying.
    pub apply: u64,
    /// While copying a table.
    pub copy: u64,
    /// Conflicts, from 18 on.
    pub conflicts: Option<u64>,
}

/// How far a copy by pieces is.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PiecesRow {
    prefix: String,
    /// All pieces.
    pub total: u64,
    /// Those that were committed.
    pub done: u64,
    /// Those that are being copied.
    pub running: u64,
    /// Those that failed at least once and wait again.
    pub failed: u64,
    /// Bytes of all of them on the publisher.
    pub total_bytes: u64,
    /// Bytes of those that were committed.
    pub done_bytes: u64,
}

/// What decoding for a slot wrote to disk or sent early.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecodingRow {
    slot: String,
    /// Bytes spilled to disk since the statistics began.
    pub spilled_bytes: u64,
    /// Bytes of transactions that were streamed before their end.
    pub streamed_bytes: u64,
}

/// Rows of a table that were changed since the statistics began.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeRow {
    /// Inserted.
    pub inserted: u64,
    /// Updated, heap-only ones too.
    pub updated: u64,
    /// Heap-only updates.
    pub hot_updated: u64,
    /// Deleted.
    pub deleted: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Row {
    Server(Box<ServerRow>),
    Slot(SlotRow),
    Publication(String),
    Subscription(SubscriptionRow),
    Table(TableRow),
    Errors(ErrorRow),
    Copy(CopyRow),
    Decoding(DecodingRow),
    Pieces(PiecesRow),
    Blocked { subscription: String, by: Vec<String> },
    Oid { subscription: String, oid: u32 },
    Changes { schema: String, table: String, rows: ChangeRow },
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TableRow {
    subscription: String,
    schema: String,
    table: String,
    state: char,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct CopyRow {
    subscription: String,
    schema: String,
    table: String,
    bytes: u64,
}

/// A row that is not one of a look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid row of the state of slots: {0}")]
pub struct RowError(String);

impl RowError {
    fn of(row: &str) -> Self {
        RowError(one_line(&crate::names::clipped(row)))
    }
}

/// The value of a row as COPY writes it.
pub(super) fn parse<T: serde::de::DeserializeOwned>(row: &str) -> Result<T, RowError> {
    let text = copy_value(row).ok_or_else(|| RowError::of(row))?;
    serde_json::from_str(&text).map_err(|_| RowError::of(row))
}

impl SideLook {
    /// Says that the states of tables were asked for: none means that no table is subscribed.
    pub fn sees_tables(&mut self) {
        self.tables.get_or_insert_default();
    }

    /// Says that errors were asked for.
    pub fn sees_errors(&mut self) {
        self.errors.get_or_insert_default();
    }

    /// Says that decoding was asked for.
    pub fn sees_decoding(&mut self) {
        self.decoding.get_or_insert_default();
    }

    /// Takes a row as COPY writes it, without the end of the line.
    ///
    /// # Errors
    /// [`RowError`] when it is none: the statement and this reader have come apart.
    pub fn take_row(&mut self, row: &str) -> Result<(), RowError> {
        match parse(row)? {
            Row::Server(server) => self.server = Some(*server),
            Row::Slot(slot) => drop(self.slots.insert(slot.slot.clone(), slot)),
            Row::Subscription(row) => drop(self.subscriptions.insert(row.subscription.clone(), row)),
            Row::Publication(publication) => drop(self.publications.insert(publication)),
            Row::Errors(row) => drop(self.errors.get_or_insert_default().insert(row.subscription.clone(), row)),
            Row::Blocked { subscription, by } => drop(self.blocked.insert(subscription, by)),
            Row::Oid { subscription, oid } => drop(self.oids.insert(subscription, oid)),
            Row::Decoding(row) => drop(self.decoding.get_or_insert_default().insert(row.slot.clone(), row)),
            Row::Pieces(row) => drop(self.pieces.insert(row.prefix.clone(), row)),
            Row::Copy(row) => {
                self.copies.insert((row.subscription, TableName::new(row.schema, row.table)), row.bytes);
            }
            Row::Changes { schema, table, rows } => drop(self.changes.insert(TableName::new(schema, table), rows)),
            Row::Table(row) => {
                let tables = Arc::make_mut(self.tables.get_or_insert_default());
                let tables = tables.entry(row.subscription).or_default();
                tables.insert(TableName::new(row.schema, row.table), row.state);
            }
        }
        Ok(())
    }
}

impl Look {
    /// Whether the plan is being carried out: one of its subscriptions is there.
    pub fn is_running(&self, plan: &Plan) -> bool {
        plan.slots.iter().any(|slot| self.subscriber.subscriptions.contains_key(&slot.subscription))
    }

    /// Whether every subscription of the plan that is enabled has its worker, in both directions: no further look is needed.
    pub fn is_calm(&self, plan: &Plan) -> bool {
        let forward = plan.slots.iter().filter_map(|slot| self.subscriber.subscriptions.get(&slot.subscription));
        let mirrors = plan.mirrors();
        let back = mirrors.iter().filter_map(|mirror| self.publisher.subscriptions.get(mirror.name.as_str()));
        forward.chain(back).filter(|row| row.enabled).all(SubscriptionRow::runs)
    }

    /// The newest clock of both servers, seconds since 1970; absent where no server was asked.
    pub fn at(&self) -> Option<f64> {
        let sides = [&self.publisher, &self.subscriber];
        sides.into_iter().filter_map(|side| Some(side.server.as_ref()?.at)).max_by(f64::total_cmp)
    }
}
