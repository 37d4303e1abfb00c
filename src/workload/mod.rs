//! The workload file: what was observed of a publisher over time. Types, canonical form and digest.
//!
//! Contract §3 is the format's manual in short; the doc comments here are it in full. Deriving rates from counters is
//! in `derive`, plausibility in `check`.

mod block;
pub mod carry;
pub mod check;
pub mod derive;
pub mod duty;
pub mod fold;
pub mod foreign_key;
pub mod history;
pub mod identity;
pub mod learn;
mod letters;
pub mod locks;
pub mod merge;
pub mod method;
pub mod packed;
pub mod record_model;
pub mod series;
pub mod snapshot;
pub mod tally;

use std::{borrow::Cow, collections::BTreeMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use foreign_key::{Deferrability, Enforcement, ForeignKey, MatchType, ReferentialAction};
pub use series::Series;

use crate::{format, names::TableName, server::ServerFacts};

/// How the load was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Statistics counters and the record model of WAL.
    Counters,
    /// Counters, corrected by `pg_walinspect`.
    Walinspect,
    /// Counters, corrected by peeking a logical slot.
    Decode,
    /// History from a Prometheus server.
    Prometheus,
    /// Made up by `generate`.
    Synthetic,
}

/// What a table is to replication; views, foreign and temporary tables are none of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum TableKind {
    /// An ordinary table.
    Table,
    /// A partitioned table: no rows of its own.
    Partitioned,
    /// A leaf partition.
    Partition,
}

/// How a table identifies the old row of an UPDATE or DELETE (`pg_class.relreplident`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ReplicaIdentity {
    /// The primary key, if there is one.
    #[default]
    Default,
    /// The whole old row.
    Full,
    /// None.
    Nothing,
    /// A chosen unique index.
    Index,
}

/// Rates of one table. Missing buckets are not observed, never zero.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Rows inserted per second.
    #[serde(default)]
    pub inserts_per_s: Series,
    /// Rows updated per second, HOT ones included.
    #[serde(default)]
    pub updates_per_s: Series,
    /// Rows updated without a new index entry (HOT), per second; part of `updates_per_s`.
    #[serde(default)]
    pub hot_updates_per_s: Series,
    /// Rows deleted per second; TRUNCATE counts none.
    #[serde(default)]
    pub deletes_per_s: Series,
    /// TOAST chunks inserted per second.
    #[serde(default)]
    pub toast_chunks_per_s: Series,
    /// WAL of table, TOAST and indexes without full-page images, bytes per second.
    #[serde(default)]
    pub wal_bytes_per_s: Series,
    /// What pgoutput sends for it, TOAST included, bytes per second.
    #[serde(default)]
    pub logical_bytes_per_s: Series,
    /// Transactions that touch the table, per second; absent: not counted, and each row is taken for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transactions_per_s: Option<Series>,
    /// Most WAL of the table in one sampling interval, bytes; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_wal_bytes: Option<f64>,
    /// Length of the interval of `burst_wal_bytes`, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst_s: Option<f64>,
}

impl Load {
    /// Its series with their names, for checks that treat all alike.
    pub fn series(&self) -> impl Iterator<Item = (&'static str, &Series)> {
        [
            ("inserts_per_s", &self.inserts_per_s),
            ("updates_per_s", &self.updates_per_s),
            ("hot_updates_per_s", &self.hot_updates_per_s),
            ("deletes_per_s", &self.deletes_per_s),
            ("toast_chunks_per_s", &self.toast_chunks_per_s),
            ("wal_bytes_per_s", &self.wal_bytes_per_s),
            ("logical_bytes_per_s", &self.logical_bytes_per_s),
        ]
        .into_iter()
        .chain(self.transactions_per_s.as_ref().map(|series| ("transactions_per_s", series)))
    }

    /// The same to change them; without names.
    pub fn series_mut(&mut self) -> impl Iterator<Item = &mut Series> {
        [
            &mut self.inserts_per_s,
            &mut self.updates_per_s,
            &mut self.hot_updates_per_s,
            &mut self.deletes_per_s,
            &mut self.toast_chunks_per_s,
            &mut self.wal_bytes_per_s,
            &mut self.logical_bytes_per_s,
        ]
        .into_iter()
        .chain(&mut self.transactions_per_s)
    }

