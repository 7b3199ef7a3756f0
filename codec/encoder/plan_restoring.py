"""What restoring is asked for, before anything is encoded. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codec.errors import BackendError
from codec.options import EncoderOptions
from codec.wire.restorer import RestorerParams, write_restorer
from codec.wire.tables import BOX_OVERHEAD

FIRST_EFFORT, ADAPT_EFFORT = 3, 5
SPARSE_BITS = 64
"""Targets below this many bits for each Gaussian of the input are where restoring pays."""
MAP_SHARE, LEAST_MAP_BYTES = 0.05, 96
"""Of a stream, what the maps of --adapt may take."""
SMALL_SHARE, SMALL_MAP_BYTES = 0.08, 400
"""The same below 8 kB for the packaged restorer: at 1/4000 of four scenes it brought LPIPS from
.6607 to .6572 of the plain renders' (tools.restored_rd)."""
MOST_MAP_BYTES = 1200
"""For the packaged restorer, which gains little from more."""
MAP_TIME = 0.25
"""Of a time budget, what training maps may take; the rest is the scene's."""


@dataclass(frozen=True, slots=True)
class RestoringPlan:
    """What to try on a finished stream.

    settings: REST for the weights found here.   required: signal it even where it does not help.
    reserve: bytes of a target size kept for the boxes.   adapts: maps are trained.
    insists: what is missing is an error, not a reason to do without.
    """

    settings: RestorerParams
    required: bool
    reserve: int
    adapts: bool
    insists: bool

    def coding_options(self, options: EncoderOptions) -> EncoderOptions:
        """The options to encode with: target size and time less what boxes and maps need."""
        if self.adapts:
            options = replace(options, time_budget=(1 - MAP_TIME) * options.time_budget)
        if options.target_size is None or not self.reserve:
            return options
        return replace(options, target_size=max(options.target_size - self.reserve, 1))


def map_budget(kind: str, n_bytes: int) -> int:
    """Bytes that the maps for a kind of restorer may take in a stream of n_bytes."""
    budget = max(round(MAP_SHARE * n_bytes), LEAST_MAP_BYTES)
    if kind != "small":
        return budget
    return min(max(budget, min(round(SMALL_SHARE * n_bytes), SMALL_MAP_BYTES)), MOST_MAP_BYTES)


def plan_restoring(options: EncoderOptions, n_gaussians: int) -> RestoringPlan | None:
    """What the options ask for; None when nothing will be signalled. Imports no torch.

    Raises BackendError when a restorer that is asked for lacks something; "auto" then is "off".
    """
    insists = options.insists_on_restoring
    if options.restore == "off" and not insists or options.mode != "lossy":
        return None
    if not n_gaussians or (not insists and options.effort < FIRST_EFFORT):
        return None
    kind = "small" if options.restore in ("auto", "on", "off") else options.restore
    settings = _settings(kind, options, not insists)
    if settings is None:
        return None
    target = options.target_size
    sparse = bool(target) and 8 * target < SPARSE_BITS * n_gaussians
    pays = sparse and kind == "small" and MAP_SHARE * target >= LEAST_MAP_BYTES
    adapts = options.adapt == "gfix" or (
        options.adapt == "auto" and pays and options.effort >= ADAPT_EFFORT)
    reserve = len(write_restorer(settings)) + BOX_OVERHEAD if sparse or insists else 0
    if adapts and target:
        reserve += map_budget(kind, target) + BOX_OVERHEAD
    required = options.restore not in ("auto", "off")
    return RestoringPlan(settings, required, reserve, adapts, insists)


def _settings(kind: str, options: EncoderOptions, auto: bool) -> RestorerParams | None:
    """REST for the weights found; None for "auto" when something is missing."""
    from codec.restore.catalogue import settings_for
    from codec.restore.registry import check_packages
    from codec.restore.weights import WeightStore

    try:
        check_packages(kind)
        return settings_for(kind, WeightStore(options.weights), options.seed)
    except BackendError:
        if auto:
            return None
        raise
