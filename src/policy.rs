//! What the operator wants: limits, headroom, what belongs together, what is apart. `policy.toml` and the options of
//! `plan` both end here.

use std::collections::{BTreeMap, BTreeSet};
use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::{
    names::{Prefix, SlotName, TableName},
    server::ServerVersion,
};

/// What is balanced over the slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Measure {
    /// Both the walsender's and the apply worker's time.
    #[default]
    Pipeline,
    /// The apply worker's time.
    Apply,
    /// WAL bytes per second.
    Wal,
}

impl Measure {
    /// What a load of 1 means, in words.
    pub fn unit(self) -> &'static str {
        match self {
            Measure::Wal => "WAL bytes per second",
            Measure::Apply => "share of an apply worker's time",
            Measure::Pipeline => "share of the time of the slot's busier stage (apply worker or walsender)",
        }
    }
}

/// What happens to foreign keys that end up between two slots (docs/rules.md, "Foreign keys that are cut").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum ForeignKeyMode {
    /// Dropped on the subscriber before the start, restored and validated after the cutover.
    #[default]
    Restore,
    /// TRUNCATE is not published and refused on the publisher.
    Guard,
    /// Tables joined by foreign keys share a slot.
    Together,
}

/// What happens to tables whose UPDATE and DELETE cannot be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum NoIdentity {
    /// An error-level finding.
    #[default]
    Refuse,
    /// Left out of the plan.
    Exclude,
    /// Published with insert and truncate only.
    InsertOnly,
    /// Replica identity full is set.
    Full,
}

/// How many shared publications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublicationCount {
    /// Between two numbers, both included.
    Range(u32, u32),
    /// The fewest that keep the headroom.
    Auto,
}

impl Default for PublicationCount {
    fn default() -> Self {
        PublicationCount::Range(6, 8)
    }
}

/// The text is not a number of publications.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid number of publications \"{0}\": expected N, N..M or auto, with 1 <= N <= M <= 1000")]
pub struct PublicationCountError(String);

impl FromStr for PublicationCount {
    type Err = PublicationCountError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || PublicationCountError(text.to_owned());
        if text == "auto" {
            return Ok(PublicationCount::Auto);
        }
        let (low, high) = text.split_once("..").unwrap_or((text, text));
        let high = high.strip_prefix('=').unwrap_or(high);
        let number = |part: &str| part.trim().parse::<u32>().map_err(|_| error());
        let (low, high) = (number(low)?, number(high)?);
        if low < 1 || high < low || high > 1000 { Err(error()) } else { Ok(PublicationCount::Range(low, high)) }
    }
}

impl fmt::Display for PublicationCount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PublicationCount::Auto => f.write_str("auto"),
            PublicationCount::Range(low, high) if low == high => write!(f, "{low}"),
            PublicationCount::Range(low, high) => write!(f, "{low}..{high}"),
        }
    }
}

impl Serialize for PublicationCount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PublicationCount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u32),
            Text(String),
        }
        let text = match Form::deserialize(deserializer)? {
            Form::Number(number) => number.to_string(),
            Form::Text(text) => text,
        };
        text.parse().map_err(D::Error::custom)
    }
}

/// Where a table is pinned to.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
#[non_exhaustive]
pub enum Pin {
    /// A slot of its own, hot or not.
    Dedicated,
    /// Some shared slot, hot or not.
    Shared,
    /// The shared slot of this name: tables pinned to the same name share it, to different names never.
    Slot(SlotName),
}

impl TryFrom<String> for Pin {
    type Error = crate::names::NameError;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        match text.as_str() {
            "dedicated" => Ok(Pin::Dedicated),
            "shared" => Ok(Pin::Shared),
            _ => SlotName::new(text).map(Pin::Slot),
        }
    }
}

impl From<Pin> for String {
    fn from(pin: Pin) -> String {
        match pin {
            Pin::Dedicated => "dedicated".into(),
            Pin::Shared => "shared".into(),
            Pin::Slot(name) => name.into(),
        }
    }
}

