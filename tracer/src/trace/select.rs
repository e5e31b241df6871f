//! Which functions carry a probe.

use thiserror::Error;
use tracer_ebpf::wire::{MAX_PROBES, ProbeSpec, gate};
use wildmatch::WildMatch;

use super::signature::Signature;
use crate::addr::{ElfAddr, FileOffset};
use crate::attach::Site;
use crate::golang::GoVersion;
use crate::plan::returns::returns;
use crate::plan::{self, Executable, FunctionSpan, Plan, PlanError, ProbeSet, Program, Scheme};

/// The functions of one executable that are traced.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// They; a function's index is its attach cookie.
    pub functions: Vec<TracedFunction>,
    /// Where they return, if that is wanted; their rows of the probe table follow those of
    /// the functions.
    pub returns: Vec<ReturnPoint>,
    /// What will not be seen of them, one sentence each.
    pub warnings: Vec<String>,
}

/// A function that is traced.
#[derive(Clone, Debug)]
pub struct TracedFunction {
    /// Its symbol name.
    pub name: String,
    /// Its arguments.
    pub signature: Signature,
    /// The probed instruction.
    pub at: ElfAddr,
    /// The same in the file.
    pub file_offset: FileOffset,
    /// The row of the probe table.
    pub spec: ProbeSpec,
}

/// A place where a traced function returns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReturnPoint {
    /// Which function: index into [`Selection::functions`].
    pub function: usize,
    /// The `ret`, in the file.
    pub file_offset: FileOffset,
}

/// Why nothing is traced.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum SelectError {
    /// No function has such a name.
    #[error("no function matches --func {pattern}; of this program can be traced: {}", traceable.join(" "))]
    NoMatch {
        /// What was asked for.
        pattern: String,
        /// What could have been.
        traceable: Vec<String>,
    },
    /// What matches cannot be probed.
    #[error("none of the functions that match can carry a probe: {}", reasons.join("; "))]
    NoProbe {
        /// Why not, by function.
        reasons: Vec<String>,
    },
    /// More than the probe table has rows.
    #[error("{wanted} probes are wanted, {MAX_PROBES} is the most: narrow --func")]
    TooMany {
        /// How many.
        wanted: usize,
    },
    /// The allocator cannot be probed.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

impl Selection {
    /// The functions that any of the patterns matches (`*`: any characters, `?`: any
    /// one). Without a pattern those that see each heap object once.
    ///
    /// # Errors
    /// When a pattern matches nothing, or nothing can be probed.
    pub fn new(
        exe: &dyn Executable,
        version: &GoVersion,
        patterns: &[String],
    ) -> Result<Self, SelectError> {
        let selection = if patterns.is_empty() {
            Self::of_allocator(exe, version)?
        } else {
            Self::matching(exe, version, patterns)?
        };
        if selection.functions.is_empty() {
            let reasons = selection.warnings;
            return Err(SelectError::NoProbe { reasons });
        }
        selection.check_room()?;
        Ok(selection)
    }

    /// The same with the places where the functions return. Where they are not known it is
    /// a warning.
    ///
    /// # Errors
    /// When there are too many of them.
    pub fn with_returns(mut self, exe: &dyn Executable) -> Result<Self, SelectError> {
        for (index, function) in self.functions.iter().enumerate() {
            if function.signature.results.is_empty() {
                continue;
            }
            match return_offsets(exe, function) {
                Ok((offsets, jumps_out)) => {
                    self.returns
                        .extend(offsets.into_iter().map(|file_offset| ReturnPoint {
                            function: index,
                            file_offset,
                        }));
                    if jumps_out > 0 {
                        self.warnings.push(format!(
                            "not shown: what {} returns where it jumps into another function",
                            function.name
                        ));
                    }
                }
                Err(reason) => self.warnings.push(format!(
                    "not shown: what {} returns: {reason}",
                    function.name
                )),
            }
        }
        self.check_room()?;
        Ok(self)
    }

    /// Which function returns at a row of the probe table.
    #[must_use]
    pub fn returning(&self, row: u32) -> Option<usize> {
        let index = usize::try_from(row)
            .ok()?
            .checked_sub(self.functions.len())?;
        Some(self.returns.get(index)?.function)
    }

    /// The last row is not for recordings.
    fn check_room(&self) -> Result<(), SelectError> {
        let wanted = self.functions.len() + self.returns.len();
        if wanted >= MAX_PROBES as usize {
            return Err(SelectError::TooMany { wanted });
        }
        Ok(())
    }

    /// Those of its functions that are the allocator's, so that each object that they
    /// make is one call of one of them: with `patterns` of it, those that make no others.
    #[must_use]
    pub fn allocating(
        &self,
        exe: &dyn Executable,
        version: &GoVersion,
        patterns: &[String],
    ) -> Vec<String> {
        let names = |functions: &[TracedFunction]| -> Vec<String> {
            functions.iter().map(|it| it.name.clone()).collect()
        };
        let mine = names(&self.functions);
        if patterns.is_empty() {
            return mine;
        }
        let Ok(mut allocator) = Self::of_allocator(exe, version) else {
            return Vec::new();
        };
        // Those with a filter see also what others make; here they would have none.
        allocator.functions.retain(|it| it.spec.is_filtered == 0);
        let mut allocating = names(&allocator.functions);
        allocating.retain(|name| mine.contains(name));
        allocating
    }

