//! A real Patroni cluster on this machine: etcd, and some nodes that each have a Patroni and its PostgreSQL. Patroni comes from PyPI,
//! pinned by `packages.txt`, etcd from the machine; that they cannot be had is a failure.

use std::{
    fs,
    net::TcpListener,
    os::unix::fs::{PermissionsExt, chown, symlink},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use libtest_mimic::Failed;
use pgslotplan::throwaway::{Servers, as_server_account, cache_folder};
use rustix::process::{Pid, Signal, kill_process};

use crate::{
    pair::{bare, told},
    wheels,
};

/// The account that servers run as when the tests run as root.
const NOBODY: u32 = 65534;

/// Pure Python of which no wheel is published: the store's client, and a part of patronictl.
const SOURCES: &str =
    "python-etcd==0.4.5 --hash=sha256:f1b5ebb825a3e8190494f5ce1509fde9069f2754838ed90402a8c11e1f52b8cb
ydiff==1.4.2 --hash=sha256:369be623dcde7954d98973fb9db1780d64f0353982bf3ac85818f3d62ff452b0
";

const UNPACK: &str = "import glob, sys, tarfile, zipfile
for wheel in glob.glob(sys.argv[1] + '/*.whl'):
    zipfile.ZipFile(wheel).extractall(sys.argv[2])
for source in glob.glob(sys.argv[1] + '/*.tar.gz'):
    with tarfile.open(source) as archive:
        for member in archive.getmembers():
            parts = member.name.split('/')
            if member.isfile() and (parts[1:3] == ['src', 'etcd'] or parts[1:] == ['ydiff.py']):
                member.name = '/'.join(parts[1:]).removeprefix('src/')
                archive.extract(member, sys.argv[2])";

/// One node.
pub struct Node {
    pub name: String,
    pub port: u16,
    api: u16,
    patroni: Option<Child>,
}

pub struct Patroni {
    scope: String,
    folder: tempfile::TempDir,
    python: PathBuf,
    packages: PathBuf,
    etcd: Child,
    pub nodes: Vec<Node>,
}

/// A Python that the servers' account may run, and its version, as in `3.11`.
fn python() -> Result<(PathBuf, String), Failed> {
    for candidate in ["python3", "/usr/bin/python3"] {
        let mut command = Command::new(candidate);
        command.args(["-c", "import sys; print(sys.executable, '%d.%d' % sys.version_info[:2])"]).current_dir("/");
        as_server_account(&mut command);
        let Ok(output) = command.output() else { continue };
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if let (true, Some((path, version))) = (output.status.success(), text.trim().rsplit_once(' ')) {
            return Ok((path.into(), version.to_owned()));
        }
    }
    Err("no python3 that the servers' account may run".into())
}

/// The Python to run, and the folder for PYTHONPATH, made now if it is not there.
pub fn install() -> Result<(PathBuf, PathBuf), Failed> {
    let (python, version) = python()?;
    Ok((python, packages(&version)?))
}

fn packages(version: &str) -> Result<PathBuf, Failed> {
    let pins = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/patroni/packages.txt");
    let text = fs::read_to_string(&pins)?;
    let folder = cache_folder()?;
    fs::create_dir_all(&folder)?;
    let sources = tempfile::NamedTempFile::new()?;
    fs::write(sources.path(), SOURCES)?;
    let binary = ["--only-binary=:all:", "--implementation", "cp", "--python-version", version];
    let downloads: [(&Path, &[&str]); 2] = [(&pins, &binary), (sources.path(), &["--no-binary=:all:"])];
    // another list of packages is another folder
    wheels::unpacked(folder.join(format!("patroni-{}-{version}", text.len())), "Patroni", &downloads, UNPACK)
}

fn free_port() -> Result<u16, Failed> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}

/// A folder of the servers' account.
fn own_folder(path: &Path) -> Result<(), Failed> {
    fs::create_dir_all(path)?;
    if rustix::process::geteuid().is_root() {
        chown(path, Some(NOBODY), Some(NOBODY))?;
    }
    Ok(())
}

