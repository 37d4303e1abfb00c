//! The first sections: verdict, load over time, slots, hot tables.

use super::{
    Section, chart,
    chart::{Curve, Limit},
    markup::Html,
    view::{View, bytes, end_table, lag, maybe_range, number, percent, rate, scroll, table, with_range},
};
use crate::{
    finding::Severity,
    plan::{Marks, Role},
    units::{Bytes, Seconds, counted},
};

pub(super) fn sections(view: &View<'_>) -> Vec<Section> {
    let mut sections = vec![
        ("verdict", "Verdict", verdict(view)),
        ("load", "Load over time", load(view)),
        ("slots", "What is in each slot, and why", slots(view)),
    ];
    if view.plan.slots.iter().any(|slot| slot.role == Role::Dedicated) {
        sections.push(("hot", "Hot tables", hot(view)));
    }
    sections
}

/// One line under the title.
pub(super) fn subtitle(view: &View<'_>) -> String {
    let plan = view.plan;
    format!(
        "{} in {}, PostgreSQL {} to {}; {} of load, sampled from {}.",
        counted(view.tables.len(), "table"),
        counted(plan.slots.len(), "slot"),
        plan.publisher_version,
        plan.subscriber_version,
        Seconds(view.length_s()),
        view.workload.start.strftime("%-d %B %Y %H:%M"),
    )
}

fn verdict(view: &View<'_>) -> Html {
    let mut out = Html::default();
    let (errors, warnings) = (view.count(Severity::Error), view.count(Severity::Warning));
    let (class, mark, word, more) = match view.worst() {
        Some(Severity::Error) => (
            "verdict bad",
            "✖",
            "Not like this",
            format!("{} to mend first, {}.", counted(errors, "error"), counted(warnings, "warning")),
        ),
        Some(Severity::Warning) => (
            "verdict doubt",
            "▲",
            "Can be carried out, knowingly",
            format!("{} to decide on.", counted(warnings, "warning")),
        ),
        _ => ("verdict good", "✔", "Ready to be carried out", "Nothing stands against it.".to_owned()),
    };
    out.open("div", &[("class", &class)]);
    out.raw("<p>").tag("strong", &[], format_args!("{mark} {word}.")).raw(" ").tag("span", &[], more);
    out.raw(" <a href=\"#findings\">Findings</a></p></div>");
    let lines = [view.plan.proof()].into_iter().chain(view.plan.trade());
    out.tag("p", &[], lines.collect::<Vec<_>>().join(" "));
    out.raw("<dl class=\"figures\">");
    let plan = view.plan;
    figure(
        &mut out,
        "Slots",
        plan.slots.len().to_string(),
        format!("{} dedicated, {} shared", plan.count_of(Role::Dedicated), plan.count_of(Role::Shared)),
    );
    if let Some(peak) = plan.slots.first() {
        let against = if plan.load.slot_capacity.is_some() { "of what a slot can carry" } else { "of WAL" };
        figure(
            &mut out,
            "Busiest slot",
            view.plan.shown_load(peak.peak_load),
            format!("{against}: {}, {}", peak.name, view.bucket_time(peak.peak_bucket as usize)),
        );
    }
    let planned = view.planned;
    figure(
        &mut out,
        "Worst flush lag",
        lag(planned.flush_lag_s.nominal),
        if planned.flush_lag_s.high < 0.0005 {
            "every slot keeps up, with the careful coefficients too".to_owned()
        } else {
            format!("{} with the careful coefficients", lag(planned.flush_lag_s.high))
        },
    );
    let cutover = &view.forecast.cutover;
    let most = planned.retained_wal_bytes.nominal.max(planned.copy_retained_wal_bytes.nominal);
    figure(
        &mut out,
        "Most WAL retained",
        bytes(most),
        format!(
            "during the initial copy {}, afterwards {}",
            bytes(planned.copy_retained_wal_bytes.nominal),
            bytes(planned.retained_wal_bytes.nominal)
        ),
    );
    let copy = &view.forecast.copy;
    figure(
        &mut out,
        "Initial copy",
        copy.ready_s.nominal.map_or("never ready".to_owned(), |seconds| Seconds(seconds).to_string()),
        format!("{} from {}", Bytes(copy.bytes as f64), view.moment(copy.start_s)),
    );
    let drain = if cutover.drain_s.high < 0.0005 { "at once".to_owned() } else { lag(cutover.drain_s.high) };
    figure(
        &mut out,
        "Slots empty after writes stop",
        drain,
        format!("at {}, with the careful coefficients", view.moment(cutover.at_s)),
    );
    let cut = plan.foreign_keys.iter().filter(|key| key.cut).count();
    figure(
        &mut out,
        "Foreign keys between slots",
        cut.to_string(),
        format!("of {}, over {}", plan.foreign_keys.len(), counted(plan.objective.cut_pairs.len(), "table pair")),
    );
    out.raw("</dl>");
    out
}

