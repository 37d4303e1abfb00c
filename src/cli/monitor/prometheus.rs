//! A status as Prometheus reads it: text exposition format 0.0.4. Names, labels and units follow its conventions.

use std::fmt::Write;

use pgslotplan::{
    finding::Severity,
    health::{
        Stage, State, Status,
        status::{ServerStatus, SlotStatus, Verdict},
    },
};

/// A family of numbers: name, kind, what it is, one value a label set.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
    values: Vec<(String, f64)>,
}

/// What is served while a server does not answer: numbers of before would look like numbers of now.
pub const DOWN: &str = "# HELP pgslotplan_up 1 when both servers answered at the last look.\n# TYPE pgslotplan_up gauge\npgslotplan_up 0\n";

/// All metrics of a status.
pub fn metrics(status: &Status) -> String {
    let mut out = String::new();
    for family in families(status).into_iter().filter(|family| !family.values.is_empty()) {
        let Family { name, kind, help, values } = family;
        // writing to a string does not fail
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in values {
            let _ = writeln!(out, "{name}{labels} {value}");
        }
    }
    out
}

fn families(status: &Status) -> Vec<Family> {
    let mut families = of_migration(status);
    families.extend(of_pieces(status));
    families.extend(of_slots(&status.slots));
    families.extend(of_servers(status));
    families
}

