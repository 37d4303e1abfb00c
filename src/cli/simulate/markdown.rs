//! A forecast as Markdown, for tickets and pull requests.

use std::fmt::Write;

use pgslotplan::{
    simulate::forecast::Forecast,
    units::{Bytes, Seconds},
};

use super::{
    super::markdown::{code, escape, findings},
    text::{lag, layout_name, maybe_with_range, moment, with_range},
};

/// The whole summary.
pub fn forecast_markdown(forecast: &Forecast) -> String {
    let plan = &forecast.layouts[0];
    let bytes = |value: f64| Bytes(value).to_string();
    let mut out = format!("# Forecast for database {}\n\n", code(&forecast.database));
    let _ = writeln!(
        out,
        "Nominal figures; in brackets from the optimistic to the careful coefficients. Times are UTC.\n\n\
         - worst flush lag: {}\n- WAL kept for the slowest slot: {}\n- initial copy from {}: ready after {}, keeping {} of WAL\n\
         - cutover at {}: every slot empty after {}\n",
        with_range(&plan.flush_lag_s, lag),
        with_range(&plan.retained_wal_bytes, bytes),
        moment(forecast, forecast.copy.start_s),
        maybe_with_range(&forecast.copy.ready_s),
        with_range(&forecast.copy.retained_wal_bytes, bytes),
        moment(forecast, forecast.cutover.at_s),
        with_range(&forecast.cutover.drain_s, |seconds| Seconds(seconds).to_string()),
    );
    out.push_str("## Slots\n\n| slot | tables | peak load | flush lag | at | catch-up | burst delay |\n| --- | ---: | ---: | ---: | --- | ---: | ---: |\n");
    for slot in &plan.slots {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            code(&slot.name),
            slot.table_count,
            with_range(&slot.peak_load, |load| format!("{:.1} %", load * 100.0)),
            with_range(&slot.flush_lag_s, lag),
            if slot.flush_lag_s.nominal >= 0.0005 { moment(forecast, slot.flush_lag_at_s) } else { "–".to_owned() },
            maybe_with_range(&slot.catch_up_s),
            with_range(&slot.burst_delay_s, lag),
        );
    }
    if forecast.layouts.len() > 1 {
        out.push_str("\n## Other layouts\n\n| layout | slots | peak load | flush lag | retained WAL | catch-up | ready after | cut foreign keys |\n| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
        for layout in &forecast.layouts {
            let _ = writeln!(
                out,
                "| {} | {} | {} | {} | {} | {} | {} | {} |",
                layout_name(layout.layout),
                layout.slots.len(),
                with_range(&layout.peak_load, |load| format!("{:.1} %", load * 100.0)),
                with_range(&layout.flush_lag_s, lag),
                with_range(&layout.retained_wal_bytes, bytes),
                maybe_with_range(&layout.catch_up_s),
                maybe_with_range(&layout.copy_s),
                layout.cut_foreign_keys,
            );
        }
    }
    out.push_str("\n## Assumed\n\n");
    for sentence in forecast.scenario.sentences() {
        let _ = writeln!(out, "- {}", escape(&sentence));
    }
    out.push('\n');
    findings(&forecast.findings, &mut out);
    out
}
