//! Strata and parts, in a field of the file that other tools pass over.

use prost::Message;

use super::super::{Draw, LeftOut, Part, Profile, Sample, Stratum, WINDOW_GROUPS};
use super::limits::MAX_MESSAGES;
use super::proto;
use super::stored::Stored;

/// Version of [`proto::Sampling`].
const VERSION: u32 = 1;

/// Most bytes of it that are read; a part takes four at least and ten times as
/// many in memory. Room for twenty million draws.
const MAX_BYTES: usize = 128 << 20;

/// What the samples of `profile`, in the file as `stored`, are estimated from; empty
/// when the profile does not say.
pub(super) fn encode(profile: &Profile, stored: &Stored) -> Vec<u8> {
    if profile.strata.is_empty() {
        return Vec::new();
    }
    let mut sampling = proto::Sampling {
        version: VERSION,
        values_crc32: stored.values_crc32(),
        untraced: profile.strata.iter().map(|s| s.untraced).collect(),
        known: profile.strata.iter().map(|s| s.known).collect(),
        ..proto::Sampling::default()
    };
    let mut previous = 0;
    let shown = profile.samples.iter().map(|sample| &sample.parts);
    let left_out = profile.left_out.iter().map(|left_out| &left_out.parts);
    for (index, parts) in shown.chain(left_out).enumerate() {
        for part in parts {
            // Stored samples are fewer than 2^32: MAX_MESSAGES.
            sampling.sample_delta.push((index - previous) as u32);
            previous = index;
            sampling.stratum.push(u32::from(part.stratum));
            sampling.counted.push(part.counted);
            sampling.draws.push(part.draws.len() as u32);
            sampling.group.extend(part.draws.iter().map(|d| d.group));
            sampling
                .objects
                .extend(part.draws.iter().map(|d| d.objects));
        }
    }
    sampling.encode_to_vec()
}

/// Strata, and parts by index of their sample, ascending; those of what a view left out
/// have the index behind the last.
pub(super) struct Sampling {
    strata: Vec<Stratum>,
    parts: Vec<(usize, Part)>,
}

impl Sampling {
    /// Gives each of `samples` its parts, what was left out those behind, and the caller
    /// the strata.
    pub(super) fn give_to(
        self,
        samples: &mut [Sample],
        mut left_out: Option<&mut LeftOut>,
    ) -> Vec<Stratum> {
        for (index, part) in self.parts {
            match (samples.get_mut(index), &mut left_out) {
                (Some(sample), _) => sample.parts.push(part),
                (None, Some(left_out)) => left_out.parts.push(part),
                (None, None) => {}
            }
        }
        self.strata
    }
}

/// What the samples in a file are estimated from. `None` when the file does not say, when
/// it is not about these samples, and when anything about it is wrong.
pub(super) fn decode(bytes: &[u8], stored: &Stored) -> Option<Sampling> {
    if bytes.is_empty() || bytes.len() > MAX_BYTES {
        return None;
    }
    let message = proto::Sampling::decode(bytes).ok()?;
    if message.version != VERSION || message.values_crc32 != stored.values_crc32() {
        return None;
    }
    let strata = strata(&message)?;
    let parts = parts(&message, stored.samples(), strata.len())?;
    Some(Sampling { strata, parts })
}

fn strata(message: &proto::Sampling) -> Option<Vec<Stratum>> {
    let fits = message.untraced.len() == message.known.len()
        && message.untraced.len() <= usize::from(u16::MAX) + 1
        && message.untraced.iter().all(|n| n.is_finite() && *n >= 0.0);
    fits.then(|| {
        let columns = message.untraced.iter().zip(&message.known);
        columns
            .map(|(&untraced, &known)| Stratum { untraced, known })
            .collect()
    })
}

