use super::*;
use crate::{baseline::compare::CompareError, finding::Severity, server::ServerVersion};

const TEXT: &str = "SELECT * FROM orders o JOIN items i ON i.order_id = o.id WHERE o.customer = $1";

fn name(name: &str) -> TableName {
    TableName::new("public", name)
}

fn scan(node: &str, table: &str, index: Option<&str>, rows: f64, cost: f64) -> PlanNode {
    PlanNode {
        node: node.to_owned(),
        table: (!table.is_empty()).then(|| name(table)),
        index: index.map(str::to_owned),
        rows,
        width: 40.0,
        cost,
        is_inner: false,
        children: Vec::new(),
    }
}

fn above(node: &str, cost: f64, children: Vec<PlanNode>) -> PlanNode {
    PlanNode { children, ..scan(node, "", None, 10.0, cost) }
}

/// Few orders by their index, items of each.
fn good() -> PlanNode {
    let inner = scan("Index Scan", "items", Some("items_order"), 3.0, 2.0);
    above("Nested Loop", 40.0, vec![scan("Index Scan", "orders", Some("orders_customer"), 5.0, 8.0), inner])
}

fn table(table: &str, index: &str) -> PlannedTable {
    PlannedTable {
        schema: "public".to_owned(),
        name: table.to_owned(),
        root: None,
        bytes: 1e8,
        has_statistics: Some(true),
        indexes: BTreeMap::from([(index.to_owned(), format!("USING btree ( {index} )"))]),
    }
}

fn plans(major: u32, plan: PlanNode) -> StatementPlans {
    let server = BaselineServer { version_num: ServerVersion::of_major(major), system_identifier: None };
    let mut plans = StatementPlans::new(server, "shop".to_owned());
    plans.plans.insert(TEXT.to_owned(), Planned::Plan(plan));
    plans.tables = vec![table("items", "items_order"), table("orders", "orders_customer")];
    let setting = |value: &str, unit: &str| Setting { value: value.to_owned(), unit: Some(unit.to_owned()) };
    plans.settings.insert("work_mem".to_owned(), setting("4096", "kB"));
    plans.settings.insert("random_page_cost".to_owned(), Setting { value: "4".to_owned(), unit: None });
    plans
}

fn baseline() -> Baseline {
    let mut text = String::from(
        "{\"kind\":\"baseline\",\"version\":1,\"tool\":\"x\",\"server\":{\"version_num\":130005},\"database\":\"shop\",\
         \"start\":\"2026-12-01T00:00:00Z\",\"end\":\"2026-12-01T00:01:00Z\",\"intervals_s\":[60],\"figures\":{},\"statements\":[",
    );
    for (position, (statement, ms)) in [("COMMIT", 900), (TEXT, 600), ("SELECT 'x", 5)].into_iter().enumerate() {
        let comma = if position > 0 { "," } else { "" };
        text.push_str(&format!(
            "{comma}{{\"text\":\"{statement}\",\"calls\":60,\"total_ms\":{ms},\"rows\":60,\"blocks\":240,\"blocks_read\":0,\
             \"temp_blocks\":0,\"ms_per_call\":[1]}}"
        ));
    }
    text.push_str("],\"tables\":[],\"settings\":{}}");
    crate::format::read(text.as_bytes()).unwrap()
}

fn found(new: &StatementPlans) -> Vec<String> {
    found_beside(&plans(13, good()), new)
}

fn found_beside(old: &StatementPlans, new: &StatementPlans) -> Vec<String> {
    let explanation = explain(&baseline(), Some(old), new, &[]);
    explanation.findings.iter().map(|finding| format!("{} {}", finding.severity, finding.code)).collect()
}

#[test]
fn the_same_shape_is_nothing_to_speak_of() {
    assert_eq!(found(&plans(15, good())), [""; 0]);
    let mut dearer = good();
    dearer.cost *= 5.0;
    assert_eq!(found(&plans(15, above("Gather", 200.0, vec![dearer]))), [""; 0]);
}

