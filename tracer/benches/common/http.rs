//! As much of HTTP as asking etcd how it is takes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

/// The body of `http://127.0.0.1:PORT/PATH`.
pub fn get(port: u16, path: &str) -> Result<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    // Version 1.0: no chunks, and the server closes at the end.
    write!(stream, "GET {path} HTTP/1.0\r\nHost: localhost\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer
        .split_once("\r\n\r\n")
        .with_context(|| format!("{path}: no HTTP answer"))?;
    let status = head.split_whitespace().nth(1);
    ensure!(status == Some("200"), "{path}: {head}");
    Ok(body.to_owned())
}
