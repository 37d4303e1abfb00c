//! An assignment of groups into a plan: names, order, members, figures, decisions. Nothing is searched here.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    cut_pairs::{cut_pairs, cut_weight},
    hot::HotReason,
    judge,
    packing::cap_within,
    scope::{Scope, through_root},
    sweep::{Problem, shared_slots},
    trade::Traded,
};
use crate::{
    cost::{Confidence, Share, UNITS_PER_SHARE},
    format::{self, Digest, Document},
    names::{SlotName, TableName},
    plan::{
        Caveat, CutPair, Decision, FrontierPoint, MovePoint, Objective, Plan, PlannedForeignKey, PlannedLoad,
        PlannedSlot, PlannedTable, PreviousPlan, Publishes, Role, SlotCount, gap, shard::Shard,
    },
    policy::{ForeignKeyMode, Measure},
    units::{Bytes, Seconds},
    workload::{ReplicaIdentity, Table, TableKind},
};

/// One slot before it has figures.
pub struct Draft {
    /// Its groups, by position.
    pub groups: Vec<usize>,
    /// Dedicated or shared.
    pub role: Role,
    /// Its name.
    pub name: SlotName,
    /// Nominal, low and high load rows, constant part included.
    pub rows: Rows,
}

/// Load rows of a slot at the three confidences.
pub struct Rows {
    /// Balanced.
    pub nominal: Vec<u64>,
    /// Optimistic.
    pub low: Vec<u64>,
    /// Careful.
    pub high: Vec<u64>,
}

impl Rows {
    /// Largest load and the position of its bucket; the first of equals.
    pub fn peak(row: &[u64], bucket_count: usize) -> (u64, usize) {
        let peak = row.iter().copied().max().unwrap_or(0);
        (peak, (0..row.len()).filter(|&d| row[d] == peak).map(|d| d % bucket_count.max(1)).min().unwrap_or(0))
    }

    /// Largest mean over the buckets of a stage, rounded half up.
    pub fn mean(row: &[u64], bucket_count: usize) -> u64 {
        let count = bucket_count.max(1) as u128;
        let sum = |stage: &[u64]| stage.iter().map(|&load| u128::from(load)).sum::<u128>();
        let means = row.chunks(bucket_count.max(1)).map(|stage| (2 * sum(stage) + count) / (2 * count));
        u64::try_from(means.max().unwrap_or(0)).unwrap_or(u64::MAX)
    }
}

/// Makes the plan.
pub fn plan(problem: &Problem<'_>, scope: &Scope, traded: Traded) -> Plan {
    let drafts = drafts(problem, &traded);
    let slot_of_table = slots_of_tables(problem, &drafts);
    let foreign_keys = foreign_keys(problem, &slot_of_table);
    let mut names: BTreeSet<String> = drafts.iter().map(|draft| draft.name.to_string()).collect();
    let slots: Vec<PlannedSlot> =
        drafts.iter().map(|draft| slot(problem, scope, draft, &foreign_keys, &mut names)).collect();
    let objective = objective(problem, &traded, &drafts, &slots, &slot_of_table);
    let caveats = caveats(problem, scope, &traded, &slots);
    let mut findings = scope.findings.clone();
    findings.extend(crate::workload::check::findings(problem.workload));
    findings.extend(judge::findings(problem, &traded, &drafts, &slots, &foreign_keys));
    findings.sort();
    findings.dedup();
    let mut plan = Plan {
        kind: "plan".into(),
        version: Plan::VERSION,
        tool: format::TOOL.into(),
        workload_sha256: problem.workload.digest(),
        plan_sha256: Digest::default(),
        seed: problem.options.seed,
        budget: problem.options.budget.to_string(),
        time_limited: traded.time_limited,
        database: problem.workload.database.clone(),
        server: problem.workload.server.clone(),
        publisher_version: problem.cost.publisher,
        subscriber_version: problem.cost.subscriber,
        policy: problem.policy.clone().with_versions(
            problem.workload.server.version_num,
            problem.cost.publisher,
            problem.cost.subscriber,
        ),
        load: load(problem),
        decisions: decisions(problem, &traded, &drafts),
        slot_counts: slot_counts(problem, &traded),
        previous: previous(problem, &slots),
        slots,
        excluded: scope.excluded.clone(),
        foreign_keys,
        objective,
        caveats,
        findings,
    };
    plan.plan_sha256 = plan.digest();
    plan
}