/// The server's programs and those beside them that Patroni runs. `pg_controldata` reads the format of 13 to 17 with the program of 16.
fn programs(servers: &Servers, major: u32, folder: &Path) -> Result<(), Failed> {
    fs::create_dir_all(folder)?;
    let server = servers.packages().server(major)?;
    for name in ["postgres", "initdb", "pg_ctl"] {
        symlink(server.program(name), folder.join(name))?;
    }
    let newest = servers.tools().packaged(18)?;
    let control = if major >= 18 { newest.clone() } else { servers.tools().packaged(16)? };
    symlink(control.join("pg_controldata"), folder.join("pg_controldata"))?;
    for name in ["pg_basebackup", "pg_isready"] {
        symlink(newest.join(name), folder.join(name))?;
    }
    Ok(())
}

impl Patroni {
    /// Starts nodes n1, n2, …; the first is the leader, and acknowledged writes are on one standby, too. What more a node's own
    /// configuration says, by its number.
    pub fn start(
        servers: &Servers,
        scope: &str,
        major: u32,
        count: usize,
        own: impl Fn(usize) -> String,
    ) -> Result<Self, Failed> {
        let (python, packages) = install()?;
        let folder = tempfile::tempdir()?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        programs(servers, major, &folder.path().join("bin"))?;
        let (client, peer) = (free_port()?, free_port()?);
        own_folder(&folder.path().join("store"))?;
        let mut etcd = Command::new("etcd");
        let (clients, peers) = (format!("http://127.0.0.1:{client}"), format!("http://127.0.0.1:{peer}"));
        etcd.arg("--data-dir").arg(folder.path().join("store/etcd"));
        etcd.args([
            "--listen-client-urls",
            &clients,
            "--advertise-client-urls",
            &clients,
            "--listen-peer-urls",
            &peers,
        ]);
        etcd.args(["--initial-advertise-peer-urls", &peers, "--initial-cluster", &format!("default={peers}")]);
        etcd.args(["--logger", "zap", "--log-level", "error"]);
        let log = fs::File::create(folder.path().join("etcd.log"))?;
        etcd.env_clear()
            .env("PATH", "/usr/bin:/bin")
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        as_server_account(&mut etcd);
        let etcd = etcd.spawn().map_err(|error| format!("etcd (package etcd-server): {error}"))?;
        let mut cluster = Patroni { scope: scope.to_owned(), folder, python, packages, etcd, nodes: Vec::new() };
        for number in 1..=count {
            let node = Node { name: format!("n{number}"), port: free_port()?, api: free_port()?, patroni: None };
            own_folder(&cluster.folder.path().join(&node.name))?;
            let configuration = cluster.configuration(&node, client, &own(number));
            fs::write(cluster.folder.path().join(format!("{}.yml", node.name)), configuration)?;
            cluster.nodes.push(node);
        }
        for number in 0..count {
            cluster.start_node(number)?;
            if number == 0 {
                cluster.until("a leader", |cluster| Ok(cluster.leader().is_ok()))?;
            }
        }
        // a base backup streams, too: they are asked themselves
        let streams = "SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'";
        let all = |cluster: &Patroni| {
            Ok((1..count).all(|number| cluster.query_node(number, "postgres", streams).is_ok_and(|found| found == "1")))
        };
        cluster.until("its standbys", all)?;
        Ok(cluster)
    }

    fn configuration(&self, node: &Node, store: u16, own: &str) -> String {
        let home = self.folder.path().join(&node.name);
        let (name, port, api) = (&node.name, node.port, node.api);
        format!(
            "scope: {scope}\nname: {name}\nrestapi: {{listen: '127.0.0.1:{api}', connect_address: '127.0.0.1:{api}'}}\n\
             etcd3: {{host: '127.0.0.1:{store}'}}\n\
             bootstrap:\n  dcs:\n    ttl: 20\n    loop_wait: 2\n    retry_timeout: 6\n    synchronous_mode: true\n    postgresql:\n      \
             use_slots: true\n      use_pg_rewind: false\n      remove_data_directory_on_diverged_timelines: true\n      parameters: {{wal_level: logical, max_wal_senders: 30, max_replication_slots: 30, \
             max_worker_processes: 40, max_connections: 100, max_logical_replication_workers: 30, fsync: 'off', \
             shared_buffers: 32MB, wal_keep_size: 64MB, wal_receiver_status_interval: 1s, wal_retrieve_retry_interval: 200ms}}\n  \
             initdb: [{{encoding: UTF8}}, {{locale: C}}]\n\
             postgresql:\n  listen: '127.0.0.1:{port}'\n  connect_address: '127.0.0.1:{port}'\n  data_dir: {home}/data\n  bin_dir: {bin}\n  \
             pgpass: {home}/pgpass\n  authentication:\n    superuser: {{username: postgres, password: x}}\n    \
             replication: {{username: replicator, password: x}}\n  parameters: {{unix_socket_directories: '{home}'{own}}}\n  \
             pg_hba: ['local all all trust', 'host all all 127.0.0.1/32 trust', 'host replication all 127.0.0.1/32 trust']\n",
            scope = self.scope,
            home = home.display(),
            bin = self.folder.path().join("bin").display(),
        )
    }

