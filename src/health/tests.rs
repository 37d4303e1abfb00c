//! Each state and each finding from rows as the servers give them.

use super::{
    load::{LoadModel, SlotLoad},
    status::Verdict,
    *,
};
use crate::{
    finding::code,
    plan::Plan,
    workload::{Series, TableKind, Workload},
};

const TABLE: &str = r#"{"table": {"subscription": "pgsp_a", "schema": "public", "table": "t", "state": "r"}}"#;
const PUBLICATION: &str = r#"{"publication": "pgsp_a"}"#;
const MIRROR: &str = "pgsp_rev_1";

fn with(usual: &[(&str, &str)], more: &[&str]) -> String {
    let fields = usual.iter().map(|(name, usual)| {
        let changed = more.iter().filter_map(|one| one.split_once('=')).find(|(other, _)| other == name);
        format!("\"{name}\": {}", changed.map_or(*usual, |(_, value)| value))
    });
    format!("{{{}}}", fields.collect::<Vec<_>>().join(", "))
}

fn slot(more: &[&str]) -> String {
    let usual = [
        ("slot", "\"pgsp_a\""),
        ("active", "true"),
        ("wal_status", "\"reserved\""),
        ("invalidation_reason", "null"),
        ("safe_wal_bytes", "null"),
        ("lag_bytes", "0"),
        ("retained_bytes", "0"),
        ("confirmed", "1000"),
        ("xmin_age", "1"),
    ];
    format!("{{\"slot\": {}}}", with(&usual, more))
}

fn subscription(more: &[&str]) -> String {
    let usual = [
        ("subscription", "\"pgsp_a\""),
        ("enabled", "true"),
        ("slot", "\"pgsp_a\""),
        ("worker", "10"),
        ("helpers", "0"),
        ("copying", "[]"),
    ];
    format!("{{\"subscription\": {}}}", with(&usual, more))
}

fn server(more: &[&str]) -> String {
    let usual = [
        ("at", "100.0"),
        ("version", "150000"),
        ("position", "1000"),
        ("started", "1.0"),
        ("sees_others", "true"),
        ("is_closed", "false"),
        ("slots", "1"),
        ("slot_limit", "10"),
        ("senders", "1"),
        ("sender_limit", "10"),
        ("workers", "1"),
        ("worker_limit", "10"),
        ("origins", "1"),
        ("origin_limit", "10"),
        ("slot_wal_limit_bytes", "null"),
        ("xmin_age", "5"),
        ("xmin_holder", "null"),
        ("frozen_age", "1000"),
        ("writer", "null"),
        ("prepared", "null"),
    ];
    format!("{{\"server\": {}}}", with(&usual, more))
}

fn side(rows: &[&str]) -> SideLook {
    let mut side = SideLook::default();
    side.sees_tables();
    rows.iter().for_each(|row| side.take_row(row).unwrap());
    side
}

/// A look at both servers; each row goes where such rows are, forward.
fn look(rows: &[&str]) -> Look {
    let is_publishers = |row: &&&str| row.starts_with("{\"slot") || row.starts_with("{\"publication");
    let (from, to): (Vec<&str>, Vec<&str>) = rows.iter().partition(|row| is_publishers(row));
    Look { publisher: side(&from), subscriber: side(&to) }
}

fn plan() -> Plan {
    let json = include_str!("../../samples/saas/plan.json");
    let mut plan: Plan = crate::format::read(json.as_bytes()).unwrap();
    plan.slots.truncate(1);
    let slot = &mut plan.slots[0];
    slot.name = crate::names::SlotName::new("pgsp_a").unwrap();
    (slot.subscription, slot.publication) = ("pgsp_a".into(), "pgsp_a".into());
    slot.tables.truncate(1);
    let table = &mut slot.tables[0];
    (table.schema, table.name) = ("public".into(), "t".into());
    table.kind = TableKind::Table;
    table.insert_only = false;
    table.copy_bytes = 1000;
    plan
}

fn codes(looks: &[Look]) -> Vec<String> {
    let looks: Vec<&Look> = looks.iter().collect();
    findings(&assess(&plan(), &looks, Direction::Forward)).into_iter().map(|finding| finding.code).collect()
}

