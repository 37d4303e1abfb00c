//! Write-ahead log positions, as Postgres prints them.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A position in the write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lsn(pub u64);

/// The text is not a log position.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid log sequence number \"{0}\"")]
pub struct LsnError(String);

impl Lsn {
    /// Bytes from `earlier` to `self`; 0 when `earlier` is not earlier.
    pub fn distance(self, earlier: Lsn) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

impl fmt::Display for Lsn {
    /// `%X/%08X`, as Postgres 19 prints it; older versions read it too.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:08X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Lsn {
    type Err = LsnError;
    /// Reads both `%X/%X` and `%X/%08X`; signs, spaces and halves of more than eight digits are refused.
    fn from_str(text: &str) -> Result<Self, LsnError> {
        let error = || LsnError(text.to_owned());
        let (high, low) = text.split_once('/').ok_or_else(error)?;
        let half = |part: &str| {
            let digits = (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit());
            if digits { u64::from_str_radix(part, 16).ok() } else { None }
        };
        match (half(high), half(low)) {
            (Some(high), Some(low)) => Ok(Lsn(high << 32 | low)),
            _ => Err(error()),
        }
    }
}

impl Serialize for Lsn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_one_is_printed() {
        assert_eq!("16/B374D848".parse(), Ok(Lsn(0x16_B374_D848)));
        assert_eq!("0/15".parse(), Ok(Lsn(0x15)));
        assert_eq!("0/00000015".parse(), Ok(Lsn(0x15)));
        assert_eq!(Lsn(0x15).to_string(), "0/00000015");
        for bad in ["", "1", "+1/2", "1/2/3", "0/123456789", "g/1", "/1", "1/"] {
            assert!(bad.parse::<Lsn>().is_err(), "{bad}");
        }
    }

    #[test]
    fn distance_never_wraps() {
        assert_eq!(Lsn(10).distance(Lsn(4)), 6);
        assert_eq!(Lsn(4).distance(Lsn(10)), 0);
    }
}
