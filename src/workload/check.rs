//! Is a workload file consistent, and is it plausible? Contradictions are errors, doubts are findings.

use std::collections::{BTreeMap, BTreeSet};

use super::{Series, Table, TableKind, Workload};
use crate::{
    finding::{Finding, Subject, code},
    format::FormatError,
    names::{TableName, check_part},
};

/// More of anything in a second no server does; sums of such rates stay exact.
const MOST_PER_S: f64 = 1e12;
/// Sizes of one table, bytes: some thirty times the largest that Postgres can hold.
const MOST_TABLE_BYTES: u64 = 1 << 50;
/// Sizes of all tables together, bytes, so that sums of them stay far from the end of 64 bits.
const MOST_BYTES: u64 = 1 << 60;
/// Any other number: rows of a table, bytes of a burst.
const MOST_OF_ANYTHING: f64 = 1e15;
/// A bucket is a year at most, and there are at most two years of minutes of them.
pub(super) const MOST_BUCKET_S: u32 = 366 * 86_400;
pub(super) const MOST_BUCKETS: u32 = 2 * 366 * 1_440;
/// Loads of tables in buckets that a plan is made over, so that they fit into memory: 20,000 tables in 20 weeks of hours.
const MOST_LOADS: u64 = 1 << 26;

/// Refuses what cannot be meant: a table twice, names no server has, rates that are negative, beyond any server or of the wrong
/// length, trees and families that no catalog holds.
///
/// # Errors
/// [`FormatError::Content`] naming the first contradiction.
pub fn validate(workload: &Workload) -> Result<(), FormatError> {
    validate_file(workload)?;
    let loads = workload.tables.len() as u64 * u64::from(workload.bucket_count);
    if loads > MOST_LOADS {
        let message = format!(
            "it has {} tables in {} buckets, but at most {MOST_LOADS} loads can be planned; fold it into a typical week first",
            workload.tables.len(),
            workload.bucket_count
        );
        return Err(FormatError::content("workload", message));
    }
    Ok(())
}

/// The part of [`validate`] that every file keeps, whatever is made of it.
///
/// # Errors
/// As [`validate`].
pub fn validate_file(workload: &Workload) -> Result<(), FormatError> {
    validate_frame(workload)?;
    if let Err(cause) = check_part(&workload.database) {
        return Err(FormatError::content("workload", format!("database: {cause}")));
    }
    let error = |message: String| Err(FormatError::content("workload", message));
    let mut seen: BTreeMap<TableName, &Table> = BTreeMap::new();
    let mut bytes = 0u64;
    for table in &workload.tables {
        let name = table.table_name();
        validate_table(workload, table)?;
        if seen.contains_key(&name) {
            return error(format!("table {name} is listed twice"));
        }
        bytes = bytes.saturating_add(table.copy_bytes()).saturating_add(table.index_bytes);
        if bytes > MOST_BYTES {
            return error(format!(
                "the tables up to {name} have {bytes} bytes together, but at most {MOST_BYTES} can be planned"
            ));
        }
        seen.insert(name, table);
    }
    check_references(workload, &seen)?;
    check_families(&seen)
}

/// The part of [`validate`] that concerns no table.
///
/// # Errors
/// As [`validate`].
pub fn validate_frame(workload: &Workload) -> Result<(), FormatError> {
    let error = |message: String| Err(FormatError::content("workload", message));
    if workload.bucket_s == 0 || workload.bucket_count == 0 {
        return error("\"bucket_s\" and \"bucket_count\" must be at least 1".into());
    }
    if workload.bucket_s > MOST_BUCKET_S || workload.bucket_count > MOST_BUCKETS {
        return error(format!(
            "\"bucket_s\" is {} and \"bucket_count\" {}, but at most {MOST_BUCKET_S} and {MOST_BUCKETS} can be planned",
            workload.bucket_s, workload.bucket_count
        ));
    }
    if !workload.server.version_num.is_well_formed() {
        return error(format!("\"version_num\" {} is not of the form 150018", workload.server.version_num.0));
    }
    check_series(workload, "the cluster", "cluster_wal_bytes_per_s", &workload.cluster_wal_bytes_per_s)?;
    check_series(workload, "the cluster", "cluster_transactions_per_s", &workload.cluster_transactions_per_s)?;
    if let Some(validity) = &workload.validity {
        check_series(workload, "the file", "validity", validity)?;
        if validity.max() > 1.0 {
            return error(format!("\"validity\" is {}, but a share is at most 1", validity.max()));
        }
    }
    Ok(())
}

/// The part of [`validate`] that concerns one table alone.
///
/// # Errors
/// As [`validate`].
pub fn validate_table(workload: &Workload, table: &Table) -> Result<(), FormatError> {
    let name = table.table_name();
    if let Err(cause) = name.check() {
        return Err(FormatError::content("workload", cause.to_string()));
    }
    check_table(workload, table, &name)
}

