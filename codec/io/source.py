"""Whole files into memory, with errors a user can act on."""

from __future__ import annotations

import os
from pathlib import Path

from codec.errors import SceneError


def whole_file(source: str | os.PathLike[str] | bytes | bytearray | memoryview) -> memoryview:
    """The bytes of a file, or the given bytes. Raises SceneError when it cannot be read."""
    if isinstance(source, (bytes, bytearray, memoryview)):
        return memoryview(source).cast("B")
    path = Path(source)
    try:
        if path.is_dir():
            raise SceneError(f"{path} is a folder; give a file")
        return memoryview(path.read_bytes())
    except OSError as error:
        raise SceneError(f"cannot read {path}: {error.strerror or error}") from error
