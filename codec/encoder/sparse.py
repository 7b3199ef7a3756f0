"""Low target sizes: how many Gaussians, how they are trained, and at which steps they are coded.

A size can be spent on more Gaussians or on finer ones. Both errors are measured, that of the
trained scene against its targets and that of its quantization, and the count is moved until they
stand in the relation that is best where errors fall with the count and the bits as they do here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from codec.encoder.ancillary import ancillary_boxes
from codec.encoder.balance import Balance, fitted, shifted_all
from codec.encoder.draft import Draft
from codec.encoder.plan import steps_from
from codec.encoder.pruning import reduce_scene
from codec.encoder.reopt import Reopt, Retrainer, TargetViews, target_views
from codec.encoder.search import choose_steps
from codec.encoder.steps import Steps
from codec.errors import SceneError, UsageError
from codec.options import EncoderOptions
from codec.scene import Splats

FIRST_EFFORT = 4
ITERATIONS = {4: 600, 5: 4500, 6: 9000, 7: 18000, 8: 36000, 9: 72000}
SPARSE_BITS = 64.0
"""A target below this many bits for each Gaussian of the input calls for fewer Gaussians."""
FIRST_BITS = 64.0
"""What a Gaussian costs where the count is first chosen."""
UNTRAINED_BITS = (40.0, 64.0, 100.0)
"""Where nothing is trained, these are tried."""
FEWEST, COARSEST = 16, 4.0
"""Gaussians of the smallest stream, and octaves that its steps are coarser than a rough plan's."""
SH_DEGREES = ((30_000, 0), (250_000, 1), (1_000_000, 2))
"""Highest SH degree by target bytes; above the last: the input's own."""
HEADERS = (500, 800)
"""Bytes of a stream that do not grow with the count: of the smallest, and of larger ones."""
LANDING = 0.01
"""Share of a target size that a file may stay below it."""
FILLING_ROUNDS = 8
"""Counts tried at most where no step is fine enough to fill a target."""
SIZE_DRIFT = 0.003
"""Share of a target kept for what training with quantized Gaussians does to the size."""
GAP = 9.0
"""dB that the quantization should be better than the training: see `better_count`."""
DB_PER_DOUBLING = 3.3
"""What twice the Gaussians bring to a trained scene (plush 2.9, fern 4.3)."""


def is_sparse(n_gaussians: int, target_size: int | None) -> bool:
    """Whether a target is so low that Gaussians must go."""
    return target_size is not None and 8 * target_size < SPARSE_BITS * n_gaussians


def count_for(target_size: int, bits: float, most: int) -> int:
    """Gaussians that a size pays for at `bits` each."""
    headers = np.clip(target_size / 2, *HEADERS)
    return int(np.clip(8 * max(target_size - headers, 64) / bits, min(FEWEST, most), most))


def degree_for(target_size: int, sh_degree: int) -> int:
    """SH degree worth its bits at a target."""
    for size, degree in SH_DEGREES:
        if target_size <= size:
            return min(degree, sh_degree)
    return sh_degree


@dataclass(slots=True)
class Kept:
    """What a training leaves for another encode of the same scene to nearly the same size.

    splats, steps: before anything is fixed.   iterations: run so far.
    """

    splats: Splats | None = None
    steps: Steps | None = None
    targets: TargetViews | None = None
    iterations: int = 0


def encode_sparse(draft: Draft, error, views, photos, progress, report,
                  kept: Kept | None = None) -> Steps:
    """Replace the draft's scene by one that the target size pays for; returns its steps.

    error, views: of `search.view_error`, None without a renderer.
    kept: filled by a training; where it is filled already, only the last part is done again.
    """
    before, options = draft.splats, draft.options
    _check_room(draft)
    if error is None:
        steps = _planned(draft, progress)
    elif options.effort < FIRST_EFFORT:
        steps = _best_untrained(draft, error, views, progress)
    elif before.extra:
        raise UsageError("at this size the scene is trained and gets Gaussians of its own, which "
                         "have no extra properties: leave --keep-extra out, or use effort 3")
    else:
        from codec.optimize.loop import interruptible

        with interruptible() as stop:
            steps = _trained(draft, error, views, photos, (progress, stop), report,
                             kept or Kept())
        report["trained"]["interrupted"] = stop.is_set()
    fewer = before.n_gaussians - draft.splats.n_gaussians
    report["dropped"]["beyond what the target size pays for"] = fewer
    if draft.splats.sh_degree < before.sh_degree:
        report["sh_degree_from"] = before.sh_degree
    return steps


