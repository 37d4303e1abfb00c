//! A status for people, in 80 columns: where the migration stands, each slot, the worst first, what to know.

use pgslotplan::{
    health::{
        State, Status,
        status::{PiecesStatus, ServerStatus, SlotStatus},
    },
    names::one_line,
    plan::Plan,
    units::{Bytes, Seconds, counted},
};

use super::{
    super::{
        findings,
        text::{self, Characters, Style, paragraph},
    },
    stage_words,
};

/// The whole text.
pub fn status_text(plan: &Plan, status: &Status, characters: Characters) -> String {
    let head = format!(
        "Database \"{}\": {} ({} UTC)",
        one_line(&status.database),
        stage_words(status.stage),
        status.at.strftime("%Y-%m-%d %H:%M:%S")
    );
    let mut out = format!("{}\n", Style::Head.paint(&text::wrap_after(&head, 0, 2)));
    out.push_str(&paragraph(&format!("Publisher: {}.", server_words(&status.publisher)), 2));
    out.push_str(&paragraph(&format!("Subscriber: {}.", server_words(&status.subscriber)), 2));
    if let Some(pieces) = &status.pieces {
        out.push_str(&paragraph(&format!("Copy: {}.", pieces_words(pieces)), 2));
    }
    if status.slots.is_empty() {
        out.push_str(&paragraph("No slot is watched at this stage: nobody follows anybody.", 2));
    } else {
        out.push_str(&slots(status, characters));
    }
    for slot in &status.slots {
        if let Some(line) = more(plan, slot) {
            out.push_str(&paragraph(&format!("{}: {line}.", slot.name), 2));
        }
        for line in cause_lines(slot) {
            out.push_str(&paragraph(&line, 4));
        }
    }
    out.push('\n');
    out.push_str(&findings::text(&status.findings));
    for line in &status.unseen {
        out.push_str(&format!("{}\n", Style::Quiet.paint(&text::wrap_after(&format!("not seen: {line}"), 0, 2))));
    }
    out
}

/// A snapshot younger than so many transactions is no news.
const TELLING_AGE: u64 = 1_000_000;

/// One server in a clause.
pub fn server_words(server: &ServerStatus) -> String {
    let mut words = Vec::new();
    if let Some(rate) = server.wal_bytes_per_s {
        words.push(format!("{}/s of WAL", Bytes(rate)));
    }
    if let Some(retained) = server.retained_wal_bytes {
        words.push(format!("{} retained", Bytes(retained as f64)));
    }
    if let Some(disk) = server.disk {
        words.push(format!("{} of its disk left", Bytes(disk.left_bytes as f64)));
    }
    for (used, what) in [(server.slots, "slots"), (server.workers, "workers")] {
        if used.used > 0 {
            words.push(format!("{} of {} {what}", used.used, used.limit));
        }
    }
    if let Some(age) = server.oldest_xmin_age.filter(|age| *age >= TELLING_AGE) {
        words.push(format!("oldest snapshot {}", counted(age as usize, "transaction")));
    }
    words.join(", ")
}

/// The copy by pieces in a clause.
pub fn pieces_words(pieces: &PiecesStatus) -> String {
    let (done, total) = (Bytes(pieces.done_bytes as f64), Bytes(pieces.total_bytes as f64));
    let mut words = format!("{} of {} pieces, {done} of {total}", pieces.done, pieces.total);
    if let Some((rate, left)) = pieces.bytes_per_s.zip(pieces.left_s) {
        words.push_str(&format!(", {}/s, {} left", Bytes(rate), Seconds(left)));
    }
    words.push_str(&format!("; {} at work", pieces.running));
    if pieces.failed > 0 {
        words.push_str(&format!(", {} failed and come again", pieces.failed));
    }
    words
}

/// How a state looks.
pub fn style(state: State) -> Style {
    match state {
        State::Streaming => Style::Good,
        State::Copying | State::CatchingUp => Style::Doubtful,
        _ => Style::Bad,
    }
}

/// A state as people read it.
pub fn state_words(state: State) -> &'static str {
    match state {
        State::CatchingUp => "catching up",
        other => other.as_str(),
    }
}

/// A number that may not be known.
pub fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// The lag in seconds; one that was reckoned is marked.
pub fn lag_words(slot: &SlotStatus) -> Option<String> {
    let mark = if slot.flush_lag_is_reckoned { "~" } else { "" };
    slot.flush_lag_s.map(|lag| if lag < 0.5 { "0 s".to_owned() } else { format!("{mark}{}", Seconds(lag.round())) })
}

