"""Ancillary boxes an encoder adds: default views, extra properties, source metadata."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from codec.decoder.extras import MAX_COLUMNS, write_extra
from codec.errors import SceneError
from codec.scene import Camera, Splats
from codec.wire.boxes import Box
from codec.wire.tables import EXTR, META, VIEW
from codec.wire.views import MAX_SIDE, MAX_VIEWS, write_views

_EXACT_INTEGERS = 2**53
"""In a double."""


def ancillary_boxes(splats: Splats, views: list[Camera] | None) -> list[Box]:
    """splats: in stream order (its extra columns are written as they stand)."""
    boxes = []
    if views:
        boxes.append(Box(VIEW, write_views(views)))
    if splats.extra:
        boxes.append(Box(EXTR, write_extra(splats)))
    if splats.comments:
        text = json.dumps({"comments": list(splats.comments)}, ensure_ascii=False)
        boxes.append(Box(META, text.encode("utf-8")))
    return boxes


def check_views(views: list[Camera] | None) -> None:
    """Raise SceneError for default views that no stream can carry (R-VIEW-01, R-VIEW-02)."""
    if len(views or []) > MAX_VIEWS:
        raise SceneError(f"{len(views)} default views are too many: give at most {MAX_VIEWS}")
    for view in views or []:
        _check_text(view.name, "view name")
        if not (1 <= view.width <= MAX_SIDE and 1 <= view.height <= MAX_SIDE):
            raise SceneError(f"the default view {view.name} has {view.width}x{view.height} pixels: "
                             f"a file holds views of 1 to {MAX_SIDE} a side; resize its camera")


def storable_extra(splats: Splats) -> Splats:
    """`splats` with extra columns in types that EXTR has: bool as uint8, half as float32, 64-bit
    integers as the first of int32, uint32 and float64 that holds them all.

    Raises SceneError for more than 255 columns, and for one that is not a number per Gaussian or
    that no type holds (R-EXTR-01, R-EXTR-03).
    """
    if len(splats.extra) > MAX_COLUMNS:
        raise SceneError(f"{len(splats.extra)} extra properties: a file holds at most "
                         f"{MAX_COLUMNS}; drop some, or leave --keep-extra out")
    found = {}
    for name, values in splats.extra.items():
        _check_text(name, "extra property")
        values = np.asarray(values)
        dtype = _extra_dtype(values) if values.shape == (splats.n_gaussians,) else None
        if dtype is None:
            raise SceneError(f"the extra property {name!r} is not one number per Gaussian that "
                             "fits 32-bit integers or doubles")
        found[name] = values.astype(dtype, copy=False)
    return replace(splats, extra=found)


def _extra_dtype(values: NDArray) -> str | None:
    """The type of EXTR that holds all values exactly; None where there is none."""
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


def _check_text(text: str, what: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SceneError(f"the {what} {text!r} is not valid Unicode; rename it") from error
