//! Tables, JSON, CSV and histograms made from a profile.
