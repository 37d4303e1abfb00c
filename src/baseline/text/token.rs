//! A text as tokens. Literals lose their text when they are read, so that nothing can keep it by mistake; small numbers keep
//! theirs until it is known whether they are values.

/// One token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    kind: Kind,
    /// As it is written; empty for a literal that is no whole number.
    text: String,
    /// White space or a comment stands before it.
    is_apart: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Quoted,
    Parameter(usize),
    Literal,
    Symbol,
}

/// Parameters above this are none of a statement's: the protocol counts them in 16 bits.
const MOST_PARAMETERS: usize = 65_535;

impl Token {
    /// A literal of which nothing is known.
    pub(super) fn literal() -> Self {
        Token { kind: Kind::Literal, text: String::new(), is_apart: true }
    }

    /// A piece of SQL of ours.
    pub(super) fn raw(sql: &str) -> Self {
        Token { kind: Kind::Symbol, text: sql.to_owned(), is_apart: true }
    }

    /// As it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// An unquoted word, whatever its case; `word` is in small letters.
    pub(super) fn is_word(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.kind == Kind::Symbol && self.text == symbol
    }

    pub(super) fn is_literal(&self) -> bool {
        self.kind == Kind::Literal
    }

    /// A literal that kept its text: a small number.
    pub(super) fn is_number(&self) -> bool {
        self.is_literal() && !self.text.is_empty()
    }

    /// The number of a parameter.
    pub(super) fn parameter(&self) -> Option<usize> {
        match self.kind {
            Kind::Parameter(number) => Some(number),
            _ => None,
        }
    }

    /// A literal becomes a parameter.
    pub(super) fn become_parameter(&mut self, number: usize) {
        self.kind = Kind::Parameter(number);
        self.text = format!("${number}");
    }

    /// As a name in the catalog.
    pub(super) fn name(&self) -> Option<String> {
        match self.kind {
            Kind::Word => Some(self.text.to_lowercase()),
            Kind::Quoted => {
                let inner = self.text.strip_prefix('"')?.strip_suffix('"')?;
                Some(inner.replace("\"\"", "\""))
            }
            _ => None,
        }
    }
}

/// Tokens on one line.
pub(super) fn joined(tokens: &[Token]) -> String {
    let mut text = String::new();
    for token in tokens {
        if token.is_apart && !text.is_empty() {
            text.push(' ');
        }
        text.push_str(&token.text);
    }
    text
}

/// The tokens of a text, and whether something at its end was left out since it could be read in two ways or has no end.
pub(super) fn tokens(text: &str) -> (Vec<Token>, bool) {
    let mut reader = Reader { rest: text, tokens: Vec::new(), is_apart: false };
    while let Some(first) = reader.rest.chars().next() {
        if reader.take_one(first).is_none() {
            reader.is_apart = true;
            reader.push(Kind::Literal, String::new());
            return (reader.tokens, true);
        }
    }
    (reader.tokens, false)
}

struct Reader<'a> {
    rest: &'a str,
    tokens: Vec<Token>,
    is_apart: bool,
}

fn begins_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn is_of_word(c: char) -> bool {
    begins_word(c) || c.is_ascii_digit() || c == '$'
}

const OPERATORS: &str = "+-*/<>=~!@#%^&|`?";

impl<'a> Reader<'a> {
    fn push(&mut self, kind: Kind, text: String) {
        self.tokens.push(Token { kind, text, is_apart: std::mem::take(&mut self.is_apart) });
    }

    fn skip(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.rest = rest;
        taken
    }

