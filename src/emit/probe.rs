//! What a server can parse of a file without running it: one block of PL/pgSQL that returns before the statements. The
//! server parses every statement of a block when it compiles it; names are looked up only when a statement runs.

use super::ddl::do_block;

/// A file for psql as one such block. Meta-commands go, variables become literals or names, blocks are nested, and
/// transaction control, which a block cannot hold, is left out.
pub fn block(file: &str) -> String {
    let mut body = String::from("BEGIN\nRETURN;\n");
    for statement in statements(file) {
        let first = statement.split(|c: char| !c.is_ascii_alphabetic()).next().unwrap_or_default().to_ascii_uppercase();
        match first.as_str() {
            "" | "BEGIN" | "START" | "COMMIT" | "ROLLBACK" | "END" => continue,
            "DO" => body.push_str(inner_block(&statement).unwrap_or(&statement)),
            _ => body.push_str(&statement),
        }
        body.push_str(";\n");
    }
    body.push_str("END");
    do_block(&body)
}

/// The text between the dollar quotes of a DO statement.
fn inner_block(statement: &str) -> Option<&str> {
    let open = statement.find('$')?;
    let tag = dollar_tag(&statement[open..])?;
    let rest = &statement[open + tag.len()..];
    Some(rest[..rest.find(tag)?].trim())
}

/// `$tag$` at the start of a text.
fn dollar_tag(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('$')?;
    let end = inner.find('$')?;
    let name = &inner[..end];
    let valid =
        name.chars().all(|c| c.is_alphanumeric() || c == '_') && !name.starts_with(|c: char| c.is_ascii_digit());
    valid.then(|| &text[..end + 2])
}

/// The statements that psql would send, without their semicolons and without leading comments.
fn statements(file: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut current = String::new();
    let mut rest = file;
    while let Some(c) = rest.chars().next() {
        let length = match c {
            ';' => {
                found.push(std::mem::take(&mut current));
                rest = &rest[1..];
                continue;
            }
            '\\' => {
                if rest.starts_with("\\gset") || rest.starts_with("\\gexec") {
                    found.push(std::mem::take(&mut current));
                }
                rest = &rest[line_length(rest)..];
                continue;
            }
            '-' if rest.starts_with("--") => {
                rest = &rest[line_length(rest)..];
                continue;
            }
            ':' if rest.starts_with("::") => 2,
            ':' if rest.starts_with(":'") => {
                current.push_str("'variable'");
                rest = &rest[1 + quoted_length(&rest[1..], '\'', false)..];
                continue;
            }
            ':' if rest.starts_with(":\"") => {
                current.push_str("variable");
                rest = &rest[1 + quoted_length(&rest[1..], '"', false)..];
                continue;
            }
            '\'' => quoted_length(rest, '\'', current.ends_with(['E', 'e'])),
            '"' => quoted_length(rest, '"', false),
            '$' => match dollar_tag(rest) {
                Some(tag) => rest[tag.len()..].find(tag).map_or(rest.len(), |end| end + 2 * tag.len()),
                None => 1,
            },
            other => other.len_utf8(),
        };
        current.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    found.push(current);
    let trimmed = found.iter().map(|statement| statement.trim().to_owned());
    trimmed.filter(|statement| !statement.is_empty()).collect()
}

fn line_length(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

/// Length of a quoted piece, its quotes included. A doubled quote is the next piece, which comes out the same.
fn quoted_length(text: &str, quote: char, escapes: bool) -> usize {
    let mut escaped = false;
    for (position, c) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if escapes && c == '\\' {
            escaped = true;
        } else if c == quote {
            return position + 1;
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psql_is_taken_out_and_blocks_are_nested() {
        let file = "-- head; of file\n\\set QUIET on\nSET a = 'x;y';\n\\if :{?v}\nSELECT E'\\';' AS \"q;\" \\gset\n\\endif\n\
                    BEGIN;\nDO $pgslotplan$\nBEGIN\n  PERFORM 1; -- ';\nEND\n$pgslotplan$;\nCREATE SUBSCRIPTION s CONNECTION :'dsn';\nCOMMIT;\n";
        let expected = [
            "SET a = 'x;y'",
            "SELECT E'\\';' AS \"q;\"",
            "BEGIN",
            "DO $pgslotplan$\nBEGIN\n  PERFORM 1; -- ';\nEND\n$pgslotplan$",
            "CREATE SUBSCRIPTION s CONNECTION 'variable'",
            "COMMIT",
        ];
        assert_eq!(statements(file), expected);
        let block = block(file);
        assert!(
            block.contains("RETURN;\nSET a = 'x;y';\nSELECT E'\\';' AS \"q;\";\nBEGIN\n  PERFORM 1; -- ';\nEND;\n"),
            "{block}"
        );
        assert!(!block.contains("COMMIT") && !block.contains("QUIET"));
    }
}
