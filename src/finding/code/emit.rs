//! `emit`.

use super::Code;

codes! {
    EM101 Info:
        "TRUNCATE of one partition is not replicated",
        "The tree is published through its root",
        "Truncate the root, or the same partition on both servers";
    EM102 Warning:
        "foreign keys are absent on the subscriber until the cutover",
        "The subscriber does not check them meanwhile",
        "Run 81 and 88 when the cutover's steps say so; they restore the exact definitions";
    EM201 Info:
        "slots are created one by one instead of copied",
        "Each creation waits for open transactions again",
        "Apply at a time without long transactions";
    EM202 Info:
        "the option streaming is left to the server's default",
        "Before 18 the publisher spills large transactions for each slot",
        "ALTER SUBSCRIPTION … SET (streaming = on) afterwards";
    EM203 Warning:
        "the connection string is stored in Terraform's state",
        "Whoever reads the state reads the password",
        "Keep the state encrypted, or use a password file";
}
