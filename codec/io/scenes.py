"""Any splat scene file a user is likely to have, told apart by content. NumPy only."""

from __future__ import annotations

import os
from pathlib import Path

from codec.errors import SceneError
from codec.io import spz
from codec.io.ply import read_ply
from codec.io.report import ReadReport
from codec.io.source import whole_file
from codec.io.splat32 import read_splat32
from codec.scene import Splats

READABLE = (".ply", ".compressed.ply", ".spz", ".splat")
_CONVERT = "convert it to .ply first, for example with splat-transform"
_FOREIGN_MAGICS = {
    b"PK\x03\x04": f"is a ZIP (SOG?) and cannot be read; {_CONVERT}",
    b"glTF": f"is binary glTF and cannot be read; {_CONVERT}",
    b"\x89NFX": "is already NFX; decode it with splatdec",
    b"RAD0": f"is a Spark RAD file and cannot be read; {_CONVERT}",
}
_FOREIGN_SUFFIXES = {
    ".ksplat": f"is a .ksplat file and cannot be read; {_CONVERT}",
    ".sog": f"is a SOG file and cannot be read; {_CONVERT}",
    ".nfx": "is already NFX; decode it with splatdec",
}


def read_scene(path: str | os.PathLike[str], report: ReadReport | None = None) -> Splats:
    """Read a .ply, .compressed.ply, .spz (1 to 4) or .splat file.

    The content decides; only .splat, which has no magic, is known by its extension. Values are
    returned as the file has them, also infinite opacities of the 8-bit formats: see
    `codec.io.clean`. Raises SceneError in one line for everything else.
    """
    report = report if report is not None else ReadReport()
    path = Path(path)
    data = whole_file(path)
    head, suffix = bytes(data[:4]), path.suffix.lower()
    try:
        if head[:3] == b"ply":
            return read_ply(data, report=report)
        if head == spz.MAGIC or head[:2] == spz.GZIP_MAGIC:
            return spz.read_spz(data, report)
        if suffix == ".splat" and head not in _FOREIGN_MAGICS:
            report.source_format = "splat"
            return read_splat32(data)
    except SceneError as error:
        raise SceneError(f"{path}: {error}", code=error.code) from error
    if not data:
        raise SceneError(f"{path} is empty (0 bytes)")
    reason = _FOREIGN_SUFFIXES.get(suffix) or _FOREIGN_MAGICS.get(head)
    raise SceneError(
        f"{path} {reason}" if reason
        else f"{path} is no splat scene NFX can read ({', '.join(READABLE)}); {_CONVERT}"
    )  # fmt: skip
