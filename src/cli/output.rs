//! stdout for results, stderr for all else; errors, exit codes and colours. Findings are printed by `findings`.
//!
//! Exit codes and the three-line form of errors are those of docs/rules.md.

use std::{
    error::Error,
    fmt,
    io::{self, IsTerminal, Write},
};

use anstyle::{AnsiColor, Style};
use pgslotplan::names::{json_printable, one_line, printable};

use super::text::guarded;

/// How the process ends (docs/rules.md).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, and the answer is good.
    Done = 0,
    /// Usage, configuration, unreadable or invalid input, internal error.
    Usage = 1,
    /// Cannot connect, or the connection was lost.
    Connection = 2,
    /// The server refused a statement.
    Server = 3,
    /// The answer is no: a finding at or above the threshold.
    No = 4,
    /// `monitor`: a threshold is exceeded.
    Exceeded = 5,
}

/// Monitoring plugins have codes of their own for the same numbers.
impl Exit {
    /// 1: look at it.
    pub const PLUGIN_WARNING: Exit = Exit::Usage;
    /// 2: something is broken.
    pub const PLUGIN_CRITICAL: Exit = Exit::Connection;
    /// 3: it could not be seen.
    pub const PLUGIN_UNKNOWN: Exit = Exit::Server;
}

/// Why a command ended early: message with its causes, detail, hint, exit code.
#[derive(Debug)]
pub struct Failure {
    error: anyhow::Error,
    detail: Option<String>,
    hint: Option<String>,
    exit: Exit,
}

impl Failure {
    /// A failure of the first kind (exit code 1).
    pub fn new(message: impl fmt::Display + fmt::Debug + Send + Sync + 'static) -> Self {
        Failure { error: anyhow::Error::msg(message), detail: None, hint: None, exit: Exit::Usage }
    }

    /// The same with a cause; the message must not repeat it.
    pub fn source(mut self, cause: impl Error + Send + Sync + 'static) -> Self {
        let message = self.error.to_string();
        self.error = anyhow::Error::new(cause).context(message);
        self
    }

    /// The same with a detail, in full sentences.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// The same with a hint, in full sentences.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same with another exit code.
    pub fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// Its detail, for tests.
    #[cfg(test)]
    pub fn detail_text(&self) -> &str {
        self.detail.as_deref().unwrap_or_default()
    }

    /// How the process ends because of it.
    pub fn exit_code(&self) -> Exit {
        self.exit
    }

    /// The reader of our output went away: nothing to say, and no fault.
    fn is_closed_pipe(&self) -> bool {
        self.exit == Exit::Done
    }
}

impl fmt::Display for Failure {
    /// The message and the chain of its causes, each once.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut last = String::new();
        for (position, cause) in self.error.chain().enumerate() {
            let text = without_error_number(cause.to_string());
            if text == last {
                continue;
            }
            write!(f, "{}{text}", if position > 0 { ": " } else { "" })?;
            last = text;
        }
        Ok(())
    }
}

/// The standard library adds ` (os error 28)` to the system's own words, which are enough.
fn without_error_number(text: String) -> String {
    match text.rsplit_once(" (os error ") {
        Some((words, number)) if number.ends_with(')') => words.to_owned(),
        _ => text,
    }
}

impl<E: Error + Send + Sync + 'static> From<E> for Failure {
    fn from(error: E) -> Self {
        Failure { error: anyhow::Error::new(error), detail: None, hint: None, exit: Exit::Usage }
    }
}

/// What a failed write to standard output means: a closed pipe ends the program quietly.
pub fn stdout_failure(error: io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::from(error).exit(Exit::Done)
    } else {
        Failure::new("could not write to standard output").source(error)
    }
}

/// How messages on stderr look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum LogFormat {
    /// For people
    #[default]
    Text,
    /// One JSON object a line
    Json,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Only warnings and errors.
    Quiet,
    /// Also what was done.
    Normal,
    /// Also how.
    Verbose,
}

/// The way to the person: messages to stderr, results to stdout.
#[derive(Debug, Clone, Copy)]
pub struct Console {
    verbosity: Verbosity,
    log_format: LogFormat,
    shows_results: bool,
}

impl Console {
    /// As the global options say.
    pub fn new(verbosity: Verbosity, log_format: LogFormat) -> Self {
        Console { verbosity, log_format, shows_results: true }
    }

    /// The same, silent on stdout: for a command whose result is a step of another's.
    #[cfg(feature = "demo")]
    pub fn without_results(self) -> Self {
        Console { shows_results: false, ..self }
    }

    /// Writes a result to stdout; escape sequences are removed where nobody would see colours. JSON has passed through
    /// [`json_text`].
    pub fn result(&self, text: &str) -> Result<(), Failure> {
        self.verbatim(&guarded(text))
    }

    /// The same for what holds nothing of others, or is read by a machine that has its own marks.
    pub fn verbatim(&self, text: &str) -> Result<(), Failure> {
        if !self.shows_results {
            return Ok(());
        }
        let mut out = anstream::stdout().lock();
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(stdout_failure)
    }