fn check_table(workload: &Workload, table: &Table, name: &TableName) -> Result<(), FormatError> {
    let subject = format!("table {name}");
    for (field, series) in table.load.series() {
        check_series(workload, &subject, field, series)?;
    }
    let numbers = [
        ("rows_estimate", Some(table.rows_estimate)),
        ("row_width_bytes", Some(table.row_width_bytes)),
        ("burst_wal_bytes", table.load.burst_wal_bytes),
        ("burst_s", table.load.burst_s),
    ];
    for (field, value) in numbers {
        if value.is_some_and(|value| !value.is_finite() || value < 0.0) {
            return Err(FormatError::content(
                "workload",
                format!("\"{field}\" of {subject} is {}, but cannot be negative", value.unwrap_or(f64::NAN)),
            ));
        }
        if let Some(value) = value.filter(|value| *value > MOST_OF_ANYTHING) {
            return Err(FormatError::content(
                "workload",
                format!("\"{field}\" of {subject} is {value}, but at most {MOST_OF_ANYTHING} is possible"),
            ));
        }
    }
    let sizes =
        [("heap_bytes", table.heap_bytes), ("toast_bytes", table.toast_bytes), ("index_bytes", table.index_bytes)];
    if let Some((field, bytes)) = sizes.into_iter().find(|(_, bytes)| *bytes > MOST_TABLE_BYTES) {
        return Err(FormatError::content(
            "workload",
            format!("\"{field}\" of {subject} is {bytes}, but at most {MOST_TABLE_BYTES} is possible"),
        ));
    }
    let loaded = table.load.series().find(|(_, series)| table.kind == TableKind::Partitioned && series.max() > 0.0);
    if let Some((field, series)) = loaded {
        return Err(FormatError::content(
            "workload",
            format!(
                "\"{field}\" of {subject} is {}, but a partitioned table has its load in its partitions",
                series.max()
            ),
        ));
    }
    if table.kind != TableKind::Table && !table.inherits.is_empty() {
        return Err(FormatError::content(
            "workload",
            format!("{subject}: only a plain table can inherit, as opposed to a partitioned one or a partition"),
        ));
    }
    if (table.kind == TableKind::Partition) != table.partition_root.is_some() {
        return Err(FormatError::content(
            "workload",
            format!("{subject}: \"partition_root\" must be given for partitions and only for them"),
        ));
    }
    Ok(())
}

fn check_series(workload: &Workload, subject: &str, field: &str, series: &Series) -> Result<(), FormatError> {
    let error = |message: String| Err(FormatError::content("workload", message));
    if let Series::Buckets(values) = series
        && values.len() != workload.bucket_count as usize
    {
        let (found, expected) = (values.len(), workload.bucket_count);
        return error(format!("\"{field}\" of {subject} has {found} values, but there are {expected} buckets"));
    }
    match series.first_invalid() {
        Some((bucket, value)) => error(format!(
            "\"{field}\" of {subject} is {value} in bucket {bucket}, but a rate is a number of at least 0"
        )),
        None if series.max() > MOST_PER_S => error(format!(
            "\"{field}\" of {subject} is {} at most, but no server reaches {MOST_PER_S} per second",
            series.max()
        )),
        None => Ok(()),
    }
}

fn check_references(workload: &Workload, tables: &BTreeMap<TableName, &Table>) -> Result<(), FormatError> {
    let missing = |what: &str, name: &TableName| {
        Err(FormatError::content("workload", format!("{what} names table {name}, which is not in the file")))
    };
    let excluded: BTreeSet<TableName> =
        workload.excluded.iter().map(|e| TableName::new(e.schema.clone(), e.name.clone())).collect();
    let known = |name: &TableName| tables.contains_key(name) || excluded.contains(name);
    for table in &workload.tables {
        match table.partition_root.as_ref().map(|root| (root, tables.get(root))) {
            Some((root, None)) => return missing("a partition", root),
            Some((root, Some(top))) if top.kind != TableKind::Partitioned => {
                let message =
                    format!("the root of partition {} is {root}, which is not partitioned", table.table_name());
                return Err(FormatError::content("workload", message));
            }
            _ => {}
        }
        if let Some(parent) = table.inherits.iter().find(|parent| !known(parent)) {
            return missing("an inheriting table", parent);
        }
        let parents = table.inherits.iter().filter_map(|parent| tables.get(parent));
        if let Some(parent) = parents.into_iter().find(|parent| parent.kind != TableKind::Table) {
            let (child, parent) = (table.table_name(), parent.table_name());
            let message = format!("table {child} inherits from {parent}, which is partitioned or a partition");
            return Err(FormatError::content("workload", message));
        }
    }
    for key in &workload.foreign_keys {
        for name in [&key.from, &key.to] {
            if !known(name) {
                return missing("a foreign key", name);
            }
        }
        if let Some(contradiction) = key.contradiction() {
            let (name, from) = (crate::names::quote_identifier(&key.name), &key.from);
            return Err(FormatError::content(
                "workload",
                format!("foreign key {name} of table {from} {contradiction}"),
            ));
        }
    }
    for pair in &workload.co_writes {
        if !(0.0..=MOST_PER_S).contains(&pair.transactions_per_s) {
            let (a, b, rate) = (&pair.a, &pair.b, pair.transactions_per_s);
            let message = format!("the co-write rate of {a} and {b} is {rate}, but must be between 0 and {MOST_PER_S}");
            return Err(FormatError::content("workload", message));
        }
        for name in [&pair.a, &pair.b] {
            if !known(name) {
                return missing("a co-write pair", name);
            }
        }
    }
    Ok(())
}

