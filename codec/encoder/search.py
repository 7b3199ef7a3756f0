"""Choosing steps: analytic at low effort, from effort 3 on by rendering."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from codec.encoder.plan import delta_for, steps_from, target_db
from codec.encoder.prepare import Prepared
from codec.encoder.steps import Steps, Weights
from codec.errors import BackendError, SceneError, UsageError
from codec.options import EncoderOptions
from codec.scene import Camera, Splats

NEAR_LOSSLESS_DELTA = 2.0**-9
SEARCH_EFFORT = 3
# Octaves around the plan at which each field is measured; between them, lines in log scale.
OCTAVES = (2.0, 1.0, 0.0, -1.0, -2.0)
FLAT = Weights(0, 0)
CANDIDATE_WEIGHTS = {
    "position": (Weights(8, 0), FLAT, Weights(16, 0)),
    "scale": (Weights(8, 0), FLAT, Weights(16, 0)),
    "rotation": (Weights(8, 12), Weights(12, 12), Weights(16, 6)),
    "dc": (Weights(12, 10), Weights(16, 12), Weights(16, 2)),
    "sh": (Weights(8, 8), Weights(4, 4), Weights(16, 12), Weights(16, 4)),
}
N_VIEWS, VIEW_WIDTH = 5, 400
PLANNED_VIEWS, PLANNED_WIDTH = 96, 480


def choose_steps(splats: Splats, prepared: Prepared, options: EncoderOptions,
                 error, build: Callable[[Steps], bytes], progress) -> Steps:
    """Steps for a scene: one knob, quality points, turned to meet a target where asked.

    error: a probe.ViewError, or None when nothing is rendered.
    """
    if options.mode == "near-lossless":
        return near_lossless_steps(prepared)
    def family(quality: float) -> Steps:
        return steps_from(prepared, delta_for(quality))

    if error is not None and options.effort >= SEARCH_EFFORT:
        centre = _central_quality(options, family, build, progress)
        plain, family = family, searched_family(splats, prepared, options, centre, error, progress)
        if options.target_size is not None:
            return _better_at_size((family, plain), build, error, options.target_size, progress)
    if options.target_size is not None:
        return family(fit_size(family, build, options.target_size, progress))
    if options.target_psnr is not None and prepared.n:
        return family(fit_psnr(family, build, error, options.target_psnr, progress))
    return family(options.quality)


def _better_at_size(families, build, error, target: int, progress) -> Steps:
    """Of the families, each fitted to the size, the steps whose decoded renders are closest."""
    from codec.decoder.decode import decode

    best = None
    for family in families:
        steps = family(fit_size(family, build, target, progress))
        data = build(steps)
        score = error.psnr(decode(data)) if len(data) <= target else -len(data)
        if best is None or score > best[0]:
            best = (score, steps)
    return best[1]


def _central_quality(options: EncoderOptions, family, build, progress) -> float:
    """Where to measure: near the quality that the result will have."""
    if options.target_psnr is not None:
        return 2 * (options.target_psnr - 10)
    if options.target_size is not None:
        return fit_size(family, build, options.target_size, progress, tolerance=0.1)
    return options.quality


def near_lossless_steps(prepared: Prepared) -> Steps:
    """Flat, fine steps with stated bounds (README): no field follows another's value."""
    delta = NEAR_LOSSLESS_DELTA
    return replace(
        steps_from(prepared, delta), position_weights=FLAT, scale_weights=FLAT,
        rotation_weights=FLAT, dc_weights=FLAT, sh_weights=FLAT, dead_zone=0.5, rotation_cap=7.9,
        rotation=delta,
    )


