//! Texts of statements: without literals and comments, the same for the same statement on every version, and as a text that
//! can be planned.
//!
//! `pg_stat_statements` replaces most constants by parameters, but not those of utility statements, and 18 writes lists of
//! constants in another way than the versions before. Here the text is cut into tokens (manual, "Lexical Structure"); what is
//! written again are names, keywords, operators and parameters. Where a text could be read in two ways, all from there on
//! counts as one literal: nothing of it is kept.

mod token;

use std::fmt;

use token::Token;

/// Longest text that is kept, in characters; what is longer is cut and cannot be planned.
pub const LONGEST_TEXT: usize = 20_000;
/// The end of a text that was cut.
const CUT: &str = " ...";
/// Digits of a number that may stay where only a constant may stand: the place of a column, a type's modifier.
const SMALL_DIGITS: usize = 3;
/// Types whose modifier or constant follows their name.
const TYPES: [&str; 14] = [
    "interval",
    "date",
    "timestamp",
    "timestamptz",
    "time",
    "timetz",
    "numeric",
    "decimal",
    "varchar",
    "char",
    "character",
    "bpchar",
    "bit",
    "varbit",
];
/// Words that end a list after BY.
const AFTER_BY: [&str; 12] =
    ["limit", "offset", "fetch", "having", "for", "union", "intersect", "except", "window", "order", "rows", "range"];

/// First words of what reads or writes rows.
const PLANNED: [&str; 6] = ["select", "insert", "update", "delete", "merge", "with"];

/// The text of a statement without literals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    tokens: Vec<Token>,
    /// Something at its end was left out.
    is_cut: bool,
}

/// Why a statement is not planned.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unplannable {
    /// Its text is longer than what is kept, or could be read in two ways.
    Cut,
    /// No statement that reads or writes rows: its first word.
    Utility(String),
    /// More than one statement.
    Several,
}

impl fmt::Display for Unplannable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unplannable::Cut => f.write_str("its text was cut"),
            Unplannable::Utility(word) => write!(f, "{word} is not planned"),
            Unplannable::Several => f.write_str("the text is more than one statement"),
        }
    }
}

/// A statement that a server can plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plannable {
    /// One statement that reads or writes rows; it holds no literal, no comment and no semicolon.
    pub sql: String,
    /// How many parameters it has.
    pub parameters: usize,
}

impl Statement {
    /// Of a text as a server gives it.
    pub fn new(text: &str) -> Self {
        let whole = text.strip_suffix(CUT);
        let (mut tokens, mut is_cut) = token::tokens(whole.unwrap_or(text));
        is_cut |= whole.is_some();
        while tokens.last().is_some_and(|token| token.is_symbol(";")) {
            tokens.pop();
        }
        if let Some(at) = set_value(&tokens) {
            tokens.truncate(at);
            tokens.push(Token::literal());
        }
        // a number may be a secret, too, but for the place of a column or the length of a type
        let small: Vec<bool> = (0..tokens.len()).map(|at| is_small_number(&tokens, at)).collect();
        let mut next = 1 + tokens.iter().filter_map(Token::parameter).max().unwrap_or(0);
        for (token, stays) in tokens.iter_mut().zip(small) {
            if token.is_literal() && !stays {
                token.become_parameter(next);
                next += 1;
            }
        }
        let mut length = 0;
        let fitting = tokens.iter().take_while(|token| {
            length += token.text().len() + 1;
            length <= LONGEST_TEXT
        });
        let fitting = fitting.count();
        is_cut |= fitting < tokens.len();
        tokens.truncate(fitting);
        Statement { tokens, is_cut }
    }

    /// The text for the file and for people: on one line, without literals and comments.
    pub fn text(&self) -> String {
        let mut text = token::joined(&self.tokens);
        if self.is_cut {
            text.push_str(CUT);
        }
        text
    }

