"""Bytes -> checked boxes (spec 03). Nothing is decoded and little memory is taken here."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from codec.core.params import CodingParams, SceneHeader, TileHeader, read_index
from codec.errors import (
    BadChecksum,
    BadValue,
    LimitExceeded,
    Truncated,
    UnsupportedError,
    UsageError,
)
from codec.options import DecoderLimits
from codec.wire import boxes as wire_boxes
from codec.wire import tables
from codec.wire.boxes import Box, FileHeader
from codec.wire.checksum import crc32c

if TYPE_CHECKING:
    from codec.core.lossless_model import LosslessParams

RUN_BYTES = 42  # of memory for a byte of MODL that holds dictionaries
FREE_MEMORY = 1 << 27  # what any stream may take, however short
ORDER = {tables.HEAD: 0, tables.MODL: 1, tables.INDX: 2, tables.TILE: 3, tables.END: 4}


@dataclass
class Tier:
    """One tier: its parameters, its index, and payload boxes by (layer, tile of the tier).

    complete_layers: how many layers are whole for all of its tiles; 0 = the tier is not there.
    """

    params: CodingParams | LosslessParams
    layers: tuple[str, ...]
    tiles: list[TileHeader] | None = None
    payloads: dict[tuple[int, int], Box] = field(default_factory=dict)
    complete_layers: int = 0

    @property
    def expected(self) -> int:
        """TILE boxes that the index announces."""
        return len(self.tiles or ()) * len(self.layers)

    @property
    def whole(self) -> bool:
        return self.tiles is not None and len(self.payloads) == self.expected


@dataclass
class Stream:
    """A parsed stream."""

    file_header: FileHeader
    header: SceneHeader | None = None
    tiers: list[Tier] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    ancillary: dict[bytes, Box] = field(default_factory=dict)
    truncated: bool = False
    size: int = 0

    def shown(self, tiers: int | None = None) -> list[Tier]:
        """Tiers that make up the scene (R-DEC-05).   tiers: of the first so many; None = all."""
        used = [t for t in self.tiers[:tiers] if t.complete_layers]
        starts = [i for i, tier in enumerate(used) if self.replaces(tier)]
        return used[starts[-1] :] if starts else used

    def check_tiers(self, count: int | None) -> None:
        """Raise UsageError unless `count` is None or in 1..n_tiers."""
        has = self.header.n_tiers
        if count is not None and not 1 <= count <= has:
            raise UsageError(f"the file has {has} tier{'s' * (has > 1)}, not {count}")

    def replaces(self, tier: Tier) -> bool:
        """Whether `tier` stands for all tiers before it."""
        return not self.lossless and tier.params.shrink == tables.REPLACES

    def shrunk(self, tier: Tier, tiers: int | None = None) -> int:
        """What the tiers after `tier` take off its log scales, 1/64 nat.   tiers: as in `shown`."""
        used = self.shown(tiers)
        later = next(i for i, t in enumerate(used) if t is tier) + 1
        return 0 if self.lossless else sum(t.params.shrink for t in used[later:])

    def places(self, tiers: int | None = None) -> list[tuple[Tier, int]]:
        """(tier, tile of the tier) of all tiles of the scene, in order.   tiers: as in `shown`."""
        return [(tier, tile) for tier in self.shown(tiers) for tile in range(len(tier.tiles))]

    def n_shown(self, tiers: int | None = None) -> int:
        """Gaussians of the scene.   tiers: as in `shown`."""
        return sum(tile.n for tier in self.shown(tiers) for tile in tier.tiles)

    def skipped(self, tiers: int | None = None) -> int:
        """Gaussians of the tiers before the first that is shown."""
        first = next(iter(self.shown(tiers)), None)
        before = self.tiers[: next(i for i, t in enumerate(self.tiers) if t is first)] if first \
            else []
        return sum(tile.n for tier in before for tile in tier.tiles)

    @property
    def lossless(self) -> bool:
        return self.file_header.profile == tables.PROFILE_LOSSLESS


def parse(data: bytes | memoryview, limits: DecoderLimits) -> Stream:
    """Walk all boxes. A stream cut after its first layer is accepted when limits.allow_partial.

    Raises FormatError kinds, UnsupportedError, LimitExceeded.
    """
    view = memoryview(data).cast("B")
    stream = Stream(wire_boxes.read_file_header(view), size=len(view))
    if len(view) > tables.LEVELS[stream.file_header.level].max_bytes:
        raise UnsupportedError("the stream is longer than its level allows", code="level")
    offset, stage = tables.FILE_HEADER_SIZE, -1
    while stage < ORDER[tables.END]:
        try:
            box = wire_boxes.read_box(view, offset)
        except Truncated:
            _check_cut(stream, view, offset, stage, limits)
            return stream
        stage = _accept(stream, box, stage, limits)
        stream.boxes.append(box)
        offset += box.size
    if offset != len(view):
        raise BadValue(f"{len(view) - offset} bytes follow the end box", where=f"byte {offset}")
    for tier in stream.tiers:
        tier.complete_layers = len(tier.layers)
    return stream


def _accept(stream: Stream, box: Box, stage: int, limits: DecoderLimits) -> int:
    if box.type not in ORDER:
        if stage < 0:
            raise BadValue("the first box is not HEAD", where=box.where)
        if box.type in tables.ANCILLARY_BOXES and box.type in stream.ancillary:
            raise BadValue("a box that may occur once is repeated", where=box.where)
        if stage == ORDER[tables.TILE] and not stream.tiers[-1].whole:
            raise BadValue("a box stands between tile boxes", where=box.where)
        _plain(box)
        stream.ancillary[box.type] = box
        return stage
    here = ORDER[box.type]
    if box.type == tables.TILE:
        _accept_tile(stream, box, stage)
        return here
    _plain(box)
    if not _follows(stream, box.type, stage):
        raise BadValue("boxes are out of order, missing or repeated", where=box.where)
    _READERS[box.type](stream, box, limits)
    return here


def _follows(stream: Stream, kind: bytes, stage: int) -> bool:
    """Whether this critical box, not TILE, may stand here (R-BOX-07)."""
    if stage < ORDER[tables.INDX]:
        return ORDER[kind] == stage + 1
    more = len(stream.tiers) < stream.header.n_tiers
    return stream.tiers[-1].whole and kind == (tables.MODL if more else tables.END)


def _plain(box: Box) -> None:
    if box.layer or box.tile:
        raise BadValue("layer and tile must be zero in this box", where=box.where)


def _read_head(stream: Stream, box: Box, limits: DecoderLimits) -> None:
    header = stream.header = SceneHeader.read(box.payload)
    level = tables.LEVELS[stream.file_header.level]
    if header.n_gaussians > level.max_gaussians:
        raise UnsupportedError("the scene exceeds the stream's own level", code="level")
    if header.n_gaussians > limits.max_gaussians:
        raise LimitExceeded(
            f"{header.n_gaussians} Gaussians exceed the limit of {limits.max_gaussians}; "
            "raise max_gaussians (--max-gaussians) to decode"
        )
    check_memory(stream, limits)


def memory_bound(stream: Stream, limits: DecoderLimits) -> int:
    """Bytes that decoding may take: what the caller allows, and what the file's length earns."""
    if not limits.max_expansion:
        return limits.max_memory
    return min(limits.max_memory, FREE_MEMORY + limits.max_expansion * stream.size)


