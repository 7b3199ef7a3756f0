"""The harnesses: bytes in, nothing out; an exception that is not on purpose is a finding.

Each calls one part of the library as a hostile file would reach it and then checks properties of
what came back. `HARNESSES` names them; tools.fuzz runs them under libFuzzer, the tests run
them with seeded mutations.
"""

from __future__ import annotations

import contextlib
import io
import json
import struct
import tempfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from unittest import mock

import numpy as np

import codec
from codec.core import geometry, lossless
from codec.core.entropy import SymbolDecoder, SymbolEncoder, unpack_bits
from codec.core.mlra import read_maps, write_maps
from codec.core.model import frequencies
from codec.core.params import CodingParams, TileHeader
from codec.decoder import decode as decoding
from codec.decoder.extras import read_comments, read_extra, write_extra
from codec.decoder.info import stream_info
from codec.decoder.parse import Tier, parse
from codec.encoder.encode import encode
from codec.errors import FormatError, LimitExceeded, NfxError, SceneError, UnsupportedError
from codec.io.cameras import read_cameras
from codec.io.colmap import read_points
from codec.io.glb import read_glb
from codec.io.images import image_size
from codec.io.ply import ply_bytes, read_ply
from codec.io.report import ReadReport
from codec.io.sog import read_sog, sog_bytes
from codec.io.splat32 import read_splat32
from codec.io.spz import read_spz
from codec.scene import Splats
from codec.wire import tables
from codec.wire.boxes import Box
from codec.wire.restorer import read_restorer, write_restorer
from codec.wire.views import read_views, write_views
from conformance.reference_decoder import StreamError
from conformance.reference_decoder import restorer as reference_restorer
from conformance.reference_decoder.conventions import Reader

FIELDS = ("means", "log_scales", "quats", "opacity_logits", "sh0", "shN")
LIMITS = codec.DecoderLimits(max_gaussians=2048, max_memory=1 << 26, threads=1)
STREAM_ERRORS = (FormatError, UnsupportedError, LimitExceeded)
MAX_MAPS = 16 * 4000  # bytes of restorer maps that the reference decoder can take
MAX_COUNT = 400  # Gaussians in the harnesses that are told a count


class Finding(AssertionError):
    """A property that must hold does not."""


def expect(condition: bool, what: str) -> None:
    if not condition:
        raise Finding(what)


