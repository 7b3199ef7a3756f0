"""Our bytes over each peer's, at a PSNR at least the peer's: the table of the README.

    python -m tools.size_at_quality scene.ply --views cameras.json --effort 5 --json out.json

Each peer codes the scene (see tools.peers); then a search over our quality finds the smallest
file whose renders are at least as close to the original's. Peer results are kept in --cache.
With --start OLD.json the qualities found there are encoded again, and a search follows only where
one no longer reaches its peer.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from codec.io.cameras import read_cameras
from codec.io.ply import read_ply
from codec.scene import Splats
from tools.measure import Comparison, Views, add_view_options, choose_views
from tools.peers import Peer, PeerError, choose_peers, clean_ply, run_peer, tool_version

EFFORT_1_GOALS = {"spz4": 0.50}


@dataclass(frozen=True, slots=True)
class Point:
    """One of our files: quality, bytes, PSNR in dB, seconds of encode and decode."""

    quality: float
    bytes: int
    mean_db: float
    encode_s: float = 0.0
    decode_s: float = 0.0


class Curve:
    """Our points, made on demand by `encode_at(quality)` and shared between peers."""

    def __init__(self, encode_at: Callable[[float], Point]) -> None:
        self._encode_at = encode_at
        self.points: dict[float, Point] = {}

    def at(self, quality: float) -> Point:
        """The point at a quality, rounded to 0.05."""
        quality = round(quality * 20) / 20
        if quality not in self.points:
            self.points[quality] = self._encode_at(quality)
        return self.points[quality]

    def smallest(
        self, target_db: float, tolerance_db: float = 0.03, steps: int = 9,
        start: float | None = None
    ) -> Point | None:
        """The smallest file found with PSNR >= target; None when the best quality falls short.

        Bisection by linear interpolation inside the bracket, until the file overshoots by at
        most `tolerance_db`. A `start` quality that reaches the target is taken as it is.
        """
        if start is not None and self.at(start).mean_db >= target_db:
            return self.at(start)
        low, high = self._bracket(target_db)
        if high.mean_db < target_db:
            return None
        for _ in range(steps):
            if high.mean_db - target_db <= tolerance_db or high.quality - low.quality < 0.1:
                break
            share = (target_db + tolerance_db / 2 - low.mean_db) / (high.mean_db - low.mean_db)
            width = high.quality - low.quality
            middle = self.at(low.quality + width * min(0.9, max(0.1, share)))
            if middle in (low, high):
                break
            low, high = (low, middle) if middle.mean_db >= target_db else (middle, high)
        fits = [point for point in self.points.values() if point.mean_db >= target_db]
        return min(fits, key=lambda point: point.bytes)

    def _bracket(self, target_db: float) -> tuple[Point, Point]:
        """Nearest known points below and above the target; the ends of the range at first."""
        ends = [self.at(q) for q in (30.0, 80.0)]
        if ends[0].mean_db >= target_db:
            self.at(1.0)
        if ends[1].mean_db < target_db:
            self.at(100.0)
        known = sorted(self.points.values(), key=lambda point: point.quality)
        above = [point for point in known if point.mean_db >= target_db]
        high = above[0] if above else known[-1]
        below = [p for p in known if p.mean_db < target_db and p.quality < high.quality]
        return (below[-1] if below else high), high


def our_encoder(
    splats: Splats, compare: Comparison, effort: int, cameras=None
) -> Callable[[float], Point]:
    """A function from quality to the Point our codec reaches there."""
    import codec

    def encode_at(quality: float) -> Point:
        start = time.perf_counter()
        options = codec.EncoderOptions(quality=quality, effort=effort)
        data = codec.encode(splats, options, cameras=cameras)
        middle = time.perf_counter()
        decoded = codec.decode(data)
        end = time.perf_counter()
        score = compare.measure(decoded).mean_db
        print(f"  q {quality:6.2f}: {len(data)} bytes, {score:.3f} dB", file=sys.stderr)
        return Point(quality, len(data), score, middle - start, end - middle)

    return encode_at


def peer_row(peer: Peer, source: Path, compare: Comparison, timeout: float) -> dict:
    """A peer's result and PSNR, or its failure, as a JSON object."""
    try:
        result = run_peer(peer, source, source.parent, timeout)
    except PeerError as problem:
        return {"peer": peer.name, "failed": str(problem)}
    decoded = Path(result.decoded)
    score = compare.measure(read_ply(decoded))
    row = asdict(result) | asdict(score)
    del row["decoded"]
    decoded.unlink()
    return row


