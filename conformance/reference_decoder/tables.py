"""Annexes A, B and C: levels, registries and the tables shipped as `tables.bin`."""

import hashlib
from collections import namedtuple
from pathlib import Path
from types import SimpleNamespace

import numpy as np

FILE = Path(__file__).parents[2] / "codec" / "core" / "tables.bin"
SHA256 = "96e48783b39059eb22e27649a99578479e3b008b4ee884f253abad26e860fcba"
LAYOUT = (
    ("opacity_logits", "<f4", 4096), ("log2_alphas", "<i2", 4096), ("logistic_cdf", "<u4", 4097),
    ("inverse_scales", "<u4", 64), ("rotation_bits", "<i2", 128), ("log2_mantissas", "<i2", 256),
    ("thresholds", "<u4", 64),
)


def load(data):
    """Annex C: the tables in order, without gaps; integers widened to 64 bits (2.1)."""
    if hashlib.sha256(data).hexdigest() != SHA256:  # R-TAB-01
        raise RuntimeError("tables.bin is not that of annex C")
    tables, at = SimpleNamespace(), 0
    for name, kind, entries in LAYOUT:
        table = np.frombuffer(data, kind, entries, at)
        at += table.nbytes
        setattr(tables, name, table if kind == "<f4" else table.astype(np.int64))
    return tables


TABLES = load(FILE.read_bytes())

LOSSY, LOSSLESS = 0, 1  # A.1
REPLACES = 255  # R-MODL-08


Level = namedtuple("Level", "max_gaussians max_tiles max_tile_gaussians max_bytes")
LEVELS = {  # A.2
    1: Level(131072, 64, 131072, 67108864),
    2: Level(1048576, 1024, 1048576, 536870912),
    3: Level(8388608, 8192, 1048576, 4294967296),
    4: Level(268435456, 65535, 1048576, 137438953472),
}

CRITICAL = (b"HEAD", b"MODL", b"INDX", b"TILE", b"END ")  # B.1
ANCILLARY = (b"VIEW", b"META", b"EXTR", b"REST", b"MLRA")  # B.1
FRAMES = COLOUR_SPACES = range(3)  # B.2, B.3
EXTRA_TYPES = ("<i1", "<u1", "<i2", "<u2", "<i4", "<u4", "<f4", "<f8")  # B.4
KINDS = range(1, 6)  # B.6
MODELS = (0, 1, 2, 3, 4, 5, 6, 255)  # B.7
REST_CODES = {  # B.8, and the requirement that a field has one of them
    "R-REST-07": {"schedule": range(2), "prediction": range(4)},
    "R-REST-09": {"noise_mode": range(3), "noise_scope": range(2)},
    "R-REST-10": {"prompt": (0, 1, 2, 3, 255)},
    "R-REST-11": {"mask": range(3)},
    "R-REST-13": {"pad_mode": range(2)},
    "R-REST-14": {"window": range(1)},
    "R-REST-15": {"colour_fix": range(3), "dtype": range(3), "renderer": range(1)},
}
LAYER_LISTS = range(5)  # B.9
