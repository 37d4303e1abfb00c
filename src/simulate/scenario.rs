//! What happens, and what there is to carry it: capacities, outages, bulk loads, when to start and when to cut over.
//!
//! Times are seconds from the workload's start; [`parse_moment`] reads them as people write them.

use jiff::{SignedDuration, Timestamp, civil::Weekday, tz::TimeZone};
use serde::{Deserialize, Serialize};

use super::forecast::Range;
use crate::{
    names::TableName,
    plan::copy::{COPY_BYTES_PER_S, copy_rates},
    units::{self, Bytes, Seconds},
};

/// The subscriber, or one subscription, applies nothing for a while.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Outage {
    /// When it begins, seconds from the workload's start.
    pub from_s: f64,
    /// How long nothing is applied, seconds.
    pub duration_s: f64,
    /// Name of the only slot that it stops; absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<String>,
}

/// Rows written into one table on top of its usual load, in one transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct BulkLoad {
    /// The table that is written.
    pub table: TableName,
    /// Row data written, bytes.
    pub bytes: u64,
    /// When the transaction begins, seconds from the workload's start.
    pub from_s: f64,
    /// How long the transaction writes, seconds; it commits at its end.
    pub duration_s: f64,
}

/// How bootstrap `snapshot` copies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Pieces {
    /// Programs that copy at the same time, over all machines (`PGSLOTPLAN_JOBS`), from 1 to 1,000.
    pub jobs: u32,
    /// Size of a piece on the publisher, bytes (`PGSLOTPLAN_PIECE_MB`), at least 1,000,000.
    pub bytes: u64,
}

impl Default for Pieces {
    /// As step `snapshot` does it.
    fn default() -> Self {
        Pieces { jobs: 4, bytes: 1_024_000_000 }
    }
}

/// Everything that a forecast assumes beside plan and workload.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// Cores of the publisher that all walsenders together may use; absent: one for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub publisher_cores: Option<f64>,
    /// Cores of the subscriber that all apply workers together may use; absent: one for each.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscriber_cores: Option<f64>,
    /// What the path between the servers carries, bytes per second; absent: enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_bytes_per_s: Option<f64>,
    /// What one table synchronization worker, or one program of bootstrap `snapshot`, copies, bytes per second; `low` is optimistic, so the largest.
    pub copy_bytes_per_s: Range,
    /// Table synchronization workers of each subscription (`max_sync_workers_per_subscription`).
    pub sync_workers: u32,
    /// Bootstrap `snapshot`; absent: table synchronization workers copy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pieces: Option<Pieces>,
    /// Space that WAL may take on the publisher, bytes; absent: not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disk_free_bytes: Option<u64>,
    /// `max_slot_wal_keep_size`: a slot that would retain more is invalidated; absent: no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot_wal_limit_bytes: Option<u64>,
    /// Stretches of time in which the subscriber or a slot applies nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outages: Vec<Outage>,
    /// Transactions that write much into one table, on top of its usual load.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bulk_loads: Vec<BulkLoad>,
    /// Start of the initial copy, seconds from the workload's start; absent: the best hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_s: Option<f64>,
    /// When writes stop, seconds from the workload's start; absent: the best hour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cutover_s: Option<f64>,
}

impl Default for Scenario {
    fn default() -> Self {
        Scenario {
            publisher_cores: None,
            subscriber_cores: None,
            network_bytes_per_s: None,
            copy_bytes_per_s: copy_rate(COPY_BYTES_PER_S),
            sync_workers: 2,
            pieces: None,
            disk_free_bytes: None,
            slot_wal_limit_bytes: None,
            outages: Vec::new(),
            bulk_loads: Vec::new(),
            start_s: None,
            cutover_s: None,
        }
    }
}

/// The range around a copy rate; `low` is optimistic.
pub fn copy_rate(nominal: f64) -> Range {
    let (slowest, fastest) = copy_rates(nominal).into_inner();
    Range { low: fastest, nominal, high: slowest }
}