fn figure(out: &mut Html, name: &str, value: String, more: String) {
    out.raw("<div>").tag("dt", &[], name).tag("dd", &[("class", &"big")], value);
    out.tag("dd", &[("class", &"quiet")], more).raw("</div>");
}

fn load(view: &View<'_>) -> Html {
    let mut out = Html::default();
    let curves: Vec<&[f64]> = view.planned.slots.iter().map(|slot| slot.load.as_slice()).collect();
    let total = |bucket: usize| curves.iter().filter_map(|curve| curve.get(bucket)).sum::<f64>();
    let busiest =
        (0..view.workload.bucket_count as usize).max_by(|&a, &b| total(a).total_cmp(&total(b)).then(b.cmp(&a)));
    let label = format!(
        "Load of all slots, stacked; the most is {} of one slot's time at {}",
        percent(busiest.map_or(0.0, total)),
        view.bucket_time(busiest.unwrap_or(0))
    );
    let limit = Limit { value: 1.0, label: "all that one slot can carry" };
    out.raw("<figure>");
    scroll(&mut out, "Chart: load of all slots", chart::stacked(&label, &curves, Some(limit), &percent, &view.ticks));
    out.tag(
        "figcaption",
        &[],
        "Each slot's load, the larger of its stages (apply worker, walsender), stacked in the order of the list below, the first at the bottom. Where the stack is above the dashed line, one slot for everything would hardly keep up (the forecast below has its own figures).",
    );
    out.raw("</figure><div class=\"slots\">");
    for (index, slot) in view.planned.slots.iter().enumerate() {
        out.raw("<figure>").raw("<h3>");
        out.tag("span", &[("class", &format_args!("key {}", chart::colour(index)))], index + 1).raw(" ");
        out.text(&slot.name).raw("</h3>");
        let label = format!(
            "Load of slot {}: peak {}, mean {}",
            slot.name,
            percent(slot.peak_load.nominal),
            percent(slot.mean_load.nominal)
        );
        let limit = Limit { value: 1.0, label: "capacity" };
        let curve = chart::curve(
            &Curve { label: &label, nominal: &slot.load, careful: None, height: 120.0, class: &chart::colour(index) },
            Some(limit),
            &percent,
            &view.ticks,
        );
        let region = format!("Chart: load of slot {}", slot.name);
        scroll(&mut out, &region, curve);
        let caption =
            format!("Peak {}, mean {}.", with_range(&slot.peak_load, percent), percent(slot.mean_load.nominal));
        out.tag("figcaption", &[], caption).raw("</figure>");
    }
    out.raw("</div>");
    out
}

fn slots(view: &View<'_>) -> Html {
    let mut out = Html::default();
    let mut list = Html::default();
    table(
        &mut list,
        "One line a slot, hottest first. Burst: by how much its largest sampled burst outlasts the interval it came in.",
        &[
            ("Slot", false),
            ("Role", false),
            ("Tables", true),
            ("Peak load", true),
            ("At", false),
            ("Mean", true),
            ("WAL peak", true),
            ("Copy", true),
            ("Burst", true),
        ],
    );
    for (index, (slot, forecast)) in view.plan.slots.iter().zip(&view.planned.slots).enumerate() {
        list.raw("<tr><th scope=\"row\">");
        list.tag("span", &[("class", &format_args!("key {}", chart::colour(index)))], index + 1).raw(" ");
        list.text(&slot.name).raw("</th>");
        list.tag("td", &[], slot.role.as_str());
        number(&mut list, slot.tables.len());
        list.raw("<td class=\"n\">").push(chart::bar(view.plan.share_of_slot(slot.peak_load), &chart::colour(index)));
        list.text(view.plan.shown_load(slot.peak_load)).raw("</td>");
        list.tag("td", &[], view.bucket_time(slot.peak_bucket as usize));
        number(&mut list, view.plan.shown_load(slot.mean_load));
        number(&mut list, format_args!("{}/s", Bytes(slot.wal_bytes_per_s_peak)));
        number(&mut list, Bytes(slot.copy_bytes as f64));
        number(&mut list, lag(forecast.burst_delay_s.nominal));
        list.raw("</tr>");
    }
    end_table(&mut list);
    scroll(&mut out, "Slots", list);
    for (index, slot) in view.plan.slots.iter().enumerate() {
        out.raw("<h3>").tag("span", &[("class", &format_args!("key {}", chart::colour(index)))], index + 1).raw(" ");
        out.text(&slot.name).raw("</h3>");
        let why = match (view.plan.why_alone(slot), slot.role) {
            (Some(why), _) => format!("Alone: {}.", why),
            (None, Role::Dedicated) => "Alone, as the policy says.".to_owned(),
            (None, Role::Shared) => {
                "Shared: the tables that are not hot, dealt so that the busiest shared slot is as quiet as can be and few foreign keys are cut.".to_owned()
            }
        };
        out.tag("p", &[], why);
        contents(view, index, &mut out);
    }
    rules(view, &mut out);
    out
}