fn good() -> [String; 4] {
    [slot(&[]), subscription(&[]), TABLE.to_owned(), PUBLICATION.to_owned()]
}

fn refs(rows: &[String]) -> Vec<&str> {
    rows.iter().map(String::as_str).collect()
}

#[test]
fn each_state_has_its_code() {
    let (runs, gone) = (subscription(&[]), subscription(&["worker=null"]));
    let good = good();
    assert!(codes(&[look(&refs(&good))]).is_empty());
    assert_eq!(codes(&[look(&[&runs, TABLE, PUBLICATION])]), ["HE101"]);
    assert_eq!(codes(&[look(&[&slot(&[]), PUBLICATION])]), ["HE101"]);
    // only where nothing has begun yet is it enough to make the slot
    let hint = |rows: &[&str]| {
        let found = findings(&assess(&plan(), &[&look(rows)], Direction::Forward));
        found.into_iter().find(|finding| finding.code == "HE101").and_then(|finding| finding.hint).unwrap_or_default()
    };
    assert!(hint(&[&runs, TABLE, PUBLICATION]).contains("--repair slot=pgsp_a "));
    assert!(hint(&[&slot(&[]), PUBLICATION]).contains("Run the steps"));
    for lost in ["wal_status=\"lost\"", "invalidation_reason=\"idle_timeout\""] {
        assert_eq!(codes(&[look(&[&slot(&[lost]), &runs, TABLE, PUBLICATION])]), ["HE102"]);
    }
    let failing = look(&[&slot(&["active=false"]), &gone, TABLE, PUBLICATION]);
    assert_eq!(codes(&[failing.clone(), failing.clone()]), ["HE103"]);
    // one look does not tell, nor one look among several
    assert_eq!(codes(std::slice::from_ref(&failing)), ["HE105"]);
    assert!(codes(&[failing, look(&refs(&good))]).is_empty());
    let errors = |count: &str| {
        let row = format!(
            "{{\"errors\": {{\"subscription\": \"pgsp_a\", \"apply\": {count}, \"copy\": 0, \"conflicts\": null}}}}"
        );
        look(&[&slot(&[]), &runs, TABLE, PUBLICATION, &row])
    };
    assert_eq!(codes(&[errors("3"), errors("4")]), ["HE103"]);
    assert!(codes(&[errors("3"), errors("3")]).is_empty());
    assert_eq!(codes(&[look(&[&slot(&[]), &subscription(&["enabled=false"]), TABLE, PUBLICATION])]), ["HE104"]);
    assert_eq!(codes(&[look(&[&slot(&[]), &runs, PUBLICATION])]), ["HE106"]);
    assert_eq!(codes(&[look(&[&slot(&["safe_wal_bytes=1000"]), &runs, TABLE, PUBLICATION])]), ["HE107"]);
    assert_eq!(codes(&[look(&[&slot(&["lag_bytes=99000000"]), &runs, TABLE, PUBLICATION])]), ["HE108"]);
    let copying = TABLE.replace("\"r\"", "\"d\"");
    assert_eq!(codes(&[look(&[&slot(&[]), &runs, &copying, PUBLICATION])]), ["HE108"]);
    assert_eq!(codes(&[look(&[&slot(&[]), &runs, TABLE])]), ["HE109"]);
    assert_eq!(code::all().filter(|code| code.name.starts_with("HE")).count(), 18);
}

/// Below 15 no errors are counted: workers that come and go show it.
#[test]
fn a_worker_that_is_another_one_each_time_fails() {
    let with_worker = |worker: &str| look(&[&slot(&[]), &subscription(&[worker]), TABLE, PUBLICATION]);
    let looks = |workers: &[&str]| workers.iter().map(|worker| with_worker(worker)).collect::<Vec<_>>();
    assert_eq!(codes(&looks(&["worker=1", "worker=2", "worker=3"])), ["HE103"]);
    assert_eq!(codes(&looks(&["worker=1", "worker=2", "worker=null"])), ["HE103"]);
    // started again once: somebody changed the subscription
    assert!(codes(&looks(&["worker=1", "worker=2", "worker=2"])).is_empty());
    // before it was enabled nobody expects one
    let disabled = look(&[&slot(&[]), &subscription(&["enabled=false", "worker=null"]), TABLE, PUBLICATION]);
    assert!(codes(&[disabled.clone(), disabled, with_worker("worker=1")]).is_empty());
}

