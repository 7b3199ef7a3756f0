"""5.2 and 5.4 to 5.7: the tree, precision rules and layers of a tile, profile lossy."""

from types import SimpleNamespace

import numpy as np

from .conventions import count_le, log2_q8, need
from .entropy import Adaptive, Payload, frequencies
from .fields import adaptive_over_levels, decode_field, field_prior
from .syntax import FIELDS
from .tables import TABLES


def split_axes(bits):
    """5.2: the axis with the most bits left, the lowest axis on ties, and none at the end."""
    left = list(bits)
    for _ in range(sum(bits)):
        axis = left.index(max(left))
        left[axis] -= 1
        yield axis
    yield None


def upper_counts(payload, count, kind, seen):
    """5.2: how many Gaussians of each box of a depth lie in its upper half."""
    upper = np.zeros(len(count), np.int64)
    for k in 0, 1:
        for c in range(2, 17):
            group = np.flatnonzero((kind == k) & (count == c))
            if len(group):
                table = frequencies(seen[k][c] * 64 + 256)
                upper[group] = payload.symbols(table, len(group))
                seen[k][c] += np.bincount(upper[group], minlength=c + 1)
    for group in np.flatnonzero(count > 16):
        upper[group] = payload.uniform(int(count[group]) + 1)
    return upper


def tree(payload, n, bits):
    """5.2: cells of a tile relative to its origin, in tree order (R-TREE-01). `first` is the rank
    of a box's first Gaussian, by which singles keep their places."""
    cells = np.zeros((n, 3), np.int64)
    count, kind, first = np.array([n]), np.array([0]), np.array([0])
    prefix, left = np.zeros((1, 3), np.int64), list(bits)
    seen = [[np.zeros(c + 1, np.int64) for c in range(17)] for _ in range(2)]
    for axis in split_axes(bits):
        single = count == 1
        for a in range(3):
            tail = payload.raw(left[a], single.sum())
            cells[first[single], a] = (prefix[single, a] << left[a]) | tail
        count, kind, first, prefix = (x[~single] for x in (count, kind, first, prefix))
        if axis is None or not len(count):
            break
        left[axis] -= 1
        upper = upper_counts(payload, count, kind, seen)
        children = np.stack([count - upper, upper], 1).ravel()
        first = np.stack([first, first + count - upper], 1).ravel()
        kind = np.repeat((upper == 0) | (upper == count), 2).astype(np.int64)
        prefix = np.repeat(prefix, 2, 0)
        prefix[:, axis] = 2 * prefix[:, axis] + np.tile([0, 1], len(count))
        kept = children > 0
        count, kind, first, prefix = (x[kept] for x in (children, kind, first, prefix))
    for c, start, cell in zip(count, first, prefix, strict=True):
        cells[start : start + c] = cell
    return cells


def rule_bits(rule, alpha, footprint, low, high, extra=0):
    """5.4: bits(rule, low, high, extra)."""
    weighted = (rule.alpha * alpha + rule.footprint * footprint) >> 4
    return np.clip((rule.offset + weighted + extra + 128) >> 8, low, high)


def footprint(model, v0, v1, cells):
    """5.4: F of each Gaussian, from decoded log-scale values and absolute cells."""
    size = ((v0 + v1) * (model.scale_step * 369)) >> 19
    o = np.clip((cells - np.array(model.centre)) >> model.radius_shift, -(2**24), 2**24)
    distance = log2_q8((o * o).sum(1) + 1)
    return size - (np.maximum(distance, model.radius_floor) >> 1)


def rotation(payload, b):
    """5.6: the components x, y, z of the quaternions in units of 2^-b."""
    offset, low = ((92683 << b) >> 17) + 1, np.maximum(b - 4, 0)
    largest, q = np.zeros_like(b), np.zeros((len(b), 3), np.int64)
    for a in range(3):
        context = 3 * np.minimum(b, 5) + count_le([4, 8], largest)
        high = adaptive_over_levels(payload, Adaptive(np.full((18, 26), 40)), context)
        tail = raw_by_length(payload, low)
        q[:, a] = (high << low) + tail - offset
        largest = np.maximum(largest, (np.abs(q[:, a]) << 4) >> b)
    return q


