//! Quantities as people write them: bytes, rates, durations. No domain words.
//!
//! In our files and options GB is 10⁹ bytes (docs/rules.md, "Files"); binary units are spelled out (`GiB`).

use std::fmt;

/// Why a quantity could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuantityError {
    /// No number at the start.
    #[error("invalid number in \"{0}\"")]
    Number(String),
    /// The unit is not one of ours.
    #[error("invalid unit \"{unit}\" in \"{text}\"")]
    Unit {
        /// What was written.
        text: String,
        /// The part that is not a unit.
        unit: String,
    },
    /// The quantity is negative, not finite, or does not fit.
    #[error("value out of range in \"{0}\"")]
    Range(String),
}

const BYTE_UNITS: [(&str, f64); 11] = [
    ("", 1.0),
    ("B", 1.0),
    ("kB", 1e3),
    ("KB", 1e3),
    ("MB", 1e6),
    ("GB", 1e9),
    ("TB", 1e12),
    ("KiB", 1024.0),
    ("MiB", 1_048_576.0),
    ("GiB", 1_073_741_824.0),
    ("TiB", 1_099_511_627_776.0),
];

/// Reads a byte count such as `80MB`, `1.5 GB`, `512MiB` or `1000`.
///
/// # Errors
/// [`QuantityError`] when there is no number, the unit is not known, or the value is negative or above 2^63.
pub fn parse_bytes(text: &str) -> Result<u64, QuantityError> {
    let trimmed = text.trim();
    let split = trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(trimmed.len());
    let (number, unit) = trimmed.split_at(split);
    let value: f64 = number.parse().map_err(|_| QuantityError::Number(text.to_owned()))?;
    let unit = unit.trim();
    let factor = BYTE_UNITS
        .iter()
        .find(|(name, _)| *name == unit)
        .map(|(_, factor)| *factor)
        .ok_or_else(|| QuantityError::Unit { text: text.to_owned(), unit: unit.to_owned() })?;
    let bytes = value * factor;
    if !(0.0..=9.2e18).contains(&bytes) {
        return Err(QuantityError::Range(text.to_owned()));
    }
    Ok(bytes.round() as u64)
}

/// Reads bytes per second: [`parse_bytes`] with an optional `/s`.
///
/// # Errors
/// As [`parse_bytes`].
pub fn parse_bytes_per_s(text: &str) -> Result<u64, QuantityError> {
    let trimmed = text.trim();
    parse_bytes(trimmed.strip_suffix("/s").unwrap_or(trimmed))
}

/// Reads a duration in seconds: `90`, `30s`, `5min`, `24h`, `7d`, `1h 30m`, `500ms`.
///
/// # Errors
/// [`QuantityError`] when it is not a duration, or it is negative.
pub fn parse_seconds(text: &str) -> Result<f64, QuantityError> {
    let trimmed = text.trim();
    if let Ok(seconds) = trimmed.parse::<f64>() {
        return if seconds.is_finite() && seconds >= 0.0 {
            Ok(seconds)
        } else {
            Err(QuantityError::Range(text.to_owned()))
        };
    }
    let span: jiff::Span = trimmed.parse().map_err(|_| QuantityError::Number(text.to_owned()))?;
    let seconds = span
        .total((jiff::Unit::Second, jiff::SpanRelativeTo::days_are_24_hours()))
        .map_err(|_| QuantityError::Range(text.to_owned()))?;
    if seconds < 0.0 { Err(QuantityError::Range(text.to_owned())) } else { Ok(seconds) }
}

/// Shows bytes with three significant digits in decimal units, as in `1.25 GB`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bytes(pub f64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut value = self.0;
        for unit in ["B", "kB", "MB", "GB", "TB"] {
            if value.abs() < 999.5 || unit == "TB" {
                return write_three_digits(f, value, unit);
            }
            value /= 1000.0;
        }
        Ok(())
    }
}