#[test]
fn a_copy_that_begins_again_and_again_fails_and_one_that_gets_on_does_not() {
    let copying = |state: &str, workers: &str| {
        let table = TABLE.replace("\"r\"", &format!("\"{state}\""));
        look(&[&slot(&[]), &subscription(&[workers]), &table, PUBLICATION])
    };
    let again = [copying("d", "copying=[1]"), copying("i", "copying=[2]"), copying("d", "copying=[3]")];
    assert_eq!(codes(&again), ["HE103"]);
    let on = [copying("d", "copying=[1]"), copying("f", "copying=[2]"), copying("s", "copying=[3]")];
    assert_eq!(codes(&on), ["HE108"]);
    let idle = ["i", "i", "i"].map(|state| copying(state, "copying=[]"));
    let looks: Vec<&Look> = idle.iter().collect();
    let health = assess(&plan(), &looks, Direction::Forward);
    assert!(health[0].reason.contains("no table synchronization worker runs"), "{}", health[0].reason);
}

#[test]
fn rows_that_are_none_are_refused() {
    let mut look = Look::default();
    for wrong in
        ["", "{}", "\\N", "{\"slot\": 1}", "{\"slot\": {\"slot\": \"a\"}}", "{\"subscription\": {\"enabled\": 1}}"]
    {
        assert!(look.publisher.take_row(wrong).is_err(), "{wrong}");
    }
    assert!(!look.is_running(&plan()) && look.is_calm(&plan()));
}

/// Looks at `at` seconds: the log's position, and what the slot has confirmed.
fn seen(rounds: &[(f64, u64, u64)], more: &[&str]) -> Watch {
    let mut watch = Watch::default();
    for (at, position, confirmed) in rounds {
        let times = [format!("at={at}"), format!("position={position}")];
        let publisher = server(&[&times[0], &times[1]]);
        let lag = [format!("confirmed={confirmed}"), format!("lag_bytes={}", position - confirmed)];
        let kept = format!("retained_bytes={}", position - confirmed);
        let fields: Vec<&str> = [lag[0].as_str(), &lag[1], &kept].into_iter().chain(more.iter().copied()).collect();
        let mut both = look(&[&slot(&fields), PUBLICATION, &subscription(&[]), TABLE]);
        both.publisher.take_row(&publisher).unwrap();
        both.subscriber.take_row(&server(&[&times[0]])).unwrap();
        watch.take(both);
    }
    watch
}

fn judged(watch: &Watch) -> Status {
    status(&plan(), watch, &Thresholds::default(), None).unwrap()
}

const MB: u64 = 1_000_000;

#[test]
fn a_copy_by_pieces_is_a_stage_with_a_rate() {
    let pieces = |done: u64| {
        format!(
            r#"{{"pieces": {{"prefix": "pgsp", "total": 10, "done": {done}, "running": 2, "failed": 1, "total_bytes": {}, "done_bytes": {}}}}}"#,
            10 * MB,
            done * MB
        )
    };
    let mut watch = Watch::default();
    for (at, done) in [("at=100.0", 2), ("at=110.0", 6)] {
        let mut both = look(&[&slot(&[]), PUBLICATION]);
        both.publisher.take_row(&server(&[at])).unwrap();
        both.subscriber.take_row(&server(&[at])).unwrap();
        both.subscriber.take_row(&pieces(done)).unwrap();
        watch.take(both);
    }
    let status = judged(&watch);
    assert_eq!(status.stage, Stage::Copying);
    // 4 MB in 10 s, 4 MB left
    let copy = status.pieces.unwrap();
    assert_eq!((copy.done, copy.total, copy.running, copy.failed), (6, 10, 2, 1));
    assert_eq!((copy.bytes_per_s, copy.left_s), (Some(0.4e6), Some(10.0)));
    let mut both = watch.last().unwrap().clone();
    both.subscriber.take_row(&pieces(10)).unwrap();
    watch.take(both.clone());
    assert!(judged(&watch).pieces.is_none(), "it is done");
    both.subscriber.pieces.clear();
    both.subscriber.hides_pieces = true;
    watch.take(both.clone());
    assert!(judged(&watch).unseen.iter().any(|line| line.contains("GRANT") && line.contains("pgslotplan.piece")));
    (both.subscriber.hides_pieces, both.subscriber.doubts_pieces) = (false, true);
    watch.take(both);
    assert!(judged(&watch).unseen.iter().any(|line| line.contains("another role made pgslotplan.piece")));
}

