//! Without `--once`: look, show, tell, wait, until somebody ends it. A server that does not answer is said and tried again.

use std::io::{IsTerminal, stdout};

use pgslotplan::{
    health::{
        self, Look, State, Status, Thresholds, Watch,
        load::LoadModel,
        page::{self, TableState},
    },
    plan::Plan,
};
use ratatui::crossterm::event::Event;
use tokio::sync::mpsc::UnboundedReceiver;

use super::{
    super::{
        output::{Console, Failure, json_text},
        waiting::interrupted,
    },
    MonitorArgs, StatusFormat,
    notify::Notifier,
    prometheus,
    reader::{Reader, Trouble},
    screen::{Screen, Shown, Terminal, Wish, events},
    serve::{Metrics, listen},
};

/// What is known, whoever shows it.
pub struct Known<'a> {
    pub plan: &'a Plan,
    pub model: Option<&'a LoadModel>,
    pub thresholds: Thresholds,
    pub watch: Watch,
}

impl Known<'_> {
    /// Takes a look; where a slot stands still the log is read too.
    pub async fn take(&mut self, look: Look, reader: &Reader) -> Result<Status, Failure> {
        self.watch.take(look);
        let status = self.status()?;
        let wanted = status.slots.iter().find(|slot| matches!(slot.state, State::Failing | State::Disconnected));
        let Some(direction) = wanted.map(|slot| slot.direction) else { return Ok(status) };
        let log = reader.read_log(direction).await;
        self.watch.take_log(direction, log);
        self.status()
    }

    /// The newest status.
    fn status(&self) -> Result<Status, Failure> {
        let loads = self.model.map(|model| model.loads(self.plan, &self.watch));
        health::status(self.plan, &self.watch, &self.thresholds, loads.as_deref())
            .ok_or_else(|| Failure::new("the servers did not say how late it is"))
    }
}

/// Who shows it.
enum View {
    /// A line for each change.
    Lines,
    /// The whole status on one line for each change.
    Json,
    /// The full screen.
    Screen(Box<FullScreen>),
}

struct FullScreen {
    terminal: Terminal,
    screen: Screen,
    events: UnboundedReceiver<Event>,
}

/// Everything that is told.
struct Teller<'a> {
    view: View,
    console: &'a Console,
    status: Option<Status>,
    trouble: Option<String>,
    tables: Vec<TableState>,
    notifier: Option<Notifier>,
    metrics: Option<Metrics>,
}

/// Looks until somebody ends it.
pub async fn follow(
    args: &MonitorArgs,
    mut reader: Reader,
    mut known: Known<'_>,
    console: &Console,
) -> Result<(), Failure> {
    let metrics = args.listen.is_some().then(Metrics::default);
    if let (Some(address), Some(metrics)) = (args.listen, &metrics) {
        let address = listen(address, metrics.clone()).await?;
        console.note(&format!("metrics are at http://{address}/metrics"));
    }
    let notifier = args.notify.as_deref().map(|command| Notifier::new(command, console));
    let mut teller =
        Teller { view: View::of(args)?, console, status: None, trouble: None, tables: Vec::new(), notifier, metrics };
    let mut turns = tokio::time::interval(args.interval);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut end = std::pin::pin!(interrupted());
    teller.draw(&known)?;
    loop {
        let seen = {
            let mut looking = std::pin::pin!(async {
                turns.tick().await;
                reader.look().await
            });
            // a server that hangs does not keep a key waiting
            loop {
                tokio::select! {
                    seen = &mut looking => break seen,
                    () = &mut end => return Ok(()),
                    event = teller.event() => if teller.take(event, &known)? == Wish::Quit { return Ok(()) },
                }
            }
        };
        let status = match seen {
            Ok(look) => known.take(look, &reader).await?,
            Err(trouble) => {
                teller.fail(trouble, &known)?;
                continue;
            }
        };
        teller.tell(status, &known)?;
    }
}

