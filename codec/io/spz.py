"""Niantic SPZ versions 1 to 4, writing 2 to 4. NumPy; zstandard for version 4.

Format facts: header `NGSP`, version u32, count u32, SH degree u8, fractional bits u8, flags u8
(1 antialiased, 2 extensions). Versions 1 to 3 are one gzip stream of a 16-byte header and the
sections; version 4 has a plain 32-byte header, then a table of (compressed, raw) u64 sizes, then
one ZSTD stream a section. Sections: positions (24-bit fixed point; version 1 half floats),
alphas, colours, scales, rotations, SH (coefficient-major, RGB inner).
Axes are returned as stored, as splat-transform and gsply do.
"""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from codec.errors import BackendError, SceneError
from codec.io.quantized import (
    alphas,
    logit_of_bytes,
    normalized,
    place_largest,
    split_largest,
    to_bytes,
)
from codec.io.report import ReadReport
from codec.scene import Splats

MAGIC = b"NGSP"
GZIP_MAGIC = b"\x1f\x8b"
_COLOR_SCALE = 0.15
_SH_COEFFICIENTS = {0: 0, 1: 3, 2: 8, 3: 15, 4: 24}
_FLAG_ANTIALIASED, _FLAG_EXTENSIONS = 1, 2
# Positions alone take more than a byte a Gaussian; only made-up files are below it.
_FREE_COUNT = 1 << 16


@dataclass(frozen=True, slots=True)
class _Header:
    version: int
    count: int
    sh_degree: int
    fractional_bits: int
    flags: int

    def section_sizes(self) -> list[int]:
        rotation = 3 if self.version < 3 else 4
        position = 6 if self.version == 1 else 9
        sizes = [position, 1, 3, 3, rotation, 3 * _SH_COEFFICIENTS[self.sh_degree]]
        return [size * self.count for size in sizes]


def read_spz(data: memoryview, report: ReadReport) -> Splats:
    """Decode a whole file. Raises SceneError when it is damaged, BackendError without zstandard."""
    if data[:2] == GZIP_MAGIC:
        header, sections = _legacy_sections(data, report)
    else:
        header, sections = _zstd_sections(data)
    report.source_format = f"spz v{header.version}"
    if header.flags & _FLAG_EXTENSIONS:
        report.note("SPZ extensions (such as a coordinate system) are ignored")
    if header.sh_degree > 3:
        report.note("SPZ SH degree 4 cut to degree 3")
    return _to_splats(header, sections)


def _parse_header(head: bytes, file_size: int) -> _Header:
    if len(head) < 16 or head[:4] != MAGIC:
        raise SceneError("not an SPZ file: the magic 'NGSP' is missing")
    version, count, degree, fractional_bits, flags = struct.unpack_from("<IIBBB", head, 4)
    if not 1 <= version <= 4:
        raise SceneError(f"SPZ version {version} is not known; convert it to .ply first")
    if degree not in _SH_COEFFICIENTS or fractional_bits > 24:
        raise SceneError("the SPZ header is damaged (SH degree or fractional bits)")
    if count > _FREE_COUNT + file_size:
        raise SceneError(f"the SPZ header claims {count} Gaussians in {file_size} bytes")
    return _Header(version, count, degree, fractional_bits, flags)


def _legacy_sections(data: memoryview, report: ReadReport) -> tuple[_Header, list[bytes]]:
    try:
        head = zlib.decompressobj(31).decompress(data, 16)
        header = _parse_header(head, len(data))
        if header.version > 3:
            raise SceneError("a gzip-packed SPZ cannot be of version 4: the file is damaged")
        sizes = header.section_sizes()
        inflate = zlib.decompressobj(31)
        raw = inflate.decompress(data, 16 + sum(sizes) + 1)
    except zlib.error as error:
        raise SceneError(f"the gzip stream of the SPZ file is damaged ({error})") from error
    if len(raw) < 16 + sum(sizes):
        raise SceneError(f"the SPZ file is cut: {len(raw)} of {16 + sum(sizes)} bytes")
    if len(raw) > 16 + sum(sizes):
        report.note("bytes after the SPZ sections ignored")
    elif not inflate.eof:
        report.note("the gzip stream of the SPZ file has no end; its checksum was not checked")
    ends = np.cumsum([16, *sizes]).tolist()
    return header, [raw[a:b] for a, b in zip(ends, ends[1:], strict=False)]


def _zstd_sections(data: memoryview) -> tuple[_Header, list[bytes]]:
    try:
        import zstandard
    except ImportError as error:
        raise BackendError("SPZ version 4 needs zstandard: pip install zstandard") from error
    header = _parse_header(bytes(data[:16]), len(data))
    if header.version != 4 or len(data) < 32:
        raise SceneError("an SPZ file of version 1 to 3 must be gzip-packed: the file is damaged")
    n_streams, table = data[15], struct.unpack_from("<I", data, 16)[0]
    sizes = [size for i, size in enumerate(header.section_sizes()) if i < 5 or header.sh_degree]
    if n_streams != len(sizes) or table < 32 or table + 16 * n_streams > len(data):
        raise SceneError("the stream table of the SPZ file is damaged, or the file is cut")
    position = table + 16 * n_streams
    sections = []
    for i, size in enumerate(sizes):
        packed, raw_size = struct.unpack_from("<QQ", data, table + 16 * i)
        if raw_size != size or position + packed > len(data):
            raise SceneError(f"SPZ stream {i} is cut or its size is wrong")
        # Not decompress(): that would allocate what the frame header claims.
        reader = zstandard.ZstdDecompressor().stream_reader(data[position : position + packed])
        try:
            section = reader.read(size + 1)
        except zstandard.ZstdError as error:
            raise SceneError(f"SPZ stream {i} is damaged ({error})") from error
        if len(section) != size:
            raise SceneError(f"SPZ stream {i} holds {len(section)} bytes, expected {size}")
        sections.append(section)
        position += packed
    return header, [*sections, b""][:6]


