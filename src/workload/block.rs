//! Blocks of bytes in memory, compressed where the feature `zstd` is on. Without it they are kept as they are: the same
//! content, in more memory, and no C compiler is needed.

/// Of zstd: the fastest already makes a fiftieth of JSON.
#[cfg(feature = "zstd")]
const LEVEL: i32 = 1;

/// A block of these bytes.
#[cfg(feature = "zstd")]
pub(super) fn pack(bytes: &[u8]) -> Box<[u8]> {
    zstd::bulk::compress(bytes, LEVEL).expect("memory is the only limit of compression").into_boxed_slice()
}

/// Appends what the block was made of.
#[cfg(feature = "zstd")]
pub(super) fn unpack(block: &[u8], bytes: &mut Vec<u8>) {
    zstd::stream::copy_decode(block, bytes).expect("a block is what was compressed");
}

/// A block of these bytes.
#[cfg(not(feature = "zstd"))]
pub(super) fn pack(bytes: &[u8]) -> Box<[u8]> {
    bytes.into()
}

/// Appends what the block was made of.
#[cfg(not(feature = "zstd"))]
pub(super) fn unpack(block: &[u8], bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(block);
}
