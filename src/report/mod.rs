//! One self-contained HTML page on which a team decides about a plan: verdict, load, slots, forecast, foreign keys, copy,
//! findings, tables, provenance.
//!
//! Everything can be read without script; a script of our own (`script.js`) only sorts and filters the list of tables.
//! The page loads nothing: its content security policy allows that script and that style by their hashes and nothing
//! else. Markup is maud's, which escapes whatever these files do not write as markup; `visible` shows what would hide.
//! `overview`, `what_happens` and `details` are the sections in their order; `chart` draws, `view` derives what plan and
//! forecast do not state.

mod baseline;
mod chart;
mod details;
mod overview;
mod view;
mod what_happens;

use base64::prelude::{BASE64_STANDARD, Engine};
use maud::{DOCTYPE, Markup, PreEscaped};
use sha2::{Digest, Sha256};

use crate::{
    baseline::{Baseline, compare::Comparison},
    format::TOOL,
    names,
    plan::Plan,
    simulate::forecast::Forecast,
    workload::Workload,
};
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
    /// What the database did before and after, or only before.
    pub observed: Option<Observed<'a>>,
}

/// What the database did.
#[derive(Clone, Copy)]
pub enum Observed<'a> {
    /// In one window.
    Before(&'a Baseline),
    /// In windows before and after.
    Both(&'a Comparison),
}

/// The sections: anchor, title, content.
type Section = (&'static str, &'static str, Markup);

/// The page. The same input gives the same bytes.
pub fn html(input: &ReportInput<'_>) -> String {
    let view = View::new(input);
    let mut sections: Vec<Section> = overview::sections(&view);
    sections.extend(what_happens::sections(&view));
    sections.extend(input.observed.map(baseline::section));
    sections.extend(details::sections(&view));
    let page = maud::html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(policy());
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="referrer" content="no-referrer";
                title { "Replication plan for " (view.plan.database) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a class="skip" href="#main" { "Skip to the report" }
                header {
                    h1 { "Replication plan for database " (view.plan.database) }
                    p class="quiet" { (overview::subtitle(&view)) }
                }
                nav aria-label="Sections" {
                    ul {
                        @for (anchor, title, _) in &sections {
                            li { a href={ "#" (anchor) } { (title) } }
                        }
                    }
                }
                main id="main" {
                    @for (anchor, title, content) in &sections {
                        section id=(anchor) {
                            h2 { (title) }
                            (content)
                        }
                    }
                }
                footer {
                    p { "Written by " (TOOL) ". All times are UTC." }
                }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    };
    visible(&page.into_string())
}

/// Every text of the page, wherever it came from, without what would turn lines around, hide, or drive a terminal.
fn visible(page: &str) -> String {
    let lines: Vec<_> = page.split('\n').map(names::one_line).collect();
    let mut page = lines.join("\n");
    page.push('\n');
    page
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let (title, text) = ("\"><script>", "<b>&'\u{202E}\u{200B}x");
        let page = maud::html! { p title=(title) { (text) } };
        assert_eq!(
            visible(&page.into_string()),
            "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;&amp;'\\u{202e}\\u{200b}x</p>\n"
        );
    }

    #[test]
    fn the_page_keeps_the_bytes_that_its_policy_names() {
        assert_eq!(visible(STYLE).strip_suffix('\n'), Some(STYLE));
        assert_eq!(visible(SCRIPT).strip_suffix('\n'), Some(SCRIPT));
    }
}
