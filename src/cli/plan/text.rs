//! A plan for people, in 80 columns: what carries what, how full it gets, why, how good it is, what to know.

use pgslotplan::{
    plan::{Marks, Plan, PlanView, Role, SlotCount, SlotView},
    units::{Bytes, counted},
};

use super::super::{
    findings,
    text::{self, Characters, Style, paragraph},
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
    let line = format!(
        "Database \"{}\": {} in {} ({} dedicated, {} shared), publisher {} to subscriber {}",
        pgslotplan::names::one_line(&plan.database),
        counted(plan.table_count(), "table"),
        counted(plan.slots.len(), "slot"),
        plan.count_of(Role::Dedicated),
        plan.count_of(Role::Shared),
        plan.publisher_version,
        plan.subscriber_version,
    );
    let mut out = format!("{}\n", Style::Head.paint(&text::wrap_after(&line, 0, 2)));
    let left_out = plan.tables_left_out();
    if left_out > 0 {
        out.push_str(&paragraph(&format!("{} left out, listed in the plan.", counted(left_out, "table")), 2));
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
        let share = view.plan.share_of_slot(slot.peak_load);
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
            view.plan.shown_load(slot.peak_load),
            view.time(slot.peak_bucket),
            view.plan.shown_load(slot.mean_load),
            Bytes(slot.copy_bytes as f64).to_string(),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Peak, bound and gap in words.
fn quality(view: &PlanView<'_>) -> String {
    let plan = view.plan;
    let mut out = section("How good it is");
    let shared = (plan.count_of(Role::Shared) > 0).then(|| plan.proof());
    let lines = view.busiest().into_iter().chain(shared).chain(plan.trade()).chain(plan.frontier()).chain(plan.moves());
    lines.for_each(|line| out.push_str(&paragraph(&line, 2)));
    out
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
        out.push_str(&paragraph(&slot.top_tables(), 6));
        if let Some(why) = view.plan.why_alone(slot.slot) {
            out.push_str(&paragraph(&format!("Alone: {why}."), 6));
        }
    }
    out
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
        out.push_str(&format!("{mark:3} {}\n", count_row(plan, row)));
    }
    out.push_str(&paragraph("Decoding: publisher cores busy with decoding at peak, all walsenders together.", 4));
    if let Some(why) = plan.why_so_many() {
        out.push_str(&paragraph(&format!("{}.", sentence(why)), 4));
    }
    out
}

fn count_row(plan: &Plan, row: &SlotCount) -> String {
    let peak = row.packing_peak_load.map_or("-".to_owned(), |peak| plan.shown_load(peak));
    let gap = row.shown_gap().unwrap_or("-".to_owned());
    let headroom = row.shown_headroom().unwrap_or("-");
    let (bound, decode) = (plan.shown_load(row.lower_bound), row.publisher_decode_load);
    format!("{:>6} {:>9} {peak:>13} {bound:>13} {gap:>9} {headroom:>9} {decode:>9.2}", row.shared, row.dedicated.len())
}

fn foreign_keys(view: &PlanView<'_>) -> String {
    const SHOWN: usize = 6;
    let plan = view.plan;
    let Some(mut line) = plan.cut_keys() else { return String::new() };
    let pairs = &plan.objective.cut_pairs;
    let mut out = section("Foreign keys");
    if let Some(also) = plan.cut_transactions() {
        line.push_str(&format!(" {also}"));
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
    let lines: Vec<String> = view.plan.rules().map(|decision| decision.sentence(&Marks::plain(4))).collect();
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