/// How one hot table is split over several slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Split {
    /// Number of parts, 2 to 64: partitions are dealt out, rows of a plain table are by row filters (15 or later).
    pub parts: u32,
}

/// A table name or a pattern with `*` and `?` over `schema.name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Pattern(pub String);

impl Pattern {
    /// Whether the pattern covers the table. A pattern without a dot means any schema; `*` and `?` as in a shell.
    /// Matching is against the plain `schema.name`, case-sensitive; names may be quoted as in SQL, and in quotes a star is
    /// a star.
    pub fn covers(&self, table: &TableName) -> bool {
        if TableName::parse(&self.0).as_ref() == Ok(table) {
            return true;
        }
        let plain = format!("{}.{}", table.schema, table.name);
        let covers = |pattern: &[Glyph], has_schema: bool| {
            let text: Vec<char> = if has_schema { plain.chars().collect() } else { table.name.chars().collect() };
            glob(pattern, &text)
        };
        let pattern: Vec<Glyph> = self.0.chars().map(Glyph::of).collect();
        covers(&pattern, self.0.contains('.'))
            || quoted(&self.0).is_some_and(|(pattern, has_schema)| covers(&pattern, has_schema))
    }
}

/// One place of a pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Glyph {
    Any,
    One,
    Just(char),
}

impl Glyph {
    fn of(c: char) -> Self {
        match c {
            '*' => Glyph::Any,
            '?' => Glyph::One,
            c => Glyph::Just(c),
        }
    }

    fn fits(self, c: char) -> bool {
        self == Glyph::One || self == Glyph::Just(c)
    }
}

/// A pattern with names quoted as in SQL, and whether it names a schema. None when there are no quotes, or one is open.
fn quoted(text: &str) -> Option<(Vec<Glyph>, bool)> {
    let (mut pattern, mut has_schema, mut inside) = (Vec::new(), false, false);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if inside && rest.next_if_eq(&'"').is_some() => pattern.push(Glyph::Just('"')),
            '"' => inside = !inside,
            c if inside => pattern.push(Glyph::Just(c)),
            c => {
                has_schema |= c == '.';
                pattern.push(Glyph::of(c));
            }
        }
    }
    (text.contains('"') && !inside).then_some((pattern, has_schema))
}

/// Shell-like match, linear in practice: on a mismatch only the last star is widened.
fn glob(pattern: &[Glyph], text: &[char]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == Glyph::Any {
            star = Some((p, t));
            p += 1;
        } else if p < pattern.len() && pattern[p].fits(text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star_p, star_t)) = star {
            p = star_p + 1;
            t = star_t + 1;
            star = Some((star_p, star_t + 1));
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&glyph| glyph == Glyph::Any)
}

/// Weight of the foreign keys between two tables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EdgeWeight {
    /// One of the two tables, as `schema.table`.
    pub a: String,
    /// The other table, as `schema.table`.
    pub b: String,
    /// How much worse it is to cut this pair than another; 0: it does not matter.
    pub weight: u64,
}

