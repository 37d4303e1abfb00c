//! Connection options under psql's letters, and what a server's error means for the exit code.

use std::io::{IsTerminal, stderr, stdin};

use pgslotplan::pg::{
    connect::{Session, SessionPurpose},
    environment::Environment,
    error::{ErrorClass, PgError},
    settings::{ConnectionInput, ConnectionSettings, ConnectionSide, Endpoint, Host, TargetSession},
};

use super::output::{Console, Exit, Failure};

/// Where the publisher is. `PG*` variables, `.pgpass` and service files count as they do for psql.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Connection options")]
pub struct PublisherArgs {
    /// Connection string, URI or database name
    #[arg(value_name = "CONNINFO", env = "PGSLOTPLAN_PUBLISHER", hide_env_values = true)]
    conninfo: Option<String>,
    /// The same as CONNINFO
    #[arg(short = 'd', long = "dbname", value_name = "CONNINFO", conflicts_with = "conninfo")]
    dbname: Option<String>,
    /// Host or socket folder
    #[arg(short = 'h', long, value_name = "HOST")]
    host: Option<String>,
    /// Port
    #[arg(short = 'p', long, value_name = "PORT")]
    port: Option<String>,
    /// User
    #[arg(short = 'U', long, value_name = "NAME")]
    username: Option<String>,
    /// Never ask for a password
    #[arg(short = 'w', long)]
    no_password: bool,
    /// Ask for a password before connecting
    #[arg(short = 'W', long, conflicts_with = "no_password")]
    password: bool,
    /// Command whose output is the password, run at every connect
    #[arg(long, value_name = "COMMAND")]
    password_command: Option<String>,
}

impl std::fmt::Debug for PublisherArgs {
    /// A connection string may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PublisherArgs").finish_non_exhaustive()
    }
}

/// A server that can be connected to again and again with the same settings.
pub struct Server {
    settings: ConnectionSettings,
    environment: Environment,
    purpose: SessionPurpose,
}

impl Server {
    /// Opens another session.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub async fn open(&self) -> Result<Session, PgError> {
        Session::open(&self.settings, self.purpose, &self.environment).await
    }

    /// A session with each of its hosts, whatever answers there: where it is, and the session or why there is none.
    pub async fn open_each(&self) -> Vec<(String, Result<Session, PgError>)> {
        let mut sessions = Vec::new();
        for host in &self.settings.hosts {
            let settings = ConnectionSettings {
                hosts: vec![host.clone()],
                target_session: TargetSession::Any,
                ..self.settings.clone()
            };
            sessions.push((host.to_string(), Session::open(&settings, self.purpose, &self.environment).await));
        }
        sessions
    }

    /// Where it is, when only its own machine reaches it like that: a Unix socket or a loopback address.
    pub fn local_address(&self) -> Option<String> {
        let local = |host: &Host| match &host.endpoint {
            Endpoint::Socket(_) => true,
            Endpoint::Tcp { host, address } => {
                let address = address.or_else(|| host.parse().ok());
                host == "localhost" || address.is_some_and(|address| address.is_loopback())
            }
        };
        let hosts = &self.settings.hosts;
        hosts.iter().all(local).then(|| hosts.first().map(Host::to_string)).flatten()
    }

    /// Where it is.
    pub fn settings(&self) -> &ConnectionSettings {
        &self.settings
    }
}

/// Connects to the subscriber that a connection string names; `PG*` variables never fill it in.
pub async fn connect_subscriber(
    conninfo: &str,
    password_command: Option<&str>,
    purpose: SessionPurpose,
    console: &Console,
) -> Result<(Server, Session), Failure> {
    connect_side(ConnectionSide::Subscriber, conninfo, password_command, Prompt::Allowed, purpose, console).await
}

impl PublisherArgs {
    /// Connects, asking for a password where one is needed, and says where to come back to.
    pub async fn connect(&self, purpose: SessionPurpose, console: &Console) -> Result<(Server, Session), Failure> {
        Publisher::new(self)?.open(None, purpose, console).await
    }

    fn may_ask(&self) -> bool {
        !self.no_password && !self.password && stdin().is_terminal() && stderr().is_terminal()
    }
}

/// A publisher whose databases are opened one after another; a password is asked for once.
pub struct Publisher<'a> {
    args: &'a PublisherArgs,
    input: ConnectionInput,
    environment: Environment,
}

impl<'a> Publisher<'a> {
    /// As the arguments say; asks for a password where they want it.
    pub fn new(args: &'a PublisherArgs) -> Result<Self, Failure> {
        let input = ConnectionInput {
            dbname: args.dbname.clone().or_else(|| args.conninfo.clone()),
            host: args.host.clone(),
            port: args.port.clone(),
            user: args.username.clone(),
            password: if args.password { Some(ask_password()?) } else { None },
            password_command: args.password_command.clone(),
            ..ConnectionInput::default()
        };
        Ok(Publisher { args, input, environment: Environment::of_process() })
    }

    /// Opens a session in a database, or in the one that the arguments name.
    pub async fn open(
        &mut self,
        database: Option<&str>,
        purpose: SessionPurpose,
        console: &Console,
    ) -> Result<(Server, Session), Failure> {
        self.input.database = database.map(str::to_owned);
        self.connect(purpose, console).await
    }

    /// Opens a session where databases are listed: the one that the arguments name, else `postgres`, as pg_dumpall does.
    pub async fn open_any(&mut self, purpose: SessionPurpose, console: &Console) -> Result<Session, Failure> {
        self.input.database = None;
        self.input.default_database = Some("postgres".to_owned());
        self.connect(purpose, console).await.map(|(_, session)| session)
    }