fn write_three_digits(f: &mut fmt::Formatter<'_>, value: f64, unit: &str) -> fmt::Result {
    let digits = if unit == "B" || value.abs() >= 99.95 {
        0
    } else if value.abs() >= 9.995 {
        1
    } else {
        2
    };
    write!(f, "{value:.digits$} {unit}")
}

/// Shows seconds as people read them: `850 ms`, `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Seconds(pub f64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = self.0;
        if s < 0.9995 {
            return write!(f, "{:.0} ms", s * 1000.0);
        }
        if s < 10.0 {
            return write!(f, "{s:.1} s");
        }
        let whole = s.round() as u64;
        let (big, big_unit, small, small_unit) = match whole {
            0..60 => return write!(f, "{whole} s"),
            60..3600 => (whole / 60, "min", whole % 60, "s"),
            3600..86_400 => (whole / 3600, "h", whole % 3600 / 60, "min"),
            _ => (whole / 86_400, "d", whole % 86_400 / 3600, "h"),
        };
        if small == 0 { write!(f, "{big} {big_unit}") } else { write!(f, "{big} {big_unit} {small} {small_unit}") }
    }
}

/// A fraction in per cent; small ones keep two significant digits.
pub fn per_cent(fraction: f64) -> String {
    let value = fraction * 100.0;
    match value {
        0.0 => "0 %".to_owned(),
        ..0.001 => "below 0.001 %".to_owned(),
        ..0.1 => format!("{value:.3} %"),
        ..10.0 => format!("{value:.2} %"),
        _ => format!("{value:.0} %"),
    }
}

/// `1 table`, `2 tables`.
pub fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_decimal_unless_spelled_binary() {
        assert_eq!(parse_bytes("80MB"), Ok(80_000_000));
        assert_eq!(parse_bytes("1.5 GB"), Ok(1_500_000_000));
        assert_eq!(parse_bytes("1MiB"), Ok(1_048_576));
        assert_eq!(parse_bytes_per_s("80MB/s"), Ok(80_000_000));
        assert!(matches!(parse_bytes("5 mb"), Err(QuantityError::Unit { .. })));
        assert!(matches!(parse_bytes("MB"), Err(QuantityError::Number(_))));
        assert!(matches!(parse_bytes("-1"), Err(QuantityError::Number(_))));
    }

    #[test]
    fn durations_read_the_ways_people_write_them() {
        assert_eq!(parse_seconds("90"), Ok(90.0));
        assert_eq!(parse_seconds("24h"), Ok(86_400.0));
        assert_eq!(parse_seconds("7d"), Ok(604_800.0));
        assert_eq!(parse_seconds("1h 30m"), Ok(5400.0));
        assert_eq!(parse_seconds("500ms"), Ok(0.5));
        assert!(parse_seconds("-3s").is_err());
        assert!(parse_seconds("soon").is_err());
    }

    #[test]
    fn quantities_are_shown_short() {
        assert_eq!(Bytes(0.0).to_string(), "0 B");
        assert_eq!(Bytes(999.6).to_string(), "1.00 kB");
        assert_eq!(Bytes(1.25e9).to_string(), "1.25 GB");
        assert_eq!(Bytes(39e12).to_string(), "39.0 TB");
        assert_eq!(Seconds(0.25).to_string(), "250 ms");
        assert_eq!(Seconds(200.0).to_string(), "3 min 20 s");
        assert_eq!(Seconds(7500.0).to_string(), "2 h 5 min");
    }

    #[test]
    fn small_fractions_stay_visible() {
        let shown: Vec<String> = [0.0, 0.000_004, 0.000_5, 0.0312, 0.5].map(per_cent).into();
        assert_eq!(shown, ["0 %", "below 0.001 %", "0.050 %", "3.12 %", "50 %"]);
        assert_eq!((counted(1, "table"), counted(0, "table")), ("1 table".into(), "0 tables".into()));
    }
}
