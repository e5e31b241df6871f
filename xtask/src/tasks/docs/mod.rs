//! `docs`: makes the pictures and the printed blocks of the README from a real run of
//! the demonstration's service, or checks that those that are there still show what
//! goalloc shows.

mod blocks;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, ensure};
use xtask::{bpf, command, paths};

use super::service::{self, Service};

/// The page with the blocks, relative to the workspace.
const README: &str = "README.md";

/// Where the pictures are, relative to the workspace.
const PICTURES: &str = "docs/images";

/// Rows of the report that are shown.
const ROWS: &str = "7";

/// Lines of the sizes that are shown, their heading included.
const SIZE_LINES: usize = 11;

/// What the page looks like in a window of this size.
const WINDOW: &str = "--window-size=1280,1320";

/// Arguments of `docs`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Make everything, but compare with what is there instead of writing it
    #[arg(long)]
    check: bool,
}

/// Runs the task.
pub fn run(args: &Args) -> Result<()> {
    let maker = Maker {
        goalloc: build_goalloc(args.check)?,
        // One that says nothing of this machine: it can be read in the pictures.
        folder: env::temp_dir().join("goalloc-docs"),
    };
    let service = maker.folder.join("service");
    service::build(&service)?;
    let made = maker.make(&service)?;
    let workspace = paths::workspace();
    let readme = workspace.join(README);
    let page = fs::read_to_string(&readme).with_context(|| format!("cannot read {README}"))?;
    if args.check {
        made.compare(&page, &workspace.join(PICTURES))?;
        println!("{README} shows what goalloc shows");
    } else {
        made.write(&page, &readme, &workspace.join(PICTURES))?;
        println!("wrote {README} and {PICTURES}");
    }
    Ok(())
}

/// Builds goalloc and returns its path: for people an optimized one.
fn build_goalloc(check: bool) -> Result<PathBuf> {
    let mut build = Command::new(bpf::cargo());
    build.current_dir(paths::workspace());
    build.args(["build", "--package", "tracer"]);
    let profile = if check {
        // With xtask, as the tests do: of itself it would be built with other features
        // of its dependencies, and again.
        build.args(["--package", "xtask"]);
        "debug"
    } else {
        build.arg("--release");
        "release"
    };
    command::run(&mut build, "mend what the compiler says above")?;
    Ok(paths::target().join(profile).join("goalloc"))
}

/// Makes what is shown.
struct Maker {
    goalloc: PathBuf,
    folder: PathBuf,
}

/// What was made.
struct Made {
    /// Texts by the names of their blocks.
    blocks: [(&'static str, String); 2],
    /// Files to be put among the pictures.
    pictures: [PathBuf; 2],
}

impl Maker {
    fn make(&self, executable: &Path) -> Result<Made> {
        let service = Service::start(executable)?;
        let pid = service.pid();
        let recording = self.path("alloc.pb.gz");
        let seconds = ["-d", "8s", "--interval", "1s", "--force"];
        self.goalloc(&[&["record", "-p", &pid, "-o", &recording][..], &seconds].concat())?;
        let size = ["--batch", "-n", "10", "--width", "100", "--height", "28"];
        let top = self.goalloc(&[&["top", "-p", &pid][..], &size].concat())?;
        drop(service);

        let report = self.goalloc(&["report", &recording, "--top", ROWS])?;
        let (flame_graph, page) = (self.path("flamegraph.svg"), self.path("page.html"));
        for (format, file) in [("svg", &flame_graph), ("html", &page)] {
            let to = ["--format", format, "--force", "-o", file];
            self.goalloc(&[&["export", &recording][..], &to].concat())?;
        }
        let screenshot = self.path("page.png");
        photograph(&page, &screenshot, &self.path("browser"))?;
        Ok(Made {
            blocks: [("report", shortened(&report)), ("top", top)],
            pictures: [flame_graph.into(), screenshot.into()],
        })
    }

    fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    fn goalloc(&self, args: &[&str]) -> Result<String> {
        let mut goalloc = Command::new(&self.goalloc);
        // As with a terminal of that many columns, but never with its colours.
        goalloc.current_dir(&self.folder).env("NO_COLOR", "1");
        command::output(goalloc.args(args), "run `goalloc doctor`")
    }
}

/// A picture of the page as a browser shows it.
fn photograph(page: &str, picture: &str, profile: &str) -> Result<()> {
    let mut chromium = Command::new("chromium");
    chromium
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ])
        .args(["--no-first-run", "--disable-background-networking"])
        .args(["--disable-component-update", "--disable-sync"])
        .args(["--hide-scrollbars", "--virtual-time-budget=4000", WINDOW])
        .arg(format!("--user-data-dir={profile}"))
        .arg(format!("--screenshot={picture}"))
        .arg(format!("file://{page}"));
    command::output(&mut chromium, "run `cargo xtask setup --test`")?;
    let bytes = fs::read(picture).with_context(|| format!("there is no {picture}"))?;
    ensure!(bytes.starts_with(b"\x89PNG"), "{picture} is no picture");
    Ok(())
}

/// A report without the rows it says nothing of, and with the first of its sizes.
fn shortened(report: &str) -> String {
    let mut lines = Vec::new();
    let mut sizes = 0;
    for line in report.lines() {
        sizes += usize::from(sizes > 0 || line.starts_with("Sizes"));
        if sizes > SIZE_LINES {
            lines.push("...");
            break;
        }
        lines.push(line.trim_end());
    }
    lines.join("\n")
}

impl Made {
    fn write(&self, page: &str, readme: &Path, pictures: &Path) -> Result<()> {
        let mut page = page.to_owned();
        for (name, text) in &self.blocks {
            page = blocks::replace(&page, name, text)?;
        }
        fs::write(readme, page).with_context(|| format!("cannot write {README}"))?;
        fs::create_dir_all(pictures).with_context(|| format!("cannot create {PICTURES}"))?;
        for picture in &self.pictures {
            let name = picture.file_name().context("a file has a name")?;
            fs::copy(picture, pictures.join(name))
                .with_context(|| format!("cannot write {}", pictures.join(name).display()))?;
        }
        Ok(())
    }

    fn compare(&self, page: &str, pictures: &Path) -> Result<()> {
        for (name, text) in &self.blocks {
            blocks::compare(name, blocks::text(page, name)?, text)?;
        }
        for picture in &self.pictures {
            let name = picture.file_name().context("a file has a name")?;
            let there = fs::metadata(pictures.join(name));
            ensure!(
                there.is_ok_and(|it| it.len() > 0),
                "{} is missing; run `cargo xtask docs`",
                pictures.join(name).display()
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_is_cut_in_its_sizes() {
        let sizes: String = (0..20).map(|it| format!("  ≤ {it} B\n")).collect();
        let report = format!("Target a\n\nSizes 20\n{sizes}");
        let short = shortened(&report);
        assert_eq!(short.lines().count(), 2 + SIZE_LINES + 1);
        assert!(short.ends_with("  ≤ 9 B\n..."));
        assert_eq!(shortened("Target a  \nSizes 1\n"), "Target a\nSizes 1");
    }
}
