//! Reads emitted SQL back with a parser that shares nothing with the writer: what psql sends to the server, and which
//! tables each publication then has. Only for tests.

use std::collections::BTreeMap;

use squawk_syntax::{SourceFile, SyntaxKind};

use crate::{emit::Script, names::TableName};

/// Splits a file as psql does: meta-commands outside of quotes and comments go, `\gset` and `\gexec` end a statement, rows of
/// COPY from the file go. Gives the SQL and the meta-commands.
pub fn psql(text: &str) -> (String, Vec<String>) {
    let chars: Vec<char> = text.chars().collect();
    let (mut sql, mut metas) = (String::new(), Vec::new());
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let end = match chars[at] {
            '\'' => {
                let escapes = at > 0 && matches!(chars[at - 1], 'E' | 'e');
                at + quoted(rest, '\'', escapes)
            }
            '"' => at + quoted(rest, '"', false),
            '-' if rest.get(1) == Some(&'-') => at + line_length(rest),
            '$' => at + dollar_quoted(rest),
            '\\' => {
                let meta: String = rest[..line_length(rest)].iter().collect();
                if meta.starts_with("\\gset") || meta.starts_with("\\gexec") {
                    sql.push(';');
                }
                metas.push(meta);
                at += line_length(rest);
                continue;
            }
            ';' if sql.ends_with(" FROM stdin") => {
                // the statement is no more than its rows to the parser
                let start = sql.rfind("COPY pg_temp.").expect("rows follow a COPY");
                sql.truncate(start);
                at += rows_length(rest);
                continue;
            }
            // a statement that a server has spelled
            ':' if (at == 0 || chars[at - 1] == '\n') && rest.get(1).is_some_and(char::is_ascii_lowercase) => {
                at += line_length(rest);
                continue;
            }
            // a psql variable in SQL: a literal or a name by the time the server sees it
            ':' if rest.get(1) == Some(&'"') && (at == 0 || chars[at - 1] != ':') => {
                sql.push_str("variable");
                at += 1 + quoted(&rest[1..], '"', false);
                continue;
            }
            ':' if rest.get(1) == Some(&'\'') => {
                sql.push_str("'variable'");
                at += 1 + quoted(&rest[1..], '\'', false);
                continue;
            }
            ':' if at > 0 && chars[at - 1] != ':' && rest.get(1).is_some_and(char::is_ascii_lowercase) => {
                sql.push('1');
                at += 1 + rest[1..].iter().position(|c| !c.is_ascii_lowercase() && *c != '_').unwrap_or(rest.len() - 1);
                continue;
            }
            _ => at + 1,
        };
        sql.extend(&chars[at..end]);
        at = end;
    }
    (sql, metas)
}

/// Characters up to the end of the rows that follow a COPY.
fn rows_length(rest: &[char]) -> usize {
    let text: String = rest.iter().collect();
    let end = text.find("\n\\.\n").expect("rows end with a line of their own") + 4;
    text[..end].chars().count()
}

fn line_length(rest: &[char]) -> usize {
    rest.iter().position(|&c| c == '\n').unwrap_or(rest.len())
}

fn quoted(rest: &[char], quote: char, escapes: bool) -> usize {
    let mut at = 1;
    loop {
        match rest.get(at) {
            None => panic!("a quote is not closed"),
            Some('\\') if escapes => at += 2,
            Some(&c) if c == quote => return at + 1, // a doubled quote is the next string
            Some(_) => at += 1,
        }
    }
}

fn dollar_quoted(rest: &[char]) -> usize {
    let tag = 2 + rest[1..].iter().position(|&c| c == '$').expect("a dollar quote has a tag");
    let close = (tag..rest.len()).find(|&at| rest[at..].starts_with(&rest[..tag]));
    close.expect("a dollar quote is closed") + tag
}

/// The files that psql runs.
pub fn sql_files(script: &Script) -> Vec<(&str, &str)> {
    script.files().filter(|(file, _)| file.ends_with(".sql")).collect()
}

/// Every file as the server sees it, with what the parser says against it.
pub fn syntax_errors(script: &Script) -> Vec<String> {
    let mut errors = Vec::new();
    for (file, text) in sql_files(script).into_iter().filter(|(file, _)| *file != "lib/exported_snapshot.sql") {
        let (sql, _) = psql(text);
        let parse = SourceFile::parse(&sql);
        errors.extend(parse.errors().iter().map(|error| format!("{file}: {error:?}")));
    }
    errors
}

/// Tables of each publication as the emitted `CREATE PUBLICATION` statements have them, sorted.
pub fn assignment(script: &Script) -> BTreeMap<String, Vec<TableName>> {
    let mut assignment = BTreeMap::new();
    for (_, body) in sql_files(script) {
        let parse = SourceFile::parse(&psql(body).0);
        for statement in parse.syntax_node().descendants() {
            if statement.kind() != SyntaxKind::CREATE_PUBLICATION {
                continue;
            }
            let tokens = statement.descendants_with_tokens().filter_map(|element| element.into_token());
            let words: Vec<String> =
                tokens.filter(|token| !token.kind().is_trivia()).map(|token| token.text().to_owned()).collect();
            let (name, tables) = read_publication(&words);
            assert!(assignment.insert(name.clone(), tables).is_none(), "publication {name} is created twice");
        }
    }
    assignment
}

/// `CREATE PUBLICATION name FOR TABLE [ONLY] schema.table [(columns)] [WHERE (filter)], … WITH (…)`
fn read_publication(words: &[String]) -> (String, Vec<TableName>) {
    let name = unquote(&words[2]);
    let mut tables = Vec::new();
    let mut at = 5;
    loop {
        at += usize::from(words[at].eq_ignore_ascii_case("ONLY"));
        assert_eq!(words[at + 1], ".");
        tables.push(TableName::new(unquote(&words[at]), unquote(&words[at + 2])));
        at += 3;
        let mut depth = 0;
        while depth > 0 || !matches!(words[at].as_str(), "," | "WITH") {
            depth += i32::from(words[at] == "(") - i32::from(words[at] == ")");
            at += 1;
        }
        if words[at] == "WITH" {
            break;
        }
        at += 1;
    }
    tables.sort();
    (name, tables)
}

fn unquote(word: &str) -> String {
    if let Some(inner) = word.strip_prefix("U&\"").and_then(|word| word.strip_suffix('"')) {
        let mut name = String::new();
        let mut rest = inner;
        while let Some(c) = rest.chars().next() {
            let length = match &rest.as_bytes()[..rest.len().min(2)] {
                b"\"\"" | b"\\\\" => 2,
                b"\\+" => 8,
                _ => c.len_utf8(),
            };
            let code = (length == 8).then(|| u32::from_str_radix(&rest[2..8], 16).expect("six digits"));
            name.push(code.map_or(c, |code| char::from_u32(code).expect("a character")));
            rest = &rest[length..];
        }
        return name;
    }
    match word.strip_prefix('"').and_then(|word| word.strip_suffix('"')) {
        Some(inner) => inner.replace("\"\"", "\""),
        None => word.to_lowercase(),
    }
}
