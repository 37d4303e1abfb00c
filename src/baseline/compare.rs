//! Two windows beside each other: what is worse by more than noise, the worst first, and why it may be.

mod figures;
mod statements;
mod tables;

pub(super) use figures::{is_io_slower, is_worse as was_made_worse};
pub use figures::{is_shown, number, words as row_words};
pub use statements::shown as shown_text;
pub(super) use tables::{lacks_statistics, missing_indexes, vacuum_is_behind};

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Baseline, Setting, figure, noise::Spread};
use crate::{
    finding::{Finding, Subject, code},
    format::{Document, FormatError, TOOL},
    names::one_line,
    server::ServerVersion,
    units::counted,
};

/// With fewer intervals the spread says little.
const FEW_INTERVALS: usize = 3;

/// What counts as a change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// How many times the value of before.
    pub factor: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { factor: 1.5 }
    }
}

/// One window, as far as a comparison names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Version of its server.
    pub version_num: ServerVersion,
    /// When it began, UTC.
    pub start: Timestamp,
    /// When it ended.
    pub end: Timestamp,
    /// How many intervals it has.
    pub intervals: usize,
}

/// The values of a figure in one or more windows.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The middle one.
    pub median: f64,
    /// The least.
    pub least: f64,
    /// The most.
    pub most: f64,
}

impl Range {
    fn of(spread: &Spread) -> Option<Self> {
        (!spread.is_empty()).then(|| Range { median: spread.median(), least: spread.least(), most: spread.most() })
    }
}

/// What became of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Worse by more than noise.
    Worse,
    /// It changed by more than noise, for better or for neither.
    Changed,
    /// Within noise.
    Same,
    /// One side has no value.
    Unknown,
}

/// One figure on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FigureChange {
    /// Its name.
    pub name: String,
    /// Compared for each transaction, not as it is.
    pub per_transaction: bool,
    /// Before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Range>,
    /// After.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Range>,
    /// What became of it.
    pub verdict: Verdict,
}

/// One statement on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StatementChange {
    /// Its text.
    pub text: String,
    /// Milliseconds a call before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before_ms: Option<Range>,
    /// Milliseconds a call after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_ms: Option<Range>,
    /// Calls a second before.
    pub before_calls_per_s: f64,
    /// Calls a second after.
    pub after_calls_per_s: f64,
    /// Blocks that a call looks at before.
    pub before_blocks: f64,
    /// Blocks that a call looks at after.
    pub after_blocks: f64,
    /// Time that it takes more than before, milliseconds a second.
    pub extra_ms_per_s: f64,
    /// What became of it.
    pub verdict: Verdict,
    /// Why it may be, the likeliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub causes: Vec<String>,
}

/// A setting that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SettingChange {
    /// Its name.
    pub name: String,
    /// Before; absent where that version lacks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// After; absent where that version lacks it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether plans depend on it.
    pub plans: bool,
}

/// What became of a database.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    /// `comparison`.
    pub kind: String,
    /// 1.
    pub version: u64,
    /// Who wrote it.
    pub tool: String,
    /// Database of the window after.
    pub database: String,
    /// Windows before.
    pub before: Vec<Window>,
    /// The window after.
    pub after: Window,
    /// All statements together: the factor by which the time of a call changed, in the middle of them.
    pub common_factor: f64,
    /// Figures.
    pub figures: Vec<FigureChange>,
    /// Statements, the worst first; those within noise after them, by time.
    pub statements: Vec<StatementChange>,
    /// Settings that differ.
    pub settings: Vec<SettingChange>,
    /// What was found, the worst first.
    pub findings: Vec<Finding>,
}

impl Document for Comparison {
    const KIND: &'static str = "comparison";
    const VERSION: u64 = 1;

    fn validate(&self) -> Result<(), FormatError> {
        Ok(())
    }
}

/// Why two files are not compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompareError {
    /// No window before.
    #[error("there is no window before")]
    Nothing,
    /// Windows of other databases.
    #[error("the windows are of databases \"{0}\" and \"{1}\"")]
    Database(String, String),
}

/// Windows before (the same hour of several days, say) and one after.
///
/// # Errors
/// [`CompareError`] when they are not of one database.
pub fn compare(before: &[Baseline], after: &Baseline, limits: Limits) -> Result<Comparison, CompareError> {
    let Some(newest) = before.iter().max_by_key(|baseline| baseline.end) else { return Err(CompareError::Nothing) };
    if let Some(other) = before.iter().find(|baseline| baseline.database != after.database) {
        return Err(CompareError::Database(one_line(&other.database), one_line(&after.database)));
    }
    let settings = setting_changes(&newest.settings, &after.settings);
    let figures = figures::figure_changes(before, after, limits);
    let (common_factor, statements) = statements::statement_changes(before, after, newest, &figures, &settings, limits);
    let mut findings = statements::findings(&statements, common_factor, before);
    findings.extend(tables::findings(newest, after));
    findings.extend(figures::findings(&figures, &statements));
    findings.extend(setting_finding(&settings));
    findings.extend(unseen(before, after));
    // stable: the worst statement stays the first of its code
    findings.sort_by(|a, b| (a.severity, &a.code).cmp(&(b.severity, &b.code)));
    Ok(Comparison {
        kind: Comparison::KIND.to_owned(),
        version: Comparison::VERSION,
        tool: TOOL.to_owned(),
        database: after.database.clone(),
        before: before.iter().map(window).collect(),
        after: window(after),
        common_factor,
        figures,
        statements,
        settings,
        findings,
    })
}

