//! Loops over rows of loads, compiled for wider vectors too and chosen when the program runs. The operations and their order
//! are the same in every version (fixed lanes, no fused operations), and so are the results.

/// Runs `work` with the widest vectors that the processor has; what it calls must be inlined into it to gain.
#[inline(always)]
pub fn wide<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}
