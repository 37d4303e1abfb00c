//! History from a Prometheus server: the standard query API, which Thanos, Mimir and VictoriaMetrics speak too.
//!
//! `answer` reads what comes back, `family` knows how exporters name their series, `history` asks for the row counters of
//! one database. Like `pg` it is an edge: it reads, and judges nothing.

pub mod answer;
pub mod family;
pub mod history;

use std::{sync::Arc, time::Duration};

use ureq::{
    Agent,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, TlsProvider, parse_pem},
};

use answer::{AnswerError, SeriesAnswer};

/// A query of weeks over thousands of tables may take a server a while.
const QUERY_LIMIT: Duration = Duration::from_secs(120);
/// An answer is never larger, for queries are cut so that it is smaller. Counted after decompression.
const ANSWER_LIMIT: u64 = 128 << 20;
/// The text of a failure is read up to here.
const FAILURE_LIMIT: u64 = 64 << 10;

/// Where a server is and how to get in. `Debug` shows no secret.
#[derive(Clone, Default)]
pub struct Access {
    /// Base address, with a path prefix if there is one: `https://mimir.example/prometheus`.
    pub url: String,
    /// Headers sent with every query, such as `X-Scope-OrgID`.
    pub headers: Vec<(String, String)>,
    /// Bearer token.
    pub bearer: Option<String>,
    /// User and password for basic authentication; those in the address otherwise.
    pub basic: Option<(String, String)>,
    /// PEM text of the authorities to trust instead of the system's.
    pub authorities: Option<Vec<u8>>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access").field("url", &shown_url(&self.url)).finish_non_exhaustive()
    }
}

/// What can go wrong with a Prometheus server. No variant holds a secret.
#[derive(Debug, thiserror::Error)]
pub enum PrometheusError {
    /// The address.
    #[error("invalid Prometheus address \"{0}\": expected http:// or https://")]
    Url(String),
    /// The file of authorities.
    #[error("could not read certificates: {0}")]
    Certificates(String),
    /// Nobody answers, or not in time.
    #[error("could not reach Prometheus at {url}: {reason}")]
    Unreachable {
        /// Without user and password.
        url: String,
        /// As the library says.
        reason: String,
    },
    /// It answered with an error.
    #[error("Prometheus at {url} refused a query: {reason}")]
    Refused {
        /// Without user and password.
        url: String,
        /// HTTP status.
        status: u16,
        /// In its words.
        reason: String,
    },
    /// It answered something else.
    #[error("invalid answer of Prometheus at {url}")]
    Answer {
        /// Without user and password.
        url: String,
        /// What is wrong with it.
        #[source]
        source: AnswerError,
    },
}

/// A client of one server. Blocking: to be used off the runtime's threads.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    base: String,
    headers: Vec<(String, String)>,
}

