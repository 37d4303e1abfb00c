//! The seeded generator: ChaCha8, its stream fixed forever by the algorithm's definition (Bernstein 2008).

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};

/// A generator for one independent start of a search: the same for the same `(seed, stream)` on every machine.
pub fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    generator.set_stream(stream);
    generator
}