def _to_splats(header: _Header, sections: list[bytes]) -> Splats:
    n, k = header.count, _SH_COEFFICIENTS[header.sh_degree]
    arrays = [np.frombuffer(section, np.uint8) for section in sections]
    positions, alphas, colors, scales, rotations, sh = arrays
    rest = sh.reshape(n, k, 3)[:, :15]
    return Splats(
        means=_positions(positions, header),
        log_scales=(scales.reshape(n, 3) / 16 - 10).astype(np.float32),
        quats=_rotations(rotations, header.version),
        opacity_logits=logit_of_bytes(alphas),
        sh0=((colors.reshape(n, 3) / 255 - 0.5) / _COLOR_SCALE).astype(np.float32),
        shN=((rest.astype(np.int16) - 128) / 128).astype(np.float32),
        antialiased=bool(header.flags & _FLAG_ANTIALIASED),
    )


def _positions(raw: NDArray[np.uint8], header: _Header) -> NDArray[np.float32]:
    if header.version == 1:
        return raw.view("<f2").reshape(-1, 3).astype(np.float32)
    b = raw.reshape(-1, 3, 3).astype(np.int32)
    # The third byte goes to the top of the word, so that the shift back extends its sign.
    fixed = ((b[..., 0] << 8) | (b[..., 1] << 16) | (b[..., 2] << 24)) >> 8
    return (fixed / float(1 << header.fractional_bits)).astype(np.float32)


def _rotations(raw: NDArray[np.uint8], version: int) -> NDArray[np.float32]:
    """w, x, y, z. Version 3 on: 2 bits for the component left out, then sign and 9 bits each."""
    if version < 3:
        xyz = raw.reshape(-1, 3) / 127.5 - 1
        return place_largest(np.zeros(len(xyz), np.intp), xyz)
    words = raw.view("<u4")
    fields = np.stack([(words >> shift) & 1023 for shift in (20, 10, 0)], axis=1)
    sign = 1.0 - 2.0 * (fields >> 9)
    others = sign * (fields & 511) * (np.sqrt(0.5) / 511)
    xyzw = place_largest(words >> 30, others)
    return np.ascontiguousarray(xyzw[:, [3, 0, 1, 2]])


def spz_bytes(splats: Splats, version: int = 3) -> bytes:
    """The file of `splats`, version 2, 3 or 4; axes as they are.

    Positions get as many fractional bits, at most 20, as their range leaves of 24. SH keep all
    their 8 bits (the reference encoder drops some). Raises SceneError for positions beyond 2^23.
    """
    if version not in (2, 3, 4):
        raise SceneError(f"SPZ version {version} cannot be written; versions 2 to 4 can")
    largest = float(np.abs(splats.means).max(initial=0))
    if not largest < 2**23 - 1:
        raise SceneError("positions beyond 2^23 or not finite do not fit an SPZ file")
    bits = int(np.clip(23 - np.ceil(np.log2(largest + 1e-9)), 0, 20))
    flags = _FLAG_ANTIALIASED if splats.antialiased else 0
    head = struct.pack("<4sIIBBB", MAGIC, version, splats.n_gaussians, splats.sh_degree, bits,
                       flags)
    sections = [
        _position_bytes(splats.means, bits),
        to_bytes(alphas(splats.opacity_logits) * 255).tobytes(),
        to_bytes((splats.sh0 * _COLOR_SCALE + 0.5) * 255).tobytes(),
        to_bytes((splats.log_scales + 10) * 16).tobytes(),
        _rotation_bytes(splats.quats, version),
        to_bytes(splats.shN * 128 + 128).tobytes(),
    ]
    if version < 4:
        return gzip.compress(head + b"\0" + b"".join(sections), mtime=0)
    return _zstd_file(head, sections[:5] if splats.sh_degree == 0 else sections)


def _zstd_file(head: bytes, sections: list[bytes]) -> bytes:
    import zstandard

    packed = [zstandard.ZstdCompressor(level=19).compress(section) for section in sections]
    head = (head + struct.pack("<BI", len(sections), 32)).ljust(32, b"\0")
    table = b"".join(struct.pack("<QQ", len(p), len(s))
                     for p, s in zip(packed, sections, strict=True))
    return head + table + b"".join(packed)


def _position_bytes(means: NDArray[np.float32], bits: int) -> bytes:
    fixed = np.clip(np.rint(means.astype(np.float64) * 2**bits), -(2**23), 2**23 - 1)
    words = np.ascontiguousarray(fixed.astype("<i4"))
    return words.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()


def _rotation_bytes(quats: NDArray[np.float32], version: int) -> bytes:
    """Version 2: x, y, z of the quaternion with w >= 0; later: smallest three of x, y, z, w."""
    xyzw = normalized(quats)[:, [1, 2, 3, 0]]
    if version == 2:
        xyz = xyzw[:, :3] * np.where(xyzw[:, 3:] < 0, -1, 1)
        return to_bytes(xyz * 127.5 + 127.5).tobytes()
    index, others = split_largest(xyzw)
    fields = np.minimum(np.rint(np.abs(others) * (511 / np.sqrt(0.5))), 511).astype(np.uint32)
    fields |= (others < 0).astype(np.uint32) << 9
    words = (index.astype(np.uint32) << 30) | (fields[:, 0] << 20) | (fields[:, 1] << 10)
    return (words | fields[:, 2]).astype("<u4").tobytes()