    /// Rows changed per second in a bucket; 0 where it was not observed.
    pub fn rows_per_s(&self, bucket: usize) -> f64 {
        self.inserts_per_s.or_zero(bucket) + self.updates_per_s.or_zero(bucket) + self.deletes_per_s.or_zero(bucket)
    }

    /// Transactions per second in a bucket; where they were not counted, each row is taken for one.
    pub fn transactions_or_rows_per_s(&self, bucket: usize) -> f64 {
        let counted = self.transactions_per_s.as_ref().and_then(|series| series.at(bucket));
        counted.unwrap_or_else(|| self.rows_per_s(bucket))
    }
}

/// A table that could be published: shape, replica identity and rates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its schema, as the catalog has it: no quotes, case kept.
    pub schema: String,
    /// Its name, as the catalog has it: no quotes, case kept.
    pub name: String,
    /// Whether it is an ordinary table, a partition root or a leaf partition.
    pub kind: TableKind,
    /// The topmost partitioned table above a leaf partition; absent for all others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub partition_root: Option<TableName>,
    /// Tables it inherits from directly (not partitioning).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inherits: Vec<TableName>,
    /// Whether a table that is left out, as an unlogged or foreign one, inherits from it (not partitioning): it can only be published
    /// without its children.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub children_left_out: bool,
    /// Size of the table itself without TOAST and indexes, bytes.
    #[serde(default)]
    pub heap_bytes: u64,
    /// Size of its TOAST table with the index of that, bytes.
    #[serde(default)]
    pub toast_bytes: u64,
    /// Size of all its indexes, bytes.
    #[serde(default)]
    pub index_bytes: u64,
    /// Rows as `pg_class.reltuples` estimates them; 0 when it was never analyzed and is empty.
    #[serde(default)]
    pub rows_estimate: f64,
    /// Number of its indexes, the primary key's included.
    #[serde(default)]
    pub index_count: u32,
    /// Number of its columns; dropped ones do not count.
    #[serde(default)]
    pub column_count: u32,
    /// Mean width of a row's values without the header of the row, bytes.
    #[serde(default)]
    pub row_width_bytes: f64,
    /// Its replica identity as set, whether or not it identifies rows (`pg_class.relreplident`).
    #[serde(default)]
    pub replica_identity: ReplicaIdentity,
    /// Whether it has a primary key.
    #[serde(default)]
    pub primary_key: bool,
    /// Columns that identify a row for UPDATE and DELETE as things stand; empty: none (or the whole row under full).
    #[serde(default)]
    pub identity_columns: Vec<String>,
    /// A unique index that `REPLICA IDENTITY USING INDEX` would take, where there is no identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usable_unique_index: Option<String>,
    /// Names of its generated columns, stored or virtual. They are not sent; the subscriber computes them again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generated_columns: Vec<String>,
    /// Those of them in the key by which a subscriber finds rows: the replica identity's index, else the primary key.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub generated_key_columns: Vec<String>,
    /// Names of columns whose types have no equality operator for an index (json, xml, point): under identity full without
    /// a key, a subscriber cannot find rows by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns_without_equality: Vec<String>,
    /// Columns of its primary key where its replica identity is full: row filters may split it by them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub full_key_columns: Vec<String>,
    /// Of a partition root: names of the types, enumerated ones and what is built of them, by whose hash rows of the tree are dealt
    /// out. Such hashes differ from server to server, so that rows fit the tree only through its root.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub partition_hash_types: Vec<String>,
    /// Its rates, in the buckets of the file.
    #[serde(default)]
    pub load: Load,
}

impl Table {
    /// Schema and name.
    pub fn table_name(&self) -> TableName {
        TableName::new(self.schema.clone(), self.name.clone())
    }

    /// Columns by which row filters may split it: the replica identity has them.
    pub fn filter_columns(&self) -> &[String] {
        if self.replica_identity == ReplicaIdentity::Full { &self.full_key_columns } else { &self.identity_columns }
    }

