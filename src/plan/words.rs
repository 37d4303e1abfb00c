//! A plan in words: what text, Markdown, report and runbook say alike. They lay it out, each in its own marks.

use super::{Decision, Plan, PlannedSlot, Role, SlotCount, gap};
use crate::{
    names::{SlotName, TableName},
    units::{Bytes, counted, per_cent},
};

impl Role {
    /// `dedicated` or `shared`.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Dedicated => "dedicated",
            Role::Shared => "shared",
        }
    }
}

impl Plan {
    /// How many slots have this role.
    pub fn count_of(&self, role: Role) -> usize {
        self.slots.iter().filter(|slot| slot.role == role).count()
    }

    /// Tables that are left out. Views are, too, but nobody expects rows of theirs.
    pub fn tables_left_out(&self) -> usize {
        let is_view = |reason: &str| [super::left_out::VIEW, super::left_out::MATERIALIZED_VIEW].contains(&reason);
        self.excluded.iter().filter(|excluded| !is_view(&excluded.reason)).count()
    }

    /// Tables of the plan, partitions not counted beside their roots, a table that is split once.
    pub fn table_count(&self) -> usize {
        let names: std::collections::BTreeSet<TableName> =
            self.members().map(|(_, table)| table.table_name()).collect();
        names.len()
    }

    /// A load as people read it: per cent of a slot, or bytes per second where there is no capacity.
    pub fn shown_load(&self, value: f64) -> String {
        match self.load.slot_capacity {
            Some(capacity) if capacity > 0.0 => format!("{:.1} %", value / capacity * 100.0),
            _ => format!("{}/s", Bytes(value)),
        }
    }

    /// A load against the capacity, or against the plan's peak where there is none: how far a bar is filled.
    pub fn share_of_slot(&self, value: f64) -> f64 {
        let whole = self.load.slot_capacity.unwrap_or(self.objective.peak_load);
        if whole > 0.0 { value / whole } else { 0.0 }
    }

    /// The decision that gave a slot to one group: a clause without full stop.
    pub fn why_alone(&self, slot: &PlannedSlot) -> Option<&str> {
        self.decisions.iter().find_map(|decision| match decision {
            Decision::Hot { slot: name, why, .. } if *name == slot.name => Some(why.trim_end_matches('.')),
            _ => None,
        })
    }

    /// Why there are so many shared slots: a clause without full stop.
    pub fn why_so_many(&self) -> Option<&str> {
        self.decisions.iter().find_map(|decision| match decision {
            Decision::SlotCount { why, .. } => Some(why.trim_end_matches('.')),
            _ => None,
        })
    }

    /// Decisions of rules: kept together, pinned, split.
    pub fn rules(&self) -> impl Iterator<Item = &Decision> {
        self.decisions.iter().filter(|decision| {
            matches!(decision, Decision::KeptTogether { .. } | Decision::Pinned { .. } | Decision::Split { .. })
        })
    }

    /// What is proved about the shared slots' peak: that of the tables that share, whoever else is alone.
    pub fn proof(&self) -> String {
        let objective = &self.objective;
        let shared = self.count_of(Role::Shared);
        if shared == 0 {
            return "Every table group has a slot of its own, so there is nothing to balance.".to_owned();
        }
        let slots = counted(shared, "slot");
        let peak = format!("The busiest shared slot has {}.", self.shown_load(objective.shared_peak_load));
        if objective.gap <= 0.0 {
            format!("{peak} Proved: no way to put the tables that share into {slots} has a lower peak.")
        } else {
            format!(
                "{peak} Proved: no way to put the tables that share into {slots} has a peak below {} (gap {}).",
                self.shown_load(objective.lower_bound),
                per_cent(objective.gap)
            )
        }
    }

    /// That the peak was raised to cut less, where it was.
    pub fn trade(&self) -> Option<String> {
        let objective = &self.objective;
        (objective.shared_peak_load > objective.packing_peak_load).then(|| {
            format!(
                "The peak could be {}; it was raised, within the tolerance of {:.0} %, to cut fewer foreign keys.",
                self.shown_load(objective.packing_peak_load),
                self.policy.cut_tolerance * 100.0
            )
        })
    }

