"""What restoring brings at low rates: each file's views plain, restored, and restored with maps.

    python -m tools.restored_rd SCENE.ply --views CAMERAS --photos DIR --weights DIR
        [--ratios 4000,2000,1000,200] [--told renders] [--streams DIR] [--json OUT.json]
        [--plain-from tools/results/rd_report/points.csv]

Each size, a share of the .ply's bytes, is encoded from the views that are not held out, and its
restorer chosen and adapted by the encoder's own code at its defaults; the decoder's views from
every held-out camera (every 8th by name) are compared with the photos. Bytes are those that a file
without the boxes would have: `plain` counts neither REST nor MLRA, `restored` not MLRA. `--told`
says what the encoder gets beside those cameras: nothing, so that the input's renders are its
targets, or their photos (`splatenc --images`). Streams before restoring are kept in `--streams`.
LPIPS (alex) is in the restorer's loss, LPIPS (squeeze) is not. `--plain-from` adds the plain points
of tools.rd_report to the curves that BD-rates and bytes at equal LPIPS are drawn from. BD-rates are
given from an overlap of a fifth on, beside the overlap: restoring moves the curve so far that few
qualities are common. Restored pixels are generated, not decoded.
"""

from __future__ import annotations

import csv
import json
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

import codec
from codec.encoder.backdrop import BLACK
from codec.encoder.plan_restoring import plan_restoring
from codec.encoder.reopt import photo_views
from codec.encoder.restoring import Pictures, restored_images, signal_restorer, take_pictures
from codec.optimize.photos import split_views, with_photos
from codec.restore.registry import build
from codec.restore.weights import WeightStore
from codec.wire.tables import BOX_OVERHEAD
from tools.bdrate import bd_rate, rising_front
from tools.eval_restorer import Judge
from tools.held_out import WIDTH, backdrop_of, photo_folder, scene_parser

CASES = ("plain", "restored", "adapted")
METRICS = ("lpips_alex", "lpips_squeeze")
LEAST_OVERLAP = 0.2


