//! Sums of the buckets that are over, of all tables, in as few bytes as they need: a week of 20,000 tables must fit.
//!
//! Bucket after bucket, each by columns: tables, which of the six sums are not zero, then the sums as 32-bit floats without
//! their last byte, first bytes with first bytes; and all of it compressed, so that a sum takes about as many bits as it
//! has digits. Whole numbers to 2^16 are exact, all else is to one in 8,000: no figure here is better than one in a hundred.

use super::{super::block, Changes};

/// Bytes from which on buckets become a block.
const BLOCK_BYTES: usize = 64 << 10;
/// Mantissa bits kept of a sum that is not whole.
const MANTISSA_BITS: u32 = 12;

/// Buckets in order, each with the six sums of each table that was written in it.
#[derive(Debug, Clone, Default)]
pub(super) struct DoneBuckets {
    blocks: Vec<Box<[u8]>>,
    /// What is not a block yet.
    open: Vec<u8>,
}

/// A sum in three bytes, as a float of 32 bits.
fn shortened(sum: f64) -> u32 {
    let dropped = if sum.fract() == 0.0 && sum <= 65_536.0 { 8 } else { 23 - MANTISSA_BITS };
    let bits = (sum as f32).to_bits();
    bits.saturating_add(1 << (dropped - 1)) >> dropped << dropped
}

impl DoneBuckets {
    /// Appends a bucket; its tables come in the order of their oids.
    pub(super) fn push<'a>(&mut self, bucket: u32, tables: impl Iterator<Item = (&'a u32, &'a Changes)> + Clone) {
        let count = u32::try_from(tables.clone().count()).unwrap_or(u32::MAX);
        self.open.extend(bucket.to_le_bytes());
        self.open.extend(count.to_le_bytes());
        let mut last = 0;
        for (oid, _) in tables.clone() {
            push_number(&mut self.open, oid.wrapping_sub(last));
            last = *oid;
        }
        let is_there = |sum: &f64| *sum > 0.0;
        self.open.extend(tables.clone().map(|(_, changes)| {
            (0..6).filter(|field| is_there(&changes.0[*field])).fold(0_u8, |which, field| which | 1 << field)
        }));
        for field in 0..6 {
            let sums = tables.clone().map(|(_, changes)| changes.0[field]).filter(is_there).map(shortened);
            for byte in [3, 2, 1] {
                self.open.extend(sums.clone().map(|bits| bits.to_le_bytes()[byte]));
            }
        }
        if self.open.len() >= BLOCK_BYTES {
            self.blocks.push(block::pack(&self.open));
            self.open = Vec::new();
        }
    }

    /// Goes through all buckets: the bucket, a table that was written in it, its sums.
    pub(super) fn each(&self, mut take: impl FnMut(u32, u32, Changes)) {
        let mut text = Vec::new();
        for block in &self.blocks {
            text.clear();
            block::unpack(block, &mut text);
            each_in(&text, &mut take);
        }
        each_in(&self.open, &mut take);
    }

    #[cfg(test)]
    fn byte_count(&self) -> usize {
        self.blocks.iter().map(|block| block.len()).sum::<usize>() + self.open.len()
    }
}

/// Seven bits a byte, the lowest first.
fn push_number(bytes: &mut Vec<u8>, mut number: u32) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// What [`push_number`] wrote.
fn take_number(bytes: &mut &[u8]) -> u32 {
    let (mut number, mut shift) = (0, 0);
    loop {
        let byte = take_bytes(bytes, 1)[0];
        number |= u32::from(byte & 0x7f) << shift;
        shift += 7;
        if byte < 0x80 {
            return number;
        }
    }
}

fn take_bytes<'a>(bytes: &mut &'a [u8], count: usize) -> &'a [u8] {
    bytes.split_off(..count).expect("a bucket is as long as its head says")
}

fn take_u32(bytes: &mut &[u8]) -> u32 {
    let bytes = take_bytes(bytes, 4);
    u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
}

