//! What really happened: `pg_walinspect` over every byte of the run, and the stream of pgoutput, by SQL of its own, so that
//! an error of the program's queries shows.

use std::collections::BTreeMap;

use pgslotplan::{lsn::Lsn, throwaway::Cluster, workload::snapshot::Instant};

use crate::Outcome;

const BUCKET_S: f64 = 10.0;

pub struct Truth {
    /// Bytes without images by table and bucket.
    pub wal: BTreeMap<String, Vec<f64>>,
    /// Bytes of pgoutput's messages by table and bucket.
    pub logical: BTreeMap<String, Vec<f64>>,
    /// From the first snapshot to the last.
    pub seconds: f64,
    pub all_bytes: f64,
    pub image_bytes: f64,
    changes: Vec<Change>,
    names: BTreeMap<u32, (String, u32)>,
}

/// Changes of one transaction to one table.
struct Change {
    transaction: u64,
    commit: Lsn,
    table: u32,
    rows: u64,
}

/// Counts of a stretch of the stream: rows and transactions by table, transactions by pair of roots, all transactions.
#[derive(Default, PartialEq, Debug)]
pub struct Decoded {
    pub transactions: u64,
    pub tables: BTreeMap<String, (u64, u64)>,
    pub pairs: BTreeMap<(String, String), u64>,
}

pub fn name_of(schema: &str, name: &str) -> String {
    format!("{schema}.{name}")
}

/// A publication and a slot for the stream.
pub fn begin(cluster: &Cluster) -> Outcome<()> {
    cluster.query("postgres", "CREATE PUBLICATION truth FOR ALL TABLES")?;
    cluster.query("postgres", "SELECT pg_create_logical_replication_slot('truth', 'pgoutput')")?;
    Ok(())
}

pub fn read_truth(cluster: &Cluster, instants: &[Instant]) -> Outcome<Truth> {
    let first = instants.first().ok_or("no snapshot")?;
    let last = instants.last().ok_or("no snapshot")?;
    let seconds = |instant: &Instant| instant.at.duration_since(first.at).as_secs_f64();
    let count = (seconds(last) / BUCKET_S) as usize + 1;
    let mut truth = Truth {
        wal: BTreeMap::new(),
        logical: BTreeMap::new(),
        seconds: seconds(last),
        all_bytes: last.lsn.distance(first.lsn) as f64,
        image_bytes: 0.0,
        changes: Vec::new(),
        names: read_names(cluster)?,
    };
    for pair in instants.windows(2) {
        let (from, to) = (seconds(&pair[0]), seconds(&pair[1]));
        for (table, bytes, images) in read_interval(cluster, pair[0].lsn, pair[1].lsn)? {
            truth.image_bytes += images;
            let buckets = truth.wal.entry(table).or_insert_with(|| vec![0.0; count]);
            spread(buckets, from, to, bytes);
        }
    }
    read_stream(cluster, first.lsn, last.lsn, instants, &seconds, count, &mut truth)?;
    Ok(truth)
}

/// Shares what happened in an interval among the buckets by time.
fn spread(buckets: &mut [f64], from: f64, to: f64, amount: f64) {
    for (number, bucket) in buckets.iter_mut().enumerate() {
        let (begin, end) = (number as f64 * BUCKET_S, (number + 1) as f64 * BUCKET_S);
        *bucket += amount * (to.min(end) - from.max(begin)).max(0.0) / (to - from);
    }
}

fn read_names(cluster: &Cluster) -> Outcome<BTreeMap<u32, (String, u32)>> {
    let sql = "SELECT c.oid, n.nspname, c.relname, coalesce(pg_partition_root(c.oid)::oid, c.oid)
                 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                WHERE c.relkind IN ('r', 'p') AND c.oid >= 16384";
    let rows = cluster.query("postgres", sql)?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    rows.iter()
        .map(|row| Ok((text(&row[0]).parse()?, (name_of(&text(&row[1]), &text(&row[2])), text(&row[3]).parse()?))))
        .collect()
}

