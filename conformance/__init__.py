"""Conformance suite of NFX: streams with known results, and the judge of any decoder."""
