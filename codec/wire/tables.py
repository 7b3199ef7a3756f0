"""Constants of the bitstream: box types, enumerations, profiles, levels (spec 03 and annex A)."""

from __future__ import annotations

from dataclasses import dataclass

MAGIC = b"\x89NFX\r\n\x1a\n"
MAJOR, MINOR = 0, 4
FILE_HEADER_SIZE = 20
BOX_HEADER_SIZE = 12
BOX_OVERHEAD = BOX_HEADER_SIZE + 4
END_SIZE = BOX_OVERHEAD + 12
FLAG_CRITICAL = 1

HEAD, MODL, INDX, TILE, END = b"HEAD", b"MODL", b"INDX", b"TILE", b"END "
VIEW, META, EXTR, REST, MLRA = b"VIEW", b"META", b"EXTR", b"REST", b"MLRA"
CRITICAL_BOXES = frozenset({HEAD, MODL, INDX, TILE, END})
ANCILLARY_BOXES = frozenset({VIEW, META, EXTR, REST, MLRA})

PROFILE_LOSSY, PROFILE_LOSSLESS = 0, 1
PROFILES = {PROFILE_LOSSY: "lossy", PROFILE_LOSSLESS: "lossless"}

SCENE_FLAG_ANTIALIASED = 1
REPLACES = 255  # MODL's `shrink` of a tier that stands for all before it
SCENE_FLAG_ORDER_KEPT = 2

FRAMES = {0: "unspecified", 1: "x right, y down, z forward", 2: "x right, y up, z backward"}
COLOUR_SPACES = {0: "unspecified", 1: "sRGB as displayed", 2: "linear Rec. 709"}

LAYER_NAMES = ("base", "position", "sh-1", "sh-2", "sh-3")
MAX_TIERS = 16

MAX_TREE_BITS = 21
MAX_REFINE_BITS = 20


@dataclass(frozen=True, slots=True)
class Level:
    """Resource limits a stream of this level keeps (annex A)."""

    max_gaussians: int
    max_tiles: int
    max_tile_gaussians: int
    max_bytes: int


LEVELS = {
    1: Level(1 << 17, 64, 1 << 17, 1 << 26),
    2: Level(1 << 20, 1 << 10, 1 << 20, 1 << 29),
    3: Level(1 << 23, 1 << 13, 1 << 20, 1 << 32),
    4: Level(1 << 28, 65535, 1 << 20, 1 << 37),
}
