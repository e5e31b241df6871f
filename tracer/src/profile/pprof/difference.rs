//! What has changed, as a pprof file.

use super::super::merge::beside;
use super::super::{Profile, summary};
use super::encode::{Strings, gzip, to_proto};
use super::proto;

/// Label of the samples of the earlier recording, which are negative
/// (`pprof::base=true`: go1.24
/// src/cmd/vendor/github.com/google/pprof/profile/profile.go, `DiffBaseSample`, and
/// internal/driver/fetch.go, `fetchProfiles`).
const BASE_LABEL: (&str, &str) = ("pprof::base", "true");

/// `after` less `before` as a gzipped pprof file, as `go tool pprof -diff_base` makes it:
/// the samples of both, those of `before` negative and with a label that says so, so that
/// percentages are of them. What `before` has counts `times` as much, to relate it to the
/// time or the work of `after`.
///
/// It is no recording: [`decode`](super::decode()) refuses it.
#[must_use]
pub fn encode_difference((before, times): (&Profile, f64), after: &Profile) -> Vec<u8> {
    let (both, of_before) = beside(before.clone(), after.clone());
    let mut message = to_proto(&both);
    let mut strings = Strings::of(std::mem::take(&mut message.string_table));
    let label = proto::Label {
        key: strings.index(BASE_LABEL.0),
        str: strings.index(BASE_LABEL.1),
        ..Default::default()
    };
    for sample in message.sample.iter_mut().take(of_before) {
        for value in &mut sample.value {
            *value = -((*value as f64 * times).round() as i64);
        }
        sample.label.push(label);
    }
    message.comment = [("before", before), ("after", after)]
        .into_iter()
        .map(|(name, profile)| {
            let target = summary::target(profile).replace(['\n', '\r'], " ");
            strings.index(&format!("{name}: {target}; {}", summary::coverage(profile)))
        })
        .collect();
    message.sampling.clear();
    message.timeline.clear();
    message.string_table = strings.into_table();
    gzip(&message)
}

#[cfg(test)]
mod tests {
    use prost::Message;

    use super::*;
    use crate::profile::fixture;
    use crate::profile::pprof::{DecodeError, decode};

    fn read(bytes: &[u8]) -> proto::Profile {
        let mut plain = Vec::new();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(bytes), &mut plain).unwrap();
        proto::Profile::decode(&*plain).unwrap()
    }

    #[test]
    fn values_sum_to_the_difference_and_before_is_labelled() {
        let before = fixture::service();
        let mut after = before.clone();
        after.samples[0].values.objects += 1_000;
        let file = read(&encode_difference((&before, 1.0), &after));
        assert_eq!(file.sample.len(), 2 * before.samples.len());
        let sum: i64 = file.sample.iter().map(|it| it.value[0]).sum();
        assert_eq!(sum, 1_000);
        let text = |index: i64| &file.string_table[index as usize];
        for (index, sample) in file.sample.iter().enumerate() {
            let is_base = sample.label.iter().any(|it| text(it.key) == b"pprof::base");
            assert_eq!(is_base, index < before.samples.len());
            assert!(
                sample
                    .value
                    .iter()
                    .all(|it| (*it <= 0) == is_base || *it == 0)
            );
        }
        assert_eq!(file.location.len(), before.locations.len() + 1);
    }

    #[test]
    fn before_is_related_to_the_work_of_after() {
        let before = fixture::service();
        let file = read(&encode_difference((&before, 0.5), &before));
        let sum: i64 = file.sample.iter().map(|it| it.value[1]).sum();
        let bytes = before.totals().bytes as i64;
        assert!((sum - bytes / 2).abs() < before.samples.len() as i64);
    }

    #[test]
    fn a_difference_is_no_recording() {
        let profile = fixture::service();
        let bytes = encode_difference((&profile, 1.0), &profile);
        assert!(matches!(decode(&bytes), Err(DecodeError::Negative)));
    }
}