    /// Whether a progress bar would be seen and is wanted.
    pub fn shows_progress(&self) -> bool {
        self.verbosity > Verbosity::Quiet && self.log_format == LogFormat::Text && io::stderr().is_terminal()
    }

    /// Says what was done.
    pub fn note(&self, message: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.message("info", message, None, None);
        }
    }

    /// Says how it was done, to those who asked.
    pub fn explain(&self, message: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.message("debug", message, None, None);
        }
    }

    /// Says what the user should know although the work goes on.
    pub fn warning(&self, message: &str) {
        self.message("warning", message, None, None);
    }

    /// Says why the program ends.
    pub fn failure(&self, failure: &Failure) {
        if !failure.is_closed_pipe() {
            self.message("error", &failure.to_string(), failure.detail.as_deref(), failure.hint.as_deref());
        }
    }

    fn message(&self, level: &str, message: &str, detail: Option<&str>, hint: Option<&str>) {
        let line = match self.log_format {
            LogFormat::Text => message_text(level, message, detail, hint),
            LogFormat::Json => message_json(level, message, detail, hint),
        };
        // When stderr is gone there is nobody left to tell.
        drop(anstream::stderr().lock().write_all(line.as_bytes()));
    }
}

/// A console whose messages say which database they are about, where there are several.
#[derive(Debug, Clone)]
pub struct Teller {
    console: Console,
    about: Option<String>,
}

impl Teller {
    /// Of the only database: nothing is added.
    pub fn plain(console: &Console) -> Self {
        Teller { console: *console, about: None }
    }

    /// Of one database among several.
    pub fn about(console: &Console, database: &str) -> Self {
        Teller { console: *console, about: Some(format!("database \"{}\"", one_line(database))) }
    }

    /// The console itself.
    pub fn console(&self) -> &Console {
        &self.console
    }

    /// As [`Console::note`].
    pub fn note(&self, message: &str) {
        self.console.note(&self.worded(message));
    }

    /// As [`Console::explain`].
    pub fn explain(&self, message: &str) {
        self.console.explain(&self.worded(message));
    }

    /// As [`Console::warning`].
    pub fn warning(&self, message: &str) {
        self.console.warning(&self.worded(message));
    }

    fn worded(&self, message: &str) -> String {
        match &self.about {
            Some(about) => format!("{about}: {message}"),
            None => message.to_owned(),
        }
    }
}

/// Our JSON as text for a terminal or a log.
pub fn json_text(bytes: &[u8]) -> String {
    json_printable(&String::from_utf8_lossy(bytes))
}

/// Words that stand before a secret in connection strings and URIs.
const SECRETS: [&str; 3] = ["password", "passwd", "client_secret"];

/// Whether a word of the command line may be a connection string with a password in it.
pub fn may_hold_password(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    SECRETS.iter().any(|secret| lower.contains(secret)) || (word.contains("://") && word.contains('@'))
}

/// The text without passwords of connection strings (`password=...`) and URIs (`scheme://user:...@host`).
pub fn masked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((end, length)) = next_secret(rest) {
        out.push_str(&rest[..end]);
        out.push_str("***");
        rest = &rest[end + length..];
    }
    out.push_str(rest);
    out
}

/// Where the first secret of a text begins, and its length.
fn next_secret(text: &str) -> Option<(usize, usize)> {
    // ASCII letters only change their case, so positions stay
    let lower = text.to_ascii_lowercase();
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '&' | '`');
    let of_key = SECRETS.iter().flat_map(|secret| lower.match_indices(secret)).filter_map(|(at, word)| {
        let after = at + word.len();
        let equals = text[after..].trim_start().strip_prefix('=')?.trim_start();
        let begin = text.len() - equals.len();
        let length = match equals.strip_prefix('\'') {
            Some(quoted) => end_of_quoted(quoted) + 1,
            None => equals.find(ends).unwrap_or(equals.len()),
        };
        (length > 0 && !equals.starts_with("***")).then_some((begin, length))
    });
    let of_uri = lower.match_indices("://").filter_map(|(at, _)| {
        let begin = at + 3;
        let whole = &text[begin..begin + text[begin..].find(ends).unwrap_or(text.len() - begin)];
        let is_postgres = lower[..at].ends_with("postgres") || lower[..at].ends_with("postgresql");
        // a password of libpq's URIs may hold a slash that nobody encoded
        let authority = if is_postgres { whole } else { &whole[..whole.find(['/', '?', '#']).unwrap_or(whole.len())] };
        let (login, _) = authority.rsplit_once('@')?;
        let (user, password) = login.split_once(':')?;
        (!password.is_empty() && password != "***").then_some((begin + user.len() + 1, password.len()))
    });
    of_key.chain(of_uri).min()
}