#[test]
fn lag_rates_and_times_by_hand() {
    // 1 MB/s in, 3 MB/s out, 100 MB behind at the end
    let watch = seen(&[(100.0, 200 * MB, 80 * MB), (110.0, 210 * MB, 110 * MB)], &["safe_wal_bytes=50000000"]);
    let status = judged(&watch);
    let slot = &status.slots[0];
    assert_eq!((status.stage, slot.state), (Stage::CatchingUp, State::CatchingUp));
    assert_eq!((slot.wal_bytes_per_s, slot.drain_bytes_per_s), (Some(1e6), Some(3e6)));
    assert_eq!(slot.caught_up_in_s, Some(50.0));
    // nobody looked when the log was at 110 MB: 10 s, and 90 MB more at 1 MB/s
    assert_eq!((slot.flush_lag_s, slot.flush_lag_is_reckoned), (Some(100.0), true));
    assert_eq!((slot.flush_lag_bytes, slot.safe_wal_bytes, slot.limit_in_s), (Some(100 * MB), Some(50 * MB), None));
    assert_eq!(status.verdict(), Verdict::Well);
    // it falls behind: 2 MB/s in, 1 MB/s out, 50 MB left
    let watch = seen(&[(100.0, 200 * MB, 180 * MB), (110.0, 220 * MB, 190 * MB)], &["safe_wal_bytes=50000000"]);
    let status = judged(&watch);
    assert_eq!((status.slots[0].caught_up_in_s, status.slots[0].limit_in_s), (None, Some(50.0)));
    let said: Vec<&str> = status.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(said, ["HE118", "HE107", "HE108"]);
    assert_eq!(status.verdict(), Verdict::Bad);
}

#[test]
fn thresholds_are_told_by_themselves() {
    let watch = seen(&[(100.0, 200 * MB, 199 * MB), (110.0, 210 * MB, 205 * MB)], &["safe_wal_bytes=5000000000"]);
    let exceeded = |thresholds: Thresholds| {
        let status = status(&plan(), &watch, &thresholds, None).unwrap();
        (status.verdict(), status.findings.iter().filter(|finding| finding.code == "HE110").count())
    };
    assert_eq!(exceeded(Thresholds::default()), (Verdict::Well, 0));
    // 5 MB behind at 1 MB/s
    assert_eq!(exceeded(Thresholds { max_lag_s: Some(6.0), ..Thresholds::default() }), (Verdict::Well, 0));
    let all = Thresholds {
        max_lag_s: Some(4.0),
        max_retained_bytes: Some(MB),
        min_safe_wal_bytes: Some(6_000_000_000),
        ..Thresholds::default()
    };
    assert_eq!(exceeded(all), (Verdict::Exceeded, 3));
    // a disk of 10 MB, 5 of it taken; 4 MB more in 10 s
    let full = Thresholds { publisher_disk_bytes: Some(10 * MB), ..Thresholds::default() };
    let status = status(&plan(), &watch, &full, None).unwrap();
    let disk = status.publisher.disk.unwrap();
    assert_eq!((disk.left_bytes, disk.full_in_s), (5 * MB, Some(12.5)));
    assert!(
        status.findings.iter().any(|finding| finding.code == "HE118" && finding.message.contains("fills its disk"))
    );
}

