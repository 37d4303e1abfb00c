//! Bootstrap `copy`: the subscriptions copy by themselves. `create_slot = false` with `copy_data = true` is right here: the
//! lasting slot exists before, and each table is copied through a table synchronization slot of its own.

use crate::emit::{step::Step, steps::start};

pub(super) fn steps() -> Vec<Step> {
    vec![start::slots()]
}
