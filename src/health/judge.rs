//! How each slot is doing, from a few looks. One look does not tell a worker that fails from one that has just started, since a
//! worker that ends is started again.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::look::{Look, SideLook, SlotRow, SubscriptionRow};
use crate::{
    names::{TableName, one_line},
    plan::{Plan, PlannedSlot},
    units::{Bytes, counted},
};

/// A slot that is so far behind catches up, the others stream.
pub(super) const CAUGHT_UP_BYTES: i64 = 16 << 20;
/// So many looks tell a copy that begins again and again from one that has just begun.
const ENOUGH_LOOKS: usize = 3;

/// How a slot is doing, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// WAL that it needs is gone, or it was invalidated.
    Lost,
    /// The slot or its subscription is not there.
    Absent,
    /// The subscription is disabled.
    Disabled,
    /// The worker ends and starts again, or errors are counted.
    Failing,
    /// Nobody reads the slot just now.
    Disconnected,
    /// Tables are being copied.
    Copying,
    /// Every table is ready, the slot is behind.
    CatchingUp,
    /// Every table is ready, the slot follows.
    Streaming,
}

impl State {
    /// All of them, the worst first.
    pub const ALL: [State; 8] = [
        State::Lost,
        State::Absent,
        State::Disabled,
        State::Failing,
        State::Disconnected,
        State::Copying,
        State::CatchingUp,
        State::Streaming,
    ];

    /// As files have it.
    pub fn as_str(self) -> &'static str {
        match self {
            State::Lost => "lost",
            State::Absent => "absent",
            State::Disabled => "disabled",
            State::Failing => "failing",
            State::Disconnected => "disconnected",
            State::Copying => "copying",
            State::CatchingUp => "catching_up",
            State::Streaming => "streaming",
        }
    }

    /// Whether the slot stands still until somebody does something, or may do so.
    pub fn is_bad(self) -> bool {
        self <= State::Disconnected
    }
}

/// Which way changes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// From the old server to the new one.
    Forward,
    /// From the new server to the old one, after the cutover.
    Back,
}

impl Direction {
    /// As files have it.
    pub fn as_str(self) -> &'static str {
        match self {
            Direction::Forward => "forward",
            Direction::Back => "back",
        }
    }

    /// The server that has the slots, then the one that has the subscriptions.
    pub fn ends(self, look: &Look) -> (&SideLook, &SideLook) {
        match self {
            Direction::Forward => (&look.publisher, &look.subscriber),
            Direction::Back => (&look.subscriber, &look.publisher),
        }
    }
}

/// One slot of the plan in one direction: what it and its subscription are called.
#[derive(Debug, Clone)]
pub(super) struct Watched<'a> {
    pub planned: &'a PlannedSlot,
    pub direction: Direction,
    pub slot: String,
    pub subscription: String,
    pub publications: Vec<String>,
}

/// The plan's slots in one direction, in its order.
pub(super) fn watched(plan: &Plan, direction: Direction) -> Vec<Watched<'_>> {
    let named =
        |planned: &PlannedSlot| planned.publications().into_iter().filter_map(|p| p.name.map(str::to_owned)).collect();
    match direction {
        Direction::Forward => plan
            .slots
            .iter()
            .map(|planned| Watched {
                planned,
                direction,
                slot: planned.name.to_string(),
                subscription: planned.subscription.clone(),
                publications: named(planned),
            })
            .collect(),
        Direction::Back => plan
            .slots
            .iter()
            .zip(plan.mirrors())
            .map(|(planned, mirror)| {
                let publications = planned.publications().into_iter().map(|published| {
                    let is_insert_only = published.tables.iter().all(|table| table.insert_only);
                    if is_insert_only { mirror.insert_only.to_string() } else { mirror.name.to_string() }
                });
                Watched {
                    planned,
                    direction,
                    publications: publications.collect(),
                    slot: mirror.name.to_string(),
                    subscription: mirror.name.to_string(),
                }
            })
            .collect(),
    }
}

