"""Parts 3 and 4: bytes to checked structures."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

LEVELS = {1: (131072, 64, 131072, 1 << 26), 2: (1048576, 1024, 1048576, 1 << 29),
          3: (8388608, 8192, 1048576, 1 << 32), 4: (268435456, 65535, 1048576, 1 << 37)}
CRITICAL = ("HEAD", "MODL", "INDX", "TILE", "END ")
ANCILLARY = ("VIEW", "META", "EXTR", "REST", "MLRA")
N_CROSS = {"opacity": 0, "scale0": 1, "scale1": 2, "scale2": 2, "dc0": 2, "dc1": 1, "dc2": 2}
LIMIT_GAUSSIANS = 1 << 26
LIMIT_MEMORY, FREE_MEMORY, LIMIT_EXPANSION = 1 << 34, 1 << 27, 4096


class Broken(Exception):
    """The stream is invalid (class format)."""


class Unsupported(Exception):
    """The stream needs more than this decoder has."""


class Limit(Exception):
    """The stream is larger than this decoder takes."""


class Cut(Exception):
    """The file ends inside a box."""


def need(condition: bool, requirement: str) -> None:
    if not condition:
        raise Broken(requirement)


def _crc_table() -> list[int]:
    out = []
    for value in range(256):
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
        out.append(value)
    return out


_CRC = _crc_table()


def crc32c(data: bytes) -> int:
    """2.4"""
    state = 0xFFFFFFFF
    for byte in data:
        state = state >> 8 ^ _CRC[(state ^ byte) & 255]
    return state ^ 0xFFFFFFFF


class Fields:
    """2.2: reads the fields of one structure."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, n: int) -> bytes:
        need(self.at + n <= len(self.data), "R-CON-04")
        self.at += n
        return self.data[self.at - n : self.at]

    def number(self, code: str):
        return struct.unpack("<" + code, self.take(struct.calcsize(code)))[0]

    def varint(self) -> int:
        value = 0
        for i in range(9):
            byte = self.take(1)[0]
            value |= (byte & 127) << 7 * i
            if byte < 128:
                need(byte != 0 or i == 0, "R-CON-06")
                return value
        raise Broken("R-CON-05")

    def svarint(self) -> int:
        v = self.varint()
        return -(v + 1) // 2 if v & 1 else v // 2

    def text(self) -> str:
        try:
            return self.take(self.varint()).decode("utf-8")
        except UnicodeDecodeError:
            raise Broken("R-CON-03") from None

    def end(self) -> None:
        need(self.at == len(self.data), "R-CON-04")


@dataclass
class Box:
    type: str
    flags: int
    layer: int
    tile: int
    payload: bytes
    crc: int
    at: int


@dataclass
class Tile:
    n: int
    origin: list[int]
    bits: list[int]
    sizes: list[int]


@dataclass
class Tier:
    model: dict
    layers: list[str]
    tiles: list[Tile] | None = None
    payloads: list[bytes] = field(default_factory=list)
    whole_layers: int = 0

    @property
    def done(self) -> bool:
        return self.tiles is not None and len(self.payloads) == len(self.tiles) * len(self.layers)

    def announced(self) -> tuple[int, int, int]:
        """Layer, tile and length of the next TILE box."""
        layer, tile = divmod(len(self.payloads), len(self.tiles))
        return layer, tile, self.tiles[tile].sizes[layer]


@dataclass
class Stream:
    profile: int = 0
    level: int = 0
    head: dict = field(default_factory=dict)
    tiers: list[Tier] = field(default_factory=list)
    ancillary: dict[str, bytes] = field(default_factory=dict)
    cut: bool = False
    size: int = 0


def file_header(data: bytes) -> Stream:
    """3.2, 4.1"""
    need(data[:8] == b"\x89NFX\r\n\x1a\n" and len(data) >= 20, "R-FILE-01")
    major, minor, profile, level, reserved, crc = struct.unpack("<BBBBII", data[8:20])
    need(crc == crc32c(data[:16]), "R-FILE-02")
    if (major, minor) != (0, 2) or profile > 1 or level not in LEVELS:
        raise Unsupported("R-FILE-03 or R-FILE-04")
    need(reserved == 0, "R-FILE-05")
    if len(data) > LEVELS[level][3]:
        raise Unsupported("R-LVL-01")
    return Stream(profile, level, size=len(data))