    /// The same for one statement on every version: parameters have no numbers, lists of them no length.
    pub fn key(&self) -> String {
        let mut key = String::new();
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            if !key.is_empty() {
                key.push(' ');
            }
            key.push_str(if token.parameter().is_some() { "?" } else { token.text() });
            at += 1;
            if let Some(end) = self.list_end(at) {
                key.push_str(&format!(" {} ? {}", self.tokens[at].text(), self.tokens[end].text()));
                at = end + 1;
            }
        }
        key
    }

    /// Where a list of parameters ends that begins at `at` after IN or ARRAY.
    fn list_end(&self, at: usize) -> Option<usize> {
        let (word, open) = (self.tokens.get(at.checked_sub(1)?)?, self.tokens.get(at)?);
        let close = match open.text() {
            "(" if word.is_word("in") => ")",
            "[" if word.is_word("array") => "]",
            _ => return None,
        };
        let mut at = at + 1;
        loop {
            self.tokens.get(at)?.parameter()?;
            at += 1;
            // 18 leaves the casts of a list's elements out, too
            while self.tokens.get(at)?.is_symbol("::") {
                at = self.type_end(at + 1)?;
            }
            match self.tokens.get(at)?.text() {
                "," => at += 1,
                text => return (text == close).then_some(at),
            }
        }
    }

    /// Where a type ends whose name begins at `at`: words and dots, a modifier, dimensions.
    fn type_end(&self, mut at: usize) -> Option<usize> {
        while self.tokens.get(at).is_some_and(|token| token.name().is_some() || token.is_symbol(".")) {
            at += 1;
        }
        for (open, close) in [("(", ")"), ("[", "]"), ("[", "]")] {
            if self.tokens.get(at).is_some_and(|token| token.is_symbol(open)) {
                at += 1 + self.tokens[at..].iter().position(|token| token.is_symbol(close))?;
            }
        }
        Some(at)
    }

    /// First word, in capitals: `SELECT`.
    pub fn command(&self) -> String {
        let word = self.tokens.iter().find(|token| !token.is_symbol("("));
        word.map(|token| token.text().to_uppercase()).unwrap_or_default()
    }

    /// Names in it, unquoted as the catalog holds them: those of tables are among them.
    pub fn names(&self) -> impl Iterator<Item = String> {
        self.tokens.iter().filter_map(Token::name)
    }

    /// The statement for a server's planner.
    ///
    /// # Errors
    /// [`Unplannable`] when it is none that reads or writes rows, or not the whole of it is known.
    pub fn plannable(&self) -> Result<Plannable, Unplannable> {
        let first = self.tokens.first().map(|token| token.text().to_uppercase()).unwrap_or_default();
        if first != "(" && !PLANNED.iter().any(|word| first.eq_ignore_ascii_case(word)) {
            return Err(Unplannable::Utility(self.command()));
        }
        if self.is_cut {
            return Err(Unplannable::Cut);
        }
        if self.tokens.iter().any(|token| token.is_symbol(";")) {
            return Err(Unplannable::Several);
        }
        let parameters = self.tokens.iter().filter_map(Token::parameter).max().unwrap_or(0);
        let sql = token::joined(&self.mended());
        // what a server reads is that text, not these tokens: read again it must be one statement, and hold no text of anybody
        let (again, is_cut) = token::tokens(&sql);
        if is_cut || again.iter().any(|token| token.is_symbol(";") || token.is_literal() && !token.is_number()) {
            return Err(Unplannable::Cut);
        }
        Ok(Plannable { sql, parameters })
    }

    /// With what stands for a constant in a place where grammar wants one written in another way.
    fn mended(&self) -> Vec<Token> {
        let mut out: Vec<Token> = Vec::new();
        let mut at = 0;
        while let Some(token) = self.tokens.get(at) {
            let next = self.tokens.get(at + 1);
            let is_typed = TYPES.iter().any(|name| token.is_word(name));
            let is_cast = out.last().is_some_and(|before| before.is_symbol("::") || before.is_word("as"));
            if let Some(parameter) = next.filter(|next| is_typed && !is_cast && next.parameter().is_some()) {
                // interval $1
                let cast = format!("CAST({} AS {})", parameter.text(), token.text());
                out.push(Token::raw(&cast));
                at += 2;
            } else if token.is_word("extract")
                && let Some([open, field, from]) = self.tokens.get(at + 1..at + 4)
                && open.is_symbol("(")
                && field.parameter().is_some()
                && from.is_word("from")
            {
                // extract($1 FROM x)
                out.push(Token::raw("pg_catalog.date_part("));
                out.push(Token::raw(&format!("{},", field.text())));
                at += 4;
            } else {
                out.push(token.clone());
                at += 1;
            }
        }
        out
    }
}

