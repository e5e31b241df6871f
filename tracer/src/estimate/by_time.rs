//! What was allocated untraced where the runtime's counters cannot be read: by the
//! CPU time the target had to itself.

/// No allocation takes less of the target's own time, nanoseconds: the shortest way
/// through `mallocgc` is some 40 instructions long.
const LEAST_PER_OBJECT_NS: f64 = 10.0;

/// Part of a window that was the target's own at least. What hits cost is known
/// to about that.
const LEAST_OWN: f64 = 0.02;

/// Objects by the CPU time of the windows so far.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByTime {
    objects: f64,
    own_ns: f64,
}

impl ByTime {
    /// Takes a window in: how many objects were counted in `cpu_ns`, `hits_ns` of
    /// which went to counting them.
    pub fn add_window(&mut self, objects: u64, cpu_ns: f64, hits_ns: f64) {
        let objects = objects as f64;
        let least_ns = (LEAST_OWN * cpu_ns).max(LEAST_PER_OBJECT_NS * objects);
        self.objects += objects;
        self.own_ns += (cpu_ns - hits_ns).max(least_ns);
    }

    /// Objects allocated in so much CPU time. One rate serves for the whole
    /// recording: a single window may hold next to none of either.
    #[must_use]
    pub fn objects_in(&self, cpu_ns: f64) -> f64 {
        if self.own_ns <= 0.0 {
            return 0.0;
        }
        self.objects / self.own_ns * cpu_ns
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_hits_is_not_the_targets() {
        let mut by_time = ByTime::default();
        assert_eq!(by_time.objects_in(1e9), 0.0);
        by_time.add_window(1000, 1_000_000.0, 900_000.0);
        assert_eq!(by_time.objects_in(1_000_000.0), 10_000.0);
    }

    #[test]
    fn an_idle_window_does_not_stand_for_a_busy_one() {
        let mut by_time = ByTime::default();
        // Less time than the clock shows, or than the hits are thought to take.
        by_time.add_window(3, 0.0, 2500.0);
        assert!(by_time.objects_in(1e9) <= 1e8);
        by_time.add_window(5000, 5_000_000.0, 4_500_000.0);
        let objects = by_time.objects_in(1e9);
        assert!((0.99e7..1.01e7).contains(&objects), "{objects}");
    }
}
