"""The report's tables and JSON, and the published points drawn beside them.

results.csv has the columns of the 3DGS.zip survey, points.csv every number of every point,
results.json everything but the images, summary.json what is worth keeping in a repository.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

from codec.io.atomic import atomic_write
from tools.rd_report.summary import plain

COLUMNS = ("Method", "Submethod", "PSNR", "SSIM", "LPIPS", "Size [Bytes]", "#Gaussians",
           "Data Source", "Comment")
LPIPS_PREFERENCE = ("lpips_vgg", "lpips_alex", "lpips_squeeze")
"""The survey's LPIPS is mostly vgg; which one a row holds stands in its comment."""
PUBLISHED = Path(__file__).resolve().parents[1] / "published.csv"


def _number(value: float | None, digits: int) -> str:
    if value is None or math.isnan(value):
        return ""
    return "inf" if math.isinf(value) else f"{value:.{digits}f}"


def survey_row(point: dict, source: str, reference: str) -> dict[str, str]:
    """One point as the survey's CSV has it."""
    metrics = point["metrics"]
    net = next((name for name in LPIPS_PREFERENCE if name in metrics), None)
    comment = [f"against {reference}", f"version {point['version']}"]
    comment += [f"LPIPS {net.removeprefix('lpips_')}"] if net else ["no LPIPS weights"]
    return {
        "Method": point["codec"], "Submethod": point["rate"],
        "PSNR": _number(metrics.get("psnr"), 4), "SSIM": _number(metrics.get("ssim"), 5),
        "LPIPS": _number(metrics.get(net) if net else None, 5),
        "Size [Bytes]": str(round(point["bytes"])), "#Gaussians": str(round(point["n_gaussians"])),
        "Data Source": source, "Comment": "; ".join(comment),
    }


def write_survey_csv(path: Path, by_codec: dict[str, list[dict]], source: str,
                     reference: str) -> None:
    """All points, codec by codec, in rising size."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        for points in by_codec.values():
            for point in sorted(points, key=lambda p: p["bytes"]):
                writer.writerow(survey_row(point, source, reference))


_NUMBERS = ("bytes", "n_gaussians", "encode_s", "decode_s", "encode_mb", "decode_mb")


def write_points_csv(path: Path, curves: dict[str, dict[str, list[dict]]],
                     metrics: list[str]) -> None:
    """Every point of every scene: rate, bytes, Gaussians, times, peak memory, metrics."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["scene", "codec", "rate", *_NUMBERS, *metrics])
        for scene, by_codec in curves.items():
            for codec, points in by_codec.items():
                for point in points:
                    numbers = [f"{point[key]:.6g}" if isinstance(point[key], float)
                               else point[key] for key in _NUMBERS]
                    scores = [_number(point["metrics"].get(name), 5) for name in metrics]
                    writer.writerow([scene, codec, point["rate"], *numbers, *scores])


def summary_of(report: dict) -> dict:
    """What was measured, how, and the BD-rates; the points themselves are in points.csv."""
    kept = ("date", "command", "machine", "reference_line", "scenes", "failures", "metrics",
            "metrics_left_out", "codecs", "codecs_left_out")
    fields = ("percent", "akima", "scenes", "of", "overlap", "cross", "suspicious")

    def rounded(value):
        return round(value, 4) if isinstance(value, float) else value

    def entry(found: dict) -> dict:
        each = {scene: rounded(e["percent"]) for scene, e in found["each"].items()}
        return {key: rounded(found[key]) for key in fields} | {"each": each}

    table = {codec: {metric: entry(found) for metric, found in by_metric.items()}
             for codec, by_metric in report["bd_rate"].items()}
    return {key: report[key] for key in kept} | {"bd_rate_of_nfx_over": table}


def without_images(report: dict) -> dict:
    """The report without crops and published points."""
    lean = {key: value for key, value in report.items() if key not in ("strips", "published")}
    lean["strips"] = {
        scene: {**{k: v for k, v in strip.items() if k != "crops"},
                "codecs": [{k: v for k, v in c.items() if k != "image"} for c in strip["codecs"]]}
        for scene, strip in report["strips"].items()}
    return lean


def write_files(folder: Path, report: dict) -> None:
    """results.json, summary.json, points.csv, results.csv and one results_SCENE.csv each."""
    for name, content in (("results", without_images(report)), ("summary", summary_of(report))):
        text = json.dumps(plain(content), indent=1, allow_nan=False, ensure_ascii=False) + "\n"
        atomic_write(folder / f"{name}.json", text.encode(), overwrite=True)
    write_points_csv(folder / "points.csv", report["curves"], report["metric_names"])
    tables = {"results": report["averages"]}
    tables |= {f"results_{scene}": curves for scene, curves in report["curves"].items()}
    for name, by_codec in tables.items():
        write_survey_csv(folder / f"{name}.csv", by_codec, "nfx tools.rd_report",
                         report["reference_line"])


def read_published(path: Path = PUBLISHED) -> dict[str, list[dict]]:
    """Published points by data set: method, bytes, metrics, source."""
    found: dict[str, list[dict]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            metrics = {name: float(row[name]) for name in ("psnr", "ssim", "lpips") if row[name]}
            found.setdefault(row["dataset"], []).append({
                "codec": row["method"], "bytes": float(row["size_mb"]) * 1e6, "rate": "",
                "metrics": metrics, "source": row["source"], "scenes": row["scenes"]})
    return found
