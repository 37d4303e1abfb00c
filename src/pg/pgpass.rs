//! The password file (`.pgpass`), as libpq reads it.
//!
//! One entry a line, `host:port:database:user:password`; `*` matches anything, `\` takes the next character as it is,
//! the first entry that matches wins. A file that others can read is ignored with a warning.
//! Source: PostgreSQL manual, "The Password File"; `passwordFromFile` in fe-connect.c.

use std::path::Path;

use super::environment::SmallFile;

/// What a password is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Account<'a> {
    /// The host as given, not its address; `localhost` for the default socket.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The user.
    pub user: &'a str,
}

/// Why a password file is not used, worded for a warning; `None` when it may be.
pub fn complaint(path: &Path, file: &SmallFile) -> Option<String> {
    if !file.regular {
        return Some(format!("password file \"{}\" is not a plain file; it is ignored", path.display()));
    }
    (file.mode & 0o077 != 0).then(|| {
        format!(
            "password file \"{}\" has group or world access; permissions should be u=rw (0600) or less; it is ignored",
            path.display()
        )
    })
}

/// The password of the first entry that matches; empty passwords count as none.
pub fn find_password(text: &str, account: Account<'_>) -> Option<String> {
    let port = account.port.to_string();
    let wanted = [account.host, &port, account.database, account.user];
    let entry = text.split('\n').find_map(|line| {
        let line = line.trim_end_matches('\r'); // all of them, as libpq does
        if line.is_empty() || line.starts_with('#') {
            return None;
        }
        wanted.iter().try_fold(line, |rest, wanted| match_field(rest, wanted))
    })?;
    let password = unescape(entry);
    (!password.is_empty()).then_some(password)
}

/// What follows the first field of `line`, if that field matches.
fn match_field<'a>(line: &'a str, wanted: &str) -> Option<&'a str> {
    if let Some(rest) = line.strip_prefix("*:") {
        return Some(rest);
    }
    let mut wanted = wanted.chars().peekable();
    let mut characters = line.char_indices();
    loop {
        let (at, character) = characters.next()?;
        // A colon ends the field only once all is matched: libpq takes one within the value without a backslash too.
        if character == ':' && wanted.peek().is_none() {
            return Some(&line[at + 1..]);
        }
        let character = if character == '\\' { characters.next()?.1 } else { character };
        if wanted.next() != Some(character) {
            return None;
        }
    }
}

/// The password field, up to a colon that is not escaped: where libpq stops too.
fn unescape(field: &str) -> String {
    let mut password = String::with_capacity(field.len());
    let mut characters = field.chars();
    while let Some(character) = characters.next() {
        match character {
            ':' => break,
            '\\' => password.push(characters.next().unwrap_or('\\')),
            other => password.push(other),
        }
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(text: &str, host: &str, user: &str) -> Option<String> {
        find_password(text, Account { host, port: 5432, database: "app", user })
    }

    #[test]
    fn the_first_matching_entry_wins() {
        let text = "# comment\n\ndb1:5432:app:ann:first\ndb1:*:*:ann:second\n*:*:*:*:any\n";
        assert_eq!(find(text, "db1", "ann").as_deref(), Some("first"));
        assert_eq!(find(text, "db2", "ann").as_deref(), Some("any"));
        assert_eq!(find("db1:5433:app:ann:x\n", "db1", "ann"), None);
        assert_eq!(find("db1:5432:ap:ann:x\ndb1:5432:appx:ann:x", "db1", "ann"), None);
    }

    #[test]
    fn escapes_hide_colons_and_backslashes() {
        assert_eq!(find(r"::1:5432:app:ann:x", "::1", "ann").as_deref(), Some("x"));
        assert_eq!(find(r"*:*:*:a:n:x", "h", "a:n").as_deref(), Some("x"));
        assert_eq!(find(r"*:*:*:*:x\", "h", "u").as_deref(), Some(r"x\"));
        assert_eq!(find(r"h\", "h", "u"), None);
        assert_eq!(find(r"\:\:1:5432:app:ann:a\:b\\c", "::1", "ann").as_deref(), Some(r"a:b\c"));
        assert_eq!(find(r"*:*:*:a\:n:x", "h", "a:n").as_deref(), Some("x"));
    }

    /// Found by fuzzing: two were taken off, of however many there were.
    #[test]
    fn carriage_returns_at_the_end_are_no_part_of_a_password() {
        for end in ["\r\n", "\r\r\n", "\r\r\r\n", "\r\r\r"] {
            assert_eq!(find(&format!("*:*:*:*:x\ry{end}"), "h", "u").as_deref(), Some("x\ry"), "{end:?}");
        }
    }

    #[test]
    fn a_star_matches_only_as_a_whole_field() {
        assert_eq!(find("db*:*:*:*:x", "db1", "ann"), None);
        assert_eq!(find(r"\*:*:*:*:x", "*", "ann").as_deref(), Some("x"));
    }

    #[test]
    fn an_empty_or_missing_password_is_none() {
        assert_eq!(find("*:*:*:*:\n", "h", "u"), None);
        assert_eq!(find("*:*:*:*\n", "h", "u"), None);
    }

    #[test]
    fn files_that_others_can_read_are_refused() {
        let file = |mode, regular| SmallFile { text: String::new(), mode, regular, owned_by_root: false };
        let path = Path::new("/h/.pgpass");
        assert_eq!(complaint(path, &file(0o600, true)), None);
        assert_eq!(complaint(path, &file(0o400, true)), None);
        assert!(complaint(path, &file(0o640, true)).is_some_and(|text| text.contains("group or world access")));
        assert!(complaint(path, &file(0o600, false)).is_some_and(|text| text.contains("not a plain file")));
    }
}
