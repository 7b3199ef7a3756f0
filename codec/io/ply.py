"""Splat scenes as PLY, the format graphdeco, gsplat, Brush and SuperSplat exchange. NumPy only."""

from __future__ import annotations

import itertools
import os
import re
import warnings
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from codec.errors import SceneError
from codec.io.atomic import atomic_write
from codec.io.ply_table import Columns, Header, parse_header, read_elements
from codec.io.report import ReadReport
from codec.io.source import whole_file
from codec.scene import Splats

_MEANS = ["x", "y", "z"]
_NORMALS = ["nx", "ny", "nz"]
_SH0 = ["f_dc_0", "f_dc_1", "f_dc_2"]
_SCALES = ["scale_0", "scale_1", "scale_2"]
_QUATS = ["rot_0", "rot_1", "rot_2", "rot_3"]
_REQUIRED = [*_MEANS, *_SH0, "opacity", *_SCALES, *_QUATS]
_PACKED = "packed_position"  # only compressed PLY has it
_REST_COUNTS = (0, 9, 24, 45)
_PLY_TYPES = {
    "i1": "char", "u1": "uchar", "i2": "short", "u2": "ushort", "i4": "int", "u4": "uint",
    "f4": "float", "f8": "double",
}  # fmt: skip
_EXACT_INTEGERS = 2**53  # in a double
_BASE = " base"  # no property of a PLY file has a blank in its name
_ROWS_PER_BLOCK = 4096  # keeps the SH transpose inside the cache


def read_ply(
    path_or_bytes: str | os.PathLike[str] | bytes | bytearray | memoryview,
    *,
    report: ReadReport | None = None,
) -> Splats:
    """Read a splat scene from a PLY file, or from its bytes.

    Properties are found by name, in any order and of any PLY scalar type; ASCII and both
    binary byte orders; other elements and list properties are skipped. SH degree 0..3 follows
    from the number of f_rest properties (0, 9, 24, 45; channel-major as graphdeco stores them).
    Further properties go to `Splats.extra`, also normals that are not all zero. NaN and
    infinite values are returned as they are: see `codec.io.clean`.
    PlayCanvas compressed PLY is decoded too. Raises SceneError for anything else, and when the
    file cannot be opened.
    """
    report = report if report is not None else ReadReport()
    data = whole_file(path_or_bytes)
    header = parse_header(data)
    vertex = header.element("vertex")
    if vertex is not None and any(p.name == _PACKED for p in vertex.properties):
        from codec.io.compressed_ply import read_compressed_ply

        report.source_format = "compressed ply"
        return read_compressed_ply(data, header, antialiased_from_comments(header.comments))
    if vertex is None:
        raise SceneError("the PLY file has no element 'vertex'")
    report.source_format = f"ply {header.format}"
    _check_names([p.name for p in vertex.properties if not p.count_dtype])
    for prop in vertex.properties:
        if prop.count_dtype:
            report.note(f"list property {prop.name!r} skipped")
    for element in header.elements:
        if element is not vertex:
            report.note(f"PLY element {element.name!r} ({element.count} rows) skipped")
    columns = read_elements(data, header, ["vertex"])["vertex"]
    return _to_splats(columns, header, report)


def _check_names(names: list[str]) -> None:
    missing = [name for name in _REQUIRED if name not in names]
    if missing == ["scale_2"]:
        raise SceneError("the PLY holds 2D Gaussians (no scale_2); only 3D Gaussians can be read")
    if missing:
        raise SceneError(
            f"not a Gaussian splat PLY: vertex lacks {', '.join(missing[:4])}"
            + (f" and {len(missing) - 4} more" if len(missing) > 4 else "")
        )
    n_rest = len(_rest_names(names))
    if n_rest not in _REST_COUNTS:
        raise SceneError(f"{n_rest} f_rest properties; expected 0, 9, 24 or 45 (SH degree 0 to 3)")
    if any(f"f_rest_{i}" not in names for i in range(n_rest)):
        raise SceneError(f"f_rest properties are not numbered 0 to {n_rest - 1}")


def _rest_names(names: list[str]) -> list[str]:
    return [name for name in names if re.fullmatch(r"f_rest_\d+", name)]


