"""3.4 to 3.6, 3.9, 3.10; 4.3 to 4.5, 4.8, 4.9: the fields of the boxes and their legal values."""

import math
from dataclasses import dataclass
from types import SimpleNamespace

from .conventions import need
from .dictionaries import dictionary
from .tables import COLOUR_SPACES, EXTRA_TYPES, FRAMES, LOSSLESS, LOSSY

FIELDS = {  # 3.5: cross sources
    "opacity": (),
    "scale0": ("opacity",),
    "scale1": ("scale0", "opacity"),
    "scale2": ("scale0", "scale1"),
    "dc0": ("opacity", "scale0"),
    "dc1": ("dc0",),
    "dc2": ("dc0", "dc1"),
}
RULES = ("position", "scale", "rotation", "dc", "sh")


@dataclass(frozen=True)
class Limits:
    """R-HEAD-07: what this decoder refuses as *limit* unless told otherwise."""

    max_gaussians: int = 2**26
    max_memory: int = 2**34
    base_memory: int = 2**27
    memory_per_byte: int = 4096

    def check(self, stream_length, memory):
        """R-HEAD-07: an estimate of memory against the bounds."""
        most = min(self.max_memory, self.base_memory + self.memory_per_byte * stream_length)
        need(memory <= most, "R-HEAD-07", f"{memory} bytes of memory", "limit")


def head(read, header, limits):
    """3.4, 4.3: format first, then the bound of the level, then the decoder's limits (R-DEC-04)."""
    h = read.fields(n_gaussians="varint", sh_degree="u8", scene_flags="u8", frame="u8",
                    colour_space="u8", unit="f64", n_tiers="u8")
    read.end()
    need(h.sh_degree <= 3, "R-HEAD-02")
    need(h.scene_flags & 0xFC == 0, "R-HEAD-03")
    need(h.frame in FRAMES, "R-HEAD-04")
    need(h.colour_space in COLOUR_SPACES, "R-HEAD-05")
    need(math.isfinite(h.unit) and h.unit >= 0, "R-HEAD-06")
    need(1 <= h.n_tiers <= 16, "R-HEAD-08")
    h.k = (h.sh_degree + 1) ** 2  # 1.3
    need(h.n_gaussians <= header.bounds.max_gaussians, "R-HEAD-01", kind="unsupported")
    need(h.n_gaussians <= limits.max_gaussians, "R-HEAD-07", kind="limit")
    each = 512 + 12 * h.k if header.profile == LOSSY else 256 + 56 * h.k
    h.memory = h.n_gaussians * each  # 4.9 adds the columns of EXTR
    limits.check(header.length, h.memory)
    return h


def field_model(read, n_cross):
    """3.5, 4.4: the table field_model."""
    f = read.fields(half_alphabet="u8", escape_bits="u8", near="i16", far="i16", mean="i16",
                    cross=("i16", n_cross), spread="u8", size="u8", energy="u8",
                    thresholds=("u8", 7), scales=("u8", 8))
    need(1 <= f.half_alphabet <= 127, "R-FLD-01")
    need(f.escape_bits <= 31, "R-FLD-02")
    need(max(f.thresholds) < 64, "R-FLD-03")
    need(f.thresholds == sorted(f.thresholds), "R-FLD-04")
    need(max(f.scales) < 64, "R-FLD-05")
    return f


def model_lossy(read, stream):
    """3.5, 4.4: MODL of the profile lossy."""
    m = read.fields(shrink="u8", grid_exponent="i8", centre=("i64", 3), radius_shift="u8",
                    radius_floor="i16", opacity_levels="u16", scale_step="u16", dc_step="u16",
                    sh_step="u16", rotation_cap="u8")
    m.rules = {n: read.fields(offset="i16", alpha="i8", footprint="i8") for n in RULES}
    m.fields = {name: field_model(read, len(cross)) for name, cross in FIELDS.items()}
    n_sh_layers = read.field("u8")
    need(n_sh_layers <= 3, "R-MODL-06", "layers")
    m.sh_layers = read.fields(rows=("u8", n_sh_layers)).rows
    sh_fields(read, m, 3 * (stream.head.k - 1))
    read.end()
    need(m.shrink == 0 or stream.tiers, "R-MODL-08")
    need(all(abs(c) < 2**31 for c in m.centre), "R-MODL-01")
    need(m.radius_shift <= 32, "R-MODL-02")
    need(2 <= m.opacity_levels <= 4096, "R-MODL-03")
    need(m.scale_step and m.dc_step and (m.sh_step or not m.sh_layers), "R-MODL-04")
    need(m.rotation_cap <= 127, "R-MODL-05")
    position = m.rules["position"]
    m.has_position = bool(position.alpha or position.footprint or position.offset >= 128)
    m.n_layers = 1 + m.has_position + len(m.sh_layers)
    return m


def sh_fields(read, m, columns):
    """3.5, 4.4: what MODL says of the SH layers."""
    need(0 not in m.sh_layers and sum(m.sh_layers) <= columns, "R-MODL-06", "rows")
    m.basis = []  # row by row
    if m.sh_layers:
        m.fields["sh_field"] = field_model(read, 0)
        m.fields["length_field"] = field_model(read, 0)
        m.basis = read.fields(entries=("i8", columns * sum(m.sh_layers))).entries


