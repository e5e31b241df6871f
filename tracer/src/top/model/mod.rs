//! What is shown, as plain values: the state of the view and how it changes.

mod action;
mod column;
mod recent;
mod rows;
mod shown;
#[cfg(test)]
mod tests;
mod tree;
mod trouble;

use std::sync::Arc;
use std::time::Duration;

pub use action::{Action, Request};
pub use column::Column;
pub use recent::{HISTORY_NS, History, RATE_WINDOW_NS};
use recent::{Pair, Recent};
pub use rows::Row;
pub use tree::TreeLine;

use crate::budget::MaxOverhead;
use crate::profile::SizeHistogram;
use crate::report::By;
use crate::session::Snapshot;

/// Rows that a page key goes.
const PAGE: isize = 10;
/// Longest filter.
const MOST_FILTER: usize = 200;

/// How a view begins, and what it is told of its recording.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// The first table.
    pub by: By,
    /// What it is sorted by.
    pub sort: Column,
    /// How often it is to be refreshed.
    pub interval: Duration,
    /// What tracing may cost.
    pub max_overhead: MaxOverhead,
}

/// What fills the screen.
#[derive(Clone, Debug)]
pub enum Page {
    /// Rows of all sites, functions and so on.
    Table,
    /// The call tree of a row.
    Tree(Vec<TreeLine>),
    /// The sizes of a row's objects.
    Sizes(Box<SizeHistogram>),
    /// What keys and columns mean.
    Help,
}

/// What the user was told last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// It is done.
    Done(String),
    /// It failed.
    Failed(String),
}

/// The state of the view.
#[derive(Clone, Debug)]
pub struct State {
    options: Options,
    by: By,
    sort: Column,
    is_reversed: bool,
    filter: String,
    is_typing: bool,
    recent: Recent,
    /// What is shown while the view is frozen.
    frozen: Option<(Pair, History)>,
    rows: Vec<Row>,
    selected: usize,
    /// The row that stays selected wherever it goes, once one was chosen.
    chosen: Option<String>,
    page: Page,
    /// The row that a tree or sizes are of.
    opened: String,
    /// The line at the top of a tree, or of the help.
    scrolled: usize,
    message: Option<Message>,
    /// How often it really is refreshed.
    pace: Duration,
    own_cpu: Option<f64>,
}

impl State {
    /// The tables, in their order.
    pub const TABLES: [By; 5] = [By::Site, By::Function, By::Type, By::Cause, By::Package];

