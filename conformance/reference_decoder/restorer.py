"""3.12, 3.13, 4.11, 4.12, 5.11.1 to 5.11.3: the boxes REST and MLRA, levels and noise."""

import hashlib
import math
from statistics import NormalDist
from types import SimpleNamespace

import numpy as np

from .container import read_stream
from .conventions import Reader, need
from .entropy import Adaptive, Payload, escape, frequencies
from .syntax import Limits
from .tables import KINDS, LAYER_LISTS, MODELS, REST_CODES

NOISE_SHA256 = "1ea009ce409dac97d6bd609266910f809c5fb912f78e16bd89145b08174d6fc5"  # 5.11.3


def decode_restorer(data, limits=None):
    """R-REST-01: the fields of REST (None) and the groups of MLRA (none)."""
    boxes = read_stream(data, limits or Limits()).ancillary
    rest = read_rest(Reader(boxes[b"REST"])) if b"REST" in boxes else None
    if b"MLRA" not in boxes:
        return rest, []
    need(rest is not None, "R-MLRA-01")
    return rest, read_mlra(Reader(boxes[b"MLRA"]))


def model(read):
    """3.12, 4.11: one of the networks."""
    m = SimpleNamespace(id=read.field("u8"), name="", revision="", sha256=b"")
    need(m.id in MODELS, "R-REST-04", "model")
    if m.id == 255:
        m.name = read.text()
        need(1 <= len(m.name.encode()) <= 255, "R-REST-05", "name")
    if m.id > 0:
        m.revision = read.text()
        need(len(m.revision.encode()) <= 255, "R-REST-05", "revision")
        m.sha256 = read.bytes(32)
    return m


def read_rest(read):
    """3.12, 4.11: REST."""
    r = read.fields(record="u8")
    need(r.record == 1, "R-REST-02", "record", "unsupported")
    read.fields(r, kind="u8", kind_version="u8")
    need(r.kind in KINDS, "R-REST-03")
    r.backbone, r.autoencoder, r.adapters = model(read), model(read), model(read)
    read.fields(r, latent_scale="u32", latent_shift="i32", schedule="u8", prediction="u8",
                level="u32", end_level="u32", network_time="u16", noise_mode="u8")
    r.noise_scope = r.noise_seed = r.mask_grid = r.overlap = r.untiled = r.window = 0
    if r.noise_mode == 2:
        read.fields(r, noise_scope="u8", noise_seed="u64")
    read.fields(r, prompt="u8")
    r.prompt_sha256 = read.bytes(32) if r.prompt > 0 else b""
    read.fields(r, guidance="u16", mask="u8")
    if r.mask == 1:
        read.fields(r, mask_grid="u8")
    read.fields(r, condition="u8", strength="u8", pad="u8", pad_mode="u8", tile="u8")
    if r.tile > 0:
        read.fields(r, overlap="u8", untiled="u8", window="u8")
    read.fields(r, colour_fix="u8", dtype="u8", renderer="u8", background=("u8", 3))
    read.end()
    check_rest(r)
    return r


def check_rest(r):
    """4.11: the legal values, R-REST-04 to R-REST-15; fields that are not there are 0."""
    for requirement, fields in REST_CODES.items():
        for name, codes in fields.items():
            need(getattr(r, name) in codes, requirement, name)
    need(r.backbone.id != 0, "R-REST-04", "backbone")
    need(r.latent_scale != 0 and abs(r.latent_shift) < 2**28, "R-REST-06")
    plain = r.latent_scale == 2**24 and r.latent_shift == 0
    need(r.autoencoder.id != 0 or plain, "R-REST-06", "without autoencoder")
    need((r.prediction, r.schedule) not in ((0, 1), (2, 0)), "R-REST-07", "velocity or v")
    need(1 <= r.level <= 2**24 and r.end_level < r.level, "R-REST-08")
    need(r.schedule == 0 or (r.level < 2**24 and r.end_level == 0), "R-REST-08")
    need(r.guidance == 256 or (r.guidance > 256 and r.prompt > 0), "R-REST-10", "guidance")
    need(r.mask != 1 or 1 <= r.mask_grid <= 32, "R-REST-11", "mask_grid")
    need(r.strength != 0, "R-REST-12")
    need(1 <= r.pad <= 128, "R-REST-13")
    if r.tile > 0:
        need(2 * r.overlap <= r.tile and 8 * r.tile % r.pad == 0, "R-REST-14")
        need(r.untiled != 0, "R-REST-14", "untiled")


