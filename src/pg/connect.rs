//! From settings to a session that is fit for use: tries the hosts in turn, finds out what answers there, and fixes
//! what a query's meaning or cost may depend on.
//!
//! Settings are made by `SET` after connecting, never as start-up options, which poolers refuse; and only once it is
//! clear that no pooler will hand the changed session to somebody else.

use std::{fmt, io, sync::Arc, time::Duration};

use futures_util::TryStreamExt;
use rustls::ClientConfig;
use tokio::task::JoinHandle;
use tokio_postgres::{
    Client, Config, Row, config,
    types::{ToSql, Type},
};

use super::{
    environment::Environment,
    error::{PgError, Unsuitable, cause_of, server_message, statement_error, without_number},
    settings::{ChannelBinding, ConnectionSettings, Endpoint, Host, SslMode, TargetSession},
    socket::{self, LoginError},
    tls,
    wire::{ANSWER_LIMIT, CertificateSeen, Trouble, Wire},
};
use crate::server::ServerVersion;

/// Whether a session may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// `default_transaction_read_only = on`.
    ReadOnly,
    /// As the server has it.
    ReadWrite,
}

/// Whether a server in recovery will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// Only a primary will do.
    Refuse,
    /// Either will do.
    Accept,
}

/// What a session is for.
#[derive(Debug, Clone, Copy)]
pub struct SessionPurpose {
    /// Whether it may write.
    pub access: Access,
    /// Whether a standby will do.
    pub recovery: Recovery,
    /// No statement runs longer.
    pub statement_timeout: Duration,
    /// No statement waits longer for a lock.
    pub lock_timeout: Duration,
}

impl SessionPurpose {
    /// Reading catalogs and counters of a primary: read-only, 60 s a statement, 2 s a lock.
    pub const OBSERVE: SessionPurpose = SessionPurpose {
        access: Access::ReadOnly,
        recovery: Recovery::Refuse,
        statement_timeout: Duration::from_secs(60),
        lock_timeout: Duration::from_secs(2),
    };
}

/// What a server may take longer than it was told to, before it counts as gone: the way there and back.
const GRACE: Duration = Duration::from_secs(10);
/// Rows of an answer that is kept whole, and of one that is taken row by row.
const ROWS_KEPT: u64 = 4_000_000;
const ROWS_TAKEN: u64 = 20_000_000;
/// One row, and what stands around it.
const MESSAGES_OF_ONE_VALUE: u64 = 100;

