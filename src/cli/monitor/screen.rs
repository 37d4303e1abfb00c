//! The full screen: all slots, the worst first, or one of them. Drawing takes everything as arguments; keys come from a thread of
//! their own.

use std::{io, time::Duration};

use pgslotplan::{
    finding::{Finding, Severity},
    health::{State, Status, page::TableState, status::SlotStatus},
    names::one_line,
    plan::{Plan, Role},
    units::{Bytes, Seconds, counted},
};
use ratatui::{
    Frame,
    crossterm::event::{self, Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers},
    layout::{Constraint, Layout, Rect},
    style::{Color, Modifier, Style, Stylize},
    text::{Line, Span},
    widgets::{Cell, Paragraph, Row, Table},
};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use super::{
    stage_words,
    text::{cause_lines, lag_words, more, or_dash, pieces_words, server_words, state_words, tables_words},
};

/// What is shown, and what the person has chosen.
#[derive(Debug, Default)]
pub struct Screen {
    /// The chosen line of the list.
    chosen: usize,
    /// The page of the chosen slot is open.
    is_page: bool,
    /// First line of the page's tables.
    scrolled: usize,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// To draw anew.
    Draw,
    /// To end.
    Quit,
    /// Nothing.
    Nothing,
}

/// What is drawn.
pub struct Shown<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The newest status; absent before the first one.
    pub status: Option<&'a Status>,
    /// Why nothing newer is there: a server that does not answer.
    pub trouble: Option<&'a str>,
    /// Tables of the chosen slot, where its page is open.
    pub tables: &'a [TableState],
}

impl Screen {
    /// Takes a key.
    pub fn take(&mut self, key: KeyEvent, slot_count: usize) -> Wish {
        if key.kind == KeyEventKind::Release {
            return Wish::Nothing;
        }
        let last = slot_count.saturating_sub(1);
        match key.code {
            KeyCode::Char('q') => return Wish::Quit,
            KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return Wish::Quit,
            KeyCode::Enter | KeyCode::Right if slot_count > 0 => (self.is_page, self.scrolled) = (true, 0),
            KeyCode::Esc | KeyCode::Left | KeyCode::Backspace => self.is_page = false,
            KeyCode::Down | KeyCode::Char('j') if self.is_page => self.scrolled += 1,
            KeyCode::Up | KeyCode::Char('k') if self.is_page => self.scrolled = self.scrolled.saturating_sub(1),
            KeyCode::PageDown if self.is_page => self.scrolled += 10,
            KeyCode::PageUp if self.is_page => self.scrolled = self.scrolled.saturating_sub(10),
            KeyCode::Down | KeyCode::Char('j') => self.chosen = (self.chosen + 1).min(last),
            KeyCode::Up | KeyCode::Char('k') => self.chosen = self.chosen.saturating_sub(1),
            _ => return Wish::Nothing,
        }
        Wish::Draw
    }

    /// The slot whose page is open.
    pub fn page<'a>(&self, status: &'a Status) -> Option<&'a SlotStatus> {
        if self.is_page { status.slots.get(self.chosen) } else { None }
    }

    /// Draws everything.
    pub fn draw(&mut self, frame: &mut Frame<'_>, shown: &Shown<'_>) {
        let [head, body, foot] =
            Layout::vertical([Constraint::Length(3), Constraint::Min(1), Constraint::Length(1)]).areas(frame.area());
        frame.render_widget(head_lines(shown), head);
        let Some(status) = shown.status else {
            frame.render_widget(Paragraph::new("looking …").dim(), body);
            frame.render_widget(keys("q quit"), foot);
            return;
        };
        self.chosen = self.chosen.min(status.slots.len().saturating_sub(1));
        match self.page(status) {
            Some(slot) => {
                let shown_tables = shown.tables.len().saturating_sub(1);
                self.scrolled = self.scrolled.min(shown_tables);
                draw_page(
                    frame,
                    body,
                    shown.plan,
                    status,
                    slot,
                    &shown.tables[self.scrolled.min(shown.tables.len())..],
                );
                frame.render_widget(keys("↑↓ tables   Esc all slots   q quit"), foot);
            }
            None => {
                draw_list(frame, body, shown.plan, status, self.chosen);
                frame.render_widget(keys("↑↓ slot   Enter its page   q quit"), foot);
            }
        }
    }
}

fn keys(text: &str) -> Paragraph<'_> {
    Paragraph::new(text).dim()
}

