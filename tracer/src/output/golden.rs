//! Golden files: what an output looked like when somebody last looked at it.

use std::path::Path;
use std::{env, fs};

/// Compares `actual` with the golden file `name` in `testdata/golden`; with
/// `GOALLOC_BLESS=1` in the environment writes it instead.
pub fn check(name: &str, actual: &[u8]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../testdata/golden")
        .join(name);
    if env::var_os("GOALLOC_BLESS").is_some_and(|value| value == "1") {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, actual).unwrap();
        return;
    }
    let expected = fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; GOALLOC_BLESS=1 writes it", path.display()));
    assert!(
        expected == actual,
        "{name} differs; look at it, then GOALLOC_BLESS=1 writes it. Now it is:\n{}",
        String::from_utf8_lossy(actual)
    );
}
