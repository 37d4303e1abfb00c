//! A plan as Markdown, for tickets and pull requests: the same content as the text, without curves.

use std::fmt::Write;

use pgslotplan::{
    plan::{Role, gap},
    units::Bytes,
};

use super::{
    super::markdown::{code, escape, findings},
    text::{frontier_sentence, move_sentence, per_cent, top_tables, why_alone},
    view::PlanView,
};

/// The whole summary.
pub fn plan_markdown(view: &PlanView<'_>) -> String {
    let (plan, objective) = (view.plan, &view.plan.objective);
    let mut out = format!(
        "# Replication slots for database {}\n\n{} tables in {} slots, publisher {} to subscriber {}.\n\n",
        code(&plan.database),
        view.table_count(),
        plan.slots.len(),
        plan.publisher_version,
        plan.subscriber_version
    );
    let _ = writeln!(
        out,
        "Busiest shared slot: {}; no way to put the tables that share into that many slots has a peak below {} (gap {}).\n",
        view.load(objective.shared_peak_load),
        view.load(objective.lower_bound),
        per_cent(objective.gap)
    );
    for line in [frontier_sentence(view), move_sentence(view)].into_iter().flatten() {
        let _ = writeln!(out, "{line}\n");
    }
    slots(view, &mut out);
    counts(view, &mut out);
    let cut = plan.foreign_keys.iter().filter(|key| key.cut).count();
    if cut > 0 {
        let _ = writeln!(out, "## Foreign keys between slots\n\n{cut} of {} foreign keys:\n", plan.foreign_keys.len());
        for pair in &objective.cut_pairs {
            let _ = writeln!(out, "- {} – {}: {}", code(&pair.a.to_string()), code(&pair.b.to_string()), pair.reason);
        }
        out.push('\n');
    }
    findings(&plan.findings, &mut out);
    out
}

fn slots(view: &PlanView<'_>, out: &mut String) {
    out.push_str("## Slots\n\n| slot | role | tables | peak load | at (UTC) | mean | copy | WAL peak | holds |\n");
    out.push_str("| --- | --- | ---: | ---: | --- | ---: | ---: | ---: | --- |\n");
    for slot in &view.slots {
        let planned = slot.slot;
        let role = match planned.role {
            Role::Dedicated => "dedicated",
            Role::Shared => "shared",
        };
        let why = why_alone(view, slot).map(|why| format!(" ({})", escape(why))).unwrap_or_default();
        let _ = writeln!(
            out,
            "| {} | {role} | {} | {} | {} | {} | {} | {}/s | {}{why} |",
            code(planned.name.as_str()),
            planned.tables.len(),
            view.load(planned.peak_load),
            view.time(planned.peak_bucket),
            view.load(planned.mean_load),
            Bytes(planned.copy_bytes as f64),
            Bytes(planned.wal_bytes_per_s_peak),
            escape(&top_tables(slot)),
        );
    }
    out.push('\n');
}

fn counts(view: &PlanView<'_>, out: &mut String) {
    if view.plan.slot_counts.is_empty() {
        return;
    }
    out.push_str("## Numbers of shared slots tried\n\n| shared | dedicated | peak found | none below | gap | headroom | decoding |\n");
    out.push_str("| ---: | ---: | ---: | ---: | ---: | --- | ---: |\n");
    for row in &view.plan.slot_counts {
        let found = |text: &dyn Fn(f64) -> String| row.packing_peak_load.map_or("–".to_owned(), text);
        let headroom = match row.feasible {
            Some(true) => "kept",
            Some(false) => "not kept",
            None => "–",
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {headroom} | {:.2} |",
            row.shared,
            row.dedicated.len(),
            found(&|peak| view.load(peak)),
            view.load(row.lower_bound),
            found(&|peak| per_cent(gap(peak, row.lower_bound))),
            row.publisher_decode_load
        );
    }
    out.push('\n');
}
