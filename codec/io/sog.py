"""PlayCanvas SOG version 2 (.sog): a ZIP of meta.json and lossless WebP images. Needs Pillow.

Format facts: pixel i of each image belongs to Gaussian i. means_l and means_u hold the low and high
bytes of 16-bit positions in sign(x) ln(1 + |x|), between mins and maxs; scales and sh0 index a
codebook of 256 values; the alpha of sh0 is the opacity; quats holds three components over
-1/sqrt 2..1/sqrt 2 and, as alpha - 252, which of w, x, y, z was left out (the largest). shN_labels
index rows of shN_centroids, 64 rows of coefficients (RGB codebook indices) an image row.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from typing import Any

import numpy as np
from numpy.typing import NDArray

from codec.errors import BackendError, SceneError
from codec.io.compressed_ply import morton_order
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

MAGIC = b"PK\x03\x04"
_COEFFICIENTS = {1: 3, 2: 8, 3: 15}
_MOST_CENTROIDS = 65536
_MOST_PIXELS = 1 << 28
_FREE_PIXELS, _FREE_BYTES = 1 << 20, 1 << 22
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the same scene gives the same bytes


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError as error:
        raise BackendError("SOG files need Pillow: pip install 'nfx[formats]'") from error
    return Image


def read_sog(data: memoryview, report: ReadReport) -> Splats:
    """Decode a whole file. Raises SceneError when it is damaged, BackendError without Pillow."""
    report.source_format = "sog"
    Image = _pillow()
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            meta = json.loads(_member(archive, "meta.json", len(data)))
            if meta.get("version") != 2:
                raise SceneError("SOG of another version than 2; convert it with splat-transform")
            with np.errstate(over="ignore", invalid="ignore"):
                return _to_splats(meta, _Images(archive, meta, len(data)))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OSError,
            zipfile.BadZipFile, EOFError, SyntaxError, RecursionError, OverflowError,
            RuntimeError, zlib.error, Image.DecompressionBombError) as error:
        raise SceneError(f"the SOG file is damaged ({type(error).__name__}: {error})") from error


def _member(archive: zipfile.ZipFile, name: str, size: int) -> bytes:
    """A file of the archive; `size`: bytes of the archive, which bound what it may unpack to."""
    if archive.getinfo(name).file_size > _FREE_BYTES + 16 * size:
        raise SceneError(f"SOG: {name} unpacks to far more than the file's size")
    return archive.read(name)


class _Images:
    """Pixels of the files that meta names."""

    def __init__(self, archive: zipfile.ZipFile, meta: dict, size: int) -> None:
        self._archive, self._meta, self._size = archive, meta, size
        self.count = int(meta["count"])

    def pixels(self, part: str, which: int = 0) -> NDArray[np.uint8]:
        """[height, width, 4]."""
        name = self._meta[part]["files"][which]
        packed = _member(self._archive, name, self._size)
        with _pillow().open(io.BytesIO(packed)) as image:
            # Real scenes take bytes a Gaussian; only made-up files take less than 1/16.
            if image.width * image.height > min(_MOST_PIXELS, _FREE_PIXELS + 16 * self._size):
                raise SceneError(f"{name} is larger than an image of a SOG file can be")
            return np.asarray(image.convert("RGBA"))

    def rows(self, part: str, which: int = 0) -> NDArray[np.uint8]:
        """[count, 4], pixel i of Gaussian i."""
        rows = self.pixels(part, which).reshape(-1, 4)
        if not 0 <= self.count <= len(rows):
            raise SceneError(f"SOG: {len(rows)} pixels for {self.count} Gaussians")
        return rows[: self.count]

    def by_codebook(self, part: str) -> NDArray[np.float32]:
        return np.float32(self._meta[part]["codebook"])[self.rows(part)[:, :3]]


def _to_splats(meta: dict, images: _Images) -> Splats:
    low, high = images.rows("means", 0)[:, :3], images.rows("means", 1)[:, :3]
    unit = (low + 256.0 * high) / 65535
    mins, maxs = np.array(meta["means"]["mins"]), np.array(meta["means"]["maxs"])
    folded = mins + unit * (maxs - mins)
    turned = images.rows("quats").astype(np.float64)
    index = turned[:, 3].astype(np.intp) - 252
    if (index < 0).any():
        raise SceneError("SOG: a rotation without its mark")
    others = (turned[:, :3] / 255 - 0.5) * np.sqrt(2.0)
    return Splats(
        means=(np.sign(folded) * np.expm1(np.abs(folded))).astype(np.float32),
        log_scales=images.by_codebook("scales"),
        quats=place_largest(index, others),
        opacity_logits=logit_of_bytes(images.rows("sh0")[:, 3]),
        sh0=images.by_codebook("sh0"),
        shN=_rest(meta, images),
        antialiased=bool(meta.get("antialias", False)),
    )


def _rest(meta: dict, images: _Images) -> NDArray[np.float32]:
    if "shN" not in meta:
        return np.empty((images.count, 0, 3), np.float32)
    k = _COEFFICIENTS[int(meta["shN"]["bands"])]
    centroids = images.pixels("shN", 0)[:, : 64 * k, :3].reshape(-1, k, 3)
    labels = images.rows("shN", 1).astype(np.intp)
    book = np.float32(meta["shN"]["codebook"])
    return book[centroids[labels[:, 0] + 256 * labels[:, 1]]]


def sog_bytes(splats: Splats) -> bytes:
    """The file of `splats`, in Morton order, for images that compress.

    Up to 65,536 Gaussians keep their own SH row; above, rows share the nearest of 65,536 means.
    """
    splats = splats.take(morton_order(splats.means))
    n = splats.n_gaussians
    meta: dict[str, Any] = {"version": 2, "asset": {"generator": "NFX"}, "count": n,
                            "antialias": splats.antialiased}
    images: dict[str, NDArray[np.uint8]] = {}
    folded = np.sign(splats.means) * np.log1p(np.abs(splats.means.astype(np.float64)))
    mins = folded.min(axis=0, initial=np.inf) if n else np.zeros(3)
    maxs = folded.max(axis=0, initial=-np.inf) if n else np.zeros(3)
    fixed = np.rint((folded - mins) / np.where(maxs > mins, maxs - mins, 1) * 65535).astype(np.intp)
    images["means_l"], images["means_u"] = _rgba(fixed & 255), _rgba(fixed >> 8)
    meta["means"] = {"mins": mins.tolist(), "maxs": maxs.tolist(),
                     "files": ["means_l.webp", "means_u.webp"]}
    index, others = split_largest(normalized(splats.quats))
    images["quats"] = _rgba((others / np.sqrt(2.0) + 0.5) * 255, index + 252)
    meta["quats"] = {"files": ["quats.webp"]}
    for name, values, alpha in (("scales", splats.log_scales, 255),
                                ("sh0", splats.sh0, alphas(splats.opacity_logits) * 255)):
        book = _codebook(values)
        images[name] = _rgba(_nearest(book, values), alpha)
        meta[name] = {"codebook": book.tolist(), "files": [f"{name}.webp"]}
    if splats.sh_degree:
        meta["shN"] = _write_rest(splats, images)
    return _archive(meta, images)


def _rgba(rgb: NDArray, alpha: NDArray | int = 255) -> NDArray[np.uint8]:
    """[height, width, 4], pixels filled up with zeros; sides are multiples of 4."""
    width = max(4, -(-int(np.ceil(np.sqrt(len(rgb)))) // 4) * 4)
    height = max(4, -(-len(rgb) // (4 * width)) * 4)
    out = np.zeros((height * width, 4), np.uint8)
    out[: len(rgb), :3] = to_bytes(rgb)
    out[: len(rgb), 3] = to_bytes(np.asarray(alpha, np.float64))
    return out.reshape(height, width, 4)


def _codebook(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """256 ascending values by Lloyd's algorithm (1982) over a histogram."""
    flat = np.sort(values.ravel().astype(np.float64))
    if not len(flat):
        return np.zeros(256, np.float32)
    even = np.linspace(flat[0], flat[-1], 256)
    book = np.sort(0.5 * even + 0.5 * flat[(np.arange(256) * (len(flat) - 1)) // 255])
    sums = np.concatenate([[0.0], np.cumsum(flat)])
    for _ in range(12):
        ends = np.searchsorted(flat, (book[1:] + book[:-1]) / 2)
        first, last = np.concatenate([[0], ends]), np.concatenate([ends, [len(flat)]])
        count = last - first
        book = np.where(count > 0, (sums[last] - sums[first]) / np.maximum(count, 1), book)
    return np.sort(book).astype(np.float32)


def _nearest(book: NDArray[np.float32], values: NDArray[np.float32]) -> NDArray[np.intp]:
    return np.searchsorted((book[1:] + book[:-1]) / 2, values)


def _write_rest(splats: Splats, images: dict[str, NDArray[np.uint8]]) -> dict:
    n, k = splats.shN.shape[:2]
    rows, labels = _centroids(splats.shN.reshape(n, 3 * k))
    book = _codebook(rows)
    height = max(1, -(-len(rows) // 64))
    indices = np.zeros((height * 64, k, 4), np.uint8)
    indices[: len(rows), :, :3] = _nearest(book, rows).reshape(-1, k, 3)
    indices[..., 3] = 255
    images["shN_centroids"] = indices.reshape(height, 64 * k, 4)
    images["shN_labels"] = _rgba(np.stack([labels & 255, labels >> 8, labels * 0], axis=1))
    return {"count": len(rows), "bands": splats.sh_degree, "codebook": book.tolist(),
            "files": ["shN_centroids.webp", "shN_labels.webp"]}


def _centroids(rows: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.intp]]:
    """At most 65,536 rows and the label of each row: halves along the axis of largest variance."""
    n = len(rows)
    if n <= _MOST_CENTROIDS:
        return (rows if n else rows.reshape(0, rows.shape[1])), np.arange(n)
    depth = 16
    size = -(-n // _MOST_CENTROIDS)
    groups = np.resize(np.arange(n), (1, size << depth))  # the first ones stand twice
    for _ in range(depth):
        axis = rows[groups].var(axis=1).argmax(axis=1)
        keys = rows[groups, axis[:, None]]
        order = np.argpartition(keys, keys.shape[1] // 2, axis=1)
        groups = np.take_along_axis(groups, order, axis=1).reshape(2 * len(groups), -1)
    labels = np.empty(n, np.intp)
    labels[groups] = np.arange(len(groups))[:, None]
    return rows[groups].mean(axis=1), labels


def _archive(meta: dict, images: dict[str, NDArray[np.uint8]]) -> bytes:
    image_class = _pillow()
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for name, pixels in images.items():
            packed = io.BytesIO()
            image_class.fromarray(pixels, "RGBA").save(
                packed, "WEBP", lossless=True, exact=True, quality=80, method=4)
            archive.writestr(zipfile.ZipInfo(f"{name}.webp", _EPOCH), packed.getvalue())
        archive.writestr(zipfile.ZipInfo("meta.json", _EPOCH), json.dumps(meta))
    return out.getvalue()
