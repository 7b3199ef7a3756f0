"""Ancillary boxes an encoder adds: default views, extra properties, source metadata."""

from __future__ import annotations

import json

from codec.decoder.extras import write_extra
from codec.scene import Camera, Splats
from codec.wire.boxes import Box
from codec.wire.tables import EXTR, META, VIEW
from codec.wire.views import write_views


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
