//! Cases for `derive`, worked out by hand.

use super::*;
use crate::{
    format,
    workload::{
        Load, Series,
        snapshot::{CatalogTable, WidthSource},
    },
};
use crate::{
    lsn::Lsn,
    server::ServerFacts,
    workload::{packed::Packed, snapshot::Instant, tests::table},
};

const START: i64 = 1_767_571_200;

fn start(bucket_s: u32, interval_s: f64) -> SampleStart {
    SampleStart {
        kind: "samples".into(),
        version: SampleStart::VERSION,
        tool: format::TOOL.into(),
        database: "app".into(),
        database_oid: 5,
        server: ServerFacts::of_major(15),
        bucket_s,
        interval_s,
    }
}

/// One table with a width of 40 bytes and 65 of padding: an insert costs 55 + 105 = 160 bytes of WAL.
fn catalog(oids: &[u32]) -> Catalog {
    let make = |oid: &u32| {
        let mut table = table(&format!("t{oid}"), 0.0);
        table.load = Load::default();
        table.row_width_bytes = 40.0;
        CatalogTable {
            oid: *oid,
            table,
            indexes: Vec::new(),
            identity_width_bytes: 8.0,
            padding_bytes: 65.0,
            toast_ratio: None,
            toast_fill: None,
            text_width_bytes: None,
            width_source: WidthSource::Statistics,
        }
    };
    Catalog {
        at: Timestamp::from_second(START).unwrap(),
        tables: oids.iter().map(make).collect(),
        foreign_keys: Packed::default(),
        excluded: Vec::new(),
        sequence_count: 0,
        large_object_count: 0,
        notes: Vec::new(),
    }
}

fn at(second: i64, inserted: &[(u32, u64)]) -> CounterSnapshot {
    let instant = Instant {
        at: Timestamp::from_second(START + second).unwrap(),
        lsn: Lsn(1000 * (second as u64)),
        timeline: 1,
        started: Timestamp::from_second(START - 100).unwrap(),
        stats_reset: None,
        next_transaction: 700 + 2 * second as u64,
    };
    let counters = |inserted| RowCounters { inserted, ..RowCounters::default() };
    CounterSnapshot { instant, tables: inserted.iter().map(|(oid, count)| (*oid, counters(*count))).collect() }
}

fn fold(oids: &[u32], snapshots: Vec<CounterSnapshot>) -> Workload {
    let mut deriver = Deriver::new(start(10, 5.0));
    deriver.push_catalog(catalog(oids));
    for snapshot in snapshots {
        deriver.push(snapshot);
    }
    deriver.workload().unwrap()
}

fn values(series: &Series, count: usize) -> Vec<Option<f64>> {
    (0..count).map(|bucket| series.at(bucket)).collect()
}

#[test]
fn differences_become_mean_rates_and_bursts() {
    // 50 rows in 5 s, then none, then 10: buckets of 10 s with 50 and 10 rows
    let workload = fold(&[1], vec![at(0, &[(1, 100)]), at(5, &[(1, 150)]), at(10, &[(1, 150)]), at(20, &[(1, 160)])]);
    let load = &workload.tables[0].load;
    assert_eq!(workload.bucket_count, 2);
    assert_eq!(values(&load.inserts_per_s, 2), [Some(5.0), Some(1.0)]);
    assert_eq!(values(&load.wal_bytes_per_s, 2), [Some(800.0), Some(160.0)]);
    // 8 + 40 + 5 x 2 columns
    assert_eq!(values(&load.logical_bytes_per_s, 2), [Some(290.0), Some(58.0)]);
    assert_eq!((load.burst_wal_bytes, load.burst_s), (Some(8000.0), Some(5.0)));
    assert_eq!(workload.cluster_wal_bytes_per_s, Series::Constant(1000.0));
    assert_eq!(workload.cluster_transactions_per_s, Series::Constant(2.0));
    assert!(workload.gaps.is_empty());
}

#[test]
fn an_interval_over_a_bucket_boundary_is_shared_by_time() {
    // 8 s with 80 rows, then 8 s with 160 of which a quarter lies in the first bucket
    let workload = fold(&[1], vec![at(0, &[(1, 0)]), at(8, &[(1, 80)]), at(16, &[(1, 240)])]);
    assert_eq!(values(&workload.tables[0].load.inserts_per_s, 2), [Some(12.0), Some(20.0)]);
}