    /// `runtime.mallocgc` or, since Go 1.24, its parts.
    fn of_allocator(exe: &dyn Executable, version: &GoVersion) -> Result<Self, SelectError> {
        let plan = Plan::new(exe, ProbeSet::ALLOC, Scheme::All)?;
        let mut selection = Self {
            warnings: plan.warnings,
            ..Self::default()
        };
        for probe in plan.probes {
            let is_filtered = probe.program == Program::AllocDispatch;
            let signature = Signature::of(&probe.function, version);
            let Some(signature) =
                signature.filter(|_| is_filtered || probe.program == Program::Alloc)
            else {
                selection.warnings.push(format!(
                    "not shown: objects of {} that is inlined in {}",
                    probe.leaves.join(", "),
                    probe.function
                ));
                continue;
            };
            selection.functions.push(TracedFunction {
                at: probe.at(),
                name: probe.function,
                signature,
                file_offset: probe.file_offset,
                spec: ProbeSpec {
                    is_filtered: is_filtered.into(),
                    copied: signature.copied,
                    ..probe.spec
                },
            });
        }
        Ok(selection)
    }

    fn matching(
        exe: &dyn Executable,
        version: &GoVersion,
        patterns: &[String],
    ) -> Result<Self, SelectError> {
        let functions = exe.functions(&|name| Signature::of(name, version).is_some());
        let mut matched = vec![false; functions.len()];
        for pattern in patterns {
            let wanted = WildMatch::new(pattern);
            let mut any = false;
            for (function, matched) in functions.iter().zip(&mut matched) {
                if wanted.matches(&function.name) {
                    (*matched, any) = (true, true);
                }
            }
            if !any {
                let mut traceable: Vec<_> = functions.into_iter().map(|it| it.name).collect();
                traceable.sort_unstable();
                return Err(SelectError::NoMatch {
                    pattern: pattern.clone(),
                    traceable,
                });
            }
        }
        let mut selection = Self::default();
        let wanted = functions
            .iter()
            .zip(matched)
            .filter(|(_, matched)| *matched);
        for (function, _) in wanted {
            match probe(exe, version, function) {
                Ok(traced) => selection.functions.push(traced),
                Err(reason) => {
                    let text = format!("{} carries no probe: {reason}", function.name);
                    selection.warnings.push(text);
                }
            }
        }
        let names: Vec<&str> = selection
            .functions
            .iter()
            .map(|it| it.name.as_str())
            .collect();
        let mut hidden: Vec<String> = Vec::new();
        for (host, inlined) in exe.hosts_of(&names) {
            let inlined = inlined.join(", ");
            hidden.push(format!(
                "not shown: calls of {inlined} inlined in {}",
                host.name
            ));
        }
        selection.warnings.extend(hidden);
        Ok(selection)
    }

    /// The selection as the kernel wants it. `deep`: with more frames than
    /// [`SHORT_STACK_FRAMES`][tracer_ebpf::wire::SHORT_STACK_FRAMES].
    #[must_use]
    pub fn sites(&self, deep: bool) -> Vec<Site> {
        let program = if deep { "trace_deep" } else { "trace" };
        let calls = self.functions.iter().map(|function| Site {
            program,
            offset: function.file_offset,
            spec: function.spec,
        });
        let returns = self.returns.iter().map(|it| Site {
            program: "trace_return",
            offset: it.file_offset,
            spec: ProbeSpec {
                gate: gate::WINDOW,
                ..ProbeSpec::default()
            },
        });
        calls.chain(returns).collect()
    }
}

/// Where a function returns, in the file, and how many of its jumps lead out of it.
fn return_offsets(
    exe: &dyn Executable,
    function: &TracedFunction,
) -> Result<(Vec<FileOffset>, usize), String> {
    let missing = "the file does not hold its code";
    let spans = exe.functions(&|name| name == function.name);
    let span = spans
        .iter()
        .find(|span| (span.entry..span.end).contains(&function.at));
    let span = span.ok_or(missing)?;
    let code = plan::code_of(exe, span).ok_or(missing)?;
    let found = returns(code, span.entry).map_err(|it| it.to_string())?;
    let offsets = found.points.iter().map(|at| exe.file_offset(*at));
    let offsets = offsets.collect::<Option<_>>().ok_or(missing)?;
    Ok((offsets, found.jumps_out.len()))
}

fn probe(
    exe: &dyn Executable,
    version: &GoVersion,
    function: &FunctionSpan,
) -> Result<TracedFunction, String> {
    let missing = "the file does not hold its code";
    let signature = Signature::of(&function.name, version).ok_or(missing)?;
    let code = plan::code_of(exe, function).ok_or(missing)?;
    let point = plan::prologue::probe_point(code, function.entry).map_err(|it| it.to_string())?;
    Ok(TracedFunction {
        name: function.name.clone(),
        signature,
        at: point.at,
        file_offset: exe.file_offset(point.at).ok_or(missing)?,
        spec: ProbeSpec {
            tests_flags: point.tests_flags().into(),
            gate: gate::WINDOW,
            copied: signature.copied,
            ..ProbeSpec::default()
        },
    })
}