/// What the operator wants: how many slots, what must or must not share one, what to do with odd tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, default)]
pub struct Policy {
    /// Number of shared publications, each with a slot: a number, a range or `auto`; dedicated slots come on top.
    pub publications: PublicationCount,
    /// At most so many slots in all, dedicated ones included; absent: no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_slots: Option<u32>,
    /// What is balanced: apply time, WAL or both stages of the way.
    pub load: Measure,
    /// Bytes per second one slot can carry; only for measure `wal`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slot_capacity: Option<u64>,
    /// Share of the capacity that the peak should leave free, 0 to below 1.
    pub headroom: f64,
    /// A table with a higher peak than this share of an evenly loaded slot is hot.
    pub hot_share: f64,
    /// At most so many dedicated slots, given to the hottest groups.
    pub max_dedicated: u32,
    /// A burst that keeps its neighbours waiting longer makes a table hot, seconds.
    pub max_delay_s: f64,
    /// Sets of tables, as `schema.table`; all tables of a set share a slot.
    pub keep_together: Vec<Vec<String>>,
    /// Sets of tables, as `schema.table`; no two tables of a set share a slot.
    pub keep_apart: Vec<Vec<String>>,
    /// Slots that tables must be in, by `schema.table`.
    pub pin: BTreeMap<String, Pin>,
    /// Tables that are not replicated: names or patterns.
    pub exclude: Vec<Pattern>,
    /// Names or patterns of the only tables to replicate; empty: all.
    pub include: Vec<Pattern>,
    /// Tables that are split over several slots, by `schema.table`.
    pub split: BTreeMap<String, Split>,
    /// What happens to foreign keys between slots.
    pub foreign_keys: ForeignKeyMode,
    /// What happens to tables whose UPDATE and DELETE cannot be published.
    pub no_identity: NoIdentity,
    /// `no_identity` for single tables, by `schema.table`.
    pub no_identity_tables: BTreeMap<String, NoIdentity>,
    /// Weights of pairs of tables that foreign keys join; 1 where nothing is said.
    pub edge_weights: Vec<EdgeWeight>,
    /// What the names of all slots, publications and subscriptions begin with.
    pub prefix: Prefix,
    /// By which share the shared peak may rise to cut fewer pairs: 0.03 is 3 %.
    pub cut_tolerance: f64,
    /// Table synchronization workers of each subscription during the initial copy.
    pub sync_workers: u32,
    /// Version of the publisher that is planned for, as `server_version_num`; absent: the sampled server's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publisher_version: Option<ServerVersion>,
    /// Version of the subscriber, as `server_version_num`; absent: the publisher's major version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub subscriber_version: Option<ServerVersion>,
}

impl Default for Policy {
    fn default() -> Self {
        Policy {
            publications: PublicationCount::default(),
            max_slots: None,
            load: Measure::default(),
            slot_capacity: None,
            headroom: 0.3,
            hot_share: 0.5,
            max_dedicated: 4,
            max_delay_s: 30.0,
            keep_together: Vec::new(),
            keep_apart: Vec::new(),
            pin: BTreeMap::new(),
            exclude: Vec::new(),
            include: Vec::new(),
            split: BTreeMap::new(),
            foreign_keys: ForeignKeyMode::default(),
            no_identity: NoIdentity::default(),
            no_identity_tables: BTreeMap::new(),
            edge_weights: Vec::new(),
            prefix: Prefix::default(),
            cut_tolerance: 0.03,
            sync_workers: 2,
            publisher_version: None,
            subscriber_version: None,
        }
    }
}

/// Why a policy cannot be used. Each names the rule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Not TOML, or a field is not known.
    #[error("invalid policy: {0}")]
    Syntax(String),
    /// A number is out of range.
    #[error("invalid policy: \"{field}\" is {value}, but must be {range}")]
    Range {
        /// Which.
        field: &'static str,
        /// What it is.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// A rule names a table that is not in the workload.
    #[error("rule \"{rule}\" names table {table}, which is not in the workload")]
    MissingTable {
        /// Which rule.
        rule: String,
        /// The table as written.
        table: String,
    },
    /// A table is to be apart from itself.
    #[error("rule \"{rule}\" names table {table} twice, which cannot be apart from itself")]
    Itself {
        /// Which rule.
        rule: String,
        /// The table as written.
        table: String,
    },
    /// Two rules cannot both be kept.
    #[error("rules \"{first}\" and \"{second}\" contradict each other: {reason}")]
    Contradiction {
        /// One.
        first: String,
        /// The other.
        second: String,
        /// Why.
        reason: String,
    },
}

