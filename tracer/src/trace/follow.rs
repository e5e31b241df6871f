//! Records become events, each with how the call ended.

use super::event::Event;
use super::join::{Entered, Joiner};
use super::resolve::Resolver;
use super::select::Selection;
use crate::collect::{Call, CallRecord, Return};

/// Follows the calls of one process from their records to their end.
pub struct Follower<'a> {
    resolver: Resolver<'a>,
    selection: &'a Selection,
    /// By function, whether its returns are told.
    is_watched: Vec<bool>,
    joiner: Joiner<(usize, Event)>,
}

impl<'a> Follower<'a> {
    /// For the functions of a selection.
    #[must_use]
    pub fn new(resolver: Resolver<'a>, selection: &'a Selection) -> Self {
        let mut is_watched = vec![false; selection.functions.len()];
        for point in &selection.returns {
            if let Some(it) = is_watched.get_mut(point.function) {
                *it = true;
            }
        }
        Self {
            resolver,
            selection,
            is_watched,
            joiner: Joiner::default(),
        }
    }

    /// Takes in records, and when others were lost: any lost before these has to be told
    /// by now.
    pub fn take(&mut self, records: &[CallRecord], lost_ns: Option<(u64, u64)>) {
        if let Some((from_ns, to_ns)) = lost_ns {
            self.joiner.lose(from_ns, to_ns);
        }
        let mut last_ns = 0;
        for record in records {
            last_ns = match record {
                CallRecord::Call(call) => self.enter(call),
                CallRecord::Return(it) => self.leave(it),
            };
        }
        // By the time of the records: it may have taken a while to get to them.
        self.joiner.give_up(last_ns);
    }

    fn enter(&mut self, call: &Call) -> u64 {
        let function = usize::from(call.probe);
        if let Some(event) = self.resolver.resolve(call) {
            self.joiner.enter(Entered {
                call: (function, event),
                time_ns: call.time_ns,
                function,
                is_watched: self.is_watched.get(function).is_some_and(|it| *it),
                activation: call.activation,
            });
        }
        call.time_ns
    }

    fn leave(&mut self, it: &Return) -> u64 {
        if let Some(function) = self.selection.returning(it.probe) {
            let (time_ns, registers) = (it.time_ns, it.registers);
            self.joiner
                .leave(function, time_ns, it.activation, registers);
        }
        it.time_ns
    }

    /// Nobody was watching at this instant, or will be.
    pub fn stop_watching(&mut self) {
        self.joiner.stop_watching();
    }

    /// Gives up on calls that have been held back for too long, as no record comes.
    pub fn give_up(&mut self, now_ns: u64) {
        self.joiner.give_up(now_ns);
    }

    /// The next call, in the order of the calls, if it is known how it ended.
    pub fn next_event(&mut self) -> Option<Event> {
        let ((function, event), ending) = self.joiner.next_ended()?;
        Some(Event {
            outcome: self.resolver.outcome(function, ending),
            ..event
        })
    }

    /// Whether no call is held back.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.joiner.is_empty()
    }
}
