//! What a plan's numbers mean: findings on capacity, hot tables, partitions and foreign keys. Each has its own function
//! that holds threshold, wording and hint; `docs/findings.md` lists the codes.

use super::{
    assemble::{Draft, Rows, describe, publisher_decode_load},
    hot::{HotReason, LeftShared},
    split::not_filterable,
    sweep::Problem,
    trade::Traded,
};
use crate::{
    cost::Confidence,
    finding::{Finding, Subject, code},
    names::TableName,
    plan::{PlannedForeignKey, PlannedSlot},
    policy::{ForeignKeyMode, Measure, PublicationCount},
    server::{NEWEST_TRIED_MAJOR, ServerVersion},
    units::Seconds,
    workload::{ReplicaIdentity, TableKind, Workload},
};

/// All of them, in no order.
pub fn findings(
    problem: &Problem<'_>,
    traded: &Traded,
    drafts: &[Draft],
    slots: &[PlannedSlot],
    foreign_keys: &[PlannedForeignKey],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(decode_floor(problem));
    for draft in drafts {
        findings.extend(never_drains(problem, draft));
        findings.extend(overloaded(problem, draft));
    }
    findings.extend(headroom(problem, traded));
    findings.extend(one_slot_is_enough(problem));
    findings.extend(cores(problem, drafts.len()));
    findings.extend(limited(problem, traded));
    findings.extend(left_shared(problem, traded));
    findings.extend(few_slots(problem, traded));
    findings.extend(partition_trees(slots));
    findings.extend(partition_identities(problem.workload, slots));
    findings.extend(rehashed_trees(problem.workload, slots));
    findings.extend(row_filters(problem, slots));
    findings.extend(cut_keys(problem, foreign_keys));
    findings.extend(generated_columns(problem));
    findings.extend(untried(problem));
    findings
}

/// `PL110`: decoding alone takes all of a walsender's time, for any number of slots.
fn decode_floor(problem: &Problem<'_>) -> Option<Finding> {
    let buckets = &problem.demand.buckets;
    let sum: f64 = buckets.iter().map(|&b| problem.cost.decode_floor(problem.workload, Confidence::Low, b)).sum();
    let mean = sum / buckets.len().max(1) as f64;
    (problem.cost.measure == Measure::Pipeline && mean >= 1.0).then(|| {
        Finding::new(
            code::PL110,
            Subject::Publisher,
            format!("no number of slots suffices: reading the WAL takes {:.0} % of every walsender's time", mean * 100.0),
        )
        .detail("Every slot decodes all WAL of the cluster before it sends anything; more slots do not divide that.")
        .hint("Upgrade a storage clone instead, move databases off the cluster first, or use a publisher with faster cores.")
    })
}

/// `PL101` (its tables together) and `PL107` (one group is too much by itself): the slot's mean load is 1 or more at the
/// low coefficients.
fn never_drains(problem: &Problem<'_>, draft: &Draft) -> Option<Finding> {
    let capacity = problem.cost.capacity_units(problem.policy.slot_capacity)?;
    let bucket_count = problem.demand.buckets.len();
    let mean = Rows::mean(&draft.rows.low, bucket_count);
    if mean < capacity {
        return None;
    }
    let subject = Subject::Slot(draft.name.as_str().into());
    let share = |mean: u64| mean as f64 / capacity as f64 * 100.0;
    let alone: Vec<Vec<usize>> = draft.groups.iter().map(|&group| vec![group]).collect();
    let means = problem.slot_rows(Confidence::Low, &alone).into_iter().map(|row| Rows::mean(&row, bucket_count));
    let (heaviest, own) = means.zip(&draft.groups).map(|(mean, &group)| (group, mean)).rev_max()?;
    Some(if own >= capacity {
        let group = &problem.groups.groups[heaviest];
        let what = if group.share.is_whole() { "alone" } else { "even split as it is" };
        Finding::new(
            code::PL107,
            subject,
            format!(
                "infeasible: no number of slots suffices, because {} {what} asks for {:.0} % of a slot on average",
                group.part_of.as_ref().unwrap_or(&group.name),
                share(own)
            ),
        )
        .detail("One worker applies all changes of a table in one slot, so that slot never catches up.")
        .hint(remedies(problem, heaviest))
    } else {
        Finding::new(
            code::PL101,
            subject,
            format!("infeasible: its tables ask for {:.0} % of a slot on average, so it never catches up", share(mean)),
        )
        .hint("Allow more shared slots (--publications), or dedicate more tables (--max-dedicated).")
    })
}

