"""NFX: a codec for 3D Gaussian Splatting scenes.

>>> import codec
>>> splats = codec.read_ply("scene.ply")
>>> data = codec.encode(splats, codec.EncoderOptions(quality=75))
>>> decoded = codec.decode(data)
>>> codec.write_ply("out.ply", decoded)

Everything here imports lazily: reading, encoding at low effort and decoding never load torch.
"""

from __future__ import annotations

import importlib

__version__ = "0.2.0"

_LAZY = {
    "Splats": "codec.scene",
    "Camera": "codec.scene",
    "RenderedView": "codec.scene",
    "EncoderOptions": "codec.options",
    "DecoderLimits": "codec.options",
    "NfxError": "codec.errors",
    "encode": "codec.encoder.encode",
    "decode": "codec.decoder.decode",
    "read_ply": "codec.io.ply",
    "write_ply": "codec.io.ply",
    "read_scene": "codec.io.scenes",
    "write_scene": "codec.io.scenes",
    "read_cameras": "codec.io.cameras",
    "render": "codec.rendering",
}

__all__ = ["__version__", *_LAZY]


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module 'codec' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