fn parts(message: &proto::Sampling, samples: usize, strata: usize) -> Option<Vec<(usize, Part)>> {
    let count = message.sample_delta.len();
    let columns = [
        message.stratum.len(),
        message.counted.len(),
        message.draws.len(),
    ];
    if columns != [count; 3]
        || count as u64 > MAX_MESSAGES
        || message.group.len() != message.objects.len()
    {
        return None;
    }
    let mut parts = Vec::with_capacity(count);
    let mut sample = 0_usize;
    let (mut groups, mut objects) = (message.group.as_slice(), message.objects.as_slice());
    for (((delta, stratum), counted), draws) in message
        .sample_delta
        .iter()
        .zip(&message.stratum)
        .zip(&message.counted)
        .zip(&message.draws)
    {
        sample = sample.checked_add(usize::try_from(*delta).ok()?)?;
        let draws = usize::try_from(*draws).ok()?;
        let (these_groups, other_groups) = groups.split_at_checked(draws)?;
        let (these_objects, other_objects) = objects.split_at_checked(draws)?;
        (groups, objects) = (other_groups, other_objects);
        let fits = sample <= samples
            && usize::try_from(*stratum).ok()? < strata
            && these_groups.is_sorted_by(|a, b| a < b)
            && these_groups.iter().all(|group| *group < WINDOW_GROUPS)
            && these_objects.iter().all(|n| n.is_finite() && *n >= 0.0);
        if !fits {
            return None;
        }
        let draws = these_groups
            .iter()
            .zip(these_objects)
            .map(|(&group, &objects)| Draw { group, objects })
            .collect();
        let part = Part {
            stratum: u16::try_from(*stratum).ok()?,
            counted: *counted,
            draws,
        };
        parts.push((sample, part));
    }
    groups.is_empty().then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Values;
    use crate::profile::pprof::encode::to_proto;

    fn profile() -> Profile {
        let sample = |objects, parts| Sample {
            values: Values {
                objects,
                ..Values::default()
            },
            parts,
            ..Sample::default()
        };
        let part = |stratum, counted, draws: &[(u8, f32)]| Part {
            stratum,
            counted,
            draws: draws
                .iter()
                .map(|&(group, objects)| Draw { group, objects })
                .collect(),
        };
        Profile {
            strata: vec![
                Stratum {
                    untraced: 90.0,
                    known: true,
                },
                Stratum::default(),
            ],
            samples: vec![
                sample(1, Vec::new()),
                sample(
                    100,
                    vec![part(0, 10, &[(0, 30.5), (63, 59.5)]), part(1, 0, &[])],
                ),
                sample(2, Vec::new()),
                sample(3, vec![part(1, 3, &[(7, 0.0)])]),
            ],
            ..Profile::default()
        }
    }

    /// The message of [`profile`] after `change`, read.
    fn changed(change: impl FnOnce(&mut proto::Sampling)) -> Option<Sampling> {
        let file = to_proto(&profile());
        let mut message = proto::Sampling::decode(&*file.sampling).unwrap();
        change(&mut message);
        decode(&message.encode_to_vec(), &Stored::of(&file.sample))
    }

    #[test]
    fn parts_come_back_to_their_samples() {
        let profile = profile();
        let mut samples = profile.samples.clone();
        for sample in &mut samples {
            sample.parts.clear();
        }
        let strata = changed(|_| {}).unwrap().give_to(&mut samples, None);
        assert_eq!((strata, samples), (profile.strata, profile.samples));
    }

    #[test]
    fn whatever_does_not_fit_is_dropped_as_a_whole() {
        type Change = fn(&mut proto::Sampling);
        let changes: &[(&str, Change)] = &[
            ("version", |m| m.version += 1),
            ("values", |m| m.values_crc32 ^= 1),
            ("no flag for a stratum", |m| m.known.truncate(1)),
            ("untraced is no number", |m| m.untraced[0] = f64::NAN),
            ("untraced is negative", |m| m.untraced[0] = -1.0),
            ("strata beyond 16 bits", |m| {
                m.untraced.resize(65_537, 0.0);
                m.known.resize(65_537, true);
            }),
            ("sample out of range", |m| m.sample_delta[2] = 4),
            ("sample beyond usize", |m| {
                m.sample_delta = vec![u32::MAX; 3];
            }),
            ("stratum out of range", |m| m.stratum[0] = 2),
            ("column cut", |m| m.counted.truncate(2)),
            ("draws missing", |m| m.draws[2] = 2),
            ("draws left over", |m| m.draws[2] = 0),
            ("group out of range", |m| m.group[1] = WINDOW_GROUPS),
            ("groups not ascending", |m| m.group[1] = 0),
            ("group missing", |m| m.group.truncate(2)),
            ("objects infinite", |m| m.objects[0] = f32::INFINITY),
            ("objects negative", |m| m.objects[0] = -1.0),
        ];
        for (name, change) in changes {
            assert!(changed(change).is_none(), "{name}");
        }
    }

    #[test]
    fn samples_that_another_tool_changed_lose_their_parts_and_nothing_else() {
        let profile = profile();
        let mut file = to_proto(&profile);
        file.sample.swap(1, 3);
        let read = super::super::decode(&file.encode_to_vec()).unwrap();
        assert_eq!(read.strata, []);
        assert!(read.samples.iter().all(|sample| sample.parts.is_empty()));
        assert_eq!(read.totals(), profile.totals());
    }
}
