//! Everything that says where and how to connect, resolved: command line and connection string, then service file,
//! then environment, then defaults, as libpq does it.
//!
//! Pure: surroundings come in as an [`Environment`]. How a connection is then made is in `connect` and `tls`.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use super::{
    auth::AuthRules,
    conninfo::{self, ConninfoError, Values},
    environment::Environment,
    pgpass, service,
};

/// Seconds to wait for a server when nobody says how long. libpq waits forever, which a person takes for a hang.
const CONNECT_TIMEOUT_S: u64 = 15;

/// Which of the two servers a connection string is for: `PG*` variables describe the publisher only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionSide {
    /// Connection string, service file, `PG*` variables, defaults.
    Publisher,
    /// The same without the `PG*` variables, so that they never point both at one server.
    Subscriber,
}

/// What the command line gives, under psql's letters. A connection string wins over the single options, as in psql.
#[derive(Clone, Default)]
pub struct ConnectionInput {
    /// Positional argument or `-d`: a database name, a connection string or a URI.
    pub dbname: Option<String>,
    /// `-h`.
    pub host: Option<String>,
    /// `-p`.
    pub port: Option<String>,
    /// `-U`.
    pub user: Option<String>,
    /// Typed at a prompt.
    pub password: Option<String>,
    /// `--password-command`: run through the shell at every connect; its first line is the password.
    pub password_command: Option<String>,
    /// A database that wins over all that names one, as the argument of psql's `\connect` does. Never a connection string.
    pub database: Option<String>,
    /// The database where nothing names one, in place of the user's name.
    pub default_database: Option<String>,
}

/// Text that must not be shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Self {
        Secret(text.into())
    }
    /// The text itself, for the driver only.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// Where one server listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Endpoint {
    /// A Unix socket in this folder.
    Socket(PathBuf),
    /// A name, an address, or a name with the address to use for it.
    Tcp {
        /// What certificates and password files are matched with; the address where no name is given.
        host: String,
        /// `hostaddr`.
        address: Option<IpAddr>,
    },
}

/// One of the hosts that are tried in turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// On which port.
    pub port: u16,
    /// From the password file, if nothing else gives one.
    pub passfile_password: Option<Secret>,
}

impl fmt::Display for Host {
    /// As psql words it: `server at "db1", port 5432` or `server on socket "/tmp/.s.PGSQL.5432"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.endpoint {
            Endpoint::Socket(folder) => write!(f, "server on socket \"{}/.s.PGSQL.{}\"", folder.display(), self.port),
            Endpoint::Tcp { host, address: Some(address) } if *host != address.to_string() => {
                write!(f, "server at \"{host}\" ({address}), port {}", self.port)
            }
            Endpoint::Tcp { host, .. } => write!(f, "server at \"{host}\", port {}", self.port),
        }
    }
}

/// `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SslMode {
    /// Never TLS.
    Disable,
    /// Without TLS, then with.
    Allow,
    /// With TLS, then without.
    Prefer,
    /// TLS, whoever answers; checked against the root file if there is one.
    Require,
    /// TLS with a certificate from a known root.
    VerifyCa,
    /// And it is the host's.
    VerifyFull,
}

/// `sslrootcert`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RootCertificates {
    /// The operating system's store.
    System,
    /// A PEM file that must be there.
    File(PathBuf),
    /// `~/.postgresql/root.crt`, which may be absent unless certificates are to be verified.
    DefaultFile(Option<PathBuf>),
}

/// A file that was named must be there; libpq's default files may be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientFile {
    /// Named by the user.
    Given(PathBuf),
    /// libpq's default place.
    Default(Option<PathBuf>),
}

/// How TLS is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// `sslmode`.
    pub mode: SslMode,
    /// `sslnegotiation=direct`: TLS from the first byte (17 and later).
    pub direct: bool,
    /// `sslrootcert`.
    pub roots: RootCertificates,
    /// `sslcert`.
    pub certificate: ClientFile,
    /// `sslkey`.
    pub key: ClientFile,
    /// `sslcrl`: certificates that were taken back.
    pub revocations: ClientFile,
    /// `sslcrldir`: a folder of such lists, named by OpenSSL's hashes.
    pub revocation_folder: Option<PathBuf>,
    /// `ssl_min_protocol_version` and `ssl_max_protocol_version`.
    pub versions: TlsVersions,
    /// `sslsni=0` hides the name from whoever listens.
    pub send_server_name: bool,
}