def _check_room(draft: Draft) -> None:
    """Raise SceneError where not even the fewest Gaussians fit at very coarse steps."""
    splats, options = draft.splats, draft.options
    few = Draft(splats.take(np.arange(min(FEWEST, splats.n_gaussians))).with_sh_degree(
        _degree(splats, options)), options, draft.views)
    least = len(few.build(shifted_all(steps_from(few.prepared, 1.0), COARSEST)))
    if least > options.target_size:
        raise SceneError(f"cannot reach {options.target_size} bytes: {few.splats.n_gaussians} "
                         f"Gaussians take {least}", code="size")


def _degree(splats: Splats, options: EncoderOptions) -> int:
    """SH degree worth its bits, where the user chose none."""
    if options.sh_degree is not None:
        return splats.sh_degree
    return degree_for(options.target_size, splats.sh_degree)


def _planned(draft: Draft, progress) -> Steps:
    """Steps by the plan, and as many Gaussians as they leave room for."""
    before, options = draft.splats, draft.options
    count = _count(draft, before, FIRST_BITS)
    for _ in range(FILLING_ROUNDS):
        draft.splats = _thinned(draft, before, count, None)
        steps = choose_steps(draft.splats, draft.prepared, options, None, draft.build, progress)
        fuller = _fuller(draft, steps, before.n_gaussians)
        if fuller == count:
            break
        count = fuller
    return steps


