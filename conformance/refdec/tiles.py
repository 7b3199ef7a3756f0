"""Part 5: symbols to arrays. Integers of any size, lists, in the order of the text."""

from __future__ import annotations

import math

import numpy as np

from conformance.refdec.container import N_CROSS, Tier, Tile, need
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


def field(p: Payload, m: dict, shift: list[int], cross=(), energy=None, prior=None, flags=None):
    """5.3: values, residuals, carried prior."""
    n, h = len(shift), m["half"]
    value, residual = [0] * n, [0] * n
    if prior is None:
        phases = (-2, -1, 0, 1) if m["predicts"] else (0,)
        halves = (0,) if flags is None else (0, 1)
        prior = [logistic_prior(k, q, h) for k in m["scales"] for q in phases for _ in halves]
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
            context = 4 * bucket + (quarter + 2 & 3) if m["predicts"] else bucket
            contexts.append(context if flags is None else 2 * context + flags[i])
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


def sh_layer(p: Payload, m: dict, count: int, shift, activity, energy) -> list[list[int]]:
    """5.7: rows of one layer; activity and energy are carried on in place."""
    n, prior = len(shift), None
    lengths = [v >> 4 for v in field(p, m["length_field"], [4] * n, (), activity)[0]]
    need(all(0 <= x <= count for x in lengths), "R-SHL-01")
    activity[:] = [x + (y << 4) for x, y in zip(activity, lengths, strict=True)]
    rows = [[0] * n for _ in range(count)]
    for j, row in enumerate(rows):
        members = [i for i in range(n) if lengths[i] > j]
        if not members:
            break
        last = [int(lengths[i] == j + 1) for i in members]
        value, _, prior = field(p, m["sh_field"], [shift[i] for i in members], (),
                                [energy[i] for i in members], prior, last)
        for i, v in zip(members, value, strict=True):
            row[i] = v
            energy[i] += abs(v) - (energy[i] >> 2)
    return rows


def decode_tile(tier: Tier, rest: int, tile: Tile, payloads: list[bytes], shrunk: int) -> dict:
    """5.5 to 5.8: arrays of one tile from its whole layers."""
    m, p, n = tier.model, Payload(payloads[0]), tile.n
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
    energy = [0] * n
    shift = [4 - rule_bits(m["sh"], a[i], f[i], -4, 4) for i in range(n)]
    activity = [8 - x << 4 for x in shift]
    for name, payload in zip(tier.layers[1:], payloads[1:], strict=False):
        p = Payload(payload)
        if name == "position":
            r = [rule_bits(m["position"], a[i], f[i], 0, 20) for i in range(n)]
            refinement = [tails(p, r) for _ in range(3)]
        else:
            rows += sh_layer(p, m, m["sh_layers"][int(name[3]) - 1], shift, activity, energy)
        p.finish()
    return {
        "means": _means(m["g"], cells, r, refinement),
        "log_scales": _scaled(np.array([v0, v1, v2]).T, m["scale_step"] * 2.0**-18, shrunk / 64),
        "quats": _quats(q, b),
        "opacity_logits": np.array([TABLES["opacity_logits"][x] for x in entry], np.float32),
        "sh0": _scaled(np.array([[sum(y[j][i] * M[j][c] for j in range(3)) for c in range(3)]
                                 for i in range(n)]), m["dc_step"] * 2.0**-32),
        "shN": _shn(m, rows, n, rest),
    }


def _scaled(integers: np.ndarray, factor: float, less: float = 0.0) -> np.ndarray:
    return (integers.astype(np.float64) * factor - less).astype(np.float32)


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

LIMIT = 1 << 30
NORMAL, COMMON, RAW, COPY_LEFT, COPY_RIGHT = range(5)


def decode_lossless(tier: Tier, rest: int, tile: Tile, payloads: list[bytes], _: int) -> dict:
    m, p, n = tier.model, Payload(payloads[0]), tile.n
    columns = [] if m["kept"] else _positions(p, tile)
    columns += Columns(p, m, n).decode()
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


