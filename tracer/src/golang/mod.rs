//! Go executables: what the file says of functions, frames, types and the runtime.
