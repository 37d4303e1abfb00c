//! A workload like another one, without its names: to show a problem, or to plan for growth, without showing a customer's
//! schema.
//!
//! What stays is what planning looks at: rates, sizes, kinds, identities, and which tables are joined. What goes is every
//! name, every text, and what identifies the server. Tables are numbered in an order drawn from the seed, so that their
//! numbers tell nothing of their names' order.

use std::collections::BTreeMap;

use rand::seq::SliceRandom;

use super::{GenerateError, generator};
use crate::{
    format::TOOL,
    names::TableName,
    server::ServerFacts,
    workload::{CoWrite, ForeignKey, Gap, Method, Series, Table, Workload},
};

/// Settings that planning looks at. Others may name paths and people.
const KEPT_SETTINGS: [&str; 6] = [
    "max_logical_replication_workers",
    "max_replication_slots",
    "max_wal_senders",
    "max_worker_processes",
    "max_slot_wal_keep_size",
    "wal_level",
];

/// A workload with the same shape and `scale` times the load and the rows. The same inputs make the same file.
///
/// # Errors
/// [`GenerateError::Range`] for a scale that is not above 0 and at most 1,000.
pub fn like(workload: &Workload, scale: f64, seed: u64) -> Result<Workload, GenerateError> {
    if !(scale > 0.0 && scale <= 1000.0) {
        let value = scale.to_string();
        return Err(GenerateError::Range { setting: "scale", value, range: "above 0 and at most 1000" });
    }
    let names = Names::new(workload, seed);
    let mut made = Workload {
        tool: TOOL.into(),
        server: server(&workload.server),
        database: "app".into(),
        method: Method::Synthetic,
        cluster_wal_bytes_per_s: scaled(&workload.cluster_wal_bytes_per_s, scale),
        cluster_transactions_per_s: scaled(&workload.cluster_transactions_per_s, scale),
        tables: workload.tables.iter().map(|table| names.of_table(table, scale)).collect(),
        foreign_keys: workload.foreign_keys.iter().enumerate().filter_map(|(at, key)| names.of_key(at, key)).collect(),
        co_writes: workload.co_writes.iter().filter_map(|pair| names.of_pair(pair, scale)).collect(),
        excluded: Vec::new(),
        gaps: workload.gaps.iter().map(|gap| Gap { reason: "not observed".into(), ..gap.clone() }).collect(),
        notes: vec![format!("synthetic: like another workload, scale {scale}")],
        ..workload.clone()
    };
    made.canonicalize();
    Ok(made)
}

fn server(server: &ServerFacts) -> ServerFacts {
    let mut made = ServerFacts::of_major(server.version_num.major());
    made.version_num = server.version_num;
    made.flavor = server.flavor;
    made.cores = server.cores;
    let kept = |name: &str| Some((name.to_owned(), server.settings.get(name)?.clone()));
    made.settings = KEPT_SETTINGS.into_iter().filter_map(kept).collect();
    made.slots_in_use = (1..=server.slots_in_use.len()).map(|number| format!("slot_{number}")).collect();
    made
}

/// Four digits are enough, and fewer tell whose database it is.
fn scaled(series: &Series, scale: f64) -> Series {
    let value = |value: f64| if value.is_nan() { value } else { super::rows::four_digits(value * scale) };
    match series {
        Series::Constant(constant) => Series::Constant(value(*constant)),
        Series::Buckets(values) => Series::Buckets(values.iter().map(|one| value(*one)).collect()).compact(),
    }
}

/// What each table is called now.
struct Names(BTreeMap<TableName, TableName>);

impl Names {
    fn new(workload: &Workload, seed: u64) -> Self {
        let mut tables: Vec<TableName> = workload.tables.iter().map(Table::table_name).collect();
        tables.sort();
        tables.shuffle(&mut generator(seed, 0));
        let digits = tables.len().to_string().len();
        let number = |at: usize| TableName::new("public", format!("t{:0digits$}", at + 1));
        Names(tables.into_iter().enumerate().map(|(at, table)| (table, number(at))).collect())
    }

    /// A table that is not in the file is named by nobody.
    fn of(&self, table: &TableName) -> Option<TableName> {
        self.0.get(table).cloned()
    }