class Slicer:
    """Small numbers and byte strings cut off the front of the input; zeros once it has ended."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def bytes(self, n: int) -> bytes:
        out = self._data[self._at : self._at + n]
        self._at += len(out)
        return out

    def number(self, size: int = 1) -> int:
        return int.from_bytes(self.bytes(size), "little")

    def sized(self) -> bytes:
        """A byte string after its length (two bytes)."""
        return self.bytes(self.number(2))

    def rest(self) -> bytes:
        return self.bytes(len(self._data))


def same_arrays(a: Splats, b: Splats) -> bool:
    return all(getattr(a, name).tobytes() == getattr(b, name).tobytes() for name in FIELDS)


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Warnings of the library on purpose stay silent; those of NumPy are findings."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", UserWarning)
        yield


# -- streams -----------------------------------------------------------------------------------


def container(data: bytes) -> None:
    """Boxes, headers, index, facts about the stream; nothing is decoded."""
    try:
        stream = parse(data, codec.DecoderLimits())
        facts = stream_info(data)
        json.dumps(facts)
    except STREAM_ERRORS:
        return
    n = sum(t.n for tier in stream.tiers for t in tier.tiles or ())
    expect(n == stream.header.n_gaussians or stream.truncated, "tiles do not add up")
    expect(sum(b.size for b in stream.boxes) + 20 <= len(data), "boxes longer than the file")
    for kind in (tables.META,):
        if kind in stream.ancillary:
            read_comments(stream.ancillary[kind].payload)


def decode(data: bytes) -> None:
    """The whole decoder; every array of a lossy scene is finite."""
    try:
        splats = codec.decode(data, LIMITS)
    except STREAM_ERRORS:
        return
    finite = all(np.isfinite(getattr(splats, name)).all() for name in FIELDS)
    expect(finite or data[10] == tables.PROFILE_LOSSLESS, "a decoded value is not finite")
    expect(splats.n_gaussians <= LIMITS.max_gaussians, "more Gaussians than the limit")


def differential(data: bytes) -> None:
    """Both decoders: the same arrays or the same error class."""
    from tools.differential import too_large, verdict_of_codec, verdict_of_reference

    if too_large(data):
        return
    ours, theirs = verdict_of_codec(data), verdict_of_reference(data)
    expect(ours == theirs, f"codec says {ours}, the reference decoder {theirs}")


# -- coding tools ------------------------------------------------------------------------------


def entropy(data: bytes) -> None:
    """A program of tables, uniform symbols and raw bits over a payload; what decodes re-encodes."""
    s = Slicer(data)
    program, payload = s.sized(), s.rest()
    steps, p = [], Slicer(program)
    while len(steps) < 64 and (kind := p.bytes(1)):
        steps.append(_entropy_step(kind[0] % 3, p))
    try:
        coder = SymbolDecoder(payload, "fuzz")
        found = [getattr(coder, name)(*given, None) for name, given in steps]
        coder.finish()
    except FormatError:
        return
    again = SymbolEncoder()
    for (name, given), values in zip(steps, found, strict=True):
        getattr(again, name)(*given, values)
    expect(again.finish() == payload, "a payload has two encodings")


def _entropy_step(kind: int, p: Slicer) -> tuple[str, tuple]:
    if kind == 0:
        weights = np.frombuffer(p.bytes(2 + p.number() % 255).ljust(2, b"\1"), np.uint8)
        table = frequencies((weights.astype(np.int64) ** 3 + (weights[0] & 1))[None, :] + 1)[0]
        return "symbols", (table, p.number() % 64)
    if kind == 1:
        sizes = [2 + p.number(3) % ((1 << 24) - 1) for _ in range(p.number() % 16)]
        return "uniform", (np.array(sizes, np.int64),)
    return "raw", (p.number() % 33, p.number() % 64)


def tree(data: bytes) -> None:
    """The count-split tree; cells lie in the box, in tree order, and encode to the same bytes."""
    s = Slicer(data)
    n, bits = 1 + s.number(2) % MAX_COUNT, tuple(s.number() % 22 for _ in range(3))
    payload = s.rest()
    try:
        coder = SymbolDecoder(payload, "fuzz")
        cells = geometry.code_tree(coder, n, bits)
        coder.finish()
    except FormatError:
        return
    expect(bool((cells >= 0).all() and (cells >> np.array(bits) == 0).all()), "a cell is outside")
    keys = geometry.tree_keys(cells, bits)
    expect(bool((keys[1:] >= keys[:-1]).all()), "cells are not in tree order")
    again = SymbolEncoder()
    geometry.code_tree(again, n, bits, cells)
    expect(again.finish() == payload, "a tree has two encodings")


class EndlessDecoder(SymbolDecoder):
    """Raw bits are zero beyond the end, and leftovers pass: reaches what stands behind the checks.

    Whatever it yields some proper payload yields too, so every property must hold for it.
    """

    def raw(self, n_bits: int, count: int, values=None):
        if not n_bits or not count:
            return np.zeros(count, np.int64)
        n_bytes = (n_bits * count + 7) // 8
        data = bytes(self._reader.bytes(min(n_bytes, self._reader.remaining)))
        return unpack_bits(np.frombuffer(data.ljust(n_bytes, b"\0"), np.uint8), count, n_bits)

    def finish(self) -> None:
        pass


def attributes(data: bytes) -> None:
    """All layers of one lossy tile with any parameters: finite arrays or a format error."""
    s = Slicer(data)
    degree, n, modl = s.number() % 4, 1 + s.number(2) % MAX_COUNT, s.sized()
    bits, origin = tuple(s.number() % 22 for _ in range(3)), s.number(4) - (1 << 31) + 1
    try:
        params = CodingParams.read(modl, degree)
        tile = TileHeader(n, (origin, -origin, origin >> 7), bits)
        tier = Tier(params, params.layers, [tile], complete_layers=len(params.layers))
        for k in range(len(params.layers)):
            tier.payloads[k, 0] = Box(tables.TILE, s.sized())
        with mock.patch.object(decoding, "SymbolDecoder", EndlessDecoder):
            found = decoding._decode_symbols(tier, 0, None)
        arrays = decoding._reconstruct(params, degree, *found, slice(None), s.number() % 256)
    except FormatError:
        return
    for name, values in arrays.items():
        expect(len(values) == n and values.dtype == np.float32, f"{name}: shape or type")
        expect(bool(np.isfinite(values).all()), f"{name} is not finite")


def lossless_tile(data: bytes) -> None:
    """One lossless tile with any parameters; any bit patterns come back from the encoder's side."""
    s = Slicer(data)
    degree, n, modl = s.number() % 4, 1 + s.number(2) % MAX_COUNT, s.sized()
    tile = TileHeader(n, tuple(s.number(4) & 0x1FFFFF for _ in range(3)),
                      tuple(s.number() % 22 for _ in range(3)))
    try:
        params = lossless.LosslessParams.read(modl, 11 + 3 * ((degree + 1) ** 2 - 1))
        columns = lossless.code_tile(EndlessDecoder(s.rest(), "fuzz"), params, tile, degree)
    except FormatError:
        return
    arrays = lossless.decode_columns(columns, degree)
    expect(all(len(v) == n for v in arrays.values()), "a column has the wrong length")


