"""SPZ, .splat and compressed PLY: files built here from the format facts, value by value."""

from __future__ import annotations

import gzip
import struct

import numpy as np
import pytest

from codec.errors import SceneError
from codec.io.ply import ply_bytes, read_ply
from codec.io.quantized import SH_C0
from codec.io.report import ReadReport
from codec.io.scenes import read_scene
from tests.conftest import shared_data
from tests.unit.test_io_ply import assert_same, make

POINTS = [(0, 4096, -4096), (1, -1, 8388607), (-8388608, 256, 65536)]  # fixed point
SIZES = {0: 0, 1: 3, 2: 8, 3: 15, 4: 24}
SQRT_HALF = 0.5**0.5


def fixed24(value: int) -> bytes:
    return (value % (1 << 24)).to_bytes(3, "little")


def spz_sections(version: int, degree: int) -> list[bytes]:
    n = len(POINTS)
    if version == 1:
        positions = b"".join(struct.pack("<3e", *(v / 4096 for v in p)) for p in POINTS[:2])
        positions += struct.pack("<3e", -2.5, 0.0625, 16)
    else:
        positions = b"".join(fixed24(v) for p in POINTS for v in p)
    # x = -sqrt(1/2), the rest 0, w left out; then z left out; then x left out
    words = [3 << 30 | 1 << 29 | 511 << 20, 2 << 30, 0 << 30 | 511]
    rotations = (
        struct.pack("<3I", *words) if version >= 3
        else bytes([0, 128, 127, 255, 127, 128, 128, 127, 128])
    )  # fmt: skip
    sh = bytes(range(10, 10 + SIZES[degree])) * 3 * n
    return [positions, bytes([0, 128, 255]), bytes(range(9)), bytes(range(160, 169)), rotations, sh]


def spz_file(version: int, degree: int, flags: int = 0, bits: int = 12) -> bytes:
    sections = spz_sections(version, degree)
    n = len(POINTS)
    head = struct.pack("<4sIIBBB", b"NGSP", version, n, degree, bits, flags)
    if version < 4:
        return gzip.compress(head + b"\0" + b"".join(sections))
    zstandard = pytest.importorskip("zstandard")
    record = b"EXT" * 4 if flags & 2 else b""
    streams = [s for s in sections if s]
    packed = [zstandard.ZstdCompressor().compress(s) for s in streams]
    head += struct.pack("<BI12x", len(streams), 32 + len(record)) + record
    table = [struct.pack("<QQ", len(p), len(s)) for p, s in zip(packed, streams, strict=True)]
    return b"".join([head, *table, *packed])


def save(tmp_path, data: bytes, name: str = "scene.spz"):
    path = tmp_path / name
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_spz(tmp_path, version, degree):
    report = ReadReport()
    # The content decides: the extension may be wrong.
    scene = read_scene(save(tmp_path, spz_file(version, degree, flags=3), "a.ply"), report)
    assert report.source_format == f"spz v{version}"
    assert "SPZ extensions (such as a coordinate system) are ignored" in report.notes
    assert ("SPZ SH degree 4 cut to degree 3" in report.notes) == (degree == 4)
    assert scene.antialiased and scene.sh_degree == min(degree, 3)
    expected = np.array(POINTS) / 4096
    if version == 1:
        expected = np.array([*POINTS[:2], (0, 0, 0)]) / 4096
        expected[2] = (-2.5, 0.0625, 16)
    np.testing.assert_allclose(scene.means, expected, rtol=1e-3 if version == 1 else 1e-7)
    np.testing.assert_array_equal(scene.log_scales[0], [0, 0.0625, 0.125])
    np.testing.assert_array_equal(scene.opacity_logits[[0, 2]], [-np.inf, np.inf])
    np.testing.assert_allclose(scene.opacity_logits[1], np.log(128 / 127), rtol=1e-5)
    np.testing.assert_allclose(scene.sh0[2], (np.array([6, 7, 8]) / 255 - 0.5) / 0.15, rtol=1e-6)
    rest = (np.resize(np.arange(10, 10 + SIZES[degree]), (SIZES[degree], 3)) - 128) / 128
    for row in scene.shN:
        np.testing.assert_array_equal(row, rest[:15])
    if version >= 3:
        quats = [[SQRT_HALF, -SQRT_HALF, 0, 0], [0, 0, 0, 1], [SQRT_HALF, SQRT_HALF, 0, 0]]
    else:
        e = 0.5 / 127.5
        quats = [[0, -1, e, -e], [0, 1, -e, e], [1, e, -e, e]]
    np.testing.assert_allclose(scene.quats, quats, atol=1e-4)


def test_spz_fractional_bits(tmp_path):
    scene = read_scene(save(tmp_path, spz_file(3, 0, bits=8)))
    np.testing.assert_array_equal(scene.means, np.array(POINTS, np.float32) / 256)


