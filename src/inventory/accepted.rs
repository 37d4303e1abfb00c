//! Differences that a team has decided to live with: a file of lines, each of which names one object, and one fact of it or all.
//!
//! ```text
//! # why, after a hash at the beginning of a line
//! role ["reporting"] connection limit
//! index ["public", "orders", "orders_old"]
//! ```
//!
//! Kind, identity as JSON, fact. There are no patterns: a line accepts what it names and nothing that comes later.

use std::collections::BTreeMap;

use super::{Kind, Object};

/// The lines of such a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accepted {
    /// The number of the line by what it accepts; without a fact it accepts every fact of the object.
    lines: BTreeMap<(Object, Option<String>), usize>,
}

/// A line that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid line {line} of the accepted differences: {reason}")]
pub struct AcceptedError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Accepted {
    /// Reads the file.
    ///
    /// # Errors
    /// [`AcceptedError`] for the first line that is neither a difference, empty nor a comment, and for one that stands there twice.
    pub fn parse(text: &str) -> Result<Self, AcceptedError> {
        let mut accepted = Accepted::default();
        for (at, line) in text.lines().enumerate().map(|(at, line)| (at + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |reason: &str| AcceptedError { line: at, reason: reason.to_owned() };
            let entry = parse_line(line).map_err(|reason| wrong(&reason))?;
            if accepted.lines.insert(entry, at).is_some() {
                return Err(wrong("it stands there twice"));
            }
        }
        Ok(accepted)
    }

    /// The line that accepts a difference: that of the fact, or else that of the whole object.
    pub(super) fn line_for(&self, object: &Object, fact: Option<&str>) -> Option<usize> {
        let of_fact = fact.and_then(|fact| self.lines.get(&(object.clone(), Some(fact.to_owned()))));
        of_fact.or_else(|| self.lines.get(&(object.clone(), None))).copied()
    }

    /// All lines with their numbers.
    pub(super) fn lines(&self) -> impl Iterator<Item = (usize, String)> {
        self.lines.iter().map(|((object, fact), line)| (*line, spelled(object, fact.as_deref())))
    }
}

/// A line that accepts a difference.
pub(super) fn spelled(object: &Object, fact: Option<&str>) -> String {
    let names: Vec<String> =
        object.identity.iter().map(|name| serde_json::Value::from(name.as_str()).to_string()).collect();
    let fact = fact.map(|fact| format!(" {fact}")).unwrap_or_default();
    format!("{} [{}]{fact}", object.kind.as_str(), names.join(", "))
}

fn parse_line(line: &str) -> Result<(Object, Option<String>), String> {
    let (word, rest) =
        line.split_once(char::is_whitespace).ok_or("expected a kind, an identity, and perhaps a fact")?;
    let kind = Kind::of(word).ok_or_else(|| format!("there is no kind \"{word}\""))?;
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<Vec<String>>();
    let identity = match values.next() {
        Some(Ok(identity)) => identity,
        _ => return Err("the identity must be a list of names, as in [\"public\", \"orders\"]".to_owned()),
    };
    let fact = rest[values.byte_offset()..].trim();
    Ok((Object { kind, identity }, (!fact.is_empty()).then(|| fact.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_accepts_what_it_names_and_nothing_else() {
        let text = "# ours\n\nrole [\"app\"] login\nindex [\"public\", \"t\", \"t \\\"x\\\" idx\"]\ndatabase [] collation version\n";
        let accepted = Accepted::parse(text).unwrap();
        let role = Object::new(Kind::Role, ["app"]);
        assert_eq!(accepted.line_for(&role, Some("login")), Some(3));
        assert_eq!(accepted.line_for(&role, Some("superuser")), None);
        assert_eq!(accepted.line_for(&role, None), None);
        assert_eq!(accepted.line_for(&Object::new(Kind::Role, ["app2"]), Some("login")), None);
        let index = Object::new(Kind::Index, ["public", "t", "t \"x\" idx"]);
        assert_eq!(accepted.line_for(&index, Some("definition")), Some(4));
        assert_eq!(accepted.line_for(&index, None), Some(4));
        let none: [&str; 0] = [];
        assert_eq!(accepted.line_for(&Object::new(Kind::Database, none), Some("collation version")), Some(5));
        let written: Vec<String> = accepted.lines().map(|(_, line)| line).collect();
        assert_eq!(Accepted::parse(&written.join("\n")).unwrap().lines.len(), 3);
    }

    #[test]
    fn lines_that_could_mean_something_else_are_refused_by_number() {
        for (text, line) in [
            ("role", 1),
            ("\nrole app login", 2),
            ("rolle [\"app\"]", 1),
            ("role [\"app\", 1]", 1),
            ("role [\"app\"\n", 1),
            ("role [\"a\"]\nrole [\"a\"]", 2),
        ] {
            assert_eq!(Accepted::parse(text).unwrap_err().line, line, "{text}");
        }
    }
}
