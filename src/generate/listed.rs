//! Workloads of tables that somebody names: a list of rates and sizes, or the nine tables of TPC-C. Layout and WAL of a row
//! change follow from the same record model as for made-up tables, days and noise from the same settings.

use std::collections::BTreeMap;

use super::{
    GenerateError, GenerateSettings, assemble, draw_loads, generator,
    rows::{RowChanges, four_digits},
    schema::Schema,
    shape::Shape,
};
use crate::{
    names::TableName,
    workload::{CoWrite, ForeignKey, Load, ReplicaIdentity, Table, TableKind, Workload},
};

/// Bytes of a page.
const PAGE: f64 = 8192.0;

/// One table as a list has it. [`TableSpec::new`] fills in what is not said.
#[derive(Debug, Clone, PartialEq)]
pub struct TableSpec {
    /// Schema and name.
    pub name: TableName,
    /// Rows inserted a second, mean.
    pub inserts_per_s: f64,
    /// Rows updated a second, mean.
    pub updates_per_s: f64,
    /// Rows deleted a second, mean.
    pub deletes_per_s: f64,
    /// Share of the updates that are HOT, 0 to 1.
    pub hot_share: f64,
    /// Rows that there are.
    pub rows: f64,
    /// Mean width of a row, bytes.
    pub row_width_bytes: f64,
    /// Columns.
    pub columns: u32,
    /// Indexes, the primary key's included.
    pub indexes: u32,
    /// TOAST, bytes.
    pub toast_bytes: u64,
    /// Whether it has a primary key.
    pub primary_key: bool,
    /// When it is busy; `None`: drawn as for made-up tables.
    shape: Option<Shape>,
    /// Rows of one transaction.
    rows_per_transaction: f64,
}

impl TableSpec {
    /// A table that is never written, with a primary key, a thousand rows of 100 bytes, and an index.
    pub fn new(name: TableName) -> Self {
        TableSpec {
            name,
            inserts_per_s: 0.0,
            updates_per_s: 0.0,
            deletes_per_s: 0.0,
            hot_share: 0.7,
            rows: 1000.0,
            row_width_bytes: 100.0,
            columns: 8,
            indexes: 1,
            toast_bytes: 0,
            primary_key: true,
            shape: None,
            rows_per_transaction: 1.0,
        }
    }

    fn check(&self) -> Result<(), GenerateError> {
        let numbers = [
            ("inserts_per_s", self.inserts_per_s, 1e9),
            ("updates_per_s", self.updates_per_s, 1e9),
            ("deletes_per_s", self.deletes_per_s, 1e9),
            ("hot_share", self.hot_share, 1.0),
            ("rows", self.rows, 1e13),
            ("row_width_bytes", self.row_width_bytes, 1e6),
            ("toast_bytes", self.toast_bytes as f64, 1e16),
        ];
        match numbers.into_iter().find(|(_, value, most)| !(0.0..=*most).contains(value)) {
            None => Ok(()),
            Some((column, value, _)) => Err(GenerateError::Table {
                table: self.name.clone(),
                reason: format!("{column} is {value}, which is out of range"),
            }),
        }
    }

    fn table(&self) -> Table {
        let pages = |bytes: f64| (bytes / PAGE).ceil() as u64 * PAGE as u64;
        let identity_columns = if self.primary_key { vec!["id".to_owned()] } else { Vec::new() };
        Table {
            schema: self.name.schema.clone(),
            name: self.name.name.clone(),
            kind: TableKind::Table,
            partition_root: None,
            inherits: Vec::new(),
            children_left_out: false,
            heap_bytes: pages(self.rows * (self.row_width_bytes + 28.0) * 1.2),
            toast_bytes: self.toast_bytes,
            index_bytes: pages(self.rows * f64::from(self.indexes) * 33.0),
            rows_estimate: self.rows.round(),
            index_count: self.indexes,
            column_count: self.columns,
            row_width_bytes: self.row_width_bytes,
            replica_identity: ReplicaIdentity::Default,
            primary_key: self.primary_key,
            identity_columns,
            usable_unique_index: None,
            generated_columns: Vec::new(),
            generated_key_columns: Vec::new(),
            columns_without_equality: Vec::new(),
            full_key_columns: Vec::new(),
            partition_hash_types: Vec::new(),
            load: Load::default(),
        }
    }

    fn changes(&self, table: &Table) -> RowChanges {
        // New rows bring as much TOAST as the old ones have.
        let chunks = if self.rows > 0.0 { self.toast_bytes as f64 / 2086.0 / self.rows } else { 0.0 };
        let changes = [self.inserts_per_s, self.updates_per_s, self.deletes_per_s];
        RowChanges::of(table, changes, self.hot_share, chunks, self.rows_per_transaction)
    }
}

/// A workload of these tables. Of the settings count hours, bucket, start, seed, noise and the publisher's version.
///
/// # Errors
/// [`GenerateError`] for settings or figures out of range, a table that is listed twice, and an empty list.
pub fn of_tables(specs: &[TableSpec], settings: &GenerateSettings) -> Result<Workload, GenerateError> {
    build(specs, Vec::new(), Vec::new(), settings)
}

