"""3.12, 3.13, 4.11, 4.12, 5.11: the restorer's settings, maps and noise. Nothing is restored."""

from __future__ import annotations

from math import floor, sqrt
from statistics import NormalDist

from conformance.refdec.container import Fields, Stream, Unsupported, need
from conformance.refdec.symbols import Adaptive, Payload, frequencies

ONE = 1 << 24
MASK64 = (1 << 64) - 1


def signalled(stream: Stream) -> tuple[dict, list[dict]] | None:
    """(REST, groups of MLRA), or None when the stream signals no restorer."""
    if "REST" not in stream.ancillary:
        need("MLRA" not in stream.ancillary, "R-MLRA-01")
        return None
    rest = read_rest(Fields(stream.ancillary["REST"]))
    return rest, read_mlra(stream.ancillary["MLRA"]) if "MLRA" in stream.ancillary else []


def _model(f: Fields) -> dict:
    number = f.number("B")
    need(number <= 6 or number == 255, "R-REST-04")
    if not number:
        return {"id": 0}
    name = f.text() if number == 255 else ""
    need(number != 255 or 1 <= len(name.encode()) <= 255, "R-REST-05")
    revision = f.text()
    need(len(revision.encode()) <= 255, "R-REST-05")
    return {"id": number, "name": name, "revision": revision, "sha256": f.take(32).hex()}


def read_rest(f: Fields) -> dict:
    """3.12"""
    if f.number("B") != 1:
        raise Unsupported("R-REST-02")
    p = {"kind": f.number("B"), "kind_version": f.number("B")}
    p |= {name: _model(f) for name in ("backbone", "autoencoder", "adapters")}
    p["latent_scale"], p["latent_shift"] = f.number("I"), f.number("i")
    p["schedule"], p["prediction"] = f.number("B"), f.number("B")
    p["level"], p["end_level"], p["network_time"] = f.number("I"), f.number("I"), f.number("H")
    p["noise_mode"] = f.number("B")
    if p["noise_mode"] == 2:
        p["noise_scope"], p["noise_seed"] = f.number("B"), f.number("Q")
        need(p["noise_scope"] < 2, "R-REST-09")
    p["prompt"] = f.number("B")
    if p["prompt"]:
        p["prompt_sha256"] = f.take(32).hex()
    p["guidance"], p["mask"] = f.number("H"), f.number("B")
    if p["mask"] == 1:
        p["mask_grid"] = f.number("B")
        need(1 <= p["mask_grid"] <= 32, "R-REST-11")
    for name in ("condition", "strength", "pad", "pad_mode", "tile"):
        p[name] = f.number("B")
    if p["tile"]:
        p["overlap"], p["untiled"], p["window"] = (f.number("B") for _ in range(3))
        need(2 * p["overlap"] <= p["tile"] and p["untiled"] > 0 and p["window"] == 0, "R-REST-14")
        need(p["pad"] > 0 and 8 * p["tile"] % p["pad"] == 0, "R-REST-14")
    p["colour_fix"], p["dtype"], p["renderer"] = (f.number("B") for _ in range(3))
    p["background"] = list(f.take(3))
    f.end()
    _check_rest(p)
    return p


def _check_rest(p: dict) -> None:
    """4.11"""
    need(1 <= p["kind"] <= 5, "R-REST-03")
    need(p["backbone"]["id"] != 0, "R-REST-04")
    need(p["latent_scale"] > 0 and abs(p["latent_shift"]) < 1 << 28, "R-REST-06")
    if p["autoencoder"]["id"] == 0:
        need((p["latent_scale"], p["latent_shift"]) == (ONE, 0), "R-REST-06")
    need(p["schedule"] < 2 and p["prediction"] < 4, "R-REST-07")
    need(not (p["prediction"] == 0 and p["schedule"] == 1), "R-REST-07")
    need(not (p["prediction"] == 2 and p["schedule"] == 0), "R-REST-07")
    need(0 < p["level"] <= ONE and p["end_level"] < p["level"], "R-REST-08")
    need(p["schedule"] == 0 or (p["level"] < ONE and p["end_level"] == 0), "R-REST-08")
    need(p["noise_mode"] < 3, "R-REST-09")
    need(p["prompt"] <= 3 or p["prompt"] == 255, "R-REST-10")
    need(p["guidance"] >= 256 and (p["prompt"] != 0 or p["guidance"] == 256), "R-REST-10")
    need(p["mask"] < 3, "R-REST-11")
    need(p["strength"] > 0, "R-REST-12")
    need(1 <= p["pad"] <= 128 and p["pad_mode"] < 2, "R-REST-13")
    need(p["colour_fix"] < 3 and p["dtype"] < 3 and p["renderer"] == 0, "R-REST-15")


