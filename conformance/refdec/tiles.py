"""Part 5: symbols to arrays. Integers of any size, lists, in the order of the text."""

from __future__ import annotations

import math

import numpy as np

from conformance.refdec.container import N_CROSS, Stream, Tile, need
from conformance.refdec.symbols import (
    TABLES,
    Adaptive,
    Payload,
    frequencies,
    levels,
    logistic_prior,
)

CROSS = {"opacity": (), "scale0": ("opacity",), "scale1": ("scale0", "opacity"),
         "scale2": ("scale0", "scale1"), "dc0": ("opacity", "scale0"), "dc1": ("dc0",),
         "dc2": ("dc0", "dc1")}
M = ((9459, 9459, 9459), (11585, 0, -11585), (-6689, 13377, -6689))
GROUPS = (("opacity", 1), ("scale", 3), ("quat", 4), ("dc", 3))
assert {k: len(v) for k, v in CROSS.items()} == N_CROSS


def clip(a: int, lo: int, hi: int) -> int:
    return min(max(a, lo), hi)


def log2_q8(v: int) -> int:
    """2.5"""
    e = v.bit_length() - 1
    m = (v << 8 - e if e <= 8 else v >> e - 8) - 256
    return 256 * e + TABLES["log2_mantissas"][m]


def tree(p: Payload, n: int, bits: list[int]) -> list[list[int]]:
    """5.2: cells in tree order."""
    left, axes = list(bits), []
    while any(left):
        axes.append(left.index(max(left)))
        left[axes[-1]] -= 1
    cells, left = [[0, 0, 0] for _ in range(n)], list(bits)
    seen = {(k, c): [0] * (c + 1) for k in (0, 1) for c in range(2, 17)}
    boxes = [(0, n, 0, (0, 0, 0))]  # first rank, count, kind, prefix
    for axis in [*axes, None]:
        singles = [b for b in boxes if b[1] == 1]
        for a in range(3):
            for b, tail in zip(singles, p.raw(left[a], len(singles)), strict=True):
                cells[b[0]][a] = b[3][a] << left[a] | tail
        boxes = [b for b in boxes if b[1] > 1]
        if axis is None or not boxes:
            break
        left[axis] -= 1
        boxes = _split(boxes, _upper(p, boxes, seen), axis)
    for first, count, _, prefix in boxes:
        for rank in range(first, first + count):
            cells[rank] = list(prefix)
    return cells


def _upper(p: Payload, boxes, seen) -> list[int]:
    out = [0] * len(boxes)
    for (kind, c), counts in seen.items():
        group = [i for i, b in enumerate(boxes) if (b[2], b[1]) == (kind, c)]
        table = frequencies([64 * s + 256 for s in counts])
        for i, u in zip(group, p.symbols(table, len(group)), strict=True):
            out[i] = u
            counts[u] += 1
    for i, b in enumerate(boxes):
        if b[1] > 16:
            out[i] = p.uniform(b[1] + 1)
    return out


def _split(boxes, upper: list[int], axis: int):
    out = []
    for (first, count, _, prefix), u in zip(boxes, upper, strict=True):
        kind = int(u in (0, count))
        for half, start, part in ((0, first, count - u), (1, first + count - u, u)):
            if part:
                child = tuple(2 * x + half if a == axis else x for a, x in enumerate(prefix))
                out.append((start, part, kind, child))
    return out


def neighbours(value: list[int], i: int, s: int) -> tuple[int, int, int, int]:
    """5.3: left, right, far left, far right."""
    n = len(value)
    left = value[i - s]
    right = value[i + s] if i + s < n else left
    far_right = value[i + 3 * s] if i + 3 * s < n else right
    far_left = value[i - 3 * s] if i - 3 * s >= 0 else left
    return left, right, far_left, far_right


