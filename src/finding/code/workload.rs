//! What was measured.

use super::Code;

codes! {
    WL101 Warning:
        "`wal_level` is not `logical` (nor, from 19 on, `replica`)",
        "Old rows were logged without replica identities, so measured rates are a little low; no slot can be created",
        "Set `wal_level`, or the provider's own switch (`rds.logical_replication`, `cloudsql.logical_decoding`); restart";
    WL102 Warning:
        "some buckets were not observed",
        "They are left out of every maximum: a peak in them is not planned for",
        "`sample --resume`, or sample again over those hours";
    WL103 Warning:
        "no table wrote anything",
        "A plan for such a workload only spreads idle tables evenly",
        "Sample over hours with load; check the database name";
    WL104 Warning:
        "buckets were observed for less than half of their time",
        "Their rates rest on few samples",
        "Sample these hours again and `workload merge`, or fold several weeks";
}
