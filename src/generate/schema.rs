//! Made-up tables: communities of heavy-tailed size, joined by foreign keys; partition trees, inheritance families,
//! tables without key and with replica identity full.

use std::collections::BTreeSet;

use rand::{RngExt, seq::SliceRandom};
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Pareto};

use super::{
    GenerateSettings, generator,
    rows::{self, Archetype},
    shape::Shape,
};
use crate::{
    names::TableName,
    workload::{ForeignKey, Load, ReplicaIdentity, Table, TableKind},
};

/// A table before its loads are drawn.
#[derive(Debug, Clone)]
pub(super) struct TableSketch {
    /// Names, layout, identity.
    pub(super) table: Table,
    /// What it is for.
    pub(super) archetype: Archetype,
    /// When it is busy.
    pub(super) shape: Shape,
    /// Place in the order of loads, 0 the hottest; a leaf has its tree's. `None`: holds no rows.
    pub(super) rank: Option<u32>,
    /// Share of its rank's load: 1, or a leaf's share of its tree.
    pub(super) leaf_share: f64,
}

/// All tables and what joins them.
#[derive(Debug)]
pub(super) struct Schema {
    /// The tables, leaves after all others.
    pub(super) tables: Vec<TableSketch>,
    /// The foreign keys.
    pub(super) foreign_keys: Vec<ForeignKey>,
    /// Number of ranks: tables and trees that carry load.
    pub(super) ranks: u32,
}

impl Schema {
    /// Of tables that are not drawn, only what joins them.
    pub(super) fn of_keys(foreign_keys: Vec<ForeignKey>) -> Self {
        Schema { tables: Vec::new(), foreign_keys, ranks: 0 }
    }
}

/// One partition tree: which table is its root, and how many leaves it has.
struct Tree {
    leaves: u32,
}

const NOUNS: [&str; 24] = [
    "account", "order", "invoice", "contact", "campaign", "message", "ticket", "product", "payment", "shipment",
    "asset", "project", "report", "session", "webhook", "device", "course", "booking", "listing", "survey", "policy",
    "patient", "vehicle", "sensor",
];

const PARTS: [&str; 20] = [
    "events",
    "items",
    "settings",
    "tags",
    "notes",
    "history",
    "files",
    "members",
    "stats",
    "jobs",
    "links",
    "versions",
    "comments",
    "tokens",
    "rules",
    "steps",
    "logs",
    "addresses",
    "limits",
    "sources",
];

/// Makes the schema of a workload.
pub(super) fn sketch(settings: &GenerateSettings) -> Schema {
    let rng = &mut generator(settings.seed, 0);
    let trees = plan_trees(settings, rng);
    let count = settings.tables - trees.iter().map(|tree| tree.leaves).sum::<u32>();
    let sizes = community_sizes(rng, count);
    let (mut tables, members) = draw_communities(rng, &sizes);
    let mut foreign_keys = draw_foreign_keys(settings, rng, &tables, &members);
    if let Some(count) = settings.foreign_key_count {
        make_count(settings, &tables, &mut foreign_keys, count as usize);
    }
    let mut roots = choose_roots(rng, &tables, &members, trees.len());
    roots.sort_unstable();
    make_families(settings, rng, &mut tables, &members, &roots);
    break_identities(settings, rng, &mut tables, &foreign_keys, &roots);
    rank_tables(rng, &mut tables);
    for (tree, &root) in trees.iter().zip(&roots) {
        let leaves = grow_leaves(rng, &mut tables[root], tree.leaves);
        tables.extend(leaves);
    }
    Schema { tables, foreign_keys, ranks: count }
}

/// How many trees with how many leaves: at most a third of the tables are leaves, and each tree keeps a table beside it.
fn plan_trees(settings: &GenerateSettings, rng: &mut ChaCha8Rng) -> Vec<Tree> {
    let wanted = settings.partition_trees.unwrap_or(settings.tables / 100);
    let mut room = settings.tables / 3;
    let mut trees = Vec::new();
    for _ in 0..wanted {
        let leaves = [2, 4, 6, 8, 12, 12, 13, 24][rng.random_range(0..8)].min(room);
        let others = settings.tables.saturating_sub(settings.tables / 3);
        if leaves < 2 || trees.len() as u32 + 2 > others {
            break;
        }
        room -= leaves;
        trees.push(Tree { leaves });
    }
    trees
}

