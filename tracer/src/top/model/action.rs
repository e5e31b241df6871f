//! What a user can do.

/// One thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// Ten rows up.
    PageUp,
    /// Ten rows down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// The next table.
    NextTable,
    /// The table before.
    PreviousTable,
    /// The table of this number, from 0.
    Table(usize),
    /// Sort by the column to the left.
    SortLeft,
    /// Sort by the column to the right.
    SortRight,
    /// Turn the order around.
    Reverse,
    /// Begin to type a filter.
    Filter,
    /// A character of the filter.
    Type(char),
    /// Take the last character of the filter away.
    Erase,
    /// Open the call tree of the row; keep the filter that was typed.
    Open,
    /// Back to the table; in the table, away with the filter.
    Back,
    /// Open the sizes of the row.
    Sizes,
    /// Freeze the view, or let it go on.
    Pause,
    /// Save the recording so far.
    Save,
    /// Write the flame graph so far.
    FlameGraph,
    /// Open the help, or close it.
    Help,
    /// Leave the terminal to the shell for a while.
    Suspend,
    /// End.
    Quit,
}

/// What an action asks of the program around the model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Save [`State::newest`](super::State::newest).
    Save,
    /// Write its flame graph.
    FlameGraph,
    /// Stop until the shell continues it.
    Suspend,
    /// End.
    Quit,
}