# -- ancillary boxes ---------------------------------------------------------------------------


def ancillary(data: bytes) -> None:
    """VIEW, EXTR and META payloads; what is read writes back to the same values."""
    kind, n, payload = data[:1], data[1:2] or b"\0", data[2:]
    try:
        if kind < b"\x55":
            expect(write_views(read_views(payload)) == payload, "views have two encodings")
        elif kind < b"\xaa":
            empty = _empty(n[0])
            found = read_extra(empty, payload, empty.n_gaussians, slice(None), int)
            expect(all(len(v) == n[0] for v in found.extra.values()), "a column has no length")
            again = read_extra(empty, write_extra(found), empty.n_gaussians, slice(None), int).extra
            expect({k: v.tobytes() for k, v in again.items()}
                   == {k: v.tobytes() for k, v in found.extra.items()}, "EXTR does not come back")
        else:
            expect(all(isinstance(c, str) for c in read_comments(payload)), "a comment is no text")
    except STREAM_ERRORS:
        return


@lru_cache(maxsize=8)
def _empty(n: int) -> Splats:
    def zeros(*shape: int):
        return np.zeros((n, *shape), np.float32)

    return Splats(zeros(3), zeros(3), zeros(4), zeros(), zeros(3), zeros(0, 3))


def restorer(data: bytes) -> None:
    """REST and MLRA payloads: both decoders agree; what is read writes to the same values."""
    s = Slicer(data)
    rest, maps = s.sized(), s.rest()
    with contextlib.suppress(STREAM_ERRORS):
        expect(write_restorer(read_restorer(rest)) == rest, "REST has two encodings")
    same_verdict(read_restorer, lambda p: reference_restorer.read_rest(Reader(p)), rest)
    with contextlib.suppress(LimitExceeded):
        found = same_verdict(lambda p: read_maps(p, MAX_MAPS),
                             lambda p: reference_restorer.read_mlra(Reader(p)), maps)
        if found is not None:
            again = read_maps(write_maps(found[0]))
            values = [[q.tolist() for q in group.maps] for group in found[0]]
            expect(values == [[q.tolist() for q in group.maps] for group in again], "maps change")
            theirs = [[q.tolist() for q in group.maps] for group in found[1]]
            expect(values == theirs, "the decoders read other maps")


def same_verdict(ours: Callable, theirs: Callable, payload: bytes) -> tuple | None:
    """Both results, None when both refuse. LimitExceeded of ours passes through."""
    try:
        mine, said = ours(payload), "read"
    except (FormatError, UnsupportedError) as error:
        mine, said = None, "format" if isinstance(error, FormatError) else "unsupported"
    try:
        other, they = theirs(payload), "read"
    except StreamError as error:
        other, they = None, error.kind
    expect(said == they, f"codec says {said}, the reference decoder {they}")
    return None if mine is None else (mine, other)


