//! Long lists of a catalog, packed: 20,000 tables take less than one megabyte instead of twenty, and two catalogs are in
//! memory whenever a newer one is read. A block of entries is JSON, compressed; they are unpacked one block at a time.

use std::marker::PhantomData;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{DeserializeOwned, SeqAccess, Visitor},
};

use super::{block, snapshot::CatalogTable};

/// JSON from which on entries become a block, bytes.
const BLOCK_BYTES: usize = 128 << 10;
/// Entries in the order in which they were pushed.
#[derive(Clone, PartialEq)]
pub struct Packed<T> {
    blocks: Vec<Box<[u8]>>,
    /// What is not a block yet: a line of JSON for each entry.
    open: Vec<u8>,
    count: usize,
    entry: PhantomData<T>,
}

impl<T> Default for Packed<T> {
    fn default() -> Self {
        Packed { blocks: Vec::new(), open: Vec::new(), count: 0, entry: PhantomData }
    }
}

impl<T: Serialize + DeserializeOwned> Packed<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds one.
    pub fn push(&mut self, entry: &T) {
        serde_json::to_writer(&mut self.open, entry).expect("entries are plain data, and memory does not fail");
        self.open.push(b'\n');
        self.count += 1;
        if self.open.len() >= BLOCK_BYTES {
            self.blocks.push(block::pack(&self.open));
            self.open.clear();
        }
    }

    /// All of them in order, unpacked block by block.
    pub fn iter(&self) -> impl Iterator<Item = T> {
        let packed = self.blocks.iter().map(|block| {
            let mut text = Vec::new();
            block::unpack(block, &mut text);
            text
        });
        let open = std::iter::once_with(|| self.open.clone());
        packed.chain(open).flat_map(|text| {
            let line = |line: &[u8]| serde_json::from_slice(line).expect("a line is an entry that was written");
            text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(line).collect::<Vec<T>>()
        })
    }
}

impl Packed<CatalogTable> {
    /// All of them by schema and name, in so many parts of about the same size. Each part takes a pass over all, so that no
    /// more than one is unpacked.
    pub fn by_name(&self, parts: usize) -> impl Iterator<Item = Vec<CatalogTable>> {
        let parts = parts.clamp(1, self.count.max(1));
        let name = |table: CatalogTable| (table.table.schema, table.table.name);
        let mut names: Vec<(String, String)> = if parts == 1 { Vec::new() } else { self.iter().map(name).collect() };
        names.sort_unstable();
        // Where each part begins; the first and the last have no bound.
        let bounds: Vec<Option<(String, String)>> = std::iter::once(None)
            .chain((1..parts).map(|part| Some(names[part * names.len() / parts].clone())))
            .chain(std::iter::once(None))
            .collect();
        drop(names);
        (0..parts).map(move |part| {
            let (from, to) = (bounds[part].as_ref(), bounds[part + 1].as_ref());
            let within = |table: &CatalogTable| {
                let name = (&table.table.schema, &table.table.name);
                from.is_none_or(|(schema, from)| name >= (schema, from))
                    && to.is_none_or(|(schema, to)| name < (schema, to))
            };
            let mut tables: Vec<CatalogTable> = self.iter().filter(within).collect();
            tables.sort_by(|a, b| (&a.table.schema, &a.table.name).cmp(&(&b.table.schema, &b.table.name)));
            tables
        })
    }
}

impl<T: Serialize + DeserializeOwned + std::fmt::Debug> std::fmt::Debug for Packed<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<T: Serialize + DeserializeOwned> FromIterator<T> for Packed<T> {
    fn from_iter<I: IntoIterator<Item = T>>(entries: I) -> Self {
        let mut all = Packed::default();
        entries.into_iter().for_each(|entry| all.push(&entry));
        all
    }
}

impl<T: Serialize + DeserializeOwned> Serialize for Packed<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'de, T: Serialize + DeserializeOwned> Deserialize<'de> for Packed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T>(PhantomData<T>);
        impl<'de, T: Serialize + DeserializeOwned> Visitor<'de> for Entries<T> {
            type Value = Packed<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<Packed<T>, A::Error> {
                let mut all = Packed::default();
                while let Some(entry) = sequence.next_element::<T>()? {
                    all.push(&entry);
                }
                Ok(all)
            }
        }
        deserializer.deserialize_seq(Entries(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{snapshot::WidthSource, tests::table};
    use super::*;

    fn catalog_table(oid: u32, schema: &str, name: &str) -> CatalogTable {
        let mut table = table(name, 0.5);
        table.schema = schema.to_owned();
        CatalogTable {
            oid,
            table,
            indexes: Vec::new(),
            identity_width_bytes: 8.0,
            padding_bytes: 0.1,
            toast_ratio: None,
            toast_fill: None,
            text_width_bytes: None,
            width_source: WidthSource::Types,
        }
    }

    #[test]
    fn what_is_pushed_comes_out_over_many_blocks() {
        let made: Vec<CatalogTable> =
            (0..5_000).map(|oid| catalog_table(oid, "s", &format!("table \"{}\"\n", oid * 7919 % 5_000))).collect();
        let packed: Packed<CatalogTable> = made.iter().cloned().collect();
        assert!(packed.blocks.len() > 5 && packed.len() == 5_000);
        let size = packed.blocks.iter().map(|block| block.len()).sum::<usize>() + packed.open.len();
        assert!(size < 5_000 * 60, "{size}");
        assert!(packed.iter().eq(made.iter().cloned()));
        let text = serde_json::to_string(&packed).unwrap();
        assert_eq!(text, serde_json::to_string(&made).unwrap());
        assert!(serde_json::from_str::<Packed<CatalogTable>>(&text).unwrap() == packed);
    }

    #[test]
    fn numbers_that_no_file_holds_come_out_as_none() {
        let mut odd = catalog_table(1, "s", "t");
        (odd.table.rows_estimate, odd.table.row_width_bytes) = (f64::INFINITY, f64::NAN);
        (odd.padding_bytes, odd.text_width_bytes, odd.toast_ratio) = (f64::NEG_INFINITY, Some(f64::NAN), Some(1e300));
        let packed: Packed<CatalogTable> = [odd.with_finite_numbers()].into_iter().collect();
        let table = packed.iter().next().unwrap();
        assert_eq!((table.table.rows_estimate, table.table.row_width_bytes, table.padding_bytes), (0.0, 0.0, 0.0));
        assert_eq!((table.text_width_bytes, table.toast_ratio), (Some(0.0), Some(1e15)));
    }

    #[test]
    fn names_come_in_order_however_many_there_are() {
        for (count, parts) in [(0_u32, 3), (1, 1), (10, 20), (5_000, 7)] {
            let name = |at: u32| {
                catalog_table(at, if at.is_multiple_of(3) { "a" } else { "b" }, &format!("t{}", at * 7919 % 5_003))
            };
            let packed: Packed<CatalogTable> = (0..count).map(name).collect();
            let names: Vec<(String, String)> =
                packed.by_name(parts).flatten().map(|table| (table.table.schema, table.table.name)).collect();
            assert_eq!(names.len(), count as usize);
            assert!(names.is_sorted());
        }
    }
}
