"""Decisions of the encoder."""