fn head_lines(shown: &Shown<'_>) -> Paragraph<'static> {
    let name = format!("{} ", one_line(&shown.plan.database));
    let mut first = vec![Span::from(name).bold()];
    let mut lines = Vec::new();
    if let Some(status) = shown.status {
        let is_well = status.slots.iter().all(|slot| !slot.state.is_bad());
        let stage = Span::from(format!(" {} ", stage_words(status.stage)));
        first.push(if is_well { stage.black().on_green() } else { stage.white().on_red() });
        first.push(Span::from(format!("  {} UTC", status.at.strftime("%Y-%m-%d %H:%M:%S"))).dim());
        let mut new = server_words(&status.subscriber);
        if let Some(pieces) = &status.pieces {
            new = format!("copy: {}; {new}", pieces_words(pieces));
        }
        lines.push(Line::from(vec!["old  ".dim(), Span::from(server_words(&status.publisher))]));
        lines.push(Line::from(vec!["new  ".dim(), Span::from(new)]));
    }
    if let Some(trouble) = shown.trouble {
        first.push(Span::from(format!("  {}", one_line(trouble))).red().bold());
    }
    lines.insert(0, Line::from(first));
    Paragraph::new(lines)
}

/// How a state looks.
fn state_style(state: State) -> Style {
    match state {
        State::Streaming => Style::new().fg(Color::Green),
        State::Copying | State::CatchingUp => Style::new().fg(Color::Yellow),
        _ => Style::new().fg(Color::Red).add_modifier(Modifier::BOLD),
    }
}

fn severity_style(severity: Severity) -> Style {
    match severity {
        Severity::Error => Style::new().fg(Color::Red),
        Severity::Warning => Style::new().fg(Color::Yellow),
        Severity::Info => Style::new().add_modifier(Modifier::DIM),
    }
}

fn draw_list(frame: &mut Frame<'_>, area: Rect, plan: &Plan, status: &Status, chosen: usize) {
    let height = u16::try_from(status.slots.len()).unwrap_or(u16::MAX).saturating_add(2);
    // findings have room for a few lines at least
    let height = height.min(area.height.saturating_sub(4).max(4));
    let [list, below] = Layout::vertical([Constraint::Length(height), Constraint::Min(0)]).areas(area);
    let visible = usize::from(list.height.saturating_sub(2)).max(1);
    let first = chosen.saturating_sub(visible.saturating_sub(1));
    let name_width = status.slots.iter().map(|slot| slot.name.len()).max().unwrap_or(4).clamp(4, 30);
    let is_wide = area.width >= 120;
    // beside the columns of numbers, whose places do not move
    let name_width = if is_wide { name_width } else { name_width.min(22) };
    let rows = status.slots.iter().enumerate().skip(first).take(visible).map(|(number, slot)| {
        let row = Row::new(cells(plan, slot, is_wide));
        if number == chosen { row.style(Style::new().add_modifier(Modifier::REVERSED)) } else { row }
    });
    let mut widths = vec![
        Constraint::Length(u16::try_from(name_width).unwrap_or(30)),
        Constraint::Length(12),
        Constraint::Length(8),
        Constraint::Length(10),
        Constraint::Length(8),
        Constraint::Length(8),
        Constraint::Length(6),
    ];
    let mut heads = vec!["slot", "state", "     lag", "      time", "retained", "drains/s", "tables"];
    if is_wide {
        widths.push(Constraint::Min(20));
        heads.push("");
    }
    let head = Row::new(heads).style(Style::new().add_modifier(Modifier::BOLD));
    frame.render_widget(Table::new(rows, widths).header(head.top_margin(1)).column_spacing(1), list);
    draw_findings(frame, below, status, |_| true);
}

fn right(text: String, width: usize) -> Cell<'static> {
    Cell::from(format!("{text:>width$}"))
}

fn cells(plan: &Plan, slot: &SlotStatus, is_wide: bool) -> Vec<Cell<'static>> {
    let bytes = |value: Option<u64>| or_dash(value.map(|value| Bytes(value as f64)));
    let mut cells = vec![
        Cell::from(slot.name.clone()),
        Cell::from(state_words(slot.state)).style(state_style(slot.state)),
        right(bytes(slot.flush_lag_bytes), 8),
        right(or_dash(lag_words(slot)), 10),
        right(bytes(slot.retained_wal_bytes), 8),
        right(or_dash(slot.drain_bytes_per_s.map(Bytes)), 8),
        right(or_dash(tables_words(slot)), 6),
    ];
    if is_wide {
        cells.push(Cell::from(format!("  {}", more(plan, slot).unwrap_or_default())));
    }
    cells
}

