//! One self-contained HTML page on which a team decides about a plan: verdict, load, slots, forecast, foreign keys, copy,
//! findings, tables, provenance.
//!
//! Everything can be read without script; a script of our own (`script.js`) only sorts and filters the list of tables.
//! The page loads nothing: its content security policy allows that script and that style by their hashes and nothing
//! else. Names from a database pass through `markup`, which escapes them. `overview`, `what_happens` and `details` are the
//! sections in their order; `chart` draws, `view` derives what plan and forecast do not state.

mod chart;
mod details;
mod markup;
mod overview;
mod view;
mod what_happens;

use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest, Sha256};

use crate::{format::TOOL, plan::Plan, simulate::forecast::Forecast, workload::Workload};
use markup::Html;
use view::View;

const STYLE: &str = include_str!("style.css");
const SCRIPT: &str = include_str!("script.js");

/// What a report is made of. All three belong together.
pub struct ReportInput<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Its workload, canonical.
    pub workload: &'a Workload,
    /// Its forecast, best with baselines.
    pub forecast: &'a Forecast,
}

/// The sections: anchor, title, content.
type Section = (&'static str, &'static str, Html);

/// The page. The same input gives the same bytes.
pub fn html(input: &ReportInput<'_>) -> String {
    let view = View::new(input);
    let mut sections: Vec<Section> = overview::sections(&view);
    sections.extend(what_happens::sections(&view));
    sections.extend(details::sections(&view));
    let mut out = Html::default();
    out.raw("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.open("meta", &[("http-equiv", &"Content-Security-Policy"), ("content", &policy())]);
    out.raw("\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.raw("<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n");
    out.tag("title", &[], format_args!("Replication plan for {}", view.plan.database));
    out.raw("\n<style>")
        .raw(STYLE)
        .raw("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n");
    out.tag("h1", &[], format_args!("Replication plan for database {}", view.plan.database));
    out.tag("p", &[("class", &"quiet")], overview::subtitle(&view));
    out.raw("</header>\n<nav aria-label=\"Sections\"><ul>");
    for (anchor, title, _) in &sections {
        out.raw("<li>").tag("a", &[("href", &format_args!("#{anchor}"))], title).raw("</li>");
    }
    out.raw("</ul></nav>\n<main id=\"main\">\n");
    for (anchor, title, content) in sections {
        out.open("section", &[("id", &anchor)]).tag("h2", &[], title).push(content).raw("</section>\n");
    }
    out.raw("</main>\n<footer>").tag("p", &[], format_args!("Written by {TOOL}. All times are UTC."));
    out.raw("</footer>\n<script>").raw(SCRIPT).raw("</script>\n</body>\n</html>\n");
    out.into_string()
}

/// Nothing is loaded, nothing is sent, and only our style and our script count.
fn policy() -> String {
    let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text.as_bytes()));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}
