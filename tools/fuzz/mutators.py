"""Mutators that know the container: boxes are changed one at a time, checksums made to fit again.

Without them every change would end at the first CRC. `mutate_stream` takes a byte mutator, so that
libFuzzer's (atheris.Mutate) and a seeded one (`seeded_bytes`) serve alike.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable
from dataclasses import replace

from codec.core.params import write_index
from codec.errors import NfxError
from codec.wire import tables
from codec.wire.reader import Reader
from conformance.surgery import RawBox, file_header, join

ByteMutator = Callable[[bytes, int], bytes]
MAX_BOXES = 64
_INTERESTING = (0, 1, 2, 16, 31, 32, 63, 64, 127, 128, 254, 255)
_NEW_BOXES = (b"VIEW", b"META", b"EXTR", b"REST", b"MLRA", b"note", b"NEED", b"TILE", b"END ")


def seeded_bytes(rng: random.Random) -> ByteMutator:
    """A byte mutator without libFuzzer: a few flips, sets, insertions, deletions, copies."""

    def mutate(data: bytes, max_size: int) -> bytes:
        out = bytearray(data)
        for _ in range(rng.choice((1, 1, 1, 2, 4))):
            _mutate_once(out, rng)
        return bytes(out[:max_size])

    return mutate


def _mutate_once(out: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(out)) if out else 0
    kind = rng.randrange(6) if out else 4
    if kind == 0:
        out[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        out[at] = rng.choice(_INTERESTING)
    elif kind == 2:
        out[at] = (out[at] + rng.choice((-1, 1, 7, -16))) & 255
    elif kind == 3:
        del out[at : at + rng.choice((1, 1, 2, 4, 16))]
    elif kind == 4:
        out[at:at] = rng.randbytes(rng.choice((1, 1, 2, 4, 8)))
    else:
        start, size = rng.randrange(len(out)), rng.choice((1, 2, 4, 8))
        out[at : at + size] = out[start : start + size]


def loose_boxes(data: bytes) -> tuple[bytes, list[RawBox]] | None:
    """(file header, boxes without END) of a stream that need not be valid; None when hopeless."""
    boxes, offset = [], tables.FILE_HEADER_SIZE
    while offset + tables.BOX_HEADER_SIZE <= len(data) and len(boxes) < MAX_BOXES:
        kind = data[offset : offset + 4]
        flags, layer, tile, length = struct.unpack_from("<BBHI", data, offset + 4)
        payload = data[offset + 12 : offset + 12 + length]
        if kind == tables.END:
            break
        boxes.append(RawBox(kind, payload, layer, tile, flags))
        offset += length + tables.BOX_OVERHEAD
    return (data[: tables.FILE_HEADER_SIZE], boxes) if boxes else None


def mutate_stream(data: bytes, max_size: int, rng: random.Random, mutate: ByteMutator) -> bytes:
    """A changed stream whose CRCs, END box and (mostly) index and counts fit again."""
    found = loose_boxes(data)
    if found is None or rng.random() < 0.05:
        return mutate(data[:max_size], max_size)
    header, boxes = found
    room = max(max_size - len(data), 0)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        header, boxes = _change(header, boxes, room, rng, mutate)
    if rng.random() < 0.9:
        boxes = fit_index(boxes, counts=rng.random() < 0.9)
    errors = {}
    if rng.random() < 0.02:
        errors = {"total_error": rng.choice((-1, 1)), "crc_error": rng.choice((0, 1))}
    out = join(header, boxes, **errors)[:max_size]
    return out[: rng.randrange(len(out))] if rng.random() < 0.05 else out


def _change(header: bytes, boxes: list[RawBox], room: int, rng: random.Random,
            mutate: ByteMutator) -> tuple[bytes, list[RawBox]]:
    kind = rng.random()
    if kind < 0.03:
        fields = [tables.MAJOR, tables.MINOR, rng.choice((0, 1, 1, 2)), rng.choice((1, 2, 3, 4, 5))]
        return file_header(*fields, rng.choice((0, 0, 0, 1))), boxes
    if not boxes:
        return header, boxes
    i = rng.randrange(len(boxes))
    if kind < 0.80:
        changed = replace(boxes[i], payload=mutate(boxes[i].payload, len(boxes[i].payload) + room))
        return header, [*boxes[:i], changed, *boxes[i + 1 :]]
    return header, _rearrange(boxes, i, rng)


def _rearrange(boxes: list[RawBox], i: int, rng: random.Random) -> list[RawBox]:
    """Boxes dropped, doubled, exchanged, inserted, or with other header fields."""
    out, kind = list(boxes), rng.randrange(5)
    j = rng.randrange(len(boxes))
    if kind == 0:
        del out[i]
    elif kind == 1:
        out.insert(j, boxes[i])
    elif kind == 2:
        out[i], out[j] = out[j], out[i]
    elif kind == 3:
        new = rng.choice(_NEW_BOXES)
        flags = int(new in tables.CRITICAL_BOXES or new == b"NEED")
        out.insert(j, RawBox(new, rng.randbytes(rng.randrange(8)), flags=flags))
    else:
        field = rng.choice(("layer", "tile", "flags"))
        out[i] = replace(boxes[i], **{field: rng.choice((0, 1, 2, 3, 255))})
    return out


def fit_index(boxes: list[RawBox], counts: bool = True) -> list[RawBox]:
    """INDX sizes as the TILE boxes have them, and HEAD's counts as INDX has them; if readable."""
    heads = [i for i, box in enumerate(boxes) if box.type == tables.HEAD]
    starts = [i for i, box in enumerate(boxes) if box.type == tables.INDX]
    if not heads or not starts:
        return boxes
    out, n = list(boxes), 0
    try:
        for at, end in zip(starts, [*starts[1:], len(boxes)], strict=True):
            tiles = _read_index(boxes[at].payload)
            sizes = {(b.tile, b.layer): len(b.payload)
                     for b in boxes[at:end] if b.type == tables.TILE}
            tiles = [replace(t, sizes=tuple(sizes.get((i, k), s) for k, s in enumerate(t.sizes)))
                     for i, t in enumerate(tiles)]
            n += sum(t.n for t in tiles)
            if tiles:
                out[at] = replace(out[at], payload=write_index(tiles))
        if counts:
            out[heads[0]] = _with_counts(boxes[heads[0]], n, len(starts))
    except (NfxError, struct.error):
        return boxes
    return out


def _with_counts(head: RawBox, n: int, n_tiers: int) -> RawBox:
    r = Reader(head.payload, "box HEAD")
    r.varint()
    rest = bytes(head.payload[r.position : -1])
    return replace(head, payload=_varint(n) + rest + bytes([min(n_tiers, 255)]))


def _read_index(payload: bytes) -> list:
    """The entries of an INDX payload, without any rule about their values."""
    from codec.core.params import TileHeader

    r = Reader(payload, "box INDX")
    n_tiles, n_layers = r.varint(), r.u8()
    r.require(n_tiles <= 64 and n_layers <= 8, "more than a mutation should handle")
    tiles = []
    for _ in range(n_tiles):
        n, zigzags = r.varint(), [r.varint() for _ in range(3)]
        origin = tuple(-((v + 1) >> 1) if v & 1 else v >> 1 for v in zigzags)
        bits = (r.u8(), r.u8(), r.u8())
        tiles.append(TileHeader(n, origin, bits, tuple(r.varint() for _ in range(n_layers))))
    return tiles


def _varint(value: int) -> bytes:
    from codec.wire.writer import Writer

    out = Writer()
    out.varint(value)
    return out.getvalue()
