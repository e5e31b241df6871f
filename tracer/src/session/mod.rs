//! A recording from start to end: the one place that drives the stages.
