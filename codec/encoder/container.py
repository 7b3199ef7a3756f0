"""Boxes put into a finished stream."""

from __future__ import annotations

import struct

from codec.core.params import SceneHeader, read_index
from codec.encoder.assemble import level_for
from codec.wire import boxes, tables
from codec.wire.boxes import Box, FileHeader
from codec.wire.checksum import crc32c


def add_boxes(data: bytes, new: list[Box]) -> bytes:
    """A valid stream with ancillary boxes added right after HEAD; all else byte by byte as before.

    The level in the file header is raised where the longer stream needs it.
    """
    view, offset, found = memoryview(data), tables.FILE_HEADER_SIZE, []
    while not found or found[-1].type != tables.END:
        found.append(boxes.read_box(view, offset))
        offset += found[-1].size
    body = [found[0], *new, *found[1:-1]]
    written = [boxes.write_box(box) for box in body]
    total = tables.FILE_HEADER_SIZE + sum(map(len, written)) + tables.BOX_OVERHEAD + 12
    digest = crc32c(b"".join(raw[-4:] for raw in written))
    end = boxes.write_box(Box(tables.END, struct.pack("<QI", total, digest)))
    header = boxes.read_file_header(view)
    level = max(header.level, _level(found, header.level, total))
    return b"".join([boxes.write_file_header(FileHeader(header.profile, level)), *written, end])


def _level(found: list[Box], level: int, total: int) -> int:
    head = SceneHeader.read(found[0].payload)
    payload = next(box.payload for box in found if box.type == tables.INDX)
    layers = {box.layer for box in found if box.type == tables.TILE}
    tiles = read_index(payload, head, len(layers), tables.LEVELS[level])
    largest = max((tile.n for tile in tiles), default=0)
    return level_for(head.n_gaussians, len(tiles), largest, total)
