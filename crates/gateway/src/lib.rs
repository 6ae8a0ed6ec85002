//! The vendors' dialects over HTTP: listener, limits, routing of paths to the broker.