/// The group with the largest figure; the first of equals.
trait RevMax {
    fn rev_max(self) -> Option<(usize, u64)>;
}

impl<I: Iterator<Item = (usize, u64)>> RevMax for I {
    fn rev_max(self) -> Option<(usize, u64)> {
        self.fold(None, |best, next| match best {
            Some((_, figure)) if figure >= next.1 => best,
            _ => Some(next),
        })
    }
}

/// The option that would split a group so that each part keeps the headroom, if it can be split.
fn proposed_split(problem: &Problem<'_>, group: usize) -> Option<String> {
    /// The policy allows so many parts.
    const MOST: u64 = 64;
    let made = &problem.groups.groups[group];
    let tables: Vec<_> = made.tables.iter().map(|&index| &problem.workload.tables[index]).collect();
    let (name, most) = match (made.part_of.as_ref(), tables.iter().find(|table| table.kind == TableKind::Partitioned)) {
        (Some(_), _) => return None,
        (None, Some(root)) => {
            let leaves =
                tables.iter().filter(|table| table.partition_root.as_ref() == Some(&root.table_name())).count();
            (root.table_name(), (leaves as u64).min(MOST))
        }
        (None, None) if tables.len() == 1 && not_filterable(tables[0], problem.cost).is_none() => {
            (tables[0].table_name(), MOST)
        }
        _ => return None,
    };
    let peak = problem.slot_rows(Confidence::High, &[vec![group]])[0].iter().copied().max().unwrap_or(0);
    let wanted = problem.limit().map_or(4, |limit| peak.div_ceil(limit.max(1)).next_power_of_two().max(2));
    let parts = wanted.min(most);
    (parts >= 2).then(|| format!("--split {name}={parts}"))
}

