"""Nested streams: several sizes in one file, cut after a tier it is the smaller one (spec 4.2).

All tiers are trained together, every step showing the scene up to one of them, so that the
Gaussians of a tier serve all sizes from it on (the nested levels are GoDe's, the
training is ours). Then tier by tier is quantized behind what is already fixed, and the tiers above
are trained on against it.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from codec.core.params import CodingParams, SceneHeader
from codec.encoder.ancillary import ancillary_boxes
from codec.encoder.assemble import CodedTier, code_tier, fit_models, write_stream
from codec.encoder.balance import Balance, fitted
from codec.encoder.draft import Draft, scene_flags
from codec.encoder.ladder import Ladder, joined, reported_tiers, with_rows
from codec.encoder.probe import ViewError
from codec.encoder.pruning import reduce_scene
from codec.encoder.reopt import (
    FIXED,
    Reopt,
    Retrainer,
    canonical,
    quantized_scene,
    target_views,
)
from codec.encoder.search import SEARCH_EFFORT, choose_steps, view_error
from codec.encoder.sparse import (
    ITERATIONS,
    count_for,
    degree_for,
)
from codec.encoder.steps import Steps, dequantize, quantize_scene
from codec.errors import BackendError, UsageError
from codec.options import EncoderOptions
from codec.scene import Splats
from codec.wire import tables

TRAINED_SHARE = 0.7
"""Of the iterations before the first tier is fixed; the rest is shared by the tiers."""
LEAST_GROWTH = 1.2
"""Each tier has at least so many times the Gaussians of the one before."""
SIZE_DRIFT = 0.008
"""Share of a tier's room kept for what its training does to its size."""
BITS, BITS_PER_DECADE = 62.0, 20.0
"""What a Gaussian costs up to 2 bits for each of the input's, and how that rises from there on:
what `sparse` settles on for separate files of plush, south-building, fern and desk."""


class TierError(ViewError):
    """Error of renders of a tier behind fixed Gaussians: of the tiers before it."""

    def __init__(self, splats: Splats, like: ViewError, fixed: list[Splats]) -> None:
        self._fixed = fixed
        super().__init__(splats, like.cameras, like.threads, like.backdrops)

    def against(self, splats: Splats) -> TierError:
        return TierError(splats, self, self._fixed)

    def _render(self, splats: Splats, camera):
        return super()._render(joined([*self._fixed, splats]), camera)


def encode_nested(splats: Splats, options: EncoderOptions, seen, default_views, progress,
                  report: dict) -> bytes:
    """A stream whose first options.ladder[k] bytes are a scene of that size.

    seen: (cameras, photos folder) or None each. Raises UsageError, SceneError and BackendError.
    """
    cameras, photos = seen
    from codec.optimize.loop import interruptible

    error, views = view_error(splats, cameras, options, report)
    if error is None:
        if options.effort >= SEARCH_EFFORT:
            raise BackendError("sizes nearer than 4 times each other are planned by rendering, "
                               "which needs numba and scipy: pip install 'nfx[render]'")
        raise UsageError("sizes nearer than 4 times each other are planned by rendering: that "
                         "needs effort 3 or more")
    ladder = make_ladder(options, splats.n_gaussians, splats.sh_degree)
    scene = _start(splats, ladder, options, views, progress)
    targets = target_views(splats, views.cameras, photos, options.threads)
    steps = ITERATIONS.get(options.effort, 0) * len(ladder.counts)
    plan = Reopt(steps, scene.sh_degree, options.seed, options.threads, options.time_budget)
    with interruptible() as stop:
        trainer = Retrainer(targets, plan, splats.antialiased, progress, stop)
        if steps:
            scene = trainer.nested(scene, ladder, TRAINED_SHARE)
        tiers = _coded_tiers(scene, ladder, options, default_views, error, trainer, progress)
    if steps:
        report["trained"] = targets.facts(photos) | {
            "iterations": trainer.iterations, "planned_iterations": steps,
            "interrupted": stop.is_set()}
    header = SceneHeader(ladder.counts[-1], scene.sh_degree, scene_flags(splats),
                         n_tiers=len(tiers))
    data = write_stream(tables.PROFILE_LOSSY, header, tiers, ancillary_boxes(scene, default_views))
    return _reported(data, splats, ladder, options, error, report)