/// Findings, the worst first, a line each; what has no room is counted.
fn draw_findings(frame: &mut Frame<'_>, area: Rect, status: &Status, wanted: impl Fn(&Finding) -> bool) {
    let room = usize::from(area.height.saturating_sub(1));
    let found: Vec<&Finding> = status.findings.iter().filter(|finding| wanted(finding)).collect();
    let mut lines = vec![Line::default()];
    let mut left = found.len();
    for finding in &found {
        // the last line counts the rest
        if lines.len() > room.saturating_sub(usize::from(left > 1)) {
            break;
        }
        let text = format!("{} {}: {}", finding.code, finding.subject, one_line(&finding.message));
        lines.push(Line::from(Span::styled(text, severity_style(finding.severity))));
        left -= 1;
        if let Some(hint) =
            finding.hint.as_ref().filter(|_| finding.severity <= Severity::Warning && lines.len() + left < room)
        {
            lines.push(Line::from(format!("      {}", one_line(hint))).dim());
        }
    }
    if left > 0 {
        lines.push(Line::from(format!("and {} more", counted(left, "finding"))).dim());
    } else if found.is_empty() {
        lines.push(Line::from("no findings").dim());
    }
    for unseen in status.unseen.iter().take(room.saturating_sub(lines.len())) {
        lines.push(Line::from(format!("not seen: {unseen}")).dim());
    }
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_page(
    frame: &mut Frame<'_>,
    area: Rect,
    plan: &Plan,
    status: &Status,
    slot: &SlotStatus,
    tables: &[TableState],
) {
    let role = match slot.role {
        Role::Dedicated => "alone",
        Role::Shared => "shared",
    };
    let bytes = |value: Option<u64>| or_dash(value.map(|value| Bytes(value as f64)));
    let per_s = |value: Option<f64>| value.map_or_else(|| "-".to_owned(), |rate| format!("{}/s", Bytes(rate)));
    let mut lines = vec![
        Line::default(),
        Line::from(vec![
            Span::from(format!("{}  ", slot.name)).bold(),
            Span::styled(state_words(slot.state), state_style(slot.state)),
            Span::from(format!("  {}  ({role}, subscription {})", slot.reason, one_line(&slot.subscription))).dim(),
        ]),
        Line::from(format!(
            "behind {} ({}), log grows {}, slot drains {}",
            bytes(slot.flush_lag_bytes),
            or_dash(lag_words(slot)),
            per_s(slot.wal_bytes_per_s),
            per_s(slot.drain_bytes_per_s),
        )),
        Line::from(format!(
            "retains {}{}",
            bytes(slot.retained_wal_bytes),
            slot.limit_in_s.map_or_else(String::new, |left| format!(", at its limit in {}", Seconds(left)))
        )),
    ];
    if let Some(more) = more(plan, slot) {
        lines.push(Line::from(more));
    }
    for line in cause_lines(slot) {
        lines.push(Line::from(line));
    }
    for table in slot.load.iter().flat_map(|load| &load.tables) {
        let (measured, planned) = (plan.shown_load(table.measured), plan.shown_load(table.planned));
        lines.push(Line::from(format!("  {}: load {measured}, planned {planned} at most", table.table)).dim());
    }
    let height = u16::try_from(lines.len()).unwrap_or(8);
    let [top, middle, below] =
        Layout::vertical([Constraint::Length(height), Constraint::Fill(2), Constraint::Fill(1)]).areas(area);
    frame.render_widget(Paragraph::new(lines), top);
    let rows = tables.iter().map(|table| {
        let done = table.copied_bytes.map(|bytes| format!("{} of ", Bytes(bytes as f64)));
        let ready = if table.state == Some("ready") { Style::new() } else { Style::new().fg(Color::Yellow) };
        Row::new(vec![
            Cell::from(table.table.to_string()),
            Cell::from(or_dash(table.state)).style(ready),
            right(format!("{}{}", done.unwrap_or_default(), Bytes(table.copy_bytes as f64)), 20),
        ])
    });
    let head =
        Row::new(vec!["table", "state", "                copy"]).style(Style::new().add_modifier(Modifier::BOLD));
    let widths = [Constraint::Fill(1), Constraint::Length(14), Constraint::Length(20)];
    frame.render_widget(Table::new(rows, widths).header(head.top_margin(1)), middle);
    let of_slot = pgslotplan::finding::Subject::Slot(slot.name.clone());
    draw_findings(frame, below, status, |finding| finding.subject == of_slot);
}

/// The terminal as long as the screen is shown; as it was when this goes, also by a panic.
pub struct Terminal {
    inner: ratatui::DefaultTerminal,
}

impl Terminal {
    /// Takes it.
    ///
    /// # Errors
    /// When it cannot be put into raw mode.
    pub fn take() -> io::Result<Self> {
        Ok(Terminal { inner: ratatui::try_init()? })
    }

    /// Draws.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn draw(&mut self, screen: &mut Screen, shown: &Shown<'_>) -> io::Result<()> {
        self.inner.draw(|frame| screen.draw(frame, shown)).map(|_| ())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Keys and changes of the window's size, from a thread that ends with the receiver.
pub fn events() -> UnboundedReceiver<Event> {
    const PATIENCE: Duration = Duration::from_millis(100);
    let (sender, receiver) = unbounded_channel();
    std::thread::spawn(move || {
        while !sender.is_closed() {
            match event::poll(PATIENCE) {
                Ok(true) => match event::read().map(|event| sender.send(event)) {
                    Ok(Ok(())) => {}
                    _ => break,
                },
                Ok(false) => {}
                Err(_) => break,
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests {
    use pgslotplan::{
        format,
        health::Look,
        health::{Thresholds, Watch, status},
    };
    use ratatui::{Terminal as AnyTerminal, backend::TestBackend};

    use super::*;

    /// The sample's eight slots before anything is subscribed.
    fn status_of(plan: &Plan) -> Status {
        let mut look = Look::default();
        let row = r#"{"server": {"at": 1.7e9, "version": 150000, "position": 16, "started": 1.0, "sees_others": true, "is_closed": false, "slots": 0,
            "slot_limit": 10, "senders": 0, "sender_limit": 10, "workers": 0, "worker_limit": 4, "origins": 0, "origin_limit": 10,
            "slot_wal_limit_bytes": null, "xmin_age": null, "xmin_holder": null, "frozen_age": 5, "writer": null, "prepared": null}}"#;
        look.publisher.take_row(&row.replace('\n', " ")).unwrap();
        let mut watch = Watch::default();
        watch.take(look);
        status(plan, &watch, &Thresholds::default(), None).unwrap()
    }

    fn drawn(screen: &mut Screen, width: u16, height: u16) -> String {
        let plan: Plan = format::read(include_bytes!("../../../samples/saas/plan.json")).unwrap();
        let status = status_of(&plan);
        let tables = [TableState {
            table: pgslotplan::names::TableName::new("public", "t\u{1b}[2J"),
            state: Some("ready"),
            copied_bytes: None,
            copy_bytes: 5,
        }];
        let shown = Shown { plan: &plan, status: Some(&status), trouble: None, tables: &tables };
        let mut terminal = AnyTerminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| screen.draw(frame, &shown)).unwrap();
        terminal.backend().to_string()
    }

    fn press(screen: &mut Screen, code: KeyCode) -> Wish {
        screen.take(KeyEvent::new(code, KeyModifiers::NONE), 8)
    }

    #[test]
    fn eight_slots_and_their_findings_fit_80_by_24() {
        let mut screen = Screen::default();
        let text = drawn(&mut screen, 80, 24);
        let plan: Plan = format::read(include_bytes!("../../../samples/saas/plan.json")).unwrap();
        for slot in &plan.slots {
            assert!(
                text.lines().any(|line| line.contains(slot.name.as_str()) && line.contains("absent")),
                "{}: {text}",
                slot.name
            );
        }
        for part in ["prepared", "retained", "drains/s tables", "HE101", "q quit"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        // where there is no room for all of them, how many there are is said
        let text = drawn(&mut screen, 80, 20);
        assert!(text.contains("and ") && text.contains(" findings more"), "{text}");
    }

    #[test]
    fn a_slot_has_a_page_and_keys_lead_there_and_back() {
        let mut screen = Screen::default();
        assert_eq!(press(&mut screen, KeyCode::Down), Wish::Draw);
        assert_eq!(press(&mut screen, KeyCode::Enter), Wish::Draw);
        let text = drawn(&mut screen, 80, 24);
        // what a name holds moves no cursor
        assert!(text.contains("Esc all slots") && text.contains("ready") && !text.contains('\u{1b}'), "{text}");
        assert_eq!(press(&mut screen, KeyCode::Esc), Wish::Draw);
        assert!(drawn(&mut screen, 80, 24).contains("Enter its page"));
        assert_eq!(press(&mut screen, KeyCode::Char('x')), Wish::Nothing);
        assert_eq!(press(&mut screen, KeyCode::Char('q')), Wish::Quit);
        let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
        assert_eq!(screen.take(interrupt, 8), Wish::Quit);
        // however small
        for (width, height) in [(1, 1), (10, 4), (200, 60)] {
            drawn(&mut screen, width, height);
        }
    }
}
