//! `fixtures`: builds every Go test program with every toolchain, so that
//! Go's build cache is warm before the tests build them one by one.

use std::fs;

use anyhow::{Context as _, Result};
use xtask::{go::Toolchain, paths};

/// Runs the task.
pub fn run() -> Result<()> {
    let workspace = paths::workspace();
    let programs = programs(&workspace.join("testdata/go"))?;
    for toolchain in Toolchain::installed()? {
        let folder = paths::target().join(format!("fixtures/go{}", toolchain.version()));
        for program in &programs {
            let source = workspace.join("testdata/go").join(program);
            toolchain.build(&source, &folder.join(program), &[])?;
        }
        println!(
            "Go {}: {} programs in {}",
            toolchain.version(),
            programs.len(),
            folder.strip_prefix(&workspace).unwrap_or(&folder).display()
        );
    }
    Ok(())
}

/// Folders that hold a `main` package, sorted.
fn programs(folder: &std::path::Path) -> Result<Vec<String>> {
    let entries =
        fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    let mut programs = Vec::new();
    for entry in entries {
        let entry = entry?;
        let main = fs::read_to_string(entry.path().join("main.go"));
        if main.is_ok_and(|it| it.lines().any(|line| line == "package main")) {
            programs.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    programs.sort();
    Ok(programs)
}
