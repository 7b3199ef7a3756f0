"""Boxes put into a finished stream, or left out of it."""

from __future__ import annotations

from dataclasses import replace

from codec.decoder.parse import Stream, parse
from codec.encoder.assemble import join_boxes
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

    Tiers that a later one of these replaces are left out, and so are columns of extra properties
    (EXTR) when any tier is: they belong to all Gaussians. Raises UsageError when there are fewer
    tiers.
    """
    stream = parse(data, replace(_ANY, allow_partial=False))
    stream.check_tiers(count)
    n_tiers = stream.header.n_tiers
    kept = stream.shown(count)
    dropped = {tables.EXTR} if len(kept) < n_tiers else set()
    starts = [i for i, box in enumerate(stream.boxes) if box.type == tables.MODL]
    start, end = starts[count - len(kept)], [*starts, len(stream.boxes) - 1][count]
    header = replace(stream.header, n_gaussians=stream.n_shown(count), n_tiers=len(kept))
    head = replace(stream.boxes[0], payload=header.write())
    before = [box for box in stream.boxes[1:start] if box.type not in tables.CRITICAL_BOXES]
    model = stream.boxes[start]
    if stream.replaces(kept[0]):  # it is the first one now
        model = replace(model, payload=replace(kept[0].params, shrink=0).write())
    body = [box for box in (*before, model, *stream.boxes[start + 1 : end])
            if box.type not in dropped]
    stream.tiers = kept
    return _joined(stream, [head, *body])


def _joined(stream: Stream, body: list[Box]) -> bytes:
    """`body` as a stream of the profile, tiers and at least the level of `stream`."""
    tiles = [tile for tier in stream.tiers for tile in tier.tiles]
    header = stream.file_header
    return join_boxes(header.profile, body, tiles, header.level)
