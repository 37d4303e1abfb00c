//! libpq's connection strings: `key=value` pairs and URIs, taken apart into keys and values.
//!
//! What the values mean and which source wins is in `settings`. Source: PostgreSQL manual, "Connection Strings";
//! `conninfo_parse` and `conninfo_uri_parse_options` in fe-connect.c, whose corner cases are in the tests.

use std::{collections::BTreeMap, path::PathBuf};

/// Keys and their values; a key is one of libpq's.
pub type Values = BTreeMap<&'static str, String>;

/// Why a connection string or what belongs to it cannot be used. No variant holds a value that may be a password.
#[derive(Debug, thiserror::Error)]
pub enum ConninfoError {
    /// A word without `=`.
    #[error("missing \"=\" after \"{0}\" in connection string")]
    MissingEquals(String),
    /// A quote that is never closed.
    #[error("unterminated quoted string in connection string")]
    Unterminated,
    /// A key that libpq does not have.
    #[error("invalid connection option \"{0}\"")]
    Option(String),
    /// A parameter that libpq does not have.
    #[error("invalid URI query parameter \"{0}\"")]
    UriParameter(String),
    /// A query parameter with no `=`, or two.
    #[error("invalid URI query parameter: expected one \"=\" after \"{0}\"")]
    UriEquals(String),
    /// `%` without two hexadecimal digits, `%00`, or bytes that are not UTF-8.
    #[error("invalid percent-encoding in connection URI")]
    PercentEncoding,
    /// `[` without `]`, or nothing between them.
    #[error("invalid IPv6 host address in connection URI")]
    Ipv6,
    /// Something after `]` that is neither port nor path.
    #[error("invalid character \"{0}\" in connection URI (expected \":\" or \"/\")")]
    UriCharacter(char),
    /// A value of one key.
    #[error("invalid value \"{value}\" for connection option \"{key}\"")]
    Value {
        /// Of which key.
        key: &'static str,
        /// As written.
        value: String,
    },
    /// Lists of different lengths.
    #[error("could not match {values} {key} values to {hosts} hosts")]
    Count {
        /// The key of the other list.
        key: &'static str,
        /// Its length.
        values: usize,
        /// The number of hosts.
        hosts: usize,
    },
    /// A valid value that this program cannot honour.
    #[error("cannot use connection option \"{key}={value}\": {reason}")]
    Unsupported {
        /// The key.
        key: &'static str,
        /// The value.
        value: String,
        /// Why not.
        reason: &'static str,
    },
    /// Neither given nor known from the system.
    #[error("cannot tell which user to connect as")]
    NoUser,
    /// No file defines the service.
    #[error("definition of service \"{0}\" not found")]
    ServiceMissing(String),
    /// A service file that was named is not there.
    #[error("service file \"{path}\" not found", path = .0.display())]
    ServiceFile(PathBuf),
    /// A service file that does not read.
    #[error("invalid line {line} of service file \"{path}\": {reason}", path = .path.display())]
    ServiceLine {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

/// Every key of libpq 12 to 19. Which of them have an effect here is `settings`'s business.
const KEYS: [&str; 51] = [
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
];

/// The key as libpq has it, or `None`.
pub fn known_key(key: &str) -> Option<&'static str> {
    KEYS.iter().copied().find(|known| *known == key)
}

/// Whether libpq would take a database name apart as a connection string.
pub fn is_conninfo(text: &str) -> bool {
    uri_body(text).is_some() || text.contains('=')
}

/// Takes a connection string apart.
///
/// # Errors
/// [`ConninfoError`] when it does not read or holds a key that libpq does not have.
pub fn parse(text: &str) -> Result<Values, ConninfoError> {
    match uri_body(text) {
        Some(body) => parse_uri(body),
        None => parse_pairs(text),
    }
}

fn uri_body(text: &str) -> Option<&str> {
    ["postgresql://", "postgres://"].iter().find_map(|scheme| text.strip_prefix(scheme))
}

fn parse_pairs(text: &str) -> Result<Values, ConninfoError> {
    let mut values = Values::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let end = rest.find(|c: char| c == '=' || c.is_ascii_whitespace()).unwrap_or(rest.len());
        let (key, after) = rest.split_at(end);
        let after = after.trim_start();
        // A word after an unquoted password with a space may be its second half.
        let shown = if values.contains_key("password") { "..." } else { key };
        let after = after.strip_prefix('=').ok_or_else(|| ConninfoError::MissingEquals(shown.to_owned()))?;
        let known = known_key(key).ok_or_else(|| ConninfoError::Option(shown.to_owned()))?;
        let (value, after) = take_value(after.trim_start())?;
        values.insert(known, value);
        rest = after.trim_start();
    }
    Ok(values)
}

