//! Option values: the words of the library's enums, quantities, lists of table names, policy files.

use std::path::Path;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use pgslotplan::{policy::Policy, units};
use serde::de::{DeserializeOwned, value::StrDeserializer};

use super::{files, output::Failure};

/// Takes the given words, each as the library's own files spell it.
pub fn words<T>(words: &'static [&'static str]) -> impl TypedValueParser<Value = T>
where
    T: DeserializeOwned + Clone + Send + Sync + 'static,
{
    PossibleValuesParser::new(words).try_map(|word| {
        let deserializer: StrDeserializer<'_, serde::de::value::Error> = serde::de::value::StrDeserializer::new(&word);
        T::deserialize(deserializer)
    })
}

/// A whole number of seconds, as in `1h` or `300s`.
pub fn whole_seconds(text: &str) -> Result<u32, String> {
    let seconds = units::parse_seconds(text).map_err(|error| error.to_string())?;
    if seconds.fract() == 0.0 && seconds <= f64::from(u32::MAX) {
        Ok(seconds as u32)
    } else {
        Err("must be a whole number of seconds".to_owned())
    }
}

/// `table=value`, split at the last `=`, which no value holds.
pub fn assignment(text: &str) -> Result<(String, String), String> {
    match text.rsplit_once('=') {
        Some((table, value)) if !table.is_empty() && !value.is_empty() => Ok((table.to_owned(), value.to_owned())),
        _ => Err("expected table=value".to_owned()),
    }
}

/// Names between commas; a comma between double quotes belongs to the name.
pub fn name_list(text: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        quoted ^= c == '"';
        if c == ',' && !quoted {
            names.push(String::new());
        } else if let Some(name) = names.last_mut() {
            name.push(c);
        }
    }
    names.into_iter().map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()).collect()
}

/// A policy file.
pub fn read_policy(path: &Path) -> Result<Policy, Failure> {
    Policy::from_toml(&files::read_text(path)?)
        .map_err(|error| Failure::new(format!("could not read {}", files::shown(path))).source(error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_quoted_commas() {
        assert_eq!(name_list("a, public.\"b,c\" ,"), ["a", "public.\"b,c\""]);
        assert_eq!(assignment("\"a=b\"=c"), Ok(("\"a=b\"".to_owned(), "c".to_owned())));
        assert!(assignment("a").is_err() && assignment("a=").is_err());
    }

    #[test]
    fn durations_are_whole() {
        assert_eq!(whole_seconds("1h"), Ok(3600));
        assert!(whole_seconds("0.5").is_err());
    }
}
