"""Encoding: clean, choose, quantize, assemble (the story; decisions live in the other modules)."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from time import monotonic

import numpy as np

from codec.encoder.ancillary import check_views, storable_extra
from codec.encoder.bounds import bound_values
from codec.encoder.draft import Draft
from codec.encoder.search import SEARCH_EFFORT
from codec.errors import BackendError, SceneError, UsageError
from codec.io.clean import clean
from codec.options import EncoderOptions
from codec.scene import Camera, Splats

Progress = Callable[[str, float, str], None]
_DEFAULT = EncoderOptions()


def encode(splats: Splats, options: EncoderOptions = _DEFAULT, *,
           cameras: list[Camera] | None = None, photos: Path | None = None,
           default_views: list[Camera] | None = None, progress: Progress | None = None,
           report: dict | None = None) -> bytes:
    """Encode a scene to an NFX stream.

    splats: the scene; it is not changed.   options: see EncoderOptions.
    cameras: views that count (pruning, step search, training); planned ones when None.
    photos: folder with an image of each camera, to train towards instead of the scene's renders;
    needs cameras. Photos lie and are named as `Camera.image` says, or `Camera.name` where that is
    empty; another extension of images will do.
    default_views: views carried in the file.
    progress(stage, fraction, note): called as the work goes on, fraction in 0..1.
    report: filled with what was decided and lost.
    Deterministic: same splats, options and cameras give the same bytes, whatever the threads.
    Raises SceneError, UsageError, or BackendError where a renderer, restorer or image library that
    the options cannot do without is missing.
    """
    if photos and not cameras:
        raise UsageError("photos need the cameras that took them")
    progress = progress or (lambda stage, fraction, note: None)
    report = {} if report is None else report
    if photos:
        from codec.optimize.photos import with_photos

        cameras = with_photos(photos, cameras)
    cameras = _that_see(splats, cameras, report)
    report.update(n_in=splats.n_gaussians, dropped={}, changed={}, mode=options.mode)
    check_views(default_views)
    splats = _with_extra(splats, options, report)
    if not cameras and options.mode == "lossy" and options.effort >= SEARCH_EFFORT:
        progress("planning views", 0.0, "")  # before any other stage, and it takes its time
    if options.ladder:
        data = _encode_tiers(splats, options, (cameras, photos), default_views, progress, report)
    elif options.mode == "lossless":
        data = _encode_lossless(splats, options, default_views, progress)
    else:
        splats = _trim(splats, options, cameras, report)
        data = _encode_and_restore(splats, options, (cameras, photos), default_views, progress,
                                   report)
    n_out = report.setdefault("n_out", splats.n_gaussians)
    report.update(bytes=len(data), bits_per_gaussian=8 * len(data) / max(n_out, 1))
    progress("done", 1.0, f"{len(data)} bytes")
    return data


def _that_see(splats: Splats, cameras: list[Camera] | None, report) -> list[Camera] | None:
    """The cameras before which some of the scene lies. Raises SceneError when there is none."""
    from codec.rendering.views import sees

    if not cameras:
        return cameras
    means = splats.means[np.isfinite(splats.means).all(axis=1)]
    if not len(means):
        return cameras
    seeing = [camera for camera in cameras if sees(camera, means)]
    if not seeing:
        raise SceneError("the cameras see nothing of the scene: they must be in its own frame and "
                         "unit")
    if len(seeing) < len(cameras):
        report["cameras_blind"] = len(cameras) - len(seeing)
    return seeing


def _with_extra(splats: Splats, options: EncoderOptions, report) -> Splats:
    """`splats` with its extra properties as streams hold them, or without."""
    if options.keep_extra:
        return storable_extra(splats)
    if splats.extra:
        report["extra_dropped"] = sorted(splats.extra)
    return replace(splats, extra={})


def _encode_tiers(splats, options, seen, default_views, progress, report) -> bytes:
    from codec.encoder.nested import encode_nested
    from codec.encoder.whole_tiers import encode_whole_tiers, is_wide

    splats = _trim(splats, options, seen[0], report)
    if is_wide(options.ladder):
        return encode_whole_tiers(splats, options, seen, default_views, _encode_lossy, progress,
                                  report)
    return encode_nested(splats, options, seen, default_views, progress, report)


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


def _encode_and_restore(splats: Splats, options, seen, default_views, progress, report,
                        kept=None) -> bytes:
    """The stream, with a restorer signalled where the options ask for one and it helps.

    kept: of an earlier training of the scene, see `sparse.Kept`.
    """
    from codec.encoder.plan_restoring import plan_restoring
    from codec.encoder.sparse import Kept

    kept = kept or Kept()
    plan = plan_restoring(options, splats.n_gaussians)
    if plan is not None:
        seen = _planned_once(splats, options, seen)
    started = monotonic()
    coding = plan.coding_options(options) if plan else options
    try:
        data = _encode_lossy(splats, coding, seen, default_views, progress, report, kept)
    except SceneError as exc:
        if exc.code != "size" or plan is None or coding == options:
            raise
        if plan.insists:
            raise SceneError(
                f"cannot reach {options.target_size} bytes, {plan.reserve} of them for the "
                "restorer: give more, or leave --restore and --adapt out", code="size") from exc
        plan = None  # room for a restorer that nobody insists on must not fail a target
        data = _encode_lossy(splats, options, seen, default_views, progress, report)
    if plan is None or report.get("trained", {}).get("interrupted"):
        return data
    from codec.encoder.restoring import signal_restorer

    try:
        whole = signal_restorer(data, plan, splats, options, seen, progress, report)
    except KeyboardInterrupt:
        report["restorer"] = {"kind": plan.settings.kind_name, "signalled": False,
                              "reason": "interrupted"}
        return data
    facts = report["restorer"]
    if coding == options or facts.get("map_bytes") or not _is_short(whole, options, report):
        return whole
    # Room was kept for a restorer or maps that turned out not to help: splats take it.
    rest = replace(options, adapt="off")
    if not facts["signalled"]:
        rest = replace(rest, restore="off")
    if rest == options:
        return whole
    if options.time_budget:  # 0 would be none; a stage that is out of time takes one step
        left = options.time_budget - (monotonic() - started)
        rest = replace(rest, time_budget=max(left, 1e-3))
    return _better(whole, report, lambda facts: _encode_and_restore(
        splats, rest, seen, default_views, progress, facts, kept))


def _planned_once(splats: Splats, options, seen):
    """`seen` with planned views in the place of no cameras, where several steps will want them."""
    from codec.encoder.search import encoder_views

    cameras, photos = seen
    if options.effort < SEARCH_EFFORT and options.target_psnr is None:
        return seen
    try:
        return encoder_views(splats, cameras, options), photos
    except BackendError:
        return seen  # who needs them says what is missing


def _better(whole: bytes, report: dict, encode_again) -> bytes:
    """`whole`, or what another encode to the full size gives where it comes to its end."""
    facts = deepcopy(report)
    try:
        again = encode_again(facts)
    except (KeyboardInterrupt, MemoryError, SceneError):
        return whole
    if facts.get("trained", {}).get("interrupted"):
        return whole
    report.clear()
    report.update(facts)
    return again


def _is_short(data: bytes, options: EncoderOptions, report: dict) -> bool:
    """Whether a target size is missed from below, and nobody asked for an end."""
    from codec.encoder.sparse import LANDING

    stopped = report.get("trained", {}).get("interrupted", False)
    target = options.target_size
    return target is not None and len(data) < (1 - LANDING) * target and not stopped


def _encode_lossy(splats: Splats, options, seen, default_views, progress, report,
                  kept=None) -> bytes:
    from codec.encoder.search import choose_steps, view_error
    from codec.encoder.sparse import encode_sparse, is_sparse

    cameras, photos = seen
    error, views = view_error(splats, cameras, options, report)
    if options.prune and is_sparse(splats.n_gaussians, options.target_size):
        draft = Draft(splats, options, default_views)
        steps = encode_sparse(draft, error, views, photos, progress, report, kept)
    else:
        quality = _pruning_quality(splats, options, default_views, progress)
        draft = Draft(_prune(splats, options, views, quality, report), options, default_views)
        probe_error = error
        if draft.splats is not splats and error is not None:
            probe_error = error.against(draft.splats)  # steps apart from what pruning did
        steps = choose_steps(draft.splats, draft.prepared, options, probe_error, draft.build,
                             progress)
    data = draft.build(steps)
    report["n_out"] = draft.splats.n_gaussians
    if error is not None:
        from codec.decoder.decode import decode

        report["psnr"] = error.psnr(decode(data))
    if options.target_size is not None and len(data) > options.target_size:
        raise SceneError(
            f"cannot reach {options.target_size} bytes: the smallest stream has {len(data)}; "
            "lower --sh-degree or --max-gaussians", code="size"
        )
    return data


def _prunes(splats: Splats, options: EncoderOptions) -> bool:
    return options.prune and options.mode == "lossy" and splats.n_gaussians > 0


def _pruning_quality(splats: Splats, options: EncoderOptions, default_views, progress) -> float:
    """The quality that the result will have, or 60 where a target size pays for less."""
    from codec.encoder.plan import delta_for, steps_from
    from codec.encoder.search import fit_size

    if options.target_psnr is not None:
        return 2 * (options.target_psnr - 10)
    if options.target_size is None:
        return options.quality
    if not _prunes(splats, options):
        return 60.0
    draft = Draft(splats, options, default_views)
    fitting = fit_size(lambda q: steps_from(draft.prepared, delta_for(q)), draft.build,
                       options.target_size, progress, tolerance=0.1)
    return max(60.0, fitting)


def _prune(splats: Splats, options: EncoderOptions, views, quality: float, report) -> Splats:
    """Drop what is too faint to be seen at this quality."""
    from codec.encoder.prune import prune_by_views, prune_plain

    if not _prunes(splats, options):
        return splats
    if views is not None and options.effort >= 3:
        kept = prune_by_views(splats, views.cameras, views.given, quality, options.threads)
    else:
        kept = prune_plain(splats, quality)
    if kept.n_gaussians < splats.n_gaussians:
        report["dropped"]["too faint for this quality"] = splats.n_gaussians - kept.n_gaussians
    return kept


def _encode_lossless(splats: Splats, options: EncoderOptions, default_views, progress) -> bytes:
    from codec.encoder.lossless import encode_lossless

    if options.sh_degree is not None or options.max_gaussians is not None:
        raise UsageError("lossless keeps everything: leave out the SH degree and max_gaussians")
    progress("coding", 0.1, "lossless")
    return encode_lossless(splats, options, default_views)