#[test]
fn a_table_read_whole_is_found_with_its_cause() {
    let whole = || {
        let inner = scan("Index Scan", "items", Some("items_order"), 3.0, 2.0);
        plans(15, above("Nested Loop", 4000.0, vec![scan("Seq Scan", "orders", None, 5.0, 3000.0), inner]))
    };
    let cause = |change: fn(&mut StatementPlans)| {
        let mut new = whole();
        change(&mut new);
        let explanation = explain(&baseline(), Some(&plans(13, good())), &new, &[]);
        let finding = explanation.findings.iter().find(|finding| finding.code == "BL201").unwrap().clone();
        assert_eq!(finding.severity, Severity::Error);
        assert_eq!(finding.message, "table public.orders is read whole, and was read by index \"orders_customer\"");
        (finding.detail.unwrap(), explanation.findings.len())
    };
    assert_eq!(
        cause(|_| {}),
        ("The plan's cost is 4000, and was 40. Nothing that was looked at explains it.".to_owned(), 1)
    );
    let (detail, count) = cause(|new| new.tables[1].has_statistics = Some(false));
    assert!(detail.ends_with("Likely causes: table public.orders was never analyzed.") && count == 2, "{detail}");
    let (detail, count) = cause(|new| new.tables[1].indexes.clear());
    assert!(detail.ends_with("index \"orders_customer\" of table public.orders is missing.") && count == 2, "{detail}");
    let (detail, count) = cause(|new| new.settings.get_mut("random_page_cost").unwrap().value = "40".to_owned());
    assert!(detail.ends_with("setting random_page_cost is 40, and was 4.") && count == 2, "{detail}");
    // a small table is read whole by every plan
    let mut small = whole();
    small.tables[1].bytes = 8192.0;
    assert_eq!(found(&small), ["info BL208"]);
    // and one that the planner expects to be as cheap is a warning
    let mut cheap = whole();
    if let Some(Planned::Plan(plan)) = cheap.plans.get_mut(TEXT) {
        plan.cost = 41.0;
    }
    assert_eq!(found(&cheap), ["warning BL201"]);
}

#[test]
fn a_loop_over_many_rows_is_found() {
    let looped = |rows: f64, cost: f64| {
        let inner = scan("Index Scan", "items", Some("items_order"), 3.0, 2.0);
        above("Nested Loop", cost, vec![scan("Index Scan", "orders", Some("orders_customer"), rows, 8.0), inner])
    };
    assert_eq!(found(&plans(15, looped(50_000.0, 9e5))), ["error BL202"]);
    assert_eq!(found(&plans(15, looped(900.0, 9e5))), [""; 0], "few rows");
    let scans = |orders: f64| {
        vec![
            scan("Index Scan", "orders", Some("orders_customer"), orders, 8.0),
            scan("Index Scan", "items", Some("items_order"), 9.0, 9.0),
        ]
    };
    let joined = plans(13, above("Merge Join", 4000.0, scans(50_000.0)));
    assert_eq!(found_beside(&joined, &plans(15, looped(50_000.0, 9e5))), ["error BL202"]);
    assert_eq!(found_beside(&joined, &plans(15, looped(50_000.0, 4000.0))), ["info BL208"], "it costs no more");
}

#[test]
fn sorts_that_no_longer_fit_are_found() {
    let sorted = |rows: f64| {
        above("Aggregate", 50.0, vec![PlanNode { rows, children: vec![good()], ..scan("Sort", "", None, rows, 45.0) }])
    };
    let mut new = plans(15, sorted(20_000.0));
    assert_eq!(found_beside(&plans(13, sorted(20_000.0)), &new), [""; 0], "1.3 MB fit into 4 MB");
    new.settings.get_mut("work_mem").unwrap().value = "64".to_owned();
    assert_eq!(found_beside(&plans(13, sorted(20_000.0)), &new), ["warning BL203", "info BL207"]);
}

#[test]
fn what_is_not_planned_is_said() {
    let mut refused = plans(15, good());
    refused.plans.insert(TEXT.to_owned(), Planned::Refused("relation \"orders\" does not exist".to_owned()));
    assert_eq!(found(&refused), ["warning BL204"]);
    assert_eq!(found_beside(&refused, &refused), ["info BL204"]);
    let (wanted, others) = heaviest(&baseline(), 10);
    assert_eq!(wanted.iter().map(|(text, _)| text.as_str()).collect::<Vec<_>>(), [TEXT], "COMMIT has no plan");
    let explanation = explain(&baseline(), None, &plans(15, good()), &others);
    assert_eq!(explanation.findings.iter().map(|finding| finding.code.as_str()).collect::<Vec<_>>(), ["BL204"]);
}

#[test]
fn partitions_count_under_their_root() {
    let of = |leaf: &str, node: &str, index: Option<&str>, cost: f64| {
        let mut plans = plans(15, above("Append", cost, vec![scan(node, leaf, index, 5.0, cost)]));
        plans.tables = vec![PlannedTable { root: Some(name("orders")), ..table(leaf, "by_customer") }];
        plans
    };
    let old = of("orders_1", "Index Scan", Some("by_customer"), 8.0);
    assert_eq!(found_beside(&old, &of("orders_2", "Seq Scan", None, 3000.0)), ["error BL201"]);
}

#[test]
fn a_file_reads_back_and_one_of_another_kind_is_refused() {
    let plans = plans(15, good());
    assert_eq!(crate::format::read::<StatementPlans>(&crate::format::write(&plans)).unwrap(), plans);
    assert!(crate::format::read::<StatementPlans>(&crate::format::write(&baseline())).is_err());
    assert_eq!(CompareError::Nothing.to_string(), "there is no window before");
}