#[test]
fn a_few_last_seconds_are_no_bucket() {
    let workload = fold(&[1], vec![at(0, &[(1, 0)]), at(10, &[(1, 10)]), at(11, &[(1, 1000)])]);
    assert!(workload.bucket_count == 2);
    let mut late = at(10, &[(1, 10)]);
    late.instant.at = Timestamp::from_millisecond((START + 10) * 1000 + 500).unwrap();
    assert_eq!(fold(&[1], vec![at(0, &[(1, 0)]), late]).bucket_count, 1);
}

#[test]
fn a_reset_leaves_its_interval_out_and_is_noted() {
    let workload = fold(
        &[1, 2],
        vec![
            at(0, &[(1, 100), (2, 0)]),
            at(10, &[(1, 200), (2, 0)]),
            at(20, &[(1, 5), (2, 3)]), // the first fell, so the second cannot be trusted either
            at(30, &[(1, 15), (2, 3)]),
        ],
    );
    assert_eq!(values(&workload.tables[0].load.inserts_per_s, 3), [Some(10.0), None, Some(1.0)]);
    assert_eq!(values(&workload.tables[1].load.inserts_per_s, 3), [Some(0.0), None, Some(0.0)]);
    assert_eq!(workload.cluster_wal_bytes_per_s.at(1), None);
    assert_eq!((workload.gaps[0].from_bucket, workload.gaps[0].to_bucket), (1, 1));
    assert!(workload.gaps[0].reason.contains("reset"), "{:?}", workload.gaps);
    assert!(workload.notes.iter().any(|note| note.contains("reset of the statistics")));
}

#[test]
fn a_reset_time_that_moved_is_a_reset_even_if_no_counter_fell() {
    let mut later = at(10, &[(1, 500)]);
    later.instant.stats_reset = Some(Timestamp::from_second(START + 7).unwrap());
    let mut last = at(20, &[(1, 600)]);
    last.instant.stats_reset = later.instant.stats_reset;
    let workload = fold(&[1], vec![at(0, &[(1, 100)]), later, last]);
    assert_eq!(values(&workload.tables[0].load.inserts_per_s, 2), [None, Some(10.0)]);
}

/// `sample --once` on an idle 13 saw half of its time only: the database's first statistics came in between.
#[test]
fn first_statistics_of_a_database_are_no_reset_where_they_are_dated() {
    let inserts = |major: u32| {
        let mut deriver = Deriver::new(SampleStart { server: ServerFacts::of_major(major), ..start(10, 5.0) });
        deriver.push_catalog(catalog(&[1]));
        let mut later = at(10, &[(1, 500)]);
        later.instant.stats_reset = Some(Timestamp::from_second(START + 7).unwrap());
        let mut last = at(20, &[(1, 600)]);
        last.instant.stats_reset = later.instant.stats_reset;
        for snapshot in [at(0, &[(1, 400)]), later, last] {
            deriver.push(snapshot);
        }
        values(&deriver.workload().unwrap().tables[0].load.inserts_per_s, 2)
    };
    assert_eq!(inserts(13), [Some(10.0), Some(10.0)]);
    assert_eq!(inserts(15), [None, Some(10.0)]);
}

#[test]
fn a_failover_and_a_long_silence_are_gaps_but_a_clean_restart_is_not() {
    let mut promoted = at(10, &[(1, 100)]);
    promoted.instant.timeline = 2;
    let mut after = at(20, &[(1, 200)]);
    after.instant.timeline = 2;
    let workload = fold(&[1], vec![at(0, &[(1, 0)]), promoted, after]);
    assert_eq!(values(&workload.tables[0].load.inserts_per_s, 2), [None, Some(10.0)]);
    assert!(workload.gaps[0].reason.contains("timeline 1 to 2"));

    let workload = fold(&[1], vec![at(0, &[(1, 0)]), at(10, &[(1, 10)]), at(40, &[(1, 900)]), at(50, &[(1, 910)])]);
    assert_eq!(values(&workload.tables[0].load.inserts_per_s, 5), [Some(1.0), None, None, None, Some(1.0)]);
    assert_eq!((workload.gaps[0].from_bucket, workload.gaps[0].to_bucket), (1, 3));

    let mut restarted = at(10, &[(1, 100)]);
    restarted.instant.started = Timestamp::from_second(START + 4).unwrap();
    let workload = fold(&[1], vec![at(0, &[(1, 0)]), restarted]);
    assert_eq!(values(&workload.tables[0].load.inserts_per_s, 1), [Some(10.0)]);
    assert!(workload.notes.iter().any(|note| note.contains("started again")));
}

