//! Loading the BPF programs and putting probes on and off.
