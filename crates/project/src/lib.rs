//! jeton.toml read whole or not at all: discovery, diagnostics with places, immutable snapshots.