def field(p: Payload, m: dict, shift: list[int], cross=(), energy=None, prior=None):
    """5.3: values, residuals, carried prior."""
    n, h = len(shift), m["half"]
    value, residual = [0] * n, [0] * n
    if prior is None:
        phases = (-2, -1, 0, 1) if m["predicts"] else (0,)
        prior = [logistic_prior(k, q, h) for k in m["scales"] for q in phases]
    tables = Adaptive(prior)
    limits = [TABLES["thresholds"][t] for t in m["thresholds"]]
    for stride, members in levels(n):
        contexts, predictions, centres = [], [], []
        for i in members:
            prediction, measure = _predict(m, value, i, stride)
            if energy is not None:
                measure += m["energy"] * energy[i]
            measure >>= shift[i]
            for weight, source in zip(m["cross"], cross, strict=True):
                prediction += weight * source[i] >> 12
            quarter = 4 * prediction >> shift[i]
            bucket = sum(limit <= measure for limit in limits)
            contexts.append(4 * bucket + (quarter + 2 & 3) if m["predicts"] else bucket)
            predictions.append(prediction)
            centres.append(quarter + 2 >> 2)
        found = [s - h - 1 for s in tables.code(p, contexts)]
        escaped = [j for j, d in enumerate(found) if abs(d) > h]
        for j, excess in zip(escaped, p.raw(m["escape"], len(escaped)), strict=True):
            found[j] += excess if found[j] > 0 else -excess
        for i, d, centre, prediction in zip(members, found, centres, predictions, strict=True):
            value[i] = (centre + d) << shift[i]
            need(abs(value[i]) < 1 << 36, "R-FLD-06")
            residual[i] = value[i] - prediction
    return value, residual, tables.carried()


def _predict(m: dict, value: list[int], i: int, stride: int) -> tuple[int, int]:
    if not stride:
        return m["mean"], 0
    left, right, far_left, far_right = neighbours(value, i, stride)
    rest = 4096 - 2 * (m["near"] + m["far"])
    prediction = (m["near"] * (left + right) + m["far"] * (far_left + far_right)
                  + rest * m["mean"]) >> 12
    measure = m["spread"] * (abs(left - right) + (abs(far_left - far_right) >> 1))
    return prediction, measure + m["size"] * (abs(left) + abs(right))


def rule_bits(rule, a: int, f: int, lo: int, hi: int, extra: int = 0) -> int:
    """5.4"""
    offset, alpha, footprint = rule
    return clip((offset + (alpha * a + footprint * f >> 4) + extra + 128) >> 8, lo, hi)


def footprint(m: dict, v0: int, v1: int, cell: list[int]) -> int:
    size = (v0 + v1) * (m["scale_step"] * 369) >> 19
    o = [clip(c - k >> m["radius_shift"], -(1 << 24), 1 << 24)
         for c, k in zip(cell, m["centre"], strict=True)]
    return size - (max(log2_q8(sum(x * x for x in o) + 1), m["radius_floor"]) >> 1)


def tails(p: Payload, bits: list[int]) -> list[int]:
    """raw bits of each Gaussian that has some, by their number (5.6, 5.7)."""
    out = [0] * len(bits)
    for m in range(1, max(bits) + 1):
        where = [i for i, b in enumerate(bits) if b == m]
        for i, x in zip(where, p.raw(m, len(where)), strict=True):
            out[i] = x
    return out


def rotation(p: Payload, b: list[int]) -> list[list[int]]:
    """5.6: q[axis][i]"""
    n, out = len(b), []
    offset, low, largest = [(92683 << x >> 17) + 1 for x in b], [max(x - 4, 0) for x in b], [0] * n
    for _ in range(3):
        tables, high = Adaptive([[40] * 26 for _ in range(18)]), [0] * n
        for _, members in levels(n):
            contexts = [3 * min(b[i], 5) + (largest[i] >= 4) + (largest[i] >= 8) for i in members]
            for i, s in zip(members, tables.code(p, contexts), strict=True):
                high[i] = s
        q = [(high[i] << low[i]) + x - offset[i] for i, x in enumerate(tails(p, low))]
        largest = [max(largest[i], (abs(q[i]) << 4) >> b[i]) for i in range(n)]
        out.append(q)
    return out


