//! How the slots of a migration are doing: what both servers show of them, judged by the plan. `check` says it, and whoever watches.
//!
//! One look does not tell a worker that fails from one that has just started, since a worker that ends is started again: so a state
//! is judged from several looks, the newest last. Section of the manual: "Monitoring" of logical replication; states of tables are
//! those of `pg_subscription_rel.srsubstate`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::{
    finding::{Finding, Severity, Subject, code},
    names::{TableName, copy_value, one_line, quote_identifier},
    plan::{Plan, PlannedSlot},
    units::Bytes,
};

/// Slots and publications of the publisher.
pub const PUBLISHER_SQL: &str = include_str!("emit/assets/lib/health_publisher.sql");
/// Subscriptions and their workers.
pub const SUBSCRIBER_SQL: &str = include_str!("emit/assets/lib/health_subscriber.sql");
/// States of tables; up to 13 for superusers only.
pub const TABLES_SQL: &str = include_str!("emit/assets/lib/health_tables.sql");
/// Errors of subscriptions, from 15 on.
pub const ERRORS_SQL: &str = include_str!("emit/assets/lib/health_errors.sql");

/// A slot that is so far behind catches up, the others stream.
const CAUGHT_UP_BYTES: i64 = 16 << 20;
/// A slot that may retain so much more is near its limit.
const NEAR_LIMIT_BYTES: i64 = 1 << 30;

/// What one look saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Look {
    slots: BTreeMap<String, SlotRow>,
    publications: BTreeSet<String>,
    subscriptions: BTreeMap<String, SubscriptionRow>,
    /// States of tables by subscription; absent when the role does not see them.
    tables: Option<BTreeMap<String, BTreeMap<TableName, char>>>,
    errors: BTreeMap<String, i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SlotRow {
    slot: String,
    active: bool,
    wal_status: Option<String>,
    invalidation_reason: Option<String>,
    safe_wal_bytes: Option<i64>,
    lag_bytes: Option<i64>,
    retained_bytes: Option<i64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct SubscriptionRow {
    subscription: String,
    enabled: bool,
    runs: bool,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Row {
    Slot(SlotRow),
    Subscription(SubscriptionRow),
    Table { subscription: String, schema: String, table: String, state: char },
    Errors { subscription: String, errors: i64 },
    Publication { publication: String },
}

/// A row that is not one of a look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid row of the state of slots: {0}")]
pub struct RowError(String);

impl Look {
    /// Says that the states of tables were asked for: none means that no table is subscribed.
    pub fn sees_tables(&mut self) {
        self.tables.get_or_insert_default();
    }

    /// Takes a row as COPY writes it, without the end of the line.
    ///
    /// # Errors
    /// [`RowError`] when it is none: the statement and this reader have come apart.
    pub fn take_row(&mut self, row: &str) -> Result<(), RowError> {
        let wrong = || RowError(one_line(row));
        let text = copy_value(row).ok_or_else(wrong)?;
        match serde_json::from_str(&text).map_err(|_| wrong())? {
            Row::Slot(slot) => drop(self.slots.insert(slot.slot.clone(), slot)),
            Row::Subscription(row) => drop(self.subscriptions.insert(row.subscription.clone(), row)),
            Row::Publication { publication } => drop(self.publications.insert(publication)),
            Row::Errors { subscription, errors } => drop(self.errors.insert(subscription, errors)),
            Row::Table { subscription, schema, table, state } => {
                let tables = self.tables.get_or_insert_default().entry(subscription).or_default();
                tables.insert(TableName::new(schema, table), state);
            }
        }
        Ok(())
    }

    /// Whether the plan is being carried out: one of its subscriptions is there.
    pub fn is_running(&self, plan: &Plan) -> bool {
        plan.slots.iter().any(|slot| self.subscriptions.contains_key(&slot.subscription))
    }

    /// Whether every subscription of the plan that is enabled has its worker: no second look is needed.
    pub fn is_calm(&self, plan: &Plan) -> bool {
        let rows = plan.slots.iter().filter_map(|slot| self.subscriptions.get(&slot.subscription));
        rows.filter(|row| row.enabled).all(|row| row.runs)
    }
}

/// How a slot is doing, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// WAL that it needs is gone, or it was invalidated.
    Lost,
    /// The slot or its subscription is not there.
    Absent,
    /// The subscription is disabled.
    Disabled,
    /// The worker ends and starts again, or errors are counted.
    Failing,
    /// Nobody reads the slot just now.
    Disconnected,
    /// Tables are being copied.
    Copying,
    /// Every table is ready, the slot is behind.
    CatchingUp,
    /// Every table is ready, the slot follows.
    Streaming,
}

/// One slot's state and what it was judged by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotHealth {
    /// The slot.
    pub slot: String,
    /// Its subscription.
    pub subscription: String,
    /// How it is doing.
    pub state: State,
    /// Why: one line, lower case.
    pub reason: String,
    /// Flush lag, where the slot has a position.
    pub lag_bytes: Option<i64>,
    /// WAL that may still be written before the slot is lost; absent without a limit.
    pub safe_wal_bytes: Option<i64>,
    /// Planned tables that the subscription does not list; their changes are discarded.
    pub not_subscribed: Vec<TableName>,
    /// Publications of the slot that are not there.
    pub missing_publications: Vec<String>,
}