/// `{a="x",b="y"}`; backslashes, quotes and ends of lines are escaped.
fn labels(pairs: &[(&str, &str)]) -> String {
    let escaped = |value: &str| value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn of_migration(status: &Status) -> Vec<Family> {
    let database = |name: &str, value: &str| labels(&[("database", &status.database), (name, value)]);
    let stages =
        [Stage::Prepared, Stage::Copying, Stage::CatchingUp, Stage::Streaming, Stage::CutOver, Stage::RolledBack];
    let flag = |set: bool| if set { 1.0 } else { 0.0 };
    let severities = [Severity::Error, Severity::Warning, Severity::Info];
    let count = |severity| status.findings.iter().filter(|finding| finding.severity == severity).count() as f64;
    let only = labels(&[("database", &status.database)]);
    vec![
        Family {
            name: "pgslotplan_up",
            kind: "gauge",
            help: "1 when both servers answered at the last look.",
            values: vec![(String::new(), 1.0)],
        },
        Family {
            name: "pgslotplan_status_timestamp_seconds",
            kind: "gauge",
            help: "When both servers were looked at, by their own clocks.",
            values: vec![(only.clone(), status.at.as_millisecond() as f64 / 1e3)],
        },
        Family {
            name: "pgslotplan_well",
            kind: "gauge",
            help: "1 when every slot is well and no threshold is exceeded.",
            values: vec![(only, flag(status.verdict() == Verdict::Well))],
        },
        Family {
            name: "pgslotplan_stage",
            kind: "gauge",
            help: "Where the migration stands: 1 for that stage.",
            values: stages.map(|stage| (database("stage", stage.as_str()), flag(stage == status.stage))).into(),
        },
        Family {
            name: "pgslotplan_findings",
            kind: "gauge",
            help: "Findings by severity.",
            values: severities.map(|severity| (database("severity", &severity.to_string()), count(severity))).into(),
        },
    ]
}

fn of_pieces(status: &Status) -> Vec<Family> {
    let Some(pieces) = &status.pieces else { return Vec::new() };
    let labelled = |name: &str, value: &str| labels(&[("database", &status.database), (name, value)]);
    let counts =
        [("total", pieces.total), ("done", pieces.done), ("running", pieces.running), ("failed", pieces.failed)];
    let bytes = [("total", pieces.total_bytes), ("done", pieces.done_bytes)];
    let values = |counts: &[(&str, u64)]| {
        counts.iter().map(|(state, count)| (labelled("state", state), *count as f64)).collect()
    };
    vec![
        Family {
            name: "pgslotplan_copy_pieces",
            kind: "gauge",
            help: "Pieces of the copy by how far they are.",
            values: values(&counts),
        },
        Family {
            name: "pgslotplan_copy_pieces_bytes",
            kind: "gauge",
            help: "What they take on the publisher.",
            values: values(&bytes),
        },
    ]
}

fn of_slots(slots: &[SlotStatus]) -> Vec<Family> {
    let of = |slot: &SlotStatus| labels(&[("slot", &slot.name), ("direction", slot.direction.as_str())]);
    let with = |slot: &SlotStatus, name: &str, value: &str| {
        labels(&[("slot", &slot.name), ("direction", slot.direction.as_str()), (name, value)])
    };
    let family = |name, kind, help, value: &dyn Fn(&SlotStatus) -> Option<f64>| Family {
        name,
        kind,
        help,
        values: slots.iter().filter_map(|slot| Some((of(slot), value(slot)?))).collect(),
    };
    let whole = |value: Option<u64>| value.map(|value| value as f64);
    let states = slots.iter().flat_map(|slot| {
        State::ALL.map(|state| (with(slot, "state", state.as_str()), if slot.state == state { 1.0 } else { 0.0 }))
    });
    let tables = slots.iter().filter_map(|slot| Some((slot, slot.tables?))).flat_map(|(slot, tables)| {
        [("ready", tables.ready), ("copying", tables.copying), ("waiting", tables.waiting)]
            .map(|(state, count)| (with(slot, "state", state), count as f64))
    });
    vec![
        Family {
            name: "pgslotplan_slot_state",
            kind: "gauge",
            help: "How a slot is doing: 1 for that state.",
            values: states.collect(),
        },
        family("pgslotplan_slot_flush_lag_bytes", "gauge", "The log's position less confirmed_flush_lsn.", &|slot| {
            whole(slot.flush_lag_bytes)
        }),
        family(
            "pgslotplan_slot_flush_lag_seconds",
            "gauge",
            "How long ago the log passed confirmed_flush_lsn.",
            &|slot| slot.flush_lag_s,
        ),
        family("pgslotplan_slot_retained_wal_bytes", "gauge", "The log's position less restart_lsn.", &|slot| {
            whole(slot.retained_wal_bytes)
        }),
        family(
            "pgslotplan_slot_safe_wal_bytes",
            "gauge",
            "What may still be written before the slot is lost; no value without a limit.",
            &|slot| whole(slot.safe_wal_bytes),
        ),
        family(
            "pgslotplan_slot_limit_seconds",
            "gauge",
            "When that is reached at the rate of the last minute.",
            &|slot| slot.limit_in_s,
        ),
        family("pgslotplan_slot_drain_bytes_per_second", "gauge", "How fast the slot confirms the log.", &|slot| {
            slot.drain_bytes_per_s
        }),
        family(
            "pgslotplan_slot_caught_up_seconds",
            "gauge",
            "When a slot that is behind will be caught up at these rates.",
            &|slot| slot.caught_up_in_s,
        ),
        Family {
            name: "pgslotplan_slot_tables",
            kind: "gauge",
            help: "Tables of a slot by how far they are.",
            values: tables.collect(),
        },
        family("pgslotplan_slot_copy_done_bytes", "gauge", "Copied by now, by the plan's sizes.", &|slot| {
            slot.copy.map(|copy| copy.done_bytes as f64)
        }),
        family("pgslotplan_slot_copy_size_bytes", "gauge", "All that is to be copied.", &|slot| {
            slot.copy.map(|copy| copy.total_bytes as f64)
        }),
        family("pgslotplan_slot_errors_total", "counter", "Errors of the subscription.", &|slot| whole(slot.errors)),
        family("pgslotplan_slot_conflicts_total", "counter", "Conflicts of the subscription.", &|slot| {
            whole(slot.conflicts)
        }),
        family("pgslotplan_slot_spilled_bytes_total", "counter", "What decoding spilled to disk.", &|slot| {
            whole(slot.spilled_bytes)
        }),
        family("pgslotplan_slot_load", "gauge", "Load of the last minute or two, in the plan's unit.", &|slot| {
            slot.load.as_ref()?.measured
        }),
        family(
            "pgslotplan_slot_load_planned",
            "gauge",
            "The most that was planned for, in the plan's unit.",
            &|slot| Some(slot.load.as_ref()?.planned),
        ),
        family("pgslotplan_slot_load_forecast", "gauge", "What the workload has for this hour.", &|slot| {
            slot.load.as_ref()?.forecast
        }),
    ]
}

fn of_servers(status: &Status) -> Vec<Family> {
    let sides = [("publisher", &status.publisher), ("subscriber", &status.subscriber)];
    let family = |name, help, value: &dyn Fn(&ServerStatus) -> Option<f64>| Family {
        name,
        kind: "gauge",
        help,
        values: sides
            .iter()
            .filter_map(|(side, server)| Some((labels(&[("server", *side)]), value(server)?)))
            .collect(),
    };
    let limits = |name, help, value: &dyn Fn(pgslotplan::health::status::Used) -> u64| Family {
        name,
        kind: "gauge",
        help,
        values: sides
            .iter()
            .flat_map(|(side, server)| {
                let all = [
                    ("slots", server.slots),
                    ("senders", server.senders),
                    ("workers", server.workers),
                    ("origins", server.origins),
                ];
                all.map(|(what, used)| (labels(&[("server", *side), ("resource", what)]), value(used) as f64))
            })
            .collect(),
    };
    let whole = |value: Option<u64>| value.map(|value| value as f64);
    vec![
        family("pgslotplan_server_wal_bytes_per_second", "How fast the log grows.", &|server| server.wal_bytes_per_s),
        family("pgslotplan_server_retained_wal_bytes", "Most WAL that a slot of the database retains.", &|server| {
            whole(server.retained_wal_bytes)
        }),
        family(
            "pgslotplan_server_oldest_xmin_age",
            "Transactions since the oldest snapshot that is held.",
            &|server| whole(server.oldest_xmin_age),
        ),
        family("pgslotplan_server_frozen_age", "Transactions since the oldest database was frozen.", &|server| {
            whole(server.frozen_age)
        }),
        family(
            "pgslotplan_server_open_transaction_seconds",
            "How long the oldest transaction that writes has been open.",
            &|server| server.open_transaction_s,
        ),
        family("pgslotplan_server_disk_left_bytes", "What is left for WAL, where its size was given.", &|server| {
            server.disk.map(|disk| disk.left_bytes as f64)
        }),
        limits("pgslotplan_server_used", "How many there are.", &|used| used.used),
        limits("pgslotplan_server_limit", "How many there may be.", &|used| used.limit),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use pgslotplan::{
        format,
        health::{
            Look, Thresholds, Watch,
            rules::{alert_rules, dashboard},
            status,
        },
        plan::Plan,
    };

    use super::*;

    /// Rules and dashboard ask for nothing that is not served, and each text has its escapes.
    #[test]
    fn rules_and_dashboard_ask_for_metrics_that_are_there() {
        let mut plan: Plan = format::read(include_bytes!("../../../samples/saas/plan.json")).unwrap();
        plan.database = "a\"b\\c\nd".to_owned();
        let mut look = Look::default();
        let row = r#"{"server": {"at": 1.7e9, "version": 150000, "position": 16, "started": 1.0, "sees_others": true, "is_closed": false, "slots": 0, "slot_limit": 10, "senders": 0, "sender_limit": 10, "workers": 0, "worker_limit": 4, "origins": 0, "origin_limit": 10, "slot_wal_limit_bytes": null, "xmin_age": null, "xmin_holder": null, "frozen_age": 5, "writer": null, "prepared": null}}"#;
        look.publisher.take_row(row).unwrap();
        let mut watch = Watch::default();
        watch.take(look);
        let status = status(&plan, &watch, &Thresholds::default(), None).unwrap();
        let served: BTreeSet<&str> = families(&status).iter().map(|family| family.name).collect();
        let asked = format!("{}{}", alert_rules(&plan), dashboard(&plan));
        let words =
            asked.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).filter(|word| word.starts_with("pgslotplan_"));
        let words: BTreeSet<&str> = words.collect();
        assert!(words.len() > 20 && words.is_subset(&served), "{:?}", words.difference(&served).collect::<Vec<_>>());
        let text = metrics(&status);
        assert!(text.contains(r#"database="a\"b\\c\nd""#), "{text}");
        assert!(text.lines().all(|line| line.starts_with('#') || line.starts_with("pgslotplan_")), "{text}");
    }
}