def cached_peer_row(
    peer: Peer, scene: Path, views: Views, compare: Comparison, cache: Path, timeout: float
) -> dict:
    """`peer_row`, kept in `cache` under the scene's hash, the peer's version and the views."""
    tool = f"{peer.name} {tool_version(peer.tool, peer.encode[0])} {peer.encode[1:]}"
    key = hashlib.sha256(scene.read_bytes() + views.identity() + tool.encode()).hexdigest()[:24]
    entry = cache / f"{peer.name}-{key}.json"
    if entry.exists():
        return json.loads(entry.read_text())
    with tempfile.TemporaryDirectory() as folder:
        source = clean_ply(scene, Path(folder) / "source.ply")
        row = peer_row(peer, source, compare, timeout)
    if "failed" not in row:
        cache.mkdir(parents=True, exist_ok=True)
        entry.write_text(json.dumps(row, indent=1) + "\n")
    return row


def add_ours(row: dict, goal: float | None, curve: Curve, start: float | None = None) -> None:
    """Put our smallest file at the peer's PSNR, the ratio and the goal into the row."""
    ours = curve.smallest(row["mean_db"], start=start)
    row["ours"] = asdict(ours) if ours else None
    row["ratio"] = ours.bytes / row["bytes"] if ours else None
    row["goal"] = goal


def found_before(path: Path | None) -> dict[str, float]:
    """Peer: our quality in an earlier report of this tool; {} without one."""
    rows = json.loads(path.read_text())["rows"] if path else []
    return {row["peer"]: row["ours"]["quality"] for row in rows if row.get("ours")}


def format_table(rows: list[dict], n_gaussians: int) -> str:
    """The rows as a Markdown table."""
    lines = [
        "| peer | bytes | B/G | PSNR dB | our bytes | PSNR dB | q | ratio | goal |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if "failed" in row:
            lines.append(f"| {row['peer']} | failed: {row['failed']} | | | | | | | |")
            continue
        size = f"{row['bytes']} | {row['bytes'] / n_gaussians:.2f} | {row['mean_db']:.2f}"
        ours, goal = row.get("ours"), row.get("goal")
        mine = f"{ours['bytes']} | {ours['mean_db']:.2f} | {ours['quality']:.2f}" if ours else "| |"
        ratio = f"{row['ratio']:.3f}" if ours else "not reached" if "ours" in row else ""
        lines.append(f"| {row['peer']} | {size} | {mine} | {ratio} | {goal or ''} |")
    return "\n".join(lines)


def parse_arguments() -> argparse.Namespace:
    """Options of the tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("scene", type=Path)
    add_view_options(parser)
    parser.add_argument("--peers", nargs="*", help="names (default: all that are installed)")
    parser.add_argument("--peers-only", action="store_true", help="do not run our codec")
    parser.add_argument("--effort", type=int, default=5)
    parser.add_argument("--cameras", action="store_true",
                        help="give our encoder all cameras of --views, as splatenc --cameras does")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for a peer's step")
    parser.add_argument("--cache", type=Path, default=Path.home() / ".cache" / "nfx")
    parser.add_argument("--start", type=Path, metavar="OLD.json",
                        help="an earlier report, whose qualities are tried before any search")
    parser.add_argument("--json", type=Path)
    return parser.parse_args()


def main() -> None:
    """Measure one scene, print the table, write the JSON."""
    args = parse_arguments()
    splats = read_ply(args.scene)
    views = choose_views(splats, args.views, args.count, args.width, args.seed)
    compare = Comparison(splats, views.cameras)
    cameras = read_cameras(args.views) if args.cameras else None
    curve = Curve(our_encoder(splats, compare, args.effort, cameras))
    rows, before = [], found_before(args.start)
    for peer in choose_peers(args.peers).values():
        row = cached_peer_row(peer, args.scene, views, compare, args.cache, args.timeout)
        if not args.peers_only and "failed" not in row:
            goal = peer.goal if args.effort > 1 else EFFORT_1_GOALS.get(peer.name)
            add_ours(row, goal, curve, before.get(peer.name))
        rows.append(row)
    print(f"{args.scene.name}, {splats.n_gaussians} Gaussians; {views.statement}")
    print(format_table(rows, splats.n_gaussians))
    if args.json:
        report = {
            "command": " ".join(["python -m tools.size_at_quality", *sys.argv[1:]]),
            "scene": args.scene.name, "n_gaussians": splats.n_gaussians,
            "views": views.statement, "effort": args.effort, "encoder_cameras": args.cameras,
            "rows": rows,
            "points": [asdict(point) for _, point in sorted(curve.points.items())],
        }
        args.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
