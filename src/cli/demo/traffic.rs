//! The application of the demo: three clients that write all the time, and more while a campaign goes out.
//!
//! Rates are rows a second. Each flow belongs to one client, so no two clients wait for each other's rows.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio_postgres::{Client, NoTls, Statement};

use super::super::output::Failure;

/// Time between two batches of a flow.
const TICK: Duration = Duration::from_millis(50);

/// One kind of write: its statement takes the number of rows.
struct Flow {
    client: usize,
    sql: &'static str,
    usual: f64,
    campaign: f64,
}

const CLIENTS: usize = 3;

const FLOWS: [Flow; 11] = [
    Flow {
        client: 0,
        sql: "INSERT INTO email_events (message_id, kind, agent)
              SELECT 1 + (random() * 9999)::int, 'opened', jsonb_build_object('agent', md5(random()::text), 'ip', '192.0.2.1')
              FROM generate_series(1, $1::int)",
        usual: 25.0,
        campaign: 300.0,
    },
    Flow {
        client: 0,
        sql: "UPDATE email_messages SET status = 'sent', updated_at = now()
              WHERE id IN (SELECT 1 + (random() * 9999)::int FROM generate_series(1, $1::int))",
        usual: 10.0,
        campaign: 250.0,
    },
    Flow {
        client: 1,
        sql: "UPDATE sessions SET seen_at = now()
              WHERE id IN (SELECT 1 + (random() * 1999)::int FROM generate_series(1, $1::int))",
        usual: 30.0,
        campaign: 250.0,
    },
    Flow {
        client: 1,
        sql: "INSERT INTO webhook_deliveries (webhook_id, payload)
              SELECT 1 + (random() * 299)::int,
                (SELECT string_agg(md5(n::text || part || random()::text), '') FROM generate_series(1, 130) AS part)
              FROM generate_series(1, $1::int) AS n",
        usual: 5.0,
        campaign: 90.0,
    },
    Flow {
        client: 1,
        sql: "UPDATE contacts SET fields = jsonb_build_object('name', md5(random()::text)), updated_at = now()
              WHERE id IN (SELECT 1 + (random() * 9999)::int FROM generate_series(1, $1::int))",
        usual: 10.0,
        campaign: 100.0,
    },
    Flow {
        client: 2,
        sql: "INSERT INTO page_views (day, path, contact_id)
              SELECT 3, '/page/' || md5(random()::text), n FROM generate_series(1, $1::int) AS n",
        usual: 20.0,
        campaign: 200.0,
    },
    Flow {
        client: 2,
        sql: "INSERT INTO audit_log (account_id, what)
              SELECT 1 + (random() * 299)::int, 'changed ' || md5(random()::text) FROM generate_series(1, $1::int)",
        usual: 15.0,
        campaign: 60.0,
    },
    Flow {
        client: 2,
        sql: "INSERT INTO jobs (kind, arguments)
              SELECT 'send', jsonb_build_object('n', n) FROM generate_series(1, $1::int) AS n",
        usual: 10.0,
        campaign: 40.0,
    },
    Flow {
        client: 2,
        sql: "UPDATE jobs SET state = 'done' WHERE id IN
              (SELECT id FROM jobs WHERE state = 'queued' ORDER BY id LIMIT $1::int)",
        usual: 10.0,
        campaign: 40.0,
    },
    Flow {
        client: 2,
        sql: "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'done' ORDER BY id LIMIT $1::int)",
        usual: 10.0,
        campaign: 40.0,
    },
    // The quiet tables come on top: one row of each in turn.
    Flow {
        client: 2,
        sql: "INSERT INTO notifications SELECT 1000 + nextval('jobs_id'), 1 + (random() * 1999)::int, 'done'
              FROM generate_series(1, $1::int)",
        usual: 5.0,
        campaign: 20.0,
    },
];

/// Tables that change a little, all alike: (table, a column of its key).
const QUIET: [(&str, &str); 31] = [
    ("accounts", "id"),
    ("users", "id"),
    ("roles", "id"),
    ("memberships", "id"),
    ("permissions", "id"),
    ("role_permissions", "role_id"),
    ("api_keys", "id"),
    ("oauth_tokens", "id"),
    ("subscription_plans", "id"),
    ("subscriptions", "id"),
    ("invoices", "id"),
    ("invoice_lines", "id"),
    ("payments", "id"),
    ("refunds", "id"),
    ("coupons", "id"),
    ("contact_lists", "id"),
    ("list_members", "list_id"),
    ("tags", "id"),
    ("contact_tags", "contact_id"),
    ("templates", "id"),
    ("campaigns", "id"),
    ("campaign_variants", "id"),
    ("suppressions", "id"),
    ("domains", "id"),
    ("webhooks", "id"),
    ("files", "id"),
    ("projects", "id"),
    ("tasks", "id"),
    ("task_assignees", "task_id"),
    ("comments", "id"),
    ("imports", "code"),
];

/// Rows of the quiet tables a second, all together, campaign or not.
const QUIET_ROWS_PER_S: f64 = 30.0;

/// Rows a second while nothing special happens.
pub fn usual_rows_per_s() -> f64 {
    FLOWS.iter().map(|flow| flow.usual).sum::<f64>() + QUIET_ROWS_PER_S
}