fn build(
    specs: &[TableSpec],
    foreign_keys: Vec<ForeignKey>,
    co_writes: Vec<CoWrite>,
    settings: &GenerateSettings,
) -> Result<Workload, GenerateError> {
    let count = u32::try_from(specs.len()).unwrap_or(u32::MAX);
    let settings = &GenerateSettings { tables: count, hot: 0, co_write_share: 0.0, ..settings.clone() };
    settings.validate()?;
    let mut by_name: BTreeMap<&TableName, &TableSpec> = BTreeMap::new();
    for spec in specs {
        spec.check()?;
        if by_name.insert(&spec.name, spec).is_some() {
            return Err(GenerateError::Table { table: spec.name.clone(), reason: "it is listed twice".to_owned() });
        }
    }
    // By name, so that the order of the list changes nothing.
    let tables = by_name.into_values().enumerate().map(|(number, spec)| {
        let mut table = spec.table();
        let changes = spec.changes(&table);
        let rng = &mut generator(settings.seed, 1 + number as u64);
        let community = Shape::of_community(rng);
        let drawn = Shape::of_table(rng, community);
        let mean = changes.wal_bytes_per_s(spec.inserts_per_s + spec.updates_per_s + spec.deletes_per_s);
        table.load = draw_loads(settings, rng, &changes, &spec.shape.unwrap_or(drawn), mean);
        table
    });
    let tables = tables.collect();
    let mut workload = assemble(settings, Schema::of_keys(foreign_keys), tables);
    workload.co_writes = co_writes;
    workload.notes = vec![format!("synthetic: {count} listed tables, {} h, seed {}", settings.hours, settings.seed)];
    workload.canonicalize();
    Ok(workload)
}