def read_box(data: bytes, at: int) -> Box:
    """3.3, 4.2"""
    if at + 12 > len(data):
        raise Cut
    kind, flags, layer, tile, length = struct.unpack("<4sBBHI", data[at : at + 12])
    end = at + 12 + length
    if end + 4 > len(data):
        raise Cut
    crc = struct.unpack("<I", data[end : end + 4])[0]
    need(crc == crc32c(data[at:end]), "R-BOX-01")
    need(flags < 2, "R-BOX-02")
    name = kind.decode("latin-1")
    if name in CRITICAL + ANCILLARY:
        need(flags == (name in CRITICAL), "R-BOX-03")
    elif flags:
        raise Unsupported("R-BOX-04")
    need(name == "TILE" or layer == tile == 0, "R-BOX-06")
    return Box(name, flags, layer, tile, data[end - length : end], crc, at)


def parse(data: bytes) -> Stream:
    """3.1, 4.2: the boxes in their order."""
    stream, at, crcs, last = file_header(data), 20, b"", ""
    while last != "END ":
        try:
            box = read_box(data, at)
        except Cut:
            _cut(stream, data[at : at + 12], last)
            return stream
        last = _accept(stream, box, last)
        if last == "END ":
            need(len(box.payload) == 12, "R-END-01")
            total, digest = struct.unpack("<QI", box.payload)
            need(total == at + 28, "R-END-01")
            need(digest == crc32c(crcs), "R-END-02")
        crcs += struct.pack("<I", box.crc)
        at += len(box.payload) + 16
    need(at == len(data), "R-BOX-10")
    for tier in stream.tiers:
        tier.whole_layers = len(tier.layers)
    return stream


def _accept(stream: Stream, box: Box, last: str) -> str:
    tier = stream.tiers[-1] if stream.tiers else None
    if box.type not in CRITICAL:
        need(last != "" and (last != "TILE" or tier.done), "R-BOX-08")
        need(box.type not in ANCILLARY or box.type not in stream.ancillary, "R-BOX-09")
        stream.ancillary[box.type] = box.payload
        return last
    if box.type == "TILE":
        need(last in ("INDX", "TILE") and not tier.done, "R-BOX-07, R-TILE-02")
        layer, tile, length = tier.announced()
        need((box.layer, box.tile) == (layer, tile), "R-TILE-01")
        need(len(box.payload) == length, "R-TILE-03")
        tier.payloads.append(box.payload)
        return "TILE"
    if last in ("INDX", "TILE"):
        need(tier.done, "R-TILE-02")
        more = len(stream.tiers) < stream.head["tiers"]
        need(box.type == ("MODL" if more else "END "), "R-BOX-07")
    else:
        need(box.type == {"": "HEAD", "HEAD": "MODL", "MODL": "INDX"}[last], "R-BOX-07")
    if box.type == "END ":
        return "END "
    fields = Fields(box.payload)
    {"HEAD": read_head, "MODL": read_modl, "INDX": read_indx}[box.type](stream, fields)
    fields.end()
    return box.type


def _cut(stream: Stream, start: bytes, last: str) -> None:
    """5.9"""
    need(bool(stream.tiers and stream.tiers[0].tiles), "R-CUT-02")
    tier = stream.tiers[-1]
    if last == "TILE" and not tier.done:
        need(_next_tile(tier).startswith(start), "R-CUT-03")
    else:
        _cut_between(stream, start, last)
    for tier in stream.tiers:
        tier.whole_layers = len(tier.payloads) // len(tier.tiles) if tier.tiles else 0
    stream.cut = True
    need(stream.tiers[0].whole_layers > 0, "R-CUT-02")


def _next_tile(tier: Tier) -> bytes:
    layer, tile, length = tier.announced()
    return struct.pack("<4sBBHI", b"TILE", 1, layer, tile, length)


