//! What a view draws of the state.

use std::time::Duration;

use super::{Column, History, Message, Options, Page, Row, State, trouble};
use crate::profile::Values;
use crate::report::By;
use crate::session::Snapshot;

impl State {
    /// How it began.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// What the table's rows are made of.
    #[must_use]
    pub fn by(&self) -> By {
        self.by
    }

    /// What they are sorted by, and whether the other way round.
    #[must_use]
    pub fn sort(&self) -> (Column, bool) {
        (self.sort, self.is_reversed)
    }

    /// What rows have to contain, and whether that is being typed.
    #[must_use]
    pub fn filter(&self) -> (&str, bool) {
        (&self.filter, self.is_typing)
    }

    /// The rows, in order.
    #[must_use]
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Index of the selected row.
    #[must_use]
    pub fn selected(&self) -> usize {
        self.selected
    }

    pub(super) fn selected_row(&self) -> Option<&Row> {
        self.rows.get(self.selected)
    }

    /// What fills the screen.
    #[must_use]
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// The row that a tree or sizes are of.
    #[must_use]
    pub fn opened(&self) -> &str {
        &self.opened
    }

    /// The line at the top of a tree, or of the help.
    #[must_use]
    pub fn scrolled(&self) -> usize {
        self.scrolled
    }

    /// What the user was told last.
    #[must_use]
    pub fn message(&self) -> Option<&Message> {
        self.message.as_ref()
    }

    /// How often it really is refreshed.
    #[must_use]
    pub fn pace(&self) -> Duration {
        self.pace
    }

    /// How much of a core goalloc itself takes, 1 for all of it.
    #[must_use]
    pub fn own_cpu(&self) -> Option<f64> {
        self.own_cpu
    }

    /// Whether the view is frozen.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.frozen.is_some()
    }

    /// The snapshot that is shown; `None` before the first.
    #[must_use]
    pub fn shown(&self) -> Option<&Snapshot> {
        match &self.frozen {
            Some((pair, _)) => Some(&*pair.now),
            None => self.newest(),
        }
    }

    /// The newest snapshot, shown or not.
    #[must_use]
    pub fn newest(&self) -> Option<&Snapshot> {
        self.recent.newest().map(|newest| &**newest)
    }

    /// What was allocated a second in the last minutes.
    #[must_use]
    pub fn history(&self) -> &History {
        match &self.frozen {
            Some((_, history)) => history,
            None => &self.recent.history,
        }
    }

    /// Everything, since the recording began.
    #[must_use]
    pub fn totals(&self) -> Values {
        self.shown()
            .map(|shown| shown.profile.recorded())
            .unwrap_or_default()
    }

    /// Bytes and objects a second, over the last ten seconds.
    #[must_use]
    pub fn rates(&self) -> (f64, f64) {
        let pair = self.pair();
        let now = pair.now.profile.recorded();
        let before = pair
            .profile_before()
            .map(|it| it.recorded())
            .unwrap_or_default();
        (
            pair.per_second(now.bytes, before.bytes),
            pair.per_second(now.objects, before.objects),
        )
    }

    /// What is wrong, worst first, each with what to do about it.
    #[must_use]
    pub fn troubles(&self) -> Vec<String> {
        let mut troubles = self
            .newest()
            .map(|newest| trouble::troubles(newest, self.options.max_overhead))
            .unwrap_or_default();
        if self.pace > self.options.interval {
            troubles.push(format!(
                "refreshed every {:.1} s only: more often would take over 1 % of a core",
                self.pace.as_secs_f64()
            ));
        }
        troubles
    }
}
