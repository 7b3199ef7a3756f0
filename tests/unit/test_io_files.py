"""Atomic writing and images."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest

from codec.errors import SceneError, UsageError
from codec.io import atomic
from codec.io.atomic import atomic_write
from codec.io.images import image_size, png_bytes, read_image, write_png


def test_writes_parts_in_order(tmp_path):
    atomic_write(tmp_path / "a", [b"one", memoryview(b"two"), np.frombuffer(b"three", np.uint8)])
    assert (tmp_path / "a").read_bytes() == b"onetwothree"
    atomic_write(tmp_path / "b", b"bytes")
    assert (tmp_path / "b").read_bytes() == b"bytes"
    assert sorted(os.listdir(tmp_path)) == ["a", "b"]


def test_refuses_and_overwrites(tmp_path):
    target = tmp_path / "a"
    target.write_bytes(b"old")
    with pytest.raises(UsageError, match="--overwrite"):
        atomic_write(target, b"new")
    assert target.read_bytes() == b"old"
    atomic_write(target, b"new", overwrite=True)
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_a_target_that_appears_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "a"

    def parts():
        target.write_bytes(b"someone else's")
        yield b"mine"

    with pytest.raises(UsageError, match="--overwrite"):
        atomic_write(target, parts())
    assert target.read_bytes() == b"someone else's"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("overwrite", [False, True])
def test_failure_leaves_nothing_behind(tmp_path, overwrite):
    def parts():
        yield b"half"
        raise RuntimeError("disk on fire")

    with pytest.raises(RuntimeError, match="disk on fire"):
        atomic_write(tmp_path / "a", parts(), overwrite)
    assert os.listdir(tmp_path) == []


def test_file_systems_without_hard_links(tmp_path, monkeypatch):
    def no_links(*_):
        raise PermissionError("no links here")

    monkeypatch.setattr(atomic.os, "link", no_links)
    atomic_write(tmp_path / "a", b"data")
    assert (tmp_path / "a").read_bytes() == b"data"
    assert os.listdir(tmp_path) == ["a"]


def test_impossible_targets(tmp_path):
    with pytest.raises(UsageError, match="is a folder"):
        atomic_write(tmp_path, b"", overwrite=True)
    with pytest.raises(UsageError, match="does not exist"):
        atomic_write(tmp_path / "none" / "a", b"")


def png_pixels(data: bytes) -> np.ndarray:
    """A slow, plain PNG decoder for the filters our writer uses; checks every CRC."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (size,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        assert struct.unpack_from(">I", data, at + 8 + size)[0] == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + size
    width, height, depth, color, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert rest == [0, 0, 0]
    channels = {0: 1, 2: 3, 6: 4}[color]
    step = channels * depth // 8
    raw = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, -1)
    out = np.zeros((height, width * step), np.uint8)
    for y in range(height):
        for x in range(width * step):
            left = out[y, x - step] if x >= step else 0
            above = out[y - 1, x] if y else 0
            add = {0: 0, 1: left, 2: above}[raw[y, 0]]
            out[y, x] = (int(raw[y, 1 + x]) + int(add)) % 256
    wide = out.view(">u2") if depth == 16 else out
    return wide.reshape(height, width, channels)


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 1), (4, 3, 3), (2, 6, 4), (1, 1, 3)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_png_is_exact(shape, dtype):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, np.iinfo(dtype).max + 1, shape).astype(dtype)
    ramp = np.broadcast_to(np.arange(shape[1]).reshape(1, -1, *[1] * (len(shape) - 2)), shape)
    for image in (noise, ramp.astype(dtype), np.swapaxes(noise, 0, 1)[::-1]):
        pixels = png_pixels(png_bytes(image))
        np.testing.assert_array_equal(pixels.reshape(image.shape), image)


def test_png_of_floats_is_clipped_and_rounded():
    image = np.array([[-1.0, 0.0, 0.5, 1.0, 7.0, np.nan, np.inf, 0.0021]], np.float32)
    expected = [[0, 0, 128, 255, 255, 0, 255, 1]]
    np.testing.assert_array_equal(png_pixels(png_bytes(image))[:, :, 0], expected)


@pytest.mark.parametrize("image", [np.zeros((2, 2, 2)), np.zeros(4), np.zeros((0, 3, 3)), [[1, 2]]])
def test_png_refuses_other_arrays(image):
    with pytest.raises(ValueError, match="as PNG"):
        png_bytes(np.asarray(image))


def test_read_image_and_size(tmp_path):
    image_module = pytest.importorskip("PIL.Image")
    rng = np.random.default_rng(0)
    rgb = rng.integers(0, 256, (6, 9, 3)).astype(np.uint8)
    write_png(tmp_path / "a.png", rgb)
    np.testing.assert_array_equal(read_image(tmp_path / "a.png"), rgb)
    write_png(tmp_path / "g.png", rgb[:, :, 0])
    np.testing.assert_array_equal(read_image(tmp_path / "g.png")[:, :, 2], rgb[:, :, 0])
    rgba = np.concatenate([rgb, rgb[:, :, :1]], axis=2)
    write_png(tmp_path / "t.png", rgba)
    np.testing.assert_array_equal(read_image(tmp_path / "t.png"), rgba)
    image_module.fromarray(rgb).save(tmp_path / "j.jpg", progressive=True)
    assert image_size(tmp_path / "a.png") == image_size(tmp_path / "j.jpg") == (9, 6)
    (tmp_path / "x.png").write_bytes(b"no image")
    for read in (read_image, image_size):
        with pytest.raises(SceneError):
            read(tmp_path / "x.png")
        with pytest.raises(SceneError):
            read(tmp_path / "none.png")
    with pytest.raises(UsageError, match="--overwrite"):
        write_png(tmp_path / "a.png", rgb)


def test_reading_files_loads_no_heavy_module():
    code = (
        "import sys, codec.io.scenes, codec.io.cameras, codec.io.images, codec.io.clean\n"
        "heavy = {'torch', 'scipy', 'numba', 'PIL', 'plyfile', 'zstandard'} & set(sys.modules)\n"
        "print(*sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("\n", "")


def test_a_link_stays_and_its_target_is_written(tmp_path):
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "ahead").symlink_to(tmp_path / "new")
    atomic_write(tmp_path / "link", b"new", overwrite=True)
    atomic_write(tmp_path / "ahead", b"made")
    assert (tmp_path / "link").is_symlink() and (tmp_path / "ahead").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"
    assert (tmp_path / "new").read_bytes() == b"made"


@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"])
def test_streams_are_no_files(name):
    for overwrite in (False, True):
        with pytest.raises(UsageError, match="no regular file"):
            atomic.check_writable(name, overwrite)


def test_a_folder_that_takes_no_files_is_noticed_before_the_work(tmp_path, monkeypatch):
    def refuse(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(OSError) as caught:
        atomic.check_writable(tmp_path / "a.nfx", False)
    assert caught.value.filename == str(tmp_path / "a.nfx")
    assert not list(tmp_path.iterdir())
