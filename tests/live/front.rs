//! `sample --from-prometheus` through a server in front, as Mimir's gateway or a reverse proxy is: it wants a tenant, a token or
//! a login, looks at every request, and hands it on to a real Prometheus.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
    thread,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::{
    format,
    throwaway::{ClusterSettings, Servers},
    workload::Workload,
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};

use crate::{
    bench::case,
    prometheus::{Prometheus, load_blocks, openmetrics, sample},
    sample::error_text,
};

pub fn trials() -> Vec<Trial> {
    vec![case("front::tenants_tokens_and_logins_reach_the_server", 1, tenants_tokens_and_logins)]
}

/// A request as it came.
#[derive(Clone)]
struct Request {
    line: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn header(&self, name: &str) -> Vec<&str> {
        let named = self.headers.iter().filter(|(found, _)| found.eq_ignore_ascii_case(name));
        named.map(|(_, value)| value.as_str()).collect()
    }
}

/// What the front wants to see; anything else is answered with this status.
type Wants = fn(&Request) -> Result<(), u16>;

/// A server in front of another; it ends with the process.
struct Front {
    url: String,
    seen: Arc<Mutex<Vec<Request>>>,
}

impl Front {
    fn start(behind: &str, tls: Option<Arc<ServerConfig>>, wants: Wants) -> Result<Self, Failed> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let url = format!("{scheme}://localhost:{}/prometheus", listener.local_addr()?.port());
        let behind = behind.trim_start_matches("http://").to_owned();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (tls, behind, log) = (tls.clone(), behind.clone(), log.clone());
                thread::spawn(move || -> Result<(), Failed> {
                    match tls {
                        Some(config) => {
                            let mut stream = StreamOwned::new(ServerConnection::new(config)?, stream);
                            serve(&mut stream, &behind, wants, &log)?;
                            stream.conn.send_close_notify();
                            stream.conn.complete_io(&mut stream.sock)?;
                            Ok(())
                        }
                        None => serve(&mut { stream }, &behind, wants, &log),
                    }
                });
            }
        });
        Ok(Front { url, seen })
    }

    fn requests(&self) -> Vec<Request> {
        std::mem::take(&mut *self.seen.lock().expect("no panic while it is held"))
    }
}

/// One request of a connection; the client is told to open another for the next.
fn serve(
    stream: &mut (impl Read + Write),
    behind: &str,
    wants: Wants,
    log: &Mutex<Vec<Request>>,
) -> Result<(), Failed> {
    let request = read_request(stream)?;
    log.lock().expect("no panic while it is held").push(request.clone());
    if let Err(status) = wants(&request) {
        let text = format!("HTTP/1.1 {status} No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno");
        return Ok(stream.write_all(text.as_bytes())?);
    }
    let mut server = TcpStream::connect(behind.replace("localhost", "127.0.0.1"))?;
    let line = request.line.replacen(" /prometheus/", " /", 1);
    let head = format!(
        "{line}\r\nHost: {behind}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n",
        request.body.len()
    );
    server.write_all(head.as_bytes())?;
    server.write_all(&request.body)?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer)?;
    Ok(stream.write_all(&answer)?)
}

fn read_request(stream: &mut impl Read) -> Result<Request, Failed> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        let mut piece = [0; 4096];
        match stream.read(&mut piece)? {
            0 => return Err("the client went before its request was whole".into()),
            count => bytes.extend_from_slice(&piece[..count]),
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec())?;
    let mut lines = head.split("\r\n");
    let line = lines.next().unwrap_or_default().to_owned();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| Some((line.split_once(':')?.0.to_owned(), line.split_once(':')?.1.trim().to_owned())))
        .collect();
    let mut request = Request { line, headers, body: bytes[end + 4..].to_vec() };
    let length: usize = request.header("content-length").first().map_or(Ok(0), |text| text.parse())?;
    let missing = length.saturating_sub(request.body.len());
    let mut rest = vec![0; missing];
    stream.read_exact(&mut rest)?;
    request.body.extend(rest);
    Ok(request)
}

/// As Mimir behind a gateway: a tenant, and a token of it.
fn tenant_and_token(request: &Request) -> Result<(), u16> {
    match (&request.header("x-scope-orgid")[..], &request.header("authorization")[..]) {
        (&["team-1"], &["Bearer s3cret-token"]) => Ok(()),
        (&[], _) => Err(401),
        _ => Err(403),
    }
}

/// As a reverse proxy: a login, and a header of its own beside it.
fn login_and_header(request: &Request) -> Result<(), u16> {
    // admin:s3cret:with colon
    let wanted = ["Basic YWRtaW46czNjcmV0OndpdGggY29sb24="];
    if request.header("authorization") == wanted && request.header("x-extra") == ["a: b"] { Ok(()) } else { Err(401) }
}

