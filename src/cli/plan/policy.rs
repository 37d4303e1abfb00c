//! The options of `plan` that are policy: `--policy` is read first, options replace or extend what it says.

use std::path::{Path, PathBuf};

use pgslotplan::{
    names::Prefix,
    policy::{ForeignKeyMode, Measure, NoIdentity, Pattern, Pin, Policy, PublicationCount, Split},
    units,
};

use super::super::{
    files,
    output::Failure,
    values::{assignment, name_list, read_policy, words},
};

/// Options that end in the policy.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Policy (each also in the policy file)")]
pub struct PolicyArgs {
    /// Policy file (TOML); the options below win over it
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Number of shared publications: N, N..M or auto (the fewest that keep the headroom) [default: 6..8]
    #[arg(long, value_name = "COUNT")]
    publications: Option<PublicationCount>,
    /// Most slots altogether: cuts the number of shared ones and, of hot tables, who is alone, for the least peak over all
    #[arg(long, value_name = "N")]
    max_slots: Option<u32>,
    /// What is balanced: both stages of a slot, the apply worker alone, or WAL bytes [default: pipeline]
    #[arg(long, value_name = "MEASURE", value_parser = words::<Measure>(&["pipeline", "apply", "wal"]))]
    load: Option<Measure>,
    /// What one slot carries, as in `20MB/s`; only with --load wal, no default
    #[arg(long, value_name = "RATE", value_parser = units::parse_bytes_per_s)]
    slot_capacity: Option<u64>,
    /// Share of the capacity that the peak should leave free, 0 to below 1 [default: 0.3]
    #[arg(long, value_name = "SHARE")]
    headroom: Option<f64>,
    /// A table whose peak is above this share of an evenly loaded slot is hot [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    hot_share: Option<f64>,
    /// Most dedicated slots [default: 4]
    #[arg(long, value_name = "N")]
    max_dedicated: Option<u32>,
    /// A burst that keeps other tables waiting longer makes its table hot [default: 30s]
    #[arg(long, value_name = "TIME", value_parser = units::parse_seconds)]
    max_delay: Option<f64>,
    /// Tables that share a slot: a,b or a file with such a list on each line; repeatable
    #[arg(long, value_name = "FILE|LIST")]
    keep_together: Vec<String>,
    /// Tables of which no two share a slot: a,b or a file with such a list on each line; repeatable
    #[arg(long, value_name = "FILE|LIST")]
    keep_apart: Vec<String>,
    /// Pin a table to a slot by name, or to `dedicated` or `shared`; repeatable
    #[arg(long, value_name = "TABLE=SLOT", value_parser = assignment)]
    pin: Vec<(String, String)>,
    /// Leave out tables: name or pattern with * and ?; repeatable
    #[arg(long, value_name = "PATTERN")]
    exclude: Vec<String>,
    /// Plan only these tables: name or pattern; repeatable
    #[arg(long, value_name = "PATTERN")]
    include: Vec<String>,
    /// Split a table over N slots: its partitions, or else its rows with row filters (15 or later); repeatable
    #[arg(long, value_name = "TABLE=N", value_parser = assignment)]
    split: Vec<(String, String)>,
    /// Foreign keys between slots: restore after the cutover, guard against TRUNCATE, or keep together [default: restore]
    #[arg(long, value_name = "MODE", value_parser = words::<ForeignKeyMode>(&["restore", "guard", "together"]))]
    foreign_keys: Option<ForeignKeyMode>,
    /// Tables whose UPDATE and DELETE cannot be published [default: refuse]
    #[arg(
        long,
        value_name = "WHAT",
        value_parser = words::<NoIdentity>(&["refuse", "exclude", "insert-only", "full"])
    )]
    no_identity: Option<NoIdentity>,
    /// First part of all names that are made [default: pgsp]
    #[arg(long, value_name = "NAME")]
    prefix: Option<Prefix>,
    /// Share by which the shared peak may rise to cut fewer foreign keys [default: 0.03]
    #[arg(long, value_name = "SHARE")]
    cut_tolerance: Option<f64>,
}

