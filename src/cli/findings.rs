//! Findings as people and machines read them: text, JSON, GitHub annotations, SARIF, JUnit. Nothing is judged here but
//! whether a threshold is met.

use std::{fmt::Write, path::Path};

use pgslotplan::{
    finding::{self, Finding, Severity},
    format,
    names::one_line,
};
use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};
use serde_json::{Value, json};

use super::{
    output::{Console, Exit, Failure, json_text},
    text::{self, Style},
};

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FindingFormat {
    /// For people
    Text,
    /// One JSON object with all findings
    Json,
    /// Annotations of GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// JUnit XML, for test reports
    Junit,
}

/// From which severity on the answer is no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// Warnings too
    Warn,
    /// Only errors
    Error,
}

/// The options of every command that prints findings.
#[derive(Debug, Clone, clap::Args)]
pub struct FindingArgs {
    /// Form of the findings
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub format: FindingFormat,
    /// Severity from which on the exit code is 4
    #[arg(long, value_name = "SEVERITY", default_value = "error")]
    pub fail_on: FailOn,
}

impl FindingArgs {
    /// Exit code that the findings mean.
    pub fn exit(&self, findings: &[Finding]) -> Exit {
        self.fail_on.exit(findings)
    }

    /// Prints the findings, sorted, in the form asked for. `file` is what they are about.
    pub fn print(&self, console: &Console, findings: &[Finding], file: &Path) -> Result<(), Failure> {
        self.format.print(console, findings, file)
    }
}

impl FailOn {
    /// Exit code that the findings mean.
    pub fn exit(self, findings: &[Finding]) -> Exit {
        let worst = match self {
            FailOn::Warn => Severity::Warning,
            FailOn::Error => Severity::Error,
        };
        if findings.iter().any(|finding| finding.severity <= worst) { Exit::No } else { Exit::Done }
    }
}

impl FindingFormat {
    /// Prints the findings, sorted, in this form. `file` is what they are about.
    pub fn print(self, console: &Console, findings: &[Finding], file: &Path) -> Result<(), Failure> {
        let text = self.render(findings, file)?;
        if self == FindingFormat::Github { console.verbatim(&text) } else { console.result(&text) }
    }

    fn render(self, findings: &[Finding], file: &Path) -> Result<String, Failure> {
        let mut sorted = findings.to_vec();
        sorted.sort();
        Ok(match self {
            FindingFormat::Text => text(&sorted),
            FindingFormat::Json => pretty(&json!({
                "kind": "findings", "version": 1, "tool": format::TOOL, "findings": sorted,
            })),
            FindingFormat::Github => github(&sorted, file),
            FindingFormat::Sarif => sarif(&sorted, file),
            FindingFormat::Junit => junit(&sorted, file)?,
        })
    }
}

fn pretty(value: &Value) -> String {
    json_text(format!("{value:#}\n").as_bytes())
}

/// One paragraph a finding, many of one code condensed, then how many there are.
pub fn text(findings: &[Finding]) -> String {
    let mut out = String::new();
    for alike in finding::condensed(findings) {
        for finding in alike.shown {
            out.push_str(&labelled(finding, &format!("{}: {}", finding.subject, one_line(&finding.message))));
            for (name, line) in [("detail", &finding.detail), ("hint", &finding.hint)] {
                if let Some(line) = line {
                    out.push_str(&format!("    {}\n", text::wrap_after(&format!("{name}: {}", one_line(line)), 4, 4)));
                }
            }
        }
        if let Some((first, rest)) = alike.rest() {
            out.push_str(&labelled(first, &rest));
        }
    }
    out.push_str(&count(findings));
    out
}

fn labelled(finding: &Finding, line: &str) -> String {
    let style = match finding.severity {
        Severity::Error => Style::Bad,
        Severity::Warning => Style::Doubtful,
        Severity::Info => Style::Quiet,
    };
    let label = style.paint(&format!("{} {}", finding.severity, one_line(&finding.code)));
    format!("{label} {}\n", text::wrap_after(line, finding.severity.to_string().len() + 7, 4))
}

/// `2 errors, 1 warning`, or that there is nothing.
fn count(findings: &[Finding]) -> String {
    let parts: Vec<String> = [(Severity::Error, "error"), (Severity::Warning, "warning"), (Severity::Info, "note")]
        .into_iter()
        .filter_map(|(severity, word)| {
            let count = findings.iter().filter(|finding| finding.severity == severity).count();
            (count > 0).then(|| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        })
        .collect();
    if parts.is_empty() { "no findings\n".to_owned() } else { format!("{}\n", parts.join(", ")) }
}

fn body(finding: &Finding) -> String {
    let mut body = format!("{}: {}", finding.subject, one_line(&finding.message));
    for (name, line) in [("detail", &finding.detail), ("hint", &finding.hint)] {
        if let Some(line) = line {
            let _ = write!(body, "\n{name}: {}", one_line(line));
        }
    }
    body
}

/// Workflow commands; `%`, line ends and, in properties, `:` and `,` are escaped as GitHub documents.
fn github(findings: &[Finding], file: &Path) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut out = String::new();
    for finding in findings {
        let level = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let (file, title) = (property(&one_line(&file.to_string_lossy())), property(&one_line(&finding.code)));
        let _ = writeln!(out, "::{level} file={file},title={title}::{}", data(&body(finding)));
    }
    out
}

/// What SARIF calls a level.
fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

