//! A real PgBouncer in a folder of its own: transaction pooling, one entry `app`, its console on 127.0.0.1.

use std::{
    fs::{self, File},
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::Failed;
use pgslotplan::throwaway::Cluster;

/// The account that PgBouncer runs as when the tests run as root, which it refuses.
const NOBODY: u32 = 65534;

pub struct Bouncer {
    process: Option<Child>,
    folder: tempfile::TempDir,
    pub port: u16,
}

impl Bouncer {
    /// Starts one that leads to a database of a server, as its superuser.
    pub fn start(server: &Cluster, database: &str) -> Result<Self, Failed> {
        Bouncer::start_as(server, database, " user=postgres", "trust", "\"postgres\" \"\"\n")
    }

    /// Starts one whose entries have these options, with a way to log in and a list of users.
    pub fn start_as(
        server: &Cluster,
        database: &str,
        options: &str,
        auth_type: &str,
        users: &str,
    ) -> Result<Self, Failed> {
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port();
        fs::write(folder.path().join("users"), users)?;
        fs::set_permissions(folder.path().join("users"), fs::Permissions::from_mode(0o644))?;
        let users = folder.path().join("users").display().to_string();
        let ini = format!(
            ";app = host=commented.example\n[databases]\n;app = host=commented.example\nother = host=127.0.0.1 port=1 dbname=other\n\
             jobs = host=127.0.0.1 port={old} dbname={database}{options}\n\
             app = host=127.0.0.1 port={old} dbname={database}{options}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = {auth_type}\nauth_file = {users}\nadmin_users = postgres\npool_mode = transaction\n\
             default_pool_size = 20\nserver_login_retry = 1\nignore_startup_parameters = extra_float_digits\n",
            old = server.port(),
            database = format_args!("'{}'", database.replace('\'', "''"))
        );
        fs::write(folder.path().join("pgbouncer.ini"), ini)?;
        let mut bouncer = Bouncer { process: None, folder, port };
        bouncer.start_again()?;
        Ok(bouncer)
    }

    /// Starts it where it is not running, with the configuration as it is now.
    pub fn start_again(&mut self) -> Result<(), Failed> {
        if self.process.is_some() {
            return Ok(());
        }
        let path = self.folder.path().join("log");
        let log = File::options().create(true).append(true).open(&path)?;
        let mut command = Command::new("pgbouncer");
        command.arg(self.ini()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        if rustix::process::geteuid().is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        let process = self.process.insert(command.spawn()?);
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if begun.elapsed() > Duration::from_secs(20) || process.try_wait()?.is_some() {
                return Err(
                    format!("pgbouncer does not listen: {}", fs::read_to_string(&path).unwrap_or_default()).into()
                );
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }

    /// Changes its configuration and starts it anew; what the configuration was.
    pub fn rewrite(&mut self, change: impl FnOnce(String) -> String) -> Result<String, Failed> {
        self.crash();
        let before = fs::read_to_string(self.ini())?;
        fs::write(self.ini(), change(before.clone()))?;
        self.start_again()?;
        Ok(before)
    }

    /// Ends it as a crash does.
    pub fn crash(&mut self) {
        if let Some(mut process) = self.process.take() {
            let _ = process.kill();
            let _ = process.wait();
        }
    }

    pub fn ini(&self) -> PathBuf {
        self.folder.path().join("pgbouncer.ini")
    }

    pub fn console(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=pgbouncer", self.port)
    }

    /// Connection string of a client.
    pub fn conninfo(&self) -> String {
        format!("host=127.0.0.1 port={} user=postgres dbname=app", self.port)
    }
}

/// `cutover.conf` in a state folder, for PgBouncers b0, b1 and so on and their entry `app`, without a comparison of all rows; what
/// follows overrides it.
pub fn configure(state: &Path, bouncers: &[Bouncer], old: &Cluster, new: &Cluster, more: &str) -> Result<(), Failed> {
    let names: Vec<String> = (0..bouncers.len()).map(|number| format!("b{number}")).collect();
    let mut conf = format!(
        "PGBOUNCERS='{}'\nPGBOUNCER_DATABASES='app'\nPAUSE_SECONDS=20\nMOST_BYTES_BEHIND=200000000\nWITHOUT=verify\n",
        names.join(" ")
    );
    for (name, bouncer) in names.iter().zip(bouncers) {
        conf += &format!("{name}_console='{}'\n{name}_ini='{}'\n", bouncer.console(), bouncer.ini().display());
    }
    let (old, new) = (old.port(), new.port());
    conf += &format!("OLD_HOST=127.0.0.1 OLD_PORT={old}\nNEW_HOST=127.0.0.1 NEW_PORT={new}\n{more}\n");
    fs::create_dir_all(state)?;
    Ok(fs::write(state.join("cutover.conf"), conf)?)
}

impl Drop for Bouncer {
    fn drop(&mut self) {
        self.crash();
    }
}
