//! Pages opened in headless Chromium, which a script for Node drives (`drive.mjs`).

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tempfile::TempDir;
use xtask::npm;

/// What opening pages takes.
#[derive(Debug)]
pub struct Browser {
    chromium: PathBuf,
    playwright: PathBuf,
}

impl Browser {
    /// Chromium and what drives it, or why not.
    pub fn find() -> Result<Self, String> {
        let mend = "run `cargo xtask setup --test`";
        let program = |name: &str| which::which(name).map_err(|_| format!("no {name}: {mend}"));
        program("node")?;
        let chromium = program("chromium")?;
        let playwright = npm::PLAYWRIGHT.unpacked().map_err(|it| it.to_string())?;
        if !playwright.exists() {
            return Err(format!("no playwright-core: {mend}"));
        }
        Ok(Self {
            chromium,
            playwright,
        })
    }

    /// Opens `page` and has the driver's scenario of this name done to it, with what it
    /// is to find there. Returns what the scenario has to say; a fault of the page ends it.
    pub fn run(&self, scenario: &str, page: &Path, expected: &Value) -> Value {
        let driver = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/page/drive.mjs");
        let said = node([
            driver.as_os_str(),
            self.playwright.as_os_str(),
            self.chromium.as_os_str(),
            scenario.as_ref(),
            page.as_os_str(),
            expected.to_string().as_ref(),
        ]);
        serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
    }
}

/// What Node prints, which must end well.
pub fn node<'a>(args: impl IntoIterator<Item = &'a OsStr>) -> String {
    let output = Command::new("node").args(args).output();
    let output = output.expect("node starts");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}:\n{said}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

/// A page in a file.
#[derive(Debug)]
pub struct Page {
    folder: TempDir,
}

impl Page {
    /// Writes one.
    pub fn write(html: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("page.html"), html).expect("it can be written");
        Self { folder }
    }

    /// Where it is.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join("page.html")
    }
}
