//! Servers that lie, stall or never end, each a thread behind a port of this machine.
#![expect(clippy::disallowed_methods, reason = "what is tested is how long it takes")]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::*;
use crate::pg::settings::{ConnectionInput, ConnectionSide};

/// What a server does once the start-up message is there.
type Deed = fn(&mut TcpStream) -> std::io::Result<()>;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 4).unwrap();
    [&[kind][..], &length.to_be_bytes(), body].concat()
}

fn request(code: u32, data: &[u8]) -> Vec<u8> {
    message(b'R', &[&code.to_be_bytes()[..], data].concat())
}

fn ready() -> Vec<u8> {
    message(b'Z', b"I")
}

fn welcome() -> Vec<u8> {
    [request(0, b""), message(b'S', b"server_version\0fake\0"), ready()].concat()
}

/// One column of text.
fn columns() -> Vec<u8> {
    let column = [&b"c\0"[..], &[0; 6], &25_u32.to_be_bytes(), &[255, 255], &[255; 4], &[0, 0]].concat();
    message(b'T', &[&[0, 1][..], &column].concat())
}

fn row(text: &str) -> Vec<u8> {
    let length = u32::try_from(text.len()).unwrap();
    message(b'D', &[&[0, 1][..], &length.to_be_bytes(), text.as_bytes()].concat())
}

/// The next message: its kind (0 for the first one) and its body.
fn read_message(stream: &mut TcpStream, has_kind: bool) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = vec![0; 4 + usize::from(has_kind)];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes(*head.last_chunk::<4>().unwrap());
    let mut body = vec![0; length as usize - 4];
    stream.read_exact(&mut body)?;
    Ok((if has_kind { head[0] } else { 0 }, body))
}

/// Answers what a session asks before it is prepared, as long as `wants` says so.
fn serve(stream: &mut TcpStream, wants: fn(&str) -> bool) -> std::io::Result<()> {
    stream.write_all(&welcome())?;
    let pid = stream.peer_addr()?.port().to_string();
    loop {
        let (kind, body) = read_message(stream, true)?;
        let text = String::from_utf8_lossy(&body).into_owned();
        if kind != b'Q' || !wants(&text) {
            return hold(stream);
        }
        let answers = [
            ("pg_is_in_recovery", "f"),
            ("server_version_num", "150018"),
            ("pg_backend_pid", pid.as_str()),
            ("restrict_nonsystem_relation_kind", "t"),
        ];
        if let Some((_, answer)) = answers.iter().find(|(word, _)| text.contains(word)) {
            stream.write_all(&[columns(), row(answer)].concat())?;
        }
        stream.write_all(&[message(b'C', b"DONE\0"), ready()].concat())?;
    }
}

/// Keeps the connection and says nothing, until the client goes.
fn hold(stream: &mut TcpStream) -> std::io::Result<()> {
    std::io::copy(stream, &mut std::io::sink()).map(drop)
}

/// Opens a session with such a server.
fn open(deed: Deed, more: &str) -> (Result<Session, PgError>, Duration, tokio::runtime::Runtime) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            thread::spawn(move || read_message(&mut stream, false).and_then(|_| deed(&mut stream)));
        }
    });
    let conninfo =
        format!("host=127.0.0.1 port={port} user=u dbname=d password=s3cret sslmode=disable connect_timeout=2 {more}");
    let input = ConnectionInput { dbname: Some(conninfo), ..ConnectionInput::default() };
    let environment = Environment::default();
    let settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment).unwrap();
    let purpose = SessionPurpose { statement_timeout: Duration::ZERO, ..SessionPurpose::OBSERVE };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    let session = runtime.block_on(Session::open(&settings, purpose, &environment));
    (session, begun.elapsed(), runtime)
}

fn refused(deed: Deed, more: &str) -> PgError {
    let (session, took, _) = open(deed, more);
    assert!(took < Duration::from_secs(8), "{took:?}");
    session.map(drop).unwrap_err()
}

#[test]
fn a_server_that_says_nothing_is_left_in_time() {
    let error = refused(hold, "");
    assert!(matches!(&error, PgError::Unreachable { reason, .. } if reason == "no answer within 2 s"), "{error}");
    let error = refused(|stream| serve(stream, |_| false), "");
    assert!(matches!(error, PgError::Stalled { .. }) && error.is_passing(), "{error}");
    let error = refused(|stream| serve(stream, |text| text.contains("recovery")), "");
    assert_eq!(error.to_string(), "could not read the server's version: the server did not answer within 2 s");
}

#[test]
fn a_prepared_session_does_not_wait_forever_either() {
    let (session, _, runtime) = open(|stream| serve(stream, |_| true), "");
    let session = session.unwrap();
    let begun = Instant::now();
    let error = runtime.block_on(session.query("read it", "SELECT 1", &[])).map(drop).unwrap_err();
    assert!(matches!(error, PgError::Stalled { limit: GRACE, .. }), "{error}");
    assert!(begun.elapsed() < GRACE + Duration::from_secs(5));
    // What came later would be taken for the answer to another question.
    let begun = Instant::now();
    let error = runtime.block_on(session.execute("ask again", "SELECT 2")).unwrap_err();
    assert!(matches!(error, PgError::Lost { .. }) && begun.elapsed() < Duration::from_secs(1), "{error}");
}