#[test]
fn tables_that_come_and_go_are_named() {
    let mut deriver = Deriver::new(start(10, 5.0));
    deriver.push_catalog(catalog(&[1, 2]));
    deriver.push(at(0, &[(1, 100), (2, 50)]));
    let next = at(10, &[(1, 100), (3, 70)]);
    assert!(deriver.catalog_is_stale(&next));
    let mut newer = catalog(&[1, 3]);
    let rename = |mut table: CatalogTable| {
        if table.oid == 1 {
            table.table.name = "renamed".into();
        }
        table
    };
    newer.tables = newer.tables.iter().map(rename).collect();
    deriver.push_catalog(newer);
    deriver.push(next);
    let workload = deriver.workload().unwrap();
    // the new table counted from zero
    let created = workload.tables.iter().find(|table| table.name == "t3").unwrap();
    assert_eq!(created.load.inserts_per_s, Series::Constant(7.0));
    let notes = workload.notes.join("\n");
    assert!(notes.contains("table public.t1 was renamed to public.renamed"), "{notes}");
    assert!(notes.contains("tables created while sampling") && notes.contains(": public.t3 (1)"), "{notes}");
    assert!(notes.contains("tables dropped while sampling") && notes.contains(": public.t2 (1)"), "{notes}");
}

#[test]
fn too_little_is_an_error() {
    let mut deriver = Deriver::new(start(10, 5.0));
    assert_eq!(deriver.workload(), Err(DeriveError::NoCatalog));
    deriver.push_catalog(catalog(&[]));
    assert_eq!(deriver.workload(), Err(DeriveError::NoTable("app".into())));
    deriver.push_catalog(catalog(&[1]));
    deriver.push(at(0, &[(1, 100)]));
    assert_eq!(deriver.workload(), Err(DeriveError::NothingObserved));
    deriver.push(at(0, &[(1, 200)])); // the same instant again changes nothing
    assert_eq!(deriver.workload(), Err(DeriveError::NothingObserved));
}

#[test]
fn rows_that_were_rolled_back_are_in_wal_but_not_sent() {
    use crate::workload::tally::{DecodeTally, Peek};
    let mut deriver = Deriver::new(start(10, 10.0));
    deriver.push_catalog(catalog(&[1]));
    deriver.push(at(0, &[(1, 0)]));
    deriver.push(at(10, &[(1, 100_000)]));
    let all = deriver.workload().unwrap().tables.remove(0).load;
    // The slot showed the whole time, and 40,000 of the rows: 58 bytes each, 100 a transaction.
    let tally = DecodeTally { rows: [40_000, 0, 0], bytes: [40_000 * 58, 0, 0], transactions: 400 };
    let (tables, pairs) = (vec![(1, tally)], Vec::new());
    let peek = Peek { from: Lsn(10), to: Lsn(10_010), seconds: 10.0, transactions: 400, tables, pairs };
    let mut short = deriver.clone();
    short.push_peek(&Peek { from: Lsn(7_000), ..peek.clone() });
    let short = short.workload().unwrap().tables.remove(0).load;
    assert_eq!(
        short.logical_bytes_per_s, all.logical_bytes_per_s,
        "a peek of some of the time says nothing of the rest"
    );
    deriver.push_peek(&peek);
    let committed = deriver.workload().unwrap().tables.remove(0).load;
    assert_eq!(committed.wal_bytes_per_s, all.wal_bytes_per_s);
    let share = committed.logical_bytes_per_s.or_zero(0) / all.logical_bytes_per_s.or_zero(0);
    assert!((share - 0.4).abs() < 0.01, "{share}");
    let transactions = committed.transactions_per_s.unwrap().or_zero(0);
    assert!((transactions - 40.0).abs() < 0.5, "{transactions}");
}