    async fn connect(&mut self, purpose: SessionPurpose, console: &Console) -> Result<(Server, Session), Failure> {
        let settings = resolve(&self.input, &self.environment)?;
        for warning in &settings.warnings {
            console.warning(warning);
        }
        console.explain(&format!("connecting to {settings}"));
        let mut server = Server { settings, environment: self.environment.clone(), purpose };
        match server.open().await {
            Err(error) if error.wants_password() && self.args.may_ask() && self.input.password.is_none() => {
                self.input.password = Some(ask_password()?);
                server.settings = resolve(&self.input, &self.environment)?;
                let session = server.open().await.map_err(server_failure)?;
                Ok((server, session))
            }
            other => Ok((server, other.map_err(server_failure)?)),
        }
    }
}

fn resolve(input: &ConnectionInput, environment: &Environment) -> Result<ConnectionSettings, Failure> {
    ConnectionSettings::resolve(input, ConnectionSide::Publisher, environment)
        .map_err(|error| server_failure(error.into()))
}

fn ask_password() -> Result<String, Failure> {
    rpassword::prompt_password("Password: ")
        .map_err(|error| Failure::new("could not read a password from the terminal").source(error))
}

/// A server's error as the command line ends on it.
pub fn server_failure(error: PgError) -> Failure {
    let exit = match error.class() {
        ErrorClass::Usage => Exit::Usage,
        ErrorClass::CannotConnect => Exit::Connection,
        ErrorClass::StatementRefused => Exit::Server,
    };
    let mut failure = Failure::new(error.to_string()).exit(exit);
    if let Some(detail) = error.detail() {
        failure = failure.detail(detail);
    }
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Both servers, where a command needs them. `PG*` variables fill in for the publisher only.
#[derive(Clone, clap::Args)]
#[command(next_help_heading = "Connection options")]
pub struct PairArgs {
    /// Publisher: connection string or URI; `PG*` variables fill in what it leaves out
    #[arg(long, value_name = "CONNINFO", env = "PGSLOTPLAN_PUBLISHER", hide_env_values = true)]
    publisher: Option<String>,
    /// Subscriber: connection string or URI
    #[arg(long, value_name = "CONNINFO", env = "PGSLOTPLAN_SUBSCRIBER", hide_env_values = true)]
    subscriber: Option<String>,
    /// Never ask for a password
    #[arg(short = 'w', long)]
    no_password: bool,
    /// Command whose output is the publisher's password, run at every connect
    #[arg(long, value_name = "COMMAND")]
    publisher_password_command: Option<String>,
    /// Command whose output is the subscriber's password, run at every connect
    #[arg(long, value_name = "COMMAND")]
    subscriber_password_command: Option<String>,
}

impl std::fmt::Debug for PairArgs {
    /// A connection string may hold a password.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PairArgs").finish_non_exhaustive()
    }
}

impl PairArgs {
    /// Connects to one side, asking for a password where one is needed; nothing when that side was not given.
    ///
    /// # Errors
    /// [`Failure`] with exit code 1 for a connection string that does not read, 2 for a server that cannot be reached.
    pub async fn connect(
        &self,
        side: ConnectionSide,
        purpose: SessionPurpose,
        console: &Console,
    ) -> Result<Option<(Server, Session)>, Failure> {
        let (conninfo, command) = match side {
            ConnectionSide::Publisher => (&self.publisher, &self.publisher_password_command),
            ConnectionSide::Subscriber => (&self.subscriber, &self.subscriber_password_command),
        };
        let Some(conninfo) = conninfo else { return Ok(None) };
        let prompt = if self.no_password { Prompt::Never } else { Prompt::Allowed };
        connect_side(side, conninfo, command.as_deref(), prompt, purpose, console).await.map(Some)
    }
}

/// Whether a person may be asked for a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Prompt {
    /// On a terminal.
    Allowed,
    /// `--no-password`.
    Never,
}

async fn connect_side(
    side: ConnectionSide,
    conninfo: &str,
    password_command: Option<&str>,
    prompt: Prompt,
    purpose: SessionPurpose,
    console: &Console,
) -> Result<(Server, Session), Failure> {
    let mut input = ConnectionInput {
        dbname: Some(conninfo.to_owned()),
        password_command: password_command.map(str::to_owned),
        ..ConnectionInput::default()
    };
    let environment = Environment::of_process();
    let resolve = |input: &ConnectionInput| {
        ConnectionSettings::resolve(input, side, &environment).map_err(|error| server_failure(error.into()))
    };
    let settings = resolve(&input)?;
    settings.warnings.iter().for_each(|warning| console.warning(warning));
    console.explain(&format!("connecting to {settings}"));
    let mut server = Server { settings, environment: environment.clone(), purpose };
    let may_ask = prompt == Prompt::Allowed && stdin().is_terminal() && stderr().is_terminal();
    let session = match server.open().await {
        Err(error) if error.wants_password() && may_ask => {
            input.password = Some(ask_password_for(side)?);
            server.settings = resolve(&input)?;
            server.open().await
        }
        other => other,
    };
    Ok((server, session.map_err(server_failure)?))
}

fn ask_password_for(side: ConnectionSide) -> Result<String, Failure> {
    let prompt = match side {
        ConnectionSide::Publisher => "Password for the publisher: ",
        ConnectionSide::Subscriber => "Password for the subscriber: ",
    };
    rpassword::prompt_password(prompt)
        .map_err(|error| Failure::new("could not read a password from the terminal").source(error))
}