@pytest.mark.parametrize("version", [2, 4])
def test_every_spz_truncation_is_an_error(tmp_path, version):
    data = spz_file(version, 1)
    # Without its last 8 bytes (checksum, length) the gzip data is whole: read, with a note.
    for size in range(len(data) - (9 if version == 2 else 0)):
        with pytest.raises(SceneError):
            read_scene(save(tmp_path, data[:size]))


def header(version: int = 3, n: int = 1, degree: int = 0, bits: int = 12) -> bytes:
    return struct.pack("<4sIIBBBB", b"NGSP", version, n, degree, bits, 0, 0)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (gzip.compress(b"other data, longer than a header"), "magic 'NGSP' is missing"),
        (gzip.compress(header(version=9)), "version 9"),
        (gzip.compress(header(version=4) + bytes(99)), "cannot be of version 4"),
        (header(version=3) + bytes(99), "must be gzip-packed"),
        (gzip.compress(header(degree=5)), "header is damaged"),
        (gzip.compress(header(bits=25)), "header is damaged"),
        (gzip.compress(header(n=2**32 - 1)), "claims 4294967295 Gaussians"),
        (gzip.compress(header(n=1) + bytes(19)), "is cut: 35 of 36"),
        (b"\x1f\x8b" + bytes(40), "gzip stream .* is damaged"),
        (header(version=4, n=2**31) + bytes(99), "claims 2147483648 Gaussians"),
        (header(version=4) + bytes(99), "stream table"),
    ],
)
def test_damaged_spz(tmp_path, data, message):
    pytest.importorskip("zstandard")
    with pytest.raises(SceneError, match=message):
        read_scene(save(tmp_path, data))


def test_spz_v4_streams_that_lie(tmp_path):
    data = bytearray(spz_file(4, 1))
    first = 32 + 6 * 16
    damaged = data.copy()
    damaged[first : first + 4] = b"ABCD"  # the ZSTD magic of the positions
    grown = data.copy()
    grown[40:48] = struct.pack("<Q", 1 << 40)  # raw size of the positions
    swollen = data.copy()
    swollen[32:40] = struct.pack("<Q", 1 << 40)  # packed size of the positions
    for broken in (damaged, grown, swollen):
        with pytest.raises(SceneError, match="SPZ stream 0"):
            read_scene(save(tmp_path, bytes(broken)))


def test_splat(tmp_path):
    record = struct.pack("<6f", 1, -2, 1e5, 1, np.exp(-3), 0)
    record += bytes([255, 0, 128, 255]) + bytes([255, 128, 0, 128])
    report = ReadReport()
    scene = read_scene(save(tmp_path, record * 2, "a.SPLAT"), report)
    assert report.source_format == "splat" and scene.sh_degree == 0 and scene.n_gaussians == 2
    np.testing.assert_array_equal(scene.means[1], [1, -2, 1e5])
    np.testing.assert_allclose(scene.log_scales[0], [0, -3, -np.inf], atol=1e-6)
    np.testing.assert_allclose(scene.sh0[0] * SH_C0 + 0.5, [1, 0, 128 / 255], atol=1e-6)
    np.testing.assert_allclose(scene.quats[0], [127 / 128, 0, -1, 0])
    assert scene.opacity_logits[0] == np.inf
    assert read_scene(save(tmp_path, b"", "empty.splat")).n_gaussians == 0
    with pytest.raises(SceneError, match="no multiple of 32"):
        read_scene(save(tmp_path, record[:-1], "cut.splat"))
    with pytest.raises(SceneError, match="negative scales"):
        read_scene(save(tmp_path, struct.pack("<8f", 0, 0, 0, -1, 0, 0, 0, 0), "odd.splat"))


