"""Ancillary boxes an encoder adds: default views, extra properties, source metadata."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from codec.decoder.extras import MAX_COLUMNS, write_extra
from codec.errors import FormatError, SceneError
from codec.io.ply import column_dtype
from codec.scene import Camera, Splats
from codec.wire.boxes import Box
from codec.wire.tables import EXTR, META, VIEW
from codec.wire.views import MAX_VIEWS, read_views, write_views


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
    """Raise SceneError for default views that a decoder would refuse (R-VIEW-01 to R-VIEW-03)."""
    if len(views or []) > MAX_VIEWS:
        raise SceneError(f"{len(views)} default views are too many: give at most {MAX_VIEWS}")
    for view in views or []:
        _check_text(view.name, "view name")
        try:
            read_views(write_views([view]))
        except FormatError as error:
            raise SceneError(f"the default view {view.name} of {view.width}x{view.height} pixels "
                             f"cannot be stored: {error}") from error


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
        dtype = column_dtype(values) if values.shape == (splats.n_gaussians,) else None
        if dtype is None:
            raise SceneError(f"the extra property {name!r} is not one number per Gaussian that "
                             "fits 32-bit integers or doubles")
        found[name] = values.astype(dtype, copy=False)
    return replace(splats, extra=found)


def _check_text(text: str, what: str) -> None:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise SceneError(f"the {what} {text!r} is not valid Unicode; rename it") from error
