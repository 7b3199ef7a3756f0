"""Writes the little-endian fields that `reader.Reader` reads."""

from __future__ import annotations

import struct


class Writer:
    """Grows a byte string field by field."""

    def __init__(self) -> None:
        self._out = bytearray()

    def bytes(self, data: bytes) -> None:
        self._out += data

    def _pack(self, code: str, value) -> None:
        self._out += struct.pack("<" + code, value)

    def u8(self, value: int) -> None:
        self._pack("B", value)

    def i8(self, value: int) -> None:
        self._pack("b", value)

    def u16(self, value: int) -> None:
        self._pack("H", value)

    def i16(self, value: int) -> None:
        self._pack("h", value)

    def u32(self, value: int) -> None:
        self._pack("I", value)

    def i32(self, value: int) -> None:
        self._pack("i", value)

    def i64(self, value: int) -> None:
        self._pack("q", value)

    def u64(self, value: int) -> None:
        self._pack("Q", value)

    def f64(self, value: float) -> None:
        self._pack("d", value)

    def varint(self, value: int) -> None:
        while value >= 0x80:
            self._out.append(value & 0x7F | 0x80)
            value >>= 7
        self._out.append(value)

    def text(self, value: str) -> None:
        raw = value.encode("utf-8")
        self.varint(len(raw))
        self._out += raw

    def getvalue(self) -> bytes:
        return bytes(self._out)