    /// Starts the Patroni of a node, which starts its server.
    pub fn start_node(&mut self, number: usize) -> Result<(), Failed> {
        let name = self.nodes[number].name.clone();
        let log = fs::File::options().create(true).append(true).open(self.folder.path().join(format!("{name}.log")))?;
        let mut command = self.modules();
        command
            .args(["-m", "patroni"])
            .arg(self.folder.path().join(format!("{name}.yml")))
            .stdout(log.try_clone()?)
            .stderr(log);
        as_server_account(&mut command);
        self.nodes[number].patroni = Some(command.spawn()?);
        Ok(())
    }

    /// Python with Patroni's modules and a clean environment.
    fn modules(&self) -> Command {
        let mut command = Command::new(&self.python);
        command.env_clear().env("PATH", "/usr/bin:/bin").env("LC_ALL", "C.UTF-8");
        command.env("PYTHONPATH", &self.packages).env("PYTHONDONTWRITEBYTECODE", "1").env("HOME", self.folder.path());
        command.current_dir("/").stdin(Stdio::null());
        command
    }

    /// A node ends as a machine does that loses its power.
    pub fn kill_node(&mut self, number: usize) -> Result<(), Failed> {
        if let Some(mut patroni) = self.nodes[number].patroni.take() {
            patroni.kill()?;
            patroni.wait()?;
        }
        if let Some(pid) = self.postmaster(number) {
            kill_process(pid, Signal::KILL)?;
        }
        Ok(())
    }

