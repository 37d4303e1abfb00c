//! How exporters name the row counters of tables, and their labels.
//!
//! Sources: postgres_exporter's `pg_stat_user_tables` collector (the same names in all releases, whether from a queries
//! file or built in), CloudNativePG's custom queries (prefix `cnpg_`), pgwatch's `table_stats` for its Prometheus sink.

use std::collections::BTreeMap;

use super::answer::SeriesAnswer;
use crate::names::TableName;

/// Series of one exporter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Family {
    /// The exporter's name.
    pub exporter: &'static str,
    /// What stands before `ins`, `upd`, `del` and `hot_upd`.
    pub prefix: &'static str,
    /// Label of the database.
    pub database: &'static str,
    /// Label of the schema.
    pub schema: &'static str,
    /// Label of the table.
    pub table: &'static str,
    /// Counters of the cluster's WAL, bytes; the first that there is counts. The names of 0.20 and before differ.
    pub wal: &'static [&'static str],
    /// Counter of committed transactions of a database.
    pub commits: &'static str,
}

/// Every family that is known, in the order in which they are looked for.
pub const FAMILIES: [Family; 3] = [
    Family {
        exporter: "postgres_exporter",
        prefix: "pg_stat_user_tables_n_tup_",
        database: "datname",
        schema: "schemaname",
        table: "relname",
        wal: &[
            "pg_replication_slots_slot_current_wal_lsn",
            "pg_replication_slot_slot_current_wal_lsn",
            "pg_stat_wal_wal_bytes",
            "pg_wal_lsn_bytes",
        ],
        commits: "pg_stat_database_xact_commit",
    },
    Family {
        exporter: "CloudNativePG",
        prefix: "cnpg_pg_stat_user_tables_n_tup_",
        database: "datname",
        schema: "schemaname",
        table: "relname",
        wal: &["cnpg_collector_wal_bytes"],
        commits: "cnpg_pg_stat_database_xact_commit",
    },
    Family {
        exporter: "pgwatch",
        prefix: "pgwatch_table_stats_n_tup_",
        database: "dbname",
        schema: "schema",
        table: "table_name",
        wal: &["pgwatch_wal_xlog_location_b", "pgwatch_wal_stats_wal_bytes"],
        commits: "pgwatch_db_stats_xact_commit",
    },
];

/// Labels that differ from table to table, so that they say nothing about the instance.
const TABLE_LABELS: [&str; 11] = [
    "__name__",
    "schemaname",
    "relname",
    "schema",
    "table_name",
    "table_full_name",
    "is_part_root",
    "no_autovacuum",
    "table_size_cardinality_mb",
    "relid",
    "current_database",
];

impl Family {
    /// The table that a series is of; pgwatch quotes names as SQL does.
    pub fn table_of(&self, series: &SeriesAnswer) -> Option<TableName> {
        let label = |name: &str| series.labels.get(name).map(|text| unquoted(text));
        Some(TableName::new(label(self.schema)?, label(self.table)?))
    }

    /// What tells instances apart: all labels that are not the table's.
    pub fn instance_of(&self, series: &SeriesAnswer) -> BTreeMap<String, String> {
        let mut labels = series.labels.clone();
        labels.retain(|name, _| !TABLE_LABELS.contains(&name.as_str()));
        labels
    }

    /// Matchers of the database, unless the selector already says which.
    pub fn matchers(&self, database: &str, selector: &str) -> String {
        let mut matchers = Vec::new();
        if !mentions(selector, self.database) {
            matchers.push(format!("{}={}", self.database, quoted(database)));
        }
        if !selector.is_empty() {
            matchers.push(selector.to_owned());
        }
        matchers.join(",")
    }
}

/// A label value in a query.
pub fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Whether a selector has a matcher of this label.
fn mentions(selector: &str, label: &str) -> bool {
    selector.split(',').any(|matcher| {
        let name = matcher.trim_start().trim_start_matches('{');
        name.strip_prefix(label).is_some_and(|rest| rest.trim_start().starts_with(['=', '!']))
    })
}

fn unquoted(text: &str) -> String {
    match text.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(inside) if !inside.is_empty() => inside.replace("\"\"", "\""),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(labels: &[(&str, &str)]) -> SeriesAnswer {
        let labels = labels.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        SeriesAnswer { labels, points: Vec::new() }
    }

    #[test]
    fn names_are_unquoted_and_instances_told_apart() {
        let [exporter, _, pgwatch] = FAMILIES;
        let one = series(&[
            ("schema", "\"we\"\"ird\""),
            ("table_name", "orders"),
            ("dbname", "shop"),
            ("table_full_name", "x"),
        ]);
        assert_eq!(pgwatch.table_of(&one), Some(TableName::new("we\"ird", "orders")));
        assert_eq!(pgwatch.instance_of(&one).keys().collect::<Vec<_>>(), ["dbname"]);
        let two = series(&[("schemaname", "s"), ("relname", "t"), ("instance", "db1:9187"), ("job", "pg")]);
        assert_eq!(exporter.instance_of(&two).len(), 2);
        assert_eq!(exporter.table_of(&series(&[("relname", "t")])), None);
    }

    #[test]
    fn a_selector_may_name_the_database_itself() {
        let [exporter, ..] = FAMILIES;
        assert_eq!(exporter.matchers("a\"b", ""), r#"datname="a\"b""#);
        assert_eq!(exporter.matchers("shop", r#"job="pg""#), r#"datname="shop",job="pg""#);
        assert_eq!(exporter.matchers("shop", r#"job="pg", datname=~"shop.*""#), r#"job="pg", datname=~"shop.*""#);
        assert!(!mentions(r#"datname_x="a""#, "datname"));
    }
}
