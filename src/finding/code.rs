//! Every code that a finding can have, with its severity and what it means: the one list from which findings are made,
//! `docs/findings.md` is written and the rules of SARIF follow.
//!
//! A finding is made from a constant of this room, so that none has a code or a severity that is not listed; one that is
//! listed and never given is unused, which the compiler says. A code is never used again for something else.

#![doc = include_str!("../../docs/findings.md")]

use super::Severity;

/// A code.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// Two letters of the room that gives it, three digits.
    pub name: &'static str,
    /// Severities that it can have; the first is the usual one.
    pub severities: &'static [Severity],
    /// What is the case. Markdown, lower case, no full stop.
    pub meaning: &'static str,
    /// Why it matters. Markdown, no full stop.
    pub why: &'static str,
    /// What to do. Markdown, no full stop.
    pub remedy: &'static str,
}

impl Code {
    /// Where it is described, for those who have only its name: the page of this release.
    pub fn help_uri(&self) -> String {
        format!(
            "https://docs.rs/pgslotplan/{}/pgslotplan/finding/code/index.html#{}",
            env!("CARGO_PKG_VERSION"),
            self.name
        )
    }
}

/// `NAME Severity: meaning, why, remedy;` for each, in order: constants by name, and all of them as `CODES`.
macro_rules! codes {
    ($($name:ident $($severity:ident)|+: $meaning:literal, $why:literal, $remedy:literal;)+) => {
        /// All of them, in order.
        pub const CODES: &[Code] = &[$(Code {
            name: stringify!($name),
            severities: &[$($crate::finding::Severity::$severity),+],
            meaning: $meaning,
            why: $why,
            remedy: $remedy,
        }),+];
        $(pub(crate) const $name: &Code = $crate::finding::code::named(CODES, stringify!($name));)+
    };
}

mod audit;
mod baseline;
mod check_pair;
mod check_publisher;
mod check_subscriber;
mod emit;
mod health;
mod inventory;
pub mod page;
mod plan;
mod simulate;
mod workload;

pub(crate) use {
    audit::*, baseline::*, check_pair::*, check_publisher::*, check_subscriber::*, emit::*, health::*, inventory::*,
    plan::*, simulate::*, workload::*,
};

/// The lists of the rooms, in the order of the page.
const ROOMS: [&[Code]; 11] = [
    workload::CODES,
    plan::CODES,
    audit::CODES,
    emit::CODES,
    check_publisher::CODES,
    check_subscriber::CODES,
    check_pair::CODES,
    inventory::CODES,
    health::CODES,
    simulate::CODES,
    baseline::CODES,
];

/// Every code, in the order of the page.
pub fn all() -> impl Iterator<Item = &'static Code> {
    ROOMS.into_iter().flatten()
}

/// The code of that name; `None` for one that another release gave.
pub fn find(name: &str) -> Option<&'static Code> {
    all().find(|code| code.name == name)
}

/// Looked up while the program is compiled.
const fn named(codes: &'static [Code], name: &str) -> &'static Code {
    let mut at = 0;
    while !same(codes[at].name.as_bytes(), name.as_bytes()) {
        at += 1;
    }
    &codes[at]
}

const fn same(a: &[u8], b: &[u8]) -> bool {
    let mut at = 0;
    while at < a.len() && at < b.len() && a[at] == b[at] {
        at += 1;
    }
    at == a.len() && at == b.len()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_code_is_listed_once_in_its_room_with_all_that_is_said_of_it() {
        let mut names = BTreeSet::new();
        for code in all() {
            assert!(names.insert(code.name), "{} is listed twice", code.name);
            let (room, number) = code.name.split_at(2);
            assert!(["WL", "PL", "AU", "EM", "PF", "IV", "HE", "SM", "BL"].contains(&room), "{}", code.name);
            assert!(number.len() == 3 && number.bytes().all(|digit| digit.is_ascii_digit()), "{}", code.name);
            assert!(!code.severities.is_empty());
            for text in [code.meaning, code.why, code.remedy] {
                assert!(!text.is_empty() && !text.ends_with('.') && !text.contains(['|', '\n']), "{}", code.name);
                assert!(!text.starts_with("As above"), "{}: a rule is read alone", code.name);
            }
        }
        for room in ROOMS {
            assert!(room.is_sorted_by_key(|code| code.name), "{}", room[0].name);
        }
        assert!(names.len() > 150);
    }

    #[test]
    fn codes_are_found_by_name() {
        assert_eq!(find("PF101"), Some(PF101));
        assert_eq!(find("XX101"), None);
    }
}