/// The heaviest tables of a slot; the rest are in the list of tables.
fn contents(view: &View<'_>, index: usize, out: &mut Html) {
    const SHOWN: usize = 8;
    let tables: Vec<_> = view.tables.iter().filter(|row| row.slot == index).collect();
    let shown: Vec<String> = tables
        .iter()
        .take(SHOWN)
        .map(|row| {
            if row.peak > 0.0 {
                format!("{} ({})", row.name, view.plan.shown_load(row.peak))
            } else {
                format!("{} (idle)", row.name)
            }
        })
        .collect();
    let more = tables.len().saturating_sub(SHOWN);
    let rest = if more > 0 { format!(", and {more} more, all in the list of tables") } else { String::new() };
    out.tag("p", &[("class", &"quiet")], format_args!("Holds, each with its own peak: {}{rest}.", shown.join(", ")));
}

/// Decisions of rules.
fn rules(view: &View<'_>, out: &mut Html) {
    const SHOWN: usize = 200;
    let lines: Vec<String> = view.plan.rules().map(|decision| decision.sentence(&Marks::plain(12))).collect();
    if lines.is_empty() {
        return;
    }
    out.raw("<details><summary>").text(format_args!("Rules kept ({})", lines.len())).raw("</summary><ul>");
    for line in lines.iter().take(SHOWN) {
        out.tag("li", &[], line);
    }
    if lines.len() > SHOWN {
        out.tag("li", &[], format_args!("and {} more, in the plan", lines.len() - SHOWN));
    }
    out.raw("</ul></details>");
}

fn hot(view: &View<'_>) -> Html {
    let mut out = Html::default();
    out.tag(
        "p",
        &[],
        "A table is hot when it would fill more than its share of a shared slot: everything else in that slot would wait behind it.",
    );
    for (index, slot) in view.plan.slots.iter().enumerate().filter(|(_, slot)| slot.role == Role::Dedicated) {
        let forecast = &view.planned.slots[index];
        let names: Vec<String> = slot.tables.iter().take(3).map(|table| table.table_name().to_string()).collect();
        let more = slot.tables.len().saturating_sub(3);
        let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
        out.raw("<h3>").text(format_args!("{}{rest}", names.join(", "))).raw("</h3>");
        if let Some(why) = view.plan.why_alone(slot) {
            out.tag("p", &[], format_args!("Alone because {}.", why));
        }
        out.raw("<figure>");
        let label = format!(
            "Profile of {}: peak {} at {}, mean {}",
            names.join(", "),
            view.plan.shown_load(slot.peak_load),
            view.bucket_time(slot.peak_bucket as usize),
            view.plan.shown_load(slot.mean_load)
        );
        let limit = Limit { value: 1.0, label: "capacity" };
        let curve = chart::curve(
            &Curve {
                label: &label,
                nominal: &forecast.load,
                careful: None,
                height: 160.0,
                class: &chart::colour(index),
            },
            Some(limit),
            &percent,
            &view.ticks,
        );
        let region = format!("Chart: profile of slot {}", slot.name);
        scroll(&mut out, &region, curve);
        out.tag("figcaption", &[], profile(view, index)).raw("</figure>");
        let lagging = if forecast.flush_lag_s.high < 0.0005 {
            "In the forecast it keeps up in every bucket.".to_owned()
        } else {
            format!(
                "Flush lag in the forecast: {}; caught up after {}.",
                with_range(&forecast.flush_lag_s, lag),
                maybe_range(&forecast.catch_up_s)
            )
        };
        out.tag("p", &[("class", &"quiet")], lagging);
    }
    out
}

/// What the slot's tables do, in one sentence each kind.
fn profile(view: &View<'_>, index: usize) -> String {
    let rows: Vec<_> = view.tables.iter().filter(|row| row.slot == index).collect();
    let sum = |of: &dyn Fn(usize) -> f64| (0..rows.len()).map(of).sum::<f64>();
    let [inserts, updates, hot, deletes] = [0, 1, 2, 3].map(|kind| sum(&|row| rows[row].rows[kind]));
    let toast = sum(&|row| rows[row].parts.iter().map(|table| table.load.toast_chunks_per_s.mean()).sum());
    let burst = rows
        .iter()
        .flat_map(|row| &row.parts)
        .filter_map(|table| Some((table.load.burst_wal_bytes?, table.load.burst_s?)))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let mut text = format!(
        "A second on average: {} inserts, {} updates ({} of them HOT), {} deletes, {} TOAST chunks, {} of WAL.",
        rate(inserts),
        rate(updates),
        percent(if updates > 0.0 { hot / updates } else { 0.0 }),
        rate(deletes),
        rate(toast),
        Bytes(sum(&|row| rows[row].wal_mean))
    );
    if let Some((bytes, seconds)) = burst {
        text.push_str(&format!(" Largest burst: {} of WAL in {}.", Bytes(bytes), Seconds(seconds)));
    }
    text
}
