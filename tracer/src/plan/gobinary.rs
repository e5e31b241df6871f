//! A Go binary as the executable that a plan is for.

use tracer_ebpf::wire;

use super::binary::{Executable, FunctionSpan};
use crate::addr::{ElfAddr, FileOffset};
use crate::golang::{CounterLayout, Function, GoBinary};

impl Executable for GoBinary {
    fn functions(&self, wanted: &dyn Fn(&str) -> bool) -> Vec<FunctionSpan> {
        // The adapter of an assembly caller has the name of the function it
        // calls, and passes every call on.
        self.functions()
            .filter(|function| wanted(function.name()) && !function.is_wrapper())
            .map(span)
            .collect()
    }

    fn hosts_of(&self, names: &[&str]) -> Vec<(FunctionSpan, Vec<String>)> {
        let hosts = self.hosts_of(names).into_iter();
        hosts
            .map(|(function, inlined)| (span(function), inlined))
            .collect()
    }

    fn code(&self, at: ElfAddr, len: usize) -> Option<&[u8]> {
        self.code(at, len)
    }

    fn file_offset(&self, at: ElfAddr) -> Option<FileOffset> {
        self.file_offset(at)
    }

    fn build_setting(&self, key: &str) -> Option<&str> {
        self.build_info().setting(key)
    }

    fn largest_small_bytes(&self) -> u16 {
        self.malloc_rules().largest_small_bytes()
    }

    fn grows_slices_by_parts(&self) -> bool {
        !self.version().at_least(1, 20)
    }

    fn config(&self) -> wire::Config {
        let types = self.types_range();
        let layout = self.runtime_layout();
        let offset = |of: fn(&crate::golang::RuntimeLayout) -> u16| layout.as_ref().map_or(0, of);
        let counters = self.counter_layout();
        let of_counters = |of: fn(&CounterLayout) -> u16| counters.as_ref().map_or(0, of);
        wire::Config {
            types_start: types.start.0,
            types_end: types.end.0,
            g_m: offset(|layout| layout.g_m),
            m_p: offset(|layout| layout.m_p),
            p_mcache: offset(|layout| layout.p_mcache),
            mcache_tinyoffset: offset(|layout| layout.mcache_tinyoffset),
            mcache_tiny_allocs: of_counters(|layout| layout.mcache_tiny_allocs),
            mcache_alloc: of_counters(|layout| layout.mcache_alloc),
            mspan_alloc_count: of_counters(|layout| layout.mspan_alloc_count),
            mspan_alloc_count_before_cache: of_counters(|layout| {
                layout.mspan_alloc_count_before_cache
            }),
            mspan_nelems: of_counters(|layout| layout.mspan_nelems),
            g_goid: offset(|layout| layout.g_goid),
            m_curg: offset(|layout| layout.m_curg),
            g_labels: offset(|layout| layout.g_labels),
            ..wire::Config::default()
        }
    }
}

fn span(function: Function<'_>) -> FunctionSpan {
    FunctionSpan {
        name: function.name().to_owned(),
        entry: function.entry(),
        end: function.end(),
    }
}
