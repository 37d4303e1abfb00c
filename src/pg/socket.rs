//! From a host to a login: its addresses, a socket with libpq's options, and the driver behind the guard of `wire`.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::ClientConfig;
use socket2::{SockRef, TcpKeepalive};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, UnixStream, lookup_host},
    task::JoinHandle,
};
use tokio_postgres::{Client, Config, NoTls, config, tls::MakeTlsConnect};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    environment::Environment,
    settings::{ConnectionSettings, Endpoint, Host},
    wire::{CertificateSeen, Guarded, GuardedTls, Wire},
};

/// Why there is no session.
#[derive(Debug)]
pub(super) enum LoginError {
    /// No socket, or none with these options.
    Socket(io::Error),
    /// Another account's server answers on the socket than `requirepeer` says.
    Peer(String),
    /// As the driver says.
    Driver(tokio_postgres::Error),
}

/// Where to try.
#[derive(Debug)]
pub(super) enum Place {
    /// The socket's file.
    Socket(PathBuf),
    /// One address of a name, which certificates are matched with.
    Tcp {
        /// The name.
        host: String,
        /// The address.
        address: SocketAddr,
    },
}

/// All places that a host stands for.
///
/// # Errors
/// As the system's resolver says.
pub(super) async fn places(host: &Host) -> io::Result<Vec<Place>> {
    let (name, address) = match &host.endpoint {
        Endpoint::Socket(folder) => return Ok(vec![Place::Socket(folder.join(format!(".s.PGSQL.{}", host.port)))]),
        Endpoint::Tcp { host, address } => (host, address.or_else(|| host.parse::<IpAddr>().ok())),
    };
    let addresses: Vec<SocketAddr> = match address {
        Some(address) => vec![SocketAddr::new(address, host.port)],
        None => lookup_host((name.as_str(), host.port)).await?.collect(),
    };
    Ok(addresses.into_iter().map(|address| Place::Tcp { host: name.clone(), address }).collect())
}

/// What a login is made with.
pub(super) struct Login<'a> {
    pub(super) config: &'a Config,
    /// Where TLS is tried.
    pub(super) tls: Option<&'a Arc<ClientConfig>>,
    /// TLS from the first byte.
    pub(super) is_direct: bool,
    pub(super) settings: &'a ConnectionSettings,
    pub(super) environment: &'a Environment,
    pub(super) certificate: &'a Arc<CertificateSeen>,
}

type LoggedIn = (Client, Arc<Wire>, JoinHandle<()>);

impl Login<'_> {
    /// Connects to one place and logs in. What the guard saw comes with an error.
    pub(super) async fn at(&self, place: &Place) -> Result<LoggedIn, (LoginError, Arc<Wire>)> {
        self.certificate.reset();
        let wire = Arc::new(Wire::new(self.certificate.clone()));
        let outcome = match place {
            Place::Socket(path) => self.over_socket(path, &wire).await,
            Place::Tcp { host, address } => self.over_tcp(host, *address, &wire).await,
        };
        match outcome {
            Ok((client, driver)) => Ok((client, wire, driver)),
            Err(error) => Err((error, wire)),
        }
    }

    async fn over_socket(&self, path: &Path, wire: &Arc<Wire>) -> Result<(Client, JoinHandle<()>), LoginError> {
        let stream = UnixStream::connect(path).await.map_err(LoginError::Socket)?;
        if let Some(wanted) = &self.settings.require_peer {
            let uid = stream.peer_cred().map_err(LoginError::Socket)?.uid();
            match self.environment.account_name(uid) {
                Some(name) if name == *wanted => {}
                Some(name) => {
                    let reason = format!("requirepeer is \"{wanted}\", and the server's account is \"{name}\"");
                    return Err(LoginError::Peer(reason));
                }
                None => {
                    let reason = format!("requirepeer is \"{wanted}\", and the server's account {uid} has no name");
                    return Err(LoginError::Peer(reason));
                }
            }
        }
        self.bare(stream, wire).await
    }

    async fn over_tcp(
        &self,
        host: &str,
        address: SocketAddr,
        wire: &Arc<Wire>,
    ) -> Result<(Client, JoinHandle<()>), LoginError> {
        let stream = TcpStream::connect(address).await.map_err(LoginError::Socket)?;
        self.set_options(&stream).map_err(LoginError::Socket)?;
        let Some(tls) = self.tls else { return self.bare(stream, wire).await };
        let mut maker = MakeRustlsConnect::new(ClientConfig::clone(tls));
        let handshake = MakeTlsConnect::<TcpStream>::make_tls_connect(&mut maker, host)
            .map_err(|error| LoginError::Socket(io::Error::other(error)))?;
        let stream = self.guarded(stream, usize::from(!self.is_direct), wire);
        let connecting = self.config.connect_raw(stream, GuardedTls(handshake));
        let (client, connection) = connecting.await.map_err(LoginError::Driver)?;
        Ok((client, tokio::spawn(async move { drop(connection.await) })))
    }

    async fn bare<S>(&self, stream: S, wire: &Arc<Wire>) -> Result<(Client, JoinHandle<()>), LoginError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        // Without a way to do TLS the driver asks for it all the same where it is required.
        let bare = usize::from(self.config.get_ssl_mode() == config::SslMode::Require);
        let connecting = self.config.connect_raw(self.guarded(stream, bare, wire), NoTls);
        let (client, connection) = connecting.await.map_err(LoginError::Driver)?;
        Ok((client, tokio::spawn(async move { drop(connection.await) })))
    }

    fn guarded<S>(&self, stream: S, bare: usize, wire: &Arc<Wire>) -> Guarded<S> {
        Guarded::new(stream, bare, wire.clone(), self.settings.auth.clone())
    }

    fn set_options(&self, stream: &TcpStream) -> io::Result<()> {
        stream.set_nodelay(true)?;
        let socket = SockRef::from(stream);
        #[cfg(target_os = "linux")]
        socket.set_tcp_user_timeout(self.settings.tcp_user_timeout)?;
        let Some(keepalives) = &self.settings.keepalives else { return Ok(()) };
        let mut options = TcpKeepalive::new().with_time(keepalives.idle);
        if let Some(interval) = keepalives.interval {
            options = options.with_interval(interval);
        }
        if let Some(count) = keepalives.count {
            options = options.with_retries(count);
        }
        socket.set_tcp_keepalive(&options)
    }
}
