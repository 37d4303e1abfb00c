//! The server's clock against this machine's: a clock that jumps would put years between two readings, and everything
//! that follows into buckets of another age.
#![expect(clippy::disallowed_methods, reason = "this is the edge: the server's clock is compared with this machine's")]

use std::time::{Duration, Instant, SystemTime};

use jiff::{SignedDuration, Timestamp};

/// Up to here the two clocks may disagree about the time between two readings: a clock that is set right, a restart.
const TOLERANCE: SignedDuration = SignedDuration::from_hours(1);

/// This machine's clocks at one instant. One stands still while the machine sleeps, the other may be set.
#[derive(Debug, Clone, Copy)]
pub struct LocalTime {
    steady: Instant,
    wall: SystemTime,
}

impl LocalTime {
    /// Now.
    pub fn now() -> Self {
        LocalTime { steady: Instant::now(), wall: SystemTime::now() }
    }

    /// The least and the most that passed since.
    fn since(self, before: LocalTime) -> (Duration, Duration) {
        let steady = self.steady.saturating_duration_since(before.steady);
        let wall = self.wall.duration_since(before.wall).unwrap_or_default();
        (steady.min(wall), steady.max(wall))
    }
}

/// What a reading's time is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// It follows the last one; this is its time, without what the clock jumped since the run began.
    Follows(Timestamp),
    /// The clock jumped by so much: the reading's time means nothing.
    Jumped(SignedDuration),
}

/// Keeps the times of a run on one line.
#[derive(Debug)]
pub struct ServerClock {
    last: (Timestamp, LocalTime),
    /// What is added to the server's clock since it jumped.
    offset: SignedDuration,
    /// A reading that did not follow: the next may follow it.
    astray: Option<(Timestamp, LocalTime)>,
}

impl ServerClock {
    /// Begins with a run's first reading.
    pub fn new(at: Timestamp, now: LocalTime) -> Self {
        ServerClock { last: (at, now), offset: SignedDuration::ZERO, astray: None }
    }

    /// Takes the next reading.
    pub fn take(&mut self, at: Timestamp, now: LocalTime) -> Reading {
        let shifted = at.saturating_add(self.offset).unwrap_or(at);
        if let Some((then, before)) = self.astray.take()
            && follows(then, at, now.since(before))
            && !follows(self.last.0, shifted, now.since(self.last.1))
        {
            // It jumped for good: its new time runs on from the old one.
            let passed = SignedDuration::try_from(now.since(self.last.1).0).unwrap_or(SignedDuration::MAX);
            let expected = self.last.0.saturating_add(passed).unwrap_or(self.last.0);
            self.offset = expected.duration_since(at);
            self.last = (expected, now);
            return Reading::Follows(expected);
        }
        if follows(self.last.0, shifted, now.since(self.last.1)) {
            self.last = (shifted, now);
            return Reading::Follows(shifted);
        }
        self.astray = Some((at, now));
        Reading::Jumped(shifted.duration_since(self.last.0))
    }
}

fn follows(before: Timestamp, after: Timestamp, (least, most): (Duration, Duration)) -> bool {
    let step = after.duration_since(before);
    let signed = |duration| SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX);
    step >= signed(least).saturating_sub(TOLERANCE) && step <= signed(most).saturating_add(TOLERANCE)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Readings, each with the seconds since the first by the server's clock and by this machine's.
    fn taken(readings: &[(i64, u64)]) -> Vec<Option<i64>> {
        let (start, here) = (Timestamp::from_second(1_800_000_000).unwrap(), LocalTime::now());
        let mut clock = ServerClock::new(start, here);
        let one = |(server, local): &(i64, u64)| {
            let passed = Duration::from_secs(*local);
            let now = LocalTime { steady: here.steady + passed, wall: here.wall + passed };
            match clock.take(start + SignedDuration::from_secs(*server), now) {
                Reading::Follows(at) => Some(at.duration_since(start).as_secs()),
                Reading::Jumped(_) => None,
            }
        };
        readings.iter().map(one).collect()
    }

    const YEAR: i64 = 365 * 86_400;

    #[test]
    fn a_clock_that_is_right_or_a_little_off_is_followed() {
        assert_eq!(taken(&[(10, 10), (1500, 20), (30, 30)]), [Some(10), Some(1500), Some(30)]);
        // nobody asked for two days
        assert_eq!(taken(&[(10, 10), (172_810, 172_810)]), [Some(10), Some(172_810)]);
    }

    #[test]
    fn one_answer_of_another_age_is_left_out() {
        assert_eq!(taken(&[(10, 10), (30 * YEAR, 20), (30, 30)]), [Some(10), None, Some(30)]);
        assert_eq!(taken(&[(10, 10), (-30 * YEAR, 20), (30, 30)]), [Some(10), None, Some(30)]);
        assert_eq!(taken(&[(9 * YEAR, 10), (99 * YEAR, 20), (3 * YEAR, 30), (40, 40)]), [None, None, None, Some(40)]);
    }

    #[test]
    fn a_clock_that_jumped_for_good_runs_on_from_where_it_was() {
        let jumped = [(10, 10), (9 * YEAR, 20), (9 * YEAR + 10, 30), (9 * YEAR + 20, 40)];
        assert_eq!(taken(&jumped), [Some(10), None, Some(30), Some(40)]);
        // and back again
        let back = [(9 * YEAR, 10), (9 * YEAR + 10, 20), (30, 30), (40, 40)];
        assert_eq!(taken(&back), [None, Some(20), None, Some(40)]);
    }

    #[test]
    fn this_machine_may_sleep_or_be_set() {
        let (start, here) = (Timestamp::from_second(1_800_000_000).unwrap(), LocalTime::now());
        let slept = LocalTime { steady: here.steady, wall: here.wall + Duration::from_secs(86_400) };
        let mut clock = ServerClock::new(start, here);
        assert!(matches!(clock.take(start + SignedDuration::from_hours(24), slept), Reading::Follows(_)));
        let set_back =
            LocalTime { steady: here.steady + Duration::from_secs(10), wall: here.wall - Duration::from_secs(86_400) };
        let mut clock = ServerClock::new(start, here);
        assert!(matches!(clock.take(start + SignedDuration::from_secs(10), set_back), Reading::Follows(_)));
    }
}