/// Judges every slot of the plan by looks that some seconds lie between, the newest last; the worst comes first.
pub fn assess(plan: &Plan, looks: &[Look]) -> Vec<SlotHealth> {
    let Some(last) = looks.last() else { return Vec::new() };
    let mut found: Vec<SlotHealth> = plan.slots.iter().map(|slot| judge(slot, looks, last)).collect();
    found.sort_by(|a, b| (a.state, &a.slot).cmp(&(b.state, &b.slot)));
    found
}

fn judge(planned: &PlannedSlot, looks: &[Look], last: &Look) -> SlotHealth {
    let slot = last.slots.get(planned.name.as_str());
    let subscription = last.subscriptions.get(&planned.subscription);
    let tables = last.tables.as_ref().map(|tables| tables.get(&planned.subscription).cloned().unwrap_or_default());
    let not_subscribed = match (&tables, subscription) {
        (Some(known), Some(_)) => {
            let wanted = planned.tables.iter().flat_map(|table| planned.received(table));
            wanted.filter(|name| !known.contains_key(name)).collect()
        }
        _ => Vec::new(),
    };
    let publications = planned.publications().into_iter().filter_map(|publication| publication.name);
    let missing_publications =
        publications.filter(|name| !last.publications.contains(*name)).map(str::to_owned).collect();
    let (state, reason) = state(planned, looks, slot, subscription, tables.as_ref());
    SlotHealth {
        slot: planned.name.as_str().to_owned(),
        subscription: planned.subscription.clone(),
        state,
        reason,
        lag_bytes: slot.and_then(|slot| slot.lag_bytes),
        safe_wal_bytes: slot.and_then(|slot| slot.safe_wal_bytes),
        not_subscribed,
        missing_publications,
    }
}

fn state(
    planned: &PlannedSlot,
    looks: &[Look],
    slot: Option<&SlotRow>,
    subscription: Option<&SubscriptionRow>,
    tables: Option<&BTreeMap<TableName, char>>,
) -> (State, String) {
    let Some(slot) = slot else { return (State::Absent, "the slot is not there".to_owned()) };
    if let Some(reason) = &slot.invalidation_reason {
        return (State::Lost, format!("the slot was invalidated: {}", one_line(reason)));
    }
    if slot.wal_status.as_deref() == Some("lost") {
        return (State::Lost, "the slot is lost: WAL that it needs is gone".to_owned());
    }
    let Some(subscription) = subscription else { return (State::Absent, "its subscription is not there".to_owned()) };
    if !subscription.enabled {
        return (State::Disabled, "its subscription is disabled".to_owned());
    }
    let of = |look: &Look| look.errors.get(&planned.subscription).copied().unwrap_or_default();
    let (first, last) = (looks.first().map_or(0, of), looks.last().map_or(0, of));
    if last > first {
        return (State::Failing, format!("{} errors within the last seconds", last - first));
    }
    let runs = |look: &Look| look.subscriptions.get(&planned.subscription).is_none_or(|row| !row.enabled || row.runs);
    if looks.len() > 1 && !looks.iter().any(runs) {
        return (State::Failing, "its worker ends and starts again, or cannot start".to_owned());
    }
    if !slot.active {
        return (State::Disconnected, "nobody is connected to the slot".to_owned());
    }
    let waiting = tables.map_or(0, |tables| tables.values().filter(|state| **state != 'r').count());
    if waiting > 0 {
        return (State::Copying, format!("{waiting} tables are not ready"));
    }
    match slot.lag_bytes {
        Some(lag) if lag > CAUGHT_UP_BYTES => (State::CatchingUp, format!("{} behind", Bytes(lag as f64))),
        _ => (State::Streaming, "every table is ready".to_owned()),
    }
}

