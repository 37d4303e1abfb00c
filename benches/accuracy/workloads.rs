//! The three workloads: schema and data, and streams of transactions at given rates in given parts of the run.

/// Transactions of one kind, over one connection.
pub struct Stream {
    pub sql: String,
    pub per_s: f64,
    /// Part of the run in which it flows, 0 to 1.
    pub from: f64,
    pub to: f64,
}

pub struct Workload {
    pub name: &'static str,
    pub setup: String,
    pub streams: Vec<Stream>,
}

fn stream(sql: impl Into<String>, per_s: f64, from: f64, to: f64) -> Stream {
    Stream { sql: sql.into(), per_s, from, to }
}

pub fn all() -> Vec<Workload> {
    vec![tpcb(), tpcc(), saas()]
}

/// Eight tenants of TPC-B, a hundred to one between the first and the last; half way the order turns round.
fn tpcb() -> Workload {
    let rates = [240.0, 120.0, 60.0, 30.0, 15.0, 8.0, 4.0, 2.0];
    let mut setup = String::new();
    let mut streams = Vec::new();
    for (tenant, rate) in rates.iter().enumerate() {
        setup.push_str(&format!(
            "CREATE SCHEMA t{tenant};
             CREATE TABLE t{tenant}.branches (bid int PRIMARY KEY, bbalance int, filler char(88)) WITH (fillfactor = 100);
             CREATE TABLE t{tenant}.tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
             CREATE TABLE t{tenant}.accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84));
             CREATE TABLE t{tenant}.history (id bigserial PRIMARY KEY, tid int, bid int, aid int, delta int, mtime timestamp,
                                             filler char(22));
             INSERT INTO t{tenant}.branches SELECT g, 0 FROM generate_series(1, 5) g;
             INSERT INTO t{tenant}.tellers SELECT g, g % 5 + 1, 0 FROM generate_series(1, 50) g;
             INSERT INTO t{tenant}.accounts SELECT g, g % 5 + 1, 0, '' FROM generate_series(1, 20000) g;
             INSERT INTO t{tenant}.history (tid, bid, aid, delta, mtime)
                 SELECT g % 50, g % 5, g, 7, now() FROM generate_series(1, 500) g;
             CREATE FUNCTION t{tenant}.run() RETURNS void LANGUAGE plpgsql AS $$
             DECLARE a int := 1 + random() * 19999; t int := 1 + random() * 49; b int := 1 + random() * 4;
                     d int := random() * 10000 - 5000;
             BEGIN
                 UPDATE t{tenant}.accounts SET abalance = abalance + d WHERE aid = a;
                 PERFORM abalance FROM t{tenant}.accounts WHERE aid = a;
                 UPDATE t{tenant}.tellers SET tbalance = tbalance + d WHERE tid = t;
                 UPDATE t{tenant}.branches SET bbalance = bbalance + d WHERE bid = b;
                 INSERT INTO t{tenant}.history (tid, bid, aid, delta, mtime) VALUES (t, b, a, d, now());
             END $$;"
        ));
        let call = format!("SELECT t{tenant}.run()");
        streams.push(stream(&call, *rate, 0.0, 0.5));
        streams.push(stream(&call, rates[rates.len() - 1 - tenant], 0.5, 1.0));
    }
    Workload { name: "tpcb", setup, streams }
}

fn tpcc() -> Workload {
    let setup = format!("{}{}", include_str!("tpcc_schema.sql"), include_str!("tpcc_run.sql"));
    let streams = vec![
        stream("SELECT tpcc.new_order()", 45.0, 0.0, 1.0),
        stream("SELECT tpcc.payment()", 43.0, 0.0, 1.0),
        stream("SELECT tpcc.delivery()", 4.0, 0.0, 1.0),
        stream("SELECT tpcc.new_order()", 60.0, 0.4, 0.7), // a peak
        stream("BEGIN; SELECT tpcc.new_order(); ROLLBACK", 0.5, 0.0, 1.0), // one in a hundred is rolled back
    ];
    Workload { name: "tpcc", setup, streams }
}

/// What multi-tenant applications do: queues, sessions, uploads, imports, counters, partitions, nightly deletes.
fn saas() -> Workload {
    let streams = vec![
        // all the time
        stream("SELECT app.touch_session()", 150.0, 0.0, 1.0),
        stream("SELECT app.place_order()", 40.0, 0.0, 1.0),
        stream("SELECT app.enqueue()", 40.0, 0.0, 1.0),
        stream("SELECT app.work()", 40.0, 0.0, 1.0),
        stream("SELECT app.count_up()", 60.0, 0.0, 1.0),
        stream("SELECT app.measure()", 30.0, 0.0, 1.0),
        stream("SELECT app.log_event()", 60.0, 0.0, 1.0),
        stream("SELECT app.edit_setting()", 10.0, 0.0, 1.0),
        stream("SELECT app.look_up()", 2.0, 0.0, 1.0),
        stream("BEGIN; SELECT app.place_order(); SELECT app.log_event(); ROLLBACK", 2.0, 0.0, 1.0),
        // phases
        stream("SELECT app.post()", 25.0, 0.2, 0.4),
        stream("SELECT app.save_document()", 15.0, 0.2, 0.6),
        stream("SELECT app.import()", 0.4, 0.4, 0.6),
        stream("SELECT app.edit_contact()", 60.0, 0.4, 0.7),
        stream("SELECT app.tag_contact()", 60.0, 0.4, 0.8),
        stream("SELECT app.clean_up()", 0.3, 0.7, 0.85),
        stream("SELECT app.place_order()", 80.0, 0.85, 1.0),
    ];
    Workload { name: "saas", setup: include_str!("saas.sql").to_owned(), streams }
}
