//! From kernel maps and ring records to raw counts.
