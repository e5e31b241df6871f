//! What a window says of the time around it: how much a target allocates in a time
//! that it has to itself.

use std::collections::HashMap;

use tracer_ebpf::wire::{CountKey, flags};

use crate::collect::{Cpu, CpuCounts};

/// Part of a window that was the target's own at least: what hits cost is not known
/// better than that.
const LEAST_OWN: f64 = 0.1;

/// Part of what a hit costs that is sure to hold its CPU up.
const SURE: f64 = 0.9;

/// A window of tracing.
#[derive(Clone, Debug, Default)]
pub struct Window {
    /// What was counted in it.
    pub counts: CpuCounts,
    /// How long hits counted, nanoseconds.
    pub open_ns: f64,
    /// What a hit cost its CPU, nanoseconds.
    pub hit_ns: f64,
}

/// How often a key is counted in a nanosecond in which nothing is traced.
pub type Rates = HashMap<CountKey, f64>;

impl Window {
    /// What was counted on a CPU was counted in the time that was left of it: the
    /// thread that allocates most is the one that tracing holds up most, while others
    /// go on.
    #[must_use]
    pub fn rates(&self) -> Rates {
        let own_ns = self.own_ns();
        let mut rates = Rates::new();
        for ((key, cpu), count) in &self.counts {
            let own_ns = own_ns.get(cpu).copied().unwrap_or(self.open_ns);
            *rates.entry(*key).or_default() += *count as f64 / own_ns.max(1.0);
        }
        rates
    }

    /// How long the target had each CPU to itself, nanoseconds.
    fn own_ns(&self) -> HashMap<Cpu, f64> {
        let mut hits: HashMap<Cpu, u64> = HashMap::new();
        for ((key, cpu), count) in &self.counts {
            // A used-up span is one hit for many objects, and rare.
            if key.flags & flags::SPAN == 0 {
                *hits.entry(*cpu).or_default() += count;
            }
        }
        let own_ns = |hits: u64| {
            let held_up_ns = hits as f64 * SURE * self.hit_ns;
            (self.open_ns - held_up_ns).max(LEAST_OWN * self.open_ns)
        };
        hits.into_iter()
            .map(|(cpu, hits)| (cpu, own_ns(hits)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(size_bytes: u64, flags: u16) -> CountKey {
        CountKey {
            size_bytes,
            flags,
            ..CountKey::default()
        }
    }

    fn window(counts: &[(CountKey, Cpu, u64)]) -> Window {
        let counts = counts.iter().map(|(key, cpu, n)| ((*key, *cpu), *n));
        Window {
            counts: counts.collect(),
            open_ns: 1_000.0,
            hit_ns: 2.0,
        }
    }

    #[test]
    fn hits_are_no_time_of_the_target() {
        let (busy, calm) = (key(8, 0), key(16, 0));
        let window = window(&[
            (busy, Some(0), 300),
            (busy, Some(1), 10),
            (calm, Some(1), 90),
        ]);
        let rates = window.rates();
        // 540 ns of the one CPU went to hits, 180 ns of the other.
        assert_eq!(rates[&busy], 300.0 / 460.0 + 10.0 / 820.0);
        assert_eq!(rates[&calm], 90.0 / 820.0);
    }

    #[test]
    fn a_little_is_left_of_every_window() {
        let key = key(8, 0);
        let rates = window(&[(key, None, 700)]).rates();
        assert_eq!(rates[&key], 700.0 / 100.0);
    }

    #[test]
    fn a_span_is_one_hit() {
        let key = key(8, flags::SPAN);
        let rates = window(&[(key, Some(0), 500)]).rates();
        assert_eq!(rates[&key], 0.5);
    }
}