/// The slots that are the previous plan's.
fn previous(problem: &Problem<'_>, slots: &[PlannedSlot]) -> Option<PreviousPlan> {
    let plan = problem.options.previous?;
    let kept = |slot: &&PlannedSlot| plan.slots.iter().any(|before| before.name == slot.name);
    let mut names: Vec<SlotName> = slots.iter().filter(kept).map(|slot| slot.name.clone()).collect();
    names.sort();
    Some(PreviousPlan { plan_sha256: plan.plan_sha256.clone(), slots: names })
}

/// What the checker would find wrong if the plan did not say it.
fn caveats(problem: &Problem<'_>, scope: &Scope, traded: &Traded, slots: &[PlannedSlot]) -> Vec<Caveat> {
    let no_identity = scope.no_identity.iter().map(|table| Caveat::NoIdentity { table: table.clone() });
    let unlike_root =
        judge::unlike_roots(problem.workload, slots).into_iter().map(|table| Caveat::UnlikeRoot { table });
    let left_shared = &traded.swept.candidates[traded.swept.chosen].hot.left_shared;
    let hot_shared =
        left_shared.iter().map(|(group, ..)| Caveat::HotShared { table: problem.groups.groups[*group].name.clone() });
    let mut caveats: Vec<Caveat> = no_identity.chain(unlike_root).chain(hot_shared).collect();
    caveats.sort();
    caveats
}

/// Names the slots and puts them in order: hottest first, then by name.
fn drafts(problem: &Problem<'_>, traded: &Traded) -> Vec<Draft> {
    let candidate = &traded.swept.candidates[traded.swept.chosen];
    let shared = shared_slots(candidate, &traded.assignment);
    let mut members: Vec<(Vec<usize>, Role, Option<SlotName>)> = candidate
        .hot
        .dedicated
        .iter()
        .map(|(group, _)| (vec![*group], Role::Dedicated, traded.dedicated_names.get(group).cloned()))
        .collect();
    members.extend(
        shared.into_iter().zip(&traded.shared_names).map(|(groups, name)| (groups, Role::Shared, name.clone())),
    );
    let lists: Vec<Vec<usize>> = members.iter().map(|(groups, _, _)| groups.clone()).collect();
    let nominal = problem.slot_rows(Confidence::Nominal, &lists);
    let low = problem.slot_rows(Confidence::Low, &lists);
    let high = problem.slot_rows(Confidence::High, &lists);
    let mut order: Vec<usize> = (0..members.len()).collect();
    let peak = |slot: usize| nominal[slot].iter().copied().max().unwrap_or(0);
    let first_name = |slot: usize| members[slot].0.iter().map(|&g| &problem.groups.groups[g].name).min();
    order.sort_by(|&a, &b| {
        peak(b).cmp(&peak(a)).then(members[a].1.cmp(&members[b].1)).then_with(|| first_name(a).cmp(&first_name(b)))
    });
    let mut taken: BTreeSet<String> = problem.workload.server.slots_in_use.iter().cloned().collect();
    // A slot that goes leaves its name to no other: the scripts of a transition know slots by name.
    taken.extend(problem.options.previous.iter().flat_map(|plan| &plan.slots).map(|slot| slot.name.to_string()));
    // Neither is a pin's name for a slot that the pin does not mean.
    taken.extend(problem.policy.pinned_slots().into_iter().map(ToString::to_string));
    taken.extend(members.iter().filter_map(|(_, _, name)| name.as_ref().map(|name| name.as_str().to_owned())));
    let (mut drafts, mut number) = (Vec::new(), 0);
    for slot in order {
        let (groups, role, name) = &members[slot];
        let name = name.clone().unwrap_or_else(|| {
            let base = match role {
                Role::Dedicated => problem.groups.groups[groups[0]].leading_name(problem).to_owned(),
                Role::Shared => {
                    number += 1;
                    format!("shared_{number}")
                }
            };
            SlotName::squeeze(&format!("{}_{base}", problem.policy.prefix), &mut taken)
        });
        let rows = Rows { nominal: nominal[slot].clone(), low: low[slot].clone(), high: high[slot].clone() };
        drafts.push(Draft { groups: groups.clone(), role: *role, name, rows });
    }
    drafts.sort_by(|a, b| {
        let peak = |draft: &Draft| draft.rows.nominal.iter().copied().max().unwrap_or(0);
        peak(b).cmp(&peak(a)).then_with(|| a.name.cmp(&b.name))
    });
    drafts
}

