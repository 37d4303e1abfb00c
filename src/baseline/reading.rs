//! Counters of several moments into rates and their spread. What was reset, or belongs to another start of the server, is a
//! gap and never a rate.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{
    Baseline, BaselineServer, IndexFigures, MOST_STATEMENTS, Setting, StatementFigures, TableFigures, Values,
    figure::{FIGURES, Kind},
    text::Statement,
};
use crate::format::{Document, TOOL};

/// A counter, and since when it counts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Counter {
    /// Its value.
    pub value: f64,
    /// When it was last set to zero.
    pub reset: Option<Timestamp>,
}

/// One statement of one role as the server counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct StatementId {
    /// Role.
    pub role: u32,
    /// `queryid`.
    pub query: i64,
    /// Called by the application itself.
    pub toplevel: bool,
}

/// Sums since the server began to count a statement.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct StatementCounters {
    /// Executions.
    pub calls: f64,
    /// Milliseconds.
    pub total_ms: f64,
    /// Rows.
    pub rows: f64,
    /// Blocks found in shared buffers.
    pub blocks_hit: f64,
    /// Blocks read.
    pub blocks_read: f64,
    /// Blocks of temporary files written.
    pub temp_blocks: f64,
    /// Milliseconds spent reading blocks.
    pub read_ms: f64,
}

/// What was read at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// The server's clock.
    pub at: Timestamp,
    /// When the server was started.
    pub started: Timestamp,
    /// Counters by the name of their figure.
    pub counters: BTreeMap<String, Counter>,
    /// Levels by the name of their figure.
    pub levels: BTreeMap<String, f64>,
    /// Statements, where they were to be read.
    pub statements: Option<BTreeMap<StatementId, StatementCounters>>,
}

/// One table at one moment.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TableReading {
    /// Schema.
    pub schema: String,
    /// Name.
    pub name: String,
    /// Rows.
    pub live_rows: f64,
    /// Dead rows.
    pub dead_rows: f64,
    /// Scans of all of it.
    pub seq_scans: f64,
    /// Rows that they read.
    pub seq_rows: f64,
    /// Scans of its indexes.
    pub index_scans: f64,
    /// Rows written.
    pub writes: f64,
    /// Vacuums.
    pub vacuums: f64,
    /// Analyzes.
    pub analyzes: f64,
    /// Milliseconds of vacuums.
    pub vacuum_ms: Option<f64>,
}

/// All tables at one moment, by oid, and the scans of indexes by theirs.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct TablesReading {
    /// The server's clock.
    pub at: Timestamp,
    /// When the counters of the database were last set to zero.
    pub reset: Option<Timestamp>,
    /// Tables.
    pub tables: BTreeMap<u32, TableReading>,
    /// Scans of indexes.
    pub index_scans: BTreeMap<u32, f64>,
}

/// An index as the catalog has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexReading {
    /// Its oid.
    pub oid: u32,
    /// That of its table.
    pub table: u32,
    /// Name.
    pub name: String,
    /// `UNIQUE USING btree (id)`, with literals.
    pub definition: String,
}

/// What is read once, at the end.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// Name of the database.
    pub database: String,
    /// The text of each statement; none for our own, which are none of the application's.
    pub texts: BTreeMap<StatementId, Option<Statement>>,
    /// Indexes of the tables that are kept.
    pub indexes: Vec<IndexReading>,
    /// Whether the planner has statistics of a table, where that can be seen.
    pub has_statistics: BTreeMap<u32, bool>,
    /// Settings.
    pub settings: BTreeMap<String, Setting>,
    /// What the role may not see.
    pub notes: Vec<String>,
}

/// Why there is no baseline.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadingError {
    /// Nothing to compare the first reading with.
    #[error("there is only one reading, and a rate needs two")]
    One,
}

/// What one statement did in an interval.
#[derive(Debug, Clone, Copy, Default)]
struct Step {
    calls: f64,
    ms: f64,
}

#[derive(Debug, Clone, Default)]
struct StatementSum {
    total: StatementCounters,
    steps: BTreeMap<usize, Step>,
}

