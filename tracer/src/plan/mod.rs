//! The plan: which instructions carry a probe, and what each means.