    /// Takes all that begins here; nothing when it has no end.
    fn take_one(&mut self, first: char) -> Option<()> {
        if first.is_whitespace() {
            self.skip(first.len_utf8());
            self.is_apart = true;
        } else if self.rest.starts_with("--") {
            let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
            self.skip(end);
            self.is_apart = true;
        } else if self.rest.starts_with("/*") {
            let end = comment_end(self.rest)?;
            self.skip(end);
            self.is_apart = true;
        } else if first == '\'' {
            let end = string_end(&self.rest[1..], Escapes::None)?;
            self.skip(end + 1);
            self.push(Kind::Literal, String::new());
        } else if first == '"' {
            let end = quoted_end(&self.rest[1..])?;
            let text = self.skip(end + 1).to_owned();
            self.push(Kind::Quoted, text);
        } else if begins_word(first) {
            self.take_word()?;
        } else if first == '$' {
            self.take_dollar()?;
        } else if first.is_ascii_digit() || first == '.' && self.rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            self.take_number();
        } else {
            self.take_symbol(first);
        }
        Some(())
    }

    fn take_word(&mut self) -> Option<()> {
        let end = self.rest.find(|c: char| !is_of_word(c)).unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        let escapes = match (word, after.chars().next()) {
            ("e" | "E", Some('\'')) => Some((Escapes::Backslash, 1)),
            ("b" | "B" | "x" | "X" | "n" | "N", Some('\'')) => Some((Escapes::None, 1)),
            ("u" | "U", Some('&')) if after[1..].starts_with('\'') => Some((Escapes::None, 2)),
            ("u" | "U", Some('&')) if after[1..].starts_with('"') => {
                // its escapes are not read: the name is kept as it is written
                let length = quoted_end(&after[2..])? + 2;
                let text = self.skip(end + length).to_owned();
                self.push(Kind::Quoted, text);
                return Some(());
            }
            _ => None,
        };
        match escapes {
            Some((escapes, before)) => {
                let length = string_end(&after[before..], escapes)? + before;
                self.skip(end + length);
                self.push(Kind::Literal, String::new());
            }
            None => {
                let text = self.skip(end).to_owned();
                self.push(Kind::Word, text);
            }
        }
        Some(())
    }

    /// A parameter, or a string between tags.
    fn take_dollar(&mut self) -> Option<()> {
        let after = &self.rest[1..];
        let digits = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        if digits > 0 {
            let number = after[..digits].parse().ok().filter(|number| (1..=MOST_PARAMETERS).contains(number));
            let text = self.skip(digits + 1).to_owned();
            match number {
                Some(number) => self.push(Kind::Parameter(number), text),
                None => self.push(Kind::Literal, String::new()),
            }
            return Some(());
        }
        let tag_end = after.find(|c: char| !is_of_word(c) || c == '$').unwrap_or(after.len());
        // no statement has a dollar sign for itself, and beside another token it could become one that quotes
        if !after[tag_end..].starts_with('$') {
            return None;
        }
        let tag = &self.rest[..tag_end + 2];
        let end = self.rest[tag.len()..].find(tag)?;
        self.skip(2 * tag.len() + end);
        self.push(Kind::Literal, String::new());
        Some(())
    }

    fn take_number(&mut self) {
        let bytes = self.rest.as_bytes();
        let mut end = 0;
        while let Some(byte) = bytes.get(end) {
            let is_sign =
                matches!(byte, b'+' | b'-') && matches!(bytes[end - 1], b'e' | b'E') && !self.rest.starts_with("0x");
            if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_') || is_sign && end > 0 {
                end += 1;
            } else {
                break;
            }
        }
        let text = self.skip(end);
        let is_whole = text.bytes().all(|byte| byte.is_ascii_digit());
        self.push(Kind::Literal, if is_whole { text.to_owned() } else { String::new() });
    }

    fn take_symbol(&mut self, first: char) {
        let end = if self.rest.starts_with("::") {
            2
        } else if OPERATORS.contains(first) {
            let run = self.rest.find(|c: char| !OPERATORS.contains(c)).unwrap_or(self.rest.len());
            let later = &self.rest[1..run];
            let comment = [later.find("--"), later.find("/*")].into_iter().flatten().min();
            comment.map_or(run, |at| at + 1)
        } else {
            first.len_utf8()
        };
        let text = self.skip(end).to_owned();
        self.push(Kind::Symbol, text);
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    None,
    Backslash,
}

/// Where a comment ends; comments nest.
fn comment_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    while at + 1 < bytes.len() {
        match &bytes[at..at + 2] {
            b"/*" => (depth, at) = (depth + 1, at + 2),
            b"*/" => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// Length of what follows an opening quote, with the closing one. Nothing when it has no end, or when its end depends on `standard_conforming_strings`.
fn string_end(text: &str, escapes: Escapes) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'\\' if escapes == Escapes::Backslash => at += 2,
            b'\'' if escapes == Escapes::None && at > 0 && bytes[at - 1] == b'\\' => return None,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return Some(at + 1),
            _ => at += 1,
        }
    }
}

/// Length of what follows an opening double quote, with the closing one.
fn quoted_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    loop {
        match bytes.get(at)? {
            b'"' if bytes.get(at + 1) == Some(&b'"') => at += 2,
            b'"' => return Some(at + 1),
            _ => at += 1,
        }
    }
}