/// One slot's state and what it was judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotHealth {
    /// The slot.
    pub slot: String,
    /// Which way it goes.
    pub direction: Direction,
    /// Its subscription.
    pub subscription: String,
    /// That subscription is there.
    pub is_subscribed: bool,
    /// How it is doing.
    pub state: State,
    /// Why: one line, lower case.
    pub reason: String,
    /// Flush lag, where the slot has a position.
    pub lag_bytes: Option<i64>,
    /// WAL that may still be written before the slot is lost; absent without a limit.
    pub safe_wal_bytes: Option<i64>,
    /// Planned tables that the subscription does not list; their changes are discarded.
    pub not_subscribed: Vec<TableName>,
    /// Publications of the slot that are not there.
    pub missing_publications: Vec<String>,
}

/// The looks that a state is judged by, the newest last in each.
#[derive(Clone, Copy)]
pub(super) struct Looks<'a> {
    /// Of the last minute: a worker that lives for some seconds each time is seen to be another one.
    pub minute: &'a [&'a Look],
    /// Of the last seconds: what is mended is well again soon.
    pub judged: &'a [&'a Look],
    pub last: &'a Look,
}

/// Judges every slot of the plan in one direction by looks that some seconds lie between, the newest last; the worst comes first.
pub fn assess(plan: &Plan, looks: &[&Look], direction: Direction) -> Vec<SlotHealth> {
    let Some(last) = looks.last() else { return Vec::new() };
    let looks = Looks { minute: looks, judged: looks, last };
    let mut found: Vec<SlotHealth> = watched(plan, direction).iter().map(|watched| judge(watched, &looks)).collect();
    found.sort_by(|a, b| (a.state, &a.slot).cmp(&(b.state, &b.slot)));
    found
}

pub(super) fn judge(watched: &Watched<'_>, looks: &Looks<'_>) -> SlotHealth {
    let (from, to) = watched.direction.ends(looks.last);
    let slot = from.slots.get(&watched.slot);
    let subscription = to.subscriptions.get(&watched.subscription);
    let none = BTreeMap::new();
    let tables = to.tables.as_ref().map(|tables| tables.get(&watched.subscription).unwrap_or(&none));
    let not_subscribed = match (tables, subscription) {
        (Some(known), Some(_)) => {
            let wanted = watched.planned.tables.iter().flat_map(|table| watched.planned.received(table));
            wanted.filter(|name| !known.contains_key(name)).collect()
        }
        _ => Vec::new(),
    };
    let missing_publications =
        watched.publications.iter().filter(|name| !from.publications.contains(*name)).cloned().collect();
    let (state, reason) = state(watched, looks, slot, subscription, tables);
    SlotHealth {
        slot: watched.slot.clone(),
        direction: watched.direction,
        subscription: watched.subscription.clone(),
        is_subscribed: subscription.is_some(),
        state,
        reason,
        lag_bytes: slot.and_then(|slot| slot.lag_bytes),
        safe_wal_bytes: slot.and_then(|slot| slot.safe_wal_bytes),
        not_subscribed,
        missing_publications,
    }
}

fn state(
    watched: &Watched<'_>,
    looks: &Looks<'_>,
    slot: Option<&SlotRow>,
    subscription: Option<&SubscriptionRow>,
    tables: Option<&BTreeMap<TableName, char>>,
) -> (State, String) {
    let Some(slot) = slot else { return (State::Absent, "the slot is not there".to_owned()) };
    if let Some(reason) = &slot.invalidation_reason {
        return (State::Lost, format!("the slot was invalidated: {}", one_line(reason)));
    }
    if slot.wal_status.as_deref() == Some("lost") {
        return (State::Lost, "the slot is lost: WAL that it needs is gone".to_owned());
    }
    let Some(subscription) = subscription else { return (State::Absent, "its subscription is not there".to_owned()) };
    if !subscription.enabled {
        return (State::Disabled, "its subscription is disabled".to_owned());
    }
    if let Some(reason) = failing(watched, looks) {
        return (State::Failing, reason);
    }
    if !slot.active {
        return (State::Disconnected, "nobody is connected to the slot".to_owned());
    }
    let waiting = tables.map_or(0, |tables| tables.values().filter(|state| **state != 'r').count());
    if waiting > 0 {
        let judged = looks.judged;
        let idle = judged.len() >= ENOUGH_LOOKS
            && sides(watched, judged).all(|row| row.is_some_and(|row| row.copying.is_empty()));
        let why = if idle { ", and no table synchronization worker runs" } else { "" };
        return (State::Copying, format!("{} not ready{why}", counted(waiting, "table")));
    }
    match slot.lag_bytes {
        Some(lag) if lag > CAUGHT_UP_BYTES => (State::CatchingUp, format!("{} behind", Bytes(lag as f64))),
        _ => (State::Streaming, "every table is ready".to_owned()),
    }
}

