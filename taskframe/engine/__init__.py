"""Sends: transport, limits, concurrency, retries, conflicts, on one background loop."""
