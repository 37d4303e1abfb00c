//! Where everything was in the plan in use, and what of it stays before anything is searched: slots keep their names, groups
//! their slots, as far as the rules allow. Says who has to leave; who had better leave is for `replan`.

use std::collections::{BTreeMap, BTreeSet};

use super::{OptimizeError, sweep::Problem};
use crate::{
    cost::Share,
    names::TableName,
    plan::{Plan, Role},
    policy::{Pin, PublicationCount},
};

/// The plan in use, looked up for the groups of this problem.
#[derive(Debug)]
pub struct Previous<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// Slot of the plan for each group, by position.
    pub home: Vec<Option<usize>>,
}

/// What stays where.
#[derive(Debug)]
pub struct Stay {
    /// For each bin the previous slot that it is; `None`: a new one.
    pub slots: Vec<Option<usize>>,
    /// Bin of each shared group, in their order; `None`: it is new or has to leave.
    pub home: Vec<Option<u32>>,
    /// Shared groups that a pin holds in their bin.
    pub fixed: Vec<bool>,
    /// Dedicated groups and the previous slots that are theirs.
    pub alone: BTreeMap<usize, usize>,
    /// Groups that leave their slot whatever is searched.
    pub moves: u32,
    /// There is no room for the shared slots that were wanted.
    pub limited: bool,
}

impl<'a> Previous<'a> {
    /// Looks the groups up.
    ///
    /// # Errors
    /// [`OptimizeError::OtherDatabase`]; [`OptimizeError::Previous`] when two of its slots have the same name.
    pub fn new(problem: &Problem<'_>, plan: &'a Plan) -> Result<Self, OptimizeError> {
        if plan.database != problem.workload.database {
            return Err(OptimizeError::OtherDatabase {
                previous: plan.database.clone(),
                workload: problem.workload.database.clone(),
            });
        }
        let names: BTreeSet<_> = plan.slots.iter().map(|slot| &slot.name).collect();
        if names.len() < plan.slots.len() {
            return Err(OptimizeError::Previous("two of its slots have the same name"));
        }
        // A shard is where the same shard was; what was split otherwise is new.
        let mut slot_of: BTreeMap<(TableName, Share), usize> = BTreeMap::new();
        for (position, slot) in plan.slots.iter().enumerate() {
            for table in &slot.tables {
                slot_of.insert((table.table_name(), table.share()), position);
                for leaf in &table.leaves {
                    slot_of.insert((leaf.clone(), Share::WHOLE), position);
                }
            }
        }
        let name = |index: usize| problem.workload.tables[index].table_name();
        let groups = &problem.groups.groups;
        let home = |share: Share, tables: &[usize]| {
            tables.iter().find_map(|&index| slot_of.get(&(name(index), share)).copied())
        };
        Ok(Previous { plan, home: groups.iter().map(|group| home(group.share, &group.tables)).collect() })
    }

    /// Number of its shared slots.
    pub fn shared_count(&self) -> usize {
        self.plan.slots.iter().filter(|slot| slot.role == Role::Shared).count()
    }

    /// The slot of its own that a group had.
    pub fn had_alone(&self, group: usize) -> Option<usize> {
        self.home[group].filter(|&slot| self.plan.slots[slot].role == Role::Dedicated)
    }

    /// Groups that are not in the slot where they were. `place` gives the previous slot that a group's slot is.
    pub fn moves(&self, place: impl Fn(usize) -> Option<usize>) -> u32 {
        let moved = |&group: &usize| self.home[group].is_some_and(|home| place(group) != Some(home));
        (0..self.home.len()).filter(moved).count() as u32
    }

    /// The previous slots that dedicated groups keep: the first of several from one slot has it.
    pub fn kept_alone(&self, dedicated: &[usize]) -> BTreeMap<usize, usize> {
        let mut taken = BTreeSet::new();
        let keeps = |&group: &usize| Some((group, self.had_alone(group).filter(|&slot| taken.insert(slot))?));
        dedicated.iter().filter_map(keeps).collect()
    }

    /// The previous shared slot that a pin names.
    fn pinned_to(&self, problem: &Problem<'_>, group: usize) -> Option<usize> {
        let Some(Pin::Slot(name)) = &problem.groups.groups[group].pin else { return None };
        self.plan.slots.iter().position(|slot| slot.role == Role::Shared && slot.name == *name)
    }

