//! How much of the WAL a run of `sample` reads: as much as there is while that is little, and no more than a fixed amount
//! where it is much, so that the publisher pays about the same whatever its load.

use crate::lsn::Lsn;

/// Up to this rate all WAL is read, for 0.2 to 1.3 per cent of a core: 0.7 ms of CPU a MB of large records, 6 of short ones.
/// Above it, as much is read as at it, in windows that lie further apart the more there is: the publisher pays the same
/// whatever it writes.
const WHOLE_WAL_BYTES_PER_S: f64 = 2e6;
/// Many small windows beat few large ones.
const WINDOW_BYTES: u64 = 256 << 10;
/// One statement reads no more.
const PIECE_BYTES: u64 = 16 << 20;
/// Up to this rate the slot is read all the time: decoding costs about 20 ms of CPU a MB.
const WHOLE_DECODE_BYTES_PER_S: f64 = 2e6;
/// Shortest peek: below it, most transactions began before the slot.
const SHORTEST_PEEK_S: f64 = 0.5;

/// How the temporary slot is read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Peeking {
    /// The slot stays, and everything is decoded.
    Always,
    /// A new slot each round, for so many seconds.
    For(f64),
}

/// How the slot is read in a round of `interval_s` seconds, of which the last wrote so much WAL.
pub fn peeking(round_wal_bytes: u64, interval_s: f64) -> Peeking {
    let rate = round_wal_bytes as f64 / interval_s;
    if rate <= WHOLE_DECODE_BYTES_PER_S {
        return Peeking::Always;
    }
    let half = interval_s / 2.0;
    Peeking::For((interval_s * WHOLE_DECODE_BYTES_PER_S / rate).max(SHORTEST_PEEK_S).min(half))
}

/// Which stretches of new WAL are read.
pub fn windows(from: Lsn, to: Lsn, interval_s: f64) -> Vec<(Lsn, Lsn)> {
    let all = to.distance(from);
    let most = WHOLE_WAL_BYTES_PER_S * interval_s;
    let (window, stride) = match all as f64 <= most {
        true => (PIECE_BYTES, PIECE_BYTES), // in pieces, so that no statement is long
        false => (WINDOW_BYTES, (all as f64 * (WINDOW_BYTES as f64 / most)) as u64),
    };
    let starts = (0..).map(|number| from.0 + number * stride).take_while(|start| *start < to.0);
    let windows = starts.map(|start| (Lsn(start), Lsn((start + window).min(to.0))));
    // No remainder of a window: it may begin within the last record, and the server finds none after that.
    windows.filter(|(from, to)| window == stride || to.distance(*from) == window).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_wal_is_read_whole_and_much_in_windows() {
        assert_eq!(windows(Lsn(5), Lsn(5), 10.0), []);
        assert_eq!(windows(Lsn(5), Lsn(1005), 10.0), [(Lsn(5), Lsn(1005))]);
        let whole = windows(Lsn(0), Lsn(20_000_000), 10.0);
        assert_eq!(whole, [(Lsn(0), Lsn(PIECE_BYTES)), (Lsn(PIECE_BYTES), Lsn(20_000_000))]);
        // a little more, and much more: 20 MB in windows of 256 KiB, evenly over all of it
        for all in [25 << 20, 100 << 20, 10 << 30] {
            let some = windows(Lsn(0), Lsn(all), 10.0);
            assert!((76..=77).contains(&some.len()), "{}", some.len());
            assert!(some.iter().all(|(from, to)| to.distance(*from) == WINDOW_BYTES && to.0 <= all));
            assert!(some.is_sorted() && some[75].0.0 > all - all / 30);
        }
    }
}
