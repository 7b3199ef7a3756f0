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
from typing import TYPE_CHECKING

__version__ = "0.4.0"

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

if TYPE_CHECKING:  # what __getattr__ finds at run time, for type checkers and editors
    from codec.decoder.decode import decode as decode
    from codec.encoder.encode import encode as encode
    from codec.errors import NfxError as NfxError
    from codec.io.cameras import read_cameras as read_cameras
    from codec.io.ply import read_ply as read_ply
    from codec.io.ply import write_ply as write_ply
    from codec.io.scenes import read_scene as read_scene
    from codec.io.scenes import write_scene as write_scene
    from codec.options import DecoderLimits as DecoderLimits
    from codec.options import EncoderOptions as EncoderOptions
    from codec.rendering import render as render
    from codec.scene import Camera as Camera
    from codec.scene import RenderedView as RenderedView
    from codec.scene import Splats as Splats


def __getattr__(name: str):
    if name not in _LAZY:
        raise AttributeError(f"module 'codec' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