def _to_splats(columns: Columns, header: Header, report: ReadReport) -> Splats:
    n_rest = len(_rest_names(list(columns.dtypes)))
    rest = [f"f_rest_{i}" for i in range(n_rest)]
    known = {*_REQUIRED, *_NORMALS, *rest}
    extra_names = [name for name in columns.dtypes if name not in known]
    with np.errstate(invalid="ignore"):  # a signalling NaN is not zero either
        extra_names += [n for n in _NORMALS if n in columns and columns.raw(n).any()]
    doubles = [name for name in [*_REQUIRED, *rest] if columns.dtypes[name] == "f8"]
    if doubles:
        report.note(f"{len(doubles)} properties stored as double were narrowed to float32")
    report.extra += extra_names
    return Splats(
        means=columns.matrix(_MEANS),
        log_scales=columns.matrix(_SCALES),
        quats=columns.matrix(_QUATS),
        opacity_logits=columns.matrix(["opacity"])[:, 0],
        sh0=columns.matrix(_SH0),
        shN=_coefficient_major(columns, rest),
        antialiased=antialiased_from_comments(header.comments),
        extra={name: columns.column(name) for name in extra_names},
        comments=header.comments,
    )


def _coefficient_major(columns: Columns, names: list[str]) -> NDArray[np.float32]:
    """f_rest (all red, then all green, then all blue) to [N, K-1, 3]."""
    n, k = columns.count, len(names) // 3
    out = np.empty((n, k, 3), np.float32)
    for channel in range(3) if k else ():
        out[:, :, channel] = columns.matrix(names[channel * k : (channel + 1) * k])
    return out


def antialias_flag(comment: str) -> bool | None:
    """What one header comment says about antialiased training; None when it says nothing.

    Recognised, in any case: ``SplatRenderMode: mip|default`` (Brush, gsplat, splat-transform),
    ``antialiased 1|0`` (Postshot) and ``train_flags ... antialiasing`` (graphdeco issue 1209).
    """
    text = comment.strip().lower()
    if match := re.fullmatch(r"splatrendermode\s*:\s*(\w+)", text):
        return match[1] == "mip"
    if match := re.fullmatch(r"antialiased\s*[:=]?\s*([01]|true|false)", text):
        return match[1] in ("1", "true")
    if match := re.fullmatch(r"train_flags\s+(.*)", text):
        return "antialiasing" in re.split(r"[\s,]+", match[1])
    return None


def antialiased_from_comments(comments: tuple[str, ...]) -> bool:
    """The last recognised flag counts; false when there is none."""
    flags = [flag for flag in map(antialias_flag, comments) if flag is not None]
    return flags[-1] if flags else False


def write_ply(
    path: str | os.PathLike[str],
    splats: Splats,
    *,
    normals: bool = True,
    extra: bool = True,
    overwrite: bool = False,
) -> None:
    """Write `splats` as binary little endian PLY, in graphdeco's property order, atomically.

    normals: write nx, ny, nz (zero, or those of `extra`); the graphdeco viewer expects them.
    extra:   write `splats.extra` after rot_3.
    Comments are written back in ASCII; an antialiased scene gets ``SplatRenderMode: mip``.
    Raises UsageError when `path` exists and `overwrite` is false, SceneError for an extra
    property that is not one number per Gaussian.
    """
    atomic_write(path, _ply_parts(splats, normals, extra), overwrite)


def ply_bytes(splats: Splats, *, normals: bool = True, extra: bool = True) -> bytes:
    """The bytes `write_ply` writes."""
    return b"".join(bytes(part) for part in _ply_parts(splats, normals, extra))


class PlyTable:
    """The file `write_ply` makes, in pieces: a header for any count, then rows in blocks.

    Rows of one scene decoded in parts may so be written by several processes.
    """

    def __init__(self, splats: Splats, normals: bool = True, extra: bool = True) -> None:
        """Layout for the SH degree, flags, comments and extra properties of `splats`."""
        k = splats.shN.shape[1]
        self._splats = splats
        self._extras = _ply_extras(splats) if extra else {}
        rest = (f"f_rest_{i}" for i in range(3 * k))
        names = [*_MEANS, *(_NORMALS if normals else []), *_SH0, *rest]
        names += ["opacity", *_SCALES, *_QUATS]
        self._names = names
        tail = {name: values for name, values in self._extras.items() if name not in names}
        columns = [(name, "<" + values.dtype.str[1:]) for name, values in tail.items()]
        self._types = dict.fromkeys(names, "float")
        self._types |= {name: _PLY_TYPES[values.dtype.str[1:]] for name, values in tail.items()}
        self._dtype = np.dtype([(_BASE, "<f4", (len(names),)), *columns])

    @property
    def row_bytes(self) -> int:
        return self._dtype.itemsize

    def header(self, count: int) -> bytes:
        """The text header of a file with `count` rows."""
        return _header_text(self._splats, self._types, count)

    def row_blocks(self) -> Iterator[memoryview]:
        """All rows, a block at a time: the whole table need never be in memory.

        A block is valid until the next one is asked for.
        """
        splats, n = self._splats, self._splats.n_gaussians
        rows = np.empty(min(n, _ROWS_PER_BLOCK), self._dtype)
        first = self._names.index("f_dc_0")
        for start in range(0, n, _ROWS_PER_BLOCK):
            block = slice(start, min(start + _ROWS_PER_BLOCK, n))
            part = rows[: block.stop - start]
            _fill_base(part[_BASE], splats, block, first)
            for name, values in self._extras.items():
                if name in self._names:  # normals
                    part[_BASE][:, self._names.index(name)] = values[block]
                else:
                    part[name] = values[block]
            yield part.view(np.uint8).data


