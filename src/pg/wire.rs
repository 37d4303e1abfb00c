//! What stands between a server and the driver: every message is looked at before the driver may act on it.
//!
//! A server may lie. Here an answer has an end (bytes of a message, bytes since the last statement), a password is not
//! sent by a method that `require_auth` excludes, and a hash is not computed a thousand million times because the server
//! says so. Source: PostgreSQL manual, "Message Flow" and "Message Formats"; the rules are libpq's `check_expected_areq`.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, TlsConnect, TlsStream};

use super::auth::AuthRules;

/// A message of more bytes is none that an answer to this program has: its longest are arrays of a table's columns.
pub(super) const MESSAGE_LIMIT: u64 = 64 << 20;
/// Before the session begins, a message is an error's text or less. libpq stops at 30,000 bytes.
const STARTUP_LIMIT: u64 = 64 << 10;
/// Bytes between two statements of this program: a million tables' indexes take a third of it.
pub(super) const ANSWER_LIMIT: u64 = 1 << 30;
/// Rounds of SCRAM's hash: the server's default is 4096, and a million take a second.
const ROUNDS_LIMIT: u64 = 5_000_000;

/// Why nothing more is taken from a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// A message, or all since the last statement, is longer than this.
    TooMuch(u64),
    /// `require_auth` or `sslcertmode` is not met, or the server asks for what nobody should do.
    Authentication(String),
}

/// What a stream and its session both know.
#[derive(Debug, Default)]
pub(super) struct Wire {
    received: AtomicU64,
    trouble: Mutex<Option<Trouble>>,
    /// Set by the TLS library when the server asks for a certificate, and when one was sent.
    certificate: Arc<CertificateSeen>,
}

/// What became of the client's certificate.
#[derive(Debug, Default)]
pub(super) struct CertificateSeen {
    /// The server asked for one.
    pub(super) requested: AtomicBool,
    /// One was sent.
    pub(super) sent: AtomicBool,
}

impl CertificateSeen {
    /// Before another login.
    pub(super) fn reset(&self) {
        self.requested.store(false, Ordering::Relaxed);
        self.sent.store(false, Ordering::Relaxed);
    }
}

impl Wire {
    /// Of a login that sends its certificate as `certificate` will tell.
    pub(super) fn new(certificate: Arc<CertificateSeen>) -> Self {
        Wire { certificate, ..Wire::default() }
    }

    /// Another statement begins: its answer may be as long as any.
    pub(super) fn begin_answer(&self) {
        self.received.store(0, Ordering::Relaxed);
    }

    /// Why the stream ended, if it was ended here.
    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn refuse(&self, trouble: Trouble) -> io::Error {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
        io::Error::new(io::ErrorKind::InvalidData, "stopped reading from the server")
    }
}

/// Where the next byte lies in the stream of messages.
#[derive(Debug)]
enum Place {
    /// So many bytes are no message: the answer to the request for TLS.
    Bare(usize),
    /// The kind and the length.
    Head,
    /// So many bytes of the body are still to come; those of a message about authentication are kept.
    Body { left: u64, kept: bool },
}

/// A stream from a server.
#[derive(Debug)]
pub(super) struct Guarded<S> {
    stream: S,
    wire: Arc<Wire>,
    rules: Arc<AuthRules>,
    place: Place,
    buffer: Vec<u8>,
    /// The login is over.
    ready: bool,
    /// A password or a proof of one was asked for and given.
    proved: bool,
}

impl<S> Guarded<S> {
    /// `bare` bytes come before the first message.
    pub(super) fn new(stream: S, bare: usize, wire: Arc<Wire>, rules: Arc<AuthRules>) -> Self {
        let place = if bare == 0 { Place::Head } else { Place::Bare(bare) };
        Guarded { stream, wire, rules, place, buffer: Vec::new(), ready: false, proved: false }
    }

