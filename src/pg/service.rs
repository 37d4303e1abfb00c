//! Connection service files (`pg_service.conf`), as libpq reads them.
//!
//! `[name]` opens a service, `key=value` lines fill it; the first service of that name counts, and in it the first
//! value of a key. Source: PostgreSQL manual, "The Connection Service File"; `parseServiceFile` in fe-connect.c.

use std::path::{Path, PathBuf};

use super::{
    conninfo::{ConninfoError, Values, known_key},
    environment::Environment,
};

/// The values of service `name`, from the user's file, else from the system's.
///
/// # Errors
/// [`ConninfoError`] when no file defines it or a line of the definition is invalid.
pub fn load(name: &str, given: Option<&str>, environment: &Environment) -> Result<Values, ConninfoError> {
    let named = given.or_else(|| environment.variable("PGSERVICEFILE"));
    for path in candidate_files(named, environment) {
        let file = match environment.read(&path) {
            Ok(file) => file,
            // A file that was named must be there, as for libpq.
            Err(_) if named.is_some_and(|named| path == Path::new(named)) => {
                return Err(ConninfoError::ServiceFile(path));
            }
            Err(_) => continue,
        };
        if let Some(values) = parse(&file.text, name, &path)? {
            return Ok(values);
        }
    }
    Err(ConninfoError::ServiceMissing(name.to_owned()))
}

/// The user's file, then the system's.
fn candidate_files(named: Option<&str>, environment: &Environment) -> Vec<PathBuf> {
    let user = named.map(PathBuf::from).or_else(|| environment.in_home(".pg_service.conf"));
    // Debian's libpq looks in the second folder, others in the first.
    let system = match environment.variable("PGSYSCONFDIR") {
        Some(folder) => vec![Path::new(folder).join("pg_service.conf")],
        None => vec!["/etc/pg_service.conf".into(), "/etc/postgresql-common/pg_service.conf".into()],
    };
    user.into_iter().chain(system).collect()
}

/// The service's values, or `None` when the text does not define it.
fn parse(text: &str, name: &str, path: &Path) -> Result<Option<Values>, ConninfoError> {
    let error = |line: usize, reason: String| ConninfoError::ServiceLine { path: path.to_owned(), line, reason };
    let mut found: Option<Values> = None;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[') {
            if found.is_some() {
                break;
            }
            // As libpq, whatever follows the bracket.
            if section.strip_prefix(name).is_some_and(|rest| rest.starts_with(']')) {
                found = Some(Values::new());
            }
            continue;
        }
        let Some(values) = &mut found else { continue };
        let (key, value) = line.split_once('=').ok_or_else(|| error(index + 1, "missing \"=\"".to_owned()))?;
        if matches!(key, "service" | "servicefile") {
            return Err(error(index + 1, format!("\"{key}\" cannot be nested")));
        }
        let key = known_key(key).ok_or_else(|| error(index + 1, format!("invalid connection option \"{key}\"")))?;
        values.entry(key).or_insert_with(|| value.to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# c\n[a]\nhost=one\nhost=two\nport=6000\n\n[b]\nuser=ann\n[a]\nport=1\n";

    #[test]
    fn the_first_section_and_the_first_value_count() {
        let values = parse(TEXT, "a", Path::new("f")).unwrap().unwrap();
        assert_eq!(values.get("host").map(String::as_str), Some("one"));
        assert_eq!(values.get("port").map(String::as_str), Some("6000"));
        assert_eq!(values.get("user"), None);
        assert_eq!(parse(TEXT, "c", Path::new("f")).unwrap(), None);
    }

    #[test]
    fn invalid_lines_are_named_only_in_the_service_asked_for() {
        let text = "[x]\nnonsense\n[a]\nhots=1\n[n]\nservice=a\n";
        let message = |name: &str| parse(text, name, Path::new("/f")).unwrap_err().to_string();
        assert_eq!(message("x"), "invalid line 2 of service file \"/f\": missing \"=\"");
        assert_eq!(message("a"), "invalid line 4 of service file \"/f\": invalid connection option \"hots\"");
        assert_eq!(message("n"), "invalid line 6 of service file \"/f\": \"service\" cannot be nested");
    }

    #[test]
    fn a_file_that_was_named_must_be_there() {
        let error = load("a", Some("/none"), &Environment::default()).unwrap_err();
        assert_eq!(error.to_string(), "service file \"/none\" not found");
        let values = parse("[a] # prod\nhost=x\n", "a", Path::new("f")).unwrap().unwrap();
        assert_eq!(values.get("host").map(String::as_str), Some("x"));
        assert_eq!(parse("[ab]\nhost=x\n", "a", Path::new("f")).unwrap(), None);
    }

    #[test]
    fn a_missing_service_is_said_by_name() {
        let error = load("gone", None, &Environment::default()).unwrap_err();
        assert_eq!(error.to_string(), "definition of service \"gone\" not found");
    }
}