def _ply_parts(splats: Splats, normals: bool, extra: bool) -> Iterator[bytes | memoryview]:
    table = PlyTable(splats, normals, extra)
    return itertools.chain([table.header(splats.n_gaussians)], table.row_blocks())


def _fill_base(block: NDArray, splats: Splats, rows: slice, first: int) -> None:
    """The float columns of `rows`; first: column of f_dc_0. Normals, if any, are zero."""
    k = splats.shN.shape[1]
    block[:, 0:3] = splats.means[rows]
    block[:, 3:first] = 0
    block[:, first : first + 3] = splats.sh0[rows]
    for channel in range(3):
        at = first + 3 + channel * k
        block[:, at : at + k] = splats.shN[rows, :, channel]
    at = first + 3 + 3 * k
    block[:, at] = splats.opacity_logits[rows]
    block[:, at + 1 : at + 4] = splats.log_scales[rows]
    block[:, at + 4 : at + 8] = splats.quats[rows]


def _ply_extras(splats: Splats) -> dict[str, NDArray]:
    """Extra properties as types PLY has: `column_dtype`, or double for integers beyond all.

    A name that PLY cannot hold is written as one that it can, with a warning.
    """
    taken = {*_REQUIRED, *(f"f_rest_{i}" for i in range(45))}
    plain = {name for name in splats.extra if _is_token(name) and name not in taken}
    taken |= plain
    out = {}
    for name, values in splats.extra.items():
        values = np.asarray(values)
        if values.shape != (splats.n_gaussians,) or values.dtype.kind not in "biuf":
            raise SceneError(f"the extra property {name!r} is not one number per Gaussian")
        written = name if name in plain else _token(name, taken)
        if written != name:
            warnings.warn(f"PLY cannot name a property {name!r}: it is written as {written!r}",
                          stacklevel=2)
        taken.add(written)
        out[written] = values.astype(column_dtype(values) or "f8", copy=False)
    return out


def _is_token(name: str) -> bool:
    return re.fullmatch(r"[!-~]+", name) is not None


def _token(name: str, taken: set[str]) -> str:
    """`name` in visible ASCII, unlike all in `taken`."""
    text = name.encode("ascii", "backslashreplace").decode("ascii")
    text = re.sub(r"[^!-~]", "_", text)
    while not text or text in taken:
        text += "_"
    return text


def column_dtype(values: NDArray) -> str | None:
    """The type of PLY, and of EXTR, that holds all values exactly; None where there is none."""
    kind, size = values.dtype.kind, values.dtype.itemsize
    if kind == "b":
        return "u1"
    if kind == "f":
        return {2: "f4", 4: "f4", 8: "f8"}.get(size)
    if kind not in "iu":
        return None
    if size <= 4:
        return f"{kind}{size}"
    low, high = (int(values.min()), int(values.max())) if values.size else (0, 0)
    for dtype in ("i4", "u4"):
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return dtype
    return "f8" if -_EXACT_INTEGERS <= low and high <= _EXACT_INTEGERS else None


def _header_text(splats: Splats, types: dict[str, str], count: int) -> bytes:
    lines = ["ply", "format binary_little_endian 1.0"]
    lines += [f"comment {text}" for text in _comments_to_write(splats)]
    lines.append(f"element vertex {count}")
    lines += [f"property {kind} {name}" for name, kind in types.items()]
    # plyfile, which the graphdeco code uses, refuses headers that are not ASCII.
    return "\n".join([*lines, "end_header", ""]).encode("ascii", "backslashreplace")


def _comments_to_write(splats: Splats) -> list[str]:
    """The scene's comments without flags that contradict `antialiased`."""
    kept = [
        " ".join(text.split())
        for text in splats.comments
        if antialias_flag(text) in (None, splats.antialiased)
    ]
    if splats.antialiased and not any(t.lower().startswith("splatrendermode") for t in kept):
        kept.append("SplatRenderMode: mip")
    return kept
