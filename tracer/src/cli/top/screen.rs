//! The terminal: taken over, given back whatever happens, and the signals that matter.

use std::fs::File;
use std::io::{self, Stdout};
use std::os::fd::AsFd;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::Context;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::stdio::{dup2_stderr, dup2_stdout};
use signal_hook::consts::{SIGCONT, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tracer::top::State;
use tracer::top::view::{self, Theme};

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// To end.
    End,
    /// To stop until continued.
    Stop,
    /// To go on after that.
    Continue,
}

/// Signals, caught from here on.
pub fn signals() -> anyhow::Result<Signals> {
    Signals::new([SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGCONT])
        .context("cannot catch signals")
}

/// What a signal that has come asks for, if one has.
pub fn next_signal(signals: &mut Signals) -> Option<Signal> {
    signals.pending().next().map(|signal| match signal {
        SIGTSTP => Signal::Stop,
        SIGCONT => Signal::Continue,
        _ => Signal::End,
    })
}

/// Whether the terminal can place text on its screen, by its name.
pub fn can_place_text() -> bool {
    variable("TERM").is_some_and(|name| name != "dumb")
}

/// Whether there is no terminal any more: its window was closed, the connection lost.
pub fn has_hung_up() -> bool {
    is_gone(&io::stdout())
}

fn is_gone(stream: &impl AsFd) -> bool {
    let mut polled = [PollFd::new(stream, PollFlags::empty())];
    let is_answered = poll(&mut polled, Some(&Timespec::default())).is_ok();
    let gone = PollFlags::HUP | PollFlags::ERR | PollFlags::NVAL;
    is_answered && polled[0].revents().intersects(gone)
}

/// What is written to a terminal that is gone goes nowhere from here on: it would be an
/// error otherwise, in the middle of saving the recording.
fn silence_if_gone() {
    let Ok(nowhere) = File::options().write(true).open("/dev/null") else {
        return;
    };
    if is_gone(&io::stdout()) {
        let _ = dup2_stdout(&nowhere);
    }
    if is_gone(&io::stderr()) {
        let _ = dup2_stderr(&nowhere);
    }
}

/// A variable of the environment that is set and not empty.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The terminal while the view has it.
pub struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    theme: Theme,
}

impl Screen {
    /// Takes the terminal over. It is given back on drop, and before a panic is printed.
    pub fn enter() -> io::Result<Self> {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let print = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                give_back();
                print(panic);
            }));
        });
        let screen = Self {
            terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?,
            theme: Theme::of_environment(variable),
        };
        take_over()?;
        Ok(screen)
    }

    /// Draws the state, while the terminal is taken over: between [`Screen::stop`] and
    /// [`Screen::resume`] it is the shell's.
    pub fn draw(&mut self, state: &State) -> io::Result<()> {
        if !IS_TAKEN.load(Ordering::SeqCst) {
            return Ok(());
        }
        let theme = self.theme;
        self.terminal
            .draw(|frame| view::draw(state, &theme, frame.area(), frame.buffer_mut()))?;
        Ok(())
    }

    /// Gives the terminal back and stops this process, as the shell expects it. Whoever
    /// continues it sends a signal, upon which [`Screen::resume`] is to be called. That
    /// signal may be seen later than this returns: another thread may have caught it.
    pub fn stop(&mut self) -> io::Result<()> {
        give_back();
        emulate_default_handler(SIGTSTP)
    }

    /// Takes the terminal over again: another program may have had it.
    pub fn resume(&mut self) -> io::Result<()> {
        give_back();
        // One that knows of nothing on the screen. The old one shows the cursor as it goes.
        self.terminal = Terminal::new(CrosstermBackend::new(io::stdout()))?;
        take_over()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        give_back();
    }
}

/// Whether the terminal is taken over. To leave the alternate screen from outside of it
/// would move the cursor.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);

fn take_over() -> io::Result<()> {
    IS_TAKEN.store(true, Ordering::SeqCst);
    enable_raw_mode()?;
    // Not every terminal has another screen, which would be empty.
    execute!(
        io::stdout(),
        EnterAlternateScreen,
        Clear(ClearType::All),
        Hide
    )
}

/// The terminal may be gone: then there is nothing to give back.
fn give_back() {
    if !IS_TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    silence_if_gone();
    let _ = disable_raw_mode();
    let _ = execute!(io::stdout(), Show, LeaveAlternateScreen);
}
