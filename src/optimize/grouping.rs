//! Tables that must share a slot become one table group: partition trees, inheritance families, and what the policy
//! keeps together or pins to the same slot.

use std::collections::{BTreeMap, BTreeSet};

use petgraph::unionfind::UnionFind;

use super::{fk_graph::FkGraph, scope::Scope, split::Part};
use crate::{
    cost::Share,
    names::{SlotName, TableName},
    policy::{ForeignKeyMode, Pin, Policy, PolicyError},
    workload::{TableKind, Workload},
};

/// Tables that share a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableGroup {
    /// Indices into the workload's tables, ascending.
    pub tables: Vec<usize>,
    /// The smallest table name: identifies the group.
    pub name: TableName,
    /// The rules that joined its tables, in words; empty for a table on its own.
    pub rules: BTreeSet<String>,
    /// Where a rule pins it.
    pub pin: Option<Pin>,
    /// It is one part of a table that is split over several slots: the table.
    pub part_of: Option<TableName>,
    /// Which of its tables' rows it has: not all where row filters split a table.
    pub share: Share,
}

impl TableGroup {
    /// Whether a rule forbids it a slot of its own.
    pub fn is_pinned_shared(&self) -> bool {
        matches!(self.pin, Some(Pin::Shared | Pin::Slot(_)))
    }

    /// Whether a rule gives it a slot of its own, hot or not.
    pub fn is_forced_alone(&self) -> bool {
        self.part_of.is_some() || self.pin == Some(Pin::Dedicated)
    }
}

/// All groups and the pairs of them that must not share a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    /// Ordered by name.
    pub groups: Vec<TableGroup>,
    /// Pairs of positions in `groups`, smaller first, ascending, with the rule.
    pub apart: BTreeMap<(usize, usize), String>,
}

/// Makes the groups. `parts` are the pieces of split tables: each a set of leaves, or some of a table's rows, for one slot.
///
/// # Errors
/// [`PolicyError`] when a rule names a table that is not there, or two rules contradict each other.
pub fn group(
    workload: &Workload,
    scope: &Scope,
    graph: &FkGraph,
    policy: &Policy,
    parts: &[Part],
) -> Result<Groups, PolicyError> {
    let mut builder = Builder::new(workload, scope);
    builder.join_trees(parts);
    builder.join_families();
    for (number, set) in policy.keep_together.iter().enumerate() {
        let rule = format!("keep_together[{number}]");
        let members = builder.find_all(&rule, set)?;
        builder.join_all(&members, &rule);
    }
    if policy.foreign_keys == ForeignKeyMode::Together {
        for (a, b, joint) in graph.pairs() {
            if joint.weight > 0 && builder.position[a as usize].is_some() && builder.position[b as usize].is_some() {
                builder.join_all(&[a as usize, b as usize], "foreign_keys = together");
            }
        }
    }
    let pins = builder.join_pins(policy)?;
    builder.finish(policy, pins, parts)
}

struct Builder<'a> {
    workload: &'a Workload,
    scope: &'a Scope,
    /// Position in the scope of each table of the workload.
    position: Vec<Option<usize>>,
    by_name: BTreeMap<TableName, usize>,
    sets: UnionFind<usize>,
    rules: Vec<(usize, String)>,
}

impl<'a> Builder<'a> {
    fn new(workload: &'a Workload, scope: &'a Scope) -> Self {
        let mut position = vec![None; workload.tables.len()];
        for (place, &index) in scope.tables.iter().enumerate() {
            position[index] = Some(place);
        }
        let by_name = scope.tables.iter().map(|&index| (workload.tables[index].table_name(), index)).collect();
        Builder { workload, scope, position, by_name, sets: UnionFind::new(scope.tables.len()), rules: Vec::new() }
    }

    fn join_all(&mut self, tables: &[usize], rule: &str) {
        let places: Vec<usize> = tables.iter().filter_map(|&index| self.position[index]).collect();
        for pair in places.windows(2) {
            self.sets.union(pair[0], pair[1]);
        }
        if let (Some(&first), true) = (places.first(), places.len() > 1) {
            self.rules.push((first, rule.to_owned()));
        }
    }

