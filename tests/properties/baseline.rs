//! `baseline`: the same is never worse, and what is written down of a statement holds none of its literals.

use std::collections::BTreeMap;

use pgslotplan::{
    baseline::{
        Baseline,
        compare::{Limits, compare},
        text::Statement,
    },
    finding::Severity,
    format,
};
use proptest::prelude::*;

/// A window of a few figures and statements with any values.
fn windows() -> impl Strategy<Value = Baseline> {
    let values = |count: usize| prop::collection::vec(prop::option::weighted(0.9, 0.0..1e6_f64), count);
    (1_usize..8).prop_flat_map(move |count| {
        let names = ["commits_per_s", "rollbacks_per_s", "blocks_read_per_s", "block_read_ms_per_s", "waits_lock", "temp_bytes_per_s"];
        let figures = prop::collection::vec(values(count), names.len());
        let statements = prop::collection::vec((values(count), 1.0..1e6_f64), 0..8);
        (figures, statements).prop_map(move |(figures, statements)| {
            let figures: BTreeMap<&str, _> = names.into_iter().zip(figures).collect();
            let statements: Vec<_> = statements
                .into_iter()
                .enumerate()
                .map(|(n, (ms, calls))| {
                    serde_json::json!({"text": format!("SELECT c{n} FROM t{n}"), "calls": calls, "total_ms": calls, "rows": 1, "blocks": 9,
                        "blocks_read": 1, "temp_blocks": 0, "ms_per_call": ms})
                })
                .collect();
            let document = serde_json::json!({"kind": "baseline", "version": 1, "tool": "x", "server": {"version_num": 150000},
                "database": "d", "start": "2026-12-01T00:00:00Z", "end": "2026-12-01T01:00:00Z", "intervals_s": vec![60.0; count],
                "figures": figures, "statements": statements, "tables": [], "settings": {}});
            format::read(document.to_string().as_bytes()).expect("a window")
        })
    })
}

proptest! {
    #[test]
    fn the_same_is_never_worse(window in windows()) {
        let comparison = compare(std::slice::from_ref(&window), &window, Limits::default()).unwrap();
        prop_assert!(comparison.findings.iter().all(|finding| finding.severity == Severity::Info), "{:?}", comparison.findings);
    }

    #[test]
    fn what_is_between_the_values_of_before_is_never_worse(window in windows(), shares in prop::collection::vec(0.0..=1.0_f64, 8)) {
        let mut after = window.clone();
        let within = |values: &[Option<f64>], share: f64| {
            let known: Vec<f64> = values.iter().flatten().copied().collect();
            let (least, most) = known.iter().fold((f64::MAX, 0.0_f64), |(a, b), value| (a.min(*value), b.max(*value)));
            values.iter().map(|value| value.map(|_| least + (most - least) * share)).collect::<Vec<_>>()
        };
        // statements alone: figures are compared for each transaction, and their number is a figure, too
        for (statement, share) in after.statements.iter_mut().flatten().zip(shares) {
            statement.ms_per_call = within(&statement.ms_per_call, share);
        }
        let comparison = compare(&[window], &after, Limits::default()).unwrap();
        prop_assert!(comparison.findings.iter().all(|finding| finding.code != "BL101"), "{:?}", comparison.findings);
    }

    #[test]
    fn no_literal_stays(secret in "[g-z]{12}", before in "[a-z ,=*()$0-9]{0,20}", after in "[a-z ,=*()'\"$0-9-]{0,20}", form in 0..6_usize) {
        let literal = match form {
            0 => format!("'{secret}'"),
            1 => format!("E'\\'{secret}'"),
            2 => format!("$q${secret}$q$"),
            3 => format!("'a''{secret}\\'"),
            4 => format!("/* {secret} */"),
            _ => format!("-- {secret}\n"),
        };
        // a name right before a dollar or a quote would be a part of another token
        let text = Statement::new(&format!("SELECT {before} {literal} {after}"));
        prop_assume!(!before.contains('$'));
        prop_assert!(!text.text().contains(&secret) && !text.key().contains(&secret), "{}", text.text());
    }

    #[test]
    fn what_is_planned_is_one_statement_without_literals(text in ".{0,60}", begin in prop::sample::select(vec!["SELECT ", "WITH ", "UPDATE ", "("])) {
        if let Ok(plannable) = Statement::new(&format!("{begin}{text}")).plannable() {
            prop_assert!(!plannable.sql.contains(';') || plannable.sql.contains('"'), "{}", plannable.sql);
            prop_assert!(!plannable.sql.contains('\'') || plannable.sql.contains('"'), "{}", plannable.sql);
        }
    }
}