/// Where the value of a SET begins: a value without quotes is no literal, but may be a secret all the same.
fn set_value(tokens: &[Token]) -> Option<usize> {
    // ALTER ROLE … SET, CREATE FUNCTION … SET; the SET of an UPDATE has expressions, whose values are literals
    let first = tokens.iter().find(|token| !token.is_symbol("("))?;
    if PLANNED.iter().any(|word| first.is_word(word)) {
        return None;
    }
    let set = tokens.iter().position(|token| token.is_word("set"))?;
    let value = tokens[set..].iter().position(|token| token.is_symbol("=") || token.is_word("to"))?;
    Some(set + value + 1)
}

/// A number that is no value: the place of a column in GROUP BY or ORDER BY, a type's modifier.
fn is_small_number(tokens: &[Token], at: usize) -> bool {
    let digits = tokens[at].text();
    if digits.is_empty() || digits.len() > SMALL_DIGITS || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return false;
    }
    let before = &tokens[..at];
    is_after_by(before) || is_modifier(before)
}

/// At the beginning of an item of a list after BY.
fn is_after_by(before: &[Token]) -> bool {
    if !before.last().is_some_and(|token| token.is_word("by") || token.is_symbol(",")) {
        return false;
    }
    let mut depth = 0_i32;
    for token in before.iter().rev() {
        match token.text() {
            ")" => depth += 1,
            "(" => depth -= 1,
            _ => {}
        }
        if depth < 0 || depth == 0 && AFTER_BY.iter().any(|word| token.is_word(word)) {
            return false;
        }
        if depth == 0 && token.is_word("by") {
            return true;
        }
    }
    false
}

