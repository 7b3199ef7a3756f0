"""Coverage-guided fuzzing: `python -m tools.fuzz` (harnesses, mutators, seeds, long runs)."""