/// What is known of a code, for whoever reads the results without the documents. One that is not ours has its name alone:
/// a plan may come from another release.
fn rule(name: &str) -> Value {
    let Some(code) = finding::code::find(name) else { return json!({ "id": name }) };
    let help = format!("{}.\n\nWhy it matters: {}.\n\nWhat to do: {}.", code.meaning, code.why, code.remedy);
    json!({
        "id": name,
        "shortDescription": { "text": code.meaning.replace('`', "") },
        "fullDescription": { "text": format!("{}.", code.why.replace('`', "")) },
        "help": { "text": help.replace('`', ""), "markdown": help },
        "helpUri": code.help_uri(),
        "defaultConfiguration": { "level": level(code.severities[0]) },
    })
}

fn sarif(findings: &[Finding], file: &Path) -> String {
    let mut codes: Vec<&str> = findings.iter().map(|finding| finding.code.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    let rules: Vec<Value> = codes.into_iter().map(rule).collect();
    let results: Vec<Value> = findings
        .iter()
        .map(|finding| {
            json!({
                "ruleId": finding.code,
                "level": level(finding.severity),
                "message": { "text": body(finding) },
                "locations": [{ "physicalLocation": { "artifactLocation": { "uri": file.to_string_lossy() } } }],
            })
        })
        .collect();
    pretty(&json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "pgslotplan", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "results": results,
        }],
    }))
}

/// One test case a finding; warnings and errors fail, notes pass with output. Without findings one case passes.
fn junit(findings: &[Finding], file: &Path) -> Result<String, Failure> {
    // XML 1.0 can hold neither; what else it cannot hold is escaped by `one_line`, or left out by the library.
    let xml = |text: &str| text.replace(['\u{FFFE}', '\u{FFFF}'], "\u{FFFD}");
    let class = xml(&one_line(&file.to_string_lossy()));
    let case = |name: String, status: TestCaseStatus| {
        let mut case = TestCase::new(name, status);
        case.set_classname(class.clone());
        case
    };
    let mut suite = TestSuite::new("pgslotplan");
    for finding in findings {
        let name = xml(&format!("{} {}", one_line(&finding.code), finding.subject));
        if finding.severity == Severity::Info {
            let mut noted = case(name, TestCaseStatus::success());
            noted.set_system_out(xml(&body(finding)));
            suite.add_test_case(noted);
        } else {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(finding.severity.to_string()).set_message(xml(&one_line(&finding.message)));
            status.set_description(xml(&body(finding)));
            suite.add_test_case(case(name, status));
        }
    }
    if findings.is_empty() {
        suite.add_test_case(case("no findings".to_owned(), TestCaseStatus::success()));
    }
    let mut report = Report::new("pgslotplan");
    report.add_test_suite(suite);
    report.to_string().map_err(|error| Failure::new("the findings cannot be written as JUnit XML").source(error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pgslotplan::{
        finding::{Subject, code},
        names::TableName,
    };

    fn findings() -> Vec<Finding> {
        vec![
            Finding::new(code::find("PL102").unwrap(), Subject::Plan, "50 % is little"),
            Finding::new(code::find("PL201").unwrap(), Subject::Table(TableName::new("public", "a<b\n")), "no key")
                .hint("Add one: now."),
        ]
    }

    fn render(format: FindingFormat) -> String {
        format.render(&findings(), Path::new("a,b.json")).unwrap()
    }

    #[test]
    fn text_has_errors_first_and_counts() {
        let text = anstream::adapter::strip_str(&render(FindingFormat::Text)).to_string();
        assert_eq!(
            text,
            "error PL201 table public.\"a<b\\u{a}\": no key\n    hint: Add one: now.\n\
             warning PL102 plan: 50 % is little\n1 error, 1 warning\n"
        );
    }

    #[test]
    fn annotations_are_escaped() {
        let github = render(FindingFormat::Github);
        assert!(
            github.starts_with("::error file=a%2Cb.json,title=PL201::table public.\"a<b\\u{a}\": no key%0Ahint: Add")
        );
        assert!(github.contains("50 %25 is little"));
        let junit = render(FindingFormat::Junit);
        for part in ["tests=\"2\"", "failures=\"2\"", "a&lt;b"] {
            assert!(junit.contains(part), "{part} is not in {junit}");
        }
        let sarif: Value = serde_json::from_str(&render(FindingFormat::Sarif)).unwrap();
        assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "PL201");
        let rules = &sarif["runs"][0]["tool"]["driver"]["rules"];
        assert_eq!(rules[1]["shortDescription"]["text"], "a table has no usable replica identity");
        assert_eq!(rules[1]["defaultConfiguration"]["level"], "error");
        assert!(rules[1]["help"]["text"].as_str().unwrap().contains("What to do: Run the ALTER TABLE in t"));
        assert!(rules[1]["helpUri"].as_str().unwrap().ends_with("/pgslotplan/finding/code/index.html#PL201"));
        assert_eq!(rule("XX101"), serde_json::json!({ "id": "XX101" }));
        let json: Value = serde_json::from_str(&render(FindingFormat::Json)).unwrap();
        assert_eq!(json["findings"][1]["code"], "PL102");
    }

    #[test]
    fn thresholds_decide_the_exit_code() {
        let exit = |fail_on, findings: &[Finding]| FindingArgs { format: FindingFormat::Text, fail_on }.exit(findings);
        let warning = &findings()[..1];
        assert_eq!(exit(FailOn::Error, warning), Exit::Done);
        assert_eq!(exit(FailOn::Warn, warning), Exit::No);
        assert_eq!(exit(FailOn::Error, &findings()), Exit::No);
        assert_eq!(exit(FailOn::Warn, &[]), Exit::Done);
    }
}
