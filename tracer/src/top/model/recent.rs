//! The newest snapshots, and rates over time.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::profile::{Profile, Values};
use crate::session::Snapshot;

/// Time that rates are averaged over, nanoseconds.
pub const RATE_WINDOW_NS: u64 = 10_000_000_000;
/// Time that the history shows, nanoseconds.
pub const HISTORY_NS: u64 = 120_000_000_000;
/// Snapshots closer together than this part of the window are not kept apart.
const KEPT_PARTS: u64 = 5;

/// Two snapshots, and so all that happened between them.
#[derive(Clone, Debug, Default)]
pub struct Pair {
    /// The newer one.
    pub now: Arc<Snapshot>,
    /// The older one; the beginning of the recording if there is none.
    pub before: Option<Arc<Snapshot>>,
}

impl Pair {
    /// The older profile; an empty one at the beginning.
    pub fn profile_before(&self) -> Option<&Profile> {
        self.before.as_ref().map(|before| &before.profile)
    }

    /// Time between them, seconds.
    pub fn seconds(&self) -> f64 {
        let before_ns = self
            .before
            .as_ref()
            .map_or(0, |before| before.profile.duration_ns);
        seconds(self.now.profile.duration_ns.saturating_sub(before_ns))
    }

    /// What came a second. What is estimated anew may have become less: that is none.
    pub fn per_second(&self, now: u64, before: u64) -> f64 {
        per_second(now, before, self.seconds())
    }
}

/// What came a second.
fn per_second(now: u64, before: u64, seconds: f64) -> f64 {
    if seconds > 0.0 {
        now.saturating_sub(before) as f64 / seconds
    } else {
        0.0
    }
}

fn seconds(ns: u64) -> f64 {
    ns as f64 / 1e9
}

/// What was allocated a second between two looks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    from_ns: u64,
    until_ns: u64,
    bytes_per_s: f64,
    objects_per_s: f64,
}

/// What was allocated a second in the last minutes.
#[derive(Clone, Debug, Default)]
pub struct History {
    points: VecDeque<Point>,
}

impl History {
    fn push(&mut self, now_ns: u64, now: Values, before_ns: u64, before: Values) {
        let length = seconds(now_ns.saturating_sub(before_ns));
        if length <= 0.0 {
            return;
        }
        self.points.push_back(Point {
            from_ns: before_ns,
            until_ns: now_ns,
            bytes_per_s: per_second(now.bytes, before.bytes, length),
            objects_per_s: per_second(now.objects, before.objects, length),
        });
        let oldest_ns = now_ns.saturating_sub(HISTORY_NS);
        while self
            .points
            .front()
            .is_some_and(|point| point.until_ns <= oldest_ns)
        {
            self.points.pop_front();
        }
    }

    /// Bytes a second in each of `count` equal parts of the last two minutes, oldest
    /// first; `None` before the recording began.
    #[must_use]
    pub fn bytes(&self, count: usize) -> Vec<Option<f64>> {
        self.parts(count, |point| point.bytes_per_s)
    }

    /// Objects a second, likewise.
    #[must_use]
    pub fn objects(&self, count: usize) -> Vec<Option<f64>> {
        self.parts(count, |point| point.objects_per_s)
    }

    fn parts(&self, count: usize, of: impl Fn(&Point) -> f64) -> Vec<Option<f64>> {
        let end_ns = self
            .points
            .back()
            .map_or(0.0, |point| point.until_ns as f64);
        let part_ns = HISTORY_NS as f64 / count.max(1) as f64;
        let mut points = self.points.iter().peekable();
        (0..count)
            .map(|part| {
                let until = end_ns - (count - 1 - part) as f64 * part_ns;
                let from = until - part_ns;
                let (mut sum, mut covered) = (0.0, 0.0);
                while let Some(point) = points.peek() {
                    let shared =
                        (point.until_ns as f64).min(until) - (point.from_ns as f64).max(from);
                    if shared > 0.0 {
                        sum += of(point) * shared;
                        covered += shared;
                    }
                    if point.until_ns as f64 > until {
                        break;
                    }
                    points.next();
                }
                (covered > 0.0).then(|| sum / covered)
            })
            .collect()
    }
}

/// The newest snapshots.
#[derive(Clone, Debug, Default)]
pub struct Recent {
    /// Oldest first.
    kept: VecDeque<Arc<Snapshot>>,
    newest_totals: Values,
    pub history: History,
}

