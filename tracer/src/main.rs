//! `goalloc`: where a running Go process allocates its heap.

mod cli;

fn main() -> std::process::ExitCode {
    cli::main()
}