/// Which versions of TLS will do. There is no older one in this program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TlsVersions {
    /// TLS 1.2.
    pub v1_2: bool,
    /// TLS 1.3.
    pub v1_3: bool,
}

/// TCP keepalives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalives {
    /// `keepalives_idle`.
    pub idle: Duration,
    /// `keepalives_interval`; the system's own when absent.
    pub interval: Option<Duration>,
    /// `keepalives_count`; the system's own when absent.
    pub count: Option<u32>,
}

/// `channel_binding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelBinding {
    /// Off.
    Disable,
    /// Where the server offers it.
    Prefer,
    /// Or no connection.
    Require,
}

/// `target_session_attrs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetSession {
    /// The first that answers.
    Any,
    /// Transactions are read-write by default.
    ReadWrite,
    /// Transactions are read-only by default.
    ReadOnly,
    /// Not in recovery.
    Primary,
    /// In recovery.
    Standby,
    /// In recovery, or any if none is.
    PreferStandby,
}

/// Where and how to connect. `Debug` shows no password.
#[derive(Debug, Clone)]
pub struct ConnectionSettings {
    /// Tried in this order.
    pub hosts: Vec<Host>,
    /// The user.
    pub user: String,
    /// The database.
    pub database: String,
    /// From the connection string, the prompt or `PGPASSWORD`; goes before the password file.
    pub password: Option<Secret>,
    /// The file that [`Host::passfile_password`] came from.
    pub passfile: Option<PathBuf>,
    /// Run for a password at every connect; goes before all others.
    pub password_command: Option<Secret>,
    /// For each address; `None` waits forever.
    pub connect_timeout: Option<Duration>,
    /// `tcp_user_timeout`.
    pub tcp_user_timeout: Option<Duration>,
    /// `None` with keepalives off.
    pub keepalives: Option<Keepalives>,
    /// `options`, only if the user gave some: poolers refuse them.
    pub options: Option<String>,
    /// `load_balance_hosts=random`.
    pub shuffle_hosts: bool,
    /// `target_session_attrs`.
    pub target_session: TargetSession,
    /// `channel_binding`.
    pub channel_binding: ChannelBinding,
    /// `require_auth` and `sslcertmode=require`.
    pub auth: Arc<AuthRules>,
    /// `requirepeer`: whose server must answer on a Unix socket.
    pub require_peer: Option<String>,
    /// TLS.
    pub tls: TlsSettings,
    /// What was accepted but has no effect here, or looks wrong: to be shown once.
    pub warnings: Vec<String>,
}