impl super::grouping::TableGroup {
    /// The table a slot of this group is called after: the root of its partition tree, or its heaviest table.
    fn leading_name<'a>(&'a self, problem: &Problem<'a>) -> &'a str {
        if let Some(root) = &self.part_of {
            return &root.name;
        }
        let tables = || self.tables.iter().map(|&index| &problem.workload.tables[index]);
        let root = tables().find(|table| table.kind == TableKind::Partitioned);
        let heaviest = || {
            tables().max_by(|a, b| {
                let wal = |table: &Table| table.load.wal_bytes_per_s.max();
                wal(a).total_cmp(&wal(b)).then_with(|| b.name.cmp(&a.name))
            })
        };
        root.or_else(heaviest).map_or(self.name.name.as_str(), |table| table.name.as_str())
    }
}

/// For each table of the workload the slots its rows go to; a root of a split tree is in those of its leaves.
fn slots_of_tables(problem: &Problem<'_>, drafts: &[Draft]) -> Vec<BTreeSet<usize>> {
    let mut slots = vec![BTreeSet::new(); problem.workload.tables.len()];
    let mut roots: BTreeMap<TableName, BTreeSet<usize>> = BTreeMap::new();
    for (position, draft) in drafts.iter().enumerate() {
        for &group in &draft.groups {
            for &index in &problem.groups.groups[group].tables {
                slots[index].insert(position);
                if let Some(root) = &problem.workload.tables[index].partition_root {
                    roots.entry(root.clone()).or_default().insert(position);
                }
            }
        }
    }
    if !roots.is_empty() {
        for (index, table) in problem.workload.tables.iter().enumerate() {
            if let Some(leaves) = roots.get(&table.table_name()) {
                slots[index].extend(leaves);
            }
        }
    }
    slots
}

fn foreign_keys(problem: &Problem<'_>, slots: &[BTreeSet<usize>]) -> Vec<PlannedForeignKey> {
    let index: BTreeMap<TableName, usize> =
        problem.workload.tables.iter().enumerate().map(|(index, table)| (table.table_name(), index)).collect();
    let empty = BTreeSet::new();
    let of = |name: &TableName| index.get(name).map_or(&empty, |&index| &slots[index]);
    problem
        .workload
        .foreign_keys
        .iter()
        .map(|key| {
            let (from, to) = (of(&key.from), of(&key.to));
            // A TRUNCATE of a planned table stops its slot if any other table references it, planned or not.
            let cut = !to.is_empty() && key.from != key.to && (from != to || to.len() > 1);
            PlannedForeignKey { key: key.clone(), cut }
        })
        .collect()
}

