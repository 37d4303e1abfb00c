//! Sums of the buckets that are over, of one table, in as few bytes as they need: a week of 20,000 tables must fit.
//!
//! A bucket is one byte (which of the six sums are not zero, and how far the bucket lies from the last) and three bytes a sum:
//! a 32-bit float without its last byte. That keeps five digits; no figure here is better than one in a hundred.

/// Low bits of the first byte: which sums follow. The two high ones say how many bytes the distance has.
const SUMS: u8 = 0b0011_1111;
const NEXT: u8 = 0;
const NEAR: u8 = 1 << 6;
const FAR: u8 = 2 << 6;

/// Buckets in order, each with its six sums.
#[derive(Debug, Clone, Default)]
pub(super) struct Packed {
    bytes: Vec<u8>,
    /// The bucket after the last one.
    next: u32,
}

impl Packed {
    /// Appends a bucket, which must lie after all others.
    pub(super) fn push(&mut self, bucket: u32, sums: &[f64; 6]) {
        // A vector that doubles would be half empty.
        if self.bytes.capacity() - self.bytes.len() < 24 {
            self.bytes.reserve_exact(24.max(self.bytes.len() / 8));
        }
        let distance = bucket.saturating_sub(self.next);
        let near = u8::try_from(distance).ok();
        let kind = match (distance, near) {
            (0, _) => NEXT,
            (_, Some(_)) => NEAR,
            _ => FAR,
        };
        let which = (0..6).filter(|at| sums[*at] > 0.0).fold(0_u8, |bits, at| bits | 1 << at);
        self.bytes.push(kind | which);
        match (kind, near) {
            (NEAR, Some(near)) => self.bytes.push(near),
            (FAR, _) => self.bytes.extend(distance.to_le_bytes()),
            _ => {}
        }
        for sum in sums.iter().filter(|sum| **sum > 0.0) {
            let rounded = (*sum as f32).to_bits().saturating_add(0x80);
            self.bytes.extend(&rounded.to_le_bytes()[1..]);
        }
        self.next = bucket.saturating_add(1);
    }

    /// All buckets with their sums.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, [f64; 6])> {
        let (mut bytes, mut next) = (self.bytes.iter().copied(), 0_u32);
        let mut byte = move || bytes.next();
        std::iter::from_fn(move || {
            let first = byte()?;
            let distance = match first & !SUMS {
                NEXT => 0,
                NEAR => u32::from(byte()?),
                _ => u32::from_le_bytes([byte()?, byte()?, byte()?, byte()?]),
            };
            let bucket = next + distance;
            next = bucket.saturating_add(1);
            let mut sums = [0.0; 6];
            for (at, sum) in sums.iter_mut().enumerate() {
                if first & 1 << at != 0 {
                    *sum = f64::from(f32::from_bits(u32::from_le_bytes([0, byte()?, byte()?, byte()?])));
                }
            }
            Some((bucket, sums))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_to_five_digits() {
        let buckets: [(u32, [f64; 6]); 5] = [
            (0, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]),
            (1, [65_535.0, 0.25, 3.0, 7.0, 1e12, 0.1]),
            (4, [0.0, 0.0, 0.0, 0.0, 0.0, 123_456_789.0]),
            (700, [0.0; 6]),
            (70_000, [1e-9, 0.0, 0.0, 2.0, 0.0, 0.0]),
        ];
        let mut packed = Packed::default();
        for (bucket, sums) in &buckets {
            packed.push(*bucket, sums);
        }
        let found: Vec<(u32, [f64; 6])> = packed.iter().collect();
        assert_eq!(found.len(), 5);
        for ((bucket, sums), (found_bucket, found)) in buckets.iter().zip(&found) {
            assert_eq!(bucket, found_bucket);
            for (sum, found) in sums.iter().zip(found) {
                assert!((sum - found).abs() <= sum * 1.6e-5, "{sum} {found}");
            }
        }
        // whole numbers up to 2^16 are exact, and a bucket of one sum takes four bytes
        assert_eq!((found[0].1[0], found[1].1[0], found[1].1[2]), (1.0, 65_535.0, 3.0));
        let mut week = Packed::default();
        (0..168).for_each(|hour| week.push(hour, &[f64::from(hour) + 0.5, 0.0, 0.0, 0.0, 0.0, 0.0]));
        assert_eq!(week.bytes.len(), 168 * 4);
        assert!(week.bytes.capacity() < 168 * 4 * 5 / 4, "{}", week.bytes.capacity());
    }
}
