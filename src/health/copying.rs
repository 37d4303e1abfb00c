//! How far a slot's initial copy is. Sizes are those of the plan; what a copy that runs has read is the server's own count from 14
//! on, and the size of the copied table before.

use std::collections::BTreeMap;

use super::{
    judge::Watched,
    look::SideLook,
    status::{CopyStatus, PiecesStatus, TableCounts},
};
use crate::names::TableName;

/// How many tables of a slot are how far; absent when the role does not see it.
pub(super) fn count(watched: &Watched<'_>, to: &SideLook) -> Option<TableCounts> {
    let states = to.tables.as_ref()?.get(&watched.subscription);
    let mut counts = TableCounts::default();
    for name in watched.planned.tables.iter().flat_map(|table| watched.planned.received(table)) {
        match states.and_then(|states| states.get(&name)) {
            Some('r') => counts.ready += 1,
            Some('d' | 'f' | 's') => counts.copying += 1,
            _ => counts.waiting += 1,
        }
    }
    Some(counts)
}

/// Bytes that a slot's copy has done, and all of them.
fn done(watched: &Watched<'_>, to: &SideLook) -> Option<(u64, u64)> {
    let none = BTreeMap::new();
    let states = to.tables.as_ref()?.get(&watched.subscription).unwrap_or(&none);
    let (mut done, mut total) = (0, 0);
    for table in &watched.planned.tables {
        let received = watched.planned.received(table);
        let copied = |name: &TableName| match states.get(name) {
            Some('r' | 's' | 'f') => 1.0,
            Some('d') => {
                let bytes = to.copies.get(&(watched.subscription.clone(), name.clone())).copied().unwrap_or(0);
                let whole = (table.copy_bytes as f64 / received.len().max(1) as f64).max(1.0);
                (bytes as f64 / whole).min(1.0)
            }
            _ => 0.0,
        };
        let share: f64 = received.iter().map(copied).sum::<f64>() / received.len().max(1) as f64;
        done += (share * table.copy_bytes as f64).round() as u64;
        total += table.copy_bytes;
    }
    Some((done, total))
}

/// How far the copy by pieces of a prefix is; absent when there is none, or once it is done.
pub(super) fn pieces(prefix: &str, span: Option<(&SideLook, &SideLook)>, to: &SideLook) -> Option<PiecesStatus> {
    let row = to.pieces.get(prefix).filter(|row| row.done < row.total)?;
    let bytes_per_s = span.and_then(|(first, last)| {
        let seconds = last.server.as_ref()?.at - first.server.as_ref()?.at;
        let gained = row.done_bytes.checked_sub(first.pieces.get(prefix)?.done_bytes)?;
        (seconds >= 1.0 && gained > 0).then(|| gained as f64 / seconds)
    });
    Some(PiecesStatus {
        total: row.total,
        done: row.done,
        running: row.running,
        failed: row.failed,
        total_bytes: row.total_bytes,
        done_bytes: row.done_bytes,
        bytes_per_s,
        left_s: bytes_per_s.map(|rate| row.total_bytes.saturating_sub(row.done_bytes) as f64 / rate),
    })
}

/// How far the copy is, and when it will be done at the rate of the last minute; absent when there is none.
pub(super) fn progress(
    watched: &Watched<'_>,
    span: Option<(&SideLook, &SideLook)>,
    to: &SideLook,
) -> Option<CopyStatus> {
    let counts = count(watched, to)?;
    if counts.copying + counts.waiting == 0 {
        return None;
    }
    let (done_bytes, total_bytes) = done(watched, to)?;
    let rate = span.and_then(|(first, last)| {
        let seconds = last.server.as_ref()?.at - first.server.as_ref()?.at;
        let before = done(watched, first)?.0;
        (seconds >= 1.0 && done_bytes > before).then(|| (done_bytes - before) as f64 / seconds)
    });
    let left_s = rate.map(|rate| (total_bytes - done_bytes) as f64 / rate);
    Some(CopyStatus { done_bytes, total_bytes, left_s })
}