/// Takes readings one after another.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    first: Option<Timestamp>,
    last: Option<Reading>,
    intervals_s: Vec<f64>,
    figures: BTreeMap<String, Values>,
    /// Sums and number of levels seen since the last reading.
    levels: BTreeMap<String, (f64, f64)>,
    statements: BTreeMap<StatementId, StatementSum>,
    /// Intervals in which the statements were not observed.
    unseen: Vec<usize>,
    gaps: Vec<String>,
}

impl Folder {
    /// Levels between two readings: their mean is the interval's.
    pub fn take_levels(&mut self, levels: &BTreeMap<String, f64>) {
        for (name, value) in levels.iter().filter(|(_, value)| value.is_finite()) {
            let (sum, count) = self.levels.entry(name.clone()).or_default();
            *sum += value.max(0.0);
            *count += 1.0;
        }
    }

    /// The next reading. One that is not later than the last is left out.
    pub fn take(&mut self, reading: Reading) {
        self.take_levels(&reading.levels);
        let Some(last) = self.last.replace(reading) else {
            self.first = self.last.as_ref().map(|reading| reading.at);
            self.levels.clear();
            return;
        };
        let Some(now) = self.last.take() else { return };
        let seconds = (now.at - last.at).total(jiff::Unit::Second).unwrap_or(0.0);
        if seconds <= 0.0 {
            self.gaps.push(format!("at {}: the server's clock was set back", now.at));
            self.last = Some(now);
            return;
        }
        let has_restarted = now.started != last.started;
        if has_restarted {
            self.gaps.push(format!("until {}: the server was restarted", now.at));
        }
        self.take_counters(&last, &now, seconds, has_restarted);
        self.take_statements(&last, &now, has_restarted);
        self.intervals_s.push(seconds);
        self.last = Some(now);
    }

    fn take_counters(&mut self, last: &Reading, now: &Reading, seconds: f64, has_restarted: bool) {
        let position = self.intervals_s.len();
        let mut reset = Vec::new();
        for figure in FIGURES {
            let value = match figure.kind {
                Kind::Level => self.levels.get(figure.name).map(|(sum, count)| sum / count),
                Kind::Counter => match (last.counters.get(figure.name), now.counters.get(figure.name)) {
                    (Some(a), Some(b)) if !has_restarted => {
                        let rate = (b.reset == a.reset && b.value >= a.value).then(|| (b.value - a.value) / seconds);
                        if rate.is_none() {
                            reset.push(figure.name);
                        }
                        rate
                    }
                    _ => None,
                },
            };
            let known = self.figures.get_mut(figure.name);
            match (known, value) {
                (Some(values), value) => values.push(value),
                (None, Some(_)) => {
                    let mut values = vec![None; position];
                    values.push(value);
                    self.figures.insert(figure.name.to_owned(), values);
                }
                (None, None) => {}
            }
        }
        self.levels.clear();
        if !reset.is_empty() {
            self.gaps.push(format!("until {}: counters were reset: {}", now.at, reset.join(", ")));
        }
    }

    fn take_statements(&mut self, last: &Reading, now: &Reading, has_restarted: bool) {
        let position = self.intervals_s.len();
        let (Some(before), Some(after)) = (&last.statements, &now.statements) else {
            self.unseen.push(position);
            return;
        };
        // one that fell was thrown out and came back; where most fell, all were reset
        let fell = |id: &StatementId, b: &StatementCounters| {
            before.get(id).is_some_and(|a| b.calls < a.calls || b.total_ms < a.total_ms || b.blocks_hit < a.blocks_hit)
        };
        let known = before.keys().filter(|id| after.contains_key(id)).count();
        let was_reset = known > 0 && after.iter().filter(|(id, b)| fell(id, b)).count() * 2 > known;
        let all_are_gone = !before.is_empty() && known * 2 < before.len();
        if has_restarted || was_reset || all_are_gone {
            self.unseen.push(position);
            if !has_restarted {
                self.gaps.push(format!("until {}: pg_stat_statements was reset", now.at));
            }
            return;
        }
        for (id, b) in after {
            let a = before.get(id).copied().unwrap_or_default();
            let step = Step { calls: b.calls - a.calls, ms: b.total_ms - a.total_ms };
            if step.calls <= 0.0 || fell(id, b) {
                continue;
            }
            let sum = self.statements.entry(*id).or_default();
            sum.steps.insert(position, step);
            let add = |total: &mut f64, a: f64, b: f64| *total += (b - a).max(0.0);
            let total = &mut sum.total;
            add(&mut total.calls, a.calls, b.calls);
            add(&mut total.total_ms, a.total_ms, b.total_ms);
            add(&mut total.rows, a.rows, b.rows);
            add(&mut total.blocks_hit, a.blocks_hit, b.blocks_hit);
            add(&mut total.blocks_read, a.blocks_read, b.blocks_read);
            add(&mut total.temp_blocks, a.temp_blocks, b.temp_blocks);
            add(&mut total.read_ms, a.read_ms, b.read_ms);
        }
    }