fn window(baseline: &Baseline) -> Window {
    Window {
        version_num: baseline.server.version_num,
        start: baseline.start,
        end: baseline.end,
        intervals: baseline.intervals_s.len(),
    }
}

/// Settings that differ, those that plans depend on first.
pub fn setting_changes(
    before: &std::collections::BTreeMap<String, Setting>,
    after: &std::collections::BTreeMap<String, Setting>,
) -> Vec<SettingChange> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes: Vec<SettingChange> = names
        .into_iter()
        .filter_map(|name| {
            let (old, new) = (before.get(name), after.get(name));
            // a version that lacks a setting does not differ in it
            let (old, new) = (old?, new?);
            (old != new).then(|| SettingChange {
                name: name.clone(),
                before: Some(shown(old)),
                after: Some(shown(new)),
                plans: is_of_plans(name),
            })
        })
        .collect();
    changes.sort_by(|a, b| b.plans.cmp(&a.plans).then_with(|| a.name.cmp(&b.name)));
    changes
}

fn shown(setting: &Setting) -> String {
    match &setting.unit {
        Some(unit) => format!("{} × {unit}", setting.value),
        None => setting.value.clone(),
    }
}

/// Whether the planner, or how its plans are carried out, depends on a setting.
pub fn is_of_plans(name: &str) -> bool {
    const OF_PLANS: [&str; 22] = [
        "random_page_cost",
        "seq_page_cost",
        "effective_cache_size",
        "work_mem",
        "hash_mem_multiplier",
        "jit",
        "from_collapse_limit",
        "join_collapse_limit",
        "default_statistics_target",
        "plan_cache_mode",
        "constraint_exclusion",
        "effective_io_concurrency",
        "max_parallel_workers_per_gather",
        "max_parallel_workers",
        "parallel_setup_cost",
        "parallel_tuple_cost",
        "parallel_leader_participation",
        "min_parallel_table_scan_size",
        "min_parallel_index_scan_size",
        "cursor_tuple_fraction",
        "geqo",
        "geqo_threshold",
    ];
    OF_PLANS.contains(&name) || ["cpu_", "enable_", "jit_"].iter().any(|begin| name.starts_with(begin))
}

fn setting_finding(settings: &[SettingChange]) -> Option<Finding> {
    let of_plans: Vec<String> = settings.iter().filter(|setting| setting.plans).map(setting_words).collect();
    (!of_plans.is_empty()).then(|| {
        Finding::new(
            code::BL109,
            Subject::Other("settings".to_owned()),
            format!("{} that plans depend on differ", counted(of_plans.len(), "setting")),
        )
        .detail(format!("{}.", of_plans.join("; ")))
    })
}

/// A setting that differs, for people.
pub fn setting_words(setting: &SettingChange) -> String {
    let value = |value: &Option<String>| one_line(value.as_deref().unwrap_or("absent"));
    format!("{} is {}, and was {}", one_line(&setting.name), value(&setting.after), value(&setting.before))
}

/// What could not be compared.
fn unseen(before: &[Baseline], after: &Baseline) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut say = |message: String, detail: String| {
        findings.push(Finding::new(code::BL111, Subject::Other("comparison".to_owned()), message).detail(detail));
    };
    let lacks = |baseline: &Baseline| baseline.statements.is_none();
    if before.iter().all(lacks) || lacks(after) {
        let side = if lacks(after) { "after" } else { "before" };
        say(
            "statements are not compared".to_owned(),
            format!("The window {side} has none: pg_stat_statements was not there, or the role may not read it."),
        );
    }
    let intervals = before.iter().map(|baseline| baseline.intervals_s.len()).sum::<usize>();
    if intervals.min(after.intervals_s.len()) < FEW_INTERVALS {
        say(
            format!("there are fewer than {FEW_INTERVALS} intervals on one side"),
            "The spread within a window says little then. Take a longer one, or more of them.".to_owned(),
        );
    }
    let gaps: Vec<String> = before.iter().chain([after]).flat_map(|b| &b.gaps).map(|gap| one_line(gap)).collect();
    if !gaps.is_empty() {
        let shown = gaps.iter().take(5).cloned().collect::<Vec<_>>().join("; ");
        say(format!("{} in what was observed", counted(gaps.len(), "gap")), format!("{shown}."));
    }
    findings
}

/// A figure's words; its name where it is of another release.
pub fn figure_words(name: &str) -> String {
    figure::find(name).map_or_else(|| one_line(name), |figure| figure.words.to_owned())
}

#[cfg(test)]
mod tests;
