//! The last sections: findings, the sweep over slot counts, the list of tables, policy and provenance.

use maud::{Markup, html};

use super::{
    Section, chart,
    view::{TableRow, View, bytes, number, rate, scroll, table},
};
use crate::{
    finding::{self, Finding, Severity},
    names,
    plan::Role,
    units::{Seconds, counted},
};

pub(super) fn sections(view: &View<'_>) -> Vec<Section> {
    let mut sections = vec![("findings", "Findings", findings(view))];
    if !view.plan.slot_counts.is_empty() {
        sections.push(("counts", "Numbers of slots tried", counts(view)));
    }
    sections.push(("tables", "All tables", tables(view)));
    sections.push(("provenance", "Policy and provenance", provenance(view)));
    sections
}

fn findings(view: &View<'_>) -> Markup {
    if view.findings.is_empty() {
        return html! { p { "None." } };
    }
    let opened = |finding: &Finding, content: Markup| {
        let (class, word) = match finding.severity {
            Severity::Error => ("bad", "✖ Error"),
            Severity::Warning => ("doubt", "▲ Warning"),
            Severity::Info => ("quiet", "ℹ Note"),
        };
        html! { li class=(class) { strong { (word) " " (finding.code) } (content) } }
    };
    let whole = |finding: &Finding| {
        html! {
            p { (maud::display(&finding.subject)) ": " (finding.message.trim_end_matches('.')) "." }
            @if let Some(detail) = &finding.detail { p { (detail) } }
            @if let Some(hint) = &finding.hint { p { b { "What to do:" } " " (hint) } }
        }
    };
    html! {
        p {
            (counted(view.count(Severity::Error), "error")) ", " (counted(view.count(Severity::Warning), "warning")) ", "
            (counted(view.count(Severity::Info), "note")) "."
        }
        ul class="findings" {
            @for alike in finding::condensed(&view.findings) {
                @let rest = alike.rest();
                @for finding in alike.shown { (opened(finding, whole(finding))) }
                @if let Some((first, rest)) = rest { (opened(first, html! { p { (rest) } })) }
            }
        }
    }
}

fn counts(view: &View<'_>) -> Markup {
    let plan = view.plan;
    let rows = html! {
        @for row in &plan.slot_counts {
            @let chosen = row.is_chosen(plan);
            tr class=[chosen.then_some("this")] {
                th scope="row" class="n" { (row.shared) @if chosen { " (chosen)" } }
                (number(row.dedicated.len()))
                @if let Some(peak) = row.packing_peak_load {
                    td class="n" { (chart::bar(plan.share_of_slot(peak), "s0")) (plan.shown_load(peak)) }
                } @else {
                    (number("ruled out"))
                }
                (number(plan.shown_load(row.lower_bound)))
                (number(row.shown_gap().unwrap_or("–".to_owned())))
                td { (maud::display(row.shown_headroom().unwrap_or("–"))) }
                (number(format_args!("{:.2}", row.publisher_decode_load)))
            }
        }
    };
    let list = table(
        "Decoding: publisher cores busy with decoding at peak, all walsenders together. Every slot decodes all WAL.",
        &[
            ("Shared", true),
            ("Dedicated", true),
            ("Peak found", true),
            ("None below", true),
            ("Gap", true),
            ("Headroom", false),
            ("Decoding", true),
        ],
        rows,
    );
    let shared = plan.count_of(Role::Shared);
    html! {
        @if let Some(why) = plan.why_so_many() {
            p { (counted(shared, "shared slot")) " " (if shared == 1 { "was" } else { "were" }) " chosen: " (maud::display(why)) "." }
        }
        (scroll("Numbers of slots tried", list))
    }
}

fn tables(view: &View<'_>) -> Markup {
    let list = table(
        "Every planned table, heaviest first; partitions count with their root. Peak load is the table's own share of a slot.",
        &[
            ("Table", false),
            ("Slot", false),
            ("Peak load", true),
            ("Peak at", false),
            ("WAL a second", true),
            ("Changed rows a second", true),
            ("Copy", true),
            ("Indexes", true),
            ("Identity", false),
        ],
        html! { @for row in &view.tables { (table_row(view, row)) "\n" } },
    );
    let left_out = &view.plan.excluded;
    html! {
        p class="filter" hidden {
            label for="filter" { "Filter by table or slot" } " "
            input id="filter" type="search" autocomplete="off" spellcheck="false"; " "
            span role="status" class="quiet" {}
        }
        (scroll("All tables", list))
        @if !left_out.is_empty() {
            details {
                summary { "Left out (" (left_out.len()) ")" }
                ul {
                    @for excluded in left_out {
                        @let name = names::TableName::new(excluded.schema.clone(), excluded.name.clone());
                        li { (maud::display(name)) ": " (maud::display(&excluded.reason)) }
                    }
                }
            }
        }
    }
}

