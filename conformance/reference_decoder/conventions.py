"""Part 2 of the specification: errors (1.2), types of fields, CRC-32C and log2_q8."""

import struct
from types import SimpleNamespace

import numpy as np

from .tables import TABLES

EXIT_CODES = {"format": 4, "unsupported": 5, "limit": 6}  # R-DEC-02


class StreamError(Exception):
    """1.2: the first requirement that a stream breaks, and the class of the error."""

    def __init__(self, requirement, text="", kind="format"):
        super().__init__(f"{requirement} ({kind}) {text}".rstrip())
        self.requirement, self.kind = requirement, kind


def need(condition, requirement, text="", kind="format"):
    """1.2, R-DEC-01: end with an error unless the condition holds."""
    if not condition:
        raise StreamError(requirement, text, kind)


class Reader:
    """2.2: reads the fields of one structure, one after the other."""

    def __init__(self, data):
        self.data, self.at = memoryview(data), 0

    def bytes(self, n):
        """2.2: n bytes as they are; R-CON-04 when the field reaches past the end."""
        need(n <= len(self.data) - self.at, "R-CON-04", "a field reaches past the end")
        self.at += n
        return bytes(self.data[self.at - n : self.at])

    def rest(self):
        """3.7: all bytes that are left."""
        return self.bytes(len(self.data) - self.at)

    def end(self):
        """R-CON-04: a structure ends where its last field ends."""
        need(self.at == len(self.data), "R-CON-04", "bytes left over")

    def integer(self, kind):
        """2.2: a little-endian integer of a type such as u8 or i64 (R-CON-02)."""
        return int.from_bytes(self.bytes(int(kind[1:]) // 8), "little", signed=kind[0] == "i")

    def field(self, kind):
        """2.2: a field of a type named as in part 3."""
        special = {"varint": self.varint, "svarint": self.svarint, "f64": self.f64}
        return special[kind]() if kind in special else self.integer(kind)

    def fields(self, into=None, /, **kinds):
        """Part 3: fields in order, `name="u8"`, or `name=("u8", 7)` for seven in a list."""
        into = into or SimpleNamespace()
        for name, kind in kinds.items():
            one = isinstance(kind, str)
            value = self.field(kind) if one else [self.field(kind[0]) for _ in range(kind[1])]
            setattr(into, name, value)
        return into

    def f64(self):
        """2.2"""
        return struct.unpack("<d", self.bytes(8))[0]

    def varint(self):
        """2.3: LEB128 of at most 9 bytes in its shortest form."""
        value, shift, byte = 0, 0, 128
        while byte >= 128:
            byte = self.bytes(1)[0]
            value |= (byte & 127) << shift
            shift += 7
            need(shift <= 63, "R-CON-05")
        need(byte != 0 or shift == 7, "R-CON-06")
        return value

    def svarint(self):
        """2.2: odd varints are the negative values."""
        v = self.varint()
        return -((v + 1) // 2) if v & 1 else v // 2

    def text(self):
        """2.2: length and bytes of UTF-8."""
        raw = self.bytes(self.varint())
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            need(False, "R-CON-03")


CRC_TABLE = list(range(256))  # 2.4: what a byte does to the register, by the reflected polynomial
for _ in range(8):
    CRC_TABLE = [(r >> 1) ^ (0x82F63B78 if r & 1 else 0) for r in CRC_TABLE]


def crc32c(data):
    """2.4"""
    crc = 0xFFFFFFFF
    for byte in bytes(data):
        crc = CRC_TABLE[(crc ^ byte) & 255] ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def highest_bit(v):
    """2.5: position of the highest set bit of each v, 1 <= v < 2^53 (exact in binary64)."""
    return np.frexp(np.asarray(v, np.float64))[1].astype(np.int64) - 1


def log2_q8(v):
    """2.5: 256 log2(v) of an array of integers, by table."""
    v = np.asarray(v, np.int64)
    e = highest_bit(v)
    m = np.where(e <= 8, v << np.maximum(8 - e, 0), v >> np.maximum(e - 8, 0)) - 256
    return 256 * e + TABLES.log2_mantissas[m]


def count_le(limits, x):
    """2.1: how many entries of the ascending list are <= x, for each x."""
    return np.searchsorted(np.asarray(limits), x, side="right")