/// Inheritance that comes back to where it began. Takes away tables without parents until none is left (Kahn 1962).
fn check_families(tables: &BTreeMap<TableName, &Table>) -> Result<(), FormatError> {
    let mut parents: BTreeMap<&TableName, BTreeSet<&TableName>> = BTreeMap::new();
    let mut children: BTreeMap<&TableName, Vec<&TableName>> = BTreeMap::new();
    for (name, table) in tables.iter().filter(|(_, table)| !table.inherits.is_empty()) {
        let known: BTreeSet<&TableName> = table.inherits.iter().filter(|parent| tables.contains_key(parent)).collect();
        known.iter().for_each(|parent| children.entry(parent).or_default().push(name));
        parents.insert(name, known);
    }
    let mut free: Vec<&TableName> = children.keys().copied().filter(|name| !parents.contains_key(name)).collect();
    free.extend(parents.iter().filter(|(_, known)| known.is_empty()).map(|(name, _)| *name));
    while let Some(parent) = free.pop() {
        for child in children.remove(parent).into_iter().flatten() {
            let left = parents.entry(child).or_default();
            left.remove(parent);
            if left.is_empty() {
                free.push(child);
            }
        }
    }
    match parents.iter().find(|(_, left)| !left.is_empty()) {
        Some((name, _)) => {
            Err(FormatError::content("workload", format!("table {name} inherits from itself by way of others")))
        }
        None => Ok(()),
    }
}

/// A bucket that was observed less is named.
const POORLY_OBSERVED: f64 = 0.5;

/// Doubts about the measurements that whoever plans on them should know.
pub fn findings(workload: &Workload) -> Vec<Finding> {
    findings_of(workload, workload.tables.iter().any(|table| table.load.wal_bytes_per_s.max() > 0.0))
}