fn remedies(problem: &Problem<'_>, group: usize) -> String {
    let made = &problem.groups.groups[group];
    let tables = || made.tables.iter().map(|&index| &problem.workload.tables[index]);
    let mut remedies = Vec::new();
    if let Some(option) = proposed_split(problem, group) {
        let how = if tables().any(|table| table.kind == TableKind::Partitioned) {
            "deal its partitions to several slots"
        } else {
            "deal its rows to several slots with row filters"
        };
        remedies.push(format!("{how} with {option}"));
    }
    if tables().any(|table| problem.cost.scans_for_old_row(table)) {
        remedies.push(
            "add a primary key or a unique index as replica identity: each change reads the whole table now".into(),
        );
    }
    if tables().any(|table| table.index_count > 2) {
        remedies.push("create its secondary indexes on the subscriber only after it has caught up".into());
    }
    if problem.cost.publisher.has_parallel_streaming() && problem.cost.subscriber.has_parallel_streaming() {
        remedies.push("use streaming = parallel if its changes come in large transactions".into());
    }
    if remedies.is_empty() {
        remedies.push("lower its write rate during the migration, or bootstrap from a clone in a quiet hour".into());
    }
    let text = remedies.join("; ");
    let mut characters = text.chars();
    let first = characters.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

/// `PL103`: more than the capacity in some bucket: a backlog, and when it is worked off.
fn overloaded(problem: &Problem<'_>, draft: &Draft) -> Option<Finding> {
    let capacity = problem.cost.capacity_units(problem.policy.slot_capacity)?;
    let bucket_count = problem.demand.buckets.len();
    let (peak, position) = Rows::peak(&draft.rows.nominal, bucket_count);
    if peak <= capacity || Rows::mean(&draft.rows.low, bucket_count) >= capacity {
        return None;
    }
    let bucket_s = f64::from(problem.workload.bucket_s);
    let backlog_s = draft
        .rows
        .nominal
        .chunks(bucket_count)
        .map(|stage| worst_backlog(stage, capacity) * bucket_s)
        .fold(0.0, f64::max);
    Some(
        Finding::new(
            code::PL103,
            Subject::Slot(draft.name.as_str().into()),
            format!(
                "asks for {:.0} % of a slot in bucket {}: a backlog of up to {} of work builds up",
                peak as f64 / capacity as f64 * 100.0,
                problem.demand.buckets[position],
                Seconds(backlog_s)
            ),
        )
        .detail("It is worked off in the buckets after it, while WAL is retained and rows arrive late.")
        .hint(match proposed_split(problem, draft.groups[0]).filter(|_| draft.groups.len() == 1) {
            Some(option) => format!("Split it with {option}, or plan the start and the cutover away from that hour."),
            None => "Allow more slots, or plan the start and the cutover away from that hour.".into(),
        }),
    )
}

/// Largest backlog, in buckets of work, of a queue that drains `capacity` a bucket (Lindley 1952).
fn worst_backlog(loads: &[u64], capacity: u64) -> f64 {
    let (mut backlog, mut worst) = (0.0f64, 0.0f64);
    for &load in loads {
        backlog = (backlog + load as f64 / capacity as f64 - 1.0).max(0.0);
        worst = worst.max(backlog);
    }
    worst
}

/// `PL102`: no number of slots in the range keeps the headroom at the high coefficients.
fn headroom(problem: &Problem<'_>, traded: &Traded) -> Option<Finding> {
    let candidate = &traded.swept.candidates[traded.swept.chosen];
    (candidate.keeps_headroom == Some(false)).then(|| {
        Finding::new(
            code::PL102,
            Subject::Plan,
            format!("no number of shared slots tried keeps {:.0} % headroom", problem.policy.headroom * 100.0),
        )
        .detail(format!(
            "With the careful coefficients the busiest shared slot asks for {}.{}",
            candidate.peak_high.map_or("more than that".into(), |peak| describe(problem.cost.measure, peak)),
            too_large_to_share(problem, &candidate.hot.shared).unwrap_or_default()
        ))
        .hint("Measure the coefficients on your subscriber, allow more slots, or accept less headroom.")
    })
}

/// Names the group that alone takes more than the headroom leaves, whatever the number of shared slots.
fn too_large_to_share(problem: &Problem<'_>, shared: &[usize]) -> Option<String> {
    /// High peaks follow nominal ones closely, so the largest is among these.
    const LOOKED_AT: usize = 16;
    let limit = problem.limit()?;
    let mut largest = shared.to_vec();
    largest.sort_by_key(|&group| (std::cmp::Reverse(problem.demand.peaks[group]), group));
    largest.truncate(LOOKED_AT);
    let alone: Vec<Vec<usize>> = largest.iter().map(|&group| vec![group]).collect();
    let peaks = problem.slot_rows(Confidence::High, &alone).into_iter().map(|row| row.into_iter().max().unwrap_or(0));
    let (group, peak) = largest.iter().copied().zip(peaks).rev_max()?;
    (peak > limit).then(|| {
        let option =
            proposed_split(problem, group).map_or(String::new(), |option| format!(" ({option} would split it)"));
        format!(
            " No number of shared slots suffices, because {} alone asks for {}{option}.",
            problem.groups.groups[group].name,
            describe(problem.cost.measure, peak)
        )
    })
}

/// Largest load of one slot with everything, at the high coefficients.
pub fn one_slot_peak_high(problem: &Problem<'_>) -> u64 {
    let all: Vec<usize> = (0..problem.groups.groups.len()).collect();
    problem.slot_rows(Confidence::High, &[all])[0].iter().copied().max().unwrap_or(0)
}

/// `PL104`: one slot would do.
fn one_slot_is_enough(problem: &Problem<'_>) -> Option<Finding> {
    let limit = problem.limit()?;
    let peak = one_slot_peak_high(problem);
    (peak <= limit).then(|| {
        Finding::new(
            code::PL104,
            Subject::Plan,
            format!("one slot would carry everything with headroom ({} at most)", describe(problem.cost.measure, peak)),
        )
        .hint("A single subscription, or a managed blue/green deployment where the provider has one, is simpler than this plan.")
    })
}

/// `PL105`: fewer cores than walsenders need at peak.
fn cores(problem: &Problem<'_>, slot_count: usize) -> Option<Finding> {
    let cores = problem.workload.server.cores?;
    let needed = publisher_decode_load(problem, slot_count);
    (needed > f64::from(cores)).then(|| {
        Finding::new(
            code::PL105,
            Subject::Publisher,
            format!("{slot_count} walsenders need {needed:.1} cores at peak, but the publisher has {cores}"),
        )
        .detail("Each slot decodes all WAL, so on a publisher without spare cores more slots make every slot slower.")
        .hint("Use fewer slots, or a publisher with more cores while the migration runs.")
    })
}

/// `PL106`: `--max-slots` leaves no room for what `--publications` and the hot rule ask for.
fn limited(problem: &Problem<'_>, traded: &Traded) -> Option<Finding> {
    let candidate = &traded.swept.candidates[traded.swept.chosen];
    let max_slots = problem.policy.max_slots.filter(|_| traded.swept.limited)?;
    let asked = match problem.policy.publications {
        PublicationCount::Auto => "the shared slots that keep the headroom".to_owned(),
        range @ PublicationCount::Range(..) => format!("{range} shared ones"),
    };
    let (shared, dedicated) = (candidate.shared_count, candidate.hot.dedicated.len());
    let message = format!(
        "{shared} shared and {dedicated} dedicated slots, since --max-slots {max_slots} leaves no room for {asked} and one for each hot table"
    );
    Some(
        Finding::new(code::PL106, Subject::Plan, message)
            .detail("Of the ways to share out so many slots, this one has the least peak over all of them."),
    )
}

/// `PL108`: a hot group that shares a slot all the same.
fn left_shared(problem: &Problem<'_>, traded: &Traded) -> Vec<Finding> {
    let candidate = &traded.swept.candidates[traded.swept.chosen];
    candidate
        .hot
        .left_shared
        .iter()
        .map(|(group, reason, left)| {
            let subject = Subject::Table(problem.groups.groups[*group].name.clone());
            let size = match reason {
                HotReason::Share(peak, _) | HotReason::Capacity(peak, _) => {
                    format!("peak {}", describe(problem.cost.measure, *peak))
                }
                HotReason::Burst(seconds) => format!("bursts worth {}", Seconds(*seconds)),
                HotReason::Pinned | HotReason::Kept | HotReason::Split => "by policy".into(),
            };
            let split = proposed_split(problem, *group).filter(|_| *left != LeftShared::Pinned);
            let ways: Vec<String> = std::iter::once(left.remedy().to_owned()).chain(split).collect();
            let message = format!("hot ({size}), but in a shared slot: {}", left.why());
            Finding::new(code::PL108, subject, message)
                .detail("Everything else in its slot waits behind it.")
                .hint(format!("If that is too long: {}.", ways.join(", or ")))
        })
        .collect()
}

/// `PL109`: fewer groups than slots; `PL111`: fewer slots than asked for lack of moves.
fn few_slots(problem: &Problem<'_>, traded: &Traded) -> Option<Finding> {
    let candidate = &traded.swept.candidates[traded.swept.chosen];
    let shared = candidate.shared_count;
    let low = match problem.policy.publications {
        PublicationCount::Range(low, _) if !traded.swept.limited => low,
        _ => return None,
    };
    if shared >= low {
        return None;
    }
    let fewer = format!("{shared} shared slots instead of {low}");
    Some(if candidate.hot.shared.len() <= shared as usize {
        let message = format!("{fewer}: there are no more table groups to share");
        Finding::new(code::PL109, Subject::Plan, message)
    } else {
        let message = format!("{fewer}: --max-moves leaves no table groups to fill more");
        Finding::new(code::PL111, Subject::Plan, message).hint("Raise --max-moves.")
    })
}

/// `PL301` and `PL302`: how partition trees are published.
fn partition_trees(slots: &[PlannedSlot]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for slot in slots {
        for table in &slot.tables {
            if table.kind == TableKind::Partitioned {
                findings.push(
                    Finding::new(
                        code::PL301,
                        Subject::Table(table.table_name()),
                        "published through its root: TRUNCATE of a single partition does not replicate",
                    )
                    .detail("The whole tree is copied by one COPY."),
                );
            }
            if let Some(root) = table.partition_root.as_ref().filter(|_| table.kind == TableKind::Partition) {
                findings.push(
                    Finding::new(
                        code::PL302,
                        Subject::Table(root.clone()),
                        "its partitions are published one by one: a new partition must be added to a publication",
                    )
                    .hint("Make all partitions that will be needed before the start, or plan again when one is added."),
                );
            }
        }
    }
    findings.sort();
    findings.dedup();
    findings
}

/// `PL309`: rows of these trees fit the same partition elsewhere only when they come through the root.
fn rehashed_trees(workload: &Workload, slots: &[PlannedSlot]) -> Vec<Finding> {
    let tables = workload.by_name();
    let roots: std::collections::BTreeSet<&TableName> =
        slots.iter().flat_map(|slot| &slot.tables).filter_map(|table| table.partition_root.as_ref()).collect();
    let listed = roots.into_iter().filter_map(|name| Some((name, &tables.get(name)?.partition_hash_types)));
    listed
        .filter(|(_, types)| !types.is_empty())
        .map(|(name, types)| {
            let message = format!("its partitions are published one by one, but rows are dealt out by hashes of type {}", types.join(", "));
            Finding::new(code::PL309, Subject::Table(name.clone()), message)
                .detail("Such hashes differ from server to server: a row fits no partition of the same name there, and its slot stops.")
                .hint("Both sides of version 13 or later publish it through its root; or leave it out with --exclude and carry it over by pg_dump --load-via-partition-root.")
        })
        .collect()
}

/// The tables that [`partition_identities`] finds.
pub fn unlike_roots(workload: &Workload, slots: &[PlannedSlot]) -> Vec<TableName> {
    let tables = partition_identities(workload, slots).into_iter().map(|finding| match finding.subject {
        Subject::Table(name) => Some(name),
        _ => None,
    });
    tables.flatten().collect()
}

/// `PL308`: what is sent through a root is described by the root's identity, but the old key in WAL is the partition's.
fn partition_identities(workload: &Workload, slots: &[PlannedSlot]) -> Vec<Finding> {
    let tables = workload.by_name();
    let mut findings = Vec::new();
    let members = slots.iter().flat_map(|slot| &slot.tables);
    for member in members.filter(|m| m.kind == TableKind::Partitioned && !m.insert_only && !m.set_identity) {
        let name = member.table_name();
        let Some(root) = tables.get(&name) else { continue };
        let error = |name: TableName, message: String| Finding::new(code::PL308, Subject::Table(name), message);
        if !root.has_identity() {
            findings.push(
                error(name.clone(), "partitioned table has no replica identity of its own".into())
                    .detail("What is sent through a root needs the root's key: the first UPDATE or DELETE would stop the slot.")
                    .hint(format!(
                        "ALTER TABLE {} ADD PRIMARY KEY (...); it takes the partitions' keys over. Or REPLICA IDENTITY FULL of it and of each partition.",
                        crate::names::one_line(&name.to_sql())
                    )),
            );
            continue;
        }
        let full = root.replica_identity == ReplicaIdentity::Full;
        for (leaf, table) in member.leaves.iter().filter_map(|leaf| tables.get_key_value(leaf)) {
            let covers = |columns: &[String]| root.identity_columns.iter().all(|column| columns.contains(column));
            let logged = table.replica_identity == ReplicaIdentity::Full || !full && covers(&table.identity_columns);
            // one without any identity is `PL201`
            if table.has_identity() && !logged {
                let word = if full { "FULL" } else { "DEFAULT" };
                findings.push(
                    error(leaf.clone(), format!("partition identifies rows otherwise than its root {name}"))
                        .detail("Its DELETE would stop the slot, or be lost where there is a DEFAULT partition.")
                        .hint(format!(
                            "ALTER TABLE {} REPLICA IDENTITY {word}; with the key of the root.",
                            crate::names::one_line(&leaf.to_sql())
                        )),
                );
            }
        }
    }
    findings
}

/// `PL306`: what row filters ask of the application; `PL307`: TOAST values that a changed key would lose
/// (docs/postgres.md, "Row filters").
fn row_filters(problem: &Problem<'_>, slots: &[PlannedSlot]) -> Vec<Finding> {
    let tables = problem.workload.by_name();
    let mut findings = Vec::new();
    for member in slots.iter().flat_map(|slot| &slot.tables) {
        if member.row_filter.is_none() || member.share().number > 0 {
            continue;
        }
        let subject = || Subject::Table(member.table_name());
        let key = member.identity_columns.join(", ");
        let what = format!("split with row filters over {} slots by a hash of its key ({key})", member.share().of);
        findings.push(Finding::new(code::PL306, subject(), what).detail(
            "An UPDATE that changes its key moves the row to another slot, which may be ahead or behind for a while. A second \
             unique constraint can make one slot wait for another. TRUNCATE is not published.",
        ));
        let toast = tables.get(&member.table_name()).is_some_and(|table| table.toast_bytes > 0);
        if toast && member.identity != ReplicaIdentity::Full {
            findings.push(
                Finding::new(
                    code::PL307,
                    subject(),
                    "an UPDATE that changes its key loses the TOAST values that it does not change",
                )
                .detail("The row goes from one shard to another as an INSERT that lacks them.")
                .hint(format!(
                    "Do not change keys meanwhile, or ALTER TABLE {} REPLICA IDENTITY FULL; before the start.",
                    crate::names::one_line(&member.table_name().to_sql())
                )),
            );
        }
    }
    findings
}

/// `PL310`: a version of which only the documentation was there.
fn untried(problem: &Problem<'_>) -> Vec<Finding> {
    let sides = [(Subject::Publisher, problem.cost.publisher), (Subject::Subscriber, problem.cost.subscriber)];
    let one = |(subject, version): (Subject, ServerVersion)| {
        Finding::new(
            code::PL310,
            subject,
            format!("version {} is planned for from documentation, not tried", version.major()),
        )
        .detail(format!("This release was tried on servers up to {NEWEST_TRIED_MAJOR}."))
        .hint("Rehearse the whole migration on copies of both servers first, or plan for a version that was tried.")
    };
    sides.into_iter().filter(|(_, version)| !version.was_tried()).map(one).collect()
}

/// `PL303`: foreign keys between slots, and what the chosen mode does about TRUNCATE.
fn cut_keys(problem: &Problem<'_>, foreign_keys: &[PlannedForeignKey]) -> Option<Finding> {
    let count = foreign_keys.iter().filter(|key| key.cut).count();
    let treatment = match problem.policy.foreign_keys {
        ForeignKeyMode::Restore => {
            "They are dropped on the subscriber before the start, restored NOT VALID after the drain and validated once writes have opened."
        }
        ForeignKeyMode::Guard => {
            "The publications that hold the referenced tables leave TRUNCATE out, and a trigger on the publisher refuses it."
        }
        ForeignKeyMode::Together => "They lead to tables that are not in the plan; they are treated as under restore.",
    };
    (count > 0).then(|| {
        Finding::new(
            code::PL303,
            Subject::Plan,
            format!("{count} foreign keys join tables that are not in the same slot"),
        )
        .detail(treatment)
        .hint("A replicated TRUNCATE of a table that such a key references would stop its slot (see docs/findings.md).")
    })
}

/// `PL305`: generated columns are computed again on the subscriber.
fn generated_columns(problem: &Problem<'_>) -> Option<Finding> {
    let count = problem
        .groups
        .groups
        .iter()
        .filter(|group| group.share.number == 0)
        .flat_map(|group| &group.tables)
        .filter(|&&index| !problem.workload.tables[index].generated_columns.is_empty())
        .count();
    (count > 0).then(|| {
        Finding::new(code::PL305, Subject::Plan, format!("{count} tables have generated columns"))
            .detail("They are not sent; the subscriber computes them again from the same expression.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backlog_is_a_queue() {
        // 2x for two buckets, then half: 1, 2, 1.5, 1, ...
        assert_eq!(worst_backlog(&[200, 200, 50, 50], 100), 2.0);
        assert_eq!(worst_backlog(&[50, 100], 100), 0.0);
    }
    #[test]
    fn a_root_and_its_partitions_identify_rows_alike() {
        use crate::{
            emit::tests::{slot, table as member},
            workload::tests::{table, workload},
        };
        let found = |root: &[&str], leaf: &[&str], full: bool| {
            let names = |columns: &[&str]| columns.iter().map(|&column| column.to_owned()).collect::<Vec<_>>();
            let (mut top, mut part) = (table("root", 0.0), table("leaf", 1.0));
            (top.kind, top.identity_columns) = (TableKind::Partitioned, names(root));
            (part.kind, part.identity_columns) = (TableKind::Partition, names(leaf));
            part.partition_root = Some(top.table_name());
            if full {
                part.replica_identity = ReplicaIdentity::Full;
            }
            let leaves = vec![part.table_name()];
            let workload = workload(vec![top, part]);
            let listed = crate::plan::PlannedTable { kind: TableKind::Partitioned, leaves, ..member("public", "root") };
            let findings = partition_identities(&workload, &[slot("pgsp_1", vec![listed])]);
            findings.iter().map(|finding| finding.subject.to_string()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found(&["id"], &["id"], false), "");
        assert_eq!(found(&["id"], &["id", "more"], false), "");
        assert!(found(&["id"], &["code"], false).contains("leaf"));
        assert_eq!(found(&["id"], &[], true), "");
        assert!(found(&[], &["id"], false).contains("root"));
        assert!(found(&[], &[], true).contains("root"));
        assert_eq!(found(&["id"], &[], false), "", "PL201 has it");
    }
}
