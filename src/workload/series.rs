//! A load over the buckets: one number each, or one constant. Not observed is NaN inside, `null` in the file.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de, ser::SerializeSeq};
use std::fmt;

/// A value per bucket, or one value for all.
#[derive(Debug, Clone)]
pub enum Series {
    /// The same in every bucket, observed in all.
    Constant(f64),
    /// One value a bucket; NaN where nothing was observed.
    Buckets(Box<[f64]>),
}

impl Default for Series {
    fn default() -> Self {
        Series::Constant(0.0)
    }
}

impl PartialEq for Series {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Series::Constant(a), Series::Constant(b)) => a == b,
            (Series::Buckets(a), Series::Buckets(b)) => {
                a.len() == b.len() && a.iter().zip(b).all(|(x, y)| x == y || (x.is_nan() && y.is_nan()))
            }
            _ => false,
        }
    }
}

impl Series {
    /// The value in a bucket; `None` where it was not observed or the bucket does not exist.
    pub fn at(&self, bucket: usize) -> Option<f64> {
        match self {
            Series::Constant(value) => Some(*value),
            Series::Buckets(values) => values.get(bucket).copied().filter(|value| !value.is_nan()),
        }
    }

    /// The value in a bucket, 0 where it was not observed. For sums that skip unobserved buckets anyway.
    pub fn or_zero(&self, bucket: usize) -> f64 {
        self.at(bucket).unwrap_or(0.0)
    }

    /// Largest observed value; 0 when there is none.
    pub fn max(&self) -> f64 {
        match self {
            Series::Constant(value) => *value,
            Series::Buckets(values) => values.iter().copied().filter(|v| !v.is_nan()).fold(0.0, f64::max),
        }
    }

    /// Mean of the observed values; 0 when there is none.
    pub fn mean(&self) -> f64 {
        match self {
            Series::Constant(value) => *value,
            Series::Buckets(values) => {
                let (sum, count) =
                    values.iter().filter(|v| !v.is_nan()).fold((0.0, 0u32), |(sum, count), v| (sum + v, count + 1));
                if count == 0 { 0.0 } else { sum / f64::from(count) }
            }
        }
    }

    /// The same values, as a constant where all are observed and equal. The canonical form.
    #[must_use]
    pub fn compact(self) -> Self {
        match self {
            Series::Buckets(values) if !values.is_empty() && values.iter().all(|v| *v == values[0]) => {
                Series::Constant(values[0])
            }
            other => other,
        }
    }

    /// Whether [`Series::compact`] would change nothing.
    pub fn is_compact(&self) -> bool {
        match self {
            Series::Constant(_) => true,
            Series::Buckets(values) => values.is_empty() || values.iter().any(|value| *value != values[0]),
        }
    }

    /// First value that is negative or infinite, with its bucket.
    pub fn first_invalid(&self) -> Option<(usize, f64)> {
        let invalid = |value: f64| !value.is_nan() && (value < 0.0 || value.is_infinite());
        match self {
            Series::Constant(value) => (invalid(*value) || value.is_nan()).then_some((0, *value)),
            Series::Buckets(values) => values.iter().copied().enumerate().find(|(_, value)| invalid(*value)),
        }
    }
}

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Series::Constant(value) => serialize_number(*value, serializer),
            Series::Buckets(values) => {
                let mut sequence = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    sequence.serialize_element(&Number(*value))?;
                }
                sequence.end()
            }
        }
    }
}

struct Number(f64);

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serialize_number(self.0, serializer)
    }
}

/// Whole numbers without `.0`, so that files stay short.
fn serialize_number<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
    if value.is_nan() {
        serializer.serialize_none()
    } else if (0.0..9e15).contains(&value) && value.fract() == 0.0 {
        serializer.serialize_u64(value as u64)
    } else {
        serializer.serialize_f64(value)
    }
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(SeriesVisitor)
    }
}

struct SeriesVisitor;

impl<'de> de::Visitor<'de> for SeriesVisitor {
    type Value = Series;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or an array of numbers and nulls")
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Series, E> {
        Ok(Series::Constant(value))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Series, E> {
        Ok(Series::Constant(value as f64))
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Series, E> {
        Ok(Series::Constant(value as f64))
    }
    fn visit_seq<A: de::SeqAccess<'de>>(self, mut sequence: A) -> Result<Series, A::Error> {
        let mut values = Vec::with_capacity(sequence.size_hint().unwrap_or(0).min(10_000));
        while let Some(value) = sequence.next_element::<Option<f64>>()? {
            values.push(value.unwrap_or(f64::NAN));
        }
        Ok(Series::Buckets(values.into_boxed_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_read_and_write_as_numbers_or_arrays() {
        let series: Series = serde_json::from_str("[1, null, 2.5]").unwrap();
        assert_eq!((series.at(0), series.at(1), series.at(2), series.at(3)), (Some(1.0), None, Some(2.5), None));
        assert_eq!(serde_json::to_string(&series).unwrap(), "[1,null,2.5]");
        assert_eq!((series.max(), series.mean()), (2.5, 1.75));
        assert_eq!(serde_json::to_string(&Series::Constant(3.0)).unwrap(), "3");
        assert_eq!(serde_json::from_str::<Series>("[4,4]").unwrap().compact(), Series::Constant(4.0));
        assert!(serde_json::from_str::<Series>("\"x\"").is_err());
    }

    #[test]
    fn negative_rates_are_found() {
        let series: Series = serde_json::from_str("[1, null, -2]").unwrap();
        assert_eq!(series.first_invalid(), Some((2, -2.0)));
        assert_eq!(serde_json::from_str::<Series>("[1, null]").unwrap().first_invalid(), None);
    }
}