/// Rows a second while a campaign goes out, if the publisher keeps up.
pub fn campaign_rows_per_s() -> f64 {
    FLOWS.iter().map(|flow| flow.campaign).sum::<f64>() + QUIET_ROWS_PER_S
}

/// What all clients look at.
#[derive(Default)]
struct Signals {
    stop: AtomicBool,
    campaign: AtomicBool,
    rows: AtomicU64,
}

/// Clients at work, until [`Traffic::stop`].
pub struct Traffic {
    signals: Arc<Signals>,
    clients: Vec<JoinHandle<Result<(), tokio_postgres::Error>>>,
}

impl Traffic {
    /// Connects and begins.
    pub fn start(conninfo: &str) -> Self {
        let signals = Arc::new(Signals::default());
        let clients = (0..CLIENTS)
            .map(|client| {
                let (signals, conninfo) = (Arc::clone(&signals), conninfo.to_owned());
                std::thread::spawn(move || write_until_stopped(client, &conninfo, &signals))
            })
            .collect();
        Traffic { signals, clients }
    }

    /// A campaign begins.
    pub fn begin_campaign(&self) {
        self.signals.campaign.store(true, Ordering::Relaxed);
    }

    /// It is over.
    pub fn end_campaign(&self) {
        self.signals.campaign.store(false, Ordering::Relaxed);
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.signals.rows.load(Ordering::Relaxed)
    }

    /// Lets each client finish its transaction; afterwards nothing writes.
    ///
    /// # Errors
    /// The first statement that failed: then the demo measured too little.
    pub fn stop(mut self) -> Result<u64, Failure> {
        self.signals.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            match client.join() {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(Failure::new("a client of the demo failed").source(error)),
                Err(_) => return Err(Failure::new("a client of the demo ended early")),
            }
        }
        Ok(self.rows())
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.signals.stop.store(true, Ordering::Relaxed);
        for client in self.clients.drain(..) {
            drop(client.join());
        }
    }
}

fn write_until_stopped(client: usize, conninfo: &str, signals: &Signals) -> Result<(), tokio_postgres::Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    // Threads and sockets were there a moment ago; without a runtime the client counts as ended.
    let Ok(runtime) = runtime else { return Ok(()) };
    runtime.block_on(async {
        let (session, connection) = tokio_postgres::connect(conninfo, NoTls).await?;
        tokio::spawn(connection);
        let mut writer = Writer::new(client, &session).await?;
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !signals.stop.load(Ordering::Relaxed) {
            ticks.tick().await;
            writer.catch_up(&session, signals).await?;
        }
        Ok(())
    })
}

/// One client: what it writes, and how many rows of each are due.
struct Writer {
    flows: Vec<(&'static Flow, Statement, f64)>,
    quiet: Vec<Statement>,
    quiet_due: f64,
    next_quiet: usize,
    last: Instant,
}

impl Writer {
    async fn new(client: usize, session: &Client) -> Result<Self, tokio_postgres::Error> {
        let mut flows = Vec::new();
        for flow in FLOWS.iter().filter(|flow| flow.client == client) {
            flows.push((flow, session.prepare(flow.sql).await?, 0.0));
        }
        let mut quiet = Vec::new();
        if client == CLIENTS - 1 {
            for (table, key) in QUIET {
                let sql = format!("UPDATE {table} SET updated_at = now() WHERE {key} = $1");
                quiet.push(session.prepare(&sql).await?);
            }
        }
        Ok(Writer { flows, quiet, quiet_due: 0.0, next_quiet: 0, last: now() })
    }

    /// Writes what is due since the last time.
    async fn catch_up(&mut self, session: &Client, signals: &Signals) -> Result<(), tokio_postgres::Error> {
        let campaign = signals.campaign.load(Ordering::Relaxed);
        // A client that was held up does not make up for more than a second.
        let elapsed_s = self.last.elapsed().as_secs_f64().min(1.0);
        self.last = now();
        for (flow, statement, due) in &mut self.flows {
            *due += elapsed_s * if campaign { flow.campaign } else { flow.usual };
            let rows = *due as i32;
            if rows > 0 {
                *due -= f64::from(rows);
                let written = session.execute(&*statement, &[&rows]).await?;
                signals.rows.fetch_add(written, Ordering::Relaxed);
            }
        }
        if self.quiet.is_empty() {
            return Ok(());
        }
        self.quiet_due += elapsed_s * QUIET_ROWS_PER_S;
        while self.quiet_due >= 1.0 {
            self.quiet_due -= 1.0;
            let statement = &self.quiet[self.next_quiet % self.quiet.len()];
            let key = 1 + (self.next_quiet * 7 % 300) as i64;
            self.next_quiet += 1;
            let written = session.execute(statement, &[&key]).await?;
            signals.rows.fetch_add(written, Ordering::Relaxed);
        }
        Ok(())
    }
}

#[expect(clippy::disallowed_methods, reason = "rates are kept by the clock")]
fn now() -> Instant {
    Instant::now()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An applied row costs 1.1 to 2.2 ms with the demo's storage, so a slot carries 450 to 900 rows a second.
    #[test]
    fn a_campaign_is_too_much_for_one_slot_and_no_flow_is() {
        assert!(campaign_rows_per_s() > 1200.0 && usual_rows_per_s() < 300.0);
        assert!(FLOWS.iter().all(|flow| flow.campaign <= 300.0 && flow.client < CLIENTS));
    }
}