/// The reader's own text is several lines with a drawing; ours has the position in words.
fn in_one_line(text: &str, error: &toml::de::Error) -> String {
    let before = error.span().and_then(|span| text.get(..span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: {}", error.message().replace('\n', "; "))
}

impl Policy {
    /// Reads `policy.toml`.
    ///
    /// # Errors
    /// [`PolicyError::Syntax`] with the line, or [`PolicyError::Range`].
    pub fn from_toml(text: &str) -> Result<Self, PolicyError> {
        let policy: Policy = toml::from_str(text).map_err(|error| PolicyError::Syntax(in_one_line(text, &error)))?;
        policy.validate()?;
        Ok(policy)
    }

    /// Refuses numbers out of range and rules that contradict each other without looking at a workload.
    ///
    /// # Errors
    /// [`PolicyError::Range`] or [`PolicyError::Contradiction`].
    pub fn validate(&self) -> Result<(), PolicyError> {
        let range = |field, value: f64, ok: bool, range| {
            if ok { Ok(()) } else { Err(PolicyError::Range { field, value: value.to_string(), range }) }
        };
        range("headroom", self.headroom, (0.0..1.0).contains(&self.headroom), "at least 0 and below 1")?;
        let hot_share_ok = self.hot_share > 0.0 && self.hot_share <= 1000.0;
        range("hot_share", self.hot_share, hot_share_ok, "above 0 and at most 1000")?;
        range("max_delay_s", self.max_delay_s, self.max_delay_s >= 0.0 && self.max_delay_s.is_finite(), "at least 0")?;
        range("cut_tolerance", self.cut_tolerance, (0.0..=10.0).contains(&self.cut_tolerance), "between 0 and 10")?;
        range("sync_workers", f64::from(self.sync_workers), self.sync_workers >= 1, "at least 1")?;
        range("max_slots", f64::from(self.max_slots.unwrap_or(1)), self.max_slots != Some(0), "at least 1")?;
        if let Some(capacity) = self.slot_capacity {
            range("slot_capacity", capacity as f64, (1..=1 << 53).contains(&capacity), "between 1 and 2^53")?;
        }
        if let PublicationCount::Range(low, high) = self.publications {
            let value = format!("{low}..{high}");
            if low < 1 || high < low || high > 1000 {
                return Err(PolicyError::Range {
                    field: "publications",
                    value,
                    range: "N..M with 1 <= N <= M <= 1000",
                });
            }
        }
        for edge in &self.edge_weights {
            range("edge_weights.weight", edge.weight as f64, edge.weight <= 1_000_000, "at most 1000000")?;
        }
        for (field, sets) in [("keep_together", &self.keep_together), ("keep_apart", &self.keep_apart)] {
            if let Some(set) = sets.iter().find(|set| set.len() < 2) {
                let value = format!("[{}]", set.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", "));
                return Err(PolicyError::Range { field, value, range: "lists of at least two tables" });
            }
        }
        for split in self.split.values() {
            range("split.parts", f64::from(split.parts), (2..=64).contains(&split.parts), "between 2 and 64")?;
        }
        Ok(())
    }

    /// Whether a table is in the plan's scope, and if not, why.
    pub fn exclusion(&self, table: &TableName) -> Option<String> {
        if let Some(pattern) = self.exclude.iter().find(|pattern| pattern.covers(table)) {
            return Some(format!("excluded by policy pattern \"{}\"", pattern.0));
        }
        let included = self.include.is_empty() || self.include.iter().any(|pattern| pattern.covers(table));
        (!included).then(|| "not included by policy".to_owned())
    }

    /// The versions of publisher and subscriber that are planned for, where `sampled` is the server's that was observed.
    pub fn versions(&self, sampled: ServerVersion) -> (ServerVersion, ServerVersion) {
        let publisher = self.publisher_version.unwrap_or(sampled);
        (publisher, self.subscriber_version.unwrap_or(ServerVersion::of_major(publisher.major())))
    }

    /// The same policy, asking for these versions where it would give others.
    #[must_use]
    pub fn with_versions(
        mut self,
        sampled: ServerVersion,
        publisher: ServerVersion,
        subscriber: ServerVersion,
    ) -> Self {
        (self.publisher_version, self.subscriber_version) = (None, None);
        self.publisher_version = (publisher != sampled).then_some(publisher);
        self.subscriber_version = (self.versions(sampled).1 != subscriber).then_some(subscriber);
        self
    }

    /// Every slot name that pins ask for.
    pub fn pinned_slots(&self) -> BTreeSet<&SlotName> {
        self.pin.values().filter_map(|pin| if let Pin::Slot(name) = pin { Some(name) } else { None }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_file_has_everything() {
        let policy = Policy::from_toml(
            r#"
            publications = "6..8"
            max_slots = 8
            load = "wal"
            slot_capacity = 20000000
            keep_together = [["public.a", "public.b"]]
            pin = { "public.c" = "dedicated", "public.d" = "pgsp_x" }
            no_identity = "insert-only"
            [split]
            "public.e" = { parts = 4 }
            "#,
        )
        .unwrap();
        assert_eq!(policy.publications, PublicationCount::Range(6, 8));
        assert_eq!(policy.pin["public.d"], Pin::Slot(SlotName::new("pgsp_x").unwrap()));
        assert_eq!(policy.no_identity, NoIdentity::InsertOnly);
        assert_eq!(policy.headroom, 0.3);
    }

    #[test]
    fn bad_policies_say_what_is_wrong() {
        let message = |text: &str| Policy::from_toml(text).unwrap_err().to_string();
        assert!(message("hedroom = 1").contains("unknown field `hedroom`"));
        assert!(message("headroom = 1.0").contains("\"headroom\" is 1, but must be at least 0 and below 1"));
        assert!(message("prefix = \"A;\"").contains("prefix"));
        assert!(message("slot_capacity = 0").contains("\"slot_capacity\" is 0, but must be between 1 and 2^53"));
        let weight = message("edge_weights = [{ a = \"a\", b = \"b\", weight = 9000000000000000000 }]");
        assert!(weight.contains("\"edge_weights.weight\""), "{weight}");
        let built = Policy { publications: PublicationCount::Range(9, 2), ..Policy::default() };
        assert!(built.validate().unwrap_err().to_string().contains("\"publications\" is 9..2"));
        assert!(message("publications = \"8..6\"").contains("invalid number of publications"));
    }

    #[test]
    fn patterns_cover_like_a_shell() {
        let table = TableName::new("app", "email_events");
        for yes in ["app.email_events", "app.*", "*_events", "email_event?", "*.*"] {
            assert!(Pattern(yes.into()).covers(&table), "{yes}");
        }
        for no in ["public.*", "events", "app.email", "email_event"] {
            assert!(!Pattern(no.into()).covers(&table), "{no}");
        }
    }

    #[test]
    fn patterns_take_upper_case_dots_and_quotes() {
        let covers =
            |pattern: &str, schema: &str, name: &str| Pattern(pattern.into()).covers(&TableName::new(schema, name));
        for yes in
            ["Sales.*", "\"Sales\".*", "\"Sales\".\"Orders\"", "Sales.Orders", "*.\"Orders\"", "Order?", "\"Orders\""]
        {
            assert!(covers(yes, "Sales", "Orders"), "{yes}");
        }
        for no in ["sales.*", "\"sales\".*", "sales.orders", "\"Sales.*\"", "\"Sales\".\"*\"", "orders", "\"Sales"] {
            assert!(!covers(no, "Sales", "Orders"), "{no}");
        }
        assert!(covers("\"v1.0\"", "any", "v1.0") && covers("\"v1.0\".*", "v1.0", "t"));
        assert!(!covers("\"v1.0\".*", "v1", "0") && !covers("\"v1.0\"", "v1", "0"));
        assert!(covers("\"a\"\"b*c\"", "any", "a\"b*c") && !covers("\"a\"\"b*c\"", "any", "a\"bxc"));
        assert!(covers("we\"ird", "any", "we\"ird"), "a name that has a quote itself");
    }
}
