//! A forecast for people, in 80 columns: which slot is behind when, what is retained, the copy, the hours, the baselines.

use jiff::{SignedDuration, tz::TimeZone};
use pgslotplan::{
    simulate::{
        forecast::{Forecast, LayoutForecast, LayoutKind, Range, SlotForecast, TableCopy},
        seconds_or_never,
    },
    units::{Bytes, Seconds, counted},
};

use super::super::{
    findings,
    text::{self, Characters, Style, paragraph},
};

/// The whole summary.
pub fn forecast_text(forecast: &Forecast, characters: Characters) -> String {
    let plan = &forecast.layouts[0];
    let mut out = head(forecast, plan);
    out.push_str(&slots(forecast, plan, characters));
    out.push_str(&retained(forecast, plan, characters));
    out.push_str(&copy_and_cutover(forecast));
    if forecast.layouts.len() > 1 {
        out.push_str(&baselines(forecast));
    }
    out.push_str(&section("Assumed"));
    for sentence in forecast.scenario.sentences() {
        out.push_str(&paragraph(&sentence, 2));
    }
    out.push_str(&section("Findings"));
    out.push_str(&findings::text(&forecast.findings));
    out
}

fn section(title: &str) -> String {
    format!("\n{}\n", Style::Head.paint(title))
}

/// `Mon 14:00` in UTC, of seconds from the workload's start.
pub fn moment(forecast: &Forecast, seconds: f64) -> String {
    match forecast.start.checked_add(SignedDuration::from_secs_f64(seconds)) {
        Ok(at) => at.to_zoned(TimeZone::UTC).strftime("%a %H:%M").to_string(),
        Err(_) => Seconds(seconds).to_string(),
    }
}

/// `3.2 GB (1.0 to 9.9)`; one value where the three show alike.
pub fn with_range(range: &Range, show: impl Fn(f64) -> String) -> String {
    let (low, nominal, high) = (show(range.low), show(range.nominal), show(range.high));
    if low == nominal && nominal == high { nominal } else { format!("{nominal} ({low} to {high})") }
}

/// The same where a queue may never empty.
pub fn maybe_with_range(range: &Range<Option<f64>>) -> String {
    let (low, nominal, high) =
        (seconds_or_never(range.low), seconds_or_never(range.nominal), seconds_or_never(range.high));
    if low == nominal && nominal == high { nominal } else { format!("{nominal} ({low} to {high})") }
}

/// Name of a layout.
pub fn layout_name(kind: LayoutKind) -> &'static str {
    match kind {
        LayoutKind::Plan => "this plan",
        LayoutKind::OneSlot => "one slot",
        LayoutKind::RoundRobin => "round-robin",
        LayoutKind::BySize => "by size",
        LayoutKind::TupleCount => "by tuple count",
    }
}

/// A lag as people read it: nothing where there is none.
pub fn lag(seconds: f64) -> String {
    if seconds < 0.0005 { "none".to_owned() } else { Seconds(seconds).to_string() }
}

fn head(forecast: &Forecast, plan: &LayoutForecast) -> String {
    let days = f64::from(forecast.bucket_s) * f64::from(forecast.bucket_count);
    let line = format!(
        "Forecast for database \"{}\": {}, {} of load",
        pgslotplan::names::one_line(&forecast.database),
        counted(plan.slots.len(), "slot"),
        Seconds(days)
    );
    let mut out = format!("{}\n", Style::Head.paint(&text::wrap_after(&line, 0, 2)));
    let worst = plan.slots.iter().max_by(|a, b| a.flush_lag_s.nominal.total_cmp(&b.flush_lag_s.nominal));
    let sentence = match worst {
        Some(slot) if slot.flush_lag_s.nominal >= 0.0005 => format!(
            "Most behind: {}, by {} at {} UTC; caught up {} after its largest lag.",
            slot.name,
            with_range(&slot.flush_lag_s, lag),
            moment(forecast, slot.flush_lag_at_s),
            maybe_with_range(&slot.catch_up_s)
        ),
        _ if plan.flush_lag_s.high >= 0.0005 => format!(
            "Every slot keeps up in every bucket; with the careful coefficients one is behind by up to {}.",
            lag(plan.flush_lag_s.high)
        ),
        _ => "Every slot keeps up in every bucket, with the careful coefficients too.".to_owned(),
    };
    out.push_str(&paragraph(&sentence, 2));
    out.push_str(&paragraph(
        "Figures are nominal; in brackets from the optimistic to the careful coefficients. A bucket is a mean: bursts within it come on top.",
        2,
    ));
    out
}

