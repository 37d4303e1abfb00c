//! How far each slot is behind, several times a second.
//!
//! What a slot has delivered is the later of two positions, which are both safe to believe: what the subscription's
//! replication origin has committed (the subscriber says it at once), and what the slot's owner has confirmed (moves on
//! without changes, but comes with the worker's feedback, which an overloaded worker sends late).

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use pgslotplan::lsn::Lsn;
use tokio_postgres::{Client, NoTls};

use super::super::output::Failure;

/// Time between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// One look: seconds since the start, the publisher's position, and each slot's.
#[derive(Debug, Clone, PartialEq)]
pub struct Look {
    /// Seconds since the monitor began.
    pub at_s: f64,
    /// The publisher's write position.
    pub current: Lsn,
    /// What each slot has delivered.
    pub delivered: BTreeMap<String, Lsn>,
}

/// All looks of one burst.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// In order of time.
    pub looks: Vec<Look>,
}

/// The worst of one slot in a trace.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct SlotLag {
    /// Its name.
    pub slot: String,
    /// Most WAL not yet delivered, bytes.
    pub peak_bytes: u64,
    /// Longest time that delivered data was behind, seconds; one look (0.25 s) less than the truth at most.
    pub peak_s: f64,
    /// From the end of the burst until it was caught up, seconds.
    pub drain_s: f64,
}

impl Trace {
    /// Seconds that a slot was behind at a look: since the first look whose position it has not reached.
    fn behind_s(&self, position: usize, slot: &str) -> f64 {
        let look = &self.looks[position];
        let Some(&delivered) = look.delivered.get(slot) else { return 0.0 };
        let waiting = self.looks[..=position].iter().find(|earlier| earlier.current > delivered);
        waiting.map_or(0.0, |since| look.at_s - since.at_s)
    }

    /// Whether each slot is within `limit_s` of the last look.
    pub fn is_caught_up(&self, limit_s: f64) -> bool {
        let Some(last) = self.looks.len().checked_sub(1) else { return false };
        self.looks[last].delivered.keys().all(|slot| self.behind_s(last, slot) <= limit_s)
    }

    /// The worst of each slot, in the slots' order.
    pub fn worst(&self, burst_end_s: f64, caught_up_s: f64) -> Vec<SlotLag> {
        let slots: std::collections::BTreeSet<&String> =
            self.looks.iter().flat_map(|look| look.delivered.keys()).collect();
        slots
            .into_iter()
            .map(|slot| {
                let behind: Vec<f64> = (0..self.looks.len()).map(|position| self.behind_s(position, slot)).collect();
                let bytes = self.looks.iter().filter_map(|look| Some((look.current, *look.delivered.get(slot)?)));
                let late = self.looks.iter().zip(&behind).filter(|(_, behind)| **behind > caught_up_s);
                SlotLag {
                    slot: slot.clone(),
                    peak_bytes: bytes
                        .map(|(current, delivered)| current.0.saturating_sub(delivered.0))
                        .max()
                        .unwrap_or(0),
                    peak_s: behind.iter().copied().fold(0.0, f64::max),
                    drain_s: late.map(|(look, _)| (look.at_s - burst_end_s).max(0.0)).fold(0.0, f64::max),
                }
            })
            .collect()
    }
}

/// A thread that looks, until [`Monitor::stop`].
pub struct Monitor {
    stop: Arc<AtomicBool>,
    trace: Arc<Mutex<Trace>>,
    thread: Option<JoinHandle<Result<(), tokio_postgres::Error>>>,
    begun: Instant,
}

