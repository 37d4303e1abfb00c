//! From measured apply times to coefficients: the arithmetic of `calibrate`. No server here; `pg::calibrate` measures.
//!
//! Every step of a round applied a known number of rows, index entries, bytes and transactions in a measured time. The
//! cost model (docs/rules.md, "Loads") is linear in these, so its coefficients are the non-negative least-squares
//! solution over
//! the relative errors of all steps (Lawson and Hanson 1974; here by cyclic coordinate descent, which converges for a
//! convex quadratic over a box, Luo and Tseng 1992, doi:10.1007/BF00939948).

use serde::{Deserialize, Serialize};

use crate::cost::{CoefficientSets, Coefficients};

/// How far the live cost of a transaction lies above its cost in a backlog, in multiples of what a row change and its
/// transaction cost with the built-in coefficients: (29 - 6) / (1.5 + 3.4 + 6) µs. A worker that sleeps between
/// transactions pays for waking up, which no SQL can see (docs/apply-cost.md).
const WAKE_UP_MULTIPLE: f64 = 23.0 / 10.9;
/// Coordinate descent ends after so many turns; the instances here need fewer than a thousand.
const MOST_TURNS: usize = 20_000;

/// What one step of a round made the apply worker do. Counts and bytes.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Work {
    /// Row changes.
    pub rows: f64,
    /// Of them updates.
    pub updates: f64,
    /// Of them deletes.
    pub deletes: f64,
    /// Index entries made.
    pub index_entries: f64,
    /// Bytes of messages without TOAST.
    pub inline_bytes: f64,
    /// Bytes of TOAST.
    pub toast_bytes: f64,
    /// Transactions.
    pub transactions: f64,
    /// Rows read to find old rows without an index.
    pub scanned_rows: f64,
}

impl Work {
    fn features(&self) -> [f64; 8] {
        [
            self.rows,
            self.updates,
            self.deletes,
            self.index_entries,
            self.inline_bytes,
            self.toast_bytes,
            self.transactions,
            self.scanned_rows,
        ]
    }
}

/// One step of a round, the same in every round.
#[derive(Debug, Clone, PartialEq)]
pub struct CalibrationStep {
    /// What it does, in words.
    pub name: &'static str,
    /// What the apply worker has to do for it.
    pub work: Work,
}

/// Measured and fitted time of one step, for the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// What the step does, in words.
    pub name: String,
    /// Number of row changes in it.
    pub rows: f64,
    /// Time of a row change in the fastest round, µs.
    pub fastest_us_per_row: f64,
    /// Time of a row change, median over the rounds, µs.
    pub median_us_per_row: f64,
    /// Time of a row change in the slowest round, µs.
    pub slowest_us_per_row: f64,
    /// Time of a row change by the nominal coefficients, µs.
    pub fitted_us_per_row: f64,
}

/// Coefficients with what they rest on.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// Low, nominal, high.
    pub coefficients: CoefficientSets,
    /// Every step.
    pub steps: Vec<StepReport>,
}

/// Why there are no coefficients.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    /// No round was complete.
    #[error("no round was applied completely")]
    NoRound,
    /// A step that took no time at all: the clock cannot resolve it.
    #[error("step \"{0}\" took no measurable time")]
    NoTime(&'static str),
}

/// Fits the coefficients. `rounds` holds one list of seconds a round, one for each step.
///
/// `nominal` is fitted on the median of each step; `low` and `high` are it times the speed of the fastest and the slowest
/// round; `high` also charges each transaction a wake-up. What is not the subscriber's (sending, decoding, reading) keeps
/// the built-in values.
///
/// # Errors
/// [`FitError`] when there is nothing to fit.
pub fn fit(steps: &[CalibrationStep], rounds: &[Vec<f64>]) -> Result<Fit, FitError> {
    if rounds.is_empty() {
        return Err(FitError::NoRound);
    }
    let mut medians = Vec::with_capacity(steps.len());
    for (position, step) in steps.iter().enumerate() {
        let mut times: Vec<f64> = rounds.iter().map(|round| round[position]).collect();
        times.sort_by(f64::total_cmp);
        let median = (times[(times.len() - 1) / 2] + times[times.len() / 2]) / 2.0;
        if times[0] <= 0.0 || !median.is_finite() {
            return Err(FitError::NoTime(step.name));
        }
        medians.push(median);
    }
    let speeds: Vec<f64> = rounds
        .iter()
        .map(|round| {
            let logarithms = round.iter().zip(&medians).map(|(time, median)| (time / median).ln());
            (logarithms.sum::<f64>() / medians.len() as f64).exp()
        })
        .collect();
    let slowest = speeds.iter().copied().fold(1.0, f64::max);
    let fastest = speeds.iter().copied().fold(1.0, f64::min);
    let solution = solve(steps, &medians);
    let reports = steps.iter().zip(&medians).enumerate().map(|(position, (step, median))| {
        let per_row = 1e6 / step.work.rows.max(1.0);
        let times = rounds.iter().map(|round| round[position]);
        StepReport {
            name: step.name.to_owned(),
            rows: step.work.rows,
            fastest_us_per_row: rounded(times.clone().fold(f64::INFINITY, f64::min) * per_row),
            median_us_per_row: rounded(median * per_row),
            slowest_us_per_row: rounded(times.fold(0.0, f64::max) * per_row),
            fitted_us_per_row: rounded(predicted(&step.work, &solution) * per_row / 1e6),
        }
    });
    let steps = reports.collect();
    Ok(Fit { coefficients: sets(&solution, fastest, slowest), steps })
}

