//! One throwaway server: a data folder made by initdb, a postmaster, and their end.
//!
//! Order matters for the end: the server is stopped first, then its folder goes. Both happen on drop, so also when
//! a test panics; if the whole process is killed, the kernel stops the server and the next cluster sweeps the folder.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::{fs::OFlags, process::Signal};

use super::{
    ClusterSettings, ServerBinaries, Tcp, ThrowawayError, Tools,
    account::{ServerAccount, Writing, write_as},
    error::last_lines,
    folder::ClusterFolder,
    process::{self, POLL},
    settings::conf_line,
    template,
};

/// How long a server may take to accept connections. Generous: machines under test are busy.
const START_LIMIT: Duration = Duration::from_secs(60);
/// How long a shutdown may take before the next harder one.
const STOP_LIMIT: Duration = Duration::from_secs(20);
/// Another process can take the free port between our look and the server's bind.
const PORT_ATTEMPTS: usize = 5;
/// The port when there is no TCP: it only names the socket, in a folder of its own.
const SOCKET_PORT: u16 = 5432;
const LOG_LINES: usize = 40;

/// A throwaway server. Stopped and deleted when dropped.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order by `Drop`: the process ends before its folder goes.
    process: Option<Child>,
    folder: ClusterFolder,
    binaries: ServerBinaries,
    tools: Tools,
    account: Option<ServerAccount>,
    port: u16,
    tcp: Tcp,
}

impl Cluster {
    /// Makes and starts a server; see [`super::Servers::start`].
    pub(super) fn start(
        binaries: ServerBinaries,
        tools: Tools,
        settings: &ClusterSettings,
    ) -> Result<Self, ThrowawayError> {
        let account = ServerAccount::current();
        let folder = ClusterFolder::create(account)?;
        let mut cluster =
            Cluster { process: None, folder, binaries, tools, account, port: SOCKET_PORT, tcp: settings.tcp };
        cluster.initialize(settings)?;
        for attempt in 1.. {
            if settings.tcp == Tcp::Loopback {
                cluster.port = free_port()?;
            }
            match cluster.start_again() {
                Err(ThrowawayError::Start { log, .. }) if attempt < PORT_ATTEMPTS && is_port_taken(&log) => {}
                other => return other.map(|()| cluster),
            }
        }
        unreachable!("the loop ends by returning")
    }

    /// The major version.
    pub fn major(&self) -> u32 {
        self.binaries.major
    }

    /// The port; without TCP it only names the socket.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of the socket, what libpq takes as `host`.
    pub fn socket_folder(&self) -> PathBuf {
        self.folder.sockets()
    }

