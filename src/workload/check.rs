//! Is a workload file consistent, and is it plausible? Contradictions are errors, doubts are findings.

use std::collections::BTreeSet;

use super::{Series, Table, TableKind, Workload};
use crate::{
    finding::{Finding, Subject, code},
    format::FormatError,
    names::TableName,
};

/// Refuses what cannot be meant: a table twice, names no server has, rates that are negative or of the wrong length.
///
/// # Errors
/// [`FormatError::Content`] naming the first contradiction.
pub fn validate(workload: &Workload) -> Result<(), FormatError> {
    validate_frame(workload)?;
    let error = |message: String| Err(FormatError::content("workload", message));
    let mut seen = BTreeSet::new();
    for table in &workload.tables {
        let name = table.table_name();
        validate_table(workload, table)?;
        if seen.contains(&name) {
            return error(format!("table {name} is listed twice"));
        }
        seen.insert(name);
    }
    check_references(workload, &seen)
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
        None => Ok(()),
    }
}

fn check_references(workload: &Workload, tables: &BTreeSet<TableName>) -> Result<(), FormatError> {
    let missing = |what: &str, name: &TableName| {
        Err(FormatError::content("workload", format!("{what} names table {name}, which is not in the file")))
    };
    for table in &workload.tables {
        if let Some(root) = table.partition_root.as_ref().filter(|root| !tables.contains(root)) {
            return missing("a partition", root);
        }
    }
    let excluded: BTreeSet<TableName> =
        workload.excluded.iter().map(|e| TableName::new(e.schema.clone(), e.name.clone())).collect();
    let known = |name: &TableName| tables.contains(name) || excluded.contains(name);
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
        if !pair.transactions_per_s.is_finite() || pair.transactions_per_s < 0.0 {
            let (a, b) = (&pair.a, &pair.b);
            return Err(FormatError::content("workload", format!("the co-write rate of {a} and {b} is negative")));
        }
        for name in [&pair.a, &pair.b] {
            if !known(name) {
                return missing("a co-write pair", name);
            }
        }
    }
    Ok(())
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
    if workload.server.settings.get("wal_level").is_some_and(|level| level != "logical") {
        findings.push(
            Finding::new(code::WL101, Subject::Publisher, "wal_level is not logical")
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
