//! The sections about what would happen: forecast with baselines, foreign keys meanwhile, initial copy.

use maud::{Markup, html};

use super::{
    Section, chart,
    chart::{Bar, Curve, Limit, Row, Tick},
    view::{View, bytes, key, lag, maybe_range, number, percent, scroll, table, with_range},
};
use crate::{
    plan::PlannedForeignKey,
    policy::ForeignKeyMode,
    simulate::forecast::LayoutKind,
    units::{Bytes, Seconds, counted},
    workload::ForeignKey,
};

pub(super) fn sections(view: &View<'_>) -> Vec<Section> {
    let mut sections = vec![("forecast", "Forecast", forecast(view))];
    if view.forecast.layouts.len() > 1 {
        sections.push(("compare", "What other layouts would do", compare(view)));
    }
    sections.push(("foreign-keys", "Foreign keys between slots", foreign_keys(view)));
    sections.push(("copy", "Initial copy", copy(view)));
    sections
}

fn forecast(view: &View<'_>) -> Markup {
    let (planned, forecast) = (view.planned, view.forecast);
    let line = if planned.flush_lag_s.high < 0.0005 {
        "If the load is as it was sampled, every slot keeps up in every bucket, with the careful coefficients too: no lag, and no WAL is retained beyond what is on its way.".to_owned()
    } else {
        format!(
            "If the load is as it was sampled, the slot that is most behind the publisher is so by {}, and takes {} from its largest lag until it is caught up. The publisher keeps {} of WAL for the slowest slot.",
            with_range(&planned.flush_lag_s, lag),
            maybe_range(&planned.catch_up_s),
            with_range(&planned.retained_wal_bytes, bytes)
        )
    };
    let behind = planned.slots.iter().enumerate().filter(|(_, slot)| slot.flush_lag_s.high >= 0.0005);
    html! {
        p { (line) }
        p class="quiet" {
            "In brackets: from the optimistic to the careful coefficients. A bucket is a mean; bursts within it come on top (see the slots' table). In the charts the line is nominal and the dashed line careful."
        }
        details {
            summary { "Assumed" }
            ul { @for sentence in forecast.scenario.sentences() { li { (sentence) } } }
        }
        div class="slots" {
            @for (index, slot) in behind {
                @let label = format!("Flush lag of slot {}: at most {}", slot.name, with_range(&slot.flush_lag_s, lag));
                @let by_bucket = &slot.flush_lag_s_by_bucket;
                @let shown = Curve {
                    label: &label,
                    nominal: &by_bucket.nominal,
                    careful: Some(&by_bucket.high),
                    height: 140.0,
                    class: &chart::colour(index),
                };
                figure {
                    h3 { (key(index)) " " (slot.name) }
                    (scroll(
                        &format!("Chart: flush lag of slot {}", slot.name),
                        chart::curve(&shown, None, &axis_seconds, &view.ticks),
                    ))
                    figcaption {
                        "Flush lag: at most " (with_range(&slot.flush_lag_s, lag)) "; caught up after "
                        (maybe_range(&slot.catch_up_s)) "."
                    }
                }
            }
        }
        (retained(view))
        (cutover(view))
    }
}

/// Numbers at an axis of seconds.
fn axis_seconds(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { Seconds(value).to_string() }
}

fn retained(view: &View<'_>) -> Markup {
    let (planned, scenario) = (view.planned, &view.forecast.scenario);
    if planned.retained_wal_bytes.high <= 0.0 {
        return html! {};
    }
    let label = format!("Retained WAL: at most {}", with_range(&planned.retained_wal_bytes, bytes));
    let limit = match (scenario.slot_wal_limit_bytes, scenario.disk_free_bytes) {
        (Some(bytes), _) => Some(Limit { value: bytes as f64, label: "max_slot_wal_keep_size" }),
        (None, Some(bytes)) => Some(Limit { value: bytes as f64, label: "free space" }),
        _ => None,
    };
    let by_bucket = &planned.retained_wal_bytes_by_bucket;
    let shown = Curve {
        label: &label,
        nominal: &by_bucket.nominal,
        careful: Some(&by_bucket.high),
        height: 180.0,
        class: "s9",
    };
    html! {
        h3 { "WAL kept for the slowest slot" }
        figure {
            (scroll("Chart: retained WAL", chart::curve(&shown, limit, &bytes, &view.ticks)))
            figcaption { "After the initial copy. What the copy itself keeps is in its section." }
        }
    }
}

