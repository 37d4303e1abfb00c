//! A plan for people, in 80 columns: what carries what, how full it gets, why, how good it is, what to know.

use pgslotplan::{
    names::TableName,
    plan::{Decision, Role, SlotCount},
    units::Bytes,
};

use super::{
    super::{
        findings,
        text::{self, Characters, Style, counted, paragraph},
    },
    view::{PlanView, SlotView},
};

/// The whole summary.
pub fn plan_text(view: &PlanView<'_>, characters: Characters) -> String {
    let mut out = head(view);
    out.push_str(&slots(view, characters));
    out.push_str(&quality(view));
    out.push_str(&contents(view, characters));
    out.push_str(&counts(view));
    out.push_str(&foreign_keys(view));
    out.push_str(&rules(view));
    out.push_str(&section("Findings"));
    out.push_str(&findings::text(&view.plan.findings));
    out
}

fn section(title: &str) -> String {
    format!("\n{}\n", Style::Head.paint(title))
}

fn head(view: &PlanView<'_>) -> String {
    let plan = view.plan;
    let of_role = |role| plan.slots.iter().filter(|slot| slot.role == role).count();
    let line = format!(
        "Database \"{}\": {} in {} ({} dedicated, {} shared), publisher {} to subscriber {}",
        pgslotplan::names::one_line(&plan.database),
        counted(view.table_count(), "table"),
        counted(plan.slots.len(), "slot"),
        of_role(Role::Dedicated),
        of_role(Role::Shared),
        plan.publisher_version,
        plan.subscriber_version,
    );
    let mut out = format!("{}\n", Style::Head.paint(&text::wrap_after(&line, 0, 2)));
    if !plan.excluded.is_empty() {
        out.push_str(&paragraph(
            &format!("{} left out, listed in the plan.", counted(plan.excluded.len(), "table")),
            2,
        ));
    }
    if plan.time_limited {
        out.push_str(&paragraph("A time limit ended the search: another run may give another plan.", 2));
    }
    out
}

