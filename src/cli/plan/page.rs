//! A plan as Markdown, for tickets and pull requests: the same content as the text, without curves.

use std::fmt::Write;

use pgslotplan::{plan::PlanView, units::Bytes};

use super::super::markdown::{code, escape, findings};

/// The whole summary.
pub fn plan_markdown(view: &PlanView<'_>) -> String {
    let plan = view.plan;
    let mut out = format!(
        "# Replication slots for database {}\n\n{} tables in {} slots, publisher {} to subscriber {}.\n\n",
        code(&plan.database),
        plan.table_count(),
        plan.slots.len(),
        plan.publisher_version,
        plan.subscriber_version
    );
    let lines = [plan.proof()].into_iter().chain(plan.trade()).chain(plan.frontier()).chain(plan.moves());
    lines.for_each(|line| {
        let _ = writeln!(out, "{line}\n");
    });
    slots(view, &mut out);
    counts(view, &mut out);
    if let Some(line) = plan.cut_keys().filter(|_| !plan.objective.cut_pairs.is_empty()) {
        let _ = writeln!(out, "## Foreign keys between slots\n\n{line}\n");
        for pair in &plan.objective.cut_pairs {
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
        let why = view.plan.why_alone(planned).map(|why| format!(" ({})", escape(why))).unwrap_or_default();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} | {}/s | {}{why} |",
            code(planned.name.as_str()),
            planned.role.as_str(),
            planned.tables.len(),
            view.plan.shown_load(planned.peak_load),
            view.time(planned.peak_bucket),
            view.plan.shown_load(planned.mean_load),
            Bytes(planned.copy_bytes as f64),
            Bytes(planned.wal_bytes_per_s_peak),
            escape(&slot.top_tables()),
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
        let headroom = row.shown_headroom().unwrap_or("–");
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {headroom} | {:.2} |",
            row.shared,
            row.dedicated.len(),
            row.packing_peak_load.map_or("–".to_owned(), |peak| view.plan.shown_load(peak)),
            view.plan.shown_load(row.lower_bound),
            row.shown_gap().unwrap_or("–".to_owned()),
            row.publisher_decode_load
        );
    }
    out.push('\n');
}
