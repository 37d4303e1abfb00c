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
}