    fn join_trees(&mut self, parts: &[Part]) {
        let split: BTreeSet<&TableName> = parts.iter().map(|part| &part.table).collect();
        let mut trees: BTreeMap<&TableName, Vec<usize>> = BTreeMap::new();
        for &index in &self.scope.tables {
            if let Some(root) = &self.workload.tables[index].partition_root
                && !split.contains(root)
            {
                trees.entry(root).or_default().push(index);
            }
        }
        for (root, mut leaves) in trees {
            leaves.extend(self.by_name.get(root));
            self.join_all(&leaves, &format!("partitions of {root}"));
        }
        for part in parts {
            self.join_all(&part.tables, &format!("part of {}", part.table));
        }
    }

    fn join_families(&mut self) {
        for &index in &self.scope.tables {
            for parent in &self.workload.tables[index].inherits {
                if let Some(&parent_index) = self.by_name.get(parent) {
                    self.join_all(&[parent_index, index], &format!("inheritance from {parent}"));
                }
            }
        }
    }

    /// The tables a rule names; a partition stands for its tree.
    fn find_all(&self, rule: &str, names: &[String]) -> Result<Vec<usize>, PolicyError> {
        names.iter().map(|text| self.find(rule, text)).collect()
    }

    fn find(&self, rule: &str, text: &str) -> Result<usize, PolicyError> {
        TableName::parse(text)
            .ok()
            .and_then(|name| self.by_name.get(&name).copied())
            .ok_or_else(|| PolicyError::MissingTable { rule: rule.to_owned(), table: text.to_owned() })
    }

    fn join_pins(&mut self, policy: &Policy) -> Result<Vec<(usize, String, Pin)>, PolicyError> {
        let mut pins = Vec::new();
        let mut by_slot: BTreeMap<&SlotName, Vec<usize>> = BTreeMap::new();
        for (text, pin) in &policy.pin {
            let index = self.find("pin", text)?;
            pins.push((index, text.clone(), pin.clone()));
            if let Pin::Slot(slot) = pin {
                by_slot.entry(slot).or_default().push(index);
            }
        }
        for (slot, tables) in by_slot {
            self.join_all(&tables, &format!("pin = {slot}"));
        }
        Ok(pins)
    }