def columns_lossless(m, k):
    """5.10: the group of each column, in coding order."""
    mean, quat, rest = 3 * m.order_kept, 4 - m.unit, 3 * (k - 1)
    numbers = dict(mean=mean, opacity=1, scale=3, quat=quat, dc=3, rest=rest)
    return [name for name, number in numbers.items() for _ in range(number)]


def model_lossless(read, stream):
    """3.5.1, 4.4.1: MODL of the profile lossless."""
    m = SimpleNamespace(shrink=0, n_layers=1, groups={}, columns=[])
    flags = read.field("u8")
    need(flags < 8, "R-LL-02")
    m.order_kept, m.unit, m.repeats = flags & 1, flags >> 1 & 1, flags >> 2
    if m.unit:
        read.fields(m, derived="u8")
        need(m.derived <= 3, "R-LL-09")
    if not m.order_kept:
        m.axis_dictionaries = [dictionary(read) for _ in range(3)]
    names = columns_lossless(m, stream.head.k)
    for name in dict.fromkeys(names):
        group = read.fields(exponent="i8", near="i16", far="i16", widths=("i8", 4))
        need(-100 <= group.exponent <= 126, "R-LL-03")
        group.dictionary = dictionary(read)
        m.groups[name] = group
    for name in names:
        m.columns.append(column_lossless(read, name, len(m.columns)))
    read.end()
    return m


def column_lossless(read, group, number):
    """3.5.1, 4.4.1: one column of MODL of the profile lossless."""
    c = SimpleNamespace(group=group, common=None)
    has_common = read.field("u8")
    need(has_common <= 1, "R-LL-04")
    if has_common:
        read.fields(c, common="u32")
    read.fields(c, mean="svarint", log_width="i16", n_sources="u8")
    need(-(2**30) <= c.mean < 2**30, "R-LL-05")
    c.sources = [(read.field("u8"), read.field("i8")) for _ in range(c.n_sources)]
    indices = [source for source, _ in c.sources]
    need(indices == sorted(set(indices)) and all(i < number for i in indices), "R-LL-06")
    return c


MODL = {LOSSY: model_lossy, LOSSLESS: model_lossless}


def index(read, stream):
    """3.6, 4.5: INDX of the tier that is being read; the bound of n_tiles first (R-DEC-04)."""
    bounds, n_gaussians = stream.header.bounds, stream.head.n_gaussians
    earlier = [tier.index for tier in stream.tiers[:-1]]
    x = read.fields(n_tiles="varint", n_layers="u8")
    n_tiles = x.n_tiles + sum(e.n_tiles for e in earlier)
    need(n_tiles <= bounds.max_tiles, "R-INDX-01", kind="unsupported")
    layers = stream.tiers[-1].model.n_layers if x.n_tiles else 0
    need(x.n_layers == layers, "R-INDX-02")
    x.tile = [tile_entry(read, x.n_layers, bounds) for _ in range(x.n_tiles)]
    read.end()
    x.n = sum(t.n for t in x.tile)
    announced = x.n + sum(e.n for e in earlier)
    need(announced <= n_gaussians, "R-INDX-04")
    need(announced == n_gaussians or len(stream.tiers) < stream.head.n_tiers, "R-INDX-04")
    need(x.n_tiles > 0 or stream.head.n_tiers == 1, "R-INDX-07")
    return x


def tile_entry(read, n_layers, bounds):
    """3.6, 4.5: one tile of INDX."""
    t = read.fields(n="varint", origin=("svarint", 3), bits=("u8", 3), sizes=("varint", n_layers))
    need(1 <= t.n <= bounds.max_tile_gaussians, "R-INDX-03")
    need(max(t.bits) <= 21, "R-INDX-05")
    need(all(abs(o) < 2**31 for o in t.origin), "R-INDX-06")
    return t


def views(read):
    """3.9, 4.8: VIEW."""
    n_views = read.varint()
    need(n_views <= 1024, "R-VIEW-01")
    cameras = []
    for _ in range(n_views):
        v = SimpleNamespace(name=read.text())
        read.fields(v, width="varint", height="varint", fx="f64", fy="f64", cx="f64", cy="f64")
        read.fields(v, world_to_camera=("f64", 12))  # row by row
        need(1 <= v.width <= 16384 and 1 <= v.height <= 16384, "R-VIEW-02")
        floats = [v.fx, v.fy, v.cx, v.cy, *v.world_to_camera]
        need(all(map(math.isfinite, floats)) and v.fx > 0 and v.fy > 0, "R-VIEW-03")
        cameras.append(v)
    read.end()
    return cameras


def extra_column(read, names):
    """3.10, 4.9: the next column of EXTR, still packed; `names` are those of the ones before."""
    c = SimpleNamespace(name=read.text(), dtype=read.field("u8"))
    need(c.dtype < len(EXTRA_TYPES), "R-EXTR-01", kind="unsupported")
    c.packed = read.bytes(read.varint())
    need(c.name not in names, "R-EXTR-03", "a name twice")
    return c