    fn postmaster(&self, number: usize) -> Option<Pid> {
        let file = self.folder.path().join(&self.nodes[number].name).join("data/postmaster.pid");
        let text = fs::read_to_string(file).ok()?;
        let pid: i32 = text.lines().next()?.trim().parse().ok()?;
        // a server that ended by itself left the number to whoever came next
        let is_ours = fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("postgres"));
        is_ours.then(|| Pid::from_raw(pid)).flatten()
    }

    /// A connection string with every node, which finds the leader.
    pub fn conninfo(&self, database: &str) -> String {
        let hosts = vec!["127.0.0.1"; self.nodes.len()].join(",");
        let ports = self.nodes.iter().map(|node| node.port.to_string()).collect::<Vec<_>>().join(",");
        format!(
            "host={hosts} port={ports} user=postgres dbname={database} target_session_attrs=read-write connect_timeout=5"
        )
    }

    /// One statement on the leader; its only value.
    pub fn query(&self, database: &str, sql: &str) -> Result<String, Failed> {
        query(&self.conninfo(database), sql)
    }

    /// One statement on a node.
    pub fn query_node(&self, number: usize, database: &str, sql: &str) -> Result<String, Failed> {
        query(&format!("host=127.0.0.1 port={} user=postgres dbname={database}", self.nodes[number].port), sql)
    }

    /// The number of the node that takes writes.
    pub fn leader(&self) -> Result<usize, Failed> {
        let port = self.query("postgres", "SELECT inet_server_port()")?;
        let found = self.nodes.iter().position(|node| node.port.to_string() == port);
        found.ok_or_else(|| format!("no node has port {port}").into())
    }

    /// Waits until something is so; that it cannot be told is no answer yet, since servers come and go.
    pub fn until(&self, what: &str, is_so: impl Fn(&Patroni) -> Result<bool, Failed>) -> Result<(), Failed> {
        let begun = Instant::now();
        loop {
            let answer = is_so(self);
            if matches!(answer, Ok(true)) {
                return Ok(());
            }
            if begun.elapsed() > Duration::from_secs(300) {
                let logs: Vec<String> = self
                    .nodes
                    .iter()
                    .map(|node| {
                        let text = fs::read_to_string(self.folder.path().join(format!("{}.log", node.name)))
                            .unwrap_or_default();
                        let lines: Vec<&str> = text.lines().rev().take(8).collect();
                        format!("{}: {}", node.name, lines.into_iter().rev().collect::<Vec<_>>().join("\n"))
                    })
                    .collect();
                let last = answer.err().and_then(|error| error.message().map(str::to_owned)).unwrap_or_default();
                return Err(format!("no {what}: {last}\n{}", logs.join("\n")).into());
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// Whether a node's Patroni said of every slot that it was told to copy last that it would serve after a failover.
    pub fn says_safe(&self, number: usize) -> bool {
        let name = &self.nodes[number].name;
        let text = fs::read_to_string(self.folder.path().join(format!("{name}.log"))).unwrap_or_default();
        let Some(copied) = text.rfind("Copying logical slots [") else { return false };
        let wanted = text[copied..].split(']').next().unwrap_or_default().matches('\'').count() / 2;
        text[copied..].matches("is safe to be used after a failover").count() >= wanted
    }

    /// `patronictl` as a shell would run the rest of its command line.
    pub fn control(&self, arguments: &str) -> Result<String, Failed> {
        let configuration = self.folder.path().join("n1.yml");
        let script = format!("exec \"$@\" {arguments}");
        let mut inner = self.modules();
        inner.args(["-c", "from patroni.ctl import ctl; ctl(prog_name='patronictl')", "-c"]).arg(configuration);
        let mut command = Command::new("sh");
        command.args(["-c", &script, "sh"]).arg(inner.get_program()).args(inner.get_args());
        command
            .env_clear()
            .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
            .stdin(Stdio::null());
        let (code, out, errors) = told(command.output()?);
        if code != 0 {
            return Err(format!("patronictl {arguments}: exit code {code}: {out}{errors}").into());
        }
        Ok(out)
    }

    /// The commands of a hint, as a person copies them who puts the cluster's name into them.
    pub fn follow(&self, hint: &str) -> Result<(), Failed> {
        for part in hint.split("patronictl ").skip(1) {
            let command = part.split(". ").next().unwrap_or_default().split("; then").next().unwrap_or_default();
            let command = command.trim_end().trim_end_matches('.').replace("CLUSTER", &self.scope);
            self.control(&command.replace("edit-config", "edit-config --force"))?;
        }
        Ok(())
    }

    /// Waits until Patroni itself knows of a standby that has all that is acknowledged: no other one is promoted.
    pub fn until_protected(&self) -> Result<(), Failed> {
        self.until("synchronous standby", |cluster| {
            Ok(cluster.control(&format!("list {}", cluster.scope))?.contains("Sync Standby"))
        })
    }

    /// A switchover on purpose, to the standby that has all that is acknowledged; the number of the new leader.
    pub fn switch_over(&self) -> Result<usize, Failed> {
        let leader = self.leader()?;
        let standby =
            "SELECT application_name FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'";
        self.until_protected()?;
        self.until("synchronous standby", |cluster| Ok(!cluster.query("postgres", standby)?.is_empty()))?;
        let name = self.query("postgres", standby)?;
        let command =
            format!("switchover {} --leader {} --candidate {name} --force", self.scope, self.nodes[leader].name);
        // Patroni itself takes a moment to know it
        self.until("switchover", |cluster| match cluster.control(&command)? {
            said if said.contains("Successfully switched over") => Ok(true),
            said => Err(said.into()),
        })?;
        let candidate = self.nodes.iter().position(|node| node.name == name).ok_or("a node")?;
        self.until(&format!("new leader {name}"), |cluster| Ok(cluster.leader().is_ok_and(|now| now == candidate)))?;
        Ok(candidate)
    }
}

impl Drop for Patroni {
    fn drop(&mut self) {
        for number in 0..self.nodes.len() {
            let _ = self.kill_node(number);
        }
        let _ = self.etcd.kill();
        let _ = self.etcd.wait();
    }
}

fn query(conninfo: &str, sql: &str) -> Result<String, Failed> {
    let mut command = bare("psql");
    let (code, out, errors) =
        told(command.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-d", conninfo, "-c", sql]).output()?);
    if code != 0 {
        return Err(format!("{sql}: {errors}").into());
    }
    Ok(out.trim_end().to_owned())
}