    /// A gap that the reader knows of.
    pub fn note_gap(&mut self, gap: String) {
        self.gaps.push(gap);
    }

    /// How many intervals there are.
    pub fn interval_count(&self) -> usize {
        self.intervals_s.len()
    }

    /// The file.
    ///
    /// # Errors
    /// [`ReadingError::One`] when there was no second reading.
    pub fn finish(
        self,
        server: BaselineServer,
        first: &TablesReading,
        last: &TablesReading,
        ending: Ending,
    ) -> Result<Baseline, ReadingError> {
        let (Some(start), Some(end)) = (self.first, self.last.as_ref()) else { return Err(ReadingError::One) };
        if self.intervals_s.is_empty() {
            return Err(ReadingError::One);
        }
        let (mut gaps, mut notes) = (self.gaps, ending.notes);
        let sees_statements = end.statements.is_some();
        let statements = sees_statements.then(|| {
            let (statements, untold) = statements(&self.statements, &ending.texts, self.intervals_s.len());
            if untold > 0 {
                notes.push(format!("{untold} statements came and went, and their texts with them"));
            }
            statements
        });
        if first.reset != last.reset {
            gaps.push("the counters of the database were reset: tables are counted since then".to_owned());
        }
        let tables = tables(first, last, &ending.indexes, &ending.has_statistics);
        Ok(Baseline {
            kind: Baseline::KIND.to_owned(),
            version: Baseline::VERSION,
            tool: TOOL.to_owned(),
            server,
            database: ending.database,
            start,
            end: end.at,
            intervals_s: self.intervals_s.into_iter().map(rounded).collect(),
            figures: self
                .figures
                .into_iter()
                .map(|(name, values)| (name, values.into_iter().map(|v| v.map(rounded)).collect()))
                .collect(),
            statements,
            tables,
            settings: ending.settings,
            gaps,
            notes,
        })
    }
}

