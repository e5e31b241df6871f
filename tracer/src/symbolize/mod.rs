//! From program counters to frames, and from raw counts to a profile.
