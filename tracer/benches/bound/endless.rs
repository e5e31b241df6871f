//! Programs that run on and on.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::common::fixture::Fixture;
use crate::common::workload::burn::{self, Burn};
use crate::common::workload::etcd::{self, Etcd, Server};
use crate::common::workload::json::{self, Json};

/// Until a program has read its input and grown its heap.
const WARM_UP: Duration = Duration::from_secs(3);

/// A program at work, until it is dropped.
pub struct Endless {
    pub pid: u32,
    pub executable: PathBuf,
    /// What keeps it going; the first goes first.
    _running: (Vec<Running>, Option<Server>, Option<Fixture>),
    /// Where its files are.
    _files: Files,
}

enum Files {
    Burn { _files: Burn },
    Json { _files: Json },
    Etcd { _files: Etcd },
}

impl Endless {
    /// Starts the one of this name, if there is one.
    pub fn start(name: &str) -> Result<Option<Self>> {
        let program = match name {
            burn::NAME => {
                let burn = Burn::build()?;
                let mut fixture = Fixture::start(burn.executable(), &["-g", "2"]);
                fixture.begin();
                Self {
                    pid: fixture.pid(),
                    executable: burn.executable().to_owned(),
                    _running: (Vec::new(), None, Some(fixture)),
                    _files: Files::Burn { _files: burn },
                }
            }
            json::NAME => {
                let json = Json::build()?;
                let running = Running::start(json.endless())?;
                Self {
                    pid: running.0.id(),
                    executable: json.executable().to_owned(),
                    _running: (vec![running], None, None),
                    _files: Files::Json { _files: json },
                }
            }
            etcd::NAME => {
                let etcd = Etcd::build()?;
                let server = Server::start(etcd.program())?;
                let load = Running::start(etcd.endless(&server))?;
                Self {
                    pid: server.pid(),
                    executable: etcd.program().to_owned(),
                    _running: (vec![load], Some(server), None),
                    _files: Files::Etcd { _files: etcd },
                }
            }
            _ => return Ok(None),
        };
        std::thread::sleep(WARM_UP);
        Ok(Some(program))
    }
}

/// A child that is killed on drop.
struct Running(Child);

impl Running {
    fn start(mut command: Command) -> Result<Self> {
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        Ok(Self(child.context("cannot start the workload")?))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
