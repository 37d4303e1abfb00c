//! The sections about what would happen: forecast with baselines, foreign keys meanwhile, initial copy.

use super::{
    Section, chart,
    chart::{Bar, Curve, Limit, Row, Tick},
    markup::Html,
    view::{View, bytes, end_table, lag, maybe_range, number, percent, scroll, table, with_range},
};
use crate::{
    plan::PlannedForeignKey,
    policy::ForeignKeyMode,
    simulate::forecast::LayoutKind,
    units::{Bytes, Seconds, counted},
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

fn forecast(view: &View<'_>) -> Html {
    let (planned, forecast) = (view.planned, view.forecast);
    let mut out = Html::default();
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
    out.tag("p", &[], line);
    out.tag(
        "p",
        &[("class", &"quiet")],
        "In brackets: from the optimistic to the careful coefficients. A bucket is a mean; bursts within it come on top (see the slots' table). In the charts the line is nominal and the dashed line careful.",
    );
    out.raw("<details><summary>Assumed</summary><ul>");
    for sentence in forecast.scenario.sentences() {
        out.tag("li", &[], sentence);
    }
    out.raw("</ul></details>");
    let behind: Vec<usize> =
        (0..planned.slots.len()).filter(|&slot| planned.slots[slot].flush_lag_s.high >= 0.0005).collect();
    out.raw("<div class=\"slots\">");
    for index in behind {
        let slot = &planned.slots[index];
        out.raw("<figure><h3>").tag("span", &[("class", &format_args!("key {}", chart::colour(index)))], index + 1);
        out.raw(" ").text(&slot.name).raw("</h3>");
        let label = format!("Flush lag of slot {}: at most {}", slot.name, with_range(&slot.flush_lag_s, lag));
        let by_bucket = &slot.flush_lag_s_by_bucket;
        let curve = chart::curve(
            &Curve {
                label: &label,
                nominal: &by_bucket.nominal,
                careful: Some(&by_bucket.high),
                height: 140.0,
                class: &chart::colour(index),
            },
            None,
            &axis_seconds,
            &view.ticks,
        );
        let region = format!("Chart: flush lag of slot {}", slot.name);
        scroll(&mut out, &region, curve);
        let caption = format!(
            "Flush lag: at most {}; caught up after {}.",
            with_range(&slot.flush_lag_s, lag),
            maybe_range(&slot.catch_up_s)
        );
        out.tag("figcaption", &[], caption).raw("</figure>");
    }
    out.raw("</div>");
    retained(view, &mut out);
    cutover(view, &mut out);
    out
}

/// Numbers at an axis of seconds.
fn axis_seconds(value: f64) -> String {
    if value == 0.0 { "0".to_owned() } else { Seconds(value).to_string() }
}

fn retained(view: &View<'_>, out: &mut Html) {
    let (planned, scenario) = (view.planned, &view.forecast.scenario);
    if planned.retained_wal_bytes.high <= 0.0 {
        return;
    }
    out.raw("<h3>WAL kept for the slowest slot</h3><figure>");
    let label = format!("Retained WAL: at most {}", with_range(&planned.retained_wal_bytes, bytes));
    let limit = match (scenario.slot_wal_limit_bytes, scenario.disk_free_bytes) {
        (Some(bytes), _) => Some(Limit { value: bytes as f64, label: "max_slot_wal_keep_size" }),
        (None, Some(bytes)) => Some(Limit { value: bytes as f64, label: "free space" }),
        _ => None,
    };
    let by_bucket = &planned.retained_wal_bytes_by_bucket;
    let curve = chart::curve(
        &Curve {
            label: &label,
            nominal: &by_bucket.nominal,
            careful: Some(&by_bucket.high),
            height: 180.0,
            class: "s9",
        },
        limit,
        &bytes,
        &view.ticks,
    );
    scroll(out, "Chart: retained WAL", curve);
    out.tag("figcaption", &[], "After the initial copy. What the copy itself keeps is in its section.")
        .raw("</figure>");
}

fn cutover(view: &View<'_>, out: &mut Html) {
    let cutover = &view.forecast.cutover;
    out.raw("<h3>Cutover</h3>");
    let at = view.moment(cutover.at_s);
    let chosen = if cutover.at_s == cutover.best_at_s {
        format!("At {at}, the best hour of the workload")
    } else {
        format!("At {at} (the best hour is {})", view.moment(cutover.best_at_s))
    };
    let drain = if cutover.drain_s.high < 0.0005 { "at once".to_owned() } else { with_range(&cutover.drain_s, lag) };
    out.tag("p", &[], format_args!("{chosen}, every slot is empty {drain} after writes stop."));
    let high = &cutover.drain_s_by_bucket.high;
    if high.iter().all(|&seconds| seconds < 0.0005) {
        out.tag("p", &[], "The same holds for every other hour.");
        return;
    }
    out.raw("<figure>");
    let worst = high.iter().copied().fold(0.0, f64::max);
    let label = format!("Time to drain by hour of the cutover: up to {}", lag(worst));
    let curve = chart::curve(
        &Curve {
            label: &label,
            nominal: &cutover.drain_s_by_bucket.nominal,
            careful: Some(high),
            height: 140.0,
            class: "s9",
        },
        None,
        &axis_seconds,
        &view.ticks,
    );
    scroll(out, "Chart: time to drain by hour of the cutover", curve);
    out.tag("figcaption", &[], "How long the application would wait if writes stopped at that time.").raw("</figure>");
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

fn compare(view: &View<'_>) -> Html {
    let mut out = Html::default();
    let mut list = Html::default();
    table(
        &mut list,
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
    );
    let highest = view.forecast.layouts.iter().map(|layout| layout.peak_load.nominal).fold(1.0, f64::max);
    for layout in &view.forecast.layouts {
        let this = layout.layout == LayoutKind::Plan;
        list.raw(if this { "<tr class=\"this\">" } else { "<tr>" });
        let (name, how) = layout_name(layout.layout);
        list.raw("<th scope=\"row\">").text(name);
        list.raw("<br>").tag("span", &[("class", &"quiet")], how).raw("</th>");
        number(&mut list, layout.slots.len());
        list.raw("<td class=\"n\">")
            .push(chart::bar(layout.peak_load.nominal / highest, if this { "s0" } else { "s9" }));
        list.text(with_range(&layout.peak_load, percent)).raw("</td>");
        number(&mut list, with_range(&layout.flush_lag_s, lag));
        number(&mut list, with_range(&layout.retained_wal_bytes, bytes));
        number(&mut list, maybe_range(&layout.catch_up_s));
        number(&mut list, lag(layout.burst_delay_s.nominal));
        number(&mut list, layout.cut_foreign_keys);
        list.raw("</tr>");
    }
    end_table(&mut list);
    scroll(&mut out, "Layouts compared", list);
    out.tag(
        "p",
        &[("class", &"quiet")],
        "Peak load: the busiest slot in its busiest bucket, 100 % is all that one slot can do. Burst delay: how long the largest sampled burst keeps its slot busy after its interval. In the plan only the hot table itself waits for it; in the others everything that shares its slot.",
    );
    out
}

fn foreign_keys(view: &View<'_>) -> Html {
    const SHOWN: usize = 300;
    let plan = view.plan;
    let mut out = Html::default();
    let cut: Vec<_> = plan.foreign_keys.iter().filter(|key| key.cut).collect();
    out.tag("p", &[], plan.cut_keys().unwrap_or_else(|| "There is no foreign key.".to_owned()));
    if cut.is_empty() {
        return out;
    }
    out.tag("p", &[], "Slots are not in step with each other: until the cutover a row may be on the subscriber before the row that it refers to.");
    out.tag(
        "p",
        &[],
        match plan.policy.foreign_keys {
            ForeignKeyMode::Restore => {
                "They are dropped on the subscriber before the start, restored without checking once every slot is empty, and validated after writes have opened there. Until then the subscriber does not enforce them, and a TRUNCATE replicates."
            }
            ForeignKeyMode::Guard => {
                "They stay on the subscriber. The publications concerned leave TRUNCATE out, and a trigger on the publisher refuses it, since a replicated TRUNCATE of a referenced table would stop its slot forever."
            }
            ForeignKeyMode::Together => {
                "Tables joined by foreign keys share a slot; those below join tables that are outside the plan."
            }
        },
    );
    if let Some(line) = plan.cut_transactions() {
        out.tag("p", &[], format_args!("{line} On the subscriber their parts appear one after the other."));
    }
    let mut list = Html::default();
    table(
        &mut list,
        "Foreign keys between slots",
        &[("From", false), ("To", false), ("Constraint", false), ("Why not together", false)],
    );
    for PlannedForeignKey { key, .. } in cut.iter().copied().take(SHOWN) {
        let pair = plan
            .objective
            .cut_pairs
            .iter()
            .find(|pair| (pair.a == key.from && pair.b == key.to) || (pair.a == key.to && pair.b == key.from));
        list.raw("<tr>").tag("th", &[("scope", &"row")], &key.from).tag("td", &[], &key.to);
        list.tag("td", &[], &key.name);
        list.tag("td", &[("class", &"w")], pair.map_or("one of them is in no slot", |pair| pair.reason.as_str()))
            .raw("</tr>");
    }
    end_table(&mut list);
    scroll(&mut out, "Foreign keys between slots", list);
    if cut.len() > SHOWN {
        out.tag("p", &[], format_args!("and {} more, in the plan.", cut.len() - SHOWN));
    }
    out
}

fn copy(view: &View<'_>) -> Html {
    let copy = &view.forecast.copy;
    let mut out = Html::default();
    let best = if copy.start_s == copy.best_start_s {
        "the hour that retains least WAL".to_owned()
    } else {
        format!("the hour that retains least is {}", view.moment(copy.best_start_s))
    };
    out.tag("p", &[], format_args!(
        "Started on {} ({best}), {} are copied and every table is ready after {}. Meanwhile the publisher keeps up to {} of WAL: each table that is being copied keeps all since its copy began.",
        view.moment(copy.start_s),
        Bytes(copy.bytes as f64),
        maybe_range(&copy.ready_s),
        with_range(&copy.retained_wal_bytes, bytes)
    ));
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
    if length > 0.0 {
        let step = [60.0, 300.0, 900.0, 3600.0, 10_800.0, 21_600.0, 43_200.0, 86_400.0, 172_800.0, 604_800.0]
            .into_iter()
            .find(|step| length / step <= 9.0)
            .unwrap_or(length / 6.0);
        let ticks: Vec<Tick> = (0..)
            .map(|index| f64::from(index) * step)
            .take_while(|at| *at < length * 0.97)
            .map(|at| Tick { at: at / length, label: axis_seconds(at) })
            .collect();
        out.raw("<figure>");
        let label =
            format!("Gantt chart of the initial copy: {} in {}", counted(copy.tables.len(), "table"), Seconds(length));
        scroll(&mut out, "Chart: initial copy", chart::gantt(&label, &rows, length, &ticks));
        out.tag(
            "figcaption",
            &[],
            "Each line is a table synchronization worker of a slot, each bar a table (tap or point for its name); the dark end is catching up with what changed during its copy. Small tables that follow each other are drawn as one.",
        );
        out.raw("</figure>");
    }
    let mut slowest: Vec<_> = copy.tables.iter().collect();
    slowest.sort_by(|a, b| (b.copied_s - b.from_s).total_cmp(&(a.copied_s - a.from_s)).then(a.table.cmp(&b.table)));
    let mut list = Html::default();
    table(
        &mut list,
        "The tables that take longest",
        &[
            ("Table", false),
            ("Slot", false),
            ("Size", true),
            ("Starts after", true),
            ("Copied after", true),
            ("Ready after", true),
        ],
    );
    for table in slowest.iter().take(10) {
        list.raw("<tr>").tag("th", &[("scope", &"row")], &table.table);
        list.tag("td", &[], view.planned.slots.get(table.slot as usize).map_or("", |slot| slot.name.as_str()));
        number(&mut list, Bytes(table.bytes as f64));
        number(&mut list, axis_seconds(table.from_s));
        number(&mut list, Seconds(table.copied_s));
        number(&mut list, table.ready_s.map_or("never".to_owned(), |ready| Seconds(ready).to_string()));
        list.raw("</tr>");
    }
    end_table(&mut list);
    scroll(&mut out, "Tables that take longest to copy", list);
    out
}