/// An open session. The connection closes when it is dropped. Every statement has an end here too, in time and in size:
/// a server that stops answering, or never stops, is an error and not a hang.
#[derive(Debug)]
pub struct Session {
    client: Client,
    wire: Arc<Wire>,
    /// What one statement may take.
    limit: Duration,
    /// As psql words it: `server at "db1", port 5432`.
    pub server: String,
    /// The server's version.
    pub version: ServerVersion,
    /// Answered by a server in recovery.
    pub in_recovery: bool,
    /// The session cannot read views or foreign tables of others: the server has the setting (12.20, 13.16, 14.13, 15.8, 16.4).
    pub is_walled: bool,
    driver: JoinHandle<()>,
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Session {
    /// Connects, checks what answers, and prepares the session.
    ///
    /// # Errors
    /// [`PgError`] of class `CannotConnect` for all that keeps a session from being used; other classes as they say.
    pub async fn open(
        settings: &ConnectionSettings,
        purpose: SessionPurpose,
        environment: &Environment,
    ) -> Result<Self, PgError> {
        let connector = Connector::new(settings, purpose, environment).await?;
        let mut session = connector.connect().await?;
        if is_pooler_console(&session, settings).await {
            return Err(session.unsuitable(Unsuitable::PoolerConsole));
        }
        session.version = ServerVersion(session.read_version().await?);
        if session.version.is_too_old() {
            return Err(session.unsuitable(Unsuitable::TooOld { version_num: session.version.0 }));
        }
        if session.version.is_too_new() {
            return Err(session.unsuitable(Unsuitable::TooNew { version_num: session.version.0 }));
        }
        connector.refuse_transaction_pooler(&session).await?;
        if session.in_recovery && purpose.recovery == Recovery::Refuse {
            return Err(session.unsuitable(Unsuitable::Standby));
        }
        session.prepare(purpose).await?;
        session.limit = purpose.statement_timeout + GRACE;
        session.is_walled = session.raise_wall().await?;
        Ok(session)
    }

    /// Runs one statement with typed parameters in a single round trip.
    ///
    /// # Errors
    /// [`PgError::Statement`] as the server words it, [`PgError::Lost`], [`PgError::Stalled`] or [`PgError::TooMuch`].
    /// `purpose` completes "could not …".
    pub async fn query(
        &self,
        purpose: &'static str,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, PgError> {
        let mut rows = Vec::new();
        let keep = |row| {
            rows.push(row);
            Ok(())
        };
        self.take_rows(purpose, sql, parameters, ROWS_KEPT, keep).await?;
        Ok(rows)
    }

    /// The same, row by row as they come: an answer of many rows is never in memory whole.
    ///
    /// # Errors
    /// As [`Session::query`], and those of `take`.
    pub(super) async fn each(
        &self,
        purpose: &'static str,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
        mut take: impl FnMut(&Row) -> Result<(), PgError>,
    ) -> Result<(), PgError> {
        self.take_rows(purpose, sql, parameters, ROWS_TAKEN, |row| take(&row)).await
    }

    async fn take_rows(
        &self,
        purpose: &'static str,
        sql: &str,
        parameters: &[(&(dyn ToSql + Sync), Type)],
        most: u64,
        mut take: impl FnMut(Row) -> Result<(), PgError>,
    ) -> Result<(), PgError> {
        let failed = |error| self.failure(purpose, &error);
        let parameters = parameters.iter().map(|(value, kind)| (*value, kind.clone()));
        let reading = async {
            let mut rows = std::pin::pin!(self.client.query_typed_raw(sql, parameters).await.map_err(failed)?);
            let mut count = 0;
            while let Some(row) = rows.try_next().await.map_err(failed)? {
                count += 1;
                if count > most {
                    return Err(PgError::TooMuch { purpose, limit: format!("{most} rows") });
                }
                take(row)?;
            }
            Ok(())
        };
        self.in_time(purpose, self.limit, reading).await
    }

    /// Runs one COPY to the client and hands over its rows, without the ends of their lines.
    ///
    /// # Errors
    /// As [`Session::query`]; [`PgError::Answer`] when `take` does not understand a row.
    pub(super) async fn copy_rows<E: fmt::Display>(
        &self,
        purpose: &'static str,
        sql: &str,
        mut take: impl FnMut(&str) -> Result<(), E>,
    ) -> Result<(), PgError> {
        let failed = |error| self.failure(purpose, &error);
        let answer = |reason: String| PgError::Answer { purpose, reason };
        let copying = async {
            let mut parts = std::pin::pin!(self.client.copy_out(sql).await.map_err(failed)?);
            // a message is a row as a rule, but nothing promises it
            let mut rest: Vec<u8> = Vec::new();
            while let Some(part) = parts.try_next().await.map_err(failed)? {
                rest.extend_from_slice(&part);
                let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
                for row in super::row::Text::of(&rest[..end]).shown.split('\n') {
                    take(row).map_err(|error| answer(error.to_string()))?;
                }
                rest.drain(..=end);
            }
            Ok(())
        };
        self.in_time(purpose, self.limit, copying).await
    }

    /// Runs statements that answer nothing.
    ///
    /// # Errors
    /// As [`Session::query`].
    pub async fn execute(&self, purpose: &'static str, sql: &str) -> Result<(), PgError> {
        let running = async { self.client.batch_execute(sql).await.map_err(|error| self.failure(purpose, &error)) };
        // Each of several statements may take its time; none of ours has two that take long.
        self.in_time(purpose, 2 * self.limit, running).await
    }

    /// Waits for an answer, but not forever. After an answer that did not come, or had no end, the session is over: what
    /// still comes would be taken for the answer to the next statement.
    async fn in_time<T>(
        &self,
        purpose: &'static str,
        limit: Duration,
        answer: impl Future<Output = Result<T, PgError>>,
    ) -> Result<T, PgError> {
        self.wire.begin_answer();
        let outcome = match tokio::time::timeout(limit, answer).await {
            Ok(outcome) => outcome,
            Err(_) => Err(PgError::Stalled { purpose, limit }),
        };
        if matches!(outcome, Err(PgError::Stalled { .. } | PgError::TooMuch { .. })) {
            self.driver.abort();
        }
        outcome
    }

    fn failure(&self, purpose: &'static str, error: &tokio_postgres::Error) -> PgError {
        match self.wire.trouble() {
            Some(Trouble::TooMuch(bytes)) => PgError::TooMuch { purpose, limit: too_many_bytes(bytes) },
            _ => statement_error(purpose, error),
        }
    }

    fn unsuitable(&self, reason: Unsuitable) -> PgError {
        PgError::Unsuitable { server: self.server.clone(), reason }
    }

    /// One text by the simple protocol, which poolers and old servers speak too.
    pub(super) async fn read_text(&self, purpose: &'static str, sql: &str) -> Result<String, PgError> {
        let failed = |error| self.failure(purpose, &error);
        let asking = async {
            let mut messages = std::pin::pin!(self.client.simple_query_raw(sql).await.map_err(failed)?);
            let (mut text, mut count) = (None, 0);
            while let Some(message) = messages.try_next().await.map_err(failed)? {
                count += 1;
                if count > MESSAGES_OF_ONE_VALUE {
                    return Err(PgError::TooMuch { purpose, limit: format!("{MESSAGES_OF_ONE_VALUE} rows") });
                }
                if let tokio_postgres::SimpleQueryMessage::Row(row) = message {
                    text = text.or_else(|| row.get(0).map(str::to_owned));
                }
            }
            Ok(text)
        };
        let text = self.in_time(purpose, self.limit, asking).await?;
        text.ok_or_else(|| PgError::Answer { purpose, reason: "no row".to_owned() })
    }

    async fn read_version(&self) -> Result<u32, PgError> {
        let purpose = "read the server's version";
        let text = self.read_text(purpose, "SHOW server_version_num").await?;
        text.parse().map_err(|_| PgError::Answer { purpose, reason: crate::names::one_line(&text) })
    }

    async fn read_in_recovery(&self) -> Result<bool, PgError> {
        let text = self.read_text("read the server's state", "SELECT pg_catalog.pg_is_in_recovery()").await?;
        Ok(text == "t")
    }

    async fn read_backend_pid(&self) -> Result<String, PgError> {
        self.read_text("read the session's process id", "SELECT pg_catalog.pg_backend_pid()").await
    }

    /// A database in SQL_ASCII would refuse to send a name that is not UTF-8; whoever reads it tells what it is.
    async fn prepare(&self, purpose: SessionPurpose) -> Result<(), PgError> {
        let read_only = match purpose.access {
            Access::ReadOnly => "SET default_transaction_read_only = on;",
            Access::ReadWrite => "",
        };
        let sql = format!(
            "SET application_name = 'pgslotplan'; SET search_path = pg_catalog, pg_temp; SET row_security = off; {read_only}
             SET statement_timeout = {statement}; SET lock_timeout = {lock};
             SET idle_in_transaction_session_timeout = 60000; {NO_TIMEOUTS}
             SET standard_conforming_strings = on; SET quote_all_identifiers = off;
             SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC';
             SET extra_float_digits = 1; SET bytea_output = 'hex'; SET client_min_messages = warning;
             SET jit = off; SET max_parallel_workers_per_gather = 0; SET work_mem = '32MB';
             SELECT pg_catalog.set_config('client_encoding', 'SQL_ASCII', false)
              WHERE pg_catalog.current_setting('server_encoding') = 'SQL_ASCII';",
            statement = purpose.statement_timeout.as_millis(),
            lock = purpose.lock_timeout.as_millis(),
        );
        self.execute("prepare the session", &sql).await
    }

    /// Nothing of the database runs as us: a view that took a table's place would. Says whether the server can refuse it. The
    /// lock tells our sessions from others of the same role when the cutover looks who is connected; nobody waits for it.
    async fn raise_wall(&self) -> Result<bool, PgError> {
        let sql = "SELECT CASE WHEN (SELECT count(set_config(name, 'view, foreign-table', false)) FROM pg_settings
                                       WHERE name = 'restrict_nonsystem_relation_kind') > 0 THEN 't' ELSE 'f' END
                     FROM (SELECT pg_try_advisory_lock_shared(hashtext('pgslotplan'), 0)) AS known";
        Ok(self.read_text("prepare the session", sql).await? == "t")
    }
}

