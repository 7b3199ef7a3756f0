"""Coding tools, both directions per file. Integers, NumPy and constriction."""
