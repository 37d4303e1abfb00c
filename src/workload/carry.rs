//! A workload onto another server: what was observed before a migration serves the next one. Load comes from the earlier run;
//! tables, keys, sizes, versions and settings from a short run on the server that publishes now.
//!
//! Load is what the application asks of its tables, which does not change with the server that holds them. Sizes and identities
//! do: a copy is compact, its identities may have been set for the migration, and it may have been partitioned anew.

use std::collections::BTreeSet;

use super::{Load, Series, Table, TableKind, Workload};
use crate::{
    format,
    names::{TableName, one_line},
    units::counted,
};

/// Why load cannot be carried over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CarryError {
    /// No table of the earlier run is there.
    #[error("the runs have no table in common: is it the same application?")]
    NothingInCommon,
    /// The later run is no later one.
    #[error("the run on the new server begins before the other one")]
    Earlier,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Carried {
    /// The load of the earlier run on the tables of the new server.
    pub workload: Workload,
    /// Tables that the earlier run does not have: they keep the load of the short run.
    pub new: BTreeSet<TableName>,
    /// Tables that are not on the new server: their load is left out.
    pub gone: BTreeSet<TableName>,
}

/// A workload with the load of `earlier` and everything else of `fresh`.
///
/// # Errors
/// [`CarryError`] when they cannot be of one application, one after the other.
pub fn carry(earlier: &Workload, fresh: &Workload) -> Result<Carried, CarryError> {
    if fresh.start < earlier.start {
        return Err(CarryError::Earlier);
    }
    let known = earlier.by_name();
    let loaded = |table: &Table| table.kind != TableKind::Partitioned;
    let (mut carried, mut new) = (0, BTreeSet::new());
    let mut tables = Vec::with_capacity(fresh.tables.len());
    for table in &fresh.tables {
        let source = known.get(&table.table_name()).filter(|source| loaded(source) && loaded(table));
        tables.push(match source {
            Some(source) => {
                carried += 1;
                with_load(table, source)
            }
            None if loaded(table) => {
                new.insert(table.table_name());
                Table { load: constant(&table.load), ..table.clone() }
            }
            None => table.clone(),
        });
    }
    if carried == 0 {
        return Err(CarryError::NothingInCommon);
    }
    let here: BTreeSet<TableName> = fresh.tables.iter().map(Table::table_name).collect();
    let gone: BTreeSet<TableName> = earlier
        .tables
        .iter()
        .filter(|table| loaded(table))
        .map(Table::table_name)
        .filter(|name| !here.contains(name))
        .collect();
    let mut workload = Workload {
        tool: format::TOOL.to_owned(),
        method: earlier.method,
        start: earlier.start,
        bucket_s: earlier.bucket_s,
        bucket_count: earlier.bucket_count,
        cluster_wal_bytes_per_s: earlier.cluster_wal_bytes_per_s.clone(),
        cluster_transactions_per_s: earlier.cluster_transactions_per_s.clone(),
        validity: earlier.validity.clone(),
        tables,
        co_writes: earlier
            .co_writes
            .iter()
            .filter(|pair| here.contains(&pair.a) && here.contains(&pair.b))
            .cloned()
            .collect(),
        gaps: earlier.gaps.clone(),
        notes: notes(earlier, fresh, [&new, &gone]),
        ..fresh.clone()
    };
    workload.canonicalize();
    Ok(Carried { workload, new, gone })
}

/// The table as it is now, under the load that it had. What only ANALYZE tells may not be known yet.
fn with_load(table: &Table, source: &Table) -> Table {
    let known = |now: f64, then: f64| if now > 0.0 { now } else { then };
    Table {
        rows_estimate: known(table.rows_estimate, source.rows_estimate),
        row_width_bytes: known(table.row_width_bytes, source.row_width_bytes),
        load: source.load.clone(),
        ..table.clone()
    }
}

