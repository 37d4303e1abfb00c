//! Both servers, looked at side by side, and connected to again when one was lost.

use pgslotplan::{
    health::{Direction, Look, SideLook, Watch},
    pg::{
        connect::{Session, SessionPurpose},
        error::PgError,
        health::{self as pg_health, Depth},
        settings::ConnectionSide,
    },
};

use super::super::{
    connection::{PairArgs, Server, server_failure},
    output::{Console, Failure},
};

/// Both servers.
pub struct Reader {
    publisher: Side,
    subscriber: Side,
    depth: Depth,
}

struct Side {
    name: &'static str,
    server: Server,
    session: Option<Session>,
}

/// Which server did not answer, and why.
#[derive(Debug)]
pub struct Trouble {
    /// `publisher` or `subscriber`.
    pub side: &'static str,
    error: PgError,
}

impl std::fmt::Display for Trouble {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.side, self.error)
    }
}

impl From<Trouble> for Failure {
    fn from(trouble: Trouble) -> Self {
        server_failure(trouble.error)
    }
}

impl Side {
    async fn open(args: &PairArgs, side: ConnectionSide, console: &Console) -> Result<Self, Failure> {
        let (name, option, variable) = match side {
            ConnectionSide::Publisher => ("publisher", "--publisher", "PGSLOTPLAN_PUBLISHER"),
            ConnectionSide::Subscriber => ("subscriber", "--subscriber", "PGSLOTPLAN_SUBSCRIBER"),
        };
        let connected = args.connect(side, SessionPurpose::OBSERVE, console).await?;
        let (server, session) = connected.ok_or_else(|| {
            Failure::new(format!("no {option} given"))
                .hint(format!("Both servers are watched: {option} CONNINFO or {variable}."))
        })?;
        Ok(Side { name, server, session: Some(session) })
    }

    /// After an error the session is given up: the next look connects again.
    async fn look(&mut self, depth: Depth) -> Result<SideLook, Trouble> {
        let seen = self.try_look(depth).await;
        seen.map_err(|error| {
            self.session = None;
            Trouble { side: self.name, error }
        })
    }

    async fn try_look(&mut self, depth: Depth) -> Result<SideLook, PgError> {
        let session = match self.session.take() {
            Some(session) => session,
            None => self.server.open().await?,
        };
        let look = pg_health::look_at(&session, depth).await?;
        self.session = Some(session);
        Ok(look)
    }
}

impl Reader {
    /// Connects to both, one after the other, since both may ask for a password.
    ///
    /// # Errors
    /// [`Failure`] when one is not given or does not answer.
    pub async fn open(args: &PairArgs, counts_changes: bool, console: &Console) -> Result<Self, Failure> {
        Ok(Reader {
            publisher: Side::open(args, ConnectionSide::Publisher, console).await?,
            subscriber: Side::open(args, ConnectionSide::Subscriber, console).await?,
            depth: if counts_changes { Depth::Changes } else { Depth::Server },
        })
    }

    /// What was before the first look.
    ///
    /// # Errors
    /// [`Failure`] when a server does not answer.
    pub async fn read_history(&self, watch: &mut Watch) -> Result<(), Failure> {
        for (side, positions) in [(&self.publisher, &mut watch.publisher), (&self.subscriber, &mut watch.subscriber)] {
            if let Some(session) = &side.session {
                pg_health::read_wal_files(session, positions).await.map_err(server_failure)?;
            }
        }
        Ok(())
    }

    /// The end of the log of the server that applies in a direction. That it cannot be read is no trouble.
    pub async fn read_log(&self, direction: Direction) -> Option<String> {
        let side = match direction {
            Direction::Forward => &self.subscriber,
            Direction::Back => &self.publisher,
        };
        pg_health::read_log(side.session.as_ref()?).await.ok().flatten()
    }

    /// One look at both.
    ///
    /// # Errors
    /// [`Trouble`] when one does not answer; the next look connects to it again.
    pub async fn look(&mut self) -> Result<Look, Trouble> {
        let of_subscriber = self.depth.min(Depth::Server);
        let (publisher, subscriber) =
            tokio::join!(self.publisher.look(self.depth), self.subscriber.look(of_subscriber));
        Ok(Look { publisher: publisher?, subscriber: subscriber? })
    }
}
