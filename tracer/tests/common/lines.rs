//! A child process's output, line by line, with a limit to the waiting.

use std::{
    io::{BufRead as _, BufReader, Read},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take that is expected to happen. Generous: the tests
/// share a small machine.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Lines as a thread reads them.
#[derive(Debug)]
pub struct Lines {
    receiver: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    /// Reads `from` until its end. A carriage return ends a line too, so that
    /// progress lines count.
    pub fn of(from: impl Read + Send + 'static) -> Self {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
                for part in line
                    .split(|&byte| byte == b'\r')
                    .filter(|it| !it.is_empty())
                {
                    // Nobody listens any more when the test is over.
                    let _ = sender.send(String::from_utf8_lossy(part).into_owned());
                }
            }
        });
        Self {
            receiver,
            seen: Vec::new(),
        }
    }

    /// The next line; `None` at the end of the output.
    pub fn next(&mut self) -> Option<String> {
        match self.receiver.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.seen.push(line.clone());
                Some(line)
            }
            Err(mpsc::RecvTimeoutError::Disconnected) => None,
            Err(mpsc::RecvTimeoutError::Timeout) => {
                panic!(
                    "no line for {PATIENCE:?}; so far:\n{}",
                    self.seen.join("\n")
                );
            }
        }
    }

    /// Reads on to the first line that `matches`.
    pub fn find(&mut self, what: &str, matches: impl Fn(&str) -> bool) -> String {
        while let Some(line) = self.next() {
            if matches(&line) {
                return line;
            }
        }
        panic!("the output ends before {what}:\n{}", self.seen.join("\n"));
    }

    /// Everything, to the end.
    pub fn rest(mut self) -> Vec<String> {
        while self.next().is_some() {}
        self.seen
    }
}

/// Asks until there is an answer.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "no {what} for {PATIENCE:?}");
        thread::sleep(Duration::from_millis(5));
    }
}
