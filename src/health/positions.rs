//! Positions of a server's log against its clock: how long ago the log passed a position, so that a lag in bytes becomes one in
//! seconds.
//!
//! What a monitor saw is exact to its interval. Before that, the times at which the kept WAL files were last written to say it to a
//! file's length. In between the log is taken to have grown evenly.

use std::collections::VecDeque;

use serde::Deserialize;

use super::look::{RowError, parse};

/// So many points are kept; the older half is thinned when there are more, so that a month takes no more memory than an hour.
const MOST_POINTS: usize = 8192;

/// Moments and the positions at them, both rising.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Positions {
    points: VecDeque<(f64, u64)>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum FileRow {
    File { end: u64, at: f64 },
}

impl Positions {
    /// Notes where the log stands now. A log that went back, as after a failover, begins anew.
    pub fn see(&mut self, at: f64, position: u64) {
        match self.points.back() {
            Some(&(last_at, last)) if position < last || at < last_at => self.points.clear(),
            // of a log that stands still only the first and the last moment are kept
            Some(&(_, last))
                if position == last && self.points.len() > 1 && self.points[self.points.len() - 2].1 == last =>
            {
                self.points.pop_back();
            }
            _ => {}
        }
        self.points.push_back((at, position));
        if self.points.len() > MOST_POINTS {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        let half = self.points.len() / 2;
        let mut number = 0;
        self.points.retain(|_| {
            number += 1;
            number == 1 || number > half || number % 2 == 0
        });
    }

    /// Takes a row of the WAL files, oldest first, before anything was seen.
    ///
    /// # Errors
    /// [`RowError`] when it is none.
    pub fn take_file(&mut self, row: &str) -> Result<(), RowError> {
        let FileRow::File { end, at } = parse(row)?;
        // a file that was restored or touched later than one after it says nothing
        while self.points.back().is_some_and(|&(last, _)| last > at) {
            self.points.pop_back();
        }
        self.points.push_back((at, end));
        if self.points.len() > MOST_POINTS {
            self.thin_out();
        }
        Ok(())
    }

    /// Seconds since the log passed a position, and whether that is known. 0 for one that the log has not passed. Before the first
    /// point it is reckoned from the mean growth since.
    pub fn lag(&self, now: f64, position: u64) -> Option<Lag> {
        let &(last_at, last) = self.points.back()?;
        if position >= last {
            return Some(Lag { seconds: 0.0, is_known: true });
        }
        let &(first_at, first) = self.points.front()?;
        if position < first {
            // the age of the oldest point, and as much more as the rest takes at the mean rate
            let rate = (last - first) as f64 / (last_at - first_at);
            let more = if rate > 0.0 { (first - position) as f64 / rate } else { 0.0 };
            return Some(Lag { seconds: (now - first_at).max(0.0) + more, is_known: false });
        }
        let after = self.points.partition_point(|&(_, at)| at <= position);
        let (&(before_at, before), &(after_at, next)) =
            (self.points.get(after.checked_sub(1)?)?, self.points.get(after)?);
        let share = (position - before) as f64 / (next - before) as f64;
        Some(Lag { seconds: (now - (before_at + share * (after_at - before_at))).max(0.0), is_known: true })
    }
}

/// How long ago the log passed a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lag {
    /// Seconds.
    pub seconds: f64,
    /// It was seen; otherwise reckoned from how fast the log grew since the first point.
    pub is_known: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lag(positions: &Positions, now: f64, position: u64) -> (f64, bool) {
        let lag = positions.lag(now, position).unwrap();
        (lag.seconds, lag.is_known)
    }

    #[test]
    fn a_lag_in_seconds_is_the_age_of_the_position() {
        let mut positions = Positions::default();
        assert_eq!(positions.lag(1.0, 5), None);
        // 100 bytes a second from 10 s to 20 s, then nothing until 30 s, then 50 bytes a second
        for (at, position) in [(10.0, 1000), (20.0, 2000), (25.0, 2000), (30.0, 2000), (40.0, 2500)] {
            positions.see(at, position);
        }
        assert_eq!(lag(&positions, 40.0, 2500), (0.0, true));
        assert_eq!(lag(&positions, 40.0, 9999), (0.0, true));
        assert_eq!(lag(&positions, 41.0, 2250), (6.0, true));
        // what follows the position was written after the log had stood still
        assert_eq!(lag(&positions, 40.0, 2000), (10.0, true));
        assert_eq!(lag(&positions, 40.0, 1500), (25.0, true));
        // before the first point: its age, and 500 bytes more at 50 bytes a second
        assert_eq!(lag(&positions, 40.0, 500), (40.0, false));
        // a failover
        positions.see(50.0, 10);
        assert_eq!(lag(&positions, 50.0, 10), (0.0, true));
    }

    #[test]
    fn files_say_what_was_before_the_first_look() {
        let mut positions = Positions::default();
        for (end, at) in [(100, 10.0), (200, 99.0), (300, 30.0)] {
            positions.take_file(&format!("{{\"file\": {{\"end\": {end}, \"at\": {at}}}}}")).unwrap();
        }
        positions.see(40.0, 350);
        // the file that was touched late says nothing: 200 bytes in 20 s
        assert_eq!(lag(&positions, 40.0, 200), (20.0, true));
        assert!(positions.take_file("{\"file\": {}}").is_err());
    }

    #[test]
    fn memory_is_bounded_and_old_answers_stay_near() {
        let mut positions = Positions::default();
        for second in 0..100_000_u32 {
            positions.see(f64::from(second), u64::from(second) * 10);
        }
        assert!(positions.points.len() <= MOST_POINTS);
        for position in [0, 5, 12_345, 999_000] {
            let (seconds, is_known) = lag(&positions, 99_999.0, position);
            assert!(is_known && (seconds - (99_999.0 - position as f64 / 10.0)).abs() < 1.0, "{position}: {seconds}");
        }
    }
}
