//! The letters by which catalogs spell a property, both ways: what is read and what is emitted follow from one list.

use super::{MatchType, ReferentialAction, ReplicaIdentity};

macro_rules! letters {
    ($kind:ident, $column:literal: $($name:ident $letter:literal),+) => {
        impl $kind {
            #[doc = concat!("The letter of `", $column, "`.")]
            pub fn letter(self) -> &'static str {
                match self { $($kind::$name => $letter,)+ }
            }

            #[doc = concat!("What a letter of `", $column, "` means; `None` for one that no version up to 18 writes.")]
            pub fn of_letter(letter: &str) -> Option<Self> {
                match letter {
                    $($letter => Some($kind::$name),)+
                    _ => None,
                }
            }
        }
    };
}

letters!(ReplicaIdentity, "pg_class.relreplident": Default "d", Full "f", Nothing "n", Index "i");
letters!(MatchType, "pg_constraint.confmatchtype": Simple "s", Full "f", Partial "p");
letters!(ReferentialAction, "pg_constraint.confupdtype` and `confdeltype":
    NoAction "a", Restrict "r", Cascade "c", SetNull "n", SetDefault "d");