/// Timeouts that came with 14 and 17: a role or a database may have them, and any would end a session that waits or reads.
pub(super) const NO_TIMEOUTS: &str = "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings
     WHERE name IN ('idle_session_timeout', 'transaction_timeout');";

/// PgBouncer's console answers only its own commands; its database has a fixed name.
async fn is_pooler_console(session: &Session, settings: &ConnectionSettings) -> bool {
    settings.database == "pgbouncer" && session.execute("look for a pooler's console", "SHOW POOLS").await.is_ok()
}

fn too_many_bytes(limit: u64) -> String {
    match limit {
        ANSWER_LIMIT => format!("{} MB in one answer", limit >> 20),
        _ => format!("{} kB in one message", limit >> 10),
    }
}

/// All that one attempt needs, made once.
struct Connector<'a> {
    settings: &'a ConnectionSettings,
    environment: &'a Environment,
    tls: Option<Arc<ClientConfig>>,
    certificate: Arc<CertificateSeen>,
    command_password: Option<String>,
    /// For statements before the session is prepared.
    limit: Duration,
}

impl<'a> Connector<'a> {
    async fn new(
        settings: &'a ConnectionSettings,
        purpose: SessionPurpose,
        environment: &'a Environment,
    ) -> Result<Self, PgError> {
        let certificate = Arc::new(CertificateSeen::default());
        let over_tcp = settings.hosts.iter().any(|host| matches!(host.endpoint, Endpoint::Tcp { .. }));
        let tls = match settings.tls.mode {
            SslMode::Disable => None,
            _ if !over_tcp => None,
            // As libpq: without TLS when it cannot even be tried.
            SslMode::Allow | SslMode::Prefer => tls::client_config(&settings.tls, &certificate, environment).ok(),
            _ => Some(tls::client_config(&settings.tls, &certificate, environment)?),
        };
        let tls = tls.map(Arc::new);
        let command_password = command_password(settings).await?;
        let limit = settings.connect_timeout.unwrap_or(purpose.statement_timeout + GRACE);
        Ok(Connector { settings, environment, tls, certificate, command_password, limit })
    }

