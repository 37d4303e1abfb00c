//! Forecast and measurement in one chart: a row for each layout, the hot table left and the cold ones right; the forecast as a
//! thick line, each run as a thin one.

use std::fmt::Write as _;

use super::{LAYOUTS, RUN_S};

const WIDTH: f64 = 400.0;
const HEIGHT: f64 = 120.0;
const LEFT: f64 = 40.0;
const TOP: f64 = 30.0;
/// Seconds of lag at the top of a panel.
const MOST_S: f64 = 4.0;

/// By layout: the forecast's lags in each second, hot and cold; and those of every run.
pub fn svg(expected: &[[Vec<f64>; 2]], measured: &[Vec<[Vec<f64>; 2]>]) -> String {
    let (width, height) = (2.0 * (WIDTH + LEFT) + 20.0, LAYOUTS.len() as f64 * (HEIGHT + TOP) + 30.0);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"11\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n"
    );
    for (row, ((layout, expected), runs)) in LAYOUTS.iter().zip(expected).zip(measured).enumerate() {
        for (column, what) in ["hot table", "cold tables, the worst"].into_iter().enumerate() {
            let (x, y) = (LEFT + column as f64 * (WIDTH + LEFT), TOP + row as f64 * (HEIGHT + TOP));
            let _ = writeln!(out, "<text x=\"{x}\" y=\"{}\">{}, {what}: lag in s</text>", y - 8.0, layout.name);
            for lag in 0..=MOST_S as u32 {
                let at = y + HEIGHT * (1.0 - f64::from(lag) / MOST_S);
                let _ = writeln!(
                    out,
                    "<path d=\"M{x} {at}h{WIDTH}\" stroke=\"#ddd\"/><text x=\"{}\" y=\"{}\">{lag}</text>",
                    x - 12.0,
                    at + 4.0
                );
            }
            for run in runs {
                line(&mut out, (x, y), &run[column], "#2166ac", 0.8);
            }
            line(&mut out, (x, y), &expected[column], "#b2182b", 2.5);
        }
    }
    let _ = writeln!(
        out,
        "<text x=\"{LEFT}\" y=\"{}\">red, thick: forecast; blue, thin: runs; {RUN_S} s from left to right</text>\n</svg>",
        height - 8.0
    );
    out
}

fn line(out: &mut String, (x, y): (f64, f64), lags: &[f64], colour: &str, width: f64) {
    let mut path = String::new();
    for (second, lag) in lags.iter().enumerate() {
        let (at, up) = (x + (second as f64 + 0.5) / RUN_S * WIDTH, y + HEIGHT * (1.0 - (lag / MOST_S).min(1.0)));
        let _ = write!(path, "{}{at:.1} {up:.1}", if second == 0 { "M" } else { "L" });
    }
    let _ = writeln!(out, "<path d=\"{path}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\"/>");
}
