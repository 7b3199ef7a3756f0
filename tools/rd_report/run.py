"""The work of a report: points of (scene, codec), cached one by one, serial or on Ray.

A job is a small picklable object with `run()`. Whatever the place it runs in, `run_jobs` yields
(job, result or None, error line); a failing job never stops the others.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import io
import json
import math
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from codec.cli.viewer import viewer_scene, write_viewer
from codec.io.atomic import atomic_write
from codec.io.ply import read_ply
from codec.options import DecoderLimits
from tools.ladder import ROOT, Codec, code, find_codecs, source_hash
from tools.measure import render_rgb
from tools.metrics import Suite, load_suite
from tools.metrics.image import to_8_bits
from tools.peers import PeerError
from tools.rd_report.scenes import Scene, SceneSpec, file_hash, load_scene

CROP = 160
"""Pixels of the square crops in the strips."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What all jobs of a report share. cache: folder; timeout: seconds of one command."""

    cache: Path
    metrics: tuple[str, ...] | None = None
    weights: Path | None = None
    download: bool = False
    timeout: float = 600

    def suite(self) -> Suite:
        return _suite(self.metrics, self.weights, self.download)


@functools.lru_cache(maxsize=2)
def _suite(metrics, weights, download) -> Suite:
    return load_suite(list(metrics) if metrics else None, weights, download)


@functools.lru_cache(maxsize=1)
def _codecs() -> dict[str, Codec]:
    return find_codecs()[0]


def say(text: str) -> None:
    """A line of progress."""
    print(text, file=sys.stderr, flush=True)


def _cached(path: Path) -> dict | None:
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return None


def _store(path: Path, content: dict) -> dict:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, json.dumps(content, indent=1).encode(), overwrite=True)
    return content


def _key(*parts) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class CurveJob:
    """All points of one codec on one scene. values: the knob's, None = the codec's own ladder."""

    spec: SceneSpec
    codec: str
    settings: Settings
    values: tuple[float, ...] | None = None

    @property
    def title(self) -> str:
        return f"{self.spec.name} {self.codec}"

    def run(self) -> dict:
        """{"points": [...], "failed": [...], "scene": {...}}."""
        scene, codec = load_scene(self.spec), _codecs()[self.codec]
        points, failed = [], []
        for value in codec.ladder(scene.splats.n_gaussians, self.values):
            try:
                points.append(measure_point(scene, codec, value, self.settings))
            except PeerError as problem:
                failed.append({"rate": codec.label(value), "why": str(problem)})
                say(f"  {self.title} {codec.label(value)}: failed, {problem}")
        return {"points": points, "failed": failed, "scene": describe(scene)}


def describe(scene: Scene) -> dict:
    """What a report says of a scene."""
    return {
        "name": scene.spec.name, "sha256": scene.hash, "bytes": scene.spec.ply.stat().st_size,
        "n_gaussians": scene.splats.n_gaussians, "sh_degree": scene.splats.sh_degree,
        "statement": scene.statement, "reference": "photos" if scene.spec.photos else "original",
    }


def point_key(scene: Scene, codec: Codec, value: float, suite: Suite) -> str:
    """Differs when scene, views, codec version, options, rate or metrics do."""
    peer = codec.peer
    pruning = source_hash("tools/significance.py") if codec.knob == "keep" else ""
    options = (peer.encode[1:], peer.decode[1:], codec.knob, value, codec.sh_degree, codec.score)
    return _key(scene.hash, scene.identity, codec.name, codec.version, options, pruning,
                suite.identity())


def measure_point(scene: Scene, codec: Codec, value: float, settings: Settings) -> dict:
    """One rate-distortion point, from the cache where it is known. Raises PeerError."""
    suite = settings.suite()
    folder = settings.cache / scene.hash
    key = point_key(scene, codec, value, suite)
    entry = folder / f"{codec.name}-{key}.json"
    point = _cached(entry)
    if point is None:
        started = time.perf_counter()
        point = _store(entry, _new_point(scene, codec, value, settings, suite))
        took = f", {time.perf_counter() - started:.0f} s"
    else:
        took = ", cached"
    say(f"  {scene.spec.name} {codec.name} {point['rate']}: {point['bytes']} bytes, "
        f"{point['metrics'].get('psnr', math.nan):.2f} dB{took}")
    return point


