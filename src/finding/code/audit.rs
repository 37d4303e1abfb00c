//! `audit`: the plan, or the pair of plan and workload, is not what `plan` wrote.

use super::Code;

codes! {
    AU100 Error:
        "the workload contradicts itself",
        "Nothing can be derived from it",
        "Sample again, or undo the edit";
    AU101 Error:
        "the plan's digest does not match",
        "It was edited",
        "Change the policy and plan again";
    AU102 Error:
        "the plan was made from another workload",
        "Its figures are of that one",
        "Give that file, or plan again";
    AU103 Error:
        "plan and workload are of different databases",
        "The plan's figures are of the other one",
        "Give that file, or plan again";
    AU104 Error:
        "the plan's policy contradicts itself",
        "It was edited",
        "Plan again";
    AU105 Error:
        "the plan's coefficients make loads that cannot be counted",
        "It was edited",
        "Plan again";
    AU201 Error:
        "a table is in no slot and not excluded",
        "Its rows would be missing on the subscriber, without an error",
        "Plan again";
    AU202 Error:
        "a table is in more than one slot, or twice in one",
        "Its changes would be applied twice",
        "Plan again";
    AU203 Error:
        "a partition is covered by its root and by itself",
        "Its changes would be applied twice",
        "Plan again";
    AU204 Error:
        "a slot lists a table that is not there, or of another kind",
        "The scripts would fail on it",
        "Plan again";
    AU205 Error:
        "a partition root in a slot that does not publish through roots",
        "The subscriber would look for the leaves",
        "Plan again";
    AU206 Error:
        "row filters below version 15",
        "The publisher does not know them",
        "Plan for the right versions";
    AU207 Error:
        "an excluded table is in a slot",
        "The policy does not hold",
        "Plan again";
    AU208 Error:
        "a table without usable identity, or a partition unlike its root, unsaid; or an identity changed unasked",
        "Updates would fail, or the application's table would be altered",
        "Plan again";
    AU209 Error:
        "a split table's row filters are not disjoint and complete",
        "Rows would be missing or come twice",
        "Plan again";
    AU301 Error:
        "a dedicated slot holds more than one group",
        "The hot table would not be alone",
        "Plan again";
    AU302 Error:
        "a hot table in a shared slot, unsaid",
        "Its neighbours would wait behind it",
        "Plan again";
    AU303 Error:
        "more hot tables have slots of their own than `max_dedicated`",
        "The policy does not hold",
        "Plan again";
    AU401 Error:
        "tables that belong together are in different slots",
        "Partitions, inheritance families and `keep_together` are one group",
        "Plan again";
    AU402 Error:
        "tables that are kept apart share a slot",
        "The policy does not hold",
        "Plan again";
    AU403 Error:
        "a pinned table is elsewhere",
        "The policy does not hold",
        "Plan again";
    AU501 Error:
        "more or fewer slots than the policy allows",
        "The policy does not hold",
        "Plan again";
    AU502 Error:
        "an empty slot",
        "It would retain WAL for nothing",
        "Plan again";
    AU601 Error:
        "a name that the server does not take",
        "The scripts would fail",
        "Plan again";
    AU602 Error:
        "a name used twice",
        "The scripts would fail",
        "Plan again";
    AU603 Error:
        "a slot of that name exists on the publisher",
        "It is somebody else's",
        "Plan again, or drop that slot";
    AU701 Error:
        "a figure does not recompute",
        "What the plan promises is not so",
        "Plan again";
    AU702 Error:
        "the slots are not in order",
        "It was edited",
        "Plan again";
    AU703 Error:
        "bound, packing peak and peak are not in order",
        "A bound above a peak is no bound",
        "Plan again";
    AU704 Error:
        "the peak is further above the packing peak than the tolerance",
        "The policy does not hold",
        "Plan again";
    AU705 Error:
        "the lower bound is not proved by its witness",
        "The gap would be a claim",
        "Plan again";
    AU706 Error:
        "the cut is not what it says",
        "Foreign keys over slots would be overlooked",
        "Plan again";
    AU707 Error:
        "foreign keys are not the workload's",
        "Foreign keys over slots would be overlooked",
        "Plan again";
    AU708 Error:
        "the sweep over slot counts lacks this plan's count",
        "The plan does not follow from it",
        "Plan again";
}
