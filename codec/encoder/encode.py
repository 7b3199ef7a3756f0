"""Encoding: clean, choose, quantize, assemble (the story; decisions live in the other modules)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from codec.encoder.ancillary import ancillary_boxes
from codec.encoder.assemble import assemble
from codec.encoder.bounds import bound_values
from codec.encoder.prepare import Prepared, prepare
from codec.encoder.steps import quantize_scene
from codec.errors import BackendError, SceneError, UsageError
from codec.io.clean import clean
from codec.options import EncoderOptions
from codec.scene import Camera, Splats
from codec.wire.tables import SCENE_FLAG_ANTIALIASED, SCENE_FLAG_ORDER_KEPT

Progress = Callable[[str, float, str], None]
_DEFAULT = EncoderOptions()


def encode(splats: Splats, options: EncoderOptions = _DEFAULT, *,
           cameras: list[Camera] | None = None, photos: Path | None = None,
           default_views: list[Camera] | None = None, progress: Progress | None = None,
           report: dict | None = None) -> bytes:
    """Encode a scene to an NFX stream.

    cameras: views that count (pruning, step search, training); seeded ones are made when None.
    photos: folder with an image of each camera, to train towards instead of the scene's renders.
    default_views: views carried in the file.   progress(stage, fraction, note).
    report: filled with what was decided and lost.
    Deterministic: same splats, options and cameras give the same bytes, whatever the threads.
    Raises SceneError or UsageError.
    """
    progress = progress or (lambda stage, fraction, note: None)
    report = {} if report is None else report
    report.update(n_in=splats.n_gaussians, dropped={}, changed={}, mode=options.mode)
    if options.mode == "lossless":
        data = _encode_lossless(splats, options, default_views, progress)
    else:
        splats = _trim(splats, options, cameras, report)
        data = _encode_lossy(splats, options, (cameras, photos), default_views, progress, report)
    n_out = report.setdefault("n_out", splats.n_gaussians)
    report.update(bytes=len(data), bits_per_gaussian=8 * len(data) / max(n_out, 1))
    progress("done", 1.0, f"{len(data)} bytes")
    return data


def _trim(splats: Splats, options: EncoderOptions, cameras, report) -> Splats:
    """Apply the cleaning rule, the SH degree, and visibility-aware pruning."""
    splats, cleaned = clean(splats)
    report["dropped"].update(cleaned.dropped)
    report["changed"].update(cleaned.changed)
    splats, bounded = bound_values(splats)
    report["dropped"].update(bounded.dropped)
    report["changed"].update(bounded.changed)
    if options.sh_degree is not None and options.sh_degree < splats.sh_degree:
        report["sh_degree_from"] = splats.sh_degree
        splats = splats.with_sh_degree(options.sh_degree)
    if splats.extra and not options.keep_extra:
        report["extra_dropped"] = sorted(splats.extra)
        splats = replace(splats, extra={})
    if options.prune and options.mode == "lossy":
        from codec.encoder.prune import drop_invisible

        before = splats.n_gaussians
        splats = drop_invisible(splats)
        if splats.n_gaussians < before:
            report["dropped"]["no view can see it"] = before - splats.n_gaussians
    if options.max_gaussians is not None and splats.n_gaussians > options.max_gaussians:
        before = splats.n_gaussians
        splats = _limit(splats, options, cameras, report)
        report["dropped"]["over max_gaussians"] = before - splats.n_gaussians
    return splats


def _limit(splats: Splats, options: EncoderOptions, cameras, report) -> Splats:
    """At most max_gaussians: by the pruning strategy, or by footprint where nothing is rendered."""
    from codec.encoder.pruning import reduce_scene

    name = options.prune_strategy if options.effort >= 3 else "footprint"
    arguments = {"cameras": cameras, "seed": options.seed, "threads": options.threads}
    try:
        return reduce_scene(splats, options.max_gaussians, name, **arguments)
    except BackendError as exc:
        report["note"] = f"pruned by footprint, no renderer: {exc}"
        return reduce_scene(splats, options.max_gaussians, "footprint")


def _encode_lossy(splats: Splats, options, seen, default_views, progress, report) -> bytes:
    from codec.core.params import SceneHeader
    from codec.encoder.reopt import is_sparse, scaled_family
    from codec.encoder.search import choose_steps, fit_size, view_error

    cameras, photos = seen
    error, views = view_error(splats, cameras, options, report)
    original, retrainer = splats, None
    if options.prune and is_sparse(splats.n_gaussians, options.target_size):
        splats, retrainer = _thin(splats, options, views, photos, progress, report)
    else:
        splats = _prune(splats, options, views, report)
    probe_error = error
    if splats is not original and error is not None:
        probe_error = error.against(splats)  # steps are judged apart from what pruning did
    scene = _Scene(splats, prepare(splats))
    header = SceneHeader(splats.n_gaussians, splats.sh_degree, scene_flags(splats))

    def ancillary(rows):
        in_order = scene.splats.take(rows) if scene.splats.extra else scene.splats
        return ancillary_boxes(in_order, default_views)

    def build(steps) -> bytes:
        quantized = quantize_scene(scene.prepared, steps)
        return assemble(quantized, header, ancillary, tile_size=options.tile_size,
                        threads=options.threads)

    steps = choose_steps(splats, scene.prepared, options, probe_error, build, progress)
    if retrainer is not None:
        scene.splats = retrainer.quantized(splats, steps)
        scene.prepared = prepare(scene.splats)
        family = scaled_family(steps)
        steps = family(fit_size(family, build, options.target_size, progress))
    data = build(steps)
    report["n_out"] = scene.splats.n_gaussians
    if error is not None:
        from codec.decoder.decode import decode

        report["psnr"] = error.psnr(decode(data))
    if options.target_size is not None and len(data) > options.target_size:
        raise SceneError(
            f"cannot reach {options.target_size} bytes: the smallest stream has {len(data)}; "
            "lower --sh-degree or --max-gaussians"
        )
    return data


@dataclass(slots=True)
class _Scene:
    """What is being coded; training changes it after the steps are chosen."""

    splats: Splats
    prepared: Prepared


def _thin(splats: Splats, options: EncoderOptions, views, photos, progress, report):
    """(A scene of as many Gaussians as the target pays for, its trainer or None)."""
    from codec.encoder import reopt
    from codec.encoder.pruning import reduce_scene

    trained = views is not None and options.effort >= reopt.FIRST_EFFORT
    plan = reopt.plan_for(splats, options, trained)
    if options.max_gaussians is None and options.sh_degree is None:
        name = options.prune_strategy if views is not None else "footprint"
        cameras = views.cameras if views is not None else None
        before = splats
        progress("pruning", 0.0, name)
        splats = reduce_scene(splats, plan.count, name, cameras=cameras, seed=options.seed,
                              threads=options.threads)
        splats = splats.with_sh_degree(min(plan.sh_degree, splats.sh_degree))
        report["dropped"]["beyond what the target size pays for"] = (
            before.n_gaussians - splats.n_gaussians)
        if splats.sh_degree < before.sh_degree:
            report["sh_degree_from"] = before.sh_degree
    else:
        before, plan = splats, replace(plan, count=splats.n_gaussians, sh_degree=splats.sh_degree)
    if not trained:
        return splats, None
    targets = reopt.target_views(before, views.cameras, photos, options.threads)
    retrainer = reopt.Retrainer(targets, plan, splats.antialiased, progress)
    report["trained"] = {"views": len(targets), "iterations": plan.iterations,
                         "towards": "photos" if photos else "renders of the input"}
    return retrainer.free(splats), retrainer


def _prune(splats: Splats, options: EncoderOptions, views, report) -> Splats:
    """Drop what is too faint to be seen at this quality; targets count as the quality's middle."""
    from codec.encoder.prune import prune_by_views, prune_plain

    if not options.prune or options.mode != "lossy" or not splats.n_gaussians:
        return splats
    quality = options.quality
    if options.target_psnr is not None:
        quality = 2 * (options.target_psnr - 10)
    if options.target_size is not None:
        quality = 60.0
    if views is not None and options.effort >= 3:
        kept = prune_by_views(splats, views.cameras, views.given, quality, options.threads)
    else:
        kept = prune_plain(splats, quality)
    if kept.n_gaussians < splats.n_gaussians:
        report["dropped"]["too faint for this quality"] = splats.n_gaussians - kept.n_gaussians
    return kept


def scene_flags(splats: Splats, order_kept: bool = False) -> int:
    return (SCENE_FLAG_ANTIALIASED * splats.antialiased) | (SCENE_FLAG_ORDER_KEPT * order_kept)


def _encode_lossless(splats: Splats, options: EncoderOptions, default_views, progress) -> bytes:
    from codec.encoder.lossless import encode_lossless

    if options.sh_degree is not None or options.max_gaussians is not None:
        raise UsageError("lossless keeps everything: leave out the SH degree and max_gaussians")
    progress("coding", 0.1, "lossless")
    return encode_lossless(splats, options, default_views)