fn cutover(view: &View<'_>) -> Markup {
    let cutover = &view.forecast.cutover;
    let at = view.moment(cutover.at_s);
    let chosen = if cutover.at_s == cutover.best_at_s {
        format!("At {at}, the best hour of the workload")
    } else {
        format!("At {at} (the best hour is {})", view.moment(cutover.best_at_s))
    };
    let drain = if cutover.drain_s.high < 0.0005 { "at once".to_owned() } else { with_range(&cutover.drain_s, lag) };
    let high = &cutover.drain_s_by_bucket.high;
    let worst = high.iter().copied().fold(0.0, f64::max);
    let label = format!("Time to drain by hour of the cutover: up to {}", lag(worst));
    let shown = Curve {
        label: &label,
        nominal: &cutover.drain_s_by_bucket.nominal,
        careful: Some(high),
        height: 140.0,
        class: "s9",
    };
    html! {
        h3 { "Cutover" }
        p { (chosen) ", every slot is empty " (drain) " after writes stop." }
        @if worst < 0.0005 {
            p { "The same holds for every other hour." }
        } @else {
            figure {
                (scroll(
                    "Chart: time to drain by hour of the cutover",
                    chart::curve(&shown, None, &axis_seconds, &view.ticks),
                ))
                figcaption { "How long the application would wait if writes stopped at that time." }
            }
        }
    }
}

fn layout_name(kind: LayoutKind) -> (&'static str, &'static str) {
    match kind {
        LayoutKind::Plan => ("This plan", "as above"),
        LayoutKind::OneSlot => ("One slot", "everything in one publication"),
        LayoutKind::RoundRobin => ("Round-robin", "tables dealt in the order of their names"),
        LayoutKind::BySize => ("By size", "largest table first, to the slot that copies least"),
        LayoutKind::TupleCount => ("By tuple count", "most changed rows first, from one reading of the counters"),
    }
}

fn compare(view: &View<'_>) -> Markup {
    let highest = view.forecast.layouts.iter().map(|layout| layout.peak_load.nominal).fold(1.0, f64::max);
    let rows = html! {
        @for layout in &view.forecast.layouts {
            @let this = layout.layout == LayoutKind::Plan;
            @let (name, how) = layout_name(layout.layout);
            tr class=[this.then_some("this")] {
                th scope="row" { (name) br; span class="quiet" { (how) } }
                (number(layout.slots.len()))
                td class="n" {
                    (chart::bar(layout.peak_load.nominal / highest, if this { "s0" } else { "s9" }))
                    (with_range(&layout.peak_load, percent))
                }
                (number(with_range(&layout.flush_lag_s, lag)))
                (number(with_range(&layout.retained_wal_bytes, bytes)))
                (number(maybe_range(&layout.catch_up_s)))
                (number(lag(layout.burst_delay_s.nominal)))
                (number(layout.cut_foreign_keys))
            }
        }
    };
    let list = table(
        "The same workload through other layouts; nominal, in brackets from the optimistic to the careful coefficients.",
        &[
            ("Layout", false),
            ("Slots", true),
            ("Peak load", true),
            ("Worst flush lag", true),
            ("Retained WAL", true),
            ("Catch-up", true),
            ("Burst delay", true),
            ("Cut foreign keys", true),
        ],
        rows,
    );
    html! {
        (scroll("Layouts compared", list))
        p class="quiet" {
            "Peak load: the busiest slot in its busiest bucket, 100 % is all that one slot can do. Burst delay: how long the largest sampled burst keeps its slot busy after its interval. In the plan only the hot table itself waits for it; in the others everything that shares its slot."
        }
    }
}

fn foreign_keys(view: &View<'_>) -> Markup {
    const SHOWN: usize = 300;
    let plan = view.plan;
    let cut: Vec<_> = plan.foreign_keys.iter().filter(|key| key.cut).collect();
    let first = html! { p { (plan.cut_keys().unwrap_or_else(|| "There is no foreign key.".to_owned())) } };
    if cut.is_empty() {
        return first;
    }
    let mode = match plan.policy.foreign_keys {
        ForeignKeyMode::Restore => {
            "They are dropped on the subscriber before the start, restored without checking once every slot is empty, and validated after writes have opened there. Until then the subscriber does not enforce them, and a TRUNCATE replicates."
        }
        ForeignKeyMode::Guard => {
            "They stay on the subscriber. The publications concerned leave TRUNCATE out, and a trigger on the publisher refuses it, since a replicated TRUNCATE of a referenced table would stop its slot forever."
        }
        ForeignKeyMode::Together => {
            "Tables joined by foreign keys share a slot; those below join tables that are outside the plan."
        }
    };
    let reason = |key: &ForeignKey| {
        let joins = |a, b| (a == &key.from && b == &key.to) || (a == &key.to && b == &key.from);
        let pair = plan.objective.cut_pairs.iter().find(|pair| joins(&pair.a, &pair.b));
        pair.map_or("one of them is in no slot", |pair| pair.reason.as_str())
    };
    let rows = html! {
        @for PlannedForeignKey { key, .. } in cut.iter().copied().take(SHOWN) {
            tr {
                th scope="row" { (maud::display(&key.from)) }
                td { (maud::display(&key.to)) }
                td { (key.name) }
                td class="w" { (reason(key)) }
            }
        }
    };
    let columns = [("From", false), ("To", false), ("Constraint", false), ("Why not together", false)];
    html! {
        (first)
        p {
            "Slots are not in step with each other: until the cutover a row may be on the subscriber before the row that it refers to."
        }
        p { (mode) }
        @if let Some(line) = plan.cut_transactions() {
            p { (line) " On the subscriber their parts appear one after the other." }
        }
        (scroll("Foreign keys between slots", table("Foreign keys between slots", &columns, rows)))
        @if cut.len() > SHOWN { p { "and " (cut.len() - SHOWN) " more, in the plan." } }
    }
}