/// In the parentheses after a type's name.
fn is_modifier(before: &[Token]) -> bool {
    let Some(open) = before.iter().rposition(|token| token.is_symbol("(")) else { return false };
    if before[open + 1..].iter().any(|token| !token.is_symbol(",") && !token.is_literal()) {
        return false;
    }
    let Some(name) = open.checked_sub(1).map(|at| &before[at]) else { return false };
    let is_cast = open >= 2 && (before[open - 2].is_symbol("::") || before[open - 2].is_word("as"));
    // CREATE TABLE … AS VALUES (…) is no cast
    is_cast && !name.is_word("values") || TYPES.iter().any(|word| name.is_word(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(sql: &str) -> String {
        Statement::new(sql).text()
    }

    #[test]
    fn literals_and_comments_are_left_out() {
        for (sql, kept) in [
            ("SELECT  1 -- secret\n , 'x''y', E'a\\'b', $$secret$$, $t$ $$ $t$", "SELECT $1 , $2, $3, $4, $5"),
            ("select $2 + 7, 0x1F, 1.5e-3, .5", "select $2 + $3, $4, $5, $6"),
            (
                "SELECT * FROM \"a'b\" /* a /* b */ c */ WHERE x = U&'d' AND y=B'01'",
                "SELECT * FROM \"a'b\" WHERE x = $1 AND y=$2",
            ),
            ("ALTER ROLE a PASSWORD 'secret'", "ALTER ROLE a PASSWORD $1"),
            ("SET my.token TO abc, def", "SET my.token TO $1"),
            ("ALTER ROLE app SET my.token TO secret", "ALTER ROLE app SET my.token TO $1"),
            ("ALTER DATABASE d SET x.y = \"secret\"", "ALTER DATABASE d SET x.y = $1"),
            ("UPDATE t SET a = b WHERE c = 'd'", "UPDATE t SET a = b WHERE c = $1"),
            ("CREATE TABLE t AS VALUES (123, 456)", "CREATE TABLE t AS VALUES ($1, $2)"),
            ("CREATE USER x VALID UNTIL '2030-01-01'; ", "CREATE USER x VALID UNTIL $1"),
            (
                "SELECT a, count(*) FROM t GROUP BY 1, 2 ORDER BY 2 DESC, 12345 LIMIT 5",
                "SELECT a, count(*) FROM t GROUP BY 1, 2 ORDER BY 2 DESC, $1 LIMIT $2",
            ),
            (
                "SELECT x::numeric(10, 2), CAST(y AS varchar(20)), f(3)",
                "SELECT x::numeric(10, 2), CAST(y AS varchar(20)), f($1)",
            ),
            ("SELECT x->>'a', a.b.c, \"Q\"\"q\".\"x\" FROM t", "SELECT x->>$1, a.b.c, \"Q\"\"q\".\"x\" FROM t"),
            ("SELECT a<-1 AND b=-2", "SELECT a<-$1 AND b=-$2"),
        ] {
            assert_eq!(text(sql), kept, "{sql}");
            assert_eq!(text(&text(sql)), kept, "again: {sql}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_left_out() {
        for sql in [
            "SELECT 'a\\'', secret'",
            "SELECT $ secret",
            "SELECT 'a\\' secret'",
            "SELECT 'secret",
            "SELECT $x$ secret",
            "SELECT 1 /* secret",
            "SELECT \"secret",
        ] {
            let kept = text(sql);
            assert!(!kept.contains("secret") && kept.starts_with("SELECT"), "{sql}: {kept}");
        }
        assert_eq!(Statement::new("SELECT 'secret").plannable(), Err(Unplannable::Cut));
        let long = Statement::new(&format!("SELECT {}", "a, ".repeat(LONGEST_TEXT)));
        assert!(long.text().len() <= LONGEST_TEXT + 10 && long.plannable() == Err(Unplannable::Cut));
    }

    #[test]
    fn versions_word_the_same_statement_alike() {
        let key = |sql: &str| Statement::new(sql).key();
        assert_eq!(key("SELECT * FROM t WHERE a IN ($1, $2, $3)"), key("SELECT * FROM t WHERE a IN ($1 /*, ... */)"));
        assert_eq!(
            key("SELECT * FROM t WHERE a IN ($1::int,$2::numeric(3,1)[], $3::timestamp with time zone)"),
            key("SELECT * FROM t WHERE a IN ($1 /*, ... */)")
        );
        assert_eq!(key("SELECT ARRAY[$1,$2]\n, $3"), key("SELECT ARRAY[$1 /*, ... */], $2"));
        assert_ne!(key("SELECT f($1, $2)"), key("SELECT f($1)"));
        assert_ne!(key("SELECT a FROM t"), key("SELECT b FROM t"));
        assert_eq!(key("SELECT IN"), "SELECT IN");
        assert_eq!(key("x IN ("), "x IN (");
    }

    #[test]
    fn only_single_statements_that_read_or_write_rows_are_planned() {
        let plannable = |sql: &str| Statement::new(sql).plannable();
        let sql = |sql: &str| plannable(sql).unwrap().sql;
        assert_eq!(sql("SELECT now() - interval $1, date $2"), "SELECT now() - CAST($1 AS interval), CAST($2 AS date)");
        assert_eq!(sql("SELECT x::date, $1::timestamp $2"), "SELECT x::date, $1::timestamp $2");
        assert_eq!(sql("SELECT extract($1 FROM x)"), "SELECT pg_catalog.date_part( $1, x)");
        assert_eq!(plannable("SELECT 1; DROP TABLE t"), Err(Unplannable::Several));
        assert_eq!(plannable("DROP TABLE t"), Err(Unplannable::Utility("DROP".into())));
        assert_eq!(plannable("EXPLAIN ANALYZE SELECT 1"), Err(Unplannable::Utility("EXPLAIN".into())));
        let glued = "SELECT $'x' \"a $$ ; COMMIT; BEGIN READ WRITE; DROP TABLE victim; COMMIT; --\"";
        assert_eq!(plannable(glued), Err(Unplannable::Cut));
        assert_eq!(plannable(""), Err(Unplannable::Utility(String::new())));
        assert_eq!(plannable("UPDATE t SET a = $3 WHERE b = 'x'").unwrap().parameters, 4);
        assert_eq!(plannable("(SELECT 1) UNION (SELECT 2)").unwrap().parameters, 2);
    }

    #[test]
    fn names_are_those_of_the_catalog() {
        let names: Vec<String> = Statement::new("SELECT * FROM App.\"Or\"\"ders\" o").names().collect();
        assert_eq!(names, ["select", "from", "app", "Or\"ders", "o"]);
        assert_eq!(Statement::new("(select 1)").command(), "SELECT");
    }
}