    /// Heap and TOAST: what an initial copy reads, bytes.
    pub fn copy_bytes(&self) -> u64 {
        self.heap_bytes.saturating_add(self.toast_bytes)
    }
}

/// Two tables written in the same transactions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CoWrite {
    /// One of the two tables.
    pub a: TableName,
    /// The other table.
    pub b: TableName,
    /// Transactions that write both, per second.
    pub transactions_per_s: f64,
}

/// Something that is not replicated, and why.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Excluded {
    /// Schema of what is left out.
    pub schema: String,
    /// Name of what is left out.
    pub name: String,
    /// Why it is left out, for people.
    pub reason: String,
}

/// A stretch of buckets that was not observed, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Gap {
    /// First bucket of the stretch, counted from 0.
    pub from_bucket: u32,
    /// Last bucket of the stretch, itself included.
    pub to_bucket: u32,
    /// Why it was not observed, for people.
    pub reason: String,
}

/// The workload file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Workload {
    /// Always `workload`.
    pub kind: String,
    /// Version of this kind's format; every other is refused.
    pub version: u64,
    /// The program and its release that wrote the file, `pgslotplan X.Y.Z`; no part of a digest.
    #[serde(default)]
    pub tool: String,
    /// What was read of the publisher's server.
    pub server: ServerFacts,
    /// Name of the database whose tables these are.
    pub database: String,
    /// How the rates were measured.
    pub method: Method,
    /// Start of the first bucket, UTC; the others follow without a break.
    pub start: Timestamp,
    /// Length of every bucket, seconds; at least 1.
    pub bucket_s: u32,
    /// Number of buckets, at least 1; the length of every series that is an array.
    pub bucket_count: u32,
    /// WAL of the whole cluster with full-page images and overhead, bytes per second.
    #[serde(default)]
    pub cluster_wal_bytes_per_s: Series,
    /// Transactions of all databases of the cluster, per second.
    #[serde(default)]
    pub cluster_transactions_per_s: Series,
    /// Share of each bucket's time that was observed, 0 to 1; absent: all of it, but for what is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Series>,
    /// The tables that could be published, by schema and name; partition roots among them.
    pub tables: Vec<Table>,
    /// Foreign keys between these tables, or from and to excluded ones.
    #[serde(default)]
    pub foreign_keys: Vec<ForeignKey>,
    /// Pairs of tables that the same transactions write; absent: not observed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub co_writes: Vec<CoWrite>,
    /// Relations that are not replicated, each with the reason.
    #[serde(default)]
    pub excluded: Vec<Excluded>,
    /// Stretches of time that were not observed, each with the reason.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// Anything else worth knowing, in sentences: resets, DDL, missing grants.
    #[serde(default)]
    pub notes: Vec<String>,
}

impl format::Document for Workload {
    const KIND: &'static str = "workload";
    const VERSION: u64 = 2;

    fn validate(&self) -> Result<(), format::FormatError> {
        check::validate_file(self)
    }
}

impl Table {
    fn is_canonical(&self) -> bool {
        self.inherits.is_sorted() && self.load.series().all(|(_, series)| series.is_compact())
    }

    /// Its part of [`Workload::canonicalize`].
    pub fn canonicalize(&mut self) {
        self.inherits.sort();
        for series in self.load.series_mut() {
            *series = std::mem::take(series).compact();
        }
    }
}

impl Workload {
    /// Brings it into canonical form: everything sorted, constants folded. Order in the file then changes nothing.
    pub fn canonicalize(&mut self) {
        self.tables.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
        self.tables.iter_mut().for_each(Table::canonicalize);
        self.cluster_wal_bytes_per_s = std::mem::take(&mut self.cluster_wal_bytes_per_s).compact();
        self.cluster_transactions_per_s = std::mem::take(&mut self.cluster_transactions_per_s).compact();
        self.validity = self.validity.take().map(Series::compact);
        self.foreign_keys.sort();
        for pair in &mut self.co_writes {
            if pair.b < pair.a {
                std::mem::swap(&mut pair.a, &mut pair.b);
            }
        }
        self.co_writes.sort_by(|x, y| (&x.a, &x.b).cmp(&(&y.a, &y.b)));
        self.excluded.sort();
        self.gaps.sort_by_key(|gap| (gap.from_bucket, gap.to_bucket));
    }