#[test]
fn tables_made_one_by_one_are_those_of_the_whole() {
    let mut deriver = Deriver::new(start(10, 5.0));
    deriver.push_catalog(catalog(&[3, 1, 2]));
    for second in [0, 5, 10, 15, 20] {
        deriver.push(at(second, &[(1, 7 * second as u64), (2, second as u64), (3, 0)]));
    }
    let whole = deriver.workload().unwrap();
    let outline = deriver.outline().unwrap();
    let mut text = Vec::new();
    format::write_lines_with(&outline.frame, "tables", outline.tables().map(Ok), &mut text).unwrap();
    let mut expected = Vec::new();
    format::write_lines(&whole, &mut expected).unwrap();
    assert_eq!(String::from_utf8(text).unwrap(), String::from_utf8(expected).unwrap());
    assert!(outline.is_written && whole.tables.is_sorted_by_key(|table| table.name.clone()));
}

#[test]
fn a_burst_is_the_interval_with_most_wal_not_with_most_rows() {
    let mut deriver = Deriver::new(start(10, 5.0));
    deriver.push_catalog(catalog(&[1]));
    let mut snapshots = [at(0, &[(1, 0)]), at(5, &[(1, 60)]), at(10, &[(1, 60)])];
    // 60 inserts of 160 bytes, then 100 deletes of 68
    snapshots[2].tables.get_mut(&1).unwrap().deleted = 100;
    snapshots.into_iter().for_each(|snapshot| deriver.push(snapshot));
    assert_eq!(deriver.workload().unwrap().tables[0].load.burst_wal_bytes, Some(9600.0));
}

#[test]
fn replayed_lines_give_the_same_workload() {
    let snapshots = [at(0, &[(1, 0), (2, 9)]), at(10, &[(1, 10)]), at(20, &[(1, 30), (4, 2)])];
    let mut direct = Deriver::new(start(10, 5.0));
    let mut replayed = direct.clone();
    direct.push_catalog(catalog(&[1]));
    replayed.push_line(SampleLine::Catalog(catalog(&[1])));
    let mut previous = None;
    for snapshot in snapshots {
        replayed.push_line(SampleLine::between(previous.as_ref(), &snapshot));
        direct.push(snapshot.clone());
        previous = Some(snapshot);
    }
    assert_eq!(direct.workload(), replayed.workload());
}

#[test]
fn a_workload_from_snapshots_passes_its_own_check() {
    let workload = fold(&[1, 2], vec![at(0, &[(1, 0), (2, 0)]), at(10, &[(1, 10), (2, 1)])]);
    crate::workload::check::validate(&workload).unwrap();
}

/// The server's clock is set to another year and back: a gap of less than a day each time, and the hours keep their place.
#[test]
fn a_clock_that_is_set_is_a_gap() {
    const YEARS: i64 = 30 * 365 * 86_400;
    let moved = |second: i64, by: i64, inserted: u64| {
        let mut snapshot = at(second, &[(1, inserted)]);
        snapshot.instant.at = Timestamp::from_second(START + second + by).unwrap();
        snapshot
    };
    let day = 86_400;
    let snapshots =
        vec![moved(0, 0, 0), moved(10, 0, 10), moved(20, YEARS + 50, 20), moved(30, YEARS + 50, 40), moved(40, 0, 60)];
    let workload = fold(&[1], [snapshots, vec![moved(50, 0, 90)]].concat());
    let series = &workload.tables[0].load.inserts_per_s;
    // 10 s, then nothing for 60 s, then 10 s; back by 40 s less a day, then 10 s.
    assert_eq!(values(series, 8), [Some(1.0), None, None, None, None, None, None, Some(2.0)]);
    assert_eq!(workload.bucket_count as i64, (day + 50) / 10);
    assert_eq!(series.at(workload.bucket_count as usize - 1), Some(3.0));
    assert_eq!(
        workload.notes.iter().filter(|note| note.contains("clock went from")).count(),
        2,
        "{:?}",
        workload.notes
    );
}

/// A clock that never comes to rest fills no memory.
#[test]
fn a_lying_clock_has_its_limit() {
    let mut deriver = Deriver::new(start(1, 1.0));
    deriver.push_catalog(catalog(&[1]));
    for number in 0..2_000 {
        let mut snapshot = at(number, &[(1, number as u64)]);
        let years = if number % 2 == 0 { 0 } else { 86_399 + 40 * 365 * 86_400 };
        snapshot.instant.at = Timestamp::from_second(START + number + years).unwrap();
        deriver.push(snapshot);
    }
    deriver.push(at(5_000, &[(1, 5_000)]));
    assert!(deriver.observed_s.len() <= crate::workload::check::MOST_BUCKETS as usize);
    assert!(deriver.losses.len() <= crate::workload::check::MOST_BUCKETS as usize);
}
