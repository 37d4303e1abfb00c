//! Alert rules for Prometheus and a dashboard for Grafana, over the metrics of `monitor --listen`. Each alert has a section of its own
//! in docs/monitoring.md, which follows here.

#![doc = include_str!("../../docs/monitoring.md")]

use serde_json::{Value, json};

use crate::plan::Plan;

/// One alert.
#[derive(Debug)]
pub struct Alert {
    /// Its name, and that of its section.
    pub name: &'static str,
    /// When it fires; `$slots` stands for the plan's slots.
    expression: &'static str,
    /// For how long that must be so.
    lasting: &'static str,
    /// `critical`: somebody gets up for it; `warning`: on the next day.
    severity: &'static str,
    /// What is the case.
    summary: &'static str,
    /// What to do.
    remedy: &'static str,
}

/// All alerts, in the order of their sections.
pub const ALERTS: &[Alert] = &[
    Alert {
        name: "PgslotplanSlotLost",
        expression: "pgslotplan_slot_state{state=\"lost\",$slots} == 1",
        lasting: "0m",
        severity: "critical",
        summary: "slot {{ $labels.slot }} is lost: WAL that it needs is gone, or it was invalidated",
        remedy: "Start that slot over: drop its subscription, empty its tables, create slot and subscription again.",
    },
    Alert {
        name: "PgslotplanSlotFailing",
        expression: "pgslotplan_slot_state{state=\"failing\",$slots} == 1",
        lasting: "1m",
        severity: "critical",
        summary: "slot {{ $labels.slot }} is failing: its worker ends and starts again",
        remedy: "pgslotplan monitor plan.json --once names the cause and the ways out, as far as it may read the log of the subscriber.",
    },
    Alert {
        name: "PgslotplanSlotStandsStill",
        expression: "pgslotplan_slot_state{state=~\"absent|disabled|disconnected\",$slots} == 1 unless on () (pgslotplan_stage{stage=\"prepared\"} == 1)",
        lasting: "5m",
        severity: "critical",
        summary: "slot {{ $labels.slot }} is {{ $labels.state }}",
        remedy: "ALTER SUBSCRIPTION ... ENABLE once the cause is fixed; create again what is not there.",
    },
    Alert {
        name: "PgslotplanSlotBehind",
        expression: "pgslotplan_slot_flush_lag_seconds{$slots} > 300",
        lasting: "15m",
        severity: "warning",
        summary: "slot {{ $labels.slot }} is {{ $value | humanizeDuration }} behind",
        remedy: "Look whether it drains faster than the log grows; a long transaction, a lock on the subscriber, a missing index there.",
    },
    Alert {
        name: "PgslotplanSlotNearLimit",
        expression: "pgslotplan_slot_limit_seconds{$slots} < 86400 or pgslotplan_slot_safe_wal_bytes{$slots} < 1073741824",
        lasting: "5m",
        severity: "critical",
        summary: "slot {{ $labels.slot }} comes near the WAL that it may retain",
        remedy: "ALTER SYSTEM SET max_slot_wal_keep_size on the server that has the slot, then SELECT pg_reload_conf(); or let the slot drain.",
    },
    Alert {
        name: "PgslotplanDiskFills",
        expression: "predict_linear(pgslotplan_server_disk_left_bytes[1h], 14400) < 0",
        lasting: "10m",
        severity: "critical",
        summary: "WAL fills the disk of the {{ $labels.server }} within four hours",
        remedy: "Find the slot that retains most and let it drain, enlarge the disk, or give up that slot before the server stops.",
    },
    Alert {
        name: "PgslotplanCopyStalls",
        expression: "pgslotplan_slot_tables{state=\"copying\",$slots} > 0 and on (slot, direction) delta(pgslotplan_slot_copy_done_bytes[30m]) == 0",
        lasting: "30m",
        severity: "warning",
        summary: "the initial copy of slot {{ $labels.slot }} does not get on",
        remedy: "Look for locks on the table on both servers, and for free workers and origins on the subscriber.",
    },
    Alert {
        name: "PgslotplanErrors",
        expression: "increase(pgslotplan_slot_errors_total{$slots}[10m]) > 0",
        lasting: "0m",
        severity: "warning",
        summary: "slot {{ $labels.slot }} has had errors in the last ten minutes",
        remedy: "Read the log of the subscriber; an error that does not come again needs nothing.",
    },
    Alert {
        name: "PgslotplanConflicts",
        expression: "increase(pgslotplan_slot_conflicts_total{$slots}[10m]) > 0",
        lasting: "0m",
        severity: "warning",
        summary: "rows of slot {{ $labels.slot }} differ from those of the publisher",
        remedy: "Read pg_stat_subscription_stats and the log of the subscriber, then run the verification.",
    },
    Alert {
        name: "PgslotplanOverPlan",
        expression: "pgslotplan_slot_load{$slots} > 1.25 * pgslotplan_slot_load_planned{$slots}",
        lasting: "30m",
        severity: "warning",
        summary: "slot {{ $labels.slot }} carries more load than was planned",
        remedy: "Sample again, then pgslotplan plan workload.json --previous plan.json -o new.json.",
    },
    Alert {
        name: "PgslotplanLongTransaction",
        expression: "pgslotplan_server_open_transaction_seconds{server=\"publisher\"} > 900",
        lasting: "0m",
        severity: "warning",
        summary: "a transaction on the publisher has been open for {{ $value | humanizeDuration }}: WAL since its begin is retained",
        remedy: "Let it end, or SELECT pg_terminate_backend(pid).",
    },
    Alert {
        name: "PgslotplanOldSnapshot",
        expression: "pgslotplan_server_oldest_xmin_age > 100000000",
        lasting: "10m",
        severity: "warning",
        summary: "the oldest snapshot of the {{ $labels.server }} is {{ $value }} transactions old: VACUUM removes nothing that died since",
        remedy: "Let the slot that holds it catch up, or end the session.",
    },
    Alert {
        name: "PgslotplanNothingLeft",
        expression: "(pgslotplan_server_used >= pgslotplan_server_limit and pgslotplan_server_limit > 0) and on () (max(pgslotplan_slot_state{state!=\"streaming\",$slots}) == 1)",
        lasting: "5m",
        severity: "warning",
        summary: "the {{ $labels.server }} has no {{ $labels.resource }} left",
        remedy: "Raise max_replication_slots, max_wal_senders, max_logical_replication_workers or max_active_replication_origins and restart.",
    },
    Alert {
        name: "PgslotplanNotSeen",
        expression: "pgslotplan_up == 0 or absent(pgslotplan_up)",
        lasting: "5m",
        severity: "critical",
        summary: "a server of the migration does not answer the monitor, or the monitor does not run",
        remedy: "Start pgslotplan monitor --listen again; look whether both servers can be reached from there.",
    },
];