fn table_row(view: &View<'_>, row: &TableRow<'_>) -> Markup {
    let slot = view.planned.slots.get(row.slot).map_or("", |slot| slot.name.as_str());
    let value = |value: f64, shown: String| html! { td class="n" data-v=(short(value)) { (shown) } };
    let changed = row.rows[0] + row.rows[1] + row.rows[3];
    html! {
        tr {
            th scope="row" {
                (maud::display(&row.name)) @if row.partitions > 0 { " (" (counted(row.partitions, "partition")) ")" }
            }
            td { (slot) @if row.slot_count > 1 { " and " (row.slot_count - 1) " more" } }
            (value(row.peak, view.plan.shown_load(row.peak)))
            td data-v=(row.peak_bucket) { @if row.peak > 0.0 { (view.bucket_time(row.peak_bucket)) } @else { "–" } }
            (value(row.wal_mean, bytes(row.wal_mean)))
            (value(changed, rate(changed)))
            (value(row.copy_bytes as f64, bytes(row.copy_bytes as f64)))
            (value(row.index_bytes as f64, format!("{}: {}", row.index_count, bytes(row.index_bytes as f64))))
            td { (row.identity) }
        }
    }
}

/// Enough digits to sort by.
fn short(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.4e}") }
}

fn provenance(view: &View<'_>) -> Markup {
    let (plan, workload) = (view.plan, view.workload);
    let mut lines: Vec<(&str, String)> = Vec::new();
    let mut line = |name: &'static str, value: String| lines.push((name, value));
    line("Plan (SHA-256)", plan.plan_sha256.to_string());
    line("Workload (SHA-256)", plan.workload_sha256.to_string());
    line(
        "Seed and budget",
        format!("{}, {}{}", plan.seed, plan.budget, if plan.time_limited { ", ended by a time limit" } else { "" }),
    );
    line("Planned by", plan.tool.clone());
    line("Sampled by", workload.tool.clone());
    line(
        "Publisher",
        format!("{} {}, planned as {}", plan.server.flavor.name(), plan.server.version_num, plan.publisher_version)
            .to_lowercase(),
    );
    line("Subscriber", format!("planned as {}", plan.subscriber_version));
    line("Method", format!("{:?}", workload.method).to_lowercase());
    line(
        "Sampled",
        format!(
            "{} of {} buckets of {} from {}{}",
            workload.observed_buckets().len(),
            workload.bucket_count,
            Seconds(f64::from(workload.bucket_s)),
            workload.start,
            if view.is_week() { " (a week, Monday to Sunday)" } else { "" }
        ),
    );
    line("Load balanced", format!("{:?}: {}", plan.load.measure, plan.load.unit).to_lowercase());
    let origin = html! {
        table {
            caption { "Where this comes from" }
            tbody { @for (name, value) in &lines { tr { th scope="row" { (name) } td class="w" { code { (value) } } } } }
        }
    };
    let sets = &plan.load.coefficients;
    let costs = sets.low.named().into_iter().zip(sets.nominal.named().into_iter().zip(sets.high.named()));
    let coefficients = table(
        "Cost of each thing",
        &[("Coefficient", false), ("Low", true), ("Nominal", true), ("High", true)],
        html! {
            @for ((name, low), ((_, nominal), (_, high))) in costs {
                tr { th scope="row" { (name) } (number(low)) (number(nominal)) (number(high)) }
            }
        },
    );
    html! {
        (scroll("Provenance", origin))
        @if !workload.gaps.is_empty() || !workload.notes.is_empty() {
            h3 { "Gaps and notes of the sampling" }
            ul {
                @for gap in &workload.gaps {
                    li {
                        "Not observed from " (view.bucket_time(gap.from_bucket as usize)) " to the end of "
                        (view.bucket_time(gap.to_bucket as usize)) ": " (maud::display(&gap.reason))
                    }
                }
                @for note in &workload.notes { li { (note) } }
            }
        }
        h3 { "Policy" }
        @match toml::to_string(&plan.policy) {
            Ok(text) => { pre tabindex="0" role="region" aria-label="Policy" { (text) } }
            Err(error) => { p { "The policy cannot be shown: " (maud::display(error)) "." } }
        }
        h3 { "Coefficients" }
        (scroll("Coefficients", coefficients))
    }
}