def raw_by_length(payload, lengths):
    """5.6, 5.7, 5.10.5: for m in 1..max: raw bits of those with length m, in order; else 0."""
    out = np.zeros_like(lengths)
    for m in range(1, lengths.max(initial=0) + 1):
        members = np.flatnonzero(lengths == m)
        out[members] = payload.raw(m, len(members))
    return out


def base_layer(payload, model, tile):
    """5.5: positions, opacity, scales, colour and rotation, and the bits of 5.4."""
    t = SimpleNamespace()
    rules, n = model.rules, tile.n
    t.cells = tree(payload, n, tile.bits) + np.array(tile.origin)
    value, residual = {}, {}

    def field(name, shift):
        cross = [residual[source] for source in FIELDS[name]]
        value[name], residual[name] = decode_field(payload, model.fields[name], shift, cross)
        return value[name]

    k = np.clip(field("opacity", np.full(n, 4)) >> 4, 0, model.opacity_levels - 1)
    t.entry = ((2 * k + 1) * 4096) // (2 * model.opacity_levels)
    alpha = TABLES.log2_alphas[t.entry]
    shift = 4 - rule_bits(rules["scale"], alpha, 0, -4, 4)
    v0 = field("scale0", shift)
    v1 = v0 - field("scale1", shift)
    v2 = v1 - field("scale2", shift)
    t.scales = np.stack([v0, v1, v2], 1)
    far = footprint(model, v0, v1, t.cells)
    shift = 4 - rule_bits(rules["dc"], alpha, far, -4, 4)
    t.colour = np.stack([field(name, shift) for name in ("dc0", "dc1", "dc2")], 1)
    e = np.clip(((v0 - v2) * model.scale_step) >> 14, 0, model.rotation_cap)
    t.b = rule_bits(rules["rotation"], alpha, far, 0, 20, TABLES.rotation_bits[e])
    t.q = rotation(payload, t.b)
    t.r = np.zeros(n, np.int64)
    t.position_bits = rule_bits(rules["position"], alpha, far, 0, 20)
    t.refinement = np.zeros((n, 3), np.int64)
    t.sh_shift = 4 - rule_bits(rules["sh"], alpha, far, -4, 4)
    t.rows = []
    return t


def sh_layer(payload, model, t, n_rows):
    """5.7: one SH layer: lengths, then the rows of the Gaussians that reach them."""
    n = len(t.sh_shift)
    lengths_model, model = model.fields["length_field"], model.fields["sh_field"]
    value, _ = decode_field(payload, lengths_model, np.full(n, 4), energy=t.activity)
    length = value >> 4
    need(((length >= 0) & (length <= n_rows)).all(), "R-SHL-01")
    t.activity = t.activity + (length << 4)
    prior = np.repeat(field_prior(model), 2, axis=0)  # context' = 2 * context + last
    rows = np.zeros((n_rows, n), np.int64)
    for j in range(n_rows):
        members = np.flatnonzero(length > j)
        if not len(members):
            break
        tables = Adaptive(prior)
        energy, last = t.energy[members], (length[members] == j + 1).astype(np.int64)
        shift = t.sh_shift[members]
        value, _ = decode_field(payload, model, shift, (), energy, tables, last)
        t.energy[members] = energy - (energy >> 2) + np.abs(value)
        rows[j, members] = value
        prior = tables.carried()
    t.rows.extend(rows)


def decode_tile(model, tile, payloads):
    """5.1: the layers of a tile that are there, each from its own payload."""
    payload = Payload(payloads[0])
    t = base_layer(payload, model, tile)
    payload.end()
    further = list(payloads[1:])
    if model.has_position and further:
        payload, t.r = Payload(further.pop(0)), t.position_bits
        for a in range(3):  # 5.7, position
            t.refinement[:, a] = raw_by_length(payload, t.r)
        payload.end()
    t.activity, t.energy = (8 - t.sh_shift) << 4, np.zeros(tile.n, np.int64)
    for data, n_rows in zip(further, model.sh_layers, strict=False):
        payload = Payload(data)
        sh_layer(payload, model, t, n_rows)
        payload.end()
    return t
