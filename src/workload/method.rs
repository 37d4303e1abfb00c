//! Which method a run of `sample` uses: what the role may do against what was asked for, and what a GRANT would improve.

use crate::{
    names::quote_identifier,
    server::{Flavor, ServerVersion},
};

/// How load is to be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleMethod {
    /// The best that the role may use.
    Auto,
    /// Counters and a model of WAL records.
    Counters,
    /// Counters, corrected by reading WAL (15 and later).
    Walinspect,
    /// Counters, corrected by peeking a temporary slot.
    Decode,
}

/// What the role may use to see WAL, and what the server has for that.
#[derive(Debug, Clone)]
pub struct Abilities {
    /// The server's version.
    pub version: ServerVersion,
    /// The role, for hints.
    pub role: String,
    /// Whether `CREATE EXTENSION pg_walinspect` would find it.
    pub wal_available: bool,
    /// Whether it is installed in this database.
    pub wal_installed: bool,
    /// Its schema and functions belong to superusers or the session's role: others could put theirs in their place.
    pub wal_trusted: bool,
    /// Whether it is installed, trusted, and the role may use it.
    pub reads_wal: bool,
    /// Whether the role may make slots.
    pub replicates: bool,
    /// `wal_level`.
    pub wal_level: String,
    /// `max_replication_slots`.
    pub slot_limit: u64,
    /// Slots that can still be made.
    pub free_slots: u64,
}

/// Why the method asked for cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot use method {method}: {reason}")]
pub struct MethodError {
    /// Its name as an option.
    pub method: &'static str,
    /// What is in the way: a clause.
    pub reason: String,
    /// What to do about it, in full sentences.
    pub remedy: String,
}

/// What a run uses besides the counters, and why.
#[derive(Debug)]
pub struct Choice {
    /// Reads WAL.
    pub reads_wal: bool,
    /// Peeks a temporary slot.
    pub peeks: bool,
    /// Why it is not better, and what would make it so; full sentences.
    pub improvements: Vec<String>,
}

impl Choice {
    /// Decides.
    ///
    /// # Errors
    /// When the method asked for cannot be used; says what to grant.
    pub fn new(
        method: SampleMethod,
        may_make_slots: bool,
        abilities: &Abilities,
        flavor: Flavor,
    ) -> Result<Self, MethodError> {
        let (wal, slot) = (why_no_wal(abilities), why_no_slot(abilities, may_make_slots, flavor));
        let refuse = |method: &'static str, (reason, remedy): (String, String)| MethodError { method, reason, remedy };
        let (use_wal, use_slot) = match (method, &wal, &slot) {
            (SampleMethod::Counters, ..) => (false, false),
            (SampleMethod::Walinspect, Some(why), _) => return Err(refuse("walinspect", why.clone())),
            (SampleMethod::Walinspect, None, _) => (true, false),
            (SampleMethod::Decode, _, Some(why)) => return Err(refuse("decode", why.clone())),
            (SampleMethod::Decode, _, None) => (false, true),
            (SampleMethod::Auto, wal, slot) => (wal.is_none(), slot.is_none()),
        };
        let improvements = match method {
            SampleMethod::Auto => {
                wal.into_iter()
                    .map(|(reason, remedy)| format!("WAL is modelled, not read: {reason}. {remedy}"))
                    .chain(slot.into_iter().map(|(reason, remedy)| {
                        format!("transactions for each table are not known: {reason}. {remedy}")
                    }))
                    .collect()
            }
            _ => Vec::new(),
        };
        Ok(Choice { reads_wal: use_wal, peeks: use_slot, improvements })
    }

    /// What is used, for the person at the terminal and for the workload.
    pub fn describe(&self) -> String {
        let mut parts = vec!["counters"];
        if self.reads_wal {
            parts.push("WAL read with pg_walinspect");
        }
        if self.peeks {
            parts.push("changes decoded from a temporary slot");
        }
        format!("measuring by {}", parts.join(", "))
    }
}

/// Why WAL cannot be read, and what to do; `None` when it can.
fn why_no_wal(abilities: &Abilities) -> Option<(String, String)> {
    if abilities.reads_wal {
        return None;
    }
    let function = match abilities.version.has_wal_block_info() {
        false => "pg_get_wal_records_info",
        true => "pg_get_wal_block_info",
    };
    let grant = format!("GRANT EXECUTE ON FUNCTION {function} TO {}", quote_identifier(&abilities.role));
    let gain = "halves the error of WAL rates";
    Some(if !abilities.version.has_walinspect() {
        ("pg_walinspect comes with PostgreSQL 15".to_owned(), "Nothing is to be done on this version.".to_owned())
    } else if !abilities.wal_installed && !abilities.wal_available {
        ("this server does not have the extension pg_walinspect".to_owned(), format!("Installing it {gain}."))
    } else if !abilities.wal_installed {
        (
            "the extension pg_walinspect is not installed in this database".to_owned(),
            format!("\"CREATE EXTENSION pg_walinspect; {grant};\" {gain}."),
        )
    } else if !abilities.wal_trusted {
        (
            "the schema of the extension pg_walinspect, or a function of that name in it, belongs to another role"
                .to_owned(),
            format!(
                "\"CREATE SCHEMA walinspect; ALTER EXTENSION pg_walinspect SET SCHEMA walinspect;\" as a superuser {gain}."
            ),
        )
    } else {
        (format!("the role may not execute {function}"), format!("\"{grant};\" {gain}."))
    })
}