# -- readers -----------------------------------------------------------------------------------


def ply(data: bytes) -> None:
    """PLY, also PlayCanvas compressed; what is read writes to a PLY that reads the same."""
    try:
        splats = read_ply(data)
        again = read_ply(ply_bytes(splats))
    except SceneError:
        return
    expect(same_arrays(splats, again), "a scene changes when it is written and read")


def spz(data: bytes) -> None:
    """SPZ as it is, as the inside of a gzip stream, and as the streams of a version 4 file."""
    mode, body = data[:1], data[1:]
    if mode < b"\x40":
        packed = body
    elif mode < b"\xa0":
        packed = gzipped(body)
    else:
        packed = spz4(body)
    try:
        splats = read_spz(memoryview(packed), ReadReport())
    except SceneError:
        return
    expect(splats.n_gaussians <= 65536 + len(packed), "more Gaussians than bytes allow")


def gzipped(body: bytes) -> bytes:
    squeeze = zlib.compressobj(1, zlib.DEFLATED, 31)
    return squeeze.compress(body) + squeeze.flush()


def spz4(body: bytes) -> bytes:
    """A version 4 file: `body` is a header of 16 bytes, then the raw sections it announces."""
    import zstandard

    head = body[:16].ljust(16, b"\0")
    count, degree = struct.unpack_from("<IB", head, 8)
    sh = {0: 0, 1: 3, 2: 8, 3: 15, 4: 24}.get(degree, 0)
    sizes = [9 * count, count, 3 * count, 3 * count, 4 * count, *([3 * sh * count] * bool(sh))]
    at, table, parts = 16, b"", []
    for size in sizes:
        part = zstandard.ZstdCompressor(level=1).compress(body[at : at + min(size, len(body))])
        parts.append(part)
        table += struct.pack("<QQ", len(part), size)
        at += size
    start = struct.pack("<I", 32).ljust(16, b"\0")
    return head[:15] + bytes([len(sizes)]) + start + table + b"".join(parts)


def glb(data: bytes) -> None:
    """Binary glTF, as it is and with the lengths of its chunks made to fit."""
    mode, s = data[:1], Slicer(data[1:])
    packed = data[1:]
    if mode >= b"\x40":
        document, binary = s.sized(), s.rest()
        chunks = struct.pack("<II", len(document), 0x4E4F534A) + document
        chunks += struct.pack("<II", len(binary), 0x004E4942) + binary
        packed = struct.pack("<4sII", b"glTF", 2, 12 + len(chunks)) + chunks
    with contextlib.suppress(SceneError):
        found = read_glb(memoryview(packed), ReadReport())
        expect(found.n_gaussians * 12 <= len(packed), "more Gaussians than bytes allow")


def sog(data: bytes) -> None:
    """SOG, as it is and with its meta.json inside a good archive."""
    mode, packed = data[:1], data[1:]
    if mode >= b"\x40":
        packed = sog_archive(data[1:])
    with contextlib.suppress(SceneError):
        read_sog(memoryview(packed), ReadReport())


