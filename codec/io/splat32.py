"""The headerless .splat format of antimatter15's viewer. NumPy only.

32 bytes a Gaussian: position 3 x f32, linear scale 3 x f32, RGBA 4 x u8, quaternion w, x, y, z
4 x u8. No magic, no count, no SH.
"""

from __future__ import annotations

import numpy as np

from codec.errors import SceneError
from codec.io.quantized import SH_C0, alphas, logit_of_bytes, normalized, to_bytes
from codec.scene import Splats

_RECORD = np.dtype(
    [("mean", "<f4", 3), ("scale", "<f4", 3), ("rgba", "u1", 4), ("quat", "u1", 4)]
)


def read_splat32(data: memoryview) -> Splats:
    """Decode a whole file. Raises SceneError when it cannot be such a file."""
    if len(data) % _RECORD.itemsize:
        raise SceneError(f"{len(data)} bytes are no multiple of 32: not a .splat file, or cut")
    rows = np.frombuffer(data, _RECORD)
    scales = rows["scale"]
    if (scales < 0).any():
        raise SceneError("negative scales: not a .splat file, or damaged")
    with np.errstate(divide="ignore", invalid="ignore"):  # NaN stays NaN
        log_scales = np.log(scales)
    # Writers store round(q * 128 + 128): 128 is an exact zero and 255 stands for +1.
    quats = ((rows["quat"] - 128.0) / 128).astype(np.float32)
    return Splats(
        means=np.ascontiguousarray(rows["mean"]),
        log_scales=log_scales,
        quats=quats,
        opacity_logits=logit_of_bytes(rows["rgba"][:, 3]),
        sh0=((rows["rgba"][:, :3] / 255 - 0.5) / SH_C0).astype(np.float32),
        shN=np.empty((len(rows), 0, 3), np.float32),
    )


def splat32_bytes(splats: Splats) -> bytes:
    """The file of `splats`; SH of degree 1 and up and the antialias flag have no place in it."""
    rows = np.zeros(splats.n_gaussians, _RECORD)
    rows["mean"] = splats.means
    rows["scale"] = np.exp(splats.log_scales)
    rows["rgba"][:, :3] = to_bytes((splats.sh0 * SH_C0 + 0.5) * 255)
    rows["rgba"][:, 3] = to_bytes(alphas(splats.opacity_logits) * 255)
    rows["quat"] = to_bytes(normalized(splats.quats) * 128 + 128)
    return rows.tobytes()