fn slots(forecast: &Forecast, plan: &LayoutForecast, characters: Characters) -> String {
    const NAME: usize = 19;
    let mut out = String::from("\n");
    let title = format!(
        "{:NAME$} {:>17} {:>11} {:9} {:>10} {:>10}",
        "slot", "peak load", "flush lag", "at (UTC)", "careful", "burst"
    );
    out.push_str(&format!("{}\n", Style::Head.paint(&title)));
    for slot in &plan.slots {
        let share = slot.peak_load.nominal;
        let style = match share {
            ..0.7 => Style::Good,
            0.7..1.0 => Style::Doubtful,
            _ => Style::Bad,
        };
        let behind = slot.flush_lag_s.nominal >= 0.0005;
        let at = if behind { moment(forecast, slot.flush_lag_at_s) } else { String::new() };
        let line = format!(
            "{:NAME$} {} {:>8} {:>11} {at:9} {:>10} {:>10}",
            characters.shorten(&slot.name, NAME),
            style.paint(&characters.bar(share, 8)),
            format!("{:.1} %", share * 100.0),
            lag(slot.flush_lag_s.nominal),
            lag(slot.flush_lag_s.high),
            lag(slot.burst_delay_s.nominal),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str(&paragraph("Burst: by how much the largest burst that was sampled outlasts its interval, alone.", 2));
    let behind: Vec<&SlotForecast> = plan.slots.iter().filter(|slot| !slot.episodes.is_empty()).collect();
    if !behind.is_empty() {
        out.push_str(&section("When slots are behind (nominal; curve: flush lag over the buckets)"));
        for slot in behind {
            out.push_str(&episodes(forecast, slot, characters));
        }
    }
    out
}

fn episodes(forecast: &Forecast, slot: &SlotForecast, characters: Characters) -> String {
    let by_bucket = &slot.flush_lag_s_by_bucket.nominal;
    let top = by_bucket.iter().copied().fold(0.0, f64::max);
    let room = text::WIDTH.saturating_sub(slot.name.len() + 3).clamp(12, 48);
    let mut out = format!("  {} {}\n", slot.name, Style::Quiet.paint(&characters.curve(by_bucket, top, room)));
    for episode in slot.episodes.iter().take(3) {
        let until = match episode.until_s {
            Some(until) => format!("to {}", moment(forecast, until)),
            None => "and not caught up".to_owned(),
        };
        let line = format!(
            "{} {until}: up to {}, {}",
            moment(forecast, episode.from_s),
            lag(episode.flush_lag_s),
            Bytes(episode.flush_lag_bytes)
        );
        out.push_str(&paragraph(&line, 6));
    }
    out
}

fn bytes(value: f64) -> String {
    Bytes(value).to_string()
}

fn retained(forecast: &Forecast, plan: &LayoutForecast, characters: Characters) -> String {
    let mut out = section("WAL that the publisher keeps");
    let by_bucket = &plan.retained_wal_bytes_by_bucket.nominal;
    let top = by_bucket.iter().copied().fold(0.0, f64::max);
    let line = format!("For the slowest slot: {}.", with_range(&plan.retained_wal_bytes, bytes));
    out.push_str(&paragraph(&line, 2));
    if top > 0.0 {
        out.push_str(&format!("  {}\n", Style::Quiet.paint(&characters.curve(by_bucket, top, 72))));
    }
    let line = format!(
        "During the initial copy: {}. {}",
        with_range(&forecast.copy.retained_wal_bytes, bytes),
        if forecast.scenario.pieces.is_some() {
            "Every slot keeps all WAL since the snapshot."
        } else {
            "Each table that is being copied keeps all WAL since its copy began."
        }
    );
    out.push_str(&paragraph(&line, 2));
    out
}

fn copy_and_cutover(forecast: &Forecast) -> String {
    let (copy, cutover) = (&forecast.copy, &forecast.cutover);
    let mut out = section("Initial copy and cutover");
    let chosen = |at: f64, best: f64, what: &str| {
        let better = if at == best { "the best hour".to_owned() } else { format!("best: {}", moment(forecast, best)) };
        format!("{what} {} UTC ({better})", moment(forecast, at))
    };
    let line = format!(
        "{}: {} are copied, every table is ready after {}.",
        chosen(copy.start_s, copy.best_start_s, "Start"),
        Bytes(copy.bytes as f64),
        maybe_with_range(&copy.ready_s)
    );
    out.push_str(&paragraph(&line, 2));
    if let (Some(held), Some(pieces)) = (&copy.snapshot_s, forecast.scenario.pieces) {
        let line = format!(
            "Pieces of {}, {} at a time: the last row is copied after {}; until then VACUUM on the publisher removes no row that died since the \
             start. Primary keys are built next, before the slots go on; their time is not in these figures.",
            Bytes(pieces.bytes as f64),
            pieces.jobs,
            with_range(held, |seconds| Seconds(seconds).to_string()),
        );
        out.push_str(&paragraph(&line, 2));
    }
    // by pieces all tables of a slot are ready together: what counts is when their rows are there
    let is_by_pieces = forecast.scenario.pieces.is_some();
    let until = |table: &TableCopy| if is_by_pieces { Some(table.copied_s) } else { table.ready_s };
    let mut slowest: Vec<_> = copy.tables.iter().collect();
    slowest.sort_by(|a, b| {
        let until = |table| until(table).unwrap_or(f64::INFINITY);
        until(b).total_cmp(&until(a)).then(a.table.cmp(&b.table))
    });
    for table in slowest.iter().take(3) {
        let line = format!(
            "{}: {} from {} to {}",
            table.table,
            Bytes(table.bytes as f64),
            Seconds(table.from_s),
            seconds_or_never(until(table))
        );
        out.push_str(&paragraph(&line, 6));
    }
    let line = format!(
        "{}: every slot is empty {} after writes stop.",
        chosen(cutover.at_s, cutover.best_at_s, "Cutover"),
        with_range(&cutover.drain_s, |seconds| if seconds < 0.0005 {
            "at once".to_owned()
        } else {
            Seconds(seconds).to_string()
        })
    );
    out.push_str(&paragraph(&line, 2));
    out
}

fn baselines(forecast: &Forecast) -> String {
    let mut out = section("What other layouts would do (nominal)");
    let title = format!(
        "  {:15} {:>5} {:>9} {:>12} {:>10} {:>12} {:>7}",
        "", "slots", "peak load", "flush lag", "retained", "catch-up", "cut FKs"
    );
    out.push_str(&format!("{}\n", Style::Head.paint(&title)));
    for layout in &forecast.layouts {
        let line = format!(
            "  {:15} {:>5} {:>9} {:>12} {:>10} {:>12} {:>7}",
            layout_name(layout.layout),
            layout.slots.len(),
            format!("{:.1} %", layout.peak_load.nominal * 100.0),
            lag(layout.flush_lag_s.nominal),
            Bytes(layout.retained_wal_bytes.nominal).to_string(),
            layout.catch_up_s.nominal.map_or("never".to_owned(), lag),
            layout.cut_foreign_keys,
        );
        let line = if layout.layout == LayoutKind::Plan { Style::Head.paint(&line) } else { line };
        out.push_str(&format!("{line}\n"));
    }
    out.push_str(&paragraph("Careful coefficients:", 2));
    for layout in &forecast.layouts {
        let line = format!(
            "  {:15} {:>5} {:>9} {:>12} {:>10} {:>12}",
            layout_name(layout.layout),
            layout.slots.len(),
            format!("{:.1} %", layout.peak_load.high * 100.0),
            lag(layout.flush_lag_s.high),
            Bytes(layout.retained_wal_bytes.high).to_string(),
            layout.catch_up_s.high.map_or("never".to_owned(), lag),
        );
        out.push_str(&format!("{line}\n"));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_shown_once_where_they_agree() {
        let range = Range { low: 1e9, nominal: 2e9, high: 4e9 };
        assert_eq!(with_range(&range, bytes), "2.00 GB (1.00 GB to 4.00 GB)");
        assert_eq!(with_range(&range.map(|_| 0.0), lag), "none");
        assert_eq!(
            maybe_with_range(&Range { low: Some(60.0), nominal: Some(60.0), high: None }),
            "1 min (1 min to never)"
        );
    }
}