impl Monitor {
    /// Connects to both sides and begins.
    pub fn start(publisher: &str, subscriber: &str) -> Self {
        let (stop, trace) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Trace::default())));
        let begun = now();
        let thread = {
            let (stop, trace) = (Arc::clone(&stop), Arc::clone(&trace));
            let (publisher, subscriber) = (publisher.to_owned(), subscriber.to_owned());
            std::thread::spawn(move || look_until_stopped(&publisher, &subscriber, begun, &stop, &trace))
        };
        Monitor { stop, trace, thread: Some(thread), begun }
    }

    /// Seconds since it began.
    pub fn elapsed_s(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    /// What was seen so far.
    pub fn trace(&self) -> Trace {
        self.trace.lock().map(|trace| trace.clone()).unwrap_or_default()
    }

    /// The whole trace.
    ///
    /// # Errors
    /// When a server refused to be asked.
    pub fn stop(mut self) -> Result<Trace, Failure> {
        self.stop.store(true, Ordering::Relaxed);
        match self.thread.take().map(JoinHandle::join) {
            Some(Ok(Err(error))) => Err(Failure::new("could not measure the lag").source(error)),
            Some(Err(_)) => Err(Failure::new("the measuring of the lag ended early")),
            _ => Ok(self.trace()),
        }
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.thread.take().map(JoinHandle::join));
    }
}

fn look_until_stopped(
    publisher: &str,
    subscriber: &str,
    begun: Instant,
    stop: &AtomicBool,
    trace: &Mutex<Trace>,
) -> Result<(), tokio_postgres::Error> {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Ok(()) };
    runtime.block_on(async {
        let (publisher, connection) = tokio_postgres::connect(publisher, NoTls).await?;
        tokio::spawn(connection);
        let (subscriber, connection) = tokio_postgres::connect(subscriber, NoTls).await?;
        tokio::spawn(connection);
        let mut ticks = tokio::time::interval(EVERY);
        while !stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            let look = look(&publisher, &subscriber, begun).await?;
            if let Ok(mut trace) = trace.lock() {
                trace.looks.push(look);
            }
        }
        Ok(())
    })
}

/// The publisher is asked first, so that a lag is never made by the time between both questions alone.
async fn look(publisher: &Client, subscriber: &Client, begun: Instant) -> Result<Look, tokio_postgres::Error> {
    let at_s = begun.elapsed().as_secs_f64();
    let current = publisher.query_one("SELECT pg_catalog.pg_current_wal_lsn()::text", &[]).await?;
    let origins = "SELECT s.subslotname::text, o.remote_lsn::text FROM pg_catalog.pg_subscription AS s
        JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid AND d.datname = pg_catalog.current_database()
        JOIN pg_catalog.pg_replication_origin_status AS o ON o.external_id = 'pg_' || s.oid
        WHERE s.subslotname IS NOT NULL";
    let slots = "SELECT slot_name::text, confirmed_flush_lsn::text FROM pg_catalog.pg_replication_slots
        WHERE slot_type = 'logical' AND NOT temporary AND database = pg_catalog.current_database()
          AND slot_name !~ '_sync_[0-9]+'";
    let mut delivered: BTreeMap<String, Lsn> = BTreeMap::new();
    let mut rows = publisher.query(slots, &[]).await?;
    rows.extend(subscriber.query(origins, &[]).await?);
    for row in rows {
        let slot: String = row.get(0);
        let lsn = row.get::<_, Option<&str>>(1).map_or(Lsn(0), lsn);
        let known = delivered.entry(slot).or_insert(lsn);
        *known = (*known).max(lsn);
    }
    Ok(Look { at_s, current: lsn(current.get(0)), delivered })
}

/// The server's own text; anything else counts as the beginning.
fn lsn(text: &str) -> Lsn {
    text.parse().unwrap_or(Lsn(0))
}

#[expect(clippy::disallowed_methods, reason = "lag is time")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(positions: &[(f64, u64, u64)]) -> Trace {
        let look = |&(at_s, current, delivered): &(f64, u64, u64)| Look {
            at_s,
            current: Lsn(current),
            delivered: BTreeMap::from([("a".to_owned(), Lsn(delivered))]),
        };
        Trace { looks: positions.iter().map(look).collect() }
    }

    #[test]
    fn lag_by_hand() {
        let trace = trace(&[(0.0, 100, 100), (1.0, 200, 100), (2.0, 300, 150), (3.0, 300, 250), (4.0, 300, 300)]);
        let worst = trace.worst(2.0, 0.5);
        assert_eq!(worst, vec![SlotLag { slot: "a".into(), peak_bytes: 150, peak_s: 1.0, drain_s: 1.0 }]);
        assert!(trace.is_caught_up(0.0));
        assert!(!Trace::default().is_caught_up(0.0));
    }
}