    /// What stays when `dedicated` get slots of their own, `shared` share at most `room` slots, and `max_moves` groups may
    /// be elsewhere. More have to leave where rules ask for it.
    pub fn stay(
        &self,
        problem: &Problem<'_>,
        dedicated: &[usize],
        shared: &[usize],
        room: u32,
        max_moves: u32,
    ) -> Stay {
        let alone = self.kept_alone(dedicated);
        let fixed: Vec<bool> = shared.iter().map(|&group| self.pinned_to(problem, group).is_some()).collect();
        let was_shared = |group: usize| self.home[group].filter(|&slot| self.plan.slots[slot].role == Role::Shared);
        let mut seats = Seats {
            problem,
            shared,
            fixed: &fixed,
            slot: shared.iter().map(|&group| self.pinned_to(problem, group).or_else(|| was_shared(group))).collect(),
        };
        seats.keep_apart();
        let (low, high) = match problem.policy.publications {
            PublicationCount::Range(low, high) => (low as usize, high as usize),
            PublicationCount::Auto => (1, usize::MAX),
        };
        let filled = seats.used().len() + seats.without();
        let wanted = self.shared_count().min(filled).clamp(low, high).min(shared.len());
        let mut count = wanted.min(room as usize);
        seats.keep_slots(count);
        let placed = |seats: &Seats<'_>| {
            let at: BTreeMap<usize, usize> =
                shared.iter().zip(&seats.slot).filter_map(|(&group, slot)| Some((group, (*slot)?))).collect();
            self.moves(|group| alone.get(&group).or_else(|| at.get(&group)).copied())
        };
        let mut moves = placed(&seats);
        // Slots that nothing new fills are filled by moves, or are not made.
        let mut lacking = (count - seats.used().len()).saturating_sub(seats.without());
        while lacking > 0 && moves < max_moves && seats.give_one_up() {
            (lacking, moves) = (lacking - 1, moves + 1);
        }
        count -= lacking;
        let mut slots: Vec<Option<usize>> = seats.used().into_keys().map(Some).collect();
        let emptied = (0..self.plan.slots.len()).filter(|slot| self.plan.slots[*slot].role == Role::Shared);
        let emptied: Vec<usize> = emptied.filter(|slot| !slots.contains(&Some(*slot))).collect();
        slots.extend(emptied.into_iter().map(Some).chain(std::iter::repeat(None)).take(count - slots.len()));
        let bin = |slot: usize| slots.iter().position(|kept| *kept == Some(slot)).map(|bin| bin as u32);
        let home = seats.slot.iter().map(|slot| slot.and_then(bin)).collect();
        Stay { home, slots, fixed, alone, moves, limited: wanted > room as usize }
    }
}

/// The previous slot in which each shared group still is.
struct Seats<'a> {
    problem: &'a Problem<'a>,
    shared: &'a [usize],
    fixed: &'a [bool],
    slot: Vec<Option<usize>>,
}

impl Seats<'_> {
    /// Slots in use, with the number of groups in each.
    fn used(&self) -> BTreeMap<usize, usize> {
        let mut used = BTreeMap::new();
        self.slot.iter().flatten().for_each(|&slot| *used.entry(slot).or_insert(0) += 1);
        used
    }

    fn without(&self) -> usize {
        self.slot.iter().filter(|slot| slot.is_none()).count()
    }

    fn peak(&self, item: usize) -> u64 {
        self.problem.demand.peaks[self.shared[item]]
    }

    /// Of two that a new rule keeps apart the lighter one leaves.
    fn keep_apart(&mut self) {
        let item_of: BTreeMap<usize, usize> =
            self.shared.iter().enumerate().map(|(item, &group)| (group, item)).collect();
        for (a, b) in self.problem.groups.apart.keys() {
            let (Some(&a), Some(&b)) = (item_of.get(a), item_of.get(b)) else { continue };
            if self.slot[a].is_some() && self.slot[a] == self.slot[b] {
                let stays = |item: usize| (self.fixed[item], self.peak(item), std::cmp::Reverse(item));
                let leaves = if stays(a) < stays(b) { a } else { b };
                self.slot[leaves] = None;
            }
        }
    }

    /// Leaves the slots that hold fewest, until `count` are used.
    fn keep_slots(&mut self, count: usize) {
        let holds_pin = |slot: usize| self.slot.iter().zip(self.fixed).any(|(at, fixed)| *fixed && *at == Some(slot));
        let mut order: Vec<(bool, usize, std::cmp::Reverse<usize>)> =
            self.used().into_iter().map(|(slot, groups)| (holds_pin(slot), groups, std::cmp::Reverse(slot))).collect();
        order.sort_unstable_by(|a, b| b.cmp(a));
        let left: BTreeSet<usize> = order.into_iter().skip(count).map(|(_, _, slot)| slot.0).collect();
        self.slot.iter_mut().filter(|at| at.is_some_and(|slot| left.contains(&slot))).for_each(|at| *at = None);
    }

    /// The heaviest group of the fullest slot that has another one leaves, if there is one.
    fn give_one_up(&mut self) -> bool {
        let width = self.problem.demand.dimension_count;
        let mut rows: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
        for (&group, slot) in self.shared.iter().zip(&self.slot) {
            let Some(slot) = slot else { continue };
            let row = rows.entry(*slot).or_insert_with(|| vec![0; width]);
            row.iter_mut().zip(self.problem.demand.row(group)).for_each(|(sum, load)| *sum += load);
        }
        let peak_of = |slot: usize| rows.get(&slot).and_then(|row| row.iter().copied().max()).unwrap_or(0);
        let used = self.used();
        let leaves = (0..self.slot.len())
            .filter(|&item| !self.fixed[item])
            .filter_map(|item| Some((item, self.slot[item].filter(|slot| used[slot] > 1)?)))
            .max_by_key(|&(item, slot)| {
                (peak_of(slot), std::cmp::Reverse(slot), self.peak(item), std::cmp::Reverse(item))
            });
        let Some((item, _)) = leaves else { return false };
        self.slot[item] = None;
        true
    }
}