def _cut_between(stream: Stream, start: bytes, last: str) -> None:
    """5.9: the box that was cut stands where ancillary boxes may."""
    if last == "INDX" and not stream.tiers[-1].done:
        announced = _next_tile(stream.tiers[-1])
    else:
        more = len(stream.tiers) < stream.head["tiers"]
        follows = b"INDX" if last == "MODL" else b"MODL" if more else b"END "
        length = struct.pack("<I", 12) if follows == b"END " else b""
        announced = follows + b"\1\0\0\0" + length
    if not announced.startswith(start[: len(announced)]):
        name = start[:4].decode("latin-1")
        need(name not in CRITICAL and not any(start[4:8]), "R-CUT-03")
        need(name not in ANCILLARY or name not in stream.ancillary, "R-CUT-03, R-BOX-09")


def read_head(stream: Stream, f: Fields) -> None:
    """3.4, 4.3"""
    n, degree, flags, frame, colour = f.varint(), *(f.number("B") for _ in range(4))
    unit, tiers = f.number("d"), f.number("B")
    f.end()
    need(degree <= 3, "R-HEAD-02")
    need(flags < 4, "R-HEAD-03")
    need(frame <= 2, "R-HEAD-04")
    need(colour <= 2, "R-HEAD-05")
    need(math.isfinite(unit) and unit >= 0, "R-HEAD-06")
    need(1 <= tiers <= 16, "R-HEAD-08")
    if n > LEVELS[stream.level][0]:
        raise Unsupported("R-HEAD-01")
    if n > LIMIT_GAUSSIANS:
        raise Limit("R-HEAD-07")
    stream.head = {"n": n, "degree": degree, "rest": (degree + 1) ** 2 - 1, "flags": flags,
                   "tiers": tiers}
    memory(stream)


def memory(stream: Stream, extra: int = 0) -> None:
    """Limits of this decoder (R-HEAD-07)."""
    fixed, each = (256, 56) if stream.profile else (512, 12)
    need_bytes = stream.head["n"] * (fixed + each * (stream.head["degree"] + 1) ** 2) + extra
    if need_bytes > min(LIMIT_MEMORY, FREE_MEMORY + LIMIT_EXPANSION * stream.size):
        raise Limit("R-HEAD-07")


def field_model(f: Fields, n_cross: int) -> dict:
    m = {"half": f.number("B"), "escape": f.number("B")}
    m["near"], m["far"], m["mean"] = f.number("h"), f.number("h"), f.number("h")
    m["cross"] = [f.number("h") for _ in range(n_cross)]
    m["spread"], m["size"], m["energy"] = f.number("B"), f.number("B"), f.number("B")
    m["thresholds"], m["scales"] = list(f.take(7)), list(f.take(8))
    need(1 <= m["half"] <= 127, "R-FLD-01")
    need(m["escape"] <= 31, "R-FLD-02")
    need(max(m["thresholds"]) < 64, "R-FLD-03")
    need(m["thresholds"] == sorted(m["thresholds"]), "R-FLD-04")
    need(max(m["scales"]) < 64, "R-FLD-05")
    m["predicts"] = bool(m["near"] or m["far"] or any(m["cross"]))
    return m


