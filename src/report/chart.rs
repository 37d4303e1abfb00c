//! Charts as inline SVG: no script, no inline style (the page's policy forbids both), readable in black and white since
//! every band and bar is numbered or named. Colours are classes `s0` to `s9`, which the style sheet fills.

use maud::{Markup, html};

/// Width of a chart's own coordinates; the page scales it.
const WIDTH: f64 = 960.0;
/// Width of the small ones, of which two stand side by side.
const HALF_WIDTH: f64 = 480.0;
/// Charts below this height are small.
const SMALL: f64 = 150.0;
/// Room for the numbers at the left.
const LEFT: f64 = 64.0;
/// Room for the times below.
const BELOW: f64 = 24.0;
/// Columns that a curve has at most: more would not be seen.
const COLUMNS: usize = 480;
/// Classes of colour.
const COLOURS: usize = 10;

/// A label at a share (0 to 1) of the time axis.
pub(super) struct Tick {
    pub at: f64,
    pub label: String,
}

/// Colour class of a slot.
pub(super) fn colour(index: usize) -> String {
    format!("s{}", index % COLOURS)
}

/// The largest of each group of neighbours, so that at most [`COLUMNS`] are left.
fn columns(values: &[f64]) -> Vec<f64> {
    let step = values.len().div_ceil(COLUMNS).max(1);
    values.chunks(step).map(|chunk| chunk.iter().copied().fold(0.0, f64::max)).collect()
}

/// A round number of at least `top`, and the step of four or five grid lines below it.
fn scale(top: f64) -> (f64, f64) {
    if top <= 0.0 || !top.is_finite() {
        return (1.0, 0.25);
    }
    let magnitude = 10f64.powf(top.log10().floor());
    let step = [0.2, 0.25, 0.5, 1.0, 2.0, 2.5]
        .into_iter()
        .map(|factor| factor * magnitude)
        .find(|step| top / step <= 5.0)
        .unwrap_or(2.5 * magnitude);
    ((top / step).ceil() * step, step)
}

struct Frame {
    width: f64,
    height: f64,
    top: f64,
}

impl Frame {
    fn x(&self, share: f64) -> f64 {
        LEFT + share * (self.width - LEFT - 8.0)
    }

    fn y(&self, value: f64) -> f64 {
        let room = self.height - BELOW - 10.0;
        10.0 + room * (1.0 - value / self.top)
    }

    /// The whole drawing, with `content` over the grid.
    fn draw(
        &self,
        label: &str,
        step: f64,
        show: &dyn Fn(f64) -> String,
        ticks: &[Tick],
        limit: Option<&Limit<'_>>,
        content: Markup,
    ) -> Markup {
        let right = self.width - 8.0;
        let base = self.height - BELOW;
        let every = if self.width < WIDTH { 2 } else { 1 };
        let values = (0..).map(|line| f64::from(line) * step).take_while(|value| *value <= self.top * 1.0001);
        html! {
            svg viewBox={ "0 0 " (self.width) " " (self.height) } role="img" aria-label=(label) {
                @for value in values {
                    @let y = rounded(self.y(value));
                    line class="grid" x1=(LEFT) x2=(right) y1=(y) y2=(y) {}
                    text class="end" x=(LEFT - 6.0) y=(rounded(self.y(value) + 4.0)) { (show(value)) }
                }
                @for tick in ticks.iter().step_by(every) {
                    @let x = rounded(self.x(tick.at));
                    line class="grid" x1=(x) x2=(x) y1="10" y2=(base) {}
                    text x=(rounded(self.x(tick.at) + 3.0)) y=(base + 16.0) { (tick.label) }
                }
                (content)
                @if let Some(limit) = limit {
                    @let y = rounded(self.y(limit.value));
                    line class="limit" x1=(LEFT) x2=(right) y1=(y) y2=(y) {}
                    text class="limit-label end" x=(self.width - 12.0) y=(rounded(y - 5.0)) { (limit.label) }
                }
            }
        }
    }
}