def make_ladder(options: EncoderOptions, n_gaussians: int, sh_degree: int) -> Ladder:
    """How many Gaussians each size pays for. Raises UsageError for sizes too close together."""
    counts = [count_for(size, bits_for(size, n_gaussians), n_gaussians)
              for size in options.ladder]
    for i, (a, b) in enumerate(zip(counts[:-1], counts[1:], strict=True)):
        if b < LEAST_GROWTH * a:
            raise UsageError(
                f"the sizes {options.ladder[i]} and {options.ladder[i + 1]} are too close for this "
                "scene; each should be at least 1.5 times the one before, and below the size "
                "that holds all Gaussians")
    degrees = [degree_for(size, sh_degree) for size in options.ladder]
    if options.sh_degree is not None:
        degrees = [sh_degree] * len(degrees)
    return Ladder(tuple(counts), tuple(degrees))


def bits_for(size: int, n_gaussians: int) -> float:
    """Bits a Gaussian where `size` bytes stand for a scene of so many: finer the more it shows."""
    share = 8 * size / max(n_gaussians, 1)
    return BITS + BITS_PER_DECADE * max(0.0, float(np.log10(share / 2)))


def _start(splats: Splats, ladder: Ladder, options: EncoderOptions, views, progress) -> Splats:
    """Each tier starts as the input pruned to its own number of Gaussians."""
    parts = []
    for k in range(len(ladder.counts)):
        rows = ladder.rows(k)
        progress("pruning", k / len(ladder.counts), f"tier {k + 1}")
        parts.append(reduce_scene(
            splats, rows.stop - rows.start, options.prune_strategy, cameras=views.cameras,
            seed=options.seed + k, threads=options.threads))
    return joined(parts).with_sh_degree(ladder.degrees[-1])


def _coded_tiers(scene: Splats, ladder: Ladder, options: EncoderOptions, default_views, error,
                 trainer: Retrainer, progress) -> list[CodedTier]:
    """Tier by tier: steps, then its Gaussians fixed in portions while the others train on."""
    tiers: list[CodedTier] = []
    spent = _size_before(scene, ladder, default_views)
    last = len(ladder.counts) - 1
    for k, size in enumerate(options.ladder):
        room = size - spent - (tables.END_SIZE if k == last else 0)
        aim = round((1 - SIZE_DRIFT) * room) if trainer.plan.iterations else room
        draft = _draft(scene, ladder, k, options, aim)
        steps = _tier_steps(draft, _behind(scene, ladder, k, error), trainer, progress)
        params = quantize_scene(draft.prepared, steps).params
        scene = _fixed_in_portions(scene, ladder, k, (steps, params), trainer)
        draft, shrink = _draft(scene, ladder, k, options, room), ladder.shrinks[k]
        tier, decoded = _coded(draft, steps, params, shrink)
        if tier.size > room:  # training made it larger than SIZE_DRIFT foresees
            steps = fitted(steps, draft, draft.options.target_size, progress)
            tier, decoded = _coded(draft, steps, None, shrink)
        spent += tier.size
        tiers.append(tier)
        scene = with_rows(scene, decoded, ladder.rows(k).start)
    return tiers