    /// The first host that will do. As libpq, a host that answers and refuses the password ends the search.
    async fn connect(&self) -> Result<Session, PgError> {
        let mut attempts = Vec::new();
        let mut second_best = None;
        for host in self.hosts_in_order() {
            match self.connect_host(&host).await {
                Ok(session) if self.has_wanted_attributes(&session).await? => return Ok(session),
                Ok(session) => {
                    attempts.push(session.unsuitable(Unsuitable::SessionAttributes));
                    second_best.get_or_insert(session);
                }
                Err(
                    error @ (PgError::PasswordMissing { .. } | PgError::Rejected { .. } | PgError::Distrusted { .. }),
                ) if !error.is_passing() => return Err(error),
                Err(error) => attempts.push(error),
            }
        }
        if let Some(session) = second_best.filter(|_| self.settings.target_session == TargetSession::PreferStandby) {
            return Ok(session);
        }
        match attempts.pop() {
            Some(only) if attempts.is_empty() => Err(only),
            Some(last) => {
                attempts.push(last);
                Err(PgError::AllHosts(attempts))
            }
            None => Err(PgError::Unreachable { server: "server".to_owned(), reason: "no host is given".to_owned() }),
        }
    }

    fn hosts_in_order(&self) -> Vec<Host> {
        let mut hosts = self.settings.hosts.clone();
        if self.settings.shuffle_hosts && hosts.len() > 1 {
            // Spreads sessions over the hosts; nothing that is computed depends on it.
            let turn = std::process::id() as usize % hosts.len();
            hosts.rotate_left(turn);
        }
        hosts
    }