fn each_in(mut bytes: &[u8], take: &mut impl FnMut(u32, u32, Changes)) {
    while !bytes.is_empty() {
        let bucket = take_u32(&mut bytes);
        let count = take_u32(&mut bytes) as usize;
        let mut oid = 0_u32;
        let oids: Vec<u32> = (0..count)
            .map(|_| {
                oid = oid.wrapping_add(take_number(&mut bytes));
                oid
            })
            .collect();
        let which = take_bytes(&mut bytes, count);
        let mut fields = [[&[][..]; 3]; 6];
        for (field, planes) in fields.iter_mut().enumerate() {
            let there = which.iter().filter(|which| *which & 1 << field != 0).count();
            *planes = [(); 3].map(|()| take_bytes(&mut bytes, there));
        }
        let mut next = [0; 6];
        for (oid, which) in oids.into_iter().zip(which) {
            let mut changes = Changes::default();
            for field in (0..6).filter(|field| which & 1 << field != 0) {
                let [high, middle, low] = fields[field].map(|plane| plane[next[field]]);
                next[field] += 1;
                changes.0[field] = f64::from(f32::from_bits(u32::from_le_bytes([0, low, middle, high])));
            }
            take(bucket, oid, changes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn all(done: &DoneBuckets) -> Vec<(u32, u32, [f64; 6])> {
        let mut all = Vec::new();
        done.each(|bucket, oid, changes| all.push((bucket, oid, changes.0)));
        all
    }

    #[test]
    fn what_goes_in_comes_out() {
        type Sums<'a> = (u32, &'a [(u32, [f64; 6])]);
        let buckets: [Sums; 4] = [
            (0, &[(16_384, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]), (4_000_000_000, [0.0; 6])]),
            (1, &[(5, [65_535.0, 0.25, 3.0, 7.0, 1e12, 0.1])]),
            (2, &[]),
            (70_000, &[(7, [0.0, 0.0, 0.0, 0.0, 0.0, 123_456_789.0]), (8, [1e-9, 0.0, 0.0, 2.0, 0.0, 4.125])]),
        ];
        let mut done = DoneBuckets::default();
        let mut expected = Vec::new();
        for (bucket, tables) in buckets {
            let tables: BTreeMap<u32, Changes> = tables.iter().map(|(oid, sums)| (*oid, Changes(*sums))).collect();
            done.push(bucket, tables.iter());
            expected.extend(tables.iter().map(|(oid, changes)| (bucket, *oid, changes.0)));
        }
        let found = all(&done);
        assert_eq!(found.len(), expected.len());
        for ((bucket, oid, sums), (found_bucket, found_oid, found)) in expected.iter().zip(&found) {
            assert_eq!((bucket, oid), (found_bucket, found_oid));
            for (sum, found) in sums.iter().zip(found) {
                assert!((sum - found).abs() <= sum * 1.3e-4, "{sum} {found}");
            }
        }
        assert_eq!(found[2].2[0], 65_535.0);
        assert_eq!(found[2].2[2], 3.0);
        assert_eq!(found[4].2[5], 4.125);
    }

    #[test]
    fn a_week_of_many_tables_takes_a_few_bytes_a_sum() {
        let mut done = DoneBuckets::default();
        let mut expected = Vec::new();
        for bucket in 0..168_u32 {
            // Two sums each, whole and not, of three digits that do not repeat.
            let sums = |table: u32| {
                let rows = 7 + (bucket * 7919 + table * 104_729) % 1_000;
                Changes([f64::from(rows), 0.0, 0.0, f64::from(rows) / 3.0, 0.0, 0.0])
            };
            let tables: BTreeMap<u32, Changes> = (0..1_000).map(|table| (16_384 + 5 * table, sums(table))).collect();
            done.push(bucket, tables.iter());
            expected.extend(tables.keys().map(|oid| (bucket, *oid)));
        }
        assert!(done.blocks.len() > 10 && done.byte_count() < 168 * 1_000 * 5, "{}", done.byte_count());
        let found: Vec<(u32, u32)> = all(&done).into_iter().map(|(bucket, oid, _)| (bucket, oid)).collect();
        assert_eq!(found, expected);
    }
}
