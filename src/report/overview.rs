//! The first sections: verdict, load over time, slots, hot tables.

use maud::{Markup, html};

use super::{
    Section, chart,
    chart::{Curve, Limit},
    view::{View, bytes, key, lag, maybe_range, number, percent, rate, scroll, table, with_range},
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

fn verdict(view: &View<'_>) -> Markup {
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
    let lines: Vec<String> = [view.plan.proof()].into_iter().chain(view.plan.trade()).collect();
    html! {
        div class=(class) {
            p { strong { (mark) " " (word) "." } " " span { (more) } " " a href="#findings" { "Findings" } }
        }
        p { (lines.join(" ")) }
        dl class="figures" {
            @for (name, value, more) in figures(view) {
                div { dt { (name) } dd class="big" { (value) } dd class="quiet" { (more) } }
            }
        }
    }
}

/// What a reader wants to know first: name, value, what it means.
fn figures(view: &View<'_>) -> Vec<(&'static str, String, String)> {
    let (plan, planned) = (view.plan, view.planned);
    let (copy, cutover) = (&view.forecast.copy, &view.forecast.cutover);
    let mut figures = vec![(
        "Slots",
        plan.slots.len().to_string(),
        format!("{} dedicated, {} shared", plan.count_of(Role::Dedicated), plan.count_of(Role::Shared)),
    )];
    if let Some(peak) = plan.slots.first() {
        let against = if plan.load.slot_capacity.is_some() { "of what a slot can carry" } else { "of WAL" };
        let when = view.bucket_time(peak.peak_bucket as usize);
        figures.push(("Busiest slot", plan.shown_load(peak.peak_load), format!("{against}: {}, {when}", peak.name)));
    }
    let keeps_up = if planned.flush_lag_s.high < 0.0005 {
        "every slot keeps up, with the careful coefficients too".to_owned()
    } else {
        format!("{} with the careful coefficients", lag(planned.flush_lag_s.high))
    };
    figures.push(("Worst flush lag", lag(planned.flush_lag_s.nominal), keeps_up));
    let retained = [planned.copy_retained_wal_bytes.nominal, planned.retained_wal_bytes.nominal];
    figures.push((
        "Most WAL retained",
        bytes(retained[0].max(retained[1])),
        format!("during the initial copy {}, afterwards {}", bytes(retained[0]), bytes(retained[1])),
    ));
    figures.push((
        "Initial copy",
        copy.ready_s.nominal.map_or("never ready".to_owned(), |seconds| Seconds(seconds).to_string()),
        format!("{} from {}", Bytes(copy.bytes as f64), view.moment(copy.start_s)),
    ));
    figures.push((
        "Slots empty after writes stop",
        if cutover.drain_s.high < 0.0005 { "at once".to_owned() } else { lag(cutover.drain_s.high) },
        format!("at {}, with the careful coefficients", view.moment(cutover.at_s)),
    ));
    let cut = plan.foreign_keys.iter().filter(|key| key.cut).count();
    figures.push((
        "Foreign keys between slots",
        cut.to_string(),
        format!("of {}, over {}", plan.foreign_keys.len(), counted(plan.objective.cut_pairs.len(), "table pair")),
    ));
    figures
}

fn load(view: &View<'_>) -> Markup {
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
    let all = chart::stacked(&label, &curves, Some(limit), &percent, &view.ticks);
    html! {
        figure {
            (scroll("Chart: load of all slots", all))
            figcaption {
                "Each slot's load, the larger of its stages (apply worker, walsender), stacked in the order of the list below, the first at the bottom. Where the stack is above the dashed line, one slot for everything would hardly keep up (the forecast below has its own figures)."
            }
        }
        div class="slots" {
            @for (index, slot) in view.planned.slots.iter().enumerate() {
                @let (peak, mean) = (percent(slot.peak_load.nominal), percent(slot.mean_load.nominal));
                @let label = format!("Load of slot {}: peak {peak}, mean {mean}", slot.name);
                figure {
                    h3 { (key(index)) " " (slot.name) }
                    (scroll(&format!("Chart: load of slot {}", slot.name), slot_curve(view, index, &label, 120.0)))
                    figcaption { "Peak " (with_range(&slot.peak_load, percent)) ", mean " (mean) "." }
                }
            }
        }
    }
}

/// The load of one slot, in its colour, under what it can carry.
fn slot_curve(view: &View<'_>, index: usize, label: &str, height: f64) -> Markup {
    let nominal = &view.planned.slots[index].load;
    let shown = Curve { label, nominal, careful: None, height, class: &chart::colour(index) };
    chart::curve(&shown, Some(Limit { value: 1.0, label: "capacity" }), &percent, &view.ticks)
}

fn slots(view: &View<'_>) -> Markup {
    let plan = view.plan;
    let rows = html! {
        @for (index, (slot, forecast)) in plan.slots.iter().zip(&view.planned.slots).enumerate() {
            tr {
                th scope="row" { (key(index)) " " (slot.name) }
                td { (slot.role.as_str()) }
                (number(slot.tables.len()))
                td class="n" {
                    (chart::bar(plan.share_of_slot(slot.peak_load), &chart::colour(index))) (plan.shown_load(slot.peak_load))
                }
                td { (view.bucket_time(slot.peak_bucket as usize)) }
                (number(plan.shown_load(slot.mean_load)))
                (number(format_args!("{}/s", Bytes(slot.wal_bytes_per_s_peak))))
                (number(Bytes(slot.copy_bytes as f64)))
                (number(lag(forecast.burst_delay_s.nominal)))
            }
        }
    };
    let list = table(
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
        rows,
    );
    html! {
        (scroll("Slots", list))
        @for (index, slot) in plan.slots.iter().enumerate() {
            h3 { (key(index)) " " (slot.name) }
            p {
                @match (plan.why_alone(slot), slot.role) {
                    (Some(why), _) => { "Alone: " (maud::display(why)) "." }
                    (None, Role::Dedicated) => { "Alone, as the policy says." }
                    (None, Role::Shared) => {
                        "Shared: the tables that are not hot, dealt so that the busiest shared slot is as quiet as can be and few foreign keys are cut."
                    }
                }
            }
            p class="quiet" { (contents(view, index)) }
        }
        (rules(view))
    }
}

/// The heaviest tables of a slot; the rest are in the list of tables.
fn contents(view: &View<'_>, index: usize) -> String {
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
    format!("Holds, each with its own peak: {}{rest}.", shown.join(", "))
}

/// Decisions of rules.
fn rules(view: &View<'_>) -> Markup {
    const SHOWN: usize = 200;
    let lines: Vec<String> = view.plan.rules().map(|decision| decision.sentence(&Marks::plain(12))).collect();
    html! {
        @if !lines.is_empty() {
            details {
                summary { "Rules kept (" (lines.len()) ")" }
                ul {
                    @for line in lines.iter().take(SHOWN) { li { (line) } }
                    @if lines.len() > SHOWN { li { "and " (lines.len() - SHOWN) " more, in the plan" } }
                }
            }
        }
    }
}

fn hot(view: &View<'_>) -> Markup {
    let dedicated = view.plan.slots.iter().enumerate().filter(|(_, slot)| slot.role == Role::Dedicated);
    html! {
        p {
            "A table is hot when it would fill more than its share of a shared slot: everything else in that slot would wait behind it."
        }
        @for (index, slot) in dedicated {
            @let names = slot.tables.iter().take(3).map(|table| table.table_name().to_string()).collect::<Vec<_>>().join(", ");
            @let more = slot.tables.len().saturating_sub(3);
            @let (peak, mean) = (view.plan.shown_load(slot.peak_load), view.plan.shown_load(slot.mean_load));
            @let at = view.bucket_time(slot.peak_bucket as usize);
            @let label = format!("Profile of {names}: peak {peak} at {at}, mean {mean}");
            h3 { (names) @if more > 0 { " and " (more) " more" } }
            @if let Some(why) = view.plan.why_alone(slot) {
                p { "Alone because " (maud::display(why)) "." }
            }
            figure {
                (scroll(&format!("Chart: profile of slot {}", slot.name), slot_curve(view, index, &label, 160.0)))
                figcaption { (profile(view, index)) }
            }
            p class="quiet" {
                @let forecast = &view.planned.slots[index];
                @if forecast.flush_lag_s.high < 0.0005 {
                    "In the forecast it keeps up in every bucket."
                } @else {
                    "Flush lag in the forecast: " (with_range(&forecast.flush_lag_s, lag)) "; caught up after "
                    (maybe_range(&forecast.catch_up_s)) "."
                }
            }
        }
    }
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
