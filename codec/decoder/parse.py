"""Bytes -> checked boxes (spec 03). Nothing is decoded and little memory is taken here."""

from __future__ import annotations

import struct
import warnings
from dataclasses import dataclass, field

from codec.core.params import CodingParams, SceneHeader, TileHeader, read_index
from codec.errors import BadChecksum, BadValue, LimitExceeded, Truncated, UnsupportedError
from codec.options import DecoderLimits
from codec.wire import boxes as wire_boxes
from codec.wire import tables
from codec.wire.boxes import Box, FileHeader
from codec.wire.checksum import crc32c

FREE_MEMORY = 1 << 27  # what any stream may take, however short
ORDER = {tables.HEAD: 0, tables.MODL: 1, tables.INDX: 2, tables.TILE: 3, tables.END: 4}


@dataclass
class Stream:
    """A parsed stream: structures, and payload boxes by (layer, tile)."""

    file_header: FileHeader
    header: SceneHeader | None = None
    params: CodingParams | None = None
    layers: tuple[str, ...] = ()
    tiles: list[TileHeader] = field(default_factory=list)
    payloads: dict[tuple[int, int], Box] = field(default_factory=dict)
    boxes: list[Box] = field(default_factory=list)
    ancillary: dict[bytes, Box] = field(default_factory=dict)
    complete_layers: int = 0
    truncated: bool = False
    size: int = 0

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
    stream.complete_layers = len(stream.layers)
    return stream


def _accept(stream: Stream, box: Box, stage: int, limits: DecoderLimits) -> int:
    if box.type not in ORDER:
        if stage < 0:
            raise BadValue("the first box is not HEAD", where=box.where)
        if box.type in tables.ANCILLARY_BOXES and box.type in stream.ancillary:
            raise BadValue("a box that may occur once is repeated", where=box.where)
        if stage == ORDER[tables.TILE] and len(stream.payloads) < _expected(stream):
            raise BadValue("a box stands between tile boxes", where=box.where)
        _plain(box)
        stream.ancillary[box.type] = box
        return stage
    here = ORDER[box.type]
    if box.type == tables.TILE:
        _accept_tile(stream, box, stage)
        return here
    _plain(box)
    done = box.type != tables.END or len(stream.payloads) == _expected(stream)
    follows = here == stage + 1 or (box.type == tables.END and stage == ORDER[tables.INDX])
    if not (follows and done):
        raise BadValue("boxes are out of order, missing or repeated", where=box.where)
    _READERS[box.type](stream, box, limits)
    return here


def _plain(box: Box) -> None:
    if box.layer or box.tile:
        raise BadValue("layer and tile must be zero in this box", where=box.where)


def _expected(stream: Stream) -> int:
    return len(stream.tiles) * len(stream.layers)


def _read_head(stream: Stream, box: Box, limits: DecoderLimits) -> None:
    header = stream.header = SceneHeader.read(box.payload)
    level = tables.LEVELS[stream.file_header.level]
    if header.n_gaussians > level.max_gaussians:
        raise UnsupportedError("the scene exceeds the stream's own level", code="level")
    if header.n_gaussians > limits.max_gaussians:
        raise LimitExceeded(
            f"{header.n_gaussians} Gaussians exceed the limit of {limits.max_gaussians}; "
            "raise max_gaussians to decode"
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
            f"decoding may take {need} bytes, the limit is {limits.max_memory}; raise max_memory"
        )
    if need > memory_bound(stream, limits):
        raise LimitExceeded(
            f"{stream.size} bytes of file claim {need} bytes of memory; set max_expansion to 0 "
            "(on the command line, give a limit with --max-memory) if they are to be trusted",
            code="expansion",
        )


def _read_modl(stream: Stream, box: Box, limits: DecoderLimits) -> None:
    if stream.lossless:
        from codec.core.lossless import LosslessParams, column_groups

        n_columns = len(column_groups(stream.header.sh_degree, False))
        stream.params = LosslessParams.read(box.payload, n_columns)
        stream.layers = ("base",)
        return
    stream.params = CodingParams.read(box.payload, stream.header.sh_degree)
    stream.layers = stream.params.layers


def _read_indx(stream: Stream, box: Box, limits: DecoderLimits) -> None:
    level = tables.LEVELS[stream.file_header.level]
    stream.tiles = read_index(box.payload, stream.header, len(stream.layers), level)


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
    done = len(stream.payloads)
    if done >= _expected(stream):
        raise BadValue("there are more tile boxes than the index lists", where=box.where)
    layer, tile = divmod(done, len(stream.tiles))
    if (box.layer, box.tile) != (layer, tile):
        raise BadValue("tile boxes are out of order", where=box.where)
    if len(box.payload) != stream.tiles[tile].sizes[layer]:
        raise BadValue("a tile box differs from its index entry", where=box.where)
    stream.payloads[layer, tile] = box


def _check_cut(stream: Stream, view, offset: int, stage: int, limits: DecoderLimits) -> None:
    """Accept a stream that was cut after at least one whole layer, refuse any other end."""
    where = f"byte {offset}"
    if stage < ORDER[tables.INDX] or not stream.tiles:
        raise Truncated("the file ends before its first layer is whole", where=where)
    _check_next_box(stream, view, offset)
    stream.complete_layers = len(stream.payloads) // len(stream.tiles)
    if not stream.complete_layers:
        raise Truncated("the file ends before its first layer is whole", where=where)
    if not limits.allow_partial:
        raise Truncated("the file is cut short", where=where)
    stream.truncated = True
    last = stream.layers[stream.complete_layers - 1]
    warnings.warn(
        f"the file is cut short: decoding a coarser scene, up to layer '{last}' "
        f"({stream.complete_layers} of {len(stream.layers)})",
        stacklevel=4,
    )


def _may_follow_tiles(stream: Stream, head: bytes) -> bool:
    """Whether `head` begins the header of END or of an ancillary box (R-CUT-03)."""
    if struct.pack("<4sBBHI", tables.END, tables.FLAG_CRITICAL, 0, 0, 12).startswith(head):
        return True
    kind = head[:4]
    repeated = kind in tables.ANCILLARY_BOXES and kind in stream.ancillary
    return kind not in ORDER and not repeated and not any(head[4:8])


def _check_next_box(stream: Stream, view, offset: int) -> None:
    """What is left of the cut box must agree with the index, else it is damage, not a cut."""
    done = len(stream.payloads)
    head = bytes(view[offset : offset + tables.BOX_HEADER_SIZE])
    if done >= _expected(stream):
        if not _may_follow_tiles(stream, head):
            raise BadValue("the box after the tiles is damaged", where=f"byte {offset}")
        return
    layer, tile = divmod(done, len(stream.tiles))
    allowed = struct.pack("<4sBBHI", tables.TILE, tables.FLAG_CRITICAL, layer, tile,
                          stream.tiles[tile].sizes[layer])
    if not allowed.startswith(head):
        raise BadValue("a tile box differs from its index entry", where=f"byte {offset}")
