"""Parsing and reconstruction."""