/// What has to be said of the slots. A slot that streams has no finding.
pub fn findings(slots: &[SlotHealth]) -> Vec<Finding> {
    let mut found = Vec::new();
    for health in slots {
        let subject = || Subject::Slot(health.slot.clone());
        let subscription = one_line(&quote_identifier(&health.subscription));
        let code = match health.state {
            State::Lost => Some(code::HE102),
            State::Absent => Some(code::HE101),
            State::Disabled => Some(code::HE104),
            State::Failing => Some(code::HE103),
            State::Disconnected => Some(code::HE105),
            State::Copying | State::CatchingUp => Some(code::HE108),
            State::Streaming => None,
        };
        if let Some(code) = code {
            let mut finding = Finding::new(code, subject(), health.reason.clone());
            finding.hint = match health.state {
                State::Lost => Some("Clean up, empty its tables, and begin again with this slot.".to_owned()),
                State::Absent => Some("Run the steps that create slots and subscriptions again.".to_owned()),
                State::Disabled => Some(format!("Once the cause is fixed: ALTER SUBSCRIPTION {subscription} ENABLE;")),
                State::Failing | State::Disconnected => {
                    Some("Read the log of the subscriber: it names the cause.".to_owned())
                }
                _ => None,
            };
            found.push(finding);
        }
        for table in &health.not_subscribed {
            let message = format!("subscription {subscription} does not list the table: its changes are discarded");
            found.push(
                Finding::new(code::HE106, Subject::Table(table.clone()), message)
                    .hint(format!("ALTER SUBSCRIPTION {subscription} REFRESH PUBLICATION; copies the table.")),
            );
        }
        if matches!(health.state, State::Lost | State::Absent) {
            continue;
        }
        for publication in &health.missing_publications {
            let name = one_line(&quote_identifier(publication));
            found.push(
                Finding::new(code::HE109, subject(), format!("publication {name} is not there")).hint(
                    "Run the step publications again; a slot that is older than its publication must start over.",
                ),
            );
        }
        if let Some(safe) = health.safe_wal_bytes.filter(|safe| *safe < NEAR_LIMIT_BYTES) {
            let severity = if safe <= 0 { Severity::Error } else { Severity::Warning };
            let left = Bytes(safe.max(0) as f64);
            found.push(
                Finding::new(
                    code::HE107,
                    subject(),
                    format!("{left} of WAL may still be written before the slot is lost"),
                )
                .with_severity(severity)
                .hint("ALTER SYSTEM SET max_slot_wal_keep_size, then SELECT pg_reload_conf();"),
            );
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = r#"{"subscription": "pgsp_a", "schema": "public", "table": "t", "state": "r"}"#;
    const PUBLICATION: &str = r#"{"publication": "pgsp_a"}"#;

    fn slot(more: &str) -> String {
        let fields = [
            ("active", "true"),
            ("wal_status", "\"reserved\""),
            ("invalidation_reason", "null"),
            ("safe_wal_bytes", "null"),
            ("lag_bytes", "0"),
            ("retained_bytes", "0"),
        ];
        let shown = fields.map(|(name, usual)| match more.split_once('=').filter(|(other, _)| *other == name) {
            Some((_, value)) => format!("\"{name}\": {value}"),
            None => format!("\"{name}\": {usual}"),
        });
        format!("{{\"slot\": \"pgsp_a\", {}}}", shown.join(", "))
    }

    fn subscription(enabled: bool, runs: bool) -> String {
        format!("{{\"subscription\": \"pgsp_a\", \"enabled\": {enabled}, \"runs\": {runs}}}")
    }

    fn look(rows: &[&str]) -> Look {
        let mut look = Look::default();
        look.sees_tables();
        rows.iter().for_each(|row| look.take_row(row).unwrap());
        look
    }

    fn plan() -> Plan {
        let json = include_str!("../samples/saas/plan.json");
        let mut plan: Plan = crate::format::read(json.as_bytes()).unwrap();
        plan.slots.truncate(1);
        let slot = &mut plan.slots[0];
        slot.name = crate::names::SlotName::new("pgsp_a").unwrap();
        (slot.subscription, slot.publication) = ("pgsp_a".into(), "pgsp_a".into());
        slot.tables.truncate(1);
        (slot.tables[0].schema, slot.tables[0].name) = ("public".into(), "t".into());
        slot.tables[0].kind = crate::workload::TableKind::Table;
        slot.tables[0].insert_only = false;
        plan
    }

    fn codes(looks: &[Look]) -> Vec<String> {
        findings(&assess(&plan(), looks)).into_iter().map(|finding| finding.code).collect()
    }

    #[test]
    fn each_state_has_its_code() {
        let (runs, gone) = (subscription(true, true), subscription(true, false));
        let usual = slot("");
        let good = [usual.as_str(), runs.as_str(), TABLE, PUBLICATION];
        assert!(codes(&[look(&good)]).is_empty());
        assert_eq!(codes(&[look(&[&runs, TABLE, PUBLICATION])]), ["HE101"]);
        assert_eq!(codes(&[look(&[&slot(""), PUBLICATION])]), ["HE101"]);
        for lost in ["wal_status=\"lost\"", "invalidation_reason=\"idle_timeout\""] {
            assert_eq!(codes(&[look(&[&slot(lost), &runs, TABLE, PUBLICATION])]), ["HE102"]);
        }
        let failing = look(&[&slot("active=false"), &gone, TABLE, PUBLICATION]);
        assert_eq!(codes(&[failing.clone(), failing.clone()]), ["HE103"]);
        // one look does not tell, nor one look among several
        assert_eq!(codes(std::slice::from_ref(&failing)), ["HE105"]);
        assert!(codes(&[failing, look(&good)]).is_empty());
        let errors = |count: &str| {
            let row = format!("{{\"subscription\": \"pgsp_a\", \"errors\": {count}}}");
            look(&[&slot(""), &runs, TABLE, PUBLICATION, &row])
        };
        assert_eq!(codes(&[errors("3"), errors("4")]), ["HE103"]);
        assert!(codes(&[errors("3"), errors("3")]).is_empty());
        assert_eq!(codes(&[look(&[&slot(""), &subscription(false, false), TABLE, PUBLICATION])]), ["HE104"]);
        assert_eq!(codes(&[look(&[&slot(""), &runs, PUBLICATION])]), ["HE106"]);
        assert_eq!(codes(&[look(&[&slot("safe_wal_bytes=1000"), &runs, TABLE, PUBLICATION])]), ["HE107"]);
        assert_eq!(codes(&[look(&[&slot("lag_bytes=99000000"), &runs, TABLE, PUBLICATION])]), ["HE108"]);
        let copying = TABLE.replace("\"r\"", "\"d\"");
        assert_eq!(codes(&[look(&[&slot(""), &runs, &copying, PUBLICATION])]), ["HE108"]);
        assert_eq!(codes(&[look(&[&slot(""), &runs, TABLE])]), ["HE109"]);
        assert_eq!(code::all().filter(|code| code.name.starts_with("HE")).count(), 9);
    }

    #[test]
    fn rows_that_are_none_are_refused() {
        let mut look = Look::default();
        for wrong in ["", "{}", "\\N", "{\"slot\": 1}"] {
            assert!(look.take_row(wrong).is_err(), "{wrong}");
        }
        assert!(!look.is_running(&plan()) && look.is_calm(&plan()));
    }
}
