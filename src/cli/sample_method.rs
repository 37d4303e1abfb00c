//! Which method a run uses: what the role may do against what was asked for, and what a GRANT would improve.

use pgslotplan::{
    names::quote_identifier,
    pg::{abilities::Abilities, wal::WalReader},
    server::Flavor,
};

use super::output::Failure;

/// How load is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum SampleMethod {
    /// The best that the role may use
    Auto,
    /// Counters and a model of WAL records
    Counters,
    /// Counters, corrected by reading WAL (15 and later)
    Walinspect,
    /// Counters, corrected by peeking a temporary slot
    Decode,
}

/// What a run uses besides the counters, and why.
#[derive(Debug)]
pub struct Choice {
    /// Reads WAL.
    pub wal: Option<WalReader>,
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
    ) -> Result<Self, Failure> {
        let (wal, slot) = (why_no_wal(abilities), why_no_slot(abilities, may_make_slots, flavor));
        let refuse = |what: &str, (reason, remedy): (String, String)| {
            Failure::new(format!("cannot use method {what}: {reason}")).hint(remedy)
        };
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
        Ok(Choice { wal: abilities.wal.clone().filter(|_| use_wal), peeks: use_slot, improvements })
    }

    /// What is used, for the person at the terminal and for the workload.
    pub fn describe(&self) -> String {
        let mut parts = vec!["counters"];
        if self.wal.is_some() {
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
    if abilities.wal.is_some() {
        return None;
    }
    let function = match abilities.version_num {
        ..160_000 => "pg_get_wal_records_info",
        _ => "pg_get_wal_block_info",
    };
    let grant = format!("GRANT EXECUTE ON FUNCTION {function} TO {}", quote_identifier(&abilities.role));
    let gain = "halves the error of WAL rates";
    Some(if abilities.version_num < 150_000 {
        ("pg_walinspect comes with PostgreSQL 15".to_owned(), "Nothing is to be done on this version.".to_owned())
    } else if !abilities.wal_installed && !abilities.wal_available {
        ("this server does not have the extension pg_walinspect".to_owned(), format!("Installing it {gain}."))
    } else if !abilities.wal_installed {
        (
            "the extension pg_walinspect is not installed in this database".to_owned(),
            format!("\"CREATE EXTENSION pg_walinspect; {grant};\" {gain}."),
        )
    } else {
        (format!("the role may not execute {function}"), format!("\"{grant};\" {gain}."))
    })
}

/// Why no slot can be peeked, and what to do; `None` when one can.
fn why_no_slot(abilities: &Abilities, may_make_slots: bool, flavor: Flavor) -> Option<(String, String)> {
    let role = quote_identifier(&abilities.role);
    let gain = "tells transactions for each table, what is written together, and bytes sent";
    if abilities.wal_level != "logical" {
        Some((
            "wal_level is not logical".to_owned(),
            format!("{} This {gain}.", flavor.hint_to_set("wal_level", "logical")),
        ))
    } else if !abilities.replicates {
        let grant = match flavor {
            Flavor::Rds | Flavor::Aurora => format!("GRANT rds_replication TO {role};"),
            _ => format!("ALTER ROLE {role} REPLICATION;"),
        };
        Some(("the role may not replicate".to_owned(), format!("\"{grant}\" and --allow-temporary-objects {gain}.")))
    } else if abilities.free_slots == 0 {
        let more = (abilities.slot_limit + 1).to_string();
        Some(("all replication slots are in use".to_owned(), flavor.hint_to_set("max_replication_slots", &more)))
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

    fn abilities(version_num: u32) -> Abilities {
        Abilities {
            version_num,
            role: "Mon".into(),
            wal_available: true,
            wal_installed: true,
            wal: Some(WalReader::new(version_num, "public")),
            replicates: true,
            wal_level: "logical".into(),
            free_slots: 3,
            slot_limit: 10,
        }
    }

    fn choice(method: SampleMethod, may_make_slots: bool, abilities: &Abilities) -> Result<Choice, Failure> {
        Choice::new(method, may_make_slots, abilities, Flavor::Community)
    }

    #[test]
    fn each_provider_has_its_own_names() {
        let hint = |flavor: Flavor, abilities: &Abilities| {
            Choice::new(SampleMethod::Auto, true, abilities, flavor).unwrap().improvements.remove(0)
        };
        let low = Abilities { wal_level: "replica".into(), ..abilities(180_000) };
        let plain = Abilities { replicates: false, ..abilities(180_000) };
        let full = Abilities { free_slots: 0, ..abilities(180_000) };
        for (flavor, for_level, for_role) in [
            (Flavor::Community, "Set \"wal_level\" to logical and restart", "ALTER ROLE \"Mon\" REPLICATION;"),
            (Flavor::Rds, "Set \"rds.logical_replication\" to 1 in the DB parameter group", "GRANT rds_replication TO"),
            (
                Flavor::Aurora,
                "\"rds.logical_replication\" to 1 in the DB cluster parameter",
                "GRANT rds_replication TO",
            ),
            (Flavor::CloudSql, "Set \"cloudsql.logical_decoding\" to on as a database flag", "ALTER ROLE"),
            (Flavor::Azure, "Set \"wal_level\" to logical in the server parameters", "ALTER ROLE"),
            (Flavor::Cnpg, "in spec.postgresql.parameters of the Cluster", "ALTER ROLE"),
        ] {
            let (level, role) = (hint(flavor, &low), hint(flavor, &plain));
            assert!(level.contains(for_level) && role.contains(for_role), "{level} {role}");
            assert!(hint(flavor, &full).contains("\"max_replication_slots\" to 11"), "{}", hint(flavor, &full));
        }
    }

    #[test]
    fn auto_takes_what_it_may_and_says_what_is_missing() {
        let all = choice(SampleMethod::Auto, true, &abilities(180_000)).unwrap();
        assert!(all.wal.is_some() && all.peeks && all.improvements.is_empty());
        assert!(all.describe().contains("pg_walinspect") && all.describe().contains("temporary slot"));
        let quiet = choice(SampleMethod::Auto, false, &abilities(180_000)).unwrap();
        assert!(quiet.wal.is_some() && !quiet.peeks);
        assert!(quiet.improvements[0].contains("--allow-temporary-objects"), "{:?}", quiet.improvements);
        let plain = Abilities { wal: None, replicates: false, ..abilities(180_000) };
        let plain = choice(SampleMethod::Auto, true, &plain).unwrap();
        assert!(plain.wal.is_none() && !plain.peeks);
        assert!(plain.improvements[0].contains("GRANT EXECUTE ON FUNCTION pg_get_wal_block_info TO \"Mon\""));
        assert!(plain.improvements[1].contains("ALTER ROLE \"Mon\" REPLICATION"));
        let old = Abilities { wal: None, wal_installed: false, ..abilities(140_000) };
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
        let counters = choice(SampleMethod::Counters, true, &abilities(150_000)).unwrap();
        assert!(counters.wal.is_none() && !counters.peeks);
        let decode = choice(SampleMethod::Decode, true, &abilities(150_000)).unwrap();
        assert!(decode.wal.is_none() && decode.peeks);
        let refused = choice(SampleMethod::Decode, false, &abilities(150_000)).unwrap_err();
        assert!(refused.to_string().starts_with("cannot use method decode: it takes a temporary"), "{refused}");
        let missing = Abilities { wal: None, wal_installed: false, ..abilities(150_000) };
        let refused = choice(SampleMethod::Walinspect, true, &missing).unwrap_err();
        assert!(refused.to_string().contains("not installed in this database"), "{refused}");
        let off = Abilities { wal_level: "replica".into(), ..abilities(150_000) };
        assert!(choice(SampleMethod::Decode, true, &off).unwrap_err().to_string().contains("wal_level"));
    }
}