    /// How many pairs are cut at each tolerance.
    pub fn frontier(&self) -> Option<String> {
        let objective = &self.objective;
        let points: Vec<String> = objective
            .frontier
            .iter()
            .map(|point| {
                let tolerance = per_cent(point.tolerance);
                format!("{} at {tolerance} (peak {})", point.cut_weight, self.shown_load(point.shared_peak_load))
            })
            .collect();
        (!points.is_empty()).then(|| {
            format!(
                "Cut weight of foreign keys by tolerance: {}; this plan cuts {}.",
                points.join(", "),
                objective.cut_weight
            )
        })
    }

    /// How many groups moved since the previous plan, and the peak that other numbers would give.
    pub fn moves(&self) -> Vec<String> {
        const SHOWN: usize = 8;
        let objective = &self.objective;
        let moved = objective
            .moves
            .map(|moves| format!("{} moved since the previous plan.", counted(moves as usize, "table group")));
        let curve = &objective.move_curve;
        let step = curve.len().div_ceil(SHOWN).max(1);
        let last = curve.len().saturating_sub(1);
        let shown = curve.iter().enumerate().filter(|(k, _)| k % step == 0 || *k == last);
        let points: Vec<String> = shown
            .map(|(_, point)| format!("{} with {}", self.shown_load(point.shared_peak_load), point.moves))
            .collect();
        let by_number = (!points.is_empty()).then(|| format!("Shared peak by number of moves: {}.", points.join(", ")));
        moved.into_iter().chain(by_number).collect()
    }

    /// How many foreign keys join two slots; `None` where there is no foreign key.
    pub fn cut_keys(&self) -> Option<String> {
        let cut = self.foreign_keys.iter().filter(|key| key.cut).count();
        let keys = counted(self.foreign_keys.len(), "foreign key");
        let pairs = counted(self.objective.cut_pairs.len(), "table pair");
        (!self.foreign_keys.is_empty()).then(|| match cut {
            0 => format!("None of {keys} joins two slots."),
            cut => format!("{cut} of {keys} join two slots ({pairs})."),
        })
    }

    /// What else is written across slots, where that was observed.
    pub fn cut_transactions(&self) -> Option<String> {
        let rate = self.objective.cut_transactions_per_s?;
        Some(format!("{rate:.1} transactions per second write into two slots."))
    }
}

impl SlotCount {
    /// How far the peak that was found may be from the best; `None` where the bound alone rules the count out.
    pub fn shown_gap(&self) -> Option<String> {
        Some(per_cent(gap(self.packing_peak_load?, self.lower_bound)))
    }

    /// Whether the headroom is kept, where there is a capacity.
    pub fn shown_headroom(&self) -> Option<&'static str> {
        self.feasible.map(|feasible| if feasible { "kept" } else { "not kept" })
    }
}

/// How a name or a text is written where it is shown.
pub struct Marks<'a> {
    /// A table.
    pub table: &'a dyn Fn(&TableName) -> String,
    /// A slot.
    pub slot: &'a dyn Fn(&SlotName) -> String,
    /// A reason of the plan.
    pub words: &'a dyn Fn(&str) -> String,
    /// At most so many tables are named.
    pub most: usize,
}

impl Marks<'_> {
    /// Names as they are.
    pub fn plain(most: usize) -> Self {
        Marks { table: &|table| table.to_string(), slot: &|slot| slot.to_string(), words: &str::to_owned, most }
    }
}

impl Decision {
    /// What was decided and why: a clause without full stop.
    pub fn sentence(&self, marks: &Marks<'_>) -> String {
        let names = |tables: &[TableName]| {
            let shown: Vec<String> = tables.iter().take(marks.most).map(marks.table).collect();
            let more = tables.len().saturating_sub(marks.most);
            if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
        };
        let (what, why) = match self {
            Decision::Hot { tables, slot, why } => (format!("{} alone in {}", names(tables), (marks.slot)(slot)), why),
            Decision::HotShared { tables, slot, why } => {
                (format!("{} not alone, but in {}", names(tables), (marks.slot)(slot)), why)
            }
            Decision::KeptTogether { tables, why } => (format!("{} kept together", names(tables)), why),
            Decision::Pinned { tables, slot, why } => {
                (format!("{} pinned to {}", names(tables), (marks.slot)(slot)), why)
            }
            Decision::Split { table, slots, why } => {
                let slots: Vec<String> = slots.iter().map(marks.slot).collect();
                (format!("{} split over {}", (marks.table)(table), slots.join(", ")), why)
            }
            Decision::SlotCount { shared, why } => (counted(*shared as usize, "shared slot"), why),
        };
        format!("{what}: {}", (marks.words)(why.trim_end_matches('.')))
    }
}