/// Six significant digits: more than such a measurement carries.
fn rounded(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

/// Statements of one text together, those of most time first; and how many have no text.
fn statements(
    sums: &BTreeMap<StatementId, StatementSum>,
    texts: &BTreeMap<StatementId, Option<Statement>>,
    interval_count: usize,
) -> (Vec<StatementFigures>, usize) {
    let mut by_key: BTreeMap<String, (String, StatementSum)> = BTreeMap::new();
    let mut untold = 0;
    for (id, sum) in sums {
        let Some(text) = texts.get(id) else {
            untold += 1;
            continue;
        };
        let Some(text) = text else { continue };
        let (_, all) = by_key.entry(text.key()).or_insert_with(|| (text.text(), StatementSum::default()));
        for (position, step) in &sum.steps {
            let known = all.steps.entry(*position).or_default();
            known.calls += step.calls;
            known.ms += step.ms;
        }
        let (total, more) = (&mut all.total, &sum.total);
        total.calls += more.calls;
        total.total_ms += more.total_ms;
        total.rows += more.rows;
        total.blocks_hit += more.blocks_hit;
        total.blocks_read += more.blocks_read;
        total.temp_blocks += more.temp_blocks;
        total.read_ms += more.read_ms;
    }
    let mut statements: Vec<StatementFigures> = by_key
        .into_values()
        .map(|(text, StatementSum { total, steps })| StatementFigures {
            text,
            calls: total.calls,
            total_ms: rounded(total.total_ms),
            rows: total.rows,
            blocks: total.blocks_hit + total.blocks_read,
            blocks_read: total.blocks_read,
            temp_blocks: total.temp_blocks,
            read_ms: (total.read_ms > 0.0).then(|| rounded(total.read_ms)),
            ms_per_call: (0..interval_count)
                .map(|position| steps.get(&position).map(|step| rounded(step.ms.max(0.0) / step.calls)))
                .collect(),
        })
        .collect();
    statements.sort_by(|a, b| b.total_ms.total_cmp(&a.total_ms).then_with(|| a.text.cmp(&b.text)));
    statements.truncate(MOST_STATEMENTS);
    (statements, untold)
}

/// Counters of tables that were read twice; what was reset counts since then.
fn tables(
    first: &TablesReading,
    last: &TablesReading,
    indexes: &[IndexReading],
    has_statistics: &BTreeMap<u32, bool>,
) -> Vec<TableFigures> {
    let seconds_since = |begin: Timestamp| (last.at - begin).total(jiff::Unit::Second).unwrap_or(0.0).max(1e-3);
    let window_s = seconds_since(first.at);
    let more =
        |before: Option<f64>, now: f64| before.filter(|before| *before <= now).map_or(now, |before| now - before);
    // the time of a reset is the database's, also where a single table was reset
    let reset_s =
        last.reset.filter(|_| first.reset != last.reset).map_or(window_s, |reset| seconds_since(reset).min(window_s));
    const COUNTERS: [fn(&TableReading) -> f64; 4] =
        [|table| table.seq_scans, |table| table.seq_rows, |table| table.index_scans, |table| table.writes];
    let mut kept: Vec<(u32, TableFigures)> = Vec::new();
    let wanted = last.busiest();
    for oid in wanted {
        let now = &last.tables[&oid];
        let before = first.tables.get(&oid);
        // a counter that fell was reset, and the table's others with it: what they have now, they counted since
        let before = before.filter(|before| COUNTERS.iter().all(|of| of(before) <= of(now)));
        let seconds = if before.is_some() || !first.tables.contains_key(&oid) { window_s } else { reset_s };
        let count = |of: fn(&TableReading) -> f64| (of(now) - before.map_or(0.0, of)).max(0.0);
        let figures = TableFigures {
            schema: now.schema.clone(),
            name: now.name.clone(),
            live_rows: now.live_rows,
            dead_rows: now.dead_rows,
            seq_scans_per_s: rounded(count(|table| table.seq_scans) / seconds),
            seq_rows_per_s: rounded(count(|table| table.seq_rows) / seconds),
            index_scans_per_s: rounded(count(|table| table.index_scans) / seconds),
            writes_per_s: rounded(count(|table| table.writes) / seconds),
            vacuums: count(|table| table.vacuums),
            analyzes: count(|table| table.analyzes),
            vacuum_ms: now.vacuum_ms.map(|ms| more(before.and_then(|table| table.vacuum_ms), ms)).map(rounded),
            has_statistics: has_statistics.get(&oid).copied(),
            indexes: indexes
                .iter()
                .filter(|index| index.table == oid)
                .map(|index| IndexFigures {
                    name: index.name.clone(),
                    definition: Statement::new(&index.definition).key(),
                    scans: last
                        .index_scans
                        .get(&index.oid)
                        .map_or(0.0, |now| more(first.index_scans.get(&index.oid).copied(), *now)),
                })
                .collect(),
        };
        kept.push((oid, figures));
    }
    let weight = |table: &TableFigures| table.seq_rows_per_s + table.index_scans_per_s + table.writes_per_s;
    kept.sort_by(|(_, a), (_, b)| weight(b).total_cmp(&weight(a)).then_with(|| a.table_name().cmp(&b.table_name())));
    kept.into_iter().map(|(_, table)| table).collect()
}

impl TablesReading {
    /// The tables that are kept: those that were read and written most since they are counted, and the largest.
    pub fn busiest(&self) -> Vec<u32> {
        let weight = |table: &TableReading| table.seq_rows + table.index_scans + table.writes + table.live_rows;
        let mut tables: Vec<(f64, u32)> = self.tables.iter().map(|(oid, table)| (weight(table), *oid)).collect();
        tables.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        tables.truncate(super::MOST_TABLES);
        tables.into_iter().map(|(_, oid)| oid).collect()
    }
}

#[cfg(test)]
mod tests;
