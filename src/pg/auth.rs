//! `require_auth` and `sslcertmode=require`: by which ways of authenticating a server may be believed and answered.
//! Source: PostgreSQL manual, "Parameter Key Words"; `check_expected_areq` in fe-auth.c.

use super::conninfo::ConninfoError;

/// Methods of `require_auth`, with the request's codes.
const METHODS: [(&str, &[u32]); 6] = [
    ("password", &[3]),
    ("md5", &[5]),
    ("gss", &[7, 8]),
    ("sspi", &[9]),
    ("scram-sha-256", &[10, 11, 12]),
    // By SASL too, but the driver has no such mechanism: it ends there.
    ("oauth", &[]),
];

/// What a server may ask for before it is believed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuthRules {
    /// As written, for errors.
    text: String,
    /// Codes that are excluded.
    excluded: Vec<u32>,
    /// Whether the server must have asked for something and got it.
    must_prove: bool,
    /// `sslcertmode=require`.
    certificate_required: bool,
}

impl AuthRules {
    /// Reads `require_auth`; an empty one excludes nothing.
    ///
    /// # Errors
    /// [`ConninfoError`] for methods that do not exist, stand there twice, or mix what is wanted with what is not.
    pub fn parse(text: &str, certificate_required: bool) -> Result<Self, ConninfoError> {
        let mut rules = AuthRules { text: text.to_owned(), certificate_required, ..AuthRules::default() };
        if text.is_empty() {
            return Ok(rules);
        }
        let wrong = || ConninfoError::Value { key: "require_auth", value: text.to_owned() };
        let mut named: Vec<&str> = Vec::new();
        let is_negative = text.starts_with('!');
        for part in text.split(',') {
            let method = if is_negative { part.strip_prefix('!').ok_or_else(wrong)? } else { part };
            let exists = method == "none" || METHODS.iter().any(|(name, _)| *name == method);
            if !exists || named.contains(&method) {
                return Err(wrong());
            }
            named.push(method);
        }
        let none_is_named = named.contains(&"none");
        rules.must_prove = none_is_named == is_negative;
        let excluded = METHODS.iter().filter(|(name, _)| named.contains(name) == is_negative);
        rules.excluded = excluded.flat_map(|(_, codes)| codes.iter().copied()).collect();
        Ok(rules)
    }

    /// Whether a request of this code may be answered (or, 0, believed). `proved`: one was answered before.
    ///
    /// # Errors
    /// Why not, in libpq's words.
    pub(super) fn check(&self, code: u32, proved: bool) -> Result<(), String> {
        let reason = match code {
            0 if self.must_prove && !proved => "server did not complete authentication",
            code if !self.excluded.contains(&code) => return Ok(()),
            3 => "server requested a cleartext password",
            5 => "server requested a hashed password",
            7 | 8 => "server requested GSSAPI authentication",
            9 => "server requested SSPI authentication",
            _ => "server requested SASL authentication",
        };
        Err(format!("authentication method requirement \"{}\" failed: {reason}", self.text))
    }

    /// Whether a login without more will do, for `sslcertmode=require`.
    ///
    /// # Errors
    /// Why not, in libpq's words.
    pub(super) fn check_certificate(&self, requested: bool, sent: bool) -> Result<(), String> {
        match (self.certificate_required, requested, sent) {
            (false, ..) | (true, true, true) => Ok(()),
            (true, false, _) => Err("server did not request an SSL certificate".to_owned()),
            (true, true, false) => Err("server accepted connection without a valid SSL certificate".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(text: &str) -> Vec<u32> {
        let rules = AuthRules::parse(text, false).unwrap();
        [0, 3, 5, 7, 9, 10].into_iter().filter(|code| rules.check(*code, false).is_ok()).collect()
    }

    #[test]
    fn methods_are_wanted_or_excluded() {
        assert_eq!(allowed(""), [0, 3, 5, 7, 9, 10]);
        assert_eq!(allowed("scram-sha-256"), [10]);
        assert_eq!(allowed("md5,scram-sha-256"), [5, 10]);
        assert_eq!(allowed("none"), [0]);
        assert_eq!(allowed("none,password"), [0, 3]);
        assert_eq!(allowed("!password,!md5"), [0, 7, 9, 10]);
        assert_eq!(allowed("!none"), [3, 5, 7, 9, 10]);
        assert!(allowed("oauth").is_empty());
    }

    #[test]
    fn what_does_not_read_is_refused() {
        for text in [
            "scram",
            "SCRAM-SHA-256",
            "md5,md5",
            "!md5,password",
            "md5,!password",
            ",",
            "!",
            "md5,",
            "md5, scram-sha-256",
            "none,none",
        ] {
            let error = AuthRules::parse(text, false).unwrap_err().to_string();
            assert_eq!(error, format!("invalid value \"{text}\" for connection option \"require_auth\""));
        }
    }

    #[test]
    fn a_certificate_is_asked_for_and_sent_or_nothing_is() {
        let rules = AuthRules::parse("", true).unwrap();
        assert!(rules.check_certificate(true, true).is_ok());
        assert!(rules.check_certificate(true, false).unwrap_err().contains("without a valid"));
        assert!(rules.check_certificate(false, false).unwrap_err().contains("did not request"));
        assert!(AuthRules::default().check_certificate(false, false).is_ok());
    }
}