def read_modl(stream: Stream, f: Fields) -> None:
    """3.5, 4.4"""
    if stream.profile == 1:
        _read_modl_lossless(stream, f)
        return
    m: dict = {"shrink": f.number("B")}
    m["g"], m["centre"] = f.number("b"), [f.number("q") for _ in range(3)]
    m["radius_shift"], m["radius_floor"] = f.number("B"), f.number("h")
    m["levels"], m["scale_step"], m["dc_step"], m["sh_step"] = (f.number("H") for _ in range(4))
    m["cap"] = f.number("B")
    for rule in ("position", "scale", "rotation", "dc", "sh"):
        m[rule] = (f.number("h"), f.number("b"), f.number("b"))
    m["fields"] = {name: field_model(f, n) for name, n in N_CROSS.items()}
    width = 3 * stream.head["rest"]
    layers = m["sh_layers"] = [f.number("B") for _ in range(f.number("B"))]
    need(len(layers) <= 3 and 0 not in layers and sum(layers) <= width, "R-MODL-06")
    m["basis"] = []
    if layers:
        m["sh_field"], m["length_field"] = field_model(f, 0), field_model(f, 0)
        m["basis"] = [list(struct.unpack(f"<{width}b", f.take(width))) for _ in range(sum(layers))]
    need(m["shrink"] == 0 or bool(stream.tiers), "R-MODL-08")
    need(all(abs(c) < 1 << 31 for c in m["centre"]), "R-MODL-01")
    need(m["radius_shift"] <= 32, "R-MODL-02")
    need(2 <= m["levels"] <= 4096, "R-MODL-03")
    need(m["scale_step"] > 0 and m["dc_step"] > 0 and (m["sh_step"] > 0 or not layers), "R-MODL-04")
    need(m["cap"] <= 127, "R-MODL-05")
    offset, alpha, footprint = m["position"]
    position = ["position"] if alpha or footprint or offset >= 128 else []
    names = ["base", *position, *(f"sh-{i + 1}" for i in range(len(layers)))]
    stream.tiers.append(Tier(m, names))


def lossless_names(rest: int, kept: int) -> list[str]:
    """5.10: group of each column."""
    groups = (("mean", 3 * kept), ("opacity", 1), ("scale", 3), ("quat", 4), ("dc", 3),
              ("rest", 3 * rest))
    return [name for name, count in groups for _ in range(count)]


def _read_modl_lossless(stream: Stream, f: Fields) -> None:
    """3.5.1, 4.4.1"""
    kept = f.number("B")
    need(kept < 2, "R-LL-02")
    names, groups, columns = lossless_names(stream.head["rest"], kept), {}, []
    for name in dict.fromkeys(names):
        exponent, near, far = f.number("b"), f.number("h"), f.number("h")
        need(-100 <= exponent <= 126, "R-LL-03")
        widths = [f.number("b") for _ in range(4)]
        groups[name] = {"exponent": exponent, "near": near, "far": far, "widths": widths}
    for index in range(len(names)):
        has = f.number("B")
        need(has < 2, "R-LL-04")
        common = f.number("I") if has else None
        mean = f.svarint()
        need(-(1 << 30) <= mean < 1 << 30, "R-LL-05")
        log_width = f.number("h")
        sources = [(f.number("B"), f.number("b")) for _ in range(f.number("B"))]
        order = [s for s, _ in sources]
        need(order == sorted(set(order)) and all(s < index for s in order), "R-LL-06")
        columns.append({"common": common, "mean": mean, "log_width": log_width,
                        "sources": sources})
    model = {"kept": kept, "names": names, "groups": groups, "columns": columns}
    stream.tiers.append(Tier(model, ["base"]))


def read_indx(stream: Stream, f: Fields) -> None:
    """3.6, 4.5"""
    n_tiles, n_layers, tier = f.varint(), f.number("B"), stream.tiers[-1]
    if n_tiles + sum(len(t.tiles) for t in stream.tiers[:-1]) > LEVELS[stream.level][1]:
        raise Unsupported("R-INDX-01")
    need(n_layers == (len(tier.layers) if n_tiles else 0), "R-INDX-02")
    tier.tiles = []
    for _ in range(n_tiles):
        tile = Tile(f.varint(), [f.svarint() for _ in range(3)], list(f.take(3)),
                    [f.varint() for _ in range(n_layers)])
        need(1 <= tile.n <= LEVELS[stream.level][2], "R-INDX-03")
        need(max(tile.bits) <= 21, "R-INDX-05")
        need(all(abs(o) < 1 << 31 for o in tile.origin), "R-INDX-06")
        tier.tiles.append(tile)
    n, last = sum(t.n for k in stream.tiers for t in k.tiles), stream.head["tiers"]
    need(n <= stream.head["n"], "R-INDX-04")
    need(n == stream.head["n"] or len(stream.tiers) < last, "R-INDX-04")
    need(last == 1 or n_tiles > 0, "R-INDX-07")