fn rounded(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Corners of a step line: two for each column.
fn steps(frame: &Frame, values: &[f64]) -> Vec<(f64, f64)> {
    let count = values.len().max(1) as f64;
    let corners = values.iter().enumerate().flat_map(|(index, &value)| {
        let y = rounded(frame.y(value));
        [(rounded(frame.x(index as f64 / count)), y), (rounded(frame.x((index + 1) as f64 / count)), y)]
    });
    let mut points: Vec<(f64, f64)> = Vec::new();
    for point in corners {
        // Neighbours of the same height are one line.
        match points.len() {
            length if length >= 2 && points[length - 1].1 == point.1 && points[length - 2].1 == point.1 => {
                points[length - 1] = point;
            }
            _ => points.push(point),
        }
    }
    points
}

fn path(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (index, (x, y)) in points.iter().enumerate() {
        out.push_str(if index == 0 { "M" } else { "L" });
        out.push_str(&format!("{x} {y}"));
    }
    out
}

/// A horizontal line with a name: what a slot can carry, or the room for WAL.
pub(super) struct Limit<'a> {
    pub value: f64,
    pub label: &'a str,
}

/// Loads of slots on top of each other, the first at the bottom; each band bears its number where it is high enough.
pub(super) fn stacked(
    label: &str,
    slots: &[&[f64]],
    limit: Option<Limit<'_>>,
    show: &dyn Fn(f64) -> String,
    ticks: &[Tick],
) -> Markup {
    let slots: Vec<Vec<f64>> = slots.iter().map(|values| columns(values)).collect();
    let count = slots.iter().map(Vec::len).max().unwrap_or(0);
    let sum = |column: usize| slots.iter().filter_map(|slot| slot.get(column)).sum::<f64>();
    let highest = (0..count).map(sum).fold(0.0, f64::max);
    let (top, step) = scale(highest.max(limit.as_ref().map_or(0.0, |limit| limit.value * 1.05)));
    let frame = Frame { width: WIDTH, height: 320.0, top };
    let mut below = vec![0.0; count];
    let mut bands: Vec<Markup> = Vec::new();
    for (index, slot) in slots.iter().enumerate() {
        let above: Vec<f64> = below.iter().zip(slot).map(|(base, value)| base + value).collect();
        let mut points = steps(&frame, &above);
        let mut back = steps(&frame, &below);
        back.reverse();
        points.extend(back);
        // The number stands where the band is highest.
        let widest = (0..slot.len()).max_by(|&a, &b| slot[a].total_cmp(&slot[b]).then(b.cmp(&a)));
        let number = widest.filter(|&column| frame.y(0.0) - frame.y(slot[column]) >= 13.0).map(|column| {
            let x = frame.x((column as f64 + 0.5) / count as f64).clamp(LEFT + 10.0, WIDTH - 20.0);
            let y = frame.y(below[column] + slot[column] / 2.0) + 4.0;
            (rounded(x), rounded(y))
        });
        bands.push(html! {
            path class={ "band " (colour(index)) } d={ (path(&points)) "Z" } {}
            @if let Some((x, y)) = number {
                text class="number" x=(x) y=(y) { (index + 1) }
            }
        });
        below = above;
    }
    let content = html! { @for band in &bands { (band) } };
    frame.draw(label, step, show, ticks, limit.as_ref(), content)
}

/// What a curve shows.
pub(super) struct Curve<'a> {
    /// What a screen reader says.
    pub label: &'a str,
    pub nominal: &'a [f64],
    /// Drawn dashed beside it.
    pub careful: Option<&'a [f64]>,
    pub height: f64,
    /// Colour of the area.
    pub class: &'a str,
}

/// One curve, with the careful one beside it.
pub(super) fn curve(
    shown: &Curve<'_>,
    limit: Option<Limit<'_>>,
    show: &dyn Fn(f64) -> String,
    ticks: &[Tick],
) -> Markup {
    let height = shown.height;
    let nominal = columns(shown.nominal);
    let careful = shown.careful.map(columns);
    let highest = nominal.iter().chain(careful.iter().flatten()).copied().fold(0.0, f64::max);
    // A limit far above everything would flatten the curve: then it is only named.
    let limit = limit.filter(|limit| highest <= 0.0 || limit.value <= highest * 20.0);
    let (top, step) = scale(highest.max(limit.as_ref().map_or(0.0, |limit| limit.value * 1.05)));
    let width = if height < SMALL { HALF_WIDTH } else { WIDTH };
    let frame = Frame { width, height, top };
    let points = steps(&frame, &nominal);
    let base = rounded(frame.y(0.0));
    let content = html! {
        @if let Some(careful) = &careful {
            path class="careful" d=(path(&steps(&frame, careful))) {}
        }
        @if let (Some(first), Some(last)) = (points.first(), points.last()) {
            path class={ "area " (shown.class) } d={ (path(&points)) "L" (last.0) " " (base) "L" (first.0) " " (base) "Z" } {}
            path class="line" d=(path(&points)) {}
        }
    };
    let step = if height < SMALL { top } else { step };
    frame.draw(shown.label, step, show, ticks, limit.as_ref(), content)
}

