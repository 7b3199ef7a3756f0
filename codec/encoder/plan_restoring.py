"""What restoring is asked for, before anything is encoded. No torch here."""

from __future__ import annotations

from dataclasses import dataclass, replace

from codec.errors import BackendError
from codec.options import EncoderOptions
from codec.wire.restorer import RestorerParams, write_restorer
from codec.wire.tables import BOX_OVERHEAD

FIRST_EFFORT = 3
SPARSE_BITS = 64
"""Targets below this many bits for each Gaussian of the input are where restoring pays."""
MAP_SHARE = 0.05
"""Of a target size, what the maps of --adapt may take."""


@dataclass(frozen=True, slots=True)
class RestoringPlan:
    """What to try on a finished stream.

    settings: REST for the weights found here.   required: signal it even where it does not help.
    reserve: bytes of a target size kept for the boxes.
    """

    settings: RestorerParams
    required: bool
    reserve: int

    def coding_options(self, options: EncoderOptions) -> EncoderOptions:
        """The options to encode with: a target size less what the boxes need."""
        if options.target_size is None or not self.reserve:
            return options
        return replace(options, target_size=max(options.target_size - self.reserve, 1))


def plan_restoring(options: EncoderOptions, n_gaussians: int) -> RestoringPlan | None:
    """What the options ask for; None when nothing will be signalled. Imports no torch.

    Raises BackendError when a restorer that is asked for lacks something; "auto" then is "off".
    """
    auto = options.restore == "auto" and not options.adapt
    if options.restore == "off" and not options.adapt or options.mode != "lossy":
        return None
    if not n_gaussians or (auto and options.effort < FIRST_EFFORT):
        return None
    kind = "small" if options.restore in ("auto", "on", "off") else options.restore
    settings = _settings(kind, options, auto)
    if settings is None:
        return None
    sparse = bool(options.target_size) and 8 * options.target_size < SPARSE_BITS * n_gaussians
    reserve = len(write_restorer(settings)) + BOX_OVERHEAD if sparse or not auto else 0
    if options.adapt and options.target_size:
        reserve += round(MAP_SHARE * options.target_size)
    return RestoringPlan(settings, options.restore not in ("auto", "off"), reserve)


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