    async fn has_wanted_attributes(&self, session: &Session) -> Result<bool, PgError> {
        let read_only = async || {
            let text = session.read_text("read the session's state", "SHOW transaction_read_only").await?;
            Ok::<bool, PgError>(text == "on")
        };
        Ok(match self.settings.target_session {
            TargetSession::Any => true,
            TargetSession::Primary => !session.in_recovery,
            TargetSession::Standby | TargetSession::PreferStandby => session.in_recovery,
            TargetSession::ReadWrite => !read_only().await?,
            TargetSession::ReadOnly => read_only().await?,
        })
    }

    /// One host under `sslmode`'s rules of trying with and without TLS. As libpq, `allow` and `prefer` try the other way
    /// whatever the server refused: `pg_hba.conf` may have one rule for sessions with TLS and another for those without.
    async fn connect_host(&self, host: &Host) -> Result<Session, PgError> {
        let mode = match host.endpoint {
            Endpoint::Socket(_) => SslMode::Disable,
            Endpoint::Tcp { .. } => self.settings.tls.mode,
        };
        use config::SslMode as Driver;
        let session = match mode {
            SslMode::Disable => self.attempt(host, Driver::Disable).await,
            SslMode::Allow => match self.attempt(host, Driver::Disable).await {
                Err(PgError::Rejected { .. }) => self.attempt(host, Driver::Require).await,
                other => other,
            },
            SslMode::Prefer => match self.attempt(host, Driver::Prefer).await {
                Err(error @ (PgError::Rejected { .. } | PgError::Tls { .. })) => {
                    // The first refusal tells more than the second.
                    self.attempt(host, Driver::Disable).await.map_err(|_| error)
                }
                other => other,
            },
            _ => self.attempt(host, Driver::Require).await,
        };
        let mut session = session?;
        // A console of a pooler does not know the question; what it is comes out later.
        session.in_recovery = match session.read_in_recovery().await {
            Err(error @ (PgError::Stalled { .. } | PgError::TooMuch { .. })) => return Err(error),
            answer => answer.unwrap_or(false),
        };
        Ok(session)
    }

    /// One login, at each of the host's addresses until one answers.
    async fn attempt(&self, host: &Host, mode: config::SslMode) -> Result<Session, PgError> {
        let config = self.driver_config(host, mode);
        let login = socket::Login {
            config: &config,
            tls: self.tls.as_ref().filter(|_| mode != config::SslMode::Disable),
            is_direct: self.settings.tls.direct && mode == config::SslMode::Require,
            settings: self.settings,
            environment: self.environment,
            certificate: &self.certificate,
        };
        let unanswered = |limit: Duration| PgError::Unreachable {
            server: host.to_string(),
            reason: format!("no answer within {} s", limit.as_secs()),
        };
        let places = async { socket::places(host).await };
        let places = match self.in_connect_time(places).await {
            Ok(places) => places.map_err(|error| PgError::Unreachable {
                server: host.to_string(),
                reason: without_number(&error.to_string()),
            })?,
            Err(limit) => return Err(unanswered(limit)),
        };
        let mut last = None;
        for place in places {
            match self.in_connect_time(login.at(&place)).await {
                Ok(Ok((client, wire, driver))) => {
                    let server = host.to_string();
                    let (version, in_recovery, is_walled, limit) = (ServerVersion(0), false, false, self.limit);
                    return Ok(Session { client, wire, limit, server, version, in_recovery, is_walled, driver });
                }
                Ok(Err((error, wire))) => {
                    let error = self.connect_error(host, &error, &wire);
                    if !matches!(error, PgError::Unreachable { .. }) {
                        return Err(error);
                    }
                    last = Some(error);
                }
                Err(limit) => last = Some(unanswered(limit)),
            }
        }
        Err(last.unwrap_or_else(|| PgError::Unreachable {
            server: host.to_string(),
            reason: "its name has no address".to_owned(),
        }))
    }

    /// As long as `connect_timeout` allows; the limit, when that was too short.
    async fn in_connect_time<T>(&self, attempt: impl Future<Output = T>) -> Result<T, Duration> {
        match self.settings.connect_timeout {
            Some(limit) => tokio::time::timeout(limit, attempt).await.map_err(|_| limit),
            None => Ok(attempt.await),
        }
    }