/// One value, quoted or not, and what follows it.
fn take_value(text: &str) -> Result<(String, &str), ConninfoError> {
    let (quoted, body) = match text.strip_prefix('\'') {
        Some(body) => (true, body),
        None => (false, text),
    };
    let mut value = String::new();
    let mut characters = body.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => value.extend(characters.next().map(|(_, next)| next)),
            '\'' if quoted => return Ok((value, &body[at + 1..])),
            other if !quoted && other.is_ascii_whitespace() => return Ok((value, &body[at..])),
            other => value.push(other),
        }
    }
    if quoted { Err(ConninfoError::Unterminated) } else { Ok((value, "")) }
}

fn parse_uri(body: &str) -> Result<Values, ConninfoError> {
    let mut values = Values::new();
    let mut rest = body;
    // As in libpq, user and password end at the first "@" that comes before any "/".
    if let Some(at) = rest.find(['@', '/']).filter(|at| rest[*at..].starts_with('@')) {
        let (user, password) = match rest[..at].split_once(':') {
            Some((user, password)) => (user, Some(password)),
            None => (&rest[..at], None),
        };
        if !user.is_empty() {
            values.insert("user", decode(user)?);
        }
        if let Some(password) = password.filter(|password| !password.is_empty()) {
            values.insert("password", decode(password)?);
        }
        rest = &rest[at + 1..];
    }
    rest = take_hosts(rest, &mut values)?;
    if let Some(path) = rest.strip_prefix('/') {
        let (name, query) = path.split_at(path.find('?').unwrap_or(path.len()));
        if !name.is_empty() {
            values.insert("dbname", decode(name)?);
        }
        rest = query;
    }
    if let Some(query) = rest.strip_prefix('?').filter(|query| !query.is_empty()) {
        take_parameters(query, &mut values)?;
    }
    Ok(values)
}

/// `host:port,host:port` up to the path or the query.
fn take_hosts<'a>(text: &'a str, values: &mut Values) -> Result<&'a str, ConninfoError> {
    let (mut hosts, mut ports) = (String::new(), String::new());
    let mut rest = text;
    loop {
        let end_of = |text: &str, stops: &[char]| text.find(stops).unwrap_or(text.len());
        if let Some(address) = rest.strip_prefix('[') {
            let (inside, after) = address.split_once(']').ok_or(ConninfoError::Ipv6)?;
            if inside.is_empty() {
                return Err(ConninfoError::Ipv6);
            }
            if let Some(other) = after.chars().next().filter(|c| !matches!(c, ':' | '/' | '?' | ',')) {
                return Err(ConninfoError::UriCharacter(other));
            }
            hosts.push_str(inside);
            rest = after;
        } else {
            let (host, after) = rest.split_at(end_of(rest, &[':', '/', '?', ',']));
            hosts.push_str(host);
            rest = after;
        }
        if let Some(port) = rest.strip_prefix(':') {
            let (port, after) = port.split_at(end_of(port, &['/', '?', ',']));
            ports.push_str(port);
            rest = after;
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None => break,
        }
        hosts.push(',');
        ports.push(',');
    }
    if !hosts.is_empty() {
        values.insert("host", decode(&hosts)?);
    }
    if !ports.is_empty() {
        values.insert("port", decode(&ports)?);
    }
    Ok(rest)
}

fn take_parameters(query: &str, values: &mut Values) -> Result<(), ConninfoError> {
    for pair in query.split('&') {
        let wrong = || ConninfoError::UriEquals(pair.split('=').next().unwrap_or_default().to_owned());
        let (key, value) = pair.split_once('=').ok_or_else(wrong)?;
        if value.contains('=') {
            return Err(wrong());
        }
        let (key, value) = (decode(key)?, decode(value)?);
        // JDBC's spelling, which libpq reads too
        if (key.as_str(), value.as_str()) == ("ssl", "true") {
            values.insert("sslmode", "require".to_owned());
            continue;
        }
        let known = known_key(&key).ok_or(ConninfoError::UriParameter(key))?;
        values.insert(known, value);
    }
    Ok(())
}