def fixed(pattern: int, exponent: int) -> int:
    """5.10.4"""
    f = pattern >> 23 & 255
    significand, e = (pattern & 0x7FFFFF) + (f > 0) * (1 << 23), max(f, 1) - 150 + exponent
    m = 0
    if e <= 6 and f < 255:
        m = significand << e if e >= 0 else significand >> -e
    return -m - 1 if pattern >> 31 else m


class Columns:
    """5.10.2 to 5.10.5: the plain columns of a tile."""

    def __init__(self, p: Payload, m: dict, n: int) -> None:
        self.p, self.m, self.n, self.levels = p, m, n, levels(n)
        self.kinds, self.innovations, self.cuts, self.shifts = [], [], [], []
        self.fast, self.slow = [0] * n, [0] * n
        self.kind_tables = {g: Adaptive([[900, 80, 4, 20, 20]] * 10) for g in m["groups"]}
        prior = [logistic_prior(c + 6, 0, 126) for c in range(16)]
        self.value_tables = {g: Adaptive(prior) for g in m["groups"]}

    def decode(self) -> list[list[int]]:
        for name, column in zip(self.m["names"], self.m["columns"], strict=True):
            self.kinds.append(self._kinds(name))
            self._values(name, column)
        return self._patterns()

    def _kinds(self, name: str) -> list[int]:
        before, out = self.kinds[-1] if self.kinds else [0] * self.n, [0] * self.n
        for stride, members in self.levels:
            contexts = [2 * before[i] + (stride == 1) for i in members]
            for i, s in zip(members, self.kind_tables[name].code(self.p, contexts), strict=True):
                out[i] = s
        return out

    def _values(self, name: str, column: dict) -> None:
        n, g, kind = self.n, self.m["groups"][name], self.kinds[-1]
        value, residual, innovation = [0] * n, [0] * n, [0] * n
        cut, shift = [0] * n, [0] * n
        for stride, members in self.levels:
            centre, guess, contexts, normal = {}, {}, [], []
            for i in members:
                guess[i], width = self._predict(g, column, value, residual, i, stride)
                total = sum(w * self.innovations[s][i] for s, w in column["sources"])
                centre[i] = guess[i] + clip(total >> 6, -LIMIT, LIMIT)
                if kind[i] == NORMAL:
                    quarter = clip(width >> 6, 0, 127)
                    shift[i] = max((quarter >> 2) - 3, 0)
                    contexts.append(12 + (quarter & 3) if shift[i] else quarter)
                    normal.append(i)
                else:
                    value[i] = self._known(kind[i], g, column, value, i, stride)
            found = self._differences(name, contexts)
            for i, d in zip(normal, found, strict=True):
                cut[i] = (centre[i] >> shift[i]) + d
                need(abs(cut[i] << shift[i]) <= LIMIT, "R-LL-07")
                value[i] = (cut[i] << shift[i]) + ((1 << shift[i]) >> 1)
            for i in members:
                residual[i], innovation[i] = value[i] - centre[i], value[i] - guess[i]
        self.innovations.append(innovation)
        self.cuts.append(cut)
        self.shifts.append(shift)
        for i in range(n):
            if kind[i] == NORMAL:
                surprise = log2_q8(1 + abs(residual[i])) - column["log_width"]
                self.fast[i] += surprise - self.fast[i] >> 1
                self.slow[i] += surprise - self.slow[i] >> 3

    def _predict(self, g, column, value, residual, i: int, stride: int) -> tuple[int, int]:
        """Prediction from neighbours, width."""
        prediction, around, usual, w = column["mean"], 0, column["log_width"], g["widths"]
        if stride:
            left, right, far_left, far_right = neighbours(value, i, stride)
            rest = 4096 - 2 * (g["near"] + g["far"])
            total = (g["near"] * (left + right) + g["far"] * (far_left + far_right)
                     + rest * column["mean"])
            prediction = clip(total >> 12, -LIMIT, LIMIT)
            spread = abs(left - right) + (abs(far_left - far_right) >> 1)
            left, right, _, _ = neighbours(residual, i, stride)
            around = (w[0] * (log2_q8(1 + spread) - usual)
                      + w[1] * (log2_q8(1 + abs(left) + abs(right)) - usual))
        return prediction, usual + (w[2] * self.fast[i] + w[3] * self.slow[i] + around >> 6)

    def _known(self, kind: int, g, column, value, i: int, stride: int) -> int:
        if kind == COMMON and column["common"] is not None:
            return fixed(column["common"], g["exponent"])
        if kind in (COPY_LEFT, COPY_RIGHT) and stride:
            left, right, _, _ = neighbours(value, i, stride)
            return left if kind == COPY_LEFT else right
        return column["mean"]

    def _differences(self, name: str, contexts: list[int]) -> list[int]:
        found = [s - 127 for s in self.value_tables[name].code(self.p, contexts)]
        escaped = [j for j, d in enumerate(found) if abs(d) > 126]
        for j, excess in zip(escaped, self.p.raw(32, len(escaped)), strict=True):
            found[j] += excess if found[j] > 0 else -excess
        return found

    def _patterns(self) -> list[list[int]]:
        n, count = self.n, len(self.kinds)
        out = [[0] * n for _ in range(count)]
        drops = Adaptive([[(1024 >> min(j + 1, 10)) + 1 for j in range(24)]])
        width = max(1, (1 << 18) // n)
        for start in range(0, count, width):
            self._block(range(start, min(start + width, count)), drops, out)
        for column, kinds in zip(out, self.kinds, strict=True):
            for stride, members in self.levels[1:]:
                for i in members:
                    if kinds[i] in (COPY_LEFT, COPY_RIGHT):
                        right = kinds[i] == COPY_RIGHT and i + stride < n
                        column[i] = column[i + stride if right else i - stride]
        return out

    def _places(self, block: range, kind: int) -> list[tuple[int, int]]:
        return [(c, i) for c in block for i in range(self.n) if self.kinds[c][i] == kind]

    def _block(self, block: range, drops: Adaptive, out: list[list[int]]) -> None:
        for c, i in self._places(block, COMMON):
            out[c][i] = self.m["columns"][c]["common"] or 0
        where = self._places(block, RAW)
        for (c, i), pattern in zip(where, self.p.raw(32, len(where)), strict=True):
            out[c][i] = pattern
        where = self._places(block, NORMAL)
        cuts = [self.cuts[c][i] for c, i in where]
        m = [-x - 1 if x < 0 else x for x in cuts]
        b = [x.bit_length() for x in m]
        units = [self.m["groups"][self.m["names"][c]]["exponent"] - self.shifts[c][i]
                 for c, i in where]
        f = [126 - u + x for u, x in zip(units, b, strict=True)]
        zero = [j for j, x in enumerate(b) if x == 0]
        for j, drop in zip(zero, self._drops(drops, len(zero)), strict=True):
            f[j] -= drop
        need(all(0 <= x <= 254 for x in f), "R-LL-08")
        missing = [max(24 - x, 0) if x else 23 for x in b]
        low = tails(self.p, missing) if missing else []
        for j, (c, i) in enumerate(where):
            top = m[j] >> b[j] - 24 if b[j] > 24 else m[j] << missing[j]
            out[c][i] = (cuts[j] < 0) << 31 | f[j] << 23 | (top & 0x7FFFFF | low[j])

    def _drops(self, tables: Adaptive, count: int) -> list[int]:
        out = [0] * count
        for _, members in levels(count):
            for i, s in zip(members, tables.code(self.p, [0] * len(members)), strict=True):
                out[i] = s
        far = [j for j, x in enumerate(out) if x == 23]
        for j, x in zip(far, self.p.raw(8, len(far)), strict=True):
            out[j] = x
        return out
