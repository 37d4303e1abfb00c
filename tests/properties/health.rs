//! The judgement of a running migration: whatever both servers show, every slot is judged once, the worst first, by what the last looks
//! say and by nothing else.

use pgslotplan::{
    format,
    health::{Look, SideLook, Stage, State, Status, Thresholds, Watch, status, status::Verdict},
    plan::Plan,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn plan() -> Plan {
    format::read(include_bytes!("../../samples/saas/plan.json")).expect("our own sample")
}

/// What one slot and its subscription show at one moment; rows that are missing are `None`.
#[derive(Debug, Clone)]
struct Shown {
    slot: Option<Value>,
    subscription: Option<Value>,
    states: Vec<char>,
    errors: Option<u64>,
}

fn shown() -> impl Strategy<Value = Shown> {
    let status = prop::option::of(prop::sample::select(vec!["reserved", "extended", "unreserved", "lost"]));
    let slot = (
        any::<bool>(),
        status,
        prop::option::weighted(0.1, Just("wal_removed")),
        prop::option::of(-5_i64..5_000_000_000),
        0_u64..200_000_000,
    )
        .prop_map(|(active, wal_status, reason, safe, behind)| {
            json!({"active": active, "wal_status": wal_status, "invalidation_reason": reason, "safe_wal_bytes": safe,
                "lag_bytes": behind, "retained_bytes": behind, "behind": behind, "xmin_age": 1})
        });
    let subscription = (prop::bool::weighted(0.9), prop::option::weighted(0.8, 1_i64..5), 0_u64..3, prop::collection::vec(1_i64..9, 0..3))
        .prop_map(|(enabled, worker, helpers, copying)| json!({"enabled": enabled, "worker": worker, "helpers": helpers, "copying": copying}));
    let states = prop::collection::vec(prop::sample::select(vec!['i', 'd', 'f', 's', 'r', 'r', 'r', 'r']), 0..4);
    (prop::option::weighted(0.95, slot), prop::option::weighted(0.95, subscription), states, prop::option::of(0_u64..3))
        .prop_map(|(slot, subscription, states, errors)| Shown { slot, subscription, states, errors })
}

fn server(at: f64, position: u64, is_closed: bool) -> Value {
    json!({"at": at, "version": 150000, "position": position, "started": 1.0, "sees_others": true, "is_closed": is_closed, "slots": 3, "slot_limit": 10,
        "senders": 3, "sender_limit": 10, "workers": 3, "worker_limit": 10, "origins": 3, "origin_limit": 10,
        "slot_wal_limit_bytes": null, "xmin_age": 7, "xmin_holder": null, "frozen_age": 9, "writer": null, "prepared": null})
}

/// The rows of a look, as COPY writes them.
fn rows(plan: &Plan, shown: &[Shown], at: f64, closed: (bool, bool)) -> (Vec<String>, Vec<String>) {
    let copied = |value: Value| value.to_string().replace('\\', "\\\\");
    let position = 1_000_000_000 + (at * 1e6) as u64;
    let mut from = vec![copied(json!({"server": server(at, position, closed.0)}))];
    let mut to = vec![copied(json!({"server": server(at, position, closed.1)}))];
    for (slot, shown) in plan.slots.iter().zip(shown) {
        from.push(copied(json!({"publication": slot.publication})));
        if let Some(mut row) = shown.slot.clone() {
            let behind = row.as_object_mut().and_then(|row| row.remove("behind")).and_then(|behind| behind.as_u64());
            row["slot"] = json!(slot.name.as_str());
            row["confirmed"] = json!(position - behind.unwrap_or(0));
            from.push(copied(json!({"slot": row})));
        }
        if let Some(mut row) = shown.subscription.clone() {
            row["subscription"] = json!(slot.subscription);
            row["slot"] = json!(slot.name.as_str());
            to.push(copied(json!({"subscription": row})));
        }
        for (table, state) in slot.tables.iter().flat_map(|table| slot.received(table)).zip(&shown.states) {
            to.push(copied(json!({"table": {"subscription": slot.subscription, "schema": table.schema, "table": table.name, "state": state}})));
        }
        if let Some(count) = shown.errors {
            to.push(copied(
                json!({"errors": {"subscription": slot.subscription, "apply": count, "copy": 0, "conflicts": null}}),
            ));
        }
    }
    (from, to)
}

fn side(rows: &[String], backwards: bool) -> SideLook {
    let mut side = SideLook::default();
    side.sees_tables();
    let take = |row: &String| side.take_row(row).expect("a row as the server gives it");
    if backwards {
        rows.iter().rev().for_each(take)
    } else {
        rows.iter().for_each(take)
    }
    side
}

fn judged(plan: &Plan, rounds: &[Vec<Shown>], step_s: f64, closed: (bool, bool), backwards: bool) -> Status {
    let mut watch = Watch::default();
    for (number, shown) in rounds.iter().enumerate() {
        let (from, to) = rows(plan, shown, 1000.0 + step_s * number as f64, closed);
        watch.take(Look { publisher: side(&from, backwards), subscriber: side(&to, backwards) });
    }
    status(plan, &watch, &Thresholds::default(), None).expect("both servers were seen")
}

proptest! {
    #[test]
    fn every_slot_is_judged_once_and_the_worst_first(
        rounds in prop::collection::vec(prop::collection::vec(shown(), 9), 1..6),
        step_s in 1.0_f64..40.0,
        closed in any::<(bool, bool)>(),
    ) {
        let plan = plan();
        let status = judged(&plan, &rounds, step_s, closed, false);
        prop_assert_eq!(&status, &judged(&plan, &rounds, step_s, closed, true), "the order of rows matters to nobody");
        let states: Vec<State> = status.slots.iter().map(|slot| slot.state).collect();
        prop_assert!(states.is_sorted(), "{:?}", states);
        let watched = if status.stage < Stage::CutOver { plan.slots.len() } else { 0 };
        prop_assert_eq!(status.slots.len(), watched);
        for (planned, shown) in plan.slots.iter().zip(rounds.last().expect("at least one")).filter(|_| watched > 0) {
            let slot = status.slots.iter().find(|slot| slot.name == planned.name.as_str()).expect("every slot is there");
            let row = shown.slot.as_ref();
            let is_lost = row.is_some_and(|row| row["wal_status"] == "lost" || !row["invalidation_reason"].is_null());
            prop_assert_eq!(slot.state == State::Lost, is_lost);
            prop_assert_eq!(slot.state == State::Absent, !is_lost && (row.is_none() || shown.subscription.is_none()));
            if matches!(slot.state, State::Copying | State::CatchingUp | State::Streaming) {
                prop_assert!(row.is_some_and(|row| row["active"] == true), "nobody reads it");
                prop_assert_eq!(slot.state == State::Copying, shown.states.iter().zip(planned.tables.iter().flat_map(|t| planned.received(t))).any(|(s, _)| *s != 'r'));
            }
            prop_assert!(slot.flush_lag_s.is_none_or(|lag| lag.is_finite() && lag >= 0.0), "{:?}", slot.flush_lag_s);
            prop_assert!(slot.caught_up_in_s.is_none_or(|s| s.is_finite() && s >= 0.0) && slot.limit_in_s.is_none_or(|s| s.is_finite() && s >= 0.0));
        }
        let is_bad = status.slots.iter().any(|slot| slot.state.is_bad());
        prop_assert!(!is_bad || status.verdict() == Verdict::Bad);
        // the file reads back as it was
        prop_assert_eq!(&format::read::<Status>(&format::write(&status)).expect("our own file"), &status);
    }

    /// What is long mended is forgotten: after a minute of the same looks nothing of before matters.
    #[test]
    fn the_past_is_forgotten(
        before in prop::collection::vec(prop::collection::vec(shown(), 9), 0..4),
        now in prop::collection::vec(shown(), 9),
    ) {
        let plan = plan();
        let calm = vec![now; 16];
        let alone = judged(&plan, &calm, 5.0, (false, false), false);
        let after = judged(&plan, &[before, calm].concat(), 5.0, (false, false), false);
        let states = |status: &Status| status.slots.iter().map(|slot| (slot.name.clone(), slot.state)).collect::<Vec<_>>();
        prop_assert_eq!(states(&alone), states(&after));
    }
}
