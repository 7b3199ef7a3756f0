"""Boxes put into a finished stream, or left out of it."""

from __future__ import annotations

from dataclasses import replace

from codec.decoder.parse import Stream, parse
from codec.encoder.assemble import join_boxes
from codec.errors import UsageError
from codec.options import DecoderLimits
from codec.wire import tables
from codec.wire.boxes import Box

_ANY = DecoderLimits(max_gaussians=1 << 62, max_memory=1 << 62, max_expansion=0)


def add_boxes(data: bytes, new: list[Box]) -> bytes:
    """A valid stream with ancillary boxes added right after HEAD; all else byte by byte as before.

    The level in the file header is raised where the longer stream needs it.
    """
    stream = parse(data, _ANY)
    return _joined(stream, [stream.boxes[0], *new, *stream.boxes[1:-1]])


def first_tiers(data: bytes, count: int) -> bytes:
    """The stream of the first `count` tiers of a whole stream, whole itself.

    Columns of extra properties (EXTR) are left out: they belong to all Gaussians.
    Raises UsageError when there are fewer tiers.
    """
    stream = parse(data, replace(_ANY, allow_partial=False))
    n_tiers = stream.header.n_tiers
    if not 1 <= count <= n_tiers:
        raise UsageError(f"the file has {n_tiers} tier{'s' * (n_tiers > 1)}, not {count}")
    starts = [i for i, box in enumerate(stream.boxes) if box.type == tables.MODL]
    end = starts[count] if count < n_tiers else len(stream.boxes) - 1
    kept = [tile for tier in stream.tiers[:count] for tile in tier.tiles]
    header = replace(stream.header, n_gaussians=sum(tile.n for tile in kept), n_tiers=count)
    body = [replace(stream.boxes[0], payload=header.write()),
            *(box for box in stream.boxes[1:end] if box.type != tables.EXTR or count == n_tiers)]
    stream.tiers = stream.tiers[:count]
    return _joined(stream, body)


def _joined(stream: Stream, body: list[Box]) -> bytes:
    """`body` as a stream of the profile, tiers and at least the level of `stream`."""
    tiles = [tile for tier in stream.tiers for tile in tier.tiles]
    header = stream.file_header
    return join_boxes(header.profile, body, tiles, header.level)