fn slot(
    problem: &Problem<'_>,
    scope: &Scope,
    draft: &Draft,
    foreign_keys: &[PlannedForeignKey],
    names: &mut BTreeSet<String>,
) -> PlannedSlot {
    let bucket_count = problem.demand.buckets.len();
    let tables: Vec<&Table> = draft
        .groups
        .iter()
        .flat_map(|&group| &problem.groups.groups[group].tables)
        .map(|&index| &problem.workload.tables[index])
        .collect();
    let split = draft.groups.iter().any(|&group| problem.groups.groups[group].part_of.is_some());
    let through_root = !split && through_root(problem.cost);
    let share = draft.groups.iter().map(|&group| problem.groups.groups[group].share).max().unwrap_or(Share::WHOLE);
    let members = members(scope, &tables, share, through_root);
    // A shard never publishes TRUNCATE: a late one would wipe rows that the others have already (docs/postgres.md, "Row
    // filters").
    let guarded = !share.is_whole()
        || problem.policy.foreign_keys == ForeignKeyMode::Guard
            && foreign_keys.iter().any(|planned| planned.cut && tables.iter().any(|table| is(table, &planned.key.to)));
    let (peak, peak_position) = Rows::peak(&draft.rows.nominal, bucket_count);
    let number = |units| problem.cost.to_number(units);
    let name = draft.name.as_str().to_owned();
    // Whole bytes a table, so that the sum does not depend on the order of the tables.
    let wal = |bucket: usize| {
        let whole = |table: &&Table| table.load.wal_bytes_per_s.or_zero(bucket).round() as u64;
        tables.iter().map(|table| share.part(whole(table)) as f64).sum::<f64>()
    };
    PlannedSlot {
        publication: name.clone(),
        insert_only_publication: members
            .iter()
            .any(|member| member.insert_only)
            .then(|| insert_only_name(&name, names)),
        subscription: name,
        role: draft.role,
        via_root: through_root && members.iter().any(|member| member.kind == TableKind::Partitioned),
        publish: if guarded { Publishes::GUARDED } else { Publishes::ALL },
        peak_load: number(peak),
        peak_bucket: problem.demand.buckets.get(peak_position).copied().unwrap_or(0) as u32,
        mean_load: number(Rows::mean(&draft.rows.nominal, bucket_count)),
        peak_load_high: number(Rows::peak(&draft.rows.high, bucket_count).0),
        mean_load_low: number(Rows::mean(&draft.rows.low, bucket_count)),
        copy_bytes: members.iter().map(|member| member.copy_bytes).sum(),
        wal_bytes_per_s_peak: problem.demand.buckets.iter().map(|&bucket| wal(bucket)).fold(0.0, f64::max),
        tables: members,
        name: draft.name.clone(),
    }
}

fn is(table: &Table, name: &TableName) -> bool {
    table.schema == name.schema && table.name == name.name
}

/// The second publication's name, within the length of a name and none of `taken`, to which it is added.
fn insert_only_name(name: &str, taken: &mut BTreeSet<String>) -> String {
    let end = |number: u32| if number < 2 { "_ins".to_owned() } else { format!("_ins{number}") };
    let with = |end: String| format!("{}{end}", &name[..name.len().min(crate::names::NAME_LIMIT_BYTES - end.len())]);
    let free = (1..).map(|number| with(end(number))).find(|made| !taken.contains(made));
    let free = free.expect("there are more numbers than slots");
    taken.insert(free.clone());
    free
}

/// What the publication lists: a root stands for its leaves where versions allow it.
fn members(scope: &Scope, tables: &[&Table], share: Share, through_root: bool) -> Vec<PlannedTable> {
    let roots: BTreeSet<TableName> = tables
        .iter()
        .filter(|table| through_root && table.kind == TableKind::Partitioned)
        .map(|table| table.table_name())
        .collect();
    let parents: BTreeSet<&TableName> = tables.iter().flat_map(|table| &table.inherits).collect();
    let mut members: Vec<PlannedTable> = tables
        .iter()
        .filter(|table| match table.kind {
            TableKind::Table => true,
            TableKind::Partitioned => through_root,
            TableKind::Partition => table.partition_root.as_ref().is_none_or(|root| !roots.contains(root)),
        })
        .map(|table| member(scope, tables, table, &parents, share))
        .collect();
    members.sort_by(|a, b| (&a.schema, &a.name).cmp(&(&b.schema, &b.name)));
    members
}

fn member(
    scope: &Scope,
    tables: &[&Table],
    table: &Table,
    parents: &BTreeSet<&TableName>,
    share: Share,
) -> PlannedTable {
    let name = table.table_name();
    let leaves: Vec<&&Table> = match table.kind {
        TableKind::Partitioned => tables.iter().filter(|leaf| leaf.partition_root.as_ref() == Some(&name)).collect(),
        _ => Vec::new(),
    };
    let own_or_leaf =
        |set: &BTreeSet<TableName>| set.contains(&name) || leaves.iter().any(|leaf| set.contains(&leaf.table_name()));
    let made_full = own_or_leaf(&scope.made_full);
    let mut leaf_names: Vec<TableName> = leaves.iter().map(|leaf| leaf.table_name()).collect();
    leaf_names.sort();
    PlannedTable {
        kind: table.kind,
        only: table.kind == TableKind::Table
            && (!table.inherits.is_empty() || table.children_left_out || parents.contains(&name)),
        identity: if made_full { ReplicaIdentity::Full } else { table.replica_identity },
        identity_columns: if share.is_whole() {
            table.identity_columns.clone()
        } else {
            table.filter_columns().to_vec()
        },
        set_identity: made_full,
        insert_only: own_or_leaf(&scope.insert_only),
        row_filter: (!share.is_whole()).then(|| Shard { columns: table.filter_columns(), share }.to_filter()),
        copy_bytes: share.part(table.copy_bytes()) + leaves.iter().map(|leaf| leaf.copy_bytes()).sum::<u64>(),
        leaves: leaf_names,
        partition_root: table.partition_root.clone(),
        schema: name.schema,
        name: name.name,
    }
}