impl Alert {
    /// Where it is described: the page of this release.
    pub fn link(&self) -> String {
        format!(
            "https://docs.rs/pgslotplan/{}/pgslotplan/health/rules/index.html#{}",
            env!("CARGO_PKG_VERSION"),
            self.name.to_ascii_lowercase()
        )
    }

    fn expression(&self, slots: &str) -> String {
        self.expression.replace("$slots", slots)
    }
}

/// An expression and what its lines are called.
type Query = (&'static str, &'static str);

/// A label matcher for the plan's slots, in both directions: names of slots need no escapes.
fn matcher(plan: &Plan) -> String {
    let forward = plan.slots.iter().map(|slot| slot.name.to_string());
    let back = plan.mirrors().into_iter().map(|mirror| mirror.name.to_string());
    format!("slot=~\"{}\"", forward.chain(back).collect::<Vec<_>>().join("|"))
}

/// A text in double quotes, as YAML reads it: JSON's are a part of YAML's.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The rule file of Prometheus.
pub fn alert_rules(plan: &Plan) -> String {
    let slots = matcher(plan);
    let mut out =
        String::from("# Alerts on the metrics of pgslotplan monitor --listen. Load it by rule_files.\ngroups:\n");
    out.push_str(&format!("  - name: {}\n    rules:\n", quoted(&format!("pgslotplan {}", plan.policy.prefix))));
    for alert in ALERTS {
        out.push_str(&format!(
            "      - alert: {}\n        expr: {}\n        for: {}\n        labels:\n          severity: {}\n        annotations:\n          \
             summary: {}\n          description: {}\n          runbook_url: {}\n",
            alert.name,
            quoted(&alert.expression(&slots)),
            alert.lasting,
            alert.severity,
            quoted(alert.summary),
            quoted(alert.remedy),
            quoted(&alert.link()),
        ));
    }
    out
}

