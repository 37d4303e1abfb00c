//! Reading a column of an answer by name, with an error instead of a panic when it is not what was asked for, and within
//! bounds whatever the server says: text that is not UTF-8 is escaped, numbers that are none count as unknown.

use jiff::Timestamp;
use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};

use super::error::PgError;

/// No table of PostgreSQL is as large; so many of them still add up.
const LARGEST_SIZE: u64 = 1 << 46;

/// What a column may be read as.
pub(super) trait Column<'a>: Sized {
    /// The value.
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error>;
}

/// The value of a column.
///
/// # Errors
/// [`PgError::Answer`] when the column is missing or of another type: a query and its reader have come apart.
pub(super) fn get<'a, T: Column<'a>>(purpose: &'static str, row: &'a Row, column: &str) -> Result<T, PgError> {
    T::read(row, column).map_err(|error| PgError::Answer { purpose, reason: super::error::cause_of(&error) })
}

/// A count or a size: what is below zero (a table never analyzed has -1 rows) is none.
pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

/// A size that can be added to others.
pub(super) fn size(value: i64) -> u64 {
    unsigned(value).min(LARGEST_SIZE)
}

/// Text as it came. A database in SQL_ASCII may hold names in any encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Text {
    /// With `\xe9` for a byte that is part of no character.
    pub(super) shown: String,
    /// Nothing was escaped.
    pub(super) is_readable: bool,
}

impl Text {
    /// Of bytes.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut text = Text { shown: String::with_capacity(bytes.len()), is_readable: true };
        for chunk in bytes.utf8_chunks() {
            text.shown.push_str(chunk.valid());
            for byte in chunk.invalid() {
                text.is_readable = false;
                text.shown.push_str(&format!("\\x{byte:02x}"));
            }
        }
        text
    }
}

impl<'a> FromSql<'a> for Text {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Text::of(raw))
    }

    fn accepts(kind: &Type) -> bool {
        <&str as FromSql>::accepts(kind)
    }
}

impl<'a> Column<'a> for String {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        row.try_get::<_, Text>(column).map(|text| text.shown)
    }
}

impl<'a> Column<'a> for Option<String> {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        row.try_get::<_, Option<Text>>(column).map(|text| text.map(|text| text.shown))
    }
}

impl<'a> Column<'a> for Vec<String> {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        row.try_get::<_, Vec<Text>>(column).map(shown)
    }
}

impl<'a> Column<'a> for Option<Vec<String>> {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        row.try_get::<_, Option<Vec<Text>>>(column).map(|texts| texts.map(shown))
    }
}

fn shown(texts: Vec<Text>) -> Vec<String> {
    texts.into_iter().map(|text| text.shown).collect()
}

impl<'a> Column<'a> for f64 {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        row.try_get::<_, f64>(column).map(|number| finite(number).unwrap_or(0.0))
    }
}

impl<'a> Column<'a> for Option<f64> {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        row.try_get::<_, Option<f64>>(column).map(|number| number.and_then(finite))
    }
}

impl<'a> Column<'a> for Vec<f64> {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        let numbers = row.try_get::<_, Vec<f64>>(column)?;
        Ok(numbers.into_iter().map(|number| finite(number).unwrap_or(0.0)).collect())
    }
}

impl<'a> Column<'a> for Vec<Option<f64>> {
    fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
        let numbers = row.try_get::<_, Vec<Option<f64>>>(column)?;
        Ok(numbers.into_iter().map(|number| number.and_then(finite)).collect())
    }
}

/// A superuser may write anything into the statistics, `Infinity` too.
fn finite(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

macro_rules! read_as_it_is {
    ($($kind:ty),*) => { $(
        impl<'a> Column<'a> for $kind {
            fn read(row: &'a Row, column: &str) -> Result<Self, tokio_postgres::Error> {
                row.try_get(column)
            }
        }
    )* };
}

read_as_it_is!(
    bool,
    i32,
    i64,
    u32,
    &'a str,
    &'a [u8],
    Text,
    Timestamp,
    Option<bool>,
    Option<u32>,
    Option<i32>,
    Option<i64>,
    Option<Timestamp>,
    Vec<i16>,
    Option<Vec<i16>>,
    Vec<bool>
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_shown_as_numbers() {
        let text = |bytes: &[u8]| (Text::of(bytes).shown, Text::of(bytes).is_readable);
        assert_eq!(text(b"orders"), ("orders".to_owned(), true));
        assert_eq!(text("caf\u{e9}".as_bytes()), ("caf\u{e9}".to_owned(), true));
        assert_eq!(text(b"caf\xe9s"), ("caf\\xe9s".to_owned(), false));
        assert_eq!(text(b"\xff\xc3"), ("\\xff\\xc3".to_owned(), false));
    }

    #[test]
    fn numbers_that_are_none_are_unknown_and_sizes_add_up() {
        assert_eq!([f64::INFINITY, f64::NAN, f64::NEG_INFINITY, -1.0].map(finite), [None, None, None, Some(-1.0)]);
        assert_eq!((size(-1), size(5), size(i64::MAX)), (0, 5, LARGEST_SIZE));
        assert!(LARGEST_SIZE.checked_mul(100_000).is_some());
    }
}
