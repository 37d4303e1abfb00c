//! Why a statement may take longer: what differs between both windows that it depends on, the likeliest first.

use super::{
    Baseline, StatementFigures, TableFigures,
    compare::{
        FigureChange, SettingChange, is_io_slower, lacks_statistics, missing_indexes, setting_words, vacuum_is_behind,
        was_made_worse,
    },
    text::Statement,
};
use crate::names::one_line;

/// Blocks of a call that are so many times those before are another plan.
const OTHER_PLAN: f64 = 2.0;
/// And so many more at least.
const MORE_BLOCKS: f64 = 8.0;
/// A cache is cold when so many times the share of blocks is read, and this share at least.
const COLD: f64 = 2.0;
const COLD_SHARE: f64 = 0.1;
/// Settings that are named; the others are in the list of all.
const NAMED_SETTINGS: usize = 4;

/// What is known of a statement that takes longer.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The statement before.
    pub old: &'a StatementFigures,
    /// The statement after.
    pub new: &'a StatementFigures,
    /// The newest window before.
    pub before: &'a Baseline,
    /// The window after.
    pub after: &'a Baseline,
    /// Figures of both.
    pub figures: &'a [FigureChange],
    /// Settings that differ.
    pub settings: &'a [SettingChange],
}

/// The tables of a window that a statement names.
pub fn tables_of<'a>(baseline: &'a Baseline, statement: &Statement) -> Vec<&'a TableFigures> {
    let names: std::collections::BTreeSet<String> = statement.names().collect();
    baseline.tables.iter().filter(|table| names.contains(&table.name)).collect()
}

/// Why it may be.
pub fn causes(evidence: &Evidence<'_>) -> Vec<String> {
    let Evidence { old, new, before, after, figures, settings } = *evidence;
    let mut causes = Vec::new();
    let tables = tables_of(after, &Statement::new(&new.text));
    for table in &tables {
        let was = before.table(&table.table_name());
        if lacks_statistics(was, table) {
            causes.push(format!("table {} was never analyzed", table.table_name()));
        }
        for index in was.into_iter().flat_map(|was| missing_indexes(was, table)) {
            let (name, table) = (one_line(&index.name), table.table_name());
            causes.push(format!("index \"{name}\" of table {table} is missing"));
        }
    }
    let a_call = |value: f64, statement: &StatementFigures| value / statement.calls.max(1.0);
    let (old_blocks, new_blocks) = (a_call(old.blocks, old), a_call(new.blocks, new));
    let has_other_plan = new_blocks >= OTHER_PLAN * old_blocks && new_blocks - old_blocks >= MORE_BLOCKS;
    let spills = a_call(new.temp_blocks, new) >= OTHER_PLAN * a_call(old.temp_blocks, old) + 1.0;
    if has_other_plan {
        causes.push(format!("a call looks at {new_blocks:.0} blocks instead of {old_blocks:.0}: its plan changed"));
    }
    if spills {
        causes.push("it writes temporary files: sorts or hashes no longer fit into memory".to_owned());
    }
    let share = |statement: &StatementFigures| statement.blocks_read / statement.blocks.max(1.0);
    let is_cold = share(new) >= COLD_SHARE && share(new) >= COLD * share(old) && !has_other_plan;
    if is_cold {
        causes.push(
            "more of its blocks are read from outside of shared buffers: the cache is cold or smaller".to_owned(),
        );
    }
    if is_io_slower(figures) && share(new) > 0.0 {
        causes.push("blocks take longer to be read".to_owned());
    }
    if was_made_worse(figures, "waits_lock") {
        causes.push("sessions wait for locks".to_owned());
    }
    for table in &tables {
        if before.table(&table.table_name()).is_some_and(|was| vacuum_is_behind(was, table).is_some()) {
            causes.push(format!("vacuum is behind on table {}", table.table_name()));
        }
    }
    // settings explain what nothing nearer does: a setting that differs is seen in every statement
    let explains = causes.is_empty() || has_other_plan && causes.len() == 1 || spills;
    if explains {
        let of_plans: Vec<&SettingChange> = settings.iter().filter(|setting| setting.plans).collect();
        causes
            .extend(of_plans.iter().take(NAMED_SETTINGS).map(|setting| format!("setting {}", setting_words(setting))));
        if let Some(rest) = of_plans.len().checked_sub(NAMED_SETTINGS).filter(|rest| *rest > 0) {
            causes.push(format!("{rest} more settings differ"));
        }
    }
    causes
}