def _new_point(scene: Scene, codec: Codec, value: float, settings: Settings, suite: Suite) -> dict:
    folder = settings.cache / scene.hash
    material = scene.material(folder / "work")
    with tempfile.TemporaryDirectory(prefix="rd-", dir=folder) as name:
        coded = code(codec, value, material, Path(name), settings.timeout)
        metrics = _measured(scene, coded.decoded, suite, folder)
    point = {"codec": codec.name, "version": codec.version, "rate": codec.label(value),
             "value": value, **asdict(coded), "metrics": metrics}
    del point["decoded"]
    return point


def _measured(scene: Scene, decoded: Path, suite: Suite, folder: Path) -> dict[str, float]:
    """The metrics of a decoded file; equal files (lossless codecs) are measured once."""
    key = _key(file_hash(decoded), scene.identity, suite.identity())
    entry = folder / f"measured-{key}.json"
    return _cached(entry) or _store(entry, scene.measure(read_ply(decoded), suite))


# -- Strips at equal bytes ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StripJob:
    """One crop: a codec's image of one test view at about `budget` bytes.

    known: (value, bytes) of the codec's points, from which the knob is interpolated.
    """

    spec: SceneSpec
    codec: str
    settings: Settings
    budget: int
    known: tuple[tuple[float, int], ...]

    @property
    def title(self) -> str:
        return f"{self.spec.name} {self.codec} crop at {self.budget} bytes"

    def run(self) -> dict:
        """{"codec", "bytes", "rate", "image"}: image a JPEG in base64."""
        scene, codec = load_scene(self.spec), _codecs()[self.codec]
        value = value_at(self.known, self.budget, codec.knob)
        folder = self.settings.cache / scene.hash
        key = point_key(scene, codec, value, self.settings.suite())
        entry = folder / f"strip-{codec.name}-{key}.json"
        page = entry.with_suffix(".html") if codec.ours else None
        known = _cached(entry)
        if known and (page is None or page.exists()):
            return known
        with tempfile.TemporaryDirectory(prefix="rd-", dir=folder) as name:
            coded = code(codec, value, scene.material(folder / "work"), Path(name),
                         self.settings.timeout)
            view = render_rgb(read_ply(coded.decoded), [scene.test[strip_view(scene)]],
                              scene.backdrop)[0]
            if page:
                write_pair(page, self.spec.ply, Path(name) / f"coded{codec.peer.suffix}")
        return _store(entry, {"codec": codec.name, "bytes": coded.bytes, "viewer": str(page or ""),
                              "rate": codec.label(value), "image": crop_jpeg(scene, view)})


def write_pair(page: Path, original: Path, coded: Path) -> None:
    """The viewer page of a scene and its NFX file, side by side."""
    limits = DecoderLimits()
    scenes = [viewer_scene(path, limits) for path in (original, coded)]
    write_viewer(page, scenes, overwrite=True)


def value_at(known: tuple[tuple[float, int], ...], budget: int, knob: str) -> float:
    """The knob's value for `budget` bytes, between known points, log over log for shares.

    A ratio is only taken from the known points: the next lower in bytes.
    """
    ordered = sorted(known, key=lambda item: item[1])
    if knob != "keep":
        fitting = [value for value, size in ordered if size <= budget]
        return fitting[-1] if fitting else ordered[0][0]
    sizes, values = (np.log([item[i] for item in ordered]) for i in (1, 0))
    wanted = math.log(budget)
    if wanted < sizes[0]:  # fewer Gaussians than the ladder's least: in proportion
        return float(max(math.exp(values[0] + wanted - sizes[0]), 1e-4))
    return float(round(math.exp(np.interp(wanted, sizes, values)), 5))


def strip_view(scene: Scene) -> int:
    """Number of the test view that strips show."""
    return len(scene.test) // 2


def strip_corner(scene: Scene) -> tuple[int, int]:
    """(Row, column) of the crop with the most detail in the reference."""
    image = scene.references[strip_view(scene)].mean(-1)
    energy = np.abs(np.diff(image, axis=0))[:, :-1] + np.abs(np.diff(image, axis=1))[:-1]
    sums = np.pad(energy.cumsum(0).cumsum(1), ((1, 0), (1, 0)))
    side = min(CROP, *energy.shape)
    area = sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side]
    row, column = np.unravel_index(int(area.argmax()), area.shape)
    return int(row), int(column)


