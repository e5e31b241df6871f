//! Processes and executables: who runs, from which file, mapped where.