fn sides<'a>(
    watched: &'a Watched<'_>,
    looks: &'a [&Look],
) -> impl DoubleEndedIterator<Item = Option<&'a SubscriptionRow>> {
    looks.iter().map(|look| watched.direction.ends(look).1.subscriptions.get(&watched.subscription))
}

/// Why the subscription fails, if it does. Errors are counted from 15 on; before, workers that come and go show it.
fn failing(watched: &Watched<'_>, looks: &Looks<'_>) -> Option<String> {
    errors(watched, looks.judged).or_else(|| restarts(watched, looks)).or_else(|| copies_again(watched, looks.judged))
}

fn errors(watched: &Watched<'_>, looks: &[&Look]) -> Option<String> {
    let of = |look: &&Look| {
        let row = watched.direction.ends(look).1.errors.as_ref()?.get(&watched.subscription)?;
        Some((row.apply, row.copy))
    };
    let counts: Vec<(u64, u64)> = looks.iter().filter_map(of).collect();
    let (first, last) = (counts.first()?, counts.last()?);
    let (apply, copy) = (last.0.saturating_sub(first.0), last.1.saturating_sub(first.1));
    let what = if apply > 0 { "while applying" } else { "while copying a table" };
    (apply + copy > 0).then(|| format!("{} {what} within the last seconds", counted((apply + copy) as usize, "error")))
}

/// Looks since the subscription was enabled, the newest first: before, nobody expects a worker.
fn enabled<'a>(watched: &'a Watched<'_>, looks: &'a [&Look]) -> Vec<&'a SubscriptionRow> {
    sides(watched, looks).rev().map_while(|row| row.filter(|row| row.enabled)).collect()
}

fn restarts(watched: &Watched<'_>, looks: &Looks<'_>) -> Option<String> {
    let workers = |rows: &[&SubscriptionRow]| -> BTreeSet<i64> { rows.iter().filter_map(|row| row.worker).collect() };
    let (recent, all) = (enabled(watched, looks.judged), enabled(watched, looks.minute));
    let (seen, seen_in_all) = (workers(&recent), workers(&all));
    let runs_now = recent.first().is_some_and(|row| row.runs());
    let never = recent.len() > 1 && recent.len() == looks.judged.len() && seen.is_empty();
    let is_steady = recent.len() > 1 && seen.len() == 1 && recent.iter().all(|row| row.runs());
    let again = seen_in_all.len() > 2 || (seen.len() == 2 && !runs_now);
    (never || (again && !is_steady)).then(|| "its worker ends and starts again, or cannot start".to_owned())
}

/// Table synchronization workers come and go, and no table gets any further.
fn copies_again(watched: &Watched<'_>, looks: &[&Look]) -> Option<String> {
    let rows = enabled(watched, looks);
    let copiers: BTreeSet<i64> = rows.iter().flat_map(|row| &row.copying).copied().collect();
    let most = rows.iter().map(|row| row.copying.len()).max().unwrap_or(0);
    let copied = |look: &&Look| {
        let tables = watched.direction.ends(look).1.tables.as_ref()?.get(&watched.subscription)?;
        Some(tables.values().filter(|state| !matches!(state, 'i' | 'd')).count())
    };
    let counts: BTreeSet<Option<usize>> = looks.iter().map(copied).collect();
    let stands_still = counts.len() == 1 && !counts.contains(&None);
    let again = looks.len() >= ENOUGH_LOOKS && copiers.len() > most.max(1) + 1;
    (stands_still && again).then(|| "the copy of a table begins again and again".to_owned())
}