/// How many tables there are, and of these how many are ready.
pub fn tables_words(slot: &SlotStatus) -> Option<String> {
    let tables = slot.tables?;
    let all = tables.ready + tables.copying + tables.waiting;
    Some(if tables.ready == all { all.to_string() } else { format!("{}/{all}", tables.ready) })
}

/// One line a slot. Slot names are plain ASCII, so columns are characters.
fn slots(status: &Status, characters: Characters) -> String {
    const NAME: usize = 19;
    let head = format!(
        "{:NAME$} {:12} {:>8} {:>10} {:>8} {:>9} {:>7}",
        "slot", "state", "lag", "", "retained", "drains/s", "tables"
    );
    let mut out = format!("\n{}\n", Style::Head.paint(head.trim_end()));
    for slot in &status.slots {
        let state = style(slot.state).paint(&format!("{:12}", state_words(slot.state)));
        let line = format!(
            "{:NAME$} {state} {:>8} {:>10} {:>8} {:>9} {:>7}",
            characters.shorten(&slot.name, NAME),
            or_dash(slot.flush_lag_bytes.map(|bytes| Bytes(bytes as f64))),
            or_dash(lag_words(slot)),
            or_dash(slot.retained_wal_bytes.map(|bytes| Bytes(bytes as f64))),
            or_dash(slot.drain_bytes_per_s.map(Bytes)),
            or_dash(tables_words(slot)),
        );
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push('\n');
    out
}

/// Why a slot stands still and the ways out, a line each; none when nothing shows it.
pub fn cause_lines(slot: &SlotStatus) -> Vec<String> {
    let Some(cause) = &slot.cause else { return Vec::new() };
    let mut first = format!("Cause: {}", one_line(&cause.message));
    let place = [
        cause.operation.clone(),
        cause.relation.as_ref().map(|relation| format!("on {}", one_line(relation))),
        cause.key.as_ref().map(|key| format!("key {}", one_line(key))),
        cause.lsn.map(|lsn| format!("transaction that ends at {lsn}")),
    ];
    let place: Vec<String> = place.into_iter().flatten().collect();
    if !place.is_empty() {
        first.push_str(&format!(" ({})", place.join(", ")));
    }
    let ways = cause.ways_out.iter().map(|way| {
        let loses = way.loses.as_ref().map_or_else(String::new, |lost| format!(" Loses {lost}."));
        format!("- {}{loses}", one_line(&way.what))
    });
    std::iter::once(first).chain(ways).collect()
}

/// What the line of a slot has no room for; absent when there is nothing to say.
pub fn more(plan: &Plan, slot: &SlotStatus) -> Option<String> {
    let mut words = Vec::new();
    if let Some(seconds) = slot.caught_up_in_s {
        words.push(format!("caught up in {}", Seconds(seconds)));
    } else if slot.state == State::CatchingUp && slot.drain_bytes_per_s.is_some() {
        words.push("it falls further behind".to_owned());
    }
    if let Some(copy) = slot.copy {
        let left = copy.left_s.map_or_else(String::new, |left| format!(", {} left", Seconds(left)));
        words.push(format!("copied {} of {}{left}", Bytes(copy.done_bytes as f64), Bytes(copy.total_bytes as f64)));
    }
    if let Some(safe) = slot.safe_wal_bytes {
        let when = slot.limit_in_s.map_or_else(String::new, |seconds| format!(", in {}", Seconds(seconds)));
        words.push(format!("{} until it is lost{when}", Bytes(safe as f64)));
    }
    if let Some(load) = slot.load.as_ref().filter(|load| load.measured.is_some()) {
        let forecast = load.forecast.map_or_else(String::new, |load| format!(", {} forecast", plan.shown_load(load)));
        let measured = plan.shown_load(load.measured.unwrap_or(0.0));
        words.push(format!("load {measured}, planned {} at most{forecast}", plan.shown_load(load.planned)));
    }
    for (count, what) in [(slot.errors, "error"), (slot.conflicts, "conflict")] {
        if let Some(count) = count.filter(|count| *count > 0) {
            words.push(format!("{} so far", counted(count as usize, what)));
        }
    }
    if let Some(spilled) = slot.spilled_bytes.filter(|bytes| *bytes > 0) {
        words.push(format!("{} spilled", Bytes(spilled as f64)));
    }
    if slot.parallel_workers > 0 {
        words.push(counted(slot.parallel_workers as usize, "parallel worker"));
    }
    (!words.is_empty()).then(|| words.join("; "))
}