/// Microseconds of a step by these coefficients.
fn predicted(work: &Work, coefficients: &[f64; 8]) -> f64 {
    work.features().iter().zip(coefficients).map(|(feature, coefficient)| feature * coefficient).sum()
}

/// Non-negative least squares of the relative errors; microseconds.
fn solve(steps: &[CalibrationStep], medians: &[f64]) -> [f64; 8] {
    let rows: Vec<[f64; 8]> =
        steps.iter().zip(medians).map(|(step, median)| step.work.features().map(|x| x / (median * 1e6))).collect();
    let mut solution = [0.0; 8];
    let mut residuals: Vec<f64> = vec![1.0; rows.len()]; // target 1: each step's own time
    for _ in 0..MOST_TURNS {
        let mut moved = 0.0_f64;
        for column in 0..8 {
            let square: f64 = rows.iter().map(|row| row[column] * row[column]).sum();
            if square == 0.0 {
                continue;
            }
            let gradient: f64 = rows.iter().zip(&residuals).map(|(row, residual)| row[column] * residual).sum();
            let next = (solution[column] + gradient / square).max(0.0);
            let change: f64 = next - solution[column];
            if change != 0.0 {
                for (row, residual) in rows.iter().zip(&mut residuals) {
                    *residual -= row[column] * change;
                }
                moved = moved.max(change.abs() * square.sqrt());
                solution[column] = next;
            }
        }
        if moved < 1e-12 {
            break;
        }
    }
    solution
}

fn sets(solution: &[f64; 8], fastest: f64, slowest: f64) -> CoefficientSets {
    let [row, update, delete, entry, inline, toast, transaction, scanned] = *solution;
    let built_in = CoefficientSets::default().nominal;
    let scaled = |factor: f64| Coefficients {
        row_us: rounded(row * factor),
        update_us: rounded(update * factor),
        delete_us: rounded(delete * factor),
        index_entry_us: rounded(entry * factor),
        inline_byte_us: rounded(inline * factor),
        toast_byte_us: rounded(toast * factor),
        transaction_us: rounded(transaction * factor),
        scanned_row_us: rounded(scanned * factor),
        ..built_in.clone()
    };
    let mut high = scaled(slowest);
    high.transaction_us = rounded(high.transaction_us + WAKE_UP_MULTIPLE * (row + update + transaction) * slowest);
    CoefficientSets { low: scaled(fastest), nominal: scaled(1.0), high }
}

/// Four significant digits: more than such a measurement carries.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps() -> Vec<CalibrationStep> {
        let work = |rows, updates, index_entries, transactions| Work {
            rows,
            updates,
            index_entries,
            transactions,
            inline_bytes: rows * 50.0,
            ..Work::default()
        };
        vec![
            CalibrationStep { name: "insert", work: work(1000.0, 0.0, 1000.0, 1.0) },
            CalibrationStep { name: "insert, 4 indexes", work: work(1000.0, 0.0, 4000.0, 1.0) },
            CalibrationStep { name: "update", work: work(1000.0, 1000.0, 0.0, 1.0) },
            CalibrationStep { name: "short", work: work(1000.0, 0.0, 1000.0, 1000.0) },
            CalibrationStep { name: "wide", work: Work { inline_bytes: 1e6, ..work(1000.0, 0.0, 0.0, 1.0) } },
        ]
    }

    /// Seconds by known coefficients, times a factor.
    fn times(factor: f64) -> Vec<f64> {
        let truth = [2.0, 4.0, 0.0, 1.0, 0.005, 0.0, 7.0, 0.0];
        steps().iter().map(|step| predicted(&step.work, &truth) * factor / 1e6).collect()
    }

    #[test]
    fn known_coefficients_are_found_again() {
        let fit = fit(&steps(), &[times(1.0), times(0.9), times(1.2)]).unwrap();
        let nominal = &fit.coefficients.nominal;
        for (found, truth) in [
            (nominal.row_us, 2.0),
            (nominal.update_us, 4.0),
            (nominal.index_entry_us, 1.0),
            (nominal.inline_byte_us, 0.005),
            (nominal.transaction_us, 7.0),
        ] {
            assert!((found - truth).abs() <= 0.002 * truth, "{found} for {truth}");
        }
        assert_eq!(nominal.delete_us, 0.0);
        let (low, high) = (&fit.coefficients.low, &fit.coefficients.high);
        assert!((low.row_us - 1.8).abs() < 0.01 && (high.row_us - 2.4).abs() < 0.01);
        // 7 * 1.2 and a wake-up: 23 / 10.9 of (2 + 4 + 7) * 1.2
        assert!((high.transaction_us - (8.4 + 2.110 * 15.6)).abs() < 0.1, "{}", high.transaction_us);
        assert!((fit.steps[0].median_us_per_row - fit.steps[0].fitted_us_per_row).abs() < 0.01);
        assert!(crate::cost::Calibration::new(fit.coefficients).check().is_ok());
    }

    #[test]
    fn nothing_measured_is_an_error() {
        assert_eq!(fit(&steps(), &[]), Err(FitError::NoRound));
        let mut none = times(1.0);
        none[3] = 0.0;
        assert_eq!(fit(&steps(), &[none]), Err(FitError::NoTime("short")));
    }

    #[test]
    fn no_coefficient_is_negative() {
        // An update that is faster than an insert would ask for a negative extra.
        let mut times = times(1.0);
        times[2] = times[0] / 3.0;
        let fit = fit(&steps(), &[times]).unwrap();
        assert_eq!(fit.coefficients.nominal.update_us, 0.0);
    }
}
