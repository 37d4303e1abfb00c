//! The arguments of a bench: what it takes is listed, `--help` prints that and runs nothing, all else is refused.

use std::{collections::BTreeMap, process::exit, str::FromStr};

/// What was asked for.
pub struct Arguments {
    usage: &'static str,
    given: BTreeMap<&'static str, String>,
}

impl Arguments {
    /// Reads the arguments of the process: options that take a value, and others. `cargo bench` adds `--bench`.
    pub fn read(usage: &'static str, with_value: &[&'static str], flags: &[&'static str]) -> Self {
        let mut arguments = Arguments { usage, given: BTreeMap::new() };
        let mut words = std::env::args().skip(1).filter(|word| word != "--bench");
        while let Some(word) = words.next() {
            if matches!(word.as_str(), "--help" | "-h" | "-?") {
                println!("{usage}");
                exit(0);
            }
            if let Some(name) = flags.iter().find(|name| **name == word) {
                arguments.given.insert(name, String::new());
            } else if let Some(name) = with_value.iter().find(|name| **name == word) {
                let value = words.next().unwrap_or_else(|| arguments.refuse(&format!("{name} takes a value")));
                arguments.given.insert(name, value);
            } else {
                arguments.refuse(&format!("unexpected argument \"{word}\""));
            }
        }
        arguments
    }

    /// Says what is wrong, and ends.
    pub fn refuse(&self, problem: &str) -> ! {
        println!("error: {problem}\n{}", self.usage);
        exit(1)
    }

    /// Whether it was given.
    #[allow(dead_code, reason = "each bench uses a part of this")]
    pub fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    /// Its text.
    #[allow(dead_code, reason = "each bench uses a part of this")]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(String::as_str)
    }

    /// Its value, or another one where it was not given.
    #[allow(dead_code, reason = "each bench uses a part of this")]
    pub fn value<T: FromStr>(&self, name: &str, otherwise: T) -> T {
        self.text(name).map_or(otherwise, |text| self.parsed(name, text))
    }

    /// Values between commas.
    #[allow(dead_code, reason = "each bench uses a part of this")]
    pub fn list<T: FromStr>(&self, name: &str) -> Option<Vec<T>> {
        Some(self.text(name)?.split(',').map(|word| self.parsed(name, word)).collect())
    }

    /// Words between commas, each of which must be one of these, or a part of one.
    #[allow(dead_code, reason = "each bench uses a part of this")]
    pub fn words_of(&self, name: &str, known: &[String]) -> Vec<String> {
        let words: Vec<String> = self.list(name).unwrap_or_default();
        if let Some(word) = words.iter().find(|word| !known.iter().any(|known| known.contains(word.as_str()))) {
            self.refuse(&format!("{name}: \"{word}\" is in none of: {}", known.join(", ")));
        }
        words
    }

    fn parsed<T: FromStr>(&self, name: &str, text: &str) -> T {
        text.parse().unwrap_or_else(|_| self.refuse(&format!("invalid value \"{text}\" for {name}")))
    }
}