#[test]
fn rows_and_messages_without_end_are_cut_off() {
    let error = refused(
        |stream| {
            stream.write_all(&welcome())?;
            read_message(stream, true)?;
            stream.write_all(&columns())?;
            let rows = row("x").repeat(1000);
            loop {
                stream.write_all(&rows)?;
            }
        },
        "",
    );
    assert!(matches!(error, PgError::TooMuch { .. }), "{error}");
    assert_eq!(error.class(), crate::pg::error::ErrorClass::Usage);
    let error = refused(
        |stream| {
            stream.write_all(&welcome())?;
            read_message(stream, true)?;
            stream.write_all(&[&columns()[..], b"D\xff\xff\xff\xff"].concat())?;
            let piece = vec![0; 1 << 16];
            loop {
                stream.write_all(&piece)?;
            }
        },
        "",
    );
    assert_eq!(
        error.to_string(),
        "could not read the server's state: the server sends more than 65536 kB in one message"
    );
    let error = refused(
        |stream| {
            stream.write_all(b"E\x7f\xff\xff\xff")?;
            hold(stream)
        },
        "",
    );
    assert!(matches!(error, PgError::Distrusted { .. }), "{error}");
}

/// What arrived at the server that asks for a password.
static ARRIVED: Mutex<Vec<u8>> = Mutex::new(Vec::new());

#[test]
fn a_password_is_not_sent_where_require_auth_forbids_it() {
    let ask: Deed = |stream| {
        stream.write_all(&request(3, b""))?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes)?;
        ARRIVED.lock().unwrap().extend(bytes);
        Ok(())
    };
    let error = refused(ask, "require_auth=scram-sha-256");
    assert!(
        error.to_string().ends_with(
            "authentication method requirement \"scram-sha-256\" failed: server requested a cleartext password"
        ),
        "{error}"
    );
    thread::sleep(Duration::from_millis(200));
    assert!(ARRIVED.lock().unwrap().is_empty());
    // and so the test would see one
    drop(open(ask, "").0);
    thread::sleep(Duration::from_millis(200));
    assert!(ARRIVED.lock().unwrap().windows(6).any(|part| part == b"s3cret"));
}

#[test]
fn a_server_that_wants_no_password_is_not_the_one_that_knows_it() {
    let trusting: Deed = |stream| serve(stream, |_| true);
    let error = refused(trusting, "require_auth=scram-sha-256");
    assert!(error.to_string().contains("server did not complete authentication"), "{error}");
    assert!(refused(trusting, "sslcertmode=require").to_string().contains("did not request an SSL certificate"));
    assert!(open(trusting, "require_auth=none").0.is_ok());
}

#[test]
fn a_hash_of_years_is_not_begun() {
    let error = refused(
        |stream| {
            stream.write_all(&request(10, b"SCRAM-SHA-256\0\0"))?;
            let (_, body) = read_message(stream, true)?;
            let text = String::from_utf8_lossy(&body).into_owned();
            let nonce = text.split_once("r=").map_or("", |(_, nonce)| nonce).to_owned();
            stream.write_all(&request(11, format!("r={nonce}x,s=c2FsdA==,i=2147483647").as_bytes()))?;
            hold(stream)
        },
        "",
    );
    assert!(error.to_string().contains("server asks for 2147483647 rounds of the password's hash"), "{error}");
}

#[test]
fn what_a_server_says_stays_as_it_said_it() {
    let error = refused(
        |stream| {
            let fields = "SERROR\0VERROR\0C28000\0Mno\u{1b}[2K\npgslotplan: done\0Ddetail\r\n\0Hhint\u{7}\0\0";
            stream.write_all(&message(b'E', fields.as_bytes()))
        },
        "",
    );
    let PgError::Rejected { message, .. } = &error else { panic!("{error}") };
    assert_eq!(message.detail.as_deref(), Some("detail\r\n")); // escaped where it is shown
    assert!(!error.to_string().contains(['\n', '\u{1b}']), "{error}");
}

#[test]
fn a_socket_has_the_account_that_was_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let listener = std::os::unix::net::UnixListener::bind(folder.path().join(".s.PGSQL.5432")).unwrap();
    let held = Arc::new(listener);
    let conninfo =
        format!("host={} user=u dbname=d connect_timeout=2 requirepeer=somebody-else", folder.path().display());
    let input = ConnectionInput { dbname: Some(conninfo), ..ConnectionInput::default() };
    let environment = Environment::default();
    let settings = ConnectionSettings::resolve(&input, ConnectionSide::Publisher, &environment).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let error =
        runtime.block_on(Session::open(&settings, SessionPurpose::OBSERVE, &environment)).map(drop).unwrap_err();
    assert!(error.to_string().contains("requirepeer is \"somebody-else\""), "{error}");
    drop(held);
}
