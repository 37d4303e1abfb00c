use std::collections::BTreeMap;

use super::*;
use crate::baseline::{BaselineServer, IndexFigures, StatementFigures, TableFigures};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

fn statement(text: &str, ms: [f64; 4], blocks: f64) -> StatementFigures {
    StatementFigures {
        text: text.to_owned(),
        calls: 1000.0,
        total_ms: ms.iter().sum::<f64>() * 250.0,
        rows: 1000.0,
        blocks: blocks * 1000.0,
        blocks_read: 0.0,
        temp_blocks: 0.0,
        read_ms: None,
        ms_per_call: ms.into_iter().map(Some).collect(),
    }
}

fn table(name: &str) -> TableFigures {
    TableFigures {
        schema: "public".to_owned(),
        name: name.to_owned(),
        live_rows: 50_000.0,
        dead_rows: 100.0,
        seq_scans_per_s: 0.0,
        seq_rows_per_s: 0.0,
        index_scans_per_s: 10.0,
        writes_per_s: 1.0,
        vacuums: 0.0,
        analyzes: 0.0,
        vacuum_ms: None,
        has_statistics: Some(true),
        indexes: vec![IndexFigures {
            name: "orders_customer".to_owned(),
            definition: "USING btree ( customer )".to_owned(),
            scans: 10.0,
        }],
    }
}

fn baseline() -> Baseline {
    let steady = |value: f64| vec![Some(value), Some(value * 1.1), Some(value * 0.9), Some(value * 1.05)];
    let figures = [
        ("commits_per_s", 100.0),
        ("rollbacks_per_s", 1.0),
        ("blocks_read_per_s", 1000.0),
        ("block_read_ms_per_s", 500.0),
        ("temp_bytes_per_s", 1e6),
        ("deadlocks_per_s", 0.0),
        ("waits_lock", 0.1),
        ("replica_lag_bytes", 1e6),
    ];
    Baseline {
        kind: "baseline".to_owned(),
        version: 1,
        tool: TOOL.to_owned(),
        server: BaselineServer { version_num: ServerVersion::of_major(13), system_identifier: None },
        database: "shop".to_owned(),
        start: at(0),
        end: at(40),
        intervals_s: vec![10.0; 4],
        figures: figures.into_iter().map(|(name, value)| (name.to_owned(), steady(value))).collect(),
        statements: Some(vec![
            statement("SELECT * FROM orders WHERE customer = $1", [1.0, 1.2, 0.9, 1.1], 4.0),
            statement("SELECT * FROM items WHERE id = $1", [0.1, 0.12, 0.09, 0.11], 4.0),
        ]),
        tables: vec![table("orders"), table("items")],
        settings: BTreeMap::from([(
            "work_mem".to_owned(),
            Setting { value: "4096".to_owned(), unit: Some("kB".to_owned()) },
        )]),
        gaps: Vec::new(),
        notes: Vec::new(),
    }
}

fn codes(after: &Baseline) -> Vec<String> {
    codes_of(&compare(&[baseline()], after, Limits::default()).unwrap())
}

fn codes_of(comparison: &Comparison) -> Vec<String> {
    comparison.findings.iter().map(|finding| format!("{} {}", finding.severity, finding.code)).collect()
}

/// Another window, changed.
fn with(change: impl FnOnce(&mut Baseline)) -> Baseline {
    let mut after = baseline();
    (after.start, after.end) = (at(1000), at(1040));
    change(&mut after);
    after
}

fn scaled(after: &mut Baseline, name: &str, factor: f64) {
    after.figures.get_mut(name).unwrap().iter_mut().flatten().for_each(|value| *value *= factor);
}

#[test]
fn the_same_and_what_lies_within_the_spread_find_nothing() {
    assert_eq!(codes(&baseline()), [""; 0]);
    let noisy = with(|after| {
        let statement = &mut after.statements.as_mut().unwrap()[0];
        statement.ms_per_call = vec![Some(1.15), Some(1.2), Some(0.95), Some(1.0)];
        scaled(after, "blocks_read_per_s", 1.09);
    });
    assert_eq!(codes(&noisy), [""; 0]);
}

#[test]
fn a_slower_statement_is_named_with_its_cause() {
    let slow = |after: &mut Baseline| {
        let statement = &mut after.statements.as_mut().unwrap()[0];
        *statement = self::statement(&statement.text, [50.0, 60.0, 55.0, 52.0], 900.0);
    };
    let cause = |change: fn(&mut Baseline)| {
        let after = with(|after| {
            slow(after);
            change(after);
        });
        let comparison = compare(&[baseline()], &after, Limits::default()).unwrap();
        assert!(codes_of(&comparison).contains(&"error BL101".to_owned()), "{:?}", comparison.findings);
        let worst = &comparison.statements[0];
        assert_eq!((worst.verdict, worst.text.as_str()), (Verdict::Worse, "SELECT * FROM orders WHERE customer = $1"));
        worst.causes.join("; ")
    };
    assert_eq!(cause(|_| {}), "a call looks at 900 blocks instead of 4: its plan changed");
    assert!(
        cause(|after| after.tables[0].has_statistics = Some(false))
            .starts_with("table public.orders was never analyzed")
    );
    assert!(
        cause(|after| after.tables[0].indexes.clear())
            .starts_with("index \"orders_customer\" of table public.orders is")
    );
    let setting = cause(|after| after.settings.get_mut("work_mem").unwrap().value = "64".to_owned());
    assert!(setting.ends_with("setting work_mem is 64 × kB, and was 4096 × kB"), "{setting}");
    // a table that the statement does not name is no cause of it
    assert!(!cause(|after| after.tables[1].has_statistics = Some(false)).contains("analyzed"));
}