def read_mlra(read):
    """3.13, 4.12: the groups of MLRA with their maps."""
    n_groups = read.field("u8")
    need(1 <= n_groups <= 16, "R-MLRA-02", "groups")
    groups = [read_group(read) for _ in range(n_groups)]
    lists = [g.list for g in groups]
    need(lists == sorted(set(lists)), "R-MLRA-02", "order")
    need(sum(r ** (g.mode + 1) for g in groups for r in g.ranks) <= 2**24, "R-MLRA-04", "symbols")
    payload = Payload(read.rest())
    for g in groups:
        g.maps = decode_maps(payload, g)
        need(any(m.any() for m in g.maps), "R-MLRA-06")
    payload.end()
    return groups


def read_group(read):
    """3.13, 4.12: one group; `ranks` of its layers follow from the runs."""
    g = read.fields(list="u8", mode="u8", step="u8", n_runs="varint")
    need(g.list in LAYER_LISTS, "R-MLRA-02", "list")
    need(g.mode <= 1 and (g.mode == 0 or g.list != 0), "R-MLRA-03")
    need(1 <= g.n_runs <= 4096, "R-MLRA-04", "runs")
    g.runs = [(read.varint(), read.varint()) for _ in range(g.n_runs)]
    ranks = [rank for _, rank in g.runs]
    need(all(count >= 1 for count, _ in g.runs) and max(ranks) <= 4096, "R-MLRA-04", "run")
    need(all(a != b for a, b in zip(ranks, ranks[1:], strict=False)), "R-MLRA-04", "equal ranks")
    need(sum(count for count, _ in g.runs) <= 4096, "R-MLRA-04", "layers")
    g.ranks = [rank for count, rank in g.runs for _ in range(count)]
    read.fields(g, half_alphabet="u8", escape_bits="u8")
    g.contexts = [(read.field("u16"), read.field("u8")) for _ in range(g.mode + 1)]
    read.fields(g, factor_crc="u32")
    need(1 <= g.half_alphabet <= 127 and g.escape_bits <= 15, "R-MLRA-05")
    return g


def map_prior(h, zero, decay):
    """5.11.1: the prior row of a context, values in ascending order."""
    t = [4096]
    for _ in range(h):
        t.append((t[-1] * decay) >> 8)
    tail = [(65536 - zero) * x for x in t]
    return (frequencies([*tail[::-1], zero * 2 * sum(t), *tail]) >> 8) + 1


def decode_maps(payload, g):
    """5.11.1: the integers of a group's layers, a vector or square matrix each (R-RES-01)."""
    h = g.half_alphabet
    tables = Adaptive([map_prior(h, zero, decay) for zero, decay in g.contexts])
    levels = []
    for rank in g.ranks:
        size = rank ** (g.mode + 1)
        off_diagonal = np.arange(size) % (rank + 1) != 0 if g.mode else np.zeros(size)
        levels.append(tables.decode(payload, off_diagonal.astype(np.int64)) - (h + 1))
    d = escape(payload, np.concatenate(levels), h, g.escape_bits)
    maps = np.split(d, np.cumsum([len(level) for level in levels])[:-1])
    return [m.reshape(r, r) if g.mode else m for m, r in zip(maps, g.ranks, strict=True)]


def level_weights(schedule, level):
    """5.11.2: weights of the clean signal and of unit noise."""
    s = level * 2.0**-24
    n = math.sqrt((1 - s) * (1 - s) + s * s) if schedule else 1.0
    return (1 - s) / n, s / n


def noise_table():
    """5.11.3: T, quantiles of the normal distribution in 1/4096."""
    q = NormalDist().inv_cdf
    table = np.array([math.floor(4096 * q((i + 0.5) / 65536) + 0.5) for i in range(65536)], "<i2")
    if hashlib.sha256(table.tobytes()).hexdigest() != NOISE_SHA256:
        raise RuntimeError("the table of noise is not that of 5.11.3")
    return table


def philox(seed, view, m):
    """5.11.3: m numbers. NumPy counts the blocks of its Philox from 1, as the text does."""
    return np.random.Philox(key=np.array([seed, view], np.uint64)).random_raw(m)


def noise(seed, view, size):
    """5.11.3: `size` values of noise in 1/4096."""
    numbers = philox(seed, view, (size + 3) // 4).astype("<u8")
    return noise_table()[numbers.view("<u2")[:size]]  # low end first
