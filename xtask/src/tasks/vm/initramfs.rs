//! The guest's files: a folder that is filled, then packed as the kernel wants
//! it (Documentation/driver-api/early-userspace/buffer-format.rst).

use std::{
    fs::{self, File},
    io::Write as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, Result, bail};
use tempfile::{NamedTempFile, TempDir};
use xtask::{command, paths};

/// What the kernel starts.
const INIT: &str = include_str!("init.sh");

/// Where the guest has the Go programs.
pub const FIXTURES: &str = "/fixtures";

/// Folders that something is mounted on, or that programs expect.
const FOLDERS: [&str; 4] = ["dev", "proc", "sys", "tmp"];

/// The files so far. A file has the path there that it has here, so that paths
/// compiled into programs hold.
#[derive(Debug)]
pub struct Initramfs {
    root: TempDir,
    busybox: PathBuf,
}

impl Initramfs {
    /// One with BusyBox alone.
    pub fn new(busybox: &Path) -> Result<Self> {
        let folder = paths::target().join("vm");
        fs::create_dir_all(&folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        let this = Self {
            root: tempfile::tempdir_in(&folder)?,
            busybox: busybox.to_path_buf(),
        };
        for folder in FOLDERS {
            fs::create_dir(this.root.path().join(folder))?;
        }
        fs::create_dir(this.fixtures())?;
        fs::copy(busybox, this.place(Path::new("/bin/busybox"))?)?;
        this.write("/init", INIT)?;
        Ok(this)
    }

    /// Where [`FIXTURES`] is for now.
    pub fn fixtures(&self) -> PathBuf {
        self.at(Path::new(FIXTURES))
    }

    /// Adds an executable text.
    pub fn write(&self, path: &str, text: &str) -> Result<()> {
        let place = self.place(Path::new(path))?;
        fs::write(&place, text)?;
        fs::set_permissions(&place, fs::Permissions::from_mode(0o755))?;
        Ok(())
    }

    /// Adds a program without its debug information, and what it is linked to.
    pub fn add_program(&self, program: &Path) -> Result<()> {
        let mut strip = Command::new("strip");
        strip.arg("--strip-debug").arg("-o");
        strip.arg(self.place(program)?).arg(program);
        command::output(&mut strip, "run `cargo xtask setup --test`")?;
        self.add_libraries(program)
    }

    /// Adds the shared libraries of a program, if it has any.
    pub fn add_libraries(&self, program: &Path) -> Result<()> {
        let mut ldd = Command::new("ldd");
        // It fails for a program that is linked statically.
        let output = ldd.arg(program).output().context("cannot run ldd")?;
        for library in libraries(&String::from_utf8_lossy(&output.stdout)) {
            let place = self.place(&library)?;
            if !place.exists() {
                fs::copy(&library, place)
                    .with_context(|| format!("cannot copy {}", library.display()))?;
            }
        }
        Ok(())
    }

    /// Adds a folder with all that is in it.
    pub fn add_folder(&self, folder: &Path) -> Result<()> {
        for path in files(folder)? {
            fs::copy(&path, self.place(&path)?)
                .with_context(|| format!("cannot copy {}", path.display()))?;
        }
        Ok(())
    }

    /// The archive. It is gone when it is dropped.
    pub fn pack(&self) -> Result<NamedTempFile> {
        let archive = NamedTempFile::new_in(self.root.path().parent().unwrap_or(Path::new("/")))?;
        let mut cpio = Command::new(&self.busybox);
        let mut child = cpio
            .args(["cpio", "-o", "-H", "newc"])
            .current_dir(self.root.path())
            .stdin(Stdio::piped())
            .stdout(File::create(archive.path())?)
            .stderr(Stdio::null())
            .spawn()
            .context("cannot start BusyBox")?;
        let mut names = child.stdin.take().context("stdin is piped")?;
        for path in entries(self.root.path())? {
            let name = path.strip_prefix(self.root.path()).unwrap_or(&path);
            writeln!(names, "{}", name.display()).context("cpio does not read")?;
        }
        drop(names);
        let status = child.wait()?;
        if !status.success() {
            bail!("cpio failed ({status}); is the disk full?");
        }
        Ok(archive)
    }

    /// The place here of a path there, in a folder that exists.
    fn place(&self, path: &Path) -> Result<PathBuf> {
        let place = self.at(path);
        let folder = place.parent().unwrap_or(Path::new("/"));
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        Ok(place)
    }

    fn at(&self, path: &Path) -> PathBuf {
        self.root
            .path()
            .join(path.strip_prefix("/").unwrap_or(path))
    }
}

/// The files in a folder and below.
pub fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut entries = entries(folder)?;
    entries.retain(|it| it.is_file());
    Ok(entries)
}

/// What is in a folder and below, a folder before what is in it.
fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))?;
        for entry in entries {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path.clone());
            }
            found.push(path);
        }
    }
    Ok(found)
}

/// The files that ldd names.
fn libraries(ldd: &str) -> Vec<PathBuf> {
    let words = ldd.lines().filter_map(|line| {
        // `libc.so.6 => /lib/libc.so.6 (0x7f...)`, or the loader alone.
        let path = line.split(" => ").last()?;
        path.split_whitespace().next()
    });
    words
        .filter(|it| it.starts_with('/'))
        .map(PathBuf::from)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ldd_names_files() {
        let said = "\tlinux-vdso.so.1 (0x00007ffd)\n\
                    \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f1b)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x00007f1c)\n";
        assert_eq!(
            libraries(said),
            [
                PathBuf::from("/lib/x86_64-linux-gnu/libc.so.6"),
                PathBuf::from("/lib64/ld-linux-x86-64.so.2"),
            ]
        );
        assert_eq!(libraries("\tstatically linked\n"), Vec::<PathBuf>::new());
    }

    #[test]
    fn folders_come_before_what_is_in_them() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/c"), "").unwrap();
        let found = entries(folder.path()).unwrap();
        let names = ["a", "a/b", "a/b/c"].map(|it| folder.path().join(it));
        assert_eq!(found, names);
        assert_eq!(files(folder.path()).unwrap(), [folder.path().join("a/b/c")]);
    }
}