    /// Follows the stream over bytes that came.
    fn follow(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        let all = self.wire.received.fetch_add(bytes.len() as u64, Ordering::Relaxed) + bytes.len() as u64;
        if all > ANSWER_LIMIT {
            return Err(self.wire.refuse(Trouble::TooMuch(ANSWER_LIMIT)));
        }
        while !bytes.is_empty() {
            bytes = match self.place {
                Place::Bare(left) => {
                    let taken = left.min(bytes.len());
                    self.place = if taken == left { Place::Head } else { Place::Bare(left - taken) };
                    &bytes[taken..]
                }
                Place::Head => {
                    let taken = (5 - self.buffer.len()).min(bytes.len());
                    self.buffer.extend_from_slice(&bytes[..taken]);
                    if self.buffer.len() == 5 {
                        self.begin_body()?;
                    }
                    &bytes[taken..]
                }
                Place::Body { left, kept } => {
                    let taken = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
                    if kept {
                        self.buffer.extend_from_slice(&bytes[..taken]);
                    }
                    match left - taken as u64 {
                        0 => self.end_body(kept)?,
                        left => self.place = Place::Body { left, kept },
                    }
                    &bytes[taken..]
                }
            };
        }
        Ok(())
    }

    fn begin_body(&mut self) -> io::Result<()> {
        let kind = self.buffer[0];
        let length = u32::from_be_bytes([self.buffer[1], self.buffer[2], self.buffer[3], self.buffer[4]]);
        self.buffer.clear();
        let limit = if self.ready { MESSAGE_LIMIT } else { STARTUP_LIMIT };
        // Less than the length itself is for the driver to refuse.
        let left = u64::from(length).saturating_sub(4);
        if left > limit {
            return Err(self.wire.refuse(Trouble::TooMuch(limit)));
        }
        if kind == b'Z' {
            self.ready = true;
        }
        let kept = kind == b'R' && !self.ready;
        self.place = Place::Body { left, kept };
        if left == 0 { self.end_body(kept) } else { Ok(()) }
    }

    fn end_body(&mut self, kept: bool) -> io::Result<()> {
        self.place = Place::Head;
        let body = std::mem::take(&mut self.buffer);
        if kept { self.look_at_request(&body) } else { Ok(()) }
    }

    /// A request to authenticate, before the driver can answer it.
    fn look_at_request(&mut self, body: &[u8]) -> io::Result<()> {
        let Some((code, data)) = body.split_first_chunk::<4>() else { return Ok(()) };
        let code = u32::from_be_bytes(*code);
        let certificate = &self.wire.certificate;
        let seen = |flag: &AtomicBool| flag.load(Ordering::Relaxed);
        let checked = self
            .rules
            .check(code, self.proved)
            .and_then(|()| match code {
                0 => self.rules.check_certificate(seen(&certificate.requested), seen(&certificate.sent)),
                _ => Ok(()),
            })
            .and_then(|()| match rounds(data) {
                Some(rounds) if code == 11 && rounds > ROUNDS_LIMIT => {
                    Err(format!("server asks for {rounds} rounds of the password's hash"))
                }
                _ => Ok(()),
            });
        // A password is given at once; a proof is when the server has given its own.
        self.proved |= matches!(code, 3 | 5 | 12);
        checked.map_err(|reason| self.wire.refuse(Trouble::Authentication(reason)))
    }
}

/// The count in the server's first message of SCRAM: `r=…,s=…,i=4096`. What is no number counts as too many.
fn rounds(data: &[u8]) -> Option<u64> {
    let text = data.split(|byte| *byte == b',').find_map(|part| part.strip_prefix(b"i="))?;
    Some(std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()).unwrap_or(u64::MAX))
}

impl<S: AsyncRead + Unpin> AsyncRead for Guarded<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.stream).poll_read(cx, buf))?;
        Poll::Ready(this.follow(&buf.filled()[before..]))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Guarded<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: TlsStream + Unpin> TlsStream for Guarded<S> {
    fn channel_binding(&self) -> ChannelBinding {
        self.stream.channel_binding()
    }
}

/// A TLS handshake after which the messages inside are guarded instead of the bytes outside.
pub(super) struct GuardedTls<T>(pub(super) T);

