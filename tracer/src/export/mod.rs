//! Flame graphs and other formats made from a profile.
