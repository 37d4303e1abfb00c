//! `emit`.

use super::Code;

codes! {
    EM101 Info:
        "TRUNCATE of one partition is not replicated",
        "The tree is published through its root",
        "Truncate the root, or the same partition on both servers";
    EM102 Warning:
        "foreign keys are absent on the subscriber until the cutover",
        "The subscriber does not enforce them until then",
        "Run 81 and 88 when the cutover's steps say so; they restore the exact definitions";
    EM201 Info:
        "slots are created one by one instead of copied",
        "Each creation waits for open transactions again",
        "Apply when no long transactions are running";
    EM202 Info:
        "the `streaming` option is left at the server's default",
        "Before 18, the publisher spills large transactions to disk for each slot",
        "ALTER SUBSCRIPTION … SET (streaming = on) afterwards";
    EM203 Warning:
        "the connection string is stored in Terraform's state",
        "Whoever can read the state can read the password",
        "Keep the state encrypted, or use a password file";
    EM204 Warning:
        "subscriptions of a subscriber before 15 do not ask for formats",
        "Settings of the publisher's database or role then change dates, intervals and floating-point numbers on their way",
        "Put the `options` of the hint into the connection string";
    EM301 Warning:
        "there is no way back after the cutover: the role may not create subscriptions on the publisher (`--privileges`)",
        "Up to 15 only superusers and the administrators of some providers may; the steps of the way back are left out, and the cutover says so",
        "Go back with abort.sh before the first write, or have a role run the files that may";
    EM302 Warning:
        "the role may not create the subscriptions on the subscriber (`--privileges`)",
        "Up to 15 only superusers and the administrators of some providers may",
        "The statement in the hint, or a subscriber of 16 or later";
    EM303 Info:
        "the schema is not frozen before the cutover: the role may not create event triggers (`--privileges`)",
        "DDL in between is found by the comparison that begins the cutover, and not refused before",
        "Keep deployments away until the new server is open";
}