impl<S, T> TlsConnect<Guarded<S>> for GuardedTls<T>
where
    T: TlsConnect<S>,
    T::Future: Send + 'static,
{
    type Stream = Guarded<T::Stream>;
    type Error = T::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Stream, Self::Error>> + Send>>;

    fn connect(self, stream: Guarded<S>) -> Self::Future {
        let Guarded { stream, wire, rules, .. } = stream;
        let handshake = self.0.connect(stream);
        Box::pin(async move { Ok(Guarded::new(handshake.await?, 0, wire, rules)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [&[kind][..], &length.to_be_bytes(), body].concat()
    }

    fn request(code: u32, data: &[u8]) -> Vec<u8> {
        message(b'R', &[&code.to_be_bytes()[..], data].concat())
    }

    /// What becomes of these bytes, however they are cut.
    fn fate(require_auth: &str, bare: usize, bytes: &[u8]) -> Option<Trouble> {
        let rules = Arc::new(AuthRules::parse(require_auth, false).unwrap());
        let fates = [1, 3, bytes.len()].map(|size| {
            let wire = Arc::new(Wire::default());
            let mut stream = Guarded::new((), bare, wire.clone(), rules.clone());
            let ended = bytes.chunks(size).try_for_each(|chunk| stream.follow(chunk));
            assert_eq!(ended.is_err(), wire.trouble().is_some());
            wire.trouble()
        });
        assert!(fates[0] == fates[1] && fates[1] == fates[2], "{fates:?}");
        fates[0].clone()
    }

    #[test]
    fn a_login_passes_and_a_length_without_end_does_not() {
        let ready = message(b'Z', b"I");
        let scram = [
            request(10, b"SCRAM-SHA-256\0\0"),
            request(11, b"r=abc,s=c2FsdA==,i=4096"),
            request(12, b"v=c2lnbmF0dXJl"),
            request(0, b""),
            ready.clone(),
        ];
        assert_eq!(fate("scram-sha-256", 0, &scram.concat()), None);
        assert_eq!(fate("", 1, &[b"N".to_vec(), request(0, b""), ready.clone()].concat()), None);
        let head = |kind: u8, length: u32| [&[kind][..], &length.to_be_bytes()].concat();
        let long = |length| fate("", 0, &[request(0, b""), ready.clone(), head(b'D', length)].concat());
        assert_eq!(long(u32::MAX), Some(Trouble::TooMuch(MESSAGE_LIMIT)));
        assert_eq!(long(u32::try_from(MESSAGE_LIMIT).unwrap() + 4), None);
        // Before the login is over, nobody has a reason to say so much.
        assert_eq!(fate("", 0, &head(b'E', 1 << 20)), Some(Trouble::TooMuch(STARTUP_LIMIT)));
    }

    #[test]
    fn passwords_go_only_where_they_may() {
        let refused = |rules: &str, bytes: &[Vec<u8>]| match fate(rules, 0, &bytes.concat()) {
            Some(Trouble::Authentication(reason)) => reason,
            other => panic!("{other:?}"),
        };
        let clear = request(3, b"");
        assert!(refused("scram-sha-256", std::slice::from_ref(&clear)).contains("cleartext password"));
        assert!(refused("!password", std::slice::from_ref(&clear)).contains("cleartext password"));
        assert!(refused("scram-sha-256", &[request(5, b"salt")]).contains("hashed password"));
        assert!(refused("scram-sha-256", &[request(0, b"")]).contains("did not complete"));
        // SCRAM broken off half way is no proof.
        let half = [request(10, b"SCRAM-SHA-256\0\0"), request(0, b"")];
        assert!(refused("scram-sha-256", &half).contains("did not complete"));
        assert_eq!(fate("password,none", 0, &[clear, request(0, b"")].concat()), None);
        assert_eq!(fate("none", 0, &request(0, b"")), None);
    }

    #[test]
    fn a_hash_without_end_is_not_begun() {
        for count in ["4294967295", "99999999999999999999", "-1", "x"] {
            let bytes = request(11, format!("r=a,s=c2FsdA==,i={count}").as_bytes());
            assert!(matches!(fate("", 0, &bytes), Some(Trouble::Authentication(_))), "{count}");
        }
    }

    #[test]
    fn an_answer_has_an_end() {
        let wire = Arc::new(Wire::default());
        let rules = Arc::new(AuthRules::default());
        let mut stream = Guarded::new((), 0, wire.clone(), rules);
        stream.follow(&message(b'Z', b"I")).unwrap();
        let row = message(b'D', &vec![0; 32 << 20]);
        let mut rows = 0;
        while stream.follow(&row).is_ok() {
            rows += 1;
        }
        assert_eq!((rows, wire.trouble()), (31, Some(Trouble::TooMuch(ANSWER_LIMIT))));
        wire.begin_answer();
        assert!(stream.follow(&row).is_ok());
    }
}
