"""File header and boxes (spec 03, "Container")."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from codec.errors import BadChecksum, BadMagic, BadValue, Truncated, UnsupportedError
from codec.wire import tables
from codec.wire.checksum import crc32c


@dataclass(frozen=True, slots=True)
class FileHeader:
    """Version, profile and level of a stream."""

    profile: int
    level: int
    major: int = tables.MAJOR
    minor: int = tables.MINOR


@dataclass(frozen=True, slots=True)
class Box:
    """One box: 4-character type, flags, layer, tile, payload; `offset` of its header in a file."""

    type: bytes
    payload: bytes | memoryview
    layer: int = 0
    tile: int = 0
    flags: int = 0
    offset: int = 0
    crc: int = 0

    @property
    def size(self) -> int:
        return len(self.payload) + tables.BOX_OVERHEAD

    @property
    def where(self) -> str:
        name = self.type.decode("latin-1").strip()
        return f"box {name}, tile {self.tile}, layer {self.layer}, byte {self.offset}"


def write_file_header(header: FileHeader) -> bytes:
    body = tables.MAGIC + struct.pack(
        "<BBBBI", header.major, header.minor, header.profile, header.level, 0
    )
    return body + struct.pack("<I", crc32c(body))


def read_file_header(data: memoryview) -> FileHeader:
    """Raises BadMagic, Truncated, BadChecksum, UnsupportedError or BadValue."""
    head = bytes(data[: tables.FILE_HEADER_SIZE])
    if not head.startswith(tables.MAGIC):
        if head and tables.MAGIC.startswith(head):
            raise Truncated("the file ends inside its signature", where="file header")
        hint = "was transferred as text" if head[1:4] == b"NFX" else "is not an NFX stream"
        raise BadMagic(f"the file {hint}", where="file header")
    if len(head) < tables.FILE_HEADER_SIZE:
        raise Truncated("the file ends inside its header", where="file header")
    major, minor, profile, level, reserved, crc = struct.unpack("<BBBBII", head[8:])
    if crc != crc32c(head[:16]):
        raise BadChecksum("the file header is damaged", where="file header")
    if major != tables.MAJOR or (major == 0 and minor != tables.MINOR):
        raise UnsupportedError(
            f"the stream has format version {major}.{minor}, this decoder reads "
            f"{tables.MAJOR}.{tables.MINOR}; use a matching release of nfx",
            code="version",
        )
    if profile not in tables.PROFILES:
        raise UnsupportedError(f"profile {profile} is unknown to this decoder", code="profile")
    if level not in tables.LEVELS:
        raise UnsupportedError(f"level {level} is unknown to this decoder", code="level")
    if reserved:
        raise BadValue("reserved bits of the file header are set", where="file header")
    return FileHeader(profile, level, major, minor)


def write_box(box: Box) -> bytes:
    critical = tables.FLAG_CRITICAL if box.type in tables.CRITICAL_BOXES else 0
    header = box.type + struct.pack(
        "<BBHI", box.flags | critical, box.layer, box.tile, len(box.payload)
    )
    body = header + bytes(box.payload)
    return body + struct.pack("<I", crc32c(body))


def read_box(data: memoryview, offset: int) -> Box:
    """The box whose header starts at `offset`. Raises Truncated or BadChecksum."""
    where = f"box at byte {offset}"
    if offset + tables.BOX_HEADER_SIZE > len(data):
        raise Truncated("the file ends inside a box header", where=where)
    kind = bytes(data[offset : offset + 4])
    flags, layer, tile, length = struct.unpack("<BBHI", data[offset + 4 : offset + 12])
    end = offset + tables.BOX_HEADER_SIZE + length
    if end + 4 > len(data):
        raise Truncated(f"a box of {length} bytes runs past the end of the file", where=where)
    crc = struct.unpack("<I", data[end : end + 4])[0]
    if crc != crc32c(data[offset:end]):
        raise BadChecksum("a box is damaged", where=where)
    box = Box(kind, data[end - length : end], layer, tile, flags, offset, crc)
    if flags & ~tables.FLAG_CRITICAL:
        raise BadValue("reserved box flags are set", where=box.where)
    if bool(flags & tables.FLAG_CRITICAL) != (kind in tables.CRITICAL_BOXES):
        if kind in tables.CRITICAL_BOXES | tables.ANCILLARY_BOXES:
            raise BadValue("a box carries the wrong critical flag", where=box.where)
        raise UnsupportedError(
            f"the stream needs box type {kind!r}, unknown to this decoder", code="critical-box",
            where=box.where,
        )
    return box
