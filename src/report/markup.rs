//! HTML that cannot be broken out of: markup is `'static`, everything else is escaped on its way in.
//!
//! Text from a database also loses what would turn lines around or hide (`names::one_line`).

use std::fmt::{self, Display, Write};

use crate::names;

/// A piece of HTML under construction.
#[derive(Debug, Default)]
pub(super) struct Html {
    out: String,
}

/// Attributes of a tag: names from this program, values from anywhere.
pub(super) type Attributes<'a> = &'a [(&'static str, &'a dyn Display)];

impl Html {
    /// Markup of this program, as it stands.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.out.push_str(markup);
        self
    }

    /// Text, escaped.
    pub(super) fn text(&mut self, text: impl Display) -> &mut Self {
        // A string never fails to be written to.
        let _ = write!(Escaping(&mut self.out), "{text}");
        self
    }

    /// A start tag.
    pub(super) fn open(&mut self, tag: &'static str, attributes: Attributes<'_>) -> &mut Self {
        self.out.push('<');
        self.out.push_str(tag);
        for (name, value) in attributes {
            self.out.push(' ');
            self.out.push_str(name);
            self.out.push_str("=\"");
            self.text(value);
            self.out.push('"');
        }
        self.out.push('>');
        self
    }

    /// An end tag.
    pub(super) fn close(&mut self, tag: &'static str) -> &mut Self {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
        self
    }

    /// A tag around text.
    pub(super) fn tag(&mut self, tag: &'static str, attributes: Attributes<'_>, text: impl Display) -> &mut Self {
        self.open(tag, attributes).text(text).close(tag)
    }

    /// Another piece, already escaped.
    pub(super) fn push(&mut self, other: Html) -> &mut Self {
        self.out.push_str(&other.out);
        self
    }

    /// The finished text.
    pub(super) fn into_string(self) -> String {
        self.out
    }
}

/// Escapes what is written through it.
struct Escaping<'a>(&'a mut String);

impl Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in names::one_line(text).chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                _ => self.0.push(c),
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_is_markup() {
        let mut html = Html::default();
        html.tag("p", &[("title", &"\"><script>")], "<b>&'\u{202E}\n\u{200B}x");
        assert_eq!(
            html.into_string(),
            "<p title=\"&quot;&gt;&lt;script&gt;\">&lt;b&gt;&amp;&#39;\\u{202e}\\u{a}\\u{200b}x</p>"
        );
    }
}