fn load(problem: &Problem<'_>) -> PlannedLoad {
    PlannedLoad {
        measure: problem.cost.measure,
        unit: problem.cost.measure.unit().into(),
        slot_capacity: problem
            .cost
            .capacity_units(problem.policy.slot_capacity)
            .map(|units| problem.cost.to_number(units)),
        coefficients: problem.cost.coefficients.clone(),
    }
}

fn objective(
    problem: &Problem<'_>,
    traded: &Traded,
    drafts: &[Draft],
    slots: &[PlannedSlot],
    slot_of_table: &[BTreeSet<usize>],
) -> Objective {
    let number = |units| problem.cost.to_number(units);
    let peak_of = |draft: &Draft| draft.rows.nominal.iter().copied().max().unwrap_or(0);
    let shared_units = drafts.iter().filter(|d| d.role == Role::Shared).map(peak_of).max().unwrap_or(0);
    let has_shared = drafts.iter().any(|draft| draft.role == Role::Shared);
    let lower = if has_shared { traded.bound.value.min(traded.packing_peak) } else { 0 };
    let (shared, bound_value, packing) = (number(shared_units), number(lower), number(traded.packing_peak));
    let pairs = cut_pairs(problem, |index| slot_of_table[index].clone());
    let reasons = CutReasons::new(problem, traded, drafts);
    let name = |index: usize| problem.workload.tables[index].table_name();
    let co_cut: f64 = problem
        .graph
        .pairs()
        .iter()
        .filter(|(a, b, _)| slot_of_table[*a as usize] != slot_of_table[*b as usize])
        .map(|(_, _, joint)| joint.transactions_per_s)
        .sum();
    let copies: Vec<u64> = slots.iter().filter(|slot| slot.role == Role::Shared).map(|slot| slot.copy_bytes).collect();
    let total: u64 = copies.iter().sum();
    let largest = copies.iter().copied().max().unwrap_or(0);
    Objective {
        peak_load: slots.first().map_or(0.0, |slot| slot.peak_load),
        peak_slot: slots.first().map(|slot| slot.name.clone()),
        shared_peak_load: shared,
        lower_bound: bound_value,
        gap: gap(shared, bound_value),
        // Items are numbered by group name on both sides.
        witness: has_shared.then(|| traded.bound.witness.clone()),
        packing_peak_load: packing,
        packing_gap: gap(packing, bound_value),
        cut_weight: pairs.iter().map(|(_, _, weight)| weight).sum(),
        cut_pairs: pairs
            .iter()
            .map(|&(a, b, weight)| CutPair {
                a: name(a),
                b: name(b),
                weight,
                reason: reasons.of((a, &slot_of_table[a]), (b, &slot_of_table[b])).into(),
            })
            .collect(),
        cut_transactions_per_s: (!problem.workload.co_writes.is_empty()).then_some(co_cut),
        copy_imbalance: if total == 0 { 1.0 } else { largest as f64 * copies.len() as f64 / total as f64 },
        moves: traded.moves,
        one_slot_peak_load_high: Some(number(judge::one_slot_peak_high(problem))),
        frontier: frontier(problem, traded),
        move_curve: traded
            .move_curve
            .iter()
            .map(|&(moves, peak)| MovePoint { moves, shared_peak_load: number(peak) })
            .collect(),
    }
}

/// Why a pair is cut, found from the plan itself.
struct CutReasons<'a> {
    problem: &'a Problem<'a>,
    drafts: &'a [Draft],
    group_of: BTreeMap<usize, usize>,
    /// The shared peak that the tolerance allows, units; `None` when planning again.
    cap: Option<u64>,
}