def decode_tile(stream: Stream, tile: Tile, payloads: list[bytes]) -> dict:
    """5.5 to 5.8: arrays of one tile from its whole layers."""
    m, p, n = stream.model, Payload(payloads[0]), tile.n
    cells = [[c + o for c, o in zip(cell, tile.origin, strict=True)]
             for cell in tree(p, n, tile.bits)]
    kept: dict[str, list[int]] = {}

    def run(name: str, shift: list[int]) -> list[int]:
        value, kept[name], _ = field(p, m["fields"][name], shift, [kept[c] for c in CROSS[name]])
        return value

    k = [clip(v >> 4, 0, m["levels"] - 1) for v in run("opacity", [4] * n)]
    entry = [(2 * x + 1) * 4096 // (2 * m["levels"]) for x in k]
    a = [TABLES["log2_alphas"][e] for e in entry]
    shift = [4 - rule_bits(m["scale"], x, 0, -4, 4) for x in a]
    s0, s1, s2 = (run(f"scale{i}", shift) for i in range(3))
    v0 = s0
    v1 = [x - y for x, y in zip(v0, s1, strict=True)]
    v2 = [x - y for x, y in zip(v1, s2, strict=True)]
    f = [footprint(m, v0[i], v1[i], cells[i]) for i in range(n)]
    shift = [4 - rule_bits(m["dc"], a[i], f[i], -4, 4) for i in range(n)]
    y = [run(f"dc{i}", shift) for i in range(3)]
    e = [clip((v0[i] - v2[i]) * m["scale_step"] >> 14, 0, m["cap"]) for i in range(n)]
    b = [rule_bits(m["rotation"], a[i], f[i], 0, 20, TABLES["rotation_bits"][e[i]])
         for i in range(n)]
    q = rotation(p, b)
    p.finish()
    r, refinement, rows = [0] * n, [[0] * n] * 3, []
    energy, prior = [0] * n, None
    for name, payload in zip(stream.layers[1:], payloads[1:], strict=False):
        p = Payload(payload)
        if name == "position":
            r = [rule_bits(m["position"], a[i], f[i], 0, 20) for i in range(n)]
            refinement = [tails(p, r) for _ in range(3)]
        else:
            shift, prior = [4 - rule_bits(m["sh"], a[i], f[i], -4, 4) for i in range(n)], None
            for _ in range(m["sh_layers"][int(name[3]) - 1]):
                value, _, prior = field(p, m["sh_field"], shift, (), energy, prior)
                rows.append(value)
                energy = [x - (x >> 2) + abs(v) for x, v in zip(energy, value, strict=True)]
        p.finish()
    return {
        "means": _means(m["g"], cells, r, refinement),
        "log_scales": _scaled(np.array([v0, v1, v2]).T, m["scale_step"] * 2.0**-18),
        "quats": _quats(q, b),
        "opacity_logits": np.array([TABLES["opacity_logits"][x] for x in entry], np.float32),
        "sh0": _scaled(np.array([[sum(y[j][i] * M[j][c] for j in range(3)) for c in range(3)]
                                 for i in range(n)]), m["dc_step"] * 2.0**-32),
        "shN": _shn(m, rows, n, stream.head["rest"]),
    }


def _scaled(integers: np.ndarray, factor: float) -> np.ndarray:
    return (integers.astype(np.float64) * factor).astype(np.float32)


def _means(g: int, cells, r, refinement) -> np.ndarray:
    out = [[math.ldexp(2 * ((cell[a] << r[i]) + refinement[a][i]) + 1, -(r[i] + 1 + g))
            for a in range(3)] for i, cell in enumerate(cells)]
    with np.errstate(over="ignore"):
        means = np.array(out, np.float64).astype(np.float32)
    need(bool(np.isfinite(means).all()), "R-REC-01")
    return means


def _quats(q: list[list[int]], b: list[int]) -> np.ndarray:
    out = []
    for i, bits in enumerate(b):
        x, y, z = (math.ldexp(q[a][i], -bits) for a in range(3))
        w = math.sqrt(max(0.0, 1.0 - ((x * x + y * y) + z * z)))
        out.append([w, x, y, z])
    return np.array(out, np.float64).astype(np.float32)


def _shn(m: dict, rows: list[list[int]], n: int, rest: int) -> np.ndarray:
    basis = np.array(m["basis"][: len(rows)], np.int64).reshape(len(rows), 3 * rest)
    values = np.array(rows, np.int64).reshape(len(rows), n)
    return _scaled(values.T @ basis, m["sh_step"] * 2.0**-25).reshape(n, rest, 3)


# --- 5.10 ---------------------------------------------------------------------------------------


def decode_lossless(stream: Stream, tile: Tile, payloads: list[bytes]) -> dict:
    m, p, n, rest = stream.model, Payload(payloads[0]), tile.n, stream.head["rest"]
    columns = [] if m["kept"] else _positions(p, tile)
    groups = [("mean", 3 * m["kept"]), *GROUPS, ("rest", 3 * rest)]
    names = [name for name, count in groups for _ in range(count)]
    priors: dict[str, list] = {}
    for name, top, common in zip(names, m["tops"], m["common"], strict=True):
        start = [[[512, 512]], [[2] * 512] * 9, [[8] * 128] * 4]
        columns.append(_column(p, n, top, common, priors.setdefault(name, start)))
    p.finish()
    f = np.array(columns, np.int64).astype("<u4").T.copy().view("<f4").reshape(n, -1)
    return {"means": f[:, :3], "opacity_logits": f[:, 3], "log_scales": f[:, 4:7],
            "quats": f[:, 7:11], "sh0": f[:, 11:14], "shN": f[:, 14:].reshape(n, rest, 3)}


def _positions(p: Payload, tile: Tile) -> list[list[int]]:
    cells, out = tree(p, tile.n, tile.bits), []
    for a in range(3):
        column = []
        for cell, low in zip(cells, p.raw(11, tile.n), strict=True):
            v = ((cell[a] + tile.origin[a]) << 11 | low) & 0xFFFFFFFF
            column.append(v - (1 << 31) if v >= 1 << 31 else 0xFFFFFFFF - v)
        out.append(column)
    return out


def _column(p: Payload, n: int, top: int, common, priors: list) -> list[int]:
    out, rows = [common or 0] * n, list(range(n))
    if common is not None:
        tables = Adaptive(priors[0])
        flags = _by_levels(p, tables, n, lambda done, i, s: 0)
        priors[0] = tables.carried()
        rows = [i for i in range(n) if not flags[i]]

    def head_context(done: list[int], i: int, stride: int) -> int:
        if not stride:
            return 0
        left, right, _, _ = neighbours(done, i, stride)
        below = clip((2 * top + 1 - (left & 255) - (right & 255)) >> 1, 0, 2)
        return 3 * below + (left >> 8) + (right >> 8)

    tables = Adaptive(priors[1])
    head = _by_levels(p, tables, len(rows), head_context)
    priors[1] = tables.carried()
    tables = Adaptive(priors[2])
    upper = _by_levels(p, tables, len(rows), lambda done, i, s: clip(top - (head[i] & 255), 0, 3))
    priors[2] = tables.carried()
    for i, h, u, low in zip(rows, head, upper, p.raw(16, len(rows)), strict=True):
        out[i] = h << 23 | u << 16 | low
    return out


def _by_levels(p: Payload, tables: Adaptive, n: int, context) -> list[int]:
    out = [0] * n
    for stride, members in levels(n):
        found = tables.code(p, [context(out, i, stride) for i in members])
        for i, s in zip(members, found, strict=True):
            out[i] = s
    return out