def view_error(splats, cameras, options: EncoderOptions, report: dict):
    """(Renders to compare with, the views to work with), or two None.

    None at low effort, and (noted in the report) without a renderer.
    """
    needed = options.effort >= SEARCH_EFFORT or options.target_psnr is not None
    if not needed or options.mode != "lossy" or not splats.n_gaussians:
        return None, None
    from codec.encoder.probe import ViewError

    try:
        views = encoder_views(splats, cameras, options)
        chosen = search_views(views.cameras)
        error = ViewError(splats, chosen, options.threads)
        if views.given and not error.sees:
            chosen = search_views(_that_show(splats, views.cameras, options.threads))
            error = ViewError(splats, chosen, options.threads)
    except BackendError as exc:
        if options.target_psnr is not None:
            raise
        report["note"] = f"steps by the analytic plan, no renderer: {exc}"
        return None, None
    if not error.sees:
        if options.target_psnr is not None or options.ladder:
            raise SceneError("no view shows anything of the scene, so that there is nothing to "
                             "compare: use --quality")
        report["note"] = "steps by the analytic plan: no view shows anything of the scene"
        return None, None
    source = "the given cameras" if views.given else "planned views"
    report["views"] = f"{len(chosen)} of {len(views.cameras)} {source}"
    return error, views


def _that_show(splats: Splats, cameras: list[Camera], threads: int) -> list[Camera]:
    """The cameras whose images are not empty. Raises SceneError when all are."""
    from codec.encoder.probe import ViewError

    showing = [camera for camera in cameras
               if ViewError(splats, [camera.resized(min(camera.width, 96))], threads).sees]
    if not showing:
        raise SceneError("the cameras see nothing of the scene: they must be in its own frame and "
                         "unit")
    return showing


@dataclass(frozen=True, slots=True)
class EncoderViews:
    """The cameras that an encode renders from, made once.   given: by the user, not planned."""

    cameras: list[Camera]
    given: bool