fn server_config(folder: &Path) -> Result<Arc<ServerConfig>, Failed> {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"])
        .args(["-addext", "subjectAltName=DNS:localhost", "-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", "front.key", "-out", "front.crt"])
        .current_dir(folder)
        .output()?;
    assert!(made.status.success(), "{}", error_text(&made));
    let certificate = CertificateDer::from_pem_file(folder.join("front.crt"))?;
    let key = PrivateKeyDer::from_pem_file(folder.join("front.key"))?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?;
    Ok(Arc::new(config))
}

fn tenants_tokens_and_logins(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(16, &ClusterSettings::new())?;
    cluster.query(
        "postgres",
        "CREATE TABLE orders (id bigint PRIMARY KEY); CREATE TABLE customers (id bigint PRIMARY KEY)",
    )?;
    let folder = tempfile::tempdir()?;
    let labels = |table: &str| format!("datname=\"postgres\",schemaname=\"public\",relname=\"{table}\"");
    load_blocks(folder.path(), &(openmetrics("pg_stat_user_tables_n_tup_", labels, "x", "") + "# EOF\n"))?;
    let prometheus = Prometheus::plain(folder.path(), "scrape_configs: []\n")?;
    let tls = server_config(folder.path())?;
    let gateway = Front::start(&prometheus.url, Some(tls), tenant_and_token)?;
    let proxy = Front::start(&prometheus.url, None, login_and_header)?;
    let write = |name: &str, text: &str| -> Result<String, Failed> {
        fs::write(folder.path().join(name), text)?;
        Ok(folder.path().join(name).display().to_string())
    };
    let token = write("token", "s3cret-token\n")?;
    let wrong = write("wrong", "s3cret-other\n")?;
    let login = write("login", "admin:s3cret:with colon\n")?;
    let ca = folder.path().join("front.crt").display().to_string();
    let output = folder.path().join("w.json");
    let run = |url: &str, more: &[&str]| {
        let fixed = ["--duration", "1d", "--until", "2026-01-10T00:00:00Z", "--from-prometheus", url];
        sample(&cluster, "postgres", &[&fixed[..], more].concat(), &output)
    };
    let tenant = ["--prometheus-header", "X-Scope-OrgID: team-1"];
    let good = run(&gateway.url, &[&tenant[..], &["--prometheus-token", &token, "--prometheus-ca", &ca]].concat())?;
    assert!(good.status.success(), "{}", error_text(&good));
    let workload: Workload = format::read(&fs::read(&output)?)?;
    let orders = workload.tables.iter().find(|table| table.name == "orders").ok_or("no table orders")?;
    assert!(orders.load.inserts_per_s.max() > 9.0, "the rows came through: {:?}", orders.load.inserts_per_s);
    let requests = gateway.requests();
    assert!(requests.len() >= 5, "each counter is asked for: {}", requests.len());
    for request in &requests {
        assert!(request.line.starts_with("POST /prometheus/api/v1/query"), "{}", request.line);
        assert_eq!(request.header("user-agent"), ["pgslotplan"]);
    }
    let extra = ["--prometheus-header", "X-Extra: a: b"];
    let good = run(&proxy.url, &[&extra[..], &["--prometheus-login", &login]].concat())?;
    assert!(good.status.success(), "{}", error_text(&good));
    assert!(!proxy.requests().is_empty());
    let in_url = proxy.url.replace("://", "://admin:s3cret%3Awith%20colon@");
    let good = run(&in_url, &extra)?;
    assert!(good.status.success(), "{}", error_text(&good));
    for (url, more, expected) in [
        (&gateway.url, vec!["--prometheus-token", &token, "--prometheus-ca", &ca], "X-Scope-OrgID"), // no tenant
        (
            &gateway.url,
            [&tenant[..], &["--prometheus-token", &wrong, "--prometheus-ca", &ca]].concat(),
            "HTTP status 403",
        ),
        (&gateway.url, [&tenant[..], &["--prometheus-token", &token]].concat(), "--prometheus-ca"), // unknown authority
        (&proxy.url, vec!["--prometheus-login", &login], "HTTP status 401"),
        (&proxy.url, extra.to_vec(), "--prometheus-login"),
    ] {
        let refused = run(url, &more)?;
        let text = error_text(&refused);
        assert_eq!(refused.status.code(), Some(2), "{more:?}: {text}");
        assert!(text.contains(expected) && !text.contains("s3cret"), "{more:?}: {text}");
    }
    let malformed = run(&gateway.url, &["--prometheus-header", "X-Evil: a\r\nX-Other: b"])?;
    assert_eq!(malformed.status.code(), Some(1), "{}", error_text(&malformed));
    Ok(())
}
