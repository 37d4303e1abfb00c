//! When tables are busy: shapes over the hours of the day and the days of the week.
//!
//! The hourly shares are the project's calibration `daily_shapes.json`: share of weekday activity per UTC hour, mean
//! 1, from commit times of public git histories since 2019; a stand-in for human write activity.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// Share of the day's activity per UTC hour (mean 1), and a weekend day against a weekday.
struct Calibration {
    hours: [f64; 24],
    weekend: f64,
}

const ONE_COUNTRY_EUROPE: Calibration = Calibration {
    hours: [
        0.0, 0.0, 0.0, 0.0, 0.0, 0.03, 0.22, 1.52, 2.77, 3.24, 2.48, 1.49, 2.30, 2.76, 2.82, 2.15, 1.12, 0.46, 0.16,
        0.16, 0.19, 0.06, 0.05, 0.01,
    ],
    weekend: 0.01,
};
const ONE_COUNTRY_AMERICA: Calibration = Calibration {
    hours: [
        0.37, 0.28, 0.21, 0.25, 0.20, 0.09, 0.06, 0.04, 0.03, 0.02, 0.03, 0.16, 0.28, 0.79, 2.00, 2.85, 2.68, 1.91,
        2.07, 2.54, 2.71, 2.28, 1.47, 0.68,
    ],
    weekend: 0.13,
};
const TWO_REGIONS: Calibration = Calibration {
    hours: [
        0.36, 0.39, 0.31, 0.34, 0.33, 0.38, 0.53, 0.83, 0.87, 1.21, 1.31, 1.60, 1.02, 1.25, 1.51, 1.67, 1.78, 1.94,
        1.88, 1.45, 1.11, 0.83, 0.60, 0.48,
    ],
    weekend: 0.25,
};
const EVENINGS: Calibration = Calibration {
    hours: [
        0.53, 0.47, 0.34, 0.33, 0.27, 0.73, 0.15, 0.39, 0.56, 0.88, 1.05, 1.46, 2.36, 1.16, 1.59, 1.80, 1.60, 2.02,
        1.87, 0.95, 0.50, 0.58, 0.59, 1.82,
    ],
    weekend: 0.48,
};
const WORLDWIDE: Calibration = Calibration {
    hours: [
        1.06, 1.07, 1.05, 0.96, 0.85, 0.84, 0.89, 0.99, 0.90, 0.92, 0.74, 0.66, 0.67, 0.79, 0.93, 1.23, 1.35, 1.26,
        1.24, 1.28, 1.18, 1.18, 1.02, 0.96,
    ],
    weekend: 0.40,
};

/// Machines write while people sleep: the least activity at any hour, against the mean.
const BACKGROUND: f64 = 0.05;

/// Activity of a batch table outside its window, against inside.
const BATCH_REST: f64 = 0.01;

/// When a table is busy.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Shape {
    /// People of one region or another; the number picks the calibration.
    People(u8),
    /// Always alike.
    Flat,
    /// Once a day, from an hour on, for some hours.
    Nightly { from_hour: f64, hours: f64 },
    /// Once a week, on Sunday.
    Weekly { from_hour: f64, hours: f64 },
}

impl Shape {
    /// Shape of a community: people of one part of the world.
    pub(super) fn of_community(rng: &mut ChaCha8Rng) -> Self {
        Shape::People(rng.random_range(0..5))
    }

    /// Shape of one table in a community: mostly its community's; some are flat (machines) and some are batches.
    pub(super) fn of_table(rng: &mut ChaCha8Rng, community: Shape) -> Self {
        let batch =
            |rng: &mut ChaCha8Rng| (rng.random_range(0.0..6.0_f64).floor(), rng.random_range(1.0..4.0_f64).floor());
        match rng.random_range(0..100) {
            0..78 => community,
            78..90 => Shape::Flat,
            90..98 => {
                let (from_hour, hours) = batch(rng);
                Shape::Nightly { from_hour, hours }
            }
            _ => {
                let (from_hour, hours) = batch(rng);
                Shape::Weekly { from_hour, hours }
            }
        }
    }