#[test]
fn servers_are_judged_too() {
    let mut watch = Watch::default();
    for at in ["at=100.0", "at=110.0"] {
        let sync = slot(&["slot=\"pg_16400_sync_16384_7000000000\"", "active=false", "retained_bytes=7000000"]);
        let copying = TABLE.replace("\"r\"", "\"d\"");
        let mut both = look(&[&slot(&[]), &subscription(&[]), &copying, PUBLICATION, &sync]);
        let writer = r#"writer={"who": "session 7 of role a in database b", "seconds": 2000}"#;
        let publisher = server(&[at, writer, "slots=10", "xmin_age=200000000", "xmin_holder=\"slot x\""]);
        both.publisher.take_row(&publisher).unwrap();
        both.subscriber.take_row(&server(&[at, "sees_others=false", "frozen_age=1500000000"])).unwrap();
        let conflicts = if at == "at=100.0" { 1 } else { 3 };
        let errors = format!(
            "{{\"errors\": {{\"subscription\": \"pgsp_a\", \"apply\": 0, \"copy\": 0, \"conflicts\": {conflicts}}}}}"
        );
        both.subscriber.take_row(&errors).unwrap();
        watch.take(both);
    }
    let status = judged(&watch);
    let mut said: Vec<&str> = status.findings.iter().map(|finding| finding.code.as_str()).collect();
    said.sort_unstable();
    assert_eq!(said, ["HE108", "HE111", "HE112", "HE115", "HE116", "HE116", "HE117"]);
    assert_eq!(status.slots[0].conflicts, Some(3));
    assert_eq!(status.unseen.len(), 1, "{:?}", status.unseen);
}

#[test]
fn copies_are_counted_by_the_sizes_of_the_plan() {
    let mut watch = Watch::default();
    for (at, bytes) in [("at=100.0", 250), ("at=110.0", 500)] {
        let copying = TABLE.replace("\"r\"", "\"d\"");
        let copy = format!(
            "{{\"copy\": {{\"subscription\": \"pgsp_a\", \"schema\": \"public\", \"table\": \"t\", \"bytes\": {bytes}}}}}"
        );
        let mut both = look(&[&slot(&[]), &subscription(&["copying=[7]"]), &copying, PUBLICATION, &copy]);
        both.publisher.take_row(&server(&[at])).unwrap();
        both.subscriber.take_row(&server(&[at])).unwrap();
        watch.take(both);
    }
    let status = judged(&watch);
    assert_eq!(status.stage, Stage::Copying);
    let copy = status.slots[0].copy.unwrap();
    assert_eq!((copy.done_bytes, copy.total_bytes, copy.left_s), (500, 1000, Some(20.0)));
    assert_eq!(status.slots[0].tables.unwrap().copying, 1);
}

