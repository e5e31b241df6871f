//! Tests that cannot run here.

use std::env;

/// With this set to 1 a live test that cannot run fails.
const REQUIRE_LIVE: &str = "GOALLOC_REQUIRE_LIVE";

/// Says why a test does not run, or fails if it has to.
pub fn skip(reason: &str) {
    assert!(
        env::var_os(REQUIRE_LIVE).is_none_or(|it| it != "1"),
        "{REQUIRE_LIVE}=1, but {reason}"
    );
    println!("skipped: {reason}");
}
