//! Servers that redirect, never end or forge messages.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::*;

/// A server that answers every request by this; its address, and how many requests it got.
fn server(
    answer: impl Fn(&mut TcpStream) -> std::io::Result<()> + Send + Sync + 'static,
) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let count = Arc::new(AtomicUsize::new(0));
    let seen = count.clone();
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            seen.fetch_add(1, Ordering::Relaxed);
            let answer = answer.clone();
            thread::spawn(move || {
                let mut request = [0; 4096];
                let answered = stream.read(&mut request).and_then(|_| answer(&mut stream));
                // What is left unread would take the answer's end with it.
                let ended = stream.shutdown(std::net::Shutdown::Write);
                answered.and(ended).and_then(|()| std::io::copy(&mut stream, &mut std::io::sink()))
            });
        }
    });
    (url, count)
}

fn ask(url: &str) -> PrometheusError {
    let access = Access {
        url: url.to_owned(),
        headers: vec![("X-Scope-OrgID".to_owned(), "team".to_owned())],
        bearer: Some("s3cret".to_owned()),
        ..Access::default()
    };
    Client::new(&access).unwrap().instant("up", 0).unwrap_err()
}

#[test]
fn headers_and_logins_follow_no_redirect() {
    let (other, reached) = server(|_| Ok(()));
    for status in [301, 302, 303, 307, 308] {
        let place = format!("{other}/\u{1b}[2K");
        let (url, _) = server(move |stream| {
            write!(stream, "HTTP/1.1 {status} Go\r\nLocation: {place}\r\nContent-Length: 0\r\n\r\n")
        });
        let error = ask(&url).to_string();
        assert!(!error.contains('\u{1b}') && !error.contains("s3cret"), "{error}");
    }
    let place = other.clone();
    let (url, _) =
        server(move |stream| write!(stream, "HTTP/1.1 307 Go\r\nLocation: {place}/x\r\nContent-Length: 0\r\n\r\n"));
    let error = ask(&url);
    assert!(matches!(error, PrometheusError::Refused { status: 307, .. }), "{error}");
    assert!(error.to_string().ends_with(&format!("it redirects to {other}/x")), "{error}");
    assert_eq!(reached.load(Ordering::Relaxed), 0);
}

#[test]
fn an_answer_without_end_is_cut_off() {
    let (url, _) = server(|stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{\"status\":\"")?;
        let piece = vec![b'x'; 1 << 20];
        loop {
            stream.write_all(&piece)?;
        }
    });
    let error = ask(&url);
    assert!(error.to_string().ends_with("it sends more than 128 MB"), "{error}");
}

/// The same byte again and again: stored blocks of DEFLATE would be long, so one block of fixed codes that repeats.
fn bomb(megabytes: usize) -> Vec<u8> {
    let mut bits = Bits::default();
    bits.put(0b011, 3); // the last block, fixed codes
    bits.put_code(0x30 + u32::from(b'x'), 8);
    // Length 258 (code 285, no further bits) at distance 1 (code 0): 13 bits for 258 bytes.
    for _ in 0..megabytes * (1 << 20) / 258 {
        bits.put_code(0b1100_0101, 8);
        bits.put_code(0, 5);
    }
    bits.put_code(0, 7);
    [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255][..], &bits.bytes(), &[0; 8]].concat()
}

#[derive(Default)]
struct Bits {
    done: Vec<u8>,
    open: u32,
    count: u32,
}

impl Bits {
    fn put(&mut self, value: u32, length: u32) {
        self.open |= value << self.count;
        self.count += length;
        while self.count >= 8 {
            self.done.push(self.open as u8);
            self.open >>= 8;
            self.count -= 8;
        }
    }

    /// Codes stand with their first bit first.
    fn put_code(&mut self, code: u32, length: u32) {
        (0..length).rev().for_each(|bit| self.put(code >> bit & 1, 1));
    }

    fn bytes(mut self) -> Vec<u8> {
        self.put(0, 7);
        self.done
    }
}

#[test]
fn a_compressed_answer_counts_by_what_it_holds() {
    let body = bomb(200);
    assert!(body.len() < 2 << 20);
    let (url, _) = server(move |stream| {
        write!(stream, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len())?;
        stream.write_all(&body)
    });
    let error = ask(&url);
    assert!(error.to_string().ends_with("it sends more than 128 MB"), "{error}");
}

#[test]
fn forged_lines_stay_on_their_line() {
    let body = "{\"status\":\"error\",\"error\":\"no\\npgslotplan: wrote file\\u001b[2K\"}";
    for status in [200, 400] {
        let (url, _) = server(move |stream| {
            write!(stream, "HTTP/1.1 {status} No\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        });
        let error = with_causes(&ask(&url));
        assert!(error.contains("no\\u{a}pgslotplan") && !error.contains(['\n', '\u{1b}']), "{error}");
    }
}

/// An error with its causes, as the program shows it.
fn with_causes(error: &dyn std::error::Error) -> String {
    error.source().map_or(error.to_string(), |cause| format!("{error}: {}", with_causes(cause)))
}