def _fuller(draft: Draft, steps: Steps, most: int) -> int:
    """How many Gaussians fill a target that the draft's, at their finest, leave a part of."""
    target, count = draft.options.target_size, draft.splats.n_gaussians
    size = len(draft.build(steps))
    if size >= (1 - LANDING) * target:
        return count
    return min(most, max(count + 1, count * target // size))


def _count(draft: Draft, splats: Splats, bits: float) -> int:
    """Gaussians of `splats`, the draft's at first, that the target pays for at `bits` each."""
    others = sum(box.size for box in ancillary_boxes(splats, draft.views))
    return count_for(draft.options.target_size - others, bits, splats.n_gaussians)


def _thinned(draft: Draft, splats: Splats, count: int, views) -> Splats:
    """`count` of `splats`, the draft's at first, with the SH degree that the target pays for."""
    options = draft.options
    name = options.prune_strategy if views is not None else "footprint"
    cameras = views.cameras if views is not None else None
    degree = _degree(splats, options)
    # Colours fitted again without the SH that goes bring .8 dB, after training nothing.
    fit = degree if options.effort < FIRST_EFFORT else None
    return reduce_scene(splats, count, name, cameras=cameras, seed=options.seed,
                        threads=options.threads, sh_degree=fit).with_sh_degree(degree)


def _chosen(draft: Draft, error, progress, stopped=bool) -> tuple[Steps, Balance]:
    """Steps of the draft's scene as it stands, by probes and then by trial, and its trials."""
    own = error.against(draft.splats)
    steps = choose_steps(draft.splats, draft.prepared, draft.options, own, draft.build, progress)
    balance = Balance(draft, own.psnr, stopped)
    return balance.run(steps, draft.options.target_size, progress), balance


def _best_untrained(draft: Draft, error, views, progress) -> Steps:
    """The count, of a few, whose decoded renders are closest to the input's."""
    before, best, tried = draft.splats, None, set()
    counts = [_count(draft, before, bits) for bits in UNTRAINED_BITS]
    while counts:
        count = counts.pop(0)
        if count in tried:
            continue
        tried.add(count)
        progress("pruning", 0.0, f"to {count} Gaussians")
        draft.splats = _thinned(draft, before, count, views)
        steps, _ = _chosen(draft, error, progress)
        steps = fitted(steps, draft, draft.options.target_size, progress)
        fits = len(draft.build(steps)) <= draft.options.target_size
        score = fits, error.psnr(draft.quantized(steps))
        if best is None or score > best[0]:
            best = (score, draft.splats, steps)
        if count == max(tried) and len(tried) < FILLING_ROUNDS:
            counts.append(_fuller(draft, steps, before.n_gaussians))
    draft.splats = best[1]
    return best[2]


def _trained(draft: Draft, error, views, photos, user, report, kept: Kept) -> Steps:
    """user: (progress, event that asks for an end with the best so far)."""
    before, options, (progress, stop) = draft.splats, draft.options, user
    again = kept.splats is not None
    if not again:
        progress("pruning", 0.0, options.prune_strategy)
        kept.targets = target_views(before, views.cameras, photos, options.threads)
    draft.splats = kept.splats if again else _thinned(
        draft, before, _count(draft, before, FIRST_BITS), views)
    plan = Reopt(ITERATIONS[options.effort], draft.splats.sh_degree, options.seed,
                 options.threads, options.time_budget)
    retrainer = Retrainer(kept.targets, plan, before.antialiased, progress, stop)
    if not again:
        kept.steps = _trained_freely(draft, error, views, retrainer, before.n_gaussians)
        kept.splats = draft.splats
    steps = _quantized(draft, error, retrainer, kept.steps, progress)
    kept.iterations += retrainer.iterations
    report["trained"] = kept.targets.facts(photos) | {
        "iterations": kept.iterations, "planned_iterations": plan.iterations}
    return steps


def _trained_freely(draft: Draft, error, views, retrainer: Retrainer, most: int) -> Steps:
    """Train the draft, of at most `most` Gaussians, before any is fixed; steps balanced for it."""
    options, progress, stop = draft.options, retrainer.progress, retrainer.stop
    draft.splats = retrainer.free(draft.splats, 0)
    steps, balance = _chosen(draft, error, progress, stop.is_set)
    count = draft.splats.n_gaussians
    if not retrainer.interrupted:
        count = better_count(balance, retrainer, steps, most)
        if count < draft.splats.n_gaussians:
            draft.splats = reduce_scene(
                draft.splats, count, options.prune_strategy, cameras=views.cameras,
                seed=options.seed, threads=options.threads)
    draft.splats = retrainer.free(draft.splats, 1, count)
    balance = Balance(draft, error.against(draft.splats).psnr, stop.is_set)
    return balance.run(steps, options.target_size, progress, octaves=0.5)


def _quantized(draft: Draft, error, retrainer: Retrainer, steps: Steps, progress) -> Steps:
    """Steps for the draft at its target, trained with where that helps and still fits."""
    target = draft.options.target_size
    plain = fitted(steps, draft, target, progress)
    before, score = draft.splats, error.psnr(draft.quantized(plain))
    steps = fitted(steps, draft, round((1 - SIZE_DRIFT) * target), progress)
    draft.splats, draft.like = retrainer.incremental(before, steps)
    if len(draft.build(steps)) <= target and error.psnr(draft.quantized(steps)) > score:
        return steps
    draft.splats, draft.like = before, None
    return plain


def better_count(balance: Balance, retrainer: Retrainer, steps: Steps, most: int) -> int:
    """How many Gaussians to go on with.   balance: trials of the scene as it stands.

    With D_t falling as n^-a and D_q as 2^(-2 b / 13) at b bits and some 13 numbers a Gaussian,
    their sum at a fixed n b is least where D_q / D_t is about 9.4 a / b: some GAP dB apart.
    """
    splats, now = balance.draft.splats, balance.trial(steps)
    per_byte, trained = balance.worth_of_size(now), retrainer.psnr(splats)

    def gap(ratio: float) -> float:
        finer = per_byte * now.size * (1 / ratio - 1)
        return now.psnr + finer - (trained + DB_PER_DOUBLING * np.log2(ratio))

    low, high = 0.4, 2.0
    for _ in range(30):
        middle = np.sqrt(low * high)
        low, high = (middle, high) if gap(middle) > GAP else (low, middle)
    return int(np.clip(round(splats.n_gaussians * low), min(FEWEST, most), most))
