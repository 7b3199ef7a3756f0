"""Steps balanced by trial: one field coarser, another finer, at the same size.

The probes of `search.py` measure fields apart and around a plan. Where few Gaussians carry the
picture, errors no longer add up and the plan can be octaves off; then only whole scenes tell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from codec.encoder.draft import Draft
from codec.encoder.probe import FIELDS
from codec.encoder.search import Limits, fit_size, shifted
from codec.encoder.steps import Steps
from codec.scene import Splats

LAST_OCTAVES = 0.25
"""Of the last round's trials; halved when a round brings less than WORTH_A_ROUND."""
MOST_ROUNDS = 10
LEAST_GAIN, WORTH_A_ROUND = 0.01, 0.1
"""dB at equal size."""
WIDEST = Limits({"scale": 2.0, "rotation": 4.0, "dc": 4.0, "sh": 4.0}, 3)
"""Coarser than what probes may choose: here every choice is seen."""


SMOOTH_FIELDS = ("scale", "dc", "sh")
"""Their steps are no powers of two: sizes follow them without jumps."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Steps with the size in bytes of their stream and the PSNR in dB of its scene."""

    steps: Steps
    size: int
    psnr: float


def shifted_all(steps: Steps, octaves: float, names: Sequence[str] = FIELDS) -> Steps:
    """Every field coarser by `octaves`."""
    for name in names:
        steps = shifted(steps, name, octaves, WIDEST)
    return steps


def scaled_family(steps: Steps, names: Sequence[str] = FIELDS) -> Callable[[float], Steps]:
    """Fields coarser or finer together: quality 50 is `steps`, 12 points an octave."""
    return lambda quality: shifted_all(steps, (50 - quality) / 12, names)


def fitted(steps: Steps, draft: Draft, target: int, progress=None,
           tolerance: float = 0.005) -> Steps:
    """The steps, all moved alike, whose stream has at most `target` bytes, if any has."""
    family, progress = scaled_family(steps), progress or _silent
    steps = family(fit_size(family, draft.build, target, progress, tolerance))
    if (1 - 2 * tolerance) * target < len(draft.build(steps)) <= target:
        return steps
    family = scaled_family(steps, SMOOTH_FIELDS)
    return family(fit_size(family, draft.build, target, progress, tolerance))


def _silent(stage: str, part: float, note: str) -> None:
    """Progress that is not told."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Trials of one draft.

    psnr: of a scene in the draft's order, dB.   stopped: whether the user wants an end.
    """

    draft: Draft
    psnr: Callable[[Splats], float]
    stopped: Callable[[], bool] = bool

    def trial(self, steps: Steps) -> Trial:
        """What these steps cost and show."""
        size = len(self.draft.build(steps))
        return Trial(steps, size, self.psnr(self.draft.quantized(steps)))

    def run(self, steps: Steps, target: int, progress, octaves: float = 2.0) -> Steps:
        """Steps of (nearly) `target` bytes from which no field can move to a better picture.

        Greedy: in each round each field is tried coarser and finer by `octaves`, halved when a
        round brings little. What helps at equal size, by the size's worth measured in the same
        round, is taken together, or the best alone where together they do not help.
        """
        reached = -np.inf
        for i in range(MOST_ROUNDS):
            best = self.trial(fitted(steps, self.draft, target, tolerance=0.03))
            progress("balancing", i / MOST_ROUNDS, f"{best.psnr:.2f} dB")
            if best.psnr < reached + WORTH_A_ROUND:
                octaves /= 2
            if octaves < LAST_OCTAVES or self.stopped():
                break
            reached, steps = max(reached, best.psnr), self._round(best, octaves)
        return best.steps

    def _round(self, best: Trial, octaves: float) -> Steps:
        worth = self.worth_of_size(best)

        def gain(steps: Steps) -> float:
            other = self.trial(steps)
            return other.psnr - best.psnr - worth * (other.size - best.size)

        moves = {}
        for name in FIELDS:
            for octave in (octaves, -octaves):
                if self.stopped():
                    break
                moved = shifted(best.steps, name, octave, WIDEST)
                if moved == best.steps or name == "sh" and not self.draft.splats.sh_degree:
                    continue
                value = gain(moved)
                if value > LEAST_GAIN:
                    moves[name] = (value, octave)
                    break
        if not moves:
            return best.steps
        together = best.steps
        for name, (_, octave) in moves.items():
            together = shifted(together, name, octave, WIDEST)
        name = max(moves, key=lambda key: moves[key][0])
        value, octave = moves[name]
        if len(moves) > 1 and gain(together) > value:
            return together
        return shifted(best.steps, name, octave, WIDEST)

    def worth_of_size(self, best: Trial) -> float:
        """dB that a byte brings when all fields get finer together."""
        coarser = self.trial(shifted_all(best.steps, 0.5))
        saved = best.size - coarser.size
        return max(best.psnr - coarser.psnr, 0.0) / saved if saved > 0 else 0.0