impl Recent {
    /// Takes in a snapshot.
    pub fn push(&mut self, snapshot: Arc<Snapshot>) {
        let at_ns = |snapshot: &Snapshot| snapshot.profile.duration_ns;
        let now_ns = at_ns(&snapshot);
        let before_ns = self.kept.back().map_or(0, |before| at_ns(before));
        let totals = snapshot.profile.recorded();
        self.history
            .push(now_ns, totals, before_ns, self.newest_totals);
        self.newest_totals = totals;
        // The one before stays if it is far enough from those around it.
        if let [.., earlier, before] = self.kept.make_contiguous()
            && at_ns(before) - at_ns(earlier) < RATE_WINDOW_NS / KEPT_PARTS
        {
            self.kept.pop_back();
        }
        self.kept.push_back(snapshot);
        while self
            .kept
            .get(1)
            .is_some_and(|next| at_ns(next) + RATE_WINDOW_NS <= now_ns)
        {
            self.kept.pop_front();
        }
    }

    /// The newest snapshot.
    pub fn newest(&self) -> Option<&Arc<Snapshot>> {
        self.kept.back()
    }

    /// The newest snapshot, and one of about ten seconds before.
    pub fn pair(&self) -> Pair {
        let Some(now) = self.newest() else {
            return Pair::default();
        };
        let oldest = self.kept.front().filter(|_| self.kept.len() > 1);
        // In the first ten seconds rates are since the beginning.
        let is_whole = |before: &&Arc<Snapshot>| {
            before.profile.duration_ns + RATE_WINDOW_NS <= now.profile.duration_ns
        };
        Pair {
            before: oldest.filter(is_whole).map(Arc::clone),
            now: Arc::clone(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Sample;

    fn snapshot(seconds: u64, bytes: u64) -> Arc<Snapshot> {
        let mut snapshot = Snapshot::default();
        snapshot.profile.duration_ns = seconds * 1_000_000_000;
        snapshot.profile.samples = vec![Sample {
            values: Values {
                objects: bytes / 8,
                bytes,
                ..Values::default()
            },
            ..Sample::default()
        }];
        Arc::new(snapshot)
    }

    #[test]
    fn rates_are_over_ten_seconds_or_a_little_more() {
        let mut recent = Recent::default();
        for second in 1..=60 {
            recent.push(snapshot(second, second * 1000));
            let pair = recent.pair();
            let length = pair.seconds();
            let expected = if second < 11 {
                second as f64..=second as f64
            } else {
                10.0..=13.0
            };
            assert!(expected.contains(&length), "{second}: {length}");
            assert!(recent.kept.len() <= 8, "{second}: {}", recent.kept.len());
        }
    }

    #[test]
    fn slow_refreshes_make_rates_over_one_of_them() {
        let mut recent = Recent::default();
        for second in [30, 60, 90] {
            recent.push(snapshot(second, second * 1000));
        }
        let pair = recent.pair();
        assert!((pair.seconds() - 30.0).abs() < 1e-9);
        assert!((pair.per_second(90_000, 60_000) - 1000.0).abs() < 1e-9);
    }

    #[test]
    fn what_became_less_by_a_new_estimate_is_no_rate() {
        let mut recent = Recent::default();
        recent.push(snapshot(1, 5_000));
        recent.push(snapshot(2, 4_000));
        assert_eq!(recent.pair().per_second(4_000, 5_000), 0.0);
        assert_eq!(recent.history.bytes(120).last(), Some(&Some(0.0)));
    }

    #[test]
    fn the_history_ends_now_and_begins_with_the_recording() {
        let mut recent = Recent::default();
        for second in 1..=4 {
            recent.push(snapshot(second, second * second * 800));
        }
        let bytes = recent.history.bytes(120);
        assert_eq!(bytes[..116], [None; 116]);
        let expected = [800.0, 2400.0, 4000.0, 5600.0];
        for (part, expected) in bytes[116..].iter().zip(expected) {
            assert!((part.unwrap() - expected).abs() < 1e-6, "{bytes:?}");
        }
        // One part is the average over all of them.
        let objects = recent.history.objects(1);
        assert!((objects[0].unwrap() - 400.0).abs() < 1e-6, "{objects:?}");
    }

    #[test]
    fn the_history_forgets() {
        let mut recent = Recent::default();
        for second in 1..=500 {
            recent.push(snapshot(second, second));
        }
        assert_eq!(recent.history.points.len(), 120);
        assert!(recent.history.bytes(60).iter().all(Option::is_some));
    }
}