    /// The folder that goes away with this value: data, sockets, log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.data()
    }

    /// Where psql and its family come from.
    pub fn tools(&self) -> &Tools {
        &self.tools
    }

    /// Everything the server has logged so far.
    pub fn server_log(&self) -> String {
        fs::read(self.folder.log()).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    }

    /// A connection string over the socket as the superuser.
    pub fn conninfo(&self, database: &str) -> String {
        format!(
            "host={} port={} user=postgres dbname={}",
            quoted(&self.socket_folder().to_string_lossy()),
            self.port,
            quoted(database)
        )
    }

    /// A connection string over TCP, without user and password; none when the server does not listen.
    pub fn tcp_conninfo(&self, database: &str) -> Option<String> {
        (self.tcp == Tcp::Loopback).then(|| format!("host=127.0.0.1 port={} dbname={}", self.port, quoted(database)))
    }

    /// The same as [`Self::conninfo`] as a URI.
    pub fn uri(&self, database: &str) -> String {
        format!(
            "postgresql://postgres@/{}?host={}&port={}",
            percent_encoded(database),
            percent_encoded(&self.socket_folder().to_string_lossy()),
            self.port
        )
    }

    /// True while the postmaster lives.
    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|child| matches!(child.try_wait(), Ok(None)))
    }

    /// A fast shutdown: clients are disconnected, the data folder is left clean. Nothing happens if it is stopped.
    pub fn stop(&mut self) {
        self.end(&[(Signal::INT, STOP_LIMIT), (Signal::QUIT, STOP_LIMIT)]);
    }

    /// Ends the server as a crash does: no checkpoint, recovery at the next start.
    pub fn crash(&mut self) {
        self.end(&[(Signal::QUIT, STOP_LIMIT)]);
    }

    /// Stops and starts, on the same port and socket.
    ///
    /// # Errors
    /// As [`Self::start_again`].
    pub fn restart(&mut self) -> Result<(), ThrowawayError> {
        self.stop();
        self.start_again()
    }

    /// Makes the server read its configuration files again.
    pub fn reload(&self) {
        if let Some(child) = &self.process {
            process::signal(child, Signal::HUP);
        }
    }

    /// Adds a parameter to `postgresql.conf`; it holds from the next reload or restart on, whichever it needs.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn configure(&self, name: &str, value: &str) -> Result<(), ThrowawayError> {
        self.write("postgresql.conf", Writing::Append, conf_line(name, value).as_bytes())
    }

    /// Writes a file of the data folder, as the server's account.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write_data(&self, name: &str, bytes: &[u8]) -> Result<(), ThrowawayError> {
        self.write(name, Writing::Replace, bytes)
    }

    fn write(&self, name: &str, how: Writing, bytes: &[u8]) -> Result<(), ThrowawayError> {
        write_as(self.account, &self.folder.data().join(name), how, bytes)
    }

    /// From the next start on, programs come from another folder with `bin`, `lib` and `share`, of the same data format.
    pub fn use_programs_of(&mut self, folder: &Path) {
        folder.clone_into(&mut self.binaries.folder);
    }

    /// Starts a stopped or crashed server on the same port and socket; nothing happens if it is running.
    ///
    /// # Errors
    /// [`ThrowawayError::Start`] with the end of the log.
    pub fn start_again(&mut self) -> Result<(), ThrowawayError> {
        if self.is_running() {
            return Ok(());
        }
        let log = fs::File::options().create(true).append(true).open(self.folder.log());
        let log = log.map_err(ThrowawayError::io("open", self.folder.log()))?;
        let mut command = self.command("postgres");
        command.arg("-D").arg(self.folder.data()).args(["-p", &self.port.to_string()]).stderr(log);
        self.process = Some(process::spawn(command).map_err(|error| self.failure(format!("postgres: {error}")))?);
        self.wait_until_ready()
    }

    fn initialize(&self, settings: &ClusterSettings) -> Result<(), ThrowawayError> {
        let data = self.folder.data();
        let is_plain = settings.initdb_arguments.is_empty();
        let restored = is_plain && template::restore(&self.binaries, &data);
        self.account.map_or(Ok(()), |account| account.own(&data))?;
        if !restored {
            self.initdb(&settings.initdb_arguments)?;
        }
        if is_plain && !restored {
            template::keep(&self.binaries, &data, self.account);
        }
        let conf = settings.to_conf(self.major(), &self.folder.sockets().to_string_lossy());
        self.write("postgresql.conf", Writing::Append, conf.as_bytes())?;
        self.write_data("pg_hba.conf", settings.to_hba().as_bytes())?;
        let Some(tls) = &settings.tls else { return Ok(()) };
        self.place(&tls.certificate, "server.crt")?;
        self.place(&tls.key, "server.key")?;
        tls.client_authority.as_deref().map_or(Ok(()), |authority| self.place(authority, "root.crt"))
    }

    fn initdb(&self, arguments: &[String]) -> Result<(), ThrowawayError> {
        let mut command = self.command("initdb");
        command.args(["--no-sync", "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C"]);
        command.args(arguments).arg("-D").arg(self.folder.data());
        let output = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()
            .map_err(|error| self.failure(format!("initdb: {error}")))?;
        if output.status.success() {
            return Ok(());
        }
        let log = last_lines(&String::from_utf8_lossy(&output.stderr), LOG_LINES);
        Err(ThrowawayError::Start { major: self.major(), reason: format!("initdb failed ({})", output.status), log })
    }

    /// Copies a file into the data folder, readable by the server alone: it refuses keys that others can read.
    fn place(&self, source: &Path, name: &str) -> Result<(), ThrowawayError> {
        let bytes = fs::read(source).map_err(ThrowawayError::io("read", source))?;
        self.write_data(name, &bytes)
    }

    /// A program of the server's package, as the servers' account and with a clean environment.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.binaries.program(program));
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C").env("TZ", "UTC");
        command.current_dir(self.folder.data()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        if let Some(account) = self.account {
            account.apply(&mut command);
        }
        command
    }

    /// Ready is what `pg_ctl` takes for it: the eighth line of `postmaster.pid`, written by this very postmaster.
    fn wait_until_ready(&mut self) -> Result<(), ThrowawayError> {
        let file = self.folder.data().join("postmaster.pid");
        let start = Instant::now();
        loop {
            let pid = self.process.as_ref().map(Child::id).unwrap_or_default().to_string();
            let text = read_plain(&file).unwrap_or_default();
            let mut lines = text.lines();
            if lines.next().map(str::trim) == Some(&pid) && lines.nth(6).map(str::trim) == Some("ready") {
                return Ok(());
            }
            if !self.is_running() {
                self.process = None;
                return Err(self.failure("the server ended while starting".to_owned()));
            }
            if start.elapsed() > START_LIMIT {
                self.crash();
                return Err(self.failure(format!("not ready after {START_LIMIT:?}")));
            }
            thread::sleep(POLL);
        }
    }

    fn failure(&self, reason: String) -> ThrowawayError {
        ThrowawayError::Start { major: self.major(), reason, log: last_lines(&self.server_log(), LOG_LINES) }
    }

    fn end(&mut self, steps: &[(Signal, Duration)]) {
        if let Some(mut child) = self.process.take() {
            process::end(&mut child, steps);
        }
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // Nobody will read the data again, so no checkpoint, and no wait for walsenders to drain.
        self.crash();
    }
}

/// A small file in a folder of somebody else: no link, no pipe to wait at.
fn read_plain(path: &Path) -> std::io::Result<String> {
    use std::{io::Read, os::unix::fs::OpenOptionsExt};
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = fs::File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    let mut text = String::new();
    file.take(4096).read_to_string(&mut text)?;
    Ok(text)
}

fn free_port() -> Result<u16, ThrowawayError> {
    let bound = TcpListener::bind(("127.0.0.1", 0)).and_then(|listener| listener.local_addr());
    bound.map(|address| address.port()).map_err(ThrowawayError::io("find a free port on", "127.0.0.1"))
}

fn is_port_taken(log: &str) -> bool {
    log.contains("Address already in use")
}

/// A value in a keyword/value connection string.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', "\\\\").replace('\'', "\\'"))
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connection_strings_keep_odd_names_whole() {
        assert_eq!(quoted("a'b\\c d"), "'a\\'b\\\\c d'");
        assert_eq!(percent_encoded("/tmp/a b?é"), "%2Ftmp%2Fa%20b%3F%C3%A9");
    }
}