    /// Mean activity from `start_s` on for `length_s` seconds; time 0 is a Monday, 00:00 UTC. About 1 over a week for
    /// people and flat tables; the caller scales.
    pub(super) fn mean_activity(&self, start_s: f64, length_s: f64) -> f64 {
        let steps = (length_s / 3600.0).ceil().max(1.0);
        let step_h = length_s / 3600.0 / steps;
        let at = |step: f64| self.at_hour(start_s / 3600.0 + (step + 0.5) * step_h);
        (0..steps as u32).map(|step| at(f64::from(step))).sum::<f64>() / steps
    }

    /// Activity at an hour counted from Monday, 00:00 UTC.
    fn at_hour(&self, hour: f64) -> f64 {
        let of_day = hour.rem_euclid(24.0);
        let day = (hour / 24.0).floor().rem_euclid(7.0) as u32;
        let inside = |from: f64, hours: f64| if (from..from + hours).contains(&of_day) { 1.0 } else { BATCH_REST };
        match *self {
            Shape::Flat => 1.0,
            Shape::Nightly { from_hour, hours } => inside(from_hour, hours),
            Shape::Weekly { from_hour, hours } if day == 6 => inside(from_hour, hours),
            Shape::Weekly { .. } => BATCH_REST,
            Shape::People(kind) => {
                let shape = calibration(kind);
                let people = between_hours(&shape.hours, of_day) * if day >= 5 { shape.weekend } else { 1.0 };
                BACKGROUND + (1.0 - BACKGROUND) * people
            }
        }
    }
}

fn calibration(kind: u8) -> &'static Calibration {
    match kind {
        0 => &ONE_COUNTRY_EUROPE,
        1 => &ONE_COUNTRY_AMERICA,
        2 => &TWO_REGIONS,
        3 => &EVENINGS,
        _ => &WORLDWIDE,
    }
}

/// The value of an hour holds at its middle; in between it moves in a straight line.
fn between_hours(hours: &[f64; 24], of_day: f64) -> f64 {
    let position = (of_day - 0.5).rem_euclid(24.0);
    let (left, share) = (position.floor() as usize % 24, position.fract());
    hours[left] * (1.0 - share) + hours[(left + 1) % 24] * share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_mean_one() {
        for kind in 0..5 {
            let mean = calibration(kind).hours.iter().sum::<f64>() / 24.0;
            assert!((mean - 1.0).abs() < 0.01, "{kind}: {mean}");
        }
    }

    #[test]
    fn offices_sleep_at_night_and_on_weekends() {
        let office = Shape::People(0);
        let hour = |day: f64, hour: f64| office.mean_activity((day * 24.0 + hour) * 3600.0, 3600.0);
        assert!((hour(0.0, 9.0) - (0.05 + 0.95 * 3.24)).abs() < 1e-9);
        assert!((hour(2.0, 2.0) - 0.05).abs() < 1e-9);
        assert!(hour(5.0, 9.0) < 0.09);
    }

    #[test]
    fn batches_keep_their_window_whatever_the_bucket() {
        let nightly = Shape::Nightly { from_hour: 2.0, hours: 2.0 };
        assert_eq!(nightly.mean_activity(2.0 * 3600.0, 3600.0), 1.0);
        assert_eq!(nightly.mean_activity(4.0 * 3600.0, 600.0), BATCH_REST);
        let day = nightly.mean_activity(0.0, 86_400.0);
        assert!((day - (2.0 + 22.0 * BATCH_REST) / 24.0).abs() < 1e-9);
        let weekly = Shape::Weekly { from_hour: 2.0, hours: 2.0 };
        assert_eq!(weekly.mean_activity((6.0 * 24.0 + 2.0) * 3600.0, 3600.0), 1.0);
        assert_eq!(weekly.mean_activity((5.0 * 24.0 + 2.0) * 3600.0, 3600.0), BATCH_REST);
    }
}
