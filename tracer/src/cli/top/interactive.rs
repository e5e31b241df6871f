//! The view on a terminal: keys, signals and snapshots until it is over.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use ratatui::crossterm::event::{self, Event};
use signal_hook::iterator::Signals;
use tracer::top::model::Message;
use tracer::top::{Request, input};

use super::files;
use super::looking::Looking;
use super::screen::{self, Screen, Signal, next_signal};

/// How long a key is waited for before signals and snapshots are looked for.
const PERIOD: Duration = Duration::from_millis(50);

/// Shows the view until the user or a signal ends it, or the terminal is gone.
pub fn run(pid: u32, looking: &mut Looking, signals: &mut Signals) -> anyhow::Result<()> {
    let mut screen = Screen::enter()?;
    let events = events();
    let mut is_new = true;
    loop {
        match next_signal(signals) {
            Some(Signal::End) => return Ok(()),
            Some(Signal::Stop) => {
                screen.stop()?;
                continue;
            }
            Some(Signal::Continue) => {
                screen.resume()?;
                is_new = true;
            }
            None => {}
        }
        if screen::has_hung_up() {
            return Ok(());
        }
        if is_new {
            screen.draw(&looking.state)?;
        }
        is_new = looking.look(Duration::ZERO)?;
        let event = match events.recv_timeout(PERIOD) {
            Ok(event) => event?,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        is_new = true;
        match on_event(&event, pid, looking) {
            Some(Request::Quit) => return Ok(()),
            Some(Request::Suspend) => screen.stop()?,
            Some(Request::Save | Request::FlameGraph) | None => {}
        }
    }
}

/// What comes from the terminal, read by a thread of its own: the library does not return
/// from reading a terminal that has gone.
fn events() -> Receiver<io::Result<Event>> {
    let (sender, events) = mpsc::channel();
    std::thread::spawn(move || {
        loop {
            let event = event::read();
            let is_over = event.is_err();
            if sender.send(event).is_err() || is_over {
                return;
            }
        }
    });
    events
}

/// Does what a key asks for, as far as it is done here.
fn on_event(event: &Event, pid: u32, looking: &mut Looking) -> Option<Request> {
    let Event::Key(key) = event else {
        return None;
    };
    let (_, is_typing) = looking.state.filter();
    let action = input::action(*key, is_typing)?;
    let request = looking.state.act(action)?;
    if matches!(request, Request::Save | Request::FlameGraph) {
        let message = write(request, pid, looking);
        looking.state.say(message);
    }
    Some(request)
}

/// Writes a file in the current folder. Returns what to tell of it.
fn write(request: Request, pid: u32, looking: &Looking) -> Message {
    let (Some(recording), Some(newest)) = (looking.recording(), looking.state.newest()) else {
        return Message::Failed("There is nothing yet.".to_owned());
    };
    let written: anyhow::Result<(PathBuf, &str)> = match request {
        Request::Save => files::save(Path::new(""), pid, recording)
            .map(|path| (path, "see it with: goalloc report")),
        _ => files::flame_graph(Path::new(""), pid, &newest.profile)
            .map(|path| (path, "open it in a browser:")),
    };
    match written {
        Ok((path, how)) => {
            let path = path.display();
            Message::Done(format!("Written {path}; {how} {path}"))
        }
        Err(error) => Message::Failed(format!("{error:#}")),
    }
}