impl PolicyArgs {
    /// The policy that file and options make together.
    pub fn policy(&self) -> Result<Policy, Failure> {
        let mut policy = match &self.policy {
            Some(path) => read_policy(path)?,
            None => Policy::default(),
        };
        self.replace(&mut policy);
        self.extend(&mut policy)?;
        if self.slot_capacity.is_some() && policy.load != Measure::Wal {
            return Err(Failure::new("--slot-capacity counts WAL bytes and needs --load wal")
                .hint("The other measures count time: a slot has one second a second. Leave the option out."));
        }
        Ok(policy)
    }

    /// Whether the number of shared publications was asked for on the command line.
    pub fn names_publications(&self) -> bool {
        self.publications.is_some()
    }

    /// Where the policy came from, for messages.
    pub fn file(&self) -> Option<&Path> {
        self.policy.as_deref()
    }

    fn replace(&self, policy: &mut Policy) {
        fn set<T: Clone>(option: Option<&T>, field: &mut T) {
            if let Some(value) = option {
                *field = value.clone();
            }
        }
        set(self.publications.as_ref(), &mut policy.publications);
        set(self.load.as_ref(), &mut policy.load);
        set(self.headroom.as_ref(), &mut policy.headroom);
        set(self.hot_share.as_ref(), &mut policy.hot_share);
        set(self.max_dedicated.as_ref(), &mut policy.max_dedicated);
        set(self.max_delay.as_ref(), &mut policy.max_delay_s);
        set(self.foreign_keys.as_ref(), &mut policy.foreign_keys);
        set(self.no_identity.as_ref(), &mut policy.no_identity);
        set(self.prefix.as_ref(), &mut policy.prefix);
        set(self.cut_tolerance.as_ref(), &mut policy.cut_tolerance);
        policy.max_slots = self.max_slots.or(policy.max_slots);
        policy.slot_capacity = self.slot_capacity.or(policy.slot_capacity);
    }

    fn extend(&self, policy: &mut Policy) -> Result<(), Failure> {
        for (option, sets) in
            [(&self.keep_together, &mut policy.keep_together), (&self.keep_apart, &mut policy.keep_apart)]
        {
            for value in option {
                sets.extend(name_sets(value)?);
            }
        }
        let patterns = |texts: &[String]| texts.iter().cloned().map(Pattern).collect::<Vec<_>>();
        policy.exclude.extend(patterns(&self.exclude));
        policy.include.extend(patterns(&self.include));
        given_once("--pin", &self.pin)?;
        given_once("--split", &self.split)?;
        for (table, slot) in &self.pin {
            let pin = Pin::try_from(slot.clone()).map_err(|error| {
                Failure::from(error).hint("Pin to a slot's name, or to \"dedicated\" or \"shared\".")
            })?;
            policy.pin.insert(table.clone(), pin);
        }
        for (table, parts) in &self.split {
            let parts = parts.parse().map_err(|_| {
                Failure::new(format!(
                    "invalid value \"{table}={parts}\" for --split: the part after \"=\" is not a number"
                ))
            })?;
            policy.split.insert(table.clone(), Split { parts });
        }
        Ok(())
    }
}

/// Two values for one table: which one is meant cannot be known.
fn given_once(option: &str, values: &[(String, String)]) -> Result<(), Failure> {
    let mut seen = std::collections::BTreeMap::new();
    for (table, value) in values {
        match seen.insert(table, value) {
            Some(other) if other != value => {
                return Err(Failure::new(format!(
                    "{option} gives table \"{table}\" two values, \"{other}\" and \"{value}\""
                ))
                .hint(format!("Keep one of them; {option} may also replace what the policy file says.")));
            }
            _ => {}
        }
    }
    Ok(())
}

/// A list of names, or the lists of a file: a value without comma that names a file is that file.
fn name_sets(value: &str) -> Result<Vec<Vec<String>>, Failure> {
    let path = Path::new(value);
    if value.contains(',') || !path.is_file() {
        return match name_list(value) {
            names if names.len() > 1 => Ok(vec![names]),
            _ => Err(Failure::new(format!("\"{value}\" is neither a list of tables nor a file"))
                .hint("Give at least two tables with a comma between them, or a file with such a list on each line.")),
        };
    }
    let text = files::read_text(path)?;
    Ok(text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).map(name_list).collect())
}