/// Sizes by Pareto's law with exponent 1.2, at most a third of all tables: real foreign-key graphs have one large
/// component and many small ones.
fn community_sizes(rng: &mut ChaCha8Rng, count: u32) -> Vec<u32> {
    let law = Pareto::new(2.0, 1.2).expect("both parameters are positive");
    let most = (count / 3).clamp(1, 5000);
    let mut left = count;
    let mut sizes = Vec::new();
    while left > 0 {
        let size = (law.sample(rng) as u32).clamp(1, most).min(left);
        sizes.push(size);
        left -= size;
    }
    sizes.sort_unstable_by(|a, b| b.cmp(a));
    sizes
}

/// Draws the tables of every community; the second value holds, per community, the positions of its tables.
fn draw_communities(rng: &mut ChaCha8Rng, sizes: &[u32]) -> (Vec<TableSketch>, Vec<Vec<usize>>) {
    let mut tables = Vec::new();
    let mut members = Vec::new();
    for (community, &size) in sizes.iter().enumerate() {
        let shape = Shape::of_community(rng);
        let start = tables.len();
        for position in 0..size as usize {
            tables.push(draw_table(rng, table_name(sizes.len(), community, position), position, shape));
        }
        members.push((start..tables.len()).collect());
    }
    (tables, members)
}

/// `public.order`, `public.order_items`, …; from the 25th community on with a number, and in a schema of its own for
/// every 24 communities when there are many.
fn table_name(communities: usize, community: usize, position: usize) -> TableName {
    let noun = NOUNS[community % NOUNS.len()];
    let round = community / NOUNS.len();
    let schema = if communities > 100 && round > 0 { format!("app{round:02}") } else { "public".to_owned() };
    let noun = if round > 0 && schema == "public" { format!("{noun}{}", round + 1) } else { noun.to_owned() };
    let name = match position.checked_sub(1) {
        None => format!("{noun}s"),
        Some(part) if part < PARTS.len() => format!("{noun}_{}", PARTS[part]),
        Some(part) => format!("{noun}_{}_{}", PARTS[part % PARTS.len()], part / PARTS.len() + 1),
    };
    TableName::new(schema, name)
}

fn draw_table(rng: &mut ChaCha8Rng, name: TableName, position: usize, community: Shape) -> TableSketch {
    let archetype = match position {
        0 => Archetype::Entity,
        _ => match rng.random_range(0..100) {
            0..28 => Archetype::Log,
            28..55 => Archetype::Entity,
            55..65 => Archetype::Counter,
            65..72 => Archetype::Queue,
            72..84 => Archetype::Link,
            84..92 => Archetype::Document,
            _ => Archetype::Lookup,
        },
    };
    let mut table = Table {
        schema: name.schema,
        name: name.name,
        kind: TableKind::Table,
        partition_root: None,
        inherits: Vec::new(),
        children_left_out: false,
        heap_bytes: 0,
        toast_bytes: 0,
        index_bytes: 0,
        rows_estimate: 0.0,
        index_count: 1,
        column_count: 2,
        row_width_bytes: 16.0,
        replica_identity: ReplicaIdentity::Default,
        primary_key: true,
        identity_columns: vec!["id".into()],
        usable_unique_index: None,
        generated_columns: Vec::new(),
        generated_key_columns: Vec::new(),
        columns_without_equality: Vec::new(),
        full_key_columns: Vec::new(),
        partition_hash_types: Vec::new(),
        load: Load::default(),
    };
    rows::draw_layout(rng, archetype, &mut table);
    TableSketch { table, archetype, shape: Shape::of_table(rng, community), rank: None, leaf_share: 1.0 }
}