/// The load of a run with other buckets: its means.
fn constant(load: &Load) -> Load {
    let mut made = load.clone();
    for series in made.series_mut() {
        *series = Series::Constant(series.mean());
    }
    made
}

fn notes(earlier: &Workload, fresh: &Workload, [new, gone]: [&BTreeSet<TableName>; 2]) -> Vec<String> {
    let run = |workload: &Workload| {
        format!("{} of database \"{}\"", workload.server.version_num, one_line(&workload.database))
    };
    let mut notes =
        vec![format!("load was observed on PostgreSQL {}, everything else on PostgreSQL {}", run(earlier), run(fresh))];
    let named = |names: &BTreeSet<TableName>| {
        let shown: Vec<String> = names.iter().take(5).map(|name| one_line(&name.to_string())).collect();
        shown.join(", ")
    };
    if !new.is_empty() {
        let count = counted(new.len(), "table");
        notes.push(format!("{count} not in the earlier run, with the load of the short one: {}", named(new)));
    }
    if !gone.is_empty() {
        notes.push(format!("{} of the earlier run not there any more: {}", counted(gone.len(), "table"), named(gone)));
    }
    for note in earlier.notes.iter().chain(&fresh.notes) {
        if !notes.contains(note) {
            notes.push(note.clone());
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::super::tests::{table, workload};
    use super::*;
    use crate::server::ServerVersion;

    fn runs() -> (Workload, Workload) {
        let mut earlier = workload(vec![table("a", 5.0), table("gone", 1.0)]);
        earlier.server.version_num = ServerVersion::of_major(12);
        earlier.bucket_count = 2;
        earlier.tables[0].load.wal_bytes_per_s = Series::Buckets([7.0, f64::NAN].into());
        (earlier.tables[0].heap_bytes, earlier.tables[0].rows_estimate) = (1000, 50.0);
        let mut fresh = workload(vec![table("a", 0.0), table("new", 3.0)]);
        fresh.start = "2030-01-05T00:00:00Z".parse().unwrap();
        fresh.server.version_num = ServerVersion::of_major(13);
        (fresh.tables[0].heap_bytes, fresh.tables[0].rows_estimate) = (600, 0.0);
        (earlier, fresh)
    }

    #[test]
    fn load_comes_from_the_earlier_run_and_facts_from_the_new_server() {
        let (earlier, fresh) = runs();
        let carried = carry(&earlier, &fresh).unwrap();
        assert_eq!((carried.new.len(), carried.gone.len()), (1, 1));
        let made = carried.workload;
        assert_eq!((made.start, made.bucket_count, made.server.clone()), (earlier.start, 2, fresh.server.clone()));
        assert_eq!(made.tables.iter().map(|table| table.name.as_str()).collect::<Vec<_>>(), ["a", "new"]);
        let a = &made.tables[0];
        assert_eq!((a.load.wal_bytes_per_s.at(0), a.load.wal_bytes_per_s.at(1)), (Some(7.0), None));
        assert_eq!((a.heap_bytes, a.rows_estimate), (600, 50.0));
        // of a table that was not there before, the short run is all that is known
        assert_eq!(made.tables[1].load.wal_bytes_per_s, Series::Constant(3.0));
        assert!(made.notes[0].contains("PostgreSQL 12") && made.notes[0].contains("PostgreSQL 13"), "{:?}", made.notes);
        assert!(made.notes[1].contains("new") && made.notes[2].contains("gone"), "{:?}", made.notes);
        super::super::check::validate(&made).unwrap();
    }

    #[test]
    fn runs_that_cannot_follow_each_other_are_refused() {
        let (earlier, fresh) = runs();
        assert_eq!(carry(&fresh, &earlier), Err(CarryError::Earlier));
        let other = Workload { tables: vec![table("other", 1.0)], ..fresh };
        assert_eq!(carry(&earlier, &other), Err(CarryError::NothingInCommon));
    }
}