/// Why a piece of a scenario cannot be used.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioError {
    /// Not a time of ours.
    #[error("invalid time \"{0}\": expected \"Mon 14:00\", \"14:00\", an RFC 3339 time, or \"+3h\" from the start")]
    Moment(String),
    /// A time that the workload does not cover.
    #[error("time \"{text}\" is not in the workload, which covers {from} to {until}")]
    Outside {
        /// As written.
        text: String,
        /// Start of the workload.
        from: Timestamp,
        /// Its end.
        until: Timestamp,
    },
    /// Not an outage.
    #[error("invalid outage \"{0}\": expected \"30min at Mon 14:00\", with \" for SLOT\" where only one is down")]
    Outage(String),
    /// Not a bulk load.
    #[error("invalid bulk load \"{0}\": expected \"200GB into schema.table at Mon 14:00 over 1h\"")]
    BulkLoad(String),
    /// A slot that the plan does not have.
    #[error("slot \"{0}\" is not in the plan")]
    MissingSlot(String),
    /// A table that no slot of the plan carries.
    #[error("table {0} is in no slot of the plan")]
    MissingTable(TableName),
    /// A number out of range.
    #[error("{what} is {value}, but must be {range}")]
    Range {
        /// Which.
        what: &'static str,
        /// What it is.
        value: f64,
        /// What it may be.
        range: &'static str,
    },
}

/// The stretch of time that a workload covers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Span {
    /// Its start.
    pub start: Timestamp,
    /// Its length, seconds.
    pub length_s: f64,
}

impl Span {
    fn end(&self) -> Timestamp {
        self.start.checked_add(SignedDuration::from_secs_f64(self.length_s)).unwrap_or(Timestamp::MAX)
    }
}

/// Reads a moment within the span, as seconds from its start: `Mon 14:00` and `14:00` are the first such time in UTC,
/// `+3h` counts from the start, anything else is RFC 3339.
///
/// # Errors
/// [`ScenarioError::Moment`] or [`ScenarioError::Outside`].
pub fn parse_moment(text: &str, span: Span) -> Result<f64, ScenarioError> {
    let trimmed = text.trim();
    let invalid = || ScenarioError::Moment(text.to_owned());
    let seconds = if let Some(offset) = trimmed.strip_prefix('+') {
        units::parse_seconds(offset).map_err(|_| invalid())?
    } else if let Ok(timestamp) = trimmed.parse::<Timestamp>() {
        timestamp.duration_since(span.start).as_secs_f64()
    } else {
        let (day, time) = match trimmed.rsplit_once(' ') {
            Some((day, time)) => (Some(weekday(day.trim()).ok_or_else(invalid)?), time),
            None => (None, trimmed),
        };
        let of_day_s = time_of_day(time).ok_or_else(invalid)?;
        let start = span.start.to_zoned(TimeZone::UTC);
        let at_s =
            f64::from(i32::from(start.hour()) * 3600 + i32::from(start.minute()) * 60 + i32::from(start.second()));
        let days = day.map_or(0, |day| day.to_monday_zero_offset() - start.weekday().to_monday_zero_offset());
        let (offset, cycle_s) =
            (f64::from(days) * 86_400.0 + of_day_s - at_s, if day.is_some() { 604_800.0 } else { 86_400.0 });
        if offset < 0.0 { offset + cycle_s } else { offset }
    };
    if seconds < 0.0 || seconds >= span.length_s {
        return Err(ScenarioError::Outside { text: text.to_owned(), from: span.start, until: span.end() });
    }
    Ok(seconds)
}

fn weekday(text: &str) -> Option<Weekday> {
    const DAYS: [(&str, Weekday); 7] = [
        ("mon", Weekday::Monday),
        ("tue", Weekday::Tuesday),
        ("wed", Weekday::Wednesday),
        ("thu", Weekday::Thursday),
        ("fri", Weekday::Friday),
        ("sat", Weekday::Saturday),
        ("sun", Weekday::Sunday),
    ];
    let lower = text.to_ascii_lowercase();
    DAYS.iter()
        .find(|(short, _)| {
            lower.len() >= 3 && format!("{short}day").starts_with(&lower)
                || lower == *short
                || matches!(
                    (lower.as_str(), *short),
                    ("tuesday", "tue") | ("wednesday", "wed") | ("thursday", "thu") | ("saturday", "sat")
                )
        })
        .map(|(_, day)| *day)
}

