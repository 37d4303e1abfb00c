//! `audit`: the plan, or the pair of plan and workload, is not what `plan` wrote.

use super::Code;

codes! {
    AU100 Error:
        "the workload contradicts itself",
        "Nothing can be derived from it",
        "Sample again, or undo the edit";
    AU101 Error:
        "the plan's digest does not match",
        "The plan was edited",
        "Change the policy and plan again";
    AU102 Error:
        "the plan was made from another workload",
        "Its figures describe that workload",
        "Pass that file, or plan again";
    AU103 Error:
        "the plan and the workload describe different databases",
        "The plan's figures describe the other one",
        "Pass that file, or plan again";
    AU104 Error:
        "the plan's policy contradicts itself",
        "The plan was edited",
        "Plan again";
    AU105 Error:
        "the plan's coefficients give loads that are too large to count",
        "The plan was edited",
        "Plan again";
    AU106 Error:
        "the plan says something else of the servers than workload and policy",
        "The scripts would look for another server, or use what it does not have",
        "Plan again, with the versions of your servers";
    AU107 Error:
        "measure, unit or capacity of the loads are not what the policy gives",
        "The plan was edited",
        "Plan again";
    AU108 Error:
        "the plan was made with another policy",
        "What was agreed on in the policy file is not what the plan does",
        "Plan again with that file, or put what the plan was made with into it";
    AU109 Error:
        "planning again gives another plan",
        "The plan that is kept does not follow from the workload, policy and options that are kept beside it",
        "Look at the difference, and write the plan anew";
    AU201 Error:
        "a table is in no slot and not excluded",
        "Its rows would be missing on the subscriber, without an error",
        "Plan again";
    AU202 Error:
        "a table is in more than one slot, or twice in one",
        "Its changes would be applied twice",
        "Plan again";
    AU203 Error:
        "a partition is covered both by its root and by itself",
        "Its changes would be applied twice",
        "Plan again";
    AU204 Error:
        "a slot lists a table that does not exist or is of another kind",
        "The scripts would fail on it",
        "Plan again";
    AU205 Error:
        "a partition root is in a slot that does not publish via the root",
        "The subscriber would look for the leaf partitions",
        "Plan again";
    AU206 Error:
        "row filters on a publisher before version 15",
        "That version does not support them",
        "Plan for the right versions";
    AU207 Error:
        "an excluded table is in a slot",
        "The plan breaks the policy",
        "Plan again";
    AU208 Error:
        "a table without a usable replica identity, or a partition unlike its root, that the plan does not mention; or a replica identity changed without a request",
        "Updates would fail, or the application's table would be altered",
        "Plan again";
    AU209 Error:
        "a split table's row filters are not disjoint and complete",
        "Rows would be missing or arrive twice",
        "Plan again";
    AU210 Error:
        "a slot or one of its tables is published otherwise than workload and policy give",
        "Changes would be lost, or the application's writes would fail",
        "Plan again";
    AU211 Error:
        "the tables that are left out are others than workload and policy give",
        "Their rows would be missing on the subscriber, without an error",
        "Plan again";
    AU301 Error:
        "a dedicated slot holds more than one group",
        "The hot table would not be alone",
        "Plan again";
    AU302 Error:
        "a hot table is in a shared slot and the plan does not say so",
        "The slot's other tables would wait behind it",
        "Plan again";
    AU303 Error:
        "more hot tables have slots of their own than `max_dedicated` allows",
        "The plan breaks the policy",
        "Plan again";
    AU401 Error:
        "tables that belong together are in different slots",
        "Partitions, inheritance families and `keep_together` are one group",
        "Plan again";
    AU402 Error:
        "tables that must be kept apart share a slot",
        "The plan breaks the policy",
        "Plan again";
    AU403 Error:
        "a pinned table is in another slot",
        "The plan breaks the policy",
        "Plan again";
    AU501 Error:
        "more or fewer slots than the policy allows",
        "The plan breaks the policy",
        "Plan again";
    AU502 Error:
        "a slot is empty",
        "It would retain WAL for nothing",
        "Plan again";
    AU601 Error:
        "the server does not accept a name",
        "The scripts would fail",
        "Plan again";
    AU602 Error:
        "a name is used twice",
        "The scripts would fail",
        "Plan again";
    AU603 Error:
        "a slot with a planned name exists on the publisher",
        "It belongs to somebody else",
        "Plan again, or drop that slot";
    AU701 Error:
        "a figure differs when it is computed again",
        "What the plan promises is not true",
        "Plan again";
    AU702 Error:
        "the slots are not in order",
        "The plan was edited",
        "Plan again";
    AU703 Error:
        "the lower bound, the packing peak and the peak are not in order",
        "A bound above a peak is no bound",
        "Plan again";
    AU704 Error:
        "the peak exceeds the packing peak by more than the tolerance",
        "The plan breaks the policy",
        "Plan again";
    AU705 Error:
        "the witness does not prove the lower bound",
        "The gap would be a mere claim",
        "Plan again";
    AU706 Error:
        "the cut is not what the plan says",
        "Foreign keys between slots would be overlooked",
        "Plan again";
    AU707 Error:
        "the foreign keys are not those of the workload",
        "Foreign keys between slots would be overlooked",
        "Plan again";
    AU708 Error:
        "the sweep over slot counts does not include this plan's count",
        "The plan does not follow from it",
        "Plan again";
}
