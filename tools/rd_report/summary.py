"""Averages over scenes and BD-rates. Each scene's own value comes first, then their mean."""

from __future__ import annotations

import math
from dataclasses import asdict

from tools.bdrate import bd_rate, suspicious
from tools.metrics.suite import LOWER_IS_BETTER

Curves = dict[tuple[str, str], list[dict]]
"""(scene, codec) to its points, as `run.CurveJob` makes them."""
NO_BD = ("control-swapped", "nfx-lossless")
"""A broken control and a single point have no curve worth a BD-rate."""


def metric_names(curves: Curves) -> list[str]:
    """Metrics that any point has, in the order of the first that has them."""
    names: dict[str, None] = {}
    for points in curves.values():
        for point in points:
            names |= dict.fromkeys(point["metrics"])
    return list(names)


def pairs_of(points: list[dict], metric: str) -> list[tuple[float, float]]:
    """(bytes, value) of the points that have the metric."""
    found = [(p["bytes"], p["metrics"].get(metric)) for p in points]
    return [(b, v) for b, v in found if v is not None and not math.isnan(v)]


def bd_table(curves: Curves, test: str = "nfx") -> dict[str, dict[str, dict]]:
    """BD-rate of `test` over each other codec: table[codec][metric], scene by scene, then mean.

    An entry has "percent" (mean over the scenes that have a number, or None), "scenes" (their
    number) of "of", "overlap" (the least), "cross", "suspicious" and "each" (by scene).
    """
    scenes = [scene for scene, codec in curves if codec == test]
    codecs = list(dict.fromkeys(codec for _, codec in curves))
    table: dict[str, dict[str, dict]] = {}
    for codec in codecs:
        if codec == test or codec in NO_BD:
            continue
        table[codec] = {}
        for metric in metric_names(curves):
            each = {
                scene: bd_rate(pairs_of(curves[scene, codec], metric),
                               pairs_of(curves[scene, test], metric),
                               metric not in LOWER_IS_BETTER)
                for scene in scenes if (scene, codec) in curves
            }
            if each:
                table[codec][metric] = _bd_entry(each)
    return table


def _bd_entry(each: dict) -> dict:
    given = [result for result in each.values() if result.percent is not None]
    return {
        "percent": sum(r.percent for r in given) / len(given) if given else None,
        "akima": sum(r.akima for r in given) / len(given) if given else None,
        "scenes": len(given), "of": len(each),
        "overlap": min(result.overlap for result in each.values()),
        "cross": any(result.cross for result in given),
        "suspicious": any(suspicious(result) for result in given),
        "each": {scene: asdict(result) for scene, result in each.items()},
    }


def averages(curves: Curves) -> dict[str, list[dict]]:
    """Each codec's points averaged over scenes, rung by rung of its ladder.

    Only rungs that every scene has; "scenes" counts them. Every number is the mean of the scenes'.
    """
    result: dict[str, list[dict]] = {}
    for codec in dict.fromkeys(codec for _, codec in curves):
        of_codec = [points for (_, name), points in curves.items() if name == codec]
        result[codec] = [_mean_point(list(rung)) for rung in _rungs(of_codec)]
    return result


def _rungs(of_codec: list[list[dict]]) -> list[tuple[dict, ...]]:
    """The points of all scenes rung by rung: by place when none is missing, else by rate."""
    if len({len(points) for points in of_codec}) == 1:
        return list(zip(*of_codec, strict=True))
    by_rate = [{point["rate"]: point for point in points} for points in of_codec]
    shared = [rate for rate in by_rate[0] if all(rate in found for found in by_rate)]
    return [tuple(found[rate] for found in by_rate) for rate in shared]


def _mean_point(points: list[dict]) -> dict:
    numbers = ("bytes", "n_gaussians", "encode_s", "decode_s", "encode_mb", "decode_mb")
    names = [n for n in points[0]["metrics"] if all(n in p["metrics"] for p in points)]
    rates = dict.fromkeys(p["rate"] for p in points)
    return {
        "codec": points[0]["codec"], "version": points[0]["version"],
        "rate": " / ".join(rates) if len(rates) <= 2 else f"rung of {len(rates)} values",
        "value": points[0]["value"],
        "command": points[0]["command"], "scenes": len(points),
        **{key: sum(p[key] for p in points) / len(points) for key in numbers},
        "metrics": {n: sum(p["metrics"][n] for p in points) / len(points) for n in names},
    }


def plain(value):
    """The value with infinities as "inf" and NaN as None, so that strict JSON can hold it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else ("inf" if value > 0 else "-inf")
    return value
