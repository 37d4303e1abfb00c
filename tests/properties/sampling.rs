//! Laws of how `sample` measures: the method that is chosen, and how much it reads.

use pgslotplan::{
    lsn::Lsn,
    server::{Flavor, ServerVersion},
    workload::{
        duty::{Peeking, peeking, windows},
        method::{Abilities, Choice, SampleMethod},
    },
};
use proptest::prelude::*;

use super::promises::cases;

fn abilities() -> impl Strategy<Value = Abilities> {
    (12..19u32, any::<[bool; 5]>(), prop_oneof![Just("replica"), Just("logical")], 0..3u64).prop_map(
        |(major, [available, installed, granted, trusted, replicates], wal_level, free_slots)| {
            let version = ServerVersion::of_major(major);
            let wal_installed = installed && version.has_walinspect();
            Abilities {
                version,
                role: "Mon \"x\"".into(),
                wal_available: available,
                wal_installed,
                wal_trusted: trusted,
                reads_wal: wal_installed && granted && trusted,
                replicates,
                wal_level: wal_level.into(),
                slot_limit: 10,
                free_slots,
            }
        },
    )
}

fn flavors() -> impl Strategy<Value = Flavor> {
    prop_oneof![
        Just(Flavor::Community),
        Just(Flavor::Rds),
        Just(Flavor::Aurora),
        Just(Flavor::CloudSql),
        Just(Flavor::Azure)
    ]
}

proptest! {
    #![proptest_config(cases(1_000))]

    /// Nothing is used that the role may not use or that was not allowed; `auto` always goes on and says what is missing; what
    /// is asked for is used or refused with a remedy.
    #[test]
    fn a_method_is_used_or_refused(abilities in abilities(), allowed in any::<bool>(), flavor in flavors()) {
        let may_peek =
            allowed && abilities.wal_level == "logical" && abilities.replicates && abilities.free_slots > 0;
        let choose = |method| Choice::new(method, allowed, &abilities, flavor);
        let auto = choose(SampleMethod::Auto).expect("auto goes on");
        prop_assert_eq!((auto.reads_wal, auto.peeks), (abilities.reads_wal, may_peek));
        let missing = usize::from(!auto.reads_wal) + usize::from(!auto.peeks);
        prop_assert_eq!(auto.improvements.len(), missing);
        prop_assert!(auto.improvements.iter().all(|line| line.ends_with('.')), "{:?}", auto.improvements);

        let counters = choose(SampleMethod::Counters).expect("counters can always be read");
        prop_assert!(!counters.reads_wal && !counters.peeks && counters.improvements.is_empty());

        for (method, possible) in [(SampleMethod::Walinspect, abilities.reads_wal), (SampleMethod::Decode, may_peek)] {
            match choose(method) {
                Ok(choice) => {
                    prop_assert!(possible);
                    prop_assert_eq!(choice.reads_wal, method == SampleMethod::Walinspect);
                    prop_assert_eq!(choice.peeks, method == SampleMethod::Decode);
                }
                Err(refused) => {
                    prop_assert!(!possible);
                    prop_assert!(refused.to_string().starts_with("cannot use method ") && !refused.remedy.is_empty());
                }
            }
        }
    }

    /// What is read lies within what was written, once, in order; it is all of it while that is little, and never more than
    /// 2 MB for each second of the interval by more than a window.
    #[test]
    fn no_more_wal_is_read_than_the_duty_says(
        from in 0..1u64 << 40, length in prop_oneof![0..1u64 << 20, 0..1u64 << 36], interval_s in 1.0..600.0f64,
    ) {
        let to = from + length;
        let read = windows(Lsn(from), Lsn(to), interval_s);
        let bytes: u64 = read.iter().map(|(from, to)| to.distance(*from)).sum();
        prop_assert!(read.iter().all(|(start, end)| start < end && start.0 >= from && end.0 <= to));
        prop_assert!(read.windows(2).all(|pair| pair[0].1 <= pair[1].0));
        let most = 2e6 * interval_s;
        if length as f64 <= most {
            prop_assert_eq!(bytes, length);
        } else {
            prop_assert!((bytes as f64) <= most + (256u64 << 10) as f64, "{} of {}", bytes, most);
            prop_assert!((bytes as f64) >= 0.9 * most - (512u64 << 10) as f64, "{} of {}", bytes, most);
        }
    }

    /// A peek never takes more than half of the interval, and about as much of a loud publisher as of a quiet one.
    #[test]
    fn a_slot_is_peeked_for_no_more_than_half_the_time(wal in 0..1u64 << 40, interval_s in 1.0..600.0f64) {
        match peeking(wal, interval_s) {
            Peeking::Always => prop_assert!(wal as f64 <= 2e6 * interval_s),
            Peeking::For(length_s) => {
                prop_assert!(wal as f64 > 2e6 * interval_s);
                prop_assert!(length_s > 0.0 && length_s <= interval_s / 2.0);
                let bytes = wal as f64 / interval_s * length_s;
                prop_assert!(length_s <= 0.5 || bytes <= 2e6 * interval_s * 1.001, "{}", bytes);
            }
        }
    }
}
