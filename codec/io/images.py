"""Images: PNG writing without any library, reading through Pillow."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import ArrayLike, NDArray

from codec.errors import BackendError, SceneError
from codec.io.atomic import atomic_write

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".bmp", ".webp"}
"""Extensions, lower case, under which a photo is looked for."""
_IMAGE_SUFFIXES = PHOTO_SUFFIXES | {".exr", ".heic", ".gif", ".ppm"}
_COLOR_TYPES = {1: 0, 3: 2, 4: 6}  # channels -> PNG colour type


def image_stem(name: str) -> str:
    """An image's name without folders (/ or \\) and extension, "" where nothing is left.

    Only extensions of images count: `img_name` of graphdeco has none and may hold dots.
    """
    pure = PurePosixPath(name.replace("\\", "/"))
    return pure.stem if pure.suffix.lower() in _IMAGE_SUFFIXES else pure.name


def png_bytes(image: ArrayLike, text: dict[str, str] | None = None) -> bytes:
    """Encode [H, W], [H, W, 1], [H, W, 3] or [H, W, 4] as PNG (ISO/IEC 15948).

    text: tEXt chunks by keyword (Latin-1; other characters become "?").
    uint8 and uint16 as they are; floats in 0..1 are clipped and rounded to 8 bits (NaN is 0).
    Raises ValueError for other shapes and types.
    """
    pixels = _to_integers(np.asarray(image))
    if pixels.ndim == 2:
        pixels = pixels[:, :, None]
    if pixels.ndim != 3 or pixels.shape[2] not in _COLOR_TYPES or 0 in pixels.shape:
        raise ValueError(f"cannot write an image of shape {np.shape(image)} as PNG")
    height, width, channels = pixels.shape
    depth = pixels.dtype.itemsize
    # PNG stores the high byte first.
    rows = np.ascontiguousarray(pixels.astype(">u2" if depth == 2 else np.uint8, copy=False))
    filtered = _filter_rows(rows.view(np.uint8).reshape(height, -1), channels * depth)
    head = struct.pack(">IIBBBBB", width, height, 8 * depth, _COLOR_TYPES[channels], 0, 0, 0)
    return b"".join(
        [
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            *(_chunk(b"tEXt", f"{key}\0{value}".encode("latin-1", "replace"))
              for key, value in (text or {}).items()),
            _chunk(b"IDAT", zlib.compress(filtered.tobytes(), 6)),
            _chunk(b"IEND", b""),
        ]
    )


def write_png(path: str | os.PathLike[str], image: ArrayLike, *, overwrite: bool = False,
              text: dict[str, str] | None = None) -> None:
    """Write `png_bytes(image, text)` atomically. Raises UsageError when `path` exists."""
    atomic_write(path, png_bytes(image, text), overwrite)


def png_text(path: str | os.PathLike[str]) -> dict[str, str]:
    """The tEXt chunks of a PNG file by keyword; empty when it is no PNG."""
    data, at, found = Path(path).read_bytes(), 8, {}
    while data[:4] == b"\x89PNG" and at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"tEXt":
            key, _, value = data[at + 8 : at + 8 + length].decode("latin-1").partition("\0")
            found[key] = value
        at += 12 + length
    return found


def _to_integers(image: NDArray) -> NDArray:
    if image.dtype in (np.uint8, np.uint16):
        return image
    if image.dtype.kind != "f":
        raise ValueError(f"cannot write pixels of type {image.dtype} as PNG")
    return np.rint(np.clip(np.nan_to_num(image), 0, 1) * 255).astype(np.uint8)


def _filter_rows(rows: NDArray[np.uint8], step: int) -> NDArray[np.uint8]:
    """Prefix every row with the filter (none, sub, up) of least absolute sum, and apply it."""
    sub, up = rows.copy(), rows.copy()
    sub[:, step:] -= rows[:, :-step]
    up[1:] -= rows[:-1]
    candidates = np.stack([rows, sub, up])
    cost = np.abs(candidates.view(np.int8).astype(np.int16)).sum(axis=2, dtype=np.int64)
    best = cost.argmin(axis=0)
    chosen = candidates[best, np.arange(len(rows))]
    return np.concatenate([best[:, None].astype(np.uint8), chosen], axis=1)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def read_image(path: str | os.PathLike[str]) -> NDArray[np.uint8]:
    """Read an image file as [H, W, 3] uint8, or [H, W, 4] when it has an alpha channel.

    Grey and palette images become RGB. Raises SceneError for an unreadable file and
    BackendError when Pillow is not installed.
    """
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendError("reading images needs Pillow: pip install pillow") from error
    try:
        with Image.open(path) as image:
            alpha = "A" in image.getbands() or "transparency" in image.info
            return np.asarray(image.convert("RGBA" if alpha else "RGB"))
    except (OSError, ValueError) as error:
        raise SceneError(f"cannot read the image {path}: {error}") from error


def image_size(path: str | os.PathLike[str]) -> tuple[int, int]:
    """(width, height) of a PNG or JPEG file, from its header alone.

    Raises SceneError when the file is neither or cannot be read.
    """
    try:
        with open(path, "rb") as stream:
            head = stream.read(1 << 20)
    except OSError as error:
        raise SceneError(f"cannot read {path}: {error.strerror or error}") from error
    if head[:8] == b"\x89PNG\r\n\x1a\n" and len(head) >= 24:
        width, height = struct.unpack_from(">II", head, 16)
        return width, height
    size = _jpeg_size(head) if head[:2] == b"\xff\xd8" else None
    if size is None:
        raise SceneError(f"cannot tell the size of the image {Path(path)}: not PNG or JPEG")
    return size


def _jpeg_size(head: bytes) -> tuple[int, int] | None:
    """Walk the JPEG markers to the first start of frame."""
    at = 2
    while at + 9 <= len(head) and head[at] == 0xFF:
        marker, length = head[at + 1], struct.unpack_from(">H", head, at + 2)[0]
        # SOF0..SOF15 without DHT (C4), JPG (C8) and DAC (CC)
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 1 if marker == 0xFF else 2 + length
    return None