    fn of_table(&self, table: &Table, scale: f64) -> Table {
        let name = self.of(&table.table_name()).unwrap_or_else(|| TableName::new("public", "unknown"));
        let bytes = |bytes: u64| (bytes as f64 * scale).round() as u64;
        let columns = |columns: &[String]| (1..=columns.len()).map(|number| format!("c{number}")).collect();
        let mut made = Table {
            schema: name.schema,
            name: name.name,
            partition_root: table.partition_root.as_ref().and_then(|root| self.of(root)),
            inherits: table.inherits.iter().filter_map(|parent| self.of(parent)).collect(),
            children_left_out: table.children_left_out,
            heap_bytes: bytes(table.heap_bytes),
            toast_bytes: bytes(table.toast_bytes),
            index_bytes: bytes(table.index_bytes),
            rows_estimate: (table.rows_estimate * scale).round(),
            identity_columns: columns(&table.identity_columns),
            usable_unique_index: table.usable_unique_index.as_ref().map(|_| "some_index".to_owned()),
            generated_columns: columns(&table.generated_columns),
            ..table.clone()
        };
        for series in made.load.series_mut() {
            *series = scaled(series, scale);
        }
        made.load.burst_wal_bytes = made.load.burst_wal_bytes.map(|bytes| super::rows::four_digits(bytes * scale));
        // Rounded apart, a part may be above its whole.
        made.load.hot_updates_per_s = least(&made.load.hot_updates_per_s, &made.load.updates_per_s);
        made
    }

    fn of_key(&self, at: usize, key: &ForeignKey) -> Option<ForeignKey> {
        let columns = |count: usize| (1..=count).map(|number| format!("c{number}")).collect::<Vec<_>>();
        let mut made = key.clone();
        (made.from, made.to) = (self.of(&key.from)?, self.of(&key.to)?);
        made.name = format!("key_{}", at + 1);
        made.columns = columns(key.columns.len());
        made.referenced_columns = columns(key.referenced_columns.len());
        made.on_delete_columns = columns(key.on_delete_columns.len());
        Some(made)
    }

    fn of_pair(&self, pair: &CoWrite, scale: f64) -> Option<CoWrite> {
        let (a, b) = (self.of(&pair.a)?, self.of(&pair.b)?);
        let (a, b) = if a < b { (a, b) } else { (b, a) };
        Some(CoWrite { a, b, transactions_per_s: super::rows::four_digits(pair.transactions_per_s * scale) })
    }
}

fn least(part: &Series, whole: &Series) -> Series {
    match part {
        Series::Constant(part) => match whole {
            Series::Constant(whole) => Series::Constant(part.min(*whole)),
            Series::Buckets(whole) => Series::Buckets(whole.iter().map(|whole| part.min(*whole)).collect()),
        },
        Series::Buckets(parts) => Series::Buckets(
            parts
                .iter()
                .enumerate()
                .map(|(bucket, part)| if part.is_nan() { *part } else { part.min(whole.at(bucket).unwrap_or(*part)) })
                .collect(),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        generate::{GenerateSettings, generate},
        workload::check,
    };

    fn original() -> Workload {
        let settings = GenerateSettings { tables: 120, hours: 24, co_write_share: 0.5, ..GenerateSettings::default() };
        let mut workload = generate(&settings).unwrap();
        workload.server.system_identifier = Some(crate::server::SystemIdentifier(7_123_456_789));
        workload.server.slots_in_use = vec!["debezium_customer".into()];
        workload.server.settings.insert("data_directory".into(), "/srv/customer".into());
        workload.notes.push("the role customer_reader lacks a grant".into());
        workload.canonicalize();
        workload
    }

    #[test]
    fn it_has_the_shape_and_no_name() {
        let original = original();
        let made = like(&original, 1.0, 7).unwrap();
        check::validate(&made).unwrap();
        assert_eq!(made, like(&original, 1.0, 7).unwrap());
        assert_eq!((made.tables.len(), made.foreign_keys.len()), (original.tables.len(), original.foreign_keys.len()));
        assert_eq!(made.co_writes.len(), original.co_writes.len());
        let text = String::from_utf8(crate::format::write(&made)).unwrap();
        for name in original.tables.iter().map(|table| table.name.as_str()).chain(["customer", "7123456789", "_id"]) {
            assert!(!text.contains(&format!("\"{name}\"")) && !text.contains("customer"), "{name}");
        }
        let total = |workload: &Workload| workload.tables.iter().map(|t| t.load.wal_bytes_per_s.mean()).sum::<f64>();
        assert!((total(&made) / total(&original) - 1.0).abs() < 0.001);
    }

    #[test]
    fn it_grows_as_asked() {
        let original = original();
        let made = like(&original, 3.0, 7).unwrap();
        let copied = |workload: &Workload| workload.tables.iter().map(Table::copy_bytes).sum::<u64>() as f64;
        assert!((copied(&made) / copied(&original) - 3.0).abs() < 0.001);
        let wal = |workload: &Workload| workload.cluster_wal_bytes_per_s.mean();
        assert!((wal(&made) / wal(&original) - 3.0).abs() < 0.01);
        for scale in [0.0, -1.0, f64::NAN, 1001.0] {
            assert!(like(&original, scale, 1).unwrap_err().to_string().contains("\"scale\""));
        }
    }
}
