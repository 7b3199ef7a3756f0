"""3.1 to 3.3, 3.8, 4.1, 4.2, 4.6, 4.7, 5.9: the file header, boxes, their order, cut streams."""

from types import SimpleNamespace

from . import syntax
from .conventions import Reader, crc32c, need
from .tables import ANCILLARY, CRITICAL, LEVELS, LOSSLESS, LOSSY

MAGIC = bytes([0x89, 0x4E, 0x46, 0x58, 0x0D, 0x0A, 0x1A, 0x0A])
VERSION = (0, 4)


def file_header(data):
    """3.2, 4.1: the file header, checked in the order of R-DEC-04."""
    need(data[:8] == MAGIC, "R-FILE-01")
    need(len(data) >= 20, "R-CUT-02", "cut in the file header")
    header = Reader(data[8:20]).fields(major="u8", minor="u8", profile="u8", level="u8",
                                       reserved="u32", crc="u32")
    need(header.crc == crc32c(data[:16]), "R-FILE-02")
    need((header.major, header.minor) == VERSION, "R-FILE-03", kind="unsupported")
    need(header.profile in (LOSSY, LOSSLESS), "R-FILE-04", "profile", "unsupported")
    need(header.level in LEVELS, "R-FILE-04", "level", "unsupported")
    need(header.reserved == 0, "R-FILE-05")
    header.length, header.bounds = len(data), LEVELS[header.level]
    need(len(data) <= header.bounds.max_bytes, "R-LVL-01", "max_bytes", "unsupported")
    return header


def whole_box(data, at):
    """3.3: the box at a position, or None when the file ends before it is whole."""
    if len(data) - at < 12:
        return None
    box = SimpleNamespace(start=at, type=bytes(data[at : at + 4]))
    read = Reader(data[at + 4 : at + 12])
    read.fields(box, flags="u8", layer="u8", tile="u16", length="u32")
    box.end = at + 12 + box.length + 4
    if box.end > len(data):
        return None
    box.payload = data[at + 12 : box.end - 4]
    box.crc_bytes = data[box.end - 4 : box.end]
    return box


def check_box(data, box):
    """4.2: the CRC of a box, then its flags and type."""
    covered = data[box.start : box.end - 4]
    need(int.from_bytes(box.crc_bytes, "little") == crc32c(covered), "R-BOX-01")
    need(box.flags & 0xFE == 0, "R-BOX-02")
    if box.type in CRITICAL + ANCILLARY:
        need(box.flags == (box.type in CRITICAL), "R-BOX-03")
    else:
        need(box.flags == 0, "R-BOX-04", str(box.type), "unsupported")


def critical_boxes(stream):
    """R-BOX-07, R-TILE-01, R-TILE-02: the critical boxes in order, as far as read: type, layer,
    tile, length (None: any), and whether an ancillary box may stand before this one (R-BOX-08)."""
    yield b"HEAD", 0, 0, None, False
    for t in range(stream.head.n_tiers):
        yield b"MODL", 0, 0, None, True
        yield b"INDX", 0, 0, None, True
        index = stream.tiers[t].index
        for layer in range(index.n_layers):
            for tile in range(index.n_tiles):
                length = index.tile[tile].sizes[layer]
                yield b"TILE", layer, tile, length, (layer, tile) == (0, 0)
    yield b"END ", 0, 0, 12, True


def place_critical(box, expected):
    """R-BOX-06, R-BOX-07, R-TILE-01 to R-TILE-03, R-END-01: a critical box comes in its turn."""
    kind, layer, tile, length, _ = expected
    need(box.type == kind, "R-BOX-07", f"{box.type} where {kind} is due")
    label = "R-TILE-01" if kind == b"TILE" else "R-BOX-06"
    need((box.layer, box.tile) == (layer, tile), label)
    requirement = "R-TILE-03" if kind == b"TILE" else "R-END-01"
    need(length is None or box.length == length, requirement)


def place_ancillary(box, expected, stream):
    """R-BOX-05, R-BOX-06, R-BOX-08, R-BOX-09: an ancillary box stands where it may, once. Those of
    B.1 are kept: EXTR is read after all others (R-DEC-04), the rest by those who ask for it."""
    need(box.layer == 0 and box.tile == 0, "R-BOX-06")
    need(expected[-1], "R-BOX-08")
    if box.type in ANCILLARY:
        need(box.type not in stream.ancillary, "R-BOX-09")
        stream.ancillary[box.type] = box.payload


def end_box(box, data, crcs):
    """3.8, 4.7: END is the last box of a whole stream."""
    end = Reader(box.payload).fields(total="u64", crc_of_crcs="u32")
    need(end.total == box.end, "R-END-01")
    need(end.crc_of_crcs == crc32c(crcs), "R-END-02")
    need(box.end == len(data), "R-BOX-10")


def cut_box(prefix, expected, stream):
    """R-CUT-03: what is there of the header of a cut box begins that of the box that comes next."""
    kind, layer, tile, length, ancillary = expected
    header = kind + bytes([1, layer]) + tile.to_bytes(2, "little")
    if length is not None:
        header += length.to_bytes(4, "little") if length < 2**32 else b"no box is so long"
    part = prefix[: len(header)]
    refused = len(prefix) >= 4 and (prefix[:4] in CRITICAL or prefix[:4] in stream.ancillary)
    may_be_ancillary = ancillary and not refused and not any(prefix[4:8])
    need(part == header[: len(part)] or may_be_ancillary, "R-CUT-03")


def read_critical(box, stream):
    """Part 3 and 4 of the critical boxes between HEAD and END."""
    if box.type == b"HEAD":
        stream.head = syntax.head(Reader(box.payload), stream.header, stream.limits)
    elif box.type == b"MODL":
        model = syntax.MODL[stream.header.profile](Reader(box.payload), stream)
        stream.tiers.append(SimpleNamespace(model=model, index=None, payloads=[]))
    elif box.type == b"INDX":
        stream.tiers[-1].index = syntax.index(Reader(box.payload), stream)
    elif box.type == b"TILE":
        stream.tiers[-1].payloads.append(box.payload)


def read_stream(data, limits):
    """3.1, R-DEC-04: read and check the boxes of a stream, whole or cut, in file order."""
    data = memoryview(data)
    stream = SimpleNamespace(limits=limits, tiers=[], ancillary={}, complete=True)
    stream.header = file_header(data)
    order, at, crcs = critical_boxes(stream), 20, bytearray()
    expected = next(order)
    while True:
        box = whole_box(data, at)
        if box is None:
            cut_box(bytes(data[at : at + 12]), expected, stream)
            stream.complete = False
            break
        check_box(data, box)
        if box.type in CRITICAL:
            place_critical(box, expected)
            if box.type == b"END ":
                end_box(box, data, crcs)
                break
            read_critical(box, stream)
            expected = next(order)
        else:
            place_ancillary(box, expected, stream)
        at = box.end
        crcs += box.crc_bytes
    keep_whole_layers(stream)
    return stream


def keep_whole_layers(stream):
    """5.9: the tiers whose layer 0 is whole, and of each the layers that are whole."""
    kept = []
    for tier in stream.tiers:
        n_tiles = tier.index.n_tiles if tier.index else 0
        whole = len(tier.payloads) // n_tiles if n_tiles else 0
        tier.layers = [tier.payloads[i * n_tiles : (i + 1) * n_tiles] for i in range(whole)]
        if whole or stream.complete:
            kept.append(tier)
    need(stream.complete or kept, "R-CUT-02")
    stream.tiers = kept
