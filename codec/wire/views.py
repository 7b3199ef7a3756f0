"""Default views: the VIEW box (spec 04)."""

from __future__ import annotations

import math

import numpy as np

from codec.scene import Camera
from codec.wire.reader import Reader
from codec.wire.writer import Writer

MAX_VIEWS = 1024
MAX_SIDE = 16384


def write_views(cameras: list[Camera]) -> bytes:
    out = Writer()
    out.varint(len(cameras))
    for camera in cameras:
        out.text(camera.name)
        out.varint(camera.width)
        out.varint(camera.height)
        for value in (camera.fx, camera.fy, camera.cx, camera.cy):
            out.f64(value)
        for value in camera.world_to_camera[:3].reshape(-1).tolist():
            out.f64(value)
    return out.getvalue()


def read_views(payload) -> list[Camera]:
    """Raises BadValue or Truncated."""
    r = Reader(payload, "box VIEW")
    count = r.varint()
    r.require(count <= MAX_VIEWS, f"more than {MAX_VIEWS} default views")
    cameras = [_read_view(r) for _ in range(count)]
    r.end()
    return cameras


def _read_view(r: Reader) -> Camera:
    name, width, height = r.text(), r.varint(), r.varint()
    values = [r.f64() for _ in range(16)]
    r.require(1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE, "a view's size is out of range")
    r.require(all(math.isfinite(v) for v in values), "a view has a value that is not finite")
    r.require(values[0] > 0 and values[1] > 0, "a view's focal length is not positive")
    matrix = np.eye(4)
    matrix[:3] = np.array(values[4:]).reshape(3, 4)
    return Camera(matrix, *values[:4], width, height, name)