/// The stage follows from both servers; after the cutover the way back is watched.
#[test]
fn the_stage_is_found() {
    let stage = |publisher: &[&str], subscriber: &[&str], closed: [bool; 2]| {
        let mut watch = Watch::default();
        for at in ["at=100.0", "at=110.0"] {
            let mut both = Look { publisher: side(publisher), subscriber: side(subscriber) };
            let closed = closed.map(|closed| format!("is_closed={closed}"));
            both.publisher.take_row(&server(&[at, &closed[0]])).unwrap();
            both.subscriber.take_row(&server(&[at, &closed[1]])).unwrap();
            watch.take(both);
        }
        let status = judged(&watch);
        let slots = status.slots.iter().map(|slot| (slot.direction, slot.state)).collect::<Vec<_>>();
        (status.stage, slots)
    };
    let stopped = subscription(&["enabled=false", "worker=null"]);
    let mirror = |more: &[&str]| {
        let named = format!("slot=\"{MIRROR}\"");
        slot(&[&[named.as_str()], more].concat())
    };
    let back = subscription(&[&format!("subscription=\"{MIRROR}\"")]);
    let back_table = TABLE.replace("\"pgsp_a\"", &format!("\"{MIRROR}\""));
    let of_mirror = format!("{{\"publication\": \"{MIRROR}\"}}");
    assert_eq!(
        stage(&[PUBLICATION], &[], [false, false]),
        (Stage::Prepared, vec![(Direction::Forward, State::Absent)])
    );
    let old = [slot(&[]), back.clone(), back_table];
    // cut over: the old server is closed, and follows the new one
    let (found, slots) = stage(&refs(&old), &[&stopped, TABLE, &mirror(&[]), &of_mirror], [true, false]);
    assert_eq!((found, slots), (Stage::CutOver, vec![(Direction::Back, State::Streaming)]));
    // without a way back
    assert_eq!(stage(&[&slot(&[])], &[&stopped, TABLE], [true, false]), (Stage::CutOver, vec![]));
    // rolled back: the new server is closed
    assert_eq!(stage(&refs(&old), &[&stopped, TABLE, &mirror(&[])], [false, true]), (Stage::RolledBack, vec![]));
    // a slot of the way back that stopped is an error
    let mut watch = Watch::default();
    let idle = mirror(&["active=false"]);
    let mut both = Look { publisher: side(&refs(&old)), subscriber: side(&[&stopped, TABLE, &idle, &of_mirror]) };
    both.publisher.take_row(&server(&["is_closed=true"])).unwrap();
    both.subscriber.take_row(&server(&[])).unwrap();
    watch.take(both);
    let status = judged(&watch);
    assert_eq!((status.findings[0].code.as_str(), status.findings[0].severity), ("HE105", crate::Severity::Error));
}

/// One table that wrote 100 rows a second when it was sampled writes 500 now.
#[test]
fn load_is_shown_beside_the_planned_one() {
    let mut table = crate::workload::tests::table("t", 10_000.0);
    table.load.inserts_per_s = Series::Constant(100.0);
    table.load.logical_bytes_per_s = Series::Constant(8_000.0);
    let workload: Workload = crate::workload::tests::workload(vec![table]);
    let mut plan = plan();
    let model = LoadModel::new(&plan, &workload);
    let mut watch = Watch::default();
    for (at, inserted) in [(1000.0, 0_u64), (1020.0, 10_000)] {
        let rows = good();
        let mut both = look(&refs(&rows));
        let at = format!("at={at}");
        both.publisher.take_row(&server(&[&at])).unwrap();
        both.subscriber.take_row(&server(&[&at])).unwrap();
        let changes = format!(
            "{{\"changes\": {{\"schema\": \"public\", \"table\": \"t\", \"rows\": {{\"inserted\": {inserted}, \"updated\": 0, \"hot_updated\": 0, \"deleted\": 0}}}}}}"
        );
        both.publisher.take_row(&changes).unwrap();
        watch.take(both);
    }
    let planned = crate::plan::PlanView::new(&plan, &workload).slots[0].curve[0];
    plan.slots[0].peak_load = planned;
    let loads: Vec<SlotLoad> = model.loads(&plan, &watch);
    let measured = loads[0].measured.unwrap();
    // five times the rows; what a walsender reads past is the same
    assert!((measured / planned - 5.0).abs() < 0.01, "{measured} of {planned}");
    assert_eq!(loads[0].tables[0].table, crate::names::TableName::new("public", "t"));
    let status = status(&plan, &watch, &Thresholds::default(), Some(&loads)).unwrap();
    let said: Vec<&str> = status.findings.iter().map(|finding| finding.code.as_str()).collect();
    assert_eq!(said, ["HE113", "HE114"]);
    assert!(status.findings[1].message.contains("writes 5.0 times its share"), "{}", status.findings[1].message);
}

#[test]
fn memory_does_not_grow_with_time() {
    let mut watch = Watch::default();
    for second in 0..2000_u32 {
        let rows = good();
        let mut both = look(&refs(&rows));
        let at = format!("at={}", 5 * second);
        both.publisher.take_row(&server(&[&at])).unwrap();
        watch.take(both);
    }
    assert!(watch.looks().len() <= 14, "{}", watch.looks().len());
    assert!(
        watch.span().is_some_and(|(first, last)| (60.0..=70.0).contains(&(last.at().unwrap() - first.at().unwrap())))
    );
}
