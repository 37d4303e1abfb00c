//! The last sections: findings, the sweep over slot counts, the list of tables, policy and provenance.

use super::{
    Section, chart,
    markup::Html,
    view::{View, bytes, end_table, number, rate, scroll, table},
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

fn findings(view: &View<'_>) -> Html {
    let mut out = Html::default();
    if view.findings.is_empty() {
        out.tag("p", &[], "None.");
        return out;
    }
    out.tag(
        "p",
        &[],
        format_args!(
            "{}, {}, {}.",
            counted(view.count(Severity::Error), "error"),
            counted(view.count(Severity::Warning), "warning"),
            counted(view.count(Severity::Info), "note")
        ),
    );
    out.raw("<ul class=\"findings\">");
    let opened = |out: &mut Html, finding: &Finding| {
        let (class, word) = match finding.severity {
            Severity::Error => ("bad", "✖ Error"),
            Severity::Warning => ("doubt", "▲ Warning"),
            Severity::Info => ("quiet", "ℹ Note"),
        };
        out.open("li", &[("class", &class)]);
        out.tag("strong", &[], format_args!("{word} {}", finding.code));
    };
    for alike in finding::condensed(&view.findings) {
        for finding in alike.shown {
            opened(&mut out, finding);
            out.tag("p", &[], format_args!("{}: {}.", finding.subject, finding.message.trim_end_matches('.')));
            if let Some(detail) = &finding.detail {
                out.tag("p", &[], detail);
            }
            if let Some(hint) = &finding.hint {
                out.raw("<p><b>What to do:</b> ").text(hint).raw("</p>");
            }
            out.raw("</li>");
        }
        if let Some((first, rest)) = alike.rest() {
            opened(&mut out, first);
            out.tag("p", &[], rest).raw("</li>");
        }
    }
    out.raw("</ul>");
    out
}

fn counts(view: &View<'_>) -> Html {
    let plan = view.plan;
    let mut out = Html::default();
    if let Some(why) = plan.why_so_many() {
        let shared = plan.count_of(Role::Shared);
        let chosen =
            format!("{} {} chosen: {why}.", counted(shared, "shared slot"), if shared == 1 { "was" } else { "were" });
        out.tag("p", &[], chosen);
    }
    let mut list = Html::default();
    table(
        &mut list,
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
    );
    for row in &plan.slot_counts {
        list.raw(if row.is_chosen(plan) { "<tr class=\"this\">" } else { "<tr>" });
        list.tag(
            "th",
            &[("scope", &"row"), ("class", &"n")],
            format_args!("{}{}", row.shared, if row.is_chosen(plan) { " (chosen)" } else { "" }),
        );
        number(&mut list, row.dedicated.len());
        match row.packing_peak_load {
            Some(peak) => {
                list.raw("<td class=\"n\">")
                    .push(chart::bar(view.plan.share_of_slot(peak), "s0"))
                    .text(view.plan.shown_load(peak))
                    .raw("</td>");
            }
            None => number(&mut list, "ruled out"),
        }
        number(&mut list, view.plan.shown_load(row.lower_bound));
        number(&mut list, row.shown_gap().unwrap_or("–".to_owned()));
        list.tag("td", &[], row.shown_headroom().unwrap_or("–"));
        number(&mut list, format_args!("{:.2}", row.publisher_decode_load));
        list.raw("</tr>");
    }
    end_table(&mut list);
    scroll(&mut out, "Numbers of slots tried", list);
    out
}

fn tables(view: &View<'_>) -> Html {
    let mut out = Html::default();
    out.raw("<p class=\"filter\" hidden><label for=\"filter\">Filter by table or slot</label> <input id=\"filter\" type=\"search\" autocomplete=\"off\" spellcheck=\"false\"> <span role=\"status\" class=\"quiet\"></span></p>");
    let mut list = Html::default();
    table(
        &mut list,
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
    );
    for row in &view.tables {
        list.raw("<tr><th scope=\"row\">").text(&row.name);
        if row.partitions > 0 {
            list.text(format_args!(" ({})", counted(row.partitions, "partition")));
        }
        list.raw("</th>");
        let slot = view.planned.slots.get(row.slot).map_or("", |slot| slot.name.as_str());
        if row.slot_count > 1 {
            list.tag("td", &[], format_args!("{slot} and {} more", row.slot_count - 1));
        } else {
            list.tag("td", &[], slot);
        }
        let value = |list: &mut Html, value: f64, shown: &dyn std::fmt::Display| {
            list.tag("td", &[("class", &"n"), ("data-v", &short(value))], shown);
        };
        value(&mut list, row.peak, &view.plan.shown_load(row.peak));
        list.tag(
            "td",
            &[("data-v", &row.peak_bucket)],
            if row.peak > 0.0 { view.bucket_time(row.peak_bucket) } else { "–".to_owned() },
        );
        value(&mut list, row.wal_mean, &bytes(row.wal_mean));
        let changed = row.rows[0] + row.rows[1] + row.rows[3];
        value(&mut list, changed, &rate(changed));
        value(&mut list, row.copy_bytes as f64, &bytes(row.copy_bytes as f64));
        value(
            &mut list,
            row.index_bytes as f64,
            &format_args!("{}: {}", row.index_count, bytes(row.index_bytes as f64)),
        );
        list.tag("td", &[], row.identity).raw("</tr>\n");
    }
    end_table(&mut list);
    scroll(&mut out, "All tables", list);
    if !view.plan.excluded.is_empty() {
        out.raw("<details><summary>")
            .text(format_args!("Left out ({})", view.plan.excluded.len()))
            .raw("</summary><ul>");
        for excluded in &view.plan.excluded {
            let name = names::TableName::new(excluded.schema.clone(), excluded.name.clone());
            out.tag("li", &[], format_args!("{name}: {}", excluded.reason));
        }
        out.raw("</ul></details>");
    }
    out
}

/// Enough digits to sort by.
fn short(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { format!("{value:.4e}") }
}

fn provenance(view: &View<'_>) -> Html {
    let (plan, workload) = (view.plan, view.workload);
    let mut out = Html::default();
    let mut list = Html::default();
    list.raw("<table><caption>Where this comes from</caption><tbody>");
    let mut line = |name: &str, value: String| {
        list.raw("<tr>")
            .tag("th", &[("scope", &"row")], name)
            .raw("<td class=\"w\">")
            .tag("code", &[], value)
            .raw("</td></tr>");
    };
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
    list.raw("</tbody></table>");
    scroll(&mut out, "Provenance", list);
    if !workload.gaps.is_empty() || !workload.notes.is_empty() {
        out.raw("<h3>Gaps and notes of the sampling</h3><ul>");
        for gap in &workload.gaps {
            out.tag(
                "li",
                &[],
                format_args!(
                    "Not observed from {} to the end of {}: {}",
                    view.bucket_time(gap.from_bucket as usize),
                    view.bucket_time(gap.to_bucket as usize),
                    gap.reason
                ),
            );
        }
        for note in &workload.notes {
            out.tag("li", &[], note);
        }
        out.raw("</ul>");
    }
    out.raw("<h3>Policy</h3>");
    match toml::to_string(&plan.policy) {
        Ok(text) => {
            out.raw("<pre tabindex=\"0\" role=\"region\" aria-label=\"Policy\">");
            for line in text.lines() {
                out.text(line).raw("\n");
            }
            out.raw("</pre>");
        }
        Err(error) => drop(out.tag("p", &[], format_args!("The policy cannot be shown: {error}."))),
    }
    out.raw("<h3>Coefficients</h3>");
    let mut list = Html::default();
    table(&mut list, "Cost of each thing", &[("Coefficient", false), ("Low", true), ("Nominal", true), ("High", true)]);
    let sets = &plan.load.coefficients;
    for ((name, low), ((_, nominal), (_, high))) in
        sets.low.named().into_iter().zip(sets.nominal.named().into_iter().zip(sets.high.named()))
    {
        list.raw("<tr>").tag("th", &[("scope", &"row")], name);
        for value in [low, nominal, high] {
            number(&mut list, value);
        }
        list.raw("</tr>");
    }
    end_table(&mut list);
    scroll(&mut out, "Coefficients", list);
    out
}