/// The dashboard of Grafana: its JSON model, to be imported.
pub fn dashboard(plan: &Plan) -> Value {
    let slots = matcher(plan);
    let targets = |queries: &[Query]| -> Vec<Value> {
        let target = |(number, (expression, legend)): (usize, &Query)| {
            let letter = char::from(b'A' + u8::try_from(number).unwrap_or(0));
            json!({ "refId": letter.to_string(), "expr": expression.replace("$slots", &slots), "legendFormat": legend,
                "datasource": { "type": "prometheus", "uid": "${datasource}" } })
        };
        queries.iter().enumerate().map(target).collect()
    };
    let by_slot = "{{slot}} {{direction}}";
    let series: [(&str, &str, &[Query]); 9] = [
        ("State of the slots: 1 is so", "short", &[("pgslotplan_slot_state{$slots} == 1", "{{slot}} {{state}}")]),
        ("Behind", "s", &[("pgslotplan_slot_flush_lag_seconds{$slots}", by_slot)]),
        ("Behind", "bytes", &[("pgslotplan_slot_flush_lag_bytes{$slots}", by_slot)]),
        ("Retained WAL", "bytes", &[("pgslotplan_slot_retained_wal_bytes{$slots}", by_slot)]),
        (
            "The log grows, the slots drain",
            "Bps",
            &[
                ("pgslotplan_server_wal_bytes_per_second", "log of the {{server}}"),
                ("pgslotplan_slot_drain_bytes_per_second{$slots}", by_slot),
            ],
        ),
        (
            "Until the limit",
            "s",
            &[
                ("pgslotplan_slot_limit_seconds{$slots}", by_slot),
                ("pgslotplan_slot_caught_up_seconds{$slots}", "caught up: {{slot}}"),
            ],
        ),
        (
            "Tables that are not ready",
            "short",
            &[("pgslotplan_slot_tables{state!=\"ready\",$slots}", "{{slot}} {{state}}")],
        ),
        (
            "Initial copy",
            "percentunit",
            &[("pgslotplan_slot_copy_done_bytes{$slots} / pgslotplan_slot_copy_size_bytes{$slots}", by_slot)],
        ),
        (
            "Load, of what was planned at most",
            "percentunit",
            &[("pgslotplan_slot_load{$slots} / pgslotplan_slot_load_planned{$slots}", by_slot)],
        ),
    ];
    let mut panels = vec![
        json!({ "id": 1, "type": "stat", "title": "Stage", "gridPos": { "x": 0, "y": 0, "w": 12, "h": 4 },
            "datasource": { "type": "prometheus", "uid": "${datasource}" }, "targets": targets(&[("pgslotplan_stage == 1", "{{stage}}")]),
            "options": { "textMode": "name", "colorMode": "none", "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false } } }),
        json!({ "id": 2, "type": "stat", "title": "Every slot is well", "gridPos": { "x": 12, "y": 0, "w": 12, "h": 4 },
            "datasource": { "type": "prometheus", "uid": "${datasource}" }, "targets": targets(&[("pgslotplan_well", "well")]),
            "options": { "colorMode": "background", "reduceOptions": { "calcs": ["lastNotNull"], "fields": "", "values": false } },
            "fieldConfig": { "defaults": { "mappings": [{ "type": "value", "options": { "0": { "text": "no", "color": "red" },
                "1": { "text": "yes", "color": "green" } } }] }, "overrides": [] } }),
    ];
    for (number, (title, unit, queries)) in series.iter().enumerate() {
        let (x, y) = (12 * (number % 2), 4 + 8 * (number / 2));
        panels.push(json!({ "id": number + 3, "type": "timeseries", "title": title, "gridPos": { "x": x, "y": y, "w": 12, "h": 8 },
            "datasource": { "type": "prometheus", "uid": "${datasource}" }, "targets": targets(queries),
            "fieldConfig": { "defaults": { "unit": unit, "min": 0 }, "overrides": [] },
            "options": { "legend": { "displayMode": "table", "placement": "right", "calcs": ["lastNotNull", "max"] }, "tooltip": { "mode": "multi" } } }));
    }
    json!({
        "title": format!("pgslotplan {}", plan.policy.prefix),
        "tags": ["pgslotplan"],
        "schemaVersion": 39,
        "editable": true,
        "time": { "from": "now-6h", "to": "now" },
        "refresh": "30s",
        "templating": { "list": [{ "name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus" }] },
        "panels": panels,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> Plan {
        crate::format::read(include_bytes!("../../samples/saas/plan.json")).unwrap()
    }

    #[test]
    fn every_alert_has_its_section_and_its_remedy() {
        let page = include_str!("../../docs/monitoring.md");
        let sections: Vec<&str> = page.lines().filter_map(|line| line.strip_prefix("### ")).collect();
        assert_eq!(sections, ALERTS.iter().map(|alert| alert.name).collect::<Vec<_>>());
        let rules = alert_rules(&plan());
        for alert in ALERTS {
            assert!(
                rules.contains(&format!("alert: {}\n", alert.name)) && rules.contains(&alert.link()),
                "{}",
                alert.name
            );
            assert!(alert.remedy.ends_with('.') && !alert.summary.ends_with('.'), "{}", alert.name);
        }
        assert!(!rules.contains("$slots"));
    }

    #[test]
    fn panels_do_not_lie_over_each_other() {
        let dashboard = dashboard(&plan());
        let panels = dashboard["panels"].as_array().unwrap();
        let mut places: Vec<(u64, u64)> = panels
            .iter()
            .map(|panel| (panel["gridPos"]["y"].as_u64().unwrap(), panel["gridPos"]["x"].as_u64().unwrap()))
            .collect();
        let count = places.len();
        places.sort_unstable();
        places.dedup();
        assert_eq!((count, places.len()), (11, 11));
        assert!(!dashboard.to_string().contains("$slots"));
    }
}