def sog_archive(meta: bytes) -> bytes:
    """The archive of a small scene with another meta.json."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(small_sog())) as good, zipfile.ZipFile(out, "w") as new:
        for name in good.namelist():
            new.writestr(name, meta if name == "meta.json" else good.read(name))
    return out.getvalue()


@lru_cache(maxsize=1)
def small_sog() -> bytes:
    from conformance import scenes

    return sog_bytes(scenes.scene(5, 1, 6))


def splat32(data: bytes) -> None:
    """The headerless .splat."""
    with contextlib.suppress(SceneError):
        expect(read_splat32(memoryview(data)).n_gaussians * 32 == len(data), "a wrong count")


@lru_cache(maxsize=1)
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="nfx-fuzz-")


def cameras(data: bytes) -> None:
    """Camera files: JSON of both kinds, COLMAP text and binary, points, image headers."""
    kind, body = (data[0] if data else 0) % 6, data[1:]
    root = Path(_folder().name)
    cut = int.from_bytes(body[:2], "little")
    try:
        if kind < 2:
            (root / "a.json").write_bytes(body)
            found = read_cameras(root / "a.json")
            expect(len({c.name for c in found}) == len(found), "two cameras of one name")
            expect(all(np.isfinite(c.world_to_camera).all() for c in found), "a pose is not finite")
        elif kind < 4:
            _colmap(root / ("bin", "txt")[kind - 2], (".bin", ".txt")[kind - 2],
                    body[2 : 2 + cut], body[2 + cut :])
        else:
            (root / "image").write_bytes(body)
            image_size(root / "image")
    except SceneError:
        return


def _colmap(folder: Path, suffix: str, first: bytes, second: bytes) -> None:
    folder.mkdir(exist_ok=True)
    (folder / f"cameras{suffix}").write_bytes(first)
    (folder / f"images{suffix}").write_bytes(second)
    (folder / f"points3D{suffix}").write_bytes(second)
    for read in (read_points, read_cameras):
        with contextlib.suppress(SceneError):
            read(folder)


# -- round trip --------------------------------------------------------------------------------


def splats_from(data: bytes) -> Splats:
    """A scene of up to 24 Gaussians whose floats are any bit patterns."""
    s = Slicer(data)
    degree, n = s.number() % 4, s.number() % 25
    rest = (degree + 1) ** 2 - 1
    width = 14 + 3 * rest
    raw = s.rest()
    raw = (raw * (1 + n * width * 4 // max(len(raw), 1)) + bytes(n * width * 4))[: n * width * 4]
    values = np.frombuffer(raw, "<f4").astype(np.float32).reshape(n, width)
    ends = np.cumsum([3, 3, 4, 1, 3]).tolist()
    parts = [np.ascontiguousarray(p) for p in np.split(values, ends, axis=1)]
    return Splats(*parts[:3], parts[3][:, 0], parts[4], parts[5].reshape(n, rest, 3))


def roundtrip(data: bytes) -> None:
    """Encode and decode scenes of any floats: exact, bounded or finite, as the mode promises."""
    mode = ("lossy", "near-lossless", "lossless", "keep-order")[(data[0] if data else 0) % 4]
    splats, report = splats_from(data[1:]), {}
    options = codec.EncoderOptions(
        effort=1, threads=1, prune=False, keep_order=mode == "keep-order",
        mode="lossless" if mode == "keep-order" else mode, quality=1 + len(data) % 100)
    try:
        packed = encode(splats, options, report=report)
    except SceneError:
        expect(mode in ("lossy", "near-lossless"), "the lossless mode refuses a scene")
        return
    found = codec.decode(packed, LIMITS)
    if mode == "keep-order":
        expect(same_arrays(found, splats), "lossless and in order, but not the same")
    elif mode == "lossless":
        expect(rows_of(found) == rows_of(splats), "lossless, but other Gaussians")
    else:
        dropped = sum(report["dropped"].values())
        expect(found.n_gaussians == splats.n_gaussians - dropped, "Gaussians uncounted")
        expect(all(np.isfinite(getattr(found, f)).all() for f in FIELDS), "not finite")


def rows_of(splats: Splats) -> list[bytes]:
    """Each Gaussian as bytes, sorted."""
    n = splats.n_gaussians
    columns = [getattr(splats, f) for f in FIELDS]
    return sorted(b"".join(c[i].tobytes() for c in columns) for i in range(n))


def guarded(harness: Callable[[bytes], None]) -> Callable[[bytes], None]:
    """The harness with warnings as findings, and stray NfxErrors named."""

    def run(data: bytes) -> None:
        with quiet():
            try:
                harness(data)
            except NfxError as error:
                raise Finding(f"{type(error).__name__} where it may not be: {error}") from error

    run.__name__ = harness.__name__
    return run


HARNESSES: dict[str, Callable[[bytes], None]] = {
    h.__name__: guarded(h)
    for h in (container, decode, differential, entropy, tree, attributes, lossless_tile, ancillary,
              restorer, ply, spz, glb, sog, splat32, cameras, roundtrip)
}
OF_STREAMS = frozenset({"container", "decode", "differential"})