def check_memory(stream: Stream, limits: DecoderLimits, extra: int = 0) -> None:
    """Raise LimitExceeded when the scene and `extra` bytes of columns are more than allowed."""
    header = stream.header
    fixed, each = (256, 56) if stream.lossless else (512, 12)
    need = header.n_gaussians * (fixed + each * (header.sh_degree + 1) ** 2) + extra
    if need > limits.max_memory:
        raise LimitExceeded(
            f"decoding may take {need} bytes, the limit is {limits.max_memory}; "
            "raise max_memory (--max-memory)"
        )
    if need > memory_bound(stream, limits):
        raise LimitExceeded(
            f"{stream.size} bytes of file claim {need} bytes of memory; set max_expansion to 0 "
            "(on the command line, give a limit with --max-memory) if they are to be trusted",
            code="expansion",
        )


def _read_modl(stream: Stream, box: Box, limits: DecoderLimits) -> None:
    if stream.lossless:
        from codec.core.lossless_model import LosslessParams

        check_memory(stream, limits, RUN_BYTES * len(box.payload))
        n_columns = 3 * ((stream.header.sh_degree + 1) ** 2 - 1)
        params = LosslessParams.read(box.payload, n_columns)
        stream.tiers.append(Tier(params, ("base",)))
        return
    params = CodingParams.read(box.payload, stream.header.sh_degree)
    if params.shrink and not stream.tiers:
        raise BadValue("the first tier shrinks what is not there", where=box.where)
    stream.tiers.append(Tier(params, params.layers))


def _read_indx(stream: Stream, box: Box, limits: DecoderLimits) -> None:
    level, before = tables.LEVELS[stream.file_header.level], stream.tiers[:-1]
    tier, n_tiers = stream.tiers[-1], stream.header.n_tiers
    n_tiles = sum(len(t.tiles) for t in before)
    tier.tiles = read_index(box.payload, len(tier.layers), level, n_tiles)
    n = sum(t.n for other in stream.tiers for t in other.tiles)
    if n > stream.header.n_gaussians or (
            n < stream.header.n_gaussians and len(stream.tiers) == n_tiers):
        raise BadValue("tiles do not add up to the scene", where=box.where)
    if n_tiers > 1 and not tier.tiles:
        raise BadValue("a tier has no tiles", where=box.where)


