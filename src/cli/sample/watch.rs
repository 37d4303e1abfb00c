//! What a run looks at besides the counters: windows of WAL, and a temporary slot. How much of it is read is decided in
//! `workload::duty`.
#![expect(clippy::disallowed_methods, reason = "this is the edge: peeks are timed by the clock")]

use std::time::{Duration, Instant};

use pgslotplan::{
    lsn::Lsn,
    pg::{
        connect::Session,
        decode::PeekSlot,
        error::PgError,
        wal::{WalReader, read_flushed},
    },
    units::{Bytes, Seconds},
    workload::{
        duty::{Peeking, peeking, windows},
        method::{Choice, SampleMethod},
        snapshot::SampleLine,
    },
};

use super::super::{connection::Server, output::Teller};

/// A slot that keeps more WAL than this is dropped: a long transaction holds it back.
const MOST_RETAINED_BYTES: u64 = 512 << 20;
/// Pauses between attempts to make a slot that could not be made.
const FIRST_RETRY: Duration = Duration::from_secs(60);
const LONGEST_RETRY: Duration = Duration::from_secs(1800);

/// What is looked at, and where it was left.
pub struct Watch {
    wal: Option<WalReader>,
    peeks: bool,
    read_to: Option<Lsn>,
    slot: Option<(PeekSlot, Instant)>,
    retry: Duration,
    next_attempt: Option<Instant>,
    round_wal_bytes: u64,
    last_lsn: Option<Lsn>,
}

impl Watch {
    /// Looks at what was chosen; nothing is read yet.
    pub fn new(choice: &Choice, reader: Option<WalReader>) -> Self {
        Watch {
            wal: reader.filter(|_| choice.reads_wal),
            peeks: choice.peeks,
            read_to: None,
            slot: None,
            retry: FIRST_RETRY,
            next_attempt: None,
            round_wal_bytes: 0,
            last_lsn: None,
        }
    }

    /// Begins: WAL counts from here, and the slot is made. A slot that cannot be made now is tried again later, unless
    /// the user asked for it.
    ///
    /// # Errors
    /// [`PgError`] when the slot cannot be made, or the session is lost.
    pub async fn begin(
        &mut self,
        session: &Session,
        server: &Server,
        method: SampleMethod,
        teller: &Teller,
    ) -> Result<(), PgError> {
        self.last_lsn = Some(read_flushed(session).await?);
        self.read_to = self.last_lsn;
        if !self.peeks {
            return Ok(());
        }
        match PeekSlot::create(server.open().await?).await {
            Ok(slot) => self.slot = Some((slot, Instant::now())),
            Err(error) if method == SampleMethod::Auto => self.postpone(&error.to_string(), teller),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn postpone(&mut self, problem: &str, teller: &Teller) {
        self.slot = None;
        self.next_attempt = Some(Instant::now() + self.retry);
        teller.warning(&format!("{problem}; trying again in {}", Seconds(self.retry.as_secs_f64())));
        self.retry = (self.retry * 2).min(LONGEST_RETRY);
    }

    /// Looks at what came since the last round.
    ///
    /// # Errors
    /// [`PgError`] only when the session is lost; what the server refuses is noted, and the run goes on without it.
    pub async fn round(
        &mut self,
        session: &Session,
        server: &Server,
        interval_s: f64,
        teller: &Teller,
    ) -> Result<Vec<SampleLine>, PgError> {
        if self.wal.is_none() && !self.peeks {
            return Ok(Vec::new());
        }
        let flushed = read_flushed(session).await?;
        self.round_wal_bytes = flushed.distance(self.last_lsn.unwrap_or(flushed));
        self.last_lsn = Some(flushed);
        let mut lines = Vec::new();
        self.read_wal(session, flushed, interval_s, teller, &mut lines).await?;
        self.peek(session, server, interval_s, teller, &mut lines).await;
        Ok(lines)
    }

    /// After a new connection: nothing of the old session is left, and the history may be another.
    pub fn forget(&mut self) {
        self.read_to = None;
        self.last_lsn = None;
        self.slot = None;
    }

    async fn read_wal(
        &mut self,
        session: &Session,
        flushed: Lsn,
        interval_s: f64,
        teller: &Teller,
        lines: &mut Vec<SampleLine>,
    ) -> Result<(), PgError> {
        let Some(reader) = &self.wal else { return Ok(()) };
        let from = self.read_to.unwrap_or(flushed);
        self.read_to = Some(flushed);
        for (from, to) in windows(from, flushed, interval_s) {
            match reader.read(session, from, to).await {
                Ok(tables) => lines.push(SampleLine::Wal { from, to, tables: tables.into_iter().collect() }),
                Err(error @ PgError::Lost { .. }) => return Err(error),
                Err(error) => {
                    // Most likely recycled by a checkpoint; the counters still have these changes.
                    teller.explain(&format!("{error}; this stretch of WAL is left out"));
                    lines.push(SampleLine::Note {
                        note: "some WAL could not be read before it was recycled".to_owned(),
                    });
                    break;
                }
            }
        }
        Ok(())
    }

    async fn peek(
        &mut self,
        session: &Session,
        server: &Server,
        interval_s: f64,
        teller: &Teller,
        lines: &mut Vec<SampleLine>,
    ) {
        if !self.peeks || self.next_attempt.is_some_and(|at| Instant::now() < at) {
            return;
        }
        match self.read_slot(session, server, interval_s).await {
            Ok(line) => {
                lines.extend(line);
                self.retry = FIRST_RETRY;
                self.next_attempt = None;
            }
            Err(problem) => {
                self.postpone(&problem, teller);
                lines.push(SampleLine::Note { note: format!("slots were not read all the time: {problem}") });
            }
        }
    }

    async fn read_slot(
        &mut self,
        session: &Session,
        server: &Server,
        interval_s: f64,
    ) -> Result<Option<SampleLine>, String> {
        let text = |error: PgError| error.to_string();
        let peeking = peeking(self.round_wal_bytes, interval_s);
        let is_whole = peeking == Peeking::Always;
        if !is_whole && let Some((slot, _)) = self.slot.take() {
            slot.drop_slot().await.map_err(text)?; // too much came since to be read now
        }
        let (mut slot, begun) = match self.slot.take() {
            Some(slot) => slot,
            None => {
                let slot = PeekSlot::create(server.open().await.map_err(text)?).await.map_err(text)?;
                (slot, Instant::now())
            }
        };
        if let Peeking::For(length_s) = peeking {
            tokio::time::sleep(Duration::from_secs_f64(length_s)).await;
        }
        let to = read_flushed(session).await.map_err(text)?;
        let now = Instant::now();
        let mut peek = slot.read(to).await.map_err(text)?;
        peek.seconds = now.duration_since(begun).as_secs_f64();
        let retained = slot.retained_bytes().await.map_err(text)?;
        if retained > MOST_RETAINED_BYTES {
            let problem = format!("a long transaction made the temporary slot keep {} of WAL", Bytes(retained as f64));
            slot.drop_slot().await.map_err(text)?;
            return Err(problem);
        }
        if is_whole {
            self.slot = Some((slot, now));
        } else {
            slot.drop_slot().await.map_err(text)?;
        }
        Ok(Some(SampleLine::Peek(peek)))
    }

    /// Drops the slot. Should that not work, the end of the session does it.
    pub async fn end(&mut self) {
        if let Some((slot, _)) = self.slot.take() {
            drop(tokio::time::timeout(Duration::from_secs(5), slot.drop_slot()).await);
        }
    }
}
