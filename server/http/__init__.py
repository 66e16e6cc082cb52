"""HTTP: the typed route table and what surrounds every request: identity, limits, errors, caching, telemetry."""
