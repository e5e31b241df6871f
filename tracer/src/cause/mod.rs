//! Why an object was allocated, from the runtime frames above the probe.
