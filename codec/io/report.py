"""What a reader noticed about a file: nothing is dropped or changed in silence."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ReadReport:
    """Filled by the readers of `codec.io` when the caller passes one.

    source_format: e.g. ``"ply binary_little_endian"``, ``"spz v4"``.
    extra:         names of per-Gaussian properties a splat does not need, kept in `Splats.extra`.
    n_bytes:       length of the file.
    notes:         one human line for everything else worth knowing (narrowed types, skipped
                   elements, ignored flags).
    """

    source_format: str = ""
    n_bytes: int = 0
    extra: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def note(self, line: str) -> None:
        """Add one line, once."""
        if line not in self.notes:
            self.notes.append(line)

    def lines(self) -> list[str]:
        """Human lines, empty when there is nothing to say."""
        kept = [f"extra properties kept: {', '.join(self.extra)}"] if self.extra else []
        return kept + self.notes
