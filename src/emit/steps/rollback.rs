//! Steps off the way: nobody runs them when all goes well. `abort` before the first write to the new server, `rollback` after it.

use super::cutover::{LIBRARY, cutover_variables};
use crate::emit::step::{Step, StepId};

pub(in crate::emit) fn steps() -> Vec<Step> {
    let abort = Step {
        why: "Until the first write to the new server, going back loses nothing: the application is let onto the old server \
              first, then the way back is taken away and the forward subscriptions go on."
            .into(),
        expected: "\"the old server serves again\", then exit code 0. It can be run after a stop at any step, and again.".into(),
        hazard: Some("Refuses with 4 when the new server was opened: then {rollback} is the way.".into()),
        undo: Some("Another cutover.".into()),
        variables: cutover_variables(),
        duration: "a second until the application goes on".into(),
        go: "Whenever a step of the cutover says no and the reason is not gone within the pause that you can afford.".into(),
        ..Step::new(StepId::Abort, "Goes back to the old server, before anything was written to the new one.")
    };
    let rollback = Step {
        why: "What was written to the new server came to the old one by the reverse replication; the same protocol goes the \
              other way."
            .into(),
        expected: "\"the old server serves with everything that was written to the new one\" and the length of the pause.".into(),
        hazard: Some(
            "Afterwards the new server follows nobody: another attempt begins with a new copy. If the reverse slots do not \
             drain, the new server is resumed and the exit code is 4."
                .into(),
        ),
        undo: Some("None, but the new server's data stays until the clean-up.".into()),
        variables: cutover_variables(),
        duration: "a pause like that of the cutover, and the time by which the old server is behind".into(),
        go: "When the new server cannot be kept, as long as the reverse subscriptions run.".into(),
        ..Step::new(StepId::Rollback, "Goes back to the old server, with everything that was written to the new one.")
    };
    let thaw = Step {
        why: "The schema may move again.".into(),
        ..Step::new(StepId::Thaw, "Lets DDL through again on the publisher.")
    };
    vec![abort.shell(LIBRARY, "go_back"), rollback.shell(LIBRARY, "rollback"), thaw.sql(&["thaw"])]
}