def compressed_ply(n: int = 300, degree: int = 1, colors: bool = True) -> tuple[bytes, dict]:
    """A file of n Gaussians, two chunks, and what it holds."""
    rng = np.random.default_rng(0)
    names = [f"{end}_{axis}" for end in ("min", "max") for axis in "xyz"]
    names += [f"{end}_scale_{axis}" for end in ("min", "max") for axis in "xyz"]
    names += [f"{end}_{c}" for end in ("min", "max") for c in "rgb"] if colors else []
    n_chunks = -(-n // 256)
    ranges = rng.standard_normal((n_chunks, len(names))).astype("<f4")
    packed = rng.integers(0, 2**32, (n, 4), dtype=np.uint32).astype("<u4")
    packed[:, 1] &= (3 << 30) | 0x0FF3FCFF  # rotations whose square sum stays below one
    rest = rng.integers(0, 256, (n, 3 * SIZES[degree])).astype(np.uint8)
    lines = ["ply", "format binary_little_endian 1.0", f"element chunk {n_chunks}"]
    lines += [f"property float {name}" for name in names] + [f"element vertex {n}"]
    lines += [f"property uint packed_{w}" for w in ("position", "rotation", "scale", "color")]
    if degree:
        lines += [f"element sh {n}"] + [f"property uchar f_rest_{i}" for i in range(rest.shape[1])]
    text = "\n".join([*lines, "end_header", ""]).encode()
    data = text + ranges.tobytes() + packed.tobytes() + rest.tobytes()
    return data, {"ranges": ranges, "names": names, "packed": packed, "rest": rest}


@pytest.mark.parametrize(("degree", "colors"), [(0, True), (1, True), (3, True), (1, False)])
def test_compressed_ply(tmp_path, degree, colors):
    data, truth = compressed_ply(degree=degree, colors=colors)
    scene = read_scene(save(tmp_path, data, "a.compressed.ply"))
    assert_same(scene, read_ply(data))
    for i in (0, 255, 256, 299):
        chunk = dict(zip(truth["names"], truth["ranges"][i // 256].tolist(), strict=True))
        position, rotation, scale, color = (int(w) for w in truth["packed"][i])

        def between(low: str, high: str, t: float, chunk: dict = chunk) -> float:
            return chunk[low] + (chunk[high] - chunk[low]) * t

        for word, what, got in ((position, "", scene.means), (scale, "scale_", scene.log_scales)):
            t = ((word >> 21) / 2047, (word >> 11 & 1023) / 1023, (word & 2047) / 2047)
            want = [between(f"min_{what}{a}", f"max_{what}{a}", t[j]) for j, a in enumerate("xyz")]
            np.testing.assert_allclose(got[i], want, atol=1e-5)
        rgb = [(color >> s & 255) / 255 for s in (24, 16, 8)]
        if colors:
            rgb = [between(f"min_{c}", f"max_{c}", rgb[j]) for j, c in enumerate("rgb")]
        np.testing.assert_allclose(scene.sh0[i], (np.array(rgb) - 0.5) / SH_C0, atol=1e-5)
        quat = [((rotation >> s & 1023) / 1023 - 0.5) * 2**0.5 for s in (20, 10, 0)]
        quat.insert(rotation >> 30, max(0.0, 1 - sum(q * q for q in quat)) ** 0.5)
        np.testing.assert_allclose(scene.quats[i], quat, atol=1e-6)
        k = SIZES[degree]
        for j in range(k):
            byte = truth["rest"][i, [j, j + k, j + 2 * k]].astype(float)
            want = np.where(byte == 0, -4, np.where(byte == 255, 4, (byte + 0.5) / 32 - 4))
            np.testing.assert_allclose(scene.shN[i, j], want, atol=1e-6)


def test_broken_compressed_ply(tmp_path):
    data, _ = compressed_ply()
    for old, new, message in (
        (b"packed_scale", b"packed_skale", "without 'packed_scale'"),
        (b"min_scale_y", b"min_skale_y", "without 'min_scale_y'"),
        (b"element chunk", b"element chunc", "without 'min_x'"),
        (b"f_rest_8", b"f_rest_9", "9 SH properties"),
        (b"element sh 300", b"element sh 299", "299 SH rows for 300"),
        (b"element chunk 2", b"element chunk 1", "1 chunks for 300"),
    ):
        assert old in data
        with pytest.raises(SceneError, match=message):
            read_scene(save(tmp_path, data.replace(old, new, 1)))
    with pytest.raises(SceneError, match="cut"):
        read_scene(save(tmp_path, data[:-1]))


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.ksplat", bytes(64), r"\.ksplat file and cannot be read; convert it to \.ply"),
        ("a.sog", b"PK\x03\x04", "SOG"),
        ("a.zip", b"PK\x03\x04", "SOG"),
        ("a.splat", b"PK\x03\x04" + bytes(28), "SOG"),
        ("a.glb", b"glTF\x02", "glTF"),
        ("a.ply", b"\x89NFX\r\n\x1a\n", "already NFX; decode it with splatdec"),
        ("a.nfx", b"", "is empty"),
        ("a.ply", b"hello there", "no splat scene NFX can read"),
        ("a.txt", bytes(64), "no splat scene NFX can read"),
        ("a.ply", b"ply\nformat ascii 1.0\nend_header\n", "a.ply: the PLY file has no element"),
    ],
)
def test_other_files_get_advice(tmp_path, name, data, message):
    with pytest.raises(SceneError, match=message) as caught:
        read_scene(save(tmp_path, data, name))
    assert "\n" not in str(caught.value)


def test_a_ply_under_another_name(tmp_path):
    scene = make(3)
    assert_same(read_scene(save(tmp_path, ply_bytes(scene), "a.splat")), scene)
    with pytest.raises(SceneError, match="cannot read"):
        read_scene(tmp_path / "none.ply")


def test_real_scene():
    report = ReadReport()
    scene = read_scene(shared_data("data/ply/train1000.ply"), report)
    assert (scene.n_gaussians, report.lines()) == (1000, [])