impl<'a> CutReasons<'a> {
    fn new(problem: &'a Problem<'a>, traded: &Traded, drafts: &'a [Draft]) -> Self {
        let groups = problem.groups.groups.iter().enumerate();
        let tolerance_ppm = (problem.policy.cut_tolerance * 1e6).round() as u64;
        CutReasons {
            problem,
            drafts,
            group_of: groups.flat_map(|(group, made)| made.tables.iter().map(move |&index| (index, group))).collect(),
            cap: traded.moves.is_none().then(|| cap_within(traded.packing_peak, tolerance_ppm)),
        }
    }

    fn of(&self, a: (usize, &BTreeSet<usize>), b: (usize, &BTreeSet<usize>)) -> &'static str {
        let ((Some(&slot_a), Some(&slot_b)), false) = ((a.1.first(), b.1.first()), a.1.len() > 1 || b.1.len() > 1)
        else {
            return "a split table lies in several slots";
        };
        if [slot_a, slot_b].iter().any(|&slot| self.drafts[slot].role == Role::Dedicated) {
            return "one of them has a slot of its own";
        }
        let (Some(&group_a), Some(&group_b)) = (self.group_of.get(&a.0), self.group_of.get(&b.0)) else {
            return "a split table lies in several slots";
        };
        let pair = (group_a.min(group_b), group_a.max(group_b));
        if self.problem.groups.apart.contains_key(&pair) {
            return "a rule keeps them apart";
        }
        let Some(cap) = self.cap else { return "groups move only to lower the peak when planning again" };
        if !self.fits(group_a, slot_b, cap) && !self.fits(group_b, slot_a, cap) {
            "either in the other's slot would raise the shared peak past the tolerance"
        } else {
            "no grouping that cuts less was found within the tolerance"
        }
    }

    fn fits(&self, group: usize, slot: usize, cap: u64) -> bool {
        let row = self.problem.demand.row(group);
        self.drafts[slot].rows.nominal.iter().zip(row).all(|(sum, load)| sum + load <= cap)
    }
}

fn frontier(problem: &Problem<'_>, traded: &Traded) -> Vec<FrontierPoint> {
    let candidate = &traded.swept.candidates[traded.swept.chosen];
    traded
        .frontier
        .iter()
        .map(|point| FrontierPoint {
            tolerance: point.tolerance_ppm as f64 / 1e6,
            shared_peak_load: problem.cost.to_number(point.peak),
            cut_weight: cut_weight(problem, candidate, &point.result.assignment),
        })
        .collect()
}

fn slot_counts(problem: &Problem<'_>, traded: &Traded) -> Vec<SlotCount> {
    let number = |units| problem.cost.to_number(units);
    traded
        .swept
        .candidates
        .iter()
        .enumerate()
        .map(|(position, candidate)| {
            let chosen = position == traded.swept.chosen;
            let mut dedicated: Vec<TableName> =
                candidate.hot.dedicated.iter().map(|(group, _)| problem.groups.groups[*group].name.clone()).collect();
            dedicated.sort();
            let bound = if chosen { &traded.bound } else { &candidate.bound };
            let peak = if chosen { Some(traded.packing_peak) } else { candidate.packing.as_ref().map(|p| p.peak) };
            SlotCount {
                shared: candidate.shared_count,
                packing_peak_load: peak.filter(|_| candidate.shared_count > 0).map(number),
                lower_bound: number(peak.map_or(bound.value, |peak| bound.value.min(peak))),
                feasible: candidate.keeps_headroom,
                publisher_decode_load: publisher_decode_load(
                    problem,
                    candidate.shared_count as usize + dedicated.len(),
                ),
                dedicated,
            }
        })
        .collect()
}