def encoder_views(splats: Splats, cameras: list[Camera] | EncoderViews | None,
                  options) -> EncoderViews:
    """The given cameras, or planned ones; views made before as they are.

    Raises BackendError without a renderer.
    """
    if isinstance(cameras, EncoderViews):
        return cameras
    if cameras:
        return EncoderViews(cameras, True)
    from codec.encoder.planned_views import plan_views
    from codec.encoder.sparse import FIRST_EFFORT, is_sparse

    size = (PLANNED_VIEWS, PLANNED_WIDTH, PLANNED_WIDTH * 3 // 4)
    target = options.ladder[0] if options.ladder else options.target_size
    trains = options.effort >= FIRST_EFFORT and is_sparse(splats.n_gaussians, target)
    return EncoderViews(plan_views(splats, *size, options.seed, options.threads, trains), False)


def search_views(cameras: list[Camera]) -> list[Camera]:
    """A few small views, evenly spaced by name."""
    ordered = sorted(cameras, key=lambda camera: camera.name)
    stride = max(1, len(ordered) // N_VIEWS)
    chosen = ordered[stride // 2 :: stride][:N_VIEWS]
    return [c.resized(VIEW_WIDTH) if c.width > VIEW_WIDTH else c for c in chosen]


@dataclass(frozen=True, slots=True)
class Limits:
    """Coarsest steps by field, and fewest opacity levels."""

    coarsest: dict[str, float]
    fewest_levels: int


# Beyond these a few large Gaussians ruin whole views, which single-field probes do not foresee.
SAFE = Limits({"scale": 0.5, "rotation": 0.7, "dc": 2.0, "sh": 4.0}, 6)


def shifted(steps: Steps, name: str, octaves: float, limits: Limits = SAFE) -> Steps:
    """The steps with one field coarser by `octaves`, within `limits`."""
    factor = 2.0**octaves
    if name == "position":
        return replace(steps, position=steps.position - octaves)
    if name == "opacity":
        levels = int(np.clip(round(steps.opacity_levels / factor), limits.fewest_levels, 4096))
        return replace(steps, opacity_levels=levels)
    return replace(steps, **{name: min(getattr(steps, name) * factor, limits.coarsest[name])})


def searched_family(splats, prepared: Prepared, options: EncoderOptions, centre: float, error,
                    progress):
    """Steps as a function of quality, from measured rate and distortion of each field."""
    from codec.encoder.probe import FIELDS, FieldProbe

    base = steps_from(prepared, delta_for(np.clip(centre, 35, 100)))
    probe = FieldProbe(splats, prepared, base, error)
    names = [n for n in FIELDS if n != "sh" or prepared.rest.shape[1]]
    curves = {}
    for i, name in enumerate(names):
        progress("measuring", i / len(names), name)
        if options.effort >= 5 and name in CANDIDATE_WEIGHTS:
            base = _best_weights(probe, base, name)
        curves[name] = [(o, probe.measure(name, shifted(base, name, o))) for o in OCTAVES]
    return lambda quality: _combine(base, curves, 10 ** (-target_db(quality) / 10))


def _best_weights(probe, base: Steps, name: str) -> Steps:
    """The weights with the least distortion at equal rate: bits + 3N/2 log2(mse) per field."""
    slope = 0.5 * (1.0 if name == "opacity" else 3.0) * probe._p.n
    if name == "sh":
        low, high = (probe.measure(name, shifted(base, name, o)).bits for o in (0.5, -0.5))
        slope = 0.5 * max(high - low, 1.0)
    best = None
    for weights in CANDIDATE_WEIGHTS[name]:
        steps = replace(base, **{f"{name}_weights": weights})
        measured = probe.measure(name, steps)
        cost = measured.bits + slope * np.log2(measured.mse)
        if best is None or cost < best[0]:
            best = (cost, steps)
    return best[1]


def _combine(base: Steps, curves: dict, target_mse: float) -> Steps:
    """Least total bits with the sum of field distortions at `target_mse` (equal slopes)."""
    grid = np.arange(-3.0, 3.01, 0.05)
    tables = {name: _interpolate(points, grid) for name, points in curves.items()}
    low, high = -20.0, 60.0  # log2 of lambda
    for _ in range(50):
        middle = (low + high) / 2
        picks = {n: int(np.argmin(b + 2.0**middle * d)) for n, (b, d) in tables.items()}
        total = sum(tables[n][1][k] for n, k in picks.items())
        low, high = (low, middle) if total <= target_mse else (middle, high)
    steps = base
    for name, k in picks.items():
        steps = shifted(steps, name, float(grid[k]))
    return steps


def _interpolate(points, grid):
    """Bits and distortion on the octave grid; beyond the ends, the ends' slopes."""
    x = np.array([octave for octave, _ in points][::-1])
    bits = np.array([m.bits for _, m in points][::-1])
    log_d = np.log2([m.mse for _, m in points][::-1])
    log_d = np.maximum.accumulate(log_d)
    out = [np.interp(grid, x, values) for values in (bits, log_d)]
    for values, known in zip(out, (bits, log_d), strict=True):
        left, right = known[1] - known[0], known[-1] - known[-2]
        values[grid < x[0]] += left * (grid[grid < x[0]] - x[0])
        values[grid > x[-1]] += right * (grid[grid > x[-1]] - x[-1])
    return np.maximum(out[0], 0), np.exp2(np.maximum.accumulate(out[1]))


def fit_size(family, build, target: int, progress, tolerance: float = 0.005) -> float:
    """The best quality whose stream is not larger than `target` bytes, within 1 % when it can.

    The logarithm of the size is nearly a line in quality: secants inside a bracket.
    """
    low, high, best, aim = 1.0, 110.0, 1.0, np.log((1 - tolerance / 2) * target)
    quality, slope, last = 50.0, 0.025, None
    for i in range(16):
        size = len(build(family(quality)))
        progress("fitting size", i / 16, f"{size} bytes")
        if size > target:
            high = quality
        else:
            low = best = quality
            if size > (1 - tolerance) * target or quality == 110:
                break
        excess = np.log(size) - aim
        if last is not None and quality != last[0]:
            slope = max((excess - last[1]) / (quality - last[0]), 0.002)
        last, step = (quality, excess), excess / slope
        quality = _inside(quality - step, low, high, i)
    return best


def _inside(quality: float, low: float, high: float, i: int) -> float:
    """The secant's quality; the bracket's middle where that leaves it or a jump holds it up."""
    return quality if low < quality < high and i < 5 else (low + high) / 2


def fit_psnr(family, build, error, target: float, progress) -> float:
    """The lowest quality whose decoded renders reach `target` dB."""
    from codec.decoder.decode import decode

    low, high, best = 1.0, 110.0, None
    for i in range(10):
        middle = (low + high) / 2
        reached = error.psnr(decode(build(family(middle))))
        progress("fitting PSNR", i / 10, f"{reached:.2f} dB")
        if reached < target:
            low = middle
            continue
        high = best = middle
        if reached < target + 0.05:
            break
    if best is None:
        raise UsageError(f"{target} dB cannot be reached; use --near-lossless or --lossless")
    return best