impl Client {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`PrometheusError`] when address or certificates do not read.
    pub fn new(access: &Access) -> Result<Self, PrometheusError> {
        let shown = || PrometheusError::Url(shown_url(&access.url));
        let (scheme, rest) = access.url.split_once("://").ok_or_else(shown)?;
        if !matches!(scheme, "http" | "https") || rest.is_empty() {
            return Err(shown());
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let (user_info, place) = match authority.rsplit_once('@') {
            Some((user_info, place)) => (Some(user_info), place),
            None => (None, authority),
        };
        let mut headers = access.headers.clone();
        let in_url = user_info.map(|text| text.split_once(':').unwrap_or((text, "")));
        let in_url = in_url.map(|(user, password)| (decoded(user), decoded(password)));
        if let Some(token) = &access.bearer {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        } else if let Some((user, password)) = access.basic.clone().or(in_url) {
            use base64::Engine;
            let pair = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
            headers.push(("Authorization".to_owned(), format!("Basic {pair}")));
        }
        let agent = Agent::config_builder()
            .timeout_global(Some(QUERY_LIMIT))
            .http_status_as_error(false)
            // Headers and logins are for the server that was named, and nobody else.
            .max_redirects(0)
            .user_agent("pgslotplan")
            .tls_config(tls_config(access.authorities.as_deref())?)
            .build()
            .new_agent();
        let path = path.trim_end_matches('/');
        Ok(Client { agent, base: format!("{scheme}://{place}{path}"), headers })
    }

    /// The value of a query at one time (seconds since the epoch).
    ///
    /// # Errors
    /// [`PrometheusError`] as the server answers.
    pub fn instant(&self, query: &str, at: i64) -> Result<Vec<SeriesAnswer>, PrometheusError> {
        self.ask("query", &[("query", query), ("time", &at.to_string())])
    }

    /// The values of a query at `start`, `start + step`, … up to `end`. At most 11,000 of them: servers refuse more.
    ///
    /// # Errors
    /// [`PrometheusError`] as the server answers.
    pub fn range(&self, query: &str, start: i64, end: i64, step: u32) -> Result<Vec<SeriesAnswer>, PrometheusError> {
        let (start, end, step) = (start.to_string(), end.to_string(), step.to_string());
        self.ask("query_range", &[("query", query), ("start", &start), ("end", &end), ("step", &step)])
    }

    fn ask(&self, what: &str, form: &[(&str, &str)]) -> Result<Vec<SeriesAnswer>, PrometheusError> {
        let unreachable = |error: ureq::Error| PrometheusError::Unreachable {
            url: self.base.clone(),
            reason: match error {
                ureq::Error::BodyExceedsLimit(limit) => format!("it sends more than {} MB", limit >> 20),
                error => answer::shown(&error.to_string()),
            },
        };
        let mut request = self.agent.post(format!("{}/api/v1/{what}", self.base));
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = request.send_form(form.iter().copied()).map_err(unreachable)?;
        let status = response.status().as_u16();
        if (300..400).contains(&status) {
            let place =
                response.headers().get("location").map(|place| String::from_utf8_lossy(place.as_bytes()).into_owned());
            let place =
                place.map_or("elsewhere".to_owned(), |place| format!("to {}", answer::shown(&shown_url(&place))));
            return Err(PrometheusError::Refused {
                url: self.base.clone(),
                status,
                reason: format!("it redirects {place}"),
            });
        }
        let is_good = (200..300).contains(&status);
        let limit = if is_good { ANSWER_LIMIT } else { FAILURE_LIMIT };
        let body = response.body_mut().with_config().limit(limit).read_to_vec();
        if !is_good {
            let text = body.ok().and_then(|body| answer::error_text(&body));
            let reason = text.unwrap_or_else(|| format!("HTTP status {status}"));
            return Err(PrometheusError::Refused { url: self.base.clone(), status, reason });
        }
        let body = body.map_err(unreachable)?;
        answer::parse(&body).map_err(|source| PrometheusError::Answer { url: self.base.clone(), source })
    }
}

fn tls_config(authorities: Option<&[u8]>) -> Result<TlsConfig, PrometheusError> {
    let certificates: Vec<Certificate<'static>> = match authorities {
        Some(pem) => {
            let items: Result<Vec<PemItem<'static>>, _> = parse_pem(pem).collect();
            let items = items.map_err(|error| PrometheusError::Certificates(error.to_string()))?;
            let found = items.into_iter().filter_map(|item| match item {
                PemItem::Certificate(certificate) => Some(certificate),
                _ => None,
            });
            let found: Vec<_> = found.collect();
            if found.is_empty() {
                return Err(PrometheusError::Certificates("the file holds none".to_owned()));
            }
            found
        }
        None => rustls_native_certs::load_native_certs()
            .certs
            .iter()
            .map(|certificate| Certificate::from_der(certificate).to_owned())
            .collect(),
    };
    Ok(TlsConfig::builder()
        .provider(TlsProvider::Rustls)
        .root_certs(RootCerts::Specific(Arc::new(certificates)))
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .build())
}

/// The address without what may be a password.
pub fn shown_url(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return if url.contains('@') { "...".to_owned() } else { crate::names::one_line(url) };
    };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    crate::names::one_line(&format!("{scheme}://{place}{path}"))
}

/// Percent-decoding of user and password; what does not decode is taken as it stands.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let hex = (*first == b'%').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_the_address_become_a_header_and_are_not_shown() {
        let access = Access { url: "http://ann:a%40b@h:9090/prom/".to_owned(), ..Access::default() };
        let client = Client::new(&access).unwrap();
        assert_eq!(client.base, "http://h:9090/prom");
        assert_eq!(client.headers, [("Authorization".to_owned(), "Basic YW5uOmFAYg==".to_owned())]);
        assert!(!format!("{access:?}").contains("a%40b"));
        assert_eq!(shown_url("http://u:p@h/x"), "http://h/x");
    }

    #[test]
    fn a_token_goes_before_a_password() {
        let access = Access {
            url: "https://u:p@h".to_owned(),
            bearer: Some("t".to_owned()),
            headers: vec![("X-Scope-OrgID".to_owned(), "team".to_owned())],
            ..Access::default()
        };
        let headers = Client::new(&access).unwrap().headers;
        assert_eq!(headers[1], ("Authorization".to_owned(), "Bearer t".to_owned()));
        assert_eq!(headers.len(), 2);
    }

    #[test]
    fn other_addresses_are_refused() {
        for url in ["prometheus:9090", "ftp://h", "http://"] {
            let access = Access { url: url.to_owned(), ..Access::default() };
            assert!(matches!(Client::new(&access), Err(PrometheusError::Url(_))), "{url}");
        }
    }
}

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod hostile_tests;