    /// Before the first snapshot.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            options,
            by: options.by,
            sort: options.sort,
            is_reversed: false,
            filter: String::new(),
            is_typing: false,
            recent: Recent::default(),
            frozen: None,
            rows: Vec::new(),
            selected: 0,
            chosen: None,
            page: Page::Table,
            opened: String::new(),
            scrolled: 0,
            message: None,
            pace: options.interval,
            own_cpu: None,
        }
    }

    /// Takes in the recording as it stands.
    pub fn take_in(&mut self, snapshot: Snapshot) {
        self.recent.push(Arc::new(snapshot));
        if self.frozen.is_none() {
            self.refresh();
        }
    }

    /// Takes in how often it is really refreshed.
    pub fn set_pace(&mut self, pace: Duration) {
        self.pace = pace;
    }

    /// Takes in how much of a core goalloc itself takes, 1 for all of it.
    pub fn set_own_cpu(&mut self, share: f64) {
        self.own_cpu = Some(share);
    }

    /// Tells the user something, until the next key.
    pub fn say(&mut self, message: Message) {
        self.message = Some(message);
    }

    /// Does what the user wants; what is not the model's to do is asked for.
    pub fn act(&mut self, action: Action) -> Option<Request> {
        self.message = None;
        if self.is_typing {
            self.type_filter(action);
            return match action {
                Action::Quit => Some(Request::Quit),
                Action::Suspend => Some(Request::Suspend),
                _ => None,
            };
        }
        match action {
            Action::Up => self.go(-1),
            Action::Down => self.go(1),
            Action::PageUp => self.go(-PAGE),
            Action::PageDown => self.go(PAGE),
            Action::First => self.go(isize::MIN),
            Action::Last => self.go(isize::MAX),
            Action::NextTable => self.show_table(self.table() + 1),
            Action::PreviousTable => self.show_table(self.table() + Self::TABLES.len() - 1),
            Action::Table(index) => self.show_table(index),
            Action::SortLeft => self.sort_by(self.sort.left()),
            Action::SortRight => self.sort_by(self.sort.right()),
            Action::Reverse => {
                self.is_reversed = !self.is_reversed;
                self.refresh();
            }
            Action::Filter => {
                self.page = Page::Table;
                self.is_typing = true;
            }
            Action::Open => self.open(Page::Tree(Vec::new())),
            Action::Sizes => self.open(Page::Sizes(Box::default())),
            Action::Back => self.back(),
            Action::Pause => self.pause(),
            Action::Help => {
                self.scrolled = 0;
                self.page = match self.page {
                    Page::Help => Page::Table,
                    _ => Page::Help,
                };
            }
            Action::Type(_) | Action::Erase => {}
            Action::Save => return Some(Request::Save),
            Action::FlameGraph => return Some(Request::FlameGraph),
            Action::Suspend => return Some(Request::Suspend),
            Action::Quit => return Some(Request::Quit),
        }
        None
    }

    fn type_filter(&mut self, action: Action) {
        match action {
            Action::Type(character) if self.filter.len() < MOST_FILTER => {
                self.filter.push(character);
            }
            Action::Erase => {
                self.filter.pop();
            }
            Action::Open => self.is_typing = false,
            Action::Back => {
                self.is_typing = false;
                self.filter.clear();
            }
            _ => return,
        }
        self.refresh();
    }

    fn go(&mut self, by: isize) {
        match &self.page {
            Page::Table => {
                let last = self.rows.len().saturating_sub(1);
                self.selected = self.selected.saturating_add_signed(by).min(last);
                self.chosen = self.selected_row().map(|row| row.key.clone());
            }
            Page::Tree(lines) => {
                let last = lines.len().saturating_sub(1);
                self.scrolled = self.scrolled.saturating_add_signed(by).min(last);
            }
            Page::Help => self.scrolled = self.scrolled.saturating_add_signed(by).min(100),
            Page::Sizes(_) => {}
        }
    }

    fn table(&self) -> usize {
        let at = Self::TABLES.iter().position(|by| *by == self.by);
        at.unwrap_or(0)
    }

    fn show_table(&mut self, index: usize) {
        self.by = Self::TABLES[index % Self::TABLES.len()];
        self.page = Page::Table;
        self.selected = 0;
        self.chosen = None;
        self.refresh();
    }

    fn sort_by(&mut self, column: Column) {
        self.sort = column;
        self.refresh();
    }

    fn open(&mut self, page: Page) {
        match self.page {
            Page::Help => return,
            Page::Table => match self.selected_row() {
                Some(row) => self.opened = row.key.clone(),
                None => return,
            },
            Page::Tree(_) | Page::Sizes(_) => {}
        }
        self.page = page;
        self.scrolled = 0;
        self.refresh();
    }

    fn back(&mut self) {
        if matches!(self.page, Page::Table) {
            self.filter.clear();
        }
        self.page = Page::Table;
        self.refresh();
    }

    fn pause(&mut self) {
        self.frozen = match self.frozen {
            Some(_) => None,
            None => Some((self.recent.pair(), self.recent.history.clone())),
        };
        self.refresh();
    }

    /// Makes everything shown anew.
    fn refresh(&mut self) {
        let pair = self.pair();
        self.rows = rows::rows(&pair, self.by, &self.filter, self.sort, self.is_reversed);
        let chosen = self.chosen.as_ref();
        let found = chosen.and_then(|key| self.rows.iter().position(|row| row.key == *key));
        let last = self.rows.len().saturating_sub(1);
        self.selected = found.unwrap_or(self.selected).min(last);
        match &mut self.page {
            Page::Tree(lines) => {
                *lines = tree::tree(&pair, self.by, &self.opened);
                self.scrolled = self.scrolled.min(lines.len().saturating_sub(1));
            }
            Page::Sizes(sizes) => {
                let samples = rows::samples_of(&pair.now.profile, self.by, &self.opened);
                **sizes = SizeHistogram::of(samples);
            }
            Page::Table | Page::Help => {}
        }
    }

    fn pair(&self) -> Pair {
        match &self.frozen {
            Some((pair, _)) => pair.clone(),
            None => self.recent.pair(),
        }
    }
}