def crop_jpeg(scene: Scene, view: NDArray) -> str:
    """The strip's crop of a view as a JPEG in base64."""
    from PIL import Image

    row, column = strip_corner(scene)
    pixels = to_8_bits(view[row : row + CROP, column : column + CROP])
    out = io.BytesIO()
    Image.fromarray(np.round(pixels * 255).astype(np.uint8)).save(out, "JPEG", quality=92)
    return base64.b64encode(out.getvalue()).decode()


@dataclass(frozen=True, slots=True)
class ReferenceJob:
    """The crops strips begin with: the reference, and the original scene's render."""

    spec: SceneSpec
    settings: Settings

    @property
    def title(self) -> str:
        return f"{self.spec.name} reference crops"

    def run(self) -> dict:
        scene = load_scene(self.spec)
        view = strip_view(scene)
        crops = {"original": crop_jpeg(scene, scene.originals[view])}
        if scene.spec.photos:
            crops = {"photo": crop_jpeg(scene, scene.references[view])} | crops
        return {"view": scene.test[view].name, "crops": crops}


# -- Where jobs run -------------------------------------------------------------------------------


def _attempt(job) -> tuple[dict | None, str]:
    """(Result, "") or (None, what went wrong); the only place that catches everything.

    One thread for torch: on images of this size a second one loses more than it brings as soon as
    the cores are shared (13 views, all metrics: 8 s instead of 37 s).
    """
    import torch

    torch.set_num_threads(1)
    try:
        return job.run(), ""
    except Exception as problem:  # noqa: BLE001 - one broken scene must not lose the others
        return None, f"{type(problem).__name__}: {problem}"


def run_jobs(jobs: list, workers: int = 1, ray_address: str | None = None) -> Iterator[tuple]:
    """(job, result or None, error line) of each job, as they finish.

    workers > 1 or an address: on Ray, local or the cluster there (which must see the same files).
    """
    on_ray = ray_address is not None or workers > 1
    results = _on_ray(jobs, workers, ray_address) if on_ray else ((j, *_attempt(j)) for j in jobs)
    for count, (job, result, error) in enumerate(results, 1):
        say(f"[{count}/{len(jobs)}] {job.title}" + (f": FAILED, {error}" if error else ""))
        yield job, result, error


def _on_ray(jobs: list, workers: int, address: str | None) -> Iterator[tuple]:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_worker_niceness", "0")  # the caller's own niceness is enough
    import ray

    paths = [str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    runtime = {"env_vars": {"PYTHONPATH": os.pathsep.join(paths)}}
    if address:
        ray.init(address=address, runtime_env=runtime, log_to_driver=True)
    else:
        ray.init("local", num_cpus=workers, include_dashboard=False, runtime_env=runtime,
                 object_store_memory=200 << 20)
    try:
        attempt = ray.remote(num_cpus=1, max_retries=1)(_attempt)
        waiting = {attempt.remote(job): job for job in jobs}
        while waiting:
            (done,), _ = ray.wait(list(waiting), num_returns=1)
            job = waiting.pop(done)
            try:
                yield job, *ray.get(done)
            except ray.exceptions.RayError as problem:
                yield job, None, f"{type(problem).__name__}: {str(problem).splitlines()[0]}"
    finally:
        ray.shutdown()


def curve_jobs(specs: list[SceneSpec], codecs: list[str], settings: Settings,
               rates: dict[str, tuple[float, ...]]) -> list[CurveJob]:
    """One job for each scene and codec. rates: values by codec name or knob."""
    known = _codecs()
    return [CurveJob(spec, name, settings, rates.get(name, rates.get(known[name].knob)))
            for spec in specs for name in codecs]


def strip_jobs(curves: dict[tuple[str, str], list[dict]], specs: list[SceneSpec],
               settings: Settings, share: float) -> list[StripJob]:
    """Crops of all codecs at the bytes of our own point `share` of the way up our ladder."""
    jobs = []
    for spec in specs:
        ours = curves.get((spec.name, "nfx"))
        if not ours:
            continue
        ordered = sorted(ours, key=lambda point: point["bytes"])
        budget = ordered[round(share * (len(ordered) - 1))]["bytes"]
        for (scene, codec), points in curves.items():
            known = tuple((p["value"], p["bytes"]) for p in points)
            if scene == spec.name and _codecs()[codec].knob and known:
                jobs.append(StripJob(spec, codec, settings, budget, known))
    return jobs