#[cfg(test)]
mod tests {
    use tracer_ebpf::wire::{self, copied};

    use super::*;

    /// Functions of 16 bytes each, that begin as Go's do.
    struct Program(&'static [&'static str]);

    const CODE: [u8; 16] = [
        0x49, 0x3b, 0x66, 0x10, // cmp rsp, [r14+10h]
        0x76, 0x04, // jbe +4
        0x55, 0x48, 0x89, 0xe5, // push rbp; mov rbp, rsp
        0x5d, 0xc3, 0x90, 0x90, 0x90, 0x90, // pop rbp; ret; nops
    ];

    impl Executable for Program {
        fn functions(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<FunctionSpan> {
            (0..)
                .zip(self.0)
                .filter(|(_, name)| wanted(name))
                .map(|(index, name)| FunctionSpan {
                    name: (*name).to_owned(),
                    entry: ElfAddr(16 * index),
                    end: ElfAddr(16 * index + 16),
                })
                .collect()
        }

        fn hosts_of(&self, _names: &[&str]) -> Vec<(FunctionSpan, Vec<String>)> {
            Vec::new()
        }

        fn code(&self, _at: ElfAddr, len: usize) -> Option<&[u8]> {
            CODE.get(..len)
        }

        fn file_offset(&self, at: ElfAddr) -> Option<FileOffset> {
            Some(FileOffset(at.0))
        }

        fn build_setting(&self, _key: &str) -> Option<&str> {
            None
        }

        fn largest_small_bytes(&self) -> u16 {
            32760
        }

        fn grows_slices_by_parts(&self) -> bool {
            false
        }

        fn config(&self) -> wire::Config {
            wire::Config::default()
        }
    }

    const PROGRAM: Program = Program(&[
        "main.main",
        "runtime.mallocgc",
        "runtime.mallocgcTiny",
        "runtime.mapassign_fast64",
        "runtime.mapassign_faststr",
        "runtime.makeslice",
    ]);

    fn select(patterns: &[&str]) -> Result<Selection, SelectError> {
        let version = GoVersion::parse("go1.24.11").expect("valid");
        let patterns: Vec<_> = patterns.iter().map(|&it| it.to_owned()).collect();
        Selection::new(&PROGRAM, &version, &patterns)
    }

    fn names(selection: &Selection) -> Vec<&str> {
        let functions = selection.functions.iter();
        functions.map(|it| it.name.as_str()).collect()
    }

    #[test]
    fn patterns_choose_functions() {
        let selection = select(&["runtime.mapassign*", "*slice"]).expect("some");
        let expected = [
            "runtime.mapassign_fast64",
            "runtime.mapassign_faststr",
            "runtime.makeslice",
        ];
        assert_eq!(names(&selection), expected);
        let texts = selection.functions.iter().map(|it| it.spec.copied);
        assert!(texts.eq([copied::NOTHING, copied::STRING, copied::NOTHING]));
        assert!(
            selection
                .functions
                .iter()
                .all(|it| it.spec.tests_flags == 1)
        );
        assert_eq!(selection.functions[0].file_offset, FileOffset(3 * 16 + 4));
    }

    #[test]
    fn returns_come_behind_the_calls() {
        let selection = select(&["runtime.mapassign*", "*slice"]).expect("some");
        let selection = selection.with_returns(&PROGRAM).expect("room");
        // The `ret` of each is its twelfth byte.
        let expected = [(0, 3 * 16 + 11), (1, 4 * 16 + 11), (2, 5 * 16 + 11)];
        let found = selection.returns.iter();
        let found = found.map(|it| (it.function, it.file_offset.0));
        assert!(found.eq(expected));
        assert_eq!(selection.returning(2), None);
        assert_eq!(selection.returning(4), Some(1));
        assert_eq!(selection.returning(6), None);
        let sites = selection.sites(false);
        assert_eq!(sites.len(), 6);
        assert_eq!(sites[4].program, "trace_return");
        assert_eq!(sites[4].offset, FileOffset(4 * 16 + 11));
        assert!(selection.warnings.is_empty(), "{:?}", selection.warnings);
    }

    #[test]
    fn without_a_pattern_each_object_is_seen_once() {
        let selection = select(&[]).expect("some");
        assert_eq!(names(&selection), ["runtime.mallocgcTiny"]);
    }

    #[test]
    fn what_matches_nothing_is_told_what_there_is() {
        let error = select(&["runtime.mapassign*", "main.*"]).expect_err("nothing");
        let text = error.to_string();
        assert!(text.contains("--func main.*"), "{text}");
        assert!(text.contains("runtime.makeslice"), "{text}");
        assert!(!text.contains("main.main"), "{text}");
    }
}