def _fixed_in_portions(scene: Splats, ladder: Ladder, k: int, coding, trainer: Retrainer) -> Splats:
    """Incremental quantization of a tier (see `Retrainer.incremental`), its rows shuffled.

    coding: (steps, parameters to keep).
    """
    if not trainer.plan.iterations:
        return scene
    steps, params = coding
    rows = ladder.rows(k)
    n, start = rows.stop - rows.start, rows.start
    order = np.random.default_rng(trainer.plan.seed).permutation(n)
    scene = with_rows(scene, canonical(_tier(scene, ladder, k)).take(order), start)
    share = (1 - TRAINED_SHARE) / (len(ladder.counts) * len(FIXED))
    for part in FIXED:
        fixed = quantized_scene(_tier(scene, ladder, k), steps, params)
        end = max(int(part * n), 1)
        scene = with_rows(scene, fixed.take(np.arange(end)), start)
        scene = trainer.nested(scene, ladder, share, frozen=start + end)
    return scene


def _size_before(scene: Splats, ladder: Ladder, default_views) -> int:
    """Bytes of the stream before the first tier."""
    header = SceneHeader(ladder.counts[-1], scene.sh_degree)
    boxes = ancillary_boxes(scene, default_views)
    head = len(header.write()) + tables.BOX_OVERHEAD
    return tables.FILE_HEADER_SIZE + head + sum(box.size for box in boxes)


def _draft(scene: Splats, ladder: Ladder, k: int, options: EncoderOptions, size: int) -> Draft:
    """Tier `k` as a scene of its own, whose boxes may have `size` bytes."""
    part = _tier(scene, ladder, k)
    head = len(SceneHeader(part.n_gaussians, part.sh_degree).write()) + tables.BOX_OVERHEAD
    around = tables.FILE_HEADER_SIZE + head + tables.END_SIZE
    return Draft(part, replace(options, target_size=max(size, 1) + around, ladder=()))


def _tier(scene: Splats, ladder: Ladder, k: int) -> Splats:
    rows = ladder.rows(k)
    part = scene.take(np.arange(rows.start, rows.stop))
    rest = part.shN.copy()
    rest[:, (ladder.degrees[k] + 1) ** 2 - 1 :] = 0
    return replace(part, shN=rest, comments=())


def _behind(scene: Splats, ladder: Ladder, k: int, error: ViewError) -> TierError:
    """Error of tier `k` behind the tiers before it."""
    fixed = []
    if k:
        fixed = [ladder.upto(scene, k).take(np.arange(ladder.counts[k - 1]))]
    return TierError(_tier(scene, ladder, k), error, fixed)


def _tier_steps(draft: Draft, error: TierError, trainer: Retrainer, progress) -> Steps:
    options = draft.options
    steps = choose_steps(draft.splats, draft.prepared, options, error, draft.build, progress)
    balance = Balance(draft, error.psnr, lambda: trainer.interrupted)
    steps = balance.run(steps, options.target_size, progress)
    return fitted(steps, draft, options.target_size, progress)


def _coded(draft: Draft, steps: Steps, params: CodingParams | None,
           shrink: int) -> tuple[CodedTier, Splats]:
    """The tier's boxes, and its Gaussians as they decode without later tiers."""
    quantized = quantize_scene(draft.prepared, steps, params)

    def models(q, parts):
        return replace(fit_models(q, parts), shrink=shrink)

    options = draft.options
    tier = code_tier(quantized, tile_size=options.tile_size, threads=options.threads,
                     models=models)
    return tier, dequantize(quantized, draft.splats)


def _reported(data: bytes, splats: Splats, ladder: Ladder, options: EncoderOptions,
              error: ViewError, report: dict) -> bytes:
    """`data`, once every tier is found to end in time. Raises SceneError."""
    report["tiers"] = reported_tiers(data, options.ladder, error)
    report["dropped"]["beyond what the sizes pay for"] = splats.n_gaussians - ladder.counts[-1]
    if ladder.degrees[-1] < splats.sh_degree:
        report["sh_degree_from"] = splats.sh_degree
    report.update(n_out=ladder.counts[-1], psnr=report["tiers"][-1]["psnr"])
    return data
