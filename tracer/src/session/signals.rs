//! The signals that end what goalloc is about, rather than goalloc.

use tokio::signal::unix::{Signal, SignalKind, signal};

/// They, caught.
pub(super) struct Signals {
    pub interrupt: Signal,
    pub terminate: Signal,
    pub hang_up: Signal,
}

impl Signals {
    /// From here on they no longer end the process.
    pub fn catch() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }
}