#[test]
fn little_time_is_a_warning_and_less_is_nothing() {
    let second = |ms: f64| {
        codes(&with(|after| {
            let statement = &mut after.statements.as_mut().unwrap()[1];
            *statement = self::statement(&statement.text, [ms, ms * 1.1, ms * 1.05, ms], 4.0);
        }))
    };
    assert_eq!(second(0.2), ["warning BL101"]);
    assert_eq!(second(0.145), [""; 0], "below the factor and the floor");
}

#[test]
fn each_figure_has_its_finding() {
    for (name, factor, expected) in [
        ("blocks_read_per_s", 5.0, "warning BL104"),
        ("waits_lock", 30.0, "warning BL105"),
        ("replica_lag_bytes", 100.0, "warning BL108"),
        ("rollbacks_per_s", 20.0, "warning BL110"),
        ("temp_bytes_per_s", 9.0, "warning BL112"),
        ("block_read_ms_per_s", 4.0, "warning BL107"),
        ("commits_per_s", 3.0, "info BL114"),
    ] {
        let mut found = codes(&with(|after| {
            scaled(after, name, factor);
            if name == "blocks_read_per_s" {
                scaled(after, "block_read_ms_per_s", factor);
            }
        }));
        found.retain(|code| name != "commits_per_s" || code.contains("BL114"));
        assert_eq!(found, [expected], "{name}");
    }
}

#[test]
fn tables_have_theirs() {
    assert_eq!(codes(&with(|after| after.tables[1].has_statistics = Some(false))), ["error BL102"]);
    assert_eq!(codes(&with(|after| after.tables[1].has_statistics = None)), [""; 0], "what is not seen is not said");
    assert_eq!(codes(&with(|after| after.tables[1].indexes.clear())), ["error BL103"]);
    assert_eq!(codes(&with(|after| after.tables[1].dead_rows = 40_000.0)), ["warning BL106"]);
    // an index of another name is the same
    assert_eq!(codes(&with(|after| after.tables[1].indexes[0].name = "other".to_owned())), [""; 0]);
}

#[test]
fn settings_gaps_and_what_is_new_are_notes() {
    let settings = with(|after| after.settings.get_mut("work_mem").unwrap().value = "64".to_owned());
    assert_eq!(codes(&settings), ["info BL109"]);
    assert_eq!(codes(&with(|after| after.gaps.push("reset".to_owned()))), ["info BL111"]);
    assert_eq!(codes(&with(|after| after.statements = None)), ["info BL111"]);
    let new = with(|after| after.statements.as_mut().unwrap().push(statement("SELECT new", [9.0; 4], 9.0)));
    assert_eq!(codes(&new), ["info BL115"]);
}

#[test]
fn what_slows_everything_is_said_once() {
    let many = |factor: f64| {
        let mut baseline = baseline();
        let texts =
            (0..8).map(|n| statement(&format!("SELECT t{n}.a FROM t{n}"), [factor, factor * 1.1, factor, factor], 4.0));
        baseline.statements = Some(texts.collect());
        baseline
    };
    let comparison = compare(&[many(1.0)], &many(3.0), Limits::default()).unwrap();
    assert_eq!(codes_of(&comparison), ["error BL113"]);
    assert!((comparison.common_factor - 3.0).abs() < 1e-9);
}

#[test]
fn several_windows_before_are_one_spread() {
    let busy = with(|after| {
        let text = after.statements()[0].text.clone();
        after.statements.as_mut().unwrap()[0] = statement(&text, [3.0, 3.1, 3.2, 3.3], 4.0);
    });
    assert_eq!(codes(&busy), ["error BL101"]);
    let comparison = compare(&[baseline(), busy.clone()], &busy, Limits::default()).unwrap();
    assert_eq!(codes_of(&comparison), [""; 0], "the other day was like that too");
    assert_eq!(compare(&[], &busy, Limits::default()), Err(CompareError::Nothing));
    let other = with(|after| after.database = "x\n".to_owned());
    assert_eq!(
        compare(&[baseline()], &other, Limits::default()).unwrap_err().to_string(),
        "the windows are of databases \"shop\" and \"x\\u{a}\""
    );
}
