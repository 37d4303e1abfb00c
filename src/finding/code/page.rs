//! `docs/findings.md`: the codes as a page.

use std::fmt::Write as _;

use super::{Code, all};

const INTRODUCTION: &str = "# Findings\n\
     \n\
     A finding is what a check reports: a severity, a code, its subject, one line of text and, where it helps, a detail and\n\
     a hint. `error` means that the answer is no (exit code 4); the requested file is still written, so that you can look at\n\
     it. A code is never reused for something else.\n\
     \n\
     The first two letters say where a finding comes from: `WL` the workload, `PL` the plan, `AU` `audit`, `EM` `emit`,\n\
     `PF`, `IV` and `HE` `check`, `SM` `simulate`, `BL` `baseline`.";

/// A heading: the beginning of the codes below it, its words, and what is said before the table.
struct Section {
    level: &'static str,
    prefix: &'static str,
    title: &'static str,
    text: &'static str,
}

const fn section(level: &'static str, prefix: &'static str, title: &'static str, text: &'static str) -> Section {
    Section { level, prefix, title, text }
}

const SECTIONS: &[Section] = &[
    section("##", "WL", "what was measured", ""),
    section("##", "PL", "the plan", ""),
    section(
        "##",
        "AU",
        "`audit`",
        "Each of these is an error: the plan, or the pair of plan and workload, is not what `plan` wrote. `plan` runs the same\n\
     checks before it writes, so the cause is an edited file, another workload or a bug in this program. `audit --policy` and\n\
     `plan --check` hold a plan against the files that are kept beside it. `audit` also repeats the plan's own findings (`PL`).",
    ),
    section("##", "EM", "`emit`", ""),
    section(
        "##",
        "PF",
        "`check`",
        "What the checks of both servers found: `pgslotplan check plan.json --publisher CONNINFO --subscriber CONNINFO`. Each finding\n\
     names the statement or parameter that fixes it, in the terms of the server's provider (self-hosted, RDS, Aurora, Cloud SQL,\n\
     Azure, CloudNativePG). In text, more than 20 tables under one code are one finding; `--format json` lists all of them.",
    ),
    section("###", "PF1", "the publisher and its settings", ""),
    section("###", "PF2", "the publisher's tables", ""),
    section("###", "PF3", "the subscriber and its settings", ""),
    section("###", "PF4", "the subscriber's tables", ""),
    section("###", "PF5", "the network", ""),
    section("###", "PF6", "the plan against the live catalog", ""),
    section("###", "PF7", "what already exists", ""),
    section("###", "PF8", "disk", ""),
    section("###", "PF9", "what was not checked", ""),
    section(
        "##",
        "IV",
        "what both databases hold",
        "`check` compares everything that the databases hold once both servers are given: whatever no step carries over is reported\n\
     before the start, as a warning while it can still be mended later, as an error once the schema is complete. `--accept FILE`\n\
     names differences that are wanted, one a line: kind, identity and fact as the hint of the finding spells them.",
    ),
    section("###", "IV1", "roles, settings, the database", ""),
    section("###", "IV2", "relations", ""),
    section("###", "IV3", "other objects", ""),
    section("###", "IV4", "owners, privileges, comments", ""),
    section("###", "IV9", "what was not compared", ""),
    section(
        "##",
        "HE",
        "slots and subscriptions at work",
        "How a migration that runs is doing. A slot that is lost or failing is an error.",
    ),
    section("##", "SM", "`simulate`", ""),
    section("##", "BL", "`baseline`", "What is worse after an upgrade than before it ([how](baseline.md))."),
    section("###", "BL1", "`baseline compare`: two windows", ""),
    section("###", "BL2", "`baseline explain`: plans", ""),
];

/// The page. A section whose codes are below further headings has no table of its own.
pub fn markdown() -> String {
    let mut page = format!("{INTRODUCTION}\n");
    for (at, section) in SECTIONS.iter().enumerate() {
        let _ = write!(page, "\n{} {}: {}\n", section.level, section.prefix, section.title);
        if !section.text.is_empty() {
            let _ = write!(page, "\n{}\n", section.text);
        }
        let divided = SECTIONS.get(at + 1).is_some_and(|next| next.prefix.starts_with(section.prefix));
        if !divided {
            page.push_str("\n| code | severity | meaning | why it matters | what to do |\n|---|---|---|---|---|\n");
            all().filter(|code| code.name.starts_with(section.prefix)).for_each(|code| page.push_str(&row(code)));
        }
    }
    page
}

fn row(code: &Code) -> String {
    let severities: Vec<String> = code.severities.iter().map(ToString::to_string).collect();
    // Lists of findings link to the row.
    let name = format!("<a id=\"{0}\"></a>{0}", code.name);
    format!("| {name} | {} | {} | {} | {} |\n", severities.join(" or "), code.meaning, code.why, code.remedy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_on_the_page_once() {
        let page = markdown();
        for code in all() {
            assert_eq!(page.matches(&format!("\n| <a id=\"{0}\"></a>{0} |", code.name)).count(), 1, "{}", code.name);
        }
    }
}