fn time_of_day(text: &str) -> Option<f64> {
    let time: jiff::civil::Time = text.parse().ok()?;
    text.contains(':')
        .then(|| f64::from(time.hour()) * 3600.0 + f64::from(time.minute()) * 60.0 + f64::from(time.second()))
}

impl Outage {
    /// Reads `30min at Mon 14:00` or `30min at Mon 14:00 for pgsp_shared_1`.
    ///
    /// # Errors
    /// [`ScenarioError`] when it is not of that form or outside the span.
    pub fn parse(text: &str, span: Span) -> Result<Self, ScenarioError> {
        let invalid = || ScenarioError::Outage(text.to_owned());
        let (duration, rest) = text.split_once(" at ").ok_or_else(invalid)?;
        let (moment, slot) = match rest.split_once(" for ") {
            Some((moment, slot)) => (moment, Some(slot.trim().to_owned())),
            None => (rest, None),
        };
        let duration_s = units::parse_seconds(duration).map_err(|_| invalid())?;
        Ok(Outage { from_s: parse_moment(moment, span)?, duration_s, slot })
    }
}

impl BulkLoad {
    /// Reads `200GB into public.events at Mon 14:00 over 1h`; without `over` it takes an hour.
    ///
    /// # Errors
    /// [`ScenarioError`] when it is not of that form or outside the span.
    pub fn parse(text: &str, span: Span) -> Result<Self, ScenarioError> {
        let invalid = || ScenarioError::BulkLoad(text.to_owned());
        let (bytes, rest) = text.split_once(" into ").ok_or_else(invalid)?;
        let (table, rest) = rest.rsplit_once(" at ").ok_or_else(invalid)?;
        let (moment, duration) = match rest.split_once(" over ") {
            Some((moment, duration)) => (moment, units::parse_seconds(duration).map_err(|_| invalid())?),
            None => (rest, 3600.0),
        };
        if duration <= 0.0 {
            return Err(invalid());
        }
        Ok(BulkLoad {
            table: TableName::parse(table.trim()).map_err(|_| invalid())?,
            bytes: units::parse_bytes(bytes).map_err(|_| invalid())?,
            from_s: parse_moment(moment, span)?,
            duration_s: duration,
        })
    }
}

impl Scenario {
    /// Every capacity is above zero, every number finite.
    ///
    /// # Errors
    /// [`ScenarioError::Range`] with the first that is not.
    pub fn validate(&self) -> Result<(), ScenarioError> {
        let capacities = [
            ("the number of publisher cores", self.publisher_cores),
            ("the number of subscriber cores", self.subscriber_cores),
            ("the network's rate", self.network_bytes_per_s),
            ("the copy rate", Some(self.copy_bytes_per_s.low)),
            ("the copy rate", Some(self.copy_bytes_per_s.nominal)),
            ("the copy rate", Some(self.copy_bytes_per_s.high)),
            ("the number of sync workers", Some(f64::from(self.sync_workers))),
        ];
        for (what, value) in capacities {
            if let Some(value) = value.filter(|value| !value.is_finite() || *value <= 0.0) {
                return Err(ScenarioError::Range { what, value, range: "above 0" });
            }
        }
        if let Some(Pieces { jobs, bytes }) = self.pieces {
            if !(1..=1000).contains(&jobs) {
                let what = "the number of programs that copy";
                return Err(ScenarioError::Range { what, value: f64::from(jobs), range: "from 1 to 1,000" });
            }
            if bytes < 1_000_000 {
                let what = "the size of a piece";
                return Err(ScenarioError::Range { what, value: bytes as f64, range: "at least 1 MB" });
            }
        }
        Ok(())
    }

