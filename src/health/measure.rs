//! Rates between two looks: how fast a log grows, how fast a slot drains, when it will be caught up or at its limit.

use super::look::{Look, SideLook};

/// A server's log and one of its slots between two looks, bytes per second. Absent: not known, as after a restart.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Rates {
    /// The log grows.
    pub wal: Option<f64>,
    /// The slot confirms.
    pub drain: Option<f64>,
    /// What the slot retains grows, or shrinks.
    pub retained: Option<f64>,
}

/// Seconds between two looks at a server; absent across a restart or a failover.
fn seconds(first: &SideLook, last: &SideLook) -> Option<f64> {
    let (from, to) = (first.server.as_ref()?, last.server.as_ref()?);
    let is_same = (from.started - to.started).abs() < 1.0 && from.position? <= to.position?;
    let seconds = to.at - from.at;
    (is_same && seconds >= 1.0).then_some(seconds)
}

/// How fast a server's log grows, bytes per second.
pub(super) fn wal_rate(first: &SideLook, last: &SideLook) -> Option<f64> {
    let seconds = seconds(first, last)?;
    let position = |side: &SideLook| side.server.as_ref()?.position;
    Some(position(last)?.saturating_sub(position(first)?) as f64 / seconds)
}

impl Rates {
    /// Of one slot.
    pub fn of(span: Option<(&SideLook, &SideLook)>, slot: &str) -> Self {
        let Some((first, last)) = span else { return Rates::default() };
        let Some(seconds) = seconds(first, last) else { return Rates::default() };
        let rows = first.slots.get(slot).zip(last.slots.get(slot));
        let drain = rows.and_then(|(from, to)| Some(to.confirmed?.checked_sub(from.confirmed?)? as f64 / seconds));
        let retained = rows.and_then(|(from, to)| Some((to.retained_bytes? - from.retained_bytes?) as f64 / seconds));
        Rates { wal: wal_rate(first, last), drain, retained }
    }

    /// Seconds until the slot is caught up; absent when it falls behind.
    pub fn caught_up_in(self, lag_bytes: f64) -> Option<f64> {
        let gain = self.drain? - self.wal?;
        (gain > 0.0).then(|| lag_bytes / gain)
    }

    /// Seconds until so many more bytes are retained; absent when nothing more is.
    pub fn full_in(self, left_bytes: f64) -> Option<f64> {
        let growth = self.retained?;
        (growth > 0.0).then(|| left_bytes.max(0.0) / growth)
    }
}

/// Most that any slot of a server retains, bytes, and how fast that grows.
pub(super) fn retained(side: &SideLook) -> Option<u64> {
    side.slots.values().filter_map(|slot| u64::try_from(slot.retained_bytes?).ok()).max()
}

/// The span of one server out of that of both.
pub(super) fn of_side<'a>(
    span: Option<(&'a Look, &'a Look)>,
    side: impl Fn(&'a Look) -> &'a SideLook,
) -> Option<(&'a SideLook, &'a SideLook)> {
    span.map(|(first, last)| (side(first), side(last)))
}
