//! The weights of a node as a linear program, solved with good_lp (microlp, or HiGHS with the feature `highs`).
//!
//! max over y at least 0 with sum 1 and u of `Σ y[k,t] c[t] + Σ fixed y[bin]·w(i) + Σ free u(i)` with
//! `u(i) <= y[k]·w(i)` for every bin k: the dual of the fractional packing. The solver's floats are not trusted: the
//! weights are rounded to whole numbers and evaluated exactly, so an inexact answer only makes the bound weaker.

use good_lp::{Expression, Solution, SolverModel, constraint, variables};

use crate::optimize::packing::Instance;

/// Free items times bins up to which it is solved.
const ROW_LIMIT: usize = 300;
/// Dimensions times bins up to which it is solved.
const COLUMN_LIMIT: usize = 250;

/// Weights by bin and dimension, in that order; `None` when it is too large or the solver gives up. `bins` are those of
/// the first items.
pub fn weights(instance: &Instance, bins: &[u32]) -> Option<Vec<f64>> {
    let (k, d) = (instance.bin_count, instance.dimension_count);
    let free = instance.item_count().checked_sub(bins.len())?;
    if free * k > ROW_LIMIT || d * k > COLUMN_LIMIT {
        return None;
    }
    let top =
        instance.total().into_iter().chain(instance.constant.iter().copied()).max().filter(|&top| top > 0)? as f64;
    let load = |item: usize, t: usize| instance.load(item)[t] as f64 / top;
    variables! { vars: 0 <= y[k * d]; u[free]; }
    let price = |item: usize, bin: usize| -> Expression { (0..d).map(|t| load(item, t) * y[bin * d + t]).sum() };
    let constant: Expression = (0..k)
        .flat_map(|bin| (0..d).map(move |t| (bin, t)))
        .map(|(bin, t)| instance.constant[t] as f64 / top * y[bin * d + t])
        .sum();
    let fixed: Expression = bins.iter().enumerate().map(|(item, &bin)| price(item, bin as usize)).sum();
    let whole: Expression = u.iter().copied().map(Expression::from).sum();
    let sum: Expression = y.iter().copied().map(Expression::from).sum();
    let mut model = vars.maximise(constant + fixed + whole).using(good_lp::default_solver);
    model.add_constraint(constraint!(sum == 1.0));
    for (place, &least) in u.iter().enumerate() {
        for bin in 0..k {
            model.add_constraint(constraint!(least <= price(bins.len() + place, bin)));
        }
    }
    let solution = model.solve().ok()?;
    Some(y.iter().map(|&weight| solution.value(weight).max(0.0)).collect())
}

#[cfg(test)]
mod tests {
    use super::super::instance;
    use super::*;

    #[test]
    fn day_night_and_one_more() {
        // As in `saddle`: with day in bin 0 and night in bin 1 a third item (2, 2) makes at least 5 of 4 and 4.
        let core = instance(2, 2, vec![4, 0, 0, 4, 2, 2], vec![0, 0]);
        let weights = weights(&core, &[0, 1]).unwrap();
        let value = 4.0 * weights[0]
            + 4.0 * weights[3]
            + (2.0 * (weights[0] + weights[1])).min(2.0 * (weights[2] + weights[3]));
        assert!((value - 5.0).abs() < 1e-6, "{weights:?}");
        assert!(super::weights(&instance(8, 60, vec![1; 60], vec![0; 60]), &[]).is_none());
    }
}
