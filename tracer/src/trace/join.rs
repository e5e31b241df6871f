//! Calls and their returns, which come apart.
//!
//! A call and its return find the return address at the same depth of the same stack
//! ([`Activation`]). On one stack calls are nested, so whatever comes at a depth says that
//! all deeper calls are over, whether or not they returned. What is not certain is not
//! told: where records were lost in between, a return may be that of another call.
//!
//! Calls come out in the order they went in, each when its return is known.

use std::collections::{HashMap, VecDeque};

use tracer_ebpf::wire::{Activation, RETURNED_REGISTERS};

/// Calls held back at most.
const MOST_HELD: usize = 1 << 16;

/// How long one is held back at most.
pub const LONGEST_HELD_NS: u64 = 1_000_000_000;

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nobody asked.
    NotWatched,
    /// It returned: RAX, RBX, RCX.
    Returned([u64; RETURNED_REGISTERS]),
    /// It was left without returning, by a panic.
    Left,
    /// It was still running after [`LONGEST_HELD_NS`].
    Running,
    /// Nobody was watching any more, or records were lost.
    Unseen,
}

/// A call as it goes in.
#[derive(Clone, Debug)]
pub struct Entered<T> {
    /// What is to come out again.
    pub call: T,
    /// When, by the monotonic clock.
    pub time_ns: u64,
    /// Which function.
    pub function: usize,
    /// Whether its return will be told.
    pub is_watched: bool,
    /// Where.
    pub activation: Activation,
}

/// Joins the calls of one process with their returns.
#[derive(Clone, Debug)]
pub struct Joiner<T> {
    held: VecDeque<Held<T>>,
    /// Number of the first that is held; they are numbered one by one.
    first: u64,
    /// Calls that have not ended, by their stack, the outermost first.
    running: HashMap<u64, Vec<Running>>,
    /// Times in which records were lost, in order.
    losses_ns: VecDeque<(u64, u64)>,
}

#[derive(Clone, Debug)]
struct Held<T> {
    call: T,
    time_ns: u64,
    ending: Option<Ending>,
}

#[derive(Clone, Copy, Debug)]
struct Running {
    number: u64,
    time_ns: u64,
    depth_bytes: u64,
    function: usize,
}

impl<T> Default for Joiner<T> {
    fn default() -> Self {
        Self {
            held: VecDeque::new(),
            first: 0,
            running: HashMap::new(),
            losses_ns: VecDeque::new(),
        }
    }
}

impl<T> Joiner<T> {
    /// Takes in a call.
    pub fn enter(&mut self, entered: Entered<T>) {
        let Entered {
            call,
            time_ns,
            function,
            is_watched,
            activation: Activation { g, depth_bytes },
        } = entered;
        while let Some(over) = self.pop(g, |it| it.depth_bytes >= depth_bytes) {
            self.end_unreturned(over, time_ns);
        }
        if is_watched {
            self.running.entry(g).or_default().push(Running {
                number: self.first + self.held.len() as u64,
                time_ns,
                depth_bytes,
                function,
            });
        }
        self.held.push_back(Held {
            call,
            time_ns,
            ending: (!is_watched).then_some(Ending::NotWatched),
        });
        if self.held.len() > MOST_HELD && self.front_is_running() {
            self.end(self.first, Ending::Running);
        }
    }

    /// Takes in a return of a function.
    pub fn leave(
        &mut self,
        function: usize,
        time_ns: u64,
        activation: Activation,
        registers: [u64; RETURNED_REGISTERS],
    ) {
        let Activation { g, depth_bytes } = activation;
        while let Some(over) = self.pop(g, |it| it.depth_bytes >= depth_bytes) {
            let is_own = over.depth_bytes == depth_bytes && over.function == function;
            if is_own && !self.lost_between(over.time_ns, time_ns) {
                self.end(over.number, Ending::Returned(registers));
            } else {
                self.end_unreturned(over, time_ns);
            }
        }
    }

    /// Takes in that records were lost in this time, before any that came in it or later.
    pub fn lose(&mut self, from_ns: u64, to_ns: u64) {
        match self.losses_ns.back_mut() {
            Some((_, last_ns)) if *last_ns >= from_ns => *last_ns = to_ns.max(*last_ns),
            _ => self.losses_ns.push_back((from_ns, to_ns)),
        }
    }

    /// Nobody was watching at this instant, or will be: what still runs ends unseen.
    pub fn stop_watching(&mut self) {
        self.running.clear();
        for held in &mut self.held {
            held.ending.get_or_insert(Ending::Unseen);
        }
    }

    /// Gives up on those that have been held back for too long.
    pub fn give_up(&mut self, now_ns: u64) {
        let since_ns = now_ns.saturating_sub(LONGEST_HELD_NS);
        let old = self.held.iter_mut();
        for held in old.take_while(|held| held.time_ns < since_ns) {
            held.ending.get_or_insert(Ending::Running);
        }
        self.running.retain(|_, stack| {
            stack.retain(|it| it.time_ns >= since_ns);
            !stack.is_empty()
        });
        while let Some((_, to_ns)) = self.losses_ns.front()
            && *to_ns < since_ns
        {
            self.losses_ns.pop_front();
        }
    }

    /// The next call, if it is known how it ended.
    pub fn next_ended(&mut self) -> Option<(T, Ending)> {
        let ending = self.held.front()?.ending?;
        let held = self.held.pop_front()?;
        self.first += 1;
        Some((held.call, ending))
    }

    /// Whether none is held back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    fn front_is_running(&self) -> bool {
        self.held.front().is_some_and(|held| held.ending.is_none())
    }

    /// Takes the innermost call off a stack, if it is one that is meant.
    fn pop(&mut self, g: u64, is_meant: impl FnOnce(&Running) -> bool) -> Option<Running> {
        let stack = self.running.get_mut(&g)?;
        let innermost = stack.pop_if(|it| is_meant(it))?;
        if stack.is_empty() {
            self.running.remove(&g);
        }
        Some(innermost)
    }

    fn end_unreturned(&mut self, over: Running, time_ns: u64) {
        let ending = if self.lost_between(over.time_ns, time_ns) {
            Ending::Unseen
        } else {
            Ending::Left
        };
        self.end(over.number, ending);
    }

    fn end(&mut self, number: u64, ending: Ending) {
        let index = number
            .checked_sub(self.first)
            .and_then(|index| usize::try_from(index).ok());
        if let Some(held) = index.and_then(|index| self.held.get_mut(index)) {
            held.ending.get_or_insert(ending);
        }
    }

    fn lost_between(&self, from_ns: u64, to_ns: u64) -> bool {
        let mut losses = self.losses_ns.iter().rev();
        losses.any(|&(lost_from_ns, lost_to_ns)| lost_from_ns <= to_ns && from_ns <= lost_to_ns)
    }
}

#[cfg(test)]
#[path = "join_tests.rs"]
mod tests;