/// In a community each table references an earlier one, mostly the first (hubs grow); further keys go anywhere in the
/// community, and one in ten to the first table of another. Twins and self references occur, as they do in life.
fn draw_foreign_keys(
    settings: &GenerateSettings,
    rng: &mut ChaCha8Rng,
    tables: &[TableSketch],
    members: &[Vec<usize>],
) -> Vec<ForeignKey> {
    let mut keys = Vec::new();
    let mut names = BTreeSet::new();
    let mut join = |from: usize, to: usize| keys.push(foreign_key(&tables[from].table, &tables[to].table, &mut names));
    for (community, member) in members.iter().enumerate() {
        for (position, &from) in member.iter().enumerate() {
            let whole = settings.foreign_keys_per_table.floor() as u32;
            let more = rng.random_bool(settings.foreign_keys_per_table.fract());
            for number in 0..whole + u32::from(more) {
                let away = rng.random_bool(if number == 0 && position > 0 { 0.0 } else { 0.1 });
                if away && members.len() > 1 {
                    // Half of them to the largest community's hub: accounts, tenants.
                    let other = if rng.random_bool(0.5) { 0 } else { rng.random_range(0..members.len()) };
                    if other != community {
                        join(from, members[other][0]);
                    }
                } else if position > 0 {
                    let to = if rng.random_bool(0.5) { 0 } else { rng.random_range(0..position) };
                    join(from, member[to]);
                } else if number > 0 && rng.random_bool(0.1) {
                    join(from, from);
                }
            }
        }
    }
    keys
}

/// Leaves out or adds foreign keys until there are so many. What is drawn here has a stream of its own, so that nothing else
/// of the workload depends on the number.
fn make_count(settings: &GenerateSettings, tables: &[TableSketch], keys: &mut Vec<ForeignKey>, count: usize) {
    let rng = &mut generator(settings.seed, u64::MAX - 2);
    if keys.len() > count {
        keys.shuffle(rng);
        keys.truncate(count);
        keys.sort_by(|a, b| (&a.from, &a.name).cmp(&(&b.from, &b.name)));
        return;
    }
    let mut names: BTreeSet<(TableName, String)> =
        keys.iter().map(|key| (key.from.clone(), key.name.clone())).collect();
    while keys.len() < count {
        let (from, to) = (rng.random_range(0..tables.len()), rng.random_range(0..tables.len()));
        keys.push(foreign_key(&tables[from].table, &tables[to].table, &mut names));
    }
}

fn foreign_key(from: &Table, to: &Table, names: &mut BTreeSet<(TableName, String)>) -> ForeignKey {
    let column = format!("{}_id", to.name.trim_end_matches('s'));
    let base = format!("{}_{column}", from.name);
    let base = &base[..base.len().min(50)];
    let mut name = format!("{base}_fkey");
    let mut number = 1;
    while !names.insert((from.table_name(), name.clone())) {
        name = format!("{base}_fkey{number}");
        number += 1;
    }
    let column = if number > 1 { format!("{column}_{number}") } else { column };
    let (from, to) = (from.table_name(), to.table_name());
    ForeignKey::new(from, to, name).with_columns([column.as_str()], ["id"])
}

/// Which tables are partitioned: logs first, never the first of a community (it is referenced by its id alone).
fn choose_roots(rng: &mut ChaCha8Rng, tables: &[TableSketch], members: &[Vec<usize>], count: usize) -> Vec<usize> {
    let mut candidates: Vec<usize> = members.iter().flat_map(|member| member.iter().skip(1).copied()).collect();
    candidates.shuffle(rng);
    candidates.sort_by_key(|&table| tables[table].archetype != Archetype::Log);
    // A database of single tables has no such table: the last ones are taken then.
    candidates.extend(members.iter().rev().map(|member| member[0]));
    candidates.truncate(count);
    candidates
}