/// Keys that libpq fills from the environment.
const VARIABLES: [(&str, &str); 34] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("dbname", "PGDATABASE"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("passfile", "PGPASSFILE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("sslcrl", "PGSSLCRL"),
    ("sslcrldir", "PGSSLCRLDIR"),
    ("sslsni", "PGSSLSNI"),
    ("sslnegotiation", "PGSSLNEGOTIATION"),
    ("sslcertmode", "PGSSLCERTMODE"),
    ("sslcompression", "PGSSLCOMPRESSION"),
    ("ssl_min_protocol_version", "PGSSLMINPROTOCOLVERSION"),
    ("ssl_max_protocol_version", "PGSSLMAXPROTOCOLVERSION"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("client_encoding", "PGCLIENTENCODING"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("load_balance_hosts", "PGLOADBALANCEHOSTS"),
    ("requirepeer", "PGREQUIREPEER"),
    ("require_auth", "PGREQUIREAUTH"),
    ("gssencmode", "PGGSSENCMODE"),
    ("gsslib", "PGGSSLIB"),
    ("krbsrvname", "PGKRBSRVNAME"),
    ("gssdelegation", "PGGSSDELEGATION"),
    ("min_protocol_version", "PGMINPROTOCOLVERSION"),
    ("max_protocol_version", "PGMAXPROTOCOLVERSION"),
];

/// Accepted, since working strings are pasted as they are, but without effect here: none of them makes a connection less
/// safe by that.
const WITHOUT_EFFECT: [&str; 9] = [
    "gssdelegation",
    "gsslib",
    "krbsrvname",
    "oauth_client_id",
    "oauth_client_secret",
    "oauth_issuer",
    "oauth_scope",
    "sslkeylogfile",
    "sslpassword",
];

impl ConnectionSettings {
    /// Resolves what the user gave against the surroundings.
    ///
    /// # Errors
    /// [`ConninfoError`] when something does not read, contradicts itself, or cannot be honoured.
    pub fn resolve(
        input: &ConnectionInput,
        side: ConnectionSide,
        environment: &Environment,
    ) -> Result<Self, ConninfoError> {
        let bare;
        let environment = match side {
            ConnectionSide::Publisher => environment,
            ConnectionSide::Subscriber => {
                bare = environment.without_server_variables();
                &bare
            }
        };
        let values = gather(input, environment)?;
        let mut warnings = warn_of_unused(&values)?;
        let given = |key: &str| values.get(key).map(String::as_str).filter(|value| !value.is_empty());

        let user = given("user").or(environment.user_name.as_deref()).ok_or(ConninfoError::NoUser)?.to_owned();
        let database = given("dbname").or(input.default_database.as_deref()).unwrap_or(&user).to_owned();
        let password = given("password").map(Secret::new);
        let mut hosts = resolve_hosts(&values, environment)?;
        let passfile = given("passfile").map(PathBuf::from).or_else(|| environment.in_home(".pgpass"));
        let needs_passfile = password.is_none() && input.password_command.is_none();
        if let Some(path) = passfile.as_deref().filter(|_| needs_passfile) {
            warnings.extend(fill_passwords(&mut hosts, path, &database, &user, environment));
        }
        Ok(ConnectionSettings {
            user,
            database,
            password,
            passfile: hosts.iter().any(|host| host.passfile_password.is_some()).then_some(passfile).flatten(),
            password_command: input.password_command.as_deref().map(Secret::new),
            connect_timeout: resolve_timeout(&values)?,
            tcp_user_timeout: integer(&values, "tcp_user_timeout")?
                .filter(|ms| *ms > 0)
                .map(|ms| Duration::from_millis(ms.unsigned_abs())),
            keepalives: resolve_keepalives(&values)?,
            auth: Arc::new(AuthRules::parse(
                given("require_auth").unwrap_or_default(),
                given("sslcertmode") == Some("require"),
            )?),
            require_peer: given("requirepeer").map(str::to_owned),
            options: given("options").map(str::to_owned),
            shuffle_hosts: choice(&values, "load_balance_hosts", &[("disable", false), ("random", true)])?,
            target_session: choice(
                &values,
                "target_session_attrs",
                &[
                    ("any", TargetSession::Any),
                    ("read-write", TargetSession::ReadWrite),
                    ("read-only", TargetSession::ReadOnly),
                    ("primary", TargetSession::Primary),
                    ("standby", TargetSession::Standby),
                    ("prefer-standby", TargetSession::PreferStandby),
                ],
            )?,
            channel_binding: choice(
                &values,
                "channel_binding",
                &[
                    ("prefer", ChannelBinding::Prefer),
                    ("disable", ChannelBinding::Disable),
                    ("require", ChannelBinding::Require),
                ],
            )?,
            tls: resolve_tls(&values, environment)?,
            hosts,
            warnings,
        })
    }
}

impl ConnectionSettings {
    /// A libpq connection string to the same place, for a server that is to connect there itself. It holds the password,
    /// if there is one: `command_password`, the given one or the password file's. Certificate files lie on this machine,
    /// not on that one, so modes that verify become `require`.
    pub fn to_conninfo(&self, command_password: Option<&str>) -> String {
        let place = |host: &Host| match &host.endpoint {
            Endpoint::Socket(folder) => folder.display().to_string(),
            Endpoint::Tcp { host, .. } => host.clone(),
        };
        let address = |host: &Host| match &host.endpoint {
            Endpoint::Tcp { address: Some(address), .. } => address.to_string(),
            _ => String::new(),
        };
        let joined = |part: &dyn Fn(&Host) -> String| self.hosts.iter().map(part).collect::<Vec<_>>().join(",");
        let addresses = joined(&address);
        let file_password = self.hosts.iter().find_map(|host| host.passfile_password.as_ref());
        let password = command_password.or_else(|| self.password.as_ref().or(file_password).map(Secret::expose));
        let mode = match self.tls.mode {
            SslMode::Disable => "disable",
            SslMode::Allow => "allow",
            SslMode::Prefer => "prefer",
            SslMode::Require | SslMode::VerifyCa | SslMode::VerifyFull => "require",
        };
        let mut pairs = vec![("host", joined(&place))];
        if addresses.contains(|c: char| c != ',') {
            pairs.push(("hostaddr", addresses));
        }
        pairs.push(("port", joined(&|host: &Host| host.port.to_string())));
        pairs.extend([("user", self.user.clone()), ("dbname", self.database.clone()), ("sslmode", mode.to_owned())]);
        if self.hosts.len() > 1 {
            pairs.push(("target_session_attrs", "read-write".to_owned()));
        }
        pairs.extend(password.map(|password| ("password", password.to_owned())));
        let quoted = |value: &str| format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"));
        pairs.iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for ConnectionSettings {
    /// Where to, as whom; never a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hosts: Vec<String> = self.hosts.iter().map(Host::to_string).collect();
        write!(f, "database \"{}\" as user \"{}\" on {}", self.database, self.user, hosts.join(" or "))
    }
}

/// The four sources, laid over each other.
fn gather(input: &ConnectionInput, environment: &Environment) -> Result<Values, ConninfoError> {
    let mut values = Values::new();
    let options = [("host", &input.host), ("port", &input.port), ("user", &input.user), ("password", &input.password)];
    values.extend(options.into_iter().filter_map(|(key, value)| Some((key, value.clone()?))));
    match &input.dbname {
        Some(text) if conninfo::is_conninfo(text) => values.extend(conninfo::parse(text)?),
        Some(name) => drop(values.insert("dbname", name.clone())),
        None => {}
    }
    values.extend(input.database.iter().map(|name| ("dbname", name.clone())));
    let named = values.get("service").cloned().or_else(|| environment.variable("PGSERVICE").map(str::to_owned));
    if let Some(name) = named.filter(|name| !name.is_empty()) {
        let file = values.get("servicefile").cloned();
        for (key, value) in service::load(&name, file.as_deref(), environment)? {
            values.entry(key).or_insert(value);
        }
    }
    for (key, variable) in VARIABLES {
        if let Some(value) = environment.variable(variable) {
            values.entry(key).or_insert_with(|| value.to_owned());
        }
    }
    // Older than sslmode, and still read by libpq.
    if environment.variable("PGREQUIRESSL").is_some_and(|value| value.starts_with('1')) {
        values.entry("sslmode").or_insert_with(|| "require".to_owned());
    }
    Ok(values)
}

/// Names what is accepted without effect, and refuses what would change the meaning of the connection.
fn warn_of_unused(values: &Values) -> Result<Vec<String>, ConninfoError> {
    let refused = [
        ("replication", "", "this program needs ordinary connections"),
        ("sslcompression", "1", "TLS compression is not available in this program"),
    ];
    for (key, only, reason) in refused {
        let harmless = |value: &str| matches!(value, "" | "0" | "off" | "false" | "no");
        if let Some(value) = values.get(key)
            && (if only.is_empty() { !harmless(value) } else { value == only })
        {
            return Err(ConninfoError::Unsupported { key, value: value.clone(), reason });
        }
    }
    if choice(values, "gssencmode", &[("prefer", false), ("disable", false), ("require", true)])? {
        let reason = "GSSAPI encryption is not available in this program";
        return Err(ConninfoError::Unsupported { key: "gssencmode", value: "require".to_owned(), reason });
    }
    for key in ["scram_client_key", "scram_server_key"] {
        if values.get(key).is_some_and(|value| !value.is_empty()) {
            // What it holds is as good as a password.
            let reason = "this program logs in with passwords and certificates";
            return Err(ConninfoError::Unsupported { key, value: "...".to_owned(), reason });
        }
    }
    check_protocol(values)?;
    let unused = WITHOUT_EFFECT.iter().filter(|key| values.get(**key).is_some_and(|value| !value.is_empty()));
    Ok(unused.map(|key| format!("connection option \"{key}\" has no effect in this program")).collect())
}

/// The driver speaks version 3.0 of the protocol, which every upper limit allows.
fn check_protocol(values: &Values) -> Result<(), ConninfoError> {
    let versions = [("3.0", 0), ("3.2", 2), ("latest", u32::MAX)];
    let version = |key: &'static str| match values.get(key).map(String::as_str) {
        None | Some("") => Ok(0),
        Some(_) => choice(values, key, &versions),
    };
    version("max_protocol_version")?;
    if version("min_protocol_version")? > 0 {
        let value = values.get("min_protocol_version").cloned().unwrap_or_default();
        let reason = "this program speaks version 3.0 of the protocol";
        return Err(ConninfoError::Unsupported { key: "min_protocol_version", value, reason });
    }
    Ok(())
}

fn list<'a>(values: &'a Values, key: &str) -> Vec<&'a str> {
    match values.get(key).map(String::as_str) {
        None | Some("") => Vec::new(),
        Some(text) => text.split(',').map(str::trim).collect(),
    }
}

fn resolve_hosts(values: &Values, environment: &Environment) -> Result<Vec<Host>, ConninfoError> {
    let (names, addresses, ports) = (list(values, "host"), list(values, "hostaddr"), list(values, "port"));
    let count = names.len().max(addresses.len()).max(1);
    if !names.is_empty() && !addresses.is_empty() && names.len() != addresses.len() {
        return Err(ConninfoError::Count { key: "hostaddr", values: addresses.len(), hosts: names.len() });
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(ConninfoError::Count { key: "port", values: ports.len(), hosts: count });
    }
    (0..count)
        .map(|at| {
            let name = names.get(at).copied().unwrap_or_default();
            let address = addresses.get(at).copied().unwrap_or_default();
            let port = if ports.len() == 1 { ports[0] } else { ports.get(at).copied().unwrap_or_default() };
            Ok(Host {
                endpoint: resolve_endpoint(name, address, environment)?,
                port: resolve_port(port)?,
                passfile_password: None,
            })
        })
        .collect()
}

fn resolve_endpoint(name: &str, address: &str, environment: &Environment) -> Result<Endpoint, ConninfoError> {
    if !address.is_empty() {
        let parsed =
            address.parse().map_err(|_| ConninfoError::Value { key: "hostaddr", value: address.to_owned() })?;
        let host = if name.is_empty() { address } else { name };
        return Ok(Endpoint::Tcp { host: host.to_owned(), address: Some(parsed) });
    }
    if name.starts_with('@') {
        let reason = "abstract sockets are not available in this program";
        return Err(ConninfoError::Unsupported { key: "host", value: name.to_owned(), reason });
    }
    Ok(match name {
        "" => Endpoint::Socket(environment.socket_directory.clone()),
        path if path.starts_with('/') => Endpoint::Socket(PathBuf::from(path)),
        host => Endpoint::Tcp { host: host.to_owned(), address: None },
    })
}

fn resolve_port(text: &str) -> Result<u16, ConninfoError> {
    if text.is_empty() {
        return Ok(5432);
    }
    // What is not a number may be half of a password with a "/" in it, read as host and port.
    let shown = if text.bytes().all(|byte| byte.is_ascii_digit()) { text } else { "..." };
    let port = text.parse::<u16>().ok().filter(|port| *port > 0);
    port.ok_or_else(|| ConninfoError::Value { key: "port", value: shown.to_owned() })
}

/// Looks every host up in the password file; returns the warning if the file cannot be trusted.
fn fill_passwords(
    hosts: &mut [Host],
    path: &Path,
    database: &str,
    user: &str,
    environment: &Environment,
) -> Option<String> {
    let file = environment.read(path).ok()?;
    if let Some(complaint) = pgpass::complaint(path, &file) {
        return Some(complaint);
    }
    for host in hosts {
        let name = match &host.endpoint {
            Endpoint::Socket(folder) if *folder == environment.socket_directory => "localhost".to_owned(),
            Endpoint::Socket(folder) => folder.display().to_string(),
            Endpoint::Tcp { host, .. } => host.clone(),
        };
        let account = pgpass::Account { host: &name, port: host.port, database, user };
        host.passfile_password = pgpass::find_password(&file.text, account).map(Secret::new);
    }
    None
}

fn integer(values: &Values, key: &'static str) -> Result<Option<i64>, ConninfoError> {
    match values.get(key).map(|value| value.trim()) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| ConninfoError::Value { key, value: text.to_owned() }),
    }
}

