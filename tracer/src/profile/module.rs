//! Which package and module a function belongs to.

use std::borrow::Cow;

use super::frame::package_of;
use super::{Module, Profile};

/// Module of the packages that come with Go.
pub const STANDARD_LIBRARY: &str = "std";

/// What Go code calls the package whose `main` is started.
const MAIN: &str = "main";

impl Profile {
    /// Import path of the package a Go function belongs to, as [`package_of`] has it;
    /// package `main` by the path it was built from, where that is known.
    #[must_use]
    pub fn package<'a>(&'a self, function: &'a str) -> Option<Cow<'a, str>> {
        let package = package_of(function)?;
        match self.target.main_path.as_deref() {
            Some(path) if package == MAIN => Some(Cow::Borrowed(path)),
            _ => Some(package),
        }
    }

    /// Module a Go function belongs to, as `example.com/shop v1.2.3`, or
    /// [`STANDARD_LIBRARY`]. `None` when its name has no package, and when no known
    /// module holds it.
    #[must_use]
    pub fn module(&self, function: &str) -> Option<String> {
        let package = self.package(function)?;
        if let Some(module) = module_of(&self.target.modules, &package) {
            return Some(match module.version.as_str() {
                "" => module.path.clone(),
                version => format!("{} {version}", module.path),
            });
        }
        // As the go command tells them apart: paths without a dot in their first
        // element are the standard library's (go1.24 src/cmd/go/internal/search/search.go,
        // `IsStandardImportPath`).
        let first = package.split('/').next().unwrap_or_default();
        let is_standard = package != MAIN && !first.contains('.') && first != COMMAND_LINE;
        is_standard.then(|| STANDARD_LIBRARY.to_owned())
    }
}

/// Path of a main package that was built from a list of files.
const COMMAND_LINE: &str = "command-line-arguments";

/// The module with the longest path that the package is in or below.
fn module_of<'a>(modules: &'a [Module], package: &str) -> Option<&'a Module> {
    let holds = |module: &&Module, package: &str| {
        let rest = package.strip_prefix(module.path.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let longest = |package: &str| {
        let of_it = modules.iter().filter(|module| holds(module, package));
        of_it.max_by_key(|module| module.path.len())
    };
    // External tests of a module's root package are in one of their own, test binaries
    // in another.
    let tested = || {
        let tested = package.strip_suffix(".test").unwrap_or(package);
        tested.strip_suffix("_test").unwrap_or(tested)
    };
    longest(package).or_else(|| longest(tested()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Target;

    fn profile() -> Profile {
        let module = |path: &str, version: &str| Module {
            path: path.to_owned(),
            version: version.to_owned(),
        };
        Profile {
            target: Target {
                main_path: Some("example.com/shop/cmd/shop".to_owned()),
                modules: vec![
                    module("example.com/shop", "(devel)"),
                    module("example.com/shop/api", "v0.3.0"),
                    module("gopkg.in/yaml.v3", "v3.0.1"),
                    module("plain", ""),
                ],
                ..Target::default()
            },
            ..Profile::default()
        }
    }

    #[test]
    fn package_main_has_the_path_it_was_built_from() {
        let profile = profile();
        let package = |function| profile.package(function).map(Cow::into_owned);
        assert_eq!(
            package("main.(*Shop).Place").as_deref(),
            Some("example.com/shop/cmd/shop")
        );
        assert_eq!(package("net/http.Serve").as_deref(), Some("net/http"));
        assert_eq!(package("malloc"), None);
        let unknown = Profile::default();
        assert_eq!(unknown.package("main.f").as_deref(), Some("main"));
    }

    #[test]
    fn the_longest_path_that_fits_is_the_module() {
        let profile = profile();
        for (function, module) in [
            ("main.main", Some("example.com/shop (devel)")),
            (
                "example.com/shop/api/v1.Get",
                Some("example.com/shop/api v0.3.0"),
            ),
            (
                "example.com/shop_test.TestIt",
                Some("example.com/shop (devel)"),
            ),
            (
                "gopkg.in/yaml%2ev3.Unmarshal",
                Some("gopkg.in/yaml.v3 v3.0.1"),
            ),
            ("plain/sub.F[go.shape.int]", Some("plain")),
            ("example.com/shopping.F", None),
            ("runtime.mallocgc", Some("std")),
            ("vendor/golang.org/x/net/idna.F", Some("std")),
            ("malloc", None),
        ] {
            assert_eq!(profile.module(function).as_deref(), module, "{function}");
        }
    }
}