/// One line a slot. Slot names are plain ASCII, so columns are characters.
fn slots(view: &PlanView<'_>, characters: Characters) -> String {
    const NAME: usize = 19;
    let mut out = String::from("\n");
    let head = format!(
        "{:NAME$} {:6} {:>6} {:>17}  {:9} {:>8} {:>8}",
        "slot", "role", "tables", "peak load", "at (UTC)", "mean", "copy"
    );
    out.push_str(&format!("{}\n", Style::Head.paint(head.trim_end())));
    for SlotView { slot, .. } in &view.slots {
        let share = view.share(slot.peak_load);
        let style = match share {
            ..0.7 => Style::Good,
            0.7..1.0 => Style::Doubtful,
            _ => Style::Bad,
        };
        let bar = style.paint(&characters.bar(share, 8));
        let role = match slot.role {
            Role::Dedicated => "alone",
            Role::Shared => "shared",
        };
        let line = format!(
            "{:NAME$} {role:6} {:>6} {bar} {:>8}  {:9} {:>8} {:>8}",
            characters.shorten(slot.name.as_str(), NAME),
            slot.tables.len(),
            view.load(slot.peak_load),
            view.time(slot.peak_bucket),
            view.load(slot.mean_load),
            Bytes(slot.copy_bytes as f64).to_string(),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Peak, bound and gap in words.
fn quality(view: &PlanView<'_>) -> String {
    let (plan, objective) = (view.plan, &view.plan.objective);
    let mut out = section("How good it is");
    if let Some(peak) = plan.slots.first() {
        let line = format!(
            "The busiest slot, {}, asks for {} of {} ({} UTC).",
            peak.name,
            view.load(peak.peak_load),
            view.measure(),
            view.time(peak.peak_bucket)
        );
        let bytes = format!("The busiest slot, {}, carries {} of WAL.", peak.name, view.load(peak.peak_load));
        out.push_str(&paragraph(if plan.load.slot_capacity.is_some() { &line } else { &bytes }, 2));
    }
    let shared = plan.slots.iter().filter(|slot| slot.role == Role::Shared).count();
    if shared > 0 {
        out.push_str(&paragraph(&bound_sentence(view, shared), 2));
    }
    if objective.shared_peak_load > objective.packing_peak_load {
        let line = format!(
            "The peak could be {}; it was raised, within the tolerance of {:.0} %, to cut fewer foreign keys.",
            view.load(objective.packing_peak_load),
            plan.policy.cut_tolerance * 100.0
        );
        out.push_str(&paragraph(&line, 2));
    }
    if let Some(line) = frontier_sentence(view) {
        out.push_str(&paragraph(&line, 2));
    }
    if let Some(moves) = objective.moves {
        out.push_str(&paragraph(
            &format!("{} moved since the previous plan.", counted(moves as usize, "table group")),
            2,
        ));
        if let Some(line) = move_sentence(view) {
            out.push_str(&paragraph(&line, 2));
        }
    }
    out
}

/// How many pairs are cut at each tolerance.
pub fn frontier_sentence(view: &PlanView<'_>) -> Option<String> {
    let objective = &view.plan.objective;
    let points: Vec<String> = objective
        .frontier
        .iter()
        .map(|point| {
            let tolerance = per_cent(point.tolerance);
            format!("{} at {tolerance} (peak {})", point.cut_weight, view.load(point.shared_peak_load))
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

/// The peak that so many moved groups would give.
pub fn move_sentence(view: &PlanView<'_>) -> Option<String> {
    const SHOWN: usize = 8;
    let curve = &view.plan.objective.move_curve;
    let step = curve.len().div_ceil(SHOWN).max(1);
    let last = curve.len().saturating_sub(1);
    let shown = curve.iter().enumerate().filter(|(k, _)| k % step == 0 || *k == last);
    let points: Vec<String> =
        shown.map(|(_, point)| format!("{} with {}", view.load(point.shared_peak_load), point.moves)).collect();
    (!points.is_empty()).then(|| format!("Shared peak by number of moves: {}.", points.join(", ")))
}

/// What is proved about the shared slots' peak: that of the tables that share, whoever else is alone.
fn bound_sentence(view: &PlanView<'_>, shared: usize) -> String {
    let objective = &view.plan.objective;
    let slots = counted(shared, "slot");
    let peak = format!("The busiest shared slot has {}.", view.load(objective.shared_peak_load));
    if objective.gap <= 0.0 {
        format!("{peak} Proved: no way to put the tables that share into {slots} has a lower peak.")
    } else {
        format!(
            "{peak} Proved: no way to put the tables that share into {slots} has a peak below {} (gap {}).",
            view.load(objective.lower_bound),
            per_cent(objective.gap)
        )
    }
}

/// A fraction in per cent; small ones keep two significant digits.
pub fn per_cent(fraction: f64) -> String {
    let value = fraction * 100.0;
    match value {
        0.0 => "0 %".to_owned(),
        ..0.001 => "below 0.001 %".to_owned(),
        ..0.1 => format!("{value:.3} %"),
        ..10.0 => format!("{value:.2} %"),
        _ => format!("{value:.0} %"),
    }
}

/// Each slot: its curve, its busiest tables, and why it is alone.
fn contents(view: &PlanView<'_>, characters: Characters) -> String {
    let mut out = section("What each slot holds (curve: load over the buckets; % of its peak)");
    let top = view.slots.iter().flat_map(|slot| slot.curve.iter().copied()).fold(0.0, f64::max);
    for slot in &view.slots {
        let name = slot.slot.name.as_str();
        let room = text::WIDTH.saturating_sub(name.len() + 3);
        let curve = characters.curve(&slot.curve, top, room.clamp(12, 48));
        out.push_str(&format!("  {name} {}\n", Style::Quiet.paint(&curve)));
        out.push_str(&paragraph(&top_tables(slot), 6));
        if let Some(why) = why_alone(view, slot) {
            out.push_str(&paragraph(&format!("Alone: {why}."), 6));
        }
    }
    out
}

/// The busiest tables with their shares, and how many more there are.
pub fn top_tables(slot: &SlotView<'_>) -> String {
    const SHOWN: usize = 4;
    let shown: Vec<String> = slot
        .shares
        .iter()
        .take(SHOWN)
        .map(|(name, share)| format!("{name} {}", if *share > 0.0 { per_cent(*share) } else { "idle".to_owned() }))
        .collect();
    let more = slot.shares.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

/// The decision that gave a slot to one group.
pub fn why_alone<'a>(view: &PlanView<'a>, slot: &SlotView<'_>) -> Option<&'a str> {
    view.plan.decisions.iter().find_map(|decision| match decision {
        Decision::Hot { slot: name, why, .. } if *name == slot.slot.name => Some(why.as_str()),
        _ => None,
    })
}

/// The sweep over the number of shared slots.
fn counts(view: &PlanView<'_>) -> String {
    let plan = view.plan;
    if plan.slot_counts.is_empty() {
        return String::new();
    }
    let mut out = section("Numbers of shared slots tried");
    let head = format!(
        "    {:>6} {:>9} {:>13} {:>13} {:>9} {:>9} {:>9}",
        "shared", "dedicated", "peak found", "none below", "gap", "headroom", "decoding"
    );
    out.push_str(&format!("{}\n", Style::Head.paint(&head)));
    for row in &plan.slot_counts {
        let mark = if row.is_chosen(plan) { "->" } else { "" };
        out.push_str(&format!("{mark:3} {}\n", count_row(view, row)));
    }
    out.push_str(&paragraph("Decoding: publisher cores busy with decoding at peak, all walsenders together.", 4));
    for decision in &plan.decisions {
        if let Decision::SlotCount { why, .. } = decision {
            out.push_str(&paragraph(&format!("{}.", sentence(why)), 4));
        }
    }
    out
}

fn count_row(view: &PlanView<'_>, row: &SlotCount) -> String {
    let peak = row.packing_peak_load.map_or("-".to_owned(), |peak| view.load(peak));
    let gap =
        row.packing_peak_load.map_or("-".to_owned(), |peak| per_cent(pgslotplan::plan::gap(peak, row.lower_bound)));
    let headroom = match row.feasible {
        Some(true) => "kept",
        Some(false) => "not kept",
        None => "-",
    };
    let (bound, decode) = (view.load(row.lower_bound), row.publisher_decode_load);
    format!("{:>6} {:>9} {peak:>13} {bound:>13} {gap:>9} {headroom:>9} {decode:>9.2}", row.shared, row.dedicated.len())
}

fn foreign_keys(view: &PlanView<'_>) -> String {
    const SHOWN: usize = 6;
    let plan = view.plan;
    if plan.foreign_keys.is_empty() {
        return String::new();
    }
    let pairs = &plan.objective.cut_pairs;
    let mut out = section("Foreign keys");
    let mut line = format!(
        "{} of {} join two slots ({}).",
        plan.foreign_keys.iter().filter(|key| key.cut).count(),
        counted(plan.foreign_keys.len(), "foreign key"),
        counted(pairs.len(), "table pair"),
    );
    if let Some(rate) = plan.objective.cut_transactions_per_s {
        line.push_str(&format!(" {rate:.1} transactions per second write into two slots."));
    }
    out.push_str(&paragraph(&line, 2));
    for pair in pairs.iter().take(SHOWN) {
        out.push_str(&paragraph(&format!("{} - {}: {}", pair.a, pair.b, pair.reason), 6));
    }
    if pairs.len() > SHOWN {
        out.push_str(&paragraph(&format!("and {} more", pairs.len() - SHOWN), 6));
    }
    out
}

/// Decisions of rules: kept together, pinned, split.
fn rules(view: &PlanView<'_>) -> String {
    let names = |tables: &[TableName]| {
        const SHOWN: usize = 4;
        let shown: Vec<String> = tables.iter().take(SHOWN).map(ToString::to_string).collect();
        let more = tables.len().saturating_sub(SHOWN);
        if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
    };
    let lines: Vec<String> = view
        .plan
        .decisions
        .iter()
        .filter_map(|decision| match decision {
            Decision::KeptTogether { tables, why } => Some(format!("kept together: {}: {why}", names(tables))),
            Decision::Pinned { tables, slot, why } => Some(format!("pinned to {slot}: {}: {why}", names(tables))),
            Decision::Split { table, slots, why } => {
                let slots: Vec<&str> = slots.iter().map(|slot| slot.as_str()).collect();
                Some(format!("split: {table} over {}: {why}", slots.join(", ")))
            }
            Decision::Hot { .. } | Decision::HotShared { .. } | Decision::SlotCount { .. } => None,
        })
        .collect();
    if lines.is_empty() {
        return String::new();
    }
    const SHOWN: usize = 8;
    let mut out = section("Rules kept");
    for line in lines.iter().take(SHOWN) {
        out.push_str(&format!("  {}\n", text::wrap_after(line, 2, 6)));
    }
    if lines.len() > SHOWN {
        out.push_str(&paragraph(&format!("and {} more", lines.len() - SHOWN), 2));
    }
    out
}

fn sentence(text: &str) -> String {
    let mut characters = text.trim_end_matches('.').chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_gaps_stay_visible() {
        assert_eq!(per_cent(0.0), "0 %");
        assert_eq!(per_cent(0.000_004), "below 0.001 %");
        assert_eq!(per_cent(0.000_5), "0.050 %");
        assert_eq!(per_cent(0.0312), "3.12 %");
        assert_eq!(per_cent(0.5), "50 %");
    }
}