def read_mlra(data: bytes) -> list[dict]:
    """3.13, 4.12, 5.11.1: groups, each with `maps`, lists of integers in C order."""
    f = Fields(data)
    groups = [_group_header(f) for _ in range(f.number("B"))]
    need(1 <= len(groups) <= 16, "R-MLRA-02")
    lists = [g["list"] for g in groups]
    need(lists == sorted(set(lists)) and lists[-1] <= 4, "R-MLRA-02")
    need(sum(_size(g, r) for g in groups for r in g["ranks"]) <= 1 << 24, "R-MLRA-04")
    payload = Payload(data[f.at :])
    for g in groups:
        g["maps"] = _maps(payload, g)
        need(any(any(m) for m in g["maps"]), "R-MLRA-06")
    payload.finish()
    return groups


def _size(group: dict, rank: int) -> int:
    return rank * rank if group["mode"] else rank


def _group_header(f: Fields) -> dict:
    g = {"list": f.number("B"), "mode": f.number("B"), "step": f.number("B"), "ranks": []}
    need(g["mode"] == 0 or (g["mode"] == 1 and g["list"] != 0), "R-MLRA-03")
    n_runs, last = f.varint(), -1
    need(1 <= n_runs <= 4096, "R-MLRA-04")
    for _ in range(n_runs):
        count, rank = f.varint(), f.varint()
        need(count > 0 and rank <= 4096 and rank != last, "R-MLRA-04")
        need(len(g["ranks"]) + count <= 4096, "R-MLRA-04")
        g["ranks"] += [rank] * count
        last = rank
    g["half"], g["escape"] = f.number("B"), f.number("B")
    need(1 <= g["half"] <= 127 and g["escape"] <= 15, "R-MLRA-05")
    g["models"] = [(f.number("H"), f.number("B")) for _ in range(1 + g["mode"])]
    g["factor_crc"] = f.number("I")
    return g


def geometric_prior(zero: int, decay: int, half: int) -> list[int]:
    """5.11.1"""
    tail = [4096]
    for _ in range(half):
        tail.append(tail[-1] * decay >> 8)
    side = [(65536 - zero) * t for t in tail]
    weights = [*reversed(side), zero * 2 * sum(tail), *side]
    return [(x >> 8) + 1 for x in frequencies(weights)]


def _maps(payload: Payload, g: dict) -> list[list[int]]:
    tables = Adaptive([geometric_prior(zero, decay, g["half"]) for zero, decay in g["models"]])
    end, maps, escaped = g["half"] + 1, [], []
    for rank in g["ranks"]:
        contexts = [0] * rank
        if g["mode"]:
            contexts = [int(i != j) for i in range(rank) for j in range(rank)]
        maps.append([s - end for s in tables.code(payload, contexts)])
        escaped += [(maps[-1], i) for i, d in enumerate(maps[-1]) if abs(d) == end]
    for (layer, i), excess in zip(escaped, payload.raw(g["escape"], len(escaped)), strict=True):
        layer[i] += excess if layer[i] > 0 else -excess
    return maps


def signal_and_noise(schedule: int, level: int) -> tuple[float, float]:
    """5.11.2"""
    s = level / ONE
    if schedule == 0:
        return 1.0 - s, s
    length = sqrt((1.0 - s) * (1.0 - s) + s * s)
    return (1.0 - s) / length, s / length


def noise_table() -> list[int]:
    """5.11.3"""
    normal = NormalDist()
    return [floor(4096 * normal.inv_cdf((i + 0.5) / 65536) + 0.5) for i in range(65536)]


def philox(seed: int, view: int, block: int) -> list[int]:
    """5.11.3: the four 64-bit numbers of a block."""
    c, k0, k1 = [block + 1, 0, 0, 0], seed, view
    for _ in range(10):
        first, second = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
        c = [second >> 64 ^ c[1] ^ k0, second & MASK64, first >> 64 ^ c[3] ^ k1, first & MASK64]
        k0, k1 = k0 + 0x9E3779B97F4A7C15 & MASK64, k1 + 0xBB67AE8584CAA73B & MASK64
    return c


def noise(seed: int, view: int, count: int) -> list[int]:
    """5.11.3: the first `count` values, in 1/4096."""
    table, out = noise_table(), []
    for block in range((count + 15) // 16):
        for word in philox(seed, view, block):
            out += [table[word >> 16 * i & 65535] for i in range(4)]
    return out[:count]
