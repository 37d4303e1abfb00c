//! Servers that `sample` must not, or can only just, use: a pooler in front, one too old, one that cannot make slots yet.

use std::{
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread,
};

use libtest_mimic::{Failed, Trial};
use pgslotplan::throwaway::{ClusterSettings, Servers};

use crate::{
    bench::case,
    bouncer::Bouncer,
    sample::{error_text, outcome_of},
};

pub fn trials() -> Vec<Trial> {
    vec![
        case("unusable::a_pooler_in_transaction_mode_is_refused", 1, pooler),
        case("unusable::a_server_without_logical_wal_is_sampled", 1, without_logical_wal),
        case("unusable::a_server_below_12_is_refused", 0, too_old),
    ]
}

fn pooler(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(14, &ClusterSettings::new().with_tcp())?;
    cluster.query("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
    let bouncer = Bouncer::start(&cluster, "postgres")?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json").display().to_string();
    for (conninfo, message) in [
        (bouncer.conninfo(), "connection pooler in transaction or statement mode"),
        (bouncer.console(), "administration console of a connection pooler"),
    ] {
        let outcome = outcome_of(&[&conninfo, "--once", "-o", &output])?;
        let text = error_text(&outcome);
        assert_eq!(outcome.status.code(), Some(2), "{text}");
        assert!(text.contains(message) && text.contains("pool_mode=session"), "{text}");
        assert!(!fs::exists(&output)?);
    }
    Ok(())
}

fn without_logical_wal(servers: &Servers) -> Result<(), Failed> {
    let cluster = servers.start(14, &ClusterSettings::new().with("wal_level", "replica"))?;
    cluster.query("postgres", "CREATE TABLE t (id int PRIMARY KEY)")?;
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json");
    let outcome = outcome_of(&[&cluster.conninfo("postgres"), "--once", "-o", &output.display().to_string()])?;
    let text = error_text(&outcome);
    assert!(outcome.status.success() && text.contains("wal_level is not logical"), "{text}");
    assert!(fs::read_to_string(output)?.contains("\"wal_level\":\"replica\""));
    Ok(())
}

/// No package of version 11 runs beside the others, so a listener says what such a server would.
fn too_old(_: &Servers) -> Result<(), Failed> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || answer_as_version_11(stream));
        }
    });
    let folder = tempfile::tempdir()?;
    let output = folder.path().join("w.json").display().to_string();
    let conninfo = format!("host=127.0.0.1 port={port} user=u dbname=d sslmode=disable");
    let outcome = outcome_of(&[&conninfo, "--once", "-o", &output])?;
    let text = error_text(&outcome);
    assert_eq!(outcome.status.code(), Some(2), "{text}");
    assert!(text.contains("11") && text.contains("12") && text.contains("pg_upgrade"), "{text}");
    assert!(!fs::exists(&output)?);
    Ok(())
}

/// The start-up answers, then the version number to whatever is asked (protocol 3.0).
fn answer_as_version_11(mut stream: TcpStream) -> std::io::Result<()> {
    let message = |kind: u8, body: &[u8]| [&[kind][..], &(body.len() as u32 + 4).to_be_bytes(), body].concat();
    let ready = message(b'Z', b"I");
    read_message(&mut stream, 0)?;
    stream.write_all(&message(b'R', &0u32.to_be_bytes()))?;
    stream.write_all(&message(b'S', b"server_version\x0011.22\0"))?;
    stream.write_all(&ready)?;
    loop {
        if read_message(&mut stream, 1)? == Some(b'X') {
            return Ok(());
        }
        // One column of type text, one row.
        let mut columns = b"\0\x01server_version_num\0".to_vec();
        columns.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]);
        stream.write_all(&message(b'T', &columns))?;
        stream.write_all(&message(b'D', b"\0\x01\0\0\0\x06110022"))?;
        stream.write_all(&message(b'C', b"SHOW\0"))?;
        stream.write_all(&ready)?;
    }
}

/// Reads one message with a kind byte (or none, as the first has); answers its kind.
fn read_message(stream: &mut TcpStream, kind_bytes: usize) -> std::io::Result<Option<u8>> {
    let mut head = vec![0; kind_bytes + 4];
    stream.read_exact(&mut head)?;
    let length = u32::from_be_bytes(head[kind_bytes..].try_into().expect("four bytes"));
    stream.read_exact(&mut vec![0; length as usize - 4])?;
    Ok((kind_bytes == 1).then(|| head[0]))
}
