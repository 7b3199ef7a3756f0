"""A bounded reader: every access is checked against the bytes really present."""

from __future__ import annotations

import struct

from codec.errors import BadValue, Truncated


class Reader:
    """Reads little-endian fields from `data`; `where` names the structure in errors."""

    def __init__(self, data: bytes | memoryview, where: str) -> None:
        self._data = memoryview(data)
        self._where = where
        self.position = 0

    @property
    def remaining(self) -> int:
        return len(self._data) - self.position

    def bytes(self, n: int) -> memoryview:
        if n < 0 or n > self.remaining:
            raise Truncated(
                f"needs {n} more bytes, {self.remaining} are left",
                where=f"{self._where} / byte {self.position}",
            )
        out = self._data[self.position : self.position + n]
        self.position += n
        return out

    def _unpack(self, code: str, size: int):
        return struct.unpack("<" + code, self.bytes(size))[0]

    def u8(self) -> int:
        return self._unpack("B", 1)

    def i8(self) -> int:
        return self._unpack("b", 1)

    def u16(self) -> int:
        return self._unpack("H", 2)

    def i16(self) -> int:
        return self._unpack("h", 2)

    def u32(self) -> int:
        return self._unpack("I", 4)

    def i32(self) -> int:
        return self._unpack("i", 4)

    def i64(self) -> int:
        return self._unpack("q", 8)

    def u64(self) -> int:
        return self._unpack("Q", 8)

    def f64(self) -> float:
        return self._unpack("d", 8)

    def varint(self) -> int:
        """Unsigned LEB128, at most 9 bytes, shortest form only."""
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > 56:
                raise BadValue("a varint is longer than 9 bytes", where=self._where)
        if byte == 0 and shift:
            raise BadValue("a varint is not in its shortest form", where=self._where)
        return value

    def text(self) -> str:
        raw = bytes(self.bytes(self.varint()))
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as exc:
            raise BadValue("text is not UTF-8", where=self._where) from exc

    def end(self) -> None:
        if self.remaining:
            raise BadValue(f"{self.remaining} trailing bytes", where=self._where)

    def require(self, condition: bool, message: str) -> None:
        if not condition:
            raise BadValue(message, where=f"{self._where} / byte {self.position}")