fn decode(text: &str) -> Result<String, ConninfoError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        if first != b'%' {
            bytes.push(first);
            continue;
        }
        let digits = rest.get(..2).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit));
        let digits =
            digits.and_then(|digits| std::str::from_utf8(digits).ok()).ok_or(ConninfoError::PercentEncoding)?;
        match u8::from_str_radix(digits, 16) {
            Ok(byte) if byte != 0 => bytes.push(byte),
            _ => return Err(ConninfoError::PercentEncoding),
        }
        rest = &rest[2..];
    }
    String::from_utf8(bytes).map_err(|_| ConninfoError::PercentEncoding)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values as `key=value` in order of the keys, or the error's text.
    fn shown(text: &str) -> String {
        match parse(text) {
            Ok(values) => values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join("|"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn pairs_are_read_as_libpq_reads_them() {
        for (text, expected) in [
            ("", ""),
            ("  host=a port = 5433  ", "host=a|port=5433"),
            ("dbname='it''s'", "missing \"=\" after \"'s'\" in connection string"),
            (r"password='a\'b\\c' user=x\ y", r"password=a'b\c|user=x y"),
            ("host=", "host="),
            ("host='' user=u", "host=|user=u"),
            ("host=a host=b", "host=b"),
            ("host", "missing \"=\" after \"host\" in connection string"),
            ("host a=b", "missing \"=\" after \"host\" in connection string"),
            ("hots=a", "invalid connection option \"hots\""),
            ("password='abc", "unterminated quoted string in connection string"),
            ("host=a,b,c port=1,,3", "host=a,b,c|port=1,,3"),
            ("host=/var/run/pg dbname=d", "dbname=d|host=/var/run/pg"),
            ("gssencmode=disable krbsrvname=x requirepeer=y", "gssencmode=disable|krbsrvname=x|requirepeer=y"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn uris_are_read_as_libpq_reads_them() {
        for (text, expected) in [
            ("postgresql://", ""),
            ("postgres://localhost", "host=localhost"),
            ("postgresql://localhost:5433", "host=localhost|port=5433"),
            ("postgresql://u:p@h/d", "dbname=d|host=h|password=p|user=u"),
            ("postgresql://u@h", "host=h|user=u"),
            ("postgresql://:p@h", "host=h|password=p"),
            ("postgresql://u:p%40%3A%2Fq@h", "host=h|password=p@:/q|user=u"),
            ("postgresql://u:a:b@h", "host=h|password=a:b|user=u"),
            ("postgresql:///mydb", "dbname=mydb"),
            ("postgresql:///d?host=/tmp&port=5433", "dbname=d|host=/tmp|port=5433"),
            ("postgresql://%2Fvar%2Flib%2Fpg/d", "dbname=d|host=/var/lib/pg"),
            (
                "postgresql://h1:1,h2:2,h3/d?target_session_attrs=any",
                "dbname=d|host=h1,h2,h3|port=1,2,|target_session_attrs=any",
            ),
            ("postgresql://[2001:db8::1234]/database", "dbname=database|host=2001:db8::1234"),
            ("postgresql://[::1]:5433,h", "host=::1,h|port=5433,"),
            ("postgresql://h?sslmode=require", "host=h|sslmode=require"),
            ("postgresql://h/d?ssl=true", "dbname=d|host=h|sslmode=require"),
            ("postgresql://h/d?", "dbname=d|host=h"),
            ("postgresql://h/a%20b%C3%A9", "dbname=a bé|host=h"),
            ("postgresql://h/d?user=x&user=y", "dbname=d|host=h|user=y"),
            ("postgresql://h/d?nope=1", "invalid URI query parameter \"nope\""),
            ("postgresql://h/d?user", "invalid URI query parameter: expected one \"=\" after \"user\""),
            ("postgresql://h/d?user=a=b", "invalid URI query parameter: expected one \"=\" after \"user\""),
            ("postgresql://h/%zz", "invalid percent-encoding in connection URI"),
            ("postgresql://h/%4", "invalid percent-encoding in connection URI"),
            ("postgresql://h/%00", "invalid percent-encoding in connection URI"),
            ("postgresql://h/%FF", "invalid percent-encoding in connection URI"),
            ("postgresql://[::1", "invalid IPv6 host address in connection URI"),
            ("postgresql://[]/d", "invalid IPv6 host address in connection URI"),
            ("postgresql://[::1]x/d", "invalid character \"x\" in connection URI (expected \":\" or \"/\")"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_never_hold_the_password() {
        for text in [
            "password='s3cret",
            "password=my s3cret",
            "password=my s3cret=x",
            "postgresql://u:s3cret%zz@h/d",
            "postgresql://u:s3cret@[::1",
        ] {
            let error = parse(text).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn only_strings_with_a_scheme_or_an_equals_sign_are_connection_strings() {
        assert!(is_conninfo("host=a") && is_conninfo("postgres://") && is_conninfo("postgresql://x/y"));
        assert!(!is_conninfo("shop") && !is_conninfo("http://x"));
    }
}