/// Largest sum over all walsenders in a bucket: each decodes everything, and together they send every table once.
pub fn publisher_decode_load(problem: &Problem<'_>, slot_count: usize) -> f64 {
    // The shards of a table send its rows once among them.
    let planned: Vec<&Table> = problem
        .groups
        .groups
        .iter()
        .filter(|group| group.share.number == 0)
        .flat_map(|group| &group.tables)
        .map(|&index| &problem.workload.tables[index])
        .collect();
    let send_ns = problem.cost.coefficients.nominal.send_byte_ns;
    problem
        .demand
        .buckets
        .iter()
        .map(|&bucket| {
            let logical: f64 = planned.iter().map(|table| table.load.logical_bytes_per_s.or_zero(bucket)).sum();
            slot_count as f64 * problem.cost.decode_floor(problem.workload, Confidence::Nominal, bucket)
                + 1e-9 * send_ns * logical
        })
        .fold(0.0, f64::max)
}

/// A load as people read it.
pub fn describe(measure: Measure, units: u64) -> String {
    match measure {
        Measure::Wal => format!("{}/s", Bytes(units as f64)),
        Measure::Apply | Measure::Pipeline => {
            format!("{:.2} % of a slot's time", units as f64 / UNITS_PER_SHARE * 100.0)
        }
    }
}

fn why_hot(problem: &Problem<'_>, reason: &HotReason) -> String {
    let show = |units: &u64| describe(problem.cost.measure, *units);
    match reason {
        HotReason::Pinned => "pinned to a slot of its own by policy".into(),
        HotReason::Kept => "it had a slot of its own in the previous plan".into(),
        HotReason::Split => "one part of a table that the policy splits".into(),
        HotReason::Share(peak, fair) => format!(
            "its peak is {}, more than {:.0} % of an evenly loaded shared slot ({})",
            show(peak),
            problem.policy.hot_share * 100.0,
            show(fair)
        ),
        HotReason::Capacity(peak, limit) => {
            format!(
                "its peak is {}, more than the {} that one table should take of a shared slot",
                show(peak),
                show(limit)
            )
        }
        HotReason::Burst(seconds) => format!(
            "its worst burst alone would keep its neighbours waiting for {}, longer than {}",
            Seconds(*seconds),
            Seconds(problem.policy.max_delay_s)
        ),
    }
}

fn decisions(problem: &Problem<'_>, traded: &Traded, drafts: &[Draft]) -> Vec<Decision> {
    let candidate = &traded.swept.candidates[traded.swept.chosen];
    let names = |group: usize| {
        let mut names: Vec<TableName> =
            problem.groups.groups[group].tables.iter().map(|&i| problem.workload.tables[i].table_name()).collect();
        names.sort();
        names
    };
    let mut decisions = vec![Decision::SlotCount { shared: candidate.shared_count, why: traded.swept.why.into() }];
    let mut split: BTreeMap<&TableName, (Vec<SlotName>, Share)> = BTreeMap::new();
    for draft in drafts {
        for &group in &draft.groups {
            let made = &problem.groups.groups[group];
            if let Some(root) = &made.part_of {
                split.entry(root).or_insert((Vec::new(), made.share)).0.push(draft.name.clone());
                continue;
            }
            let (tables, slot) = (names(group), draft.name.clone());
            if let Some((_, reason)) = candidate.hot.dedicated.iter().find(|(hot, _)| *hot == group) {
                decisions.push(Decision::Hot { tables, slot, why: why_hot(problem, reason) });
                continue;
            }
            if let Some((_, reason, left)) = candidate.hot.left_shared.iter().find(|(hot, ..)| *hot == group) {
                let why = format!("{}, but {}", why_hot(problem, reason), left.why());
                decisions.push(Decision::HotShared { tables: tables.clone(), slot: slot.clone(), why });
            }
            if let Some(pin) = &made.pin {
                let why = format!("pin = {}", String::from(pin.clone()));
                decisions.push(Decision::Pinned { tables, slot, why });
            }
        }
    }
    for (table, (slots, share)) in split {
        let (what, how) = if share.is_whole() { ("partitions", "") } else { ("rows", "with row filters, ") };
        let why = format!("its {what} are dealt to {} slots {how}by policy", slots.len());
        decisions.push(Decision::Split { table: table.clone(), slots, why });
    }
    for (position, group) in problem.groups.groups.iter().enumerate() {
        if !group.rules.is_empty() && group.tables.len() > 1 {
            let why = group.rules.iter().cloned().collect::<Vec<_>>().join("; ");
            decisions.push(Decision::KeptTogether { tables: names(position), why });
        }
    }
    decisions
}