@dataclass(frozen=True, slots=True)
class Task:
    """A scene file, cameras the encoder sees and those held out, photos, and options.

    told: folder of photos that the encoder gets, or None.
    """

    path: Path
    splats: codec.Splats
    seen: list
    held: list
    photos: Path
    told: Path | None
    options: codec.EncoderOptions
    streams: Path | None

    @classmethod
    def read(cls, args) -> Task:
        cameras = [c.resized(WIDTH) if c.width > WIDTH else c
                   for c in codec.read_cameras(args.views)]
        photos = photo_folder(args.photos)
        seen, held = split_views(with_photos(photos, cameras))
        options = codec.EncoderOptions(effort=args.effort, restore="auto", threads=args.threads,
                                       weights=str(args.weights))
        return cls(args.scene, codec.read_ply(args.scene), seen, held, photos,
                   photos if args.told == "photos" else None, options, args.streams)

    def at(self, ratio: int) -> codec.EncoderOptions:
        """Options for 1 / ratio of the file."""
        return replace(self.options, target_size=self.path.stat().st_size // ratio)


def base_stream(task: Task, options, plan) -> bytes:
    """The stream before restoring, from the folder of streams where it is there."""
    coding = replace(plan.coding_options(options), restore="off")
    name = f"{task.path.stem}.{'photos' if task.told else 'renders'}.{coding.target_size}.nfx"
    kept = task.streams and task.streams / name
    if kept and kept.exists():
        return kept.read_bytes()
    data = codec.encode(task.splats, coding, cameras=task.seen, photos=task.told)
    if kept:
        kept.parent.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(data)
    return data


def restored_file(task: Task, options) -> tuple[bytes, bytes, dict]:
    """(the stream before restoring, the file, what the encoder reports of its restorer)."""
    plan, report = plan_restoring(options, task.splats.n_gaussians), {}
    if plan is None:
        raise SystemExit("no restorer here: its weights or packages are missing")
    data = base_stream(task, options, plan)
    whole = signal_restorer(data, plan, task.splats, options, (task.seen, task.told),
                            lambda *_: None, report)
    return data, whole, report["restorer"]


def cases_of(data: bytes, whole: bytes, pictures: Pictures, weights: Path) -> dict:
    """{case: (bytes, images)}; one that a file does not signal shows what a decoder shows."""
    from codec.core.mlra import write_maps
    from codec.decoder.restorer import read_signalled

    found, store = read_signalled(whole), WeightStore(weights)
    out = {"plain": (len(data), pictures.rgb)}
    maps = found.maps if found else ()
    size = len(write_maps(list(maps))) + BOX_OVERHEAD if maps else 0
    images = restored_images(build(found.params, (), store), pictures) if found else pictures.rgb
    out["restored"] = (len(whole) - size, images)
    if maps:
        images = restored_images(build(found.params, maps, store), pictures)
    return out | {"adapted": (len(whole), images)}


def rows(task: Task, ratio: int, judge: Judge) -> list[dict]:
    """The three cases at one size."""
    started, options = time.perf_counter(), task.at(ratio)
    data, whole, facts = restored_file(task, options)
    seconds = time.perf_counter() - started
    pictures = take_pictures(data, task.splats, task.held, task.photos, BLACK, options.threads)
    truth, out = np.stack(photo_views(task.held, task.photos).images) / np.float32(255), []
    behind = np.array(backdrop_of(task.splats, task.seen, task.photos), np.float32)
    behind = (1 - np.stack(pictures.alpha)[..., None]) * behind
    for case, (n_bytes, images) in cases_of(data, whole, pictures, options.weights).items():
        shown = np.clip(np.stack(images) + behind, 0, 1)
        out.append({"scene": task.path.stem, "ratio": ratio, "case": case, "bytes": n_bytes,
                    "target_size": options.target_size, "views": len(truth)}
                   | {k: round(v, 5) for k, v in judge.scores(truth, shown).items()})
    out[-1] |= {"encoder": facts, "seconds_with_restoring": round(seconds, 1)}
    return out


def curves(found: list[dict], more: list[dict] = ()) -> dict:
    """One scene's rows against its plain curve, by case and metric: BD-rate, bytes at equal LPIPS.

    more: further plain points. Percent is None where `why` says; a share of bytes is None where no
    plain point, not the finest either, looks as near.
    """
    out = {}
    for case in CASES[1:]:
        for metric in METRICS:
            plain = [(r["bytes"], r[metric]) for r in found if r["case"] == "plain"]
            plain += [(r["bytes"], r[metric]) for r in more]
            test = [(r["bytes"], r[metric]) for r in found if r["case"] == case]
            result = bd_rate(plain, test, False, LEAST_OVERLAP)
            out[f"{case}, {metric}"] = {
                "percent": result.percent, "overlap": result.overlap, "why": result.why,
                "share_of_bytes_at_equal": share_of_bytes(plain, test)}
    return out


def share_of_bytes(plain, test) -> list[float | None]:
    """Bytes of each test point, by rising bytes, over those that plain needs for its distance."""
    front = rising_front(plain, higher_is_better=False)
    sizes, quality = np.log([b for b, _ in front]), [q for _, q in front]
    return [float(n / np.exp(np.interp(-d, quality, sizes))) if -d <= quality[-1] else None
            for n, d in sorted(test)]


def plain_points(path: Path) -> list[dict]:
    """This codec's lossy points of a report: scene, bytes and metrics."""
    with path.open(newline="") as file:
        return [{"scene": row["scene"], "bytes": int(row["bytes"])}
                | {metric: float(row[metric]) for metric in METRICS}
                for row in csv.DictReader(file) if row["codec"] == "nfx"]


def line(found: list[dict]) -> str:
    """One size's figures: ratios of LPIPS over plain and changes of PSNR."""
    plain, parts = found[0], []
    for r in found[1:]:
        parts.append(f"{r['case']} alex {r['lpips_alex'] / plain['lpips_alex']:.3f} squeeze "
                     f"{r['lpips_squeeze'] / plain['lpips_squeeze']:.3f} PSNR "
                     f"{r['psnr'] - plain['psnr']:+.2f}")
    return (f"{plain['scene']} 1/{plain['ratio']}: {found[-1]['bytes']} of "
            f"{plain['target_size']} bytes; {'; '.join(parts)}")


def summary(found: list[dict]) -> dict:
    """Mean ratios and changes by case: each ratio, and all."""
    by = {(r["scene"], r["ratio"], r["case"]): r for r in found}
    out = {}
    for case in CASES[1:]:
        for ratio in [*sorted({r["ratio"] for r in found}), "all"]:
            pairs = [(by[s, k, "plain"], r) for (s, k, c), r in by.items()
                     if c == case and ratio in (k, "all")]
            out[f"{case}, {ratio}"] = {
                "scenes": len({p["scene"] for p, _ in pairs}),
                "lpips_alex": float(np.mean([r["lpips_alex"] / p["lpips_alex"]
                                             for p, r in pairs])),
                "lpips_squeeze": float(np.mean([r["lpips_squeeze"] / p["lpips_squeeze"]
                                                for p, r in pairs])),
                "psnr": float(np.mean([r["psnr"] - p["psnr"] for p, r in pairs]))}
    return out


def merged(path: Path, new: list[dict], command: str, more: list[dict] = ()) -> None:
    """Put rows into the JSON file, in the place of those of the same scene and ratio."""
    old = json.loads(path.read_text("utf-8"))["rows"] if path.exists() else []
    fresh = {(r["scene"], r["ratio"]) for r in new}
    found = [r for r in old if (r["scene"], r["ratio"]) not in fresh] + new
    found.sort(key=lambda r: (r["scene"], -r["ratio"], CASES.index(r["case"])))
    scenes = sorted({r["scene"] for r in found})
    out = {"command": command, "mean_over_plain": summary(found),
           "over_plain_curve": {s: curves([r for r in found if r["scene"] == s],
                                          [r for r in more if r["scene"] == s]) for s in scenes},
           "rows": found}
    path.write_text(json.dumps(out, indent=1, default=float) + "\n", "utf-8")


def main(argv: list[str] | None = None) -> int:
    parser = scene_parser(__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True,
                        help="folder with LPIPS weights (tools.metrics.weights)")
    parser.add_argument("--ratios", default="4000,2000,1000,200",
                        type=lambda text: [int(part) for part in text.split(",")])
    parser.add_argument("--told", choices=("renders", "photos"), default="renders")
    parser.add_argument("--effort", type=int, default=codec.EncoderOptions().effort)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--streams", type=Path)
    parser.add_argument("--plain-from", type=Path)
    args = parser.parse_args(argv)
    task, judge = Task.read(args), Judge.load(args.weights)
    more = plain_points(args.plain_from) if args.plain_from else []
    command = ("python -m tools.restored_rd SCENE.ply --views CAMERAS --photos DIR --weights DIR "
               f"--told {args.told} --effort {args.effort}")
    if args.plain_from:
        command += f" --plain-from {args.plain_from}"
    for ratio in args.ratios:
        found = rows(task, ratio, judge)
        print(line(found), flush=True)
        if args.json:
            merged(args.json, found, command, more)
    return 0


if __name__ == "__main__":
    sys.exit(main())