fn resolve_timeout(values: &Values) -> Result<Option<Duration>, ConninfoError> {
    Ok(match integer(values, "connect_timeout")? {
        None => Some(Duration::from_secs(CONNECT_TIMEOUT_S)),
        Some(seconds) if seconds <= 0 => None,
        // libpq up to 17 takes 1 for 2: a whole second may pass before the first look at the clock
        Some(seconds) => Some(Duration::from_secs(seconds.unsigned_abs().max(2))),
    })
}

fn resolve_keepalives(values: &Values) -> Result<Option<Keepalives>, ConninfoError> {
    let given = |key: &'static str| Ok(integer(values, key)?.filter(|number| *number > 0).map(i64::unsigned_abs));
    let keepalives = Keepalives {
        idle: Duration::from_secs(given("keepalives_idle")?.unwrap_or(7200)),
        interval: given("keepalives_interval")?.map(Duration::from_secs),
        count: given("keepalives_count")?.map(|count| u32::try_from(count).unwrap_or(u32::MAX)),
    };
    Ok((integer(values, "keepalives")? != Some(0)).then_some(keepalives))
}

/// The value's meaning; the first of `meanings` is the default. An empty value is none of them, but for `sslsni`.
fn choice<T: Copy>(values: &Values, key: &'static str, meanings: &[(&str, T)]) -> Result<T, ConninfoError> {
    match values.get(key).map(String::as_str) {
        None => Ok(meanings[0].1),
        Some("") if key == "sslsni" => Ok(meanings[0].1),
        Some(text) => meanings
            .iter()
            .find(|(name, _)| *name == text)
            .map(|(_, meaning)| *meaning)
            .ok_or_else(|| ConninfoError::Value { key, value: text.to_owned() }),
    }
}