/// The same of a workload whose tables are elsewhere: whether any of them was written is all that matters.
pub fn findings_of(workload: &Workload, is_written: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let version = workload.server.version_num;
    if workload.server.settings.get("wal_level").is_some_and(|level| !version.decodes_with(level)) {
        let message = format!("wal_level is not {}", version.wal_levels_in_words());
        findings.push(
            Finding::new(code::WL101, Subject::Publisher, message)
                .detail("WAL was measured without what logical decoding needs, so rates are a little low; slots cannot be made yet.")
                .hint(format!(
                    "{} It must be so before the scripts run.",
                    workload.server.flavor.to_decode()
                )),
        );
    }
    let observed = workload.observed_buckets().len();
    let all = workload.bucket_count as usize;
    if observed < all {
        findings.push(
            Finding::new(code::WL102, Subject::Workload, format!("{observed} of {all} buckets were observed"))
                .detail(
                    "Buckets that were not observed are left out of every maximum: a peak in them is not planned for.",
                )
                .hint("Sample again over the missing hours, or fold several runs together."),
        );
    }
    let share = |bucket: usize| workload.validity.as_ref().map_or(1.0, |validity| validity.or_zero(bucket));
    let poor: Vec<usize> =
        workload.observed_buckets().into_iter().filter(|bucket| share(*bucket) < POORLY_OBSERVED).collect();
    if let Some(worst) = poor.iter().copied().min_by(|a, b| share(*a).total_cmp(&share(*b))) {
        findings.push(
            Finding::new(
                code::WL104,
                Subject::Workload,
                format!(
                    "{} of {all} buckets were observed for less than half of their time, bucket {worst} for {:.0} %",
                    poor.len(),
                    100.0 * share(worst)
                ),
            )
            .detail("Their rates rest on few samples, and may be too high as well as too low.")
            .hint("Sample these hours again and merge, or fold several weeks."),
        );
    }
    if observed > 0 && !is_written {
        findings.push(
            Finding::new(code::WL103, Subject::Workload, "no table wrote anything while it was observed")
                .hint("Sample over hours with load, or check that the right database was sampled."),
        );
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::super::tests::{table, workload};
    use super::*;
    use crate::workload::ForeignKey;

    fn message(workload: &Workload) -> String {
        validate(workload).unwrap_err().to_string()
    }

    #[test]
    fn contradictions_are_named() {
        assert!(validate(&workload(vec![table("a", 1.0)])).is_ok());
        let twice = workload(vec![table("a", 1.0), table("a", 2.0)]);
        assert!(message(&twice).contains("table public.a is listed twice"));
        let negative = workload(vec![table("a", -1.0)]);
        assert!(message(&negative).contains("\"wal_bytes_per_s\" of table public.a is -1 in bucket 0"));
        let mut long = workload(vec![table("a", 1.0)]);
        long.tables[0].load.wal_bytes_per_s = Series::Buckets([1.0, 2.0].into());
        assert!(message(&long).contains("has 2 values, but there are 1 buckets"));
        let mut dangling = workload(vec![table("a", 1.0)]);
        dangling.foreign_keys.push(ForeignKey::new(
            TableName::new("public", "a"),
            TableName::new("public", "gone"),
            "fk",
        ));
        assert!(message(&dangling).contains("public.gone"));
        let mut uneven = workload(vec![table("a", 1.0)]);
        let itself = TableName::new("public", "a");
        uneven.foreign_keys.push(ForeignKey::new(itself.clone(), itself, "Fk").with_columns(["x", "y"], ["id"]));
        assert!(message(&uneven).contains("foreign key \"Fk\" of table public.a has 2 columns, but references 1"));
        let mut leaf = workload(vec![table("a", 1.0)]);
        leaf.tables[0].kind = TableKind::Partition;
        assert!(message(&leaf).contains("partition_root"));
    }

    #[test]
    fn nonsense_is_named() {
        let one = |change: &dyn Fn(&mut Table)| {
            let mut made = workload(vec![table("a", 1.0), table("b", 1.0), table("c", 1.0)]);
            change(&mut made.tables[0]);
            message(&made)
        };
        let name = |text: &str| TableName::new("public", text);
        let own_root = one(&|table| (table.kind, table.partition_root) = (TableKind::Partition, Some(name("a"))));
        assert!(
            own_root.contains("the root of partition public.a is public.a, which is not partitioned"),
            "{own_root}"
        );
        assert!(one(&|table| table.kind = TableKind::Partitioned).contains("has its load in its partitions"));
        assert!(
            one(&|table| table.inherits = vec![name("gone")]).contains("an inheriting table names table public.gone")
        );
        assert!(one(&|table| table.inherits = vec![name("a")]).contains("public.a inherits from itself"));
        assert!(
            one(&|table| table.heap_bytes = u64::MAX)
                .contains("\"heap_bytes\" of table public.a is 18446744073709551615")
        );
        assert!(one(&|table| table.rows_estimate = 1e18).contains("\"rows_estimate\""));
        let fast = one(&|table| table.load.updates_per_s = Series::Constant(1e15));
        assert!(fast.contains("\"updates_per_s\" of table public.a is 1000000000000000 at most"), "{fast}");
        let mut ring = workload(vec![table("a", 1.0), table("b", 1.0), table("c", 1.0), table("d", 1.0)]);
        ring.tables[0].inherits = vec![name("b"), name("d")];
        ring.tables[1].inherits = vec![name("c")];
        assert!(validate(&ring).is_ok(), "a family is no ring");
        ring.tables[2].inherits = vec![name("a")];
        assert!(message(&ring).contains("inherits from itself by way of others"));
        let mut long = workload(vec![table("a", 1.0)]);
        long.bucket_count = u32::MAX;
        assert!(message(&long).contains("\"bucket_count\" 4294967295"));
        let mut many = workload((0..1100).map(|number| table(&format!("t{number}"), 1.0)).collect());
        many.tables.iter_mut().for_each(|table| table.heap_bytes = 1 << 50);
        assert!(message(&many).contains("bytes together"));
    }

    #[test]
    fn doubts_are_found() {
        let mut quiet = workload(vec![table("a", 0.0)]);
        quiet.server.settings.insert("wal_level".into(), "replica".into());
        quiet.bucket_count = 2;
        quiet.cluster_wal_bytes_per_s = Series::Buckets([1.0, f64::NAN].into());
        let codes: Vec<String> = findings(&quiet).into_iter().map(|finding| finding.code).collect();
        assert_eq!(codes, ["WL101", "WL102", "WL103"]);
        let mut poor = workload(vec![table("a", 1.0)]);
        poor.validity = Some(Series::Constant(0.25));
        let findings = findings(&poor);
        assert_eq!(findings[0].code, "WL104");
        assert!(findings[0].message.contains("bucket 0 for 25 %"), "{}", findings[0].message);
    }
}
