//! What is kept of the looks so far, in memory that does not grow: the looks of the last minute, positions against time, and the
//! counters of changed rows of a minute ago.

use std::collections::{BTreeMap, VecDeque};

use super::{
    judge::Direction,
    look::{ChangeRow, Look, SideLook},
    positions::Positions,
    status::SlotStatus,
};
use crate::names::TableName;

/// Rates are of the last minute.
const SPAN_S: f64 = 60.0;
/// States are judged by looks of so many seconds: a worker that fails is started again after 5 s as a rule.
const JUDGED_S: f64 = 12.0;
/// However often somebody looks.
const MOST_LOOKS: usize = 80;

/// What somebody wants to be told.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Thresholds {
    /// No slot may be further behind, seconds.
    pub max_lag_s: Option<f64>,
    /// No slot may retain more WAL, bytes.
    pub max_retained_bytes: Option<u64>,
    /// So much must be left until a slot is lost, bytes.
    pub min_safe_wal_bytes: Option<u64>,
    /// What WAL may take on the publisher, bytes: no view tells.
    pub publisher_disk_bytes: Option<u64>,
}

/// Rows changed since the statistics began, by table.
pub(super) type Counters = BTreeMap<TableName, ChangeRow>;

/// The looks so far.
#[derive(Debug, Clone, Default)]
pub struct Watch {
    looks: VecDeque<Look>,
    /// Positions of the old server.
    pub publisher: Positions,
    /// Positions of the new server.
    pub subscriber: Positions,
    changes: VecDeque<(f64, Counters)>,
    /// The end of the log of the server that applies forward, and of the one that applies back.
    logs: [Option<String>; 2],
}

impl Watch {
    /// Takes the newest look.
    pub fn take(&mut self, mut look: Look) {
        for (side, positions) in [(&look.publisher, &mut self.publisher), (&look.subscriber, &mut self.subscriber)] {
            if let Some((at, position)) = side.server.as_ref().and_then(|row| Some((row.at, row.position?))) {
                positions.see(at, position);
            }
        }
        if let Some(last) = self.looks.back() {
            share_tables(&mut look.publisher, &last.publisher);
            share_tables(&mut look.subscriber, &last.subscriber);
        }
        let changes = std::mem::take(&mut look.publisher.changes);
        if let Some(server) = look.publisher.server.as_ref().filter(|_| !changes.is_empty()) {
            self.take_changes(server.at, changes);
        }
        let now = look.at();
        self.looks.push_back(look);
        let is_old = |look: &Look| match (look.at(), now) {
            (Some(at), Some(now)) => now - at > SPAN_S,
            _ => false,
        };
        // one that is older than the span is kept as long as the next one is within it
        while self.looks.len() > MOST_LOOKS || (self.looks.len() > 2 && is_old(&self.looks[1])) {
            self.looks.pop_front();
        }
    }

    fn take_changes(&mut self, at: f64, changes: Counters) {
        // three generations: one a minute or two old, one that will be, and the newest
        if self.changes.len() == 3 {
            let replaces_middle = self.changes[2].0 - self.changes[1].0 < SPAN_S;
            if replaces_middle {
                self.changes.pop_back();
            } else {
                self.changes.pop_front();
            }
        }
        self.changes.push_back((at, changes));
    }

    /// Takes the end of the log of the server that applies in a direction; nothing where it cannot be read.
    pub fn take_log(&mut self, direction: Direction, log: Option<String>) {
        self.logs[direction as usize] = log;
    }

    /// The end of that log, as it was read last.
    pub(super) fn log(&self, direction: Direction) -> Option<&str> {
        self.logs[direction as usize].as_deref()
    }

    /// The newest look.
    pub fn last(&self) -> Option<&Look> {
        self.looks.back()
    }

    /// Whether a slot's worker was the same at the last two looks: before 15 only that tells that it does not end and start again.
    pub fn has_steady_worker(&self, slot: &SlotStatus) -> bool {
        let worker = |look: &Look| slot.direction.ends(look).1.subscriptions.get(&slot.subscription)?.worker;
        let mut last = self.looks.iter().rev().map(worker);
        matches!((last.next(), last.next()), (Some(Some(now)), Some(Some(before))) if now == before)
    }

    /// The looks of the last minute, the newest last.
    pub(super) fn looks(&self) -> Vec<&Look> {
        self.looks.iter().collect()
    }

    /// The oldest look of the last minute and the newest one, where they are at least a second apart.
    pub(super) fn span(&self) -> Option<(&Look, &Look)> {
        let (first, last) = (self.looks.front()?, self.looks.back()?);
        (last.at()? - first.at()? >= 1.0).then_some((first, last))
    }

    /// The looks that states are judged by, the newest last.
    pub(super) fn judged(&self) -> Vec<&Look> {
        let now = self.last().and_then(Look::at);
        let is_recent = |look: &&Look| match (look.at(), now) {
            (Some(at), Some(now)) => now - at <= JUDGED_S,
            _ => true,
        };
        let recent = self.looks.iter().rev().take_while(is_recent).count();
        self.looks.iter().skip(self.looks.len() - recent.max(3).min(self.looks.len())).collect()
    }

    /// Rows changed in each table of the old server in the last minute or two.
    pub(super) fn changed(&self) -> Option<Changed<'_>> {
        let ((from, before), (until, after)) = (self.changes.front()?, self.changes.back()?);
        let seconds = until - from;
        (seconds >= 1.0).then_some(Changed { seconds, before, after })
    }
}

/// Counters of changed rows, and the seconds between them.
pub(super) struct Changed<'a> {
    pub seconds: f64,
    pub before: &'a Counters,
    pub after: &'a Counters,
}

/// Twenty thousand tables that are ready are in memory once.
fn share_tables(side: &mut SideLook, last: &SideLook) {
    if side.tables == last.tables {
        side.tables.clone_from(&last.tables);
    }
}
