"""Choosing steps: analytic at low effort, by rendering from effort 3 on."""

from __future__ import annotations

from codec.encoder.plan import delta_for, steps_from
from codec.encoder.prepare import Prepared
from codec.encoder.steps import Steps
from codec.options import EncoderOptions

NEAR_LOSSLESS_DELTA = 2.0**-9


def choose_steps(splats, prepared: Prepared, options: EncoderOptions, cameras, build, progress,
                 report: dict) -> Steps:
    delta = delta_for(options.quality)
    if options.mode == "near-lossless":
        delta = NEAR_LOSSLESS_DELTA
    return steps_from(prepared, delta)