def _read_end(stream: Stream, box: Box, limits: DecoderLimits) -> None:
    if len(box.payload) != 12:
        raise BadValue("the end box has the wrong size", where=box.where)
    total, digest = struct.unpack("<QI", box.payload)
    if total != box.offset + box.size:
        raise BadValue("the total length is wrong", where=box.where)
    if digest != crc_of_crcs(stream.boxes):
        raise BadChecksum("boxes were exchanged or altered", where=box.where)


_READERS = {
    tables.HEAD: _read_head, tables.MODL: _read_modl,
    tables.INDX: _read_indx, tables.END: _read_end,
}


def crc_of_crcs(boxes: list[Box]) -> int:
    return crc32c(b"".join(struct.pack("<I", box.crc) for box in boxes))


def _accept_tile(stream: Stream, box: Box, stage: int) -> None:
    if stage < ORDER[tables.INDX]:
        raise BadValue("a tile box comes before the index", where=box.where)
    tier = stream.tiers[-1]
    if tier.whole:
        raise BadValue("there are more tile boxes than the index lists", where=box.where)
    layer, tile = divmod(len(tier.payloads), len(tier.tiles))
    if (box.layer, box.tile) != (layer, tile):
        raise BadValue("tile boxes are out of order", where=box.where)
    if len(box.payload) != tier.tiles[tile].sizes[layer]:
        raise BadValue("a tile box differs from its index entry", where=box.where)
    tier.payloads[layer, tile] = box


def _check_cut(stream: Stream, view, offset: int, stage: int, limits: DecoderLimits) -> None:
    """Accept a stream that was cut after at least one whole layer, refuse any other end."""
    where = f"byte {offset}"
    if not stream.tiers or not stream.tiers[0].tiles:
        raise Truncated("the file ends before its first layer is whole", where=where)
    _check_next_box(stream, view, offset, stage)
    for tier in stream.tiers:
        tier.complete_layers = len(tier.payloads) // len(tier.tiles) if tier.tiles else 0
    if not stream.tiers[0].complete_layers:
        raise Truncated("the file ends before its first layer is whole", where=where)
    if not limits.allow_partial:
        raise Truncated("the file is cut short", where=where)
    stream.truncated = True
    warnings.warn(f"the file is cut short: decoding a coarser scene, up to {_reached(stream)}",
                  stacklevel=4)


def _reached(stream: Stream) -> str:
    """The last layer of a cut stream in words."""
    there = [tier for tier in stream.tiers if tier.complete_layers]
    last = there[-1]
    text = (f"layer '{last.layers[last.complete_layers - 1]}' "
            f"({last.complete_layers} of {len(last.layers)})")
    n_tiers = stream.header.n_tiers
    return f"tier {len(there)} of {n_tiers}, {text}" if n_tiers > 1 else text


def _check_next_box(stream: Stream, view, offset: int, stage: int) -> None:
    """What is left of the cut box must agree with the boxes before, else it is damage, no cut."""
    head, tier = bytes(view[offset : offset + tables.BOX_HEADER_SIZE]), stream.tiers[-1]
    if stage == ORDER[tables.MODL]:
        announced = _critical_start(tables.INDX)
    elif not tier.whole:
        layer, tile = divmod(len(tier.payloads), len(tier.tiles))
        announced, size = _critical_start(tables.TILE, layer, tile), tier.tiles[tile].sizes[layer]
        if size < 1 << 32:  # else no box has that length
            announced += struct.pack("<I", size)
        if not announced.startswith(head) and (tier.payloads or not _ancillary_start(stream, head)):
            raise BadValue("a tile box differs from its index entry", where=f"byte {offset}")
        return
    elif len(stream.tiers) < stream.header.n_tiers:
        announced = _critical_start(tables.MODL)
    else:
        announced = _critical_start(tables.END) + struct.pack("<I", 12)
    if not announced.startswith(head[: len(announced)]) and not _ancillary_start(stream, head):
        raise BadValue("the box that is cut is damaged", where=f"byte {offset}")


def _critical_start(kind: bytes, layer: int = 0, tile: int = 0) -> bytes:
    """Header of a critical box up to its length."""
    return struct.pack("<4sBBH", kind, tables.FLAG_CRITICAL, layer, tile)


def _ancillary_start(stream: Stream, head: bytes) -> bool:
    """Whether `head` begins the header of an ancillary box that may stand here (R-CUT-03)."""
    kind = head[:4]
    repeated = kind in tables.ANCILLARY_BOXES and kind in stream.ancillary
    return kind not in ORDER and not repeated and not any(head[4:8])