    fn finish(
        mut self,
        policy: &Policy,
        pins: Vec<(usize, String, Pin)>,
        parts: &[Part],
    ) -> Result<Groups, PolicyError> {
        self.refuse_joined_parts(policy, parts)?;
        // A split root has no rows and no slot of its own: its leaves stand for it.
        let split_roots: BTreeSet<&TableName> = parts.iter().map(|part| &part.table).collect();
        let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, &index) in self.scope.tables.iter().enumerate() {
            let table = &self.workload.tables[index];
            if table.kind == TableKind::Partitioned && split_roots.contains(&table.table_name()) {
                continue;
            }
            members.entry(self.sets.find_mut(place)).or_default().push(index);
        }
        let mut rules: BTreeMap<usize, BTreeSet<String>> = BTreeMap::new();
        for (place, rule) in std::mem::take(&mut self.rules) {
            rules.entry(self.sets.find_mut(place)).or_default().insert(rule);
        }
        let mut groups: Vec<TableGroup> = members
            .into_iter()
            .map(|(set, tables)| TableGroup {
                name: tables
                    .iter()
                    .map(|&index| self.workload.tables[index].table_name())
                    .min()
                    .expect("a set has at least the table that made it"),
                rules: rules.remove(&set).unwrap_or_default(),
                pin: None,
                part_of: None,
                share: Share::WHOLE,
                tables,
            })
            .flat_map(|group| in_parts(group, parts))
            .collect();
        groups.sort_by(|a, b| a.name.cmp(&b.name).then(a.share.cmp(&b.share)));
        let mut group_of = vec![None; self.workload.tables.len()];
        for (position, group) in groups.iter().enumerate() {
            for &index in &group.tables {
                group_of[index] = Some(position);
            }
        }
        set_pins(&mut groups, &group_of, pins)?;
        let apart = self.apart_pairs(policy, &groups, &group_of)?;
        Ok(Groups { groups, apart })
    }

    /// A split table shares no slot with anything, so no rule may say that it does.
    fn refuse_joined_parts(&mut self, policy: &Policy, parts: &[Part]) -> Result<(), PolicyError> {
        for part in parts {
            let split = || format!("split {}", part.table);
            let contradiction = |second: String, reason: &str| PolicyError::Contradiction {
                first: split(),
                second,
                reason: reason.into(),
            };
            if let Some(text) = policy.pin.keys().find(|text| TableName::parse(text).as_ref() == Ok(&part.table)) {
                return Err(contradiction(format!("pin {text}"), "each part of a split table gets a slot of its own"));
            }
            let root = self.by_name.get(&part.table).and_then(|&index| self.position[index]);
            let own: BTreeSet<usize> = part.tables.iter().filter_map(|&index| self.position[index]).collect();
            for place in own.iter().copied().chain(root) {
                let set = self.sets.find_mut(place);
                let joined = (0..self.scope.tables.len())
                    .find(|&other| other != place && !own.contains(&other) && self.sets.find_mut(other) == set);
                if let Some(other) = joined {
                    let rules: BTreeSet<&str> = self
                        .rules
                        .iter()
                        .filter(|(at, rule)| self.sets.find(*at) == set && *rule != format!("part of {}", part.table))
                        .map(|(_, rule)| rule.as_str())
                        .collect();
                    let other = self.workload.tables[self.scope.tables[other]].table_name();
                    let rules = rules.into_iter().collect::<Vec<_>>().join(", ");
                    return Err(contradiction(
                        rules,
                        &format!("{other} would have to share a slot with all its parts"),
                    ));
                }
            }
        }
        Ok(())
    }

    fn apart_pairs(
        &self,
        policy: &Policy,
        groups: &[TableGroup],
        group_of: &[Option<usize>],
    ) -> Result<BTreeMap<(usize, usize), String>, PolicyError> {
        let mut apart = BTreeMap::new();
        for (number, set) in policy.keep_apart.iter().enumerate() {
            let rule = format!("keep_apart[{number}]");
            let found = self.find_all(&rule, set)?;
            if let Some(again) = (1..found.len()).find(|&at| found[..at].contains(&found[at])) {
                return Err(PolicyError::Itself { rule, table: set[again].clone() });
            }
            let positions: Vec<(usize, &String)> = found
                .into_iter()
                .zip(set)
                .filter_map(|(index, text)| group_of[index].map(|position| (position, text)))
                .collect();
            for (place, (a, first)) in positions.iter().enumerate() {
                for (b, second) in &positions[place + 1..] {
                    if a == b {
                        let joined_by: Vec<&str> = groups[*a].rules.iter().map(String::as_str).collect();
                        return Err(PolicyError::Contradiction {
                            first: rule,
                            second: joined_by.join(", "),
                            reason: format!("{first} and {second} must share a slot and must not"),
                        });
                    }
                    apart.insert((*a.min(b), *a.max(b)), rule.clone());
                }
            }
        }
        // Different named slots are different slots.
        let pinned: Vec<usize> =
            (0..groups.len()).filter(|&position| matches!(groups[position].pin, Some(Pin::Slot(_)))).collect();
        for (place, &a) in pinned.iter().enumerate() {
            for &b in &pinned[place + 1..] {
                apart.insert((a, b), "pinned to different slots".into());
            }
        }
        Ok(apart)
    }
}

/// A group as it is, or once for each part that it is split into.
fn in_parts(group: TableGroup, parts: &[Part]) -> Vec<TableGroup> {
    let own: Vec<&Part> = parts.iter().filter(|part| part.tables.contains(&group.tables[0])).collect();
    if own.is_empty() {
        return vec![group];
    }
    own.into_iter()
        .map(|part| TableGroup { part_of: Some(part.table.clone()), share: part.share, ..group.clone() })
        .collect()
}