/// Length of what stands in single quotes, with the closing one; a backslash takes the next character with it.
fn end_of_quoted(text: &str) -> usize {
    let mut characters = text.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => drop(characters.next()),
            '\'' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

/// Longest text of a message, in characters: what it quotes may come from a file or a server.
const LONGEST_MESSAGE: usize = 4_000;

fn cut(text: &str) -> &str {
    text.char_indices().nth(LONGEST_MESSAGE).map_or(text, |(end, _)| &text[..end])
}

fn message_text(level: &str, message: &str, detail: Option<&str>, hint: Option<&str>) -> String {
    let message = one_line(cut(&masked(message)));
    let style = match level {
        "error" => Style::new().bold().fg_color(Some(AnsiColor::Red.into())),
        "warning" => Style::new().bold().fg_color(Some(AnsiColor::Yellow.into())),
        _ => Style::new(),
    };
    let mut text = match level {
        "info" | "debug" => format!("pgslotplan: {message}\n"),
        _ => format!("pgslotplan: {style}{level}{style:#}: {message}\n"),
    };
    for (name, line) in [("detail", detail), ("hint", hint)] {
        if let Some(line) = line {
            // further lines stand back, so that none can pass for one of ours
            text.push_str(&format!("{name}: {}\n", printable(cut(&masked(line))).replace('\n', "\n    ")));
        }
    }
    guarded(&text)
}

#[expect(clippy::disallowed_methods, reason = "log lines carry the time; the edge may read the clock")]
fn message_json(level: &str, message: &str, detail: Option<&str>, hint: Option<&str>) -> String {
    let mut object = serde_json::Map::new();
    object.insert("time".into(), format!("{:.3}", jiff::Timestamp::now()).into());
    object.insert("level".into(), level.into());
    object.insert("message".into(), cut(&masked(message)).into());
    for (name, line) in [("detail", detail), ("hint", hint)] {
        if let Some(line) = line {
            object.insert(name.into(), cut(&masked(line)).into());
        }
    }
    json_printable(&format!("{}\n", serde_json::Value::Object(object)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("outer")]
    struct Outer(#[source] io::Error);

    #[test]
    fn the_chain_of_causes_is_printed_once() {
        let failure = Failure::from(Outer(io::Error::other("inner")));
        assert_eq!(failure.to_string(), "outer: inner");
        let wrapped = Failure::new("could not read file \"a\"").source(Outer(io::Error::other("inner")));
        assert_eq!(wrapped.to_string(), "could not read file \"a\": outer: inner");
    }

    #[test]
    fn errors_have_three_lines() {
        let text = anstream::adapter::strip_str(&message_text("error", "no", Some("D."), Some("H."))).to_string();
        assert_eq!(text, "pgslotplan: error: no\ndetail: D.\nhint: H.\n");
        let json: serde_json::Value = serde_json::from_str(&message_json("error", "no", None, Some("H."))).unwrap();
        assert_eq!((&json["message"], &json["hint"]), (&"no".into(), &"H.".into()));
        assert!(json["time"].as_str().unwrap().ends_with('Z'));
    }

    #[test]
    fn passwords_are_masked() {
        for (text, shown) in [
            ("host=a password=hunter2 user=b", "host=a password=*** user=b"),
            ("PASSWORD = 'it\\'s long' x", "PASSWORD = *** x"),
            ("password='never closed", "password=***"),
            ("sslpassword=x oauth_client_secret=y", "sslpassword=*** oauth_client_secret=***"),
            ("\"postgres://u:p/w@h:5/db\" failed", "\"postgres://u:***@h:5/db\" failed"),
            ("postgresql://u@h/db?password=x&sslmode=require", "postgresql://u@h/db?password=***&sslmode=require"),
            ("http://u:p@prometheus/x", "http://u:***@prometheus/x"),
            ("http://host:9090/a@b", "http://host:9090/a@b"),
            ("no password was given", "no password was given"),
        ] {
            assert_eq!(masked(text), shown);
        }
    }

    #[test]
    fn nobody_forges_a_line() {
        let hostile = "no\npgslotplan: error: yes\u{1b}[2K\r::error::x";
        let text = anstream::adapter::strip_str(&message_text("error", hostile, Some("a\nhint: b"), None)).to_string();
        assert_eq!(
            text,
            "pgslotplan: error: no\\u{a}pgslotplan: error: yes\\u{1b}[2K\\u{d}::error::x\ndetail: a\n    hint: b\n"
        );
        let long = message_text("error", &"x".repeat(100_000_000), None, None);
        assert!(long.len() < 10_000);
        let json = message_json("error", "\u{202e}\u{9b}", None, None);
        assert!(json.contains("\\u202e\\u009b"), "{json}");
    }

    #[test]
    fn a_closed_pipe_is_no_fault() {
        assert_eq!(stdout_failure(io::ErrorKind::BrokenPipe.into()).exit_code(), Exit::Done);
        assert_eq!(stdout_failure(io::ErrorKind::StorageFull.into()).exit_code(), Exit::Usage);
    }
}
