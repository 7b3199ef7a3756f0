"""Streams taken apart and put together again, on purpose also wrongly."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, replace

from codec.core.params import CodingParams, SceneHeader, TileHeader, read_index, write_index
from codec.wire import tables
from codec.wire.checksum import crc32c


@dataclass(frozen=True, slots=True)
class RawBox:
    """A box as bytes say it, without any rule."""

    type: bytes
    payload: bytes
    layer: int = 0
    tile: int = 0
    flags: int = 0

    def to_bytes(self) -> bytes:
        body = self.type + struct.pack("<BBHI", self.flags, self.layer, self.tile,
                                       len(self.payload)) + self.payload
        return body + struct.pack("<I", crc32c(body))


def file_header(major=tables.MAJOR, minor=tables.MINOR, profile=0, level=1, reserved=0) -> bytes:
    body = tables.MAGIC + struct.pack("<BBBBI", major, minor, profile, level, reserved)
    return body + struct.pack("<I", crc32c(body))


def take_apart(data: bytes) -> tuple[bytes, list[RawBox]]:
    """(file header, boxes without END) of a valid stream."""
    boxes, offset = [], tables.FILE_HEADER_SIZE
    while offset < len(data):
        kind = data[offset : offset + 4]
        flags, layer, tile, length = struct.unpack_from("<BBHI", data, offset + 4)
        payload = data[offset + 12 : offset + 12 + length]
        boxes.append(RawBox(kind, payload, layer, tile, flags))
        offset += length + tables.BOX_OVERHEAD
    return data[: tables.FILE_HEADER_SIZE], boxes[:-1]


def join(header: bytes, boxes: list[RawBox], *, total_error: int = 0, crc_error: int = 0) -> bytes:
    """A stream with an END box that fits (but for the errors asked for)."""
    parts = [box.to_bytes() for box in boxes]
    total = len(header) + sum(map(len, parts)) + tables.BOX_OVERHEAD + 12
    digest = crc32c(b"".join(part[-4:] for part in parts)) ^ crc_error
    end = RawBox(tables.END, struct.pack("<QI", total + total_error, digest), flags=1)
    return b"".join([header, *parts, end.to_bytes()])


def index_of(boxes: list[RawBox], kind: bytes, nth: int = 0) -> int:
    return [i for i, box in enumerate(boxes) if box.type == kind][nth]


def nest(streams: list[bytes]) -> bytes:
    """One stream whose tiers are those of several, which have the same profile and SH degree.

    HEAD, its flags and ancillary boxes are those of the first.
    """
    header, boxes = take_apart(streams[0])
    at, n, n_tiers = index_of(boxes, tables.HEAD), 0, 0
    for i, data in enumerate(streams):
        _, found = take_apart(data)
        head = SceneHeader.read(found[index_of(found, tables.HEAD)].payload)
        n, n_tiers = n + head.n_gaussians, n_tiers + head.n_tiers
        if i:
            boxes += [box for box in found if box.type in tables.CRITICAL_BOXES - {tables.HEAD}]
    first = SceneHeader.read(boxes[at].payload)
    whole = replace(first, n_gaussians=n, n_tiers=n_tiers)
    return join(header, [*boxes[:at], replace(boxes[at], payload=whole.write()), *boxes[at + 1 :]])


def edit_payload(data: bytes, kind: bytes, change: Callable[[bytes], bytes], nth: int = 0, *,
                 fix_index: bool = False) -> bytes:
    """Replace one box's payload; all CRCs, and INDX when asked, are made to fit."""
    header, boxes = take_apart(data)
    i = index_of(boxes, kind, nth)
    boxes[i] = replace(boxes[i], payload=change(boxes[i].payload))
    if fix_index:
        boxes = with_sizes(boxes)
    return join(header, boxes)


def edit_box(data: bytes, kind: bytes, nth: int = 0, **changes) -> bytes:
    header, boxes = take_apart(data)
    i = index_of(boxes, kind, nth)
    boxes[i] = replace(boxes[i], **changes)
    return join(header, boxes)


def read_parts(boxes: list[RawBox]) -> tuple[SceneHeader, CodingParams, list[TileHeader]]:
    """HEAD, MODL and INDX of a lossy stream's first tier."""
    head = SceneHeader.read(boxes[index_of(boxes, tables.HEAD)].payload)
    params = CodingParams.read(boxes[index_of(boxes, tables.MODL)].payload, head.sh_degree)
    payload = boxes[index_of(boxes, tables.INDX)].payload
    return head, params, read_index(payload, len(params.layers), tables.LEVELS[4])


def with_sizes(boxes: list[RawBox]) -> list[RawBox]:
    """INDX rewritten so that its sizes are those of the TILE boxes."""
    _, _, tiles = read_parts(boxes)
    sizes = {(b.tile, b.layer): len(b.payload) for b in boxes if b.type == tables.TILE}
    tiles = [replace(t, sizes=tuple(sizes[i, k] for k in range(len(t.sizes))))
             for i, t in enumerate(tiles)]
    return with_tiles(boxes, tiles)


def with_tiles(boxes: list[RawBox], tiles: list[TileHeader]) -> list[RawBox]:
    i = index_of(boxes, tables.INDX)
    return [*boxes[:i], replace(boxes[i], payload=write_index(tiles)), *boxes[i + 1 :]]


def edit_params(data: bytes, **changes) -> bytes:
    """Change fields of MODL, legal or not."""
    header, boxes = take_apart(data)
    _, params, _ = read_parts(boxes)
    i = index_of(boxes, tables.MODL)
    boxes[i] = replace(boxes[i], payload=replace(params, **changes).write())
    return join(header, boxes)


def edit_field(data: bytes, name: str, **changes) -> bytes:
    """Change one field_model of MODL."""
    _, params, _ = read_parts(take_apart(data)[1])
    fields = {**params.fields, name: replace(params.fields[name], **changes)}
    return edit_params(data, fields=fields)


def edit_tile(data: bytes, nth: int = 0, **changes) -> bytes:
    """Change one row of INDX."""
    header, boxes = take_apart(data)
    _, _, tiles = read_parts(boxes)
    tiles[nth] = replace(tiles[nth], **changes)
    return join(header, with_tiles(boxes, tiles))
