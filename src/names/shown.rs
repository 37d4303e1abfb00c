//! Text of others as a person may see it: nothing in it moves the cursor, breaks a line, turns the direction or hides.

/// Longest text of somebody else that a message quotes, in characters.
const QUOTED: usize = 400;

/// Whether a character is not shown as itself: controls (C0, C1, DEL), line and paragraph separators, marks that turn the
/// direction of text or join without a width, other invisible format characters.
pub fn is_unprintable(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00AD}' // soft hyphen
            | '\u{061C}' // Arabic letter mark
            | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' // Hangul fillers
            | '\u{180E}' // Mongolian vowel separator
            | '\u{200B}'..='\u{200F}' // of no width, left-to-right and right-to-left marks
            | '\u{2028}'..='\u{202E}' // separators, embeddings and overrides
            | '\u{2060}'..='\u{206F}' // word joiner, isolates, deprecated format characters
            | '\u{FEFF}' // byte order mark
            | '\u{FFF9}'..='\u{FFFB}' // interlinear annotation
            | '\u{E0000}'..='\u{E007F}') // tags
}

/// The text on one line, for comments, messages and Markdown: what [`is_unprintable`] becomes `\u{..}`.
pub fn one_line(text: &str) -> String {
    escaped(text, is_unprintable)
}

/// The same for a text of several lines: line feeds stay.
pub fn printable(text: &str) -> String {
    escaped(text, |c| c != '\n' && is_unprintable(c))
}

/// JSON text in which everything that [`is_unprintable`] is escaped as JSON does, which changes no value: it can only stand in
/// strings. Line feeds between values stay. `##[`, which a log reader of GitHub takes for a command, is broken up.
pub fn json_printable(text: &str) -> String {
    let is_escaped = |c: char| c != '\n' && is_unprintable(c);
    let mut out = String::with_capacity(text.len());
    let mut units = [0; 2];
    for c in text.chars() {
        if is_escaped(c) {
            c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(c);
        }
    }
    if out.contains("##[") { out.replace("##[", "#\\u0023[") } else { out }
}

fn escaped(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    if !text.contains(&is_escaped) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_escaped(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
}

/// On one line, and cut short where it is longer than anybody reads: what an error quotes may be a file of megabytes.
pub fn clipped(text: &str) -> String {
    match text.char_indices().nth(QUOTED) {
        None => one_line(text),
        Some((end, _)) => {
            // the end is kept too: a reader's words say there where in the file it is
            let tail = text.char_indices().rev().nth(QUOTED / 4).map_or(end, |(at, _)| at).max(end);
            format!("{}…{}", one_line(&text[..end]), one_line(&text[tail..]))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_moves_the_cursor_or_hides() {
        let hostile = "a\u{1b}]0;x\u{7}\r\n\u{9b}1m\u{7f}\u{202e}\u{2066}\u{200b}\u{200f}\u{2028}\u{feff}\u{e0041}b";
        let shown = one_line(hostile);
        assert!(shown.chars().all(|c| c.is_ascii_graphic()), "{shown}");
        assert!(shown.starts_with("a\\u{1b}]0;x\\u{7}\\u{d}\\u{a}\\u{9b}1m") && shown.ends_with('b'), "{shown}");
        assert_eq!(printable("a\r\nb\tc"), "a\\u{d}\nb\\u{9}c");
        for plain in ["public.orders", "Größe, naïve, 表, עברית, 🙂", "1…2"] {
            assert_eq!(one_line(plain), plain);
        }
    }

    #[test]
    fn json_keeps_its_values() {
        let value = serde_json::json!({"a": "x\u{202e}\u{7f}\u{e0041}\n##[error]", "b\u{9b}": ["\u{1b}"]});
        let text = json_printable(&serde_json::to_string_pretty(&value).unwrap());
        assert!(text.chars().all(|c| c == '\n' || !is_unprintable(c)) && !text.contains("##["), "{text}");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }

    #[test]
    fn long_text_is_cut_in_the_middle() {
        assert_eq!(clipped(&"é".repeat(QUOTED)), "é".repeat(QUOTED));
        let cut = clipped(&format!("begin{} at line 7", "é".repeat(1_000_000)));
        assert!(cut.starts_with("begin") && cut.contains('…') && cut.ends_with("at line 7"), "{cut}");
        assert!(cut.chars().count() <= QUOTED + QUOTED / 4 + 2);
    }
}
