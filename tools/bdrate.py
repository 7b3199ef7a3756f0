"""Bjontegaard deltas of rate-distortion curves: a thin layer over the `bjontegaard` package.

    python -m tools.bdrate anchor.csv test.csv [--lower-is-better]

CSV: a rate and a quality a line, rates in any one unit. BD-rate is the mean change of rate at equal
quality, over the qualities both curves reach: negative means the test codec needs fewer bytes.
PCHIP gives the number, Akima checks it. Lower-is-better metrics are negated first. Points that a
smaller file of the same codec equals or beats are left out (a codec's user would not choose them,
and the curve must rise). No number is given below half overlap or four points.
"""

from __future__ import annotations

import argparse
import csv
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

LEAST_OVERLAP = 0.5
LEAST_POINTS = 4
SUSPICIOUS_SHARE = 0.05
"""PCHIP and Akima this far apart (of the rate) show curves too coarse to trust."""


@dataclass(frozen=True, slots=True)
class BdRate:
    """percent: mean change of rate, None when no number can be given (`why`).

    akima: the same by Akima interpolation.   overlap: qualities both reach over those either does.
    points: (anchor's, test's) points used.   dropped: points left out, of both.
    cross: each curve is the better one somewhere in the overlap.
    """

    percent: float | None
    akima: float | None
    overlap: float
    points: tuple[int, int]
    dropped: int
    cross: bool = False
    why: str = ""


Points = Sequence[tuple[float, float]]


def rising_front(points: Points, higher_is_better: bool = True) -> list[tuple[float, float]]:
    """(rate, quality) with finite quality that no smaller file equals or beats, by rising rate.

    Quality is negated when lower is better, so it always rises.
    """
    sign = 1 if higher_is_better else -1
    usable = sorted((r, sign * q) for r, q in points if math.isfinite(q) and r > 0)
    front: list[tuple[float, float]] = []
    for rate, quality in usable:
        if not front or quality > front[-1][1]:
            if front and rate == front[-1][0]:
                front.pop()
            front.append((rate, quality))
    return front


def overlap_share(a: list[tuple[float, float]], b: list[tuple[float, float]]) -> float:
    """Share of the qualities reached by either front that both reach (as the package counts)."""
    low, high = max(a[0][1], b[0][1]), min(a[-1][1], b[-1][1])
    span = max(a[-1][1], b[-1][1]) - min(a[0][1], b[0][1])
    return max(0.0, high - low) / span if span > 0 else 0.0


def _package(anchor, test, method: str) -> float:
    import bjontegaard

    rates = [[r for r, _ in side] for side in (anchor, test)]
    qualities = [[q for _, q in side] for side in (anchor, test)]
    return float(bjontegaard.bd_rate(
        rates[0], qualities[0], rates[1], qualities[1], method=method,
        require_matching_points=False, min_overlap=0))


def curves_cross(anchor, test) -> bool:
    """Whether the better curve changes within the common qualities (log rate, PCHIP)."""
    from scipy.interpolate import PchipInterpolator

    low, high = max(anchor[0][1], test[0][1]), min(anchor[-1][1], test[-1][1])
    at = np.linspace(low, high, 101)
    a, b = (PchipInterpolator([q for _, q in side], np.log([r for r, _ in side]))(at)
            for side in (anchor, test))
    return bool((b - a).min() < -0.01 and (b - a).max() > 0.01)


def bd_rate(anchor: Points, test: Points, higher_is_better: bool = True,
            least_overlap: float = LEAST_OVERLAP) -> BdRate:
    """BD-rate in percent of `test` over `anchor`, (rate, quality) points in any order.

    least_overlap: below it no number is given; who lowers it says the overlap beside the number.
    """
    fronts = [rising_front(points, higher_is_better) for points in (anchor, test)]
    counts = (len(fronts[0]), len(fronts[1]))
    dropped = len(anchor) + len(test) - sum(counts)
    overlap = overlap_share(*fronts) if min(counts) else 0.0
    if min(counts) < LEAST_POINTS:
        why = f"fewer than {LEAST_POINTS} points on a rising curve"
        return BdRate(None, None, overlap, counts, dropped, why=why)
    if overlap < least_overlap:
        why = f"the curves share {overlap:.0%} of their qualities"
        return BdRate(None, None, overlap, counts, dropped, why=why)
    percent, akima = (_package(*fronts, method) for method in ("pchip", "akima"))
    return BdRate(percent, akima, overlap, counts, dropped, curves_cross(*fronts))


def suspicious(result: BdRate) -> bool:
    """PCHIP and Akima disagree by more than SUSPICIOUS_SHARE of the rate."""
    if result.percent is None or result.akima is None:
        return False
    ratio = math.log((100 + result.percent) / (100 + result.akima))
    return abs(ratio) > math.log(1 + SUSPICIOUS_SHARE)


def read_points(path: Path) -> list[tuple[float, float]]:
    """(rate, quality) of each line that starts with two numbers."""
    points = []
    with path.open(newline="") as file:
        for row in csv.reader(file):
            try:
                points.append((float(row[0]), float(row[1])))
            except (ValueError, IndexError):
                continue
    return points


def main() -> None:
    """Print the BD-rate of two CSV files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("anchor", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("--lower-is-better", action="store_true", help="LPIPS, DISTS, FID, KID")
    args = parser.parse_args()
    result = bd_rate(read_points(args.anchor), read_points(args.test), not args.lower_is_better)
    print("\n".join(f"{key}: {value}" for key, value in asdict(result).items() if value != ""))


if __name__ == "__main__":
    main()
