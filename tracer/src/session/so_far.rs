//! A recording as it stands, handed over while it goes on.

use std::time::Duration;

use super::engine::{Finished, Parts, Run};
use super::prepare::Error;
use super::windows::Open;
use crate::attach;
use crate::budget::own_cpu_ns;
use crate::collect::{Counts, Pieces, regardless_of_cpu};
use crate::estimate::Gap;
use tracer_ebpf::wire::gate;

/// A tracing as it stands.
pub(super) struct SoFar {
    pub finished: Finished,
    /// CPU time that putting it together took.
    pub cost: Duration,
}

impl Run {
    /// Hands over what there is so far if that was asked for. A window that is open is
    /// counted as if it ended now: only one whose end is not settled can be.
    pub(super) fn answer(&mut self, window: Option<&Open>) -> Result<(), Error> {
        if !std::mem::take(&mut self.is_asked) {
            return Ok(());
        }
        let own_before_ns = own_cpu_ns();
        let hits = self.look()?.1.hits;
        let end = self.read_counters();
        let unread = self.unread();
        let recorded = self.started.elapsed();
        let (counts, kept) = self.engine.collector.look()?;
        let mut all = self.all.clone();
        let mut traced = self.traced;
        let mut behind = Gap::default();
        // What is on all the time counts by itself.
        let (kept, exact) = match self.always {
            Some(_) => (Counts::new(), kept),
            None => (kept, Counts::new()),
        };
        if let Some(window) = window {
            let taken = self.engine.loaded.gates().taken(gate::WINDOW);
            let open_ns = window.open_ns(attach::now_ns(), taken - window.taken);
            self.seen(window, (counts, kept), open_ns, end.as_ref())
                .add_to(&mut all);
            traced += Duration::from_nanos(open_ns);
        } else {
            all.add_exact(regardless_of_cpu(&counts));
            all.add_exact(kept);
            behind = self.gap_behind(end.as_ref());
        }
        all.add_exact(exact);
        let parts = Parts {
            windows: all.windows(),
            accumulated: all.finish(behind),
            news: self.engine.collector.news()?,
            // What hits now may be on its way into a table.
            hits: std::mem::replace(&mut self.handed_over_hits, hits),
            end,
            unread,
            recorded,
            traced,
            large_is_exact: self.always.is_some(),
            pieces: Pieces::default(),
        };
        let so_far = SoFar {
            finished: self.put_together(parts),
            cost: Duration::from_nanos(own_cpu_ns() - own_before_ns),
        };
        if let Some(sender) = &self.engine.so_far {
            // Nobody may want it any more.
            let _ = sender.send(so_far);
        }
        Ok(())
    }
}