    /// Itself where it is in canonical form, which files of ours are, and else a copy that is.
    pub fn canonical(&self) -> Cow<'_, Workload> {
        if self.is_canonical() {
            return Cow::Borrowed(self);
        }
        let mut made = self.clone();
        made.canonicalize();
        Cow::Owned(made)
    }

    /// Whether [`Workload::canonicalize`] would change nothing.
    fn is_canonical(&self) -> bool {
        let by_name = |a: &Table, b: &Table| (&a.schema, &a.name) <= (&b.schema, &b.name);
        self.tables.is_sorted_by(by_name)
            && self.tables.iter().all(Table::is_canonical)
            && self.cluster_wal_bytes_per_s.is_compact()
            && self.cluster_transactions_per_s.is_compact()
            && self.validity.as_ref().is_none_or(Series::is_compact)
            && self.foreign_keys.is_sorted()
            && self.co_writes.iter().all(|pair| pair.a <= pair.b)
            && self.co_writes.is_sorted_by(|x, y| (&x.a, &x.b) <= (&y.a, &y.b))
            && self.excluded.is_sorted()
            && self.gaps.is_sorted_by_key(|gap| (gap.from_bucket, gap.to_bucket))
    }

    /// SHA-256 of the canonical form without `tool`.
    pub fn digest(&self) -> format::Digest {
        let workload = self.canonical();
        workload.digest_as_it_is()
    }

    fn digest_as_it_is(&self) -> format::Digest {
        let value = |part: Result<serde_json::Value, serde_json::Error>| part.expect("our types always serialize");
        let mut fields = BTreeMap::from([
            ("kind", value(serde_json::to_value(&self.kind))),
            ("version", value(serde_json::to_value(self.version))),
            ("server", value(serde_json::to_value(&self.server))),
            ("database", value(serde_json::to_value(&self.database))),
            ("method", value(serde_json::to_value(self.method))),
            ("start", value(serde_json::to_value(self.start))),
            ("bucket_s", value(serde_json::to_value(self.bucket_s))),
            ("bucket_count", value(serde_json::to_value(self.bucket_count))),
            ("cluster_wal_bytes_per_s", value(serde_json::to_value(&self.cluster_wal_bytes_per_s))),
            ("cluster_transactions_per_s", value(serde_json::to_value(&self.cluster_transactions_per_s))),
            ("foreign_keys", value(serde_json::to_value(&self.foreign_keys))),
            ("excluded", value(serde_json::to_value(&self.excluded))),
            ("gaps", value(serde_json::to_value(&self.gaps))),
            ("notes", value(serde_json::to_value(&self.notes))),
        ]);
        if let Some(validity) = &self.validity {
            fields.insert("validity", value(serde_json::to_value(validity)));
        }
        if !self.co_writes.is_empty() {
            fields.insert("co_writes", value(serde_json::to_value(&self.co_writes)));
        }
        format::digest_with_long_array(&fields, "tables", &self.tables)
    }

    /// Buckets in which the cluster and every table were observed, in order.
    pub fn observed_buckets(&self) -> Vec<usize> {
        let mut observed = vec![true; self.bucket_count as usize];
        let series = self.tables.iter().flat_map(|table| table.load.series().map(|(_, series)| series));
        for series in series.chain([&self.cluster_wal_bytes_per_s, &self.cluster_transactions_per_s]) {
            if let Series::Buckets(values) = series {
                for (seen, value) in observed.iter_mut().zip(values) {
                    *seen &= !value.is_nan();
                }
            }
        }
        (0..observed.len()).filter(|&bucket| observed[bucket]).collect()
    }

    /// Share of the time from first to last bucket that was observed, 0 to 1.
    pub fn observed_share(&self) -> f64 {
        let observed = self.observed_buckets();
        let share = |bucket: &usize| self.validity.as_ref().map_or(1.0, |validity| validity.or_zero(*bucket));
        observed.iter().map(share).sum::<f64>() / f64::from(self.bucket_count.max(1))
    }

    /// Tables by name.
    pub fn by_name(&self) -> BTreeMap<TableName, &Table> {
        self.tables.iter().map(|table| (table.table_name(), table)).collect()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::format::Document;

    /// A workload of one bucket with the given tables, to be filled by the test.
    pub(crate) fn workload(tables: Vec<Table>) -> Workload {
        Workload {
            kind: "workload".into(),
            version: Workload::VERSION,
            tool: format::TOOL.into(),
            server: ServerFacts::of_major(15),
            database: "app".into(),
            method: Method::Synthetic,
            start: "2026-01-05T00:00:00Z".parse().expect("a fixed timestamp"),
            bucket_s: 3600,
            bucket_count: 1,
            cluster_wal_bytes_per_s: Series::Constant(0.0),
            cluster_transactions_per_s: Series::Constant(0.0),
            validity: None,
            tables,
            foreign_keys: Vec::new(),
            co_writes: Vec::new(),
            excluded: Vec::new(),
            gaps: Vec::new(),
            notes: Vec::new(),
        }
    }

    /// An ordinary table with a primary key and a constant WAL rate.
    pub(crate) fn table(name: &str, wal_bytes_per_s: f64) -> Table {
        Table {
            schema: "public".into(),
            name: name.into(),
            kind: TableKind::Table,
            partition_root: None,
            inherits: Vec::new(),
            children_left_out: false,
            heap_bytes: 0,
            toast_bytes: 0,
            index_bytes: 0,
            rows_estimate: 0.0,
            index_count: 1,
            column_count: 2,
            row_width_bytes: 16.0,
            replica_identity: ReplicaIdentity::Default,
            primary_key: true,
            identity_columns: vec!["id".into()],
            usable_unique_index: None,
            generated_columns: Vec::new(),
            generated_key_columns: Vec::new(),
            columns_without_equality: Vec::new(),
            full_key_columns: Vec::new(),
            partition_hash_types: Vec::new(),
            load: Load { wal_bytes_per_s: Series::Constant(wal_bytes_per_s), ..Load::default() },
        }
    }

    #[test]
    fn digest_covers_everything_but_tool_and_order() {
        let mut first = workload(vec![table("b", 1.0), table("a", 2.0)]);
        let mut second = workload(vec![table("a", 2.0), table("b", 1.0)]);
        second.tool = "another".into();
        second.tables[0].load.wal_bytes_per_s = Series::Buckets([2.0].into());
        first.canonicalize();
        second.canonicalize();
        assert_eq!(first.digest(), second.digest());
        assert_eq!(first.digest(), format::digest_without(&first, &["tool"]));
        second.tables[0].heap_bytes = 1;
        assert_ne!(first.digest(), second.digest());
    }

    #[test]
    fn the_canonical_form_is_made_where_it_is_missing() {
        let mut sorted = workload(vec![table("a", 2.0), table("b", 1.0)]);
        assert!(matches!(sorted.canonical(), Cow::Borrowed(_)));
        sorted.tables[0].load.wal_bytes_per_s = Series::Buckets([2.0].into());
        assert!(matches!(sorted.canonical(), Cow::Owned(_)));
        let unsorted = workload(vec![table("b", 1.0), table("a", 2.0)]);
        assert_eq!(unsorted.canonical(), sorted.canonical());
        assert_eq!(unsorted.digest(), sorted.digest());
        let mut pairs = workload(vec![table("a", 2.0), table("b", 1.0)]);
        let of = |name: &str| TableName::new("public", name);
        pairs.co_writes = vec![CoWrite { a: of("b"), b: of("a"), transactions_per_s: 1.0 }];
        assert!(matches!(pairs.canonical(), Cow::Owned(made) if made.co_writes[0].a == of("a")));
    }

    #[test]
    fn a_bucket_counts_as_observed_only_if_all_saw_it() {
        let mut one = workload(vec![table("a", 0.0), table("b", 0.0)]);
        one.bucket_count = 3;
        one.tables[0].load.wal_bytes_per_s = Series::Buckets([1.0, f64::NAN, 1.0].into());
        one.cluster_wal_bytes_per_s = Series::Buckets([f64::NAN, 1.0, 1.0].into());
        assert_eq!(one.observed_buckets(), [2]);
    }
}
