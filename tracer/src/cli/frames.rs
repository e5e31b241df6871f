//! Which frames are looked at: the options of every command that shows a recording.

use anyhow::anyhow;
use regex::Regex;
use tracer::profile::Profile;
use tracer::view::{self, FrameOptions, Generics, RuntimeFrames};

/// The options. Patterns are regular expressions on the names and files of functions.
#[derive(Clone, Debug, Default, PartialEq, Eq, clap::Args)]
#[command(next_help_heading = "Frames")]
pub struct FrameArgs {
    /// Only samples with a frame that matches
    #[arg(long, value_name = "REGEX")]
    focus: Option<String>,
    /// No samples with a frame that matches
    #[arg(long, value_name = "REGEX")]
    ignore: Option<String>,
    /// Take frames that match out of call chains
    #[arg(long, value_name = "REGEX")]
    hide: Option<String>,
    /// Take frames that do not match out of call chains
    #[arg(long, value_name = "REGEX")]
    show: Option<String>,
    /// Begin call chains at their outermost frame of a package that matches
    #[arg(long, value_name = "PACKAGE")]
    trim_to: Option<String>,
    /// What becomes of the runtime's frames
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    runtime_frames: RuntimeFrames,
    /// How generic functions are named
    #[arg(long, value_enum, value_name = "HOW", default_value_t)]
    generics: Generics,
}

impl FrameArgs {
    /// What they show of `profile`.
    pub fn apply(&self, profile: Profile) -> anyhow::Result<Profile> {
        Ok(view::apply(profile, &self.options()?))
    }

    /// The same, for a profile that is yet to come.
    pub fn options(&self) -> anyhow::Result<FrameOptions> {
        Ok(FrameOptions {
            focus: pattern("focus", &self.focus)?,
            ignore: pattern("ignore", &self.ignore)?,
            hide: pattern("hide", &self.hide)?,
            show: pattern("show", &self.show)?,
            trim_to: pattern("trim-to", &self.trim_to)?,
            runtime_frames: self.runtime_frames,
            generics: self.generics,
        })
    }
}

fn pattern(option: &str, text: &Option<String>) -> anyhow::Result<Option<Regex>> {
    let Some(text) = text else {
        return Ok(None);
    };
    Regex::new(text).map(Some).map_err(|error| {
        // What is wrong is on the last of several lines.
        let error = error.to_string();
        let reason = error.lines().last().unwrap_or_default();
        let reason = reason.strip_prefix("error: ").unwrap_or(reason);
        anyhow!("--{option} {text}: not a regular expression: {reason}; \\ takes a character's meaning away")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_pattern_is_one_line() {
        let args = FrameArgs {
            hide: Some("main.(*T".to_owned()),
            ..FrameArgs::default()
        };
        let error = args.apply(Profile::default()).unwrap_err().to_string();
        assert_eq!(
            error,
            "--hide main.(*T: not a regular expression: repetition operator \
             missing expression; \\ takes a \
             character's meaning away"
        );
    }
}