/// Versions of TLS, oldest first, as libpq writes them.
const TLS_VERSIONS: [&str; 4] = ["TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"];

fn resolve_versions(values: &Values) -> Result<TlsVersions, ConninfoError> {
    let place = |key: &'static str, default: usize| match values.get(key).map(String::as_str) {
        None | Some("") => Ok(default),
        Some(text) => TLS_VERSIONS
            .iter()
            .position(|version| version.eq_ignore_ascii_case(text))
            .ok_or_else(|| ConninfoError::Value { key, value: text.to_owned() }),
    };
    let (least, most) = (place("ssl_min_protocol_version", 2)?, place("ssl_max_protocol_version", 3)?);
    let versions = TlsVersions { v1_2: least <= 2 && most >= 2, v1_3: most >= 3 };
    if !versions.v1_2 && !versions.v1_3 {
        let key = "ssl_max_protocol_version";
        let reason = match most < 2 {
            true => "this program has TLS 1.2 and 1.3",
            false => "it is below ssl_min_protocol_version",
        };
        return Err(ConninfoError::Unsupported { key, value: TLS_VERSIONS[most].to_owned(), reason });
    }
    Ok(versions)
}

fn resolve_tls(values: &Values, environment: &Environment) -> Result<TlsSettings, ConninfoError> {
    let given = |key: &str| values.get(key).map(String::as_str).filter(|value| !value.is_empty());
    let file = |key: &str, default: &str| match given(key) {
        Some(path) => ClientFile::Given(PathBuf::from(path)),
        None => ClientFile::Default(environment.in_home(default)),
    };
    let modes = [
        ("prefer", SslMode::Prefer),
        ("disable", SslMode::Disable),
        ("allow", SslMode::Allow),
        ("require", SslMode::Require),
        ("verify-ca", SslMode::VerifyCa),
        ("verify-full", SslMode::VerifyFull),
    ];
    let mut mode = choice(values, "sslmode", &modes)?;
    let roots = match given("sslrootcert") {
        Some("system") => {
            // With every public authority trusted, a certificate says nothing unless the name is checked too.
            match given("sslmode") {
                None => mode = SslMode::VerifyFull,
                Some("verify-full") => {}
                Some(weak) => {
                    let reason = "sslrootcert=system needs sslmode=verify-full";
                    return Err(ConninfoError::Unsupported { key: "sslmode", value: weak.to_owned(), reason });
                }
            }
            RootCertificates::System
        }
        Some(path) => RootCertificates::File(PathBuf::from(path)),
        None => RootCertificates::DefaultFile(environment.in_home(".postgresql/root.crt")),
    };
    let direct = choice(values, "sslnegotiation", &[("postgres", false), ("direct", true)])?;
    if direct && mode < SslMode::Require {
        let reason = "direct TLS needs sslmode=require or stronger";
        return Err(ConninfoError::Unsupported { key: "sslnegotiation", value: "direct".to_owned(), reason });
    }
    Ok(TlsSettings {
        mode,
        direct,
        roots,
        certificate: match choice(values, "sslcertmode", &[("allow", true), ("disable", false), ("require", true)])? {
            true => file("sslcert", ".postgresql/postgresql.crt"),
            false => ClientFile::Default(None),
        },
        key: file("sslkey", ".postgresql/postgresql.key"),
        // As libpq, the default file counts only where neither is named.
        revocations: match given("sslcrldir") {
            Some(_) if given("sslcrl").is_none() => ClientFile::Default(None),
            _ => file("sslcrl", ".postgresql/root.crl"),
        },
        revocation_folder: given("sslcrldir").map(PathBuf::from),
        versions: resolve_versions(values)?,
        send_server_name: choice(values, "sslsni", &[("1", true), ("0", false)])?,
    })
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
