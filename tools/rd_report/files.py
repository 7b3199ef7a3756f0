"""results.csv in the columns of the 3DGS.zip survey, and the published points it collects."""

from __future__ import annotations

import csv
import math
from pathlib import Path

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
