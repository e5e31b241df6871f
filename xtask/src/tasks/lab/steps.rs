//! What the dearest write costs a map that grows, by the clock: the one figure that the
//! lab takes without tracing.

use std::{path::Path, process::Command};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use xtask::command;

use super::figures::Measured;

/// What the lab prints of one doubling: testdata/go/lab/steps.go.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Step {
    function: String,
    dearest_ns: f64,
    write_ns: f64,
}

/// Runs the lab untraced and adds what it timed to the figures.
pub fn add(executable: &Path, measured: &mut Measured) -> Result<()> {
    let mut lab = Command::new(executable);
    let printed = command::output(lab.arg("steps"), "see what it says")?;
    add_printed(&printed, measured)
}

fn add_printed(printed: &str, measured: &mut Measured) -> Result<()> {
    let steps: Vec<Step> =
        serde_json::from_str(printed).context("the lab printed something else")?;
    for step in steps {
        let figures = measured
            .get_mut(&step.function)
            .with_context(|| format!("{} was not measured", step.function))?;
        figures.dearest_writes = step.dearest_ns / step.write_ns;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::figures::Figures;
    use super::*;

    #[test]
    fn the_dearest_write_is_told_in_writes() {
        let mut measured = Measured::from([("s28Grow16".to_owned(), Figures::default())]);
        let printed = r#"[{"Function":"s28Grow16","DearestNs":180,"WriteNs":20.0}]"#;
        add_printed(printed, &mut measured).unwrap();
        assert!((measured["s28Grow16"].dearest_writes - 9.0).abs() < 1e-9);
        assert!(add_printed(printed, &mut Measured::new()).is_err());
        assert!(add_printed("panic", &mut measured).is_err());
    }
}