fn set_pins(
    groups: &mut [TableGroup],
    group_of: &[Option<usize>],
    pins: Vec<(usize, String, Pin)>,
) -> Result<(), PolicyError> {
    let mut set_by: BTreeMap<usize, String> = BTreeMap::new();
    for (index, text, pin) in pins {
        let Some(position) = group_of[index] else { continue };
        let group = &mut groups[position];
        match &group.pin {
            Some(other) if *other != pin => {
                return Err(PolicyError::Contradiction {
                    first: format!("pin {} = {}", set_by[&position], String::from(other.clone())),
                    second: format!("pin {text} = {}", String::from(pin)),
                    reason: "their tables share a slot".into(),
                });
            }
            _ => {
                group.pin = Some(pin);
                set_by.insert(position, text);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        optimize::scope::scope,
        workload::{
            ForeignKey,
            tests::{table, workload},
        },
    };

    fn groups(workload: &Workload, policy: &Policy) -> Result<Groups, PolicyError> {
        let version = crate::server::ServerVersion(150_000);
        let scope = scope(workload, policy, version, version)?;
        let graph = FkGraph::new(workload, policy)?;
        group(workload, &scope, &graph, policy, &[])
    }

    fn names(groups: &Groups) -> Vec<(String, usize)> {
        groups.groups.iter().map(|group| (group.name.to_string(), group.tables.len())).collect()
    }

    #[test]
    fn trees_families_and_rules_join() {
        let mut root = table("root", 0.0);
        root.kind = TableKind::Partitioned;
        let mut leaf = table("leaf", 1.0);
        leaf.kind = TableKind::Partition;
        leaf.partition_root = Some(root.table_name());
        let mut child = table("child", 1.0);
        child.inherits = vec![TableName::new("public", "parent")];
        let tables = vec![root, leaf, child, table("parent", 1.0), table("x", 1.0), table("y", 1.0)];
        let mut workload = workload(tables);
        workload.canonicalize();
        let mut policy = Policy { keep_together: vec![vec!["x".into(), "child".into()]], ..Policy::default() };
        let made = groups(&workload, &policy).unwrap();
        assert_eq!(names(&made), [("public.child".into(), 3), ("public.leaf".into(), 2), ("public.y".into(), 1)]);
        policy.keep_apart = vec![vec!["x".into(), "parent".into()]];
        let message = groups(&workload, &policy).unwrap_err().to_string();
        assert!(message.contains("keep_apart[0]") && message.contains("keep_together[0]"), "{message}");
        policy.keep_apart = vec![vec!["y".into(), "public.y".into()]];
        let message = groups(&workload, &policy).unwrap_err().to_string();
        assert_eq!(message, "rule \"keep_apart[0]\" names table public.y twice, which cannot be apart from itself");
    }

    #[test]
    fn foreign_keys_join_only_when_asked() {
        let mut workload = workload(vec![table("a", 1.0), table("b", 1.0)]);
        workload.foreign_keys.push(ForeignKey::new(TableName::new("public", "a"), TableName::new("public", "b"), "fk"));
        assert_eq!(groups(&workload, &Policy::default()).unwrap().groups.len(), 2);
        let together = Policy { foreign_keys: ForeignKeyMode::Together, ..Policy::default() };
        assert_eq!(groups(&workload, &together).unwrap().groups.len(), 1);
    }

    #[test]
    fn pins_join_name_and_contradict() {
        let workload = workload(vec![table("a", 1.0), table("b", 1.0), table("c", 1.0)]);
        let slot = |name: &str| Pin::Slot(SlotName::new(name).unwrap());
        let mut policy = Policy::default();
        policy.pin.insert("a".into(), slot("one"));
        policy.pin.insert("b".into(), slot("one"));
        policy.pin.insert("c".into(), slot("two"));
        let made = groups(&workload, &policy).unwrap();
        assert_eq!(made.groups.len(), 2);
        assert_eq!(made.apart.len(), 1);
        policy.keep_together = vec![vec!["a".into(), "c".into()]];
        assert!(matches!(groups(&workload, &policy), Err(PolicyError::Contradiction { .. })));
        policy.pin.insert("nope".into(), Pin::Shared);
        assert!(matches!(groups(&workload, &policy), Err(PolicyError::MissingTable { .. })));
    }
}