/// One of TPC-C's tables: its name, columns, indexes, width, rows of a warehouse, and for each transaction of the mix the
/// rows that are inserted, updated and deleted, and the HOT share of the updates.
type OfStandard = (&'static str, u32, u32, f64, f64, [f64; 3], f64);

/// TPC Benchmark C, revision 5.11: cardinalities and widths of clause 1.2 and 1.3, the mix of clause 5.2.3 (45 % New-Order with
/// ten lines each, 43 % Payment, 4 % Delivery of ten orders). `history` has a key, as BenchmarkSQL's has. HOT shares as
/// measured for `rows`.
const TPCC: [OfStandard; 9] = [
    ("customer", 21, 2, 655.0, 30_000.0, [0.0, 0.83, 0.0], 0.9),
    ("district", 11, 1, 95.0, 10.0, [0.0, 0.88, 0.0], 1.0),
    ("history", 9, 1, 54.0, 30_000.0, [0.43, 0.0, 0.0], 1.0),
    ("item", 5, 1, 82.0, 0.0, [0.0, 0.0, 0.0], 1.0),
    ("new_order", 3, 1, 8.0, 9_000.0, [0.45, 0.0, 0.4], 1.0),
    ("order_line", 10, 1, 54.0, 300_000.0, [4.5, 4.0, 0.0], 0.8),
    ("orders", 8, 2, 24.0, 30_000.0, [0.45, 0.4, 0.0], 0.67),
    ("stock", 17, 1, 306.0, 100_000.0, [0.0, 4.5, 0.0], 0.9),
    ("warehouse", 9, 1, 89.0, 1.0, [0.0, 0.43, 0.0], 1.0),
];

/// Its items do not grow with the warehouses.
const ITEMS: f64 = 100_000.0;

/// The most New-Orders a minute that a warehouse can have, by the standard's keying and thinking times.
const MOST_TPMC: f64 = 12.86;

const TPCC_KEYS: [(&str, &str); 10] = [
    ("customer", "district"),
    ("district", "warehouse"),
    ("history", "customer"),
    ("history", "district"),
    ("new_order", "orders"),
    ("order_line", "orders"),
    ("order_line", "stock"),
    ("orders", "customer"),
    ("stock", "item"),
    ("stock", "warehouse"),
];

/// Which tables each transaction of the mix writes, and its share.
const TPCC_TRANSACTIONS: [(f64, &[&str]); 3] = [
    (0.45, &["district", "new_order", "order_line", "orders", "stock"]),
    (0.43, &["customer", "district", "history", "warehouse"]),
    (0.04, &["customer", "new_order", "order_line", "orders"]),
];

/// TPC-C at the rate that writes the settings' WAL, in as many warehouses as the standard asks for that rate.
///
/// # Errors
/// [`GenerateError::Range`] for settings out of range.
pub fn tpcc(settings: &GenerateSettings) -> Result<Workload, GenerateError> {
    let name = |table: &str| TableName::new("public", table);
    let spec = |&(table, columns, indexes, width, _, changes, hot_share): &OfStandard| {
        let [inserts_per_s, updates_per_s, deletes_per_s] = changes;
        TableSpec {
            inserts_per_s,
            updates_per_s,
            deletes_per_s,
            hot_share,
            row_width_bytes: width,
            columns,
            indexes,
            shape: Some(Shape::Flat),
            rows_per_transaction: changes.iter().sum::<f64>().max(1.0),
            ..TableSpec::new(name(table))
        }
    };
    let mut specs: Vec<TableSpec> = TPCC.iter().map(spec).collect();
    let wal_of_one: f64 = specs
        .iter()
        .map(|spec| {
            let rows = spec.inserts_per_s + spec.updates_per_s + spec.deletes_per_s;
            spec.changes(&spec.table()).wal_bytes_per_s(rows)
        })
        .sum();
    let per_s = settings.total_wal_bytes_per_s / wal_of_one;
    let warehouses = (0.45 * per_s * 60.0 / MOST_TPMC).ceil().max(1.0);
    for (spec, standard) in specs.iter_mut().zip(&TPCC) {
        spec.inserts_per_s *= per_s;
        spec.updates_per_s *= per_s;
        spec.deletes_per_s *= per_s;
        spec.rows = if standard.0 == "item" { ITEMS } else { standard.4 * warehouses };
    }
    let mut keys = Vec::new();
    for (from, to) in TPCC_KEYS {
        let column = format!("{to}_id");
        keys.push(
            ForeignKey::new(name(from), name(to), format!("{from}_{column}_fkey"))
                .with_columns([column.as_str()], ["id"]),
        );
    }
    let mut together: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    for (share, tables) in TPCC_TRANSACTIONS {
        for (at, a) in tables.iter().enumerate() {
            for b in &tables[at + 1..] {
                *together.entry((a, b)).or_default() += share * per_s;
            }
        }
    }
    let pairs = together.into_iter().map(|((a, b), rate)| CoWrite {
        a: name(a),
        b: name(b),
        transactions_per_s: four_digits(rate),
    });
    build(&specs, keys, pairs.filter(|pair| pair.transactions_per_s > 0.0).collect(), settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::check;

    fn settings() -> GenerateSettings {
        GenerateSettings { hours: 24, total_wal_bytes_per_s: 5e6, ..GenerateSettings::default() }
    }

    #[test]
    fn tpcc_is_the_standards() {
        let workload = tpcc(&settings()).unwrap();
        check::validate(&workload).unwrap();
        assert_eq!((workload.tables.len(), workload.foreign_keys.len()), (9, 10));
        let of = |name: &str| workload.tables.iter().find(|table| table.name == name).unwrap();
        let ratio = of("order_line").load.inserts_per_s.mean() / of("orders").load.inserts_per_s.mean();
        assert!((ratio - 10.0).abs() < 0.1, "{ratio}");
        assert_eq!(of("item").load.wal_bytes_per_s.max(), 0.0);
        let total: f64 = workload.tables.iter().map(|table| table.load.wal_bytes_per_s.mean()).sum();
        assert!((total / 5e6 - 1.0).abs() < 0.02, "{total}");
        assert!(workload.tables.iter().all(Table::has_identity));
        assert_eq!(of("stock").rows_estimate / of("warehouse").rows_estimate, 100_000.0);
        assert!(workload.co_writes.iter().any(|pair| pair.a.name == "order_line" && pair.b.name == "stock"));
    }

    #[test]
    fn listed_tables_have_the_rates_of_the_list() {
        let spec = |name: &str| TableSpec::new(TableName::new("public", name));
        let busy =
            TableSpec { inserts_per_s: 100.0, updates_per_s: 50.0, rows: 1e6, toast_bytes: 1 << 30, ..spec("b") };
        let idle = spec("a");
        let workload = of_tables(&[busy.clone(), idle.clone()], &settings()).unwrap();
        check::validate(&workload).unwrap();
        assert_eq!(workload, of_tables(&[idle.clone(), busy.clone()], &settings()).unwrap(), "in any order");
        let [a, b] = workload.tables.as_slice() else { panic!("two tables") };
        assert_eq!(a.load.wal_bytes_per_s.max(), 0.0);
        assert!((b.load.inserts_per_s.mean() / 100.0 - 1.0).abs() < 0.001);
        assert!((b.load.updates_per_s.mean() / 50.0 - 1.0).abs() < 0.001);
        assert!(b.load.toast_chunks_per_s.mean() > 0.0 && b.toast_bytes == 1 << 30);

        let refused = |specs: &[TableSpec]| of_tables(specs, &settings()).unwrap_err().to_string();
        assert!(refused(&[idle.clone(), idle.clone()]).contains("it is listed twice"));
        assert!(refused(&[TableSpec { updates_per_s: -1.0, ..spec("x") }]).contains("updates_per_s is -1"));
        assert!(refused(&[TableSpec { rows: f64::NAN, ..spec("x") }]).contains("rows is NaN"));
        assert!(refused(&[]).contains("\"tables\""));
    }
}