/// Table, bytes without images, images.
fn read_interval(cluster: &Cluster, from: Lsn, to: Lsn) -> Outcome<Vec<(String, f64, f64)>> {
    if from == to {
        return Ok(Vec::new());
    }
    let records = match cluster.major() {
        15 => format!(
            "SELECT (regexp_match(block_ref, 'rel \\d+/\\d+/(\\d+)'))[1]::oid AS node, record_length - fpi_length AS bytes,
                    fpi_length AS images FROM pg_get_wal_records_info('{from}', '{to}') WHERE block_ref <> ''"
        ),
        _ => format!(
            "SELECT (array_agg(relfilenode ORDER BY block_id))[1] AS node, max(record_length) - sum(block_fpi_length) AS bytes,
                    sum(block_fpi_length) AS images FROM pg_get_wal_block_info('{from}', '{to}', false) GROUP BY start_lsn"
        ),
    };
    let sql = format!(
        "WITH records AS MATERIALIZED ({records}),
              nodes AS (SELECT node, sum(bytes) AS bytes, sum(images) AS images FROM records GROUP BY node)
         SELECT n.nspname, t.relname, sum(r.bytes), sum(r.images)
           FROM nodes r
           JOIN pg_class c ON c.relfilenode = r.node
           LEFT JOIN pg_index i ON i.indexrelid = c.oid
           LEFT JOIN pg_class o ON o.reltoastrelid = coalesce(i.indrelid, c.oid) AND o.reltoastrelid <> 0
           JOIN pg_class t ON t.oid = coalesce(o.oid, i.indrelid, c.oid)
           JOIN pg_namespace n ON n.oid = t.relnamespace
          WHERE t.relkind = 'r' AND t.oid >= 16384
          GROUP BY 1, 2"
    );
    let rows = cluster.query("postgres", &sql)?;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    rows.iter()
        .map(|row| Ok((name_of(&text(&row[0]), &text(&row[1])), text(&row[2]).parse()?, text(&row[3]).parse()?)))
        .collect()
}

fn read_stream(
    cluster: &Cluster,
    first: Lsn,
    last: Lsn,
    instants: &[Instant],
    seconds: &impl Fn(&Instant) -> f64,
    count: usize,
    truth: &mut Truth,
) -> Outcome<()> {
    // C: flags, position of the commit, position after it; I, U, D: the table's oid.
    let sql = "WITH stream AS MATERIALIZED (
                   SELECT lsn, xid::text AS xid, get_byte(data, 0) AS kind,
                          ('x' || encode(substr(data, 2, 4), 'hex'))::bit(32)::int8 AS rel, length(data) AS bytes
                     FROM pg_logical_slot_peek_binary_changes('truth', NULL, NULL, 'proto_version', '1', 'publication_names', 'truth')),
               commits AS (SELECT xid, max(lsn) AS lsn FROM stream WHERE kind = 67 GROUP BY xid)
          SELECT s.xid, c.lsn, s.rel, count(*), sum(s.bytes)
            FROM stream s JOIN commits c USING (xid) WHERE s.kind IN (73, 85, 68) GROUP BY 1, 2, 3";
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    for row in cluster.query("postgres", sql)? {
        let change = Change {
            transaction: text(&row[0]).parse()?,
            commit: text(&row[1]).parse()?,
            table: text(&row[2]).parse()?,
            rows: text(&row[3]).parse()?,
        };
        let bytes: f64 = text(&row[4]).parse()?;
        if first < change.commit && change.commit <= last {
            let after = instants.partition_point(|instant| instant.lsn < change.commit).clamp(1, instants.len() - 1);
            let name = truth.names.get(&change.table).ok_or("a table without a name")?.0.clone();
            let buckets = truth.logical.entry(name).or_insert_with(|| vec![0.0; count]);
            spread(buckets, seconds(&instants[after - 1]), seconds(&instants[after]), bytes);
        }
        truth.changes.push(change);
    }
    Ok(())
}

impl Truth {
    pub fn table_of(&self, oid: u32) -> String {
        self.names.get(&oid).map_or_else(|| oid.to_string(), |(name, _)| name.clone())
    }

    /// What a decoder must have seen of the transactions whose commit lies where `within` says.
    pub fn decoded(&self, within: impl Fn(Lsn) -> bool) -> Decoded {
        let mut decoded = Decoded::default();
        let mut transactions: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
        for change in self.changes.iter().filter(|change| within(change.commit)) {
            let entry = decoded.tables.entry(self.table_of(change.table)).or_default();
            entry.0 += change.rows;
            entry.1 += 1;
            let root = self.names.get(&change.table).map_or(change.table, |(_, root)| *root);
            transactions.entry(change.transaction).or_default().push(root);
        }
        decoded.transactions = transactions.len() as u64;
        for mut roots in transactions.into_values() {
            roots.sort_unstable();
            roots.dedup();
            for (at, a) in roots.iter().enumerate() {
                for b in &roots[at + 1..] {
                    let (a, b) = (self.table_of(*a), self.table_of(*b));
                    *decoded.pairs.entry(if a < b { (a, b) } else { (b, a) }).or_default() += 1;
                }
            }
        }
        decoded
    }
}