/// A bar of a Gantt chart.
pub(super) struct Bar {
    pub from: f64,
    /// Where copying ends and catching up begins.
    pub copied: f64,
    pub until: f64,
    pub label: String,
}

/// A row of it: a worker of a slot.
pub(super) struct Row {
    pub slot: usize,
    pub label: String,
    pub bars: Vec<Bar>,
}

/// Bars in time; `length` is the time at the right edge. Bars too narrow to be seen are merged with their neighbours.
pub(super) fn gantt(label: &str, rows: &[Row], length: f64, ticks: &[Tick]) -> Markup {
    const ROW: f64 = 20.0;
    const NAMES: f64 = 190.0;
    let height = rows.len() as f64 * ROW + BELOW + 10.0;
    let base = height - BELOW;
    let x = |time: f64| NAMES + (WIDTH - NAMES - 8.0) * (time / length.max(1e-9)).clamp(0.0, 1.0);
    html! {
        svg viewBox={ "0 0 " (WIDTH) " " (height) } role="img" aria-label=(label) {
            @for tick in ticks {
                @let at = rounded(x(tick.at * length));
                line class="grid" x1=(at) x2=(at) y1="6" y2=(base) {}
                text x=(at + 3.0) y=(base + 16.0) { (tick.label) }
            }
            @for (index, row) in rows.iter().enumerate() {
                @let top = 8.0 + index as f64 * ROW;
                text class="end" x=(NAMES - 6.0) y=(top + 12.0) { (row.label) }
                @for bar in merged(&row.bars, length / 640.0) {
                    @let (from, copied, until) = (x(bar.from), x(bar.copied), x(bar.until));
                    @let (y, high) = (rounded(top), ROW - 5.0);
                    g {
                        title { (bar.label) }
                        rect class={ "band " (colour(row.slot)) } x=(rounded(from)) y=(y)
                            width=(rounded((until - from).max(0.8))) height=(high) {}
                        @if until - copied >= 1.5 {
                            rect class="catching-up" x=(rounded(copied)) y=(y) width=(rounded(until - copied)) height=(high) {}
                        }
                    }
                }
            }
        }
    }
}

fn merged(bars: &[Bar], narrow: f64) -> Vec<Bar> {
    let mut out: Vec<Bar> = Vec::new();
    let mut count = 0;
    for bar in bars {
        let is_narrow = bar.until - bar.from < narrow;
        match out.last_mut() {
            Some(last) if is_narrow && count > 0 && last.until - last.from < narrow * 8.0 => {
                count += 1;
                (last.copied, last.until) = (bar.until, bar.until);
                last.label = format!("{count} small tables");
            }
            _ => {
                count = usize::from(is_narrow);
                out.push(Bar { from: bar.from, copied: bar.copied, until: bar.until, label: bar.label.clone() });
            }
        }
    }
    out
}

/// A small bar for a table cell, filled to a share; decoration beside the number.
pub(super) fn bar(share: f64, class: &str) -> Markup {
    let width = rounded(share.clamp(0.0, 1.0) * 100.0);
    html! {
        svg class="bar" viewBox="0 0 100 10" aria-hidden="true" {
            rect class="bar-all" width="100" height="10" {}
            rect class=(class) width=(width) height="10" {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round() {
        assert_eq!(scale(0.0), (1.0, 0.25));
        assert_eq!(scale(0.83), (1.0, 0.2));
        assert_eq!(scale(4.6e9), (5e9, 1e9));
        for top in [1e-3, 0.37, 1.0, 7.3, 99.0, 1e12] {
            let (round, step) = scale(top);
            assert!(round >= top && round / step <= 5.5, "{top}: {round} {step}");
        }
    }

    #[test]
    fn long_curves_keep_their_peaks() {
        let mut values = vec![0.0; 5000];
        values[4321] = 7.0;
        let short = columns(&values);
        assert!(short.len() <= COLUMNS && short.contains(&7.0));
    }

    #[test]
    fn narrow_bars_are_merged() {
        let bar = |from: f64, until: f64| Bar { from, copied: until, until, label: format!("{from}") };
        let merged = merged(&[bar(0.0, 0.1), bar(0.1, 0.2), bar(0.2, 0.3), bar(0.3, 9.0), bar(9.0, 9.1)], 1.0);
        let labels: Vec<&str> = merged.iter().map(|bar| bar.label.as_str()).collect();
        assert_eq!(labels, ["3 small tables", "0.3", "9"]);
    }
}