/// Why no slot can be peeked, and what to do; `None` when one can.
fn why_no_slot(abilities: &Abilities, may_make_slots: bool, flavor: Flavor) -> Option<(String, String)> {
    let gain = "tells transactions for each table, what is written together, and bytes sent";
    if !abilities.version.decodes_with(&abilities.wal_level) {
        Some((
            format!("wal_level is not {}", abilities.version.wal_levels_in_words()),
            format!("{} This {gain}.", flavor.to_decode()),
        ))
    } else if !abilities.replicates {
        let grant = flavor.to_replicate(&abilities.role);
        Some(("the role may not replicate".to_owned(), format!("\"{grant}\" and --allow-temporary-objects {gain}.")))
    } else if abilities.free_slots == 0 {
        let more = abilities.slot_limit + 1;
        Some(("all replication slots are in use".to_owned(), flavor.to_set("max_replication_slots", more)))
    } else if !may_make_slots {
        Some((
            "it takes a temporary replication slot, which is made only when allowed".to_owned(),
            format!("--allow-temporary-objects {gain}; the slot ends with the session and leaves nothing."),
        ))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn abilities(major: u32) -> Abilities {
        let version = ServerVersion::of_major(major);
        Abilities {
            version,
            role: "Mon".into(),
            wal_available: true,
            wal_installed: true,
            reads_wal: true,
            wal_trusted: true,
            replicates: true,
            wal_level: "logical".into(),
            free_slots: 3,
            slot_limit: 10,
        }
    }

    fn choice(method: SampleMethod, may_make_slots: bool, abilities: &Abilities) -> Result<Choice, MethodError> {
        Choice::new(method, may_make_slots, abilities, Flavor::Community)
    }

    #[test]
    fn each_provider_has_its_own_names() {
        let hint = |flavor: Flavor, abilities: &Abilities| {
            Choice::new(SampleMethod::Auto, true, abilities, flavor).unwrap().improvements.remove(0)
        };
        let low = Abilities { wal_level: "replica".into(), ..abilities(18) };
        let plain = Abilities { replicates: false, ..abilities(18) };
        let full = Abilities { free_slots: 0, ..abilities(18) };
        for flavor in [Flavor::Community, Flavor::Rds, Flavor::Aurora, Flavor::CloudSql, Flavor::Azure, Flavor::Cnpg] {
            assert!(hint(flavor, &low).contains(&flavor.to_decode()));
            assert!(hint(flavor, &plain).contains(&flavor.to_replicate("Mon")));
            assert!(hint(flavor, &full).contains(&flavor.to_set("max_replication_slots", 11)));
        }
    }

    #[test]
    fn auto_takes_what_it_may_and_says_what_is_missing() {
        let all = choice(SampleMethod::Auto, true, &abilities(18)).unwrap();
        assert!(all.reads_wal && all.peeks && all.improvements.is_empty());
        assert!(all.describe().contains("pg_walinspect") && all.describe().contains("temporary slot"));
        let quiet = choice(SampleMethod::Auto, false, &abilities(18)).unwrap();
        assert!(quiet.reads_wal && !quiet.peeks);
        assert!(quiet.improvements[0].contains("--allow-temporary-objects"), "{:?}", quiet.improvements);
        let plain = Abilities { reads_wal: false, replicates: false, ..abilities(18) };
        let plain = choice(SampleMethod::Auto, true, &plain).unwrap();
        assert!(!plain.reads_wal && !plain.peeks);
        assert!(plain.improvements[0].contains("GRANT EXECUTE ON FUNCTION pg_get_wal_block_info TO \"Mon\""));
        assert!(plain.improvements[1].contains("ALTER ROLE \"Mon\" REPLICATION"));
        let old = Abilities { reads_wal: false, wal_installed: false, ..abilities(14) };
        let old = choice(SampleMethod::Auto, true, &old).unwrap();
        assert!(old.peeks);
        assert_eq!(old.improvements.len(), 1);
        assert!(
            old.improvements[0].contains("comes with PostgreSQL 15. Nothing is to be done"),
            "{:?}",
            old.improvements
        );
    }

    #[test]
    fn a_method_asked_for_is_used_or_refused() {
        let counters = choice(SampleMethod::Counters, true, &abilities(15)).unwrap();
        assert!(!counters.reads_wal && !counters.peeks);
        let decode = choice(SampleMethod::Decode, true, &abilities(15)).unwrap();
        assert!(!decode.reads_wal && decode.peeks);
        let refused = choice(SampleMethod::Decode, false, &abilities(15)).unwrap_err();
        assert!(refused.to_string().starts_with("cannot use method decode: it takes a temporary"), "{refused}");
        let missing = Abilities { reads_wal: false, wal_installed: false, ..abilities(15) };
        let refused = choice(SampleMethod::Walinspect, true, &missing).unwrap_err();
        assert!(refused.to_string().contains("not installed in this database"), "{refused}");
        let off = Abilities { wal_level: "replica".into(), ..abilities(15) };
        assert!(choice(SampleMethod::Decode, true, &off).unwrap_err().to_string().contains("wal_level"));
    }
}
