//! What the demo measured, as text and as JSON.

use std::fmt::Write as _;

use pgslotplan::{plan::Plan, units::Bytes};
use serde::Serialize;

use super::super::text::Style;
use super::{lag::SlotLag, stage::Comparison};

/// A burst, measured over all slots.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BurstLag {
    /// Rows written a second during the burst.
    pub rows_per_s: f64,
    /// WAL written a second during the burst, bytes.
    pub wal_bytes_per_s: f64,
    /// The worst of each slot.
    pub slots: Vec<SlotLag>,
    /// All slots were caught up at the end.
    pub caught_up: bool,
}

impl BurstLag {
    fn worst(&self) -> Option<&SlotLag> {
        self.slots.iter().max_by(|a, b| a.peak_s.total_cmp(&b.peak_s).then(a.peak_bytes.cmp(&b.peak_bytes)))
    }
}

/// Everything that was measured.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// `demo`
    pub kind: &'static str,
    /// Format version.
    pub version: u64,
    /// Major version of the publisher.
    pub publisher_version: u32,
    /// Major version of the subscriber.
    pub subscriber_version: u32,
    /// Length of each measured burst, seconds.
    pub burst_s: f64,
    /// What an applied row cost the subscriber while lag was measured, seconds; the plan knew it.
    pub row_cost_s: f64,
    /// The burst over the planned slots.
    pub planned: BurstLag,
    /// The same over one slot for everything.
    pub single: BurstLag,
    /// Every table over the planned slots.
    pub comparison: Comparison,
    /// Every table over the single slot.
    pub single_comparison: Comparison,
    /// What was left on the servers after the clean-up.
    pub leftovers: Vec<String>,
    /// From start to end, seconds.
    pub seconds: f64,
}

impl Report {
    /// Nothing differs, nothing is left, everything was delivered.
    pub fn is_good(&self) -> bool {
        let compared = [&self.comparison, &self.single_comparison];
        compared.iter().all(|comparison| comparison.different.is_empty() && comparison.rows > 0)
            && self.leftovers.is_empty()
            && self.planned.caught_up
            && self.single.caught_up
    }

    /// For people, after the plan's summary.
    pub fn text(&self, plan: &Plan) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "\n{}", Style::Head.paint("Lag in a burst, with the plan and with one slot"));
        let _ = writeln!(
            out,
            "  The same burst of {:.0} s twice: {:.0} rows/s ({}/s of WAL) over the plan's\n  \
             slots, {:.0} rows/s ({}/s) over one slot. An applied row costs {:.1} ms\n  \
             (measured): on purpose it waits as for a page from network storage, since\n  \
             here everything is in memory.\n",
            self.burst_s,
            self.planned.rows_per_s,
            Bytes(self.planned.wal_bytes_per_s),
            self.single.rows_per_s,
            Bytes(self.single.wal_bytes_per_s),
            self.row_cost_s * 1e3,
        );
        let width = plan.slots.iter().map(|slot| slot.name.as_str().len()).max().unwrap_or(0).max(SINGLE_NAME.len());
        let _ = writeln!(out, "  {:width$}  tables   peak lag     behind  caught up after", "slot");
        for lag in &self.planned.slots {
            let slot = plan.slots.iter().find(|slot| slot.name.as_str() == lag.slot);
            line(&mut out, width, &lag.slot, slot.map_or(0, |slot| slot.tables.len()), lag);
        }
        for lag in &self.single.slots {
            line(&mut out, width, SINGLE_NAME, self.single_comparison.tables, lag);
        }
        out.push('\n');
        if let (Some(planned), Some(single)) = (self.planned.worst(), self.single.worst()) {
            let _ = writeln!(
                out,
                "  With one slot every table was up to {} behind; with the plan the worst slot\n  was {} behind.",
                seconds(single.peak_s),
                seconds(planned.peak_s)
            );
        }
        let _ = writeln!(out, "\n{}", Style::Head.paint("Is it all there?"));
        for (what, comparison) in [("the plan's slots", &self.comparison), ("the one slot", &self.single_comparison)] {
            out.push_str(&equality(what, comparison));
        }
        out.push_str(&match self.leftovers.as_slice() {
            [] => "  The clean-up scripts left no slot, publication, subscription or origin.\n".to_owned(),
            left => format!("  {} {}\n", Style::Bad.paint("Left after the clean-up:"), left.join(", ")),
        });
        for (what, burst) in [("the plan's slots", &self.planned), ("the one slot", &self.single)] {
            if !burst.caught_up {
                let _ = writeln!(out, "  {}: not caught up when the demo stopped waiting", Style::Bad.paint(what));
            }
        }
        let _ = writeln!(
            out,
            "\nPostgres {} to {}, {:.0} s. A toy on one machine: believe the comparison, not the figures.",
            self.publisher_version, self.subscriber_version, self.seconds
        );
        out
    }
}

const SINGLE_NAME: &str = "one slot for all";

fn line(out: &mut String, width: usize, name: &str, tables: usize, lag: &SlotLag) {
    let _ = writeln!(
        out,
        "  {name:width$}  {tables:>6}  {:>9}  {:>9}  {:>13.1} s",
        Bytes(lag.peak_bytes as f64).to_string(),
        seconds(lag.peak_s),
        lag.drain_s
    );
}

/// A time that was looked at four times a second.
fn seconds(behind: f64) -> String {
    if behind < 0.25 { "< 0.3 s".to_owned() } else { format!("{behind:.1} s") }
}

fn equality(what: &str, comparison: &Comparison) -> String {
    let counted =
        format!("{} tables, {} rows, at LSN {} over {what}", comparison.tables, comparison.rows, comparison.lsn);
    if comparison.different.is_empty() {
        format!("  {} {counted}\n", Style::Good.paint("Equal on both sides:"))
    } else {
        format!("  {} {} ({counted})\n", Style::Bad.paint("Different:"), comparison.different.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst() -> BurstLag {
        let lag = SlotLag { slot: "pgsp_1".into(), peak_bytes: 2_000_000, peak_s: 3.25, drain_s: 1.5 };
        BurstLag { rows_per_s: 1500.0, wal_bytes_per_s: 2e6, slots: vec![lag], caught_up: true }
    }

    #[test]
    fn a_difference_or_a_leftover_is_not_good() {
        let comparison = Comparison { lsn: "0/1".into(), tables: 1, rows: 5, different: Vec::new() };
        let good = Report {
            kind: "demo",
            version: 1,
            publisher_version: 13,
            subscriber_version: 15,
            burst_s: 12.0,
            row_cost_s: 0.0022,
            planned: burst(),
            single: burst(),
            comparison: comparison.clone(),
            single_comparison: comparison,
            leftovers: Vec::new(),
            seconds: 100.0,
        };
        assert!(good.is_good());
        let mut different = good.clone();
        different.comparison.different.push("public.a".into());
        assert!(!different.is_good());
        assert!(equality("x", &different.comparison).contains("public.a"));
        assert!(!Report { leftovers: vec!["slot a".into()], ..good.clone() }.is_good());
        assert!(!Report { planned: BurstLag { caught_up: false, ..burst() }, ..good }.is_good());
    }
}
