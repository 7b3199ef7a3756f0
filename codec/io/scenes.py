"""Any splat scene file a user is likely to have, told apart by content. NumPy; Pillow for SOG."""

from __future__ import annotations

import os
from pathlib import Path

from codec.errors import SceneError, UsageError
from codec.io import glb, sog, spz
from codec.io.atomic import atomic_write, check_writable
from codec.io.compressed_ply import compressed_ply_bytes
from codec.io.ply import read_ply, write_ply
from codec.io.report import ReadReport
from codec.io.source import whole_file
from codec.io.splat32 import read_splat32, splat32_bytes
from codec.scene import Splats

READABLE = (".ply", ".compressed.ply", ".spz", ".splat", ".sog", ".glb")
WRITABLE = READABLE
_CONVERT = "convert it to .ply first, for example with splat-transform"
_FOREIGN_MAGICS = {
    b"\x89NFX": "is already NFX; decode it with splatdec",
    b"RAD0": f"is a Spark RAD file and cannot be read; {_CONVERT}",
}
_FOREIGN_SUFFIXES = {
    ".ksplat": f"is a .ksplat file and cannot be read; {_CONVERT}",
    ".nfx": "is already NFX; decode it with splatdec",
}


def read_scene(path: str | os.PathLike[str], report: ReadReport | None = None) -> Splats:
    """Read a .ply, .compressed.ply, .spz (1 to 4), .splat, .sog or .glb file.

    The content decides; only .splat, which has no magic, is known by its extension. Values are
    returned as the file has them, also infinite opacities of the 8-bit formats: see
    `codec.io.clean`. Raises SceneError in one line for everything else.
    """
    report = report if report is not None else ReadReport()
    path = Path(path)
    data = whole_file(path)
    report.n_bytes = len(data)
    head, suffix = bytes(data[:4]), path.suffix.lower()
    try:
        if head[:3] == b"ply":
            return read_ply(data, report=report)
        if head == spz.MAGIC or head[:2] == spz.GZIP_MAGIC:
            return spz.read_spz(data, report)
        if head == sog.MAGIC:
            return sog.read_sog(data, report)
        if head == glb.MAGIC:
            return glb.read_glb(data, report)
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


def write_scene(
    path: str | os.PathLike[str], splats: Splats, *, overwrite: bool = False, spz_version: int = 3,
) -> list[str]:
    """Write `splats` in the format that the extension of `path` names (WRITABLE), atomically.

    spz_version: 2, 3 or 4, of .spz files. Returns what the format could not carry, one line each.
    Raises UsageError for another extension and as `write_ply` does, SceneError for values the
    format cannot hold, BackendError when a package is missing.
    """
    suffix = suffix_of(path)
    if suffix == ".ply":
        write_ply(path, splats, overwrite=overwrite)
        return []
    check_writable(path, overwrite)
    writers = {
        ".compressed.ply": compressed_ply_bytes, ".splat": splat32_bytes, ".sog": sog.sog_bytes,
        ".glb": glb.glb_bytes, ".spz": lambda scene: spz.spz_bytes(scene, spz_version),
    }
    atomic_write(path, writers[suffix](_finite(splats)), overwrite)
    return _lost(suffix, splats)


def suffix_of(path: str | os.PathLike[str]) -> str:
    """The one of WRITABLE that `path` ends in. Raises UsageError when there is none."""
    name = Path(path).name.lower()
    found = [suffix for suffix in WRITABLE if name.endswith(suffix)]
    if not found:
        raise UsageError(f"{path}: scenes are written as {', '.join(WRITABLE)}")
    return max(found, key=len)


def _finite(splats: Splats) -> Splats:
    """Formats of few bits have no NaN: the rule of `codec.io.clean`."""
    from codec.io.clean import clean

    return clean(splats)[0]


def _lost(suffix: str, splats: Splats) -> list[str]:
    lost = []
    if suffix == ".splat" and splats.sh_degree:
        lost.append(f".splat has no SH: degrees 1 to {splats.sh_degree} are lost")
    if suffix in (".splat", ".glb") and splats.antialiased:
        lost.append(f"{suffix} cannot say that the scene was trained antialiased")
    if splats.extra:
        lost.append(f"{suffix} has no place for extra properties: {', '.join(splats.extra)}")
    dropped = splats.n_gaussians - _finite(splats).n_gaussians
    if dropped:
        lost.append(f"{dropped} Gaussians with values no renderer can use")
    return lost