fn copy(view: &View<'_>) -> Markup {
    let copy = &view.forecast.copy;
    let best = if copy.start_s == copy.best_start_s {
        "the hour that retains least WAL".to_owned()
    } else {
        format!("the hour that retains least is {}", view.moment(copy.best_start_s))
    };
    let length = copy.tables.iter().map(|table| table.ready_s.unwrap_or(table.copied_s)).fold(0.0, f64::max);
    let mut rows: Vec<Row> = Vec::new();
    for table in &copy.tables {
        let slot = table.slot as usize;
        let name = view.planned.slots.get(slot).map_or("", |slot| slot.name.as_str());
        let label = format!("{name} · {}", table.worker + 1);
        let until = table.ready_s.unwrap_or(length);
        let bar = Bar {
            from: table.from_s,
            copied: table.copied_s,
            until,
            label: format!(
                "{}: {} from {} to {}, ready at {}",
                table.table,
                Bytes(table.bytes as f64),
                Seconds(table.from_s),
                Seconds(table.copied_s),
                table.ready_s.map_or("never".to_owned(), |ready| Seconds(ready).to_string())
            ),
        };
        match rows.last_mut() {
            Some(row) if row.slot == slot && row.label == label => row.bars.push(bar),
            _ => rows.push(Row { slot, label, bars: vec![bar] }),
        }
    }
    let step = [60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0]
        .into_iter()
        .find(|step| length / step <= 9.0)
        .unwrap_or(length / 6.0);
    let ticks: Vec<Tick> = (0..)
        .map(|index| f64::from(index) * step)
        .take_while(|at| *at < length * 0.97)
        .map(|at| Tick { at: at / length, label: axis_seconds(at) })
        .collect();
    let label =
        format!("Gantt chart of the initial copy: {} in {}", counted(copy.tables.len(), "table"), Seconds(length));
    let mut slowest: Vec<_> = copy.tables.iter().collect();
    slowest.sort_by(|a, b| (b.copied_s - b.from_s).total_cmp(&(a.copied_s - a.from_s)).then(a.table.cmp(&b.table)));
    let list = table(
        "The tables that take longest",
        &[
            ("Table", false),
            ("Slot", false),
            ("Size", true),
            ("Starts after", true),
            ("Copied after", true),
            ("Ready after", true),
        ],
        html! {
            @for table in slowest.iter().take(10) {
                tr {
                    th scope="row" { (maud::display(&table.table)) }
                    td { (view.planned.slots.get(table.slot as usize).map_or("", |slot| slot.name.as_str())) }
                    (number(Bytes(table.bytes as f64)))
                    (number(axis_seconds(table.from_s)))
                    (number(Seconds(table.copied_s)))
                    (number(table.ready_s.map_or("never".to_owned(), |ready| Seconds(ready).to_string())))
                }
            }
        },
    );
    html! {
        p {
            "Started on " (view.moment(copy.start_s)) " (" (best) "), " (maud::display(Bytes(copy.bytes as f64)))
            " are copied and every table is ready after " (maybe_range(&copy.ready_s))
            ". Meanwhile the publisher keeps up to " (with_range(&copy.retained_wal_bytes, bytes))
            " of WAL: each table that is being copied keeps all since its copy began."
        }
        @if length > 0.0 {
            figure {
                (scroll("Chart: initial copy", chart::gantt(&label, &rows, length, &ticks)))
                figcaption {
                    "Each line is a table synchronization worker of a slot, each bar a table (tap or point for its name); the dark end is catching up with what changed during its copy. Small tables that follow each other are drawn as one."
                }
            }
        }
        (scroll("Tables that take longest to copy", list))
    }
}
