//! What differs more than a window differs in itself.
//!
//! A figure has one value for each interval. Between two windows it differs when the median of one lies outside of all values
//! of the other, both ways, and by more than the factor that matters. Several windows from before (the same hour of other
//! days) are one set of values: what differs between them is noise, too. The median test (Mood 1954,
//! doi:10.1214/aoms/1177728716) asks the same with a probability; here the whole range counts, since a false alarm on the
//! night of an upgrade costs more than a slow statement that the next window shows.

/// The values of a window, in order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Spread {
    sorted: Vec<f64>,
}

/// How a figure changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It rose.
    Up,
    /// It fell.
    Down,
    /// Within the spread, or by less than matters.
    Same,
    /// There is nothing to compare.
    Unknown,
}

impl Spread {
    /// Of values; those that are not numbers are left out.
    pub fn new(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().filter(|value| value.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        Spread { sorted }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// The middle; zero when there is none.
    pub fn median(&self) -> f64 {
        let count = self.sorted.len();
        if count == 0 { 0.0 } else { (self.sorted[(count - 1) / 2] + self.sorted[count / 2]) / 2.0 }
    }

    /// The least; zero when there is none.
    pub fn least(&self) -> f64 {
        self.sorted.first().copied().unwrap_or(0.0)
    }

    /// The most; zero when there is none.
    pub fn most(&self) -> f64 {
        self.sorted.last().copied().unwrap_or(0.0)
    }
}

/// How `after` differs from `before`: by at least `factor`, at least `floor`, and beyond both spreads.
pub fn change(before: &Spread, after: &Spread, factor: f64, floor: f64) -> Change {
    if before.is_empty() || after.is_empty() {
        return Change::Unknown;
    }
    let (old, new) = (before.median(), after.median());
    let differs = |less: f64, more: f64| more - less >= floor && more >= less * factor;
    if new > before.most() && old < after.least() && differs(old, new) {
        Change::Up
    } else if new < before.least() && old > after.most() && differs(new, old) {
        Change::Down
    } else {
        Change::Same
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(values: &[f64]) -> Spread {
        Spread::new(values.iter().copied())
    }

    #[test]
    fn what_lies_within_the_spread_is_no_change() {
        let before = of(&[1.0, 2.0, 9.0]);
        assert_eq!(change(&before, &of(&[8.0, 8.5, 9.0]), 1.5, 0.0), Change::Same);
        assert_eq!(change(&before, &of(&[10.0, 12.0, 14.0]), 1.5, 0.0), Change::Up);
        assert_eq!(change(&before, &of(&[0.1, 0.2, 0.3]), 1.5, 0.0), Change::Down);
        // one interval as before is enough to doubt
        assert_eq!(change(&before, &of(&[2.0, 12.0, 14.0]), 1.5, 0.0), Change::Same);
        assert_eq!(change(&of(&[2.0]), &of(&[2.5]), 1.5, 0.0), Change::Same);
        assert_eq!(change(&of(&[2.0]), &of(&[4.0]), 1.5, 3.0), Change::Same);
        assert_eq!(change(&of(&[]), &of(&[4.0]), 1.5, 3.0), Change::Unknown);
        assert_eq!(change(&of(&[0.0]), &of(&[4.0]), 1.5, 3.0), Change::Up);
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(of(&[4.0, 1.0, f64::NAN]).median(), 2.5);
        assert_eq!((of(&[]).median(), of(&[3.0, 1.0]).least(), of(&[3.0, 1.0]).most()), (0.0, 1.0, 3.0));
    }
}
