//! Words on a terminal: wrapping, bars, small curves, styles. Escape sequences are removed later where nobody would see
//! them (`output`).

use anstyle::{AnsiColor, Style as Ansi};
use pgslotplan::names::is_unprintable;

/// Width of our texts, columns.
pub const WIDTH: usize = 80;

/// What a word means to the eye.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Heads.
    Head,
    /// All is well.
    Good,
    /// Look here.
    Doubtful,
    /// Not like this.
    Bad,
    /// Less important.
    Quiet,
}

impl Style {
    /// The text in this style.
    pub fn paint(self, text: &str) -> String {
        let colour = |colour: AnsiColor| Ansi::new().fg_color(Some(colour.into()));
        let style = match self {
            Style::Head => Ansi::new().bold(),
            Style::Good => colour(AnsiColor::Green),
            Style::Doubtful => colour(AnsiColor::Yellow),
            Style::Bad => colour(AnsiColor::Red).bold(),
            Style::Quiet => Ansi::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }
}

/// Which characters the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Characters {
    /// Blocks and an ellipsis.
    Unicode,
    /// Seven bits.
    Ascii,
}

impl Characters {
    /// As the locale says: the first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set decides.
    #[expect(clippy::disallowed_methods, reason = "the locale is read at the edge")]
    pub fn of_locale() -> Self {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))
            .unwrap_or_default()
            .to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") { Characters::Unicode } else { Characters::Ascii }
    }

    /// A bar of `width` columns, filled to `share` (0 to 1; more is full).
    pub fn bar(self, share: f64, width: usize) -> String {
        let eighths = (share.clamp(0.0, 1.0) * width as f64 * 8.0).round() as usize;
        match self {
            Characters::Ascii => {
                let full = (eighths + 4) / 8;
                format!("{}{}", "#".repeat(full), ".".repeat(width - full))
            }
            Characters::Unicode => {
                let (full, part) = (eighths / 8, eighths % 8);
                let last = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'][part];
                let mut bar = "█".repeat(full);
                if full < width {
                    bar.push(last);
                    bar.push_str(&" ".repeat(width - full - 1));
                }
                bar
            }
        }
    }

    /// A curve in at most `width` columns; each shows the largest of its values, against `top`.
    pub fn curve(self, values: &[f64], top: f64, width: usize) -> String {
        let levels: &[char] = match self {
            Characters::Unicode => &['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'],
            Characters::Ascii => &['_', '.', ':', '-', '=', '+', '*', '#'],
        };
        let step = values.len().div_ceil(width.max(1)).max(1);
        values
            .chunks(step)
            .map(|chunk| {
                let value = chunk.iter().copied().fold(0.0, f64::max);
                let share = if top > 0.0 { value / top } else { 0.0 };
                levels[((share * 8.0).ceil() as usize).clamp(1, 8) - 1]
            })
            .collect()
    }

    /// What stands for left-out text.
    fn ellipsis(self) -> &'static str {
        match self {
            Characters::Unicode => "…",
            Characters::Ascii => "~",
        }
    }

    /// The text in at most `width` columns, its middle left out where it is longer.
    pub fn shorten(self, text: &str, width: usize) -> String {
        let characters: Vec<char> = text.chars().collect();
        if characters.len() <= width {
            return text.to_owned();
        }
        let kept = width.saturating_sub(1);
        let head: String = characters[..kept.div_ceil(2)].iter().collect();
        let tail: String = characters[characters.len() - kept / 2..].iter().collect();
        format!("{head}{}{tail}", self.ellipsis())
    }
}

/// The text as it may stand in a terminal or a log of continuous integration: but for our own colours nothing in it moves the
/// cursor or hides, and no line begins with, or holds, what GitHub takes for a command.
pub fn guarded(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let begin = out.len();
        let mut rest = line;
        while let Some(c) = rest.chars().next() {
            let length = colour(rest).unwrap_or(c.len_utf8());
            if length > c.len_utf8() || matches!(c, '\n' | '\t') || !is_unprintable(c) {
                out.push_str(&rest[..length]);
            } else {
                out.push_str(&c.escape_unicode().to_string());
            }
            rest = &rest[length..];
        }
        if anstream::adapter::strip_str(&out[begin..]).to_string().trim_start().starts_with("::") {
            let at = begin + out[begin..].find("::").unwrap_or(0);
            out.replace_range(at..=at, "\\u{3a}");
        }
        if out[begin..].contains("##[") {
            let broken = out[begin..].replace("##[", "#\\u{23}[");
            out.replace_range(begin.., &broken);
        }
    }
    out
}

/// Length of the escape sequence for a colour that a text begins with.
fn colour(text: &str) -> Option<usize> {
    let codes = text.strip_prefix("\u{1b}[")?;
    let end = codes.find(|c: char| !c.is_ascii_digit() && c != ';')?;
    codes[end..].starts_with('m').then_some(end + 3)
}

/// Breaks text at spaces so that lines keep [`WIDTH`]; the first line starts at column `used`, the others at `indent`.
/// A word that is longer than a line is kept whole.
pub fn wrap_after(text: &str, used: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = used;
    let mut fresh = true;
    for word in text.split(' ') {
        let length = word.chars().count();
        if !fresh && column + 1 + length > WIDTH {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if !fresh {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
        fresh = false;
    }
    out
}

/// A paragraph indented by `indent`, with a line feed.
pub fn paragraph(text: &str, indent: usize) -> String {
    format!("{}{}\n", " ".repeat(indent), wrap_after(text, indent, indent))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fill_in_eighths() {
        assert_eq!(Characters::Unicode.bar(0.5, 4), "██  ");
        assert_eq!(Characters::Unicode.bar(0.53, 4), "██▏ ");
        assert_eq!(Characters::Unicode.bar(7.0, 4), "████");
        assert_eq!(Characters::Ascii.bar(0.5, 4), "##..");
    }

    #[test]
    fn curves_keep_their_peaks() {
        // Half of the top is the fourth of eight levels.
        assert_eq!(Characters::Ascii.curve(&[0.0, 0.5, 1.0, 0.2], 1.0, 2), "-#");
        assert_eq!(Characters::Unicode.curve(&[0.0, 1.0], 1.0, 9), "▁█");
        assert_eq!(Characters::Ascii.curve(&[0.0], 0.0, 9), "_");
    }

    #[test]
    fn nothing_reaches_a_terminal_or_a_runner() {
        let styled = format!("{} x\t\n", Style::Bad.paint("error"));
        assert_eq!(guarded(&styled), styled);
        assert_eq!(guarded("a\u{1b}]0;x\u{7}\rb\u{202e}\n"), "a\\u{1b}]0;x\\u{7}\\u{d}b\\u{202e}\n");
        assert_eq!(guarded("ok\n  ::error::x\n::a ##[warning]"), "ok\n  \\u{3a}:error::x\n\\u{3a}:a #\\u{23}[warning]");
        let hidden = format!("{}\n", Style::Bad.paint("::stop-commands::x"));
        assert!(!anstream::adapter::strip_str(&guarded(&hidden)).to_string().starts_with("::"));
    }

    #[test]
    fn text_wraps_at_spaces() {
        let text = paragraph(&"word ".repeat(20), 2);
        assert!(text.lines().all(|line| line.len() <= WIDTH && line.starts_with("  w")), "{text}");
        assert_eq!(wrap_after("a b", 0, 0), "a b");
        assert_eq!(Characters::Ascii.shorten("abcdefghij", 5), "ab~ij");
    }
}