/// Families of a parent and two to four children, all of one community.
fn make_families(
    settings: &GenerateSettings,
    rng: &mut ChaCha8Rng,
    tables: &mut [TableSketch],
    members: &[Vec<usize>],
    roots: &[usize],
) {
    let wanted = settings.inheritance_families.unwrap_or(settings.tables / 250);
    let large: Vec<&Vec<usize>> = members.iter().filter(|member| member.len() >= 4).collect();
    for number in 0..wanted as usize {
        let Some(member) = large.get(number % large.len().max(1)) else { return };
        let offset = 1 + (number / large.len()) * 5;
        let family: Vec<usize> = member.iter().skip(offset).take(5).copied().filter(|t| !roots.contains(t)).collect();
        let children = rng.random_range(2..=4);
        if let Some((&parent, rest)) = family.split_first() {
            let parent = tables[parent].table.table_name();
            for &child in rest.iter().take(children) {
                tables[child].table.inherits = vec![parent.clone()];
            }
        }
    }
}

/// Takes the key from some tables that nothing references, and sets replica identity full on others.
fn break_identities(
    settings: &GenerateSettings,
    rng: &mut ChaCha8Rng,
    tables: &mut [TableSketch],
    keys: &[ForeignKey],
    roots: &[usize],
) {
    let referenced: BTreeSet<&TableName> = keys.iter().map(|key| &key.to).collect();
    let mut free: Vec<usize> = (0..tables.len())
        .filter(|&t| !referenced.contains(&tables[t].table.table_name()) && !roots.contains(&t))
        .collect();
    free.shuffle(rng);
    let share = |share: f64| (share * f64::from(settings.tables)).round() as usize;
    let no_key = share(settings.no_key_share).min(free.len());
    for &table in &free[..no_key] {
        let table = &mut tables[table].table;
        table.primary_key = false;
        table.identity_columns.clear();
        if rng.random_bool(0.3) {
            table.usable_unique_index = Some(format!("{}_uniq", &table.name[..table.name.len().min(50)]));
        } else {
            table.index_count -= 1;
        }
    }
    let full = share(settings.full_identity_share).min(free.len() - no_key);
    for &table in &free[no_key..no_key + full] {
        let table = &mut tables[table].table;
        table.replica_identity = ReplicaIdentity::Full;
        table.identity_columns.clear();
    }
}

/// Ranks all tables by chance, logs, entities and counters before the rest at the top: that is where heat is seen.
fn rank_tables(rng: &mut ChaCha8Rng, tables: &mut [TableSketch]) {
    let mut order: Vec<usize> = (0..tables.len()).collect();
    order.shuffle(rng);
    let busy = |a: Archetype| matches!(a, Archetype::Log | Archetype::Entity | Archetype::Counter);
    order.sort_by_key(|&t| {
        let kept = tables[t].table.has_identity();
        (!(busy(tables[t].archetype) && kept), tables[t].archetype == Archetype::Lookup)
    });
    // Only the first tenth keeps that order; the long tail is mixed.
    let top = order.len() / 10;
    order[top..].shuffle(rng);
    for (rank, &table) in order.iter().enumerate() {
        tables[table].rank = Some(rank as u32);
    }
}

/// Turns a table into a partition root with leaves: by hash all alike, or by time with the newest taking 85 %.
fn grow_leaves(rng: &mut ChaCha8Rng, root: &mut TableSketch, leaves: u32) -> Vec<TableSketch> {
    let by_time = rng.random_bool(0.7);
    let mut grown = Vec::new();
    for leaf in 0..leaves {
        let mut sketch = root.clone();
        let stem = &root.table.name[..root.table.name.len().min(50)];
        sketch.table.name = if by_time { format!("{stem}_p{:03}", leaf + 1) } else { format!("{stem}_h{leaf:02}") };
        sketch.table.kind = TableKind::Partition;
        sketch.table.partition_root = Some(root.table.table_name());
        sketch.leaf_share = match (by_time, leaf + 1 == leaves) {
            (false, _) => 1.0 / f64::from(leaves),
            (true, true) => 0.85,
            (true, false) => 0.15 / f64::from(leaves - 1),
        };
        grown.push(sketch);
    }
    root.table.kind = TableKind::Partitioned;
    root.rank = None;
    grown
}