    /// What it assumes, a sentence each.
    pub fn sentences(&self) -> Vec<String> {
        let cores = |who: &str, side: &str, cores: Option<f64>| match cores {
            Some(cores) => format!("{who} share {cores} cores of the {side}."),
            None => format!("Each of the {} has a core of the {side} to itself.", who.to_lowercase()),
        };
        let mut sentences = vec![
            cores("Walsenders", "publisher", self.publisher_cores),
            cores("Apply workers", "subscriber", self.subscriber_cores),
            match self.network_bytes_per_s {
                Some(rate) => format!("The network carries {}/s.", Bytes(rate)),
                None => "The network carries everything.".to_owned(),
            },
            format!(
                "Each of {} copies {}/s ({}/s to {}/s).",
                self.pieces.map_or_else(
                    || format!("{} table synchronization workers a subscription", self.sync_workers),
                    |pieces| format!("{} programs that take pieces of {}", pieces.jobs, Bytes(pieces.bytes as f64))
                ),
                Bytes(self.copy_bytes_per_s.nominal),
                Bytes(self.copy_bytes_per_s.high),
                Bytes(self.copy_bytes_per_s.low)
            ),
        ];
        if let Some(bytes) = self.slot_wal_limit_bytes {
            sentences.push(format!("max_slot_wal_keep_size is {}.", Bytes(bytes as f64)));
        }
        if let Some(bytes) = self.disk_free_bytes {
            sentences.push(format!("The publisher has {} free for WAL.", Bytes(bytes as f64)));
        }
        for outage in &self.outages {
            let whose = outage.slot.as_ref().map_or("Every slot".to_owned(), |slot| format!("Slot {slot}"));
            sentences.push(format!(
                "{whose} stands still for {}, from {} into the workload on.",
                Seconds(outage.duration_s),
                Seconds(outage.from_s)
            ));
        }
        for load in &self.bulk_loads {
            sentences.push(format!(
                "One transaction writes {} into {} in {}, from {} into the workload on.",
                Bytes(load.bytes as f64),
                load.table,
                Seconds(load.duration_s),
                Seconds(load.from_s)
            ));
        }
        sentences
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn week() -> Span {
        // A Monday, midnight.
        Span { start: "2026-01-05T00:00:00Z".parse().unwrap(), length_s: 604_800.0 }
    }

    #[test]
    fn moments_are_read_as_people_write_them() {
        let hour = |text: &str| parse_moment(text, week()).map(|seconds| seconds / 3600.0);
        assert_eq!(hour("Mon 14:00"), Ok(14.0));
        assert_eq!(hour("14:30"), Ok(14.5));
        assert_eq!(hour("tuesday 00:00"), Ok(24.0));
        assert_eq!(hour("Sun 03:00"), Ok(147.0));
        assert_eq!(hour("+90min"), Ok(1.5));
        assert_eq!(hour("2026-01-06T01:00:00Z"), Ok(25.0));
        assert!(matches!(hour("+8d"), Err(ScenarioError::Outside { .. })));
        assert!(matches!(hour("soon"), Err(ScenarioError::Moment(_))));
        assert!(matches!(hour("Mop 14:00"), Err(ScenarioError::Moment(_))));
        let noon = Span { start: "2026-01-05T12:00:00Z".parse().unwrap(), length_s: 86_400.0 };
        assert_eq!(parse_moment("11:00", noon), Ok(23.0 * 3600.0));
        assert_eq!(parse_moment("Tue 11:00", noon), Ok(23.0 * 3600.0));
        assert!(parse_moment("Wed 11:00", noon).is_err());
    }

    #[test]
    fn events_are_read_as_people_write_them() {
        let outage = Outage::parse("30min at Mon 14:00 for pgsp_a", week()).unwrap();
        assert_eq!(outage, Outage { from_s: 50_400.0, duration_s: 1800.0, slot: Some("pgsp_a".into()) });
        let load = BulkLoad::parse("200GB into \"a at b\" at Tue 01:00 over 2h", week()).unwrap();
        assert_eq!((load.table.name.as_str(), load.bytes), ("a at b", 200_000_000_000));
        assert_eq!((load.from_s, load.duration_s), (90_000.0, 7200.0));
        assert!(Outage::parse("soon", week()).is_err() && BulkLoad::parse("1GB into a", week()).is_err());
    }

    #[test]
    fn capacities_are_above_zero() {
        assert!(Scenario::default().validate().is_ok());
        assert!(Scenario { network_bytes_per_s: Some(0.0), ..Scenario::default() }.validate().is_err());
        assert!(Scenario { sync_workers: 0, ..Scenario::default() }.validate().is_err());
    }
}