impl View {
    fn of(args: &MonitorArgs) -> Result<Self, Failure> {
        if args.format == StatusFormat::Json {
            return Ok(View::Json);
        }
        if !stdout().is_terminal() {
            return Ok(View::Lines);
        }
        let terminal = Terminal::take().map_err(|error| Failure::new("could not use the terminal").source(error))?;
        Ok(View::Screen(Box::new(FullScreen { terminal, screen: Screen::default(), events: events() })))
    }
}

impl Teller<'_> {
    /// The next key or change of size; never, where there is no screen.
    async fn event(&mut self) -> Option<Event> {
        match &mut self.view {
            View::Screen(full) => full.events.recv().await,
            _ => std::future::pending().await,
        }
    }

    fn take(&mut self, event: Option<Event>, known: &Known<'_>) -> Result<Wish, Failure> {
        let count = self.status.as_ref().map_or(0, |status| status.slots.len());
        let View::Screen(full) = &mut self.view else { return Ok(Wish::Nothing) };
        let wish = match event {
            Some(Event::Key(key)) => full.screen.take(key, count),
            Some(Event::Resize(..)) => Wish::Draw,
            Some(_) => Wish::Nothing,
            // the terminal is gone
            None => Wish::Quit,
        };
        if wish == Wish::Draw {
            self.draw(known)?;
        }
        Ok(wish)
    }

    fn draw(&mut self, known: &Known<'_>) -> Result<(), Failure> {
        let View::Screen(full) = &mut self.view else { return Ok(()) };
        let slot = self.status.as_ref().and_then(|status| full.screen.page(status));
        self.tables = match (known.watch.last(), slot) {
            (Some(look), Some(slot)) => page::tables(known.plan, look, slot),
            _ => Vec::new(),
        };
        let shown = Shown {
            plan: known.plan,
            status: self.status.as_ref(),
            trouble: self.trouble.as_deref(),
            tables: &self.tables,
        };
        full.terminal
            .draw(&mut full.screen, &shown)
            .map_err(|error| Failure::new("could not draw on the terminal").source(error))
    }

    /// A server did not answer.
    fn fail(&mut self, trouble: Trouble, known: &Known<'_>) -> Result<(), Failure> {
        let text = format!("no answer from the {trouble}");
        if let Some(metrics) = &self.metrics {
            metrics.set(prometheus::DOWN.to_owned());
        }
        let is_new = self.trouble.as_ref() != Some(&text);
        if is_new && !matches!(self.view, View::Screen(_)) {
            self.console.warning(&text);
        }
        if let (true, Some(notifier), Some(status)) = (self.trouble.is_none(), &self.notifier, &self.status) {
            notifier.tell(&[text.as_str()], status);
        }
        self.trouble = Some(text);
        self.draw(known)
    }

    /// A new status.
    fn tell(&mut self, status: Status, known: &Known<'_>) -> Result<(), Failure> {
        if self.trouble.take().is_some() && !matches!(self.view, View::Screen(_)) {
            self.console.note("both servers answer again");
        }
        let changes = health::changes(self.status.as_ref(), &status);
        match &self.view {
            View::Lines => {
                let at = status.at.strftime("%Y-%m-%d %H:%M:%S");
                changes.iter().try_for_each(|change| self.console.result(&format!("{at} {}\n", change.text)))?;
            }
            View::Json if !changes.is_empty() => {
                self.console.result(&json_text(format!("{}\n", serde_json::to_string(&status)?).as_bytes()))?;
            }
            _ => {}
        }
        if let Some(metrics) = &self.metrics {
            metrics.set(prometheus::metrics(&status));
        }
        // how it is when the monitor begins is nothing that got worse
        let worse: Vec<&str> =
            changes.iter().filter(|change| change.is_worse).map(|change| change.text.as_str()).collect();
        if let (Some(notifier), Some(_), false) = (&self.notifier, &self.status, worse.is_empty()) {
            notifier.tell(&worse, &status);
        }
        self.status = Some(status);
        self.draw(known)
    }
}
