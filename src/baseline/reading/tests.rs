use super::*;
use crate::{format, server::ServerVersion};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).unwrap()
}

const ID: StatementId = StatementId { role: 10, query: 1, toplevel: true };

fn reading(second: i64, commits: f64, calls: f64) -> Reading {
    let counter = Counter { value: commits, reset: Some(at(-100)) };
    let statement = StatementCounters { calls, total_ms: calls * 2.0, blocks_hit: calls * 4.0, ..Default::default() };
    Reading {
        at: at(second),
        started: at(-1000),
        counters: BTreeMap::from([("commits_per_s".to_owned(), counter)]),
        levels: BTreeMap::from([("sessions".to_owned(), commits)]),
        statements: Some(BTreeMap::from([(ID, statement)])),
    }
}

fn finish(readings: Vec<Reading>, first: &TablesReading, last: &TablesReading) -> Result<Baseline, ReadingError> {
    let mut folder = Folder::default();
    readings.into_iter().for_each(|reading| folder.take(reading));
    let ending = Ending {
        database: "shop".to_owned(),
        texts: BTreeMap::from([(ID, Some(Statement::new("SELECT 'x' -- secret")))]),
        ..Ending::default()
    };
    folder.finish(
        BaselineServer { version_num: ServerVersion::of_major(15), system_identifier: None },
        first,
        last,
        ending,
    )
}

fn of(readings: Vec<Reading>) -> Baseline {
    finish(readings, &TablesReading::default(), &TablesReading::default()).unwrap()
}

#[test]
fn rates_are_differences_over_time() {
    // 20 commits in 10 s, then 40 in 10 s; the first level is before the window
    let baseline = of(vec![reading(0, 100.0, 5.0), reading(10, 120.0, 15.0), reading(20, 160.0, 15.0)]);
    assert_eq!(baseline.intervals_s, [10.0, 10.0]);
    assert_eq!(baseline.figures["commits_per_s"], [Some(2.0), Some(4.0)]);
    assert_eq!(baseline.figures["sessions"], [Some(120.0), Some(160.0)]);
    let statement = &baseline.statements()[0];
    assert_eq!((statement.text.as_str(), statement.calls, statement.blocks), ("SELECT $1", 10.0, 40.0));
    assert_eq!(statement.ms_per_call, [Some(2.0), None], "no call is no time");
    let written = format::write(&baseline);
    assert_eq!(format::read::<Baseline>(&written).unwrap(), baseline);
}

#[test]
fn resets_and_restarts_are_gaps() {
    let mut readings =
        vec![reading(0, 100.0, 5.0), reading(10, 50.0, 2.0), reading(20, 60.0, 4.0), reading(30, 70.0, 6.0)];
    readings[3].started = at(25);
    let baseline = of(readings);
    assert_eq!(baseline.figures["commits_per_s"], [None, Some(1.0), None]);
    assert_eq!(baseline.statements()[0].ms_per_call, [None, Some(2.0), None]);
    assert_eq!(baseline.gaps.len(), 3, "{:?}", baseline.gaps);
    // the same value since another moment
    let mut readings = vec![reading(0, 100.0, 5.0), reading(10, 200.0, 6.0)];
    readings[1].counters.get_mut("commits_per_s").unwrap().reset = Some(at(5));
    assert!(!of(readings).figures.contains_key("commits_per_s"));
}

#[test]
fn one_reading_is_no_rate_and_a_clock_set_back_no_interval() {
    let none = TablesReading::default();
    assert_eq!(finish(vec![reading(0, 1.0, 1.0)], &none, &none), Err(ReadingError::One));
    assert_eq!(finish(vec![], &none, &none), Err(ReadingError::One));
    let baseline = of(vec![reading(0, 1.0, 1.0), reading(-5, 2.0, 2.0), reading(5, 12.0, 3.0)]);
    assert_eq!(baseline.figures["commits_per_s"], [Some(1.0)]);
}

#[test]
fn statements_of_one_text_are_one() {
    let other = StatementId { query: 2, ..ID };
    let with_both = |second, calls| {
        let mut reading = reading(second, 1.0, calls);
        let statements = reading.statements.as_mut().unwrap();
        statements.insert(other, StatementCounters { calls, total_ms: calls * 6.0, ..Default::default() });
        reading
    };
    let mut folder = Folder::default();
    folder.take(with_both(0, 0.0));
    folder.take(with_both(10, 10.0));
    let texts = [(ID, "SELECT 1  ,2"), (other, "SELECT $1 , $2")].map(|(id, text)| (id, Some(Statement::new(text))));
    let ending = Ending { texts: BTreeMap::from(texts), ..Ending::default() };
    let none = TablesReading::default();
    let server = BaselineServer { version_num: ServerVersion::of_major(18), system_identifier: None };
    let baseline = folder.finish(server, &none, &none, ending).unwrap();
    assert_eq!(baseline.statements().len(), 1);
    assert_eq!(baseline.statements()[0].ms_per_call, [Some(4.0)]);
}

#[test]
fn tables_count_since_their_reset() {
    let table =
        |scans: f64| TableReading { schema: "a".into(), name: "b".into(), seq_scans: scans, ..Default::default() };
    let at_time = |second: i64, reset: i64, scans: f64| TablesReading {
        at: at(second),
        reset: Some(at(reset)),
        tables: BTreeMap::from([(7, table(scans))]),
        index_scans: BTreeMap::new(),
    };
    let rate = |first: &TablesReading, last: &TablesReading| {
        finish(vec![reading(0, 1.0, 1.0), reading(10, 1.0, 1.0)], first, last).unwrap().tables[0].seq_scans_per_s
    };
    assert_eq!(rate(&at_time(0, -9, 100.0), &at_time(10, -9, 120.0)), 2.0);
    assert_eq!(rate(&at_time(0, -9, 100.0), &at_time(10, 6, 80.0)), 20.0, "80 in the 4 s since the reset");
    assert_eq!(rate(&at_time(0, -9, 100.0), &at_time(10, 6, 120.0)), 2.0, "another table was reset");
}