    fn driver_config(&self, host: &Host, mode: config::SslMode) -> Config {
        let settings = self.settings;
        let mut config = Config::new();
        config.user(&settings.user).dbname(&settings.database).application_name("pgslotplan");
        let given = self.command_password.as_deref().or(settings.password.as_ref().map(|secret| secret.expose()));
        if let Some(password) = given.or(host.passfile_password.as_ref().map(|secret| secret.expose())) {
            config.password(password);
        }
        if let Some(options) = &settings.options {
            config.options(options);
        }
        config.ssl_mode(mode);
        if settings.tls.direct && mode == config::SslMode::Require {
            config.ssl_negotiation(config::SslNegotiation::Direct);
        }
        config.channel_binding(match settings.channel_binding {
            ChannelBinding::Disable => config::ChannelBinding::Disable,
            ChannelBinding::Prefer => config::ChannelBinding::Prefer,
            ChannelBinding::Require => config::ChannelBinding::Require,
        });
        config
    }

    fn connect_error(&self, host: &Host, error: &LoginError, wire: &Wire) -> PgError {
        let server = host.to_string();
        match wire.trouble() {
            Some(Trouble::Authentication(reason)) => return PgError::Distrusted { server, reason },
            Some(Trouble::TooMuch(bytes)) => {
                return PgError::Distrusted { server, reason: format!("it sends more than {}", too_many_bytes(bytes)) };
            }
            None => {}
        }
        let error = match error {
            LoginError::Driver(error) => error,
            LoginError::Peer(reason) => return PgError::Distrusted { server, reason: reason.clone() },
            LoginError::Socket(error) => {
                return PgError::Unreachable { server, reason: without_number(&error.to_string()) };
            }
        };
        if let Some(message) = server_message(error) {
            let from_file = self.command_password.is_none() && self.settings.password.is_none();
            let passfile = self.settings.passfile.clone().filter(|_| from_file && host.passfile_password.is_some());
            return PgError::Rejected { server, message, passfile };
        }
        let reason = cause_of(error);
        if reason.contains("password missing") {
            return PgError::PasswordMissing { server };
        }
        match tls_cause(error) {
            Some(cause) => PgError::Tls { server, reason: cause.to_string(), hint: tls::hint_for(cause) },
            None if error.to_string().contains("TLS") => PgError::Tls { server, reason, hint: None },
            None => PgError::Unreachable { server, reason },
        }
    }

    /// Opens a second session and holds a transaction in it. A server keeps both apart; a pooler in transaction mode
    /// hands the first one's process to the second, or changes it under the first.
    async fn refuse_transaction_pooler(&self, session: &Session) -> Result<(), PgError> {
        let pooler = || session.unsuitable(Unsuitable::TransactionPooler);
        let first = session.read_backend_pid().await?;
        // Without a free connection nothing can be told; that is no reason to refuse the server.
        let Ok(other) = self.connect().await else { return Ok(()) };
        if other.execute("begin", "BEGIN").await.is_err() {
            return Err(pooler()); // statement mode refuses transactions
        }
        if other.server == session.server && other.read_backend_pid().await? == first {
            return Err(pooler());
        }
        for _ in 0..3 {
            if session.read_backend_pid().await? != first {
                return Err(pooler());
            }
        }
        Ok(())
    }
}

fn tls_cause(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref::<rustls::Error>() {
            return Some(found);
        }
        let io = inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        if let Some(found) = io.and_then(|wrapped| wrapped.downcast_ref::<rustls::Error>()) {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}

/// The password that the settings' command gives now; none without a command.
///
/// # Errors
/// [`PgError::PasswordCommand`] when it fails.
pub async fn command_password(settings: &ConnectionSettings) -> Result<Option<String>, PgError> {
    match &settings.password_command {
        Some(command) => run_password_command(command.expose()).await.map(Some),
        None => Ok(None),
    }
}

/// The command's first line. Its error output goes to the terminal, since it may say why.
async fn run_password_command(command: &str) -> Result<String, PgError> {
    let failed = |reason: String| PgError::PasswordCommand { reason };
    let output = tokio::process::Command::new("sh")
        .args(["-c", command])
        .stderr(std::process::Stdio::inherit())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| failed("its output is not UTF-8".to_owned()))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(failed("it printed nothing".to_owned())),
    }
}

#[cfg(test)]
#[path = "hostile_tests.rs"]
mod tests;
